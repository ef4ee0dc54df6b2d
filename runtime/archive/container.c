/* runtime/archive/container.c: opening an archive, its records, and storages that lie in it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/container.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "runtime/archive/directory.h"
#include "runtime/archive/libzip.h"
#include "runtime/archive/mapping.h"

#include <pthread.h>
#include <string.h>
#include <zlib.h>

enum { OLDEST_VERSION = 1, NEWEST_VERSION = 10, DEFAULT_MAX_RECORD_BYTES = 1 << 30 };
/* A mapped payload must be aligned for the largest element (complex128); others are copied. */
enum { STORAGE_ALIGN = 16 };

struct container {
    _Atomic int32_t n_refs;
    mapping *file;              /* a reference */
    container_options options;
    size_t n_checked;       /* bytes of storages whose checksums were looked at */
    arena arena;                /* names */
    const char *name, *prefix;
    container_record *records;  /* those under the prefix, n of them */
    uint64_t *indices;          /* of each in the file */
    size_t n;
    strmap by_name;             /* → container_record * */
    int version;
    zip_t *zip;                 /* one reader at a time: */
    pthread_mutex_t lock;
};

/* ---- lifetime ----------------------------------------------------------------------------------- */

container *container_ref(container *c)
{
    atomic_fetch_add_explicit(&c->n_refs, 1, memory_order_relaxed);
    return c;
}

void container_unref(container *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->n_refs, 1, memory_order_acq_rel) != 1)
        return;
    if (c->zip)
        libzip()->discard(c->zip);
    pthread_mutex_destroy(&c->lock);
    mapping_unref(c->file);
    arena_fini(&c->arena);
    mem_free(c);
}

/* A container around a file, whose reference it takes, also on failure. */
static container *container_new(const char *name, mapping *take, const container_options *o)
{
    container *c = mem_calloc(1, sizeof *c);
    if (!c) {
        mapping_unref(take);
        return NULL;
    }
    atomic_init(&c->n_refs, 1);
    c->file = take;
    if (o)
        c->options = *o;
    if (!c->options.max_record_bytes)
        c->options.max_record_bytes = DEFAULT_MAX_RECORD_BYTES;
    arena_init(&c->arena);
    strmap_init(&c->by_name, &c->arena);
    pthread_mutex_init(&c->lock, NULL);
    c->name = arena_strdup(&c->arena, name);
    return c;
}

/* ---- the directory ------------------------------------------------------------------------------ */

static jit_status fail(const container *c, const char *why, jit_error *err)
{
    return error_fail(err, JIT_EFORMAT, "%s: %s", c->name, why);
}

static jit_status fail_record(const container *c, const char *record, const char *why, jit_error *err)
{
    return error_fail(err, JIT_EFORMAT, "%s: record '%.200s': %s", c->name, record, why);
}

/* Files that are known and not read: better named than called damaged. */
static jit_status check_kind(const container *c, jit_error *err)
{
    if (c->file->n_bytes >= 8 && !memcmp(c->file->bytes, "PYTORCH1", 8))
        return error_fail(err, JIT_EUNSUPPORTED, "%s: the preview format PYTORCH1 is not read", c->name);
    if (c->file->n_bytes >= 2 && !memcmp(c->file->bytes, "\x80\x02", 2))
        return error_fail(err, JIT_EUNSUPPORTED, "%s: a torch.save file from before PyTorch 1.6 (not a ZIP archive) is "
                          "not read; load it in PyTorch and save it again", c->name);
    return JIT_OK;
}

/* The prefix is what stands before the first `/` of the first entry. */
static jit_status find_prefix(container *c, const container_record *all, jit_error *err)
{
    const char *slash = strchr(all[0].name, '/');
    if (!slash)
        return fail_record(c, all[0].name, "the records of an archive lie in one folder, this one lies outside", err);
    c->prefix = arena_strndup(&c->arena, all[0].name, (size_t)(slash - all[0].name));
    return JIT_OK;
}

