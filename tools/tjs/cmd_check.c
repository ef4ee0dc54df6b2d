/* tools/tjs/cmd_check.c: `tjs check FILE…`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reports go to stderr as text, to stdout as one JSON array per file. */
static int check_file(const char *path, bool json)
{
    char *source, *report = NULL;
    size_t n;
    if (!tool_read_file(path, &source, &n))
        return EXIT_TROUBLE;
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.name = strcmp(path, "-") ? path : "<stdin>";
    jit_error err = JIT_ERROR_INIT;
    jit_format format = json ? JIT_JSON : tool_stderr_is_terminal() ? JIT_TEXT_COLOUR : JIT_TEXT;
    jit_status status = jit_check(source, n, &opts, format, &report, &err);
    free(source);
    if (!report)
        return tool_report(path, &err);
    fputs(report, json ? stdout : stderr);
    jit_free(report);
    jit_error_fini(&err);
    return status ? EXIT_NO : EXIT_FINE;
}

int cmd_check(int argc, char **argv)
{
    const tool_command *self = tool_find_command("check");
    bool json = false;
    tool_strings files = { 0 };
    const tool_option options[] = {
        { "json", NULL, "diagnostics as JSON on standard output", OPT_FLAG, &json },
        { 0 },
    };
    int code = tool_parse(self, argc, argv, options, &files);
    if (code < 0 && !files.n)
        code = tool_usage(self, "no file given");
    if (code < 0) {
        code = EXIT_FINE;
        for (size_t i = 0; i < files.n; i++) {
            int one = check_file(files.at[i], json);
            code = one > code ? one : code;
        }
    }
    free(files.at);
    return code;
}
