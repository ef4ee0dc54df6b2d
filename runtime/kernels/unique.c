/* Distinct elements and membership (at/native/Unique.cpp, TensorCompare.cpp), by sorting keys; slices along a dimension
 * are compared element by element. Also histograms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/keys.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* A numbering of n items into groups. */
typedef struct grouping {
    int64_t n, n_groups;
    int64_t *order;      /* items in the order of their groups */
    int64_t *starts;     /* n_groups + 1 borders in `order` */
} grouping;

static bool grouping_init(op_ctx *cx, grouping *g, int64_t n)
{
    g->n = n;
    g->n_groups = 0;
    g->order = mem_alloc((size_t)(2 * n + 1) * sizeof *g->order);
    g->starts = g->order ? g->order + n : NULL;
    return g->order || op_no_memory(cx);
}

/* Group equal neighbours of g->order. */
static void grouping_close(grouping *g, bool (*same)(const void *ctx, int64_t a, int64_t b), const void *ctx)
{
    for (int64_t i = 0; i < g->n; i++)
        if (i == 0 || !same(ctx, g->order[i - 1], g->order[i])) g->starts[g->n_groups++] = i;
    g->starts[g->n_groups] = g->n;
}

static tensor *give_inverse(op_ctx *cx, const grouping *g, bool wanted, const int64_t *sizes, int n_dims)
{
    const int64_t none = 0;
    tensor *t = wanted ? make_tensor(cx, DTYPE_int64, sizes, n_dims) : make_tensor(cx, DTYPE_int64, &none, 1);
    for (int64_t k = 0; t && wanted && k < g->n_groups; k++)
        for (int64_t i = g->starts[k]; i < g->starts[k + 1]; i++) ((int64_t *)tensor_data(t))[g->order[i]] = k;
    return t;
}

static tensor *give_counts(op_ctx *cx, const grouping *g, bool wanted)
{
    const int64_t n = wanted ? g->n_groups : 0;
    tensor *t = make_tensor(cx, DTYPE_int64, &n, 1);
    for (int64_t k = 0; t && k < n; k++) ((int64_t *)tensor_data(t))[k] = g->starts[k + 1] - g->starts[k];
    return t;
}

typedef struct unique_call {
    tensor *t;
    bool is_sorted, wants_inverse, wants_counts;
    int n_results;
} unique_call;

static bool give_results(tensor *values, tensor *inverse, tensor *counts, int n, jit_value *rets)
{
    if (values && inverse && counts) {
        rets[0] = RET_TENSOR(values);
        rets[1] = RET_TENSOR(inverse);
        if (n > 2) rets[2] = RET_TENSOR(counts);
        else tensor_unref(counts);
        return true;
    }
    tensor_unref(values);
    tensor_unref(inverse);
    tensor_unref(counts);
    return false;
}

/* ---- over elements ---------------------------------------------------------------------------------- */
typedef struct key_set {
    const int64_t *keys;
    bool is_float;
} key_set;

static bool same_key(const void *ctx, int64_t a, int64_t b)
{
    const key_set *s = ctx;
    return s->keys[a] == s->keys[b] && !(s->is_float && s->keys[a] == KEY_NAN);
}

static bool group_elements(op_ctx *cx, grouping *g, const tensor *flat, bool is_sorted)
{
    const int64_t n = flat->numel;
    const dtype d = tensor_dtype(flat);
    int64_t *keys = mem_alloc((size_t)n * sizeof *keys + 1);
    key_index *work = is_sorted ? mem_alloc((size_t)n * 2 * sizeof *work + 1) : NULL;
    const bool ok = (keys && (work || !is_sorted)) || op_no_memory(cx);
    if (ok) {
        keys_load(d, n, tensor_data(flat), (int64_t)dtype_size(d), KEY_NAN, keys);
        for (int64_t i = 0; i < n && work; i++) work[i] = (key_index){ keys[i], i };
        if (work) keys_sort(work, n, false, work + n);
        for (int64_t i = 0; i < n; i++) g->order[i] = work ? work[i].index : i;
        grouping_close(g, same_key, &(key_set){ keys, dtype_is_float(d) });
    }
    mem_free(keys);
    mem_free(work);
    return ok;
}

