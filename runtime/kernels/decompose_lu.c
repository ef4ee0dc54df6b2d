/* LU and what follows from it: determinants, inverses, general systems (at/native/BatchLinearAlgebra.cpp). The
 * rules of when PyTorch factors the transpose (contiguous real operands) are kept, so roundings agree. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/decompose.h"

#include <complex.h>
#include <math.h>
#include <string.h>

bool lu_factor(formula *f, tensor *t, lu_factors *ret)
{
    if (!t || f->failed || !lapack_ready(f->cx)) {
        f->failed = true;
        return false;
    }
    const int64_t m = rows_of(t), n = columns_of(t), least = m < n ? m : n;
    ret->lu = formula_own(f, matrices_copy(f->cx, t));
    ret->pivots = formula_own(f, vectors_new(f->cx, DTYPE_int32, t, least));
    ret->infos = formula_own(f, vectors_new(f->cx, DTYPE_int32, t, -1));
    if (f->failed)
        return false;
    int32_t *infos = tensor_data(ret->infos);
    const int64_t batch = batch_of(t);
    for (int64_t k = 0; k < batch; k++)
        infos[k] = least ? lapack_getrf(tensor_dtype(t), (int)m, (int)n, matrix_at(ret->lu, k),
                                        batch_at(ret->pivots, k, least))
                         : 0;
    return true;
}

bool lu_solve(op_ctx *cx, const tensor *lu, const tensor *pivots, tensor *b, char trans)
{
    const int64_t n = rows_of(b), n_rhs = columns_of(b), batch = b->numel ? batch_of(b) : 0;
    if (!lapack_ready(cx))
        return false;
    for (int64_t k = 0; k < batch; k++)
        lapack_getrs(tensor_dtype(b), trans, (int)n, (int)n_rhs, matrix_at(lu, k), batch_at(pivots, k, n),
                     matrix_at(b, k));
    return true;
}

/* ---- determinants ---------------------------------------------------------------------------- */

typedef struct determinant {
    lu_factors lu;
    tensor *sign, *log_abs, *det; /* those asked for */
} determinant;

static double complex pivot_sign(const int32_t *pivots, int64_t n)
{
    double sign = 1;
    for (int64_t i = 0; i < n; i++)
        if (pivots[i] != i + 1)
            sign = -sign;
    return sign;
}

/* The products run in the operand's precision, as its reductions do. */
static void store_determinant(const determinant *out, dtype d, int64_t k, int64_t n)
{
    const char *matrix = matrix_at(out->lu.lu, k);
    const size_t size = dtype_size(d);
    double complex sign = pivot_sign(batch_at(out->lu.pivots, k, n), n), det = sign;
    double log_abs = 0;
    for (int64_t i = 0; i < n; i++) {
        double re, im;
        element_load_complex(d, matrix + (size_t)(i * n + i) * size, &re, &im);
        const double complex x = __builtin_complex(re, im);
        det *= x;
        log_abs += log(cabs(x));
        sign *= x == 0 ? 0 : x / cabs(x);
    }
    if (out->det)
        element_store_complex(d, batch_at(out->det, k, 1), creal(det), cimag(det));
    if (out->sign)
        element_store_complex(d, batch_at(out->sign, k, 1), creal(sign), cimag(sign));
    if (out->log_abs)
        element_store_double(dtype_real(d), batch_at(out->log_abs, k, 1), log_abs);
}

static bool take_determinant(formula *f, tensor *t, bool wants_log, determinant *ret)
{
    const dtype d = tensor_dtype(t);
    const bool use_transpose = tensor_is_contiguous(t) && !dtype_is_complex(d);
    if (!lu_factor(f, use_transpose ? matrices_transposed(f, t, false) : t, &ret->lu))
        return false;
    if (wants_log) {
        ret->sign = formula_own(f, vectors_new(f->cx, d, t, -1));
        ret->log_abs = formula_own(f, vectors_new(f->cx, dtype_real(d), t, -1));
    } else {
        ret->det = formula_own(f, vectors_new(f->cx, d, t, -1));
    }
    const int64_t n = columns_of(t), batch = batch_of(t);
    for (int64_t k = 0; k < batch && !f->failed; k++)
        store_determinant(ret, d, k, n);
    return !f->failed;
}

