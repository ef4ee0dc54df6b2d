/* runtime/archive/pickle.c: values to pickles, protocol 2.
 *
 * torch.jit.save and torch.save write the same opcodes; they differ in how containers are typed (by tags there, not
 * at all here) and in what may occur. Every heap value goes into the memo when it is first met, not only what is
 * shared: whether a value is shared is known only by looking at all of them, and reference counts, which PyTorch asks,
 * depend on who else holds the model. So the bytes depend on the values alone. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/pickle.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/map.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 256, PROTOCOL = 2 };

typedef enum pickle_opcode {
#define OPCODE(name, byte, operand) PICKLE_##name = byte,
#include "runtime/archive/pickle.def"
} pickle_opcode;

typedef struct pickler {
    const pickle_hooks *hooks;
    pickle_storages *storages;
    text *out;
    jit_error *err;
    jit_status status;
    arena arena;              /* keys of the maps */
    strmap strings, globals;  /* text → 1 + memo id */
    ptrmap heap;              /* list, dict, tuple, object, tensor → 1 + memo id */
    ptrmap keys;              /* storage → 1 + its number */
    strmap ids;               /* persistent ids, "<number> <dtype>" → 1 + memo id */
    VEC(jit_value) kept;      /* states that were made here: an address must not be used twice */
    uint32_t n_memo;
    int depth;
} pickler;

/* ---- opcodes --------------------------------------------------------------------------------------------- */

static bool fail(pickler *p, jit_status status)
{
    p->status = status;
    return false;
}

static bool no_memory(pickler *p) { return fail(p, error_no_memory(p->err)); }

static void put(pickler *p, pickle_opcode op) { text_add_char(p->out, (char)op); }

/* An opcode with an unsigned operand of n bytes, little-endian. */
static void put_number(pickler *p, pickle_opcode op, uint64_t x, int n)
{
    put(p, op);
    for (int i = 0; i < n; i++)
        text_add_char(p->out, (char)(x >> 8 * i));
}

static void put_int(pickler *p, int64_t i)
{
    if (i >= 0 && i <= 0xff) {
        put_number(p, PICKLE_BININT1, (uint64_t)i, 1);
    } else if (i >= 0 && i <= 0xffff) {
        put_number(p, PICKLE_BININT2, (uint64_t)i, 2);
    } else if (i >= INT32_MIN && i <= INT32_MAX) {
        put_number(p, PICKLE_BININT, (uint64_t)i, 4);
    } else {
        put_number(p, PICKLE_LONG1, 8, 1);
        for (int k = 0; k < 8; k++)
            text_add_char(p->out, (char)((uint64_t)i >> 8 * k));
    }
}

static void put_float(pickler *p, double f)
{
    uint64_t bits;
    memcpy(&bits, &f, sizeof bits);
    put_number(p, PICKLE_BINFLOAT, __builtin_bswap64(bits), 8);
}

static void put_bool(pickler *p, bool b) { put(p, b ? PICKLE_NEWTRUE : PICKLE_NEWFALSE); }

/* Give the value on top the next memo number, which goes to *ret (1 + it). */
static void *memoize(pickler *p)
{
    uint32_t id = p->n_memo++;
    put_number(p, id <= 0xff ? PICKLE_BINPUT : PICKLE_LONG_BINPUT, id, id <= 0xff ? 1 : 4);
    return (void *)((uintptr_t)id + 1);
}

/* Write a reference to a memo entry, if there is one. */
static bool recall(pickler *p, const void *found)
{
    if (!found)
        return false;
    uintptr_t id = (uintptr_t)found - 1;
    put_number(p, id <= 0xff ? PICKLE_BINGET : PICKLE_LONG_BINGET, id, id <= 0xff ? 1 : 4);
    return true;
}

static bool remember_text(pickler *p, strmap *m, const char *key)
{
    return strmap_set(m, key, memoize(p)) || no_memory(p);
}

static bool remember(pickler *p, const void *heap)
{
    return ptrmap_set(&p->heap, heap, memoize(p)) || no_memory(p);
}

