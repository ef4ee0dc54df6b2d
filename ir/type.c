/* ir/type.c: making types: base types are static, structural ones interned.
 *
 * A structural type is found by its parts, which are interned themselves, so hashing and comparing
 * look at pointers only. The table it lives in is that of its nominal parts' unit, else the process's.
 * Interning by text would be simpler but costs a print per lookup, and lookups are what a compiler
 * does all day. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/type.h"

#include "base/alloc.h"
#include "ir/function.h"
#include "ir/type_internal.h"
#include "ir/type_table.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#define BASE(k) [k] = { .kind = (k), .id = (k) }
const type type_base_types[TYPE_TENSOR + 1] = {
    [TYPE_ERROR] = { .kind = TYPE_ERROR, .has_error = true },
    BASE(TYPE_ANY), BASE(TYPE_NONE), BASE(TYPE_BOOL), BASE(TYPE_INT), BASE(TYPE_FLOAT),
    BASE(TYPE_COMPLEX), BASE(TYPE_NUMBER), BASE(TYPE_STR), BASE(TYPE_DEVICE), BASE(TYPE_GENERATOR),
    BASE(TYPE_STREAM), BASE(TYPE_STORAGE), BASE(TYPE_CAPSULE), BASE(TYPE_LAYOUT),
    BASE(TYPE_MEMORY_FORMAT), BASE(TYPE_QSCHEME), BASE(TYPE_ANY_LIST), BASE(TYPE_ANY_TUPLE),
    BASE(TYPE_ANY_CLASS), BASE(TYPE_ANY_ENUM), BASE(TYPE_FUNCTION), BASE(TYPE_TENSOR),
};
#undef BASE

/* ---- the table -------------------------------------------------------------------------------- */

struct type_entry {
    type type;
    uint64_t hash;
    type_entry *next;
};

enum { PROCESS_BUCKETS = 4096 };
static _Atomic(type_entry *) process_buckets[PROCESS_BUCKETS];
static type_table process_table = { process_buckets, PROCESS_BUCKETS };
static _Atomic uint32_t next_id = TYPE_TENSOR + 1;

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static uint64_t hash_tensor_info(uint64_t h, const type_tensor *info)
{
    h = mix(h, (uint64_t)info->dtype << 32 ^ (uint32_t)info->rank);
    h = mix(h, (uint64_t)(info->requires_grad + 1) << 4 ^ info->has_device << 2 ^
                   info->has_strides << 1 ^ info->is_undefined);
    if (info->has_device)
        h = mix(h, (uint64_t)info->dev.kind << 8 ^ (uint8_t)info->dev.index);
    for (int i = 0; i < info->rank; i++) {
        h = mix(h, (uint64_t)info->sizes[i]);
        if (info->has_strides)
            h = mix(h, (uint64_t)info->strides[i]);
    }
    return h;
}

static uint64_t hash_key(const type *t)
{
    uint64_t h = mix(t->kind, t->n_args);
    for (size_t i = 0; i < t->n_args; i++)
        h = mix(h, (uintptr_t)t->args[i]);
    if (t->kind == TYPE_VAR)
        h = mix(h, hash_bytes(t->name, strlen(t->name)));
    if (t->kind == TYPE_TENSOR)
        h = hash_tensor_info(h, t->info);
    for (size_t i = 0; t->kind == TYPE_NAMED_TUPLE && i < t->n_args; i++)
        h = mix(h, hash_bytes(t->fields->names[i], strlen(t->fields->names[i])));
    return h;
}

static bool same_tensor_info(const type_tensor *a, const type_tensor *b)
{
    if (a->dtype != b->dtype || a->rank != b->rank || a->requires_grad != b->requires_grad ||
        a->has_device != b->has_device || a->has_strides != b->has_strides ||
        a->is_undefined != b->is_undefined || (a->has_device && !device_equal(a->dev, b->dev)))
        return false;
    size_t n_bytes = a->rank > 0 ? (size_t)a->rank * sizeof *a->sizes : 0;
    return n_bytes == 0 || (memcmp(a->sizes, b->sizes, n_bytes) == 0 &&
                            (!a->has_strides || memcmp(a->strides, b->strides, n_bytes) == 0));
}

static bool same_key(const type *a, const type *b)
{
    if (a->kind != b->kind || a->n_args != b->n_args)
        return false;
    for (size_t i = 0; i < a->n_args; i++)
        if (a->args[i] != b->args[i] ||
            (a->kind == TYPE_NAMED_TUPLE && strcmp(a->fields->names[i], b->fields->names[i]) != 0))
            return false;
    if (a->kind == TYPE_VAR)
        return strcmp(a->name, b->name) == 0;
    return a->kind != TYPE_TENSOR || same_tensor_info(a->info, b->info);
}

