/* Types: element types and shapes through the graph, and what is known by them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/guard.h"
#include "tests/unit/opt/ir_test.h"

static void follows_shapes_and_strides(void **state)
{
    (void)state;
    expect_pass("types",
        "graph(%x : Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu),\n"
        "      %w : Float(3, 4, strides=[4, 1], requires_grad=0, device=cpu),\n"
        "      %b : Float(4, strides=[1], requires_grad=0, device=cpu),\n"
        "      %one : int):\n"
        "  %y : Tensor = aten::matmul(%x, %w)\n"
        "  %z : Tensor = aten::add(%y, %b, %one)\n"
        "  %t : Tensor = aten::t(%z)\n"
        "  %m : Tensor = aten::gt(%z, %one)\n"
        "  return (%t, %m)\n",
        /* becomes */
        "graph(%x : Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu),\n"
        "      %w : Float(3, 4, strides=[4, 1], requires_grad=0, device=cpu),\n"
        "      %b : Float(4, strides=[1], requires_grad=0, device=cpu),\n"
        "      %one : int):\n"
        "  %y : Float(2, 4, strides=[4, 1], requires_grad=0, device=cpu) = aten::matmul(%x, %w)\n"
        "  %z : Float(2, 4, strides=[4, 1], requires_grad=0, device=cpu) = aten::add(%y, %b, %one)\n"
        "  %t : Float(4, 2, strides=[1, 4], requires_grad=0, device=cpu) = aten::t(%z)\n"
        "  %m : Bool(2, 4, strides=[4, 1], requires_grad=0, device=cpu) = aten::gt(%z, %one)\n"
        "  return (%t, %m)\n");
}

static void joins_what_may_be_none_or_never_comes(void **state)
{
    (void)state;
    expect_pass("types",
        "graph(%x : Float(2, 3),\n"
        "      %c : bool,\n"
        "      %m : str):\n"
        "  %n : NoneType = prim::Constant()\n"
        "  %o : Tensor? = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%x)\n"
        "    block1():\n"
        "      -> (%n)\n"
        "  %u : Tensor = prim::Uninitialized()\n"
        "  %y : Tensor = prim::If(%c)\n"
        "    block0():\n"
        "      %t : Tensor = prim::unchecked_cast(%o)\n"
        "      -> (%t)\n"
        "    block1():\n"
        "       = prim::RaiseException(%m, %n)\n"
        "      -> (%u)\n"
        "  return (%y)\n",
        /* becomes */
        "graph(%x : Float(2, 3),\n"
        "      %c : bool,\n"
        "      %m : str):\n"
        "  %n : NoneType = prim::Constant()\n"
        "  %o : Float(2, 3)? = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%x)\n"
        "    block1():\n"
        "      -> (%n)\n"
        "  %u : Tensor = prim::Uninitialized()\n"
        "  %y : Float(2, 3) = prim::If(%c)\n"
        "    block0():\n"
        "      %t : Float(2, 3) = prim::unchecked_cast(%o)\n"
        "      -> (%t)\n"
        "    block1():\n"
        "       = prim::RaiseException(%m, %n)\n"
        "      -> (%u)\n"
        "  return (%y)\n");
}

static void follows_lists_of_parts_and_of_sizes(void **state)
{
    (void)state;
    expect_pass("types",
        "graph(%x : Float(2, 7, strides=[7, 1])):\n"
        "  %two : int = prim::Constant[value=2]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %l : Tensor[] = aten::chunk(%x, %two, %one)\n"
        "  %a : Tensor, %b : Tensor = prim::ListUnpack(%l)\n"
        "  %s : int[] = aten::size(%x)\n"
        "  %h : int, %w : int = prim::ListUnpack(%s)\n"
        "  %r : int = aten::remainder(%w, %two)\n"
        "  %z : int[] = prim::ListConstruct(%w, %r, %h)\n"
        "  %v : Tensor = aten::view(%x, %z)\n"
        "  return (%a, %b, %v)\n",
        /* becomes */
        "graph(%x : Float(2, 7, strides=[7, 1])):\n"
        "  %two : int = prim::Constant[value=2]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %l : Tensor[] = aten::chunk(%x, %two, %one)\n"
        "  %a : Float(2, 4, strides=[7, 1]), %b : Float(2, 3, strides=[7, 1]) = prim::ListUnpack(%l)\n"
        "  %s : int[] = aten::size(%x)\n"
        "  %h : int, %w : int = prim::ListUnpack(%s)\n"
        "  %r : int = aten::remainder(%w, %two)\n"
        "  %z : int[] = prim::ListConstruct(%w, %r, %h)\n"
        "  %v : Float(7, 1, 2, strides=[2, 2, 1]) = aten::view(%x, %z)\n"
        "  return (%a, %b, %v)\n");
}

