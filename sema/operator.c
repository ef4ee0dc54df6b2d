/* sema/operator.c: unary, binary and comparison operators, augmented assignment.
 *
 * An operator becomes the aten operator of its name, chosen by the operands' types like any call;
 * classes answer with their magic methods. Chains of operators lean left and are folded in a loop.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

/* ---- tables ---- */

/* Every binary operator: operator, magic method, in-place operator (tensors and lists), plain
 * operator of `a op= b` (spec/ir.md §6: `%=` is fmod), in-place magic method. */
static const struct {
    const char *name, *magic, *in_place, *augmented, *augmented_magic;
} binary_names[AST_BINARY__COUNT] = {
    [AST_ADD] = { "aten::add", "__add__", "aten::add_", "aten::add", "__iadd__" },
    [AST_SUB] = { "aten::sub", "__sub__", "aten::sub_", "aten::sub", "__isub__" },
    [AST_MUL] = { "aten::mul", "__mul__", "aten::mul_", "aten::mul", "__imul__" },
    [AST_DIV] = { "aten::div", "__truediv__", "aten::div_", "aten::div", "__itruediv__" },
    [AST_FLOORDIV] = { "aten::floordiv", NULL, NULL, NULL, NULL },
    [AST_MOD] = { "aten::remainder", "__mod__", "aten::fmod_", "aten::fmod", "__imod__" },
    [AST_MATMUL] = { "aten::matmul", NULL, NULL, NULL, NULL },
    [AST_POW] = { "aten::pow", "__pow__", "aten::pow", "aten::pow", NULL },
    [AST_BITAND] = { "aten::__and__", "__and__", "aten::bitwise_and", "aten::__and__", NULL },
    [AST_BITOR] = { "aten::__or__", "__or__", "aten::bitwise_or", "aten::__or__", NULL },
    [AST_BITXOR] = { "aten::__xor__", "__xor__", "aten::bitwise_xor", "aten::__xor__", NULL },
    [AST_LSHIFT] = { "aten::__lshift__", "__lshift__", "aten::__lshift__", "aten::__lshift__",
                     NULL },
    [AST_RSHIFT] = { "aten::__rshift__", "__rshift__", "aten::__irshift__", "aten::__rshift__",
                     NULL },
};

static const struct {
    const char *name, *magic;
} compare_names[AST_COMPARE__COUNT] = {
    [AST_LT] = { "aten::lt", "__lt__" },
    [AST_LE] = { "aten::le", "__le__" },
    [AST_GT] = { "aten::gt", "__gt__" },
    [AST_GE] = { "aten::ge", "__ge__" },
    [AST_EQ] = { "aten::eq", "__eq__" },
    [AST_NE] = { "aten::ne", "__ne__" },
    [AST_IS] = { "aten::__is__", NULL },
    [AST_IS_NOT] = { "aten::__isnot__", NULL },
    [AST_IN] = { "aten::__contains__", "__contains__" },
    [AST_NOT_IN] = { "aten::__contains__", "__contains__" },
};

/* ---- forms that PyTorch writes in TorchScript ---- */

static bool is_plain_number(const type *t)
{
    return t->kind == TYPE_INT || t->kind == TYPE_FLOAT || t->kind == TYPE_COMPLEX;
}

/* number ∘ tensor: the operation with its operands exchanged, or one on a transformed operand. */
static const struct {
    const char *name;
    op_id first, second;
    bool no_complex;
} number_tensor[] = {
    { "aten::add", OP_NONE, OP_aten_add_Scalar, false },
    { "aten::mul", OP_NONE, OP_aten_mul_Scalar, false },
    { "aten::sub", OP_aten_neg, OP_aten_add_Scalar, false },
    { "aten::div", OP_aten_reciprocal, OP_aten_mul_Scalar, false },
    { "aten::eq", OP_NONE, OP_aten_eq_Scalar, false },
    { "aten::ne", OP_NONE, OP_aten_ne_Scalar, false },
    { "aten::lt", OP_NONE, OP_aten_gt_Scalar, true },
    { "aten::le", OP_NONE, OP_aten_ge_Scalar, true },
    { "aten::gt", OP_NONE, OP_aten_lt_Scalar, true },
    { "aten::ge", OP_NONE, OP_aten_le_Scalar, true },
};

