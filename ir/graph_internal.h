/* ir/graph_internal.h: what the files that implement ir/graph.h share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_GRAPH_INTERNAL_H
#define IR_GRAPH_INTERNAL_H

#include "ir/graph.h"

/** An empty block, not yet in owner->blocks. */
ir_block *ir_block_new(ir_graph *g, ir_node *owner);
/** Keep a source alive as long as g. */
void ir_graph_keep_source(ir_graph *g, const source *s);
/** v has no name any more; its graph forgets it. */
void ir_value_drop_name(ir_value *v);
/** Copy the attributes of one node to another, which may be in another graph. */
void ir_copy_attrs(ir_node *to, const ir_node *from);
/** The first node in or after the blocks from blocks[k] of n on, or what follows n; NULL at the end of
 * the graph's body, or of `within` when the walk leaves it. */
ir_node *ir_enter_or_leave(const ir_node *n, uint32_t k);

#endif
