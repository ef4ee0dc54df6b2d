/* Dead code elimination: what goes, and what must stay. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opt/ir_test.h"

static void removes_a_chain_nobody_reads(void **state)
{
    (void)state;
    expect_pass("dce",
        "graph(%x : Tensor):\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  %z : Tensor = aten::sigmoid(%y)\n"
        "  return (%x)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  return (%x)\n");
}

static void keeps_what_prints_or_writes_outside(void **state)
{
    (void)state;
    expect_unchanged("dce",
        "graph(%x : Tensor):\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "   = prim::Print(%y)\n"
        "  %z : Tensor = aten::relu_(%x)\n"
        "  return (%y)\n");
}

static void drops_writes_to_memory_nobody_reads(void **state)
{
    (void)state;
    expect_pass("dce",
        "graph(%x : Tensor):\n"
        "  %y : Tensor = aten::sigmoid(%x)\n"
        "  %z : Tensor = aten::relu_(%y)\n"
        "  return (%x)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  return (%x)\n");
}

static void keeps_writes_through_a_view(void **state)
{
    (void)state;
    expect_unchanged("dce",
        "graph(%x : Tensor,\n"
        "      %d : int):\n"
        "  %y : Tensor = aten::sigmoid(%x)\n"
        "  %row : Tensor = aten::select(%y, %d, %d)\n"
        "  %z : Tensor = aten::relu_(%row)\n"
        "  return (%y)\n");
}

static void keeps_writes_to_an_element_of_a_list(void **state)
{
    (void)state;
    expect_unchanged("dce",
        "graph(%x : Tensor,\n"
        "      %d : int):\n"
        "  %y : Tensor = aten::sigmoid(%x)\n"
        "  %l : Tensor[] = prim::ListConstruct(%y)\n"
        "  %e : Tensor = aten::__getitem__(%l, %d)\n"
        "  %z : Tensor = aten::relu_(%e)\n"
        "  return (%y)\n");
}

static void drops_carried_values_that_feed_themselves(void **state)
{
    (void)state;
    expect_pass("dce",
        "graph(%n : int,\n"
        "      %c : bool):\n"
        "  %a : int, %b : int = prim::Loop(%n, %c, %n, %n)\n"
        "    block0(%i : int, %p : int, %q : int):\n"
        "      %r : int = aten::add(%p, %i)\n"
        "      %s : int = aten::add(%q, %i)\n"
        "      -> (%c, %r, %s)\n"
        "  return (%a)\n",
        /* becomes */
        "graph(%n : int,\n"
        "      %c : bool):\n"
        "  %a : int = prim::Loop(%n, %c, %n)\n"
        "    block0(%i : int, %p : int):\n"
        "      %r : int = aten::add(%p, %i)\n"
        "      -> (%c, %r)\n"
        "  return (%a)\n");
}

static void keeps_an_if_that_raises_inside(void **state)
{
    (void)state;
    expect_pass("dce",
        "graph(%c : bool,\n"
        "      %m : str,\n"
        "      %n : int):\n"
        "  %r : int = prim::If(%c)\n"
        "    block0():\n"
        "      %u : int = aten::add(%n, %n)\n"
        "      -> (%u)\n"
        "    block1():\n"
        "       = prim::RaiseException(%m, %m)\n"
        "      -> (%n)\n"
        "  return (%n)\n",
        /* becomes */
        "graph(%c : bool,\n"
        "      %m : str,\n"
        "      %n : int):\n"
        "   = prim::If(%c)\n"
        "    block0():\n"
        "      -> ()\n"
        "    block1():\n"
        "       = prim::RaiseException(%m, %m)\n"
        "      -> ()\n"
        "  return (%n)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removes_a_chain_nobody_reads),
        cmocka_unit_test(keeps_what_prints_or_writes_outside),
        cmocka_unit_test(drops_writes_to_memory_nobody_reads),
        cmocka_unit_test(keeps_writes_through_a_view),
        cmocka_unit_test(keeps_writes_to_an_element_of_a_list),
        cmocka_unit_test(drops_carried_values_that_feed_themselves),
        cmocka_unit_test(keeps_an_if_that_raises_inside),
    };
    return cmocka_run_group_tests_name("opt/dce", tests, NULL, NULL);
}
