/* runtime/kernels/variant.h: the kernel of every VARIANT row. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_VARIANT_H
#define RUNTIME_KERNELS_VARIANT_H

#include "runtime/kernels/dispatch.h"

/** Runs cx->op, a VARIANT row, by the kernel of the row it varies, as its mode says (ir/op.h: op_variant). */
bool variant_call(op_ctx *cx, const jit_value *args, jit_value *rets);

#endif
