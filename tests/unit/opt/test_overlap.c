/* Overlap: which forked calls run beside their caller, and where it waits for them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opt/ir_test.h"

static void lets_a_pure_body_run_beside_its_caller(void **state)
{
    (void)state;
    expect_pass("overlap",
        "graph(%x : Tensor):\n"
        "  %f : Future[Tensor] = prim::fork_0(%x)\n"
        "  %y : Tensor = aten::sigmoid(%x)\n"
        "  %z : Tensor = aten::wait(%f)\n"
        "  return (%y, %z)\n"
        "with prim::fork_0 = graph(%x : Tensor):\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  return (%y)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  %f : Future[Tensor] = prim::fork_0[overlaps=1](%x)\n"
        "  %y : Tensor = aten::sigmoid(%x)\n"
        "  %z : Tensor = aten::wait(%f)\n"
        "   = prim::join()\n"
        "  return (%y, %z)\n"
        "with prim::fork_0 = graph(%x : Tensor):\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  return (%y)\n");
}

static void runs_a_body_in_its_place_that_prints_draws_or_writes(void **state)
{
    (void)state;
    expect_unchanged("overlap",
        "graph(%x : Tensor,\n"
        "      %l : int[],\n"
        "      %i : int):\n"
        "  %f : Future[Tensor] = prim::fork_0(%x)\n"
        "  %g : Future[Tensor] = prim::fork_1(%x)\n"
        "  %h : Future[Tensor] = prim::fork_2(%x)\n"
        "  %j : Future[int[]] = prim::fork_3(%l, %i)\n"
        "  return (%f, %g, %h, %j)\n"
        "with prim::fork_0 = graph(%x : Tensor):\n"
        "   = prim::Print(%x)\n"
        "  return (%x)\n"
        "with prim::fork_1 = graph(%x : Tensor):\n"
        "  %n : NoneType = prim::Constant()\n"
        "  %y : Tensor = aten::rand_like(%x, %n, %n, %n, %n, %n)\n"
        "  return (%y)\n"
        "with prim::fork_2 = graph(%x : Tensor):\n"
        "  %y : Tensor = aten::relu_(%x)\n"
        "  return (%y)\n"
        "with prim::fork_3 = graph(%l : int[],\n"
        "      %i : int):\n"
        "  %m : int[] = aten::append(%l, %i)\n"
        "  return (%m)\n");
}

static void a_body_may_write_to_what_it_made(void **state)
{
    (void)state;
    expect_pass("overlap",
        "graph(%x : Tensor):\n"
        "  %f : Future[Tensor[]] = prim::fork_0(%x)\n"
        "  return (%f)\n"
        "with prim::fork_0 = graph(%x : Tensor):\n"
        "  %y : Tensor = aten::sigmoid(%x)\n"
        "  %z : Tensor = aten::relu_(%y)\n"
        "  %l : Tensor[] = prim::ListConstruct()\n"
        "  %m : Tensor[] = aten::append(%l, %x)\n"
        "  return (%l)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  %f : Future[Tensor[]] = prim::fork_0[overlaps=1](%x)\n"
        "   = prim::join()\n"
        "  return (%f)\n"
        "with prim::fork_0 = graph(%x : Tensor):\n"
        "  %y : Tensor = aten::sigmoid(%x)\n"
        "  %z : Tensor = aten::relu_(%y)\n"
        "  %l : Tensor[] = prim::ListConstruct()\n"
        "  %m : Tensor[] = aten::append(%l, %x)\n"
        "  return (%l)\n");
}

static void the_caller_waits_before_it_writes_to_what_a_body_reads(void **state)
{
    (void)state;
    expect_pass("overlap",
        "graph(%x : Tensor):\n"
        "  %fresh : Tensor = aten::sigmoid(%x)\n"
        "  %f : Future[Tensor] = prim::fork_0(%x)\n"
        "  %own : Tensor = aten::neg_(%fresh)\n"
        "  %y : Tensor = aten::relu_(%x)\n"
        "  %again : Tensor = aten::neg_(%x)\n"
        "  return (%f)\n"
        "with prim::fork_0 = graph(%x : Tensor):\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  return (%y)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  %fresh : Tensor = aten::sigmoid(%x)\n"
        "  %f : Future[Tensor] = prim::fork_0[overlaps=1](%x)\n"
        "  %own : Tensor = aten::neg_(%fresh)\n"
        "   = prim::join()\n"
        "  %y : Tensor = aten::relu_(%x)\n"
        "  %again : Tensor = aten::neg_(%x)\n"
        "  return (%f)\n"
        "with prim::fork_0 = graph(%x : Tensor):\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  return (%y)\n");
}

static void a_list_of_futures_is_no_reason_to_wait(void **state)
{
    (void)state;
    expect_pass("overlap",
        "graph(%x : Tensor,\n"
        "      %n : int):\n"
        "  %t : bool = prim::Constant[value=1]()\n"
        "  %l : Future[Tensor][] = prim::ListConstruct()\n"
        "   = prim::Loop(%n, %t)\n"
        "    block0(%i : int):\n"
        "      %f : Future[Tensor] = prim::fork_0(%x)\n"
        "      %m : Future[Tensor][] = aten::append(%l, %f)\n"
        "      -> (%t)\n"
        "  return (%l)\n"
        "with prim::fork_0 = graph(%x : Tensor):\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  return (%y)\n",
        /* becomes */
        "graph(%x : Tensor,\n"
        "      %n : int):\n"
        "  %t : bool = prim::Constant[value=1]()\n"
        "  %l : Future[Tensor][] = prim::ListConstruct()\n"
        "   = prim::Loop(%n, %t)\n"
        "    block0(%i : int):\n"
        "      %f : Future[Tensor] = prim::fork_0[overlaps=1](%x)\n"
        "      %m : Future[Tensor][] = aten::append(%l, %f)\n"
        "      -> (%t)\n"
        "   = prim::join()\n"
        "  return (%l)\n"
        "with prim::fork_0 = graph(%x : Tensor):\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  return (%y)\n");
}