/* A pure operand may be evaluated second although it stands first. */
static texpr *exchanged(fn_checker *f, op_id first, op_id second, texpr *number,
                        texpr *tensor_operand, range at)
{
    if (!is_simple(number))
        number = pin(f, number);
    texpr *x =
        first == OP_NONE ? tensor_operand : op_expr(f, first, T_TENSOR, 1, &tensor_operand, at);
    texpr *args[] = { x, number };
    return call_op_id(f, second, at, 2, args);
}

static texpr *str_contains(fn_checker *f, texpr *s, texpr *key, range at)
{
    texpr *whole = share(f, s);
    texpr *args[] = { whole, key, int_const(f, 0, at),
                      op_expr(f, OP_aten_len_str, T_INT, 1, &whole, at) };
    texpr *found[] = { op_expr(f, OP_aten_find, T_INT, 4, args, at), int_const(f, -1, at) };
    return op_expr(f, OP_aten_ne_int, T_BOOL, 2, found, at);
}

texpr *script_variant(fn_checker *f, const char *name, size_t n, texpr *const *args, range at)
{
    if (n != 2)
        return NULL;
    const type *a = args[0]->type, *b = args[1]->type;
    if (is_tensor(b) && is_plain_number(a)) {
        for (size_t i = 0; i < sizeof number_tensor / sizeof *number_tensor; i++)
            if (strcmp(number_tensor[i].name, name) == 0)
                return number_tensor[i].no_complex && a->kind == TYPE_COMPLEX
                           ? NULL
                           : exchanged(f, number_tensor[i].first, number_tensor[i].second, args[0],
                                       args[1], at);
        return NULL;
    }
    if (is_tensor(a) && strcmp(name, "aten::floordiv") == 0
        && (is_tensor(b) || is_plain_number(b) || b->kind == TYPE_NUMBER))
        return call_op_id(f, is_tensor(b) ? OP_aten_floor_divide : OP_aten_floor_divide_Scalar, at,
                          2, args);
    if (a->kind == TYPE_STR && b->kind == TYPE_STR && strcmp(name, "aten::__contains__") == 0)
        return str_contains(f, args[0], args[1], at);
    return NULL;
}

/* ---- binary ---- */

static texpr *bad_operands(fn_checker *f, const char *symbol, texpr *a, texpr *b, range at)
{
    diag_item *it =
        diag_error(f->c->d, "bad-operands", at, "unsupported operand types for %s: %s and %s",
                   symbol, spell(f, a->type), spell(f, b->type));
    note_optional(f, it, a);
    note_optional(f, it, b);
    bool is_text = a->type->kind == TYPE_STR || b->type->kind == TYPE_STR;
    const texpr *number = a->type->kind == TYPE_STR ? b : a;
    if (is_text && !strcmp(symbol, "+") && (number->type->kind == TYPE_INT || number->type->kind == TYPE_FLOAT))
        diag_note(f->c->d, it, number->at, "str(…) makes a text of a number");
    if ((is_tensor(a->type) && b->type->kind == TYPE_BOOL)
        || (is_tensor(b->type) && a->type->kind == TYPE_BOOL))
        diag_note(f->c->d, it, at,
                  "a bool does not combine with a tensor; make it one: torch.tensor(b)");
    return error_expr(f, at);
}

static texpr *bad_magic(fn_checker *f, texpr *a, const char *magic, const char *symbol, range at)
{
    if (magic)
        diag_error(f->c->d, "bad-operands", at, "class %s has no method '%s', which %s needs",
                   type_unqualified_name(a->type), magic, symbol);
    else
        diag_error(f->c->d, "bad-operands", at, "%s is not supported for objects of class %s",
                   symbol, type_unqualified_name(a->type));
    return error_expr(f, at);
}

static texpr *concat_tuples(fn_checker *f, texpr *a, texpr *b, range at)
{
    size_t n = a->type->n_args, m = b->type->n_args;
    texpr **items = ARENA_ARRAY(arena_of(f), texpr *, n + m + 1);
    texpr **first = tuple_items(f, a, a->at), **second = tuple_items(f, b, b->at);
    if (!items || !first || !second)
        return error_expr(f, at);
    memcpy(items, first, n * sizeof *items);
    memcpy(items + n, second, m * sizeof *items);
    return tuple_expr(f, n + m, items, at);
}

