/* Loops in rounds of eight turns. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opt/ir_test.h"

/* The way of few turns is the loop as it was; running the pass again divides nothing. */
static void divides_a_loop(void **state)
{
    (void)state;
    expect_pass("rounds,rounds,pool",
        "graph(%n : int,\n"
        "      %x : int):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %r : int = prim::Loop(%n, %yes, %x)\n"
        "    block0(%i : int, %p : int):\n"
        "      %s : int = aten::add(%p, %n)\n"
        "      -> (%yes, %s)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%n : int,\n"
        "      %x : int):\n"
        "  %10 : int = prim::Constant[value=8]()\n"
        "  %7 : int = prim::Constant[value=32]()\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %8 : bool = aten::ge(%n, %7)\n"
        "  %9 : int = prim::If(%8)\n"
        "    block0():\n"
        "      %11 : int = aten::floordiv(%n, %10)\n"
        "      %13 : int = aten::mul(%11, %10)\n"
        "      %14 : int = aten::sub(%n, %13)\n"
        "      %16 : int = prim::Loop[rounds=8](%11, %yes, %x)\n"
        "        block0(%15 : int, %17 : int):\n"
        "          %s.2 : int = aten::add(%17, %n)\n"
        "          %s.3 : int = aten::add(%s.2, %n)\n"
        "          %s.4 : int = aten::add(%s.3, %n)\n"
        "          %s.5 : int = aten::add(%s.4, %n)\n"
        "          %s.6 : int = aten::add(%s.5, %n)\n"
        "          %s.7 : int = aten::add(%s.6, %n)\n"
        "          %s.8 : int = aten::add(%s.7, %n)\n"
        "          %s.9 : int = aten::add(%s.8, %n)\n"
        "          -> (%yes, %s.9)\n"
        "      %27 : int = prim::Loop[rounds=8](%14, %yes, %16)\n"
        "        block0(%26 : int, %28 : int):\n"
        "          %s : int = aten::add(%28, %n)\n"
        "          -> (%yes, %s)\n"
        "      -> (%27)\n"
        "    block1():\n"
        "      %r : int = prim::Loop[rounds=8](%n, %yes, %x)\n"
        "        block0(%i : int, %p : int):\n"
        "          %s.1 : int = aten::add(%p, %n)\n"
        "          -> (%yes, %s.1)\n"
        "      -> (%r)\n"
        "  return (%9)\n");
}

/* A trip count that is a multiple of eight, and the index of a range. */
static void steps_through_a_range(void **state)
{
    (void)state;
    expect_pass("rounds,pool",
        "graph(%xs : int[],\n"
        "      %step : int):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %n : int = prim::Constant[value=40]()\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "   = prim::Loop(%n, %yes)\n"
        "    block0(%i : int):\n"
        "      %j : int = aten::__derive_index(%i, %zero, %step)\n"
        "      %ys : int[] = aten::_set_item(%xs, %j, %zero)\n"
        "      -> (%yes)\n"
        "  return (%xs)\n",
        /* becomes */
        "graph(%xs : int[],\n"
        "      %step : int):\n"
        "  %44 : int = prim::Constant[value=7]()\n"
        "  %39 : int = prim::Constant[value=6]()\n"
        "  %29 : int = prim::Constant[value=4]()\n"
        "  %24 : int = prim::Constant[value=3]()\n"
        "  %19 : int = prim::Constant[value=2]()\n"
        "  %14 : int = prim::Constant[value=1]()\n"
        "  %10 : int = prim::Constant[value=8]()\n"
        "  %8 : int = prim::Constant[value=5]()\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %n : int = prim::Constant[value=40]()\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "   = prim::Loop[rounds=8](%8, %yes)\n"
        "    block0(%9 : int):\n"
        "      %11 : int = aten::mul(%9, %10)\n"
        "      %j.2 : int = aten::__derive_index(%11, %zero, %step)\n"
        "      %ys.2 : int[] = aten::_set_item(%xs, %j.2, %zero)\n"
        "      %18 : int = aten::add(%j.2, %step)\n"
        "      %ys.3 : int[] = aten::_set_item(%xs, %18, %zero)\n"
        "      %23 : int = aten::add(%18, %step)\n"
        "      %ys.4 : int[] = aten::_set_item(%xs, %23, %zero)\n"
        "      %28 : int = aten::add(%23, %step)\n"
        "      %ys.5 : int[] = aten::_set_item(%xs, %28, %zero)\n"
        "      %33 : int = aten::add(%28, %step)\n"
        "      %ys.6 : int[] = aten::_set_item(%xs, %33, %zero)\n"
        "      %38 : int = aten::add(%33, %step)\n"
        "      %ys.7 : int[] = aten::_set_item(%xs, %38, %zero)\n"
        "      %43 : int = aten::add(%38, %step)\n"
        "      %ys.8 : int[] = aten::_set_item(%xs, %43, %zero)\n"
        "      %48 : int = aten::add(%43, %step)\n"
        "      %ys : int[] = aten::_set_item(%xs, %48, %zero)\n"
        "      -> (%yes)\n"
        "  return (%xs)\n");
}

/* Tensors, loops that also test, and few turns. */
static void leaves_other_loops(void **state)
{
    (void)state;
    const char *graph =
        "graph(%n : int,\n"
        "      %x : Tensor,\n"
        "      %c : bool,\n"
        "      %a : int):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %few : int = prim::Constant[value=31]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %r : Tensor = prim::Loop(%n, %yes, %x)\n"
        "    block0(%i : int, %p : Tensor):\n"
        "      %s : Tensor = aten::add(%p, %p, %one)\n"
        "      -> (%yes, %s)\n"
        "  %d : int = prim::Loop(%n, %c, %a)\n"
        "    block0(%j : int, %q : int):\n"
        "      %t : int = aten::add(%q, %n)\n"
        "      -> (%c, %t)\n"
        "  %e : int = prim::Loop(%few, %yes, %d)\n"
        "    block0(%k : int, %u : int):\n"
        "      %v : int = aten::add(%u, %n)\n"
        "      -> (%yes, %v)\n"
        "  return (%r, %e)\n";
    expect_pass("rounds", graph, graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divides_a_loop),
        cmocka_unit_test(steps_through_a_range),
        cmocka_unit_test(leaves_other_loops),
    };
    return cmocka_run_group_tests_name("opt/rounds", tests, NULL, NULL);
}