static void joins_branches(void **state)
{
    (void)state;
    expect_pass("types",
        "graph(%x : Float(2, 3),\n"
        "      %c : bool,\n"
        "      %zero : int):\n"
        "  %y : Tensor = prim::If(%c)\n"
        "    block0():\n"
        "      %a : Tensor = aten::relu(%x)\n"
        "      -> (%a)\n"
        "    block1():\n"
        "      %l : Tensor[] = prim::ListConstruct(%x, %x)\n"
        "      %d : int = prim::Constant[value=0]()\n"
        "      %b : Tensor = aten::cat(%l, %d)\n"
        "      -> (%b)\n"
        "  return (%y)\n",
        /* becomes */
        "graph(%x : Float(2, 3),\n"
        "      %c : bool,\n"
        "      %zero : int):\n"
        "  %y : Float(*, 3) = prim::If(%c)\n"
        "    block0():\n"
        "      %a : Float(2, 3) = aten::relu(%x)\n"
        "      -> (%a)\n"
        "    block1():\n"
        "      %l : Tensor[] = prim::ListConstruct(%x, %x)\n"
        "      %d : int = prim::Constant[value=0]()\n"
        "      %b : Float(4, 3) = aten::cat(%l, %d)\n"
        "      -> (%b)\n"
        "  return (%y)\n");
}

static void a_loop_variable_is_what_all_rounds_have_in_common(void **state)
{
    (void)state;
    expect_pass("types",
        "graph(%x : Float(2, 3),\n"
        "      %n : int):\n"
        "  %t : bool = prim::Constant[value=1]()\n"
        "  %d : int = prim::Constant[value=0]()\n"
        "  %y : Tensor, %z : Tensor = prim::Loop(%n, %t, %x, %x)\n"
        "    block0(%i : int, %a : Tensor, %b : Tensor):\n"
        "      %l : Tensor[] = prim::ListConstruct(%a, %x)\n"
        "      %c : Tensor = aten::cat(%l, %d)\n"
        "      %e : Tensor = aten::relu(%b)\n"
        "      -> (%t, %c, %e)\n"
        "  return (%y, %z)\n",
        /* becomes */
        "graph(%x : Float(2, 3),\n"
        "      %n : int):\n"
        "  %t : bool = prim::Constant[value=1]()\n"
        "  %d : int = prim::Constant[value=0]()\n"
        "  %y : Float(*, 3), %z : Float(2, 3) = prim::Loop(%n, %t, %x, %x)\n"
        "    block0(%i : int, %a : Float(*, 3), %b : Float(2, 3)):\n"
        "      %l : Tensor[] = prim::ListConstruct(%a, %x)\n"
        "      %c : Float(*, 3) = aten::cat(%l, %d)\n"
        "      %e : Float(2, 3) = aten::relu(%b)\n"
        "      -> (%t, %c, %e)\n"
        "  return (%y, %z)\n");
}

static void follows_the_numbers_shapes_are_made_of(void **state)
{
    (void)state;
    expect_pass("types",
        "graph(%x : Float(2, 3, 4)):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %two : int = prim::Constant[value=2]()\n"
        "  %open : int = prim::Constant[value=-1]()\n"
        "  %s : int = aten::size(%x, %zero)\n"
        "  %p : int = aten::mul(%s, %two)\n"
        "  %l : int[] = prim::ListConstruct(%p, %open)\n"
        "  %y : Tensor = aten::view(%x, %l)\n"
        "  return (%y)\n",
        /* becomes */
        "graph(%x : Float(2, 3, 4)):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %two : int = prim::Constant[value=2]()\n"
        "  %open : int = prim::Constant[value=-1]()\n"
        "  %s : int = aten::size(%x, %zero)\n"
        "  %p : int = aten::mul(%s, %two)\n"
        "  %l : int[] = prim::ListConstruct(%p, %open)\n"
        "  %y : Float(4, 6) = aten::view(%x, %l)\n"
        "  return (%y)\n");
}

static void nothing_is_known_of_what_changes_its_shape(void **state)
{
    (void)state;
    expect_pass("types",
        "graph(%x : Float(2, 3),\n"
        "      %i : int):\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  %z : Tensor = aten::unsqueeze_(%y, %i)\n"
        "  return (%x)\n",
        /* becomes */
        "graph(%x : Float(2, 3),\n"
        "      %i : int):\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  %z : Tensor = aten::unsqueeze_(%y, %i)\n"
        "  return (%x)\n");
}

