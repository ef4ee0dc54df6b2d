/* Whole slices chosen or written along one dimension by a vector of positions: index_select, index_add, index_copy,
 * index_fill, embedding, one_hot (at/native/TensorAdvancedIndexing.cpp, Embedding.cpp, Onehot.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/index.h"

#include "base/alloc.h"

#include <string.h>

/* The positions as int64. mem_free. */
static int64_t *load_positions(op_ctx *cx, const tensor *index)
{
    int64_t *at = mem_alloc((size_t)index->numel * sizeof *at + 1);
    if (!at) {
        op_no_memory(cx);
        return NULL;
    }
    const int64_t stride = (index->n_dims ? index->strides[0] : 1) * (int64_t)dtype_size(tensor_dtype(index));
    cast_find(tensor_dtype(index), DTYPE_int64)(index->numel, tensor_data(index), stride, (char *)at, sizeof *at);
    return at;
}

/* A tensor seen as [before, dim, after] in byte offsets; a 0-dim tensor is one slice. */
typedef struct slices {
    int64_t *before, *after, n_before, n_after, size, stride;
    char *data;
} slices;

static bool slices_init(op_ctx *cx, slices *s, const tensor *t, int dim)
{
    const int rest = t->n_dims ? dim + 1 : 0;
    s->data = tensor_data(t);
    s->size = t->n_dims ? t->sizes[dim] : 1;
    s->stride = t->n_dims ? t->strides[dim] * (int64_t)dtype_size(tensor_dtype(t)) : 0;
    s->after = NULL;
    s->before = dims_offsets(cx, t, 0, t->n_dims ? dim : 0, &s->n_before);
    if (s->before) s->after = dims_offsets(cx, t, rest, t->n_dims, &s->n_after);
    return s->after != NULL;
}

static void slices_fini(slices *s)
{
    mem_free(s->before);
    mem_free(s->after);
}

static bool is_block(const slices *s, int64_t bytes)
{
    for (int64_t k = 0; k < s->n_after; k++)
        if (s->after[k] != k * bytes) return false;
    return true;
}

/* to's slice position[k] combined with from's slice k (or, gathering, the other way round; a NULL from writes `value`). */
typedef struct slice_move {
    slices to, from;
    const int64_t *positions;
    int64_t n_positions, bytes;
    bool gathers, is_block;
    const void *value;
    combine_fn put;
} slice_move;

static void move_slice(const slice_move *m, int64_t b, int64_t k)
{
    const int64_t at = m->positions[k], n = m->to.n_after;
    char *to = m->to.data + m->to.before[b] + (m->gathers ? k : at) * m->to.stride;
    const char *from = m->value ? m->value : m->from.data + m->from.before[b] + (m->gathers ? at : k) * m->from.stride;
    if (m->is_block && m->gathers) {
        if (n == 1) m->put(1, to, 0, from, 0);
        else memcpy(to, from, (size_t)(n * m->bytes));
    } else if (m->is_block) {
        m->put(n, to, m->bytes, from, m->value ? 0 : m->bytes);
    } else {
        for (int64_t j = 0; j < n; j++) m->put(1, to + m->to.after[j], 0, m->value ? from : from + m->from.after[j], 0);
    }
}

/* Slices of one element: positions [k, k + n) of one line. */
static void gather_elements(const slice_move *m, int64_t b, int64_t k, int64_t n)
{
    const char *from = m->from.data + m->from.before[b];
    char *to = m->to.data + m->to.before[b] + k * m->to.stride;
    const int64_t *positions = m->positions + k, stride = m->from.stride, step = m->to.stride;
    if (m->bytes == 4)
        for (int64_t i = 0; i < n; i++) memcpy(to + i * step, from + positions[i] * stride, 4);
    else
        for (int64_t i = 0; i < n; i++) memcpy(to + i * step, from + positions[i] * stride, (size_t)m->bytes);
}

