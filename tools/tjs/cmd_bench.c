/* tools/tjs/cmd_bench.c: `tjs bench run|compile|load FILE`: first call, median, minimum, percentiles, peak memory;
 * for a compile also time and memory per line of the source.
 *
 * Runs are timed one by one until --min-time has passed (at least five, at most a million). Something faster
 * than a few microseconds is timed in batches, so that reading the clock does not count. The mean processor time
 * of a run is printed too: on a busy machine it says what the run cost, where the others say how long it waited.
 * With --callers, threads make the same call at once, each as often as it can, and all their calls are counted. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FEWEST_RUNS = 5, MOST_RUNS = 1000000, MOST_CALLERS = 1024 };

typedef struct bench {
    const char *path, *call;
    char *source;
    size_t n_bytes;
    jit_module *module;
    jit_function *function;  /* with args: the split call, or NULL */
    jit_any **args;
    size_t n_args;
    double min_time;
    int64_t callers;         /* threads that call at once; 0: runs are timed one by one */
    bool json, check_only, for_inference;
    size_t n_lines, peak_bytes, kept_bytes; /* of a compile; no lines: runs are timed */
} bench;

static void swallow(void *ctx, const char *s, size_t n)
{
    (void)ctx, (void)s, (void)n;
}

static jit_status compile_once(bench *b, jit_error *err)
{
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.name = b->path;
    jit_module *m;
    jit_status status = jit_compile(b->source, b->n_bytes, &opts, &m, err);
    if (!status)
        jit_module_unref(m);
    return status;
}

static jit_status check_once(bench *b, jit_error *err)
{
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.name = b->path;
    char *report;
    jit_status status = jit_check(b->source, b->n_bytes, &opts, JIT_TEXT, &report, err);
    if (!status)
        jit_free(report);
    return status;
}

static jit_status load_once(bench *b, jit_error *err)
{
    jit_module *m;
    jit_status status = jit_load(b->path, NULL, &m, err);
    if (!status)
        jit_module_unref(m);
    return status;
}

static jit_status call_once(bench *b, jit_error *err)
{
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.print = swallow;
    jit_any *value;
    jit_status status = b->function ? jit_call(b->function, b->args, b->n_args, &opts, &value, err)
                                    : jit_evaluate(b->module, b->call, &opts, &value, err);
    if (!status)
        jit_unref(value);
    return status;
}

/** Seconds of processor time, of all threads. */
static double cpu_now(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) ? 0 : (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const bench *b, double first, double cpu, double *runs, size_t n)
{
    qsort(runs, n, sizeof *runs, compare_doubles);
    double median = runs[n / 2], peak = (double)jit_debug_peak_rss_bytes() / (1 << 20), lines = (double)b->n_lines;
    if (b->json)
        printf("{\"median_s\": %.9g, \"min_s\": %.9g, \"first_s\": %.9g, \"cpu_s\": %.9g, \"runs\": %zu, "
               "\"peak_rss_mb\": %.1f", median, runs[0], first, cpu, n, peak);
    else
        printf("first %.3f us, median %.3f us, min %.3f us, p90 %.3f us, p99 %.3f us, cpu %.3f us, %zu runs, peak %.1f MB\n",
               first * 1e6, median * 1e6, runs[0] * 1e6, runs[n * 9 / 10] * 1e6, runs[n * 99 / 100] * 1e6, cpu * 1e6, n,
               peak);
    if (b->n_lines && b->json)
        printf(", \"lines\": %zu, \"s_per_line\": %.4g, \"peak_bytes\": %zu, \"peak_bytes_per_line\": %.1f"
               ", \"kept_bytes\": %zu, \"kept_bytes_per_line\": %.1f", b->n_lines, median / lines, b->peak_bytes,
               (double)b->peak_bytes / lines, b->kept_bytes, (double)b->kept_bytes / lines);
    else if (b->n_lines)
        printf("%zu lines: %.3f us, %.0f bytes at the peak and %.0f bytes kept a line\n", b->n_lines, median * 1e6 / lines,
               (double)b->peak_bytes / lines, (double)b->kept_bytes / lines);
    if (b->json)
        printf("}\n");
}

