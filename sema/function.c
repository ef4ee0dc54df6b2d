/* sema/function.c: functions: their schemas, their bodies, constants in their signatures.
 *
 * A function with a return annotation has its schema before any body is checked, so calls of it
 * cost nothing. One without is checked when its return type is first needed. Recursion through
 * annotated functions is found afterwards, on the graph of calls: following calls while checking
 * would need a stack as deep as the program's longest chain of calls. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/warn.h"

#include <stdio.h>
#include <string.h>

/* ---- declaration ---- */

static bool is_word_byte(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

range def_header(const ast_def *def)
{
    range at = def->node.at;
    if (!at.src)
        return at;
    const char *s = at.src->text;
    if (at.begin + 6 < at.end && !strncmp(s + at.begin, "class ", 6))
        return at; /* written for a dataclass */
    if (def->decorators.n)
        at.begin = def->decorators.at[def->decorators.n - 1]->at.end;
    while (at.begin + 3 < at.end
           && (strncmp(s + at.begin, "def", 3) || (at.begin && is_word_byte(s[at.begin - 1]))
               || is_word_byte(s[at.begin + 3])))
        at.begin++;
    uint32_t end = at.begin;
    while (end < at.end && s[end] != '\n')
        end++;
    at.end = end;
    return at;
}

ir_function *declare_function(checker *c, const ast_def *def, const char *name, const type *owner)
{
    ir_function *fn = ir_function_new(c->unit, name, owner, def_header(def));
    fn->ast = def;
    VEC_PUSH(&c->keep->functions, c->arena, fn);
    return fn;
}

/* ---- schemas ---- */

static const ast_type_comment *signature_comment(const ast_def *def)
{
    return def->type_comment ? AST_AS(type_comment, def->type_comment) : NULL;
}

/* The annotation of parameter i: its own, or its place in a `# type: (…)` comment, which may leave
 * out self. */
static const ast_node *param_annotation(checker *c, const ast_def *def, size_t i, bool has_self)
{
    const ast_param *p = AST_AS(param, def->params.at[i]);
    const ast_type_comment *comment = signature_comment(def);
    if (!comment || (comment->params.n == 1 && comment->params.at[0]->kind == AST_ellipsis))
        return p->annotation;
    size_t skipped = has_self && comment->params.n + 1 == def->params.n ? 1 : 0;
    if (comment->params.n + skipped != def->params.n) {
        if (i == 0)
            diag_error(c->d, "type-comment", comment->node.at,
                       "the type comment has %zu types for %zu parameters", comment->params.n,
                       def->params.n - (has_self ? 1 : 0));
        return p->annotation;
    }
    return i < skipped ? NULL : comment->params.at[i - skipped];
}

/* int[2]: one number stands for all. */
static jit_value repeat_scalar(jit_value v, int sized, const type *t)
{
    const type *elem = t->kind == TYPE_LIST ? type_elem(t) : NULL;
    if (!sized || !elem || (v.tag != VALUE_INT && v.tag != VALUE_FLOAT))
        return v;
    list *l = list_new(elem, type_list_storage(elem), (size_t)sized);
    for (int i = 0; l && i < sized; i++)
        list_push(l, v);
    return l ? VALUE_HEAP_V(VALUE_LIST, l) : v;
}

static void build_default(checker *c, const ast_param *p, schema_arg *a)
{
    const ast_node *n = p->default_value;
    diag *d = c->d;
    bool is_mutable = n->kind == AST_list || n->kind == AST_dict || n->kind == AST_list_comp
                      || n->kind == AST_dict_comp;
    if (is_mutable && !c->archive) { /* PyTorch prints BroadcastingList2[int]=1 as List[int]=[1, 1] */
        diag_item *it =
            diag_error(d, "mutable-default", n->at,
                       "the default of '%s' is mutable and would be shared by all calls", p->id);
        diag_note(d, it, n->at, "use None and make the value in the function");
        return;
    }
    const type *want = a->type;
    const type *scalar =
        a->sized && want->kind == TYPE_LIST && (n->kind == AST_int || n->kind == AST_float)
            ? type_elem(want)
            : want;
    char what[128];
    snprintf(what, sizeof what, "the default of '%.80s'", p->id);
    if (!eval_constant(c, n, scalar, what, &a->default_value, NULL))
        return;
    a->default_value = repeat_scalar(a->default_value, a->sized, want);
    a->has_default = true;
}

/* @torch.jit.unused: only the name and the result of the function count; its parameters take anything. */
static bool is_unused(const checker *c, const ast_def *def)
{
    return has_decorator(c, &def->decorators, "torch.jit.unused");
}

/* *args and **kwargs of an unused function: no call passes them anything. */
static bool is_left_out(const checker *c, const ast_def *def, size_t i)
{
    int kind = (int)AST_AS(param, def->params.at[i])->kind;
    return (kind == AST_PARAM_VARARGS || kind == AST_PARAM_KWARGS) && is_unused(c, def);
}

static void build_param(checker *c, const ir_function *fn, const ast_def *def, size_t i,
                        schema_arg *a)
{
    const ast_param *p = AST_AS(param, def->params.at[i]);
    bool has_self = fn->owner && !fn->is_static;
    const ast_node *annotation = param_annotation(c, def, i, has_self);
    *a = (schema_arg){ .name = arena_strdup(c->arena, p->id), .at = p->node.at };
    a->keyword_only = p->kind == AST_PARAM_KEYWORD_ONLY;
    int sized = 0;
    if (has_self && i == 0) {
        a->type = fn->owner;
        return;
    }
    bool is_any = is_unused(c, def);
    a->type = is_any ? T_ANY : annotation ? check_annotation(c, annotation, &sized) : T_TENSOR;
    a->sized = sized;
    a->is_inferred = !annotation && !is_any;
    if (p->default_value)
        build_default(c, p, a);
}

static bool check_param_kinds(checker *c, const ast_def *def)
{
    bool good = true, seen_default = false;
    for (size_t i = 0; i < def->params.n; i++) {
        const ast_param *p = AST_AS(param, def->params.at[i]);
        const char *wrong = NULL;
        if (p->kind == AST_PARAM_VARARGS || p->kind == AST_PARAM_KWARGS)
            wrong = "a variable number of parameters is not supported";
        else if (p->kind == AST_PARAM_KEYWORD_ONLY && p->default_value)
            wrong = "keyword-only parameters cannot have defaults";
        else if (p->kind == AST_PARAM_NORMAL && seen_default && !p->default_value)
            wrong = "a parameter without default follows one with a default";
        seen_default |= p->default_value != NULL;
        if (wrong) {
            diag_error(c->d, "bad-parameter", p->node.at, "%s", wrong);
            good = false;
        }
    }
    return good;
}

/* What the signature says the function returns; NULL: nothing, the body tells. */
static const type *annotated_return(checker *c, const ir_function *fn, const ast_def *def)
{
    const ast_type_comment *comment = signature_comment(def);
    const ast_node *n = def->returns ? def->returns : comment ? comment->returns : NULL;
    bool is_init = fn->owner && !strcmp(fn->name, "__init__");
    if (!n)
        return is_init ? T_NONE : NULL;
    if (n->kind == AST_tuple && AST_AS(tuple, n)->items.n) {
        diag_error(c->d, "bad-annotation", n->at,
                   "write Tuple[…] for a function that returns several values");
        return T_ERROR;
    }
    const type *t = check_annotation(c, n, NULL);
    if (is_init && t->kind != TYPE_NONE && !type_is_error(t)) {
        diag_error(c->d, "type-mismatch", n->at, "__init__ returns nothing");
        return T_NONE;
    }
    return t;
}

bool has_open_params(const checker *c, const ir_function *fn)
{
    const ast_def *def = fn->ast;
    for (size_t i = 0; def && i < def->params.n; i++) {
        int kind = (int)AST_AS(param, def->params.at[i])->kind;
        if ((kind == AST_PARAM_VARARGS || kind == AST_PARAM_KWARGS) && !is_unused(c, def))
            return true;
    }
    return false;
}

void build_schema(checker *c, ir_function *fn)
{
    const ast_def *def = fn->ast;
    if (fn->schema
        || !arena_reserve(c->arena, RESERVE_BYTES + def->params.n * 4 * sizeof(schema_arg)))
        return;
    size_t n = def->params.n;
    schema *s = ARENA_NEW(c->arena, schema);
    schema_arg *args = ARENA_ARRAY(c->arena, schema_arg, n + 1);
    schema_arg *ret = ARENA_NEW(c->arena, schema_arg);
    if (!args || n > UINT16_MAX)
        return;
    int errors = c->d->n_errors;
    if (fn->owner && !fn->is_static && n == 0)
        diag_error(c->d, "bad-parameter", fn->at, "a method needs the parameter 'self'");
    if (!is_unused(c, def))
        check_param_kinds(c, def);
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_left_out(c, def, i))
            build_param(c, fn, def, i, &args[used++]);
    const type *returns = annotated_return(c, fn, def);
    *ret = (schema_arg){ .type = returns ? returns : T_ERROR };
    *s = (schema){ .name = fn->name,
                   .overload = "",
                   .n_args = (uint16_t)used,
                   .n_rets = 1,
                   .args = args,
                   .rets = ret };
    fn->schema = s;
    if (c->d->n_errors != errors)
        fn->state = FUNCTION_FAILED;
    if (returns && fn->state == FUNCTION_DECLARED)
        fn->state = FUNCTION_CHECKED;
}

