/* runtime/vm/vm.h: from a graph to bytecode to values.
 *
 * A frame has two register banks: 64-bit scalars (int, float, bool) and 16-byte jit_values
 * (everything else). Unwinding releases the second bank whole. Instructions and their meaning:
 * vm.def. A plan is immutable and may run on many threads at once; a run belongs to one thread. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_VM_VM_H
#define RUNTIME_VM_VM_H

#include "ir/graph.h"
#include "runtime/kernels/dispatch.h"

#include <stdatomic.h>

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
    _Atomic int64_t instructions_left; /* set from limits when the outermost vm_execute begins */
    struct vm_run *payer;       /* of a forked call: the run whose instructions it uses up; NULL: its own */
    struct vm_task *tasks;      /* calls it has forked to other threads and not waited for (fork.c) */
    int64_t depth;              /* open frames */
    int64_t n_nested;           /* vm_execute calls within each other */
    VEC(vm_trace_frame) trace;  /* filled on failure */
    /** The plan of a function, made on demand by the layer above; NULL: run->op holds the error. */
    const vm_plan *(*get_plan)(struct vm_run *run, ir_function *fn);
    struct vm_stack *stack;     /* of frames; made on demand, kept between calls */
} vm_run;

/** Compile a graph, which must outlive the plan: constants, types and attributes stay with it.
 * `name` is shown in backtraces and is borrowed, too.
 * @return NULL: no memory, or *ret_why (in `a`) says what cannot be run ("aten::x is not
 * implemented") and *ret_at where */
vm_plan *vm_plan_new(const ir_graph *g, const char *name, arena *a, const char **ret_why,
                     range *ret_at);
void vm_plan_free(vm_plan *p);
/** Run: args as the graph's inputs, borrowed and of their types; *ret the output, a new reference
 * (None if there is none, a tuple if there are several). Zero-initialise `run`, then set op.print,
 * limits, get_plan; it may be used again after success, and after failure once the error has been
 * taken out.
 * @return false: run->op holds the error, run->trace the backtrace; *ret is untouched */
bool vm_execute(vm_run *run, const vm_plan *p, const jit_value *args, size_t n_args,
                jit_value *ret);
void vm_print(const vm_plan *p, text *out);     /* disassembly, `--stage bytecode` */
/** Release the trace, the stack and the error message. */
void vm_run_fini(vm_run *run);

#endif
