/* runtime/api/code.h: functions as modules, and the code that archives hold. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_API_CODE_H
#define RUNTIME_API_CODE_H

#include "codegen/emit_script.h"
#include "runtime/api/api.h"
#include "runtime/archive/container.h"

/** A module class whose forward() is fn, in a new unit that keeps fn's alive. *ret_unit is yours. */
jit_status api_placeholder(ir_function *fn, ir_unit **ret_unit, const type **ret_class, jit_error *err);
/** Every code file of an archive of fn, one after the other. */
jit_status api_print_archive(ir_function *fn, text *out, jit_error *err);
/** Finds what code of a loaded archive was printed from. */
typedef struct api_origins {
    container *file;            /* borrowed; NULL: nothing was loaded */
    arena arena;
    ptrmap tables;              /* source * of a code file → its table */
    VEC(const source *) sources; /* references */
} api_origins;
void api_origins_init(api_origins *o, container *file);
void api_origins_fini(api_origins *o);
/** The place a piece of an archive's code comes from; other places are their own origin. */
range api_origin(api_origins *o, range at);

/** The source ranges of a code file, pickled as PyTorch's `.debug_pkl`. */
jit_status api_pickle_ranges(const script_text *body, api_origins *origins, text *out, jit_error *err);

#endif
