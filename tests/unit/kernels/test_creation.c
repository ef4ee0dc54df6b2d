/* Factories, conversions and numbers against PyTorch 1.13.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_test.h"

#define NONE VALUE_NONE_V
#define OPTIONS NONE, NONE, NONE, NONE
#define INT(x) VALUE_INT_V(x)
#define FLOAT(x) VALUE_FLOAT_V(x)

static void ranges(void **state)
{
    (void)state;
    EXPECT(CALL("aten::arange", "", INT(3), OPTIONS), int64, 0, 1, 2);
    EXPECT(CALL("aten::arange", "start_step", INT(5), INT(-2), INT(-3), OPTIONS), int64, 5, 2, -1);
    EXPECT(CALL("aten::arange", "start_step", FLOAT(0), FLOAT(1), FLOAT(0.25), OPTIONS), float32, 0, 0.25, 0.5, 0.75);
    EXPECT(CALL("aten::linspace", "", INT(0), INT(1), INT(5), OPTIONS), float32, 0, 0.25, 0.5, 0.75, 1);
    EXPECT(CALL("aten::logspace", "", INT(0), INT(2), INT(3), FLOAT(10), OPTIONS), float32, 1, 10, 100);
    EXPECT(CALL("aten::eye", "m", INT(2), INT(3), OPTIONS), float32, 1, 0, 0, 0, 1, 0);
    EXPECT_FAILURE("step must be nonzero", "aten::arange", "start_step", INT(0), INT(3), INT(0), OPTIONS);
    EXPECT_FAILURE("upper bound and larger bound inconsistent with step sign", "aten::arange", "start_step", INT(0), INT(3),
                   INT(-1), OPTIONS);
}

static list *list_of(size_t n, const int64_t *x)
{
    list *l = list_new(T_INT, LIST_INTS, n);
    for (size_t i = 0; i < n; i++) assert_true(list_push(l, INT(x[i])));
    return l;
}

static void nested_lists(void **state)
{
    (void)state;
    const int64_t x[] = { 1, 2, 3, 4 };
    list *outer = list_new(NULL, LIST_VALUES, 2), *ragged = list_new(NULL, LIST_VALUES, 2);
    assert_true(list_push(outer, VALUE_HEAP_V(VALUE_LIST, list_of(2, x))));
    assert_true(list_push(outer, VALUE_HEAP_V(VALUE_LIST, list_of(2, x + 2))));
    jit_value r = CALL("aten::tensor", "", VALUE_HEAP_V(VALUE_LIST, outer), NONE, NONE, VALUE_BOOL_V(false));
    assert_int_equal(r.t->n_dims, 2);
    EXPECT(r, int64, 1, 2, 3, 4);
    assert_true(list_push(ragged, VALUE_HEAP_V(VALUE_LIST, list_of(2, x))));
    assert_true(list_push(ragged, VALUE_HEAP_V(VALUE_LIST, list_of(3, x))));
    EXPECT_FAILURE("Expected sequence of length 2 at dim 1 (got 3)", "aten::tensor", "", VALUE_HEAP_V(VALUE_LIST, ragged),
                   NONE, NONE, VALUE_BOOL_V(false));
    EXPECT(CALL("aten::full", "", VALUE_HEAP_V(VALUE_LIST, list_of(1, x + 1)), FLOAT(1.5), OPTIONS), float32, 1.5, 1.5);
    EXPECT_FAILURE("Trying to create tensor with negative dimension -1: [-1]", "aten::zeros", "",
                   VALUE_HEAP_V(VALUE_LIST, list_of(1, (int64_t[]){ -1 })), OPTIONS);
}

static void conversions(void **state)
{
    (void)state;
    EXPECT(CALL("aten::to", "dtype", T_(VECTOR(float32, 2.7, -2.7, 300, -1)), INT(0), VALUE_BOOL_V(0), VALUE_BOOL_V(0), NONE),
           uint8, 2, 254, 44, 255);
    EXPECT(CALL("aten::to", "dtype", T_(VECTOR(float32, 1e20, NAN)), INT(4), VALUE_BOOL_V(0), VALUE_BOOL_V(0), NONE), int64,
           -0x1p63, -0x1p63);
    tensor *t = VECTOR(float32, 1);
    jit_value r = CALL("aten::to", "dtype", T_(t), INT(6), VALUE_BOOL_V(0), VALUE_BOOL_V(0), NONE);
    assert_ptr_equal(r.t, t);
    value_unref(r);
}

/* 13 is PyTorch's code of quint8, 8 of complex32. */
static void element_types_that_do_not_exist(void **state)
{
    (void)state;
    EXPECT_FAILURE("dtype 13 is not supported", "aten::as_tensor", "", T_(VECTOR(float32, 1)), INT(13), NONE);
    EXPECT_FAILURE("dtype 8 is not supported", "aten::nanmean", "", T_(VECTOR(float32, 1)),
                   VALUE_HEAP_V(VALUE_LIST, list_of(1, (int64_t[]){ 0 })), VALUE_BOOL_V(0), INT(8));
    EXPECT_FAILURE("dtype 13 is not supported", "aten::to", "dtype", T_(VECTOR(float32, 1)), INT(13), VALUE_BOOL_V(0),
                   VALUE_BOOL_V(0), NONE);
}

static void numbers(void **state)
{
    (void)state;
    assert_int_equal(CALL("aten::Int", "Tensor", T_(VECTOR(float32, 2.7))).i, 2);
    assert_int_equal(CALL("aten::item", "", T_(VECTOR(bool, 1))).tag, VALUE_BOOL);
    EXPECT_FAILURE("a Tensor with 2 elements cannot be converted to Scalar", "aten::item", "", T_(VECTOR(int64, 1, 2)));
    EXPECT_FAILURE("Boolean value of Tensor with more than one value is ambiguous", "aten::is_nonzero", "",
                   T_(VECTOR(int64, 1, 2)));
    EXPECT_FAILURE("Cannot input a tensor of dimension other than 0 as a scalar argument", "aten::IntImplicit", "",
                   T_(VECTOR(int64, 1)));
    EXPECT_FAILURE("Dimension out of range (expected to be in range of [-1, 0], but got 1)", "aten::size", "int",
                   T_(VECTOR(int64, 1)), INT(1));
    assert_int_equal(CALL("aten::len", "Tensor", T_(VECTOR(int64, 1, 2, 3))).i, 3);
    EXPECT_FAILURE("len() of a 0-d tensor", "aten::len", "Tensor", T_(tensor_new(DTYPE_int64, NULL, 0, DEVICE_CPU0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(ranges), cmocka_unit_test(nested_lists),
                                        cmocka_unit_test(conversions), cmocka_unit_test(element_types_that_do_not_exist),
                                        cmocka_unit_test(numbers) };
    return cmocka_run_group_tests_name("kernels/creation", tests, NULL, NULL);
}
