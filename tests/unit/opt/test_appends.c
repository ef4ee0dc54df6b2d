/* Lists that only grow become literals where they are read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opt/ir_test.h"

static void each_reader_gets_what_the_list_holds(void **state)
{
    (void)state;
    expect_pass("appends,dce",
        "graph(%a : Tensor,\n"
        "      %b : Tensor):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %l : Tensor[] = prim::ListConstruct(%a)\n"
        "  %x : Tensor = aten::cat(%l, %zero)\n"
        "  %m : Tensor[] = aten::append(%l, %b)\n"
        "  %y : Tensor = aten::cat(%l, %zero)\n"
        "  %n : Tensor[] = aten::append(%l, %y)\n"
        "  %z : Tensor = aten::stack(%l, %zero)\n"
        "  %s : Tensor = aten::matmul(%x, %z)\n"
        "  return (%s)\n",
        /* becomes */
        "graph(%a : Tensor,\n"
        "      %b : Tensor):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %10 : Tensor[] = prim::ListConstruct(%a)\n"
        "  %x : Tensor = aten::cat(%10, %zero)\n"
        "  %11 : Tensor[] = prim::ListConstruct(%a, %b)\n"
        "  %y : Tensor = aten::cat(%11, %zero)\n"
        "  %12 : Tensor[] = prim::ListConstruct(%a, %b, %y)\n"
        "  %z : Tensor = aten::stack(%12, %zero)\n"
        "  %s : Tensor = aten::matmul(%x, %z)\n"
        "  return (%s)\n");
}

static void elements_are_read_past_it(void **state)
{
    (void)state;
    expect_pass("appends,peephole,dce",
        "graph(%a : Tensor,\n"
        "      %b : Tensor):\n"
        "  %last : int = prim::Constant[value=-1]()\n"
        "  %l : Tensor[] = prim::ListConstruct()\n"
        "  %m : Tensor[] = aten::append(%l, %a)\n"
        "  %n : Tensor[] = aten::append(%l, %b)\n"
        "  %x : Tensor = aten::__getitem__(%l, %last)\n"
        "  %y : Tensor, %z : Tensor = prim::ListUnpack(%l)\n"
        "  %s : Tensor = aten::matmul(%x, %y)\n"
        "  return (%s)\n",
        /* becomes */
        "graph(%a : Tensor,\n"
        "      %b : Tensor):\n"
        "  %s : Tensor = aten::matmul(%b, %a)\n"
        "  return (%s)\n");
}

static void a_reader_in_a_block_gets_it_made_outside(void **state)
{
    (void)state;
    expect_pass("appends,dce",
        "graph(%a : Tensor,\n"
        "      %c : bool):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %l : Tensor[] = prim::ListConstruct(%a)\n"
        "  %m : Tensor[] = aten::append(%l, %a)\n"
        "  %r : Tensor = prim::If(%c)\n"
        "    block0():\n"
        "      %x : Tensor = aten::cat(%l, %zero)\n"
        "      -> (%x)\n"
        "    block1():\n"
        "      -> (%a)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%a : Tensor,\n"
        "      %c : bool):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %7 : Tensor[] = prim::ListConstruct(%a, %a)\n"
        "  %r : Tensor = prim::If(%c)\n"
        "    block0():\n"
        "      %x : Tensor = aten::cat(%7, %zero)\n"
        "      -> (%x)\n"
        "    block1():\n"
        "      -> (%a)\n"
        "  return (%r)\n");
}

static void who_sees_the_list_keeps_it(void **state)
{
    (void)state;
    expect_unchanged("appends", /* returned */
        "graph(%a : Tensor):\n"
        "  %l : Tensor[] = prim::ListConstruct()\n"
        "  %m : Tensor[] = aten::append(%l, %a)\n"
        "  return (%l)\n");
    expect_unchanged("appends", /* changed otherwise */
        "graph(%a : Tensor):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %l : Tensor[] = prim::ListConstruct(%a)\n"
        "  %m : Tensor[] = aten::append(%l, %a)\n"
        "  %e : Tensor = aten::pop(%l, %zero)\n"
        "  %x : Tensor = aten::cat(%l, %zero)\n"
        "  return (%x)\n");
    expect_unchanged("appends", /* held by a tuple */
        "graph(%a : Tensor):\n"
        "  %l : Tensor[] = prim::ListConstruct(%a)\n"
        "  %t : (Tensor[], Tensor) = prim::TupleConstruct(%l, %a)\n"
        "  %m : Tensor[] = aten::append(%l, %a)\n"
        "  return (%t)\n");
}

static void what_grows_in_a_branch_stays(void **state)
{
    (void)state;
    expect_unchanged("appends",
        "graph(%a : Tensor,\n"
        "      %c : bool):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %l : Tensor[] = prim::ListConstruct(%a)\n"
        "   = prim::If(%c)\n"
        "    block0():\n"
        "      %m : Tensor[] = aten::append(%l, %a)\n"
        "      -> ()\n"
        "    block1():\n"
        "      -> ()\n"
        "  %x : Tensor = aten::cat(%l, %zero)\n"
        "  return (%x)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reader_gets_what_the_list_holds),
        cmocka_unit_test(elements_are_read_past_it),
        cmocka_unit_test(a_reader_in_a_block_gets_it_made_outside),
        cmocka_unit_test(who_sees_the_list_keeps_it),
        cmocka_unit_test(what_grows_in_a_branch_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