static void move_range(void *ctx, int64_t begin, int64_t end)
{
    const slice_move *m = ctx;
    if (begin >= end) return; // also: there may be no positions
    int64_t b = begin / m->n_positions, k = begin % m->n_positions;
    while (m->gathers && m->to.n_after == 1 && begin < end) {
        const int64_t n = m->n_positions - k < end - begin ? m->n_positions - k : end - begin;
        gather_elements(m, b++, k, n);
        begin += n;
        k = 0;
    }
    for (int64_t i = begin; i < end; i++) {
        move_slice(m, b, k);
        if (++k == m->n_positions) k = 0, b++;
    }
}

/* Slices are gathered on all threads; written ones may meet, and keep their order. */
static void move_slices(const slice_move *m)
{
    const int64_t n = m->to.n_before * m->n_positions;
    if (m->gathers) par_for(n, 16384 / (m->to.n_after + 1) + 1, move_range, (void *)m);
    else move_range((void *)m, 0, n);
}

/* ---- index_select, embedding --------------------------------------------------------------------------- */
static tensor *select_slices(op_ctx *cx, tensor *self, int dim, const tensor *index, const int64_t *sizes, int n_dims)
{
    const dtype d = tensor_dtype(self);
    slice_move m = { .positions = load_positions(cx, index), .n_positions = index->numel, .gathers = true,
                     .bytes = (int64_t)dtype_size(d), .put = combine_find(COMBINE_SET, d) };
    tensor *result = m.positions ? make_tensor(cx, d, sizes, n_dims) : NULL;
    bool ok = result && slices_init(cx, &m.from, self, dim);
    for (int64_t k = 0; ok && k < index->numel; k++)
        if (m.positions[k] < 0 || m.positions[k] >= m.from.size) ok = OP_FAIL(cx, "index out of range in self");
    if (ok && result->numel) {
        int64_t grouped[3] = { m.from.n_before, index->numel, m.from.n_after }, strides[3];
        tensor_contiguous_strides(grouped, 3, strides);
        tensor *view = make_view(cx, result, grouped, strides, 3, 0);
        ok = view && slices_init(cx, &m.to, view, 1);
        m.is_block = ok && is_block(&m.from, m.bytes) && is_block(&m.to, m.bytes);
        if (ok) move_slices(&m);
        slices_fini(&m.to);
        tensor_unref(view);
    }
    slices_fini(&m.from);
    mem_free((void *)(uintptr_t)m.positions);
    if (ok) return result;
    tensor_unref(result);
    return NULL;
}

/* self, dim, index */
bool op_index_select(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *index = args[2].t;
    int64_t sizes[TENSOR_MAX_DIMS];
    int dim;
    if (!wrap_dim(cx, args[1].i, self->n_dims, &dim)) return false;
    if (index->n_dims > 1) return OP_FAIL(cx, "index_select(): Index is supposed to be a vector");
    if (index->dtype != DTYPE_int64 && index->dtype != DTYPE_int32)
        return OP_FAIL(cx, "index_select(): Expected dtype int32 or int64 for index");
    if (self->n_dims == 0 && index->numel != 1)
        return OP_FAIL(cx, "index_select(): Index to scalar can have only 1 value, got %lld value(s)", (long long)index->numel);
    memcpy(sizes, self->sizes, self->n_dims * sizeof *sizes);
    if (self->n_dims) sizes[dim] = index->numel;
    return give_tensor(select_slices(cx, self, dim, index, sizes, self->n_dims), rets);
}

