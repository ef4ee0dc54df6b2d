/* Layers of neural networks, losses and resampling against PyTorch 1.13.1: operands are multiples
 * of 1/4 where that keeps them short, results are what PyTorch gives for them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_test.h"

#include "ir/type.h"

#define NONE     VALUE_NONE_V
#define INT(x)   VALUE_INT_V(x)
#define FLOAT(x) VALUE_FLOAT_V(x)
#define BOOL(x)  VALUE_BOOL_V(x)
#define STR(s)   VALUE_HEAP_V(VALUE_STR, str_new(s, strlen(s)))

static jit_value list_of(const struct type *elem, list_storage how, size_t n, const jit_value *x)
{
    list *l = list_new(elem, how, n);
    for (size_t i = 0; i < n; i++)
        assert_true(list_push(l, x[i]));
    return VALUE_HEAP_V(VALUE_LIST, l);
}

static jit_value ints_of(size_t n, const int64_t *x)
{
    list *l = list_new(T_INT, LIST_INTS, n);
    for (size_t i = 0; i < n; i++)
        assert_true(list_push(l, INT(x[i])));
    return VALUE_HEAP_V(VALUE_LIST, l);
}

static jit_value floats_of(size_t n, const double *x)
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
static void expect_near(jit_value v, dtype d, size_t n, const double *x)
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
static void check_results(const char *name, const char *overload, size_t n, jit_value *args,
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

static void convolutions(void **state)
{
    (void)state;
    CHECK("aten::conv1d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 6),
                            NUMBERS(0.75, 0.25, 0, 0.5, -0.5, -0.25, -1.5, 0.5, -1, -0.5, -1, 0))),
               T_(tensor_of(
                   DTYPE_float32, SIZES(2, 2, 3),
                   NUMBERS(-0.25, -1, 0.5, 0.25, -0.5, -0.5, -1.5, 0, 3.5, -1.75, 1.5, -1.25))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0.25, -0.5))), INTS(2), INTS(1),
               INTS(1), INT(1)),
          RESULT(float32, 0.125, 1.3125, 0.875, -2.5, -0.875, -2.75));
    CHECK("aten::conv2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 4, 4),
                            NUMBERS(0.75, 0.5, 1.25, 2, 0.25, -0.5, -1.75, -1.25, 1.5, -0.75, -3.25,
                                    -0.75, 1, 0.25, 0, -0.75, -0.25, 0, 1.75, 0, 1, 1, -1.5, -1.25,
                                    -0.5, -0.5, 0.5, -1, 1.25, 0.75, -0.25, 0.75))),
               T_(tensor_of(
                   DTYPE_float32, SIZES(2, 1, 3, 2),
                   NUMBERS(-0.75, 1, -0.75, 0.5, 0.25, -0.75, -0.5, 0.75, -0.5, -0.75, -1.75, 1))),
               NONE, INTS(1, 2), INTS(1, 0), INTS(1, 2), INT(2)),
          RESULT(float32, 1.4375, 2.4375, -4.4375, -5.125, -4.4375, 3.4375, -4.1875, 0.1875));
    CHECK("aten::conv2d", "padding",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3, 3),
                            NUMBERS(0, -0.75, 0.25, -1.25, 0.5, -0.25, -2.5, -1.5, 0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 2), NUMBERS(0.5, -0.5, 1.25, -1))), NONE,
               INTS(1), STR("same"), INTS(1), INT(1)),
          RESULT(float32, -1.6875, 0.375, -0.1875, -2.5, -2, 0.5, -0.5, -1, 0.25));
    CHECK("aten::conv2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3, 3),
                            NUMBERS(-1, -1, -0.25, 0.25, 0, -0.75, -0.75, -0.75, 0.5, -0.25, -0.25,
                                    -0.5, 0.75, -0.5, 1.75, 0.5, 0.25, 1.5))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2, 2),
                            NUMBERS(0.25, 0.25, -1.5, 1.5, 0, 0.5, 4, -1))),
               T_(tensor_of(DTYPE_float32, SIZES(1), NUMBERS(-0.25))), INTS(1, 1), INTS(0, 0),
               INTS(1, 1), INT(1)),
          RESULT(float32, 2.25, -5.6875, 1.3125, 1.8125));
    CHECK("aten::conv3d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 3, 3),
                            NUMBERS(0.25, 0.25, 1.75, 0.75, 1, 1, 1, 1, -0.5, 1.25, 0.5, -1, -0.5,
                                    -0.5, -1, 1.25, 1.25, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 1, 2, 2, 2),
                            NUMBERS(0.5, 2.5, -0.5, 0.5, 1.75, -0.5, -0.25, -1.5, -0.25, -0.5, 0.25,
                                    0.25, 0, 0.25, 1, -1.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0.25, 1.25))), INTS(1, 1, 1),
               INTS(0, 0, 0), INTS(1, 1, 1), INT(1)),
          RESULT(float32, 3.9375, 7.75, 0.3125, 2.5625, 1.875, 1.5625, 0.3125, 2.375));
    CHECK("aten::conv_transpose1d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3),
                            NUMBERS(-0.25, -1.5, 0.75, -0.25, -0.75, 1))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 1, 3), NUMBERS(0.5, 1, -0.5, 1.5, -1, -1.25))),
               T_(tensor_of(DTYPE_float32, SIZES(1), NUMBERS(0.75))), INTS(2), INTS(1), INTS(1),
               INT(1), INTS(1)),
          RESULT(float32, 0.75, -0.6875, 0, 4.3125, 0.5, -0.875));
    CHECK("aten::conv_transpose2d", "input",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2, 2),
                            NUMBERS(0, -0.25, -0.5, 0.75, -0.25, -0.5, 0, 0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2, 2, 2),
                            NUMBERS(0.25, 0.25, -0.25, 0.5, -0.25, -1.25, 0.25, 0, -1, -0.75, 0,
                                    2.25, 1, 0, 1.25, 0.5))),
               NONE, INTS(2, 1), INTS(0, 1), INTS(0, 0), INT(2), INTS(1, 2)),
          RESULT(float32, -0.0625, 0, 0.0625, 0, 0.1875, -0.125, -0.1875, -0.25, 0.0625, 0, -0.0625,
                 0, -0.1875, 0.625, 0.1875, 0, 0.5, 0.1875, 0, -0.5625, -0.5, 0, 0, 0, -0.5, 0,
                 -0.625, -0.125, 0.5, 0, 0.625, 0));
    CHECK("aten::conv2d", "",
          ARGS(T_(tensor_of(DTYPE_bfloat16, SIZES(1, 3, 4, 4),
                            NUMBERS(-0.75, 1, -1.25, -0.75, 1, -0.25, 0.25, 2.25, -0.5, -0.25, 0.75,
                                    0.75, 0.25, 0.75, -0.25, 0.25, -0.25, -0.75, 0.25, -1.25, 0.75,
                                    -0.75, 0, -0.25, -0.75, 1.5, 1.75, -1, 0.75, 0.75, -1, -0.75, 0,
                                    0.25, 1, 1, -0.5, -0.5, -0.5, 0, 2.25, 0.5, 0.5, 0, 0.25, 0.5,
                                    1.25, 1.25))),
               T_(tensor_of(DTYPE_bfloat16, SIZES(1, 3, 3, 3),
                            NUMBERS(0.25, -0.5, 0, -1.25, 0.25, 0.75, 0.5, -1.75, 0, -0.5, -1.75,
                                    -1, 0.5, 1, -0.75, -1, -0.75, -0.25, -1.75, 1, 0.75, -2.25,
                                    -1.5, -1, 0.5, 0.25, -1))),
               NONE, INTS(1), INTS(0), INTS(1), INT(1)),
          RESULT(bfloat16, 2.5, 3.5, -7.3125, 3.5625));
    EXPECT_FAILURE("Given groups=1, weight of size [1, 1, 2, 2], expected input[1, 2, 3, 3] to "
                   "have 1 channels, but got 2 channels instead",
                   "aten::conv2d", "",
                   T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 3),
                                NUMBERS(0.5, 0, 1, 0.25, -0.5, 1.25, 0.5, -1.25, 1.5, -0.5, -0.5, 1,
                                        1.5, 0.75, -0.25, -0.75, -0.75, 0))),
                   T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 2), NUMBERS(1, 0.75, 1.5, -0.25))),
                   NONE, INTS(1), INTS(0), INTS(1), INT(1));
    EXPECT_FAILURE(
        "Calculated padded input size per channel: (2 x 2). Kernel size: (3 x 3). Kernel size "
        "can't be greater than actual input size",
        "aten::conv2d", "",
        T_(tensor_of(DTYPE_float32, SIZES(1, 3, 2, 2),
                     NUMBERS(-0.25, 1, 1.5, -1.5, 1, 0.5, -0.75, 0.75, -0.75, -0.75, 0.25, -1.25))),
        T_(tensor_of(DTYPE_float32, SIZES(2, 3, 3, 3),
                     NUMBERS(0, 1, -0.5, -1.5, 0, -1.5, -0.25, 1, -0.5, 1.25, 0.5, 0, 0.25, 1.5,
                             1.5, -0.25, 0.25, -2, -1, 0.25, 0, 1.25, 0.5, -0.5, 2.25, -1, -2, 0,
                             1.5, 1, 0, -1.5, 0, 0.75, -0.25, 1.5, 0.25, 1.25, -1.25, 0.5, 1.25,
                             -0.25, 0, -0.25, 0.5, -0.25, -0.5, 0, 1.5, -1.75, 0, 0.5, 0.25,
                             -0.75))),
        NONE, INTS(1), INTS(0), INTS(1), INT(1));
    EXPECT_FAILURE(
        "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [2, 2]",
        "aten::conv2d", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-0.75, -0.25, 1.25, 0.5))),
        T_(tensor_of(DTYPE_float32, SIZES(1, 1, 1, 1), NUMBERS(0.25))), NONE, INTS(1), INTS(0),
        INTS(1), INT(1));
    EXPECT_FAILURE("Given weight of size [1, 1, 1, 1], expected bias to be 1-dimensional with 1 "
                   "elements, but got bias of size [2] instead",
                   "aten::conv2d", "",
                   T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 2), NUMBERS(2.25, -1.5, -1.75, 0.5))),
                   T_(tensor_of(DTYPE_float32, SIZES(1, 1, 1, 1), NUMBERS(-1.25))),
                   T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(-1.5, -0.25))), INTS(1), INTS(0),
                   INTS(1), INT(1));
    EXPECT_FAILURE("non-positive stride is not supported", "aten::conv2d", "",
                   T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 2), NUMBERS(-1, 0.25, 2.5, -0.75))),
                   T_(tensor_of(DTYPE_float32, SIZES(1, 1, 1, 1), NUMBERS(0))), NONE, INTS(0),
                   INTS(0), INTS(1), INT(1));
}

static void pooling(void **state)
{
    (void)state;
    CHECK("aten::max_pool1d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 7),
                            NUMBERS(-1.25, 0.5, 0, -0.25, -0.5, -2.25, -0.25))),
               INTS(3), INTS(2), INTS(1), INTS(1), BOOL(true)),
          RESULT(float32, 0.5, 0.5, -0.25, -0.25));
    CHECK("aten::max_pool2d_with_indices", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 4, 5),
                            NUMBERS(1, -1, 0.5, 0.25, -0.5, 0.25, 1, 0.25, 3, 0.5, -0.25, -3, -2.75,
                                    1.25, 0.25, -1.25, -0.5, 1.75, -1, -0.5))),
               INTS(2, 2), NO_INTS, INTS(0), INTS(1), BOOL(true)),
          RESULT(float32, 1, 3, 0.5, -0.25, 1.75, 0.25), RESULT(int64, 0, 8, 9, 10, 17, 14));
    CHECK("aten::max_pool2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 5, 5),
                            NUMBERS(-0.5, -0.75, -0.5, 1, -1.75, 0.75, 1.5, -1.75, -0.75, 0.5,
                                    -0.25, 0.25, 0.75, 1, -0.5, 1.25, -1, -1, -0.75, 0.25, 0, 0.5,
                                    0.75, 1.5, -2))),
               INTS(2), INTS(2), INTS(1), INTS(2), BOOL(false)),
          RESULT(float32, 1.5, 1.5, -0.75, 1.5, 1.5, -0.75, -1, -0.75, -0.75));
    CHECK("aten::max_pool3d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 3),
                            NUMBERS(0.5, 0.75, 0.75, 0, 0.25, 1, 0.75, -0.25, -0.75, 0.5, -1.25, 1,
                                    -0.25, -0.75, 1, 1.5, -0.25, 0))),
               INTS(2), INTS(1), INTS(0), INTS(1), BOOL(false)),
          RESULT(float32, 0.75, 1, 1.5, 1));
    CHECK("aten::avg_pool1d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 5), NUMBERS(0.25, 0, 0.75, 1.25, -1.25))),
               INTS(3), INTS(2), INTS(1), BOOL(true), BOOL(true)),
          RESULT(float32, 0.0833333358, 0.666666687, 0));
    CHECK(
        "aten::avg_pool2d", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 3, 4),
                          NUMBERS(0.25, -1.25, 0.25, -1, -1.75, -1, -2.5, 0.25, 0.5, 1, 0, -0.25))),
             INTS(2), INTS(2), INTS(1), BOOL(true), BOOL(false), NONE),
        RESULT(float32, 0.25, -0.5, -1, -0.625, -0.625, 0));
    CHECK("aten::avg_pool2d", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 3, 4),
                   NUMBERS(-2.25, 0.25, 1.5, -1.5, 0.5, 0.5, 0, -1.25, -0.25, 0.5, -0.75, 1))),
               INTS(2), INTS(2), INTS(1), BOOL(true), BOOL(true), NONE),
          RESULT(float32, -0.5625, 0.4375, -0.375, 0.0625, 0.0625, -0.0625));
    CHECK("aten::avg_pool2d", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 3, 4),
                   NUMBERS(-0.5, -1, 0.75, 0.25, -0.25, -0.5, -0.25, -0.25, 0, 0.25, 0.25, 0))),
               INTS(2), NO_INTS, INTS(0), BOOL(false), BOOL(true), INT(3)),
          RESULT(float32, -0.75, 0.166666672));
    CHECK("aten::avg_pool3d", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 2, 2, 3),
                   NUMBERS(-0.75, -0.5, 0.75, -0.5, 1, -1, -0.5, 0.25, -2.25, -0.5, -1, -0.25))),
               INTS(2), INTS(1), INTS(0), BOOL(false), BOOL(true), NONE),
          RESULT(float32, -0.3125, -0.375));
    CHECK("aten::adaptive_avg_pool2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 3, 5),
                            NUMBERS(0.25, 0.75, -0.5, -1.75, 1.5, -1.75, -0.75, 0, 0.5, -0.75, -1,
                                    -0.5, 2, -0.5, 0.25))),
               INTS(2, 3)),
          RESULT(float32, -0.375, -0.291666657, -0.125, -1, 0.125, -0.125));
    CHECK("aten::adaptive_max_pool2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 3, 5),
                            NUMBERS(-0.75, 1, 0, 0.75, 0.25, -0.5, 0.75, 1, 1, 1.5, 0.75, -1.25,
                                    -0.25, -0.25, -0.5))),
               INTS(2, 3)),
          RESULT(float32, 1, 1, 1.5, 0.75, 1, 1.5), RESULT(int64, 1, 1, 9, 6, 7, 9));
    CHECK("aten::adaptive_avg_pool3d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 2),
                            NUMBERS(1.5, 1.5, 1.5, -0.5, -0.25, -1.25, 0, -0.5, 0.25, -2, 1.5, 1))),
               INTS(1, 2, 2)),
          RESULT(float32, 0.8125, -0.375, 0.75, -0.6875));
    CHECK("aten::max_unpool2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2), NUMBERS(1.75, -1.25))),
               T_(tensor_of(DTYPE_int64, SIZES(1, 1, 2), NUMBERS(0, 5))), INTS(2, 3)),
          RESULT(float32, 1.75, 0, 0, 0, 0, -1.25));
    EXPECT_FAILURE(
        "Given input size: (1x2x2). Calculated output size: (1x0x0). Output size is too small",
        "aten::max_pool2d", "",
        T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(-0.5, 1.5, 0, 0.5))), INTS(3), NO_INTS,
        INTS(0), INTS(1), BOOL(false));
    EXPECT_FAILURE("max_pool2d: kernel_size must either be a single int, or a tuple of two ints",
                   "aten::max_pool2d", "",
                   T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(0.25, 0.25, 0, 0.5))),
                   INTS(1, 1, 1), NO_INTS, INTS(0), INTS(1), BOOL(false));
    EXPECT_FAILURE(
        "max_pool2d: stride must either be omitted, a single int, or a tuple of two ints",
        "aten::max_pool2d", "",
        T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(-0.5, 0, 0.75, 0.25))), INTS(2),
        INTS(1, 1, 1), INTS(0), INTS(1), BOOL(false));
    CHECK(
        "aten::adaptive_avg_pool2d", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0.25, -0.25, -1, 0.5))), INTS(1, 1)),
        RESULT(float32, -0.125));
}

static void normalisation(void **state)
{
    (void)state;
    CHECK(
        "aten::batch_norm", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2, 3),
                          NUMBERS(0, -0.75, 1.5, 0, 0.5, 1.25, 0.25, 1.5, -0.25, 1.25, 2.75, 1.5))),
             T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(2, 1))),
             T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0.75, 0.25))),
             T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(-1, -3.25))),
             T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(1.75, 2.75))), BOOL(false), FLOAT(0.1),
             FLOAT(1e-05), BOOL(true)),
        RESULT(float32, 2.26185369, 1.12796354, 4.529634, 2.20982003, 2.51133084, 2.96359706,
               2.639817, 4.529634, 1.88389027, 2.96359706, 3.86812925, 3.11435246));
    CHECK("aten::batch_norm", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3, 2), NUMBERS(-0.5, 0.5, 0.75, -2, 0.75, 1.25))),
               NONE, NONE, NONE, NONE, BOOL(true), FLOAT(0.1), FLOAT(1e-05), BOOL(true)),
          RESULT(float32, -1.41419315, 0.419831038, 0.707096577, -1.37944484, 0.707096577,
                 0.9596138));
    CHECK("aten::native_batch_norm", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3, 2), NUMBERS(0.25, 2, -1, -0.5, 0, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0.5, 0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0.5, -0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0.25, -1))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0.5, 1))), BOOL(true), FLOAT(0.1),
               FLOAT(1e-05)),
          RESULT(float32, 0.962902069, -0.0428957343, -0.194353223, -1.1035521, 0.731451035,
                 -1.1035521),
          RESULT(float32, -0.25, 0.333333343), RESULT(float32, 1.85160851, 0.848525107));
    CHECK(
        "aten::instance_norm", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2, 3),
                          NUMBERS(-1.5, 0.5, 0.5, 1.25, 0, -0.5, -2, -0.25, 0.75, -0.5, 2, 0.25))),
             T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0.75, 0.75))),
             T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0, 0))), NONE, NONE, BOOL(true),
             FLOAT(0.1), FLOAT(1e-05), BOOL(true)),
        RESULT(float32, -1.06065416, 0.530327082, 0.530327082, 1.01903987, -0.254759967,
               -0.764279902, -0.98986423, 0.164977372, 0.824886858, -0.775664806, 1.01433086,
               -0.238666087));
    CHECK("aten::layer_norm", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2, 3),
                            NUMBERS(-0.25, -1.5, -0.25, -0.25, -1.75, 1.75, 0.75, -1.75, -1.25,
                                    1.75, -0.25, 1.75))),
               INTS(2, 3),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-1.5, 1, -1.25, 0.75, 0.5, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(1, -0.75, 0.75, 0.25, 0, -0.25))),
               FLOAT(1e-05), BOOL(true)),
          RESULT(float32, 0.834688962, -1.74186587, 0.612240791, 0.332655519, -0.606140256,
                 -1.18676233, 0.359805435, -2.15233088, 2.04563189, 1.11883557, -0.152427286,
                 -0.829223692));
    CHECK("aten::native_layer_norm", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                            NUMBERS(-1, -0.75, -1.25, -1.75, 1.75, -0.5))),
               INTS(3), NONE, T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.25, 1.75, 0.25))),
               FLOAT(1e-05)),
          RESULT(float32, 0.25, 2.97459793, -0.974597931, -0.843324542, 3.07349825, 0.0198264122),
          RESULT(float32, -1, -0.166666672), RESULT(float32, 4.89839172, 0.690520763));
    CHECK("aten::group_norm", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 4, 2),
                            NUMBERS(-1.25, -1.5, -0.25, -0.25, 1.5, -1, 0, 0.5, 1.25, 0, -0.5, -0.5,
                                    1.5, 0, 0, -1))),
               INT(2), T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(-2.25, 1.5, -0.25, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0, 0.75, 0.25, 2))), FLOAT(1e-05),
               BOOL(true)),
          RESULT(float32, 1.72876024, 2.71662331, 2.2317946, 2.2317946, -0.096685499, 0.596685529,
                 1.79198873, 2.20801139, -3.73504853, 0.196581498, -0.429488957, -0.429488957,
                 -0.135074615, 0.285006791, 1.8949796, 1.05481672));
    CHECK("aten::native_group_norm", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 4, 2),
                            NUMBERS(-1, 1.75, 1, 0.25, -0.75, -0.25, -0.25, -1.5))),
               NONE, NONE, INT(1), INT(4), INT(2), INT(2), FLOAT(1e-05)),
          RESULT(float32, -1.47709072, 1.23090887, 0.492363572, -0.246181786, -0.122167103,
                 0.855169713, 0.855169713, -1.58817232),
          RESULT(float32, 0.5, -0.6875), RESULT(float32, 0.984727144, 1.95467365));
    EXPECT_FAILURE("running_mean should contain 3 elements not 2", "aten::batch_norm", "",
                   T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 0, -0.5, 1, -1, -1.5))),
                   NONE, NONE, T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0.25, 0))),
                   T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(-1, 1.5, -0.25))), BOOL(false),
                   FLOAT(0.1), FLOAT(1e-05), BOOL(true));
    EXPECT_FAILURE(
        "Given normalized_shape=[4], expected input with shape [*, 4], but got input of size[2, 3]",
        "aten::layer_norm", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.25, -1.5, -1, 0.5, 1.25, 1))), INTS(4),
        NONE, NONE, FLOAT(1e-05), BOOL(true));
    EXPECT_FAILURE(
        "Expected number of channels in input to be divisible by num_groups, but got input of "
        "shape [2, 3] and num_groups=2",
        "aten::group_norm", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.5, 0, 1.5, 0.25, -0.25, 0.25))), INT(2),
        NONE, NONE, FLOAT(1e-05), BOOL(true));
}

static void losses(void **state)
{
    (void)state;
    CHECK("aten::l1_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-1, 0, 0.5, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-0.5, -0.25, -2.5, 0))), INT(0)),
          RESULT(float32, 0.5, 0.25, 3, 0.5));
    CHECK("aten::mse_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(1, -0.5, 0.25, 1.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0.25, -1, -1, -1.5))), INT(0)),
          RESULT(float32, 0.5625, 0.25, 1.5625, 9));
    CHECK("aten::l1_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-0.75, 0, 0.25, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-2.25, 0.25, -1.25, 2))), INT(1)),
          RESULT(float32, 1.3125));
    CHECK("aten::mse_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(1.75, 0.75, -1.5, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-1.5, -0.5, 0.5, -1.25))), INT(1)),
          RESULT(float32, 4.171875));
    CHECK("aten::l1_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0, -1.75, 2, 1))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0.5, 0.75, 1.25, 0))), INT(2)),
          RESULT(float32, 4.75));
    CHECK("aten::mse_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(2.25, -1.5, -1, -1.25))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0.75, 1, 1.5, 0.5))), INT(2)),
          RESULT(float32, 17.8125));
    CHECK("aten::smooth_l1_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(1.75, 1, 1.5, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0, -0.25, 0.25, 1.5))), INT(1),
               FLOAT(0.5)),
          RESULT(float32, 1.3125));
    CHECK("aten::smooth_l1_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0, 0.75, 0.75, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(-0.25, -1.75, -0.5, 2))), INT(0),
               FLOAT(0)),
          RESULT(float32, 0.25, 2.5, 1.25, 2.5));
    CHECK("aten::huber_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0.75, 0, 1, 1.25))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(1.25, 0.5, -1.25, -1.5))), INT(1),
               FLOAT(0.75)),
          RESULT(float32, 0.859375));
    CHECK(
        "aten::binary_cross_entropy", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                          NUMBERS(0.710738361, 0.70649308, 0.585127175, 0.75089246, 0.677555084,
                                  0.744137883))),
             T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                          NUMBERS(0.0662893057, 0.843585789, 0.196552277, 0.883636892, 0.663438618,
                                  0.40623039))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.062425375, 0.582755327, 0.220670879))),
             INT(1)),
        RESULT(float32, 0.189827964));
    CHECK("aten::binary_cross_entropy", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0, 1))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(1, 1))), NONE, INT(0)),
          RESULT(float32, 100, 0));
    CHECK(
        "aten::binary_cross_entropy_with_logits", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                          NUMBERS(-2.25, 0.75, -1.25, 0.5, -0.5, -0.75))),
             T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                          NUMBERS(0.394650638, 0.971180737, 0.438913643, 0.0790687203, 0.892329574,
                                  0.621658564))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.586779296, 0.585823715, 0.848848164))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.272328138, 0.864408076, 0.980798721))),
             INT(1)),
        RESULT(float32, 0.462858111));
    CHECK(
        "aten::binary_cross_entropy_with_logits", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.75, -0.25, 1))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.517153442, 0.982070804, 0.98506844))),
             NONE, NONE, INT(0)),
        RESULT(float32, 0.749005914, 0.821457148, 0.328193218));
    CHECK(
        "aten::kl_div", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.5, 0.5, 0))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.796891928, 0.450382233, 0.373541951))),
             INT(1), BOOL(false)),
        RESULT(float32, -0.510549247));
    CHECK("aten::kl_div", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(-0.5, -0.25, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 1.5, 0.25))), INT(2), BOOL(true)),
          RESULT(float32, 12.2413845));
    CHECK("aten::soft_margin_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.25, -0.25, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, -1, 1))), INT(1)),
          RESULT(float32, 0.615008652));
    CHECK("aten::margin_ranking_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.5, -1, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1.25, 1, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, -1, 1))), FLOAT(0.5), INT(1)),
          RESULT(float32, 0.75));
    CHECK("aten::hinge_embedding_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(-0.75, 1.25, -1))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, -1, 1))), FLOAT(1), INT(0)),
          RESULT(float32, -0.75, 0, -1));
    CHECK("aten::cosine_embedding_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-1.5, -0.5, 0, 1, -0.75, -1))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.5, -0.5, -1.5, -0.5, 1.5, 0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(1, -1))), FLOAT(0.1), INT(0)),
          RESULT(float32, 1.19069254, 0));
    CHECK("aten::triplet_margin_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                            NUMBERS(-2.25, -0.75, -1.5, -0.75, -1.25, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(1.25, -0.5, 0.75, 1, 0.25, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(1, -0.25, 2.25, -1.75, 0.25, -2))),
               FLOAT(1), FLOAT(2), FLOAT(1e-06), BOOL(true), INT(0)),
          RESULT(float32, 3.62722921, 0.0166473389));
    CHECK("aten::poisson_nll_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(-2, 1.5, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0, 1, 3))), BOOL(true), BOOL(true),
               FLOAT(1e-08), INT(1)),
          RESULT(float32, 1.58270204));
    CHECK(
        "aten::poisson_nll_loss", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.150928676, 0.288411021, 0.720752656))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0, 1, 3))), BOOL(false), BOOL(false),
             FLOAT(1e-08), INT(0)),
        RESULT(float32, 0.150928676, 1.53177965, 1.70313048));
    CHECK("aten::nll_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 1.5, -0.5, 0.25, -1.75, 1.25))),
               T_(tensor_of(DTYPE_int64, SIZES(2), NUMBERS(2, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(1), INT(0)),
          RESULT(float32, 0.5));
    CHECK("aten::nll_loss_nd", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(2, 3, 2),
                   NUMBERS(-0.75, 0.5, 0.5, 1.5, -0.5, -0.75, -0.25, 0, -0.5, 0, -0.75, -0.25))),
               T_(tensor_of(DTYPE_int64, SIZES(2, 2), NUMBERS(0, 1, 2, 1))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(0), INT(-100)),
          RESULT(float32, 0.75, -3, 0.375, 0));
    CHECK("aten::nll_loss_nd", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1.25, 1, -0.75))),
               T_(tensor_of(DTYPE_int64, 0, NULL, NUMBERS(1))), NONE, INT(1), INT(-100)),
          RESULT(float32, -1));
    CHECK("aten::nll_loss2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 1, 2), NUMBERS(0.5, -0.5, 0.75, 0.5))),
               T_(tensor_of(DTYPE_int64, SIZES(1, 1, 2), NUMBERS(0, 1))), NONE, INT(2), INT(-100)),
          RESULT(float32, -1));
    CHECK("aten::cross_entropy_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-1.5, 0, 0.25, 0, -1.5, 0.25))),
               T_(tensor_of(DTYPE_int64, SIZES(2), NUMBERS(2, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(1), INT(-100),
               FLOAT(0.1)),
          RESULT(float32, 0.989657104));
    CHECK("aten::cross_entropy_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 0.5, -2, 0, -0.75, 0.5))),
               T_(tensor_of(DTYPE_int64, SIZES(2), NUMBERS(2, 0))), NONE, INT(0), INT(0),
               FLOAT(0.2)),
          RESULT(float32, 2.72390914, 0));
    CHECK("aten::cross_entropy_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 0.25, 0.25, 0.5, 0.25, 0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                            NUMBERS(0.614205658, 0.986401379, 0.520468354, 0.376822948, 0.971053302,
                                    0.869119287))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(1), INT(-100),
               FLOAT(0.1)),
          RESULT(float32, 2.99514627));
    CHECK("aten::cross_entropy_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(-0.25, -0.5, -0.5))),
               T_(tensor_of(DTYPE_int64, 0, NULL, NUMBERS(2))), NONE, INT(1), INT(-100), FLOAT(0)),
          RESULT(float32, 1.18906987));
    CHECK("aten::cross_entropy_loss", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(2, 3, 2),
                   NUMBERS(0.5, 0.25, 1, 0, -1, -0.25, 1.75, -1.25, 0.75, 0.25, -1.25, -1.75))),
               T_(tensor_of(DTYPE_int64, SIZES(2, 2), NUMBERS(0, 1, 2, 1))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(2), INT(-100),
               FLOAT(0.1)),
          RESULT(float32, 5.54039288));
    CHECK("aten::multi_margin_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                            NUMBERS(-2.25, -1.5, 1.5, -0.5, -0.75, 0.25))),
               T_(tensor_of(DTYPE_int64, SIZES(2), NUMBERS(2, 0))), INT(2), FLOAT(1),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(1)),
          RESULT(float32, 0.604166687));
    CHECK("aten::multilabel_margin_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 4), NUMBERS(1, 1.25, 0, 1.75))),
               T_(tensor_of(DTYPE_int64, SIZES(1, 4), NUMBERS(3, 0, -1, 1))), INT(1)),
          RESULT(float32, 0.4375));
    EXPECT_FAILURE(
        "Target 5 is out of bounds.", "aten::nll_loss_nd", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-1, -0.25, 0.5, 0.5, -0.25, 2.5))),
        T_(tensor_of(DTYPE_int64, SIZES(2), NUMBERS(0, 5))), NONE, INT(1), INT(-100));
    EXPECT_FAILURE(
        "Expected input batch_size (2) to match target batch_size (3).", "aten::nll_loss_nd", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.75, 1.25, -0.25, -0.75, -1.5, -0.25))),
        T_(tensor_of(DTYPE_int64, SIZES(3), NUMBERS(0, 1, 1))), NONE, INT(1), INT(-100));
    EXPECT_FAILURE("\"mse_cpu\" not implemented for 'Long'", "aten::mse_loss", "",
                   T_(tensor_of(DTYPE_int64, SIZES(1), NUMBERS(1))),
                   T_(tensor_of(DTYPE_int64, SIZES(1), NUMBERS(2))), INT(1));
    EXPECT_FAILURE("all elements of input should be between 0 and 1", "aten::binary_cross_entropy",
                   "", T_(tensor_of(DTYPE_float32, SIZES(1), NUMBERS(2))),
                   T_(tensor_of(DTYPE_float32, SIZES(1), NUMBERS(1))), NONE, INT(1));
    EXPECT_FAILURE(
        "expected scalar type Long but found Float", "aten::cross_entropy_loss", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-0.25, -1, -0.75, -1.25, -1.25, 0.25))),
        T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0, 1))), NONE, INT(1), INT(-100), FLOAT(0));
}

static void distances(void **state)
{
    (void)state;
    CHECK("aten::pairwise_distance", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 1.5, 0.25, -0.25, -2, -1))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                            NUMBERS(0.25, 0.25, -0.75, -0.75, 1.25, 1.5))),
               FLOAT(1), FLOAT(1e-06), BOOL(true)),
          RESULT(float32, 2.50000095, 6.24999905));
    CHECK("aten::cosine_similarity", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.75, 1, 2, -0.25, -0.5, -1))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 3), NUMBERS(-0.5, -0.75, 1))), INT(1),
               FLOAT(1e-08)),
          RESULT(float32, 0.275571316, -0.324176311));
    CHECK(
        "aten::cdist", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, -1.25, 0.5, 0.25, -0.25, -2.25))),
             T_(tensor_of(DTYPE_float32, SIZES(3, 3),
                          NUMBERS(-1.75, 0.25, -0.5, -0.5, 0, -0.75, -1.75, -0.25, -0.75))),
             FLOAT(0), NONE),
        RESULT(float32, 3, 3, 3, 3, 3, 2));
    CHECK("aten::cdist", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                            NUMBERS(-0.5, -1.25, -0.25, 0.25, -0.5, -0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(3, 3),
                            NUMBERS(0.75, 0, 0, 1.25, -3.25, -0.5, 1, 0.25, -0.25))),
               FLOAT(1), NONE),
          RESULT(float32, 2.75, 4, 3, 1.25, 4, 1.5));
    CHECK(
        "aten::cdist", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, -0.75, -0.75, -0.5, -0.5, 0.25))),
             T_(tensor_of(DTYPE_float32, SIZES(3, 3),
                          NUMBERS(-1.25, 0.75, -0.25, 0.5, 0.75, 0, 0.25, 0, 2.25))),
             FLOAT(2), NONE),
        RESULT(float32, 2.01556444, 1.75, 3.10241842, 1.54110348, 1.62018514, 2.19374108));
    CHECK("aten::cdist", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-1, 0.75, -1.5, 0.25, 0.5, -1.75))),
               T_(tensor_of(DTYPE_float32, SIZES(3, 3),
                            NUMBERS(-0.25, 0.75, -1, 0.25, 1.5, 0.25, -1.25, 0.75, 2.25))),
               FLOAT(3), NONE),
          RESULT(float32, 0.817766607, 1.977615, 3.75037026, 0.825481832, 2.08008385, 4.06942606));
    CHECK("aten::cdist", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.25, -1, 0.75, -0.25, -1, 0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(3, 3),
                            NUMBERS(0.5, -1.25, -0.25, 1.5, 0.75, -0.5, -1.25, -0.25, 0.75))),
               FLOAT(INFINITY), NONE),
          RESULT(float32, 1, 1.75, 1.5, 0.75, 1.75, 1));
    CHECK("aten::cdist", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 1, 3), NUMBERS(-1.5, -1, 0, 0, -0.75, 0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.75, 1, 0, 0.75, -1, 0.75))),
               FLOAT(2), NONE),
          RESULT(float32, 3.01039863, 2.37170815, 1.92028642, 0.935414374));
    CHECK("aten::pdist", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3, 2),
                            NUMBERS(0.75, -0.5, -0.25, -1, -0.25, -0.75))),
               FLOAT(2)),
          RESULT(float32, 1.11803401, 1.03077638, 0.25));
    EXPECT_FAILURE("X1 and X2 must have the same number of columns. X1: 3 X2: 4", "aten::cdist", "",
                   T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 0, 1, -0.75, 0.25, 0))),
                   T_(tensor_of(DTYPE_float32, SIZES(2, 4),
                                NUMBERS(1.25, 0.25, 0, 1, -1, -1.25, 0.25, -0.25))),
                   FLOAT(2), NONE);
}

static void padding(void **state)
{
    (void)state;
    CHECK(
        "aten::constant_pad_nd", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-0.25, 0.75, -1.25, -0.25, 0.25, 0))),
             INTS(1, -1, 0, 2), FLOAT(1.5)),
        RESULT(float32, 1.5, -0.25, 0.75, 1.5, -0.25, 0.25, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5));
    CHECK("aten::pad", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-0.5, -1.5, 0, 0.25, 1, -0.25))),
               INTS(1, 1), STR("constant"), NONE),
          RESULT(float32, 0, -0.5, -1.5, 0, 0, 0, 0.25, 1, -0.25, 0));
    CHECK("aten::pad", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 4),
                            NUMBERS(-0.5, -0.75, 1.5, -1, 0, 0.25, -0.5, -1.5))),
               INTS(2, -1), STR("circular"), NONE),
          RESULT(float32, -0.75, 1.5, -0.5, -0.75, 1.5, 0.25, -0.5, 0, 0.25, -0.5));
    CHECK("aten::pad", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 4),
                            NUMBERS(0.5, 0.25, 0.5, -1.25, -0.25, 0.75, -1.25, 0.5))),
               INTS(-1, 3), STR("circular"), NONE),
          RESULT(float32, 0.25, 0.5, -1.25, 0.25, 0.5, -1.25, 0.75, -1.25, 0.5, 0.75, -1.25, 0.5));
    CHECK("aten::pad", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3, 3),
                            NUMBERS(2.25, 0.75, 0, 0.5, 0, 1.25, -0.25, -1, 1.25))),
               INTS(2, 1, 1, 0), STR("reflect"), NONE),
          RESULT(float32, 1.25, 0, 0.5, 0, 1.25, 0, 0, 0.75, 2.25, 0.75, 0, 0.75, 1.25, 0, 0.5, 0,
                 1.25, 0, 1.25, -1, -0.25, -1, 1.25, -1));
    CHECK("aten::reflection_pad1d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 4), NUMBERS(-0.5, -0.25, 0, 1))), INTS(3, 1)),
          RESULT(float32, 1, 0, -0.25, -0.5, -0.25, 0, 1, 0));
    CHECK("aten::replication_pad2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(-2, 0, -1.5, 0))),
               INTS(1, 2, 0, 1)),
          RESULT(float32, -2, -2, 0, 0, 0, -1.5, -1.5, 0, 0, 0, -1.5, -1.5, 0, 0, 0));
    CHECK("aten::replication_pad3d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 2), NUMBERS(0.5, -0.25, 0.25, 0))),
               INTS(1, 0, 0, 1, 1, 0)),
          RESULT(float32, 0.5, 0.5, -0.25, 0.25, 0.25, 0, 0.25, 0.25, 0, 0.5, 0.5, -0.25, 0.25,
                 0.25, 0, 0.25, 0.25, 0));
    CHECK("aten::reflection_pad2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 3, 3),
                            NUMBERS(1, -1, -1.5, 0.75, -0.25, -0.25, 0.75, 0.75, 0.5))),
               INTS(-1, 1, 2, 0)),
          RESULT(float32, 0.75, 0.5, 0.75, -0.25, -0.25, -0.25, -1, -1.5, -1, -0.25, -0.25, -0.25,
                 0.75, 0.5, 0.75));
    EXPECT_FAILURE(
        "Argument #4: Padding size should be less than the corresponding input dimension, but got: "
        "padding (3, 1) at dimension 2 of input [1, 2, 3]",
        "aten::pad", "",
        T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3), NUMBERS(0.5, -0.5, -1.25, -0.5, 0, 1))),
        INTS(3, 1), STR("reflect"), NONE);
    EXPECT_FAILURE("Unrecognised padding mode foo", "aten::pad", "",
                   T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-0.75, 2, 0.5, -0.75, 0, 0))),
                   INTS(1, 1), STR("foo"), NONE);
    EXPECT_FAILURE(
        "Padding length must be divisible by 2", "aten::pad", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(1, -0.25, -1.25, 0.5, 0.5, 0.5))), INTS(1),
        STR("constant"), NONE);
    EXPECT_FAILURE(
        "Padding value causes wrapping around more than once.", "aten::pad", "",
        T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3), NUMBERS(-0.25, 0.5, -0.5, -0.5, -0.5, -0.5))),
        INTS(4, 1), STR("circular"), NONE);
    EXPECT_FAILURE("Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now",
                   "aten::pad", "",
                   T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1.25, 0.75, 0.5))), INTS(1, 1),
                   STR("reflect"), NONE);
}

static void resampling(void **state)
{
    (void)state;
    CHECK(
        "aten::upsample_nearest1d", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3), NUMBERS(-0.25, -0.75, 0))), INTS(5), NONE),
        RESULT(float32, -0.25, -0.25, -0.75, -0.75, 0));
    CHECK("aten::upsample_nearest2d", "vec",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 2), NUMBERS(-0.25, 1.75, -0.5, -0.5))),
               NONE, FLOATS(1.5, 2.5)),
          RESULT(float32, -0.25, -0.25, -0.25, 1.75, 1.75, -0.25, -0.25, -0.25, 1.75, 1.75, -0.5,
                 -0.5, -0.5, -0.5, -0.5));
    CHECK("aten::_upsample_nearest_exact1d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3), NUMBERS(2.25, -0.75, -0.75))), INTS(5),
               NONE),
          RESULT(float32, 2.25, 2.25, -0.75, -0.75, -0.75));
    CHECK("aten::upsample_linear1d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3), NUMBERS(1.75, -1.5, 1.75))), INTS(5),
               BOOL(true), NONE),
          RESULT(float32, 1.75, 0.125, -1.5, 0.125, 1.75));
    CHECK("aten::upsample_bilinear2d", "vec",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 3),
                            NUMBERS(0.5, -1, 1.5, -0.25, 0.75, -0.25))),
               INTS(3, 2), BOOL(true), NONE),
          RESULT(float32, 0.5, 1.5, 0.125, 0.625, -0.25, -0.25));
    CHECK("aten::upsample_bicubic2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3, 3),
                            NUMBERS(0.25, -1, 0, 0, 1.25, 0.25, 0, -0.5, 0))),
               INTS(4, 2), BOOL(true), NONE, NONE),
          RESULT(float32, 0.25, 0, 0.0787037611, 0.199074075, -0.027777791, 0.19907406, 0, 0));
    CHECK("aten::upsample_trilinear3d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 2, 2),
                            NUMBERS(1.25, -1.5, -1, -1.5, -0.25, -0.5, 1, -2))),
               INTS(3, 1, 2), BOOL(true), NONE, NONE, NONE),
          RESULT(float32, 1.25, -1.5, 0.5, -1, -0.25, -0.5));
    CHECK("aten::upsample_linear1d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3), NUMBERS(-1, -1.25, 1))), INTS(5),
               BOOL(false), NONE),
          RESULT(float32, -1, -1.10000002, -1.24999988, 0.100000188, 1));
    CHECK("aten::upsample_bilinear2d", "vec",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 3),
                            NUMBERS(-0.75, -0.5, 0.25, -0.75, 0.25, -0.25))),
               INTS(3, 2), BOOL(false), NONE),
          RESULT(float32, -0.6875, 0.0625, -0.59375, -0.03125, -0.49999997, -0.124999993));
    CHECK("aten::upsample_bicubic2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3, 3),
                            NUMBERS(1, 1.75, -0.5, -0.5, -2.5, 0.5, 1.25, 0.25, 0))),
               INTS(4, 2), BOOL(false), NONE, NONE),
          RESULT(float32, 1.41465807, 0.0566706657, -0.456744671, -0.176717758, -0.55868578,
                 -0.183605671, 1.18230009, 0.0409708023));
    CHECK("aten::upsample_trilinear3d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 2, 2),
                            NUMBERS(-2, 2.5, 0.75, 0, -0.25, 2.75, -0.75, 0.5))),
               INTS(3, 1, 2), BOOL(false), NONE, NONE, NONE),
          RESULT(float32, -0.625, 1.25, -0.5625, 1.4375, -0.5, 1.625));
    CHECK("aten::upsample_bilinear2d", "vec",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3, 3),
                            NUMBERS(-0.5, -0.5, -1.25, 1.25, 0.25, 1.75, -2.5, -0.75, 1.75))),
               NONE, BOOL(false), FLOATS(1.5, 0.7)),
          RESULT(float32, -0.5, -0.982142925, 0.267857134, 0.116071448, 0.508928418, 1.15476191,
                 -1.59821439, 0.916666746));
    CHECK("aten::_upsample_bilinear2d_aa", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 4, 5),
                            NUMBERS(-1, 0.25, 0.5, -0.75, -1, 1, -0.75, -0.75, 0.5, -0.25, -0.5,
                                    0.75, -0.5, 0, -1, 0, 0.5, 1, 0.25, 1))),
               INTS(2, 3), BOOL(false), NONE, NONE),
          RESULT(float32, -0.0867346823, -0.146825403, -0.433673412, 0.142857134, 0.194444418,
                 0.0561224669));
    CHECK("aten::_upsample_bicubic2d_aa", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 5, 5),
                            NUMBERS(-1.25, -2, -0.75, -0.75, 0.75, -2, 0.5, -0.25, 0, -0.25, 0.75,
                                    -0.5, 0.25, 0.75, 1.75, 0, 1, -1.5, -1.25, 0, 1.75, 0.75, 1.75,
                                    0, 0.5))),
               INTS(3, 2), BOOL(false), NONE, NONE),
          RESULT(float32, -1.11190772, -0.151108965, -0.0753344893, 0.309008151, 0.798646808,
                 -0.0496907346));
    CHECK("aten::__interpolate", "size_list",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 1, 3, 4),
                   NUMBERS(-2, -0.5, 0.25, 0.5, -1.5, -0.5, -1.25, -1.25, -1.75, 0, -0.5, 0))),
               INTS(2, 2), NONE, STR("area"), NONE, NONE, BOOL(false)),
          RESULT(float32, -1.125, -0.4375, -0.9375, -0.75));
    CHECK("aten::__interpolate", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3), NUMBERS(-1, -0.5, -1))), NONE, FLOAT(2),
               STR("linear"), BOOL(false), NONE, BOOL(false)),
          RESULT(float32, -1, -0.875, -0.625, -0.625, -0.875, -1));
    EXPECT_FAILURE(
        "It is expected input_size equals to 4, but got size 3", "aten::upsample_nearest2d", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 3, 4),
                     NUMBERS(-0.5, -0.5, 1.25, -1.75, 0.25, 1, -2.5, -0.75, -0.5, -0.75, -1.5, -2.5,
                             0.25, 0.25, 0.25, 0.75, 0, -1, -0.75, 1, -0.25, -0.25, 1.25, 2.5))),
        INTS(2, 2), NONE, NONE);
    EXPECT_FAILURE("Must specify exactly one of output_size and scale_factors",
                   "aten::upsample_bilinear2d", "vec",
                   T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 2), NUMBERS(1.75, -1.5, 1.25, 1.25))),
                   NONE, BOOL(false), NONE);
}

static void windows_and_grids(void **state)
{
    (void)state;
    CHECK("aten::im2col", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 3, 4),
                            NUMBERS(0.5, -1.25, 0.25, 0.25, 1, -0.5, -1, 1, 1, -0.5, 1.25, -0.5))),
               INTS(2, 2), INTS(1, 1), INTS(1, 1), INTS(2, 2)),
          RESULT(float32, 0, 0, 0, 0, -0.5, 1, 0, 0, 0, 1, -1, 0, 0, -1.25, 0.25, 0, -0.5, -0.5,
                 0.5, 0.25, 0, 1, 1.25, 0));
    CHECK("aten::col2im", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(4, 4),
                            NUMBERS(-1.5, 2, 1, 0.75, 0, 0.25, 0, -1.5, 1, 1.5, -1, 0.5, 1.25, -0.5,
                                    1.75, -1))),
               INTS(3, 3), INTS(2, 2), INTS(1, 1), INTS(0, 0), INTS(1, 1)),
          RESULT(float32, -1.5, 2, 0.25, 2, 3.5, -2, -1, 2.25, -1));
    CHECK("aten::col2im", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(8, 2),
                            NUMBERS(-2, 0.25, 0, 2.25, 1.25, 0.75, -0.5, -0.25, -1, 1, 1, 1.5, -0.5,
                                    1.25, -0.75, -0.25))),
               INTS(2, 5), INTS(2, 2), INTS(1, 3), INTS(0, 0), INTS(1, 1)),
          RESULT(float32, -2, 0.25, 0, 0, 2.25, 1.25, 0.75, 0, -0.5, -0.25, -1, 1, 0, 1, 1.5, -0.5,
                 1.25, 0, -0.75, -0.25));
    CHECK("aten::grid_sampler", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3, 4),
                            NUMBERS(0.75, 0.5, 0, -1, 1, 0, 0, 0.25, -2.75, 0.75, -0.75, 1.25))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 2),
                            NUMBERS(0, -0.5, 0.833333313, -0.166666672, 0.5, 1.33333337, -0.5,
                                    -0.333333343, -1.33333337, 1, -0.5, -0.166666672))),
               INT(0), INT(0), BOOL(false)),
          RESULT(float32, 0.1875, -0.0520833433, 0, 0.5625, 0, 0.53125));
    CHECK(
        "aten::grid_sampler", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3, 4),
                          NUMBERS(0, -0.5, -0.5, 0.5, 0.25, 0.5, 0.25, 1.25, 1.5, 0, 0.25, -2.25))),
             T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 2),
                          NUMBERS(0, -0.5, 0.833333313, -0.166666672, 0.5, 1.33333337, -0.5,
                                  -0.333333343, -1.33333337, 1, -0.5, -0.166666672))),
             INT(0), INT(1), BOOL(true)),
        RESULT(float32, -0.0625, 0.875, -0.375, 0.166666627, 1.5, 0.302083313));
    CHECK("aten::grid_sampler", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 1, 3, 4),
                   NUMBERS(-1, -1.25, 1, 1, 1.25, -0.75, -1.25, -2.5, 0.75, -0.5, -2, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 2),
                            NUMBERS(0, -0.5, 0.833333313, -0.166666672, 0.5, 1.33333337, -0.5,
                                    -0.333333343, -1.33333337, 1, -0.5, -0.166666672))),
               INT(0), INT(2), BOOL(false)),
          RESULT(float32, -0.34375, -1.625, -0.625000358, -0.43750006, 0.541666567, -0.09375));
    CHECK("aten::grid_sampler", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 1, 3, 4),
                   NUMBERS(-1.5, 0, -0.5, -0.5, -1.5, 1.25, -0.25, -0.25, 0.25, 1, 1.5, -0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 2),
                            NUMBERS(0, -0.5, 0.833333313, -0.166666672, 0.5, 1.33333337, -0.5,
                                    -0.333333343, -1.33333337, 1, -0.5, -0.166666672))),
               INT(1), INT(0), BOOL(false)),
          RESULT(float32, -0.5, -0.25, 0, -1.5, 0, -1.5));
    CHECK(
        "aten::grid_sampler", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3, 4),
                          NUMBERS(1, -1, -0.25, 0, 0.25, -1.75, 1, -0.75, 0, -0.75, -1.75, 0.75))),
             T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 2),
                          NUMBERS(0, -0.5, 0.833333313, -0.166666672, 0.5, 1.33333337, -0.5,
                                  -0.333333343, -1.33333337, 1, -0.5, -0.166666672))),
             INT(1), INT(1), BOOL(true)),
        RESULT(float32, -0.25, -0.75, -1.75, -1.75, 0, -1.75));
    CHECK("aten::grid_sampler", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 1, 3, 4),
                   NUMBERS(1.25, -0.5, 0.25, 1, 1, 0, 1.25, 1.75, -1.5, -1.75, -0.75, 1.25))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 2),
                            NUMBERS(0, -0.5, 0.833333313, -0.166666672, 0.5, 1.33333337, -0.5,
                                    -0.333333343, -1.33333337, 1, -0.5, -0.166666672))),
               INT(1), INT(2), BOOL(false)),
          RESULT(float32, 0.25, 1.75, -0.75, 1.25, -1.5, 1));
    CHECK(
        "aten::grid_sampler", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3, 4),
                          NUMBERS(-0.75, 0.5, 0.25, 0, 0.5, -0.5, 0.5, 0, 0.75, 0.25, 1.75, 1.25))),
             T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 2),
                          NUMBERS(0, -0.5, 0.833333313, -0.166666672, 0.5, 1.33333337, -0.5,
                                  -0.333333343, -1.33333337, 1, -0.5, -0.166666672))),
             INT(2), INT(0), BOOL(false)),
        RESULT(float32, 0.405761719, -0.152164042, -4.19095159e-07, -0.170166016, -0.0345865041,
               -0.131500244));
    CHECK("aten::grid_sampler", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 3, 4),
                            NUMBERS(-0.25, 2.5, -0.5, -1.25, -0.75, -0.25, -1.5, 0.25, 1.25, -0.5,
                                    -0.25, 0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 2),
                            NUMBERS(0, -0.5, 0.833333313, -0.166666672, 0.5, 1.33333337, -0.5,
                                    -0.333333343, -1.33333337, 1, -0.5, -0.166666672))),
               INT(2), INT(1), BOOL(true)),
          RESULT(float32, 0.132080078, -0.379193246, 0.0775825605, 0.520633936, 1.4140625,
                 0.107742824));
    CHECK("aten::grid_sampler", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 1, 3, 4),
                   NUMBERS(-2.5, 0, -1.5, -1.5, -1.75, -0.75, 0.25, 1, 0.75, 1, 0.25, 0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3, 2),
                            NUMBERS(0, -0.5, 0.833333313, -0.166666672, 0.5, 1.33333337, -0.5,
                                    -0.333333343, -1.33333337, 1, -0.5, -0.166666672))),
               INT(2), INT(2), BOOL(false)),
          RESULT(float32, -0.480895996, 0.581359744, 0.179686844, -1.44116211, 1.25316501,
                 -1.53207397));
    CHECK("aten::grid_sampler", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2, 2, 2),
                            NUMBERS(1, 1, 0.25, 2, 1.75, 0.5, -1.75, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 1, 1, 2, 3),
                            NUMBERS(0.375, 0.75, 0.375, -0.5, -0.125, 0.375))),
               INT(0), INT(0), BOOL(false)),
          RESULT(float32, 0.454101562, 0.47265625));
    CHECK("aten::affine_grid_generator", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 3),
                            NUMBERS(-0.5, -0.5, 1, 0.25, -0.25, 1.25))),
               INTS(1, 1, 2, 3), BOOL(false)),
          RESULT(float32, 1.58333337, 1.20833337, 1.25, 1.375, 0.916666627, 1.54166675, 1.08333337,
                 0.958333313, 0.75, 1.125, 0.416666627, 1.29166663));
    CHECK("aten::affine_grid_generator", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 3, 4),
                   NUMBERS(-0.75, -0.25, -0.75, 1, -1.75, 2, 0.25, 0, -0.75, 0, -0.5, -1.5))),
               INTS(1, 1, 1, 2, 2), BOOL(true)),
          RESULT(float32, 2, -0.25, -0.75, 0.5, -3.75, -2.25, 1.5, 3.75, -0.75, 0, 0.25, -2.25));
    EXPECT_FAILURE("Given input with spatial size (2, 2), kernel_size=(3, 3), dilation=(1, 1), "
                   "padding=(0, 0), calculated shape of the array of sliding blocks as (0, 0), but "
                   "its components must be at least one.",
                   "aten::im2col", "",
                   T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(1, 0, -0.5, 1.5))),
                   INTS(3, 3), INTS(1, 1), INTS(0, 0), INTS(1, 1));
    CHECK("aten::glu", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 4),
                            NUMBERS(-0.75, -0.25, 1, 0.25, -1.25, -0.75, 0.5, 0.75))),
               INT(1)),
          RESULT(float32, -0.548293948, -0.140544131, -0.778074205, -0.509384036));
    EXPECT_FAILURE("Halving dimension must be even, but dimension 0 is size 3", "aten::glu", "",
                   T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0, -1.25, -0.25))), INT(0));
}

static void recurrent(void **state)
{
    (void)state;
    CHECK(
        "aten::lstm", "input",
        ARGS(
            T_(tensor_of(DTYPE_float32, SIZES(2, 1, 2), NUMBERS(-3, 0.5, 1.5, -1.75))),
            TENSORS(T_(tensor_of(DTYPE_float32, SIZES(2, 1, 2), NUMBERS(2, 0, 0, 0))),
                    T_(tensor_of(DTYPE_float32, SIZES(2, 1, 2), NUMBERS(0, -0.5, 0.25, 1)))),
            TENSORS(
                T_(tensor_of(DTYPE_float32, SIZES(8, 2),
                             NUMBERS(0, -0.3125, 0.1875, 0.125, -0.125, -0.1875, 0, 0.0625, 0.3125,
                                     -0.1875, 0.4375, -0.5625, -0.1875, 0.25, -0.1875, -0.0625))),
                T_(tensor_of(DTYPE_float32, SIZES(8, 2),
                             NUMBERS(-0.25, 0.1875, -0.1875, 0.5625, -0.125, -0.375, 0.1875, -0.125,
                                     0, 0.375, 0.4375, 0.375, 0.0625, -0.375, 0.25, -0.3125))),
                T_(tensor_of(
                    DTYPE_float32, SIZES(8),
                    NUMBERS(-0.125, 0.0625, 0.0625, 0.4375, -0.1875, -0.25, 0.1875, 0.125))),
                T_(tensor_of(DTYPE_float32, SIZES(8),
                             NUMBERS(-0.375, 0.0625, 0.125, -0.25, -0.125, 0.125, -0.0625, 0))),
                T_(tensor_of(DTYPE_float32, SIZES(8, 2),
                             NUMBERS(-0.3125, -0.25, -0.0625, 0.25, 0.1875, 0, -0.3125, 0.4375,
                                     0.1875, -0.375, -0.25, -0.25, 0, 0, -0.0625, -0.0625))),
                T_(tensor_of(DTYPE_float32, SIZES(8, 2),
                             NUMBERS(0.25, 0.125, -0.125, -0.375, -0.25, 0.1875, 0.1875, 0, -0.6875,
                                     -0.0625, 0.0625, 0.5625, 0.0625, -0.0625, 0.0625, -0.4375))),
                T_(tensor_of(DTYPE_float32, SIZES(8),
                             NUMBERS(0.1875, 0.0625, 0.25, -0.25, 0.3125, 0.125, 0.3125, 0))),
                T_(tensor_of(
                    DTYPE_float32, SIZES(8),
                    NUMBERS(-0.125, 0.0625, 0.0625, -0.125, -0.0625, 0.5, 0.4375, 0.3125)))),
            BOOL(true), INT(1), FLOAT(0), BOOL(false), BOOL(true), BOOL(false)),
        RESULT(float32, -0.147933125, -0.37658453, -0.146722361, 0.394451022, 0.0142337289,
               0.0748235881, 0.356185943, 0.223403424),
        RESULT(float32, 0.0142337289, 0.0748235881, -0.146722361, 0.394451022),
        RESULT(float32, 0.0368377566, 0.148234934, -0.218886301, 0.793955982));
    CHECK("aten::lstm", "input",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(-1, -1.5, 0.25, -0.5))),
               TENSORS(T_(tensor_of(DTYPE_float32, SIZES(1, 1, 1), NUMBERS(0.25))),
                       T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2), NUMBERS(0.25, -0.25)))),
               TENSORS(
                   T_(tensor_of(DTYPE_float32, SIZES(8, 2),
                                NUMBERS(-0.125, 0.0625, 0.3125, 0.125, -0.0625, -0.25, 0, -0.5,
                                        0.0625, 0, 0.0625, 0.125, 0.25, 0.0625, -0.0625, 0.0625))),
                   T_(tensor_of(
                       DTYPE_float32, SIZES(8, 1),
                       NUMBERS(0.3125, 0.5625, 0.0625, -0.1875, -0.25, -0.0625, -0.25, -0.125))),
                   T_(tensor_of(DTYPE_float32, SIZES(1, 2), NUMBERS(0.5, -0.875)))),
               BOOL(false), INT(1), FLOAT(0), BOOL(false), BOOL(false), BOOL(true)),
          RESULT(float32, 0.130680576, 0.0853132159), RESULT(float32, 0.0853132159),
          RESULT(float32, 0.0377681963, -0.181056932));
    CHECK("aten::gru", "input",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2, 2),
                            NUMBERS(1, 1.75, -0.25, -0.5, -0.5, 1, -0.25, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2, 2),
                            NUMBERS(1, 0.75, 0.75, -0.75, -1.5, -0.5, 0.5, 1))),
               TENSORS(T_(tensor_of(DTYPE_float32, SIZES(6, 2),
                                    NUMBERS(0.1875, -0.25, -0.25, 0.0625, 0.0625, 0.0625, 0.0625,
                                            -0.25, -0.1875, 0.1875, -0.0625, 0.375))),
                       T_(tensor_of(DTYPE_float32, SIZES(6, 2),
                                    NUMBERS(-0.125, 0.0625, 0.375, -0.1875, 0.0625, 0.3125, 0,
                                            -0.1875, -0.375, 0.4375, 0, 0.0625))),
                       T_(tensor_of(DTYPE_float32, SIZES(6),
                                    NUMBERS(-0.0625, 0, -0.0625, -0.1875, 0, 0.6875))),
                       T_(tensor_of(DTYPE_float32, SIZES(6),
                                    NUMBERS(0, 0.125, 0, 0.1875, 0.3125, -0.1875))),
                       T_(tensor_of(DTYPE_float32, SIZES(6, 2),
                                    NUMBERS(0.25, -0.25, -0.4375, 0.375, -0.375, -0.1875, 0.25,
                                            0.3125, 0, 0.0625, 0.4375, -0.125))),
                       T_(tensor_of(DTYPE_float32, SIZES(6, 2),
                                    NUMBERS(0, 0.1875, -0.25, -0.125, -0.4375, -0.125, -0.3125,
                                            -0.0625, 0.0625, 0.1875, 0, 0.125))),
                       T_(tensor_of(DTYPE_float32, SIZES(6),
                                    NUMBERS(0.25, -0.125, 0.5, -0.125, 0.25, 0.5625))),
                       T_(tensor_of(DTYPE_float32, SIZES(6),
                                    NUMBERS(-0.3125, 0.375, 0.0625, 0, 0, -0.375)))),
               BOOL(true), INT(2), FLOAT(0), BOOL(false), BOOL(false), BOOL(false)),
          RESULT(float32, -0.994321883, -0.207574278, 0.428278029, 0.715862393, -0.571951509,
                 0.02043733, 0.38234821, 0.553720713),
          RESULT(float32, 0.573506773, 0.78061676, 0.102789678, 0.0295352638, -0.571951509,
                 0.02043733, 0.38234821, 0.553720713));
    CHECK(
        "aten::rnn_tanh", "input",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(3, 1, 2), NUMBERS(1.25, -1, -0.25, 0.25, -1, 0))),
             T_(tensor_of(DTYPE_float32, SIZES(1, 1, 2), NUMBERS(-1.25, -0.75))),
             TENSORS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0.125, 0.375, 0.125, 0.625))),
                     T_(tensor_of(DTYPE_float32, SIZES(2, 2),
                                  NUMBERS(-0.1875, -0.0625, -0.375, 0.375))),
                     T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(-0.4375, -0.125))),
                     T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0.1875, 0.0625)))),
             BOOL(true), INT(1), FLOAT(0), BOOL(false), BOOL(false), BOOL(false)),
        RESULT(float32, -0.185333192, -0.330821127, -0.131311074, 0.00794185791, -0.337151796,
               -0.134460896),
        RESULT(float32, -0.337151796, -0.134460896));
    CHECK("aten::gru", "data",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(4, 2),
                            NUMBERS(0.5, -1.5, 0.75, -0.25, 0.75, 0.75, -1.25, -1))),
               T_(tensor_of(DTYPE_int64, SIZES(3), NUMBERS(2, 1, 1))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2, 2),
                            NUMBERS(0, -0.5, -1.5, -1.25, -2.25, 1, -1.5, 1.25))),
               TENSORS(T_(tensor_of(DTYPE_float32, SIZES(6, 2),
                                    NUMBERS(0.0625, -0.375, -0.0625, -0.1875, -0.3125, 0.3125,
                                            -0.25, 0.0625, -0.0625, -0.4375, 0.0625, -0.25))),
                       T_(tensor_of(DTYPE_float32, SIZES(6, 2),
                                    NUMBERS(0.3125, -0.125, -0.0625, 0.0625, 0.125, 0.1875, -0.0625,
                                            0.125, -0.0625, 0.1875, 0, 0.0625))),
                       T_(tensor_of(DTYPE_float32, SIZES(6),
                                    NUMBERS(0.0625, -0.0625, 0, -0.0625, 0, -0.25))),
                       T_(tensor_of(DTYPE_float32, SIZES(6),
                                    NUMBERS(0, -0.125, 0.0625, 0.1875, -0.5, -0.0625))),
                       T_(tensor_of(DTYPE_float32, SIZES(6, 2),
                                    NUMBERS(0, -0.25, -0.1875, -0.3125, -0.125, -0.3125, 0.0625,
                                            0.125, 0.4375, -0.0625, -0.125, 0.1875))),
                       T_(tensor_of(DTYPE_float32, SIZES(6, 2),
                                    NUMBERS(-0.375, 0, -0.125, 0.125, -0.125, -0.1875, 0.5, 0,
                                            -0.25, -0.0625, 0.0625, 0.4375))),
                       T_(tensor_of(DTYPE_float32, SIZES(6),
                                    NUMBERS(-0.0625, 0.4375, -0.1875, 0.0625, 0, -0.0625))),
                       T_(tensor_of(DTYPE_float32, SIZES(6),
                                    NUMBERS(-0.0625, -0.0625, -0.1875, -0.5625, 0.1875, -0.1875)))),
               BOOL(true), INT(1), FLOAT(0), BOOL(false), BOOL(true)),
          RESULT(float32, 0.146196365, -0.1721811, 0.136847317, -0.357641727, -0.663191319,
                 -0.689264655, -0.243069291, 0.259907901, -0.19791466, -0.287205696, -0.124473006,
                 -0.0556288809, -0.00632284582, -0.217830867, -1.22382772, 0.132184967),
          RESULT(float32, -0.00632284582, -0.217830867, -0.663191319, -0.689264655, 0.136847317,
                 -0.357641727, -0.243069291, 0.259907901));
    CHECK(
        "aten::lstm_cell", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0, -1, 0.25, 0.5))),
             TENSORS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0, 0, 0.75, 0.5))),
                     T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-1.25, 0.75, -0.75, 0.75)))),
             T_(tensor_of(DTYPE_float32, SIZES(8, 2),
                          NUMBERS(0.0625, 0, -0.25, -0.0625, 0.125, -0.125, -0.125, 0.0625, 0,
                                  0.1875, -0.125, 0.0625, -0.5, -0.125, -0.25, -0.3125))),
             T_(tensor_of(DTYPE_float32, SIZES(8, 2),
                          NUMBERS(0.3125, 0.0625, -0.0625, -0.0625, -0.3125, -0.3125, 0.3125,
                                  -0.125, -0.0625, 0.0625, 0.375, -0.25, 0, -0.25, 0.125, 0.5))),
             T_(tensor_of(DTYPE_float32, SIZES(8),
                          NUMBERS(0.25, -0.25, -1.5, 0, -0.75, 1.75, -1.75, 2.75))),
             NONE),
        RESULT(float32, -0.095690079, 0.627121449, -0.048962947, 0.621147454),
        RESULT(float32, -0.664944291, 0.786553681, -0.464920878, 0.786093354));
    CHECK("aten::gru_cell", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2), NUMBERS(-0.25, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2), NUMBERS(0, -0.5))),
               T_(tensor_of(
                   DTYPE_float32, SIZES(6, 2),
                   NUMBERS(0.5, -2.75, 1.25, 1.75, 0.75, -2, 1.5, -0.5, 1, 1.25, 0.25, -1.5))),
               T_(tensor_of(
                   DTYPE_float32, SIZES(6, 2),
                   NUMBERS(1.25, 1.25, 0.25, -0.5, -1, -0.75, 0.25, 1.5, -1, 0.25, -1, -1.25))),
               NONE, NONE),
          RESULT(float32, 0.466290861, -0.586203337));
    CHECK("aten::rnn_relu_cell", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2), NUMBERS(0, 1.5))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2), NUMBERS(0.5, 0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0.25, 0.75, -0.5, 2.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-1.75, -1.25, 0.75, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(-1.25, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0.75, 0.75)))),
          RESULT(float32, 0, 4.375));
    EXPECT_FAILURE(
        "Input batch size 2 doesn't match hidden0 batch size 3", "aten::gru_cell", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-1, 0.25, 0.25, -0.25))),
        T_(tensor_of(DTYPE_float32, SIZES(3, 2), NUMBERS(0.5, -0.25, -2, -0.25, 0.75, -1))),
        T_(tensor_of(DTYPE_float32, SIZES(6, 2),
                     NUMBERS(-1.75, 1, 1, 0.5, 0.5, 1, 0, 1, 1.5, 0.25, -0.75, -0.5))),
        T_(tensor_of(DTYPE_float32, SIZES(6, 2),
                     NUMBERS(0, -1.5, 0.5, -0.25, -0.75, -1.75, -1.5, -2, -0.5, -0.25, -1.5, 0.5))),
        NONE, NONE);
    EXPECT_FAILURE(
        "input has inconsistent input_size: got 3 expected 2", "aten::gru_cell", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 0.25, 0.25, -0.5, -1, -1.75))),
        T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-0.25, 0.5, 0, 0.5))),
        T_(tensor_of(DTYPE_float32, SIZES(6, 2),
                     NUMBERS(-0.5, -0.25, -1.5, 0, -1.25, 1, 0, 0.25, 0.75, -0.5, 0, -0.75))),
        T_(tensor_of(
            DTYPE_float32, SIZES(6, 2),
            NUMBERS(-0.25, -0.5, 1.75, -0.75, 1.25, -1.25, 1, -0.25, 0.25, -1.5, -0.75, -0.75))),
        NONE, NONE);
}

static void attention(void **state)
{
    (void)state;
    CHECK("aten::_scaled_dot_product_attention", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(0.5, 2.25, -0.75, -2.75))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 3, 2),
                            NUMBERS(0.5, 1.5, 0.25, -0.75, -1.5, 1.25))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 3, 2), NUMBERS(-0.25, -0.25, 0.75, 1, 1, 1))),
               NONE, FLOAT(0), BOOL(true), BOOL(false)),
          RESULT(float32, 0.0740003884, 0.0787035078, 0.751805663, 0.987035751),
          RESULT(float32, 0.737037182, 0.0188125093, 0.244150296, 0.0103714122, 0.940920353,
                 0.0487082787));
    CHECK("aten::_scaled_dot_product_attention", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(-1, 0.75, -0.25, -0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(1.75, 0.75, -0.25, 1.25))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(-1.5, -0.75, -0.25, -1.5))),
               NONE, FLOAT(0), BOOL(true), BOOL(true)),
          RESULT(float32, -1.5, -0.75, -0.792618155, -1.17442918),
          RESULT(float32, 1, 0, 0.434094489, 0.565905571));
    CHECK("aten::_scaled_dot_product_attention", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(-0.75, 0.5, 0.5, 0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(1, 0.5, 1.5, 0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(0, -1, 0.25, 0.25))),
               T_(tensor_of(DTYPE_bool, SIZES(2, 2), NUMBERS(1, 0, 1, 1))), FLOAT(0), BOOL(true),
               BOOL(false)),
          RESULT(float32, 0, -1, 0.133274287, -0.333628565),
          RESULT(float32, 1, 0, 0.466902852, 0.533097148));
    CHECK("aten::_native_multi_head_attention", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 3, 4),
                   NUMBERS(0.5, 0.25, 0.25, -1, -1.25, 0.75, 0.75, -0.5, 0.5, 0.25, 0.25, 1))),
               T_(tensor_of(
                   DTYPE_float32, SIZES(1, 3, 4),
                   NUMBERS(0.5, 0.25, 0.25, -1, -1.25, 0.75, 0.75, -0.5, 0.5, 0.25, 0.25, 1))),
               T_(tensor_of(
                   DTYPE_float32, SIZES(1, 3, 4),
                   NUMBERS(0.5, 0.25, 0.25, -1, -1.25, 0.75, 0.75, -0.5, 0.5, 0.25, 0.25, 1))),
               INT(4), INT(2),
               T_(tensor_of(DTYPE_float32, SIZES(12, 4),
                            NUMBERS(0, 0.125, -0.875, 0, 0, 0.375, -0.375, 0.75, 0.625, 0.25, -0.5,
                                    -0.375, -0.375, 0.25, -0.75, 0.25, -0.375, -0.125, -0.125,
                                    -0.125, -0.125, 0.5, -0.25, -0.125, -0.375, -0.5, 0, 0.875,
                                    0.25, -0.5, -0.25, 0.875, 0.125, -0.125, 0.375, -0.375, 0.625,
                                    0.125, -1, -0.25, 0.375, -0.5, 0.125, -0.125, 1.125, 0.375,
                                    -1.375, -1.125))),
               T_(tensor_of(DTYPE_float32, SIZES(12),
                            NUMBERS(0.5, 0, 0.375, 0.625, -0.375, -0.125, -0.125, 0.125, 0.125,
                                    0.125, 0.125, 0.125))),
               T_(tensor_of(DTYPE_float32, SIZES(4, 4),
                            NUMBERS(0.25, 0.5, -0.125, 0.875, -0.625, -0.375, -0.125, 0.25, 0,
                                    0.125, -0.375, 0, -0.125, -0.375, 0, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0.5, 0.625, -0.375, 0.375))), NONE,
               BOOL(true), BOOL(true), NONE),
          RESULT(float32, -0.028542459, 0.409865588, -0.385843664, 0.705835164, 0.369348645,
                 0.50980556, -0.412806451, 0.471634656, 0.0720492303, 0.46707359, -0.421534479,
                 0.655619919),
          RESULT(float32, 0.241502553, 0.29454273, 0.463954747, 0.337807387, 0.26639697,
                 0.395795673, 0.266086757, 0.312221974, 0.421691298));
    CHECK("aten::_native_multi_head_attention", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 3, 4),
                   NUMBERS(0.5, 0.25, 0.25, -1, -1.25, 0.75, 0.75, -0.5, 0.5, 0.25, 0.25, 1))),
               T_(tensor_of(
                   DTYPE_float32, SIZES(1, 3, 4),
                   NUMBERS(0.5, 0.25, 0.25, -1, -1.25, 0.75, 0.75, -0.5, 0.5, 0.25, 0.25, 1))),
               T_(tensor_of(
                   DTYPE_float32, SIZES(1, 3, 4),
                   NUMBERS(0.5, 0.25, 0.25, -1, -1.25, 0.75, 0.75, -0.5, 0.5, 0.25, 0.25, 1))),
               INT(4), INT(2),
               T_(tensor_of(DTYPE_float32, SIZES(12, 4),
                            NUMBERS(-0.5, 0.375, 0.625, -0.125, 0.25, -0.25, -0.25, -0.25, -0.125,
                                    0.125, -0.25, -0.5, -0.5, -0.375, 0.25, -0.625, 0, 0.625,
                                    -0.125, -0.375, -0.5, 1, -0.375, 0.375, 0.75, 0.375, -0.375,
                                    0.125, -0.125, -0.125, -0.125, -0.25, 0.375, 0.5, 0.875, 0.5,
                                    -0.5, -0.125, 0.25, 0.125, -0.625, -0.25, -0.25, 0.5, 0, -0.625,
                                    -0.375, 0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(12),
                            NUMBERS(0.25, -0.75, -0.875, 0, 0.75, 0.5, 0.625, -0.25, 0.25, -0.625,
                                    0.625, 0.125))),
               T_(tensor_of(DTYPE_float32, SIZES(4, 4),
                            NUMBERS(-0.125, -0.25, 0.5, -0.25, 0.375, 0.375, 0.125, 0.625, -0.25,
                                    0.5, 0, 0.375, 0.25, -0.75, 0.5, -0.875))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0.5, 0.25, 0.125, 0))),
               T_(tensor_of(DTYPE_bool, SIZES(1, 3), NUMBERS(0, 0, 1))), BOOL(true), BOOL(false),
               INT(1)),
          RESULT(float32, 0.963135183, -0.264378905, -0.555031598, 1.38561726, 1.01733208,
                 -0.338472664, -0.622598886, 1.50305319, 1.10919034, -0.320524752, -0.619629145,
                 1.60421777),
          RESULT(float32, 0.61528033, 0.38471964, 0, 0.768796682, 0.231203333, 0, 0.724470735,
                 0.275529265, 0, 0.399697781, 0.600302219, 0, 0.38259694, 0.61740303, 0,
                 0.211113051, 0.788886964, 0));
    CHECK("aten::_transformer_encoder_layer_fwd", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(1, 3, 4),
                   NUMBERS(0.5, 0.25, 0.25, -1, -1.25, 0.75, 0.75, -0.5, 0.5, 0.25, 0.25, 1))),
               INT(4), INT(2),
               T_(tensor_of(DTYPE_float32, SIZES(12, 4),
                            NUMBERS(0.25, -0.625, 0.125, 0.375, -0.125, -0.75, 0.125, 0, 1.125,
                                    -0.25, -0.25, 0.25, -0.5, -0.125, 0, 0, -0.25, -0.625, 0, 0.625,
                                    -0.375, 0.375, -0.375, 1, -0.375, -0.25, 0.125, 0.75, -0.125,
                                    0.5, 0, -0.375, 0.125, -0.375, -0.125, 0.25, 0, -0.25, 0, -0.25,
                                    0.75, 0.25, 0.375, -0.75, 0.25, 0.125, -0.5, 0.875))),
               T_(tensor_of(DTYPE_float32, SIZES(12),
                            NUMBERS(0.375, -0.625, 1, 0.875, -0.125, 0, 0.25, 0.625, 0.5, 1.375,
                                    -0.125, 0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(4, 4),
                            NUMBERS(-0.375, -0.75, 0.25, -0.375, 0.375, 0.875, 0.5, 0.875, 0.75,
                                    -0.625, 0.5, 0, -0.375, 0.5, -0.25, -0.875))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0.75, 0.25, -0.125, 0))), BOOL(false),
               BOOL(false), FLOAT(1e-05),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0.5, 0.75, -0.75, -0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0.5, -1.75, -0.75, 1.75))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(-0.75, 1.25, -1.25, 0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(-0.25, -0.25, 1.5, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(3, 4),
                            NUMBERS(-1, -0.25, 1, -2, 0.25, 1.5, -1.5, 1, 1.25, 1, 0, 2))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(-0.75, 0, 0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(4, 3),
                            NUMBERS(-0.25, -0.25, 1.5, 1.25, -0.5, -0.5, -0.25, -0.25, -0.75, 0,
                                    -1.25, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(1, -2.25, 0.25, -2.75))), NONE, NONE),
          RESULT(float32, -1.40000665, -1.57645977, 2.36197376, 0.804351151, -1.43168628,
                 -1.64276373, 2.15240693, 0.765138805, -1.37499964, -1.85268784, 1.88981545,
                 0.7735008));
}

static void running_statistics(void **state)
{
    (void)state;
    const double mean[] = { 1, 2 }, var[] = { 1.5, 4.5 };
    tensor *m = VECTOR(float32, 0, 0), *v = VECTOR(float32, 1, 1);
    const jit_value m_value = value_ref(T_(m)), v_value = value_ref(T_(v));
    CHECK("aten::batch_norm", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(1, 2, 3, 6))), NONE, NONE, T_(m),
               T_(v), BOOL(true), FLOAT(0.5), FLOAT(1e-5), BOOL(false)),
          RESULT(float32, -0.999995, -0.99999875, 0.999995, 0.99999875));
    expect_tensor(m_value, DTYPE_float32, 2, mean);
    expect_tensor(v_value, DTYPE_float32, 2, var);
}

static void out_and_in_place(void **state)
{
    (void)state;
    tensor *out = VECTOR(float32, 0);
    const jit_value kept = value_ref(T_(out));
    const double expected[] = { 3, 7 };
    CHECK("aten::avg_pool2d", "out",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 2), NUMBERS(1, 5, 6, 8))), INTS(1, 2),
               NO_INTS, INTS(0), BOOL(false), BOOL(true), NONE, T_(out)),
          RESULT(float32, 3, 7));
    expect_tensor(kept, DTYPE_float32, 2, expected);
    CHECK("aten::alpha_dropout_", "", ARGS(T_(VECTOR(float32, 1, 2)), FLOAT(0.5), BOOL(false)),
          RESULT(float32, 1, 2));
}

/* Large enough for the general matrix product and several tiles, against the sum as it is written.
 */
