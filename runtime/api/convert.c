/* runtime/api/convert.c: the call boundary: host values become parameters of a program.
 *
 * The rules are PyTorch's for Python objects (pytorch: torch/csrc/jit/python/pybind_utils.cpp, toIValue):
 * looser than inside a program: an int passes for a float, a tuple for a list, a list for a tuple, a
 * one-element tensor for a number. Containers are copied unless they already have the wanted type. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "ir/type.h"

#include <string.h>

/* A number as double; false for anything else. */
static bool number_of(jit_value v, double *ret)
{
    switch (v.tag) {
    case VALUE_BOOL:
    case VALUE_INT: *ret = (double)v.i; return true;
    case VALUE_FLOAT: *ret = v.f; return true;
    case VALUE_TENSOR:
        if (v.t->numel != 1 || dtype_is_complex(tensor_dtype(v.t)))
            return false;
        *ret = tensor_get_double(v.t, 0);
        return true;
    default: return false;
    }
}

/* The same with an imaginary part. */
static bool complex_of(jit_value v, double *ret_re, double *ret_im)
{
    if (v.tag == VALUE_TENSOR && v.t->numel == 1) {
        tensor_get_complex(v.t, 0, ret_re, ret_im);
        return true;
    }
    *ret_im = v.tag == VALUE_COMPLEX ? v.c->im : 0;
    if (v.tag != VALUE_COMPLEX)
        return number_of(v, ret_re);
    *ret_re = v.c->re;
    return true;
}

static bool to_bool_value(jit_value v, jit_value *ret)
{
    double re = 0, im = 0;
    bool fits = v.tag == VALUE_NONE || complex_of(v, &re, &im);
    if (fits)
        *ret = VALUE_BOOL_V(re != 0 || im != 0);
    return fits;
}

/* A float does not pass for an int, but a tensor with one does, cut towards zero. */
static bool to_int_value(jit_value v, jit_value *ret)
{
    double number;
    if (v.tag == VALUE_INT || v.tag == VALUE_BOOL) {
        *ret = VALUE_INT_V(v.i);
        return true;
    }
    if (v.tag != VALUE_TENSOR || !number_of(v, &number))
        return false;
    if (!dtype_is_float(tensor_dtype(v.t)))
        *ret = VALUE_INT_V(tensor_get_int(v.t, 0));
    else if (number > -0x1p63 && number < 0x1p63)
        *ret = VALUE_INT_V((int64_t)number);
    else
        return false;
    return true;
}

static bool to_complex_value(jit_value v, jit_value *ret)
{
    double re, im;
    if (v.tag == VALUE_COMPLEX) {
        *ret = value_ref(v);
        return true;
    }
    if (!complex_of(v, &re, &im))
        return false;
    complex_box *c = complex_new(re, im);
    if (c)
        *ret = VALUE_HEAP_V(VALUE_COMPLEX, c);
    return c != NULL;
}

/* Number of items of a sequence (list or tuple), -1 for anything else. */
static int64_t sequence_length(jit_value v)
{
    return v.tag == VALUE_LIST ? (int64_t)v.list->n : v.tag == VALUE_TUPLE ? (int64_t)v.tuple->n : -1;
}

static jit_value sequence_item(jit_value v, size_t i) /* a new reference */
{
    return v.tag == VALUE_LIST ? list_get(v.list, i) : value_ref(v.tuple->at[i]);
}

static bool convert_item(jit_value sequence, size_t i, const type *t, jit_value *ret)
{
    jit_value item = sequence_item(sequence, i);
    bool fits = api_convert(item, t, ret);
    value_unref(item);
    return fits;
}

