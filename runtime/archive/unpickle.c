/* runtime/archive/unpickle.c: the stack machine that reads a pickle (see unpickle.h).
 *
 * One opcode, one function; a table made from pickle.def leads from the byte to it. The reader of operands is the
 * only code that touches the bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/unpickle.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

enum { PROTOCOL = 2 };
/* Tuples may share parts, so that few bytes describe very many values to whoever walks them. */
enum { MAX_SHARED_WEIGHT = 1 << 20 };

/* ---- errors and the stack ------------------------------------------------------------------------------- */

bool unpickle_fail_as(unpickler *u, jit_status status, const char *format, ...)
{
    text message;
    text_init(&message, NULL);
    va_list ap;
    va_start(ap, format);
    text_vaddf(&message, format, ap);
    va_end(ap);
    u->status = error_fail(u->err, status, "%s at byte %zu: %s", u->record, u->opcode_at, message.s);
    text_fini(&message);
    return false;
}

bool unpickle_fail(unpickler *u, const char *format, ...)
{
    text message;
    text_init(&message, NULL);
    va_list ap;
    va_start(ap, format);
    text_vaddf(&message, format, ap);
    va_end(ap);
    unpickle_fail_as(u, JIT_EFORMAT, "%s", message.s);
    text_fini(&message);
    return false;
}

bool unpickle_fail_in_hook(unpickler *u, jit_status status)
{
    text where;
    text_init(&where, NULL);
    text_addf(&where, "%s at byte %zu", u->record, u->opcode_at);
    u->status = error_add_place(u->err, status, where.s);
    text_fini(&where);
    return false;
}

bool unpickle_no_memory(unpickler *u)
{
    u->status = error_no_memory(u->err);
    return false;
}

void unpickle_drop(item *take)
{
    value_unref(take->v);
    *take = (item){ ITEM_UNSET, 0, VALUE_NONE_V };
}

static item copy_item(const item *it) { return (item){ it->kind, it->index, value_ref(it->v) }; }

bool unpickle_push(unpickler *u, item take)
{
    if (VEC_PUSH(&u->stack, NULL, take))
        return true;
    unpickle_drop(&take);
    return unpickle_no_memory(u);
}

bool unpickle_push_value(unpickler *u, jit_value take)
{
    if (value_is_heap(take) || take.tag < VALUE_COMPLEX)
        return unpickle_push(u, (item){ ITEM_VALUE, 0, take });
    return unpickle_no_memory(u); // a heap value that could not be made
}

bool unpickle_push_part(unpickler *u, jit_value take)
{
    if (!value_is_heap(take))
        return unpickle_no_memory(u);
    if (!VEC_PUSH(&u->parts, NULL, ((part){ .depth = 1 }))) {
        value_unref(take);
        return unpickle_no_memory(u);
    }
    return unpickle_push(u, (item){ ITEM_VALUE, (uint32_t)u->parts.n, take });
}

/* How far down the stack may be taken: to the last MARK. */
static size_t stack_floor(const unpickler *u) { return u->marks.n ? VEC_LAST(&u->marks) : 0; }

static bool underflow(unpickler *u) { return unpickle_fail(u, "it takes more from the stack than was put there"); }

bool unpickle_pop(unpickler *u, item *ret)
{
    if (u->stack.n <= stack_floor(u))
        return underflow(u);
    *ret = u->stack.at[--u->stack.n];
    return true;
}

static item *top(unpickler *u)
{
    return u->stack.n > stack_floor(u) ? &VEC_LAST(&u->stack) : (underflow(u), NULL);
}

/* The items above the last MARK, which goes; they stay on the stack until the caller drops them. */
static bool pop_mark(unpickler *u, size_t *ret_first)
{
    if (!u->marks.n)
        return unpickle_fail(u, "there is no MARK");
    *ret_first = u->marks.at[--u->marks.n];
    return true;
}

static void drop_down_to(unpickler *u, size_t n)
{
    while (u->stack.n > n)
        unpickle_drop(&u->stack.at[--u->stack.n]);
}

/* ---- containers -------------------------------------------------------------------------------------------- */

part *unpickle_part(unpickler *u, const item *it)
{
    return it->kind == ITEM_VALUE && it->index ? &u->parts.at[it->index - 1] : NULL;
}

/* From here on the container is part of something. In torch.save files its contents now say its type; where they
 * cannot it stays untyped. */
