/* ir/node.c: editing a graph: nodes in blocks, inputs with their use records, outputs, blocks, attributes.
 *
 * Invariants, which ir_validate() checks: inputs[i]->uses holds exactly one record for (node, i), and
 * uses[i] is it; outputs[i] says node and i; nodes of a block form one chain from param to ret. Memory of
 * what is removed stays in the graph's arena until the graph goes. Use records are allocated one by one, so
 * that moving inputs about moves pointers only, never a record others link to. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph.h"
#include "ir/graph_internal.h"

#include <assert.h>
#include <string.h>

/* ---- memory ----------------------------------------------------------------------------------- */

/* Room for one more pointer in an array of the graph; false: no memory. */
static bool grow(ir_graph *g, void *array, uint32_t n, uint32_t *cap)
{
    void **at = array; // address of the array pointer, of whatever element type
    if (n < *cap)
        return true;
    uint32_t want = *cap ? 2 * *cap : 2;
    void *grown;
    memcpy(&grown, at, sizeof grown);
    grown = arena_grow(&g->arena, grown, *cap * sizeof(void *), want * sizeof(void *));
    if (!grown || ir_graph_failed(g))
        return false;
    memcpy(at, &grown, sizeof grown);
    *cap = want;
    return true;
}

/* Make n a node of a graph without memory. */
static ir_node *init_spare_node(ir_graph *g, ir_node *n, op_id op)
{
    ir_spare *spare = ir_graph_spare(g);
    for (size_t i = 0; i < sizeof spare->values / sizeof *spare->values; i++)
        spare->values[i] = &spare->value;
    for (size_t i = 0; i < sizeof spare->blocks / sizeof *spare->blocks; i++)
        spare->blocks[i] = &spare->block;
    *n = (ir_node){
        .op = (uint16_t)op, .graph = g, .inputs = spare->values, .outputs = spare->values,
        .blocks = spare->blocks
    };
    spare->value = (ir_value){ .node = n, .type = T_ERROR };
    return n;
}

static ir_block *link_block_ends(ir_block *b, ir_graph *g, ir_node *owner, ir_node *param, ir_node *ret)
{
    *b = (ir_block){ .graph = g, .owner = owner, .param = param, .ret = ret };
    param->block = ret->block = b;
    param->next = ret;
    ret->prev = param;
    return b;
}

ir_block *ir_block_new(ir_graph *g, ir_node *owner)
{
    ir_block *b = ARENA_NEW(&g->arena, ir_block);
    ir_node *param = ir_node_new(g, OP_prim_Param, (range){ 0 });
    ir_node *ret = ir_node_new(g, OP_prim_Return, (range){ 0 });
    if (!ir_graph_failed(g))
        return link_block_ends(b, g, owner, param, ret);
    ir_spare *spare = ir_graph_spare(g);
    return link_block_ends(&spare->block, g, owner, init_spare_node(g, &spare->param, OP_prim_Param),
                           init_spare_node(g, &spare->ret, OP_prim_Return));
}

ir_node *ir_node_new(ir_graph *g, op_id op, range at)
{
    ir_node *n = ARENA_NEW(&g->arena, ir_node);
    if (ir_graph_failed(g))
        return init_spare_node(g, &ir_graph_spare(g)->node, op);
    n->op = (uint16_t)op;
    n->graph = g;
    n->at = at;
    ir_graph_keep_source(g, at.src);
    return n;
}

/* ---- places ----------------------------------------------------------------------------------- */

void ir_node_insert_before(ir_node *n, ir_node *where)
{
    assert(!n->block && where->block && where != where->block->param);
    n->block = where->block;
    n->prev = where->prev;
    n->next = where;
    if (n == &ir_graph_spare(n->graph)->node)
        return;
    where->prev->next = n;
    where->prev = n;
}

void ir_node_insert_after(ir_node *n, ir_node *where) { ir_node_insert_before(n, where->next); }
void ir_node_append(ir_node *n, ir_block *b) { ir_node_insert_before(n, b->ret); }
void ir_node_prepend(ir_node *n, ir_block *b) { ir_node_insert_before(n, b->param->next); }

static void unlink_node(ir_node *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    n->next = n->prev = NULL;
    n->block = NULL;
}

void ir_node_move_before(ir_node *n, ir_node *where)
{
    if (n == where)
        return;
    unlink_node(n);
    ir_node_insert_before(n, where);
}

/* ---- inputs and uses -------------------------------------------------------------------------- */

static void link_use(ir_use *u, ir_value *v)
{
    u->prev = NULL;
    u->next = v->uses;
    if (v->uses)
        v->uses->prev = u;
    v->uses = u;
    v->n_uses++;
}

static void unlink_use(ir_use *u, ir_value *v)
{
    if (u->prev)
        u->prev->next = u->next;
    else
        v->uses = u->next;
    if (u->next)
        u->next->prev = u->prev;
    v->n_uses--;
}

