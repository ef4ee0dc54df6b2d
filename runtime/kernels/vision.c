/* torchvision's operators: non-maximum suppression, pooling over regions of interest, deformable convolution
 * (torchvision/csrc/ops/cpu). Boxes are [K, 5]: the image's number and x1 y1 x2 y2 in the input's coordinates. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/formula.h"
#include "runtime/kernels/nn.h"
#include "runtime/kernels/result.h"

#include "base/alloc.h"

#include <float.h>
#include <math.h>

typedef struct roi_job {
    const void *input;      /* [*, channels, height, width] */
    void *output;           /* [K, channels_out, pooled_h, pooled_w] */
    int32_t *mapping, *argmax; /* as output; one of them, or neither */
    int64_t channels, height, width, channels_out, pooled_h, pooled_w, n_bins, sampling_ratio;
    int64_t at;             /* the box under work */
    double scale;
    bool is_aligned, is_position_sensitive;
} roi_job;

typedef struct deform_job {
    int64_t channels, height, width, out_h, out_w, kernel_h, kernel_w;
    int64_t stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups, offset_groups;
} deform_job;

#define T        float
#define C(name)  name##f
#define FN(name) name##_f32
#include "runtime/kernels/vision_loops.h"
#undef T
#undef C
#undef FN
#define T        double
#define C(name)  name
#define FN(name) name##_f64
#include "runtime/kernels/vision_loops.h"
#undef T
#undef C
#undef FN

/* ---- nms --------------------------------------------------------------------------------------- */

static bool check_nms(op_ctx *cx, const tensor *dets, const tensor *scores)
{
    if (dets->n_dims != 2) return OP_FAIL(cx, "boxes should be a 2d tensor, got %dD", dets->n_dims);
    if (dets->sizes[1] != 4)
        return OP_FAIL(cx, "boxes should have 4 elements in dimension 1, got %lld", (long long)dets->sizes[1]);
    if (scores->n_dims != 1) return OP_FAIL(cx, "scores should be a 1d tensor, got %dD", scores->n_dims);
    if (dets->sizes[0] != scores->sizes[0])
        return OP_FAIL(cx, "boxes and scores should have same number of elements in dimension 0, got %lld and %lld",
                       (long long)dets->sizes[0], (long long)scores->sizes[0]);
    if (dets->dtype != scores->dtype) return OP_FAIL(cx, "dets should have the same type as scores");
    return nn_check_float(cx, dets, "nms_kernel");
}

/* dets scores iou_threshold */
bool op_nms(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *dets = args[0].t, *sorted[2] = { NULL, NULL };
    if (!check_nms(cx, dets, args[1].t)) return false;
    formula f = { .cx = cx };
    const int64_t n = dets->sizes[0];
    const bool is_single = nn_compute(tensor_dtype(dets)) == DTYPE_float32;
    tensor *boxes = formula_own(&f, tensor_contiguous_as(cx, dets, nn_compute(tensor_dtype(dets))));
    formula_op_n(&f, OP_aten_sort_stable, (jit_value[]){ args[1], BOOL_V(true), INT_V(0), BOOL_V(true) }, 4, sorted, 2);
    tensor *order = f.failed ? NULL : formula_own(&f, tensor_contiguous(cx, sorted[1]));
    tensor *keep = formula_own(&f, make_tensor(cx, DTYPE_int64, &n, 1));
    bool *is_gone = mem_calloc((size_t)n + 1, sizeof *is_gone);
    if (!is_gone) op_no_memory(cx);
    if (f.failed || !is_gone) {
        mem_free(is_gone);
        return formula_drop(&f);
    }
    const int64_t n_kept = is_single ? suppress_f32(tensor_data(boxes), tensor_data(order), n, args[2].f, is_gone, tensor_data(keep))
                                     : suppress_f64(tensor_data(boxes), tensor_data(order), n, args[2].f, is_gone, tensor_data(keep));
    mem_free(is_gone);
    keep = F_(&f, aten_narrow, T_V(keep), INT_V(0), INT_V(0), INT_V(n_kept));
    return formula_give(&f, keep ? formula_own(&f, tensor_clone(cx, keep)) : NULL, rets);
}

bool op_vision_cuda_version(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx, (void)args;
    return ret_int(rets, -1);
}

/* ---- regions of interest ----------------------------------------------------------------------- */

typedef enum roi_kind { ROI_ALIGN, ROI_POOL, ROI_PS_ALIGN, ROI_PS_POOL } roi_kind;