/* weight, indices, padding_idx, … */
bool op_embedding(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *weight = args[0].t, *index = args[1].t;
    int64_t sizes[TENSOR_MAX_DIMS];
    if (weight->n_dims != 2) return OP_FAIL(cx, "'weight' must be 2-D");
    if (index->dtype != DTYPE_int64 && index->dtype != DTYPE_int32)
        return OP_FAIL(cx, "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
                           "but got torch.%sTensor instead (while checking arguments for embedding)",
                       dtype_prefix(tensor_dtype(index)));
    if (index->n_dims == TENSOR_MAX_DIMS) return OP_FAIL(cx, "too many dimensions");
    memcpy(sizes, index->sizes, index->n_dims * sizeof *sizes);
    sizes[index->n_dims] = weight->sizes[1];
    tensor *flat = tensor_contiguous(cx, index);
    const int64_t one = 1;
    tensor *line = flat ? make_view(cx, flat, &flat->numel, &one, 1, flat->offset) : NULL;
    tensor *result = line ? select_slices(cx, weight, 0, line, sizes, index->n_dims + 1) : NULL;
    tensor_unref(flat);
    tensor_unref(line);
    return give_tensor(result, rets);
}

/* self, num_classes */
bool op_one_hot(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t;
    int64_t n = args[1].i, sizes[TENSOR_MAX_DIMS];
    if (self->dtype != DTYPE_int64) return OP_FAIL(cx, "one_hot is only applicable to index tensor.");
    if (self->numel == 0 && n <= 0) return OP_FAIL(cx, "Can not infer total number of classes from empty tensor.");
    if (self->n_dims == TENSOR_MAX_DIMS) return OP_FAIL(cx, "too many dimensions");
    int64_t max = -1;
    for (int64_t i = 0; i < self->numel; i++) {
        const int64_t at = tensor_get_int(self, i);
        if (at < 0) return OP_FAIL(cx, "Class values must be non-negative.");
        if (at > max) max = at;
    }
    if (n == -1) n = max < INT64_MAX ? max + 1 : max;
    if (n < 1) return OP_FAIL(cx, "num_classes should be positive");
    if (max >= n) return OP_FAIL(cx, "Class values must be smaller than num_classes.");
    memcpy(sizes, self->sizes, self->n_dims * sizeof *sizes);
    sizes[self->n_dims] = n;
    tensor *result = make_tensor(cx, DTYPE_int64, sizes, self->n_dims + 1);
    if (!result) return false;
    if (result->numel) memset(tensor_data(result), 0, (size_t)result->numel * sizeof(int64_t));
    for (int64_t i = 0; i < self->numel; i++) ((int64_t *)tensor_data(result))[i * n + tensor_get_int(self, i)] = 1;
    rets[0] = RET_TENSOR(result);
    return true;
}

/* ---- writing slices --------------------------------------------------------------------------------------- */
/* source NULL: the element `value` fills the slices. Negative positions count from the end if `wraps`. */
static bool write_slices(op_ctx *cx, tensor *self, int dim, const tensor *index, tensor *src, const void *value,
                         combine_fn put, const char *name, bool wraps)
{
    slice_move m = { .positions = load_positions(cx, index), .n_positions = index->numel, .value = value, .put = put,
                     .bytes = (int64_t)dtype_size(tensor_dtype(self)) };
    int64_t *positions = (int64_t *)(uintptr_t)m.positions;
    bool ok = positions && (!src || check_no_self_overlap(cx, self)) && slices_init(cx, &m.to, self, dim) &&
              (!src || slices_init(cx, &m.from, src, dim));
    for (int64_t k = 0; ok && k < index->numel; k++) {
        const int64_t at = positions[k], size = m.to.size;
        if (wraps && at < 0 && at >= -size) positions[k] += size;
        else if (at < 0 || at >= size)
            ok = name ? OP_FAIL(cx, "%sindex %lld is out of bounds for dimension %d with size %lld", name, (long long)at, dim,
                                (long long)size)
                      : OP_FAIL(cx, "index out of range in self");
    }
    if (ok) {
        m.is_block = is_block(&m.to, m.bytes) && (!src || is_block(&m.from, m.bytes));
        move_slices(&m);
    }
    slices_fini(&m.to);
    slices_fini(&m.from);
    mem_free(positions);
    return ok;
}

