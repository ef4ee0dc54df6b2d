/* sema/comprehension.c: list and dict comprehensions, and list() and dict() of iterables, which are
 * the same.
 *
 * The whole comprehension, the iterable included, is a TX_COMP with statements of its own, so that
 * it stays where it stands in the order of evaluation and under the conditions around it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

/* What one round adds: an item, or a key and its value. */
typedef struct comp {
    fn_checker *f;
    range at;
    texpr *result; /* TX_COMP */
    tvar *var;
    const ast_node *target;     /* NULL: the elements themselves are the items */
    const ast_node *item, *key; /* syntax of an item; key: NULL for lists */
    const type *wanted;         /* hinted container type, or NULL */
    const type *type;           /* of the container, once an item has been seen */
    bool failed;
} comp;

static texpr *read_result(const comp *k)
{
    texpr *e = new_texpr(k->f, TX_VAR, k->var->type, k->at, 0);
    e->var = k->var;
    return e;
}

static bool fit(comp *k, texpr **e, const type *want)
{
    texpr *fitted = try_convert(k->f, *e, want, false);
    if (fitted) {
        *e = fitted;
        return true;
    }
    diag_error(k->f->c->d, "bad-elements", (*e)->at,
               "an element of this comprehension must be %s, not %s", spell(k->f, want),
               spell(k->f, *e ? (*e)->type : T_ERROR));
    k->failed = true;
    return false;
}

/* The container's type follows from its first item, unless a hint gave it. */
static bool settle_type(comp *k, const texpr *key, const texpr *value)
{
    if (!k->type)
        k->type = k->wanted ? k->wanted
                  : key     ? type_dict(key->type, value->type)
                            : type_list(value->type);
    if (!k->type)
        k->failed = true;
    k->var->type = k->type ? k->type : T_ERROR;
    k->result->type = k->var->type;
    return !k->failed;
}

static void add_item(comp *k, texpr *key, texpr *value)
{
    if ((key && is_error(key)) || is_error(value)) {
        k->failed = true;
        return;
    }
    if (!settle_type(k, key, value))
        return;
    if (key) {
        if (!fit(k, &key, k->type->args[0]) || !fit(k, &value, k->type->args[1]))
            return;
        texpr *args[] = { read_result(k), key, value };
        texpr *set = call_op(k->f, "aten::_set_item", k->at, 3, args);
        k->failed |= is_error(set);
        emit_stmt(k->f, TS_EXPR, k->at)->value = set;
    } else if (fit(k, &value, type_elem(k->type))) {
        texpr *args[] = { read_result(k), value };
        emit_stmt(k->f, TS_EXPR, k->at)->value =
            op_expr(k->f, OP_aten_append_t, k->type, 2, args, k->at);
    }
}

/* dict(pairs): an element is a key and its value. */
static void add_pair(comp *k, texpr *e)
{
    if (!is_tuple_like(e->type) || e->type->n_args != 2) {
        diag_error(k->f->c->d, "bad-argument", e->at,
                   "dict() needs pairs of a key and a value, not %s", spell(k->f, e->type));
        k->failed = true;
        return;
    }
    texpr **pair = tuple_items(k->f, e, e->at);
    if (pair)
        add_item(k, pair[0], pair[1]);
    k->failed |= !pair;
}

/* One round: bind the targets, evaluate the item, add it. */
static void round_of(comp *k, sval element)
{
    fn_checker *f = k->f;
    texpr *e = sval_to_value(f, element);
    if (is_error(e)) {
        k->failed = true;
        return;
    }
    if (k->target) {
        assign_target(f, k->target, e);
        texpr *key = k->key ? check_expr(f, k->key, NULL) : NULL;
        add_item(k, key, check_expr(f, k->item, NULL));
    } else if (k->key) {
        add_pair(k, e);
    } else {
        add_item(k, NULL, e);
    }
}

static void dynamic_rounds(comp *k, sval_iter *it)
{
    fn_checker *f = k->f;
    tstmt *loop = emit_stmt(f, TS_FOR, k->at);
    if (arena_failed(arena_of(f))) {
        k->failed = true;
        return;
    }
    loop->value = it->trip;
    scope s = { 0 };
    scope_push(f, &s, &loop->body);
    s.loop_depth++;
    texpr *index = new_texpr(f, TX_LOOP_INDEX, T_INT, k->at, 0);
    index->loop = loop;
    round_of(k, it->element(f, it, index, k->at));
    scope_pop(f);
}

static texpr *run_comp(comp *k, const ast_node *iter_node, bool is_dict)
{
    fn_checker *f = k->f;
    scope own = { 0 };
    texpr *e = new_texpr(f, TX_COMP, T_ERROR, k->at, 0);
    k->result = e;
    e->body = new_statements(f);
    if (!e->body)
        return error_expr(f, k->at);
    scope_push_own(f, &own, e->body);
    sval_iter *it = get_iter(f, check_sval(f, iter_node, NULL), iter_node->at);
    k->var = e->var = new_tvar(f, NULL, T_ERROR);
    tstmt *start = emit_stmt(f, TS_ASSIGN, k->at);
    start->var = k->var;
    start->value = new_texpr(f, is_dict ? TX_DICT : TX_LIST, T_ERROR, k->at, 0);
    k->failed = !it || arena_failed(arena_of(f));
    if (!k->failed && it->is_static)
        for (size_t i = 0; i < it->n_static && !k->failed; i++)
            round_of(k, it->elements[i]);
    else if (!k->failed)
        dynamic_rounds(k, it);
    if (!k->failed && !k->type)
        k->type = k->wanted ? k->wanted
                  : is_dict ? type_dict(T_STR, T_TENSOR)
                            : type_list(T_TENSOR);
    scope_pop(f);
    if (k->failed || !k->type)
        return error_expr(f, k->at);
    start->value->type = k->var->type = e->type = k->type;
    return e;
}

/* The container type a hint asks for, or NULL. */
static const type *hinted(const type *hint, type_kind kind)
{
    if (hint && hint->kind == TYPE_OPTIONAL)
        hint = type_elem(hint);
    return hint && hint->kind == (uint8_t)kind ? hint : NULL;
}

texpr *check_list_comp(fn_checker *f, const ast_list_comp *n, const type *hint)
{
    comp k = { .f = f,
               .at = n->node.at,
               .target = n->target,
               .item = n->item,
               .wanted = hinted(hint, TYPE_LIST) };
    return run_comp(&k, n->iter, false);
}

texpr *check_dict_comp(fn_checker *f, const ast_dict_comp *n, const type *hint)
{
    comp k = { .f = f,
               .at = n->node.at,
               .target = n->target,
               .item = n->value,
               .key = n->key,
               .wanted = hinted(hint, TYPE_DICT) };
    return run_comp(&k, n->iter, true);
}

texpr *list_of_iterable(fn_checker *f, const ast_node *iter, const type *hint, range at)
{
    comp k = { .f = f, .at = at, .wanted = hinted(hint, TYPE_LIST) };
    return run_comp(&k, iter, false);
}

texpr *dict_of_pairs(fn_checker *f, const ast_node *iter, range at)
{
    comp k = { .f = f, .at = at, .key = iter };
    return run_comp(&k, iter, true);
}
