/* base/map.h: hash maps from strings and from pointers to pointers, insertion ordered.
 *
 * Keys are borrowed: they must outlive the map. In an arena (a != NULL) nothing is released; on the
 * heap call *_fini. Iterate with `for (size_t i = 0; i < m.n; i++) m.entries[i]`; a removed entry has
 * a NULL key. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/arena.h"

#include <stdint.h>

typedef struct map_slot {
    uint32_t index; /* 1 + index into entries, 0 free */
    uint32_t hash;
} map_slot;

typedef struct strmap_entry {
    const char *key;
    void *value;
} strmap_entry;

typedef struct strmap {
    strmap_entry *entries;
    map_slot *slots; /* NULL while there are few entries */
    size_t n, n_slots, cap;
    arena *arena;
} strmap;

void strmap_init(strmap *m, arena *a);
void strmap_fini(strmap *m);
void *strmap_find(const strmap *m, const char *key);            /* NULL if absent */
bool strmap_has(const strmap *m, const char *key);
bool strmap_set(strmap *m, const char *key, void *value);       /* adds or replaces; false: no memory */
void **strmap_find_place(const strmap *m, const char *key);     /* where its value is; NULL if absent */
/** Where the value of key is, NULL there if it was absent and is added now; for a look and a change in one. Holds
 * until the map changes. NULL: no memory. */
void **strmap_place(strmap *m, const char *key);
/** The value of the key that is the n bytes at s; they need no NUL behind them. */
void *strmap_find_bytes(const strmap *m, const char *s, size_t n);
bool strmap_remove(strmap *m, const char *key);                 /* true if it was there */
bool strmap_remove_value(strmap *m, const char *key, const void *value); /* … if it has that value */

typedef struct ptrmap_entry {
    const void *key;
    void *value;
} ptrmap_entry;

typedef struct ptrmap {
    ptrmap_entry *entries;
    map_slot *slots;
    size_t n, n_slots, cap;
    arena *arena;
} ptrmap;

void ptrmap_init(ptrmap *m, arena *a);
void ptrmap_fini(ptrmap *m);
void *ptrmap_find(const ptrmap *m, const void *key);
bool ptrmap_has(const ptrmap *m, const void *key);
bool ptrmap_set(ptrmap *m, const void *key, void *value);
void **ptrmap_find_place(const ptrmap *m, const void *key);
void **ptrmap_place(ptrmap *m, const void *key);
bool ptrmap_remove(ptrmap *m, const void *key);
bool ptrmap_remove_value(ptrmap *m, const void *key, const void *value);

uint64_t hash_bytes(const void *p, size_t n_bytes);   /* not for adversarial keys across processes */
uint64_t hash_u64(uint64_t x);

#endif
