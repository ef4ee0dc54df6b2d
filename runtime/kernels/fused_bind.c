/* Binding the steps of a group to tensors; see fused_bind.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/fused_bind.h"

#include "base/alloc.h"
#include "runtime/kernels/iter.h"
#include "runtime/kernels/nn.h"

#include <stdatomic.h>
#include <string.h>

bool fused_writes(op_id op)
{
    const op_info *info = op_get_info(op);
    return info->variant == OP_INPLACE && pointwise_needs_no_data((op_id)info->base);
}

bool fused_takes(op_id op)
{
    return pointwise_needs_no_data(op) || fused_writes(op) || rows_take(op) || op == OP_aten_to_dtype || op == OP_aten_batch_norm || op == OP_aten_sum ||
           op == OP_aten_mean || loss_has_row(op);
}

/* ---- operands ------------------------------------------------------------------------------------ */
static void note_type(fused_space *s, dtype d)
{
    if (dtype_size(d) > dtype_size(s->widest)) s->widest = d;
}

/* May v be an operand? Tensors have to be of the CPU, real, not quantized and without a gradient to record. */
static bool fits(fused_binding *b, jit_value v)
{
    if (v.tag != VALUE_TENSOR) return v.tag == VALUE_INT || v.tag == VALUE_FLOAT || v.tag == VALUE_BOOL;
    const tensor *t = v.t;
    if (dtype_is_complex(tensor_dtype(t)) || dtype_is_quantized(tensor_dtype(t))) return false;
    note_type(&b->space, tensor_dtype(t));
    const int step = fused_header_step(b, t);
    if (step >= 0) return b->steps[step].kind != FUSED_TOTAL || b->steps[step].reduction == FUSED_REDUCE_NONE;
    return (!t->is_wrapped_number && !t->requires_grad && t->store->dev.kind == DEVICE_CPU);
}

/* Argument i of step k: from outside, or the header of the value it has now. */
static jit_value argument(fused_binding *b, int k, int i)
{
    const fused_step *step = &b->group->steps[k];
    if (!fused_is_inner(b->group, b->first, k, i)) return fused_outer(b, k, i);
    return VALUE_HEAP_V(VALUE_TENSOR, &b->headers[step->writers[i] >= b->first ? step->writers[i] : -1 - step->args[i]]);
}

/* ---- sizes ----------------------------------------------------------------------------------------- */
static bool same_sizes(const int64_t *a, int n_a, const int64_t *b, int n_b)
{
    return n_a == n_b && (a == b || memcmp(a, b, (size_t)n_a * sizeof *a) == 0);
}

/* What the operands broadcast to. false: they do not, and an error says so. */
static bool broadcast_operands(const fused_binding *b, const fused_bound *s, int64_t *sizes, int *ret_n_dims)
{
    op_ctx cx = { .run = b->run };
    *ret_n_dims = 0;
    for (int k = 0; k < s->n_operands; k++) {
        const jit_value v = s->operands[k];
        if (v.tag == VALUE_TENSOR && !broadcast_sizes(&cx, sizes, ret_n_dims, v.t->sizes, v.t->n_dims)) return false;
    }
    return true;
}

/* The first step decides what the space is. */
static bool make_space(fused_binding *b, const int64_t *sizes, int n_dims)
{
    fused_space *s = &b->space;
    s->n_dims = n_dims;
    s->numel = 1;
    for (int i = 0; i < n_dims; i++) s->numel *= sizes[i];
    if (n_dims == 0 || s->numel == 0 || (b->run->max_tensor_elements && s->numel > b->run->max_tensor_elements)) return false;
    const size_t n_bytes = (size_t)n_dims * sizeof *sizes;
    memcpy(s->sizes, sizes, n_bytes);
    memcpy(s->narrow_sizes, sizes, n_bytes);
    s->narrow_sizes[n_dims - 1] = 1;
    return true;
}

/* ---- memory order ----------------------------------------------------------------------------------- */
/* Does memory run through the dimensions of t in the order of the space? Then results lie like the space whatever is
 * broadcast. */
