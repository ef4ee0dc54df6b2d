/* The loss of connectionist temporal classification: minus the log of the probability that a sequence of frames
 * spells the targets, blanks and repetitions removed (at/native/LossCTC.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "runtime/kernels/formula.h"

#include <math.h>

typedef struct ctc {
    tensor *x, *targets;        /* [time, batch, label] logs of probabilities; [batch, length] or one line */
    const int64_t *n_frames, *n_targets;
    int64_t blank, longest;     /* longest: of the targets */
} ctc;

static double log_add(double a, double b)
{
    const double high = a > b ? a : b;
    return high == -INFINITY ? high : high + log1p(exp(-fabs(a - b)));
}

static double log_probability(const ctc *c, int64_t t, int64_t b, int64_t label)
{
    return tensor_get_double(c->x, (t * c->x->sizes[1] + b) * c->x->sizes[2] + label);
}

/* The k-th symbol of the targets with blanks between and around them; `first` is where line b begins. */
static int64_t symbol(const ctc *c, int64_t first, int64_t k)
{
    return k % 2 ? tensor_get_int(c->targets, first + k / 2) : c->blank;
}

/* Loss of line b; alpha: [frame, symbol], room for 2 * longest + 1 symbols in a row. */
static double line_loss(const ctc *c, int64_t b, int64_t first, double *alpha)
{
    const int64_t n = 2 * c->n_targets[b] + 1, row = 2 * c->longest + 1, frames = c->n_frames[b];
    if (frames == 0)
        return c->n_targets[b] == 0 ? 0 : INFINITY;
    for (int64_t k = 0; k < n; k++)
        alpha[k] = k < 2 ? log_probability(c, 0, b, symbol(c, first, k)) : -INFINITY;
    for (int64_t t = 1; t < frames; t++) {
        const double *before = alpha + (t - 1) * row;
        for (int64_t k = 0; k < n; k++) {
            const int64_t s = symbol(c, first, k);
            double sum = before[k];
            if (k > 0)
                sum = log_add(sum, before[k - 1]);
            if (k > 1 && symbol(c, first, k - 2) != s)
                sum = log_add(sum, before[k - 2]);
            alpha[t * row + k] = sum + log_probability(c, t, b, s);
        }
    }
    const double *last = alpha + (frames - 1) * row;
    return -(n > 1 ? log_add(last[n - 1], last[n - 2]) : last[n - 1]);
}

static bool check_lengths(op_ctx *cx, const ctc *c, int n_in, int n_out)
{
    const int64_t n_batch = c->x->sizes[1], n_time = c->x->sizes[0];
    int64_t total = 0;
    if (n_in != n_batch || n_out != n_batch)
        return OP_FAIL(cx, "%s must be of size batch_size", n_in != n_batch ? "input_lengths" : "target_lengths");
    for (int64_t b = 0; b < n_batch; b++) {
        if (c->n_frames[b] > n_time)
            return OP_FAIL(cx, "Expected input_lengths to have value at most %lld, but got value %lld (while checking arguments "
                           "for ctc_loss_cpu)", (long long)n_time, (long long)c->n_frames[b]);
        if (c->n_frames[b] < 0 || c->n_targets[b] < 0)
            return OP_FAIL(cx, "ctc_loss: lengths must not be negative");
        total += c->n_targets[b];
    }
    if (c->targets->n_dims == 1 ? total <= c->targets->numel : c->longest <= c->targets->sizes[1])
        return true;
    return OP_FAIL(cx, "Expected tensor to have size at least %lld at dimension 1, but got size %lld for argument #2 'targets' "
                   "(while checking arguments for ctc_loss_cpu)", (long long)(c->targets->n_dims == 1 ? total : c->longest),
                   (long long)c->targets->sizes[c->targets->n_dims - 1]);
}

static bool check_operands(op_ctx *cx, const ctc *c)
{
    const tensor *x = c->x, *targets = c->targets;
    const dtype d = tensor_dtype(x);
    if (d != DTYPE_float32 && d != DTYPE_float64)
        return OP_FAIL(cx, "\"ctc_loss_cpu\" not implemented for '%s'", dtype_prefix(d));
    if (x->n_dims != 3)
        return OP_FAIL(cx, "Expected 3-dimensional tensor, but got %d-dimensional tensor for argument #1 'log_probs' (while "
                       "checking arguments for ctc_loss_cpu)", x->n_dims);
    if (targets->n_dims < 1 || targets->n_dims > 2 || (targets->n_dims == 2 && targets->sizes[0] != x->sizes[1]))
        return OP_FAIL(cx, "Expected targets of one line, or of one line for each of the batch (while checking arguments for "
                       "ctc_loss_cpu)");
    if (c->blank < 0 || c->blank >= x->sizes[2])
        return OP_FAIL(cx, "blank must be in label range");
    for (int64_t i = 0; i < targets->numel; i++)
        if (tensor_get_int(targets, i) < 0 || tensor_get_int(targets, i) >= x->sizes[2])
            return OP_FAIL(cx, "ctc_loss: target %lld is no label", (long long)tensor_get_int(targets, i));
    return true;
}

