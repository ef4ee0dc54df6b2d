/* sema/scope.c: names in a function: blocks, what a name stands for now, and what is left of two
 * branches.
 *
 * Every scope has a map of the names it assigned or refined; a second map leads from each name
 * straight to its innermost binding, and bindings of one name are linked outwards. So a lookup
 * costs the same however deep the blocks are (an elif chain nests its else blocks), and joining two
 * branches looks only at names that one of them touched. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <string.h>

/* ---- variables and statements ---- */

const char *type_text(fn_checker *f, const type *t) { return type_str(&f->tree->arena, t); }

tstmt *emit_stmt(fn_checker *f, tstmt_kind kind, range at)
{
    tstmt *s = ARENA_NEW(&f->tree->arena, tstmt);
    s->kind = (uint8_t)kind;
    s->at = at;
    if (!f->scope->jumped && !f->scope->exited)
        VEC_PUSH(f->scope->out, &f->tree->arena, s);
    return s;
}

tvar *new_tvar(fn_checker *f, const char *name, const type *t)
{
    tvar *v = ARENA_NEW(&f->tree->arena, tvar);
    v->name = name;
    v->type = t;
    v->id = (uint32_t)f->tree->vars.n;
    VEC_PUSH(&f->tree->vars, &f->tree->arena, v);
    return v;
}

texpr *read_var(fn_checker *f, tvar *v, range at)
{
    texpr *e = new_texpr(f, TX_VAR, v->type, at, 0);
    e->var = v;
    return e;
}

tstmt *emit_assign(fn_checker *f, tvar *v, texpr *value, range at)
{
    tstmt *s = emit_stmt(f, TS_ASSIGN, at);
    s->var = v;
    s->value = value;
    return s;
}

texpr *emit_temp(fn_checker *f, texpr *e)
{
    tvar *v = new_tvar(f, NULL, e->type);
    emit_assign(f, v, e, e->at);
    return read_var(f, v, e->at);
}

/* ---- scopes and bindings ---- */

void scope_push(fn_checker *f, scope *s, tstmt_list *out)
{
    scope *outer = f->scope;
    *s = (scope){ .outer = outer, .out = out };
    if (outer) {
        s->depth = outer->depth + 1;
        s->loop_depth = outer->loop_depth;
        s->own_depth = outer->own_depth;
        s->jumped = outer->jumped; /* nothing is emitted there, so nothing here */
    }
    strmap_init(&s->bindings, &f->tree->arena);
    f->scope = s;
}

void scope_push_own(fn_checker *f, scope *s, tstmt_list *out)
{
    scope_push(f, s, out);
    s->own_depth++;
}

void scope_pop(fn_checker *f)
{
    scope *s = f->scope;
    for (size_t i = 0; i < s->bindings.n && !arena_failed(&f->tree->arena); i++) {
        binding *b = s->bindings.entries[i].value;
        if (s->bindings.entries[i].key)
            strmap_set(&f->names, b->name, b->outer);
    }
    f->scope = s->outer;
}

binding *find_binding(const fn_checker *f, const char *name)
{
    return strmap_find(&f->names, name);
}

binding *own_binding(fn_checker *f, const char *name)
{
    binding *b = find_binding(f, name);
    if (b && b->depth == f->scope->depth)
        return b;
    binding *own = ARENA_NEW(&f->tree->arena, binding);
    *own = (binding){ .name = name,
                      .outer = b,
                      .depth = f->scope->depth,
                      .loop_depth = f->scope->loop_depth,
                      .own_depth = f->scope->own_depth };
    strmap_set(&f->scope->bindings, name, own);
    strmap_set(&f->names, name, own);
    return own;
}

binding *parent_binding(const fn_checker *f, const char *name)
{
    binding *b = find_binding(f, name);
    if (b && b->depth == f->scope->depth)
        b = b->outer;
    while (b && !binding_is_defined(b))
        b = b->outer;
    return b && b->own_depth == f->scope->own_depth ? b : NULL;
}

/* Where a name that is defined on some paths only is explained. Such names have no binding:
 * otherwise every join of a long elif chain would carry those of all the arms below it. */
static binding *lose(fn_checker *f, const char *name, const char *why, range at)
{
    binding *b = strmap_find(&f->lost, name);
    if (!b) {
        b = ARENA_NEW(&f->tree->arena, binding);
        strmap_set(&f->lost, name, b);
    }
    *b = (binding){ .name = name, .undefined_why = why, .undefined_at = at };
    return b;
}

