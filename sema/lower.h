/* sema/lower.h: what the files of lowering share (walk 2: typed tree → emitted IR). Not for other libraries.
 *
 * Lowering decides nothing. Variables are slots that hold the current SSA value; whoever opens a block opens a
 * *region*, and slots written in it are logged, so that closing it tells which slots it changed and puts the
 * old values back. If, Loop and With turn those changes into block outputs. Exits (return, break, continue)
 * are first emitted as marker nodes (prim::ReturnStmt, prim::LoopContinuation); exits.c removes them.
 *
 *     lower.c       functions, slots, regions, names
 *     lower_stmt.c  statements, with an explicit stack: elif chains are as deep as the program is long
 *     lower_expr.c  expressions; left spines and and/or chains are walked without recursion
 *     exits.c       markers → structured form */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEMA_LOWER_H
#define SEMA_LOWER_H

#include "base/diag.h"
#include "ir/graph.h"
#include "sema/tree.h"

/** A slot that a region changed: its value at the end of the region. */
typedef struct slot_change {
    tvar *var;
    ir_value *value;
} slot_change;
typedef VEC(slot_change) slot_changes;

typedef struct slot {
    ir_value *value;  /* NULL: not assigned on the way here */
    uint32_t region;  /* the region that logged it last */
} slot;

typedef struct slot_log {
    tvar *var;
    slot before;
} slot_log;

/** The dynamic loop that break and continue mean. */
typedef struct lower_loop {
    tstmt *stmt;
    ir_block *body;
    tvar **carried;        /* n_carried, in the order of the loop's outputs */
    size_t n_carried;
    struct lower_loop *outer;
} lower_loop;

/** A name to give when everything is emitted: control flow's outputs are named last and so keep the bare
 * name of the variable, as in the reference. */
typedef struct late_name {
    ir_value *value;
    const char *name;
} late_name;

typedef struct lowerer {
    const ttree *tree;
    ir_graph *g;
    diag *d;
    arena scratch;           /* everything below, until the function is lowered */
    ir_block *block;         /* nodes are appended here */
    slot *slots;             /* by tvar id */
    uint32_t region, n_regions;
    VEC(slot_log) log;
    ptrmap shared;           /* TX_SHARED → ir_value *: evaluated on the way here */
    VEC(const texpr *) shared_order;
    ptrmap entered;          /* TS_WITH → ir_value **: what __enter__ returned, by item */
    ptrmap counters;         /* TS_FOR → ir_value *: the block input that counts */
    strmap literals;         /* number → its constant at the top */
    VEC(late_name) late;
    ir_node **readers;       /* by tvar id: a node whose output takes the variable's name at each read */
    lower_loop *loop;
    bool exited;             /* control does not reach the end of `block` */
    struct lowerer *outer;   /* of a fork's body: where captured variables live */
    ir_node *fork;           /* … and the node that captures */
} lowerer;

/** State of slots and shared values at the start of a block. */
typedef struct lower_region {
    uint32_t outer;
    size_t log_mark, shared_mark;
    ir_block *block;
    bool exited;
} lower_region;

/** Enter a block: nodes go to b. */
lower_region lower_open(lowerer *l, ir_block *b);
/** Leave it: slots, shared values, insertion point are as before; ret_changes (may be NULL) gets what the
 * region assigned, sorted by name. */
void lower_close(lowerer *l, lower_region r, slot_changes *ret_changes);
/** Forget the shared values computed since the mark (a loop condition is evaluated more than once). */
void lower_forget_shared(lowerer *l, size_t mark);

ir_node *lower_node(lowerer *l, op_id op, range at);
ir_value *lower_constant(lowerer *l, jit_value take, const type *t, range at);
/** A number of the program, or a loop without a trip count its limit: once for each function, at the top, the
 * newest first (the order is PyTorch's). */
ir_value *lower_number(lowerer *l, jit_value take, const type *t, range at);
void lower_set_slot(lowerer *l, tvar *v, ir_value *value);
/** Assign and name the value after the variable (spec/ir.md §2). */
void lower_assign(lowerer *l, tvar *v, ir_value *value);
ir_value *lower_read(lowerer *l, tvar *v, range at);
void lower_name_later(lowerer *l, ir_value *v, const char *name);
/** A broken tree: lowering goes on with a value that is never meant to be read. */
ir_value *lower_broken(lowerer *l, const type *t, range at, const char *what);
int lower_order_vars(const void *a, const void *b);  /* of tvar *: by name, then id */

void lower_list(lowerer *l, const tstmt_list *stmts);
ir_value *lower_expr(lowerer *l, const texpr *e);
/** The body of a fork in a graph of its own. */
ir_graph *lower_fork_body(lowerer *l, const texpr *e, ir_node *fork);

/** Rewrite the markers of g into structured control flow (spec/ir.md §5). ret_type: what the graph returns
 * where it always raises. */
void lower_exits(ir_graph *g, const type *ret_type);

#endif
