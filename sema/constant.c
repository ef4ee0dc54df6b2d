/* sema/constant.c: constant expressions outside functions: defaults of parameters and fields, members of enums.
 *
 * Python evaluates these when it loads a file, so they may read the file's own variables and
 * calculate, with Python's arithmetic (an int power of ints is an int), where functions cannot. What
 * is no arithmetic is checked like any other expression and must come out as literals. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- expressions made of literals ---- */

void constant_checker_init(constant_checker *k, checker *c)
{
    *k = (constant_checker){ 0 };
    arena_init(&k->tree.arena);
    k->f = (fn_checker){ .c = c, .tree = &k->tree };
    strmap_init(&k->f.names, &k->tree.arena);
    strmap_init(&k->f.lost, &k->tree.arena);
    scope_push(&k->f, &k->scope, &k->out);
}

void constant_checker_fini(constant_checker *k)
{
    for (size_t i = 0; i < k->tree.values.n; i++)
        value_unref(k->tree.values.at[i]);
    arena_fini(&k->tree.arena);
}

static bool fold(const texpr *e, jit_value *ret);

static bool fold_list(const texpr *e, jit_value *ret)
{
    const type *elem = type_elem(e->type);
    list *l = list_new(elem, type_list_storage(elem), e->n_args);
    for (size_t i = 0; l && i < e->n_args; i++) {
        jit_value v;
        if (!fold(e->args[i], &v) || !list_push(l, v)) {
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
            return false;
        }
    }
    *ret = VALUE_HEAP_V(VALUE_LIST, l);
    return l != NULL;
}

static bool fold_tuple(const texpr *e, jit_value *ret)
{
    tuple *t = tuple_new(e->type->kind == TYPE_NAMED_TUPLE ? e->type : NULL, e->n_args);
    for (size_t i = 0; t && i < e->n_args; i++) {
        if (!fold(e->args[i], &t->at[i])) {
            value_unref(VALUE_HEAP_V(VALUE_TUPLE, t));
            return false;
        }
    }
    *ret = VALUE_HEAP_V(VALUE_TUPLE, t);
    return t != NULL;
}

static bool fold_dict(const texpr *e, jit_value *ret)
{
    dict *d = dict_new(e->type->args[0], e->type->args[1]);
    for (size_t i = 0; d && i + 1 < e->n_args; i += 2) {
        jit_value key = VALUE_NONE_V, value = VALUE_NONE_V;
        if (!fold(e->args[i], &key) || !fold(e->args[i + 1], &value) || !dict_set(d, key, value)) {
            value_unref(key);
            value_unref(VALUE_HEAP_V(VALUE_DICT, d));
            return false;
        }
    }
    *ret = VALUE_HEAP_V(VALUE_DICT, d);
    return d != NULL;
}

static bool fold_negation(const texpr *e, jit_value *ret)
{
    if (e->n_args < 1 || strcmp(op_name(e->op), "aten::neg") || !fold(e->args[0], ret))
        return false;
    if (ret->tag == VALUE_INT)
        ret->i = (int64_t)(0 - (uint64_t)ret->i);
    else if (ret->tag == VALUE_FLOAT)
        ret->f = -ret->f;
    else
        return value_unref(*ret), false;
    return true;
}

/* The value of an expression made of constants; false if it is not. */
static bool fold(const texpr *e, jit_value *ret)
{
    switch ((int)e->kind) {
    case TX_CONST: *ret = value_ref(e->value); return true;
    case TX_SHARED: return fold(e->args[0], ret);
    case TX_LIST: return e->type->kind == TYPE_LIST && fold_list(e, ret);
    case TX_TUPLE: return fold_tuple(e, ret);
    case TX_DICT: return e->type->kind == TYPE_DICT && fold_dict(e, ret);
    case TX_OP: return fold_negation(e, ret);
    default: return false;
    }
}

/* Python's conversions of a default to the declared type: a bool to int, an int or bool to float, a number to complex.
 * Gives the type that *v then has. */
static const type *widen_number(jit_value *v, const type *have, const type *want)
{
    if (v->tag != VALUE_INT && v->tag != VALUE_FLOAT && v->tag != VALUE_BOOL)
        return have;
    double f = v->tag == VALUE_FLOAT ? v->f : (double)v->i;
    if (want->kind == TYPE_INT && v->tag == VALUE_BOOL) {
        *v = VALUE_INT_V(v->i);
        return T_INT;
    }
    if (want->kind == TYPE_FLOAT) {
        *v = VALUE_FLOAT_V(f);
        return T_FLOAT;
    }
    if (want->kind == TYPE_COMPLEX && v->tag != VALUE_BOOL) {
        complex_box *box = complex_new(f, 0);
        if (!box)
            return have;
        *v = VALUE_HEAP_V(VALUE_COMPLEX, box);
        return T_COMPLEX;
    }
    return have;
}

