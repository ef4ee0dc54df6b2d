/* Singular values and eigenvalues (at/native/BatchLinearAlgebra.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/decompose.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* ---- singular values ------------------------------------------------------------------------- */

typedef struct svd { tensor *u, *s, *vh; } svd;

static tensor *none_of(formula *f, dtype d)
{
    return formula_own(f, make_tensor(f->cx, d, (int64_t[]){ 0 }, 1));
}

/* How far from finite the elements are: LAPACK's iterations may go on for minutes on infinities, and it prints. */
typedef enum finiteness { ALL_FINITE, SOME_INFINITE, SOME_NAN } finiteness;

static finiteness look_at(const tensor *t)
{
    finiteness worst = ALL_FINITE;
    for (int64_t i = 0; i < t->numel && worst != SOME_NAN; i++) {
        double re, im;
        tensor_get_complex(t, i, &re, &im);
        if (isnan(re) || isnan(im)) worst = SOME_NAN;
        else if (isinf(re) || isinf(im)) worst = SOME_INFINITE;
    }
    return worst;
}

static bool give_nan(op_ctx *cx, const svd *to)
{
    return tensor_fill(cx, to->s, VALUE_FLOAT_V(NAN)) && tensor_fill(cx, to->u, VALUE_FLOAT_V(NAN)) &&
           tensor_fill(cx, to->vh, VALUE_FLOAT_V(NAN));
}

/* job as gesdd's: A, S or N. */
static bool run_svd(formula *f, tensor *t, char job, const svd *to)
{
    const int64_t m = rows_of(t), n = columns_of(t), least = m < n ? m : n, batch = batch_of(t);
    tensor *a = formula_own(f, matrices_copy(f->cx, t));
    tensor *infos = formula_own(f, vectors_new(f->cx, DTYPE_int32, t, -1));
    char unused[16];
    const finiteness found = look_at(t);
    if (found == SOME_NAN)
        f->failed = !OP_FAIL(f->cx, "linalg.svd: The algorithm failed to converge because the input matrix contained "
                                    "non-finite values.");
    if (found == SOME_INFINITE && !f->failed)
        return !(f->failed = !give_nan(f->cx, to));
    for (int64_t k = 0; k < batch && !f->failed; k++) {
        const int info = lapack_gesdd(tensor_dtype(t), job, (int)m, (int)n, matrix_at(a, k), batch_at(to->s, k, least),
                                      job == 'N' ? unused : matrix_at(to->u, k), job == 'N' ? unused : matrix_at(to->vh, k));
        if (!lapack_had_memory(f->cx, info))
            f->failed = true;
        else
            ((int32_t *)tensor_data(infos))[k] = info;
    }
    if (!f->failed && !check_infos(f->cx, infos, "linalg.svd", t->n_dims == 2))
        f->failed = true;
    return !f->failed;
}

static bool take_svd(formula *f, tensor *t, bool full, bool wants_vectors, svd *ret)
{
    op_ctx *cx = f->cx;
    if (!lapack_ready(cx))
        return !(f->failed = true);
    const dtype d = tensor_dtype(t);
    const int64_t m = rows_of(t), n = columns_of(t), least = m < n ? m : n;
    ret->s = formula_own(f, vectors_new(cx, dtype_real(d), t, least));
    ret->u = wants_vectors ? formula_own(f, matrices_new(cx, d, t, m, full ? m : least)) : none_of(f, d);
    ret->vh = wants_vectors ? formula_own(f, matrices_new(cx, d, t, full ? n : least, n)) : none_of(f, d);
    if (f->failed)
        return false;
    if (t->numel)
        return run_svd(f, t, !wants_vectors ? 'N' : full ? 'A' : 'S', ret);
    if (wants_vectors) {
        matrices_set_identity(ret->u);
        matrices_set_identity(ret->vh);
    }
    return true;
}

static bool check_driver(op_ctx *cx, jit_value driver)
{
    return driver.tag != VALUE_STR ||
           OP_FAIL(cx, "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER "
                   "backend.");
}

static bool give_svd(op_ctx *cx, tensor *t, bool full, bool wants_vectors, jit_value driver, jit_value *rets)
{
    formula f = { .cx = cx };
    svd s = { 0 };
    if (!check_matrix(cx, t, "linalg.svd", "A") || !check_driver(cx, driver))
        return false;
    take_svd(&f, t, full, wants_vectors, &s);
    return formula_give_n(&f, (tensor *[]){ s.u, s.s, s.vh }, 3, rets);
}

