/* sema/class.c: class statements: TorchScript classes, enums, named tuples, interfaces, exceptions.
 *
 * Names come first, members later, because members mention other classes. A named tuple is made
 * whole, so it is made when something first mentions it. Attributes of a class come from its
 * __init__, whose body is checked when an attribute is first needed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <string.h>

typedef enum class_kind {
    CLASS_SCRIPT,
    CLASS_ENUM,
    CLASS_NAMED_TUPLE,
    CLASS_INTERFACE,
    CLASS_EXCEPTION,
    CLASS_MODULE,
    CLASS_BROKEN
} class_kind;

const char *qualify(checker *c, const char *name)
{
    return arena_printf(c->arena, "%s.%s", c->unit->prefix ? c->unit->prefix : "__torch__", name);
}

static range class_header(const ast_class *cls)
{
    range at = cls->node.at;
    if (!at.src)
        return at;
    if (cls->decorators.n)
        at.begin = cls->decorators.at[cls->decorators.n - 1]->at.end;
    const char *s = at.src->text;
    while (at.begin + 6 < at.end && strncmp(s + at.begin, "class ", 6))
        at.begin++;
    uint32_t end = at.begin;
    while (end < at.end && s[end] != '\n')
        end++;
    at.end = end;
    return at;
}

/* ---- what kind of class ---- */

static bool path_is(const char *path, const char *name)
{
    const char *dot = strrchr(path, '.');
    return !strcmp(dot ? dot + 1 : path, name);
}

static class_kind kind_of_base(checker *c, const ast_class *cls, const ast_node *base)
{
    arena a;
    arena_init(&a);
    class_kind k = CLASS_SCRIPT;
    const char *path = dotted_path(c, base, &a);
    const sval *g = base->kind == AST_name ? find_global(c, ((const ast_name *)base)->id) : NULL;
    if (!path) {
        diag_error(c->d, "bad-base", base->at, "this is not a base class");
        k = CLASS_BROKEN;
    } else if (path_is(path, "NamedTuple")) {
        k = CLASS_NAMED_TUPLE;
    } else if (path_is(path, "Enum") || path_is(path, "IntEnum")) {
        k = CLASS_ENUM;
    } else if (!strcmp(path, "torch.nn.Module")) {
        k = CLASS_MODULE;
    } else if (g && g->kind == SVAL_EXCEPTION) {
        k = CLASS_EXCEPTION;
    } else if (!strcmp(path, "object")) {
        k = CLASS_SCRIPT;
    } else if (base->kind == AST_name && !g) {
        diag_error(c->d, "undefined-name", base->at, "undefined name '%s'", path);
        k = CLASS_BROKEN;
    } else if (has_decorator(c, &cls->decorators, "torch.jit.script")) {
        diag_error(c->d, "inheritance", class_header(cls),
                   "a script class cannot have a base class");
        k = CLASS_BROKEN;
    }
    arena_fini(&a);
    return k;
}

static class_kind kind_of_class(checker *c, const ast_class *cls)
{
    if (has_decorator(c, &cls->decorators, "torch.jit.interface"))
        return CLASS_INTERFACE;
    for (size_t i = 0; i < cls->bases.n; i++) {
        const ast_node *base = cls->bases.at[i];
        if (base->kind == AST_keyword) {
            diag_error(c->d, "unsupported", base->at, "metaclasses are not supported");
            return CLASS_BROKEN;
        }
        class_kind k = kind_of_base(c, cls, base);
        if (k != CLASS_SCRIPT)
            return k;
    }
    return CLASS_SCRIPT;
}

/* ---- enums ---- */

static bool is_statement_without_effect(const ast_node *n)
{
    if (n->kind == AST_pass || n->kind == AST_error)
        return true;
    if (n->kind != AST_expr_stmt)
        return false;
    ast_kind k = ((const ast_expr_stmt *)n)->value->kind;
    return k == AST_string || k == AST_ellipsis;
}

static void add_member(checker *c, type **e, const ast_class *cls, const ast_name *name,
                       jit_value take, const type *t)
{
    diag *d = c->d;
    range at = name->node.at;
    if (!*e) {
        if (t->kind != TYPE_INT && t->kind != TYPE_FLOAT && t->kind != TYPE_STR) {
            diag_error(d, "enum-value", at, "values of an enum must be int, float or str");
            value_unref(take);
            return;
        }
        *e = type_enum_new(c->unit, qualify(c, cls->id), t);
    }
    if (!*e || (*e)->enums->value_type != t) {
        if (*e)
            diag_error(d, "enum-value", at, "all values of an enum must have one type");
        value_unref(take);
    } else if (type_enum_find(*e, name->id)) {
        diag_error(d, "duplicate-definition", at, "enum %s has two members named '%s'", cls->id,
                   name->id);
        value_unref(take);
    } else if (!type_enum_add(*e, arena_strdup(c->arena, name->id), take)) {
        c->arena->failed = true;
    }
}

