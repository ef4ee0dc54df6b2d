/* Reductions that pick an element of each line and tell where it stands: max.dim, argmax, median, kthvalue, mode
 * (at/native/TensorCompare.cpp, Sorting.cpp). NaN counts as the greatest element, for minima as the least. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/keys.h"
#include "runtime/kernels/line.h"
#include "runtime/kernels/rank.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

typedef void (*select_line)(const select_task *s, int64_t k, const int64_t *x, key_index *work);

static int64_t greatest(int64_t n, const int64_t *x)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

static int64_t least(int64_t n, const int64_t *x)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i] < x[best]) best = i;
    return best;
}

static void max_line(const select_task *s, int64_t k, const int64_t *x, key_index *work)
{
    (void)work;
    select_store(s, k, 0, greatest(s->in.length, x));
}

static void min_line(const select_task *s, int64_t k, const int64_t *x, key_index *work)
{
    (void)work;
    select_store(s, k, 0, least(s->in.length, x));
}

static key_index *sorted_line(const select_task *s, const int64_t *x, key_index *work)
{
    const int64_t n = s->in.length;
    for (int64_t i = 0; i < n; i++) work[i] = (key_index){ x[i], i };
    keys_sort(work, n, false, work + n);
    return work;
}

static void exchange(key_index *x, int64_t i, int64_t j)
{
    const key_index held = x[i];
    x[i] = x[j];
    x[j] = held;
}

static void order_pair(key_index *x, int64_t low, int64_t high)
{
    if (x[low].key > x[high].key) exchange(x, low, high);
}

/* Splits x[low..high], three elements or more, around one of them; where that one ends, and where the greater begin. */
static int64_t split_line(key_index *x, int64_t low, int64_t high, int64_t *ret_above)
{
    exchange(x, (low + high) / 2, low + 1);
    order_pair(x, low + 1, high);
    order_pair(x, low, high);
    order_pair(x, low + 1, low);
    const int64_t pivot = x[low].key;
    int64_t i = low + 1, j = high;
    for (;;) {
        do i++; while (x[i].key < pivot);
        do j--; while (x[j].key > pivot);
        if (j < i) break;
        exchange(x, i, j);
    }
    exchange(x, low, j);
    *ret_above = i;
    return j;
}

/* ctx: the rank, from 1. Of equal elements, the one that Hoare's selection with the median of three happens upon is
 * told, as PyTorch tells it: sorting would find another one. */
static void kth_line(const select_task *s, int64_t k, const int64_t *x, key_index *work)
{
    const int64_t rank = *(const int64_t *)s->ctx - 1;
    int64_t low = 0, high = s->in.length - 1;
    for (int64_t i = 0; i <= high; i++) work[i] = (key_index){ x[i], i };
    while (high > low + 1) {
        int64_t above;
        const int64_t j = split_line(work, low, high, &above);
        if (j <= rank) low = above;
        if (j >= rank) high = j - 1;
    }
    if (high == low + 1) order_pair(work, low, high);
    select_store(s, k, 0, work[rank].index);
}

/* ctx: do NaN count? If so, the first one is the median. */
static void median_line(const select_task *s, int64_t k, const int64_t *x, key_index *work)
{
    const bool skips_nan = *(const bool *)s->ctx;
    int64_t n = s->in.length;
    const bool is_float = dtype_is_float(s->in.d);
    const key_index *sorted = sorted_line(s, x, work);
    while (is_float && n > 0 && sorted[n - 1].key == KEY_NAN) n--;
    if (n < s->in.length && (!skips_nan || n == 0)) select_store(s, k, 0, sorted[n].index);
    else select_store(s, k, 0, sorted[(n - 1) / 2].index);
}

