/* frontend/script/outline.h: what of a plain Python file is for us.
 *
 * A model file is Python first: most of it uses what scripts do not have, and only some functions and
 * classes are marked to be compiled. So it is not parsed as a whole. It is cut into its top-level
 * statements, which takes strings, brackets and lines but no grammar; the marked ones are kept, and what
 * they mention, and what that mentions. The rest is overwritten with blanks, so that places in the text
 * stay true, and what is left is parsed. Where a statement that is only mentioned does not parse it goes
 * too, and its name remembers why. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONTEND_SCRIPT_OUTLINE_H
#define FRONTEND_SCRIPT_OUTLINE_H

#include "base/map.h"
#include "frontend/script/ast.h"

typedef enum outline_kind {
    OUTLINE_OTHER,   /* any other statement, also compound ones that hold definitions */
    OUTLINE_DEF,
    OUTLINE_CLASS,
    OUTLINE_IMPORT,
    OUTLINE_ASSIGN   /* to one name */
} outline_kind;

/** A top-level statement with its decorators. */
typedef struct outline_item {
    outline_kind kind;
    uint32_t begin, end;   /* its lines */
    uint32_t head;         /* `def`, `class` or the first word */
    const char *name;      /* what it defines, or NULL */
    bool is_marked;        /* for scripting, by a decorator or a call of torch.jit.script() at top level */
    bool is_module;        /* class: of nn.Module */
    bool is_interface;     /* class: @torch.jit.interface, which nn.Module may be a base of */
    bool is_excluded;      /* @torch.jit.unused or ignore: its body is not looked at */
    bool is_overload;      /* @torch.jit._overload: a signature without body */
    bool is_kept;          /* stands in the text that is parsed */
    bool is_used;          /* set by the checker: something that is checked names it */
    const char *problem;   /* why its text did not parse, or NULL */
} outline_item;

typedef struct outline {
    arena arena;
    const source *src;      /* the whole file */
    VEC(outline_item) items;
    strmap by_name;         /* name → the outline_item * that defines it last */
    strmap loose;           /* words in statements of kind OTHER: names they may define */
    bool imports_all;       /* `from x import *` */
    size_t n_external;      /* uses of names from other files, which are not checked; the checker counts */
} outline;

/** Cut src up and choose. NULL: no memory. */
outline *outline_new(const source *src);
void outline_free(outline *o);
/** Parse what is kept: the tree has no error nodes. Syntax errors in marked statements go to d.
 * NULL: no memory. */
ast *outline_parse(outline *o, diag *d);
/** The statement that defines a name, or NULL. */
outline_item *outline_find(const outline *o, const char *name);

#endif
