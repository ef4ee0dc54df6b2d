/* sema/iterate.c: what can be iterated over, and how (spec/language.md §5).
 *
 * Everything an iteration reads is pinned in temporaries when it is made, so assignments in the
 * loop's body cannot change it, and an iteration bound to a name means what it meant there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

static sval_iter *new_iter(fn_checker *f, const type *elem)
{
    sval_iter *it = ARENA_NEW(arena_of(f), sval_iter);
    it->element_type = elem;
    return it;
}

/* Another reading of the loop counter: nodes stand in one place only. */
static texpr *same_index(fn_checker *f, const texpr *index)
{
    texpr *e = new_texpr(f, (texpr_kind)index->kind, index->type, index->at, 0);
    *e = *index;
    return e;
}

static texpr *read_again(fn_checker *f, const texpr *e) { return same_index(f, e); }

/* ---- lists, strings, dicts, tensors ---- */

static sval list_element(fn_checker *f, sval_iter *it, texpr *index, range at)
{
    texpr *args[] = { read_again(f, it->ctx[0]), index };
    op_id op = args[0]->type->kind == TYPE_STR ? OP_aten___getitem___str : OP_aten___getitem___t;
    return value_sval(op_expr(f, op, it->element_type, 2, args, at));
}

static sval tensor_element(fn_checker *f, sval_iter *it, texpr *index, range at)
{
    texpr *args[] = { read_again(f, it->ctx[0]), int_const(f, 0, at), index };
    return value_sval(op_expr(f, OP_aten_select_int, T_TENSOR, 3, args, at));
}

static sval_iter *iter_sequence(fn_checker *f, texpr *e, const type *elem, op_id len, range at)
{
    sval_iter *it = new_iter(f, elem);
    texpr *pinned = pin(f, e);
    it->ctx[0] = pinned;
    texpr *read = read_again(f, pinned);
    it->trip = op_expr(f, len, T_INT, 1, &read, at);
    it->element = is_tensor(e->type) ? tensor_element : list_element;
    return it;
}

/* ---- tuples and enum classes: known elements ---- */

static sval_iter *iter_tuple(fn_checker *f, texpr *e)
{
    sval_iter *it = new_iter(f, NULL);
    size_t n = e->type->n_args;
    bool is_literal = e->kind == TX_TUPLE;
    texpr **items = is_literal || !n ? e->args : emit_unpack(f, e, n, e->type->args, NULL);
    it->is_static = true;
    it->elements = ARENA_ARRAY(arena_of(f), sval, n + 1);
    it->n_static = it->elements && items && !arena_failed(arena_of(f)) ? n : 0;
    for (size_t i = 0; i < it->n_static; i++)
        it->elements[i] = value_sval(is_literal ? pin(f, items[i]) : items[i]);
    return it;
}

static sval_iter *iter_enum(fn_checker *f, const type *t, range at)
{
    sval_iter *it = new_iter(f, t);
    it->is_static = true;
    it->elements = ARENA_ARRAY(arena_of(f), sval, t->enums->n + 1);
    it->n_static = it->elements && !arena_failed(arena_of(f)) ? t->enums->n : 0;
    for (size_t i = 0; i < it->n_static; i++) {
        jit_value v = value_ref(VALUE_HEAP_V(VALUE_ENUM, t->enums->members[i]));
        it->elements[i] = value_sval(new_const(f, v, t, at));
    }
    return it;
}

/* ---- range ---- */

static sval range_element(fn_checker *f, sval_iter *it, texpr *index, range at)
{
    if (!it->ctx[0])
        return value_sval(index);
    texpr *args[] = { index, read_again(f, it->ctx[0]), read_again(f, it->ctx[1]) };
    return value_sval(op_expr(f, OP_aten___derive_index, T_INT, 3, args, at));
}

static bool int_argument(fn_checker *f, texpr **e, const char *what)
{
    texpr *i = try_convert(f, *e, T_INT, false);
    if (!i) {
        diag_item *it = diag_error(f->c->d, "bad-argument", (*e)->at, "%s takes ints, not %s", what,
                                   spell(f, (*e)->type));
        note_optional(f, it, *e);
        return false;
    }
    *e = i;
    return true;
}

/* The values of arguments; false: one is none (reported). */
static bool argument_values(fn_checker *f, const call_args *args, texpr **ret)
{
    bool ok = true;
    for (size_t i = 0; i < args->n; i++) {
        ret[i] = args->at[i].value ? args->at[i].value : sval_to_value(f, args->at[i].sv);
        ok &= !is_error(ret[i]);
    }
    return ok;
}

