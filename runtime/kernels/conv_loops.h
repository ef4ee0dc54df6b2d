/* The convolution of one floating-point type: included by conv.c with T (the type) and FN (names)
 * set.
 *
 * Output columns (flattened positions) are cut into tiles; for a tile the inputs are gathered as a
 * matrix [channels * kernel, CONV_TILE] and multiplied by the weights. A transposed convolution
 * gathers by the inverse index rule; everything else is the same. */
/* SPDX-License-Identifier: Apache-2.0 */

typedef T FN(vec) __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));

/* Positions [first, first + n) of one output row from one input row. */
static void FN(gather_span)(const conv_geometry *g, const T *row, int64_t k, int64_t first,
                            int64_t n, T *to)
{
    if (g->is_transposed) {
        for (int64_t i = 0; i < n; i++) {
            const int64_t at = conv_source(g, 2, first + i, k);
            to[i] = at < 0 ? 0 : row[at];
        }
        return;
    }
    const int64_t stride = g->stride[2],
                  start = first * stride - g->padding[2] + k * g->dilation[2];
    int64_t low = start >= 0 ? 0 : (-start + stride - 1) / stride;
    int64_t high = start >= g->in[2] ? 0 : (g->in[2] - start + stride - 1) / stride;
    low = low < n ? low : n;
    high = high < n ? high : n;
    high = high > low ? high : low;
    for (int64_t i = 0; i < low; i++)
        to[i] = 0;
    if (stride == 1) {
        if (high > low)
            memcpy(to + low, row + start + low, (size_t)(high - low) * sizeof(T));
    } else {
        for (int64_t i = low; i < high; i++)
            to[i] = row[start + i * stride];
    }
    for (int64_t i = high; i < n; i++)
        to[i] = 0;
}

/* One row of the gathered matrix: kernel position k of one channel, columns [begin, end). */
static void FN(gather_row)(const conv_geometry *g, const T *plane, const int64_t *k, int64_t begin,
                           int64_t end, T *to)
{
    for (int64_t at = begin; at < end;) {
        const int64_t w = at % g->out[2], h = at / g->out[2] % g->out[1],
                      d = at / (g->out[2] * g->out[1]);
        const int64_t n = g->out[2] - w < end - at ? g->out[2] - w : end - at;
        const int64_t from_d = conv_source(g, 0, d, k[0]), from_h = conv_source(g, 1, h, k[1]);
        if (from_d < 0 || from_h < 0)
            memset(to, 0, (size_t)n * sizeof(T));
        else
            FN(gather_span)(g, plane + (from_d * g->in[1] + from_h) * g->in[2], k[2], w, n, to);
        at += n;
        to += n;
    }
    memset(to, 0, (size_t)(CONV_TILE - (end - begin)) * sizeof(T));
}

/* sums[o][j] += sum over k of w[o][k] * columns[k][j], for R rows o. */
#define CONV_MULTIPLY(R)                                                                           \
    static void FN(multiply##R)(int64_t n_k, const T *w, int64_t w_stride, const T *columns,       \
                                T *sums)                                                           \
    {                                                                                              \
        enum { LANES = 32 / sizeof(T) };                                                           \
        for (int j = 0; j < CONV_TILE; j += 2 * LANES) {                                           \
            FN(vec) a[R], b[R];                                                                    \
            for (int r = 0; r < R; r++) {                                                          \
                a[r] = *(const FN(vec) *)(sums + r * CONV_TILE + j);                               \
                b[r] = *(const FN(vec) *)(sums + r * CONV_TILE + j + LANES);                       \
            }                                                                                      \
            for (int64_t k = 0; k < n_k; k++) {                                                    \
                const FN(vec) x = *(const FN(vec) *)(columns + k * CONV_TILE + j);                 \
                const FN(vec) y = *(const FN(vec) *)(columns + k * CONV_TILE + j + LANES);         \
                for (int r = 0; r < R; r++) {                                                      \
                    a[r] += w[r * w_stride + k] * x;                                               \
                    b[r] += w[r * w_stride + k] * y;                                               \
                }                                                                                  \
            }                                                                                      \
            for (int r = 0; r < R; r++) {                                                          \
                *(FN(vec) *)(sums + r * CONV_TILE + j) = a[r];                                     \
                *(FN(vec) *)(sums + r * CONV_TILE + j + LANES) = b[r];                             \
            }                                                                                      \
        }                                                                                          \
    }
