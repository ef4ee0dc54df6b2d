/* Loading LAPACK and calling its Fortran entry points: every argument is a pointer, the lengths of characters
 * follow at the end. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/lapack.h"

#include "base/alloc.h"
#include "runtime/device/device.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Names of the routine in real and in complex arithmetic, without the letter of the precision. */
#define ROUTINES(R)                                                                           \
    R(getrf, "getrf", "getrf") R(getrs, "getrs", "getrs") R(potrf, "potrf", "potrf")           \
    R(potrs, "potrs", "potrs") R(potri, "potri", "potri") R(trsm, "trsm", "trsm")              \
    R(sytrf, "sytrf", "sytrf") R(sytrs, "sytrs", "sytrs") R(hetrf, "sytrf", "hetrf")           \
    R(hetrs, "sytrs", "hetrs") R(geqrf, "geqrf", "geqrf") R(orgqr, "orgqr", "ungqr")           \
    R(ormqr, "ormqr", "unmqr") R(gesdd, "gesdd", "gesdd") R(syevd, "syevd", "heevd")           \
    R(geev, "geev", "geev") R(gels, "gels", "gels") R(gelsy, "gelsy", "gelsy")                 \
    R(gelsd, "gelsd", "gelsd") R(gelss, "gelss", "gelss")

typedef enum routine {
#define R(id, real, complex) ROUTINE_##id,
    ROUTINES(R)
#undef R
    ROUTINE__COUNT
} routine;

enum { N_PRECISIONS = 4 };
static const char precision_letters[N_PRECISIONS] = { 's', 'd', 'c', 'z' };

static struct {
    pthread_once_t once;
    bool is_ready;
    void *entries[ROUTINE__COUNT][N_PRECISIONS];
} library = { .once = PTHREAD_ONCE_INIT };

static void load(void)
{
    static const char *const names[ROUTINE__COUNT][2] = {
#define R(id, real, complex) { real, complex },
        ROUTINES(R)
#undef R
    };
    static const char *const libraries[] = { "liblapack.so.3", "libopenblas.so.0", "libopenblas.so", NULL };
    void *handle = foreign_open(libraries);
    if (!handle)
        return;
    for (int r = 0; r < ROUTINE__COUNT; r++)
        for (int k = 0; k < N_PRECISIONS; k++) {
            char symbol[16];
            snprintf(symbol, sizeof symbol, "%c%s_", precision_letters[k], names[r][k / 2]);
            library.entries[r][k] = foreign_symbol(handle, symbol);
            if (!library.entries[r][k])
                return;
        }
    library.is_ready = true;
}

bool lapack_ready(op_ctx *cx)
{
    pthread_once(&library.once, load);
    return library.is_ready ||
           op_fail(cx, JIT_EUNSUPPORTED,
                   "%s needs LAPACK: install the package libopenblas0 (or liblapack3)", op_name(cx->op));
}

static int precision_of(dtype d)
{
    return d == DTYPE_float32 ? 0 : d == DTYPE_float64 ? 1 : d == DTYPE_complex64 ? 2 : 3;
}

#define ENTRY(id, d, ...) ((void (*)(__VA_ARGS__))library.entries[ROUTINE_##id][precision_of(d)])

static int at_least_1(int n)
{
    return n > 1 ? n : 1;
}

/* ---- workspaces ------------------------------------------------------------------------------ */

static size_t real_size(dtype d)
{
    return dtype_size(dtype_real(d));
}

/* The size that a query (length -1) left in the first element. */
static int work_length(dtype d, const void *query)
{
    const double n = dtype_real(d) == DTYPE_float32 ? (double)*(const float *)query : *(const double *)query;
    return at_least_1(n < INT_MAX ? (int)n : INT_MAX);
}

/* Room for the answer of a query, for any precision. */
typedef union query {
    double parts[2];
    float single_parts[2];
} query;

/* ---- triangular factors ---------------------------------------------------------------------- */

int lapack_getrf(dtype d, int m, int n, void *a, int *pivots)
{
    int info = 0, lda = at_least_1(m);
    ENTRY(getrf, d, int *, int *, void *, int *, int *, int *)(&m, &n, a, &lda, pivots, &info);
    return info;
}

