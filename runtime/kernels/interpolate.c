/* torch.nn.functional.interpolate as one operator, and its older names: chooses a resampling by
 * mode and rank (torch/csrc/jit/runtime/register_special_ops.cpp, torch/nn/functional.py). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/upsample.h"

#include "ir/type.h"

#include <math.h>
#include <string.h>

typedef struct interpolate_call {
    tensor *x;
    jit_value size, factor; /* None, a number or a list */
    const char *mode;
    jit_value align_corners, recompute;
    bool antialias;
} interpolate_call;

typedef struct mode_row {
    const char *name;
    int n; /* spatial dimensions, 0: any */
    upsample_mode mode;
    bool has_corners;
} mode_row;
static const mode_row modes[] = {
    { "nearest", 0, UPSAMPLE_NEAREST, false },
    { "nearest-exact", 0, UPSAMPLE_NEAREST_EXACT, false },
    { "linear", 1, UPSAMPLE_LINEAR, true },
    { "bilinear", 2, UPSAMPLE_LINEAR, true },
    { "trilinear", 3, UPSAMPLE_LINEAR, true },
    { "bicubic", 2, UPSAMPLE_CUBIC, true },
};

/* Number i of a value that is one number for all dimensions or a list of n. */
static bool number_of(op_ctx *cx, jit_value v, int i, int n, double *ret)
{
    if (v.tag == VALUE_LIST && (int)v.list->n != n)
        return OP_FAIL(cx,
                       "Input and output must have the same number of spatial dimensions, but got "
                       "input with spatial "
                       "dimensions of %d and output size of %zu elements. Please provide input "
                       "tensor in (N, C, d1, d2, "
                       "...,dK) format and output size in (o1, o2, ...,oK) format.",
                       n, v.list->n);
    if (v.tag != VALUE_LIST)
        *ret = arg_double(v);
    else
        *ret = v.list->storage == LIST_FLOATS ? v.list->floats[i] : (double)v.list->ints[i];
    return true;
}

static bool read_target(op_ctx *cx, const interpolate_call *in, upsample_call *call)
{
    const bool recomputes = in->recompute.tag != VALUE_NONE && arg_bool(in->recompute);
    if ((in->size.tag == VALUE_NONE) == (in->factor.tag == VALUE_NONE))
        return OP_FAIL(cx, in->size.tag == VALUE_NONE
                               ? "either size or scale_factor should be defined"
                               : "only one of size or scale_factor should be defined");
    if (recomputes && in->size.tag != VALUE_NONE)
        return OP_FAIL(cx, "recompute_scale_factor is not meaningful with an explicit size.");
    for (int i = 0; i < NN_DIMS; i++) {
        const int k = i - (NN_DIMS - call->n);
        double number, size;
        call->out[i] = 1;
        if (k < 0)
            continue;
        if (!number_of(cx, in->size.tag == VALUE_NONE ? in->factor : in->size, k, call->n, &number))
            return false;
        size = in->size.tag == VALUE_NONE ? floor((double)in->x->sizes[2 + k] * number) : number;
        if (!(size >= 0 && size <= INT32_MAX))
            return OP_FAIL(cx, "output size %g is out of range", size);
        call->out[i] = (int64_t)size;
        if (in->size.tag == VALUE_NONE && !recomputes)
            call->scales[i] = number;
    }
    return true;
}

static bool average_area(op_ctx *cx, const interpolate_call *in, const upsample_call *call,
                         jit_value *rets)
{
    static const op_id ids[] = { OP_NONE, OP_aten_adaptive_avg_pool1d, OP_aten_adaptive_avg_pool2d,
                                 OP_aten_adaptive_avg_pool3d };
    list *sizes = list_new(T_INT, LIST_INTS, (size_t)call->n);
    bool ok = sizes != NULL || op_no_memory(cx);
    for (int i = NN_DIMS - call->n; ok && i < NN_DIMS; i++)
        ok = list_push(sizes, VALUE_INT_V(call->out[i])) || op_no_memory(cx);
    const jit_value args[] = { TENSOR(in->x), VALUE_HEAP_V(VALUE_LIST, sizes) };
    ok = ok && kernel_call(cx, ids[call->n], args, rets);
    value_unref(args[1]);
    return ok;
}

static bool interpolate(op_ctx *cx, const interpolate_call *in, jit_value *rets)
{
    upsample_call call = { .name = "upsample", .n = in->x->n_dims - 2 };
    const mode_row *row = NULL;
    const bool is_area = strcmp(in->mode, "area") == 0;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i].name, in->mode) == 0)
            row = &modes[i];
    if (in->align_corners.tag != VALUE_NONE && (is_area || (row && !row->has_corners)))
        return OP_FAIL(cx, "align_corners option can only be set with the interpolating modes: "
                           "linear | bilinear | bicubic | "
                           "trilinear");
    if ((!row && !is_area) || call.n < 1 || call.n > NN_DIMS || (row && row->n && row->n != call.n))
        return OP_FAIL(cx,
                       "Input Error: Only 3D, 4D and 5D input Tensors supported (got %dD) for the "
                       "modes: nearest | linear "
                       "| bilinear | bicubic | trilinear | area | nearest-exact (got %s)",
                       in->x->n_dims, in->mode);
    if (!read_target(cx, in, &call))
        return false;
    if (is_area)
        return average_area(cx, in, &call, rets);
    call.mode = row->mode;
    call.align_corners = in->align_corners.tag != VALUE_NONE && arg_bool(in->align_corners);
    if (in->antialias) {
        if (call.n != 2 || !row->has_corners)
            return OP_FAIL(cx,
                           "Anti-alias option is only supported for bilinear and bicubic modes");
        call.mode = call.mode == UPSAMPLE_LINEAR ? UPSAMPLE_LINEAR_AA : UPSAMPLE_CUBIC_AA;
    }
    return give_tensor(upsample(cx, &call, in->x), rets);
}

bool op_interpolate(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const interpolate_call in = { args[0].t, args[1], args[2],          args[3].s->s,
                                  args[4],   args[5], arg_bool(args[6]) };
    return interpolate(cx, &in, rets);
}

bool op_upsample(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const interpolate_call in = { args[0].t, args[1],      args[2], args[3].s->s,
                                  args[4],   VALUE_NONE_V, false };
    return interpolate(cx, &in, rets);
}

bool op_upsample_nearest(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const interpolate_call in = { args[0].t,    args[1],      args[2], "nearest",
                                  VALUE_NONE_V, VALUE_NONE_V, false };
    return interpolate(cx, &in, rets);
}

bool op_upsample_bilinear(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const interpolate_call in = { args[0].t,          args[1],      args[2], "bilinear",
                                  VALUE_BOOL_V(true), VALUE_NONE_V, false };
    return interpolate(cx, &in, rets);
}
