/* Losses of elements (at/native/Loss.cpp): pointwise rows where they are one formula, chains of pointwise kernels elsewhere. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nn.h"
#include "runtime/kernels/pointwise.h"

#include <math.h>

#define INT(x)   VALUE_INT_V(x)
#define FLOAT(x) VALUE_FLOAT_V(x)

static bool finish(chain *c, tensor *loss, jit_value reduction, jit_value *rets)
{
    return chain_give(c, chain_reduce(c, loss, reduction.i), rets);
}

static tensor *clamp_below(chain *c, tensor *t, double least)
{
    return STEP(c, aten_clamp_min, TENSOR(t), FLOAT(least));
}

static tensor *equals(chain *c, tensor *t, int64_t x)
{
    return STEP(c, aten_eq_Scalar, TENSOR(t), INT(x));
}

static tensor *zeros_like(chain *c, tensor *t)
{
    return STEP(c, aten_zeros_like, TENSOR(t), VALUE_NONE_V, VALUE_NONE_V, VALUE_NONE_V,
                VALUE_NONE_V, VALUE_NONE_V);
}

/* The type both promote to must be a float. */
static bool check_pair(op_ctx *cx, const jit_value *args, const char *name)
{
    const dtype d = result_type(args, 2);
    return dtype_is_float(d) || dtype_is_complex(d)
           || OP_FAIL(cx, "\"%s\" not implemented for '%s'", name, dtype_prefix(d));
}

/* ---- losses that are one formula ------------------------------------------------------------- */
bool loss_has_row(op_id op)
{
    switch (op) {
    case OP_aten_l1_loss: case OP_aten_mse_loss: case OP_aten_smooth_l1_loss: case OP_aten_huber_loss:
    case OP_aten_binary_cross_entropy_with_logits: case OP_aten_kl_div: case OP_aten_soft_margin_loss:
    case OP_aten_poisson_nll_loss:
        return true;
    default:
        return false;
    }
}

/* Of the distance between element and target. */
static bool difference_row(op_id op, const jit_value *args, pw_call *ret)
{
    const double knee = op == OP_aten_smooth_l1_loss || op == OP_aten_huber_loss ? arg_double(args[3]) : 0;
    *ret = (pw_call){ .operands = { args[0], args[1], VALUE_FLOAT_V(knee) }, .common = DTYPE_NONE };
    switch (op) {
    case OP_aten_mse_loss:
        ret->row = PW_ROW_x_square_difference;
        return true;
    case OP_aten_huber_loss:
        ret->row = PW_ROW_x_huber;
        return knee > 0;
    default:
        ret->row = knee > 0 ? PW_ROW_x_smooth_l1 : PW_ROW_x_abs_difference;
        return knee >= 0 && dtype_is_float(result_type(args, 2));
    }
}

bool loss_row(op_id op, const jit_value *args, pw_call *ret, jit_value *ret_reduction)
{
    const jit_value x = args[0], target = args[1];
    *ret = (pw_call){ .operands = { target, x }, .common = DTYPE_NONE };
    *ret_reduction = args[2];
    switch (op) {
    case OP_aten_l1_loss: case OP_aten_mse_loss: case OP_aten_smooth_l1_loss: case OP_aten_huber_loss:
        return difference_row(op, args, ret);
    case OP_aten_binary_cross_entropy_with_logits: // a weight is multiplied with what this gives
        ret->row = PW_ROW_x_bce_with_logits;
        *ret_reduction = args[4];
        if (arg_tensor(args[3])) {
            ret->row = PW_ROW_x_weigh_bce_with_logits;
            ret->operands[0] = args[3], ret->operands[1] = target, ret->operands[2] = x;
        }
        return !arg_tensor(args[2]);
    case OP_aten_kl_div:
        ret->row = arg_bool(args[3]) ? PW_ROW_x_kl_div_of_log : PW_ROW_x_kl_div;
        return true;
    case OP_aten_soft_margin_loss:
        ret->row = PW_ROW_x_soft_margin;
        return true;
    case OP_aten_poisson_nll_loss: // a term of the target alone is added to it
        ret->row = arg_bool(args[2]) ? PW_ROW_x_poisson_of_log : PW_ROW_x_poisson;
        ret->operands[2] = args[4];
        *ret_reduction = args[5];
        return !arg_bool(args[3]);
    default:
        return false;
    }
}

