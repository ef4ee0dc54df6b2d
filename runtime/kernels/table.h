/* runtime/kernels/table.h: a declaration for every kernel that an operator row names, so that a kernel's
 * definition is checked against the one signature and needs no header of its own. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_TABLE_H
#define RUNTIME_KERNELS_TABLE_H

#include "runtime/kernels/dispatch.h"

#define OP(id, schema, traits, kernel) bool kernel(op_ctx *cx, const jit_value *args, jit_value *rets);
#define SCALAR(id, ...) bool scalar_##id(op_ctx *cx, const jit_value *args, jit_value *rets);
#define SCALAR_CHECK(id, ...) SCALAR(id)
#include "ir/ops/all.def"

#endif
