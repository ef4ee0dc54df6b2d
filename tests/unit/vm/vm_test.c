/* tests/unit/vm/vm_test.c: see vm_test.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/vm/vm_test.h"

#include <stdlib.h>

static void collect(void *ctx, const char *s, size_t n)
{
    text_add_bytes(ctx, s, n);
}

static const vm_plan *get_plan(vm_run *run, ir_function *fn)
{
    const char *why;
    range at;
    arena a;
    (void)run;
    arena_init(&a);
    if (!fn->plan)
        fn->plan = vm_plan_new(fn->graph, fn->name, &a, &why, &at);
    assert_non_null(fn->plan);
    arena_fini(&a);
    return fn->plan;
}

static void free_plan(void *plan)
{
    vm_plan_free(plan);
}

void fixture_init(vm_fixture *x)
{
    *x = (vm_fixture){ .unit = ir_unit_new() };
    assert_non_null(x->unit);
    x->unit->free_plan = free_plan;
    arena_init(&x->arena);
    text_init(&x->printed, NULL);
    x->run.op.print = x->run.op.warn = collect;
    x->run.op.print_ctx = &x->printed;
    x->run.get_plan = get_plan;
}

void fixture_fini(vm_fixture *x)
{
    vm_run_fini(&x->run);
    text_fini(&x->printed);
    arena_fini(&x->arena);
    ir_unit_unref(x->unit);
}

ir_graph *parse_graph(vm_fixture *x, const char *ir)
{
    source *src = source_new("test.ir", ir, strlen(ir));
    diag d;
    diag_init(&d);
    ir_graph *g = ir_parse(src, x->unit, &d);
    if (!g) {
        text why;
        text_init(&why, NULL);
        diag_print(&d, &why, false);
        fail_msg("%s", why.s);
    }
    diag_fini(&d);
    source_unref(src);
    return g;
}

ir_function *define(vm_fixture *x, const type *owner, const char *name, const char *ir)
{
    ir_function *fn = ir_function_new(x->unit, name, owner, (range){ 0 });
    assert_non_null(fn);
    fn->graph = parse_graph(x, ir);
    return fn;
}

bool run_graph(vm_fixture *x, const char *ir, const jit_value *take_args, size_t n_args,
               jit_value *ret)
{
    ir_graph *g = parse_graph(x, ir);
    const char *why = NULL;
    range at;
    vm_plan *p = vm_plan_new(g, "test", &x->arena, &why, &at);
    if (!p)
        fail_msg("no plan: %s", why ? why : "no memory");
    text listing; // the disassembler sees every plan of every test
    text_init(&listing, NULL);
    vm_print(p, &listing);
    assert_false(listing.failed);
    bool done = vm_execute(&x->run, p, take_args, n_args, ret);
    if (getenv("VM_TEST_LISTING"))
        print_message("%s", listing.s);
    text_fini(&listing);
    for (size_t i = 0; i < n_args; i++)
        value_unref(take_args[i]);
    vm_plan_free(p);
    ir_graph_free(g);
    assert_int_equal(x->run.depth, 0);
    return done;
}

void expect_result(vm_fixture *x, const char *ir, const jit_value *take_args, size_t n_args,
                   const char *want)
{
    jit_value got;
    if (!run_graph(x, ir, take_args, n_args, &got))
        fail_msg("failed: %s", x->run.op.message);
    text t;
    text_init(&t, NULL);
    value_print_repr(got, &t);
    assert_string_equal(t.s, want);
    text_fini(&t);
    value_unref(got);
}

void expect_error(vm_fixture *x, const char *ir, const jit_value *take_args, size_t n_args,
                  const char *message)
{
    jit_value got;
    assert_false(run_graph(x, ir, take_args, n_args, &got));
    assert_non_null(x->run.op.message);
    assert_string_equal(x->run.op.message, message);
}

int count_in_plan(vm_fixture *x, const char *ir, const char *wanted)
{
    const char *why = NULL;
    range at;
    ir_graph *g = parse_graph(x, ir);
    vm_plan *p = vm_plan_new(g, "test", &x->arena, &why, &at);
    assert_non_null(p);
    text listing;
    text_init(&listing, NULL);
    vm_print(p, &listing);
    int n = 0;
    for (const char *s = strstr(listing.s, wanted); s; s = strstr(s + 1, wanted))
        n++;
    text_fini(&listing);
    vm_plan_free(p);
    ir_graph_free(g);
    return n;
}

void expect_plan_survives_lack_of_memory(vm_fixture *x, const char *ir)
{
    ir_graph *g = parse_graph(x, ir);
    for (int64_t n = 0;; n++) {
        const char *why;
        range at;
        mem_fail_after(n);
        vm_plan *p = vm_plan_new(g, "test", &x->arena, &why, &at);
        bool was_refused = mem_fail_seen();
        mem_fail_after(-1);
        vm_plan_free(p);
        assert_int_equal(p == NULL, was_refused);
        if (!was_refused)
            break;
    }
    ir_graph_free(g);
}
