/* Common subexpression elimination: a pure node equal to one that dominates it is replaced by it.
 *
 * In nested blocks dominance is scope: an earlier node dominates a later one if its block holds the later one,
 * so the walk needs no dominator tree; candidates that do not are skipped in the hash chain. Nodes that touch
 * memory somebody writes, and pairs whose results both may be seen from outside (there they are two objects), are
 * left alone. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "opt/alias.h"

#include <string.h>

typedef struct candidate {
    ir_node *n;
    struct candidate *next; /* same hash */
} candidate;

static uint64_t mix(uint64_t h, uint64_t x)
{
    return hash_u64(h ^ (x + 0x9e3779b97f4a7c15u + (h << 6)));
}

static uint64_t hash_node(const ir_node *n)
{
    uint64_t h = mix(n->op, n->n_inputs);
    for (uint32_t i = 0; i < n->n_inputs; i++)
        h = mix(h, n->inputs[i]->id);
    for (const ir_attr *a = n->attrs; a; a = a->next)
        h = mix(h, hash_bytes(a->name, strlen(a->name)));
    return h;
}

static bool same_attr(const ir_attr *a, const ir_attr *b)
{
    if (strcmp(a->name, b->name) != 0 || a->kind != b->kind)
        return false;
    switch (a->kind) {
    case IR_ATTR_INT: return a->i == b->i;
    case IR_ATTR_FLOAT: return memcmp(&a->f, &b->f, sizeof a->f) == 0;
    case IR_ATTR_STR: return strcmp(a->s, b->s) == 0;
    case IR_ATTR_TYPE: return a->t == b->t;
    case IR_ATTR_TYPES:
        return a->types.n == b->types.n
               && (!a->types.n || !memcmp(a->types.at, b->types.at, a->types.n * sizeof *a->types.at));
    case IR_ATTR_VALUE:
    case IR_ATTR_GRAPH: return false;
    }
    return false;
}

static bool same_node(const ir_node *a, const ir_node *b)
{
    if (a->op != b->op || a->n_inputs != b->n_inputs || a->n_outputs != b->n_outputs)
        return false;
    for (uint32_t i = 0; i < a->n_inputs; i++)
        if (a->inputs[i] != b->inputs[i])
            return false;
    for (uint32_t i = 0; i < a->n_outputs; i++)
        if (a->outputs[i]->type != b->outputs[i]->type)
            return false;
    const ir_attr *x = a->attrs, *y = b->attrs;
    while (x && y && same_attr(x, y)) {
        x = x->next;
        y = y->next;
    }
    return !x && !y;
}

static void note_write(void *ctx, alias_set set)
{
    (void)set;
    *(bool *)ctx = true;
}

static bool is_written(opt_alias_info *a, const ir_value *v)
{
    alias_set s = opt_alias_set(a, v);
    return s != ALIAS_NONE && opt_alias_writes(a, s);
}

static bool may_share(opt_alias_info *a, const ir_node *n)
{
    const op_info *info = op_get_info((op_id)n->op);
    bool writes = false;
    if (n->n_blocks || n->n_outputs == 0 || opt_is_visible(n) || n->op == OP_prim_Constant
        || n->op == OP_prim_CreateObject || n->op == OP_prim_Uninitialized || !(info->traits & OP_PURE))
        return false;
    opt_alias_each_write(a, n, note_write, &writes);
    for (uint32_t i = 0; !writes && i < n->n_inputs; i++)
        writes |= is_written(a, n->inputs[i]);
    for (uint32_t i = 0; !writes && i < n->n_outputs; i++)
        writes |= is_written(a, n->outputs[i]);
    return !writes;
}

static bool both_seen(opt_alias_info *a, const ir_node *x, const ir_node *y)
{
    for (uint32_t i = 0; i < x->n_outputs; i++)
        if (opt_alias_set(a, x->outputs[i]) == ALIAS_WILD && opt_alias_set(a, y->outputs[i]) == ALIAS_WILD)
            return true;
    return false;
}

/* The walk never returns to a block it left: candidates there are dropped, not met again. */
static ir_node *find_equal(opt_alias_info *a, candidate **chain, const ir_node *n)
{
    for (candidate **at = chain; *at;) {
        candidate *c = *at;
        if (same_node(c->n, n)) {
            if (!ir_block_holds(c->n->block, n)) {
                *at = c->next;
                continue;
            }
            if (!both_seen(a, c->n, n))
                return c->n;
        }
        at = &c->next;
    }
    return NULL;
}

bool opt_cse(ir_graph *g, opt_ctx *cx)
{
    opt_alias_info *a = opt_alias(cx, g);
    if (!a)
        return false;
    bool progress = false;
    ptrmap known; // hash → candidate *
    ptrmap_init(&known, &cx->scratch);
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        next = ir_next_deep(n);
        if (!may_share(a, n))
            continue;
        const void *key = (const void *)(uintptr_t)(hash_node(n) | 1);
        candidate *first = ptrmap_find(&known, key);
        ir_node *same = find_equal(a, &first, n);
        if (same) {
            for (uint32_t i = 0; i < n->n_outputs; i++)
                ir_replace_uses(n->outputs[i], same->outputs[i]);
            ir_node_remove(n);
            progress = true;
            continue;
        }
        candidate *c = ARENA_NEW(&cx->scratch, candidate);
        *c = (candidate){ n, first };
        ptrmap_set(&known, key, c);
    }
    return progress;
}
