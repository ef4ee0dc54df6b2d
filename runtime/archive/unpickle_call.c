/* runtime/archive/unpickle_call.c: what a pickle may name and call: tensors, typed containers, objects of the
 * archive's classes. Every argument is checked for its number and kind before it is looked at. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/unpickle.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

/* ---- names ----------------------------------------------------------------------------------------------- */

typedef enum written_by { TORCH_JIT, PYTHON, BOTH } written_by;

static const struct known_name { const char *module, *name; written_by by; } known_names[] = {
#define PICKLE_NAME(id, module, name, by) [PICKLE_##id] = { module, name, by },
#include "runtime/archive/pickle_names.def"
};

static bool push_name(unpickler *u, name_item name, item *ret)
{
    if (!VEC_PUSH(&u->names, NULL, name))
        return unpickle_no_memory(u);
    *ret = (item){ ITEM_NAME, (uint32_t)(u->names.n - 1), VALUE_NONE_V };
    return true;
}

/* "FloatStorage" → float32 */
static dtype dtype_of_storage(const char *name)
{
    for (int code = 0; code < DTYPE__COUNT; code++) {
        if (!dtype_size((dtype)code))
            continue;
        const char *prefix = dtype_prefix((dtype)code);
        size_t n = strlen(prefix);
        if (!strncmp(name, prefix, n) && !strcmp(name + n, "Storage"))
            return (dtype)code;
    }
    return DTYPE_NONE;
}

static bool find_class(unpickler *u, const char *module, const char *name, item *ret)
{
    const type *cls;
    const char *qualified = arena_printf(&u->arena, "%s.%s", module, name);
    if (u->arena.failed)
        return unpickle_no_memory(u);
    if (strncmp(module, "__torch__", 9) || (module[9] && module[9] != '.') || !u->hooks->find_class)
        return unpickle_fail(u, "Unknown type name '%.200s'", qualified);
    jit_status status = u->hooks->find_class(u->hooks->ctx, qualified, &cls, u->err);
    if (status)
        return unpickle_fail_in_hook(u, status);
    return push_name(u, (name_item){ PICKLE_CLASS, DTYPE_NONE, cls }, ret);
}

/* torch.float16 and the like: a value, its code. */
static bool is_dtype_name(const char *name)
{
    for (int code = 0; code < DTYPE__COUNT; code++)
        if (dtype_size((dtype)code) && !strcmp(dtype_name((dtype)code), name))
            return true;
    return false;
}

/* torch.per_tensor_affine and the like: a value, PyTorch's number of it. */
static int quantization_scheme(const char *name)
{
    static const char *const schemes[] = { "per_tensor_affine", "per_channel_affine", "per_tensor_symmetric",
                                           "per_channel_symmetric", "per_channel_affine_float_qparams" };
    for (int i = 0; i < (int)(sizeof schemes / sizeof *schemes); i++)
        if (!strcmp(schemes[i], name))
            return i;
    return -1;
}

bool unpickle_find_name(unpickler *u, const char *module, const char *name, item *ret)
{
    for (size_t i = 0; i < sizeof known_names / sizeof *known_names; i++)
        if (!strcmp(known_names[i].module, module) && !strcmp(known_names[i].name, name)
            && known_names[i].by != (u->hooks->is_python ? TORCH_JIT : PYTHON))
            return push_name(u, (name_item){ (pickle_name)i, DTYPE_NONE, NULL }, ret);
    if (strcmp(module, "torch")) {
        if (!strncmp(module, "torch.", 6))
            return unpickle_fail(u, "Unpickler found unknown torch global, '%.100s.%.100s'", module, name);
        return find_class(u, module, name, ret);
    }
    if (is_dtype_name(name)) {
        *ret = (item){ ITEM_VALUE, 0, VALUE_INT_V(dtype_parse(name)) };
        return true;
    }
    if (quantization_scheme(name) >= 0) {
        *ret = (item){ ITEM_VALUE, 0, VALUE_INT_V(quantization_scheme(name)) };
        return true;
    }
    if (dtype_of_storage(name) != DTYPE_NONE)
        return push_name(u, (name_item){ PICKLE_STORAGE, dtype_of_storage(name), NULL }, ret);
    size_t n = strlen(name);
    if (n > 7 && !strcmp(name + n - 7, "Storage"))
        return unpickle_fail_as(u, JIT_EUNSUPPORTED, "tensors with a torch.%.100s are not supported", name);
    return unpickle_fail(u, "Unpickler found unknown torch global, 'torch.%.200s'", name);
}

