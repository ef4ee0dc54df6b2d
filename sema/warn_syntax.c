/* sema/warn_syntax.c: warnings that the shape of a function tells, without types: statements nobody
 * reaches, comparisons with itself, keys that stand twice in a dict literal. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/warn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- unreachable statements ---- */

static bool leaves_block(const ast_node *n);

static bool block_leaves(const ast_nodes *body)
{
    return body->n && leaves_block(body->at[body->n - 1]);
}

/* Does control never come out behind the statement? Recurses over nesting only: of each block the last
 * statement counts, because one that leaves before it is a warning of its own. */
static bool leaves_block(const ast_node *n)
{
    switch ((int)n->kind) {
    case AST_return:
    case AST_raise:
    case AST_break:
    case AST_continue: return true;
    case AST_if: {
        const ast_if *s = AST_AS(if, n);
        for (size_t i = 0; i < s->arms.n; i++)
            if (!block_leaves(&AST_AS(if_arm, s->arms.at[i])->body))
                return false;
        return block_leaves(&s->orelse);
    }
    default: return false;
    }
}

static const char *leaving_word(const ast_node *n)
{
    switch ((int)n->kind) {
    case AST_return: return "'return'";
    case AST_raise: return "'raise'";
    case AST_break: return "'break'";
    case AST_continue: return "'continue'";
    default: return "this 'if', which leaves on every path";
    }
}

static void warn_block(checker *c, const ast_nodes *body)
{
    for (size_t i = 0; i + 1 < body->n; i++) {
        const ast_node *n = body->at[i], *next = body->at[i + 1];
        if (next->kind == AST_pass || !leaves_block(n))
            continue;
        diag_item *it = warn(c, WARN_unreachable_code, next->at, "this is never reached");
        if (it)
            diag_note(c->d, it, n->at, "it comes after %s", leaving_word(n));
        return;
    }
}

static void warn_blocks(checker *c, const ast_node *n)
{
    switch ((int)n->kind) {
    case AST_if: warn_block(c, &AST_AS(if, n)->orelse); break;
    case AST_if_arm: warn_block(c, &AST_AS(if_arm, n)->body); break;
    case AST_while: warn_block(c, &AST_AS(while, n)->body); break;
    case AST_for: warn_block(c, &AST_AS(for, n)->body); break;
    case AST_with: warn_block(c, &AST_AS(with, n)->body); break;
    case AST_def: warn_block(c, &AST_AS(def, n)->body); break;
    default: break;
    }
}

/* ---- comparisons with itself ---- */

/* Both are the same name or the same attribute of it: reading them has no effect. */
static bool is_same_place(const ast_node *a, const ast_node *b)
{
    while (a->kind == AST_attribute && b->kind == AST_attribute
           && AST_AS(attribute, a)->id == AST_AS(attribute, b)->id) {
        a = AST_AS(attribute, a)->value;
        b = AST_AS(attribute, b)->value;
    }
    return a->kind == AST_name && b->kind == AST_name && AST_AS(name, a)->id == AST_AS(name, b)->id;
}

/* x == x and x != x are how one asks for NaN. */
static bool asks_for_nan(ast_compare_op op) { return op == AST_EQ || op == AST_NE; }

static void warn_compare(checker *c, const ast_compare *n)
{
    for (size_t i = 0; i + 1 < n->values.n; i++) {
        ast_compare_op op = (ast_compare_op)n->ops.s[i];
        const ast_node *a = n->values.at[i], *b = n->values.at[i + 1];
        if (!asks_for_nan(op) && is_same_place(a, b))
            warn(c, WARN_self_comparison, range_join(a->at, b->at), "both sides of '%s' are the same",
                 ast_compare_symbol(op));
    }
}

/* ---- keys ---- */

/* A text that is the same for equal constant keys of one type; NULL: no constant. */
static const char *key_text(const ast_node *n, arena *a)
{
    if (n->kind == AST_int)
        return arena_printf(a, "%" PRId64, AST_AS(int, n)->value);
    if (n->kind != AST_string)
        return NULL;
    const ast_bytes *s = &AST_AS(string, n)->value;
    return memchr(s->s, 0, s->n) ? NULL : arena_printf(a, "'%s", s->s);
}

static void warn_dict(checker *c, const ast_dict *n)
{
    arena a;
    strmap seen;
    arena_init(&a);
    strmap_init(&seen, &a);
    for (size_t i = 0; i < n->keys.n && !a.failed; i++) {
        const ast_node *key = n->keys.at[i];
        const char *s = key_text(key, &a);
        const ast_node *first = s && !a.failed ? strmap_find(&seen, s) : NULL;
        if (first) {
            diag_item *it = warn(c, WARN_duplicate_key, key->at, "this key stands in the dict already; "
                                 "only the last value is kept");
            if (it)
                diag_note(c->d, it, first->at, "here");
        } else if (s && !a.failed) {
            strmap_set(&seen, s, (void *)key);
        }
    }
    arena_fini(&a);
}

/* ---- functions ---- */

void warn_function_syntax(checker *c, const ir_function *fn)
{
    arena a;
    arena_init(&a);
    ast_stack open = { .a = &a };
    ast_stack_push(&open, &((const ast_def *)fn->ast)->node);
    for (const ast_node *n; (n = ast_stack_pop(&open));) {
        warn_blocks(c, n);
        if (n->kind == AST_compare && warn_is_on(c, WARN_self_comparison))
            warn_compare(c, AST_AS(compare, n));
        else if (n->kind == AST_dict && warn_is_on(c, WARN_duplicate_key))
            warn_dict(c, AST_AS(dict, n));
        ast_each_child(n, ast_stack_push, &open);
    }
    c->arena->failed |= a.failed;
    arena_fini(&a);
}
