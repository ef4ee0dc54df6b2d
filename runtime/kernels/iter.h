/* runtime/kernels/iter.h: walking several tensors together: broadcast, any strides, outputs allocated.
 *
 *     iter it;
 *     iter_init(&it, cx);
 *     iter_add_output(&it, NULL, DTYPE_float32);     // or a tensor to write into
 *     iter_add_input(&it, a);
 *     iter_add_input(&it, b);
 *     if (!iter_build(&it)) return false;            // reported
 *     iter_run(&it, ITER_GRAIN, loop, &my_context);  // loop(ctx, n, data, strides): one run of elements
 *     rets[0] = RET_TENSOR(iter_take_output(&it, 0));
 *
 * The idea (PyTorch's TensorIterator): reorder the dimensions so that memory is walked forwards, merge those
 * that are one in all operands, and hand the kernel the innermost dimension as pointers and byte strides.
 * A fresh output gets the memory order of the inputs. After iter_build dimension 0 is the innermost. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_ITER_H
#define RUNTIME_KERNELS_ITER_H

#include "runtime/kernels/kernel.h"

enum { ITER_MAX_OPERANDS = 8, ITER_GRAIN = 32768 };

typedef struct iter_operand {
    tensor *t;               /* borrowed, except an output that iter_build made; NULL: a number, or not made yet */
    char *data;              /* first element */
    int8_t dtype;
    bool is_output, is_owned;
    int64_t strides[TENSOR_MAX_DIMS]; /* bytes, 0 where broadcast */
} iter_operand;

typedef struct iter {
    op_ctx *cx;
    int n_operands, n_dims;
    bool may_resize;         /* given outputs take the broadcast sizes (out=) instead of having to fit (in place) */
    bool allow_overlap;      /* skip the overlap checks: the caller knows better */
    int64_t numel;
    int64_t sizes[TENSOR_MAX_DIMS];
    iter_operand operands[ITER_MAX_OPERANDS];
} iter;

static inline void iter_init(iter *it, op_ctx *cx)
{
    it->cx = cx;
    it->n_operands = it->n_dims = 0;
    it->may_resize = it->allow_overlap = false;
}
/** Outputs come first. t NULL: iter_build allocates one of type d. */
void iter_add_output(iter *it, tensor *t, dtype d);
void iter_add_input(iter *it, tensor *t);
/** One element at p, the same at every index; p must stay valid while the iterator runs. */
void iter_add_number(iter *it, const void *p, dtype d);
/** Broadcast, check, allocate, reorder, merge. On failure nothing is left to release. */
bool iter_build(iter *it);
/** The k-th operand, an output made by iter_build, is yours; for a given output a new reference. */
tensor *iter_take_output(iter *it, int k);

/** The order in which the result of n inputs lies that broadcast to these sizes: order[k], the dimension k-th from the inside. */
void iter_order_dims(tensor *const *inputs, int n, const int64_t *sizes, int n_dims, int *order);
/** Strides, in elements, of a dense tensor that lies in such an order. */
void iter_ordered_strides(const int64_t *sizes, int n_dims, const int *order, int64_t *ret);

/** data[k] and strides[k] (bytes) of each operand for n elements; may run on several threads. */
typedef void (*iter_loop)(void *ctx, int64_t n, char *const *data, const int64_t *strides);
void iter_run(const iter *it, int64_t grain, iter_loop loop, void *ctx);
/** The elements [begin, end) in iteration order, on this thread. */
void iter_run_range(const iter *it, int64_t begin, int64_t end, iter_loop loop, void *ctx);

#endif