static const type *find_in_chain(type_entry *e, const type_entry *end, uint64_t hash, const type *key)
{
    for (; e != end; e = e->next)
        if (e->hash == hash && same_key(&e->type, key))
            return &e->type;
    return NULL;
}

/* Bytes of what a key of this kind carries beside its args. */
static size_t extra_bytes(const type *key)
{
    switch ((type_kind)key->kind) {
    case TYPE_VAR:
        return strlen(key->name) + 1;
    case TYPE_TENSOR:
        return sizeof *key->info + (key->info->rank > 0 ? 2 * (size_t)key->info->rank : 0) * sizeof(int64_t);
    case TYPE_NAMED_TUPLE: {
        size_t n_bytes = sizeof *key->fields + key->n_args * sizeof *key->fields->names;
        for (size_t i = 0; i < key->n_args; i++)
            n_bytes += strlen(key->fields->names[i]) + 1;
        return n_bytes;
    }
    default:
        return 0;
    }
}

static type_tensor *copy_tensor_info(void *room, const type_tensor *from)
{
    type_tensor *info = memcpy(room, from, sizeof *from);
    size_t n_dims = from->rank > 0 ? (size_t)from->rank : 0;
    info->sizes = (int64_t *)(info + 1);
    info->strides = info->sizes + n_dims;
    if (n_dims)
        memcpy(info->sizes, from->sizes, n_dims * sizeof *info->sizes);
    if (n_dims && from->has_strides)
        memcpy(info->strides, from->strides, n_dims * sizeof *info->strides);
    return info;
}

static type_named_tuple *copy_fields(void *room, const type_named_tuple *from, size_t n)
{
    type_named_tuple *fields = room;
    fields->names = (const char **)(fields + 1);
    char *s = (char *)(fields->names + n);
    for (size_t i = 0; i < n; i++) {
        fields->names[i] = s;
        s = stpcpy(s, from->names[i]) + 1;
    }
    return fields;
}

/* One block per entry: the parts lie behind it, so freeing the entry frees all. */
static type_entry *new_entry(const type *key, uint64_t hash)
{
    size_t args_bytes = key->n_args * sizeof *key->args;
    type_entry *e = mem_calloc(1, sizeof *e + args_bytes + extra_bytes(key));
    if (!e)
        return NULL;
    e->type = *key;
    e->hash = hash;
    e->type.id = next_id++;
    char *room = (char *)(e + 1);
    if (args_bytes)
        e->type.args = memcpy(room, key->args, args_bytes);
    room += args_bytes;
    if (key->kind == TYPE_VAR)
        e->type.name = strcpy(room, key->name);
    else if (key->kind == TYPE_TENSOR)
        e->type.info = copy_tensor_info(room, key->info);
    else if (key->kind == TYPE_NAMED_TUPLE)
        e->type.fields = copy_fields(room, key->fields, key->n_args);
    return e;
}

const type *type_table_intern(type_table *t, const type *key)
{
    uint64_t hash = hash_key(key);
    _Atomic(type_entry *) *bucket = &t->buckets[hash & (t->n_buckets - 1)];
    type_entry *head = atomic_load_explicit(bucket, memory_order_acquire);
    const type *found = find_in_chain(head, NULL, hash, key);
    if (found)
        return found;
    // types outlive the run that first needs them: they are not charged to its budget
    mem_budget *budget = mem_budget_set(NULL);
    type_entry *e = new_entry(key, hash);
    while (e) {
        e->next = head;
        type_entry *seen = head;
        if (atomic_compare_exchange_weak_explicit(bucket, &head, e, memory_order_acq_rel,
                                                  memory_order_acquire)) {
            found = &e->type;
            break;
        }
        found = find_in_chain(head, seen, hash, key);
        if (found) {
            mem_free(e);
            break;
        }
    }
    mem_budget_set(budget);
    return found;
}

void type_table_fini(type_table *t)
{
    mem_budget *budget = mem_budget_set(NULL);
    for (uint32_t i = 0; i < t->n_buckets; i++) {
        type_entry *e = t->buckets[i];
        while (e) {
            type_entry *next = e->next;
            mem_free(e);
            e = next;
        }
        t->buckets[i] = NULL;
    }
    mem_budget_set(budget);
}

/* ---- structural types ------------------------------------------------------------------------- */

/* The unit a type over nominal types of a and b belongs to: the one that imports the other, else the
 * younger, whatever the order of the parts, so that the type is interned in one place only. */