static void questions_with_known_answers_are_constants(void **state)
{
    (void)state;
    expect_pass("known_types",
        "graph(%x : Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu),\n"
        "      %zero : int):\n"
        "  %float : int = prim::Constant[value=6]()\n"
        "  %no : bool = prim::Constant[value=0]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "  %d : int = aten::dim(%x)\n"
        "  %t : int = prim::dtype(%x)\n"
        "  %f : bool = aten::is_floating_point(%x)\n"
        "  %y : Tensor = aten::to(%x, %float, %no, %no, %none)\n"
        "  %s : int = aten::size(%y, %zero)\n"
        "  return (%d, %t, %f, %s)\n",
        /* becomes */
        "graph(%x : Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu),\n"
        "      %zero : int):\n"
        "  %float : int = prim::Constant[value=6]()\n"
        "  %no : bool = prim::Constant[value=0]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "  %10 : int = prim::Constant[value=2]()\n"
        "  %11 : int = prim::Constant[value=6]()\n"
        "  %12 : bool = prim::Constant[value=1]()\n"
        "  %s : int = aten::size(%x, %zero)\n"
        "  return (%10, %11, %12, %s)\n");
}

static void names_of_sizes_follow(void **state)
{
    (void)state;
    expect_pass("types",
        "graph(%x : Float(SS(-1), SS(-2)),\n"
        "      %c : bool,\n"
        "      %n : int):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %m : int = prim::Constant[value=-1]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "  %true : bool = prim::Constant[value=1]()\n"
        "  %a : int = aten::size(%x, %zero)\n"
        "  %b : int = aten::size(%x, %one)\n"
        "  %ab : int = aten::mul(%a, %b)\n"
        "  %ba : int = aten::mul(%b, %a)\n"
        "  %l : int[] = prim::ListConstruct(%ab)\n"
        "  %y : Tensor = aten::view(%x, %l)\n"
        "  %k : int[] = prim::ListConstruct(%ba)\n"
        "  %z : Tensor = aten::view(%x, %k)\n"
        "  %r : int[] = prim::ListConstruct(%a, %m)\n"
        "  %s : Tensor = aten::view(%z, %r)\n"
        "  %u : int[] = prim::ListConstruct(%n)\n"
        "  %v : Tensor = aten::zeros(%u, %none, %none, %none, %none)\n"
        "  %w : Tensor = aten::view(%z, %u)\n"
        "  %same : Tensor = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%y)\n"
        "    block1():\n"
        "      -> (%z)\n"
        "  %joined : Tensor = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%y)\n"
        "    block1():\n"
        "      -> (%v)\n"
        "  %carried : Tensor = prim::Loop(%n, %true, %y)\n"
        "    block0(%i : int, %in : Tensor):\n"
        "      %g : int[] = prim::ListConstruct(%i)\n"
        "      %h : Tensor = aten::zeros(%g, %none, %none, %none, %none)\n"
        "      -> (%true, %h)\n"
        "  return (%s, %v, %w, %same, %joined, %carried)\n",
        "graph(%x : Float(SS(-1), SS(-2)),\n"
        "      %c : bool,\n"
        "      %n : int):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %m : int = prim::Constant[value=-1]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "  %true : bool = prim::Constant[value=1]()\n"
        "  %a : int = aten::size(%x, %zero)\n"
        "  %b : int = aten::size(%x, %one)\n"
        "  %ab : int = aten::mul(%a, %b)\n"
        "  %ba : int = aten::mul(%b, %a)\n"
        "  %l : int[] = prim::ListConstruct(%ab)\n"
        "  %y : Float(SS(-3)) = aten::view(%x, %l)\n"
        "  %k : int[] = prim::ListConstruct(%ba)\n"
        "  %z : Float(SS(-3)) = aten::view(%x, %k)\n"
        "  %r : int[] = prim::ListConstruct(%a, %m)\n"
        "  %s : Float(SS(-1), SS(-2)) = aten::view(%z, %r)\n"
        "  %u : int[] = prim::ListConstruct(%n)\n"
        "  %v : Float(SS(-4), requires_grad=0, device=cpu) = aten::zeros(%u, %none, %none, %none, %none)\n"
        "  %w : Float(*) = aten::view(%z, %u)\n"
        "  %same : Float(SS(-3)) = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%y)\n"
        "    block1():\n"
        "      -> (%z)\n"
        "  %joined : Float(*) = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%y)\n"
        "    block1():\n"
        "      -> (%v)\n"
        "  %carried : Float(*) = prim::Loop(%n, %true, %y)\n"
        "    block0(%i : int, %in : Float(*)):\n"
        "      %g : int[] = prim::ListConstruct(%i)\n"
        "      %h : Float(SS(-5), requires_grad=0, device=cpu) = aten::zeros(%g, %none, %none, %none, %none)\n"
        "      -> (%true, %h)\n"
        "  return (%s, %v, %w, %same, %joined, %carried)\n");
}

