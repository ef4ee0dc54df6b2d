/* tests/unit/vm/test_run.c: programs in IR text: control flow, containers, calls, limits,
 * unwinding. Built twice, with the label table and with the switch. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/vm/vm_test.h"

/* ---- scalars and control flow -----------------------------------------------------------------
 */
TEST(computes_scalars)
{
    BEGIN;
    expect_result(&x,
        "graph(%a : int, %b : int):\n"
        "  %c : int = aten::add(%a, %b)\n"
        "  %d : int = aten::floordiv(%c, %b)\n"
        "  %e : int = aten::remainder(%c, %b)\n"
        "  %f : float = aten::div(%a, %b)\n"
        "  %t : (int, int, int, float) = prim::TupleConstruct(%c, %d, %e, %f)\n"
        "  return (%t)\n", ARGS(VALUE_INT_V(-10), VALUE_INT_V(4)), "(-6, -2, 2, -2.5)");
    END;
}

TEST(computes_with_constants)
{
    BEGIN;
    const char *ir =
        "graph(%a : int):\n"
        "  %eight : int = prim::Constant[value=8]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %b : int = aten::floordiv(%a, %eight)\n"
        "  %c : int = aten::remainder(%a, %eight)\n"
        "  %d : int = aten::remainder(%a, %one)\n"
        "  %e : int = aten::add(%a, %one)\n"
        "  %f : int = aten::sub(%a, %eight)\n"
        "  %t : (int, int, int, int, int) = prim::TupleConstruct(%b, %c, %d, %e, %f)\n"
        "  return (%t)\n";
    expect_result(&x, ir, ARGS(VALUE_INT_V(17)), "(2, 1, 0, 18, 9)");
    expect_result(&x, ir, ARGS(VALUE_INT_V(-17)), "(-3, 7, 0, -16, -25)");
    END;
}

TEST(adds_products)
{
    BEGIN;
    expect_result(&x,
        "graph(%a : int, %b : int, %x : float):\n"
        "  %c : int = aten::mul(%a, %b)\n"
        "  %d : int = aten::add(%b, %c)\n" // %b takes part in both
        "  %e : int = aten::mul(%d, %d)\n"
        "  %f : int = aten::add(%e, %e)\n" // a product read twice is one of its own
        "  %y : float = aten::mul(%x, %x)\n"
        "  %z : float = aten::add(%y, %x)\n" // rounded twice: no fused multiply-add
        "  %t : (int, int, float) = prim::TupleConstruct(%d, %f, %z)\n"
        "  return (%t)\n", ARGS(VALUE_INT_V(3), VALUE_INT_V(-5), VALUE_FLOAT_V(0.1)),
        "(-20, 800, 0.11000000000000001)");
    END;
}

/* Two sums are one instruction where the second adds what the first did; of a chain each second one. */
TEST(adds_twice)
{
    BEGIN;
    expect_result(&x,
        "graph(%n : int, %a : int, %b : int):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %p : int, %q : int = prim::Loop(%n, %yes, %a, %b)\n"
        "    block0(%i : int, %u : int, %v : int):\n"
        "      %c : int = aten::add(%u, %v)\n"
        "      %d : int = aten::add(%v, %c)\n"
        "      %e : int = aten::add(%d, %c)\n"
        "      -> (%yes, %d, %e)\n"
        "  %f : int = aten::add(%p, %p)\n"
        "  %g : int = aten::add(%f, %p)\n"
        "  %h : int = aten::add(%g, %g)\n" // not what was added before
        "  %t : (int, int, int, int) = prim::TupleConstruct(%p, %q, %g, %h)\n"
        "  return (%t)\n", ARGS(VALUE_INT_V(3), VALUE_INT_V(0), VALUE_INT_V(1)), "(34, 55, 102, 204)");
    END;
}

/* Products wait for the sum that reads them: what changes in between must not be seen. */
TEST(adds_products_later)
{
    BEGIN;
    expect_result(&x,
        "graph(%n : int, %a : int, %b : int):\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %p : int, %q : int = prim::Loop(%n, %yes, %a, %b)\n"
        "    block0(%i : int, %u : int, %v : int):\n"
        "      %uv : int = aten::mul(%u, %v)\n"
        "      %w : int = aten::sub(%v, %i)\n" // the next %v
        "      %vw : int = aten::mul(%v, %w)\n"
        "      %both : int = aten::add(%vw, %uv)\n" // one of them waits
        "      -> (%yes, %both, %w)\n"
        "  %t : (int, int) = prim::TupleConstruct(%p, %q)\n"
        "  return (%t)\n", ARGS(VALUE_INT_V(3), VALUE_INT_V(2), VALUE_INT_V(5)), "(788, 2)");
    END;
}

