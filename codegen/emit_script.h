/* codegen/emit_script.h: emitted graphs back to TorchScript in the archive dialect, such that PyTorch's importer reads
 * them, with the constants they refer to and the source ranges of each piece.
 *
 * What a root needs is discovered while printing: classes, enums, named tuples, interfaces, free functions; each goes
 * to the file of its namespace, in order of discovery. Names and temporaries depend on the graphs alone, so saving
 * what was loaded prints the same text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CODEGEN_EMIT_SCRIPT_H
#define CODEGEN_EMIT_SCRIPT_H

#include "base/text.h"
#include "ir/graph.h"

typedef struct script_range { size_t offset; range at; } script_range; /* text from this byte on comes from `at` */
typedef struct script_file {
    const char *path;            /* "__torch__/pkg/mod.py" */
    text code;
    VEC(script_range) ranges;    /* sorted by offset */
} script_file;

typedef struct script_archive {
    VEC(script_file *) files;    /* in order of discovery */
    VEC(jit_value) constants;    /* CONSTANTS.cN: references */
    int version;                 /* the least archive version that the operators used need */
    arena arena;                 /* names */
} script_archive;

typedef struct script_hooks {
    void *ctx;
    /** The emitted graph of a function (made if need be); NULL: it cannot be had, *ret_why says why. */
    ir_graph *(*graph)(void *ctx, ir_function *fn, const char **ret_why);
} script_hooks;

/** Print a class (usually of a module) with everything it needs. Errors: JIT_EUNSUPPORTED (a node or value that no
 * archive can hold, named), JIT_ENOMEM. `out` is released by script_archive_fini() in any case. */
jit_status emit_script(const type *root, const script_hooks *hooks, script_archive *out, jit_error *err);
/** One function as text, as `tjs graph --stage code` shows it. */
jit_status emit_script_function(ir_function *fn, const script_hooks *hooks, text *out, jit_error *err);
void script_archive_fini(script_archive *a);
/** The name a class has in what was printed (mangled where two share one). */
const char *script_archive_class_name(const script_archive *a, const type *t);

#endif