/* `auto()`: one more than the member before. */
static bool is_auto(checker *c, const ast_node *n)
{
    if (n->kind != AST_call)
        return false;
    const char *path = dotted_path(c, ((const ast_call *)n)->callee, c->arena);
    return path && path_is(path, "auto");
}

/* The name that `NAME = value` or `NAME: type = value` defines, or NULL. */
static const ast_node *enum_target(const ast_node *n, const ast_node **ret_value)
{
    const ast_node *target = NULL;
    if (n->kind == AST_assign && AST_AS(assign, n)->targets.n == 1) {
        target = AST_AS(assign, n)->targets.at[0];
        *ret_value = AST_AS(assign, n)->value;
    } else if (n->kind == AST_ann_assign) {
        target = AST_AS(ann_assign, n)->target;
        *ret_value = AST_AS(ann_assign, n)->value;
    }
    return target && target->kind == AST_name && *ret_value ? target : NULL;
}

type *declare_enum(checker *c, const ast_class *cls)
{
    type *e = NULL;
    int64_t last = 0;
    for (size_t i = 0; i < cls->body.n; i++) {
        const ast_node *n = cls->body.at[i];
        const ast_node *value, *name = enum_target(n, &value);
        if (!name) {
            if (!is_statement_without_effect(n) && n->kind != AST_def)
                diag_error(c->d, "bad-class-statement", n->at,
                           "an enum holds members only: NAME = value");
            continue;
        }
        jit_value v = VALUE_INT_V(last + 1);
        const type *t = T_INT;
        if (!is_auto(c, value)
            && !eval_constant(c, value, NULL, "the value of an enum member", &v, &t))
            continue;
        last = v.tag == VALUE_INT ? v.i : last;
        add_member(c, &e, cls, (const ast_name *)name, v, t);
    }
    if (!e)
        e = type_enum_new(c->unit, qualify(c, cls->id), T_INT);
    return e;
}

/* ---- named tuples ---- */

typedef struct field_list {
    VEC(const char *) names;
    VEC(const type *) types;
    VEC(jit_value) defaults;
    VEC(bool) has_default;
} field_list;

static void add_field(checker *c, field_list *l, const char *name, const type *t,
                      const ast_node *value)
{
    jit_value v = VALUE_NONE_V;
    bool has = value && eval_constant(c, value, t, "the default of a field", &v, NULL);
    VEC_PUSH(&l->names, c->arena, arena_strdup(c->arena, name));
    VEC_PUSH(&l->types, c->arena, t);
    VEC_PUSH(&l->defaults, c->arena, v);
    VEC_PUSH(&l->has_default, c->arena, has);
}

/* The type takes references to the defaults of its own; those of the list end here. */
static const type *make_named_tuple(checker *c, const char *name, field_list *l)
{
    const type *t = NULL;
    if (!arena_failed(c->arena))
        t = type_named_tuple_new(c->unit, qualify(c, name), l->names.at, l->types.at,
                                 l->defaults.at, l->has_default.at, l->names.n);
    for (size_t i = 0; i < l->defaults.n; i++)
        value_unref(l->defaults.at[i]);
    return t;
}

const type *declare_named_tuple(checker *c, const ast_class *cls)
{
    field_list l = { 0 };
    for (size_t i = 0; i < cls->body.n; i++) {
        const ast_node *n = cls->body.at[i];
        const ast_ann_assign *s = n->kind == AST_ann_assign ? (const ast_ann_assign *)n : NULL;
        if (!s || s->target->kind != AST_name) {
            /* methods are Python's: nothing here can call them */
            if (n->kind != AST_def && !is_statement_without_effect(n))
                diag_error(c->d, "bad-class-statement", n->at,
                           "a named tuple holds fields only: name: type");
            continue;
        }
        const type *t = check_annotation(c, s->annotation, NULL);
        if (t->kind == TYPE_ANY) {
            diag_error(c->d, "any-attribute", s->annotation->at, "a field cannot have type Any");
            t = T_ERROR;
        }
        if (s->value == NULL && l.has_default.n && VEC_LAST(&l.has_default))
            diag_error(c->d, "bad-parameter", n->at,
                       "a field without default follows one with a default");
        add_field(c, &l, ((const ast_name *)s->target)->id, t, s->value);
    }
    return make_named_tuple(c, cls->id, &l);
}

