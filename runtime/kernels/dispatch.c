/* Calling operators: the table from ids to kernels, made from the rows, and the thin layer around a call:
 * the hook, the error of a missing kernel. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/dispatch.h"

#include "base/alloc.h"
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/pointwise.h"
#include "runtime/kernels/variant.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define op_none NULL // rows that the VM runs itself
static const op_kernel kernels[OP__COUNT] = {
#define OP(id, schema, traits, kernel) [OP_##id] = kernel,
#define SCALAR(id, ...) [OP_##id] = scalar_##id,
#define SCALAR_CHECK(id, ...) [OP_##id] = scalar_##id,
#define UNARY(id, ...) [OP_##id] = pointwise_call,
#define BINARY(id, ...) [OP_##id] = pointwise_call,
#define TERNARY(id, ...) [OP_##id] = pointwise_call,
#define QUATERNARY(id, ...) [OP_##id] = pointwise_call,
#define VARIANT(id, ...) [OP_##id] = variant_call,
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
    if (!kernel_run(&cx, kernel, args, rets)) return false;
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

bool op_hook_is_set(void)
{
    return thread_state.hook != NULL;
}

bool grad_mode_enabled(void)
{
    return !thread_state.no_grad;
}

void grad_mode_set(bool on)
{
    thread_state.no_grad = !on;
}
