/* Boxes and samples of one floating-point type: included by vision.c with T (the type), FN (names) and C (the C
 * library's function of the type) set. The arithmetic is in T as in torchvision: the rounding decides which pixel a
 * border falls on. */
/* SPDX-License-Identifier: Apache-2.0 */

/* ---- non-maximum suppression ------------------------------------------------------------------- */

/* Boxes x1 y1 x2 y2 in the order of falling scores; the kept ones' numbers into keep, returns how many. */
static int64_t FN(suppress)(const T *boxes, const int64_t *order, int64_t n, double threshold, bool *is_gone, int64_t *keep)
{
    int64_t n_kept = 0;
    for (int64_t a = 0; a < n; a++) {
        const int64_t i = order[a];
        if (is_gone[i]) continue;
        keep[n_kept++] = i;
        const T *p = boxes + 4 * i, area = (p[2] - p[0]) * (p[3] - p[1]);
        for (int64_t b = a + 1; b < n; b++) {
            const int64_t j = order[b];
            if (is_gone[j]) continue;
            const T *q = boxes + 4 * j;
            const T left = p[0] > q[0] ? p[0] : q[0], top = p[1] > q[1] ? p[1] : q[1];
            const T right = p[2] < q[2] ? p[2] : q[2], bottom = p[3] < q[3] ? p[3] : q[3];
            const T w = right - left > 0 ? right - left : 0, h = bottom - top > 0 ? bottom - top : 0;
            const T both = w * h, overlap = both / (area + (q[2] - q[0]) * (q[3] - q[1]) - both);
            is_gone[j] = (double)overlap > threshold;
        }
    }
    return n_kept;
}

/* ---- sampling ---------------------------------------------------------------------------------- */

/* A point of a plane; beyond its border by less than a pixel the border's value, else 0. */
static T FN(sample_clamped)(const T *plane, int64_t height, int64_t width, T y, T x)
{
    if (!(y >= -1 && y <= (T)height && x >= -1 && x <= (T)width)) return 0;
    y = y > 0 ? y : 0;
    x = x > 0 ? x : 0;
    int64_t top = (int64_t)y, left = (int64_t)x, bottom = top + 1, right = left + 1;
    if (top >= height - 1) {
        bottom = top = height - 1;
        y = (T)top;
    }
    if (left >= width - 1) {
        right = left = width - 1;
        x = (T)left;
    }
    const T ly = y - (T)top, lx = x - (T)left, hy = 1 - ly, hx = 1 - lx;
    return hy * hx * plane[top * width + left] + hy * lx * plane[top * width + right] +
           ly * hx * plane[bottom * width + left] + ly * lx * plane[bottom * width + right];
}

/* A point of a plane that is surrounded by zeros. */
static T FN(sample_padded)(const T *plane, int64_t height, int64_t width, T y, T x)
{
    if (!(y > -1 && y < (T)height && x > -1 && x < (T)width)) return 0;
    const int64_t top = (int64_t)C(floor)(y), left = (int64_t)C(floor)(x), bottom = top + 1, right = left + 1;
    const T ly = y - (T)top, lx = x - (T)left, hy = 1 - ly, hx = 1 - lx;
    const T v1 = top >= 0 && left >= 0 ? plane[top * width + left] : 0;
    const T v2 = top >= 0 && right < width ? plane[top * width + right] : 0;
    const T v3 = bottom < height && left >= 0 ? plane[bottom * width + left] : 0;
    const T v4 = bottom < height && right < width ? plane[bottom * width + right] : 0;
    return hy * hx * v1 + hy * lx * v2 + ly * hx * v3 + ly * lx * v4;
}

/* ---- regions of interest ----------------------------------------------------------------------- */

/* The plane that a bin of channel c reads: position-sensitive pooling has one for each bin. */
static const T *FN(plane_of)(const roi_job *job, int64_t image, int64_t c, int64_t bin)
{
    const int64_t channel = job->is_position_sensitive ? c * job->n_bins + bin : c;
    if (job->mapping) job->mapping[job->at * job->channels_out * job->n_bins + c * job->n_bins + bin] = (int32_t)channel;
    return (const T *)job->input + (image * job->channels + channel) * job->height * job->width;
}

