/* Moments and affine maps of one floating-point type: included by norm.c with T (the type) and FN
 * (names) set. */
/* SPDX-License-Identifier: Apache-2.0 */

/* Sum of (x - center)^power over n elements, in lanes of double so that the order is fixed and
 * vectors fit. */
static double FN(sum_line)(const T *x, int64_t n, double center, bool is_squared)
{
    double lanes[NORM_LANES] = { 0 };
    int64_t i = 0;
    for (; i + NORM_LANES <= n; i += NORM_LANES)
        for (int k = 0; k < NORM_LANES; k++) {
            const double d = (double)x[i + k] - center;
            lanes[k] += is_squared ? d * d : d;
        }
    for (int k = 0; i < n; i++, k++) {
        const double d = (double)x[i] - center;
        lanes[k] += is_squared ? d * d : d;
    }
    double sum = 0;
    for (int k = 0; k < NORM_LANES; k++)
        sum += lanes[k];
    return sum;
}

/* Moments of group k: `repeats` lines of `line` elements, `step` apart. */
static void FN(moments)(void *ctx, int64_t begin, int64_t end)
{
    const norm_job *job = ctx;
    for (int64_t k = begin; k < end; k++) {
        const T *x = (const T *)job->x + k * job->line;
        const double n = (double)(job->repeats * job->line);
        double sum = 0, squares = 0;
        for (int64_t r = 0; r < job->repeats; r++)
            sum += FN(sum_line)(x + r * job->step, job->line, 0, false);
        job->means[k] = sum / n;
        for (int64_t r = 0; r < job->repeats; r++)
            squares += FN(sum_line)(x + r * job->step, job->line, job->means[k], true);
        job->squares[k] = squares;
    }
}

/* y = x * scale + shift, one pair for each line. */
static void FN(map_lines)(void *ctx, int64_t begin, int64_t end)
{
    const norm_job *job = ctx;
    for (int64_t k = begin; k < end; k++) {
        const T scale = (T)job->scales[k % job->n_pairs], shift = (T)job->shifts[k % job->n_pairs];
        const T *x = (const T *)job->x + k * job->line;
        T *y = (T *)job->y + k * job->line;
        for (int64_t i = 0; i < job->line; i++)
            y[i] = x[i] * scale + shift;
    }
}

/* Layer norm of whole rows: y = (x - mean) / deviation * weight + bias, the latter per position. */
static void FN(layer_rows)(void *ctx, int64_t begin, int64_t end)
{
    const norm_job *job = ctx;
    const T *w = job->weight, *b = job->bias;
    FN(moments)(ctx, begin, end);
    for (int64_t k = begin; k < end; k++) {
        const double inverse = 1 / sqrt(job->squares[k] / (double)job->line + job->eps);
        const T scale = (T)inverse, shift = -(T)inverse * (T)job->means[k];
        const T *x = (const T *)job->x + k * job->line;
        T *y = (T *)job->y + k * job->line;
        job->squares[k] = inverse;
        if (w && b)
            for (int64_t i = 0; i < job->line; i++)
                y[i] = (x[i] * scale + shift) * w[i] + b[i];
        else
            for (int64_t i = 0; i < job->line; i++)
                y[i] = (x[i] * scale + shift) * (w ? w[i] : 1) + (b ? b[i] : 0);
    }
}
