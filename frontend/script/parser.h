/* frontend/script/parser.h: what the grammar's actions build with. Private to this library.
 *
 * The parser is Bison's (grammar/script.y); it calls script_lex() (parse.c) for tokens and these
 * functions for nodes. Operators are not in the grammar: the dialects differ in precedence, so an
 * operator_chain (operators.c) orders them by a table as they come. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONTEND_SCRIPT_PARSER_H
#define FRONTEND_SCRIPT_PARSER_H

#include "base/map.h"
#include "frontend/script/lexer.h"

#include <locale.h>

typedef struct operator_chain operator_chain;

typedef struct parser {
    ast *tree;
    arena *arena;
    const source *src;
    ast_dialect dialect;
    diag *diag;
    strmap *names;         /* interned identifiers */
    locale_t c_locale;     /* numbers are read in the C locale whatever the host has set */
    ast_node *min_int;     /* the literal 9223372036854775808, good only behind a minus */
    operator_chain *chains, *spare; /* all, and those to use again */
    ast_node *result;      /* of an expression */
    int start;             /* the token that selects the start symbol, 0 once read */
    range too_deep;        /* what was last reported as too deeply nested */
    int n_fstrings;        /* f-strings around this expression */
    int max_errors;        /* with so many the rest is not read */
    bool was_syntax;       /* the diag had syntax errors of other texts already */
    bool is_quick;         /* the quick parser reads, see script.y */
    token token;           /* the last one read */
    layout layout;
} parser;

/* A location in the grammar: the low half says where it begins in the text, the high half where it ends. One word,
 * because the parser makes and moves one with each of its steps. */
typedef uint64_t span;
static inline span span_of(uint32_t begin, uint32_t end) { return (span)end << 32 | begin; }
static inline uint32_t span_begin(span s) { return (uint32_t)s; }
static inline uint32_t span_end(span s) { return (uint32_t)(s >> 32); }
static inline range span_range(const parser *p, span s) { return (range){p->src, span_begin(s), span_end(s)}; }

/* Make a node: NEW(p, call, at, .callee = c, .args = a). An error node where the tree gets too deep. */
#define NEW(p, k, at, ...) \
    parser_keep((p), &(ast_##k){{AST_##k, 1, (at)}, __VA_ARGS__}, sizeof(ast_##k))
ast_node *parser_keep(parser *p, const void *node, size_t n_bytes);
/** The depth of a node whose children have theirs (ast.c). */
uint16_t ast_depth(const ast_node *n);

/** Append to a list that was made by nodes_add only (its capacity follows from its length). */
void nodes_add(parser *p, ast_nodes *list, ast_node *n);
void nodes_join(parser *p, ast_nodes *list, ast_nodes tail);
ast_nodes nodes_of(parser *p, ast_node *n);

const char *parser_intern(parser *p, const char *s, size_t n);
/** Take back what was said about unsupported syntax in a function that @unused or @ignore leave to Python. */
void parser_forgive(parser *p, const ast_def *def);
/** Report that a construct isn't supported; returns an error node to stand for it. */
ast_node *parser_unsupported(parser *p, range at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void parser_error(parser *p, range at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The last token read does not fit; expected: what would, or NULL. */
void parser_missing_block(parser *p, range found);
void parser_syntax_error(parser *p, range at, const char *expected);

/* checks the grammar leaves to code (check.c) */
void check_target(parser *p, const ast_node *n, const char *verb);   /* "assign to", "delete" */
/* drops the bare '*', which its followers' kind tells */
void check_params(parser *p, ast_nodes *params);
void check_args(parser *p, ast_nodes args);
void check_body(parser *p, ast_nodes body);  /* statements that may not stand inside a function */
ast_node *parser_comprehension(parser *p, range at, ast_node *key, ast_node *item, ast_node *comp);

/* operators.c */
typedef enum operator_id {
    OPERATOR_OR, OPERATOR_AND, OPERATOR_NOT, OPERATOR_INVERT, OPERATOR_NEG, OPERATOR_POS,
    OPERATOR_IN, OPERATOR_NOT_IN, OPERATOR_IS, OPERATOR_IS_NOT, OPERATOR_LT, OPERATOR_LE,
    OPERATOR_GT, OPERATOR_GE, OPERATOR_EQ, OPERATOR_NE, OPERATOR_BITOR, OPERATOR_BITXOR,
    OPERATOR_BITAND, OPERATOR_LSHIFT, OPERATOR_RSHIFT, OPERATOR_ADD, OPERATOR_SUB, OPERATOR_MUL,
    OPERATOR_DIV, OPERATOR_FLOORDIV, OPERATOR_MOD, OPERATOR_MATMUL, OPERATOR_POW, OPERATOR__COUNT
} operator_id;

/** A chain is fed from left to right: unary operators, an operand, a binary operator, and so on. */
operator_chain *chain_new(parser *p);
void chain_unary(parser *p, operator_chain *c, operator_id op, range at);
void chain_operand(parser *p, operator_chain *c, ast_node *n, range at);
void chain_binary(parser *p, operator_chain *c, operator_id op);
/** The expression; the chain may not be used any more. */
ast_node *chain_finish(parser *p, operator_chain *c);
void chains_fini(parser *p);
/** An operand outside a chain: refuses the integer that needs a minus. */
ast_node *chain_single(parser *p, ast_node *n);

/* literal.c: the node of a literal token. */
ast_node *literal_int(parser *p, const token *t);
ast_node *literal_float(parser *p, const token *t, bool is_imaginary);
ast_node *literal_string(parser *p, const token *t);
/** Adjacent string and fstring nodes as one. */
ast_node *literal_join(parser *p, ast_nodes strings, range at);

/** Parse the expression in [begin, end) of the same text, for f-strings. NULL: reported. */
ast_node *parser_subexpression(parser *p, uint32_t begin, uint32_t end);

#endif
