/* sema/assign.c: assignment to names, attributes, subscripts and tuples of them; `del`.
 *
 * A name keeps its storage while its type stays; another type in the same block, or a narrower one
 * in a nested block, gets a storage of its own. Where a dynamic loop lies between the assignment
 * and an outer variable of that name, the outer storage is written at once: a `continue` may leave
 * the body before its end. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <string.h>

/* ---- names ---- */

static void report_outer_type(fn_checker *f, const char *name, const binding *outer, const type *t,
                              range at)
{
    diag *d = f->c->d;
    diag_item *it = diag_error(d, "type-mismatch", at,
                               "'%s' had type %s outside this block and cannot be assigned %s here",
                               name, type_text(f, outer->var->type), type_text(f, t));
    diag_note(d, it, outer->at, "assigned here");
    const type *old = outer->var->type;
    if (t->kind == TYPE_LIST && old->kind == TYPE_LIST && type_elem(old)->kind == TYPE_TENSOR)
        diag_note(d, it, outer->at, "an empty list is List[Tensor] unless it is annotated: `%s: %s = []`", name,
                  type_text(f, t));
    else if (t->kind == TYPE_LIST && type_elem(t)->kind == TYPE_TENSOR)
        diag_note(d, it, at, "an empty list is List[Tensor] unless it is annotated: `%s: List[int] = []`", name);
    else if (old->kind == TYPE_NONE)
        diag_note(d, it, outer->at, "declare it where it is None: `%s: Optional[%s] = None`", name, type_text(f, t));
    else if (old->kind == TYPE_INT && t->kind == TYPE_FLOAT)
        diag_note(d, it, outer->at, "if it holds floats, begin with one: `0.0` instead of `0`");
}

/* Value and annotation agree? On error the variable is still declared with its annotation. */
static texpr *fit_annotation(fn_checker *f, const char *name, const binding *outer, texpr *value,
                             const type *annotation, range at)
{
    if (outer) {
        diag_item *it = diag_error(
            f->c->d, "annotation-in-block", at,
            "'%s' already exists in an outer block, so its type cannot be declared here", name);
        diag_note(f->c->d, it, outer->at, "assigned here");
        return NULL;
    }
    if (type_is_error(value->type) || type_is_error(annotation)
        || type_is_subtype(value->type, annotation))
        return value;
    diag_error(f->c->d, "type-mismatch", at, "'%s' is declared %s but is assigned %s", name,
               type_text(f, annotation), type_text(f, value->type));
    return NULL;
}

/* The value as an outer variable takes it; NULL: reported. */
static texpr *fit_outer(fn_checker *f, const char *name, const binding *outer, texpr *value,
                        range at)
{
    if (!outer->var) {
        diag_item *it = diag_error(f->c->d, "not-first-class", at,
                                   "'%s' stands for something that is no value and cannot be "
                                   "re-assigned in a nested block",
                                   name);
        diag_note(f->c->d, it, outer->at, "bound here");
        return NULL;
    }
    if (type_is_error(outer->var->type) || type_is_error(value->type))
        return value;
    texpr *fit = try_convert(f, value, outer->var->type, true);
    if (fit && type_is_subtype(fit->type, outer->var->type))
        return fit;
    report_outer_type(f, name, outer, value->type, at);
    return NULL;
}

/* Storage for a value of type t assigned to the name in the current block. */
static tvar *choose_var(fn_checker *f, const char *name, const binding *outer, const type *t)
{
    if (outer && outer->var && outer->var->type == t)
        return outer->var;
    const binding *b = find_binding(f, name);
    if (b && b->depth == f->scope->depth && b->var && b->var->type == t)
        return b->var;
    return new_tvar(f, name, t);
}

static void write_through(fn_checker *f, const binding *outer, tvar *v, range at)
{
    for (const binding *b = outer; b && b->own_depth == f->scope->own_depth; b = b->outer) {
        if (b->loop_depth >= f->scope->loop_depth || !b->var || b->var == v
            || type_is_error(b->var->type))
            continue;
        forget_refinements(f, b->name, b->var);
        emit_assign(f, b->var, read_var(f, v, at), at);
    }
}

/* A comprehension's target has a life of its own, but must fit the variable it hides, as in the reference. */
static void check_hidden(fn_checker *f, const char *name, const texpr *value, range at)
{
    const binding *b = find_binding(f, name);
    while (b && (b->own_depth == f->scope->own_depth || !binding_is_defined(b)))
        b = b->outer;
    if (b && b->var && !type_is_error(b->var->type) && !type_is_error(value->type)
        && !type_is_subtype(value->type, b->var->type))
        report_outer_type(f, name, b, value->type, at);
}