/* ---- arguments ---------------------------------------------------------------------------------------------- */

typedef struct arguments {
    const item *at;
    size_t n;
    const char *callee;
} arguments;

static bool wrong_argument(unpickler *u, const arguments *a, size_t i)
{
    return unpickle_fail(u, "argument %zu of %s is missing or of the wrong kind", i + 1, a->callee);
}

/* Argument i, if it is a value of this kind. */
static const jit_value *argument(const arguments *a, size_t i, value_tag tag)
{
    return i < a->n && a->at[i].kind == ITEM_VALUE && a->at[i].v.tag == tag ? &a->at[i].v : NULL;
}

static const tuple_item *tuple_argument(const unpickler *u, const arguments *a, size_t i)
{
    return i < a->n && a->at[i].kind == ITEM_TUPLE ? &u->tuples.at[a->at[i].index] : NULL;
}

/* A tuple of at most max ints. */
static bool ints_argument(unpickler *u, const arguments *a, size_t i, size_t max, int64_t *ret, size_t *ret_n)
{
    const tuple_item *t = tuple_argument(u, a, i);
    if (!t)
        return wrong_argument(u, a, i);
    if (t->n > max)
        return unpickle_fail(u, "a tensor of %zu dimensions; %zu is the most", t->n, max);
    for (size_t k = 0; k < t->n; k++) {
        if (t->at[k].kind != ITEM_VALUE || t->at[k].v.tag != VALUE_INT)
            return wrong_argument(u, a, i);
        ret[k] = t->at[k].v.i;
    }
    *ret_n = t->n;
    return true;
}

/* ---- storages -------------------------------------------------------------------------------------------------- */

/* The storage of this key with at least n_bytes; read at its first mention. */
static bool storage_of_key(unpickler *u, const str *key, const char *location, size_t n_bytes, storage **ret)
{
    storage *s = strmap_find(&u->keys, key->s);
    if (s) {
        if (s->n_bytes < n_bytes)
            return unpickle_fail(u, "storage '%.100s' is mentioned with two sizes", key->s);
        *ret = storage_ref(s);
        return true;
    }
    const bool is_meta = !strncmp(location, "meta", 4);
    jit_status status = JIT_OK;
    if (!n_bytes || is_meta) {
        s = storage_new((device){ is_meta ? DEVICE_META : DEVICE_CPU, -1 }, n_bytes);
        status = s ? JIT_OK : error_no_memory(u->err);
    } else if (!u->hooks->find_storage) {
        return unpickle_fail(u, "there are no storages to refer to");
    } else {
        status = u->hooks->find_storage(u->hooks->ctx, key->s, n_bytes, &s, u->err);
    }
    if (status) {
        u->status = status;
        return false;
    }
    *ret = s;
    return true;
}

