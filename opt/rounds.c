/* Rounds: short loops over scalars and lists that count run eight turns between two tests.
 *
 *     Loop(n, True, x…) { (i, x…) body -> … }   becomes
 *     If(n >= 32) { Loop(n // 8, …) { eight bodies, at 8i, 8i + 1, … }
 *                   Loop(n - n // 8 * 8, …) { the body, at n // 8 * 8 + i } }
 *     else        { the loop as it was }
 *
 * The test and the count at the end of a turn cost as much as the body of such loops, and values that trade places from
 * turn to turn (`a, b = b, a + b`) need not be moved in between. Loops of few turns would pay more for being divided than
 * they gain; their way costs one comparison. All three carry the attribute `rounds`, so that none is divided again, and
 * so that a graph, which grows by ten bodies with each, has a limited number of them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

enum { ROUNDS = 8, MIN_TRIPS = 32, MAX_NODES = 8, MAX_MARKED = 96 };

static bool is_true(const ir_value *v)
{
    jit_value c;
    return ir_value_constant(v, &c) && c.tag == VALUE_BOOL && c.b;
}

static bool is_scalar(const type *t)
{
    return t->kind == TYPE_INT || t->kind == TYPE_FLOAT || t->kind == TYPE_BOOL;
}

/* Does n do so little that the test of a loop is worth speaking of? */
static bool is_little(const ir_node *n)
{
    if (n->op == OP_prim_Loop)
        return false;
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (!is_scalar(n->inputs[i]->type) && n->inputs[i]->type->kind != TYPE_LIST)
            return false;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (!is_scalar(n->outputs[i]->type) && n->outputs[i]->n_uses > 0)
            return false;
    return true;
}

static bool is_short(const ir_node *loop)
{
    uint32_t n_nodes = 0;
    const ir_node *end = ir_next_skip(loop);
    for (const ir_node *n = ir_next_deep(loop); n && n != end; n = ir_next_deep(n)) {
        if (n->op == OP_prim_Constant)
            continue;
        if (++n_nodes > MAX_NODES || !is_little(n))
            return false;
    }
    return n_nodes > 0;
}

static bool may_divide(const ir_node *n)
{
    jit_value trip;
    if (n->op != OP_prim_Loop || ir_attr_find(n, "rounds") || !is_true(n->inputs[1])
        || !is_true(ir_block_output(n->blocks[0], 0)))
        return false;
    if (ir_value_constant(n->inputs[0], &trip) && (trip.tag != VALUE_INT || trip.i < MIN_TRIPS || trip.i == INT64_MAX))
        return false;
    return is_short(n);
}

typedef struct divider {
    ir_graph *g;
    ir_builder b;
    ir_node *loop;              /* to be divided */
    ir_value **args, **outputs; /* of its body: room for one of each */
} divider;

static ir_value *number(divider *d, int64_t i)
{
    return ir_build_constant(&d->b, VALUE_INT_V(i), T_INT);
}

static ir_value *binary(divider *d, op_id op, ir_value *x, ir_value *y, const type *t)
{
    ir_value *args[2] = { x, y };
    return ir_build_op1(&d->b, op, args, 2, t);
}

static void mark(ir_node *loop)
{
    ir_set_int(loop, "rounds", ROUNDS);
}

/* A loop like d->loop at the builder's place, whose body is empty yet; its variables begin with d->args[1…]. */
static ir_node *new_loop(divider *d, ir_value *trip)
{
    const ir_node *like = d->loop;
    ir_node *n = ir_node_new(d->g, OP_prim_Loop, like->at);
    if (!n)
        return NULL;
    n->callee_of = like->callee_of;
    n->called_from = like->called_from;
    ir_node_insert_before(n, d->b.at);
    ir_add_input(n, trip);
    ir_add_input(n, like->inputs[1]);
    ir_block *body = ir_add_block(n);
    if (!body)
        return NULL;
    ir_block_add_input(body, T_INT);
    for (uint32_t i = 0; i < like->n_outputs; i++) {
        ir_add_input(n, d->args[i + 1]);
        ir_add_output(n, like->outputs[i]->type);
        d->args[i + 1] = ir_block_add_input(body, ir_block_input(like->blocks[0], i + 1)->type);
    }
    mark(n);
    return n;
}

/* Append one turn to the body of `into`, at count `i`; d->args[1…] are what its variables are then and afterwards. */
static void add_turn(divider *d, ir_node *into, ir_value *i)
{
    d->args[0] = i;
    ir_block_copy(d->loop->blocks[0], into->blocks[0], into->blocks[0]->ret, d->args, d->outputs);
    for (uint32_t k = 1; k <= d->loop->n_outputs; k++)
        d->args[k] = d->outputs[k];
}

/* The body is complete; d->args[1…] become the results of the loop. */
static void end_loop(divider *d, ir_node *n)
{
    for (uint32_t k = 0; k <= n->n_outputs; k++)
        ir_block_add_output(n->blocks[0], d->outputs[k]);
    for (uint32_t k = 0; k < n->n_outputs; k++)
        d->args[k + 1] = n->outputs[k];
}

/* The one place that reads v, if that is the index of a range: start + v * step. */
static ir_node *range_index(const ir_value *v)
{
    ir_node *n = v->n_uses == 1 ? v->uses->user : NULL;
    return n && n->op == OP_aten___derive_index && v->uses->index == 0 ? n : NULL;
}