bool op_linalg_det(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    determinant d = { 0 };
    if (!check_square(cx, args[0].t, "linalg.det", "A"))
        return false;
    take_determinant(&f, args[0].t, false, &d);
    return formula_give(&f, d.det, rets);
}

bool op_linalg_det_lu(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    determinant d = { 0 };
    if (!check_square(cx, args[0].t, "linalg.det", "A"))
        return false;
    take_determinant(&f, args[0].t, false, &d);
    return formula_give_n(&f, (tensor *[]){ d.det, d.lu.lu, d.lu.pivots }, 3, rets);
}

bool op_linalg_slogdet(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    determinant d = { 0 };
    if (!check_square(cx, args[0].t, "linalg.slogdet", "A"))
        return false;
    take_determinant(&f, args[0].t, true, &d);
    return formula_give_n(&f, (tensor *[]){ d.sign, d.log_abs }, 2, rets);
}

bool op_linalg_slogdet_lu(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    determinant d = { 0 };
    if (!check_square(cx, args[0].t, "linalg.slogdet", "A"))
        return false;
    take_determinant(&f, args[0].t, true, &d);
    return formula_give_n(&f, (tensor *[]){ d.sign, d.log_abs, d.lu.lu, d.lu.pivots }, 4, rets);
}

bool op_logdet(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    determinant d = { 0 };
    if (!check_square(cx, args[0].t, "logdet", "A"))
        return false;
    take_determinant(&f, args[0].t, true, &d);
    tensor *log_sign = F_(&f, aten_log, T_V(d.sign));
    return formula_give(&f, F_(&f, aten_add_Tensor, T_V(log_sign), T_V(d.log_abs), INT_V(1)), rets);
}

/* ---- systems --------------------------------------------------------------------------------- */

typedef struct batch_sizes { int n; int64_t at[TENSOR_MAX_DIMS]; } batch_sizes;

static bool common_batch(op_ctx *cx, const tensor *a, const tensor *b, batch_sizes *ret)
{
    ret->n = a->n_dims - 2;
    memcpy(ret->at, a->sizes, (size_t)ret->n * sizeof *ret->at);
    return broadcast_sizes(cx, ret->at, &ret->n, b->sizes, b->n_dims - 2);
}

static bool check_system(op_ctx *cx, const tensor *a, const tensor *b, bool left, const char *what)
{
    const int b_rows = left ? b->n_dims - 2 : b->n_dims - 1;
    if (b->n_dims < 2)
        return OP_FAIL(cx, "%s: The input tensor B must have at least 2 dimensions.", what);
    if (rows_of(a) != b->sizes[b_rows])
        return OP_FAIL(cx, "%s: Incompatible shapes of A and B for the equation %s = B (%lldx%lld and %lldx%lld)", what,
                       left ? "AX" : "XA", (long long)rows_of(a), (long long)columns_of(a), (long long)rows_of(b),
                       (long long)columns_of(b));
    return true;
}

/* Is B a vector (or a batch of them) beside A? */
static bool is_vector_side(const tensor *a, const tensor *b)
{
    return b->n_dims == 1 || (a->n_dims - 1 == b->n_dims &&
                              memcmp(a->sizes, b->sizes, (size_t)b->n_dims * sizeof *b->sizes) == 0);
}

