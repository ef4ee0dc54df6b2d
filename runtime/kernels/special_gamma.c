/* Special functions around the gamma function and the normal distribution; see special_math.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/special_math.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

/* ---- error functions --------------------------------------------------------------------------- */

/* exp(x^2) with the rounding error of the square made good: its relative error would be that of x^2 times x^2. */
static double exp_square(double x)
{
    const double square = x * x;
    return exp(square) * (1 + fma(x, x, -square));
}

double special_erfcx(double x)
{
    if (isnan(x)) return x;
    if (x < 0) return x < -26.7 ? INFINITY : 2 * exp_square(x) - special_erfcx(-x);
    if (x < 25) return exp_square(x) * erfc(x);
    const double z = x < 1e8 ? 0.5 / (x * x) : 0; // the asymptotic series in 1 / (2 x^2)
    return M_2_SQRTPI / 2 / x * 
           (1 - z * (1 - 3 * z * (1 - 5 * z * (1 - 7 * z * (1 - 9 * z * (1 - 11 * z * (1 - 13 * z)))))));
}

/* Giles' polynomials in single precision, an approximation to start from. */
static double erfinv_start(double y)
{
    double w = -log((1 - y) * (1 + y)), p;
    if (w < 5) {
        w -= 2.5;
        p = 2.81022636e-08;
        p = 3.43273939e-07 + p * w;
        p = -3.5233877e-06 + p * w;
        p = -4.39150654e-06 + p * w;
        p = 0.00021858087 + p * w;
        p = -0.00125372503 + p * w;
        p = -0.00417768164 + p * w;
        p = 0.246640727 + p * w;
        p = 1.50140941 + p * w;
    } else {
        w = sqrt(w) - 3;
        p = -0.000200214257;
        p = 0.000100950558 + p * w;
        p = 0.00134934322 + p * w;
        p = -0.00367342844 + p * w;
        p = 0.00573950773 + p * w;
        p = -0.0076224613 + p * w;
        p = 0.00943887047 + p * w;
        p = 1.00167406 + p * w;
        p = 2.83297682 + p * w;
    }
    return p * y;
}

/* Halley's iteration. Beyond one half they are taken on erfc, whose argument 1 - |y| is exact: erf(x) - y would
 * cancel. */
double special_erfinv(double y)
{
    const double magnitude = fabs(y);
    if (isnan(y) || magnitude > 1) return NAN;
    if (magnitude == 1) return copysign(INFINITY, y);
    if (magnitude < 1e-8) return y / M_2_SQRTPI;
    double x = erfinv_start(magnitude);
    for (int step = 0; step < 12; step++) {
        const double slope = M_2_SQRTPI * exp(-x * x);
        const double error = magnitude < 0.5 ? erf(x) - magnitude : (1 - magnitude) - erfc(x);
        const double change = error / slope / (1 + x * error / slope);
        x -= change;
        if (fabs(change) < 1e-9 * x) break; // the convergence is cubic
    }
    return copysign(x, y);
}

double special_ndtr(double x)
{
    const double z = x * M_SQRT1_2;
    if (fabs(z) < 1) return 0.5 + 0.5 * erf(z);
    const double tail = 0.5 * erfc(fabs(z));
    return z > 0 ? 1 - tail : z < 0 ? tail : x;
}

double special_log_ndtr(double x)
{
    if (x < -1) return log(special_erfcx(-x * M_SQRT1_2) / 2) - x * x / 2;
    return log1p(-erfc(x * M_SQRT1_2) / 2);
}

