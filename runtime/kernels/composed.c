/* Operators made of other operators: integrals, differences, quantiles, covariance
 * (at/native/Integration.cpp, ReduceOps.cpp, Sorting.cpp, Correlation.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/formula.h"

#include "runtime/kernels/result.h"

#include <math.h>
#include <string.h>

/* ---- integrals --------------------------------------------------------------------------------- */

/* The elements of dimension `dim` from `start` on, `drop` fewer than there are. */
static tensor *cut(formula *f, tensor *t, int dim, int64_t start, int64_t drop)
{
    return t ? F_(f, aten_narrow, T_V(t), INT_V(dim), INT_V(start), INT_V(t->sizes[dim] - drop)) : NULL;
}

static tensor *sums_of_neighbours(formula *f, tensor *y, int dim)
{
    return F_(f, aten_add_Tensor, T_V(cut(f, y, dim, 1, 1)), T_V(cut(f, y, dim, 0, 1)), INT_V(1));
}

/* Widths of the intervals, brought to the dimensions of y: a vector of positions lies along `dim`. */
static tensor *interval_widths(formula *f, tensor *x, const tensor *y, int dim)
{
    if (x->n_dims == 1 && y->n_dims > 1) {
        int64_t sizes[TENSOR_MAX_DIMS];
        for (int i = 0; i < y->n_dims; i++)
            sizes[i] = i == dim ? x->sizes[0] : 1;
        x = F_(f, aten_reshape, T_V(x), formula_ints(f, sizes, y->n_dims));
    }
    if (!x)
        return NULL;
    const int at = x->n_dims - (y->n_dims - dim);
    return F_(f, aten_sub_Tensor, T_V(cut(f, x, at, 1, 1)), T_V(cut(f, x, at, 0, 1)), INT_V(1));
}

static bool check_positions(op_ctx *cx, const tensor *y, const tensor *x, int dim)
{
    if (x->n_dims == 1 ? x->sizes[0] == y->sizes[dim] : x->n_dims > y->n_dims - dim - 1 && x->n_dims <= y->n_dims)
        return true;
    return OP_FAIL(cx, "trapezoid: There must be one `x` value for each sample point");
}

/* y x|dx dim, in the order of the schemas */
static bool give_trapezoid(op_ctx *cx, const jit_value *args, bool is_cumulative, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *y = args[0].t, *result;
    int dim;
    if (tensor_dtype(y) == DTYPE_bool)
        return OP_FAIL(cx, "%s: received a bool input for `y`, but bool is not supported",
                       is_cumulative ? "cumulative_trapezoid" : "trapezoid");
    if (!wrap_dim(cx, args[2].i, y->n_dims, &dim))
        return false;
    if (y->n_dims == 0)
        return OP_FAIL(cx, "trapezoid: expected at least one dimension");
    if (y->sizes[dim] == 0) {
        if (is_cumulative) {
            rets[0] = RET_TENSOR(make_tensor(cx, tensor_dtype(y), y->sizes, y->n_dims));
            return rets[0].t != NULL;
        }
        return formula_give(&f, F_(&f, aten_sum_dim_IntList, T_V(y), F_INTS(&f, dim), BOOL_V(false), INT_V(y->dtype)), rets);
    }
    tensor *sums = sums_of_neighbours(&f, y, dim);
    double factor = 0.5;
    if (args[1].tag == VALUE_TENSOR) {
        if (tensor_dtype(args[1].t) == DTYPE_bool || !check_positions(cx, y, args[1].t, dim)) {
            OP_FAIL(cx, "trapezoid: received a bool input for `x`, but bool is not supported");
            return formula_drop(&f);
        }
        sums = F_(&f, aten_mul_Tensor, T_V(sums), T_V(interval_widths(&f, args[1].t, y, dim)));
    } else {
        factor = args[1].tag == VALUE_FLOAT || args[1].tag == VALUE_INT || args[1].tag == VALUE_BOOL ? arg_double(args[1]) : 0;
    }
    if (is_cumulative)
        result = F_(&f, aten_cumsum, T_V(sums), INT_V(dim), NONE_V);
    else
        result = F_(&f, aten_sum_dim_IntList, T_V(sums), F_INTS(&f, dim), BOOL_V(false), NONE_V);
    if (args[1].tag == VALUE_TENSOR)
        result = F_(&f, aten_div_Scalar, T_V(result), FLOAT_V(2));
    else
        result = F_(&f, aten_mul_Scalar, T_V(result), FLOAT_V(factor / 2));
    return formula_give(&f, result, rets);
}

bool op_trapezoid(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_trapezoid(cx, args, false, rets);
}

