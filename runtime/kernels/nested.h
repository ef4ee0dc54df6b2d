/* runtime/kernels/nested.h: nested tensors, as a padded encoder makes them: [parts, longest, width], part k having its
 * own length.
 *
 * One is an ordinary contiguous tensor, zero behind the end of each part, whose storage notes the lengths. Operators
 * that know it (declared in nested.c; the two of PyTorch's fast path of attention) keep it nested; every other one
 * sees the padded tensor. The packed form that PyTorch keeps would need every operator to know it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_NESTED_H
#define RUNTIME_KERNELS_NESTED_H

#include "runtime/kernels/kernel.h"

/** The lengths of a nested tensor's parts, t->sizes[0] of them; NULL: t is not nested. */
const int64_t *nested_lengths(const tensor *t);
/** Where a nested tensor has padding: bool [parts, longest]. */
tensor *nested_padding(op_ctx *cx, const tensor *t);
/** `take`, a fresh contiguous tensor as large as `like`, becomes nested as `like` is; NULL (take released): failed. */
tensor *nested_as(op_ctx *cx, tensor *take, const tensor *like);

#endif
