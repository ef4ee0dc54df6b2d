/* tests/unit/api/test_call.c: calling: conversions, keywords, defaults, limits, interrupt, print,
 * threads. Rows of conversions were recorded from PyTorch 1.13.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "api_test.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static const char identities[] = "def b(x: bool): return x\n"
                                 "def i(x: int): return x\n"
                                 "def f(x: float): return x\n"
                                 "def c(x: complex): return x\n"
                                 "def s(x: str): return x\n"
                                 "def t(x: Tensor): return x\n"
                                 "def li(x: List[int]): return x\n"
                                 "def lf(x: List[float]): return x\n"
                                 "def lt(x: List[Tensor]): return x\n"
                                 "def ll(x: List[List[int]]): return x\n"
                                 "def tu(x: Tuple[int, float]): return x\n"
                                 "def d(x: Dict[str, float]): return x\n"
                                 "def o(x: Optional[int]): return x\n"
                                 "def u(x: Union[int, str]): return x\n"
                                 "def n(x: int, y: float = 2.5, z: bool = False): return (x, y, z)\n";

/* `expression` calls one of the identities; NULL: PyTorch refuses it, and so do we, with JIT_ETYPE. */
typedef struct conversion { const char *expression, *printed; } conversion;

static void check_conversions(const conversion *rows, size_t n)
{
    jit_module *m = compile(identities);
    for (size_t i = 0; i < n; i++) {
        jit_any *ret = NULL;
        jit_error err = JIT_ERROR_INIT;
        jit_status status = jit_evaluate(m, rows[i].expression, NULL, &ret, &err);
        if (rows[i].printed && status)
            fail_msg("%s: %s", rows[i].expression, err.message);
        if (rows[i].printed) {
            char *text = jit_to_string(ret);
            if (strcmp(text, rows[i].printed))
                fail_msg("%s gave %s, not %s", rows[i].expression, text, rows[i].printed);
            jit_free(text);
            jit_unref(ret);
        } else {
            if (status != JIT_ETYPE)
                fail_msg("%s was not refused", rows[i].expression);
            expect_error(&err, JIT_ETYPE, "Expected a value of type");
        }
    }
    jit_module_unref(m);
}

static void conversions_of_numbers(void **state)
{
    (void)state;
    static const conversion rows[] = {
        { "b(1)", "True" }, { "b(0.5)", "True" }, { "b(None)", "False" }, { "b('a')", NULL },
        { "b(torch.tensor(2))", "True" }, { "b([])", NULL }, { "b([1])", NULL }, { "b(1j)", "True" },
        { "b(torch.tensor([1.5]))", "True" }, { "b(torch.tensor(1j))", "True" }, { "b(0j)", "False" },
        { "b(torch.tensor([1, 2]))", NULL },
        { "i(True)", "1" }, { "i(3)", "3" }, { "i(3.5)", NULL }, { "i(torch.tensor(4))", "4" },
        { "i(torch.tensor([4]))", "4" }, { "i(torch.tensor(4.5))", "4" }, { "i(torch.tensor(-4.5))", "-4" },
        { "i('3')", NULL }, { "i(None)", NULL }, { "i(torch.tensor(True))", "1" }, { "i(1j)", NULL },
        { "i(torch.tensor(math.nan))", NULL }, { "i(torch.tensor(1e30))", NULL }, { "i(torch.ones(2))", NULL },
        { "f(True)", "1." }, { "f(3)", "3." }, { "f(3.5)", "3.5" }, { "f(torch.tensor(4))", "4." },
        { "f(torch.tensor([1.5]))", "1.5" }, { "f(1j)", NULL }, { "f('a')", NULL },
        { "c(True)", "1.+0.j" }, { "c(1)", "1.+0.j" }, { "c(1.5)", "1.5+0.j" }, { "c(1j)", "0.+1.j" },
        { "c(torch.tensor(1))", "1.+0.j" }, { "c(torch.tensor(1j))", "0.+1.j" }, { "c('a')", NULL },
        { "s('a')", "a" }, { "s(1)", NULL }, { "s(None)", NULL },
        { "t(1)", NULL }, { "t(1.5)", NULL }, { "t([1])", NULL },
    };
    check_conversions(rows, COUNT(rows));
}

