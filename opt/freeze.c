/* Freezing: see freeze.h.
 *
 * A value is known to be a module if it is the graphs' first parameter, or an attribute read from a known module.
 * Known modules that are only read from and written to, by name, are understood. One that goes anywhere else (into
 * a call that was not inlined, a list, a result) may be changed there: it is left whole. Tensors are followed by the
 * alias analysis, and tensors that share storage change together. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bitset.h"
#include "base/map.h"
#include "base/vec.h"
#include "opt/alias.h"
#include "opt/freeze.h"

#include <string.h>

enum { LIST_MOST = 4096 }; /* longer lists stay attributes */

void opt_freezing_init(opt_freezing *f, ir_graph *const *graphs, size_t n_graphs, const object *root,
                       const char *const *preserved, size_t n_preserved)
{
    *f = (opt_freezing){ .graphs = graphs, .n_graphs = n_graphs, .root = root, .preserved = preserved,
                         .n_preserved = n_preserved };
    arena_init(&f->arena);
    ptrmap_init(&f->constants, &f->arena);
}

void opt_freezing_fini(opt_freezing *f)
{
    for (size_t i = 0; i < f->constants.n; i++)
        tensor_unref(f->constants.entries[i].value);
    arena_fini(&f->arena);
}

/* ---- modules of the tree --------------------------------------------------------------------------- */

int opt_frozen_slot(const object *o, const char *name)
{
    int slot = type_class_slot(o->type, name);
    return slot >= 0 && (size_t)slot < o->n ? slot : -1;
}

opt_frozen_module *opt_frozen_find(const opt_freezing *f, const object *o)
{
    return ptrmap_find(&f->modules, o);
}

static opt_frozen_module *get_module(opt_freezing *f, const object *o)
{
    opt_frozen_module *m = ptrmap_find(&f->modules, o);
    if (m)
        return m;
    m = ARENA_NEW(&f->arena, opt_frozen_module);
    m->o = o;
    bitset_init(&m->used, &f->arena);
    bitset_init(&m->written, &f->arena);
    ptrmap_set(&f->modules, o, m);
    return m;
}

static const object *as_module(jit_value v)
{
    return v.tag == VALUE_OBJECT && v.object->type->cls->is_module ? v.object : NULL;
}

/* The module a node reads from or writes to; *ret_slot is the attribute. NULL: not known. */
static const object *accessed(const opt_freezing *f, const ir_node *n, int *ret_slot)
{
    if (n->op != OP_prim_GetAttr && n->op != OP_prim_SetAttr)
        return NULL;
    const object *o = ptrmap_find(&f->values, n->inputs[0]);
    *ret_slot = o ? opt_frozen_slot(o, ir_get_str(n, "name")) : -1;
    return *ret_slot >= 0 ? o : NULL;
}

/* Producers come before users, so one walk knows all. */
static void find_values(opt_freezing *f, const ir_graph *g)
{
    ptrmap_set(&f->values, ir_block_input(g->body, 0), (void *)f->root);
    IR_EACH_NODE_DEEP(n, g) {
        int slot;
        const object *o = n->op == OP_prim_GetAttr ? accessed(f, n, &slot) : NULL;
        const object *child = o ? as_module(o->at[slot]) : NULL;
        if (child)
            ptrmap_set(&f->values, n->outputs[0], (void *)child);
    }
}

/* ---- what may change ------------------------------------------------------------------------------- */

static void mark_store(opt_freezing *f, jit_value v)
{
    if (v.tag == VALUE_TENSOR)
        ptrmap_set(&f->stores, v.t->store, v.t->store);
}

static void mark_written(opt_freezing *f, opt_frozen_module *m, int slot)
{
    bitset_add(&m->written, (size_t)slot);
    mark_store(f, m->o->at[slot]);
}

/* The module and all below it stay as they are. */
static void leave_whole(opt_freezing *f, const object *o)
{
    VEC(const object *) todo = { 0 };
    VEC_PUSH(&todo, &f->arena, o);
    while (todo.n) {
        const object *at = todo.at[--todo.n];
        opt_frozen_module *m = get_module(f, at);
        if (m->is_whole)
            continue;
        m->is_whole = true;
        for (size_t i = 0; i < at->n; i++) {
            mark_store(f, at->at[i]);
            if (as_module(at->at[i]))
                VEC_PUSH(&todo, &f->arena, at->at[i].object);
        }
    }
}

static bool is_access(const ir_use *u)
{
    return u->index == 0 && (u->user->op == OP_prim_GetAttr || u->user->op == OP_prim_SetAttr);
}

static void find_escapes(opt_freezing *f)
{
    for (size_t i = 0; i < f->values.n; i++) {
        const ir_value *v = f->values.entries[i].key;
        const object *o = f->values.entries[i].value;
        for (const ir_use *u = v->uses; u; u = u->next)
            if (!is_access(u) || opt_frozen_slot(o, ir_get_str(u->user, "name")) < 0) {
                leave_whole(f, o);
                break;
            }
    }
}

