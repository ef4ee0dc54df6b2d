/* runtime/kernels/join.c: many tensors to one (cat, stack, …) and one to many (split, unbind, …).
 *
 * Joining copies each part into its window of the result; splitting gives views. Source of the rules:
 * at/native/TensorShape.cpp. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/views.h"

#include "base/alloc.h"
#include "ir/type.h"

#include <string.h>

/* ---- lists of tensors ------------------------------------------------------------------------ */

/* Owned tensors under construction; grows by push, ends as a list value. */
static bool push_tensor(op_ctx *cx, list *l, tensor *take)
{
    if (!take) return false;
    return list_push(l, RET_TENSOR(take)) || op_no_memory(cx);
}

static list *new_list(op_ctx *cx, size_t n)
{
    list *l = list_new(T_TENSOR, LIST_VALUES, n);
    if (!l) op_no_memory(cx);
    return l;
}

/* Give the list out, or release it when something failed. */
static bool finish_list(list *l, bool ok, jit_value *rets)
{
    if (ok)
        rets[0] = VALUE_HEAP_V(VALUE_LIST, l);
    else
        value_unref(VALUE_HEAP_V(VALUE_LIST, l));
    return ok;
}

/* ---- cat ------------------------------------------------------------------------------------- */

/* An empty 1-d tensor is skipped whatever the others' dimensions are, as it always was. */
static bool is_skipped(const tensor *t) { return t->n_dims == 1 && t->sizes[0] == 0; }

static bool check_part(op_ctx *cx, const tensor *first, const tensor *t, int dim, size_t number)
{
    if (t->n_dims != first->n_dims)
        return OP_FAIL(cx, "Tensors must have same number of dimensions: got %d and %d", first->n_dims, t->n_dims);
    for (int i = 0; i < t->n_dims; i++)
        if (i != dim && t->sizes[i] != first->sizes[i])
            return OP_FAIL(cx, "Sizes of tensors must match except in dimension %d. Expected size %lld but got size %lld "
                           "for tensor number %zu in the list.", dim, (long long)first->sizes[i],
                           (long long)t->sizes[i], number);
    return true;
}

/* Rows of bytes, one part's after the other's. */
typedef struct rows_task {
    char *to;
    tensor *const *parts;
    size_t n_parts;
    int dim;
    int64_t part_bytes, row_bytes; /* of one element of the dimension; of a row of all parts */
} rows_task;

static inline void copy_piece(char *to, const char *from, int64_t n_bytes)
{
    if (n_bytes == 4)
        memcpy(to, from, 4);
    else if (n_bytes == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, (size_t)n_bytes);
}

/* Part by part, so that each is read in one go; the rows of a chunk stay in the cache. */
static void copy_some_rows(void *ctx, int64_t begin, int64_t end)
{
    const rows_task *t = ctx;
    char *to = t->to + begin * t->row_bytes;
    for (size_t k = 0; k < t->n_parts; k++) {
        if (is_skipped(t->parts[k])) continue;
        const int64_t n_bytes = t->parts[k]->sizes[t->dim] * t->part_bytes;
        const char *from = (const char *)tensor_data(t->parts[k]) + begin * n_bytes;
        for (int64_t row = 0; row < end - begin && n_bytes; row++)
            copy_piece(to + row * t->row_bytes, from + row * n_bytes, n_bytes);
        to += n_bytes;
    }
}

