/* base/source.h: a source text and places in it.
 *
 * Places are byte offsets; line and column are computed only when something is shown. A source is
 * reference counted because graphs and errors outlive the compile that read it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct source source;
struct source {
    _Atomic int n_refs;
    char *name;          /* as shown in messages: "model.tjs", "<string>" */
    char *text;          /* NUL-terminated copy; may contain NUL bytes too */
    uint32_t n_bytes;
    uint32_t *lines;     /* offset of each line's first byte */
    uint32_t n_lines;
    uint32_t first_line; /* number of the first line, 1 unless this is a part of a larger file */
};

/** A half-open byte range. src NULL: no position (generated code). */
typedef struct range {
    const source *src;
    uint32_t begin, end;
} range;

enum { SOURCE_MAX_BYTES = 256 << 20 };

source *source_new(const char *name, const char *text, size_t n_bytes); /* NULL: no memory/too long */
source *source_ref(const source *s);
void source_unref(const source *s);
/** 1-based line, 0-based byte column of an offset. */
void source_position(const source *s, uint32_t offset, uint32_t *ret_line, uint32_t *ret_column);
/** The bytes of 1-based line `line` without its newline. */
const char *source_line(const source *s, uint32_t line, size_t *ret_n);
range range_join(range a, range b);  /* the smallest range that holds both */

#endif
