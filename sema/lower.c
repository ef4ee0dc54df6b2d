/* Lowering of a function: slots, regions, names.
 *
 * SSA form is built directly: there are no prim::Load/Store nodes to promote afterwards. What the detour of
 * the reference leaves visible is only the names (each read of a variable takes its name away from the
 * value that had it), and those are imitated with one reader node per variable. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/lower.h"

#include "sema/sema.h"

#include <stdlib.h>
#include <string.h>

int lower_order_vars(const void *a, const void *b)
{
    const tvar *x = *(tvar *const *)a, *y = *(tvar *const *)b;
    int by_name = strcmp(x->name ? x->name : "", y->name ? y->name : "");
    return by_name ? by_name : (x->id > y->id) - (x->id < y->id);
}

static int order_changes(const void *a, const void *b)
{
    return lower_order_vars(&((const slot_change *)a)->var, &((const slot_change *)b)->var);
}

/* ---- regions --------------------------------------------------------------------------------- */

lower_region lower_open(lowerer *l, ir_block *b)
{
    lower_region r = { l->region, l->log.n, l->shared_order.n, l->block, l->exited };
    l->region = ++l->n_regions;
    l->block = b;
    l->exited = false;
    return r;
}

void lower_forget_shared(lowerer *l, size_t mark)
{
    while (l->shared_order.n > mark)
        ptrmap_remove(&l->shared, l->shared_order.at[--l->shared_order.n]);
}

void lower_close(lowerer *l, lower_region r, slot_changes *ret_changes)
{
    while (l->log.n > r.log_mark) {
        slot_log *entry = &l->log.at[--l->log.n];
        slot *s = &l->slots[entry->var->id];
        if (ret_changes) {
            slot_change change = { entry->var, s->value };
            VEC_PUSH(ret_changes, &l->scratch, change);
        }
        *s = entry->before;
    }
    if (ret_changes && ret_changes->n > 1)
        qsort(ret_changes->at, ret_changes->n, sizeof *ret_changes->at, order_changes);
    lower_forget_shared(l, r.shared_mark);
    l->region = r.outer;
    l->block = r.block;
    l->exited = r.exited;
}

/* ---- nodes and slots ------------------------------------------------------------------------- */

ir_node *lower_node(lowerer *l, op_id op, range at)
{
    ir_node *n = ir_node_new(l->g, op, at);
    ir_node_append(n, l->block);
    return n;
}

ir_value *lower_constant(lowerer *l, jit_value take, const type *t, range at)
{
    ir_builder b = { .g = l->g, .at = l->block->ret, .range = at };
    return ir_build_constant(&b, take, t);
}

ir_value *lower_broken(lowerer *l, const type *t, range at, const char *what)
{
    diag_error(l->d, "internal", at, "internal error in lowering: %s", what);
    return ir_add_output(lower_node(l, OP_prim_Uninitialized, at), t);
}

void lower_set_slot(lowerer *l, tvar *v, ir_value *value)
{
    slot *s = &l->slots[v->id];
    if (s->region != l->region) {
        slot_log entry = { v, *s };
        VEC_PUSH(&l->log, &l->scratch, entry);
        s->region = l->region;
    }
    s->value = value;
}

void lower_assign(lowerer *l, tvar *v, ir_value *value)
{
    if (v->name && !value->name && value->node->block == l->block)
        ir_value_set_name(value, v->name);
    lower_set_slot(l, v, value);
}

/* A read takes the variable's name from the value that had it, which then gets a numbered one. */
static void take_name(lowerer *l, const tvar *v)
{
    if (!v->name)
        return;
    ir_node *reader = l->readers[v->id];
    if (!reader) {
        reader = l->readers[v->id] = ir_node_new(l->g, OP_prim_Load, (range){ 0 });
        ir_node_prepend(reader, l->g->body);
        ir_add_output(reader, v->type);
    }
    if (!reader->outputs[0]->name || strcmp(reader->outputs[0]->name, v->name) != 0)
        ir_value_set_name(reader->outputs[0], v->name);
}

/* A variable of the function around a fork becomes an input of the fork's graph. */
static ir_value *capture(lowerer *l, tvar *v, range at)
{
    ir_value *outer = lower_read(l->outer, v, at);
    ir_add_input(l->fork, outer);
    ir_value *inner = ir_block_add_input(l->g->body, v->type);
    if (v->name)
        ir_value_set_name(inner, v->name);
    /* Set below every region: the capture holds for the whole body. */
    l->slots[v->id].value = inner;
    for (size_t i = 0; i < l->log.n; i++)
        if (l->log.at[i].var == v)
            l->log.at[i].before.value = inner;
    return inner;
}

ir_value *lower_read(lowerer *l, tvar *v, range at)
{
    ir_value *value = l->slots[v->id].value;
    if (!value && l->outer && l->outer->slots[v->id].value)
        value = capture(l, v, at);
    if (!value)
        return lower_broken(l, v->type, at, "a variable is read before it is assigned");
    take_name(l, v);
    return value;
}

