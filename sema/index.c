/* sema/index.c: subscripts: reading, writing, augmenting and deleting (spec/language.md §6.3,
 * §6.4).
 *
 * Tensors: integers, slices and None are applied one by one as select, slice and unsqueeze, left to
 * right up to an ellipsis and with negative dimensions after it; then one aten::index takes all
 * tensor indices. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

/* ---- slices ---- */

typedef struct bounds {
    texpr *start, *stop, *step;
    bool ok;
} bounds;

/* One bound, already checked, as an int or, where it may be missing, Optional[int]. */
static texpr *fit_bound(fn_checker *f, texpr *e, const type *want, range at, bool *ok)
{
    texpr *bound = is_error(e) ? NULL : try_convert(f, e, want, true);
    if (bound)
        return bound;
    if (!is_error(e))
        diag_error(f->c->d, "bad-index", at, "slice bounds must be int, not %s", spell(f, e->type));
    *ok = false;
    return error_expr(f, at);
}

static texpr *check_bound(fn_checker *f, const ast_node *n, texpr *missing, const type *want,
                          bool *ok)
{
    return n ? fit_bound(f, check_expr(f, n, NULL), want, n->at, ok) : missing;
}

/* Is the index `a:b`, or something that slice(…) made? */
static bool is_slice(fn_checker *f, const ast_node *n)
{
    if (n->kind == AST_slice)
        return true;
    const ast_node *name = n->kind == AST_call ? ((const ast_call *)n)->callee : n;
    if (name->kind != AST_name)
        return false;
    const char *id = ((const ast_name *)name)->id;
    const binding *b = strmap_find(&f->names, id);
    if (n->kind == AST_name)
        return b && b->other && b->other->kind == SVAL_SLICE;
    return strcmp(id, "slice") == 0 && lookup_name(f, id, name->at).kind == SVAL_BUILTIN;
}

static bounds check_bounds(fn_checker *f, const ast_node *n)
{
    const type *maybe_int = type_optional(T_INT);
    bounds b = { .ok = true };
    range at = n->at;
    if (n->kind == AST_slice) {
        const ast_slice *s = (const ast_slice *)n;
        b.start = check_bound(f, s->start, none_const(f, at), maybe_int, &b.ok);
        b.stop = check_bound(f, s->stop, none_const(f, at), maybe_int, &b.ok);
        b.step = check_bound(f, s->step, int_const(f, 1, at), T_INT, &b.ok);
        return b;
    }
    sval v = check_sval(f, n, NULL);
    if (v.kind != SVAL_SLICE) {
        b.ok = false;
        return b;
    }
    texpr *step = v.items[2].expr;
    b.start = fit_bound(f, v.items[0].expr, maybe_int, at, &b.ok);
    b.stop = fit_bound(f, v.items[1].expr, maybe_int, at, &b.ok);
    b.step = is_none(step->type) ? int_const(f, 1, at) : fit_bound(f, step, T_INT, at, &b.ok);
    return b;
}

/* ---- tensors ---- */

/* A tensor after its simple indices, and what remains for aten::index. */
typedef struct indexed_view {
    texpr *view;
    texpr **tensors;  /* by dimension of the view; NULL: not indexed there */
    size_t n_tensors; /* 0: only simple indices */
    bool ok;
} indexed_view;

typedef struct tensor_index {
    const ast_node *node;
    texpr *value; /* NULL: a slice or `...` */
    bounds slice;
    int64_t dim;
} tensor_index;

static texpr *list_as_tensor(fn_checker *f, texpr *e)
{
    range at = e->at;
    call_args args = make_args(f, 1, &e);
    texpr *dtype_code = int_const(f, DTYPE_int64, at);
    VEC_PUSH(&args, arena_of(f), ((call_arg){ .keyword = "dtype", .value = dtype_code, .at = at }));
    return call_operator(f, "aten::tensor", &args, at);
}

