/* runtime/archive/directory.c: the directory of a ZIP file, checked against itself (see directory.h).
 *
 * Reading goes from the end: end record, its 64-bit sibling if there is one, the directory, and from each entry to
 * the local header before its payload. A reader that believed the local headers, and one that believed the
 * directory, must see the same file; otherwise a scanner and a loader could be shown different models. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/directory.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_COMMENT_BYTES = 0xffff, MAX_RECORDS = 1 << 20 };
/* Deflate makes of one byte at most 1032: what promises more lies. */
enum { MAX_INFLATION = 1032 };

typedef struct zip_reader {
    const unsigned char *bytes;
    uint64_t n_bytes;
    const char *file;
    arena *arena;
    jit_error *err;
    uint64_t directory, n_directory_bytes, n_entries; /* where the directory lies, and its length */
} zip_reader;

/* One entry of the directory, and what its local header adds. */
typedef struct zip_entry {
    uint32_t flags, method, crc;
    uint64_t n_stored, n_bytes, local;
    const unsigned char *name;
    uint32_t n_name;
    const unsigned char *extra;
    uint32_t n_extra;
} zip_entry;

static uint32_t u16(const unsigned char *p) { return p[0] | (uint32_t)p[1] << 8; }
static uint32_t u32(const unsigned char *p) { return u16(p) | u16(p + 2) << 16; }
static uint64_t u64(const unsigned char *p) { return u32(p) | (uint64_t)u32(p + 4) << 32; }

static jit_status fail(zip_reader *z, const char *why)
{
    return error_fail(z->err, JIT_EFORMAT, "%s: %s", z->file, why);
}

static jit_status fail_entry(zip_reader *z, const zip_entry *e, const char *why)
{
    return error_fail(z->err, JIT_EFORMAT, "%s: record '%.*s': %s", z->file, (int)(e->n_name < 200 ? e->n_name : 200),
                      (const char *)e->name, why);
}

/* ---- the end records -------------------------------------------------------------------------- */

/* The end record is the last thing in the file but for a comment whose length it tells. */
static bool find_end(const zip_reader *z, uint64_t *ret)
{
    if (z->n_bytes < ZIP_END_BYTES)
        return false;
    uint64_t last = z->n_bytes - ZIP_END_BYTES;
    uint64_t first = last > MAX_COMMENT_BYTES ? last - MAX_COMMENT_BYTES : 0;
    for (uint64_t at = last + 1; at-- > first;) {
        if (u32(z->bytes + at) == ZIP_END && u16(z->bytes + at + 20) == last - at) {
            *ret = at;
            return true;
        }
    }
    return false;
}

/* Take over the 64-bit end record; the 32-bit one must say the same or "see there". */
static jit_status read_end64(zip_reader *z, const unsigned char *end, uint64_t *locator)
{
    uint64_t at = u64(z->bytes + *locator + 8);
    if (u32(z->bytes + *locator + 4) != 0 || at > *locator || *locator - at < ZIP_END64_BYTES
        || u32(z->bytes + at) != ZIP_END64)
        return fail(z, "the 64-bit end record is not where its locator says");
    const unsigned char *p = z->bytes + at;
    if (u64(p + 4) != *locator - at - 12 || u32(p + 16) || u32(p + 20) || u64(p + 24) != u64(p + 32))
        return fail(z, "the 64-bit end record is damaged");
    z->n_entries = u64(p + 32);
    z->n_directory_bytes = u64(p + 40);
    z->directory = u64(p + 48);
    uint32_t n = u16(end + 10), size = u32(end + 12), offset = u32(end + 16);
    if ((n != 0xffff && n != z->n_entries) || (size != 0xffffffff && size != z->n_directory_bytes)
        || (offset != 0xffffffff && offset != z->directory))
        return fail(z, "the two end records contradict each other");
    *locator = at;
    return JIT_OK;
}

