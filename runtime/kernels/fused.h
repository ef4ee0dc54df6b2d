/* runtime/kernels/fused.h: groups of pointwise operators run in one pass over memory.
 *
 * A group is a straight line of operators; what one makes and only others of the group read never becomes a
 * tensor. Whether a group can run fused depends on the tensors at hand; where it cannot, the caller runs the
 * operators one by one, which gives the same bits, and the errors. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_FUSED_H
#define RUNTIME_KERNELS_FUSED_H

#include "runtime/kernels/dispatch.h"

enum { FUSED_MAX_STEPS = 32, FUSED_MAX_INPUTS = 32, FUSED_MAX_ARGS = 8 };

typedef struct fused_step {
    uint16_t op;             /* op_id */
    uint8_t n_args;
    bool is_result;          /* read outside of the group: becomes a tensor */
    int8_t args[FUSED_MAX_ARGS]; /* >= 0: that input of the group; < 0: the value of step -1 - arg */
} fused_step;

typedef struct fused_group {
    uint8_t n_steps, n_inputs;
    uint32_t last_reads[FUSED_MAX_STEPS]; /* bit k of [i]: step i is the last one that reads the value of step k */
    fused_step steps[FUSED_MAX_STEPS];
} fused_group;

/** May operator `op` be a step of a group? */
bool fused_takes(op_id op);
/** Fills last_reads once the steps stand. */
void fused_finish(fused_group *g);
/** Run a group. Bit i of `dying`: the caller gives input i up, its memory may be written if nobody else has it.
 * *results gets a new reference per step that is_result, in order.
 * @return false: nothing was done and no error is set */
bool fused_run(op_run *run, const fused_group *g, const jit_value *inputs, uint32_t dying, jit_value *results);

#endif
