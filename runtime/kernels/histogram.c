/* Histograms over any number of dimensions (at/native/Histogram.cpp). Bins hold their left edge, the last one both;
 * elements outside count nowhere, NaN in the last bin. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/formula.h"
#include "runtime/kernels/nn.h"

#include "ir/type.h"

#include <math.h>

enum { HISTOGRAM_DIMS = TENSOR_MAX_DIMS };

typedef struct histogram {
    int n;                              /* dimensions */
    tensor *points;                     /* [samples, n], float64, contiguous */
    tensor *edges[HISTOGRAM_DIMS];      /* as given out, of the input's type */
    tensor *wide[HISTOGRAM_DIMS];       /* the same in float64 */
} histogram;

static bool check_histogram(op_ctx *cx, const tensor *t, const tensor *weight)
{
    if (!nn_check_float(cx, t, "histogramdd")) return false;
    if (t->n_dims < 2) return OP_FAIL(cx, "torch.histogramdd: input tensor should have at least 2 dimensions, but got %d", t->n_dims);
    if (!weight) return true;
    if (weight->dtype != t->dtype)
        return OP_FAIL(cx, "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same "
                           "dtype, but got input %s, and weight %s", dtype_prefix(tensor_dtype(t)), dtype_prefix(tensor_dtype(weight)));
    bool fits = weight->n_dims == t->n_dims - 1;
    for (int i = 0; fits && i < weight->n_dims; i++) fits = weight->sizes[i] == t->sizes[i];
    return fits || OP_FAIL(cx, "torch.histogramdd: if weight tensor is provided it should have the same shape as the input "
                               "tensor excluding its innermost dimension, but got input with shape %s and weight with shape %s",
                           sizes_print(t->sizes, t->n_dims).s, sizes_print(weight->sizes, weight->n_dims).s);
}

static bool take_points(formula *f, histogram *h, tensor *t)
{
    const int64_t n = t->sizes[t->n_dims - 1], n_samples = n ? t->numel / n : 0;
    if (n > HISTOGRAM_DIMS || n < 1) return OP_FAIL(f->cx, "torch.histogramdd: too many dimensions");
    h->n = (int)n;
    tensor *flat = F_(f, aten_reshape, T_V(t), F_INTS(f, n_samples, n));
    h->points = flat ? formula_own(f, tensor_contiguous_as(f->cx, flat, DTYPE_float64)) : NULL;
    return h->points != NULL;
}

/* The range of dimension k: as given, else the extent of the points, else 0 to 1. */
static bool outer_edges(op_ctx *cx, const histogram *h, jit_value limits, int k, double *ret_low, double *ret_high)
{
    double low = 0, high = 1;
    if (limits.tag == VALUE_LIST) {
        if (limits.list->n != (size_t)(2 * h->n))
            return OP_FAIL(cx, "torch.histogramdd: for a %d-dimensional histogram range should have %d elements, but got %zu", h->n,
                           2 * h->n, limits.list->n);
        low = list_peek(limits.list, (size_t)(2 * k)).f;
        high = list_peek(limits.list, (size_t)(2 * k + 1)).f;
    } else if (h->points->sizes[0]) {
        const double *x = tensor_data(h->points);
        low = high = x[k];
        for (int64_t i = 0; i < h->points->sizes[0]; i++) {
            const double v = x[i * h->n + k];
            low = v < low || isnan(v) ? v : low;
            high = v > high || isnan(v) ? v : high;
        }
    }
    if (!isfinite(low) || !isfinite(high)) return OP_FAIL(cx, "torch.histogramdd: dimension %d's range [%g, %g] is not finite", k, low, high);
    if (low > high) return OP_FAIL(cx, "torch.histogramdd: min should not exceed max, but got min %g max %g for dimension %d", low, high, k);
    *ret_low = low == high ? low - 0.5 : low;
    *ret_high = low == high ? high + 0.5 : high;
    return true;
}

static bool edges_by_count(formula *f, histogram *h, dtype d, const int64_t *counts, int n_counts, jit_value limits)
{
    if (n_counts != 1 && n_counts < h->n)
        return OP_FAIL(f->cx, "torch.histogramdd: expected %d sequences of bin edges for a %d-dimensional histogram but got %d", h->n,
                       h->n, n_counts);
    for (int k = 0; k < h->n; k++) {
        const int64_t n = counts[n_counts == 1 ? 0 : k];
        double low, high;
        if (n <= 0) return OP_FAIL(f->cx, "torch.histogram(): bins must be > 0, but got %lld for dimension %d", (long long)n, k);
        if (n > INT32_MAX) return OP_FAIL(f->cx, "torch.histogramdd(): too many bins");
        if (!outer_edges(f->cx, h, limits, k, &low, &high)) return false;
        h->edges[k] = F_(f, aten_linspace, FLOAT_V(low), FLOAT_V(high), INT_V(n + 1), INT_V(d), NONE_V, NONE_V, NONE_V);
    }
    return !f->failed;
}