static bool unique_elements(op_ctx *cx, const unique_call *c, jit_value *rets)
{
    const dtype d = tensor_dtype(c->t);
    if (dtype_is_complex(d)) return OP_FAIL(cx, "\"unique\" not implemented for '%s'", dtype_prefix(d));
    tensor *flat = tensor_contiguous(cx, c->t);
    grouping g;
    if (!flat || !grouping_init(cx, &g, flat->numel)) {
        tensor_unref(flat);
        return false;
    }
    bool ok = group_elements(cx, &g, flat, c->is_sorted);
    tensor *values = ok ? make_tensor(cx, d, &g.n_groups, 1) : NULL;
    const int64_t bytes = (int64_t)dtype_size(d);
    for (int64_t k = 0; values && k < g.n_groups; k++)
        element_copy(d, (char *)tensor_data(values) + k * bytes, (char *)tensor_data(flat) + g.order[g.starts[k]] * bytes);
    ok = ok && give_results(values, give_inverse(cx, &g, c->wants_inverse && c->t->numel, c->t->sizes, c->t->n_dims),
                            give_counts(cx, &g, c->wants_counts), c->n_results, rets);
    mem_free(g.order);
    tensor_unref(flat);
    return ok;
}

/* ---- over slices along a dimension -------------------------------------------------------------------- */
typedef struct slice_set {
    const int64_t *keys;  /* slice after slice */
    int64_t length;
} slice_set;

static int compare_slices(const slice_set *s, int64_t a, int64_t b)
{
    const int64_t *x = s->keys + a * s->length, *y = s->keys + b * s->length;
    for (int64_t i = 0; i < s->length; i++)
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    return 0;
}

static bool same_slice(const void *ctx, int64_t a, int64_t b) { return compare_slices(ctx, a, b) == 0; }

/* Bottom-up merge sort of slice numbers; `to` is scratch. */
static void sort_slices(const slice_set *s, int64_t *at, int64_t *scratch, int64_t n)
{
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t i = 0; i < n; i += 2 * width) {
            const int64_t middle = i + width < n ? i + width : n, end = i + 2 * width < n ? i + 2 * width : n;
            int64_t a = i, b = middle;
            for (int64_t k = i; k < end; k++) {
                const bool takes_a = b >= end || (a < middle && compare_slices(s, at[a], at[b]) <= 0);
                scratch[k] = at[takes_a ? a++ : b++];
            }
        }
        memcpy(at, scratch, (size_t)n * sizeof *at);
    }
}

static bool unique_slices(op_ctx *cx, const unique_call *c, int64_t dim_arg, jit_value *rets)
{
    tensor *t = c->t;
    const dtype d = tensor_dtype(t);
    int dim;
    if (!wrap_dim(cx, dim_arg, t->n_dims, &dim)) return false;
    if (t->n_dims == 0) return unique_elements(cx, c, rets);
    if (dtype_is_complex(d)) return OP_FAIL(cx, "\"unique_dim\" not implemented for '%s'", dtype_prefix(d));
    const int64_t n = t->sizes[dim];
    if (t->numel == 0 && n != 0)
        return OP_FAIL(cx, "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied");
    tensor *first = COMPOSE(cx, aten_movedim_int, RET_TENSOR(t), VALUE_INT_V(dim), VALUE_INT_V(0));
    tensor *rows = first ? tensor_contiguous(cx, first) : NULL;
    tensor_unref(first);
    grouping g = { .order = NULL };
    slice_set s = { .length = n ? t->numel / n : 0 };
    int64_t *keys = rows ? mem_alloc((size_t)(t->numel + n) * sizeof *keys + 1) : NULL;
    if (rows && !keys) op_no_memory(cx);
    bool ok = keys && grouping_init(cx, &g, n);
    tensor *values = NULL;
    if (ok) {
        keys_load(d, t->numel, tensor_data(rows), (int64_t)dtype_size(d), KEY_NAN, keys);
        s.keys = keys;
        for (int64_t i = 0; i < n; i++) g.order[i] = i;
        if (c->is_sorted) sort_slices(&s, g.order, keys + t->numel, n);
        grouping_close(&g, same_slice, &s);
        tensor *chosen = make_tensor(cx, DTYPE_int64, &g.n_groups, 1);
        for (int64_t k = 0; chosen && k < g.n_groups; k++) ((int64_t *)tensor_data(chosen))[k] = g.order[g.starts[k]];
        if (chosen) values = COMPOSE(cx, aten_index_select, RET_TENSOR(t), VALUE_INT_V(dim), RET_TENSOR(chosen));
        tensor_unref(chosen);
        ok = give_results(values, give_inverse(cx, &g, c->wants_inverse, &n, 1), give_counts(cx, &g, c->wants_counts),
                          c->n_results, rets);
    }
    mem_free(g.order);
    mem_free(keys);
    tensor_unref(rows);
    return ok;
}

