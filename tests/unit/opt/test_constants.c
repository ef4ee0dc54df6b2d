/* Folding, dead branches and pooling. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opt/ir_test.h"

static void folds_a_sum_of_constants_to_one(void **state)
{
    (void)state;
    expect_pass("emitted",
        "graph(%x : Tensor):\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %a : float = prim::Constant[value=7.]()\n"
        "  %b : float = prim::Constant[value=11.]()\n"
        "  %c : float = prim::Constant[value=2.]()\n"
        "  %ab : float = aten::add(%a, %b)\n"
        "  %d : float = aten::add(%ab, %c)\n"
        "  %e : float = aten::add(%d, %c)\n"
        "  %r : Tensor = aten::add(%x, %d, %one)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  %10 : float = prim::Constant[value=20.]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %r : Tensor = aten::add(%x, %10, %one)\n"
        "  return (%r)\n");
}

/* Where an Optional is known to be None, the branch that takes it for an int still stands. */
static void leaves_a_cast_that_never_runs(void **state)
{
    (void)state;
    static const char graph[] = "graph():\n"
                                "  %none : NoneType = prim::Constant()\n"
                                "  %n : int = prim::unchecked_cast(%none)\n"
                                "  return (%n)\n";
    expect_pass("fold", graph, graph);
}

static void inlines_the_branch_that_is_taken(void **state)
{
    (void)state;
    expect_pass("dead_branches",
        "graph(%x : Tensor):\n"
        "  %c : bool = prim::Constant[value=1]()\n"
        "  %r : Tensor = prim::If(%c)\n"
        "    block0():\n"
        "      %y : Tensor = aten::relu(%x)\n"
        "      -> (%y)\n"
        "    block1():\n"
        "      -> (%x)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  %c : bool = prim::Constant[value=1]()\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  return (%y)\n");
}

static void removes_a_loop_that_never_runs(void **state)
{
    (void)state;
    expect_pass("dead_branches",
        "graph(%x : Tensor):\n"
        "  %c : bool = prim::Constant[value=1]()\n"
        "  %n : int = prim::Constant[value=0]()\n"
        "  %r : Tensor = prim::Loop(%n, %c, %x)\n"
        "    block0(%i : int, %p : Tensor):\n"
        "      %y : Tensor = aten::relu(%p)\n"
        "      -> (%c, %y)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  %c : bool = prim::Constant[value=1]()\n"
        "  %n : int = prim::Constant[value=0]()\n"
        "  return (%x)\n");
}

static void merges_equal_constants_at_the_top(void **state)
{
    (void)state;
    expect_pass("pool",
        "graph(%c : bool):\n"
        "  %a : int = prim::Constant[value=1]()\n"
        "  %r : int = prim::If(%c)\n"
        "    block0():\n"
        "      %b : int = prim::Constant[value=1]()\n"
        "      -> (%b)\n"
        "    block1():\n"
        "      %d : int = prim::Constant[value=2]()\n"
        "      -> (%d)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%c : bool):\n"
        "  %d : int = prim::Constant[value=2]()\n"
        "  %a : int = prim::Constant[value=1]()\n"
        "  %r : int = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%a)\n"
        "    block1():\n"
        "      -> (%d)\n"
        "  return (%r)\n");
}

static void keeps_negative_zero_apart(void **state)
{
    (void)state;
    expect_pass("pool",
        "graph():\n"
        "  %a : float = prim::Constant[value=0.]()\n"
        "  %b : float = prim::Constant[value=-0.]()\n"
        "  %c : float = aten::add(%a, %b)\n"
        "  return (%c)\n",
        /* becomes */
        "graph():\n"
        "  %b : float = prim::Constant[value=-0.]()\n"
        "  %a : float = prim::Constant[value=0.]()\n"
        "  %c : float = aten::add(%a, %b)\n"
        "  return (%c)\n");
}

static void merges_constants_and_keeps_their_order(void **state)
{
    (void)state;
    const char *merged =
        "graph(%c : bool):\n"
        "  %two : int = prim::Constant[value=2]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %r : int = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%two)\n"
        "    block1():\n"
        "      -> (%one)\n"
        "  return (%r)\n";
    expect_pass("merge_constants",
        "graph(%c : bool):\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %r : int = prim::If(%c)\n"
        "    block0():\n"
        "      %two : int = prim::Constant[value=2]()\n"
        "      -> (%two)\n"
        "    block1():\n"
        "      %uno : int = prim::Constant[value=1]()\n"
        "      -> (%uno)\n"
        "  return (%r)\n",
        /* becomes */ merged);
    expect_unchanged("merge_constants", merged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_a_sum_of_constants_to_one),
        cmocka_unit_test(leaves_a_cast_that_never_runs),
        cmocka_unit_test(inlines_the_branch_that_is_taken),
        cmocka_unit_test(removes_a_loop_that_never_runs),
        cmocka_unit_test(merges_equal_constants_at_the_top),
        cmocka_unit_test(keeps_negative_zero_apart),
        cmocka_unit_test(merges_constants_and_keeps_their_order),
    };
    return cmocka_run_group_tests_name("opt/constants", tests, NULL, NULL);
}
