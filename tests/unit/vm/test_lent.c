/* tests/unit/vm/test_lent.c: lists that operators only read are not built, and nobody can tell. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/vm/vm_test.h"

/** Zeros of these sizes. */
static jit_value zeros(int64_t rows, int64_t columns)
{
    tensor *t = tensor_new(DTYPE_float32, (int64_t[]){ rows, columns }, 2, DEVICE_CPU0);
    assert_non_null(t);
    memset(tensor_data(t), 0, (size_t)(rows * columns) * sizeof(float));
    return VALUE_HEAP_V(VALUE_TENSOR, t);
}

#define ZERO_ONE_TWO                                     \
    "  %0 : int = prim::Constant[value=0]()\n"           \
    "  %1 : int = prim::Constant[value=1]()\n"           \
    "  %2 : int = prim::Constant[value=2]()\n"

TEST(constants_are_made_with_the_plan)
{
    BEGIN;
    const char *ir =
        "graph(%a : Tensor, %i : int):\n" ZERO_ONE_TWO
        "  %order : int[] = prim::ListConstruct(%1, %0)\n"
        "  %b : Tensor = aten::permute(%a, %order)\n"
        "  %half : float = prim::Constant[value=0.5]()\n"
        "  %weights : float[] = prim::ListConstruct(%half, %half)\n"
        "  %w : float = aten::__getitem__(%weights, %i)\n"
        "  %all : (Tensor, float) = prim::TupleConstruct(%b, %w)\n"
        "  return (%all)\n";
    assert_int_equal(count_in_plan(&x, ir, "prim::ListConstruct"), 0);
    expect_result(&x, ir, ARGS(zeros(1, 2), VALUE_INT_V(-1)), "( 0\n 0\n[ CPUFloatType{2,1} ], 0.5)");
    END;
}

TEST(lists_that_escape_are_built)
{
    BEGIN;
    const char *returned =
        "graph(%a : Tensor):\n" ZERO_ONE_TWO
        "  %order : int[] = prim::ListConstruct(%1, %0)\n"
        "  %b : Tensor = aten::permute(%a, %order)\n"
        "  %all : (Tensor, int[]) = prim::TupleConstruct(%b, %order)\n"
        "  return (%all)\n";
    assert_int_equal(count_in_plan(&x, returned, "prim::ListConstruct"), 1);
    expect_result(&x, returned, ARGS(zeros(1, 2)), "( 0\n 0\n[ CPUFloatType{2,1} ], [1, 0])");
    const char *written =
        "graph(%a : Tensor, %n : int):\n" ZERO_ONE_TWO
        "  %shape : int[] = prim::ListConstruct(%n)\n"
        "  %same : int[] = aten::append(%shape, %1)\n"
        "  %b : Tensor = aten::view(%a, %shape)\n"
        "  return (%b)\n";
    assert_int_equal(count_in_plan(&x, written, "prim::ListConstruct"), 1);
    expect_result(&x, written, ARGS(zeros(1, 2), VALUE_INT_V(2)), " 0\n 0\n[ CPUFloatType{2,1} ]");
    const char *handed_on = // the result is the elements, in a list of the same kind
        "graph(%a : Tensor, %b : Tensor):\n"
        "  %pair : Tensor[] = prim::ListConstruct(%a, %b)\n"
        "  %wide : Tensor[] = aten::broadcast_tensors(%pair)\n"
        "  return (%wide)\n";
    assert_int_equal(count_in_plan(&x, handed_on, "prim::ListConstruct"), 1);
    END;
}

TEST(numbers_are_lent)
{
    BEGIN;
    const char *ir =
        "graph(%a : Tensor, %n : int, %m : int):\n"
        "  %shape : int[] = prim::ListConstruct(%n, %m)\n"
        "  %k : int = aten::add(%n, %m)\n"
        "  %b : Tensor = aten::view(%a, %shape)\n"
        "  %turned : int[] = prim::ListConstruct(%m, %n)\n"
        "  %c : Tensor = aten::reshape(%b, %shape)\n" // the second reader
        "  %d : Tensor = aten::view(%c, %turned)\n"
        "  %all : (Tensor, int) = prim::TupleConstruct(%d, %k)\n"
        "  return (%all)\n";
    assert_int_equal(count_in_plan(&x, ir, "prim::ListConstruct"), 0);
    assert_int_equal(count_in_plan(&x, ir, "CALL_LENDING"), 3);
    expect_result(&x, ir, ARGS(zeros(3, 2), VALUE_INT_V(2), VALUE_INT_V(3)),
                  "( 0  0\n 0  0\n 0  0\n[ CPUFloatType{3,2} ], 5)");
    expect_error(&x, ir, ARGS(zeros(3, 2), VALUE_INT_V(2), VALUE_INT_V(2)), "shape '[2, 2]' is invalid for input of size 6");
    END;
}

