/* opt/guard.h: a graph made for certain types of its inputs, with the test that they are these. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPT_GUARD_H
#define OPT_GUARD_H

#include "opt/opt.h"

/** Put a test (prim::TypeCheck) of the refined types of the inputs around the graph, as PyTorch prints it: where it holds
 * the graph runs, else the fallback function, which is the program as it was. Inputs lose their refinement. For looking at:
 * the fallback stands for a function that is not there. Nothing happens to graphs without refined inputs.
 * @return whether it changed anything; see ir_graph_failed() */
bool opt_guard(ir_graph *g);

#endif