void ir_reserve_inputs(ir_node *n, uint32_t count)
{
    arena *a = &n->graph->arena;
    if (n->cap_inputs || !count || ir_graph_failed(n->graph))
        return;
    ir_use **uses = ARENA_ARRAY(a, ir_use *, count);
    ir_value **inputs = ARENA_ARRAY(a, ir_value *, count);
    if (!uses || !inputs || ir_graph_failed(n->graph))
        return;
    n->uses = uses;
    n->inputs = inputs;
    n->cap_inputs = count;
}

void ir_insert_input(ir_node *n, uint32_t index, ir_value *v)
{
    assert(index <= n->n_inputs || ir_graph_failed(n->graph));
    uint32_t cap_uses = n->cap_inputs;
    ir_use *u = ARENA_NEW(&n->graph->arena, ir_use);
    if (!grow(n->graph, &n->uses, n->n_inputs, &cap_uses) ||
        !grow(n->graph, &n->inputs, n->n_inputs, &n->cap_inputs) || ir_graph_failed(n->graph))
        return;
    for (uint32_t i = n->n_inputs++; i > index; i--) {
        n->inputs[i] = n->inputs[i - 1];
        n->uses[i] = n->uses[i - 1];
        n->uses[i]->index = i;
    }
    *u = (ir_use){ .user = n, .index = index };
    n->inputs[index] = v;
    n->uses[index] = u;
    link_use(u, v);
}

ir_value *ir_add_input(ir_node *n, ir_value *v)
{
    ir_insert_input(n, n->n_inputs, v);
    return v;
}

void ir_set_input(ir_node *n, uint32_t index, ir_value *v)
{
    if (index >= n->n_inputs)
        return; // the graph ran out of memory when it was added
    unlink_use(n->uses[index], n->inputs[index]);
    n->inputs[index] = v;
    link_use(n->uses[index], v);
}

void ir_remove_input(ir_node *n, uint32_t index)
{
    if (index >= n->n_inputs)
        return;
    unlink_use(n->uses[index], n->inputs[index]);
    n->n_inputs--;
    for (uint32_t i = index; i < n->n_inputs; i++) {
        n->inputs[i] = n->inputs[i + 1];
        n->uses[i] = n->uses[i + 1];
        n->uses[i]->index = i;
    }
}

void ir_remove_inputs(ir_node *n)
{
    while (n->n_inputs)
        ir_remove_input(n, n->n_inputs - 1);
}

void ir_replace_uses(ir_value *old, ir_value *by)
{
    if (old == by)
        return;
    while (old->uses)
        ir_set_input(old->uses->user, old->uses->index, by);
}

void ir_replace_uses_after(ir_value *old, ir_value *by, ir_node *n)
{
    if (old == by)
        return;
    for (ir_use *u = old->uses, *next; u; u = next) {
        next = u->next;
        if (u->user != n && ir_is_before(n, u->user))
            ir_set_input(u->user, u->index, by);
    }
}

/* ---- outputs and blocks ----------------------------------------------------------------------- */

ir_value *ir_insert_output(ir_node *n, uint32_t index, const type *t)
{
    assert(index <= n->n_outputs || ir_graph_failed(n->graph));
    ir_value *v = ARENA_NEW(&n->graph->arena, ir_value);
    if (ir_graph_failed(n->graph)) {
        v = &ir_graph_spare(n->graph)->value;
        *v = (ir_value){ .node = n, .type = t };
        return v;
    }
    v->node = n;
    v->index = index;
    v->id = n->graph->n_values++;
    v->type = t;
    if (!grow(n->graph, &n->outputs, n->n_outputs, &n->cap_outputs)) {
        if (!n->outputs)
            n->outputs = init_spare_node(n->graph, &ir_graph_spare(n->graph)->node, OP_NONE)->outputs;
        return v;
    }
    for (uint32_t i = n->n_outputs++; i > index; i--) {
        n->outputs[i] = n->outputs[i - 1];
        n->outputs[i]->index = i;
    }
    n->outputs[index] = v;
    return v;
}

ir_value *ir_add_output(ir_node *n, const type *t) { return ir_insert_output(n, n->n_outputs, t); }

void ir_remove_output(ir_node *n, uint32_t index)
{
    if (index >= n->n_outputs)
        return;
    assert(n->outputs[index]->n_uses == 0);
    ir_value_drop_name(n->outputs[index]);
    n->n_outputs--;
    for (uint32_t i = index; i < n->n_outputs; i++) {
        n->outputs[i] = n->outputs[i + 1];
        n->outputs[i]->index = i;
    }
}

ir_block *ir_add_block(ir_node *n)
{
    ir_block *b = ir_block_new(n->graph, n);
    if (grow(n->graph, &n->blocks, n->n_blocks, &n->cap_blocks))
        n->blocks[n->n_blocks++] = b;
    return b;
}

