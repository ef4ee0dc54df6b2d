/* runtime/archive/mapping.h: the bytes of a file that tensors lie in.
 *
 * The file is mapped privately and writable: reading costs nothing until a page is looked at, and the kernel copies
 * a page when a program writes to a tensor on it; the file never changes. If somebody shortens the file meanwhile,
 * touching what is gone ends the process (SIGBUS); `copy` reads the file into memory instead. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_ARCHIVE_MAPPING_H
#define RUNTIME_ARCHIVE_MAPPING_H

#include "runtime/tensor/tensor.h"

typedef enum mapping_kind { MAPPING_FILE, MAPPING_COPY, MAPPING_BORROWED } mapping_kind;

typedef struct mapping {
    _Atomic int32_t n_refs;
    mapping_kind kind;
    char *bytes;    /* read them only; a program writes to its storages */
    size_t n_bytes; /* at least 1 */
} mapping;

/** Errors: JIT_EIO (not a regular file, cannot be read), JIT_EFORMAT (empty), JIT_ENOMEM. */
jit_status mapping_open(const char *path, bool copy, mapping **ret, jit_error *err);
/** Of memory: copied, or borrowed until the mapping goes. JIT_EFORMAT (no bytes), JIT_ENOMEM. */
jit_status mapping_open_memory(const void *bytes, size_t n_bytes, bool borrow, mapping **ret, jit_error *err);
mapping *mapping_ref(mapping *m);
void mapping_unref(mapping *m);
/** While they are, a read from a file that is not in memory brings its own page only, not its neighbours too. */
void mapping_expect_scattered_reads(const mapping *m, bool are_expected);
/** n_bytes from `offset` on as a storage that keeps the mapping alive; copied out if the bytes are borrowed or not
 * aligned to `align`. The range must lie inside. NULL: no memory. */
storage *mapping_storage(mapping *m, uint64_t offset, size_t n_bytes, size_t align);

#endif