/* PyTorch finds the source of a dataclass only when the class itself is scripted. */
static bool is_unmarked_dataclass(checker *c, const ast_class *cls)
{
    return is_dataclass(c, cls) && !has_decorator(c, &cls->decorators, "torch.jit.script");
}

static const type *report_unmarked_dataclass(checker *c, sval *g, const ast_class *cls)
{
    diag_item *it = diag_error(c->d, "dataclass-unmarked", class_header(cls),
                               "dataclass %s is used in compiled code but is not marked", cls->id);
    diag_note(c->d, it, class_header(cls), "write @torch.jit.script above @dataclass");
    return g->type = T_ERROR;
}

const type *resolve_class(checker *c, sval *g)
{
    if (g->type)
        return g->type;
    const ast_class *cls = (const ast_class *)g->ast;
    if (is_unmarked_dataclass(c, cls))
        return report_unmarked_dataclass(c, g, cls);
    int levels = cls->node.depth + 1;
    if (!has_room(c, levels)) {
        diag_error(c->d, "recursive-class", class_header(cls),
                   "named tuples are nested too deeply");
        g->type = T_ERROR;
        return g->type;
    }
    g->type = T_ERROR; /* while its fields are read: it cannot hold itself */
    c->demand_levels += levels;
    const type *t = declare_named_tuple(c, cls);
    c->demand_levels -= levels;
    if (t)
        g->type = t;
    return g->type;
}

/* "x y", "x, y" */
static void add_fields_of_text(checker *c, field_list *l, ast_bytes s)
{
    const char *p = s.s;
    while (*p) {
        p += strspn(p, ", \t\n");
        size_t n = strcspn(p, ", \t\n");
        if (n)
            add_field(c, l, arena_strndup(c->arena, p, n), T_TENSOR, NULL);
        p += n;
    }
}

static void add_functional_field(checker *c, field_list *l, const ast_node *n)
{
    if (n->kind == AST_string) {
        add_field(c, l, ((const ast_string *)n)->value.s, T_TENSOR, NULL);
        return;
    }
    const ast_nodes *pair = n->kind == AST_tuple ? &((const ast_tuple *)n)->items : NULL;
    if (pair && pair->n == 2 && pair->at[0]->kind == AST_string)
        add_field(c, l, ((const ast_string *)pair->at[0])->value.s,
                  check_annotation(c, pair->at[1], NULL), NULL);
    else
        diag_error(c->d, "bad-class-statement", n->at,
                   "a field is written \"name\" or (\"name\", type)");
}

bool declare_functional_tuple(checker *c, const ast_assign *s)
{
    if (s->targets.n != 1 || s->targets.at[0]->kind != AST_name || s->value->kind != AST_call)
        return false;
    const ast_call *call = (const ast_call *)s->value;
    const char *path = dotted_path(c, call->callee, c->arena);
    if (!path || !(path_is(path, "namedtuple") || path_is(path, "NamedTuple")) || call->args.n != 2)
        return false;
    const ast_node *fields = call->args.at[1];
    const ast_nodes *items = fields->kind == AST_list    ? &((const ast_list *)fields)->items
                             : fields->kind == AST_tuple ? &((const ast_tuple *)fields)->items
                                                         : NULL;
    field_list l = { 0 };
    if (fields->kind == AST_string)
        add_fields_of_text(c, &l, ((const ast_string *)fields)->value);
    else if (!items)
        diag_error(c->d, "bad-class-statement", fields->at, "the fields must be a list");
    for (size_t i = 0; items && i < items->n; i++)
        add_functional_field(c, &l, items->at[i]);
    const char *name = ((const ast_name *)s->targets.at[0])->id;
    const type *t = make_named_tuple(c, name, &l);
    bind_global(
        c, name,
        (sval){ .kind = SVAL_CLASS, .at = s->node.at, .name = name, .type = t ? t : T_ERROR });
    return true;
}

/* ---- interfaces ---- */

