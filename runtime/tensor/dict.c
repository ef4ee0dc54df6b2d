/* runtime/tensor/dict.c: insertion-ordered hash maps: entries in the order they came, and an
 * open-addressed table of 1 + entry index beside them. A removed entry stays where it is, dead,
 * so that probing and order survive; growing drops the dead ones. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "runtime/tensor/value.h"

dict *dict_new(const struct type *key, const struct type *value)
{
    dict *d = mem_alloc(sizeof *d);
    if (d)
        *d = (dict){ .h = { 1 }, .key = key, .value = value };
    return d;
}

dict_entry *dict_next(const dict *d, size_t *i)
{
    while (*i < d->n_entries) {
        dict_entry *e = &d->entries[(*i)++];
        if (e->is_live)
            return e;
    }
    return NULL;
}

static dict_entry *find_entry(const dict *d, jit_value key, uint64_t hash)
{
    if (!d->n_slots)
        return NULL;
    for (size_t at = hash & (d->n_slots - 1); d->slots[at]; at = (at + 1) & (d->n_slots - 1)) {
        dict_entry *e = &d->entries[d->slots[at] - 1];
        if (e->is_live && e->hash == hash && (dict_key_is(e->key, key) || value_equal(e->key, key)))
            return e;
    }
    return NULL;
}

static void insert_slot(uint32_t *slots, size_t n_slots, uint64_t hash, size_t entry)
{
    size_t at = hash & (n_slots - 1);
    while (slots[at])
        at = (at + 1) & (n_slots - 1);
    slots[at] = (uint32_t)entry + 1;
}

/* Room for one more entry. Live entries move to a block twice their number, dead ones vanish;
 * slots are twice the entries, so a free slot always ends a probe. */
static bool dict_grow(dict *d)
{
    if (d->n_entries < d->cap)
        return true;
    size_t cap = 8;
    while (cap < 2 * d->n)
        cap *= 2;
    if (cap >= UINT32_MAX / 2)
        return false;
    dict_entry *entries = mem_alloc(cap * sizeof *entries);
    uint32_t *slots = mem_calloc(2 * cap, sizeof *slots);
    if (!entries || !slots) {
        mem_free(entries);
        mem_free(slots);
        return false;
    }
    size_t n = 0, i = 0;
    for (dict_entry *e; (e = dict_next(d, &i)); n++) {
        entries[n] = *e;
        insert_slot(slots, 2 * cap, e->hash, n);
    }
    mem_free(d->entries);
    mem_free(d->slots);
    d->entries = entries;
    d->slots = slots;
    d->n_entries = n;
    d->cap = cap;
    d->n_slots = 2 * cap;
    return true;
}

jit_value *dict_find(const dict *d, jit_value key)
{
    size_t index;
    return dict_find_index(d, key, &index);
}

jit_value *dict_find_index(const dict *d, jit_value key, size_t *index)
{
    dict_entry *e = d->n ? find_entry(d, key, value_hash(key)) : NULL;
    if (!e)
        return NULL;
    *index = (size_t)(e - d->entries);
    return &e->value;
}

bool dict_set(dict *d, jit_value take_key, jit_value take_value)
{
    uint64_t hash = value_hash(take_key);
    dict_entry *e = find_entry(d, take_key, hash);
    if (e) {
        value_unref(take_key);
        value_set(&e->value, take_value);
        return true;
    }
    if (!dict_grow(d)) {
        value_unref(take_key);
        value_unref(take_value);
        return false;
    }
    insert_slot(d->slots, d->n_slots, hash, d->n_entries);
    d->entries[d->n_entries++] =
        (dict_entry){ .key = take_key, .value = take_value, .hash = hash, .is_live = true };
    d->n++;
    return true;
}

bool dict_remove(dict *d, jit_value key, jit_value *ret_value)
{
    dict_entry *e = d->n ? find_entry(d, key, value_hash(key)) : NULL;
    if (!e)
        return false;
    if (ret_value)
        *ret_value = value_ref(e->value);
    dict_remove_entry(d, e);
    return true;
}

void dict_remove_entry(dict *d, dict_entry *e)
{
    dict_entry gone = *e;
    e->is_live = false;
    d->n--;
    value_unref(gone.key);
    value_unref(gone.value);
}

void dict_clear(dict *d)
{
    dict old = *d;
    d->entries = NULL;
    d->slots = NULL;
    d->n = d->n_entries = d->cap = d->n_slots = 0;
    size_t i = 0;
    for (dict_entry *e; (e = dict_next(&old, &i));) {
        value_unref(e->key);
        value_unref(e->value);
    }
    mem_free(old.entries);
    mem_free(old.slots);
}

dict *dict_copy(const dict *d)
{
    dict *r = dict_new(d->key, d->value);
    size_t i = 0;
    for (dict_entry *e; r && (e = dict_next(d, &i));) {
        if (!dict_set(r, value_ref(e->key), value_ref(e->value))) {
            value_unref(VALUE_HEAP_V(VALUE_DICT, r));
            return NULL;
        }
    }
    return r;
}
