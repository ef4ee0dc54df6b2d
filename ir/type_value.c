/* ir/type_value.c: types of values at run time: the test of isinstance() and of call boundaries.
 *
 * Containers carry their static type, so the common answer is one comparison. A container whose maker
 * did not say (the host's lists, elem NULL) is looked through; the formal type bounds the depth of
 * that, however the values nest or refer to themselves. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"
#include "ir/type.h"

#include <string.h>

list_storage type_list_storage(const type *elem)
{
    switch ((type_kind)elem->kind) {
    case TYPE_INT:   return LIST_INTS;
    case TYPE_FLOAT: return LIST_FLOATS;
    case TYPE_BOOL:  return LIST_BOOLS;
    default:         return LIST_VALUES;
    }
}

static const type *or_any(const type *t) { return t ? t : T_ANY; }

/* Elements of a list whose maker did not say: the storage may. */
static const type *list_elem(const list *l)
{
    static const type_kind of_storage[] = {
        [LIST_INTS] = TYPE_INT, [LIST_FLOATS] = TYPE_FLOAT, [LIST_BOOLS] = TYPE_BOOL,
        [LIST_VALUES] = TYPE_ANY,
    };
    return l->elem ? l->elem : type_base(of_storage[l->storage]);
}

static const type *type_of_tuple(const tuple *t)
{
    if (t->type)
        return t->type;
    VEC(const type *) parts = { 0 };
    const type *result = NULL;
    while (parts.n < t->n) {
        const type *part = type_of_value(t->at[parts.n]);
        if (!part || !VEC_PUSH(&parts, NULL, part))
            goto done;
    }
    result = type_tuple(parts.at, parts.n);
done:
    VEC_FINI(&parts);
    return result;
}

const type *type_of_value(jit_value v)
{
    switch ((value_tag)v.tag) {
    case VALUE_NONE:      return T_NONE;
    case VALUE_BOOL:      return T_BOOL;
    case VALUE_INT:       return T_INT;
    case VALUE_FLOAT:     return T_FLOAT;
    case VALUE_DEVICE:    return T_DEVICE;
    case VALUE_COMPLEX:   return T_COMPLEX;
    case VALUE_STR:       return T_STR;
    case VALUE_TENSOR:    return T_TENSOR;
    case VALUE_LIST:      return type_list(list_elem(v.list));
    case VALUE_TUPLE:     return type_of_tuple(v.tuple);
    case VALUE_DICT:      return type_dict(or_any(v.dict->key), or_any(v.dict->value));
    case VALUE_OBJECT:    return v.object->type;
    case VALUE_ENUM:      return v.member->type;
    case VALUE_FUNCTION:  return type_base(TYPE_FUNCTION);
    case VALUE_FUTURE:    return type_future(or_any(v.future->elem));
    case VALUE_GENERATOR: return type_base(TYPE_GENERATOR);
    case VALUE_UNINIT: case VALUE__COUNT:
        return T_ANY;
    }
    return T_ANY;
}

static bool list_fits(const type *t, const list *l)
{
    const type *elem = type_elem(t);
    if (l->elem || l->storage != LIST_VALUES) {
        const type *have = list_elem(l);
        return have == elem || elem->has_error || type_unrefined(have) == type_unrefined(elem);
    }
    for (size_t i = 0; i < l->n; i++)
        if (!type_accepts_value(elem, l->values[i]))
            return false;
    return true;
}

static bool dict_fits(const type *t, const dict *d)
{
    if (d->key && d->value)
        return type_is_subtype(type_unrefined(type_dict(d->key, d->value)), type_unrefined(t));
    for (size_t i = 0; i < d->n_entries; i++)
        if (d->entries[i].is_live && (!type_accepts_value(t->args[0], d->entries[i].key) ||
                                      !type_accepts_value(t->args[1], d->entries[i].value)))
            return false;
    return true;
}

static bool tuple_fits(const type *t, const tuple *v)
{
    if (v->n != t->n_args)
        return false;
    if (t->kind == TYPE_NAMED_TUPLE && t != v->type && (!v->type || !type_is_subtype(v->type, t)))
        return false;
    for (size_t i = 0; i < v->n; i++)
        if (!type_accepts_value(t->args[i], v->at[i]))
            return false;
    return true;
}