/* Keep the records under the prefix, under their names without it. Entries of folders are none. */
static jit_status take_records(container *c, const container_record *all, size_t n_all, jit_error *err)
{
    size_t skip = c->options.is_flat ? 0 : strlen(c->prefix) + 1;
    c->records = ARENA_ARRAY(&c->arena, container_record, n_all);
    c->indices = ARENA_ARRAY(&c->arena, uint64_t, n_all);
    if (c->arena.failed)
        return error_no_memory(err);
    for (size_t i = 0; i < n_all; i++) {
        const char *name = all[i].name;
        size_t n = strlen(name);
        if (n <= skip || (skip && (memcmp(name, c->prefix, skip - 1) || name[skip - 1] != '/')) || name[n - 1] == '/')
            continue;
        container_record *r = &c->records[c->n];
        *r = all[i];
        r->name += skip;
        c->indices[c->n++] = i;
        if (!strmap_set(&c->by_name, r->name, r))
            return error_no_memory(err);
    }
    return JIT_OK;
}

static jit_status open_zip(container *c, const libzip_functions *z, jit_error *err)
{
    zip_error_t why;
    z->error_init(&why);
    zip_source_t *source = z->source_buffer_create(c->file->bytes, c->file->n_bytes, 0, &why);
    c->zip = source ? z->open_from_source(source, ZIP_RDONLY, &why) : NULL;
    jit_status status = JIT_OK;
    if (!c->zip)
        status = fail(c, z->error_strerror(&why), err);
    if (source && !c->zip)
        z->source_free(source);
    z->error_fini(&why);
    return status;
}

/* libzip must see the same records as we do. */
static jit_status compare_with_libzip(container *c, const libzip_functions *z, const container_record *all, size_t n,
                                      jit_error *err)
{
    const zip_uint64_t told = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_CRC | ZIP_STAT_COMP_METHOD;
    if (z->get_num_entries(c->zip, 0) != (zip_int64_t)n)
        return fail(c, "its directory can be read in two ways", err);
    for (size_t i = 0; i < n; i++) {
        zip_stat_t st;
        if (z->stat_index(c->zip, i, ZIP_FL_ENC_RAW, &st) || (st.valid & told) != told || strcmp(st.name, all[i].name)
            || st.size != all[i].n_bytes || st.comp_size != all[i].n_stored || st.crc != all[i].crc
            || (st.comp_method == ZIP_CM_DEFLATE) != all[i].is_deflated)
            return fail_record(c, all[i].name, "its directory entry can be read in two ways", err);
    }
    return JIT_OK;
}

static jit_status read_directory(container *c, jit_error *err)
{
    jit_status status = check_kind(c, err);
    if (status)
        return status;
    container_record *all;
    size_t n;
    const libzip_functions *z = libzip();
    if (!z)
        return error_fail(err, JIT_EUNSUPPORTED, "%s: reading archives needs libzip: install the package libzip4", c->name);
    mapping_expect_scattered_reads(c->file, true); // a header here and there: what lies between is not wanted
    status = zip_read_directory(c->file->bytes, c->file->n_bytes, c->name, &c->arena, &all, &n, err);
    mapping_expect_scattered_reads(c->file, false);
    if (status || (!c->options.is_flat && (status = find_prefix(c, all, err)) != JIT_OK)
        || (status = take_records(c, all, n, err)) != JIT_OK || (status = open_zip(c, z, err)) != JIT_OK)
        return status;
    return compare_with_libzip(c, z, all, n, err);
}

/* ---- records -------------------------------------------------------------------------------------- */

const char *container_prefix(const container *c) { return c->prefix ? c->prefix : ""; }
const char *container_name(const container *c) { return c->name; }
size_t container_n_records(const container *c) { return c->n; }
const container_record *container_at(const container *c, size_t i) { return i < c->n ? &c->records[i] : NULL; }
const container_record *container_find(const container *c, const char *name) { return strmap_find(&c->by_name, name); }
int container_version(const container *c) { return c->version; }