bool op_cumulative_trapezoid(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_trapezoid(cx, args, true, rets);
}

/* ---- differences ------------------------------------------------------------------------------- */

/* self n dim prepend? append? */
bool op_diff(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *t = args[0].t, *parts[3];
    int dim;
    size_t n_parts = 0;
    if (t->n_dims < 1)
        return OP_FAIL(cx, "diff expects input to be at least one-dimensional");
    if (!wrap_dim(cx, args[2].i, t->n_dims, &dim))
        return false;
    if (args[1].i < 0)
        return OP_FAIL(cx, "order must be non-negative but got %lld", (long long)args[1].i);
    if (args[1].i == 0) // nothing is joined either
        return give_tensor(tensor_clone(cx, t), rets);
    if (args[3].tag == VALUE_TENSOR)
        parts[n_parts++] = args[3].t;
    parts[n_parts++] = t;
    if (args[4].tag == VALUE_TENSOR)
        parts[n_parts++] = args[4].t;
    if (n_parts > 1)
        t = F_(&f, aten_cat, formula_tensors(&f, parts, n_parts), INT_V(dim));
    const bool is_bool = t && tensor_dtype(t) == DTYPE_bool;
    for (int64_t k = 0; k < args[1].i && t && t->sizes[dim] > 0; k++) {
        tensor *high = cut(&f, t, dim, 1, 1), *low = cut(&f, t, dim, 0, 1);
        t = is_bool ? F_(&f, aten_logical_xor, T_V(high), T_V(low))
                    : F_(&f, aten_sub_Tensor, T_V(high), T_V(low), INT_V(1));
    }
    return formula_give(&f, t == args[0].t ? formula_own(&f, tensor_clone(cx, t)) : t, rets);
}

/* ---- quantiles --------------------------------------------------------------------------------- */

typedef struct quantiles {
    tensor *sorted;       /* the reduced dimension last */
    tensor *q;            /* one-dimensional */
    int dim, n_dims;
    bool is_flat, is_scalar, keepdim, ignores_nan;
    const char *how;
} quantiles;

static bool check_quantile(op_ctx *cx, const tensor *t, const tensor *q, const char *how)
{
    static const char *const known[] = { "linear", "lower", "higher", "midpoint", "nearest" };
    const dtype d = tensor_dtype(t);
    bool is_known = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        is_known |= strcmp(how, known[i]) == 0;
    if (t->numel == 0)
        return OP_FAIL(cx, "quantile() input tensor must be non-empty");
    if (q->n_dims > 1)
        return OP_FAIL(cx, "quantile() q must be a scalar or 1D tensor");
    if (d != DTYPE_float32 && d != DTYPE_float64)
        return OP_FAIL(cx, "quantile() input tensor must be either float or double dtype");
    if (q->dtype != t->dtype)
        return OP_FAIL(cx, "quantile() q tensor must be same dtype as the input tensor");
    if (!is_known)
        return OP_FAIL(cx, "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got %s",
                       how);
    for (int64_t i = 0; i < q->numel; i++) {
        const double x = tensor_get_double(q, i);
        if (!(x >= 0 && x <= 1))
            return OP_FAIL(cx, "quantile() q values must be in the range [0, 1]");
    }
    return true;
}

/* Where quantile x of n sorted elements lies: between two elements, with a weight. */
static double quantile_of(const char *p, dtype d, int64_t n, double x, const char *how)
{
    double at = d == DTYPE_float32 ? (double)((float)x * (float)(n - 1)) : x * (double)(n - 1);
    const size_t size = dtype_size(d);
    if (strcmp(how, "lower") == 0)
        at = floor(at);
    else if (strcmp(how, "higher") == 0)
        at = ceil(at);
    else if (strcmp(how, "nearest") == 0)
        at = rint(at);
    const double low = element_load_double(d, p + (size_t)floor(at) * size);
    const double high = element_load_double(d, p + (size_t)ceil(at) * size);
    const double weight = strcmp(how, "midpoint") == 0 && at != floor(at) ? 0.5 : at - floor(at);
    if (low == high) // infinities of one sign
        return low;
    return weight < 0.5 ? low + weight * (high - low) : high - (high - low) * (1 - weight);
}

