/* runtime/kernels/views.c: operators whose result is a window on the operand's storage.
 *
 * Each computes sizes, strides and an offset and makes a view; none touches an element. reshape and its
 * relatives copy when no strides can express the wanted sizes. Sources of the rules: at/native/TensorShape.cpp,
 * at/TensorUtils.cpp (computeStride). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/views.h"

#include <string.h>

window window_of(const tensor *t)
{
    window w = { .n_dims = t->n_dims, .offset = t->offset };
    memcpy(w.sizes, t->sizes, t->n_dims * sizeof *w.sizes);
    memcpy(w.strides, t->strides, t->n_dims * sizeof *w.strides);
    return w;
}

void window_remove_dim(window *w, int dim)
{
    w->n_dims--;
    for (int i = dim; i < w->n_dims; i++) {
        w->sizes[i] = w->sizes[i + 1];
        w->strides[i] = w->strides[i + 1];
    }
}

void window_insert_dim(window *w, int dim, int64_t size, int64_t stride)
{
    for (int i = w->n_dims; i > dim; i--) {
        w->sizes[i] = w->sizes[i - 1];
        w->strides[i] = w->strides[i - 1];
    }
    w->sizes[dim] = size;
    w->strides[dim] = stride;
    w->n_dims++;
}

tensor *view_window(op_ctx *cx, tensor *base, const window *w)
{
    tensor *t = make_view(cx, base, w->sizes, w->strides, w->n_dims, w->offset);
    if (t) t->requires_grad = base->requires_grad;
    return t;
}

static bool ret_view(op_ctx *cx, tensor *base, const window *w, jit_value *rets)
{
    tensor *t = view_window(cx, base, w);
    if (t) rets[0] = RET_TENSOR(t);
    return t != NULL;
}

/* ---- view and reshape ------------------------------------------------------------------------ */

bool infer_sizes(op_ctx *cx, const int64_t *wanted, int n, int64_t numel, int64_t *ret)
{
    int64_t known = 1;
    int open = -1;
    for (int i = 0; i < n; i++) {
        ret[i] = wanted[i];
        if (wanted[i] == -1) {
            if (open >= 0) return OP_FAIL(cx, "only one dimension can be inferred");
            open = i;
        } else if (wanted[i] < 0) {
            return OP_FAIL(cx, "invalid shape dimension %lld", (long long)wanted[i]);
        } else if (__builtin_mul_overflow(known, wanted[i], &known)) {
            known = -1;
            break;
        }
    }
    if (open >= 0 && known == 0)
        return OP_FAIL(cx, "cannot reshape tensor of 0 elements into shape %s because the unspecified dimension size "
                       "-1 can be any value and is ambiguous", sizes_print(wanted, n).s);
    if (known < 0 || (open >= 0 ? numel % known != 0 : numel != known))
        return OP_FAIL(cx, "shape '%s' is invalid for input of size %lld", sizes_print(wanted, n).s,
                       (long long)numel);
    if (open >= 0) ret[open] = numel / known;
    return true;
}

/* Strides that show t with other sizes without copying; false if there are none. A run of dimensions that lie
 * behind each other in memory may be cut anew; computeStride walks both shapes from the last dimension. */
static bool reshaped_strides(const tensor *t, const int64_t *sizes, int n, int64_t *ret)
{
    if (t->numel == 0) {
        tensor_contiguous_strides(sizes, n, ret);
        return true;
    }
    int to = n - 1;
    int64_t base_stride = t->n_dims ? t->strides[t->n_dims - 1] : 1, in_run = 1, given = 1;
    for (int i = t->n_dims - 1; i >= 0; i--) {
        in_run *= t->sizes[i];
        if (i > 0 && (t->sizes[i - 1] == 1 || t->strides[i - 1] == in_run * base_stride)) continue;
        while (to >= 0 && (given < in_run || sizes[to] == 1)) {
            ret[to] = given * base_stride;
            given *= sizes[to--];
        }
        if (given != in_run) return false;
        if (i > 0) {
            base_stride = t->strides[i - 1];
            in_run = given = 1;
        }
    }
    for (; to >= 0 && sizes[to] == 1; to--) ret[to] = base_stride; // a 0-dim tensor
    return to < 0;
}

