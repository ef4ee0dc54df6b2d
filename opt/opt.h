/* opt/opt.h: passes over the IR. A pass is `bool opt_x(ir_graph *, opt_ctx *)`: one file, says whether it
 * changed anything, idempotent, never recurses over blocks. Pipelines are arrays in pipeline.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPT_OPT_H
#define OPT_OPT_H

#include "ir/graph.h"

typedef struct opt_alias_info opt_alias_info;

/** What passes need from outside; the api layer fills the callbacks. */
typedef struct opt_ctx {
    /** Run a pure operator on constants: true and rets filled on success; false: leave the node alone. */
    bool (*eval)(void *ctx, const ir_node *n, const jit_value *args, jit_value *rets);
    /** The emitted graph of a function to inline, or NULL (recursive, composite). */
    ir_graph *(*inline_body)(void *ctx, ir_function *fn);
    /** The emitted graph of a function to look at, however large; NULL: it has none. */
    const ir_graph *(*body)(void *ctx, ir_function *fn);
    void *ctx;
    opt_alias_info *alias;    /* made on demand by opt_alias(), dropped when a pass reports progress */
    arena scratch;            /* freed after each pass */
    /** Told after each pass that ran; may be NULL. time_ns: what the pass alone took. */
    void (*after_pass)(void *ctx, const char *pass, const ir_graph *g, bool progress, int64_t time_ns);
    void *after_pass_ctx;
    bool validate;            /* debug: after each pass, opt_check() (opt/check.h) */
    const char *failure;      /* validator's complaint, or NULL */
} opt_ctx;

typedef bool (*opt_pass)(ir_graph *g, opt_ctx *cx);

/** The function a call node calls, where that is known; *ret_first is the input its parameters begin at. Or NULL. */
ir_function *opt_callee(const ir_node *n, uint32_t *ret_first);
/** Has the node an effect somebody may see (prints, raises, writes to what escapes, draws random numbers)? */
bool opt_has_effect(opt_ctx *cx, const ir_node *n);

#define PASS(name, summary) bool opt_##name(ir_graph *g, opt_ctx *cx);
#include "opt/passes.def"

/** How many nodes ask what known_types could answer if it knew the types of tensors. */
size_t opt_type_questions(const ir_graph *g);
/** Is it asked of v itself whether it is None? Not where its type says so. */
bool opt_asks_none(const ir_value *v);
/** Give the sizes of the graph's inputs names (symbols, printed SS(-k)): equal sizes one name, as PyTorch does it, and 1 none,
 * as it is broadcast. What is said of strides goes. */
void opt_name_sizes(ir_graph *g);
/** Take the refinements away that opt_types() gave. */
void opt_forget_types(ir_graph *g);

opt_pass opt_find_pass(const char *name);                 /* "dce"; NULL if unknown */
size_t opt_pass_count(void);
const char *opt_pass_at(size_t i, const char **ret_summary);
/** Named pipelines: "emitted" (what lowering's raw graph goes through to get PyTorch's printed form),
 * "inlined", "attributes" and "frozen" (of modules being frozen), "optimized", "specialised". false: a pass left an invalid graph (cx->failure) or memory ran out. */
bool opt_run_pipeline(const char *pipeline, ir_graph *g, opt_ctx *cx);
/** Every pass there is, in an order drawn from the seed, a few rounds: what must not change any result. For tests. */
bool opt_run_shuffled(uint64_t seed, ir_graph *g, opt_ctx *cx);
/** Comma-separated pass names. false and *ret_bad set if one is unknown. */
bool opt_run_passes(const char *passes, ir_graph *g, opt_ctx *cx, const char **ret_bad);

#endif
