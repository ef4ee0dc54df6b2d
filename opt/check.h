/* opt/check.h: what debug builds ask after each pass; see check.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPT_CHECK_H
#define OPT_CHECK_H

#include "ir/graph.h"

/** A graph as it was: its text, and a hash of its operators, whose overloads the text leaves out. */
typedef struct graph_state {
    text printed;
    uint64_t operators;
} graph_state;

void graph_state_init(graph_state *s, const ir_graph *g);
void graph_state_fini(graph_state *s);

/** Is g, which was `before` until a pass, a valid graph, did the pass say truly whether it changed anything, and does the
 * text of g say all of it? false: *ret_why says what is wrong, in `a`. Lack of memory is nothing wrong. */
bool opt_check(const ir_graph *g, arena *a, const graph_state *before, bool progress, const char **ret_why);

#endif
