/* Padding, resampling, windows and grids. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/nn_test.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padding),
        cmocka_unit_test(resampling),
        cmocka_unit_test(windows_and_grids),
    };
    return cmocka_run_group_tests_name("kernels/images", tests, NULL, NULL);
}
