/* runtime/vm/order.c: the graph as an array of steps, and how long each value lives.
 *
 * A value lives from its definition to its last use in the order of steps; a use inside a loop that
 * does not contain the definition counts as a use at the end of that loop, because the next
 * iteration reads it again. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/compile.h"

#include <stdarg.h>

void compile_fail(vm_compile *c, range at, const char *format, ...)
{
    if (c->why)
        return;
    va_list ap;
    va_start(ap, format);
    c->why = arena_vprintf(c->message_arena, format, ap);
    va_end(ap);
    c->why_at = at;
}

static uint32_t push_step(vm_compile *c, vm_step st)
{
    st.patch = st.patch_end = st.first_drop = st.decides = NO_STEP;
    if (c->steps.n >= NO_STEP - 1 || !VEC_PUSH(&c->steps, &c->scratch, st))
        return 0;
    return (uint32_t)c->steps.n - 1;
}

static void name_step(vm_compile *c, const ir_node *n, uint32_t step)
{
    if (!ptrmap_set(&c->step_of, n, (void *)(uintptr_t)(step + 1)))
        c->scratch.failed = true;
}

/** The BLOCK step of b, which the node of step `owner` holds (NO_STEP: the body of the graph). */
static uint32_t begin_block(vm_compile *c, ir_block *b, uint32_t owner)
{
    uint32_t loop = NO_STEP;
    if (owner != NO_STEP)
        loop = b->owner->op == OP_prim_Loop ? owner : c->steps.at[owner].loop;
    uint32_t self = (uint32_t)c->steps.n;
    return push_step(c, (vm_step){ .kind = STEP_BLOCK, .block = b, .node = b->owner, .loop = loop,
                                   .block_begin = self });
}

/** Close the block of BLOCK step `begin` and go on behind it: *ret_begin is the BLOCK step of the
 * block that follows or surrounds, the result the next node there; NULL at the end of the graph. */
static ir_node *end_block(vm_compile *c, uint32_t begin, uint32_t *ret_begin)
{
    ir_block *b = c->steps.at[begin].block;
    uint32_t end = push_step(c, (vm_step){ .kind = STEP_BLOCK_END,
                                           .block = b,
                                           .node = b->owner,
                                           .end = begin,
                                           .loop = c->steps.at[begin].loop,
                                           .block_begin = begin });
    c->steps.at[begin].end = end;
    name_step(c, b->ret, end);
    if (!b->owner)
        return NULL;
    uint32_t owner = step_of_node(c, b->owner), next = ir_block_index(b) + 1;
    if (next < b->owner->n_blocks) {
        *ret_begin = begin_block(c, b->owner->blocks[next], owner);
        return b->owner->blocks[next]->param->next;
    }
    vm_step *st = &c->steps.at[owner];
    *ret_begin = st->block_begin;
    uint32_t node_end = push_step(c, (vm_step){ .kind = STEP_NODE_END,
                                                .node = b->owner,
                                                .end = owner,
                                                .loop = st->loop,
                                                .block_begin = st->block_begin });
    c->steps.at[owner].end = node_end;
    return b->owner->next;
}

/** The new NODE step of n, in the block of BLOCK step `begin`. */
static uint32_t push_node(vm_compile *c, ir_node *n, uint32_t begin)
{
    uint32_t step = push_step(c, (vm_step){ .kind = STEP_NODE,
                                            .node = n,
                                            .loop = c->steps.at[begin].loop,
                                            .block_begin = begin,
                                            .is_fused = list_is_lent(n) });
    name_step(c, n, step);
    return step;
}

/** Numbers made of numbers, which cannot fail. */
static bool is_arithmetic(const ir_node *n)
{
    const op_info *info = op_get_info((op_id)n->op);
    bool is_one = n->op != OP_prim_Constant && n->n_blocks == 0 && n->n_outputs == 1 && info->backend == OP_HAS_KERNEL;
    if (!is_one || !(info->traits & OP_PURE) || (info->traits & (OP_MAY_RAISE | OP_EFFECT | OP_RANDOM)))
        return false;
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (!type_is_scalar(n->inputs[i]->type))
            return false;
    return type_is_scalar(n->outputs[0]->type);
}

