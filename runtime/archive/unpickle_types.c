/* runtime/archive/unpickle_types.c: element types of unpickled containers.
 *
 * A pickled list does not say what it holds. torch.jit.save says so beside it (a type tag); old archives rely on the
 * static type of the attribute; in torch.save files the contents decide. In each case the container is retyped in
 * place, so that whoever shares it sees the same one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/unpickle.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

/* ---- changing a container's types in place ----------------------------------------------------------- */

static bool list_accepts(const list *l, const type *elem)
{
    if (l->elem == elem)
        return true;
    for (size_t i = 0; i < l->n; i++)
        if (!type_accepts_value(elem, list_peek(l, i)))
            return false;
    return true;
}

bool unpickle_retype_list(list *l, const type *elem)
{
    const list_storage how = type_list_storage(elem);
    if (!list_accepts(l, elem))
        return false;
    if (l->storage != how) {
        list *fresh = list_new(elem, how, l->n);
        bool is_full = fresh != NULL;
        for (size_t i = 0; is_full && i < l->n; i++)
            is_full = list_push(fresh, list_get(l, i));
        if (is_full) { // exchange the contents: others hold l
            void *at = l->at;
            const size_t cap = l->cap;
            const list_storage old = l->storage;
            l->at = fresh->at, l->cap = fresh->cap, l->storage = how;
            fresh->at = at, fresh->cap = cap, fresh->storage = old;
        }
        value_unref(VALUE_HEAP_V(VALUE_LIST, fresh));
        if (!is_full)
            return false;
    }
    l->elem = elem;
    return true;
}

bool unpickle_retype_dict(dict *d, const type *key, const type *value)
{
    if (d->key == key && d->value == value)
        return true;
    dict_entry *e;
    for (size_t i = 0; (e = dict_next(d, &i));)
        if (!type_accepts_value(key, e->key) || !type_accepts_value(value, e->value))
            return false;
    d->key = key;
    d->value = value;
    return true;
}

/* ---- types from the contents: torch.save files --------------------------------------------------------- */

const type *unpickle_item_type(const unpickler *u, const item *it)
{
    const part *p = it->kind == ITEM_VALUE && it->index ? &u->parts.at[it->index - 1] : NULL;
    if (it->kind == ITEM_TUPLE)
        return u->tuples.at[it->index].type;
    if (p && p->is_mixed)
        return NULL;
    if (p && it->v.tag == VALUE_LIST)
        return p->elem ? type_list(p->elem) : NULL;
    if (p && it->v.tag == VALUE_DICT)
        return p->elem && p->key ? type_dict(p->key, p->elem) : NULL;
    return type_of_value(it->v);
}

void unpickle_add_type(part *p, const type **so_far, const type *t)
{
    const type *both = !t || !*so_far || *so_far == t ? t : type_unify(*so_far, t);
    if (both)
        *so_far = both;
    else
        p->is_mixed = true;
}

/* ---- types from a static type: tags and attributes -------------------------------------------------------- */

static bool restore(jit_value *v, const type *t, int depth);

static bool restore_list(list *l, const type *elem, int depth)
{
    if (l->elem || l->storage != LIST_VALUES)
        return true; // it has a type; whether the right one is checked where it goes
    for (size_t i = 0; i < l->n; i++)
        if (!restore(&l->values[i], elem, depth))
            return false;
    return unpickle_retype_list(l, elem);
}

static bool restore_dict(dict *d, const type *key, const type *value, int depth)
{
    if (d->key && d->value)
        return true;
    dict_entry *e;
    for (size_t i = 0; (e = dict_next(d, &i));)
        if (!restore(&e->value, value, depth))
            return false;
    return unpickle_retype_dict(d, key, value);
}

/* Named tuples are pickled as plain ones; the value becomes one of the type. */
static bool restore_tuple(jit_value *v, const type *t, int depth)
{
    if (v->tuple->n != t->n_args || v->tuple->type == t)
        return v->tuple->type == t;
    tuple *fresh = tuple_new(t->kind == TYPE_NAMED_TUPLE ? t : NULL, t->n_args);
    if (!fresh)
        return false;
    bool is_fine = true;
    for (size_t i = 0; i < t->n_args; i++) {
        fresh->at[i] = value_ref(v->tuple->at[i]);
        is_fine = is_fine && restore(&fresh->at[i], t->args[i], depth);
    }
    value_set(v, VALUE_HEAP_V(VALUE_TUPLE, fresh));
    return is_fine;
}

/* The member a container belongs to is the first of its kind. */
static bool restore_union(jit_value *v, const type *t, int depth)
{
    static const type_kind kinds[VALUE__COUNT] = {
        [VALUE_LIST] = TYPE_LIST, [VALUE_DICT] = TYPE_DICT, [VALUE_TUPLE] = TYPE_TUPLE,
    };
    for (size_t i = 0; i < t->n_args; i++)
        if (t->args[i]->kind == kinds[v->tag] && kinds[v->tag] && restore(v, t->args[i], depth))
            return true;
    return type_accepts_value(t, *v);
}

static bool restore(jit_value *v, const type *t, int depth)
{
    if (depth > UNPICKLE_MAX_DEPTH)
        return false;
    if (t->kind == TYPE_OPTIONAL)
        return v->tag == VALUE_NONE || restore(v, type_elem(t), depth + 1);
    if (t->kind == TYPE_UNION)
        return restore_union(v, t, depth + 1);
    if (t->kind == TYPE_LIST && v->tag == VALUE_LIST)
        return restore_list(v->list, type_elem(t), depth + 1);
    if (t->kind == TYPE_DICT && v->tag == VALUE_DICT)
        return restore_dict(v->dict, t->args[0], t->args[1], depth + 1);
    if ((t->kind == TYPE_TUPLE || t->kind == TYPE_NAMED_TUPLE) && v->tag == VALUE_TUPLE)
        return restore_tuple(v, t, depth + 1);
    return type_accepts_value(t, *v);
}

bool unpickle_retype(jit_value *v, const type *t) { return restore(v, t, 0) && type_accepts_value(t, *v); }

jit_status unpickle_restore_types(jit_value *v, const type *t, const char *what, jit_error *err)
{
    const uint64_t n_refused = mem_refusals();
    if (unpickle_retype(v, t))
        return JIT_OK;
    if (mem_refusals() != n_refused)
        return error_no_memory(err);
    arena a;
    arena_init(&a);
    const char *have = v->tag == VALUE_TUPLE ? "a tuple" : type_str(&a, type_of_value(*v));
    jit_status status = error_fail(err, JIT_EFORMAT, "%s: expected a value of type %s, found %s", what, type_str(&a, t),
                                   have);
    arena_fini(&a);
    return status;
}
