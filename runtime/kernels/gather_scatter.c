/* Elements chosen or written along one dimension by an index tensor: gather, scatter, index_select, index_add, take,
 * embedding (at/native/TensorAdvancedIndexing.cpp, cpu/ScatterGatherKernel.cpp). Writes happen in index order. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/indexed_lines.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* ---- gather and scatter ----------------------------------------------------------------------------- */
/* index has self's rank and fits into `limit`'s sizes everywhere (but along `dim`, if dim >= 0). */
static bool index_fits(const tensor *index, const tensor *limit, int dim)
{
    const int n = limit->n_dims ? limit->n_dims : 1;
    for (int i = 0; i < n; i++) {
        const int64_t a = index->n_dims ? index->sizes[i] : 1, b = limit->n_dims ? limit->sizes[i] : 1;
        if (i != dim && a > b) return false;
    }
    return true;
}

static int rank(const tensor *t) { return t->n_dims ? t->n_dims : 1; }

static bool check_index_type(op_ctx *cx, const char *name, const tensor *index)
{
    return index->dtype == DTYPE_int64 || index->numel == 0 || OP_FAIL(cx, "%s(): Expected dtype int64 for index", name);
}

static tensor *gather(op_ctx *cx, tensor *self, int64_t dim_arg, tensor *index)
{
    int dim;
    if (!wrap_dim(cx, dim_arg, self->n_dims, &dim) || !check_index_type(cx, "gather", index)) return NULL;
    tensor *result = make_tensor(cx, tensor_dtype(self), index->sizes, index->n_dims);
    if (!result || index->numel == 0) return result;
    bool ok = rank(self) == rank(index) ||
              OP_FAIL(cx, "Index tensor must have the same number of dimensions as input tensor");
    for (int i = 0; ok && i < self->n_dims && index->n_dims; i++)
        if (i != dim && index->sizes[i] > self->sizes[i])
            ok = OP_FAIL(cx, "Size does not match at dimension %d expected index %s to be smaller than self %s apart from "
                             "dimension %d", i, sizes_print(index->sizes, index->n_dims).s,
                         sizes_print(self->sizes, self->n_dims).s, dim);
    const indexed_lines l = { lines_of(index, dim), lines_under(self, index, dim), lines_of(result, dim), dim };
    if (ok && indexed_lines_gather(cx, &l)) return result;
    tensor_unref(result);
    return NULL;
}

bool op_gather(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_tensor(gather(cx, args[0].t, args[1].i, args[2].t), rets);
}

/* src: NULL where one number is written. */
static bool check_scatter(op_ctx *cx, const tensor *self, int dim, const tensor *index, const tensor *src)
{
    if (!check_index_type(cx, "scatter", index) || !check_no_overlap(cx, self, index) || (src && !check_no_overlap(cx, self, src)))
        return false;
    if (src && src->dtype != self->dtype) return OP_FAIL(cx, "scatter(): Expected self.dtype to be equal to src.dtype");
    if (index->numel == 0) return true;
    if (rank(index) != rank(self))
        return OP_FAIL(cx, "Index tensor must have the same number of dimensions as self tensor");
    if (src && rank(index) != rank(src))
        return OP_FAIL(cx, "Index tensor must have the same number of dimensions as src tensor");
    if (index_fits(index, self, dim) && (!src || index_fits(index, src, -1))) return true;
    return src ? OP_FAIL(cx, "Expected index %s to be smaller than self %s apart from dimension %d and to be smaller size "
                             "than src %s", sizes_print(index->sizes, index->n_dims).s,
                         sizes_print(self->sizes, self->n_dims).s, dim, sizes_print(src->sizes, src->n_dims).s)
               : OP_FAIL(cx, "Expected index %s to be smaller than self %s apart from dimension %d",
                         sizes_print(index->sizes, index->n_dims).s, sizes_print(self->sizes, self->n_dims).s, dim);
}

