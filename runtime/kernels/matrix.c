/* Functions of matrices that are made of other operators: pseudo-inverses, ranks, powers, norms, products
 * (at/native/LinearAlgebra.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/creation.h"
#include "runtime/kernels/decompose.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool check_square_sizes(op_ctx *cx, const tensor *t, const char *what)
{
    if (t->n_dims < 2)
        return OP_FAIL(cx, "%s: The input tensor A must have at least 2 dimensions.", what);
    return rows_of(t) == columns_of(t) ||
           OP_FAIL(cx, "%s: A must be batches of square matrices, but they are %lld by %lld matrices", what,
                   (long long)rows_of(t), (long long)columns_of(t));
}

/* ---- tolerances ------------------------------------------------------------------------------ */

typedef struct tolerances { tensor *atol, *rtol; } tolerances;

static tensor *constant(formula *f, double x)
{
    return formula_own(f, tensor_from_number(f->cx, FLOAT_V(x), DTYPE_float64));
}

static double default_rtol(const tensor *t)
{
    const double epsilon = dtype_real(tensor_dtype(t)) == DTYPE_float64 ? DBL_EPSILON : (double)FLT_EPSILON;
    return epsilon * (double)(rows_of(t) > columns_of(t) ? rows_of(t) : columns_of(t));
}

/* Each a tensor, a number or None. A positive atol alone switches the relative part off. */
static tolerances read_tolerances(formula *f, const tensor *t, jit_value atol, jit_value rtol)
{
    tolerances r;
    r.atol = atol.tag == VALUE_TENSOR ? atol.t : constant(f, atol.tag == VALUE_NONE ? 0 : arg_double(atol));
    if (rtol.tag == VALUE_TENSOR) {
        r.rtol = rtol.t;
    } else if (rtol.tag != VALUE_NONE) {
        r.rtol = constant(f, arg_double(rtol));
    } else if (atol.tag == VALUE_TENSOR) {
        tensor *is_given = F_(f, aten_gt_Scalar, T_V(r.atol), INT_V(0));
        r.rtol = F_(f, aten_where_self, T_V(is_given), T_V(constant(f, 0)), T_V(constant(f, default_rtol(t))));
    } else {
        r.rtol = constant(f, atol.tag != VALUE_NONE && arg_double(atol) > 0 ? 0 : default_rtol(t));
    }
    return r;
}

/* max(atol, rtol * largest), for singular values s (…, k) and the largest of them (…, 1) */
static tensor *cutoff(formula *f, tolerances tol, tensor *largest)
{
    tensor *relative = F_(f, aten_unsqueeze, T_V(tol.rtol), INT_V(-1)), *least = F_(f, aten_unsqueeze, T_V(tol.atol), INT_V(-1));
    return F_(f, aten_maximum, T_V(least), T_V(F_(f, aten_mul_Tensor, T_V(relative), T_V(largest))));
}

/* ---- pseudo-inverse and rank ------------------------------------------------------------------ */

static tensor *inverted_above(formula *f, tensor *values, tensor *sizes, tensor *bound)
{
    tensor *is_kept = F_(f, aten_gt_Tensor, T_V(sizes), T_V(bound));
    tensor *zeros = F_(f, aten_zeros_like, T_V(values), NONE_V, NONE_V, NONE_V, NONE_V, NONE_V);
    tensor *kept = F_(f, aten_where_self, T_V(is_kept), T_V(F_(f, aten_reciprocal, T_V(values))), T_V(zeros));
    return F_(f, aten_unsqueeze, T_V(kept), INT_V(-2));
}

static tensor *take_pinv(formula *f, tensor *t, tolerances tol, bool is_hermitian)
{
    tensor *r[3];
    if (is_hermitian) {
        formula_op_n(f, OP_aten_linalg_eigh, (jit_value[]){ T_V(t), formula_str(f, "L") }, 2, r, 2);
        tensor *sizes = F_(f, aten_abs, T_V(r[0])), *largest = F_(f, aten_amax, T_V(sizes), F_INTS(f, -1), BOOL_V(true));
        tensor *inverted = inverted_above(f, r[0], sizes, cutoff(f, tol, largest));
        return F_(f, aten_matmul, T_V(F_(f, aten_mul_Tensor, T_V(r[1]), T_V(inverted))),
                  T_V(r[1] ? matrices_transposed(f, r[1], true) : NULL));
    }
    formula_op_n(f, OP_aten_linalg_svd, (jit_value[]){ T_V(t), BOOL_V(false), NONE_V }, 3, r, 3);
    if (f->failed)
        return NULL;
    tensor *largest = F_(f, aten_narrow, T_V(r[1]), INT_V(-1), INT_V(0), INT_V(1));
    tensor *inverted = inverted_above(f, r[1], r[1], cutoff(f, tol, largest));
    tensor *v = matrices_transposed(f, r[2], true), *uh = matrices_transposed(f, r[0], true);
    return F_(f, aten_matmul, T_V(F_(f, aten_mul_Tensor, T_V(v), T_V(inverted))), T_V(uh));
}