void lower_name_later(lowerer *l, ir_value *v, const char *name)
{
    late_name entry = { v, name };
    if (name)
        VEC_PUSH(&l->late, &l->scratch, entry);
}

/* ---- functions ------------------------------------------------------------------------------- */

static void lowerer_init(lowerer *l, const ttree *tree, ir_graph *g, diag *d)
{
    *l = (lowerer){ .tree = tree, .g = g, .d = d };
    arena_init(&l->scratch);
    ptrmap_init(&l->shared, &l->scratch);
    ptrmap_init(&l->entered, &l->scratch);
    ptrmap_init(&l->counters, &l->scratch);
    strmap_init(&l->literals, &l->scratch);
    l->block = g->body;
    l->slots = ARENA_ARRAY(&l->scratch, slot, tree->vars.n + 1);
    l->readers = ARENA_ARRAY(&l->scratch, ir_node *, tree->vars.n + 1);
}

/* Names of control flow, then away with what only stood for names. */
static bool lowerer_finish(lowerer *l, const type *ret_type)
{
    for (size_t i = 0; i < l->late.n; i++)
        ir_value_set_name(l->late.at[i].value, l->late.at[i].name);
    for (size_t i = 0; l->readers && i < l->tree->vars.n; i++)
        if (l->readers[i])
            ir_node_remove(l->readers[i]);
    bool ok = !arena_failed(&l->scratch) && !ir_graph_failed(l->g);
    if (ok)
        lower_exits(l->g, ret_type);
    arena_fini(&l->scratch);
    return ok && !ir_graph_failed(l->g);
}

static void add_params(lowerer *l)
{
    for (size_t i = 0; i < l->tree->params.n; i++) {
        tvar *v = l->tree->params.at[i];
        ir_value *value = ir_block_add_input(l->g->body, v->type);
        if (v->name)
            ir_value_set_name(value, v->name);
        lower_set_slot(l, v, value);
    }
}

ir_graph *lower_fork_body(lowerer *l, const texpr *e, ir_node *fork)
{
    ir_graph *g = ir_graph_new(l->g->unit);
    if (!g) {
        l->scratch.failed = true;
        return NULL;
    }
    lowerer inner;
    lowerer_init(&inner, l->tree, g, l->d);
    inner.outer = l;
    inner.fork = fork;
    if (inner.slots && inner.readers)
        lower_list(&inner, e->body);
    if (!lowerer_finish(&inner, type_elem(e->type)))
        l->scratch.failed = true;
    return g;
}

static bool no_memory(diag *d, range at)
{
    diag_error(d, "no-memory", at, "out of memory");
    return false;
}

bool sema_lower_function(ir_function *fn, diag *d)
{
    const ttree *tree = fn->tree;
    if (fn->graph || !tree || fn->state != FUNCTION_CHECKED)
        return true;
    ir_graph *g = ir_graph_new(fn->unit);
    if (!g)
        return no_memory(d, fn->at);
    int n_errors = d->n_errors;
    lowerer l;
    lowerer_init(&l, tree, g, d);
    bool ok = l.slots && l.readers;
    if (ok) {
        add_params(&l);
        lower_list(&l, &tree->body);
    }
    ok &= lowerer_finish(&l, schema_result_type(fn->schema));
    if (!ok)
        no_memory(d, fn->at);
    if (!ok || d->n_errors > n_errors) {
        ir_graph_free(g);
        return false;
    }
    fn->graph = g;
    return true;
}

static bool lower_methods(const type *t, diag *d)
{
    bool ok = true;
    if (t->kind != TYPE_CLASS)
        return true;
    const strmap *m = &t->cls->methods;
    for (size_t i = 0; i < m->n; i++)
        if (m->entries[i].key)
            ok &= sema_lower_function(m->entries[i].value, d);
    const strmap *p = &t->cls->properties;
    for (size_t i = 0; i < p->n; i++) {
        if (!p->entries[i].key)
            continue;
        const type_property *property = p->entries[i].value;
        if (property->getter)
            ok &= sema_lower_function(property->getter, d);
        if (property->setter)
            ok &= sema_lower_function(property->setter, d);
    }
    return ok;
}

bool sema_lower(ir_unit *u, diag *d)
{
    bool ok = true;
    for (size_t i = 0; i < u->imports.n; i++) /* other files, torch.no_grad: a shallow DAG */
        ok &= sema_lower(u->imports.at[i], d);
    for (size_t i = 0; i < u->functions.n; i++)
        if (u->functions.entries[i].key)
            ok &= sema_lower_function(u->functions.entries[i].value, d);
    for (size_t i = 0; i < u->types.n; i++)
        if (u->types.entries[i].key)
            ok &= lower_methods(u->types.entries[i].value, d);
    return ok;
}
