/* Factories: tensors from sizes, ranges, numbers and lists (at/native/TensorFactories.cpp, RangeFactories.cpp,
 * torch/csrc/jit/runtime/register_special_ops.cpp for torch.tensor). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/creation.h"
#include "runtime/kernels/scalar_math.h"

#include <math.h>
#include <string.h>

bool check_device(op_ctx *cx, jit_value device_value)
{
    if (device_value.tag != VALUE_DEVICE || device_value.dev.kind == DEVICE_CPU) return true;
    return op_fail(cx, JIT_EUNSUPPORTED, "tensors on this device are not supported; only cpu is");
}

bool read_options(op_ctx *cx, const jit_value *options, dtype otherwise, dtype *ret)
{
    const dtype d = arg_dtype(options[0], otherwise);
    if (!check_dtype(cx, d)) return false;
    if (arg_int(options[1], 0) != 0) return op_fail(cx, JIT_EUNSUPPORTED, "only strided tensors are supported");
    *ret = d;
    return check_device(cx, options[2]);
}

tensor *make_tensor_format(op_ctx *cx, dtype d, const int64_t *sizes, int n_dims, int64_t format)
{
    static const int8_t order4[] = { 1, 3, 2, 0 }, order5[] = { 1, 4, 3, 2, 0 };
    const int wanted = format == FORMAT_CHANNELS_LAST ? 4 : format == FORMAT_CHANNELS_LAST_3D ? 5 : n_dims;
    if (wanted != n_dims) {
        OP_FAIL(cx, "required rank %d tensor to use channels_last%s format", wanted, wanted == 5 ? "_3d" : "");
        return NULL;
    }
    if (format != FORMAT_CHANNELS_LAST && format != FORMAT_CHANNELS_LAST_3D)
        return make_tensor(cx, d, sizes, n_dims);
    const int8_t *order = n_dims == 4 ? order4 : order5;
    int64_t strides[TENSOR_MAX_DIMS], next = 1;
    for (int k = 0; k < n_dims; k++) {
        strides[order[k]] = next;
        next *= sizes[order[k]] > 1 ? sizes[order[k]] : 1;
    }
    return make_tensor_strided(cx, d, sizes, strides, n_dims);
}

static bool give_filled(op_ctx *cx, tensor *t, const jit_value *fill, jit_value *rets)
{
    if (!t || (fill && !tensor_fill(cx, t, *fill))) {
        tensor_unref(t);
        return false;
    }
    rets[0] = RET_TENSOR(t);
    return true;
}

/* size, options: zeros ones empty */
static bool make_sized(op_ctx *cx, jit_value size, const jit_value *options, dtype otherwise, const jit_value *fill,
                       int64_t format, jit_value *rets)
{
    const int64_t *sizes;
    int n_dims;
    dtype d;
    if (!arg_sizes(cx, size, &sizes, &n_dims) || !read_options(cx, options, otherwise, &d)) return false;
    return give_filled(cx, make_tensor_format(cx, d, sizes, n_dims, format), fill, rets);
}

static const jit_value zero = { .tag = VALUE_INT, .i = 0 }, one = { .tag = VALUE_INT, .i = 1 };

bool op_zeros(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_sized(cx, args[0], args + 1, DTYPE_float32, &zero, 0, rets);
}

bool op_ones(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_sized(cx, args[0], args + 1, DTYPE_float32, &one, 0, rets);
}

bool op_empty(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_sized(cx, args[0], args + 1, DTYPE_float32, &zero, arg_int(args[5], 0), rets);
}