/* Elements live up to the last reader; the one element may be in a list twice, and be another operand of its reader. */
TEST(tensors_are_lent)
{
    BEGIN;
    const char *ir =
        "graph(%a : Tensor):\n" ZERO_ONE_TWO
        "  %n : NoneType = prim::Constant()\n"
        "  %no : bool = prim::Constant[value=0]()\n"
        "  %b : Tensor = aten::add(%a, %1, %1)\n"
        "  %i : Tensor = aten::argsort(%b, %1, %no)\n"
        "  %twice : Tensor[] = prim::ListConstruct(%b, %b)\n"
        "  %c : Tensor = aten::cat(%twice, %0)\n"
        "  %d : Tensor = aten::cat(%twice, %1)\n"
        "  %e : Tensor = aten::add(%d, %1, %1)\n"
        "  %alone : Tensor?[] = prim::ListConstruct(%n, %i)\n"
        "  %f : Tensor = aten::index_put(%d, %alone, %b, %no)\n"
        "  %all : (Tensor, Tensor, Tensor) = prim::TupleConstruct(%c, %e, %f)\n"
        "  return (%all)\n";
    assert_int_equal(count_in_plan(&x, ir, "prim::ListConstruct"), 0);
    expect_result(&x, ir, ARGS(zeros(1, 1)), 
                  "( 1\n 1\n[ CPUFloatType{2,1} ],  2  2\n[ CPUFloatType{1,2} ],  1  1\n[ CPUFloatType{1,2} ])");
    END;
}

/* Made outside of the loop, read in it at every turn; and the other way: made in it from what changes at its end. */
TEST(lists_and_loops)
{
    BEGIN;
    const char *ir =
        "graph(%a : Tensor, %n : int):\n" ZERO_ONE_TWO
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %b : Tensor = aten::add(%a, %1, %1)\n"
        "  %fixed : Tensor[] = prim::ListConstruct(%b, %b)\n"
        "  %sum : Tensor, %rows : int = prim::Loop(%n, %yes, %b, %1)\n"
        "    block0(%i : int, %s : Tensor, %r : int):\n"
        "      %next : int = aten::add(%r, %r)\n"
        "      %c : Tensor = aten::cat(%fixed, %0)\n"
        "      %both : Tensor[] = prim::ListConstruct(%s, %s)\n"
        "      %d : Tensor = aten::cat(%both, %0)\n"
        "      %shape : int[] = prim::ListConstruct(%1, %next)\n"
        "      %e : Tensor = aten::view(%d, %shape)\n"
        "      %flat : int[] = prim::ListConstruct(%next, %1)\n"
        "      %f : Tensor = aten::view(%e, %flat)\n"
        "      -> (%yes, %f, %next)\n"
        "  %all : (Tensor, int) = prim::TupleConstruct(%sum, %rows)\n"
        "  return (%all)\n";
    assert_int_equal(count_in_plan(&x, ir, "prim::ListConstruct"), 0);
    expect_result(&x, ir, ARGS(zeros(1, 1), VALUE_INT_V(2)), "( 1\n 1\n 1\n 1\n[ CPUFloatType{4,1} ], 4)");
    END;
}

TEST(readers_in_two_blocks_get_a_list)
{
    BEGIN;
    const char *ir =
        "graph(%a : Tensor, %n : int, %c : bool):\n"
        "  %shape : int[] = prim::ListConstruct(%n)\n"
        "  %b : Tensor = prim::If(%c)\n"
        "    block0():\n"
        "      %d : Tensor = aten::view(%a, %shape)\n"
        "      -> (%d)\n"
        "    block1():\n"
        "      %e : Tensor = aten::reshape(%a, %shape)\n"
        "      -> (%e)\n"
        "  return (%b)\n";
    assert_int_equal(count_in_plan(&x, ir, "prim::ListConstruct"), 1);
    expect_result(&x, ir, ARGS(zeros(1, 2), VALUE_INT_V(2), VALUE_BOOL_V(true)), " 0\n 0\n[ CPUFloatType{2} ]");
    expect_result(&x, ir, ARGS(zeros(1, 2), VALUE_INT_V(2), VALUE_BOOL_V(false)), " 0\n 0\n[ CPUFloatType{2} ]");
    END;
}