static bool edges_given(formula *f, histogram *h, dtype d, const jit_value *edges, size_t n)
{
    if (n != (size_t)h->n)
        return OP_FAIL(f->cx, "torch.histogramdd: expected %d sequences of bin edges for a %d-dimensional histogram but got %zu", h->n,
                       h->n, n);
    for (int k = 0; k < h->n; k++) {
        const tensor *t = edges[k].t;
        if (tensor_dtype(t) != d)
            return OP_FAIL(f->cx, "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with "
                                  "dtype %s and bins for dimension %d with dtype %s", dtype_prefix(d), k, dtype_prefix(tensor_dtype(t)));
        if (t->n_dims != 1)
            return OP_FAIL(f->cx, "torch.histogramdd: bins tensor should have one dimension, but got %d dimensions in the bins tensor "
                                  "for dimension %d", t->n_dims, k);
        if (t->numel == 0)
            return OP_FAIL(f->cx, "torch.histogramdd: bins tensor should have at least 1 element, but got 0 elements in the bins "
                                  "tensor for dimension %d", k);
        h->edges[k] = formula_own(f, tensor_clone(f->cx, edges[k].t));
    }
    return !f->failed;
}

/* The bin of x among n + 1 edges, -1 outside. */
static int64_t find_bin(const double *edges, int64_t n, double x)
{
    if (x < edges[0] || x > edges[n]) return -1;
    int64_t left = 0, right = n; // the last edge that is not above x
    while (right - left > 1) {
        const int64_t middle = left + (right - left) / 2;
        if (!(edges[middle] > x)) left = middle;
        else right = middle;
    }
    return left;
}

static void count_points(const histogram *h, const int64_t *sizes, const double *weights, double *counts)
{
    const double *x = tensor_data(h->points);
    for (int64_t i = 0; i < h->points->sizes[0]; i++, x += h->n) {
        int64_t at = 0, bin = 0;
        for (int k = 0; k < h->n && bin >= 0; k++) {
            bin = sizes[k] ? find_bin(tensor_data(h->wide[k]), sizes[k], x[k]) : -1;
            at = at * sizes[k] + bin;
        }
        if (bin >= 0) counts[at] += weights ? weights[i] : 1;
    }
}

/* Divided by the total and by the widths of the bins. */
static tensor *as_density(formula *f, const histogram *h, tensor *counts)
{
    counts = F_(f, aten_div_Tensor, T_V(counts), T_V(F_(f, aten_sum, T_V(counts), NONE_V)));
    for (int k = 0; k < h->n; k++) {
        tensor *widths = F_(f, aten_diff, T_V(h->wide[k]), INT_V(1), INT_V(-1), NONE_V, NONE_V);
        int64_t sizes[HISTOGRAM_DIMS];
        for (int i = 0; i < h->n; i++) sizes[i] = i == k ? -1 : 1;
        widths = F_(f, aten_reshape, T_V(widths), formula_ints(f, sizes, (size_t)h->n));
        counts = F_(f, aten_div_Tensor, T_V(counts), T_V(widths));
    }
    return counts;
}

static tensor *fill_bins(formula *f, histogram *h, tensor *weight, bool density, dtype d)
{
    int64_t sizes[HISTOGRAM_DIMS];
    for (int k = 0; k < h->n; k++) {
        h->wide[k] = h->edges[k] ? formula_own(f, tensor_contiguous_as(f->cx, h->edges[k], DTYPE_float64)) : NULL;
        if (f->failed) return NULL;
        sizes[k] = h->edges[k]->numel - 1;
    }
    tensor *weights = weight ? formula_own(f, tensor_contiguous_as(f->cx, weight, DTYPE_float64)) : NULL;
    tensor *counts = formula_own(f, make_tensor(f->cx, DTYPE_float64, sizes, h->n));
    if (f->failed || !tensor_fill(f->cx, counts, VALUE_INT_V(0))) return NULL;
    count_points(h, sizes, weights ? tensor_data(weights) : NULL, tensor_data(counts));
    if (density) counts = as_density(f, h, counts);
    return counts ? formula_own(f, tensor_to(f->cx, counts, d)) : NULL;
}

/* The histogram and the list of edges, or one of them. */
static bool give_histogram(formula *f, const histogram *h, tensor *counts, bool with_counts, bool with_edges, jit_value *rets)
{
    if (!counts || f->failed) return formula_drop(f);
    list *edges = with_edges ? list_new(T_TENSOR, LIST_VALUES, (size_t)h->n) : NULL;
    if (with_edges && !edges) {
        op_no_memory(f->cx);
        return formula_drop(f);
    }
    for (int k = 0; with_edges && k < h->n; k++) {
        if (list_push(edges, T_V(tensor_ref(h->edges[k])))) continue;
        value_unref(VALUE_HEAP_V(VALUE_LIST, edges));
        op_no_memory(f->cx);
        return formula_drop(f);
    }
    if (!with_counts) {
        formula_drop(f);
    } else if (!formula_give(f, counts, rets)) {
        if (edges) value_unref(VALUE_HEAP_V(VALUE_LIST, edges));
        return false;
    }
    if (with_edges) rets[with_counts ? 1 : 0] = VALUE_HEAP_V(VALUE_LIST, edges);
    return true;
}