static jit_status read_ends(zip_reader *z)
{
    uint64_t limit; // the directory ends here at the latest
    if (!find_end(z, &limit))
        return fail(z, "not an archive (no ZIP directory), or cut short");
    const unsigned char *end = z->bytes + limit;
    if (u16(end + 4) || u16(end + 6) || u16(end + 8) != u16(end + 10))
        return fail(z, "archives in several parts are not read");
    z->n_entries = u16(end + 10);
    z->n_directory_bytes = u32(end + 12);
    z->directory = u32(end + 16);
    uint64_t locator = limit < ZIP_END64_LOCATOR_BYTES ? 0 : limit - ZIP_END64_LOCATOR_BYTES;
    if (limit >= ZIP_END64_LOCATOR_BYTES && u32(z->bytes + locator) == ZIP_END64_LOCATOR) {
        jit_status status = read_end64(z, end, &locator);
        if (status)
            return status;
        limit = locator;
    }
    if (z->directory > limit || z->n_directory_bytes != limit - z->directory)
        return fail(z, "the directory is not where the end record says");
    if (z->n_entries > z->n_directory_bytes / ZIP_ENTRY_BYTES || z->n_entries > MAX_RECORDS)
        return fail(z, "the directory has no room for the number of records it claims");
    return z->n_entries ? JIT_OK : fail(z, "the archive is empty");
}

/* ---- entries ------------------------------------------------------------------------------------ */

/* Replace what a 32-bit field could not hold by the 64-bit block of the extra field, in the order of the format.
 * local may be NULL: a local header has none. */
static bool read_extra64(const unsigned char *extra, uint32_t n_extra, uint64_t *n_bytes, uint64_t *n_stored,
                         uint64_t *local)
{
    uint64_t *wide[3] = { n_bytes, n_stored, local };
    bool is_wide = false;
    for (int i = 0; i < 3; i++)
        is_wide |= wide[i] && *wide[i] == 0xffffffff;
    while (n_extra >= 4) {
        uint32_t id = u16(extra), n = u16(extra + 2);
        if (n > n_extra - 4)
            return false;
        const unsigned char *p = extra + 4, *end = p + n;
        for (int i = 0; id == ZIP_EXTRA64 && i < 3; i++) {
            if (!wide[i] || *wide[i] != 0xffffffff)
                continue;
            if (end - p < 8)
                return false;
            *wide[i] = u64(p);
            p += 8;
        }
        if (id == ZIP_EXTRA64)
            return true;
        extra += 4 + n;
        n_extra -= 4 + n;
    }
    return !is_wide;
}

/* No absolute name, no way up, no NUL: names that mean one thing to everybody. */
static bool is_name_fine(const unsigned char *name, size_t n)
{
    if (!n || name[0] == '/' || memchr(name, 0, n) || memchr(name, '\\', n))
        return false;
    for (size_t begin = 0, i = 0; i <= n; i++) {
        if (i < n && name[i] != '/')
            continue;
        if (i - begin == 2 && name[begin] == '.' && name[begin + 1] == '.')
            return false;
        begin = i + 1;
    }
    return true;
}

/* The entry at *at, which is moved behind it. */
static jit_status read_entry(zip_reader *z, uint64_t *at, zip_entry *e)
{
    uint64_t left = z->directory + z->n_directory_bytes - *at;
    const unsigned char *p = z->bytes + *at;
    if (left < ZIP_ENTRY_BYTES || u32(p) != ZIP_ENTRY)
        return fail(z, "the directory is damaged");
    uint32_t n_comment = u16(p + 32);
    *e = (zip_entry){ .flags = u16(p + 8), .method = u16(p + 10), .crc = u32(p + 16), .n_stored = u32(p + 20),
                      .n_bytes = u32(p + 24), .n_name = u16(p + 28), .n_extra = u16(p + 30), .local = u32(p + 42),
                      .name = p + ZIP_ENTRY_BYTES };
    uint64_t size = (uint64_t)ZIP_ENTRY_BYTES + e->n_name + e->n_extra + n_comment;
    if (size > left)
        return fail(z, "the directory is damaged");
    e->extra = e->name + e->n_name;
    *at += size;
    if (!is_name_fine(e->name, e->n_name))
        return fail_entry(z, e, "a record may not have such a name");
    if (u16(p + 34) || !read_extra64(e->extra, e->n_extra, &e->n_bytes, &e->n_stored, &e->local))
        return fail_entry(z, e, "its directory entry is damaged");
    if (e->flags & ZIP_FLAG_ENCRYPTED)
        return fail_entry(z, e, "it is encrypted");
    if (e->method != ZIP_STORED && e->method != ZIP_DEFLATED)
        return error_fail(z->err, JIT_EUNSUPPORTED, "%s: record '%.*s': compression method %u is not read", z->file,
                          (int)e->n_name, (const char *)e->name, e->method);
    if (e->method == ZIP_STORED ? e->n_stored != e->n_bytes : e->n_bytes / MAX_INFLATION > e->n_stored)
        return fail_entry(z, e, "it promises more bytes than it holds");
    return JIT_OK;
}

