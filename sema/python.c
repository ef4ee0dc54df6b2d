/* sema/python.c: a plain Python file: what is checked of it, and what is said about the rest.
 *
 * The outline (frontend/script/outline.h) chose what is parsed. Of that, what is marked is checked; all else
 * when something that is checked names it, as PyTorch compiles a function when another one calls it. So
 * Python that only Python calls is never judged. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/warn.h"

#include <string.h>

static outline_item *find_item(const checker *c, const char *name)
{
    return c->options->outline ? outline_find(c->options->outline, name) : NULL;
}

bool python_wants(const checker *c, const ir_function *fn)
{
    const outline_item *it = find_item(c, fn->owner ? type_unqualified_name(fn->owner) : fn->name);
    return !it || it->is_marked || it->is_used;
}

void python_use(const checker *c, const char *name)
{
    outline_item *it = find_item(c, name);
    if (it)
        it->is_used = true;
    const sval *g = it || !c->options->outline ? NULL : strmap_find(&c->globals, name);
    if (g && g->kind == SVAL_ERROR)
        c->options->outline->n_external++;
}

/* The line of a statement's `def` or first word. */
static range head_of(const checker *c, const outline_item *it)
{
    const source *src = c->options->outline->src;
    uint32_t end = it->head;
    while (end < it->end && src->text[end] != '\n')
        end++;
    return (range){ src, it->head, end };
}

bool python_explains(checker *c, const char *name, range at)
{
    outline *o = c->options->outline;
    const outline_item *it = find_item(c, name);
    if (!o)
        return false;
    if (it && (it->is_module || (it->problem && !it->is_marked))) {
        diag_item *e = it->is_module
                           ? diag_error(c->d, "not-scriptable", at, "'%s' is an nn.Module class, which functions "
                                        "cannot use", name)
                           : diag_error(c->d, "not-scriptable", at, "'%s' cannot be compiled: %s", name, it->problem);
        diag_note(c->d, e, head_of(c, it), "it is defined here");
        return true;
    }
    bool is_elsewhere = it ? it->is_overload || it->is_marked : strmap_has(&o->loose, name) || o->imports_all;
    o->n_external += is_elsewhere;
    return is_elsewhere;
}

/* ---- afterwards ---- */

/* Errors where nobody who is checked ever looks are Python's own affair. */
static bool is_our_error(void *ctx, const diag_item *e)
{
    const checker *c = ctx;
    const outline *o = c->options->outline;
    if (e->at.src != c->tree->src)
        return true;
    for (size_t i = 0; i < o->items.n; i++) {
        const outline_item *it = &o->items.at[i];
        if (e->at.begin >= it->begin && e->at.begin < it->end)
            return it->is_marked || it->is_used;
    }
    return true;
}

typedef struct tally {
    size_t n_checked, n_modules, n_definitions, n_statements;
} tally;

static void count_item(checker *c, const outline_item *it, tally *t)
{
    bool is_definition = it->kind == OUTLINE_DEF || it->kind == OUTLINE_CLASS;
    bool is_checked = is_definition && (it->is_marked || (it->is_used && it->is_kept));
    t->n_checked += is_checked;
    t->n_modules += it->is_module;
    t->n_definitions += is_definition && !is_checked && !it->is_module;
    t->n_statements += it->kind == OUTLINE_OTHER;
    if (is_definition && !is_checked)
        warn(c, WARN_skipped_python, head_of(c, it), "'%s' is not checked: it is %s", it->name ? it->name : "?",
             it->is_module ? "an nn.Module class" : "not marked for scripting");
}

static const char *plural(size_t n) { return n == 1 ? "" : "s"; }

void python_finish(checker *c)
{
    const outline *o = c->options->outline;
    tally t = { 0 };
    diag_filter(c->d, is_our_error, c);
    for (size_t i = 0; i < c->keep->functions.n; i++) { /* what was not checked is not there to be called */
        ir_function *fn = c->keep->functions.at[i];
        if (!fn->owner && !python_wants(c, fn))
            strmap_remove_value(&c->unit->functions, fn->name, fn);
    }
    for (size_t i = 0; i < o->items.n; i++)
        count_item(c, &o->items.at[i], &t);
    if (!c->options->warnings)
        return;
    diag_item *it =
        t.n_checked ? diag_remark(c->d, "python-file", (range){ 0 },
                                  "%s: checked %zu definition%s that torch.jit.script marks or needs", o->src->name,
                                  t.n_checked, plural(t.n_checked))
                    : diag_remark(c->d, "python-file", (range){ 0 },
                                  "%s: nothing is marked with torch.jit.script, so nothing was checked", o->src->name);
    if (t.n_modules + t.n_definitions + t.n_statements)
        diag_note(c->d, it, (range){ 0 },
                  "skipped: %zu nn.Module class%s, %zu other definition%s, %zu other statement%s", t.n_modules,
                  t.n_modules == 1 ? "" : "es", t.n_definitions, plural(t.n_definitions), t.n_statements,
                  plural(t.n_statements));
    if (o->n_external)
        diag_note(c->d, it, (range){ 0 }, "names that come from other files are not checked");
}