/* self[..., index[i], ...] combined with src[..., i, ...] or with the element `value`. */
static bool scatter(op_ctx *cx, tensor *self, int64_t dim_arg, tensor *index, tensor *src, const void *value, combine how)
{
    int dim;
    if (!wrap_dim(cx, dim_arg, self->n_dims, &dim) || !check_scatter(cx, self, dim, index, src)) return false;
    if (index->numel == 0) return true;
    if (!combine_find(how, tensor_dtype(self)))
        return OP_FAIL(cx, "\"scatter_gather_tensor_cpu_\" not implemented for '%s'", dtype_prefix(tensor_dtype(self)));
    if (!check_no_self_overlap(cx, self)) return false;
    const lines at = lines_of(index, dim);
    lines one = at; // the number, everywhere
    one.data = (char *)value;
    one.stride = 0;
    memset(one.strides, 0, sizeof one.strides);
    const indexed_lines l = { at, lines_under(self, index, dim), src ? lines_under(src, index, dim) : one, dim };
    return indexed_lines_scatter(cx, &l, how);
}

/* A source with gaps that interleaves with what is written is read as it was before. */
static bool scatter_from(op_ctx *cx, const jit_value *args, combine how, jit_value *rets)
{
    tensor *self = args[0].t, *src = args[3].t;
    if (!check_no_overlap(cx, self, src)) return false;
    tensor *own = tensors_overlap(self, src) ? tensor_clone(cx, src) : tensor_ref(src);
    const bool ok = own && scatter(cx, self, args[1].i, args[2].t, own, NULL, how);
    tensor_unref(own);
    return ok && give_self(args, rets);
}

static bool scatter_number(op_ctx *cx, const jit_value *args, combine how, jit_value *rets)
{
    char element[16];
    element_store_number(tensor_dtype(args[0].t), element, args[3]);
    return scatter(cx, args[0].t, args[1].i, args[2].t, NULL, element, how) && give_self(args, rets);
}

static bool read_reduce(op_ctx *cx, jit_value name, combine *ret)
{
    *ret = arg_str_is(name, "add") ? COMBINE_ADD : COMBINE_MULTIPLY;
    return arg_str_is(name, "add") || arg_str_is(name, "multiply") ||
           OP_FAIL(cx, "reduce argument must be either add or multiply.");
}

bool op_scatter_(op_ctx *cx, const jit_value *args, jit_value *rets) { return scatter_from(cx, args, COMBINE_SET, rets); }
bool op_scatter_add_(op_ctx *cx, const jit_value *args, jit_value *rets) { return scatter_from(cx, args, COMBINE_ADD, rets); }
bool op_scatter_value_(op_ctx *cx, const jit_value *args, jit_value *rets) { return scatter_number(cx, args, COMBINE_SET, rets); }

bool op_scatter_reduce_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    combine how;
    return read_reduce(cx, args[4], &how) && scatter_from(cx, args, how, rets);
}

bool op_scatter_value_reduce_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    combine how;
    return read_reduce(cx, args[4], &how) && scatter_number(cx, args, how, rets);
}

bool op_scatter(op_ctx *cx, const jit_value *args, jit_value *rets) { return on_contiguous_copy(cx, op_scatter_, args, 4, rets); }
bool op_scatter_add(op_ctx *cx, const jit_value *args, jit_value *rets) { return on_contiguous_copy(cx, op_scatter_add_, args, 4, rets); }
bool op_scatter_value(op_ctx *cx, const jit_value *args, jit_value *rets) { return on_contiguous_copy(cx, op_scatter_value_, args, 4, rets); }
bool op_scatter_reduce(op_ctx *cx, const jit_value *args, jit_value *rets) { return on_contiguous_copy(cx, op_scatter_reduce_, args, 5, rets); }
bool op_scatter_value_reduce(op_ctx *cx, const jit_value *args, jit_value *rets) { return on_contiguous_copy(cx, op_scatter_value_reduce_, args, 5, rets); }

/* ---- scatter_reduce: sum, prod, mean, amax, amin, with or without what was there ----------------------- */
typedef struct reduce_mode {
    const char *name;
    combine how;
    bool is_mean;
} reduce_mode;
static const reduce_mode reduce_modes[] = {
    { "sum", COMBINE_ADD, false }, { "prod", COMBINE_MULTIPLY, false }, { "mean", COMBINE_ADD, true },
    { "amax", COMBINE_MAX, false }, { "amin", COMBINE_MIN, false },
};

