/* sema/condition.c: conditions: what a test proves about types, and what types decide about a test.
 *
 * The result of checking a condition is its value, its truth where types or literals decide it, and
 * the facts that hold on either side. `a and b` checks b in a block of its own where a's facts
 * hold. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

static condition plain_condition(texpr *e)
{
    return (condition){ .expr = e, .truth = TRUTH_DYNAMIC };
}

static condition static_condition(fn_checker *f, bool holds, range at)
{
    return (condition){ .expr = bool_const(f, holds, at),
                        .truth = holds ? TRUTH_TRUE : TRUTH_FALSE };
}

static void add_fact(fn_checker *f, fact_list *facts, const ast_node *subject, const type *t)
{
    if (subject->kind == AST_name && t)
        VEC_PUSH(facts, arena_of(f),
                 ((fact){ .name = ((const ast_name *)subject)->id, .type = t }));
}

/* ---- x is None ---- */

typedef enum none_ness { NEVER_NONE, MAYBE_NONE, ALWAYS_NONE } none_ness;

static none_ness none_ness_of(const type *t)
{
    if (is_none(t))
        return ALWAYS_NONE;
    return type_is_optional_like(t) ? MAYBE_NONE : NEVER_NONE; /* Any counts as never, as in the reference */
}

static condition check_is(fn_checker *f, const ast_node *an, const ast_node *bn, bool is_not,
                          range at)
{
    texpr *a = check_expr(f, an, NULL), *b = check_expr(f, bn, NULL);
    if (is_error(a) || is_error(b))
        return plain_condition(error_expr(f, at));
    none_ness na = none_ness_of(a->type), nb = none_ness_of(b->type);
    if (na == ALWAYS_NONE && nb == ALWAYS_NONE)
        return static_condition(f, !is_not, at);
    if ((na == ALWAYS_NONE && nb == NEVER_NONE) || (na == NEVER_NONE && nb == ALWAYS_NONE))
        return static_condition(f, is_not, at);
    condition c = plain_condition(compare_op(f, is_not ? AST_IS_NOT : AST_IS, a, b, at));
    fact_list *some = is_not ? &c.when_true : &c.when_false;
    if (nb == ALWAYS_NONE && type_is_optional_like(a->type))
        add_fact(f, some, an, type_without_none(a->type));
    if (na == ALWAYS_NONE && type_is_optional_like(b->type))
        add_fact(f, some, bn, type_without_none(b->type));
    return c;
}

/* ---- isinstance ---- */

typedef VEC(const type *) type_list_vec;

/* Unions and Optionals stand for their members. */
static void add_members(fn_checker *f, type_list_vec *to, const type *t)
{
    if (t->kind == TYPE_OPTIONAL) {
        add_members(f, to, type_elem(t));
        VEC_PUSH(to, arena_of(f), T_NONE);
    } else if (t->kind == TYPE_UNION) {
        for (size_t i = 0; i < t->n_args; i++)
            add_members(f, to, t->args[i]);
    } else {
        VEC_PUSH(to, arena_of(f), t);
    }
}

static bool is_name(const ast_node *n, const char *id)
{
    return n->kind == AST_name && strcmp(((const ast_name *)n)->id, id) == 0;
}

/* `isinstance(x, (int, List[str], list))`: the second argument. */
static bool gather_classes(fn_checker *f, const ast_node *n, type_list_vec *ret)
{
    if (n->kind == AST_tuple) {
        const ast_tuple *t = (const ast_tuple *)n;
        for (size_t i = 0; i < t->items.n; i++)
            if (!gather_classes(f, t->items.at[i], ret))
                return false;
        return true;
    }
    const type *t = is_name(n, "list")    ? type_base(TYPE_ANY_LIST)
                    : is_name(n, "tuple") ? type_base(TYPE_ANY_TUPLE)
                                          : try_annotation(f->c, f, n);
    if (!t) {
        diag_error(f->c->d, "bad-isinstance", n->at,
                   "the second argument of isinstance must be a type or "
                   "a tuple of types");
        return false;
    }
    if (!type_is_error(t))
        add_members(f, ret, t);
    return !type_is_error(t);
}

static const type *union_of(const type_list_vec *v)
{
    const type *t = v->n ? v->at[0] : NULL;
    for (size_t i = 1; i < v->n && t; i++)
        t = type_unify_or_union(t, v->at[i]);
    return t;
}

/* How one member of the object's type fares: the part of it that passes (NULL: none); *ret_rest:
 * may it fail? */
