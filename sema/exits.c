/* Exits: return, break and continue become structured control flow (spec/ir.md §5).
 *
 * Lowering leaves markers: prim::LoopContinuation (what the block of the innermost loop shall return) and
 * prim::ReturnStmt. Two walks remove them, first those of loops, then returns. A walk asks of each block: does
 * control leave it, and with which values? Where it *may* leave, the rest of the block moves into the else
 * branch of `If(did_exit)`, whose outputs then stand for the block's. Executable IR has no jumps, so there is
 * no cheaper form; the reference does the same, and its printed graphs show it.
 *
 * A chain of 10,000 early returns nests 10,000 blocks deep: the walk keeps its frames on the heap, and guarding
 * the rest of a block moves the short part *before* the exit, not the long one after it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/lower.h"

typedef enum exit_status { EXIT_NEVER, EXIT_SURELY, EXIT_MAYBE, EXIT_THROWS } exit_status;

/** How control leaves a block or node. */
typedef struct exit_info {
    exit_status status;
    ir_value *did_exit;     /* bool: a constant unless EXIT_MAYBE */
    ir_value **values;      /* what the target block returns then */
    size_t n_values;
} exit_info;

typedef struct exit_frame {
    ir_block *block;
    ir_node *next;          /* to be visited */
    ir_node *node;          /* whose blocks are being visited, or NULL */
    uint32_t branch;        /* the one being visited */
    exit_info then_info;    /* of the first branch */
    bool guarded;           /* node is the If around the rest of the block */
} exit_frame;

typedef struct exits {
    ir_graph *g;
    arena scratch;
    const type *ret_type;
    op_id kind;             /* the marker this walk removes */
    ir_value *yes, *no;
    ptrmap uninitialized;   /* type → ir_value *, at the top */
    VEC(exit_frame) stack;
} exits;

/* ---- values at the top of the graph ------------------------------------------------------------- */

static ir_value *bool_at_top(exits *x, bool b)
{
    ir_builder at = { .g = x->g, .at = x->g->body->param->next };
    return ir_build_constant(&at, VALUE_BOOL_V(b), T_BOOL);
}

static ir_value *uninitialized(exits *x, const type *t)
{
    ir_value *v = ptrmap_find(&x->uninitialized, t);
    if (v)
        return v;
    ir_node *n = ir_node_new(x->g, OP_prim_Uninitialized, (range){ 0 });
    ir_node_prepend(n, x->g->body);
    v = ir_add_output(n, t);
    ptrmap_set(&x->uninitialized, t, v);
    return v;
}

static exit_info never(exits *x)
{
    return (exit_info){ .status = EXIT_NEVER, .did_exit = x->no };
}

static exit_info throws(exits *x)
{
    return (exit_info){ .status = EXIT_THROWS, .did_exit = uninitialized(x, T_BOOL) };
}

/* Copies the values: `at` may be an array that changes. */
static ir_value **copy_values(exits *x, ir_value *const *at, size_t n)
{
    if (ir_graph_failed(x->g))
        return NULL; // `at` may be shorter than it should be
    ir_value **values = ARENA_ARRAY(&x->scratch, ir_value *, n + 1);
    for (size_t i = 0; values && i < n; i++)
        values[i] = at[i];
    return values;
}

static exit_info surely(exits *x, ir_value *const *at, size_t n)
{
    ir_value **values = copy_values(x, at, n);
    return (exit_info){ EXIT_SURELY, x->yes, values, values ? n : 0 };
}

/* ---- what an If and a Loop do -------------------------------------------------------------------- */

static exit_status join_status(exit_status a, exit_status b)
{
    if (a == EXIT_THROWS)
        return b;
    if (b == EXIT_THROWS)
        return a;
    return a == b ? a : EXIT_MAYBE;
}

static void add_if_output(ir_node *n, ir_value *in_then, ir_value *in_else)
{
    ir_block_add_output(n->blocks[0], in_then);
    ir_block_add_output(n->blocks[1], in_else);
    const type *t = type_unify_or_union(in_then->type, in_else->type);
    ir_add_output(n, t ? t : in_then->type);
}