/* All parts contiguous and of one type. */
static bool copy_rows(tensor *out, tensor *const *parts, size_t n, int dim)
{
    enum { CHUNK_BYTES = 1 << 16 };
    int64_t inner = 1, outer = 1;
    for (int i = 0; i < dim; i++) outer *= out->sizes[i];
    for (int i = dim + 1; i < out->n_dims; i++) inner *= out->sizes[i];
    for (size_t k = 0; k < n; k++)
        if (parts[k]->dtype != out->dtype || !tensor_is_contiguous(out) || (!is_skipped(parts[k]) && !tensor_is_contiguous(parts[k]))) return false;
    rows_task t = { tensor_data(out), parts, n, dim, inner * (int64_t)dtype_size(tensor_dtype(out)), 0 };
    t.row_bytes = out->sizes[dim] * t.part_bytes;
    if (outer > 1) {
        par_for(outer, CHUNK_BYTES / (t.row_bytes + 1) + 1, copy_some_rows, &t);
        return true;
    }
    for (size_t k = 0; k < n && outer; k++) {
        if (is_skipped(parts[k])) continue;
        const int64_t n_bytes = parts[k]->sizes[dim] * t.part_bytes;
        copy_bytes(t.to, tensor_data(parts[k]), n_bytes);
        t.to += n_bytes;
    }
    return true;
}

static bool copy_windows(op_ctx *cx, tensor *out, tensor *const *parts, size_t n, int dim)
{
    int64_t at = 0;
    for (size_t k = 0; k < n; k++) {
        if (is_skipped(parts[k])) continue;
        tensor *to = tensor_narrow(cx, out, dim, at, parts[k]->sizes[dim]);
        const bool ok = to && tensor_copy_into(cx, to, parts[k]);
        if (to) tensor_unref(to);
        if (!ok) return false;
        at += parts[k]->sizes[dim];
    }
    return true;
}

tensor *tensor_cat(op_ctx *cx, tensor *const *parts, size_t n, int64_t raw_dim)
{
    promotion p = PROMOTION_INIT;
    const tensor *first = NULL;
    int dim;
    if (n == 0) {
        OP_FAIL(cx, "torch.cat(): expected a non-empty list of Tensors");
        return NULL;
    }
    for (size_t k = 0; k < n; k++) {
        promotion_add_tensor(&p, parts[k]);
        if (parts[k]->n_dims == 0) {
            OP_FAIL(cx, "zero-dimensional tensor (at position %zu) cannot be concatenated", k);
            return NULL;
        }
        if (!first && !is_skipped(parts[k])) first = parts[k];
    }
    if (!first) first = parts[0];
    if (!wrap_dim(cx, raw_dim, first->n_dims, &dim)) return NULL;
    int64_t sizes[TENSOR_MAX_DIMS];
    memcpy(sizes, first->sizes, first->n_dims * sizeof *sizes);
    sizes[dim] = 0;
    for (size_t k = 0; k < n; k++) {
        if (is_skipped(parts[k])) continue;
        if (!check_part(cx, first, parts[k], dim, k)) return NULL;
        sizes[dim] += parts[k]->sizes[dim];
    }
    const tensor *model = first; // all in one memory format: the result too
    for (size_t k = 0; k < n; k++)
        if (!is_skipped(parts[k]) && !tensor_is_channels_last(parts[k])) model = parts[k];
    tensor *out = make_tensor_in_format(cx, promotion_result(&p), sizes, first->n_dims, model);
    if (!out || copy_rows(out, parts, n, dim) || copy_windows(cx, out, parts, n, dim)) return out;
    tensor_unref(out);
    return NULL;
}

/* Calls fn on the tensors of a list value as an array. */
enum { SOME_PARTS = 16 };

static bool join(op_ctx *cx, const list *l, int64_t dim, tensor *(*prepare)(op_ctx *cx, tensor *t, int64_t dim),
                 jit_value *rets)
{
    tensor *few[SOME_PARTS], **parts = l->n <= SOME_PARTS ? few : mem_calloc(l->n, sizeof *parts);
    if (!parts) return op_no_memory(cx);
    size_t n = 0;
    for (; n < l->n; n++) {
        parts[n] = prepare ? prepare(cx, l->values[n].t, dim) : tensor_ref(l->values[n].t);
        if (!parts[n]) break;
    }
    tensor *out = n == l->n ? tensor_cat(cx, parts, n, dim) : NULL;
    while (n > 0) tensor_unref(parts[--n]);
    if (parts != few) mem_free(parts);
    if (out) rets[0] = RET_TENSOR(out);
    return out != NULL;
}

