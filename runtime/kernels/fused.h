/* runtime/kernels/fused.h: groups of operators run in one pass over memory.
 *
 * A group is a straight line of pointwise operators, conversions, eval batch norms, and of softmax, layer norm and
 * reductions along the last dimension. What tensors allow is known when it runs: fused_run() takes as many steps
 * as fit one tile program (tiles.h), the caller runs the next one by itself, and so on, which gives the same bits, and
 * the errors. What one step makes and only others of the same run read never becomes a tensor.
 *
 * Pointwise operators that write in place are steps, too: inside of a run they give a new value of the same tensor, which
 * whoever names that tensor later reads. The tensor is written once, with what the run leaves in it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_FUSED_H
#define RUNTIME_KERNELS_FUSED_H

#include "runtime/kernels/dispatch.h"

enum { FUSED_MAX_STEPS = 32, FUSED_MAX_INPUTS = 32, FUSED_MAX_ARGS = 9 };

typedef struct fused_step {
    uint16_t op;             /* op_id */
    uint16_t dying;          /* bit k: argument k has its last use here */
    uint8_t n_args;
    bool is_result;          /* read outside of the group: becomes a tensor */
    bool is_in_place;        /* writes to its first argument, which is its value */
    uint32_t fewest;         /* elements for which a run from here on pays, its program made or */
    uint32_t fewest_kept;    /* found in the cache */
    uint8_t kind;            /* fused_kind (fused_bind.h) */
    int8_t last_use;         /* the last step that has the value as an argument; -1: none */
    int8_t last_reader;      /* the same of what stands in the value when this step is done: not what is written to it later */
    uint32_t last_reads;     /* bit i: this is the last reader of step i */
    int8_t args[FUSED_MAX_ARGS]; /* >= 0: that input of the group; < 0: the value of step -1 - arg */
    int8_t writers[FUSED_MAX_ARGS]; /* the last step before that wrote in place to what args[i] names; -1: none */
} fused_step;

typedef struct fused_group {
    uint8_t n_steps, n_inputs;
    bool has_in_place;
    fused_step steps[FUSED_MAX_STEPS];
} fused_group;

/* Programs of a group that were made before, for operands of the same types, sizes and numbers. Many threads may use one.
 * Zero is empty. */
enum { FUSED_CACHE_ENTRIES = 4 };
typedef struct fused_recipe fused_recipe;
typedef struct fused_cache {
    _Atomic(fused_recipe *) entries[FUSED_CACHE_ENTRIES];
    _Atomic uint8_t n_tries; /* programs offered so far: what runs once is not kept, what never fits not tried for ever */
} fused_cache;
void fused_cache_free(fused_cache *c);

/** May operator `op` be a step of a group? */
bool fused_takes(op_id op);
/** Is a group of that operator alone worth its while? Losses are several passes else. */
bool fused_pays_alone(op_id op);
/** Fills what follows from operators and arguments, once the steps stand. */
void fused_finish(fused_group *g);
/** Is it worth trying to run a step with these arguments, and what follows, fused? Operators on few elements are faster
 * one by one. */
bool fused_pays(const fused_step *step, const jit_value *args);
/** Run steps [first, first + the result) of a group. `values`: of the steps before, as far as later ones read them.
 * `cache`: of the group, or NULL. results[k] gets a new reference for each step k of them that is read later, none (VALUE_NONE) for the others.
 * @return 0: nothing was done, step `first` is to be run by itself; -1: an error, which is reported */
int fused_run(op_run *run, const fused_group *g, fused_cache *cache, int first, const jit_value *inputs, const jit_value *values,
              jit_value *results);

/** Groups run fused where that pays, never, or wherever they can. For tests. */
typedef enum fused_mode { FUSED_WHERE_IT_PAYS, FUSED_NEVER, FUSED_ALWAYS } fused_mode;
void fused_set_mode(fused_mode mode);

#endif