/* All n_bytes of a record into `to`, and not one more; libzip compares the checksum at the end. Locked. */
static jit_status inflate_locked(container *c, const container_record *r, char *to, jit_error *err)
{
    const libzip_functions *z = libzip();
    zip_file_t *f = z->fopen_index(c->zip, c->indices[r - c->records], 0);
    if (!f)
        return fail_record(c, r->name, "it cannot be opened", err);
    uint64_t n = 0;
    zip_int64_t got;
    while (n < r->n_bytes && (got = z->fread(f, to + n, r->n_bytes - n)) > 0)
        n += (uint64_t)got;
    char beyond;
    got = z->fread(f, &beyond, 1); // the end: here the checksum is looked at
    jit_status status = JIT_OK;
    if (got < 0)
        status = fail_record(c, r->name, z->file_strerror(f), err);
    else if (got > 0 || n != r->n_bytes)
        status = fail_record(c, r->name, "it does not have the size the directory says", err);
    z->fclose(f);
    return status;
}

static jit_status inflate_into(container *c, const container_record *r, char *to, jit_error *err)
{
    pthread_mutex_lock(&c->lock);
    jit_status status = inflate_locked(c, r, to, err);
    pthread_mutex_unlock(&c->lock);
    return status;
}

static jit_status fail_missing(const container *c, const char *name, jit_error *err)
{
    return error_fail(err, JIT_ENOTFOUND, "%s: there is no record '%.200s'", c->name, name);
}

static jit_status fail_room(const container *c, const container_record *r, jit_error *err)
{
    return error_fail(err, JIT_ENOMEM, "%s: record '%.200s': out of memory for its %llu bytes", c->name, r->name,
                      (unsigned long long)r->n_bytes);
}

jit_status container_read(container *c, const char *name, char **ret, size_t *ret_n_bytes, jit_error *err)
{
    const container_record *r = container_find(c, name);
    if (!r)
        return fail_missing(c, name, err);
    if (r->n_bytes > c->options.max_record_bytes)
        return error_fail(err, JIT_ELIMIT, "%s: record '%.200s': its %llu bytes are more than the limit of %llu", c->name,
                          name, (unsigned long long)r->n_bytes, (unsigned long long)c->options.max_record_bytes);
    char *bytes = mem_alloc(r->n_bytes + 1);
    if (!bytes)
        return fail_room(c, r, err);
    jit_status status = inflate_into(c, r, bytes, err);
    if (status) {
        mem_free(bytes);
        return status;
    }
    bytes[r->n_bytes] = 0;
    *ret = bytes;
    *ret_n_bytes = r->n_bytes;
    return JIT_OK;
}

/* ---- storages ------------------------------------------------------------------------------------- */

/* Bytes of all records that can be storages. */
static size_t storage_bytes(const container *c)
{
    size_t n = 0;
    for (size_t i = 0; i < container_n_records(c); i++) {
        const container_record *r = container_at(c, i);
        if (!strncmp(r->name, "data/", 5) || !strncmp(r->name, "constants/", 10))
            n += r->n_bytes;
    }
    return n;
}

static jit_status check_crc(container *c, const container_record *r, jit_error *err)
{
    enum { STEP_BYTES = 16 << 20 };
    const container_progress *p = &c->options.progress;
    const size_t total = p->tell ? storage_bytes(c) : 0;
    uLong crc = 0;
    for (size_t done = 0, n; done < r->n_bytes; done += n) {
        n = r->n_bytes - done < STEP_BYTES ? r->n_bytes - done : STEP_BYTES;
        crc = crc32_z(crc, (const Bytef *)c->file->bytes + r->offset + done, n);
        c->n_checked += n;
        if (p->tell && n == STEP_BYTES)
            p->tell(p->ctx, c->n_checked, c->n_checked > total ? c->n_checked : total);
    }
    return crc == r->crc ? JIT_OK : fail_record(c, r->name, "its checksum is wrong", err);
}

/* A storage of its own for a deflated record. It is inflated whole, so that its checksum is seen. */
static jit_status inflate_storage(container *c, const container_record *r, storage **ret, jit_error *err)
{
    storage *s = storage_new(DEVICE_CPU0, r->n_bytes);
    if (!s)
        return fail_room(c, r, err);
    jit_status status = inflate_into(c, r, s->data, err);
    if (status) {
        storage_unref(s);
        return status;
    }
    *ret = s;
    return JIT_OK;
}

