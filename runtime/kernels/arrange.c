/* runtime/kernels/arrange.c: copies of a tensor with its elements in another order or place: repeat, flip, roll,
 * triangles, diagonals, pixel shuffles, and copies with a part replaced (*_scatter).
 *
 * Wherever a result is a permutation of windows it is built from views and one strided copy. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/views.h"

#include "base/alloc.h"

#include <string.h>

static bool give(tensor *take, jit_value *rets)
{
    if (take) rets[0] = RET_TENSOR(take);
    return take != NULL;
}

/* Copy src into a window of out; both stay the caller's. */
static bool copy_to_window(op_ctx *cx, tensor *out, const window *w, tensor *src)
{
    tensor *to = view_window(cx, out, w);
    const bool ok = to && tensor_copy_into(cx, to, src);
    tensor_unref(to);
    return ok;
}

static void copy_strided(int64_t n, char *to, int64_t to_step, const char *from, int64_t from_step, int64_t bytes)
{
    if (bytes == 4)
        for (int64_t i = 0; i < n; i++) memcpy(to + i * to_step, from + i * from_step, 4);
    else if (bytes == 8)
        for (int64_t i = 0; i < n; i++) memcpy(to + i * to_step, from + i * from_step, 8);
    else
        for (int64_t i = 0; i < n; i++) memcpy(to + i * to_step, from + i * from_step, (size_t)bytes);
}

/* ---- repeat ---------------------------------------------------------------------------------- */

/* sizes[i] * counts[i] in each dimension: the copies are the leading dimensions of a strided view of the result. */
static bool repeat(op_ctx *cx, tensor *t, const int64_t *counts, int n, jit_value *rets)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    window w = { 0 };
    tensor *out;
    if (n < t->n_dims)
        return OP_FAIL(cx, "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor");
    if (2 * n > TENSOR_MAX_DIMS) return OP_FAIL(cx, "repeat: too many dimensions");
    for (int i = 0; i < n; i++) {
        const int from = i - (n - t->n_dims);
        if (counts[i] < 0) return OP_FAIL(cx, "Trying to create tensor with negative dimension %lld", (long long)counts[i]);
        if (__builtin_mul_overflow(counts[i], from >= 0 ? t->sizes[from] : 1, &sizes[i]))
            return OP_FAIL(cx, "repeat: the result is too large");
    }
    out = make_tensor(cx, tensor_dtype(t), sizes, n);
    if (!out) return false;
    for (int i = 0; i < n; i++) {
        const int from = i - (n - t->n_dims);
        const int64_t size = from >= 0 ? t->sizes[from] : 1;
        window_insert_dim(&w, w.n_dims, counts[i], size * out->strides[i]);
        window_insert_dim(&w, w.n_dims, size, out->strides[i]);
    }
    window wide = { .offset = t->offset }; // t seen with a dimension of copies before each of its own
    for (int i = 0; i < n; i++) {
        const int from = i - (n - t->n_dims);
        window_insert_dim(&wide, wide.n_dims, counts[i], 0);
        window_insert_dim(&wide, wide.n_dims, from >= 0 ? t->sizes[from] : 1, from >= 0 ? t->strides[from] : 0);
    }
    tensor *src = out->numel ? view_window(cx, t, &wide) : NULL;
    const bool ok = out->numel == 0 || (src && copy_to_window(cx, out, &w, src));
    tensor_unref(src);
    if (!ok) return tensor_unref(out), false;
    return give(out, rets);
}

bool op_repeat(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n;
    const int64_t *counts;
    return arg_sizes(cx, args[1], &counts, &n) && repeat(cx, args[0].t, counts, n, rets);
}

bool op_tile(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n;
    int64_t padded[TENSOR_MAX_DIMS];
    const int64_t *counts;
    if (!arg_sizes(cx, args[1], &counts, &n)) return false;
    const int missing = args[0].t->n_dims > n ? args[0].t->n_dims - n : 0;
    for (int i = 0; i < missing; i++) padded[i] = 1;
    if (n) memcpy(padded + missing, counts, (size_t)n * sizeof *counts);
    return repeat(cx, args[0].t, padded, n + missing, rets);
}

