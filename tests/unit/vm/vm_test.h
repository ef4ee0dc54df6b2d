/* tests/unit/vm/vm_test.h: run IR text, compare what comes out with text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_VM_TEST_H
#define TESTS_UNIT_VM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/vm/vm.h"

/** A unit with functions in IR text, a run, what it printed. */
typedef struct vm_fixture {
    ir_unit *unit;
    vm_run run;
    text printed;
    arena arena;
} vm_fixture;

void fixture_init(vm_fixture *x);
void fixture_fini(vm_fixture *x);
/** Parse a graph; the test fails if it does not parse. */
ir_graph *parse_graph(vm_fixture *x, const char *ir);
/** Define function `name` (a method if owner is given) by its graph. */
ir_function *define(vm_fixture *x, const type *owner, const char *name, const char *ir);
/** Run a graph text on arguments (taken). */
bool run_graph(vm_fixture *x, const char *ir, const jit_value *take_args, size_t n_args,
               jit_value *ret);
/** The result, printed as a constant would be. */
void expect_result(vm_fixture *x, const char *ir, const jit_value *take_args, size_t n_args,
                   const char *want);
void expect_error(vm_fixture *x, const char *ir, const jit_value *take_args, size_t n_args,
                  const char *message);

/** How often the text stands in the listing of the graph's plan. */
int count_in_plan(vm_fixture *x, const char *ir, const char *wanted);
/** Make the graph's plan with every allocation refused in turn: it is there or not, and nothing leaks. */
void expect_plan_survives_lack_of_memory(vm_fixture *x, const char *ir);

#define TEST(name) static void name(void **state)
#define BEGIN vm_fixture x; (void)state; fixture_init(&x)
#define END fixture_fini(&x)
#define ARGS(...) \
    (jit_value[]){ __VA_ARGS__ }, sizeof((jit_value[]){ __VA_ARGS__ }) / sizeof(jit_value)
#define NO_ARGS NULL, 0

#endif
