/* runtime/vm/run.c: the interpreter.
 *
 * One loop over instructions; its cases are the bodies of vm.def and the expressions of
 * ir/ops/scalar.def. By default each case jumps to the next through a table of labels; with
 * TJS_VM_SWITCH the same cases stand in a switch, for compilers without computed goto and as a
 * check on the table. Calls of TorchScript functions push a frame and stay in the loop: the C stack
 * does not grow with the program's.
 *
 * Back edges and calls use up `fuel`; when a slice of it is gone, limits, deadline and interrupt
 * are looked at. On failure frames are closed from the innermost outwards: each adds its line to
 * the trace and runs the
 * __exit__ of the context managers it has entered. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/scalar_math.h"
#include "runtime/vm/plan.h"

#include <assert.h>
#include <string.h>
#include <time.h>

/* So much is executed between two looks at interrupt and clock: a microsecond or two of scalar
 * work. */
enum { SLICE = 1024, MAX_NESTED = 100, MAX_TRACE = 10000 };

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* ---- errors of instructions
 * ---------------------------------------------------------------------- */
static bool vm_wrong_type(vm_run *run, value_tag want, jit_value got)
{
    static const char *const names[] = {
        [VALUE_BOOL] = "bool", [VALUE_INT] = "int", [VALUE_FLOAT] = "float"
    };
    arena a;
    arena_init(&a);
    const type *t = type_of_value(got);
    vm_fail(run, JIT_ERUNTIME, "expected a value of type %s, not %s", names[want],
            t ? type_str(&a, t) : "Any");
    arena_fini(&a);
    return false;
}

static bool vm_wrong_cast(vm_run *run, const type *want, jit_value got)
{
    arena a;
    arena_init(&a);
    const type *t = type_of_value(got);
    vm_fail(run, JIT_ERUNTIME, "expected a value of type %s, not %s", type_str(&a, want),
            t ? type_str(&a, t) : "Any");
    arena_fini(&a);
    return false;
}

static bool vm_wrong_operand(vm_run *run, const char *what)
{
    return vm_fail(run, JIT_ERUNTIME, "expected %s", what);
}

static const jit_value *vm_attribute(const object *o, const char *name)
{
    int slot = type_class_slot(o->type, name);
    return slot >= 0 && (size_t)slot < o->n ? &o->at[slot] : NULL;
}

/* Which operators then compute in which precision is not known here: refused, rather than answered in another one. */
static bool vm_may_autocast(vm_run *run, jit_value manager)
{
    const jit_value *enabled = vm_attribute(manager.object, "_enabled"), *where = vm_attribute(manager.object, "device");
    bool is_cpu = enabled && enabled->tag == VALUE_BOOL && enabled->b && where && where->tag == VALUE_STR
                  && !strcmp(where->s->s, "cpu");
    return !is_cpu || vm_fail(run, JIT_EUNSUPPORTED, "autocast on the CPU is not implemented");
}

static bool vm_missing_key(vm_run *run, jit_value key)
{
    op_ctx cx = { .run = &run->op };
    return op_missing_key(&cx, key);
}

static bool vm_unset_attribute(vm_run *run, const object *o, uint32_t slot)
{
    const type_class *cls = o->type->cls;
    const char *name = slot < cls->n_attributes ? cls->attributes[slot].name : "?";
    return vm_fail(run, JIT_ERUNTIME, "attribute '%s' of '%s' is read before it was set", name,
                   type_unqualified_name(o->type));
}

/* ---- operators and calls
 * ----------------------------------------------------------------------------- */
/** Clear the registers of operands used for the last time. Bit k of `taken`: the kernel has taken
 * the reference of operand k over. */
static void release_operands(vm_frame *f, const vm_site *site, uint32_t taken)
{
    for (uint32_t i = 0; i < site->n_args; i++) {
        if (!site->args[i].is_last)
            continue;
        jit_value v = f->v[site->args[i].reg];
        f->v[site->args[i].reg] = VALUE_NONE_V;
        if (i >= 32 || !(taken >> i & 1))
            value_unref(v);
    }
}