/* out: as from, with counts[k] copies of slice k of a dimension of `size`, `total` in all. */
typedef struct interleave_task {
    const char *from;
    char *to;
    const int64_t *counts;
    int64_t size, total, slice_bytes;
    bool is_uniform; /* counts[0] holds for all */
} interleave_task;

static void interleave_lines(void *ctx, int64_t begin, int64_t end)
{
    const interleave_task *t = ctx;
    const char *from = t->from + begin * t->size * t->slice_bytes;
    char *to = t->to + begin * t->total * t->slice_bytes;
    for (int64_t line = begin; line < end; line++)
        for (int64_t k = 0; k < t->size; k++, from += t->slice_bytes) {
            const int64_t n = t->counts[t->is_uniform ? 0 : k];
            copy_strided(n, to, t->slice_bytes, from, 0, t->slice_bytes);
            to += n * t->slice_bytes;
        }
}

/* Each slice of t along `dim`, which a tensor without dimensions has too. */
static tensor *interleaved(op_ctx *cx, tensor *t, int dim, const int64_t *counts, bool is_uniform)
{
    int64_t sizes[TENSOR_MAX_DIMS] = { 1 }, total = 0, lines = 1;
    const int n_dims = t->n_dims ? t->n_dims : 1;
    if (t->n_dims) memcpy(sizes, t->sizes, (size_t)t->n_dims * sizeof *sizes);
    const int64_t size = sizes[dim];
    for (int64_t k = 0; k < size; k++) {
        const int64_t count = counts[is_uniform ? 0 : k];
        if (count < 0) return OP_FAIL(cx, "repeats can not be negative"), NULL;
        if (__builtin_add_overflow(total, count, &total))
            return OP_FAIL(cx, "repeat_interleave: the result is too large"), NULL;
    }
    sizes[dim] = total;
    tensor *out = make_tensor(cx, tensor_dtype(t), sizes, n_dims);
    if (!out || out->numel == 0) return out;
    tensor *from = tensor_contiguous(cx, t);
    if (!from) return tensor_unref(out), NULL;
    for (int i = 0; i < dim; i++) lines *= sizes[i];
    const int64_t line = out->numel / lines;
    interleave_task task = { .from = tensor_data(from), .to = tensor_data(out), .counts = counts, .size = size, .total = total,
        .slice_bytes = line / total * (int64_t)dtype_size(tensor_dtype(t)), .is_uniform = is_uniform };
    par_for(lines, 32768 / (line + 1) + 1, interleave_lines, &task);
    tensor_unref(from);
    return out;
}

/* Each slice along `dim` (flattened first when dim is None) `counts[k]` times; one count: for all. */
static bool repeat_interleave(op_ctx *cx, tensor *given, const int64_t *counts, int64_t n_counts, jit_value dim_arg,
                              jit_value *rets)
{
    int dim = 0;
    const int64_t flat = -1, none = 0;
    tensor *t = dim_arg.tag == VALUE_NONE ? tensor_reshape(cx, given, given->numel ? &flat : &none, 1) : tensor_ref(given);
    if (!t || (dim_arg.tag != VALUE_NONE && !wrap_dim(cx, dim_arg.i, t->n_dims, &dim))) return tensor_unref(t), false;
    const bool fits = n_counts == 1 || n_counts == (t->n_dims ? t->sizes[dim] : 1)
                      || OP_FAIL(cx, "repeats must have the same size as input along dim");
    tensor *out = fits ? interleaved(cx, t, dim, counts, n_counts == 1) : NULL;
    tensor_unref(t);
    return give(out, rets);
}

bool op_repeat_interleave_int(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return repeat_interleave(cx, args[0].t, &args[1].i, 1, args[2], rets);
}

