/* Sorting along a dimension, the k greatest, and binary search (at/native/Sorting.cpp, Bucketization.cpp). Sorting
 * is stable only where that is asked for; NaN counts as the greatest element. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/keys.h"
#include "runtime/kernels/rank.h"

#include "base/alloc.h"

#include <string.h>

typedef struct sort_order {
    bool descending;
    int64_t n_wanted;    /* the first so many are stored */
    bool leaves_order;   /* of those: topk need not sort */
    bool is_whole;       /* the results lie in the order of the operand */
} sort_order;

static key_index *sort_keys(const select_task *s, const int64_t *x, key_index *work, bool descending)
{
    const int64_t n = s->in.length;
    for (int64_t i = 0; i < n; i++) work[i] = (key_index){ x[i], i };
    keys_sort(work, n, descending, work + n);
    return work;
}

static void sort_stable_line(const select_task *s, int64_t k, const int64_t *x, key_index *work)
{
    const sort_order *order = s->ctx;
    select_store_sorted(s, k, sort_keys(s, x, work, order->descending), order->n_wanted);
}

static bool has_equals(const key_index *sorted, int64_t n)
{
    for (int64_t i = 1; i < n; i++)
        if (sorted[i].key == sorted[i - 1].key) return true;
    return false;
}

/* Are all keys within a range of few values for each of them, and no two equal (a permutation)? bits: one for each value. */
static bool are_distinct(const int64_t *x, int64_t n, int64_t least, uint64_t width, uint64_t *bits)
{
    memset(bits, 0, (width / 64 + 1) * sizeof *bits);
    for (int64_t i = 0; i < n; i++) {
        const uint64_t at = (uint64_t)x[i] - (uint64_t)least, bit = (uint64_t)1 << at % 64;
        if (bits[at / 64] & bit) return false;
        bits[at / 64] |= bit;
    }
    return true;
}

