/* Inlining: calls of functions and methods become copies of their bodies.
 *
 * A copied body may call again; the walk goes on at its first node, so nesting needs no recursion. A callee that
 * has no graph (an interface's method, composite) stays a call, and so does one that would be copied into its own copy:
 * an archive's code may recurse. Doubling call chains grow exponentially, so growth has a ceiling; what is left are
 * ordinary calls. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

enum { MAX_VALUES = 1 << 18 };

ir_function *opt_callee(const ir_node *n, uint32_t *ret_first)
{
    jit_value f;
    if (n->op == OP_prim_CallFunction && n->n_inputs) {
        *ret_first = 1;
        return ir_value_constant(n->inputs[0], &f) && f.tag == VALUE_FUNCTION ? f.fn : NULL;
    }
    if (n->op != OP_prim_CallMethod || !n->n_inputs || n->inputs[0]->type->kind != TYPE_CLASS)
        return NULL;
    *ret_first = 0;
    return type_find_method(n->inputs[0]->type, ir_get_str(n, "name"));
}

/* Does n stand in a copy of fn's body? */
static bool is_inside(const ir_node *n, const ir_function *fn)
{
    if (n->callee_of == fn)
        return true;
    for (const ir_call_site *s = n->called_from; s; s = s->outer)
        if (s->in == fn)
            return true;
    return false;
}

/* Returns the node the walk goes on with. */
static ir_node *inline_call(ir_graph *g, ir_node *n, ir_function *fn, const ir_graph *body, uint32_t first)
{
    ir_node *before = n->prev;
    ir_value *out = NULL;
    ir_block_copy(body->body, n->block, n, n->inputs + first, &out);
    /* Nodes of the copy remember where they come from: messages show the chain of calls. */
    ir_call_site *site = ARENA_NEW(&g->arena, ir_call_site);
    *site = (ir_call_site){ n->callee_of, n->at, n->called_from };
    for (ir_node *c = before->next; c != n; c = ir_next_deep(c))
        if (!c->callee_of) {
            c->callee_of = fn;
            c->called_from = site;
        }
    if (out) {
        if (n->outputs[0]->name && !out->name)
            ir_value_copy_name(out, n->outputs[0]);
        ir_replace_uses(n->outputs[0], out);
    }
    ir_node *go_on = before->next != n ? before->next : ir_next_skip(n);
    ir_node_remove(n);
    return go_on;
}

bool opt_inline(ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        next = ir_next_deep(n);
        uint32_t first = 0;
        ir_function *fn = cx->inline_body ? opt_callee(n, &first) : NULL;
        ir_graph *body = fn && g->n_values < MAX_VALUES && !is_inside(n, fn) ? cx->inline_body(cx->ctx, fn) : NULL;
        if (!body || body == g || ir_block_n_outputs(body->body) != 1
            || ir_block_n_inputs(body->body) != n->n_inputs - first)
            continue;
        next = inline_call(g, n, fn, body, first);
        progress = true;
    }
    return progress;
}
