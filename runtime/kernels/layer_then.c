/* runtime/kernels/layer_then.c: see layer_then.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/layer_then.h"

#include "runtime/kernels/nn.h"
#include "runtime/kernels/pointwise.h"

#include <math.h>
#include <string.h>

enum { N_ARGS = 5 };

layer_then layer_then_read(const op_ctx *cx, const jit_value *args)
{
    const jit_value *own = args + cx->n_args - N_ARGS;
    return (layer_then){ .other = arg_tensor(own[0]), .other_dies = cx->dying >> (cx->n_args - N_ARGS) & 1,
                         .is_swapped = own[1].b, .is_in_place = own[2].b, .low = own[3], .high = own[4] };
}

static float number_or(jit_value v, float none)
{
    return v.tag == VALUE_INT ? (float)v.i : v.tag == VALUE_FLOAT ? (float)v.f : v.tag == VALUE_NONE ? none : NAN;
}

bool layer_then_fits(const layer_then *t, const int64_t *sizes, int n_dims, bool lies_alike, onednn_after *ret)
{
    *ret = (onednn_after){ .adds = t->other != NULL, .clamps = t->low.tag != VALUE_NONE || t->high.tag != VALUE_NONE };
    if (t->other && (!lies_alike || tensor_dtype(t->other) != DTYPE_float32 || t->other->n_dims != n_dims ||
                     memcmp(t->other->sizes, sizes, (size_t)n_dims * sizeof *sizes) != 0))
        return false;
    if (!ret->clamps) return true;
    ret->low = number_or(t->low, -INFINITY);
    ret->high = number_or(t->high, INFINITY);
    return ret->low <= ret->high; // neither is NaN
}

tensor *layer_then_target(op_ctx *cx, const layer_then *t, const tensor *x)
{
    return t->other_dies && t->other != x && pointwise_is_alone(t->other) ? tensor_ref(t->other) : tensor_clone(cx, t->other);
}

static tensor *add(chain *c, const layer_then *t, tensor *result)
{
    tensor *first = t->is_swapped ? t->other : result, *second = t->is_swapped ? result : t->other;
    return t->is_in_place ? STEP(c, aten_add__Tensor, TENSOR(first), TENSOR(second), VALUE_INT_V(1))
                          : STEP(c, aten_add_Tensor, TENSOR(first), TENSOR(second), VALUE_INT_V(1));
}

bool layer_then_give(op_ctx *cx, const layer_then *t, tensor *result, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    tensor *y = chain_hold(&c, result);
    if (y && !t->is_done && t->other) y = add(&c, t, y);
    if (y && !t->is_done && (t->low.tag != VALUE_NONE || t->high.tag != VALUE_NONE)) y = STEP(&c, aten_clamp, TENSOR(y), t->low, t->high);
    return chain_give(&c, y, rets);
}
