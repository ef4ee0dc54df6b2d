/* tools/tjs/cmd_run.c: `tjs run FILE [--call EXPR]`, `tjs run MODEL.pt --args FILE`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile bool interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = true;
}

typedef struct run_options {
    const char *call, *method, *device, *out;
    tool_strings args;
    bool json, is_archive, for_inference;
    int64_t threads, seed;
    int64_t max_instructions, max_mb, max_depth, max_seconds;
} run_options;

static int show(const run_options *o, jit_any *value)
{
    if (o->out) {
        jit_error err = JIT_ERROR_INIT;
        return jit_value_save(value, o->out, &err) ? tool_report(o->out, &err) : EXIT_FINE;
    }
    if (!o->call && jit_kind_of(value) == JIT_NONE && !o->json)
        return EXIT_FINE; // a main() that returns nothing has printed what it has to say
    char *text = o->json ? jit_to_json(value) : jit_to_string(value);
    if (!text) {
        fprintf(stderr, "tjs run: out of memory\n");
        return EXIT_TROUBLE;
    }
    puts(text);
    jit_free(text);
    return EXIT_FINE;
}

/* Call a function with the tensors of --args, or evaluate --call. */
static jit_status call(jit_module *m, const run_options *o, const tool_values *args, const jit_call_options *opts,
                       jit_any **ret, jit_error *err)
{
    if (o->call)
        return jit_evaluate(m, o->call, opts, ret, err);
    jit_function *f;
    const char *method = o->method ? o->method : o->is_archive ? "__call__" : "main";
    jit_status status = jit_module_function(m, method, &f, err);
    if (status)
        return status;
    status = jit_call(f, args->at, args->n, opts, ret, err);
    jit_function_unref(f);
    return status;
}

static int run_module(jit_module *m, const char *path, const run_options *o)
{
    tool_values args = { 0 };
    jit_any *value;
    int code = EXIT_FINE;
    for (size_t i = 0; i < o->args.n && code == EXIT_FINE; i++)
        code = tool_load_values(o->args.at[i], &args);
    if (code) {
        tool_free_values(&args);
        return code;
    }
    jit_limits limits = JIT_LIMITS_INIT;
    limits.max_instructions = o->max_instructions;
    limits.max_bytes = (size_t)o->max_mb << 20;
    limits.max_depth = o->max_depth;
    limits.max_time_ns = o->max_seconds * INT64_C(1000000000);
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.limits = &limits;
    opts.interrupt = &interrupted;
    signal(SIGINT, on_interrupt);
    jit_error err = JIT_ERROR_INIT;
    jit_status status = call(m, o, &args, &opts, &value, &err);
    tool_free_values(&args);
    if (status == JIT_ETYPE || status == JIT_ESYNTAX) { /* of an argument or of --call, not of the program */
        fprintf(stderr, "%s: error: %s\n", path, err.message ? err.message : "out of memory");
        jit_error_fini(&err);
        return EXIT_TROUBLE;
    }
    if (status)
        return tool_report(path, &err);
    code = show(o, value);
    jit_unref(value);
    return code;
}

/* In a range where the products below do not overflow. */
static bool are_limits(const run_options *o)
{
    return o->max_instructions >= 0 && o->max_depth >= 0 && o->max_mb >= 0 && o->max_mb <= 1000000 && o->threads >= 0
           && o->threads <= 1000000 && o->max_seconds >= 0 && o->max_seconds <= INT64_MAX / INT64_C(1000000000);
}

static int run_file(const char *path, run_options *o)
{
    jit_module *m;
    o->is_archive = tool_is_archive(path);
    int code = o->is_archive ? tool_load_archive(path, &m) : tool_load_source(path, &m);
    if (code)
        return code;
    if (o->for_inference)
        code = tool_optimize_for_inference(&m, path);
    code = code ? code : run_module(m, path, o);
    jit_module_unref(m);
    return code;
}

int cmd_run(int argc, char **argv)
{
    const tool_command *self = tool_find_command("run");
    run_options o = { .seed = -1 };
    tool_strings files = { 0 };
    const tool_option options[] = {
        { "call", "EXPR", "expression over the file's functions (default: main())", OPT_STRING, &o.call },
        { "method", "NAME", "function that --args go to (default: main, of an archive: forward)", OPT_STRING, &o.method },
        { "args", "FILE", "an argument: .npy, or of torch.save (a tuple: several); may be repeated", OPT_STRINGS, &o.args },
        { "out", "FILE", "write the result there instead of printing it; .npy, .npz, .safetensors or torch.save", OPT_STRING, &o.out },
        { "json", NULL, "print the value as JSON", OPT_FLAG, &o.json },
        { "optimize-for-inference", NULL, TOOL_FOR_INFERENCE_HELP, OPT_FLAG, &o.for_inference },
        { "device", "DEVICE", "where tensors live; only cpu so far", OPT_STRING, &o.device },
        { "threads", "number", "threads within operators (default: one per core)", OPT_INT, &o.threads },
        { "seed", "number", "seed of the random generator", OPT_INT, &o.seed },
        { "max-instructions", "number", "end the run after so many instructions", OPT_INT, &o.max_instructions },
        { "max-memory", "MB", "memory the run may hold", OPT_INT, &o.max_mb },
        { "max-depth", "number", "depth of calls (default: 1000)", OPT_INT, &o.max_depth },
        { "max-time", "seconds", "end the run after this time", OPT_INT, &o.max_seconds },
        { 0 },
    };
    int code = tool_parse(self, argc, argv, options, &files);
    if (code < 0 && files.n != 1)
        code = tool_usage(self, files.n ? "one file at a time" : "no file given");
    if (code < 0 && o.call && (o.args.n || o.method))
        code = tool_usage(self, "--call says all: it goes without --args and --method");
    if (code < 0 && !are_limits(&o))
        code = tool_usage(self, "limits are not negative; threads and memory up to a million");
    if (code < 0 && o.device && strcmp(o.device, "cpu"))
        code = tool_usage(self, "device '%s' is not supported by this build; use cpu", o.device);
    if (code < 0) {
        if (o.threads > 0)
            jit_set_num_threads((int)o.threads);
        if (o.seed >= 0)
            jit_manual_seed((uint64_t)o.seed);
        code = run_file(files.at[0], &o);
    }
    free(files.at);
    free(o.args.at);
    return code;
}