static void conversions_of_containers(void **state)
{
    (void)state;
    static const conversion rows[] = {
        { "li([1, 2])", "[1, 2]" }, { "li((1, 2))", "[1, 2]" }, { "li([1.5])", NULL }, { "li([True])", "[1]" },
        { "li(torch.tensor([1, 2]))", NULL }, { "li([torch.tensor(1)])", "[1]" }, { "li(3)", NULL },
        { "li([])", "[]" }, { "li(['a'])", NULL }, { "li([1, 'a'])", NULL },
        { "lf([1, 2])", "[1., 2.]" }, { "lf([1.5, 2])", "[1.5, 2.]" }, { "lf((1,))", "[1.]" },
        { "lf(torch.tensor([1.5]))", NULL }, { "lf([torch.tensor(1.5)])", "[1.5]" },
        { "lt([])", "[]" }, { "lt([1])", NULL }, { "lt(torch.tensor([1, 2]))", NULL },
        { "ll([[1], [2]])", "[[1], [2]]" }, { "ll([[1], (2,)])", "[[1], [2]]" }, { "ll([1])", NULL },
        { "tu((1, 2))", "(1, 2.)" }, { "tu([1, 2])", "(1, 2.)" }, { "tu((1,))", NULL }, { "tu((1, 2, 3))", NULL },
        { "tu((1.5, 2))", NULL }, { "tu((True, 1))", "(1, 1.)" },
        { "d({'a': 1})", "{a: 1.}" }, { "d({})", "{}" }, { "d([])", "{}" }, { "d({1: 1})", NULL },
        { "d({'a': 'b'})", NULL }, { "d(())", "{}" },
        { "o(None)", "None" }, { "o(1)", "1" }, { "o(1.5)", NULL }, { "o(True)", "1" },
        { "u(1)", "1" }, { "u('a')", "a" }, { "u(1.5)", NULL }, { "u(True)", NULL }, { "u(None)", NULL },
    };
    check_conversions(rows, COUNT(rows));
}

static void positions_keywords_and_defaults(void **state)
{
    (void)state;
    static const conversion rows[] = {
        { "n(1)", "(1, 2.5, False)" },         { "n(1, 2)", "(1, 2., False)" },
        { "n(1, z=True)", "(1, 2.5, True)" },  { "n(1, y=3)", "(1, 3., False)" },
        { "n(z=True, x=5)", "(5, 2.5, True)" },
    };
    check_conversions(rows, COUNT(rows));
    jit_function *f = compile_function(identities, "n");
    jit_any *args[] = { jit_int(1), jit_float(9), jit_int(7) }, *ret = NULL;
    jit_error err = JIT_ERROR_INIT;
    static const char *const yz[] = { "z", "y" }, *const x[] = { "x" }, *const q[] = { "q" };
    static const char *const yy[] = { "y", "y" }, *const hole[] = { NULL };
    assert_int_equal(jit_call_keywords(f, args, 1, yz, 2, NULL, &ret, NULL), JIT_OK);
    expect_printed(ret, "(1, 7., True)");
    ret = (jit_any *)&err;
    assert_int_equal(jit_call_keywords(f, args, 1, x, 1, NULL, &ret, &err), JIT_ETYPE);
    expect_error(&err, JIT_ETYPE, "Argument 'x' specified both as positional and keyword argument.");
    assert_int_equal(jit_call_keywords(f, args, 1, q, 1, NULL, &ret, &err), JIT_ETYPE);
    expect_error(&err, JIT_ETYPE, "Unknown keyword argument 'q' for operator 'n'. Schema: n(int x, float y=2.5, "
                                  "bool z=False) -> ((int, float, bool))");
    assert_int_equal(jit_call_keywords(f, args, 1, yy, 2, NULL, &ret, &err), JIT_ETYPE);
    expect_error(&err, JIT_ETYPE, "'y' specified twice");
    assert_int_equal(jit_call_keywords(f, args, 0, yz, 2, NULL, &ret, &err), JIT_ETYPE);
    expect_error(&err, JIT_ETYPE, "n() is missing value for argument 'x'. Declaration: n(int x, float y=2.5, "
                                  "bool z=False) -> ((int, float, bool))");
    assert_int_equal(jit_call_keywords(f, args, 1, hole, 1, NULL, &ret, &err), JIT_EINVAL);
    expect_error(&err, JIT_EINVAL, "keyword argument 0");
    assert_ptr_equal(ret, &err);
    unref_all(args, COUNT(args));
    expect_failing_call(f, JIT_ETYPE, "expected at most 3 argument(s) but received 4 argument(s)",
                        ARGS(jit_int(1), jit_int(1), jit_int(1), jit_int(1)));
    expect_failing_call(f, JIT_ETYPE, "Expected a value of type 'int' for argument 'x' but instead found type 'str'",
                        ARGS(jit_str("a", 1)));
    jit_function_unref(f);
}