/** Make the lists that are lent for the call: nobody else may keep them. */
static void lend_lists(vm_frame *f, const vm_site *site, jit_value *args)
{
    for (uint32_t k = 0; k < site->n_lent; k++) {
        const vm_lent *lent = &site->lent[k];
        const vm_slot *from = lent->elements;
        list *l = (list *)(f->scratch + lent->at);
        *l = (list){ .h = { 1 }, .storage = lent->storage, .elem = lent->elem, .n = lent->n, .cap = lent->n,
                     .at = f->scratch + lent->at + VM_LENT_HEADER };
        args[lent->arg] = VALUE_HEAP_V(VALUE_LIST, l);
        if (lent->is_sizes) {
            const tensor *t = f->v[from->reg].t;
            l->n = l->cap = (size_t)t->n_dims;
            l->ints = t->sizes;
            continue;
        }
        switch ((list_storage)lent->storage) {
        case LIST_INTS: for (uint32_t i = 0; i < lent->n; i++) l->ints[i] = f->s[from[i].reg].i; break;
        case LIST_FLOATS: for (uint32_t i = 0; i < lent->n; i++) l->floats[i] = vm_float_of(vm_load(f, from[i])); break;
        case LIST_BOOLS: for (uint32_t i = 0; i < lent->n; i++) l->bools[i] = f->s[from[i].reg].i != 0; break;
        case LIST_VALUES: for (uint32_t i = 0; i < lent->n; i++) l->values[i] = vm_load(f, from[i]); break;
        }
    }
}

/** After the call: elements used for the last time are released. false: the operator kept a list, against its schema. */
static bool end_lending(vm_run *run, vm_frame *f, const vm_site *site)
{
    for (uint32_t k = 0; k < site->n_lent; k++) {
        const vm_lent *lent = &site->lent[k];
        const list *l = (const list *)(f->scratch + lent->at);
        const bool is_back = atomic_load_explicit(&l->h.n_refs, memory_order_relaxed) == 1;
        assert(is_back);
        if (UNLIKELY(!is_back))
            return vm_fail(run, JIT_ERUNTIME, "%s kept a list it was to read", op_name((op_id)site->op));
        for (uint32_t i = 0; lent->has_last && i < lent->n; i++)
            if (lent->elements[i].is_last)
                value_unref(vm_take(f, lent->elements[i]));
    }
    return true;
}

static inline __attribute__((always_inline)) bool call_operator(vm_run *run, vm_frame *f, const vm_site *site, bool lends)
{
    jit_value *args = f->scratch, *rets = args + site->n_args;
    for (uint32_t i = 0; i < site->n_args; i++)
        args[i] = site->takes_args ? vm_take(f, site->args[i]) : vm_load(f, site->args[i]);
    if (lends)
        lend_lists(f, site, args);
    for (uint32_t i = 0; i < site->n_rets; i++)
        rets[i] = VALUE_NONE_V;
    op_ctx cx = { .run = &run->op,
                  .op = (op_id)site->op,
                  .n_args = site->n_args,
                  .n_rets = site->n_rets,
                  .node = site->node,
                  .dying = site->dying };
    bool done = site->kernel ? kernel_run(&cx, site->kernel, args, rets)
                             : op_call(&run->op, (op_id)site->op, args, site->n_args, rets);
    if (UNLIKELY(!done))
        return false;
    if (!site->takes_args)
        release_operands(f, site, site->dying & ~cx.dying);
    done = !lends || end_lending(run, f, site);
    for (uint32_t i = 0; i < site->n_rets; i++)
        vm_store(f, site->rets[i], rets[i]);
    return done;
}

static bool vm_call_operator(vm_run *run, vm_frame *f, const vm_site *site)
{
    return call_operator(run, f, site, false);
}

static bool vm_call_lending(vm_run *run, vm_frame *f, const vm_site *site)
{
    return call_operator(run, f, site, true);
}