/* The repeat counts as contiguous int64 numbers. */
static tensor *counts_of(op_ctx *cx, tensor *t)
{
    if (t->n_dims > 1 || dtype_category_of(tensor_dtype(t)) != CATEGORY_I) {
        OP_FAIL(cx, t->n_dims > 1 ? "repeats must be 0-dim or 1-dim tensor" : "repeats has to be Long or Int tensor");
        return NULL;
    }
    return tensor_contiguous_as(cx, t, DTYPE_int64);
}

bool op_repeat_interleave_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *counts = counts_of(cx, args[1].t);
    const bool ok = counts && repeat_interleave(cx, args[0].t, tensor_data(counts), counts->numel, args[2], rets);
    tensor_unref(counts);
    return ok;
}

/* counts [2, 0, 1] → indices [0, 0, 2] */
bool op_repeat_interleave_counts(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *counts = counts_of(cx, args[0].t), *out = NULL;
    int64_t total = 0;
    if (!counts) return false;
    const int64_t *count = tensor_data(counts);
    bool ok = true;
    for (int64_t k = 0; k < counts->numel; k++) {
        ok = ok && (count[k] >= 0 || OP_FAIL(cx, "repeats can not be negative"));
        total += count[k];
    }
    if (ok) out = make_tensor(cx, DTYPE_int64, &total, 1);
    int64_t *to = out ? tensor_data(out) : NULL;
    for (int64_t k = 0; out && k < counts->numel; k++)
        for (int64_t i = 0; i < count[k]; i++) *to++ = k;
    tensor_unref(counts);
    return give(out, rets);
}

/* ---- flip, roll, rot90 ----------------------------------------------------------------------- */

/* A copy with some dimensions reversed: row by row of the innermost dimension, through strides of bytes, since tensors
 * have no negative strides. */
typedef struct flip_task {
    const tensor *out;
    char *to;
    const char *from;
    int64_t bytes, steps[TENSOR_MAX_DIMS];  /* of the source, per dimension, in bytes */
} flip_task;

static void flip_rows(void *ctx, int64_t begin, int64_t end)
{
    const flip_task *t = ctx;
    const int last = t->out->n_dims - 1;
    for (int64_t row = begin; row < end; row++) {
        char *to = t->to;
        const char *from = t->from;
        int64_t rest = row;
        for (int i = last - 1; i >= 0; i--) {
            const int64_t at = rest % t->out->sizes[i];
            rest /= t->out->sizes[i];
            to += at * t->out->strides[i] * t->bytes;
            from += at * t->steps[i];
        }
        copy_strided(t->out->sizes[last], to, t->out->strides[last] * t->bytes, from, t->steps[last], t->bytes);
    }
}

static tensor *flipped(op_ctx *cx, tensor *given, uint64_t dims)
{
    tensor *out = make_tensor_like(cx, given, tensor_dtype(given));
    if (!out || out->numel == 0) return out;
    flip_task t = { .out = out, .to = tensor_data(out), .from = tensor_data(given), .bytes = (int64_t)dtype_size(tensor_dtype(out)) };
    if (out->n_dims == 0) {
        memcpy(t.to, t.from, (size_t)t.bytes);
        return out;
    }
    for (int i = 0; i < out->n_dims; i++) {
        const int64_t step = given->strides[i] * t.bytes;
        const bool is_reversed = dims >> i & 1;
        t.steps[i] = is_reversed ? -step : step;
        if (is_reversed) t.from += (given->sizes[i] - 1) * step;
    }
    const int64_t length = out->sizes[out->n_dims - 1];
    par_for(out->numel / length, 32768 / (length + 1) + 1, flip_rows, &t);
    return out;
}

bool op_flip(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n;
    const int64_t *dims = arg_ints(args[1], &n);
    uint64_t set = 0;
    for (int k = 0; k < n; k++) {
        int dim;
        if (!wrap_dim(cx, dims[k], args[0].t->n_dims, &dim)) return false;
        if (set >> dim & 1) return OP_FAIL(cx, "dim %d appears multiple times in the list of dims", dim);
        set |= (uint64_t)1 << dim;
    }
    return give(flipped(cx, args[0].t, args[0].t->n_dims ? set : 0), rets);
}