static bool check_rois(op_ctx *cx, const roi_job *job, const tensor *x, const tensor *rois)
{
    if (x->n_dims != 4) return OP_FAIL(cx, "input must have shape as Tensor[N, C, H, W]");
    if (rois->n_dims != 2 || rois->sizes[1] != 5) return OP_FAIL(cx, "rois must have shape as Tensor[K, 5]");
    if (x->dtype != rois->dtype) return OP_FAIL(cx, "Expected tensor for 'input' to have the same type as tensor for 'rois'");
    if (job->pooled_h < 1 || job->pooled_w < 1 || job->pooled_h > INT32_MAX || job->pooled_w > INT32_MAX)
        return OP_FAIL(cx, "pooled size %lldx%lld is not positive", (long long)job->pooled_h, (long long)job->pooled_w);
    if (job->is_position_sensitive && x->sizes[1] % (job->pooled_h * job->pooled_w) != 0)
        return OP_FAIL(cx, "input channels must be a multiple of pooling height * pooling width");
    return nn_check_float(cx, x, "roi_forward_kernel");
}

static bool check_images(op_ctx *cx, const tensor *rois, int64_t n_images)
{
    for (int64_t k = 0; k < rois->sizes[0]; k++) {
        const double image = element_load_double(tensor_dtype(rois), (char *)tensor_data(rois) + 5 * k * (int64_t)dtype_size(tensor_dtype(rois)));
        if (!(image > -1 && image < (double)n_images))
            return OP_FAIL(cx, "roi %lld is of image %g, but there are %lld", (long long)k, image, (long long)n_images);
    }
    return true;
}

static bool run_boxes(op_ctx *cx, roi_job *job, bool is_pool, const tensor *rois)
{
    const bool is_single = tensor_dtype(rois) == DTYPE_float32;
    for (int64_t k = 0; k < rois->sizes[0]; k++) {
        const float *single = (const float *)tensor_data(rois) + 5 * k;
        const double *twice = (const double *)tensor_data(rois) + 5 * k;
        job->at = k;
        const bool ok = is_pool ? (is_single ? pool_box_f32(job, single) : pool_box_f64(job, twice))
                                : (is_single ? align_box_f32(job, single) : align_box_f64(job, twice));
        if (!ok) return OP_FAIL(cx, "roi %lld is too large to be sampled", (long long)k);
    }
    return true;
}

/* input rois spatial_scale pooled_height pooled_width … */
static bool run_roi(op_ctx *cx, roi_job *job, roi_kind kind, const jit_value *args, jit_value *rets)
{
    tensor *x = args[0].t, *rois = args[1].t;
    formula f = { .cx = cx };
    job->is_position_sensitive = kind == ROI_PS_ALIGN || kind == ROI_PS_POOL;
    job->scale = args[2].f;
    job->pooled_h = args[3].i;
    job->pooled_w = args[4].i;
    if (!check_rois(cx, job, x, rois)) return false;
    const dtype given = tensor_dtype(x), compute = nn_compute(given);
    job->n_bins = job->pooled_h * job->pooled_w;
    job->channels = x->sizes[1];
    job->height = x->sizes[2];
    job->width = x->sizes[3];
    job->channels_out = job->is_position_sensitive ? x->sizes[1] / job->n_bins : x->sizes[1];
    const int64_t sizes[] = { rois->sizes[0], job->channels_out, job->pooled_h, job->pooled_w };
    x = formula_own(&f, tensor_contiguous_as(cx, x, compute));
    rois = formula_own(&f, tensor_contiguous_as(cx, rois, compute));
    tensor *y = formula_own(&f, make_tensor(cx, compute, sizes, 4));
    tensor *extra = kind == ROI_ALIGN ? NULL : formula_own(&f, make_tensor(cx, DTYPE_int32, sizes, 4));
    if (f.failed || !check_images(cx, rois, x->sizes[0])) return formula_drop(&f);
    job->input = tensor_data(x);
    job->output = tensor_data(y);
    if (extra && kind == ROI_POOL) job->argmax = tensor_data(extra);
    else if (extra) job->mapping = tensor_data(extra);
    if (job->height * job->width > 0 || y->numel == 0) {
        if (y->numel && !run_boxes(cx, job, kind == ROI_POOL || kind == ROI_PS_POOL, rois)) return formula_drop(&f);
    } else {
        OP_FAIL(cx, "input must have pixels");
        return formula_drop(&f);
    }
    y = formula_own(&f, tensor_to(cx, y, given));
    return extra ? formula_give_n(&f, (tensor *[]){ y, extra }, 2, rets) : formula_give(&f, y, rets);
}

bool op_roi_align(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    roi_job job = { .sampling_ratio = args[5].i, .is_aligned = arg_bool(args[6]) };
    return run_roi(cx, &job, ROI_ALIGN, args, rets);
}