/** The method an interface call means for the object at hand; NULL: the run holds the error. */
static ir_function *vm_find_method(vm_run *run, vm_frame *f, const vm_site *site)
{
    jit_value receiver = vm_load(f, site->args[0]);
    const char *name = ir_get_str(site->node, "name");
    if (receiver.tag != VALUE_OBJECT) {
        vm_wrong_operand(run, "an object");
        return NULL;
    }
    const type *t = receiver.object->type;
    ir_function *last = atomic_load_explicit(&((vm_site *)site)->last_callee, memory_order_acquire);
    if (last && last->owner == t)
        return last;
    ir_function *fn = type_find_method(t, name);
    if (!fn)
        vm_fail(run, JIT_ERUNTIME, "'%s' object has no method '%s'", type_unqualified_name(t),
                name);
    else if (fn->unit == f->plan->unit) // lives as long as this plan
        atomic_store_explicit(&((vm_site *)site)->last_callee, fn, memory_order_release);
    return fn;
}

static const vm_plan *plan_of(vm_run *run, ir_function *fn)
{
    const vm_plan *p = atomic_load_explicit(&fn->plan, memory_order_acquire);
    if (LIKELY(p != NULL))
        return p;
    if (run->get_plan)
        return run->get_plan(run, fn);
    vm_fail(run, JIT_EUNSUPPORTED, "function '%s' has no plan", fn->name);
    return NULL;
}

/** A frame for `p` whose parameters are the operands of the site in frame `from`. */
static vm_frame *open_call(vm_run *run, vm_frame *from, const vm_site *site, const vm_plan *p)
{
    if (p->n_params != site->n_args) {
        vm_fail(run, JIT_ERUNTIME, "%s() takes %u arguments, not %u", p->name,
                (unsigned)p->n_params, (unsigned)site->n_args);
        return NULL;
    }
    vm_frame *f = vm_frame_push(run, p);
    if (!f)
        return NULL;
    f->up = from;
    f->site = site;
    for (uint32_t i = 0; i < site->n_args; i++)
        vm_store(f, p->params[i], vm_take(from, site->args[i]));
    return f;
}

/** The value a finished frame returns; several are packed in a tuple. false: no memory. */
static bool take_result(vm_run *run, vm_frame *f, jit_value *ret)
{
    const vm_plan *p = f->plan;
    if (p->n_rets == 1) {
        *ret = vm_take(f, p->rets[0]);
        return true;
    }
    tuple *all = p->n_rets > 0 ? tuple_new(NULL, p->n_rets) : NULL;
    if (p->n_rets > 0 && !all)
        return vm_fail(run, JIT_ENOMEM, "out of memory");
    for (uint32_t i = 0; i < p->n_rets; i++)
        all->at[i] = vm_take(f, p->rets[i]);
    *ret = all ? VALUE_HEAP_V(VALUE_TUPLE, all) : VALUE_NONE_V;
    return true;
}

/* ---- limits
 * -------------------------------------------------------------------------------------------- */
typedef struct vm_fuel {
    int64_t left; /* of the slice; below zero: used beyond it */
} vm_fuel;

/** Take n instructions from what is left to the run and all that it forked; returns what was left. */
static int64_t instructions_take(vm_run *run, int64_t n)
{
    vm_run *payer = run->payer ? run->payer : run;
    if (payer != run || run->tasks)
        return atomic_fetch_sub(&payer->instructions_left, n);
    int64_t left = atomic_load_explicit(&run->instructions_left, memory_order_relaxed); // nobody else is there
    atomic_store_explicit(&run->instructions_left, left - n, memory_order_relaxed);
    return left;
}

/** Give back what was granted and not used. */
static void fuel_settle(vm_run *run, vm_fuel *fuel)
{
    instructions_take(run, -fuel->left);
    fuel->left = 0;
}

/** The slice is used up: look at the limits, grant the next. */
static bool poll(vm_run *run, vm_fuel *fuel)
{
    fuel_settle(run, fuel);
    int64_t left = instructions_take(run, SLICE);
    fuel->left = SLICE;
    if (left <= 0)
        return vm_fail(run, JIT_ELIMIT, "the limit of instructions is reached");
    if (run->op.interrupt && atomic_load_explicit(run->op.interrupt, memory_order_relaxed))
        return vm_fail(run, JIT_EINTERRUPTED, "interrupted");
    if (run->limits.deadline_ns) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec * INT64_C(1000000000) + now.tv_nsec >= run->limits.deadline_ns)
            return vm_fail(run, JIT_ELIMIT, "the time limit is reached");
    }
    if (left < SLICE) {
        instructions_take(run, left - SLICE);
        fuel->left = left;
    }
    return true;
}

