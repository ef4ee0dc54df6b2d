/* runtime/api/value.c: the public face of values: boxes around jit_value. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "ir/type.h"

#include <string.h>

jit_any *api_box(jit_value take)
{
    jit_any *box = mem_alloc(sizeof *box);
    if (!box) {
        value_unref(take);
        return NULL;
    }
    *box = (jit_any){ .n_refs = 1, .v = take };
    return box;
}

static bool has_types(jit_value v)
{
    return v.tag > VALUE_TENSOR && v.tag != VALUE_GENERATOR;
}

jit_any *api_box_keep(jit_any *take, ir_unit *u)
{
    if (!take || !has_types(take->v))
        return take;
    for (size_t i = 0; i < take->n_units; i++)
        if (take->units[i] == u)
            return take;
    ir_unit **units = mem_realloc(take->units, (take->n_units + 1) * sizeof *units);
    if (!units) {
        jit_unref(take);
        return NULL;
    }
    units[take->n_units++] = ir_unit_ref(u);
    take->units = units;
    return take;
}

jit_any *api_box_keep_all(jit_any *take, const jit_any *from)
{
    for (size_t i = 0; take && i < from->n_units; i++)
        take = api_box_keep(take, from->units[i]);
    return take;
}

static jit_any *keep_of_items(jit_any *take, jit_any *const *items, size_t n)
{
    for (size_t i = 0; take && i < n; i++)
        take = api_box_keep_all(take, items[i]);
    return take;
}

jit_any *jit_ref(jit_any *v)
{
    if (v)
        v->n_refs++;
    return v;
}

void jit_unref(jit_any *v)
{
    if (!v || --v->n_refs)
        return;
    value_unref(v->v);
    for (size_t i = 0; i < v->n_units; i++)
        ir_unit_unref(v->units[i]);
    mem_free(v->units);
    mem_free(v);
}

/* What a reader works on: no value (of no kind) for NULL. */
static jit_value value_in(const jit_any *v) { return v ? v->v : (jit_value){ .tag = VALUE_UNINIT }; }

static bool has_null(jit_any *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!items[i])
            return true;
    return false;
}

/* A box around a heap value that may not have been made. */
static jit_any *box_heap(value_tag tag, void *heap)
{
    return heap ? api_box(VALUE_HEAP_V(tag, heap)) : NULL;
}

jit_any *jit_none(void) { return api_box(VALUE_NONE_V); }
jit_any *jit_bool(bool b) { return api_box(VALUE_BOOL_V(b)); }
jit_any *jit_int(int64_t i) { return api_box(VALUE_INT_V(i)); }
jit_any *jit_float(double f) { return api_box(VALUE_FLOAT_V(f)); }
jit_any *jit_complex(double re, double im) { return box_heap(VALUE_COMPLEX, complex_new(re, im)); }

jit_any *jit_str(const char *s, size_t n_bytes)
{
    return !s && n_bytes ? NULL : box_heap(VALUE_STR, str_new(s ? s : "", n_bytes == (size_t)-1 ? strlen(s) : n_bytes));
}

jit_any *jit_tuple(jit_any *const *items, size_t n)
{
    if (has_null(items, n))
        return NULL;
    tuple *t = tuple_new(NULL, n);
    for (size_t i = 0; t && i < n; i++)
        t->at[i] = value_ref(items[i]->v);
    return keep_of_items(box_heap(VALUE_TUPLE, t), items, n);
}

const type *api_common_type(const type *so_far, jit_value v)
{
    const type *t = type_of_value(v);
    if (!so_far)
        return t;
    const type *both = type_unify(so_far, t);
    return both ? both : T_ANY;
}

jit_any *jit_list(jit_any *const *items, size_t n)
{
    const type *elem = NULL;
    if (has_null(items, n))
        return NULL;
    for (size_t i = 0; i < n; i++)
        elem = api_common_type(elem, items[i]->v);
    list *l = list_new(elem, elem ? type_list_storage(elem) : LIST_VALUES, n);
    for (size_t i = 0; l && i < n; i++) {
        if (!list_push(l, value_ref(items[i]->v))) {
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
            l = NULL;
        }
    }
    return keep_of_items(box_heap(VALUE_LIST, l), items, n);
}

jit_any *jit_dict(jit_any *const *keys, jit_any *const *values, size_t n)
{
    const type *key = NULL, *value = NULL;
    if (has_null(keys, n) || has_null(values, n))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        key = api_common_type(key, keys[i]->v);
        value = api_common_type(value, values[i]->v);
    }
    dict *d = dict_new(key, value);
    for (size_t i = 0; d && i < n; i++) {
        if (!dict_set(d, value_ref(keys[i]->v), value_ref(values[i]->v))) {
            value_unref(VALUE_HEAP_V(VALUE_DICT, d));
            d = NULL;
        }
    }
    return keep_of_items(keep_of_items(box_heap(VALUE_DICT, d), keys, n), values, n);
}

