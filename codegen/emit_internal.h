/* codegen/emit_internal.h: what the files of the code writer share.
 *
 * A script_writer prints one function. Values are written where they are used: by the name of a local, or, for a
 * value that is read once and in the order in which it was computed, by its whole expression. Such expressions wait
 * in `pending`; whatever must be a statement of its own first makes statements of those before it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CODEGEN_EMIT_INTERNAL_H
#define CODEGEN_EMIT_INTERNAL_H

#include "codegen/emit_script.h"

enum {
    SCRIPT_LINE_WIDTH = 40,    /* a longer expression gets a line of its own */
    SCRIPT_NESTING_MAX = 120,  /* blocks in blocks; readers bound it, PyTorch's recurses over it */
};

/* ---- text with ranges --------------------------------------------------------------------------- */
void script_text_init(script_text *t, arena *a);
void script_text_fini(script_text *t);
void script_text_clear(script_text *t);
void script_text_cut(script_text *t, size_t n_bytes);       /* keep the first n_bytes */
/** What is appended next, not through script_put…, comes from `at`. */
void script_mark(script_text *t, range at);
void script_put(script_text *t, range at, const char *s);
void script_put_bytes(script_text *t, range at, const char *s, size_t n);
/** Append a piece with its ranges. */
void script_put_text(script_text *t, const script_text *piece);

/* ---- the archive -------------------------------------------------------------------------------- */
/** Remember the first failure; returns false. */
bool script_fail(script_archive *a, jit_status s, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *script_function_name(script_archive *a, ir_function *fn);
/** A type as annotations spell it, class names qualified. */
void script_put_type(script_archive *a, const type *t, text *out);
/** A constant as an expression. false: it has no such form (reported). */
bool script_put_constant(script_archive *a, jit_value v, text *out);
bool script_is_identifier(const char *s);
/** Keywords of the language: no attribute can be written `x.name` with such a name. */
bool script_is_keyword(const char *s);
void script_put_quoted(const char *s, size_t n, text *out);

/** Print `def name(…)` with its body at an indentation. qualified_self: annotate the first parameter too. */
void script_print_def(script_archive *a, ir_function *fn, const char *name, unsigned level, script_text *out);
void script_print_class(script_archive *a, const type *t, const char *name, script_text *out);

/* ---- one function -------------------------------------------------------------------------------- */
/** How a value is written where it is used. */
typedef struct script_expr {
    script_text body;
    bool is_name;              /* a local, not an expression */
    size_t place;              /* 1 + position in the order of pending expressions; 0: not pending */
} script_expr;

typedef struct script_writer {
    script_archive *a;
    script_text *out;
    arena arena;               /* lives as long as the function is printed */
    ptrmap exprs;              /* ir_value * → script_expr * */
    strmap used;               /* names of locals */
    strmap suffixes;           /* base name → next number */
    VEC(ir_value *) pending;   /* in order of evaluation; those from first_pending on wait */
    size_t first_pending;
    unsigned level, nesting;
} script_writer;

/** The expression of a node, without the assignment. */
void script_put_rhs(script_writer *w, const ir_node *n, script_text *to);
/** A value as it is written where it is used. */
void script_put_value(script_writer *w, const ir_value *v, range at, script_text *to);
script_expr *script_find_expr(script_writer *w, const ir_value *v);

#endif