/* The most frequent element, of those the least; the place that PyTorch's sort leaves last. */
static void mode_line(const select_task *s, int64_t k, const int64_t *x, key_index *work)
{
    const int64_t n = s->in.length;
    const bool is_float = dtype_is_float(s->in.d);
    key_index *sorted = work;
    for (int64_t i = 0; i < n; i++) work[i] = (key_index){ x[i], i };
    rank_sort(work, n);
    int64_t best = 0, best_count = 0;
    for (int64_t i = 0, j; i < n; i = j) {
        const bool is_nan = is_float && sorted[i].key == KEY_NAN; // which equals nothing
        for (j = i + 1; j < n && !is_nan && sorted[j].key == sorted[i].key;) j++;
        if (j - i > best_count) {
            best_count = j - i;
            best = sorted[j - 1].index;
        }
    }
    select_store(s, k, 0, best);
}

/* Lines side by side: a row of the best so far and of the rows they stood in, over which the others are laid. */
enum { ROW = 64 };
#define COLUMNS(name, T, INT)                                                          \
    static void name(const select_task *s, int64_t k, int64_t m, bool is_max)          \
    {                                                                                  \
        T best[ROW];                                                                   \
        INT at[ROW] = { 0 };                                                           \
        const char *from = lines_at(&s->in, k);                                        \
        memcpy(best, from, (size_t)m * sizeof *best);                                  \
        for (INT i = 1; i < (INT)s->in.length; i++) {                                  \
            const T *x = (const T *)(const void *)(from + i * s->in.stride);           \
            const T sign = is_max ? 1 : -1;                                            \
            for (int64_t j = 0; j < m; j++) {                                          \
                const T a = x[j] * sign, b = best[j] * sign;                           \
                const bool is_better = !(a <= b) & (b == b);                           \
                best[j] = is_better ? x[j] : best[j];                                  \
                at[j] = is_better ? i : at[j];                                         \
            }                                                                          \
        }                                                                              \
        for (int64_t j = 0; j < m; j++) select_store(s, k + j, 0, at[j]);              \
    }
COLUMNS(extreme_columns_f32, float, int32_t)
COLUMNS(extreme_columns_f64, double, int64_t)

/* How many lines from k on, at most ROW, lie side by side; 0: they do not. */
static int64_t count_columns(const lines *l, int64_t k, int64_t end)
{
    if (l->n_dims == 0 || l->length > INT32_MAX) return 0;
    const int64_t size = l->sizes[l->n_dims - 1], rest = size - k % size;
    int64_t m = end - k < ROW ? end - k : ROW;
    if (rest < m) m = rest;
    return lines_are_neighbours(l, k, m) ? m : 0;
}

/* The greatest or least of lines of floats, read as they are. */
static void extreme_lines(void *ctx, int64_t begin, int64_t end)
{
    select_task *s = ctx;
    const line_kernels *line = line_kernels_find(s->in.d);
    const int64_t n = s->in.length, bytes = (int64_t)dtype_size(s->in.d);
    const bool is_plain = s->in.stride == bytes;
    char *buffer = is_plain ? NULL : mem_alloc((size_t)(n * bytes * LINES_BLOCK));
    if (!is_plain && !buffer) {
        s->failed = true;
        return;
    }
    for (int64_t k = begin, m; k < end; k += m) {
        m = count_columns(&s->in, k, end);
        if (m) {
            (s->in.d == DTYPE_float32 ? extreme_columns_f32 : extreme_columns_f64)(s, k, m, s->line == max_line);
            continue;
        }
        m = end - k < LINES_BLOCK ? end - k : LINES_BLOCK;
        if (!is_plain) lines_load(&s->in, k, m, s->in.d, buffer);
        for (int64_t j = 0; j < m; j++) {
            const void *x = is_plain ? lines_at(&s->in, k + j) : buffer + j * n * bytes;
            select_store(s, k + j, 0, s->line == max_line ? line->find_max(n, x) : line->find_min(n, x));
        }
    }
    mem_free(buffer);
}

