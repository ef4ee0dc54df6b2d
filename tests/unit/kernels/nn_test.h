/* What the tests of layers, losses and images share: lists as arguments, operators with several results. Operands are multiples of
 * 1/4 where that keeps them short, results are what PyTorch 1.13.1 gives for them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_KERNELS_NN_TEST_H
#define TESTS_UNIT_KERNELS_NN_TEST_H

#include "tests/unit/kernels/kernel_test.h"

#include "ir/type.h"

#define NONE     VALUE_NONE_V
#define INT(x)   VALUE_INT_V(x)
#define FLOAT(x) VALUE_FLOAT_V(x)
#define BOOL(x)  VALUE_BOOL_V(x)
#define STR(s)   VALUE_HEAP_V(VALUE_STR, str_new(s, strlen(s)))

static inline jit_value list_of(const struct type *elem, list_storage how, size_t n, const jit_value *x)
{
    list *l = list_new(elem, how, n);
    for (size_t i = 0; i < n; i++)
        assert_true(list_push(l, x[i]));
    return VALUE_HEAP_V(VALUE_LIST, l);
}

static inline jit_value ints_of(size_t n, const int64_t *x)
{
    list *l = list_new(T_INT, LIST_INTS, n);
    for (size_t i = 0; i < n; i++)
        assert_true(list_push(l, INT(x[i])));
    return VALUE_HEAP_V(VALUE_LIST, l);
}

static inline jit_value floats_of(size_t n, const double *x)
{
    list *l = list_new(T_FLOAT, LIST_FLOATS, n);
    for (size_t i = 0; i < n; i++)
        assert_true(list_push(l, FLOAT(x[i])));
    return VALUE_HEAP_V(VALUE_LIST, l);
}
#define INTS(...)   ints_of(SIZES(__VA_ARGS__))
#define NO_INTS     ints_of(0, NULL)
#define FLOATS(...) floats_of(NUMBERS(__VA_ARGS__))
#define TENSORS(...)                                                                               \
    list_of(T_TENSOR, LIST_VALUES, sizeof((jit_value[]){ __VA_ARGS__ }) / sizeof(jit_value),       \
            (jit_value[]){ __VA_ARGS__ })

/* As expect_tensor(), allowing for sums taken in another order. */
static inline void expect_near(jit_value v, dtype d, size_t n, const double *x)
{
    const double tolerance = d == DTYPE_int64 || d == DTYPE_bool ? 0
                             : d == DTYPE_bfloat16               ? 0.01
                                                                 : 1e-5;
    assert_int_equal(v.tag, VALUE_TENSOR);
    assert_string_equal(dtype_name(tensor_dtype(v.t)), dtype_name(d));
    assert_int_equal(v.t->numel, n);
    for (size_t i = 0; i < n; i++) {
        const double got = tensor_get_double(v.t, (int64_t)i);
        if (isnan(x[i]) ? !isnan(got)
                        : !(got == x[i] || fabs(got - x[i]) <= tolerance * (1 + fabs(x[i]))))
            fail_msg("element %zu is %.9g, not %.9g", i, got, x[i]);
    }
    value_unref(v);
}

typedef struct result {
    dtype d;
    size_t n;
    const double *x;
} result;
#define ARGS(...)                                                                                  \
    sizeof((jit_value[]){ __VA_ARGS__ }) / sizeof(jit_value), (jit_value[]) { __VA_ARGS__ }
#define RESULT(d, ...)                                                                             \
    {                                                                                              \
        DTYPE_##d, NUMBERS(__VA_ARGS__)                                                            \
    }

/* The results of an operator, one after the other; its arguments are released. */
static inline void check_results(const char *name, const char *overload, size_t n, jit_value *args,
                          size_t n_results, const result *expected)
{
    enum { MAX_RESULTS = 3 };
    op_run run = { 0 };
    jit_value rets[MAX_RESULTS];
    assert_true(n_results <= MAX_RESULTS);
    if (!op_call(&run, op_find(name, overload), args, n, rets))
        fail_msg("%s.%s: %s", name, overload, run.message);
    for (size_t i = 0; i < n; i++)
        value_unref(args[i]);
    for (size_t k = 0; k < n_results; k++)
        expect_near(rets[k], expected[k].d, expected[k].n, expected[k].x);
}
#define CHECK(name, overload, args, ...)                                                           \
    check_results(name, overload, args, sizeof((result[]){ __VA_ARGS__ }) / sizeof(result),        \
                  (result[]){ __VA_ARGS__ })

#endif