/* ---- sizes -------------------------------------------------------------------------------------- */
TEST(sizes_are_read_from_the_tensor)
{
    BEGIN;
    const char *ir =
        "graph(%a : Tensor, %i : int):\n"
        "  %s : int[] = aten::size(%a)\n"
        "  %n : int, %m : int = prim::ListUnpack(%s)\n"
        "  %k : int = aten::__getitem__(%s, %i)\n"
        "  %r : int = aten::len(%s)\n"
        "  %all : (int, int, int, int) = prim::TupleConstruct(%n, %m, %k, %r)\n"
        "  return (%all)\n";
    assert_int_equal(count_in_plan(&x, ir, "aten::size"), 0);
    expect_result(&x, ir, ARGS(zeros(2, 3), VALUE_INT_V(-2)), "(2, 3, 2, 2)");
    expect_error(&x, ir, ARGS(zeros(2, 3), VALUE_INT_V(2)), "list index out of range");
    END;
}

TEST(sizes_must_be_as_many_as_are_unpacked)
{
    BEGIN;
    expect_error(&x,
        "graph(%a : Tensor):\n"
        "  %s : int[] = aten::size(%a)\n"
        "  %n : int, %m : int, %k : int = prim::ListUnpack(%s)\n"
        "  return (%m)\n", ARGS(zeros(2, 3)), "Expected 3 elements in a list but found 2");
    END;
}

TEST(sizes_are_lent)
{
    BEGIN;
    const char *ir =
        "graph(%a : Tensor, %b : Tensor):\n"
        "  %s : int[] = aten::size(%a)\n"
        "  %c : Tensor = aten::view(%b, %s)\n"
        "  return (%c)\n";
    assert_int_equal(count_in_plan(&x, ir, "aten::size"), 0);
    expect_result(&x, ir, ARGS(zeros(2, 1), zeros(1, 2)), " 0\n 0\n[ CPUFloatType{2,1} ]");
    END;
}

/* What writes to a tensor might change the sizes it is given. */
TEST(sizes_of_what_changes_are_a_list)
{
    BEGIN;
    const char *ir =
        "graph(%a : Tensor):\n" ZERO_ONE_TWO
        "  %n : NoneType = prim::Constant()\n"
        "  %s : int[] = aten::size(%a)\n"
        "  %b : Tensor = aten::unsqueeze_(%a, %0)\n"
        "  %r : int = aten::len(%s)\n"
        "  %t : int[] = aten::size(%a)\n"
        "  %c : Tensor = aten::resize_(%a, %t, %n)\n"
        "  %all : (int, Tensor) = prim::TupleConstruct(%r, %c)\n"
        "  return (%all)\n";
    assert_int_equal(count_in_plan(&x, ir, "aten::size"), 2);
    expect_result(&x, ir, ARGS(zeros(1, 1)), "(2, (1,.,.) = \n  0\n[ CPUFloatType{1,1,1} ])");
    END;
}

TEST(survives_lack_of_memory)
{
    BEGIN;
    expect_plan_survives_lack_of_memory(&x,
        "graph(%a : Tensor, %n : int):\n" ZERO_ONE_TWO
        "  %order : int[] = prim::ListConstruct(%1, %0)\n"
        "  %b : Tensor = aten::permute(%a, %order)\n"
        "  %shape : int[] = prim::ListConstruct(%n)\n"
        "  %c : Tensor = aten::reshape(%b, %shape)\n"
        "  return (%c)\n");
    END;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_are_made_with_the_plan),
        cmocka_unit_test(lists_that_escape_are_built),
        cmocka_unit_test(numbers_are_lent),
        cmocka_unit_test(tensors_are_lent),
        cmocka_unit_test(lists_and_loops),
        cmocka_unit_test(readers_in_two_blocks_get_a_list),
        cmocka_unit_test(sizes_are_read_from_the_tensor),
        cmocka_unit_test(sizes_must_be_as_many_as_are_unpacked),
        cmocka_unit_test(sizes_are_lent),
        cmocka_unit_test(sizes_of_what_changes_are_a_list),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests_name("vm/lent", tests, NULL, NULL);
}
