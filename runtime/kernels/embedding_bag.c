/* Sums, means and maxima of rows of a table (at/native/EmbeddingBag.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/formula.h"
#include "runtime/kernels/nn.h"

#include <math.h>
#include <string.h>

enum { BAG_SUM, BAG_MEAN, BAG_MAX };

typedef struct bags {
    tensor *weight, *index, *offsets, *scale; /* contiguous; scale: one per index, or NULL */
    int64_t n, padding;                       /* padding: a row that does not count, or -1 */
    int mode;
} bags;

/* Where bag k begins and ends in the indices. */
static int64_t bag_begin(const bags *b, int64_t k)
{
    const int64_t at = k < b->offsets->numel ? tensor_get_int(b->offsets, k) : b->index->numel;
    return at < b->index->numel ? at : b->index->numel;
}

static bool check_index(op_ctx *cx, const tensor *t, const char *name, int position)
{
    return t->dtype == DTYPE_int64 || t->dtype == DTYPE_int32 ||
           OP_FAIL(cx, "Expected tensor for argument #%d '%s' to have one of the following scalar types: Long, Int; but got "
                   "torch.%sTensor instead (while checking arguments for embedding_bag)", position, name,
                   dtype_prefix(tensor_dtype(t)));
}

static bool check_scale(op_ctx *cx, const tensor *scale, const tensor *weight, const tensor *index, int mode)
{
    if (!scale)
        return true;
    if (mode != BAG_SUM)
        return OP_FAIL(cx, "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
                       "(got mode='%s'). Please open a feature request on GitHub.", mode == BAG_MEAN ? "mean" : "max");
    if (scale->dtype != weight->dtype)
        return OP_FAIL(cx, "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #2 "
                       "'per_sample_weights'; but type torch.%sTensor does not equal torch.%sTensor (while checking arguments "
                       "for embedding_bag)", dtype_prefix(tensor_dtype(weight)), dtype_prefix(tensor_dtype(scale)));
    return (scale->n_dims == 1 && scale->numel == index->numel) ||
           OP_FAIL(cx, "expected per_sample_weights to be 1D and to have as many elements as the indices");
}

static bool check_bags(op_ctx *cx, const tensor *weight, const tensor *index, const tensor *offsets, int64_t mode)
{
    const dtype d = tensor_dtype(weight);
    if (index->n_dims < 1 || index->n_dims > 2)
        return OP_FAIL(cx, "input has to be a 1D or 2D Tensor, but got Tensor of dimension %d", index->n_dims);
    if (offsets->n_dims != 1)
        return OP_FAIL(cx, "offsets has to be a 1D Tensor, but got Tensor of dimension %d", offsets->n_dims);
    if (weight->n_dims != 2)
        return OP_FAIL(cx, "weight has to be a 2D Tensor, but got Tensor of dimension %d", weight->n_dims);
    if (!check_index(cx, index, "indices", 1) || !check_index(cx, offsets, "offsets", 1))
        return false;
    if (d != DTYPE_float16 && d != DTYPE_float32 && d != DTYPE_float64)
        return OP_FAIL(cx, "Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, Float, "
                       "Double; but got torch.%sTensor instead (while checking arguments for embedding_bag)", dtype_prefix(d));
    if (mode < BAG_SUM || mode > BAG_MAX)
        return OP_FAIL(cx, "embedding_bag: mode %lld is none of sum, mean and max", (long long)mode);
    if (offsets->numel > 0 && tensor_get_int(offsets, 0) != 0)
        return OP_FAIL(cx, "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. "
                       "However, got %lld", (long long)tensor_get_int(offsets, 0));
    const int64_t last = offsets->numel ? tensor_get_int(offsets, offsets->numel - 1) : 0;
    return last <= index->numel ||
           OP_FAIL(cx, "offsets[-1] can not be greater than input's length %lld but got offsets[-1] of %lld",
                   (long long)index->numel, (long long)last);
}

/* Offsets that grow, indices within the table. */
static bool check_values(op_ctx *cx, const bags *b)
{
    for (int64_t k = 0; k < b->n; k++)
        if (bag_begin(b, k) < 0 || bag_begin(b, k) > bag_begin(b, k + 1))
            return OP_FAIL(cx, "offsets must not decrease");
    for (int64_t i = 0; i < b->index->numel; i++) {
        const int64_t row = tensor_get_int(b->index, i);
        if (row < 0 || row >= b->weight->sizes[0])
            return OP_FAIL(cx, "embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be %lld", (long long)row);
    }
    return true;
}

/* The maximum of column j of bag k; *ret_best: the row it is from. */
static double bag_maximum(const bags *b, int64_t k, int64_t j, int64_t *ret_best)
{
    const int64_t end = bag_begin(b, k + 1), width = b->weight->sizes[1];
    const dtype d = tensor_dtype(b->weight);
    double value = 0;
    bool is_first = true;
    *ret_best = 0;
    for (int64_t i = bag_begin(b, k); i < end; i++) {
        const int64_t row = tensor_get_int(b->index, i);
        if (row == b->padding) continue;
        const double x = element_load_double(d, (char *)tensor_data(b->weight) + (size_t)(row * width + j) * dtype_size(d));
        if (is_first || x > value || isnan(x)) {
            value = x;
            *ret_best = row;
        }
        is_first = false;
    }
    return value;
}