static bool give_pinv(op_ctx *cx, tensor *t, jit_value atol, jit_value rtol, bool is_hermitian, jit_value *rets)
{
    formula f = { .cx = cx };
    const dtype d = tensor_dtype(t);
    if (t->n_dims < 2 || (!dtype_is_float(d) && !dtype_is_complex(d)))
        return OP_FAIL(cx, "linalg.pinv(%s{%s}): expected a tensor with 2 or more dimensions of float, double, cfloat or "
                       "cdouble types", dtype_prefix(d), sizes_print(t->sizes, t->n_dims).s);
    if (t->numel == 0) {
        tensor *empty = formula_own(&f, matrices_new(cx, d, t, columns_of(t), rows_of(t)));
        return formula_give(&f, empty, rets);
    }
    return formula_give(&f, take_pinv(&f, t, read_tolerances(&f, t, atol, rtol), is_hermitian), rets);
}

bool op_linalg_pinv(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_pinv(cx, args[0].t, args[1], args[2], arg_bool(args[3]), rets);
}

bool op_linalg_pinv_rcond(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_pinv(cx, args[0].t, FLOAT_V(0), args[1], arg_bool(args[2]), rets);
}

bool op_pinverse(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_pinv(cx, args[0].t, FLOAT_V(0), args[1], false, rets);
}

static bool give_rank(op_ctx *cx, tensor *t, jit_value atol, jit_value rtol, bool is_hermitian, jit_value *rets)
{
    formula f = { .cx = cx };
    if (!check_matrix(cx, t, "torch.linalg.matrix_rank", "input"))
        return false;
    if (t->numel == 0) {
        tensor *none = formula_own(&f, vectors_new(cx, DTYPE_int64, t, -1));
        if (none && none->numel)
            memset(tensor_data(none), 0, (size_t)none->numel * sizeof(int64_t));
        return formula_give(&f, none, rets);
    }
    tensor *s = is_hermitian ? F_(&f, aten_linalg_eigvalsh, T_V(t), formula_str(&f, "L"))
                             : F_(&f, aten_linalg_svdvals, T_V(t), NONE_V);
    if (is_hermitian)
        s = F_(&f, aten_abs, T_V(s));
    tensor *largest = F_(&f, aten_amax, T_V(s), F_INTS(&f, -1), BOOL_V(true));
    tensor *is_above = F_(&f, aten_gt_Tensor, T_V(s), T_V(cutoff(&f, read_tolerances(&f, t, atol, rtol), largest)));
    return formula_give(&f, F_(&f, aten_sum_dim_IntList, T_V(is_above), F_INTS(&f, -1), BOOL_V(false), NONE_V), rets);
}

bool op_linalg_matrix_rank(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_rank(cx, args[0].t, args[1], args[2], arg_bool(args[3]), rets);
}

bool op_linalg_matrix_rank_tol(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_rank(cx, args[0].t, args[1], FLOAT_V(0), arg_bool(args[2]), rets);
}

/* ---- powers ---------------------------------------------------------------------------------- */