/* The loss of each element. */
static tensor *run_row(chain *c, const pw_call *call)
{
    tensor *loss = NULL;
    return chain_hold(c, pointwise_run(c->cx, call, &loss) ? loss : NULL);
}

static bool run_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    pw_call call;
    jit_value reduction;
    (void)loss_row(cx->op, args, &call, &reduction);
    return finish(&c, run_row(&c, &call), reduction, rets);
}

bool op_l1_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (dtype_is_float(result_type(args, 2)))
        return run_loss(cx, args, rets);
    chain c = CHAIN_INIT(cx);
    return finish(&c, STEP(&c, aten_abs, TENSOR(chain_sub(&c, args[0].t, args[1].t))), args[2], rets);
}

bool op_mse_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_pair(cx, args, "mse_cpu") && run_loss(cx, args, rets);
}

bool op_smooth_l1_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const double beta = arg_double(args[3]);
    if (beta < 0)
        return OP_FAIL(cx, "smooth_l1_loss does not support negative values for beta.");
    if (beta == 0)
        return op_l1_loss(cx, args, rets);
    return check_pair(cx, args, "smooth_l1_cpu") && run_loss(cx, args, rets);
}

bool op_huber_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!(arg_double(args[3]) > 0))
        return OP_FAIL(cx, "huber_loss does not support non-positive values for delta.");
    return check_pair(cx, args, "huber_cpu") && run_loss(cx, args, rets);
}

bool op_kl_div(op_ctx *cx, const jit_value *args, jit_value *rets) { return run_loss(cx, args, rets); }
bool op_soft_margin_loss(op_ctx *cx, const jit_value *args, jit_value *rets) { return run_loss(cx, args, rets); }

/* ---- and those that add to it, multiply it or look at their operands --------------------------- */
bool op_poisson_nll_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    pw_call call;
    jit_value reduction;
    const bool is_whole = loss_row(cx->op, args, &call, &reduction);
    tensor *target = args[1].t, *loss = run_row(&c, &call);
    if (!is_whole) { // Stirling's approximation of log(target!)
        tensor *body = chain_sub(&c, chain_mul(&c, target, STEP(&c, aten_log, TENSOR(target))), target);
        tensor *tail = chain_scale(&c, STEP(&c, aten_log, TENSOR(chain_scale(&c, target, 2 * M_PI))), 0.5);
        tensor *full = chain_add(&c, body, tail);
        tensor *is_small = STEP(&c, aten_le_Scalar, TENSOR(target), INT(1));
        loss = chain_add(&c, loss, STEP(&c, aten_where_ScalarSelf, TENSOR(is_small), INT(0), TENSOR(full)));
    }
    return finish(&c, loss, reduction, rets);
}

static bool check_probabilities(op_ctx *cx, tensor *t)
{
    tensor *x = tensor_contiguous_as(cx, t, DTYPE_float64);
    bool ok = x != NULL;
    for (int64_t i = 0; ok && i < x->numel; i++) {
        const double p = ((const double *)tensor_data(x))[i];
        ok = (p >= 0 && p <= 1) || OP_FAIL(cx, "all elements of input should be between 0 and 1");
    }
    tensor_unref(x);
    return ok;
}

bool op_binary_cross_entropy(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    tensor *x = args[0].t, *target = args[1].t, *weight = arg_tensor(args[2]);
    if (!dtype_is_float(tensor_dtype(x)))
        return OP_FAIL(cx, "\"binary_cross_entropy\" not implemented for '%s'", dtype_prefix(tensor_dtype(x)));
    if (target->dtype != x->dtype)
        return OP_FAIL(cx, "Found dtype %s but expected %s", dtype_prefix(tensor_dtype(target)), dtype_prefix(tensor_dtype(x)));
    if (!check_probabilities(cx, x))
        return false;
    const pw_call call = { .row = PW_ROW_x_binary_cross_entropy, .operands = { args[0], args[1] }, .common = DTYPE_NONE };
    tensor *loss = run_row(&c, &call);
    return finish(&c, weight ? chain_mul(&c, loss, weight) : loss, args[3], rets);
}

bool op_binary_cross_entropy_with_logits(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    pw_call call;
    jit_value reduction;
    tensor *weight = arg_tensor(args[2]);
    (void)loss_row(cx->op, args, &call, &reduction);
    tensor *loss = run_row(&c, &call);
    return finish(&c, weight ? chain_mul(&c, loss, weight) : loss, reduction, rets);
}

