/* Indexing with tensors: x[i, mask, :, j] read and written (at/native/TensorAdvancedIndexing.cpp, IndexingUtils.h).
 *
 * Masks become index tensors, which are broadcast together; adjacent indexed dimensions are replaced where they
 * stand, separated ones move to the front. What is left is three lists of byte offsets into the tensor: of the
 * dimensions before, of the indexed positions, of the dimensions after. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/index.h"
#include "runtime/kernels/iter.h"
#include "runtime/kernels/prefetch.h"

#include "base/alloc.h"
#include "base/block.h"

#include <string.h>

typedef struct index_plan {
    tensor *self;                          /* a view, indexed dimensions adjacent */
    tensor *indices[TENSOR_MAX_DIMS];      /* int64, broadcast; NULL: the whole dimension */
    int n_indices, first, last;            /* indexed dimensions are [first, last) of the view */
    int n_index_dims;
    int64_t index_sizes[TENSOR_MAX_DIMS];
    int64_t *before, *middle, *after, n_before, n_middle, n_after;
} index_plan;

static size_t middle_bytes(const index_plan *p) { return ((size_t)p->n_middle + 1) * sizeof *p->middle; }

static void plan_fini(index_plan *p)
{
    tensor_unref(p->self);
    for (int i = 0; i < p->n_indices; i++) tensor_unref(p->indices[i]);
    mem_free(p->before);
    block_free(p->middle, middle_bytes(p));
    mem_free(p->after);
}

/* A mask stands for one index tensor per dimension of its own. */
static bool add_mask(op_ctx *cx, index_plan *p, const tensor *self, tensor *mask, int position)
{
    if (p->n_indices + mask->n_dims > self->n_dims)
        return OP_FAIL(cx, "too many indices for tensor of dimension %d", self->n_dims);
    for (int k = 0; k < mask->n_dims; k++)
        if (mask->sizes[k] != self->sizes[p->n_indices + k])
            return OP_FAIL(cx, "The shape of the mask %s at index %d does not match the shape of the indexed tensor %s at "
                               "index %d", sizes_print(mask->sizes, mask->n_dims).s, k,
                           sizes_print(self->sizes, self->n_dims).s, position + k);
    tensor *found = nonzero_indices(cx, mask);
    for (int k = 0; found && k < mask->n_dims; k++) {
        tensor *column = make_view(cx, found, found->sizes, found->strides, 1, k);
        if (!column) {
            tensor_unref(found);
            return false;
        }
        p->indices[p->n_indices++] = column;
    }
    if (found && mask->n_dims == 0) { // x[True]: a new dimension of size 0 or 1 is not reached from TorchScript
        tensor_unref(found);
        return op_fail(cx, JIT_EUNSUPPORTED, "indexing with a 0-dim mask is not supported");
    }
    tensor_unref(found);
    return found != NULL;
}

static bool fail_many(op_ctx *cx, const tensor *self, size_t n)
{
    return OP_FAIL(cx, "too many indices for tensor of dimension %d (got %zu)", self->n_dims, n);
}

static bool add_indices(op_ctx *cx, index_plan *p, const tensor *self, const list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        tensor *t = arg_tensor(l->values[i]);
        if (!t) {
            if (p->n_indices >= self->n_dims) return fail_many(cx, self, l->n);
            p->indices[p->n_indices++] = NULL;
            continue;
        }
        const dtype d = tensor_dtype(t);
        if (d == DTYPE_bool || d == DTYPE_uint8) {
            if (!add_mask(cx, p, self, t, (int)i)) return false;
            continue;
        }
        if (d != DTYPE_int64) return OP_FAIL(cx, "tensors used as indices must be long, byte or bool tensors");
        if (p->n_indices >= self->n_dims) return fail_many(cx, self, l->n);
        p->indices[p->n_indices++] = tensor_ref(t);
    }
    return true;
}

/* "shape mismatch: indexing tensors could not be broadcast together with shapes [2], [3]" */
static bool fail_shapes(op_ctx *cx, const index_plan *p)
{
    char shapes[512] = "";
    size_t n = 0;
    for (int i = 0; i < p->n_indices; i++) {
        if (!p->indices[i]) continue;
        const sizes_text one = sizes_print(p->indices[i]->sizes, p->indices[i]->n_dims);
        const size_t length = strlen(one.s);
        if (n + length + 3 > sizeof shapes) break;
        if (n) {
            memcpy(shapes + n, ", ", 2);
            n += 2;
        }
        memcpy(shapes + n, one.s, length + 1);
        n += length;
    }
    return OP_FAIL(cx, "shape mismatch: indexing tensors could not be broadcast together with shapes %s", shapes);
}

