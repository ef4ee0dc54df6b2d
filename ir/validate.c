/* ir/validate.c: is a graph well formed? Debug builds ask after each pass, so a mistake is found where it is
 * made.
 *
 * One walk by parent links. A value may be read where it was defined before, in this block or an outer
 * one: the set of visible values grows along the walk and shrinks when a block ends. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph.h"

#include "base/bitset.h"

#include <stdarg.h>
#include <string.h>

typedef struct validator {
    arena *a;
    const char *why;
    const ir_graph *g;
    bitset visible; /* value ids */
    arena scratch;  /* bindings of type variables */
} validator;

static bool wrong(validator *v, const ir_node *n, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool wrong(validator *v, const ir_node *n, const char *format, ...)
{
    if (v->why)
        return false;
    va_list ap;
    va_start(ap, format);
    const char *what = arena_vprintf(v->a, format, ap);
    va_end(ap);
    text line;
    text_init(&line, v->a);
    if (n && n->op != OP_prim_Param && n->op != OP_prim_Return)
        ir_print_node(n, &line);
    v->why = line.n ? arena_printf(v->a, "%s, in `%s`", what, line.s) : what;
    return false;
}

/* ---- links ------------------------------------------------------------------------------------ */

static bool check_uses(validator *v, const ir_node *n, const ir_value *value)
{
    uint32_t count = 0;
    const ir_use *previous = NULL;
    for (const ir_use *u = value->uses; u; previous = u, u = u->next, count++) {
        if (count >= value->n_uses)
            break;
        if (u->prev != previous || u->user->is_removed || u->index >= u->user->n_inputs ||
            u->user->uses[u->index] != u || u->user->inputs[u->index] != value)
            return wrong(v, n, "the uses of an output are inconsistent");
    }
    if (count != value->n_uses || (previous && previous->next))
        return wrong(v, n, "an output's number of uses is wrong");
    return true;
}

static bool check_outputs(validator *v, const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        const ir_value *out = n->outputs[i];
        if (out->node != n || out->index != i || out->id >= v->g->n_values)
            return wrong(v, NULL, "an output does not belong to its node");
        if (!out->type)
            return wrong(v, NULL, "an output has no type");
        if (bitset_has(&v->visible, out->id))
            return wrong(v, n, "two values have the number %u", out->id);
        if (out->name && strmap_find(&v->g->names, out->name) != out)
            return wrong(v, n, "the name '%s' is not the value's", out->name);
        if (!check_uses(v, n, out))
            return false;
    }
    return true;
}

static bool check_inputs(validator *v, const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const ir_value *in = n->inputs[i];
        const ir_use *u = n->uses[i];
        if (u->user != n || u->index != i)
            return wrong(v, NULL, "an input's use record is not its own");
        if (in->node->graph != v->g || in->node->is_removed)
            return wrong(v, NULL, "an input comes from elsewhere or from a removed node");
        if (!bitset_has(&v->visible, in->id))
            return wrong(v, n, "input %u is not defined here", i);
    }
    return true;
}

static bool check_links(validator *v, const ir_node *n, const ir_block *b)
{
    if (n->block != b || n->is_removed || n->graph != v->g || !n->prev || n->prev->next != n)
        return wrong(v, NULL, "a node is not where its block says");
    return check_inputs(v, n) && check_outputs(v, n);
}

static void show(validator *v, const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_outputs; i++)
        bitset_add(&v->visible, n->outputs[i]->id);
}

static void hide(validator *v, const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_outputs; i++)
        bitset_remove(&v->visible, n->outputs[i]->id);
}

/* ---- structure -------------------------------------------------------------------------------- */

static bool check_if(validator *v, const ir_node *n)
{
    if (n->n_inputs != 1 || n->n_blocks != 2)
        return wrong(v, n, "prim::If has one input and two blocks");
    for (uint32_t k = 0; k < 2; k++)
        if (ir_block_n_inputs(n->blocks[k]) != 0 ||
            ir_block_n_outputs(n->blocks[k]) != n->n_outputs)
            return wrong(v, n, "a branch gives %u values, the node has %u",
                         ir_block_n_outputs(n->blocks[k]), n->n_outputs);
    return true;
}

static bool check_loop(validator *v, const ir_node *n)
{
    if (n->n_blocks != 1 || n->n_inputs != n->n_outputs + 2)
        return wrong(v, n, "prim::Loop has one block and carries each value in and out");
    if (ir_block_n_inputs(n->blocks[0]) != n->n_outputs + 1 ||
        ir_block_n_outputs(n->blocks[0]) != n->n_outputs + 1)
        return wrong(v, n, "the body carries another number of values than the node");
    return true;
}

/* Block outputs fit the node's outputs; `skip` is the condition of a loop. */
static bool check_block_types(validator *v, const ir_node *n, uint32_t skip)
{
    for (uint32_t k = 0; k < n->n_blocks; k++)
        for (uint32_t i = 0; i < n->n_outputs; i++) {
            const type *have = ir_block_output(n->blocks[k], i + skip)->type;
            if (!type_is_subtype(type_unrefined(have), type_unrefined(n->outputs[i]->type)))
                return wrong(v, n, "block%u gives %s for output %u of type %s", k,
                             type_ir_str(v->a, have), i, type_ir_str(v->a, n->outputs[i]->type));
        }
    return true;
}