/* One instruction looks up the list and the element in it; a list that somebody else reads is looked up by itself. */
TEST(looks_into_inner_lists)
{
    BEGIN;
    const char *ir =
        "graph(%i : int, %j : int):\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %two : int = prim::Constant[value=2]()\n"
        "  %a : int[] = prim::ListConstruct(%one, %two)\n"
        "  %b : int[] = prim::ListConstruct(%two)\n"
        "  %all : int[][] = prim::ListConstruct(%a, %b)\n"
        "  %in : int[] = aten::__getitem__(%all, %i)\n"
        "  %k : int = aten::sub(%j, %one)\n" // stands in between
        "  %x : int = aten::__getitem__(%in, %k)\n"
        "  %on : int[] = aten::__getitem__(%all, %i)\n"
        "  %y : int = aten::__getitem__(%on, %k)\n"
        "  %n : int = aten::len(%on)\n"
        "  %t : (int, int, int, int[][]) = prim::TupleConstruct(%x, %y, %n, %all)\n"
        "  return (%t)\n";
    expect_result(&x, ir, ARGS(VALUE_INT_V(0), VALUE_INT_V(2)), "(2, 2, 2, [[1, 2], [2]])");
    expect_result(&x, ir, ARGS(VALUE_INT_V(-1), VALUE_INT_V(1)), "(2, 2, 1, [[1, 2], [2]])");
    expect_error(&x, ir, ARGS(VALUE_INT_V(1), VALUE_INT_V(2)), "list index out of range");
    expect_error(&x, ir, ARGS(VALUE_INT_V(2), VALUE_INT_V(1)), "list index out of range");
    END;
}

/* The element, the product and the sum are one instruction, whichever stands in the register of the result. */
TEST(multiplies_and_adds_inner_elements)
{
    BEGIN;
    const char *ir =
        "graph(%i : int, %j : int):\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %a : int[] = prim::ListConstruct(%i, %j)\n"
        "  %all : int[][] = prim::ListConstruct(%a, %a)\n"
        "  %in : int[] = aten::__getitem__(%all, %j)\n"
        "  %x : int = aten::__getitem__(%in, %one)\n"
        "  %m : int = aten::mul(%i, %x)\n"
        "  %s : int = aten::add(%i, %m)\n"
        "  %sum : int = prim::Loop(%i, %yes, %s)\n"
        "    block0(%k : int, %t : int):\n"
        "      %on : int[] = aten::__getitem__(%all, %k)\n"
        "      %y : int = aten::__getitem__(%on, %k)\n"
        "      %p : int = aten::mul(%t, %y)\n"
        "      %q : int = aten::add(%p, %t)\n"
        "      -> (%yes, %q)\n"
        "  %r : (int, int, int[][]) = prim::TupleConstruct(%s, %sum, %all)\n"
        "  return (%r)\n";
    expect_result(&x, ir, ARGS(VALUE_INT_V(2), VALUE_INT_V(-1)), "(0, 0, [[2, -1], [2, -1]])");
    expect_result(&x, ir, ARGS(VALUE_INT_V(2), VALUE_INT_V(1)), "(4, 24, [[2, 1], [2, 1]])");
    expect_error(&x, ir, ARGS(VALUE_INT_V(1), VALUE_INT_V(2)), "list index out of range");
    expect_error(&x, ir, ARGS(VALUE_INT_V(3), VALUE_INT_V(1)), "list index out of range");
    END;
}

static tuple *tuple_of_three(void)
{
    tuple *t = tuple_new(NULL, 3);
    assert_non_null(t);
    t->at[0] = VALUE_INT_V(7);
    t->at[1] = VALUE_HEAP_V(VALUE_STR, str_new("abc", 3));
    t->at[2] = VALUE_FLOAT_V(0.5);
    return t;
}

TEST(takes_tuples_and_strings_apart)
{
    BEGIN;
    expect_result(&x,
        "graph(%t : (int, str, float)):\n"
        "  %last : int = prim::Constant[value=-1]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %f : float = prim::TupleIndex(%t, %last)\n"
        "  %s : str = prim::TupleIndex(%t, %one)\n"
        "  %a : int, %b : str, %c : float = prim::TupleUnpack(%t)\n"
        "  %e : str = aten::__getitem__(%s, %last)\n"
        "  %r : (float, str, int, str, float, str) = prim::TupleConstruct(%f, %s, %a, %b, %c, %e)\n"
        "  return (%r)\n",
        ARGS(VALUE_HEAP_V(VALUE_TUPLE, tuple_of_three())), "(0.5, \"abc\", 7, \"abc\", 0.5, \"c\")");
    expect_error(&x,
        "graph(%s : str, %i : int):\n"
        "  %e : str = aten::__getitem__(%s, %i)\n"
        "  return (%e)\n", ARGS(VALUE_HEAP_V(VALUE_STR, str_new("abc", 3)), VALUE_INT_V(-4)),
        "string index out of range");
    END;
}

