/* opt/alias.h: which values may share memory, and who writes to it. For passes.
 *
 * Values are partitioned into sets: two values that may share memory, or one of which may hold the other (an
 * element of a list, an attribute), are in one set. A write to a member is a write to the set. Coarse, but
 * never wrong, and cheap: one walk and a union-find. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPT_ALIAS_H
#define OPT_ALIAS_H

#include "opt/opt.h"

typedef uint32_t alias_set;
enum {
    ALIAS_NONE = 0, /* values that cannot change: numbers, strings, tuples of them */
    ALIAS_WILD = 1, /* what somebody outside may see: inputs, results, attributes, arguments of calls */
};

/** One write: node n may change the members of set. */
typedef struct alias_write {
    const ir_node *n;
    alias_set set;
    struct alias_write *next; /* of the same set */
} alias_write;

/** The analysis of g, made on demand; dropped when a pass reports progress. */
opt_alias_info *opt_alias(opt_ctx *cx, const ir_graph *g);
void opt_alias_drop(opt_ctx *cx);
/** The same with list and tuple literals kept apart from what they hold, and the graph's results not wild.
 * Release with opt_alias_free(). NULL: no memory. */
opt_alias_info *opt_alias_apart(const ir_graph *g);
/** The same as opt_alias(), but what modules hold as attributes is memory of its own, not wild, until it leaves the
 * graph. Each read of an attribute is a set: who asks compares objects. Release with opt_alias_free(). */
opt_alias_info *opt_alias_modules(const ir_graph *g);
void opt_alias_free(opt_alias_info *a);
/** Is `set` outer itself, or held by it, directly or not? */
bool opt_alias_holds(opt_alias_info *a, alias_set outer, alias_set set);
/** The set of a value; values made after the analysis are wild. */
alias_set opt_alias_set(opt_alias_info *a, const ir_value *v);
/** First of the writes to a set. */
const alias_write *opt_alias_writes(opt_alias_info *a, alias_set set);
/** One node's writes: calls f for each set. */
void opt_alias_each_write(opt_alias_info *a, const ir_node *n, void (*f)(void *ctx, alias_set set), void *ctx);

/** The same with the values themselves; v NULL: n may write to anything wild. */
void opt_alias_each_written(opt_alias_info *a, const ir_node *n, void (*f)(void *ctx, const ir_value *v), void *ctx);

/** May a value of this type change, or hold something that may? */
bool opt_type_is_mutable(const type *t);
/** Observable apart from writes: prints, raises, calls, draws random numbers. Not for nodes with blocks. */
bool opt_is_visible(const ir_node *n);

#endif
