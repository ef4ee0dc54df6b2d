/* base/diag.h: what is wrong with the user's program, collected.
 *
 * Checkers report and go on; whoever started the compile shows the list. Each diagnostic has a code
 * ("unknown-name") that docs and tools refer to. A message is one sentence without full stop; notes
 * hang below it and may point elsewhere. The same error at the same place is kept once (several
 * instantiations of one function repeat it). Lists are capped at DIAG_MAX. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include "base/arena.h"
#include "base/source.h"
#include "base/text.h"
#include "base/vec.h"

enum { DIAG_MAX = 1000 };

typedef enum diag_severity { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE } diag_severity;

typedef struct diag_item {
    diag_severity severity;
    const char *code;       /* static string, "unknown-name" */
    range at;
    const char *message;
    struct diag_item *notes; /* severity DIAG_NOTE, linked by next */
    struct diag_item *next;
} diag_item;

typedef struct diag {
    arena arena;
    diag_item *first, *last;      /* in order of report; diag_sort() puts them in source order */
    int n_errors, n_warnings, n_dropped;
    bool is_syntax;               /* some error came from lexer or parser */
    VEC(const source *) sources;  /* references: ranges stay valid when the tree and unit are gone */
} diag;

void diag_init(diag *d);
void diag_fini(diag *d);
/** Report; returns the item so that notes can be attached, never NULL (a dummy when dropped). */
diag_item *diag_error(diag *d, const char *code, range at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
diag_item *diag_warning(diag *d, const char *code, range at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void diag_note(diag *d, diag_item *of, range at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** Something to know that is neither wrong nor doubtful; counted as nothing. */
diag_item *diag_remark(diag *d, const char *code, range at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** Report again what another list holds, with its notes. */
void diag_copy(diag *d, const diag_item *it);
/** Take errors out that `is_wanted` has no use for. */
void diag_filter(diag *d, bool (*is_wanted)(void *ctx, const diag_item *it), void *ctx);
void diag_sort(diag *d); /* by file and position, stable; errors inside generated code last */

/** `file:line:col: error: message`, the source line, a caret line; notes follow. Columns are shown
 * 1-based in characters. A warning ends in its code, by which it is turned off. Long lines are cut around the caret. colour: ANSI escapes. */
void diag_print(const diag *d, text *out, bool colour);
void diag_print_item(const diag_item *it, text *out, bool colour);
void diag_print_json(const diag *d, text *out); /* an array of objects, one line */

#endif