/* self, sorted, return_inverse */
bool op_unique(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return unique_elements(cx, &(unique_call){ args[0].t, true, arg_bool(args[2]), false, 2 }, rets);
}

/* self, sorted, return_inverse, return_counts */
bool op_unique2(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return unique_elements(cx, &(unique_call){ args[0].t, true, arg_bool(args[2]), arg_bool(args[3]), 3 }, rets);
}

/* self, dim, sorted, return_inverse, return_counts; like PyTorch gives inverse and counts whether asked or not */
bool op_unique_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return unique_slices(cx, &(unique_call){ args[0].t, true, true, true, 3 }, args[1].i, rets);
}

/* self, return_inverse, return_counts, dim? */
bool op_unique_consecutive(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const bool by_dim = args[3].tag != VALUE_NONE; // slices: like PyTorch, all three whether asked or not
    const unique_call c = { args[0].t, false, by_dim || arg_bool(args[1]), by_dim || arg_bool(args[2]), 3 };
    return by_dim ? unique_slices(cx, &c, args[3].i, rets) : unique_elements(cx, &c, rets);
}

/* self, dim, return_inverse, return_counts */
bool op_unique_dim_consecutive(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const unique_call c = { args[0].t, false, true, true, 3 };
    return unique_slices(cx, &c, args[1].i, rets);
}

/* ---- membership --------------------------------------------------------------------------------------- */
static bool contains(const key_index *sorted, int64_t n, int64_t key)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (sorted[middle].key < key) low = middle + 1;
        else high = middle;
    }
    return low < n && sorted[low].key == key;
}

/* elements, test_elements (each a tensor or a number), assume_unique, invert */
bool op_isin(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const dtype common = result_type(args, 2);
    const bool is_float = dtype_is_float(common), inverts = arg_bool(args[3]);
    tensor *sides[2] = { NULL, NULL };
    if (dtype_is_complex(common)) return OP_FAIL(cx, "Unsupported input type encountered for isin(): %s", dtype_prefix(common));
    for (int k = 0; k < 2; k++)
        sides[k] = args[k].tag == VALUE_TENSOR ? tensor_contiguous_as(cx, args[k].t, common)
                                               : tensor_from_number(cx, args[k], common);
    tensor *result = sides[0] && sides[1] ? make_tensor(cx, DTYPE_bool, sides[0]->sizes, sides[0]->n_dims) : NULL;
    const int64_t n = result ? sides[0]->numel : 0, m = result ? sides[1]->numel : 0, most = n > m ? n : m;
    const int64_t bytes = (int64_t)dtype_size(common);
    int64_t *keys = mem_alloc((size_t)most * sizeof *keys + 1);
    key_index *work = mem_alloc((size_t)m * 2 * sizeof *work + 1);
    bool ok = result && ((keys && work) || op_no_memory(cx));
    if (ok) {
        keys_load(common, m, tensor_data(sides[1]), bytes, KEY_NAN, keys);
        for (int64_t i = 0; i < m; i++) work[i] = (key_index){ keys[i], i };
        keys_sort(work, m, false, work + m);
        keys_load(common, n, tensor_data(sides[0]), bytes, KEY_NAN, keys);
        for (int64_t i = 0; i < n; i++)
            ((bool *)tensor_data(result))[i] = (contains(work, m, keys[i]) && !(is_float && keys[i] == KEY_NAN)) != inverts;
        rets[0] = RET_TENSOR(result);
    } else {
        tensor_unref(result);
    }
    mem_free(keys);
    mem_free(work);
    tensor_unref(sides[0]);
    tensor_unref(sides[1]);
    return ok;
}