/* Results: the quantiles first, then the other dimensions. */
static tensor *take_quantiles(formula *f, const quantiles *a)
{
    const dtype d = tensor_dtype(a->sorted);
    const int64_t n = a->sorted->sizes[a->sorted->n_dims - 1], lines = a->sorted->numel / n, n_q = a->q->numel;
    const size_t size = dtype_size(d);
    int64_t sizes[TENSOR_MAX_DIMS + 1];
    int n_dims = 0;
    if (!a->is_scalar)
        sizes[n_dims++] = n_q;
    for (int i = 0, k = 0; i < a->n_dims; i++) {
        if (!a->is_flat && i != a->dim)
            sizes[n_dims++] = a->sorted->sizes[k++];
        else if (a->keepdim)
            sizes[n_dims++] = 1;
    }
    tensor *out = n_dims > TENSOR_MAX_DIMS ? NULL : make_tensor(f->cx, d, sizes, n_dims);
    if (!formula_own(f, out))
        return NULL;
    for (int64_t line = 0; line < lines; line++) {
        const char *p = (const char *)tensor_data(a->sorted) + (size_t)(line * n) * size;
        int64_t valid = n;
        while (valid > 0 && isnan(element_load_double(d, p + (size_t)(valid - 1) * size)))
            valid--; // sorted: nans are last
        for (int64_t k = 0; k < n_q; k++) {
            const bool is_nan = a->ignores_nan ? valid == 0 : valid < n;
            element_store_double(d, (char *)tensor_data(out) + (size_t)(k * lines + line) * size,
                                 is_nan ? NAN : quantile_of(p, d, valid, tensor_get_double(a->q, k), a->how));
        }
    }
    return out;
}

/* self q dim? keepdim interpolation */
static bool give_quantile(op_ctx *cx, const jit_value *args, bool ignores_nan, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *t = args[0].t, *sorted[2];
    quantiles a = { .how = args[4].s->s, .keepdim = arg_bool(args[3]), .is_flat = args[2].tag == VALUE_NONE,
                    .n_dims = t->n_dims, .ignores_nan = ignores_nan };
    a.q = args[1].tag == VALUE_TENSOR ? args[1].t : formula_own(&f, tensor_from_number(cx, args[1], tensor_dtype(t)));
    if (!a.q || !check_quantile(cx, t, a.q, a.how))
        return formula_drop(&f);
    if (!a.is_flat && !wrap_dim(cx, args[2].i, t->n_dims, &a.dim))
        return formula_drop(&f);
    a.is_scalar = a.q->n_dims == 0;
    a.is_flat |= t->n_dims == 0;
    tensor *last = a.is_flat ? F_(&f, aten_flatten_using_ints, T_V(t), INT_V(0), INT_V(-1))
                             : F_(&f, aten_movedim_int, T_V(t), INT_V(a.dim), INT_V(-1));
    if (!formula_op_n(&f, OP_aten_sort, (jit_value[]){ T_V(last), INT_V(-1), BOOL_V(false) }, 3, sorted, 2))
        return formula_drop(&f);
    a.sorted = formula_own(&f, tensor_contiguous(cx, sorted[0]));
    return formula_give(&f, a.sorted ? take_quantiles(&f, &a) : NULL, rets);
}

bool op_quantile(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_quantile(cx, args, false, rets);
}

bool op_nanquantile(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_quantile(cx, args, true, rets);
}

/* ---- questions --------------------------------------------------------------------------------- */

bool op_is_scripting(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return ret_bool(rets, true);
}

bool op_is_grad_enabled(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return ret_bool(rets, grad_mode_enabled());
}

bool op_set_grad_enabled(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    grad_mode_set(arg_bool(args[0]));
    return true;
}

static bool check_types(op_ctx *cx, const jit_value *args, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!dtype_is_valid(args[i].i))
            return op_fail(cx, JIT_EUNSUPPORTED, "dtype %lld is not supported", (long long)args[i].i);
    return true;
}

bool op_promote_types(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_types(cx, args, 2) && ret_int(rets, dtype_promote((dtype)args[0].i, (dtype)args[1].i));
}

bool op_can_cast(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_types(cx, args, 2) && ret_bool(rets, dtype_can_cast((dtype)args[0].i, (dtype)args[1].i));
}

bool op_result_type(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return ret_int(rets, result_type(args, 2));
}

/* ---- gamma functions --------------------------------------------------------------------------- */