/* The same of a tuple's elements, at any depth; what is no number or tuple stays. */
static const type *widen_default(checker *c, jit_value *v, const type *have, const type *want)
{
    const type *to = want ? type_without_none(want) : NULL;
    if (!to || v->tag != VALUE_TUPLE || to->kind != TYPE_TUPLE || to->n_args != have->n_args)
        return to ? widen_number(v, have, to) : have;
    const tuple *old = v->p;
    tuple *wide = tuple_new(NULL, old->n);
    const type **types = ARENA_ARRAY(c->arena, const type *, old->n + 1);
    for (size_t i = 0; wide && types && i < old->n; i++) {
        wide->at[i] = value_ref(old->at[i]);
        types[i] = widen_default(c, &wide->at[i], have->args[i], to->args[i]);
    }
    const type *t = wide && types ? type_tuple(types, old->n) : NULL;
    if (!t) {
        value_unref(VALUE_HEAP_V(VALUE_TUPLE, wide));
        return have;
    }
    value_set(v, VALUE_HEAP_V(VALUE_TUPLE, wide));
    return t;
}

/* ---- Python's arithmetic ---- */

typedef struct constant {
    jit_value value;
    const type *type;
} constant;

static double as_float(jit_value v) { return v.tag == VALUE_INT ? (double)v.i : v.f; }
static bool is_number(jit_value v) { return v.tag == VALUE_INT || v.tag == VALUE_FLOAT; }

static int64_t floor_mod(int64_t a, int64_t b)
{
    int64_t r = b == -1 ? 0 : a % b;
    return r && (r < 0) != (b < 0) ? r + b : r;
}

static bool int_power(int64_t a, int64_t b, int64_t *ret)
{
    int64_t r = 1;
    if (b < 0 || b > 64)
        return false;
    for (; b; b--)
        if (__builtin_mul_overflow(r, a, &r))
            return false;
    *ret = r;
    return true;
}

/* false: not ours, or beyond 64 bits, where Python's ints go on. */
static bool int_arithmetic(ast_binary_op op, int64_t a, int64_t b, int64_t *ret)
{
    switch ((int)op) {
    case AST_ADD: return !__builtin_add_overflow(a, b, ret);
    case AST_SUB: return !__builtin_sub_overflow(a, b, ret);
    case AST_MUL: return !__builtin_mul_overflow(a, b, ret);
    case AST_FLOORDIV: {
        if (!b || (a == INT64_MIN && b == -1))
            return false;
        int64_t r = floor_mod(a, b);
        *ret = (a - r) / b;
        return true;
    }
    case AST_MOD: return b ? (*ret = floor_mod(a, b), true) : false;
    case AST_POW: return int_power(a, b, ret);
    case AST_BITAND: *ret = a & b; return true;
    case AST_BITOR: *ret = a | b; return true;
    case AST_BITXOR: *ret = a ^ b; return true;
    case AST_LSHIFT: return b >= 0 && b < 63 && !__builtin_mul_overflow(a, INT64_C(1) << b, ret);
    case AST_RSHIFT: return b >= 0 && b < 64 ? (*ret = a >> b, true) : false;
    default: return false;
    }
}

static bool float_arithmetic(ast_binary_op op, double a, double b, double *ret)
{
    switch ((int)op) {
    case AST_ADD: *ret = a + b; return true;
    case AST_SUB: *ret = a - b; return true;
    case AST_MUL: *ret = a * b; return true;
    case AST_DIV: *ret = a / b; return b != 0;
    case AST_FLOORDIV: *ret = floor(a / b); return b != 0;
    case AST_POW: *ret = pow(a, b); return a > 0 || (b == floor(b) && (a != 0 || b >= 0));
    default: return false;
    }
}

static bool concatenate(checker *c, constant *left, jit_value right)
{
    const str *a = left->value.s, *b = right.s;
    char *both = arena_alloc(c->arena, a->n + b->n + 1);
    if (!both)
        return false;
    memcpy(both, a->s, a->n);
    memcpy(both + a->n, b->s, b->n);
    str *s = str_new(both, a->n + b->n);
    if (!s)
        return false;
    value_unref(left->value);
    left->value = VALUE_HEAP_V(VALUE_STR, s);
    return true;
}

/* left = left op right, in place; false: not constant arithmetic. */
static bool combine(checker *c, ast_binary_op op, constant *left, jit_value right)
{
    int64_t i;
    double f;
    if (op == AST_ADD && left->value.tag == VALUE_STR && right.tag == VALUE_STR)
        return concatenate(c, left, right);
    if (!is_number(left->value) || !is_number(right))
        return false;
    if (left->value.tag == VALUE_INT && right.tag == VALUE_INT
        && int_arithmetic(op, left->value.i, right.i, &i)) {
        left->value = VALUE_INT_V(i);
        return true;
    }
    if ((left->value.tag == VALUE_INT && right.tag == VALUE_INT && op != AST_DIV)
        || !float_arithmetic(op, as_float(left->value), as_float(right), &f))
        return false;
    *left = (constant){ .value = VALUE_FLOAT_V(f), .type = T_FLOAT };
    return true;
}

static bool evaluate(checker *c, const ast_node *n, const type *want, const char *what,
                     constant *ret);

static bool report_not_constant(checker *c, const ast_node *n, const char *what)
{
    diag_error(c->d, "not-constant", n->at, "%s must be a constant", what);
    return false;
}

