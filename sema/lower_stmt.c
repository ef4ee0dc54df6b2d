/* Lowering of statements.
 *
 * A stack of frames on the heap stands for the nested lists: the orelse of an elif chain is as deep as the
 * program is long. Each frame walks one list; when it is through, the statement that owns the list goes on
 * with its next part (else branch, loop condition) or is finished. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bitset.h"
#include "sema/lower.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef enum frame_part { PART_LIST, PART_THEN, PART_ELSE, PART_LOOP, PART_WITH } frame_part;

typedef struct frame {
    frame_part part;
    const tstmt_list *list;
    size_t next;               /* statement to lower next */
    tstmt *owner;              /* the if, loop or with the list belongs to */
    ir_node *node;             /* … and its node */
    lower_region region;
    slot_changes then_changes; /* PART_ELSE: what the other branch did */
    bool then_exited;
    lower_loop loop;           /* PART_LOOP */
} frame;

typedef VEC(frame *) frame_stack;

/* ---- which variables a loop carries ----------------------------------------------------------- */

typedef struct assigned_set {
    VEC(tvar *) vars;
    bitset seen;
} assigned_set;

static void note_assigned(lowerer *l, assigned_set *s, tvar *v)
{
    if (v && l->slots[v->id].value && bitset_add(&s->seen, v->id))
        VEC_PUSH(&s->vars, &l->scratch, v);
}

typedef VEC(const tstmt_list *) list_stack;

static void push_list(lowerer *l, list_stack *stack, const tstmt_list *stmts)
{
    if (stmts->n)
        VEC_PUSH(stack, &l->scratch, stmts);
}

/* Outer slots that the lists assign anywhere. */
static void find_assigned(lowerer *l, assigned_set *s, const tstmt_list *const *lists, size_t n_lists)
{
    list_stack stack = { 0 };
    for (size_t i = 0; i < n_lists; i++)
        push_list(l, &stack, lists[i]);
    while (stack.n) {
        const tstmt_list *stmts = stack.at[--stack.n];
        for (size_t i = 0; i < stmts->n; i++) {
            const tstmt *t = stmts->at[i];
            note_assigned(l, s, t->kind == TS_ASSIGN ? t->var : NULL);
            for (size_t k = 0; k < t->n_vars; k++)
                note_assigned(l, s, t->vars[k]);
            for (size_t k = 0; k < t->n_items; k++)
                note_assigned(l, s, t->items[k].as);
            push_list(l, &stack, &t->body);
            push_list(l, &stack, &t->orelse);
            push_list(l, &stack, &t->cond_prefix);
        }
    }
}

/* ---- simple statements ------------------------------------------------------------------------- */

static void lower_unpack(lowerer *l, const tstmt *s)
{
    ir_value *value = lower_expr(l, s->value);
    const type *t = s->value->type;
    bool is_list = t->kind == TYPE_LIST;
    ir_node *n = lower_node(l, is_list ? OP_prim_ListUnpack : OP_prim_TupleUnpack, s->at);
    ir_add_input(n, value);
    for (size_t i = 0; i < s->n_vars; i++)
        ir_add_output(n, is_list ? type_elem(t) : i < t->n_args ? t->args[i] : s->vars[i]->type);
    for (size_t i = 0; i < s->n_vars && !ir_graph_failed(l->g); i++)
        lower_assign(l, s->vars[i], n->outputs[i]);
}

static void lower_set_attr(lowerer *l, const tstmt *s)
{
    ir_value *value = lower_expr(l, s->value);
    ir_value *receiver = lower_expr(l, s->object);
    ir_node *n = lower_node(l, OP_prim_SetAttr, s->at);
    ir_set_str(n, "name", s->name);
    ir_add_input(n, receiver);
    ir_add_input(n, value);
}