sval make_range(fn_checker *f, const call_args *args, range at)
{
    texpr *v[3];
    if (!expect_args(f, "range", args, 1, 3, at) || !argument_values(f, args, v))
        return error_sval(at);
    for (size_t i = 0; i < args->n; i++)
        if (!int_argument(f, &v[i], "range"))
            return error_sval(at);
    sval_iter *it = new_iter(f, T_INT);
    it->element = range_element;
    if (args->n == 1) {
        it->trip = pin(f, v[0]);
    } else {
        texpr *bounds[] = { pin(f, v[0]), v[1], args->n == 3 ? pin(f, v[2]) : int_const(f, 1, at) };
        it->ctx[0] = bounds[0];
        it->ctx[1] = bounds[2];
        texpr *length[] = { read_again(f, bounds[0]), bounds[1], read_again(f, bounds[2]) };
        it->trip = pin(f, op_expr(f, OP_aten___range_length, T_INT, 3, length, at));
    }
    return (sval){ .kind = SVAL_ITERABLE, .at = at, .name = "range", .iter = it };
}

/* ---- enumerate, zip ---- */

static sval joined_element(fn_checker *f, sval_iter *it, texpr *index, range at)
{
    texpr **items = ARENA_ARRAY(arena_of(f), texpr *, it->n_parts + 1);
    if (!items)
        return error_sval(at);
    for (size_t i = 0; i < it->n_parts; i++)
        items[i] =
            sval_to_value(f, it->parts[i]->element(f, it->parts[i], same_index(f, index), at));
    return value_sval(tuple_expr(f, it->n_parts, items, at));
}

static sval counted_element(fn_checker *f, sval_iter *it, texpr *index, range at)
{
    if (!it->ctx[0])
        return value_sval(index);
    texpr *args[] = { index, read_again(f, it->ctx[0]) };
    return value_sval(op_expr(f, OP_aten_add_int, T_INT, 2, args, at));
}

/* How many elements a part is known to have: a static one, or a range over a constant; -1: unknown.
 */
static int64_t known_length(const sval_iter *it)
{
    if (it->is_static)
        return (int64_t)it->n_static;
    bool counted = it->element == range_element && !it->ctx[0];
    if (counted && it->trip->kind == TX_CONST && it->trip->value.tag == VALUE_INT)
        return it->trip->value.i < 0 ? 0 : it->trip->value.i;
    return it->element == counted_element ? INT64_MAX : -1;
}

static sval static_part(fn_checker *f, sval_iter *it, size_t i, range at)
{
    if (it->is_static)
        return it->elements[i];
    int64_t first =
        it->element == counted_element && it->ctx[0] ? ((texpr *)it->ctx[0])->value.i : 0;
    return value_sval(int_const(f, first + (int64_t)i, at));
}

static bool join_static(fn_checker *f, sval_iter *it, range at)
{
    int64_t n = INT64_MAX;
    for (size_t i = 0; i < it->n_parts; i++) {
        int64_t length = known_length(it->parts[i]);
        const texpr *start = it->parts[i]->element == counted_element ? it->parts[i]->ctx[0] : NULL;
        if (length < 0 || (start && start->kind != TX_CONST)) {
            diag_error(f->c->d, "bad-zip", at,
                       "Can not iterate over a module list or tuple with a value that "
                       "does not have a statically determinable length");
            return false;
        }
        n = length < n ? length : n;
    }
    it->is_static = true;
    it->elements = ARENA_ARRAY(arena_of(f), sval, (size_t)n + 1);
    texpr **items = ARENA_ARRAY(arena_of(f), texpr *, it->n_parts + 1);
    it->n_static = it->elements && items && !arena_failed(arena_of(f)) ? (size_t)n : 0;
    for (size_t k = 0; k < it->n_static; k++) {
        for (size_t i = 0; i < it->n_parts; i++)
            items[i] = sval_to_value(f, static_part(f, it->parts[i], k, at));
        it->elements[k] = value_sval(tuple_expr(f, it->n_parts, items, at));
    }
    return true;
}