/* X of A X = B, X A = B or with A's adjoint: the right operand is brought to A's side, and X back. */
static tensor *solve_with(formula *f, tensor *lu, tensor *pivots, tensor *b, bool left, bool adjoint)
{
    tensor *side = left ? b : matrices_transposed(f, b, true);
    tensor *x = side ? formula_own(f, matrices_copy(f->cx, side)) : NULL;
    const char trans = (left ? adjoint : !adjoint) ? 'C' : 'N';
    if (!x || f->failed || !lu_solve(f->cx, lu, pivots, x, trans)) {
        f->failed = true;
        return NULL;
    }
    return left ? x : matrices_transposed(f, x, true);
}

static tensor *expanded_pivots(formula *f, tensor *pivots, const batch_sizes *batch)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    memcpy(sizes, batch->at, (size_t)batch->n * sizeof *sizes);
    sizes[batch->n] = pivots->sizes[pivots->n_dims - 1];
    tensor *t = F_(f, aten_expand, T_V(pivots), formula_ints(f, sizes, (size_t)batch->n + 1), BOOL_V(false));
    return t ? formula_own(f, tensor_contiguous(f->cx, t)) : NULL;
}

typedef struct solution { tensor *x; lu_factors lu; } solution;

static bool solve_system(formula *f, tensor *a, tensor *b, bool left, solution *ret)
{
    const bool is_vector = is_vector_side(a, b);
    const bool use_transpose = tensor_is_contiguous(a) && !dtype_is_complex(tensor_dtype(a));
    batch_sizes batch;
    tensor *matrix = is_vector ? F_(f, aten_unsqueeze, T_V(b), INT_V(-1)) : b;
    if (!matrix || !check_system(f->cx, a, matrix, left, "linalg.solve") || !common_batch(f->cx, a, matrix, &batch) ||
        !lu_factor(f, use_transpose ? matrices_transposed(f, a, false) : a, &ret->lu)) {
        f->failed = true;
        return false;
    }
    tensor *lu = matrices_expanded(f, ret->lu.lu, batch.at, batch.n), *pivots = expanded_pivots(f, ret->lu.pivots, &batch);
    matrix = matrices_expanded(f, matrix, batch.at, batch.n);
    if (lu && !tensor_same_sizes(lu, ret->lu.lu))
        lu = formula_own(f, matrices_copy(f->cx, lu));
    if (f->failed || !lu || !pivots || !matrix)
        return !(f->failed = true);
    tensor *x = solve_with(f, lu, pivots, matrix, left, use_transpose);
    ret->x = x && is_vector ? F_(f, aten_squeeze_dim, T_V(x), INT_V(-1)) : x;
    return !f->failed;
}

static bool check_solve(op_ctx *cx, const tensor *a, const tensor *b)
{
    if (!check_square(cx, a, "linalg.solve", "A"))
        return false;
    if (a->dtype != b->dtype)
        return OP_FAIL(cx, "linalg.solve: Expected A and B to have the same dtype, but found A of type %s and B of type "
                       "%s instead", dtype_prefix(tensor_dtype(a)), dtype_prefix(tensor_dtype(b)));
    return true;
}

/* A B left check_errors: all that can be given, n_results of them */
static bool give_solution(op_ctx *cx, const jit_value *args, const char *what, int n_results, jit_value *rets)
{
    formula f = { .cx = cx };
    solution s = { 0 };
    tensor *a = args[0].t;
    if (!check_solve(cx, a, args[1].t))
        return false;
    if (!solve_system(&f, a, args[1].t, arg_bool(args[2]), &s) ||
        (what && !check_infos(cx, s.lu.infos, what, a->n_dims == 2)))
        return formula_drop(&f);
    if (n_results <= 2)
        return formula_give_n(&f, (tensor *[]){ s.x, s.lu.infos }, (size_t)n_results, rets);
    return formula_give_n(&f, (tensor *[]){ s.x, s.lu.lu, s.lu.pivots, s.lu.infos }, 4, rets);
}

bool op_linalg_solve(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_solution(cx, args, "torch.linalg.solve", 1, rets);
}