/* Every line, by the task's function, or faster where there is a way. */
static bool run_selection(op_ctx *cx, select_task *s)
{
    const bool is_extreme = s->line == max_line || s->line == min_line;
    if (!is_extreme || (s->in.d != DTYPE_float32 && s->in.d != DTYPE_float64)) return select_run(cx, s);
    s->failed = false;
    const int64_t grain = lines_grain(&s->in);
    par_for(s->in.n, grain > ROW ? grain : ROW, extreme_lines, s);
    return !s->failed || op_no_memory(cx);
}

typedef struct selection {
    const char *name, *kernel;   /* of the operator; of its kernel, in messages about types */
    bool refuses_bool;
    int64_t nan_key;
    select_line line;
    void *ctx;
} selection;

static bool check_type(op_ctx *cx, const selection *s, const tensor *t)
{
    const dtype d = tensor_dtype(t);
    if (!dtype_is_complex(d) && !(d == DTYPE_bool && s->refuses_bool)) return true;
    return OP_FAIL(cx, "\"%s\" not implemented for '%s'", s->kernel, dtype_prefix(d));
}

static bool check_line(op_ctx *cx, const selection *s, const tensor *t, int dim)
{
    if (t->n_dims == 0 || t->sizes[dim] != 0) return true;
    return OP_FAIL(cx, "%s(): Expected reduction dim %d to have non-zero size.", s->name, dim);
}

/* (values, indices) along one dimension. */
static bool select_dim(op_ctx *cx, const selection *s, tensor *t, int64_t dim_arg, bool keepdim, jit_value *rets)
{
    int dim;
    if (!wrap_dim(cx, dim_arg, t->n_dims, &dim) || !check_line(cx, s, t, dim) || !check_type(cx, s, t)) return false;
    const dim_set dims = (dim_set)1 << dim;
    tensor *values = make_reduced(cx, t, dims, true, tensor_dtype(t));
    tensor *indices = values ? make_reduced(cx, t, dims, true, DTYPE_int64) : NULL;
    select_task task = { .nan_key = s->nan_key, .line = s->line, .ctx = s->ctx, .in = lines_of(t, dim) };
    bool ok = indices != NULL;
    if (ok) {
        task.values = lines_of(values, dim);
        task.indices = lines_of(indices, dim);
        ok = task.in.n == 0 || run_selection(cx, &task);
    }
    int64_t sizes[TENSOR_MAX_DIMS];
    const int n = reduced_sizes(t, dims, keepdim, sizes);
    if (ok && !(tensor_resize(values, sizes, n) && tensor_resize(indices, sizes, n))) ok = op_no_memory(cx);
    if (ok) return give_pair(values, indices, rets);
    tensor_unref(values);
    tensor_unref(indices);
    return false;
}

static const selection max_selection = { "max", "max_cpu", false, KEY_NAN, max_line, NULL };
static const selection min_selection = { "min", "min_cpu", false, KEY_NAN_LEAST, min_line, NULL };
static const selection mode_selection = { "mode", "mode_cpu", false, KEY_NAN, mode_line, NULL };

bool op_max_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return select_dim(cx, &max_selection, args[0].t, args[1].i, arg_bool(args[2]), rets);
}

bool op_min_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return select_dim(cx, &min_selection, args[0].t, args[1].i, arg_bool(args[2]), rets);
}

bool op_mode(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return select_dim(cx, &mode_selection, args[0].t, args[1].i, arg_bool(args[2]), rets);
}

bool op_kthvalue(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int64_t rank = args[1].i;
    const selection s = { "kthvalue", "kthvalue_cpu", true, KEY_NAN, kth_line, &rank };
    tensor *t = args[0].t;
    int dim;
    if (!wrap_dim(cx, args[2].i, t->n_dims, &dim) || !check_line(cx, &s, t, dim)) return false;
    if (rank < 1 || rank > (t->n_dims ? t->sizes[dim] : 1))
        return OP_FAIL(cx, "kthvalue(): selected number k out of range for dimension %d", dim);
    return select_dim(cx, &s, t, args[2].i, arg_bool(args[3]), rets);
}

