/* sema/checker.h: what the files of the checker share (walk 1: AST → typed tree). Not for other libraries.
 *
 * The checker reads the AST with an environment of variables and evaluates each expression to a `sval`:
 * mostly a typed value (texpr), but names may denote things that are no values: modules (torch, math),
 * functions, classes, types, methods bound to a receiver, builtins, ranges. Errors are reported where they
 * arise; the expression then has T_ERROR and is silent from there on.
 *
 * Two groups of files:
 *   flow:  unit.c scope.c stmt.c loop.c assign.c refine.c function.c class.c annotation.c
 *   value: expr.c operator.c call.c match.c builtin.c torch.c method.c index.c attribute.c iterate.c convert.c */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEMA_CHECKER_H
#define SEMA_CHECKER_H

#include "frontend/script/ast.h"
#include "sema/sema.h"
#include "sema/tree.h"

typedef struct checker checker;     /* one source being checked */
typedef struct fn_checker fn_checker; /* one function instantiation being checked */
typedef struct sval sval;

/* ---- what an expression denotes -------------------------------------------------------------- */
typedef enum sval_kind {
    SVAL_ERROR,       /* reported */
    SVAL_VALUE,       /* expr: a first-class value */
    SVAL_MODULE,      /* name: a dotted path: "torch", "torch.nn.functional", "math" */
    SVAL_BUILTIN,     /* name: builtin function: "len", "print", "isinstance" … */
    SVAL_OPERATOR,    /* name: operator name: "aten::relu" (torch.relu) */
    SVAL_FUNCTION,    /* fn: user function */
    SVAL_CLASS,       /* type: class, NamedTuple, Enum, interface as constructor/namespace */
    SVAL_TYPE,        /* type: List[int], Tensor, Any … (in isinstance, annotate, annotations). A constructor
                         without its arguments (List, Optional, NamedTuple) has type NULL and its name.
                         int, float, str, list … are SVAL_BUILTIN; try_annotation() knows them */
    SVAL_METHOD,      /* expr: receiver; name; fn for class methods, else operators/builtin methods of that name */
    SVAL_EXCEPTION,   /* name: exception class: "ValueError" */
    SVAL_ITERABLE,    /* iter: range/zip/enumerate/…: not first-class */
    SVAL_TUPLE,       /* items: tuple literal whose items are not all values (types in isinstance) */
    SVAL_SLICE,       /* items: start, stop, step of slice(…), values: only for an index */
    SVAL_CLOSURE,     /* nested def: only for fork */
    SVAL_NOTHING,     /* name: what was called; done, and without a result: print(…) */
} sval_kind;

typedef struct sval_iter sval_iter;

struct sval {
    sval_kind kind;
    range at;
    texpr *expr;
    const char *name;
    ir_function *fn;
    const type *type;
    sval_iter *iter;
    sval *items;
    size_t n_items;
    const ast_node *ast;   /* SVAL_CLOSURE */
};

/** `caller` calls `callee` at `at`. */
typedef struct call_edge { ir_function *caller, *callee; range at; } call_edge;

/* ---- environment ------------------------------------------------------------------------------- */
/** A name in a function: its current variable, or a non-first-class sval bound to it. */
typedef struct binding {
    const char *name;
    tvar *var;             /* current storage; NULL if `other` */
    const type *declared;  /* annotated type, or NULL */
    sval *other;
    range at;              /* last assignment: for notes */
    const char *undefined_why; /* set when defined on some paths only: message to give on use */
    range undefined_at;
    bool is_deleted;       /* undefined because of `del` */
    const type *mismatch_a, *mismatch_b; /* branches assigned types that do not unify (error only on use) */
    tvar *refines;         /* `var` is only a narrower view of this variable; NULL once assigned */
    struct binding *outer; /* binding of the same name that this one hides, or NULL */
    int depth, loop_depth, own_depth; /* of the scope it lies in */
} binding;