/* ("storage", torch.FloatStorage, key, location, numel) */
bool unpickle_find_storage(unpickler *u, const item *id, item *ret)
{
    const arguments one = { id, 1, "a persistent id" };
    const tuple_item *t = tuple_argument(u, &one, 0);
    if (!t)
        return wrong_argument(u, &one, 0);
    const arguments a = { t->at, t->n, "a persistent id" };
    const jit_value *word = argument(&a, 0, VALUE_STR), *key = argument(&a, 2, VALUE_STR);
    const jit_value *location = argument(&a, 3, VALUE_STR), *numel = argument(&a, 4, VALUE_INT);
    if (a.n != 5 || !word || !key || !location || !numel || strcmp(word->s->s, "storage")
        || a.at[1].kind != ITEM_NAME || strlen(key->s->s) != key->s->n)
        return unpickle_fail(u, "a persistent id that does not describe a storage");
    const name_item *name = &u->names.at[a.at[1].index];
    if (name->id != PICKLE_STORAGE && name->id != PICKLE_UNTYPED_STORAGE && name->id != PICKLE_UNTYPED_STORAGE_2)
        return unpickle_fail(u, "a persistent id that does not describe a storage");
    size_t n_bytes, size = name->id == PICKLE_STORAGE ? dtype_size(name->dtype) : 1;
    if (numel->i < 0 || __builtin_mul_overflow((size_t)numel->i, size, &n_bytes) || n_bytes > PTRDIFF_MAX)
        return unpickle_fail(u, "a storage of %lld elements", (long long)numel->i);
    storage_item found = { .dtype = name->id == PICKLE_STORAGE ? name->dtype : DTYPE_NONE };
    if (!storage_of_key(u, key->s, location->s->s, n_bytes, &found.store))
        return false;
    const char *kept = arena_strndup(&u->arena, key->s->s, key->s->n);
    if (u->arena.failed || !VEC_PUSH(&u->storages, NULL, found)) {
        storage_unref(found.store);
        return unpickle_no_memory(u);
    }
    if (!strmap_has(&u->keys, kept) && !strmap_set(&u->keys, kept, found.store))
        return unpickle_no_memory(u);
    *ret = (item){ ITEM_STORAGE, (uint32_t)(u->storages.n - 1), VALUE_NONE_V };
    return true;
}

/* ---- tensors ------------------------------------------------------------------------------------------------------ */

/* Metadata ({"conj": True}) asks for a lazy view; we have none, so all must be false. */
static bool check_metadata(unpickler *u, const arguments *a, size_t i)
{
    if (i >= a->n || argument(a, i, VALUE_NONE))
        return true;
    const jit_value *v = argument(a, i, VALUE_DICT);
    if (!v)
        return wrong_argument(u, a, i);
    dict_entry *e;
    for (size_t k = 0; (e = dict_next(v->dict, &k));)
        if (e->value.tag != VALUE_NONE && !(e->value.tag == VALUE_BOOL && !e->value.b))
            return unpickle_fail_as(u, JIT_EUNSUPPORTED, "a tensor with a lazy conjugate or negative is not supported");
    return true;
}

static bool check_requires_grad(unpickler *u, bool requires_grad, dtype d)
{
    return !requires_grad || dtype_is_float(d) || dtype_is_complex(d)
           || unpickle_fail(u, "Only Tensors of floating point and complex dtype can require gradients");
}

/* (storage, offset, size, stride) and a tensor on them; NULL: reported. */
static tensor *window(unpickler *u, const arguments *a, dtype d)
{
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
    size_t n_dims, n_strides;
    const jit_value *offset = argument(a, 1, VALUE_INT);
    if (!offset)
        return wrong_argument(u, a, 1), NULL;
    if (!ints_argument(u, a, 2, TENSOR_MAX_DIMS, sizes, &n_dims)
        || !ints_argument(u, a, 3, TENSOR_MAX_DIMS, strides, &n_strides))
        return NULL;
    if (n_dims != n_strides)
        return unpickle_fail(u, "a tensor has %zu sizes and %zu strides", n_dims, n_strides), NULL;
    const uint64_t n_refused = mem_refusals();
    tensor *t = tensor_on_storage(u->storages.at[a->at[0].index].store, d, sizes, strides, (int)n_dims, offset->i);
    if (!t)
        mem_refusals() == n_refused ? unpickle_fail(u, "a tensor reaches beyond its storage") : unpickle_no_memory(u);
    return t;
}