bool op_fliplr(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[0].t->n_dims < 2) return OP_FAIL(cx, "Input must be >= 2-d.");
    return give(flipped(cx, args[0].t, 1 << 1), rets);
}

bool op_flipud(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[0].t->n_dims < 1) return OP_FAIL(cx, "Input must be >= 1-d.");
    return give(flipped(cx, args[0].t, 1 << 0), rets);
}

/* Two windows change places along one dimension. */
/* The result lies as two joined parts do. */
static tensor *rolled(op_ctx *cx, tensor *t, int64_t shift, int dim)
{
    const dtype d = tensor_dtype(t);
    tensor *out = t->numel ? make_tensor_in_format(cx, d, t->sizes, t->n_dims, t) : make_tensor_like(cx, t, d);
    if (!out || out->numel == 0) return out;
    const int64_t size = t->sizes[dim], head = ((shift % size) + size) % size;
    tensor *parts[4] = {
        tensor_narrow(cx, out, dim, 0, head), tensor_narrow(cx, t, dim, size - head, head),
        tensor_narrow(cx, out, dim, head, size - head), tensor_narrow(cx, t, dim, 0, size - head),
    };
    bool ok = parts[0] && parts[1] && parts[2] && parts[3];
    ok = ok && tensor_copy_into(cx, parts[0], parts[1]) && tensor_copy_into(cx, parts[2], parts[3]);
    for (int i = 0; i < 4; i++) tensor_unref(parts[i]);
    if (ok) return out;
    tensor_unref(out);
    return NULL;
}

bool op_roll(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n, m;
    const int64_t *shifts = arg_ints(args[1], &n), *dims = arg_ints(args[2], &m);
    tensor *t = args[0].t;
    if (n == 0) return OP_FAIL(cx, "`shifts` required");
    if (m == 0 && n == 1) { // the flattened tensor
        const int64_t flat = -1, none = 0;
        tensor *line = tensor_reshape(cx, t, t->numel ? &flat : &none, 1);
        tensor *moved = line ? rolled(cx, line, shifts[0], 0) : NULL;
        tensor *made = moved ? tensor_reshape(cx, moved, t->sizes, t->n_dims) : NULL;
        tensor_unref(moved);
        tensor_unref(line);
        return give(made, rets);
    }
    if (n != m)
        return OP_FAIL(cx, "shifts and dimensions must align. shifts: %d, dims:%d", n, m);
    if (t->n_dims == 0)
        return OP_FAIL(cx, "Dimension specified as %lld but tensor has no dimensions", (long long)dims[0]);
    tensor *now = tensor_ref(t);
    for (int k = 0; now && k < n; k++) {
        int dim;
        tensor *next = wrap_dim(cx, dims[k], t->n_dims, &dim) ? rolled(cx, now, shifts[k], dim) : NULL;
        tensor_unref(now);
        now = next;
    }
    return give(now, rets);
}

bool op_rot90(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    int n, a, b;
    const int64_t *dims = arg_ints(args[2], &n);
    const int64_t k = ((args[1].i % 4) + 4) % 4;
    if (n != 2) return OP_FAIL(cx, "expected total rotation dims == 2, but got dims = %d", n);
    if (t->n_dims < 2) return OP_FAIL(cx, "expected total dims >= 2, but got total dims = %d", t->n_dims);
    if (!wrap_dim(cx, dims[0], t->n_dims, &a) || !wrap_dim(cx, dims[1], t->n_dims, &b)) return false;
    if (a == b)
        return OP_FAIL(cx, "expected rotation dims to be different, but got dim0 = %lld and dim1 = %lld",
                       (long long)dims[0], (long long)dims[1]);
    const uint64_t bits[4] = { 0, (uint64_t)1 << b, (uint64_t)1 << a | (uint64_t)1 << b, (uint64_t)1 << a };
    tensor *turned = flipped(cx, t, bits[k]);
    if (!turned || k % 2 == 0) return give(turned, rets);
    window w = window_of(turned);
    w.sizes[a] = turned->sizes[b];
    w.strides[a] = turned->strides[b];
    w.sizes[b] = turned->sizes[a];
    w.strides[b] = turned->strides[a];
    tensor *view = view_window(cx, turned, &w), *made = view ? tensor_contiguous(cx, view) : NULL;
    tensor_unref(view);
    tensor_unref(turned);
    return give(made, rets);
}