bool op_linalg_matrix_power(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *t = args[0].t, *result = NULL, *power = NULL;
    if (!check_square_sizes(cx, t, "linalg.matrix_power"))
        return false;
    if (args[1].i == 0) {
        result = formula_own(&f, matrices_new(cx, tensor_dtype(t), t, rows_of(t), rows_of(t)));
        if (result)
            matrices_set_identity(result);
        return formula_give(&f, result, rets);
    }
    uint64_t n = args[1].i < 0 ? -(uint64_t)args[1].i : (uint64_t)args[1].i;
    tensor *base = args[1].i < 0 ? F_(&f, aten_linalg_inv, T_V(t)) : t;
    if (n == 1)
        return formula_give(&f, base == t ? formula_own(&f, tensor_clone(cx, t)) : base, rets);
    if (n == 3)
        return formula_give(&f, F_(&f, aten_matmul, T_V(F_(&f, aten_matmul, T_V(base), T_V(base))), T_V(base)), rets);
    for (; n > 0 && !f.failed; n /= 2) {
        power = power ? F_(&f, aten_matmul, T_V(power), T_V(power)) : base;
        if (n % 2)
            result = result ? F_(&f, aten_matmul, T_V(result), T_V(power)) : power;
    }
    return formula_give(&f, result, rets);
}

/* exp(A) = exp(A / 2^s)^(2^s), the inner one by its Taylor series: 18 terms reach double precision for norms up to
 * 1.09 (Bader, Blanes, Casas, "Computing the matrix exponential with an optimized Taylor polynomial approximation",
 * 2019, table 1). */
bool op_linalg_matrix_exp(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    enum { TERMS = 18 };
    formula f = { .cx = cx };
    tensor *t = args[0].t;
    const dtype given = tensor_dtype(t);
    const bool is_half = given == DTYPE_float16 || given == DTYPE_bfloat16;
    if (is_half) t = formula_own(&f, tensor_to(cx, t, DTYPE_float32));
    if (!t || !check_square(cx, t, "linalg.matrix_exp", "A"))
        return formula_drop(&f);
    tensor *sum = formula_own(&f, matrices_new(cx, tensor_dtype(t), t, rows_of(t), rows_of(t)));
    if (sum)
        matrices_set_identity(sum);
    if (t->numel == 0)
        return formula_give(&f, is_half && sum ? formula_own(&f, tensor_to(cx, sum, given)) : sum, rets);
    tensor *columns = F_(&f, aten_sum_dim_IntList, T_V(F_(&f, aten_abs, T_V(t))), F_INTS(&f, -2), BOOL_V(false), NONE_V);
    const double norm = formula_item(&f, F_(&f, aten_max, T_V(columns)));
    if (!isfinite(norm)) {
        tensor *nan_like = F_(&f, aten_full_like, args[0], FLOAT_V(NAN), NONE_V, NONE_V, NONE_V, NONE_V, NONE_V);
        return formula_give(&f, nan_like, rets);
    }
    const int squarings = norm > 1.09 ? (int)ceil(log2(norm / 1.09)) : 0;
    tensor *scaled = F_(&f, aten_mul_Scalar, T_V(t), FLOAT_V(ldexp(1, -squarings))), *identity = sum;
    for (int k = TERMS; k > 0; k--) { // Horner: I + A/1 (I + A/2 (I + …))
        tensor *term = F_(&f, aten_matmul, T_V(F_(&f, aten_div_Scalar, T_V(scaled), INT_V(k))), T_V(sum));
        sum = F_(&f, aten_add_Tensor, T_V(identity), T_V(term), INT_V(1));
    }
    for (int k = 0; k < squarings; k++)
        sum = F_(&f, aten_matmul, T_V(sum), T_V(sum));
    return formula_give(&f, is_half && sum ? formula_own(&f, tensor_to(cx, sum, given)) : sum, rets);
}

/* ---- norms ----------------------------------------------------------------------------------- */

typedef struct norm_args {
    tensor *t;
    const char *kind;      /* "fro" or "nuc"; NULL: the number ord */
    double ord;
    int dims[2];
    bool keepdim;
    jit_value type;
} norm_args;

static tensor *restore_dims(formula *f, const norm_args *a, tensor *t)
{
    const int low = a->dims[0] < a->dims[1] ? a->dims[0] : a->dims[1], high = a->dims[0] + a->dims[1] - low;
    if (!a->keepdim)
        return t;
    return F_(f, aten_unsqueeze, T_V(F_(f, aten_unsqueeze, T_V(t), INT_V(low))), INT_V(high));
}

