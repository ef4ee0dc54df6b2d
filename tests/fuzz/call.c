/* tests/fuzz/call.c: running what a fuzz target compiled or loaded. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/call.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_FUNCTIONS = 20, MOST_ARGS = 8, MOST_BYTES = 256 << 20 };

void fuzz_with_input(const uint8_t *data, size_t n_bytes, void (*target)(const uint8_t *data, size_t n_bytes))
{
    mem_budget budget = { .limit_bytes = MOST_BYTES };
    uint8_t *copy = malloc(n_bytes ? n_bytes : 1);
    if (!copy)
        return;
    memcpy(copy, data, n_bytes);
    mem_budget *before = mem_budget_set(&budget);
    target(copy, n_bytes);
    mem_budget_set(before);
    free(copy);
}

jit_limits fuzz_limits(void)
{
    jit_limits limits = JIT_LIMITS_INIT;
    limits.max_instructions = 20000;
    limits.max_bytes = 64 << 20;
    limits.max_tensor_elements = 1 << 16;
    limits.max_time_ns = 200000000;
    return limits;
}

static void swallow(void *ctx, const char *s, size_t n)
{
    (void)ctx, (void)s, (void)n;
}

static jit_any *argument(int round)
{
    static const float elements[] = { 1, -2, 0, 0.5, 3, -1 };
    switch (round) {
    case 0:  return jit_int(3);
    case 1:  return jit_scalar(JIT_FLOAT32, 2.5);
    case 2:  return jit_str("a b", 3);
    case 3:  return jit_list(NULL, 0);
    default: return jit_tensor(JIT_FLOAT32, (const int64_t[]){ 2, 3 }, 2, elements);
    }
}

static void call(jit_module *m, const char *name, const jit_limits *limits, jit_error *err)
{
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.limits = limits;
    opts.print = swallow;
    jit_function *f;
    if (jit_module_function(m, name, &f, NULL))
        return;
    size_t n = jit_function_n_params(f);
    for (int round = 0; round < 5 && n <= MOST_ARGS; round++) {
        jit_any *args[MOST_ARGS] = { 0 }, *ret = NULL;
        for (size_t i = 0; i < n; i++)
            args[i] = argument(round);
        if (!jit_call(f, args, n, &opts, &ret, err)) {
            jit_free(jit_to_string(ret));
            jit_unref(ret);
        }
        for (size_t i = 0; i < n; i++)
            jit_unref(args[i]);
    }
    jit_function_unref(f);
}

void fuzz_call_all(jit_module *m, const jit_limits *limits, jit_error *err)
{
    for (size_t i = 0; i < jit_module_n_functions(m) && i < MOST_FUNCTIONS; i++)
        call(m, jit_module_function_name(m, i), limits, err);
}