bool op_linalg_solve_ex(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_solution(cx, args, arg_bool(args[3]) ? "torch.linalg.solve_ex" : NULL, 2, rets);
}

bool op_linalg_solve_ex_lu(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_solution(cx, args, arg_bool(args[3]) ? "torch.linalg.solve_ex" : NULL, 4, rets);
}

static bool give_inverse(op_ctx *cx, tensor *a, const char *what, bool wants_infos, jit_value *rets)
{
    formula f = { .cx = cx };
    solution s = { 0 };
    if (!check_square(cx, a, "linalg.inv", "A"))
        return false;
    tensor *identity = formula_own(&f, matrices_new(cx, tensor_dtype(a), a, rows_of(a), columns_of(a)));
    if (identity)
        matrices_set_identity(identity);
    if (!identity || !solve_system(&f, a, identity, true, &s) ||
        (what && !check_infos(cx, s.lu.infos, what, a->n_dims == 2)))
        return formula_drop(&f);
    return formula_give_n(&f, (tensor *[]){ s.x, s.lu.infos }, wants_infos ? 2 : 1, rets);
}

bool op_linalg_inv(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_inverse(cx, args[0].t, "linalg.inv", false, rets);
}

bool op_linalg_inv_ex(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_inverse(cx, args[0].t, arg_bool(args[1]) ? "linalg.inv_ex" : NULL, true, rets);
}

/* ---- the factors themselves ------------------------------------------------------------------ */

static bool check_factor(op_ctx *cx, const tensor *t, bool pivot, const char *what)
{
    if (t->n_dims < 2)
        return OP_FAIL(cx, "%s: Expected tensor with 2 or more dimensions. Got size: %s instead", what,
                       sizes_print(t->sizes, t->n_dims).s);
    if (!check_floating(cx, t, what))
        return false;
    return pivot || OP_FAIL(cx, "%s: LU without pivoting is not implemented on the CPU", what);
}

static bool give_factors(op_ctx *cx, const jit_value *args, const char *what, size_t n_results, jit_value *rets)
{
    formula f = { .cx = cx };
    lu_factors lu = { 0 };
    if (!check_factor(cx, args[0].t, arg_bool(args[1]), "linalg.lu_factor"))
        return false;
    if (!lu_factor(&f, args[0].t, &lu) || (what && !check_infos(cx, lu.infos, what, args[0].t->n_dims == 2)))
        return formula_drop(&f);
    return formula_give_n(&f, (tensor *[]){ lu.lu, lu.pivots, lu.infos }, n_results, rets);
}

bool op_linalg_lu_factor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_factors(cx, args, "torch.linalg.lu_factor", 2, rets);
}

bool op_linalg_lu_factor_ex(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_factors(cx, args, arg_bool(args[2]) ? "torch.linalg.lu_factor_ex" : NULL, 3, rets);
}

/* Row numbers after the exchanges that the pivots tell, as a permutation matrix P with A = P L U. */
static void store_permutation(tensor *p, const tensor *pivots)
{
    const int64_t m = rows_of(p), n_pivots = pivots->sizes[pivots->n_dims - 1], batch = p->numel ? batch_of(p) : 0;
    const dtype d = tensor_dtype(p);
    if (p->numel)
        memset(tensor_data(p), 0, (size_t)p->numel * dtype_size(d));
    for (int64_t k = 0; k < batch; k++) {
        const int32_t *pivot = batch_at(pivots, k, n_pivots);
        char *matrix = matrix_at(p, k);
        for (int64_t column = 0; column < m; column++) {
            int64_t row = column; // where row `column` of the factors comes from: the exchanges backwards
            for (int64_t i = n_pivots - 1; i >= 0; i--)
                row = row == i ? pivot[i] - 1 : row == pivot[i] - 1 ? i : row;
            element_store_int(d, matrix + (size_t)(column * m + row) * dtype_size(d), 1);
        }
    }
}

