/* runtime/vm/coalesce.c: values that are computed right in the register they would be moved to.
 *
 * A loop variable, the loop's result and what the body yields for the next iteration share one
 * register where the body no longer reads the variable once its successor is computed; likewise an
 * If's result and what its branches yield. This removes nearly all moves from loops. The general
 * form (build interference, merge) would need liveness per path; here a yielded value qualifies
 * only if it is computed directly in the block that yields it, so it is dead outside of it, and the
 * uses of one value, the guard, decide. Outer nodes are visited before inner ones: a chain of
 * nested Ifs ends up in one register. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/compile.h"

/* A guard with more uses is not looked at: keeps long chains of Ifs linear. */
enum { MAX_GUARD_USES = 64 };

/** The latest step at which the guard may be read when `n` writes the register of its class. */
static uint32_t write_limit(const vm_compile *c, const ir_node *n)
{
    uint32_t step = step_of_node(c, n);
    return n->op == OP_prim_If ? c->steps.at[step].end : step;
}

/** A loop reads its trip count at every back edge, and its first condition once its variables are
 * set. */
static uint32_t use_step(const vm_compile *c, const ir_use *u)
{
    uint32_t step = step_of_node(c, u->user);
    if (u->user->op == OP_prim_Loop && u->index < 2)
        return u->index == 0 ? c->steps.at[step].end : step + 1;
    return step;
}

/** No use of the guard in the block of BLOCK step `begin` comes after `limit`. */
static bool guard_is_dead(const vm_compile *c, uint32_t guard, uint32_t begin, uint32_t limit)
{
    if (guard == NO_VALUE)
        return true;
    const ir_value *g = c->live[guard].value;
    if (g->n_uses > MAX_GUARD_USES)
        return false;
    for (const ir_use *u = g->uses; u; u = u->next) {
        uint32_t step = use_step(c, u);
        if (step > limit && step <= c->steps.at[begin].end)
            return false;
    }
    return true;
}

/** Let v, yielded by the block of BLOCK step `begin`, be computed in the register of `into`. */
static void try_share(vm_compile *c, const ir_value *v, const ir_value *into, uint32_t guard,
                      uint32_t begin)
{
    vm_live *l = live_of(c, v), *to = live_of(c, into);
    if (v->node->block != c->steps.at[begin].block || l->is_constant ||
        v->node->op == OP_prim_Param || l->is_scalar != to->is_scalar || l->root != v->id ||
        l->is_shared)
        return;
    if (!guard_is_dead(c, guard, begin, write_limit(c, v->node)))
        return;
    l->root = to->root;
    l->guard = guard;
    l->is_shared = c->live[to->root].is_shared = to->is_shared = true;
}

static void share_loop(vm_compile *c, uint32_t step)
{
    const ir_node *n = c->steps.at[step].node;
    const ir_block *body = n->blocks[0];
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        const ir_value *variable = ir_block_input(body, i + 1), *result = n->outputs[i];
        vm_live *in = live_of(c, variable), *out = live_of(c, result);
        if (in->is_scalar != out->is_scalar)
            continue;
        in->root = out->root;
        in->is_shared = out->is_shared = c->live[out->root].is_shared = true;
        try_share(c, ir_block_output(body, i + 1), variable, variable->id, step + 1);
    }
}

static void share_if(vm_compile *c, uint32_t step)
{
    const ir_node *n = c->steps.at[step].node;
    uint32_t begin = step + 1;
    for (uint32_t k = 0; k < n->n_blocks; k++) {
        for (uint32_t i = 0; i < n->n_outputs; i++)
            try_share(c, ir_block_output(n->blocks[k], i), n->outputs[i],
                      live_of(c, n->outputs[i])->guard, begin);
        begin = c->steps.at[begin].end + 1;
    }
}

void compile_coalesce(vm_compile *c)
{
    for (uint32_t i = 0; i < c->steps.n; i++) {
        const vm_step *st = &c->steps.at[i];
        if (st->kind != STEP_NODE)
            continue;
        if (st->node->op == OP_prim_Loop)
            share_loop(c, i);
        else if (st->node->op == OP_prim_If)
            share_if(c, i);
    }
}