bool op_cat(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return join(cx, args[0].list, args[1].i, NULL, rets);
}

/* ---- stack and its relatives: parts get a dimension first ------------------------------------ */

static tensor *add_dim(op_ctx *cx, tensor *t, int64_t dim)
{
    window w = window_of(t);
    window_insert_dim(&w, (int)dim, 1, 1);
    return view_window(cx, t, &w);
}

bool op_stack(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const list *l = args[0].list;
    int dim;
    if (l->n == 0) return OP_FAIL(cx, "stack expects a non-empty TensorList");
    const tensor *first = l->values[0].t;
    if (!wrap_dim(cx, args[1].i, first->n_dims + 1, &dim)) return false;
    for (size_t k = 1; k < l->n; k++)
        if (!tensor_same_sizes(first, l->values[k].t))
            return OP_FAIL(cx, "stack expects each tensor to be equal size, but got %s at entry 0 and %s at entry %zu",
                           sizes_print(first->sizes, first->n_dims).s,
                           sizes_print(l->values[k].t->sizes, l->values[k].t->n_dims).s, k);
    return join(cx, l, dim, add_dim, rets);
}

static tensor *at_least_1d(op_ctx *cx, tensor *t, int64_t dim) { (void)dim; return tensor_at_least(cx, t, 1); }
static tensor *at_least_2d(op_ctx *cx, tensor *t, int64_t dim) { (void)dim; return tensor_at_least(cx, t, 2); }
static tensor *at_least_3d(op_ctx *cx, tensor *t, int64_t dim) { (void)dim; return tensor_at_least(cx, t, 3); }

bool op_hstack(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const list *l = args[0].list;
    if (l->n == 0) return OP_FAIL(cx, "hstack expects a non-empty TensorList");
    return join(cx, l, l->values[0].t->n_dims <= 1 ? 0 : 1, at_least_1d, rets);
}

bool op_vstack(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[0].list->n == 0) return OP_FAIL(cx, "vstack expects a non-empty TensorList");
    return join(cx, args[0].list, 0, at_least_2d, rets);
}

bool op_dstack(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[0].list->n == 0) return OP_FAIL(cx, "dstack expects a non-empty TensorList");
    return join(cx, args[0].list, 2, at_least_3d, rets);
}

static tensor *as_columns(op_ctx *cx, tensor *t, int64_t dim)
{
    (void)dim;
    window w = window_of(t);
    if (w.n_dims == 0) window_insert_dim(&w, 0, 1, 1);
    if (w.n_dims == 1) window_insert_dim(&w, 1, 1, 1);
    return view_window(cx, t, &w);
}

bool op_column_stack(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[0].list->n == 0) return OP_FAIL(cx, "column_stack expects a non-empty TensorList");
    return join(cx, args[0].list, 1, as_columns, rets);
}

/* ---- grids ----------------------------------------------------------------------------------- */

bool op_block_diag(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const list *l = args[0].list;
    promotion p = PROMOTION_INIT;
    int64_t sizes[2] = { 0, 0 }, at[2] = { 0, 0 };
    for (size_t k = 0; k < l->n; k++) {
        const tensor *t = l->values[k].t;
        if (t->n_dims > 2)
            return OP_FAIL(cx, "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input %zu has %d "
                           "dimensions", k, t->n_dims);
        promotion_add_tensor(&p, t);
        sizes[0] += t->n_dims == 2 ? t->sizes[0] : 1;
        sizes[1] += t->n_dims ? t->sizes[t->n_dims - 1] : 1;
    }
    if (l->n == 0) sizes[0] = 1;
    tensor *out = make_tensor(cx, l->n ? promotion_result(&p) : DTYPE_float32, sizes, 2);
    bool ok = out && tensor_fill(cx, out, VALUE_INT_V(0));
    for (size_t k = 0; ok && k < l->n; k++) {
        tensor *part = tensor_at_least(cx, l->values[k].t, 2);
        tensor *rows = part ? tensor_narrow(cx, out, 0, at[0], part->sizes[0]) : NULL;
        tensor *to = rows ? tensor_narrow(cx, rows, 1, at[1], part->sizes[1]) : NULL;
        ok = to && tensor_copy_into(cx, to, part);
        for (int i = 0; ok && i < 2; i++) at[i] += part->sizes[i];
        tensor_unref(to);
        tensor_unref(rows);
        tensor_unref(part);
    }
    if (ok) rets[0] = RET_TENSOR(out);
    else tensor_unref(out);
    return ok;
}