/** What the instruction of its one reader may compute has its step right in front of it. */
static ir_node *combined_with(const ir_node *reader)
{
    ir_node *n = scalar_product(reader);
    return n ? n : list_outer(reader);
}

static void push_combined(vm_compile *c, const ir_node *reader, uint32_t begin)
{
    ir_node *n = combined_with(reader);
    if (n)
        push_node(c, n, begin);
}

static bool waits_for_reader(const ir_node *n)
{
    bool may_wait = n->op == OP_aten_mul_int || n->op == OP_aten_mul_float || n->op == OP_aten___getitem___t;
    return may_wait && n->outputs[0]->n_uses == 1 && combined_with(n->outputs[0]->uses->user) == n;
}

/** Was n, which is read in one block, read by all its other readers before? */
static bool is_last_reader(const vm_compile *c, const ir_node *n, const ir_node *reader)
{
    for (const ir_use *u = n->outputs[0]->uses; u; u = u->next)
        if (u->user != reader && step_of_node(c, u->user) == NO_STEP)
            return false;
    return true;
}

/** The steps of the lists that are lent to the reader and to nobody behind it. */
static void push_lent(vm_compile *c, const ir_node *reader, uint32_t begin)
{
    for (uint32_t i = 0; i < reader->n_inputs; i++) {
        ir_node *n = reader->inputs[i]->node;
        if (list_is_lent(n) && step_of_node(c, n) == NO_STEP && is_last_reader(c, n, reader))
            push_node(c, n, begin);
    }
}

/** Has what n reads been computed once the steps so far are? */
static bool reads_what_is_there(const vm_compile *c, const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const ir_node *from = n->inputs[i]->node;
        bool is_later = from->block == n->block && from != n->block->param && step_of_node(c, from) == NO_STEP;
        if (is_later && !(waits_for_reader(from) && reads_what_is_there(c, from)))
            return false;
    }
    return true;
}

static bool goes_ahead(const vm_compile *c, const ir_node *n)
{
    return is_arithmetic(n) && !waits_for_reader(n) && reads_what_is_there(c, n);
}

/** Numbers (`-lr`, `1 - beta`) that are computed between operators of one group would cut it in two: they are computed in
 * front of it. The operators in between do not see them. The first node behind what was looked at. */
static const ir_node *push_ahead(vm_compile *c, const ir_node *first, uint32_t begin)
{
    const ir_node *last = first, *end = c->steps.at[begin].block->ret;
    for (const ir_node *n = first->next; n != end; n = n->next) {
        if (node_joins_group(n))
            last = n;
        else if (n->op != OP_prim_Constant && !list_is_constant(n) && !is_arithmetic(n))
            break;
    }
    for (ir_node *n = first->next; last != first && n != last; n = n->next) {
        if (!goes_ahead(c, n))
            continue;
        push_combined(c, n, begin);
        push_node(c, n, begin);
    }
    return last->next;
}

static void write_steps(vm_compile *c)
{
    uint32_t begin = begin_block(c, c->graph->body, NO_STEP);
    ir_node *n = c->graph->body->param->next;
    const ir_node *ahead = NULL; // numbers were computed up to here
    while (n && !arena_failed(&c->scratch)) {
        if (n == c->steps.at[begin].block->ret) {
            n = end_block(c, begin, &begin);
            continue;
        }
        if (n == ahead)
            ahead = NULL;
        if (step_of_node(c, n) != NO_STEP || waits_for_reader(n) || list_is_lent(n)) { // computed ahead, or later
            n = n->next;
            continue;
        }
        push_combined(c, n, begin);
        push_lent(c, n, begin);
        if (!ahead && node_joins_group(n))
            ahead = push_ahead(c, n, begin);
        uint32_t step = push_node(c, n, begin);
        if (n->n_blocks > 0) {
            begin = begin_block(c, n->blocks[0], step);
            n = n->blocks[0]->param->next;
        } else {
            n = n->next;
        }
    }
}