/* A view of t with these sizes, or NULL where a copy is needed (nothing reported). */
static tensor *try_view(op_ctx *cx, tensor *t, const int64_t *sizes, int n)
{
    window w = { .n_dims = n, .offset = t->offset };
    memcpy(w.sizes, sizes, (size_t)n * sizeof *sizes);
    return reshaped_strides(t, sizes, n, w.strides) ? view_window(cx, t, &w) : NULL;
}

tensor *tensor_reshape(op_ctx *cx, tensor *t, const int64_t *wanted, int n)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    if (!infer_sizes(cx, wanted, n, t->numel, sizes)) return NULL;
    tensor *made = try_view(cx, t, sizes, n);
    if (made || cx->run->status) return made;
    tensor *copy = make_tensor(cx, tensor_dtype(t), t->sizes, t->n_dims);
    if (copy && tensor_copy_into(cx, copy, t)) made = try_view(cx, copy, sizes, n);
    if (copy) tensor_unref(copy);
    return made;
}

static bool ret_tensor(tensor *t, jit_value *rets)
{
    if (t) rets[0] = RET_TENSOR(t);
    return t != NULL;
}

bool op_view(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n;
    const int64_t *wanted;
    int64_t sizes[TENSOR_MAX_DIMS];
    if (!arg_sizes(cx, args[1], &wanted, &n) || !infer_sizes(cx, wanted, n, args[0].t->numel, sizes)) return false;
    tensor *made = try_view(cx, args[0].t, sizes, n);
    if (!made && !cx->run->status)
        OP_FAIL(cx, "view size is not compatible with input tensor's size and stride (at least one dimension spans "
                "across two contiguous subspaces). Use .reshape(...) instead.");
    return ret_tensor(made, rets);
}

bool op_view_as(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *like = args[1].t;
    tensor *made = NULL;
    if (args[0].t->numel != like->numel)
        return OP_FAIL(cx, "shape '%s' is invalid for input of size %lld", sizes_print(like->sizes, like->n_dims).s,
                       (long long)args[0].t->numel);
    made = try_view(cx, args[0].t, like->sizes, like->n_dims);
    if (!made && !cx->run->status)
        OP_FAIL(cx, "view size is not compatible with input tensor's size and stride (at least one dimension spans "
                "across two contiguous subspaces). Use .reshape(...) instead.");
    return ret_tensor(made, rets);
}

bool op_reshape(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n;
    const int64_t *wanted;
    return arg_sizes(cx, args[1], &wanted, &n) && ret_tensor(tensor_reshape(cx, args[0].t, wanted, n), rets);
}

bool op_reshape_as(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return ret_tensor(tensor_reshape(cx, args[0].t, args[1].t->sizes, args[1].t->n_dims), rets);
}

bool op_flatten(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    int start, end, n = 0;
    int64_t sizes[TENSOR_MAX_DIMS], joined = 1;
    if (!wrap_dim(cx, args[1].i, t->n_dims, &start) || !wrap_dim(cx, args[2].i, t->n_dims, &end)) return false;
    if (start > end) return OP_FAIL(cx, "flatten() has invalid args: start_dim cannot come after end_dim");
    if (t->n_dims && start == end) {
        rets[0] = value_ref(args[0]);
        return true;
    }
    for (int i = 0; i < start; i++) sizes[n++] = t->sizes[i];
    for (int i = start; i <= end && i < t->n_dims; i++) joined *= t->sizes[i];
    sizes[n++] = joined;
    for (int i = end + 1; i < t->n_dims; i++) sizes[n++] = t->sizes[i];
    return ret_tensor(tensor_reshape(cx, t, sizes, n), rets);
}

bool op_ravel(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const int64_t all = -1;
    const int64_t none = 0;
    return ret_tensor(tensor_reshape(cx, args[0].t, args[0].t->numel ? &all : &none, 1), rets);
}