void declare_interface_method(checker *c, type *iface, const ast_def *def)
{
    for (size_t i = 0; i < def->body.n; i++) {
        if (!is_statement_without_effect(def->body.at[i])) {
            diag_error(c->d, "bad-interface", def->body.at[i]->at,
                       "the body of an interface method must be 'pass'");
            return;
        }
    }
    if (!def->returns && !def->type_comment) {
        diag_error(c->d, "bad-interface", def_header(def),
                   "an interface method must be annotated with what it returns");
        return;
    }
    /* A method of nobody: only its schema is kept. */
    ir_function fn = { .unit = c->unit,
                       .name = arena_strdup(c->arena, def->id),
                       .owner = iface,
                       .ast = def,
                       .at = def_header(def) };
    build_schema(c, &fn);
    for (size_t i = 0; fn.schema && i < fn.schema->n_args; i++)
        ((schema_arg *)fn.schema->args)[i].has_default = false; /* callers give every argument */
    if (fn.schema && !strmap_set(&iface->iface->methods, fn.name, (void *)(uintptr_t)fn.schema))
        c->arena->failed = true;
}

/* ---- classes ---- */

bool is_class_variable(const type *cls, const char *name)
{
    const ast_class *s = cls->kind == TYPE_CLASS ? cls->cls->ast : NULL;
    for (size_t i = 0; s && i < s->body.n; i++) {
        const ast_node *n = s->body.at[i];
        const ast_node *target = n->kind == AST_assign && AST_AS(assign, n)->targets.n == 1
                                     ? AST_AS(assign, n)->targets.at[0]
                                 : n->kind == AST_ann_assign && AST_AS(ann_assign, n)->value
                                     ? AST_AS(ann_assign, n)->target
                                     : NULL;
        if (target && target->kind == AST_name && !strcmp(AST_AS(name, target)->id, name))
            return true;
    }
    return false;
}

/* `@x.setter`: the property's name, or NULL. */
static const char *setter_of(const ast_def *def)
{
    for (size_t i = 0; i < def->decorators.n; i++) {
        const ast_node *n = def->decorators.at[i];
        const ast_attribute *a = n->kind == AST_attribute ? (const ast_attribute *)n : NULL;
        if (a && !strcmp(a->id, "setter") && a->value->kind == AST_name)
            return ((const ast_name *)a->value)->id;
    }
    return NULL;
}

static void declare_property(checker *c, type *cls, const ast_def *def, bool is_setter)
{
    type_property *p = strmap_find(&cls->cls->properties, def->id);
    if (is_setter && !p) {
        diag_error(c->d, "bad-property", def_header(def),
                   "'%s' has a setter but no getter before it", def->id);
        return;
    }
    const char *name = arena_printf(c->arena, "__%s_%s", def->id, is_setter ? "setter" : "getter");
    ir_function *fn = declare_function(c, def, name, cls);
    if (!p) {
        p = ARENA_NEW(c->arena, type_property);
        if (!strmap_set(&cls->cls->properties, arena_strdup(c->arena, def->id), p))
            c->arena->failed = true;
    }
    *(is_setter ? &p->setter : &p->getter) = fn;
}

/* A setter is as unused as the getter of its name. */
static bool has_unused_getter(checker *c, const ast_class *s, const ast_def *setter)
{
    for (size_t i = 0; i < s->body.n; i++) {
        const ast_def *d = s->body.at[i]->kind == AST_def ? AST_AS(def, s->body.at[i]) : NULL;
        if (d && !strcmp(d->id, setter->id) && has_decorator(c, &d->decorators, "property"))
            return has_decorator(c, &d->decorators, "torch.jit.unused");
    }
    return false;
}

/* Left to Python: @unused at @property, or listed in __jit_unused_properties__. */
static bool is_unused_property(checker *c, const type *cls, const ast_def *def)
{
    const ast_class *s = cls->cls->ast;
    for (size_t i = 0; i < s->body.n; i++) {
        const ast_assign *a = s->body.at[i]->kind == AST_assign ? AST_AS(assign, s->body.at[i]) : NULL;
        if (!a || a->targets.n != 1 || a->targets.at[0]->kind != AST_name || a->value->kind != AST_list
            || strcmp(AST_AS(name, a->targets.at[0])->id, "__jit_unused_properties__"))
            continue;
        const ast_nodes *names = &AST_AS(list, a->value)->items;
        for (size_t k = 0; k < names->n; k++)
            if (names->at[k]->kind == AST_string && !strcmp(AST_AS(string, names->at[k])->value.s, def->id))
                return true;
    }
    return has_unused_getter(c, s, def) || has_decorator(c, &def->decorators, "torch.jit.unused");
}

