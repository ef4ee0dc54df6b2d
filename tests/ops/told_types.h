/* tests/ops/told_types.h: is what opt/types.c tells of an operator's results before a call true of them after it? */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_OPS_TOLD_TYPES_H
#define TESTS_OPS_TOLD_TYPES_H

#include "ir/op.h"

/** What is known of the arguments: all; the sizes by name only (opt_name_sizes()) and no strides; neither of them. */
typedef enum told_from { TOLD_FROM_SIZES, TOLD_FROM_NAMES, TOLD_FROM_RANKS, TOLD_FROM__COUNT } told_from;

/** false: *told says what is wrong. Of names: those of arguments stand for their sizes, others for one size each. */
bool told_types_hold(op_id id, const jit_value *args, const jit_value *rets, told_from from, text *told);

#endif
