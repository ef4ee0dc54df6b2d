/* ir/type.h: types, interned: two types are equal iff their pointers are.
 *
 * Structural types without class names live in one process-wide, append-only table (a lock to
 * insert, none to read) and are never freed. Class, enum, NamedTuple and interface types belong to
 * an ir_unit, and so do structural types that contain them (type_list(cls) finds the unit by itself);
 * they are freed with the unit. Base types are static. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_TYPE_H
#define IR_TYPE_H

#include "base/diag.h"
#include "base/map.h"
#include "base/source.h"
#include "runtime/tensor/value.h"

typedef enum type_kind {
    /* base types: static, no parts */
    TYPE_ERROR,      /* an expression already reported; accepts and is accepted by everything */
    TYPE_ANY, TYPE_NONE, TYPE_BOOL, TYPE_INT, TYPE_FLOAT, TYPE_COMPLEX, TYPE_NUMBER, TYPE_STR,
    TYPE_DEVICE, TYPE_GENERATOR, TYPE_STREAM, TYPE_STORAGE, TYPE_CAPSULE, TYPE_LAYOUT, TYPE_MEMORY_FORMAT,
    TYPE_QSCHEME, TYPE_ANY_LIST, TYPE_ANY_TUPLE, TYPE_ANY_CLASS, TYPE_ANY_ENUM, TYPE_FUNCTION,
    TYPE_TENSOR,     /* plain, or refined: see type_tensor_info */
    /* structural */
    TYPE_VAR,        /* lower-case type variable of a schema */
    TYPE_LIST, TYPE_OPTIONAL, TYPE_DICT, TYPE_TUPLE, TYPE_UNION, TYPE_FUTURE, TYPE_RREF,
    /* nominal */
    TYPE_NAMED_TUPLE, TYPE_CLASS, TYPE_INTERFACE, TYPE_ENUM,
    TYPE__COUNT
} type_kind;

typedef struct ir_unit ir_unit;
typedef struct ir_function ir_function;
typedef struct type type;

struct type {
    uint8_t kind;                /* type_kind */
    bool has_vars;               /* contains a TYPE_VAR */
    bool has_nominal;            /* contains a class, … : belongs to `unit` */
    bool has_error;              /* contains a TYPE_ERROR: already reported, relations let it pass */
    uint32_t n_args;
    uint32_t id;                 /* unique in the process, in order of creation */
    const type *const *args;     /* list/optional/future: 1; dict: key, value; tuple, union: members;
                                    named tuple: field types */
    const char *name;            /* TYPE_VAR: its name; nominal: qualified name "__torch__.Point";
                                    NULL for the named tuples of operator results */
    ir_unit *unit;               /* owner of nominal types (not a reference), else NULL */
    union {
        struct type_class *cls;           /* TYPE_CLASS */
        struct type_enum *enums;          /* TYPE_ENUM */
        struct type_interface *iface;     /* TYPE_INTERFACE */
        struct type_named_tuple *fields;  /* TYPE_NAMED_TUPLE */
        struct type_tensor *info;         /* TYPE_TENSOR refined; NULL: plain Tensor */
    };
};

typedef struct type_attribute {
    const char *name;
    const type *type;
    bool is_parameter, is_buffer, is_constant; /* constant: `value` holds it */
    jit_value value;
    range at;
} type_attribute;

/** A class or module; attributes are in slot order. Grows while its __init__ is checked. */
typedef struct type_class {
    bool is_module;
    size_t n_attributes, cap_attributes;
    type_attribute *attributes;      /* constants have no slot: keep them in `constants` */
    size_t n_constants, cap_constants;
    type_attribute *constants;
    strmap methods;                  /* name → ir_function *; static methods too */
    strmap properties;               /* name → type_property * */
    size_t n_pre_hooks, n_hooks;     /* methods an archive's module runs around `forward`, in order */
    const char **pre_hooks, **hooks;
    const void *ast;                 /* defining syntax node, for sema; NULL when built by hand */
} type_class;
typedef struct type_property { ir_function *getter, *setter; /* setter may be NULL */ } type_property;

typedef struct type_enum { const type *value_type; size_t n; enum_member **members; } type_enum;
typedef struct type_interface { bool is_module; strmap methods; /* name → const schema * */ } type_interface;
typedef struct type_named_tuple { const char **names; jit_value *defaults; bool *has_default; /* may be NULL: none */ } type_named_tuple;

/** What is known of a tensor. dtype -1, rank -1: unknown. sizes -1 unknown, < -1 symbolic. */
typedef struct type_tensor {
    int dtype, rank;
    int8_t requires_grad;   /* -1 unknown */
    bool has_device, has_strides, is_undefined;
    device dev;
    int64_t *sizes, *strides;
} type_tensor;

/* base types: type_base(TYPE_INT); shorthands */
extern const type type_base_types[TYPE_TENSOR + 1];
static inline const type *type_base(type_kind k) { return &type_base_types[k]; }
#define T_ERROR  type_base(TYPE_ERROR)
#define T_ANY    type_base(TYPE_ANY)
#define T_NONE   type_base(TYPE_NONE)
#define T_BOOL   type_base(TYPE_BOOL)
#define T_INT    type_base(TYPE_INT)
#define T_FLOAT  type_base(TYPE_FLOAT)
#define T_COMPLEX type_base(TYPE_COMPLEX)
#define T_NUMBER type_base(TYPE_NUMBER)
#define T_STR    type_base(TYPE_STR)
#define T_DEVICE type_base(TYPE_DEVICE)
#define T_TENSOR type_base(TYPE_TENSOR)

