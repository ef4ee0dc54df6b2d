/* runtime/api/origin.c: from places in an archive's code to the places in the user's sources they were printed from.
 *
 * The archive keeps them in `.debug_pkl` records (debug_pkl.c). A table is read when a place in its file is first asked
 * for. Tables are a courtesy: a malformed one is as good as none. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/code.h"

#include "runtime/archive/pickle.h"

#include <stdlib.h>
#include <string.h>

struct origin_table {
    VEC(script_range) ranges; /* sorted by offset */
};

void api_origins_init(api_origins *o, container *file)
{
    *o = (api_origins){ .file = file };
    arena_init(&o->arena);
    ptrmap_init(&o->tables, &o->arena);
}

void api_origins_fini(api_origins *o)
{
    for (size_t i = 0; i < o->sources.n; i++)
        source_unref(o->sources.at[i]);
    VEC_FINI(&o->sources);
    arena_fini(&o->arena);
}

/* ---- reading a table ------------------------------------------------------------------------------ */

static const tuple *as_tuple(jit_value v, size_t n)
{
    return v.tag == VALUE_TUPLE && v.tuple->n == n ? v.tuple : NULL;
}

static const str *string_at(const tuple *strings, jit_value index)
{
    bool is_good = index.tag == VALUE_INT && index.i >= 0 && (size_t)index.i < strings->n
                   && strings->at[index.i].tag == VALUE_STR;
    return is_good ? strings->at[index.i].s : NULL;
}

/* The source a tuple describes; NULL: none, or malformed. */
static const source *read_source(api_origins *o, const tuple *strings, const tuple *parts)
{
    const str *name = string_at(strings, parts->at[1]);
    if (parts->at[0].tag != VALUE_LIST || parts->at[0].list->storage != LIST_INTS || !parts->at[0].list->n || !name
        || parts->at[2].tag != VALUE_INT)
        return NULL;
    text whole;
    text_init(&whole, NULL);
    bool is_good = true;
    for (size_t i = 0; i < parts->at[0].list->n && is_good; i++) {
        const str *line = string_at(strings, list_peek(parts->at[0].list, i));
        is_good = line != NULL;
        if (line)
            text_add_bytes(&whole, line->s, line->n);
    }
    source *src = is_good && !whole.failed ? source_new(name->s, whole.s, whole.n) : NULL;
    text_fini(&whole);
    if (!src)
        return NULL;
    src->first_line = (uint32_t)parts->at[2].i;
    if (!VEC_PUSH(&o->sources, NULL, src)) {
        source_unref(src);
        return NULL;
    }
    return src;
}

/* The range of one entry; sources: tuples that were read before. */
static bool read_entry(api_origins *o, const tuple *strings, ptrmap *sources, jit_value entry, script_range *ret)
{
    const tuple *parts = as_tuple(entry, 3), *place = parts ? as_tuple(parts->at[1], 3) : NULL;
    const tuple *of = place ? as_tuple(place->at[0], 3) : NULL;
    if (!of || parts->at[0].tag != VALUE_INT || place->at[1].tag != VALUE_INT || place->at[2].tag != VALUE_INT)
        return false;
    if (!ptrmap_has(sources, of) && !ptrmap_set(sources, of, (void *)read_source(o, strings, of)))
        return false;
    const source *src = ptrmap_find(sources, of);
    int64_t begin = place->at[1].i, end = place->at[2].i;
    *ret = (script_range){ .offset = (size_t)parts->at[0].i };
    if (src && begin >= 0 && begin <= end && end <= src->n_bytes)
        ret->at = (range){ src, (uint32_t)begin, (uint32_t)end };
    return true;
}

static void read_table(api_origins *o, jit_value v, struct origin_table *t)
{
    const tuple *whole = as_tuple(v, 3);
    if (!whole || whole->at[1].tag != VALUE_TUPLE || whole->at[2].tag != VALUE_TUPLE)
        return;
    const tuple *entries = whole->at[2].tuple;
    ptrmap sources;
    ptrmap_init(&sources, &o->arena);
    for (size_t i = 0; i < entries->n; i++) {
        script_range r;
        if (!read_entry(o, whole->at[1].tuple, &sources, entries->at[i], &r)
            || (t->ranges.n && r.offset < VEC_LAST(&t->ranges).offset) || !VEC_PUSH(&t->ranges, &o->arena, r)) {
            t->ranges.n = 0;
            return;
        }
    }
}

static const struct origin_table *find_table(api_origins *o, const source *src)
{
    struct origin_table *t = ptrmap_find(&o->tables, src);
    if (t)
        return t;
    char *bytes, *name = arena_printf(&o->arena, "%s.debug_pkl", src->name);
    size_t n;
    t = ARENA_NEW(&o->arena, struct origin_table);
    if (!name || arena_failed(&o->arena) || !ptrmap_set(&o->tables, src, t))
        return NULL;
    if (!container_find(o->file, name) || container_read(o->file, name, &bytes, &n, NULL))
        return t;
    unpickle_hooks hooks = { .has_type_tags = true };
    jit_value v;
    if (!unpickle(bytes, n, name, &hooks, NULL, &v, NULL)) {
        read_table(o, v, t);
        value_unref(v);
    }
    mem_free(bytes);
    return t;
}

range api_origin(api_origins *o, range at)
{
    if (!o->file || !at.src || strncmp(at.src->name, "code/", 5))
        return at;
    const struct origin_table *t = find_table(o, at.src);
    if (!t || !t->ranges.n)
        return at;
    size_t low = 0, high = t->ranges.n; // the last entry that begins at or before the place
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (t->ranges.at[middle].offset <= at.begin)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? t->ranges.at[low - 1].at : (range){ 0 };
}
