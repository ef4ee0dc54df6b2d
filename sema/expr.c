/* sema/expr.c: expressions: the nodes of the typed tree, literals, and the walk over syntax kinds.
 *
 * check_sval() is the one entry: what an expression denotes may be a module or a range as well as a
 * value. check_expr() insists on a value. Both recurse over nesting only, which the parser bounds.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

/* ---- nodes ---- */

texpr *new_texpr(fn_checker *f, texpr_kind kind, const type *t, range at, size_t n_args)
{
    texpr *e = ARENA_NEW(arena_of(f), texpr);
    texpr **args = n_args ? ARENA_ARRAY(arena_of(f), texpr *, n_args) : NULL;
    if (arena_failed(arena_of(f)) || !t) {
        /* scratch memory is shared: a node of its own keeps its kind, and an error goes no further
         */
        arena_of(f)->failed = true;
        f->no_memory =
            (texpr){ .kind = TX_ERROR, .type = T_ERROR, .at = at, .args = f->no_memory_args };
        return &f->no_memory;
    }
    e->kind = (uint8_t)kind;
    e->type = t;
    e->at = at;
    e->args = args;
    e->n_args = (uint32_t)n_args;
    return e;
}

texpr *new_const(fn_checker *f, jit_value take, const type *t, range at)
{
    texpr *e = new_texpr(f, TX_CONST, t, at, 0);
    e->value = take;
    if (value_is_heap(take) && !VEC_PUSH(&f->tree->values, arena_of(f), take)) {
        value_unref(take);
        e->value = VALUE_NONE_V;
    }
    return e;
}

texpr *new_cast(fn_checker *f, texpr *e, const type *t, range at)
{
    texpr *cast = new_texpr(f, TX_CAST, t, at, 1);
    if (cast->n_args)
        cast->args[0] = e;
    return cast;
}

texpr *error_expr(fn_checker *f, range at) { return new_texpr(f, TX_ERROR, T_ERROR, at, 0); }

texpr *int_const(fn_checker *f, int64_t i, range at)
{
    return new_const(f, VALUE_INT_V(i), T_INT, at);
}

texpr *bool_const(fn_checker *f, bool b, range at)
{
    return new_const(f, VALUE_BOOL_V(b), T_BOOL, at);
}

texpr *none_const(fn_checker *f, range at) { return new_const(f, VALUE_NONE_V, T_NONE, at); }

texpr *str_const(fn_checker *f, const char *s, size_t n, range at)
{
    str *v = str_new(s, n);
    if (!v) {
        arena_of(f)->failed = true;
        return error_expr(f, at);
    }
    return new_const(f, VALUE_HEAP_V(VALUE_STR, v), T_STR, at);
}

texpr *share(fn_checker *f, texpr *e)
{
    if (is_simple(e) || e->kind == TX_SHARED || e->kind == TX_LOOP_INDEX)
        return e;
    texpr *s = new_texpr(f, TX_SHARED, e->type, e->at, 1);
    s->args[0] = e;
    return s;
}

texpr *pin(fn_checker *f, texpr *e)
{
    return e->kind == TX_CONST || is_error(e) ? e : emit_temp(f, e);
}

texpr *tuple_expr(fn_checker *f, size_t n, texpr *const *items, range at)
{
    const type **types = ARENA_ARRAY(arena_of(f), const type *, n + 1);
    texpr *e = new_texpr(f, TX_TUPLE, T_ERROR, at, n);
    if (!types || e->n_args != n)
        return error_expr(f, at);
    for (size_t i = 0; i < n; i++) {
        e->args[i] = items[i];
        types[i] = items[i]->type;
        if (is_error(items[i]))
            return error_expr(f, at);
    }
    const type *t = type_tuple(types, n);
    if (!t)
        return error_expr(f, at);
    e->type = t;
    return e;
}

