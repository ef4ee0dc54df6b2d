/* Sums, products, means, extremes, truth and counts (at/native/ReduceOps.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/creation.h"
#include "runtime/kernels/reduce.h"

#include "base/alloc.h"

#include <string.h>

/* The fold of one kind for a type: kinds are enumerated so that callers name one, not three. */
typedef struct fold_kind {
    fold_id for_int, for_float, for_complex;
} fold_kind;
static const fold_kind sum_kind = { FOLD_sum_i64, FOLD_sum_f64, FOLD_sum_c128 };
static const fold_kind prod_kind = { FOLD_prod_i64, FOLD_prod_f64, FOLD_prod_c128 };
static const fold_kind any_kind = { FOLD_any_i64, FOLD_any_f64, FOLD_any_c128 };
static const fold_kind all_kind = { FOLD_all_i64, FOLD_all_f64, FOLD_all_c128 };
static const fold_kind count_kind = { FOLD_count_i64, FOLD_count_f64, FOLD_count_c128 };
static const fold_kind max_kind = { FOLD_max_i64, FOLD_max_f64, FOLD__COUNT };
static const fold_kind min_kind = { FOLD_min_i64, FOLD_min_f64, FOLD__COUNT };
static const fold_kind nansum_kind = { FOLD_nansum_i64, FOLD_nansum_f64, FOLD__COUNT };

static fold_id fold_for(const fold_kind *kind, dtype d)
{
    return dtype_is_complex(d) ? kind->for_complex : dtype_is_float(d) ? kind->for_float : kind->for_int;
}

/* Integers and bool add up as int64 unless a type is asked for, to which elements are converted first. */
static bool accumulate(op_ctx *cx, tensor *t, dim_set dims, bool keepdim, jit_value dtype_value, const fold_kind *kind,
                       jit_value *rets)
{
    const dtype own = tensor_dtype(t);
    const bool is_whole = dtype_is_integral(own) || own == DTYPE_bool;
    const dtype d = arg_dtype(dtype_value, is_whole ? DTYPE_int64 : own);
    if (!check_dtype(cx, d)) return false;
    tensor *from = arg_dtype(dtype_value, DTYPE_NONE) == DTYPE_NONE ? tensor_ref(t) : tensor_to(cx, t, d);
    if (!from) return false;
    tensor *result = reduce_to(cx, from, dims, keepdim, fold_for(kind, tensor_dtype(from)), d);
    tensor_unref(from);
    return give_tensor(result, rets);
}

bool op_sum(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return accumulate(cx, args[0].t, dim_set_all(args[0].t), false, args[1], &sum_kind, rets);
}

bool op_sum_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    dim_set dims;
    return dim_set_of_list(cx, args[0].t, args[1], &dims) &&
           accumulate(cx, args[0].t, dims, arg_bool(args[2]), args[3], &sum_kind, rets);
}

bool op_nansum(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    dim_set dims;
    const dtype own = tensor_dtype(args[0].t), d = arg_dtype(args[3], own);
    if (!check_dtype(cx, d)) return false;
    if (dtype_is_complex(own)) return OP_FAIL(cx, "nansum does not support complex inputs");
    if (dtype_is_complex(d) || (dtype_is_float(own) && !dtype_is_float(d)))
        return OP_FAIL(cx, "\"nansum_cpu\" not implemented for '%s'", dtype_prefix(d));
    return dim_set_of_list(cx, args[0].t, args[1], &dims) &&
           accumulate(cx, args[0].t, dims, arg_bool(args[2]), args[3], &nansum_kind, rets);
}

bool op_prod(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return accumulate(cx, args[0].t, dim_set_all(args[0].t), false, args[1], &prod_kind, rets);
}

bool op_prod_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    dim_set dims;
    return dim_set_of_int(cx, args[0].t, args[1].i, &dims) &&
           accumulate(cx, args[0].t, dims, arg_bool(args[2]), args[3], &prod_kind, rets);
}

/* Sum down to a broadcast shape's original sizes (the inverse of expand). */
bool op_sum_to_size(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    int n;
    const int64_t *sizes = arg_ints(args[1], &n);
    const int lead = t->n_dims - n;
    dim_set dims = 0;
    bool fits = lead >= 0;
    for (int i = 0; fits && i < t->n_dims; i++) {
        if (i < lead || (sizes[i - lead] == 1 && t->sizes[i] != 1)) dims |= (dim_set)1 << i;
        else fits = sizes[i - lead] == t->sizes[i];
    }
    if (!fits)
        return OP_FAIL(cx, "size {%s} is not expandable to size {%s}.", sizes_print(sizes, n).s,
                       sizes_print(t->sizes, t->n_dims).s);
    if (!dims && n) return give_tensor(tensor_ref(t), rets); // to no dimensions it is sum(), also of a single number
    jit_value sum;
    if (!accumulate(cx, t, dims, true, VALUE_NONE_V, &sum_kind, &sum)) return false;
    tensor *summed = sum.t;
    int64_t strides[TENSOR_MAX_DIMS];
    tensor_contiguous_strides(sizes, n, strides);
    tensor *view = make_view(cx, summed, sizes, strides, n, 0);
    tensor_unref(summed);
    return give_tensor(view, rets);
}

