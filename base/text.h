/* base/text.h: a string under construction.
 *
 * Always NUL-terminated (bytes may contain NULs; `n` counts). Growth beyond `max_bytes`, or lack of
 * memory, sets the sticky `failed` and drops what follows, so callers check once at the end. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"

#include <stdint.h>

enum { TEXT_MAX_BYTES = 1 << 30 };

typedef struct text {
    char *s; /* never NULL after text_init */
    size_t n, cap, max_bytes;
    arena *arena;
    bool failed;
} text;

void text_init(text *t, arena *a);                   /* a NULL: heap, release with text_fini */
void text_fini(text *t);
void text_clear(text *t);
void text_add(text *t, const char *s);
void text_add_bytes(text *t, const void *p, size_t n_bytes);
void text_add_char(text *t, char c);
void text_add_int(text *t, int64_t i);               /* in decimal */
void text_add_spaces(text *t, size_t n);
void text_addf(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vaddf(text *t, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
void text_add_json(text *t, const char *s, size_t n); /* quoted; invalid UTF-8 bytes become U+FFFD */
/** Take the heap string out; the caller frees it with mem_free. NULL if the text failed. */
char *text_take(text *t);

/** Edit distance for "did you mean"; gives up above `limit` and returns limit + 1. */
int text_distance(const char *a, const char *b, int limit);
/** How many edits a slip of the hand makes in a name: none in a letter, where any other name is near. */
int text_slip_limit(const char *name);
/** May `meant` be what was meant by `name`? Two letters only stand for a name that has more. */
bool text_is_slip(const char *name, const char *meant);

#endif
