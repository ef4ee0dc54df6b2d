/* Structural rewrites: the rows of rules.def.
 *
 * A row is two graphs as text. They are parsed when a node of the row's root operator is met, so graphs without
 * one cost nothing. A match is a walk over the pattern's operands from its root backwards; the pattern is small, so
 * that recursion is bounded by the table. What replaces it stands where the root stood, so nothing may write in
 * between to what the inner nodes read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/alias.h"

#include <assert.h>
#include <string.h>

enum { MAX_VALUES = 64, MAX_INNER = 4, MAX_RULES = 96 };

typedef struct match {
    const ir_graph *before;
    const ir_node *root;                 /* in the graph */
    ir_value *bound[MAX_VALUES];         /* by id of the pattern's value */
    const ir_node *inner[MAX_INNER];     /* matched nodes apart from the root */
    int n_inner;
} match;

/* ---- conditions ------------------------------------------------------------------------------------ */

/* The value a name of the pattern stands for. */
static const ir_value *find_bound(const match *m, const char *name)
{
    const ir_value *p = strmap_find(&m->before->names, name);
    return p ? m->bound[p->id] : NULL;
}

/* The constant tensor a name stands for, or NULL. */
static const tensor *find_tensor(const match *m, const char *name)
{
    const ir_value *v = find_bound(m, name);
    jit_value c;
    return v && ir_value_constant(v, &c) && c.tag == VALUE_TENSOR ? c.t : NULL;
}

static bool is_false(const match *m, const char *name)
{
    jit_value c;
    return ir_value_constant(find_bound(m, name), &c) && c.tag == VALUE_BOOL && !c.b;
}

static bool is_unchanged(const match *m)
{
    jit_value p;
    if (!is_false(m, "train") || !ir_value_constant(find_bound(m, "p"), &p))
        return false;
    double rate = p.tag == VALUE_FLOAT ? p.f : p.tag == VALUE_INT ? (double)p.i : -1;
    return rate >= 0 && rate <= 1; // others raise
}

static bool is_norm_of_constants(const match *m)
{
    jit_value eps;
    const tensor *mean = find_tensor(m, "mean"), *var = find_tensor(m, "var");
    return mean && var && is_false(m, "training") && ir_value_constant(find_bound(m, "eps"), &eps)
           && dtype_is_float(tensor_dtype(mean)) && tensor_dtype(mean) == tensor_dtype(var) && mean->n_dims == 1
           && tensor_same_sizes(mean, var);
}

/* Is the named one constant and shaped as the means are? */
static bool is_like_mean(const match *m, const char *name)
{
    const tensor *t = find_tensor(m, name), *mean = find_tensor(m, "mean");
    return t && tensor_dtype(t) == tensor_dtype(mean) && tensor_same_sizes(t, mean);
}

/* weight_rank: the dimensions the rule gives its scale, which must be the weight's. */
static bool folds_norm(const match *m, int weight_rank)
{
    const tensor *w = find_tensor(m, "w"), *mean = find_tensor(m, "mean");
    const ir_value *b = find_bound(m, "b"), *transposed = find_bound(m, "transposed");
    if (!w || !is_norm_of_constants(m) || !is_like_mean(m, "gamma") || !is_like_mean(m, "beta"))
        return false;
    if (!ir_value_is_none(b) && !is_like_mean(m, "b"))
        return false;
    if (transposed && !is_false(m, "transposed"))
        return false;
    return m->root->inputs[0]->n_uses == 1 && tensor_dtype(w) == tensor_dtype(mean) && w->n_dims == weight_rank
           && w->sizes[0] == mean->sizes[0];
}

static bool folds_norm_2(const match *m) { return folds_norm(m, 3); }
static bool folds_norm_3(const match *m) { return folds_norm(m, 4); }
static bool folds_norm_4(const match *m) { return folds_norm(m, 5); }

/* Not where it was done already: in the branch for what is no matrix. */
static bool folds_norm_of_linear(const match *m)
{
    const ir_node *owner = m->root->block->owner;
    const ir_node *test = owner && owner->op == OP_prim_If ? owner->inputs[0]->node : NULL;
    const ir_node *rank = test && test->op == OP_aten_eq_int ? test->inputs[0]->node : NULL;
    if (rank && rank->op == OP_aten_dim && rank->inputs[0] == find_bound(m, "x"))
        return false;
    return folds_norm(m, 2);
}

/* ---- the table --------------------------------------------------------------------------------------- */

typedef struct rule {
    op_id root;
    const char *name;
    bool (*condition)(const match *m);
    const char *before, *after;
} rule;

static const rule rules[] = {
#define RULE(root, name, condition, before, after) { OP_##root, name, condition, before, after },
#define KEEPS_RANK(op)
#include "opt/rules.def"
};
_Static_assert(sizeof rules / sizeof *rules <= MAX_RULES, "the parsed rules have no place");

typedef struct rewriting {
    ir_graph *g;
    opt_ctx *cx;
    ir_graph *before[MAX_RULES], *after[MAX_RULES]; /* parsed when first needed */
} rewriting;

/* NULL: no memory. The texts are ours, so they parse. */
static ir_graph *parse_once(ir_graph **place, const char *graph_text)
{
    if (*place)
        return *place;
    diag d;
    diag_init(&d);
    source *src = source_new("<rule>", graph_text, strlen(graph_text));
    if (src)
        *place = ir_parse(src, NULL, &d);
    assert(*place || !d.n_errors);
    source_unref(src);
    diag_fini(&d);
    return *place;
}

