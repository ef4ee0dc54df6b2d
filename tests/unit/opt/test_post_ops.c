/* What convolutions and linear layers take along, in modules that allow it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opt/ir_test.h"

#include "ir/function.h"

#define INPUTS "graph(%x : Tensor,\n      %w : Tensor,\n      %o : Tensor):\n"
#define CONSTANTS                                \
    "  %none : NoneType = prim::Constant()\n"    \
    "  %i : int = prim::Constant[value=1]()\n"   \
    "  %k : int[] = prim::ListConstruct(%i, %i)\n"
#define CONV(y, x) "  %" y " : Tensor = tjs::conv2d(%" x ", %w, %none, %k, %k, %k, %i)\n"

static void expect_taken(const char *before, const char *after)
{
    ir_unit *unit = ir_unit_new();
    ir_graph *g = parse_or_fail(before);
    assert_non_null(unit);
    unit->is_for_inference = true;
    g->unit = unit;
    expect_graph("post_ops,merge_constants", g, after);
    ir_unit_unref(unit);
}

static void expect_left(const char *graph) { expect_taken(graph, graph); }

#define FALSE_ZERO                                 \
    "  %9 : bool = prim::Constant[value=0]()\n"    \
    "  %11 : int = prim::Constant[value=0]()\n"

static void takes_a_relu(void **state)
{
    (void)state;
    expect_taken(INPUTS CONSTANTS CONV("a", "x")
                 "  %b : Tensor = aten::relu_(%a)\n"
                 "  return (%b)\n",
                 /* becomes */
                 INPUTS CONSTANTS FALSE_ZERO
                 "  %13 : Tensor = tjs::conv2d_then(%x, %w, %none, %k, %k, %k, %i, %none, %9, %9, %11, %none)\n"
                 "  return (%13)\n");
}

static void takes_a_sum_and_its_relu(void **state)
{
    (void)state;
    expect_taken(INPUTS CONSTANTS CONV("a", "x")
                 "  %b : Tensor = aten::add(%o, %a, %i)\n"
                 "  %c : Tensor = aten::relu(%b)\n"
                 "  return (%c)\n",
                 /* becomes */
                 INPUTS CONSTANTS
                 "  %9 : bool = prim::Constant[value=1]()\n"
                 "  %10 : bool = prim::Constant[value=0]()\n"
                 "  %11 : int = prim::Constant[value=0]()\n"
                 "  %13 : Tensor = tjs::conv2d_then(%x, %w, %none, %k, %k, %k, %i, %o, %9, %10, %11, %none)\n"
                 "  return (%13)\n");
}

static void takes_the_bounds_of_hardtanh(void **state)
{
    (void)state;
    expect_taken(INPUTS CONSTANTS
                 "  %a : Tensor = aten::linear(%x, %w, %o)\n"
                 "  %low : float = prim::Constant[value=-2.]()\n"
                 "  %b : Tensor = aten::hardtanh(%a, %low, %i)\n"
                 "  return (%b)\n",
                 /* becomes */
                 INPUTS CONSTANTS
                 "  %low : float = prim::Constant[value=-2.]()\n"
                 "  %10 : bool = prim::Constant[value=0]()\n"
                 "  %12 : Tensor = tjs::linear_then(%x, %w, %o, %none, %10, %10, %low, %i)\n"
                 "  return (%12)\n");
}

/* What is added in place may be another layer's result, if that is its only reader. */
static void takes_a_sum_in_place(void **state)
{
    (void)state;
    expect_taken(INPUTS CONSTANTS CONV("a", "x") CONV("b", "o")
                 "  %c : Tensor = aten::add_(%a, %b, %i)\n"
                 "  return (%c)\n",
                 /* becomes */
                 INPUTS CONSTANTS CONV("a", "x")
                 "  %9 : bool = prim::Constant[value=1]()\n"
                 "  %13 : Tensor = tjs::conv2d_then(%o, %w, %none, %k, %k, %k, %i, %a, %9, %9, %none, %none)\n"
                 "  return (%13)\n");
}

static void leaves_what_others_see(void **state)
{
    (void)state;
    expect_left(INPUTS CONSTANTS CONV("a", "x")         // a second reader
                "  %b : Tensor = aten::relu(%a)\n"
                "  %c : (Tensor, Tensor) = prim::TupleConstruct(%a, %b)\n"
                "  return (%c)\n");
    expect_left(INPUTS CONSTANTS CONV("a", "x")         // written to something that others may read
                "  %b : Tensor = aten::add_(%o, %a, %i)\n"
                "  return (%b)\n");
    expect_left(INPUTS CONSTANTS CONV("a", "x")         // something between
                "  %b : Tensor = aten::relu_(%o)\n"
                "  %c : Tensor = aten::add(%a, %o, %i)\n"
                "  return (%c)\n");
}

static void leaves_a_sum_with_a_factor(void **state)
{
    (void)state;
    expect_left(INPUTS CONSTANTS
                "  %two : int = prim::Constant[value=2]()\n" CONV("a", "x")
                "  %b : Tensor = aten::add(%a, %o, %two)\n"
                "  return (%b)\n");
}

static void leaves_modules_that_did_not_ask(void **state)
{
    (void)state;
    expect_unchanged("post_ops", INPUTS CONSTANTS CONV("a", "x")
                     "  %b : Tensor = aten::relu(%a)\n"
                     "  return (%b)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_relu), cmocka_unit_test(takes_a_sum_and_its_relu),
        cmocka_unit_test(takes_the_bounds_of_hardtanh), cmocka_unit_test(takes_a_sum_in_place),
        cmocka_unit_test(leaves_what_others_see), cmocka_unit_test(leaves_a_sum_with_a_factor),
        cmocka_unit_test(leaves_modules_that_did_not_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