/* ---- unwinding
 * ------------------------------------------------------------------------------------------- */
/** __exit__(None, None, None) of an entered object (taken), while an error is under way: what goes
 * wrong in there is dropped, as the reference does. */
static void run_exit(vm_run *run, jit_value manager)
{
    ir_function *fn =
        manager.tag == VALUE_OBJECT ? type_find_method(manager.object->type, "__exit__") : NULL;
    const op_run failed = run->op;
    __typeof__(run->trace) trace;
    memcpy(&trace, &run->trace, sizeof trace);
    run->op.status = JIT_OK;
    run->op.message = NULL;
    run->op.exception = NULL;
    memset(&run->trace, 0, sizeof run->trace);
    const vm_plan *p = fn ? plan_of(run, fn) : NULL;
    jit_value args[4] = { manager, VALUE_NONE_V, VALUE_NONE_V, VALUE_NONE_V }, result;
    if (p && vm_execute(run, p, args, 4, &result))
        value_unref(result);
    vm_error_clear(run);
    VEC_FINI(&run->trace);
    run->op = failed;
    memcpy(&run->trace, &trace, sizeof trace);
    value_unref(manager);
}

/* One line of the backtrace; `in` NULL: the plan's own function. The innermost ones are kept, as memory allows. */
static void add_trace(vm_run *run, const vm_plan *p, const ir_function *in, range at)
{
    if (run->trace.n < MAX_TRACE)
        (void)VEC_PUSH(&run->trace, NULL, ((vm_trace_frame){ in ? in->name : p->name, at }));
}

/** Close frame f, in which the error stands. */
static void abandon(vm_run *run, vm_frame *f)
{
    const vm_plan *p = f->plan;
    size_t at = (size_t)(f->ip - p->code);
    const ir_node *n = p->nodes[at];
    add_trace(run, p, n ? n->callee_of : NULL, p->ranges[at]);
    for (const ir_call_site *s = n ? n->called_from : NULL; s; s = s->outer)
        add_trace(run, p, s->in, s->at);
    bool may_run = run->op.status != JIT_ELIMIT && run->op.status != JIT_EINTERRUPTED;
    while (f->entered.n > 0) {
        jit_value manager = f->entered.at[--f->entered.n];
        if (may_run)
            run_exit(run, manager);
        else
            value_unref(manager);
    }
    vm_frame_pop(run, f);
}

/** Close frames until one catches the error or `base` is closed. The frame to go on in, behind the
 * instruction it stands at (a fork whose body failed: its future holds the error now), or NULL. */
static vm_frame *unwind(vm_run *run, vm_frame *f, const vm_frame *base)
{
    if (run->op.status == JIT_OK)
        vm_fail(run, JIT_ERUNTIME, "an operator failed without a message");
    if (run->tasks)
        (void)vm_fork_join(run, NULL); // as if they had run before what failed
    for (;;) {
        vm_frame *up = f->up;
        const vm_site *site = f->site;
        bool is_base = f == base, is_fork = f->is_fork && run->op.status == JIT_ERUNTIME;
        abandon(run, f);
        if (is_base)
            return NULL;
        f = up;
        if (!is_fork)
            continue;
        future *failed = vm_future_of_error(run, type_elem(site->node->outputs[0]->type));
        if (!failed)
            continue;
        vm_store(f, site->rets[0], VALUE_HEAP_V(VALUE_FUTURE, failed));
        return f;
    }
}

/* ---- the loop
 * ---------------------------------------------------------------------------------------------- */
#define SITE(i) (&frame->plan->sites[i])
#define SET_V(r, x)                  \
    do {                             \
        jit_value new_ = (x);        \
        jit_value old_ = v[r];       \
        v[r] = new_;                 \
        value_unref(old_);           \
    } while (0)
#define RAISE(x)    \
    do {            \
        (void)(x);  \
        goto raise; \
    } while (0)
