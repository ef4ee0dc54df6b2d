/* runtime/archive/container_write.c: writing an archive as PyTorch lays it out.
 *
 * Records follow each other: local header, padding, payload, descriptor; then the directory and the three end
 * records. A payload begins at a multiple of 64, so that it can be mapped: an extra field "FB" fills the header up.
 * No dates, no attributes: the same records give the same bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/container.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "base/vec.h"
#include "runtime/archive/directory.h"

#include <string.h>
#include <zlib.h>

enum { PAYLOAD_ALIGN = 64, EXTRA_PADDING = 0x4246 /* "FB" */, EXTRA_BYTES = 4 /* before the padding itself */ };
enum { STEP_BYTES = 4 << 20 }; /* between two words about progress */
enum { VERSION_DEFLATED = 20, VERSION_ZIP64 = 45, MADE_BY_ZIP64 = 0x031e, MAX_PIECE_BYTES = 1 << 30 };
#define IS_LARGE(x) ((x) >= 0xffffffffu) /* does not fit a 32-bit field */

typedef struct written {
    char *name;             /* with the prefix */
    uint32_t n_name, crc;
    uint64_t n_bytes, n_stored, local;
    bool is_deflated;
} written;

struct container_writer {
    file_writer *file;      /* NULL: to memory */
    text memory;
    uint64_t at;            /* bytes written */
    char *prefix;
    VEC(written) records;
    text scratch;           /* headers and deflated payloads */
    container_progress progress;
    size_t bytes_expected;
};

/* ---- bytes ---------------------------------------------------------------------------------------------------- */

static void put(text *out, uint64_t x, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++, x >>= 8)
        text_add_char(out, (char)x);
}

static uint32_t narrow(uint64_t x) { return IS_LARGE(x) ? 0xffffffffu : (uint32_t)x; }

static jit_status add_piece(container_writer *w, const void *bytes, size_t n_bytes, jit_error *err)
{
    w->at += n_bytes;
    if (w->file)
        return file_writer_add(w->file, bytes, n_bytes, err);
    text_add_bytes(&w->memory, bytes, n_bytes);
    return w->memory.failed ? error_no_memory(err) : JIT_OK;
}

static void tell_progress(const container_writer *w, bool is_done)
{
    if (w->progress.tell)
        w->progress.tell(w->progress.ctx, w->at, is_done || w->at > w->bytes_expected ? w->at : w->bytes_expected);
}

static jit_status add(container_writer *w, const void *bytes, size_t n_bytes, jit_error *err)
{
    jit_status status = JIT_OK;
    for (size_t done = 0; !status && done < n_bytes;) {
        const size_t n = n_bytes - done < STEP_BYTES || !w->progress.tell ? n_bytes - done : STEP_BYTES;
        status = add_piece(w, (const char *)bytes + done, n, err);
        done += n;
        if (!status && n == STEP_BYTES)
            tell_progress(w, false);
    }
    return status;
}

static jit_status add_scratch(container_writer *w, jit_error *err)
{
    return w->scratch.failed ? error_no_memory(err) : add(w, w->scratch.s, w->scratch.n, err);
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

/* "dir/m.v2.pt" → "m.v2" */
static char *prefix_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    char *prefix = mem_strdup(base);
    if (prefix && dot && dot != base)
        prefix[dot - base] = 0;
    return prefix;
}

static void container_writer_free(container_writer *w)
{
    for (size_t i = 0; i < w->records.n; i++)
        mem_free(w->records.at[i].name);
    VEC_FINI(&w->records);
    text_fini(&w->memory);
    text_fini(&w->scratch);
    mem_free(w->prefix);
    mem_free(w);
}

static container_writer *container_writer_new(char *take_prefix)
{
    container_writer *w = take_prefix ? mem_calloc(1, sizeof *w) : NULL;
    if (!w) {
        mem_free(take_prefix);
        return NULL;
    }
    w->prefix = take_prefix;
    text_init(&w->memory, NULL);
    text_init(&w->scratch, NULL);
    w->memory.max_bytes = w->scratch.max_bytes = SIZE_MAX / 2; // as large as the model
    return w;
}

jit_status container_writer_open(const char *path, const char *prefix, container_writer **ret, jit_error *err)
{
    container_writer *w = container_writer_new(prefix ? mem_strdup(prefix) : prefix_of(path));
    if (!w)
        return error_no_memory(err);
    jit_status status = file_writer_open(path, &w->file, err);
    if (status) {
        container_writer_free(w);
        return status;
    }
    *ret = w;
    return JIT_OK;
}

jit_status container_writer_open_memory(const char *prefix, container_writer **ret, jit_error *err)
{
    container_writer *w = container_writer_new(mem_strdup(prefix ? prefix : "archive"));
    if (!w)
        return error_no_memory(err);
    *ret = w;
    return JIT_OK;
}