ir_value *ir_block_add_input(ir_block *b, const type *t) { return ir_add_output(b->param, t); }
void ir_block_add_output(ir_block *b, ir_value *v) { ir_add_input(b->ret, v); }

/* ---- removal ---------------------------------------------------------------------------------- */

/* n reads nothing and names nothing any more. */
static void strip(ir_node *n)
{
    ir_remove_inputs(n);
    for (uint32_t i = 0; i < n->n_outputs; i++)
        ir_value_drop_name(n->outputs[i]);
    n->is_removed = true;
}

static void strip_block_ends(ir_node *n)
{
    for (uint32_t i = 0; i < n->n_blocks; i++) {
        strip(n->blocks[i]->param);
        strip(n->blocks[i]->ret);
    }
}

static bool is_empty(const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_blocks; i++)
        if (n->blocks[i]->param->next != n->blocks[i]->ret)
            return false;
    return true;
}

/* Everything inside the blocks of n, however deep, without recursion. The end of the walk may be far up the
 * nest, so it is looked for only if there is something to walk. */
static void strip_inside(ir_node *n)
{
    strip_block_ends(n);
    if (is_empty(n))
        return;
    const ir_node *end = ir_next_skip(n);
    for (ir_node *inner = ir_next_deep(n); inner && inner != end; inner = ir_next_deep(inner)) {
        strip(inner);
        strip_block_ends(inner);
    }
}

void ir_node_remove(ir_node *n)
{
    if (n->block) {
        strip_inside(n);
        unlink_node(n);
    }
    for (uint32_t i = 0; i < n->n_outputs; i++)
        assert(n->outputs[i]->n_uses == 0);
    strip(n);
}

void ir_remove_block(ir_node *n, uint32_t index)
{
    ir_block *b = n->blocks[index];
    while (b->ret->prev != b->param) {
        ir_node *last = b->ret->prev;
        ir_remove_inputs(b->ret);
        strip_inside(last);
        strip(last);
        unlink_node(last);
    }
    strip(b->param);
    strip(b->ret);
    n->n_blocks--;
    for (uint32_t i = index; i < n->n_blocks; i++)
        n->blocks[i] = n->blocks[i + 1];
}

/* ---- attributes ------------------------------------------------------------------------------- */

const ir_attr *ir_attr_find(const ir_node *n, const char *name)
{
    for (const ir_attr *a = n->attrs; a; a = a->next)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

/* The attribute of that name, made at the end of the list if need be. */
static ir_attr *set_attr(ir_node *n, const char *name, ir_attr_kind kind)
{
    ir_attr **at = &n->attrs;
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    if (!*at) {
        *at = ARENA_NEW(&n->graph->arena, ir_attr);
        (*at)->name = arena_strdup(&n->graph->arena, name);
    }
    ir_attr *a = *at;
    a->kind = kind;
    if (ir_graph_failed(n->graph))
        n->attrs = NULL; // scratch memory must not stay linked
    return a;
}

void ir_set_int(ir_node *n, const char *name, int64_t i) { set_attr(n, name, IR_ATTR_INT)->i = i; }
void ir_set_float(ir_node *n, const char *name, double f) { set_attr(n, name, IR_ATTR_FLOAT)->f = f; }

void ir_set_str(ir_node *n, const char *name, const char *s)
{
    set_attr(n, name, IR_ATTR_STR)->s = arena_strdup(&n->graph->arena, s);
}

void ir_set_type(ir_node *n, const char *name, const type *t)
{
    set_attr(n, name, IR_ATTR_TYPE)->t = t;
}

void ir_set_types(ir_node *n, const char *name, const type *const *at, size_t count)
{
    const type **copy = ARENA_ARRAY(&n->graph->arena, const type *, count);
    if (!copy)
        return;
    if (!ir_graph_failed(n->graph) && count)
        memcpy(copy, at, count * sizeof *copy);
    ir_attr *a = set_attr(n, name, IR_ATTR_TYPES);
    a->types.at = copy;
    a->types.n = count;
}

void ir_set_value(ir_node *n, const char *name, jit_value take)
{
    ir_graph *g = n->graph;
    if (value_is_heap(take) && !VEC_PUSH(&g->values, NULL, take)) {
        g->arena.failed = true;
        value_unref(take);
        take = VALUE_NONE_V;
    }
    set_attr(n, name, IR_ATTR_VALUE)->v = take;
}

void ir_set_graph(ir_node *n, const char *name, ir_graph *take)
{
    if (!VEC_PUSH(&n->graph->subgraphs, NULL, take)) {
        n->graph->arena.failed = true;
        ir_graph_free(take);
        return;
    }
    set_attr(n, name, IR_ATTR_GRAPH)->g = take;
}

int64_t ir_get_int(const ir_node *n, const char *name) { return ir_attr_find(n, name)->i; }
const char *ir_get_str(const ir_node *n, const char *name) { return ir_attr_find(n, name)->s; }