/** One block of a function (branch, loop body); functions start with one. scope_push() fills it in. */
typedef struct scope {
    struct scope *outer;
    strmap bindings;       /* name → binding *: assigned or refined in this block */
    tstmt_list *out;       /* where statements go */
    bool exited;           /* returned or raised: what follows in the block is not even checked */
    bool jumped;           /* after break/continue: what follows is checked (the language says so), not emitted */
    int depth;             /* 0: the function's own block */
    int loop_depth;        /* dynamic loops around it: assignments to variables outside are written through */
    int own_depth;         /* comprehensions and closures around it: their names are their own */
} scope;

struct fn_checker {
    checker *c;
    ttree *tree;
    ir_function *fn;
    scope *scope;
    const ast_def *def;
    const type *self_type;      /* class of a method */
    const type *return_type;    /* annotated, or NULL: unify what returns give */
    const type *returned;       /* unified so far */
    range first_return;
    bool in_init;               /* checking __init__: self.x = … at top level declares attributes */
    strmap names;               /* name → innermost binding * (scopes hold the same bindings) */
    strmap lost;                /* name → binding * that says why it is defined on some paths only */
    int loop_depth;             /* dynamic loops around the statement: 0 means no break/continue */
    bool in_unrolled;           /* directly inside an unrolled loop: no break/continue either */
    texpr no_memory;            /* the node that new_texpr() gives when there is none, and room for a few */
    texpr *no_memory_args[4];   /* arguments to be written to */
    int chain_nesting;          /* chained comparisons inside each other: each doubles the work */
};

/** A name assigned at the top level of a file, which functions cannot read but defaults can. */
typedef struct module_variable {
    range at;
    const ast_node *value;     /* of its one plain assignment, or NULL */
    const char *path, *member; /* … or imported: `from math import pi` */
    bool is_busy;              /* being evaluated */
} module_variable;
/** Where a name of Python's that functions cannot use comes from: its module, "numpy". */
typedef struct foreign_name { const char *module; range at; } foreign_name;

struct checker {
    diag *d;
    ir_unit *unit;
    ast *tree;
    const sema_options *options;
    strmap globals;             /* name → sval *: prebound (design §9), imports, functions, classes of the file */
    arena *arena;               /* the unit's */
    strmap operators;           /* path → name of the operator it means ("torch.relu" → "aten::relu"): those met so far */
    strmap module_variables;    /* name → module_variable * */
    strmap foreign;             /* name → foreign_name *: imported, but nothing a function can use */
    bool has_lost_names;        /* a statement of the top level did not parse: what it would have defined is unknown */
    fn_checker *current;        /* function being checked, for call edges */
    VEC(call_edge) calls; /* who calls whom, to find recursion */
    struct checker *importer;   /* of the file that imports this one, or NULL */
    ptrmap library;             /* row → checker *: library functions compiled (root's) */
    strmap imports;             /* source name → checker *: files imported so far (of the root checker) */
    struct sema_keep *keep;     /* what lives as long as the unit: trees, constants */
    sema_goal goal;             /* the root's */
    ttree *spare_trees;         /* for the functions to come (root's) */
    int demand_levels;          /* levels of the trees being checked because others need their types */
    struct archive *archive;    /* what the code of an archive is read with; NULL: a source */
};

/* ---- refinement facts -------------------------------------------------------------------------- */
/** In the world where a condition is true (false), `name` has type `type`. */
typedef struct fact { const char *name; const type *type; } fact;
typedef VEC(fact) fact_list;

typedef enum truth { TRUTH_DYNAMIC, TRUTH_TRUE, TRUTH_FALSE } truth;

/** A checked condition: a bool expression, static truth if types decide it, and what it proves. */
typedef struct condition {
    texpr *expr;
    truth truth;
    fact_list when_true, when_false;
} condition;

/* ==== flow group ================================================================================ */
/** Emit a statement at the end of the current block. */
tstmt *emit_stmt(fn_checker *f, tstmt_kind kind, range at);
tvar *new_tvar(fn_checker *f, const char *name, const type *t);
/** Bind a fresh temporary variable to e (emits the assignment) and return a read of it. */
texpr *emit_temp(fn_checker *f, texpr *e);
/** Unpack a tuple or list into n temporaries, of the given types or (types NULL) all of type elem, and return the reads
 * of them. NULL: no memory. */
