/* ir/type_match.c: binding the type variables of a schema (`t`, `tVal`) to the types of a call.
 *
 * The first actual type binds a variable; later ones must unify with the binding, which stays as it is:
 * whether they also fit it is the subtype test's business afterwards. Rules and sentences are those of
 * PyTorch's matchTypeVariables(). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"
#include "ir/type_internal.h"

#include <stdarg.h>

typedef struct matcher {
    strmap *bindings;
    arena *a;
    const char **why;
} matcher;

static const type *match(matcher *m, const type *formal, const type *actual);

static const type *mismatch(matcher *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static const type *mismatch(matcher *m, const char *format, ...)
{
    if (m->why) {
        va_list ap;
        va_start(ap, format);
        *m->why = arena_vprintf(m->a, format, ap);
        va_end(ap);
    }
    return NULL;
}

static const type *match_var(matcher *m, const type *formal, const type *actual)
{
    const type *bound = strmap_find(m->bindings, formal->name);
    if (!bound)
        return strmap_set(m->bindings, formal->name, (void *)actual) ? actual : NULL;
    if (type_unify(bound, actual))
        return bound;
    return mismatch(m, "Type variable '%s' previously matched to type %s is matched to type %s",
                    formal->name, type_str(m->a, bound), type_str(m->a, actual));
}

/* A tuple whose members unify may stand for a list. */
static const type *unify_members(const type *of)
{
    const type *t = of->n_args ? of->args[0] : NULL;
    for (size_t i = 1; i < of->n_args && t; i++)
        t = type_unify(t, of->args[i]);
    return t;
}

static const type *match_list(matcher *m, const type *formal, const type *actual)
{
    const type *elem = NULL;
    if (actual->kind == TYPE_LIST)
        elem = type_elem(actual);
    else if (actual->kind == TYPE_TUPLE || actual->kind == TYPE_NAMED_TUPLE)
        elem = unify_members(actual);
    if (!elem)
        return mismatch(m, "Cannot match %s to %s", type_str(m->a, formal), type_str(m->a, actual));
    const type *t = match(m, type_elem(formal), elem);
    return t ? type_list(t) : NULL;
}

static const type *match_tuple(matcher *m, const type *formal, const type *actual)
{
    if (actual->kind != TYPE_TUPLE && actual->kind != TYPE_NAMED_TUPLE)
        return mismatch(m, "Cannot match a tuple to %s", type_str(m->a, actual));
    if (actual->n_args != formal->n_args)
        return mismatch(m, "Cannot match tuples of mismatched size");
    VEC(const type *) parts = { 0 };
    const type *result = NULL;
    while (parts.n < formal->n_args) {
        const type *t = match(m, formal->args[parts.n], actual->args[parts.n]);
        if (!t || !VEC_PUSH(&parts, NULL, t))
            goto done;
    }
    result = type_tuple(parts.at, parts.n);
done:
    VEC_FINI(&parts);
    return result;
}

static const type *match_optional(matcher *m, const type *formal, const type *actual)
{
    if (actual->kind == TYPE_NONE)
        return mismatch(m, "Cannot match an Optional[T] to None, because there is no way to "
                           "determine T from None");
    const type *t = match(m, type_elem(formal), type_without_none(actual));
    return t ? type_optional(t) : NULL;
}

static const type *match_dict(matcher *m, const type *formal, const type *actual)
{
    if (actual->kind != TYPE_DICT)
        return mismatch(m, "Cannot match a dict to %s", type_str(m->a, actual));
    const type *key = match(m, formal->args[0], actual->args[0]);
    const type *value = key ? match(m, formal->args[1], actual->args[1]) : NULL;
    return value ? type_dict(key, value) : NULL;
}

static const type *match_wrapper(matcher *m, const type *formal, const type *actual)
{
    if (actual->kind != formal->kind)
        return mismatch(m, "Cannot match a %s to %s",
                        formal->kind == TYPE_FUTURE ? "future" : "rref", type_str(m->a, actual));
    const type *t = match(m, type_elem(formal), type_elem(actual));
    if (!t)
        return NULL;
    return formal->kind == TYPE_FUTURE ? type_future(t) : type_rref(t);
}

static const type *match(matcher *m, const type *formal, const type *actual)
{
    if (!formal->has_vars)
        return formal;
    if (type_is_error(actual))
        return actual;
    switch ((type_kind)formal->kind) {
    case TYPE_VAR:      return match_var(m, formal, actual);
    case TYPE_LIST:     return match_list(m, formal, actual);
    case TYPE_TUPLE:    return match_tuple(m, formal, actual);
    case TYPE_OPTIONAL: return match_optional(m, formal, actual);
    case TYPE_DICT:     return match_dict(m, formal, actual);
    case TYPE_FUTURE: case TYPE_RREF:
        return match_wrapper(m, formal, actual);
    default:
        return mismatch(m, "Cannot match %s to %s", type_str(m->a, formal), type_str(m->a, actual));
    }
}

const type *type_match(const type *formal, const type *actual, strmap *bindings, arena *a,
                       const char **why)
{
    return match(&(matcher){ bindings, a, why }, formal, actual);
}
