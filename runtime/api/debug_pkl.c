/* runtime/api/debug_pkl.c: where each piece of saved code comes from, as PyTorch keeps it beside the code.
 *
 *     ("FORMAT_WITH_STRING_TABLE", strings, ((offset, (source, begin, end), tag), …))
 *     source = (indices of the strings that make its text, index of its name, number of its first line)
 *
 * Lines are the strings, so that sources share what they repeat. PyTorch shows these places in its errors. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/code.h"

#include "runtime/archive/pickle.h"

#include <string.h>

typedef VEC(jit_value) values;

typedef struct debug_writer {
    arena arena;
    strmap strings;             /* text → 1 + index */
    values table;               /* the strings; references */
    ptrmap sources;             /* source * → index of its tuple in `made` */
    values made;                /* source tuples; references */
    bool failed;
} debug_writer;

/* A tuple that takes its items over; None when memory ran out. */
static jit_value new_tuple(debug_writer *w, jit_value *take, size_t n)
{
    tuple *t = tuple_new(NULL, n);
    if (!t) {
        w->failed = true;
        for (size_t i = 0; i < n; i++)
            value_unref(take[i]);
        return VALUE_NONE_V;
    }
    memcpy(t->at, take, n * sizeof *take);
    return VALUE_HEAP_V(VALUE_TUPLE, t);
}

static jit_value new_string(debug_writer *w, const char *s, size_t n)
{
    str *made = str_new(s, n);
    w->failed |= !made;
    return made ? VALUE_HEAP_V(VALUE_STR, made) : VALUE_NONE_V;
}

static bool keep(debug_writer *w, values *all, jit_value take)
{
    if (VEC_PUSH(all, NULL, take))
        return true;
    value_unref(take);
    w->failed = true;
    return false;
}

/* Index of a string in the table. */
static int64_t intern(debug_writer *w, const char *s, size_t n)
{
    const char *key = arena_strndup(&w->arena, s, n);
    uintptr_t known = key ? (uintptr_t)strmap_find(&w->strings, key) : 0;
    if (known)
        return (int64_t)known - 1;
    if (!key || !keep(w, &w->table, new_string(w, s, n))
        || !strmap_set(&w->strings, key, (void *)(uintptr_t)w->table.n)) {
        w->failed = true;
        return 0;
    }
    return (int64_t)w->table.n - 1;
}

static jit_value source_lines(debug_writer *w, const source *src)
{
    list *lines = list_new(T_INT, LIST_INTS, src ? src->n_lines : 0);
    if (!lines) {
        w->failed = true;
        return VALUE_NONE_V;
    }
    for (uint32_t i = 0; src && i < src->n_lines && !w->failed; i++) {
        uint32_t end = i + 1 < src->n_lines ? src->lines[i + 1] : src->n_bytes;
        int64_t k = intern(w, src->text + src->lines[i], end - src->lines[i]);
        w->failed |= !list_push(lines, VALUE_INT_V(k));
    }
    return VALUE_HEAP_V(VALUE_LIST, lines);
}

/* The tuple of a source, made once: a reference. src NULL: code that comes from nowhere. */
static jit_value source_value(debug_writer *w, const source *src)
{
    static const char nowhere;
    const void *key = src ? (const void *)src : &nowhere;
    uintptr_t known = (uintptr_t)ptrmap_find(&w->sources, key);
    if (known)
        return value_ref(w->made.at[known - 1]);
    jit_value parts[3] = { source_lines(w, src) };
    parts[1] = VALUE_INT_V(intern(w, src ? src->name : "", src ? strlen(src->name) : 0));
    parts[2] = VALUE_INT_V(src ? src->first_line : 0);
    jit_value made = new_tuple(w, parts, 3);
    if (!keep(w, &w->made, made) || !ptrmap_set(&w->sources, key, (void *)(uintptr_t)w->made.n))
        w->failed = true;
    return w->failed ? VALUE_NONE_V : value_ref(made);
}

static jit_value range_value(debug_writer *w, size_t offset, range at, size_t tag)
{
    jit_value place[3] = { source_value(w, at.src), VALUE_INT_V(at.src ? at.begin : 0),
                           VALUE_INT_V(at.src ? at.end : 0) };
    jit_value parts[3] = { VALUE_INT_V((int64_t)offset), new_tuple(w, place, 3), VALUE_INT_V((int64_t)tag) };
    return new_tuple(w, parts, 3);
}

static bool is_same_range(range a, range b) { return a.src == b.src && a.begin == b.begin && a.end == b.end; }

/* The entries as a tuple; pieces with one origin that follow each other are one. */
static jit_value range_values(debug_writer *w, const script_text *body, api_origins *origins)
{
    VEC(script_range) merged = { 0 };
    for (size_t i = 0; i < body->ranges.n; i++) {
        script_range r = { body->ranges.at[i].offset, api_origin(origins, body->ranges.at[i].at) };
        if (!merged.n || !is_same_range(VEC_LAST(&merged).at, r.at))
            w->failed |= !VEC_PUSH(&merged, &w->arena, r);
    }
    tuple *all = w->failed ? NULL : tuple_new(NULL, merged.n);
    w->failed |= !all;
    for (size_t i = 0; i < merged.n && !w->failed; i++)
        all->at[i] = range_value(w, merged.at[i].offset, merged.at[i].at, i);
    return all ? VALUE_HEAP_V(VALUE_TUPLE, all) : VALUE_NONE_V;
}

/* The whole table as a value; w's strings are shared with it. */
static jit_value table_value(debug_writer *w, const script_text *body, api_origins *origins)
{
    jit_value ranges = range_values(w, body, origins);
    for (size_t i = 0; i < w->table.n; i++)
        value_ref(w->table.at[i]);
    static const char format[] = "FORMAT_WITH_STRING_TABLE";
    jit_value parts[3] = { new_string(w, format, sizeof format - 1), new_tuple(w, w->table.at, w->table.n),
                           ranges };
    return new_tuple(w, parts, 3);
}

jit_status api_pickle_ranges(const script_text *body, api_origins *origins, text *out, jit_error *err)
{
    debug_writer w = { 0 };
    arena_init(&w.arena);
    strmap_init(&w.strings, &w.arena);
    ptrmap_init(&w.sources, &w.arena);
    jit_value v = table_value(&w, body, origins);
    pickle_storages none = { 0 };
    pickle_hooks hooks = { 0 };
    jit_status status = w.failed || arena_failed(&w.arena) ? error_no_memory(err)
                                                           : pickle(v, NULL, &hooks, &none, out, err);
    value_unref(v);
    for (size_t i = 0; i < w.table.n; i++)
        value_unref(w.table.at[i]);
    for (size_t i = 0; i < w.made.n; i++)
        value_unref(w.made.at[i]);
    VEC_FINI(&w.table);
    VEC_FINI(&w.made);
    pickle_storages_fini(&none);
    arena_fini(&w.arena);
    return status;
}