TEST(checks_scalars)
{
    BEGIN;
    expect_error(&x,
        "graph(%a : int, %b : int):\n"
        "  %c : int = aten::floordiv(%a, %b)\n"
        "  return (%c)\n", ARGS(VALUE_INT_V(1), VALUE_INT_V(0)), "division by 0");
    assert_int_equal(x.run.trace.n, 1);
    assert_string_equal(x.run.trace.at[0].function, "test");
    END;
}

TEST(takes_a_branch)
{
    BEGIN;
    const char *ir =
        "graph(%a : int, %b : int):\n"
        "  %c : bool = aten::lt(%a, %b)\n"
        "  %m : int = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%a)\n"
        "    block1():\n"
        "      %n : int = aten::neg(%b)\n"
        "      -> (%n)\n"
        "  return (%m)\n";
    expect_result(&x, ir, ARGS(VALUE_INT_V(1), VALUE_INT_V(2)), "1");
    expect_result(&x, ir, ARGS(VALUE_INT_V(3), VALUE_INT_V(2)), "-2");
    END;
}

/* while a > 0 and b > a and b != 7: a -= 1, b -= 2. A jump leaves the loop from within the condition. */
TEST(a_while_loop_that_tests_three_things)
{
    BEGIN;
    const char *ir =
        "graph(%a : int, %b : int):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %two : int = prim::Constant[value=2]()\n"
        "  %seven : int = prim::Constant[value=7]()\n"
        "  %ever : int = prim::Constant[value=9223372036854775807]()\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %no : bool = prim::Constant[value=0]()\n"
        "  %x : int, %y : int = prim::Loop(%ever, %yes, %a, %b)\n"
        "    block0(%i : int, %p : int, %q : int):\n"
        "      %r : int = aten::sub(%p, %one)\n"
        "      %s : int = aten::sub(%q, %two)\n"
        "      %c : bool = aten::gt(%r, %zero)\n"
        "      %d : bool = prim::If(%c)\n"
        "        block0():\n"
        "          %e : bool = aten::gt(%s, %r)\n"
        "          %f : bool = prim::If(%e)\n"
        "            block0():\n"
        "              %g : bool = aten::ne(%s, %seven)\n"
        "              -> (%g)\n"
        "            block1():\n"
        "              -> (%no)\n"
        "          -> (%f)\n"
        "        block1():\n"
        "          -> (%no)\n"
        "      -> (%d, %r, %s)\n"
        "  %t : (int, int) = prim::TupleConstruct(%x, %y)\n"
        "  return (%t)\n";
    expect_result(&x, ir, ARGS(VALUE_INT_V(3), VALUE_INT_V(100)), "(0, 94)");
    expect_result(&x, ir, ARGS(VALUE_INT_V(8), VALUE_INT_V(12)), "(4, 4)");
    expect_result(&x, ir, ARGS(VALUE_INT_V(9), VALUE_INT_V(17)), "(4, 7)");
    END;
}

TEST(one_value_starts_two_loop_variables)
{
    BEGIN;
    expect_result(&x,
        "graph(%n : int):\n"
        "  %t : bool = prim::Constant[value=1]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %s : str = prim::Constant[value=\"a\"]()\n"
        "  %e : str[] = prim::ListConstruct(%s)\n"
        "  %a : str[], %b : str[] = prim::Loop(%n, %t, %e, %e)\n"
        "    block0(%i : int, %x : str[], %y : str[]):\n"
        "      %y2 : str[] = aten::add(%y, %y)\n"
        "      %x2 : str[] = aten::add(%x, %y2)\n"
        "      -> (%t, %x2, %y2)\n"
        "  %r : (str[], str[]) = prim::TupleConstruct(%a, %b)\n"
        "  return (%r)\n", ARGS(VALUE_INT_V(1)), "([\"a\", \"a\", \"a\"], [\"a\", \"a\"])");
    END;
}

TEST(an_empty_second_branch)
{
    BEGIN;
    const char *ir =
        "graph(%a : int):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %c : bool = aten::lt(%a, %zero)\n"
        "  %m : int = prim::If(%c)\n"
        "    block0():\n"
        "      %n : int = aten::neg(%a)\n"
        "      -> (%n)\n"
        "    block1():\n"
        "      -> (%zero)\n"
        "   = prim::If(%c)\n"
        "    block0():\n"
        "       = prim::Print(%m)\n"
        "      -> ()\n"
        "    block1():\n"
        "      -> ()\n"
        "  return (%m)\n";
    expect_result(&x, ir, ARGS(VALUE_INT_V(-7)), "7");
    expect_result(&x, ir, ARGS(VALUE_INT_V(7)), "0");
    assert_string_equal(x.printed.s, "7\n");
    END;
}

