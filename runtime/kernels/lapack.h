/* runtime/kernels/lapack.h: the LAPACK routines that linear algebra needs, from whichever library the system has.
 *
 * The library (OpenBLAS or the reference LAPACK) is loaded by dlopen when the first operator asks for it, so
 * programs without linear algebra neither need nor pay for it. Matrices are column-major; d is float32, float64,
 * complex64 or complex128 and names the precision; leading dimensions are the number of rows. Each function
 * returns LAPACK's info (0: all is well) or LAPACK_NO_MEMORY. The names are LAPACK's, those of the complex
 * routines that are called otherwise (ungqr, heevd) stand under the real one's. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_LAPACK_H
#define RUNTIME_KERNELS_LAPACK_H

#include <limits.h>

#include "runtime/kernels/dispatch.h"

enum { LAPACK_NO_MEMORY = INT_MIN };

/** Loads the library on the first call. Reports which package is missing where there is none. */
bool lapack_ready(op_ctx *cx);

/* ---- triangular factors ---------------------------------------------------------------------- */
int lapack_getrf(dtype d, int m, int n, void *a, int *pivots);
int lapack_getrs(dtype d, char trans, int n, int n_rhs, const void *lu, const int *pivots, void *b);
int lapack_potrf(dtype d, char uplo, int n, void *a);
int lapack_potrs(dtype d, char uplo, int n, int n_rhs, const void *a, void *b);
int lapack_potri(dtype d, char uplo, int n, void *a);
/** B (m by n) becomes the X of op(A) X = B (side L) or X op(A) = B (side R). */
void lapack_trsm(dtype d, char side, char uplo, char trans, char unit, int m, int n, const void *a, void *b);
int lapack_sytrf(dtype d, bool is_hermitian, char uplo, int n, void *a, int *pivots);
int lapack_sytrs(dtype d, bool is_hermitian, char uplo, int n, int n_rhs, const void *a, const int *pivots, void *b);

/* ---- orthogonal factors ---------------------------------------------------------------------- */
int lapack_geqrf(dtype d, int m, int n, void *a, void *tau);
int lapack_orgqr(dtype d, int m, int n, int k, void *a, const void *tau);
int lapack_ormqr(dtype d, char side, char trans, int m, int n, int k, int n_rows, const void *a, const void *tau,
                 void *c);

/* ---- spectra --------------------------------------------------------------------------------- */
/** job: A (full), S (reduced) or N (values only). s is real. */
int lapack_gesdd(dtype d, char job, int m, int n, void *a, void *s, void *u, void *vt);
/** job: V or N; a becomes the vectors. w is real. */
int lapack_syevd(dtype d, char job, char uplo, int n, void *a, void *w);
/** Values in w: complex; for real d two halves, n real parts and then n imaginary ones. vr: NULL for none. */
int lapack_geev(dtype d, int n, void *a, void *w, void *vr);

/* ---- least squares --------------------------------------------------------------------------- */
/** driver: "gels", "gelsy", "gelsd" or "gelss"; b has max(m, n) rows; s (real, may be NULL) for the last two. */
int lapack_lstsq(dtype d, const char *driver, int m, int n, int n_rhs, void *a, void *b, double rcond, void *s,
                 int *rank);

#endif
