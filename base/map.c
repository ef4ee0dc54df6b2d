/* base/map.c: the two instances of map_tmpl.h, and the hash functions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "base/vec.h"

#include <string.h>

uint64_t hash_u64(uint64_t x) /* splitmix64's finaliser (Steele, Lea, Flood 2014) */
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t hash_bytes(const void *p, size_t n_bytes) /* eight bytes a step, mixed by hash_u64 */
{
    const unsigned char *s = p;
    uint64_t h = 0x9e3779b97f4a7c15u ^ n_bytes;
    for (; n_bytes >= 8; s += 8, n_bytes -= 8) {
        uint64_t word;
        memcpy(&word, s, 8);
        h = hash_u64(h ^ word);
    }
    uint64_t tail = 0;
    for (size_t i = 0; i < n_bytes; i++)
        tail |= (uint64_t)s[i] << (8 * i);
    return hash_u64(h ^ tail);
}

#define MAP             strmap
#define ENTRY           strmap_entry
#define FN(x)           strmap_##x
#define KEY             const char *
#define KEY_HASH(k)     hash_bytes((k), strlen(k))
#define KEY_EQUAL(a, b) ((a) == (b) || !strcmp((a), (b)))
#include "base/map_tmpl.h"

#define MAP             ptrmap
#define ENTRY           ptrmap_entry
#define FN(x)           ptrmap_##x
#define KEY             const void *
#define KEY_HASH(k)     hash_u64((uint64_t)(uintptr_t)(k))
#define KEY_EQUAL(a, b) ((a) == (b))
#include "base/map_tmpl.h"
