/* runtime/archive/container.h: the ZIP file a model travels in (records under one prefix).
 *
 * libzip reads and inflates records; where a stored payload lies is found from the directory and the local header
 * (directory.h), bounds-checked and compared with libzip's view, so that tensors can be mapped from the file instead of
 * copied (mapping.h). A container is counted; its storages keep the mapping alive, not the container. Everything read from the file is checked: names, sizes,
 * offsets, checksums (always for what is read whole; for mapped storages on request).
 *
 * libzip is opened when the first archive is: in Debian it brings libcrypto along, which costs every process
 * 0.8 ms and 2 MB at start, models or not. It does not write here: the place of a payload must be known before its
 * header is written (alignment), and libzip places records only when it closes the archive. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_ARCHIVE_CONTAINER_H
#define RUNTIME_ARCHIVE_CONTAINER_H

#include "runtime/tensor/tensor.h"

typedef struct container container;

typedef struct container_record {
    const char *name;       /* without the prefix: "data.pkl", "data/0", "code/__torch__.py" */
    uint64_t n_bytes;       /* uncompressed */
    uint64_t n_stored;      /* in the file */
    uint64_t offset;        /* of the payload in the file */
    uint32_t crc;
    bool is_deflated;
} container_record;

/** Who is told how far something long is; tell may be NULL. */
typedef struct container_progress {
    void (*tell)(void *ctx, size_t bytes_done, size_t bytes_total);
    void *ctx;
} container_progress;

typedef struct container_options {
    bool copy;              /* read tensors into memory instead of mapping the file */
    bool verify;            /* check the checksums of tensor records too */
    bool is_flat;           /* any ZIP file (.npz): names are whole, there is no prefix and no version */
    uint64_t max_record_bytes; /* of a record that is read whole; 0: 1 GiB */
    container_progress progress; /* of verify */
} container_options;

/** Open an archive. Errors: JIT_EIO (cannot be read), JIT_EFORMAT (not an archive, or one that lies), JIT_EUNSUPPORTED
 * (a known container that is not read: "PYTORCH1", model.json), JIT_ENOMEM. *ret is a reference. */
jit_status container_open(const char *path, const container_options *o, container **ret, jit_error *err);
/** The same from memory. It is copied, and tensors lie in that copy; with `borrow` it must stay until the container
 * goes, and each tensor's bytes are copied out: a program may write to its tensors, but not to `bytes`. */
jit_status container_open_memory(const void *bytes, size_t n_bytes, bool borrow, const container_options *o,
                                 container **ret, jit_error *err);
container *container_ref(container *c);
void container_unref(container *c);

/** "tiny" of tiny/data.pkl, the name errors use (path or "<memory>"), and the records under the prefix in directory
 * order. */
const char *container_prefix(const container *c);
const char *container_name(const container *c);
size_t container_n_records(const container *c);
const container_record *container_at(const container *c, size_t i);
const container_record *container_find(const container *c, const char *name); /* NULL: none */
/** Version of the archive, 1…10 (checked when opened); 0 if o->is_flat. */
int container_version(const container *c);
/** A record whole, inflated, checksum verified: mem_ block, NUL-terminated, yours. JIT_ENOTFOUND without it. */
jit_status container_read(container *c, const char *name, char **ret, size_t *ret_n_bytes, jit_error *err);
/** A record as the storage of a tensor: mapped where it is stored (and o->copy is off), else read. The record must
 * have at least n_bytes; the storage has exactly n_bytes. JIT_ENOTFOUND without it. */
jit_status container_storage(container *c, const char *name, size_t n_bytes, storage **ret, jit_error *err);

/* ---- writing ------------------------------------------------------------------------------------------------ */
/** Where an archive's bytes go: a temporary file that replaces `path` when finished, or memory. */
typedef struct container_writer container_writer;
/** prefix NULL: base name of the path without its last extension. Existing files stay whole until finish. */
jit_status container_writer_open(const char *path, const char *prefix, container_writer **ret, jit_error *err);
jit_status container_writer_open_memory(const char *prefix, container_writer **ret, jit_error *err);
/** Have progress told while records are written; bytes_total: what will come, about. */
void container_writer_set_progress(container_writer *w, const container_progress *p, size_t bytes_total);
/** Add a record; payloads start at multiples of 64. It is written at once: the bytes may go afterwards. */
jit_status container_write(container_writer *w, const char *name, const void *bytes, size_t n_bytes,
                           bool is_deflated, jit_error *err);
/** Complete, sync, rename. Releases the writer, also on failure (then the old file is whole). For memory: *ret_bytes
 * (mem_ block, yours) and *ret_n_bytes; both may be NULL for files. */
jit_status container_writer_finish(container_writer *take, char **ret_bytes, size_t *ret_n_bytes, jit_error *err);
/** Give up: nothing is left behind. NULL is fine. */
void container_writer_abort(container_writer *take);

#endif
