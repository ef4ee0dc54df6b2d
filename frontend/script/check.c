/* check.c: rules of the language that are clumsy in a grammar: what may be assigned, the order of
 * parameters and arguments, what may stand inside a function. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "frontend/script/parser.h"

/* What an expression that is no target is called. */
static const char *target_problem(const ast_node *n)
{
    switch (n->kind) {
    case AST_int: case AST_float: case AST_imaginary: case AST_string: case AST_fstring:
        return "a literal";
    case AST_true: case AST_false: case AST_none: case AST_ellipsis:
        return "a constant";
    case AST_call:
        return "a call";
    case AST_compare:
        return "a comparison";
    case AST_dict:
        return "a dict";
    case AST_list_comp: case AST_dict_comp:
        return "a comprehension";
    case AST_name: case AST_attribute: case AST_subscript: case AST_tuple: case AST_list:
    case AST_star: case AST_error:
        return NULL;
    default:
        return "an expression";
    }
}

void check_target(parser *p, const ast_node *n, const char *verb)
{
    if (arena_failed(p->arena))
        return;
    const char *problem = target_problem(n);
    if (problem != NULL) {
        parser_error(p, n->at, "cannot %s %s", verb, problem);
        return;
    }
    if (n->kind == AST_tuple || n->kind == AST_list) {
        ast_nodes items = n->kind == AST_tuple ? ((const ast_tuple *)n)->items
                                               : ((const ast_list *)n)->items;
        for (size_t i = 0; i < items.n; i++)
            check_target(p, items.at[i], verb);
    } else if (n->kind == AST_star) {
        check_target(p, ((const ast_star *)n)->value, verb);
    }
}

/* One parameter against those before it; has_star: behind a '*'. */
static void check_param(parser *p, ast_param *q, bool has_star, bool *has_default, ptrmap *seen)
{
    if (q->kind == AST_PARAM_NORMAL) {
        if (has_star)
            q->kind = AST_PARAM_KEYWORD_ONLY;
        else if (q->default_value != NULL)
            *has_default = true;
        else if (*has_default)
            parser_error(p, q->node.at,
                         "parameter '%s' without a default follows one that has a default", q->id);
    }
    if (ptrmap_has(seen, q->id))
        parser_error(p, q->node.at, "duplicate parameter '%s'", q->id);
    else if (!ptrmap_set(seen, q->id, q))
        p->arena->failed = true;
}

void check_params(parser *p, ast_nodes *params)
{
    bool has_default = false, has_star = false;
    size_t n_kept = 0;
    ptrmap seen;

    if (arena_failed(p->arena))
        return;
    ptrmap_init(&seen, NULL);
    for (size_t i = 0; i < params->n; i++) {
        if (params->at[i]->kind != AST_param)
            continue;
        ast_param *q = AST_AS(param, params->at[i]);
        bool is_star = q->id == NULL;
        if (has_star && (is_star || q->kind == AST_PARAM_VARARGS))
            parser_error(p, q->node.at, "a second '*' among the parameters");
        if (is_star && i + 1 == params->n)
            parser_error(p, q->node.at, "a parameter must follow '*'");
        if (!is_star) {
            check_param(p, q, has_star, &has_default, &seen);
            params->at[n_kept++] = params->at[i];
        }
        has_star |= is_star || q->kind == AST_PARAM_VARARGS;
    }
    params->n = n_kept;
    ptrmap_fini(&seen);
}

void check_args(parser *p, ast_nodes args)
{
    bool has_keyword = false;

    if (arena_failed(p->arena))
        return;
    for (size_t i = 0; i < args.n; i++) {
        const ast_node *a = args.at[i];
        if (a->kind == AST_keyword)
            has_keyword = true;
        else if (has_keyword && a->kind != AST_star && a->kind != AST_error)
            parser_error(p, a->at, "positional argument follows a keyword argument");
    }
}

/* Recursion over nesting only. Bodies of nested functions were checked when they ended. */
void check_body(parser *p, ast_nodes body)
{
    for (size_t i = 0; i < body.n && !arena_failed(p->arena); i++) {
        ast_node *n = body.at[i];
        if (n->kind == AST_class) {
            range head = {p->src, n->at.begin, n->at.begin + 5};
            body.at[i] = parser_unsupported(p, head, "a class inside a function isn't supported");
        } else if (n->kind == AST_import || n->kind == AST_import_from) {
            body.at[i] = parser_unsupported(p, n->at, "'import' inside a function isn't supported");
        } else if (n->kind == AST_if) {
            ast_if *s = AST_AS(if, n);
            for (size_t k = 0; k < s->arms.n; k++)
                if (s->arms.at[k]->kind == AST_if_arm)
                    check_body(p, AST_AS(if_arm, s->arms.at[k])->body);
            check_body(p, s->orelse);
        } else if (n->kind == AST_while) {
            check_body(p, AST_AS(while, n)->body);
        } else if (n->kind == AST_for) {
            check_body(p, AST_AS(for, n)->body);
        } else if (n->kind == AST_with) {
            check_body(p, AST_AS(with, n)->body);
        }
    }
}