/* Memory of one's own in given strides; zeros, as in all that is "empty" here. */
static bool make_strided(op_ctx *cx, jit_value size, jit_value stride, const jit_value *options, dtype otherwise, jit_value *rets)
{
    const int64_t *sizes;
    int n_dims, n_strides;
    dtype d;
    if (!arg_sizes(cx, size, &sizes, &n_dims) || !read_options(cx, options, otherwise, &d)) return false;
    const int64_t *strides = arg_ints(stride, &n_strides);
    if (n_strides != n_dims)
        return OP_FAIL(cx, "dimensionality of sizes (%d) must match dimensionality of strides (%d)", n_dims, n_strides);
    for (int i = 0; i < n_dims; i++)
        if (strides[i] < 0)
            return OP_FAIL(cx, "Storage size calculation overflowed with sizes=%s and strides=%s", sizes_print(sizes, n_dims).s,
                           sizes_print(strides, n_dims).s);
    tensor *t = make_tensor_strided(cx, d, sizes, strides, n_dims);
    if (t && t->store->n_bytes) memset(t->store->data, 0, t->store->n_bytes);
    return give_filled(cx, t, NULL, rets);
}

bool op_empty_strided(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_strided(cx, args[0], args[1], args + 2, DTYPE_float32, rets);
}

bool op_new_empty_strided(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_strided(cx, args[1], args[2], args + 3, tensor_dtype(args[0].t), rets);
}

bool op_full(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_sized(cx, args[0], args + 2, number_dtype(args[1]), &args[1], 0, rets);
}

bool op_new_zeros(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_sized(cx, args[1], args + 2, tensor_dtype(args[0].t), &zero, 0, rets);
}

bool op_new_ones(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_sized(cx, args[1], args + 2, tensor_dtype(args[0].t), &one, 0, rets);
}

bool op_new_full(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_sized(cx, args[1], args + 3, tensor_dtype(args[0].t), &args[2], 0, rets);
}

tensor *make_like(op_ctx *cx, const tensor *t, const jit_value *options)
{
    const int64_t format = arg_int(options[4], FORMAT_PRESERVE);
    dtype d;
    if (!read_options(cx, options, tensor_dtype(t), &d)) return NULL;
    if (format == FORMAT_PRESERVE) return make_tensor_like(cx, t, d);
    return make_tensor_format(cx, d, t->sizes, t->n_dims, format);
}

bool op_zeros_like(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_filled(cx, make_like(cx, args[0].t, args + 1), &zero, rets);
}

bool op_ones_like(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_filled(cx, make_like(cx, args[0].t, args + 1), &one, rets);
}

bool op_full_like(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_filled(cx, make_like(cx, args[0].t, args + 2), &args[1], rets);
}

bool op_scalar_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    dtype d;
    if (!read_options(cx, args + 1, DTYPE_float32, &d)) return false;
    return give_filled(cx, make_tensor(cx, d, NULL, 0), &args[0], rets);
}

bool op_num_to_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const dtype d = args[0].tag == VALUE_FLOAT ? DTYPE_float64 : args[0].tag == VALUE_COMPLEX ? DTYPE_complex128
                                                                                             : number_dtype(args[0]);
    tensor *t = tensor_from_number(cx, args[0], d);
    if (t) t->is_wrapped_number = true;
    return give_filled(cx, t, NULL, rets);
}

/* ---- ranges ---------------------------------------------------------------------------------- */
/* A number of the range as an integer. A step beyond those leads to no second element. */
static int64_t range_int(jit_value v) { return v.tag == VALUE_FLOAT ? scalar_to_int(v.f) : v.i; }

/* Elements by their index. `make` gives n <= BATCH of them from index `begin` on, as int64 or float64, which `as` says. */
enum { BATCH = 512 };
typedef struct by_index {
    void (*make)(const struct by_index *self, int64_t begin, int64_t n, void *ret);
    dtype as;
} by_index;

static void fill_by_index(tensor *t, const by_index *self)
{
    union { int64_t whole[BATCH]; double real[BATCH]; } made;
    const int64_t bytes = (int64_t)dtype_size(tensor_dtype(t));
    const cast_fn store = cast_find(self->as, tensor_dtype(t));
    for (int64_t done = 0, n; done < t->numel; done += n) {
        n = t->numel - done < BATCH ? t->numel - done : BATCH;
        self->make(self, done, n, &made);
        store(n, (const char *)&made, sizeof *made.real, (char *)tensor_data(t) + done * bytes, bytes);
    }
}

typedef struct whole_range { by_index base; int64_t start, step; } whole_range;
static void make_whole(const by_index *self, int64_t begin, int64_t n, void *ret)
{
    const whole_range *r = (const whole_range *)self;
    for (int64_t i = 0; i < n; i++) ((int64_t *)ret)[i] = r->start + (begin + i) * r->step;
}

