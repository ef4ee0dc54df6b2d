/* tests/hostile/load_each.c: loads one archive after another under limits and says what became of each.
 *
 * Standard input: a length (8 bytes, little-endian) and the bytes of an archive, again and again; the length 0 ends.
 * Standard output, for each: the status, milliseconds, the message, between tabs, a line. A module that loads is
 * inspected, its code checked, its functions called; `calls` is then the status of the last call that failed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "jit_debug.h"
#include "tests/fuzz/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_BYTES = 256 << 20 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Where and what, on one line. */
static void print_error(const jit_error *err)
{
    const char *s = err->message;
    if (err->file)
        printf("%s:%d:%d: ", err->file, err->line, err->column);
    for (; s && *s; s++)
        putchar(*s == '\n' || *s == '\t' || *s == '\r' ? ' ' : *s);
}

static void use(jit_module *m, jit_error *err)
{
    char *text = NULL;
    if (!jit_debug_contents(m, true, &text, NULL))
        jit_free(text);
    text = NULL;
    jit_status status = jit_module_check(m, JIT_TEXT, &text, err);
    jit_free(text);
    if (status)
        return;
    jit_limits limits = fuzz_limits();
    fuzz_call_all(m, &limits, err);
}

static void load(const void *bytes, size_t n_bytes)
{
    double before = now_ms();
    mem_budget budget = { .limit_bytes = MAX_BYTES };
    mem_budget *outer = mem_budget_set(&budget);
    jit_limits limits = fuzz_limits();
    limits.max_time_ns = INT64_C(10000000000); // with sanitizers, on a busy machine
    jit_load_options opts = JIT_LOAD_OPTIONS_INIT;
    opts.limits = &limits;
    opts.verify = true;
    jit_module *m = NULL;
    jit_error err = JIT_ERROR_INIT;
    jit_status status = jit_load_memory(bytes, n_bytes, &opts, &m, &err);
    if (!status)
        use(m, &err);
    printf("%s\t%.0f\t", jit_status_name(status), now_ms() - before);
    if (!status && err.status)
        printf("calls %s: ", jit_status_name(err.status));
    print_error(&err);
    putchar('\n');
    fflush(stdout);
    jit_module_unref(m);
    jit_error_fini(&err);
    mem_budget_set(outer);
}

int main(void)
{
    unsigned char head[8];
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        uint64_t n = 0;
        for (int i = 8; i-- > 0;)
            n = n << 8 | head[i];
        char *bytes = n && n < SIZE_MAX ? malloc(n) : NULL;
        if (!bytes)
            break;
        size_t n_read = fread(bytes, 1, n, stdin);
        if (n_read == n)
            load(bytes, n);
        free(bytes);
        if (n_read != n)
            break;
    }
    printf("peak %zu\n", jit_debug_peak_rss_bytes());
    return 0;
}
