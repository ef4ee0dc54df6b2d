/* runtime/kernels/nn.h: what the kernels of neural network layers share: chains of other operators'
 * kernels, the type a kernel computes in, lists of per-dimension parameters. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_NN_H
#define RUNTIME_KERNELS_NN_H

#include "runtime/kernels/compose.h"
#include "runtime/kernels/kernel.h"

/* ---- chains of kernels ----------------------------------------------------------------------- */
/* Intermediate tensors, released together. After a failure every step gives NULL and does nothing,
 * so a formula reads as one: `tensor *d = STEP(&c, aten_sub_Tensor, TENSOR(a), TENSOR(b),
 * VALUE_INT_V(1));` */
enum { CHAIN_MAX = 128 };
typedef struct chain {
    op_ctx *cx;
    bool failed;
    int n;
    tensor *held[CHAIN_MAX];
} chain;
#define CHAIN_INIT(cx_)                                                                            \
    {                                                                                              \
        .cx = (cx_)                                                                                \
    }
#define TENSOR(t)        VALUE_HEAP_V(VALUE_TENSOR, (t))
#define OPTIONAL(t)      ((t) ? TENSOR(t) : VALUE_NONE_V)
#define STEP(c, id, ...) chain_step((c), OP_##id, (jit_value[]){ __VA_ARGS__ })

/** Keeps `take` (NULL: the chain has failed) until the chain ends; returns it, borrowed. */
tensor *chain_hold(chain *c, tensor *take);
tensor *chain_step(chain *c, op_id id, const jit_value *args);
/** Releases what was held since the chain was `mark` long, except the given tensors. */
void chain_release(chain *c, int mark, tensor *const *keep, int n_keep);
/** Ends the chain: hands `t` out (a new reference) unless something failed. */
bool chain_give(chain *c, tensor *t, jit_value *rets);

/* The steps that most formulas need. */
tensor *chain_sub(chain *c, tensor *a, tensor *b);
tensor *chain_add(chain *c, tensor *a, tensor *b);
tensor *chain_mul(chain *c, tensor *a, tensor *b);
tensor *chain_scale(chain *c, tensor *a, double by);
tensor *chain_shift(chain *c, tensor *a, double by);
tensor *chain_sum(chain *c, tensor *a, int64_t dim, bool keepdim);
tensor *chain_where(chain *c, tensor *mask, tensor *a, tensor *b);
/** The reduction of a loss: 0 none, 1 mean, 2 sum. */
tensor *chain_reduce(chain *c, tensor *loss, int64_t reduction);

/* ---- types ----------------------------------------------------------------------------------- */
/** Kernels compute in float32 (also for the half types) or float64 (also for integers). */
static inline dtype nn_compute(dtype d)
{
    return d == DTYPE_float32 || d == DTYPE_float16 || d == DTYPE_bfloat16 ? DTYPE_float32
                                                                           : DTYPE_float64;
}
/** Fails with `"name" not implemented for 'Long'` unless t has a floating-point type. */
bool nn_check_float(op_ctx *cx, const tensor *t, const char *name);
bool nn_check_real(op_ctx *cx, const tensor *t, const char *name); /* integers pass too */
/** Hands out `take`, converted to d. */
bool nn_give(op_ctx *cx, tensor *take, dtype d, jit_value *rets);
/** t as contiguous elements of the compute type; *ok becomes false (reported) where that fails.
 * None stays NULL. */
tensor *nn_operand(op_ctx *cx, tensor *t, dtype compute, bool *ok);

/* ---- batch norm ------------------------------------------------------------------------------ */
/** Eval batch norm, x * scale + shift, from the arguments of aten::batch_norm: one element of the compute type for
 * each channel, [C, 1, …]. Of args[0] sizes and type are looked at. false: training, or wrong, which may be
 * reported. */
bool batch_norm_constants(op_ctx *cx, const jit_value *args, tensor **ret_scale, tensor **ret_shift);

/* ---- losses ---------------------------------------------------------------------------------- */
struct pw_call;
/** Is the loss of an element one pointwise row for some arguments of op, and nothing to be checked? */
bool loss_has_row(op_id op);
/** That row on its operands, and how the elements are reduced. false: op gives more than that with these arguments
 * (a weight, another term), or refuses them. */
bool loss_row(op_id op, const jit_value *args, struct pw_call *ret, jit_value *ret_reduction);

/* ---- per-dimension parameters ---------------------------------------------------------------- */
enum { NN_DIMS = 3, NN_GRAIN = 32768 }; /* grain: elements worth a thread */
/** `n` numbers, one for each spatial dimension, from a list of n or 1, into ret[3 - n ..]; the
 * leading ones are `filler`. The empty list and None give `otherwise` (NULL: an error, as is any
 * other length). */
bool nn_read(op_ctx *cx, jit_value v, int n, int64_t filler, const int64_t *otherwise,
             int64_t *ret);
/** Product of n sizes. */
static inline int64_t nn_product(const int64_t *sizes, int n)
{
    int64_t product = 1;
    for (int i = 0; i < n; i++)
        product *= sizes[i];
    return product;
}

#endif