/* Whether an Optional is None is no int. */
static void a_none_is_no_number(void **state)
{
    (void)state;
    expect_pass("types",
        "graph(%x : Float(3),\n"
        "      %c : bool):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "  %e : int? = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%none)\n"
        "    block1():\n"
        "      -> (%none)\n"
        "  %y : Tensor = aten::slice(%x, %zero, %zero, %e, %one)\n"
        "  return (%y)\n",
        "graph(%x : Float(3),\n"
        "      %c : bool):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "  %e : int? = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%none)\n"
        "    block1():\n"
        "      -> (%none)\n"
        "  %y : Float(*) = aten::slice(%x, %zero, %zero, %e, %one)\n"
        "  return (%y)\n");
}

static void a_known_condition_says_which_branch(void **state)
{
    (void)state;
    expect_pass("types",
        "graph(%x : Float(2, 3)):\n"
        "  %two : int = prim::Constant[value=2]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "  %d : int = aten::dim(%x)\n"
        "  %c : bool = aten::eq(%d, %two)\n"
        "  %m : Tensor? = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%none)\n"
        "    block1():\n"
        "      -> (%x)\n"
        "  %n : bool = aten::__isnot__(%m, %none)\n"
        "  %y : Tensor = prim::If(%n)\n"
        "    block0():\n"
        "      %z : Tensor = prim::unchecked_cast(%m)\n"
        "      -> (%z)\n"
        "    block1():\n"
        "      %r : Tensor = aten::relu(%x)\n"
        "      -> (%r)\n"
        "  return (%y)\n",
        "graph(%x : Float(2, 3)):\n"
        "  %two : int = prim::Constant[value=2]()\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "  %d : int = aten::dim(%x)\n"
        "  %c : bool = aten::eq(%d, %two)\n"
        "  %m : Tensor? = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%none)\n"
        "    block1():\n"
        "      -> (%x)\n"
        "  %n : bool = aten::__isnot__(%m, %none)\n"
        "  %y : Float(2, 3) = prim::If(%n)\n"
        "    block0():\n"
        "      %z : Tensor = prim::unchecked_cast(%m)\n"
        "      -> (%z)\n"
        "    block1():\n"
        "      %r : Float(2, 3) = aten::relu(%x)\n"
        "      -> (%r)\n"
        "  return (%y)\n");
}

static void a_guard_stands_around_the_graph(void **state)
{
    (void)state;
    ir_graph *of = parse_or_fail("graph(%x : Tensor,\n"
                                 "      %n : int):\n"
                                 "  return (%x)\n");
    ir_graph *g = parse_or_fail("graph(%x : Float(2, 3),\n"
                                "      %n : int):\n"
                                "  %one : int = prim::Constant[value=1]()\n"
                                "  %y : Float(2, 3) = aten::add(%x, %n, %one)\n"
                                "  return (%y)\n");
    const char *why = NULL;
    arena a;
    arena_init(&a);
    text out;
    text_init(&out, NULL);
    assert_true(opt_guard(g, of));
    assert_true(ir_validate(g, &a, &why));
    ir_print(g, &(ir_print_options){ 0 }, &out);
    assert_string_equal(out.s,
                        "graph(%x : Tensor,\n"
                        "      %n : int):\n"
                        "  %one : int = prim::Constant[value=1]()\n"
                        "  %4 : Float(2, 3), %5 : bool = prim::TypeCheck[types=[Float(2, 3)]](%x)\n"
                        "  %9 : Tensor = prim::If(%5)\n"
                        "    block0():\n"
                        "      %y : Float(2, 3) = aten::add(%4, %n, %one)\n"
                        "      -> (%y)\n"
                        "    block1():\n"
                        "      %6 : Function = prim::Constant[name=\"fallback_function\", fallback=1]()\n"
                        "      %8 : (Tensor) = prim::CallFunction(%6, %x, %n)\n"
                        "      %7 : Tensor = prim::TupleUnpack(%8)\n"
                        "      -> (%7)\n"
                        "  return (%9)\n");
    assert_false(opt_guard(g, of));
    text_fini(&out);
    arena_fini(&a);
    ir_graph_free(g);
    ir_graph_free(of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_shapes_and_strides),
        cmocka_unit_test(joins_what_may_be_none_or_never_comes),
        cmocka_unit_test(follows_lists_of_parts_and_of_sizes),
        cmocka_unit_test(joins_branches),
        cmocka_unit_test(a_loop_variable_is_what_all_rounds_have_in_common),
        cmocka_unit_test(follows_the_numbers_shapes_are_made_of),
        cmocka_unit_test(nothing_is_known_of_what_changes_its_shape),
        cmocka_unit_test(questions_with_known_answers_are_constants),
        cmocka_unit_test(names_of_sizes_follow),
        cmocka_unit_test(a_none_is_no_number),
        cmocka_unit_test(a_known_condition_says_which_branch),
        cmocka_unit_test(a_guard_stands_around_the_graph),
    };
    return cmocka_run_group_tests_name("opt/types", tests, NULL, NULL);
}
