/* tests/ops/told_types.h: is what opt/types.c tells of an operator's results before a call true of them after it? */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_OPS_TOLD_TYPES_H
#define TESTS_OPS_TOLD_TYPES_H

#include "ir/op.h"

/** Told from arguments of which all is known, or (has_sizes false) all but sizes and strides. false: *told says what is
 * wrong. */
bool told_types_hold(op_id id, const jit_value *args, const jit_value *rets, bool has_sizes, text *told);

#endif
