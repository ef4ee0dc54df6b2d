/* tests/unit/opt/ir_test.h: passes are tested text in, text out. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_OPT_IR_TEST_H
#define TESTS_UNIT_OPT_IR_TEST_H

#include "opt/opt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/** Parse a graph or fail the test with the parser's message. */
static inline ir_graph *parse_or_fail(const char *graph_text)
{
    diag d;
    diag_init(&d);
    source *src = source_new("<test>", graph_text, strlen(graph_text));
    ir_graph *g = ir_parse(src, NULL, &d);
    if (!g) {
        text out;
        text_init(&out, NULL);
        diag_print(&d, &out, false);
        print_error("%s\n%s", out.s, graph_text);
        text_fini(&out);
    }
    source_unref(src);
    diag_fini(&d);
    assert_non_null(g);
    return g;
}

/** Kernels are not linked here: the few operators the folding tests need. */
static bool test_eval(void *ctx, const ir_node *n, const jit_value *args, jit_value *rets)
{
    (void)ctx;
    const char *name = op_name((op_id)n->op);
    if (n->n_inputs == 2 && args[0].tag == VALUE_FLOAT && args[1].tag == VALUE_FLOAT
        && !strcmp(name, "aten::add"))
        rets[0] = VALUE_FLOAT_V(args[0].f + args[1].f);
    else if (n->n_inputs == 2 && args[0].tag == VALUE_INT && args[1].tag == VALUE_INT
             && !strcmp(name, "aten::add"))
        rets[0] = VALUE_INT_V(args[0].i + args[1].i);
    else if (n->n_inputs == 2 && args[0].tag == VALUE_INT && args[1].tag == VALUE_INT
             && !strcmp(name, "aten::gt"))
        rets[0] = VALUE_BOOL_V(args[0].i > args[1].i);
    else
        return false;
    return true;
}

/** Run passes (or a pipeline, if the list names one) and compare the printed graph, which is then freed. Validates. */
static inline void expect_graph(const char *passes, ir_graph *g, const char *after)
{
    opt_ctx cx = { .validate = true, .eval = test_eval };
    const char *bad = NULL;
    bool ok = opt_run_passes(passes, g, &cx, &bad) || (bad && opt_run_pipeline(passes, g, &cx));
    if (!ok)
        print_error("%s: %s\n", passes, cx.failure ? cx.failure : "failed");
    assert_true(ok);
    text out;
    text_init(&out, NULL);
    ir_print(g, &(ir_print_options){ 0 }, &out);
    assert_string_equal(out.s, after);
    text_fini(&out);
    ir_graph_free(g);
}

static inline void expect_pass(const char *passes, const char *before, const char *after)
{
    expect_graph(passes, parse_or_fail(before), after);
}

static inline void expect_unchanged(const char *passes, const char *graph_text)
{
    expect_pass(passes, graph_text, graph_text);
}

#endif
