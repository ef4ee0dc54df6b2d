/* sema/raise.c: raise, assert, and `with`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <string.h>

/* ---- raise and assert ---- */

static texpr *string_const(fn_checker *f, const char *s, range at)
{
    str *bytes = str_new(s, strlen(s));
    if (!bytes) {
        f->tree->arena.failed = true;
        return error_expr(f, at);
    }
    return new_const(f, VALUE_HEAP_V(VALUE_STR, bytes), T_STR, at);
}

static texpr *to_message(fn_checker *f, texpr *e)
{
    if (type_is_error(e->type) || e->type == T_STR)
        return e;
    return call_op(f, "aten::str", e->at, 1, &e);
}

/* What the arguments of an exception make as its message: none, the one, or the tuple of them. */
static texpr *check_message(fn_checker *f, const ast_call *call)
{
    size_t n = call->args.n;
    if (n == 0)
        return string_const(f, "", call->node.at);
    for (size_t i = 0; i < n; i++) {
        const ast_node *a = call->args.at[i];
        if (a->kind == AST_keyword || a->kind == AST_star) {
            diag_error(f->c->d, "bad-raise", a->at,
                       "exceptions take plain positional arguments only");
            return error_expr(f, a->at);
        }
    }
    if (n == 1)
        return to_message(f, check_expr(f, call->args.at[0], NULL));
    texpr *tuple_expr = new_texpr(f, TX_TUPLE, T_ERROR, call->node.at, n);
    const type **types = ARENA_ARRAY(&f->tree->arena, const type *, n);
    for (size_t i = 0; types && i < n; i++) {
        tuple_expr->args[i] = check_expr(f, call->args.at[i], NULL);
        types[i] = tuple_expr->args[i]->type;
    }
    tuple_expr->type = made_type(f, types ? type_tuple(types, n) : NULL);
    return to_message(f, tuple_expr);
}

/* "builtins.ValueError"; a class of the program is named after its file's prefix. */
static const char *exception_name(fn_checker *f, const char *name)
{
    return strchr(name, '.') ? name : arena_printf(&f->tree->arena, "builtins.%s", name);
}

static void emit_raise(fn_checker *f, texpr *message, const char *class_name, range at)
{
    tstmt *s = emit_stmt(f, TS_RAISE, at);
    s->value = message;
    s->name = class_name;
    f->scope->exited = true;
}

void check_raise(fn_checker *f, const ast_raise *s)
{
    range at = s->node.at;
    if (!s->value) {
        diag_error(f->c->d, "bad-raise", at, "a bare 'raise' has nothing to raise again");
        f->scope->exited = true;
        return;
    }
    const ast_call *call = s->value->kind == AST_call ? AST_AS(call, s->value) : NULL;
    const ast_node *what = call ? call->callee : s->value;
    sval v = what->kind == AST_name || what->kind == AST_attribute ? check_sval(f, what, NULL)
                                                                   : (sval){ .kind = SVAL_VALUE };
    if (v.kind == SVAL_EXCEPTION) {
        texpr *message = call ? check_message(f, call) : string_const(f, "", at);
        emit_raise(f, message, call ? exception_name(f, v.name) : NULL, at);
        return;
    }
    if (v.kind != SVAL_ERROR)
        diag_error(f->c->d, "bad-raise", s->value->at,
                   "only exceptions can be raised: raise ValueError(…)");
    emit_raise(f, error_expr(f, at), NULL, at);
}

/* "AssertionError: " + str(message), which is what the reference raises. */
static texpr *assertion_message(fn_checker *f, const ast_assert *s)
{
    texpr *prefix = string_const(f, "AssertionError: ", s->node.at);
    if (!s->message)
        return prefix;
    texpr *message = to_message(f, check_expr(f, s->message, NULL));
    if (type_is_error(message->type))
        return message;
    if (message->kind == TX_CONST && message->value.tag == VALUE_STR && prefix->kind == TX_CONST)
        return string_const(
            f, arena_printf(&f->tree->arena, "AssertionError: %s", message->value.s->s),
            s->node.at);
    texpr *parts[] = { prefix, message };
    return call_op(f, "aten::add", s->node.at, 2, parts);
}

