/* Pipelines: which passes run, in which order.
 *
 * "emitted" turns lowering's raw graph into the form PyTorch prints; its order is part of the format (constants
 * end up in the order the walk of `pool` finds them). "inlined" and "optimized" clean up after themselves: a
 * group of passes is repeated until none reports progress, at most MAX_ROUNDS times: where each layer of a model decides
 * what the next one may, a few rounds for each layer. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "opt/alias.h"
#include "opt/check.h"

#include <string.h>
#include <time.h>

enum { MAX_ROUNDS = 64, MAX_NAME = 64 };

typedef struct pass_entry {
    const char *name;
    const char *summary;
    opt_pass run;
} pass_entry;

static const pass_entry passes[] = {
#define PASS(name, summary) { #name, summary, opt_##name },
#include "opt/passes.def"
};

/* A list of passes; those from `repeat` on are run again while they find something. */
typedef struct pipeline {
    const char *name;
    opt_pass once[8];
    opt_pass again[12];
    opt_pass last[6];
} pipeline;

static const pipeline pipelines[] = {
    { "emitted",
      .once = { opt_fuse_ifs, opt_canonical_loops, opt_normalise, opt_tuples, opt_dce },
      .again = { opt_fold, opt_dead_branches, opt_dce },
      .last = { opt_pool, opt_order_outputs } },
    { "inlined",
      .once = { opt_inline },
      .again = { opt_tuples, opt_fold, opt_dead_branches, opt_dce },
      .last = { opt_pool } },
    { "attributes", // between two looks at what may become constant (opt/freeze.h)
      .once = { opt_tuples, opt_fold },
      .again = { opt_dead_branches, opt_peephole, opt_fold, opt_dce } },
    { "frozen",
      .again = { opt_tuples, opt_fold, opt_dead_branches, opt_appends, opt_peephole, opt_merge_constants, opt_rules,
                 opt_fold_tensors, opt_cse, opt_known_conditions, opt_dce },
      .last = { opt_pool } },
    { "optimized",
      .once = { opt_inline, opt_scalar_operands, opt_normalise, opt_dce, opt_unseen_writes },
      .again = { opt_carried_tuples, opt_tuples, opt_fold, opt_dead_branches, opt_appends, opt_peephole, opt_merge_constants,
                 opt_cse, opt_unroll, opt_hoist, opt_dce },
      .last = { opt_rounds, opt_channels_last, opt_post_ops, opt_pool, opt_overlap } },
    { "specialised", // of an optimised graph whose inputs have the types of a call
      .again = { opt_types, opt_known_types, opt_fold, opt_dead_branches, opt_peephole, opt_fold, opt_dead_branches, opt_tuples,
                 opt_peephole, opt_dce },
      .last = { opt_pool, opt_types } },
};

opt_pass opt_find_pass(const char *name)
{
    for (size_t i = 0; i < opt_pass_count(); i++)
        if (strcmp(passes[i].name, name) == 0)
            return passes[i].run;
    return NULL;
}

size_t opt_pass_count(void)
{
    return sizeof passes / sizeof *passes;
}

const char *opt_pass_at(size_t i, const char **ret_summary)
{
    *ret_summary = passes[i].summary;
    return passes[i].name;
}

static const char *pass_name(opt_pass p)
{
    for (size_t i = 0; i < opt_pass_count(); i++)
        if (passes[i].run == p)
            return passes[i].name;
    return "?";
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool run_pass(opt_pass p, ir_graph *g, opt_ctx *cx, bool *ret_progress)
{
    graph_state before = { 0 };
    if (cx->validate)
        graph_state_init(&before, g);
    int64_t begin_ns = cx->after_pass ? now_ns() : 0;
    bool progress = p(g, cx);
    int64_t time_ns = cx->after_pass ? now_ns() - begin_ns : 0;
    bool failed = arena_failed(&cx->scratch) || ir_graph_failed(g);
    arena_fini(&cx->scratch);
    if (progress || failed)
        opt_alias_drop(cx);
    if (!failed && cx->validate) {
        const char *why = "the graph is invalid";
        failed = !opt_check(g, &g->arena, &before, progress, &why);
        cx->failure = failed ? why : NULL;
    }
    graph_state_fini(&before);
    if (failed && cx->failure)
        cx->failure = arena_printf(&g->arena, "after %s: %s", pass_name(p), cx->failure);
    if (cx->after_pass)
        cx->after_pass(cx->after_pass_ctx, pass_name(p), g, progress, time_ns);
    *ret_progress |= progress;
    return !failed;
}

static bool run_list(const opt_pass *list_of_passes, size_t n, ir_graph *g, opt_ctx *cx, bool *ret_progress)
{
    for (size_t i = 0; i < n && list_of_passes[i]; i++)
        if (!run_pass(list_of_passes[i], g, cx, ret_progress))
            return false;
    return true;
}

static bool run_pipeline(const pipeline *p, ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    if (!run_list(p->once, sizeof p->once / sizeof *p->once, g, cx, &progress))
        return false;
    progress = true;
    for (int round = 0; round < MAX_ROUNDS && progress; round++) {
        progress = false;
        if (!run_list(p->again, sizeof p->again / sizeof *p->again, g, cx, &progress))
            return false;
    }
    return run_list(p->last, sizeof p->last / sizeof *p->last, g, cx, &progress);
}

bool opt_run_pipeline(const char *name, ir_graph *g, opt_ctx *cx)
{
    bool ok = false;
    arena_init(&cx->scratch);
    cx->failure = NULL;
    for (size_t i = 0; i < sizeof pipelines / sizeof *pipelines; i++)
        if (strcmp(pipelines[i].name, name) == 0)
            ok = run_pipeline(&pipelines[i], g, cx);
    opt_alias_drop(cx);
    return ok;
}

/* Fisher and Yates; the numbers are those of splitmix64. */
static void shuffle(opt_pass *order, size_t n, uint64_t *state)
{
    for (size_t i = n; i > 1; i--) {
        *state += 0x9e3779b97f4a7c15u;
        size_t k = (size_t)(hash_u64(*state) % i);
        opt_pass swap = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swap;
    }
}

bool opt_run_shuffled(uint64_t seed, ir_graph *g, opt_ctx *cx)
{
    enum { ROUNDS = 3, N_PASSES = sizeof passes / sizeof *passes };
    opt_pass order[N_PASSES];
    bool ok = true, progress = false;
    arena_init(&cx->scratch);
    cx->failure = NULL;
    for (size_t i = 0; i < N_PASSES; i++)
        order[i] = passes[i].run;
    for (int round = 0; ok && round < ROUNDS; round++) {
        shuffle(order, N_PASSES, &seed);
        ok = run_list(order, N_PASSES, g, cx, &progress);
    }
    opt_alias_drop(cx);
    return ok;
}

bool opt_run_passes(const char *names, ir_graph *g, opt_ctx *cx, const char **ret_bad)
{
    bool ok = true, progress = false;
    arena_init(&cx->scratch);
    cx->failure = NULL;
    for (const char *at = names; ok && *at;) {
        char name[MAX_NAME];
        size_t n = strcspn(at, ",");
        size_t kept = n < sizeof name ? n : sizeof name - 1;
        memcpy(name, at, kept);
        name[kept] = '\0';
        opt_pass p = opt_find_pass(name);
        if (!p)
            *ret_bad = arena_strndup(&g->arena, at, n);
        ok = p && run_pass(p, g, cx, &progress);
        at += n + (at[n] == ',');
    }
    opt_alias_drop(cx);
    return ok;
}
