/* One pass of a separable resampling, of one floating-point type: included by upsample.c with T and
 * FN set. */
/* SPDX-License-Identifier: Apache-2.0 */

/* Along the innermost dimension: element by element. The same operations in the same order as below. */
static void FN(resample_innermost)(const taps *t, int64_t n_out, const T *x, T *y)
{
    for (int64_t o = 0; o < n_out; o++) {
        const int64_t *at = t->index + o * t->width;
        const double *weights = t->weight + o * t->width;
        const int64_t n = t->count[o];
        T sum = n == 1 ? x[at[0]] : x[at[0]] * (T)weights[0];
        for (int64_t k = 1; k < n; k++)
            sum += x[at[k]] * (T)weights[k];
        y[o] = sum;
    }
}

/* Line k of the outer dimensions: [in, inner] to [out, inner]. */
static void FN(resample_lines)(void *ctx, int64_t begin, int64_t end)
{
    const resample_job *job = ctx;
    const int64_t inner = job->inner;
    for (int64_t line = begin; line < end; line++) {
        const T *x = (const T *)job->x + line * job->in * inner;
        T *y = (T *)job->y + line * job->out * inner;
        if (inner == 1) {
            FN(resample_innermost)(job->taps, job->out, x, y);
            continue;
        }
        for (int64_t o = 0; o < job->out; o++, y += inner) {
            const int64_t *at = job->taps->index + o * job->taps->width;
            const double *weights = job->taps->weight + o * job->taps->width;
            const int64_t n = job->taps->count[o];
            const T *row = x + at[0] * inner;
            const T first = (T)weights[0];
            if (n == 1) {
                memcpy(y, row, (size_t)inner * sizeof(T)); // a single tap has weight 1
                continue;
            }
            for (int64_t i = 0; i < inner; i++)
                y[i] = row[i] * first;
            for (int64_t k = 1; k < n; k++) {
                const T w = (T)weights[k];
                row = x + at[k] * inner;
                for (int64_t i = 0; i < inner; i++)
                    y[i] += row[i] * w;
            }
        }
    }
}