/* One tensor of a grid: t along dimension `dim` of `sizes`. */
static tensor *along(op_ctx *cx, tensor *t, const int64_t *sizes, int n, int dim)
{
    window w = { .n_dims = n, .offset = t->offset };
    for (int i = 0; i < n; i++) {
        w.sizes[i] = sizes[i];
        w.strides[i] = i == dim && t->n_dims ? t->strides[0] : 0;
    }
    return view_window(cx, t, &w);
}

static bool meshgrid(op_ctx *cx, const list *l, bool is_xy, jit_value *rets)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    const int n = (int)l->n;
    if (n == 0) return OP_FAIL(cx, "meshgrid expects a non-empty TensorList");
    if (n > TENSOR_MAX_DIMS) return OP_FAIL(cx, "too many dimensions (%d at most)", TENSOR_MAX_DIMS);
    is_xy = is_xy && n >= 2; // the first two change places
    for (int i = 0; i < n; i++) {
        const int to = is_xy && i < 2 ? 1 - i : i;
        const tensor *t = l->values[i].t;
        if (t->n_dims > 1)
            return OP_FAIL(cx, "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: %dD", t->n_dims);
        if (t->dtype != l->values[0].t->dtype)
            return OP_FAIL(cx, "torch.meshgrid expects all tensors to have the same dtype");
        sizes[to] = t->numel;
    }
    list *made = new_list(cx, l->n);
    bool ok = made != NULL;
    for (int i = 0; ok && i < n; i++)
        ok = push_tensor(cx, made, along(cx, l->values[i].t, sizes, n, is_xy && i < 2 ? 1 - i : i));
    return made && finish_list(made, ok, rets);
}

bool op_meshgrid(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return meshgrid(cx, args[0].list, false, rets);
}

bool op_meshgrid_indexing(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const bool is_xy = arg_str_is(args[1], "xy");
    if (!is_xy && !arg_str_is(args[1], "ij"))
        return OP_FAIL(cx, "torch.meshgrid: indexing must be one of \"xy\" or \"ij\", but received: %s", args[1].s->s);
    return meshgrid(cx, args[0].list, is_xy, rets);
}

bool op_cartesian_prod(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const list *l = args[0].list;
    jit_value grids, stacked;
    for (size_t k = 0; k < l->n; k++)
        if (l->values[k].t->n_dims != 1)
            return OP_FAIL(cx, "Expect a 1D vector, but got shape %s",
                           sizes_print(l->values[k].t->sizes, l->values[k].t->n_dims).s);
    if (l->n == 1) {
        rets[0] = value_ref(l->values[0]);
        return true;
    }
    if (!meshgrid(cx, l, false, &grids)) return false;
    const jit_value stack_args[2] = { grids, VALUE_INT_V(-1) };
    const int64_t rows[2] = { -1, (int64_t)l->n };
    bool ok = op_stack(cx, stack_args, &stacked);
    if (ok) {
        tensor *made = tensor_reshape(cx, stacked.t, rows, 2);
        ok = made != NULL;
        if (ok) rets[0] = RET_TENSOR(made);
        value_unref(stacked);
    }
    value_unref(grids);
    return ok;
}

