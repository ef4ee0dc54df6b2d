/* Lowering of typed trees that are built by hand: SSA form, exits, and programs of great length. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph.h"
#include "sema/lower.h"
#include "sema/sema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LONG = 10000 };

/* ---- building a tree ----------------------------------------------------------------------------- */

typedef struct builder {
    ir_unit *unit;
    ir_function *fn;
    ttree *tree;
    diag d;
} builder;

static tvar *variable(builder *b, const char *name, const type *t)
{
    tvar *v = ARENA_NEW(&b->tree->arena, tvar);
    *v = (tvar){ .name = name, .type = t, .id = (uint32_t)b->tree->vars.n };
    VEC_PUSH(&b->tree->vars, &b->tree->arena, v);
    return v;
}

static tvar *parameter(builder *b, const char *name, const type *t)
{
    tvar *v = variable(b, name, t);
    v->is_param = true;
    VEC_PUSH(&b->tree->params, &b->tree->arena, v);
    return v;
}

static void begin(builder *b, const char *signature)
{
    const char *error = NULL;
    b->unit = ir_unit_new();
    b->fn = ir_function_new(b->unit, "f", NULL, (range){ 0 });
    b->fn->schema = schema_parse(signature, &b->unit->arena, &error);
    assert_non_null(b->fn->schema);
    b->fn->state = FUNCTION_CHECKED;
    b->tree = mem_calloc(1, sizeof *b->tree);
    arena_init(&b->tree->arena);
    b->fn->tree = b->tree;
    diag_init(&b->d);
}

static void finish(builder *b)
{
    arena_fini(&b->tree->arena);
    mem_free(b->tree);
    b->fn->tree = NULL;
    diag_fini(&b->d);
    ir_unit_unref(b->unit);
}

static texpr *expression(builder *b, texpr_kind kind, const type *t, size_t n, texpr *const *args)
{
    texpr *e = ARENA_NEW(&b->tree->arena, texpr);
    e->kind = (uint8_t)kind;
    e->type = t;
    e->n_args = (uint32_t)n;
    e->args = ARENA_ARRAY(&b->tree->arena, texpr *, n + 1);
    for (size_t i = 0; i < n; i++)
        e->args[i] = args[i];
    return e;
}

static texpr *number(builder *b, int64_t i)
{
    texpr *e = expression(b, TX_CONST, T_INT, 0, NULL);
    e->value = VALUE_INT_V(i);
    return e;
}

static texpr *truth_value(builder *b, bool holds)
{
    texpr *e = expression(b, TX_CONST, T_BOOL, 0, NULL);
    e->value = VALUE_BOOL_V(holds);
    return e;
}

static texpr *use(builder *b, tvar *v)
{
    texpr *e = expression(b, TX_VAR, v->type, 0, NULL);
    e->var = v;
    return e;
}

static texpr *operation(builder *b, const char *name, const type *t, texpr *x, texpr *y)
{
    texpr *e = expression(b, TX_OP, t, 2, (texpr *[]){ x, y });
    e->op = op_find(name, "int");
    assert_int_not_equal(e->op, OP_NONE);
    return e;
}

static tstmt *statement(builder *b, tstmt_list *to, tstmt_kind kind, texpr *value)
{
    tstmt *s = ARENA_NEW(&b->tree->arena, tstmt);
    s->kind = (uint8_t)kind;
    s->value = value;
    VEC_PUSH(to, &b->tree->arena, s);
    return s;
}

static void assign(builder *b, tstmt_list *to, tvar *v, texpr *value)
{
    statement(b, to, TS_ASSIGN, value)->var = v;
}

static void expect_valid(builder *b)
{
    const char *why = NULL;
    if (!sema_lower_function(b->fn, &b->d)) {
        text out;
        text_init(&out, NULL);
        diag_print(&b->d, &out, false);
        print_error("%s", out.s);
        text_fini(&out);
        fail();
    }
    bool ok = ir_validate(b->fn->graph, &b->unit->arena, &why);
    if (!ok)
        print_error("%s\n", why);
    assert_true(ok);
}

static void expect_graph(builder *b, const char *expected)
{
    expect_valid(b);
    text out;
    text_init(&out, NULL);
    ir_print(b->fn->graph, &(ir_print_options){ 0 }, &out);
    assert_string_equal(out.s, expected);
    text_fini(&out);
}

/* ---- tests ------------------------------------------------------------------------------------------ */

