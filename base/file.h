/* base/file.h: whole files in and out.
 *
 * Writing goes to a temporary file in the same folder that takes the name only when it is complete and on disk, so
 * whoever is killed or runs out of room in between leaves the old file whole. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "jit.h"

/** Read a file up to its end, at most max_bytes: mem_ block, NUL-terminated, yours. JIT_EIO, JIT_ENOMEM. */
jit_status file_read(const char *path, size_t max_bytes, char **ret, size_t *ret_n_bytes, jit_error *err);
/** Write a file whole. JIT_EIO, JIT_ENOMEM. */
jit_status file_write(const char *path, const void *bytes, size_t n_bytes, jit_error *err);

/** A file being written, piece by piece. */
typedef struct file_writer file_writer;
jit_status file_writer_open(const char *path, file_writer **ret, jit_error *err);
jit_status file_writer_add(file_writer *w, const void *bytes, size_t n_bytes, jit_error *err);
/** Sync and rename; the writer is released, also on failure. */
jit_status file_writer_finish(file_writer *take, jit_error *err);
/** Give up: the temporary file goes. NULL is fine. */
void file_writer_abort(file_writer *take);

#endif
