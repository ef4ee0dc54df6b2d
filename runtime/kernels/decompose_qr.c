/* Cholesky, triangular systems, QR and least squares (at/native/BatchLinearAlgebra.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/decompose.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

/* ---- Cholesky -------------------------------------------------------------------------------- */

typedef struct cholesky { tensor *l, *infos; } cholesky;

/* As PyTorch does, the upper factor of a complex matrix is found in its own triangle. */
static bool take_cholesky(formula *f, tensor *a, bool upper, cholesky *ret)
{
    op_ctx *cx = f->cx;
    if (!lapack_ready(cx))
        return !(f->failed = true);
    const int64_t n = rows_of(a), batch = batch_of(a);
    ret->l = formula_own(f, matrices_copy(cx, a));
    ret->infos = formula_own(f, vectors_new(cx, DTYPE_int32, a, -1));
    if (f->failed)
        return false;
    matrices_keep_triangle(ret->l, upper, 0);
    int32_t *infos = tensor_data(ret->infos);
    for (int64_t k = 0; k < batch; k++)
        infos[k] = n ? lapack_potrf(tensor_dtype(a), upper ? 'U' : 'L', (int)n, matrix_at(ret->l, k)) : 0;
    return true;
}

static bool give_cholesky(op_ctx *cx, tensor *a, bool upper, const char *name, const char *check, bool wants_infos,
                          jit_value *rets)
{
    formula f = { .cx = cx };
    cholesky c = { 0 };
    if (!check_square(cx, a, name, "A"))
        return false;
    if (!take_cholesky(&f, a, upper, &c) || (check && !check_infos(cx, c.infos, check, a->n_dims == 2)))
        return formula_drop(&f);
    return formula_give_n(&f, (tensor *[]){ c.l, c.infos }, wants_infos ? 2 : 1, rets);
}

bool op_linalg_cholesky(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_cholesky(cx, args[0].t, arg_bool(args[1]), "linalg.cholesky", "linalg.cholesky", false, rets);
}

bool op_cholesky(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_cholesky(cx, args[0].t, arg_bool(args[1]), "cholesky", "cholesky", false, rets);
}

bool op_linalg_cholesky_ex(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_cholesky(cx, args[0].t, arg_bool(args[1]), "linalg.cholesky",
                         arg_bool(args[2]) ? "linalg.cholesky_ex" : NULL, true, rets);
}

/* ---- two operands with a common batch --------------------------------------------------------- */

typedef struct operands { tensor *a, *b; } operands;

/* Column-major copies of both, broadcast to one batch; a is a pure input but LAPACK needs its layout. */
static bool common_operands(formula *f, tensor *a, tensor *b, operands *ret)
{
    int64_t batch[TENSOR_MAX_DIMS];
    int n = a->n_dims - 2;
    memcpy(batch, a->sizes, (size_t)n * sizeof *batch);
    if (!broadcast_sizes(f->cx, batch, &n, b->sizes, b->n_dims - 2))
        return !(f->failed = true);
    tensor *wide_a = matrices_expanded(f, a, batch, n), *wide_b = matrices_expanded(f, b, batch, n);
    ret->a = wide_a ? formula_own(f, matrices_copy(f->cx, wide_a)) : NULL;
    ret->b = wide_b ? formula_own(f, matrices_copy(f->cx, wide_b)) : NULL;
    return ret->a && ret->b && !f->failed;
}

/* Texts of the older functions; name: "cholesky_solve". */
static bool check_old_system(op_ctx *cx, const tensor *b, const tensor *a, const char *name)
{
    if (b->n_dims < 2)
        return OP_FAIL(cx, "b should have at least 2 dimensions, but has %d dimensions instead", b->n_dims);
    if (a->n_dims < 2)
        return OP_FAIL(cx, "u should have at least 2 dimensions, but has %d dimensions instead", a->n_dims);
    if (a->dtype != b->dtype)
        return OP_FAIL(cx, "Expected b and A to have the same dtype, but found b of type %s and A of type %s instead.",
                       dtype_prefix(tensor_dtype(b)), dtype_prefix(tensor_dtype(a)));
    if (rows_of(a) != columns_of(a))
        return OP_FAIL(cx, "A must be batches of square matrices, but they are %lld by %lld matrices",
                       (long long)rows_of(a), (long long)columns_of(a));
    if (rows_of(a) != rows_of(b))
        return OP_FAIL(cx, "Incompatible matrix sizes for %s: each A matrix is %lld by %lld but each b matrix is %lld by "
                       "%lld", name, (long long)rows_of(a), (long long)rows_of(a), (long long)rows_of(b),
                       (long long)columns_of(b));
    return check_floating(cx, a, name) && lapack_ready(cx);
}