/* Next r-combination of 0…n-1 in lexicographic order; false after the last. */
static bool next_combination(int64_t *chosen, int64_t r, int64_t n, bool repeats)
{
    int64_t i = r - 1;
    while (i >= 0 && chosen[i] == (repeats ? n - 1 : n - r + i)) i--;
    if (i < 0) return false;
    chosen[i]++;
    for (int64_t k = i + 1; k < r; k++) chosen[k] = repeats ? chosen[i] : chosen[k - 1] + 1;
    return true;
}

bool op_combinations(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    enum { MOST_CHOSEN = 64 };
    int64_t chosen[MOST_CHOSEN], count = 0;
    const int64_t r = args[1].i, n = args[0].t->numel;
    const bool repeats = arg_bool(args[2]);
    if (args[0].t->n_dims != 1) return OP_FAIL(cx, "Expect a 1D vector, but got shape %s",
                                               sizes_print(args[0].t->sizes, args[0].t->n_dims).s);
    if (r < 0) return OP_FAIL(cx, "Expect a non-negative number, but got %lld", (long long)r);
    if (r > MOST_CHOSEN) return OP_FAIL(cx, "combinations of more than %d elements are not supported", MOST_CHOSEN);
    for (int pass = 0; pass < 2; pass++) { // count, then fill
        const int64_t sizes[2] = { count, r };
        tensor *out = pass ? make_tensor(cx, tensor_dtype(args[0].t), sizes, r ? 2 : 1) : NULL;
        tensor *from = pass ? tensor_contiguous(cx, args[0].t) : NULL;
        if (pass && (!out || !from)) return tensor_unref(out), tensor_unref(from), false;
        const size_t element = dtype_size(tensor_dtype(args[0].t));
        for (int64_t k = 0; k < r; k++) chosen[k] = repeats ? 0 : k;
        bool any = r > 0 && n > 0 && (repeats || r <= n);
        for (char *to = pass ? tensor_data(out) : NULL; any; any = next_combination(chosen, r, n, repeats)) {
            if (!pass) count++;
            for (int64_t k = 0; pass && k < r; k++, to += element)
                memcpy(to, (const char *)tensor_data(from) + (size_t)chosen[k] * element, element);
        }
        if (pass) {
            tensor_unref(from);
            rets[0] = RET_TENSOR(out);
        }
    }
    return true;
}

/* ---- splitting ------------------------------------------------------------------------------- */

/* Parts that end at ends[k] (the last at the size of the dimension, when n_ends parts do not cover it). */
static bool split_at(op_ctx *cx, tensor *t, int dim, const int64_t *begins, const int64_t *ends, size_t n, jit_value *rets)
{
    list *made = new_list(cx, n);
    bool ok = made != NULL;
    for (size_t k = 0; ok && k < n; k++)
        ok = push_tensor(cx, made, tensor_narrow(cx, t, dim, begins[k], ends[k] - begins[k]));
    return made && finish_list(made, ok, rets);
}

static bool split_even(op_ctx *cx, tensor *t, int dim, int64_t part, int64_t n, jit_value *rets)
{
    list *made = new_list(cx, (size_t)n);
    bool ok = made != NULL;
    for (int64_t k = 0; ok && k < n; k++) {
        const int64_t begin = k * part, left = t->sizes[dim] - begin;
        ok = push_tensor(cx, made, tensor_narrow(cx, t, dim, begin, left < part ? left : part));
    }
    return made && finish_list(made, ok, rets);
}

bool op_split(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    const int64_t part = args[1].i;
    int dim;
    if (t->n_dims == 0) return OP_FAIL(cx, "split expects at least a 1-dimensional tensor");
    if (part < 0) return OP_FAIL(cx, "split expects split_size be non-negative, but got split_size=%lld", (long long)part);
    if (!wrap_dim(cx, args[2].i, t->n_dims, &dim)) return false;
    const int64_t size = t->sizes[dim];
    if (part == 0 && size != 0)
        return OP_FAIL(cx, "split_size can only be 0 if dimension size is 0, but got dimension size of %lld",
                       (long long)size);
    return split_even(cx, t, dim, part, part == 0 || size == 0 ? 1 : (size + part - 1) / part, rets);
}

