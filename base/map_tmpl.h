/* base/map_tmpl.h: the body of strmap and ptrmap: an array of entries, and open addressing over it.
 *
 * Included by map.c with MAP (the type), ENTRY, FN(x) (the function prefix), KEY, KEY_HASH(k) and
 * KEY_EQUAL(a, b) set. Entries stand in insertion order. A small map (most scopes have a few names) is
 * searched entry by entry and has no slots. A slot holds 1 + index and the hash, so that keys are compared
 * only where the hashes agree, and growing hashes nothing again. A removed entry keeps its place (key NULL)
 * until the map is packed. */
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

static ENTRY *FN(scan)(const MAP *m, KEY key)
{
    for (size_t i = 0; i < m->n; i++) /* interned strings are mostly the very same */
        if (m->entries[i].key == key && key)
            return &m->entries[i];
    for (size_t i = 0; i < m->n; i++)
        if (m->entries[i].key && KEY_EQUAL(m->entries[i].key, key))
            return &m->entries[i];
    return NULL;
}

static ENTRY *FN(probe)(const MAP *m, KEY key, uint32_t hash)
{
    size_t mask = m->n_slots - 1;
    for (size_t i = hash & mask; m->slots[i].index; i = (i + 1) & mask) {
        ENTRY *e = &m->entries[m->slots[i].index - 1];
        if (m->slots[i].hash == hash && e->key && KEY_EQUAL(e->key, key))
            return e;
    }
    return NULL;
}

static ENTRY *FN(lookup)(const MAP *m, KEY key)
{
    return m->n_slots ? FN(probe)(m, key, KEY_HASH(key)) : FN(scan)(m, key);
}

static void FN(fill_slot)(map_slot *slots, size_t n_slots, uint32_t index, uint32_t hash)
{
    size_t s = hash & (n_slots - 1);
    while (slots[s].index)
        s = (s + 1) & (n_slots - 1);
    slots[s] = (map_slot){ index + 1, hash };
}

/* Drop removed entries, and have slots for twice as many as there are if they are more than a few. */
static bool FN(pack)(MAP *m)
{
    size_t live = 0;
    for (size_t i = 0; i < m->n; i++)
        if (m->entries[i].key)
            m->entries[live++] = m->entries[i];
    const bool is_shifted = live < m->n; /* slots would name other entries */
    m->n = live;
    if (!m->n_slots && live <= SCANNED_MAX - SCANNED_MAX / 4)
        return true;
    size_t n_slots = 4 * SCANNED_MAX;
    while (n_slots < live * 3)
        n_slots *= 2;
    map_slot *slots = m->arena ? ARENA_ARRAY(m->arena, map_slot, n_slots)
                               : mem_calloc(n_slots, sizeof *slots);
    if (!slots || (m->arena && m->arena->failed))
        return false;
    for (size_t i = 0; i < m->n_slots && !is_shifted; i++)
        if (m->slots[i].index)
            FN(fill_slot)(slots, n_slots, m->slots[i].index - 1, m->slots[i].hash);
    for (size_t i = 0; i < live && (is_shifted || !m->n_slots); i++)
        FN(fill_slot)(slots, n_slots, (uint32_t)i, KEY_HASH(m->entries[i].key));
    if (!m->arena)
        mem_free(m->slots);
    m->slots = slots;
    m->n_slots = n_slots;
    return true;
}

void **FN(place)(MAP *m, KEY key)
{
    uint32_t hash = m->n_slots ? KEY_HASH(key) : 0;
    ENTRY *e = m->n_slots ? FN(probe)(m, key, hash) : FN(scan)(m, key);
    if (e)
        return &e->value;
    size_t most = m->n_slots ? m->n_slots / 2 : SCANNED_MAX;
    if (m->n >= UINT32_MAX - 1)
        return NULL;
    if (m->n >= most) {
        if (!FN(pack)(m))
            return NULL;
        hash = m->n_slots ? KEY_HASH(key) : 0;
    }
    if (m->n == m->cap
        && !vec_reserve((void **)&m->entries, &m->cap, m->n + 1, sizeof *m->entries, m->arena))
        return NULL;
    if (m->n_slots)
        FN(fill_slot)(m->slots, m->n_slots, (uint32_t)m->n, hash);
    m->entries[m->n] = (ENTRY){ key, NULL };
    return &m->entries[m->n++].value;
}

bool FN(set)(MAP *m, KEY key, void *value)
{
    void **place = FN(place)(m, key);
    if (place)
        *place = value;
    return place != NULL;
}

void **FN(find_place)(const MAP *m, KEY key)
{
    ENTRY *e = FN(lookup)(m, key);
    return e ? &e->value : NULL;
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

bool FN(remove_value)(MAP *m, KEY key, const void *value)
{
    ENTRY *e = FN(lookup)(m, key);
    if (!e || e->value != value)
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
