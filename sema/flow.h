/* sema/flow.h: what the flow files of the checker share among themselves: bindings, assignment,
 * functions, classes and annotations. The value files see checker.h only. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEMA_FLOW_H
#define SEMA_FLOW_H

#include "sema/checker.h"

enum {
    DEMAND_LEVELS_MAX = 2 * AST_MAX_DEPTH, /* of syntax trees checked inside each other, because
                                              nobody annotated what they return: bounds the stack */
    IMPORT_DEPTH_MAX = 32,
    SUGGEST_ERRORS_MAX = 50, /* a file with more errors needs no more suggestions */
    SUGGEST_DISTANCE = 2     /* edits between a name and what was probably meant */
};

/* A statement is checked on memory at hand, a little and some per byte of its text: half a
 * statement cannot be read back when memory runs out in its middle. Between statements failure is
 * noticed. */
enum { RESERVE_BYTES = 2048, RESERVE_PER_BYTE = 96 };
static inline bool reserve_for(fn_checker *f, range at)
{
    size_t n = RESERVE_BYTES + (size_t)(at.end - at.begin) * RESERVE_PER_BYTE;
    return arena_reserve(&f->tree->arena, n) && arena_reserve(f->c->arena, RESERVE_BYTES);
}

/** A type just made: NULL means no memory. */
static inline const type *made_type(fn_checker *f, const type *t)
{
    if (!t)
        f->tree->arena.failed = true;
    return t ? t : T_ERROR;
}

/* scope.c */
static inline bool binding_is_defined(const binding *b) { return b && (b->var || b->other); }
binding *find_binding(const fn_checker *f, const char *name);
/** The binding of `name` in the current scope itself, made if there is none. */
binding *own_binding(fn_checker *f, const char *name);
/** Let a binding stand for variable v, assigned at `at`. */
void bind_var(binding *own, tvar *v, const type *declared, range at);
/** What an assignment in the current scope must fit: the defined binding of an outer block, or
 * NULL. */
binding *parent_binding(const fn_checker *f, const char *name);
/** `assigned` has a new value: bindings of `name` that lie in it are no mere views of other
 * variables. */
void forget_refinements(fn_checker *f, const char *name, const tvar *assigned);
/** Names that only the popped loop body defined: say so when they are used after it. */
void forget_loop_names(fn_checker *f, const scope *body, range at);
texpr *read_var(fn_checker *f, tvar *v, range at);
tstmt *emit_assign(fn_checker *f, tvar *v, texpr *value, range at);
const char *type_text(fn_checker *f, const type *t); /* spelling in messages */

/* assign.c */
/** Bind a name to anything an expression may denote. */
void assign_sval(fn_checker *f, const char *name, sval v, range at);
void assign_sval_target(fn_checker *f, const ast_node *target, sval v);
void check_assign(fn_checker *f, const ast_assign *s);
void check_ann_assign(fn_checker *f, const ast_ann_assign *s);
void check_aug_assign(fn_checker *f, const ast_aug_assign *s);
void check_del(fn_checker *f, const ast_del *s);

/* raise.c */
void check_raise(fn_checker *f, const ast_raise *s);
void check_assert(fn_checker *f, const ast_assert *s);
void check_with(fn_checker *f, const ast_with *s);

/* loop.c */
void check_while(fn_checker *f, const ast_while *s);
void check_for(fn_checker *f, const ast_for *s);
void check_jump(fn_checker *f, tstmt_kind kind, range at);

/* stmt.c */
/** The value of a `return` (NULL: none), converted to the declared type or unified with the
 * others'. */
void check_return(fn_checker *f, const ast_node *value, range at);
void check_if(fn_checker *f, const ast_if *s);

/* function.c */
/** A function of the file or a method of `owner`, known by name. */
ir_function *declare_function(checker *c, const ast_def *def, const char *name, const type *owner);
/** Give fn its parameters and, where it is annotated, its return type. */
void build_schema(checker *c, ir_function *fn);
/** Check fn's body unless that was done or is being done. */
void check_function_body(checker *c, ir_function *fn);
/** Did the parser refuse something in fn? It is not checked then: what else is wrong there may follow from that. */
bool is_unparsed(const checker *c, const ir_function *fn);
/** Room on the stack to check `levels` of syntax inside what is being checked? The caller adds
 * them. */
static inline bool has_room(const checker *c, int levels)
{
    return c->demand_levels + levels <= DEMAND_LEVELS_MAX;
}
/** The `def f(…):` line of a function, where its own errors are shown. */
range def_header(const ast_def *def);

/* constant.c */
/** A checker for constant expressions outside functions: nothing it emits is kept. */
typedef struct constant_checker {
    fn_checker f;
    ttree tree;
    scope scope;
    tstmt_list out;
} constant_checker;
void constant_checker_init(constant_checker *k, checker *c);
void constant_checker_fini(constant_checker *k);
/** The value of a constant expression, of type `want` if that is not NULL. false: reported.
 * *ret is yours; *ret_type may be NULL. */
