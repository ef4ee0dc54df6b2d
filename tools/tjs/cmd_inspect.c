/* tools/tjs/cmd_inspect.c: `tjs inspect MODEL.pt`: an archive's table of contents. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdlib.h>

static int inspect(const char *path, bool json, bool verify)
{
    jit_module *m;
    char *text;
    jit_error err = JIT_ERROR_INIT;
    jit_load_options opts = JIT_LOAD_OPTIONS_INIT;
    tool_bar bar = tool_bar_begin("verifying");
    opts.verify = verify;
    if (verify && tool_stderr_is_terminal()) {
        opts.progress = tool_bar_show;
        opts.ctx = &bar;
    }
    int code = tool_load_archive_with(path, &opts, &m);
    tool_bar_end(&bar);
    if (code)
        return code;
    if (jit_debug_contents(m, json, &text, &err))
        code = tool_report(path, &err);
    else
        tool_put(text);
    jit_module_unref(m);
    return code;
}

int cmd_inspect(int argc, char **argv)
{
    const tool_command *self = tool_find_command("inspect");
    bool json = false, verify = false;
    tool_strings files = { 0 };
    const tool_option options[] = {
        { "json", NULL, "the contents as JSON", OPT_FLAG, &json },
        { "verify", NULL, "check the checksums of tensors too: reads the whole file", OPT_FLAG, &verify },
        { 0 },
    };
    int code = tool_parse(self, argc, argv, options, &files);
    if (code < 0 && files.n != 1)
        code = tool_usage(self, files.n ? "one archive at a time" : "no archive given");
    if (code < 0)
        code = inspect(files.at[0], json, verify);
    free(files.at);
    return code;
}