bool op_linalg_svd(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_svd(cx, args[0].t, arg_bool(args[1]), true, args[2], rets);
}

bool op_linalg_svd_any(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_svd(cx, args[0].t, arg_bool(args[1]), arg_bool(args[2]), args[3], rets);
}

bool op_linalg_svdvals(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    svd s = { 0 };
    if (!check_matrix(cx, args[0].t, "linalg.svd", "A") || !check_driver(cx, args[1]))
        return false;
    take_svd(&f, args[0].t, false, false, &s);
    return formula_give(&f, s.s, rets);
}

static tensor *zero_matrices(formula *f, const tensor *like, int64_t n)
{
    tensor *t = formula_own(f, matrices_new(f->cx, tensor_dtype(like), like, n, n));
    if (t && t->numel)
        memset(tensor_data(t), 0, (size_t)t->numel * dtype_size(tensor_dtype(t)));
    return t;
}

/* The older form: V instead of its adjoint, zeros where vectors are not wanted. */
bool op_svd(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    svd s = { 0 };
    tensor *t = args[0].t, *v;
    if (t->n_dims < 2)
        return OP_FAIL(cx, "linalg.svd: input should have at least 2 dimensions, but has %d dimensions instead", t->n_dims);
    if (!check_floating(cx, t, "linalg.svd"))
        return false;
    const bool wants_vectors = arg_bool(args[2]);
    if (!take_svd(&f, t, wants_vectors && !arg_bool(args[1]), wants_vectors, &s))
        return formula_drop(&f);
    if (wants_vectors) {
        v = matrices_transposed(&f, s.vh, true);
    } else {
        s.u = zero_matrices(&f, t, rows_of(t));
        v = zero_matrices(&f, t, columns_of(t));
    }
    return formula_give_n(&f, (tensor *[]){ s.u, s.s, v }, 3, rets);
}

/* ---- symmetric eigenvalues -------------------------------------------------------------------- */

typedef struct spectrum { tensor *values, *vectors; } spectrum;

static bool take_eigh(formula *f, tensor *t, char uplo, bool wants_vectors, spectrum *ret)
{
    op_ctx *cx = f->cx;
    if (!lapack_ready(cx))
        return !(f->failed = true);
    const dtype d = tensor_dtype(t);
    const int64_t n = rows_of(t), batch = t->numel ? batch_of(t) : 0;
    ret->vectors = formula_own(f, matrices_copy(cx, t));
    ret->values = formula_own(f, vectors_new(cx, dtype_real(d), t, n));
    tensor *infos = formula_own(f, vectors_new(cx, DTYPE_int32, t, -1));
    for (int64_t k = 0; k < batch && !f->failed; k++) {
        const int info = lapack_syevd(d, wants_vectors ? 'V' : 'N', uplo, (int)n, matrix_at(ret->vectors, k),
                                      batch_at(ret->values, k, n));
        if (!lapack_had_memory(cx, info))
            f->failed = true;
        else
            ((int32_t *)tensor_data(infos))[k] = info;
    }
    if (!f->failed && batch && !check_infos(cx, infos, "linalg.eigh", t->n_dims == 2))
        f->failed = true;
    if (!wants_vectors)
        ret->vectors = none_of(f, d);
    return !f->failed;
}

static bool read_uplo(op_ctx *cx, jit_value v, char *ret)
{
    const char c = v.s->n == 1 ? v.s->s[0] & ~0x20 : 0;
    *ret = c;
    return c == 'L' || c == 'U' ||
           OP_FAIL(cx, "Expected UPLO argument to be 'L' or 'U', but got %s", v.s->s);
}

static bool give_eigh(op_ctx *cx, tensor *t, jit_value uplo, bool wants_vectors, size_t n_results, jit_value *rets)
{
    formula f = { .cx = cx };
    spectrum s = { 0 };
    char triangle;
    if (!check_square(cx, t, "linalg.eigh", "A") || !read_uplo(cx, uplo, &triangle))
        return false;
    take_eigh(&f, t, triangle, wants_vectors, &s);
    return formula_give_n(&f, (tensor *[]){ s.values, s.vectors }, n_results, rets);
}

bool op_linalg_eigh(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_eigh(cx, args[0].t, args[1], true, 2, rets);
}

bool op_linalg_eigh_any(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_eigh(cx, args[0].t, args[1], arg_bool(args[2]), 2, rets);
}

bool op_linalg_eigvalsh(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_eigh(cx, args[0].t, args[1], false, 1, rets);
}