/* Check one index and say by how much it moves the dimension the next one applies to. */
static bool check_tensor_index(fn_checker *f, tensor_index *x, bool after_ellipsis, int64_t *step)
{
    if (is_slice(f, x->node)) {
        x->slice = check_bounds(f, x->node);
        *step = 1;
        return x->slice.ok;
    }
    texpr *e = check_expr(f, x->node, NULL);
    if (!is_error(e) && e->type->kind == TYPE_LIST)
        e = list_as_tensor(f, e);
    x->value = e;
    if (is_error(e))
        return false;
    if (is_none(e->type)) {
        *step = after_ellipsis ? 0 : 1;
        return true;
    }
    if (e->type->kind == TYPE_INT) {
        *step = after_ellipsis ? 1 : 0;
        return true;
    }
    *step = 1;
    if (!type_is_subtype(e->type, type_optional(T_TENSOR))) {
        diag_item *it =
            diag_error(f->c->d, "bad-index", x->node->at,
                       "Unsupported operation: indexing tensor "
                       "with unsupported index type '%s'. Only ints, slices, lists and tensors are "
                       "supported",
                       spell(f, e->type));
        note_optional(f, it, e);
        return false;
    }
    if (after_ellipsis)
        diag_error(f->c->d, "bad-index", x->node->at,
                   "Ellipses followed by tensor indexing is currently not supported");
    return !after_ellipsis;
}

static bool check_tensor_indices(fn_checker *f, tensor_index *x, size_t n)
{
    size_t dots = 0;
    int64_t dim = 0, step;
    for (; dots < n && x[dots].node->kind != AST_ellipsis; dots++) {
        x[dots].dim = dim;
        if (!check_tensor_index(f, &x[dots], false, &step))
            return false;
        dim += step;
    }
    if (n == 1 && dots == 0) {
        diag_error(f->c->d, "bad-index", x->node->at, "`...` can only stand among several indices");
        return false;
    }
    dim = -1;
    for (size_t i = n; i-- > dots + 1;) {
        if (x[i].node->kind == AST_ellipsis) {
            diag_error(f->c->d, "bad-index", x[i].node->at,
                       "An index can only have a single ellipsis ('...')");
            return false;
        }
        x[i].dim = dim;
        if (!check_tensor_index(f, &x[i], true, &step))
            return false;
        dim -= step;
    }
    return true;
}

static bool note_tensor_index(fn_checker *f, indexed_view *v, const tensor_index *x, size_t room)
{
    if (!v->tensors)
        v->tensors = ARENA_ARRAY(arena_of(f), texpr *, room);
    if (!v->tensors || arena_failed(arena_of(f)))
        return false;
    v->tensors[x->dim] = x->value;
    if (v->n_tensors <= (size_t)x->dim)
        v->n_tensors = (size_t)x->dim + 1;
    return true;
}

static bool apply_index(fn_checker *f, indexed_view *v, const tensor_index *x, size_t room,
                        range at)
{
    texpr *dim = int_const(f, x->dim, at);
    if (x->node->kind == AST_ellipsis)
        return true;
    if (!x->value) {
        texpr *args[] = { v->view, dim, x->slice.start, x->slice.stop, x->slice.step };
        v->view = op_expr(f, OP_aten_slice_Tensor, T_TENSOR, 5, args, at);
    } else if (is_none(x->value->type)) {
        texpr *args[] = { v->view, dim };
        v->view = op_expr(f, OP_aten_unsqueeze, T_TENSOR, 2, args, at);
    } else if (x->value->type->kind == TYPE_INT) {
        texpr *args[] = { v->view, dim, x->value };
        v->view = op_expr(f, OP_aten_select_int, T_TENSOR, 3, args, at);
    } else {
        return note_tensor_index(f, v, x, room);
    }
    return true;
}

static indexed_view index_tensor(fn_checker *f, texpr *of, const ast_nodes *indices, range at)
{
    indexed_view v = { .view = of };
    tensor_index *x = ARENA_ARRAY(arena_of(f), tensor_index, indices->n + 1);
    if (!x || arena_failed(arena_of(f)))
        return v;
    for (size_t i = 0; i < indices->n; i++)
        x[i].node = indices->at[i];
    v.ok = check_tensor_indices(f, x, indices->n);
    for (size_t i = 0; v.ok && i < indices->n; i++)
        v.ok = apply_index(f, &v, &x[i], indices->n + 1, at);
    return v;
}

