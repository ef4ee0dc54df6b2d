/* Peephole rewrites: nodes whose result is known from what produced their inputs.
 *
 * One rule, one function, one row in `rules`: it gets a node of its operator and gives the value that replaces
 * the node's only output, or NULL. Rules that look into a list need that nobody writes to it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/alias.h"

#include <string.h>

typedef struct peephole {
    ir_graph *g;
    opt_ctx *cx;
} peephole;

/* The ListConstruct that made v, if nobody ever changes the list. */
static const ir_node *fixed_list(peephole *p, const ir_value *v)
{
    if (v->node->op != OP_prim_ListConstruct)
        return NULL;
    if (ir_list_is_only_read(v))
        return v->node;
    opt_alias_info *a = opt_alias(p->cx, p->g);
    if (!a)
        return NULL;
    alias_set s = opt_alias_set(a, v);
    return s != ALIAS_WILD && !opt_alias_writes(a, s) ? v->node : NULL;
}

static ir_value *constant(peephole *p, ir_node *n, jit_value v, const type *t)
{
    ir_builder b = { .g = p->g, .at = n, .range = n->at };
    return ir_build_constant(&b, v, t);
}

static bool is_int(const ir_value *v, int64_t i)
{
    jit_value c;
    return ir_value_constant(v, &c) && c.tag == VALUE_INT && c.i == i;
}

/* ---- rules ------------------------------------------------------------------------------------------- */

static ir_value *cast_to_itself(peephole *p, ir_node *n)
{
    (void)p;
    return n->inputs[0]->type == n->outputs[0]->type ? n->inputs[0] : NULL;
}

static ir_value *not_not(peephole *p, ir_node *n)
{
    (void)p;
    const ir_node *inner = n->inputs[0]->node;
    return inner->op == n->op ? inner->inputs[0] : NULL;
}

/* x is None, decided by the type of x; and whether a tensor is itself. */
static ir_value *compare_identity(peephole *p, ir_node *n, bool is)
{
    const ir_value *x = n->inputs[0], *y = n->inputs[1];
    bool is_one_tensor = x == y && x->type->kind == TYPE_TENSOR;
    if (is_one_tensor || (x->type == T_NONE && y->type == T_NONE))
        return constant(p, n, VALUE_BOOL_V(is), T_BOOL);
    if (x->type == T_NONE) {
        const ir_value *swap = x;
        x = y;
        y = swap;
    }
    type_kind k = (type_kind)x->type->kind;
    bool may_be_none = k == TYPE_OPTIONAL || k == TYPE_UNION || k == TYPE_ANY || k == TYPE_VAR
                       || k == TYPE_NONE || k == TYPE_ERROR;
    return y->type == T_NONE && !may_be_none ? constant(p, n, VALUE_BOOL_V(!is), T_BOOL) : NULL;
}

static ir_value *is_none(peephole *p, ir_node *n)
{
    return compare_identity(p, n, true);
}

static ir_value *is_not_none(peephole *p, ir_node *n)
{
    return compare_identity(p, n, false);
}

static ir_value *length_of_literal(peephole *p, ir_node *n)
{
    const ir_node *made = fixed_list(p, n->inputs[0]);
    return made ? constant(p, n, VALUE_INT_V(made->n_inputs), T_INT) : NULL;
}

static ir_value *element_of_literal(peephole *p, ir_node *n)
{
    const ir_node *made = fixed_list(p, n->inputs[0]);
    jit_value index;
    if (!made || !ir_value_constant(n->inputs[1], &index) || index.tag != VALUE_INT)
        return NULL;
    int64_t i = index.i < 0 ? index.i + made->n_inputs : index.i;
    return i >= 0 && i < made->n_inputs ? made->inputs[i] : NULL;
}

static ir_value *add_zero(peephole *p, ir_node *n)
{
    (void)p;
    return is_int(n->inputs[1], 0) ? n->inputs[0] : is_int(n->inputs[0], 0) ? n->inputs[1] : NULL;
}

static ir_value *subtract_zero(peephole *p, ir_node *n)
{
    (void)p;
    return is_int(n->inputs[1], 0) ? n->inputs[0] : NULL;
}

