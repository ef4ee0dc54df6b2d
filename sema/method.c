/* sema/method.c: x.name(...) of values that are no objects: operators whose `self` takes such a
 * value, and the few methods that are no operators (x.float(), x.tolist()). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

/* x.float() and the like: conversions to a fixed dtype. */
static const struct {
    const char *name;
    dtype code;
} casts[] = {
    { "byte", DTYPE_uint8 },         { "char", DTYPE_int8 },      { "short", DTYPE_int16 },
    { "int", DTYPE_int32 },          { "long", DTYPE_int64 },     { "half", DTYPE_float16 },
    { "float", DTYPE_float32 },      { "double", DTYPE_float64 }, { "cfloat", DTYPE_complex64 },
    { "cdouble", DTYPE_complex128 },
};

static int find_cast(const char *name)
{
    for (size_t i = 0; i < sizeof casts / sizeof *casts; i++)
        if (strcmp(casts[i].name, name) == 0)
            return (int)i;
    return -1;
}

const char *aten_name(const char *prefix, const char *name)
{
    char full[NAME_MAX_BYTES];
    size_t n;
    if (!join_name(full, "aten::", prefix, name))
        return NULL;
    const uint16_t *ids = op_find_all(full, &n);
    return n ? op_name((op_id)ids[0]) : NULL;
}

/* Could `self` be of this type? Variables match anything of the right shape. */
static bool takes_self(fn_checker *f, const type *formal, const type *self)
{
    if (!formal->has_vars)
        return type_is_subtype(self, formal);
    if (formal->kind == TYPE_VAR)
        return true;
    if (formal->kind != self->kind)
        return false;
    strmap bindings;
    strmap_init(&bindings, arena_of(f));
    return type_match(formal, self, &bindings, arena_of(f), NULL) != NULL;
}

bool has_method(fn_checker *f, const type *self, const char *name)
{
    if (is_tensor(self)
        && (find_cast(name) >= 0 || strcmp(name, "tolist") == 0 || strcmp(name, "type") == 0))
        return true;
    const char *op = aten_name("", name);
    size_t n = 0;
    const uint16_t *ids = op ? op_find_all(op, &n) : NULL;
    for (size_t i = 0; i < n; i++) {
        const schema *s = op_schema((op_id)ids[i]);
        int k = s ? schema_find_arg(s, "self") : -1;
        if (k >= 0 && takes_self(f, s->args[k].type, self))
            return true;
    }
    return false;
}

static texpr *cast_to(fn_checker *f, texpr *e, texpr *dtype_code, range at)
{
    texpr *no = bool_const(f, false, at);
    texpr *args[] = { e, dtype_code, no, bool_const(f, false, at), none_const(f, at) };
    return op_expr(f, OP_aten_to_dtype, T_TENSOR, 5, args, at);
}

/* x.type(dtype[, non_blocking, copy]) is x.to(…). */
static texpr *call_type(fn_checker *f, texpr *e, const call_args *args, range at)
{
    if (args->n == 1 && !args->at[0].keyword && args->at[0].value
        && args->at[0].value->type->kind == TYPE_INT)
        return cast_to(f, e, args->at[0].value, at);
    return call_operator_on(f, "aten::to", e, args, at);
}

/* The hint's element, through its lists: List[List[float]] → float, 2. */
static const type *nested_element(const type *t, int64_t *ret_dims)
{
    for (*ret_dims = 0; t->kind == TYPE_LIST; ++*ret_dims)
        t = type_elem(t);
    return t;
}

static texpr *call_tolist(fn_checker *f, texpr *e, const call_args *args, const type *hint,
                          range at)
{
    if (!expect_args(f, "tolist", args, 0, 0, at))
        return error_expr(f, at);
    if (!hint) {
        diag_error(f->c->d, "missing-hint", at,
                   "Expected type hint for result of tolist(): annotate the variable, "
                   "`xs: List[float] = x.tolist()`");
        return error_expr(f, at);
    }
    int64_t dims, code;
    const type *elem = nested_element(hint, &dims);
    switch ((type_kind)elem->kind) {
    case TYPE_INT: code = 0; break;
    case TYPE_FLOAT: code = 1; break;
    case TYPE_BOOL: code = 2; break;
    case TYPE_COMPLEX: code = 3; break;
    default:
        diag_error(f->c->d, "bad-hint", at,
                   "%s is not one of the types that tolist() gives: (nested lists of) int, "
                   "float, bool, complex",
                   spell(f, hint));
        return error_expr(f, at);
    }
    texpr *r = new_texpr(f, TX_TOLIST, hint, at, 1);
    if (r->n_args)
        r->args[0] = e;
    r->index = dims;
    r->index2 = code;
    return r;
}

sval call_value_method(fn_checker *f, texpr *receiver, const char *name, const call_args *args,
                       const type *hint, range at)
{
    if (is_error(receiver))
        return error_sval(at);
    if (is_tensor(receiver->type)) {
        int cast = find_cast(name);
        if (cast >= 0 && !args->n)
            return value_sval(cast_to(f, receiver, int_const(f, casts[cast].code, at), at));
        if (strcmp(name, "tolist") == 0)
            return value_sval(call_tolist(f, receiver, args, hint, at));
        if (strcmp(name, "type") == 0)
            return value_sval(call_type(f, receiver, args, at));
    }
    const char *op = aten_name("", name);
    if (!op) {
        diag_error(f->c->d, "unknown-attribute", at,
                   "'%s' object has no method '%s' with arguments", spell(f, receiver->type), name);
        return error_sval(at);
    }
    return value_sval(call_operator_on(f, op, receiver, args, at));
}
