/* runtime/vm/compile.h: the compiler from graph to plan.
 *
 * Blocks nest as deep as a program is long (elif chains), so nothing recurses: order.c first writes
 * the graph down as one array of steps (node, block begins, block ends, node ends), and every later
 * phase is a loop over steps. The index of a step is a position in time; a value lives from step to
 * step.
 *     order.c      steps; where each value is defined and last used
 *     coalesce.c   values computed right in the register of a loop variable or result
 *     registers.c  linear scan over the intervals
 *     fuse.c       groups of pointwise operators
 *     lent.c       lists that are not built
 *     emit.c       instructions; moves at block ends (moves.c), operators and calls (nodes.c, scalars.c) */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_VM_COMPILE_H
#define RUNTIME_VM_COMPILE_H

#include "runtime/vm/plan.h"

#define NO_STEP UINT32_MAX
#define NO_VALUE UINT32_MAX

typedef enum vm_step_kind { STEP_NODE, STEP_BLOCK, STEP_BLOCK_END, STEP_NODE_END } vm_step_kind;

typedef struct vm_step {
    uint8_t kind;          /* vm_step_kind */
    bool is_fused;         /* a comparison that its If or Loop makes part of a branch, what is combined with
                              the node that reads it */
    bool is_second;        /* a sum whose instruction computes the one in front of it as well */
    uint32_t end; /* NODE with blocks: its NODE_END. BLOCK: its BLOCK_END. Ends: their begin */
    uint32_t loop;         /* NODE of the innermost loop around, NO_STEP outside of loops */
    uint32_t block_begin;  /* BLOCK step of the block it stands in; BLOCK: its own index */
    ir_node *node; /* NODE*: itself. BLOCK*: the node that holds the block, NULL for the body */
    ir_block *block;       /* BLOCK*: itself */
    uint32_t patch, patch_end; /* emit: jumps of NODE to be aimed */
    uint32_t decides;      /* NODE of an If: that of the loop that ends where its condition fails; NO_STEP */
    uint32_t first_drop;   /* values whose register is cleared here; linked by vm_live.next_drop */
} vm_step;

typedef struct vm_live {
    const ir_value *value; /* NULL: id unused */
    uint32_t def, last;    /* steps; `last` extended to the end of loops around */
    uint32_t last_use;     /* the use latest in the order of steps, not extended */
    uint32_t root;         /* the value whose register this one shares; its own id if none */
    uint32_t guard; /* coalescing: the loop variable that must be dead when this one is written */
    uint32_t next_drop, next_start, next_end; /* lists by step */
    uint32_t reg;
    bool is_scalar, is_constant;
    bool is_shared;        /* other values have its register, too: it is never cleared */
} vm_live;

typedef struct vm_move { vm_slot from, to; } vm_move;

typedef struct vm_compile {
    const ir_graph *graph;
    vm_plan *plan;
    arena scratch;         /* lives as long as the compile */
    arena *message_arena;
    const char *why;       /* set: the compile failed; NULL with arena_failed: no memory */
    range why_at;
    VEC(vm_step) steps;
    ptrmap step_of; /* node → 1 + index of its NODE step; return nodes: of their BLOCK_END */
    vm_live *live;         /* by value id */
    uint32_t n_live;
    VEC(vm_scalar) s_constants;
    VEC(jit_value) v_constants;
    VEC(vm_instr) code;
    VEC(range) ranges;
    VEC(const ir_node *) nodes;
    VEC(vm_site) sites;
    VEC(vm_fused) fused;
    VEC(jit_value) lists;  /* constants made for the plan */
    uint32_t s_temp, v_temp; /* registers for moves and conversions: four S, one V */
    uint32_t *n_readers, *writer; /* moves.c, per register; all zero between uses */
    range at;              /* of the node being emitted */
    const ir_node *node;
} vm_compile;

enum { VM_N_S_TEMPS = 4 };

