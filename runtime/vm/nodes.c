/* runtime/vm/nodes.c: instructions for nodes without blocks.
 *
 * Scalar operators and the hot operations on lists and objects are instructions over registers;
 * everything else is a site: operands are gathered, a kernel runs, results are stored. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/compile.h"

#include <string.h>

uint8_t vm_type_tag(const type *t)
{
    switch ((type_kind)t->kind) {
    case TYPE_NONE: return VALUE_NONE;
    case TYPE_BOOL: return VALUE_BOOL;
    case TYPE_INT: return VALUE_INT;
    case TYPE_FLOAT: return VALUE_FLOAT;
    case TYPE_COMPLEX: return VALUE_COMPLEX;
    case TYPE_STR: return VALUE_STR;
    case TYPE_DEVICE: return VALUE_DEVICE;
    case TYPE_TENSOR: return VALUE_TENSOR;
    case TYPE_LIST: return VALUE_LIST;
    case TYPE_DICT: return VALUE_DICT;
    case TYPE_TUPLE: case TYPE_NAMED_TUPLE: return VALUE_TUPLE;
    case TYPE_CLASS: case TYPE_INTERFACE: return VALUE_OBJECT;
    case TYPE_ENUM: return VALUE_ENUM;
    case TYPE_FUTURE: return VALUE_FUTURE;
    default: return VALUE__COUNT;
    }
}

/** Clear the operands of n that are not needed any more (a site does that by itself). */
static void emit_operand_drops(vm_compile *c, const ir_node *n, uint32_t step)
{
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        vm_slot slot = operand_slot(c, n->inputs[i], step);
        bool is_result = false;
        for (uint32_t k = 0; k < n->n_outputs; k++)
            is_result |= result_slot(c, n->outputs[k]).home == HOME_V && live_of(c, n->outputs[k])->reg == slot.reg;
        if (slot.is_last && !is_result)
            emit(c, VM_DROP, slot.reg, 0, 0, 0);
    }
}

/* ---- sites ------------------------------------------------------------------------------------
 */
/** The operator's schema, NULL for structural rows. */
static const schema *signature_of(const ir_node *n)
{
    return op_get_info(n->op)->backend == OP_IS_STRUCTURAL ? NULL : op_schema(n->op);
}

vm_slot *arg_slots(vm_compile *c, const ir_node *n, uint32_t first, uint32_t step)
{
    uint32_t n_args = n->n_inputs - first;
    vm_slot *args = ARENA_ARRAY(&c->plan->arena, vm_slot, (size_t)n_args + 1);
    if (!args)
        return NULL;
    const schema *sc = signature_of(n);
    for (uint32_t i = 0; i < n_args; i++) {
        const ir_value *v = n->inputs[first + i];
        args[i] = operand_slot(c, v, step);
        if (args[i].home == HOME_INT && sc && i < sc->n_args &&
            sc->args[i].type->kind == TYPE_FLOAT)
            args[i].home = HOME_INT_AS_FLOAT;
        for (uint32_t k = i;
             args[i].is_last && k-- > 0;) // given up once, by the last operand that is it
            if (args[k].home == HOME_V && args[k].reg == args[i].reg) {
                args[k].is_last = false;
                break;
            }
    }
    return args;
}

/** A site for node n, whose operands begin at input `first`. Its index, or NO_STEP without memory.
 */
