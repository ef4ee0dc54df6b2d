/* base/map_tmpl.h: the body of strmap and ptrmap: open addressing over an array of entries.
 *
 * Included by map.c with MAP (the type), ENTRY, FN(x) (the function prefix), KEY, KEY_HASH(k) and
 * KEY_EQUAL(a, b) set. Entries stand in insertion order; slots hold 1 + index. A removed entry keeps its
 * slot (key NULL) until the next rehash. */
/* SPDX-License-Identifier: Apache-2.0 */

void FN(init)(MAP *m, arena *a) { *m = (MAP){ .arena = a }; }

void FN(fini)(MAP *m)
{
    if (!m->arena) {
        mem_free(m->entries);
        mem_free(m->slots);
    }
    *m = (MAP){ .arena = m->arena };
}

static ENTRY *FN(lookup)(const MAP *m, KEY key)
{
    if (!m->n_slots)
        return NULL;
    size_t mask = m->n_slots - 1;
    for (size_t i = KEY_HASH(key) & mask; m->slots[i]; i = (i + 1) & mask) {
        ENTRY *e = &m->entries[m->slots[i] - 1];
        if (e->key && KEY_EQUAL(e->key, key))
            return e;
    }
    return NULL;
}

static bool FN(rehash)(MAP *m)
{
    size_t live = 0; /* drop removed entries, keep the order */
    for (size_t i = 0; i < m->n; i++)
        if (m->entries[i].key)
            m->entries[live++] = m->entries[i];
    m->n = live;
    size_t n_slots = 16;
    while (n_slots < live * 3)
        n_slots *= 2;
    uint32_t *slots = m->arena ? ARENA_ARRAY(m->arena, uint32_t, n_slots)
                               : mem_calloc(n_slots, sizeof *slots);
    if (!slots || (m->arena && m->arena->failed))
        return false;
    if (!m->arena)
        mem_free(m->slots);
    m->slots = slots;
    m->n_slots = n_slots;
    for (size_t i = 0; i < live; i++) {
        size_t s = KEY_HASH(m->entries[i].key) & (n_slots - 1);
        while (slots[s])
            s = (s + 1) & (n_slots - 1);
        slots[s] = (uint32_t)i + 1;
    }
    return true;
}

bool FN(set)(MAP *m, KEY key, void *value)
{
    ENTRY *e = FN(lookup)(m, key);
    if (e) {
        e->value = value;
        return true;
    }
    if (m->n >= UINT32_MAX - 1 || ((m->n + 1) * 2 > m->n_slots && !FN(rehash)(m)))
        return false;
    if (m->n == m->cap
        && !vec_reserve((void **)&m->entries, &m->cap, m->n + 1, sizeof *m->entries, m->arena))
        return false;
    m->entries[m->n++] = (ENTRY){ key, value };
    size_t s = KEY_HASH(key) & (m->n_slots - 1);
    while (m->slots[s])
        s = (s + 1) & (m->n_slots - 1);
    m->slots[s] = (uint32_t)m->n;
    return true;
}

void *FN(find)(const MAP *m, KEY key)
{
    const ENTRY *e = FN(lookup)(m, key);
    return e ? e->value : NULL;
}

bool FN(has)(const MAP *m, KEY key) { return FN(lookup)(m, key) != NULL; }

bool FN(remove)(MAP *m, KEY key)
{
    ENTRY *e = FN(lookup)(m, key);
    if (!e)
        return false;
    e->key = NULL;
    e->value = NULL;
    return true;
}

#undef MAP
#undef ENTRY
#undef FN
#undef KEY
#undef KEY_HASH
#undef KEY_EQUAL