static bool tensor_fits(const type_tensor *info, const tensor *t)
{
    if (!info)
        return true;
    if ((info->dtype >= 0 && info->dtype != t->dtype) || (info->rank >= 0 && info->rank != t->n_dims) ||
        (info->requires_grad >= 0 && (info->requires_grad != 0) != t->requires_grad) ||
        (info->has_device && !device_equal(info->dev, t->store->dev)))
        return false;
    for (int i = 0; i < info->rank; i++)
        if ((info->sizes[i] >= 0 && info->sizes[i] != t->sizes[i]) ||
            (info->has_strides && info->strides[i] >= 0 && info->strides[i] != t->strides[i]))
            return false;
    return true;
}

static bool some_member_fits(const type *t, jit_value v)
{
    for (size_t i = 0; i < t->n_args; i++)
        if (type_accepts_value(t->args[i], v))
            return true;
    return false;
}

bool type_accepts_value(const type *t, jit_value v)
{
    switch ((type_kind)t->kind) {
    case TYPE_ERROR: case TYPE_ANY: case TYPE_VAR:
        return true;
    case TYPE_NONE:      return v.tag == VALUE_NONE;
    case TYPE_BOOL:      return v.tag == VALUE_BOOL;
    case TYPE_INT: case TYPE_LAYOUT: case TYPE_MEMORY_FORMAT: case TYPE_QSCHEME:
        return v.tag == VALUE_INT;
    case TYPE_FLOAT:     return v.tag == VALUE_FLOAT;
    case TYPE_COMPLEX:   return v.tag == VALUE_COMPLEX;
    case TYPE_NUMBER:    return v.tag == VALUE_INT || v.tag == VALUE_FLOAT || v.tag == VALUE_COMPLEX;
    case TYPE_STR:       return v.tag == VALUE_STR;
    case TYPE_DEVICE:    return v.tag == VALUE_DEVICE;
    case TYPE_GENERATOR: return v.tag == VALUE_GENERATOR;
    case TYPE_STREAM: case TYPE_STORAGE: case TYPE_CAPSULE: case TYPE_RREF:
        return false; // no value of these kinds exists
    case TYPE_ANY_LIST:  return v.tag == VALUE_LIST;
    case TYPE_ANY_TUPLE: return v.tag == VALUE_TUPLE;
    case TYPE_ANY_CLASS: return v.tag == VALUE_OBJECT;
    case TYPE_ANY_ENUM:  return v.tag == VALUE_ENUM;
    case TYPE_FUNCTION:  return v.tag == VALUE_FUNCTION;
    case TYPE_TENSOR:    return v.tag == VALUE_TENSOR && tensor_fits(t->info, v.t);
    case TYPE_LIST:      return v.tag == VALUE_LIST && list_fits(t, v.list);
    case TYPE_OPTIONAL:  return v.tag == VALUE_NONE || type_accepts_value(type_elem(t), v);
    case TYPE_UNION:     return some_member_fits(t, v);
    case TYPE_DICT:      return v.tag == VALUE_DICT && dict_fits(t, v.dict);
    case TYPE_TUPLE: case TYPE_NAMED_TUPLE:
        return v.tag == VALUE_TUPLE && tuple_fits(t, v.tuple);
    case TYPE_FUTURE:
        return v.tag == VALUE_FUTURE && type_is_subtype(or_any(v.future->elem), type_elem(t));
    case TYPE_CLASS: case TYPE_INTERFACE:
        return v.tag == VALUE_OBJECT && type_is_subtype(v.object->type, t);
    case TYPE_ENUM:      return v.tag == VALUE_ENUM && v.member->type == t;
    case TYPE__COUNT:    break;
    }
    return false;
}

const type *type_of_tensor(const tensor *t)
{
    return type_tensor_refined(&(type_tensor){
        .dtype = (int)tensor_dtype(t),
        .rank = t->n_dims,
        .requires_grad = t->requires_grad,
        .has_device = true,
        .has_strides = true,
        .dev = t->store->dev,
        .sizes = t->sizes,
        .strides = t->strides,
    });
}