static bool close_part(unpickler *u, part *p, jit_value v)
{
    if (p->is_closed)
        return true;
    if (v.tag == VALUE_OBJECT && !p->is_built)
        return unpickle_fail(u, "an object is used before it has its attributes");
    const uint64_t n_refused = mem_refusals();
    if (u->hooks->is_python && !p->is_mixed && v.tag == VALUE_LIST && p->elem)
        p->is_mixed = !unpickle_retype_list(v.list, p->elem);
    if (u->hooks->is_python && !p->is_mixed && v.tag == VALUE_DICT && p->elem && p->key)
        p->is_mixed = !unpickle_retype_dict(v.dict, p->key, p->elem);
    p->is_closed = true;
    return mem_refusals() == n_refused || unpickle_no_memory(u);
}

/* The tuple as a value; it is made once. Recursion is bounded by UNPICKLE_MAX_DEPTH. */
static bool make_tuple(unpickler *u, uint32_t index)
{
    tuple_item t = u->tuples.at[index];
    if (t.made.tag == VALUE_TUPLE)
        return true;
    if (t.weight > MAX_SHARED_WEIGHT + u->n_bytes)
        return unpickle_fail(u, "a tuple refers to its parts too many times");
    tuple *made = tuple_new(NULL, t.n);
    bool is_fine = made || unpickle_no_memory(u);
    for (size_t i = 0; is_fine && i < t.n; i++)
        is_fine = unpickle_use(u, &t.at[i], &made->at[i]);
    if (is_fine)
        u->tuples.at[index].made = VALUE_HEAP_V(VALUE_TUPLE, made);
    else
        value_unref(VALUE_HEAP_V(VALUE_TUPLE, made));
    return is_fine;
}

bool unpickle_use(unpickler *u, const item *it, jit_value *ret)
{
    part *p = unpickle_part(u, it);
    switch ((item_kind)it->kind) {
    case ITEM_VALUE:
        if (p && !close_part(u, p, it->v))
            return false;
        *ret = value_ref(it->v);
        return true;
    case ITEM_TUPLE:
        if (!make_tuple(u, it->index))
            return false;
        *ret = value_ref(u->tuples.at[it->index].made);
        return true;
    case ITEM_NAME:
        return unpickle_fail(u, "the name of a class or function stands where a value belongs");
    case ITEM_STORAGE: case ITEM_UNSET:
        break;
    }
    return unpickle_fail(u, "a storage stands where a value belongs");
}

static uint32_t depth_of(unpickler *u, const item *it)
{
    const part *p = unpickle_part(u, it);
    return p ? p->depth : it->kind == ITEM_TUPLE ? u->tuples.at[it->index].depth : 0;
}

/* A container as deep as `depth` gets this content. */
static bool deepen(unpickler *u, const item *content, uint32_t *depth)
{
    uint32_t inner = depth_of(u, content);
    if (inner >= UNPICKLE_MAX_DEPTH)
        return unpickle_fail(u, "values nest deeper than %d", UNPICKLE_MAX_DEPTH);
    if (*depth <= inner)
        *depth = inner + 1;
    return true;
}

/* Type of a tuple of a torch.save file. Wide and deep ones have none: types are kept for good. */
static const type *type_of_items(unpickler *u, const tuple_item *t)
{
    enum { MAX_TYPED = 64 };
    const type *parts[MAX_TYPED];
    if (!u->hooks->is_python || t->n > MAX_TYPED || t->weight > MAX_TYPED)
        return NULL;
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].kind == ITEM_NAME || t->at[i].kind == ITEM_STORAGE
            || !(parts[i] = unpickle_item_type(u, &t->at[i])))
            return NULL;
    return type_tuple(parts, t->n);
}

/* Replace the items from `first` on by one tuple of them. */
static bool push_tuple(unpickler *u, size_t first)
{
    tuple_item t = { .n = u->stack.n - first, .depth = 1, .weight = 1, .made = VALUE_NONE_V };
    t.at = ARENA_ARRAY(&u->arena, item, t.n);
    if (u->arena.failed || u->tuples.n >= UINT32_MAX)
        return unpickle_no_memory(u);
    for (size_t i = 0; i < t.n; i++) {
        item *it = &u->stack.at[first + i];
        part *p = unpickle_part(u, it);
        if ((p && !close_part(u, p, it->v)) || !deepen(u, it, &t.depth))
            return false;
        uint64_t weight = it->kind == ITEM_TUPLE ? u->tuples.at[it->index].weight : 1;
        if (__builtin_add_overflow(t.weight, weight, &t.weight))
            t.weight = UINT64_MAX;
        t.at[i] = *it;
    }
    t.type = type_of_items(u, &t);
    if (!VEC_PUSH(&u->tuples, NULL, t))
        return unpickle_no_memory(u);
    u->stack.n = first; // the references moved
    return unpickle_push(u, (item){ ITEM_TUPLE, (uint32_t)(u->tuples.n - 1), VALUE_NONE_V });
}