texpr **emit_unpack(fn_checker *f, texpr *value, size_t n, const type *const *types, const type *elem);
/** What a name denotes here; reports undefined names (with suggestion) and returns SVAL_ERROR. */
sval lookup_name(fn_checker *f, const char *name, range at);
/** Assign to a plain name with all rules of spec/language.md §4 (retyping, outer blocks, conversions). */
void assign_name(fn_checker *f, const char *name, texpr *value, const type *annotation, range at);
/** Assign to any target: name, attribute, subscript, (nested) tuple with one star. */
void assign_target(fn_checker *f, const ast_node *target, texpr *value);
void scope_push(fn_checker *f, scope *s, tstmt_list *out);
/** The same for a comprehension or closure: names assigned in it are its own, outer ones are only read. */
void scope_push_own(fn_checker *f, scope *s, tstmt_list *out);
void scope_pop(fn_checker *f);
/** Merge two popped branches into the current scope: joins, undefined-on-one-path, refinements that survive. */
void scope_join(fn_checker *f, scope *then_scope, scope *else_scope, range at);
/** Apply facts at the start of the current block: emits the casts and rebinds the names. */
void apply_facts(fn_checker *f, const fact_list *facts, range at);
/** and/or/not of conditions' facts. */
void facts_and(fn_checker *f, fact_list *into, const fact_list *other);
void facts_or(fn_checker *f, fact_list *into, const fact_list *other);
void check_block(fn_checker *f, const ast_nodes *body);
/** Make sure fn's schema is final (checks its body now if its return type is not annotated). false: it has
 * errors or is recursive (reported at `at`). */
bool require_schema(checker *c, ir_function *fn, range at);
/** Does fn take *args or **kwargs? That is an error at its definition; calls of it say nothing more. */
bool has_open_params(const checker *c, const ir_function *fn);
/** Type denoted by an annotation; reports and gives T_ERROR. sized: N of BroadcastingListN or 0; may be NULL. */
const type *check_annotation(checker *c, const ast_node *n, int *ret_sized);
/** Would n parse as a type (List[int], int, Tensor, class name)? Used by isinstance and annotate. */
const type *try_annotation(checker *c, fn_checker *f, const ast_node *n);
/** Check the body of a nested `def` without parameters where it is forked: statements (ending in TS_RETURN)
 * to *body. @return the type it returns */
const type *check_closure(fn_checker *f, const ast_def *def, tstmt_list *body);
/** A class of PyTorch's own Python that is compiled from source when used: "torch.no_grad". NULL: none of that name. */
const type *find_prelude_class(checker *c, const char *path);
/** "torch.classes.quantized.LinearPackedParamsBase": a class of the library, or NULL. */
const type *find_library_class(checker *c, const char *path);
/** The nearest known name within two edits, for "did you mean", or NULL. locals: f may be NULL. */
const char *suggest_name(const checker *c, const fn_checker *f, const char *name);
/** Does the class body assign `name`? Instances do not have it. */
bool is_class_variable(const type *cls, const char *name);
/** Class that is complete enough for attribute access: its __init__ checked. */
bool require_class(checker *c, const type *cls, range at);

/* ==== value group =============================================================================== */
texpr *new_texpr(fn_checker *f, texpr_kind kind, const type *t, range at, size_t n_args);
texpr *new_const(fn_checker *f, jit_value take, const type *t, range at);
/** e seen as a type that it is known to have, without a test. */
texpr *new_cast(fn_checker *f, texpr *e, const type *t, range at);
texpr *error_expr(fn_checker *f, range at);
texpr *share(fn_checker *f, texpr *e); /* wrap so that e may be used twice */
/** Check an expression that must be a first-class value. hint: expected type for literals, or NULL. */
texpr *check_expr(fn_checker *f, const ast_node *n, const type *hint);
/** Check an expression that may denote anything. */
sval check_sval(fn_checker *f, const ast_node *n, const type *hint);
/** Turn what was denoted into a value, or report that it cannot be used as one. */
texpr *sval_to_value(fn_checker *f, sval v);
/** A condition of if/while/ternary/assert/and/or: converted to bool, with facts and static truth. */
condition check_condition(fn_checker *f, const ast_node *n);
/** e as bool (aten::Bool, __bool__ …) or report "Could not cast value of type …". */
texpr *to_bool(fn_checker *f, texpr *e);
/** The conversions of assignments to declared types, returns and annotate() (spec §4.5, §7.5). NULL: not possible
 * (nothing reported). implicit: allow Tensor → number and number → int/float too. */