/* Bag k of sums or means, of `size` rows that count: one after the other, as numbers in `row`, onto `sums`. */
static void sum_bag(const bags *b, int64_t k, int64_t size, double *row, double *sums, char *to)
{
    const int64_t width = b->weight->sizes[1], bytes = (int64_t)dtype_size(tensor_dtype(b->weight));
    const cast_fn load = cast_find(tensor_dtype(b->weight), DTYPE_float64), store = cast_find(DTYPE_float64, tensor_dtype(b->weight));
    memset(sums, 0, (size_t)width * sizeof *sums);
    for (int64_t i = bag_begin(b, k); i < bag_begin(b, k + 1); i++) {
        const int64_t at = tensor_get_int(b->index, i);
        if (at == b->padding) continue;
        const double scale = b->scale ? tensor_get_double(b->scale, i) : 1;
        load(width, (const char *)tensor_data(b->weight) + at * width * bytes, bytes, (char *)row, sizeof *row);
        for (int64_t j = 0; j < width; j++) sums[j] += row[j] * scale;
    }
    for (int64_t j = 0; b->mode == BAG_MEAN && size && j < width; j++) sums[j] /= (double)size;
    store(width, (const char *)sums, sizeof *sums, to, bytes);
}

/* Bag k of maxima, and which rows they are from. */
static void max_bag(const bags *b, int64_t k, char *to, int64_t *best)
{
    const int64_t width = b->weight->sizes[1];
    const dtype d = tensor_dtype(b->weight);
    for (int64_t j = 0; j < width; j++)
        element_store_double(d, to + (size_t)j * dtype_size(d), bag_maximum(b, k, j, &best[j]));
}

/* results: values, the bag of each index, sizes of the bags, rows of the maxima (else the sizes again). The reference
 * leaves out what its fast path for sums does not need; so do we. */
static bool fill_bags(formula *f, const bags *b, tensor **results)
{
    const dtype d = tensor_dtype(b->weight);
    const int64_t width = b->weight->sizes[1], n_index = b->index->numel;
    const bool is_fast = b->mode == BAG_SUM && d != DTYPE_float64 && b->padding < 0;
    const int64_t sizes[] = { b->n, width };
    results[0] = formula_own(f, make_tensor(f->cx, d, sizes, 2));
    results[1] = formula_own(f, make_tensor(f->cx, DTYPE_int64, is_fast ? &(int64_t){ 0 } : &n_index, 1));
    results[2] = formula_own(f, make_tensor(f->cx, DTYPE_int64, &b->n, 1));
    results[3] = formula_own(f, make_tensor(f->cx, DTYPE_int64, sizes, b->mode == BAG_MAX ? 2 : 1));
    if (f->failed)
        return false;
    int64_t *bag_of = tensor_data(results[1]), *size_of = tensor_data(results[2]), *best = tensor_data(results[3]);
    double *row = mem_calloc(2 * (size_t)width + 1, sizeof *row);
    if (!row) {
        f->failed = true;
        return op_no_memory(f->cx);
    }
    for (int64_t k = 0; k < b->n; k++) {
        char *to = (char *)tensor_data(results[0]) + (size_t)(k * width) * dtype_size(d);
        int64_t size = 0;
        for (int64_t i = bag_begin(b, k); i < bag_begin(b, k + 1); i++) {
            size += tensor_get_int(b->index, i) != b->padding;
            if (!is_fast)
                bag_of[i] = k;
        }
        size_of[k] = b->mode == BAG_SUM ? 0 : size;
        if (b->mode != BAG_MAX)
            best[k] = size_of[k];
        if (b->mode == BAG_MAX)
            max_bag(b, k, to, best + k * width);
        else
            sum_bag(b, k, size, row, row + width, to);
    }
    mem_free(row);
    return true;
}

/* weight indices offsets scale_grad_by_freq mode sparse per_sample_weights include_last_offset */
static bool give_bags(op_ctx *cx, const jit_value *args, int64_t padding, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *scale = arg_tensor(args[6]), *results[4];
    if (!check_bags(cx, args[0].t, args[1].t, args[2].t, args[4].i) || !check_scale(cx, scale, args[0].t, args[1].t, (int)args[4].i))
        return false;
    const bool has_end = arg_bool(args[7]);
    if (has_end && args[2].t->numel < 1)
        return OP_FAIL(cx, "include_last_offset: number of offset should be at least 1");
    bags b = { .mode = (int)args[4].i, .padding = padding, .offsets = args[2].t, .scale = scale, .n = args[2].t->numel - has_end };
    b.weight = formula_own(&f, tensor_contiguous(cx, args[0].t));
    b.index = formula_own(&f, tensor_contiguous(cx, args[1].t));
    if (f.failed || !check_values(cx, &b) || !fill_bags(&f, &b, results))
        return formula_drop(&f);
    return formula_give_n(&f, results, 4, rets);
}

bool op_embedding_bag(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_bags(cx, args, -1, rets);
}

bool op_embedding_bag_padding(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const int64_t n = args[0].t->n_dims ? args[0].t->sizes[0] : 0, padding = arg_int(args[8], -1);
    if (args[8].tag == VALUE_NONE)
        return give_bags(cx, args, -1, rets);
    if (padding < -n || padding >= n)
        return OP_FAIL(cx, "padding_idx must be within the number of embeddings, -%lld through %lld, but got %lld", (long long)n,
                       (long long)n - 1, (long long)padding);
    return give_bags(cx, args, padding < 0 ? padding + n : padding, rets);
}

bool op_embedding_bag_raw(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_bags(cx, args, args[8].i, rets);
}