bool op_unflatten(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    int dim, n_new, n = 0;
    int64_t part[TENSOR_MAX_DIMS], sizes[2 * TENSOR_MAX_DIMS];
    const int64_t *wanted;
    if (!wrap_dim(cx, args[1].i, t->n_dims, &dim) || !arg_sizes(cx, args[2], &wanted, &n_new)) return false;
    if (n_new == 0) return OP_FAIL(cx, "unflatten: sizes must be non-empty");
    if (!infer_sizes(cx, wanted, n_new, t->sizes[dim], part)) return false;
    for (int i = 0; i < dim; i++) sizes[n++] = t->sizes[i];
    for (int i = 0; i < n_new; i++) sizes[n++] = part[i];
    for (int i = dim + 1; i < t->n_dims; i++) sizes[n++] = t->sizes[i];
    return ret_tensor(tensor_reshape(cx, t, sizes, n), rets);
}

/* ---- dimensions of size one ------------------------------------------------------------------ */

static bool squeezed(op_ctx *cx, const jit_value *args, bool has_dim, window *w)
{
    int dim = -1;
    *w = window_of(args[0].t);
    if (has_dim && !wrap_dim(cx, args[1].i, w->n_dims, &dim)) return false;
    for (int i = w->n_dims - 1; i >= 0; i--)
        if (w->sizes[i] == 1 && (!has_dim || i == dim)) window_remove_dim(w, i);
    return true;
}

static bool unsqueezed(op_ctx *cx, const jit_value *args, window *w)
{
    int dim;
    *w = window_of(args[0].t);
    if (!wrap_dim(cx, args[1].i, w->n_dims + 1, &dim)) return false;
    if (w->n_dims == TENSOR_MAX_DIMS) return OP_FAIL(cx, "too many dimensions (%d at most)", TENSOR_MAX_DIMS);
    window_insert_dim(w, dim, 1, dim < w->n_dims ? w->sizes[dim] * w->strides[dim] : 1);
    return true;
}

bool op_squeeze(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return squeezed(cx, args, false, &w) && ret_view(cx, args[0].t, &w, rets);
}

bool op_squeeze_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return squeezed(cx, args, true, &w) && ret_view(cx, args[0].t, &w, rets);
}

bool op_unsqueeze(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return unsqueezed(cx, args, &w) && ret_view(cx, args[0].t, &w, rets);
}

/* ---- orders of dimensions -------------------------------------------------------------------- */

static bool transposed(op_ctx *cx, const tensor *t, int64_t dim0, int64_t dim1, window *w)
{
    int a, b;
    *w = window_of(t);
    if (!wrap_dim(cx, dim0, t->n_dims, &a) || !wrap_dim(cx, dim1, t->n_dims, &b)) return false;
    if (t->n_dims == 0) return true;
    w->sizes[a] = t->sizes[b];
    w->strides[a] = t->strides[b];
    w->sizes[b] = t->sizes[a];
    w->strides[b] = t->strides[a];
    return true;
}

static bool matrix_transposed(op_ctx *cx, const tensor *t, window *w)
{
    if (t->n_dims > 2)
        return OP_FAIL(cx, "t() expects a tensor with <= 2 dimensions, but self is %dD", t->n_dims);
    return transposed(cx, t, 0, t->n_dims < 2 ? 0 : 1, w);
}

bool op_transpose(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return transposed(cx, args[0].t, args[1].i, args[2].i, &w) && ret_view(cx, args[0].t, &w, rets);
}

bool op_t(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return matrix_transposed(cx, args[0].t, &w) && ret_view(cx, args[0].t, &w, rets);
}

/* x.T: all dimensions reversed */
bool op_numpy_T(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *t = args[0].t;
    window w = window_of(t);
    for (int i = 0; i < t->n_dims; i++) {
        w.sizes[i] = t->sizes[t->n_dims - 1 - i];
        w.strides[i] = t->strides[t->n_dims - 1 - i];
    }
    return ret_view(cx, args[0].t, &w, rets);
}

/* x.mT: the last two dimensions swapped; a number is its own */
bool op_mT(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w = window_of(args[0].t);
    if (args[0].t->n_dims == 0) return ret_view(cx, args[0].t, &w, rets);
    if (args[0].t->n_dims < 2)
        return OP_FAIL(cx, "tensor.mT is only supported on matrices or batches of matrices. Got %d-D tensor.",
                       args[0].t->n_dims);
    return transposed(cx, args[0].t, -2, -1, &w) && ret_view(cx, args[0].t, &w, rets);
}

