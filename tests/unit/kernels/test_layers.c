/* Layers of neural networks: convolution, pooling, normalisation, recurrence, attention. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/nn_test.h"

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

/* Query, key and value alike. */
#define THREE_STEPS                                                                                \
    T_(tensor_of(DTYPE_float32, SIZES(1, 3, 4),                                                    \
                 NUMBERS(0.5, 0.25, 0.25, -1, -1.25, 0.75, 0.75, -0.5, 0.5, 0.25, 0.25, 1)))

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
          ARGS(THREE_STEPS, THREE_STEPS, THREE_STEPS,
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
          ARGS(THREE_STEPS, THREE_STEPS, THREE_STEPS,
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
          ARGS(THREE_STEPS,
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),
        cmocka_unit_test(pooling),
        cmocka_unit_test(normalisation),
        cmocka_unit_test(recurrent),
        cmocka_unit_test(attention),
        cmocka_unit_test(large_convolution),
        cmocka_unit_test(running_statistics),
        cmocka_unit_test(out_and_in_place),
    };
    return cmocka_run_group_tests_name("kernels/layers", tests, NULL, NULL);
}
