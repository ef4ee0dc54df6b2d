/* runtime/vm/fuse.c: straight lines of pointwise operators become groups that run in one pass.
 *
 * A group costs one instruction in front of each of its operators: FUSED tries to run that one and as many after it as
 * the tensors at hand allow, and jumps behind them; where they allow fewer than two, it falls through to the operator
 * by itself. So registers are allocated, errors placed and last uses marked as if there were no groups. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/compile.h"

/* The group being collected. */
typedef struct grouping {
    vm_compile *c;
    vm_fused *to;
    const ir_value *inputs[FUSED_MAX_INPUTS];
    const ir_node *nodes[FUSED_MAX_STEPS];
} grouping;

bool node_joins_group(const ir_node *n)
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

/** Slots of inputs and values; which arguments each step is the last to use. */
static bool place(grouping *g)
{
    vm_compile *c = g->c;
    vm_fused *to = g->to;
    to->inputs = ARENA_ARRAY(&c->plan->arena, vm_slot, (size_t)to->group.n_inputs + 1);
    to->values = ARENA_ARRAY(&c->plan->arena, vm_slot, to->group.n_steps);
    to->targets = ARENA_ARRAY(&c->plan->arena, uint32_t, (size_t)to->group.n_steps + 1);
    to->cache = ARENA_ARRAY(&c->plan->arena, fused_cache, 1);
    if (!to->inputs || !to->values || !to->targets || !to->cache)
        return false;
    for (int i = 0; i < to->group.n_inputs; i++)
        to->inputs[i] = operand_slot(c, g->inputs[i], step_of_node(c, g->nodes[0]));
    for (int k = 0; k < to->group.n_steps; k++) {
        fused_step *step = &to->group.steps[k];
        for (int a = 0; a < step->n_args; a++)
            if (operand_slot(c, g->nodes[k]->inputs[a], step_of_node(c, g->nodes[k])).is_last)
                step->dying |= (uint16_t)(1u << a);
        to->values[k] = result_slot(c, g->nodes[k]->outputs[0]);
    }
    return true;
}

uint32_t begin_fused(vm_compile *c, uint32_t step)
{
    vm_fused fused = { 0 };
    grouping g = { .c = c, .to = &fused };
    uint32_t end = step;
    if (!node_joins_group(c->steps.at[step].node))
        return step;
    for (uint32_t i = step; i < c->steps.n && c->steps.at[i].kind == STEP_NODE; i++) {
        const ir_node *n = c->steps.at[i].node;
        if (node_is_constant(c, n))
            continue;
        if (!node_joins_group(n) || !add_step(&g, n))
            break;
        end = i + 1;
    }
    if (fused.group.n_steps < 2 && !(fused.group.n_steps && fused_pays_alone((op_id)fused.group.steps[0].op)))
        return step;
    mark_results(&g);
    if (!place(&g) || !VEC_PUSH(&c->fused, &c->plan->arena, fused)) {
        c->plan->arena.failed = true;
        return step;
    }
    return end;
}

void emit_fused(vm_compile *c, uint32_t k)
{
    vm_fused *fused = &c->fused.at[c->fused.n - 1];
    fused->targets[k] = (uint32_t)c->code.n;
    const bool is_last = k + 1 == fused->group.n_steps;
    if (k < fused->group.n_steps && (!is_last || fused_pays_alone((op_id)fused->group.steps[k].op)))
        emit(c, VM_FUSED, (uint32_t)c->fused.n - 1, k, 0, 0);
}

/** The values of the steps run, into their registers; what they used for the last time is released first. */
static void finish_run(vm_frame *f, const vm_fused *fused, int first, int n, const jit_value *results)
{
    for (int k = first; k < first + n; k++) {
        const fused_step *step = &fused->group.steps[k];
        for (int a = 0; step->dying >> a; a++) {
            const int from = step->args[a];
            if (!(step->dying >> a & 1) || from < -first) // a value of this run
                continue;
            vm_slot slot = from >= 0 ? fused->inputs[from] : fused->values[-1 - from];
            slot.is_last = true;
            value_unref(vm_take(f, slot));
        }
    }
    for (int k = first; k < first + n; k++)
        if (results[k].tag == VALUE_TENSOR)
            vm_store(f, fused->values[k], results[k]);
}

static jit_value load_argument(const vm_frame *f, const vm_fused *fused, int from)
{
    return vm_load(f, from >= 0 ? fused->inputs[from] : fused->values[-1 - from]);
}

int vm_run_fused(vm_run *run, vm_frame *f, const vm_fused *fused, int first)
{
    const fused_group *group = &fused->group;
    const fused_step *step = &group->steps[first];
    jit_value args[FUSED_MAX_ARGS], inputs[FUSED_MAX_INPUTS], values[FUSED_MAX_STEPS], results[FUSED_MAX_STEPS];
    for (int a = 0; a < step->n_args; a++)
        args[a] = load_argument(f, fused, step->args[a]);
    if (!fused_pays(step, args))
        return 0;
    for (int i = 0; i < group->n_inputs; i++)
        inputs[i] = vm_load(f, fused->inputs[i]);
    for (int k = 0; k < first; k++)
        values[k] = vm_load(f, fused->values[k]);
    const int n = fused_run(&run->op, group, fused->cache, first, inputs, values, results);
    finish_run(f, fused, first, n, results);
    return n;
}