/* Mean of a grid of samples in each bin of box k. False: the box would take too many samples. */
static bool FN(align_box)(roi_job *job, const T *box)
{
    const T scale = (T)job->scale, shift = job->is_aligned ? (T)0.5 : 0;
    const T left = box[1] * scale - shift, top = box[2] * scale - shift;
    T w = box[3] * scale - shift - left, h = box[4] * scale - shift - top;
    if (!job->is_aligned) {
        w = w > 1 ? w : 1;
        h = h > 1 ? h : 1;
    }
    const T bin_h = h / (T)job->pooled_h, bin_w = w / (T)job->pooled_w;
    const double grid_h = job->sampling_ratio > 0 ? (double)job->sampling_ratio : (double)C(ceil)(bin_h);
    const double grid_w = job->sampling_ratio > 0 ? (double)job->sampling_ratio : (double)C(ceil)(bin_w);
    if (!(fabs(grid_h) < 65536 && fabs(grid_w) < 65536)) return false;
    const int64_t gh = (int64_t)grid_h, gw = (int64_t)grid_w, count = gh * gw;
    T *out = (T *)job->output + job->at * job->channels_out * job->n_bins;
    for (int64_t c = 0; c < job->channels_out; c++)
        for (int64_t bin = 0; bin < job->n_bins; bin++) {
            const T *plane = FN(plane_of)(job, (int64_t)box[0], c, bin);
            const T y0 = top + (T)(bin / job->pooled_w) * bin_h, x0 = left + (T)(bin % job->pooled_w) * bin_w;
            T sum = 0;
            for (int64_t iy = 0; iy < gh; iy++)
                for (int64_t ix = 0; ix < gw; ix++)
                    sum += FN(sample_clamped)(plane, job->height, job->width,
                                              y0 + ((T)iy + (T)0.5) * bin_h / (T)gh, x0 + ((T)ix + (T)0.5) * bin_w / (T)gw);
            out[c * job->n_bins + bin] = sum / (T)(job->is_position_sensitive || count > 1 ? count : 1);
        }
    return true;
}

static int64_t FN(clamp_to)(T x, int64_t most)
{
    return x > 0 ? (x < (T)most ? (int64_t)x : most) : 0;
}

/* Maximum of the pixels in each bin, and where it stood; position-sensitive: their mean. */
static bool FN(pool_box)(roi_job *job, const T *box)
{
    const T scale = (T)job->scale;
    const T left = C(round)(box[1] * scale), top = C(round)(box[2] * scale);
    const T extra = job->is_position_sensitive ? 0 : 1;
    T w = C(round)(box[3] * scale) - left + extra, h = C(round)(box[4] * scale) - top + extra;
    w = w > 1 ? w : 1;
    h = h > 1 ? h : 1;
    const T bin_h = h / (T)job->pooled_h, bin_w = w / (T)job->pooled_w;
    const int64_t border = job->is_position_sensitive ? 1 : 0; // torchvision leaves the last row and column out there
    for (int64_t c = 0; c < job->channels_out; c++)
        for (int64_t bin = 0; bin < job->n_bins; bin++) {
            const T *plane = FN(plane_of)(job, (int64_t)box[0], c, bin);
            const T ph = (T)(bin / job->pooled_w), pw = (T)(bin % job->pooled_w);
            const int64_t y0 = FN(clamp_to)(C(floor)(ph * bin_h) + top, job->height - border);
            const int64_t y1 = FN(clamp_to)(C(ceil)((ph + 1) * bin_h) + top, job->height - border);
            const int64_t x0 = FN(clamp_to)(C(floor)(pw * bin_w) + left, job->width - border);
            const int64_t x1 = FN(clamp_to)(C(ceil)((pw + 1) * bin_w) + left, job->width - border);
            const bool is_empty = y1 <= y0 || x1 <= x0;
            T most = is_empty ? 0 : -(T)FLT_MAX, sum = 0;
            int64_t where = -1;
            for (int64_t y = y0; y < y1; y++)
                for (int64_t x = x0; x < x1; x++) {
                    const int64_t at = y * job->width + x;
                    sum += plane[at];
                    if (plane[at] > most) {
                        most = plane[at];
                        where = at;
                    }
                }
            const int64_t at = (job->at * job->channels_out + c) * job->n_bins + bin;
            const T mean = is_empty ? 0 : sum / (T)((y1 - y0) * (x1 - x0));
            ((T *)job->output)[at] = job->is_position_sensitive ? mean : most;
            if (!job->is_position_sensitive) job->argmax[at] = (int32_t)where;
        }
    return true;
}

/* ---- deformable convolution -------------------------------------------------------------------- */

/* One image as columns: row (c, i, j) holds what weight (c, i, j) meets at each output position. */
static void FN(deform_columns)(const deform_job *job, const T *image, const T *offsets, const T *mask, T *columns)
{
    const int64_t n_out = job->out_h * job->out_w, taps = job->kernel_h * job->kernel_w;
    const int64_t per_group = job->channels / job->offset_groups;
    for (int64_t row = 0; row < job->channels * taps; row++) {
        const int64_t c = row / taps, tap = row % taps, group = c / per_group;
        const int64_t i = tap / job->kernel_w, j = tap % job->kernel_w;
        const T *plane = image + c * job->height * job->width;
        const T *dy = offsets + (group * 2 * taps + 2 * tap) * n_out, *dx = dy + n_out;
        const T *weight = mask ? mask + (group * taps + tap) * n_out : NULL;
        for (int64_t at = 0; at < n_out; at++) {
            const int64_t y0 = at / job->out_w * job->stride_h - job->pad_h + i * job->dilation_h;
            const int64_t x0 = at % job->out_w * job->stride_w - job->pad_w + j * job->dilation_w;
            const T v = FN(sample_padded)(plane, job->height, job->width, (T)y0 + dy[at], (T)x0 + dx[at]);
            columns[row * n_out + at] = weight ? weight[at] * v : v;
        }
    }
}
