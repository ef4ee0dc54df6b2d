/* ir/graph_internal.h: what the files that implement ir/graph.h share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_GRAPH_INTERNAL_H
#define IR_GRAPH_INTERNAL_H

#include "ir/graph.h"

#include <ctype.h>

/** What a graph that ran out of memory builds with: one of each, so that builders can go on to their next
 * safe point without a check per node. The spare node is never linked into a block, so walks over what
 * was built before stay sound. (The arena's own scratch memory is one block for all and would alias.) */
typedef struct ir_spare {
    ir_node node, param, ret;
    ir_block block;
    ir_value value;
    ir_value *values[16]; /* outputs and inputs of the spare nodes: all the spare value */
    ir_block *blocks[4];
} ir_spare;

typedef struct ir_graph_box { ir_graph graph; ir_spare spare; } ir_graph_box;
static inline ir_spare *ir_graph_spare(ir_graph *g) { return &((ir_graph_box *)g)->spare; }

/** An empty block, not yet in owner->blocks. */
ir_block *ir_block_new(ir_graph *g, ir_node *owner);
/** Keep a source alive as long as g. */
void ir_graph_keep_source(ir_graph *g, const source *s);
/** Names of values in texts: variables', so in any alphabet, and modules', which have dashes (`block1-0`). */
static inline bool ir_is_name_char(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-' || (c & 0x80); }
/** v has no name any more; its graph forgets it. */
void ir_value_drop_name(ir_value *v);
/** Copy the attributes of one node to another, which may be in another graph. */
void ir_copy_attrs(ir_node *to, const ir_node *from);
/** The first node in or after the blocks from blocks[k] of n on, or what follows n; NULL at the end of
 * the graph's body, or of `within` when the walk leaves it. */
ir_node *ir_enter_or_leave(const ir_node *n, uint32_t k);

#endif
