/* base/map.c: the two instances of map_tmpl.h, and the hash functions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "base/vec.h"

#include <stddef.h>
#include <string.h>

uint64_t hash_u64(uint64_t x) /* splitmix64's finaliser (Steele, Lea, Flood 2014) */
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* The last one to eight of n bytes that end at `end`, as one word; longer input lends bytes already seen. */
static uint64_t load_tail(const unsigned char *end, size_t n)
{
    uint64_t word = 0;
    uint32_t low, high;
    if (n >= 8) {
        memcpy(&word, end - 8, 8);
    } else if (n >= 4) {
        memcpy(&low, end - n, 4);
        memcpy(&high, end - 4, 4);
        word = (uint64_t)high << 32 | low;
    } else if (n > 0) {
        word = end[-(ptrdiff_t)n] | (uint64_t)end[-(ptrdiff_t)(n / 2 + 1)] << 8 | (uint64_t)end[-1] << 16;
    }
    return word;
}

uint64_t hash_bytes(const void *p, size_t n_bytes) /* eight bytes a step, mixed by hash_u64 */
{
    const unsigned char *s = p, *end = s + n_bytes;
    uint64_t h = 0x9e3779b97f4a7c15u ^ n_bytes;
    for (; end - s > 8; s += 8) {
        uint64_t word;
        memcpy(&word, s, 8);
        h = hash_u64(h ^ word);
    }
    return hash_u64(h ^ load_tail(end, n_bytes));
}

enum { SCANNED_MAX = 8 }; /* entries of a map without slots */

#define MAP             strmap
#define ENTRY           strmap_entry
#define FN(x)           strmap_##x
#define KEY             const char *
#define KEY_HASH(k)     ((uint32_t)hash_bytes((k), strlen(k)))
#define KEY_EQUAL(a, b) (*(a) == *(b) && !strcmp((a), (b)))
#include "base/map_tmpl.h"

static bool is_bytes(const char *key, const char *s, size_t n)
{
    return key && !strncmp(key, s, n) && key[n] == '\0';
}

void *strmap_find_bytes(const strmap *m, const char *s, size_t n)
{
    if (!m->n_slots) {
        for (size_t i = 0; i < m->n; i++)
            if (is_bytes(m->entries[i].key, s, n))
                return m->entries[i].value;
        return NULL;
    }
    uint32_t hash = (uint32_t)hash_bytes(s, n);
    size_t mask = m->n_slots - 1;
    for (size_t i = hash & mask; m->slots[i].index; i = (i + 1) & mask) {
        const strmap_entry *e = &m->entries[m->slots[i].index - 1];
        if (m->slots[i].hash == hash && is_bytes(e->key, s, n))
            return e->value;
    }
    return NULL;
}

#define MAP             ptrmap
#define ENTRY           ptrmap_entry
#define FN(x)           ptrmap_##x
#define KEY             const void *
#define KEY_HASH(k)     ((uint32_t)hash_u64((uint64_t)(uintptr_t)(k)))
#define KEY_EQUAL(a, b) ((a) == (b))
#include "base/map_tmpl.h"
