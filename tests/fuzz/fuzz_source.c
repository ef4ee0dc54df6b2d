/* tests/fuzz/fuzz_source.c: one source text through the front door: check, compile, and run its functions under
 * limits. FUZZ_STEP says how far: 1 check, 2 compile and print graphs, 3 run too, 4 the input is IR text. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "jit_debug.h"
#include "tests/fuzz/call.h"
#include "tests/fuzz/mutate.h"

#include <stdlib.h>
#include <string.h>

#ifndef FUZZ_STEP
#define FUZZ_STEP 3
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t cap, unsigned seed)
{
    return mutate_source(data, n, cap, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t cap,
                                 unsigned seed)
{
    return cross_sources(a, n_a, b, n_b, out, cap, seed);
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

static void run(const char *source, size_t n)
{
    jit_module *m;
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.no_imports = true;
    if (jit_compile(source, n, &opts, &m, NULL))
        return;
    jit_error err = JIT_ERROR_INIT;
    jit_limits limits = fuzz_limits();
    fuzz_call_all(m, &limits, &err);
    jit_error_fini(&err);
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