/* (storage, offset, size, stride, requires_grad, hooks): common to both versions. */
static bool rebuild_tensor(unpickler *u, const arguments *a, dtype d)
{
    const jit_value *requires_grad = argument(a, 4, VALUE_BOOL);
    if (!requires_grad || !argument(a, 5, VALUE_DICT))
        return wrong_argument(u, a, !requires_grad ? 4 : 5);
    if (dtype_is_quantized(d))
        return unpickle_fail(u, "a tensor of %s without quantizer", dtype_name(d));
    if (!check_requires_grad(u, requires_grad->b, d))
        return false;
    tensor *t = window(u, a, d);
    if (t)
        t->requires_grad = requires_grad->b;
    return t && unpickle_push_value(u, VALUE_HEAP_V(VALUE_TENSOR, t));
}

static bool rebuild_tensor_v2(unpickler *u, const arguments *a)
{
    if (a->n < 6 || a->n > 7 || a->at[0].kind != ITEM_STORAGE)
        return wrong_argument(u, a, 0);
    const storage_item *s = &u->storages.at[a->at[0].index];
    if (s->dtype == DTYPE_NONE)
        return unpickle_fail(u, "a tensor on a storage without element type");
    return check_metadata(u, a, 6) && rebuild_tensor(u, a, s->dtype);
}

/* The element type stands among the arguments: (…, hooks, dtype, metadata). */
static bool rebuild_tensor_v3(unpickler *u, const arguments *a)
{
    const jit_value *code = argument(a, 6, VALUE_INT);
    if (a->n < 7 || a->n > 8 || a->at[0].kind != ITEM_STORAGE)
        return wrong_argument(u, a, 0);
    if (!code || !dtype_is_valid(code->i))
        return wrong_argument(u, a, 6);
    return check_metadata(u, a, 7) && rebuild_tensor(u, a, (dtype)code->i);
}

/* (scheme, scale, zero_point) or (scheme, scales, zero_points, axis), of a tensor with these sizes. NULL: reported. */
static quantizer *read_quantizer(unpickler *u, const tuple_item *t, const tensor *of)
{
    enum { PER_TENSOR, PER_CHANNEL };
    const arguments a = { t->at, t->n, "a quantizer" };
    const jit_value *scheme = argument(&a, 0, VALUE_INT);
    const jit_value *scale = argument(&a, 1, VALUE_FLOAT), *zero = argument(&a, 2, VALUE_INT);
    const jit_value *scales = argument(&a, 1, VALUE_TENSOR), *zeros = argument(&a, 2, VALUE_TENSOR);
    const jit_value *axis = argument(&a, 3, VALUE_INT);
    quantizer *q = NULL;
    if (!scheme)
        return wrong_argument(u, &a, 0), NULL;
    if (scheme->i == PER_TENSOR && a.n == 3 && scale && zero) {
        q = quantizer_new(scale->f, zero->i);
    } else if (scheme->i == PER_CHANNEL && a.n == 4 && scales && zeros && axis) {
        const tensor *s = scales->t, *z = zeros->t;
        if (axis->i < 0 || axis->i >= of->n_dims || s->n_dims != 1 || z->n_dims != 1 || s->numel != of->sizes[axis->i]
            || z->numel != s->numel || tensor_dtype(s) != DTYPE_float64 || tensor_dtype(z) != DTYPE_int64
            || s->store->dev.kind != DEVICE_CPU || z->store->dev.kind != DEVICE_CPU)
            return unpickle_fail(u, "scales that do not fit a tensor quantized per channel"), NULL;
        q = quantizer_new_per_channel(scales->t, zeros->t, (int)axis->i);
    } else if (scheme->i > PER_CHANNEL) {
        return unpickle_fail_as(u, JIT_EUNSUPPORTED, "tensors quantized in this manner are not supported"), NULL;
    } else {
        return wrong_argument(u, &a, 1), NULL;
    }
    if (!q)
        unpickle_no_memory(u);
    return q;
}

