/* tools/tjs/cmd_compile.c: `tjs compile FILE -o OUT.pt`: an archive that PyTorch loads, from a source or an archive. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct compile_options {
    const char *out, *function;
} compile_options;

/* A bar on the terminal for what takes longer than half a second. */
typedef struct progress_bar {
    double begin;
    int shown; /* percent; -1: nothing */
} progress_bar;

static void show_progress(void *ctx, size_t bytes_done, size_t bytes_total)
{
    enum { WIDTH = 30 };
    progress_bar *bar = ctx;
    int percent = bytes_total ? (int)((double)bytes_done / (double)bytes_total * 100) : 100;
    if (percent == bar->shown || tool_now() - bar->begin < 0.5)
        return;
    int full = percent * WIDTH / 100;
    bar->shown = percent;
    fprintf(stderr, "\rsaving [%.*s%*s] %3d %%", full, "##############################", WIDTH - full, "", percent);
}

static void end_progress(const progress_bar *bar)
{
    if (bar->shown >= 0)
        fprintf(stderr, "\r%50s\r", "");
}

static int save(jit_module *m, const char *path, const compile_options *o)
{
    jit_save_options options = JIT_SAVE_OPTIONS_INIT;
    progress_bar bar = { tool_now(), -1 };
    jit_error err = JIT_ERROR_INIT;
    options.function = o->function;
    if (tool_stderr_is_terminal()) {
        options.progress = show_progress;
        options.ctx = &bar;
    }
    jit_status status = jit_save(m, o->out, &options, &err);
    end_progress(&bar);
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
