/* sema/recursion.c: functions that call themselves, directly or through others.
 *
 * Calls are inlined and unrolled later, so the language has no recursion. The search is depth first
 * over the calls that checking recorded, in source order and with a stack of its own: programs may
 * have chains of thousands of functions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <stdlib.h>

typedef enum visit_state { NOT_VISITED, ON_PATH, DONE } visit_state;

typedef struct visit {
    ir_function *fn;
    size_t next, end; /* its calls, in the sorted array */
    visit_state state;
} visit;

typedef struct search {
    checker *c;
    call_edge *edges; /* grouped by caller, in order of recording */
    size_t n_edges;
    ptrmap visits; /* ir_function * → visit * */
} search;

static visit *find_visit(search *s, ir_function *fn)
{
    visit *v = ptrmap_find(&s->visits, fn);
    if (!v) {
        v = ARENA_NEW(s->visits.arena, visit);
        v->fn = fn;
        ptrmap_set(&s->visits, fn, v);
    }
    return v;
}

/* Group the calls by caller, keeping their order: a counting sort over the callers. */
static bool group_calls(search *s, arena *a)
{
    const checker *c = s->c;
    s->n_edges = c->calls.n;
    s->edges = ARENA_ARRAY(a, call_edge, s->n_edges + 1);
    if (!s->edges)
        return false;
    for (size_t i = 0; i < s->n_edges; i++)
        find_visit(s, c->calls.at[i].caller)->end++;
    size_t start = 0;
    for (size_t i = 0; i < s->visits.n; i++) {
        visit *v = s->visits.entries[i].value;
        v->next = start;
        start += v->end;
        v->end = v->next;
    }
    if (arena_failed(a))
        return false;
    for (size_t i = 0; i < s->n_edges; i++)
        s->edges[find_visit(s, c->calls.at[i].caller)->end++] = c->calls.at[i];
    return true;
}

static void search_from(search *s, visit *first, visit **path)
{
    size_t depth = 0;
    first->state = ON_PATH;
    path[depth++] = first;
    while (depth) {
        visit *v = path[depth - 1];
        if (v->next == v->end) {
            v->state = DONE;
            depth--;
            continue;
        }
        const call_edge *e = &s->edges[v->next++];
        visit *to = ptrmap_find(&s->visits, e->callee);
        if (!to || to->state == DONE)
            continue;
        if (to->state == ON_PATH) {
            diag_error(s->c->d, "recursion", e->at,
                       "function '%s' is called recursively. Recursive calls are not supported",
                       e->callee->name);
            e->caller->state = FUNCTION_FAILED;
            continue;
        }
        to->state = ON_PATH;
        path[depth++] = to;
    }
}

void check_recursion(checker *c)
{
    if (!c->calls.n)
        return;
    arena a;
    arena_init(&a);
    search s = { .c = c };
    ptrmap_init(&s.visits, &a);
    if (group_calls(&s, &a)) {
        visit **path = ARENA_ARRAY(&a, visit *, s.visits.n + 1);
        for (size_t i = 0; path && i < c->keep->functions.n; i++) {
            visit *v = ptrmap_find(&s.visits, c->keep->functions.at[i]);
            if (v && v->state == NOT_VISITED)
                search_from(&s, v, path);
        }
    }
    if (arena_failed(&a))
        c->arena->failed = true;
    arena_fini(&a);
}
