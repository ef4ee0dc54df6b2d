/* jit_debug.h: looking inside. For the command and for tests; not installed, no stability promised. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JIT_DEBUG_H
#define JIT_DEBUG_H

#include "jit.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct jit_stage_options {
    const char *function;      /* NULL: all of the file */
    const char *stage;         /* as jit_debug_stages() tells; NULL: optimized */
    const char *passes;        /* comma-separated passes to run on the emitted graph instead of a stage, or NULL */
    const char *print_after;   /* name of a pass, or "all": print the graph after it */
    bool source_ranges;        /* `# file:line:col` comments */
    bool dot;                  /* graphs for Graphviz */
    bool symbolic;             /* for a call: its sizes but 1 are names, as jit_graph_for_any_size() */
    bool timings;              /* time per pass, appended as comments */
} jit_stage_options;

/** Text of a stage of a source (`is_ir`: IR text instead of a program). *ret: jit_free(). */
jit_status jit_debug_stage(const char *source, size_t n_bytes, bool is_ir, const jit_compile_options *copts,
                           const jit_stage_options *opts, char **ret, jit_error *err);
/** The same of a method of an archive's module ("forward", "encoder.forward"); NULL: all methods of its object. */
jit_status jit_debug_module_stage(jit_module *m, const jit_stage_options *opts, char **ret, jit_error *err);
/** An archive's table of contents: modules with parameters, methods, operators, records of the file. *ret: jit_free(). */
jit_status jit_debug_contents(jit_module *m, bool json, char **ret, jit_error *err);
/** One line per pass or per stage: name, tab, what it does. Release with jit_free(). */
char *jit_debug_passes(void);
char *jit_debug_stages(void);

/** What functions called for the first time from now on go through, in the whole process: "default"; "none", no passes and
 * no fusion; "fused", fusion wherever it is possible, however small the tensors; or "random:SEED": every pass there
 * is, in an order drawn from the seed. For tests. false: none of these. */
bool jit_debug_set_optimizer(const char *how);

/** A stage of f for the types of a call's arguments: "optimized", as jit_graph_for(); "bytecode", the plan that such calls run; or
 * "kernels": f is called, and each tile program that it makes for a group of operators is told, the walk and what is
 * computed step by step (what the call prints is dropped). *ret: jit_free(). */
jit_status jit_debug_stage_for(jit_function *f, const jit_stage_options *opts, jit_any *const *args, size_t n_args, char **ret,
                               jit_error *err);

/** One case of a conformance file. */
typedef struct jit_case_result { int line; const char *call; bool passed; const char *what; } jit_case_result;
/** Run the `#>` / `#=` / `#!` cases (or the `# reject:` line) of a source; `each` sees every result.
 * @return JIT_OK when the file could be read at all, whatever the cases said */
jit_status jit_debug_run_cases(const char *source, size_t n_bytes, const char *name,
                               void (*each)(void *ctx, const jit_case_result *r), void *ctx, jit_error *err);

/** Take `f(a, b)` apart: the function and its evaluated positional arguments, so that the call alone can be timed.
 * *ret_function is NULL when the expression is no such call. Release with jit_debug_free_call(). */
jit_status jit_debug_split_call(jit_module *m, const char *expression, jit_function **ret_function,
                                jit_any ***ret_args, size_t *ret_n_args, jit_error *err);
void jit_debug_free_call(jit_function *f, jit_any **args, size_t n_args);

/** Operators: one line each as `schema<TAB>backend<TAB>derivative`, the derivative `-` where there is none; as JSON an object
 * `{"schema": …, "backend": …, "derivative": null}` a line. prefix NULL: all. Release with jit_free(). */
char *jit_debug_ops(const char *name_prefix, bool only_implemented, bool as_json);
/** implemented, known: counts over all operator rows. */
void jit_debug_op_counts(size_t *ret_implemented, size_t *ret_known);
/** Does "aten::add.Tensor" have a kernel here? known: is it in the table at all. */
bool jit_debug_op_is_implemented(const char *name, bool *ret_known);

/** The most memory the process had so far. */
size_t jit_debug_peak_rss_bytes(void);
/** Compile once: the bytes of heap it takes at its peak, and those the module keeps. */
jit_status jit_debug_compile_bytes(const char *source, size_t n_bytes, const jit_compile_options *opts,
                                   size_t *ret_peak, size_t *ret_kept, jit_error *err);

#ifdef __cplusplus
}
#endif
#endif