static bool runs_in_order(const fused_space *s, const tensor *t)
{
    int64_t outer = INT64_MAX;
    for (int k = 0; k < s->n_dims; k++) {
        const int i = (s->is_permuted ? s->order[k] : k) - (s->n_dims - t->n_dims);
        if (i < 0 || t->sizes[i] == 1 || t->strides[i] == 0) continue;
        if (t->strides[i] > outer) return false;
        outer = t->strides[i];
    }
    return true;
}

/* The tensors from outside among the operands. */
static int outer_operands(const fused_binding *b, const fused_bound *s, tensor **ret)
{
    int n = 0;
    for (int k = 0; k < s->n_operands; k++)
        if (s->operands[k].tag == VALUE_TENSOR && fused_header_step(b, s->operands[k].t) < 0) ret[n++] = s->operands[k].t;
    return n;
}

/* The order of the space, which is that of the first step's result. */
static void find_memory_order(fused_binding *b, const fused_bound *s)
{
    fused_space *space = &b->space;
    tensor *outer[PW_MAX_OPERANDS];
    const int n = outer_operands(b, s, outer), last = space->n_dims - 1;
    bool in_order = true;
    space->is_permuted = false; // is asked for by runs_in_order
    for (int k = 0; k < n; k++) in_order = in_order && runs_in_order(space, outer[k]);
    if (in_order) {
        tensor_contiguous_strides(space->sizes, space->n_dims, space->strides);
        return;
    }
    int order[TENSOR_MAX_DIMS];
    int64_t next = 1;
    iter_order_dims(outer, n, space->sizes, space->n_dims, order);
    space->is_permuted = true;
    for (int k = 0; k <= last; k++) {
        space->order[last - k] = (uint8_t)order[k];
        space->walked_sizes[last - k] = space->sizes[order[k]];
        space->strides[order[k]] = next;
        next *= space->sizes[order[k]];
    }
}

/* Do the operands of step k lie in the order of the space? The first step decides what that is. */
static bool order_fits(fused_binding *b, int k, const fused_bound *s)
{
    tensor *outer[PW_MAX_OPERANDS];
    if (k == b->first) find_memory_order(b, s);
    const int n = outer_operands(b, s, outer);
    for (int i = 0; i < n; i++)
        if (!runs_in_order(&b->space, outer[i])) return false;
    if (!b->space.is_permuted || s->kind == FUSED_POINTWISE || s->kind == FUSED_CONVERT) return true;
    return s->kind == FUSED_BATCH_NORM && tensor_is_channels_last(s->operands[0].t); // from other orders it makes contiguous results
}

bool fused_lies_flat(const fused_space *s, const tensor *t)
{
    if (t->numel != s->numel || t->n_dims > s->n_dims) return false;
    if (!s->is_permuted) return tensor_is_contiguous(t);
    if (t->n_dims != s->n_dims) return false;
    for (int i = 0; i < t->n_dims; i++)
        if (t->sizes[i] != 1 && t->strides[i] != s->strides[i]) return false;
    return true;
}

static int64_t max_cols(const fused_space *s)
{
    return TILES_ROW_BYTES / (int64_t)dtype_size(s->widest);
}

/* Rows become the last n_inner dimensions. false: the steps before have others, or rows are too long for a tile. */
static bool set_rows(fused_space *s, int n_inner)
{
    if (s->n_inner || s->has_totals) return s->n_inner == n_inner;
    int64_t cols = 1;
    for (int i = s->n_dims - n_inner; i < s->n_dims; i++) cols *= s->sizes[i];
    if (cols < 2 || cols > max_cols(s)) return false;
    s->n_inner = n_inner;
    s->cols = cols;
    return true;
}

/* The width of a value of these sizes. false: it is none of the space's. */
static bool find_width(const fused_space *s, const int64_t *sizes, int n_dims, fused_width *ret)
{
    if (same_sizes(sizes, n_dims, s->sizes, s->n_dims)) *ret = FUSED_WIDE;
    else if (s->n_inner == 1 && same_sizes(sizes, n_dims, s->narrow_sizes, s->n_dims)) *ret = FUSED_NARROW;
    else if (s->n_inner == 1 && same_sizes(sizes, n_dims, s->sizes, s->n_dims - 1)) *ret = FUSED_DROPPED;
    else return false;
    return true;
}

