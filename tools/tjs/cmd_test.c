/* tools/tjs/cmd_test.c: `tjs test FILE…`: runs the cases in sources, ends with `N passed, N failed`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct tally {
    const char *path;
    bool quiet;
    size_t passed, failed;
} tally;

static void count(void *ctx, const jit_case_result *r)
{
    tally *t = ctx;
    if (r->passed) {
        t->passed++;
        return;
    }
    t->failed++;
    if (!t->quiet)
        printf("%s:%d: failed: %s\n    %s\n", t->path, r->line, r->call, r->what);
}

static void test_file(tally *t)
{
    char *source;
    size_t n;
    jit_error err = JIT_ERROR_INIT;
    if (!tool_read_file(t->path, &source, &n)) {
        t->failed++;
        return;
    }
    if (jit_debug_run_cases(source, n, t->path, count, t, &err)) {
        t->failed++;
        if (t->quiet)
            jit_error_fini(&err);
        else
            tool_report(t->path, &err);
    }
    free(source);
}

int cmd_test(int argc, char **argv)
{
    const tool_command *self = tool_find_command("test");
    bool quiet = false, per_file = false;
    const char *optimizer = NULL;
    tool_strings files = { 0 };
    const tool_option options[] = {
        { "quiet", NULL, "only the counts", OPT_FLAG, &quiet },
        TOOL_OPTIMIZER_OPTION(&optimizer),
        { "per-file", NULL, "counts of each file with failures", OPT_FLAG, &per_file },
        { 0 },
    };
    int code = tool_parse(self, argc, argv, options, &files);
    if (code < 0 && !files.n)
        code = tool_usage(self, "no file given");
    if (code < 0)
        code = tool_set_optimizer(self, optimizer);
    if (code < 0) {
        size_t passed = 0, failed = 0;
        for (size_t i = 0; i < files.n; i++) {
            tally t = { .path = files.at[i], .quiet = quiet };
            test_file(&t);
            if (per_file && t.failed)
                printf("%-60s %zu/%zu\n", t.path, t.passed, t.passed + t.failed);
            passed += t.passed;
            failed += t.failed;
        }
        printf("%zu passed, %zu failed\n", passed, failed);
        code = failed ? EXIT_NO : EXIT_FINE;
    }
    free(files.at);
    return code;
}