static ir_unit *choose_owner(ir_unit *a, ir_unit *b)
{
    if (!a || !b || a == b)
        return a ? a : b;
    if (ir_unit_reaches(a, b))
        return a;
    if (ir_unit_reaches(b, a))
        return b;
    return a->serial > b->serial ? a : b;
}

static const type *intern_with(type_kind kind, const type *const *args, size_t n,
                               type_named_tuple *fields)
{
    type key = { .kind = (uint8_t)kind, .n_args = (uint32_t)n, .args = args, .fields = fields };
    for (size_t i = 0; i < n; i++) {
        if (!args[i])
            return NULL;
        key.has_vars |= args[i]->has_vars;
        key.has_nominal |= args[i]->has_nominal;
        key.has_error |= args[i]->has_error;
        key.unit = choose_owner(key.unit, args[i]->unit);
    }
    if (!key.unit)
        return type_table_intern(&process_table, &key);
    for (size_t i = 0; i < n; i++)
        if (args[i]->unit && !ir_unit_reaches(key.unit, args[i]->unit) &&
            !ir_unit_add_import(key.unit, args[i]->unit))
            return NULL;
    return type_table_intern(&key.unit->structural, &key);
}

static const type *intern(type_kind kind, const type *const *args, size_t n)
{
    return intern_with(kind, args, n, NULL);
}

const type *type_list(const type *elem) { return intern(TYPE_LIST, &elem, 1); }
const type *type_future(const type *elem) { return intern(TYPE_FUTURE, &elem, 1); }
const type *type_rref(const type *elem) { return intern(TYPE_RREF, &elem, 1); }

const type *type_dict(const type *key, const type *value)
{
    return intern(TYPE_DICT, (const type *[]){ key, value }, 2);
}

const type *type_tuple(const type *const *elems, size_t n) { return intern(TYPE_TUPLE, elems, n); }

const type *type_tuple_named(const char *const *names, const type *const *types, size_t n)
{
    type_named_tuple fields = { .names = (const char **)names };
    return intern_with(TYPE_NAMED_TUPLE, types, n, &fields);
}

const type *type_optional(const type *elem)
{
    if (!elem)
        return NULL;
    switch ((type_kind)elem->kind) {
    case TYPE_ERROR: case TYPE_NONE: case TYPE_ANY: case TYPE_OPTIONAL:
        return elem;
    case TYPE_UNION:
        return type_union((const type *[]){ elem, T_NONE }, 2);
    default:
        return intern(TYPE_OPTIONAL, &elem, 1);
    }
}

/* The union of members that are flat, distinct and sorted already (ir/type_union.c). */
const type *type_union_intern(const type *const *members, size_t n)
{
    return intern(TYPE_UNION, members, n);
}

const type *type_var(const char *name)
{
    type key = { .kind = TYPE_VAR, .has_vars = true, .name = name };
    return type_table_intern(&process_table, &key);
}

const type *type_tensor_refined(const type_tensor *info)
{
    assert(info->rank <= TENSOR_MAX_DIMS);
    if (info->dtype < 0 && info->rank < 0 && info->requires_grad < 0 && !info->has_device &&
        !info->is_undefined)
        return T_TENSOR;
    type_tensor known = *info;
    known.has_strides = info->has_strides && info->rank > 0;
    type key = { .kind = TYPE_TENSOR, .info = &known };
    return type_table_intern(&process_table, &key);
}

const type *type_rebuild(const type *t, const type *const *args)
{
    switch ((type_kind)t->kind) {
    case TYPE_OPTIONAL:
        return type_optional(args[0]);
    case TYPE_UNION:
        return type_union(args, t->n_args);
    case TYPE_LIST: case TYPE_DICT: case TYPE_TUPLE: case TYPE_FUTURE: case TYPE_RREF:
        return intern((type_kind)t->kind, args, t->n_args);
    default:
        return t;
    }
}

bool type_is_optional_like(const type *t)
{
    if (t->kind == TYPE_OPTIONAL)
        return true;
    if (t->kind == TYPE_UNION)
        for (size_t i = 0; i < t->n_args; i++)
            if (t->args[i]->kind == TYPE_NONE)
                return true;
    return false;
}

bool type_mentions(const type *t, const type *part)
{
    if (t == part)
        return true;
    for (size_t i = 0; i < t->n_args; i++)
        if (type_mentions(t->args[i], part))
            return true;
    return false;
}

bool type_contains(const type *t, type_kind k)
{
    if (t->kind == k)
        return true;
    for (size_t i = 0; i < t->n_args; i++)
        if (type_contains(t->args[i], k))
            return true;
    return false;
}
