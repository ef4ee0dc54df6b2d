/* runtime/kernels/result.h: how kernels over values hand out strings, lists and tuples: each
 * sets rets[0] and returns true, or reports lack of memory and returns false. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_RESULT_H
#define RUNTIME_KERNELS_RESULT_H

#include "runtime/kernels/dispatch.h"

static inline bool ret_heap(op_ctx *cx, jit_value *rets, value_tag tag, void *take)
{
    if (!take)
        return op_no_memory(cx);
    rets[0] = VALUE_HEAP_V(tag, take);
    return true;
}

static inline bool ret_str(op_ctx *cx, jit_value *rets, const char *s, size_t n)
{
    return ret_heap(cx, rets, VALUE_STR, str_new(s, n));
}

static inline bool ret_list(op_ctx *cx, jit_value *rets, list *take)
{
    return ret_heap(cx, rets, VALUE_LIST, take);
}

static inline bool ret_bool(jit_value *rets, bool b) { rets[0] = VALUE_BOOL_V(b); return true; }
static inline bool ret_int(jit_value *rets, int64_t i) { rets[0] = VALUE_INT_V(i); return true; }
static inline bool ret_float(jit_value *rets, double f) { rets[0] = VALUE_FLOAT_V(f); return true; }

/** The finished text as a str; the text is released. */
static inline bool ret_text(op_ctx *cx, jit_value *rets, text *t)
{
    bool ok = !t->failed && ret_str(cx, rets, t->s, t->n);
    text_fini(t);
    return ok || op_no_memory(cx);
}

/** Python's reading of [start:stop:step] over n elements. start and stop may be None.
 * *ret_begin is the first index, *ret_n how many there are. False: step is 0, reported. */
bool slice_range(op_ctx *cx, size_t n, jit_value start, jit_value stop, int64_t step,
                 size_t *ret_begin, size_t *ret_n);

/** `a == b` of list elements: tensors by torch.eq (which may fail), the rest by value_equal. */
bool element_equal(op_ctx *cx, jit_value a, jit_value b, bool *ret);

/** A number as a double; complex numbers give their real part. */
static inline double number_double(jit_value v)
{
    return v.tag == VALUE_COMPLEX ? v.c->re : arg_double(v);
}

#endif
