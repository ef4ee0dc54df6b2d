/* Bessel and Airy functions and orthogonal polynomials; see special_math.h.
 *
 * The C library has the Bessel functions of the first and second kind. The modified ones come from their power
 * series, whose terms are all positive, their asymptotic expansions, and for the second kind from Temme's method:
 * a series with a logarithm up to 1, a continued fraction beyond. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/special_math.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

static const double EULER_GAMMA = 0.57721566490153286061;

/* At infinity PyTorch gives NaN for these four and for the two modified ones of the first kind. */
double special_bessel_j0(double x) { return isinf(x) ? NAN : j0(x); }
double special_bessel_j1(double x) { return isinf(x) ? NAN : j1(x); }
double special_bessel_y0(double x) { return x < 0 || isinf(x) ? NAN : x == 0 ? -INFINITY : y0(x); }
double special_bessel_y1(double x) { return x < 0 || isinf(x) ? NAN : x == 0 ? -INFINITY : y1(x); }

double special_spherical_j0(double x)
{
    if (isinf(x)) return 0;
    if (fabs(x) < 1e-4) return 1 - x * x / 6;
    return sin(x) / x;
}

/* ---- modified, first kind ---------------------------------------------------------------------- */

/* exp(-x) I_order(x) for x >= 0 and order 0 or 1. */
static double scaled_i(int order, double x)
{
    double term = 1, sum = 1;
    if (isinf(x)) return 0;
    if (x <= 30) {
        for (int k = 1; term > sum * (DBL_EPSILON / 8); k++) {
            term *= x * x / (4.0 * k * (k + order));
            sum += term;
        }
        return (order ? x / 2 : 1) * sum * exp(-x);
    }
    for (int k = 1; k < 40 && fabs(term) > DBL_EPSILON / 8; k++) { // (4 order^2 - 1)(4 order^2 - 9) ... / k! (8x)^k
        term *= ((2.0 * k - 1) * (2.0 * k - 1) - 4 * order) / (8.0 * k * x);
        sum += term;
    }
    return sum / sqrt(2 * M_PI * x);
}

double special_i0e(double x) { return isnan(x) ? x : scaled_i(0, fabs(x)); }
double special_i1e(double x) { return isnan(x) ? x : x < 0 ? -scaled_i(1, -x) : scaled_i(1, fabs(x)); }

/* exp(x) times a scaled value, in two steps where exp alone would overflow. */
static double unscale(double scaled, double x)
{
    return x < 700 ? scaled * exp(x) : scaled * exp(x / 2) * exp(x / 2);
}

double special_i0(double x)
{
    return isnan(x) || isinf(x) ? NAN : unscale(scaled_i(0, fabs(x)), fabs(x));
}

double special_i1(double x)
{
    if (isnan(x) || isinf(x)) return NAN;
    const double magnitude = unscale(scaled_i(1, fabs(x)), fabs(x));
    return x < 0 ? -magnitude : magnitude;
}

/* ---- modified, second kind --------------------------------------------------------------------- */

/* exp(x) K_nu(x), and with it order nu + 1, for |nu| <= 1/2 and x >= 1 (Temme 1975, the continued fraction of
 * the ratio and its sum, evaluated forwards by Steed's algorithm). */
static double scaled_k_by_fraction(double nu, double x, double *ret_next)
{
    const double first = 0.25 - nu * nu;
    double a = -first, b = 2 * (1 + x), d = 1 / b, change = d, h = d;
    double q1 = 0, q2 = 1, c = first, q = first, sum = 1 + q * change;
    for (int i = 2; i < 10000; i++) {
        a -= 2 * (i - 1);
        c = -a * c / i;
        const double q_next = (q1 - b * q2) / a;
        q1 = q2;
        q2 = q_next;
        q += c * q_next;
        b += 2;
        d = 1 / (b + a * d);
        change *= b * d - 1;
        h += change;
        sum += q * change;
        if (fabs(q * change) < DBL_EPSILON / 4 * fabs(sum)) break;
    }
    const double k = sqrt(M_PI / (2 * x)) / sum;
    *ret_next = k * (nu + x + 0.5 - first * h) / x;
    return k;
}

/* K_0 for 0 < x <= 1. */
static double k0_by_series(double x)
{
    const double z = x * x / 4;
    double power = 1, harmonic = 0, sum = 0, i0 = 1;
    for (int k = 1; k < 30; k++) {
        power *= z / ((double)k * k);
        harmonic += 1.0 / k;
        i0 += power;
        sum += power * harmonic;
    }
    return sum - (log(x / 2) + EULER_GAMMA) * i0;
}