static tensor *spectral_norm(formula *f, const norm_args *a)
{
    jit_value from = F_INTS(f, a->dims[0], a->dims[1]), to = F_INTS(f, -2, -1);
    tensor *last = F_(f, aten_movedim_intlist, T_V(a->t), from, to), *s = F_(f, aten_linalg_svdvals, T_V(last), NONE_V);
    tensor *r = a->kind ? F_(f, aten_sum_dim_IntList, T_V(s), F_INTS(f, -1), BOOL_V(false), NONE_V)
              : a->ord > 0 ? F_(f, aten_amax, T_V(s), F_INTS(f, -1), BOOL_V(false))
                           : F_(f, aten_amin, T_V(s), F_INTS(f, -1), BOOL_V(false));
    return restore_dims(f, a, r);
}

/* Largest or smallest sum of absolute values of the columns (1) or rows (infinity). */
static tensor *sum_norm(formula *f, const norm_args *a)
{
    const bool by_columns = fabs(a->ord) == 1;
    int first = a->dims[by_columns ? 0 : 1], second = a->dims[by_columns ? 1 : 0];
    tensor *sums = F_(f, aten_linalg_vector_norm, T_V(a->t), FLOAT_V(1), F_INTS(f, first), BOOL_V(a->keepdim), NONE_V);
    if (!a->keepdim && second > first)
        second--;
    return a->ord > 0 ? F_(f, aten_amax, T_V(sums), F_INTS(f, second), BOOL_V(a->keepdim))
                      : F_(f, aten_amin, T_V(sums), F_INTS(f, second), BOOL_V(a->keepdim));
}

static bool read_norm_dims(op_ctx *cx, const jit_value dim, norm_args *a)
{
    int n;
    const int64_t *dims = arg_ints(dim, &n);
    if (n != 2)
        return OP_FAIL(cx, "linalg.matrix_norm: dim must be a 2-tuple. Got %s", sizes_print(dims, n).s);
    if (!wrap_dim(cx, dims[0], a->t->n_dims, &a->dims[0]) || !wrap_dim(cx, dims[1], a->t->n_dims, &a->dims[1]))
        return false;
    return a->dims[0] != a->dims[1] ||
           OP_FAIL(cx, "linalg.matrix_norm: dims must be different. Got (%lld, %lld)", (long long)dims[0], (long long)dims[1]);
}

/* Norms by singular values are of single and double precision, the others of every floating point type. */
static bool check_normed(op_ctx *cx, const norm_args *a)
{
    const dtype d = tensor_dtype(a->t), asked = arg_dtype(a->type, d);
    const bool is_spectral = a->kind ? strcmp(a->kind, "nuc") == 0 : fabs(a->ord) == 2;
    if (is_spectral || a->t->n_dims < 2 || (!dtype_is_float(d) && !dtype_is_complex(d)))
        return check_matrix(cx, a->t, "linalg.matrix_norm", "A");
    if (!check_dtype(cx, asked))
        return false;
    if (!dtype_is_float(asked) && !dtype_is_complex(asked))
        return OP_FAIL(cx, "linalg.matrix_norm: dtype should be floating point or complex, but got %s", dtype_prefix(asked));
    if (dtype_is_complex(asked) != dtype_is_complex(d))
        return OP_FAIL(cx, "linalg.matrix_norm: dtype should be %s for %s inputs, but got %s", dtype_is_complex(d) ? "complex" : "real",
                       dtype_is_complex(d) ? "complex" : "real", dtype_prefix(asked));
    return true;
}

static tensor *matrix_norm(formula *f, norm_args *a, jit_value dim)
{
    op_ctx *cx = f->cx;
    const double size = fabs(a->ord);
    bool ok = check_normed(cx, a) && read_norm_dims(cx, dim, a);
    if (ok && a->kind && strcmp(a->kind, "fro") != 0 && strcmp(a->kind, "nuc") != 0)
        ok = OP_FAIL(cx, "linalg.matrix_norm: Order %s not supported.", a->kind);
    if (ok && !a->kind && size != 1 && size != 2 && size != INFINITY)
        ok = OP_FAIL(cx, "linalg.matrix_norm: Order %g not supported.", a->ord);
    if (!ok) {
        f->failed = true;
        return NULL;
    }
    if (a->kind && strcmp(a->kind, "fro") == 0)
        return F_(f, aten_linalg_vector_norm, T_V(a->t), FLOAT_V(2), F_INTS(f, a->dims[0], a->dims[1]), BOOL_V(a->keepdim),
                  a->type);
    if (a->type.tag != VALUE_NONE)
        a->t = formula_own(f, tensor_to(cx, a->t, (dtype)a->type.i));
    if (!a->t)
        return NULL;
    return a->kind || size == 2 ? spectral_norm(f, a) : sum_norm(f, a);
}