static const type *passing_part(const type *member, const type_list_vec *classes, bool *ret_rest)
{
    const type *narrow = NULL;
    for (size_t i = 0; i < classes->n; i++) {
        if (type_is_subtype(member, classes->at[i])) {
            *ret_rest = false;
            return member;
        }
        if (!narrow && type_is_subtype(classes->at[i], member))
            narrow = classes->at[i];
    }
    *ret_rest = true;
    return narrow;
}

static condition run_time_isinstance(fn_checker *f, texpr *subject, const type_list_vec *classes,
                                     range at)
{
    texpr *e = new_texpr(f, TX_ISINSTANCE, T_BOOL, at, 1);
    if (e->n_args)
        e->args[0] = subject;
    e->types = classes->at;
    e->n_types = classes->n;
    return plain_condition(e);
}

condition check_isinstance(fn_checker *f, const ast_node *subject, const ast_node *class_node,
                           range at)
{
    texpr *e = check_expr(f, subject, NULL);
    type_list_vec classes = { 0 }, members = { 0 }, yes = { 0 }, no = { 0 };
    if (!gather_classes(f, class_node, &classes) || is_error(e))
        return plain_condition(error_expr(f, at));
    add_members(f, &members, e->type);
    for (size_t i = 0; i < members.n; i++) {
        const type *m = members.at[i];
        if (m->kind == TYPE_ANY) {
            for (size_t k = 0; k < classes.n; k++)
                VEC_PUSH(&yes, arena_of(f), classes.at[k]);
            VEC_PUSH(&no, arena_of(f), m);
            continue;
        }
        bool rest;
        const type *part = passing_part(m, &classes, &rest);
        if (part)
            VEC_PUSH(&yes, arena_of(f), part);
        if (rest)
            VEC_PUSH(&no, arena_of(f), m);
    }
    if ((!yes.n || !no.n) && !is_simple(e))
        emit_stmt(f, TS_EXPR, e->at)->value = e; /* evaluated for what it does */
    condition c = !yes.n  ? static_condition(f, false, at)
                  : !no.n ? static_condition(f, true, at)
                          : run_time_isinstance(f, e, &classes, at);
    /* `list` and `tuple` say nothing about elements: no variable can have these types */
    const type *passed = union_of(&yes);
    if (passed && passed->kind != TYPE_ANY_LIST && passed->kind != TYPE_ANY_TUPLE)
        add_fact(f, &c.when_true, subject, passed);
    add_fact(f, &c.when_false, subject, union_of(&no));
    return c;
}

static bool has_attribute(const type *t, const char *name)
{
    if (t->kind == TYPE_CLASS)
        return type_class_slot(t, name) >= 0 || type_class_constant(t, name)
               || strmap_has(&t->cls->methods, name) || strmap_has(&t->cls->properties, name);
    if (t->kind == TYPE_NAMED_TUPLE)
        return type_named_tuple_index(t, name) >= 0;
    return t->kind == TYPE_INTERFACE && strmap_has(&t->iface->methods, name);
}

condition check_hasattr(fn_checker *f, const ast_node *subject, const ast_node *name, range at)
{
    texpr *e = check_expr(f, subject, NULL);
    if (is_error(e))
        return plain_condition(e);
    if (name->kind != AST_string) {
        diag_error(f->c->d, "bad-argument", name->at,
                   "hasattr's second argument must be a string literal");
        return plain_condition(error_expr(f, at));
    }
    type_kind k = (type_kind)e->type->kind;
    if (k != TYPE_CLASS && k != TYPE_NAMED_TUPLE && k != TYPE_INTERFACE) {
        diag_error(f->c->d, "bad-argument", subject->at,
                   "hasattr's first argument must be an object or a "
                   "module, not %s",
                   spell(f, e->type));
        return plain_condition(error_expr(f, at));
    }
    if (k == TYPE_CLASS && !require_class(f->c, e->type, at))
        return plain_condition(error_expr(f, at));
    if (!is_simple(e))
        emit_stmt(f, TS_EXPR, e->at)->value = e; /* evaluated for what it does */
    return static_condition(f, has_attribute(e->type, ((const ast_string *)name)->value.s), at);
}

/* ---- not, and, or ---- */