/* Dropping the other elements of a literal is right only if evaluating them does nothing. */
static bool all_simple(const texpr *e)
{
    for (uint32_t i = 0; i < e->n_args; i++)
        if (!is_simple(e->args[i]))
            return false;
    return true;
}

texpr *tuple_item(fn_checker *f, texpr *e, size_t i, range at)
{
    if (e->kind == TX_TUPLE && all_simple(e))
        return e->args[i];
    texpr *item = new_texpr(f, TX_TUPLE_INDEX, e->type->args[i], at, 1);
    item->args[0] = e;
    item->index = (int64_t)i;
    return item;
}

texpr **tuple_items(fn_checker *f, texpr *e, range at)
{
    size_t n = e->type->n_args;
    if (e->kind == TX_TUPLE)
        return e->args;
    texpr **items = ARENA_ARRAY(arena_of(f), texpr *, n + 1);
    texpr *unpack = new_texpr(f, TX_UNPACK, e->type, at, 1);
    unpack->args[0] = e;
    texpr *whole = share(f, unpack);
    for (size_t i = 0; items && i < n; i++) {
        items[i] = new_texpr(f, TX_ELEMENT, e->type->args[i], at, 1);
        items[i]->args[0] = whole;
        items[i]->index = (int64_t)i;
    }
    return items;
}

/* A Tensor only because nobody said otherwise. */
static void note_inferred(fn_checker *f, diag_item *it, const texpr *e)
{
    const schema *s = f->fn ? f->fn->schema : NULL;
    if (e->kind != TX_VAR || !e->var->is_param || !s)
        return;
    for (size_t i = 0; i < s->n_args; i++)
        if (s->args[i].is_inferred && s->args[i].at.src && !strcmp(s->args[i].name, e->var->name))
            diag_note(f->c->d, it, s->args[i].at, "'%s' is declared here; without annotation it is a Tensor", e->var->name);
}

void note_optional(fn_checker *f, diag_item *it, const texpr *e)
{
    note_inferred(f, it, e);
    if (e->type->kind == TYPE_UNION && !type_is_optional_like(e->type))
        diag_note(f->c->d, it, e->at, "test which it is first: `if isinstance(x, T):`");
    if (!type_is_optional_like(e->type))
        return;
    if (e->kind == TX_VAR && e->var->name)
        diag_note(f->c->d, it, e->at, "test it first: `if %s is not None:`", e->var->name);
    else
        diag_note(f->c->d, it, e->at,
                  "it may be None: assign it to a variable and test that first");
}

tstmt_list *new_statements(fn_checker *f)
{
    tstmt_list *l = ARENA_NEW(arena_of(f), tstmt_list);
    return arena_failed(arena_of(f)) ? NULL : l;
}

/* ---- literals ---- */

static texpr *check_imaginary(fn_checker *f, const ast_imaginary *n)
{
    complex_box *z = complex_new(0, n->value);
    if (!z) {
        arena_of(f)->failed = true;
        return error_expr(f, n->node.at);
    }
    return new_const(f, VALUE_HEAP_V(VALUE_COMPLEX, z), T_COMPLEX, n->node.at);
}

/* A literal part holding "{}" would be taken for a placeholder: it is passed as an argument
 * instead. */
static texpr *check_fstring(fn_checker *f, const ast_fstring *n)
{
    text format;
    text_init(&format, arena_of(f));
    texpr **args = ARENA_ARRAY(arena_of(f), texpr *, n->parts.n + 1);
    size_t n_args = 1;
    if (!args)
        return error_expr(f, n->node.at);
    for (size_t i = 0; i < n->parts.n; i++) {
        const ast_node *part = n->parts.at[i];
        const ast_string *s = part->kind == AST_string ? (const ast_string *)part : NULL;
        if (s && !memmem(s->value.s, s->value.n, "{}", 2)) {
            text_add_bytes(&format, s->value.s, s->value.n);
            continue;
        }
        text_add(&format, "{}");
        texpr *e = check_expr(f, part, NULL);
        if (is_error(e))
            return error_expr(f, n->node.at);
        args[n_args++] = e;
    }
    args[0] = str_const(f, format.s, format.n, n->node.at);
    return n_args == 1 ? args[0] : op_expr(f, OP_aten_format, T_STR, n_args, args, n->node.at);
}