bool op_chunk(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    const int64_t chunks = args[1].i;
    int dim;
    if (t->n_dims == 0) return OP_FAIL(cx, "chunk expects at least a 1-dimensional tensor");
    if (chunks <= 0) return OP_FAIL(cx, "chunk expects `chunks` to be greater than 0, got: %lld", (long long)chunks);
    if (!wrap_dim(cx, args[2].i, t->n_dims, &dim)) return false;
    const int64_t size = t->sizes[dim], part = (size + chunks - 1) / chunks;
    return split_even(cx, t, dim, part, part ? (size + part - 1) / part : chunks, rets);
}

bool op_split_sizes(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    const list *parts = args[1].list;
    int dim;
    int64_t at = 0;
    if (t->n_dims == 0) return OP_FAIL(cx, "split expects at least a 1-dimensional tensor");
    if (!wrap_dim(cx, args[2].i, t->n_dims, &dim)) return false;
    for (size_t k = 0; k < parts->n; k++) {
        if (parts->ints[k] < 0)
            return OP_FAIL(cx, "split_with_sizes expects split_sizes have only non-negative entries, but got "
                           "split_sizes=%s", sizes_print(parts->ints, (int)parts->n).s);
        at += parts->ints[k];
    }
    if (at != t->sizes[dim])
        return OP_FAIL(cx, "split_with_sizes expects split_sizes to sum exactly to %lld (input tensor's size at dimension "
                       "%d), but got split_sizes=%s", (long long)t->sizes[dim], dim,
                       sizes_print(parts->ints, (int)parts->n).s);
    list *made = new_list(cx, parts->n);
    bool ok = made != NULL;
    at = 0;
    for (size_t k = 0; ok && k < parts->n; at += parts->ints[k++])
        ok = push_tensor(cx, made, tensor_narrow(cx, t, dim, at, parts->ints[k]));
    return made && finish_list(made, ok, rets);
}

bool op_unbind(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    int dim;
    if (t->n_dims == 0) return OP_FAIL(cx, "Dimension specified as %lld but tensor has no dimensions", (long long)args[1].i);
    if (!wrap_dim(cx, args[1].i, t->n_dims, &dim)) return false;
    list *made = new_list(cx, (size_t)t->sizes[dim]);
    bool ok = made != NULL;
    for (int64_t k = 0; ok && k < t->sizes[dim]; k++) {
        window w = window_of(t);
        w.offset += k * t->strides[dim];
        window_remove_dim(&w, dim);
        ok = push_tensor(cx, made, view_window(cx, t, &w));
    }
    return made && finish_list(made, ok, rets);
}

/* ---- tensor_split: as numpy.array_split ------------------------------------------------------ */

static bool split_sections(op_ctx *cx, tensor *t, int64_t sections, int64_t raw_dim, jit_value *rets)
{
    int dim;
    if (t->n_dims == 0)
        return OP_FAIL(cx, "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims");
    if (!wrap_dim(cx, raw_dim, t->n_dims, &dim)) return false;
    if (sections <= 0)
        return OP_FAIL(cx, "number of sections must be larger than 0, got %lld", (long long)sections);
    const int64_t least = t->sizes[dim] / sections, longer = t->sizes[dim] % sections;
    list *made = new_list(cx, (size_t)sections);
    bool ok = made != NULL;
    int64_t at = 0;
    for (int64_t k = 0; ok && k < sections; k++) {
        const int64_t length = least + (k < longer);
        ok = push_tensor(cx, made, tensor_narrow(cx, t, dim, at, length));
        at += length;
    }
    return made && finish_list(made, ok, rets);
}

