/* sema/refine.c: what a condition proves about the types of variables.
 *
 * Facts are about plain names only. Two facts that say different things about one name cancel
 * instead of meeting in the narrower type: that is the reference's rule, and it decides which
 * programs are accepted. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <string.h>

static fact *find_fact(const fact_list *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->at[i].name, name))
            return &l->at[i];
    return NULL;
}

static void remove_fact(fact_list *l, fact *x)
{
    size_t i = (size_t)(x - l->at);
    memmove(x, x + 1, (l->n - i - 1) * sizeof *x);
    l->n--;
}

void facts_and(fn_checker *f, fact_list *into, const fact_list *other)
{
    for (size_t i = 0; i < other->n; i++) {
        fact *same = find_fact(into, other->at[i].name);
        if (!same)
            VEC_PUSH(into, &f->tree->arena, other->at[i]);
        else if (same->type != other->at[i].type)
            remove_fact(into, same);
    }
}

void facts_or(fn_checker *f, fact_list *into, const fact_list *other)
{
    (void)f;
    for (size_t i = into->n; i-- > 0;) {
        const fact *same = find_fact(other, into->at[i].name);
        if (!same || same->type != into->at[i].type)
            remove_fact(into, &into->at[i]);
    }
}

void apply_facts(fn_checker *f, const fact_list *facts, range at)
{
    for (size_t i = 0; i < facts->n; i++) {
        const fact *x = &facts->at[i];
        const binding *b = find_binding(f, x->name);
        if (!b || !b->var || b->var->type == x->type || type_is_error(b->var->type))
            continue;
        tvar *whole = b->var;
        tvar *origin = b->refines ? b->refines : whole;
        const type *declared = b->declared;
        range assigned_at = b->at;
        texpr *cast = new_cast(f, read_var(f, whole, at), x->type, at);
        tvar *narrow = new_tvar(f, x->name, x->type);
        emit_assign(f, narrow, cast, at);
        binding *own = own_binding(f, x->name);
        own->var = narrow;
        own->refines = origin;
        own->declared = declared;
        own->at = assigned_at;
    }
}
