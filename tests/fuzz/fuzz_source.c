/* tests/fuzz/fuzz_source.c: one source text through the front door: check, compile, and run its functions under
 * limits. FUZZ_STEP says how far: 1 check, 2 compile and print graphs, 3 run too, 4 the input is IR text. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "jit_debug.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef FUZZ_STEP
#define FUZZ_STEP 3
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static void swallow(void *ctx, const char *s, size_t n)
{
    (void)ctx, (void)s, (void)n;
}

static void check(const char *source, size_t n)
{
    jit_error err = JIT_ERROR_INIT;
    char *report = NULL;
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.no_imports = true;
    jit_check(source, n, &opts, n & 1 ? JIT_JSON : JIT_TEXT, &report, &err);
    jit_free(report);
    jit_error_fini(&err);
}

static void print_stage(const char *source, size_t n, bool is_ir, const char *stage)
{
    jit_error err = JIT_ERROR_INIT;
    char *text = NULL;
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.no_imports = true;
    jit_stage_options stages = { .stage = stage, .source_ranges = true };
    jit_debug_stage(source, n, is_ir, &opts, &stages, &text, &err);
    jit_free(text);
    jit_error_fini(&err);
}

/* Call a function with a value of every sort for each parameter. */
static void call(jit_module *m, const char *name)
{
    jit_limits limits = JIT_LIMITS_INIT;
    limits.max_instructions = 20000;
    limits.max_bytes = 64 << 20;
    limits.max_tensor_elements = 1 << 16;
    limits.max_time_ns = 200000000;
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.limits = &limits;
    opts.print = swallow;
    jit_function *f;
    if (jit_module_function(m, name, &f, NULL))
        return;
    size_t n = jit_function_n_params(f);
    for (int round = 0; round < 4 && n <= 8; round++) {
        jit_any *args[8] = { 0 }, *ret = NULL;
        jit_error err = JIT_ERROR_INIT;
        for (size_t i = 0; i < n; i++)
            args[i] = round == 0 ? jit_int(3) : round == 1 ? jit_scalar(JIT_FLOAT32, 2.5) : round == 2 ? jit_str("a b", 3)
                                                                                                  : jit_list(NULL, 0);
        if (!jit_call(f, args, n, &opts, &ret, &err)) {
            jit_free(jit_to_string(ret));
            jit_unref(ret);
        }
        jit_error_fini(&err);
        for (size_t i = 0; i < n; i++)
            jit_unref(args[i]);
    }
    jit_function_unref(f);
}

static void run(const char *source, size_t n)
{
    jit_module *m;
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.no_imports = true;
    if (jit_compile(source, n, &opts, &m, NULL))
        return;
    for (size_t i = 0; i < jit_module_n_functions(m) && i < 20; i++)
        call(m, jit_module_function_name(m, i));
    jit_module_unref(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    char *source = malloc(n_bytes + 1); /* its own block: reading beyond it is seen */
    if (!source)
        return 0;
    memcpy(source, data, n_bytes);
    source[n_bytes] = 0;
    if (FUZZ_STEP == 4) {
        print_stage(source, n_bytes, true, "optimized");
        print_stage(source, n_bytes, true, "bytecode");
    } else {
        check(source, n_bytes);
        if (FUZZ_STEP == 1)
            print_stage(source, n_bytes, false, n_bytes & 1 ? "ast" : "tokens");
        if (FUZZ_STEP == 2)
            print_stage(source, n_bytes, false, n_bytes % 3 == 0 ? "emitted" : n_bytes % 3 == 1 ? "optimized" : "bytecode");
        if (FUZZ_STEP == 3)
            run(source, n_bytes);
    }
    free(source);
    return 0;
}