/* What a reduction starts from where self does not count. */
static jit_value identity_of(const reduce_mode *mode, dtype d)
{
    if (mode->how == COMBINE_ADD || mode->how == COMBINE_MULTIPLY) return VALUE_INT_V(mode->how == COMBINE_MULTIPLY);
    const bool is_max = mode->how == COMBINE_MAX;
    if (dtype_is_float(d)) return VALUE_FLOAT_V(is_max ? -(double)INFINITY : (double)INFINITY);
    if (d == DTYPE_bool) return VALUE_INT_V(!is_max);
    const int bits = 8 * (int)dtype_size(d);
    if (d == DTYPE_uint8) return VALUE_INT_V(is_max ? 0 : 255);
    const int64_t least = bits == 64 ? INT64_MIN : -((int64_t)1 << (bits - 1));
    return VALUE_INT_V(is_max ? least : -(least + 1));
}

/* Divides by how many went into each element. Integers round down. */
static tensor *mean_of_sums(op_ctx *cx, tensor *sums, tensor *counts)
{
    const jit_value operands[] = { RET_TENSOR(sums), RET_TENSOR(counts), VALUE_NONE_V };
    const dtype d = tensor_dtype(sums);
    if (dtype_is_float(d) || dtype_is_complex(d)) return compose(cx, OP_aten_div_Tensor, operands);
    return compose(cx, OP_aten_floor_divide, operands);
}

static bool scatter_mean(op_ctx *cx, tensor *self, const jit_value *args, bool include_self)
{
    const dtype d = tensor_dtype(self);
    tensor *counts = make_tensor(cx, d, self->sizes, self->n_dims);
    char one[16];
    element_store_number(d, one, VALUE_INT_V(1));
    bool ok = counts && tensor_fill(cx, counts, VALUE_INT_V(include_self)) &&
              scatter(cx, counts, args[1].i, args[2].t, NULL, one, COMBINE_ADD);
    for (int64_t i = 0; ok && i < counts->numel; i++) {
        char *p = (char *)tensor_data(counts) + i * (int64_t)dtype_size(d);
        if (element_load_double(d, p) == 0) element_store_number(d, p, VALUE_INT_V(1));
    }
    tensor *mean = ok ? mean_of_sums(cx, self, counts) : NULL;
    ok = mean && tensor_copy_into(cx, self, mean);
    tensor_unref(mean);
    tensor_unref(counts);
    return ok;
}

/* self, dim, index, src, reduce, include_self */
bool op_scatter_reduce_two_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *src = args[3].t;
    const bool include_self = arg_bool(args[5]);
    const reduce_mode *mode = NULL;
    for (size_t i = 0; i < sizeof reduce_modes / sizeof *reduce_modes; i++)
        if (arg_str_is(args[4], reduce_modes[i].name)) mode = &reduce_modes[i];
    if (!mode) return OP_FAIL(cx, "reduce argument must be either sum, prod, mean, amax or amin.");
    const bool is_extreme = mode->how == COMBINE_MAX || mode->how == COMBINE_MIN;
    if (is_extreme && dtype_is_complex(tensor_dtype(self)))
        return OP_FAIL(cx, "\"scatter_gather_tensor_cpu_reduce_%s\" not implemented for '%s'", mode->name,
                       dtype_prefix(tensor_dtype(self)));
    if (!check_no_overlap(cx, self, src)) return false;
    tensor *own = tensors_overlap(self, src) ? tensor_clone(cx, src) : tensor_ref(src);
    bool ok = own != NULL;
    if (ok && !include_self) {
        char start[16];
        element_store_number(tensor_dtype(self), start, identity_of(mode, tensor_dtype(self)));
        ok = scatter(cx, self, args[1].i, args[2].t, NULL, start, COMBINE_SET);
    }
    ok = ok && scatter(cx, self, args[1].i, args[2].t, own, NULL, mode->how) &&
         (!mode->is_mean || args[2].t->numel == 0 || scatter_mean(cx, self, args, include_self));
    tensor_unref(own);
    return ok && give_self(args, rets);
}

bool op_scatter_reduce_two(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return on_contiguous_copy(cx, op_scatter_reduce_two_, args, 6, rets);
}

/* ---- take_along_dim ------------------------------------------------------------------------------------ */
static tensor *flatten(op_ctx *cx, tensor *t)
{
    tensor *whole = tensor_contiguous(cx, t);
    const int64_t one = 1;
    tensor *flat = whole ? make_view(cx, whole, &whole->numel, &one, 1, whole->offset) : NULL;
    tensor_unref(whole);
    return flat;
}

