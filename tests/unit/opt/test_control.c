/* Passes over control flow: fused ifs, counted loops, order of outputs, unrolling, invariants, tuples. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opt/ir_test.h"

static void fuses_ifs_the_first_decides(void **state)
{
    (void)state;
    expect_pass("fuse_ifs",
        "graph(%c : bool,\n"
        "      %a : int,\n"
        "      %b : int):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %no : bool = prim::Constant[value=0]()\n"
        "  %left : bool, %v : int = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%yes, %a)\n"
        "    block1():\n"
        "      -> (%no, %b)\n"
        "  %r : int = prim::If(%left)\n"
        "    block0():\n"
        "      -> (%v)\n"
        "    block1():\n"
        "      %s : int = aten::add(%v, %b)\n"
        "      -> (%s)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%c : bool,\n"
        "      %a : int,\n"
        "      %b : int):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %no : bool = prim::Constant[value=0]()\n"
        "  %left : bool, %v : int, %r : int = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%yes, %a, %a)\n"
        "    block1():\n"
        "      %s : int = aten::add(%b, %b)\n"
        "      -> (%no, %b, %s)\n"
        "  return (%r)\n");
}

static void counts_by_hand_where_a_loop_also_tests(void **state)
{
    (void)state;
    expect_pass("canonical_loops",
        "graph(%n : int,\n"
        "      %c : bool):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %r : int = prim::Loop(%n, %yes, %n)\n"
        "    block0(%i : int, %p : int):\n"
        "      %s : int = aten::add(%p, %i)\n"
        "      -> (%c, %s)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%n : int,\n"
        "      %c : bool):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %7 : int = prim::Constant[value=0]()\n"
        "  %8 : int = prim::Constant[value=1]()\n"
        "  %9 : bool = aten::gt(%n, %7)\n"
        "  %10 : int = prim::Constant[value=9223372036854775807]()\n"
        "  %r : int, %11 : int = prim::Loop(%10, %9, %n, %7)\n"
        "    block0(%4 : int, %p : int, %12 : int):\n"
        "      %s : int = aten::add(%p, %12)\n"
        "      %13 : int = aten::add(%12, %8)\n"
        "      %14 : bool = aten::lt(%13, %n)\n"
        "      %15 : bool = aten::__and__(%14, %c)\n"
        "      -> (%15, %s, %13)\n"
        "  return (%r)\n");
}

static void orders_outputs_by_first_use(void **state)
{
    (void)state;
    expect_pass("order_outputs",
        "graph(%c : bool,\n"
        "      %a : int,\n"
        "      %b : int):\n"
        "  %x : int, %y : int = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%a, %b)\n"
        "    block1():\n"
        "      -> (%b, %a)\n"
        "  %s : int = aten::add(%y, %x)\n"
        "  return (%s)\n",
        /* becomes */
        "graph(%c : bool,\n"
        "      %a : int,\n"
        "      %b : int):\n"
        "  %y : int, %x : int = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%b, %a)\n"
        "    block1():\n"
        "      -> (%a, %b)\n"
        "  %s : int = aten::add(%y, %x)\n"
        "  return (%s)\n");
}

/* The branches give one constant, but not of the output's type. */
static void keeps_an_if_whose_outputs_are_wider(void **state)
{
    (void)state;
    expect_unchanged("dead_branches",
        "graph(%c : bool):\n"
        "  %y : int? = prim::If(%c)\n"
        "    block0():\n"
        "      %a : int = prim::Constant[value=1]()\n"
        "      -> (%a)\n"
        "    block1():\n"
        "      %b : int = prim::Constant[value=1]()\n"
        "      -> (%b)\n"
        "  return (%y)\n");
}

static void unrolls_a_short_loop(void **state)
{
    (void)state;
    expect_pass("unroll,pool,dce",
        "graph(%x : int):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %n : int = prim::Constant[value=2]()\n"
        "  %r : int = prim::Loop(%n, %yes, %x)\n"
        "    block0(%i : int, %p : int):\n"
        "      %s : int = aten::add(%p, %x)\n"
        "      -> (%yes, %s)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%x : int):\n"
        "  %s.2 : int = aten::add(%x, %x)\n"
        "  %s : int = aten::add(%s.2, %x)\n"
        "  return (%s)\n");
}