/* Strings are memoized by what they say; `s` is followed by a NUL. */
static bool put_text(pickler *p, const char *s, size_t n)
{
    const bool has_nul = strlen(s) != n; // cannot be a key
    if (!has_nul && recall(p, strmap_find(&p->strings, s)))
        return true;
    if (n > UINT32_MAX)
        return fail(p, error_fail(p->err, JIT_EUNSUPPORTED, "a string of %zu bytes cannot be saved", n));
    put_number(p, PICKLE_BINUNICODE, n, 4);
    text_add_bytes(p->out, s, n);
    if (has_nul)
        return true;
    char *key = arena_strndup(&p->arena, s, n);
    return p->arena.failed ? no_memory(p) : remember_text(p, &p->strings, key);
}

static bool put_word(pickler *p, const char *s) { return put_text(p, s, strlen(s)); }

static bool put_global(pickler *p, const char *module, const char *name)
{
    char *key = arena_printf(&p->arena, "%s\n%s\n", module, name);
    if (p->arena.failed)
        return no_memory(p);
    if (recall(p, strmap_find(&p->globals, key)))
        return true;
    put(p, PICKLE_GLOBAL);
    text_add(p->out, key);
    return remember_text(p, &p->globals, key);
}

/* A class by its qualified name: what stands before the last dot is the module. */
static bool put_class(pickler *p, const type *t)
{
    const char *name = p->hooks->class_name ? p->hooks->class_name(p->hooks->ctx, t) : t->name;
    const char *dot = name ? strrchr(name, '.') : NULL;
    if (!dot)
        return fail(p, name ? error_fail(p->err, JIT_EUNSUPPORTED, "class %s has no namespace: it cannot be saved", name)
                            : error_no_memory(p->err));
    char *module = arena_strndup(&p->arena, name, (size_t)(dot - name));
    return p->arena.failed ? no_memory(p) : put_global(p, module, dot + 1);
}

/* ---- values --------------------------------------------------------------------------------------------------- */

static bool put_value(pickler *p, jit_value v, const type *t);

static bool put_ints(pickler *p, const int64_t *at, int n)
{
    put(p, PICKLE_MARK);
    for (int i = 0; i < n; i++)
        put_int(p, at[i]);
    put(p, PICKLE_TUPLE);
    return true;
}

/* Number of a storage among those of this archive. */
static bool number_storage(pickler *p, storage *s, uintptr_t *ret)
{
    *ret = (uintptr_t)ptrmap_find(&p->keys, s);
    if (*ret) {
        *ret -= 1;
        return true;
    }
    *ret = p->storages->all.n;
    if (!VEC_PUSH(&p->storages->all, NULL, s))
        return no_memory(p);
    storage_ref(s);
    return ptrmap_set(&p->keys, s, (void *)(*ret + 1)) || no_memory(p);
}

/* Storages of earlier pickles of this archive are known too. */
static bool know_storages(pickler *p)
{
    for (size_t i = 0; i < p->storages->all.n; i++)
        if (!ptrmap_set(&p->keys, p->storages->all.at[i], (void *)(i + 1)))
            return no_memory(p);
    return true;
}

/* The storage, as elements of this type: ("storage", torch.FloatStorage, "0", "cpu", numel). */
static bool put_storage(pickler *p, storage *s, dtype d)
{
    uintptr_t number;
    if (!number_storage(p, s, &number))
        return false;
    char *id = arena_printf(&p->arena, "%zu %d", (size_t)number, d);
    char *name = arena_printf(&p->arena, "%sStorage", dtype_prefix(d));
    char *key = arena_printf(&p->arena, "%zu", (size_t)number);
    if (p->arena.failed)
        return no_memory(p);
    if (recall(p, strmap_find(&p->ids, id)))
        return true;
    put(p, PICKLE_MARK);
    if (!put_word(p, "storage") || !put_global(p, "torch", name) || !put_word(p, key)
        || !put_word(p, s->dev.kind == DEVICE_META ? "meta" : "cpu"))
        return false;
    put_int(p, (int64_t)(s->n_bytes / dtype_size(d)));
    put(p, PICKLE_TUPLE);
    put(p, PICKLE_BINPERSID);
    return remember_text(p, &p->ids, id);
}

static bool put_tensor(pickler *p, const tensor *t);

