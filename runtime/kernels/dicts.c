/* runtime/kernels/dicts.c: dict operators; one kernel serves all key types. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/result.h"
#include "runtime/kernels/table.h"

bool op_missing_key(op_ctx *cx, jit_value key)
{
    text name;
    text_init(&name, NULL);
    value_print(key, &name);
    OP_FAIL(cx, "KeyError: %s", name.s);
    text_fini(&name);
    return false;
}

static const type *type_or_any(const type *t) { return t ? t : T_ANY; }

static list *list_of(const type *elem, size_t n)
{
    return list_new(elem, type_list_storage(type_or_any(elem)), n);
}

bool dict_getitem(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const jit_value *found = dict_find(args[0].dict, args[1]);
    if (!found)
        return op_missing_key(cx, args[1]);
    rets[0] = value_ref(*found);
    return true;
}

/* d.get(k) and d.get(k, default): without a default there is None. */
bool dict_get(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    const jit_value *found = dict_find(args[0].dict, args[1]);
    rets[0] = found ? value_ref(*found) : VALUE_NONE_V;
    return true;
}

bool dict_get_default(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    const jit_value *found = dict_find(args[0].dict, args[1]);
    rets[0] = value_ref(found ? *found : args[2]);
    return true;
}

bool dict_setitem(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)rets;
    return dict_set(args[0].dict, value_ref(args[1]), value_ref(args[2])) || op_no_memory(cx);
}

bool dict_setdefault(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const jit_value *found = dict_find(args[0].dict, args[1]);
    if (!found && !dict_set(args[0].dict, value_ref(args[1]), value_ref(args[2])))
        return op_no_memory(cx);
    rets[0] = value_ref(found ? *found : args[2]);
    return true;
}

bool dict_delitem(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)rets;
    return dict_remove(args[0].dict, args[1], NULL) || op_missing_key(cx, args[1]);
}

bool dict_pop(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return dict_remove(args[0].dict, args[1], rets) || op_missing_key(cx, args[1]);
}

bool dict_pop_default(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    if (!dict_remove(args[0].dict, args[1], rets))
        rets[0] = value_ref(args[2]);
    return true;
}

static tuple *pair(const dict_entry *e)
{
    tuple *t = tuple_new(NULL, 2);
    if (t) {
        t->at[0] = value_ref(e->key);
        t->at[1] = value_ref(e->value);
    }
    return t;
}

/* The oldest entry, not the newest as in Python. */
bool dict_popitem(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    size_t i = 0;
    dict_entry *e = dict_next(args[0].dict, &i);
    if (!e)
        return OP_FAIL(cx, "popitem(): dictionary is empty");
    if (!ret_heap(cx, rets, VALUE_TUPLE, pair(e)))
        return false;
    dict_remove_entry(args[0].dict, e);
    return true;
}

bool dict_contains(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, dict_find(args[0].dict, args[1]) != NULL);
}

bool dict_len(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_int(rets, (int64_t)args[0].dict->n);
}

bool dict_clear_op(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    (void)rets;
    dict_clear(args[0].dict);
    return true;
}

bool dict_copy_op(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return ret_heap(cx, rets, VALUE_DICT, dict_copy(args[0].dict));
}

bool dict_update(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)rets;
    dict *d = args[0].dict;
    const dict *from = args[1].dict;
    size_t i = 0;
    for (const dict_entry *e; d != from && (e = dict_next(from, &i));)
        if (!dict_set(d, value_ref(e->key), value_ref(e->value)))
            return op_no_memory(cx);
    return true;
}

/* ---- as lists ------------------------------------------------------------------------------ */
bool dict_keys(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const dict *d = args[0].dict;
    list *l = list_of(d->key, d->n); /* with room for all: pushing cannot fail */
    size_t i = 0;
    for (const dict_entry *e; l && (e = dict_next(d, &i));)
        list_push(l, value_ref(e->key));
    return ret_list(cx, rets, l);
}

bool dict_values(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const dict *d = args[0].dict;
    list *l = list_of(d->value, d->n);
    size_t i = 0;
    for (const dict_entry *e; l && (e = dict_next(d, &i));)
        list_push(l, value_ref(e->value));
    return ret_list(cx, rets, l);
}

bool dict_items(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const dict *d = args[0].dict;
    const type *row[2] = { type_or_any(d->key), type_or_any(d->value) };
    const type *elem = type_tuple(row, 2);
    list *l = elem ? list_new(elem, LIST_VALUES, d->n) : NULL;
    size_t i = 0;
    for (const dict_entry *e; l && (e = dict_next(d, &i));) {
        tuple *t = pair(e);
        if (!t) {
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
            return op_no_memory(cx);
        }
        list_push(l, VALUE_HEAP_V(VALUE_TUPLE, t));
    }
    return ret_list(cx, rets, l);
}

/* dict([(k, v), …]) */
bool dict_from_pairs(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const list *pairs = args[0].list;
    bool is_typed = pairs->elem && pairs->elem->n_args == 2;
    dict *d = is_typed ? dict_new(pairs->elem->args[0], pairs->elem->args[1]) : dict_new(NULL, NULL);
    for (size_t i = 0; d && i < pairs->n; i++) {
        const jit_value *at = pairs->values[i].tuple->at;
        if (!dict_set(d, value_ref(at[0]), value_ref(at[1]))) {
            value_unref(VALUE_HEAP_V(VALUE_DICT, d));
            return op_no_memory(cx);
        }
    }
    return ret_heap(cx, rets, VALUE_DICT, d);
}

/* dict() */
bool dict_new_empty(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)args;
    return ret_heap(cx, rets, VALUE_DICT, dict_new(T_STR, T_TENSOR));
}