/* The index of a range, from the one of the turn before: one sum instead of two and a product. */
static ir_value *step_index(divider *d, ir_value *before, ir_value *i)
{
    ir_node *n = range_index(i);
    if (!n || !before)
        return n ? n->outputs[0] : NULL;
    ir_node *at = d->b.at;
    d->b.at = n;
    ir_value *stepped = binary(d, OP_aten_add_int, before, n->inputs[2], T_INT);
    d->b.at = at;
    ir_replace_uses(n->outputs[0], stepped);
    ir_node_remove(n);
    if (i->n_uses == 0)
        ir_node_remove(i->node);
    return stepped;
}

static void add_rounds(divider *d, ir_value *trip)
{
    bool is_read = ir_block_input(d->loop->blocks[0], 0)->n_uses > 0;
    ir_node *n = new_loop(d, trip), *at = d->b.at;
    if (!n)
        return;
    d->b.at = n->blocks[0]->ret;
    ir_value *counter = ir_block_input(n->blocks[0], 0), *first = counter, *index = NULL;
    if (is_read)
        first = binary(d, OP_aten_mul_int, counter, number(d, ROUNDS), T_INT);
    for (int64_t k = 0; k < ROUNDS; k++) {
        ir_value *i = first;
        if (is_read && k > 0)
            i = binary(d, OP_aten_add_int, first, number(d, k), T_INT);
        add_turn(d, n, i);
        if (is_read)
            index = step_index(d, index, i);
    }
    d->b.at = at;
    end_loop(d, n);
}

static void add_rest(divider *d, ir_value *trip, ir_value *first)
{
    ir_node *n = new_loop(d, trip), *at = d->b.at;
    if (!n)
        return;
    d->b.at = n->blocks[0]->ret;
    ir_value *i = ir_block_input(n->blocks[0], 0);
    if (ir_block_input(d->loop->blocks[0], 0)->n_uses > 0)
        i = binary(d, OP_aten_add_int, first, i, T_INT);
    add_turn(d, n, i);
    d->b.at = at;
    end_loop(d, n);
}

/* Both loops at the builder's place; d->args[1…] become their results. */
static void add_divided(divider *d)
{
    jit_value constant;
    ir_value *trip = d->loop->inputs[0];
    for (uint32_t i = 0; i < d->loop->n_outputs; i++)
        d->args[i + 1] = d->loop->inputs[i + 2];
    if (ir_value_constant(trip, &constant)) {
        add_rounds(d, number(d, constant.i / ROUNDS));
        if (constant.i % ROUNDS)
            add_rest(d, number(d, constant.i % ROUNDS), number(d, constant.i / ROUNDS * ROUNDS));
        return;
    }
    ir_value *rounds = binary(d, OP_aten_floordiv_int, trip, number(d, ROUNDS), T_INT);
    ir_value *first = binary(d, OP_aten_mul_int, rounds, number(d, ROUNDS), T_INT);
    ir_value *rest = binary(d, OP_aten_sub_int, trip, first, T_INT);
    add_rounds(d, rounds);
    add_rest(d, rest, first);
}

/* The choice between both forms, in the place of the loop. */
static void add_choice(divider *d)
{
    ir_node *loop = d->loop;
    ir_value *is_long = binary(d, OP_aten_ge_int, loop->inputs[0], number(d, MIN_TRIPS), T_BOOL);
    ir_node *choice = ir_node_new(d->g, OP_prim_If, loop->at);
    if (!choice)
        return;
    choice->callee_of = loop->callee_of;
    choice->called_from = loop->called_from;
    ir_node_insert_before(choice, loop);
    ir_add_input(choice, is_long);
    for (uint32_t i = 0; i < loop->n_outputs; i++)
        ir_replace_uses(loop->outputs[i], ir_add_output(choice, loop->outputs[i]->type));
    ir_block *many = ir_add_block(choice), *few = ir_add_block(choice);
    if (!many || !few)
        return;
    d->b.at = many->ret;
    add_divided(d);
    ir_node_move_before(loop, few->ret);
    for (uint32_t i = 0; i < loop->n_outputs; i++) {
        ir_block_add_output(many, d->args[i + 1]);
        ir_block_add_output(few, loop->outputs[i]);
    }
    mark(loop);
}

static void divide(ir_graph *g, opt_ctx *cx, ir_node *loop)
{
    divider d = { .g = g, .loop = loop };
    d.b = (ir_builder){ .g = g, .at = loop, .range = loop->at, .callee_of = loop->callee_of,
                        .called_from = loop->called_from };
    d.args = ARENA_ARRAY(&cx->scratch, ir_value *, (size_t)loop->n_outputs + 1);
    d.outputs = ARENA_ARRAY(&cx->scratch, ir_value *, (size_t)loop->n_outputs + 1);
    if (!d.args || !d.outputs)
        return;
    if (loop->inputs[0]->node->op != OP_prim_Constant) {
        add_choice(&d);
        return;
    }
    add_divided(&d);
    for (uint32_t i = 0; i < loop->n_outputs; i++)
        ir_replace_uses(loop->outputs[i], d.args[i + 1]);
    ir_node_remove(loop);
}

bool opt_rounds(ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    uint32_t n_marked = 0;
    IR_EACH_NODE_DEEP(n, g)
        n_marked += n->op == OP_prim_Loop && ir_attr_find(n, "rounds");
    for (ir_node *n = ir_last_deep(g), *before; n && n_marked < MAX_MARKED; n = before) {
        before = ir_prev_deep(n);
        if (!may_divide(n))
            continue;
        divide(g, cx, n);
        progress = true;
        n_marked += 3;
    }
    return progress;
}
