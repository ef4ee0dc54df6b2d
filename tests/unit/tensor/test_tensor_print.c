/* The C++ style text, against what PyTorch 1.13.1 printed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "runtime/tensor/tensor.h"

static void expect_print(int n_dims, const int64_t *sizes, const float *x, const char *expected)
{
    tensor *t = tensor_new(DTYPE_float32, sizes, n_dims, DEVICE_CPU0);
    text out;
    for (int64_t i = 0; i < t->numel; i++) ((float *)tensor_data(t))[i] = x[i];
    text_init(&out, NULL);
    tensor_print(t, &out);
    assert_string_equal(out.s, expected);
    text_fini(&out);
    tensor_unref(t);
}
#define SIZES(...) (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), (int64_t[]){ __VA_ARGS__ }
#define VALUES(...) ((float[]){ __VA_ARGS__ })

static void scalars_and_vectors(void **state)
{
    (void)state;
    expect_print(0, NULL, VALUES(-3.0e-5f), "-3e-05\n[ CPUFloatType{} ]");
    expect_print(SIZES(2), VALUES(-200, -3), "-200\n  -3\n[ CPUFloatType{2} ]");
    expect_print(SIZES(2), VALUES(0.001f, 0.002f), "0.001 *\n 1.0000\n 2.0000\n[ CPUFloatType{2} ]");
    expect_print(SIZES(2), VALUES(NAN, 1.5f), "    nan\n 1.5000\n[ CPUFloatType{2} ]");
    expect_print(SIZES(2, 0, 3), NULL, "[ CPUFloatType{2,0,3} ]");
}

static void slices_choose_their_own_format(void **state)
{
    (void)state;
    expect_print(SIZES(2, 2, 2), VALUES(0.5f, 1000000.5f, 2000000.5f, 3000000.5f, 12000000.5f, 13000000.5f, 2e7f, 2.1e7f),
                 "(1,.,.) = \n"
                 "  5.0000e-01  1.0000e+06\n"
                 "  2.0000e+06  3.0000e+06\n"
                 "\n"
                 "(2,.,.) = \n"
                 "   1.2e+07   1.3e+07\n"
                 "     2e+07   2.1e+07\n"
                 "[ CPUFloatType{2,2,2} ]");
}

static void wide_matrices_print_in_groups(void **state)
{
    (void)state;
    float x[20];
    for (int i = 0; i < 20; i++) x[i] = (float)i * 1.5f;
    expect_print(SIZES(1, 20), x,
                 "Columns 1 to 8  0.0000   1.5000   3.0000   4.5000   6.0000   7.5000   9.0000  10.5000\n"
                 "\n"
                 "Columns 9 to 16 12.0000  13.5000  15.0000  16.5000  18.0000  19.5000  21.0000  22.5000\n"
                 "\n"
                 "Columns 17 to 20 24.0000  25.5000  27.0000  28.5000\n"
                 "[ CPUFloatType{1,20} ]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_and_vectors),
        cmocka_unit_test(slices_choose_their_own_format),
        cmocka_unit_test(wide_matrices_print_in_groups),
    };
    return cmocka_run_group_tests_name("tensor/tensor_print", tests, NULL, NULL);
}