bool eval_constant(checker *c, const ast_node *n, const type *want, const char *what,
                   jit_value *ret, const type **ret_type);
/** What a module's variable is worth in a constant expression, to *ret (an error: reported). false:
 * its value is not known here. */
bool module_variable_value(fn_checker *f, module_variable *v, texpr **ret, range at);

/* class.c */
/** Make the type of a class statement and bind its name; members follow with declare_members(). */
void declare_class(checker *c, const ast_class *cls);
void declare_members(checker *c, const ast_class *cls);
/** Named tuples are made when an annotation first needs them: fields must be known. NULL: reported.
 */
const type *resolve_class(checker *c, sval *global);
/** `P = namedtuple("P", […])` or NamedTuple("P", […]) at top level. false: something else. */
bool declare_functional_tuple(checker *c, const ast_assign *s);
const char *qualify(checker *c, const char *name);
/** Enum and named tuple of a class statement; NULL: no memory. Mistakes in members are reported. */
type *declare_enum(checker *c, const ast_class *cls);
const type *declare_named_tuple(checker *c, const ast_class *cls);
void declare_interface_method(checker *c, type *iface, const ast_def *def);

/* dataclass.c */
bool is_dataclass(checker *c, const ast_class *cls);
/** Add the methods that @dataclass writes to the class made of `cls`, whose header is at `at`. */
void declare_dataclass_methods(checker *c, type *t, const ast_class *cls, range at);

/* annotation.c */
/** "torch.jit.script" for what an expression names through modules and imports, or NULL. */
const char *dotted_path(const checker *c, const ast_node *n, arena *a);
/** Is one of the decorators (called or not) `path`? */
bool has_decorator(const checker *c, const ast_nodes *decorators, const char *path);

/* prebound.c */
/** What every file may use without importing it (design: `.tjs`), or NULL. */
const sval *find_prebound(const char *name);
const char *prebound_name(size_t i); /* the i-th of these names; NULL after the last */
/** A name outside functions: the file's own, else prebound, else NULL. */
const sval *find_global(const checker *c, const char *name);
/** What `from module import name` means where modules of Python are concerned; SVAL_ERROR: unknown
 * module. */
bool is_known_module(const char *path);
sval prebound_member(checker *c, const char *module, const char *name, range at);
/** The type that a dotted path of Python's or PyTorch's names, or NULL. */
const type *named_type(const char *path);
/** "List" for every spelling of a type constructor ("typing.List", "list"), or NULL. */
const char *type_constructor(const char *path);
/** `_size_2_t` of torch.nn.common_types: 2, as BroadcastingList2[int]; 0: another name. */
int broadcast_size(const char *path);

/* import.c */
/** The file the compile began with. */
checker *root_of(checker *c);
void check_import(checker *c, const ast_import *s);
void check_import_from(checker *c, const ast_import_from *s);

/* python.c: checking a plain Python file; without an outline these do nothing */
/** Is fn checked at all: marked for scripting, or used by what is? */
bool python_wants(const checker *c, const ir_function *fn);
/** Something that is checked names `name`. */
void python_use(const checker *c, const char *name);
/** A name without meaning for us that Python may know: reported, or none of our business. false: neither. */
bool python_explains(checker *c, const char *name, range at);
/** Afterwards: forget errors in what nobody uses, say what was skipped. */
void python_finish(checker *c);

/* recursion.c */
/** Report every call that closes a cycle of calls. */
void check_recursion(checker *c);

/* archive.c: all of these ask for c->archive */
/** A class, enum, named tuple or interface, declared now if it is new; NULL: there is none (nothing reported). */
const type *archive_find_type(checker *c, const char *qualified_name);
/** A free function, likewise. */
ir_function *archive_find_function(checker *c, const char *qualified_name);
/** Entry n of the constant table, or NULL. */
const jit_value *archive_constant(const checker *c, int64_t n, size_t *ret_count);
int archive_version(const checker *c);
void archive_free(struct archive *a);

/* archive_class.c */
/** The attributes, constants, hooks and methods of a class; the methods of an interface. */
void archive_declare_members(checker *c, type *t, const ast_class *cls);

/* unit.c */
sval *bind_global(checker *c, const char *name, sval v);
/** An empty unit and its checker; `take` may be NULL. NULL: no memory, the tree is released. */
checker *checker_new(ast *take, const sema_options *o, diag *d, checker *importer, const char *prefix);
checker *check_source(ast *take, const sema_options *o, diag *d, checker *importer,
                      const char *prefix);

/** Kept by the unit until it goes: the syntax trees and typed trees its functions refer to. */
typedef struct sema_keep {
    checker checker;
    sema_options options;         /* the checker's; the outline is gone after sema_check() */
    VEC(ttree *) trees;
    VEC(ir_function *) functions; /* functions and methods of the file, in source order */
} sema_keep;

#endif