texpr *binary_op(fn_checker *f, ast_binary_op op, texpr *a, texpr *b, range at)
{
    if (is_error(a) || is_error(b))
        return error_expr(f, at);
    texpr *args[] = { a, b };
    if (a->type->kind == TYPE_CLASS) {
        const char *magic = binary_names[op].magic;
        texpr *e = magic ? call_magic(f, a, magic, 1, &b, at) : NULL;
        return e ? e : bad_magic(f, a, magic, ast_binary_symbol(op), at);
    }
    if (op == AST_ADD && is_tuple_like(a->type) && is_tuple_like(b->type))
        return concat_tuples(f, a, b, at);
    if (op == AST_MOD && a->type->kind == TYPE_STR)
        return op_expr(f, OP_aten_percentFormat, T_STR, 2, args, at);
    texpr *e = try_operator(f, binary_names[op].name, 2, args, at);
    return e ? e : bad_operands(f, ast_binary_symbol(op), a, b, at);
}

texpr *check_binary(fn_checker *f, const ast_binary *n)
{
    VEC(const ast_binary *) spine = { 0 };
    const ast_node *left = &n->node;
    while (left->kind == AST_binary && VEC_PUSH(&spine, arena_of(f), (const ast_binary *)left))
        left = ((const ast_binary *)left)->left;
    if (arena_failed(arena_of(f)))
        return error_expr(f, n->node.at);
    texpr *e = check_expr(f, left, NULL);
    for (size_t i = spine.n; i-- > 0;) {
        texpr *right = check_expr(f, spine.at[i]->right, NULL);
        e = binary_op(f, spine.at[i]->op, e, right, spine.at[i]->node.at);
    }
    return e;
}

/* ---- augmented assignment ---- */

static texpr *aug_class(fn_checker *f, ast_binary_op op, texpr *a, texpr *b, range at)
{
    const char *magic = binary_names[op].augmented_magic;
    texpr *e = magic ? call_magic(f, a, magic, 1, &b, at) : NULL;
    if (!e && magic && binary_names[op].magic)
        e = call_magic(f, a, binary_names[op].magic, 1, &b, at);
    return e ? e : bad_magic(f, a, magic, ast_binary_symbol(op), at);
}

static texpr *augment(fn_checker *f, ast_binary_op op, texpr *a, texpr *b, bool in_place, range at)
{
    if (is_error(a) || is_error(b))
        return error_expr(f, at);
    if (op == AST_FLOORDIV || op == AST_MATMUL) {
        diag_error(f->c->d, "unsupported", at, "%s= is not supported; write x = x %s y",
                   ast_binary_symbol(op), ast_binary_symbol(op));
        return error_expr(f, at);
    }
    if (a->type->kind == TYPE_CLASS)
        return aug_class(f, op, a, b, at);
    if ((op == AST_ADD && is_tuple_like(a->type)) || (op == AST_MOD && a->type->kind == TYPE_STR))
        return binary_op(f, op, a, b, at);
    in_place &= is_tensor(a->type) || a->type->kind == TYPE_LIST;
    const char *name = in_place ? binary_names[op].in_place : binary_names[op].augmented;
    texpr *args[] = { a, b };
    texpr *e = try_operator(f, name, 2, args, at);
    if (e)
        return e;
    char symbol[4];
    size_t n = strlen(ast_binary_symbol(op));
    memcpy(symbol, ast_binary_symbol(op), n);
    symbol[n] = '=';
    symbol[n + 1] = 0;
    return bad_operands(f, symbol, a, b, at);
}

texpr *aug_op(fn_checker *f, ast_binary_op op, texpr *a, texpr *b, range at)
{
    return augment(f, op, a, b, true, at);
}

texpr *aug_op_apart(fn_checker *f, ast_binary_op op, texpr *a, texpr *b, range at)
{
    return augment(f, op, a, b, false, at);
}

/* ---- comparison ---- */

static texpr *negated(fn_checker *f, texpr *e, range at)
{
    e = to_bool(f, e);
    return is_error(e) ? e : op_expr(f, OP_aten___not__, T_BOOL, 1, &e, at);
}