/* (torch.per_tensor_affine, scale, zero_point) or (torch.per_channel_affine, scales, zero_points, axis) */
static bool put_quantizer(pickler *p, const quantizer *q)
{
    put(p, PICKLE_MARK);
    if (!put_global(p, "torch", q->axis < 0 ? "per_tensor_affine" : "per_channel_affine"))
        return false;
    if (q->axis < 0) {
        put_float(p, q->scale);
        put_int(p, q->zero_point);
    } else {
        if (!put_tensor(p, q->scales) || !put_tensor(p, q->zero_points))
            return false;
        put_int(p, q->axis);
    }
    put(p, PICKLE_TUPLE);
    return true;
}

static bool put_tensor(pickler *p, const tensor *t)
{
    if (recall(p, ptrmap_find(&p->heap, t)))
        return true;
    if (!put_global(p, "torch._utils", t->quant ? "_rebuild_qtensor" : "_rebuild_tensor_v2"))
        return false;
    put(p, PICKLE_MARK);
    if (!put_storage(p, t->store, tensor_dtype(t)))
        return false;
    put_int(p, t->offset);
    put_ints(p, t->sizes, t->n_dims);
    put_ints(p, t->strides, t->n_dims);
    if (t->quant && !put_quantizer(p, t->quant))
        return false;
    put_bool(p, t->requires_grad);
    if (!put_global(p, "collections", "OrderedDict"))
        return false;
    put(p, PICKLE_EMPTY_TUPLE);
    put(p, PICKLE_REDUCE);
    put(p, PICKLE_TUPLE);
    put(p, PICKLE_REDUCE);
    return remember(p, t);
}

static bool put_complex(pickler *p, const complex_box *c)
{
    if (!put_global(p, p->hooks->is_python ? "__builtin__" : "builtins", "complex"))
        return false;
    put_float(p, c->re);
    put_float(p, c->im);
    put(p, PICKLE_TUPLE2);
    put(p, PICKLE_REDUCE);
    return true;
}

static bool put_device(pickler *p, device dev)
{
    text name;
    text_init(&name, &p->arena);
    device_print(dev, &name);
    if (!put_global(p, "torch", "device") || !put_text(p, name.s, name.n))
        return false;
    put(p, PICKLE_TUPLE1);
    put(p, PICKLE_REDUCE);
    return true;
}

static const char *class_name(void *cx, const type *t)
{
    pickler *p = cx;
    return p->hooks->class_name ? p->hooks->class_name(p->hooks->ctx, t) : t->name;
}

/* "List[str]" and what makes a typed container of it: G(restore_type_tag) stands below. */
static bool put_type_tag(pickler *p, const type *t)
{
    text tag;
    text_init(&tag, &p->arena);
    type_print_annotation_named(type_unrefined(t), class_name, p, &tag);
    if (tag.failed || !put_text(p, tag.s, tag.n))
        return p->status ? false : no_memory(p);
    put(p, PICKLE_TUPLE2);
    put(p, PICKLE_REDUCE);
    return true;
}

/* The function that types a list of such elements by itself, or NULL. */
static const char *list_builder(const type *elem)
{
    switch ((type_kind)elem->kind) {
    case TYPE_INT:    return "build_intlist";
    case TYPE_FLOAT:  return "build_doublelist";
    case TYPE_BOOL:   return "build_boollist";
    case TYPE_TENSOR: return "build_tensorlist";
    default:          return NULL;
    }
}

static bool put_list_items(pickler *p, const list *l, const type *elem)
{
    put(p, PICKLE_EMPTY_LIST);
    if (p->hooks->is_python && !remember(p, l))
        return false;
    put(p, PICKLE_MARK);
    for (size_t i = 0; i < l->n; i++)
        if (!put_value(p, list_peek(l, i), elem))
            return false;
    put(p, PICKLE_APPENDS);
    return true;
}

static bool put_list(pickler *p, list *l, const type *t)
{
    if (recall(p, ptrmap_find(&p->heap, l)))
        return true;
    if (p->hooks->is_python)
        return put_list_items(p, l, NULL);
    if (l->elem || l->storage != LIST_VALUES || !t || t->kind != TYPE_LIST)
        t = type_of_value(VALUE_HEAP_V(VALUE_LIST, l));
    if (!t)
        return no_memory(p);
    const char *builder = list_builder(type_elem(t));
    if (!put_global(p, "torch.jit._pickle", builder ? builder : "restore_type_tag"))
        return false;
    if (builder)
        put(p, PICKLE_MARK);
    if (!put_list_items(p, l, type_elem(t)) || (!builder && !put_type_tag(p, t)))
        return false;
    if (builder) {
        put(p, PICKLE_TUPLE);
        put(p, PICKLE_REDUCE);
    }
    return remember(p, l);
}