/* One loss for each of the batch. */
static tensor *line_losses(formula *f, const ctc *c)
{
    const dtype d = tensor_dtype(c->x);
    const int64_t n_batch = c->x->sizes[1], row = 2 * c->longest + 1;
    tensor *out = formula_own(f, make_tensor(f->cx, d, &n_batch, 1));
    double *alpha = out && row <= INT64_MAX / 16 / (c->x->sizes[0] + 1)
                        ? mem_alloc((size_t)((c->x->sizes[0] + 1) * row) * sizeof *alpha) : NULL;
    if (!alpha) {
        f->failed = true;
        op_no_memory(f->cx);
        return NULL;
    }
    for (int64_t b = 0, first = 0; b < n_batch; first += c->n_targets[b++]) {
        const int64_t begin = c->targets->n_dims == 2 ? b * c->targets->sizes[1] : first;
        element_store_double(d, (char *)tensor_data(out) + (size_t)b * dtype_size(d), line_loss(c, b, begin, alpha));
    }
    mem_free(alpha);
    return out;
}

/* Lengths from an int[] or an integral tensor, as contiguous int64; NULL (reported) for anything else. */
static const int64_t *read_lengths(formula *f, jit_value v, const char *name, int *ret_n)
{
    static const int64_t none;
    if (v.tag != VALUE_TENSOR) {
        const int64_t *ints = arg_ints(v, ret_n);
        return ints ? ints : &none;
    }
    if (dtype_category_of(tensor_dtype(v.t)) != CATEGORY_I) {
        OP_FAIL(f->cx, "%s must be integral", name);
        return NULL;
    }
    tensor *t = formula_own(f, tensor_contiguous_as(f->cx, v.t, DTYPE_int64));
    *ret_n = t ? (int)t->numel : 0;
    return t ? tensor_data(t) : NULL;
}

static tensor *reduce_losses(formula *f, tensor *losses, const ctc *c, int64_t reduction)
{
    if (reduction == 2)
        return F_(f, aten_sum, T_V(losses), NONE_V);
    if (reduction != 1)
        return losses;
    const dtype d = tensor_dtype(losses);
    for (int64_t b = 0; b < losses->numel; b++) {
        char *p = (char *)tensor_data(losses) + (size_t)b * dtype_size(d);
        element_store_double(d, p, element_load_double(d, p) / (double)(c->n_targets[b] > 1 ? c->n_targets[b] : 1));
    }
    return F_(f, aten_mean, T_V(losses), NONE_V);
}

/* log_probs targets input_lengths target_lengths blank reduction zero_infinity */
bool op_ctc_loss(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    int n_in = 0, n_out = 0;
    ctc c = { .x = args[0].t, .targets = args[1].t, .blank = args[4].i };
    const bool is_line = c.x->n_dims == 2;
    if (is_line)
        c.x = F_(&f, aten_unsqueeze, T_V(c.x), INT_V(1));
    c.n_frames = read_lengths(&f, args[2], "input_lengths", &n_in);
    c.n_targets = c.n_frames ? read_lengths(&f, args[3], "target_lengths", &n_out) : NULL;
    c.targets = formula_own(&f, tensor_contiguous_as(cx, c.targets, DTYPE_int64));
    if (!c.n_targets || !c.x || !c.targets || !check_operands(cx, &c))
        return formula_drop(&f);
    for (int b = 0; b < n_out; b++)
        c.longest = c.n_targets[b] > c.longest ? c.n_targets[b] : c.longest;
    if (!check_lengths(cx, &c, n_in, n_out))
        return formula_drop(&f);
    tensor *losses = line_losses(&f, &c);
    for (int64_t b = 0; losses && arg_bool(args[6]) && b < losses->numel; b++)
        if (isinf(tensor_get_double(losses, b)))
            element_store_double(tensor_dtype(losses), (char *)tensor_data(losses) + (size_t)b * dtype_size(tensor_dtype(losses)), 0);
    if (!losses)
        return formula_drop(&f);
    tensor *result = reduce_losses(&f, losses, &c, args[5].i);
    if (is_line && args[5].i == 0)
        result = F_(&f, aten_squeeze_dim, T_V(result), INT_V(0));
    return formula_give(&f, result, rets);
}