static void nulls_are_refused(void **state)
{
    (void)state;
    jit_function *f = compile_function(identities, "i");
    jit_any *hole = NULL, *ret = NULL;
    assert_int_equal(jit_call(f, &hole, 1, NULL, &ret, NULL), JIT_EINVAL);
    assert_int_equal(jit_call(NULL, NULL, 0, NULL, &ret, NULL), JIT_EINVAL);
    jit_any *one = jit_int(1);
    assert_int_equal(jit_call(f, &one, 1, NULL, NULL, NULL), JIT_EINVAL);
    assert_int_equal(jit_op_call("aten::neg", &hole, 1, NULL, 0, &ret, NULL), JIT_EINVAL);
    assert_int_equal(jit_op_call(NULL, &one, 1, NULL, 0, &ret, NULL), JIT_EINVAL);
    assert_null(ret);
    jit_unref(one);
    jit_function_unref(f);
}

/* A list of the wanted type is passed on, not copied: the caller sees what the function did to it. */
static void containers_of_the_wanted_type_are_shared(void **state)
{
    (void)state;
    jit_function *f = compile_function("def f(x: List[int]):\n    x.append(9)\n", "f");
    jit_any *items[] = { jit_int(1) }, *l = jit_list(items, 1), *ret = NULL;
    assert_int_equal(jit_call(f, &l, 1, NULL, &ret, NULL), JIT_OK);
    assert_int_equal(jit_kind_of(ret), JIT_NONE);
    jit_unref(ret);
    expect_printed(l, "[1, 9]");
    unref_all(items, 1);
    jit_function_unref(f);
}

/* ---- failures of runs ----------------------------------------------------------------------------- */

static void raised_exceptions_have_a_backtrace(void **state)
{
    (void)state;
    jit_function *f = compile_function("def inner(x: int) -> int:\n"
                                       "    if x > 2:\n"
                                       "        raise ValueError('too large')\n"
                                       "    return x\n"
                                       "def outer(x: int) -> int:\n"
                                       "    return inner(x) + 1\n",
                                       "outer");
    expect_call(f, "2", ARGS(jit_int(1)));
    jit_any *three = jit_int(3), *ret = NULL;
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(jit_call(f, &three, 1, NULL, &ret, &err), JIT_ERUNTIME);
    assert_null(ret);
    assert_string_equal(err.exception, "ValueError");
    assert_string_equal(err.message, "too large");
    assert_int_equal(err.line, 3);
    assert_non_null(strstr(err.details, "raise ValueError"));
    assert_non_null(strstr(err.details, "<--- HERE"));
    jit_error_fini(&err);
    assert_int_equal(jit_call(f, &three, 1, NULL, &ret, NULL), JIT_ERUNTIME); // without a place for it
    jit_unref(three);
    jit_function_unref(f);
}

static void operators_refuse_their_operands(void **state)
{
    (void)state;
    jit_function *f = compile_function("def f(a: Tensor, b: Tensor): return a + b\n", "f");
    const float zeros[3] = { 0 };
    expect_failing_call(f, JIT_ERUNTIME, "must match the size",
                        ARGS(jit_tensor(JIT_FLOAT32, (int64_t[]){ 2 }, 1, zeros),
                             jit_tensor(JIT_FLOAT32, (int64_t[]){ 3 }, 1, zeros)));
    jit_function_unref(f);
}

/* ---- limits --------------------------------------------------------------------------------------- */

static const char endless[] = "def spin(x: int) -> int:\n"
                              "    while x > 0:\n"
                              "        x += 1\n"
                              "    return x\n"
                              "def eat(x: int):\n"
                              "    l: List[Tensor] = []\n"
                              "    while x > 0:\n"
                              "        l.append(torch.zeros(100000))\n"
                              "    return l\n"
                              "def large(x: int):\n"
                              "    return torch.zeros(x)\n";