/* ---- means ----------------------------------------------------------------------------------- */
static bool mean_dtype(op_ctx *cx, const tensor *t, jit_value dtype_value, dtype *ret)
{
    const dtype asked = arg_dtype(dtype_value, DTYPE_NONE), d = asked == DTYPE_NONE ? tensor_dtype(t) : asked;
    if (!check_dtype(cx, d)) return false;
    *ret = d;
    if (dtype_is_float(d) || dtype_is_complex(d)) return true;
    return OP_FAIL(cx, "mean(): could not infer output dtype. %s dtype must be either a floating point or complex "
                       "dtype. Got: %s", asked == DTYPE_NONE ? "Input" : "Optional", dtype_prefix(d));
}

static tensor *mean_of(op_ctx *cx, tensor *t, dim_set dims, bool keepdim, dtype d)
{
    tensor *result = make_reduced(cx, t, dims, keepdim, d);
    const fold_id id = dtype_is_complex(d) ? FOLD_sum_c128 : FOLD_sum_f64;
    void *acc = result ? reduce_run(cx, t, dims, id, NULL) : NULL;
    if (!acc) {
        tensor_unref(result);
        return NULL;
    }
    const double n = (double)reduced_count(t, dims);
    const int64_t n_parts = result->numel * (dtype_is_complex(d) ? 2 : 1);
    for (int64_t i = 0; i < n_parts; i++) ((double *)acc)[i] /= n;
    store_accumulators(result, acc, fold_get(id)->compute);
    mem_free(acc);
    return result;
}

bool op_mean(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    dtype d;
    return mean_dtype(cx, args[0].t, args[1], &d) &&
           give_tensor(mean_of(cx, args[0].t, dim_set_all(args[0].t), false, d), rets);
}

bool op_mean_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    dtype d;
    dim_set dims;
    return mean_dtype(cx, args[0].t, args[3], &d) && dim_set_of_list(cx, args[0].t, args[1], &dims) &&
           give_tensor(mean_of(cx, args[0].t, dims, arg_bool(args[2]), d), rets);
}

bool op_nanmean(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    dim_set dims;
    if (!dtype_is_float(tensor_dtype(t)))
        return OP_FAIL(cx, "nanmean(): expected input to have floating point dtype but got %s",
                       dtype_prefix(tensor_dtype(t)));
    const dtype d = arg_dtype(args[3], tensor_dtype(t));
    if (!check_dtype(cx, d) || !dim_set_of_list(cx, t, args[1], &dims)) return false;
    tensor *result = make_reduced(cx, t, dims, arg_bool(args[2]), d);
    double *sums = result ? reduce_run(cx, t, dims, FOLD_nansum_f64, NULL) : NULL;
    double *counts = sums ? reduce_run(cx, t, dims, FOLD_count_numbers_f64, NULL) : NULL;
    if (counts) {
        for (int64_t i = 0; i < result->numel; i++) sums[i] /= counts[i];
        store_accumulators(result, sums, DTYPE_float64);
        rets[0] = RET_TENSOR(result);
    } else {
        tensor_unref(result);
    }
    mem_free(sums);
    mem_free(counts);
    return counts != NULL;
}

/* ---- truth and counts ------------------------------------------------------------------------- */
static bool decide(op_ctx *cx, tensor *t, dim_set dims, bool keepdim, const fold_kind *kind, jit_value *rets)
{
    const dtype d = tensor_dtype(t);
    return give_tensor(reduce_to(cx, t, dims, keepdim, fold_for(kind, d), d == DTYPE_uint8 ? d : DTYPE_bool), rets);
}

bool op_any(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return decide(cx, args[0].t, dim_set_all(args[0].t), false, &any_kind, rets);
}

bool op_all(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return decide(cx, args[0].t, dim_set_all(args[0].t), false, &all_kind, rets);
}

bool op_any_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    dim_set dims;
    return dim_set_of_int(cx, args[0].t, args[1].i, &dims) &&
           decide(cx, args[0].t, dims, arg_bool(args[2]), &any_kind, rets);
}

bool op_all_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    dim_set dims;
    return dim_set_of_int(cx, args[0].t, args[1].i, &dims) &&
           decide(cx, args[0].t, dims, arg_bool(args[2]), &all_kind, rets);
}