static bool has_values(const exit_info *i)
{
    return i->status == EXIT_SURELY || i->status == EXIT_MAYBE;
}

static exit_info finish_if(exits *x, ir_node *n, const exit_info *a, const exit_info *b)
{
    exit_status status = join_status(a->status, b->status);
    if (status == EXIT_THROWS)
        return throws(x);
    if (status == EXIT_NEVER)
        return never(x);
    exit_info info = { .status = status, .did_exit = x->yes };
    if (status == EXIT_MAYBE) {
        add_if_output(n, a->did_exit, b->did_exit);
        info.did_exit = n->outputs[n->n_outputs - 1];
    }
    const exit_info *model = has_values(a) ? a : b;
    uint32_t first = n->n_outputs;
    for (size_t i = 0; i < model->n_values; i++) {
        const type *t = model->values[i]->type;
        add_if_output(n, has_values(a) ? a->values[i] : uninitialized(x, t),
                      has_values(b) ? b->values[i] : uninitialized(x, t));
    }
    info.values = copy_values(x, n->outputs + first, model->n_values);
    info.n_values = info.values ? model->n_values : 0;
    return info;
}

/* The loop carries (did_exit, values…) and stops once did_exit is true. It may run no round at all, so an
 * exit is never certain and a raise says nothing about what follows. */
static exit_info finish_loop(exits *x, ir_node *loop, const exit_info *body)
{
    if (!has_values(body))
        return never(x);
    ir_block *b = loop->blocks[0];
    ir_node *stop = ir_node_new(x->g, OP_prim_If, (range){ 0 });
    ir_node_append(stop, b);
    ir_add_input(stop, body->did_exit);
    ir_block_add_output(ir_add_block(stop), x->no);
    ir_block_add_output(ir_add_block(stop), ir_block_output(b, 0));
    ir_set_input(b->ret, 0, ir_add_output(stop, T_BOOL));

    ir_add_input(loop, x->no);
    ir_block_add_input(b, T_BOOL);
    ir_block_add_output(b, body->did_exit);
    exit_info info = { .status = EXIT_MAYBE, .did_exit = ir_add_output(loop, T_BOOL) };
    uint32_t first = loop->n_outputs;
    for (size_t i = 0; i < body->n_values; i++) {
        const type *t = body->values[i]->type;
        ir_add_input(loop, uninitialized(x, t));
        ir_block_add_input(b, t);
        ir_block_add_output(b, body->values[i]);
        ir_add_output(loop, t);
    }
    info.values = copy_values(x, loop->outputs + first, body->n_values);
    info.n_values = info.values ? body->n_values : 0;
    return info;
}

/* ---- the rest of a block -------------------------------------------------------------------------- */

/* Control does not get here. Results that block returns still name become placeholders. */
static void drop_from(exits *x, ir_block *b, ir_node *first)
{
    for (bool done = false; !done;) {
        ir_node *n = b->ret->prev;
        done = n == first;
        for (uint32_t i = 0; i < n->n_outputs; i++)
            if (n->outputs[i]->n_uses)
                ir_replace_uses(n->outputs[i], uninitialized(x, n->outputs[i]->type));
        ir_node_remove(n);
    }
}

static void replace_block(ir_block *old, ir_block *by)
{
    by->owner = old->owner;
    if (!old->owner) {
        old->graph->body = by;
        return;
    }
    for (uint32_t i = 0; i < old->owner->n_blocks; i++)
        if (old->owner->blocks[i] == old)
            old->owner->blocks[i] = by;
}

/* Give `to` (empty) the parameters of `from` and its nodes before `rest`. `from` keeps the others and what
 * it returns. */
static void split_block(ir_block *from, ir_block *to, ir_node *rest)
{
    ir_node *head = from->param, *last = rest->prev, *fresh = to->param;
    fresh->next = rest;
    rest->prev = fresh;
    last->next = to->ret;
    to->ret->prev = last;
    from->param = fresh;
    fresh->block = from;
    to->param = head;
    for (ir_node *n = head; n != to->ret; n = n->next)
        n->block = to;
}