CONV_MULTIPLY(1)
CONV_MULTIPLY(4)
#undef CONV_MULTIPLY

/* sums[out_channels, CONV_TILE] = w[out_channels, depth] columns[depth, CONV_TILE]; small products
 * are not worth the packing of the general one. */
static bool FN(multiply)(const conv_job *job, int64_t depth, const T *w, const T *columns, T *sums)
{
    const int64_t n = job->geometry.out_channels;
    if (n >= 8 && depth >= 16)
        return job->gemm(n, CONV_TILE, depth, (matrix){ w, depth, 1 },
                         (matrix){ columns, CONV_TILE, 1 }, sums);
    int64_t o = 0;
    memset(sums, 0, (size_t)(n * CONV_TILE) * sizeof(T));
    for (; o + 4 <= n; o += 4)
        FN(multiply4)(depth, w + o * depth, depth, columns, sums + o * CONV_TILE);
    for (; o < n; o++)
        FN(multiply1)(depth, w + o * depth, depth, columns, sums + o * CONV_TILE);
    return true;
}

/* One tile of one group of one image. False: no memory. */
static bool FN(run_tile)(const conv_job *job, int64_t index, T *columns, T *sums)
{
    const conv_geometry *g = &job->geometry;
    const int64_t tile = index % job->n_tiles, group = index / job->n_tiles % g->groups;
    const int64_t image = index / (job->n_tiles * g->groups);
    const int64_t begin = tile * CONV_TILE,
                  end = begin + CONV_TILE < job->n_out ? begin + CONV_TILE : job->n_out;
    const int64_t kernel = nn_product(g->kernel, NN_DIMS), depth = g->in_channels * kernel;
    const int64_t plane = nn_product(g->in, NN_DIMS);
    const T *x = (const T *)job->x + (image * g->groups + group) * g->in_channels * plane;
    const T *w = (const T *)job->w + group * g->out_channels * depth;
    const T *bias = job->bias ? (const T *)job->bias + group * g->out_channels : NULL;
    T *out = (T *)job->out + (image * g->groups + group) * g->out_channels * job->n_out + begin;
    for (int64_t r = 0; r < depth; r++) {
        const int64_t in_kernel = r % kernel;
        const int64_t k[] = { in_kernel / (g->kernel[1] * g->kernel[2]),
                              in_kernel / g->kernel[2] % g->kernel[1], in_kernel % g->kernel[2] };
        FN(gather_row)(g, x + r / kernel * plane, k, begin, end, columns + r * CONV_TILE);
    }
    if (!FN(multiply)(job, depth, w, columns, sums))
        return false;
    for (int64_t o = 0; o < g->out_channels; o++)
        for (int64_t i = 0; i < end - begin; i++)
            out[o * job->n_out + i] = sums[o * CONV_TILE + i] + (bias ? bias[o] : 0);
    return true;
}

static void FN(run_tiles)(void *ctx, int64_t begin, int64_t end)
{
    conv_job *job = ctx;
    const int64_t depth = job->geometry.in_channels * nn_product(job->geometry.kernel, NN_DIMS);
    T *scratch = mem_alloc((size_t)(depth + job->geometry.out_channels) * CONV_TILE * sizeof(T));
    bool ok = scratch != NULL;
    for (int64_t i = begin; ok && i < end; i++)
        ok = FN(run_tile)(job, i, scratch, scratch + depth * CONV_TILE);
    if (!ok)
        job->out_of_memory = true;
    mem_free(scratch);
}

/* Weights of a transposed convolution [in, out/groups, kernel] as [out, in/groups, kernel]. */
static void FN(turn_weights)(const conv_geometry *g, const T *w, T *to)
{
    const int64_t kernel = nn_product(g->kernel, NN_DIMS);
    for (int64_t group = 0; group < g->groups; group++)
        for (int64_t o = 0; o < g->out_channels; o++)
            for (int64_t i = 0; i < g->in_channels; i++, to += kernel)
                memcpy(to, w + ((group * g->in_channels + i) * g->out_channels + o) * kernel,
                       (size_t)kernel * sizeof(T));
}