static uint32_t add_site(vm_compile *c, const ir_node *n, uint32_t first, uint32_t step,
                         vm_site site)
{
    site.op = n->op;
    site.node = n;
    site.n_args = n->n_inputs - first;
    const schema *sc = signature_of(n);
    site.n_rets =
        sc && sc->n_rets > n->n_outputs ? sc->n_rets : n->n_outputs; // a kernel writes all of them
    vm_slot *args = arg_slots(c, n, first, step);
    vm_slot *rets = ARENA_ARRAY(&c->plan->arena, vm_slot, (size_t)site.n_rets + 1);
    if (!args || !rets || !lend_operands(c, n, first, step, args, &site))
        return NO_STEP;
    site.args = args;
    for (uint32_t i = 0; i < site.n_rets; i++)
        rets[i] = i < n->n_outputs ? result_slot(c, n->outputs[i]) : (vm_slot){ .home = HOME_NONE };
    site.rets = rets;
    for (uint32_t i = 0; i < site.n_args && i < 32; i++)
        site.dying |= (uint32_t)site.args[i].is_last << i;
    if (site.n_scratch > c->plan->n_scratch)
        c->plan->n_scratch = site.n_scratch;
    return VEC_PUSH(&c->sites, &c->plan->arena, site) ? (uint32_t)c->sites.n - 1 : NO_STEP;
}

static void emit_site(vm_compile *c, vm_opcode op, const ir_node *n, uint32_t first, uint32_t step,
                      vm_site site)
{
    uint32_t index = add_site(c, n, first, step, site);
    if (index != NO_STEP)
        emit(c, op == VM_CALL_OP && c->sites.at[index].n_lent ? VM_CALL_LENDING : op, index, 0, 0, 0);
}

/* Stands for a kernel we do not have on a path that a call need not take: the program fails where it calls it. Models
 * hold such paths: PyTorch's encoder has one for nested tensors. */
static bool fail_without_kernel(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)args, (void)rets;
    return op_fail(cx, JIT_EUNSUPPORTED, "%s is not implemented", op_name(cx->op));
}

static bool is_always_run(const ir_node *n) { return !n->block->owner; }

static void emit_operator(vm_compile *c, const ir_node *n, uint32_t step)
{
    vm_site site = { 0 };
    site.kernel = vm_builtin_find(n->op, &site.takes_args);
    if (!site.kernel)
        site.kernel = op_kernel_find(n->op, DEVICE_CPU);
    if (!site.kernel && op_get_info(n->op)->backend != OP_IS_COMPOSITE) {
        if (is_always_run(n)) {
            compile_fail(c, n->at, "%s is not implemented", op_name(n->op));
            return;
        }
        site.kernel = fail_without_kernel;
    }
    const schema *sc = signature_of(n);
    if (sc && !sc->is_vararg && sc->n_args != n->n_inputs) {
        compile_fail(c, n->at, "%s takes %u arguments, not %u", op_name(n->op),
                     (unsigned)sc->n_args, (unsigned)n->n_inputs);
        return;
    }
    emit_site(c, VM_CALL_OP, n, 0, step, site);
}

/* ---- calls
 * --------------------------------------------------------------------------------------- */
static ir_function *method_of(vm_compile *c, const ir_node *n, const char *name)
{
    const type *t = n->inputs[0]->type;
    ir_function *fn = t->kind == TYPE_CLASS ? type_find_method(t, name) : NULL;
    if (!fn)
        compile_fail(c, n->at, "%s has no method '%s'", type_str(c->message_arena, t), name);
    return fn;
}

static void emit_call(vm_compile *c, const ir_node *n, uint32_t step)
{
    jit_value fn;
    if (n->n_inputs == 0 || !ir_value_constant(n->inputs[0], &fn) || fn.tag != VALUE_FUNCTION) {
        compile_fail(c, n->at, "the function to be called is not known");
        return;
    }
    emit_site(c, VM_CALL_FUNCTION, n, 1, step, (vm_site){ .callee = fn.fn });
}

static void emit_method_call(vm_compile *c, const ir_node *n, uint32_t step)
{
    const type *t = n->inputs[0]->type;
    const ir_attr *name = ir_attr_find(n, "name");
    if (!name || name->kind != IR_ATTR_STR)
        compile_fail(c, n->at, "prim::CallMethod without a name");
    else if (t->kind == TYPE_INTERFACE)
        emit_site(c, VM_CALL_METHOD, n, 0, step, (vm_site){ 0 });
    else
        emit_site(c, VM_CALL_FUNCTION, n, 0, step, (vm_site){ .callee = method_of(c, n, name->s) });
}

