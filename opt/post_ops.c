/* Post-ops: a convolution or linear layer takes the addition and the ReLU behind it along, so that its primitive applies
 * them to what it has in registers (post_ops.def says which layers and which operators).
 *
 * Only in modules whose owner asked for it (jit_freeze_options.optimize_for_inference): oneDNN's clamp gives 0 for NaN, and
 * a sum may be rounded in another order. Layers take nothing else that PyTorch's pass of that name would not.
 *
 * What is taken must follow the layer at once, constants apart, and be the only reader of its result. So nothing moves
 * across a node that could write to an operand, and no alias analysis is asked; after channels_last the layers
 * of networks stand so. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

#include "ir/function.h"

enum { MOST_INPUTS = 8, MOST_TAKEN = 2 };

typedef struct layer_row {
    op_id op, with;
    int n_inputs;
    uint8_t inputs[MOST_INPUTS];
} layer_row;

#define COUNT(...) (sizeof((uint8_t[]){ __VA_ARGS__ }))
static const layer_row layers[] = {
#define LAYER(op, with, ...) { OP_##op, OP_##with, COUNT(__VA_ARGS__), { __VA_ARGS__ } },
#define CLAMP(op, low, high)
#include "opt/post_ops.def"
};

typedef struct bound {
    enum { BOUND_NONE, BOUND_NUMBER, BOUND_INPUT } kind;
    int at;                  /* the number, or which input */
} bound;

typedef struct clamp_row {
    op_id op;
    bound low, high;
} clamp_row;

static const clamp_row clamps[] = {
#define NUMBER(n) { BOUND_NUMBER, n }
#define INPUT(i)  { BOUND_INPUT, i }
#define NOTHING   { BOUND_NONE, 0 }
#define LAYER(op, with, ...)
#define CLAMP(op, low, high) { OP_##op, low, high },
#include "opt/post_ops.def"
};

/* A layer and what it takes: result = clamp(layer + other, low, high). */
typedef struct taken {
    const layer_row *row;
    ir_node *layer, *nodes[MOST_TAKEN]; /* nodes: in order */
    int n;
    ir_value *other;                    /* NULL: nothing is added */
    bool is_swapped, is_in_place;       /* other is the addition's first operand; it writes there */
    const clamp_row *clamp;
} taken;

static const layer_row *find_layer(op_id op)
{
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (layers[i].op == op) return &layers[i];
    return NULL;
}

/* The operator that n is, or is the in-place form of. */
static op_id plain_op(const ir_node *n)
{
    const op_info *info = op_get_info((op_id)n->op);
    return info->variant == OP_INPLACE ? (op_id)info->base : (op_id)n->op;
}

static const clamp_row *find_clamp(const ir_node *n)
{
    for (size_t i = 0; i < sizeof clamps / sizeof *clamps; i++)
        if (clamps[i].op == plain_op(n)) return &clamps[i];
    return NULL;
}

/* May an operator that writes to v be one that does not, because v is a layer's result that nobody else reads? */
static bool is_fresh(const ir_value *v) { return v->n_uses == 1 && find_layer((op_id)v->node->op); }

static bool take_addition(taken *t, const ir_node *n, const ir_value *result)
{
    jit_value alpha;
    if (t->n || plain_op(n) != OP_aten_add_Tensor || !ir_value_constant(n->inputs[2], &alpha) || alpha.tag != VALUE_INT ||
        alpha.i != 1)
        return false;
    t->is_swapped = n->inputs[1] == result;
    t->is_in_place = n->op != OP_aten_add_Tensor;
    if (t->is_in_place && t->is_swapped && !is_fresh(n->inputs[0])) return false;
    t->other = n->inputs[t->is_swapped ? 0 : 1];
    return true;
}

static ir_node *next_computing(ir_node *n)
{
    do n = n->next;
    while (n->op == OP_prim_Constant);
    return n;
}

/* Adds the next node to what the layer takes. */
static bool take_next(taken *t)
{
    ir_node *last = t->n ? t->nodes[t->n - 1] : t->layer, *n = next_computing(last);
    const ir_value *result = last->outputs[0];
    if (t->clamp || result->n_uses != 1 || result->uses->user != n) return false;
    t->clamp = find_clamp(n);
    if (t->clamp ? n->inputs[0] != result : !take_addition(t, n, result)) return false;
    t->nodes[t->n++] = n;
    return true;
}

static ir_value *bound_value(ir_builder *b, const ir_node *clamp, bound which)
{
    return which.kind == BOUND_INPUT    ? clamp->inputs[which.at]
           : which.kind == BOUND_NUMBER ? ir_build_constant(b, VALUE_INT_V(which.at), T_INT)
                                        : ir_build_constant(b, VALUE_NONE_V, T_NONE);
}

static void rewrite(ir_graph *g, const taken *t)
{
    static const clamp_row no_clamp;
    ir_node *last = t->nodes[t->n - 1], *with = ir_node_new(g, t->row->with, t->layer->at);
    ir_builder b = { .g = g, .at = last, .range = t->layer->at };
    const clamp_row *clamp = t->clamp ? t->clamp : &no_clamp;
    for (int i = 0; i < t->row->n_inputs; i++) ir_add_input(with, t->layer->inputs[t->row->inputs[i]]);
    ir_add_input(with, t->other ? t->other : ir_build_constant(&b, VALUE_NONE_V, T_NONE));
    ir_add_input(with, ir_build_constant(&b, VALUE_BOOL_V(t->is_swapped), T_BOOL));
    ir_add_input(with, ir_build_constant(&b, VALUE_BOOL_V(t->is_in_place), T_BOOL));
    ir_add_input(with, bound_value(&b, last, clamp->low));
    ir_add_input(with, bound_value(&b, last, clamp->high));
    ir_add_output(with, last->outputs[0]->type);
    ir_node_insert_before(with, last);
    ir_replace_uses(last->outputs[0], with->outputs[0]);
    for (int i = t->n; i-- > 0;) ir_node_remove(t->nodes[i]);
    ir_node_remove(t->layer);
}

bool opt_post_ops(ir_graph *g, opt_ctx *cx)
{
    (void)cx;
    bool progress = false;
    if (!g->unit || !g->unit->is_for_inference) return false;
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        taken t = { .row = find_layer((op_id)n->op), .layer = n };
        next = ir_next_deep(n);
        if (!t.row) continue;
        while (t.n < MOST_TAKEN && take_next(&t)) { }
        if (!t.n) continue;
        next = ir_next_deep(t.nodes[t.n - 1]);
        rewrite(g, &t);
        progress = true;
    }
    return progress;
}