static void hoists_what_cannot_fail(void **state)
{
    (void)state;
    expect_pass("hoist",
        "graph(%n : int,\n"
        "      %c : bool):\n"
        "  %r : int = prim::Loop(%n, %c, %n)\n"
        "    block0(%i : int, %p : int):\n"
        "      %k : int = aten::add(%n, %n)\n"
        "      %q : int = aten::floordiv(%n, %n)\n"
        "      %s : int = aten::add(%p, %k)\n"
        "      %t : int = aten::add(%s, %q)\n"
        "      -> (%c, %t)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%n : int,\n"
        "      %c : bool):\n"
        "  %k : int = aten::add(%n, %n)\n"
        "  %r : int = prim::Loop(%n, %c, %n)\n"
        "    block0(%i : int, %p : int):\n"
        "      %q : int = aten::floordiv(%n, %n)\n"
        "      %s : int = aten::add(%p, %k)\n"
        "      %t : int = aten::add(%s, %q)\n"
        "      -> (%c, %t)\n"
        "  return (%r)\n");
}

/* %a[%n] is what the loop comes to first; %a[%i] changes, and what is read behind it might have failed later. */
static void hoists_rows(void **state)
{
    (void)state;
    expect_pass("hoist",
        "graph(%a : int[][],\n"
        "      %n : int):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %r : int = prim::Loop(%n, %yes, %n)\n"
        "    block0(%i : int, %p : int):\n"
        "      %row : int[] = aten::__getitem__(%a, %n)\n"
        "      %x : int = aten::__getitem__(%row, %i)\n"
        "      %column : int[] = aten::__getitem__(%a, %i)\n"
        "      %other : int[] = aten::__getitem__(%a, %zero)\n"
        "      %y : int = aten::__getitem__(%other, %i)\n"
        "      %s : int = aten::add(%x, %y)\n"
        "      -> (%yes, %s)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%a : int[][],\n"
        "      %n : int):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %13 : int = prim::Constant[value=0]()\n"
        "  %14 : bool = aten::gt(%n, %13)\n"
        "  %15 : int[] = prim::If(%14)\n"
        "    block0():\n"
        "      %row : int[] = aten::__getitem__(%a, %n)\n"
        "      -> (%row)\n"
        "    block1():\n"
        "      %16 : int[] = prim::Uninitialized()\n"
        "      -> (%16)\n"
        "  %r : int = prim::Loop(%n, %yes, %n)\n"
        "    block0(%i : int, %p : int):\n"
        "      %x : int = aten::__getitem__(%15, %i)\n"
        "      %column : int[] = aten::__getitem__(%a, %i)\n"
        "      %other : int[] = aten::__getitem__(%a, %zero)\n"
        "      %y : int = aten::__getitem__(%other, %i)\n"
        "      %s : int = aten::add(%x, %y)\n"
        "      -> (%yes, %s)\n"
        "  return (%r)\n");
}

/* A loop that runs for sure needs no test; one that writes to a list keeps its reads. */
static void hoists_rows_of_lists_that_stay(void **state)
{
    (void)state;
    expect_pass("hoist",
        "graph(%n : int):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %nine : int = prim::Constant[value=9]()\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %a : int[] = prim::ListConstruct(%n)\n"
        "  %b : int[] = prim::ListConstruct(%n)\n"
        "  %r : int = prim::Loop(%nine, %yes, %n)\n"
        "    block0(%i : int, %p : int):\n"
        "      %x : int = aten::__getitem__(%a, %zero)\n"
        "      %y : int = aten::__getitem__(%b, %zero)\n"
        "      %s : int = aten::add(%x, %y)\n"
        "      %c : int[] = aten::_set_item(%b, %zero, %s)\n"
        "      -> (%yes, %s)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%n : int):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %nine : int = prim::Constant[value=9]()\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %a : int[] = prim::ListConstruct(%n)\n"
        "  %b : int[] = prim::ListConstruct(%n)\n"
        "  %x : int = aten::__getitem__(%a, %zero)\n"
        "  %r : int = prim::Loop(%nine, %yes, %n)\n"
        "    block0(%i : int, %p : int):\n"
        "      %y : int = aten::__getitem__(%b, %zero)\n"
        "      %s : int = aten::add(%x, %y)\n"
        "      %c : int[] = aten::_set_item(%b, %zero, %s)\n"
        "      -> (%yes, %s)\n"
        "  return (%r)\n");
}