/* May it still change? To be asked after its contents were used, too: it may be among them. */
static bool is_open(unpickler *u, const part *p)
{
    return !p->is_closed || unpickle_fail(u, "a container changes after it became part of another value");
}

/* The list or dict that the items from `first` on go into: the item below them. */
static item *open_container(unpickler *u, size_t first, value_tag tag)
{
    item *it = first > stack_floor(u) ? &u->stack.at[first - 1] : NULL;
    part *p = it ? unpickle_part(u, it) : NULL;
    if (!it) {
        underflow(u);
    } else if (!p || it->v.tag != tag) {
        unpickle_fail(u, "the value below is not a %s", tag == VALUE_LIST ? "list" : "dict");
        it = NULL;
    } else if (!is_open(u, p)) {
        it = NULL;
    }
    return it;
}

/* Append the items from `first` on to the list below them. */
static bool append_items(unpickler *u, size_t first)
{
    item *to = open_container(u, first, VALUE_LIST);
    if (!to)
        return false;
    for (size_t i = first; i < u->stack.n; i++) {
        jit_value v;
        if (!unpickle_use(u, &u->stack.at[i], &v))
            return false;
        part *p = unpickle_part(u, to);
        if (!is_open(u, p)) {
            value_unref(v);
            return false;
        }
        if (u->hooks->is_python && !p->is_mixed)
            unpickle_add_type(p, &p->elem, unpickle_item_type(u, &u->stack.at[i]));
        if (!list_push(to->v.list, v))
            return unpickle_no_memory(u);
        if (!deepen(u, &u->stack.at[i], &p->depth))
            return false;
    }
    drop_down_to(u, first);
    return true;
}

static bool is_key(jit_value v)
{
    return v.tag == VALUE_BOOL || v.tag == VALUE_INT || v.tag == VALUE_FLOAT || v.tag == VALUE_COMPLEX
           || v.tag == VALUE_STR || v.tag == VALUE_DEVICE || v.tag == VALUE_TENSOR;
}

static bool set_item(unpickler *u, item *to, const item *key, const item *value)
{
    jit_value k, v;
    if (!unpickle_use(u, key, &k))
        return false;
    if (!is_key(k) || !unpickle_use(u, value, &v)) {
        value_unref(k);
        return u->status ? false : unpickle_fail(u, "a dict has a key that cannot be one");
    }
    part *p = unpickle_part(u, to);
    if (!is_open(u, p)) {
        value_unref(k);
        value_unref(v);
        return false;
    }
    if (u->hooks->is_python && !p->is_mixed) {
        unpickle_add_type(p, &p->key, unpickle_item_type(u, key));
        unpickle_add_type(p, &p->elem, unpickle_item_type(u, value));
    }
    return (dict_set(to->v.dict, k, v) || unpickle_no_memory(u)) && deepen(u, value, &p->depth);
}

/* Put the pairs from `first` on into the dict below them. */
static bool set_items(unpickler *u, size_t first)
{
    item *to = open_container(u, first, VALUE_DICT);
    if (!to)
        return false;
    if ((u->stack.n - first) % 2)
        return unpickle_fail(u, "a key has no value");
    for (size_t i = first; i < u->stack.n; i += 2)
        if (!set_item(u, to, &u->stack.at[i], &u->stack.at[i + 1]))
            return false;
    drop_down_to(u, first);
    return true;
}

/* Move the items from `first` on up by one, the new container below them. */
static bool insert_container(unpickler *u, size_t first, jit_value take)
{
    if (!unpickle_push_part(u, take))
        return false;
    item fresh = VEC_LAST(&u->stack);
    memmove(&u->stack.at[first + 1], &u->stack.at[first], (u->stack.n - 1 - first) * sizeof fresh);
    u->stack.at[first] = fresh;
    return true;
}

/* ---- the opcodes ------------------------------------------------------------------------------------------- */

