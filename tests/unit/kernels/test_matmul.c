/* Matrix products and einsum against values and messages that PyTorch 1.13.1 gave. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_args.h"

static void products(void **state)
{
    (void)state;
    EXPECT_SHAPED(RESULT(0, "aten::mm", "", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0), T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), float32, SHAPE(2, 2),
        22.0, 28.0, 49.0, 64.0);
    EXPECT_FAILURE("mat1 and mat2 shapes cannot be multiplied (2x2 and 3x3)", "aten::mm", "",
        T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0), T(float32, SHAPE(3, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0, 7.0, 8.0, 9.0));
    EXPECT_SHAPED(RESULT(0, "aten::mm", "", T(int64, SHAPE(2, 3), 1, 2, 3, 4, 5, 6), T(int64,
        SHAPE(3, 2), 1, 2, 3, 4, 5, 6)), int64, SHAPE(2, 2), 22, 28, 49, 64);
    EXPECT_FAILURE("expected scalar type Float but found Double", "aten::mm", "", T(float32,
        SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0), T(float64, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0));
    EXPECT_SHAPED(RESULT(0, "aten::mm", "", T(float64, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        T(float64, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), float64, SHAPE(2, 3), 9.0, 12.0,
        15.0, 19.0, 26.0, 33.0);
    EXPECT_FAILURE("\"addmm_impl_cpu_\" not implemented for 'Bool'", "aten::mm", "", T(bool,
        SHAPE(2, 2), 1, 1, 1, 1), T(bool, SHAPE(2, 2), 1, 1, 1, 1));
    EXPECT_SHAPED(RESULT(0, "aten::mm", "", EMPTY(float32, 2, 0), EMPTY(float32, 0, 3)),
        float32, SHAPE(2, 3), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    EXPECT_SHAPED(RESULT(0, "aten::bmm", "", T(float32, SHAPE(2, 2, 3), 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0), T(float32, SHAPE(2, 3, 1), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0)), float32, SHAPE(2, 2, 1), 14.0, 32.0, 122.0, 167.0);
    EXPECT_FAILURE("Expected size for first two dimensions of batch2 tensor to be: [1, 2] but "
        "got: [2, 2].", "aten::bmm", "", T(float32, SHAPE(1, 2, 2), 1.0, 2.0, 3.0, 4.0),
        T(float32, SHAPE(2, 2, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0));
    EXPECT_SCALAR(RESULT(0, "aten::matmul", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), T(float32,
        SHAPE(3), 1.0, 2.0, 3.0)), float32, 14.0);
    EXPECT_SHAPED(RESULT(0, "aten::matmul", "", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0), T(float32, SHAPE(3), 1.0, 2.0, 3.0)), float32, SHAPE(2), 14.0, 32.0);
    EXPECT_SHAPED(RESULT(0, "aten::matmul", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), T(float32,
        SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), float32, SHAPE(2), 22.0, 28.0);
    EXPECT_SHAPED(RESULT(0, "aten::matmul", "", T(float32, SHAPE(2, 2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0), T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0)), float32, SHAPE(2, 2, 2), 22.0, 28.0, 49.0, 64.0, 76.0, 100.0, 103.0, 136.0);
    EXPECT_SHAPED(RESULT(0, "aten::matmul", "", T(float32, SHAPE(2, 1, 2, 3), 1.0, 2.0, 3.0,
        4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0), T(float32, SHAPE(2, 3, 1), 1.0, 2.0,
        3.0, 4.0, 5.0, 6.0)), float32, SHAPE(2, 2, 2, 1), 14.0, 32.0, 32.0, 77.0, 50.0, 68.0,
        122.0, 167.0);
    EXPECT_SHAPED(RESULT(0, "aten::matmul", "", T(float32, SHAPE(2, 2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0), T(float32, SHAPE(3), 1.0, 2.0, 3.0)),
        float32, SHAPE(2, 2), 14.0, 32.0, 50.0, 68.0);
    EXPECT_SHAPED(RESULT(0, "aten::matmul", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), T(float32,
        SHAPE(2, 3, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0)),
        float32, SHAPE(2, 2), 22.0, 28.0, 58.0, 64.0);
    EXPECT_FAILURE("both arguments to matmul need to be at least 1D, but they are 0D and 1D",
        "aten::matmul", "", SCALAR_T(float32, 1.0), T(float32, SHAPE(3), 1.0, 2.0, 3.0));
    EXPECT_FAILURE("inconsistent tensor size, expected tensor [2] and src [3] to have the same "
        "number of elements, but got 2 and 3 elements respectively", "aten::matmul", "",
        T(float32, SHAPE(2), 1.0, 2.0), T(float32, SHAPE(3), 1.0, 2.0, 3.0));
    EXPECT_FAILURE("mat1 and mat2 shapes cannot be multiplied (4x3 and 2x2)", "aten::matmul",
        "", T(float32, SHAPE(2, 2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0,
        12.0), T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0));
    EXPECT_SHAPED(RESULT(0, "aten::mv", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        T(float32, SHAPE(2), 1.0, 2.0)), float32, SHAPE(2), 5.0, 11.0);
    EXPECT_FAILURE("size mismatch, got 2, 2x2,3", "aten::mv", "", T(float32, SHAPE(2, 2), 1.0,
        2.0, 3.0, 4.0), T(float32, SHAPE(3), 1.0, 2.0, 3.0));
    EXPECT_SCALAR(RESULT(0, "aten::dot", "", T(int64, SHAPE(3), 1, 2, 3), T(int64, SHAPE(3), 1,
        2, 3)), int64, 14);
    EXPECT_FAILURE("1D tensors expected, but got 1D and 2D tensors", "aten::dot", "", T(float32,
        SHAPE(2), 1.0, 2.0), T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0));
    EXPECT_SHAPED(RESULT(0, "aten::outer", "", T(float32, SHAPE(2), 1.0, 2.0), T(float32,
        SHAPE(3), 1.0, 2.0, 3.0)), float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 2.0, 4.0, 6.0);
    EXPECT_SHAPED(RESULT(0, "aten::addmm", "", T(float32, SHAPE(2), 1.0, 2.0), T(float32,
        SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), I(2), I(3)), float32, SHAPE(2, 2), 68.0, 88.0, 149.0, 196.0);
    EXPECT_SHAPED(RESULT(0, "aten::addmm", "", T(float32, SHAPE(1, 1), NAN), T(float32, SHAPE(1,
        2), 1.0, 2.0), T(float32, SHAPE(2, 1), 1.0, 2.0), I(0), I(1)), float32, SHAPE(1, 1),
        5.0);
    EXPECT_FAILURE("The expanded size of the tensor (2) must match the existing size (3) at "
        "non-singleton dimension 1.  Target sizes: [2, 2].  Tensor sizes: [3]", "aten::addmm",
        "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), I(1), I(1));
    EXPECT_SHAPED(RESULT(0, "aten::addmm", "", T(int64, SHAPE(1, 1), 1), T(int64, SHAPE(1, 2),
        1, 2), T(int64, SHAPE(2, 1), 1, 2), F(1.5), I(1)), int64, SHAPE(1, 1), 6);
    EXPECT_SHAPED(RESULT(0, "aten::addmv", "", T(float32, SHAPE(2), 1.0, 2.0), T(float32,
        SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0), T(float32, SHAPE(2), 1.0, 2.0), I(1), I(1)), float32,
        SHAPE(2), 6.0, 13.0);
    EXPECT_SHAPED(RESULT(0, "aten::baddbmm", "", T(float32, SHAPE(2), 1.0, 2.0), T(float32,
        SHAPE(2, 2, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), T(float32, SHAPE(2, 2, 2), 1.0,
        2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), I(1), F(0.5)), float32, SHAPE(2, 2, 2), 4.5, 7.0,
        8.5, 13.0, 34.5, 41.0, 46.5, 55.0);
    EXPECT_SHAPED(RESULT(0, "aten::addbmm", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        T(float32, SHAPE(2, 2, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), T(float32, SHAPE(2,
        2, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), I(1), I(1)), float32, SHAPE(2, 2), 75.0,
        90.0, 109.0, 132.0);
    EXPECT_SHAPED(RESULT(0, "aten::addr", "", T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0),
        T(float32, SHAPE(2), 1.0, 2.0), T(float32, SHAPE(2), 1.0, 2.0), I(1), I(1)), float32,
        SHAPE(2, 2), 2.0, 4.0, 5.0, 8.0);
    EXPECT_SHAPED(RESULT(0, "aten::linear", "", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0), T(float32, SHAPE(4, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0,
        12.0), T(float32, SHAPE(4), 1.0, 2.0, 3.0, 4.0)), float32, SHAPE(2, 4), 15.0, 34.0,
        53.0, 72.0, 33.0, 79.0, 125.0, 171.0);
    EXPECT_SHAPED(RESULT(0, "aten::linear", "", T(float32, SHAPE(3), 1.0, 2.0, 3.0), T(float32,
        SHAPE(4, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0), T(float32,
        SHAPE(4), 1.0, 2.0, 3.0, 4.0)), float32, SHAPE(4), 15.0, 34.0, 53.0, 72.0);
    EXPECT_SHAPED(RESULT(0, "aten::linear", "", T(float32, SHAPE(2, 2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0), T(float32, SHAPE(1, 3), 1.0, 2.0, 3.0),
        NONE), float32, SHAPE(2, 2, 1), 14.0, 32.0, 50.0, 68.0);
    EXPECT_FAILURE("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x4)", "aten::linear",
        "", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), T(float32, SHAPE(4, 2), 1.0,
        2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), NONE);
    EXPECT_SHAPED(RESULT(0, "aten::inner", "", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0), T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), float32, SHAPE(2, 2),
        14.0, 32.0, 32.0, 77.0);
    EXPECT_SHAPED(RESULT(0, "aten::kron", "", T(int64, SHAPE(2), 1, 2), T(int64, SHAPE(2), 1,
        10)), int64, SHAPE(4), 1, 10, 2, 20);
    EXPECT_SHAPED(RESULT(0, "aten::kron", "", T(int64, SHAPE(2, 2), 1, 2, 3, 4), T(int64,
        SHAPE(1, 2), 1, 2)), int64, SHAPE(2, 4), 1, 2, 2, 4, 3, 6, 4, 8);
    EXPECT_SHAPED(RESULT(0, "aten::tensordot", "", T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), INTS(1), INTS(0)),
        float32, SHAPE(2, 2), 22.0, 28.0, 49.0, 64.0);
    EXPECT_FAILURE("contracted dimensions need to match, but first has size 3 in dim 1 and "
        "second has size 2 in dim 0", "aten::tensordot", "", T(float32, SHAPE(2, 3), 1.0, 2.0,
        3.0, 4.0, 5.0, 6.0), T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0), INTS(1), INTS(0));
    EXPECT_SHAPED(RESULT(0, "aten::linalg_cross", "", T(float32, SHAPE(1, 3), 1.0, 0.0, 0.0),
        T(float32, SHAPE(1, 3), 0.0, 1.0, 0.0), I(-1)), float32, SHAPE(1, 3), 0.0, 0.0, 1.0);
    EXPECT_SHAPED(RESULT(0, "aten::cross", "", T(int64, SHAPE(3), 1, 2, 3), T(int64, SHAPE(3),
        4, 5, 6), NONE), int64, SHAPE(3), -3, 6, -3);
    EXPECT_SHAPED(RESULT(0, "aten::chain_matmul", "", TENSORS(T(float32, SHAPE(2, 3), 1.0, 2.0,
        3.0, 4.0, 5.0, 6.0), T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), T(float32,
        SHAPE(2, 1), 1.0, 2.0))), float32, SHAPE(2, 1), 78.0, 177.0);
}

static void einsums(void **state)
{
    (void)state;
    EXPECT_SHAPED(RESULT(0, "aten::einsum", "", STR("ij,jk->ik"), TENSORS(T(float32, SHAPE(2,
        3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0)), NONE), float32, SHAPE(2, 2), 22.0, 28.0, 49.0, 64.0);
    EXPECT_SHAPED(RESULT(0, "aten::einsum", "", STR("ij,jk"), TENSORS(T(float32, SHAPE(2, 3),
        1.0, 2.0, 3.0, 4.0, 5.0, 6.0), T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)),
        NONE), float32, SHAPE(2, 2), 22.0, 28.0, 49.0, 64.0);
    EXPECT_SHAPED(RESULT(0, "aten::einsum", "", STR("bij,bjk->bik"), TENSORS(T(float32, SHAPE(2,
        2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0), T(float32,
        SHAPE(2, 3, 1), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), NONE), float32, SHAPE(2, 2, 1), 14.0,
        32.0, 122.0, 167.0);
    EXPECT_SHAPED(RESULT(0, "aten::einsum", "", STR("ii->i"), TENSORS(T(float32, SHAPE(3, 3),
        1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)), NONE), float32, SHAPE(3), 1.0, 5.0, 9.0);
    EXPECT_SCALAR(RESULT(0, "aten::einsum", "", STR("ii"), TENSORS(T(float32, SHAPE(3, 3), 1.0,
        2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)), NONE), float32, 15.0);
    EXPECT_SHAPED(RESULT(0, "aten::einsum", "", STR("ij->ji"), TENSORS(T(float32, SHAPE(2, 3),
        1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), NONE), float32, SHAPE(3, 2), 1.0, 4.0, 2.0, 5.0, 3.0,
        6.0);
    EXPECT_SCALAR(RESULT(0, "aten::einsum", "", STR("ij->"), TENSORS(T(float32, SHAPE(2, 3),
        1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), NONE), float32, 21.0);
    EXPECT_SHAPED(RESULT(0, "aten::einsum", "", STR("i,j->ij"), TENSORS(T(float32, SHAPE(2),
        1.0, 2.0), T(float32, SHAPE(3), 1.0, 2.0, 3.0)), NONE), float32, SHAPE(2, 3), 1.0, 2.0,
        3.0, 2.0, 4.0, 6.0);
    EXPECT_SHAPED(RESULT(0, "aten::einsum", "", STR("...ij,...jk->...ik"), TENSORS(T(float32,
        SHAPE(2, 2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0),
        T(float32, SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), NONE), float32, SHAPE(2, 2, 2),
        22.0, 28.0, 49.0, 64.0, 76.0, 100.0, 103.0, 136.0);
    EXPECT_SHAPED(RESULT(0, "aten::einsum", "", STR("bn,anm,bm->ba"), TENSORS(T(float32,
        SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0), T(float32, SHAPE(2, 2, 2), 1.0, 2.0, 3.0, 4.0, 5.0,
        6.0, 7.0, 8.0), T(float32, SHAPE(2, 2), 1.0, 2.0, 3.0, 4.0)), NONE), float32, SHAPE(2,
        2), 27.0, 63.0, 133.0, 329.0);
    EXPECT_SCALAR(RESULT(0, "aten::einsum", "", STR("i,i"), TENSORS(T(float32, SHAPE(3), 1.0,
        2.0, 3.0), T(float32, SHAPE(3), 1.0, 2.0, 3.0)), NONE), float32, 14.0);
    EXPECT_FAILURE("einsum(): subscript j has size 4 for operand 1 which does not broadcast with "
        "previously seen size 3", "aten::einsum", "", STR("ij,jk->ik"), TENSORS(T(float32,
        SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), T(float32, SHAPE(4, 2), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0, 7.0, 8.0)), NONE);
    EXPECT_FAILURE("einsum(): the number of subscripts in the equation (3) does not match the "
        "number of dimensions (2) for operand 0 and no ellipsis was given", "aten::einsum", "",
        STR("ijk,jk"), TENSORS(T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), T(float32,
        SHAPE(3, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), NONE);
    EXPECT_FAILURE("einsum(): output subscript k does not appear in the equation for any input "
        "operand", "aten::einsum", "", STR("ij->k"), TENSORS(T(float32, SHAPE(2, 3), 1.0, 2.0,
        3.0, 4.0, 5.0, 6.0)), NONE);
    EXPECT_FAILURE("einsum(): invalid subscript given at index 1 in the equation string, "
        "subscripts must be in [a-zA-Z]", "aten::einsum", "", STR("i1->i"), TENSORS(T(float32,
        SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), NONE);
    EXPECT_FAILURE("einsum(): output subscript i appears more than once in the output",
        "aten::einsum", "", STR("ij,j->ii"), TENSORS(T(float32, SHAPE(2, 3), 1.0, 2.0, 3.0, 4.0,
        5.0, 6.0), T(float32, SHAPE(3), 1.0, 2.0, 3.0)), NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(einsums),
    };
    return cmocka_run_group_tests_name("kernels/matmul", tests, NULL, NULL);
}
