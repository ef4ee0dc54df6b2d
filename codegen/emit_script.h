/* codegen/emit_script.h: emitted graphs back to TorchScript in the archive dialect, such that PyTorch's importer reads
 * them, with the constants they refer to and the source ranges of each piece.
 *
 * What is needed is discovered: who saves asks for the name of each class that the pickled data mentions, printing
 * them mentions further classes, enums, named tuples, interfaces and free functions; each goes to the file of its
 * namespace, in order of discovery. Names and temporaries depend on the graphs alone, so saving what was loaded
 * prints the same text. Two things with one name: the later one gets an atom `___torch_mangle_N`. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CODEGEN_EMIT_SCRIPT_H
#define CODEGEN_EMIT_SCRIPT_H

#include "base/error.h"
#include "base/text.h"
#include "ir/graph.h"

typedef struct script_range { size_t offset; range at; } script_range; /* text from this byte on comes from `at` */

/** Text that remembers which source each piece of it comes from. */
typedef struct script_text {
    text code;
    VEC(script_range) ranges; /* sorted by offset; neighbours differ */
} script_text;

typedef struct script_file {
    const char *path;         /* "__torch__/pkg/mod.py" */
    script_text body;
} script_file;

typedef struct script_hooks {
    void *ctx;
    /** The emitted graph of a function (made if need be); NULL: it cannot be had, *ret_why says why. */
    ir_graph *(*graph)(void *ctx, ir_function *fn, const char **ret_why);
} script_hooks;

/** One thing that gets printed: a type or a function. */
typedef struct script_item { const type *type; ir_function *fn; const char *name; } script_item;

typedef struct script_archive {
    VEC(script_file *) files;     /* in order of discovery */
    VEC(jit_value) constants;     /* CONSTANTS.cN: references */
    int version;                  /* the least archive version that the operators used need, at least 3 */

    /* the rest is the emitter's own */
    const script_hooks *hooks;
    arena arena;
    ptrmap names;                 /* type * or ir_function * → its name in the archive */
    strmap taken;                 /* names in use */
    VEC(script_item) items;       /* in order of discovery */
    size_t n_printed;             /* so many of them are in the files */
    unsigned n_mangled;
    jit_status status;            /* sticky: the first failure */
    const char *message;
} script_archive;

/** Begin an archive. hooks must outlive it. Release with script_archive_fini() in any case. */
void script_archive_init(script_archive *a, const script_hooks *hooks);
void script_archive_fini(script_archive *a);
/** The name a class, enum, named tuple or interface has in the archive; it will be printed. NULL: no memory. */
const char *script_archive_class_name(script_archive *a, const type *t);
/** Operators that our library writes as functions, and methods of classes that every reader has, are called by name in
 * archives: "ops.quantized.linear", "torch.classes.quantized.LinearPackedParamsBase.unpack". NULL: no such one. */
const char *script_library_operator(const ir_function *fn);
/** Print everything that was named and is not in the files yet, with all it needs. May be called again when more was
 * named. Errors: JIT_EUNSUPPORTED (a node or value that no archive can hold, named), JIT_ENOMEM. */
jit_status script_archive_print(script_archive *a, jit_error *err);

/** One function as text, as `tjs graph --stage code` shows it. */
jit_status script_print_function(ir_function *fn, const script_hooks *hooks, text *out, jit_error *err);

#endif
