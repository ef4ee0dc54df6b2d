/* runtime/kernels/index.h: what the index kernels share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_INDEX_H
#define RUNTIME_KERNELS_INDEX_H

#include "runtime/kernels/compose.h"

/** How a written element combines with what is there. */
typedef enum combine {
    COMBINE_SET, COMBINE_ADD, COMBINE_MULTIPLY, COMBINE_MAX, COMBINE_MIN,
    COMBINE__COUNT
} combine;
/** n elements of type d at `to` (stride in bytes) combined with those at `from`. Only SET works in place for
 * overlapping memory. */
typedef void (*combine_fn)(int64_t n, char *to, int64_t to_stride, const char *from, int64_t from_stride);
combine_fn combine_find(combine how, dtype d);

/** Byte offsets of all elements of the dimensions [first, last) of t, row-major. mem_free. */
int64_t *dims_offsets(op_ctx *cx, const tensor *t, int first, int last, int64_t *ret_n);
/** [n, dims] int64: where t is not zero, row-major. */
tensor *nonzero_indices(op_ctx *cx, tensor *t);
/** The functional form of an in-place kernel: on a copy of args[0]. */
bool on_copy(op_ctx *cx, op_kernel in_place, const jit_value *args, int n_args, jit_value *rets);
/** The same, contiguous whatever the strides of args[0] are. */
bool on_contiguous_copy(op_ctx *cx, op_kernel in_place, const jit_value *args, int n_args, jit_value *rets);
/** The in-place kernel's result: args[0] itself, its version bumped. */
static inline bool give_self(const jit_value *args, jit_value *rets)
{
    tensor_bump_version(args[0].t);
    rets[0] = value_ref(args[0]);
    return true;
}

#endif