bool op_roi_pool(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    roi_job job = { 0 };
    return run_roi(cx, &job, ROI_POOL, args, rets);
}

bool op_ps_roi_align(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    roi_job job = { .sampling_ratio = args[5].i, .is_aligned = true };
    return run_roi(cx, &job, ROI_PS_ALIGN, args, rets);
}

bool op_ps_roi_pool(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    roi_job job = { 0 };
    return run_roi(cx, &job, ROI_PS_POOL, args, rets);
}

/* ---- deformable convolution -------------------------------------------------------------------- */

static bool check_steps(op_ctx *cx, const deform_job *j)
{
    const int64_t *steps[] = { &j->stride_h, &j->stride_w, &j->dilation_h, &j->dilation_w, &j->groups, &j->offset_groups };
    for (int i = 0; i < 6; i++)
        if (*steps[i] < 1 || *steps[i] > INT32_MAX)
            return OP_FAIL(cx, "deform_conv2d: strides, dilations and groups must be positive");
    if (j->pad_h < 0 || j->pad_w < 0 || j->pad_h > INT32_MAX || j->pad_w > INT32_MAX)
        return OP_FAIL(cx, "pad_h: %lld pad_w: %lld", (long long)j->pad_h, (long long)j->pad_w);
    return true;
}

static bool check_deform(op_ctx *cx, const deform_job *j, const jit_value *args, bool use_mask)
{
    const tensor *x = args[0].t, *w = args[1].t, *offset = args[2].t, *mask = args[3].t, *bias = args[4].t;
    const int64_t taps = j->kernel_h * j->kernel_w;
    if (w->sizes[1] * j->groups != j->channels || w->sizes[0] % j->groups != 0)
        return OP_FAIL(cx, "deform_conv2d: weight of size %s does not suit %lld channels in %lld groups",
                       sizes_print(w->sizes, 4).s, (long long)j->channels, (long long)j->groups);
    if (j->channels % j->offset_groups != 0 || offset->n_dims != 4 || offset->sizes[1] != 2 * j->offset_groups * taps)
        return OP_FAIL(cx, "offset.shape[1] is not valid: got: %lld expected: %lld",
                       (long long)(offset->n_dims == 4 ? offset->sizes[1] : 0), (long long)(2 * j->offset_groups * taps));
    if (use_mask && (mask->n_dims != 4 || mask->sizes[1] != j->offset_groups * taps))
        return OP_FAIL(cx, "mask.shape[1] is not valid: got: %lld expected: %lld",
                       (long long)(mask->n_dims == 4 ? mask->sizes[1] : 0), (long long)(j->offset_groups * taps));
    if (j->out_h < 1 || j->out_w < 1)
        return OP_FAIL(cx, "Calculated output size too small - out_h: %lld out_w: %lld", (long long)j->out_h, (long long)j->out_w);
    if (offset->sizes[0] != x->sizes[0] || offset->sizes[2] != j->out_h || offset->sizes[3] != j->out_w)
        return OP_FAIL(cx, "offset output dims: (%lld, %lld) - computed output dims: (%lld, %lld)", (long long)offset->sizes[2],
                       (long long)offset->sizes[3], (long long)j->out_h, (long long)j->out_w);
    if (use_mask && (mask->sizes[0] != x->sizes[0] || mask->sizes[2] != j->out_h || mask->sizes[3] != j->out_w))
        return OP_FAIL(cx, "mask output dims: (%lld, %lld) - computed output dims: (%lld, %lld)", (long long)mask->sizes[2],
                       (long long)mask->sizes[3], (long long)j->out_h, (long long)j->out_w);
    return (bias->n_dims == 1 && bias->sizes[0] == w->sizes[0]) || OP_FAIL(cx, "invalid bias shape: got: %s",
                                                                          sizes_print(bias->sizes, bias->n_dims).s);
}

/* weight [groups, out / groups, rows] times columns [groups, rows, positions]: one image of the result. */
static bool multiply_columns(formula *f, const deform_job *j, tensor *w, tensor *columns, tensor *y, int64_t image)
{
    const int64_t n_out = j->out_h * j->out_w, rows = j->channels * j->kernel_h * j->kernel_w / j->groups;
    tensor *grouped = F_(f, aten_view, T_V(columns), F_INTS(f, j->groups, rows, n_out));
    tensor *product = F_(f, aten_bmm, T_V(w), T_V(grouped));
    tensor *target = F_(f, aten_select_int, T_V(y), INT_V(0), INT_V(image));
    product = F_(f, aten_view_as, T_V(product), T_V(target));
    return product && tensor_copy_into(f->cx, target, product);
}