static const char fib[] =
    "graph(%n : int):\n"
    "  %t : bool = prim::Constant[value=1]()\n"
    "  %zero : int = prim::Constant[value=0]()\n"
    "  %one : int = prim::Constant[value=1]()\n"
    "  %a : int, %b : int = prim::Loop(%n, %t, %zero, %one)\n"
    "    block0(%i : int, %a.1 : int, %b.1 : int):\n"
    "      %c : int = aten::add(%a.1, %b.1)\n"
    "      -> (%t, %b.1, %c)\n"
    "  return (%a)\n";

TEST(counts_a_loop)
{
    BEGIN;
    expect_result(&x, fib, ARGS(VALUE_INT_V(10)), "55");
    expect_result(&x, fib, ARGS(VALUE_INT_V(0)), "0");
    expect_result(&x, fib, ARGS(VALUE_INT_V(-3)), "0");
    END;
}

static const char collatz[] =
    "graph(%n : int):\n"
    "  %max : int = prim::Constant[value=9223372036854775807]()\n"
    "  %zero : int = prim::Constant[value=0]()\n"
    "  %one : int = prim::Constant[value=1]()\n"
    "  %two : int = prim::Constant[value=2]()\n"
    "  %three : int = prim::Constant[value=3]()\n"
    "  %start : bool = aten::ne(%n, %one)\n"
    "  %m : int, %steps : int = prim::Loop(%max, %start, %n, %zero)\n"
    "    block0(%i : int, %m.1 : int, %steps.1 : int):\n"
    "      %r : int = aten::remainder(%m.1, %two)\n"
    "      %even : bool = aten::eq(%r, %zero)\n"
    "      %m.2 : int = prim::If(%even)\n"
    "        block0():\n"
    "          %h : int = aten::floordiv(%m.1, %two)\n"
    "          -> (%h)\n"
    "        block1():\n"
    "          %p : int = aten::mul(%m.1, %three)\n"
    "          %q : int = aten::add(%p, %one)\n"
    "          -> (%q)\n"
    "      %steps.2 : int = aten::add(%steps.1, %one)\n"
    "      %go : bool = aten::ne(%m.2, %one)\n"
    "      -> (%go, %m.2, %steps.2)\n"
    "  return (%steps)\n";

TEST(loops_while_a_condition_holds)
{
    BEGIN;
    expect_result(&x, collatz, ARGS(VALUE_INT_V(27)), "111");
    expect_result(&x, collatz, ARGS(VALUE_INT_V(1)), "0");
    END;
}

TEST(swaps_loop_variables)
{
    BEGIN;
    expect_result(&x,
                  "graph(%n : int, %a : str, %b : str, %p : int, %q : int):\n"
                  "  %t : bool = prim::Constant[value=1]()\n"
                  "  %c : str, %d : str, %r : int, %s : int = prim::Loop(%n, %t, %a, %b, %p, %q)\n"
                  "    block0(%i : int, %x : str, %y : str, %u : int, %v : int):\n"
                  "      -> (%t, %y, %x, %v, %u)\n"
                  "  %z : (str, str, int, int) = prim::TupleConstruct(%c, %d, %r, %s)\n"
                  "  return (%z)\n",
                  ARGS(VALUE_INT_V(3), VALUE_HEAP_V(VALUE_STR, str_new("a", 1)),
                       VALUE_HEAP_V(VALUE_STR, str_new("b", 1)), VALUE_INT_V(1), VALUE_INT_V(2)),
                  "(\"b\", \"a\", 2, 1)");
    END;
}

/* the trip count is read again at each back edge, although its variable changes in the body */
TEST(keeps_the_trip_count_of_an_inner_loop)
{
    BEGIN;
    expect_result(&x,
        "graph(%n : int):\n"
        "  %t : bool = prim::Constant[value=1]()\n"
        "  %two : int = prim::Constant[value=2]()\n"
        "  %r : int = prim::Loop(%two, %t, %n)\n"
        "    block0(%i : int, %k : int):\n"
        "      %l : int = prim::Loop(%k, %t, %k)\n"
        "        block0(%j : int, %m : int):\n"
        "          %o : int = aten::add(%m, %two)\n"
        "          -> (%t, %o)\n"
        "      -> (%t, %l)\n"
        "  return (%r)\n", ARGS(VALUE_INT_V(3)), "27");
    END;
}

