/* runtime/kernels/pointwise_rows.h: all rows the tile kernels know, once per inclusion (no guard on purpose). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/ops/begin.def"
#include "ir/ops/pointwise.def"
#include "runtime/kernels/pointwise_extra.def"
#include "ir/ops/end.def"