/* args: self bins range? weight? density, bins a list of counts or a count */
static bool run_by_count(op_ctx *cx, const jit_value *args, bool with_counts, bool with_edges, jit_value *rets)
{
    formula f = { .cx = cx };
    histogram h = { 0 };
    tensor *t = args[0].t, *weight = arg_tensor(args[3]);
    const int64_t *counts = &args[1].i;
    int n_counts = 1;
    if (args[1].tag == VALUE_LIST) counts = arg_ints(args[1], &n_counts);
    if (!check_histogram(cx, t, weight)) return false;
    const dtype d = tensor_dtype(t);
    tensor *filled = take_points(&f, &h, t) && edges_by_count(&f, &h, d, counts, n_counts, args[2])
                         ? fill_bins(&f, &h, weight, arg_bool(args[4]), d) : NULL;
    return give_histogram(&f, &h, filled, with_counts, with_edges, rets);
}

bool op_histogramdd(op_ctx *cx, const jit_value *args, jit_value *rets) { return run_by_count(cx, args, true, true, rets); }
bool op_histogramdd_counts(op_ctx *cx, const jit_value *args, jit_value *rets) { return run_by_count(cx, args, true, false, rets); }
bool op_histogramdd_edges(op_ctx *cx, const jit_value *args, jit_value *rets) { return run_by_count(cx, args, false, true, rets); }

static bool run_by_edges(op_ctx *cx, tensor *t, const list *bins, tensor *weight, bool density, bool with_edges, jit_value *rets)
{
    formula f = { .cx = cx };
    histogram h = { 0 };
    if (!check_histogram(cx, t, weight)) return false;
    const dtype d = tensor_dtype(t);
    tensor *filled = take_points(&f, &h, t) && edges_given(&f, &h, d, bins->values, bins->n) ? fill_bins(&f, &h, weight, density, d) : NULL;
    return give_histogram(&f, &h, filled, true, with_edges, rets);
}

/* self bins range? weight? density */
bool op_histogramdd_given(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return run_by_edges(cx, args[0].t, args[1].list, arg_tensor(args[3]), arg_bool(args[4]), true, rets);
}

/* self bins weight? density */
bool op_histogramdd_given_counts(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return run_by_edges(cx, args[0].t, args[1].list, arg_tensor(args[2]), arg_bool(args[3]), false, rets);
}

/* ---- one dimension ----------------------------------------------------------------------------- */

static bool give_line(formula *f, histogram *h, tensor *t, tensor *weight, bool density, bool ok, jit_value *rets)
{
    weight = ok && weight ? F_(f, aten_reshape, T_V(weight), F_INTS(f, -1)) : NULL;
    tensor *counts = ok && !f->failed ? fill_bins(f, h, weight, density, tensor_dtype(t)) : NULL;
    return counts ? formula_give_n(f, (tensor *[]){ counts, h->edges[0] }, 2, rets) : formula_drop(f);
}

static tensor *as_column(formula *f, tensor *t, tensor *weight)
{
    if (weight && (!tensor_same_sizes(weight, t) || weight->dtype != t->dtype)) {
        OP_FAIL(f->cx, "torch.histogram: if weight tensor is provided it should have the same shape and dtype as the input tensor");
        return NULL;
    }
    return nn_check_float(f->cx, t, "histogramdd") ? F_(f, aten_reshape, T_V(t), F_INTS(f, -1, 1)) : NULL;
}

/* self bins range? weight? density */
bool op_histogram_count(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    histogram h = { 0 };
    tensor *column = as_column(&f, args[0].t, arg_tensor(args[3]));
    const bool ok = column && take_points(&f, &h, column) &&
                    edges_by_count(&f, &h, tensor_dtype(column), &args[1].i, 1, args[2]);
    return give_line(&f, &h, args[0].t, arg_tensor(args[3]), arg_bool(args[4]), ok, rets);
}

/* self bins weight? density */
bool op_histogram_given(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    histogram h = { 0 };
    tensor *column = as_column(&f, args[0].t, arg_tensor(args[2]));
    const bool ok = column && take_points(&f, &h, column) && edges_given(&f, &h, tensor_dtype(column), args + 1, 1);
    return give_line(&f, &h, args[0].t, arg_tensor(args[2]), arg_bool(args[3]), ok, rets);
}
