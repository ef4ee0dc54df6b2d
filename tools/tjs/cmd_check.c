/* tools/tjs/cmd_check.c: `tjs check FILE…`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct check_options {
    bool json, warnings_are_errors;
    char *warnings; /* as jit_compile_options has them */
} check_options;

/* Print a report; NULL: err says why there is none. */
static int show_report(const char *path, jit_status status, char *report, bool json, jit_error *err)
{
    if (!report)
        return tool_report(path, err);
    fputs(report, json ? stdout : stderr);
    jit_free(report);
    jit_error_fini(err);
    return status ? EXIT_NO : EXIT_FINE;
}

static int check_archive(const char *path, bool json)
{
    jit_module *m;
    char *report = NULL;
    jit_error err = JIT_ERROR_INIT;
    int code = tool_load_archive(path, &m);
    if (code)
        return code;
    jit_format format = json ? JIT_JSON : tool_stderr_is_terminal() ? JIT_TEXT_COLOUR : JIT_TEXT;
    jit_status status = jit_module_check(m, format, &report, &err);
    code = show_report(path, status, report, json, &err);
    jit_module_unref(m);
    return code;
}

/* Reports go to stderr as text, to stdout as one JSON array per file. */
static int check_file(const char *path, const check_options *o)
{
    char *source, *report = NULL;
    size_t n;
    if (tool_is_archive(path))
        return check_archive(path, o->json);
    if (!tool_read_file(path, &source, &n))
        return EXIT_TROUBLE;
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.name = strcmp(path, "-") ? path : "<stdin>";
    opts.warnings = o->warnings;
    opts.warnings_are_errors = o->warnings_are_errors;
    jit_error err = JIT_ERROR_INIT;
    jit_format format = o->json ? JIT_JSON : tool_stderr_is_terminal() ? JIT_TEXT_COLOUR : JIT_TEXT;
    jit_status status = jit_check(source, n, &opts, format, &report, &err);
    free(source);
    return show_report(path, status, report, o->json, &err);
}

/* Append `prefix` and each name of the list s to the set; false: no memory. */
static bool add_names(char **set, const char *prefix, const char *s)
{
    bool good = true;
    for (size_t n; good && *s; s += s[n] ? n + 1 : n) {
        n = strcspn(s, ",");
        char *more = NULL;
        good = asprintf(&more, "%s%s%.*s,", *set ? *set : "", prefix, (int)n, s) >= 0;
        if (good) {
            free(*set);
            *set = more;
        }
    }
    return good;
}

/* `--no-warn` begins from nothing, `--warn=…` adds, `--no-warn=…` takes away: in this order. */
static bool gather_warnings(const tool_strings *warn, const tool_strings *no_warn, char **ret)
{
    bool good = true;
    for (size_t i = 0; i < no_warn->n && good; i++)
        good = *no_warn->at[i] || add_names(ret, "", "none");
    for (size_t i = 0; i < warn->n && good; i++)
        good = add_names(ret, "", warn->at[i]);
    for (size_t i = 0; i < no_warn->n && good; i++)
        good = add_names(ret, "no-", no_warn->at[i]);
    return good;
}

static void list_warnings(void)
{
    const char *name, *description;
    bool is_default;
    for (size_t i = 0; (name = jit_warning_name(i, &description, &is_default)); i++) {
        tool_column(stdout, name, 20);
        printf("%s%s\n", description, is_default ? "" : " (off by default)");
    }
}

int cmd_check(int argc, char **argv)
{
    const tool_command *self = tool_find_command("check");
    check_options o = { 0 };
    bool list = false;
    tool_strings files = { 0 }, warn = { 0 }, no_warn = { 0 };
    const tool_option options[] = {
        { "json", NULL, "diagnostics as JSON on standard output", OPT_FLAG, &o.json },
        { "warn", "NAME,…|all", "give these warnings too", OPT_STRINGS, &warn },
        { "no-warn", "NAME,…", "do not give these warnings, or any: --no-warn, --no-warn=NAME,…", OPT_MAYBE_STRINGS,
          &no_warn },
        { "werror", NULL, "a warning makes the exit code 1", OPT_FLAG, &o.warnings_are_errors },
        { "list-warnings", NULL, "name every warning", OPT_FLAG, &list },
        { 0 },
    };
    int code = tool_parse(self, argc, argv, options, &files);
    if (code < 0 && list) {
        list_warnings();
        code = EXIT_FINE;
    }
    if (code < 0 && !files.n)
        code = tool_usage(self, "no file given");
    if (code < 0 && !gather_warnings(&warn, &no_warn, &o.warnings))
        code = tool_usage(self, "out of memory");
    if (code < 0) {
        code = EXIT_FINE;
        for (size_t i = 0; i < files.n; i++) {
            int one = check_file(files.at[i], &o);
            code = one > code ? one : code;
        }
    }
    free(o.warnings);
    free(files.at);
    free(warn.at);
    free(no_warn.at);
    return code;
}
