/* Where a mask is set: nonzero, masked_select, masked_scatter (at/native/TensorAdvancedIndexing.cpp). Positions are found a
 * block at a time without a branch for each element, which processors could not foresee. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/index.h"

#include "base/alloc.h"

#include <string.h>

enum { BLOCK = 256, CHUNK = 64 * BLOCK /* for one task */ };

/* What happens to the n elements first + at[k], which are set, the first of them being number `place` of all. */
typedef void each_block(const void *ctx, int64_t first, const uint8_t *at, int64_t n, int64_t place);

typedef struct mask_walk {
    each_block *each;
    const void *ctx;
    const bool *is_set;
    int64_t n, n_chunks, n_set;
    int64_t *places;    /* how many are set before each chunk */
} mask_walk;

static void count_chunks(void *ctx, int64_t begin, int64_t end)
{
    const mask_walk *w = ctx;
    for (int64_t c = begin; c < end; c++) {
        const int64_t first = c * CHUNK, stop = first + CHUNK < w->n ? first + CHUNK : w->n;
        int32_t n = 0;
        for (int64_t i = first; i < stop; i++) n += w->is_set[i];
        w->places[c] = n;
    }
}

/* Counts what is set. mask: contiguous bool. */
static bool walk_begin(op_ctx *cx, mask_walk *w, const tensor *mask)
{
    w->is_set = tensor_data(mask);
    w->n = mask->numel;
    w->n_chunks = (w->n + CHUNK - 1) / CHUNK;
    w->places = mem_alloc((size_t)(w->n_chunks + 1) * sizeof *w->places);
    if (!w->places) return op_no_memory(cx);
    par_for(w->n_chunks, 4, count_chunks, w);
    w->n_set = 0;
    for (int64_t c = 0; c < w->n_chunks; c++) {
        const int64_t n = w->places[c];
        w->places[c] = w->n_set;
        w->n_set += n;
    }
    return true;
}

static void walk_chunks(void *ctx, int64_t begin, int64_t end)
{
    const mask_walk *w = ctx;
    uint8_t at[BLOCK];
    for (int64_t c = begin; c < end; c++) {
        const int64_t stop = c * CHUNK + CHUNK < w->n ? c * CHUNK + CHUNK : w->n;
        int64_t place = w->places[c];
        for (int64_t first = c * CHUNK; first < stop; first += BLOCK) {
            const int64_t size = stop - first < BLOCK ? stop - first : BLOCK;
            int64_t n = 0;
            for (int64_t i = 0; i < size; i++) {
                at[n] = (uint8_t)i;
                n += w->is_set[first + i];
            }
            w->each(w->ctx, first, at, n, place);
            place += n;
        }
    }
}

static void walk_run(mask_walk *w) { par_for(w->n_chunks, 4, walk_chunks, w); }

static void walk_end(mask_walk *w) { mem_free(w->places); }

/* ---- nonzero ------------------------------------------------------------------------------------------- */
typedef struct nonzero_task {
    const tensor *t;
    int64_t *ret;
} nonzero_task;

static void store_positions(const void *ctx, int64_t first, const uint8_t *at, int64_t n, int64_t place)
{
    const nonzero_task *task = ctx;
    const tensor *t = task->t;
    int64_t *ret = task->ret + place * t->n_dims;
    if (t->n_dims == 1) {
        for (int64_t k = 0; k < n; k++) ret[k] = first + at[k];
        return;
    }
    for (int64_t k = 0; k < n; k++, ret += t->n_dims) {
        int64_t rest = first + at[k];
        for (int i = t->n_dims - 1; i >= 0; i--) {
            ret[i] = rest % t->sizes[i];
            rest /= t->sizes[i];
        }
    }
}

tensor *nonzero_indices(op_ctx *cx, tensor *t)
{
    tensor *truth = tensor_contiguous_as(cx, t, DTYPE_bool), *result = NULL;
    mask_walk w = { .each = store_positions };
    if (truth && walk_begin(cx, &w, truth)) {
        result = make_tensor(cx, DTYPE_int64, (int64_t[]){ w.n_set, t->n_dims }, 2);
        const nonzero_task task = { t, result ? tensor_data(result) : NULL };
        w.ctx = &task;
        if (result) walk_run(&w);
        walk_end(&w);
    }
    tensor_unref(truth);
    return result;
}

/* PyTorch lays the indices out column by column, which programs see through strides and view(). */
bool op_nonzero(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *rows = nonzero_indices(cx, args[0].t);
    if (!rows || rows->n_dims != 2) return give_tensor(rows, rets);
    const int64_t n = rows->sizes[0], width = rows->sizes[1];
    tensor *turned = make_view(cx, rows, (int64_t[]){ width, n }, (int64_t[]){ 1, width }, 2, 0);
    tensor *columns = turned ? tensor_contiguous(cx, turned) : NULL;
    tensor *result = columns ? make_view(cx, columns, rows->sizes, (int64_t[]){ 1, n }, 2, 0) : NULL;
    tensor_unref(columns);
    tensor_unref(turned);
    tensor_unref(rows);
    return give_tensor(result, rets);
}

/* One index tensor per dimension; a 0-dim tensor counts as 1-dim. */
bool op_nonzero_list(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    const int64_t one = 1;
    tensor *line = t->n_dims ? tensor_ref(t) : make_view(cx, t, &one, &one, 1, t->offset);
    tensor *found = line ? nonzero_indices(cx, line) : NULL;
    list *l = found ? list_new(T_TENSOR, LIST_VALUES, (size_t)found->sizes[1]) : NULL;
    bool ok = l != NULL;
    if (found && !l) op_no_memory(cx);
    for (int64_t k = 0; ok && k < found->sizes[1]; k++) {
        tensor *column = make_view(cx, found, found->sizes, found->strides, 1, k);
        ok = column && (list_push(l, RET_TENSOR(column)) || op_no_memory(cx));
    }
    tensor_unref(line);
    tensor_unref(found);
    if (ok) rets[0] = VALUE_HEAP_V(VALUE_LIST, l);
    else if (l) value_unref(VALUE_HEAP_V(VALUE_LIST, l));
    return ok;
}