/* block = [before, rest] becomes [before, If(did_exit) { exit again } else { rest }]; returns the If. */
static ir_node *guard_rest(exits *x, exit_frame *f, const exit_info *info)
{
    ir_block *rest = f->block;
    ir_node *guard = ir_node_new(x->g, OP_prim_If, (range){ 0 });
    ir_block *leave = ir_add_block(guard);
    ir_block *outer = ir_add_block(guard);
    if (ir_graph_failed(x->g))
        return NULL;
    split_block(rest, outer, f->next);
    replace_block(rest, outer);
    guard->blocks[1] = rest;
    rest->owner = guard;
    ir_node_append(guard, outer);
    ir_add_input(guard, info->did_exit);

    ir_node *again = ir_node_new(x->g, x->kind, (range){ 0 });
    ir_node_append(again, leave);
    for (size_t i = 0; i < info->n_values; i++)
        ir_add_input(again, info->values[i]);
    for (uint32_t i = 0; i < ir_block_n_outputs(rest); i++) {
        const type *t = ir_block_output(rest, i)->type;
        ir_block_add_output(leave, uninitialized(x, t));
        ir_block_add_output(outer, ir_add_output(guard, t));
    }
    f->block = outer;
    f->next = outer->ret;
    return guard;
}

/* ---- the walk --------------------------------------------------------------------------------------- */

static bool is_target(const exits *x, const ir_block *b)
{
    if (x->kind == OP_prim_ReturnStmt)
        return !b->owner;
    return b->owner && b->owner->op == OP_prim_Loop;
}

static void set_returns(ir_block *b, ir_value *const *values, size_t n)
{
    ir_remove_inputs(b->ret);
    for (size_t i = 0; i < n; i++)
        ir_block_add_output(b, values[i]);
}

/* Exits end at their target: its returns become what was exited with. */
static exit_info finish_target(exits *x, ir_block *b, const exit_info *info)
{
    if (info->status == EXIT_SURELY) {
        set_returns(b, info->values, info->n_values);
    } else if (info->status == EXIT_MAYBE && ir_block_n_outputs(b) == info->n_values) {
        ir_node *choose = ir_node_new(x->g, OP_prim_If, (range){ 0 });
        ir_node_append(choose, b);
        ir_add_input(choose, info->did_exit);
        ir_add_block(choose);
        ir_add_block(choose);
        if (ir_graph_failed(x->g))
            return never(x);
        for (size_t i = 0; i < info->n_values; i++)
            add_if_output(choose, info->values[i], ir_block_output(b, (uint32_t)i));
        set_returns(b, choose->outputs, choose->n_outputs);
    } else if (info->status == EXIT_MAYBE) {
        /* The body of a function: whoever does not return raises. */
        set_returns(b, info->values, info->n_values);
    }
    return never(x);
}

static void push_block(exits *x, ir_block *b)
{
    exit_frame f = { .block = b, .next = b->param->next };
    VEC_PUSH(&x->stack, &x->scratch, f);
}

/* The frame's block is done, or its rest goes on inside a guard. true: *info is what the block does. */
static bool after_node(exits *x, exit_frame *f, exit_info *info)
{
    f->node = NULL;
    switch (info->status) {
    case EXIT_NEVER:
        return f->guarded;
    case EXIT_SURELY:
    case EXIT_THROWS:
        if (f->next != f->block->ret)
            drop_from(x, f->block, f->next);
        return true;
    case EXIT_MAYBE:
        if (f->guarded || f->next == f->block->ret)
            return true;
        f->node = guard_rest(x, f, info);
        if (ir_graph_failed(x->g))
            return false; // the walk ends
        f->branch = 0;
        f->guarded = true;
        push_block(x, f->node->blocks[0]);
        return false;
    }
    return true;
}

