/* sema/archive.h: the code of an archive, compiled where it is needed.
 *
 * One unit holds everything an archive defines. A class is declared when its qualified name is first met (by the
 * pickle, by a type or by code): the file of its namespace is fetched through the callback and parsed once, the
 * class's attributes and the signatures of its methods are read. Bodies are checked and lowered when they are first
 * called (or inlined, or printed), so an archive of a thousand methods loads at the cost of reading it. Free
 * functions ("__torch__.pkg.fn") likewise. Code is read by the archive's rules (language.md section 9): operators as
 * torch.op and ops.ns.op, CONSTANTS.cN, fork, annotate, unchecked_cast, uninitialized, inf, nan; operators whose
 * meaning changed between archive versions go through upgraders (library/upgraders.tjs). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEMA_ARCHIVE_H
#define SEMA_ARCHIVE_H

#include "sema/sema.h"

typedef struct sema_archive_options {
    int version;                 /* of the archive, 1…10 */
    /** Source of a namespace: path "__torch__/pkg/mod" → *ret (a reference). false: there is none, or it could not be
     * read and the reason was added to *why. */
    bool (*find_code)(void *ctx, const char *path, const source **ret, text *why);
    void *ctx;                   /* must outlive the unit; released by free_ctx with it (may be NULL) */
    void (*free_ctx)(void *ctx);
} sema_archive_options;

/** An empty unit (one reference) that finds its definitions through the options. NULL: no memory. */
ir_unit *sema_archive_open(const sema_archive_options *o);
/** Was the unit made by sema_archive_open()? */
bool sema_is_archive(const ir_unit *u);
/** The options' ctx; NULL: the unit is no archive's. */
void *sema_archive_context(const ir_unit *u);
/** The constant table (CONSTANTS.cN); references are taken from `take`, a tuple. Call before the first lookup by code. */
bool sema_archive_set_constants(ir_unit *u, jit_value take);
/** Class, enum, named tuple or interface of a qualified name: declared now if it is new. NULL: reported, or there is
 * none of that name (nothing reported). */
const type *sema_archive_type(ir_unit *u, const char *qualified_name, diag *d);
/** Free function of a qualified name, likewise. */
ir_function *sema_archive_function(ir_unit *u, const char *qualified_name, diag *d);
/** The file that errors in annotations are reported in. */
#define SEMA_ANNOTATION_FILE "<type>"
/** An annotation that may name classes of the archive ("List[__torch__.A]"). NULL: reported. */
const type *sema_archive_annotation(ir_unit *u, const char *spelling, diag *d);
/** Check and lower the body of a function or method of the archive, if that was not done; its emitted graph is then
 * fn->graph. Not thread safe: callers hold the unit's making lock. false: reported. */
bool sema_archive_compile(ir_function *fn, diag *d);
/** Declare everything a code file ("__torch__/pkg/mod") defines. false: reported. */
bool sema_archive_declare_file(ir_unit *u, const char *path, diag *d);
/** Compile everything that is declared, and what that mentions in turn (tjs check). false: reported. */
bool sema_archive_compile_all(ir_unit *u, diag *d);

#endif