/* Append the value of an element; `*t` of a tuple contributes its elements. */
static bool add_element(fn_checker *f, const ast_node *n, texpr_list *items)
{
    if (n->kind != AST_star) {
        texpr *e = check_expr(f, n, NULL);
        return VEC_PUSH(items, arena_of(f), e) && !is_error(e);
    }
    texpr *e = check_expr(f, ((const ast_star *)n)->value, NULL);
    if (is_error(e))
        return false;
    if (!is_tuple_like(e->type)) {
        diag_error(f->c->d, "bad-star", n->at, "only a tuple can be unpacked here, not %s",
                   spell(f, e->type));
        return false;
    }
    texpr **taken = tuple_items(f, e, n->at);
    for (size_t i = 0; taken && i < e->type->n_args; i++)
        if (!VEC_PUSH(items, arena_of(f), taken[i]))
            return false;
    return taken != NULL;
}

/* The list type that a hint asks for: List[T], Optional[List[T]], or the only list of a Union.
 * *ret_bad: the hint names none, or several to choose from by the elements' type `elem`. */
static const type *container_hint(const type *hint, type_kind kind, const type *elem)
{
    if (!hint || hint->kind == (uint8_t)kind)
        return hint;
    if (hint->kind != TYPE_OPTIONAL && hint->kind != TYPE_UNION)
        return NULL;
    const type *found = NULL;
    for (size_t i = 0; i < hint->n_args; i++) {
        const type *m = hint->args[i];
        if (m->kind != (uint8_t)kind)
            continue;
        if (elem && m->args[m->n_args - 1] == elem)
            return m;
        found = found ? found : m;
    }
    return found;
}

/* `x: Union[List[int], List[str]] = []`: nothing tells which of them is meant. */
static bool is_ambiguous(const type *hint, type_kind kind)
{
    int n = 0;
    for (size_t i = 0; hint && hint->kind == TYPE_UNION && i < hint->n_args; i++)
        n += hint->args[i]->kind == (uint8_t)kind;
    return n > 1;
}

static texpr *report_ambiguous(fn_checker *f, const type *hint, const char *what, range at)
{
    diag_error(f->c->d, "bad-hint", at, "an empty %s may be any of several members of %s: annotate one of them first",
               what, spell(f, hint));
    return error_expr(f, at);
}

static const type *unify_all(texpr *const *items, size_t n, size_t step)
{
    const type *t = items[0]->type;
    for (size_t i = step; i < n && t; i += step)
        t = items[i]->type == t ? t : type_unify_or_union(t, items[i]->type);
    return t;
}

static texpr *check_list(fn_checker *f, const ast_list *n, const type *hint)
{
    texpr_list items = { 0 };
    bool ok = true;
    range at = n->node.at;
    for (size_t i = 0; i < n->items.n; i++)
        ok &= add_element(f, n->items.at[i], &items);
    if (!ok || arena_failed(arena_of(f)))
        return error_expr(f, at);
    if (!items.n && is_ambiguous(hint, TYPE_LIST))
        return report_ambiguous(f, hint, "list", at);
    const type *elem = items.n ? unify_all(items.at, items.n, 1) : NULL;
    const type *wanted = container_hint(hint, TYPE_LIST, elem);
    if (items.n && !elem) {
        diag_error(f->c->d, "mixed-elements", at, "the elements of this list have no common type");
        return error_expr(f, at);
    }
    if (wanted && elem && !type_is_subtype(elem, type_elem(wanted))) {
        diag_error(f->c->d, "bad-elements", at,
                   "List type annotation `%s` did not match the types of the given list elements, "
                   "which were unified to %s",
                   spell(f, wanted), spell(f, elem));
        return error_expr(f, at);
    }
    const type *t = wanted ? wanted : type_list(elem ? elem : T_TENSOR);
    texpr *e = new_texpr(f, TX_LIST, t, at, items.n);
    if (!t || e->n_args != items.n)
        return error_expr(f, at);
    for (size_t i = 0; i < items.n; i++)
        e->args[i] = items.at[i];
    e->index = !items.n && !wanted;
    return e;
}