void container_writer_set_progress(container_writer *w, const container_progress *p, size_t bytes_total)
{
    w->progress = *p;
    w->bytes_expected = bytes_total;
}

void container_writer_abort(container_writer *take)
{
    if (!take)
        return;
    file_writer_abort(take->file);
    container_writer_free(take);
}

/* ---- records ------------------------------------------------------------------------------------------------------ */

static voidpf deflate_alloc(voidpf ctx, uInt n, uInt size) { return mem_calloc(n, size); }
static void deflate_free(voidpf ctx, voidpf p) { mem_free(p); }

/* The payload, deflated, into the scratch text. */
static jit_status deflate_payload(container_writer *w, const void *bytes, size_t n_bytes, jit_error *err)
{
    z_stream z = { .zalloc = deflate_alloc, .zfree = deflate_free, .next_in = (Bytef *)bytes };
    unsigned char piece[1 << 14];
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return error_no_memory(err);
    size_t left = n_bytes;
    text_clear(&w->scratch);
    for (int state = Z_OK; state != Z_STREAM_END;) {
        if (z.avail_in == 0) {
            z.avail_in = left < MAX_PIECE_BYTES ? (uInt)left : MAX_PIECE_BYTES;
            left -= z.avail_in;
        }
        z.next_out = piece;
        z.avail_out = sizeof piece;
        state = deflate(&z, left ? Z_NO_FLUSH : Z_FINISH);
        text_add_bytes(&w->scratch, piece, sizeof piece - z.avail_out);
    }
    deflateEnd(&z);
    return w->scratch.failed ? error_no_memory(err) : JIT_OK;
}

/* Header up to the payload: sizes and checksum follow the payload, as PyTorch writes them. */
static void put_local_header(container_writer *w, const written *r, text *out)
{
    const bool is_large = IS_LARGE(r->n_bytes) || IS_LARGE(r->n_stored);
    const uint32_t n_wide = is_large ? 20 : 0;
    const uint64_t start = w->at + ZIP_LOCAL_BYTES + r->n_name + n_wide + EXTRA_BYTES;
    const uint32_t n_padding = (uint32_t)((PAYLOAD_ALIGN - start % PAYLOAD_ALIGN) % PAYLOAD_ALIGN);
    put(out, ZIP_LOCAL, 4);
    put(out, is_large ? VERSION_ZIP64 : r->is_deflated ? VERSION_DEFLATED : 0, 2);
    put(out, ZIP_FLAG_UTF8 | ZIP_FLAG_DESCRIPTOR, 2);
    put(out, r->is_deflated ? ZIP_DEFLATED : ZIP_STORED, 2);
    put(out, 0, 4 + 4); // no date; checksum later
    put(out, is_large ? 0xffffffff : 0, 4);
    put(out, is_large ? 0xffffffff : 0, 4);
    put(out, r->n_name, 2);
    put(out, n_wide + EXTRA_BYTES + n_padding, 2);
    text_add_bytes(out, r->name, r->n_name);
    if (is_large) { // promises 64-bit sizes behind the payload
        put(out, ZIP_EXTRA64, 2);
        put(out, 16, 2);
        put(out, 0, 8);
        put(out, 0, 8);
    }
    put(out, EXTRA_PADDING, 2);
    put(out, n_padding, 2);
    for (uint32_t i = 0; i < n_padding; i++)
        text_add_char(out, 'Z');
}

static void put_descriptor(const written *r, text *out)
{
    const int size = IS_LARGE(r->n_bytes) || IS_LARGE(r->n_stored) ? 8 : 4;
    put(out, ZIP_DESCRIPTOR, 4);
    put(out, r->crc, 4);
    put(out, r->n_stored, size);
    put(out, r->n_bytes, size);
}

static jit_status write_record(container_writer *w, const written *r, const void *payload, jit_error *err)
{
    text header, descriptor;
    text_init(&header, NULL);
    text_init(&descriptor, NULL);
    put_local_header(w, r, &header);
    put_descriptor(r, &descriptor);
    jit_status status = header.failed || descriptor.failed ? error_no_memory(err) : JIT_OK;
    if (!status && (status = add(w, header.s, header.n, err)) == JIT_OK
        && (status = add(w, payload, r->n_stored, err)) == JIT_OK)
        status = add(w, descriptor.s, descriptor.n, err);
    text_fini(&header);
    text_fini(&descriptor);
    return status;
}