/* "__torch__.torch.amp.autocast_mode.autocast", "__torch__.torch.cpu.amp.autocast_mode.autocast" */
static bool is_autocast(const type *t)
{
    static const char ours[] = "__torch__.torch.", end[] = ".autocast_mode.autocast";
    size_t n = t->kind == TYPE_CLASS ? strlen(t->name) : 0;
    return n > sizeof ours + sizeof end && !strncmp(t->name, ours, sizeof ours - 1)
           && !strcmp(t->name + n - (sizeof end - 1), end);
}

static void emit_enter(vm_compile *c, const ir_node *n, uint32_t step)
{
    uint32_t manager = live_of(c, n->inputs[0])->reg;
    if (!n->at.src && n->inputs[0]->node)
        c->at = n->inputs[0]->node->at; // the node has no place, the object's is near
    if (is_autocast(n->inputs[0]->type))
        emit(c, VM_AUTOCAST, manager, 0, 0, 0);
    emit_site(c, VM_CALL_FUNCTION, n, 0, step, (vm_site){ .callee = method_of(c, n, "__enter__") });
    emit(c, VM_ENTERED, manager, 0, 0, 0);
}

/** __exit__(None, None, None); the three operands beyond the node's own live nowhere, which reads
 * as None. */
static void emit_leave(vm_compile *c, const ir_node *n, uint32_t step)
{
    emit(c, VM_LEAVING, 0, 0, 0, 0);
    uint32_t index = add_site(c, n, 0, step, (vm_site){ .callee = method_of(c, n, "__exit__") });
    vm_slot *args = ARENA_ARRAY(&c->plan->arena, vm_slot, 4);
    if (index == NO_STEP || !args)
        return;
    args[0] = c->sites.at[index].args[0];
    c->sites.at[index].args = args;
    c->sites.at[index].n_args = 4;
    emit(c, VM_CALL_FUNCTION, index, 0, 0, 0);
}

static void emit_fork(vm_compile *c, const ir_node *n, uint32_t step)
{
    const ir_attr *sub = ir_attr_find(n, "Subgraph");
    if (!sub || sub->kind != IR_ATTR_GRAPH) {
        compile_fail(c, n->at, "prim::fork without a subgraph");
        return;
    }
    const char *why = NULL;
    range at = n->at;
    vm_plan *body = vm_plan_new(sub->g, "fork", c->message_arena, &why, &at);
    if (!body) {
        if (why)
            compile_fail(c, at, "%s", why);
        else
            c->plan->arena.failed = true;
        return;
    }
    body->next_body = c->plan->bodies;
    c->plan->bodies = body;
    const ir_attr *overlaps = ir_attr_find(n, "overlaps");
    uint32_t index = add_site(c, n, 0, step, (vm_site){ .body = body });
    if (index != NO_STEP)
        emit(c, VM_FORK, index, 0, 0, overlaps && overlaps->i);
}

/* ---- lists
 * ------------------------------------------------------------------------------------------ */
/** Which of the four forms (INT, FLOAT, BOOL, values) an instruction on list v takes; -1: not a
 * list. */
static int list_form(const ir_value *v)
{
    return v->type->kind == TYPE_LIST ? (int)type_list_storage(type_elem(v->type)) : -1;
}

/* How many nodes may stand between the look-up of a list and the look-up in it. */
enum { MAX_BETWEEN = 4 };

ir_node *list_outer(const ir_node *n)
{
    if (n->op != OP_aten___getitem___t || !type_is_scalar(n->outputs[0]->type) || list_form(n->inputs[0]) < 0)
        return NULL;
    ir_node *outer = n->inputs[0]->node;
    if (outer->op != OP_aten___getitem___t || outer->block != n->block || n->inputs[0]->n_uses != 1
        || list_form(outer->inputs[0]) != LIST_VALUES || !type_is_scalar(outer->inputs[1]->type)
        || !type_is_scalar(n->inputs[1]->type))
        return NULL;
    int n_between = 0;
    for (const ir_node *at = n->prev; at != outer; at = at->prev) { // only what computes the other index
        const uint32_t traits = op_get_info(at->op)->traits;
        bool is_scalar = at->n_outputs == 1 && type_is_scalar(at->outputs[0]->type) && at->n_inputs > 0
                         && type_is_scalar(at->inputs[0]->type);
        if (++n_between > MAX_BETWEEN || at->n_blocks || !is_scalar || !(traits & OP_PURE) || (traits & OP_MAY_RAISE))
            return NULL;
    }
    return outer;
}

