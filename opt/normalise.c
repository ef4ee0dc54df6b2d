/* Normalising operators: aliases get their common name (absolute → abs), rsub(a, b) becomes sub(b, a), `is`
 * on two bools is a comparison. Later passes and back ends then know one operator per meaning. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

#include <string.h>

static bool takes_same(const schema *a, const schema *b)
{
    bool same = a && b && a->n_args == b->n_args;
    for (int k = 0; same && k < a->n_args; k++)
        same = a->args[k].type == b->args[k].type;
    return same;
}

/* The operator of the common name whose arguments are the same. Overloads are mostly named alike; special_round's is
 * round.decimals. */
static op_id common_operator(op_id op)
{
    const char *name = op_name(op), *common = op_normalised_name(name);
    if (common == name || strcmp(common, name) == 0)
        return op;
    op_id found = op_find(common, op_overload(op));
    if (found == OP_NONE || takes_same(op_schema(op), op_schema(found)))
        return found == OP_NONE ? op : found;
    size_t n;
    const uint16_t *others = op_find_all(common, &n);
    for (size_t i = 0; i < n; i++)
        if (takes_same(op_schema(op), op_schema((op_id)others[i])))
            return (op_id)others[i];
    return op;
}

static op_id bool_comparison(const ir_node *n)
{
    bool is = strcmp(op_name((op_id)n->op), "aten::__is__") == 0;
    if (!is && strcmp(op_name((op_id)n->op), "aten::__isnot__") != 0)
        return (op_id)n->op;
    if (n->n_inputs != 2 || n->inputs[0]->type != T_BOOL || n->inputs[1]->type != T_BOOL)
        return (op_id)n->op;
    op_id found = op_find(is ? "aten::eq" : "aten::ne", "bool");
    return found == OP_NONE ? (op_id)n->op : found;
}

static bool swap_rsub(ir_node *n)
{
    if (strcmp(op_name((op_id)n->op), "aten::rsub") != 0 || strcmp(op_overload((op_id)n->op), "Tensor") != 0)
        return false;
    op_id sub = op_find("aten::sub", "Tensor");
    if (sub == OP_NONE || n->n_inputs < 2)
        return false;
    ir_value *a = n->inputs[0], *b = n->inputs[1];
    ir_set_input(n, 0, b);
    ir_set_input(n, 1, a);
    n->op = (uint16_t)sub;
    return true;
}

bool opt_normalise(ir_graph *g, opt_ctx *cx)
{
    (void)cx;
    bool progress = false;
    IR_EACH_NODE_DEEP(n, g) {
        op_id op = common_operator((op_id)n->op);
        if (op == n->op)
            op = bool_comparison(n);
        progress |= op != n->op;
        n->op = (uint16_t)op;
        progress |= swap_rsub(n);
    }
    return progress;
}