/* A guess without sorting; right for permutations, otherwise by what chance would give. */
static bool expects_equals(const int64_t *x, int64_t n, key_index *work)
{
    enum { VALUES_PER_KEY = 64, LIKELY = 16 }; // bits in work for one key are more; pairs expected: n² / (2 width)
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (int64_t i = 0; i < n; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    const uint64_t width = (uint64_t)most - (uint64_t)least;
    if (width / (uint64_t)n < VALUES_PER_KEY) return !are_distinct(x, n, least, width, (uint64_t *)work);
    return width / (uint64_t)n < (uint64_t)n / LIKELY;
}

/* Equal elements come in the order described in rank.h, for which the slower way is needed. */
static void sort_line(const select_task *s, int64_t k, const int64_t *x, key_index *work)
{
    const sort_order *order = s->ctx;
    const int64_t n = s->in.length, flip = order->descending ? -1 : 0;
    if (expects_equals(x, n, work) || has_equals(sort_keys(s, x, work, order->descending), n)) {
        for (int64_t i = 0; i < n; i++) work[i] = (key_index){ x[i] ^ flip, i };
        rank_sort(work, n);
    }
    select_store_sorted(s, k, work, n);
}

/* topk: so too, with PyTorch's choice between the ways. */
static void pick_line(const select_task *s, int64_t k, const int64_t *x, key_index *work)
{
    const sort_order *order = s->ctx;
    const int64_t n = s->in.length, wanted = order->n_wanted, flip = order->descending ? -1 : 0;
    if (wanted * 64 <= n) {
        rank_least(x, n, flip, work, wanted);
    } else {
        for (int64_t i = 0; i < n; i++) work[i] = (key_index){ x[i] ^ flip, i };
        rank_nth(work, n, wanted - 1);
        if (!order->leaves_order) rank_sort(work, wanted - 1);
    }
    select_store_sorted(s, k, work, wanted);
}

typedef void sort_one_line(const select_task *, int64_t k, const int64_t *x, key_index *work);

/* values and indices of the first n_wanted elements of each line. */
static bool sort_lines(op_ctx *cx, tensor *t, int dim, sort_order order, sort_one_line *line, tensor *ret[2])
{
    int64_t sizes[TENSOR_MAX_DIMS];
    memcpy(sizes, t->sizes, t->n_dims * sizeof *sizes);
    if (t->n_dims) sizes[dim] = order.n_wanted;
    tensor *values = order.is_whole ? make_tensor_like(cx, t, tensor_dtype(t)) : make_tensor(cx, tensor_dtype(t), sizes, t->n_dims);
    tensor *indices = !values ? NULL : order.is_whole ? make_tensor_like(cx, t, DTYPE_int64)
                                                      : make_tensor(cx, DTYPE_int64, sizes, t->n_dims);
    bool ok = indices != NULL;
    if (ok && t->numel && order.n_wanted) {
        select_task s = { .in = lines_of(t, dim), .values = lines_of(values, dim), .indices = lines_of(indices, dim),
                          .nan_key = KEY_NAN, .ctx = &order, .line = line };
        ok = select_run(cx, &s);
    }
    if (!ok) {
        tensor_unref(values);
        tensor_unref(indices);
        return false;
    }
    ret[0] = values;
    ret[1] = indices;
    return true;
}

static bool sort_tensor(op_ctx *cx, tensor *t, int64_t dim_arg, bool descending, bool is_stable, tensor *ret[2])
{
    int dim;
    if (!wrap_dim(cx, dim_arg, t->n_dims, &dim)) return false;
    if (dtype_is_complex(tensor_dtype(t)))
        return OP_FAIL(cx, "\"sorting_kernel_method_name\" not implemented for '%s'", dtype_prefix(tensor_dtype(t)));
    const sort_order order = { .descending = descending, .n_wanted = t->n_dims ? t->sizes[dim] : 1, .is_whole = true };
    return sort_lines(cx, t, dim, order, is_stable ? sort_stable_line : sort_line, ret);
}

static bool give_sorted(op_ctx *cx, tensor *t, int64_t dim, bool descending, bool is_stable, jit_value *rets)
{
    tensor *sorted[2];
    return sort_tensor(cx, t, dim, descending, is_stable, sorted) && give_pair(sorted[0], sorted[1], rets);
}

static bool give_order(op_ctx *cx, tensor *t, int64_t dim, bool descending, bool is_stable, jit_value *rets)
{
    tensor *sorted[2];
    if (!sort_tensor(cx, t, dim, descending, is_stable, sorted)) return false;
    tensor_unref(sorted[0]);
    return give_tensor(sorted[1], rets);
}

/* self, dim, descending */
bool op_sort(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_sorted(cx, args[0].t, args[1].i, arg_bool(args[2]), false, rets);
}

/* stable: bool? of sort.stable, bool of argsort.stable */
static bool asks_stable(jit_value stable) { return stable.tag == VALUE_BOOL && arg_bool(stable); }

/* self, stable, dim, descending */
bool op_sort_stable(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_sorted(cx, args[0].t, args[2].i, arg_bool(args[3]), asks_stable(args[1]), rets);
}

bool op_argsort(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_order(cx, args[0].t, args[1].i, arg_bool(args[2]), false, rets);
}

bool op_argsort_stable(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_order(cx, args[0].t, args[2].i, arg_bool(args[3]), asks_stable(args[1]), rets);
}

bool op_msort(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *sorted[2];
    if (!sort_tensor(cx, args[0].t, 0, false, false, sorted)) return false;
    tensor_unref(sorted[1]);
    return give_tensor(sorted[0], rets);
}

/* self, k, dim, largest, sorted */
bool op_topk(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t, *sorted[2];
    int dim;
    if (!wrap_dim(cx, args[2].i, t->n_dims, &dim)) return false;
    if (args[1].i < 0 || args[1].i > (t->n_dims ? t->sizes[dim] : 1)) return OP_FAIL(cx, "selected index k out of range");
    const dtype d = tensor_dtype(t);
    if (dtype_is_complex(d) || d == DTYPE_bool)
        return OP_FAIL(cx, "\"topk_cpu\" not implemented for '%s'", dtype_prefix(d));
    return sort_lines(cx, t, dim, (sort_order){ arg_bool(args[3]), args[1].i, !arg_bool(args[4]) }, pick_line, sorted) &&
           give_pair(sorted[0], sorted[1], rets);
}

/* ---- searching sorted sequences -------------------------------------------------------------------- */
typedef struct search {
    const int64_t *keys;      /* boundaries, line after line */
    const int64_t *order;     /* sorter: positions in the line, or NULL */
    const int64_t *wanted;
    int64_t length, per_line; /* boundaries and queries per line; one line for all queries if is_shared */
    bool is_shared, right;
    tensor *out;
} search;

/* How many boundaries lie before x (right: or equal it). */
static int64_t count_below(const search *s, int64_t line, int64_t x)
{
    const int64_t *keys = s->keys + line * s->length, *order = s->order ? s->order + line * s->length : NULL;
    int64_t low = 0, high = s->length;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2, key = keys[order ? order[middle] : middle];
        if (s->right ? key <= x : key < x) low = middle + 1;
        else high = middle;
    }
    return low;
}

static void search_range(void *ctx, int64_t begin, int64_t end)
{
    const search *s = ctx;
    for (int64_t i = begin; i < end; i++) {
        const int64_t at = count_below(s, s->is_shared ? 0 : i / s->per_line, s->wanted[i]);
        if (s->out->dtype == DTYPE_int32) ((int32_t *)tensor_data(s->out))[i] = (int32_t)at;
        else ((int64_t *)tensor_data(s->out))[i] = at;
    }
}

/* All elements of t, converted to d, as keys. mem_free. */
static int64_t *load_keys(op_ctx *cx, tensor *t, dtype d)
{
    tensor *flat = tensor_contiguous_as(cx, t, d);
    int64_t *keys = flat ? mem_alloc((size_t)flat->numel * sizeof *keys + 1) : NULL;
    if (keys) keys_load(d, flat->numel, tensor_data(flat), (int64_t)dtype_size(d), KEY_NAN, keys);
    else if (flat) op_no_memory(cx);
    tensor_unref(flat);
    return keys;
}