static texpr *tensor_list(fn_checker *f, const indexed_view *v, range at)
{
    texpr *l = new_texpr(f, TX_LIST, type_list(type_optional(T_TENSOR)), at, v->n_tensors);
    for (size_t i = 0; i < l->n_args; i++)
        l->args[i] = v->tensors[i] ? v->tensors[i] : none_const(f, at);
    return l;
}

static texpr *get_tensor_index(fn_checker *f, texpr *of, const ast_nodes *indices, range at)
{
    indexed_view v = index_tensor(f, of, indices, at);
    if (!v.ok)
        return error_expr(f, at);
    if (!v.n_tensors)
        return v.view;
    texpr *args[] = { v.view, tensor_list(f, &v, at) };
    return op_expr(f, OP_aten_index_Tensor, T_TENSOR, 2, args, at);
}

/* A number stored into a tensor takes the dtype and device of the place it goes to. */
static texpr *as_stored(fn_checker *f, texpr *value, texpr *view, range at)
{
    switch ((type_kind)value->type->kind) {
    case TYPE_INT:
    case TYPE_FLOAT:
    case TYPE_COMPLEX:
    case TYPE_BOOL:
    case TYPE_NUMBER: break;
    default: return value;
    }
    call_args args = make_args(f, 1, &value);
    texpr *dtype_of = op_expr(f, OP_prim_dtype, T_INT, 1, &view, at);
    texpr *device_of = op_expr(f, OP_prim_device, T_DEVICE, 1, &view, at);
    VEC_PUSH(&args, arena_of(f), ((call_arg){ .keyword = "dtype", .value = dtype_of, .at = at }));
    VEC_PUSH(&args, arena_of(f), ((call_arg){ .keyword = "device", .value = device_of, .at = at }));
    return call_operator(f, "aten::tensor", &args, at);
}

static void emit_effect(fn_checker *f, texpr *e, range at)
{
    if (!is_error(e))
        emit_stmt(f, TS_EXPR, at)->value = e;
}

static void bad_stored(fn_checker *f, texpr *value)
{
    diag_item *it = diag_error(f->c->d, "bad-value", value->at,
                               "a tensor or a number can be stored in a tensor, "
                               "not %s",
                               spell(f, value->type));
    note_optional(f, it, value);
}

static void set_tensor_index(fn_checker *f, texpr *of, const ast_nodes *indices, texpr *value,
                             range at)
{
    indexed_view v = index_tensor(f, of, indices, at);
    if (!v.ok)
        return;
    texpr *view = share(f, v.view);
    texpr *stored = as_stored(f, value, view, at);
    if (is_error(stored))
        return;
    if (!is_tensor(stored->type)) {
        bad_stored(f, value);
        return;
    }
    texpr *no = bool_const(f, false, at);
    if (v.n_tensors) {
        texpr *args[] = { view, tensor_list(f, &v, at), stored, no };
        emit_effect(f, op_expr(f, OP_aten_index_put_, T_TENSOR, 4, args, at), at);
    } else {
        texpr *args[] = { view, stored, no };
        emit_effect(f, op_expr(f, OP_aten_copy_, T_TENSOR, 3, args, at), at);
    }
}

static void aug_tensor_index(fn_checker *f, texpr *of, const ast_nodes *indices, ast_binary_op op,
                             const ast_node *value, range at)
{
    indexed_view v = index_tensor(f, of, indices, at);
    if (!v.ok)
        return;
    texpr *operand = check_expr(f, value, NULL);
    if (!v.n_tensors) {
        emit_effect(f, aug_op(f, op, v.view, operand, at), at);
        return;
    }
    texpr *view = share(f, v.view), *list_of = share(f, tensor_list(f, &v, at));
    texpr *read[] = { view, list_of };
    texpr *item = op_expr(f, OP_aten_index_Tensor, T_TENSOR, 2, read, at);
    texpr *sum = aug_op(f, op, item, operand, at);
    if (is_error(sum))
        return;
    texpr *args[] = { view, list_of, sum, bool_const(f, false, at) };
    emit_effect(f, op_expr(f, OP_aten_index_put_, T_TENSOR, 4, args, at), at);
}

