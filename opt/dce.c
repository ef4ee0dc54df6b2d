/* Dead code elimination: removes nodes whose results nobody uses and whose execution nobody sees, outputs of
 * If and values carried by loops that nobody reads.
 *
 * Marks what is live, then sweeps. Counting uses from the back would be shorter, but keeps loop values that only
 * feed themselves, and cannot drop writes to memory nobody reads: a write is live once some value of its
 * alias set is. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bitset.h"
#include "base/vec.h"
#include "opt/alias.h"

typedef struct dce {
    opt_ctx *cx;
    opt_alias_info *alias;
    arena *arena;
    bitset live_values;      /* by id */
    bitset live_sets;
    ptrmap live_nodes;
    VEC(const ir_value *) values;  /* to do */
    VEC(const ir_node *) nodes;
    bool writes_outside;     /* of the node being asked about */
} dce;

/* ---- marking ----------------------------------------------------------------------------------------- */

static void mark_node(dce *d, const ir_node *n)
{
    if (n->op == OP_prim_Param || n->op == OP_prim_Return || ptrmap_has(&d->live_nodes, n))
        return;
    ptrmap_set(&d->live_nodes, n, (void *)n);
    VEC_PUSH(&d->nodes, d->arena, n);
}

static void mark_value(dce *d, const ir_value *v)
{
    if (bitset_has(&d->live_values, v->id))
        return;
    bitset_add(&d->live_values, v->id);
    VEC_PUSH(&d->values, d->arena, v);
}

/* A live node needs its inputs and the nodes around it. If and Loop need their conditions; what they pass on
 * is decided output by output. */
static void visit_node(dce *d, const ir_node *n)
{
    uint32_t n_needed = n->op == OP_prim_If ? 1 : n->op == OP_prim_Loop ? 2 : n->n_inputs;
    for (uint32_t i = 0; i < n_needed; i++)
        mark_value(d, n->inputs[i]);
    if (n->op == OP_prim_Loop)
        mark_value(d, ir_block_output(n->blocks[0], 0));
    if (n->op != OP_prim_If && n->op != OP_prim_Loop)
        for (uint32_t b = 0; b < n->n_blocks; b++)
            for (uint32_t i = 0; i < ir_block_n_outputs(n->blocks[b]); i++)
                mark_value(d, ir_block_output(n->blocks[b], i));
    if (n->block->owner)
        mark_node(d, n->block->owner);
}

static void visit_set(dce *d, alias_set set)
{
    if (set == ALIAS_NONE || bitset_has(&d->live_sets, set))
        return;
    bitset_add(&d->live_sets, set);
    for (const alias_write *w = opt_alias_writes(d->alias, set); w; w = w->next)
        mark_node(d, w->n);
}

static void mark_carried(dce *d, const ir_node *loop, uint32_t slot)
{
    mark_value(d, loop->inputs[slot + 2]);
    mark_value(d, ir_block_output(loop->blocks[0], slot + 1));
}

static void visit_value(dce *d, const ir_value *v)
{
    visit_set(d, opt_alias_set(d->alias, v));
    const ir_node *n = v->node, *owner = n->block->owner;
    if (n->op == OP_prim_Param) {
        if (owner)
            mark_node(d, owner);
        if (owner && owner->op == OP_prim_Loop && v->index > 0)
            mark_carried(d, owner, v->index - 1);
        return;
    }
    mark_node(d, n);
    if (n->op == OP_prim_If)
        for (uint32_t b = 0; b < 2; b++)
            mark_value(d, ir_block_output(n->blocks[b], v->index));
    if (n->op == OP_prim_Loop)
        mark_carried(d, n, v->index);
}

static void note_set(void *ctx, alias_set set)
{
    dce *d = ctx;
    d->writes_outside |= set == ALIAS_WILD;
}

static bool is_root(dce *d, const ir_node *n)
{
    if (n->op == OP_prim_If || n->op == OP_prim_Loop)
        return false;
    d->writes_outside = false;
    opt_alias_each_write(d->alias, n, note_set, d);
    return d->writes_outside || opt_is_visible(n) || n->n_blocks;
}

static void mark(dce *d, const ir_graph *g)
{
    for (uint32_t i = 0; i < ir_block_n_outputs(g->body); i++)
        mark_value(d, ir_block_output(g->body, i));
    IR_EACH_NODE_DEEP(n, g)
        if (is_root(d, n))
            mark_node(d, n);
    while (d->values.n || d->nodes.n) {
        if (d->values.n)
            visit_value(d, d->values.at[--d->values.n]);
        else
            visit_node(d, d->nodes.at[--d->nodes.n]);
    }
}

/* ---- sweeping ---------------------------------------------------------------------------------------- */

static bool slot_is_live(const dce *d, const ir_node *n, uint32_t i)
{
    return bitset_has(&d->live_values, n->outputs[i]->id)
           || (n->op == OP_prim_Loop
               && bitset_has(&d->live_values, ir_block_input(n->blocks[0], i + 1)->id));
}

static void drop_all_uses(ir_node *n)
{
    ir_remove_inputs(n);
    for (uint32_t b = 0; b < n->n_blocks; b++)
        ir_remove_inputs(n->blocks[b]->ret);
}

/* First let go of what dead nodes and dead outputs use, so that order does not matter afterwards. */
static void drop_uses(dce *d, ir_graph *g)
{
    IR_EACH_NODE_DEEP(n, g) {
        if (!ptrmap_has(&d->live_nodes, n)) {
            drop_all_uses(n);
            continue;
        }
        if (n->op != OP_prim_If && n->op != OP_prim_Loop)
            continue;
        uint32_t shift = n->op == OP_prim_Loop ? 1 : 0;
        for (uint32_t i = n->n_outputs; i-- > 0;) {
            if (slot_is_live(d, n, i))
                continue;
            for (uint32_t b = 0; b < n->n_blocks; b++)
                ir_remove_input(n->blocks[b]->ret, i + shift);
            if (shift)
                ir_remove_input(n, i + 2);
        }
    }
}

static bool sweep(dce *d, ir_graph *g)
{
    bool progress = false;
    for (ir_node *n = ir_last_deep(g), *before; n; n = before) {
        before = ir_prev_deep(n);
        if (!ptrmap_has(&d->live_nodes, n)) {
            ir_node_remove(n);
            progress = true;
            continue;
        }
        if (n->op != OP_prim_If && n->op != OP_prim_Loop)
            continue;
        for (uint32_t i = n->n_outputs; i-- > 0;) {
            if (slot_is_live(d, n, i))
                continue;
            ir_remove_output(n, i);
            if (n->op == OP_prim_Loop)
                ir_remove_output(n->blocks[0]->param, i + 1);
            progress = true;
        }
    }
    return progress;
}

bool opt_dce(ir_graph *g, opt_ctx *cx)
{
    dce d = { .cx = cx, .alias = opt_alias(cx, g), .arena = &cx->scratch };
    if (!d.alias)
        return false;
    bitset_init(&d.live_values, d.arena);
    bitset_init(&d.live_sets, d.arena);
    ptrmap_init(&d.live_nodes, d.arena);
    mark(&d, g);
    if (arena_failed(d.arena))
        return false; // half a mark is no reason to remove anything
    drop_uses(&d, g);
    return sweep(&d, g);
}