/* the condition is the old value of a variable that the same back edge replaces */
TEST(tests_the_old_value_at_the_back_edge)
{
    BEGIN;
    expect_result(&x,
        "graph(%n : int):\n"
        "  %max : int = prim::Constant[value=9223372036854775807]()\n"
        "  %t : bool = prim::Constant[value=1]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %k : int = prim::Loop(%max, %t, %one)\n"
        "    block0(%i : int, %m : int):\n"
        "      %o : int = aten::add(%m, %one)\n"
        "      %go : bool = aten::lt(%m, %n)\n"
        "      -> (%go, %o)\n"
        "  return (%k)\n", ARGS(VALUE_INT_V(5)), "6");
    END;
}

/* ---- boxes and optionals ----------------------------------------------------------------------
 */
TEST(boxes_scalars_for_optionals)
{
    BEGIN;
    const char *ir =
        "graph(%c : bool, %a : int):\n"
        "  %none : NoneType = prim::Constant()\n"
        "  %o : int? = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%a)\n"
        "    block1():\n"
        "      -> (%none)\n"
        "  %is : bool = aten::__is__(%o, %none)\n"
        "  %r : int = prim::If(%is)\n"
        "    block0():\n"
        "      %m : int = prim::Constant[value=-1]()\n"
        "      -> (%m)\n"
        "    block1():\n"
        "      %u : int = prim::unchecked_cast(%o)\n"
        "      %v : int = aten::add(%u, %u)\n"
        "      -> (%v)\n"
        "  return (%r)\n";
    expect_result(&x, ir, ARGS(VALUE_BOOL_V(true), VALUE_INT_V(21)), "42");
    expect_result(&x, ir, ARGS(VALUE_BOOL_V(false), VALUE_INT_V(21)), "-1");
    END;
}

TEST(refuses_a_wrong_cast)
{
    BEGIN;
    expect_error(&x,
        "graph(%a : Any):\n"
        "  %l : int[] = prim::unchecked_cast(%a)\n"
        "  %n : int = aten::len(%l)\n"
        "  return (%n)\n", ARGS(VALUE_HEAP_V(VALUE_STR, str_new("a", 1))),
        "expected a value of type List[int], not str");
    END;
}

/* ---- containers -------------------------------------------------------------------------------
 */
TEST(works_on_unboxed_lists)
{
    BEGIN;
    expect_result(&x,
        "graph(%n : int):\n"
        "  %t : bool = prim::Constant[value=1]()\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %last : int = prim::Constant[value=-1]()\n"
        "  %l : int[] = prim::ListConstruct()\n"
        "   = prim::Loop(%n, %t)\n"
        "    block0(%i : int):\n"
        "      %s : int = aten::mul(%i, %i)\n"
        "      %l2 : int[] = aten::append(%l, %s)\n"
        "      -> (%t)\n"
        "  %x : int = aten::__getitem__(%l, %last)\n"
        "  %l3 : int[] = aten::_set_item(%l, %zero, %x)\n"
        "  %len : int = aten::len(%l3)\n"
        "  %r : (int[], int) = prim::TupleConstruct(%l, %len)\n"
        "  return (%r)\n", ARGS(VALUE_INT_V(5)), "([16, 1, 4, 9, 16], 5)");
    END;
}

TEST(checks_list_indices)
{
    BEGIN;
    const char *ir =
        "graph(%i : int):\n"
        "  %a : str = prim::Constant[value=\"a\"]()\n"
        "  %l : str[] = prim::ListConstruct(%a, %a)\n"
        "  %x : str = aten::__getitem__(%l, %i)\n"
        "  return (%x)\n";
    expect_result(&x, ir, ARGS(VALUE_INT_V(-2)), "\"a\"");
    expect_error(&x, ir, ARGS(VALUE_INT_V(2)), "list index out of range");
    END;
}

TEST(unpacks)
{
    BEGIN;
    const char *ir =
        "graph(%l : int[]):\n"
        "  %a : int, %b : int = prim::ListUnpack(%l)\n"
        "  %t : (int, int, int[]) = prim::TupleConstruct(%b, %a, %l)\n"
        "  %c : int, %d : int, %m : int[] = prim::TupleUnpack(%t)\n"
        "  %k : str = prim::Constant[value=\"k\"]()\n"
        "  %e : Dict(str, int) = prim::DictConstruct(%k, %c)\n"
        "  %r : (Dict(str, int), int[]) = prim::TupleConstruct(%e, %m)\n"
        "  return (%r)\n";
    list *two = list_new(T_INT, LIST_INTS, 2), *one = list_new(T_INT, LIST_INTS, 1);
    list_push(two, VALUE_INT_V(1));
    list_push(two, VALUE_INT_V(2));
    list_push(one, VALUE_INT_V(1));
    expect_result(&x, ir, ARGS(VALUE_HEAP_V(VALUE_LIST, two)), "({\"k\": 2}, [1, 2])");
    expect_error(&x, ir, ARGS(VALUE_HEAP_V(VALUE_LIST, one)),
                 "Expected 2 elements in a list but found 1");
    END;
}

