/* Sorting, searching, distinct elements and histograms against values that PyTorch 1.13.1 gave. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_args.h"

static void sorts(void **state)
{
    (void)state;
    EXPECT_SHAPED(RESULT(0, "aten::sort", "", T(float32, SHAPE(5), 3.0, NAN, 1.0, -0.0, 0.0),
        I(0), B(false)), float32, SHAPE(5), -0.0, 0.0, 1.0, 3.0, NAN);
    EXPECT_SHAPED(RESULT(1, "aten::sort", "", T(float32, SHAPE(5), 3.0, NAN, 1.0, -0.0, 0.0),
        I(0), B(false)), int64, SHAPE(5), 3, 4, 2, 0, 1);
    EXPECT_SHAPED(RESULT(0, "aten::sort", "", T(float32, SHAPE(4), 3.0, NAN, 1.0, -2.0), I(-1),
        B(true)), float32, SHAPE(4), NAN, 3.0, 1.0, -2.0);
    EXPECT_SHAPED(RESULT(1, "aten::sort", "", T(float32, SHAPE(4), 3.0, NAN, 1.0, -2.0), I(-1),
        B(true)), int64, SHAPE(4), 1, 0, 2, 3);
    EXPECT_SHAPED(RESULT(0, "aten::sort", "stable", T(int64, SHAPE(2, 3), 2, 1, 2, 0, 0, -1),
        B(true), I(1), B(true)), int64, SHAPE(2, 3), 2, 2, 1, 0, 0, -1);
    EXPECT_SHAPED(RESULT(1, "aten::sort", "stable", T(int64, SHAPE(2, 3), 2, 1, 2, 0, 0, -1),
        B(true), I(1), B(true)), int64, SHAPE(2, 3), 0, 2, 1, 0, 1, 2);
    EXPECT_SHAPED(RESULT(0, "aten::sort", "", T(uint8, SHAPE(2, 2), 2, 1, 0, 5), I(0),
        B(false)), uint8, SHAPE(2, 2), 0, 1, 2, 5);
    EXPECT_SHAPED(RESULT(1, "aten::sort", "", T(uint8, SHAPE(2, 2), 2, 1, 0, 5), I(0),
        B(false)), int64, SHAPE(2, 2), 1, 0, 0, 1);
    EXPECT_SHAPED(RESULT(0, "aten::sort", "", T(bool, SHAPE(2), 1, 0), I(0), B(false)), bool,
        SHAPE(2), 0, 1);
    EXPECT_SHAPED(RESULT(1, "aten::sort", "", T(bool, SHAPE(2), 1, 0), I(0), B(false)), int64,
        SHAPE(2), 1, 0);
    EXPECT_SCALAR(RESULT(0, "aten::sort", "", SCALAR_T(float32, 3.0), I(0), B(false)), float32,
        3.0);
    EXPECT_SCALAR(RESULT(1, "aten::sort", "", SCALAR_T(float32, 3.0), I(0), B(false)), int64,
        0);
    EXPECT_SHAPED(RESULT(0, "aten::argsort", "", T(int64, SHAPE(3), 3, 1, 2), I(0), B(false)),
        int64, SHAPE(3), 1, 2, 0);
    EXPECT_SHAPED(RESULT(0, "aten::argsort", "stable", T(int64, SHAPE(3), 1, 1, 0), B(true),
        I(0), B(true)), int64, SHAPE(3), 0, 1, 2);
    EXPECT_SHAPED(RESULT(0, "aten::msort", "", T(int64, SHAPE(2, 2), 3, 1, 2, 5)), int64,
        SHAPE(2, 2), 2, 1, 3, 5);
    EXPECT_SHAPED(RESULT(0, "aten::topk", "", T(float32, SHAPE(4), 1.0, 5.0, 3.0, NAN), I(2),
        I(0), B(true), B(true)), float32, SHAPE(2), NAN, 5.0);
    EXPECT_SHAPED(RESULT(1, "aten::topk", "", T(float32, SHAPE(4), 1.0, 5.0, 3.0, NAN), I(2),
        I(0), B(true), B(true)), int64, SHAPE(2), 3, 1);
    EXPECT_SHAPED(RESULT(0, "aten::topk", "", T(int64, SHAPE(2, 4), 1, 2, 3, 4, 5, 6, 7, 8),
        I(2), I(-1), B(false), B(true)), int64, SHAPE(2, 2), 1, 2, 5, 6);
    EXPECT_SHAPED(RESULT(1, "aten::topk", "", T(int64, SHAPE(2, 4), 1, 2, 3, 4, 5, 6, 7, 8),
        I(2), I(-1), B(false), B(true)), int64, SHAPE(2, 2), 0, 1, 0, 1);
    EXPECT_SHAPED(RESULT(0, "aten::topk", "", T(float32, SHAPE(100), 0.0, 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0,
        20.0, 21.0, 22.0, 23.0, 24.0, 25.0, 26.0, 27.0, 28.0, 29.0, 30.0, 31.0, 32.0, 33.0,
        34.0, 35.0, 36.0, 37.0, 38.0, 39.0, 40.0, 41.0, 42.0, 43.0, 44.0, 45.0, 46.0, 47.0,
        48.0, 49.0, 50.0, 51.0, 52.0, 53.0, 54.0, 55.0, 56.0, 57.0, 58.0, 59.0, 60.0, 61.0,
        62.0, 63.0, 64.0, 65.0, 66.0, 67.0, 68.0, 69.0, 70.0, 71.0, 72.0, 73.0, 74.0, 75.0,
        76.0, 77.0, 78.0, 79.0, 80.0, 81.0, 82.0, 83.0, 84.0, 85.0, 86.0, 87.0, 88.0, 89.0,
        90.0, 91.0, 92.0, 93.0, 94.0, 95.0, 96.0, 97.0, 98.0, 99.0), I(3), I(0), B(true),
        B(true)), float32, SHAPE(3), 99.0, 98.0, 97.0);
    EXPECT_SHAPED(RESULT(1, "aten::topk", "", T(float32, SHAPE(100), 0.0, 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0,
        20.0, 21.0, 22.0, 23.0, 24.0, 25.0, 26.0, 27.0, 28.0, 29.0, 30.0, 31.0, 32.0, 33.0,
        34.0, 35.0, 36.0, 37.0, 38.0, 39.0, 40.0, 41.0, 42.0, 43.0, 44.0, 45.0, 46.0, 47.0,
        48.0, 49.0, 50.0, 51.0, 52.0, 53.0, 54.0, 55.0, 56.0, 57.0, 58.0, 59.0, 60.0, 61.0,
        62.0, 63.0, 64.0, 65.0, 66.0, 67.0, 68.0, 69.0, 70.0, 71.0, 72.0, 73.0, 74.0, 75.0,
        76.0, 77.0, 78.0, 79.0, 80.0, 81.0, 82.0, 83.0, 84.0, 85.0, 86.0, 87.0, 88.0, 89.0,
        90.0, 91.0, 92.0, 93.0, 94.0, 95.0, 96.0, 97.0, 98.0, 99.0), I(3), I(0), B(true),
        B(true)), int64, SHAPE(3), 99, 98, 97);
    EXPECT_FAILURE("selected index k out of range", "aten::topk", "", T(int64, SHAPE(2), 1, 2),
        I(5), I(0), B(true), B(true));
}

static void searches(void **state)
{
    (void)state;
    EXPECT_SHAPED(RESULT(0, "aten::searchsorted", "Tensor", T(int64, SHAPE(4), 1, 3, 5, 7),
        T(int64, SHAPE(4), 0, 1, 4, 9), B(false), B(false), NONE, NONE), int64, SHAPE(4), 0, 0,
        2, 4);
    EXPECT_SHAPED(RESULT(0, "aten::searchsorted", "Tensor", T(int64, SHAPE(4), 1, 3, 5, 7),
        T(int64, SHAPE(2), 1, 3), B(true), B(true), NONE, NONE), int32, SHAPE(2), 1, 2);
    EXPECT_SHAPED(RESULT(0, "aten::searchsorted", "Tensor", T(float32, SHAPE(2, 2), 1.0, 3.0,
        2.0, 4.0), T(float32, SHAPE(2, 1), 2.0, 2.0), B(false), B(false), STR("right"), NONE),
        int64, SHAPE(2, 1), 1, 1);
    EXPECT_SCALAR(RESULT(0, "aten::searchsorted", "Scalar", T(float32, SHAPE(2), 1.0, 3.0),
        I(2), B(false), B(false), NONE, NONE), int64, 1);
    EXPECT_SHAPED(RESULT(0, "aten::bucketize", "Tensor", T(float32, SHAPE(2, 2), 0.5, 2.0, 3.0,
        9.0), T(float32, SHAPE(3), 1.0, 2.0, 3.0), B(false), B(true)), int64, SHAPE(2, 2), 0, 2,
        3, 3);
    EXPECT_SHAPED(RESULT(0, "aten::isin", "Tensor_Tensor", T(int64, SHAPE(4), 1, 2, 3, 4),
        T(int64, SHAPE(2), 2, 4), B(false), B(false)), bool, SHAPE(4), 0, 1, 0, 1);
    EXPECT_SHAPED(RESULT(0, "aten::isin", "Tensor_Scalar", T(float32, SHAPE(2), 1.0, 2.0), I(2),
        B(false), B(true)), bool, SHAPE(2), 1, 0);
}

static void uniques(void **state)
{
    (void)state;
    EXPECT_SHAPED(RESULT(0, "aten::_unique2", "", T(int64, SHAPE(5), 3, 1, 3, 2, 1), B(true),
        B(true), B(true)), int64, SHAPE(3), 1, 2, 3);
    EXPECT_SHAPED(RESULT(1, "aten::_unique2", "", T(int64, SHAPE(5), 3, 1, 3, 2, 1), B(true),
        B(true), B(true)), int64, SHAPE(5), 2, 0, 2, 1, 0);
    EXPECT_SHAPED(RESULT(2, "aten::_unique2", "", T(int64, SHAPE(5), 3, 1, 3, 2, 1), B(true),
        B(true), B(true)), int64, SHAPE(3), 2, 1, 2);
    EXPECT_SHAPED(RESULT(0, "aten::_unique2", "", T(int64, SHAPE(2, 2), 3, 1, 1, 2), B(true),
        B(true), B(false)), int64, SHAPE(3), 1, 2, 3);
    EXPECT_SHAPED(RESULT(1, "aten::_unique2", "", T(int64, SHAPE(2, 2), 3, 1, 1, 2), B(true),
        B(true), B(false)), int64, SHAPE(2, 2), 2, 0, 0, 1);
    EXPECT_EMPTY(RESULT(2, "aten::_unique2", "", T(int64, SHAPE(2, 2), 3, 1, 1, 2), B(true),
        B(true), B(false)), int64, 0);
    EXPECT_SHAPED(RESULT(0, "aten::unique_consecutive", "", T(int64, SHAPE(5), 1, 1, 2, 2, 1),
        B(true), B(true), NONE), int64, SHAPE(3), 1, 2, 1);
    EXPECT_SHAPED(RESULT(1, "aten::unique_consecutive", "", T(int64, SHAPE(5), 1, 1, 2, 2, 1),
        B(true), B(true), NONE), int64, SHAPE(5), 0, 0, 1, 1, 2);
    EXPECT_SHAPED(RESULT(2, "aten::unique_consecutive", "", T(int64, SHAPE(5), 1, 1, 2, 2, 1),
        B(true), B(true), NONE), int64, SHAPE(3), 2, 2, 1);
    EXPECT_SHAPED(RESULT(0, "aten::unique_consecutive", "", T(int64, SHAPE(3, 2), 1, 2, 1, 2, 0,
        3), B(true), B(true), I(0)), int64, SHAPE(2, 2), 1, 2, 0, 3);
    EXPECT_SHAPED(RESULT(1, "aten::unique_consecutive", "", T(int64, SHAPE(3, 2), 1, 2, 1, 2, 0,
        3), B(true), B(true), I(0)), int64, SHAPE(3), 0, 0, 1);
    EXPECT_SHAPED(RESULT(2, "aten::unique_consecutive", "", T(int64, SHAPE(3, 2), 1, 2, 1, 2, 0,
        3), B(true), B(true), I(0)), int64, SHAPE(2), 2, 1);
    EXPECT_SHAPED(RESULT(0, "aten::unique_dim", "", T(int64, SHAPE(3, 2), 1, 2, 0, 3, 1, 2),
        I(0), B(true), B(true), B(true)), int64, SHAPE(2, 2), 0, 3, 1, 2);
    EXPECT_SHAPED(RESULT(1, "aten::unique_dim", "", T(int64, SHAPE(3, 2), 1, 2, 0, 3, 1, 2),
        I(0), B(true), B(true), B(true)), int64, SHAPE(3), 1, 0, 1);
    EXPECT_SHAPED(RESULT(2, "aten::unique_dim", "", T(int64, SHAPE(3, 2), 1, 2, 0, 3, 1, 2),
        I(0), B(true), B(true), B(true)), int64, SHAPE(2), 1, 2);
    EXPECT_SHAPED(RESULT(0, "aten::bincount", "", T(int64, SHAPE(3), 1, 1, 3), NONE, I(5)),
        int64, SHAPE(5), 0, 2, 0, 1, 0);
    EXPECT_SHAPED(RESULT(0, "aten::bincount", "", T(int64, SHAPE(2), 1, 2), T(float32, SHAPE(2),
        0.5, 2.0), I(0)), float32, SHAPE(3), 0.0, 0.5, 2.0);
    EXPECT_FAILURE("bincount only supports 1-d non-negative integral inputs.", "aten::bincount",
        "", T(int64, SHAPE(1), -1), NONE, I(0));
    EXPECT_SHAPED(RESULT(0, "aten::histc", "", T(float32, SHAPE(5), 0.5, 1.5,
        1.7000000476837158, 3.200000047683716, 9.0), I(4), I(0), I(4)), float32, SHAPE(4), 1.0,
        2.0, 0.0, 1.0);
    EXPECT_SHAPED(RESULT(0, "aten::histc", "", T(float32, SHAPE(2), 1.0, 1.0), I(4), I(0),
        I(0)), float32, SHAPE(4), 0.0, 0.0, 2.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts),
        cmocka_unit_test(searches),
        cmocka_unit_test(uniques),
    };
    return cmocka_run_group_tests_name("kernels/sort", tests, NULL, NULL);
}