static void lower_raise(lowerer *l, const tstmt *s)
{
    ir_value *message = lower_expr(l, s->value);
    ir_value *cls;
    if (s->name) {
        str *name = str_new(s->name, strlen(s->name));
        l->scratch.failed |= !name;
        cls = lower_constant(l, name ? VALUE_HEAP_V(VALUE_STR, name) : VALUE_NONE_V, T_STR, s->at);
    } else {
        cls = lower_constant(l, VALUE_NONE_V, T_NONE, (range){ 0 });
    }
    ir_node *n = lower_node(l, OP_prim_RaiseException, s->at);
    ir_add_input(n, message);
    ir_add_input(n, cls);
    l->exited = true;
}

/* The condition of the loop's next round, in the current block. */
static ir_value *next_condition(lowerer *l, const tstmt *loop)
{
    if (loop->kind == TS_FOR)
        return lower_constant(l, VALUE_BOOL_V(true), T_BOOL, loop->at);
    size_t mark = l->shared_order.n;
    lower_list(l, &loop->cond_prefix);
    ir_value *condition = lower_expr(l, loop->value);
    lower_forget_shared(l, mark);
    return condition;
}

/* break and continue: what the block of the loop shall return. */
static void lower_jump(lowerer *l, const tstmt *s)
{
    const lower_loop *loop = l->loop;
    if (!loop) {
        lower_broken(l, T_NONE, s->at, "a jump outside of loops");
        return;
    }
    ir_value *condition = s->kind == TS_BREAK
                              ? lower_constant(l, VALUE_BOOL_V(false), T_BOOL, s->at)
                              : next_condition(l, loop->stmt);
    ir_node *n = lower_node(l, OP_prim_LoopContinuation, s->at);
    ir_add_input(n, condition);
    for (size_t i = 0; i < loop->n_carried; i++)
        ir_add_input(n, l->slots[loop->carried[i]->id].value);
    l->exited = true;
}

static void lower_return(lowerer *l, const tstmt *s)
{
    ir_value *value = lower_expr(l, s->value);
    ir_add_input(lower_node(l, OP_prim_ReturnStmt, s->at), value);
    l->exited = true;
}

/* ---- if ----------------------------------------------------------------------------------------- */

static frame *push_frame(lowerer *l, frame_stack *stack, frame_part part, const tstmt_list *stmts)
{
    frame *f = ARENA_NEW(&l->scratch, frame);
    f->part = part;
    f->list = stmts;
    VEC_PUSH(stack, &l->scratch, f);
    return f;
}

static void start_if(lowerer *l, frame_stack *stack, tstmt *s)
{
    ir_value *condition = lower_expr(l, s->value);
    ir_node *n = lower_node(l, OP_prim_If, s->at);
    ir_add_input(n, condition);
    ir_add_block(n);
    ir_add_block(n);
    if (ir_graph_failed(l->g))
        return;
    frame *f = push_frame(l, stack, PART_THEN, &s->body);
    f->owner = s;
    f->node = n;
    f->region = lower_open(l, n->blocks[0]);
}

/* The value of a slot at the end of a branch that did not change it. NULL: it has none there, and it is no
 * output of the If. */
static ir_value *unchanged_value(lowerer *l, ir_block *branch, const tvar *v, bool exited)
{
    ir_value *outer = l->slots[v->id].value;
    if (outer || !exited)
        return outer;
    ir_node *n = ir_node_new(l->g, OP_prim_Uninitialized, (range){ 0 });
    ir_node_append(n, branch);
    return ir_add_output(n, v->type);
}

static void join_slot(lowerer *l, ir_node *n, tvar *v, ir_value *in_then, ir_value *in_else)
{
    ir_block_add_output(n->blocks[0], in_then);
    ir_block_add_output(n->blocks[1], in_else);
    ir_value *joined = ir_add_output(n, v->type);
    lower_name_later(l, joined, v->name);
    lower_set_slot(l, v, joined);
}