static bool check_sorter(op_ctx *cx, const tensor *boundaries, const tensor *sorter)
{
    if (!sorter) return true;
    if (!tensor_same_sizes(boundaries, sorter))
        return OP_FAIL(cx, "torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor %s "
                           "and got sorter tensor %s", sizes_print(boundaries->sizes, boundaries->n_dims).s,
                       sizes_print(sorter->sizes, sorter->n_dims).s);
    if (sorter->dtype != DTYPE_int64)
        return OP_FAIL(cx, "torch.searchsorted(): sorter must be a tensor of long dtype but got dtype %s",
                       dtype_prefix(tensor_dtype(sorter)));
    const int64_t length = boundaries->n_dims ? boundaries->sizes[boundaries->n_dims - 1] : 1;
    for (int64_t i = 0; i < sorter->numel; i++)
        if (tensor_get_int(sorter, i) < 0 || tensor_get_int(sorter, i) >= length)
            return OP_FAIL(cx, "torch.searchsorted(): sorter index out of range");
    return true;
}

static bool check_search(op_ctx *cx, const tensor *boundaries, const tensor *wanted, bool is_number)
{
    if (boundaries->n_dims == 0)
        return OP_FAIL(cx, "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, "
                           "but we got boundaries tensor dim(0) and input value's dim(%d) numel(%lld)", wanted->n_dims,
                       (long long)wanted->numel);
    if (boundaries->n_dims == 1) return true;
    bool fits = !is_number && wanted->n_dims == boundaries->n_dims;
    for (int i = 0; fits && i + 1 < wanted->n_dims; i++) fits = wanted->sizes[i] == boundaries->sizes[i];
    return fits || OP_FAIL(cx, "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions "
                               "of boundaries tensor and input value tensor must match, but we got boundaries tensor %s "
                               "and input value tensor %s", sizes_print(boundaries->sizes, boundaries->n_dims).s,
                           sizes_print(wanted->sizes, wanted->n_dims).s);
}

static bool search_sorted(op_ctx *cx, tensor *boundaries, jit_value query, bool is_int32, bool right, tensor *sorter,
                          jit_value *rets)
{
    const jit_value both[] = { RET_TENSOR(boundaries), query };
    const dtype common = result_type(both, 2);
    const bool is_number = query.tag != VALUE_TENSOR;
    tensor *wanted = is_number ? tensor_from_number(cx, query, common) : tensor_ref(query.t);
    bool ok = wanted && check_search(cx, boundaries, wanted, is_number) && check_sorter(cx, boundaries, sorter);
    if (ok && dtype_is_complex(common))
        ok = OP_FAIL(cx, "\"searchsorted_out_cpu\" not implemented for '%s'", dtype_prefix(common));
    tensor *order = ok && sorter ? tensor_contiguous(cx, sorter) : NULL;
    tensor *result = ok ? make_tensor(cx, is_int32 ? DTYPE_int32 : DTYPE_int64, wanted->sizes, wanted->n_dims) : NULL;
    int64_t *keys = result ? load_keys(cx, boundaries, common) : NULL;
    int64_t *queries = keys ? load_keys(cx, wanted, common) : NULL;
    ok = queries && (order || !sorter);
    if (ok) {
        search s = { .keys = keys, .wanted = queries, .order = order ? tensor_data(order) : NULL, .right = right,
                     .length = boundaries->sizes[boundaries->n_dims - 1], .is_shared = boundaries->n_dims == 1,
                     .per_line = wanted->n_dims ? wanted->sizes[wanted->n_dims - 1] : 1, .out = result };
        par_for(wanted->numel, 4096, search_range, &s);
    } else {
        tensor_unref(result);
    }
    mem_free(keys);
    mem_free(queries);
    tensor_unref(order);
    tensor_unref(wanted);
    return ok && give_tensor(result, rets);
}

/* sequence, query, out_int32, right, side?, sorter? */
bool op_searchsorted(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const jit_value side = args[4];
    if (side.tag == VALUE_STR && !arg_str_is(side, "left") && !arg_str_is(side, "right"))
        return OP_FAIL(cx, "torch.searchsorted(): side can only be 'left' or 'right' but got %s", side.s->s);
    if (arg_str_is(side, "left") && arg_bool(args[3]))
        return OP_FAIL(cx, "torch.searchsorted(): side and right can't be set to opposites, got side of left while right "
                           "was True");
    return search_sorted(cx, args[0].t, args[1], arg_bool(args[2]), arg_bool(args[3]) || arg_str_is(side, "right"),
                         arg_tensor(args[5]), rets);
}

/* query, boundaries, out_int32, right */
bool op_bucketize(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[1].t->n_dims != 1)
        return OP_FAIL(cx, "boundaries tensor must be 1 dimension, but got dim(%d)", args[1].t->n_dims);
    return search_sorted(cx, args[1].t, args[0], arg_bool(args[2]), arg_bool(args[3]), NULL, rets);
}