/* ---- masks --------------------------------------------------------------------------------------------- */
typedef struct select_task {
    const char *from;
    char *to;
    size_t bytes;
} select_task;

#define SELECT(size) \
    case size: \
        for (int64_t k = 0; k < n; k++) memcpy(to + k * (size), from + at[k] * (size), size); \
        break;

static void select_block(const void *ctx, int64_t first, const uint8_t *at, int64_t n, int64_t place)
{
    const select_task *t = ctx;
    const char *from = t->from + first * (int64_t)t->bytes;
    char *to = t->to + place * (int64_t)t->bytes;
    switch (t->bytes) {
    SELECT(1)
    SELECT(2)
    SELECT(4)
    SELECT(8)
    SELECT(16)
    }
}

static bool check_mask(op_ctx *cx, const char *name, const tensor *mask)
{
    if (mask->dtype == DTYPE_bool || mask->dtype == DTYPE_uint8) return true;
    return OP_FAIL(cx, "%s: expected BoolTensor or ByteTensor for mask", name);
}

/* t broadcast to sizes, contiguous. */
static tensor *spread(op_ctx *cx, tensor *t, dtype d, const int64_t *sizes, int n_dims)
{
    if (t->n_dims == n_dims && memcmp(t->sizes, sizes, (size_t)n_dims * sizeof *sizes) == 0) return tensor_contiguous_as(cx, t, d);
    tensor *wide = make_tensor(cx, d, sizes, n_dims);
    if (wide && tensor_copy_into(cx, wide, t)) return wide;
    tensor_unref(wide);
    return NULL;
}

bool op_masked_select(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *mask = args[1].t;
    const dtype d = tensor_dtype(self);
    int64_t sizes[TENSOR_MAX_DIMS];
    int n_dims = mask->n_dims;
    if (!check_mask(cx, "masked_select", mask)) return false;
    memcpy(sizes, mask->sizes, (size_t)n_dims * sizeof *sizes);
    if (!broadcast_sizes(cx, sizes, &n_dims, self->sizes, self->n_dims)) return false;
    tensor *wide_mask = spread(cx, mask, DTYPE_bool, sizes, n_dims);
    tensor *wide = wide_mask ? spread(cx, self, d, sizes, n_dims) : NULL, *result = NULL;
    mask_walk w = { .each = select_block };
    if (wide && walk_begin(cx, &w, wide_mask)) {
        result = make_tensor(cx, d, &w.n_set, 1);
        select_task task = { tensor_data(wide), result ? tensor_data(result) : NULL, dtype_size(d) };
        w.ctx = &task;
        if (result) walk_run(&w);
        walk_end(&w);
    }
    tensor_unref(wide_mask);
    tensor_unref(wide);
    return give_tensor(result, rets);
}

/* self, mask, source: the source's elements, in order, where the mask is set. */
bool op_masked_scatter_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *mask = args[1].t, *src = args[2].t;
    const dtype d = tensor_dtype(self);
    if (self->dtype != src->dtype)
        return OP_FAIL(cx, "masked_scatter: expected self and source to have same dtypes but got%s and %s", dtype_prefix(d),
                       dtype_prefix(tensor_dtype(src)));
    if (!check_no_self_overlap(cx, self)) return false;
    int64_t sizes[TENSOR_MAX_DIMS];
    int n_dims = mask->n_dims;
    memcpy(sizes, mask->sizes, (size_t)n_dims * sizeof *sizes);
    if (!broadcast_sizes(cx, sizes, &n_dims, self->sizes, self->n_dims)) return false;
    tensor *wide_mask = spread(cx, mask, DTYPE_bool, self->sizes, self->n_dims);
    tensor *from = wide_mask ? tensor_contiguous(cx, src) : NULL;
    int64_t n_self = 0, next = 0;
    int64_t *offsets = from ? dims_offsets(cx, self, 0, self->n_dims, &n_self) : NULL;
    const int64_t bytes = (int64_t)dtype_size(d);
    bool ok = offsets != NULL;
    for (int64_t i = 0; i < n_self && ok; i++) {
        if (!((bool *)tensor_data(wide_mask))[i]) continue;
        if (next == from->numel) ok = OP_FAIL(cx, "Number of elements of source < number of ones in mask");
        else memcpy((char *)tensor_data(self) + offsets[i], (char *)tensor_data(from) + next++ * bytes, (size_t)bytes);
    }
    mem_free(offsets);
    tensor_unref(from);
    tensor_unref(wide_mask);
    return ok && give_self(args, rets);
}

bool op_masked_scatter(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *mask = args[1].t;
    int64_t sizes[TENSOR_MAX_DIMS];
    int n_dims = mask->n_dims;
    memcpy(sizes, mask->sizes, (size_t)n_dims * sizeof *sizes);
    if (!broadcast_sizes(cx, sizes, &n_dims, self->sizes, self->n_dims)) return false;
    tensor *wide = spread(cx, self, tensor_dtype(self), sizes, n_dims);
    const bool ok = wide && on_contiguous_copy(cx, op_masked_scatter_, (jit_value[]){ RET_TENSOR(wide), args[1], args[2] }, 3, rets);
    tensor_unref(wide);
    return ok;
}