bool op_cholesky_solve(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    operands o = { 0 };
    if (!check_old_system(cx, args[0].t, args[1].t, "cholesky_solve"))
        return false;
    if (common_operands(&f, args[1].t, args[0].t, &o) && o.b->numel)
        for (int64_t k = 0, n = batch_of(o.b); k < n; k++)
            lapack_potrs(tensor_dtype(o.b), arg_bool(args[2]) ? 'U' : 'L', (int)rows_of(o.b), (int)columns_of(o.b),
                         matrix_at(o.a, k), matrix_at(o.b, k));
    return formula_give(&f, o.b, rets);
}

/* potri leaves one triangle; the other is its mirror image. */
static void mirror_triangle(tensor *t, int64_t k, bool upper)
{
    const int64_t n = rows_of(t);
    const dtype d = tensor_dtype(t);
    char *p = matrix_at(t, k);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j + 1; i < n; i++) {
            const int64_t low = j * n + i, high = i * n + j;
            double re, im;
            element_load_complex(d, p + (size_t)(upper ? high : low) * dtype_size(d), &re, &im);
            element_store_complex(d, p + (size_t)(upper ? low : high) * dtype_size(d), re, -im);
        }
}

bool op_cholesky_inverse(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    if (!check_square(cx, args[0].t, "cholesky_inverse", "A") || !lapack_ready(cx))
        return false;
    tensor *t = formula_own(&f, matrices_copy(cx, args[0].t));
    const bool upper = arg_bool(args[1]);
    for (int64_t k = 0, n = t && t->numel ? batch_of(t) : 0; k < n; k++) {
        const int info = lapack_potri(tensor_dtype(t), upper ? 'U' : 'L', (int)rows_of(t), matrix_at(t, k));
        if (info > 0) {
            char where[48] = "";
            if (t->n_dims > 2)
                snprintf(where, sizeof where, ": (Batch element %lld)", (long long)k);
            OP_FAIL(cx, "cholesky_inverse%s: The diagonal element %d is zero, the inversion could not be completed "
                    "because the input matrix is singular.", where, info);
            return formula_drop(&f);
        }
        mirror_triangle(t, k, upper);
    }
    return formula_give(&f, t, rets);
}

/* ---- triangular systems ---------------------------------------------------------------------- */

bool op_linalg_solve_triangular(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    operands o = { 0 };
    tensor *a = args[0].t, *b = args[1].t;
    const bool left = arg_bool(args[3]);
    if (!check_square(cx, a, "linalg.solve_triangular", "A") ||
        !check_matrix(cx, b, "linalg.solve_triangular", "B"))
        return false;
    if (rows_of(a) != (left ? rows_of(b) : columns_of(b)))
        return OP_FAIL(cx, "linalg.solve_triangular: Incompatible shapes of A and B for the equation %s = B (%lldx%lld and "
                       "%lldx%lld)", left ? "AX" : "XA", (long long)rows_of(a), (long long)columns_of(a),
                       (long long)rows_of(b), (long long)columns_of(b));
    if (!lapack_ready(cx))
        return false;
    const dtype d = dtype_promote(tensor_dtype(a), tensor_dtype(b));
    tensor *wide_a = formula_own(&f, tensor_to(cx, a, d)), *wide_b = formula_own(&f, tensor_to(cx, b, d));
    if (!f.failed && common_operands(&f, wide_a, wide_b, &o) && o.b->numel)
        for (int64_t k = 0, n = batch_of(o.b); k < n; k++)
            lapack_trsm(d, left ? 'L' : 'R', arg_bool(args[2]) ? 'U' : 'L', 'N', arg_bool(args[4]) ? 'U' : 'N',
                        (int)rows_of(o.b), (int)columns_of(o.b), matrix_at(o.a, k), matrix_at(o.b, k));
    return formula_give(&f, o.b, rets);
}