static bool broadcast_indices(op_ctx *cx, index_plan *p)
{
    for (int i = 0; i < p->n_indices; i++) {
        const tensor *t = p->indices[i];
        if (!t) continue;
        for (int k = 1; k <= t->n_dims && k <= p->n_index_dims; k++) {
            const int64_t a = p->index_sizes[p->n_index_dims - k], b = t->sizes[t->n_dims - k];
            if (a != b && a != 1 && b != 1) return fail_shapes(cx, p);
        }
        if (!broadcast_sizes(cx, p->index_sizes, &p->n_index_dims, t->sizes, t->n_dims)) return false;
    }
    return true;
}

/* The view of self whose indexed dimensions are adjacent; indices follow. */
static bool arrange(op_ctx *cx, index_plan *p, tensor *self)
{
    int n_runs = 0, n = 0;
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
    tensor *indices[TENSOR_MAX_DIMS];
    p->first = p->last = 0;
    for (int i = 0; i < p->n_indices; i++) {
        if (!p->indices[i]) continue;
        if (i == 0 || !p->indices[i - 1]) {
            n_runs++;
            p->first = i;
        }
        p->last = i + 1;
    }
    if (n_runs <= 1) {
        p->self = tensor_ref(self);
        return true;
    }
    for (int pass = 0; pass < 2; pass++) // indexed dimensions first
        for (int i = 0; i < self->n_dims; i++) {
            tensor *t = i < p->n_indices ? p->indices[i] : NULL;
            if ((t != NULL) != (pass == 0)) continue;
            indices[n] = t;
            sizes[n] = self->sizes[i];
            strides[n++] = self->strides[i];
            if (pass == 0) p->last = n;
        }
    p->first = 0;
    p->self = make_view(cx, self, sizes, strides, n, self->offset);
    if (!p->self) return false;
    memcpy(p->indices, indices, (size_t)n * sizeof *indices);
    p->n_indices = n;
    return true;
}

/* One index tensor, contiguous and of the broadcast sizes. */
static tensor *spread_index(op_ctx *cx, const index_plan *p, tensor *index)
{
    if (index->n_dims == p->n_index_dims && tensor_is_contiguous(index) &&
        memcmp(index->sizes, p->index_sizes, index->n_dims * sizeof *index->sizes) == 0)
        return tensor_ref(index);
    tensor *wide = make_tensor(cx, DTYPE_int64, p->index_sizes, p->n_index_dims);
    if (!wide || tensor_copy_into(cx, wide, index)) return wide;
    tensor_unref(wide);
    return NULL;
}

typedef struct positions_task {
    const int64_t *index;
    int64_t *offsets, size, stride;  /* stride in bytes */
    bool is_first;                   /* sets the offsets that later ones add to */
    _Atomic bool failed;
} positions_task;

static void add_positions(void *ctx, int64_t begin, int64_t end)
{
    positions_task *t = ctx;
    const int64_t size = t->size, stride = t->stride;
    bool is_bad = false;
    for (int64_t k = begin; k < end; k++) {
        const int64_t index = t->index[k];
        is_bad |= (index < -size) | (index >= size);
        t->offsets[k] = (t->is_first ? 0 : t->offsets[k]) + (index < 0 ? index + size : index) * stride;
    }
    if (is_bad) t->failed = true;
}

static bool fail_position(op_ctx *cx, const positions_task *t, int64_t n, int dim)
{
    int64_t k = 0;
    while (k < n && t->index[k] >= -t->size && t->index[k] < t->size) k++;
    if (t->size == 0) return OP_FAIL(cx, "index is out of bounds for dimension with size 0");
    return OP_FAIL(cx, "index %lld is out of bounds for dimension %d with size %lld", (long long)t->index[k], dim,
                   (long long)t->size);
}

/* Offsets of the indexed positions; checks every index. */
static bool find_positions(op_ctx *cx, index_plan *p)
{
    const int64_t bytes = (int64_t)dtype_size(tensor_dtype(p->self));
    p->n_middle = 1;
    for (int k = 0; k < p->n_index_dims; k++) p->n_middle *= p->index_sizes[k];
    p->middle = block_alloc(middle_bytes(p));
    if (!p->middle) return op_no_memory(cx);
    if (p->first == p->last) p->middle[0] = 0; // nothing is indexed: one position
    for (int i = p->first; i < p->last; i++) {
        const int64_t size = p->self->sizes[i], stride = p->self->strides[i] * bytes;
        tensor *wide = spread_index(cx, p, p->indices[i]);
        if (!wide) return false;
        positions_task t = { tensor_data(wide), p->middle, size, stride, i == p->first, false };
        par_for(p->n_middle, 16384, add_positions, &t);
        const bool ok = !t.failed || fail_position(cx, &t, p->n_middle, i);
        tensor_unref(wide);
        if (!ok) return false;
    }
    return true;
}

