/* Pointwise operators against values that PyTorch 1.13.1 printed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_test.h"

#define X VECTOR(float32, -2.5, -1, 0, 0.5, 3)
#define ONE VALUE_INT_V(1)

static void unary_functions(void **state)
{
    (void)state;
    EXPECT(CALL("aten::exp", "", T_(X)), float32, 0.082085, 0.36787945, 1, 1.64872122, 20.08553696);
    EXPECT(CALL("aten::sigmoid", "", T_(X)), float32, 0.07585818, 0.26894143, 0.5, 0.62245935, 0.95257413);
    EXPECT(CALL("aten::tanh", "", T_(X)), float32, -0.98661429, -0.76159418, 0, 0.46211717, 0.99505478);
    EXPECT(CALL("aten::erf", "", T_(X)), float32, -0.99959302, -0.84270078, 0, 0.52049989, 0.99997789);
    EXPECT(CALL("aten::lgamma", "", T_(X)), float32, -0.05624372, INFINITY, INFINITY, 0.57236493, 0.69314718);
    EXPECT(CALL("aten::digamma", "", T_(X)), float32, 1.10315669, NAN, -INFINITY, -1.96351087, 0.92278421);
    EXPECT(CALL("aten::i0", "", T_(X)), float32, 3.28983951, 1.26606596, 1, 1.06348348, 4.88079262);
    EXPECT(CALL("aten::round", "", T_(X)), float32, -2, -1, 0, 0, 3);
    EXPECT(CALL("aten::sign", "", T_(X)), float32, -1, -1, 0, 1, 1);
    EXPECT(CALL("aten::erfinv", "", T_(VECTOR(float32, -0.9, 0.1, 0.5, 0.99))), float32, -1.163087010, 0.0888559892,
           0.4769362807, 1.821386694);
    EXPECT(CALL("aten::sqrt", "", T_(VECTOR(int64, 4, 9))), float32, 2, 3);
}

static void activations(void **state)
{
    (void)state;
    EXPECT(CALL("aten::silu", "", T_(X)), float32, -0.18964545, -0.26894143, 0, 0.31122968, 2.85772252);
    EXPECT(CALL("aten::mish", "", T_(X)), float32, -0.19681619, -0.30340144, 0, 0.37524524, 2.98653507);
    EXPECT(CALL("aten::hardswish", "", T_(X)), float32, -0.20833333, -0.33333334, 0, 0.29166666, 3);
    EXPECT(CALL("aten::selu", "", T_(X)), float32, -1.61378574, -1.11133075, 0, 0.52535051, 3.15210295);
    EXPECT(CALL("aten::elu", "", T_(X), ONE, ONE, ONE), float32, -0.91791499, -0.63212055, 0, 0.5, 3);
    EXPECT(CALL("aten::log_sigmoid", "", T_(X)), float32, -2.57888985, -1.31326175, -0.69314718, -0.47407699, -0.04858735);
    EXPECT(CALL("aten::gelu", "", T_(X), VALUE_HEAP_V(VALUE_STR, str_new("none", 4))), float32, -0.01552418,
           -0.15865529, 0, 0.3457312, 2.99595022);
    EXPECT(CALL("aten::gelu", "", T_(X), VALUE_HEAP_V(VALUE_STR, str_new("tanh", 4))), float32, -0.015084296,
           -0.158807993, 0, 0.345714003, 2.996362686);
    EXPECT(CALL("aten::leaky_relu", "", T_(X), VALUE_FLOAT_V(0.1)), float32, -0.25, -0.1, 0, 0.5, 3);
}

static void division(void **state)
{
    (void)state;
#define A VECTOR(int64, 7, -7, 7, -7)
#define B VECTOR(int64, 2, 2, -2, -2)
#define AF VECTOR(float32, 7.5, -6.5, 7.5, -6.5)
    EXPECT(CALL("aten::floor_divide", "", T_(A), T_(B)), int64, 3, -4, -4, 3);
    EXPECT(CALL("aten::remainder", "Tensor", T_(A), T_(B)), int64, 1, 1, -1, -1);
    EXPECT(CALL("aten::fmod", "Tensor", T_(A), T_(B)), int64, 1, -1, 1, -1);
    EXPECT(CALL("aten::div", "Tensor", T_(A), T_(B)), float32, 3.5, -3.5, -3.5, 3.5);
    EXPECT(CALL("aten::div", "Tensor_mode", T_(A), T_(B), VALUE_HEAP_V(VALUE_STR, str_new("trunc", 5))), int64, 3, -3, -3, 3);
    EXPECT(CALL("aten::floor_divide", "", T_(AF), T_(B)), float32, 3, -4, -4, 3);
    EXPECT(CALL("aten::remainder", "Tensor", T_(AF), T_(B)), float32, 1.5, 1.5, -0.5, -0.5);
    EXPECT_FAILURE("ZeroDivisionError", "aten::floor_divide", "", T_(A), T_(VECTOR(int64, 0)));
    EXPECT_FAILURE("ZeroDivisionError", "aten::remainder", "Scalar", T_(A), VALUE_INT_V(0));
}

static void promotes_operands(void **state)
{
    (void)state;
    EXPECT(CALL("aten::add", "Tensor", T_(VECTOR(uint8, 200, 100)), T_(VECTOR(uint8, 100, 100)), ONE), uint8, 44, 200);
    EXPECT(CALL("aten::add", "Scalar", T_(VECTOR(int8, 127)), ONE, ONE), int8, -128);
    EXPECT(CALL("aten::gt", "Scalar", T_(VECTOR(uint8, 1)), VALUE_INT_V(-1)), bool, 0);
    EXPECT(CALL("aten::add", "Scalar", T_(VECTOR(int32, 1, 2)), VALUE_FLOAT_V(1.5), ONE), float32, 2.5, 3.5);
    EXPECT(CALL("aten::add", "Scalar", T_(VECTOR(bool, 1, 0)), ONE, ONE), int64, 2, 1);
    EXPECT(CALL("aten::add", "Scalar", T_(VECTOR(bool, 1, 0)), VALUE_BOOL_V(true), ONE), bool, 1, 1);
    EXPECT(CALL("aten::add", "Scalar", T_(VECTOR(float16, 1, 2)), VALUE_FLOAT_V(0.1), ONE), float16, 1.099609375, 2.099609375);
    EXPECT(CALL("aten::div", "Scalar", T_(VECTOR(bfloat16, 1, 3)), VALUE_INT_V(3)), bfloat16, 0.333984375, 1);
    EXPECT(CALL("aten::where", "self", T_(VECTOR(bool, 1, 0)), T_(VECTOR(int64, 1, 2)), T_(VECTOR(float32, 1.5, 2.5))), float32, 1, 2.5);
    EXPECT(CALL("aten::clamp", "", T_(VECTOR(int64, 1, 5, 9)), VALUE_FLOAT_V(2.5), VALUE_NONE_V), float32, 2.5, 5, 9);
    EXPECT(CALL("aten::clamp", "", T_(VECTOR(int64, 1, 5, 9)), VALUE_NONE_V, VALUE_INT_V(4)), int64, 1, 4, 4);
    EXPECT(CALL("aten::bitwise_not", "", T_(VECTOR(bool, 1))), bool, 0);
    EXPECT(CALL("aten::bitwise_not", "", T_(VECTOR(uint8, 5))), uint8, 250);
    EXPECT(CALL("aten::pow", "Tensor_Tensor", T_(VECTOR(int64, 2, -1, 3)), T_(VECTOR(int64, -1, -3, 2))), int64, 0, -1, 9);
}

static void special_values(void **state)
{
    (void)state;
    EXPECT(CALL("aten::nan_to_num", "", T_(VECTOR(float32, NAN, INFINITY, -INFINITY, 1)), VALUE_NONE_V, VALUE_NONE_V,
                VALUE_NONE_V), float32, 0, 3.4028234663852886e38, -3.4028234663852886e38, 1);
    EXPECT(CALL("aten::logaddexp", "", T_(VECTOR(float32, 1, -INFINITY)), T_(VECTOR(float32, 2, -INFINITY))), float32,
           2.31326169, -INFINITY);
    EXPECT(CALL("aten::xlogy", "Tensor", T_(VECTOR(float32, 0, 2)), T_(VECTOR(float32, 0, 3))), float32, 0, 2.19722458);
    EXPECT(CALL("aten::maximum", "", T_(VECTOR(float32, NAN, 1)), T_(VECTOR(float32, 1, NAN))), float32, NAN, NAN);
    EXPECT(CALL("aten::fmax", "", T_(VECTOR(float32, NAN, 1)), T_(VECTOR(float32, 1, NAN))), float32, 1, 1);
    EXPECT(CALL("aten::gcd", "", T_(VECTOR(int64, 12, -8, 0)), T_(VECTOR(int64, 18, 12, 5))), int64, 6, 4, 5);
    EXPECT(CALL("aten::lcm", "", T_(VECTOR(int64, 12, -8, 0)), T_(VECTOR(int64, 18, 12, 5))), int64, 36, 24, 0);
}

static void refuses_with_the_reference_words(void **state)
{
    (void)state;
    EXPECT_FAILURE("result type Float can't be cast to the desired output type Long", "aten::add_", "Scalar",
                   T_(VECTOR(int64, 1, 2)), VALUE_FLOAT_V(1.5), ONE);
    EXPECT_FAILURE("Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
                   "`logical_xor()` operator instead.",
                   "aten::sub", "Tensor", T_(VECTOR(bool, 1)), T_(VECTOR(bool, 1)), ONE);
    EXPECT_FAILURE("Integers to negative integer powers are not allowed.", "aten::pow", "Tensor_Scalar",
                   T_(VECTOR(int64, 2)), VALUE_INT_V(-1));
    EXPECT_FAILURE("The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0",
                   "aten::add", "Tensor", T_(VECTOR(int64, 1, 2, 3)), T_(VECTOR(int64, 1, 2)), ONE);
    EXPECT_FAILURE("\"bitwise_and_cpu\" not implemented for 'Float'", "aten::bitwise_and", "Tensor",
                   T_(VECTOR(float32, 1)), T_(VECTOR(float32, 1)));
    EXPECT_FAILURE("\"silu_cpu\" not implemented for 'Long'", "aten::silu", "", T_(VECTOR(int64, 1)));
}

static void writes_in_place_and_out(void **state)
{
    (void)state;
    tensor *t = VECTOR(float32, 1, 2, 3);
    jit_value r = CALL("aten::mul_", "Tensor", T_(t), T_(VECTOR(int64, 2, 3, 4)));
    assert_ptr_equal(r.t, t);
    EXPECT(r, float32, 2, 6, 12);
    tensor *out = VECTOR(float64, 0);
    EXPECT(CALL("aten::add", "out", T_(VECTOR(float32, 1, 2)), T_(VECTOR(float32, 3, 4)), ONE, T_(out)), float64, 4, 6);

    tensor *base = VECTOR(int64, 0, 1, 2, 3);
    const int64_t three = 3, step = 1;
    tensor *head = tensor_view(base, &three, &step, 1, 0), *tail = tensor_view(base, &three, &step, 1, 1);
    EXPECT_FAILURE("unsupported operation: some elements of the input tensor and the written-to tensor refer to a "
                   "single memory location. Please clone() the tensor before performing the operation.",
                   "aten::add_", "Tensor", T_(tail), T_(head), ONE);
    tensor_unref(base);
    tensor *row = VECTOR(int64, 1, 2, 3);
    const int64_t sizes[] = { 2, 3 }, strides[] = { 0, 1 };
    tensor *wide = tensor_view(row, sizes, strides, 2, 0);
    EXPECT_FAILURE("unsupported operation: more than one element of the written-to tensor refers to a single memory "
                   "location. Please clone() the tensor before performing the operation.",
                   "aten::add_", "Scalar", T_(wide), ONE, ONE);
    tensor_unref(row);
}

/* Position must not matter: tails run through the same vector code. */
static void equal_inputs_give_equal_bits(void **state)
{
    (void)state;
    for (int64_t n = 1; n < 1100; n += 37) {
        tensor *t = tensor_new(DTYPE_float32, &n, 1, DEVICE_CPU0);
        for (int64_t i = 0; i < n; i++) element_store_double(DTYPE_float32, (float *)tensor_data(t) + i, 0.7123);
        jit_value r = CALL("aten::sin", "", T_(t));
        const float *x = tensor_data(r.t);
        for (int64_t i = 1; i < n; i++) assert_memory_equal(&x[0], &x[i], sizeof *x);
        value_unref(r);
    }
}