/* ---- tuples ---- */

static texpr *dynamic_tuple_item(fn_checker *f, texpr *of, texpr *i, range at)
{
    const type *t = of->type;
    for (size_t k = 1; k < t->n_args; k++)
        if (t->args[k] != t->args[0]) {
            diag_error(f->c->d, "bad-index", i->at,
                       "Cannot index into a tuple with a non-integer literal because "
                       "we cannot resolve the output type: the elements of %s differ",
                       spell(f, t));
            return error_expr(f, at);
        }
    if (!t->n_args) {
        diag_error(f->c->d, "bad-index", at, "an empty tuple has no elements");
        return error_expr(f, at);
    }
    texpr *args[] = { of, i };
    return op_expr(f, OP_prim_TupleIndex, t->args[0], 2, args, at);
}

static texpr *get_tuple_item(fn_checker *f, texpr *of, const ast_node *n, range at)
{
    texpr *i = check_expr(f, n, NULL);
    if (is_error(i))
        return i;
    if (i->type->kind != TYPE_INT) {
        diag_error(f->c->d, "bad-index", n->at, "a tuple index must be an int, not %s",
                   spell(f, i->type));
        return error_expr(f, at);
    }
    if (i->kind != TX_CONST)
        return dynamic_tuple_item(f, of, i, at);
    int64_t size = of->type->n_args, k = i->value.i < 0 ? i->value.i + size : i->value.i;
    if (k < 0 || k >= size) {
        diag_error(f->c->d, "bad-index", n->at,
                   "Tuple index out of range. Tuple is length %lld and index is %lld",
                   (long long)size, (long long)i->value.i);
        return error_expr(f, at);
    }
    return tuple_item(f, of, (size_t)k, at);
}

static bool constant_bound(fn_checker *f, const texpr *e, int64_t missing, int64_t *ret)
{
    *ret = missing;
    if (is_none(e->type))
        return true;
    if (e->kind != TX_CONST) {
        diag_error(f->c->d, "bad-index", e->at, "the bounds of a tuple's slice must be constants");
        return false;
    }
    *ret = e->value.i;
    return true;
}

static int64_t clamp_bound(int64_t i, int64_t n, int64_t low, int64_t high)
{
    i = i < 0 ? i + n : i;
    return i < low ? low : i > high ? high : i;
}

static texpr *get_tuple_slice(fn_checker *f, texpr *of, const ast_node *s, range at)
{
    bounds b = check_bounds(f, s);
    int64_t n = of->type->n_args, start, stop, step;
    if (!b.ok || !constant_bound(f, b.step, 1, &step))
        return error_expr(f, at);
    bool back = step < 0;
    if (!step) {
        diag_error(f->c->d, "bad-index", b.step->at, "slice step cannot be zero");
        return error_expr(f, at);
    }
    if (!constant_bound(f, b.start, back ? n - 1 : 0, &start)
        || !constant_bound(f, b.stop, back ? -1 - n : n, &stop))
        return error_expr(f, at);
    start = clamp_bound(start, n, back ? -1 : 0, back ? n - 1 : n);
    stop = clamp_bound(stop, n, back ? -1 : 0, back ? n - 1 : n);
    texpr **items = ARENA_ARRAY(arena_of(f), texpr *, (size_t)n + 1);
    texpr *whole = of->kind == TX_TUPLE ? of : share(f, of);
    size_t count = 0;
    for (int64_t i = start; items && (back ? i > stop : i < stop); i += step) {
        items[count++] = tuple_item(f, whole, (size_t)i, at);
        if (step > n || step < -n)
            break;
    }
    return items ? tuple_expr(f, count, items, at) : error_expr(f, at);
}

/* ---- lists, strings, dicts, classes ---- */

static texpr *not_subscriptable(fn_checker *f, texpr *of, range at)
{
    diag_item *it = diag_error(f->c->d, "not-subscriptable", at, "'%s' object is not subscriptable",
                               spell(f, of->type));
    note_optional(f, it, of);
    return error_expr(f, at);
}