/* On failure nothing is left to release. */
static bool plan_init(op_ctx *cx, index_plan *p, tensor *self, const list *l)
{
    memset(p, 0, sizeof *p);
    if (add_indices(cx, p, self, l) && broadcast_indices(cx, p) && arrange(cx, p, self) && find_positions(cx, p) &&
        (p->before = dims_offsets(cx, p->self, 0, p->first, &p->n_before)) &&
        (p->after = dims_offsets(cx, p->self, p->last, p->self->n_dims, &p->n_after)))
        return true;
    plan_fini(p);
    return false;
}

static int plan_sizes(const index_plan *p, int64_t *ret)
{
    int n = 0;
    for (int i = 0; i < p->first; i++) ret[n++] = p->self->sizes[i];
    for (int i = 0; i < p->n_index_dims; i++) ret[n++] = p->index_sizes[i];
    for (int i = p->last; i < p->self->n_dims; i++) ret[n++] = p->self->sizes[i];
    return n;
}

/* Do the dimensions after the indexed ones lie in one piece? */
static bool is_block(const index_plan *p, int64_t bytes)
{
    for (int64_t k = 0; k < p->n_after; k++)
        if (p->after[k] != k * bytes) return false;
    return true;
}

typedef struct index_task {
    const index_plan *p;
    char *data, *other;      /* the tensor; the result or the values, contiguous */
    int64_t bytes;
    bool is_block;
} index_task;

/* Where row k of the result or the values belongs. */
typedef struct place {
    int64_t before, middle;
} place;

static inline char *next_place(const index_task *task, place *at)
{
    const index_plan *p = task->p;
    char *data = task->data + p->before[at->before] + p->middle[at->middle];
    if (++at->middle == p->n_middle) at->middle = 0, at->before++;
    return data;
}

/* Offsets of indexed positions [low, high). */
typedef struct band {
    int64_t low, high;
} band;

static inline bool is_in(const band *b, int64_t offset) { return offset >= b->low && offset < b->high; }

/* Rows far apart are not foreseen by the processor: ask for one that comes later, if it is in the band that is written.
 * (Where rows are read, several copies are under way at once, and asking takes a fifth longer.) */
static inline void prefetch_place(const index_task *task, const place *at, int64_t row_bytes, const band *written)
{
    enum { AHEAD = 16, MOST = 1024 };
    const index_plan *p = task->p;
    if (at->middle + AHEAD >= p->n_middle || row_bytes > MOST) return;
    const int64_t offset = p->middle[at->middle + AHEAD];
    if (is_in(written, offset)) prefetch_to_write(task->data + p->before[at->before] + offset, row_bytes);
}

#define READ_ELEMENTS(T)                                                                              \
    for (int64_t k = begin; k < end; k++) ((T *)(void *)task->other)[k] = *(const T *)(const void *)next_place(task, &at);

/* Rows of one element. false: of a size that has no loop. */
static bool read_elements(const index_task *task, int64_t begin, int64_t end, place at)
{
    switch (task->bytes) {
    case 1: READ_ELEMENTS(uint8_t) return true;
    case 2: READ_ELEMENTS(uint16_t) return true;
    case 4: READ_ELEMENTS(uint32_t) return true;
    case 8: READ_ELEMENTS(uint64_t) return true;
    default: return false;
    }
}

static void read_rows(void *ctx, int64_t begin, int64_t end)
{
    const index_task *task = ctx;
    const index_plan *p = task->p;
    const int64_t row = p->n_after * task->bytes;
    const combine_fn copy = combine_find(COMBINE_SET, tensor_dtype(p->self));
    place at = { begin / p->n_middle, begin % p->n_middle };
    if (task->is_block && p->n_after == 1 && read_elements(task, begin, end, at)) return;
    for (int64_t k = begin; k < end; k++) {
        const char *from = next_place(task, &at);
        char *to = task->other + k * row;
        if (task->is_block) memcpy(to, from, (size_t)row);
        else
            for (int64_t j = 0; j < p->n_after; j++) copy(1, to + j * task->bytes, 0, from + p->after[j], 0);
    }
}

static int64_t row_grain(const index_plan *p) { return 16384 / (p->n_after + 1) + 1; }

/* A view of one operand that broadcasts to the result: self with its indexed dimensions at stride 0, or an index between
 * dimensions of size 1. */