/* ---- triangles and diagonals ----------------------------------------------------------------- */

/* A contiguous copy with the elements above (below) a diagonal of the last two dimensions zeroed. */
static bool triangle(op_ctx *cx, const jit_value *args, bool is_lower, jit_value *rets)
{
    tensor *t = args[0].t;
    const int64_t k = args[1].i;
    if (t->n_dims < 2)
        return OP_FAIL(cx, "%s: input tensor must have at least 2 dimensions", is_lower ? "tril" : "triu");
    tensor *out = make_tensor(cx, tensor_dtype(t), t->sizes, t->n_dims);
    if (!out || !tensor_copy_into(cx, out, t)) return tensor_unref(out), false;
    const int64_t rows = t->sizes[t->n_dims - 2], columns = t->sizes[t->n_dims - 1];
    const int64_t matrices = rows && columns ? out->numel / (rows * columns) : 0;
    const size_t element = dtype_size(tensor_dtype(t));
    char *row = tensor_data(out);
    for (int64_t m = 0; m < matrices; m++) {
        for (int64_t i = 0; i < rows; i++, row += (size_t)columns * element) {
            int64_t edge = is_lower ? i + k + 1 : i + k; // first column to drop, or to keep
            edge = edge < 0 ? 0 : edge > columns ? columns : edge;
            if (is_lower) memset(row + (size_t)edge * element, 0, (size_t)(columns - edge) * element);
            else memset(row, 0, (size_t)edge * element);
        }
    }
    return give(out, rets);
}

bool op_tril(op_ctx *cx, const jit_value *args, jit_value *rets) { return triangle(cx, args, true, rets); }
bool op_triu(op_ctx *cx, const jit_value *args, jit_value *rets) { return triangle(cx, args, false, rets); }

/* clamp(i + shift, 0, columns): the first column of row i that lies right of a diagonal. */
static int64_t edge_of_row(int64_t i, __int128 shift, int64_t columns)
{
    const __int128 edge = i + shift;
    return edge < 0 ? 0 : edge > columns ? columns : (int64_t)edge;
}

/* The edges of all rows, summed. The first row right of column 0 is *ret_rising, the first at the last *ret_full. */
static __int128 sum_of_edges(int64_t rows, int64_t columns, __int128 shift, int64_t *ret_rising, int64_t *ret_full)
{
    const int64_t rising = edge_of_row(0, -shift, rows), at_end = edge_of_row(0, columns - shift, rows);
    const int64_t full = at_end < rising ? rising : at_end;
    *ret_rising = rising;
    *ret_full = full;
    const __int128 n = full - rising;
    return n * (rising + shift) + n * (n - 1) / 2 + (__int128)(rows - full) * columns;
}

static bool triangle_indices(op_ctx *cx, const jit_value *args, bool is_lower, jit_value *rets)
{
    const int64_t rows = args[0].i, columns = args[1].i;
    const __int128 shift = (__int128)args[2].i + is_lower;
    const dtype d = arg_dtype(args[3], DTYPE_int64);
    if (rows < 0 || columns < 0)
        return OP_FAIL(cx, "%s must be non-negative, got %lld", rows < 0 ? "row" : "col", (long long)(rows < 0 ? rows : columns));
    int64_t rising, full;
    const __int128 left = sum_of_edges(rows, columns, shift, &rising, &full);
    const __int128 count = is_lower ? left : (__int128)rows * columns - left;
    int64_t sizes[2] = { 2, count > INT64_MAX ? INT64_MAX : (int64_t)count };
    tensor *out = make_tensor(cx, d, sizes, 2);
    if (!out) return false;
    const size_t element = dtype_size(d);
    int64_t at = 0;
    for (int64_t i = is_lower ? rising : 0; i < (is_lower ? rows : full) && columns; i++) {
        const int64_t edge = edge_of_row(i, shift, columns);
        for (int64_t j = is_lower ? 0 : edge; j < (is_lower ? edge : columns); j++, at++) {
            element_store_int(d, (char *)tensor_data(out) + (size_t)at * element, i);
            element_store_int(d, (char *)tensor_data(out) + (size_t)(sizes[1] + at) * element, j);
        }
    }
    return give(out, rets);
}

