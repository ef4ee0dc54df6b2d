/* ir/type_reader.h: reading types: IR text, annotations and operator schemas share one grammar.
 *
 * The reader walks over NUL-terminated or bounded text and keeps the first error. Schemas have more: alias
 * annotations, sizes, names that the checker sees as other types. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_TYPE_READER_H
#define IR_TYPE_READER_H

#include "ir/schema.h"

typedef struct type_reader {
    const char *at, *end;
    ir_unit *names;        /* class lookup, or NULL */
    arena *a;              /* for errors, alias-free temporaries and spellings */
    bool is_schema;        /* alias annotations; ScalarType and its like are int; unknown classes are Any */
    int depth;
    const char *error;     /* the first one; NULL: none so far */
} type_reader;

/** A type as a schema declares it. */
typedef struct read_type {
    const type *type;      /* NULL after an error */
    const char *spelling;  /* base name where it is not the type's, else NULL */
    int32_t sized;         /* N of T[N] */
    schema_alias alias, elem_alias;
} read_type;

read_type type_read(type_reader *r);
/** Set the error unless there is one. Always returns NULL. */
const void *type_read_error(type_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void type_read_blanks(type_reader *r);            /* blanks and newlines */
bool type_read_char(type_reader *r, char c);      /* skip blanks, then c if it is next */
bool type_read_expect(type_reader *r, char c);    /* … or an error */
bool type_read_int(type_reader *r, int64_t *ret); /* optional sign and digits, or an error */
/** A name [A-Za-z_][A-Za-z0-9_]*, with dots if allowed; length 0: none. */
size_t type_read_name(type_reader *r, bool dots, const char **ret);

#endif
