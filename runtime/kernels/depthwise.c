/* Depthwise convolutions: a row of the output is a sum of rows of the input, shifted and weighted.
 *
 * A library brings the image into a layout of its own, which costs more than the few multiplications there are. Here
 * each plane is copied once, with zeros around it; a stride of s makes s rows of a row, of every s-th element each,
 * so that all that is added up lies side by side. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/depthwise.h"

#include "base/block.h"
#include "runtime/kernels/dispatch.h"
#include "runtime/kernels/line.h"

#include <stdatomic.h>
#include <string.h>

enum {
    MOST_TAPS = 49,
    LEAST_WIDTH = 24,       /* of the output: narrower rows leave vectors empty */
    MOST_STRIDE = 4,
    MOST_BYTES = 4 << 20,   /* of the copy of a plane */
    GRAIN = 1 << 17,        /* multiplications worth a thread */
};

typedef struct depthwise_job {
    const depthwise *c;
    const line_kernels *line;
    int64_t bytes, n_taps;
    int64_t part, row;      /* elements of every stride-th one of a row, and of all of them */
    int64_t across[MOST_TAPS]; /* bytes from the begin of a row to what a column of the kernel sees first */
    size_t copy_bytes;
    _Atomic bool failed;
} depthwise_job;

/* One row of the input as `stride` rows; what lies beside it stays zero. */
static void split_row(const depthwise_job *job, const char *from, char *to)
{
    const depthwise *c = job->c;
    const int64_t step = c->stride[1];
    for (int64_t p = 0; p < step; p++) {
        const int64_t first = ((p - c->padding[1]) % step + step) % step, at = (first + c->padding[1]) / step;
        int64_t n = first < c->in[1] ? (c->in[1] - first + step - 1) / step : 0;
        n = at + n > job->part ? job->part - at : n; // columns that no output sees
        if (n > 0) job->line->pick(n, from + first * job->bytes, step, to + (p * job->part + at) * job->bytes);
    }
}

/* copy: the rows of the plane and one of zeros. */
static void run_plane(const depthwise_job *job, int64_t plane, char *copy)
{
    const depthwise *c = job->c;
    const int64_t channel = plane % c->channels, row_bytes = job->row * job->bytes;
    const char *x = (const char *)c->x + plane * c->in[0] * c->in[1] * job->bytes, *zeros = copy + c->in[0] * row_bytes;
    const char *w = (const char *)c->w + channel * job->n_taps * job->bytes;
    char *y = (char *)c->out_data + plane * c->out[0] * c->out[1] * job->bytes;
    const double bias = !c->bias ? 0 : c->d == DTYPE_float64 ? ((const double *)c->bias)[channel] : (double)((const float *)c->bias)[channel];
    const void *taps[MOST_TAPS];
    for (int64_t h = 0; h < c->in[0]; h++) split_row(job, x + h * c->in[1] * job->bytes, copy + h * row_bytes);
    for (int64_t h = 0; h < c->out[0]; h++, y += c->out[1] * job->bytes) {
        const void **tap = taps;
        for (int64_t k = 0; k < c->kernel[0]; k++) {
            const int64_t from = h * c->stride[0] - c->padding[0] + k * c->dilation[0];
            const char *row = from >= 0 && from < c->in[0] ? copy + from * row_bytes : zeros;
            for (int64_t j = 0; j < c->kernel[1]; j++) *tap++ = row + job->across[j];
        }
        job->line->taps(c->out[1], (int)job->n_taps, taps, w, bias, y);
    }
}

static void run_planes(void *ctx, int64_t begin, int64_t end)
{
    depthwise_job *job = ctx;
    char *copy = block_alloc(job->copy_bytes);
    if (!copy) {
        job->failed = true;
        return;
    }
    memset(copy, 0, job->copy_bytes);
    for (int64_t plane = begin; plane < end; plane++) run_plane(job, plane, copy);
    block_free(copy, job->copy_bytes);
}

bool depthwise_run(const depthwise *c)
{
    if ((c->d != DTYPE_float32 && c->d != DTYPE_float64) || c->out[0] < 1 || c->out[1] < LEAST_WIDTH ||
        c->kernel[0] < 1 || c->kernel[1] < 1 || c->kernel[0] > MOST_TAPS || c->kernel[1] > MOST_TAPS / c->kernel[0] ||
        c->stride[1] > MOST_STRIDE || c->in[0] > MOST_BYTES || c->in[1] > MOST_BYTES || c->dilation[1] > MOST_BYTES ||
        c->padding[1] > MOST_BYTES)
        return false;
    depthwise_job job = { .c = c, .line = line_kernels_find(c->d), .bytes = (int64_t)dtype_size(c->d),
                          .n_taps = c->kernel[0] * c->kernel[1] };
    job.part = c->out[1] + LINE_SLACK + (c->kernel[1] - 1) * c->dilation[1] / c->stride[1];
    job.row = job.part * c->stride[1];
    if (job.row > MOST_BYTES / (c->in[0] + 1) / job.bytes) return false;
    for (int64_t k = 0; k < c->kernel[1]; k++) {
        const int64_t column = k * c->dilation[1];
        job.across[k] = (column % c->stride[1] * job.part + column / c->stride[1]) * job.bytes;
    }
    job.copy_bytes = (size_t)(job.row * (c->in[0] + 1) * job.bytes);
    par_for(c->images * c->channels, GRAIN / (c->out[0] * c->out[1] * job.n_taps) + 1, run_planes, &job);
    return !job.failed;
}