typedef struct unpacked { tensor *p, *l, *u; } unpacked;

static tensor *empty_result(formula *f, dtype d)
{
    return formula_own(f, make_tensor(f->cx, d, (int64_t[]){ 0 }, 1));
}

static bool unpack(formula *f, tensor *lu, tensor *pivots, bool data, bool permutation, unpacked *ret)
{
    const dtype d = tensor_dtype(lu);
    const int64_t m = rows_of(lu), n = columns_of(lu), least = m < n ? m : n;
    ret->p = permutation ? formula_own(f, matrices_new(f->cx, d, lu, m, m)) : empty_result(f, d);
    if (ret->p && permutation)
        store_permutation(ret->p, pivots);
    if (!data) {
        ret->l = empty_result(f, d);
        ret->u = empty_result(f, d);
        return !f->failed;
    }
    tensor *lower = F_(f, aten_narrow, T_V(lu), INT_V(-1), INT_V(0), INT_V(least));
    tensor *upper = F_(f, aten_narrow, T_V(lu), INT_V(-2), INT_V(0), INT_V(least));
    ret->l = lower ? formula_own(f, matrices_copy(f->cx, lower)) : NULL;
    ret->u = upper ? formula_own(f, matrices_copy(f->cx, upper)) : NULL;
    if (f->failed || !ret->l || !ret->u)
        return false;
    matrices_keep_triangle(ret->l, false, 0);
    matrices_keep_triangle(ret->u, true, 0);
    for (int64_t k = 0; k < (lu->numel ? batch_of(lu) : 0); k++)
        for (int64_t i = 0; i < least; i++)
            element_store_int(d, (char *)matrix_at(ret->l, k) + (size_t)(i * m + i) * dtype_size(d), 1);
    return true;
}

bool op_linalg_lu(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    lu_factors lu = { 0 };
    unpacked u = { 0 };
    if (!check_factor(cx, args[0].t, arg_bool(args[1]), "linalg.lu"))
        return false;
    if (lu_factor(&f, args[0].t, &lu))
        unpack(&f, lu.lu, lu.pivots, true, true, &u);
    return formula_give_n(&f, (tensor *[]){ u.p, u.l, u.u }, 3, rets);
}

/* Pivots may come from anywhere: each must name a row. */
static bool name_rows(const tensor *pivots, int64_t n_rows)
{
    for (int64_t i = 0; i < pivots->numel; i++) {
        const int64_t pivot = tensor_get_int(pivots, i);
        if (pivot < 1 || pivot > n_rows)
            return false;
    }
    return true;
}

static bool check_unpackable(op_ctx *cx, const tensor *lu, const tensor *pivots)
{
    const int64_t m = rows_of(lu), n = columns_of(lu);
    if (tensor_dtype(pivots) != DTYPE_int32)
        return OP_FAIL(cx, "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\n"
                       "Note: this function is intended to be used with the output produced by torch.linalg.lu_factor");
    if (pivots->n_dims == 0 || pivots->sizes[pivots->n_dims - 1] != (m < n ? m : n))
        return OP_FAIL(cx, "torch.lu_unpack: expected as many pivots as LU has rows or columns, whichever are fewer, "
                       "but got pivots of shape %s", sizes_print(pivots->sizes, pivots->n_dims).s);
    return name_rows(pivots, m)
           || OP_FAIL(cx, "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive. Did you properly "
                      "pass the result of lu_factor?");
}

