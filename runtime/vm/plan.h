/* runtime/vm/plan.h: what a plan consists of; shared by the compiler (plan.c and
 * what compile.h lists), the interpreter (run.c, frame.c, builtins.c) and the disassembler (dis.c).
 *
 * A frame has two register banks. Bank S holds 64-bit scalars: values whose static type is int,
 * float or bool; nothing in it is ever released. Bank V holds jit_values: everything else,
 * references and the 16-byte values whose kind is only known at run time alike. (References share
 * the bank with tagged values because kernels take tagged arguments: loading one is a plain 16-byte
 * copy.) The first registers of each bank are the plan's constants, copied in when a frame opens; V
 * constants are borrowed from the graph, all other V registers are owned by the frame, so unwinding
 * is one loop over them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_VM_PLAN_H
#define RUNTIME_VM_PLAN_H

#include "runtime/kernels/fused.h"
#include "runtime/vm/vm.h"

#include <stdatomic.h>

typedef union vm_scalar {
    int64_t i;
    double f;
} vm_scalar;

/** Opcodes: the rows of vm.def, then the scalar operators. */
typedef enum vm_opcode {
#define VM(id, ...) VM_##id,
#define VM_BRANCH(id, ...) VM_UNLESS_##id, VM_BACK_##id,
#include "runtime/vm/vm.def"
#define SCALAR(id, ...) VM_SCALAR_##id,
#define SCALAR_CHECK(id, ...) VM_SCALAR_##id,
#include "ir/ops/begin.def"
#include "ir/ops/scalar.def"
#include "ir/ops/end.def"
    VM_OPCODE__COUNT
} vm_opcode;

/** Meaning of a, b, c, d: vm.def. A jump target stands in `a`: while the code is written an index into it, in a plan
 * the distance in bytes, which is what a jump waits for. */
typedef struct vm_instr {
    uint16_t op;
    uint16_t d;
    uint32_t a, b, c;
} vm_instr;

/** Where an operand or result of a site lives. */
typedef enum vm_home {
    HOME_NONE,          /* a result nobody reads */
    HOME_V,
    HOME_BOOL, HOME_INT, HOME_FLOAT, /* bank S */
    HOME_INT_AS_FLOAT,  /* bank S, an int where the operator wants a float (operands only) */
} vm_home;

typedef struct vm_slot {
    uint32_t reg;
    uint8_t home;       /* vm_home */
    bool is_last;       /* operand in V: this is its last use, the register gives it up */
} vm_slot;

/* jit_values that the header of a list takes */
enum { VM_LENT_HEADER = (sizeof(list) + sizeof(jit_value) - 1) / sizeof(jit_value) };

/** An operand that is a list nobody built (lent.c): it stands in the scratch of the frame during the call. */
typedef struct vm_lent {
    uint32_t arg;            /* which operand */
    uint32_t at;             /* in the scratch: the header, then the elements */
    uint32_t n;
    uint8_t storage;         /* list_storage */
    bool is_sizes;           /* elements[0] is a tensor, whose sizes are meant */
    bool has_last;           /* one of the elements is_last */
    const type *elem;
    const vm_slot *elements;
} vm_lent;

/** What a variable-arity instruction works on. */
typedef struct vm_site {
    op_kernel kernel;        /* CALL_*: the operator; NULL: ask op_call (composite operators) */
    uint16_t op;             /* op_id */
    bool takes_args;         /* the kernel consumes its arguments (structural rows only) */
    uint32_t n_args, n_rets;
    uint32_t dying;          /* bit k: args[k].is_last */
    const vm_slot *args, *rets;
    const vm_lent *lent;     /* CALL_LENDING: operands of their own kind, which args has not */
    uint32_t n_lent, n_scratch;
    const ir_node *node;     /* attributes, types */
    ir_function *callee;     /* CALL_FUNCTION */
    const vm_plan *body;     /* FORK: the subgraph; owned by the plan */
    _Atomic(ir_function *)
        last_callee; /* CALL_METHOD on an interface: the method found last time */
} vm_site;

/** What FUSED works on: a group of operators, whose own instructions follow. */
typedef struct vm_fused {
    fused_group group;
    fused_cache *cache;
    vm_slot *inputs, *values;  /* values: of the steps */
    uint32_t *targets;         /* where the code of each step begins; of one more, where that of the last ends */
} vm_fused;

struct vm_plan {
    arena arena;             /* everything below */
    const char *name;
    const ir_unit *unit;     /* of the graph; not a reference */
    vm_instr *code;
    range *ranges;           /* parallel to code */
    const ir_node **nodes;   /* parallel to code: what it was made of (backtraces), or NULL */
    vm_site *sites;
    vm_fused *fused;
    vm_scalar *s_constants;
    jit_value *v_constants;  /* borrowed from the graph and from lists */
    jit_value *lists;        /* owned: constants the graph writes as literals */
    vm_slot *params, *rets;
    uint32_t n_code, n_sites, n_fused, n_params, n_rets, n_lists;
    uint32_t n_s_constants, n_v_constants;
    uint32_t n_s, n_v;       /* registers, constants included */
    uint32_t n_scratch;      /* jit_values a site needs for arguments and results */
    vm_plan *bodies; /* plans of forked subgraphs, linked by next_body; freed with this one */
    vm_plan *next_body;
};

