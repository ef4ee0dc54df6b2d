/* opt/type_walk.h: the walk that tells types (types.c), as the parts of it that follow ints see it (type_ints.c,
 * type_symbols.c). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPT_TYPE_WALK_H
#define OPT_TYPE_WALK_H

#include "base/bitset.h"
#include "base/vec.h"
#include "opt/alias.h"
#include "opt/types.h"

/** What a symbol that the walk made stands for: `x op y`, or (OP_NONE) a value of the graph. */
typedef struct symbol {
    op_id op;
    int64_t x, y;
    bool is_natural; /* never below zero */
} symbol;

struct type_walk {
    ir_graph *g;
    arena *scratch;
    opt_alias_info *alias;
    bitset unstable;          /* alias sets of tensors that may change their shape */
    int64_t *ints;            /* by value id: an int or bool, of an Optional whether it is None; UNKNOWN_INT */
    uint32_t n_values;
    int64_t n_given;          /* symbols 1…n_given are sizes of what comes from outside, which are not 1 */
    VEC(symbol) symbols;      /* those after them */
    uint32_t *symbol_of;      /* by value id; 0: none */
    bool is_first, is_last;   /* walk: variables begin with what comes in; they are not known at all */
    bool has_changed;         /* a variable got less than it had in this walk */
};

/* ---- ints (type_ints.c) --------------------------------------------------------------------------- */
/** An int or bool, where it is followed: known, a symbol or UNKNOWN_INT. */
int64_t walk_int(const type_walk *w, const ir_value *v);
/** What is followed of v as a value of type t: an int or bool, or whether an Optional is None. */
int64_t walk_scalar(const type_walk *w, const ir_value *v, const type *t);
/** Is a list only ever read? What is not a plain operator may hand it on, as may one that makes a list, but not of ints. */
bool list_is_only_read(const ir_value *v);
/** What an operator on or about ints gives. */
int64_t walk_answer(const type_call *c);

/* ---- symbols (type_symbols.c) --------------------------------------------------------------------- */
/** The largest symbol among the sizes that come from outside: of inputs, attributes and what a test makes sure of. */
int64_t symbols_given(const ir_graph *g);
/** x op y of two ints that are known or symbols, at least one of them a symbol. UNKNOWN_INT: nothing to be said. */
int64_t symbols_combine(type_walk *w, op_id op, int64_t x, int64_t y);
/** The symbol of a value that nothing else is known of. */
int64_t symbol_of_value(type_walk *w, const ir_value *v);

#endif
