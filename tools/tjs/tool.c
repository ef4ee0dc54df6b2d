/* tools/tjs/tool.c: see tool.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 256 << 20 };

/* ---- options -------------------------------------------------------------------------------------- */

static bool push(tool_strings *list, const char *s)
{
    if (list->n == list->room) {
        size_t room = list->room ? list->room * 2 : 8;
        const char **at = realloc(list->at, room * sizeof *at);
        if (!at)
            return false;
        list->at = at;
        list->room = room;
    }
    list->at[list->n++] = s;
    return true;
}

void tool_column(FILE *to, const char *s, int width)
{
    int n = 0;
    for (const char *p = s; *p; p++)
        n += (*p & 0xc0) != 0x80; // continuation bytes of UTF-8 take no room
    fprintf(to, "%s%*s", s, n < width ? width - n : 0, "");
}

static void print_help(const tool_command *c, const tool_option *options)
{
    printf("usage: tjs %s %s\n\n%s\n\n", c->name, c->arguments, c->summary);
    for (const tool_option *o = options; o->name; o++) {
        char left[64], letter[8] = "";
        if (o->letter)
            snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->value ? " " : "", o->value ? o->value : "");
        fputs("  ", stdout);
        tool_column(stdout, left, 25);
        printf(" %s\n", o->help);
    }
    printf("  %-25s %s\n", "--help", "this text");
}

static bool store(const tool_option *o, const char *value)
{
    char *end = NULL;
    errno = 0;
    switch (o->kind) {
    case OPT_FLAG: *(bool *)o->to = true; return true;
    case OPT_STRING: *(const char **)o->to = value; return true;
    case OPT_STRINGS:
    case OPT_MAYBE_STRINGS: return push(o->to, value);
    case OPT_INT: *(int64_t *)o->to = strtoll(value, &end, 10); break;
    case OPT_FLOAT: *(double *)o->to = strtod(value, &end); break;
    }
    return *value && !*end && !errno;
}

static const tool_option *find_option(const tool_option *options, const char *name, size_t n)
{
    for (const tool_option *o = options; o->name; o++)
        if (strlen(o->name) == n && !strncmp(o->name, name, n))
            return o;
    return NULL;
}

/* The option of `--name`, `--name=…` or `-n`. */
static const tool_option *match_option(const tool_option *options, const char *arg)
{
    if (arg[1] == '-')
        return find_option(options, arg + 2, strcspn(arg + 2, "="));
    for (const tool_option *o = options; o->name; o++)
        if (o->letter && arg[1] == o->letter && !arg[2])
            return o;
    return NULL;
}

int tool_parse(const tool_command *command, int argc, char **argv, const tool_option *options, tool_strings *rest)
{
    bool only_files = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (only_files || arg[0] != '-' || !arg[1]) {
            if (!push(rest, arg))
                return tool_usage(command, "out of memory");
            continue;
        }
        if (!strcmp(arg, "--")) {
            only_files = true;
            continue;
        }
        if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
            print_help(command, options);
            return EXIT_FINE;
        }
        const char *equals = strchr(arg, '=');
        const tool_option *o = match_option(options, arg);
        if (!o)
            return tool_usage(command, "no option '%s'", arg);
        if (o->kind == OPT_FLAG && equals)
            return tool_usage(command, "--%s takes no value", o->name);
        bool needs_value = o->kind != OPT_FLAG && o->kind != OPT_MAYBE_STRINGS;
        if (needs_value && !equals && i + 1 == argc)
            return tool_usage(command, "--%s needs a value: %s", o->name, o->value);
        const char *value = equals ? equals + 1 : needs_value ? argv[++i] : "";
        if (!store(o, value))
            return tool_usage(command, "--%s: '%s' is not a %s", o->name, value, o->value);
    }
    return -1;
}

int tool_usage(const tool_command *command, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fprintf(stderr, "tjs %s: ", command->name);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\nusage: tjs %s %s\n", command->name, command->arguments);
    return EXIT_TROUBLE;
}

int tool_set_optimizer(const tool_command *command, const char *how)
{
    return !how || jit_debug_set_optimizer(how) ? -1 : tool_usage(command, "--optimizer is default, none, fused or random:SEED");
}

/* ---- files and reports ---------------------------------------------------------------------------- */

static bool read_stream(FILE *f, const char *path, char **ret, size_t *ret_n)
{
    size_t n = 0, room = 64 << 10;
    char *bytes = malloc(room);
    while (bytes) {
        n += fread(bytes + n, 1, room - n - 1, f);
        if (n + 1 < room || n > MAX_FILE_BYTES)
            break;
        char *more = realloc(bytes, room *= 2);
        if (!more)
            free(bytes);
        bytes = more;
    }
    if (!bytes || ferror(f) || n > MAX_FILE_BYTES) {
        fprintf(stderr, "%s: error: %s\n", path, !bytes ? "out of memory" : ferror(f) ? strerror(errno)
                                                                          : "the file is too large (over 256 MB)");
        free(bytes);
        return false;
    }
    bytes[n] = 0;
    *ret = bytes;
    *ret_n = n;
    return true;
}

bool tool_read_file(const char *path, char **ret, size_t *ret_n)
{
    if (!strcmp(path, "-"))
        return read_stream(stdin, "<stdin>", ret, ret_n);
    struct stat st;
    FILE *f = NULL;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        errno = EISDIR;
    else
        f = fopen(path, "rbe");
    if (!f) {
        fprintf(stderr, "%s: error: %s\n", path, strerror(errno));
        return false;
    }
    bool is_read = read_stream(f, path, ret, ret_n);
    fclose(f);
    return is_read;
}

int tool_report(const char *what, jit_error *err)
{
    jit_status status = err->status;
    bool is_program = status == JIT_ESYNTAX || status == JIT_ETYPE;
    fflush(stdout);
    if (is_program && err->details) {
        fputs(err->details, stderr); // diagnostics carry their own places
    } else {
        const char *message = err->message ? err->message : "out of memory";
        if (err->details)
            fputs(err->details, stderr);
        if (err->file)
            fprintf(stderr, "%s:%d:%d: error: ", err->file, err->line, err->column);
        else
            fprintf(stderr, "%s: error: ", what);
        fprintf(stderr, "%s%s%s\n", err->exception ? err->exception : "", err->exception ? ": " : "", message);
    }
    jit_error_fini(err);
    return is_program ? EXIT_NO : EXIT_TROUBLE;
}

void tool_put(char *take)
{
    if (take)
        fputs(take, stdout);
    jit_free(take);
}

bool tool_has_suffix(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n >= m && !strcmp(path + n - m, suffix);
}

bool tool_stderr_is_terminal(void) { return isatty(STDERR_FILENO) && !getenv("NO_COLOR"); }

double tool_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

tool_bar tool_bar_begin(const char *what)
{
    return (tool_bar){ what, tool_now(), -1 };
}

void tool_bar_show(void *ctx, size_t bytes_done, size_t bytes_total)
{
    enum { WIDTH = 30 };
    tool_bar *bar = ctx;
    int percent = bytes_total ? (int)((double)bytes_done / (double)bytes_total * 100) : 100;
    if (percent == bar->shown || tool_now() - bar->begin < 0.5)
        return;
    int full = percent * WIDTH / 100;
    bar->shown = percent;
    fprintf(stderr, "\r%s [%.*s%*s] %3d %%", bar->what, full, "##############################", WIDTH - full, "", percent);
}

void tool_bar_end(const tool_bar *bar)
{
    if (bar->shown >= 0)
        fprintf(stderr, "\r%50s\r", "");
}