static bool put_dict(pickler *p, dict *d, const type *t)
{
    if (recall(p, ptrmap_find(&p->heap, d)))
        return true;
    if ((d->key && d->value) || !t || t->kind != TYPE_DICT)
        t = type_of_value(VALUE_HEAP_V(VALUE_DICT, d));
    if (!t)
        return no_memory(p);
    const bool is_python = p->hooks->is_python;
    if (!is_python && !put_global(p, "torch.jit._pickle", "restore_type_tag"))
        return false;
    put(p, PICKLE_EMPTY_DICT);
    if (is_python && !remember(p, d))
        return false;
    put(p, PICKLE_MARK);
    dict_entry *e;
    for (size_t i = 0; (e = dict_next(d, &i));)
        if (!put_value(p, e->key, t->args[0]) || !put_value(p, e->value, t->args[1]))
            return false;
    put(p, PICKLE_SETITEMS);
    return is_python || (put_type_tag(p, t) && remember(p, d));
}

static bool put_tuple(pickler *p, const tuple *v, const type *t)
{
    static const pickle_opcode of_size[] = { PICKLE_EMPTY_TUPLE, PICKLE_TUPLE1, PICKLE_TUPLE2, PICKLE_TUPLE3 };
    if (recall(p, ptrmap_find(&p->heap, v)))
        return true;
    const bool has_types = t && (t->kind == TYPE_TUPLE || t->kind == TYPE_NAMED_TUPLE) && t->n_args == v->n;
    if (v->n > 3)
        put(p, PICKLE_MARK);
    for (size_t i = 0; i < v->n; i++)
        if (!put_value(p, v->at[i], has_types ? t->args[i] : NULL))
            return false;
    put(p, v->n > 3 ? PICKLE_TUPLE : of_size[v->n]);
    return v->n == 0 || remember(p, v);
}

/* ---- objects ---------------------------------------------------------------------------------------------------- */

static bool put_state(pickler *p, object *o)
{
    jit_value state;
    jit_status status = p->hooks->get_state(p->hooks->ctx, o, &state, p->err);
    if (status)
        return fail(p, status);
    if (!VEC_PUSH(&p->kept, NULL, state)) {
        value_unref(state);
        return no_memory(p);
    }
    ir_function *get = type_find_method(o->type, "__getstate__");
    return put_value(p, state, get->schema && get->schema->n_rets == 1 ? get->schema->rets[0].type : NULL);
}

static bool put_attributes(pickler *p, const object *o)
{
    put(p, PICKLE_EMPTY_DICT);
    put(p, PICKLE_MARK);
    for (size_t i = 0; i < o->n; i++) {
        const type_attribute *a = &o->type->cls->attributes[i];
        if (!put_word(p, a->name) || !put_value(p, o->at[i], a->type))
            return false;
    }
    put(p, PICKLE_SETITEMS);
    return true;
}

static bool put_object(pickler *p, object *o)
{
    if (recall(p, ptrmap_find(&p->heap, o)))
        return true;
    if (!put_class(p, o->type))
        return false;
    put(p, PICKLE_EMPTY_TUPLE);
    put(p, PICKLE_NEWOBJ);
    const bool has_state = p->hooks->get_state && type_find_method(o->type, "__getstate__")
                           && type_find_method(o->type, "__setstate__");
    if (!(has_state ? put_state(p, o) : put_attributes(p, o)))
        return false;
    put(p, PICKLE_BUILD);
    return remember(p, o);
}

static bool put_member(pickler *p, const enum_member *m)
{
    if (recall(p, ptrmap_find(&p->heap, m)))
        return true;
    if (!put_class(p, m->type) || !put_value(p, m->value, m->type->enums->value_type))
        return false;
    put(p, PICKLE_REDUCE);
    return remember(p, m);
}

