/* ir/type_internal.h: what the files that implement ir/type.h share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_TYPE_INTERNAL_H
#define IR_TYPE_INTERNAL_H

#include "ir/type.h"

/** The union of members that are flat, distinct and sorted already. */
const type *type_union_intern(const type *const *members, size_t n);
/** A type like t over other parts; nominal and base types have no parts to replace: t itself. */
const type *type_rebuild(const type *t, const type *const *args);
/** The plain IR spelling: no tensor refinements, named tuples by name, `Future(T)`. */
void type_print_plain(const type *t, text *out);
/** Name of a base kind in IR text ("Scalar"), in annotations ("number") and in schemas; NULL for the others. */
const char *type_kind_ir_name(type_kind k);
const char *type_kind_annotation_name(type_kind k);

#endif