bool op_tril_indices(op_ctx *cx, const jit_value *args, jit_value *rets) { return triangle_indices(cx, args, true, rets); }
bool op_triu_indices(op_ctx *cx, const jit_value *args, jit_value *rets) { return triangle_indices(cx, args, false, rets); }

/* Zeros with t's last dimension on a diagonal of two new dimensions. */
static bool embed_diagonal(op_ctx *cx, tensor *t, int64_t offset, int a, int b, jit_value *rets)
{
    const int64_t length = t->sizes[t->n_dims - 1], side = length + (offset < 0 ? -offset : offset);
    window sizes = window_of(t);
    window_remove_dim(&sizes, t->n_dims - 1);
    window_insert_dim(&sizes, a < b ? a : b, side, 0);
    window_insert_dim(&sizes, a < b ? b : a, side, 0);
    tensor *out = make_tensor(cx, tensor_dtype(t), sizes.sizes, sizes.n_dims);
    if (!out || !tensor_fill(cx, out, VALUE_INT_V(0))) return tensor_unref(out), false;
    window w = window_of(out);
    w.offset += offset >= 0 ? offset * w.strides[b] : -offset * w.strides[a];
    const int64_t stride = w.strides[a] + w.strides[b];
    window_remove_dim(&w, a > b ? a : b);
    window_remove_dim(&w, a > b ? b : a);
    window_insert_dim(&w, w.n_dims, length, stride);
    if (length && !copy_to_window(cx, out, &w, t)) return tensor_unref(out), false;
    return give(out, rets);
}

bool op_diag_embed(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    int a, b;
    if (t->n_dims == 0) return OP_FAIL(cx, "diag_embed: input must have at least one dimension");
    if (!wrap_dim(cx, args[2].i, t->n_dims + 1, &a) || !wrap_dim(cx, args[3].i, t->n_dims + 1, &b)) return false;
    if (a == b)
        return OP_FAIL(cx, "diagonal dimensions cannot be identical %lld, %lld", (long long)args[2].i, (long long)args[3].i);
    return embed_diagonal(cx, t, args[1].i, a, b, rets);
}

bool op_diag(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    if (t->n_dims == 1) return embed_diagonal(cx, t, args[1].i, 0, 1, rets);
    if (t->n_dims != 2) return OP_FAIL(cx, "diag(): Supports 1D or 2D tensors. Got %dD", t->n_dims);
    const jit_value diagonal_args[4] = { args[0], args[1], VALUE_INT_V(0), VALUE_INT_V(1) };
    jit_value view;
    if (!op_diagonal(cx, diagonal_args, &view)) return false;
    tensor *made = tensor_clone(cx, view.t);
    value_unref(view);
    return give(made, rets);
}

bool op_diagflat(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const int64_t flat = -1, none = 0;
    tensor *line = tensor_reshape(cx, args[0].t, args[0].t->numel ? &flat : &none, 1);
    const bool ok = line && embed_diagonal(cx, line, args[1].i, 0, 1, rets);
    tensor_unref(line);
    return ok;
}

/* One element of each row: `n` of them from `first` on, one further in every dimension each time. */
static bool fill_steps(op_ctx *cx, tensor *t, int64_t first, int64_t n, jit_value number)
{
    int64_t step = 0;
    for (int i = 0; i < t->n_dims; i++) step += t->strides[i];
    tensor *line = make_view(cx, t, &n, &step, 1, t->offset + first);
    const bool ok = line && tensor_fill(cx, line, number);
    tensor_unref(line);
    return ok;
}

