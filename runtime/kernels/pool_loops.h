/* Pooling of one floating-point type: included by pool.c with T (the type) and FN (names) set. A
 * plane is one channel of one image; a pixel is all channels of one position of one image, for images of two
 * dimensions whose channels come last. */
/* SPDX-License-Identifier: Apache-2.0 */

/* most[o] becomes the larger of itself and x[o * step]; the last NaN stays. */
static inline void FN(raise)(T *restrict most, const T *restrict x, int64_t n, int64_t step)
{
    for (int64_t o = 0; o < n; o++) {
        const T v = x[o * step];
        most[o] = (v > most[o]) | (v != v) ? v : most[o];
    }
}

/* A row of maxima, one element of all its windows at a time: each meets its elements in the order of the windows'
 * own loop (max_window), without a branch on what they are. */
static void FN(max_row)(const pool_job *job, const T *x, pool_span sd, pool_span sh, T *most)
{
    const int64_t step = job->stride;
    for (int64_t o = 0; o < job->out[2]; o++)
        most[o] = -(T)INFINITY;
    for (int64_t d = sd.begin; d < sd.end; d += job->dilation[0])
        for (int64_t h = sh.begin; h < sh.end; h += job->dilation[1])
            for (int64_t k = 0; k < job->n_taps; k++) {
                const pool_tap tap = job->taps[k];
                const T *from = x + (d * job->in[1] + h) * job->in[2] + tap.first;
                T *to = most + tap.begin;
                if (step == 1)
                    FN(raise)(to, from, tap.n, 1);
                else if (step == 2)
                    FN(raise)(to, from, tap.n, 2);
                else
                    FN(raise)(to, from, tap.n, step);
            }
}

/* The maximum of a window of a plane, and where it stands. */
static T FN(max_window)(const pool_job *job, const T *x, pool_span sd, pool_span sh, pool_span sw, int64_t *ret_best)
{
    const int64_t h_size = job->in[1], w_size = job->in[2];
    int64_t best = (sd.begin * h_size + sh.begin) * w_size + sw.begin;
    T most = -(T)INFINITY;
    for (int64_t d = sd.begin; d < sd.end; d += job->dilation[0])
        for (int64_t h = sh.begin; h < sh.end; h += job->dilation[1])
            for (int64_t w = sw.begin; w < sw.end; w += job->dilation[2]) {
                const int64_t at = (d * h_size + h) * w_size + w;
                if (x[at] > most || x[at] != x[at]) {
                    most = x[at];
                    best = at;
                }
            }
    *ret_best = best;
    return most;
}

static void FN(max_planes)(void *ctx, int64_t begin, int64_t end)
{
    const pool_job *job = ctx;
    const pool_span *const *s = job->spans;
    for (int64_t plane = begin; plane < end; plane++) {
        const T *x = (const T *)job->x + plane * job->in_plane;
        int64_t o = plane * job->out_plane;
        for (int64_t od = 0; od < job->out[0]; od++)
            for (int64_t oh = 0; oh < job->out[1]; oh++) {
                if (job->n_taps) {
                    FN(max_row)(job, x, s[0][od], s[1][oh], (T *)job->y + o);
                    o += job->out[2];
                    continue;
                }
                for (int64_t ow = 0; ow < job->out[2]; ow++, o++) {
                    int64_t best;
                    ((T *)job->y)[o] = FN(max_window)(job, x, s[0][od], s[1][oh], s[2][ow], &best);
                    if (job->indices)
                        job->indices[o] = best;
                }
            }
    }
}

static void FN(average_planes)(void *ctx, int64_t begin, int64_t end)
{
    const pool_job *job = ctx;
    const pool_span *const *s = job->spans;
    for (int64_t plane = begin; plane < end; plane++) {
        const T *x = (const T *)job->x + plane * job->in_plane;
        T *y = (T *)job->y + plane * job->out_plane;
        for (int64_t od = 0; od < job->out[0]; od++)
            for (int64_t oh = 0; oh < job->out[1]; oh++)
                for (int64_t ow = 0; ow < job->out[2]; ow++, y++) {
                    const pool_span sd = s[0][od], sh = s[1][oh], sw = s[2][ow];
                    T sum = 0;
                    for (int64_t d = sd.begin; d < sd.end; d++)
                        for (int64_t h = sh.begin; h < sh.end; h++) {
                            const T *row = x + (d * job->in[1] + h) * job->in[2];
                            for (int64_t w = sw.begin; w < sw.end; w++)
                                sum += row[w];
                        }
                    const int64_t n = pool_divisor(job, sd, sh, sw);
                    *y = n ? sum / (T)n : 0;
                }
    }
}

/* The window of a pixel of the result: its rows and columns, and the first pixel of its image. */
static pool_span FN(find_window)(const pool_job *job, int64_t pixel, pool_span *ret_columns, const T **ret_image)
{
    const int64_t image = pixel / job->out_plane, at = pixel % job->out_plane;
    *ret_columns = job->spans[2][at % job->out[2]];
    *ret_image = (const T *)job->x + image * job->in_plane * job->n_channels;
    return job->spans[1][at / job->out[2]];
}

static void FN(max_pixels)(void *ctx, int64_t begin, int64_t end)
{
    const pool_job *job = ctx;
    const int64_t n = job->n_channels;
    for (int64_t pixel = begin; pixel < end; pixel++) {
        const T *image;
        pool_span sw;
        const pool_span sh = FN(find_window)(job, pixel, &sw, &image);
        T *most = (T *)job->y + pixel * n;
        int64_t *best = job->indices ? job->indices + pixel * n : NULL;
        for (int64_t c = 0; c < n; c++)
            most[c] = -(T)INFINITY;
        for (int64_t c = 0; best && c < n; c++)
            best[c] = sh.begin * job->in[2] + sw.begin;
        for (int64_t h = sh.begin; h < sh.end; h += job->dilation[1])
            for (int64_t w = sw.begin; w < sw.end; w += job->dilation[2]) {
                const int64_t at = h * job->in[2] + w;
                const T *x = image + at * n;
                if (!best)
                    for (int64_t c = 0; c < n; c++)
                        most[c] = x[c] > most[c] || x[c] != x[c] ? x[c] : most[c];
                for (int64_t c = 0; best && c < n; c++)
                    if (x[c] > most[c] || x[c] != x[c]) {
                        most[c] = x[c];
                        best[c] = at;
                    }
            }
    }
}

static void FN(average_pixels)(void *ctx, int64_t begin, int64_t end)
{
    const pool_job *job = ctx;
    const int64_t n = job->n_channels;
    for (int64_t pixel = begin; pixel < end; pixel++) {
        const T *image;
        pool_span sw;
        const pool_span sh = FN(find_window)(job, pixel, &sw, &image);
        T *y = (T *)job->y + pixel * n;
        const int64_t n_seen = pool_divisor(job, job->spans[0][0], sh, sw);
        for (int64_t c = 0; c < n; c++)
            y[c] = 0;
        for (int64_t h = sh.begin; h < sh.end; h++)
            for (int64_t w = sw.begin; w < sw.end; w++) {
                const T *x = image + (h * job->in[2] + w) * n;
                for (int64_t c = 0; c < n; c++)
                    y[c] += x[c];
            }
        for (int64_t c = 0; n_seen && c < n; c++)
            y[c] /= (T)n_seen;
    }
}
