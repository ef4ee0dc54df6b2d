/* Losses over classes: negative log likelihood, cross entropy, multi-class margins
 * (at/native/LossNLL.cpp, LossNLL2d.cpp, LossMultiMargin.cpp, LossMultiLabelMargin.cpp). Sums are
 * taken in double. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nn.h"
#include "runtime/kernels/views.h"

#include <math.h>
#include <string.h>

/* Logical operands: x [images, classes, points], target [images, points]. */
typedef struct class_call {
    tensor *x, *target, *weight;
    int64_t images, classes, points;
    int64_t reduction, ignored;
    const int64_t *out_sizes; /* of the unreduced result */
    int n_out;
} class_call;

static bool check_target_type(op_ctx *cx, const tensor *target)
{
    const dtype d = tensor_dtype(target);
    return d == DTYPE_int64 || d == DTYPE_uint8
           || OP_FAIL(cx, "expected scalar type Long but found %s", dtype_prefix(d));
}

static bool check_weight(op_ctx *cx, const tensor *w, int64_t classes)
{
    if (!w || (w->n_dims == 1 && w->numel == classes))
        return true;
    return OP_FAIL(cx,
                   "weight tensor should be defined either for all %lld classes or no classes but "
                   "got weight tensor of "
                   "shape: %s",
                   (long long)classes, sizes_print(w->sizes, w->n_dims).s);
}

/* x is contiguous, of its own type: one element of many is read. target and weight are contiguous int64 and float64; y float64
 * holds a loss per point, or one. */
static bool run_nll(op_ctx *cx, const class_call *n, const tensor *x, const tensor *target,
                    const tensor *weight, tensor *y)
{
    const dtype d = tensor_dtype(x);
    const int64_t bytes = (int64_t)dtype_size(d);
    const char *p = tensor_data(x);
    const double *w = weight ? tensor_data(weight) : NULL;
    const int64_t *t = tensor_data(target);
    double *out = tensor_data(y), sum = 0, total = 0;
    int64_t point = 0;
    for (int64_t i = 0; i < n->images * n->points; i++, point++) {
        const int64_t class = t[i];
        if (point == n->points) point = 0, p += n->classes * n->points * bytes; // the next image
        double loss = 0;
        if (class != n->ignored) {
            if (class < 0 || class >= n->classes)
                return OP_FAIL(cx, "Target %lld is out of bounds.", (long long)class);
            const double own = w ? w[class] : 1;
            loss = -own * element_load_double(d, p + (class * n->points + point) * bytes);
            sum += loss;
            total += own;
        }
        if (n->reduction == 0)
            out[i] = loss;
    }
    if (n->reduction == 1)
        out[0] = sum / total;
    if (n->reduction == 2)
        out[0] = sum;
    return true;
}

static bool nll(op_ctx *cx, const class_call *n, jit_value *rets)
{
    bool ok = check_target_type(cx, n->target) && check_weight(cx, n->weight, n->classes)
              && nn_check_float(cx, n->x, "nll_loss_out_frame");
    tensor *x = nn_operand(cx, n->x, tensor_dtype(n->x), &ok), *target = nn_operand(cx, n->target, DTYPE_int64, &ok);
    tensor *weight = nn_operand(cx, n->weight, DTYPE_float64, &ok);
    tensor *y =
        ok ? make_tensor(cx, DTYPE_float64, n->out_sizes, n->reduction == 0 ? n->n_out : 0) : NULL;
    ok = y && run_nll(cx, n, x, target, weight, y);
    tensor_unref(x);
    tensor_unref(target);
    tensor_unref(weight);
    if (ok)
        return nn_give(cx, y, tensor_dtype(n->x), rets);
    tensor_unref(y);
    return false;
}

static class_call read_nll(const jit_value *args)
{
    return (class_call){ .x = args[0].t,
                         .target = args[1].t,
                         .weight = arg_tensor(args[2]),
                         .reduction = args[3].i,
                         .ignored = args[4].i,
                         .points = 1 };
}

bool op_nll_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    class_call n = read_nll(args);
    const tensor *x = n.x, *target = n.target;
    if (x->n_dims < 1 || x->n_dims > 2)
        return OP_FAIL(cx, "input tensor should be 1D or 2D");
    if (target->n_dims > 1)
        return OP_FAIL(cx, "0D or 1D target tensor expected, multi-target not supported");
    const bool is_single = x->n_dims == 1 && target->n_dims == 0;
    if (!is_single && x->sizes[0] != target->numel)
        return OP_FAIL(cx, "size mismatch (got input: %s, target: %s)",
                       sizes_print(x->sizes, x->n_dims).s,
                       sizes_print(target->sizes, target->n_dims).s);
    n.images = x->n_dims == 1 ? 1 : x->sizes[0];
    n.classes = x->sizes[x->n_dims - 1];
    n.out_sizes = target->sizes;
    n.n_out = x->n_dims == 1 ? 0 : 1;
    return nll(cx, &n, rets);
}

