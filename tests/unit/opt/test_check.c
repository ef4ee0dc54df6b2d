/* What debug builds ask after each pass: is it told when a pass does wrong? */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/check.h"
#include "tests/unit/opt/ir_test.h"

static const char graph_text[] =
    "graph(%x : Tensor,\n"
    "      %n : int):\n"
    "  %3 : float = aten::Float(%n)\n"
    "  %4 : str = prim::Constant[value=\"%3 isn\\'t %9\"]()\n"
    "  %5 : Future[Tensor] = prim::fork_0(%x)\n"
    "  %6 : Tensor = aten::wait(%5)\n"
    "  return (%6, %3, %4)\n"
    "with prim::fork_0 = graph(%x : Tensor):\n"
    "  %2 : Tensor = aten::relu(%x)\n"
    "  %3 : Tensor = aten::relu(%2)\n"
    "  return (%3)\n";

/* The complaint about a pass that did `change` and said `progress`, or NULL. */
static const char *complaint(void (*change)(ir_graph *), bool progress)
{
    static char told[200];
    ir_graph *g = parse_or_fail(graph_text);
    graph_state before;
    graph_state_init(&before, g);
    change(g);
    const char *why = NULL;
    bool is_fine = opt_check(g, &g->arena, &before, progress, &why);
    assert_true(is_fine == !why);
    strncpy(told, why ? why : "", sizeof told - 1);
    graph_state_fini(&before);
    ir_graph_free(g);
    return is_fine ? NULL : told;
}

static void nothing(ir_graph *g) { (void)g; }

static void swap_outputs(ir_graph *g)
{
    ir_value *first = g->body->ret->inputs[1];
    ir_set_input(g->body->ret, 1, g->body->ret->inputs[2]);
    ir_set_input(g->body->ret, 2, first);
}
static void another_overload(ir_graph *g) { ir_first_deep(g)->op = OP_aten_Float_int; }
static void rename_to_blank(ir_graph *g) { ir_value_force_name(ir_block_input(g->body, 0), "a b"); }
/* The graph is renumbered: its text is another, the text of its text is not. */
static void add_constant(ir_graph *g)
{
    ir_builder b = { .g = g, .at = ir_first_deep(g) };
    (void)ir_build_constant(&b, VALUE_INT_V(1), T_INT);
}

static void passes_tell_the_truth(void **state)
{
    (void)state;
    assert_null(complaint(nothing, false));
    assert_string_equal(complaint(nothing, true), "the pass said it changed the graph and did not");
    assert_null(complaint(swap_outputs, true));
    assert_string_equal(complaint(swap_outputs, false), "the pass changed the graph and did not say so");
    assert_null(complaint(another_overload, true)); // which the text does not show
    assert_non_null(complaint(another_overload, false));
}

static void texts_read_back(void **state)
{
    (void)state;
    assert_null(complaint(add_constant, true));
    assert_non_null(strstr(complaint(rename_to_blank, true), "cannot be read"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(passes_tell_the_truth), cmocka_unit_test(texts_read_back) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
