/* Pooling of one floating-point type: included by pool.c with T (the type) and FN (names) set. A
 * plane is one channel of one image. */
/* SPDX-License-Identifier: Apache-2.0 */

static void FN(max_planes)(void *ctx, int64_t begin, int64_t end)
{
    const pool_job *job = ctx;
    const pool_span *const *s = job->spans;
    const int64_t h_size = job->in[1], w_size = job->in[2];
    for (int64_t plane = begin; plane < end; plane++) {
        const T *x = (const T *)job->x + plane * job->in_plane;
        int64_t o = plane * job->out_plane;
        for (int64_t od = 0; od < job->out[0]; od++)
            for (int64_t oh = 0; oh < job->out[1]; oh++)
                for (int64_t ow = 0; ow < job->out[2]; ow++, o++) {
                    const pool_span sd = s[0][od], sh = s[1][oh], sw = s[2][ow];
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
                    ((T *)job->y)[o] = most;
                    if (job->indices)
                        job->indices[o] = best;
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
                    const int64_t seen =
                        (sd.end - sd.begin) * (sh.end - sh.begin) * (sw.end - sw.begin);
                    const int64_t n = job->divisor          ? job->divisor
                                      : job->counts_padding ? sd.extent * sh.extent * sw.extent
                                                            : seen;
                    *y = sd.end <= sd.begin || sh.end <= sh.begin || sw.end <= sw.begin
                             ? 0
                             : sum / (T)n;
                }
    }
}
