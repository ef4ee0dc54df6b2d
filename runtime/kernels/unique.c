/* Distinct elements and membership (at/native/Unique.cpp, TensorCompare.cpp), by sorting keys; slices along a dimension
 * are compared element by element. Also histograms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/keys.h"

#include "base/alloc.h"
#include "base/block.h"

#include <math.h>
#include <string.h>

/* A numbering of n items by groups. */
typedef struct grouping {
    int64_t n, n_groups;
    int64_t *of;             /* an item's group, if that is wanted */
    int64_t *first, *count;  /* of a group: its first item, how many */
    bool wants_of;
} grouping;

static size_t grouping_bytes(int64_t n) { return (size_t)(3 * n + 1) * sizeof(int64_t); }

static bool grouping_init(op_ctx *cx, grouping *g, int64_t n, bool wants_of)
{
    *g = (grouping){ .n = n, .wants_of = wants_of, .of = block_alloc(grouping_bytes(n)) };
    g->first = g->of ? g->of + n : NULL;
    g->count = g->of ? g->of + 2 * n : NULL;
    return g->of || op_no_memory(cx);
}

static void grouping_fini(grouping *g) { block_free(g->of, grouping_bytes(g->n)); }

/* Item i joins the newest group, or begins one. */
static void grouping_add(grouping *g, int64_t i, bool is_new)
{
    if (is_new) {
        g->first[g->n_groups] = i;
        g->count[g->n_groups++] = 0;
    }
    g->count[g->n_groups - 1]++;
    if (g->wants_of) g->of[i] = g->n_groups - 1;
}

static tensor *give_inverse(op_ctx *cx, const grouping *g, bool wanted, const int64_t *sizes, int n_dims)
{
    const int64_t none = 0;
    tensor *t = wanted ? make_tensor(cx, DTYPE_int64, sizes, n_dims) : make_tensor(cx, DTYPE_int64, &none, 1);
    if (t && wanted && g->n) memcpy(tensor_data(t), g->of, (size_t)g->n * sizeof *g->of);
    return t;
}

static tensor *give_counts(op_ctx *cx, const grouping *g, bool wanted)
{
    const int64_t n = wanted ? g->n_groups : 0;
    tensor *t = make_tensor(cx, DTYPE_int64, &n, 1);
    if (t && n) memcpy(tensor_data(t), g->count, (size_t)n * sizeof *g->count);
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
    int64_t n;
    bool is_float;
} key_set;

static bool same_key(const key_set *s, int64_t a, int64_t b)
{
    return s->keys[a] == s->keys[b] && !(s->is_float && s->keys[a] == KEY_NAN);
}

static void group_neighbours(grouping *g, const key_set *s)
{
    for (int64_t i = 0; i < s->n; i++) grouping_add(g, i, i == 0 || !same_key(s, i - 1, i));
}

/* Few distinct keys are found in a table, and only they are sorted. */
enum { TABLE_BITS = 15, TABLE_MOST_GROUPS = 1 << (TABLE_BITS - 2), TABLE_LEAST_ITEMS = 1 << 11 };

static key_index *find_slot(key_index *table, int64_t key)
{
    const uint64_t mask = (1 << TABLE_BITS) - 1;
    uint64_t at = (uint64_t)key * 0x9E3779B97F4A7C15u >> (64 - TABLE_BITS);
    while (table[at].index >= 0 && table[at].key != key) at = (at + 1) & mask;
    return &table[at];
}

/* false: there are too many of them. */
static bool number_keys(grouping *g, const key_set *s, key_index *table)
{
    for (int64_t i = 0; i < 1 << TABLE_BITS; i++) table[i].index = -1;
    for (int64_t i = 0; i < s->n; i++) {
        const bool is_lone = s->is_float && s->keys[i] == KEY_NAN;
        key_index *slot = is_lone ? NULL : find_slot(table, s->keys[i]);
        if (is_lone || slot->index < 0) {
            if (g->n_groups == TABLE_MOST_GROUPS) return false;
            if (slot) *slot = (key_index){ s->keys[i], g->n_groups };
            grouping_add(g, i, true);
        } else {
            if (g->wants_of) g->of[i] = slot->index;
            g->count[slot->index]++;
        }
    }
    return true;
}