static ir_value *multiply_by_one(peephole *p, ir_node *n)
{
    (void)p;
    return is_int(n->inputs[1], 1) ? n->inputs[0] : is_int(n->inputs[0], 1) ? n->inputs[1] : NULL;
}

typedef struct rule {
    const char *name, *overload;
    uint32_t n_inputs;
    ir_value *(*apply)(peephole *p, ir_node *n);
} rule;

static const rule rules[] = {
    { "prim::unchecked_cast", "", 1, cast_to_itself },
    { "aten::__not__", "", 1, not_not },
    { "aten::__is__", "", 2, is_none },
    { "aten::__isnot__", "", 2, is_not_none },
    { "aten::len", "t", 1, length_of_literal },
    { "aten::__getitem__", "t", 2, element_of_literal },
    { "aten::add", "int", 2, add_zero },
    { "aten::sub", "int", 2, subtract_zero },
    { "aten::mul", "int", 2, multiply_by_one },
};

/* ---- nodes with several results ---------------------------------------------------------------------- */

static bool unpack_literal(peephole *p, ir_node *n)
{
    const ir_node *made = fixed_list(p, n->inputs[0]);
    if (!made || made->n_inputs != n->n_outputs)
        return false;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        ir_replace_uses(n->outputs[i], made->inputs[i]);
    ir_node_remove(n);
    return true;
}

/* If(not c) A else B → If(c) B else A */
static bool turn_if(ir_node *n, op_id not_op)
{
    const ir_node *condition = n->inputs[0]->node;
    if (condition->op != not_op || condition->n_inputs != 1)
        return false;
    ir_set_input(n, 0, condition->inputs[0]);
    ir_block *swap = n->blocks[0];
    n->blocks[0] = n->blocks[1];
    n->blocks[1] = swap;
    return true;
}

/* float(i) and int(f) are resolved as conversions of any number; where the type is known there is a plain one,
 * which the VM computes in registers. */
static bool narrow_conversion(ir_node *n)
{
    static const struct {
        uint16_t from, to;
        type_kind operand;
    } narrower[] = {
        { OP_aten_Float_Scalar, OP_aten_Float_int, TYPE_INT },
        { OP_aten_Float_Scalar, OP_aten_Float_bool, TYPE_BOOL },
        { OP_aten_Int_Scalar, OP_aten_Int_float, TYPE_FLOAT },
        { OP_aten_Int_Scalar, OP_aten_Int_bool, TYPE_BOOL },
    };
    for (size_t i = 0; i < sizeof narrower / sizeof *narrower; i++)
        if (n->op == narrower[i].from && n->inputs[0]->type->kind == narrower[i].operand) {
            n->op = narrower[i].to;
            return true;
        }
    return false;
}

bool opt_peephole(ir_graph *g, opt_ctx *cx)
{
    enum { N_RULES = sizeof rules / sizeof *rules };
    op_id ops[N_RULES];
    for (size_t i = 0; i < N_RULES; i++)
        ops[i] = op_find(rules[i].name, rules[i].overload);
    op_id not_op = op_find("aten::__not__", "");
    peephole p = { g, cx };
    bool progress = false;
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        next = ir_next_deep(n);
        if (n->op == OP_prim_ListUnpack) {
            progress |= unpack_literal(&p, n);
            continue;
        }
        if (n->op == OP_prim_If) {
            bool turned = turn_if(n, not_op);
            progress |= turned;
            next = turned ? ir_next_deep(n) : next;
            continue;
        }
        progress |= narrow_conversion(n);
        ir_value *v = NULL;
        for (size_t i = 0; !v && n->n_outputs == 1 && i < N_RULES; i++)
            if (ops[i] == n->op && n->op != OP_NONE && n->n_inputs == rules[i].n_inputs)
                v = rules[i].apply(&p, n);
        if (!v || !type_is_subtype(v->type, n->outputs[0]->type))
            continue;
        ir_replace_uses(n->outputs[0], v);
        ir_node_remove(n);
        progress = true;
    }
    return progress;
}
