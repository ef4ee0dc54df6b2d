/* tools/tjs/cmd_verify.c: `tjs verify FILE --args A.pt --expect B.pt`: parity with recorded results.
 *
 * Exit 0: the same; 1: it differs; 2: it could not be compared. With --expect-error a program that raises as programs
 * do gives 0, one that does not 1, and 2 stays for what tjs cannot do. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct verify_options {
    const char *args, *expect, *expect_args, *method, *optimizer;
    tool_tolerance tolerance;
    int64_t seed, threads, calls;
    bool expect_error, for_inference;
} verify_options;

/* The function to call when --method does not say: what PyTorch's model(…) runs, a source's forward, main or only
 * function. */
static const char *default_method(const jit_module *m, bool is_archive)
{
    const char *found = NULL;
    if (is_archive)
        return "__call__";
    for (size_t i = 0; i < jit_module_n_functions(m); i++) {
        const char *name = jit_module_function_name(m, i);
        if (!strcmp(name, "forward") || (!strcmp(name, "main") && !found))
            found = name;
    }
    return !found && jit_module_n_functions(m) == 1 ? jit_module_function_name(m, 0) : found ? found : "main";
}

/* Did the program itself fail, and not tjs at it? A type error with a place is one of code, not of arguments. */
static bool is_program_error(const jit_error *err)
{
    return err->status == JIT_ERUNTIME || (err->status == JIT_ETYPE && !err->file);
}

static bool compare_values(const char *name, const tool_values *got, const char *path, const tool_tolerance *t,
                           int *ret_code)
{
    tool_values want = { 0 };
    *ret_code = tool_load_values(path, &want);
    bool same = *ret_code == EXIT_FINE;
    if (same && got->n != want.n) {
        fprintf(stderr, "%s: %zu values, expected %zu\n", name, got->n, want.n);
        same = false;
    }
    for (size_t i = 0; *ret_code == EXIT_FINE && i < want.n && i < got->n; i++) {
        char label[40];
        snprintf(label, sizeof label, "%s[%zu]", name, i);
        same &= tool_compare(label, got->at[i], want.at[i], t);
    }
    tool_free_values(&want);
    return same;
}

static int compare_result(const jit_any *got, const verify_options *o)
{
    jit_any *want;
    jit_error err = JIT_ERROR_INIT;
    if (jit_value_load(o->expect, &want, &err)) {
        tool_report(o->expect, &err);
        return EXIT_TROUBLE;
    }
    bool same = tool_compare("result", got, want, &o->tolerance);
    jit_unref(want);
    return same ? EXIT_FINE : EXIT_NO;
}

static int judge(const char *path, const verify_options *o, jit_status status, jit_any *result, jit_error *err,
                 const tool_values *args)
{
    if (o->expect_error && !status) {
        fprintf(stderr, "%s: no error was raised\n", path);
        return EXIT_NO;
    }
    if (status) {
        bool is_expected = o->expect_error && is_program_error(err);
        if (is_expected)
            jit_error_fini(err);
        else
            tool_report(path, err);
        return is_expected ? EXIT_FINE : EXIT_TROUBLE;
    }
    int code = o->expect ? compare_result(result, o) : EXIT_FINE, args_code = EXIT_FINE;
    if (code != EXIT_TROUBLE && o->expect_args
        && !compare_values("args", args, o->expect_args, &o->tolerance, &args_code))
        return args_code ? args_code : EXIT_NO;
    return code;
}

/* ---- arguments ---- */

/* The call gets containers of its own that hold the same tensors, as PyTorch's calls from Python do: what the program
 * appends to a list is not seen outside, what it writes to a tensor is. NULL: no memory. */
static jit_any *copy_containers(const jit_any *v)
{
    jit_kind k = jit_kind_of(v);
    size_t n = jit_len(v);
    if (k != JIT_LIST && k != JIT_TUPLE && k != JIT_DICT)
        return jit_ref((jit_any *)(uintptr_t)v);
    jit_any **keys = calloc(n + 1, sizeof *keys), **items = calloc(n + 1, sizeof *items), *copy = NULL;
    for (size_t i = 0; keys && items && i < n; i++) {
        jit_any *item = jit_item(v, i);
        items[i] = item ? copy_containers(item) : NULL;
        keys[i] = k == JIT_DICT ? jit_key(v, i) : NULL;
        jit_unref(item);
    }
    if (keys && items)
        copy = k == JIT_LIST ? jit_list(items, n) : k == JIT_TUPLE ? jit_tuple(items, n) : jit_dict(keys, items, n);
    for (size_t i = 0; keys && items && i < n; i++) {
        jit_unref(keys[i]);
        jit_unref(items[i]);
    }
    free(keys);
    free(items);
    return copy;
}