static texpr *check_in(fn_checker *f, texpr *item, texpr *container, range at)
{
    texpr *args[] = { container, item };
    if (container->type->kind == TYPE_CLASS) {
        texpr *e = call_magic(f, container, "__contains__", 1, &item, at);
        return e ? e : bad_magic(f, container, "__contains__", "in", at);
    }
    texpr *e = try_operator(f, "aten::__contains__", 2, args, at);
    return e ? e : bad_operands(f, "in", item, container, at);
}

/* `is` on two bools compares them (spec/ir.md §3.4). */
static texpr *identity(fn_checker *f, ast_compare_op op, texpr *const *args, range at)
{
    bool bools = args[0]->type->kind == TYPE_BOOL && args[1]->type->kind == TYPE_BOOL;
    op_id id = op == AST_IS ? (bools ? OP_aten_eq_bool : OP_aten___is__)
                            : (bools ? OP_aten_ne_bool : OP_aten___isnot__);
    return op_expr(f, id, T_BOOL, 2, args, at);
}

texpr *compare_op(fn_checker *f, ast_compare_op op, texpr *a, texpr *b, range at)
{
    if (is_error(a) || is_error(b))
        return error_expr(f, at);
    texpr *args[] = { a, b };
    if (op == AST_IS || op == AST_IS_NOT)
        return identity(f, op, args, at);
    if (op == AST_IN || op == AST_NOT_IN) {
        texpr *e = check_in(f, a, b, at);
        return op == AST_IN || is_error(e) ? e : negated(f, e, at);
    }
    const char *magic = compare_names[op].magic;
    if (a->type->kind == TYPE_CLASS) {
        texpr *e = call_magic(f, a, magic, 1, &b, at);
        return e ? e : bad_magic(f, a, magic, ast_compare_symbol(op), at);
    }
    texpr *e = try_operator(f, compare_names[op].name, 2, args, at);
    return e ? e : bad_operands(f, ast_compare_symbol(op), a, b, at);
}

/* ---- unary ---- */

/* A minus before a number belongs to the literal. */
static texpr *negated_literal(fn_checker *f, const texpr *e, range at)
{
    if (e->kind != TX_CONST)
        return NULL;
    switch (e->value.tag) {
    case VALUE_INT: return int_const(f, (int64_t)(0 - (uint64_t)e->value.i), at);
    case VALUE_FLOAT: return new_const(f, VALUE_FLOAT_V(-e->value.f), T_FLOAT, at);
    case VALUE_COMPLEX: {
        complex_box *z = complex_new(-e->value.c->re, -e->value.c->im);
        return z ? new_const(f, VALUE_HEAP_V(VALUE_COMPLEX, z), T_COMPLEX, at) : error_expr(f, at);
    }
    default: return NULL;
    }
}

static texpr *bad_operand(fn_checker *f, const char *symbol, texpr *e, range at)
{
    diag_item *it = diag_error(f->c->d, "bad-operands", at, "unsupported operand type for %s: %s",
                               symbol, spell(f, e->type));
    note_optional(f, it, e);
    if (*symbol == '~')
        diag_note(f->c->d, it, at, "only tensors have ~; for a bool write `not`");
    return error_expr(f, at);
}

texpr *check_unary(fn_checker *f, const ast_unary *n, const type *hint)
{
    range at = n->node.at;
    (void)hint;
    if (n->op == AST_NOT)
        return check_condition(f, &n->node).expr;
    texpr *e = check_expr(f, n->value, NULL);
    if (is_error(e))
        return e;
    if (n->op == AST_POS) {
        diag_error(f->c->d, "unsupported", at, "unary + is not supported; leave it out");
        return error_expr(f, at);
    }
    bool is_neg = n->op == AST_NEG;
    texpr *literal = is_neg
                             && (n->value->kind == AST_int || n->value->kind == AST_float
                                 || n->value->kind == AST_imaginary)
                         ? negated_literal(f, e, at)
                         : NULL;
    if (literal)
        return literal;
    if (e->type->kind == TYPE_CLASS) {
        const char *magic = is_neg ? "__neg__" : "__invert__";
        texpr *r = call_magic(f, e, magic, 0, NULL, at);
        return r ? r : bad_magic(f, e, magic, is_neg ? "unary -" : "~", at);
    }
    texpr *r = try_operator(f, is_neg ? "aten::neg" : "aten::bitwise_not", 1, &e, at);
    return r ? r : bad_operand(f, is_neg ? "unary -" : "~", e, at);
}