typedef struct operand {
    int64_t i;
    double f;
    const char *s[2]; /* not NUL-terminated */
    size_t n[2];
} operand;

static bool op_PROTO(unpickler *u, const operand *x)
{
    if (u->opcode_at != 0)
        return unpickle_fail(u, "a second pickle begins");
    return x->i == PROTOCOL || unpickle_fail(u, "pickle protocol %d is not read, only %d", (int)x->i, PROTOCOL);
}

static bool op_STOP(unpickler *u, const operand *x)
{
    item it;
    if (u->marks.n || u->stack.n != 1)
        return unpickle_fail(u, "the end comes with %zu values on the stack", u->stack.n);
    if (u->at != u->n_bytes)
        return unpickle_fail(u, "bytes follow the end");
    u->is_done = unpickle_pop(u, &it) && unpickle_use(u, &it, &u->result);
    unpickle_drop(&it);
    return u->is_done;
}

static bool op_MARK(unpickler *u, const operand *x)
{
    return VEC_PUSH(&u->marks, NULL, (uint32_t)u->stack.n) || unpickle_no_memory(u);
}

static bool op_NONE(unpickler *u, const operand *x) { return unpickle_push_value(u, VALUE_NONE_V); }
static bool op_NEWTRUE(unpickler *u, const operand *x) { return unpickle_push_value(u, VALUE_BOOL_V(true)); }
static bool op_NEWFALSE(unpickler *u, const operand *x) { return unpickle_push_value(u, VALUE_BOOL_V(false)); }
static bool op_BININT(unpickler *u, const operand *x) { return unpickle_push_value(u, VALUE_INT_V(x->i)); }
static bool op_BININT1(unpickler *u, const operand *x) { return op_BININT(u, x); }
static bool op_BININT2(unpickler *u, const operand *x) { return op_BININT(u, x); }
static bool op_LONG1(unpickler *u, const operand *x) { return op_BININT(u, x); }
static bool op_BINFLOAT(unpickler *u, const operand *x) { return unpickle_push_value(u, VALUE_FLOAT_V(x->f)); }

static bool op_BINUNICODE(unpickler *u, const operand *x)
{
    return unpickle_push_value(u, VALUE_HEAP_V(VALUE_STR, str_new(x->s[0], x->n[0])));
}

static bool op_GLOBAL(unpickler *u, const operand *x)
{
    const char *module = arena_strndup(&u->arena, x->s[0], x->n[0]);
    const char *name = arena_strndup(&u->arena, x->s[1], x->n[1]);
    item it;
    if (u->arena.failed)
        return unpickle_no_memory(u);
    return unpickle_find_name(u, module, name, &it) && unpickle_push(u, it);
}

static bool op_BINPERSID(unpickler *u, const operand *x)
{
    item id, it;
    if (!unpickle_pop(u, &id))
        return false;
    bool is_fine = unpickle_find_storage(u, &id, &it) && unpickle_push(u, it);
    unpickle_drop(&id);
    return is_fine;
}

static bool op_BINPUT(unpickler *u, const operand *x)
{
    item *it = top(u);
    if (!it)
        return false;
    if ((uint64_t)x->i > u->memo.n)
        return unpickle_fail(u, "memo index %lld leaves a gap", (long long)x->i);
    if ((uint64_t)x->i < u->memo.n) {
        unpickle_drop(&u->memo.at[x->i]);
        u->memo.at[x->i] = copy_item(it);
        return true;
    }
    item copy = copy_item(it);
    if (VEC_PUSH(&u->memo, NULL, copy))
        return true;
    unpickle_drop(&copy);
    return unpickle_no_memory(u);
}

static bool op_LONG_BINPUT(unpickler *u, const operand *x) { return op_BINPUT(u, x); }

static bool op_BINGET(unpickler *u, const operand *x)
{
    if ((uint64_t)x->i >= u->memo.n)
        return unpickle_fail(u, "memo entry %lld was never set", (long long)x->i);
    return unpickle_push(u, copy_item(&u->memo.at[x->i]));
}

static bool op_LONG_BINGET(unpickler *u, const operand *x) { return op_BINGET(u, x); }

/* The top n items become a tuple. */
static bool tuple_of(unpickler *u, size_t n)
{
    return u->stack.n - stack_floor(u) < n ? underflow(u) : push_tuple(u, u->stack.n - n);
}