/* t expanded to sizes, as a view. */
static tensor *expand(op_ctx *cx, tensor *t, const int64_t *sizes)
{
    int64_t strides[TENSOR_MAX_DIMS];
    for (int i = 0; i < t->n_dims; i++) strides[i] = t->sizes[i] == 1 ? 0 : t->strides[i];
    return make_view(cx, t, sizes, strides, t->n_dims, t->offset);
}

/* self, indices, dim? */
bool op_take_along_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *index = args[1].t;
    if (index->dtype != DTYPE_int64)
        return OP_FAIL(cx, "torch.take_along_dim(): dtype of indices should be Long but got %s",
                       dtype_prefix(tensor_dtype(index)));
    if (args[2].tag == VALUE_NONE) {
        tensor *flat = flatten(cx, self), *flat_index = flat ? flatten(cx, index) : NULL;
        tensor *result = flat_index ? gather(cx, flat, 0, flat_index) : NULL;
        tensor_unref(flat);
        tensor_unref(flat_index);
        return give_tensor(result, rets);
    }
    int dim;
    if (self->n_dims != index->n_dims)
        return OP_FAIL(cx, "torch.take_along_dim(): input and indices should have the same number of dimensions, but got %d "
                           "dimensions for input, and %d dimensions for indices", self->n_dims, index->n_dims);
    if (!wrap_dim(cx, args[2].i, self->n_dims, &dim)) return false;
    int64_t a[TENSOR_MAX_DIMS], b[TENSOR_MAX_DIMS];
    memcpy(a, self->sizes, self->n_dims * sizeof *a);
    if (self->n_dims) a[dim] = 1;
    int n = self->n_dims;
    memcpy(b, index->sizes, index->n_dims * sizeof *b);
    if (n) b[dim] = 1;
    if (!broadcast_sizes(cx, a, &n, b, n)) return false;
    memcpy(b, a, (size_t)n * sizeof *b);
    if (n) {
        a[dim] = self->sizes[dim];
        b[dim] = index->sizes[dim];
    }
    tensor *wide = expand(cx, self, a), *wide_index = wide ? expand(cx, index, b) : NULL;
    tensor *result = wide_index ? gather(cx, wide, dim, wide_index) : NULL;
    tensor_unref(wide);
    tensor_unref(wide_index);
    return give_tensor(result, rets);
}

/* ---- take, put ------------------------------------------------------------------------------------------ */
static bool flat_index(op_ctx *cx, int64_t *at, int64_t n)
{
    if (*at < -n || *at >= n)
        return OP_FAIL(cx, "out of range: tried to access index %lld on a tensor of %lld elements.", (long long)*at,
                       (long long)n);
    if (*at < 0) *at += n;
    return true;
}

bool op_take(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *index = args[1].t;
    const dtype d = tensor_dtype(self);
    const int64_t bytes = (int64_t)dtype_size(d);
    if (index->dtype != DTYPE_int64)
        return OP_FAIL(cx, "take(): Expected a long tensor for index, but got %s", dtype_prefix(tensor_dtype(index)));
    if (self->numel == 0 && index->numel) return OP_FAIL(cx, "take(): tried to take from an empty tensor");
    tensor *flat = tensor_contiguous(cx, self), *where = flat ? tensor_contiguous(cx, index) : NULL;
    tensor *result = where ? make_tensor(cx, d, index->sizes, index->n_dims) : NULL;
    for (int64_t i = 0; result && i < index->numel; i++) {
        int64_t at = ((int64_t *)tensor_data(where))[i];
        if (flat_index(cx, &at, self->numel)) {
            memcpy((char *)tensor_data(result) + i * bytes, (char *)tensor_data(flat) + at * bytes, (size_t)bytes);
        } else {
            tensor_unref(result);
            result = NULL;
        }
    }
    tensor_unref(flat);
    tensor_unref(where);
    return give_tensor(result, rets);
}