bool op_linalg_matrix_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    norm_args a = { .t = args[0].t, .ord = arg_double(args[1]), .keepdim = arg_bool(args[3]), .type = args[4] };
    return formula_give(&f, matrix_norm(&f, &a, args[2]), rets);
}

bool op_linalg_matrix_norm_str(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    norm_args a = { .t = args[0].t, .kind = args[1].s->s, .keepdim = arg_bool(args[3]), .type = args[4] };
    return formula_give(&f, matrix_norm(&f, &a, args[2]), rets);
}

/* self ord? dim? keepdim dtype; a string goes to the matrix norms, as does an order with two dimensions. */
static bool give_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *t = args[0].t;
    int n_dims = 0;
    (void)arg_ints(args[2], &n_dims);
    const bool has_dim = args[2].tag == VALUE_LIST, has_order = args[1].tag != VALUE_NONE;
    if (has_dim && n_dims != 1 && n_dims != 2)
        return OP_FAIL(cx, "linalg.norm: If dim is specified, it must be of length 1 or 2. Got %s",
                       sizes_print(args[2].list->ints, n_dims).s);
    if (!has_dim && has_order && t->n_dims != 1 && t->n_dims != 2)
        return OP_FAIL(cx, "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got %dD.", t->n_dims);
    if (has_order && (has_dim ? n_dims : t->n_dims) == 2) {
        norm_args a = { .t = t, .keepdim = arg_bool(args[3]), .type = args[4] };
        a.kind = args[1].tag == VALUE_STR ? args[1].s->s : NULL;
        a.ord = a.kind ? 0 : arg_double(args[1]);
        return formula_give(&f, matrix_norm(&f, &a, has_dim ? args[2] : F_INTS(&f, 0, 1)), rets);
    }
    if (args[1].tag == VALUE_STR && !has_dim)
        return OP_FAIL(cx, "linalg.matrix_norm: The input tensor A must have at least 2 dimensions.");
    if (args[1].tag == VALUE_STR)
        return OP_FAIL(cx, "linalg.matrix_norm: dim must be a 2-tuple. Got %s", sizes_print(args[2].list->ints, n_dims).s);
    tensor *r = F_(&f, aten_linalg_vector_norm, T_V(t), has_order ? args[1] : FLOAT_V(2), args[2], args[3], args[4]);
    return formula_give(&f, r, rets);
}

bool op_linalg_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_norm(cx, args, rets);
}

bool op_nuclear_norm_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    norm_args a = { .t = args[0].t, .kind = "nuc", .keepdim = arg_bool(args[2]), .type = NONE_V };
    int n;
    (void)arg_ints(args[1], &n);
    if (n != 2)
        return OP_FAIL(cx, "nuclear norm requires a 'dim' argument of size 2");
    return formula_give(&f, matrix_norm(&f, &a, args[1]), rets);
}

bool op_nuclear_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    norm_args a = { .t = args[0].t, .kind = "nuc", .keepdim = arg_bool(args[1]), .type = NONE_V };
    if (a.t->n_dims != 2)
        return OP_FAIL(cx, "Expected a tensor with 2 dimensions, but got a tensor with %d dimensions instead.", a.t->n_dims);
    return formula_give(&f, matrix_norm(&f, &a, F_INTS(&f, 0, 1)), rets);
}

/* ---- condition numbers ------------------------------------------------------------------------ */

static tensor *condition_by_inverse(formula *f, tensor *t, jit_value order)
{
    tensor *r[2];
    const op_id norm = order.tag == VALUE_STR ? OP_aten_linalg_matrix_norm_str_ord : OP_aten_linalg_matrix_norm;
    if (!formula_op_n(f, OP_aten_linalg_inv_ex, (jit_value[]){ T_V(t), BOOL_V(false) }, 2, r, 2))
        return NULL;
    const jit_value dims = F_INTS(f, -2, -1);
    tensor *own = formula_op(f, norm, (jit_value[]){ T_V(t), order, dims, BOOL_V(false), NONE_V }, 5);
    tensor *inverse = formula_op(f, norm, (jit_value[]){ T_V(r[0]), order, dims, BOOL_V(false), NONE_V }, 5);
    tensor *product = F_(f, aten_mul_Tensor, T_V(own), T_V(inverse));
    tensor *is_singular = F_(f, aten_ne_Scalar, T_V(r[1]), INT_V(0));
    return F_(f, aten_masked_fill_Scalar, T_V(product), T_V(is_singular), FLOAT_V(INFINITY));
}