int lapack_getrs(dtype d, char trans, int n, int n_rhs, const void *lu, const int *pivots, void *b)
{
    int info = 0, ld = at_least_1(n);
    ENTRY(getrs, d, char *, int *, int *, const void *, int *, const int *, void *, int *, int *, size_t)
    (&trans, &n, &n_rhs, lu, &ld, pivots, b, &ld, &info, 1);
    return info;
}

int lapack_potrf(dtype d, char uplo, int n, void *a)
{
    int info = 0, lda = at_least_1(n);
    ENTRY(potrf, d, char *, int *, void *, int *, int *, size_t)(&uplo, &n, a, &lda, &info, 1);
    return info;
}

int lapack_potrs(dtype d, char uplo, int n, int n_rhs, const void *a, void *b)
{
    int info = 0, ld = at_least_1(n);
    ENTRY(potrs, d, char *, int *, int *, const void *, int *, void *, int *, int *, size_t)
    (&uplo, &n, &n_rhs, a, &ld, b, &ld, &info, 1);
    return info;
}

int lapack_potri(dtype d, char uplo, int n, void *a)
{
    int info = 0, lda = at_least_1(n);
    ENTRY(potri, d, char *, int *, void *, int *, int *, size_t)(&uplo, &n, a, &lda, &info, 1);
    return info;
}

void lapack_trsm(dtype d, char side, char uplo, char trans, char unit, int m, int n, const void *a, void *b)
{
    static const float single[2] = { 1, 0 };
    static const double wide[2] = { 1, 0 };
    const void *one = dtype_real(d) == DTYPE_float32 ? (const void *)single : wide;
    int lda = at_least_1(side == 'L' ? m : n), ldb = at_least_1(m);
    ENTRY(trsm, d, char *, char *, char *, char *, int *, int *, const void *, const void *, int *, void *, int *,
          size_t, size_t, size_t, size_t)
    (&side, &uplo, &trans, &unit, &m, &n, one, a, &lda, b, &ldb, 1, 1, 1, 1);
}

int lapack_sytrf(dtype d, bool is_hermitian, char uplo, int n, void *a, int *pivots)
{
    typedef void fn(char *, int *, void *, int *, int *, void *, int *, int *, size_t);
    fn *entry = (fn *)library.entries[is_hermitian ? ROUTINE_hetrf : ROUTINE_sytrf][precision_of(d)];
    int info = 0, lda = at_least_1(n), length = -1;
    query q = { { 0 } };
    entry(&uplo, &n, a, &lda, pivots, &q, &length, &info, 1);
    length = work_length(d, &q);
    void *work = mem_alloc((size_t)length * dtype_size(d));
    if (!work)
        return LAPACK_NO_MEMORY;
    entry(&uplo, &n, a, &lda, pivots, work, &length, &info, 1);
    mem_free(work);
    return info;
}

int lapack_sytrs(dtype d, bool is_hermitian, char uplo, int n, int n_rhs, const void *a, const int *pivots, void *b)
{
    typedef void fn(char *, int *, int *, const void *, int *, const int *, void *, int *, int *, size_t);
    fn *entry = (fn *)library.entries[is_hermitian ? ROUTINE_hetrs : ROUTINE_sytrs][precision_of(d)];
    int info = 0, ld = at_least_1(n);
    entry(&uplo, &n, &n_rhs, a, &ld, pivots, b, &ld, &info, 1);
    return info;
}

/* ---- orthogonal factors ---------------------------------------------------------------------- */

int lapack_geqrf(dtype d, int m, int n, void *a, void *tau)
{
    typedef void fn(int *, int *, void *, int *, void *, void *, int *, int *);
    fn *entry = (fn *)library.entries[ROUTINE_geqrf][precision_of(d)];
    int info = 0, lda = at_least_1(m), length = -1;
    query q = { { 0 } };
    entry(&m, &n, a, &lda, tau, &q, &length, &info);
    length = work_length(d, &q);
    void *work = mem_alloc((size_t)length * dtype_size(d));
    if (!work)
        return LAPACK_NO_MEMORY;
    entry(&m, &n, a, &lda, tau, work, &length, &info);
    mem_free(work);
    return info;
}

