/* sema/stmt.c: statements in a row, `if` with its arms, `return`.
 *
 * An elif chain is a nest of else blocks; it is checked with an explicit stack of them, so its
 * length costs no recursion. Only return and raise end a block for the checker: after break and
 * continue the language goes on checking, and variables count as assigned on that way too. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

/* ---- return ---- */

static texpr *convert_return(fn_checker *f, texpr *e, range at)
{
    const type *want = f->return_type;
    if (type_is_error(e->type) || type_is_error(want))
        return e;
    texpr *fit = try_convert(f, e, want, true);
    if (fit && type_is_subtype(fit->type, want))
        return fit;
    diag_item *it =
        diag_error(f->c->d, "type-mismatch", at, "%s is declared to return %s but returns %s here",
                   f->fn->name, type_text(f, want), type_text(f, e->type));
    if (type_is_optional_like(e->type) && !type_is_optional_like(want))
        diag_note(f->c->d, it, at, "test it against None first");
    if (f->def && f->def->returns)
        diag_note(f->c->d, it, f->def->returns->at, "declared here");
    return error_expr(f, at);
}

static void unify_return(fn_checker *f, const texpr *e, range at)
{
    if (!f->returned || type_is_error(e->type)) {
        f->returned = e->type;
        f->first_return = at;
        return;
    }
    if (type_is_error(f->returned))
        return;
    const type *t = type_unify(f->returned, e->type);
    if (t) {
        f->returned = t;
        return;
    }
    diag_item *it = diag_error(f->c->d, "type-mismatch", at, "%s returned %s before, but %s here",
                               f->fn->name, type_text(f, f->returned), type_text(f, e->type));
    diag_note(f->c->d, it, f->first_return, "the earlier return");
    f->returned = T_ERROR;
}

void check_return(fn_checker *f, const ast_node *value, range at)
{
    texpr *e =
        value ? check_expr(f, value, f->return_type) : new_const(f, VALUE_NONE_V, T_NONE, at);
    if (f->return_type)
        e = convert_return(f, e, value ? value->at : at);
    else
        unify_return(f, e, value ? value->at : at);
    emit_stmt(f, TS_RETURN, at)->value = e;
    f->scope->exited = true;
}

/* ---- if ---- */

/* An arm whose condition is decided at run time: the scopes of its two branches. */
typedef struct open_arm {
    scope then_scope, else_scope;
    range at;
} open_arm;

/* A condition that types decide still runs if it does something. */
static void emit_decided(fn_checker *f, const condition *k)
{
    if (k->expr->kind != TX_CONST && k->expr->kind != TX_VAR && k->expr->kind != TX_ERROR)
        emit_stmt(f, TS_EXPR, k->expr->at)->value = k->expr;
}

/* Emit the `if` of an arm, check its body, and leave the else block open. Its range begins at `if` or `elif` and holds
 * all that follows, as in PyTorch. */
static void open_dynamic_arm(fn_checker *f, open_arm *o, const ast_if *whole, const ast_if_arm *arm, const condition *k)
{
    bool is_first = &arm->node == whole->arms.at[0];
    o->at = arm->node.at;
    tstmt *s = emit_stmt(f, TS_IF, is_first ? whole->node.at : (range){ o->at.src, o->at.begin, whole->node.at.end });
    s->value = k->expr;
    scope_push(f, &o->then_scope, &s->body);
    apply_facts(f, &k->when_true, arm->cond->at);
    check_block(f, &arm->body);
    scope_pop(f);
    scope_push(f, &o->else_scope, &s->orelse);
    apply_facts(f, &k->when_false, arm->cond->at);
}

void check_if(fn_checker *f, const ast_if *s)
{
    VEC(open_arm *) open = { 0 }; /* scopes are linked, so they must not move */
    arena *a = &f->tree->arena;
    bool taken = false;
    for (size_t i = 0; i < s->arms.n && !taken; i++) {
        const ast_if_arm *arm = AST_AS(if_arm, s->arms.at[i]);
        if (!reserve_for(f, arm->cond->at))
            break;
        condition k = check_condition(f, arm->cond);
        if (k.truth == TRUTH_DYNAMIC) {
            open_arm *o = ARENA_NEW(a, open_arm);
            VEC_PUSH(&open, a, o);
            open_dynamic_arm(f, o, s, arm, &k);
            continue;
        }
        emit_decided(f, &k);
        apply_facts(f, k.truth == TRUTH_TRUE ? &k.when_true : &k.when_false, arm->cond->at);
        if (k.truth == TRUTH_TRUE) {
            check_block(f, &arm->body);
            taken = true;
        }
    }
    if (!taken)
        check_block(f, &s->orelse);
    for (size_t i = open.n; i-- > 0;) {
        scope_pop(f);
        scope_join(f, &open.at[i]->then_scope, &open.at[i]->else_scope, open.at[i]->at);
    }
}