jit_status container_write(container_writer *w, const char *name, const void *bytes, size_t n_bytes, bool is_deflated,
                           jit_error *err)
{
    text full;
    text_init(&full, NULL);
    text_addf(&full, "%s%s%s", w->prefix, *w->prefix ? "/" : "", name);
    if (full.n > UINT16_MAX || full.failed) {
        bool is_too_long = !full.failed;
        text_fini(&full);
        if (!is_too_long)
            return error_no_memory(err);
        return error_fail(err, JIT_EINVAL, "the name of a record is longer than %d bytes", UINT16_MAX);
    }
    const uint32_t n_name = (uint32_t)full.n;
    written r = { .name = text_take(&full), .n_name = n_name, .n_bytes = n_bytes, .n_stored = n_bytes, .local = w->at,
                  .crc = (uint32_t)crc32_z(0, n_bytes ? bytes : NULL, n_bytes), .is_deflated = is_deflated };
    if (!r.name)
        return error_no_memory(err);
    if (!VEC_PUSH(&w->records, NULL, r)) {
        mem_free(r.name);
        return error_no_memory(err);
    }
    jit_status status = is_deflated ? deflate_payload(w, bytes, n_bytes, err) : JIT_OK;
    if (status)
        return status;
    if (is_deflated)
        VEC_LAST(&w->records).n_stored = w->scratch.n;
    return write_record(w, &VEC_LAST(&w->records), is_deflated ? w->scratch.s : bytes, err);
}

/* ---- the directory --------------------------------------------------------------------------------------------------- */

static void put_entry(const written *r, text *out)
{
    const uint64_t wide[] = { r->n_bytes, r->n_stored, r->local };
    uint32_t n_wide = 0;
    for (int i = 0; i < 3; i++)
        n_wide += IS_LARGE(wide[i]) ? 8 : 0;
    put(out, ZIP_ENTRY, 4);
    put(out, 0, 2); // made by nobody in particular
    put(out, n_wide ? VERSION_ZIP64 : r->is_deflated ? VERSION_DEFLATED : 0, 2);
    put(out, ZIP_FLAG_UTF8 | ZIP_FLAG_DESCRIPTOR, 2);
    put(out, r->is_deflated ? ZIP_DEFLATED : ZIP_STORED, 2);
    put(out, 0, 4);
    put(out, r->crc, 4);
    put(out, narrow(r->n_stored), 4);
    put(out, narrow(r->n_bytes), 4);
    put(out, r->n_name, 2);
    put(out, n_wide ? 4 + n_wide : 0, 2);
    put(out, 0, 2 + 2 + 2 + 4); // no comment, disk, attributes
    put(out, narrow(r->local), 4);
    text_add_bytes(out, r->name, r->n_name);
    if (!n_wide)
        return;
    put(out, ZIP_EXTRA64, 2);
    put(out, n_wide, 2);
    for (int i = 0; i < 3; i++)
        if (IS_LARGE(wide[i]))
            put(out, wide[i], 8);
}

/* The 64-bit end record, its locator and the classic one: always all three, as PyTorch does. */
static void put_ends(uint64_t n_records, uint64_t directory, uint64_t n_directory, text *out)
{
    put(out, ZIP_END64, 4);
    put(out, ZIP_END64_BYTES - 12, 8);
    put(out, MADE_BY_ZIP64, 2);
    put(out, VERSION_ZIP64, 2);
    put(out, 0, 4 + 4);
    put(out, n_records, 8);
    put(out, n_records, 8);
    put(out, n_directory, 8);
    put(out, directory, 8);
    put(out, ZIP_END64_LOCATOR, 4);
    put(out, 0, 4);
    put(out, directory + n_directory, 8);
    put(out, 1, 4);
    put(out, ZIP_END, 4);
    put(out, 0, 4);
    put(out, n_records < 0xffff ? n_records : 0xffff, 2);
    put(out, n_records < 0xffff ? n_records : 0xffff, 2);
    put(out, narrow(n_directory), 4);
    put(out, narrow(directory), 4);
    put(out, 0, 2);
}

static jit_status write_directory(container_writer *w, jit_error *err)
{
    const uint64_t directory = w->at;
    text_clear(&w->scratch);
    for (size_t i = 0; i < w->records.n; i++)
        put_entry(&w->records.at[i], &w->scratch);
    put_ends(w->records.n, directory, w->scratch.n, &w->scratch);
    return add_scratch(w, err);
}

jit_status container_writer_finish(container_writer *take, char **ret_bytes, size_t *ret_n_bytes, jit_error *err)
{
    jit_status status = write_directory(take, err);
    if (status) {
        container_writer_abort(take);
        return status;
    }
    tell_progress(take, true);
    if (take->file) {
        status = file_writer_finish(take->file, err);
    } else {
        const size_t n_bytes = take->memory.n;
        char *bytes = text_take(&take->memory);
        status = bytes ? JIT_OK : error_no_memory(err);
        if (bytes) {
            *ret_bytes = bytes;
            *ret_n_bytes = n_bytes;
        }
    }
    take->file = NULL;
    container_writer_free(take);
    return status;
}