/* structural types. NULL without memory */
const type *type_list(const type *elem);
const type *type_optional(const type *elem);    /* flattens: Optional[Optional[T]], None, Any, Union */
const type *type_future(const type *elem);
const type *type_rref(const type *elem);
const type *type_dict(const type *key, const type *value);
const type *type_tuple(const type *const *elems, size_t n);
/** Flattens, merges what unifies, sorts by kind and text; one member: that; T and None: Optional[T];
 * {int, float, complex}: number. */
const type *type_union(const type *const *members, size_t n);
/** A tuple with field names but no name of its own, as operators with named results give; structural.
 * `name` is NULL, there are no defaults. */
const type *type_tuple_named(const char *const *names, const type *const *types, size_t n);
const type *type_var(const char *name);
const type *type_tensor_refined(const type_tensor *info);

/* nominal types, owned by the unit (ir/function.h) */
type *type_class_new(ir_unit *u, const char *qualified_name, bool is_module);
bool type_class_add_attribute(type *cls, const char *name, const type *t, range at); /* appends a slot */
/** A class constant; the class owns the value (released even on failure). NULL: no memory. */
type_attribute *type_class_add_constant(type *cls, const char *name, const type *t, jit_value take,
                                        range at);
int type_class_slot(const type *cls, const char *name);          /* -1: none */
const type_attribute *type_class_constant(const type *cls, const char *name);
type *type_enum_new(ir_unit *u, const char *qualified_name, const type *value_type);
bool type_enum_add(type *e, const char *name, jit_value take);
enum_member *type_enum_find(const type *e, const char *name);
type *type_interface_new(ir_unit *u, const char *qualified_name, bool is_module);
const type *type_named_tuple_new(ir_unit *u, const char *qualified_name, const char *const *names,
                                 const type *const *types, const jit_value *defaults,
                                 const bool *has_default, size_t n); /* defaults may be NULL */
int type_named_tuple_index(const type *t, const char *field);    /* -1: none */

/* relations, spec/language.md §3 */
/** a <: b. A class fits an interface only once the schemas of its methods are known. */
bool type_is_subtype(const type *a, const type *b);
const type *type_unify(const type *a, const type *b);            /* NULL: they do not */
const type *type_unify_or_union(const type *a, const type *b);   /* where literal elements fall back to Union */
/** Bind the variables of `formal` to make it accept `actual`. bindings: name → const type *.
 * NULL: mismatch, and *why (if not NULL) gets the sentence of the reference ("Type variable 't' previously
 * matched to type …"), allocated in `a`. Otherwise the formal with variables replaced. */
const type *type_match(const type *formal, const type *actual, strmap *bindings, arena *a, const char **why);
const type *type_substitute(const type *t, const strmap *bindings);

static inline const type *type_elem(const type *t) { return t->args[0]; }   /* list, optional, future */
static inline bool type_is_error(const type *t) { return t->kind == TYPE_ERROR; }
bool type_is_optional_like(const type *t);      /* Optional, or a Union with None */
const type *type_without_none(const type *t);   /* Optional[T] → T; Union minus None; others unchanged */
const type *type_unrefined(const type *t);      /* Float(2, 3) → Tensor, also inside containers */
bool type_contains(const type *t, type_kind k);
bool type_mentions(const type *t, const type *part); /* is `part`, or has it among its arguments */
const char *type_unqualified_name(const type *t);      /* "Point" */
/** How values of this type are stored in a list. */
list_storage type_list_storage(const type *elem);
/** May a value have this type: the test of isinstance() and of call boundaries. */
bool type_accepts_value(const type *t, jit_value v);
/** Best static type of a value (containers carry theirs). */
const type *type_of_value(jit_value v);
/** All that is to be known of this tensor: `Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu)`. */
const type *type_of_tensor(const tensor *t);

/** IR spelling: `int[]`, `Tensor?`, `Dict(str, Tensor)`, `Float(2, 3, …)`. */
void type_print(const type *t, text *out);
/** Spelling in messages and annotations: `List[int]`, `Optional[Tensor]`, `number`. Nominal types print
 * their unqualified name in messages; `qualified` prints __torch__.… as archives need. */
void type_print_annotation(const type *t, bool qualified, text *out);
/** The same with other names for nominal types, as an archive with mangled names needs them. */
void type_print_annotation_named(const type *t, const char *(*name)(void *cx, const type *t), void *cx, text *out);
/** The message spelling, unqualified, and the IR spelling, as strings in `a`. */
const char *type_str(arena *a, const type *t);
const char *type_ir_str(arena *a, const type *t);
/** Does a display of such elements, `[a, b]`, tell its element type? As PyTorch's elementTypeCanBeInferredFromMembers. */
bool type_is_evident(const type *elem);
/** Teach value printing the spelling of types (value_type_text_set). Units and graphs do it when made. */
void type_text_install(void);
/** Parse the IR spelling, or that of annotations (`List[int]`). names: class lookup, may be NULL.
 * @return NULL with *ret_error set (static or in `a`) on a malformed text */
const type *type_parse(const char *s, size_t n, ir_unit *names, arena *a, const char **ret_error);

#endif
