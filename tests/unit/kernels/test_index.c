/* Reading and writing by index tensors against values and messages that PyTorch 1.13.1 gave. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_args.h"

static void reads(void **state)
{
    (void)state;
    EXPECT_SHAPED(RESULT(0, "aten::index", "Tensor", T(int64, SHAPE(3), 10, 20, 30),
        TENSORS(T(int64, SHAPE(3), 2, 0, -3))), int64, SHAPE(3), 30, 10, 10);
    EXPECT_FAILURE("index 3 is out of bounds for dimension 0 with size 3", "aten::index",
        "Tensor", T(int64, SHAPE(3), 10, 20, 30), TENSORS(T(int64, SHAPE(1), 3)));
    EXPECT_SHAPED(RESULT(0, "aten::index", "Tensor", T(int64, SHAPE(3), 10, 20, 30),
        TENSORS(T(int64, SHAPE(2, 2), 0, 1, 2, 2))), int64, SHAPE(2, 2), 10, 20, 30, 30);
    EXPECT_SHAPED(RESULT(0, "aten::index", "Tensor", T(int64, SHAPE(2, 2), 1, 2, 3, 4),
        TENSORS(T(int64, SHAPE(2, 1), 0, 1), T(int64, SHAPE(2), 0, 1))), int64, SHAPE(2, 2), 1,
        2, 3, 4);
    EXPECT_SHAPED(RESULT(0, "aten::index", "Tensor", T(int64, SHAPE(2, 3), 1, 2, 3, 4, 5, 6),
        TENSORS(NONE, T(int64, SHAPE(2), 2, 0))), int64, SHAPE(2, 2), 3, 1, 6, 4);
    EXPECT_SHAPED(RESULT(0, "aten::index", "Tensor", T(int64, SHAPE(2, 3), 1, 2, 3, 4, 5, 6),
        TENSORS(T(bool, SHAPE(2), 1, 0))), int64, SHAPE(1, 3), 1, 2, 3);
    EXPECT_SHAPED(RESULT(0, "aten::index", "Tensor", T(int64, SHAPE(2, 2), 1, 2, 3, 4),
        TENSORS(T(bool, SHAPE(2, 2), 1, 0, 0, 1))), int64, SHAPE(2), 1, 4);
    EXPECT_FAILURE("The shape of the mask [2] at index 0 does not match the shape of the indexed "
        "tensor [3] at index 0", "aten::index", "Tensor", T(int64, SHAPE(3), 1, 2, 3),
        TENSORS(T(bool, SHAPE(2), 1, 0)));
    EXPECT_SHAPED(RESULT(0, "aten::index", "Tensor", T(int64, SHAPE(2, 2, 2), 1, 2, 3, 4, 5, 6,
        7, 8), TENSORS(T(int64, SHAPE(3), 0, 1, 1), NONE, T(int64, SHAPE(3), 0, 1, 0))), int64,
        SHAPE(3, 2), 1, 3, 6, 8, 5, 7);
    EXPECT_SHAPED(RESULT(0, "aten::index", "Tensor", T(int64, SHAPE(2, 2, 2), 1, 2, 3, 4, 5, 6,
        7, 8), TENSORS(NONE, T(int64, SHAPE(3), 0, 1, 1), T(int64, SHAPE(3), 0, 1, 0))), int64,
        SHAPE(2, 3), 1, 4, 3, 5, 8, 7);
    EXPECT_FAILURE("tensors used as indices must be long, byte or bool tensors", "aten::index",
        "Tensor", T(int64, SHAPE(2, 2), 1, 2, 3, 4), TENSORS(T(float32, SHAPE(1), 0.5)));
    EXPECT_FAILURE("shape mismatch: indexing tensors could not be broadcast together with shapes "
        "[2], [3]", "aten::index", "Tensor", T(int64, SHAPE(3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9),
        TENSORS(T(int64, SHAPE(2), 0, 1), T(int64, SHAPE(3), 0, 1, 2)));
    EXPECT_FAILURE("too many indices for tensor of dimension 1 (got 2)", "aten::index",
        "Tensor", T(int64, SHAPE(2), 1, 2), TENSORS(T(int64, SHAPE(1), 0), T(int64, SHAPE(1),
        0)));
    EXPECT_SHAPED(RESULT(0, "aten::index", "Tensor", T(int64, SHAPE(2, 4), 1, 3, 5, 7, 2, 4, 6,
        8), TENSORS(T(int64, SHAPE(2), 1, 0))), int64, SHAPE(2, 4), 2, 4, 6, 8, 1, 3, 5, 7);
    EXPECT_SHAPED(RESULT(0, "aten::nonzero", "", T(int64, SHAPE(2, 2), 1, 0, 0, 3)), int64,
        SHAPE(2, 2), 0, 0, 1, 1);
    EXPECT_EMPTY(RESULT(0, "aten::nonzero", "", SCALAR_T(int64, 5)), int64, 1, 0);
    EXPECT_SHAPED(RESULT(0, "aten::masked_select", "", T(int64, SHAPE(2, 2), 1, 2, 3, 4),
        T(bool, SHAPE(2), 1, 0)), int64, SHAPE(2), 1, 3);
    EXPECT_SHAPED(RESULT(0, "aten::index_select", "", T(int64, SHAPE(2, 3), 1, 2, 3, 4, 5, 6),
        I(1), T(int64, SHAPE(2), 2, 0)), int64, SHAPE(2, 2), 3, 1, 6, 4);
    EXPECT_FAILURE("index out of range in self", "aten::index_select", "", T(int64, SHAPE(3), 1,
        2, 3), I(0), T(int64, SHAPE(1), 5));
    EXPECT_SHAPED(RESULT(0, "aten::index_select", "", T(int64, SHAPE(3, 2, 2), 1, 2, 3, 4, 5, 6,
        7, 8, 9, 10, 11, 12), I(1), T(int64, SHAPE(2), 1, 1)), int64, SHAPE(3, 2, 2), 3, 4, 3,
        4, 7, 8, 7, 8, 11, 12, 11, 12);
    EXPECT_SHAPED(RESULT(0, "aten::gather", "", T(int64, SHAPE(2, 2), 1, 2, 3, 4), I(1),
        T(int64, SHAPE(2, 2), 0, 0, 1, 0), B(false)), int64, SHAPE(2, 2), 1, 1, 4, 3);
    EXPECT_SHAPED(RESULT(0, "aten::gather", "", T(int64, SHAPE(2, 3), 1, 2, 3, 4, 5, 6), I(0),
        T(int64, SHAPE(1, 2), 1, 0), B(false)), int64, SHAPE(1, 2), 4, 2);
    EXPECT_FAILURE("index -1 is out of bounds for dimension 0 with size 3", "aten::gather", "",
        T(int64, SHAPE(3), 1, 2, 3), I(0), T(int64, SHAPE(1), -1), B(false));
    EXPECT_SHAPED(RESULT(0, "aten::take", "", T(int64, SHAPE(2, 2), 1, 2, 3, 4), T(int64,
        SHAPE(1, 2), 0, -1)), int64, SHAPE(1, 2), 1, 4);
    EXPECT_FAILURE("out of range: tried to access index 4 on a tensor of 4 elements.",
        "aten::take", "", T(int64, SHAPE(2, 2), 1, 2, 3, 4), T(int64, SHAPE(1), 4));
    EXPECT_SHAPED(RESULT(0, "aten::take_along_dim", "", T(int64, SHAPE(2, 3), 1, 2, 3, 4, 5, 6),
        T(int64, SHAPE(1, 1), 0), I(1)), int64, SHAPE(2, 1), 1, 4);
    EXPECT_SHAPED(RESULT(0, "aten::embedding", "", T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), T(int64, SHAPE(1, 2), 2, 0), I(-1), B(false), B(false)), float32, SHAPE(1, 2,
        2), 5.0, 6.0, 1.0, 2.0);
    EXPECT_FAILURE("index out of range in self", "aten::embedding", "", T(float32, SHAPE(3, 2),
        1.0, 2.0, 3.0, 4.0, 5.0, 6.0), T(int64, SHAPE(1), 3), I(-1), B(false), B(false));
    EXPECT_SHAPED(RESULT(0, "aten::one_hot", "", T(int64, SHAPE(2), 1, 0), I(-1)), int64,
        SHAPE(2, 2), 0, 1, 1, 0);
    EXPECT_SHAPED(RESULT(0, "aten::one_hot", "", T(int64, SHAPE(2), 1, 0), I(4)), int64,
        SHAPE(2, 4), 0, 1, 0, 0, 1, 0, 0, 0);
}

static void writes(void **state)
{
    (void)state;
    EXPECT_SHAPED(RESULT(0, "aten::index_put_", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0),
        TENSORS(T(int64, SHAPE(2), 0, 0)), T(float32, SHAPE(2), 1.0, 2.0), B(true)), float32,
        SHAPE(3), 4.0, 2.0, 3.0);
    EXPECT_SHAPED(RESULT(0, "aten::index_put", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0),
        TENSORS(T(int64, SHAPE(2), 2, -3)), T(float32, SHAPE(2), 7.0, 8.0), B(false)), float32,
        SHAPE(3), 8.0, 2.0, 7.0);
    EXPECT_SHAPED(RESULT(0, "aten::index_put", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0),
        TENSORS(T(bool, SHAPE(3), 1, 0, 1)), SCALAR_T(int64, 9), B(false)), float32, SHAPE(3),
        9.0, 2.0, 9.0);
    EXPECT_FAILURE("shape mismatch: value tensor of shape [2] cannot be broadcast to indexing "
        "result of shape [1]", "aten::index_put", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0),
        TENSORS(T(int64, SHAPE(1), 0)), T(int64, SHAPE(2), 1, 2), B(false));
    EXPECT_FAILURE("shape mismatch: value tensor of shape [3] cannot be broadcast to indexing "
        "result of shape [2]", "aten::index_put", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0),
        TENSORS(T(int64, SHAPE(2), 0, 1)), T(float32, SHAPE(3), 1.0, 2.0, 3.0), B(false));
    EXPECT_SHAPED(RESULT(0, "aten::index_put", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        TENSORS(NONE, T(int64, SHAPE(1), 1)), T(float32, SHAPE(2, 1), 5.0, 6.0), B(false)),
        float32, SHAPE(2, 2), 1.0, 5.0, 3.0, 6.0);
    EXPECT_SHAPED(RESULT(0, "aten::index_put", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        TENSORS(T(int64, SHAPE(2), 0, 0), T(int64, SHAPE(2), 1, 1)), SCALAR_T(float32, 1.0),
        B(true)), float32, SHAPE(2, 2), 1.0, 4.0, 3.0, 4.0);
    EXPECT_SHAPED(RESULT(0, "aten::masked_scatter", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0),
        T(bool, SHAPE(3), 1, 0, 1), T(float32, SHAPE(3), 7.0, 8.0, 9.0)), float32, SHAPE(3),
        7.0, 2.0, 8.0);
    EXPECT_FAILURE("Number of elements of source < number of ones in mask",
        "aten::masked_scatter", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), T(bool, SHAPE(3), 1, 0,
        1), T(float32, SHAPE(1), 7.0));
    EXPECT_SHAPED(RESULT(0, "aten::index_add", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), I(0),
        T(int64, SHAPE(2), 0, 0), T(float32, SHAPE(2), 1.0, 2.0), I(2)), float32, SHAPE(3), 7.0,
        2.0, 3.0);
    EXPECT_SHAPED(RESULT(0, "aten::index_add", "", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), I(1), T(int64, SHAPE(1), 2), T(float32, SHAPE(2, 1), 1.0, 2.0), I(1)),
        float32, SHAPE(2, 3), 1.0, 2.0, 4.0, 4.0, 5.0, 8.0);
    EXPECT_FAILURE("index out of range in self", "aten::index_add", "", T(float32, SHAPE(3),
        1.0, 2.0, 3.0), I(0), T(int64, SHAPE(1), 5), T(float32, SHAPE(1), 1.0), I(1));
    EXPECT_SHAPED(RESULT(0, "aten::index_copy", "", T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), I(0), T(int64, SHAPE(2), 2, 0), T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0)),
        float32, SHAPE(3, 2), 3.0, 4.0, 3.0, 4.0, 1.0, 2.0);
    EXPECT_FAILURE("index_copy_(): index 5 is out of bounds for dimension 0 with size 3",
        "aten::index_copy", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), I(0), T(int64, SHAPE(1),
        5), T(float32, SHAPE(1), 1.0));
    EXPECT_SHAPED(RESULT(0, "aten::index_fill", "int_Scalar", T(float32, SHAPE(2, 2), 1.0, 2.0,
        3.0, 4.0), I(1), T(int64, SHAPE(1), -1), I(0)), float32, SHAPE(2, 2), 1.0, 0.0, 3.0,
        0.0);
    EXPECT_SHAPED(RESULT(0, "aten::index_fill", "int_Tensor", T(float32, SHAPE(2, 2), 1.0, 2.0,
        3.0, 4.0), I(0), T(int64, SHAPE(1), 0), SCALAR_T(int64, 5)), float32, SHAPE(2, 2), 5.0,
        5.0, 3.0, 4.0);
    EXPECT_SHAPED(RESULT(0, "aten::scatter", "src", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), I(1), T(int64, SHAPE(2, 2), 0, 2, 1, 1), T(float32, SHAPE(2, 2), 10.0, 20.0,
        30.0, 40.0)), float32, SHAPE(2, 3), 10.0, 2.0, 20.0, 4.0, 40.0, 6.0);
    EXPECT_SHAPED(RESULT(0, "aten::scatter", "value", T(float32, SHAPE(3), 1.0, 2.0, 3.0), I(0),
        T(int64, SHAPE(1), 1), I(9)), float32, SHAPE(3), 1.0, 9.0, 3.0);
    EXPECT_FAILURE("index 5 is out of bounds for dimension 0 with size 3", "aten::scatter",
        "value", T(float32, SHAPE(3), 1.0, 2.0, 3.0), I(0), T(int64, SHAPE(1), 5), I(9));
    EXPECT_SHAPED(RESULT(0, "aten::scatter", "reduce", T(float32, SHAPE(3), 1.0, 2.0, 3.0),
        I(0), T(int64, SHAPE(2), 0, 0), T(float32, SHAPE(2), 3.0, 2.0), STR("multiply")),
        float32, SHAPE(3), 6.0, 2.0, 3.0);
    EXPECT_SHAPED(RESULT(0, "aten::scatter", "value_reduce", T(float32, SHAPE(3), 1.0, 2.0,
        3.0), I(0), T(int64, SHAPE(2), 0, 0), I(3), STR("add")), float32, SHAPE(3), 7.0, 2.0,
        3.0);
    EXPECT_SHAPED(RESULT(0, "aten::scatter_add", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), I(0),
        T(int64, SHAPE(2), 0, 0), T(float32, SHAPE(2), 3.0, 2.0)), float32, SHAPE(3), 6.0, 2.0,
        3.0);
    EXPECT_FAILURE("scatter(): Expected self.dtype to be equal to src.dtype",
        "aten::scatter_add", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), I(0), T(int64, SHAPE(2),
        0, 0), T(int64, SHAPE(2), 3, 2));
    EXPECT_SHAPED(RESULT(0, "aten::scatter_reduce", "two", T(float32, SHAPE(3), 1.0, 1.0, 1.0),
        I(0), T(int64, SHAPE(2), 0, 0), T(float32, SHAPE(2), 3.0, 2.0), STR("mean"), B(true)),
        float32, SHAPE(3), 2.0, 1.0, 1.0);
    EXPECT_SHAPED(RESULT(0, "aten::scatter_reduce", "two", T(float32, SHAPE(3), 1.0, 1.0, 1.0),
        I(0), T(int64, SHAPE(2), 0, 0), T(float32, SHAPE(2), 3.0, 2.0), STR("mean"), B(false)),
        float32, SHAPE(3), 2.5, 1.0, 1.0);
    EXPECT_SHAPED(RESULT(0, "aten::scatter_reduce", "two", T(float32, SHAPE(3), 1.0, 1.0, 1.0),
        I(0), T(int64, SHAPE(2), 0, 0), T(float32, SHAPE(2), 3.0, NAN), STR("amax"), B(true)),
        float32, SHAPE(3), NAN, 1.0, 1.0);
    EXPECT_SHAPED(RESULT(0, "aten::scatter_reduce", "two", T(int64, SHAPE(3), 1, 1, 1), I(0),
        T(int64, SHAPE(2), 0, 0), T(int64, SHAPE(2), 3, 2), STR("amin"), B(false)), int64,
        SHAPE(3), 2, 1, 1);
    EXPECT_SHAPED(RESULT(0, "aten::scatter_reduce", "two", T(int64, SHAPE(3), 1, 1, 1), I(0),
        T(int64, SHAPE(2), 0, 0), T(int64, SHAPE(2), 3, 2), STR("prod"), B(true)), int64,
        SHAPE(3), 6, 1, 1);
    EXPECT_SHAPED(RESULT(0, "aten::put", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        T(int64, SHAPE(2), 0, -1), T(float32, SHAPE(2), 5.0, 6.0), B(true)), float32, SHAPE(2,
        2), 6.0, 2.0, 3.0, 10.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(writes),
    };
    return cmocka_run_group_tests_name("kernels/index", tests, NULL, NULL);
}
