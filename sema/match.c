/* sema/match.c: one call against one schema (spec/language.md §7.3–7.5).
 *
 * Matching decides and remembers (a slot per formal argument) but builds nothing, so that refusing
 * one of forty overloads costs a few comparisons and no memory. Only the winner's arguments are
 * made, and only when all candidates have failed are the reasons put into words. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

/* Type variables bound so far; the map is made when the first one is met. */
typedef struct env {
    fn_checker *f;
    strmap bindings;
    bool is_ready;
} env;

static const type *inner(const type *t) { return t->kind == TYPE_OPTIONAL ? type_elem(t) : t; }

/* Container kinds that can never match, found without binding anything. */
static bool kinds_clash(const type *formal, const type *actual)
{
    formal = inner(formal);
    actual = inner(actual);
    switch ((type_kind)formal->kind) {
    case TYPE_LIST: return actual->kind != TYPE_LIST && !is_tuple_like(actual);
    case TYPE_DICT:
        return actual->kind != TYPE_DICT
               || (!formal->args[0]->has_vars && formal->args[0] != actual->args[0]);
    case TYPE_FUTURE: return actual->kind != TYPE_FUTURE;
    case TYPE_TUPLE: return !is_tuple_like(actual);
    default: return false;
    }
}

/* The formal with its variables replaced by what `actual` makes of them, or NULL. */
static const type *bind_formal(env *v, const type *formal, const type *actual, const char **why)
{
    if (!formal->has_vars || type_is_error(actual))
        return formal->has_vars ? T_ERROR : formal;
    if (kinds_clash(formal, actual))
        return NULL;
    if (formal->kind == TYPE_LIST && is_tuple_like(actual)) {
        const type *elem = tuple_unified(actual);
        actual = elem ? type_list(elem) : NULL;
        if (!actual)
            return NULL;
    }
    if (!v->is_ready) {
        strmap_init(&v->bindings, arena_of(v->f));
        v->is_ready = true;
    }
    return type_match(formal, actual, &v->bindings, arena_of(v->f), why);
}

/* A single number where N of them are wanted (`kernel_size=3` for int[2]). */
static bool is_repeated(const schema_arg *formal, const type *actual)
{
    if (!formal->sized || (actual->kind != TYPE_INT && actual->kind != TYPE_FLOAT))
        return false;
    const type *t = inner(formal->type);
    return t->kind == TYPE_LIST && type_elem(t) == actual;
}

static bool match_value(env *v, const schema_arg *formal, texpr *value, bool implicit, slot *ret)
{
    ret->value = value;
    if (formal->type == value->type) {
        ret->source = SLOT_VALUE;
        ret->type = formal->type;
        if (!formal->type->has_vars)
            return true;
    }
    if (is_repeated(formal, value->type)) {
        ret->source = SLOT_REPEAT;
        ret->type = inner(formal->type);
        return true;
    }
    const type *t = bind_formal(v, formal->type, value->type, NULL);
    ret->source = SLOT_VALUE;
    ret->type = t;
    return t && can_convert(value, t, implicit);
}

/* May the rest of the positionals form the list for this argument (`torch.zeros(2, 3)`)? */
static bool takes_rest(const schema *s, size_t i)
{
    const schema_arg *arg = &s->args[i];
    bool is_last = i + 1 == s->n_args || s->args[i + 1].keyword_only;
    return is_last && arg->type->kind == TYPE_LIST && !arg->sized
           && type_elem(arg->type)->kind != TYPE_VAR;
}

static bool match_rest(const schema_arg *formal, const actuals *a, size_t first, bool implicit,
                       slot *ret, mismatch *why)
{
    const type *elem = type_elem(formal->type);
    *ret = (slot){ .source = SLOT_REST, .first = first, .type = formal->type };
    for (size_t i = first; i < a->n_positional; i++)
        if (!can_convert(a->positional[i], elem, implicit)) {
            *why = (mismatch){ .kind = MISMATCH_TYPE,
                               .value = a->positional[i],
                               .wanted = formal->type };
            return false;
        }
    return true;
}

