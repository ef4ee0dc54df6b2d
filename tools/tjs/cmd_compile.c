/* tools/tjs/cmd_compile.c: `tjs compile FILE -o OUT.pt`: an archive that PyTorch loads, from a source or an archive. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdlib.h>

typedef struct compile_options {
    const char *out, *function;
} compile_options;

static int save(jit_module *m, const char *path, const compile_options *o)
{
    jit_save_options options = JIT_SAVE_OPTIONS_INIT;
    tool_bar bar = tool_bar_begin("saving");
    jit_error err = JIT_ERROR_INIT;
    options.function = o->function;
    if (tool_stderr_is_terminal()) {
        options.progress = tool_bar_show;
        options.ctx = &bar;
    }
    jit_status status = jit_save(m, o->out, &options, &err);
    tool_bar_end(&bar);
    return status ? tool_report(path, &err) : EXIT_FINE;
}

int cmd_compile(int argc, char **argv)
{
    const tool_command *self = tool_find_command("compile");
    compile_options o = { 0 };
    tool_strings files = { 0 };
    const tool_option options[] = {
        { "out", "OUT.pt", "the archive to write", OPT_STRING, &o.out, 'o' },
        { "function", "NAME", "what becomes forward() (default: the only function, else forward, else main)", OPT_STRING,
          &o.function, 0 },
        { 0 },
    };
    int code = tool_parse(self, argc, argv, options, &files);
    if (code < 0 && files.n != 1)
        code = tool_usage(self, files.n ? "one file at a time" : "no file given");
    if (code < 0 && !o.out)
        code = tool_usage(self, "say where the archive goes: -o OUT.pt");
    jit_module *m = NULL;
    if (code < 0) {
        const char *path = files.at[0];
        int loaded = tool_is_archive(path) ? tool_load_archive(path, &m) : tool_load_source(path, &m);
        code = loaded == EXIT_FINE ? save(m, path, &o) : loaded;
    }
    jit_module_unref(m);
    free(files.at);
    return code;
}
