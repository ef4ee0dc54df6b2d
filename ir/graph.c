/* ir/graph.c: graphs: making and freeing them, and the names of their values. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph.h"

#include "base/alloc.h"
#include "ir/graph_internal.h"

#include <ctype.h>
#include <string.h>

ir_graph *ir_graph_new(ir_unit *unit)
{
    ir_graph_box *box = mem_calloc(1, sizeof *box);
    if (!box)
        return NULL;
    ir_graph *g = &box->graph;
    arena_init(&g->arena);
    strmap_init(&g->names, &g->arena);
    strmap_init(&g->suffixes, &g->arena);
    g->unit = unit;
    g->name = "graph";
    g->body = ir_block_new(g, NULL);
    type_text_install();
    if (!ir_graph_failed(g))
        return g;
    ir_graph_free(g);
    return NULL;
}

void ir_graph_free(ir_graph *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->values.n; i++)
        value_unref(g->values.at[i]);
    VEC_FINI(&g->values);
    for (size_t i = 0; i < g->subgraphs.n; i++)
        ir_graph_free(g->subgraphs.at[i]);
    VEC_FINI(&g->subgraphs);
    for (size_t i = 0; i < g->sources.n; i++)
        source_unref(g->sources.at[i]);
    VEC_FINI(&g->sources);
    arena_fini(&g->arena);
    mem_free(g);
}

void ir_graph_keep_source(ir_graph *g, const source *s)
{
    if (!s || (g->sources.n && VEC_LAST(&g->sources) == s))
        return;
    for (size_t i = 0; i < g->sources.n; i++)
        if (g->sources.at[i] == s)
            return;
    if (VEC_PUSH(&g->sources, NULL, s))
        source_ref(s);
    else
        g->arena.failed = true;
}

/* ---- names ------------------------------------------------------------------------------------ */

static bool is_all_digits(const char *s)
{
    while (isdigit((unsigned char)*s))
        s++;
    return *s == '\0';
}

/* `_`, `_0`, "", `$x`: made up by a front end, of no use to a reader. Nor is what no text can hold: modules may be called
 * anything. */
static bool has_meaning(const char *name)
{
    const char *end = name;
    while (ir_is_name_char(*end))
        end++;
    return *name != '\0' && !*end && !(*name == '_' && is_all_digits(name + 1));
}

/* Length of a name without its `.123`; *ret_suffix is that number, 1 without. */
static size_t base_length(const char *name, uint64_t *ret_suffix)
{
    *ret_suffix = 1;
    const char *dot = strrchr(name, '.');
    if (!dot || dot[1] == '\0' || !is_all_digits(dot + 1) || strlen(dot + 1) > 9)
        return strlen(name);
    *ret_suffix = 0;
    for (const char *s = dot + 1; *s; s++)
        *ret_suffix = *ret_suffix * 10 + (uint64_t)(*s - '0');
    return (size_t)(dot - name);
}

/* Names base.k: the highest k in use. */
typedef struct name_family {
    uint64_t used;
    size_t n_base;
    char base[];
} name_family;

static name_family *find_family(ir_graph *g, const char *name, size_t n_base)
{
    char small[64];
    const char *base = name;
    if (name[n_base] != '\0' && n_base < sizeof small) {
        memcpy(small, name, n_base);
        small[n_base] = '\0';
        base = small;
    } else if (name[n_base] != '\0') {
        base = arena_strndup(&g->arena, name, n_base);
    }
    name_family *known = strmap_find(&g->suffixes, base);
    if (known)
        return known;
    name_family *made = arena_alloc(&g->arena, sizeof *made + n_base + 1);
    if (!made || ir_graph_failed(g))
        return NULL;
    made->n_base = n_base;
    memcpy(made->base, name, n_base);
    strmap_set(&g->suffixes, made->base, made);
    return made;
}

/* "base.k". This runs for every second read of a variable: too often for printf. */
static const char *numbered_name(ir_graph *g, const name_family *f, uint64_t k)
{
    char digits[20];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + k % 10);
    while ((k /= 10) > 0);
    char *name = arena_alloc(&g->arena, f->n_base + 1 + n + 1);
    if (!name || ir_graph_failed(g))
        return NULL;
    memcpy(name, f->base, f->n_base);
    char *s = name + f->n_base;
    *s++ = '.';
    while (n)
        *s++ = digits[--n];
    return name;
}

/* The next free name base.k, now v's; NULL: no memory. */
static const char *take_next_name(ir_value *v, const char *name)
{
    ir_graph *g = v->node->graph;
    uint64_t suffix;
    name_family *f = find_family(g, name, base_length(name, &suffix));
    if (!f)
        return NULL;
    if (f->used < suffix)
        f->used = suffix - 1;
    const char *free_name;
    void **place;
    do {
        free_name = numbered_name(g, f, ++f->used);
        place = free_name ? strmap_place(&g->names, free_name) : NULL;
    } while (place && *place);
    if (place)
        *place = v;
    return ir_graph_failed(g) ? NULL : free_name;
}

void ir_value_drop_name(ir_value *v)
{
    if (v->name)
        strmap_remove_value(&v->node->graph->names, v->name, v);
    v->name = NULL;
}

void ir_value_force_name(ir_value *v, const char *name)
{
    ir_graph *g = v->node->graph;
    if (v->name && strcmp(v->name, name) == 0)
        return;
    ir_value_drop_name(v);
    if (is_all_digits(name)) // the printed form of values without a name
        return;
    void **place = strmap_find_place(&g->names, name);
    ir_value *owner = place ? *place : NULL;
    const char *own = owner ? owner->name : arena_strdup(&g->arena, name);
    if (owner) {
        *place = v; // the key of the entry is the old owner's string, which lives as long as the graph
        owner->name = take_next_name(owner, name);
        if (!owner->name)
            return;
    } else {
        strmap_set(&g->names, own, v);
    }
    v->name = ir_graph_failed(g) ? NULL : own;
}

void ir_value_set_name(ir_value *v, const char *name)
{
    if (name && has_meaning(name))
        ir_value_force_name(v, name);
}

void ir_value_copy_name(ir_value *v, const ir_value *from)
{
    uint64_t suffix;
    if (!from->name || !has_meaning(from->name))
        return;
    size_t n = base_length(from->name, &suffix);
    ir_value_set_name(v, arena_strndup(&v->node->graph->arena, from->name, n));
}