/* A dropped value among wider ones is broadcast along other dimensions than its rows', unless it has none. */
static bool mixes_dropped(const fused_binding *b, const fused_bound *s)
{
    for (int k = 0; k < s->n_operands; k++) {
        const int step = s->operands[k].tag == VALUE_TENSOR ? fused_header_step(b, s->operands[k].t) : -1;
        if (step >= 0 && b->steps[step].width == FUSED_DROPPED && b->headers[step].n_dims > 0) return true;
    }
    return false;
}

/* The usual case: all operands wide, or numbers. */
static bool all_wide(const fused_space *space, const fused_bound *s)
{
    bool any = false;
    for (int k = 0; k < s->n_operands; k++) {
        if (s->operands[k].tag != VALUE_TENSOR) continue;
        const tensor *t = s->operands[k].t;
        if (t->n_dims && !same_sizes(t->sizes, t->n_dims, space->sizes, space->n_dims)) return false;
        any |= t->n_dims > 0;
    }
    return any;
}

/* The width of a step without rows, from its operands. */
static bool place(fused_binding *b, int k, fused_bound *s)
{
    s->width = FUSED_WIDE;
    if (k > b->first && all_wide(&b->space, s)) return true;
    int64_t sizes[TENSOR_MAX_DIMS];
    int n_dims;
    fused_width width;
    if (!broadcast_operands(b, s, sizes, &n_dims) || (k == b->first && !make_space(b, sizes, n_dims)) ||
        !find_width(&b->space, sizes, n_dims, &width) || (width != FUSED_DROPPED && mixes_dropped(b, s)))
        return false;
    s->width = width;
    return true;
}

/* ---- the kinds of steps ---------------------------------------------------------------------------- */
/* `self`: what it writes to, or NULL. */
static bool bind_pointwise(fused_binding *b, op_ctx *cx, const jit_value *args, tensor *self, fused_bound *s)
{
    pw_call call;
    const bool divides = pointwise_divides(cx->op);
    for (uint32_t k = 0; k < cx->n_args; k++)
        if (args[k].tag == VALUE_TENSOR && (!fits(b, args[k]) || (divides && !dtype_is_float(tensor_dtype(args[k].t)))))
            return false;
    if (cx->op == OP_aten_masked_fill_Tensor && fused_header_step(b, args[2].t) >= 0) return false; // reads the number
    if (!pointwise_begin_into(cx, args, self, false, &call)) return false;
    s->row = call.row;
    s->n_operands = (uint8_t)pointwise_n_operands(call.row);
    for (int k = 0; k < s->n_operands; k++) {
        s->operands[k].tag = call.operands[k].tag; // member by member: a wide load of fresh narrow stores stalls
        s->operands[k].i = call.operands[k].i;
        if (call.operands[k].tag != VALUE_TENSOR && !fits(b, call.operands[k])) return false;
    }
    return pointwise_types(&call, &s->types);
}

/* May memory of t be written while what the steps up to k have read is still to be read? Only as t itself. */
static bool may_write(fused_binding *b, int k, const tensor *t)
{
    for (int j = b->first; j <= k; j++)
        for (int i = 0; i < b->group->steps[j].n_args; i++) {
            const jit_value v = argument(b, j, i);
            if (v.tag == VALUE_TENSOR && v.t != t && v.t->store == t->store) return false;
        }
    return true;
}

/* A step that writes to its first argument: a value of earlier steps, or a tensor from outside that lies as the program
 * walks. It keeps the type. */
static bool bind_in_place(fused_binding *b, int k, tensor *self, fused_bound *s)
{
    const int step = fused_header_step(b, self);
    if (!pointwise_may_store(s->row, s->types.result, tensor_dtype(self))) return false;
    s->types.result = tensor_dtype(self);
    if (step >= 0) {
        s->object = b->steps[step].object;
        return s->width == b->steps[step].width;
    }
    s->into = self;
    return s->width == FUSED_WIDE && same_sizes(self->sizes, self->n_dims, b->space.sizes, b->space.n_dims) &&
           fused_lies_flat(&b->space, self) && may_write(b, k, self);
}

/* self, dtype, non_blocking, copy, memory_format. A tensor that has the type already is handed on: no step. */
static bool bind_conversion(fused_binding *b, const jit_value *args, fused_bound *s)
{
    if (args[0].tag != VALUE_TENSOR || !fits(b, args[0]) || args[1].tag != VALUE_INT || args[4].tag != VALUE_NONE) return false;
    const dtype d = (dtype)args[1].i;
    if (!dtype_is_valid(d) || dtype_is_complex(d) || d == tensor_dtype(args[0].t)) return false;
    s->n_operands = 1;
    s->operands[0] = args[0];
    s->types = (pw_types){ .compute = tensor_dtype(args[0].t), .tile_result = d, .result = d };
    return true;
}