/* (storage, offset, size, stride, quantizer, requires_grad, hooks) */
static bool rebuild_quantized(unpickler *u, const arguments *a)
{
    const tuple_item *parts = tuple_argument(u, a, 4);
    if (a->n != 7 || a->at[0].kind != ITEM_STORAGE || !parts || !argument(a, 5, VALUE_BOOL) || !argument(a, 6, VALUE_DICT))
        return wrong_argument(u, a, a->n != 7 || a->at[0].kind != ITEM_STORAGE ? 0 : !parts ? 4 : 5);
    const storage_item *s = &u->storages.at[a->at[0].index];
    if (s->dtype == DTYPE_NONE || !dtype_is_quantized(s->dtype))
        return unpickle_fail(u, "a quantized tensor on a storage of another element type");
    tensor *t = window(u, a, s->dtype);
    quantizer *q = t ? read_quantizer(u, parts, t) : NULL;
    if (!q) {
        tensor_unref(t);
        return false;
    }
    t->quant = q;
    return unpickle_push_value(u, VALUE_HEAP_V(VALUE_TENSOR, t));
}

/* (tensor, requires_grad, hooks[, state]): the tensor again, as a parameter. */
static bool rebuild_parameter(unpickler *u, const arguments *a)
{
    const jit_value *from = argument(a, 0, VALUE_TENSOR), *requires_grad = argument(a, 1, VALUE_BOOL);
    if (!from || !requires_grad || a->n < 3 || a->n > 4)
        return wrong_argument(u, a, !from ? 0 : 1);
    if (!check_requires_grad(u, requires_grad->b, tensor_dtype(from->t)))
        return false;
    tensor *t = tensor_view(from->t, from->t->sizes, from->t->strides, from->t->n_dims, from->t->offset);
    if (t)
        t->requires_grad = requires_grad->b;
    return unpickle_push_value(u, VALUE_HEAP_V(VALUE_TENSOR, t));
}

/* ---- containers and scalars ------------------------------------------------------------------------------------------ */

static bool push_argument(unpickler *u, const item *it)
{
    return unpickle_push(u, (item){ it->kind, it->index, value_ref(it->v) });
}

static bool build_list(unpickler *u, const arguments *a, const type *elem)
{
    const jit_value *v = argument(a, 0, VALUE_LIST);
    if (!v || a->n != 1)
        return wrong_argument(u, a, 0);
    const uint64_t n_refused = mem_refusals();
    if (unpickle_retype_list(v->list, elem))
        return push_argument(u, &a->at[0]);
    return mem_refusals() != n_refused ? unpickle_no_memory(u)
                                       : unpickle_fail(u, "an element of a list is not of the list's type");
}

static bool restore_type_tag(unpickler *u, const arguments *a)
{
    const jit_value *tag = argument(a, 1, VALUE_STR);
    if (a->n != 2 || a->at[0].kind != ITEM_VALUE || !tag)
        return wrong_argument(u, a, !tag);
    jit_value v = a->at[0].v;
    if ((v.tag != VALUE_LIST && v.tag != VALUE_DICT) || !u->hooks->parse_type)
        return wrong_argument(u, a, 0);
    if (strlen(tag->s->s) != tag->s->n)
        return unpickle_fail(u, "a type with a NUL byte");
    const type *t;
    jit_status status = u->hooks->parse_type(u->hooks->ctx, tag->s->s, &t, u->err);
    if (status)
        return unpickle_fail_in_hook(u, status);
    text what;
    text_init(&what, NULL);
    text_addf(&what, "%s at byte %zu", u->record, u->opcode_at);
    u->status = unpickle_restore_types(&v, t, what.s, u->err); // in place: containers keep their identity
    text_fini(&what);
    return !u->status && push_argument(u, &a->at[0]);
}

static bool build_complex(unpickler *u, const arguments *a)
{
    const jit_value *re = argument(a, 0, VALUE_FLOAT), *im = argument(a, 1, VALUE_FLOAT);
    if (a->n != 2 || !re || !im)
        return wrong_argument(u, a, re != NULL);
    return unpickle_push_value(u, VALUE_HEAP_V(VALUE_COMPLEX, complex_new(re->f, im->f)));
}