void assign_name(fn_checker *f, const char *name, texpr *value, const type *annotation, range at)
{
    binding *outer = parent_binding(f, name);
    if (!outer && f->scope->own_depth > 0)
        check_hidden(f, name, value, at);
    texpr *fit = value;
    if (annotation)
        fit = fit_annotation(f, name, outer, value, annotation, at);
    else if (outer)
        fit = fit_outer(f, name, outer, value, at);
    if (!fit && outer)
        return; /* the outer variable stands */
    const type *t = annotation ? annotation : fit ? fit->type : T_ERROR;
    if (outer && type_is_error(t))
        return;
    tvar *v = choose_var(f, name, outer, t);
    if (fit)
        emit_assign(f, v, fit, at);
    write_through(f, outer, v, at);
    bind_var(own_binding(f, name), v, annotation, at);
    forget_refinements(f, name, v);
}

void assign_sval(fn_checker *f, const char *name, sval v, range at)
{
    if (v.kind == SVAL_VALUE || v.kind == SVAL_ERROR) {
        assign_name(f, name, v.kind == SVAL_VALUE ? v.expr : error_expr(f, at), NULL, at);
        return;
    }
    const binding *outer = parent_binding(f, name);
    if (outer) {
        diag_item *it = diag_error(
            f->c->d, "not-first-class", at,
            "'%s' cannot be re-assigned in a nested block: what is assigned is no value", name);
        diag_note(f->c->d, it, outer->at, "bound here");
        return;
    }
    if (v.expr) /* the receiver of a method is the one of now */
        v.expr = v.expr->kind == TX_CONST ? v.expr : emit_temp(f, v.expr);
    binding *own = own_binding(f, name);
    bind_var(own, NULL, NULL, at);
    own->other = ARENA_NEW(&f->tree->arena, sval);
    *own->other = v;
}

/* ---- attributes ---- */

/* The first assignment of an attribute in __init__ declares it, with the type of the value: an
 * annotation only helps to type the value. NULL: reported. */
static const type *declare_attribute(fn_checker *f, const char *name, const texpr *value, range at)
{
    if (f->scope->depth > 0) {
        diag_error(f->c->d, "attribute-in-block", at,
                   "attribute '%s' is assigned first inside a block: assign it at the top level of "
                   "__init__ before",
                   name);
        return NULL;
    }
    const type *t = value->type;
    if (type_mentions(t, f->self_type)) {
        diag_error(f->c->d, "recursive-class", at, "class %s cannot contain itself",
                   type_text(f, f->self_type));
        t = T_ERROR;
    }
    type_class_add_attribute((type *)f->self_type, name, t, at);
    return t;
}

/* An attribute that no __init__ declared: a property's setter, or an error. */
static void set_property(fn_checker *f, texpr *obj, const char *name, texpr *value, range at)
{
    const type *cls = obj->type;
    diag *d = f->c->d;
    const type_property *p = strmap_find(&cls->cls->properties, name);
    if (p && p->setter) {
        call_args args = { 0 };
        call_arg a = { .value = value, .at = value->at };
        VEC_PUSH(&args, &f->tree->arena, a);
        emit_stmt(f, TS_EXPR, at)->value = call_function(f, p->setter, obj, &args, at);
    } else if (p) {
        diag_error(d, "read-only-property", at, "property '%s' of %s has no setter", name,
                   type_text(f, cls));
    } else {
        diag_item *it = diag_error(d, "unknown-attribute", at, "%s has no attribute '%s'",
                                   type_text(f, cls), name);
        diag_note(d, it, at, "attributes are made by assigning self.%s in __init__", name);
    }
}