int lapack_orgqr(dtype d, int m, int n, int k, void *a, const void *tau)
{
    typedef void fn(int *, int *, int *, void *, int *, const void *, void *, int *, int *);
    fn *entry = (fn *)library.entries[ROUTINE_orgqr][precision_of(d)];
    int info = 0, lda = at_least_1(m), length = -1;
    query q = { { 0 } };
    entry(&m, &n, &k, a, &lda, tau, &q, &length, &info);
    length = work_length(d, &q);
    void *work = mem_alloc((size_t)length * dtype_size(d));
    if (!work)
        return LAPACK_NO_MEMORY;
    entry(&m, &n, &k, a, &lda, tau, work, &length, &info);
    mem_free(work);
    return info;
}

int lapack_ormqr(dtype d, char side, char trans, int m, int n, int k, int n_rows, const void *a, const void *tau,
                 void *c)
{
    typedef void fn(char *, char *, int *, int *, int *, const void *, int *, const void *, void *, int *, void *,
                    int *, int *, size_t, size_t);
    fn *entry = (fn *)library.entries[ROUTINE_ormqr][precision_of(d)];
    int info = 0, lda = at_least_1(n_rows), ldc = at_least_1(m), length = -1;
    query q = { { 0 } };
    entry(&side, &trans, &m, &n, &k, a, &lda, tau, c, &ldc, &q, &length, &info, 1, 1);
    length = work_length(d, &q);
    void *work = mem_alloc((size_t)length * dtype_size(d));
    if (!work)
        return LAPACK_NO_MEMORY;
    entry(&side, &trans, &m, &n, &k, a, &lda, tau, c, &ldc, work, &length, &info, 1, 1);
    mem_free(work);
    return info;
}

/* ---- spectra --------------------------------------------------------------------------------- */

int lapack_gesdd(dtype d, char job, int m, int n, void *a, void *s, void *u, void *vt)
{
    typedef void real_fn(char *, int *, int *, void *, int *, void *, void *, int *, void *, int *, void *, int *,
                         int *, int *, size_t);
    typedef void complex_fn(char *, int *, int *, void *, int *, void *, void *, int *, void *, int *, void *, int *,
                            void *, int *, int *, size_t);
    void *entry = library.entries[ROUTINE_gesdd][precision_of(d)];
    const size_t least = (size_t)(m < n ? m : n), most = (size_t)(m < n ? n : m);
    int info = 0, lda = at_least_1(m), ldu = lda, length = -1;
    int ldvt = at_least_1(job == 'A' ? n : (int)least);
    query q = { { 0 } };
    int *iwork = mem_alloc(8 * (least + 1) * sizeof *iwork);
    void *work = NULL, *rwork = NULL;
    if (dtype_is_complex(d))
        rwork = mem_alloc((5 * least * least + 7 * least + 2 * most * least + 2 * least * least + least + 1) *
                          real_size(d));
    for (int pass = 0; pass < 2 && iwork && (rwork || !dtype_is_complex(d)); pass++) {
        void *space = pass ? work : &q;
        if (dtype_is_complex(d))
            ((complex_fn *)entry)(&job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, space, &length, rwork, iwork, &info, 1);
        else
            ((real_fn *)entry)(&job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, space, &length, iwork, &info, 1);
        if (pass || info)
            break;
        length = work_length(d, &q);
        work = mem_alloc((size_t)length * dtype_size(d));
        if (!work)
            break;
    }
    const bool had_memory = work || info;
    mem_free(work);
    mem_free(rwork);
    mem_free(iwork);
    return had_memory ? info : LAPACK_NO_MEMORY;
}