/* The one index of a list or dict, of the type it takes; NULL: reported. */
static texpr *check_key(fn_checker *f, const texpr *of, const ast_node *n)
{
    const type *t = of->type;
    const type *want = t->kind == TYPE_DICT ? t->args[0] : T_INT;
    texpr *e = check_expr(f, n, NULL);
    if (is_error(e))
        return NULL;
    texpr *key = try_convert(f, e, want, true);
    if (key)
        return key;
    diag_item *it = diag_error(f->c->d, "bad-index", n->at,
                               t->kind == TYPE_DICT ? "the keys of this dict are %s, not %s"
                                                    : "an index must be %s, not %s",
                               spell(f, want), spell(f, e->type));
    note_optional(f, it, e);
    return NULL;
}

static texpr *get_slice(fn_checker *f, texpr *of, const ast_node *s, range at)
{
    bounds b = check_bounds(f, s);
    if (!b.ok)
        return error_expr(f, at);
    texpr *args[] = { of, b.start, b.stop, b.step };
    op_id op = of->type->kind == TYPE_STR ? OP_aten_slice_str : OP_aten_slice_t;
    return op_expr(f, op, of->type, 4, args, at);
}

static texpr *get_item(fn_checker *f, texpr *of, texpr *key, range at)
{
    texpr *args[] = { of, key };
    return call_op(f, "aten::__getitem__", at, 2, args);
}

/* Python does not tell x[(a, b)] from x[a, b]. */
static const ast_nodes *unparenthesized(const ast_nodes *indices)
{
    if (indices->n != 1 || indices->at[0]->kind != AST_tuple)
        return indices;
    const ast_tuple *t = AST_AS(tuple, indices->at[0]);
    return t->items.n ? &t->items : indices;
}

static bool single_index(fn_checker *f, const ast_nodes *indices, range at)
{
    if (indices->n == 1)
        return true;
    diag_error(f->c->d, "bad-index", at,
               "Unsupported operation: attempted to use multidimensional indexing on a "
               "non-tensor type");
    return false;
}

texpr *get_index(fn_checker *f, texpr *of, const ast_nodes *indices, range at)
{
    if (is_error(of))
        return of;
    indices = unparenthesized(indices);
    if (is_tensor(of->type))
        return get_tensor_index(f, of, indices, at);
    type_kind k = (type_kind)of->type->kind;
    if (k != TYPE_LIST && k != TYPE_STR && k != TYPE_DICT && k != TYPE_CLASS
        && !is_tuple_like(of->type))
        return not_subscriptable(f, of, at);
    if (!single_index(f, indices, at))
        return error_expr(f, at);
    const ast_node *n = indices->at[0];
    bool sliced = is_slice(f, n);
    if (sliced && (k == TYPE_LIST || k == TYPE_STR))
        return get_slice(f, of, n, at);
    if (is_tuple_like(of->type))
        return sliced ? get_tuple_slice(f, of, n, at) : get_tuple_item(f, of, n, at);
    if (k == TYPE_CLASS) {
        texpr *key = check_expr(f, n, NULL);
        texpr *e = is_error(key) ? key : call_magic(f, of, "__getitem__", 1, &key, at);
        return e ? e : not_subscriptable(f, of, at);
    }
    texpr *key = check_key(f, of, n);
    return key ? get_item(f, of, key, at) : error_expr(f, at);
}

/* ---- writing ---- */

static bool can_store(fn_checker *f, const texpr *of, const ast_nodes *indices, range at)
{
    type_kind k = (type_kind)of->type->kind;
    if (k != TYPE_LIST && k != TYPE_DICT && k != TYPE_CLASS) {
        diag_item *it =
            diag_error(f->c->d, "not-assignable", at,
                       "'%s' object does not support item assignment", spell(f, of->type));
        note_optional(f, it, of);
        return false;
    }
    if (!single_index(f, indices, at))
        return false;
    if (!is_slice(f, indices->at[0]))
        return true;
    diag_error(f->c->d, "unsupported", at,
               "Sliced expression not yet supported for subscripted assignment");
    return false;
}