/* x.mH and adjoint(): transposed and conjugated; complex data is conjugated into a copy. */
bool op_mH(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    jit_value conjugated;
    if (!dtype_is_complex(tensor_dtype(args[0].t))) return op_mT(cx, args, rets);
    if (!op_conj(cx, args, &conjugated)) return false;
    const bool ok = op_mT(cx, &conjugated, rets);
    value_unref(conjugated);
    return ok;
}

/* x.H, of matrices only */
bool op_matrix_H(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const int n = args[0].t->n_dims;
    if (n == 0) {
        rets[0] = value_ref(args[0]);
        return true;
    }
    if (n != 2)
        return OP_FAIL(cx, "tensor.H is only supported on matrices (2-D tensors). Got %d-D tensor.%s", n,
                       n > 2 ? " For batches of matrices, consider using tensor.mH" : "");
    return op_mH(cx, args, rets);
}

bool op_permute(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *t = args[0].t;
    int n;
    const int64_t *dims = arg_ints(args[1], &n);
    window w = window_of(t);
    uint64_t seen = 0;
    if (n != t->n_dims)
        return OP_FAIL(cx, "permute(sparse_coo): number of dimensions in the tensor input does not match the length of "
                       "the desired ordering of dimensions i.e. input.dim() = %d is not equal to len(dims) = %d",
                       t->n_dims, n);
    for (int i = 0; i < n; i++) {
        int dim;
        if (!wrap_dim(cx, dims[i], n, &dim)) return false;
        if (seen >> dim & 1) return OP_FAIL(cx, "permute(): duplicate dims are not allowed.");
        seen |= (uint64_t)1 << dim;
        w.sizes[i] = t->sizes[dim];
        w.strides[i] = t->strides[dim];
    }
    return ret_view(cx, args[0].t, &w, rets);
}

/* Moves dimensions from[k] to to[k], the others keep their order. */
static bool move_dims(op_ctx *cx, const jit_value *args, const int64_t *from, const int64_t *to, int n, jit_value *rets)
{
    const tensor *t = args[0].t;
    int order[TENSOR_MAX_DIMS], next = 0;
    uint64_t moved = 0, taken = 0;
    for (int k = 0; k < n; k++) {
        int a, b;
        if (!wrap_dim(cx, from[k], t->n_dims, &a) || !wrap_dim(cx, to[k], t->n_dims, &b)) return false;
        if (moved >> a & 1) return OP_FAIL(cx, "movedim: repeated dim in `source` (%s)", sizes_print(from, n).s);
        if (taken >> b & 1) return OP_FAIL(cx, "movedim: repeated dim in `destination` (%s)", sizes_print(to, n).s);
        moved |= (uint64_t)1 << a;
        taken |= (uint64_t)1 << b;
        order[b] = a;
    }
    window w = window_of(t);
    for (int i = 0; i < t->n_dims; i++) {
        if (!(taken >> i & 1)) {
            while (moved >> next & 1) next++;
            order[i] = next++;
        }
        w.sizes[i] = t->sizes[order[i]];
        w.strides[i] = t->strides[order[i]];
    }
    return ret_view(cx, args[0].t, &w, rets);
}

bool op_movedim_int(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return move_dims(cx, args, &args[1].i, &args[2].i, 1, rets);
}

bool op_movedim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n, m;
    const int64_t *from = arg_ints(args[1], &n), *to = arg_ints(args[2], &m);
    if (n != m)
        return OP_FAIL(cx, "movedim: Invalid source or destination dims: source (%s dims) should contain the same "
                       "number of dims as destination (%s dims)", sizes_print(from, n).s, sizes_print(to, m).s);
    return move_dims(cx, args, from, to, n, rets);
}

/* ---- parts ----------------------------------------------------------------------------------- */

tensor *tensor_narrow(op_ctx *cx, tensor *t, int dim, int64_t start, int64_t length)
{
    window w = window_of(t);
    w.offset += start * w.strides[dim];
    w.sizes[dim] = length;
    return view_window(cx, t, &w);
}