/* torch.device("cuda:0") or torch.device("cuda", 0) */
static bool build_device(unpickler *u, const arguments *a)
{
    const jit_value *kind = argument(a, 0, VALUE_STR), *index = argument(a, 1, VALUE_INT);
    device dev;
    if (!kind || a->n > 2 || (a->n == 2 && !index))
        return wrong_argument(u, a, kind != NULL);
    if (!device_parse(kind->s->s, &dev) || strlen(kind->s->s) != kind->s->n)
        return unpickle_fail(u, "unknown device '%.100s'", kind->s->s);
    if (index && (index->i < 0 || index->i > INT8_MAX || dev.index >= 0))
        return wrong_argument(u, a, 1);
    if (index)
        dev.index = (int8_t)index->i;
    return unpickle_push_value(u, VALUE_DEVICE_V(dev));
}

/* torch.Size((2, 3)): a tuple of ints */
static bool build_size(unpickler *u, const arguments *a)
{
    const tuple_item *t = tuple_argument(u, a, 0);
    if (a->n != 1 || !t)
        return wrong_argument(u, a, 0);
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].kind != ITEM_VALUE || t->at[i].v.tag != VALUE_INT)
            return wrong_argument(u, a, 0);
    return push_argument(u, &a->at[0]);
}

static bool build_dict(unpickler *u, const arguments *a)
{
    return a->n ? wrong_argument(u, a, 0)
                : unpickle_push_part(u, VALUE_HEAP_V(VALUE_DICT, dict_new(NULL, NULL)));
}

/* ---- the archive's classes --------------------------------------------------------------------------------------------- */

static bool find_member(unpickler *u, const type *t, const item *value)
{
    for (size_t i = 0; t->kind == TYPE_ENUM && value->kind == ITEM_VALUE && i < t->enums->n; i++)
        if (value_equal(t->enums->members[i]->value, value->v))
            return unpickle_push_value(u, value_ref(VALUE_HEAP_V(VALUE_ENUM, t->enums->members[i])));
    return unpickle_fail(u, "%.200s is called with what it does not accept", t->name ? t->name : "a type");
}

bool unpickle_new_object(unpickler *u, const item *cls, const item *args)
{
    const type *t = cls->kind == ITEM_NAME ? u->names.at[cls->index].cls : NULL;
    if (!t || t->kind != TYPE_CLASS)
        return unpickle_fail(u, "an object is made of what is not a class");
    if (args->kind != ITEM_TUPLE || u->tuples.at[args->index].n)
        return unpickle_fail(u, "an object is made with arguments");
    return unpickle_push_part(u, VALUE_HEAP_V(VALUE_OBJECT, ir_object_new(t)));
}

/* One attribute from the state dict, checked against its declared type. */
static bool fill_attribute(unpickler *u, object *o, size_t slot, const dict *state)
{
    const type_attribute *attribute = &o->type->cls->attributes[slot];
    str *key = str_new(attribute->name, strlen(attribute->name));
    if (!key)
        return unpickle_no_memory(u);
    const jit_value *found = dict_find(state, VALUE_HEAP_V(VALUE_STR, key));
    value_unref(VALUE_HEAP_V(VALUE_STR, key));
    if (!found)
        return unpickle_fail(u, "attribute '%.100s' of %.200s is missing", attribute->name, o->type->name);
    value_set(&o->at[slot], value_ref(*found));
    if (unpickle_retype(&o->at[slot], attribute->type))
        return true;
    text what; // once more, for the message
    text_init(&what, NULL);
    text_addf(&what, "%s at byte %zu: attribute '%.100s' of %.200s", u->record, u->opcode_at, attribute->name,
              o->type->name);
    u->status = unpickle_restore_types(&o->at[slot], attribute->type, what.s, u->err);
    text_fini(&what);
    return !u->status;
}

static bool fill_object(unpickler *u, object *o, const item *state)
{
    if (type_find_method(o->type, "__setstate__") && u->hooks->set_state) {
        jit_value v;
        if (!unpickle_use(u, state, &v))
            return false;
        jit_status status = u->hooks->set_state(u->hooks->ctx, o, v, u->err);
        value_unref(v);
        return !status || unpickle_fail_in_hook(u, status);
    }
    if (state->kind != ITEM_VALUE || state->v.tag != VALUE_DICT)
        return unpickle_fail(u, "the attributes of a %.200s are not a dict", o->type->name);
    for (size_t i = 0; i < o->n; i++)
        if (!fill_attribute(u, o, i, state->v.dict))
            return false;
    return true;
}