static bool same_keyword(const actuals *a, const char *formal, const char *given)
{
    if (strcmp(formal, given) == 0)
        return true;
    return a->is_operator && strcmp(formal, "self") == 0 && strcmp(given, "input") == 0;
}

static const call_arg *find_keyword(actuals *a, const char *name)
{
    for (size_t i = 0; i < a->n_keyword; i++)
        if (same_keyword(a, name, a->keyword[i]->keyword)) {
            a->keyword_used[i] = true;
            return a->keyword[i];
        }
    return NULL;
}

static bool all_keywords_used(const schema *s, const actuals *a, mismatch *why)
{
    for (size_t i = 0; i < a->n_keyword; i++) {
        if (a->keyword_used[i])
            continue;
        bool known = false;
        for (size_t k = 0; k < s->n_args && !known; k++)
            known = same_keyword(a, s->args[k].name, a->keyword[i]->keyword);
        *why = (mismatch){ .kind = known ? MISMATCH_TWICE : MISMATCH_UNKNOWN_KEYWORD,
                           .keyword = a->keyword[i],
                           .formal = s->n_args };
        return false;
    }
    return true;
}

/* `g(1, a=2)`: a keyword for one of the first n formals, which a positional argument filled. Or NULL. */
static const call_arg *repeated_keyword(const schema *s, size_t n, const actuals *a)
{
    for (size_t k = 0; k < a->n_keyword; k++)
        for (size_t i = 0; i < n && !a->keyword_used[k]; i++)
            if (same_keyword(a, s->args[i].name, a->keyword[k]->keyword))
                return a->keyword[k];
    return NULL;
}

/* A formal's type with what is known of its variables put in; as it is where something is not known. */
static const type *with_bindings(env *v, const type *t)
{
    const type *known = v->is_ready ? type_substitute(t, &v->bindings) : NULL;
    return known ? known : t;
}

/* The value for formal i, in the order the reference looks: receiver, positional, keyword, default.
 */
static bool match_formal(env *v, const schema *s, size_t i, actuals *a, bool implicit,
                         bool *receiver_used, size_t *used, slot *ret, mismatch *why)
{
    const schema_arg *formal = &s->args[i];
    texpr *value = NULL;
    const call_arg *keyword = NULL;
    *why = (mismatch){ .kind = MISMATCH_TYPE, .wanted = formal->type };
    if (a->receiver && !*receiver_used && strcmp(formal->name, "self") == 0) {
        *receiver_used = true;
        value = a->receiver;
    } else if (!formal->keyword_only && *used < a->n_positional) {
        value = a->positional[*used];
        if (implicit && takes_rest(s, i) && value->type->kind != TYPE_LIST
            && !can_convert(value, formal->type, false)) {
            bool ok = match_rest(formal, a, *used, implicit, ret, why);
            *used = a->n_positional;
            why->formal = i;
            return ok;
        }
        ++*used;
    } else if (a->n_keyword && (keyword = find_keyword(a, formal->name))) {
        value = keyword->value;
    } else if (formal->has_default) {
        *ret = (slot){ .source = SLOT_DEFAULT, .type = formal->type };
        return true;
    } else {
        keyword = repeated_keyword(s, i, a);
        *why = (mismatch){ .kind = keyword ? MISMATCH_TWICE : MISMATCH_MISSING, .formal = i, .keyword = keyword };
        return false;
    }
    if (match_value(v, formal, value, implicit, ret))
        return true;
    why->kind = ret->type ? MISMATCH_TYPE : MISMATCH_VARIABLE;
    why->formal = i;
    why->value = value;
    why->keyword = keyword;
    why->wanted = ret->type ? ret->type : with_bindings(v, formal->type);
    return false;
}

