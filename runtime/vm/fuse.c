/* runtime/vm/fuse.c: straight lines of pointwise operators become groups that run in one pass.
 *
 * A group costs one instruction in front of the operators' own: FUSED tries all of them at once and jumps behind
 * them; where the tensors at hand do not fit, it falls through and they run one by one. So registers are
 * allocated, errors placed and last uses marked as if there were no groups. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/compile.h"

/* The group being collected. */
typedef struct grouping {
    vm_compile *c;
    vm_fused *to;
    const ir_value *inputs[FUSED_MAX_INPUTS];
    const ir_node *nodes[FUSED_MAX_STEPS];
} grouping;

static bool is_step(const ir_node *n)
{
    if (!fused_takes(n->op) || n->n_outputs != 1 || n->n_inputs > FUSED_MAX_ARGS)
        return false;
    const schema *sc = op_schema(n->op);
    return sc && !sc->is_vararg && sc->n_args == n->n_inputs;
}

/** Where value v comes from: a step (negative) or an input, added if it is new. false: too many. */
static bool find_source(grouping *g, const ir_value *v, int8_t *ret)
{
    fused_group *group = &g->to->group;
    for (int k = 0; k < group->n_steps; k++)
        if (v->node == g->nodes[k]) {
            *ret = (int8_t)(-1 - k);
            return true;
        }
    int i = 0;
    while (i < group->n_inputs && g->inputs[i] != v)
        i++;
    if (i == FUSED_MAX_INPUTS)
        return false;
    g->inputs[i] = v;
    if (i == group->n_inputs)
        group->n_inputs++;
    *ret = (int8_t)i;
    return true;
}

static bool add_step(grouping *g, const ir_node *n)
{
    fused_group *group = &g->to->group;
    const uint8_t n_inputs = group->n_inputs;
    if (group->n_steps == FUSED_MAX_STEPS)
        return false;
    fused_step *step = &group->steps[group->n_steps];
    *step = (fused_step){ .op = n->op, .n_args = (uint8_t)n->n_inputs };
    for (uint32_t k = 0; k < n->n_inputs; k++)
        if (!find_source(g, n->inputs[k], &step->args[k])) {
            group->n_inputs = n_inputs;
            return false;
        }
    g->nodes[group->n_steps++] = n;
    return true;
}

static bool is_member(const grouping *g, const ir_node *n)
{
    for (int k = 0; k < g->to->group.n_steps; k++)
        if (g->nodes[k] == n)
            return true;
    return false;
}

/** Results are the values somebody outside of the group reads. */
static void mark_results(grouping *g)
{
    fused_group *group = &g->to->group;
    for (int k = 0; k < group->n_steps; k++)
        for (const ir_use *u = g->nodes[k]->outputs[0]->uses; u; u = u->next)
            group->steps[k].is_result |= !is_member(g, u->user);
    fused_finish(group);
}

/** Slots of inputs and results; an input is given up if one of the steps is its last use. */
static bool place(grouping *g)
{
    vm_compile *c = g->c;
    vm_fused *to = g->to;
    to->inputs = ARENA_ARRAY(&c->plan->arena, vm_slot, (size_t)to->group.n_inputs + 1);
    to->results = ARENA_ARRAY(&c->plan->arena, vm_slot, to->group.n_steps);
    if (!to->inputs || !to->results)
        return false;
    for (int i = 0; i < to->group.n_inputs; i++)
        to->inputs[i] = operand_slot(c, g->inputs[i], step_of_node(c, g->nodes[0]));
    for (int k = 0; k < to->group.n_steps; k++) {
        for (int a = 0; a < to->group.steps[k].n_args; a++) {
            int from = to->group.steps[k].args[a];
            if (from >= 0 && operand_slot(c, g->inputs[from], step_of_node(c, g->nodes[k])).is_last)
                to->inputs[from].is_last = true;
        }
        if (to->group.steps[k].is_result)
            to->results[to->n_results++] = result_slot(c, g->nodes[k]->outputs[0]);
    }
    for (int i = 0; i < to->group.n_inputs; i++)
        to->dying |= (uint32_t)to->inputs[i].is_last << i;
    return true;
}

uint32_t begin_fused(vm_compile *c, uint32_t step, uint32_t *ret_jump)
{
    vm_fused fused = { 0 };
    grouping g = { .c = c, .to = &fused };
    uint32_t end = step;
    if (!is_step(c->steps.at[step].node))
        return step;
    for (uint32_t i = step; i < c->steps.n && c->steps.at[i].kind == STEP_NODE; i++) {
        const ir_node *n = c->steps.at[i].node;
        if (n->op == OP_prim_Constant)
            continue;
        if (!is_step(n) || !add_step(&g, n))
            break;
        end = i + 1;
    }
    if (fused.group.n_steps < 2)
        return step;
    mark_results(&g);
    if (!place(&g) || !VEC_PUSH(&c->fused, &c->plan->arena, fused)) {
        c->plan->arena.failed = true;
        return step;
    }
    *ret_jump = emit(c, VM_FUSED, (uint32_t)c->fused.n - 1, 0, 0, 0);
    return end;
}

bool vm_run_fused(vm_run *run, vm_frame *f, const vm_fused *fused)
{
    jit_value inputs[FUSED_MAX_INPUTS], results[FUSED_MAX_STEPS];
    for (uint32_t i = 0; i < fused->group.n_inputs; i++)
        inputs[i] = vm_load(f, fused->inputs[i]);
    if (!fused_run(&run->op, &fused->group, inputs, fused->dying, results))
        return false;
    for (uint32_t i = 0; i < fused->group.n_inputs; i++)
        if (fused->inputs[i].is_last)
            value_unref(vm_take(f, fused->inputs[i]));
    for (uint32_t k = 0; k < fused->n_results; k++)
        vm_store(f, fused->results[k], results[k]);
    return true;
}
