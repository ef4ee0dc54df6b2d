/* ir/function.h: functions and the units that own them.
 *
 * A unit is what one compile (or one archive) defined: functions, classes, enums, named tuples. It is
 * reference counted; function handles, objects and modules keep it alive. ir_function is compiled in
 * two steps: sema gives it its schema (when it is first needed), lowering its emitted graph. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_FUNCTION_H
#define IR_FUNCTION_H

#include "ir/schema.h"

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
    ir_graph *graph;         /* emitted stage; owned by the function */
    ir_graph *optimized;     /* what plans are made from; NULL until first needed; owned */
    void *_Atomic plan;      /* runtime/vm: the published plan; released by unit's plan_free */
    const void *ast;         /* defining syntax node (ast_def), for sema */
    void *tree;              /* typed tree, sema's */
    range at;                /* its `def` line */
};

struct ir_unit {
    _Atomic int32_t n_refs;
    arena arena;             /* types, functions, schemas, names */
    strmap functions;        /* name → ir_function *, in definition order */
    strmap types;            /* qualified name → type * (class, enum, named tuple, interface) */
    strmap structural;       /* text of structural types over nominal ones → type * */
    VEC(void *) asts;        /* what must live as long as the unit; freed by free_ast */
    void (*free_ast)(void *);
    void (*free_plan)(void *);
    VEC(const source *) sources;
    const char *prefix;      /* "__torch__" */
    ir_unit *next_import;    /* units imported files live in: references */
};

ir_unit *ir_unit_new(void);
ir_unit *ir_unit_ref(ir_unit *u);
void ir_unit_unref(ir_unit *u);
ir_function *ir_function_new(ir_unit *u, const char *name, const type *owner, range at);
ir_function *ir_unit_find_function(const ir_unit *u, const char *name);
type *ir_unit_find_type(const ir_unit *u, const char *qualified_name);
ir_function *type_find_method(const type *cls, const char *name); /* NULL if absent */

#endif