static tensor *operand_in_result(op_ctx *cx, const index_plan *p, tensor *index, int n_dims)
{
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS] = { 0 };
    const int n_after = p->self->n_dims - p->last;
    plan_sizes(p, sizes);
    if (!index) {
        memcpy(strides, p->self->strides, (size_t)p->first * sizeof *strides);
        memcpy(strides + n_dims - n_after, p->self->strides + p->last, (size_t)n_after * sizeof *strides);
        return make_view(cx, p->self, sizes, strides, n_dims, p->self->offset);
    }
    for (int i = 0; i < n_dims; i++) sizes[i] = 1;
    const int at = n_dims - n_after - index->n_dims;
    memcpy(sizes + at, index->sizes, index->n_dims * sizeof *sizes);
    memcpy(strides + at, index->strides, index->n_dims * sizeof *strides);
    return make_view(cx, index, sizes, strides, n_dims, index->offset);
}

/* The order in which PyTorch's iterator lays the result out: self's, then the indices'. false: row by row. */
static bool order_result(op_ctx *cx, const index_plan *p, const int64_t *sizes, int n_dims, int *order)
{
    tensor *operands[ITER_MAX_OPERANDS];
    int n = 0;
    bool is_plain = tensor_is_contiguous(p->self), ok = true, changes = false;
    for (int i = p->first; i < p->last; i++) is_plain &= tensor_is_contiguous(p->indices[i]);
    if (is_plain || n_dims > TENSOR_MAX_DIMS) return false;
    for (int i = p->first - 1; ok && i < p->last && n < ITER_MAX_OPERANDS; i++) {
        operands[n] = operand_in_result(cx, p, i < p->first ? NULL : p->indices[i], n_dims);
        ok = operands[n] != NULL;
        n += ok;
    }
    if (ok) iter_order_dims(operands, n, sizes, n_dims, order);
    for (int k = 0; k < n; k++) tensor_unref(operands[k]);
    for (int k = 0; ok && k < n_dims; k++) changes |= order[k] != n_dims - 1 - k;
    return changes;
}

static tensor *lay_out(op_ctx *cx, tensor *take, const int *order)
{
    int64_t strides[TENSOR_MAX_DIMS];
    iter_ordered_strides(take->sizes, take->n_dims, order, strides);
    tensor *t = make_tensor_strided(cx, tensor_dtype(take), take->sizes, strides, take->n_dims);
    const bool ok = t && tensor_copy_into(cx, t, take);
    tensor_unref(take);
    if (ok) return t;
    tensor_unref(t);
    return NULL;
}

bool op_index(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    index_plan p;
    int64_t sizes[TENSOR_MAX_DIMS];
    int order[TENSOR_MAX_DIMS];
    if (!plan_init(cx, &p, args[0].t, args[1].list)) return false;
    int64_t n_dims = plan_sizes(&p, sizes);
    tensor *result = make_tensor(cx, tensor_dtype(p.self), sizes, (int)n_dims);
    if (result && result->numel) {
        index_task task = { &p, tensor_data(p.self), tensor_data(result), (int64_t)dtype_size(tensor_dtype(p.self)), false };
        task.is_block = is_block(&p, task.bytes);
        par_for(p.n_before * p.n_middle, row_grain(&p), read_rows, &task);
    }
    if (result && order_result(cx, &p, sizes, (int)n_dims, order)) result = lay_out(cx, result, order);
    plan_fini(&p);
    return give_tensor(result, rets);
}

/* The values, broadcast to what the indices name. */
static tensor *spread_values(op_ctx *cx, const index_plan *p, tensor *values)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    const int n = plan_sizes(p, sizes);
    int lead = n - values->n_dims;
    bool fits = true;
    int extra = 0; // leading dimensions of size 1 that the target does not have are dropped
    for (; lead + extra < 0 && fits; extra++) fits = values->sizes[extra] == 1;
    for (int i = extra; i < values->n_dims && fits; i++)
        fits = values->sizes[i] == 1 || values->sizes[i] == sizes[lead + i];
    if (!fits) {
        OP_FAIL(cx, "shape mismatch: value tensor of shape %s cannot be broadcast to indexing result of shape %s",
                sizes_print(values->sizes, values->n_dims).s, sizes_print(sizes, n).s);
        return NULL;
    }
    if (values->dtype == p->self->dtype && values->n_dims == n && tensor_is_contiguous(values) &&
        memcmp(values->sizes, sizes, (size_t)n * sizeof *sizes) == 0 && !tensors_overlap(values, p->self))
        return tensor_ref(values);
    tensor *wide = make_tensor(cx, tensor_dtype(p->self), sizes, n);
    tensor *from = wide ? make_view(cx, values, values->sizes + extra, values->strides + extra, values->n_dims - extra,
                                    values->offset) : NULL;
    const bool ok = from && tensor_copy_into(cx, wide, from);
    tensor_unref(from);
    if (ok) return wide;
    tensor_unref(wide);
    return NULL;
}