const ir_node *list_combined(vm_compile *c, const ir_node *n)
{
    const ir_node *outer = list_outer(n);
    if (!outer || live_of(c, outer->outputs[0])->is_shared || live_of(c, outer->inputs[1])->reg > UINT16_MAX
        || result_slot(c, n->outputs[0]).home == HOME_NONE || n->inputs[1]->type->kind != TYPE_INT
        || outer->inputs[1]->type->kind != TYPE_INT
        || operand_slot(c, outer->inputs[0], step_of_node(c, outer)).is_last)
        return NULL;
    return outer;
}

static void emit_list_get_inner(vm_compile *c, const ir_node *n, const ir_node *outer)
{
    emit(c, (vm_opcode)(VM_LIST_GET_INNER_INT + list_form(n->inputs[0])), live_of(c, n->outputs[0])->reg,
         live_of(c, outer->inputs[0])->reg, live_of(c, n->inputs[1])->reg, live_of(c, outer->inputs[1])->reg);
    c->at = outer->at;
    c->node = outer;
    emit(c, VM_OUTER_INDEX, 0, 0, 0, 0);
}

const ir_node *element_combined(vm_compile *c, const ir_node *n)
{
    const ir_node *product = scalar_combined(c, n), *element = product ? product->inputs[1]->node : NULL;
    if (!element || element->op != OP_aten___getitem___t || element->outputs[0]->n_uses != 1
        || live_of(c, element->outputs[0])->is_shared || !list_combined(c, element))
        return NULL;
    const uint32_t step = step_of_node(c, n);
    return step_of_node(c, product) + 1 == step && step_of_node(c, element) + 2 == step ? element : NULL;
}

void emit_multiply_add_inner(vm_compile *c, const ir_node *n, const ir_node *element, uint32_t target)
{
    const ir_node *product = element->outputs[0]->uses->user, *outer = list_combined(c, element);
    const ir_value *added = n->inputs[n->inputs[0]->node == product];
    c->at = element->at;
    c->node = element;
    emit(c, n->op == OP_aten_add_int ? VM_MULTIPLY_ADD_INNER_INT : VM_MULTIPLY_ADD_INNER_FLOAT, target,
         live_of(c, outer->inputs[0])->reg, live_of(c, element->inputs[1])->reg, live_of(c, outer->inputs[1])->reg);
    c->at = outer->at;
    c->node = outer;
    emit(c, VM_FACTORS, live_of(c, added)->reg, live_of(c, product->inputs[0])->reg, 0, 0);
}

static bool emit_list_get(vm_compile *c, const ir_node *n)
{
    int form = list_form(n->inputs[0]);
    vm_slot to = result_slot(c, n->outputs[0]);
    if (form < 0 || (form != LIST_VALUES) != live_of(c, n->outputs[0])->is_scalar ||
        to.home == HOME_NONE)
        return false;
    uint32_t index = scalar_operand(c, n->inputs[1], TYPE_INT, 0);
    emit(c, (vm_opcode)(VM_LIST_GET_INT + form), to.reg, live_of(c, n->inputs[0])->reg, index, 0);
    return true;
}