/* From the order in which they were found to the order of their keys. work: room for 4 a group. */
static void order_groups(grouping *g, const key_set *s, key_index *work)
{
    const int64_t n = g->n_groups;
    int64_t *rank = (int64_t *)(work + 2 * n), *first = rank + n, *count = first + n;
    memcpy(first, g->first, (size_t)n * sizeof *first);
    memcpy(count, g->count, (size_t)n * sizeof *count);
    for (int64_t k = 0; k < n; k++) work[k] = (key_index){ s->keys[first[k]], k };
    keys_sort(work, n, false, work + n);
    for (int64_t k = 0; k < n; k++) {
        rank[work[k].index] = k;
        g->first[k] = first[work[k].index];
        g->count[k] = count[work[k].index];
    }
    for (int64_t i = 0; g->wants_of && i < g->n; i++) g->of[i] = rank[g->of[i]];
}

static bool group_by_table(op_ctx *cx, grouping *g, const key_set *s, bool *ret_is_done)
{
    const size_t bytes = sizeof(key_index) << TABLE_BITS;
    key_index *table = block_alloc(bytes);
    if (!table) return op_no_memory(cx);
    *ret_is_done = number_keys(g, s, table);
    if (*ret_is_done) order_groups(g, s, table);
    else g->n_groups = 0;
    block_free(table, bytes);
    return true;
}

static bool group_by_sorting(op_ctx *cx, grouping *g, const key_set *s)
{
    const size_t bytes = (size_t)s->n * 2 * sizeof(key_index) + 1;
    key_index *work = block_alloc(bytes);
    if (!work) return op_no_memory(cx);
    for (int64_t i = 0; i < s->n; i++) work[i] = (key_index){ s->keys[i], i };
    keys_sort(work, s->n, false, work + s->n);
    for (int64_t i = 0; i < s->n; i++)
        grouping_add(g, work[i].index, i == 0 || !same_key(s, work[i - 1].index, work[i].index));
    block_free(work, bytes);
    return true;
}

static bool group_elements(op_ctx *cx, grouping *g, const tensor *flat, bool is_sorted)
{
    const int64_t n = flat->numel;
    const dtype d = tensor_dtype(flat);
    const size_t bytes = (size_t)n * sizeof(int64_t) + 1;
    int64_t *loaded = d == DTYPE_int64 ? NULL : block_alloc(bytes);
    if (!loaded && d != DTYPE_int64) return op_no_memory(cx);
    if (loaded) keys_load(d, n, tensor_data(flat), (int64_t)dtype_size(d), KEY_NAN, loaded);
    const key_set s = { loaded ? loaded : tensor_data(flat), n, dtype_is_float(d) };
    bool ok = true, is_done = false;
    if (!is_sorted) {
        group_neighbours(g, &s);
    } else {
        ok = n < TABLE_LEAST_ITEMS || group_by_table(cx, g, &s, &is_done);
        ok = ok && (is_done || group_by_sorting(cx, g, &s));
    }
    block_free(loaded, bytes);
    return ok;
}

