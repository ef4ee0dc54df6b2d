/* ir/parse_internal.h: what the two files of the IR text parser, and the schema parser, share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_PARSE_INTERNAL_H
#define IR_PARSE_INTERNAL_H

#include "base/vec.h"
#include "ir/type_reader.h"

/** A quoted string with escapes; NUL-terminated, in the reader's arena. */
bool ir_read_string(type_reader *r, char **ret, size_t *ret_n);
/** A constant of type t as the printer writes it. */
bool ir_read_constant(type_reader *r, const type *t, jit_value *ret);

#endif