/* ---- matching -------------------------------------------------------------------------------------- */

static bool match_node(match *m, const ir_node *p, const ir_node *n);

static bool match_value(match *m, const ir_value *p, ir_value *v)
{
    ir_value **bound = &m->bound[p->id];
    if (*bound)
        return *bound == v;
    *bound = v;
    if (p->node->op == OP_prim_Param)
        return (p->type->kind == TYPE_NONE) == ir_value_is_none(v);
    if (p->index != v->index || v->node->block != m->root->block || m->n_inner == MAX_INNER)
        return false;
    m->inner[m->n_inner++] = v->node;
    return match_node(m, p->node, v->node);
}

static bool match_node(match *m, const ir_node *p, const ir_node *n)
{
    bool same = p->op == n->op && p->n_inputs == n->n_inputs;
    for (uint32_t i = 0; same && i < p->n_inputs; i++)
        same = match_value(m, p->inputs[i], n->inputs[i]);
    return same;
}

typedef struct written {
    opt_alias_info *a;
    const ir_node *reader;
    bool is_read;
} written;

static void note_read(void *ctx, alias_set set)
{
    written *w = ctx;
    for (uint32_t i = 0; i < w->reader->n_inputs; i++)
        w->is_read |= opt_alias_set(w->a, w->reader->inputs[i]) == set;
}

/* Does anything between an inner node and the root write to what the inner node reads? */
static bool is_disturbed(rewriting *r, const match *m)
{
    written w = { .a = opt_alias(r->cx, r->g) };
    for (int i = 0; w.a && i < m->n_inner; i++) {
        w.reader = m->inner[i];
        for (const ir_node *n = ir_next_skip(w.reader); n && n != m->root; n = ir_next_deep(n))
            opt_alias_each_write(w.a, n, note_read, &w);
    }
    return !w.a || w.is_read;
}

/* ---- rewriting --------------------------------------------------------------------------------------- */

static void replace(rewriting *r, ir_node *root, const match *m, const ir_graph *after)
{
    ir_value *args[MAX_VALUES], *out = NULL;
    ir_node *last = root->prev;
    for (uint32_t i = 0; i < ir_block_n_inputs(after->body); i++)
        args[i] = m->bound[ir_block_input(m->before->body, i)->id];
    ir_block_copy(after->body, root->block, root, args, &out);
    for (ir_node *n = last->next; n != root; n = ir_next_deep(n)) { // messages tell of the user's line
        n->at = root->at;
        n->callee_of = root->callee_of;
        n->called_from = root->called_from;
    }
    if (!out || ir_graph_failed(r->g))
        return;
    ir_replace_uses(root->outputs[0], out);
    ir_node_remove(root);
}

static bool try_rule(rewriting *r, size_t i, ir_node *n)
{
    const ir_graph *before = parse_once(&r->before[i], rules[i].before);
    match m = { .before = before, .root = n };
    if (!before || before->n_values > MAX_VALUES)
        return false;
    if (!match_node(&m, ir_block_output(before->body, 0)->node, n) || !rules[i].condition(&m) || is_disturbed(r, &m))
        return false;
    const ir_graph *after = parse_once(&r->after[i], rules[i].after);
    if (!after)
        return false;
    replace(r, n, &m, after);
    opt_alias_drop(r->cx);
    return true;
}

static bool keeps_rank(op_id op)
{
    switch (op) {
#define RULE(root, name, condition, before, after)
#define KEEPS_RANK(op) case OP_##op:
#include "opt/rules.def"
        return true;
    default:
        return false;
    }
}

/* May the node give a tensor that exists another number of dimensions? */
static bool changes_rank(const ir_node *n)
{
    static const char *const names[] = { "aten::squeeze_", "aten::unsqueeze_", "aten::resize_", "aten::resize_as_",
                                         "aten::set_", "aten::set_data", "aten::as_strided_", "prim::CallMethod",
                                         "prim::CallFunction", "prim::fork", "prim::Enter", "prim::Exit", NULL };
    const op_info *info = op_get_info((op_id)n->op);
    if (info->variant == OP_OUT)
        return true;
    for (size_t i = 0; names[i]; i++)
        if (!strcmp(op_name((op_id)n->op), names[i]))
            return true;
    return false;
}

static bool all_keep_rank(const ir_graph *g)
{
    IR_EACH_NODE_DEEP(n, g)
        if (changes_rank(n))
            return false;
    return true;
}

/* dim() asks the first operand of what keeps it. */
static bool move_dim(ir_node *n)
{
    bool progress = false;
    while (n->op == OP_aten_dim && keeps_rank((op_id)n->inputs[0]->node->op) && n->inputs[0]->node->n_outputs == 1) {
        ir_set_input(n, 0, n->inputs[0]->node->inputs[0]);
        progress = true;
    }
    return progress;
}

bool opt_rules(ir_graph *g, opt_ctx *cx)
{
    enum { N_RULES = sizeof rules / sizeof *rules };
    rewriting r = { .g = g, .cx = cx };
    bool progress = false, moves_dim = all_keep_rank(g);
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        next = ir_next_deep(n);
        progress |= moves_dim && move_dim(n);
        for (size_t i = 0; i < N_RULES; i++)
            if (rules[i].root == (op_id)n->op && try_rule(&r, i, n)) {
                progress = true;
                break;
            }
    }
    for (size_t i = 0; i < N_RULES; i++) {
        ir_graph_free(r.before[i]);
        ir_graph_free(r.after[i]);
    }
    return progress;
}
