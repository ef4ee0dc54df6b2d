/* tools/tjs/model.c: files that hold functions, archives and sources alike, and the values that go in and out. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Limits of the only code that loading runs, `__setstate__` methods of archives from anywhere. */
enum { LOAD_INSTRUCTIONS = 200 * 1000 * 1000, LOAD_BYTES_LOG2 = 34, LOAD_SECONDS = 600 };

bool tool_is_archive(const char *path)
{
    char head[4] = { 0 };
    FILE *f = strcmp(path, "-") ? fopen(path, "rbe") : NULL;
    if (!f)
        return false;
    size_t n = fread(head, 1, sizeof head, f);
    fclose(f);
    return n == sizeof head && (!memcmp(head, "PK\3\4", 4) || !memcmp(head, "PK\5\6", 4));
}

int tool_load_archive(const char *path, jit_module **ret)
{
    jit_load_options opts = JIT_LOAD_OPTIONS_INIT;
    return tool_load_archive_with(path, &opts, ret);
}

int tool_load_archive_with(const char *path, jit_load_options *opts, jit_module **ret)
{
    jit_limits limits = JIT_LIMITS_INIT;
    limits.max_instructions = LOAD_INSTRUCTIONS;
    limits.max_bytes = (size_t)1 << LOAD_BYTES_LOG2;
    limits.max_time_ns = LOAD_SECONDS * INT64_C(1000000000);
    opts->limits = &limits;
    jit_error err = JIT_ERROR_INIT;
    if (!jit_load(path, opts, ret, &err))
        return EXIT_FINE;
    tool_report(path, &err);
    return EXIT_TROUBLE; // a damaged file is no ill-typed program
}

int tool_load_source(const char *path, jit_module **ret)
{
    char *source;
    size_t n;
    if (!tool_read_file(path, &source, &n))
        return EXIT_TROUBLE;
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.name = strcmp(path, "-") ? path : "<stdin>";
    jit_error err = JIT_ERROR_INIT;
    jit_status status = jit_compile(source, n, &opts, ret, &err);
    free(source);
    return status ? tool_report(path, &err) : EXIT_FINE;
}

int tool_freeze(jit_module **m, const char *path, const jit_freeze_options *opts)
{
    jit_error err = JIT_ERROR_INIT;
    jit_module *frozen;
    jit_status status = jit_module_eval(*m, &err);
    status = status ? status : jit_freeze(*m, opts, &frozen, &err);
    if (status)
        return tool_report(path, &err);
    jit_module_unref(*m);
    *m = frozen;
    return EXIT_FINE;
}

int tool_optimize_for_inference(jit_module **m, const char *path)
{
    jit_freeze_options opts = JIT_FREEZE_OPTIONS_INIT;
    opts.optimize_for_inference = true;
    return tool_freeze(m, path, &opts);
}

/* ---- arguments ------------------------------------------------------------------------------------ */

static bool add_value(tool_values *to, jit_any *take)
{
    if (to->n == to->room) {
        size_t room = to->room ? 2 * to->room : 8;
        jit_any **at = realloc(to->at, room * sizeof *at);
        if (!at) {
            jit_unref(take);
            return false;
        }
        to->at = at;
        to->room = room;
    }
    if (take)
        to->at[to->n++] = take;
    return take != NULL;
}

void tool_free_values(tool_values *v)
{
    for (size_t i = 0; i < v->n; i++)
        jit_unref(v->at[i]);
    free(v->at);
    *v = (tool_values){ 0 };
}

int tool_load_values(const char *path, tool_values *to)
{
    jit_any *v;
    jit_error err = JIT_ERROR_INIT;
    if (jit_value_load(path, &v, &err)) {
        tool_report(path, &err);
        return EXIT_TROUBLE;
    }
    bool ok = true;
    if (jit_kind_of(v) == JIT_TUPLE) {
        for (size_t i = 0; i < jit_len(v) && ok; i++)
            ok = add_value(to, jit_item(v, i));
        jit_unref(v);
    } else {
        ok = add_value(to, v);
    }
    if (!ok)
        fprintf(stderr, "%s: error: out of memory\n", path);
    return ok ? EXIT_FINE : EXIT_TROUBLE;
}