/* ---- calls --------------------------------------------------------------------------------------
 */
/** A graph that calls f: the text form cannot spell a function constant. */
static void call_function(ir_graph *g, ir_function *f)
{
    IR_EACH_NODE_DEEP(n, g)
        if (n->op == OP_prim_Constant && ir_attr_find(n, "name"))
            ir_set_value(n, "value", value_ref(VALUE_HEAP_V(VALUE_FUNCTION, f)));
}

TEST(limits_recursion)
{
    BEGIN;
    ir_function *f = define(&x, NULL, "f",
        "graph(%n : int):\n"
        "  %f : Function = prim::Constant[name=\"f\"]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %done : bool = aten::le(%n, %zero)\n"
        "  %r : int = prim::If(%done)\n"
        "    block0():\n"
        "      -> (%zero)\n"
        "    block1():\n"
        "      %m : int = aten::sub(%n, %one)\n"
        "      %s : int = prim::CallFunction(%f, %m)\n"
        "      %t : int = aten::add(%s, %n)\n"
        "      -> (%t)\n"
        "  return (%r)\n");
    call_function(f->graph, f);
    jit_value n = VALUE_INT_V(500), sum;
    assert_true(vm_execute(&x.run, x.run.get_plan(&x.run, f), &n, 1, &sum));
    assert_int_equal(sum.i, 125250);
    n.i = 5000;
    assert_false(vm_execute(&x.run, x.run.get_plan(&x.run, f), &n, 1, &sum));
    assert_int_equal(x.run.op.status, JIT_ELIMIT);
    assert_int_equal(x.run.trace.n, 1000);
    assert_string_equal(x.run.trace.at[0].function, "f");
    assert_int_equal(x.run.depth, 0);
    END;
}

TEST(attributes_and_methods)
{
    BEGIN;
    type *cls = type_class_new(x.unit, "__torch__.Counter", false);
    assert_true(type_class_add_attribute(cls, "n", T_INT, (range){ 0 }));
    assert_true(type_class_add_attribute(cls, "name", T_STR, (range){ 0 }));
    define(&x, cls, "step",
        "graph(%self : __torch__.Counter, %by : int):\n"
        "  %n : int = prim::GetAttr[name=\"n\"](%self)\n"
        "  %m : int = aten::add(%n, %by)\n"
        "   = prim::SetAttr[name=\"n\"](%self, %m)\n"
        "  return (%m)\n");
    expect_result(&x,
        "graph():\n"
        "  %two : int = prim::Constant[value=2]()\n"
        "  %c : __torch__.Counter = prim::CreateObject()\n"
        "   = prim::SetAttr[name=\"n\"](%c, %two)\n"
        "  %a : int = prim::CallMethod[name=\"step\"](%c, %two)\n"
        "  %b : int = prim::CallMethod[name=\"step\"](%c, %a)\n"
        "  return (%b)\n", NO_ARGS, "8");
    expect_error(&x,
        "graph():\n"
        "  %c : __torch__.Counter = prim::CreateObject()\n"
        "  %s : str = prim::GetAttr[name=\"name\"](%c)\n"
        "  return (%s)\n", NO_ARGS, "attribute 'name' of 'Counter' is read before it was set");
    END;
}

/* ---- context managers --------------------------------------------------------------------------
 */
static const type *define_manager(vm_fixture *x)
{
    type *cls = type_class_new(x->unit, "__torch__.Manager", false);
    assert_true(type_class_add_attribute(cls, "name", T_STR, (range){ 0 }));
    define(x, cls, "__enter__",
        "graph(%self : __torch__.Manager):\n"
        "  %name : str = prim::GetAttr[name=\"name\"](%self)\n"
        "  return (%name)\n");
    define(x, cls, "__exit__",
        "graph(%self : __torch__.Manager, %type : Any, %value : Any, %trace : Any):\n"
        "  %name : str = prim::GetAttr[name=\"name\"](%self)\n"
        "  %exit : str = prim::Constant[value=\"exit\"]()\n"
        "   = prim::Print(%exit, %name)\n"
        "  %none : NoneType = prim::Constant()\n"
        "  return (%none)\n");
    return cls;
}

