/* runtime/vm/vm.h: from a graph to bytecode to values.
 *
 * A frame has three register banks: 64-bit scalars (int, float, bool), owned references (NULL: unset or
 * None) and 16-byte jit_values (Optional/Union of scalars, Any, number, complex). Unwinding releases the
 * last two banks whole. Instructions and their meaning: vm.def. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_VM_VM_H
#define RUNTIME_VM_VM_H

#include "ir/graph.h"
#include "runtime/kernels/dispatch.h"

typedef struct vm_plan vm_plan;

typedef struct vm_limits {
    int64_t max_instructions;   /* back edges and calls count their straight lines; 0: none */
    int64_t max_depth;          /* of calls; 0: the default (1000) */
    int64_t deadline_ns;        /* CLOCK_MONOTONIC; 0: none */
} vm_limits;

/** One frame of a backtrace, innermost first. */
typedef struct vm_trace_frame { const char *function; range at; } vm_trace_frame;

/** A run: error, limits, budget left. Not shared between threads. */
typedef struct vm_run {
    op_run op;                  /* error, print sink, interrupt */
    vm_limits limits;
    int64_t instructions_left, depth;
    VEC(vm_trace_frame) trace;  /* filled on failure */
    /** The plan of a function, made on demand by the layer above; NULL: run->op holds the error. */
    const vm_plan *(*get_plan)(struct vm_run *run, ir_function *fn);
} vm_run;

/** Compile a graph. @return NULL: no memory, or *ret_why (in `a`) names an operator without kernel */
vm_plan *vm_plan_new(const ir_graph *g, const char *name, arena *a, const char **ret_why, range *ret_at);
void vm_plan_free(vm_plan *p);
/** Run: args as the graph's inputs, borrowed; *ret the single output (a reference). */
bool vm_execute(vm_run *run, const vm_plan *p, const jit_value *args, size_t n_args, jit_value *ret);
void vm_print(const vm_plan *p, text *out);     /* disassembly, `--stage bytecode` */
void vm_run_fini(vm_run *run);

#endif