static bool op_EMPTY_TUPLE(unpickler *u, const operand *x) { return tuple_of(u, 0); }
static bool op_TUPLE1(unpickler *u, const operand *x) { return tuple_of(u, 1); }
static bool op_TUPLE2(unpickler *u, const operand *x) { return tuple_of(u, 2); }
static bool op_TUPLE3(unpickler *u, const operand *x) { return tuple_of(u, 3); }

static bool op_TUPLE(unpickler *u, const operand *x)
{
    size_t first;
    return pop_mark(u, &first) && push_tuple(u, first);
}

static bool op_EMPTY_LIST(unpickler *u, const operand *x)
{
    return unpickle_push_part(u, VALUE_HEAP_V(VALUE_LIST, list_new(NULL, LIST_VALUES, 0)));
}

static bool op_LIST(unpickler *u, const operand *x)
{
    size_t first;
    return pop_mark(u, &first) && insert_container(u, first, VALUE_HEAP_V(VALUE_LIST, list_new(NULL, LIST_VALUES, 0)))
           && append_items(u, first + 1);
}

static bool op_APPEND(unpickler *u, const operand *x)
{
    return u->stack.n - stack_floor(u) < 1 ? underflow(u) : append_items(u, u->stack.n - 1);
}

static bool op_APPENDS(unpickler *u, const operand *x)
{
    size_t first;
    return pop_mark(u, &first) && append_items(u, first);
}

static bool op_EMPTY_DICT(unpickler *u, const operand *x)
{
    return unpickle_push_part(u, VALUE_HEAP_V(VALUE_DICT, dict_new(NULL, NULL)));
}

static bool op_DICT(unpickler *u, const operand *x)
{
    size_t first;
    return pop_mark(u, &first) && insert_container(u, first, VALUE_HEAP_V(VALUE_DICT, dict_new(NULL, NULL)))
           && set_items(u, first + 1);
}

static bool op_SETITEM(unpickler *u, const operand *x)
{
    return u->stack.n - stack_floor(u) < 2 ? underflow(u) : set_items(u, u->stack.n - 2);
}

static bool op_SETITEMS(unpickler *u, const operand *x)
{
    size_t first;
    return pop_mark(u, &first) && set_items(u, first);
}

/* What NEWOBJ, REDUCE and BUILD have in common: two items come off the stack. */
static bool with_two(unpickler *u, bool (*act)(unpickler *, const item *below, const item *above))
{
    item above, below;
    if (!unpickle_pop(u, &above))
        return false;
    bool is_fine = unpickle_pop(u, &below);
    if (is_fine) {
        is_fine = act(u, &below, &above);
        unpickle_drop(&below);
    }
    unpickle_drop(&above);
    return is_fine;
}

static bool op_NEWOBJ(unpickler *u, const operand *x) { return with_two(u, unpickle_new_object); }
static bool op_REDUCE(unpickler *u, const operand *x) { return with_two(u, unpickle_call); }
static bool op_BUILD(unpickler *u, const operand *x) { return with_two(u, unpickle_build); }

/* ---- reading ------------------------------------------------------------------------------------------------- */

typedef enum operand_kind {
    OPERAND_NONE, OPERAND_U8, OPERAND_U16, OPERAND_U32, OPERAND_I32, OPERAND_F64, OPERAND_LONG, OPERAND_TEXT,
    OPERAND_NAMES
} operand_kind;

static const struct opcode {
    bool (*run)(unpickler *, const operand *);
    operand_kind operand;
} opcodes[256] = {
#define OPCODE(name, byte, kind) [(unsigned char)(byte)] = { op_##name, OPERAND_##kind },
#include "runtime/archive/pickle.def"
};

static bool cut_short(unpickler *u) { return unpickle_fail(u, "the pickle ends in the middle of an operation"); }

/* The next n bytes, little-endian. */
static bool read_unsigned(unpickler *u, size_t n, uint64_t *ret)
{
    if (u->n_bytes - u->at < n)
        return cut_short(u);
    *ret = 0;
    for (size_t i = 0; i < n; i++)
        *ret |= (uint64_t)u->bytes[u->at++] << 8 * i;
    return true;
}

static bool read_integer(unpickler *u, size_t n, bool is_signed, operand *x)
{
    uint64_t bits;
    if (!read_unsigned(u, n, &bits))
        return false;
    if (is_signed && n && n < 8 && bits >> (8 * n - 1))
        bits |= ~(uint64_t)0 << 8 * n;
    x->i = (int64_t)bits;
    return true;
}