static tensor *condition_by_spectrum(formula *f, tensor *t, bool is_inverted)
{
    tensor *s = F_(f, aten_linalg_svdvals, T_V(t), NONE_V);
    if (s && s->sizes[s->n_dims - 1] == 0)
        return formula_own(f, vectors_new(f->cx, tensor_dtype(s), t, -1));
    tensor *largest = F_(f, aten_select_int, T_V(s), INT_V(-1), INT_V(0)), *least = F_(f, aten_select_int, T_V(s), INT_V(-1), INT_V(-1));
    return F_(f, aten_div_Tensor, T_V(is_inverted ? least : largest), T_V(is_inverted ? largest : least));
}

bool op_linalg_cond(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *t = args[0].t;
    const double p = args[1].tag == VALUE_NONE || args[1].tag == VALUE_STR ? 2 : arg_double(args[1]);
    const bool is_text = args[1].tag == VALUE_STR;
    if (t->n_dims < 2)
        return OP_FAIL(cx, "linalg.cond: The input tensor must have at least 2 dimensions.");
    if (is_text ? !arg_str_is(args[1], "fro") && !arg_str_is(args[1], "nuc")
                : fabs(p) != 1 && fabs(p) != 2 && fabs(p) != INFINITY)
        return is_text ? OP_FAIL(cx, "linalg.cond got an invalid norm type: %s", args[1].s->s)
                       : OP_FAIL(cx, "linalg.cond got an invalid norm type: %g", p);
    if (!is_text && fabs(p) == 2)
        return formula_give(&f, condition_by_spectrum(&f, t, p < 0), rets);
    char what[40];
    if (is_text)
        snprintf(what, sizeof what, "linalg.cond(ord=%s)", args[1].s->s);
    else
        snprintf(what, sizeof what, "linalg.cond(ord=%g)", p);
    if (!check_square_sizes(cx, t, what))
        return false;
    return formula_give(&f, condition_by_inverse(&f, t, args[1]), rets);
}

/* ---- products -------------------------------------------------------------------------------- */

bool op_linalg_vecdot(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *x = args[0].t;
    if (dtype_is_integral(tensor_dtype(x)))
        return OP_FAIL(cx, "linalg.vecdot: Expected a floating point or complex tensor as input. Got %s", dtype_prefix(tensor_dtype(x)));
    if (dtype_is_complex(tensor_dtype(x)))
        x = F_(&f, aten_conj_physical, T_V(x));
    tensor *products = F_(&f, aten_mul_Tensor, T_V(x), args[1]);
    return formula_give(&f, F_(&f, aten_sum_dim_IntList, T_V(products), F_INTS(&f, args[2].i), BOOL_V(false), NONE_V), rets);
}

/* ---- Vandermonde ------------------------------------------------------------------------------ */

static tensor *take_powers(formula *f, tensor *x, int64_t n)
{
    int64_t sizes[TENSOR_MAX_DIMS + 1];
    if (x->n_dims == TENSOR_MAX_DIMS || n == 0)
        return formula_own(f, make_tensor(f->cx, tensor_dtype(x), (int64_t[]){ x->sizes[0], 0 }, 2));
    memcpy(sizes, x->sizes, (size_t)x->n_dims * sizeof *sizes);
    sizes[x->n_dims] = n - 1;
    tensor *column = F_(f, aten_unsqueeze, T_V(x), INT_V(-1));
    tensor *ones = F_(f, aten_ones_like, T_V(column), NONE_V, NONE_V, NONE_V, NONE_V, NONE_V);
    tensor *wide = F_(f, aten_expand, T_V(column), formula_ints(f, sizes, (size_t)x->n_dims + 1), BOOL_V(false));
    tensor *powers = F_(f, aten_cumprod, T_V(wide), INT_V(-1), NONE_V);
    return F_(f, aten_cat, formula_tensors(f, (tensor *[]){ ones, powers }, 2), INT_V(-1));
}

