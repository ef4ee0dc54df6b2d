/* What the kernels of neural network layers share (nn.h). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nn.h"

#include "ir/type.h"

#include <string.h>

tensor *chain_hold(chain *c, tensor *take)
{
    if (take && c->n == CHAIN_MAX) {
        tensor_unref(take);
        take = NULL;
        OP_FAIL(c->cx, "too many intermediate tensors");
    }
    if (!take) {
        c->failed = true;
        return NULL;
    }
    return c->held[c->n++] = take;
}

tensor *chain_step(chain *c, op_id id, const jit_value *args)
{
    return c->failed ? NULL : chain_hold(c, compose(c->cx, id, args));
}

void chain_release(chain *c, int mark, tensor *const *keep, int n_keep)
{
    int n = mark;
    for (int i = mark; i < c->n; i++) {
        bool is_kept = false;
        for (int k = 0; k < n_keep; k++)
            is_kept |= keep[k] == c->held[i];
        if (is_kept)
            c->held[n++] = c->held[i];
        else
            tensor_unref(c->held[i]);
    }
    c->n = n;
}

bool chain_give(chain *c, tensor *t, jit_value *rets)
{
    const bool ok = !c->failed && t;
    if (ok)
        rets[0] = RET_TENSOR(tensor_ref(t));
    chain_release(c, 0, NULL, 0);
    return ok;
}

tensor *chain_sub(chain *c, tensor *a, tensor *b)
{
    return STEP(c, aten_sub_Tensor, TENSOR(a), TENSOR(b), VALUE_INT_V(1));
}

tensor *chain_add(chain *c, tensor *a, tensor *b)
{
    return STEP(c, aten_add_Tensor, TENSOR(a), TENSOR(b), VALUE_INT_V(1));
}

tensor *chain_mul(chain *c, tensor *a, tensor *b)
{
    return STEP(c, aten_mul_Tensor, TENSOR(a), TENSOR(b));
}

tensor *chain_scale(chain *c, tensor *a, double by)
{
    return STEP(c, aten_mul_Scalar, TENSOR(a), VALUE_FLOAT_V(by));
}

tensor *chain_shift(chain *c, tensor *a, double by)
{
    return STEP(c, aten_add_Scalar, TENSOR(a), VALUE_FLOAT_V(by), VALUE_INT_V(1));
}

tensor *chain_sum(chain *c, tensor *a, int64_t dim, bool keepdim)
{
    if (c->failed)
        return NULL;
    list *dims = list_new(T_INT, LIST_INTS, 1);
    if (!dims || !list_push(dims, VALUE_INT_V(dim))) {
        value_unref(VALUE_HEAP_V(VALUE_LIST, dims));
        c->failed = true;
        op_no_memory(c->cx);
        return NULL;
    }
    tensor *r = STEP(c, aten_sum_dim_IntList, TENSOR(a), VALUE_HEAP_V(VALUE_LIST, dims),
                     VALUE_BOOL_V(keepdim), VALUE_NONE_V);
    value_unref(VALUE_HEAP_V(VALUE_LIST, dims));
    return r;
}

tensor *chain_where(chain *c, tensor *mask, tensor *a, tensor *b)
{
    return STEP(c, aten_where_self, TENSOR(mask), TENSOR(a), TENSOR(b));
}

tensor *chain_reduce(chain *c, tensor *loss, int64_t reduction)
{
    if (reduction == 1)
        return STEP(c, aten_mean, TENSOR(loss), VALUE_NONE_V);
    if (reduction == 2)
        return STEP(c, aten_sum, TENSOR(loss), VALUE_NONE_V);
    return loss;
}

bool nn_check_real(op_ctx *cx, const tensor *t, const char *name)
{
    const dtype d = tensor_dtype(t);
    if (d != DTYPE_bool && !dtype_is_complex(d))
        return true;
    return OP_FAIL(cx, "\"%s\" not implemented for '%s'", name, dtype_prefix(d));
}

bool nn_check_float(op_ctx *cx, const tensor *t, const char *name)
{
    if (dtype_is_float(tensor_dtype(t)))
        return true;
    return OP_FAIL(cx, "\"%s\" not implemented for '%s'", name, dtype_prefix(tensor_dtype(t)));
}

bool nn_give(op_ctx *cx, tensor *take, dtype d, jit_value *rets)
{
    tensor *result = take ? tensor_to(cx, take, d) : NULL;
    tensor_unref(take);
    return give_tensor(result, rets);
}

tensor *nn_operand(op_ctx *cx, tensor *t, dtype compute, bool *ok)
{
    tensor *r = t && *ok ? tensor_contiguous_as(cx, t, compute) : NULL;
    if (t && !r)
        *ok = false;
    return r;
}

bool nn_read(op_ctx *cx, jit_value v, int n, int64_t filler, const int64_t *otherwise, int64_t *ret)
{
    int n_given = 0;
    const int64_t *given = arg_ints(v, &n_given);
    for (int i = 0; i < NN_DIMS - n; i++)
        ret[i] = filler;
    if (n_given == 0 && otherwise) {
        memcpy(ret + NN_DIMS - n, otherwise + NN_DIMS - n, (size_t)n * sizeof *ret);
        return true;
    }
    if (n_given != n && n_given != 1)
        return OP_FAIL(cx, "expected a single integer value or a list of %d values, but got %s", n,
                       sizes_print(given, n_given).s);
    for (int i = 0; i < n; i++) {
        const int64_t value = given[n_given == 1 ? 0 : i];
        if (value > INT32_MAX || value < -INT32_MAX)
            return OP_FAIL(cx, "integer out of range");
        ret[NN_DIMS - n + i] = value;
    }
    return true;
}