/* Both lists are sorted: merge them. */
static void join_branches(lowerer *l, ir_node *n, const slot_changes *then_changes, bool then_exited,
                          const slot_changes *else_changes, bool else_exited)
{
    size_t i = 0, k = 0;
    while (i < then_changes->n || k < else_changes->n) {
        const slot_change *a = i < then_changes->n ? &then_changes->at[i] : NULL;
        const slot_change *b = k < else_changes->n ? &else_changes->at[k] : NULL;
        int order = !a ? 1 : !b ? -1 : lower_order_vars(&a->var, &b->var);
        tvar *v = order <= 0 ? a->var : b->var;
        ir_value *in_then = order <= 0 ? a->value
                                       : unchanged_value(l, n->blocks[0], v, then_exited);
        ir_value *in_else = order >= 0 ? b->value
                                       : unchanged_value(l, n->blocks[1], v, else_exited);
        if (in_then && in_else)
            join_slot(l, n, v, in_then, in_else);
        i += order <= 0;
        k += order >= 0;
    }
}

/* True if the frame goes on with the else branch. */
static bool finish_branch(lowerer *l, frame *f)
{
    slot_changes changes = { 0 };
    bool exited = l->exited;
    lower_close(l, f->region, &changes);
    if (f->part == PART_THEN) {
        f->part = PART_ELSE;
        f->then_changes = changes;
        f->then_exited = exited;
        f->list = &f->owner->orelse;
        f->next = 0;
        f->region = lower_open(l, f->node->blocks[1]);
        return true;
    }
    if (f->then_exited && exited)
        l->exited = true;
    else
        join_branches(l, f->node, &f->then_changes, f->then_exited, &changes, exited);
    return false;
}

/* ---- loops -------------------------------------------------------------------------------------- */

static void start_loop(lowerer *l, frame_stack *stack, tstmt *s)
{
    bool is_for = s->kind == TS_FOR;
    ir_value *trip = is_for ? lower_expr(l, s->value)
                            : lower_number(l, VALUE_INT_V(INT64_MAX), T_INT, s->at);
    ir_value *condition = next_condition(l, s);

    assigned_set assigned = { 0 };
    bitset_init(&assigned.seen, &l->scratch);
    find_assigned(l, &assigned, (const tstmt_list *[]){ &s->body, &s->cond_prefix }, 2);
    if (assigned.vars.n > 1)
        qsort(assigned.vars.at, assigned.vars.n, sizeof *assigned.vars.at, lower_order_vars);

    ir_node *n = lower_node(l, OP_prim_Loop, s->at);
    ir_add_input(n, trip);
    ir_add_input(n, condition);
    ir_block *body = ir_add_block(n);
    ir_value *counter = ir_block_add_input(body, T_INT);
    ptrmap_set(&l->counters, s, counter);
    for (size_t i = 0; i < assigned.vars.n; i++)
        ir_add_input(n, l->slots[assigned.vars.at[i]->id].value);

    if (ir_graph_failed(l->g))
        return;
    frame *f = push_frame(l, stack, PART_LOOP, &s->body);
    f->owner = s;
    f->node = n;
    f->region = lower_open(l, body);
    for (size_t i = 0; i < assigned.vars.n; i++) {
        tvar *v = assigned.vars.at[i];
        lower_set_slot(l, v, ir_block_add_input(body, v->type));
    }
    f->loop = (lower_loop){ s, body, assigned.vars.at, assigned.vars.n, l->loop };
    l->loop = &f->loop;
}

static void finish_loop(lowerer *l, frame *f)
{
    const lower_loop *loop = &f->loop;
    /* After an exit nobody reads what the block returns, but its shape must be right. */
    ir_value *condition = l->exited ? lower_constant(l, VALUE_BOOL_V(true), T_BOOL, f->owner->at)
                                    : next_condition(l, f->owner);
    ir_block_add_output(loop->body, condition);
    for (size_t i = 0; i < loop->n_carried; i++)
        ir_block_add_output(loop->body, l->slots[loop->carried[i]->id].value);
    lower_close(l, f->region, NULL);
    l->loop = loop->outer;
    for (size_t i = 0; i < loop->n_carried; i++) {
        tvar *v = loop->carried[i];
        lower_name_later(l, ir_block_input(loop->body, (uint32_t)i + 1), v->name);
        ir_value *out = ir_add_output(f->node, v->type);
        lower_name_later(l, out, v->name);
        lower_set_slot(l, v, out);
    }
}

/* ---- with --------------------------------------------------------------------------------------- */