static void branches_join_what_they_assign(void **state)
{
    (void)state;
    builder b;
    begin(&b, "f(int n) -> int");
    tvar *n = parameter(&b, "n", T_INT), *y = variable(&b, "y", T_INT);
    tstmt *s = statement(&b, &b.tree->body, TS_IF,
                         operation(&b, "aten::lt", T_BOOL, use(&b, n), number(&b, 3)));
    assign(&b, &s->body, y, operation(&b, "aten::add", T_INT, use(&b, n), number(&b, 1)));
    assign(&b, &s->orelse, y, use(&b, n));
    statement(&b, &b.tree->body, TS_RETURN, use(&b, y));
    expect_valid(&b);
    const ir_graph *g = b.fn->graph;
    const ir_node *join = ir_block_output(g->body, 0)->node;
    assert_int_equal(join->op, OP_prim_If);
    assert_int_equal(join->n_outputs, 1);
    assert_string_equal(join->outputs[0]->name, "y");
    assert_ptr_equal(ir_block_output(join->blocks[1], 0), ir_block_input(g->body, 0));
    finish(&b);
}

static void a_while_loop_carries_what_it_assigns(void **state)
{
    (void)state;
    builder b;
    begin(&b, "f(int n) -> int");
    tvar *n = parameter(&b, "n", T_INT), *i = variable(&b, "i", T_INT);
    assign(&b, &b.tree->body, i, use(&b, n));
    tstmt *s = statement(&b, &b.tree->body, TS_WHILE,
                         operation(&b, "aten::lt", T_BOOL, use(&b, i), use(&b, n)));
    assign(&b, &s->body, i, operation(&b, "aten::add", T_INT, use(&b, i), use(&b, n)));
    statement(&b, &b.tree->body, TS_RETURN, use(&b, i));
    expect_valid(&b);
    const ir_node *loop = ir_block_output(b.fn->graph->body, 0)->node;
    assert_int_equal(loop->op, OP_prim_Loop);
    assert_int_equal(loop->n_outputs, 1);
    assert_int_equal(loop->n_inputs, 3);
    assert_string_equal(loop->outputs[0]->name, "i");
    assert_string_equal(op_name((op_id)ir_block_output(loop->blocks[0], 0)->node->op), "aten::lt");
    finish(&b);
}

static int count_nodes(const ir_graph *g, op_id op)
{
    int count = 0;
    IR_EACH_NODE_DEEP(n, g)
        count += n->op == op;
    return count;
}

static void jumps_and_returns_leave_no_markers(void **state)
{
    (void)state;
    builder b;
    begin(&b, "f(int n) -> int");
    tvar *n = parameter(&b, "n", T_INT), *i = variable(&b, "i", T_INT);
    assign(&b, &b.tree->body, i, number(&b, 0));
    tstmt *loop = statement(&b, &b.tree->body, TS_FOR, use(&b, n));
    texpr *index = expression(&b, TX_LOOP_INDEX, T_INT, 0, NULL);
    index->loop = loop;
    assign(&b, &loop->body, i, index);
    tstmt *first = statement(&b, &loop->body, TS_IF,
                             operation(&b, "aten::eq", T_BOOL, use(&b, i), number(&b, 2)));
    statement(&b, &first->body, TS_BREAK, NULL);
    tstmt *second = statement(&b, &loop->body, TS_IF,
                              operation(&b, "aten::eq", T_BOOL, use(&b, i), number(&b, 3)));
    statement(&b, &second->body, TS_RETURN, number(&b, 7));
    tstmt *third = statement(&b, &loop->body, TS_IF,
                             operation(&b, "aten::eq", T_BOOL, use(&b, i), number(&b, 4)));
    statement(&b, &third->body, TS_CONTINUE, NULL);
    assign(&b, &loop->body, i, operation(&b, "aten::add", T_INT, use(&b, i), number(&b, 1)));
    statement(&b, &b.tree->body, TS_RETURN, use(&b, i));
    expect_valid(&b);
    assert_int_equal(count_nodes(b.fn->graph, OP_prim_LoopContinuation), 0);
    assert_int_equal(count_nodes(b.fn->graph, OP_prim_ReturnStmt), 0);
    assert_int_equal(count_nodes(b.fn->graph, OP_prim_Load), 0);
    finish(&b);
}