/** The register of a new element: bank S for unboxed lists, V else. */
static uint32_t element_operand(vm_compile *c, const ir_value *v, int form)
{
    static const type_kind kinds[] = {
        [LIST_INTS] = TYPE_INT, [LIST_FLOATS] = TYPE_FLOAT, [LIST_BOOLS] = TYPE_BOOL
    };
    if (form != LIST_VALUES)
        return scalar_operand(c, v, kinds[form], 1);
    if (!live_of(c, v)->is_scalar)
        return live_of(c, v)->reg;
    emit(c, VM_BOX, c->v_temp, live_of(c, v)->reg, 0, vm_type_tag(v->type));
    return c->v_temp;
}

/** The list itself as the result of an operation on it. */
static void emit_same_list(vm_compile *c, const ir_node *n)
{
    if (n->n_outputs == 0)
        return;
    vm_slot to = result_slot(c, n->outputs[0]);
    uint32_t from = live_of(c, n->inputs[0])->reg;
    if (to.home == HOME_V && to.reg != from)
        emit(c, VM_MOVE_V, to.reg, from, 0, 0);
}

static bool emit_list_set(vm_compile *c, const ir_node *n)
{
    int form = list_form(n->inputs[0]);
    if (form < 0)
        return false;
    uint32_t index = scalar_operand(c, n->inputs[1], TYPE_INT, 0);
    uint32_t element = element_operand(c, n->inputs[2], form);
    emit(c, (vm_opcode)(VM_LIST_SET_INT + form), element, live_of(c, n->inputs[0])->reg, index, 0);
    emit_same_list(c, n);
    return true;
}

static bool emit_list_push(vm_compile *c, const ir_node *n)
{
    int form = list_form(n->inputs[0]);
    if (form < 0)
        return false;
    emit(c, (vm_opcode)(VM_LIST_PUSH_INT + form), element_operand(c, n->inputs[1], form),
         live_of(c, n->inputs[0])->reg, 0, 0);
    emit_same_list(c, n);
    return true;
}

static bool emit_list_length(vm_compile *c, const ir_node *n)
{
    const vm_live *to = live_of(c, n->outputs[0]);
    if (list_form(n->inputs[0]) < 0 || !to->is_scalar)
        return false;
    emit(c, VM_LIST_LENGTH, to->reg, live_of(c, n->inputs[0])->reg, 0, 0);
    return true;
}

/* ---- tuples
 * ------------------------------------------------------------------------------------------ */
/** Element `index` of the tuple goes where output k of n lives. */
static void emit_element(vm_compile *c, const ir_node *n, uint32_t k, uint32_t index)
{
    vm_slot to = result_slot(c, n->outputs[k]);
    bool is_scalar = live_of(c, n->outputs[k])->is_scalar;
    if (to.home != HOME_NONE)
        emit(c, is_scalar ? VM_TUPLE_GET_S : VM_TUPLE_GET, to.reg, live_of(c, n->inputs[0])->reg, index,
             is_scalar ? vm_type_tag(n->outputs[k]->type) : 0);
}

/** Do the elements of a tuple have the types that n's outputs have? */
static bool has_elements(const ir_node *n, uint32_t first)
{
    const type *t = n->inputs[0]->type;
    if ((t->kind != TYPE_TUPLE && t->kind != TYPE_NAMED_TUPLE) || first + n->n_outputs > t->n_args)
        return false;
    for (uint32_t k = 0; k < n->n_outputs; k++)
        if (type_is_scalar(n->outputs[k]->type) && t->args[first + k] != n->outputs[k]->type)
            return false;
    return true;
}

static bool emit_tuple_index(vm_compile *c, const ir_node *n)
{
    jit_value index;
    uint32_t n_elements = n->inputs[0]->type->n_args;
    if (!ir_value_constant(n->inputs[1], &index) || index.tag != VALUE_INT)
        return false;
    int64_t i = index.i < 0 ? index.i + n_elements : index.i;
    if (i < 0 || i >= n_elements || !has_elements(n, (uint32_t)i))
        return false;
    emit_element(c, n, 0, (uint32_t)i);
    return true;
}

