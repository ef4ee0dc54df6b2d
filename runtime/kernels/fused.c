/* Running groups of pointwise operators as one tile program; see fused.h.
 *
 * Every tensor of a group has one type, float32 or float64, and one size; 0-dim tensors of that type are numbers.
 * Then every intermediate value has this type and size, too. Operators prepare their operands as they do when
 * called alone (pointwise_prepare), with headers without storage in the place of intermediate tensors. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/fused.h"

#include "base/alloc.h"
#include "runtime/kernels/tiles.h"

#include <string.h>

bool fused_takes(op_id op)
{
    switch (op) {
    case OP_aten_add_Tensor: case OP_aten_add_Scalar: case OP_aten_sub_Tensor: case OP_aten_sub_Scalar:
    case OP_aten_rsub_Tensor: case OP_aten_rsub_Scalar: case OP_aten_neg: case OP_aten_square:
    case OP_aten_pow_Tensor_Scalar: case OP_aten_clamp: case OP_aten_clamp_Tensor: case OP_aten_relu:
    case OP_aten_gelu: case OP_aten_celu:
        return true; // prepared, but by type and numbers alone
    default: return pointwise_is_plain(op);
    }
}

void fused_finish(fused_group *g)
{
    uint32_t seen = 0;
    for (int i = g->n_steps; i-- > 0;) {
        g->last_reads[i] = 0;
        for (int k = 0; k < g->steps[i].n_args; k++)
            if (g->steps[i].args[k] < 0) g->last_reads[i] |= UINT32_C(1) << (-1 - g->steps[i].args[k]);
        g->last_reads[i] &= ~seen;
        seen |= g->last_reads[i];
    }
}

/* A group about to run. */
typedef struct fusion {
    op_run *run;
    const fused_group *group;
    const jit_value *inputs;
    tensor *lead;                        /* an input of the full size */
    dtype d;
    uint32_t dying;                      /* bit per input: its memory may be written by the last step */
    uint32_t full;                       /* bit per step: its value has the full size */
    uint32_t used_buffers;
    int8_t input_slots[FUSED_MAX_INPUTS]; /* -1: none yet */
    int8_t step_slots[FUSED_MAX_STEPS];
    tensor *results[FUSED_MAX_STEPS];    /* NULL: an intermediate value */
    tensor shapes[FUSED_MAX_STEPS];      /* stand for the values of steps in front of pointwise_prepare */
    tile_program program;
} fusion;

static bool is_full(const tensor *t) { return t->n_dims > 0; }

/* Finds the size and type of the group; false: the inputs do not fit together. */
static bool match_inputs(fusion *f)
{
    for (int i = 0; i < f->group->n_inputs; i++)
        if (f->inputs[i].tag == VALUE_TENSOR && is_full(f->inputs[i].t)) {
            f->lead = f->inputs[i].t;
            break;
        }
    if (!f->lead || f->lead->numel == 0 || !tensor_is_contiguous(f->lead)) return false;
    f->d = tensor_dtype(f->lead);
    if (f->d != DTYPE_float32 && f->d != DTYPE_float64) return false;
    if (f->run->max_tensor_elements && f->lead->numel > f->run->max_tensor_elements) return false;
    for (int i = 0; i < f->group->n_inputs; i++) {
        if (f->inputs[i].tag != VALUE_TENSOR) continue;
        const tensor *t = f->inputs[i].t;
        if (tensor_dtype(t) != f->d || t->is_wrapped_number || t->requires_grad || t->store->dev.kind != DEVICE_CPU)
            return false;
        if (t != f->lead && is_full(t) && (!tensor_same_sizes(t, f->lead) || !tensor_is_contiguous(t))) return false;
    }
    return true;
}

static int add_number(fusion *f, jit_value v)
{
    return v.tag == VALUE_INT || v.tag == VALUE_FLOAT || v.tag == VALUE_BOOL ? tiles_add_number(&f->program, f->d, v)
                                                                            : -1;
}

/* The slot of an operand; -1: it cannot be one. */
static int operand_slot(fusion *f, jit_value v)
{
    if (v.tag != VALUE_TENSOR) return add_number(f, v);
    if (v.t >= f->shapes && v.t < f->shapes + FUSED_MAX_STEPS) return f->step_slots[v.t - f->shapes];
    int input = 0;
    while (input < f->group->n_inputs && (f->inputs[input].tag != VALUE_TENSOR || f->inputs[input].t != v.t)) input++;
    if (input == f->group->n_inputs) return -1;
    if (f->input_slots[input] >= 0) return f->input_slots[input];
    const int slot = is_full(v.t)
        ? tiles_add_memory(&f->program, TILE_INPUT, tensor_data(v.t), dtype_size(f->d))
        : tiles_add_number(&f->program, f->d, element_load_number(f->d, tensor_data(v.t)));
    f->input_slots[input] = (int8_t)slot;
    return slot;
}

