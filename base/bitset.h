/* base/bitset.h: a set of small integers (value ids), growing on demand. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BITSET_H
#define BASE_BITSET_H

#include "base/arena.h"

#include <stdint.h>

typedef struct bitset {
    uint64_t *words;
    size_t n_words;
    arena *arena; /* NULL: heap, release with bitset_fini */
} bitset;

void bitset_init(bitset *s, arena *a);
void bitset_fini(bitset *s);
void bitset_clear(bitset *s);
bool bitset_add(bitset *s, size_t i);        /* true if i was not in the set (or memory ran out) */
void bitset_remove(bitset *s, size_t i);
static inline bool bitset_has(const bitset *s, size_t i)
{
    return i / 64 < s->n_words && (s->words[i / 64] >> (i % 64) & 1);
}
bool bitset_union(bitset *to, const bitset *from); /* true if `to` grew */

#endif