static void set_class_attribute(fn_checker *f, texpr *obj, const char *name, texpr *value, range at)
{
    const type *cls = obj->type;
    diag *d = f->c->d;
    if (!require_class(f->c, cls, at))
        return;
    int slot = type_class_slot(cls, name);
    const type *t = slot >= 0 ? cls->cls->attributes[slot].type : NULL;
    if (!t && f->in_init && cls == f->self_type) {
        t = declare_attribute(f, name, value, at);
        slot = type_class_slot(cls, name);
        if (!t || slot < 0)
            return;
    }
    if (!t) {
        set_property(f, obj, name, value, at);
        return;
    }
    if (!type_is_error(value->type) && !type_is_error(t) && !type_is_subtype(value->type, t)) {
        diag_item *it = diag_error(d, "type-mismatch", at,
                                   "attribute '%s' of %s is %s and cannot be assigned %s", name,
                                   type_text(f, cls), type_text(f, t), type_text(f, value->type));
        if (cls->cls->attributes[slot].at.src)
            diag_note(d, it, cls->cls->attributes[slot].at, "declared here");
        return;
    }
    tstmt *s = emit_stmt(f, TS_SET_ATTR, at);
    s->object = obj;
    s->name = cls->cls->attributes[slot].name;
    s->value = value;
}

static void set_attribute(fn_checker *f, texpr *obj, const char *name, texpr *value, range at)
{
    if (type_is_error(obj->type))
        return;
    if (obj->type->kind == TYPE_CLASS) {
        set_class_attribute(f, obj, name, value, at);
        return;
    }
    diag_item *it = diag_error(f->c->d, "attribute-assignment", at,
                               "attributes of %s cannot be assigned", type_text(f, obj->type));
    if (obj->type->kind == TYPE_NAMED_TUPLE)
        diag_note(f->c->d, it, at, "named tuples cannot be changed: make a new one");
}

/* ---- tuples of targets ---- */

static const ast_nodes *target_items(const ast_node *target)
{
    return target->kind == AST_tuple ? &AST_AS(tuple, target)->items : NULL;
}

/* Index of the starred target, n if there is none, or -1 after reporting two. */
static int64_t find_star(fn_checker *f, const ast_nodes *items)
{
    int64_t star = (int64_t)items->n;
    for (size_t i = 0; i < items->n; i++) {
        if (items->at[i]->kind != AST_star)
            continue;
        if (star < (int64_t)items->n) {
            diag_error(f->c->d, "two-stars", items->at[i]->at, "only one target can be starred");
            return -1;
        }
        star = (int64_t)i;
    }
    return star;
}

/* Give every target the error type, so that its use is silent. */
static void assign_errors(fn_checker *f, const ast_nodes *items)
{
    for (size_t i = 0; i < items->n; i++) {
        const ast_node *t = items->at[i];
        assign_target(f, t->kind == AST_star ? AST_AS(star, t)->value : t, error_expr(f, t->at));
    }
}

texpr **emit_unpack(fn_checker *f, texpr *value, size_t n, const type *const *types,
                    const type *elem)
{
    arena *a = &f->tree->arena;
    tstmt *s = emit_stmt(f, TS_UNPACK, value->at);
    texpr **reads = ARENA_ARRAY(a, texpr *, n + 1);
    s->vars = ARENA_ARRAY(a, tvar *, n + 1);
    if (!reads || !s->vars)
        return NULL;
    s->value = value;
    s->n_vars = n;
    for (size_t i = 0; i < n; i++) {
        s->vars[i] = new_tvar(f, NULL, types ? types[i] : elem);
        reads[i] = read_var(f, s->vars[i], value->at);
    }
    return reads;
}

static texpr *pack_star(fn_checker *f, texpr *const *values, size_t n, range at)
{
    texpr *e = new_texpr(f, TX_TUPLE, T_ERROR, at, n);
    const type **types = ARENA_ARRAY(&f->tree->arena, const type *, n + 1);
    for (size_t i = 0; types && i < n; i++) {
        e->args[i] = values[i];
        types[i] = values[i]->type;
    }
    e->type = made_type(f, types ? type_tuple(types, n) : NULL);
    return e;
}

static void unpack_tuple(fn_checker *f, const ast_node *target, texpr *value, size_t star)
{
    const ast_nodes *items = target_items(target);
    size_t have = value->type->n_args, n = items->n;
    bool starred = star < n;
    if (starred ? have < n - 1 : have != n) {
        const char *more = have > n ? "too many values to unpack" : "not enough values to unpack";
        diag_error(f->c->d, "unpack-count", target->at, "%s: %zu target%s for a tuple of %zu", more,
                   n, n == 1 ? "" : "s", have);
        assign_errors(f, items);
        return;
    }
    texpr **parts = emit_unpack(f, value, have, value->type->args, NULL);
    size_t n_star = starred ? have - (n - 1) : 0, next = 0;
    for (size_t i = 0; parts && i < n; i++) {
        if (i == star) {
            const ast_star *s = AST_AS(star, items->at[i]);
            assign_target(f, s->value,
                          emit_temp(f, pack_star(f, parts + next, n_star, s->node.at)));
            next += n_star;
        } else {
            assign_target(f, items->at[i], parts[next++]);
        }
    }
}