bool op_lu_unpack(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    unpacked u = { 0 };
    if (args[0].t->n_dims < 2)
        return OP_FAIL(cx, "torch.lu_unpack: Expected tensor with 2 or more dimensions. Got size: %s instead",
                       sizes_print(args[0].t->sizes, args[0].t->n_dims).s);
    if (arg_bool(args[3]) && !check_unpackable(cx, args[0].t, args[1].t))
        return false;
    batch_sizes batch = { .n = args[0].t->n_dims - 2 };
    memcpy(batch.at, args[0].t->sizes, (size_t)batch.n * sizeof *batch.at);
    tensor *pivots = arg_bool(args[3]) ? expanded_pivots(&f, args[1].t, &batch) : args[1].t;
    if (pivots)
        unpack(&f, args[0].t, pivots, arg_bool(args[2]), arg_bool(args[3]), &u);
    return formula_give_n(&f, (tensor *[]){ u.p, u.l, u.u }, 3, rets);
}

static bool check_pivots(op_ctx *cx, const tensor *lu, const tensor *pivots)
{
    if (tensor_dtype(pivots) != DTYPE_int32)
        return OP_FAIL(cx, "linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32");
    const bool fits = pivots->n_dims == lu->n_dims - 1 &&
                      memcmp(pivots->sizes, lu->sizes, (size_t)pivots->n_dims * sizeof *lu->sizes) == 0;
    if (!fits)
        return OP_FAIL(cx, "linalg.lu_solve: Number of pivots per batch should be same as the dimension of the matrix");
    return name_rows(pivots, rows_of(lu))
           || OP_FAIL(cx, "Pivots given to lu_solve must all be between 1 and LU.size(-2). Did you properly pass the "
                          "result of lu_factor?");
}

static bool solve_factored(op_ctx *cx, tensor *lu, tensor *pivots, tensor *b, bool left, bool adjoint, jit_value *rets)
{
    formula f = { .cx = cx };
    batch_sizes batch;
    if (!check_square(cx, lu, "torch.linalg.lu_solve", "LU") || !check_system(cx, lu, b, left, "linalg.lu_solve") ||
        !check_pivots(cx, lu, pivots) || !common_batch(cx, lu, b, &batch))
        return false;
    tensor *factors = matrices_expanded(&f, lu, batch.at, batch.n), *x = NULL;
    tensor *rows = expanded_pivots(&f, pivots, &batch), *right = matrices_expanded(&f, b, batch.at, batch.n);
    factors = factors ? formula_own(&f, matrices_copy(cx, factors)) : NULL;
    if (factors && rows && right && !f.failed)
        x = solve_with(&f, factors, rows, right, left, adjoint);
    return formula_give(&f, x, rets);
}

bool op_linalg_lu_solve(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return solve_factored(cx, args[0].t, args[1].t, args[2].t, arg_bool(args[3]), arg_bool(args[4]), rets);
}

bool op_lu_solve(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return solve_factored(cx, args[1].t, args[2].t, args[0].t, true, false, rets);
}

/* ---- symmetric systems: LDL ------------------------------------------------------------------ */

static bool factor_ldl(op_ctx *cx, const jit_value *args, bool check, const char *what, size_t n_results,
                       jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *t = args[0].t;
    if (!check_square(cx, t, what, "A") || !lapack_ready(cx))
        return false;
    const int64_t n = rows_of(t), batch = t->numel ? batch_of(t) : 0;
    tensor *ld = formula_own(&f, matrices_copy(cx, t));
    tensor *pivots = formula_own(&f, vectors_new(cx, DTYPE_int32, t, n));
    tensor *infos = formula_own(&f, vectors_new(cx, DTYPE_int32, t, -1));
    for (int64_t k = 0; k < batch && !f.failed; k++) {
        const int info = lapack_sytrf(tensor_dtype(t), arg_bool(args[1]), 'L', (int)n, matrix_at(ld, k),
                                      batch_at(pivots, k, n));
        if (!lapack_had_memory(cx, info))
            return formula_drop(&f);
        ((int32_t *)tensor_data(infos))[k] = info;
    }
    if (infos && !t->numel && infos->numel)
        memset(tensor_data(infos), 0, (size_t)infos->numel * sizeof(int32_t));
    if (!f.failed)
        matrices_keep_triangle(ld, false, 0);
    if (!f.failed && check && !check_infos(cx, infos, what, t->n_dims == 2))
        return formula_drop(&f);
    return formula_give_n(&f, (tensor *[]){ ld, pivots, infos }, n_results, rets);
}