static void large_convolution(void **state)
{
    enum { CHANNELS = 3, OUT = 9, SIZE = 14, KERNEL = 3, RESULT_SIZE = 14 };
    const int64_t x_sizes[] = { 2, CHANNELS, SIZE, SIZE },
                  w_sizes[] = { OUT, CHANNELS, KERNEL, KERNEL };
    tensor *x = tensor_new(DTYPE_float32, x_sizes, 4, DEVICE_CPU0);
    tensor *w = tensor_new(DTYPE_float32, w_sizes, 4, DEVICE_CPU0);
    float *xs = tensor_data(x), *ws = tensor_data(w);
    (void)state;
    for (int64_t i = 0; i < x->numel; i++)
        xs[i] = (float)(i % 7 - 3);
    for (int64_t i = 0; i < w->numel; i++)
        ws[i] = (float)(i % 5 - 2);
    jit_value y = CALL("aten::conv2d", "", value_ref(T_(x)), value_ref(T_(w)), NONE, INTS(1),
                       INTS(1), INTS(1), INT(1));
    for (int64_t i = 0; i < y.t->numel; i++) {
        const int64_t column = i % RESULT_SIZE, row = i / RESULT_SIZE % RESULT_SIZE;
        const int64_t o = i / (RESULT_SIZE * RESULT_SIZE) % OUT,
                      image = i / (RESULT_SIZE * RESULT_SIZE * OUT);
        float sum = 0;
        for (int64_t k = 0; k < CHANNELS * KERNEL * KERNEL; k++) {
            const int64_t h = row - 1 + k / KERNEL % KERNEL, v = column - 1 + k % KERNEL;
            if (h < 0 || v < 0 || h >= SIZE || v >= SIZE)
                continue;
            const int64_t plane = image * CHANNELS + k / (KERNEL * KERNEL);
            sum += xs[(plane * SIZE + h) * SIZE + v] * ws[o * CHANNELS * KERNEL * KERNEL + k];
        }
        assert_true(((float *)tensor_data(y.t))[i] == sum);
    }
    value_unref(y);
    tensor_unref(x);
    tensor_unref(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),      cmocka_unit_test(pooling),
        cmocka_unit_test(normalisation),     cmocka_unit_test(losses),
        cmocka_unit_test(distances),         cmocka_unit_test(padding),
        cmocka_unit_test(resampling),        cmocka_unit_test(windows_and_grids),
        cmocka_unit_test(recurrent),         cmocka_unit_test(attention),
        cmocka_unit_test(large_convolution), cmocka_unit_test(running_statistics),
        cmocka_unit_test(out_and_in_place),
    };
    return cmocka_run_group_tests_name("kernels/nn", tests, NULL, NULL);
}