/* Visit the next node of the top frame. true: *info is what the block does. */
static bool visit_next(exits *x, exit_frame *f, exit_info *info)
{
    if (f->next == f->block->ret) {
        *info = never(x);
        return true;
    }
    ir_node *n = f->next;
    f->next = n->next;
    if (n->op == x->kind) {
        *info = surely(x, n->inputs, n->n_inputs);
        ir_node_remove(n);
        return after_node(x, f, info);
    }
    if (n->op == OP_prim_RaiseException) {
        *info = throws(x);
        return after_node(x, f, info);
    }
    if (n->op == OP_prim_If || n->op == OP_prim_Loop || n->op == OP_prim_With) {
        f->node = n;
        f->branch = 0;
        push_block(x, n->blocks[0]);
    }
    return false;
}

/* A block of the node that frame f stands at did *info. true: *info is what f's own block does. */
static bool finish_child(exits *x, exit_frame *f, exit_info *info)
{
    ir_node *n = f->node;
    if (n->op == OP_prim_If && f->branch == 0) {
        f->then_info = *info;
        f->branch = 1;
        push_block(x, n->blocks[1]);
        return false;
    }
    if (n->op == OP_prim_If)
        *info = finish_if(x, n, &f->then_info, info);
    else if (n->op == OP_prim_Loop)
        *info = finish_loop(x, n, info);
    return after_node(x, f, info); // prim::With does what its body does
}

static void remove_unused(const ir_value *v)
{
    if (v->n_uses == 0)
        ir_node_remove(v->node);
}

/* Most functions need none of the values at the top. */
static void remove_unused_values(exits *x)
{
    remove_unused(x->no);
    remove_unused(x->yes);
    for (size_t i = 0; i < x->uninitialized.n; i++)
        if (x->uninitialized.entries[i].key)
            remove_unused(x->uninitialized.entries[i].value);
}

static void remove_markers(exits *x, op_id kind)
{
    x->kind = kind;
    if (ir_graph_failed(x->g))
        return;
    x->no = bool_at_top(x, false);
    x->yes = bool_at_top(x, true);
    ptrmap_init(&x->uninitialized, &x->scratch);
    x->stack.n = 0;
    push_block(x, x->g->body);
    while (x->stack.n && !arena_failed(&x->scratch) && !ir_graph_failed(x->g)) {
        exit_info info;
        bool done = visit_next(x, &VEC_LAST(&x->stack), &info);
        while (done) {
            exit_frame *f = &VEC_LAST(&x->stack);
            if (is_target(x, f->block))
                info = finish_target(x, f->block, &info);
            x->stack.n--;
            done = x->stack.n && finish_child(x, &VEC_LAST(&x->stack), &info);
        }
    }
    if (x->kind == OP_prim_ReturnStmt && ir_block_n_outputs(x->g->body) == 0)
        ir_block_add_output(x->g->body, uninitialized(x, x->ret_type)); // it always raises
    if (!ir_graph_failed(x->g))
        remove_unused_values(x);
}

/* prim::With → its body, then its Exit nodes. */
static void flatten_withs(ir_graph *g)
{
    for (ir_node *n = ir_last_deep(g), *before; n; n = before) {
        before = ir_prev_deep(n);
        if (n->op != OP_prim_With)
            continue;
        for (uint32_t i = 0; i < n->n_outputs; i++)
            ir_replace_uses(n->outputs[i], ir_block_output(n->blocks[0], i));
        for (uint32_t b = 0; b < n->n_blocks; b++)
            IR_EACH_NODE_SAFE(inner, n->blocks[b])
                ir_node_move_before(inner, n);
        ir_node_remove(n);
    }
}

void lower_exits(ir_graph *g, const type *ret_type)
{
    exits x = { .g = g, .ret_type = ret_type };
    arena_init(&x.scratch);
    remove_markers(&x, OP_prim_LoopContinuation);
    remove_markers(&x, OP_prim_ReturnStmt);
    if (!ir_graph_failed(g))
        flatten_withs(g);
    if (arena_failed(&x.scratch))
        g->arena.failed = true;
    arena_fini(&x.scratch);
}
