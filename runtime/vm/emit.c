/* runtime/vm/emit.c: steps to instructions: control flow, and where operands and results live. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/compile.h"

/* Looking for later uses of a value with more uses than this is not worth it. */
enum { MAX_USES_SEARCHED = 16 };
/* Jumps reach any instruction of a plan. */
enum { MAX_CODE = INT32_MAX / sizeof(vm_instr) };

uint32_t emit(vm_compile *c, vm_opcode op, uint32_t x, uint32_t y, uint32_t z, uint32_t d)
{
    vm_instr i = { .op = (uint16_t)op, .d = (uint16_t)d, .a = x, .b = y, .c = z };
    arena *a = &c->plan->arena;
    if (c->code.n >= MAX_CODE || !VEC_PUSH(&c->code, a, i) || !VEC_PUSH(&c->ranges, a, c->at) ||
        !VEC_PUSH(&c->nodes, a, c->node)) {
        a->failed = true;
        return 0;
    }
    return (uint32_t)c->code.n - 1;
}

/* ---- where values live ---------------------------------------------------------------------- */
static uint8_t home_of(const type *t)
{
    switch (t->kind) {
    case TYPE_INT: return HOME_INT;
    case TYPE_FLOAT: return HOME_FLOAT;
    case TYPE_BOOL: return HOME_BOOL;
    default: return HOME_V;
    }
}

/** Is no use of the value reachable after `step`? Exact within the innermost If, else "no" may be
 * wrong. */
static bool dies_at(const vm_compile *c, const vm_live *l, uint32_t step)
{
    uint32_t loop = c->steps.at[step].loop;
    if (loop != NO_STEP && l->def < loop)
        return false;
    if (step >= l->last_use)
        return true;
    const vm_step *branch = &c->steps.at[c->steps.at[step].block_begin];
    if (!branch->node || branch->node->op != OP_prim_If || l->value->n_uses > MAX_USES_SEARCHED)
        return false;
    uint32_t owner = step_of_node(c, branch->node);
    if (l->def >= owner || l->last_use > c->steps.at[owner].end)
        return false;
    for (const ir_use *u = l->value->uses; u; u = u->next) {
        uint32_t other = step_of_node(c, u->user);
        if (other > step && other <= branch->end)
            return false;
    }
    return true;
}

vm_slot operand_slot(vm_compile *c, const ir_value *v, uint32_t step)
{
    const vm_live *l = live_of(c, v);
    vm_slot slot = { .reg = l->reg, .home = home_of(v->type) };
    slot.is_last = slot.home == HOME_V && !l->is_constant && dies_at(c, l, step);
    return slot;
}

vm_slot result_slot(vm_compile *c, const ir_value *v)
{
    const vm_live *l = live_of(c, v);
    bool is_unread = v->n_uses == 0 && !l->is_shared;
    return (vm_slot){ .reg = l->reg, .home = is_unread ? HOME_NONE : home_of(v->type) };
}

uint32_t scalar_operand(vm_compile *c, const ir_value *v, type_kind t, uint32_t k)
{
    const vm_live *l = live_of(c, v);
    uint32_t temp = c->s_temp + k;
    if (!l->is_scalar) {
        emit(c, VM_UNBOX, temp, l->reg, 0,
             t == TYPE_INT    ? VALUE_INT
             : t == TYPE_BOOL ? VALUE_BOOL
                              : VALUE_FLOAT);
        return temp;
    }
    if (t == TYPE_FLOAT && v->type->kind != TYPE_FLOAT) {
        emit(c, VM_INT_TO_FLOAT, temp, l->reg, 0, 0);
        return temp;
    }
    return l->reg;
}

/* ---- comparisons that become part of a branch ---------------------------------------------------
 */
int branch_of(op_id op)
{
    switch (op) {
    case OP_aten_lt_int: return VM_UNLESS_LT_INT;
    case OP_aten_le_int: return VM_UNLESS_LE_INT;
    case OP_aten_gt_int: return VM_UNLESS_GT_INT;
    case OP_aten_ge_int: return VM_UNLESS_GE_INT;
    case OP_aten_eq_int: return VM_UNLESS_EQ_INT;
    case OP_aten_ne_int: return VM_UNLESS_NE_INT;
    case OP_aten_lt_float: return VM_UNLESS_LT_FLOAT;
    case OP_aten_le_float: return VM_UNLESS_LE_FLOAT;
    case OP_aten_gt_float: return VM_UNLESS_GT_FLOAT;
    case OP_aten_ge_float: return VM_UNLESS_GE_FLOAT;
    case OP_aten_eq_float: return VM_UNLESS_EQ_FLOAT;
    case OP_aten_ne_float: return VM_UNLESS_NE_FLOAT;
    default: return -1;
    }
}