bool match_schema(fn_checker *f, const schema *s, actuals *a, bool implicit, matched *m,
                  mismatch *why)
{
    env v = { .f = f };
    size_t used = 0;
    bool receiver_used = false;
    if (!s->is_vararg && a->n_positional > s->n_args && !(implicit && s->n_args))
        goto too_many;
    for (size_t i = 0; i < a->n_keyword; i++)
        a->keyword_used[i] = false;
    for (size_t i = 0; i < s->n_args; i++)
        if (!match_formal(&v, s, i, a, implicit, &receiver_used, &used, &m->slots[i], why))
            return false;
    if (a->receiver && !receiver_used) {
        *why = (mismatch){ .kind = MISMATCH_NO_SELF };
        return false;
    }
    m->first_extra = used;
    if (used < a->n_positional && !s->is_vararg)
        goto too_many;
    if (a->n_keyword && !all_keywords_used(s, a, why))
        return false;
    m->result = schema_result_type(s);
    if (m->result && m->result->has_vars)
        m->result = v.is_ready ? type_substitute(m->result, &v.bindings) : NULL;
    if (!m->result)
        *why =
            (mismatch){ .kind = MISMATCH_NONE, .formal = s->n_args }; /* no memory for the type */
    return m->result != NULL;
too_many:
    *why = (mismatch){ .kind = MISMATCH_TOO_MANY,
                       .n_most = used ? used : s->n_args,
                       .formal = s->n_args };
    return false;
}

/* ---- building ---- */

static texpr *repeat(fn_checker *f, const schema_arg *formal, const slot *s)
{
    texpr *l = new_texpr(f, TX_LIST, s->type, s->value->at, (size_t)formal->sized);
    texpr *e = share(f, s->value);
    for (size_t i = 0; i < l->n_args; i++)
        l->args[i] = e;
    return l;
}

static texpr *pack_rest(fn_checker *f, const slot *s, const actuals *a)
{
    size_t n = a->n_positional - s->first;
    range at = n ? range_join(a->positional[s->first]->at, a->positional[a->n_positional - 1]->at)
                 : (range){ 0 };
    texpr *l = new_texpr(f, TX_LIST, s->type, at, n);
    for (size_t i = 0; i < l->n_args; i++)
        l->args[i] = convert(f, a->positional[s->first + i], type_elem(s->type));
    return l;
}

static texpr *default_value(fn_checker *f, const schema_arg *formal, const type *t, range at)
{
    jit_value v = formal->default_value;
    if (v.tag == VALUE_NONE)
        t = T_NONE;
    else if (t->kind == TYPE_OPTIONAL)
        t = type_elem(t);
    return new_const(f, value_ref(v), t, at);
}

/* Was formal i given by keyword k? */
static bool is_by_keyword(const schema *s, const actuals *a, const matched *m, size_t i, size_t k)
{
    return m->slots[i].source != SLOT_DEFAULT && m->slots[i].value == a->keyword[k]->value
           && same_keyword(a, s->args[i].name, a->keyword[k]->keyword);
}

/* Arguments are evaluated as they stand in the call: positional ones, then keywords; defaults come last. */
static const uint32_t *order_of(fn_checker *f, const schema *s, const actuals *a, const matched *m, size_t n)
{
    uint32_t *order = a->n_keyword ? ARENA_ARRAY(arena_of(f), uint32_t, n + 1) : NULL;
    size_t used = 0;
    bool is_natural = true;
    for (size_t i = 0; order && i < s->n_args; i++) {
        bool is_positional = m->slots[i].source != SLOT_DEFAULT;
        for (size_t k = 0; k < a->n_keyword && is_positional; k++)
            is_positional = !is_by_keyword(s, a, m, i, k);
        if (is_positional)
            order[used++] = (uint32_t)i;
    }
    for (size_t i = s->n_args; order && i < n; i++)
        order[used++] = (uint32_t)i;
    for (size_t k = 0; order && k < a->n_keyword; k++)
        for (size_t i = 0; i < s->n_args; i++)
            if (is_by_keyword(s, a, m, i, k))
                order[used++] = (uint32_t)i;
    for (size_t i = 0; order && i < s->n_args; i++)
        if (m->slots[i].source == SLOT_DEFAULT)
            order[used++] = (uint32_t)i;
    for (size_t i = 0; order && i < n; i++)
        is_natural &= order[i] == i;
    return is_natural ? NULL : order;
}

