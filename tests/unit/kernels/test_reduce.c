/* Reductions, softmax and scans against values and messages that PyTorch 1.13.1 gave. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_args.h"

static void sums(void **state)
{
    (void)state;
    EXPECT_SCALAR(RESULT(0, "aten::sum", "", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0), NONE), float32, 21.0);
    EXPECT_SCALAR(RESULT(0, "aten::sum", "", T(bool, SHAPE(3), 1, 1, 0), NONE), int64, 2);
    EXPECT_SCALAR(RESULT(0, "aten::sum", "", T(int32, SHAPE(2), 1, 2), NONE), int64, 3);
    EXPECT_SHAPED(RESULT(0, "aten::sum", "dim_IntList", T(int64, SHAPE(2, 3), 1, 2, 3, 4, 5, 6),
        INTS(0), B(false), NONE), int64, SHAPE(3), 5, 7, 9);
    EXPECT_SHAPED(RESULT(0, "aten::sum", "dim_IntList", T(int64, SHAPE(2, 3), 1, 2, 3, 4, 5, 6),
        INTS(-1), B(true), NONE), int64, SHAPE(2, 1), 6, 15);
    EXPECT_SHAPED(RESULT(0, "aten::sum", "dim_IntList", T(float32, SHAPE(2, 3, 4), 1.0, 1.0,
        1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
        1.0, 1.0, 1.0, 1.0, 1.0), INTS(0, 2), B(false), NONE), float32, SHAPE(3), 8.0, 8.0,
        8.0);
    EXPECT_SHAPED(RESULT(0, "aten::sum", "dim_IntList", T(float32, SHAPE(4, 3, 2), 1.0, 1.0,
        1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
        1.0, 1.0, 1.0, 1.0, 1.0), INTS(1), B(false), NONE), float32, SHAPE(4, 2), 3.0, 3.0, 3.0,
        3.0, 3.0, 3.0, 3.0, 3.0);
    EXPECT_FAILURE("Dimension out of range (expected to be in range of [-2, 1], but got 2)",
        "aten::sum", "dim_IntList", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
        INTS(2), B(false), NONE);
    EXPECT_FAILURE("dim 0 appears multiple times in the list of dims", "aten::sum",
        "dim_IntList", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), INTS(0, -2),
        B(false), NONE);
    EXPECT_SCALAR(RESULT(0, "aten::sum", "", EMPTY(float32, 0), NONE), float32, 0.0);
    EXPECT_SCALAR(RESULT(0, "aten::sum", "", T(int64, SHAPE(2), 1, 2), DTYPE(float64)), float64,
        3.0);
    EXPECT_SCALAR(RESULT(0, "aten::sum", "", T(int64, SHAPE(2), 300, 1), DTYPE(uint8)), uint8,
        45);
    EXPECT_SCALAR(RESULT(0, "aten::prod", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        NONE), float32, 24.0);
    EXPECT_SHAPED(RESULT(0, "aten::prod", "dim_int", T(int64, SHAPE(2, 3), 1, 2, 3, 4, 5, 6),
        I(1), B(false), NONE), int64, SHAPE(2), 6, 120);
    EXPECT_SCALAR(RESULT(0, "aten::mean", "", T(float32, SHAPE(3), 1.0, 2.0, 6.0), NONE),
        float32, 3.0);
    EXPECT_FAILURE("mean(): could not infer output dtype. Input dtype must be either a floating "
        "point or complex dtype. Got: Long", "aten::mean", "", T(int64, SHAPE(2), 1, 2), NONE);
    EXPECT_SHAPED(RESULT(0, "aten::mean", "dim", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), INTS(0), B(false), NONE), float32, SHAPE(3), 2.5, 3.5, 4.5);
    EXPECT_SCALAR(RESULT(0, "aten::mean", "", EMPTY(float32, 0), NONE), float32, NAN);
    EXPECT_SCALAR(RESULT(0, "aten::nansum", "", T(float32, SHAPE(3), 1.0, NAN, 2.0), NONE,
        B(false), NONE), float32, 3.0);
    EXPECT_SCALAR(RESULT(0, "aten::nanmean", "", T(float32, SHAPE(3), 1.0, NAN, 2.0), NONE,
        B(false), NONE), float32, 1.5);
    EXPECT_SCALAR(RESULT(0, "aten::trace", "", T(int64, SHAPE(2, 2), 1, 2, 3, 4)), int64, 5);
    EXPECT_FAILURE("trace: expected a matrix, but got tensor with dim 1", "aten::trace", "",
        T(float32, SHAPE(3), 1.0, 2.0, 3.0));
    EXPECT_SHAPED(RESULT(0, "aten::sum_to_size", "", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), INTS(1, 3)), float32, SHAPE(1, 3), 5.0, 7.0, 9.0);
}

static void truth(void **state)
{
    (void)state;
    EXPECT_SHAPED(RESULT(0, "aten::any", "dim", T(bool, SHAPE(2, 2), 1, 0, 0, 0), I(1),
        B(false)), bool, SHAPE(2), 1, 0);
    EXPECT_SHAPED(RESULT(0, "aten::all", "dim", T(bool, SHAPE(2, 2), 1, 0, 1, 1), I(1),
        B(true)), bool, SHAPE(2, 1), 0, 1);
    EXPECT_SCALAR(RESULT(0, "aten::all", "", T(uint8, SHAPE(2), 1, 0)), uint8, 0);
    EXPECT_SCALAR(RESULT(0, "aten::any", "", EMPTY(float32, 0)), bool, 0);
    EXPECT_SCALAR(RESULT(0, "aten::all", "", EMPTY(float32, 0)), bool, 1);
    EXPECT_SCALAR(RESULT(0, "aten::count_nonzero", "", T(int64, SHAPE(2, 2), 1, 0, 2, 3), NONE),
        int64, 3);
    EXPECT_SHAPED(RESULT(0, "aten::count_nonzero", "dim_IntList", T(float32, SHAPE(2, 2), 1.0,
        0.0, 2.0, 3.0), INTS(0)), int64, SHAPE(2), 2, 1);
    assert_int_equal(RESULT(0, "aten::equal", "", T(int64, SHAPE(2), 1, 2), T(int64, SHAPE(2),
        1, 2)).i, 1);
    assert_int_equal(RESULT(0, "aten::equal", "", T(int64, SHAPE(2), 1, 2), T(int64, SHAPE(2),
        1, 3)).i, 0);
    EXPECT_SHAPED(RESULT(0, "aten::isclose", "", T(float32, SHAPE(4), 1.0, NAN, INFINITY, 2.0),
        T(float32, SHAPE(4), 1.0, NAN, INFINITY, 2.0999999046325684), F(1e-05), F(1e-08),
        B(false)), bool, SHAPE(4), 1, 0, 1, 0);
    EXPECT_SHAPED(RESULT(0, "aten::isclose", "", T(float32, SHAPE(4), 1.0, NAN, INFINITY, 2.0),
        T(float32, SHAPE(4), 1.0, NAN, INFINITY, 2.0999999046325684), F(1e-05), F(1e-08),
        B(true)), bool, SHAPE(4), 1, 1, 1, 0);
    assert_int_equal(RESULT(0, "aten::allclose", "", T(float32, SHAPE(2), 1.0, 2.0), T(float32,
        SHAPE(2), 1.0, 2.0999999046325684), F(1e-05), F(1e-08), B(false)).i, 0);
    EXPECT_FAILURE("Long did not match Float", "aten::allclose", "", T(int64, SHAPE(2), 1, 2),
        T(float32, SHAPE(2), 1.0, 2.0999999046325684), F(1e-05), F(1e-08), B(false));
}

static void extremes(void **state)
{
    (void)state;
    EXPECT_SHAPED(RESULT(0, "aten::amax", "", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0), INTS(0), B(false)), float32, SHAPE(3), 4.0, 5.0, 6.0);
    EXPECT_SCALAR(RESULT(0, "aten::amin", "", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0), INTS(0, 1), B(false)), float32, 1.0);
    EXPECT_FAILURE("amax(): Expected reduction dim to be specified for input.numel() == 0. "
        "Specify the reduction dim with the 'dim' argument.", "aten::amax", "", EMPTY(float32,
        0, 3), INTS(), B(false));
    EXPECT_FAILURE("amax(): Expected reduction dim 0 to have non-zero size.", "aten::amax", "",
        EMPTY(float32, 0, 3), INTS(0), B(false));
    EXPECT_SCALAR(RESULT(0, "aten::max", "", T(int64, SHAPE(3), 3, -1, 2)), int64, 3);
    EXPECT_SCALAR(RESULT(0, "aten::max", "", T(float32, SHAPE(3), 1.0, NAN, 2.0)), float32,
        NAN);
    EXPECT_FAILURE("max(): Expected reduction dim to be specified for input.numel() == 0. "
        "Specify the reduction dim with the 'dim' argument.", "aten::max", "", EMPTY(float32,
        0));
    EXPECT_SCALAR(RESULT(0, "aten::min", "", T(bool, SHAPE(2), 1, 0)), bool, 0);
    EXPECT_SHAPED(RESULT(0, "aten::max", "dim", T(float32, SHAPE(2, 3), 1.0, 5.0, 5.0, 7.0, 2.0,
        3.0), I(1), B(false)), float32, SHAPE(2), 5.0, 7.0);
    EXPECT_SHAPED(RESULT(1, "aten::max", "dim", T(float32, SHAPE(2, 3), 1.0, 5.0, 5.0, 7.0, 2.0,
        3.0), I(1), B(false)), int64, SHAPE(2), 1, 0);
    EXPECT_SHAPED(RESULT(0, "aten::min", "dim", T(float32, SHAPE(4), 1.0, NAN, 0.0, NAN), I(0),
        B(true)), float32, SHAPE(1), NAN);
    EXPECT_SHAPED(RESULT(1, "aten::min", "dim", T(float32, SHAPE(4), 1.0, NAN, 0.0, NAN), I(0),
        B(true)), int64, SHAPE(1), 1);
    EXPECT_FAILURE("max(): Expected reduction dim 0 to have non-zero size.", "aten::max", "dim",
        EMPTY(float32, 0, 3), I(0), B(false));
    EXPECT_EMPTY(RESULT(0, "aten::max", "dim", EMPTY(float32, 0, 3), I(1), B(false)), float32,
        0);
    EXPECT_EMPTY(RESULT(1, "aten::max", "dim", EMPTY(float32, 0, 3), I(1), B(false)), int64, 0);
    EXPECT_SCALAR(RESULT(0, "aten::argmax", "", T(float32, SHAPE(4), 3.0, 1.0, 7.0, 7.0), NONE,
        B(false)), int64, 2);
    EXPECT_SHAPED(RESULT(0, "aten::argmin", "", T(int64, SHAPE(2, 2), 1, 5, 7, 2), I(0),
        B(false)), int64, SHAPE(2), 0, 1);
    EXPECT_SHAPED(RESULT(0, "aten::argmax", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        NONE, B(true)), int64, SHAPE(1, 1), 3);
    EXPECT_FAILURE("argmax(): Expected reduction dim to be specified for input.numel() == 0.",
        "aten::argmax", "", EMPTY(float32, 0), NONE, B(false));
    EXPECT_FAILURE("\"argmax_cpu\" not implemented for 'Bool'", "aten::argmax", "", T(bool,
        SHAPE(2), 1, 0), NONE, B(false));
    EXPECT_SCALAR(RESULT(0, "aten::aminmax", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        NONE, B(false)), float32, 1.0);
    EXPECT_SCALAR(RESULT(1, "aten::aminmax", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        NONE, B(false)), float32, 4.0);
    EXPECT_SHAPED(RESULT(0, "aten::aminmax", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        I(0), B(false)), float32, SHAPE(2), 1.0, 2.0);
    EXPECT_SHAPED(RESULT(1, "aten::aminmax", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        I(0), B(false)), float32, SHAPE(2), 3.0, 4.0);
    EXPECT_SCALAR(RESULT(0, "aten::median", "", T(float32, SHAPE(4), 5.0, 1.0, 3.0, 2.0)),
        float32, 2.0);
    EXPECT_SCALAR(RESULT(0, "aten::median", "", T(float32, SHAPE(3), 1.0, NAN, 0.0)), float32,
        NAN);
    EXPECT_SCALAR(RESULT(0, "aten::nanmedian", "", T(float32, SHAPE(3), 1.0, NAN, 0.0)),
        float32, 0.0);
    EXPECT_SHAPED(RESULT(0, "aten::median", "dim", T(float32, SHAPE(2, 3), 1.0, NAN, 0.0, 3.0,
        1.0, 2.0), I(1), B(false)), float32, SHAPE(2), NAN, 2.0);
    EXPECT_SHAPED(RESULT(1, "aten::median", "dim", T(float32, SHAPE(2, 3), 1.0, NAN, 0.0, 3.0,
        1.0, 2.0), I(1), B(false)), int64, SHAPE(2), 1, 2);
    EXPECT_SCALAR(RESULT(0, "aten::nanmedian", "dim", T(float32, SHAPE(3), 1.0, NAN, 0.0), I(0),
        B(false)), float32, 0.0);
    EXPECT_SCALAR(RESULT(1, "aten::nanmedian", "dim", T(float32, SHAPE(3), 1.0, NAN, 0.0), I(0),
        B(false)), int64, 2);
    EXPECT_SCALAR(RESULT(0, "aten::median", "", EMPTY(float32, 0)), float32, NAN);
    EXPECT_SCALAR(RESULT(0, "aten::kthvalue", "", T(int64, SHAPE(3), 5, 1, 3), I(2), I(-1),
        B(false)), int64, 3);
    EXPECT_SCALAR(RESULT(1, "aten::kthvalue", "", T(int64, SHAPE(3), 5, 1, 3), I(2), I(-1),
        B(false)), int64, 2);
    EXPECT_FAILURE("kthvalue(): selected number k out of range for dimension 0",
        "aten::kthvalue", "", T(int64, SHAPE(3), 5, 1, 3), I(5), I(-1), B(false));
    EXPECT_SCALAR(RESULT(0, "aten::mode", "", T(int64, SHAPE(5), 2, 1, 1, 2, 3), I(-1),
        B(false)), int64, 1);
    EXPECT_SCALAR(RESULT(1, "aten::mode", "", T(int64, SHAPE(5), 2, 1, 1, 2, 3), I(-1),
        B(false)), int64, 2);
    EXPECT_SCALAR(RESULT(0, "aten::mode", "", T(float32, SHAPE(4), 1.0, NAN, 0.0, NAN), I(-1),
        B(false)), float32, 0.0);
    EXPECT_SCALAR(RESULT(1, "aten::mode", "", T(float32, SHAPE(4), 1.0, NAN, 0.0, NAN), I(-1),
        B(false)), int64, 2);
}

static void spread(void **state)
{
    (void)state;
    EXPECT_SCALAR(RESULT(0, "aten::std", "", T(float32, SHAPE(4), 1.0, 2.0, 3.0, 4.0), B(true)),
        float32, 1.29099440574646);
    EXPECT_SCALAR(RESULT(0, "aten::var", "", T(float32, SHAPE(4), 1.0, 2.0, 3.0, 4.0),
        B(false)), float32, 1.25);
    EXPECT_FAILURE("std and var only support floating point and complex dtypes", "aten::var",
        "", T(int64, SHAPE(2), 1, 2), B(false));
    EXPECT_SHAPED(RESULT(0, "aten::std", "dim", T(float32, SHAPE(2, 2), 1.0, 3.0, 2.0, 8.0),
        INTS(0), B(true), B(true)), float32, SHAPE(1, 2), 0.7071067690849304,
        3.535533905029297);
    EXPECT_SHAPED(RESULT(0, "aten::var", "correction", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0,
        4.0), INTS(0), I(3), B(false)), float32, SHAPE(2), INFINITY, INFINITY);
    EXPECT_SCALAR(RESULT(0, "aten::var_mean", "", T(float32, SHAPE(4), 1.0, 2.0, 3.0, 4.0),
        B(true)), float32, 1.6666666269302368);
    EXPECT_SCALAR(RESULT(1, "aten::var_mean", "", T(float32, SHAPE(4), 1.0, 2.0, 3.0, 4.0),
        B(true)), float32, 2.5);
    EXPECT_SHAPED(RESULT(0, "aten::std_mean", "dim", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), INTS(1), B(true), B(false)), float32, SHAPE(2), 1.0, 1.0);
    EXPECT_SHAPED(RESULT(1, "aten::std_mean", "dim", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), INTS(1), B(true), B(false)), float32, SHAPE(2), 2.0, 5.0);
    EXPECT_FAILURE("std_mean only support floating point and complex dtypes", "aten::std_mean",
        "", T(int64, SHAPE(2), 1, 2), B(true));
    EXPECT_SCALAR(RESULT(0, "aten::std", "", EMPTY(float32, 0), B(true)), float32, NAN);
    EXPECT_SCALAR(RESULT(0, "aten::norm", "Scalar", T(float32, SHAPE(2), 3.0, -4.0), I(2)),
        float32, 5.0);
    EXPECT_SCALAR(RESULT(0, "aten::norm", "Scalar", T(float32, SHAPE(2), 3.0, -4.0), I(1)),
        float32, 7.0);
    EXPECT_SCALAR(RESULT(0, "aten::norm", "Scalar", T(float32, SHAPE(2), 3.0, -4.0),
        F(INFINITY)), float32, 4.0);
    EXPECT_SCALAR(RESULT(0, "aten::norm", "Scalar", T(float32, SHAPE(2), 3.0, -4.0),
        F(-INFINITY)), float32, 3.0);
    EXPECT_SCALAR(RESULT(0, "aten::norm", "Scalar", T(float32, SHAPE(2), 3.0, -4.0), I(0)),
        float32, 2.0);
    EXPECT_SCALAR(RESULT(0, "aten::norm", "Scalar", T(float32, SHAPE(2), 3.0, -4.0), I(3)),
        float32, 4.497941493988037);
    EXPECT_FAILURE("norm(): input dtype should be either floating point or complex. Got Long "
        "instead.", "aten::norm", "Scalar", T(int64, SHAPE(2), 3, -4), I(2));
    EXPECT_SHAPED(RESULT(0, "aten::norm", "ScalarOpt_dim", T(float32, SHAPE(2, 2), 1.0, 2.0,
        3.0, 4.0), NONE, INTS(1), B(true)), float32, SHAPE(2, 1), 2.2360680103302, 5.0);
    EXPECT_SHAPED(RESULT(0, "aten::linalg_vector_norm", "", T(float32, SHAPE(2, 2), 1.0, 2.0,
        3.0, 4.0), I(2), INTS(0), B(false), NONE), float32, SHAPE(2), 3.1622776985168457,
        4.4721360206604);
    EXPECT_SCALAR(RESULT(0, "aten::dist", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        T(float32, SHAPE(2, 2), 2.0, 3.0, 4.0, 5.0), I(1)), float32, 4.0);
    EXPECT_SHAPED(RESULT(0, "aten::logsumexp", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 0.0, 0.0),
        INTS(1), B(false)), float32, SHAPE(2), 2.3132617473602295, 0.6931471824645996);
    EXPECT_SCALAR(RESULT(0, "aten::logsumexp", "", T(float32, SHAPE(2), 1000.0, 1000.0),
        INTS(0), B(false)), float32, 1000.6931762695312);
    EXPECT_SHAPED(RESULT(0, "aten::logsumexp", "", T(float32, SHAPE(2), -INFINITY, -INFINITY),
        INTS(0), B(true)), float32, SHAPE(1), -INFINITY);
}

static void softmax(void **state)
{
    (void)state;
    EXPECT_SHAPED(RESULT(0, "aten::softmax", "int", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 0.0,
        0.0, 0.0), I(1), NONE), float32, SHAPE(2, 3), 0.09003057330846786, 0.2447284758090973,
        0.6652409434318542, 0.3333333432674408, 0.3333333432674408, 0.3333333432674408);
    EXPECT_SHAPED(RESULT(0, "aten::softmax", "int", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 0.0,
        0.0, 0.0), I(0), NONE), float32, SHAPE(2, 3), 0.7310585975646973, 0.8807970285415649,
        0.9525741338729858, 0.2689414322376251, 0.11920291930437088, 0.04742587357759476);
    EXPECT_SHAPED(RESULT(0, "aten::log_softmax", "int", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0,
        0.0, 0.0, 0.0), I(-1), NONE), float32, SHAPE(2, 3), -2.4076058864593506,
        -1.4076058864593506, -0.40760594606399536, -1.0986123085021973, -1.0986123085021973,
        -1.0986123085021973);
    EXPECT_SHAPED(RESULT(0, "aten::softmax", "int", T(int64, SHAPE(2), 1, 2), I(0),
        DTYPE(float32)), float32, SHAPE(2), 0.2689414322376251, 0.7310585975646973);
    EXPECT_FAILURE("\"softmax_lastdim_kernel_impl\" not implemented for 'Long'",
        "aten::softmax", "int", T(int64, SHAPE(2), 1, 2), I(0), NONE);
    EXPECT_SHAPED(RESULT(0, "aten::softmax", "int", T(float32, SHAPE(2), 1.0, INFINITY), I(0),
        NONE), float32, SHAPE(2), NAN, NAN);
    EXPECT_SHAPED(RESULT(0, "aten::softmax", "int", T(float32, SHAPE(2), -INFINITY, -INFINITY),
        I(0), NONE), float32, SHAPE(2), NAN, NAN);
    EXPECT_SCALAR(RESULT(0, "aten::softmax", "int", SCALAR_T(float32, 3.0), I(0), NONE),
        float32, 1.0);
    EXPECT_SHAPED(RESULT(0, "aten::_log_softmax", "", T(float64, SHAPE(2), 1.0, 2.0), I(0),
        B(false)), float64, SHAPE(2), -1.3132616875182228, -0.31326168751822286);
}

static void scans(void **state)
{
    (void)state;
    EXPECT_SHAPED(RESULT(0, "aten::cumsum", "", T(int64, SHAPE(2, 2), 1, 2, 3, 4), I(0), NONE),
        int64, SHAPE(2, 2), 1, 2, 4, 6);
    EXPECT_SHAPED(RESULT(0, "aten::cumsum", "", T(bool, SHAPE(3), 1, 1, 0), I(0), NONE), int64,
        SHAPE(3), 1, 2, 2);
    EXPECT_SHAPED(RESULT(0, "aten::cumprod", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        I(-1), NONE), float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 12.0);
    EXPECT_SHAPED(RESULT(0, "aten::cumsum", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), I(0),
        DTYPE(int64)), int64, SHAPE(3), 1, 3, 6);
    EXPECT_SHAPED(RESULT(0, "aten::cummax", "", T(float32, SHAPE(5), 1.0, 3.0, 2.0, 3.0, 5.0),
        I(0)), float32, SHAPE(5), 1.0, 3.0, 3.0, 3.0, 5.0);
    EXPECT_SHAPED(RESULT(1, "aten::cummax", "", T(float32, SHAPE(5), 1.0, 3.0, 2.0, 3.0, 5.0),
        I(0)), int64, SHAPE(5), 0, 1, 1, 3, 4);
    EXPECT_SHAPED(RESULT(0, "aten::cummin", "", T(float32, SHAPE(4), 1.0, NAN, 0.0, NAN), I(0)),
        float32, SHAPE(4), 1.0, NAN, NAN, NAN);
    EXPECT_SHAPED(RESULT(1, "aten::cummin", "", T(float32, SHAPE(4), 1.0, NAN, 0.0, NAN), I(0)),
        int64, SHAPE(4), 0, 1, 1, 3);
    EXPECT_SHAPED(RESULT(0, "aten::logcumsumexp", "", T(float32, SHAPE(3), 0.0, 1.0, 2.0),
        I(0)), float32, SHAPE(3), 0.0, 1.31326162815094, 2.4076058864593506);
    EXPECT_SHAPED(RESULT(0, "aten::cumsum_", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), I(0),
        NONE), float32, SHAPE(3), 1.0, 3.0, 6.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums),
        cmocka_unit_test(truth),
        cmocka_unit_test(extremes),
        cmocka_unit_test(spread),
        cmocka_unit_test(softmax),
        cmocka_unit_test(scans),
    };
    return cmocka_run_group_tests_name("kernels/reduce", tests, NULL, NULL);
}