jit_status container_storage(container *c, const char *name, size_t n_bytes, storage **ret, jit_error *err)
{
    const container_record *r = container_find(c, name);
    if (!r)
        return fail_missing(c, name, err);
    if (r->n_bytes < n_bytes)
        return error_fail(err, JIT_EFORMAT, "%s: record '%.200s': a storage of %zu bytes is wanted, it has %llu", c->name,
                          name, n_bytes, (unsigned long long)r->n_bytes);
    jit_status status = c->options.verify && !r->is_deflated ? check_crc(c, r, err) : JIT_OK;
    if (status)
        return status;
    storage *s = NULL;
    if (r->is_deflated)
        status = inflate_storage(c, r, &s, err);
    else if (!(s = mapping_storage(c->file, r->offset, n_bytes, STORAGE_ALIGN)))
        status = error_no_memory(err);
    if (status)
        return status;
    s->n_bytes = n_bytes; // of a larger record the rest is not the tensor's
    *ret = s;
    return JIT_OK;
}

/* ---- opening -------------------------------------------------------------------------------------- */

/* Version record: a decimal integer, blanks before and text behind it are tolerated. */
static jit_status read_version(container *c, jit_error *err)
{
    const char *record = container_find(c, ".data/version") ? ".data/version" : "version";
    char *bytes;
    size_t n;
    if (container_find(c, "model.json"))
        return error_fail(err, JIT_EUNSUPPORTED, "%s: archives with a model.json record (before PyTorch 1.2) are not read",
                          c->name);
    jit_status status = container_read(c, record, &bytes, &n, err);
    if (status)
        return status == JIT_ENOTFOUND ? fail(c, "there is no record 'version': not a PyTorch archive", err) : status;
    const char *p = bytes + strspn(bytes, " \t\r\n");
    int64_t version = *p >= '0' && *p <= '9' ? 0 : -1;
    for (; *p >= '0' && *p <= '9' && version < INT32_MAX; p++)
        version = 10 * version + (*p - '0');
    mem_free(bytes);
    if (version < 0)
        return fail_record(c, record, "it is not a number", err);
    if (version < OLDEST_VERSION || version > NEWEST_VERSION)
        return error_fail(err, JIT_EUNSUPPORTED, "%s: it has version %lld, the %s supported version for reading is %d",
                          c->name, (long long)version, version < OLDEST_VERSION ? "minimum" : "maximum",
                          version < OLDEST_VERSION ? OLDEST_VERSION : NEWEST_VERSION);
    c->version = (int)version;
    return JIT_OK;
}

static jit_status check_byte_order(container *c, jit_error *err)
{
    char *bytes;
    size_t n;
    if (!container_find(c, "byteorder"))
        return JIT_OK;
    jit_status status = container_read(c, "byteorder", &bytes, &n, err);
    if (status)
        return status;
    bool is_little = n == 6 && !memcmp(bytes, "little", 6);
    mem_free(bytes);
    return is_little ? JIT_OK
                     : error_fail(err, JIT_EUNSUPPORTED, "%s: record 'byteorder': only little-endian archives are read",
                                  c->name);
}

/* Read what every archive has. Takes c. */
static jit_status finish_open(container *c, container **ret, jit_error *err)
{
    if (!c)
        return error_no_memory(err);
    jit_status status = c->arena.failed ? error_no_memory(err) : read_directory(c, err);
    if (!status && !c->options.is_flat && (status = read_version(c, err)) == JIT_OK)
        status = check_byte_order(c, err);
    if (status) {
        container_unref(c);
        return status;
    }
    *ret = c;
    return JIT_OK;
}

jit_status container_open(const char *path, const container_options *o, container **ret, jit_error *err)
{
    mapping *file;
    jit_status status = mapping_open(path, o && o->copy, &file, err);
    return status ? status : finish_open(container_new(path, file, o), ret, err);
}

jit_status container_open_memory(const void *bytes, size_t n_bytes, bool borrow, const container_options *o,
                                 container **ret, jit_error *err)
{
    mapping *file;
    jit_status status = mapping_open_memory(bytes, n_bytes, borrow, &file, err);
    return status ? status : finish_open(container_new("<memory>", file, o), ret, err);
}