static bool is_key_type(const type *t)
{
    switch ((type_kind)t->kind) {
    case TYPE_INT:
    case TYPE_BOOL:
    case TYPE_FLOAT:
    case TYPE_COMPLEX:
    case TYPE_STR:
    case TYPE_TENSOR:
    case TYPE_DEVICE:
    case TYPE_ANY: return true;
    default: return false;
    }
}

static const type *dict_type_of(fn_checker *f, texpr *const *items, size_t n, const type *hint,
                                range at)
{
    const type *key = items[0]->type;
    for (size_t i = 2; i < n; i += 2)
        if (items[i]->type != key) {
            diag_error(f->c->d, "mixed-keys", items[i]->at,
                       "Dict keys must contain only a single type: this one is %s, the first is %s",
                       spell(f, items[i]->type), spell(f, key));
            return NULL;
        }
    if (!is_key_type(key)) {
        diag_error(f->c->d, "bad-key-type", items[0]->at,
                   "Cannot create dict for key type '%s', only int, "
                   "float, complex, Tensor, device and string keys are supported",
                   spell(f, key));
        return NULL;
    }
    const type *value = unify_all(items + 1, n - 1, 2);
    const type *wanted = container_hint(hint, TYPE_DICT, value);
    if (!value) {
        diag_error(f->c->d, "mixed-elements", at, "the values of this dict have no common type");
        return NULL;
    }
    if (!wanted)
        return type_dict(key, value);
    if (!type_is_subtype(key, wanted->args[0]) || !type_is_subtype(value, wanted->args[1])) {
        diag_error(
            f->c->d, "bad-elements", at,
            "Dict type annotation `%s` did not match the types of the given keys and values, "
            "which are %s and %s",
            spell(f, wanted), spell(f, key), spell(f, value));
        return NULL;
    }
    return wanted;
}

static texpr *check_dict(fn_checker *f, const ast_dict *n, const type *hint)
{
    range at = n->node.at;
    size_t count = 2 * n->keys.n;
    texpr *e = new_texpr(f, TX_DICT, T_ERROR, at, count);
    if (e->n_args != count)
        return error_expr(f, at);
    bool ok = true;
    for (size_t i = 0; i < n->keys.n; i++) {
        e->args[2 * i] = check_expr(f, n->keys.at[i], NULL);
        e->args[2 * i + 1] = check_expr(f, n->values.at[i], NULL);
        ok &= !is_error(e->args[2 * i]) && !is_error(e->args[2 * i + 1]);
    }
    if (!ok)
        return error_expr(f, at);
    if (!count && is_ambiguous(hint, TYPE_DICT))
        return report_ambiguous(f, hint, "dict", at);
    const type *t;
    if (count) {
        t = dict_type_of(f, e->args, count, hint, at);
    } else {
        t = container_hint(hint, TYPE_DICT, NULL);
        t = t ? t : type_dict(T_STR, T_TENSOR);
    }
    if (!t)
        return error_expr(f, at);
    e->type = t;
    return e;
}