void check_assert(fn_checker *f, const ast_assert *s)
{
    condition k = check_condition(f, s->cond);
    if (k.truth == TRUTH_TRUE) {
        apply_facts(f, &k.when_true, s->cond->at);
        return;
    }
    if (k.truth == TRUTH_FALSE) {
        emit_raise(f, assertion_message(f, s), NULL, s->node.at);
        return;
    }
    tstmt *test = emit_stmt(f, TS_IF, s->node.at);
    test->value = k.expr;
    scope holding, failing;
    scope_push(f, &holding, &test->body);
    apply_facts(f, &k.when_true, s->cond->at);
    scope_pop(f);
    scope_push(f, &failing, &test->orelse);
    apply_facts(f, &k.when_false, s->cond->at);
    emit_raise(f, assertion_message(f, s), NULL, s->node.at);
    scope_pop(f);
    scope_join(f, &holding, &failing, s->node.at);
}

/* ---- with ---- */

/* torch.no_grad() and its like are classes of PyTorch's own Python. NULL: an ordinary expression.
 */
static texpr *check_prelude_object(fn_checker *f, const ast_node *n)
{
    if (n->kind != AST_call || AST_AS(call, n)->args.n)
        return NULL;
    const char *path = dotted_path(f->c, AST_AS(call, n)->callee, &f->tree->arena);
    const type *cls = path ? find_prelude_class(f->c, path) : NULL;
    if (!cls)
        return NULL;
    sval callee = {
        .kind = SVAL_CLASS, .at = n->at, .type = cls, .name = type_unqualified_name(cls)
    };
    call_args none = { 0 };
    return call_sval(f, callee, &none, NULL, n->at);
}

/* __exit__ must take the three things Python passes; they are always None here. */
static bool is_exit_schema(const schema *s)
{
    if (s->n_args != 4)
        return false;
    for (int i = 1; i < 4; i++)
        if (s->args[i].type->kind != TYPE_ANY)
            return false;
    return true;
}

static bool check_context_class(fn_checker *f, const type *t, twith_item *item, range at)
{
    diag *d = f->c->d;
    if (type_is_error(t))
        return false;
    if (t->kind != TYPE_CLASS) {
        diag_error(d, "bad-context", at,
                   "'with' needs an object with __enter__ and __exit__, not %s", type_text(f, t));
        return false;
    }
    item->enter = type_find_method(t, "__enter__");
    item->exit = type_find_method(t, "__exit__");
    if (!item->enter || !item->exit) {
        diag_error(d, "bad-context", at, "%s has no %s method, so it cannot be used by 'with'",
                   type_text(f, t), item->enter ? "__exit__" : "__enter__");
        return false;
    }
    if (!require_schema(f->c, item->enter, at) || !require_schema(f->c, item->exit, at))
        return false;
    if (item->enter->schema->n_args != 1) {
        diag_error(d, "bad-context", item->enter->at, "__enter__ must have no parameter but self");
        return false;
    }
    if (!is_exit_schema(item->exit->schema)) {
        diag_item *it = diag_error(d, "bad-context", item->exit->at,
                                   "__exit__ must have three parameters of type Any besides self");
        diag_note(d, it, at, "because of this 'with'");
        return false;
    }
    return true;
}

static void check_with_item(fn_checker *f, const ast_with_item *node, tstmt *with, size_t i)
{
    twith_item *item = &with->items[i];
    texpr *e = check_prelude_object(f, node->value);
    if (!e)
        e = check_expr(f, node->value, NULL);
    bool good = check_context_class(f, e->type, item, node->value->at);
    item->object = e->kind == TX_VAR && !e->var->name ? e : emit_temp(f, e);
    if (!node->target)
        return;
    texpr *entered = error_expr(f, node->target->at);
    if (good) {
        entered =
            new_texpr(f, TX_ENTERED, schema_result_type(item->enter->schema), node->target->at, 0);
        entered->loop = with;
        entered->index = (int64_t)i;
    }
    tstmt_list *out = f->scope->out;
    f->scope->out = &with->body;
    assign_target(f, node->target, entered);
    f->scope->out = out;
}

/* One statement per item, nested: a later item is evaluated when the earlier ones are entered. The
 * body is no block of its own: what it assigns is visible afterwards, and what it exits is exited.
 */
void check_with(fn_checker *f, const ast_with *s)
{
    tstmt_list *out = f->scope->out;
    for (size_t i = 0; i < s->items.n; i++) {
        tstmt *with = ARENA_NEW(&f->tree->arena, tstmt);
        with->kind = TS_WITH;
        with->at = s->node.at;
        with->items = ARENA_NEW(&f->tree->arena, twith_item);
        with->n_items = 1;
        check_with_item(f, AST_AS(with_item, s->items.at[i]), with, 0);
        if (!f->scope->jumped)
            VEC_PUSH(f->scope->out, &f->tree->arena, with);
        f->scope->out = &with->body;
    }
    check_block(f, &s->body);
    f->scope->out = out;
}