static bool bind_batch_norm(fused_binding *b, op_ctx *cx, const jit_value *args, fused_bound *s)
{
    if (args[0].tag != VALUE_TENSOR || !fits(b, args[0]) || args[0].t->n_dims < 2 || !dtype_is_float(tensor_dtype(args[0].t))) return false;
    const dtype d = tensor_dtype(args[0].t), compute = nn_compute(d);
    s->n_operands = 1;
    s->operands[0] = args[0];
    s->types = (pw_types){ .compute = compute, .tile_result = compute, .result = d };
    return batch_norm_constants(cx, args, &s->scale, &s->shift);
}

/* A loss as the row of its elements. */
static bool bind_loss(op_id op, const jit_value *args, fused_bound *s)
{
    pw_call call;
    jit_value reduction;
    if (!loss_row(op, args, &call, &reduction) || reduction.i < FUSED_REDUCE_NONE || reduction.i > FUSED_REDUCE_SUM) return false;
    s->row = call.row;
    s->reduction = (fused_reduction)reduction.i;
    s->n_operands = (uint8_t)pointwise_n_operands(call.row);
    memcpy(s->operands, call.operands, sizeof s->operands);
    return true;
}

/* sum and mean: self, dtype; or a loss. */
static bool bind_total(fused_binding *b, int k, op_ctx *cx, const jit_value *args, fused_bound *s)
{
    const bool is_loss = loss_has_row(cx->op);
    const dtype d = tensor_dtype(args[0].t);
    s->reduction = cx->op == OP_aten_sum ? FUSED_REDUCE_SUM : FUSED_REDUCE_MEAN;
    s->n_operands = 1;
    s->operands[0] = args[0];
    s->types = (pw_types){ .common = d, .compute = d, .tile_result = d, .result = d };
    if ((d != DTYPE_float32 && d != DTYPE_float64) || (is_loss ? !bind_loss(cx->op, args, s) : arg_dtype(args[1], d) != d)) return false;
    for (int i = 0; i < s->n_operands; i++) {
        const jit_value v = s->operands[i];
        if (!fits(b, v) || (v.tag == VALUE_TENSOR && (tensor_dtype(v.t) != d || v.t->n_dims == 0))) return false;
    }
    if (!place(b, k, s) || !order_fits(b, k, s) || s->width != FUSED_WIDE || (s->reduction && b->space.n_inner)) return false;
    b->space.has_totals |= s->reduction != FUSED_REDUCE_NONE;
    return true;
}

static bool bind_rows(fused_binding *b, int k, const jit_value *args, fused_bound *s)
{
    fused_width width;
    if (args[0].tag != VALUE_TENSOR || !fits(b, args[0]) || !rows_begin((op_id)b->group->steps[k].op, args, &s->rows)) return false;
    const tensor *t = args[0].t;
    const dtype d = tensor_dtype(t), compute = s->rows.compute;
    s->n_operands = 1;
    s->operands[0] = args[0];
    s->types = (pw_types){ .compute = compute, .tile_result = compute, .result = d };
    if ((k == b->first && !make_space(b, t->sizes, t->n_dims)) || !find_width(&b->space, t->sizes, t->n_dims, &width) ||
        width != FUSED_WIDE || !order_fits(b, k, s) || !set_rows(&b->space, s->rows.n_inner))
        return false;
    s->width = !s->rows.is_reduction ? FUSED_WIDE : s->rows.keepdim ? FUSED_NARROW : FUSED_DROPPED;
    return true;
}

/* ---- steps ------------------------------------------------------------------------------------------ */
static void make_header(fused_binding *b, int k)
{
    const fused_bound *s = &b->steps[k];
    fused_space *space = &b->space;
    tensor *header = &b->headers[k];
    memset(header, 0, offsetof(tensor, dims));
    atomic_init(&header->n_refs, 1); // an assignment would be a fence
    header->dtype = (int8_t)s->types.result;
    header->n_dims = (uint8_t)fused_n_dims(space, s->width);
    header->numel = s->width == FUSED_WIDE ? space->numel : space->numel / space->cols;
    if (s->kind == FUSED_TOTAL && s->reduction) header->n_dims = 0, header->numel = 1;
    header->sizes = (int64_t *)fused_sizes(space, s->width);
    header->strides = space->strides;
    header->grad_meta = NULL;
}

