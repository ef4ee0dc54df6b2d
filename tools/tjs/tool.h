/* tools/tjs/tool.h: what the commands share: options, files, reporting, exit codes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOOLS_TJS_TOOL_H
#define TOOLS_TJS_TOOL_H

#include "jit_debug.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** 0: fine. 1: the answer is no (type errors, a failed case). 2: it could not be done. */
enum { EXIT_FINE = 0, EXIT_NO = 1, EXIT_TROUBLE = 2 };

/** One option of a command: `--name` or `--name VALUE` / `--name=VALUE`. */
typedef struct tool_option {
    const char *name;       /* "json" */
    const char *value;      /* placeholder shown in help ("EXPR"); NULL: a flag */
    const char *help;
    enum { OPT_FLAG, OPT_STRING, OPT_STRINGS, OPT_MAYBE_STRINGS, OPT_INT, OPT_FLOAT } kind; /* MAYBE: the value
                               can be left out ("" then), so it needs its `=` */
    void *to;               /* bool *, const char **, tool_strings * (both), int64_t *, double * */
    char letter;            /* short form, `-o`; 0: none */
} tool_option;

typedef struct tool_strings { const char **at; size_t n, room; } tool_strings;

typedef struct tool_command {
    const char *name, *arguments, *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} tool_command;

/** Every command, ended by a NULL name. */
extern const tool_command tool_commands[];

/** Parse argv[1…]; what is no option goes to `rest`. --help prints the command's help.
 * @return -1: go on; otherwise the exit code to end with */
int tool_parse(const tool_command *command, int argc, char **argv, const tool_option *options,
               tool_strings *rest);
const tool_command *tool_find_command(const char *name);
/** The row of --optimizer in a command's options, and what becomes of its value (NULL: nothing was said).
 * @return like tool_parse */
#define TOOL_OPTIMIZER_OPTION(to)                                                                                      \
    { "optimizer", "HOW", "default, none, fused (however small tensors are), or random:SEED (every pass there is, in a drawn order)", OPT_STRING, to }
int tool_set_optimizer(const tool_command *command, const char *how);

/** Whole file; `-` is standard input. false: reported on stderr. Release *ret with free(). */
bool tool_read_file(const char *path, char **ret, size_t *ret_n);
/** Report a failed call of the library on stderr, release err, give the exit code for it. */
int tool_report(const char *what, jit_error *err);
/** Does the file begin like an archive? Names say nothing: `.pt`, `.zip` and none are all in use. */
bool tool_is_archive(const char *path);
/** Load an archive, compile a source. @return EXIT_FINE, or the exit code after reporting */
int tool_load_archive(const char *path, jit_module **ret);
/** … with options; their limits are replaced by those for archives from anywhere. */
int tool_load_archive_with(const char *path, jit_load_options *opts, jit_module **ret);
int tool_load_source(const char *path, jit_module **ret);
/** Put the module, in evaluation mode and frozen, in the place of the old one. opts: NULL for the defaults. */
int tool_freeze(jit_module **m, const char *path, const jit_freeze_options *opts);
/** What `--optimize-for-inference` says in a command's help, and does with a module that was loaded. */
#define TOOL_FOR_INFERENCE_HELP "freeze the archive; a ReLU or a sum joins the layer before it (a NaN may become 0 there)"
int tool_optimize_for_inference(jit_module **m, const char *path);

typedef struct tool_values { jit_any **at; size_t n, room; } tool_values;
/** Read a value and append it; the items of a tuple one by one: it stands for the arguments of a call. */
int tool_load_values(const char *path, tool_values *to);
void tool_free_values(tool_values *v);

typedef struct tool_tolerance {
    double rtol, atol;      /* negative: what suits the element type */
} tool_tolerance;
/** Compare two values: structure, types and integers exactly, floats within the tolerance, nan equal to nan. Where
 * they differ it is told on stderr. name: what to call them there. */
bool tool_compare(const char *name, const jit_any *got, const jit_any *want, const tool_tolerance *tolerance);
/** Usage error: message on stderr, EXIT_TROUBLE. */
int tool_usage(const tool_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Write out and free a string of the library. */
void tool_put(char *take);
/** Text padded with blanks to so many characters. */
void tool_column(FILE *to, const char *s, int width);
bool tool_has_suffix(const char *path, const char *suffix);
bool tool_stderr_is_terminal(void);
double tool_now(void); /* seconds, monotonic */

/** A bar on the terminal for what takes longer than half a second. */
typedef struct tool_bar {
    const char *what; /* "saving" */
    double begin;
    int shown;        /* percent; -1: nothing */
} tool_bar;
tool_bar tool_bar_begin(const char *what);
/** The progress callback of jit_save_options and jit_load_options; ctx: the bar. */
void tool_bar_show(void *ctx, size_t bytes_done, size_t bytes_total);
void tool_bar_end(const tool_bar *bar);

int cmd_check(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_graph(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_ops(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_compile(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_help(int argc, char **argv);

#endif
