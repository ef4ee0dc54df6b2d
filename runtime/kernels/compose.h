/* runtime/kernels/compose.h: kernels that are made of other kernels. The inner calls are no operator calls of the
 * program: nobody is told of them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_COMPOSE_H
#define RUNTIME_KERNELS_COMPOSE_H

#include "runtime/kernels/kernel.h"

/** The single tensor that operator `id` gives, or NULL (reported). */
static inline tensor *compose(op_ctx *cx, op_id id, const jit_value *args)
{
    const op_kernel kernel = op_kernel_find(id, DEVICE_CPU);
    op_ctx inner = { .run = cx->run, .op = id, .n_rets = 1 };
    jit_value result = VALUE_NONE_V;
    if (!kernel) op_fail(cx, JIT_EUNSUPPORTED, "%s is not implemented", op_name(id));
    return kernel && kernel(&inner, args, &result) ? result.t : NULL;
}
#define COMPOSE(cx, id, ...) compose((cx), OP_##id, (jit_value[]){ __VA_ARGS__ })

/** Hands out a result that may be NULL. */
static inline bool give_tensor(tensor *t, jit_value *rets)
{
    if (t) rets[0] = RET_TENSOR(t);
    return t != NULL;
}

static inline bool give_pair(tensor *a, tensor *b, jit_value *rets)
{
    if (a && b) {
        rets[0] = RET_TENSOR(a);
        rets[1] = RET_TENSOR(b);
        return true;
    }
    tensor_unref(a);
    tensor_unref(b);
    return false;
}

#endif
