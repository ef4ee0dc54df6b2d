/* runtime/kernels/special_math.h: the special functions that the C library lacks, in double precision. The rows of
 * pointwise.def call them through m_special(); float operands are widened, so their results are rounded once.
 *
 * Domains, poles and signed zeros are those of at/native/Math.h; the methods are our own choice where a shorter one
 * reaches the same accuracy (series with positive terms, Temme's continued fractions, Newton's iteration on the
 * function's logarithm). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_SPECIAL_MATH_H
#define RUNTIME_KERNELS_SPECIAL_MATH_H

/* ---- error functions and the normal distribution ---- */
double special_erfinv(double y);
double special_erfcx(double x);    /* exp(x^2) erfc(x) */
double special_ndtr(double x);     /* the normal distribution function */
double special_log_ndtr(double x);
double special_ndtri(double p);    /* its inverse */

/* ---- gamma and zeta ---- */
double special_zeta(double x, double q);        /* Hurwitz */
double special_polygamma(double n, double x);   /* n-th derivative of digamma */
double special_digamma(double x);
double special_igamma(double a, double x);      /* lower regularised incomplete gamma function */
double special_igammac(double a, double x);     /* upper */

/* ---- Bessel and Airy functions ---- */
double special_bessel_j0(double x);
double special_bessel_j1(double x);
double special_bessel_y0(double x);
double special_bessel_y1(double x);
double special_i0(double x);                    /* modified, first kind */
double special_i0e(double x);                   /* exp(-|x|) i0(x) */
double special_i1(double x);
double special_i1e(double x);
double special_k0(double x);                    /* modified, second kind */
double special_k1(double x);
double special_scaled_k0(double x);             /* exp(x) k0(x) */
double special_scaled_k1(double x);
double special_spherical_j0(double x);
double special_airy_ai(double x);

/* ---- orthogonal polynomials: degree n, truncated to an integer; negative degrees give 0 ---- */
double special_chebyshev_t(double x, double n);
double special_chebyshev_u(double x, double n);
double special_chebyshev_v(double x, double n);
double special_chebyshev_w(double x, double n);
double special_hermite_h(double x, double n);
double special_hermite_he(double x, double n);
double special_laguerre_l(double x, double n);
double special_legendre_p(double x, double n);

#endif