static truth opposite(truth t)
{
    return t == TRUTH_DYNAMIC ? t : t == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

static condition negate(fn_checker *f, condition c, range at)
{
    condition r = { .truth = opposite(c.truth),
                    .when_true = c.when_false,
                    .when_false = c.when_true };
    if (is_error(c.expr))
        r.expr = c.expr;
    else if (c.truth != TRUTH_DYNAMIC)
        r.expr = bool_const(f, r.truth == TRUTH_TRUE, at);
    else
        r.expr = op_expr(f, OP_aten___not__, T_BOOL, 1, &c.expr, at);
    return r;
}

/* Check the right operand where the left one's facts hold. */
static condition check_right(fn_checker *f, const ast_node *n, const fact_list *facts,
                             tstmt_list **ret_prefix)
{
    tstmt_list *prefix = *ret_prefix = new_statements(f);
    scope s = { 0 };
    if (!prefix)
        return plain_condition(error_expr(f, n->at));
    scope_push(f, &s, prefix);
    apply_facts(f, facts, n->at);
    condition c = check_condition(f, n);
    scope_pop(f);
    *ret_prefix = prefix->n ? prefix : NULL;
    return c;
}

static void merge_facts(fn_checker *f, condition *into, const condition *right, bool is_or)
{
    if (is_or) {
        facts_or(f, &into->when_true, &right->when_true);
        facts_and(f, &into->when_false, &right->when_false);
    } else {
        facts_and(f, &into->when_true, &right->when_true);
        facts_or(f, &into->when_false, &right->when_false);
    }
}

/* `l and n`, `l or n`. What decides l statically leaves n unchecked, as the reference does. */
static condition chain_step(fn_checker *f, condition l, const ast_node *n, bool is_or, range at)
{
    if (is_error(l.expr) || l.truth == (is_or ? TRUTH_TRUE : TRUTH_FALSE))
        return l;
    tstmt_list *prefix;
    if (l.truth != TRUTH_DYNAMIC) {
        condition r = check_condition(f, n);
        merge_facts(f, &r, &l, is_or);
        return r;
    }
    condition r = check_right(f, n, is_or ? &l.when_false : &l.when_true, &prefix);
    if (is_error(r.expr))
        return r;
    texpr *e = new_texpr(f, TX_IF, T_BOOL, at, 3);
    if (e->n_args) {
        e->args[0] = l.expr;
        e->args[is_or ? 1 : 2] = bool_const(f, is_or, at);
        e->args[is_or ? 2 : 1] = r.expr;
    }
    *(is_or ? &e->else_prefix : &e->then_prefix) = prefix;
    condition c = l;
    merge_facts(f, &c, &r, is_or);
    c.expr = e;
    if (r.truth == (is_or ? TRUTH_TRUE : TRUTH_FALSE)) {
        /* decided whatever l is; l is still evaluated for what it does */
        if (!is_simple(l.expr))
            emit_stmt(f, TS_EXPR, l.expr->at)->value = l.expr;
        c.expr = bool_const(f, is_or, at);
        c.truth = r.truth;
    }
    return c;
}

static condition check_chain(fn_checker *f, const ast_bool_chain *n)
{
    condition c = check_condition(f, n->values.at[0]);
    range begin = n->values.at[0]->at;
    for (size_t i = 1; i < n->values.n; i++)
        c = chain_step(f, c, n->values.at[i], n->is_or, range_join(begin, n->values.at[i]->at));
    return c;
}

/* ---- comparisons ---- */

static condition check_pair(fn_checker *f, const ast_compare *n, size_t i)
{
    const ast_node *an = n->values.at[i], *bn = n->values.at[i + 1];
    ast_compare_op op = (ast_compare_op)n->ops.s[i];
    range at = range_join(an->at, bn->at);
    if (op == AST_IS || op == AST_IS_NOT)
        return check_is(f, an, bn, op == AST_IS_NOT, at);
    texpr *a = check_expr(f, an, NULL), *b = check_expr(f, bn, NULL);
    return plain_condition(compare_op(f, op, a, b, at));
}

enum { CHAIN_NESTING_MAX = 8 };

/* `a < b < c` is `a < b and b < c` with b's syntax checked, and so evaluated, twice, as the
 * reference does. Chains inside chains double each time: past a depth that no program reaches by
 * hand they are refused. */
condition check_compare(fn_checker *f, const ast_compare *n)
{
    if (n->values.n == 2)
        return check_pair(f, n, 0);
    if (f->chain_nesting >= CHAIN_NESTING_MAX) {
        diag_error(f->c->d, "too-deep", n->node.at, "chained comparisons are nested too deeply");
        return plain_condition(error_expr(f, n->node.at));
    }
    f->chain_nesting++;
    condition c = check_pair(f, n, 0);
    for (size_t i = 1; i + 1 < n->values.n && !is_error(c.expr); i++) {
        tstmt_list *prefix = new_statements(f);
        scope s = { 0 };
        if (!prefix) {
            c.expr = error_expr(f, n->node.at);
            break;
        }
        scope_push(f, &s, prefix);
        condition r = check_pair(f, n, i);
        r.expr = to_bool(f, r.expr);
        scope_pop(f);
        texpr *e = new_texpr(f, TX_IF, T_BOOL, n->node.at, 3);
        if (is_error(r.expr) || !e->n_args) {
            c.expr = error_expr(f, n->node.at);
            break;
        }
        e->args[0] = to_bool(f, c.expr);
        e->args[1] = r.expr;
        e->args[2] = bool_const(f, false, n->node.at);
        e->then_prefix = prefix->n ? prefix : NULL;
        c = plain_condition(is_error(e->args[0]) ? e->args[0] : e);
    }
    f->chain_nesting--;
    return c;
}

/* ---- entry ---- */

static bool call_is(fn_checker *f, const ast_call *c, const char *builtin)
{
    const ast_node *callee = c->callee;
    if (callee->kind != AST_name && callee->kind != AST_attribute)
        return false;
    const char *last = callee->kind == AST_name ? ((const ast_name *)callee)->id
                                                : ((const ast_attribute *)callee)->id;
    if (strcmp(last, builtin) != 0 || c->args.n != 2)
        return false;
    sval v = check_sval(f, callee, NULL);
    return v.kind == SVAL_BUILTIN
           && (strcmp(v.name, builtin) == 0 || strncmp(v.name, "torch.jit.", 10) == 0);
}

/* The condition a call stands for, if it is one types may decide. */
static bool condition_call(fn_checker *f, const ast_call *n, condition *ret)
{
    if (call_is(f, n, "isinstance"))
        *ret = check_isinstance(f, n->args.at[0], n->args.at[1], n->node.at);
    else if (call_is(f, n, "hasattr"))
        *ret = check_hasattr(f, n->args.at[0], n->args.at[1], n->node.at);
    else
        return false;
    return true;
}

static condition as_bool(fn_checker *f, condition c)
{
    c.expr = to_bool(f, c.expr);
    return c;
}

condition check_condition(fn_checker *f, const ast_node *n)
{
    condition c;
    switch (n->kind) {
    case AST_true: return static_condition(f, true, n->at);
    case AST_false: return static_condition(f, false, n->at);
    case AST_unary: {
        const ast_unary *u = (const ast_unary *)n;
        if (u->op == AST_NOT)
            return negate(f, check_condition(f, u->value), n->at);
        break;
    }
    case AST_bool_chain: return check_chain(f, (const ast_bool_chain *)n);
    case AST_compare: return as_bool(f, check_compare(f, (const ast_compare *)n));
    case AST_call:
        if (condition_call(f, (const ast_call *)n, &c))
            return c;
        break;
    default: break;
    }
    texpr *e = check_expr(f, n, NULL);
    if (e->kind == TX_OP && e->op == OP_aten_is_scripting)
        return static_condition(f, true, n->at);
    return as_bool(f, plain_condition(e));
}

/* ---- x if c else y ---- */

static texpr *check_arm(fn_checker *f, const ast_node *n, const type *hint, const fact_list *facts,
                        tstmt_list **ret_prefix)
{
    tstmt_list *prefix = *ret_prefix = new_statements(f);
    scope s = { 0 };
    if (!prefix)
        return error_expr(f, n->at);
    scope_push(f, &s, prefix);
    apply_facts(f, facts, n->at);
    texpr *e = check_expr(f, n, hint);
    scope_pop(f);
    *ret_prefix = prefix->n ? prefix : NULL;
    return e;
}

texpr *check_ternary(fn_checker *f, const ast_ternary *n, const type *hint)
{
    range at = n->node.at;
    condition c = check_condition(f, n->cond);
    if (c.truth != TRUTH_DYNAMIC)
        return check_expr(f, c.truth == TRUTH_TRUE ? n->then_value : n->else_value, hint);
    texpr *e = new_texpr(f, TX_IF, T_ERROR, at, 3);
    if (!e->n_args)
        return error_expr(f, at);
    texpr *a = check_arm(f, n->then_value, hint, &c.when_true, &e->then_prefix);
    texpr *b = check_arm(f, n->else_value, hint, &c.when_false, &e->else_prefix);
    if (is_error(c.expr) || is_error(a) || is_error(b))
        return error_expr(f, at);
    const type *t = a->type == b->type ? a->type : type_unify(a->type, b->type);
    if (!t && hint && hint->kind == TYPE_ANY)
        t = hint;
    if (!t) {
        diag_error(f->c->d, "branch-types", at,
                   "the branches of this conditional expression have different "
                   "types: %s if it is true, %s if it is false",
                   spell(f, a->type), spell(f, b->type));
        return error_expr(f, at);
    }
    e->type = t;
    e->args[0] = c.expr;
    e->args[1] = a;
    e->args[2] = b;
    return e;
}