jit_any *jit_tensor(jit_dtype d, const int64_t *sizes, size_t n_dims, const void *data)
{
    if (!dtype_is_valid(d) || n_dims > TENSOR_MAX_DIMS)
        return NULL;
    tensor *t = tensor_new((dtype)d, sizes, (int)n_dims, DEVICE_CPU0);
    if (t && data && t->numel)
        memcpy(tensor_data(t), data, (size_t)t->numel * dtype_size((dtype)d));
    return box_heap(VALUE_TENSOR, t);
}

/* Elements from the first to one past the last a window reaches; -1 for negative strides or overflow. */
static int64_t reach(const int64_t *sizes, const int64_t *strides, size_t n_dims)
{
    int64_t last = 0;
    for (size_t i = 0; i < n_dims; i++) {
        int64_t step;
        if (sizes[i] == 0)
            return 0;
        if (sizes[i] < 0 || strides[i] < 0 || __builtin_mul_overflow(sizes[i] - 1, strides[i], &step)
            || __builtin_add_overflow(last, step, &last))
            return -1;
    }
    return last + 1;
}

jit_any *jit_tensor_borrow(jit_dtype d, const int64_t *sizes, const int64_t *strides, size_t n_dims, void *data,
                           void (*release)(void *ctx), void *ctx)
{
    int64_t contiguous[TENSOR_MAX_DIMS];
    int64_t n = -1;
    if (dtype_is_valid(d) && n_dims <= TENSOR_MAX_DIMS) {
        if (!strides)
            tensor_contiguous_strides(sizes, (int)n_dims, contiguous);
        n = reach(sizes, strides ? strides : contiguous, n_dims);
    }
    storage *s = n < 0 ? NULL
                       : storage_borrow(DEVICE_CPU0, data, (size_t)n * dtype_size((dtype)d), release, ctx);
    if (!s) {
        if (release)
            release(ctx);
        return NULL;
    }
    tensor *t = tensor_on_storage(s, (dtype)d, sizes, strides ? strides : contiguous, (int)n_dims, 0);
    storage_unref(s); // runs release() if t could not be made
    return box_heap(VALUE_TENSOR, t);
}

jit_any *jit_scalar(jit_dtype d, double value)
{
    jit_any *box = jit_tensor(d, NULL, 0, NULL);
    if (!box)
        return NULL;
    jit_value args[2] = { box->v, VALUE_FLOAT_V(value) }, ret;
    api_run run;
    api_run_init(&run, NULL);
    op_id fill = op_find("aten::fill_", "Scalar");
    bool is_filled = op_call(&run.vm.op, fill, args, 2, &ret);
    api_run_fini(&run);
    if (!is_filled) {
        jit_unref(box);
        return NULL;
    }
    value_unref(ret);
    return box;
}

jit_kind jit_kind_of(const jit_any *v)
{
    static const jit_kind kinds[VALUE__COUNT] = {
        [VALUE_NONE] = JIT_NONE,     [VALUE_BOOL] = JIT_BOOL,     [VALUE_INT] = JIT_INT,
        [VALUE_FLOAT] = JIT_FLOAT,   [VALUE_DEVICE] = JIT_DEVICE, [VALUE_UNINIT] = JIT_OTHER,
        [VALUE_COMPLEX] = JIT_COMPLEX, [VALUE_STR] = JIT_STR,     [VALUE_TENSOR] = JIT_TENSOR,
        [VALUE_LIST] = JIT_LIST,     [VALUE_TUPLE] = JIT_TUPLE,   [VALUE_DICT] = JIT_DICT,
        [VALUE_OBJECT] = JIT_OBJECT, [VALUE_ENUM] = JIT_ENUM,     [VALUE_FUNCTION] = JIT_OTHER,
        [VALUE_FUTURE] = JIT_OTHER,  [VALUE_GENERATOR] = JIT_OTHER,
    };
    return kinds[value_in(v).tag];
}

bool jit_as_bool(const jit_any *v) { return value_in(v).tag == VALUE_BOOL && v->v.b; }
int64_t jit_as_int(const jit_any *v) { return value_in(v).tag == VALUE_INT ? v->v.i : 0; }

double jit_as_float(const jit_any *v)
{
    jit_value x = value_in(v);
    return x.tag == VALUE_FLOAT ? x.f : x.tag == VALUE_INT ? (double)x.i : 0;
}

bool jit_as_complex(const jit_any *v, double *ret_re, double *ret_im)
{
    if (value_in(v).tag != VALUE_COMPLEX)
        return false;
    *ret_re = v->v.c->re;
    *ret_im = v->v.c->im;
    return true;
}

const char *jit_as_str(const jit_any *v, size_t *ret_n_bytes)
{
    if (value_in(v).tag != VALUE_STR)
        return NULL;
    if (ret_n_bytes)
        *ret_n_bytes = v->v.s->n;
    return v->v.s->s;
}