bool op_linalg_ldl_factor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return factor_ldl(cx, args, true, "torch.linalg.ldl_factor_ex", 2, rets);
}

bool op_linalg_ldl_factor_ex(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return factor_ldl(cx, args, arg_bool(args[2]), "torch.linalg.ldl_factor_ex", 3, rets);
}

static bool check_ldl(op_ctx *cx, const tensor *ld, const tensor *pivots, const tensor *b)
{
    if (!check_square(cx, ld, "torch.linalg.ldl_solve", "LD") || !check_system(cx, ld, b, true, "torch.linalg.ldl_solve"))
        return false;
    if (pivots->n_dims != ld->n_dims - 1 ||
        memcmp(pivots->sizes, ld->sizes, (size_t)pivots->n_dims * sizeof *ld->sizes) != 0)
        return OP_FAIL(cx, "torch.linalg.ldl_solve: Expected LD.shape[:-1] and pivots.shape to be the same, but got "
                       "pivots with shape %s instead", sizes_print(pivots->sizes, pivots->n_dims).s);
    if (!dtype_is_integral(tensor_dtype(pivots)))
        return OP_FAIL(cx, "torch.linalg.ldl_solve: Expected pivots to be integers. Got %s",
                       dtype_prefix(tensor_dtype(pivots)));
    if (ld->dtype != b->dtype)
        return OP_FAIL(cx, "torch.linalg.ldl_solve: LD dtype%s does not match b dtype%s",
                       dtype_prefix(tensor_dtype(ld)), dtype_prefix(tensor_dtype(b)));
    const int64_t n = rows_of(ld);
    for (int64_t i = 0; i < pivots->numel; i++) {
        const int64_t pivot = tensor_get_int(pivots, i), row = pivot < 0 ? -pivot : pivot;
        const bool is_pair = pivot < 0; // a block of two rows has two negative pivots
        if (row < 1 || row > n || (is_pair && ((i + 1) % n == 0 || tensor_get_int(pivots, i + 1) >= 0)))
            return OP_FAIL(cx, "torch.linalg.ldl_solve: pivot %lld is out of range", (long long)pivot);
        if (is_pair && tensor_get_int(pivots, ++i) < -n)
            return OP_FAIL(cx, "torch.linalg.ldl_solve: pivot %lld is out of range", (long long)pivot);
    }
    return true;
}

bool op_linalg_ldl_solve(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    batch_sizes batch;
    if (!check_ldl(cx, args[0].t, args[1].t, args[2].t) || !common_batch(cx, args[0].t, args[2].t, &batch) ||
        !lapack_ready(cx))
        return false;
    tensor *narrow = formula_own(&f, tensor_to(cx, args[1].t, DTYPE_int32));
    tensor *pivots = narrow ? expanded_pivots(&f, narrow, &batch) : NULL;
    tensor *ld = matrices_expanded(&f, args[0].t, batch.at, batch.n);
    tensor *b = matrices_expanded(&f, args[2].t, batch.at, batch.n);
    tensor *factors = ld ? formula_own(&f, matrices_copy(cx, ld)) : NULL;
    tensor *x = b ? formula_own(&f, matrices_copy(cx, b)) : NULL;
    if (f.failed || !pivots || !factors || !x)
        return formula_drop(&f);
    for (int64_t k = 0; k < (x->numel ? batch_of(x) : 0); k++)
        lapack_sytrs(tensor_dtype(x), arg_bool(args[3]), 'L', (int)rows_of(x), (int)columns_of(x),
                     matrix_at(factors, k), batch_at(pivots, k, rows_of(x)), matrix_at(x, k));
    return formula_give(&f, x, rets);
}