void forget_loop_names(fn_checker *f, const scope *body, range at)
{
    for (size_t i = 0; i < body->bindings.n; i++) {
        const binding *b = body->bindings.entries[i].value;
        if (!body->bindings.entries[i].key || binding_is_defined(find_binding(f, b->name)))
            continue;
        lose(f, b->name, "is assigned only inside the loop, which may not run",
             binding_is_defined(b) ? b->at : at);
    }
}

void bind_var(binding *own, tvar *v, const type *declared, range at)
{
    *own = (binding){ .name = own->name,
                      .var = v,
                      .declared = declared,
                      .at = at,
                      .outer = own->outer,
                      .depth = own->depth,
                      .loop_depth = own->loop_depth,
                      .own_depth = own->own_depth };
}

/* ---- lookup ---- */

static void consider(const char *name, const char *candidate, const char **best, int *best_distance)
{
    if (!candidate || candidate[0] == '_' || strlen(candidate) < 2)
        return;
    size_t n = strlen(name), n_candidate = strlen(candidate);
    int limit = text_slip_limit(name);
    if (!limit || n > n_candidate + (size_t)limit || n_candidate > n + (size_t)limit)
        return;
    int distance = text_is_slip(name, candidate) ? text_distance(name, candidate, limit) : limit + 1;
    if (distance <= limit && distance < *best_distance) {
        *best_distance = distance;
        *best = candidate;
    }
}

const char *suggest_name(const checker *c, const fn_checker *f, const char *name)
{
    const char *best = NULL;
    int distance = SUGGEST_DISTANCE + 1;
    if (c->d->n_errors > SUGGEST_ERRORS_MAX)
        return NULL;
    for (size_t i = 0; f && i < f->names.n; i++)
        if (f->names.entries[i].key && binding_is_defined(f->names.entries[i].value))
            consider(name, f->names.entries[i].key, &best, &distance);
    for (size_t i = 0; i < c->globals.n; i++)
        consider(name, c->globals.entries[i].key, &best, &distance);
    for (size_t i = 0; prebound_name(i); i++)
        consider(name, prebound_name(i), &best, &distance);
    return best;
}

static sval error_sval(range at) { return (sval){ .kind = SVAL_ERROR, .at = at }; }

/* The name is bound, but not on every path that leads here. */
static sval report_undefined(fn_checker *f, const binding *b, range at)
{
    diag *d = f->c->d;
    if (b->mismatch_a) {
        diag_item *it = diag_error(
            d, "type-mismatch", at, "'%s' is %s in the true branch and %s in the false branch",
            b->name, type_text(f, b->mismatch_a), type_text(f, b->mismatch_b));
        diag_note(d, it, b->undefined_at, "the branches part here");
        return error_sval(at);
    }
    diag_item *it = diag_error(d, "undefined-name", at, "'%s' %s", b->name, b->undefined_why);
    if (b->undefined_at.src)
        diag_note(d, it, b->undefined_at, b->is_deleted ? "deleted here" : "assigned here");
    return error_sval(at);
}

/* The one variable of a module that functions can read: PyTorch knows this float by its identity. */
static bool is_imported_inf(const module_variable *v)
{
    return v->path && !strcmp(v->member, "inf") && (!strcmp(v->path, "math") || !strcmp(v->path, "torch"));
}

/* Python's builtins that the language lacks, and what to write instead, or NULL. */
static const struct {
    const char *name, *instead;
} python_builtins[] = {
    { "ascii", NULL },
    { "bytearray", NULL },
    { "bytes", NULL },
    { "callable", NULL },
    { "dir", NULL },
    { "eval", NULL },
    { "exec", NULL },
    { "filter", "write a loop that appends what passes" },
    { "format", "write '{}'.format(x)" },
    { "frozenset", "the keys of a Dict[T, bool] are a set" },
    { "globals", NULL },
    { "input", "pass it as an argument" },
    { "issubclass", NULL },
    { "iter", "write a for loop" },
    { "locals", NULL },
    { "map", "write a comprehension: [f(x) for x in xs]" },
    { "next", "write a for loop" },
    { "object", NULL },
    { "open", "read it outside and pass what it holds" },
    { "repr", "str(x) makes a text of it" },
    { "reversed", "a slice turns it round: xs[::-1]" },
    { "set", "the keys of a Dict[T, bool] are a set" },
    { "setattr", "assign to the attribute: x.name = value" },
    { "super", NULL },
    { "type", "ask with isinstance(x, T)" },
    { "vars", NULL },
};