/* Enter nodes stand before prim::With; its first block is the body, its second the Exit nodes. Flattened
 * by exits.c once returns are structured. */
static void start_with(lowerer *l, frame_stack *stack, tstmt *s)
{
    ir_value **entered = ARENA_ARRAY(&l->scratch, ir_value *, s->n_items + 1);
    ir_value **objects = ARENA_ARRAY(&l->scratch, ir_value *, s->n_items + 1);
    if (!entered || !objects)
        return;
    ptrmap_set(&l->entered, s, entered);
    for (size_t i = 0; i < s->n_items; i++) {
        const twith_item *item = &s->items[i];
        objects[i] = lower_expr(l, item->object);
        ir_node *enter = lower_node(l, OP_prim_Enter, (range){ 0 }); // no place, as the reference prints it
        ir_add_input(enter, objects[i]);
        const schema *sc = item->enter ? item->enter->schema : NULL;
        entered[i] = ir_add_output(enter, sc ? schema_result_type(sc) : T_NONE);
        if (item->as)
            lower_assign(l, item->as, entered[i]);
    }
    ir_node *n = lower_node(l, OP_prim_With, s->at);
    ir_block *body = ir_add_block(n), *exits = ir_add_block(n);
    for (size_t i = s->n_items; i-- > 0;) {
        ir_node *leave = ir_node_new(l->g, OP_prim_Exit, (range){ 0 });
        ir_node_append(leave, exits);
        ir_add_input(leave, objects[i]);
        ir_add_output(leave, T_TENSOR);
    }
    if (ir_graph_failed(l->g))
        return;
    frame *f = push_frame(l, stack, PART_WITH, &s->body);
    f->owner = s;
    f->node = n;
    f->region = lower_open(l, body);
}

static void finish_with(lowerer *l, frame *f)
{
    slot_changes changes = { 0 };
    bool exited = l->exited;
    lower_close(l, f->region, &changes);
    l->exited = exited;
    for (size_t i = 0; !exited && i < changes.n; i++) {
        ir_block_add_output(f->node->blocks[0], changes.at[i].value);
        ir_value *out = ir_add_output(f->node, changes.at[i].var->type);
        lower_set_slot(l, changes.at[i].var, out);
    }
}

/* ---- the walk ----------------------------------------------------------------------------------- */

static void lower_stmt(lowerer *l, frame_stack *stack, tstmt *s)
{
    switch ((tstmt_kind)s->kind) {
    case TS_EXPR: lower_expr(l, s->value); break;
    case TS_ASSIGN: lower_assign(l, s->var, lower_expr(l, s->value)); break;
    case TS_SET_ATTR: lower_set_attr(l, s); break;
    case TS_UNPACK: lower_unpack(l, s); break;
    case TS_IF: start_if(l, stack, s); break;
    case TS_WHILE:
    case TS_FOR: start_loop(l, stack, s); break;
    case TS_RETURN: lower_return(l, s); break;
    case TS_BREAK:
    case TS_CONTINUE: lower_jump(l, s); break;
    case TS_RAISE: lower_raise(l, s); break;
    case TS_WITH: start_with(l, stack, s); break;
    case TS__COUNT: break;
    }
}

/* The list of the top frame is through. */
static void finish_list(lowerer *l, frame_stack *stack)
{
    frame *f = stack->at[stack->n - 1];
    switch (f->part) {
    case PART_LIST: break;
    case PART_THEN:
    case PART_ELSE:
        if (finish_branch(l, f))
            return;
        break;
    case PART_LOOP: finish_loop(l, f); break;
    case PART_WITH: finish_with(l, f); break;
    }
    stack->n--;
}

void lower_list(lowerer *l, const tstmt_list *stmts)
{
    frame_stack stack = { 0 };
    push_frame(l, &stack, PART_LIST, stmts);
    while (stack.n && !arena_failed(&l->scratch) && !ir_graph_failed(l->g)) {
        frame *f = stack.at[stack.n - 1];
        if (l->exited || f->next == f->list->n)
            finish_list(l, &stack);
        else
            lower_stmt(l, &stack, f->list->at[f->next++]);
    }
}
