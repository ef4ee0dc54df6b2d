/* runtime/kernels/indexed_lines.h: lines of a tensor whose elements an index tensor names, as gather and scatter use them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_INDEXED_LINES_H
#define RUNTIME_KERNELS_INDEXED_LINES_H

#include "runtime/kernels/index.h"
#include "runtime/kernels/reduce.h"

/** Three sets of lines along one dimension, line by line: element i of `index` (int64) names an element of the line of `self`
 * that belongs to element i of the line of `other`. */
typedef struct indexed_lines {
    lines index, self, other;
    int dim; /* for errors */
} indexed_lines;

/** Lines of `t` along dim, restricted to the positions of `index`. */
lines lines_under(const tensor *t, const tensor *index, int dim);
/** Elements of self become those of other, which is not self. False where an index is out of bounds, with what stands in
 * other undefined; reports it. */
bool indexed_lines_gather(op_ctx *cx, const indexed_lines *l);
/** Elements of other are combined with those of self, in the order of the index. False where an index is out of bounds;
 * reports it, and other elements may have been combined already. Elements of self lie apart. */
bool indexed_lines_scatter(op_ctx *cx, const indexed_lines *l, combine how);

#endif