static void make_shape(const fusion *f, tensor *shape)
{
    memset(shape, 0, offsetof(tensor, dims));
    shape->n_refs = 1;
    shape->dtype = (int8_t)f->d;
    shape->n_dims = f->lead->n_dims;
    shape->numel = f->lead->numel;
    shape->sizes = f->lead->sizes;
    shape->strides = f->lead->strides;
    shape->grad_meta = NULL;
}

/* The memory of an input that nobody needs any more, for the value of the last step; NULL: there is none. */
static tensor *find_reusable(const fusion *f)
{
    for (int i = 0; i < f->group->n_inputs; i++) {
        if (!(f->dying >> i & 1) || f->inputs[i].tag != VALUE_TENSOR) continue;
        tensor *t = f->inputs[i].t;
        if (pointwise_may_reuse(t) && tensor_same_sizes(t, f->lead)) return t;
    }
    return NULL;
}

/* Where step i leaves its value: in a result tensor, or in a buffer that no later step needs. */
static int output_slot(fusion *f, int i)
{
    const size_t bytes = dtype_size(f->d);
    for (int k = 0; k < i; k++) // a buffer read here for the last time may be written by the same step
        if (f->group->last_reads[i] >> k & 1 && !f->results[k])
            f->used_buffers &= ~(UINT32_C(1) << f->program.slots[f->step_slots[k]].index);
    if (f->group->steps[i].is_result) {
        tensor *reused = i == f->group->n_steps - 1 ? find_reusable(f) : NULL;
        f->results[i] = reused ? tensor_ref(reused) : tensor_new(f->d, f->lead->sizes, f->lead->n_dims, DEVICE_CPU0);
        return f->results[i] ? tiles_add_memory(&f->program, TILE_OUTPUT, tensor_data(f->results[i]), bytes) : -1;
    }
    const int buffer = __builtin_ctz(~f->used_buffers);
    if (buffer >= TILES_MAX_BUFFERS) return -1;
    f->used_buffers |= UINT32_C(1) << buffer;
    return tiles_add_temporary(&f->program, bytes, buffer);
}

/* The operator's own arguments, intermediate tensors by their shapes. */
static void gather_args(fusion *f, int i, jit_value *args)
{
    const fused_step *step = &f->group->steps[i];
    bool full = false;
    for (int k = 0; k < step->n_args; k++) {
        const int from = step->args[k];
        args[k] = from >= 0 ? f->inputs[from] : VALUE_HEAP_V(VALUE_TENSOR, &f->shapes[-1 - from]);
        full |= from >= 0 ? args[k].tag == VALUE_TENSOR && is_full(args[k].t) : f->full >> (-1 - from) & 1;
    }
    if (full) f->full |= UINT32_C(1) << i;
}

static bool add_step(fusion *f, int i)
{
    jit_value args[FUSED_MAX_ARGS];
    const fused_step *step = &f->group->steps[i];
    op_ctx cx = { .run = f->run, .op = (op_id)step->op, .n_args = step->n_args, .n_rets = 1 };
    pw_call call;
    gather_args(f, i, args);
    if (step->is_result && !(f->full >> i & 1)) return false; // a 0-dim tensor
    if (!pointwise_begin(&cx, args, &call)) return false;
    const int n_in = pointwise_n_operands(call.row);
    const pw_tile run = pw_tile_find(call.row, f->d == DTYPE_float32 ? PW_f32 : PW_f64);
    if ((call.common != DTYPE_NONE ? call.common : pointwise_common_dtype(&call)) != f->d || !run) return false;
    tile_step *to = &f->program.steps[f->program.n_steps++];
    to->run = run;
    to->n_in = (uint8_t)n_in;
    for (int k = 0; k < n_in; k++) {
        const int slot = operand_slot(f, call.operands[k]);
        if (slot < 0) return false;
        to->in[k] = (uint8_t)slot;
    }
    const int out = output_slot(f, i);
    if (out < 0) return false;
    to->out = (uint8_t)out;
    f->step_slots[i] = (int8_t)out;
    make_shape(f, &f->shapes[i]);
    return true;
}

static void forget_error(op_run *run)
{
    mem_free(run->message);
    run->message = NULL;
    run->status = JIT_OK;
}

bool fused_run(op_run *run, const fused_group *g, const jit_value *inputs, uint32_t dying, jit_value *results)
{
    fusion f;
    f.run = run;
    f.group = g;
    f.inputs = inputs;
    f.lead = NULL;
    f.dying = dying;
    f.full = f.used_buffers = 0;
    if (!match_inputs(&f)) return false;
    memset(f.input_slots, -1, sizeof f.input_slots);
    memset(f.results, 0, sizeof f.results);
    tiles_init(&f.program, f.lead->numel, dtype_size(f.d));
    bool ok = true;
    for (int i = 0; i < g->n_steps && ok; i++) ok = add_step(&f, i);
    if (!ok) {
        if (run->status != JIT_OK) forget_error(run);
        for (int i = 0; i < g->n_steps; i++) tensor_unref(f.results[i]);
        return false;
    }
    tiles_run(&f.program);
    for (int i = 0; i < g->n_steps; i++)
        if (f.results[i]) *results++ = RET_TENSOR(f.results[i]);
    return true;
}
