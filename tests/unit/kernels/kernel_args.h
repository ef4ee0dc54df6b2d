/* Arguments that kernel tests spell out (lists, strings, matrices) and calls with several results. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_KERNELS_KERNEL_ARGS_H
#define TESTS_UNIT_KERNELS_KERNEL_ARGS_H

#include "tests/unit/kernels/kernel_test.h"

#define NONE VALUE_NONE_V
#define I(x) VALUE_INT_V(x)
#define F(x) VALUE_FLOAT_V(x)
#define B(x) VALUE_BOOL_V(x)
#define DTYPE(d) VALUE_INT_V(DTYPE_##d)
#define STR(s) VALUE_HEAP_V(VALUE_STR, str_new(s, sizeof(s) - 1))
#define SHAPE(...) __VA_ARGS__
/* A tensor value: T(float32, SHAPE(2, 2), 1, 2, 3, 4) */
#define T(d, shape, ...) T_(tensor_of(DTYPE_##d, SIZES(shape), NUMBERS(__VA_ARGS__)))
#define EMPTY(d, ...) T_(tensor_of(DTYPE_##d, SIZES(__VA_ARGS__), 0, NULL))
#define SCALAR_T(d, x) T_(tensor_of(DTYPE_##d, 0, NULL, NUMBERS(x)))

static inline jit_value ints_of(size_t n, const int64_t *x)
{
    list *l = list_new(NULL, LIST_INTS, n);
    for (size_t i = 0; i < n; i++) assert_true(list_push(l, VALUE_INT_V(x[i])));
    return VALUE_HEAP_V(VALUE_LIST, l);
}
#define INTS(...) ints_of(SIZES(__VA_ARGS__))

static inline jit_value tensors_of(size_t n, const jit_value *x)
{
    list *l = list_new(NULL, LIST_VALUES, n);
    for (size_t i = 0; i < n; i++) assert_true(list_push(l, x[i]));
    return VALUE_HEAP_V(VALUE_LIST, l);
}
#define TENSORS(...) tensors_of(sizeof((jit_value[]){ __VA_ARGS__ }) / sizeof(jit_value), (jit_value[]){ __VA_ARGS__ })

/* Result number k of an operator; the others and the arguments are released. */
static inline jit_value call_result(int k, const char *name, const char *overload, size_t n, jit_value *args)
{
    enum { MAX_RESULTS = 8 };
    op_run run = { 0 };
    jit_value results[MAX_RESULTS];
    for (int i = 0; i < MAX_RESULTS; i++) results[i] = VALUE_NONE_V;
    const op_id id = op_find(name, overload);
    assert_int_not_equal(id, OP_NONE);
    const bool ok = op_call(&run, id, args, n, results);
    for (size_t i = 0; i < n; i++) value_unref(args[i]);
    if (!ok) fail_msg("%s.%s: %s", name, overload, run.message);
    for (int i = 0; i < MAX_RESULTS; i++)
        if (i != k) value_unref(results[i]);
    return results[k];
}
#define RESULT(k, name, overload, ...) \
    call_result((k), (name), (overload), sizeof((jit_value[]){ __VA_ARGS__ }) / sizeof(jit_value), (jit_value[]){ __VA_ARGS__ })

/* Sizes and elements. */
static inline void expect_shaped(jit_value v, dtype d, size_t n_dims, const int64_t *sizes, size_t n, const double *x)
{
    assert_int_equal(v.tag, VALUE_TENSOR);
    assert_int_equal(v.t->n_dims, n_dims);
    for (size_t i = 0; i < n_dims; i++) assert_int_equal(v.t->sizes[i], sizes[i]);
    expect_tensor(v, d, n, x);
}
#define EXPECT_SHAPED(v, d, shape, ...) expect_shaped((v), DTYPE_##d, SIZES(shape), NUMBERS(__VA_ARGS__))
#define EXPECT_SCALAR(v, d, x) expect_shaped((v), DTYPE_##d, 0, NULL, NUMBERS(x))
#define EXPECT_EMPTY(v, d, ...) expect_shaped((v), DTYPE_##d, SIZES(__VA_ARGS__), 0, NULL)

#endif
