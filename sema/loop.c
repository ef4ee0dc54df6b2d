/* sema/loop.c: while and for, break and continue.
 *
 * A loop over something whose length is known here (a tuple, an enum class, a container of modules)
 * is unrolled: its body is checked once per element, in the enclosing block, so that each round may
 * have its own types. Other loops are dynamic; their body is a block that may run any number of
 * times. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

static void push_loop_body(fn_checker *f, scope *body, tstmt *loop)
{
    scope_push(f, body, &loop->body);
    body->loop_depth++;
    f->loop_depth++;
}

/* What the body assigned to outer variables was written through; its own names end here. */
static void pop_loop_body(fn_checker *f, scope *body, range at)
{
    scope_pop(f);
    f->loop_depth--;
    forget_loop_names(f, body, at);
}

/* The condition runs before every round: what it needs is emitted to cond_prefix, and the variables
 * it reads are those of the loop. It proves nothing for the body (the reference does not refine
 * there). */
void check_while(fn_checker *f, const ast_while *s)
{
    bool in_unrolled = f->in_unrolled;
    tstmt *loop = emit_stmt(f, TS_WHILE, s->node.at);
    scope cond_scope, body;
    scope_push(f, &cond_scope, &loop->cond_prefix);
    loop->value = check_condition(f, s->cond).expr;
    scope_pop(f);
    f->in_unrolled = false;
    push_loop_body(f, &body, loop);
    check_block(f, &s->body);
    pop_loop_body(f, &body, s->node.at);
    f->in_unrolled = in_unrolled;
}

static void unroll(fn_checker *f, const ast_for *s, const sval_iter *it)
{
    bool in_unrolled = f->in_unrolled;
    int loop_depth = f->loop_depth;
    f->in_unrolled = true;
    for (size_t i = 0; i < it->n_static && !f->scope->exited; i++) {
        assign_sval_target(f, s->target, it->elements[i]);
        check_block(f, &s->body);
    }
    f->in_unrolled = in_unrolled;
    f->loop_depth = loop_depth;
}

static void check_dynamic_for(fn_checker *f, const ast_for *s, sval_iter *it)
{
    bool in_unrolled = f->in_unrolled;
    tstmt *loop = emit_stmt(f, TS_FOR, s->node.at);
    loop->value = it->trip;
    f->in_unrolled = false;
    scope body;
    push_loop_body(f, &body, loop);
    texpr *index = new_texpr(f, TX_LOOP_INDEX, T_INT, s->iter->at, 0);
    index->loop = loop;
    assign_sval_target(f, s->target, it->element(f, it, index, s->iter->at));
    check_block(f, &s->body);
    pop_loop_body(f, &body, s->node.at);
    f->in_unrolled = in_unrolled;
}

/* What cannot be iterated is reported; the body is checked all the same, with targets that say
 * nothing. */
static void check_broken_for(fn_checker *f, const ast_for *s)
{
    tstmt *loop = emit_stmt(f, TS_FOR, s->node.at);
    loop->value = error_expr(f, s->iter->at);
    scope body;
    push_loop_body(f, &body, loop);
    assign_target(f, s->target, error_expr(f, s->target->at));
    check_block(f, &s->body);
    pop_loop_body(f, &body, s->node.at);
}

void check_for(fn_checker *f, const ast_for *s)
{
    sval v = check_sval(f, s->iter, NULL);
    sval_iter *it = v.kind == SVAL_ERROR ? NULL : get_iter(f, v, s->iter->at);
    if (!it)
        check_broken_for(f, s);
    else if (it->is_static)
        unroll(f, s, it);
    else
        check_dynamic_for(f, s, it);
}

void check_jump(fn_checker *f, tstmt_kind kind, range at)
{
    const char *word = kind == TS_BREAK ? "break" : "continue";
    if (f->in_unrolled) {
        diag_error(
            f->c->d, "jump-in-unrolled", at,
            "'%s' cannot stand in a loop over a tuple or a container of modules, which is unrolled",
            word);
        return;
    }
    if (f->loop_depth == 0) {
        diag_error(f->c->d, "jump-outside-loop", at, "'%s' outside a loop", word);
        return;
    }
    emit_stmt(f, kind, at);
    f->scope->jumped = true;
}