bool op_select(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    int dim;
    int64_t index = args[2].i;
    if (t->n_dims == 0) return OP_FAIL(cx, "select() cannot be applied to a 0-dim tensor.");
    if (!wrap_dim(cx, args[1].i, t->n_dims, &dim)) return false;
    if (index < -t->sizes[dim] || index >= t->sizes[dim])
        return OP_FAIL(cx, "select(): index %lld out of range for tensor of size %s at dimension %d", (long long)index,
                       sizes_print(t->sizes, t->n_dims).s, dim);
    window w = window_of(t);
    w.offset += (index < 0 ? index + t->sizes[dim] : index) * t->strides[dim];
    window_remove_dim(&w, dim);
    return ret_view(cx, t, &w, rets);
}

bool op_slice(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    int dim;
    if (t->n_dims == 0) return OP_FAIL(cx, "slice() cannot be applied to a 0-dim tensor.");
    if (!wrap_dim(cx, args[1].i, t->n_dims, &dim)) return false;
    const int64_t size = t->sizes[dim], step = args[4].i;
    int64_t start = arg_int(args[2], 0), end = arg_int(args[3], INT64_MAX);
    if (step <= 0) return OP_FAIL(cx, "slice step must be positive");
    if (start < 0) start += size;
    if (end < 0) end += size;
    start = start < 0 ? 0 : start > size ? size : start;
    end = end < start ? start : end > size ? size : end;
    window w = window_of(t);
    w.offset += start * w.strides[dim];
    w.sizes[dim] = (end - start + step - 1) / step;
    w.strides[dim] *= step;
    return ret_view(cx, t, &w, rets);
}

static bool narrow(op_ctx *cx, tensor *t, int64_t raw_dim, int64_t start, int64_t length, jit_value *rets)
{
    int dim;
    if (t->n_dims == 0) return OP_FAIL(cx, "narrow() cannot be applied to a 0-dim tensor.");
    if (length < 0) return OP_FAIL(cx, "narrow(): length must be non-negative.");
    if (!wrap_dim(cx, raw_dim, t->n_dims, &dim)) return false;
    const int64_t size = t->sizes[dim];
    if (start < -size || start > size)
        return OP_FAIL(cx, "start out of range (expected to be in range of [%lld, %lld], but got %lld)",
                       (long long)-size, (long long)size, (long long)start);
    if (start < 0) start += size;
    if (start > size - length)
        return OP_FAIL(cx, "start (%lld) + length (%lld) exceeds dimension size (%lld).", (long long)start,
                       (long long)length, (long long)size);
    return ret_tensor(tensor_narrow(cx, t, dim, start, length), rets);
}

bool op_narrow(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return narrow(cx, args[0].t, args[1].i, args[2].i, args[3].i, rets);
}

bool op_narrow_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *start = args[2].t;
    if (start->n_dims || dtype_category_of(tensor_dtype(start)) != CATEGORY_I)
        return OP_FAIL(cx, "start must be an 0-dim integral Tensor.");
    return narrow(cx, args[0].t, args[1].i, tensor_get_int(start, 0), args[3].i, rets);
}

bool op_diagonal(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    const int64_t offset = args[1].i;
    int a, b;
    if (!wrap_dim(cx, args[2].i, t->n_dims, &a) || !wrap_dim(cx, args[3].i, t->n_dims, &b)) return false;
    if (a == b)
        return OP_FAIL(cx, "diagonal dimensions cannot be identical %lld, %lld", (long long)args[2].i,
                       (long long)args[3].i);
    window w = window_of(t);
    int64_t rows = t->sizes[a] + (offset < 0 ? offset : 0), columns = t->sizes[b] - (offset > 0 ? offset : 0);
    int64_t n = rows < columns ? rows : columns;
    if (n > 0) w.offset += offset >= 0 ? offset * t->strides[b] : -offset * t->strides[a];
    const int64_t stride = t->strides[a] + t->strides[b];
    window_remove_dim(&w, a > b ? a : b);
    window_remove_dim(&w, a > b ? b : a);
    window_insert_dim(&w, w.n_dims, n > 0 ? n : 0, stride);
    return ret_view(cx, t, &w, rets);
}

