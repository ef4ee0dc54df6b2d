/* Graphs as text: what is printed is read back and prints the same; errors carry their place; the validator
 * finds seeded corruptions; names, walking, copying. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static ir_graph *parse_valid(const char *s)
{
    diag d;
    diag_init(&d);
    const source *src = source_new("<test>", s, strlen(s));
    ir_graph *g = ir_parse(src, NULL, &d);
    source_unref(src); // the graph keeps it
    if (!g)
        fail_msg("%s", d.first->message);
    const char *why = "";
    if (!ir_validate(g, &d.arena, &why))
        fail_msg("%s", why);
    diag_fini(&d);
    return g;
}

static void expect_print(const ir_graph *g, const char *expected)
{
    text out;
    text_init(&out, NULL);
    ir_print(g, NULL, &out);
    assert_string_equal(out.s, expected);
    text_fini(&out);
}

static void expect_same(const char *s)
{
    ir_graph *g = parse_valid(s);
    expect_print(g, s);
    ir_graph *copy = ir_graph_clone(g);
    ir_graph_free(g);
    expect_print(copy, s);
    ir_graph_free(copy);
}

static const char loop_text[] =
    "graph(%x.1 : Tensor,\n"
    "      %n.1 : int):\n"
    "  %one : int = prim::Constant[value=1]()\n"
    "  %3 : bool = prim::Constant[value=1]()\n"
    "  %y : Tensor = prim::Loop(%n.1, %3, %x.1)\n"
    "    block0(%i : int, %y.11 : Tensor):\n"
    "      %y.5 : Tensor = aten::mul(%y.11, %one)\n"
    "       = prim::Print(%y.5)\n"
    "      %8 : bool = aten::lt(%i, %one)\n"
    "      %9 : Tensor = prim::If(%8)\n"
    "        block0():\n"
    "          -> (%y.5)\n"
    "        block1():\n"
    "          %10 : Tensor = aten::add(%y.5, %y.5, %one)\n"
    "          -> (%10)\n"
    "      -> (%3, %9)\n"
    "  return (%y)\n";

static void control_flow_is_a_fixed_point(void **state)
{
    (void)state;
    ir_graph *g = parse_valid(loop_text);
    text out;
    text_init(&out, NULL);
    ir_print(g, NULL, &out);
    expect_same(out.s);
    text_fini(&out);
    ir_graph_free(g);
}

static void constants_are_a_fixed_point(void **state)
{
    (void)state;
    expect_same("graph():\n"
                "  %0 : NoneType = prim::Constant()\n"
                "  %1 : float = prim::Constant[value=10000000000]()\n"
                "  %2 : float = prim::Constant[value=-0.]()\n"
                "  %3 : float = prim::Constant[value=1.0000000000000001e-05]()\n"
                "  %4 : complex = prim::Constant[value=0.+2.j]()\n"
                "  %5 : str = prim::Constant[value=\"a\\n\\\"\\001\"]()\n"
                "  %6 : Device = prim::Constant[value=\"cpu\"]()\n"
                "  %7 : int[] = prim::Constant[value=[1, 2]]()\n"
                "  %8 : int[] = prim::Constant[value=annotate(List[int], [])]()\n"
                "  %9 : (int, str) = prim::Constant[value=(1, \"b\")]()\n"
                "  %10 : Dict(str, int) = prim::Constant[value={\"a\": 1}]()\n"
                "  %11 : Function = prim::Constant[name=\"g\"]()\n"
                "  %12 : int? = prim::Constant()\n"
                "  %13 : float = prim::Constant[value=inf]()\n"
                "  %14 : bool = prim::isinstance[types=[int, list, tuple]](%7)\n"
                "  %15 : complex = prim::Constant[value=0.+20000000000j]()\n"
                "  return (%0)\n");
}

static void overloads_may_take_any_number_of_inputs(void **state)
{
    (void)state;
    expect_same("graph(%x : Tensor,\n"
                "      %d : int[]):\n"
                "  %2 : Tensor = aten::einsum(%x, %d)\n"
                "  %3 : Tensor = aten::einsum(%2, %d, %x, %d)\n"
                "  return (%3)\n");
}

static void subgraphs_follow_the_graph(void **state)
{
    (void)state;
    expect_same("graph(%x : Tensor):\n"
                "  %1 : Future[Tensor] = prim::fork_0(%x)\n"
                "  %2 : Future[Tensor] = prim::fork_1(%x)\n"
                "  %3 : Tensor = aten::wait(%1)\n"
                "  return (%3)\n"
                "with prim::fork_0 = graph(%x : Tensor):\n"
                "  %1 : Tensor = aten::relu(%x)\n"
                "  return (%1)\n"
                "with prim::fork_1 = graph(%x : Tensor):\n"
                "  return (%x)\n");
}

static void errors_have_places(void **state)
{
    (void)state;
    static const struct { const char *s, *message; uint32_t line; } cases[] = {
        { "graph(%x : Tensor):\n  %y : Tensor = aten::relu(%z)\n  return (%y)\n",
          "Cannot find a variable with name 'z'", 2 },
        { "graph():\n  %y : Tensor = aten::nonsense()\n  return (%y)\n",
          "unknown operator 'aten::nonsense'", 2 },
        { "graph(%x : Tensor\n", "expected ')'", 2 },
        { "graph():\n  %t : Tensor = prim::Constant[value={3}]()\n  return (%t)\n",
          "the text of a tensor constant carries no data", 2 },
        { "graph(%x : int):\n  -> (%x)\n", "'->' outside of a block", 2 },
        { "graph(%n : int):\n  %1 : bool = prim::Constant[value=1]()\n   = prim::Loop(%n, %1)\n  return (%n)\n",
          "prim::Loop has one block and carries each value in and out, in ` = prim::Loop(%n, %1)`", 1 },
        { "graph(%x : Frob):\n  return (%x)\n", "unknown type 'Frob'", 1 },
        { "graph():\n  %a : int, %b : int = prim::Constant[value=3]()\n  return (%a)\n",
          "prim::Constant has no input and one output, in `%a : int, %b : int = prim::Constant[value=3]()`", 1 },
        { "graph(%x : int):\n  %a : int = prim::Constant[value=3](%x)\n  return (%a)\n",
          "prim::Constant has no input and one output, in `%a : int = prim::Constant[value=3](%x)`", 1 },
        { "graph():\n  %a : int = prim::Constant()\n  return (%a)\n",
          "the constant is not of its type, in `%a : int = prim::Constant()`", 1 },
        { "graph():\n  %a : int = prim::Constant[value=3]()\n    block0():\n      -> ()\n  return (%a)\n",
          "only control flow has blocks, in `%a : int = prim::Constant[value=3]()`", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        diag d;
        diag_init(&d);
        const source *src = source_new("<test>", cases[i].s, strlen(cases[i].s));
        assert_null(ir_parse(src, NULL, &d));
        uint32_t line, column;
        source_position(d.first->at.src, d.first->at.begin, &line, &column);
        assert_string_equal(d.first->message, cases[i].message);
        assert_int_equal(line, cases[i].line);
        source_unref(src);
        diag_fini(&d);
    }
}

static const char *why_invalid(const ir_graph *g, arena *a)
{
    const char *why = NULL;
    assert_false(ir_validate(g, a, &why));
    assert_non_null(why);
    return why;
}

static void the_validator_finds_corruptions(void **state)
{
    (void)state;
    arena a;
    arena_init(&a);
    ir_graph *g = parse_valid(loop_text);
    ir_node *loop = g->body->ret->prev, *mul = loop->blocks[0]->param->next;
    ir_value *y = mul->outputs[0];
    ir_set_input(g->body->ret, 0, y);
    assert_non_null(strstr(why_invalid(g, &a), "not defined here"));
    ir_set_input(g->body->ret, 0, loop->outputs[0]);
    const char *why;
    assert_true(ir_validate(g, &a, &why));
    y->n_uses++;
    assert_non_null(strstr(why_invalid(g, &a), "number of uses"));
    y->n_uses--;
    ir_remove_input(mul, 1);
    assert_non_null(strstr(why_invalid(g, &a), "the schema has 2"));
    ir_add_input(mul, ir_block_input(g->body, 0));
    ir_remove_input(loop->blocks[0]->ret, 1);
    assert_non_null(strstr(why_invalid(g, &a), "another number of values"));
    ir_graph_free(g);
    arena_fini(&a);
}

static void taken_names_push_the_old_owner_on(void **state)
{
    (void)state;
    ir_graph *g = ir_graph_new(NULL);
    ir_value *first = ir_block_add_input(g->body, T_INT), *second = ir_block_add_input(g->body, T_INT);
    ir_value_set_name(first, "a");
    ir_value_set_name(second, "a");
    assert_string_equal(first->name, "a.1");
    assert_string_equal(second->name, "a");
    ir_value *third = ir_block_add_input(g->body, T_INT);
    ir_value_set_name(third, "a.1");
    assert_string_equal(third->name, "a.1");
    assert_string_equal(first->name, "a.2");
    ir_value_set_name(third, "_0");
    assert_string_equal(third->name, "a.1");
    ir_value_set_name(third, "a b"); // modules may be called so; a text could not
    assert_string_equal(third->name, "a.1");
    ir_graph_free(g);
}

static void names_are_those_of_modules(void **state)
{
    (void)state;
    expect_same("graph(%block1-0 : Tensor,\n"
                "      %gr\xc3\xbc\xc3\x9f\x65 : Tensor):\n"
                "  return (%block1-0, %gr\xc3\xbc\xc3\x9f\x65)\n");
}

static void walks_see_every_node_both_ways(void **state)
{
    (void)state;
    ir_graph *g = parse_valid(loop_text);
    size_t n = 0;
    const ir_node *last = NULL;
    IR_EACH_NODE_DEEP(node, g) {
        assert_true(!last || ir_is_before(last, node));
        assert_true(!last || !ir_is_before(node, last));
        last = node;
        n++;
    }
    assert_int_equal(n, 8);
    for (ir_node *node = ir_last_deep(g); node; node = ir_prev_deep(node))
        n--;
    assert_int_equal(n, 0);
    ir_graph_free(g);
}

static void deep_nests_need_no_stack(void **state)
{
    (void)state;
    enum { DEPTH = 10000 };
    ir_graph *g = ir_graph_new(NULL);
    ir_value *c = ir_block_add_input(g->body, T_BOOL);
    ir_block *in = g->body;
    ir_node *outermost = NULL;
    for (int i = 0; i < DEPTH; i++) {
        ir_node *n = ir_node_new(g, OP_prim_If, (range){ 0 });
        outermost = outermost ? outermost : n;
        ir_add_input(n, c);
        ir_node_append(n, in);
        ir_add_block(n);
        in = ir_add_block(n);
    }
    arena a;
    arena_init(&a);
    const char *why = NULL;
    assert_true(ir_validate(g, &a, &why));
    ir_graph *copy = ir_graph_clone(g);
    assert_true(ir_validate(copy, &a, &why));
    ir_graph_free(copy);
    ir_node_remove(outermost);
    assert_int_equal(c->n_uses, 0);
    assert_null(ir_first_deep(g));
    arena_fini(&a);
    ir_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_flow_is_a_fixed_point),
        cmocka_unit_test(constants_are_a_fixed_point),
        cmocka_unit_test(overloads_may_take_any_number_of_inputs),
        cmocka_unit_test(subgraphs_follow_the_graph),
        cmocka_unit_test(errors_have_places),
        cmocka_unit_test(the_validator_finds_corruptions),
        cmocka_unit_test(taken_names_push_the_old_owner_on),
        cmocka_unit_test(names_are_those_of_modules),
        cmocka_unit_test(walks_see_every_node_both_ways),
        cmocka_unit_test(deep_nests_need_no_stack),
    };
    return cmocka_run_group_tests_name("ir/text", tests, NULL, NULL);
}
