/* runtime/archive/libzip.h: the functions of libzip that are used, found when the first archive is opened.
 *
 * `libzip()->fopen_index(…)` is zip_fopen_index(…). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_ARCHIVE_LIBZIP_H
#define RUNTIME_ARCHIVE_LIBZIP_H

#include <zip.h>

#define LIBZIP_FUNCTIONS(F)                                                                         \
    F(source_buffer_create) F(source_free) F(open_from_source) F(discard) F(get_num_entries)        \
    F(stat_index) F(fopen_index) F(fread) F(fclose) F(file_strerror) F(error_init) F(error_fini)    \
    F(error_strerror)

typedef struct libzip_functions {
#define F(name) __typeof__(&zip_##name) name;
    LIBZIP_FUNCTIONS(F)
#undef F
} libzip_functions;

/** NULL: libzip is not installed. Any thread. */
const libzip_functions *libzip(void);

#endif
