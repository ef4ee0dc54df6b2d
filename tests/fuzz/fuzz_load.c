/* tests/fuzz/fuzz_load.c: bytes as an archive of torch.jit.save, all the way: loaded under limits, inspected, its code
 * checked, its methods called, saved again. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "jit_debug.h"
#include "tests/fuzz/call.h"
#include "tests/fuzz/mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t cap, unsigned seed)
{
    return mutate_archive(data, n, cap, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t cap,
                                 unsigned seed)
{
    return cross_archives(a, n_a, b, n_b, out, cap, seed);
}

static void inspect(jit_module *m, bool json)
{
    jit_error err = JIT_ERROR_INIT;
    char *text = NULL;
    if (!jit_debug_contents(m, json, &text, &err))
        jit_free(text);
    text = NULL;
    jit_module_check(m, json ? JIT_JSON : JIT_TEXT, &text, &err);
    jit_free(text);
    for (jit_part part = JIT_PARAMETERS; part <= JIT_MODULES; part++) {
        jit_any *parts;
        if (jit_module_parts(m, part, &parts, &err))
            continue;
        jit_free(jit_to_json(parts));
        jit_unref(parts);
    }
    jit_error_fini(&err);
}

static void save(jit_module *m)
{
    char *bytes;
    size_t n;
    jit_error err = JIT_ERROR_INIT;
    if (!jit_serialize(m, NULL, &bytes, &n, &err))
        jit_free(bytes);
    jit_error_fini(&err);
}

static void load(const uint8_t *data, size_t n_bytes)
{
    jit_limits limits = fuzz_limits();
    jit_load_options opts = JIT_LOAD_OPTIONS_INIT;
    opts.limits = &limits;
    opts.verify = n_bytes & 1;
    jit_module *m;
    jit_error err = JIT_ERROR_INIT;
    if (!jit_load_memory(data, n_bytes, &opts, &m, &err)) {
        inspect(m, n_bytes & 2);
        fuzz_call_all(m, &limits, &err);
        save(m);
        jit_module_unref(m);
    }
    jit_error_fini(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    fuzz_with_input(data, n_bytes, load);
    return 0;
}
