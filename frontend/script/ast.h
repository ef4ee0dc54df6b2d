/* frontend/script/ast.h: the syntax tree, as the parser leaves it and nobody changes it.
 *
 * Nodes live in the ast's arena; identifiers are interned in it, so they compare by pointer within
 * one ast. Every node has the byte range of its text (parentheses are part of a
 * tuple only). Parsing never recurses over the length of a program, and nesting is bounded: brackets
 * and blocks by AST_MAX_NESTING each, the tree as a whole by AST_MAX_DEPTH, where a spine of
 * `binary` nodes counts as one level. So walkers may recurse over nesting but must loop along
 * `binary` spines, bool_chain/compare values, if arms and statement lists.
 *
 * Where a text did not parse the tree has `error` nodes, as statements or as expressions. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONTEND_SCRIPT_AST_H
#define FRONTEND_SCRIPT_AST_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/source.h"

enum {
    AST_MAX_NESTING = 256, /* open brackets; blocks */
    AST_MAX_DEPTH = 640    /* levels of the tree: a nested block or call is two or three of them */
};

typedef enum ast_kind {
#define NODE(kind, ...) AST_##kind,
#include "frontend/script/ast.def"
    AST__COUNT
} ast_kind;

typedef enum ast_unary_op { AST_NEG, AST_POS, AST_NOT, AST_INVERT } ast_unary_op;
typedef enum ast_binary_op {
    AST_ADD, AST_SUB, AST_MUL, AST_DIV, AST_FLOORDIV, AST_MOD, AST_MATMUL, AST_POW,
    AST_BITAND, AST_BITOR, AST_BITXOR, AST_LSHIFT, AST_RSHIFT, AST_BINARY__COUNT
} ast_binary_op;
typedef enum ast_compare_op {
    AST_LT, AST_LE, AST_GT, AST_GE, AST_EQ, AST_NE, AST_IS, AST_IS_NOT, AST_IN, AST_NOT_IN,
    AST_COMPARE__COUNT
} ast_compare_op;
/* A bare `*` is not a parameter: those behind it are KEYWORD_ONLY. */
typedef enum ast_param_kind {
    AST_PARAM_NORMAL, AST_PARAM_KEYWORD_ONLY, AST_PARAM_VARARGS, AST_PARAM_KWARGS
} ast_param_kind;

/** Two dialects share the tree: user sources follow Python, archive code the archive's rules
 * (spec: and/or on one level, comparisons do not chain, `~` binds looser than comparisons). */
typedef enum ast_dialect { AST_USER, AST_ARCHIVE } ast_dialect;

/** Base of every node: structs begin with it, so any ast_x * converts to ast_node *. */
typedef struct ast_node {
    ast_kind kind;
    uint16_t depth; /* levels of the tree from here down, at least 1; a binary spine is one */
    range at;
} ast_node;

typedef struct ast_nodes {
    ast_node **at;
    size_t n;
} ast_nodes;

typedef struct ast_bytes {
    const char *s; /* NUL-terminated besides its n bytes */
    size_t n;
} ast_bytes;

#define NODE_F(name)       ast_node *name;
#define OPT_F(name)        ast_node *name;
#define LIST_F(name)       ast_nodes name;
#define STR_F(name)        const char *name;
#define OPT_STR_F(name)    const char *name;
#define BYTES_F(name)      ast_bytes name;
#define INT_F(name)        int64_t name;
#define FLOAT_F(name)      double name;
#define BOOL_F(name)       bool name;
#define ENUM_F(type, name) type name;
#define NODE(kind, ...)       \
    typedef struct ast_##kind { \
        ast_node node;        \
        __VA_ARGS__           \
    } ast_##kind;
#include "frontend/script/ast.def"
#undef NODE_F
#undef OPT_F
#undef LIST_F
#undef STR_F
#undef OPT_STR_F
#undef BYTES_F
#undef INT_F
#undef FLOAT_F
#undef BOOL_F
#undef ENUM_F

/** Checked downcast: AST_AS(call, n) is an ast_call *, asserts the kind in debug builds. */
#define AST_AS(k, n) ((ast_##k *)ast_check_kind((ast_node *)(n), AST_##k))
static inline ast_node *ast_check_kind(ast_node *n, ast_kind kind)
{
    return n->kind == kind ? n : (__builtin_trap(), n);
}

typedef struct ast ast; /* one parsed text: arena, interned names, top-level statements */
struct ast {
    arena arena;
    const source *src; /* a reference */
    ast_nodes body;     /* statements in source order; error nodes where recovery was needed */
    ast_dialect dialect;
};

/** Parse a unit. Errors go to `d` (several per run); what could be parsed is in the result.
 * @return the tree, release with ast_free(); NULL only without memory */
ast *ast_parse(const source *src, ast_dialect dialect, diag *d);
/** Parse one expression, or one type (same grammar), that fills the whole text. */
ast *ast_parse_expression(const source *src, ast_dialect dialect, diag *d, ast_node **ret);
void ast_free(ast *t);

/** Call visit for each child of n that is there, in the order of its row. */
void ast_each_child(const ast_node *n, void (*visit)(void *ctx, const ast_node *child), void *ctx);
const char *ast_kind_name(ast_kind k);               /* "subscript" */
const char *ast_binary_symbol(ast_binary_op op);     /* "+", "//" */
const char *ast_compare_symbol(ast_compare_op op);   /* "is not" */
/** S-expression form for `tjs graph --stage ast` and tests. */
void ast_print(const ast *t, text *out);
void ast_print_node(const ast_node *n, text *out, int indent);
/** The tokens of a text, one per line: `line:col KIND text`. */
void ast_print_tokens(const source *src, ast_dialect dialect, text *out, diag *d);

#endif