int lapack_syevd(dtype d, char job, char uplo, int n, void *a, void *w)
{
    typedef void real_fn(char *, char *, int *, void *, int *, void *, void *, int *, int *, int *, int *, size_t,
                         size_t);
    typedef void complex_fn(char *, char *, int *, void *, int *, void *, void *, int *, void *, int *, int *, int *,
                            int *, size_t, size_t);
    void *entry = library.entries[ROUTINE_syevd][precision_of(d)];
    int info = 0, lda = at_least_1(n), length = -1, r_length = -1, i_length = -1, i_query = 1;
    query q = { { 0 } }, r_query = { { 0 } };
    void *work = &q, *rwork = &r_query;
    int *iwork = &i_query;
    for (int pass = 0; pass < 2 && work && rwork && iwork; pass++) {
        if (dtype_is_complex(d))
            ((complex_fn *)entry)(&job, &uplo, &n, a, &lda, w, work, &length, rwork, &r_length, iwork, &i_length, &info,
                                  1, 1);
        else
            ((real_fn *)entry)(&job, &uplo, &n, a, &lda, w, work, &length, iwork, &i_length, &info, 1, 1);
        if (pass || info)
            break;
        length = work_length(d, &q);
        r_length = work_length(d, &r_query);
        i_length = at_least_1(i_query);
        work = mem_alloc((size_t)length * dtype_size(d));
        rwork = mem_alloc((size_t)r_length * real_size(d));
        iwork = mem_alloc((size_t)i_length * sizeof *iwork);
    }
    const bool had_memory = work && rwork && iwork;
    if (work != &q)
        mem_free(work);
    if (rwork != &r_query)
        mem_free(rwork);
    if (iwork != &i_query)
        mem_free(iwork);
    return had_memory ? info : LAPACK_NO_MEMORY;
}

int lapack_geev(dtype d, int n, void *a, void *w, void *vr)
{
    typedef void real_fn(char *, char *, int *, void *, int *, void *, void *, void *, int *, void *, int *, void *,
                         int *, int *, size_t, size_t);
    typedef void complex_fn(char *, char *, int *, void *, int *, void *, void *, int *, void *, int *, void *, int *,
                            void *, int *, size_t, size_t);
    void *entry = library.entries[ROUTINE_geev][precision_of(d)];
    char none = 'N', job = vr ? 'V' : 'N';
    int info = 0, lda = at_least_1(n), one = 1, ldvr = vr ? lda : 1, length = -1;
    query q = { { 0 } };
    void *unused = &q, *imaginary = (char *)w + (size_t)n * dtype_size(d);
    void *work = &q, *rwork = mem_alloc((2 * (size_t)n + 1) * real_size(d));
    for (int pass = 0; pass < 2 && work && rwork; pass++) {
        if (dtype_is_complex(d))
            ((complex_fn *)entry)(&none, &job, &n, a, &lda, w, unused, &one, vr ? vr : unused, &ldvr, work, &length,
                                  rwork, &info, 1, 1);
        else
            ((real_fn *)entry)(&none, &job, &n, a, &lda, w, imaginary, unused, &one, vr ? vr : unused, &ldvr, work,
                               &length, &info, 1, 1);
        if (pass || info)
            break;
        length = work_length(d, &q);
        work = mem_alloc((size_t)length * dtype_size(d));
    }
    const bool had_memory = work && rwork;
    if (work != &q)
        mem_free(work);
    mem_free(rwork);
    return had_memory ? info : LAPACK_NO_MEMORY;
}

/* ---- least squares --------------------------------------------------------------------------- */

static int least_squares_gels(dtype d, int m, int n, int n_rhs, void *a, void *b)
{
    typedef void fn(char *, int *, int *, int *, void *, int *, void *, int *, void *, int *, int *, size_t);
    fn *entry = (fn *)library.entries[ROUTINE_gels][precision_of(d)];
    char trans = 'N';
    int info = 0, lda = at_least_1(m), ldb = at_least_1(m > n ? m : n), length = -1;
    query q = { { 0 } };
    entry(&trans, &m, &n, &n_rhs, a, &lda, b, &ldb, &q, &length, &info, 1);
    length = work_length(d, &q);
    void *work = mem_alloc((size_t)length * dtype_size(d));
    if (!work)
        return LAPACK_NO_MEMORY;
    entry(&trans, &m, &n, &n_rhs, a, &lda, b, &ldb, work, &length, &info, 1);
    mem_free(work);
    return info;
}

/* What a call of the three rank-revealing drivers hands over besides the workspaces. */
typedef struct lstsq_call {
    dtype d;
    routine which;
    int m, n, n_rhs;
    void *a, *b, *s, *rcond;
    int *rank;
} lstsq_call;

