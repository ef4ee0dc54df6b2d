/* Plans for types of arguments: right answers for more types than plans are kept for, from eight threads at once on one
 * module, whichever thread makes the plan. Meant for ThreadSanitizer, too. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "jit.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { N_CALLERS = 8, N_ROUNDS = 4 };

static const char program[] =
    "def ask(x: Tensor, scale: int) -> float:\n"
    "    if x.dim() == 1:\n"
    "        y = x.unsqueeze(0)\n"
    "    elif x.dim() == 2:\n"
    "        y = x\n"
    "    else:\n"
    "        y = x.flatten(1)\n"
    "    bits = 0\n"
    "    if x.dtype == torch.float64:\n"
    "        bits = 64\n"
    "    elif x.is_floating_point():\n"
    "        bits = 32\n"
    "    z = y.to(torch.float32).sum()\n"
    "    return float(z) * scale + float(bits) + float(len(y.size())) / 16\n"
    "def given(x: Tensor, n: Optional[int], y: Optional[Tensor]) -> Tuple[float, Optional[int]]:\n"
    "    total = float(x.sum())\n"
    "    if n is not None:\n"
    "        total += 100 * n\n"
    "    if y is None:\n"
    "        return total + 1000, n\n"
    "    return total + float(y.sum()), n\n";

static const struct { const char *dtype; int bits; } dtypes[] = {
    { "float32", 32 }, { "float64", 64 }, { "int64", 0 }, { "bool", 0 }, { "uint8", 0 },
};
static const char *const shapes[] = { "[6]", "[2, 3]", "[1, 2, 3]" };

/* What is asked for twice: the second time there may be a plan for it. */
static size_t count_wrong(const jit_module *m)
{
    size_t n_wrong = 0;
    for (int i = 0; i < 2 * 5 * 3; i++) {
        char expression[120];
        jit_any *value = NULL;
        int d = i / 3 % 5, scale = i;
        snprintf(expression, sizeof expression, "ask(torch.ones(%s, dtype=torch.%s), %d)", shapes[i % 3], dtypes[d].dtype, scale);
        bool is_right = !jit_evaluate((jit_module *)m, expression, NULL, &value, NULL)
                        && jit_as_float(value) == 6.0 * scale + dtypes[d].bits + 2.0 / 16;
        n_wrong += !is_right;
        jit_unref(value);
    }
    return n_wrong;
}

static void *caller_main(void *module)
{
    size_t n_wrong = 0;
    for (int i = 0; i < N_ROUNDS; i++)
        n_wrong += count_wrong(module);
    return (void *)n_wrong;
}

static void answers_do_not_depend_on_who_made_the_plan(void **state)
{
    (void)state;
    jit_module *m = NULL;
    pthread_t threads[N_CALLERS];
    assert_int_equal(jit_compile(program, strlen(program), NULL, &m, NULL), JIT_OK);
    for (int i = 0; i < N_CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, caller_main, m), 0);
    for (int i = 0; i < N_CALLERS; i++) {
        void *n_wrong;
        pthread_join(threads[i], &n_wrong);
        assert_null(n_wrong);
    }
    jit_module_unref(m);
}

/* Plans for None and for what is not: each call twice, as the second may have a plan of its own. */
static void what_is_none_decides_anew(void **state)
{
    (void)state;
    static const struct { const char *arguments; double is; } calls[] = {
        { "None, None", 1003 }, { "5, None", 1503 }, { "0, torch.ones(4)", 7 }, { "None, torch.ones(4)", 7 }, { "2, torch.ones(2)", 205 },
    };
    jit_module *m = NULL;
    assert_int_equal(jit_compile(program, strlen(program), NULL, &m, NULL), JIT_OK);
    for (int i = 0; i < 2 * 5; i++) {
        char expression[120];
        jit_any *value = NULL;
        snprintf(expression, sizeof expression, "given(torch.ones(3), %s)[0]", calls[i % 5].arguments);
        assert_int_equal(jit_evaluate(m, expression, NULL, &value, NULL), JIT_OK);
        assert_true(jit_as_float(value) == calls[i % 5].is);
        jit_unref(value);
    }
    jit_module_unref(m);
}

static void types_are_shown_without_a_run(void **state)
{
    (void)state;
    jit_module *m = NULL;
    jit_function *f = NULL;
    jit_error err = JIT_ERROR_INIT;
    char *text = NULL;
    assert_int_equal(jit_compile(program, strlen(program), NULL, &m, NULL), JIT_OK);
    assert_int_equal(jit_module_function(m, "ask", &f, NULL), JIT_OK);
    jit_any *x = NULL, *scale = jit_int(2);
    assert_int_equal(jit_evaluate(m, "torch.ones([2, 3])", NULL, &x, NULL), JIT_OK);
    assert_int_equal(jit_graph_for(f, (jit_any *const[]){ x, scale }, 2, &text, &err), JIT_OK);
    assert_non_null(strstr(text, "prim::TypeCheck[types=[Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu)]](%x.1)"));
    assert_null(strstr(text, "aten::dim"));
    jit_free(text);
    text = NULL;
    assert_int_equal(jit_graph_for(f, (jit_any *const[]){ x, x }, 2, &text, &err), JIT_ETYPE);
    assert_null(text);
    jit_error_fini(&err);
    assert_int_equal(jit_graph_for(NULL, NULL, 0, &text, NULL), JIT_EINVAL);
    assert_int_equal(jit_graph_for(f, (jit_any *const[]){ NULL }, 1, &text, NULL), JIT_EINVAL);
    jit_unref(x);
    jit_unref(scale);
    jit_function_unref(f);
    jit_module_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_do_not_depend_on_who_made_the_plan),
        cmocka_unit_test(what_is_none_decides_anew),
        cmocka_unit_test(types_are_shown_without_a_run),
    };
    return cmocka_run_group_tests_name("threads/types", tests, NULL, NULL);
}