static bool report_python_builtin(const checker *c, const char *name, range at)
{
    for (size_t i = 0; i < sizeof python_builtins / sizeof *python_builtins; i++) {
        if (strcmp(python_builtins[i].name, name) != 0)
            continue;
        diag_item *it = diag_error(c->d, "foreign-name", at, "'%s' is a builtin of Python that compiled functions lack",
                                   name);
        if (python_builtins[i].instead)
            diag_note(c->d, it, at, "%s", python_builtins[i].instead);
        return true;
    }
    return false;
}

static sval report_unknown(fn_checker *f, const char *name, range at)
{
    checker *c = f->c;
    module_variable *variable = strmap_find(&c->module_variables, name);
    texpr *value;
    if (c->has_lost_names)
        return error_sval(at);
    bool is_readable = !f->fn || (variable && is_imported_inf(variable));
    if (variable && is_readable && module_variable_value(f, variable, &value, at))
        return type_is_error(value->type) ? error_sval(at) : (sval){ .kind = SVAL_VALUE, .at = at, .expr = value };
    if (variable) {
        diag_item *it = diag_error(
            c->d, "module-variable", at,
            "'%s' is a variable of the module, which functions cannot read: pass it as an argument, or make it "
            "the default of one",
            name);
        diag_note(c->d, it, variable->at, "it is assigned here");
        if (variable->path)
            diag_note(c->d, it, at, "write %s.%s", variable->path, variable->member);
        return error_sval(at);
    }
    if (python_explains(c, name, at))
        return error_sval(at);
    const foreign_name *foreign = strmap_find(&c->foreign, name);
    if (foreign) {
        diag_item *it = diag_error(c->d, "foreign-name", at, "'%s' belongs to Python (%s): compiled functions "
                                   "cannot use it", name, foreign->module);
        diag_note(c->d, it, foreign->at, "it is imported here");
        return error_sval(at);
    }
    if (report_python_builtin(c, name, at))
        return error_sval(at);
    diag_item *it = diag_error(c->d, "undefined-name", at, "undefined name '%s'", name);
    const char *meant = suggest_name(c, f, name);
    if (meant)
        diag_note(c->d, it, at, "did you mean '%s'?", meant);
    return error_sval(at);
}

sval lookup_name(fn_checker *f, const char *name, range at)
{
    const binding *b = find_binding(f, name);
    if (b && b->var) {
        if (type_is_error(b->var->type))
            return error_sval(at);
        return (sval){
            .kind = SVAL_VALUE, .at = at, .expr = read_var(f, b->var, at), .type = b->var->type
        };
    }
    if (b && b->other) {
        sval v = *b->other;
        v.at = at;
        return v;
    }
    const binding *lost = b ? b : strmap_find(&f->lost, name);
    if (lost)
        return report_undefined(f, lost, at);
    python_use(f->c, name);
    sval special;
    if (f->c->archive && archive_name(f, name, at, &special))
        return special;
    sval *own = strmap_find(&f->c->globals, name);
    const sval *g = own ? own : find_prebound(name);
    if (!g || (f->c->archive && g->kind == SVAL_MODULE))
        return report_unknown(f, name, at);
    if (own && own->kind == SVAL_CLASS) {
        const type *t = resolve_class(f->c, own);
        if (!t || t == T_ERROR) // told where it stands
            return error_sval(at);
    }
    sval v = *g;
    v.at = at;
    return v;
}

/* ---- joins ---- */

void forget_refinements(fn_checker *f, const char *name, const tvar *assigned)
{
    for (binding *b = find_binding(f, name); b; b = b->outer)
        if (b->var == assigned)
            b->refines = NULL;
}

/* Append `to = what b holds` to a branch that was popped. */
static void copy_at_end(fn_checker *f, scope *branch, const binding *b, tvar *to, range at)
{
    if (b->var == to || b->refines == to)
        return;
    forget_refinements(f, b->name, to);
    scope *current = f->scope;
    f->scope = branch;
    emit_assign(f, to, read_var(f, b->var, at), at);
    f->scope = current;
}