static bool unique_elements(op_ctx *cx, const unique_call *c, jit_value *rets)
{
    const dtype d = tensor_dtype(c->t);
    if (dtype_is_complex(d)) return OP_FAIL(cx, "\"unique\" not implemented for '%s'", dtype_prefix(d));
    tensor *flat = tensor_contiguous(cx, c->t);
    grouping g;
    if (!flat || !grouping_init(cx, &g, flat->numel, c->wants_inverse)) {
        tensor_unref(flat);
        return false;
    }
    bool ok = group_elements(cx, &g, flat, c->is_sorted);
    tensor *values = ok ? make_tensor(cx, d, &g.n_groups, 1) : NULL;
    const int64_t bytes = (int64_t)dtype_size(d);
    for (int64_t k = 0; values && k < g.n_groups; k++)
        element_copy(d, (char *)tensor_data(values) + k * bytes, (char *)tensor_data(flat) + g.first[k] * bytes);
    ok = ok && give_results(values, give_inverse(cx, &g, c->wants_inverse && c->t->numel, c->t->sizes, c->t->n_dims),
                            give_counts(cx, &g, c->wants_counts), c->n_results, rets);
    grouping_fini(&g);
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
    grouping g = { .n = 0 };
    slice_set s = { .length = n ? t->numel / n : 0 };
    int64_t *keys = rows ? mem_alloc((size_t)(t->numel + 2 * n) * sizeof *keys + 1) : NULL;
    if (rows && !keys) op_no_memory(cx);
    bool ok = keys && grouping_init(cx, &g, n, c->wants_inverse);
    tensor *values = NULL;
    if (ok) {
        keys_load(d, t->numel, tensor_data(rows), (int64_t)dtype_size(d), KEY_NAN, keys);
        s.keys = keys;
        int64_t *order = keys + t->numel;
        for (int64_t i = 0; i < n; i++) order[i] = i;
        if (c->is_sorted) sort_slices(&s, order, order + n, n);
        for (int64_t i = 0; i < n; i++) grouping_add(&g, order[i], i == 0 || compare_slices(&s, order[i - 1], order[i]) != 0);
        tensor *chosen = make_tensor(cx, DTYPE_int64, &g.n_groups, 1);
        if (chosen && g.n_groups) memcpy(tensor_data(chosen), g.first, (size_t)g.n_groups * sizeof *g.first);
        if (chosen) values = COMPOSE(cx, aten_index_select, RET_TENSOR(t), VALUE_INT_V(dim), RET_TENSOR(chosen));
        tensor_unref(chosen);
        ok = give_results(values, give_inverse(cx, &g, c->wants_inverse, &n, 1), give_counts(cx, &g, c->wants_counts),
                          c->n_results, rets);
    }
    grouping_fini(&g);
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
    for (int k = 0; k < 2; k++) {
        const dtype d = args[k].tag == VALUE_TENSOR ? tensor_dtype(args[k].t) : number_dtype(args[k]);
        if (d == DTYPE_bool || d == DTYPE_bfloat16 || dtype_is_complex(d))
            return OP_FAIL(cx, "Unsupported input type encountered for isin(): %s", dtype_prefix(d));
    }
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

static bool histogram_range(op_ctx *cx, int64_t n, const double *at, double *low, double *high)
{
    if (*low == *high && n) {
        *low = INFINITY;
        *high = -INFINITY;
        for (int64_t i = 0; i < n; i++) {
            const double x = at[i];
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

/* Counts are of type d, in which a full one stays as it is. */
static void count_into_bins(int64_t n, const double *x, double low, double high, int64_t bins, dtype d, char *counts)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(x[i] >= low && x[i] <= high)) continue;
        int64_t at = (int64_t)((x[i] - low) / (high - low) * (double)bins);
        if (at >= bins) at = bins - 1;
        if (d == DTYPE_float32) {
            ((float *)(void *)counts)[at] += 1;
            continue;
        }
        char *count = counts + at * (int64_t)dtype_size(d);
        element_store_double(d, count, element_load_double(d, count) + 1);
    }
}

/* self, bins, min, max */
bool op_histc(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    const dtype d = tensor_dtype(t);
    const int64_t bins = args[1].i;
    double low = arg_double(args[2]), high = arg_double(args[3]);
    if (d != DTYPE_float32 && d != DTYPE_float64 && d != DTYPE_bfloat16)
        return OP_FAIL(cx, "\"histogram_cpu\" not implemented for '%s'", dtype_prefix(d));
    if (bins <= 0)
        return OP_FAIL(cx, "torch.histogram(): bins must be > 0, but got %lld for dimension 0", (long long)bins);
    tensor *wide = tensor_contiguous_as(cx, t, DTYPE_float64);
    if (!wide) return false;
    const double *x = tensor_data(wide);
    tensor *result = histogram_range(cx, t->numel, x, &low, &high) ? make_tensor(cx, d, &bins, 1) : NULL;
    if (result) {
        memset(tensor_data(result), 0, (size_t)bins * dtype_size(d));
        count_into_bins(t->numel, x, low, high, bins, d, tensor_data(result));
    }
    tensor_unref(wide);
    if (!result) return false;
    rets[0] = RET_TENSOR(result);
    return true;
}