/* Does a tensor from outside share memory with one that the run has written to? Its new content is not there yet. */
static bool reads_written(const fused_binding *b, int k, const jit_value *args, int n_args)
{
    for (int j = b->first; j < k; j++)
        for (int i = 0; b->steps[j].into && i < n_args; i++)
            if (args[i].tag == VALUE_TENSOR && args[i].t->store == b->steps[j].into->store) return true;
    return false;
}

/* Weights are read when their step is bound, so they have to be there. */
static bool reads_header(const fused_binding *b, const jit_value *args, int n_args)
{
    for (int i = 1; i < n_args; i++)
        if (args[i].tag == VALUE_TENSOR && fused_header_step(b, args[i].t) >= 0) return true;
    return false;
}

static bool bind_kind(fused_binding *b, int k, op_ctx *cx, const jit_value *args, fused_bound *s)
{
    if (s->kind == FUSED_POINTWISE) {
        tensor *self = b->group->steps[k].is_in_place && args[0].tag == VALUE_TENSOR ? args[0].t : NULL;
        return bind_pointwise(b, cx, args, self, s) && place(b, k, s) && order_fits(b, k, s) && (!self || bind_in_place(b, k, self, s));
    }
    s->scale = s->shift = NULL;
    if (s->kind == FUSED_TOTAL) return bind_total(b, k, cx, args, s);
    if (reads_header(b, args, (int)cx->n_args)) return false;
    switch (s->kind) {
    case FUSED_ROWS: return bind_rows(b, k, args, s);
    case FUSED_CONVERT: return bind_conversion(b, args, s) && place(b, k, s) && order_fits(b, k, s);
    case FUSED_BATCH_NORM: return bind_batch_norm(b, cx, args, s) && place(b, k, s) && order_fits(b, k, s);
    default: return false;
    }
}

static bool bind_step(fused_binding *b, int k)
{
    jit_value args[FUSED_MAX_ARGS];
    const fused_step *step = &b->group->steps[k];
    fused_bound *s = &b->steps[k];
    const op_id op = step->is_in_place ? (op_id)op_get_info((op_id)step->op)->base : (op_id)step->op;
    op_ctx cx = { .run = b->run, .op = op, .n_args = step->n_args, .n_rets = 1 };
    s->kind = (fused_kind)step->kind;
    s->object = k;
    s->into = NULL;
    for (int i = 0; i < step->n_args; i++) args[i] = argument(b, k, i);
    const int n_inner = b->space.n_inner;
    const int64_t cols = b->space.cols;
    bool ok = (!b->group->has_in_place || !reads_written(b, k, args, step->n_args)) && bind_kind(b, k, &cx, args, s);
    if (ok) note_type(&b->space, s->types.compute);
    if (ok && b->space.n_inner && b->space.cols > max_cols(&b->space)) ok = false;
    if (!ok) {
        b->space.n_inner = n_inner;
        b->space.cols = cols;
        return false;
    }
    make_header(b, k);
    return true;
}

static void forget_error(op_run *run)
{
    mem_free(run->message);
    run->message = NULL;
    run->status = JIT_OK;
}

static void release(const fused_bound *s)
{
    if (s->kind != FUSED_BATCH_NORM) return;
    tensor_unref(s->scale);
    tensor_unref(s->shift);
}

void fused_bind(fused_binding *b)
{
    b->space.n_inner = 0;
    b->space.has_totals = false;
    b->space.cols = 1;
    b->space.widest = DTYPE_bool;
    for (b->end = b->first; b->end < b->group->n_steps; b->end++)
        if (!bind_step(b, b->end)) {
            release(&b->steps[b->end]);
            if (b->run->status != JIT_OK) forget_error(b->run);
            return;
        }
}

void fused_unbind_from(fused_binding *b, int k)
{
    for (int i = k; i < b->end; i++) release(&b->steps[i]);
    b->end = k;
}