/* ---- shared by the parts of the compiler --------------------------------------------------------
 */
static inline bool type_is_scalar(const type *t)
{
    return t->kind == TYPE_INT || t->kind == TYPE_FLOAT || t->kind == TYPE_BOOL;
}
/** The tag all values of type t have; VALUE__COUNT where it is only known at run time. */
uint8_t vm_type_tag(const type *t);

/* ---- shared by the parts of the interpreter -----------------------------------------------------
 */
typedef struct vm_frame vm_frame;
struct vm_frame {
    const vm_plan *plan;
    const vm_instr *ip;          /* of the instruction that called, while another frame runs */
    vm_scalar *s;
    jit_value *v;
    jit_value *scratch;
    vm_frame *up;                /* the caller, or NULL: vm_execute's own */
    const vm_site *site;         /* the caller's: where the result goes */
    VEC(jit_value) entered;      /* context managers between __enter__ and __exit__, owned */
    bool is_fork;                /* its result, or its error, becomes a future */
    size_t n_bytes;              /* of stack */
};

/** Open a frame; NULL: run->op holds the error (depth, memory). */
vm_frame *vm_frame_push(vm_run *run, const vm_plan *p);
/** Release what the frame owns and close it; it must be the newest. */
void vm_frame_pop(vm_run *run, vm_frame *f);
/** Run steps of the group in one pass, from step `first` on; how many. 0: nothing was done, that one must run by
 * itself; -1: an error. */
int vm_run_fused(vm_run *run, vm_frame *f, const vm_fused *fused, int first);
/** Forget the error, as if nothing had happened. */
void vm_error_clear(vm_run *run);
/** run->op's first error; always false. */
bool vm_fail(vm_run *run, jit_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- torch.jit.fork (fork.c) --------------------------------------------------------------------- */
typedef struct vm_task vm_task;
/** A future that is done; a new reference, NULL without memory. */
future *vm_future_of_value(const type *elem, jit_value take);
/** A future that holds the error of the run, which is taken out. */
future *vm_future_of_error(vm_run *run, const type *elem);
/** What the future holds, once it is there; its error becomes the run's. */
bool vm_future_wait(vm_run *run, jit_value v, jit_value *ret);
/** Have another thread run the body of the fork at `site`. NULL: not possible now, it is to run here (no error). */
future *vm_fork_start(vm_run *run, vm_frame *f, const vm_site *site);
/** Until all is done that frame f (NULL: any) has forked. false: the run holds an error. */
bool vm_fork_join(vm_run *run, const vm_frame *f);

/** Has instruction `op` a jump target? */
bool vm_is_jump(uint16_t op);
/** The index that the jump at `index` of a plan's code leads to. */
static inline uint32_t vm_jump_target(const vm_instr *code, uint32_t index)
{
    return index + (uint32_t)((int32_t)code[index].a / (int32_t)sizeof(vm_instr));
}

/** Kernels of structural rows; NULL: not one of them. *ret_takes: arguments are consumed. */
op_kernel vm_builtin_find(op_id op, bool *ret_takes);

static inline jit_value vm_load(const vm_frame *f, vm_slot slot) /* borrowed */
{
    switch ((vm_home)slot.home) {
    case HOME_V: return f->v[slot.reg];
    case HOME_BOOL: return (jit_value){ .tag = VALUE_BOOL, .i = f->s[slot.reg].i };
    case HOME_INT: return (jit_value){ .tag = VALUE_INT, .i = f->s[slot.reg].i };
    case HOME_FLOAT: return (jit_value){ .tag = VALUE_FLOAT, .f = f->s[slot.reg].f };
    case HOME_INT_AS_FLOAT: return VALUE_FLOAT_V((double)f->s[slot.reg].i);
    case HOME_NONE: break;
    }
    return VALUE_NONE_V;
}

/** … as a new reference, moved out of its register where this is its last use. */
static inline jit_value vm_take(vm_frame *f, vm_slot slot)
{
    jit_value v = vm_load(f, slot);
    if (slot.home == HOME_V && slot.is_last) {
        f->v[slot.reg] = VALUE_NONE_V;
        return v;
    }
    return value_ref(v);
}

static inline double vm_float_of(jit_value v)
{
    return v.tag == VALUE_FLOAT ? v.f : (double)v.i;
}

static inline void vm_store(vm_frame *f, vm_slot slot, jit_value take)
{
    switch ((vm_home)slot.home) {
    case HOME_V: {
        jit_value old = f->v[slot.reg];
        f->v[slot.reg] = take;
        value_unref(old);
        return;
    }
    case HOME_BOOL: f->s[slot.reg].i = take.i != 0; break;
    case HOME_INT: f->s[slot.reg].i = take.tag == VALUE_FLOAT ? (int64_t)take.f : take.i; break;
    case HOME_FLOAT: case HOME_INT_AS_FLOAT: f->s[slot.reg].f = vm_float_of(take); break;
    case HOME_NONE: break;
    }
    value_unref(take);
}

#endif