texpr *try_convert(fn_checker *f, texpr *e, const type *to, bool implicit);
/** The name of a built-in function ("len", "int", "torch.jit.annotate"), or NULL. */
const char *builtin_name(const char *name);
/** Arguments of a call, already checked. */
typedef struct call_arg { const char *keyword; texpr *value; sval sv; bool is_star; const ast_node *ast; range at; } call_arg;
typedef VEC(call_arg) call_args;
/** Overload resolution over the operators called `name` ("aten::add"), reporting if none matches. */
texpr *call_operator(fn_checker *f, const char *name, const call_args *args, range at);
/** … for internal use: positional arguments known to fit. */
texpr *call_op(fn_checker *f, const char *name, range at, size_t n, texpr *const *args);
/** One exact overload. */
texpr *call_op_id(fn_checker *f, op_id op, range at, size_t n, texpr *const *args);
/** Call a user function or method (receiver first, or NULL). */
texpr *call_function(fn_checker *f, ir_function *fn, texpr *receiver, const call_args *args, range at);
texpr *call_sval(fn_checker *f, sval callee, const call_args *args, const type *hint, range at);
/** Method of a value by name without a syntax node: obj.__enter__() and the like; NULL if there is none. */
texpr *call_magic(fn_checker *f, texpr *obj, const char *name, size_t n, texpr *const *args, range at);
texpr *binary_op(fn_checker *f, ast_binary_op op, texpr *a, texpr *b, range at);
/** In-place form where the language has one (x += y), else the plain one. Returns the new value. */
texpr *aug_op(fn_checker *f, ast_binary_op op, texpr *a, texpr *b, range at);
/** The same, but what `a` holds stays as it is: items of dicts. Not binary_op(): `%=` is C's remainder. */
texpr *aug_op_apart(fn_checker *f, ast_binary_op op, texpr *a, texpr *b, range at);
sval get_attribute(fn_checker *f, sval of, const char *name, range at);
texpr *get_index(fn_checker *f, texpr *of, const ast_nodes *indices, range at);
void set_index(fn_checker *f, texpr *of, const ast_nodes *indices, texpr *value, range at);
/** x[i] op= v, evaluating x and i once. */
void aug_index(fn_checker *f, texpr *of, const ast_nodes *indices, ast_binary_op op, const ast_node *value, range at);
void delete_index(fn_checker *f, texpr *of, const ast_nodes *indices, range at);

/* archive code (c->archive) */
/** What only archive code knows by a plain name: torch, ops, CONSTANTS, inf, fork … false: it is none of these. */
bool archive_name(fn_checker *f, const char *name, range at, sval *ret);
/** module.name in archive code. */
sval archive_member(fn_checker *f, const char *module, const char *name, range at);
/** A call of an operator that meant something else when the archive was written; NULL: it did not. */
texpr *archive_upgraded(fn_checker *f, const char *op, texpr *receiver, const call_args *args, range at);

/* archive.c */

/** An iteration. Static ones (tuples, enum classes) know their elements: loops over them are unrolled. Dynamic
 * ones give a trip count (evaluated once, before the loop) and the element for a TX_LOOP_INDEX. */
struct sval_iter {
    bool is_static;
    size_t n_static;
    sval *elements;                                  /* static */
    texpr *trip;                                     /* dynamic: int */
    sval (*element)(fn_checker *f, sval_iter *it, texpr *index, range at); /* dynamic */
    void *ctx[4];
    sval_iter **parts;                               /* zip, enumerate */
    size_t n_parts;
    const type *element_type;                        /* dynamic, when single-valued; else NULL */
};
/** The iteration that `v` stands for, or NULL after reporting "'int' object is not iterable". */
sval_iter *get_iter(fn_checker *f, sval v, range at);

#endif