static void find_writes(opt_freezing *f, const ir_graph *g)
{
    opt_alias_info *a = opt_alias_modules(g);
    if (!a)
        f->arena.failed = true;
    IR_EACH_NODE_DEEP(n, g) {
        int slot;
        const object *o = a ? accessed(f, n, &slot) : NULL;
        if (!o)
            continue;
        opt_frozen_module *m = get_module(f, o);
        bitset_add(&m->used, (size_t)slot);
        alias_set set = n->op == OP_prim_GetAttr ? opt_alias_set(a, n->outputs[0]) : ALIAS_NONE;
        bool is_module = as_module(o->at[slot]) != NULL;
        if (n->op == OP_prim_SetAttr || (!is_module && set != ALIAS_NONE && opt_alias_writes(a, set)))
            mark_written(f, m, slot);
    }
    opt_alias_free(a);
}

static void keep_preserved(opt_freezing *f)
{
    for (size_t i = 0; i < f->n_preserved; i++) {
        int slot = opt_frozen_slot(f->root, f->preserved[i]);
        if (slot < 0)
            continue; // a method
        opt_frozen_module *m = get_module(f, f->root);
        bitset_add(&m->used, (size_t)slot);
        mark_written(f, m, slot);
        if (as_module(f->root->at[slot]))
            leave_whole(f, f->root->at[slot].object);
    }
}

static void look(opt_freezing *f)
{
    ptrmap_init(&f->values, &f->arena);
    ptrmap_init(&f->modules, &f->arena);
    ptrmap_init(&f->stores, &f->arena);
    for (size_t i = 0; i < f->n_graphs; i++)
        find_values(f, f->graphs[i]);
    find_escapes(f);
    for (size_t i = 0; i < f->n_graphs; i++)
        find_writes(f, f->graphs[i]);
    keep_preserved(f);
}

/* ---- constants --------------------------------------------------------------------------------------- */

static bool is_plain(jit_value v)
{
    switch ((value_tag)v.tag) {
    case VALUE_NONE: case VALUE_BOOL: case VALUE_INT: case VALUE_FLOAT: case VALUE_DEVICE: case VALUE_COMPLEX:
    case VALUE_STR: case VALUE_ENUM:
        return true;
    default:
        return false;
    }
}

static bool may_be_constant(const opt_freezing *f, jit_value v)
{
    bool ok = true;
    if (v.tag == VALUE_TENSOR)
        return v.t->store->dev.kind == DEVICE_CPU && !ptrmap_has(&f->stores, v.t->store);
    if (v.tag == VALUE_TUPLE)
        for (size_t i = 0; ok && i < v.tuple->n; i++)
            ok = is_plain(v.tuple->at[i]);
    else if (v.tag == VALUE_LIST)
        for (size_t i = 0; ok && i < v.list->n; i++)
            ok = i < LIST_MOST && is_plain(list_peek(v.list, i));
    else
        ok = is_plain(v);
    return ok;
}

/* The tensor without its wish for gradients, one for each: equal constants are merged by address. */
static jit_value constant_of(opt_freezing *f, jit_value v)
{
    if (v.tag != VALUE_TENSOR || !v.t->requires_grad)
        return value_ref(v);
    tensor *made = ptrmap_find(&f->constants, v.t);
    if (!made) {
        made = tensor_view(v.t, v.t->sizes, v.t->strides, v.t->n_dims, v.t->offset);
        if (!made || !ptrmap_set(&f->constants, v.t, made)) {
            tensor_unref(made);
            f->arena.failed = true;
            return VALUE_NONE_V;
        }
        made->requires_grad = false;
    }
    return VALUE_HEAP_V(VALUE_TENSOR, tensor_ref(made));
}

static const type *constant_type(jit_value v, const type *declared)
{
    if (v.tag == VALUE_NONE)
        return T_NONE;
    return v.tag == VALUE_TENSOR ? T_TENSOR : type_without_none(declared);
}

static bool replace_read(opt_freezing *f, ir_graph *g, ir_node *n)
{
    int slot;
    const object *o = n->op == OP_prim_GetAttr ? accessed(f, n, &slot) : NULL;
    opt_frozen_module *m = o ? opt_frozen_find(f, o) : NULL;
    if (!m || m->is_whole || bitset_has(&m->written, (size_t)slot) || !may_be_constant(f, o->at[slot]))
        return false;
    ir_builder b = { .g = g, .at = n, .range = n->at, .callee_of = n->callee_of, .called_from = n->called_from };
    jit_value v = constant_of(f, o->at[slot]);
    ir_value *constant = ir_build_constant(&b, v, constant_type(v, n->outputs[0]->type));
    ir_value_copy_name(constant, n->outputs[0]);
    ir_replace_uses(n->outputs[0], constant);
    ir_node_remove(n);
    return true;
}

bool opt_freeze_attributes(opt_freezing *f)
{
    bool progress = false;
    look(f);
    for (size_t i = 0; i < f->n_graphs && !opt_freezing_failed(f); i++)
        for (ir_node *n = ir_first_deep(f->graphs[i]), *next; n; n = next) {
            next = ir_next_deep(n);
            progress |= replace_read(f, f->graphs[i], n);
        }
    return progress;
}
