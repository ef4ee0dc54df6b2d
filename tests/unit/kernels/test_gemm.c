/* Blocked matrix products against the definition, for sizes around the borders of tiles and blocks and for all
 * layouts of the operands. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_args.h"

#include <pthread.h>

static tensor *pattern(dtype d, int64_t rows, int64_t columns, bool is_transposed)
{
    const int64_t sizes[] = { rows, columns }, strides[] = { is_transposed ? 1 : columns, is_transposed ? rows : 1 };
    tensor *t = tensor_new_strided(d, sizes, strides, 2, DEVICE_CPU0);
    assert_non_null(t);
    for (int64_t i = 0; i < t->numel; i++)
        element_store_int(d, (char *)tensor_data(t) + i * (int64_t)dtype_size(d), (i * 7 + i / 5) % 11 - 5);
    return t;
}

/* Takes the result of aten::mm, or of aten::linear, which has b's transpose. */
static void expect_product(jit_value take_c, const tensor *a, const tensor *b)
{
    const int64_t k = a->sizes[1], n = b->sizes[1];
    for (int64_t i = 0; i < a->sizes[0]; i++)
        for (int64_t j = 0; j < n; j++) {
            int64_t sum = 0;
            for (int64_t p = 0; p < k; p++) sum += tensor_get_int(a, i * k + p) * tensor_get_int(b, p * n + j);
            assert_int_equal(tensor_get_int(take_c.t, i * n + j), sum);
        }
    value_unref(take_c);
}

static void check_product(dtype d, int64_t m, int64_t n, int64_t k, bool turn_a, bool turn_b)
{
    tensor *a = pattern(d, m, k, turn_a), *b = pattern(d, k, n, turn_b);
    expect_product(CALL("aten::mm", "", T_(tensor_ref(a)), T_(tensor_ref(b))), a, b);
    tensor_unref(a);
    tensor_unref(b);
}

static void products_equal_the_definition(void **state)
{
    static const int64_t sizes[][3] = {
        { 1, 1, 1 }, { 1, 70, 33 }, { 70, 1, 33 }, { 3, 5, 7 }, { 4, 130, 40 }, { 13, 33, 17 }, { 37, 65, 300 },
        { 150, 33, 20 }, { 6, 1100, 5 }, { 64, 64, 257 }, { 16, 66, 34 }, { 2, 11, 70 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int layout = 0; layout < 4; layout++) {
            check_product(DTYPE_float32, sizes[i][0], sizes[i][1], sizes[i][2], layout & 1, layout >> 1);
            check_product(DTYPE_float64, sizes[i][0], sizes[i][1], sizes[i][2], layout & 1, layout >> 1);
        }
    check_product(DTYPE_int32, 13, 9, 21, true, false);
}

enum { PACKED_K = 210, PACKED_N = 230 };

/* A linear layer of all numbers of rows in turn: from the second on they read the packed copy that the first made. */
static void rows_of_any_number_share_a_packed_weight(void **state)
{
    (void)state;
    static const int64_t rows[] = { 25, 1, 2, 7, 64, 70, 1 };
    tensor *w = pattern(DTYPE_float32, PACKED_N, PACKED_K, false), *b = pattern(DTYPE_float32, PACKED_K, PACKED_N, true);
    memcpy(tensor_data(b), tensor_data(w), (size_t)w->numel * sizeof(float));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tensor *a = pattern(DTYPE_float32, rows[i], PACKED_K, false);
        expect_product(CALL("aten::linear", "", T_(tensor_ref(a)), T_(tensor_ref(w)), NONE), a, b);
        tensor_unref(a);
    }
    tensor_unref(w);
    tensor_unref(b);
}

/* The right operand of product after product is packed; each change of it counts. */
static void recurring_operands_are_packed_until_they_change(void **state)
{
    (void)state;
    tensor *a = pattern(DTYPE_float32, 16, PACKED_K, false), *b = pattern(DTYPE_float32, PACKED_K, PACKED_N, true);
    for (int change = 0; change < 3; change++) {
        for (int i = 0; i < 50; i++) {
            jit_value c = CALL("aten::mm", "", T_(tensor_ref(a)), T_(tensor_ref(b)));
            if (i % 48 == 0) expect_product(c, a, b);
            else value_unref(c);
        }
        value_unref(CALL("aten::add_", "Scalar", T_(tensor_ref(b)), I(1), I(1)));
    }
    tensor_unref(a);
    tensor_unref(b);
}

typedef struct caller {
    pthread_t thread;
    tensor *a, *b;
    jit_value product;
} caller;

static void *multiply_often(void *ctx)
{
    caller *c = ctx;
    for (int i = 0; i < 30; i++) {
        value_unref(c->product);
        c->product = CALL("aten::mm", "", T_(tensor_ref(c->a)), T_(tensor_ref(c->b)));
    }
    return NULL;
}

/* They find, pack and keep one operand at once. */
static void threads_share_a_recurring_operand(void **state)
{
    (void)state;
    caller callers[4] = { 0 };
    const size_t n = sizeof callers / sizeof *callers;
    tensor *b = pattern(DTYPE_float32, PACKED_K, PACKED_N, true);
    for (size_t i = 0; i < n; i++) {
        callers[i] = (caller){ .a = pattern(DTYPE_float32, 16, PACKED_K, false), .b = b, .product = VALUE_NONE_V };
        assert_int_equal(pthread_create(&callers[i].thread, NULL, multiply_often, &callers[i]), 0);
    }
    for (size_t i = 0; i < n; i++) {
        pthread_join(callers[i].thread, NULL);
        expect_product(callers[i].product, callers[i].a, b);
        tensor_unref(callers[i].a);
    }
    tensor_unref(b);
}

static void long_sums_do_not_drift(void **state)
{
    (void)state;
    const int64_t n = 3000001;
    tensor *t = tensor_new(DTYPE_float32, &n, 1, DEVICE_CPU0);
    assert_non_null(t);
    for (int64_t i = 0; i < n; i++) ((float *)tensor_data(t))[i] = 0.1f;
    EXPECT_SCALAR(CALL("aten::sum", "", T_(t), NONE), float32, 300000.1);
}

static void outer_reductions_match(void **state)
{
    (void)state;
    const int64_t sizes[] = { 700, 1030 };
    tensor *t = tensor_new(DTYPE_float32, sizes, 2, DEVICE_CPU0);
    assert_non_null(t);
    for (int64_t i = 0; i < t->numel; i++) ((float *)tensor_data(t))[i] = (float)(i % 1030);
    jit_value r = CALL("aten::sum", "dim_IntList", T_(t), INTS(0), B(false), NONE);
    for (int64_t i = 0; i < 1030; i++) assert_int_equal(tensor_get_int(r.t, i), 700 * i);
    value_unref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_equal_the_definition),
        cmocka_unit_test(rows_of_any_number_share_a_packed_weight),
        cmocka_unit_test(recurring_operands_are_packed_until_they_change),
        cmocka_unit_test(threads_share_a_recurring_operand),
        cmocka_unit_test(long_sums_do_not_drift),
        cmocka_unit_test(outer_reductions_match),
    };
    return cmocka_run_group_tests_name("kernels/gemm", tests, NULL, NULL);
}