static void expect_limit(const char *source, const char *name, const jit_limits *limits, jit_status status, int64_t arg)
{
    jit_function *f = compile_function(source, name);
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    jit_error err = JIT_ERROR_INIT;
    jit_any *x = jit_int(arg), *ret = NULL;
    opts.limits = limits;
    jit_status got = jit_call(f, &x, 1, &opts, &ret, &err);
    if (got != status)
        fail_msg("%s: %s %s", name, jit_status_name(got), err.message);
    assert_null(ret);
    jit_error_fini(&err);
    jit_unref(x);
    jit_function_unref(f);
}

static void limits_end_runs(void **state)
{
    (void)state;
    jit_limits limits = JIT_LIMITS_INIT;
    limits.max_instructions = 10000;
    expect_limit(endless, "spin", &limits, JIT_ELIMIT, 1);
    limits = (jit_limits)JIT_LIMITS_INIT;
    limits.max_time_ns = 20000000;
    expect_limit(endless, "spin", &limits, JIT_ELIMIT, 1);
    limits = (jit_limits)JIT_LIMITS_INIT;
    limits.max_bytes = 10 << 20;
    expect_limit(endless, "eat", &limits, JIT_ENOMEM, 1);
    limits = (jit_limits)JIT_LIMITS_INIT;
    limits.max_tensor_elements = 1000;
    expect_limit(endless, "large", &limits, JIT_ELIMIT, 1001);
}

static void depth_of_calls_is_bounded(void **state)
{
    (void)state;
    enum { DEPTH = 8, LINES = 200 }; // too long to be inlined, so that the calls remain
    char source[DEPTH * LINES * 24], *p = source;
    for (int i = 0; i < DEPTH; i++) {
        p += sprintf(p, "def f%d(x: int) -> int:\n    y = x\n", i);
        for (int k = 0; k < LINES; k++)
            p += sprintf(p, "    y = y * x + %d\n", k);
        p += i ? sprintf(p, "    return f%d(y)\n", i - 1) : sprintf(p, "    return y\n");
    }
    jit_limits limits = JIT_LIMITS_INIT;
    limits.max_depth = DEPTH / 2;
    expect_limit(source, "f7", &limits, JIT_ELIMIT, 1);
    jit_function *f = compile_function(source, "f7");
    jit_any *x = jit_int(1), *ret = NULL;
    assert_int_equal(jit_call(f, &x, 1, NULL, &ret, NULL), JIT_OK);
    jit_unref(ret);
    jit_unref(x);
    jit_function_unref(f);
}

typedef struct interruption { volatile bool flag; } interruption;

static void *interrupt_soon(void *ctx)
{
    usleep(20000);
    ((interruption *)ctx)->flag = true;
    return NULL;
}

static void a_flag_interrupts_runs(void **state)
{
    (void)state;
    interruption now = { false };
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.interrupt = &now.flag;
    jit_function *f = compile_function(endless, "spin");
    jit_any *x = jit_int(1), *ret = NULL;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, &now), 0);
    assert_int_equal(jit_call(f, &x, 1, &opts, &ret, NULL), JIT_EINTERRUPTED);
    pthread_join(thread, NULL);
    assert_null(ret);
    jit_unref(x);
    jit_function_unref(f);
}

static void print_goes_to_the_sink(void **state)
{
    (void)state;
    printed p = { .n = 0 };
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.print = collect;
    opts.print_ctx = &p;
    jit_function *f = compile_function("def f(x: float):\n    print('x is', x)\n    print()\n    print([1], None)\n", "f");
    jit_any *x = jit_float(1.5), *ret = NULL;
    assert_int_equal(jit_call(f, &x, 1, &opts, &ret, NULL), JIT_OK);
    assert_string_equal(p.s, "x is 1.5\n\n[1] None\n");
    jit_unref(ret);
    jit_unref(x);
    jit_function_unref(f);
}

/* ---- operators ------------------------------------------------------------------------------------ */