static bool check_put(op_ctx *cx, const tensor *self, const tensor *index, const tensor *src)
{
    if (index->dtype != DTYPE_int64)
        return OP_FAIL(cx, "put_(): Expected a long tensor for index, but got %s", dtype_prefix(tensor_dtype(index)));
    if (self->dtype != src->dtype)
        return OP_FAIL(cx, "put_(): self and source expected to have the same dtype, but got self.dtype = %s and source.dtype "
                           "= %s", dtype_prefix(tensor_dtype(self)), dtype_prefix(tensor_dtype(src)));
    if (index->numel != src->numel)
        return OP_FAIL(cx, "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
                           "%lld, index.numel() = %lld", (long long)src->numel, (long long)index->numel);
    if (self->numel == 0 && index->numel) return OP_FAIL(cx, "put_(): Tried to put elements into an empty tensor");
    return check_no_self_overlap(cx, self) && check_no_overlap(cx, self, index) && check_no_overlap(cx, self, src);
}

/* self, index, source, accumulate */
bool op_put_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *index = args[1].t, *src = args[2].t;
    const dtype d = tensor_dtype(self);
    if (!check_put(cx, self, index, src)) return false;
    int64_t n;
    int64_t *offsets = dims_offsets(cx, self, 0, self->n_dims, &n);
    tensor *from = offsets ? tensor_contiguous(cx, src) : NULL, *where = from ? tensor_contiguous(cx, index) : NULL;
    const combine_fn put = combine_find(arg_bool(args[3]) ? COMBINE_ADD : COMBINE_SET, d);
    bool ok = where != NULL;
    for (int64_t i = 0; ok && i < index->numel; i++) {
        int64_t at = ((int64_t *)tensor_data(where))[i];
        ok = flat_index(cx, &at, n);
        if (ok)
            put(1, (char *)tensor_data(self) + offsets[at], 0, (char *)tensor_data(from) + i * (int64_t)dtype_size(d), 0);
    }
    mem_free(offsets);
    tensor_unref(from);
    tensor_unref(where);
    return ok && give_self(args, rets);
}

bool op_put(op_ctx *cx, const jit_value *args, jit_value *rets) { return on_copy(cx, op_put_, args, 4, rets); }

/* ---- index_reduce --------------------------------------------------------------------------------------- */

/* self dim index source reduce include_self: scatter_reduce with the vector of positions spread over the slices */
bool op_index_reduce(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *self = args[0].t, *index = args[2].t, *src = args[3].t;
    int dim;
    static const char *const modes[] = { "prod", "mean", "amax", "amin" };
    bool is_known = false;
    for (int i = 0; i < 4; i++) is_known |= arg_str_is(args[4], modes[i]);
    if (!is_known)
        return OP_FAIL(cx, "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got %s.", args[4].s->s);
    if (!wrap_dim(cx, args[1].i, self->n_dims, &dim)) return false;
    if (index->n_dims > 1) return OP_FAIL(cx, "index_reduce_(): Index is supposed to be a vector");
    if (index->dtype != DTYPE_int64 && index->dtype != DTYPE_int32)
        return OP_FAIL(cx, "index_reduce_(): Expected dtype int32/int64 for index");
    if (self->dtype != src->dtype)
        return OP_FAIL(cx, "index_reduce_(): self and source expected to have the same dtype, but got (self) %s and (source) %s",
                       dtype_prefix(tensor_dtype(self)), dtype_prefix(tensor_dtype(src)));
    bool fits = src->n_dims == self->n_dims && index->numel == (src->n_dims ? src->sizes[dim] : 1);
    for (int i = 0; fits && i < self->n_dims; i++) fits = i == dim || self->sizes[i] == src->sizes[i];
    if (!fits)
        return OP_FAIL(cx, "index_reduce_(): Number of indices should be equal to self.size(dim), and source should match self in "
                           "the other dimensions");
    tensor *positions = tensor_contiguous_as(cx, index, DTYPE_int64);
    int64_t strides[TENSOR_MAX_DIMS] = { 0 };
    strides[dim] = 1;
    tensor *spread = positions ? make_view(cx, positions, src->sizes, strides, src->n_dims, positions->offset) : NULL;
    const jit_value scattered[] = { args[0], VALUE_INT_V(dim), VALUE_HEAP_V(VALUE_TENSOR, spread), args[3], args[4], args[5] };
    const bool ok = spread && op_scatter_reduce_two(cx, scattered, rets);
    tensor_unref(positions);
    tensor_unref(spread);
    return ok;
}