typedef struct real_range { by_index base; double start, step; } real_range;
static void make_real(const by_index *self, int64_t begin, int64_t n, void *ret)
{
    const real_range *r = (const real_range *)self;
    for (int64_t i = 0; i < n; i++) ((double *)ret)[i] = r->start + (double)(begin + i) * r->step;
}

static void fill_range(tensor *t, jit_value start, jit_value step)
{
    if (dtype_is_integral(tensor_dtype(t)))
        fill_by_index(t, &(whole_range){ { make_whole, DTYPE_int64 }, range_int(start), range_int(step) }.base);
    else
        fill_by_index(t, &(real_range){ { make_real, DTYPE_float64 }, arg_double(start), arg_double(step) }.base);
}

/* int64 ranges, and inclusive ones of any whole type, are counted in whole numbers: their bounds are cut first. */
static bool whole_bound(op_ctx *cx, jit_value *bound)
{
    if (bound->tag != VALUE_FLOAT) return true;
    if (!(fabs(bound->f) < 0x1p63)) return OP_FAIL(cx, "unsupported range bound: %g", bound->f);
    *bound = VALUE_INT_V((int64_t)bound->f);
    return true;
}

static bool make_range(op_ctx *cx, jit_value start, jit_value end, jit_value step, bool is_inclusive,
                       const jit_value *options, dtype otherwise, jit_value *rets)
{
    dtype d;
    if (!read_options(cx, options, otherwise, &d)) return false;
    const bool is_whole = is_inclusive ? dtype_is_integral(d) : d == DTYPE_int64;
    if (is_whole && !(whole_bound(cx, &start) && whole_bound(cx, &end) && whole_bound(cx, &step)))
        return false;
    const double from = arg_double(start), to = arg_double(end), by = arg_double(step);
    if (by == 0) return OP_FAIL(cx, "step must be nonzero");
    if (!isfinite(from) || !isfinite(to)) return OP_FAIL(cx, "unsupported range: %g -> %g", from, to);
    if ((by > 0 && to < from) || (by < 0 && to > from))
        return OP_FAIL(cx, "upper bound and %s bound inconsistent with step sign", is_inclusive ? "lower" : "larger");
    double n = is_inclusive ? floor((to - from) / by) + 1 : ceil((to - from) / by);
    if (n < 0 || n > 0x1p62) return OP_FAIL(cx, "invalid size, possible overflow?");
    int64_t size = (int64_t)n;
    if (start.tag == VALUE_INT && end.tag == VALUE_INT && step.tag == VALUE_INT && !is_inclusive) {
        const __int128 span = (__int128)end.i - start.i, s = step.i; // exact beyond 2^53
        size = (int64_t)((span + s - (s > 0 ? 1 : -1)) / s);
    }
    tensor *t = make_tensor(cx, d, &size, 1);
    if (!t) return false;
    fill_range(t, start, step);
    rets[0] = RET_TENSOR(t);
    return true;
}

static dtype range_dtype(const jit_value *numbers, int n)
{
    for (int i = 0; i < n; i++)
        if (numbers[i].tag == VALUE_FLOAT) return DTYPE_float32;
    return DTYPE_int64;
}

bool op_arange(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_range(cx, zero, args[0], one, false, args + 1, range_dtype(args, 1), rets);
}

bool op_arange_start(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_range(cx, args[0], args[1], one, false, args + 2, range_dtype(args, 2), rets);
}

bool op_arange_step(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_range(cx, args[0], args[1], args[2], false, args + 3, range_dtype(args, 3), rets);
}

bool op_range(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_range(cx, args[0], args[1], one, true, args + 2, DTYPE_float32, rets);
}

bool op_range_step(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_range(cx, args[0], args[1], args[2], true, args + 3, DTYPE_float32, rets);
}