/** The element that takes the tuple's own register is read last. */
static bool emit_tuple_unpack(vm_compile *c, const ir_node *n)
{
    uint32_t own = live_of(c, n->inputs[0])->reg, last = n->n_outputs;
    if (!has_elements(n, 0) || n->inputs[0]->type->n_args != n->n_outputs)
        return false;
    for (uint32_t k = 0; k < n->n_outputs; k++) {
        if (!live_of(c, n->outputs[k])->is_scalar && live_of(c, n->outputs[k])->reg == own)
            last = k;
        else
            emit_element(c, n, k, k);
    }
    if (last < n->n_outputs)
        emit_element(c, n, last, last);
    return true;
}

/* ---- dicts and strings
 * ------------------------------------------------------------------------------------------ */
/** The V register of a key: bool, int and float keys are boxed in the temporary. */
static uint32_t key_operand(vm_compile *c, const ir_value *key)
{
    return element_operand(c, key, LIST_VALUES);
}

static bool emit_dict_length(vm_compile *c, const ir_node *n)
{
    vm_slot to = result_slot(c, n->outputs[0]);
    if (!live_of(c, n->outputs[0])->is_scalar || to.home == HOME_NONE)
        return false;
    emit(c, VM_DICT_LENGTH, to.reg, live_of(c, n->inputs[0])->reg, 0, 0);
    return true;
}

static bool emit_dict_has(vm_compile *c, const ir_node *n)
{
    vm_slot to = result_slot(c, n->outputs[0]);
    if (!live_of(c, n->outputs[0])->is_scalar || to.home == HOME_NONE)
        return false;
    emit(c, VM_DICT_HAS, to.reg, live_of(c, n->inputs[0])->reg, key_operand(c, n->inputs[1]), 0);
    return true;
}

/** The type of a dict's elements; NULL: not known to be a dict. */
static const type *dict_element(const ir_value *v)
{
    return v->type->kind == TYPE_DICT ? v->type->args[1] : NULL;
}

static bool emit_dict_get(vm_compile *c, const ir_node *n)
{
    const type *element = dict_element(n->inputs[0]);
    vm_slot to = result_slot(c, n->outputs[0]);
    bool is_scalar = live_of(c, n->outputs[0])->is_scalar;
    if (!element || type_is_scalar(element) != is_scalar || to.home == HOME_NONE)
        return false;
    uint32_t key = key_operand(c, n->inputs[1]), held = live_of(c, n->inputs[0])->reg;
    emit(c, is_scalar ? VM_DICT_GET_S : VM_DICT_GET, to.reg, held, key, vm_type_tag(element));
    return true;
}

static bool emit_dict_set(vm_compile *c, const ir_node *n)
{
    const type *element = dict_element(n->inputs[0]);
    bool is_boxed = live_of(c, n->inputs[1])->is_scalar && live_of(c, n->inputs[2])->is_scalar;
    if (!element || (!type_is_scalar(element) && is_boxed)) // one temporary for both
        return false;
    if (type_is_scalar(element) && !live_of(c, n->inputs[2])->is_scalar)
        return false;
    uint32_t key = key_operand(c, n->inputs[1]), held = live_of(c, n->inputs[0])->reg;
    if (type_is_scalar(element))
        emit(c, VM_DICT_SET_S, scalar_operand(c, n->inputs[2], (type_kind)element->kind, 1), held, key,
             vm_type_tag(element));
    else
        emit(c, VM_DICT_SET, element_operand(c, n->inputs[2], LIST_VALUES), held, key, 0);
    return true;
}

static bool emit_string_get(vm_compile *c, const ir_node *n)
{
    vm_slot to = result_slot(c, n->outputs[0]);
    if (to.home == HOME_NONE || live_of(c, n->outputs[0])->is_scalar)
        return false;
    uint32_t index = scalar_operand(c, n->inputs[1], TYPE_INT, 0);
    emit(c, VM_STR_GET, to.reg, live_of(c, n->inputs[0])->reg, index, 0);
    return true;
}