static bool to_list_value(jit_value v, const type *t, jit_value *ret)
{
    const type *elem = type_elem(t);
    int64_t n = sequence_length(v);
    if (n < 0)
        return false;
    if (v.tag == VALUE_LIST && v.list->elem == elem) {
        *ret = value_ref(v);
        return true;
    }
    list *l = list_new(elem, type_list_storage(elem), (size_t)n);
    for (int64_t i = 0; l && i < n; i++) {
        jit_value item;
        if (!convert_item(v, (size_t)i, elem, &item) || !list_push(l, item)) {
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
            return false;
        }
    }
    if (l)
        *ret = VALUE_HEAP_V(VALUE_LIST, l);
    return l != NULL;
}

static bool to_tuple_value(jit_value v, const type *t, jit_value *ret)
{
    if (sequence_length(v) != t->n_args)
        return false;
    tuple *copy = tuple_new(t->kind == TYPE_NAMED_TUPLE ? t : NULL, t->n_args);
    for (size_t i = 0; copy && i < t->n_args; i++) {
        if (!convert_item(v, i, t->args[i], &copy->at[i])) {
            value_unref(VALUE_HEAP_V(VALUE_TUPLE, copy));
            return false;
        }
    }
    if (copy)
        *ret = VALUE_HEAP_V(VALUE_TUPLE, copy);
    return copy != NULL;
}

static bool convert_entry(const dict_entry *e, const type *t, dict *into)
{
    jit_value key, value;
    if (!api_convert(e->key, t->args[0], &key))
        return false;
    if (!api_convert(e->value, t->args[1], &value)) {
        value_unref(key);
        return false;
    }
    return dict_set(into, key, value);
}

static bool to_dict_value(jit_value v, const type *t, jit_value *ret)
{
    if (v.tag == VALUE_DICT && v.dict->key == t->args[0] && v.dict->value == t->args[1]) {
        *ret = value_ref(v);
        return true;
    }
    if (v.tag != VALUE_DICT && sequence_length(v) != 0)
        return false;
    dict *d = dict_new(t->args[0], t->args[1]);
    for (size_t i = 0; d && v.tag == VALUE_DICT && i < v.dict->n_entries; i++) {
        if (v.dict->entries[i].is_live && !convert_entry(&v.dict->entries[i], t, d)) {
            value_unref(VALUE_HEAP_V(VALUE_DICT, d));
            return false;
        }
    }
    if (d)
        *ret = VALUE_HEAP_V(VALUE_DICT, d);
    return d != NULL;
}

static bool to_union_value(jit_value v, const type *t, jit_value *ret)
{
    for (size_t i = 0; i < t->n_args; i++)
        if (type_accepts_value(t->args[i], v)) {
            *ret = value_ref(v);
            return true;
        }
    for (size_t i = 0; i < t->n_args; i++) /* containers whose literal did not say the element type */
        if ((t->args[i]->kind == TYPE_LIST || t->args[i]->kind == TYPE_DICT || t->args[i]->kind == TYPE_TUPLE)
            && api_convert(v, t->args[i], ret))
            return true;
    return false;
}

bool api_convert(jit_value v, const type *t, jit_value *ret)
{
    double number;
    switch ((type_kind)t->kind) {
    case TYPE_BOOL: return to_bool_value(v, ret);
    case TYPE_INT: return to_int_value(v, ret);
    case TYPE_FLOAT:
        if (!number_of(v, &number))
            return false;
        *ret = VALUE_FLOAT_V(number);
        return true;
    case TYPE_COMPLEX: return to_complex_value(v, ret);
    case TYPE_LIST: return to_list_value(v, t, ret);
    case TYPE_TUPLE:
    case TYPE_NAMED_TUPLE: return to_tuple_value(v, t, ret);
    case TYPE_DICT: return to_dict_value(v, t, ret);
    case TYPE_OPTIONAL:
        if (v.tag != VALUE_NONE)
            return api_convert(v, type_elem(t), ret);
        *ret = VALUE_NONE_V;
        return true;
    case TYPE_UNION: return to_union_value(v, t, ret);
    default:
        if (!type_accepts_value(t, v))
            return false;
        *ret = value_ref(v);
        return true;
    }
}