size_t jit_len(const jit_any *v)
{
    switch (value_in(v).tag) {
    case VALUE_STR: return v->v.s->n;
    case VALUE_LIST: return v->v.list->n;
    case VALUE_TUPLE: return v->v.tuple->n;
    case VALUE_DICT: return v->v.dict->n;
    default: return 0; // not a container
    }
}

/* The i-th live entry of a dict, or NULL. */
static const dict_entry *entry_at(const jit_any *v, size_t i)
{
    const dict *d = v->v.dict;
    for (size_t k = 0; k < d->n_entries; k++)
        if (d->entries[k].is_live && i-- == 0)
            return &d->entries[k];
    return NULL;
}

static jit_any *box_part(jit_value take, const jit_any *whole) { return api_box_keep_all(api_box(take), whole); }

jit_any *jit_item(const jit_any *v, size_t i)
{
    if (i >= jit_len(v))
        return NULL;
    switch (v->v.tag) {
    case VALUE_LIST: return box_part(list_get(v->v.list, i), v);
    case VALUE_TUPLE: return box_part(value_ref(v->v.tuple->at[i]), v);
    case VALUE_DICT: return box_part(value_ref(entry_at(v, i)->value), v);
    default: return NULL;
    }
}

jit_any *jit_key(const jit_any *v, size_t i)
{
    if (value_in(v).tag != VALUE_DICT || i >= v->v.dict->n)
        return NULL;
    return box_part(value_ref(entry_at(v, i)->key), v);
}

jit_any *jit_attribute(const jit_any *v, const char *name)
{
    if (!v || !name)
        return NULL;
    if (v->v.tag == VALUE_OBJECT) {
        int slot = type_class_slot(v->v.object->type, name);
        return slot < 0 ? NULL : box_part(value_ref(v->v.object->at[slot]), v);
    }
    if (v->v.tag == VALUE_TUPLE && v->v.tuple->type) {
        int i = type_named_tuple_index(v->v.tuple->type, name);
        return i < 0 ? NULL : box_part(value_ref(v->v.tuple->at[i]), v);
    }
    return NULL;
}

static const tensor *tensor_of(const jit_any *v) { return value_in(v).tag == VALUE_TENSOR ? v->v.t : NULL; }

jit_dtype jit_tensor_dtype(const jit_any *v)
{
    const tensor *t = tensor_of(v);
    return t ? (jit_dtype)t->dtype : JIT_UINT8;
}

size_t jit_tensor_n_dims(const jit_any *v) { return tensor_of(v) ? tensor_of(v)->n_dims : 0; }
const int64_t *jit_tensor_sizes(const jit_any *v) { return tensor_of(v) ? tensor_of(v)->sizes : NULL; }
const int64_t *jit_tensor_strides(const jit_any *v) { return tensor_of(v) ? tensor_of(v)->strides : NULL; }
int64_t jit_tensor_numel(const jit_any *v) { return tensor_of(v) ? tensor_of(v)->numel : 0; }
bool jit_tensor_requires_grad(const jit_any *v) { return tensor_of(v) && tensor_of(v)->requires_grad; }

void *jit_tensor_data(const jit_any *v)
{
    const tensor *t = tensor_of(v);
    if (!t || t->store->dev.kind != DEVICE_CPU)
        return NULL;
    t->store->is_exposed = true; // the caller may write
    return tensor_data(t);
}

jit_status jit_tensor_read(const jit_any *v, void *to, size_t n_bytes, jit_error *err)
{
    const tensor *t = tensor_of(v);
    if (!t)
        return error_fail(err, JIT_EINVAL, "jit_tensor_read: the value is not a tensor");
    size_t want = (size_t)t->numel * dtype_size(tensor_dtype(t));
    if (n_bytes < want)
        return error_fail(err, JIT_EINVAL, "jit_tensor_read: %zu bytes of room, %zu needed", n_bytes, want);
    jit_value args[2] = { v->v, VALUE_INT_V(0) }, ret; // memory_format=torch.contiguous_format
    api_run run;
    api_run_init(&run, NULL);
    bool is_done = op_call(&run.vm.op, op_find("aten::contiguous", ""), args, 2, &ret);
    jit_status status = is_done ? JIT_OK : api_fail_run(err, &run.vm);
    api_run_fini(&run);
    if (!is_done)
        return status;
    if (want)
        memcpy(to, tensor_data(ret.t), want);
    value_unref(ret);
    return JIT_OK;
}

char *jit_to_string(const jit_any *v)
{
    if (!v)
        return NULL;
    text out;
    text_init(&out, NULL);
    value_print(v->v, &out);
    return text_take(&out);
}

char *jit_to_json(const jit_any *v)
{
    if (!v)
        return NULL;
    text out;
    text_init(&out, NULL);
    api_value_json(v->v, &out);
    return text_take(&out);
}

void jit_free(char *s) { mem_free(s); }
