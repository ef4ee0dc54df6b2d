/* ir/function.h: functions and the units that own them.
 *
 * A unit is what one compile (or one archive) defined: functions, classes, enums, named tuples. It is
 * reference counted; function handles, objects and modules keep it alive. ir_function is compiled in
 * two steps: sema gives it its schema (when it is first needed), lowering its emitted graph. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_FUNCTION_H
#define IR_FUNCTION_H

#include "base/vec.h"
#include "ir/schema.h"
#include "ir/type_table.h"

typedef struct ir_graph ir_graph;

typedef enum function_state {
    FUNCTION_DECLARED,  /* known by name */
    FUNCTION_CHECKING,  /* being type checked: a call now is recursion */
    FUNCTION_CHECKED,   /* schema is final */
    FUNCTION_FAILED,    /* has errors, already reported */
} function_state;

struct ir_function {
    heap_header h;           /* as a value it only counts; the unit owns the memory */
    ir_unit *unit;
    const char *name;        /* "f", "forward" */
    const char *qualified_name; /* "__torch__.f", "__torch__.Vec.dot" */
    const type *owner;       /* class of a method, else NULL */
    bool is_static;
    const schema *schema;    /* NULL until checked */
    function_state state;
    ir_graph *graph;         /* emitted stage; owned by the unit, as all of the function */
    bool is_emitted;         /* graph went through the "emitted" passes */
    ir_graph *optimized;     /* what plans are made from; NULL until first needed; owned */
    void *_Atomic plan;      /* runtime/vm: the published plan; released by unit's free_plan */
    void *_Atomic special;   /* runtime/exec: plans for types of arguments; released by unit's free_special */
    const void *ast;         /* defining syntax node (ast_def), for sema */
    void *tree;              /* typed tree, sema's; NULL unless it is kept */
    bool is_body_checked;    /* sema looked at the body, or is looking */
    range at;                /* its `def` line */
    ir_function *next;       /* all functions of the unit, newest first */
};

struct ir_unit {
    _Atomic int32_t n_refs;
    uint64_t serial;         /* units are ordered by creation */
    arena arena;             /* nominal types, functions, schemas, names */
    ir_function *all;        /* functions and methods, newest first */
    strmap functions;        /* name → ir_function *, in definition order; no methods */
    strmap types;            /* qualified name → type * (class, enum, named tuple, interface) */
    VEC(type *) nominal;     /* every nominal type, also those whose name was taken over */
    type_table structural;   /* structural types over nominal ones */
    VEC(void *) asts;        /* what must live as long as the unit; freed by free_ast */
    void (*free_ast)(void *);
    void (*free_plan)(void *);
    void (*free_special)(void *);
    VEC(const source *) sources;
    bool is_for_inference;   /* its owner allows what optimize_for_inference may change (opt/post_ops.c) */
    const char *prefix;      /* "__torch__" */
    VEC(ir_unit *) imports;  /* units whose types this one's types mention: references */
};

/** An empty unit with one reference, or NULL without memory. */
ir_unit *ir_unit_new(void);
ir_unit *ir_unit_ref(ir_unit *u);
/** The last reference frees functions (plans and graphs first), types, sources and imports. NULL is fine. */
void ir_unit_unref(ir_unit *u);
/** Keep `other` alive as long as u (once; u itself and NULL are ignored). false: no memory.
 * Imports are a tree or a DAG: an import back to an importer would keep both alive for ever. */
bool ir_unit_add_import(ir_unit *u, ir_unit *other);
/** u is `other` or imports it, directly or not. */
bool ir_unit_reaches(const ir_unit *u, const ir_unit *other);
/** Keep a source alive as long as u (once). false: no memory. */
bool ir_unit_add_source(ir_unit *u, const source *s);
/** A function of the unit (owner NULL) or a method of class `owner`; registered under its name, an older
 * one of that name is shadowed. Check the unit's arena for failure. */
ir_function *ir_function_new(ir_unit *u, const char *name, const type *owner, range at);
ir_function *ir_unit_find_function(const ir_unit *u, const char *name);
/** By qualified name, also in the units u imports. */
type *ir_unit_find_type(const ir_unit *u, const char *qualified_name);
ir_function *type_find_method(const type *cls, const char *name); /* NULL if absent */
/** An instance of a class with unset (None) attributes; it keeps the class's unit alive. NULL: no memory. */
object *ir_object_new(const type *cls);
ir_function *type_find_method(const type *cls, const char *name); /* NULL if absent */

#endif
