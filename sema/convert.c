/* sema/convert.c: implicit conversions (spec/language.md §4.5, §7.5) and truth values.
 *
 * A conversion is asked for first by types alone (can_convert: overload resolution asks for dozens
 * of candidates that fail) and built afterwards, once a candidate has won. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

static bool tuple_fits_list(const type *from, const type *list_type)
{
    for (size_t i = 0; i < from->n_args; i++)
        if (!type_is_subtype(from->args[i], type_elem(list_type)))
            return false;
    return true;
}

/* The operator that makes a `to` of a `from` implicitly, or OP_NONE. */
static op_id scalar_conversion(const type *from, const type *to)
{
    if (from->kind == TYPE_TENSOR) {
        switch ((type_kind)to->kind) {
        case TYPE_FLOAT: return OP_aten_FloatImplicit;
        case TYPE_INT: return OP_aten_IntImplicit;
        case TYPE_COMPLEX: return OP_aten_ComplexImplicit;
        case TYPE_NUMBER: return OP_aten_ScalarImplicit;
        default: return OP_NONE;
        }
    }
    if (from->kind == TYPE_NUMBER) {
        switch ((type_kind)to->kind) {
        case TYPE_FLOAT: return OP_aten_Float_Scalar;
        case TYPE_INT: return OP_aten_Int_Scalar;
        case TYPE_COMPLEX: return OP_aten_Complex_Scalar;
        default: return OP_NONE;
        }
    }
    return from->kind == TYPE_STR && to->kind == TYPE_DEVICE ? OP_aten_device : OP_NONE;
}

static bool can_convert_type(const type *from, const type *to, bool implicit)
{
    if (from == to || type_is_error(from) || type_is_error(to) || type_is_subtype(from, to))
        return true;
    if (to->kind == TYPE_OPTIONAL && from->kind != TYPE_OPTIONAL)
        return can_convert_type(from, type_elem(to), implicit);
    if (is_tuple_like(from)) {
        if (to->kind == TYPE_LIST)
            return tuple_fits_list(from, to);
        if (to->kind != TYPE_TUPLE || to->n_args != from->n_args)
            return false;
        for (size_t i = 0; i < from->n_args; i++)
            if (!can_convert_type(from->args[i], to->args[i], implicit))
                return false;
        return true;
    }
    return implicit && scalar_conversion(from, to) != OP_NONE;
}

bool can_convert(const texpr *e, const type *to, bool implicit)
{
    if (e->type == to)
        return true;
    if (is_empty_literal(e)) {
        const type *want = to->kind == TYPE_OPTIONAL ? type_elem(to) : to;
        if (want->kind == TYPE_LIST)
            return true;
    }
    return can_convert_type(e->type, to, implicit);
}

static texpr *tuple_to_list(fn_checker *f, texpr *e, const type *to)
{
    size_t n = e->type->n_args;
    texpr *l = new_texpr(f, TX_LIST, to, e->at, n);
    texpr **items = tuple_items(f, e, e->at);
    for (size_t i = 0; items && i < l->n_args; i++)
        l->args[i] = items[i];
    return (items || n == 0) && l->n_args == n ? l : error_expr(f, e->at);
}

static texpr *tuple_to_tuple(fn_checker *f, texpr *e, const type *to)
{
    size_t n = e->type->n_args;
    texpr *t = new_texpr(f, TX_TUPLE, to, e->at, n);
    texpr **items = tuple_items(f, e, e->at);
    for (size_t i = 0; items && i < t->n_args; i++)
        t->args[i] = convert(f, items[i], to->args[i]);
    return (items || n == 0) && t->n_args == n ? t : error_expr(f, e->at);
}

texpr *convert(fn_checker *f, texpr *e, const type *to)
{
    if (e->type == to || type_is_error(to))
        return e;
    const type *want =
        to->kind == TYPE_OPTIONAL && e->type->kind != TYPE_OPTIONAL ? type_elem(to) : to;
    if (is_empty_literal(e) && want->kind == TYPE_LIST)
        return new_texpr(f, TX_LIST, want, e->at, 0);
    if (is_error(e) || type_is_subtype(e->type, to))
        return e;
    if (want != to)
        return convert(f, e, want);
    if (is_tuple_like(e->type))
        return to->kind == TYPE_LIST ? tuple_to_list(f, e, to) : tuple_to_tuple(f, e, to);
    return op_expr(f, scalar_conversion(e->type, to), to, 1, &e, e->at);
}

texpr *try_convert(fn_checker *f, texpr *e, const type *to, bool implicit)
{
    return can_convert(e, to, implicit) ? convert(f, e, to) : NULL;
}

const type *tuple_unified(const type *from)
{
    const type *t = from->n_args ? from->args[0] : NULL;
    for (size_t i = 1; i < from->n_args && t; i++)
        t = from->args[i] == t ? t : type_unify(t, from->args[i]);
    return t;
}

/* ---- truth ---- */

static texpr *length_is_positive(fn_checker *f, texpr *e)
{
    texpr *n = call_op(f, "aten::len", e->at, 1, &e);
    texpr *args[] = { n, int_const(f, 0, e->at) };
    return op_expr(f, OP_aten_gt_int, T_BOOL, 2, args, e->at);
}

texpr *to_bool(fn_checker *f, texpr *e)
{
    switch ((type_kind)e->type->kind) {
    case TYPE_ERROR:
    case TYPE_BOOL: return e;
    case TYPE_TENSOR: return op_expr(f, OP_aten_Bool_Tensor, T_BOOL, 1, &e, e->at);
    case TYPE_INT: return op_expr(f, OP_aten_Bool_int, T_BOOL, 1, &e, e->at);
    case TYPE_FLOAT: return op_expr(f, OP_aten_Bool_float, T_BOOL, 1, &e, e->at);
    case TYPE_STR:
    case TYPE_LIST:
    case TYPE_DICT: return length_is_positive(f, e);
    default: break;
    }
    texpr *b = e->type->kind == TYPE_CLASS ? call_magic(f, e, "__bool__", 0, NULL, e->at)
                                           : try_operator(f, "aten::Bool", 1, &e, e->at);
    if (b && (is_error(b) || b->type->kind == TYPE_BOOL))
        return b;
    diag_item *it = diag_error(f->c->d, "bad-condition", e->at,
                               "Could not cast value of type %s to bool", spell(f, e->type));
    note_optional(f, it, e);
    if (b)
        diag_note(f->c->d, it, e->at, "its __bool__ returns %s", spell(f, b->type));
    return error_expr(f, e->at);
}