static void make_columns(const deform_job *j, const tensor *x, const tensor *offset, const tensor *mask, int64_t image, tensor *columns)
{
    const int64_t n_out = j->out_h * j->out_w, taps = j->kernel_h * j->kernel_w;
    const int64_t x_at = image * j->channels * j->height * j->width, o_at = image * 2 * j->offset_groups * taps * n_out;
    const int64_t m_at = image * j->offset_groups * taps * n_out;
    if (tensor_dtype(x) == DTYPE_float32)
        deform_columns_f32(j, (const float *)tensor_data(x) + x_at, (const float *)tensor_data(offset) + o_at,
                           mask ? (const float *)tensor_data(mask) + m_at : NULL, tensor_data(columns));
    else
        deform_columns_f64(j, (const double *)tensor_data(x) + x_at, (const double *)tensor_data(offset) + o_at,
                           mask ? (const double *)tensor_data(mask) + m_at : NULL, tensor_data(columns));
}

static tensor *deform_convolve(formula *f, const deform_job *j, const jit_value *args, bool use_mask)
{
    op_ctx *cx = f->cx;
    const dtype given = tensor_dtype(args[0].t), compute = nn_compute(given);
    tensor *x = formula_own(f, tensor_contiguous_as(cx, args[0].t, compute));
    tensor *w = formula_own(f, tensor_contiguous_as(cx, args[1].t, compute));
    tensor *offset = formula_own(f, tensor_contiguous_as(cx, args[2].t, compute));
    tensor *mask = use_mask ? formula_own(f, tensor_contiguous_as(cx, args[3].t, compute)) : NULL;
    const int64_t n_out = j->out_h * j->out_w, rows = j->channels * j->kernel_h * j->kernel_w, filters = args[1].t->sizes[0];
    const int64_t sizes[] = { args[0].t->sizes[0], filters, j->out_h, j->out_w };
    tensor *y = formula_own(f, make_tensor(cx, compute, sizes, 4));
    w = F_(f, aten_view, T_V(w), F_INTS(f, j->groups, filters / j->groups, rows / j->groups));
    tensor *columns = formula_own(f, make_tensor(cx, compute, (int64_t[]){ rows, n_out }, 2));
    for (int64_t image = 0; image < sizes[0] && !f->failed; image++) {
        formula step = { .cx = cx };
        make_columns(j, x, offset, mask, image, columns);
        const bool ok = multiply_columns(&step, j, w, columns, y, image);
        formula_drop(&step);
        if (!ok) return NULL;
    }
    tensor *bias = F_(f, aten_view, args[4], F_INTS(f, 1, filters, 1, 1));
    y = F_(f, aten_add_Tensor, T_V(y), T_V(bias), INT_V(1));
    return f->failed ? NULL : formula_own(f, tensor_to(cx, y, given));
}

/* input weight offset mask bias, then stride, pad, dilation (h and w each), groups, offset_groups, use_mask */
bool op_deform_conv2d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *x = args[0].t, *w = args[1].t;
    const bool use_mask = arg_bool(args[13]);
    if (x->n_dims != 4 || w->n_dims != 4) return OP_FAIL(cx, "deform_conv2d: input and weight must be 4-dimensional");
    for (int k = 1; k < (use_mask ? 5 : 3); k++)
        if (args[k].t->dtype != x->dtype) return OP_FAIL(cx, "deform_conv2d: operands must have the same dtype");
    if (!nn_check_float(cx, x, "deformable_im2col")) return false;
    deform_job j = { x->sizes[1], x->sizes[2], x->sizes[3], 0, 0, w->sizes[2], w->sizes[3], args[5].i, args[6].i, args[7].i,
                     args[8].i, args[9].i, args[10].i, args[11].i, args[12].i };
    if (!check_steps(cx, &j)) return false;
    if (j.kernel_h < 1 || j.kernel_w < 1)
        return OP_FAIL(cx, "weight_h: %lld weight_w: %lld", (long long)j.kernel_h, (long long)j.kernel_w);
    j.out_h = (j.height + 2 * j.pad_h - (j.dilation_h * (j.kernel_h - 1) + 1)) / j.stride_h + 1;
    j.out_w = (j.width + 2 * j.pad_w - (j.dilation_w * (j.kernel_w - 1) + 1)) / j.stride_w + 1;
    if (!check_deform(cx, &j, args, use_mask)) return false;
    formula f = { .cx = cx };
    tensor *y = deform_convolve(&f, &j, args, use_mask);
    return y ? formula_give(&f, y, rets) : formula_drop(&f);
}