bool op_triangular_solve(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    operands o = { 0 };
    if (!check_old_system(cx, args[0].t, args[1].t, "triangular_solve"))
        return false;
    if (common_operands(&f, args[1].t, args[0].t, &o) && o.b->numel)
        for (int64_t k = 0, n = batch_of(o.b); k < n; k++)
            lapack_trsm(tensor_dtype(o.b), 'L', arg_bool(args[2]) ? 'U' : 'L', arg_bool(args[3]) ? 'T' : 'N',
                        arg_bool(args[4]) ? 'U' : 'N', (int)rows_of(o.b), (int)columns_of(o.b), matrix_at(o.a, k),
                        matrix_at(o.b, k));
    return formula_give_n(&f, (tensor *[]){ o.b, o.a }, 2, rets);
}

/* ---- QR -------------------------------------------------------------------------------------- */

typedef struct reflectors { tensor *a, *tau; } reflectors;

static bool take_reflectors(formula *f, tensor *t, reflectors *ret)
{
    op_ctx *cx = f->cx;
    if (!lapack_ready(cx))
        return !(f->failed = true);
    const int64_t m = rows_of(t), n = columns_of(t), least = m < n ? m : n;
    ret->a = formula_own(f, matrices_copy(cx, t));
    ret->tau = formula_own(f, vectors_new(cx, tensor_dtype(t), t, least));
    for (int64_t k = 0, batch = t->numel ? batch_of(t) : 0; k < batch && !f->failed; k++)
        if (!lapack_had_memory(cx, lapack_geqrf(tensor_dtype(t), (int)m, (int)n, matrix_at(ret->a, k),
                                                batch_at(ret->tau, k, least))))
            f->failed = true;
    return !f->failed;
}

/* The first `columns` columns of the product of the reflectors that stand in `from`. */
static tensor *take_q(formula *f, const tensor *from, const tensor *tau, int64_t columns)
{
    const int64_t m = rows_of(from), n = columns_of(from), n_tau = tau->sizes[tau->n_dims - 1];
    const size_t size = dtype_size(tensor_dtype(from));
    tensor *q = formula_own(f, matrices_new(f->cx, tensor_dtype(from), from, m, columns));
    if (!q || !q->numel)
        return q;
    if (n_tau == 0) {
        matrices_set_identity(q);
        return q;
    }
    for (int64_t k = 0, batch = batch_of(q); k < batch; k++) {
        const int64_t shared = n < columns ? n : columns;
        memset(matrix_at(q, k), 0, (size_t)(m * columns) * size);
        memcpy(matrix_at(q, k), matrix_at(from, k), (size_t)(m * shared) * size);
        if (!lapack_had_memory(f->cx, lapack_orgqr(tensor_dtype(q), (int)m, (int)columns, (int)n_tau, matrix_at(q, k),
                                                   batch_at(tau, k, n_tau))))
            return formula_own(f, NULL);
    }
    return q;
}

static tensor *take_r(formula *f, tensor *from, int64_t rows)
{
    tensor *top = F_(f, aten_narrow, T_V(from), INT_V(-2), INT_V(0), INT_V(rows));
    tensor *r = top ? formula_own(f, matrices_copy(f->cx, top)) : NULL;
    if (r)
        matrices_keep_triangle(r, true, 0);
    return r;
}

static bool give_qr(op_ctx *cx, tensor *t, bool wants_q, bool is_reduced, jit_value *rets)
{
    formula f = { .cx = cx };
    reflectors h = { 0 };
    if (!check_matrix(cx, t, "linalg.qr", "A"))
        return false;
    const int64_t m = rows_of(t), n = columns_of(t), columns = is_reduced && n < m ? n : m;
    tensor *q = NULL, *r = NULL;
    if (take_reflectors(&f, t, &h)) {
        q = wants_q ? take_q(&f, h.a, h.tau, columns)
                    : formula_own(&f, make_tensor(cx, tensor_dtype(t), (int64_t[]){ 0 }, 1));
        r = take_r(&f, h.a, columns);
    }
    return formula_give_n(&f, (tensor *[]){ q, r }, 2, rets);
}

bool op_linalg_qr(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const bool is_r = arg_str_is(args[1], "r"), is_complete = arg_str_is(args[1], "complete");
    if (!is_r && !is_complete && !arg_str_is(args[1], "reduced"))
        return OP_FAIL(cx, "qr received unrecognized mode '%s' but expected one of 'reduced' (default), 'r', or "
                       "'complete'", args[1].s->s);
    return give_qr(cx, args[0].t, !is_r, !is_complete, rets);
}