static void define(vm_compile *c, const ir_value *v, uint32_t step)
{
    vm_live *l = live_of(c, v);
    *l = (vm_live){ .value = v,
                    .def = step,
                    .last = step,
                    .last_use = step,
                    .root = v->id,
                    .guard = NO_VALUE,
                    .next_drop = NO_VALUE,
                    .next_start = NO_VALUE,
                    .next_end = NO_VALUE,
                    .is_scalar = type_is_scalar(v->type),
                    .is_constant = v->node->op == OP_prim_Constant || list_is_constant(v->node) };
}

/** The step up to which a use at `step` keeps a value alive that is defined at `def`. */
static uint32_t reach(const vm_compile *c, uint32_t def, uint32_t step)
{
    uint32_t last = step;
    for (uint32_t loop = c->steps.at[step].loop; loop != NO_STEP && def <= loop;
         loop = c->steps.at[loop].loop)
        last = c->steps.at[loop].end;
    return last;
}

static void measure(vm_compile *c, vm_live *l)
{
    for (const ir_use *u = l->value->uses; u; u = u->next) {
        uint32_t step = step_of_node(c, u->user);
        uint32_t last = reach(c, l->def, step);
        if (step > l->last_use)
            l->last_use = step;
        if (last > l->last)
            l->last = last;
    }
}

static void extend(vm_compile *c, const ir_value *v, uint32_t step)
{
    vm_live *l = live_of(c, v);
    if (l->last < step)
        l->last = step;
}

/** Block ends write the variables of a loop and the results of an If, read or not. What a loop
 * reads at its back edge lives to its end; what it reads once its variables are set, past the step
 * that sets them. */
static void extend_around_blocks(vm_compile *c, uint32_t step)
{
    const ir_node *n = c->steps.at[step].node;
    uint32_t end = c->steps.at[step].end;
    if (n->op == OP_prim_If) {
        for (uint32_t i = 0; i < n->n_outputs; i++)
            extend(c, n->outputs[i], end);
    } else if (n->op == OP_prim_Loop) {
        extend(c, n->inputs[0], end);
        extend(c, n->inputs[1], step + 1);
        for (uint32_t i = 0; i < ir_block_n_inputs(n->blocks[0]); i++)
            extend(c, ir_block_input(n->blocks[0], i), end);
    }
}

void compile_order(vm_compile *c)
{
    ptrmap_init(&c->step_of, &c->scratch);
    c->n_live = c->graph->n_values;
    c->live = ARENA_ARRAY(&c->scratch, vm_live, (size_t)c->n_live + 1);
    write_steps(c);
    if (arena_failed(&c->scratch) || !c->live)
        return;
    for (uint32_t i = 0; i < c->steps.n; i++) {
        const vm_step *st = &c->steps.at[i];
        if (st->kind == STEP_BLOCK) {
            for (uint32_t k = 0; k < ir_block_n_inputs(st->block);
                 k++) /* of loops: from the moves before */
                define(c, ir_block_input(st->block, k), st->node ? i - 1 : i);
        } else if (st->kind == STEP_NODE) {
            for (uint32_t k = 0; k < st->node->n_outputs; k++)
                define(c, st->node->outputs[k], i);
        }
    }
    for (uint32_t id = 0; id < c->n_live; id++)
        if (c->live[id].value)
            measure(c, &c->live[id]);
    for (uint32_t i = 0; i < c->steps.n; i++)
        if (c->steps.at[i].kind == STEP_NODE)
            extend_around_blocks(c, i);
}