static const char with_two[] =
    "graph(%raise : bool):\n"
    "  %outer : str = prim::Constant[value=\"outer\"]()\n"
    "  %inner : str = prim::Constant[value=\"inner\"]()\n"
    "  %boom : str = prim::Constant[value=\"boom\"]()\n"
    "  %error : str = prim::Constant[value=\"builtins.ValueError\"]()\n"
    "  %a : __torch__.Manager = prim::CreateObject()\n"
    "   = prim::SetAttr[name=\"name\"](%a, %outer)\n"
    "  %b : __torch__.Manager = prim::CreateObject()\n"
    "   = prim::SetAttr[name=\"name\"](%b, %inner)\n"
    "  %e : str = prim::Enter(%a)\n"
    "  %f : str = prim::Enter(%b)\n"
    "   = prim::If(%raise)\n"
    "    block0():\n"
    "       = prim::RaiseException(%boom, %error)\n"
    "      -> ()\n"
    "    block1():\n"
    "      -> ()\n"
    "  %g : Tensor = prim::Exit(%b)\n"
    "   = prim::Print(%f)\n"
    "  %h : Tensor = prim::Exit(%a)\n"
    "  return (%e)\n";

TEST(leaves_context_managers)
{
    BEGIN;
    define_manager(&x);
    expect_result(&x, with_two, ARGS(VALUE_BOOL_V(false)), "\"outer\"");
    assert_string_equal(x.printed.s, "exit inner\ninner\nexit outer\n");
    END;
}

TEST(unwinds_through_context_managers)
{
    BEGIN;
    define_manager(&x);
    expect_error(&x, with_two, ARGS(VALUE_BOOL_V(true)), "boom");
    assert_string_equal(x.printed.s, "exit inner\nexit outer\n");
    END;
}

/* ---- forks
 * ----------------------------------------------------------------------------------------- */
TEST(forks_and_waits)
{
    BEGIN;
    const char *ir =
        "graph(%a : int):\n"
        "  %f : Future(int) = prim::fork_0(%a)\n"
        "  %r : int = aten::wait(%f)\n"
        "  return (%r)\n"
        "with prim::fork_0 = graph(%a : int):\n"
        "  %ten : int = prim::Constant[value=10]()\n"
        "  %b : int = aten::floordiv(%ten, %a)\n"
        "  return (%b)\n";
    expect_result(&x, ir, ARGS(VALUE_INT_V(5)), "2");
    expect_error(&x, ir, ARGS(VALUE_INT_V(0)), "division by 0");
    END;
}

/* ---- limits
 * ----------------------------------------------------------------------------------------- */
static const char forever[] =
    "graph():\n"
    "  %max : int = prim::Constant[value=9223372036854775807]()\n"
    "  %t : bool = prim::Constant[value=1]()\n"
    "   = prim::Loop(%max, %t)\n"
    "    block0(%i : int):\n"
    "      -> (%t)\n"
    "  return ()\n";

TEST(stops_at_the_limit_of_instructions)
{
    BEGIN;
    x.run.limits.max_instructions = 100000;
    expect_error(&x, forever, NO_ARGS, "the limit of instructions is reached");
    assert_int_equal(x.run.op.status, JIT_ELIMIT);
    END;
}

TEST(stops_at_the_deadline)
{
    BEGIN;
    x.run.limits.deadline_ns = 1;
    expect_error(&x, forever, NO_ARGS, "the time limit is reached");
    END;
}

TEST(stops_when_interrupted)
{
    BEGIN;
    static const _Atomic bool interrupt = true;
    x.run.op.interrupt = &interrupt;
    expect_error(&x, forever, NO_ARGS, "interrupted");
    assert_int_equal(x.run.op.status, JIT_EINTERRUPTED);
    END;
}

/* ---- size
 * ---------------------------------------------------------------------------------------------- */