full_args match_args(fn_checker *f, const schema *s, const actuals *a, const matched *m, range at)
{
    size_t extra = s->is_vararg ? a->n_positional - m->first_extra : 0;
    full_args full = { .at = ARENA_ARRAY(arena_of(f), texpr *, s->n_args + extra + 1) };
    texpr **args = full.at;
    full.n = args ? s->n_args + extra : 0;
    for (size_t i = 0; args && i < s->n_args; i++) {
        const slot *from = &m->slots[i];
        switch (from->source) {
        case SLOT_VALUE: args[i] = convert(f, from->value, from->type); break;
        case SLOT_REPEAT: args[i] = repeat(f, &s->args[i], from); break;
        case SLOT_REST: args[i] = pack_rest(f, from, a); break;
        case SLOT_DEFAULT: args[i] = default_value(f, &s->args[i], from->type, at); break;
        }
    }
    for (size_t i = 0; args && i < extra; i++)
        args[s->n_args + i] = a->positional[m->first_extra + i];
    full.order = order_of(f, s, a, m, full.n);
    return full;
}

void take_args(texpr *e, const full_args *args, size_t skip)
{
    for (size_t i = 0; i < e->n_args; i++)
        e->args[i] = args->at[i + skip];
    if (e->n_args + skip == args->n && args->order)
        e->order = args->order + skip;
}

bool make_actuals(fn_checker *f, const call_args *args, texpr *receiver, actuals *ret)
{
    arena *mem = arena_of(f);
    *ret = (actuals){ .receiver = receiver };
    ret->positional = ARENA_ARRAY(mem, texpr *, args->n + 1);
    if (!ret->positional)
        return false;
    bool ok = true;
    for (size_t i = 0; i < args->n; i++) {
        call_arg *arg = &args->at[i];
        if (!arg->value)
            arg->value = sval_to_value(f, arg->sv);
        ok &= !is_error(arg->value);
        if (!arg->keyword) {
            ret->positional[ret->n_positional++] = arg->value;
            continue;
        }
        if (!ret->keyword) {
            ret->keyword = ARENA_ARRAY(mem, const call_arg *, args->n);
            ret->keyword_used = ARENA_ARRAY(mem, bool, args->n);
            if (!ret->keyword || !ret->keyword_used)
                return false;
        }
        ret->keyword[ret->n_keyword++] = arg;
    }
    return ok && !(receiver && is_error(receiver)) && !arena_failed(mem);
}

/* ---- reasons ---- */

static const char *type_words(fn_checker *f, const schema_arg *formal, const type *t)
{
    if (formal && formal->sized && t->kind == TYPE_LIST)
        return arena_printf(arena_of(f), "%s or %s", spell(f, type_elem(t)), spell(f, t));
    return spell(f, t);
}

const char *explain_mismatch(fn_checker *f, const schema *s, const char *callee, const actuals *a,
                             const mismatch *m)
{
    arena *mem = arena_of(f);
    const schema_arg *formal = m->formal < s->n_args ? &s->args[m->formal] : NULL;
    const char *name = formal ? formal->name : "";
    switch (m->kind) {
    case MISMATCH_NONE: break;
    case MISMATCH_TYPE:
    case MISMATCH_VARIABLE:
        return arena_printf(mem, "argument '%s' of %s must be %s, not %s", name, callee,
                            type_words(f, formal, m->wanted), spell(f, m->value->type));
    case MISMATCH_MISSING:
        return arena_printf(mem, "%s needs a value for argument '%s'", callee, name);
    case MISMATCH_TOO_MANY:
        return arena_printf(mem, "%s takes at most %zu positional argument%s, not %zu", callee,
                            m->n_most, m->n_most == 1 ? "" : "s", a->n_positional);
    case MISMATCH_UNKNOWN_KEYWORD:
        return arena_printf(mem, "%s has no argument named '%s'", callee, m->keyword->keyword);
    case MISMATCH_TWICE:
        return arena_printf(mem, "%s gets argument '%s' twice", callee, m->keyword->keyword);
    case MISMATCH_NO_SELF: return arena_printf(mem, "%s is not a method", callee);
    }
    return "it does not fit";
}