static inline vm_live *live_of(vm_compile *c, const ir_value *v) { return &c->live[v->id]; }
static inline uint32_t step_of_node(const vm_compile *c, const ir_node *n)
{
    return (uint32_t)(uintptr_t)ptrmap_find(&c->step_of, n) - 1;
}
static inline bool compile_failed(const vm_compile *c)
{
    return c->why || c->scratch.failed || c->plan->arena.failed;
}
void compile_fail(vm_compile *c, range at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void compile_order(vm_compile *c);
void compile_coalesce(vm_compile *c);
void compile_registers(vm_compile *c);
void compile_emit(vm_compile *c);

/* ---- between the emitters
 * ------------------------------------------------------------------------ */
uint32_t emit(vm_compile *c, vm_opcode op, uint32_t x, uint32_t y, uint32_t z,
              uint32_t d); /* its index */
void emit_node(vm_compile *c, uint32_t step);
/** The instruction of a scalar operator; false: n is none, or not one with these operands. */
bool emit_scalar(vm_compile *c, const ir_node *n);
/** The product that n adds to something, if only n reads it. Its step is the one in front of n's. */
ir_node *scalar_product(const ir_node *n);
/** The product if n's instruction computes it as well; NULL: none. */
const ir_node *scalar_combined(const vm_compile *c, const ir_node *n);
/** Can n's instruction compute the node in front of it as well, a sum whose result and operand n adds? */
bool scalar_adds_twice(const vm_compile *c, const ir_node *n);
/** The look-up of a list in a list that n alone reads, to look up a scalar in it. Its step is the one in front of n's. */
ir_node *list_outer(const ir_node *n);
/** The same if n's instruction does both look-ups; NULL: none. */
const ir_node *list_combined(vm_compile *c, const ir_node *n);
/** The element of an inner list that n multiplies and adds, if n's instruction looks it up as well; NULL: none. */
const ir_node *element_combined(vm_compile *c, const ir_node *n);
/** Emit n with that element, into `target`. */
void emit_multiply_add_inner(vm_compile *c, const ir_node *n, const ir_node *element, uint32_t target);
/** Is n a list of constants that is only read? The plan makes it, once. */
bool list_is_constant(const ir_node *n);
/** … the plan's, which is a reference to it; None without memory. */
jit_value list_constant(vm_compile *c, const ir_node *n);
/** Is n a list that is only read, and can be lent to each reader in the scratch of the frame, without being built? Its step
 * is the one in front of the last reader's. */
bool list_is_lent(const ir_node *n);
/** Note which operands of the site of n, inputs from `first` on, are lent; they lose their slots. false: no memory. */
bool lend_operands(vm_compile *c, const ir_node *n, uint32_t first, uint32_t step, vm_slot *args, vm_site *site);
/** If n reads the sizes of a tensor from a list that is not built: from the tensor. */
bool emit_sizes_read(vm_compile *c, const ir_node *n, uint32_t step);
/** Where the inputs of n from `first` on stand at `step`. NULL: no memory. */
vm_slot *arg_slots(vm_compile *c, const ir_node *n, uint32_t first, uint32_t step);
/** May the node be a step of a group? */
bool node_joins_group(const ir_node *n);
/** Collect the group of pointwise operators that begins at `step`: c->fused.at[c->fused.n - 1]. The step behind it;
 * `step` if there is none. */
uint32_t begin_fused(vm_compile *c, uint32_t step);
/** Emit FUSED in front of step k of the newest group; k is its number of steps behind the last one. */
void emit_fused(vm_compile *c, uint32_t k);
void emit_moves(vm_compile *c, const vm_move *moves, size_t n);
/** Moves of the inputs of `user` from `first` on into the registers of `to`. */
void emit_moves_to(vm_compile *c, const ir_node *user, uint32_t first, ir_value *const *to,
                   uint32_t n, uint32_t step);
/** Where v lives, as an operand at `step`; is_last is set where the register may give it up. */
vm_slot operand_slot(vm_compile *c, const ir_value *v, uint32_t step);
vm_slot result_slot(vm_compile *c, const ir_value *v);
/** The S register that holds v as a scalar of kind t, converted into temporary k if need be. */
uint32_t scalar_operand(vm_compile *c, const ir_value *v, type_kind t, uint32_t k);
/** The branch pair of a comparison: its UNLESS opcode (BACK is the next one); -1 if op is none. */
int branch_of(op_id op);
bool node_is_fused(const vm_compile *c, const ir_node *n);
/** Is the result of n a constant of the plan? Then n has no instruction. */
static inline bool node_is_constant(vm_compile *c, const ir_node *n)
{
    return n->n_outputs == 1 && live_of(c, n->outputs[0])->is_constant;
}

#endif