#define GOTO(offset)                                                          \
    do {                                                                      \
        ip = (const vm_instr *)((const char *)ip + (int32_t)(offset));        \
        DISPATCH();                                                           \
    } while (0)
#define BACK(offset)                                            \
    do {                                                        \
        fuel.left -= ip->d;                                     \
        if (UNLIKELY(fuel.left < 0) && !poll(run, &fuel))       \
            goto raise;                                         \
        GOTO(offset);                                           \
    } while (0)
#define CALL(site_, callee_) \
    do {                     \
        site = (site_);      \
        callee = (callee_);  \
        goto do_call;        \
    } while (0)
#define LIST_OPERAND(how)                                                              \
    list *l = v[ip->b].list;                                                           \
    if (UNLIKELY(v[ip->b].tag != VALUE_LIST || l->storage != (how)))                   \
        RAISE(vm_wrong_operand(run, "a list"))
/* i, the place in a list of n elements that `index` means. As an unsigned number a negative one is beyond the end until n is
 * added, so the usual one takes a single test. */
#define IS_PLACE(i, index, n) ((i = (size_t)(index)) < (n) || (i += (n)) < (n))
#define LIST_INDEX(how)                                                                \
    LIST_OPERAND(how);                                                                 \
    size_t i;                                                                          \
    if (UNLIKELY(!IS_PLACE(i, s[ip->c].i, l->n)))                                      \
        RAISE(vm_fail(run, JIT_ERUNTIME, "list index out of range"))
/* l, the inner list of V[b][S[d]], and i, the place of S[c] in it; what fails on the way to l fails at the next instruction */
#define LIST_INNER(how)                                                                \
    const list *outer = v[ip->b].list;                                                 \
    if (UNLIKELY(v[ip->b].tag != VALUE_LIST || outer->storage != LIST_VALUES))         \
        RAISE(vm_wrong_operand(run, "a list"));                                        \
    size_t i;                                                                          \
    if (UNLIKELY(!IS_PLACE(i, s[ip->d].i, outer->n))) {                                \
        ip++;                                                                          \
        RAISE(vm_fail(run, JIT_ERUNTIME, "list index out of range"));                  \
    }                                                                                  \
    const list *l = outer->values[i].list;                                             \
    if (UNLIKELY(outer->values[i].tag != VALUE_LIST || l->storage != (how)))           \
        RAISE(vm_wrong_operand(run, "a list"));                                        \
    if (UNLIKELY(!IS_PLACE(i, s[ip->c].i, l->n)))                                      \
        RAISE(vm_fail(run, JIT_ERUNTIME, "list index out of range"))
#define LIST_ROOM(how)                                                                 \
    LIST_OPERAND(how);                                                                 \
    if (UNLIKELY(l->n == l->cap)) {                                                    \
        if (!list_push(l, VALUE_NONE_V))                                               \
            RAISE(vm_fail(run, JIT_ENOMEM, "out of memory"));                          \
        l->n--;                                                                        \
    }
#define TUPLE_ELEMENT()                                                                \
    if (UNLIKELY(v[ip->b].tag != VALUE_TUPLE || ip->c >= v[ip->b].tuple->n))           \
        RAISE(vm_wrong_operand(run, "a tuple"));                                       \
    const jit_value *element = &v[ip->b].tuple->at[ip->c]
#define DICT_OPERAND()                                                                 \
    dict *held = v[ip->b].dict;                                                        \
    if (UNLIKELY(v[ip->b].tag != VALUE_DICT))                                          \
        RAISE(vm_wrong_operand(run, "a dict"))
#define DICT_FIND()                                                                    \
    DICT_OPERAND();                                                                    \
    const jit_value *found = dict_find_again(held, v[ip->c], &found_last);                                \
    if (UNLIKELY(!found))                                                              \
        RAISE(vm_missing_key(run, v[ip->c]))
#define DICT_STORE(take)                                                                \
    DICT_OPERAND();                                                                    \
    jit_value element = (take), *place = dict_find_again(held, v[ip->c], &found_last); \
    if (LIKELY(place != NULL))                                                         \
        value_set(place, element);                                                     \
    else if (!dict_set(held, value_ref(v[ip->c]), element))                            \
        RAISE(vm_fail(run, JIT_ENOMEM, "out of memory"))