static bool is_branch_test(const ir_value *cond)
{
    const ir_node *n = cond->node;
    int branch = branch_of(n->op);
    if (branch < 0 || cond->n_uses != 1 || cond->type->kind != TYPE_BOOL || n->n_inputs != 2)
        return false;
    type_kind want = branch < VM_UNLESS_LT_FLOAT ? TYPE_INT : TYPE_FLOAT;
    return n->inputs[0]->type->kind == want && n->inputs[1]->type->kind == want;
}

/** At a back edge operands are read after the loop's variables got their next values: an operand
 * must not be a variable, unless it is the very next value that stands in the variable's register.
 */
static bool survives_back_edge(vm_compile *c, const ir_value *v, const ir_block *body)
{
    for (uint32_t i = 1; i < ir_block_n_inputs(body); i++) {
        const ir_value *variable = ir_block_input(body, i);
        if (live_of(c, variable)->root == live_of(c, v)->root)
            return ir_block_output(body, i) == v;
    }
    return true;
}

static bool is_true(const ir_value *v)
{
    jit_value constant;
    return ir_value_constant(v, &constant) && constant.tag == VALUE_BOOL && constant.i != 0;
}

/** Does the loop count, that is, may its trip count end it or does someone read the counter? */
static bool loop_counts(const ir_node *n)
{
    jit_value trip;
    bool is_endless =
        ir_value_constant(n->inputs[0], &trip) && trip.tag == VALUE_INT && trip.i == INT64_MAX;
    return !is_endless || ir_block_input(n->blocks[0], 0)->n_uses > 0;
}

static bool moves_at_back_edge(vm_compile *c, const ir_block *body)
{
    for (uint32_t i = 1; i < ir_block_n_inputs(body); i++)
        if (live_of(c, ir_block_input(body, i))->root != live_of(c, ir_block_output(body, i))->root)
            return true;
    return false;
}

/** `while x and y`: v, which block b yields, is If(x) { y } else { False }, and nothing else happens there. */
static bool is_and(const vm_compile *c, const ir_value *v, const ir_block *b)
{
    const ir_node *n = v->node;
    jit_value second;
    if (n->op != OP_prim_If || n != b->ret->prev || n->n_outputs != 1 || v->n_uses != 1 || !c->live[v->id].is_scalar)
        return false;
    const ir_block *otherwise = n->blocks[1];
    return otherwise->param->next == otherwise->ret && ir_value_constant(ir_block_output(otherwise, 0), &second)
           && second.tag == VALUE_BOOL && !second.i
           && c->steps.at[c->steps.at[step_of_node(c, n)].end].first_drop == NO_STEP;
}

/** Where the test of a while loop is computed: behind the Ifs that `and` is made of, which leave the loop as soon as an
 * operand fails. They can where the variables of the loop already stand where they belong. */
static const ir_value *last_test(vm_compile *c, const ir_node *loop, const ir_block **ret_block)
{
    const ir_block *b = loop->blocks[0];
    const ir_value *v = ir_block_output(b, 0);
    if (!moves_at_back_edge(c, b)) {
        for (; is_and(c, v, b); v = ir_block_output(b, 0)) {
            c->steps.at[step_of_node(c, v->node)].decides = step_of_node(c, loop);
            b = v->node->blocks[0];
        }
    }
    *ret_block = b;
    return v;
}

static void fuse_back_edge(vm_compile *c, const ir_node *loop)
{
    const ir_block *b, *body = loop->blocks[0];
    const ir_value *test = last_test(c, loop, &b);
    if (test->node == b->ret->prev && is_branch_test(test) && survives_back_edge(c, test->node->inputs[0], body)
        && survives_back_edge(c, test->node->inputs[1], body))
        c->steps.at[step_of_node(c, test->node)].is_fused = true;
}

/** Mark what the instructions of other nodes compute. */
static void fuse_nodes(vm_compile *c)
{
    for (uint32_t i = 0; i < c->steps.n; i++) {
        const ir_node *n = c->steps.at[i].node;
        if (c->steps.at[i].kind != STEP_NODE)
            continue;
        if (n->op == OP_prim_If && n->prev == n->inputs[0]->node && is_branch_test(n->inputs[0])) {
            c->steps.at[step_of_node(c, n->prev)].is_fused = true;
        } else if (n->op == OP_prim_Loop && !loop_counts(n)) {
            fuse_back_edge(c, n);
        } else {
            const ir_node *combined = scalar_combined(c, n) ? scalar_combined(c, n) : list_combined(c, n);
            const ir_node *element = element_combined(c, n);
            if (!combined && scalar_adds_twice(c, n)) {
                combined = n->prev;
                c->steps.at[i].is_second = true;
            }
            if (combined)
                c->steps.at[step_of_node(c, combined)].is_fused = true;
            if (element)
                c->steps.at[step_of_node(c, element)].is_fused = true;
        }
    }
}