/* self fill_value wrap: of a tall matrix the diagonal may begin anew, a row left out each time. */
bool op_fill_diagonal_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    if (t->n_dims < 2) return OP_FAIL(cx, "dimensions must larger than 1");
    for (int i = 1; t->n_dims > 2 && i < t->n_dims; i++)
        if (t->sizes[i] != t->sizes[0]) return OP_FAIL(cx, "all dimensions of input must be of equal length");
    const int64_t height = t->sizes[0], width = t->sizes[1], n = height < width ? height : width, period = width + 1;
    if (!check_number_fits(cx, tensor_dtype(t), args[1]) || !fill_steps(cx, t, 0, n, args[1])) return false;
    if (arg_bool(args[2]) && t->n_dims == 2 && height > period &&
        !fill_steps(cx, t, t->strides[0] * period, (t->numel + period - 1) / period - n, args[1]))
        return false;
    tensor_bump_version(t);
    rets[0] = value_ref(args[0]);
    return true;
}

/* ---- shuffles -------------------------------------------------------------------------------- */

/* View t with `split` sizes, permute by `order`, give it `joined` sizes. */
static bool regroup(op_ctx *cx, tensor *t, const int64_t *split, const int *order, int n, const int64_t *joined,
                    int n_joined, jit_value *rets)
{
    tensor *parts = tensor_reshape(cx, t, split, n), *moved = NULL, *made = NULL, *result;
    if (parts) {
        window w = window_of(parts);
        for (int i = 0; i < n; i++) {
            w.sizes[i] = parts->sizes[order[i]];
            w.strides[i] = parts->strides[order[i]];
        }
        moved = view_window(cx, parts, &w);
    }
    if (moved) made = tensor_reshape(cx, moved, joined, n_joined);
    tensor_unref(moved);
    tensor_unref(parts);
    result = tensor_in_format(cx, made, t);
    if (!result || result->store != t->store) return give(result, rets);
    made = tensor_clone(cx, result); // the result is no view, even where one would do
    tensor_unref(result);
    return give(made, rets);
}

/* [*, C·r², H, W] → [*, C, H·r, W·r]; back when is_shuffle is false. */
static bool shuffle_pixels(op_ctx *cx, const jit_value *args, bool is_shuffle, jit_value *rets)
{
    const char *name = is_shuffle ? "pixel_shuffle" : "pixel_unshuffle";
    tensor *t = args[0].t;
    const int64_t r = args[1].i;
    const int lead = t->n_dims - 3;
    if (lead < 0)
        return OP_FAIL(cx, "%s expects input to have at least 3 dimensions, but got input with %d dimension(s)", name, t->n_dims);
    if (r <= 0) return OP_FAIL(cx, "%s expects a positive %s, but got %lld", name,
                               is_shuffle ? "upscale_factor" : "downscale_factor", (long long)r);
    const int64_t *s = t->sizes + lead;
    int64_t square, longest = s[1] > s[2] ? s[1] : s[2];
    if (__builtin_mul_overflow(r, r, &square) || __builtin_mul_overflow(longest > s[0] ? longest : s[0], square, &longest))
        return OP_FAIL(cx, "%s: the factor %lld is too large", name, (long long)r);
    if (is_shuffle && s[0] % square)
        return OP_FAIL(cx, "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
                       "upscale_factor, but input.size(-3)=%lld is not divisible by %lld", (long long)s[0], (long long)square);
    if (!is_shuffle && (s[1] % r || s[2] % r))
        return OP_FAIL(cx, "pixel_unshuffle expects %s to be divisible by downscale_factor, but input.size(-%d)=%lld is not "
                       "divisible by %lld", s[1] % r ? "height" : "width", s[1] % r ? 2 : 1,
                       (long long)(s[1] % r ? s[1] : s[2]), (long long)r);
    int64_t split[TENSOR_MAX_DIMS + 3], joined[TENSOR_MAX_DIMS];
    int order[TENSOR_MAX_DIMS + 3];
    if (lead + 5 > TENSOR_MAX_DIMS) return OP_FAIL(cx, "too many dimensions");
    for (int i = 0; i < lead; i++) {
        split[i] = joined[i] = t->sizes[i];
        order[i] = i;
    }
    static const int shuffle_order[5] = { 0, 3, 1, 4, 2 }, unshuffle_order[5] = { 0, 2, 4, 1, 3 };
    const int64_t up[5] = { s[0] / (r * r), r, r, s[1], s[2] }, down[5] = { s[0], s[1] / r, r, s[2] / r, r };
    for (int i = 0; i < 5; i++) {
        split[lead + i] = is_shuffle ? up[i] : down[i];
        order[lead + i] = lead + (is_shuffle ? shuffle_order[i] : unshuffle_order[i]);
    }
    joined[lead] = is_shuffle ? s[0] / (r * r) : s[0] * r * r;
    joined[lead + 1] = is_shuffle ? s[1] * r : s[1] / r;
    joined[lead + 2] = is_shuffle ? s[2] * r : s[2] / r;
    return regroup(cx, t, split, order, lead + 5, joined, lead + 3, rets);
}