/* The other branch exits: what this one did is what holds from here on. */
static void adopt(fn_checker *f, const scope *branch)
{
    for (size_t i = 0; i < branch->bindings.n; i++) {
        const binding *b = branch->bindings.entries[i].value;
        if (!branch->bindings.entries[i].key)
            continue;
        binding *own = own_binding(f, b->name);
        binding kept = *own;
        *own = *b;
        own->outer = kept.outer;
        own->depth = kept.depth;
        own->loop_depth = kept.loop_depth;
        own->own_depth = kept.own_depth;
    }
}

static const type *unify_branches(const type *a, const type *b, const binding *outer)
{
    if (type_is_error(a) || type_is_error(b))
        return T_ERROR;
    if (a == b)
        return a;
    type_kind k = outer && outer->var ? (type_kind)outer->var->type->kind : TYPE_ERROR;
    bool to_union = k == TYPE_OPTIONAL || k == TYPE_UNION || k == TYPE_NUMBER;
    return to_union ? type_unify_or_union(a, b) : type_unify(a, b);
}

/* Both branches leave a variable: one storage for it from here on. */
static void join_vars(fn_checker *f, const char *name, scope *sa, const binding *a, scope *sb,
                      const binding *b, range at)
{
    binding *outer = find_binding(f, name);
    const type *t = unify_branches(a->var->type, b->var->type, outer);
    if (!t) {
        if (binding_is_defined(outer)) {
            diag_item *it =
                diag_error(f->c->d, "type-mismatch", at,
                           "'%s' is %s in the true branch and %s in the false branch", name,
                           type_text(f, a->var->type), type_text(f, b->var->type));
            diag_note(f->c->d, it, a->at, "assigned here");
            t = T_ERROR;
        } else {
            binding *lost = lose(f, name, NULL, at);
            lost->mismatch_a = a->var->type;
            lost->mismatch_b = b->var->type;
            return;
        }
    }
    const type *declared = outer ? outer->declared : NULL;
    bool reuse =
        outer && outer->var && outer->own_depth == f->scope->own_depth && outer->var->type == t;
    tvar *to = reuse ? outer->var : new_tvar(f, name, t);
    copy_at_end(f, sa, a, to, at);
    copy_at_end(f, sb, b, to, at);
    binding *own = own_binding(f, name);
    tvar *refines = own->var == to ? own->refines : NULL;
    bind_var(own, to, declared, a->at);
    own->refines = refines;
}

static void join_name(fn_checker *f, const char *name, scope *sa, const binding *a, scope *sb,
                      const binding *b, range at)
{
    const binding *outer = find_binding(f, name);
    a = a ? a : outer;
    b = b ? b : outer;
    bool in_a = binding_is_defined(a), in_b = binding_is_defined(b);
    if (!in_a && !in_b)
        return; /* known as lost already */
    if (!in_a || !in_b) {
        lose(f, name,
             in_a ? "is not defined in the false branch" : "is not defined in the true branch",
             in_a ? a->at : b->at);
    } else if (!a->var || !b->var) {
        if (a->other != b->other)
            lose(f, name, "stands for something that is no value in a branch", a->at);
    } else {
        join_vars(f, name, sa, a, sb, b, at);
    }
}

void scope_join(fn_checker *f, scope *then_scope, scope *else_scope, range at)
{
    if (!reserve_for(f, (range){ 0 })) /* bindings may lie in no memory */
        return;
    bool then_gone = then_scope->exited || then_scope->jumped;
    bool else_gone = else_scope->exited || else_scope->jumped;
    if (then_scope->exited && else_scope->exited) {
        f->scope->exited = true;
        return;
    }
    if (then_scope->exited || else_scope->exited) {
        adopt(f, then_scope->exited ? else_scope : then_scope);
        f->scope->jumped |= then_gone && else_gone;
        return;
    }
    for (size_t i = 0; i < then_scope->bindings.n; i++) {
        const binding *a = then_scope->bindings.entries[i].value;
        if (then_scope->bindings.entries[i].key)
            join_name(f, a->name, then_scope, a, else_scope,
                      strmap_find(&else_scope->bindings, a->name), at);
    }
    for (size_t i = 0; i < else_scope->bindings.n; i++) {
        const binding *b = else_scope->bindings.entries[i].value;
        if (else_scope->bindings.entries[i].key && !strmap_has(&then_scope->bindings, b->name))
            join_name(f, b->name, then_scope, NULL, else_scope, b, at);
    }
    f->scope->jumped |= then_gone && else_gone;
}
