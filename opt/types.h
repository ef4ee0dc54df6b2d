/* opt/types.h: what is known of tensors before they exist. Shared by types.c (the walk) and type_rules.c (what operators
 * do). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPT_TYPES_H
#define OPT_TYPES_H

#include "opt/opt.h"

enum {
    FACTS_MAX_RANK = 8,     /* of tensors with more dimensions only the element type is followed */
    FACTS_MAX_RESULTS = 3,
    FACTS_MAX_INTS = 16,    /* in a list */
};

/** Ints are known, UNKNOWN_INT, or symbols: unknown numbers with a name. UNKNOWN_INT + k is symbol k, which as a size of a
 * tensor is -1 - k (an unknown size is -1) and printed SS(-k). The same symbol is the same number, in one run of a graph and
 * one turn of its loops; two symbols may be the same number, too. */
#define UNKNOWN_INT INT64_MIN
enum { SYMBOLS_MOST = 1024 };

static inline bool int_is_known(int64_t x) { return x > UNKNOWN_INT + SYMBOLS_MOST; }
static inline int64_t int_of_size(int64_t size)
{
    return size >= 0 ? size : size < -1 - SYMBOLS_MOST ? UNKNOWN_INT : UNKNOWN_INT - (1 + size);
}
/** Of an int that is no size: unknown. */
static inline int64_t size_of_int(int64_t x) { return x >= 0 ? x : int_is_known(x) ? -1 : -1 - (x - UNKNOWN_INT); }

/** A refined tensor type that can be changed; `t` points to the arrays beside it. */
typedef struct facts {
    type_tensor t;
    int64_t sizes[FACTS_MAX_RANK], strides[FACTS_MAX_RANK]; /* sizes: -1 where unknown, symbols below; strides: -1 */
} facts;

/** Ints of a list, each of them known, a symbol or UNKNOWN_INT. */
typedef struct known_ints {
    int64_t at[FACTS_MAX_INTS];
    int n;
} known_ints;

typedef struct type_walk type_walk;

/** One operator whose results are to be told. Results begin with nothing known. */
typedef struct type_call {
    type_walk *walk;
    const ir_node *n;
    const schema *sc;
    facts out[FACTS_MAX_RESULTS];
} type_call;

/** Tell what is known of the results. false: no rule for the operator, or nothing is known. */
bool type_rule_apply(type_call *c);

/** Tensor k of the list that the operator makes. false: it makes none, or nothing is known. */
bool type_part(const type_call *c, int64_t k, facts *ret);

/* ---- for rules ------------------------------------------------------------------------------------ */
void facts_init(facts *f);
/** f as contiguous memory, where its sizes are known. */
void facts_set_contiguous(facts *f);
bool facts_is_contiguous(const facts *f);
/** What is known of input i, a tensor. false: nothing. */
bool call_facts(const type_call *c, int i, facts *ret);
/** The input of that parameter name; -1: there is none, or it is None. */
int call_arg(const type_call *c, const char *name);
/** Input i as an int, bool or element type; UNKNOWN_INT if it is not known, also where it has a symbol. */
int64_t call_int(const type_call *c, int i);
/** Input i as a list of ints (a single one is a list of one). false: not even its length is known. */
bool call_ints(const type_call *c, int i, known_ints *ret);
/** Likewise, where the number is not known its symbol. */
int64_t call_symbolic_int(const type_call *c, int i);
bool call_symbolic_ints(const type_call *c, int i, known_ints *ret);
/** The int x as a size where -1 and other negative numbers would mean something else: unknown unless it cannot be negative. */
int64_t call_natural_size(const type_call *c, int64_t x);
/** x op y, where op is an operator on two ints. */
int64_t ints_combine(type_walk *w, op_id op, int64_t x, int64_t y);
/** The values a list input was made of, at most n_max. -1: not known, or the list may have changed. */
int call_elements(const type_call *c, int i, const ir_value **ret, int n_max);
bool facts_of_value(const ir_value *v, facts *ret);
/** What an operator that asks something of a tensor answers; it needs no memory. false: no such question, or not known. */
bool facts_answer(const facts *f, op_id question, jit_value *ret);

/* parts of rules */
/** Device and gradient of a result come from the operands: known where all of them agree. */
void call_inherit(type_call *c, facts *out);
/** The element type of operand 0; -1: unknown. */
int call_operand_dtype(const type_call *c);
/** The dtype parameter: what it says, `none` where it is not given, -1 where it is not known. */
int call_given_dtype(const type_call *c, int none);
/** Element type of a number operand of that type; -1: it is none, or it is not known. */
int facts_number_dtype(const type *t);
/** to = from. */
void facts_take(facts *to, const facts *from);
/** New memory: contiguous if the operand was, else nothing is known of its strides. */
void facts_settle(facts *f, bool was_contiguous);
/** Broadcast f with what `out` has so far; both of known rank. */
void facts_broadcast(facts *out, const facts *f);
/** dim as an index from the front; -1: unknown, or out of range. */
int64_t facts_wrap_dim(int64_t dim, int rank);
void facts_drop_dim(facts *f, int64_t dim);
bool facts_insert_dim(facts *f, int64_t dim, int64_t size); /* false: too many */
int64_t facts_mul(int64_t x, int64_t y);                    /* of known numbers; -1: unknown */
/** x op y of sizes, symbols among them. */
int64_t call_size(const type_call *c, op_id op, int64_t x, int64_t y);
/** Can the size be 1? */
bool call_may_be_one(const type_call *c, int64_t size);

/* the rules: type_values.c, type_shapes.c */
#define TYPE_RULE(id, rule) bool type_rule_##rule(type_call *c);
#include "opt/type_rules.def"
bool type_rule_pointwise(type_call *c);

#endif