/* The shortest part decides: prim::min of the lengths, as the reference has it. */
static sval join_parts(fn_checker *f, sval_iter *it, const char *name, range at)
{
    bool any_static = false;
    if (arena_failed(arena_of(f)))
        return error_sval(at);
    for (size_t i = 0; i < it->n_parts; i++)
        any_static |= it->parts[i]->is_static;
    if (any_static) {
        if (!join_static(f, it, at))
            return error_sval(at);
        return (sval){ .kind = SVAL_ITERABLE, .at = at, .name = name, .iter = it };
    }
    texpr *lengths = new_texpr(f, TX_LIST, type_list(T_INT), at, it->n_parts);
    for (size_t i = 0; i < lengths->n_args; i++)
        lengths->args[i] = it->parts[i]->trip;
    it->trip = pin(f, op_expr(f, OP_prim_min_self_int, T_INT, 1, &lengths, at));
    it->element = joined_element;
    return (sval){ .kind = SVAL_ITERABLE, .at = at, .name = name, .iter = it };
}

static sval argument_sval(const call_arg *a) { return a->value ? value_sval(a->value) : a->sv; }

sval make_zip(fn_checker *f, const call_args *args, range at)
{
    if (!expect_args(f, "zip", args, 1, SIZE_MAX, at))
        return error_sval(at);
    sval_iter *it = new_iter(f, NULL);
    it->parts = ARENA_ARRAY(arena_of(f), sval_iter *, args->n);
    if (arena_failed(arena_of(f)))
        return error_sval(at);
    for (size_t i = 0; it->parts && i < args->n; i++) {
        sval_iter *part = get_iter(f, argument_sval(&args->at[i]), args->at[i].at);
        if (!part)
            return error_sval(at);
        it->parts[it->n_parts++] = part;
    }
    return join_parts(f, it, "zip", at);
}

sval make_enumerate(fn_checker *f, const call_args *args, range at)
{
    call_args given = *args;
    if (given.n == 2 && given.at[1].keyword && strcmp(given.at[1].keyword, "start") == 0)
        given.at[1].keyword = NULL;
    if (!expect_args(f, "enumerate", &given, 1, 2, at))
        return error_sval(at);
    sval_iter *it = new_iter(f, NULL), *count = new_iter(f, T_INT);
    it->parts = ARENA_ARRAY(arena_of(f), sval_iter *, 2);
    if (!it->parts || arena_failed(arena_of(f)))
        return error_sval(at);
    count->element = counted_element;
    count->trip = int_const(f, INT64_MAX, at);
    if (given.n == 2) {
        texpr *start = given.at[1].value ? given.at[1].value : sval_to_value(f, given.at[1].sv);
        if (is_error(start) || !int_argument(f, &start, "enumerate's start"))
            return error_sval(at);
        count->ctx[0] = pin(f, start);
    }
    it->parts[0] = count;
    it->parts[1] = get_iter(f, argument_sval(&given.at[0]), given.at[0].at);
    it->n_parts = 2;
    return it->parts[1] ? join_parts(f, it, "enumerate", at) : error_sval(at);
}

/* ---- anything ---- */

static sval_iter *not_iterable(fn_checker *f, sval v, const char *what, range at)
{
    diag_item *it = diag_error(f->c->d, "not-iterable", at, "'%s' object is not iterable", what);
    if (v.kind == SVAL_VALUE)
        note_optional(f, it, v.expr);
    return NULL;
}

static sval_iter *any_iter(fn_checker *f, sval v, range at)
{
    if (v.kind == SVAL_ERROR)
        return NULL;
    if (v.kind == SVAL_ITERABLE)
        return v.iter;
    if (v.kind == SVAL_CLASS && v.type->kind == TYPE_ENUM)
        return iter_enum(f, v.type, at);
    texpr *e = sval_to_value(f, v);
    switch ((type_kind)e->type->kind) {
    case TYPE_ERROR: return NULL;
    case TYPE_LIST: return iter_sequence(f, e, type_elem(e->type), OP_aten_len_t, at);
    case TYPE_STR: return iter_sequence(f, e, T_STR, OP_aten_len_str, at);
    case TYPE_TENSOR: return iter_sequence(f, e, T_TENSOR, OP_aten_len_Tensor, at);
    case TYPE_DICT: {
        texpr *keys = call_op(f, "aten::keys", at, 1, &e);
        return is_error(keys) ? NULL : iter_sequence(f, keys, e->type->args[0], OP_aten_len_t, at);
    }
    case TYPE_TUPLE:
    case TYPE_NAMED_TUPLE: return iter_tuple(f, e);
    default: return not_iterable(f, v, spell(f, e->type), at);
    }
}

sval_iter *get_iter(fn_checker *f, sval v, range at)
{
    sval_iter *it = any_iter(f, v, at);
    return arena_failed(arena_of(f)) ? NULL : it;
}