/* A tuple literal is a value if all its items are; types in isinstance(x, (int, str)) are not. */
static sval check_tuple(fn_checker *f, const ast_tuple *n)
{
    range at = n->node.at;
    texpr_list items = { 0 };
    sval *svals = ARENA_ARRAY(arena_of(f), sval, n->items.n + 1);
    bool ok = svals != NULL, all_values = true;
    for (size_t i = 0; i < n->items.n && svals; i++) {
        const ast_node *item = n->items.at[i];
        if (item->kind == AST_star) {
            ok &= add_element(f, item, &items);
            continue;
        }
        svals[i] = check_sval(f, item, NULL);
        ok &= svals[i].kind != SVAL_ERROR;
        all_values &= svals[i].kind == SVAL_VALUE;
        if (svals[i].kind == SVAL_VALUE)
            ok &= VEC_PUSH(&items, arena_of(f), svals[i].expr);
    }
    if (!ok || arena_failed(arena_of(f)))
        return error_sval(at);
    if (all_values)
        return value_sval(tuple_expr(f, items.n, items.at, at));
    return (sval){ .kind = SVAL_TUPLE, .at = at, .items = svals, .n_items = n->items.n };
}

/* ---- the walk ---- */

static texpr *unexpected(fn_checker *f, const ast_node *n)
{
    if (n->kind != AST_error)
        diag_error(f->c->d, "not-a-value", n->at,
                   n->kind == AST_ellipsis ? "`...` can only stand in an index"
                   : n->kind == AST_star   ? "a starred expression cannot stand here"
                   : n->kind == AST_slice  ? "a slice can only stand in an index"
                                           : "this cannot be used as a value");
    return error_expr(f, n->at);
}

static texpr *check_value(fn_checker *f, const ast_node *n, const type *hint)
{
    switch (n->kind) {
    case AST_int: return int_const(f, ((const ast_int *)n)->value, n->at);
    case AST_float:
        return new_const(f, VALUE_FLOAT_V(((const ast_float *)n)->value), T_FLOAT, n->at);
    case AST_imaginary: return check_imaginary(f, (const ast_imaginary *)n);
    case AST_string: {
        const ast_string *s = (const ast_string *)n;
        return str_const(f, s->value.s, s->value.n, n->at);
    }
    case AST_fstring: return check_fstring(f, (const ast_fstring *)n);
    case AST_true: return bool_const(f, true, n->at);
    case AST_false: return bool_const(f, false, n->at);
    case AST_none: return none_const(f, n->at);
    case AST_unary: return check_unary(f, (const ast_unary *)n, hint);
    case AST_binary: return check_binary(f, (const ast_binary *)n);
    case AST_bool_chain: return check_condition(f, n).expr;
    case AST_compare: return check_compare(f, (const ast_compare *)n).expr;
    case AST_ternary: return check_ternary(f, (const ast_ternary *)n, hint);
    case AST_list: return check_list(f, (const ast_list *)n, hint);
    case AST_dict: return check_dict(f, (const ast_dict *)n, hint);
    case AST_list_comp: return check_list_comp(f, (const ast_list_comp *)n, hint);
    case AST_dict_comp: return check_dict_comp(f, (const ast_dict_comp *)n, hint);
    default: return unexpected(f, n);
    }
}

/* modules[i] of archive code: a submodule chosen when the program runs, of the interface that is asked for. */
static texpr *index_modules(fn_checker *f, texpr *of, const ast_nodes *indices, const type *wanted, range at)
{
    texpr *args[2] = { of, check_expr(f, indices->at[0], NULL) };
    texpr *e = call_op(f, "prim::ModuleContainerIndex", at, 2, args);
    return is_error(e) ? e : new_cast(f, e, wanted, at);
}

static sval check_subscript(fn_checker *f, const ast_node *n, const type *hint)
{
    const ast_subscript *s = (const ast_subscript *)n;
    sval of = check_sval(f, s->value, NULL);
    if (of.kind == SVAL_ERROR)
        return of;
    if (of.kind == SVAL_TYPE || (of.kind == SVAL_CLASS && of.type->kind != TYPE_ENUM)) {
        const type *t = try_annotation(f->c, f, n);
        if (t)
            return (sval){ .kind = SVAL_TYPE, .at = n->at, .type = t };
    }
    texpr *e = sval_to_value(f, of);
    bool is_container = f->c->archive && e->type->kind == TYPE_CLASS && e->type->cls->is_module;
    if (is_container && hint && hint->kind == TYPE_INTERFACE && s->indices.n == 1)
        return value_sval(index_modules(f, e, &s->indices, hint, n->at));
    return value_sval(get_index(f, e, &s->indices, n->at));
}