static void operators_by_name(void **state)
{
    (void)state;
    const float data[] = { -1, 2 };
    jit_any *x = jit_tensor(JIT_FLOAT32, (int64_t[]){ 2 }, 1, data), *two = jit_int(2), *ret = NULL;
    jit_any *args[] = { x, two };
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(jit_op_call("aten::relu", args, 1, NULL, 0, &ret, NULL), JIT_OK);
    expect_printed(ret, " 0\n 2\n[ CPUFloatType{2} ]");
    assert_int_equal(jit_op_call("aten::add.Scalar", args, 2, NULL, 0, &ret, NULL), JIT_OK);
    expect_printed(ret, " 1\n 4\n[ CPUFloatType{2} ]");
    assert_int_equal(jit_op_call("aten::add", (jit_any *[]){ x, x, two }, 2, (const char *[]){ "alpha" }, 1, &ret, NULL),
                     JIT_OK);
    expect_printed(ret, "-3\n 6\n[ CPUFloatType{2} ]");
    ret = (jit_any *)&err;
    assert_int_equal(jit_op_call("aten::nothing", args, 1, NULL, 0, &ret, &err), JIT_ENOTFOUND);
    expect_error(&err, JIT_ENOTFOUND, "aten::nothing");
    assert_int_equal(jit_op_call("aten::relu", args, 2, NULL, 0, &ret, &err), JIT_ETYPE);
    expect_error(&err, JIT_ETYPE, "aten::relu");
    char name[300];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_int_equal(jit_op_call(name, args, 1, NULL, 0, &ret, NULL), JIT_ENOTFOUND);
    assert_ptr_equal(ret, &err);
    unref_all(args, 2);
}

/* ---- threads -------------------------------------------------------------------------------------- */

typedef struct worker { jit_function *f; int64_t n; atomic_int *failures; } worker;

static void *call_often(void *ctx)
{
    worker *w = ctx;
    for (int64_t i = 0; i < 50; i++) {
        jit_any *x = jit_int(w->n + i), *ret = NULL;
        if (jit_call(w->f, &x, 1, NULL, &ret, NULL) || jit_as_int(ret) != 3 * (w->n + i) + 1)
            atomic_fetch_add(w->failures, 1);
        jit_unref(ret);
        jit_unref(x);
    }
    jit_function_unref(w->f);
    return NULL;
}

static void threads_share_a_function(void **state)
{
    (void)state;
    atomic_int failures = 0;
    jit_function *f = compile_function("def triple(x: int) -> int:\n"
                                       "    total = 0\n"
                                       "    for i in range(3):\n"
                                       "        total += x\n"
                                       "    return total\n"
                                       "def f(x: int) -> int:\n"
                                       "    y = torch.ones(3)\n"
                                       "    return triple(x) + int(y[0])\n",
                                       "f");
    pthread_t threads[4];
    worker workers[4];
    for (int i = 0; i < 4; i++) { // none has a plan yet: they race for making it
        workers[i] = (worker){ jit_function_ref(f), i * 1000, &failures };
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &workers[i]), 0);
    }
    jit_function_unref(f);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(failures, 0);
}

static void process_wide_settings(void **state)
{
    (void)state;
    int before = jit_get_num_threads();
    assert_true(before >= 1);
    jit_set_num_threads(1);
    assert_int_equal(jit_get_num_threads(), 1);
    jit_set_num_threads(0);
    assert_true(jit_get_num_threads() >= 1);
    jit_function *f = compile_function("def f() -> float:\n    return float(torch.rand(1))\n", "f");
    jit_any *a = NULL, *b = NULL;
    jit_manual_seed(3);
    assert_int_equal(jit_call(f, NULL, 0, NULL, &a, NULL), JIT_OK);
    jit_manual_seed(3);
    assert_int_equal(jit_call(f, NULL, 0, NULL, &b, NULL), JIT_OK);
    assert_true(jit_as_float(a) == jit_as_float(b));
    jit_unref(a);
    jit_unref(b);
    jit_function_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversions_of_numbers),
        cmocka_unit_test(conversions_of_containers),
        cmocka_unit_test(positions_keywords_and_defaults),
        cmocka_unit_test(nulls_are_refused),
        cmocka_unit_test(containers_of_the_wanted_type_are_shared),
        cmocka_unit_test(raised_exceptions_have_a_backtrace),
        cmocka_unit_test(operators_refuse_their_operands),
        cmocka_unit_test(limits_end_runs),
        cmocka_unit_test(depth_of_calls_is_bounded),
        cmocka_unit_test(a_flag_interrupts_runs),
        cmocka_unit_test(print_goes_to_the_sink),
        cmocka_unit_test(operators_by_name),
        cmocka_unit_test(threads_share_a_function),
        cmocka_unit_test(process_wide_settings),
    };
    return cmocka_run_group_tests_name("api/call", tests, NULL, NULL);
}