/* Element i of n evenly spaced values: from either end, so that both ends are exact. Whole types cut the ends first. */
static double spaced(dtype d, double start, double end, int64_t n, int64_t i)
{
    if (dtype_category_of(d) <= CATEGORY_I) {
        start = trunc(start);
        end = trunc(end);
    }
    if (n == 1) return start;
    if (d == DTYPE_float32) {
        const float from = (float)start, to = (float)end, step = (to - from) / (float)(n - 1);
        return (double)(i < n / 2 ? from + step * (float)i : to - step * (float)(n - i - 1));
    }
    const double step = (end - start) / (double)(n - 1);
    return i < n / 2 ? start + step * (double)i : end - step * (double)(n - i - 1);
}

typedef struct spaced_range {
    by_index base;
    dtype d;
    double start, end;
    int64_t n;
    const double *power_of; /* NULL: the values themselves */
} spaced_range;
static void make_spaced_elements(const by_index *self, int64_t begin, int64_t n, void *ret)
{
    const spaced_range *r = (const spaced_range *)self;
    double *x = ret;
    for (int64_t i = 0; i < n; i++) x[i] = spaced(r->d, r->start, r->end, r->n, begin + i);
    for (int64_t i = 0; r->power_of && i < n; i++) x[i] = pow(*r->power_of, x[i]);
}

static bool make_spaced(op_ctx *cx, const jit_value *args, const jit_value *options, const double *base, jit_value *rets)
{
    const int64_t n = args[2].i;
    dtype d;
    if (!read_options(cx, options, DTYPE_float32, &d)) return false;
    if (n < 0) return OP_FAIL(cx, "number of steps must be non-negative");
    tensor *t = make_tensor(cx, d, &n, 1);
    if (!t) return false;
    const dtype spaced_as = base && dtype_is_float(d) ? DTYPE_float64 : d;
    fill_by_index(t, &(spaced_range){ { make_spaced_elements, DTYPE_float64 }, spaced_as, arg_double(args[0]), arg_double(args[1]), n, base }.base);
    rets[0] = RET_TENSOR(t);
    return true;
}

bool op_linspace(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_spaced(cx, args, args + 3, NULL, rets);
}

bool op_logspace(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const double base = arg_double(args[3]);
    return make_spaced(cx, args, args + 4, &base, rets);
}

static bool make_eye(op_ctx *cx, int64_t n, int64_t m, const jit_value *options, jit_value *rets)
{
    dtype d;
    if (!read_options(cx, options, DTYPE_float32, &d)) return false;
    if (n < 0 || m < 0) return OP_FAIL(cx, "%s must be greater or equal to 0, got %lld", n < 0 ? "n" : "m", (long long)(n < 0 ? n : m));
    tensor *t = make_tensor(cx, d, (int64_t[]){ n, m }, 2);
    if (!t) return false;
    memset(tensor_data(t), 0, (size_t)t->numel * dtype_size(d));
    for (int64_t i = 0; i < n && i < m; i++)
        element_store_int(d, (char *)tensor_data(t) + i * (m + 1) * (int64_t)dtype_size(d), 1);
    rets[0] = RET_TENSOR(t);
    return true;
}

bool op_eye(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_eye(cx, args[0].i, args[0].i, args + 1, rets);
}

bool op_eye_m(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return make_eye(cx, args[0].i, args[1].i, args + 2, rets);
}

/* ---- torch.tensor, as_tensor ----------------------------------------------------------------- */
static const dtype list_dtypes[] = { [LIST_INTS] = DTYPE_int64, [LIST_FLOATS] = DTYPE_float32, [LIST_BOOLS] = DTYPE_bool };

static dtype list_dtype(const list *l)
{
    if (l->storage != LIST_VALUES) return list_dtypes[l->storage];
    if (l->n && l->values[0].tag == VALUE_LIST) return list_dtype(l->values[0].list);
    if (l->n && value_is_number(l->values[0])) return number_dtype(l->values[0]);
    const struct type *elem = l->elem;
    while (elem && elem->kind == TYPE_LIST) elem = type_elem(elem);
    return !elem || elem->kind == TYPE_FLOAT ? DTYPE_float32 : elem->kind == TYPE_INT ? DTYPE_int64 :
           elem->kind == TYPE_BOOL ? DTYPE_bool : elem->kind == TYPE_COMPLEX ? DTYPE_complex64 : DTYPE_float32;
}