static void store(fn_checker *f, texpr *of, texpr *key, texpr *value, range at)
{
    texpr *args[] = { of, key, value };
    if (of->type->kind == TYPE_CLASS) {
        texpr *e = call_magic(f, of, "__setitem__", 2, args + 1, at);
        if (!e)
            diag_error(f->c->d, "not-assignable", at, "class %s has no method '__setitem__'",
                       type_unqualified_name(of->type));
        else
            emit_effect(f, e, at);
        return;
    }
    const type *want = of->type->args[of->type->n_args - 1];
    /* an empty literal holds tensors even here, as in the reference */
    args[2] = type_is_subtype(value->type, want) ? value : NULL;
    if (args[2]) {
        emit_effect(f, call_op(f, "aten::_set_item", at, 3, args), at);
        return;
    }
    diag_item *it = diag_error(
        f->c->d, "bad-value", value->at, "the elements of this %s are %s, not %s",
        of->type->kind == TYPE_DICT ? "dict" : "list", spell(f, want), spell(f, value->type));
    note_optional(f, it, value);
}

static texpr *key_for_store(fn_checker *f, const texpr *of, const ast_node *n)
{
    if (of->type->kind != TYPE_CLASS)
        return check_key(f, of, n);
    texpr *key = check_expr(f, n, NULL);
    return is_error(key) ? NULL : key;
}

void set_index(fn_checker *f, texpr *of, const ast_nodes *indices, texpr *value, range at)
{
    if (is_error(of) || is_error(value))
        return;
    if (!is_simple(value) && !is_empty_literal(value))
        value = pin(f, value); /* the right side is evaluated first */
    indices = unparenthesized(indices);
    if (is_tensor(of->type)) {
        set_tensor_index(f, of, indices, value, at);
        return;
    }
    if (!can_store(f, of, indices, at))
        return;
    texpr *key = key_for_store(f, of, indices->at[0]);
    if (key)
        store(f, of, key, value, at);
}

void aug_index(fn_checker *f, texpr *of, const ast_nodes *indices, ast_binary_op op,
               const ast_node *value, range at)
{
    if (is_error(of))
        return;
    indices = unparenthesized(indices);
    if (is_tensor(of->type)) {
        aug_tensor_index(f, of, indices, op, value, at);
        return;
    }
    if (of->type->kind == TYPE_CLASS) {
        diag_error(f->c->d, "not-assignable", at,
                   "items of class %s cannot be assigned in place: write x[i] = x[i] + ...",
                   spell(f, of->type));
        return;
    }
    if (!can_store(f, of, indices, at))
        return;
    texpr *key = key_for_store(f, of, indices->at[0]);
    texpr *operand = check_expr(f, value, NULL);
    if (!key || is_error(operand))
        return;
    texpr *whole = share(f, of), *k = share(f, key);
    texpr *item = get_item(f, whole, k, at);
    if (!item) {
        not_subscriptable(f, of, at);
        return;
    }
    /* the item of a list is changed in place where it can be, that of a dict is replaced, as the reference does */
    texpr *sum = of->type->kind == TYPE_DICT ? aug_op_apart(f, op, item, operand, at)
                                                : aug_op(f, op, item, operand, at);
    if (!is_error(sum))
        store(f, whole, k, sum, at);
}

void delete_index(fn_checker *f, texpr *of, const ast_nodes *indices, range at)
{
    if (is_error(of))
        return;
    type_kind k = (type_kind)of->type->kind;
    if (indices->n != 1 || is_slice(f, indices->at[0])) {
        diag_error(
            f->c->d, "unsupported", at,
            "del statements only support deletion at a single index, slicing is not supported");
        return;
    }
    if (k != TYPE_LIST && k != TYPE_DICT && k != TYPE_CLASS) {
        diag_error(f->c->d, "not-deletable", at, "'%s' object does not support item deletion",
                   spell(f, of->type));
        return;
    }
    texpr *key = key_for_store(f, of, indices->at[0]);
    if (!key)
        return;
    texpr *args[] = { of, key };
    texpr *e = k == TYPE_CLASS ? call_magic(f, of, "__delitem__", 1, &key, at)
                               : call_op(f, "aten::Delete", at, 2, args);
    if (!e)
        diag_error(f->c->d, "not-deletable", at, "class %s has no method '__delitem__'",
                   type_unqualified_name(of->type));
    else
        emit_effect(f, e, at);
}