static void a_shared_expression_is_evaluated_once(void **state)
{
    (void)state;
    builder b;
    begin(&b, "f(int n) -> int");
    tvar *n = parameter(&b, "n", T_INT);
    texpr *sum = operation(&b, "aten::add", T_INT, use(&b, n), use(&b, n));
    texpr *shared = expression(&b, TX_SHARED, T_INT, 1, &sum);
    statement(&b, &b.tree->body, TS_RETURN, operation(&b, "aten::add", T_INT, shared, shared));
    expect_graph(&b,
        "graph(%n.1 : int):\n"
        "  %2 : int = aten::add(%n.1, %n.1)\n"
        "  %3 : int = aten::add(%2, %2)\n"
        "  return (%3)\n");
    finish(&b);
}

static void a_function_that_only_raises_returns_a_placeholder(void **state)
{
    (void)state;
    builder b;
    begin(&b, "f(str m) -> int");
    tvar *m = parameter(&b, "m", T_STR);
    statement(&b, &b.tree->body, TS_RAISE, use(&b, m));
    expect_valid(&b);
    assert_int_equal(ir_block_output(b.fn->graph->body, 0)->node->op, OP_prim_Uninitialized);
    finish(&b);
}

static void long_chains_need_no_stack(void **state)
{
    (void)state;
    builder b;
    begin(&b, "f(int n) -> int");
    tvar *n = parameter(&b, "n", T_INT);
    texpr *sum = use(&b, n);
    texpr *all = truth_value(&b, true), *any = truth_value(&b, true);
    for (int i = 0; i < LONG; i++) {
        sum = operation(&b, "aten::add", T_INT, sum, use(&b, n));
        texpr *test = operation(&b, "aten::lt", T_BOOL, use(&b, n), use(&b, n));
        all = expression(&b, TX_IF, T_BOOL, 3, (texpr *[]){ all, test, truth_value(&b, false) });
        any = expression(&b, TX_IF, T_BOOL, 3, (texpr *[]){ test, truth_value(&b, true), any });
    }
    statement(&b, &b.tree->body, TS_EXPR, all);
    statement(&b, &b.tree->body, TS_EXPR, any);
    statement(&b, &b.tree->body, TS_RETURN, sum);
    expect_valid(&b);
    finish(&b);
}

static void long_elif_chains_need_no_stack(void **state)
{
    (void)state;
    builder b;
    begin(&b, "f(int n) -> int");
    tvar *n = parameter(&b, "n", T_INT);
    tstmt_list *to = &b.tree->body;
    for (int i = 0; i < LONG; i++) {
        tstmt *s = statement(&b, to, TS_IF,
                             operation(&b, "aten::eq", T_BOOL, use(&b, n), use(&b, n)));
        assign(&b, &s->body, n, number(&b, i));
        to = &s->orelse;
    }
    statement(&b, &b.tree->body, TS_RETURN, use(&b, n));
    expect_valid(&b);
    finish(&b);
}

static void long_chains_of_early_returns_need_no_stack(void **state)
{
    (void)state;
    builder b;
    begin(&b, "f(int n) -> int");
    tvar *n = parameter(&b, "n", T_INT);
    for (int i = 0; i < LONG; i++) {
        tstmt *s = statement(&b, &b.tree->body, TS_IF,
                             operation(&b, "aten::eq", T_BOOL, use(&b, n), use(&b, n)));
        statement(&b, &s->body, TS_RETURN, use(&b, n));
    }
    statement(&b, &b.tree->body, TS_RETURN, use(&b, n));
    expect_valid(&b);
    finish(&b);
}

static void a_broken_tree_is_reported(void **state)
{
    (void)state;
    builder b;
    begin(&b, "f() -> int");
    tvar *y = variable(&b, "y", T_INT);
    statement(&b, &b.tree->body, TS_RETURN, use(&b, y));
    assert_false(sema_lower_function(b.fn, &b.d));
    assert_int_equal(b.d.n_errors, 1);
    assert_null(b.fn->graph);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_join_what_they_assign),
        cmocka_unit_test(a_while_loop_carries_what_it_assigns),
        cmocka_unit_test(jumps_and_returns_leave_no_markers),
        cmocka_unit_test(a_shared_expression_is_evaluated_once),
        cmocka_unit_test(a_function_that_only_raises_returns_a_placeholder),
        cmocka_unit_test(long_chains_need_no_stack),
        cmocka_unit_test(long_elif_chains_need_no_stack),
        cmocka_unit_test(long_chains_of_early_returns_need_no_stack),
        cmocka_unit_test(a_broken_tree_is_reported),
    };
    return cmocka_run_group_tests_name("sema/lower", tests, NULL, NULL);
}