/** if x == 0: 0 elif x == 1: 1 … nested n deep: nothing may recurse over it. */
TEST(nests_ten_thousand_branches)
{
    BEGIN;
    enum { N = 10000 };
    text t;
    text_init(&t, NULL);
    text_add(&t, "graph(%x : int):\n  %k : int = prim::Constant[value=-1]()\n  return (%k)\n");
    ir_graph *g = parse_graph(&x, t.s);
    text_fini(&t);
    ir_value *arg = g->body->param->outputs[0];
    ir_node *outer = NULL, *ret = g->body->ret;
    ir_builder b = { .g = g, .at = ret };
    for (int64_t i = 0; i < N; i++) {
        ir_value *k = ir_build_constant(&b, VALUE_INT_V(i), T_INT);
        ir_value *test = ir_build_op1(&b, OP_aten_eq_int, (ir_value *[]){ arg, k }, 2, T_BOOL);
        ir_node *n = ir_node_new(g, OP_prim_If, (range){ 0 });
        ir_add_input(n, test);
        ir_add_output(n, T_INT);
        ir_node_insert_before(n, b.at);
        ir_block_add_output(ir_add_block(n), k);
        ir_block *other = ir_add_block(n);
        if (outer)
            ir_block_add_output(outer->blocks[1], n->outputs[0]);
        else
            ir_set_input(ret, 0, n->outputs[0]);
        outer = n;
        b.at = other->ret;
    }
    ir_block_add_output(outer->blocks[1], arg);
    const char *why;
    range at;
    vm_plan *p = vm_plan_new(g, "deep", &x.arena, &why, &at);
    assert_non_null(p);
    jit_value n = VALUE_INT_V(N - 1), r;
    assert_true(vm_execute(&x.run, p, &n, 1, &r));
    assert_int_equal(r.i, N - 1);
    n.i = -5;
    assert_true(vm_execute(&x.run, p, &n, 1, &r));
    assert_int_equal(r.i, -5);
    vm_plan_free(p);
    ir_graph_free(g);
    END;
}

TEST(names_what_is_not_implemented_before_anything_runs)
{
    BEGIN;
    ir_graph *g = parse_graph(&x,
        "graph(%x : Tensor):\n"
        "  %y : Tensor = prim::BailOut(%x)\n"
        "  return (%y)\n");
    const char *why = NULL;
    range at;
    assert_null(vm_plan_new(g, "test", &x.arena, &why, &at));
    assert_string_equal(why, "prim::BailOut is not implemented");
    ir_graph_free(g);
    END;
}

TEST(names_what_is_not_implemented_on_a_path_when_it_is_taken)
{
    static const char graph[] = "graph(%b : bool):\n"
                               "  %x : int = prim::Constant[value=3]()\n"
                               "  %y : int = prim::If(%b)\n"
                               "    block0():\n"
                               "      %z : int = prim::BailOut(%x)\n"
                               "      -> (%z)\n"
                               "    block1():\n"
                               "      -> (%x)\n"
                               "  return (%y)\n";
    BEGIN;
    expect_error(&x, graph, ARGS(VALUE_BOOL_V(true)), "prim::BailOut is not implemented");
    expect_result(&x, graph, ARGS(VALUE_BOOL_V(false)), "3");
    END;
}

/* ---- memory
 * -----------------------------------------------------------------------------------------------
 */
TEST(survives_lack_of_memory)
{
    BEGIN;
    expect_plan_survives_lack_of_memory(&x, collatz);
    END;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_scalars),
        cmocka_unit_test(checks_scalars),
        cmocka_unit_test(computes_with_constants),
        cmocka_unit_test(adds_products),
        cmocka_unit_test(adds_twice),
        cmocka_unit_test(adds_products_later),
        cmocka_unit_test(looks_into_inner_lists),
        cmocka_unit_test(multiplies_and_adds_inner_elements),
        cmocka_unit_test(takes_tuples_and_strings_apart),
        cmocka_unit_test(takes_a_branch),
        cmocka_unit_test(a_while_loop_that_tests_three_things),
        cmocka_unit_test(one_value_starts_two_loop_variables),
        cmocka_unit_test(an_empty_second_branch),
        cmocka_unit_test(counts_a_loop),
        cmocka_unit_test(loops_while_a_condition_holds),
        cmocka_unit_test(swaps_loop_variables),
        cmocka_unit_test(keeps_the_trip_count_of_an_inner_loop),
        cmocka_unit_test(tests_the_old_value_at_the_back_edge),
        cmocka_unit_test(boxes_scalars_for_optionals),
        cmocka_unit_test(refuses_a_wrong_cast),
        cmocka_unit_test(works_on_unboxed_lists),
        cmocka_unit_test(checks_list_indices),
        cmocka_unit_test(unpacks),
        cmocka_unit_test(limits_recursion),
        cmocka_unit_test(attributes_and_methods),
        cmocka_unit_test(leaves_context_managers),
        cmocka_unit_test(unwinds_through_context_managers),
        cmocka_unit_test(forks_and_waits),
        cmocka_unit_test(stops_at_the_limit_of_instructions),
        cmocka_unit_test(stops_at_the_deadline),
        cmocka_unit_test(stops_when_interrupted),
        cmocka_unit_test(nests_ten_thousand_branches),
        cmocka_unit_test(names_what_is_not_implemented_before_anything_runs),
        cmocka_unit_test(names_what_is_not_implemented_on_a_path_when_it_is_taken),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests_name("vm/run", tests, NULL, NULL);
}
