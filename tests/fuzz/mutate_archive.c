/* tests/fuzz/mutate_archive.c: changes of ZIP files that reach beyond the checksums: one record is changed, then the
 * file is written anew around it, stored and with right checksums. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/mutate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MOST_RECORDS = 64, LOCAL_BYTES = 30, ENTRY_BYTES = 46, END_BYTES = 22 };

typedef struct record {
    const uint8_t *name, *bytes;
    size_t n_name, n_bytes;
} record;

typedef struct records {
    record at[MOST_RECORDS];
    size_t n;
} records;

static uint32_t u16(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }
static uint32_t u32(const uint8_t *p) { return u16(p) | u16(p + 2) << 16; }

/* ---- reading ------------------------------------------------------------------------------------ */

/* The record of the directory entry at p; false: it does not lie in the file, or is compressed. */
static bool read_record(const uint8_t *data, size_t n, const uint8_t *p, record *ret)
{
    size_t local = u32(p + 42), n_bytes = u32(p + 20);
    if (n < LOCAL_BYTES || local > n - LOCAL_BYTES || u16(p + 10))
        return false;
    size_t payload = local + LOCAL_BYTES + u16(data + local + 26) + u16(data + local + 28);
    if (payload > n || n_bytes > n - payload)
        return false;
    *ret = (record){ p + ENTRY_BYTES, data + payload, u16(p + 28), n_bytes };
    return true;
}

/* The stored records of a file that ends with its end record. */
static void read_records(const uint8_t *data, size_t n, records *ret)
{
    ret->n = 0;
    if (n < END_BYTES || memcmp(data + n - END_BYTES, "PK\5\6", 4))
        return;
    size_t at = u32(data + n - END_BYTES + 16), end = n - END_BYTES;
    while (at <= end && end - at >= ENTRY_BYTES && ret->n < MOST_RECORDS && !memcmp(data + at, "PK\1\2", 4)) {
        const uint8_t *p = data + at;
        size_t size = (size_t)ENTRY_BYTES + u16(p + 28) + u16(p + 30) + u16(p + 32);
        if (size > end - at)
            return;
        ret->n += read_record(data, n, p, &ret->at[ret->n]);
        at += size;
    }
}

/* ---- writing ------------------------------------------------------------------------------------ */

static void put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, size_t v)
{
    put16(p, v & 0xffff);
    put16(p + 2, v >> 16 & 0xffff);
}

/* What a local header and a directory entry have in common: flags to the length of the extra field. */
static void put_common(uint8_t *p, const record *r)
{
    put16(p, 0); // flags, method, time, date
    put16(p + 2, 0);
    put32(p + 4, 0);
    put32(p + 8, crc32(0, r->bytes, (uInt)r->n_bytes));
    put32(p + 12, r->n_bytes);
    put32(p + 16, r->n_bytes);
    put16(p + 20, r->n_name);
    put16(p + 22, 0);
}

static size_t size_of(const records *all)
{
    size_t n = END_BYTES;
    for (size_t i = 0; i < all->n; i++)
        n += LOCAL_BYTES + ENTRY_BYTES + 2 * all->at[i].n_name + all->at[i].n_bytes;
    return n;
}

/* A file of all records; `out` has size_of() bytes and holds none of them. */
static size_t write_records(const records *all, uint8_t *out)
{
    size_t at = 0, locals[MOST_RECORDS];
    for (size_t i = 0; i < all->n; i++) {
        const record *r = &all->at[i];
        locals[i] = at;
        memcpy(out + at, "PK\3\4\24\0", 6);
        put_common(out + at + 6, r);
        memcpy(out + at + LOCAL_BYTES, r->name, r->n_name);
        memcpy(out + at + LOCAL_BYTES + r->n_name, r->bytes, r->n_bytes);
        at += LOCAL_BYTES + r->n_name + r->n_bytes;
    }
    size_t directory = at;
    for (size_t i = 0; i < all->n; i++) {
        const record *r = &all->at[i];
        memset(out + at, 0, ENTRY_BYTES);
        memcpy(out + at, "PK\1\2\24\0\24\0", 8);
        put_common(out + at + 8, r);
        put32(out + at + 42, locals[i]);
        memcpy(out + at + ENTRY_BYTES, r->name, r->n_name);
        at += ENTRY_BYTES + r->n_name;
    }
    memset(out + at, 0, END_BYTES);
    memcpy(out + at, "PK\5\6", 4);
    put16(out + at + 8, all->n);
    put16(out + at + 10, all->n);
    put32(out + at + 12, at - directory);
    put32(out + at + 16, directory);
    return at + END_BYTES;
}