static int measure(bench *b, jit_status (*once)(bench *b, jit_error *err))
{
    jit_error err = JIT_ERROR_INIT;
    double begin = tool_now();
    if (once(b, &err))
        return tool_report(b->path, &err);
    double first = tool_now() - begin, total = 0;
    begin = tool_now();
    if (once(b, &err))
        return tool_report(b->path, &err);
    double second = tool_now() - begin;
    size_t batch = second < 5e-6 ? (size_t)(2e-5 / (second + 1e-8)) + 1 : 1, n = 0;
    double *runs = malloc(MOST_RUNS * sizeof *runs);
    if (!runs)
        return EXIT_TROUBLE;
    double cpu = cpu_now();
    while (n < MOST_RUNS && (n < FEWEST_RUNS || total < b->min_time)) {
        begin = tool_now();
        for (size_t i = 0; i < batch; i++)
            if (once(b, &err)) {
                free(runs);
                return tool_report(b->path, &err);
            }
        double t = tool_now() - begin;
        total += t;
        runs[n++] = t / (double)batch;
    }
    report(b, first, (cpu_now() - cpu) / (double)(n * batch), runs, n);
    free(runs);
    return EXIT_FINE;
}

/* ---- many callers ---------------------------------------------------------------------------- */
typedef struct caller {
    bench *bench;
    pthread_t thread;
    const atomic_bool *stop;
    size_t n_calls;
    jit_error err;
    bool failed;
} caller;

static void *call_until_stopped(void *arg)
{
    caller *c = arg;
    while (!c->failed && !atomic_load_explicit(c->stop, memory_order_relaxed)) {
        c->failed = call_once(c->bench, &c->err) != JIT_OK;
        c->n_calls++;
    }
    return NULL;
}

static int measure_callers(bench *b)
{
    jit_error err = JIT_ERROR_INIT;
    if (call_once(b, &err)) // what only the first call does
        return tool_report(b->path, &err);
    atomic_bool stop = false;
    caller *callers = calloc((size_t)b->callers, sizeof *callers);
    int64_t n_started = 0;
    size_t n_calls = 0;
    int code = callers ? EXIT_FINE : EXIT_TROUBLE;
    double begin = tool_now(), cpu = cpu_now();
    for (; callers && n_started < b->callers; n_started++) {
        caller *c = &callers[n_started];
        *c = (caller){ .bench = b, .stop = &stop, .err = JIT_ERROR_INIT };
        if (pthread_create(&c->thread, NULL, call_until_stopped, c)) {
            fprintf(stderr, "tjs bench: thread %d cannot be made\n", (int)n_started);
            code = EXIT_TROUBLE;
            break;
        }
    }
    struct timespec pause = { (time_t)b->min_time, (long)((b->min_time - (double)(time_t)b->min_time) * 1e9) };
    if (!code)
        nanosleep(&pause, NULL);
    atomic_store(&stop, true);
    for (int64_t i = 0; i < n_started; i++) {
        pthread_join(callers[i].thread, NULL);
        n_calls += callers[i].n_calls;
        if (callers[i].failed)
            code = tool_report(b->path, &callers[i].err);
    }
    double wall = tool_now() - begin;
    free(callers);
    if (!code)
        printf(b->json ? "{\"callers\": %d, \"calls\": %zu, \"calls_per_s\": %.6g, \"cpu_s\": %.9g}\n"
                       : "%d callers, %zu calls, %.6g calls a second, cpu %.3g s a call\n", (int)b->callers, n_calls,
               (double)n_calls / wall, n_calls ? (cpu_now() - cpu) / (double)n_calls : 0);
    return code;
}

static int measure_calls(bench *b) { return b->callers ? measure_callers(b) : measure(b, call_once); }

static int bench_call(bench *b, const char *call)
{
    jit_error err = JIT_ERROR_INIT;
    b->call = call;
    if (jit_debug_split_call(b->module, call, &b->function, &b->args, &b->n_args, &err))
        return tool_report(b->path, &err);
    int code = measure_calls(b);
    jit_debug_free_call(b->function, b->args, b->n_args);
    return code;
}

static int bench_compile(bench *b)
{
    jit_error err = JIT_ERROR_INIT;
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.name = b->path;
    for (size_t i = 0; i < b->n_bytes; i++)
        b->n_lines += b->source[i] == '\n' || i + 1 == b->n_bytes;
    if (jit_debug_compile_bytes(b->source, b->n_bytes, &opts, &b->peak_bytes, &b->kept_bytes, &err))
        return tool_report(b->path, &err);
    return measure(b, b->check_only ? check_once : compile_once);
}

