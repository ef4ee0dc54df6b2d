/* tools/tjs/cmd_graph.c: `tjs graph FILE [FUNCTION] [--stage …]`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdio.h>
#include <stdlib.h>

static int show_archive(const char *path, const jit_stage_options *o)
{
    jit_module *m;
    char *text;
    jit_error err = JIT_ERROR_INIT;
    int code = tool_load_archive(path, &m);
    if (code)
        return code;
    if (jit_debug_module_stage(m, o, &text, &err))
        code = tool_report(path, &err);
    else
        tool_put(text);
    jit_module_unref(m);
    return code;
}

int cmd_graph(int argc, char **argv)
{
    const tool_command *self = tool_find_command("graph");
    jit_stage_options o = { 0 };
    bool list_passes = false;
    tool_strings files = { 0 };
    const tool_option options[] = {
        { "stage", "STAGE", "tokens ast typed emitted inlined optimized bytecode (default: optimized)", OPT_STRING, &o.stage },
        { "passes", "A,B,…", "run these passes on the emitted graph instead", OPT_STRING, &o.passes },
        { "print-after", "PASS", "also print the graph after a pass (or: all)", OPT_STRING, &o.print_after },
        { "ranges", NULL, "source positions as comments", OPT_FLAG, &o.source_ranges },
        { "timings", NULL, "time spent in each pass", OPT_FLAG, &o.timings },
        { "list-passes", NULL, "names of the passes and what they do", OPT_FLAG, &list_passes },
        { 0 },
    };
    int code = tool_parse(self, argc, argv, options, &files);
    if (code < 0 && list_passes) {
        tool_put(jit_debug_passes());
        code = EXIT_FINE;
    }
    if (code < 0 && (files.n < 1 || files.n > 2))
        code = tool_usage(self, files.n ? "one file and at most one function" : "no file given");
    o.function = files.n == 2 ? files.at[1] : NULL;
    if (code < 0 && tool_is_archive(files.at[0]))
        code = show_archive(files.at[0], &o);
    char *source, *text;
    size_t n;
    if (code < 0 && !tool_read_file(files.at[0], &source, &n))
        code = EXIT_TROUBLE;
    if (code < 0) {
        jit_compile_options copts = JIT_COMPILE_OPTIONS_INIT;
        jit_error err = JIT_ERROR_INIT;
        copts.name = files.at[0];
        jit_status status = jit_debug_stage(source, n, tool_has_suffix(files.at[0], ".ir"), &copts, &o, &text, &err);
        free(source);
        code = status ? tool_report(files.at[0], &err) : EXIT_FINE;
        if (!status)
            tool_put(text);
    }
    free(files.at);
    return code;
}