/* ---- arg reductions ------------------------------------------------------------------------------- */
/* self, dim?, keepdim: without a dim the flattened tensor is one line. */
static bool arg_extreme(op_ctx *cx, const selection *s, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    jit_value pair[2];
    if (args[1].tag != VALUE_NONE) {
        if (!select_dim(cx, s, t, args[1].i, arg_bool(args[2]), pair)) return false;
        value_unref(pair[0]);
        rets[0] = pair[1];
        return true;
    }
    if (t->numel == 0)
        return OP_FAIL(cx, "%s(): Expected reduction dim to be specified for input.numel() == 0.", s->name);
    if (!check_type(cx, s, t)) return false;
    tensor *flat = tensor_contiguous(cx, t);
    tensor *line = flat ? make_view(cx, flat, &flat->numel, (int64_t[]){ 1 }, 1, flat->offset) : NULL;
    tensor_unref(flat);
    const bool ok = line && select_dim(cx, s, line, 0, false, pair);
    tensor_unref(line);
    if (!ok) return false;
    value_unref(pair[0]);
    int64_t sizes[TENSOR_MAX_DIMS];
    const int n = reduced_sizes(t, dim_set_all(t), arg_bool(args[2]), sizes);
    if (!tensor_resize(pair[1].t, sizes, n)) {
        value_unref(pair[1]);
        return op_no_memory(cx);
    }
    rets[0] = pair[1];
    return true;
}

bool op_argmax(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    static const selection s = { "argmax", "argmax_cpu", true, KEY_NAN, max_line, NULL };
    return arg_extreme(cx, &s, args, rets);
}

bool op_argmin(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    static const selection s = { "argmin", "argmin_cpu", true, KEY_NAN_LEAST, min_line, NULL };
    return arg_extreme(cx, &s, args, rets);
}

/* ---- medians ---------------------------------------------------------------------------------------- */
static bool median_all(op_ctx *cx, tensor *t, bool skips_nan, jit_value *rets)
{
    selection s = { "median", "median_cpu", true, KEY_NAN, median_line, &skips_nan };
    if (!check_type(cx, &s, t)) return false;
    if (t->numel == 0) {
        const bool is_float = dtype_is_float(tensor_dtype(t));
        return give_tensor(tensor_from_number(cx, is_float ? VALUE_FLOAT_V((double)NAN) : VALUE_INT_V(INT64_MIN),
                                              tensor_dtype(t)), rets);
    }
    tensor *flat = tensor_contiguous(cx, t);
    tensor *line = flat ? make_view(cx, flat, &flat->numel, (int64_t[]){ 1 }, 1, flat->offset) : NULL;
    jit_value pair[2];
    const bool ok = line && select_dim(cx, &s, line, 0, false, pair);
    tensor_unref(flat);
    tensor_unref(line);
    if (!ok) return false;
    rets[0] = pair[0];
    value_unref(pair[1]);
    return true;
}

bool op_median(op_ctx *cx, const jit_value *args, jit_value *rets) { return median_all(cx, args[0].t, false, rets); }
bool op_nanmedian(op_ctx *cx, const jit_value *args, jit_value *rets) { return median_all(cx, args[0].t, true, rets); }

static bool median_dim(op_ctx *cx, const jit_value *args, bool skips_nan, jit_value *rets)
{
    const selection s = { "median", "median_cpu", true, KEY_NAN, median_line, &skips_nan };
    return select_dim(cx, &s, args[0].t, args[1].i, arg_bool(args[2]), rets);
}

bool op_median_dim(op_ctx *cx, const jit_value *args, jit_value *rets) { return median_dim(cx, args, false, rets); }
bool op_nanmedian_dim(op_ctx *cx, const jit_value *args, jit_value *rets) { return median_dim(cx, args, true, rets); }
