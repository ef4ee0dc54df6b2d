/* sema/tree.h: the typed tree: one instantiation of a function, fully decided.
 *
 * The checker (walk 1) builds it, lowering (walk 2) turns it into IR without deciding anything: types,
 * callees with every argument filled in, conversions, refinements and unrolled bodies all stand here.
 * Nodes live in the tree's arena. An expression node may be reached twice only through TX_SHARED, which is
 * evaluated where lowering meets it first (in evaluation order) and reused afterwards.
 *
 * Variables. A `tvar` is one storage with one type. Assigning a name in the same block with another type
 * makes a new tvar; in a nested block it must be the outer tvar (the checker saw to the type). Where two
 * branches define a name that did not exist outside, or leave it with different tvars, the checker makes a
 * join tvar and appends TS_ASSIGN of it to both branches. A refinement (`x is not None`) is a TS_ASSIGN of
 * a new tvar from TX_CAST at the start of the refined branch. A branch that does not reach its end (return,
 * raise, break, continue) assigns nothing there: after the `if`, a variable that only the other branch set
 * is that one's. Nothing follows TS_RETURN, TS_RAISE, TS_BREAK or TS_CONTINUE in a list. So lowering sees
 * only mutable slots and adds block inputs/outputs for the slots a nested block assigns. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEMA_TREE_H
#define SEMA_TREE_H

#include "base/vec.h"
#include "ir/function.h"
#include "ir/op.h"

typedef struct texpr texpr;
typedef struct tstmt tstmt;

typedef struct tvar {
    const char *name;       /* source name; NULL for temporaries of the compiler */
    const type *type;
    uint32_t id;            /* dense in the function */
    bool is_param;
} tvar;

typedef VEC(texpr *) texpr_list;
typedef VEC(tstmt *) tstmt_list;

typedef enum texpr_kind {
    TX_ERROR,         /* reported; lowering is not run on functions that contain one */
    TX_CONST,         /* value: literal, None, dtype code, enum member, default argument */
    TX_VAR,           /* var */
    TX_SHARED,        /* args[0], evaluated once */
    TX_OP,            /* op(args…), all schema arguments; one result → its value; several → a tuple; none → () */
    TX_CALL,          /* fn(args…): user function; defaults filled in */
    TX_METHOD,        /* args[0].name(args[1…]): fn set for classes, NULL on interfaces (dynamic) */
    TX_NEW,           /* instance of `type`; fn = __init__, called with the new object and args */
    TX_ATTR,          /* args[0].name (slot of an object) */
    TX_TUPLE,         /* args…; type says named or not */
    TX_TUPLE_INDEX,   /* args[0][index] */
    TX_UNPACK,        /* the tuple args[0] taken apart, once for all its elements: only as args[0] of a TX_SHARED that
                         TX_ELEMENTs read */
    TX_ELEMENT,       /* element index of what args[0] took apart */
    TX_TUPLE_SLICE,   /* args[0][index:index2] */
    TX_LIST,          /* args… → list */
    TX_DICT,          /* key, value, key, value… */
    TX_IF,            /* args[0] ? args[1] : args[2]; `a and b` is If(a, b, False). The branches may begin with
                         refinements: then_prefix, else_prefix */
    TX_CAST,          /* args[0] as `type`: prim::unchecked_cast */
    TX_ISINSTANCE,    /* isinstance(args[0], types…), decided at run time */
    TX_COMP,          /* list or dict comprehension: result var `var`, built by `body` (a statement list that
                         appends); value is the var afterwards */
    TX_FUNCTION,      /* fn as a value */
    TX_TOLIST,        /* args[0].tolist() to `type`: index = dims, index2 = elem code */
    TX_LOOP_INDEX,    /* counter of the enclosing TS_FOR (prim::Loop's block input): `loop` */
    TX_ENTERED,       /* what __enter__ of the enclosing TS_WITH item returned: `loop` is that statement, index the item */
    TX_FORK,          /* prim::fork of closure statements `body` (ends in TS_RETURN), captures by variable */
    TX_UNINIT,        /* prim::Uninitialized of `type` */
    TX__COUNT
} texpr_kind;

struct texpr {
    uint8_t kind;          /* texpr_kind */
    const type *type;
    range at;
    uint32_t n_args;
    texpr **args;
    const uint32_t *order; /* of evaluation where keywords of a call change it, else NULL. TX_NEW: counts the object as 0 */
    jit_value value;       /* TX_CONST: owned by the tree (released with it) */
    tvar *var;
    op_id op;
    ir_function *fn;
    const char *name;
    int64_t index, index2;
    const type *const *types; /* TX_ISINSTANCE, n_types */
    size_t n_types;
    tstmt_list *then_prefix, *else_prefix; /* TX_IF */
    tstmt_list *body;
    tstmt *loop;
};

typedef enum tstmt_kind {
    TS_EXPR,        /* value, for its effect */
    TS_ASSIGN,      /* var = value */
    TS_SET_ATTR,    /* object.name = value */
    TS_UNPACK,      /* vars… = value: a tuple (prim::TupleUnpack) or a list (prim::ListUnpack, length checked) */
    TS_IF,          /* cond, body, orelse */
    TS_WHILE,       /* cond is evaluated again after each round */
    TS_FOR,         /* `trip` rounds (int); body may read TX_LOOP_INDEX */
    TS_RETURN,      /* value, already converted to the return type (None as TX_CONST) */
    TS_BREAK, TS_CONTINUE,
    TS_RAISE,       /* value: str message; class_name or NULL (bare class, assert) */
    TS_WITH,        /* items (objects with __enter__/__exit__; fn, fn2), body */
    TS__COUNT
} tstmt_kind;

typedef struct twith_item { texpr *object; ir_function *enter, *exit; tvar *as; /* or NULL */ } twith_item;

struct tstmt {
    uint8_t kind;          /* tstmt_kind */
    range at;
    texpr *value;          /* EXPR, ASSIGN, SET_ATTR, UNPACK, RETURN, RAISE (message); IF/WHILE: the condition;
                              FOR: the trip count */
    texpr *object;         /* SET_ATTR */
    const char *name;      /* SET_ATTR attribute; RAISE qualified class name ("builtins.ValueError") or NULL */
    tvar *var;             /* ASSIGN */
    tvar **vars;           /* UNPACK */
    size_t n_vars;
    tstmt_list body, orelse;
    tstmt_list cond_prefix; /* WHILE: statements to run before the condition each time (refinement temporaries) */
    twith_item *items;     /* WITH */
    size_t n_items;
};

/** A checked instantiation. */
typedef struct ttree {
    arena arena;
    ir_function *fn;
    VEC(tvar *) params;    /* one per schema argument */
    VEC(tvar *) vars;      /* all of them, by id */
    tstmt_list body;       /* control always ends in TS_RETURN or TS_RAISE (a final `return None` is explicit) */
    VEC(jit_value) values; /* constants to release */
    struct ttree *next_spare; /* among those that wait for the next function */
} ttree;

void ttree_free(ttree *t);
/** Empty again, with memory kept for the next function. */
void ttree_reset(ttree *t);
/** Readable form for `tjs graph --stage typed` and golden tests. */
void ttree_print(const ttree *t, text *out);

#endif