static void declare_method(checker *c, type *cls, const ast_def *def)
{
    if (setter_of(def)) {
        if (!is_unused_property(c, cls, def))
            declare_property(c, cls, def, true);
        return;
    }
    if (has_decorator(c, &def->decorators, "property")) {
        if (is_unused_property(c, cls, def))
            return;
        declare_property(c, cls, def, false);
        return;
    }
    if (!strcmp(def->id, "__new__"))
        return; /* Python's: objects are made without it here */
    const ir_function *old = type_find_method(cls, def->id);
    if (old) {
        diag_item *it = diag_error(c->d, "duplicate-definition", def_header(def),
                                   "method '%s' is already defined", def->id);
        diag_note(c->d, it, old->at, "here");
        return;
    }
    ir_function *fn = declare_function(c, def, def->id, cls);
    fn->is_static = has_decorator(c, &def->decorators, "staticmethod");
}

static void declare_class_statement(checker *c, type *cls, const ast_node *n)
{
    if (is_statement_without_effect(n))
        return;
    if (n->kind == AST_def) {
        declare_method(c, cls, (const ast_def *)n);
    } else if (n->kind != AST_assign && n->kind != AST_ann_assign) { /* reading one is refused */
        diag_error(c->d, "bad-class-statement", n->at, "a class holds methods only");
    }
}

void declare_members(checker *c, const ast_class *cls)
{
    sval *g = strmap_find(&c->globals, cls->id);
    if (!g || g->kind != SVAL_CLASS || g->ast != &cls->node)
        return;
    if (is_unmarked_dataclass(c, cls))
        return;
    const type *t = resolve_class(c, g);
    if (t && t->kind == TYPE_CLASS) {
        for (size_t i = 0; i < cls->body.n && arena_reserve(c->arena, RESERVE_BYTES); i++)
            declare_class_statement(c, (type *)t, cls->body.at[i]);
        if (is_dataclass(c, cls))
            declare_dataclass_methods(c, (type *)t, cls, class_header(cls));
    } else if (t && t->kind == TYPE_INTERFACE) {
        for (size_t i = 0; i < cls->body.n; i++) {
            const ast_node *n = cls->body.at[i];
            if (n->kind == AST_def)
                declare_interface_method(c, (type *)t, (const ast_def *)n);
            else if (!is_statement_without_effect(n))
                diag_error(c->d, "bad-interface", n->at, "an interface holds methods only");
        }
    }
}

void declare_class(checker *c, const ast_class *cls)
{
    sval v = { .kind = SVAL_CLASS, .at = class_header(cls), .name = cls->id, .ast = &cls->node };
    if (is_unmarked_dataclass(c, cls)) { /* an error where it is used */
        bind_global(c, cls->id, v);
        return;
    }
    type *t = NULL;
    switch (kind_of_class(c, cls)) {
    case CLASS_SCRIPT:
        t = type_class_new(c->unit, qualify(c, cls->id), false);
        if (t)
            t->cls->ast = cls;
        break;
    case CLASS_ENUM: t = declare_enum(c, cls); break;
    case CLASS_INTERFACE: t = type_interface_new(c->unit, qualify(c, cls->id), false); break;
    case CLASS_NAMED_TUPLE: break; /* resolve_class() makes it */
    case CLASS_EXCEPTION:
        v.kind = SVAL_EXCEPTION;
        v.name = qualify(c, cls->id);
        break;
    case CLASS_MODULE:
        diag_error(c->d, "unsupported", v.at, "nn.Module subclasses are not supported yet");
        v.kind = SVAL_ERROR;
        break;
    case CLASS_BROKEN: v.kind = SVAL_ERROR; break;
    }
    v.type = t;
    bind_global(c, cls->id, v);
}

bool require_class(checker *c, const type *cls, range at)
{
    (void)at;
    if (cls->kind != TYPE_CLASS || cls->unit != c->unit || c->archive)
        return true;
    ir_function *init = type_find_method(cls, "__init__");
    if (!init || init->is_body_checked)
        return true;
    int levels = ((const ast_def *)init->ast)->node.depth;
    if (!has_room(c, levels)) {
        diag_error(c->d, "class-nesting", at, "too many classes depend on each other's __init__");
        return false;
    }
    build_schema(c, init);
    c->demand_levels += levels;
    check_function_body(c, init);
    c->demand_levels -= levels;
    return true;
}