static bool read_long(unpickler *u, operand *x)
{
    uint64_t n;
    if (!read_unsigned(u, 1, &n))
        return false;
    if (n > 8)
        return unpickle_fail_as(u, JIT_EUNSUPPORTED, "an integer of more than 64 bits has no value here");
    return read_integer(u, n, true, x);
}

static bool read_double(unpickler *u, operand *x)
{
    uint64_t bits;
    if (!read_unsigned(u, 8, &bits))
        return false;
    bits = __builtin_bswap64(bits); // big-endian in the file
    memcpy(&x->f, &bits, sizeof bits);
    return true;
}

static bool read_text(unpickler *u, operand *x)
{
    uint64_t n;
    if (!read_unsigned(u, 4, &n))
        return false;
    if (n > u->n_bytes - u->at)
        return cut_short(u);
    x->s[0] = (const char *)u->bytes + u->at;
    x->n[0] = n;
    u->at += n;
    return true;
}

static bool read_names(unpickler *u, operand *x)
{
    for (int k = 0; k < 2; k++) {
        const char *s = (const char *)u->bytes + u->at;
        const char *end = memchr(s, '\n', u->n_bytes - u->at);
        if (!end)
            return cut_short(u);
        x->s[k] = s;
        x->n[k] = (size_t)(end - s);
        u->at += x->n[k] + 1;
        if (memchr(s, 0, x->n[k]))
            return unpickle_fail(u, "a name holds a NUL byte");
    }
    return true;
}

static bool read_operand(unpickler *u, operand_kind kind, operand *x)
{
    switch (kind) {
    case OPERAND_NONE:  return true;
    case OPERAND_U8:    return read_integer(u, 1, false, x);
    case OPERAND_U16:   return read_integer(u, 2, false, x);
    case OPERAND_U32:   return read_integer(u, 4, false, x);
    case OPERAND_I32:   return read_integer(u, 4, true, x);
    case OPERAND_F64:   return read_double(u, x);
    case OPERAND_LONG:  return read_long(u, x);
    case OPERAND_TEXT:  return read_text(u, x);
    case OPERAND_NAMES: return read_names(u, x);
    }
    return false;
}

static void run(unpickler *u)
{
    while (!u->is_done && !u->status) {
        operand x = { 0 };
        u->opcode_at = u->at;
        if (u->at == u->n_bytes) {
            unpickle_fail(u, "the pickle ends without STOP");
            return;
        }
        const unsigned char byte = u->bytes[u->at++];
        if (u->at == 1 && byte != 0x80)
            unpickle_fail(u, "it does not begin as a pickle of protocol %d does", PROTOCOL);
        else if (!opcodes[byte].run)
            unpickle_fail(u, "operation 0x%02x is not one of this format", byte);
        else if (read_operand(u, opcodes[byte].operand, &x))
            opcodes[byte].run(u, &x);
    }
}

static void drop_items(item *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        unpickle_drop(&at[i]);
}

static void unpickler_fini(unpickler *u)
{
    drop_items(u->stack.at, u->stack.n);
    drop_items(u->memo.at, u->memo.n);
    for (size_t i = 0; i < u->tuples.n; i++) {
        drop_items(u->tuples.at[i].at, u->tuples.at[i].n);
        value_unref(u->tuples.at[i].made);
    }
    for (size_t i = 0; i < u->storages.n; i++)
        storage_unref(u->storages.at[i].store);
    VEC_FINI(&u->stack);
    VEC_FINI(&u->marks);
    VEC_FINI(&u->memo);
    VEC_FINI(&u->parts);
    VEC_FINI(&u->tuples);
    VEC_FINI(&u->names);
    VEC_FINI(&u->storages);
    strmap_fini(&u->keys);
    arena_fini(&u->arena);
}

jit_status unpickle(const void *bytes, size_t n_bytes, const char *record, const unpickle_hooks *hooks,
                    const type *expected, jit_value *ret, jit_error *err)
{
    unpickler u = { .bytes = bytes, .n_bytes = n_bytes, .record = record, .hooks = hooks, .err = err };
    arena_init(&u.arena);
    strmap_init(&u.keys, NULL);
    run(&u);
    jit_status status = u.status;
    if (!status && expected) {
        status = unpickle_restore_types(&u.result, expected, record, err);
        if (status)
            value_unref(u.result);
    }
    unpickler_fini(&u);
    if (!status)
        *ret = u.result;
    return status;
}