static bool refuse(pickler *p, jit_value v)
{
    const type *t = type_of_value(v);
    return fail(p, error_fail(p->err, JIT_EUNSUPPORTED, "a value of type %s cannot be saved%s",
                              t && t->name ? t->name : t ? type_str(&p->arena, t) : "unknown",
                              p->hooks->is_python ? " outside a module" : ""));
}

static bool put_heap(pickler *p, jit_value v, const type *t)
{
    switch ((value_tag)v.tag) {
    case VALUE_COMPLEX: return put_complex(p, v.c);
    case VALUE_STR:     return put_text(p, v.s->s, v.s->n);
    case VALUE_TENSOR:  return put_tensor(p, v.t);
    case VALUE_LIST:    return put_list(p, v.list, t);
    case VALUE_TUPLE:   return put_tuple(p, v.tuple, t);
    case VALUE_DICT:    return put_dict(p, v.dict, t);
    case VALUE_OBJECT:  return p->hooks->is_python ? refuse(p, v) : put_object(p, v.object);
    case VALUE_ENUM:    return p->hooks->is_python ? refuse(p, v) : put_member(p, v.member);
    default:            return refuse(p, v);
    }
}

/* t: the static type, which types containers that do not know theirs; or NULL. */
static bool put_value(pickler *p, jit_value v, const type *t)
{
    while (t && t->kind == TYPE_OPTIONAL)
        t = type_elem(t);
    if (p->out->failed)
        return no_memory(p);
    switch ((value_tag)v.tag) {
    case VALUE_NONE:   put(p, PICKLE_NONE); return true;
    case VALUE_BOOL:   put_bool(p, v.b); return true;
    case VALUE_INT:    put_int(p, v.i); return true;
    case VALUE_FLOAT:  put_float(p, v.f); return true;
    case VALUE_DEVICE: return put_device(p, v.dev);
    default:           break;
    }
    if (p->depth >= MAX_DEPTH)
        return fail(p, error_fail(p->err, JIT_EUNSUPPORTED, "values nest deeper than %d (or one contains itself): "
                                  "they cannot be saved", MAX_DEPTH));
    p->depth++;
    bool is_fine = put_heap(p, v, t);
    p->depth--;
    return is_fine;
}

/* ---- a whole pickle ------------------------------------------------------------------------------------------------ */

static void pickler_init(pickler *p)
{
    arena_init(&p->arena);
    strmap_init(&p->strings, NULL);
    strmap_init(&p->globals, NULL);
    strmap_init(&p->ids, NULL);
    ptrmap_init(&p->heap, NULL);
    ptrmap_init(&p->keys, NULL);
}

static void pickler_fini(pickler *p)
{
    for (size_t i = 0; i < p->kept.n; i++)
        value_unref(p->kept.at[i]);
    VEC_FINI(&p->kept);
    strmap_fini(&p->strings);
    strmap_fini(&p->globals);
    strmap_fini(&p->ids);
    ptrmap_fini(&p->heap);
    ptrmap_fini(&p->keys);
    arena_fini(&p->arena);
}

jit_status pickle(jit_value v, const type *t, const pickle_hooks *hooks, pickle_storages *storages, text *out,
                  jit_error *err)
{
    pickler p = { .hooks = hooks, .storages = storages, .out = out, .err = err };
    pickler_init(&p);
    put_number(&p, PICKLE_PROTO, PROTOCOL, 1);
    bool is_fine = know_storages(&p) && put_value(&p, v, t);
    if (is_fine) {
        put(&p, PICKLE_STOP);
        is_fine = !out->failed || no_memory(&p);
    }
    pickler_fini(&p);
    return is_fine ? JIT_OK : p.status;
}

void pickle_storages_fini(pickle_storages *s)
{
    for (size_t i = 0; i < s->all.n; i++)
        storage_unref(s->all.at[i]);
    VEC_FINI(&s->all);
}

jit_status pickle_storages_write(const pickle_storages *s, container_writer *w, const char *folder, jit_error *err)
{
    for (size_t i = 0; i < s->all.n; i++) {
        const storage *one = s->all.at[i];
        char name[64];
        snprintf(name, sizeof name, "%.30s/%zu", folder, i);
        jit_status status = container_write(w, name, one->data, one->data ? one->n_bytes : 0, false, err);
        if (status)
            return status;
    }
    return JIT_OK;
}
