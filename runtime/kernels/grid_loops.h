/* Sampling of planes of one floating-point type: included by grid.c with T (the type) and FN (names) set. */
/* SPDX-License-Identifier: Apache-2.0 */

static T FN(sample)(const grid_job *job, const T *plane, const grid_taps *taps)
{
    double sum = 0;
    if (job->mode == GRID_NEAREST)
        return taps->n ? plane[taps->at[0]] : 0;
    for (int k = 0; k < taps->n; k++)
        sum += taps->weights[k] * (double)plane[taps->at[k]];
    return (T)sum;
}

static void FN(sample_points)(void *ctx, int64_t begin, int64_t end)
{
    const grid_job *job = ctx;
    const int64_t plane = nn_product(job->in, NN_DIMS);
    grid_taps taps[GRID_BLOCK];
    for (int64_t p = begin, n; p < end; p += n) {
        const int64_t image = p / job->points, point = p % job->points; // a block is of one image
        n = job->points - point < end - p ? job->points - point : end - p;
        n = n < GRID_BLOCK ? n : GRID_BLOCK;
        for (int64_t i = 0; i < n; i++)
            find_taps(job, p + i, &taps[i]);
        for (int64_t c = image * job->channels; c < (image + 1) * job->channels; c++) {
            const T *x = (const T *)job->x + c * plane;
            T *y = (T *)job->y + c * job->points + point;
            for (int64_t i = 0; i < n; i++)
                y[i] = FN(sample)(job, x, &taps[i]);
        }
    }
}
