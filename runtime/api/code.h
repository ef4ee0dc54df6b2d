/* runtime/api/code.h: functions as modules, and the code that archives hold. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_API_CODE_H
#define RUNTIME_API_CODE_H

#include "codegen/emit_script.h"
#include "runtime/api/api.h"

/** A module class whose forward() is fn, in a new unit that keeps fn's alive. *ret_unit is yours. */
jit_status api_placeholder(ir_function *fn, ir_unit **ret_unit, const type **ret_class, jit_error *err);
/** Every code file of an archive of fn, one after the other. */
jit_status api_print_archive(ir_function *fn, text *out, jit_error *err);

#endif