/* Class dimension 1, any number of positions after it. */
static bool nll_points(op_ctx *cx, class_call *n, jit_value *rets)
{
    const tensor *x = n->x;
    n->images = x->sizes[0];
    n->classes = x->sizes[1];
    n->points = nn_product(x->sizes + 2, x->n_dims - 2);
    n->out_sizes = n->target->sizes;
    n->n_out = n->target->n_dims;
    return nll(cx, n, rets);
}

bool op_nll_loss2d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    class_call n = read_nll(args);
    const tensor *x = n.x, *target = n.target;
    if (target->n_dims != 3)
        return OP_FAIL(cx,
                       "only batches of spatial targets supported (3D tensors) but got targets of "
                       "dimension: %d",
                       target->n_dims);
    if (x->n_dims != 4)
        return OP_FAIL(
            cx,
            "only batches of spatial inputs supported (4D tensors), but got input of dimension: %d",
            x->n_dims);
    if (x->sizes[0] != target->sizes[0] || x->sizes[2] != target->sizes[1]
        || x->sizes[3] != target->sizes[2])
        return OP_FAIL(cx, "size mismatch (got input: %s , target: %s", sizes_print(x->sizes, 4).s,
                       sizes_print(target->sizes, 3).s);
    return nll_points(cx, &n, rets);
}

bool op_nll_loss_nd(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    class_call n = read_nll(args);
    const tensor *x = n.x, *target = n.target;
    if (x->n_dims < 1)
        return OP_FAIL(cx, "Expected 1 or more dimensions (got 0)");
    if (x->n_dims != 1 && (target->n_dims < 1 || x->sizes[0] != target->sizes[0]))
        return OP_FAIL(cx, "Expected input batch_size (%lld) to match target batch_size (%lld).",
                       (long long)x->sizes[0], target->n_dims ? (long long)target->sizes[0] : 0LL);
    if (x->n_dims <= 2)
        return op_nll_loss(cx, args, rets);
    if (x->n_dims == 4)
        return op_nll_loss2d(cx, args, rets);
    if (target->n_dims != x->n_dims - 1
        || memcmp(target->sizes + 1, x->sizes + 2, (size_t)(x->n_dims - 2) * sizeof *x->sizes)
               != 0) {
        int64_t wanted[TENSOR_MAX_DIMS] = { x->sizes[0] };
        memcpy(wanted + 1, x->sizes + 2, (size_t)(x->n_dims - 2) * sizeof *wanted);
        return OP_FAIL(cx, "Expected target size %s, got %s", sizes_print(wanted, x->n_dims - 1).s,
                       sizes_print(target->sizes, target->n_dims).s);
    }
    return nll_points(cx, &n, rets);
}

/* ---- cross entropy --------------------------------------------------------------------------- */
/* Weights [classes] shaped so that they meet the class dimension of x; NULL: none. */
static tensor *spread_weight(chain *c, const tensor *x, int class_dim, tensor *weight)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    for (int i = 0; i < x->n_dims; i++)
        sizes[i] = 1;
    sizes[class_dim] = weight->numel;
    return c->failed ? NULL : chain_hold(c, tensor_reshape(c->cx, weight, sizes, x->n_dims));
}

static bool cross_entropy_of_probabilities(op_ctx *cx, const jit_value *args, int class_dim,
                                           jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    tensor *x = args[0].t, *target = args[1].t, *weight = arg_tensor(args[2]);
    const double smoothing = arg_double(args[5]);
    const int64_t reduction = args[3].i, classes = x->sizes[class_dim];
    if (!dtype_is_float(tensor_dtype(target)))
        return OP_FAIL(cx,
                       "Expected floating point type for target with class probabilities, got %s",
                       dtype_prefix(tensor_dtype(target)));
    if (args[4].i >= 0)
        return OP_FAIL(cx, "ignore_index is not supported for floating point target");
    if (!check_weight(cx, weight, classes))
        return false;
    tensor *log_p = STEP(&c, aten_log_softmax_int, TENSOR(x), VALUE_INT_V(class_dim), VALUE_NONE_V);
    if (smoothing > 0)
        target =
            chain_shift(&c, chain_scale(&c, target, 1 - smoothing), smoothing / (double)classes);
    tensor *product = chain_mul(&c, log_p, target);
    if (weight)
        product = chain_mul(&c, product, spread_weight(&c, x, class_dim, weight));
    if (reduction == 0)
        return chain_give(&c, STEP(&c, aten_neg, TENSOR(chain_sum(&c, product, class_dim, false))),
                          rets);
    const double n = reduction == 1 && classes ? (double)(x->numel / classes) : 1;
    tensor *sum = STEP(&c, aten_sum, TENSOR(product), VALUE_NONE_V);
    return chain_give(
        &c, STEP(&c, aten_div_Scalar, TENSOR(STEP(&c, aten_neg, TENSOR(sum))), VALUE_FLOAT_V(n)),
        rets);
}

