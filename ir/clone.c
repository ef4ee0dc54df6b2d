/* ir/clone.c: copying blocks and graphs. One walk over the source keeps the matching place in the copy
 * beside it; nothing recurses over blocks, only over subgraphs, whose nesting is bounded. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "ir/graph_internal.h"

#include <assert.h>

static ir_graph *clone(const ir_graph *g);

void ir_copy_attrs(ir_node *to, const ir_node *from)
{
    for (const ir_attr *a = from->attrs; a; a = a->next)
        switch (a->kind) {
        case IR_ATTR_INT:   ir_set_int(to, a->name, a->i); break;
        case IR_ATTR_FLOAT: ir_set_float(to, a->name, a->f); break;
        case IR_ATTR_STR:   ir_set_str(to, a->name, a->s); break;
        case IR_ATTR_TYPE:  ir_set_type(to, a->name, a->t); break;
        case IR_ATTR_TYPES: ir_set_types(to, a->name, a->types.at, a->types.n); break;
        case IR_ATTR_VALUE: ir_set_value(to, a->name, value_ref(a->v)); break;
        case IR_ATTR_GRAPH: {
            ir_graph *sub = clone(a->g);
            if (sub)
                ir_set_graph(to, a->name, sub);
            else
                to->graph->arena.failed = true;
            break;
        }
        }
}

typedef struct copier {
    ptrmap values;      /* source value → its copy */
    const ir_graph *from;
    ir_graph *to;
    bool exact_names;   /* a whole graph: names stay as they are */
    const ir_call_site *calls_of, *calls; /* the chain of calls copied last, and its copy */
} copier;

static ir_value *mapped(const copier *c, ir_value *v)
{
    ir_value *copy = ptrmap_find(&c->values, v);
    assert(copy || c->from == c->to || ir_graph_failed(c->to)); // other graphs' values must be mapped
    return copy ? copy : v;
}

static void map_value(copier *c, const ir_value *v, ir_value *copy)
{
    if (!ptrmap_set(&c->values, v, copy))
        c->to->arena.failed = true;
}

static void copy_outputs(copier *c, const ir_node *from, ir_node *to)
{
    for (uint32_t i = 0; i < from->n_outputs; i++) {
        ir_value *v = ir_add_output(to, from->outputs[i]->type);
        map_value(c, from->outputs[i], v);
        if (c->exact_names && from->outputs[i]->name)
            ir_value_force_name(v, from->outputs[i]->name);
        else
            ir_value_copy_name(v, from->outputs[i]);
    }
}

/* A chain of calls in the memory of the new graph. Neighbours share their chain, so the last one is kept. */
static const ir_call_site *copy_calls(copier *c, const ir_call_site *from)
{
    if (from == c->calls_of)
        return c->calls;
    const ir_call_site *first = NULL, **to = &first;
    for (const ir_call_site *s = from; s; s = s->outer) {
        ir_call_site *copy = ARENA_NEW(&c->to->arena, ir_call_site);
        *copy = (ir_call_site){ .in = s->in, .at = s->at };
        *to = copy;
        to = (const ir_call_site **)&copy->outer;
    }
    c->calls_of = from;
    return c->calls = c->to->arena.failed ? NULL : first;
}

/* The node with empty blocks, whose parameters exist. */
static ir_node *copy_node(copier *c, const ir_node *n, ir_node *before)
{
    ir_node *copy = ir_node_new(c->to, n->op, n->at);
    copy->scope = n->scope ? arena_strdup(&c->to->arena, n->scope) : NULL;
    copy->callee_of = n->callee_of;
    copy->called_from = n->graph == c->to ? n->called_from : copy_calls(c, n->called_from);
    for (uint32_t i = 0; i < n->n_inputs; i++)
        ir_add_input(copy, mapped(c, n->inputs[i]));
    copy_outputs(c, n, copy);
    ir_copy_attrs(copy, n);
    for (uint32_t i = 0; i < n->n_blocks; i++)
        copy_outputs(c, n->blocks[i]->param, ir_add_block(copy)->param);
    ir_node_insert_before(copy, before);
    return copy;
}

static uint32_t place_in_owner(const ir_block *b)
{
    uint32_t i = 0;
    while (b->owner->blocks[i] != b)
        i++;
    return i;
}

/* Copy the nodes of `from` before the node `before`. The cursor n walks the source; `end` is the node of
 * the copy before which n's copy goes. */
static void copy_nodes(copier *c, const ir_block *from, ir_node *before)
{
    const ir_block *in = from;
    const ir_node *n = from->param->next;
    ir_node *end = before;
    while (!ir_graph_failed(c->to)) {
        if (n != in->ret) {
            ir_node *copy = copy_node(c, n, end);
            if (ir_graph_failed(c->to))
                return;
            if (n->n_blocks) {
                in = n->blocks[0];
                end = copy->blocks[0]->ret;
                n = in->param->next;
            } else {
                n = n->next;
            }
            continue;
        }
        if (in == from)
            return;
        for (uint32_t i = 0; i < n->n_inputs; i++)
            ir_add_input(end, mapped(c, n->inputs[i]));
        uint32_t k = place_in_owner(in) + 1;
        const ir_node *owner = in->owner, *copy = end->block->owner;
        if (k < owner->n_blocks) {
            in = owner->blocks[k];
            end = copy->blocks[k]->ret;
            n = in->param->next;
        } else {
            in = owner->block;
            end = copy->next;
            n = owner->next;
        }
    }
}

void ir_block_copy(const ir_block *from, ir_block *to, ir_node *before, ir_value *const *args,
                   ir_value **ret_outputs)
{
    copier c = { .from = from->graph, .to = to->graph };
    ptrmap_init(&c.values, NULL);
    for (uint32_t i = 0; i < ir_block_n_inputs(from); i++)
        map_value(&c, ir_block_input(from, i), args[i]);
    copy_nodes(&c, from, before ? before : to->ret);
    for (uint32_t i = 0; i < ir_block_n_outputs(from) && ret_outputs; i++)
        ret_outputs[i] = mapped(&c, ir_block_output(from, i));
    ptrmap_fini(&c.values);
}

static ir_graph *clone(const ir_graph *g)
{
    ir_graph *to = ir_graph_new(g->unit);
    if (!to)
        return NULL;
    to->name = arena_strdup(&to->arena, g->name);
    copier c = { .from = g, .to = to, .exact_names = true };
    ptrmap_init(&c.values, NULL);
    copy_outputs(&c, g->body->param, to->body->param);
    copy_nodes(&c, g->body, to->body->ret);
    for (uint32_t i = 0; i < ir_block_n_outputs(g->body) && !ir_graph_failed(to); i++)
        ir_block_add_output(to->body, mapped(&c, ir_block_output(g->body, i)));
    ptrmap_fini(&c.values);
    if (!ir_graph_failed(to))
        return to;
    ir_graph_free(to);
    return NULL;
}

ir_graph *ir_graph_clone(const ir_graph *g) { return clone(g); }
