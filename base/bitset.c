/* base/bitset.c: see bitset.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bitset.h"

#include "base/vec.h"

#include <string.h>

void bitset_init(bitset *s, arena *a) { *s = (bitset){ .arena = a }; }

void bitset_fini(bitset *s)
{
    if (!s->arena)
        mem_free(s->words);
    bitset_init(s, s->arena);
}

void bitset_clear(bitset *s)
{
    if (s->n_words)
        memset(s->words, 0, s->n_words * sizeof *s->words);
}

static bool reserve(bitset *s, size_t n_words)
{
    if (n_words <= s->n_words)
        return true;
    size_t cap = s->n_words;
    if (!vec_reserve((void **)&s->words, &cap, n_words, sizeof *s->words, s->arena))
        return false;
    memset(s->words + s->n_words, 0, (cap - s->n_words) * sizeof *s->words);
    s->n_words = cap;
    return true;
}

bool bitset_add(bitset *s, size_t i)
{
    if (!reserve(s, i / 64 + 1))
        return true;
    uint64_t bit = (uint64_t)1 << (i % 64);
    bool is_new = !(s->words[i / 64] & bit);
    s->words[i / 64] |= bit;
    return is_new;
}

void bitset_remove(bitset *s, size_t i)
{
    if (i / 64 < s->n_words)
        s->words[i / 64] &= ~((uint64_t)1 << (i % 64));
}

bool bitset_union(bitset *to, const bitset *from)
{
    if (!reserve(to, from->n_words))
        return true;
    bool grew = false;
    for (size_t i = 0; i < from->n_words; i++) {
        uint64_t more = from->words[i] & ~to->words[i];
        grew |= more != 0;
        to->words[i] |= more;
    }
    return grew;
}