/* A chain of operators leans left: its spine is walked, not recursed over. */
static bool evaluate_binary(checker *c, const ast_node *n, const char *what, constant *ret)
{
    VEC(const ast_binary *) spine = { 0 };
    for (; n->kind == AST_binary; n = AST_AS(binary, n)->left)
        if (!VEC_PUSH(&spine, c->arena, AST_AS(binary, n)))
            return false;
    if (!evaluate(c, n, NULL, what, ret))
        return false;
    for (size_t i = spine.n; i-- > 0;) {
        constant right;
        bool good = evaluate(c, spine.at[i]->right, NULL, what, &right);
        if (good && !combine(c, spine.at[i]->op, ret, right.value))
            good = report_not_constant(c, &spine.at[i]->node, what);
        if (right.type)
            value_unref(right.value);
        if (!good) {
            value_unref(ret->value);
            *ret = (constant){ 0 };
            return false;
        }
    }
    return true;
}

/* float("inf"), int(2.5): the one argument, or NULL. */
static const ast_node *cast_argument(const checker *c, const ast_node *n, const char *cast)
{
    const ast_call *call = n->kind == AST_call ? AST_AS(call, n) : NULL;
    if (!call || call->args.n != 1 || call->callee->kind != AST_name
        || strcmp(AST_AS(name, call->callee)->id, cast))
        return NULL;
    const sval *g = find_global(c, cast);
    ast_kind k = call->args.at[0]->kind;
    return g && g->kind == SVAL_BUILTIN && k != AST_keyword && k != AST_star ? call->args.at[0] : NULL;
}

static bool evaluate_float(checker *c, const ast_node *n, const char *what, constant *ret)
{
    if (!evaluate(c, n, NULL, what, ret))
        return false;
    jit_value v = ret->value;
    double f = is_number(v) ? as_float(v) : 0;
    bool good = is_number(v);
    if (v.tag == VALUE_STR) {
        char *end;
        f = strtod(v.s->s, &end);
        good = v.s->n && !*end;
    }
    value_unref(v);
    *ret = (constant){ .value = VALUE_FLOAT_V(f), .type = T_FLOAT };
    return good || report_not_constant(c, n, what);
}

static bool evaluate_int(checker *c, const ast_node *n, const char *what, constant *ret)
{
    if (!evaluate(c, n, NULL, what, ret))
        return false;
    jit_value v = ret->value;
    bool fits = v.tag == VALUE_INT || (v.tag == VALUE_FLOAT && fabs(v.f) < 0x1p63);
    int64_t i = !fits ? 0 : v.tag == VALUE_INT ? v.i : (int64_t)v.f;
    value_unref(v);
    *ret = (constant){ .value = VALUE_INT_V(i), .type = T_INT };
    return fits || report_not_constant(c, n, what);
}

static bool evaluate_literal(checker *c, const ast_node *n, const type *want, const char *what,
                             constant *ret)
{
    constant_checker k;
    constant_checker_init(&k, c);
    const texpr *e = check_expr(&k.f, n, want);
    bool good = !type_is_error(e->type);
    if (good && !fold(e, &ret->value))
        good = report_not_constant(c, n, what);
    ret->type = good ? e->type : NULL;
    constant_checker_fini(&k);
    return good;
}

/* On failure *ret is empty and the reason reported. */
static bool evaluate(checker *c, const ast_node *n, const type *want, const char *what,
                     constant *ret)
{
    const ast_node *arg;
    *ret = (constant){ .value = VALUE_NONE_V };
    if (n->kind == AST_binary)
        return evaluate_binary(c, n, what, ret);
    if ((arg = cast_argument(c, n, "float")))
        return evaluate_float(c, arg, what, ret);
    if ((arg = cast_argument(c, n, "int")))
        return evaluate_int(c, arg, what, ret);
    return evaluate_literal(c, n, want, what, ret);
}

bool eval_constant(checker *c, const ast_node *n, const type *want, const char *what,
                   jit_value *ret, const type **ret_type)
{
    constant k;
    if (!evaluate(c, n, want, what, &k))
        return false;
    k.type = widen_default(c, &k.value, k.type, want);
    if (want && !type_is_error(want) && !type_is_subtype(k.type, want)) {
        diag_error(c->d, "type-mismatch", n->at, "%s is declared %s but is %s", what,
                   type_str(c->arena, want), type_str(c->arena, k.type));
        value_unref(k.value);
        return false;
    }
    *ret = k.value;
    if (ret_type)
        *ret_type = k.type;
    return true;
}

bool module_variable_value(fn_checker *f, module_variable *v, texpr **ret, range at)
{
    constant k;
    if (v->is_busy)
        return false;
    if (v->path) {
        sval module = { .kind = SVAL_MODULE, .at = at, .name = v->path };
        *ret = sval_to_value(f, get_attribute(f, module, v->member, at));
        return true;
    }
    if (!v->value)
        return false;
    v->is_busy = true;
    bool good = evaluate(f->c, v->value, NULL, "a variable that a default reads", &k);
    v->is_busy = false;
    *ret = good ? new_const(f, k.value, k.type, at) : error_expr(f, at);
    return true;
}