static const char *mismatch_code(mismatch_kind k)
{
    static const char *const codes[] = {
        [MISMATCH_NONE] = "bad-argument",           [MISMATCH_TYPE] = "bad-argument",
        [MISMATCH_VARIABLE] = "bad-argument",       [MISMATCH_MISSING] = "missing-argument",
        [MISMATCH_TOO_MANY] = "too-many-arguments", [MISMATCH_UNKNOWN_KEYWORD] = "unknown-keyword",
        [MISMATCH_TWICE] = "duplicate-argument",    [MISMATCH_NO_SELF] = "bad-argument",
    };
    return codes[k];
}

/* `g(1)` where g takes a float: nothing is converted on the way in. */
static void note_number(fn_checker *f, diag_item *it, const texpr *value, const type *wanted)
{
    const type *have = value->type;
    bool is_list = have->kind == TYPE_LIST && wanted->kind == TYPE_LIST;
    const type *a = is_list ? type_elem(have) : have, *b = is_list ? type_elem(wanted) : wanted;
    if (a->kind == TYPE_INT && b->kind == TYPE_FLOAT && value->kind != TX_CONST)
        diag_note(f->c->d, it, value->at, is_list ? "an int is not converted to float: write floats, or "
                  "[float(i) for i in …]" : "an int is not converted to float by itself: float(…) does it");
    else if (a->kind == TYPE_INT && b->kind == TYPE_FLOAT)
        diag_note(f->c->d, it, value->at, "an int is not converted to float by itself: write it with a point");
    else if (a->kind == TYPE_FLOAT && b->kind == TYPE_INT && !is_list)
        diag_note(f->c->d, it, value->at, "int(…) makes an int of it, without the fraction");
}

static void note_argument(fn_checker *f, diag_item *it, const schema_arg *formal, const mismatch *m)
{
    if (m->kind != MISMATCH_TYPE && m->kind != MISMATCH_VARIABLE)
        return;
    note_optional(f, it, m->value);
    note_number(f, it, m->value, m->wanted);
    const type *t = m->value->type;
    if (m->kind == MISMATCH_VARIABLE && is_tensor(m->wanted))
        diag_note(f->c->d, it, m->value->at,
                  "an empty list is a List[Tensor] unless its variable is annotated: `x: List[%s] = []`", spell(f, t));
    if (t->kind == TYPE_LIST && is_tensor(type_elem(t)) && m->wanted->kind == TYPE_LIST)
        diag_note(f->c->d, it, m->value->at,
                  "an empty list is a List[Tensor] unless its variable is annotated: "
                  "`x: %s = []`",
                  spell(f, m->wanted));
    if (t->kind == TYPE_LIST && m->wanted->kind == TYPE_LIST && type_is_subtype(type_elem(t), type_elem(m->wanted)))
        diag_note(f->c->d, it, m->value->at, "the callee could add other elements: annotate the variable `x: %s`",
                  spell(f, m->wanted));
    if (formal && formal->at.src)
        diag_note(f->c->d, it, formal->at,
                  formal->is_inferred ? "'%s' is declared here; without annotation it is a Tensor"
                                      : "'%s' is declared here",
                  formal->name);
}

void report_mismatch(fn_checker *f, const schema *s, const char *callee, const actuals *a,
                     const mismatch *m, range at)
{
    range where = m->value ? m->value->at : at;
    if (m->keyword)
        where = m->keyword->at;
    if (m->kind == MISMATCH_TOO_MANY && m->n_most < a->n_positional)
        where = a->positional[m->n_most]->at;
    if (!where.src)
        where = at;
    diag_item *it = diag_error(f->c->d, mismatch_code(m->kind), where, "%s",
                               explain_mismatch(f, s, callee, a, m));
    const schema_arg *formal = m->formal < s->n_args ? &s->args[m->formal] : NULL;
    note_argument(f, it, formal, m);
    if (m->kind == MISMATCH_UNKNOWN_KEYWORD)
        for (size_t i = 0; i < s->n_args; i++)
            if (text_is_slip(m->keyword->keyword, s->args[i].name)) {
                diag_note(f->c->d, it, where, "did you mean '%s'?", s->args[i].name);
                break;
            }
}
