/* tests/fuzz/random_value.c: values of a type made from the bytes a fuzzer chose. Small and plain ones are frequent, so
 * that calls get beyond the checks; the others are what checks are for: empty and 0-dim tensors, strides of all sorts,
 * numbers at the ends of their range. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/random_value.h"

#include <math.h>
#include <string.h>

enum { MOST_ELEMENTS = 4096, MOST_DEPTH = 3 };
#define N(list) (sizeof(list) / sizeof *(list))

size_t random_below(random_values *r, size_t n)
{
    size_t byte = r->at < r->end ? *r->at++ : 0;
    return byte % n;
}

static bool one_in(random_values *r, size_t n) { return random_below(r, n) == n - 1; }

void random_values_init(random_values *r, const uint8_t *bytes, size_t n_bytes)
{
    *r = (random_values){ .at = bytes, .end = bytes + n_bytes };
}

void random_values_fini(random_values *r)
{
    for (size_t i = 0; i < r->n_kept; i++)
        value_unref(r->kept[i]);
    r->n_kept = 0;
}

void random_values_keep(random_values *r, jit_value v)
{
    if (v.tag == VALUE_TENSOR && r->n_kept < RANDOM_MOST_KEPT)
        r->kept[r->n_kept++] = value_ref(v);
}

/* ---- tensors ------------------------------------------------------------------------------------ */

static int64_t random_size(random_values *r)
{
    static const int64_t sizes[] = { 2, 3, 1, 4, 0, 5, 7, 8, 1, 2, 3, 6, 16, 17, 33, 65 };
    return sizes[random_below(r, N(sizes))];
}

void random_values_begin_call(random_values *r)
{
    static const int n_dims[] = { 2, 1, 3, 4, 0, 5, 2, 8 };
    memset(r->variables, 0, sizeof r->variables);
    r->n_dims = n_dims[random_below(r, N(n_dims))];
    for (int i = 0; i < r->n_dims; i++)
        r->shape[i] = random_size(r);
}

/* Mostly the shape of the call, sometimes one that broadcasts with it, sometimes another. */
static int choose_sizes(random_values *r, int64_t *ret)
{
    int n = r->n_dims;
    size_t how = random_below(r, 8);
    memcpy(ret, r->shape, sizeof r->shape);
    if (how == 5 && n)
        ret[random_below(r, (size_t)n)] = 1;
    if (how == 6 && n)
        memmove(ret, ret + 1, (size_t)--n * sizeof *ret);
    if (how == 7)
        n = (int)random_below(r, 5);
    for (int i = 0; how == 7 && i < n; i++)
        ret[i] = random_size(r);
    int64_t numel = 1;
    for (int i = 0; i < n; i++) {
        if (numel * ret[i] > MOST_ELEMENTS)
            ret[i] = 1;
        numel *= ret[i];
    }
    return n;
}

/* Strides and offset of a window on a storage of *ret_n elements. */
static int64_t choose_strides(random_values *r, const int64_t *sizes, int n, int64_t *strides, int64_t *ret_n)
{
    size_t how = random_below(r, 8);
    int64_t step = how == 4 ? 2 : 1, offset = how == 4 || how == 5 ? 3 : 0;
    for (int k = 0; k < n; k++) {
        int i = how == 6 ? k : n - 1 - k; // 6: the first dimension is the innermost
        strides[i] = step;
        step *= sizes[i] > 1 ? sizes[i] : 1;
    }
    if (how == 7 && n)
        strides[random_below(r, (size_t)n)] = 0;
    if (how == 3 && n == 4) { // channels last
        strides[1] = 1;
        strides[3] = sizes[1] ? sizes[1] : 1;
        strides[2] = strides[3] * (sizes[3] ? sizes[3] : 1);
        strides[0] = strides[2] * (sizes[2] ? sizes[2] : 1);
    }
    *ret_n = offset + step;
    return offset;
}

static void fill_floats(random_values *r, void *to, size_t n, dtype d)
{
    static const float plain[] = { 1, -1, 0.5f, 2, 0, -0.25f, 3, 0.75f };
    static const float odd[] = { NAN, INFINITY, -INFINITY, -0.f, 1e30f, -1e30f, 1e-40f, 65504 };
    size_t first = random_below(r, 8), is_odd = random_below(r, 8);
    for (size_t i = 0; i < n; i++) {
        float f = is_odd == 7 && i % 3 == 0 ? odd[(first + i) % 8] : plain[(first + i * 5) % 8];
        switch (d) {
        case DTYPE_float64: ((double *)to)[i] = f; break;
        case DTYPE_float16: ((uint16_t *)to)[i] = float_to_half(f); break;
        case DTYPE_bfloat16: ((uint16_t *)to)[i] = float_to_bfloat16(f); break;
        default: ((float *)to)[i] = f; break;
        }
    }
}