/* ---- bodies ---- */

static bool is_return_annotated(const ir_function *fn)
{
    const ast_def *def = fn->ast;
    const ast_type_comment *comment = signature_comment(def);
    return def->returns || (comment && comment->returns)
           || (fn->owner && !strcmp(fn->name, "__init__"));
}

static void bind_params(fn_checker *f)
{
    const schema *s = f->fn->schema;
    for (size_t i = 0; i < s->n_args; i++) {
        tvar *v = new_tvar(f, s->args[i].name, s->args[i].type);
        v->is_param = true;
        VEC_PUSH(&f->tree->params, &f->tree->arena, v);
        binding *b = own_binding(f, v->name);
        b->var = v;
        b->at = s->args[i].at;
    }
}

static void finish_body(fn_checker *f)
{
    range at = f->fn->at;
    if (!f->scope->exited) {
        if (f->return_type && f->return_type->kind != TYPE_NONE && !type_is_error(f->return_type)) {
            diag_item *it =
                diag_error(f->c->d, "missing-return", at,
                           "%s is declared to return %s but does not return on every path",
                           f->fn->name, type_text(f, f->return_type));
            if (type_is_optional_like(f->return_type))
                diag_note(f->c->d, it, at, "write `return None` where that is meant");
            return;
        }
        check_return(f, NULL, at);
    }
    if (!f->return_type)
        ((schema_arg *)f->fn->schema->rets)->type = f->returned ? f->returned : T_NONE;
}