/* x.unfold(dimension, size, step): windows of a dimension become a new last dimension */
bool op_unfold(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    const int64_t size = args[2].i, step = args[3].i;
    int dim;
    if (!wrap_dim(cx, args[1].i, t->n_dims, &dim)) return false;
    const int64_t limit = t->n_dims ? t->sizes[dim] : 1;
    if (size < 0) return OP_FAIL(cx, "size is %lld but must be >= 0", (long long)size);
    if (size > limit)
        return OP_FAIL(cx, "maximum size for tensor at dimension %d is %lld but size is %lld", dim, (long long)limit,
                       (long long)size);
    if (step <= 0) return OP_FAIL(cx, "step is %lld but must be > 0", (long long)step);
    window w = window_of(t);
    const int64_t stride = t->n_dims ? t->strides[dim] : 1;
    if (t->n_dims) {
        w.sizes[dim] = (limit - size) / step + 1;
        w.strides[dim] = step * stride;
    }
    window_insert_dim(&w, w.n_dims, size, stride);
    return ret_view(cx, t, &w, rets);
}

/* ---- larger and other windows ---------------------------------------------------------------- */

tensor *tensor_expand(op_ctx *cx, tensor *t, const int64_t *sizes, int n)
{
    window w = { .n_dims = n, .offset = t->offset };
    if (n < t->n_dims) {
        OP_FAIL(cx, "expand(torch.%sTensor{%s}, size=%s): the number of sizes provided (%d) must be greater or equal to the "
                "number of dimensions in the tensor (%d)", dtype_prefix(tensor_dtype(t)),
                sizes_print(t->sizes, t->n_dims).s, sizes_print(sizes, n).s, n, t->n_dims);
        return NULL;
    }
    for (int i = n - 1, from = t->n_dims - 1; i >= 0; i--, from--) {
        const int64_t have = from >= 0 ? t->sizes[from] : 1;
        w.sizes[i] = sizes[i];
        if (sizes[i] == -1 && from < 0) {
            OP_FAIL(cx, "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension %d", i);
            return NULL;
        }
        if (sizes[i] == -1) w.sizes[i] = have;
        if (w.sizes[i] != have && have != 1) {
            OP_FAIL(cx, "The expanded size of the tensor (%lld) must match the existing size (%lld) at non-singleton "
                    "dimension %d.  Target sizes: %s.  Tensor sizes: %s", (long long)sizes[i], (long long)have, i,
                    sizes_print(sizes, n).s, sizes_print(t->sizes, t->n_dims).s);
            return NULL;
        }
        // a dimension before the first one: as if it had been there with size 1
        const int64_t stride = from >= 0 ? t->strides[from] : i + 1 < n && t->n_dims ? w.sizes[i + 1] * w.strides[i + 1] : 0;
        w.strides[i] = w.sizes[i] == have ? stride : 0;
    }
    return view_window(cx, t, &w);
}

bool op_expand(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n;
    const int64_t *sizes = arg_ints(args[1], &n);
    return ret_tensor(tensor_expand(cx, args[0].t, sizes, n), rets);
}

bool op_expand_as(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return ret_tensor(tensor_expand(cx, args[0].t, args[1].t->sizes, args[1].t->n_dims), rets);
}

bool op_broadcast_tensors(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const list *tensors = args[0].list;
    int64_t sizes[TENSOR_MAX_DIMS];
    int n = 0;
    for (size_t i = 0; i < tensors->n; i++)
        if (!broadcast_sizes(cx, sizes, &n, tensors->values[i].t->sizes, tensors->values[i].t->n_dims)) return false;
    list *made = list_new(tensors->elem, LIST_VALUES, tensors->n);
    if (!made) return op_no_memory(cx);
    for (size_t i = 0; i < tensors->n; i++) {
        tensor *t = tensor_expand(cx, tensors->values[i].t, sizes, n);
        if (!t || !list_push(made, RET_TENSOR(t))) {
            value_unref(VALUE_HEAP_V(VALUE_LIST, made));
            return op_no_memory(cx);
        }
    }
    rets[0] = VALUE_HEAP_V(VALUE_LIST, made);
    return true;
}