static bool emit_string(vm_compile *c, const ir_node *n, uint32_t step)
{
    vm_slot to = result_slot(c, n->outputs[0]), left = operand_slot(c, n->inputs[0], step);
    if (to.home == HOME_NONE || live_of(c, n->outputs[0])->is_scalar != (n->op != OP_aten_add_str))
        return false;
    uint32_t right = n->n_inputs > 1 ? live_of(c, n->inputs[1])->reg : 0;
    if (n->op == OP_aten_len_str)
        emit(c, VM_STR_LENGTH, to.reg, left.reg, 0, 0);
    else if (n->op == OP_aten_eq_str)
        emit(c, VM_STR_EQUAL, to.reg, left.reg, right, 0);
    else
        emit(c, VM_STR_CONCAT, to.reg, left.reg, right, left.is_last && left.reg != right);
    return true;
}

/* ---- objects
 * ------------------------------------------------------------------------------------------- */
/** The slot of the attribute node n names; false: the compile failed. */
static bool attribute_slot(vm_compile *c, const ir_node *n, uint32_t *ret_slot)
{
    const type *t = n->inputs[0]->type;
    const ir_attr *name = ir_attr_find(n, "name");
    int slot = name && name->kind == IR_ATTR_STR && t->kind == TYPE_CLASS
                   ? type_class_slot(t, name->s)
                   : -1;
    if (slot < 0)
        compile_fail(c, n->at, "%s has no attribute '%s'", type_str(c->message_arena, t),
                     name ? name->s : "");
    *ret_slot = (uint32_t)slot;
    return slot >= 0;
}

static void emit_get_attr(vm_compile *c, const ir_node *n)
{
    uint32_t slot, from = live_of(c, n->inputs[0])->reg, to = live_of(c, n->outputs[0])->reg;
    uint8_t tag = vm_type_tag(n->outputs[0]->type);
    if (!attribute_slot(c, n, &slot))
        return;
    vm_opcode op = live_of(c, n->outputs[0])->is_scalar ? VM_GET_ATTR_S
                 : tag == VALUE__COUNT ? VM_GET_ATTR : VM_GET_ATTR_TAGGED;
    emit(c, op, to, from, slot, tag);
}

static void emit_set_attr(vm_compile *c, const ir_node *n)
{
    uint32_t slot, holder = live_of(c, n->inputs[0])->reg;
    const vm_live *value = live_of(c, n->inputs[1]);
    if (!attribute_slot(c, n, &slot))
        return;
    const type *declared = n->inputs[0]->type->cls->attributes[slot].type;
    if (value->is_scalar && declared->kind == TYPE_FLOAT)
        emit(c, VM_SET_ATTR_S, scalar_operand(c, n->inputs[1], TYPE_FLOAT, 0), holder, slot,
             VALUE_FLOAT);
    else if (value->is_scalar)
        emit(c, VM_SET_ATTR_S, value->reg, holder, slot, vm_type_tag(n->inputs[1]->type));
    else
        emit(c, VM_SET_ATTR, value->reg, holder, slot, 0);
}

/* ---- casts and tests
 * --------------------------------------------------------------------------------- */
static void emit_cast(vm_compile *c, const ir_node *n, uint32_t step)
{
    const type *from = n->inputs[0]->type, *to = n->outputs[0]->type;
    vm_slot origin = operand_slot(c, n->inputs[0], step), target = result_slot(c, n->outputs[0]);
    vm_move move = { origin, target };
    if (target.home == HOME_NONE)
        return;
    if (origin.home != HOME_V || target.home != HOME_V || type_is_subtype(from, to)) {
        emit_moves(c, &move, 1);
        return;
    }
    if (from->kind == TYPE_OPTIONAL && type_is_subtype(type_elem(from), to)) {
        emit(c, VM_CAST_NOT_NONE, target.reg, origin.reg, 0, 0);
    } else {
        uint32_t site = add_site(c, n, 0, step, (vm_site){ 0 });
        if (site != NO_STEP)
            emit(c, VM_CAST, target.reg, origin.reg, site, 0);
    }
    emit_operand_drops(c, n, step);
}