/* What the first parameter of a class method stands for. */
static sval class_sval(const type *owner, range at)
{
    return (sval){ .kind = SVAL_CLASS, .at = at, .type = owner, .name = type_unqualified_name(owner) };
}

/* @unused and @ignore keep their signature; calling them fails. */
static bool check_excluded(fn_checker *f)
{
    const ast_def *def = f->def;
    const char *why = has_decorator(f->c, &def->decorators, "torch.jit.unused")
                          ? "Cannot call @unused methods"
                      : has_decorator(f->c, &def->decorators, "torch.jit.ignore")
                          ? "Cannot call @ignore methods: there is no Python here"
                          : NULL;
    if (!why)
        return false;
    tstmt *s = emit_stmt(f, TS_RAISE, f->fn->at);
    str *message = str_new(why, strlen(why));
    s->value = message ? new_const(f, VALUE_HEAP_V(VALUE_STR, message), T_STR, f->fn->at)
                       : error_expr(f, f->fn->at);
    s->name = "builtins.RuntimeError";
    f->scope->exited = true;
    return true;
}

/* An empty tree for fn; NULL: no memory. */
static ttree *take_tree(checker *c, ir_function *fn)
{
    checker *root = root_of(c);
    ttree *t = root->spare_trees;
    if (t)
        root->spare_trees = t->next_spare;
    else if ((t = mem_calloc(1, sizeof *t)))
        arena_init(&t->arena);
    if (t && c->goal == SEMA_TREES && !VEC_PUSH(&c->keep->trees, NULL, t)) {
        ttree_free(t);
        t = NULL;
    }
    if (!t)
        return NULL;
    t->next_spare = NULL;
    t->fn = fn;
    fn->tree = t;
    return t;
}