/* erfinv in the middle; Newton's iteration on the logarithm in the tails, where it is nearly a parabola. */
double special_ndtri(double p)
{
    if (isnan(p) || p < 0 || p > 1) return NAN;
    if (p == 0) return -INFINITY;
    if (p == 1) return INFINITY;
    if (p > 0.5) return p < 0.9 ? M_SQRT2 * special_erfinv(2 * p - 1) : -special_ndtri(1 - p);
    if (p > 0.1) return M_SQRT2 * special_erfinv(2 * p - 1);
    const double target = log(p);
    double x = -sqrt(-2 * target - log(-4 * M_PI * target));
    if (isnan(x)) x = -1.3;
    for (int step = 0; step < 8; step++) {
        const double slope = M_2_SQRTPI * M_SQRT1_2 / special_erfcx(-x * M_SQRT1_2);
        const double change = (special_log_ndtr(x) - target) / slope;
        x -= change;
        if (fabs(change) <= DBL_EPSILON * fabs(x)) break;
    }
    return x;
}

/* ---- zeta and polygamma ------------------------------------------------------------------------ */

/* Euler and Maclaurin: terms up to q + 9, then the integral and Bernoulli numbers. */
double special_zeta(double x, double q)
{
    static const double bernoulli[] = { /* (2k)! / B_2k */
        12.0, -720.0, 30240.0, -1209600.0, 47900160.0, -1.8924375803183791606e9, 7.47242496e10,
        -2.950130727918164224e12, 1.1646782814350067249e14, -4.5979787224074726105e15, 1.8152105401943546773e17,
        -7.1661652561756670113e18,
    };
    if (x == 1) return INFINITY;
    if (x < 1) return NAN;
    if (q <= 0) {
        if (q == floor(q)) return INFINITY;
        if (x != floor(x)) return NAN;
    }
    if (isnan(x) || isnan(q)) return NAN;
    double sum = pow(q, -x), a = q, power = 0;
    if (q < -1e6) return NAN; // the terms up to zero would take for ever
    for (int i = 0; i < 9 || a <= 9; i++) {
        a += 1;
        power = pow(a, -x);
        sum += power;
        if (fabs(power) < DBL_EPSILON / 2 * fabs(sum)) return sum;
    }
    sum += power * a / (x - 1) - power / 2;
    double factor = 1;
    for (int k = 0; k < 12; k++) {
        factor *= x + 2 * k;
        power /= a;
        const double term = factor * power / bernoulli[k];
        sum += term;
        if (fabs(term) < DBL_EPSILON / 2 * fabs(sum)) break;
        factor *= x + 2 * k + 1;
        power /= a;
    }
    return sum;
}

/* Reflection and recurrence to x >= 10, then the asymptotic series. */
double special_digamma(double x)
{
    double r = 0;
    if (x == 0) return copysign(INFINITY, -x);
    if (x < 0) {
        double whole;
        if (x == trunc(x)) return NAN;
        r = -M_PI / tan(M_PI * modf(x, &whole));
        x = 1 - x;
    }
    for (; x < 10; x += 1) r -= 1 / x;
    const double z = 1 / (x * x);
    const double series = z * (8.33333333333333333333E-2 - z * (8.33333333333333333333E-3 -
        z * (3.96825396825396825397E-3 - z * (4.16666666666666666667E-3 - z * (7.57575757575757575758E-3 -
        z * (2.10927960927960927961E-2 - z * 8.33333333333333333333E-2))))));
    return r + log(x) - 0.5 / x - (x < 1e17 ? series : 0);
}

static double trigamma(double x)
{
    double sign = 1, result = 0;
    if (x < 0.5) { // reflection
        const double sine = sin(M_PI * x);
        sign = -1;
        result = -M_PI * M_PI / (sine * sine);
        x = 1 - x;
    }
    for (; x < 15; x += 1) result += 1 / (x * x);
    const double z = 1 / (x * x);
    result += (1 + 0.5 / x + z * (1. / 6 - z * (1. / 30 - z * (1. / 42 - z * (1. / 30 - z * 5 / 66))))) / x;
    return sign * result;
}

double special_polygamma(double n, double x)
{
    if (n == 0) return special_digamma(x);
    if (n == 1) return trigamma(x);
    int sign;
    return (fmod(n, 2) != 0 ? 1 : -1) * exp(lgamma_r(n + 1, &sign)) * special_zeta(n + 1, x);
}

