/* tools/tjs/cmd_compile.c: `tjs compile FILE -o OUT.pt`: an archive that PyTorch loads, from a source or an archive. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdlib.h>

typedef struct compile_options {
    const char *out, *function;
    tool_strings preserved;
    bool freezes;
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

static int freeze(jit_module **m, const char *path, const compile_options *o)
{
    jit_freeze_options options = JIT_FREEZE_OPTIONS_INIT;
    options.preserved = o->preserved.at;
    options.n_preserved = o->preserved.n;
    return tool_freeze(m, path, &options);
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
        { "freeze", NULL, "of an archive: in evaluation mode, parameters and attributes become constants, layers are folded",
          OPT_FLAG, &o.freezes, 0 },
        { "preserve", "NAME", "with --freeze: an attribute that stays, or a method besides forward; may be repeated", OPT_STRINGS,
          &o.preserved, 0 },
        { 0 },
    };
    int code = tool_parse(self, argc, argv, options, &files);
    if (code < 0 && files.n != 1)
        code = tool_usage(self, files.n ? "one file at a time" : "no file given");
    if (code < 0 && o.preserved.n && !o.freezes)
        code = tool_usage(self, "--preserve goes with --freeze");
    if (code < 0 && !o.out)
        code = tool_usage(self, "say where the archive goes: -o OUT.pt");
    jit_module *m = NULL;
    if (code < 0) {
        const char *path = files.at[0];
        code = tool_is_archive(path) ? tool_load_archive(path, &m) : tool_load_source(path, &m);
        if (code == EXIT_FINE && o.freezes)
            code = freeze(&m, path, &o);
        if (code == EXIT_FINE)
            code = save(m, path, &o);
    }
    jit_module_unref(m);
    free(o.preserved.at);
    free(files.at);
    return code;
}
