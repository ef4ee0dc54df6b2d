/* sema/warn.h: what the files that give warnings share.
 *
 * Warnings are walks of their own over what the checker has made of a function: a compile that wants none
 * pays nothing. They speak only of functions without errors. Some read the syntax tree (names, blocks),
 * some the typed tree (what an expression is). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEMA_WARN_H
#define SEMA_WARN_H

#include "sema/flow.h"

typedef enum warning_id {
#define WARNING(id, name, on, description) WARN_##id,
#include "sema/warnings.def"
    WARN__COUNT
} warning_id;

static inline bool warn_is_on(const checker *c, warning_id id)
{
    return c->options->warnings >> id & 1;
}
/** Give a warning, if it is on; NULL if it is not. */
diag_item *warn(checker *c, warning_id id, range at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** What there is to say of a function whose body was checked and has no errors. */
void warn_function(checker *c, const ir_function *fn, const ttree *t);
/** warn_names.c: variables, parameters and imports nobody reads, names that hide others. */
void warn_function_names(checker *c, const ir_function *fn);
void warn_file_names(checker *c);
/** warn_syntax.c: what the shape of statements and expressions tells. */
void warn_function_syntax(checker *c, const ir_function *fn);
/** warn_types.c: what the types of expressions tell. */
void warn_function_types(checker *c, const ir_function *fn, const ttree *t);

/* A walk over a tree keeps what is still to be looked at in a stack of its own: programs nest deeper in
 * their length than a call stack does. */
typedef struct ast_stack {
    arena *a;
    VEC(const ast_node *) nodes;
} ast_stack;
void ast_stack_push(void *stack, const ast_node *n);
/** The next node, NULL at the end. */
const ast_node *ast_stack_pop(ast_stack *s);

#endif
