/* torch.jit.fork on several threads: the same answers as on one, errors and limits as if nothing overlapped, one module
 * called from eight threads. Meant for ThreadSanitizer, too (-Db_sanitize=thread -Dopenmp=disabled). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "jit.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { N_CALLERS = 8, N_ROUNDS = 5 };

static const char program[] =
    "def spin(n: int) -> int:\n"
    "    t = 0\n"
    "    for i in range(n):\n"
    "        t = (t * 31 + i) % 1000003\n"
    "    return t\n"
    "def wave(x: Tensor, n: int) -> Tensor:\n"
    "    y = x\n"
    "    for i in range(n):\n"
    "        y = torch.tanh(y @ x) * 0.5\n"
    "    return y\n"
    "def two(n: int) -> int:\n"
    "    a = torch.jit.fork(spin, n)\n"
    "    b = spin(n + 1)\n"
    "    return torch.jit.wait(a) + b - spin(n) - b\n"
    "def many(n: int, k: int) -> int:\n"
    "    futures: List[Future[int]] = []\n"
    "    for i in range(k):\n"
    "        futures.append(torch.jit.fork(spin, n))\n"
    "    total = 0\n"
    "    for f in futures:\n"
    "        total += torch.jit.wait(f)\n"
    "    return total - k * spin(n)\n"
    "def tree0(n: int) -> int:\n    return spin(n)\n"
    "def tree1(n: int) -> int:\n    f = torch.jit.fork(tree0, n)\n    return tree0(n) + torch.jit.wait(f)\n"
    "def tree2(n: int) -> int:\n    f = torch.jit.fork(tree1, n)\n    return tree1(n) + torch.jit.wait(f)\n"
    "def tree3(n: int) -> int:\n    f = torch.jit.fork(tree2, n)\n    return tree2(n) + torch.jit.wait(f)\n"
    "def tree(n: int) -> int:\n    return tree3(n) - 8 * spin(n)\n"
    "def after(f: Future[int], n: int) -> int:\n    return torch.jit.wait(f) + spin(n)\n"
    "def chain(n: int) -> int:\n"
    "    f = torch.jit.fork(spin, n)\n"
    "    for i in range(30):\n"
    "        f = torch.jit.fork(after, f, n)\n"
    "    return torch.jit.wait(f) + torch.jit.wait(f) - 62 * spin(n)\n"
    "def tensors(n: int) -> bool:\n"
    "    x = torch.ones([8, 8]) * 0.1\n"
    "    f = torch.jit.fork(wave, x, n)\n"
    "    g = torch.jit.fork(wave, x * 2, n)\n"
    "    h = wave(x, n)\n"
    "    x.add_(1)\n" // waits for both
    "    return bool((torch.jit.wait(f) == h).all() and (torch.jit.wait(g) != h).any())\n"
    "def turn(x: Tensor, n: int) -> Tensor:\n"
    "    for i in range(n):\n"
    "        b, t, c = x.size()\n"
    "        x = torch.cat([x.reshape(b, t * c), x.reshape([b, c * t])], 1)[:, :t * c].view(b, c, t)\n"
    "    return x\n"
    "def shapes(n: int) -> bool:\n" // lists lent from several frames at once
    "    x = torch.arange(24).view(2, 3, 4)\n"
    "    f = torch.jit.fork(turn, x, n)\n"
    "    y = turn(x.view(2, 4, 3), n)\n"
    "    return bool((torch.jit.wait(f).flatten() == x.flatten()).all() and (y.flatten() == x.flatten()).all())\n"
    "def draw(n: int) -> Tensor:\n    return torch.rand([n])\n"
    "def draws(n: int) -> bool:\n"
    "    torch.manual_seed(n)\n"
    "    a, b = draw(3), draw(3)\n"
    "    torch.manual_seed(n)\n"
    "    f = torch.jit.fork(draw, 3)\n"
    "    g = torch.jit.fork(draw, 3)\n"
    "    return bool((torch.jit.wait(g) == b).all() and (torch.jit.wait(f) == a).all())\n"
    "def fails(n: int) -> int:\n"
    "    if spin(n) >= 0:\n"
    "        raise ValueError('no')\n"
    "    return n\n"
    "def drops(n: int) -> int:\n"
    "    f = torch.jit.fork(fails, n)\n"
    "    return 0\n"
    "def raises(n: int) -> int:\n"
    "    f = torch.jit.fork(fails, n)\n"
    "    g = torch.jit.fork(spin, n)\n"
    "    return torch.jit.wait(f)\n"
    "def speaks(n: int):\n    print(n)\n"
    "def speak(n: int):\n"
    "    f = torch.jit.fork(speaks, 1)\n"
    "    print(2)\n"
    "    g = torch.jit.fork(speaks, 3)\n"
    "def list_of(n: int) -> List[int]:\n    return [i for i in range(n)]\n"
    "def fills(n: int) -> int:\n"
    "    f = torch.jit.fork(list_of, n)\n"
    "    g = torch.jit.fork(list_of, n)\n"
    "    return len(torch.jit.wait(f)) - len(torch.jit.wait(g))\n";

static jit_module *module;

static jit_status call(const char *name, int64_t n, const jit_call_options *opts, int64_t *ret, jit_error *err)
{
    char expression[100];
    jit_any *value = NULL;
    snprintf(expression, sizeof expression, "int(%s(%lld))", name, (long long)n);
    jit_status status = jit_evaluate(module, expression, opts, &value, err);
    if (!status && ret)
        *ret = jit_as_int(value);
    jit_unref(value);
    return status;
}

static const struct { const char *name; int64_t n, want; } calls[] = {
    { "two", 5000, 0 }, { "tree", 2000, 0 }, { "chain", 300, 0 }, { "tensors", 10, 1 }, { "shapes", 50, 1 }, { "drops", 100, 0 }, { "fills", 500, 0 },
};

static size_t count_wrong(void)
{
    size_t n_wrong = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int64_t got = -1;
        n_wrong += call(calls[i].name, calls[i].n, NULL, &got, NULL) != JIT_OK || got != calls[i].want;
    }
    return n_wrong;
}

static void gives_the_answers_of_one_thread(void **state)
{
    (void)state;
    for (int n = 1; n <= 4; n += 3) {
        int64_t got = -1;
        jit_set_num_threads(n);
        assert_int_equal(count_wrong(), 0);
        assert_int_equal(call("many", 100, NULL, &got, NULL), JIT_ETYPE); // `k` is missing
        assert_int_equal(call("draws", 7, NULL, &got, NULL), JIT_OK);
        assert_int_equal(got, 1);
    }
}

static void forks_more_than_the_queue_holds(void **state)
{
    (void)state;
    jit_any *value = NULL;
    assert_int_equal(jit_evaluate(module, "many(50, 2000)", NULL, &value, NULL), JIT_OK);
    assert_int_equal(jit_as_int(value), 0);
    jit_unref(value);
}

static void *caller_main(void *unused)
{
    (void)unused;
    size_t n_wrong = 0;
    for (int i = 0; i < N_ROUNDS; i++)
        n_wrong += count_wrong();
    return (void *)n_wrong;
}

static void one_module_serves_eight_threads(void **state)
{
    (void)state;
    pthread_t threads[N_CALLERS];
    for (int i = 0; i < N_CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, caller_main, NULL), 0);
    for (int i = 0; i < N_CALLERS; i++) {
        void *n_wrong;
        pthread_join(threads[i], &n_wrong);
        assert_null(n_wrong);
    }
}

static void errors_arrive_at_wait(void **state)
{
    (void)state;
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(call("raises", 1000, NULL, NULL, &err), JIT_ERUNTIME);
    assert_string_equal(err.message, "no");
    assert_non_null(strstr(err.details, "torch.jit.wait(f)"));
    jit_error_fini(&err);
}

static void print_to_text(void *ctx, const char *s, size_t n) { strncat(ctx, s, n); }

static void what_is_seen_keeps_its_order(void **state)
{
    (void)state;
    char out[50] = "";
    jit_any *value = NULL;
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.print = print_to_text;
    opts.print_ctx = out;
    assert_int_equal(jit_evaluate(module, "speak(0)", &opts, &value, NULL), JIT_OK);
    jit_unref(value);
    assert_string_equal(out, "1\n2\n3\n");
}

static void limits_hold_for_all_branches_together(void **state)
{
    (void)state;
    jit_limits limits = JIT_LIMITS_INIT;
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.limits = &limits;
    limits.max_instructions = 100000; // one branch alone uses more than a third of that
    assert_int_equal(call("tree", 10000, &opts, NULL, NULL), JIT_ELIMIT);
    assert_int_equal(call("tree", 100, &opts, NULL, NULL), JIT_OK);
    limits.max_instructions = 0;
    limits.max_bytes = 1 << 20;
    assert_int_equal(call("fills", 1000000, &opts, NULL, NULL), JIT_ENOMEM);
    assert_int_equal(call("fills", 100, &opts, NULL, NULL), JIT_OK);
    limits.max_bytes = 0;
    limits.max_time_ns = 20000000;
    assert_int_equal(call("tree", 1000000000, &opts, NULL, NULL), JIT_ELIMIT);
}

static void an_interrupt_reaches_all_branches(void **state)
{
    (void)state;
    volatile bool now = true;
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.interrupt = &now;
    assert_int_equal(call("tree", 1000000000, &opts, NULL, NULL), JIT_EINTERRUPTED);
}

static int compile(void **state)
{
    (void)state;
    jit_error err = JIT_ERROR_INIT;
    if (jit_compile(program, strlen(program), NULL, &module, &err))
        print_error("%s\n", err.message);
    jit_error_fini(&err);
    return module == NULL;
}

static int release(void **state)
{
    (void)state;
    jit_module_unref(module);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_answers_of_one_thread),
        cmocka_unit_test(forks_more_than_the_queue_holds),
        cmocka_unit_test(one_module_serves_eight_threads),
        cmocka_unit_test(errors_arrive_at_wait),
        cmocka_unit_test(what_is_seen_keeps_its_order),
        cmocka_unit_test(limits_hold_for_all_branches_together),
        cmocka_unit_test(an_interrupt_reaches_all_branches),
    };
    return cmocka_run_group_tests_name("threads/fork", tests, compile, release);
}