/* What index_add demands of the index. */
static bool check_positions(op_ctx *cx, const char *name, const tensor *index)
{
    if (index->n_dims > 1) return OP_FAIL(cx, "%s: Index is supposed to be a vector, but got dim: %d", name, index->n_dims);
    if (index->dtype != DTYPE_int64 && index->dtype != DTYPE_int32)
        return OP_FAIL(cx, "%s: Expected dtype int32/int64 for index but got: %s", name, dtype_prefix(tensor_dtype(index)));
    return true;
}

/* Sizes of self and source apart from `dim`. */
static int differing_dim(const tensor *self, const tensor *src, int dim)
{
    for (int i = 0; i < self->n_dims; i++)
        if (i != dim && self->sizes[i] != src->sizes[i]) return i;
    return -1;
}

/* source times alpha, or itself. */
static tensor *scaled(op_ctx *cx, tensor *src, jit_value alpha)
{
    if (alpha.tag == VALUE_INT && alpha.i == 1) return tensor_ref(src);
    if (alpha.tag == VALUE_FLOAT && dtype_is_integral(tensor_dtype(src))) /* whole, like the elements */
        alpha = alpha.f >= -0x1p63 && alpha.f < 0x1p63 ? VALUE_INT_V((int64_t)alpha.f) : VALUE_INT_V(INT64_MIN);
    tensor *product = COMPOSE(cx, aten_mul_Scalar, RET_TENSOR(src), alpha);
    tensor *same = product ? tensor_to(cx, product, tensor_dtype(src)) : NULL;
    tensor_unref(product);
    return same;
}

/* self, dim, index, source, alpha */
bool op_index_add_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *index = args[2].t, *src = args[3].t;
    int dim;
    if (!wrap_dim(cx, args[1].i, self->n_dims, &dim)) return false;
    if (self->dtype != src->dtype)
        return OP_FAIL(cx, "index_add_(): self (%s) and source (%s) must have the same scalar type",
                       dtype_prefix(tensor_dtype(self)), dtype_prefix(tensor_dtype(src)));
    if (src->n_dims != self->n_dims && src->n_dims + self->n_dims > 1)
        return OP_FAIL(cx, "source tensor shape must match self tensor shape, excluding the specified dimension. Got "
                           "self.shape = %s source.shape = %s", sizes_print(self->sizes, self->n_dims).s,
                       sizes_print(src->sizes, src->n_dims).s);
    if (!check_positions(cx, "index_add_()", index) || !check_no_overlap(cx, self, index) || !check_no_overlap(cx, self, src)) return false;
    const int64_t n = src->n_dims ? src->sizes[dim] : 1;
    if (index->numel != n)
        return OP_FAIL(cx, "index_add_(): Number of indices (%lld) should be equal to source.size(dim): (%lld), for dim: %d",
                       (long long)index->numel, (long long)n, dim);
    const int other = self->n_dims == src->n_dims ? differing_dim(self, src, dim) : -1;
    if (other >= 0)
        return OP_FAIL(cx, "The size of tensor a (%lld) must match the size of tensor b (%lld) at non-singleton dimension %d",
                       (long long)self->sizes[other], (long long)src->sizes[other], other < dim ? other : other - 1);
    tensor *from = scaled(cx, src, args[4]);
    const bool ok = from && write_slices(cx, self, dim, index, from, NULL, combine_find(COMBINE_ADD, tensor_dtype(self)), NULL, false);
    tensor_unref(from);
    return ok && give_self(args, rets);
}

bool op_index_add(op_ctx *cx, const jit_value *args, jit_value *rets) { return on_contiguous_copy(cx, op_index_add_, args, 5, rets); }