#define STR_OPERAND(r)                                                                 \
    if (UNLIKELY(v[r].tag != VALUE_STR))                                               \
        RAISE(vm_wrong_operand(run, "a str"))
#define TENSOR_OPERAND(r)                                                              \
    if (UNLIKELY(v[r].tag != VALUE_TENSOR))                                            \
        RAISE(vm_wrong_operand(run, "a Tensor"))
#define OBJECT_SLOT(r)                                                                 \
    object *o = v[r].object;                                                           \
    if (UNLIKELY(v[r].tag != VALUE_OBJECT || ip->c >= o->n))                           \
        RAISE(vm_wrong_operand(run, "an object"));                                     \
    jit_value *slot = &o->at[ip->c]

#define SCALAR_SOURCE_0 ip->b
#define SCALAR_SOURCE_1 ip->c
#define SCALAR_SOURCE_2 ip->d
#define SCALAR_INT(k) (s[SCALAR_SOURCE_##k].i)
#define SCALAR_FLOAT(k) (s[SCALAR_SOURCE_##k].f)
#define SCALAR_BOOL(k) (s[SCALAR_SOURCE_##k].i != 0)
#define STORE_I(x) s[ip->a].i = (x)
#define STORE_F(x) s[ip->a].f = (x)
#define STORE_B(x) s[ip->a].i = (bool)(x)
#define STORE_AS(letter) STORE_##letter
#define STORE(letter) STORE_AS(letter)

#ifdef TJS_VM_SWITCH
#define CASE(id) case VM_##id:
#define DISPATCH() goto dispatch
#else
#define CASE(id) label_##id:
#define DISPATCH() goto *labels[ip->op]
#endif
/* the registers of the interpreter, from the frame to run */
#define RESUME(f)               \
    do {                        \
        frame = (f);            \
        ip = frame->ip;         \
        s = frame->s;           \
        v = frame->v;           \
    } while (0)
#define NEXT() \
    do {       \
        ip++;  \
        DISPATCH(); \
    } while (0)

/** Runs frame `base` to its end; false: the error is in run->op and all frames from base on are
 * closed. */
