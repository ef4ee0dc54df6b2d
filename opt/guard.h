/* opt/guard.h: a graph made for certain types of its inputs, with the test that they are these. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPT_GUARD_H
#define OPT_GUARD_H

#include "opt/opt.h"

/* What is assumed of a call stands in the types of the graph's inputs: what is known of tensors, and in place of an Optional
 * what it is at the call. `of` is the graph as it was before, whose inputs have their declared types. */

/** The input is of type t: its own, refined, or for an Optional NoneType or what it holds. For inputs that nobody reads
 * nothing changes. */
void opt_assume(ir_graph *g, ir_value *input, const type *t);

/** Inputs get their declared types again, and nothing is known of tensors; what was made of it stays. */
void opt_forget_assumptions(ir_graph *g, const ir_graph *of);

/** Put a test of what is assumed around the graph, as PyTorch prints it (prim::TypeCheck for tensors; `is None` and `is not
 * None` for the rest): where it holds the graph runs, else the fallback function, which is the program as it was. Inputs get
 * their declared types again. For looking at: the fallback stands for a function that is not there. Nothing happens where
 * nothing is assumed.
 * @return whether it changed anything; see ir_graph_failed() */
bool opt_guard(ir_graph *g, const ir_graph *of);

#endif