/** `x is None`, `x is not None`; false: other identities. */
static bool emit_is_none(vm_compile *c, const ir_node *n)
{
    const ir_value *x = n->inputs[0], *y = n->inputs[1];
    if (ir_value_is_none(x)) {
        const ir_value *swapped = x;
        x = y;
        y = swapped;
    }
    const vm_live *to = live_of(c, n->outputs[0]);
    if (!ir_value_is_none(y) || live_of(c, x)->is_scalar || !to->is_scalar)
        return false;
    emit(c, n->op == OP_aten___is__ ? VM_IS_NONE : VM_IS_NOT_NONE, to->reg, live_of(c, x)->reg, 0,
         0);
    return true;
}

/** Operators that have an instruction of their own; false: none fits the operands. */
static bool emit_special(vm_compile *c, const ir_node *n, uint32_t step)
{
    switch (n->op) {
    case OP_aten___getitem___t: return emit_list_get(c, n);
    case OP_aten__set_item_t: return emit_list_set(c, n);
    case OP_aten_append_t: return emit_list_push(c, n);
    case OP_aten_len_t: return emit_list_length(c, n);
    case OP_aten___getitem___Dict_str: case OP_aten___getitem___Dict_int: case OP_aten___getitem___Dict_float:
    case OP_aten___getitem___Dict_bool:
        return emit_dict_get(c, n);
    case OP_aten__set_item_str: case OP_aten__set_item_int: case OP_aten__set_item_float:
    case OP_aten__set_item_bool:
        return emit_dict_set(c, n);
    case OP_aten___contains___str: case OP_aten___contains___int: case OP_aten___contains___float:
    case OP_aten___contains___bool:
        return emit_dict_has(c, n);
    case OP_aten_len_Dict_str: case OP_aten_len_Dict_int: case OP_aten_len_Dict_float: case OP_aten_len_Dict_bool:
        return emit_dict_length(c, n);
    case OP_aten___getitem___str: case OP_prim_StringIndex: return emit_string_get(c, n);
    case OP_prim_TupleIndex: return emit_tuple_index(c, n);
    case OP_prim_TupleUnpack: return emit_tuple_unpack(c, n);
    case OP_aten_add_str: case OP_aten_len_str: case OP_aten_eq_str: return emit_string(c, n, step);
    case OP_aten___is__: case OP_aten___isnot__: return emit_is_none(c, n);
    case OP_prim_GetAttr: emit_get_attr(c, n); return true;
    case OP_prim_SetAttr: emit_set_attr(c, n); return true;
    default: return emit_scalar(c, n);
    }
}

void emit_node(vm_compile *c, uint32_t step)
{
    const ir_node *n = c->steps.at[step].node;
    if (node_is_constant(c, n))
        return;
    switch (n->op) {
    case OP_prim_Uninitialized: // never read, but moved about: let it be None
        if (result_slot(c, n->outputs[0]).home == HOME_V)
            emit(c, VM_DROP, live_of(c, n->outputs[0])->reg, 0, 0, 0);
        return;
    case OP_prim_unchecked_cast: emit_cast(c, n, step); return;
    case OP_prim_CallFunction: emit_call(c, n, step); return;
    case OP_prim_CallMethod: emit_method_call(c, n, step); return;
    case OP_prim_Enter: emit_enter(c, n, step); return;
    case OP_prim_Exit: emit_leave(c, n, step); return;
    case OP_prim_fork: emit_fork(c, n, step); return;
    case OP_prim_join: emit(c, VM_JOIN, 0, 0, 0, 0); return;
    case OP_aten_wait: emit_site(c, VM_WAIT, n, 0, step, (vm_site){ 0 }); return;
    default: break;
    }
    const ir_node *outer = list_combined(c, n);
    if (outer)
        emit_list_get_inner(c, n, outer); // the inner list never stood in a register
    else if (emit_sizes_read(c, n, step))
        return;
    else if (emit_special(c, n, step))
        emit_operand_drops(c, n, step);
    else
        emit_operator(c, n, step);
}
