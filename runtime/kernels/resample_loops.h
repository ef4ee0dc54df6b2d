/* One pass of a separable resampling, of one floating-point type: included by upsample.c with T and
 * FN set. */
/* SPDX-License-Identifier: Apache-2.0 */

/* Line k of the outer dimensions: [in, inner] to [out, inner]. */
static void FN(resample_lines)(void *ctx, int64_t begin, int64_t end)
{
    const resample_job *job = ctx;
    const int64_t inner = job->inner;
    for (int64_t line = begin; line < end; line++) {
        const T *x = (const T *)job->x + line * job->in * inner;
        T *y = (T *)job->y + line * job->out * inner;
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