static jit_status call_shielded(jit_function *f, const tool_values *args, jit_any **ret, jit_error *err)
{
    tool_values own = { calloc(args->n + 1, sizeof *own.at), 0, args->n + 1 };
    for (; own.at && own.n < args->n; own.n++)
        own.at[own.n] = copy_containers(args->at[own.n]);
    jit_status status = own.at ? jit_call(f, own.at, own.n, NULL, ret, err) : JIT_ENOMEM;
    tool_free_values(&own);
    return status;
}

/* Each call has the seed and arguments of the first. */
static int verify_call(jit_function *f, const char *path, const verify_options *o)
{
    tool_values args = { 0 };
    jit_any *result = NULL;
    jit_error err = JIT_ERROR_INIT;
    if (o->seed >= 0)
        jit_manual_seed((uint64_t)o->seed);
    int code = o->args ? tool_load_values(o->args, &args) : EXIT_FINE;
    if (code == EXIT_FINE) {
        jit_status status = call_shielded(f, &args, &result, &err);
        code = judge(path, o, status, result, &err, &args);
    }
    jit_unref(result);
    tool_free_values(&args);
    return code;
}

static int verify_module(jit_module *m, const char *path, bool is_archive, const verify_options *o)
{
    jit_function *f;
    jit_error err = JIT_ERROR_INIT;
    if (jit_module_function(m, o->method ? o->method : default_method(m, is_archive), &f, &err)) {
        tool_report(path, &err);
        return EXIT_TROUBLE;
    }
    int code = EXIT_FINE;
    for (int64_t i = 0; i < o->calls && code == EXIT_FINE; i++)
        code = verify_call(f, path, o);
    jit_function_unref(f);
    return code;
}

static int verify_file(const char *path, const verify_options *o)
{
    jit_module *m;
    bool is_archive = tool_is_archive(path);
    if (is_archive ? tool_load_archive(path, &m) : tool_load_source(path, &m))
        return EXIT_TROUBLE;
    int code = o->for_inference ? tool_optimize_for_inference(&m, path) : EXIT_FINE;
    code = code ? code : verify_module(m, path, is_archive, o);
    jit_module_unref(m);
    return code;
}

int cmd_verify(int argc, char **argv)
{
    const tool_command *self = tool_find_command("verify");
    verify_options o = { .tolerance = { -1, -1 }, .seed = -1, .calls = 1 };
    tool_strings files = { 0 };
    const tool_option options[] = {
        { "args", "A.pt", "the arguments: a tuple written by torch.save, or .npy", OPT_STRING, &o.args },
        { "expect", "B.pt", "the value that must come out", OPT_STRING, &o.expect },
        { "expect-args", "C.pt", "what the arguments must be after the call", OPT_STRING, &o.expect_args },
        { "expect-error", NULL, "the program must raise", OPT_FLAG, &o.expect_error },
        { "method", "NAME", "what to call (default: forward)", OPT_STRING, &o.method },
        { "rtol", "number", "relative tolerance of floats (default: by element type)", OPT_FLOAT, &o.tolerance.rtol },
        { "atol", "number", "absolute tolerance of floats (default: by element type)", OPT_FLOAT, &o.tolerance.atol },
        { "seed", "number", "seed of the random generator", OPT_INT, &o.seed },
        { "threads", "number", "threads within operators (default: one per core)", OPT_INT, &o.threads },
        { "calls", "number", "calls of the same module, each compared (the second meets plans for types)", OPT_INT, &o.calls },
        { "optimize-for-inference", NULL, TOOL_FOR_INFERENCE_HELP, OPT_FLAG, &o.for_inference },
        TOOL_OPTIMIZER_OPTION(&o.optimizer),
        { 0 },
    };
    int code = tool_parse(self, argc, argv, options, &files);
    if (code < 0 && files.n != 1)
        code = tool_usage(self, files.n ? "one file at a time" : "no file given");
    if (code < 0 && !o.expect && !o.expect_args && !o.expect_error)
        code = tool_usage(self, "say what to expect: --expect, --expect-args or --expect-error");
    if (code < 0 && (o.threads < 0 || o.threads > 1000000))
        code = tool_usage(self, "--threads: a number up to a million");
    if (code < 0 && o.calls < 1)
        code = tool_usage(self, "--calls: at least one");
    if (code < 0)
        code = tool_set_optimizer(self, o.optimizer);
    if (code < 0) {
        if (o.threads > 0)
            jit_set_num_threads((int)o.threads);
        code = verify_file(files.at[0], &o);
    }
    free(files.at);
    return code;
}