static void fill_ints(random_values *r, void *to, size_t n, dtype d)
{
    static const int64_t odd[] = { INT64_MAX, INT64_MIN, -1, 127, -128, 1 << 20, -3, 255 };
    size_t first = random_below(r, 8), is_odd = random_below(r, 4), size = dtype_size(d);
    for (size_t i = 0; i < n; i++) {
        int64_t v = is_odd == 3 ? odd[(first + i) % 8] : (int64_t)((first + i * 5) % (is_odd == 2 ? 8 : 2));
        if (dtype_category_of(d) == CATEGORY_B)
            v &= 1;
        memcpy((char *)to + i * size, &v, size); // little-endian
    }
}

static bool random_tensor(random_values *r, jit_value *ret)
{
    static const int8_t dtypes[] = {
        DTYPE_float32,  DTYPE_int64, DTYPE_float32, DTYPE_bool,  DTYPE_float64, DTYPE_int32,
        DTYPE_float32,  DTYPE_int64, DTYPE_float32, DTYPE_uint8, DTYPE_float16, DTYPE_complex64,
        DTYPE_bfloat16, DTYPE_int8,  DTYPE_int16,   DTYPE_complex128,
    };
    if (r->n_kept && random_below(r, 4) == 3) {
        *ret = value_ref(r->kept[random_below(r, r->n_kept)]);
        return true;
    }
    int64_t sizes[RANDOM_SHAPE_DIMS], strides[RANDOM_SHAPE_DIMS], n_stored;
    dtype d = (dtype)dtypes[random_below(r, N(dtypes))];
    int n = choose_sizes(r, sizes);
    int64_t offset = choose_strides(r, sizes, n, strides, &n_stored);
    storage *s = storage_new(DEVICE_CPU0, (size_t)n_stored * dtype_size(d));
    if (!s)
        return false;
    size_t n_numbers = (size_t)n_stored * (dtype_is_complex(d) ? 2 : 1);
    if (dtype_is_float(d) || dtype_is_complex(d))
        fill_floats(r, s->data, n_numbers, d == DTYPE_complex64 ? DTYPE_float32 : d == DTYPE_complex128 ? DTYPE_float64 : d);
    else
        fill_ints(r, s->data, n_numbers, d);
    tensor *t = tensor_on_storage(s, d, sizes, strides, n, offset);
    storage_unref(s);
    if (!t)
        return false;
    t->is_wrapped_number = !n && one_in(r, 4);
    *ret = VALUE_HEAP_V(VALUE_TENSOR, t);
    random_values_keep(r, *ret);
    return true;
}

/* ---- numbers and texts -------------------------------------------------------------------------- */

static int64_t random_int(random_values *r)
{
    static const int64_t plain[] = { 1, 0, 2, -1, 3, -2, 4, 5 };
    static const int64_t odd[] = {
        7, -3, 16, 100, 1000, INT64_MAX, INT64_MIN, INT64_C(1) << 31, -(INT64_C(1) << 31), INT64_C(1) << 32,
        INT64_C(1) << 62, 65536, INT64_MAX / 2, -100, 63, INT64_MIN + 1,
    };
    return one_in(r, 5) ? odd[random_below(r, N(odd))] : plain[random_below(r, N(plain))];
}

static double random_float(random_values *r)
{
    static const double floats[] = { 0.5, 1, 0, -1, 2, 1e-5, 0.1, -0.5, 3, 1e308, -1e300, INFINITY, -INFINITY, NAN, 1e10, 7 };
    return floats[random_below(r, N(floats))];
}

/* What a parameter of type int is that PyTorch calls something else. */
static int64_t random_code(random_values *r, const char *spelling)
{
    if (!strncmp(spelling, "ScalarType", 10))
        return (int64_t)random_below(r, one_in(r, 8) ? 64 : 12) - one_in(r, 16);
    if (!strncmp(spelling, "MemoryFormat", 12))
        return (int64_t)random_below(r, 5);
    if (!strncmp(spelling, "Layout", 6))
        return one_in(r, 8) ? random_int(r) : 0;
    return random_int(r);
}

static jit_value random_text(random_values *r)
{
    static const char *const words[] = {
        "", "mean", "sum", "none", "constant", "reflect", "replicate", "circular", "ij", "xy", "trunc", "floor", "tanh",
        "amax", "amin", "prod", "max", "min", "left", "right", "fro", "nuc", "forward", "backward", "ortho", "L", "U",
        "ij,jk->ik", "i,i", "...ij->...ji", "bij,bjk", "reduced", "complete", "r", "gelsd", "a b c", "%d %s", "{} {}",
        "\xc3\xa9", "0x1", "1e400", "-7", "{0} {", "%*d",
    };
    const char *s = words[random_below(r, N(words))];
    if (!one_in(r, 4) || r->at == r->end)
        return VALUE_HEAP_V(VALUE_STR, str_new(s, strlen(s)));
    size_t n = random_below(r, 16), left = (size_t)(r->end - r->at);
    n = n < left ? n : left;
    str *made = str_new((const char *)r->at, n);
    r->at += n;
    return VALUE_HEAP_V(VALUE_STR, made);
}

/* ---- containers --------------------------------------------------------------------------------- */

static bool make(random_values *r, const type *t, const schema_arg *param, int depth, jit_value *ret);