bool node_is_fused(const vm_compile *c, const ir_node *n)
{
    uint32_t step = step_of_node(c, n);
    return step != NO_STEP && c->steps.at[step].is_fused;
}

/* ---- control flow ------------------------------------------------------------------------------
 */
/** Jumps to a place not yet known are chained through their targets, from `*chain`. */
static void chain_jump(vm_compile *c, uint32_t *chain, uint32_t jump)
{
    if (jump < c->code.n)
        c->code.at[jump].a = *chain;
    *chain = jump;
}

static void aim_jumps(vm_compile *c, uint32_t chain, uint32_t target)
{
    while (chain < c->code.n) {
        uint32_t next = c->code.at[chain].a;
        c->code.at[chain].a = target;
        chain = next;
    }
}

/** A jump taken unless cond holds. */
static uint32_t emit_unless(vm_compile *c, const ir_value *cond)
{
    const ir_node *n = cond->node;
    if (n->op != OP_prim_Param && n->op != OP_prim_Constant && node_is_fused(c, n))
        return emit(c, (vm_opcode)branch_of(n->op), 0, live_of(c, n->inputs[0])->reg,
                    live_of(c, n->inputs[1])->reg, 0);
    return emit(c, VM_JUMP_UNLESS, 0, scalar_operand(c, cond, TYPE_BOOL, 0), 0, 0);
}

/** Read a condition before the variables of the loop change under it. */
static uint32_t save_test(vm_compile *c, const ir_value *cond)
{
    uint32_t test = c->s_temp + 2;
    emit(c, VM_MOVE_S, test, scalar_operand(c, cond, TYPE_BOOL, 1), 0, 0);
    return test;
}

static void begin_loop(vm_compile *c, uint32_t step)
{
    vm_step *st = &c->steps.at[step];
    const ir_node *n = st->node;
    const ir_block *body = n->blocks[0];
    uint32_t test = live_of(c, n->inputs[1])->reg;
    if (!is_true(n->inputs[1]) &&
        (!live_of(c, n->inputs[1])->is_scalar || live_of(c, n->inputs[1])->is_shared))
        test = save_test(c, n->inputs[1]);
    emit_moves_to(c, n, 2, body->param->outputs + 1, n->n_inputs - 2, step);
    if (loop_counts(n)) {
        uint32_t counter = live_of(c, ir_block_input(body, 0))->reg;
        if (!live_of(c, n->inputs[0])->is_scalar)
            compile_fail(c, n->at, "the trip count of a loop must be an int");
        chain_jump(c, &st->patch_end,
                   emit(c, VM_BEGIN_COUNT, 0, counter, live_of(c, n->inputs[0])->reg, 0));
    }
    if (!is_true(n->inputs[1]))
        chain_jump(c, &st->patch_end, emit(c, VM_JUMP_UNLESS, 0, test, 0, 0));
    st->patch = (uint32_t)c->code.n; // the body starts here
}

/** Does the If decide by itself that its loop ends where its condition fails? */
static bool if_decides(const vm_compile *c, const ir_node *n)
{
    return n->op == OP_prim_If && c->steps.at[step_of_node(c, n)].decides != NO_STEP;
}

static void end_loop(vm_compile *c, uint32_t step, uint32_t owner)
{
    vm_step *st = &c->steps.at[owner];
    const ir_node *n = st->node;
    const ir_block *body = n->blocks[0];
    const ir_value *cond = ir_block_output(body, 0);
    bool is_decided = if_decides(c, cond->node);
    while (if_decides(c, cond->node))
        cond = ir_block_output(cond->node->blocks[0], 0);
    bool is_fused = cond->node->op != OP_prim_Param && node_is_fused(c, cond->node);
    uint32_t test = live_of(c, cond)->reg;
    if (!is_fused && (!live_of(c, cond)->is_scalar || (live_of(c, cond)->is_shared && !is_decided)))
        test = save_test(c, cond);
    emit_moves_to(c, body->ret, 1, body->param->outputs + 1, n->n_inputs - 2, step);
    uint64_t length = c->code.n - st->patch + 1;
    uint32_t cost = length > UINT16_MAX ? UINT16_MAX : (uint32_t)length;
    if (loop_counts(n)) {
        if (!is_true(cond))
            chain_jump(c, &st->patch_end, emit(c, VM_JUMP_UNLESS, 0, test, 0, 0));
        emit(c, VM_BACK_COUNT, st->patch, live_of(c, ir_block_input(body, 0))->reg,
             live_of(c, n->inputs[0])->reg, cost);
    } else if (is_fused) {
        emit(c, (vm_opcode)(branch_of(cond->node->op) + 1), st->patch,
             live_of(c, cond->node->inputs[0])->reg, live_of(c, cond->node->inputs[1])->reg, cost);
    } else {
        emit(c, VM_BACK_IF, st->patch, test, 0, cost);
    }
}