sval check_sval(fn_checker *f, const ast_node *n, const type *hint)
{
    if (arena_failed(arena_of(f)))
        return error_sval(n->at);
    switch (n->kind) {
    case AST_name: return lookup_name(f, ((const ast_name *)n)->id, n->at);
    case AST_attribute: {
        const ast_attribute *a = (const ast_attribute *)n;
        return get_attribute(f, check_sval(f, a->value, NULL), a->id, n->at);
    }
    case AST_call: return check_call(f, (const ast_call *)n, hint);
    case AST_subscript: return check_subscript(f, n, hint);
    case AST_tuple: return check_tuple(f, (const ast_tuple *)n);
    default: return value_sval(check_value(f, n, hint));
    }
}

/* The value of `obj.method` or `f` where one is needed: only functions have one. */
static texpr *function_value(fn_checker *f, sval v)
{
    if (!require_schema(f->c, v.fn, v.at))
        return error_expr(f, v.at);
    texpr *e = new_texpr(f, TX_FUNCTION, type_base(TYPE_FUNCTION), v.at, 0);
    e->fn = v.fn;
    return e;
}

static texpr *tuple_value(fn_checker *f, sval v)
{
    texpr **items = ARENA_ARRAY(arena_of(f), texpr *, v.n_items + 1);
    if (!items)
        return error_expr(f, v.at);
    for (size_t i = 0; i < v.n_items; i++)
        items[i] = sval_to_value(f, v.items[i]);
    return tuple_expr(f, v.n_items, items, v.at);
}

texpr *sval_to_value(fn_checker *f, sval v)
{
    diag *d = f->c->d;
    switch (v.kind) {
    case SVAL_VALUE: return v.expr;
    case SVAL_ERROR: break;
    case SVAL_FUNCTION: return function_value(f, v);
    case SVAL_TUPLE: return tuple_value(f, v);
    case SVAL_MODULE:
        diag_error(d, "not-a-value", v.at, "module '%s' cannot be used as a value", v.name);
        break;
    case SVAL_BUILTIN:
    case SVAL_OPERATOR:
        diag_error(d, "not-a-value", v.at, "builtin '%s' cannot be used as a value; call it",
                   v.name);
        break;
    case SVAL_CLASS:
        diag_error(d, "not-a-value", v.at,
                   "class %s cannot be used as a value; call it to make an instance",
                   type_unqualified_name(v.type));
        break;
    case SVAL_TYPE:
        diag_error(d, "not-a-value", v.at, "type %s cannot be used as a value",
                   v.type ? spell(f, v.type) : v.name);
        break;
    case SVAL_METHOD:
        diag_error(d, "not-a-value", v.at, "method '%s' cannot be used as a value; call it",
                   v.name);
        break;
    case SVAL_EXCEPTION:
        diag_error(d, "not-a-value", v.at, "exception %s cannot be used as a value; raise it",
                   v.name);
        break;
    case SVAL_ITERABLE:
        diag_error(d, "not-a-value", v.at,
                   "%s cannot be used as a value; iterate over it or use list()",
                   v.name ? v.name : "an iterable");
        break;
    case SVAL_SLICE:
        diag_error(d, "not-a-value", v.at, "a slice cannot be used as a value; write it in an index");
        break;
    case SVAL_NOTHING:
        diag_error(d, "not-a-value", v.at, "%s() gives no value", v.name);
        break;
    case SVAL_CLOSURE:
        diag_error(d, "not-a-value", v.at,
                   "a nested function can only be passed to torch.jit.fork()");
        break;
    }
    return error_expr(f, v.at);
}

texpr *check_expr(fn_checker *f, const ast_node *n, const type *hint)
{
    return sval_to_value(f, check_sval(f, n, hint));
}