/* ---- histograms ------------------------------------------------------------------------------------------ */
static int64_t greatest_index(const tensor *t, bool *ret_is_negative)
{
    int64_t max = -1;
    for (int64_t i = 0; i < t->numel; i++) {
        const int64_t x = tensor_get_int(t, i);
        if (x < 0) *ret_is_negative = true;
        if (x > max) max = x;
    }
    return max;
}

/* self, weights?, minlength */
bool op_bincount(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t, *weights = arg_tensor(args[1]);
    const dtype d = tensor_dtype(t);
    bool is_negative = false;
    if (!dtype_is_integral(d)) return OP_FAIL(cx, "\"bincount_cpu\" not implemented for '%s'", dtype_prefix(d));
    if (args[2].i < 0) return OP_FAIL(cx, "minlength should be >= 0");
    const int64_t max = t->n_dims == 1 ? greatest_index(t, &is_negative) : -1;
    if (is_negative || (t->n_dims != 1 && t->numel))
        return OP_FAIL(cx, "bincount only supports 1-d non-negative integral inputs.");
    if (weights && (weights->n_dims != 1 || weights->numel != t->numel))
        return OP_FAIL(cx, "weights should be 1-d and have the same length as input");
    if (max == INT64_MAX) return OP_FAIL(cx, "numel: integer multiplication overflow");
    const int64_t n = max + 1 > args[2].i ? max + 1 : args[2].i;
    const bool is_single = weights && weights->dtype == DTYPE_float32;
    tensor *result = make_tensor(cx, !weights ? DTYPE_int64 : is_single ? DTYPE_float32 : DTYPE_float64, &n, 1);
    if (!result) return false;
    if (n) memset(tensor_data(result), 0, (size_t)n * dtype_size(tensor_dtype(result)));
    for (int64_t i = 0; i < t->numel; i++) {
        const int64_t at = tensor_get_int(t, i);
        if (!weights) ((int64_t *)tensor_data(result))[at]++;
        else if (is_single) ((float *)tensor_data(result))[at] += (float)tensor_get_double(weights, i);
        else ((double *)tensor_data(result))[at] += tensor_get_double(weights, i);
    }
    rets[0] = RET_TENSOR(result);
    return true;
}

static bool histogram_range(op_ctx *cx, const tensor *t, double *low, double *high)
{
    if (*low == *high && t->numel) {
        *low = INFINITY;
        *high = -INFINITY;
        for (int64_t i = 0; i < t->numel; i++) {
            const double x = tensor_get_double(t, i);
            if (x < *low || isnan(x)) *low = x;
            if (x > *high || isnan(x)) *high = x;
        }
    }
    if (*low == *high) {
        *low -= 1;
        *high += 1;
    }
    if (!isfinite(*low) || !isfinite(*high))
        return OP_FAIL(cx, "torch.histc: range of [%g, %g] is not finite", *low, *high);
    return *low < *high || OP_FAIL(cx, "torch.histc: max must be larger than min");
}

/* self, bins, min, max */
bool op_histc(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    const dtype d = tensor_dtype(t);
    const int64_t bins = args[1].i;
    double low = arg_double(args[2]), high = arg_double(args[3]);
    if (d != DTYPE_float32 && d != DTYPE_float64)
        return OP_FAIL(cx, "\"histogram_cpu\" not implemented for '%s'", dtype_prefix(d));
    if (bins <= 0)
        return OP_FAIL(cx, "torch.histogram(): bins must be > 0, but got %lld for dimension 0", (long long)bins);
    if (!histogram_range(cx, t, &low, &high)) return false;
    tensor *result = make_tensor(cx, d, &bins, 1);
    if (!result) return false;
    memset(tensor_data(result), 0, (size_t)bins * dtype_size(d));
    for (int64_t i = 0; i < t->numel; i++) {
        const double x = tensor_get_double(t, i);
        if (!(x >= low && x <= high)) continue;
        int64_t at = (int64_t)((x - low) / (high - low) * (double)bins);
        if (at >= bins) at = bins - 1;
        if (d == DTYPE_float32) ((float *)tensor_data(result))[at]++;
        else ((double *)tensor_data(result))[at]++;
    }
    rets[0] = RET_TENSOR(result);
    return true;
}