/* BUILD: an object gets its attributes. In torch.save files an OrderedDict may get some (`_metadata`): dropped. */
bool unpickle_build(unpickler *u, const item *object_item, const item *state)
{
    part *p = unpickle_part(u, object_item);
    const jit_value v = object_item->v;
    if (!p || p->is_closed || p->is_built || (v.tag != VALUE_OBJECT && !(v.tag == VALUE_DICT && u->hooks->is_python)))
        return unpickle_fail(u, "attributes for what is not a fresh object");
    if (v.tag == VALUE_OBJECT) {
        part *of_state = unpickle_part(u, state);
        const uint32_t inner = of_state ? of_state->depth
                               : state->kind == ITEM_TUPLE ? u->tuples.at[state->index].depth : 0;
        if (inner > UNPICKLE_MAX_DEPTH)
            return unpickle_fail(u, "values nest deeper than %d", UNPICKLE_MAX_DEPTH);
        p->depth = inner ? inner : 1; // an object counts as its dict of attributes
        if (!fill_object(u, v.object, state))
            return false;
        unpickle_part(u, object_item)->is_built = true;
    }
    return push_argument(u, object_item);
}

/* ---- REDUCE ----------------------------------------------------------------------------------------------------------------- */

static bool call_known(unpickler *u, pickle_name id, const arguments *a)
{
    switch (id) {
    case PICKLE_BUILD_INTLIST:    return build_list(u, a, T_INT);
    case PICKLE_BUILD_DOUBLELIST: return build_list(u, a, T_FLOAT);
    case PICKLE_BUILD_BOOLLIST:   return build_list(u, a, T_BOOL);
    case PICKLE_BUILD_TENSORLIST: return build_list(u, a, T_TENSOR);
    case PICKLE_INT_LIST:         return build_list(u, a, T_INT);
    case PICKLE_RESTORE_TYPE_TAG: return restore_type_tag(u, a);
    case PICKLE_TENSOR_V2:        return rebuild_tensor_v2(u, a);
    case PICKLE_TENSOR_V3:        return rebuild_tensor_v3(u, a);
    case PICKLE_PARAMETER: case PICKLE_PARAMETER_STATE:
        return rebuild_parameter(u, a);
    case PICKLE_QTENSOR:          return rebuild_quantized(u, a);
    case PICKLE_SPARSE_TENSOR:
        return unpickle_fail_as(u, JIT_EUNSUPPORTED, "sparse tensors are not supported");
    case PICKLE_TENSOR_FROM_ID: case PICKLE_TENSOR_ID:
        return unpickle_fail_as(u, JIT_EUNSUPPORTED, "tensors by number are not supported");
    case PICKLE_ORDERED_DICT:     return build_dict(u, a);
    case PICKLE_COMPLEX: case PICKLE_COMPLEX_2:
        return build_complex(u, a);
    case PICKLE_DEVICE:           return build_device(u, a);
    case PICKLE_SIZE:             return build_size(u, a);
    case PICKLE_UNTYPED_STORAGE: case PICKLE_UNTYPED_STORAGE_2: case PICKLE_STORAGE: case PICKLE_CLASS:
        break;
    }
    return unpickle_fail(u, "a call of what is not a function");
}

bool unpickle_call(unpickler *u, const item *callee, const item *args)
{
    if (callee->kind != ITEM_NAME)
        return unpickle_fail(u, "a call of what is not a function");
    const name_item *name = &u->names.at[callee->index];
    if (name->id == PICKLE_CLASS)
        return find_member(u, name->cls, args);
    if (args->kind != ITEM_TUPLE)
        return unpickle_fail(u, "a call without a tuple of arguments");
    const tuple_item *t = &u->tuples.at[args->index];
    const arguments a = { t->at, t->n, name->id < PICKLE_STORAGE ? known_names[name->id].name : "a storage" };
    return call_known(u, name->id, &a);
}
