/* ir/op.c: looking operators up. The tables are written by tools/genops.c; schemas are parsed when they are
 * first asked for, into memory of the process, and published for all threads. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/op.h"

#include "base/alloc.h"
#include "ir/op_hash.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

typedef struct op_row { uint16_t name; uint32_t overload, signature; } op_row; /* index; text_pool offsets */
typedef struct op_alias { uint32_t from, to; } op_alias;                      /* text_pool offsets */

#include "ir/op_table.h"

enum { N_HASH_SLOTS = sizeof hash_slots / sizeof *hash_slots };

static const char *name_at(size_t i) { return name_pool + name_offsets[i]; }

const op_info *op_get_info(op_id id)
{
    assert(id < OP__COUNT);
    return &info_table[id];
}

const op_shape *op_get_shape(op_id id)
{
    assert(id < OP__COUNT);
    return &shape_table[id];
}

const char *op_name(op_id id) { return id == OP_NONE ? "" : name_at(row_table[id].name); }
const char *op_overload(op_id id) { return text_pool + row_table[id].overload; }

/* ---- schemas ---------------------------------------------------------------------------------- */

static _Atomic(const schema *) schemas[OP__COUNT];
static pthread_mutex_t schemas_lock = PTHREAD_MUTEX_INITIALIZER;
static arena schemas_arena;

static const schema *parse_schema(op_id id)
{
    arena *a = &schemas_arena;
    const char *overload = op_overload(id);
    const char *s = arena_printf(a, "%s%s%s%s", op_name(id), *overload ? "." : "", overload,
                                 text_pool + row_table[id].signature);
    const char *error;
    const schema *sc = arena_failed(a) ? NULL : schema_parse(s, a, &error);
    a->failed = false; // the next request may find memory
    return sc;
}

const schema *op_schema(op_id id)
{
    assert(id < OP__COUNT);
    const schema *sc = atomic_load_explicit(&schemas[id], memory_order_acquire);
    if (sc)
        return sc;
    mem_budget *budget = mem_budget_set(NULL); // process memory is nobody's run
    pthread_mutex_lock(&schemas_lock);
    sc = schemas[id];
    if (!sc && (sc = parse_schema(id)))
        atomic_store_explicit(&schemas[id], sc, memory_order_release);
    pthread_mutex_unlock(&schemas_lock);
    mem_budget_set(budget);
    return sc;
}

/* ---- names ------------------------------------------------------------------------------------ */

/* Index of a name, or N_NAMES. */
static size_t find_name(const char *name)
{
    for (uint32_t slot = op_hash(name) & (N_HASH_SLOTS - 1); hash_slots[slot];
         slot = (slot + 1) & (N_HASH_SLOTS - 1))
        if (strcmp(name_at(hash_slots[slot] - 1u), name) == 0)
            return hash_slots[slot] - 1u;
    return N_NAMES;
}

const uint16_t *op_find_all(const char *name, size_t *ret_n)
{
    size_t i = find_name(name);
    *ret_n = i == N_NAMES ? 0 : (size_t)(first_of_name[i + 1] - first_of_name[i]);
    return i == N_NAMES ? NULL : &ids_by_name[first_of_name[i]];
}

op_id op_find(const char *name, const char *overload)
{
    size_t n;
    const uint16_t *ids = op_find_all(name, &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(op_overload(ids[i]), overload) == 0)
            return (op_id)ids[i];
    return OP_NONE;
}

size_t op_name_count(void) { return N_NAMES; }

const char *op_name_at(size_t i, const uint16_t **ret_ids, size_t *ret_n)
{
    *ret_ids = &ids_by_name[first_of_name[i]];
    *ret_n = (size_t)(first_of_name[i + 1] - first_of_name[i]);
    return name_at(i);
}

size_t op_suggest(const char *name, const char **ret, size_t n_max)
{
    enum { MOST = 16 };
    int distances[MOST];
    size_t n = 0, length = strlen(name);
    const char *colon = strstr(name, "::");
    size_t n_namespace = colon ? (size_t)(colon - name) + 2 : 0;
    int limit = length - n_namespace > 6 ? 3 : length - n_namespace > 3 ? 2 : 1;
    if (n_max > MOST)
        n_max = MOST;
    for (size_t i = 0; i < N_NAMES; i++) {
        const char *other = name_at(i);
        size_t other_length = strlen(other);
        if (strncmp(name, other, n_namespace) != 0 || other_length > length + (size_t)limit ||
            length > other_length + (size_t)limit)
            continue;
        int distance = text_distance(name + n_namespace, other + n_namespace, limit);
        size_t at = n;
        while (at > 0 && distances[at - 1] > distance)
            at--;
        if (distance > limit || at >= n_max)
            continue;
        n += n < n_max;
        for (size_t k = n - 1; k > at; k--) {
            distances[k] = distances[k - 1];
            ret[k] = ret[k - 1];
        }
        distances[at] = distance;
        ret[at] = other;
    }
    return n;
}

const char *op_normalised_name(const char *name)
{
    static const char namespace[] = "aten::";
    size_t skip = strncmp(name, namespace, sizeof namespace - 1) == 0 ? 0 : sizeof namespace - 1;
    size_t low = 0, high = sizeof alias_table / sizeof *alias_table;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, text_pool + alias_table[middle].from + skip);
        if (order == 0)
            return text_pool + alias_table[middle].to + skip;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return name;
}