static bool check_copy(op_ctx *cx, const tensor *self, int dim, const tensor *index, const tensor *src)
{
    const int64_t n = src->n_dims ? src->sizes[dim < src->n_dims ? dim : 0] : 1;
    if (index->n_dims >= 2)
        return OP_FAIL(cx, "index_copy_(): Index should have dimension 1 or 0 (got %d)", index->n_dims);
    if (src->n_dims == 0 && index->numel != 1)
        return OP_FAIL(cx, "index_copy_(): When source is scalar, index should have one element (got %lld)",
                       (long long)index->numel);
    if (src->n_dims != self->n_dims && src->n_dims != 0 && self->n_dims != 0)
        return OP_FAIL(cx, "index_copy_(): When source and destination are not scalars, their dimensionality must match. "
                           "Source dimensionality (%d), destination dimensionality (%d)", src->n_dims, self->n_dims);
    if (index->dtype != DTYPE_int64)
        return OP_FAIL(cx, "index_copy_(): Expected a long tensor for index, but got %s", dtype_prefix(tensor_dtype(index)));
    if (self->dtype != src->dtype)
        return OP_FAIL(cx, "index_copy_(): self and source expected to have the same dtype, but got (self) %s and (source) %s",
                       dtype_prefix(tensor_dtype(self)), dtype_prefix(tensor_dtype(src)));
    const int other = self->n_dims == src->n_dims ? differing_dim(self, src, dim) : -1;
    if (other >= 0)
        return OP_FAIL(cx, "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
                           "%lld at dimension %d and source slice shape: %lld at dimension %d.",
                       (long long)self->sizes[other], dim, (long long)src->sizes[other], dim);
    if (index->numel != n)
        return OP_FAIL(cx, "index_copy_(): Number of indices (%lld) should be equal to source.size(dim) (%lld)",
                       (long long)index->numel, (long long)n);
    return true;
}

/* self, dim, index, source */
bool op_index_copy_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *src = args[3].t;
    int dim;
    if (!wrap_dim(cx, args[1].i, self->n_dims, &dim) || !check_copy(cx, self, dim, args[2].t, src) ||
        !check_no_overlap(cx, self, args[2].t) || !check_no_overlap(cx, self, src))
        return false;
    tensor *own = tensors_overlap(self, src) ? tensor_clone(cx, src) : tensor_ref(src);
    const bool ok = own && write_slices(cx, self, dim, args[2].t, own, NULL, combine_find(COMBINE_SET, tensor_dtype(self)),
                                        "index_copy_(): ", false);
    tensor_unref(own);
    return ok && give_self(args, rets);
}

bool op_index_copy(op_ctx *cx, const jit_value *args, jit_value *rets) { return on_contiguous_copy(cx, op_index_copy_, args, 4, rets); }

/* self, dim, index, value (a number or a 0-dim tensor) */
bool op_index_fill_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *index = args[2].t;
    const dtype d = tensor_dtype(self);
    char element[16];
    int dim;
    if (index->dtype != DTYPE_int64) return OP_FAIL(cx, "index_fill_(): Expected dtype int64 for index.");
    if (args[3].tag == VALUE_TENSOR) {
        if (args[3].t->n_dims)
            return OP_FAIL(cx, "index_fill_ only supports a 0-dimensional value tensor, but got tensor with %d dimension(s).",
                           args[3].t->n_dims);
        cast_find(tensor_dtype(args[3].t), d)(1, tensor_data(args[3].t), 0, element, 0);
    } else {
        element_store_number(d, element, args[3]);
    }
    if (!wrap_dim(cx, args[1].i, self->n_dims, &dim)) return false;
    if (index->n_dims > 1) return OP_FAIL(cx, "Index has to be a vector/scalar");
    if (!check_no_overlap(cx, self, index)) return false;
    return write_slices(cx, self, dim, index, NULL, element, combine_find(COMBINE_SET, d), "", true) && give_self(args, rets);
}

bool op_index_fill(op_ctx *cx, const jit_value *args, jit_value *rets) { return on_copy(cx, op_index_fill_, args, 4, rets); }