/* The part of the loss that label smoothing spreads over all classes. */
static tensor *smooth_part(chain *c, const jit_value *args, tensor *log_p, int class_dim)
{
    tensor *target = args[1].t, *weight = arg_tensor(args[2]);
    const int64_t reduction = args[3].i;
    tensor *weighted =
        weight ? chain_mul(c, log_p, spread_weight(c, args[0].t, class_dim, weight)) : log_p;
    tensor *loss = STEP(c, aten_neg, TENSOR(chain_sum(c, weighted, class_dim, false)));
    tensor *is_ignored = STEP(c, aten_eq_Scalar, TENSOR(target), args[4]);
    loss = STEP(c, aten_where_ScalarSelf, TENSOR(is_ignored), VALUE_INT_V(0), TENSOR(loss));
    if (reduction == 0)
        return loss;
    loss = STEP(c, aten_sum, TENSOR(loss), VALUE_NONE_V);
    if (reduction == 2)
        return loss;
    tensor *total;
    if (weight) {
        tensor *safe =
            STEP(c, aten_where_ScalarSelf, TENSOR(is_ignored), VALUE_INT_V(0), TENSOR(target));
        tensor *own = STEP(c, aten_take, TENSOR(weight), TENSOR(safe));
        own = STEP(c, aten_where_ScalarSelf, TENSOR(is_ignored), VALUE_INT_V(0), TENSOR(own));
        total = STEP(c, aten_sum, TENSOR(own), VALUE_NONE_V);
    } else {
        tensor *is_used = STEP(c, aten_logical_not, TENSOR(is_ignored));
        total = STEP(c, aten_sum, TENSOR(is_used), VALUE_NONE_V);
    }
    return STEP(c, aten_div_Tensor, TENSOR(loss), TENSOR(total));
}

bool op_cross_entropy_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    tensor *x = args[0].t, *target = args[1].t;
    const double smoothing = arg_double(args[5]);
    const int class_dim = x->n_dims == 1 ? 0 : 1;
    if (smoothing < 0 || smoothing > 1)
        return OP_FAIL(cx, "label_smoothing must be between 0.0 and 1.0. Got: %g", smoothing);
    if (x->n_dims > 0 && tensor_same_sizes(x, target))
        return cross_entropy_of_probabilities(cx, args, class_dim, rets);
    tensor *log_p = STEP(&c, aten_log_softmax_int, TENSOR(x), VALUE_INT_V(class_dim), VALUE_NONE_V);
    tensor *loss = STEP(&c, aten_nll_loss_nd, TENSOR(log_p), args[1], args[2], args[3], args[4]);
    if (smoothing > 0 && !c.failed) {
        const double share = smoothing / (double)x->sizes[class_dim];
        tensor *rest = chain_scale(&c, smooth_part(&c, args, log_p, class_dim), share);
        loss = chain_add(&c, chain_scale(&c, loss, 1 - smoothing), rest);
    }
    return chain_give(&c, loss, rets);
}

/* ---- margins --------------------------------------------------------------------------------- */
/* x [images, classes] or [classes], as both margin losses take it. */
static bool read_rows(op_ctx *cx, const tensor *x, int64_t *ret_images, int64_t *ret_classes)
{
    if (x->n_dims > 2 || (x->n_dims > 0 && x->sizes[x->n_dims - 1] == 0))
        return OP_FAIL(
            cx, "Expected non-empty vector or matrix with optional 0-dim batch size, but got: %s",
            sizes_print(x->sizes, x->n_dims).s);
    *ret_images = x->n_dims == 2 ? x->sizes[0] : 1;
    *ret_classes = x->n_dims ? x->sizes[x->n_dims - 1] : 1;
    return true;
}

