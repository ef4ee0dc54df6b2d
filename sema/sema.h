/* sema/sema.h: from syntax trees to checked functions and emitted graphs. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEMA_SEMA_H
#define SEMA_SEMA_H

#include "frontend/script/outline.h"
#include "ir/function.h"
#include "ir/graph.h"

typedef struct ttree ttree;

/** How `from .other import f` finds a file: fill *ret with its source (a reference) and return true. */
typedef bool (*sema_find_import)(void *ctx, const source *importer, int level, const char *module,
                                 const source **ret);

/** What a check leaves behind. A typed tree is several times as large as its graph, so where all trees live
 * until the whole source is checked a large source does not fit the caches any more. */
typedef enum sema_goal {
    SEMA_TREES,   /* schemas and typed trees; sema_lower() makes the graphs */
    SEMA_SCHEMAS, /* schemas only: a check for its errors */
    SEMA_GRAPHS,  /* schemas and emitted graphs, each made right after the check of its function */
} sema_goal;

typedef struct sema_options {
    sema_goal goal;
    sema_find_import find_import; /* NULL: relative imports are errors */
    void *import_ctx;
    uint32_t warnings;            /* which to give: bit i is row i of warnings.def */
    outline *outline;             /* of a plain Python file: only what is marked there, and what that uses, is checked */
} sema_options;

/** The set of warnings that a text stands for: names between commas, in order, on top of the defaults. "no-NAME"
 * takes one away; "all" and "none" mean what they say. NULL or "": the defaults.
 * @return false: *ret_unknown (if given) is the name nobody knows, up to the next comma; *ret untouched */
bool sema_parse_warnings(const char *text_, uint32_t *ret, const char **ret_unknown);
/** Name of warning i ("unused-variable") and what it is given for; NULL after the last. is_on may be NULL. */
const char *sema_warning_name(size_t i, const char **ret_description, bool *ret_is_on);

/** Check a whole source: every function, class and method in it. Takes the tree over (the unit keeps it).
 * All errors go to d; the unit is returned with what is usable even when there are some (no graphs then). NULL: no
 * memory. What the functions have beside schemas is o->goal's to say. */
ir_unit *sema_check(ast *take, const sema_options *o, diag *d);
/** Second walk: emitted graphs for every function and method of the unit whose typed tree is there. false: no memory. */
bool sema_lower(ir_unit *u, diag *d);
/** Lower one function (its callees are found through ir_function and lowered on their own). */
bool sema_lower_function(ir_function *fn, diag *d);

/** Evaluate a type annotation in the unit's scope (tools, the command). NULL: reported. */
const type *sema_type_annotation(ir_unit *u, const ast_node *n, diag *d);

#endif