bool op_qr(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_qr(cx, args[0].t, true, arg_bool(args[1]), rets);
}

bool op_geqrf(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    reflectors h = { 0 };
    if (args[0].t->n_dims < 2)
        return OP_FAIL(cx, "torch.geqrf: input must have at least 2 dimensions.");
    if (!check_floating(cx, args[0].t, "torch.geqrf"))
        return false;
    take_reflectors(&f, args[0].t, &h);
    return formula_give_n(&f, (tensor *[]){ h.a, h.tau }, 2, rets);
}

static bool check_tau(op_ctx *cx, const tensor *t, const tensor *tau, const char *what)
{
    if (tau->n_dims != t->n_dims - 1)
        return OP_FAIL(cx, "%s: Expected tau to have one dimension less than input, but got tau.ndim equal to %d and "
                       "input.ndim is equal to %d", what, tau->n_dims, t->n_dims);
    if (memcmp(t->sizes, tau->sizes, (size_t)(t->n_dims - 2) * sizeof *t->sizes) != 0)
        return OP_FAIL(cx, "%s: Expected batch dimensions of tau to be equal to input.shape[:-2], but got %s", what,
                       sizes_print(tau->sizes, tau->n_dims - 1).s);
    if (t->dtype != tau->dtype)
        return OP_FAIL(cx, "%s: tau dtype %s does not match input dtype %s", what, dtype_prefix(tensor_dtype(tau)),
                       dtype_prefix(tensor_dtype(t)));
    return check_floating(cx, t, what) && lapack_ready(cx);
}

bool op_linalg_householder_product(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *t = args[0].t, *tau = args[1].t;
    if (t->n_dims < 2)
        return OP_FAIL(cx, "torch.linalg.householder_product: input must have at least 2 dimensions.");
    if (rows_of(t) < columns_of(t))
        return OP_FAIL(cx, "torch.linalg.householder_product: input.shape[-2] must be greater than or equal to "
                       "input.shape[-1]");
    if (tau->n_dims < 1 || columns_of(t) < tau->sizes[tau->n_dims - 1])
        return OP_FAIL(cx, "torch.linalg.householder_product: input.shape[-1] must be greater than or equal to "
                       "tau.shape[-1]");
    if (!check_tau(cx, t, tau, "torch.linalg.householder_product"))
        return false;
    tensor *a = formula_own(&f, matrices_copy(cx, t)), *scalars = formula_own(&f, tensor_contiguous(cx, tau));
    return formula_give(&f, f.failed ? NULL : take_q(&f, a, scalars, columns_of(t)), rets);
}

static bool check_ormqr(op_ctx *cx, const tensor *t, const tensor *tau, const tensor *c, bool left)
{
    const char *side = left ? "-2" : "-1";
    if (t->n_dims < 2)
        return OP_FAIL(cx, "torch.ormqr: input must have at least 2 dimensions.");
    if (c->n_dims < 2)
        return OP_FAIL(cx, "torch.ormqr: other must have at least 2 dimensions.");
    const int64_t order = left ? rows_of(c) : columns_of(c);
    if (tau->n_dims < 1 || order < tau->sizes[tau->n_dims - 1])
        return OP_FAIL(cx, "torch.ormqr: other.shape[%s] must be greater than or equal to tau.shape[-1]", side);
    if (order != rows_of(t))
        return OP_FAIL(cx, "torch.ormqr: other.shape[%s] must be equal to input.shape[-2]", side);
    if (tau->sizes[tau->n_dims - 1] > columns_of(t))
        return OP_FAIL(cx, "torch.ormqr: tau.shape[-1] must be less than or equal to input.shape[-1]");
    if (c->n_dims != t->n_dims || memcmp(c->sizes, t->sizes, (size_t)(t->n_dims - 2) * sizeof *t->sizes) != 0 ||
        c->dtype != t->dtype)
        return OP_FAIL(cx, "torch.ormqr: Expected other to have the same type and batch dimensions as input");
    return check_tau(cx, t, tau, "torch.ormqr");
}