/* ---- incomplete gamma functions ---------------------------------------------------------------- */

/* mu - log(1 + mu), which cancels near 0. */
static double excess_over_log(double mu)
{
    if (fabs(mu) > 0.4) return mu - log1p(mu);
    double power = mu * mu, sum = 0;
    for (int k = 2; k < 60; k++, power *= -mu) {
        const double term = power / k;
        sum += term;
        if (fabs(term) < DBL_EPSILON / 4 * fabs(sum)) break;
    }
    return sum;
}

/* x^a e^-x / gamma(a + 1). For larger a by way of Stirling's series, without the cancellation of huge powers. */
static double gamma_density(double a, double x)
{
    int sign;
    if (a < 10) return exp(a * log(x) - x - lgamma_r(a + 1, &sign));
    const double z = 1 / (a * a);
    const double stirling = (1. / 12 - z * (1. / 360 - z * (1. / 1260 - z * (1. / 1680 - z / 1188)))) / a;
    return exp(-a * excess_over_log((x - a) / a) - stirling) / sqrt(2 * M_PI * a);
}

/* The first term of Temme's uniform expansion: right to 1 / a^1.5. */
static double igammac_of_large(double a, double x)
{
    const double mu = (x - a) / a, half = excess_over_log(mu);
    const double eta = copysign(sqrt(2 * half), mu);
    const double first = fabs(mu) < 1e-4 ? -1. / 3 + mu / 12 : 1 / mu - 1 / eta;
    return 0.5 * erfc(eta * sqrt(a / 2)) + exp(-a * half) / sqrt(2 * M_PI * a) * first;
}

enum { GAMMA_STEPS = 100000 };
static const double TEMME_FROM = 1e7;

/* x^a e^-x sum of x^n / (a (a + 1) ... (a + n)); all terms positive. */
static double igamma_by_series(double a, double x)
{
    double term = 1, sum = 1;
    for (int n = 1; n < GAMMA_STEPS && term > sum * (DBL_EPSILON / 4); n++) {
        term *= x / (a + n);
        sum += term;
    }
    return gamma_density(a, x) * sum;
}

/* Legendre's continued fraction by Lentz' method. */
static double igammac_by_fraction(double a, double x)
{
    const double tiny = 1e-300;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (int n = 1; n < GAMMA_STEPS; n++) {
        const double an = -n * (n - a);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = b + an / c;
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1) < DBL_EPSILON) break;
    }
    return gamma_density(a, x) * a * h;
}

/* Where one of the two functions is known: the lower one, else NaN with *ret_general set. */
static double igamma_at_edges(double a, double x, bool *ret_general)
{
    *ret_general = false;
    if (x < 0 || a < 0) return NAN;
    if (a == 0) return x > 0 ? 1 : NAN;
    if (x == 0) return 0;
    if (isinf(a)) return isinf(x) ? NAN : 0;
    if (isinf(x)) return 1;
    if (isnan(a) || isnan(x)) return NAN;
    *ret_general = true;
    return NAN;
}

double special_igamma(double a, double x)
{
    bool general;
    const double edge = igamma_at_edges(a, x, &general);
    if (!general) return edge;
    if (a > TEMME_FROM && fabs(x - a) < 0.3 * a) return 1 - igammac_of_large(a, x);
    return x > 1 && x > a ? 1 - igammac_by_fraction(a, x) : igamma_by_series(a, x);
}

double special_igammac(double a, double x)
{
    bool general;
    const double edge = igamma_at_edges(a, x, &general);
    if (!general) return 1 - edge;
    if (a > TEMME_FROM && fabs(x - a) < 0.3 * a) return igammac_of_large(a, x);
    return x > 1 && x > a ? igammac_by_fraction(a, x) : 1 - igamma_by_series(a, x);
}
