/* Writes nobody sees: removes in-place operators whose target nobody reads afterwards.
 *
 * This is the reference's rule for dead writes, and programs can tell: a list or tuple literal counts as a
 * reader of its elements where it is made, not where it is returned. So in
 *
 *     row = [0, 0]
 *     m = [row]
 *     row[1] = 5
 *     return m           # [[0, 0]], where Python gives [[0, 5]]
 *
 * the write is gone, and stays where row or m[0] is looked at later, or where m met anything but plain reads of
 * its elements. pytorch: torch/csrc/jit/passes/dead_code_elimination.cpp, which asks whether a write may alias a
 * live value and does not ask what live values contain. Writes are candidates together; each that has a
 * reader left is kept and is then a reader itself, until nothing changes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"
#include "opt/alias.h"

typedef struct unseen {
    opt_alias_info *alias;
    arena *arena;
    ptrmap candidates;       /* node → itself */
    alias_set set;           /* of the write being asked about */
    bool is_private;         /* every set a node writes to is known and not outside's */
} unseen;

static void note_set(void *ctx, alias_set set)
{
    unseen *u = ctx;
    u->is_private = u->set == ALIAS_NONE && set != ALIAS_WILD;
    u->set = set;
}

/* The one set that n writes to, if nothing else about n matters; else ALIAS_NONE. */
static alias_set private_write(unseen *u, const ir_node *n)
{
    if (n->n_blocks || opt_is_visible(n))
        return ALIAS_NONE;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i]->n_uses)
            return ALIAS_NONE;
    u->set = ALIAS_NONE;
    u->is_private = false;
    opt_alias_each_write(u->alias, n, note_set, u);
    return u->is_private ? u->set : ALIAS_NONE;
}

/* Looks at a container without looking into its elements. */
static bool is_shallow(const ir_node *n)
{
    switch ((op_id)n->op) {
    case OP_prim_ListConstruct: case OP_prim_TupleConstruct: case OP_prim_TupleUnpack: case OP_prim_TupleIndex:
    case OP_prim_ListUnpack: case OP_aten___getitem___t: case OP_aten_len_t: case OP_prim_If: case OP_prim_Loop:
    case OP_prim_Return:
        return true;
    default: return false;
    }
}

static bool reads(unseen *u, const ir_node *n, alias_set set)
{
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        alias_set s = opt_alias_set(u->alias, n->inputs[i]);
        if (s == set || (s != ALIAS_NONE && !is_shallow(n) && opt_alias_holds(u->alias, s, set)))
            return true;
    }
    return false;
}

/* The innermost loop around n, or NULL. */
static const ir_node *loop_around(const ir_node *n)
{
    const ir_node *owner = n->block->owner;
    while (owner && owner->op != OP_prim_Loop)
        owner = owner->block->owner;
    return owner;
}

/* May n run after w? */
static bool may_follow(const ir_node *w, const ir_node *n)
{
    if (ir_is_before(w, n))
        return true;
    for (const ir_node *loop = loop_around(w); loop; loop = loop_around(loop))
        if (ir_block_holds(loop->blocks[0], n))
            return true;
    return false;
}

static bool has_reader(unseen *u, const ir_graph *g, const ir_node *w, alias_set set)
{
    for (uint32_t i = 0; i < ir_block_n_outputs(g->body); i++)
        if (opt_alias_set(u->alias, ir_block_output(g->body, i)) == set)
            return true;
    IR_EACH_NODE_DEEP(n, g) {
        if (!ptrmap_has(&u->candidates, n) && reads(u, n, set) && may_follow(w, n))
            return true;
        for (uint32_t b = 0; b < n->n_blocks; b++)
            if (reads(u, n->blocks[b]->ret, set) && may_follow(w, n->blocks[b]->ret))
                return true;
    }
    return false;
}

static void keep_what_is_read(unseen *u, const ir_graph *g)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < u->candidates.n; i++) {
            const ir_node *w = u->candidates.entries[i].key;
            if (w && has_reader(u, g, w, private_write(u, w)))
                changed |= ptrmap_remove(&u->candidates, w);
        }
    }
}

static bool run(unseen *u, ir_graph *g)
{
    IR_EACH_NODE_DEEP(n, g)
        if (private_write(u, n) != ALIAS_NONE)
            ptrmap_set(&u->candidates, n, n);
    if (!u->candidates.n || arena_failed(u->arena))
        return false;
    ir_block_number(g->body);
    IR_EACH_NODE_DEEP(n, g)
        for (uint32_t b = 0; b < n->n_blocks; b++)
            ir_block_number(n->blocks[b]);
    keep_what_is_read(u, g);
    bool progress = false;
    for (size_t i = 0; i < u->candidates.n; i++) {
        if (!u->candidates.entries[i].key)
            continue;
        ir_node_remove(u->candidates.entries[i].value);
        progress = true;
    }
    return progress;
}

bool opt_unseen_writes(ir_graph *g, opt_ctx *cx)
{
    unseen u = { .alias = opt_alias_apart(g), .arena = &cx->scratch };
    if (!u.alias)
        return false;
    ptrmap_init(&u.candidates, u.arena);
    bool progress = run(&u, g);
    opt_alias_free(u.alias);
    return progress;
}