bool op_symeig(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    spectrum s = { 0 };
    if (!check_square(cx, args[0].t, "linalg.symeig", "A"))
        return false;
    take_eigh(&f, args[0].t, arg_bool(args[2]) ? 'U' : 'L', arg_bool(args[1]), &s);
    return formula_give_n(&f, (tensor *[]){ s.values, s.vectors }, 2, rets);
}

/* ---- general eigenvalues ---------------------------------------------------------------------- */

static bool check_finite(op_ctx *cx, const tensor *t)
{
    return look_at(t) == ALL_FINITE || OP_FAIL(cx, "torch.linalg.eig: input tensor should not contain infs or NaNs.");
}

/* Real matrices: the values' real and imaginary parts are two halves, and columns j, j + 1 of a conjugate pair hold
 * the real and imaginary part of the pair's vectors. */
static void store_real_spectrum(dtype d, int64_t n, const char *w, const char *v, char *values, char *vectors)
{
    const size_t size = dtype_size(d);
    const dtype c = dtype_complex(d);
    for (int64_t j = 0; j < n; j++)
        element_store_complex(c, values + (size_t)j * 2 * size, element_load_double(d, w + (size_t)j * size),
                              element_load_double(d, w + (size_t)(n + j) * size));
    for (int64_t j = 0; v && j < n; j++) {
        const bool is_pair = element_load_double(d, w + (size_t)(n + j) * size) != 0 && j + 1 < n;
        for (int64_t i = 0; i < n; i++) {
            const double re = element_load_double(d, v + (size_t)(j * n + i) * size);
            const double im = is_pair ? element_load_double(d, v + (size_t)((j + 1) * n + i) * size) : 0;
            element_store_complex(c, vectors + (size_t)(j * n + i) * 2 * size, re, im);
            if (is_pair)
                element_store_complex(c, vectors + (size_t)((j + 1) * n + i) * 2 * size, re, -im);
        }
        j += is_pair;
    }
}

static bool run_eig(formula *f, tensor *t, bool wants_vectors, const spectrum *to)
{
    const dtype d = tensor_dtype(t);
    const int64_t n = rows_of(t), batch = batch_of(t);
    const bool is_real = !dtype_is_complex(d);
    tensor *a = formula_own(f, matrices_copy(f->cx, t));
    tensor *infos = formula_own(f, vectors_new(f->cx, DTYPE_int32, t, -1));
    tensor *w = formula_own(f, make_tensor(f->cx, d, (int64_t[]){ 2 * n }, 1));
    tensor *v = formula_own(f, make_tensor(f->cx, d, (int64_t[]){ n, n }, 2));
    for (int64_t k = 0; k < batch && !f->failed; k++) {
        void *values = batch_at(to->values, k, n), *vectors = wants_vectors ? matrix_at(to->vectors, k) : NULL;
        void *raw = !wants_vectors ? NULL : is_real ? tensor_data(v) : vectors;
        const int info = lapack_geev(d, (int)n, matrix_at(a, k), is_real ? tensor_data(w) : values, raw);
        if (!lapack_had_memory(f->cx, info)) {
            f->failed = true;
            break;
        }
        ((int32_t *)tensor_data(infos))[k] = info;
        if (is_real)
            store_real_spectrum(d, n, tensor_data(w), raw, values, vectors);
    }
    if (!f->failed && !check_infos(f->cx, infos, "torch.linalg.eig", t->n_dims == 2))
        f->failed = true;
    return !f->failed;
}

static bool give_eig(op_ctx *cx, tensor *t, bool wants_vectors, jit_value *rets)
{
    formula f = { .cx = cx };
    spectrum s = { 0 };
    if (!check_square(cx, t, wants_vectors ? "linalg.eig" : "linalg.eigvals", "A") || !check_finite(cx, t) ||
        !lapack_ready(cx))
        return false;
    const dtype c = dtype_complex(tensor_dtype(t));
    s.values = formula_own(&f, vectors_new(cx, c, t, rows_of(t)));
    s.vectors = wants_vectors ? formula_own(&f, matrices_new(cx, c, t, rows_of(t), rows_of(t))) : NULL;
    if (t->numel && !f.failed)
        run_eig(&f, t, wants_vectors, &s);
    if (f.failed)
        return formula_drop(&f);
    return formula_give_n(&f, (tensor *[]){ s.values, s.vectors }, wants_vectors ? 2 : 1, rets);
}

bool op_linalg_eig(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_eig(cx, args[0].t, true, rets);
}

bool op_linalg_eigvals(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_eig(cx, args[0].t, false, rets);
}