static bool strided(op_ctx *cx, const jit_value *args, window *w)
{
    int n_strides;
    const int64_t *sizes = arg_ints(args[1], &w->n_dims), *strides = arg_ints(args[2], &n_strides);
    if (w->n_dims != n_strides) return OP_FAIL(cx, "mismatch in length of strides and shape");
    if (w->n_dims > TENSOR_MAX_DIMS) return OP_FAIL(cx, "too many dimensions (%d at most)", TENSOR_MAX_DIMS);
    for (int i = 0; i < w->n_dims; i++) {
        if (strides[i] < 0)
            return OP_FAIL(cx, "as_strided: Negative strides are not supported at the moment, got strides: %s",
                           sizes_print(strides, n_strides).s);
        w->sizes[i] = sizes[i];
        w->strides[i] = strides[i];
    }
    w->offset = arg_int(args[3], args[0].t->offset);
    return true;
}

bool op_as_strided(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return strided(cx, args, &w) && ret_view(cx, args[0].t, &w, rets);
}

/* The same bytes as elements of another type. Smaller elements are more in the last dimension, larger ones fewer: the
 * window has to be divisible then. */
static bool check_larger_elements(op_ctx *cx, const tensor *t, dtype to, int64_t ratio)
{
    const char *a = dtype_prefix(tensor_dtype(t)), *b = dtype_prefix(to);
    const int last = t->n_dims - 1;
    if (t->sizes[last] % ratio)
        return OP_FAIL(cx, "self.size(-1) must be divisible by %lld to view %s as %s (different element sizes), but got %lld",
                       (long long)ratio, a, b, (long long)t->sizes[last]);
    if (t->offset % ratio)
        return OP_FAIL(cx, "self.storage_offset() must be divisible by %lld to view %s as %s (different element sizes), but got "
                           "%lld", (long long)ratio, a, b, (long long)t->offset);
    for (int i = 0; i < last; i++)
        if (t->strides[i] % ratio)
            return OP_FAIL(cx, "self.stride(%d) must be divisible by %lld to view %s as %s (different element sizes), but got "
                               "%lld", i, (long long)ratio, a, b, (long long)t->strides[i]);
    return true;
}

static bool resized_elements(op_ctx *cx, const tensor *t, dtype to, window *w)
{
    const int64_t from_bytes = (int64_t)dtype_size(tensor_dtype(t)), to_bytes = (int64_t)dtype_size(to);
    const int last = t->n_dims - 1;
    const char *a = dtype_prefix(tensor_dtype(t)), *b = dtype_prefix(to);
    if (last < 0) return OP_FAIL(cx, "self.dim() cannot be 0 to view %s as %s (different element sizes)", a, b);
    if (t->strides[last] != 1)
        return OP_FAIL(cx, "self.stride(-1) must be 1 to view %s as %s (different element sizes), but got %lld", a, b,
                       (long long)t->strides[last]);
    const bool shrinks = to_bytes < from_bytes;
    const int64_t ratio = shrinks ? from_bytes / to_bytes : to_bytes / from_bytes;
    if (!shrinks && !check_larger_elements(cx, t, to, ratio)) return false;
    w->sizes[last] = shrinks ? w->sizes[last] * ratio : w->sizes[last] / ratio;
    w->offset = shrinks ? w->offset * ratio : w->offset / ratio;
    for (int i = 0; i < last; i++) w->strides[i] = shrinks ? w->strides[i] * ratio : w->strides[i] / ratio;
    return true;
}

bool op_view_dtype(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *t = args[0].t;
    const dtype to = (dtype)args[1].i;
    window w = window_of(t);
    if (!check_dtype(cx, to) || (dtype_size(to) != dtype_size(tensor_dtype(t)) && !resized_elements(cx, t, to, &w))) return false;
    tensor *made = tensor_on_storage(t->store, to, w.sizes, w.strides, w.n_dims, w.offset);
    return made ? ret_tensor(made, rets) : op_no_memory(cx);
}

bool op_is_set_to(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *a = args[0].t, *b = args[1].t;
    const size_t n_bytes = (size_t)a->n_dims * sizeof *a->strides;
    rets[0] = VALUE_BOOL_V(a->store == b->store && a->offset == b->offset && tensor_same_sizes(a, b) &&
                           memcmp(a->strides, b->strides, n_bytes) == 0);
    return true;
}