bool op_count_nonzero(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    dim_set dims = dim_set_all(t);
    const bool ok = args[1].tag == VALUE_INT ? dim_set_of_int(cx, t, args[1].i, &dims)
                                             : dim_set_of_list(cx, t, args[1], &dims);
    return ok && give_tensor(reduce_to(cx, t, dims, false, fold_for(&count_kind, tensor_dtype(t)), DTYPE_int64), rets);
}

/* ---- extremes ---------------------------------------------------------------------------------- */
/* An extreme of no elements does not exist. */
static bool check_not_empty(op_ctx *cx, const char *name, const tensor *t, dim_set dims)
{
    if (t->numel) return true;
    if (dims == dim_set_all(t) && reduced_count(t, dims) == 0)
        return OP_FAIL(cx, "%s(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
                           "dim with the 'dim' argument.", name);
    for (int i = 0; i < t->n_dims; i++)
        if (dims >> i & 1 && t->sizes[i] == 0)
            return OP_FAIL(cx, "%s(): Expected reduction dim %d to have non-zero size.", name, i);
    return true;
}

static tensor *extreme(op_ctx *cx, tensor *t, dim_set dims, bool keepdim, const fold_kind *kind, const char *kernel)
{
    const dtype d = tensor_dtype(t);
    if (dtype_is_complex(d)) {
        OP_FAIL(cx, "\"%s\" not implemented for '%s'", kernel, dtype_prefix(d));
        return NULL;
    }
    return reduce_to(cx, t, dims, keepdim, fold_for(kind, d), d);
}

static bool extreme_dims(op_ctx *cx, const jit_value *args, const char *name, const fold_kind *kind, const char *kernel,
                         jit_value *rets)
{
    dim_set dims;
    return dim_set_of_list(cx, args[0].t, args[1], &dims) && check_not_empty(cx, name, args[0].t, dims) &&
           give_tensor(extreme(cx, args[0].t, dims, arg_bool(args[2]), kind, kernel), rets);
}

bool op_amax(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return extreme_dims(cx, args, "amax", &max_kind, "max_values_cpu", rets);
}

bool op_amin(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return extreme_dims(cx, args, "amin", &min_kind, "min_values_cpu", rets);
}

bool op_max(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const dim_set dims = dim_set_all(args[0].t);
    return check_not_empty(cx, "max", args[0].t, dims) &&
           give_tensor(extreme(cx, args[0].t, dims, false, &max_kind, "max_all"), rets);
}

bool op_min(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const dim_set dims = dim_set_all(args[0].t);
    return check_not_empty(cx, "min", args[0].t, dims) &&
           give_tensor(extreme(cx, args[0].t, dims, false, &min_kind, "min_all"), rets);
}

bool op_aminmax(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    if (t->n_dims == 0 && args[1].tag != VALUE_NONE && arg_bool(args[2])) { // PyTorch keeps a dimension that is not there
        tensor *line = COMPOSE(cx, aten_unsqueeze, args[0], VALUE_INT_V(0));
        const bool ok = line && op_aminmax(cx, (jit_value[]){ RET_TENSOR(line), args[1], args[2] }, rets);
        tensor_unref(line);
        return ok;
    }
    dim_set dims = dim_set_all(t);
    if (args[1].tag != VALUE_NONE) {
        if (!dim_set_of_int(cx, t, args[1].i, &dims) || !check_not_empty(cx, "aminmax", t, dims)) return false;
    } else if (t->numel == 0) {
        return OP_FAIL(cx, "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.");
    }
    const bool keepdim = arg_bool(args[2]);
    tensor *min = extreme(cx, t, dims, keepdim, &min_kind, "aminmax_cpu");
    tensor *max = min ? extreme(cx, t, dims, keepdim, &max_kind, "aminmax_cpu") : NULL;
    return give_pair(min, max, rets);
}

/* _aminmax: the form without keyword arguments. */
bool op_aminmax_all(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return op_aminmax(cx, (jit_value[]){ args[0], VALUE_NONE_V, VALUE_BOOL_V(false) }, rets);
}

/* ---- trace -------------------------------------------------------------------------------------- */
bool op_trace(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    if (t->n_dims != 2) return OP_FAIL(cx, "trace: expected a matrix, but got tensor with dim %d", t->n_dims);
    const int64_t n = t->sizes[0] < t->sizes[1] ? t->sizes[0] : t->sizes[1], stride = t->strides[0] + t->strides[1];
    tensor *diagonal = make_view(cx, t, &n, &stride, 1, t->offset);
    if (!diagonal) return false;
    const bool ok = accumulate(cx, diagonal, 1, false, VALUE_NONE_V, &sum_kind, rets);
    tensor_unref(diagonal);
    return ok;
}
