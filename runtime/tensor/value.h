/* runtime/tensor/value.h: what a variable of a program holds: a 16-byte tagged union.
 *
 * Scalars lie in the value; the rest is reference counted (atomically), begins with a `heap_header`
 * and is shared: `x = y` aliases. Arguments are borrowed, results are yours, `take` moves.
 * value_ref()/value_unref() work for any value. Containers carry their static type so that
 * isinstance() and empty containers work; types are opaque here (ir/type.h knows them).
 * Cycles (an object that holds itself) are possible in the language and are not collected: they live
 * until the process ends. The limits of design §4 bound them.
 * Releasing a deep structure does not recurse: a dying container goes on a chain of its thread
 * (`next_dead`), its children are released when the chain is drained. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_TENSOR_VALUE_H
#define RUNTIME_TENSOR_VALUE_H

#include "runtime/tensor/tensor.h"

#include <stdatomic.h>

struct type;        /* ir/type.h */
struct ir_function; /* ir/function.h */

typedef enum value_tag {
    /* scalars */
    VALUE_NONE, VALUE_BOOL, VALUE_INT, VALUE_FLOAT, VALUE_DEVICE,
    VALUE_UNINIT,                                    /* prim::Uninitialized, never read by a program */
    /* heap; VALUE_COMPLEX is the first */
    VALUE_COMPLEX, VALUE_STR, VALUE_TENSOR, VALUE_LIST, VALUE_TUPLE, VALUE_DICT, VALUE_OBJECT, VALUE_ENUM,
    VALUE_FUNCTION, VALUE_FUTURE, VALUE_GENERATOR,
    VALUE__COUNT
} value_tag;

typedef struct heap_header {
    ref_count n_refs;   /* first member of tensor too */
} heap_header;

typedef struct jit_value {
    uint32_t tag;      /* value_tag */
    union {
        bool b;
        int64_t i;
        double f;
        device dev;
        void *p;       /* any heap value: its header is first */
        heap_header *heap;
        struct complex_box *c;
        struct str *s;
        struct tensor *t;
        struct list *list;
        struct tuple *tuple;
        struct dict *dict;
        struct object *object;
        struct enum_member *member;
        struct ir_function *fn;
        struct future *future;
        struct generator *generator;
    };
} jit_value;

typedef struct complex_box { heap_header h; double re, im; } complex_box;

/** Immutable bytes. */
typedef struct str { heap_header h; uint32_t hash; size_t n; char s[]; } str;

/** How the elements of a list are stored. */
typedef enum list_storage { LIST_INTS, LIST_FLOATS, LIST_BOOLS, LIST_VALUES } list_storage;
typedef struct list {
    heap_header h;
    uint8_t storage;             /* list_storage, follows from the element type */
    union {
        const struct type *elem; /* element type; NULL: unknown (Any) */
        void *next_dead;
    };
    size_t n, cap;
    union {
        void *at;
        int64_t *ints;
        double *floats;
        bool *bools;
        jit_value *values;
    };
} list;

typedef struct tuple {
    heap_header h;
    union {
        const struct type *type; /* NamedTuple type, or NULL */
        void *next_dead;
    };
    size_t n;
    jit_value at[];
} tuple;

/** Insertion-ordered hash map. Keys: bool int float complex str device, tensors by identity. */
typedef struct dict_entry { jit_value key, value; uint64_t hash; bool is_live; } dict_entry;
typedef struct dict {
    heap_header h;
    union {
        const struct type *key;     /* NULL: unknown (Any) */
        void *next_dead;
    };
    const struct type *value;       /* NULL: unknown (Any) */
    dict_entry *entries;            /* in insertion order, removed ones have !is_live */
    uint32_t *slots;
    size_t n, n_entries, cap, n_slots; /* n live */
} dict;

/** Instance of a class or module: one slot per attribute of its class, in declaration order. */
typedef struct object {
    heap_header h;
    const struct type *type;
    void (*unref_type)(const struct type *); /* gives `type`'s unit back; may be NULL */
    void *next_dead;
    size_t n;
    jit_value at[];
} object;

/** Member of an Enum: lives as long as its class. */
typedef struct enum_member {
    heap_header h;
    const struct type *type;
    const char *name;
    jit_value value;
} enum_member;

/** Result of a forked call: `value`, `status` and `exception` are set before `state` says so. */
typedef enum future_state { FUTURE_PENDING, FUTURE_DONE, FUTURE_FAILED } future_state;
typedef struct future {
    heap_header h;
    union {
        const struct type *elem;
        void *next_dead;
    };
    _Atomic int state;
    int status;                     /* failed: the jit_status */
    jit_value value;                /* failed: the message */
    const char *exception;          /* failed: class of what was raised, owned by the forked graph, or NULL */
    void *task;                     /* what computes it, if that is another thread's work; a reference */
    void (*unref_task)(void *task);
} future;

#define VALUE_NONE_V      ((jit_value){ .tag = VALUE_NONE })
#define VALUE_BOOL_V(x)   ((jit_value){ .tag = VALUE_BOOL, .i = (x) ? 1 : 0 })
#define VALUE_INT_V(x)    ((jit_value){ .tag = VALUE_INT, .i = (x) })
#define VALUE_FLOAT_V(x)  ((jit_value){ .tag = VALUE_FLOAT, .f = (x) })
#define VALUE_DEVICE_V(x) ((jit_value){ .tag = VALUE_DEVICE, .dev = (x) })
#define VALUE_HEAP_V(t_, x) ((jit_value){ .tag = (t_), .p = (x) })  /* takes the reference */