/* ---- changing ----------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static bool ends_in(const record *r, const char *suffix)
{
    size_t n = strlen(suffix);
    return r->n_name >= n && !memcmp(r->name + r->n_name - n, suffix, n);
}

/* The payload of r, changed, in `room` of cap bytes. */
static void change_payload(record *r, uint8_t *room, size_t cap, unsigned seed)
{
    size_t n = r->n_bytes < cap ? r->n_bytes : cap;
    memcpy(room, r->bytes, n);
    if (ends_in(r, ".py"))
        r->n_bytes = mutate_source(room, n, cap, seed);
    else if (ends_in(r, ".pkl"))
        r->n_bytes = mutate_pickle(room, n, cap, seed);
    else
        r->n_bytes = LLVMFuzzerMutate(room, n, cap);
    r->bytes = room;
}

static void change_name(record *r, uint8_t *room, size_t cap)
{
    size_t n = r->n_name < cap ? r->n_name : cap;
    memcpy(room, r->name, n);
    r->n_name = LLVMFuzzerMutate(room, n, cap);
    r->name = room;
}

static void drop(records *all, size_t i)
{
    memmove(&all->at[i], &all->at[i + 1], (all->n - i - 1) * sizeof all->at[0]);
    all->n--;
}

static void change(records *all, uint64_t random, uint8_t *room, size_t cap)
{
    size_t which = random % all->n, other = (random >> 16) % all->n;
    record *r = &all->at[which];
    switch (random >> 32 & 15) {
    case 0:
        change_name(r, room, cap < 256 ? cap : 256);
        return;
    case 1:
        drop(all, which);
        return;
    case 2: // one payload under two names
        r->bytes = all->at[other].bytes;
        r->n_bytes = all->at[other].n_bytes;
        return;
    default: // code and pickles rather than what they refer to
        if (!ends_in(r, ".py") && !ends_in(r, ".pkl") && random >> 40 & 3)
            r = &all->at[other];
        change_payload(r, room, cap, (unsigned)(random >> 42));
        return;
    }
}

/* Write all records over data, which they lie in. @return 0: no room */
static size_t write_over(const records *all, uint8_t *data, size_t cap)
{
    size_t n = size_of(all);
    uint8_t *out = n <= cap ? malloc(n) : NULL;
    if (!out)
        return 0;
    write_records(all, out);
    memcpy(data, out, n);
    free(out);
    return n;
}

size_t mutate_archive(uint8_t *data, size_t n, size_t cap, unsigned seed)
{
    records all;
    uint64_t random = mix(seed);
    read_records(data, n, &all);
    size_t used = all.n ? size_of(&all) : cap;
    uint8_t *room = used < cap && random >> 58 ? malloc(cap) : NULL;
    if (!room)
        return LLVMFuzzerMutate(data, n, cap);
    change(&all, mix(random), room, cap - used + 1);
    size_t made = write_over(&all, data, cap);
    free(room);
    return made ? made : n;
}

size_t cross_archives(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t cap,
                      unsigned seed)
{
    records to, from;
    uint64_t random = mix(seed);
    read_records(a, n_a, &to);
    read_records(b, n_b, &from);
    if (!to.n || !from.n)
        return 0;
    const record *taken = &from.at[(random >> 16) % from.n];
    size_t which = random % to.n;
    for (size_t i = 0; random >> 32 & 1 && i < to.n; i++) // the record that has its name
        if (to.at[i].n_name == taken->n_name && !memcmp(to.at[i].name, taken->name, taken->n_name))
            which = i;
    if (random >> 33 & 1 && to.n < MOST_RECORDS)
        to.at[to.n++] = *taken;
    else
        to.at[which].bytes = taken->bytes, to.at[which].n_bytes = taken->n_bytes;
    return size_of(&to) <= cap ? write_records(&to, out) : 0;
}