/* self p: pi^(p (p - 1) / 4) times the product of gamma(self - j / 2), in logarithms */
bool op_mvlgamma(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    const tensor *t = args[0].t;
    const double p = (double)args[1].i;
    if (t->dtype == DTYPE_bool) return OP_FAIL(cx, "The input tensor may not be a boolean tensor.");
    if (args[1].i < 1) return OP_FAIL(cx, "p has to be greater than or equal to 1");
    const dtype d = dtype_category_of(tensor_dtype(t)) <= CATEGORY_I ? DTYPE_float32 : tensor_dtype(t);
    tensor *shifts = F_(&f, aten_arange_start_step, FLOAT_V(-p * 0.5 + 0.5), FLOAT_V(0.5), FLOAT_V(0.5), INT_V(d), NONE_V, NONE_V, NONE_V);
    tensor *y = F_(&f, aten_add_Tensor, T_V(shifts), T_V(F_(&f, aten_unsqueeze, args[0], INT_V(-1))), INT_V(1));
    y = F_(&f, aten_sum_dim_IntList, T_V(F_(&f, aten_lgamma, T_V(y))), F_INTS(&f, -1), BOOL_V(false), NONE_V);
    return formula_give(&f, F_(&f, aten_add_Scalar, T_V(y), FLOAT_V(p * (p - 1) * log(M_PI) / 4), INT_V(1)), rets);
}

/* self n: the operands the other way round than polygamma's */
bool op_polygamma_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *y = F_(&f, aten_polygamma_out, args[1], args[0], args[0]);
    return formula_give(&f, y, rets);
}

/* ---- forms of layers -------------------------------------------------------------------------- */

/* self, other (a tensor or a number), alpha */
bool op_add_relu(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *sum = args[1].tag == VALUE_TENSOR ? F_(&f, aten_add_Tensor, args[0], args[1], args[2])
                                              : F_(&f, aten_add_Scalar, args[0], args[1], args[2]);
    return formula_give(&f, F_(&f, aten_relu, T_V(sum)), rets);
}

/* self: time, batch, channels; weight: time, channels in and out; bias, pad */
bool op_conv_tbc(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *x = args[0].t, *w = args[1].t, *bias = args[2].t;
    if (x->n_dims != 3)
        return OP_FAIL(cx, "Input must have 3 dims: time, batch, in_channel");
    if (w->n_dims != 3)
        return OP_FAIL(cx, "Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.");
    if (bias->n_dims != 1)
        return OP_FAIL(cx, "Bias must be 1-D");
    if (x->sizes[2] != w->sizes[1])
        return OP_FAIL(cx, "Input dim 2 (input channels) is not == dim 1 in the weight tensor.");
    if (w->sizes[2] != bias->sizes[0])
        return OP_FAIL(cx, "Bias size must equal dim 2 in the weight tensor (output channels).");
    formula f = { .cx = cx };
    tensor *rows = F_(&f, aten_permute, args[0], F_INTS(&f, 1, 2, 0));
    tensor *kernels = F_(&f, aten_permute, args[1], F_INTS(&f, 2, 1, 0));
    tensor *y = F_(&f, aten_convolution, T_V(rows), T_V(kernels), args[2], F_INTS(&f, 1), F_INTS(&f, args[3].i), F_INTS(&f, 1),
                   BOOL_V(false), F_INTS(&f, 0), INT_V(1));
    y = F_(&f, aten_permute, T_V(y), F_INTS(&f, 2, 0, 1));
    return formula_give(&f, F_(&f, aten_contiguous, T_V(y), INT_V(0)), rets);
}

/* self, weight, bias, padding, stride, dilation, groups: a convolution with its parameters in another order */
bool op_mkldnn_convolution(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    const int64_t none[TENSOR_MAX_DIMS] = { 0 };
    const int n = args[0].t->n_dims > 2 ? args[0].t->n_dims - 2 : 1;
    return formula_give(&f, F_(&f, aten_convolution, args[0], args[1], args[2], args[4], args[3], args[5], BOOL_V(false),
                               formula_ints(&f, none, (size_t)n), args[6]), rets);
}

/* ---- lists that may be absent ------------------------------------------------------------------ */

/* values (of one dimension), addends? */
bool op_add_listed(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *values = args[0].t;
    formula f = { .cx = cx };
    if (args[1].tag == VALUE_NONE)
        return formula_give(&f, formula_own(&f, tensor_clone(cx, values)), rets);
    const list *addends = args[1].list;
    if (values->n_dims != 1 || values->numel != (int64_t)addends->n)
        return OP_FAIL(cx, "expected a tensor of one dimension with as many elements as there are addends");
    const dtype d = addends->storage == LIST_INTS ? DTYPE_int64 : DTYPE_float64;
    tensor *t = formula_own(&f, make_tensor(cx, d, values->sizes, 1));
    for (size_t i = 0; t && i < addends->n; i++)
        element_store_number(d, (char *)tensor_data(t) + i * dtype_size(d), list_get(addends, i));
    t = t ? formula_own(&f, tensor_to(cx, t, tensor_dtype(values))) : NULL;
    return formula_give(&f, F_(&f, aten_add_Tensor, args[0], T_V(t), INT_V(1)), rets);
}
