/* Element types, layouts and storages. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "base/alloc.h"
#include "runtime/tensor/tensor.h"

static void promotes_as_the_reference_table(void **state)
{
    (void)state;
    assert_int_equal(dtype_promote(DTYPE_uint8, DTYPE_int8), DTYPE_int16);
    assert_int_equal(dtype_promote(DTYPE_uint8, DTYPE_int64), DTYPE_int64);
    assert_int_equal(dtype_promote(DTYPE_int64, DTYPE_float16), DTYPE_float16);
    assert_int_equal(dtype_promote(DTYPE_float16, DTYPE_bfloat16), DTYPE_float32);
    assert_int_equal(dtype_promote(DTYPE_float64, DTYPE_complex64), DTYPE_complex128);
    assert_int_equal(dtype_promote(DTYPE_bool, DTYPE_uint8), DTYPE_uint8);
    assert_true(dtype_can_cast(DTYPE_float64, DTYPE_float16));
    assert_false(dtype_can_cast(DTYPE_float32, DTYPE_int64));
    assert_int_equal(dtype_parse("half"), DTYPE_float16);
    assert_false(dtype_is_valid(8));
}

static void half_survives_a_round_trip(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        const float f = half_to_float((uint16_t)h);
        if (isnan(f))
            assert_true((float_to_half(f) & 0x7FFF) > 0x7C00);
        else
            assert_int_equal(float_to_half(f), h);
        const float b = bfloat16_to_float((uint16_t)h);
        if (!isnan(b)) assert_int_equal(float_to_bfloat16(b), h);
    }
    assert_int_equal(float_to_half(65520.0f), 0x7C00); // rounds to infinity
    assert_int_equal(float_to_half(0x1p-25f), 0);      // halfway to the least denormal: even
    assert_int_equal(float_to_half(2049.0f), 0x6800);  // halfway between 2048 and 2050: even
}

static void judges_layouts(void **state)
{
    (void)state;
    const int64_t sizes[] = { 2, 3, 4, 5 }, nhwc[] = { 60, 1, 15, 3 }, gaps[] = { 120, 40, 10, 2 };
    tensor *t = tensor_new_strided(DTYPE_float32, sizes, nhwc, 4, DEVICE_CPU0);
    assert_true(tensor_is_channels_last(t));
    assert_true(tensor_is_dense(t));
    assert_false(tensor_is_contiguous(t));
    tensor_unref(t);
    t = tensor_new_strided(DTYPE_float32, sizes, gaps, 4, DEVICE_CPU0);
    assert_false(tensor_is_dense(t));
    assert_int_equal(t->store->n_bytes, 4 * (120 + 80 + 30 + 8 + 1));
    tensor_unref(t);
}

static void views_stay_inside_their_storage(void **state)
{
    (void)state;
    const int64_t n = 4, two = 2, step = 2, far = 3;
    tensor *t = tensor_new(DTYPE_int64, &n, 1, DEVICE_CPU0);
    tensor *v = tensor_view(t, &two, &step, 1, 1);
    assert_non_null(v);
    assert_null(tensor_view(t, &two, &step, 1, 2));
    assert_null(tensor_view(t, &two, &far, 1, 1));
    assert_null(tensor_view(t, &two, &step, 1, -1));
    tensor_unref(t);
    assert_int_equal(v->store->n_refs, 1);
    tensor_unref(v);
}

static void refuses_sizes_that_overflow(void **state)
{
    (void)state;
    assert_null(tensor_new(DTYPE_int64, (int64_t[]){ INT64_MAX, 2 }, 2, DEVICE_CPU0));
    assert_null(tensor_new(DTYPE_int64, (int64_t[]){ INT64_MAX / 2 }, 1, DEVICE_CPU0));
    assert_null(tensor_new(DTYPE_int64, (int64_t[]){ -1 }, 1, DEVICE_CPU0));
    for (int k = 0; k < 3; k++) { // each allocation may fail
        mem_fail_after(k);
        tensor *t = tensor_new(DTYPE_float32, (int64_t[]){ 1, 1, 1, 1, 1, 1, 1, 1 }, 8, DEVICE_CPU0);
        mem_fail_after(-1);
        assert_null(t);
    }
}

static void resizing_keeps_the_content(void **state)
{
    (void)state;
    tensor *t = tensor_new(DTYPE_int64, (int64_t[]){ 2 }, 1, DEVICE_CPU0);
    ((int64_t *)tensor_data(t))[1] = 7;
    assert_true(tensor_resize(t, (int64_t[]){ 2, 1, 1, 1, 1, 1, 9 }, 7));
    assert_int_equal(t->numel, 18);
    assert_int_equal(((int64_t *)tensor_data(t))[1], 7);
    assert_true(tensor_resize(t, (int64_t[]){ 1 }, 1));
    assert_ptr_equal(t->sizes, t->dims);
    tensor_unref(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promotes_as_the_reference_table), cmocka_unit_test(half_survives_a_round_trip),
        cmocka_unit_test(judges_layouts),                  cmocka_unit_test(views_stay_inside_their_storage),
        cmocka_unit_test(refuses_sizes_that_overflow),     cmocka_unit_test(resizing_keeps_the_content),
    };
    return cmocka_run_group_tests_name("tensor/tensor", tests, NULL, NULL);
}