static void unpack(fn_checker *f, const ast_node *target, texpr *value)
{
    const ast_nodes *items = target_items(target);
    diag *d = f->c->d;
    int64_t star = find_star(f, items);
    const type *t = value->type;
    if (star < 0 || type_is_error(t)) {
        assign_errors(f, items);
    } else if (t->kind == TYPE_TUPLE || t->kind == TYPE_NAMED_TUPLE) {
        unpack_tuple(f, target, value, (size_t)star);
    } else if (t->kind == TYPE_LIST && star < (int64_t)items->n) {
        diag_error(d, "unpack-list-star", target->at,
                   "the length of a list is not known here, so no target can be starred");
        assign_errors(f, items);
    } else if (t->kind == TYPE_LIST) {
        texpr **parts = emit_unpack(f, value, items->n, NULL, type_elem(t));
        for (size_t i = 0; parts && i < items->n; i++)
            assign_target(f, items->at[i], parts[i]);
    } else {
        diag_item *it =
            diag_error(d, "not-unpackable", target->at, "%s cannot be unpacked", type_text(f, t));
        if (t->kind == TYPE_TENSOR)
            diag_note(d, it, target->at, "unbind() makes a list of its rows");
        assign_errors(f, items);
    }
}

/* ---- any target ---- */

static void report_target(fn_checker *f, const ast_node *target)
{
    if (target->kind == AST_list)
        diag_error(f->c->d, "bad-target", target->at,
                   "a list cannot be assigned to: write the targets without brackets");
    else if (target->kind == AST_star)
        diag_error(f->c->d, "bad-target", target->at, "a starred target must stand in a tuple");
    else if (target->kind != AST_error)
        diag_error(f->c->d, "bad-target", target->at, "this cannot be assigned to");
}

static void assign_annotated(fn_checker *f, const ast_node *target, texpr *value,
                             const type *annotation)
{
    switch ((int)target->kind) {
    case AST_name: assign_name(f, AST_AS(name, target)->id, value, annotation, target->at); return;
    case AST_attribute: {
        const ast_attribute *a = AST_AS(attribute, target);
        texpr *obj = check_expr(f, a->value, NULL);
        set_attribute(f, obj, a->id, value, target->at);
        return;
    }
    case AST_subscript: {
        const ast_subscript *s = AST_AS(subscript, target);
        texpr *of = check_expr(f, s->value, NULL);
        if (!type_is_error(of->type) && !type_is_error(value->type))
            set_index(f, of, &s->indices, value, target->at);
        return;
    }
    case AST_tuple: unpack(f, target, value); return;
    default: report_target(f, target);
    }
}

void assign_target(fn_checker *f, const ast_node *target, texpr *value)
{
    assign_annotated(f, target, value, NULL);
}

void assign_sval_target(fn_checker *f, const ast_node *target, sval v)
{
    if (v.kind == SVAL_ERROR) {
        assign_target(f, target, error_expr(f, target->at));
    } else if (target->kind == AST_name) {
        assign_sval(f, AST_AS(name, target)->id, v, target->at);
    } else if (v.kind == SVAL_TUPLE && target->kind == AST_tuple
               && target_items(target)->n == v.n_items) {
        for (size_t i = 0; i < v.n_items; i++)
            assign_sval_target(f, target_items(target)->at[i], v.items[i]);
    } else {
        assign_target(f, target, sval_to_value(f, v));
    }
}

/* ---- statements ---- */

void check_assign(fn_checker *f, const ast_assign *s)
{
    sval v = check_sval(f, s->value, NULL); /* a type comment is a comment here, as in the reference */
    if (v.kind == SVAL_VALUE && s->targets.n > 1)
        v.expr = emit_temp(f, v.expr);
    for (size_t i = 0; i < s->targets.n; i++)
        assign_sval_target(f, s->targets.at[i], v);
}

static bool is_self(const ast_node *n)
{
    return n->kind == AST_name && !strcmp(AST_AS(name, n)->id, "self");
}