/* ---- margins --------------------------------------------------------------------------------- */
bool op_margin_ranking_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    tensor *difference = chain_sub(&c, args[0].t, args[1].t);
    tensor *loss = chain_mul(&c, STEP(&c, aten_neg, TENSOR(args[2].t)), difference);
    return finish(&c, clamp_below(&c, chain_shift(&c, loss, arg_double(args[3])), 0), args[4],
                  rets);
}

/* `same` where the target is not -1, plus `different` where it is not 1, zero elsewhere. */
static tensor *pick_by_sign(chain *c, tensor *target, tensor *same, tensor *different)
{
    tensor *zero = zeros_like(c, same);
    return chain_add(c, chain_where(c, equals(c, target, -1), zero, same),
                     chain_where(c, equals(c, target, 1), zero, different));
}

bool op_hinge_embedding_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    tensor *x = args[0].t;
    tensor *margin =
        clamp_below(&c, chain_shift(&c, STEP(&c, aten_neg, TENSOR(x)), arg_double(args[2])), 0);
    return finish(&c, pick_by_sign(&c, args[1].t, x, margin), args[3], rets);
}

static bool check_cosine_target(op_ctx *cx, const tensor *a, const tensor *b, const tensor *target)
{
    const int n = target->n_dims;
    if (n > 1)
        return OP_FAIL(cx, "0D or 1D target tensor expected, multi-target not supported");
    if (a->n_dims == n + 1 && b->n_dims == n + 1)
        return true;
    return OP_FAIL(
        cx, "%dD target tensor expects %dD input tensors, but found inputs with sizes %s and %s.",
        n, n + 1, sizes_print(a->sizes, a->n_dims).s, sizes_print(b->sizes, b->n_dims).s);
}

bool op_cosine_embedding_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    enum { LAST = -1 };
    const double tiny = 1e-12;
    chain c = CHAIN_INIT(cx);
    tensor *a = args[0].t, *b = args[1].t, *target = args[2].t;
    if (!check_cosine_target(cx, a, b, target))
        return false;
    tensor *product = chain_sum(&c, chain_mul(&c, a, b), LAST, false);
    tensor *a_square = chain_shift(&c, chain_sum(&c, chain_mul(&c, a, a), LAST, false), tiny);
    tensor *b_square = chain_shift(&c, chain_sum(&c, chain_mul(&c, b, b), LAST, false), tiny);
    tensor *length = STEP(&c, aten_sqrt, TENSOR(chain_mul(&c, a_square, b_square)));
    tensor *cosine = STEP(&c, aten_div_Tensor, TENSOR(product), TENSOR(length));
    tensor *same = chain_shift(&c, STEP(&c, aten_neg, TENSOR(cosine)), 1);
    tensor *different = clamp_below(&c, chain_shift(&c, cosine, -arg_double(args[3])), 0);
    tensor *zero = zeros_like(&c, cosine);
    tensor *loss = chain_add(&c, chain_where(&c, equals(&c, target, 1), same, zero),
                             chain_where(&c, equals(&c, target, -1), different, zero));
    return finish(&c, loss, args[4], rets);
}

static tensor *distance(chain *c, tensor *a, tensor *b, const jit_value *p_and_eps)
{
    return STEP(c, aten_pairwise_distance, TENSOR(a), TENSOR(b), p_and_eps[0], p_and_eps[1],
                VALUE_BOOL_V(false));
}

bool op_triplet_margin_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    tensor *anchor = args[0].t, *positive = args[1].t, *negative = args[2].t;
    if (anchor->n_dims != positive->n_dims || anchor->n_dims != negative->n_dims)
        return OP_FAIL(cx, "All inputs should have same dimension but got %dD, %dD and %dD inputs.",
                       anchor->n_dims, positive->n_dims, negative->n_dims);
    tensor *near = distance(&c, anchor, positive, args + 4),
           *far = distance(&c, anchor, negative, args + 4);
    if (arg_bool(args[6]))
        far =
            STEP(&c, aten_minimum, TENSOR(far), TENSOR(distance(&c, positive, negative, args + 4)));
    tensor *loss =
        clamp_below(&c, chain_shift(&c, chain_sub(&c, near, far), arg_double(args[3])), 0);
    return finish(&c, loss, args[7], rets);
}
