/* Calling operators: the table from ids to kernels, made from the rows, and the thin layer around a call:
 * the hook, the error of a missing kernel, in-place and out= forms of rows that have no kernel of their own. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/dispatch.h"

#include "base/alloc.h"
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/pointwise.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool call_variant(op_ctx *cx, const jit_value *args, jit_value *rets);

#define op_none NULL // rows that the VM runs itself
static const op_kernel kernels[OP__COUNT] = {
#define OP(id, schema, traits, kernel) [OP_##id] = kernel,
#define SCALAR(id, ...) [OP_##id] = scalar_##id,
#define SCALAR_CHECK(id, ...) [OP_##id] = scalar_##id,
#define UNARY(id, ...) [OP_##id] = pointwise_call,
#define BINARY(id, ...) [OP_##id] = pointwise_call,
#define TERNARY(id, ...) [OP_##id] = pointwise_call,
#define QUATERNARY(id, ...) [OP_##id] = pointwise_call,
#define VARIANT(id, ...) [OP_##id] = call_variant,
#include "ir/ops/all.def"
};

static _Thread_local struct {
    op_hook hook;
    void *hook_ctx;
    bool no_grad;
} thread_state;

op_kernel op_kernel_find(op_id id, device_kind where)
{
    return (unsigned)id < OP__COUNT && where == DEVICE_CPU ? kernels[id] : NULL;
}

bool op_fail(op_ctx *cx, jit_status status, const char *format, ...)
{
    op_run *run = cx->run;
    if (run->status != JIT_OK) return false;
    run->status = status;
    va_list ap, again;
    va_start(ap, format);
    va_copy(again, ap);
    const int n = vsnprintf(NULL, 0, format, ap);
    mem_free(run->message);
    run->message = n >= 0 ? mem_alloc((size_t)n + 1) : NULL;
    if (run->message) vsnprintf(run->message, (size_t)n + 1, format, again);
    va_end(again);
    va_end(ap);
    return false;
}

bool op_call(op_run *run, op_id id, const jit_value *args, size_t n_args, jit_value *rets)
{
    const op_kernel kernel = op_kernel_find(id, DEVICE_CPU);
    const schema *s = op_schema(id);
    op_ctx cx = { .run = run, .op = id, .n_args = (uint32_t)n_args, .n_rets = s ? s->n_rets : 0 };
    if (!kernel) return op_fail(&cx, JIT_EUNSUPPORTED, "%s is not implemented", op_name(id));
    if (!kernel(&cx, args, rets)) return false;
    if (thread_state.hook) thread_state.hook(thread_state.hook_ctx, id, args, n_args, rets, cx.n_rets);
    return true;
}

bool kernel_call(op_ctx *cx, op_id id, const jit_value *args, jit_value *rets)
{
    const op_kernel kernel = kernels[id];
    const schema *s = op_schema(id);
    if (!kernel) return op_fail(cx, JIT_EUNSUPPORTED, "%s is not implemented", op_name(id));
    if (!s) return op_no_memory(cx);
    op_ctx sub = { .run = cx->run, .op = id, .n_args = s->n_args, .n_rets = s->n_rets };
    return kernel(&sub, args, rets);
}

void op_hook_set(op_hook hook, void *ctx)
{
    thread_state.hook = hook;
    thread_state.hook_ctx = ctx;
}

bool grad_mode_enabled(void)
{
    return !thread_state.no_grad;
}

void grad_mode_set(bool on)
{
    thread_state.no_grad = !on;
}

/* Move a base row's result into the operand that the variant writes, which becomes the result. */
static bool store_result(op_ctx *cx, bool is_out, tensor *result, tensor *target)
{
    if (is_out ? !resize_out(cx, target, result->sizes, result->n_dims)
               : !tensor_same_sizes(target, result) &&
                     !OP_FAIL(cx, "output with shape %s doesn't match the broadcast shape %s",
                              sizes_print(target->sizes, target->n_dims).s,
                              sizes_print(result->sizes, result->n_dims).s))
        return false;
    if (!check_can_cast(cx, tensor_dtype(result), tensor_dtype(target)) || !check_no_self_overlap(cx, target) ||
        !tensor_copy_into(cx, target, result))
        return false;
    tensor_bump_version(target);
    return true;
}

static bool call_pointwise_inplace(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    op_ctx sub = { .run = cx->run, .op = (op_id)op_get_info(cx->op)->base, .n_args = cx->n_args, .n_rets = 1 };
    if (!pointwise_call_into(&sub, args, args[0].t, false)) return false;
    tensor_bump_version(args[0].t);
    rets[0] = args[0];
    if (cx->dying & 1)
        cx->dying &= ~UINT32_C(1);
    else
        tensor_ref(args[0].t);
    return true;
}

/* An in-place or out= form: the arguments are the base row's, out operands follow them. Pointwise rows compute
 * straight into the operand; other rows run first and are copied. */
static bool call_variant(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    enum { MAX_RESULTS = 4 };
    const op_info *info = op_get_info(cx->op);
    const bool is_out = info->variant == OP_OUT;
    const op_kernel kernel = kernels[info->base];
    if (kernel == pointwise_call && !is_out) return call_pointwise_inplace(cx, args, rets);
    const schema *own = op_schema(cx->op), *base = op_schema((op_id)info->base);
    if (!own || !base) return op_no_memory(cx);
    if (!kernel || base->n_rets > MAX_RESULTS)
        return op_fail(cx, JIT_EUNSUPPORTED, "%s is not implemented", op_name(cx->op));
    const jit_value *targets = is_out ? args + own->n_args - base->n_rets : args;
    op_ctx sub = *cx;
    sub.op = (op_id)info->base;
    sub.dying = 0;
    sub.n_args = base->n_args;
    sub.n_rets = base->n_rets;
    if (kernel == pointwise_call) {
        if (!pointwise_call_into(&sub, args, targets[0].t, true)) return false;
        tensor_bump_version(targets[0].t);
        rets[0] = value_ref(targets[0]);
        return true;
    }
    jit_value results[MAX_RESULTS];
    if (!kernel(&sub, args, results)) return false;
    bool ok = true;
    for (int k = 0; k < base->n_rets; k++) {
        ok = ok && store_result(cx, is_out, results[k].t, targets[k].t);
        value_unref(results[k]);
    }
    for (int k = 0; k < base->n_rets && ok && k < own->n_rets; k++) rets[k] = value_ref(targets[k]);
    return ok;
}
