/* sema/value.h: what the files of the value group share with each other (see checker.h for the
 * rest). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEMA_VALUE_H
#define SEMA_VALUE_H

#include <string.h>

#include "sema/checker.h"

/* ---- expr.c ---- */
static inline arena *arena_of(fn_checker *f) { return &f->tree->arena; }
static inline bool is_error(const texpr *e)
{
    return e->kind == TX_ERROR || e->type->kind == TYPE_ERROR;
}
/** Spelling of a type in a message. */
static inline const char *spell(fn_checker *f, const type *t) { return type_str(arena_of(f), t); }
static inline bool is_none(const type *t) { return t->kind == TYPE_NONE; }
static inline bool is_tuple_like(const type *t)
{
    return t->kind == TYPE_TUPLE || t->kind == TYPE_NAMED_TUPLE;
}
static inline bool is_tensor(const type *t) { return t->kind == TYPE_TENSOR; }
static inline sval value_sval(texpr *e)
{
    return (sval){ .kind = is_error(e) ? SVAL_ERROR : SVAL_VALUE, .at = e->at, .expr = e };
}
static inline sval error_sval(range at) { return (sval){ .kind = SVAL_ERROR, .at = at }; }

/** An empty statement list; NULL without memory. */
tstmt_list *new_statements(fn_checker *f);
texpr *int_const(fn_checker *f, int64_t i, range at);
texpr *bool_const(fn_checker *f, bool b, range at);
texpr *none_const(fn_checker *f, range at);
texpr *str_const(fn_checker *f, const char *s, size_t n, range at);
texpr *tuple_expr(fn_checker *f, size_t n, texpr *const *items, range at);
/** Element i of a tuple; the element itself where e is a literal without effects. */
texpr *tuple_item(fn_checker *f, texpr *e, size_t i, range at);
/** All elements of the tuple e, taken apart where the first of them is evaluated (those of a tuple display as they are);
 * each is to be used once. NULL: no memory. */
texpr **tuple_items(fn_checker *f, texpr *e, range at);
/** A variable or constant: evaluating it again costs nothing and changes nothing. */
static inline bool is_simple(const texpr *e) { return e->kind == TX_VAR || e->kind == TX_CONST; }
/** e in a temporary that later statements cannot change; constants stay as they are. */
texpr *pin(fn_checker *f, texpr *e);
/** An empty list literal without a hint: it takes the list type its receiver wants. */
static inline bool is_empty_literal(const texpr *e)
{
    return e->kind == TX_LIST && e->n_args == 0 && e->index == 1;
}
/** Why the value has the type that an error is about, or how to narrow it: a parameter without annotation, a Union,
 * what may be None. */
void note_optional(fn_checker *f, diag_item *it, const texpr *e);

/* ---- attribute.c ---- */
/** "nothing is inherited" below an error about something that a class lacks, if it has a base class. */
void note_base(fn_checker *f, diag_item *it, const type *cls);

/* ---- convert.c ---- */
/** Would try_convert() succeed? Allocates nothing. */
bool can_convert(const texpr *e, const type *to, bool implicit);
/** The conversion that can_convert() promised. */
texpr *convert(fn_checker *f, texpr *e, const type *to);
/** Type all elements of a tuple unify to, or NULL. */
const type *tuple_unified(const type *from);

/* ---- comprehension.c ---- */
texpr *check_list_comp(fn_checker *f, const ast_list_comp *n, const type *hint);
texpr *check_dict_comp(fn_checker *f, const ast_dict_comp *n, const type *hint);
/** list(x) of anything iterable: [i for i in x]; iter is checked inside. */
texpr *list_of_iterable(fn_checker *f, const ast_node *iter, const type *hint, range at);
/** dict(x) of an iterable of pairs. */
texpr *dict_of_pairs(fn_checker *f, const ast_node *iter, range at);

/* ---- condition.c ---- */
/** A comparison, not yet converted to bool: `t > 0` of a tensor is a tensor. */
condition check_compare(fn_checker *f, const ast_compare *n);
texpr *check_ternary(fn_checker *f, const ast_ternary *n, const type *hint);
condition check_isinstance(fn_checker *f, const ast_node *subject, const ast_node *classes,
                           range at);
condition check_hasattr(fn_checker *f, const ast_node *subject, const ast_node *name, range at);

/* ---- operator.c ---- */
texpr *check_unary(fn_checker *f, const ast_unary *n, const type *hint);
texpr *check_binary(fn_checker *f, const ast_binary *n);
texpr *compare_op(fn_checker *f, ast_compare_op op, texpr *a, texpr *b, range at);
/** Forms of an operator that PyTorch defines in TorchScript (number ∘ tensor …), or NULL. */
texpr *script_variant(fn_checker *f, const char *name, size_t n, texpr *const *args, range at);

/* ---- match.c ---- */
/** The arguments of a call as overload resolution wants them. */
typedef struct actuals {
    texpr *receiver; /* fills the argument `self`, or NULL */
    texpr **positional;
    size_t n_positional;
    const call_arg **keyword;
    size_t n_keyword;
    bool *keyword_used;
    bool is_operator; /* `input` also names `self` */
} actuals;

typedef enum slot_source {
    SLOT_VALUE,  /* value, converted to type */
    SLOT_REPEAT, /* value, n times, as a list */
    SLOT_REST,   /* all remaining positionals, as a list */
    SLOT_DEFAULT,
} slot_source;

/** Where one formal argument gets its value. */
typedef struct slot {
    slot_source source;
    texpr *value;
    size_t first;     /* SLOT_REST */
    const type *type; /* the formal, its variables replaced */
} slot;