/* A single value fills a mask, whatever its type. */
static bool is_mask_fill(const list *l, const tensor *values)
{
    int n_masks = 0;
    for (size_t i = 0; i < l->n; i++) {
        const tensor *t = arg_tensor(l->values[i]);
        if (!t) continue;
        if (t->dtype != DTYPE_bool && t->dtype != DTYPE_uint8) return false;
        n_masks++;
    }
    return n_masks == 1 && values->numel == 1;
}

typedef struct write_task {
    index_task rows;
    combine_fn put;
    bool adds;
    int64_t n_bands, end;    /* of offsets in p->middle */
} write_task;

static void write_row(const write_task *task, char *to, const char *from)
{
    const index_plan *p = task->rows.p;
    const int64_t bytes = task->rows.bytes;
    if (task->rows.is_block && !task->adds) memcpy(to, from, (size_t)(p->n_after * bytes));
    else if (task->rows.is_block) task->put(p->n_after, to, bytes, from, bytes);
    else
        for (int64_t j = 0; j < p->n_after; j++) task->put(1, to + p->after[j], 0, from + j * bytes, 0);
}

static void write_bands(void *ctx, int64_t begin, int64_t end)
{
    const write_task *task = ctx;
    const index_plan *p = task->rows.p;
    const int64_t row = p->n_after * task->rows.bytes;
    const band mine = { task->end * begin / task->n_bands, task->end * end / task->n_bands };
    const char *from = task->rows.other;
    for (place at = { 0, 0 }; at.before < p->n_before; from += row) {
        if (task->rows.is_block) prefetch_place(&task->rows, &at, row, &mine);
        const bool is_mine = is_in(&mine, p->middle[at.middle]);
        char *to = next_place(&task->rows, &at);
        if (is_mine) write_row(task, to, from);
    }
}

/* In index order. from: the values, contiguous. Each thread writes a band of self: so the last of equal indices stays
 * whatever their number. */
static void write_rows(const index_plan *p, char *from, bool adds)
{
    enum { SHORT_ROW = 32, LEAST = 1 << 18 };
    const dtype d = tensor_dtype(p->self);
    const int64_t bytes = (int64_t)dtype_size(d), row = p->n_after * bytes;
    if (p->n_before * p->n_middle == 0) return;
    write_task task = { { p, tensor_data(p->self), from, bytes, is_block(p, bytes) }, combine_find(adds ? COMBINE_ADD : COMBINE_SET, d),
                        adds, 1, bytes };
    for (int i = p->first; i < p->last; i++) task.end += (p->self->sizes[i] - 1) * p->self->strides[i] * bytes;
    if (row >= SHORT_ROW && p->n_before * p->n_middle >= LEAST / row) task.n_bands = runtime_get_num_threads();
    par_for(task.n_bands, 1, write_bands, &task);
}

/* What is written shares no memory with what tells where and what to write; a filled mask may be filled itself. */
static bool check_put_overlap(op_ctx *cx, const jit_value *args)
{
    if (!arg_bool(args[3]) && is_mask_fill(args[1].list, args[2].t)) return true;
    return check_value_apart(cx, args[0].t, args[2]) && check_value_apart(cx, args[0].t, args[1]);
}

/* self, indices, values, accumulate; writes in index order, so the last of equal ones stays. */
bool op_index_put_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *values = args[2].t;
    const dtype d = tensor_dtype(self);
    index_plan p;
    if (!check_put_overlap(cx, args) || !plan_init(cx, &p, self, args[1].list)) return false;
    tensor *wide = spread_values(cx, &p, values);
    const bool fits = values->dtype == self->dtype || (!arg_bool(args[3]) && is_mask_fill(args[1].list, values));
    const bool ok = wide && (fits || OP_FAIL(cx, "Index put requires the source and destination dtypes match, got %s for "
                                                 "the destination and %s for the source.", dtype_prefix(d),
                                             dtype_prefix(tensor_dtype(values))));
    if (ok) write_rows(&p, tensor_data(wide), arg_bool(args[3]));
    tensor_unref(wide);
    plan_fini(&p);
    return ok && give_self(args, rets);
}

bool op_index_put(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return on_copy(cx, op_index_put_, args, 4, rets);
}