static bool interpret(vm_run *run, vm_frame *const base, jit_value *ret)
{
#ifndef TJS_VM_SWITCH
    static const void *const labels[VM_OPCODE__COUNT] = {
#define VM(id, ...) [VM_##id] = &&label_##id,
#define VM_BRANCH(id, ...) \
    [VM_UNLESS_##id] = &&label_UNLESS_##id, [VM_BACK_##id] = &&label_BACK_##id,
#include "runtime/vm/vm.def"
#define SCALAR(id, ...) [VM_SCALAR_##id] = &&label_SCALAR_##id,
#define SCALAR_CHECK(id, ...) SCALAR(id)
#include "ir/ops/begin.def"
#include "ir/ops/scalar.def"
#include "ir/ops/end.def"
    };
#endif
    vm_frame *frame = base;
    const vm_instr *ip;
    vm_scalar *s;
    jit_value *v;
    vm_fuel fuel = { 0 };
    size_t found_last = 0; /* dict_find_again */
    const vm_site *site;
    ir_function *callee;
    const vm_plan *plan;
    jit_value result;

    RESUME(frame);
    if (!poll(run, &fuel))
        goto raise;
#ifdef TJS_VM_SWITCH
dispatch:
    switch ((vm_opcode)ip->op) {
    case VM_OPCODE__COUNT: __builtin_unreachable();
#else
    DISPATCH();
#endif

#define VM(id, operands, ...) CASE(id) { __VA_ARGS__ } NEXT();
#define VM_BRANCH(id, field, test)                                                     \
    CASE(UNLESS_##id)                                                                  \
    {                                                                                  \
        __typeof__(s->field) x = s[ip->b].field, y = s[ip->c].field;                   \
        if (!(test))                                                                   \
            GOTO(ip->a);                                                               \
    }                                                                                  \
    NEXT();                                                                            \
    CASE(BACK_##id)                                                                    \
    {                                                                                  \
        __typeof__(s->field) x = s[ip->b].field, y = s[ip->c].field;                   \
        if (test)                                                                      \
            BACK(ip->a);                                                               \
    }                                                                                  \
    NEXT();
#include "runtime/vm/vm.def"

#define SCALAR(id, schema, traits, sig, expr)                                          \
    CASE(SCALAR_##id)                                                                  \
    {                                                                                  \
        SCALAR_OPERANDS(sig);                                                          \
        STORE(SCALAR_RESULT(sig))(expr);                                               \
    }                                                                                  \
    NEXT();
#define SCALAR_CHECK(id, schema, traits, sig, expr, fails, ...)                        \
    CASE(SCALAR_##id)                                                                  \
    {                                                                                  \
        SCALAR_OPERANDS(sig);                                                          \
        if (UNLIKELY(fails))                                                           \
            RAISE(vm_fail(run, JIT_ERUNTIME, __VA_ARGS__));                            \
        STORE(SCALAR_RESULT(sig))(expr);                                               \
    }                                                                                  \
    NEXT();
#include "ir/ops/begin.def"
#include "ir/ops/scalar.def"
#include "ir/ops/end.def"
#ifdef TJS_VM_SWITCH
    }
#endif

do_call:
    frame->ip = ip;
    plan = callee ? plan_of(run, callee) : NULL;
open:
    if (UNLIKELY(!plan))
        goto raise;
    fuel.left -= plan->n_code;
    if (UNLIKELY(fuel.left < 0) && !poll(run, &fuel))
        goto raise;
    callee = NULL;
    vm_frame *opened = open_call(run, frame, site, plan);
    if (UNLIKELY(!opened))
        goto raise;
    opened->is_fork = ip->op == VM_FORK;
    RESUME(opened);
    DISPATCH();

do_fork:
    frame->ip = ip;
    site = SITE(ip->a);
    future *forked = ip->d ? vm_fork_start(run, frame, site) : NULL;
    if (forked) {
        vm_store(frame, site->rets[0], VALUE_HEAP_V(VALUE_FUTURE, forked));
        NEXT();
    }
    plan = site->body;
    goto open;

do_return:
    if (UNLIKELY(!take_result(run, frame, &result)))
        goto raise;
    if (frame == base) {
        vm_frame_pop(run, frame);
        fuel_settle(run, &fuel);
        *ret = result;
        return true;
    }
    site = frame->site;
    bool was_fork = frame->is_fork;
    vm_frame *up = frame->up;
    vm_frame_pop(run, frame);
    RESUME(up);
    if (UNLIKELY(was_fork)) {
        future *done = vm_future_of_value(type_elem(site->node->outputs[0]->type), result);
        if (!done)
            RAISE(vm_fail(run, JIT_ENOMEM, "out of memory"));
        result = VALUE_HEAP_V(VALUE_FUTURE, done);
    }
    if (site->n_rets > 0)
        vm_store(frame, site->rets[0], result);
    else
        value_unref(result);
    NEXT();

raise:
    frame->ip = ip;
    fuel_settle(run, &fuel);
    frame = unwind(run, frame, base);
    if (!frame)
        return false;
    RESUME(frame);
    NEXT();
}

bool vm_execute(vm_run *run, const vm_plan *p, const jit_value *args, size_t n_args, jit_value *ret)
{
    if (n_args != p->n_params)
        return vm_fail(run, JIT_EINVAL, "%s() takes %u arguments, not %zu", p->name,
                       (unsigned)p->n_params, n_args);
    if (run->n_nested >= MAX_NESTED)
        return vm_fail(run, JIT_ELIMIT, "maximum recursion depth exceeded");
    if (run->depth == 0)
        run->instructions_left =
            run->limits.max_instructions > 0 ? run->limits.max_instructions : INT64_MAX;
    vm_frame *f = vm_frame_push(run, p);
    if (!f)
        return false;
    for (size_t i = 0; i < n_args; i++)
        vm_store(f, p->params[i], value_ref(args[i]));
    run->n_nested++;
    bool done = interpret(run, f, ret);
    run->n_nested--;
    return done;
}