bool op_vander(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    const tensor *t = args[0].t;
    if (t->n_dims != 1)
        return OP_FAIL(cx, "x must be a one-dimensional tensor.");
    const int64_t n = arg_int(args[1], t->sizes[0]);
    if (n < 0)
        return OP_FAIL(cx, "N must be non-negative.");
    tensor *x = formula_own(&f, tensor_to(cx, args[0].t, dtype_promote(tensor_dtype(t), DTYPE_int64)));
    tensor *powers = x ? take_powers(&f, x, n) : NULL;
    if (!arg_bool(args[2]))
        powers = F_(&f, aten_flip, T_V(powers), F_INTS(&f, 1));
    return formula_give(&f, powers, rets);
}

bool op_linalg_vander(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *x = args[0].t->n_dims ? args[0].t : F_(&f, aten_unsqueeze, args[0], INT_V(0));
    if (!x)
        return formula_drop(&f);
    const int64_t n = arg_int(args[1], x->sizes[x->n_dims - 1]);
    if (tensor_dtype(x) == DTYPE_bool)
        return formula_drop(&f) ||
               OP_FAIL(cx, "linalg.vander supports floating point, complex, and integer tensors, but got Bool");
    if (n <= 1)
        return formula_drop(&f) || OP_FAIL(cx, "N must be greater than 1.");
    return formula_give(&f, take_powers(&f, x, n), rets);
}

/* ---- tensors as matrices ----------------------------------------------------------------------- */

static int64_t product_of(const int64_t *sizes, int n)
{
    int64_t p = 1;
    for (int i = 0; i < n; i++)
        p *= sizes[i];
    return p;
}

bool op_linalg_tensorinv(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    const tensor *t = args[0].t;
    int64_t sizes[TENSOR_MAX_DIMS];
    if (args[1].i <= 0)
        return OP_FAIL(cx, "Expected a strictly positive integer for 'ind'");
    const int n = t->n_dims, ind = args[1].i < n ? (int)args[1].i : n;
    const int64_t front = product_of(t->sizes, ind), back = product_of(t->sizes + ind, n - ind);
    if (front != back)
        return OP_FAIL(cx, "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but "
                       "got %lld != %lld", (long long)back, (long long)front);
    memcpy(sizes, t->sizes + ind, (size_t)(n - ind) * sizeof *sizes);
    memcpy(sizes + n - ind, t->sizes, (size_t)ind * sizeof *sizes);
    tensor *matrix = F_(&f, aten_reshape, args[0], F_INTS(&f, front, front));
    tensor *inverse = F_(&f, aten_linalg_inv, T_V(matrix));
    return formula_give(&f, F_(&f, aten_reshape, T_V(inverse), formula_ints(&f, sizes, (size_t)n)), rets);
}

bool op_linalg_tensorsolve(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *a = args[0].t, *b = args[1].t;
    if (args[2].tag == VALUE_LIST) { // the listed dimensions go to the end
        int64_t ends[TENSOR_MAX_DIMS];
        const size_t n = args[2].list->n;
        for (size_t i = 0; i < n && i < TENSOR_MAX_DIMS; i++)
            ends[i] = (int64_t)i - (int64_t)n;
        if (n <= TENSOR_MAX_DIMS)
            a = F_(&f, aten_movedim_intlist, T_V(a), args[2], formula_ints(&f, ends, n));
        if (!a)
            return formula_drop(&f);
    }
    const int n_front = b->n_dims < a->n_dims ? b->n_dims : a->n_dims, n_back = a->n_dims - n_front;
    const int64_t front = product_of(a->sizes, n_front), back = product_of(a->sizes + n_front, n_back);
    if (front != back) {
        OP_FAIL(cx, "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
                "prod(self.shape[:other.ndim]), but got %lld != %lld", (long long)back, (long long)front);
        return formula_drop(&f);
    }
    tensor *matrix = F_(&f, aten_reshape, T_V(a), F_INTS(&f, back, back));
    tensor *x = F_(&f, aten_linalg_solve, T_V(matrix), T_V(F_(&f, aten_flatten_using_ints, T_V(b), INT_V(0), INT_V(-1))),
                   BOOL_V(true));
    return formula_give(&f, F_(&f, aten_reshape, T_V(x), formula_ints(&f, a->sizes + n_front, (size_t)n_back)), rets);
}

bool op_linalg_diagonal(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    return formula_give(&f, F_(&f, aten_diagonal, args[0], args[1], args[2], args[3]), rets);
}
