/* What the kernel tests share: literal tensors, operator calls by name, comparisons. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_KERNELS_KERNEL_TEST_H
#define TESTS_UNIT_KERNELS_KERNEL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "runtime/kernels/kernel.h"

#define NUMBERS(...) (sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)), (double[]){ __VA_ARGS__ }
#define SIZES(...) (sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), (int64_t[]){ __VA_ARGS__ }

/* A contiguous tensor of type d from doubles. */
static inline tensor *tensor_of(dtype d, size_t n_dims, const int64_t *sizes, size_t n, const double *x)
{
    tensor *t = tensor_new(d, sizes, (int)n_dims, DEVICE_CPU0);
    assert_int_equal(t->numel, n);
    for (size_t i = 0; i < n; i++)
        element_store_double(d, (char *)tensor_data(t) + i * dtype_size(d), x[i]);
    return t;
}
#define VECTOR(d, ...) \
    tensor_of(DTYPE_##d, SIZES((int64_t)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double))), NUMBERS(__VA_ARGS__))
#define T_(t) VALUE_HEAP_V(VALUE_TENSOR, (t))

/* Call an operator ("aten::add", "Tensor"); arguments are released. Its single result, or NULL and the
 * message in *ret_message (to be freed). */
static inline jit_value call_op(const char *name, const char *overload, size_t n, jit_value *args, char **ret_message)
{
    op_run run = { 0 };
    jit_value result = VALUE_NONE_V;
    const op_id id = op_find(name, overload);
    assert_int_not_equal(id, OP_NONE);
    const bool ok = op_call(&run, id, args, n, &result);
    for (size_t i = 0; i < n; i++) value_unref(args[i]);
    if (ret_message) *ret_message = run.message;
    if (!ok && !ret_message) fail_msg("%s.%s: %s", name, overload, run.message);
    if (ok && run.message) fail_msg("a message without failure: %s", run.message);
    return ok ? result : VALUE_NONE_V;
}
#define CALL(name, overload, ...) \
    call_op(name, overload, sizeof((jit_value[]){ __VA_ARGS__ }) / sizeof(jit_value), (jit_value[]){ __VA_ARGS__ }, NULL)

static inline void expect_failure(const char *expected, const char *name, const char *overload, size_t n, jit_value *args)
{
    char *message = NULL;
    const jit_value v = call_op(name, overload, n, args, &message);
    assert_int_equal(v.tag, VALUE_NONE);
    assert_non_null(message);
    assert_string_equal(message, expected);
    mem_free(message);
}
#define EXPECT_FAILURE(expected, name, overload, ...)                                             \
    expect_failure(expected, name, overload, sizeof((jit_value[]){ __VA_ARGS__ }) / sizeof(jit_value), \
                   (jit_value[]){ __VA_ARGS__ })

/* The value is a tensor of this type with these elements (row-major), then release it. */
static inline void expect_tensor(jit_value v, dtype d, size_t n, const double *x)
{
    assert_int_equal(v.tag, VALUE_TENSOR);
    assert_string_equal(dtype_name(tensor_dtype(v.t)), dtype_name(d));
    assert_int_equal(v.t->numel, n);
    for (size_t i = 0; i < n; i++) {
        const double got = tensor_get_double(v.t, (int64_t)i);
        const double tolerance = d == DTYPE_float32 ? 2e-6 : d == DTYPE_float64 ? 1e-12 : 0;
        if (isnan(x[i]) ? !isnan(got) : !(got == x[i] || fabs(got - x[i]) <= tolerance * (1 + fabs(x[i]))))
            fail_msg("element %zu is %.9g, not %.9g", i, got, x[i]);
    }
    value_unref(v);
}
#define EXPECT(v, d, ...) expect_tensor((v), DTYPE_##d, NUMBERS(__VA_ARGS__))

#endif