static inline bool value_is_heap(jit_value v) { return v.tag >= VALUE_COMPLEX && v.p; }
static inline jit_value value_ref(jit_value v)
{
    if (value_is_heap(v)) refs_take(&v.heap->n_refs);
    return v;
}
void value_free(jit_value v); /* the last reference went; only value_unref calls it */
static inline void value_unref(jit_value v)
{
    if (!value_is_heap(v)) return;
    if (refs_drop(&v.heap->n_refs))
        value_free(v);
}
void value_set(jit_value *slot, jit_value take); /* release what is there, take the new one */

/* constructors: NULL without memory */
str *str_new(const char *s, size_t n);
/** a + b. NULL: no memory, or longer than TEXT_MAX_BYTES. */
str *str_concat(const str *a, const str *b);
/** The same where the reference to a is given up: it grows in place if nobody else holds it (b may be a). */
str *str_append(str *take_a, const str *b);
complex_box *complex_new(double re, double im);
list *list_new(const struct type *elem, list_storage how, size_t reserve);
bool list_push(list *l, jit_value take);          /* false: no memory; then the value is released */
jit_value list_get(const list *l, size_t i);      /* a new reference */
jit_value list_peek(const list *l, size_t i);     /* borrowed */
void list_set(list *l, size_t i, jit_value take);
bool list_resize(list *l, size_t n);              /* new elements are None / zero */
bool list_insert(list *l, size_t i, jit_value take); /* before element i; i <= n; else as list_push */
jit_value list_take(list *l, size_t i);           /* removes element i and returns its reference */
bool list_extend(list *l, const list *from);      /* same storage; `from` may be l itself */
list *list_slice(const list *l, size_t begin, size_t n, int64_t step); /* begin, begin+step, … */
tuple *tuple_new(const struct type *type, size_t n); /* elements None, to be filled */
dict *dict_new(const struct type *key, const struct type *value);
/** Walks the live entries in order: `for (size_t i = 0; (e = dict_next(d, &i));)`; NULL: the end. */
dict_entry *dict_next(const dict *d, size_t *i);
dict *dict_copy(const dict *d);                   /* shallow */
/** Borrowed view of the value stored under `key`, or NULL. */
jit_value *dict_find(const dict *d, jit_value key);
/** Are they the same key at sight? Equal keys need not be. */
static inline bool dict_key_is(jit_value a, jit_value b)
{
    return a.i == b.i && a.tag == b.tag && (a.tag <= VALUE_INT || a.tag == VALUE_STR);
}
jit_value *dict_find_index(const dict *d, jit_value key, size_t *index);
/** dict_find() for who looks up the same key several times in a row: *index, of any value at first, is where the
 * entry was found last, in whatever dict. What stands there now decides, so nothing has to be kept in step. */
static inline jit_value *dict_find_again(const dict *d, jit_value key, size_t *index)
{
    if (*index < d->n_entries) {
        dict_entry *e = &d->entries[*index];
        if (e->is_live && dict_key_is(e->key, key))
            return &e->value;
    }
    return dict_find_index(d, key, index);
}
bool dict_set(dict *d, jit_value take_key, jit_value take_value); /* false: no memory, both released */
bool dict_remove(dict *d, jit_value key, jit_value *ret_value); /* ret may be NULL; false if absent */
void dict_remove_entry(dict *d, dict_entry *e);   /* one that dict_next() gave, even nan */
void dict_clear(dict *d);
object *object_new(const struct type *type, size_t n_attributes);

uint32_t str_hash(const str *s);                  /* never 0 */
bool str_equal(const str *a, const str *b);
int str_compare(const str *a, const str *b);      /* bytewise, <0 0 >0 */
uint64_t value_hash(jit_value v);
/** Python's == for keys and list elements without tensors (tensors compare by identity here). Values
 * of different tags differ (1 is not 1.0); what nests deeper than VALUE_MAX_DEPTH is unequal. */
bool value_equal(jit_value a, jit_value b);
bool value_is_same(jit_value a, jit_value b);     /* `is` */

/* Printing and comparing follow containers this deep; a list that holds itself is deeper than that. */
enum { VALUE_MAX_DEPTH = 512 };

/** How types spell themselves, told by ir once, before values of its types are printed. Without it
 * objects show no class name and the repr of an empty container no annotation. */
typedef struct value_type_text {
    void (*print)(const struct type *t, bool qualified, text *out); /* annotation spelling */
    /** Does a list display of such elements tell its element type? (not for Optional, Union, Any …) */
    bool (*is_evident)(const struct type *elem);
} value_type_text;
void value_type_text_set(const value_type_text *types);

/** What print() and str() show (spec/formats.md §3). */
void value_print(jit_value v, text *out);
/** The quoted variant of constants in graph dumps and archive code. */
void value_print_repr(jit_value v, text *out);
void float_print(double f, text *out);            /* `2.`, `0.10000000000000001` */
void float_print_repr(double f, text *out);       /* the repr rule: 1e10 prints 10000000000 */
void str_print_repr(const char *s, size_t n, text *out);

#endif
