/* tests/threads/test_threads.c: threads that compile and run the same and different modules at once.
 *
 * What they share: interned types and names, operator schemas made on first use, the plans of a module and the programs
 * of its fused groups, the default random generator. Meant for ThreadSanitizer (-Db_sanitize=thread); without it, results are checked. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "jit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { N_THREADS = 4, N_ROUNDS = 20 };

static const char shared_source[] =
    "class Pair(NamedTuple):\n    a: int\n    b: List[int]\n"
    "def work(n: int):\n    p = Pair(n, [i * i for i in range(n)])\n    total = 0\n    for v in p.b:\n        total += v\n"
    "    return total\n"
    "def chain(x: Tensor, twice: Tensor) -> bool:\n    y = torch.relu(x * 2.0 + 1.0) - 0.5\n"
    "    return torch.equal(y + y.to(torch.float64), twice)\n"
    "def tensors(x: Tensor):\n    return (torch.relu(x) * 2 + torch.rand([2]) * 0).sum()\n";

static jit_module *shared;

static bool is_work_right(jit_module *m)
{
    jit_any *value = NULL;
    bool right = !jit_evaluate(m, "work(10)", NULL, &value, NULL) && jit_as_int(value) == 285;
    jit_unref(value);
    value = NULL;
    right &= !jit_evaluate(m, "tensors(torch.ones(2))", NULL, &value, NULL) && jit_kind_of(value) == JIT_TENSOR;
    jit_unref(value);
    return right;
}

/* A fused group that meets more sizes and types than it keeps programs for. */
static bool is_chain_right(jit_module *m, int round)
{
    static const char *const types[] = { "float32", "float64", "int64" };
    char call[200];
    snprintf(call, sizeof call,
             "chain(torch.ones([%d, %d], dtype=torch.%s), torch.full([%d, %d], 5.0, dtype=torch.float64))", 20 + round % 7,
             round % 2 ? 64 : 3, types[round % 3], 20 + round % 7, round % 2 ? 64 : 3);
    jit_any *value = NULL;
    bool right = !jit_evaluate(m, call, NULL, &value, NULL) && jit_as_bool(value);
    jit_unref(value);
    return right;
}

/* A module of this thread and round alone. */
static bool is_own_right(long thread, int round)
{
    char source[300];
    snprintf(source, sizeof source, "class C%ld_%d:\n    def __init__(self, x: int):\n        self.x = x\n"
             "def own(x: int):\n    d: Dict[str, List[Tuple[int, float]]] = {}\n    return C%ld_%d(x + %d).x + len(d)\n",
             thread, round, thread, round, round);
    jit_module *m;
    if (jit_compile(source, strlen(source), NULL, &m, NULL))
        return false;
    jit_any *value = NULL;
    bool right = !jit_evaluate(m, "own(1)", NULL, &value, NULL) && jit_as_int(value) == round + 1;
    jit_unref(value);
    jit_module_unref(m);
    return right;
}

static void *thread_main(void *arg)
{
    long thread = (long)(size_t)arg, wrong = 0;
    for (int i = 0; i < N_ROUNDS; i++) {
        wrong += !is_work_right(shared);
        wrong += !is_own_right(thread, i);
        wrong += !is_chain_right(shared, i + (int)thread);
        jit_module *m;
        if (jit_compile(shared_source, strlen(shared_source), NULL, &m, NULL)) {
            wrong++;
            continue;
        }
        wrong += !is_work_right(m);
        jit_module_unref(m);
        jit_module_unref(jit_module_ref(shared));
    }
    return (void *)(size_t)wrong;
}

int main(void)
{
    if (jit_compile(shared_source, strlen(shared_source), NULL, &shared, NULL))
        return 1;
    pthread_t threads[N_THREADS];
    int passed = 0, failed = 0;
    for (size_t i = 0; i < N_THREADS; i++)
        if (pthread_create(&threads[i], NULL, thread_main, (void *)i))
            return 1;
    for (size_t i = 0; i < N_THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        if (wrong)
            failed++;
        else
            passed++;
    }
    jit_module_unref(shared);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