bool op_ormqr(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    const bool left = arg_bool(args[3]);
    if (!check_ormqr(cx, args[0].t, args[1].t, args[2].t, left))
        return false;
    tensor *a = formula_own(&f, matrices_copy(cx, args[0].t)), *c = formula_own(&f, matrices_copy(cx, args[2].t));
    tensor *tau = formula_own(&f, tensor_contiguous(cx, args[1].t));
    const int64_t n_tau = args[1].t->sizes[args[1].t->n_dims - 1];
    const char trans = !arg_bool(args[4]) ? 'N' : dtype_is_complex(tensor_dtype(args[0].t)) ? 'C' : 'T';
    for (int64_t k = 0, n = !f.failed && c->numel && n_tau ? batch_of(c) : 0; k < n; k++)
        if (!lapack_had_memory(cx, lapack_ormqr(tensor_dtype(c), left ? 'L' : 'R', trans, (int)rows_of(c),
                                                (int)columns_of(c), (int)n_tau, (int)rows_of(a), matrix_at(a, k),
                                                batch_at(tau, k, n_tau), matrix_at(c, k))))
            return formula_drop(&f);
    return formula_give(&f, c, rets);
}

/* ---- least squares --------------------------------------------------------------------------- */

typedef struct least_squares {
    const char *driver;
    tensor *a, *b, *rank, *singular, *infos;
    bool is_vector, has_rank, has_singular;
} least_squares;

static bool check_lstsq(op_ctx *cx, const tensor *a, const tensor *b, const char *driver)
{
    static const char *const drivers[] = { "gels", "gelsy", "gelsd", "gelss" };
    bool is_known = false;
    if (a->n_dims < 2)
        return OP_FAIL(cx, "torch.linalg.lstsq: input must have at least 2 dimensions.");
    if (b->n_dims < 1)
        return OP_FAIL(cx, "torch.linalg.lstsq: other must have at least 1 dimension.");
    if (a->dtype != b->dtype)
        return OP_FAIL(cx, "torch.linalg.lstsq: Expected input and other to have the same dtype, but got input's dtype %s "
                       "and other's dtype %s", dtype_prefix(tensor_dtype(a)), dtype_prefix(tensor_dtype(b)));
    if (a->n_dims - b->n_dims > 1)
        return OP_FAIL(cx, "torch.linalg.lstsq: input.dim() must be greater or equal to other.dim() and (input.dim() - "
                       "other.dim()) <= 1");
    const bool is_vector = a->n_dims - 1 == b->n_dims;
    if ((is_vector ? b->sizes[b->n_dims - 1] : rows_of(b)) != rows_of(a))
        return OP_FAIL(cx, "torch.linalg.lstsq: input.size(-2) should match other.size(%s)", is_vector ? "-1" : "-2");
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        is_known |= strcmp(driver, drivers[i]) == 0;
    if (!is_known)
        return OP_FAIL(cx, "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)");
    return check_floating(cx, a, "torch.linalg.lstsq") && lapack_ready(cx);
}

/* b with room for solutions longer than it: max(m, n) rows. */
static tensor *padded_right_side(formula *f, tensor *b, const tensor *a)
{
    const int64_t m = rows_of(a), n = columns_of(a);
    tensor *room = formula_own(f, matrices_new(f->cx, tensor_dtype(b), b, m > n ? m : n, columns_of(b)));
    if (room && room->numel)
        memset(tensor_data(room), 0, (size_t)room->numel * dtype_size(tensor_dtype(room)));
    tensor *top = room ? F_(f, aten_narrow, T_V(room), INT_V(-2), INT_V(0), INT_V(m)) : NULL;
    if (!top || !tensor_copy_into(f->cx, top, b)) {
        f->failed = true;
        return NULL;
    }
    return room;
}

