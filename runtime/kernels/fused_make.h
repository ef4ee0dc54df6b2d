/* runtime/kernels/fused_make.h: a run of a group while it becomes a tile program; between fused.c, which makes programs, and
 * fused_cache.c, which keeps them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_FUSED_MAKE_H
#define RUNTIME_KERNELS_FUSED_MAKE_H

#include "runtime/kernels/fused_bind.h"

enum { FUSED_MAX_OUTSIDE = 24, FUSED_MAX_TOTALS = 4 };

/* A tensor from outside, as a slot of some type and width. */
typedef struct fused_outside {
    const tensor *t;
    dtype d;
    fused_width width;
    int slot;
} fused_outside;

/* A total being made: the value of `step`. */
typedef struct fused_total {
    int step;
    double *chunks;
} fused_total;

/* What steps write to, one after the other: one tensor, if anybody looks at it after the run. */
typedef struct fused_object {
    int last;                            /* the last step of the run that writes to it */
    bool is_kept;                        /* somebody looks at it after the run */
    tensor *t;                           /* borrowed, once it is there */
} fused_object;

/* A run being made. */
typedef struct fusion {
    fused_binding b;
    int n_outside;
    uint32_t used_buffers;               /* bit set, as the two below */
    uint32_t scratch;                    /* buffers of the step being added */
    int kept;                            /* the slot of the value before, if it is read later, too; or -1 */
    int slots[FUSED_MAX_STEPS];          /* of the values */
    const tensor *slot_tensors[TILES_MAX_SLOTS]; /* whose memory the slot is, where it is some tensor's */
    tensor *results[FUSED_MAX_STEPS];    /* NULL: nobody reads it later */
    fused_object made[FUSED_MAX_STEPS];        /* by the steps that made them */
    int n_totals;
    fused_total totals[FUSED_MAX_TOTALS];
    fused_outside outsiders[FUSED_MAX_OUTSIDE];
    tile_program program;
} fusion;

/* ---- programs that are kept (fused_cache.c) ----------------------------------------------------------- */
/** A kept program for tensors and numbers like these, run: as fused_run(). 0: there is none. */
int fused_cache_run(fused_cache *c, op_run *run, const fused_group *g, int first, const jit_value *inputs, const jit_value *values,
                    jit_value *results);
/** Will no more programs be kept? */
bool fused_cache_is_closed(const fused_cache *c);
/** Keep the program of f, if it is one that can be told again by its operands alone. */
void fused_cache_add(fused_cache *c, const fusion *f);

/* ---- programs as text (fused_print.c) ------------------------------------------------------------------ */
/** The operators of f, its walk, and its steps, one a line: a pointwise step with the expression that its kernel computes. */
void fused_print(const fusion *f, text *out);

#endif