/* Complex elements as a last dimension of two, and back. */
bool op_view_as_real(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *t = args[0].t;
    if (!dtype_is_complex(tensor_dtype(t))) return OP_FAIL(cx, "view_as_real is only supported for complex tensors");
    window w = window_of(t);
    for (int i = 0; i < w.n_dims; i++) w.strides[i] *= 2;
    window_insert_dim(&w, w.n_dims, 2, 1);
    tensor *made = tensor_on_storage(t->store, dtype_real(tensor_dtype(t)), w.sizes, w.strides, w.n_dims, 2 * w.offset);
    return made ? ret_tensor(made, rets) : op_no_memory(cx);
}

bool op_view_as_complex(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *t = args[0].t;
    const int last = t->n_dims - 1;
    if (!dtype_is_float(tensor_dtype(t)))
        return OP_FAIL(cx, "view_as_complex is only supported for floating point tensors, but got a tensor of scalar "
                       "type: %s", dtype_prefix(tensor_dtype(t)));
    if (last < 0) return OP_FAIL(cx, "Input tensor must have one or more dimensions");
    if (t->sizes[last] != 2) return OP_FAIL(cx, "Tensor must have a last dimension of size 2");
    if (t->strides[last] != 1) return OP_FAIL(cx, "Tensor must have a last dimension with stride 1");
    window w = window_of(t);
    for (int i = 0; i < last; i++) {
        if (w.strides[i] % 2) return OP_FAIL(cx, "Tensor must have a stride divisible by 2 for all but last dimension");
        w.strides[i] /= 2;
    }
    if (w.offset % 2) return OP_FAIL(cx, "Tensor must have a storage_offset divisible by 2");
    tensor *made = tensor_on_storage(t->store, dtype_complex(tensor_dtype(t)), w.sizes, w.strides, last, w.offset / 2);
    return made ? ret_tensor(made, rets) : op_no_memory(cx);
}

tensor *tensor_at_least(op_ctx *cx, tensor *t, int n)
{
    window w = window_of(t);
    if (w.n_dims == 0 && n > 0) window_insert_dim(&w, 0, 1, 1);
    if (w.n_dims == 1 && n > 1) window_insert_dim(&w, 0, 1, w.sizes[0] * w.strides[0]);
    if (w.n_dims == 2 && n > 2) window_insert_dim(&w, 2, 1, 1);
    return view_window(cx, t, &w);
}

bool op_atleast(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const int wanted = cx->op == OP_aten_atleast_1d ? 1 : cx->op == OP_aten_atleast_2d ? 2 : 3;
    if (args[0].t->n_dims < wanted) return ret_tensor(tensor_at_least(cx, args[0].t, wanted), rets);
    rets[0] = value_ref(args[0]);
    return true;
}

/* ---- changing the window of the operand itself ----------------------------------------------- */

/* The operand becomes the window: squeeze_(), t_() … */
static bool rewindow(op_ctx *cx, const jit_value *args, const window *w, jit_value *rets)
{
    tensor *view = make_view(cx, args[0].t, w->sizes, w->strides, w->n_dims, w->offset);
    const bool ok = view && tensor_set(args[0].t, view);
    if (view) tensor_unref(view);
    if (!ok) return op_no_memory(cx);
    tensor_bump_version(args[0].t);
    rets[0] = value_ref(args[0]);
    return true;
}

bool op_squeeze_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return squeezed(cx, args, false, &w) && rewindow(cx, args, &w, rets);
}

bool op_squeeze_dim_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return squeezed(cx, args, true, &w) && rewindow(cx, args, &w, rets);
}

bool op_unsqueeze_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return unsqueezed(cx, args, &w) && rewindow(cx, args, &w, rets);
}

bool op_transpose_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return transposed(cx, args[0].t, args[1].i, args[2].i, &w) && rewindow(cx, args, &w, rets);
}

bool op_t_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return matrix_transposed(cx, args[0].t, &w) && rewindow(cx, args, &w, rets);
}

bool op_as_strided_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    return strided(cx, args, &w) && rewindow(cx, args, &w, rets);
}