typedef enum mismatch_kind {
    MISMATCH_NONE,
    MISMATCH_TYPE,
    MISMATCH_VARIABLE,
    MISMATCH_MISSING,
    MISMATCH_TOO_MANY,
    MISMATCH_UNKNOWN_KEYWORD,
    MISMATCH_TWICE,
    MISMATCH_NO_SELF,
} mismatch_kind;

/** Why a schema does not take the arguments; turned into words only when the call finally fails. */
typedef struct mismatch {
    mismatch_kind kind;
    size_t formal; /* index of the schema argument */
    const texpr *value;
    const call_arg *keyword;
    const type *wanted; /* the formal with what is known of its variables */
    size_t n_most;      /* TOO_MANY */
} mismatch;

typedef struct matched {
    slot *slots;        /* schema->n_args; room for it is the caller's */
    size_t first_extra; /* positionals from here on go to `...` */
    const type *result;
} matched;

bool match_schema(fn_checker *f, const schema *s, actuals *a, bool implicit, matched *m,
                  mismatch *why);
/** The arguments of a call, one for each formal, then extras. at: NULL without memory. */
typedef struct full_args {
    texpr **at;
    size_t n;
    const uint32_t *order; /* as in texpr */
} full_args;
/** The argument expressions a match stands for. */
full_args match_args(fn_checker *f, const schema *s, const actuals *a, const matched *m, range at);
/** Give an expression with room for them its arguments, without the first `skip`. */
void take_args(texpr *e, const full_args *args, size_t skip);
/** Split checked call arguments; false: some is no value (reported). */
bool make_actuals(fn_checker *f, const call_args *args, texpr *receiver, actuals *ret);
/** One sentence for a mismatch. */
const char *explain_mismatch(fn_checker *f, const schema *s, const char *callee, const actuals *a,
                             const mismatch *m);
/** Report that the only candidate does not take the arguments, at the offending argument. */
void report_mismatch(fn_checker *f, const schema *s, const char *callee, const actuals *a,
                     const mismatch *m, range at);

/* ---- call.c ---- */
/** Overload resolution with a receiver that fills `self`. */
texpr *call_operator_on(fn_checker *f, const char *name, texpr *receiver, const call_args *args,
                        range at);
/** As call_operator_on(), NULL and silent if nothing matches. */
texpr *try_operator(fn_checker *f, const char *name, size_t n, texpr *const *args, range at);
sval check_call(fn_checker *f, const ast_call *n, const type *hint);
/** Check the arguments of a call; false: some of them is in error. */
bool check_arguments(fn_checker *f, const ast_nodes *args, call_args *ret);
/** Positional arguments as a call_args. */
call_args make_args(fn_checker *f, size_t n, texpr *const *values);
/** Report "wrong number of arguments" unless n positional ones (min … max) and no keywords were
 * given. */
bool expect_args(fn_checker *f, const char *what, const call_args *args, size_t min, size_t max,
                 range at);
texpr *op_expr(fn_checker *f, op_id op, const type *t, size_t n, texpr *const *args, range at);

/* ---- builtin.c ---- */
/** Builtins that look at syntax (isinstance, annotate, list …): true if `name` is one, *ret its
 * value. */
bool call_special_form(fn_checker *f, const char *name, const ast_call *n, const type *hint,
                       sval *ret);
sval call_builtin(fn_checker *f, const char *name, const call_args *args, const type *hint,
                  range at);
/** int(x), float(x) …: by type kind. */
texpr *call_cast(fn_checker *f, const type *to, const call_args *args, range at);

/* ---- iterate.c ---- */
sval make_range(fn_checker *f, const call_args *args, range at);
sval make_enumerate(fn_checker *f, const call_args *args, range at);
sval make_zip(fn_checker *f, const call_args *args, range at);

/* ---- torch.c ---- */
sval module_attribute(fn_checker *f, const char *module, const char *name, range at);

/* ---- library.c ---- */
/** What `name` of a module denotes if our library defines it. false: it does not. */
bool library_member(fn_checker *f, const char *module, const char *name, range at, sval *ret);
/** Operators whose parameters are objects of torch.classes ("quantized::linear") are functions of the library. NULL: it is
 * none of those, or (outside quantized::) takes other arguments. */
texpr *call_object_operator(fn_checker *f, const char *name, const call_args *args, range at);
/** The public name of the library in `module` that is nearest to a wrong one, or NULL. */
const char *suggest_member(const char *module, const char *name);
/** Calls of library names that stand for several functions ("torch.nn.functional.max_pool2d"). */
sval call_library(fn_checker *f, const char *path, const call_args *args, range at);
/** A call of a function of the library; NULL: none of that path takes the arguments (nothing reported). */
texpr *try_library(fn_checker *f, const char *path, const call_args *args, range at);

enum { NAME_MAX_BYTES = 160 };
/** a, b and c in a row in `to`, which has NAME_MAX_BYTES; returns the length, 0 if they are too
 * long. */
static inline size_t join_name(char *to, const char *a, const char *b, const char *c)
{
    size_t na = strlen(a), nb = strlen(b), nc = strlen(c);
    if (na + nb + nc >= NAME_MAX_BYTES)
        return 0;
    memcpy(to, a, na);
    memcpy(to + na, b, nb);
    memcpy(to + na + nb, c, nc + 1);
    return na + nb + nc;
}

/* ---- method.c ---- */
/** Does the language have x.name(...) for values of this type (through an operator)? */
bool has_method(fn_checker *f, const type *self, const char *name);
sval call_value_method(fn_checker *f, texpr *receiver, const char *name, const call_args *args,
                       const type *hint, range at);
/** Name of operator `aten::name` as the operator table spells it, or NULL. */
const char *aten_name(const char *prefix, const char *name);

#endif
