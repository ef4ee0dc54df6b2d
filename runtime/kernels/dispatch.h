/* runtime/kernels/dispatch.h: how an operator is called.
 *
 * A kernel gets its schema arguments, borrowed and already of the right types, and leaves new references
 * in rets. It reports failure with op_fail() and returns false; rets are then ignored (must not hold
 * references). dispatch announces each call to a per-thread hook (the tracer listens) and does not know
 * who that is. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_DISPATCH_H
#define RUNTIME_KERNELS_DISPATCH_H

#include "ir/op.h"
#include "runtime/tensor/value.h"

typedef struct ir_node ir_node; // ir/graph.h, above us: structural rows look at its attributes

/** State of one run (a jit_call): limits, the error, where prints go. Owned by whoever started it. */
typedef struct op_run {
    jit_status status;          /* of the failure, JIT_OK while all is well */
    char *message;              /* mem_ block or NULL */
    const char *exception;      /* class of a raised exception, static or owned by the graph, or NULL */
    void (*print)(void *ctx, const char *s, size_t n);  /* where print() goes; never NULL */
    void (*warn)(void *ctx, const char *s, size_t n);   /* warnings.warn() */
    void *print_ctx;
    int64_t max_tensor_elements; /* 0: no limit */
    const _Atomic bool *interrupt; /* polled by long kernels and the VM; may be NULL */
    /** `a < b` through the class's __lt__, for sorting objects; *ret gets the answer. The VM sets it; NULL: objects
     * cannot be sorted. False: the run's error is set. */
    bool (*call_less)(struct op_run *run, jit_value a, jit_value b, bool *ret);
    text *programs;             /* gets each tile program that is made, as text (fused_print.c); NULL: nobody looks */
} op_run;

typedef struct op_ctx {
    op_run *run;
    op_id op;
    uint32_t n_args;            /* for OP_VARIADIC rows */
    uint32_t n_rets;            /* ListUnpack and the like */
    const ir_node *node;        /* attributes of structural rows, or NULL */
    /** Bit k: argument k is the caller's to give up: it releases it after the call. A kernel that hands the very
     * reference on as a result clears the bit. */
    uint32_t dying;
} op_ctx;

typedef bool (*op_kernel)(op_ctx *cx, const jit_value *args, jit_value *rets);

/** Set the run's error (the first one stays). Always returns false. */
bool op_fail(op_ctx *cx, jit_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** The common case: JIT_ERUNTIME. */
#define OP_FAIL(cx, ...) op_fail((cx), JIT_ERUNTIME, __VA_ARGS__)
static inline bool op_no_memory(op_ctx *cx) { return op_fail(cx, JIT_ENOMEM, "out of memory"); }

/** KeyError: the dict has no such key. */
bool op_missing_key(op_ctx *cx, jit_value key);

/** The kernel that runs `id` on the CPU, or NULL (declared, structural, composite rows). */
op_kernel op_kernel_find(op_id id, device_kind where);
/** kernel_run where there are quantized tensors in the process (quantized.h). */
bool quantized_call(op_ctx *cx, op_kernel kernel, const jit_value *args, jit_value *rets);
/** What a call of an operator does: the kernel, or what the row says for quantized tensors among args. */
static inline bool kernel_run(op_ctx *cx, op_kernel kernel, const jit_value *args, jit_value *rets)
{
    return quantizers_exist() ? quantized_call(cx, kernel, args, rets) : kernel(cx, args, rets);
}
/** Call an operator; the hook sees it. Fails with "aten::x is not implemented" where there is no kernel. */
bool op_call(op_run *run, op_id id, const jit_value *args, size_t n_args, jit_value *rets);

/* Called for each operator call of this thread while set (tracing); NULL: nobody listens. */
typedef void (*op_hook)(void *ctx, op_id id, const jit_value *args, size_t n_args, const jit_value *rets,
                        size_t n_rets);
void op_hook_set(op_hook hook, void *ctx);
bool op_hook_is_set(void);

/* per-thread grad mode */
bool grad_mode_enabled(void);
void grad_mode_set(bool on);

/* ---- process-wide runtime state: generators, threads --------------------------------------- */
typedef struct generator generator;
struct generator {
    heap_header h;
    uint32_t state[624];
    int position, seeded;
    bool has_next_normal;
    double next_normal;
    uint64_t seed;
};
generator *generator_default(void);                  /* borrowed; callers lock it with generator_lock */
void generator_lock(generator *g);
void generator_unlock(generator *g);
void generator_seed(generator *g, uint64_t seed);    /* drops the cached normal */
uint32_t generator_next32(generator *g);             /* spec/random.md */
uint64_t generator_next64(generator *g);             /* the high half first */
void generator_fill32(generator *g, int64_t n, uint32_t *ret); /* n times next32 */

void runtime_set_num_threads(int n);
int runtime_get_num_threads(void);
/** Run fn over [0, n) in chunks of at least `grain`; the only place that knows OpenMP. Chunk borders
 * depend on n and grain alone, never on the thread count, so results do not either. */
void par_for(int64_t n, int64_t grain, void (*fn)(void *ctx, int64_t begin, int64_t end), void *ctx);
/** Run fn over [0, n) in one range for each thread, as even as whole units allow, none where it would get fewer than
 * `least`. For work that gives the same results wherever it is cut between units. */
void par_split(int64_t n, int64_t unit, int64_t least, void (*fn)(void *ctx, int64_t begin, int64_t end), void *ctx);
/** Run fn once, for a library that starts OpenMP threads by itself: it gets, and OpenMP is told, how many are this
 * call's share, one where the work is too small for more. */
void par_lend(bool is_small, void (*fn)(void *ctx, int n_threads), void *ctx);

/* ---- helpers for kernels: arguments ---------------------------------------------------------- */
static inline tensor *arg_tensor(jit_value v) { return v.tag == VALUE_TENSOR ? v.t : NULL; } /* NULL: None */
static inline int64_t arg_int(jit_value v, int64_t none) { return v.tag == VALUE_INT || v.tag == VALUE_BOOL ? v.i : none; }
static inline bool arg_bool(jit_value v) { return v.i != 0; }
static inline double arg_double(jit_value v) /* a Scalar or float that is not complex */
{
    return v.tag == VALUE_FLOAT ? v.f : (double)v.i;
}
static inline dtype arg_dtype(jit_value v, dtype none) { return v.tag == VALUE_NONE ? none : (dtype)v.i; }
#define RET_TENSOR(t) VALUE_HEAP_V(VALUE_TENSOR, (t))

#endif