/* ---- statements ---- */

static void check_expr_stmt(fn_checker *f, const ast_expr_stmt *s)
{
    if (s->value->kind == AST_string)
        return; /* docstrings; `...` as an empty body */
    sval v = check_sval(f, s->value, NULL);
    if (v.kind == SVAL_VALUE && v.expr)
        emit_stmt(f, TS_EXPR, s->node.at)->value = v.expr;
}

/* A nested function: only torch.jit.fork() can use it, and it passes no arguments. */
static void check_nested_def(fn_checker *f, const ast_def *def)
{
    if (def->params.n) {
        diag_item *it = diag_error(f->c->d, "unsupported", def_header(def),
                                   "functions inside functions are not supported");
        diag_note(f->c->d, it, def_header(def),
                  "only torch.jit.fork() takes one, without parameters");
        assign_name(f, def->id, error_expr(f, def->node.at), NULL, def->node.at);
        return;
    }
    sval v = { .kind = SVAL_CLOSURE, .at = def->node.at, .name = def->id, .ast = &def->node };
    assign_sval(f, def->id, v, def_header(def));
}

const type *check_closure(fn_checker *f, const ast_def *def, tstmt_list *body)
{
    const type *return_type = f->return_type, *returned = f->returned;
    range first_return = f->first_return;
    int loop_depth = f->loop_depth;
    bool in_unrolled = f->in_unrolled;
    f->return_type = def->returns ? check_annotation(f->c, def->returns, NULL) : NULL;
    f->returned = NULL;
    f->loop_depth = 0;
    f->in_unrolled = false;
    scope s;
    scope_push_own(f, &s, body);
    check_block(f, &def->body);
    if (!s.exited)
        check_return(f, NULL, def_header(def));
    scope_pop(f);
    const type *t = f->return_type ? f->return_type : f->returned ? f->returned : T_NONE;
    f->return_type = return_type;
    f->returned = returned;
    f->first_return = first_return;
    f->loop_depth = loop_depth;
    f->in_unrolled = in_unrolled;
    return t;
}

static void check_stmt(fn_checker *f, const ast_node *n)
{
    switch ((int)n->kind) {
    case AST_expr_stmt: check_expr_stmt(f, AST_AS(expr_stmt, n)); break;
    case AST_assign: check_assign(f, AST_AS(assign, n)); break;
    case AST_ann_assign: check_ann_assign(f, AST_AS(ann_assign, n)); break;
    case AST_aug_assign: check_aug_assign(f, AST_AS(aug_assign, n)); break;
    case AST_if: check_if(f, AST_AS(if, n)); break;
    case AST_while: check_while(f, AST_AS(while, n)); break;
    case AST_for: check_for(f, AST_AS(for, n));
        break;
    case AST_with: check_with(f, AST_AS(with, n)); break;
    case AST_return: check_return(f, AST_AS(return, n)->value, n->at); break;
    case AST_raise: check_raise(f, AST_AS(raise, n)); break;
    case AST_assert: check_assert(f, AST_AS(assert, n)); break;
    case AST_break: check_jump(f, TS_BREAK, n->at); break;
    case AST_continue: check_jump(f, TS_CONTINUE, n->at); break;
    case AST_del: check_del(f, AST_AS(del, n)); break;
    case AST_def: check_nested_def(f, AST_AS(def, n)); break;
    case AST_pass:
    case AST_error: break;
    case AST_class:
        diag_error(f->c->d, "unsupported", n->at, "classes inside functions are not supported");
        break;
    case AST_import:
    case AST_import_from:
        diag_error(f->c->d, "unsupported", n->at, "imports inside functions are not supported");
        break;
    default: diag_error(f->c->d, "unsupported", n->at, "this statement is not supported");
    }
}

/* The text of a statement without the statements in it, which reserve for themselves. */
static range statement_head(const ast_node *n)
{
    const ast_nodes *body = NULL;
    switch ((int)n->kind) {
    case AST_if: body = &((const ast_if_arm *)((const ast_if *)n)->arms.at[0])->body; break;
    case AST_while: body = &((const ast_while *)n)->body; break;
    case AST_for: body = &((const ast_for *)n)->body; break;
    case AST_with: body = &((const ast_with *)n)->body; break;
    default: break;
    }
    range at = n->at;
    if (body && body->n && body->at[0]->at.begin < at.end)
        at.end = body->at[0]->at.begin;
    return at;
}

void check_block(fn_checker *f, const ast_nodes *body)
{
    for (size_t i = 0; i < body->n && !f->scope->exited; i++) {
        if (!reserve_for(f, statement_head(body->at[i])))
            return;
        check_stmt(f, body->at[i]);
    }
}