/* Folding and plans take the value at its type's word. */
static bool check_constant(validator *v, const ir_node *n)
{
    jit_value constant;
    if (n->n_inputs != 0 || n->n_outputs != 1)
        return wrong(v, n, "prim::Constant has no input and one output");
    if (ir_value_constant(n->outputs[0], &constant) && !type_accepts_value(n->outputs[0]->type, constant))
        return wrong(v, n, "the constant is not of its type");
    return true;
}

static bool check_schema(validator *v, const ir_node *n)
{
    const schema *sc = op_schema((op_id)n->op);
    if (!sc)
        return true; // no memory for it
    if (!sc->is_vararg && n->n_inputs != sc->n_args)
        return wrong(v, n, "%u inputs, the schema has %u", n->n_inputs, sc->n_args);
    if (!sc->is_varret && n->n_outputs != sc->n_rets)
        return wrong(v, n, "%u outputs, the schema has %u", n->n_outputs, sc->n_rets);
    strmap bindings;
    strmap_init(&bindings, NULL);
    bool ok = true;
    for (uint32_t i = 0; i < n->n_inputs && i < sc->n_args && ok; i++) {
        const type *actual = n->inputs[i]->type;
        const type *formal = type_match(sc->args[i].type, actual, &bindings, &v->scratch, NULL);
        if (!formal || !type_is_subtype(type_unrefined(actual), type_unrefined(formal)))
            ok = wrong(v, n, "input %u is %s, the schema wants %s", i, type_ir_str(v->a, actual),
                       type_ir_str(v->a, formal ? formal : sc->args[i].type));
    }
    strmap_fini(&bindings);
    return ok;
}

static bool check_node(validator *v, const ir_node *n)
{
    if (n->op == OP_NONE || n->op >= OP__COUNT || n->op == OP_prim_Param || n->op == OP_prim_Return)
        return wrong(v, NULL, "a node with operator number %u", n->op);
    if (n->op == OP_prim_If)
        return check_if(v, n) && check_block_types(v, n, 0);
    if (n->op == OP_prim_Loop)
        return check_loop(v, n) && check_block_types(v, n, 1);
    if (n->n_blocks)
        return wrong(v, n, "only control flow has blocks");
    if (n->op == OP_prim_Constant && !check_constant(v, n))
        return false;
    for (const ir_attr *at = n->attrs; at; at = at->next)
        if (at->kind == IR_ATTR_GRAPH && !ir_validate(at->g, v->a, &v->why))
            return false;
    return check_schema(v, n);
}

/* ---- the walk --------------------------------------------------------------------------------- */

static bool enter_block(validator *v, const ir_block *b, const ir_node *owner)
{
    if (b->owner != owner || b->graph != v->g || b->param->block != b || b->ret->block != b ||
        !check_outputs(v, b->param))
        return wrong(v, owner, "a block is not linked to its node");
    show(v, b->param);
    return true;
}

/* The block's results are checked, then its values go out of sight. */
static bool leave_block(validator *v, const ir_block *b)
{
    if (b->ret->prev->next != b->ret || !check_inputs(v, b->ret))
        return wrong(v, b->owner, "a block's end is not linked");
    hide(v, b->param);
    IR_EACH_NODE(n, b)
        hide(v, n);
    return true;
}

static uint32_t index_of_block(const ir_block *b)
{
    uint32_t i = 0;
    while (b->owner->blocks[i] != b)
        i++;
    return i;
}

static bool check_body(validator *v, const ir_block *body)
{
    if (!enter_block(v, body, NULL))
        return false;
    const ir_block *in = body;
    const ir_node *n = body->param->next;
    for (;;) {
        if (n != in->ret) {
            if (!check_links(v, n, in) || !check_node(v, n))
                return false;
            if (n->n_blocks == 0) {
                show(v, n);
                n = n->next;
                continue;
            }
            in = n->blocks[0];
        } else {
            if (!leave_block(v, in))
                return false;
            if (in == body)
                return true;
            const ir_node *owner = in->owner;
            uint32_t k = index_of_block(in) + 1;
            if (k == owner->n_blocks) {
                show(v, owner); // results are visible after the blocks, not in them
                in = owner->block;
                n = owner->next;
                continue;
            }
            n = owner;
            in = owner->blocks[k];
        }
        if (!enter_block(v, in, n))
            return false;
        n = in->param->next;
    }
}

bool ir_validate(const ir_graph *g, arena *a, const char **ret_why)
{
    validator v = { .a = a, .g = g };
    bitset_init(&v.visible, NULL);
    arena_init(&v.scratch);
    bool ok = !ir_graph_failed(g) || wrong(&v, NULL, "the graph ran out of memory");
    ok = ok && check_body(&v, g->body);
    bitset_fini(&v.visible);
    arena_fini(&v.scratch);
    if (!ok)
        *ret_why = v.why ? v.why : "invalid";
    return ok;
}