static bool split_indices(op_ctx *cx, tensor *t, const list *at, int64_t raw_dim, jit_value *rets)
{
    int dim;
    if (t->n_dims == 0)
        return OP_FAIL(cx, "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims");
    if (!wrap_dim(cx, raw_dim, t->n_dims, &dim)) return false;
    const int64_t size = t->sizes[dim];
    int64_t *begins = mem_calloc(2 * (at->n + 1), sizeof *begins), *ends = begins ? begins + at->n + 1 : NULL;
    if (!begins) return op_no_memory(cx);
    for (size_t k = 0; k <= at->n; k++) {
        int64_t end = k < at->n ? at->ints[k] : size;
        if (end < 0) end += size;
        end = end < 0 ? 0 : end > size ? size : end;
        begins[k] = k ? (at->ints[k - 1] < 0 ? at->ints[k - 1] + size : at->ints[k - 1]) : 0;
        begins[k] = begins[k] < 0 ? 0 : begins[k] > size ? size : begins[k];
        ends[k] = end < begins[k] ? begins[k] : end;
    }
    const bool ok = split_at(cx, t, dim, begins, ends, at->n + 1, rets);
    mem_free(begins);
    return ok;
}

bool op_tensor_split_sections(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return split_sections(cx, args[0].t, args[1].i, args[2].i, rets);
}

bool op_tensor_split_indices(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return split_indices(cx, args[0].t, args[1].list, args[2].i, rets);
}

/* self tensor_indices_or_sections dim: a number or a vector of them, as a tensor */
bool op_tensor_split_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *at = args[1].t;
    if (at->n_dims > 1)
        return OP_FAIL(cx, "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but "
                           "got a tensor with %d dims", at->n_dims);
    if (at->dtype != DTYPE_int64)
        return OP_FAIL(cx, "tensor_split expected tensor_indices_or_sections to have dtype of long, but got %s",
                       dtype_prefix(tensor_dtype(at)));
    if (at->n_dims == 0) return split_sections(cx, args[0].t, *(int64_t *)tensor_data(at), args[2].i, rets);
    list *indices = list_new(T_INT, LIST_INTS, (size_t)at->numel);
    bool ok = indices || op_no_memory(cx);
    for (int64_t k = 0; k < at->numel && ok; k++)
        ok = list_push(indices, VALUE_INT_V(((int64_t *)tensor_data(at))[k * at->strides[0]])) || op_no_memory(cx);
    ok = ok && split_indices(cx, args[0].t, indices, args[2].i, rets);
    if (indices) value_unref(VALUE_HEAP_V(VALUE_LIST, indices));
    return ok;
}

/* hsplit, vsplit, dsplit: least number of dimensions and the dimension that is cut. */
static bool named_split(op_ctx *cx, const char *name, int least_dims, int64_t dim, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    if (t->n_dims < least_dims)
        return OP_FAIL(cx, "torch.%s requires a tensor with at least %d dimension%s, but got a tensor with %d dimensions!",
                       name, least_dims, least_dims > 1 ? "s" : "", t->n_dims);
    if (args[1].tag == VALUE_LIST) return split_indices(cx, t, args[1].list, dim, rets);
    if (args[1].i <= 0 || t->sizes[dim] % args[1].i)
        return OP_FAIL(cx, "torch.%s attempted to split along dimension %lld, but the size of the dimension %lld is not "
                       "divisible by the split_size %lld!", name, (long long)dim, (long long)t->sizes[dim],
                       (long long)args[1].i);
    return split_sections(cx, t, args[1].i, dim, rets);
}

bool op_hsplit(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return named_split(cx, "hsplit", 1, args[0].t->n_dims > 1 ? 1 : 0, args, rets);
}

bool op_vsplit(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return named_split(cx, "vsplit", 2, 0, args, rets);
}

bool op_dsplit(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return named_split(cx, "dsplit", 3, 2, args, rets);
}
