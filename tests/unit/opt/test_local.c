/* Local rewrites: tuples, peephole rules, common subexpressions, aliases of operators. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opt/ir_test.h"

static void takes_elements_past_a_tuple(void **state)
{
    (void)state;
    expect_pass("tuples,dce",
        "graph(%a : int,\n"
        "      %b : int):\n"
        "  %t : (int, int) = prim::TupleConstruct(%a, %b)\n"
        "  %x : int, %y : int = prim::TupleUnpack(%t)\n"
        "  %s : int = aten::add(%y, %x)\n"
        "  return (%s)\n",
        /* becomes */
        "graph(%a : int,\n"
        "      %b : int):\n"
        "  %s : int = aten::add(%b, %a)\n"
        "  return (%s)\n");
}

static void reads_through_a_list_nobody_changes(void **state)
{
    (void)state;
    expect_pass("peephole,dce",
        "graph(%a : int,\n"
        "      %b : int):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %l : int[] = prim::ListConstruct(%a, %b)\n"
        "  %x : int = aten::__getitem__(%l, %zero)\n"
        "  return (%x)\n",
        /* becomes */
        "graph(%a : int,\n"
        "      %b : int):\n"
        "  return (%a)\n");
}

static void leaves_a_list_that_is_changed(void **state)
{
    (void)state;
    expect_unchanged("peephole",
        "graph(%a : int,\n"
        "      %b : int):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %l : int[] = prim::ListConstruct(%a, %b)\n"
        "  %m : int[] = aten::append(%l, %b)\n"
        "  %n : int = aten::len(%l)\n"
        "  return (%n)\n");
}

static void computes_equal_things_once(void **state)
{
    (void)state;
    expect_pass("cse",
        "graph(%a : int,\n"
        "      %c : bool):\n"
        "  %x : int = aten::add(%a, %a)\n"
        "  %r : int = prim::If(%c)\n"
        "    block0():\n"
        "      %y : int = aten::add(%a, %a)\n"
        "      -> (%y)\n"
        "    block1():\n"
        "      -> (%x)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%a : int,\n"
        "      %c : bool):\n"
        "  %x : int = aten::add(%a, %a)\n"
        "  %r : int = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%x)\n"
        "    block1():\n"
        "      -> (%x)\n"
        "  return (%r)\n");
}

static void keeps_two_tensors_when_one_is_written(void **state)
{
    (void)state;
    expect_unchanged("cse",
        "graph(%x : Tensor):\n"
        "  %a : Tensor = aten::sigmoid(%x)\n"
        "  %b : Tensor = aten::sigmoid(%x)\n"
        "  %c : Tensor = aten::relu_(%a)\n"
        "  %d : Tensor = aten::mul(%b, %c)\n"
        "  return (%d)\n");
}

static void branches_do_not_see_each_other(void **state)
{
    (void)state;
    expect_unchanged("cse",
        "graph(%a : int,\n"
        "      %c : bool):\n"
        "  %r : int = prim::If(%c)\n"
        "    block0():\n"
        "      %y : int = aten::add(%a, %a)\n"
        "      -> (%y)\n"
        "    block1():\n"
        "      %z : int = aten::add(%a, %a)\n"
        "      -> (%z)\n"
        "  return (%r)\n");
}

static void names_aliases_by_their_common_name(void **state)
{
    (void)state;
    expect_pass("normalise",
        "graph(%x : Tensor):\n"
        "  %y : Tensor = aten::absolute(%x)\n"
        "  return (%y)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  %y : Tensor = aten::abs(%x)\n"
        "  return (%y)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_elements_past_a_tuple),
        cmocka_unit_test(reads_through_a_list_nobody_changes),
        cmocka_unit_test(leaves_a_list_that_is_changed),
        cmocka_unit_test(computes_equal_things_once),
        cmocka_unit_test(keeps_two_tensors_when_one_is_written),
        cmocka_unit_test(branches_do_not_see_each_other),
        cmocka_unit_test(names_aliases_by_their_common_name),
    };
    return cmocka_run_group_tests_name("opt/local", tests, NULL, NULL);
}
