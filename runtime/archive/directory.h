/* runtime/archive/directory.h: where the records of a ZIP file lie, read from its bytes and trusted in nothing.
 *
 * libzip inflates but does not tell where a stored payload begins, which is what mapping needs. So the directory is
 * walked here: every count, size and offset against the length of the file, each local header against its entry, no
 * two records on the same bytes. Whatever does not agree with itself is refused before libzip sees it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_ARCHIVE_DIRECTORY_H
#define RUNTIME_ARCHIVE_DIRECTORY_H

#include "runtime/archive/container.h"

#include "base/arena.h"

/* Signatures and fixed sizes; PKWARE's APPNOTE.TXT, sections 4.3 and 4.5. */
enum {
    ZIP_LOCAL = 0x04034b50, ZIP_ENTRY = 0x02014b50, ZIP_DESCRIPTOR = 0x08074b50,
    ZIP_END = 0x06054b50, ZIP_END64 = 0x06064b50, ZIP_END64_LOCATOR = 0x07064b50,
    ZIP_LOCAL_BYTES = 30, ZIP_ENTRY_BYTES = 46, ZIP_END_BYTES = 22, ZIP_END64_BYTES = 56,
    ZIP_END64_LOCATOR_BYTES = 20,
    ZIP_EXTRA64 = 1,
    ZIP_FLAG_ENCRYPTED = 1, ZIP_FLAG_DESCRIPTOR = 8, ZIP_FLAG_UTF8 = 0x800,
    ZIP_STORED = 0, ZIP_DEFLATED = 8,
};

/** The entries of the file, in directory order, names whole ("tiny/data.pkl") and in `a`. `file` names it in errors.
 * Errors: JIT_EFORMAT, JIT_EUNSUPPORTED (a compression we do not read), JIT_ENOMEM. */
jit_status zip_read_directory(const void *bytes, size_t n_bytes, const char *file, arena *a,
                              container_record **ret, size_t *ret_n, jit_error *err);

#endif