static void begin_if(vm_compile *c, vm_step *st)
{
    st->patch = emit_unless(c, st->node->inputs[0]);
    if (st->decides != NO_STEP)
        chain_jump(c, &c->steps.at[st->decides].patch_end, st->patch);
}

/** The end of one branch: its values go to the results of the If; the first branch jumps over the
 * second. */
static void end_branch(vm_compile *c, uint32_t step, uint32_t owner)
{
    vm_step *st = &c->steps.at[owner];
    const ir_block *b = c->steps.at[step].block;
    if (st->decides != NO_STEP)
        return;
    emit_moves_to(c, b->ret, 0, st->node->outputs, st->node->n_outputs, step);
    if (b != st->node->blocks[0])
        return;
    st->patch_end = emit(c, VM_JUMP, 0, 0, 0, 0);
    if (st->patch < c->code.n)
        c->code.at[st->patch].a = (uint32_t)c->code.n;
}

static void end_if(vm_compile *c, uint32_t owner)
{
    const vm_step *st = &c->steps.at[owner];
    if (compile_failed(c) || st->decides != NO_STEP)
        return;
    if (st->patch_end + 1 == c->code.n) { // the second branch is empty: no need to jump over it
        c->code.n = c->ranges.n = c->nodes.n = st->patch_end;
        c->code.at[st->patch].a = st->patch_end;
    } else {
        c->code.at[st->patch_end].a = (uint32_t)c->code.n;
    }
}

static void emit_return(vm_compile *c, uint32_t step)
{
    const ir_block *b = c->steps.at[step].block;
    vm_plan *p = c->plan;
    p->n_rets = ir_block_n_outputs(b);
    p->rets = ARENA_ARRAY(&p->arena, vm_slot, (size_t)p->n_rets + 1);
    if (!p->rets)
        return;
    for (uint32_t i = 0; i < p->n_rets; i++)
        p->rets[i] = operand_slot(c, ir_block_output(b, i), step);
    for (uint32_t i = 0; i < p->n_rets; i++) // a value returned twice is given up once
        for (uint32_t k = i + 1; k < p->n_rets && p->rets[i].is_last; k++)
            p->rets[i].is_last = p->rets[k].home != HOME_V || p->rets[k].reg != p->rets[i].reg;
    emit(c, VM_RETURN, 0, 0, 0, 0);
}

static void emit_drops(vm_compile *c, const vm_step *st)
{
    for (uint32_t id = st->first_drop; id != NO_VALUE; id = c->live[id].next_drop)
        emit(c, VM_DROP, c->live[id].reg, 0, 0, 0);
}

static void emit_end(vm_compile *c, uint32_t step)
{
    const vm_step *st = &c->steps.at[step];
    uint32_t owner = st->end;
    const ir_node *n = st->node;
    if (n->op == OP_prim_If) {
        end_if(c, owner);
    } else if (n->op == OP_prim_Loop) {
        aim_jumps(c, c->steps.at[owner].patch_end, (uint32_t)c->code.n);
        for (uint32_t i = 0; i < n->n_outputs; i++) { // result and variable in different banks
            vm_move mv = { operand_slot(c, ir_block_input(n->blocks[0], i + 1), step),
                           result_slot(c, n->outputs[i]) };
            emit_moves(c, &mv, 1);
        }
    }
    emit_drops(c, st);
}

void compile_emit(vm_compile *c)
{
    uint32_t fused_end = 0, n_fused = 0; // the group of pointwise operators around step i, its steps so far
    fuse_nodes(c);
    for (uint32_t i = 0; i < c->steps.n && !compile_failed(c); i++) {
        vm_step *st = &c->steps.at[i];
        if (i == fused_end && n_fused) {
            emit_fused(c, n_fused);
            n_fused = 0;
        }
        if (st->node) {
            c->at = st->node->at;
            c->node = st->node;
        }
        if (i >= fused_end && st->kind == STEP_NODE)
            fused_end = begin_fused(c, i);
        if (i < fused_end && !node_is_constant(c, st->node) && !compile_failed(c))
            emit_fused(c, n_fused++);
        switch ((vm_step_kind)st->kind) {
        case STEP_BLOCK: break;
        case STEP_NODE:
            if (st->node->op == OP_prim_If)
                begin_if(c, st);
            else if (st->node->op == OP_prim_Loop)
                begin_loop(c, i);
            else if (!st->is_fused)
                emit_node(c, i);
            break;
        case STEP_BLOCK_END:
            if (!st->node)
                emit_return(c, i);
            else if (st->node->op == OP_prim_Loop)
                end_loop(c, i, step_of_node(c, st->node));
            else
                end_branch(c, i, step_of_node(c, st->node));
            break;
        case STEP_NODE_END: emit_end(c, i); break;
        }
    }
}
