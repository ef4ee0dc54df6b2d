/* frontend/script/lexer.h: from bytes to tokens, in two steps.
 *
 * lexer_next() (grammar/script.re) cuts the text into raw tokens and knows nothing of lines.
 * layout_next() (layout.c) turns line structure into NEWLINE, INDENT and DEDENT, watches brackets
 * and reports what no grammar rule can: bad tokens, brackets that do not match, bad indentation.
 * Token kinds are those of grammar/script.y; a single-character token is its character. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONTEND_SCRIPT_LEXER_H
#define FRONTEND_SCRIPT_LEXER_H

#include "frontend/script/ast.h"

typedef struct token {
    int kind;
    uint32_t begin, end;
    const char *problem; /* of a token of kind LEXER_BAD: the message, a static string */
} token;

enum { LEXER_BAD = -1 }; /* a raw token that is none */

typedef struct lexer {
    const char *text;
    uint32_t at, limit;  /* reads [at, limit); text[n_bytes] of the source is NUL */
    ast_dialect dialect;
    bool want_type_comment; /* let `# type:` be a token at this place, not a comment */
} lexer;

/** The next raw token; at the limit its kind is 0. T_NEWLINE stands for each line end. */
int lexer_next(lexer *l, token *t);

typedef struct layout_bracket {
    char open;
    uint32_t offset;
} layout_bracket;

/* A line that is `width` wide stands at this level; `alias` is a wrong width that was reported and
 * is from then on taken as this level, so that one slip is one message. */
typedef struct layout_level {
    uint32_t width, tab1_width; /* with tabs to columns of 8, and with tabs counted as 1 */
    uint32_t alias;
} layout_level;

typedef struct layout {
    lexer lexer;
    const source *src;
    diag *diag;          /* NULL: silent (looking ahead) */
    token ahead;
    bool has_ahead;
    bool is_expression;  /* one expression: newlines mean nothing */
    bool at_line_start, has_tokens, has_base;
    bool is_def_line, was_def_line, has_assign; /* where a `# type:` comment may stand */
    bool in_param_comment; /* inside `# type: T` after a parameter: the line end is a token */
    bool in_match;       /* `case` lines belong to a match statement, already reported */
    bool is_cut;         /* too many blocks: the rest of the text was dropped */
    bool want_bad;       /* next call: the error token */
    uint32_t match_width;
    int last_kind;
    uint32_t line;       /* counts logical lines */
    uint32_t reported;   /* 1 + the logical line that has an error: one message a line */
    uint32_t last_end;   /* end of the last real token */
    uint32_t newline_end; /* end of the last NEWLINE token */
    int n_levels, n_brackets, n_dedents, n_too_deep;
    layout_level levels[AST_MAX_NESTING + 1];
    layout_bracket brackets[AST_MAX_NESTING];
} layout;

/** Read [begin, end) of src; is_expression: as inside brackets. */
void layout_init(layout *l, const source *src, uint32_t begin, uint32_t end, ast_dialect dialect,
                 bool is_expression, diag *d);
/** The next token: its kind, 0 at the end, LEXER_BAD where an error was just reported. */
int layout_next(layout *l, token *t);
/** Report a syntax error unless this logical line has one; returns NULL then. */
diag_item *layout_error(layout *l, uint32_t begin, uint32_t end, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** The innermost open bracket that the text never closes, NULL if there is none. */
const layout_bracket *layout_unclosed(const layout *l);
/** The parser had no use for the INDENT just read: its block is part of the one around it. */
void layout_reject_indent(layout *l);

#endif