/* K_1 for 0 < x <= 1. */
static double k1_by_series(double x)
{
    const double z = x * x / 4;
    double power = 1, psi = 1 - 2 * EULER_GAMMA, sum = psi, i1 = 1; // psi(k + 1) + psi(k + 2)
    for (int k = 1; k < 30; k++) {
        power *= z / ((double)k * (k + 1));
        psi += 1.0 / k + 1.0 / (k + 1);
        i1 += power;
        sum += power * psi;
    }
    return 1 / x + log(x / 2) * (x / 2) * i1 - x / 4 * sum;
}

static double scaled_k(int order, double x)
{
    double k1;
    if (isnan(x) || x < 0) return NAN;
    if (x == 0) return INFINITY;
    if (isinf(x)) return 0;
    if (x <= 1) return exp(x) * (order ? k1_by_series(x) : k0_by_series(x));
    const double k0 = scaled_k_by_fraction(0, x, &k1);
    return order ? k1 : k0;
}

static double plain_k(int order, double x)
{
    if (x > 0 && x <= 1) return order ? k1_by_series(x) : k0_by_series(x);
    const double scaled = scaled_k(order, x);
    return x > 0 ? scaled * exp(-x) : scaled;
}

double special_scaled_k0(double x) { return scaled_k(0, x); }
double special_scaled_k1(double x) { return scaled_k(1, x); }
double special_k0(double x) { return plain_k(0, x); }
double special_k1(double x) { return plain_k(1, x); }

/* ---- Airy -------------------------------------------------------------------------------------- */

static double polynomial(const double *coefficients, int n, double x) /* highest power first */
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum = sum * x + coefficients[i];
    return sum;
}

/* Modulus and phase as rational functions of 1 / zeta^2, for x < -2.09 (the approximation of Cephes' airy). */
static double airy_oscillating(double x)
{
    static const double afn[] = { -1.31696323418331795333e-01, -6.26456544431912369773e-01,
        -6.93158036036933542233e-01, -2.79779981545119124951e-01, -4.91900132609500318020e-02,
        -4.06265923594885404393e-03, -1.59276496239262096340e-04, -2.77649108155232920844e-06,
        -1.67787698489114633780e-08 };
    static const double afd[] = { 1, 1.33560420706553243746e+01, 3.26825032795224613948e+01,
        2.67367040941499554804e+01, 9.18707402907259625840e+00, 1.47529146771666414581e+00,
        1.15687173795188044134e-01, 4.40291641615211203805e-03, 7.54720348287414296618e-05,
        4.51850092970580378464e-07 };
    static const double agn[] = { 1.97339932091685679179e-02, 3.91103029615688277255e-01,
        1.06579897599595591108e+00, 9.39169229816650230044e-01, 3.51465656105547619242e-01,
        6.33888919628925490927e-02, 5.85804113048388458567e-03, 2.82851600836737019778e-04,
        6.98793669997260967291e-06, 8.11789239554389293311e-08, 3.41551784765923618484e-10 };
    static const double agd[] = { 1, 9.30892908077441974853e+00, 1.98352928718312140417e+01,
        1.55646628932864612953e+01, 5.47686069422975497931e+00, 9.54293611618961883998e-01,
        8.64580826352392193095e-02, 4.12656523824222607191e-03, 1.01259085116509135510e-04,
        1.17166733214413521882e-06, 4.91834570062930015649e-09 };
    const double root = sqrt(-x), zeta = -2 * x * root / 3, z = 1 / zeta, zz = z * z;
    const double even = 1 + zz * polynomial(afn, 9, zz) / polynomial(afd, 10, zz);
    const double odd = z * polynomial(agn, 11, zz) / polynomial(agd, 11, zz);
    const double angle = zeta + M_PI / 4;
    return M_2_SQRTPI / 2 / sqrt(root) * (sin(angle) * even - cos(angle) * odd);
}

double special_airy_ai(double x)
{
    if (isnan(x) || isinf(x)) return NAN;
    if (x > 103.892) return 0;
    if (x < -2.09) return airy_oscillating(x);
    if (x > 2.09) { // Ai(x) = sqrt(x / 3) / pi * K_1/3(zeta)
        const double zeta = 2 * x * sqrt(x) / 3;
        double next;
        return sqrt(x / 3) / M_PI * scaled_k_by_fraction(1. / 3, zeta, &next) * exp(-zeta);
    }
    const double cube = x * x * x;
    double even = 1, odd = x, f = 1, g = x;
    for (int k = 3; k < 90; k += 3) {
        even *= cube / (k * (k - 1.0));
        odd *= cube / (k * (k + 1.0));
        f += even;
        g += odd;
    }
    return 0.355028053887817239260063 * f - 0.258819403792806798405184 * g;
}