static bool prepare_lstsq(formula *f, tensor *a, tensor *b, least_squares *ret)
{
    int64_t batch[TENSOR_MAX_DIMS];
    int n = a->n_dims - 2;
    ret->is_vector = a->n_dims - 1 == b->n_dims;
    tensor *right = ret->is_vector ? F_(f, aten_unsqueeze, T_V(b), INT_V(-1)) : b;
    memcpy(batch, a->sizes, (size_t)n * sizeof *batch);
    if (!right || !broadcast_sizes(f->cx, batch, &n, right->sizes, right->n_dims - 2))
        return !(f->failed = true);
    tensor *wide_a = matrices_expanded(f, a, batch, n), *wide_b = matrices_expanded(f, right, batch, n);
    if (!wide_a || !wide_b)
        return false;
    ret->a = formula_own(f, matrices_copy(f->cx, wide_a));
    ret->b = padded_right_side(f, wide_b, a);
    ret->has_rank = strcmp(ret->driver, "gels") != 0;
    ret->has_singular = strcmp(ret->driver, "gelsd") == 0 || strcmp(ret->driver, "gelss") == 0;
    const int64_t least = rows_of(a) < columns_of(a) ? rows_of(a) : columns_of(a);
    const dtype real = dtype_real(tensor_dtype(a));
    ret->rank = formula_own(f, ret->has_rank ? vectors_new(f->cx, DTYPE_int64, wide_a, -1)
                                             : make_tensor(f->cx, DTYPE_int64, (int64_t[]){ 0 }, 1));
    ret->singular = formula_own(f, ret->has_singular ? vectors_new(f->cx, real, wide_a, least)
                                                     : make_tensor(f->cx, real, (int64_t[]){ 0 }, 1));
    ret->infos = formula_own(f, vectors_new(f->cx, DTYPE_int32, wide_a, -1));
    return !f->failed;
}

static bool run_lstsq(formula *f, const least_squares *q, double rcond)
{
    const int64_t m = rows_of(q->a), n = columns_of(q->a), least = m < n ? m : n, batch = batch_of(q->a);
    int32_t *infos = tensor_data(q->infos);
    for (int64_t k = 0; k < batch; k++) {
        int rank = 0;
        infos[k] = least == 0 ? 0 : lapack_lstsq(tensor_dtype(q->a), q->driver, (int)m, (int)n, (int)columns_of(q->b),
                                                 matrix_at(q->a, k), matrix_at(q->b, k), rcond,
                                                 q->has_singular ? batch_at(q->singular, k, least) : NULL, &rank);
        if (!lapack_had_memory(f->cx, infos[k]))
            return false;
        if (q->has_rank)
            ((int64_t *)tensor_data(q->rank))[k] = rank;
    }
    return check_infos(f->cx, q->infos, "torch.linalg.lstsq", q->a->n_dims == 2);
}

/* gels, gelsd and gelss leave what remains in the rows below the solution, meaningful for full rank only. */
static tensor *lstsq_residuals(formula *f, const least_squares *q)
{
    const int64_t m = rows_of(q->a), n = columns_of(q->a);
    bool is_told = m > n && strcmp(q->driver, "gelsy") != 0;
    for (int64_t k = 0; q->has_rank && k < q->rank->numel; k++)
        is_told &= tensor_get_int(q->rank, k) == n;
    if (!is_told)
        return formula_own(f, make_tensor(f->cx, dtype_real(tensor_dtype(q->a)), (int64_t[]){ 0 }, 1));
    tensor *below = F_(f, aten_narrow, T_V(q->b), INT_V(-2), INT_V(n), INT_V(m - n));
    tensor *size = F_(f, aten_abs, T_V(below)), *squares = F_(f, aten_mul_Tensor, T_V(size), T_V(size));
    return F_(f, aten_sum_dim_IntList, T_V(squares), F_INTS(f, -2), BOOL_V(false), NONE_V);
}

bool op_linalg_lstsq(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *a = args[0].t, *b = args[1].t;
    least_squares q = { .driver = args[3].tag == VALUE_STR ? args[3].s->s : "gelsy" };
    if (!check_lstsq(cx, a, b, q.driver))
        return false;
    const int64_t m = rows_of(a), n = columns_of(a), most = m > n ? m : n;
    const double epsilon = dtype_real(tensor_dtype(a)) == DTYPE_float32 ? (double)FLT_EPSILON : DBL_EPSILON;
    const double rcond = args[2].tag == VALUE_NONE ? epsilon * (double)most : arg_double(args[2]);
    if (!prepare_lstsq(&f, a, b, &q) || !run_lstsq(&f, &q, rcond))
        return formula_drop(&f);
    tensor *residuals = lstsq_residuals(&f, &q);
    tensor *x = F_(&f, aten_narrow, T_V(q.b), INT_V(-2), INT_V(0), INT_V(n));
    if (q.is_vector)
        x = F_(&f, aten_squeeze_dim, T_V(x), INT_V(-1));
    return formula_give_n(&f, (tensor *[]){ x, residuals, q.rank, q.singular }, 4, rets);
}