/* Rows of losses, float64, reduced and given as type d. */
static bool give_rows(op_ctx *cx, tensor *rows, int64_t reduction, dtype d, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    rows = chain_reduce(&c, chain_hold(&c, rows), reduction);
    jit_value wide;
    if (!chain_give(&c, rows, &wide))
        return false;
    return nn_give(cx, wide.t, d, rets);
}

bool op_multi_margin_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int64_t images, classes;
    const double p = arg_double(args[2]), margin = arg_double(args[3]);
    const tensor *input = args[0].t, *labels = args[1].t, *weights = arg_tensor(args[4]);
    if (p != 1 && p != 2)
        return OP_FAIL(cx, "only p == 1 and p == 2 supported");
    if (!read_rows(cx, input, &images, &classes) || !nn_check_float(cx, input, "multi_margin_loss")
        || !check_target_type(cx, labels) || !check_weight(cx, weights, classes))
        return false;
    if (labels->n_dims > 1 || labels->numel != images)
        return OP_FAIL(cx, "inconsistent target size, got: %s",
                       sizes_print(labels->sizes, labels->n_dims).s);
    bool ok = true;
    tensor *x = nn_operand(cx, args[0].t, DTYPE_float64, &ok),
           *target = nn_operand(cx, args[1].t, DTYPE_int64, &ok);
    tensor *w = nn_operand(cx, arg_tensor(args[4]), DTYPE_float64, &ok);
    tensor *y =
        ok ? make_tensor(cx, DTYPE_float64, &images, labels->n_dims > 0)
           : NULL;
    for (int64_t i = 0; y && ok && i < images; i++) {
        const double *row = (const double *)tensor_data(x) + i * classes;
        const int64_t own = ((const int64_t *)tensor_data(target))[i];
        if (own < 0 || own >= classes) {
            ok = OP_FAIL(cx, "target out of range");
            break;
        }
        double sum = 0;
        for (int64_t k = 0; k < classes; k++) {
            const double z = margin - row[own] + row[k];
            if (k != own && z > 0)
                sum += (p == 1 ? z : z * z) * (w ? ((const double *)tensor_data(w))[own] : 1);
        }
        ((double *)tensor_data(y))[i] = sum / (double)classes;
    }
    tensor_unref(x);
    tensor_unref(target);
    tensor_unref(w);
    if (ok && y)
        return give_rows(cx, y, args[5].i, tensor_dtype(input), rets);
    tensor_unref(y);
    return false;
}

/* One row: the labels end at the first -1. *ret gets the loss. */
static bool multilabel_row(op_ctx *cx, const double *x, const int64_t *labels, int64_t classes,
                           double *ret)
{
    double sum = 0;
    for (int64_t j = 0; j < classes; j++)
        if (labels[j] < -1 || labels[j] >= classes)
            return OP_FAIL(cx, "argument #2 'target' is out of range");
    for (int64_t j = 0; j < classes && labels[j] >= 0; j++)
        for (int64_t k = 0; k < classes; k++) {
            bool is_label = false;
            for (int64_t i = 0; i < classes && labels[i] >= 0; i++)
                is_label |= labels[i] == k;
            const double z = 1 - x[labels[j]] + x[k];
            if (!is_label && z > 0)
                sum += z;
        }
    *ret = sum / (double)classes;
    return true;
}

bool op_multilabel_margin_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int64_t images, classes;
    const tensor *input = args[0].t, *labels = args[1].t;
    if (!read_rows(cx, input, &images, &classes)
        || !nn_check_float(cx, input, "multilabel_margin_loss_forward_out_frame"))
        return false;
    if (!tensor_same_sizes(input, labels))
        return OP_FAIL(cx, "inconsistent size %s for argument #2 'target'",
                       sizes_print(labels->sizes, labels->n_dims).s);
    if (tensor_dtype(labels) != DTYPE_int64)
        return OP_FAIL(cx, "expected scalar type Long but found %s",
                       dtype_prefix(tensor_dtype(labels)));
    bool ok = true;
    tensor *x = nn_operand(cx, args[0].t, DTYPE_float64, &ok),
           *target = nn_operand(cx, args[1].t, DTYPE_int64, &ok);
    tensor *y = ok ? make_tensor(cx, DTYPE_float64, &images, input->n_dims == 2) : NULL;
    for (int64_t i = 0; y && ok && i < images; i++)
        ok = multilabel_row(cx, (const double *)tensor_data(x) + i * classes,
                            (const int64_t *)tensor_data(target) + i * classes, classes,
                            (double *)tensor_data(y) + i);
    tensor_unref(x);
    tensor_unref(target);
    if (ok && y)
        return give_rows(cx, y, args[2].i, tensor_dtype(input), rets);
    tensor_unref(y);
    return false;
}