static void broadcasts_and_keeps_strides(void **state)
{
    (void)state;
    tensor *a = tensor_of(DTYPE_float32, SIZES(2, 1), NUMBERS(10, 20));
    jit_value r = CALL("aten::add", "Tensor", T_(a), T_(VECTOR(int64, 1, 2, 3)), ONE);
    assert_int_equal(r.t->n_dims, 2);
    EXPECT(r, float32, 11, 12, 13, 21, 22, 23);
    tensor *b = tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(1, 2, 3, 4, 5, 6));
    const int64_t sizes[] = { 3, 2 }, strides[] = { 1, 3 };
    tensor *transposed = tensor_view(b, sizes, strides, 2, 0);
    tensor_unref(b);
    r = CALL("aten::neg", "", T_(transposed));
    assert_int_equal(r.t->strides[0], 1);
    assert_int_equal(r.t->strides[1], 3);
    EXPECT(r, float32, -1, -4, -2, -5, -3, -6);
}

/* Large enough for several chunks, operands in different orders. */
static void adds_mixed_layouts_in_parallel(void **state)
{
    (void)state;
    const int64_t sizes[] = { 300, 7, 90 }, strides[] = { 1, 300, 2100 };
    tensor *a = tensor_new(DTYPE_float32, sizes, 3, DEVICE_CPU0);
    tensor *b = tensor_new_strided(DTYPE_int16, sizes, strides, 3, DEVICE_CPU0);
    for (int64_t i = 0; i < a->numel; i++) ((float *)tensor_data(a))[i] = (float)(i % 1000);
    for (int64_t i = 0; i < b->numel; i++) ((int16_t *)tensor_data(b))[i] = (int16_t)(i % 777);
    jit_value r = CALL("aten::add", "Tensor", T_(tensor_ref(a)), T_(tensor_ref(b)), VALUE_INT_V(2));
    for (int64_t k = 0; k < a->numel; k += 13)
        assert_true(tensor_get_double(r.t, k) == tensor_get_double(a, k) + 2 * tensor_get_double(b, k));
    value_unref(r);
    tensor_unref(a);
    tensor_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unary_functions),
        cmocka_unit_test(activations),
        cmocka_unit_test(division),
        cmocka_unit_test(promotes_operands),
        cmocka_unit_test(special_values),
        cmocka_unit_test(refuses_with_the_reference_words),
        cmocka_unit_test(writes_in_place_and_out),
        cmocka_unit_test(equal_inputs_give_equal_bits),
        cmocka_unit_test(broadcasts_and_keeps_strides),
        cmocka_unit_test(adds_mixed_layouts_in_parallel),
    };
    return cmocka_run_group_tests_name("kernels/pointwise", tests, NULL, NULL);
}