static bool list_sizes(op_ctx *cx, const list *l, int64_t *sizes, int *ret_n)
{
    for (int n = 0;; n++) {
        if (n == TENSOR_MAX_DIMS) return OP_FAIL(cx, "too many dimensions");
        sizes[n] = (int64_t)l->n;
        *ret_n = n + 1;
        if (l->storage != LIST_VALUES || l->n == 0 || l->values[0].tag != VALUE_LIST) return true;
        l = l->values[0].list;
    }
}

/* Elements of nested lists in order; recursion over at most TENSOR_MAX_DIMS levels. */
static bool store_list(op_ctx *cx, const list *l, const tensor *t, int dim, char **p)
{
    const dtype d = tensor_dtype(t);
    if ((int64_t)l->n != t->sizes[dim])
        return OP_FAIL(cx, "Expected sequence of length %lld at dim %d (got %zu)", (long long)t->sizes[dim], dim, l->n);
    for (size_t i = 0; i < l->n; i++) {
        if (dim + 1 < t->n_dims) {
            if (l->values[i].tag != VALUE_LIST || !store_list(cx, l->values[i].list, t, dim + 1, p))
                return OP_FAIL(cx, "Expected nested lists of one depth");
            continue;
        }
        switch ((list_storage)l->storage) {
        case LIST_INTS: element_store_int(d, *p, l->ints[i]); break;
        case LIST_FLOATS: element_store_double(d, *p, l->floats[i]); break;
        case LIST_BOOLS: element_store_int(d, *p, l->bools[i]); break;
        case LIST_VALUES:
            if (!value_is_number(l->values[i])) return OP_FAIL(cx, "Expected a list of numbers");
            element_store_number(d, *p, l->values[i]);
            break;
        }
        *p += dtype_size(d);
    }
    return true;
}

/* `[1, 2.5]` is a list of a Union: one dtype would lose what the other is. */
static bool is_mixed(const list *l)
{
    const struct type *elem = l->elem;
    while (elem && elem->kind == TYPE_LIST) elem = type_elem(elem);
    return elem && (elem->kind == TYPE_UNION || elem->kind == TYPE_OPTIONAL);
}

static tensor *tensor_of_list(op_ctx *cx, const list *l, dtype wanted)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    int n_dims;
    if (is_mixed(l)) {
        OP_FAIL(cx, "Input must be of ints, floats, or bools, got a list of several types");
        return NULL;
    }
    if (!list_sizes(cx, l, sizes, &n_dims)) return NULL;
    tensor *t = make_tensor(cx, wanted == DTYPE_NONE ? list_dtype(l) : wanted, sizes, n_dims);
    char *p = t ? tensor_data(t) : NULL;
    if (t && t->numel && !store_list(cx, l, t, 0, &p)) {
        tensor_unref(t);
        return NULL;
    }
    return t;
}

static tensor *tensor_of_value(op_ctx *cx, jit_value data, jit_value dtype_value, jit_value device_value)
{
    const dtype d = arg_dtype(dtype_value, DTYPE_NONE);
    if (d != DTYPE_NONE && !check_dtype(cx, d)) return NULL;
    if (!check_device(cx, device_value)) return NULL;
    if (data.tag == VALUE_LIST) return tensor_of_list(cx, data.list, d);
    return tensor_from_number(cx, data, d == DTYPE_NONE ? number_dtype(data) : d);
}

bool op_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = tensor_of_value(cx, args[0], args[1], args[2]);
    if (!t) return false;
    t->requires_grad = arg_bool(args[3]);
    rets[0] = RET_TENSOR(t);
    return true;
}

bool op_as_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].tag != VALUE_TENSOR
                    ? tensor_of_value(cx, args[0], args[1], args[2])
                    : check_device(cx, args[2]) ? tensor_to(cx, args[0].t, arg_dtype(args[1], tensor_dtype(args[0].t))) : NULL;
    if (!t) return false;
    rets[0] = RET_TENSOR(t);
    return true;
}
