/* tools/tjs/cmd_graph.c: `tjs graph FILE [FUNCTION] [--stage … | --call EXPR | --args FILE]`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int show_archive(const char *path, const jit_stage_options *o, bool for_inference)
{
    jit_module *m;
    char *text;
    jit_error err = JIT_ERROR_INIT;
    int code = tool_load_archive(path, &m);
    if (code)
        return code;
    if (for_inference)
        code = tool_optimize_for_inference(&m, path);
    if (!code && jit_debug_module_stage(m, o, &text, &err))
        code = tool_report(path, &err);
    else if (!code)
        tool_put(text);
    jit_module_unref(m);
    return code;
}

/* ---- for the types of one call ---- */
typedef struct call_types {
    const char *call;   /* f(a, b) */
    tool_strings files; /* or the arguments of `function` */
    const jit_stage_options *stage;
} call_types;

static int show_for(const char *path, jit_function *f, const jit_stage_options *stage, jit_any *const *args, size_t n_args)
{
    jit_error err = JIT_ERROR_INIT;
    char *text;
    if (jit_debug_stage_for(f, stage, args, n_args, &text, &err))
        return tool_report(path, &err);
    tool_put(text);
    return EXIT_FINE;
}

static int show_for_call(const char *path, jit_module *m, const call_types *types)
{
    jit_error err = JIT_ERROR_INIT;
    jit_function *f;
    jit_any **args;
    size_t n_args;
    if (jit_debug_split_call(m, types->call, &f, &args, &n_args, &err))
        return tool_report(path, &err);
    if (!f) {
        fprintf(stderr, "%s: '%s' is no call of a function of the file\n", path, types->call);
        return EXIT_TROUBLE;
    }
    int code = show_for(path, f, types->stage, args, n_args);
    jit_debug_free_call(f, args, n_args);
    return code;
}

static int show_for_files(const char *path, jit_module *m, const char *function, const call_types *types)
{
    jit_error err = JIT_ERROR_INIT;
    jit_function *f = NULL;
    tool_values args = { 0 };
    int code = EXIT_FINE;
    for (size_t i = 0; i < types->files.n && code == EXIT_FINE; i++)
        code = tool_load_values(types->files.at[i], &args);
    if (code == EXIT_FINE && jit_module_function(m, function, &f, &err))
        code = tool_report(path, &err);
    if (code == EXIT_FINE)
        code = show_for(path, f, types->stage, args.at, args.n);
    jit_function_unref(f);
    tool_free_values(&args);
    return code;
}

static int show_specialised(const char *path, const char *function, const call_types *types)
{
    jit_module *m;
    bool is_archive = tool_is_archive(path);
    int code = is_archive ? tool_load_archive(path, &m) : tool_load_source(path, &m);
    if (code)
        return code;
    if (types->call)
        code = show_for_call(path, m, types);
    else
        code = show_for_files(path, m, function ? function : is_archive ? "forward" : "main", types);
    jit_module_unref(m);
    return code;
}

int cmd_graph(int argc, char **argv)
{
    const tool_command *self = tool_find_command("graph");
    jit_stage_options o = { 0 };
    bool list_passes = false, for_inference = false;
    call_types types = { 0 };
    tool_strings files = { 0 };
    const tool_option options[] = {
        { "stage", "STAGE", "tokens ast typed emitted code archive inlined optimized bytecode (default: optimized)", OPT_STRING, &o.stage },
        { "passes", "A,B,…", "run these passes on the emitted graph instead", OPT_STRING, &o.passes },
        { "call", "EXPR", "for the types of this call's arguments, f(a, b): the stage optimized, bytecode or kernels", OPT_STRING, &types.call },
        { "args", "FILE", "likewise, the arguments from files as those of run; may be repeated", OPT_STRINGS, &types.files },
        { "symbolic", NULL, "with --call or --args: the graph for any sizes; those that are not 1 are names, SS(-1)", OPT_FLAG, &o.symbolic },
        { "print-after", "PASS", "also print the graph after a pass (or: all)", OPT_STRING, &o.print_after },
        { "dot", NULL, "graphs for Graphviz: tjs graph … --dot | dot -Tsvg", OPT_FLAG, &o.dot },
        { "ranges", NULL, "source positions as comments", OPT_FLAG, &o.source_ranges },
        { "optimize-for-inference", NULL, "of an archive: " TOOL_FOR_INFERENCE_HELP, OPT_FLAG, &for_inference },
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
    bool is_special = types.call || types.files.n;
    types.stage = &o;
    if (code < 0 && is_special && (o.passes || o.print_after || o.timings || (types.call && (types.files.n || o.function))))
        code = tool_usage(self, "--call says all; --args goes with a function; not with --passes, --print-after or --timings");
    if (code < 0 && o.symbolic && (!is_special || (o.stage && strcmp(o.stage, "optimized"))))
        code = tool_usage(self, "--symbolic goes with --call or --args, and with the stage optimized");
    if (code < 0 && !is_special && o.stage && !strcmp(o.stage, "kernels"))
        code = tool_usage(self, "kernels are made for the tensors of a call: give one with --call or --args");
    if (code < 0 && is_special)
        code = show_specialised(files.at[0], o.function, &types);
    if (code < 0 && tool_is_archive(files.at[0]))
        code = show_archive(files.at[0], &o, for_inference);
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
    free(types.files.at);
    free(files.at);
    return code;
}