bool op_pixel_shuffle(op_ctx *cx, const jit_value *args, jit_value *rets) { return shuffle_pixels(cx, args, true, rets); }
bool op_pixel_unshuffle(op_ctx *cx, const jit_value *args, jit_value *rets) { return shuffle_pixels(cx, args, false, rets); }

bool op_channel_shuffle(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    const int64_t groups = args[1].i;
    if (t->n_dims < 3)
        return OP_FAIL(cx, "channel_shuffle expects input with > 2 dims, but got input with sizes %s",
                       sizes_print(t->sizes, t->n_dims).s);
    if (groups <= 0)
        return OP_FAIL(cx, "Number of groups to divide channels in must be positive. Value of groups:%lld", (long long)groups);
    if (t->sizes[1] % groups)
        return OP_FAIL(cx, "Number of channels must be divisible by groups. Got %lld channels and %lld groups.",
                       (long long)t->sizes[1], (long long)groups);
    int64_t split[TENSOR_MAX_DIMS + 1];
    int order[TENSOR_MAX_DIMS + 1];
    if (t->n_dims == TENSOR_MAX_DIMS) return OP_FAIL(cx, "too many dimensions");
    split[0] = t->sizes[0];
    split[1] = groups;
    split[2] = t->sizes[1] / groups;
    for (int i = 2; i < t->n_dims; i++) split[i + 1] = t->sizes[i];
    for (int i = 0; i <= t->n_dims; i++) order[i] = i == 1 ? 2 : i == 2 ? 1 : i;
    return regroup(cx, t, split, order, t->n_dims + 1, t->sizes, t->n_dims, rets);
}

/* ---- copies with a part replaced ------------------------------------------------------------- */

/* A copy of self in which the view that `make_view_op` gives of it is replaced by src (args[1]). */
static bool scatter_view(op_ctx *cx, op_kernel make_view_op, const jit_value *args, int n_rest, jit_value *rets)
{
    enum { MOST_ARGS = 6 };
    jit_value view_args[MOST_ARGS], view;
    tensor *out = tensor_clone(cx, args[0].t);
    if (!out) return false;
    view_args[0] = RET_TENSOR(out);
    for (int i = 0; i < n_rest; i++) view_args[i + 1] = args[i + 2];
    bool ok = make_view_op(cx, view_args, &view);
    if (ok) {
        ok = tensor_same_sizes(view.t, args[1].t)
             || OP_FAIL(cx, "expected src to have a size equal to the slice of self. src size = %s, slice size = %s",
                        sizes_print(args[1].t->sizes, args[1].t->n_dims).s, sizes_print(view.t->sizes, view.t->n_dims).s);
        ok = ok && tensor_copy_into(cx, view.t, args[1].t);
        value_unref(view);
    }
    if (!ok) return tensor_unref(out), false;
    return give(out, rets);
}

bool op_slice_scatter(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return scatter_view(cx, op_slice, args, 4, rets);
}

bool op_select_scatter(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return scatter_view(cx, op_select, args, 2, rets);
}

bool op_diagonal_scatter(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return scatter_view(cx, op_diagonal, args, 3, rets);
}
