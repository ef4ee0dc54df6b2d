/* runtime/archive/unpickle.h: the parts of the unpickling machine, shared by its files.
 *
 * unpickle.c runs the opcodes, unpickle_call.c does what REDUCE, NEWOBJ, BUILD and BINPERSID ask for,
 * unpickle_types.c gives containers their element types.
 *
 * What makes the machine closed: an item is a value, a tuple, or one of the few names and storages the format knows;
 * only values can get into a result. What makes it bounded: a container that was put into another one is closed and
 * never changes again, so nothing contains itself, and the depth of each is known when it is made. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_ARCHIVE_UNPICKLE_H
#define RUNTIME_ARCHIVE_UNPICKLE_H

#include "base/map.h"
#include "runtime/archive/pickle.h"

/* Callees and classes that a GLOBAL can name. */
typedef enum pickle_name {
#define PICKLE_NAME(id, module, name, by) PICKLE_##id,
#include "runtime/archive/pickle_names.def"
    PICKLE_STORAGE, /* torch.FloatStorage …: with a dtype */
    PICKLE_CLASS,   /* a class, enum or named tuple of the archive */
} pickle_name;

typedef enum item_kind { ITEM_UNSET, ITEM_VALUE, ITEM_TUPLE, ITEM_NAME, ITEM_STORAGE } item_kind;

/** What lies on the stack and in the memo. */
typedef struct item {
    uint32_t kind;   /* item_kind */
    uint32_t index;  /* of tuples, names or storages; of a list, dict or object: 1 + its part */
    jit_value v;     /* ITEM_VALUE: a reference; else None */
} item;

/** What is known of a list, dict or object beside its value. */
typedef struct part {
    uint32_t depth;           /* 1 + that of its deepest content */
    bool is_closed;           /* it is part of something: it does not change any more */
    bool is_built;            /* objects: BUILD gave it its attributes */
    bool is_mixed;            /* contents of no common type */
    const type *key, *elem;   /* common types of the contents so far; NULL: none yet. Only for torch.save files,
                                 whose containers carry no types */
} part;

/** A tuple stays a list of items until it is used as a value: arguments and ids also hold names and storages. */
typedef struct tuple_item {
    item *at;                 /* references */
    size_t n;
    uint32_t depth;
    uint64_t weight;          /* values in it, counted as often as they are reached */
    const type *type;         /* NULL: not known */
    jit_value made;           /* a reference once it was used, else None */
} tuple_item;

typedef struct name_item {
    pickle_name id;
    dtype dtype;              /* PICKLE_STORAGE */
    const type *cls;          /* PICKLE_CLASS */
} name_item;

typedef struct storage_item {
    storage *store;           /* a reference */
    dtype dtype;              /* DTYPE_NONE: bytes */
} storage_item;

typedef struct unpickler {
    const unsigned char *bytes;
    size_t n_bytes, at;       /* read so far */
    size_t opcode_at;
    const char *record;
    const unpickle_hooks *hooks;
    jit_error *err;
    jit_status status;
    arena arena;
    VEC(item) stack;
    VEC(uint32_t) marks;      /* heights of the stack */
    VEC(item) memo;
    VEC(part) parts;
    VEC(tuple_item) tuples;
    VEC(name_item) names;
    VEC(storage_item) storages;
    strmap keys;              /* storage key → storage * (borrowed from storages) */
    bool is_done;
    jit_value result;
} unpickler;

enum { UNPICKLE_MAX_DEPTH = 256 };

/* unpickle.c. All return false after filling u->status and the error */
bool unpickle_fail(unpickler *u, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool unpickle_fail_as(unpickler *u, jit_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** A hook failed, and err says how: add where, unless it names a place in the code. */
bool unpickle_fail_in_hook(unpickler *u, jit_status status);
bool unpickle_no_memory(unpickler *u);
/** Put an item on the stack; takes its reference, also on failure. */
bool unpickle_push(unpickler *u, item take);
bool unpickle_push_value(unpickler *u, jit_value take);
/** A new list, dict or object, which may still be filled. */
bool unpickle_push_part(unpickler *u, jit_value take);
/** The top item, which is yours. */
bool unpickle_pop(unpickler *u, item *ret);
void unpickle_drop(item *take);
/** The item as a value that goes into another one: closes containers, makes tuples. *ret is a new reference. */
bool unpickle_use(unpickler *u, const item *it, jit_value *ret);
part *unpickle_part(unpickler *u, const item *it); /* NULL: not a container */

/* unpickle_call.c */
bool unpickle_find_name(unpickler *u, const char *module, const char *name, item *ret);
bool unpickle_find_storage(unpickler *u, const item *id, item *ret);
bool unpickle_new_object(unpickler *u, const item *cls, const item *args);
bool unpickle_call(unpickler *u, const item *callee, const item *args);
bool unpickle_build(unpickler *u, const item *object, const item *state);

/* unpickle_types.c */
/** Make a list one of elements `elem`, in place. false: an element does not fit (or no memory: mem_refusals). */
bool unpickle_retype_list(list *l, const type *elem);
bool unpickle_retype_dict(dict *d, const type *key, const type *value);
/** unpickle_restore_types() without a message. */
bool unpickle_retype(jit_value *v, const type *t);
/** Type of an item as torch.save files need it: NULL if not known. */
const type *unpickle_item_type(const unpickler *u, const item *it);
/** Let p's contents have one more element of this type (NULL: unknown). */
void unpickle_add_type(part *p, const type **so_far, const type *t);

#endif
