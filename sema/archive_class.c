/* sema/archive_class.c: class statements of archive code: slots, constants, hooks, methods.
 *
 * The printed class is a list of facts: the order of its attribute lines is the order of slots, and the lists at its
 * top say which of them are parameters and buffers and which methods are hooks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <string.h>

/* `Final[T]` or Final: *ret_inner is T's node, or NULL when it has none. */
static bool is_final(const ast_node *n, const ast_node **ret_inner)
{
    const ast_subscript *s = n->kind == AST_subscript ? AST_AS(subscript, n) : NULL;
    const ast_node *head = s ? s->value : n;
    *ret_inner = s && s->indices.n == 1 ? s->indices.at[0] : NULL;
    return head->kind == AST_name && !strcmp(AST_AS(name, head)->id, "Final");
}

/* ---- attributes ----------------------------------------------------------------------------------------------- */

static void add_attribute(checker *c, type *cls, const char *name, const ast_node *annotation, const ast_node *value,
                          range at)
{
    const ast_node *inner = NULL;
    if (type_class_slot(cls, name) >= 0 || type_class_constant(cls, name)) {
        diag_error(c->d, "duplicate-definition", at, "attribute '%s' is already declared", name);
        return;
    }
    if (!is_final(annotation, &inner)) {
        if (value)
            diag_error(c->d, "class-attribute", at, "only Final attributes have values here");
        const type *t = check_annotation(c, annotation, NULL);
        if (!type_class_add_attribute(cls, name, t, at))
            c->arena->failed = true;
        return;
    }
    const type *t = inner ? check_annotation(c, inner, NULL) : NULL;
    jit_value v;
    if (!value)
        diag_error(c->d, "class-attribute", at, "constant '%s' has no value", name);
    else if (eval_constant(c, value, t, "a class constant", &v, t ? NULL : &t)
             && !type_class_add_constant(cls, name, t, v, at))
        c->arena->failed = true;
}

/* ---- the lists at the top ------------------------------------------------------------------------------------- */

static const ast_nodes *list_items(checker *c, const ast_node *n)
{
    const ast_nodes *items = n->kind == AST_list ? &AST_AS(list, n)->items : NULL;
    for (size_t i = 0; items && i < items->n; i++)
        if (items->at[i]->kind != AST_string)
            items = NULL;
    if (!items)
        diag_error(c->d, "bad-class-statement", n->at, "a list of names is expected");
    return items;
}

static const char *item_name(const ast_nodes *items, size_t i) { return AST_AS(string, items->at[i])->value.s; }

static void mark_slots(checker *c, type *cls, const ast_node *names_list, bool as_parameters)
{
    const ast_nodes *items = names_list ? list_items(c, names_list) : NULL;
    for (size_t i = 0; items && i < items->n; i++) {
        int slot = type_class_slot(cls, item_name(items, i));
        if (slot < 0)
            diag_error(c->d, "unknown-attribute", items->at[i]->at, "'%s' is listed but not declared",
                       item_name(items, i));
        else if (as_parameters)
            cls->cls->attributes[slot].is_parameter = true;
        else
            cls->cls->attributes[slot].is_buffer = true;
    }
}

static const char **hook_names(checker *c, const type *cls, const ast_node *names_list, size_t *ret_n)
{
    const ast_nodes *items = names_list ? list_items(c, names_list) : NULL;
    const char **names = items ? ARENA_ARRAY(c->arena, const char *, items->n + 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; names && i < items->n; i++) {
        const char *name = item_name(items, i);
        if (type_find_method(cls, name))
            names[n++] = arena_strdup(c->arena, name);
        else
            diag_error(c->d, "unknown-attribute", items->at[i]->at, "hook '%s' is not defined", name);
    }
    *ret_n = n;
    return names;
}

/* ---- statements ----------------------------------------------------------------------------------------------- */

typedef struct top_lists {
    const ast_node *parameters, *buffers, *pre_hooks, *hooks;
} top_lists;

/* `__annotations__["0"] = T`: the name, or NULL. */
static const char *quoted_attribute(const ast_node *target)
{
    const ast_subscript *s = target->kind == AST_subscript ? AST_AS(subscript, target) : NULL;
    if (!s || s->value->kind != AST_name || strcmp(AST_AS(name, s->value)->id, "__annotations__") || s->indices.n != 1
        || s->indices.at[0]->kind != AST_string)
        return NULL;
    return AST_AS(string, s->indices.at[0])->value.s;
}

static void read_assignment(checker *c, type *cls, const ast_assign *s, top_lists *lists)
{
    const ast_node *target = s->targets.at[0];
    const char *id = s->targets.n == 1 && target->kind == AST_name ? AST_AS(name, target)->id : "";
    const char *quoted = s->targets.n == 1 ? quoted_attribute(target) : NULL;
    if (quoted)
        add_attribute(c, cls, quoted, s->value, NULL, s->node.at);
    else if (!strcmp(id, "__parameters__"))
        lists->parameters = s->value;
    else if (!strcmp(id, "__buffers__"))
        lists->buffers = s->value;
    else if (!strcmp(id, "__forward_pre_hooks__"))
        lists->pre_hooks = s->value;
    else if (!strcmp(id, "__forward_hooks__"))
        lists->hooks = s->value;
    else if (strcmp(id, "__annotations__"))
        diag_error(c->d, "bad-class-statement", s->node.at, "a class holds attributes and methods only");
}

static void read_statement(checker *c, type *cls, const ast_node *n, top_lists *lists)
{
    if (n->kind == AST_assign) {
        read_assignment(c, cls, AST_AS(assign, n), lists);
    } else if (n->kind == AST_ann_assign && AST_AS(ann_assign, n)->target->kind == AST_name) {
        const ast_ann_assign *s = AST_AS(ann_assign, n);
        add_attribute(c, cls, AST_AS(name, s->target)->id, s->annotation, s->value, n->at);
    } else if (n->kind == AST_def) {
        const ast_def *def = AST_AS(def, n);
        if (type_find_method(cls, def->id))
            diag_error(c->d, "duplicate-definition", def_header(def), "method '%s' is already defined", def->id);
        else
            build_schema(c, declare_function(c, def, def->id, cls));
    } else if (n->kind != AST_pass && n->kind != AST_error) {
        diag_error(c->d, "bad-class-statement", n->at, "a class holds attributes and methods only");
    }
}

static void declare_class_members(checker *c, type *cls, const ast_class *s)
{
    top_lists lists = { 0 };
    for (size_t i = 0; i < s->body.n && arena_reserve(c->arena, RESERVE_BYTES); i++)
        read_statement(c, cls, s->body.at[i], &lists);
    if (arena_failed(c->arena))
        return;
    mark_slots(c, cls, lists.parameters, true);
    mark_slots(c, cls, lists.buffers, false);
    cls->cls->pre_hooks = hook_names(c, cls, lists.pre_hooks, &cls->cls->n_pre_hooks);
    cls->cls->hooks = hook_names(c, cls, lists.hooks, &cls->cls->n_hooks);
}

void archive_declare_members(checker *c, type *t, const ast_class *cls)
{
    if (t->kind == TYPE_CLASS) {
        declare_class_members(c, t, cls);
        return;
    }
    for (size_t i = 0; i < cls->body.n && arena_reserve(c->arena, RESERVE_BYTES); i++) {
        const ast_node *n = cls->body.at[i];
        if (n->kind == AST_def)
            declare_interface_method(c, t, AST_AS(def, n));
        else if (n->kind != AST_pass && n->kind != AST_error)
            diag_error(c->d, "bad-interface", n->at, "an interface holds methods only");
    }
}