/* gelsy: a permutation instead of singular values; gelss, gelsd: singular values; only gelsd takes iwork. */
static int call_driver(lstsq_call *c, void *work, int length, void *rwork, int *iwork)
{
    typedef void fn_8(int *, int *, int *, void *, int *, void *, int *, void *, void *, int *, void *, int *, int *);
    typedef void fn_9(int *, int *, int *, void *, int *, void *, int *, void *, void *, int *, void *, int *, void *,
                      int *);
    typedef void fn_10(int *, int *, int *, void *, int *, void *, int *, void *, void *, int *, void *, int *, void *,
                       int *, int *);
    void *entry = library.entries[c->which][precision_of(c->d)];
    void *third = c->which == ROUTINE_gelsy ? (void *)iwork : c->s;
    int info = 0, lda = at_least_1(c->m), ldb = at_least_1(c->m > c->n ? c->m : c->n);
    if (c->which == ROUTINE_gelsd && dtype_is_complex(c->d))
        ((fn_10 *)entry)(&c->m, &c->n, &c->n_rhs, c->a, &lda, c->b, &ldb, third, c->rcond, c->rank, work, &length,
                         rwork, iwork, &info);
    else if (c->which == ROUTINE_gelsd || dtype_is_complex(c->d))
        ((fn_9 *)entry)(&c->m, &c->n, &c->n_rhs, c->a, &lda, c->b, &ldb, third, c->rcond, c->rank, work, &length,
                        c->which == ROUTINE_gelsd ? (void *)iwork : rwork, &info);
    else
        ((fn_8 *)entry)(&c->m, &c->n, &c->n_rhs, c->a, &lda, c->b, &ldb, third, c->rcond, c->rank, work, &length,
                        &info);
    return info;
}

/* Bounds of the LAPACK manual for the divide and conquer tree with leaves of SMLSIZ = 25 at most. */
static size_t gelsd_levels(size_t least)
{
    size_t levels = 1;
    while (least > 26) {
        least /= 2;
        levels++;
    }
    return levels;
}

static int least_squares_rank(lstsq_call *c)
{
    const size_t least = (size_t)(c->m < c->n ? c->m : c->n), n_rhs = (size_t)c->n_rhs, n = (size_t)c->n;
    const size_t levels = gelsd_levels(least), leaf = 26;
    const size_t n_reals = 10 * (n > least ? n : least) + 2 * n * leaf + 8 * n * levels + 3 * leaf * n_rhs +
                           leaf * leaf + n * (1 + n_rhs) + 2 * n_rhs + 16;
    const size_t n_ints = 3 * least * levels + 11 * least + n + 16;
    query q = { { 0 } };
    void *rwork = mem_calloc(n_reals, real_size(c->d));
    int *iwork = mem_calloc(n_ints, sizeof *iwork);
    int info = LAPACK_NO_MEMORY;
    if (rwork && iwork) {
        info = call_driver(c, &q, -1, rwork, iwork);
        memset(iwork, 0, n_ints * sizeof *iwork); // gelsy: all columns are free to move
        const int length = work_length(c->d, &q);
        void *work = mem_alloc((size_t)length * dtype_size(c->d));
        info = work ? call_driver(c, work, length, rwork, iwork) : LAPACK_NO_MEMORY;
        mem_free(work);
    }
    mem_free(rwork);
    mem_free(iwork);
    return info;
}

int lapack_lstsq(dtype d, const char *driver, int m, int n, int n_rhs, void *a, void *b, double rcond, void *s,
                 int *rank)
{
    if (strcmp(driver, "gels") == 0)
        return least_squares_gels(d, m, n, n_rhs, a, b);
    float narrow = (float)rcond;
    lstsq_call c = { .d = d, .m = m, .n = n, .n_rhs = n_rhs, .a = a, .b = b, .s = s, .rank = rank };
    c.rcond = dtype_real(d) == DTYPE_float32 ? (void *)&narrow : &rcond;
    c.which = strcmp(driver, "gelsy") == 0 ? ROUTINE_gelsy : strcmp(driver, "gelsd") == 0 ? ROUTINE_gelsd : ROUTINE_gelss;
    return least_squares_rank(&c);
}