/* ---- orthogonal polynomials -------------------------------------------------------------------- */

/* Degrees beyond this are not computed by recurrence, which takes a step for each. */
enum { DEGREE_MAX = 1 << 24 };

static bool is_odd(int64_t n) { return n % 2 != 0; }

/* The degree as an integer; -1 stands for all negative ones. */
static int64_t degree_of(double n)
{
    return n >= 9e18 ? INT64_MAX : n < 0 || isnan(n) ? (n > -1 ? 0 : -1) : (int64_t)n;
}

/* 1, first, then r = 2 x q - p: what the four kinds of Chebyshev polynomials share. */
static double chebyshev_recurrence(double x, double first, int64_t n)
{
    double p = 1, q = first;
    if (n == 0) return p;
    if (n > DEGREE_MAX) return NAN;
    for (int64_t k = 2; k <= n && !isnan(q); k++) {
        const double r = (x + x) * q - p;
        p = q;
        q = r;
    }
    return q;
}

double special_chebyshev_t(double x, double degree)
{
    const int64_t n = degree_of(degree);
    if (n < 0) return 0;
    if (fabs(x) == 1) return x > 0 || !is_odd(n) ? 1 : -1;
    if (n > 6 && fabs(x) < 1) return cos((double)n * acos(x));
    return chebyshev_recurrence(x, x, n);
}

double special_chebyshev_u(double x, double degree)
{
    const int64_t n = degree_of(degree);
    if (n < 0) return 0;
    if (fabs(x) == 1) return x > 0 || !is_odd(n) ? (double)n + 1 : -((double)n + 1);
    if (n > 8 && fabs(x) < 1) return sin(((double)n + 1) * acos(x)) / sin(acos(x));
    return chebyshev_recurrence(x, x + x, n);
}

double special_chebyshev_v(double x, double degree)
{
    const int64_t n = degree_of(degree);
    if (n < 0) return 0;
    if (fabs(x) == 1) return x > 0 ? 1 : is_odd(n) ? -(2 * (double)n + 1) : 2 * (double)n + 1;
    if (n > 8 && fabs(x) < 1) return cos(((double)n + 0.5) * acos(x)) / cos(acos(x) / 2);
    return chebyshev_recurrence(x, x + x - 1, n);
}

double special_chebyshev_w(double x, double degree)
{
    const int64_t n = degree_of(degree);
    if (n < 0) return 0;
    if (fabs(x) == 1) return x > 0 ? 2 * (double)n + 1 : is_odd(n) ? -1 : 1;
    if (n > 8 && fabs(x) < 1) return sin(((double)n + 0.5) * acos(x)) / sin(acos(x) / 2);
    return chebyshev_recurrence(x, x + x + 1, n);
}

double special_hermite_h(double x, double degree)
{
    const int64_t n = degree_of(degree);
    double p = 1, q = x + x;
    if (n <= 0) return n < 0 ? 0 : 1;
    if (n > DEGREE_MAX) return NAN;
    for (int64_t k = 2; k < n + n && !isnan(q); k += 2) {
        const double r = (x + x) * q - (double)k * p;
        p = q;
        q = r;
    }
    return q;
}

double special_hermite_he(double x, double degree)
{
    const int64_t n = degree_of(degree);
    double p = 1, q = x;
    if (n <= 0) return n < 0 ? 0 : 1;
    if (n > DEGREE_MAX) return NAN;
    for (int64_t k = 1; k < n && !isnan(q); k++) {
        const double r = x * q - (double)k * p;
        p = q;
        q = r;
    }
    return q;
}

double special_laguerre_l(double x, double degree)
{
    const int64_t n = degree_of(degree);
    double p = 1, q = 1 - x;
    if (n < 0) return 0;
    if (x == 0 || n == 0) return 1;
    if (n > DEGREE_MAX) return NAN;
    for (int64_t k = 1; k < n && !isnan(q); k++) {
        const double r = (((double)(k + k) + (1 - x)) * q - (double)k * p) / (double)(k + 1);
        p = q;
        q = r;
    }
    return q;
}

double special_legendre_p(double x, double degree)
{
    const int64_t n = degree_of(degree);
    double p = 1, q = x;
    if (n < 0) return 0;
    if (fabs(x) == 1) return x > 0 || !is_odd(n) ? 1 : -1;
    if (n == 0) return 1;
    if (n > DEGREE_MAX) return NAN;
    for (int64_t k = 1; k < n && !isnan(q); k++) {
        const double r = ((double)(k + k + 1) * x * q - (double)k * p) / (double)(k + 1);
        p = q;
        q = r;
    }
    return q;
}