static int bench_method(bench *b, const char *method, const char *args)
{
    tool_values values = { 0 };
    jit_error err = JIT_ERROR_INIT;
    int code = args ? tool_load_values(args, &values) : EXIT_FINE;
    if (!code && jit_module_function(b->module, method, &b->function, &err))
        code = tool_report(b->path, &err);
    if (!code) {
        b->args = values.at;
        b->n_args = values.n;
        code = measure_calls(b);
    }
    jit_function_unref(b->function);
    tool_free_values(&values);
    return code;
}

/* An expression, or a method with recorded arguments: by default `main()`, of an archive `forward`. */
static int bench_run(bench *b, const char *method, const char *args)
{
    const bool is_archive = tool_is_archive(b->path);
    int code = is_archive ? tool_load_archive(b->path, &b->module) : tool_load_source(b->path, &b->module);
    if (code)
        return code;
    if (b->for_inference)
        code = tool_optimize_for_inference(&b->module, b->path);
    if (code) {
        jit_module_unref(b->module);
        return code;
    }
    if (b->call || (!is_archive && !method && !args))
        code = bench_call(b, b->call ? b->call : "main()");
    else
        code = bench_method(b, method ? method : is_archive ? "__call__" : "main", args);
    jit_module_unref(b->module);
    return code;
}

static int bench_what(bench *b, const char *what, const char *method, const char *args)
{
    if (!strcmp(what, "load"))
        return measure(b, load_once);
    if (!strcmp(what, "run"))
        return bench_run(b, method, args);
    if (!tool_read_file(b->path, &b->source, &b->n_bytes))
        return EXIT_TROUBLE;
    return bench_compile(b);
}

int cmd_bench(int argc, char **argv)
{
    const tool_command *self = tool_find_command("bench");
    bench b = { .min_time = 0.5 };
    int64_t threads = 0;
    const char *method = NULL, *args = NULL;
    tool_strings words = { 0 };
    const tool_option options[] = {
        { "method", "NAME", "run: what to call with --args (default: main, of an archive: forward)", OPT_STRING, &method },
        { "args", "FILE", "run: the arguments, a tuple of torch.save, or .npy", OPT_STRING, &args },
        { "call", "EXPR", "run: the call (default: main()); its arguments are evaluated once", OPT_STRING, &b.call },
        { "callers", "number", "run: call from so many threads at once; counts the calls", OPT_INT, &b.callers },
        { "threads", "number", "threads within operators", OPT_INT, &threads },
        { "optimize-for-inference", NULL, "run: " TOOL_FOR_INFERENCE_HELP, OPT_FLAG, &b.for_inference },
        { "min-time", "seconds", "measure at least this long (default 0.5)", OPT_FLOAT, &b.min_time },
        { "check-only", NULL, "compile: time the check alone, without graphs", OPT_FLAG, &b.check_only },
        { "json", NULL, "the figures as one line of JSON, in seconds", OPT_FLAG, &b.json },
        { 0 },
    };
    int code = tool_parse(self, argc, argv, options, &words);
    const char *what = words.n ? words.at[0] : "";
    if (code < 0 && (words.n != 2 || (strcmp(what, "run") && strcmp(what, "compile") && strcmp(what, "load"))))
        code = tool_usage(self, "say what to time and one file");
    if (code < 0 && b.call && (method || args))
        code = tool_usage(self, "--call says all: it goes without --args and --method");
    if (code < 0 && (b.callers < 0 || b.callers > MOST_CALLERS || !(b.min_time >= 0 && b.min_time <= 1e6)))
        code = tool_usage(self, "--callers: a number up to 1024, --min-time: up to a million seconds");
    if (code < 0 && (threads < 0 || threads > 1000000))
        code = tool_usage(self, "--threads: a number up to a million");
    if (code < 0) {
        if (threads > 0)
            jit_set_num_threads((int)threads);
        b.path = words.at[1];
        code = bench_what(&b, what, method, args);
    }
    free(b.source);
    free(words.at);
    return code;
}