/* The tuple is only taken apart in the loop. */
static void carries_elements_through_a_loop(void **state)
{
    (void)state;
    expect_pass("carried_tuples",
        "graph(%n : int,\n"
        "      %x : float,\n"
        "      %t.1 : (int, float)):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %t : (int, float) = prim::Loop(%n, %yes, %t.1)\n"
        "    block0(%i : int, %p : (int, float)):\n"
        "      %a : int = prim::TupleIndex(%p, %zero)\n"
        "      %b : int = aten::add(%a, %i)\n"
        "      %q : (int, float) = prim::TupleConstruct(%b, %x)\n"
        "      -> (%yes, %q)\n"
        "  return (%t)\n",
        /* becomes */
        "graph(%n : int,\n"
        "      %x : float,\n"
        "      %t.1 : (int, float)):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %11 : int, %12 : float = prim::TupleUnpack(%t.1)\n"
        "  %14 : int, %16 : float = prim::Loop(%n, %yes, %11, %12)\n"
        "    block0(%i : int, %13 : int, %15 : float):\n"
        "      %17 : (int, float) = prim::TupleConstruct(%13, %15)\n"
        "      %a : int = prim::TupleIndex(%17, %zero)\n"
        "      %b : int = aten::add(%a, %i)\n"
        "      %q : (int, float) = prim::TupleConstruct(%b, %x)\n"
        "      -> (%yes, %b, %x)\n"
        "  %t : (int, float) = prim::TupleConstruct(%14, %16)\n"
        "  return (%t)\n");
}

/* Both branches build it. */
static void carries_elements_out_of_branches(void **state)
{
    (void)state;
    expect_pass("carried_tuples",
        "graph(%c : bool,\n"
        "      %x : int,\n"
        "      %y : float):\n"
        "  %t : (int, float), %k : int = prim::If(%c)\n"
        "    block0():\n"
        "      %p : (int, float) = prim::TupleConstruct(%x, %y)\n"
        "      -> (%p, %x)\n"
        "    block1():\n"
        "      %z : int = aten::add(%x, %x)\n"
        "      %q : (int, float) = prim::TupleConstruct(%z, %y)\n"
        "      -> (%q, %z)\n"
        "  %r : ((int, float), int) = prim::TupleConstruct(%t, %k)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%c : bool,\n"
        "      %x : int,\n"
        "      %y : float):\n"
        "  %k : int, %9 : int, %10 : float = prim::If(%c)\n"
        "    block0():\n"
        "      %p : (int, float) = prim::TupleConstruct(%x, %y)\n"
        "      -> (%x, %x, %y)\n"
        "    block1():\n"
        "      %z : int = aten::add(%x, %x)\n"
        "      %q : (int, float) = prim::TupleConstruct(%z, %y)\n"
        "      -> (%z, %z, %y)\n"
        "  %t : (int, float) = prim::TupleConstruct(%9, %10)\n"
        "  %r : ((int, float), int) = prim::TupleConstruct(%t, %k)\n"
        "  return (%r)\n");
}

/* A list takes the tuple as it is. */
static void keeps_a_tuple_that_is_used_whole(void **state)
{
    (void)state;
    expect_unchanged("carried_tuples",
        "graph(%n : int,\n"
        "      %t.1 : (int, int)):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %all : (int, int)[] = prim::ListConstruct()\n"
        "  %t : (int, int) = prim::Loop(%n, %yes, %t.1)\n"
        "    block0(%i : int, %p : (int, int)):\n"
        "      %all.1 : (int, int)[] = aten::append(%all, %p)\n"
        "      %a : int = prim::TupleIndex(%p, %zero)\n"
        "      %q : (int, int) = prim::TupleConstruct(%a, %i)\n"
        "      -> (%yes, %q)\n"
        "  return (%all)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fuses_ifs_the_first_decides),
        cmocka_unit_test(counts_by_hand_where_a_loop_also_tests),
        cmocka_unit_test(orders_outputs_by_first_use),
        cmocka_unit_test(keeps_an_if_whose_outputs_are_wider),
        cmocka_unit_test(unrolls_a_short_loop),
        cmocka_unit_test(hoists_what_cannot_fail),
        cmocka_unit_test(hoists_rows),
        cmocka_unit_test(hoists_rows_of_lists_that_stay),
        cmocka_unit_test(carries_elements_through_a_loop),
        cmocka_unit_test(carries_elements_out_of_branches),
        cmocka_unit_test(keeps_a_tuple_that_is_used_whole),
    };
    return cmocka_run_group_tests_name("opt/control", tests, NULL, NULL);
}
