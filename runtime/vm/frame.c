/* runtime/vm/frame.c: the stack of frames and the error of a run.
 *
 * The stack is a chain of chunks, so frames never move and registers can be addressed directly. Chunks are blocks, which
 * wait for the next call: malloc would tidy up its lists each time one is freed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/block.h"
#include "runtime/vm/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK_BYTES = 64 << 10, DEFAULT_MAX_DEPTH = 1000, ALIGN = 16 };

typedef struct vm_stack vm_stack;
struct vm_stack {
    vm_stack *below;
    size_t used_bytes, n_bytes;
    _Alignas(ALIGN) char at[];
};

bool vm_fail(vm_run *run, jit_status status, const char *format, ...)
{
    op_ctx cx = { .run = &run->op };
    char message[512];
    va_list ap;
    if (run->op.status != JIT_OK)
        return false;
    va_start(ap, format);
    int n = vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    if (n < (int)sizeof message)
        return op_fail(&cx, status, "%s", message);
    char *all = mem_alloc((size_t)n + 1);
    if (!all)
        return op_fail(&cx, status, "%s", message);
    va_start(ap, format);
    vsnprintf(all, (size_t)n + 1, format, ap);
    va_end(ap);
    op_fail(&cx, status, "%s", all);
    mem_free(all);
    return false;
}

void vm_error_clear(vm_run *run)
{
    mem_free(run->op.message);
    run->op.message = NULL;
    run->op.exception = NULL;
    run->op.status = JIT_OK;
    run->trace.n = 0;
}

/** Room for n_bytes on the stack, NULL without memory. */
static void *stack_take(vm_run *run, size_t n_bytes)
{
    vm_stack *top = run->stack;
    if (!top || top->n_bytes - top->used_bytes < n_bytes) {
        size_t size = n_bytes > CHUNK_BYTES ? n_bytes : CHUNK_BYTES;
        vm_stack *chunk = block_alloc(sizeof *chunk + size);
        if (!chunk)
            return NULL;
        *chunk = (vm_stack){ .below = top, .n_bytes = size };
        run->stack = top = chunk;
    }
    void *p = top->at + top->used_bytes;
    top->used_bytes += n_bytes;
    return p;
}

static void free_chunk(vm_stack *chunk)
{
    block_free(chunk, sizeof *chunk + chunk->n_bytes);
}

/** Give the newest n_bytes back. The first chunk stays for the next call. */
static void stack_give(vm_run *run, size_t n_bytes)
{
    vm_stack *top = run->stack;
    top->used_bytes -= n_bytes;
    if (top->used_bytes == 0 && top->below) {
        run->stack = top->below;
        free_chunk(top);
    }
}

vm_frame *vm_frame_push(vm_run *run, const vm_plan *p)
{
    int64_t max_depth = run->limits.max_depth > 0 ? run->limits.max_depth : DEFAULT_MAX_DEPTH;
    if (run->depth >= max_depth) {
        vm_fail(run, JIT_ELIMIT, "maximum recursion depth exceeded (%lld calls)",
                (long long)max_depth);
        return NULL;
    }
    size_t s_bytes = ((size_t)p->n_s * sizeof(vm_scalar) + ALIGN - 1) / ALIGN * ALIGN;
    size_t v_bytes = (size_t)p->n_v * sizeof(jit_value),
           scratch_bytes = (size_t)p->n_scratch * sizeof(jit_value);
    size_t head_bytes = (sizeof(vm_frame) + ALIGN - 1) / ALIGN * ALIGN;
    size_t n_bytes = head_bytes + s_bytes + v_bytes + scratch_bytes;
    char *at = stack_take(run, n_bytes);
    if (!at) {
        vm_fail(run, JIT_ENOMEM, "out of memory");
        return NULL;
    }
    vm_frame *f = (vm_frame *)at;
    *f = (vm_frame){ .plan = p, .ip = p->code, .n_bytes = n_bytes };
    f->v = (jit_value *)(at + head_bytes);
    f->scratch = f->v + p->n_v;
    f->s = (vm_scalar *)(f->scratch + p->n_scratch);
    if (p->n_s_constants > 0)
        memcpy(f->s, p->s_constants, p->n_s_constants * sizeof *f->s);
    if (p->n_v_constants > 0)
        memcpy(f->v, p->v_constants, p->n_v_constants * sizeof *f->v);
    memset(f->s + p->n_s_constants, 0, (p->n_s - p->n_s_constants) * sizeof *f->s);
    memset(f->v + p->n_v_constants, 0, (p->n_v - p->n_v_constants) * sizeof *f->v);
    run->depth++;
    return f;
}

void vm_frame_pop(vm_run *run, vm_frame *f)
{
    for (uint32_t i = f->plan->n_v_constants; i < f->plan->n_v; i++)
        value_unref(f->v[i]);
    for (size_t i = 0; i < f->entered.n; i++)
        value_unref(f->entered.at[i]);
    VEC_FINI(&f->entered);
    run->depth--;
    stack_give(run, f->n_bytes);
}

void vm_run_fini(vm_run *run)
{
    if (run->tasks)
        (void)vm_fork_join(run, NULL);
    vm_error_clear(run);
    VEC_FINI(&run->trace);
    while (run->stack) {
        vm_stack *below = run->stack->below;
        free_chunk(run->stack);
        run->stack = below;
    }
}