/* Where the payload begins. The local header must agree with the entry; sizes and checksum may also be zero there
 * when they follow the payload. */
static jit_status find_payload(zip_reader *z, const zip_entry *e, uint64_t *ret)
{
    if (e->local > z->directory || z->directory - e->local < ZIP_LOCAL_BYTES || u32(z->bytes + e->local) != ZIP_LOCAL)
        return fail_entry(z, e, "it is not where the directory says");
    const unsigned char *p = z->bytes + e->local;
    uint32_t n_name = u16(p + 26), n_extra = u16(p + 28), crc = u32(p + 14);
    uint64_t n_stored = u32(p + 18), n_bytes = u32(p + 22);
    uint64_t payload = e->local + ZIP_LOCAL_BYTES + n_name + n_extra;
    if (payload > z->directory || e->n_stored > z->directory - payload)
        return fail_entry(z, e, "it reaches beyond the end of the records");
    if (!read_extra64(p + ZIP_LOCAL_BYTES + n_name, n_extra, &n_bytes, &n_stored, NULL))
        return fail_entry(z, e, "its local header is damaged");
    bool is_told_later = (u16(p + 6) & ZIP_FLAG_DESCRIPTOR) && !crc && !n_stored && !n_bytes;
    if (n_name != e->n_name || memcmp(p + ZIP_LOCAL_BYTES, e->name, n_name) || u16(p + 6) != e->flags
        || u16(p + 8) != e->method
        || (!is_told_later && (crc != e->crc || n_stored != e->n_stored || n_bytes != e->n_bytes)))
        return fail_entry(z, e, "its local header contradicts the directory");
    *ret = payload;
    return JIT_OK;
}

/* ---- all of them ---------------------------------------------------------------------------------- */

typedef struct zip_extent { uint64_t begin, end; size_t record; } zip_extent;

static int compare_extents(const void *a, const void *b)
{
    const zip_extent *x = a, *y = b;
    return x->begin < y->begin ? -1 : x->begin > y->begin ? 1 : 0;
}

static jit_status check_overlaps(zip_reader *z, const container_record *records, zip_extent *extents)
{
    qsort(extents, z->n_entries, sizeof *extents, compare_extents);
    for (size_t i = 1; i < z->n_entries; i++)
        if (extents[i].begin < extents[i - 1].end)
            return error_fail(z->err, JIT_EFORMAT, "%s: records '%.200s' and '%.200s' lie on the same bytes", z->file,
                              records[extents[i - 1].record].name, records[extents[i].record].name);
    return JIT_OK;
}

static jit_status read_entries(zip_reader *z, container_record *records, zip_extent *extents)
{
    strmap names;
    strmap_init(&names, z->arena);
    uint64_t at = z->directory;
    for (size_t i = 0; i < z->n_entries; i++) {
        zip_entry e;
        uint64_t payload;
        jit_status status = read_entry(z, &at, &e);
        if (status || (status = find_payload(z, &e, &payload)) != JIT_OK)
            return status;
        const char *name = arena_strndup(z->arena, (const char *)e.name, e.n_name);
        if (z->arena->failed)
            return error_no_memory(z->err);
        if (strmap_has(&names, name))
            return fail_entry(z, &e, "there are two of this name");
        if (!strmap_set(&names, name, records))
            return error_no_memory(z->err);
        records[i] = (container_record){ .name = name, .n_bytes = e.n_bytes, .n_stored = e.n_stored,
                                         .offset = payload, .crc = e.crc, .is_deflated = e.method == ZIP_DEFLATED };
        extents[i] = (zip_extent){ e.local, payload + e.n_stored, i };
    }
    if (at != z->directory + z->n_directory_bytes)
        return fail(z, "the directory is longer than its records");
    return check_overlaps(z, records, extents);
}

jit_status zip_read_directory(const void *bytes, size_t n_bytes, const char *file, arena *a, container_record **ret,
                              size_t *ret_n, jit_error *err)
{
    zip_reader z = { .bytes = bytes, .n_bytes = n_bytes, .file = file, .arena = a, .err = err };
    jit_status status = read_ends(&z);
    if (status)
        return status;
    container_record *records = arena_alloc(a, z.n_entries * sizeof *records);
    zip_extent *extents = mem_alloc(z.n_entries * sizeof *extents);
    if (a->failed || !extents)
        status = error_no_memory(err);
    else
        status = read_entries(&z, records, extents);
    mem_free(extents);
    if (status)
        return status;
    *ret = records;
    *ret_n = z.n_entries;
    return JIT_OK;
}