/* A type variable stands for one type in a call. */
static const type *resolve(random_values *r, const type *t)
{
    if (t->kind != TYPE_VAR)
        return t;
    const type *const choices[] = { T_INT, T_STR, T_FLOAT, T_TENSOR, T_BOOL, type_list(T_INT), type_optional(T_INT) };
    const type **bound = &r->variables[(unsigned char)t->name[0] % N(r->variables)];
    if (!*bound)
        *bound = choices[random_below(r, N(choices))];
    return *bound;
}

static bool random_list(random_values *r, const type *t, const schema_arg *param, int depth, jit_value *ret)
{
    const type *elem = resolve(r, type_elem(t));
    size_t n = param && param->sized && !one_in(r, 8) ? (size_t)param->sized : random_below(r, 5);
    list *l = list_new(elem, type_list_storage(elem), n);
    for (size_t i = 0; l && i < n; i++) {
        jit_value v;
        if (!make(r, elem, NULL, depth + 1, &v) || !list_push(l, v)) {
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
            return false;
        }
    }
    *ret = VALUE_HEAP_V(VALUE_LIST, l);
    return l != NULL;
}

static bool random_dict(random_values *r, const type *t, int depth, jit_value *ret)
{
    const type *key = resolve(r, t->args[0]), *elem = resolve(r, t->args[1]);
    if (key->kind == TYPE_LIST || key->kind == TYPE_OPTIONAL)
        key = T_STR;
    dict *d = dict_new(key, elem);
    for (size_t n = random_below(r, 4); d && n--;) {
        jit_value k, v;
        if (!make(r, key, NULL, depth + 1, &k))
            break;
        if (!make(r, elem, NULL, depth + 1, &v)) {
            value_unref(k);
            break;
        }
        if (!dict_set(d, k, v))
            break;
    }
    *ret = VALUE_HEAP_V(VALUE_DICT, d);
    return d != NULL;
}

static bool random_tuple(random_values *r, const type *t, int depth, jit_value *ret)
{
    tuple *made = tuple_new(NULL, t->n_args);
    bool ok = made != NULL;
    for (size_t i = 0; ok && i < t->n_args; i++)
        ok = make(r, t->args[i], NULL, depth + 1, &made->at[i]);
    *ret = VALUE_HEAP_V(VALUE_TUPLE, made);
    if (!ok)
        value_unref(*ret);
    return ok;
}

/* ---- any type ----------------------------------------------------------------------------------- */

static bool random_any(random_values *r, int depth, jit_value *ret)
{
    const type *const choices[] = { T_INT, T_TENSOR, T_STR, T_FLOAT, T_BOOL, T_NONE, type_list(T_INT), T_COMPLEX };
    return make(r, choices[random_below(r, N(choices))], NULL, depth + 1, ret);
}

static bool random_number(random_values *r, jit_value *ret)
{
    const type *const choices[] = { T_INT, T_FLOAT, T_INT, T_BOOL, T_FLOAT, T_COMPLEX };
    return make(r, choices[random_below(r, N(choices))], NULL, 0, ret);
}

static bool random_complex(random_values *r, jit_value *ret)
{
    double re = random_float(r), im = random_float(r);
    *ret = VALUE_HEAP_V(VALUE_COMPLEX, complex_new(re, im));
    return ret->p != NULL;
}

static bool make(random_values *r, const type *t, const schema_arg *param, int depth, jit_value *ret)
{
    t = resolve(r, t);
    if (depth > MOST_DEPTH)
        t = T_INT;
    switch ((type_kind)t->kind) {
    case TYPE_TENSOR: return random_tensor(r, ret);
    case TYPE_BOOL:   *ret = VALUE_BOOL_V(random_below(r, 2)); return true;
    case TYPE_FLOAT:  *ret = VALUE_FLOAT_V(random_float(r)); return true;
    case TYPE_NONE:   *ret = VALUE_NONE_V; return true;
    case TYPE_STR:    *ret = random_text(r); return ret->p != NULL;
    case TYPE_DEVICE: *ret = VALUE_DEVICE_V(DEVICE_CPU0); return true;
    case TYPE_INT:    *ret = VALUE_INT_V(param && param->spelling ? random_code(r, param->spelling) : random_int(r)); return true;
    case TYPE_COMPLEX: return random_complex(r, ret);
    case TYPE_NUMBER: return random_number(r, ret);
    case TYPE_ANY:    return random_any(r, depth, ret);
    case TYPE_LIST:   return random_list(r, t, param, depth, ret);
    case TYPE_DICT:   return random_dict(r, t, depth, ret);
    case TYPE_TUPLE:  return random_tuple(r, t, depth, ret);
    case TYPE_OPTIONAL:
        if (type_without_none(t)->kind != TYPE_GENERATOR && random_below(r, 2))
            return make(r, type_without_none(t), param, depth, ret);
        *ret = VALUE_NONE_V;
        return true;
    default:
        return false;
    }
}

bool random_value(random_values *r, const type *t, const schema_arg *param, jit_value *ret)
{
    return make(r, t, param, 0, ret);
}