/* The body of fn is checked: make what is wanted of it; its tree goes unless it is what is wanted. */
static void use_tree(checker *c, ir_function *fn, ttree *t)
{
    if (c->goal == SEMA_TREES)
        return;
    if (c->goal == SEMA_GRAPHS && fn->state == FUNCTION_CHECKED && !c->d->n_errors)
        sema_lower_function(fn, c->d);
    fn->tree = NULL;
    ttree_reset(t);
    checker *root = root_of(c);
    t->next_spare = root->spare_trees;
    root->spare_trees = t;
}

bool is_unparsed(const checker *c, const ir_function *fn)
{
    const range at = ((const ast_def *)fn->ast)->node.at;
    for (const diag_item *it = c->d->is_syntax ? c->d->first : NULL; it; it = it->next)
        if (it->at.src == at.src && it->at.begin >= at.begin && it->at.end <= at.end
            && !strcmp(it->code, "unsupported-syntax"))
            return true;
    return false;
}

static void give_up(ir_function *fn)
{
    fn->is_body_checked = true;
    fn->state = FUNCTION_FAILED;
    if (!is_return_annotated(fn))
        ((schema_arg *)fn->schema->rets)->type = T_ERROR;
}

void check_function_body(checker *c, ir_function *fn)
{
    if (fn->is_body_checked || !fn->ast || !fn->schema)
        return;
    if (is_unparsed(c, fn)) {
        give_up(fn);
        return;
    }
    ttree *t = take_tree(c, fn);
    if (!t) {
        c->arena->failed = true;
        return;
    }
    fn->is_body_checked = true;
    bool annotated = is_return_annotated(fn);
    int errors = c->d->n_errors;
    bool failed = fn->state == FUNCTION_FAILED;
    if (!annotated)
        fn->state = FUNCTION_CHECKING;
    fn_checker f = { .c = c, .tree = t, .fn = fn, .def = fn->ast, .self_type = fn->owner };
    f.return_type = annotated ? fn->schema->rets[0].type : NULL;
    f.in_init = fn->owner && !c->archive && !strcmp(fn->name, "__init__");
    strmap_init(&f.names, &t->arena);
    strmap_init(&f.lost, &t->arena);
    fn_checker *current = c->current;
    c->current = &f;
    scope s;
    scope_push(&f, &s, &t->body);
    if (reserve_for(&f, fn->at)) {
        bind_params(&f);
        if (has_decorator(c, &f.def->decorators, "classmethod") && fn->schema->n_args)
            assign_sval(&f, fn->schema->args[0].name, class_sval(fn->owner, fn->at), fn->at);
        if (!check_excluded(&f))
            check_block(&f, &f.def->body);
    }
    if (reserve_for(&f, (range){ 0 }))
        finish_body(&f);
    scope_pop(&f);
    c->current = current;
    if (arena_failed(&t->arena))
        c->arena->failed = true;
    fn->state =
        failed || c->d->n_errors != errors || c->arena->failed ? FUNCTION_FAILED : FUNCTION_CHECKED;
    if (c->options->warnings && fn->state == FUNCTION_CHECKED)
        warn_function(c, fn, t);
    use_tree(c, fn, t);
}

bool require_schema(checker *c, ir_function *fn, range at)
{
    if (fn->unit != c->unit || !fn->ast)
        return fn->schema != NULL;
    build_schema(c, fn);
    if (!fn->schema)
        return false;
    call_edge edge = { c->current ? c->current->fn : NULL, fn, at };
    if (fn->state == FUNCTION_CHECKING) {
        diag_error(c->d, "recursion", at,
                   "function '%s' is called recursively. Recursive calls are not supported",
                   fn->name);
        return false;
    }
    if (edge.caller)
        VEC_PUSH(&c->calls, c->arena, edge);
    if (fn->is_body_checked || is_return_annotated(fn))
        return true;
    int levels = ((const ast_def *)fn->ast)->node.depth;
    if (!has_room(c, levels)) {
        diag_error(c->d, "annotation-needed", at,
                   "annotate what '%s' returns: too many functions depend on each other's bodies",
                   fn->name);
        return false;
    }
    c->demand_levels += levels;
    check_function_body(c, fn);
    c->demand_levels -= levels;
    return true;
}