static void a_list_that_a_body_reads_is(void **state)
{
    (void)state;
    expect_pass("overlap",
        "graph(%l : Tensor[],\n"
        "      %i : int):\n"
        "  %f : Future[Tensor] = prim::fork_0(%l, %i)\n"
        "   = aten::clear(%l)\n"
        "  return (%f)\n"
        "with prim::fork_0 = graph(%l : Tensor[],\n"
        "      %i : int):\n"
        "  %y : Tensor = aten::cat(%l, %i)\n"
        "  return (%y)\n",
        /* becomes */
        "graph(%l : Tensor[],\n"
        "      %i : int):\n"
        "  %f : Future[Tensor] = prim::fork_0[overlaps=1](%l, %i)\n"
        "   = prim::join()\n"
        "   = aten::clear(%l)\n"
        "  return (%f)\n"
        "with prim::fork_0 = graph(%l : Tensor[],\n"
        "      %i : int):\n"
        "  %y : Tensor = aten::cat(%l, %i)\n"
        "  return (%y)\n");
}

static void a_few_scalars_are_not_worth_a_thread(void **state)
{
    (void)state;
    expect_unchanged("overlap",
        "graph(%i : int):\n"
        "  %f : Future[int] = prim::fork_0(%i)\n"
        "  %j : int = aten::wait(%f)\n"
        "  return (%j)\n"
        "with prim::fork_0 = graph(%i : int):\n"
        "  %j : int = aten::add(%i, %i)\n"
        "  return (%j)\n");
}

static void joins_without_a_reason_go(void **state)
{
    (void)state;
    expect_pass("overlap",
        "graph(%x : Tensor):\n"
        "   = prim::join()\n"
        "  %y : Tensor = aten::relu_(%x)\n"
        "   = prim::join()\n"
        "  return (%y)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  %y : Tensor = aten::relu_(%x)\n"
        "  return (%y)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_a_pure_body_run_beside_its_caller),
        cmocka_unit_test(runs_a_body_in_its_place_that_prints_draws_or_writes),
        cmocka_unit_test(a_body_may_write_to_what_it_made),
        cmocka_unit_test(the_caller_waits_before_it_writes_to_what_a_body_reads),
        cmocka_unit_test(a_list_of_futures_is_no_reason_to_wait),
        cmocka_unit_test(a_list_that_a_body_reads_is),
        cmocka_unit_test(a_few_scalars_are_not_worth_a_thread),
        cmocka_unit_test(joins_without_a_reason_go),
    };
    return cmocka_run_group_tests_name("opt/overlap", tests, NULL, NULL);
}