void check_ann_assign(fn_checker *f, const ast_ann_assign *s)
{
    const type *annotation = check_annotation(f->c, s->annotation, NULL);
    if (!s->value) {
        diag_error(f->c->d, "annotation-without-value", s->node.at,
                   "an annotated variable needs a value: `name: type = value`");
        return;
    }
    if (s->target->kind == AST_tuple || s->target->kind == AST_subscript) {
        diag_error(f->c->d, "bad-target", s->target->at,
                   "only names and attributes can be annotated");
        return;
    }
    if (s->target->kind == AST_attribute && !f->in_init && is_self(AST_AS(attribute, s->target)->value)) {
        diag_error(f->c->d, "annotation-outside-init", s->node.at,
                   "the type of an attribute can only be annotated in __init__");
        return;
    }
    texpr *value = check_expr(f, s->value, annotation);
    assign_annotated(f, s->target, value, annotation);
}

static void aug_name(fn_checker *f, const ast_aug_assign *s)
{
    const ast_name *n = AST_AS(name, s->target);
    texpr *a = check_expr(f, s->target, NULL);
    texpr *b = check_expr(f, s->value, NULL);
    if (type_is_error(a->type))
        return;
    assign_name(f, n->id, aug_op(f, s->op, a, b, s->node.at), NULL, s->node.at);
}

static void aug_attribute(fn_checker *f, const ast_aug_assign *s)
{
    const ast_attribute *t = AST_AS(attribute, s->target);
    texpr *obj = check_expr(f, t->value, NULL);
    if (type_is_error(obj->type)) {
        check_expr(f, s->value, NULL);
        return;
    }
    if (obj->kind != TX_VAR)
        obj = emit_temp(f, obj);
    sval of = { .kind = SVAL_VALUE, .at = t->value->at, .expr = obj, .type = obj->type };
    texpr *a = sval_to_value(f, get_attribute(f, of, t->id, s->target->at));
    texpr *b = check_expr(f, s->value, NULL);
    if (type_is_error(a->type))
        return;
    texpr *result = aug_op(f, s->op, a, b, s->node.at);
    set_attribute(f, read_var(f, obj->var, obj->at), t->id, result, s->node.at);
}

void check_aug_assign(fn_checker *f, const ast_aug_assign *s)
{
    if (s->op == AST_FLOORDIV || s->op == AST_MATMUL) {
        diag_error(f->c->d, "unsupported", s->node.at, "%s= is not supported: write x = x %s y",
                   ast_binary_symbol(s->op), ast_binary_symbol(s->op));
        return;
    }
    switch ((int)s->target->kind) {
    case AST_name: aug_name(f, s); return;
    case AST_attribute: aug_attribute(f, s); return;
    case AST_subscript: {
        const ast_subscript *t = AST_AS(subscript, s->target);
        texpr *of = check_expr(f, t->value, NULL);
        if (!type_is_error(of->type))
            aug_index(f, of, &t->indices, s->op, s->value, s->node.at);
        return;
    }
    default: report_target(f, s->target);
    }
}

static void delete_name(fn_checker *f, const char *name, range at)
{
    binding *b = find_binding(f, name);
    if (!binding_is_defined(b)) {
        lookup_name(f, name, at); /* reports, unless it is a global */
        if (find_global(f->c, name))
            diag_error(f->c->d, "undefined-name", at, "'%s' is not a variable of this function",
                       name);
        return;
    }
    for (; b; b = b->outer) {
        b->var = NULL;
        b->other = NULL;
        b->undefined_why = "was deleted";
        b->undefined_at = at;
        b->is_deleted = true;
    }
}

static void delete_target(fn_checker *f, const ast_node *t)
{
    switch ((int)t->kind) {
    case AST_name: delete_name(f, AST_AS(name, t)->id, t->at); return;
    case AST_subscript: {
        const ast_subscript *s = AST_AS(subscript, t);
        texpr *of = check_expr(f, s->value, NULL);
        if (!type_is_error(of->type))
            delete_index(f, of, &s->indices, t->at);
        return;
    }
    case AST_tuple:
        for (size_t i = 0; i < AST_AS(tuple, t)->items.n; i++)
            delete_target(f, AST_AS(tuple, t)->items.at[i]);
        return;
    case AST_attribute:
        diag_error(f->c->d, "bad-target", t->at, "attributes cannot be deleted");
        return;
    default: diag_error(f->c->d, "bad-target", t->at, "this cannot be deleted");
    }
}

void check_del(fn_checker *f, const ast_del *s)
{
    for (size_t i = 0; i < s->targets.n; i++)
        delete_target(f, s->targets.at[i]);
}
