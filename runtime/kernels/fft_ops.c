/* torch.fft: transforms along dimensions, with padding and norms (at/native/SpectralOps.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/fft.h"

#include "base/alloc.h"
#include "runtime/kernels/creation.h"
#include "runtime/kernels/formula.h"
#include "runtime/kernels/reduce.h"

#include <math.h>
#include <string.h>

/* ---- one dimension ----------------------------------------------------------------------------- */

typedef struct line_work {
    const fft_plan *plan;
    lines from, to;
    cast_fn load, store;   /* to complex128 and back */
    int64_t n;             /* length of the transform */
    double scale;
    bool is_hermitian;     /* the second half of the input mirrors the first */
    _Atomic bool has_no_memory;
} line_work;

static void load_line(const line_work *w, int64_t k, double complex *x)
{
    const int64_t given = w->is_hermitian ? w->n / 2 + 1 : w->n;
    const int64_t n = given < w->from.length ? given : w->from.length;
    w->load(n, lines_at(&w->from, k), w->from.stride, (char *)x, sizeof *x);
    if (!w->is_hermitian)
        return;
    x[0] = creal(x[0]);
    if (w->n % 2 == 0)
        x[w->n / 2] = creal(x[w->n / 2]);
    for (int64_t i = given; i < w->n; i++)
        x[i] = conj(x[w->n - i]);
}

static void run_lines(void *ctx, int64_t begin, int64_t end)
{
    line_work *w = ctx;
    double complex *x = mem_alloc(((size_t)w->n + fft_scratch_size(w->plan)) * sizeof *x);
    if (!x) {
        w->has_no_memory = true;
        return;
    }
    for (int64_t k = begin; k < end; k++) {
        load_line(w, k, x);
        fft_run(w->plan, x, x + w->n);
        for (int64_t i = 0; i < w->to.length; i++)
            x[i] *= w->scale;
        w->store(w->to.length, (const char *)x, sizeof *x, lines_at(&w->to, k), w->to.stride);
    }
    mem_free(x);
}

/* A dimension's transform of length n; the result keeps the first `kept` elements, of type d. */
static tensor *transform_dim(formula *f, tensor *t, int dim, int64_t n, int64_t kept, bool is_inverse, bool is_hermitian,
                             double scale, dtype d)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    if (!t || f->failed)
        return NULL;
    memcpy(sizes, t->sizes, t->n_dims * sizeof *sizes);
    sizes[dim] = kept;
    tensor *out = formula_own(f, make_tensor(f->cx, d, sizes, t->n_dims));
    if (!out || out->numel == 0)
        return out;
    fft_plan *plan = fft_plan_new(n, is_inverse);
    line_work w = { .plan = plan, .from = lines_of(t, dim), .to = lines_of(out, dim), .n = n, .scale = scale,
                    .is_hermitian = is_hermitian };
    w.load = cast_find(w.from.d, DTYPE_complex128);
    w.store = cast_find(DTYPE_complex128, w.to.d);
    if (plan)
        par_for(w.to.n, lines_grain(&w.to), run_lines, &w);
    fft_plan_free(plan);
    if (plan && !w.has_no_memory)
        return out;
    op_no_memory(f->cx);
    f->failed = true;
    return NULL;
}

/* ---- transforms over several dimensions -------------------------------------------------------- */

typedef enum fft_norm { NORM_NONE, NORM_BY_ROOT, NORM_BY_N } fft_norm;

typedef struct fft_dims { int n; int at[TENSOR_MAX_DIMS]; } fft_dims;

static double norm_scale(fft_norm norm, int64_t n)
{
    return norm == NORM_NONE ? 1 : norm == NORM_BY_ROOT ? 1 / sqrt((double)n) : 1 / (double)n;
}

static tensor *complex_to_complex(formula *f, tensor *t, const int *dims, int n, fft_norm norm, bool is_inverse)
{
    for (int i = 0; i < n && t; i++)
        t = transform_dim(f, t, dims[i], t->sizes[dims[i]], t->sizes[dims[i]], is_inverse, false,
                          norm_scale(norm, t->sizes[dims[i]]), tensor_dtype(t));
    return t;
}

static tensor *real_to_complex(formula *f, tensor *t, const fft_dims *dims, fft_norm norm, bool is_inverse, bool one_sided)
{
    const int last = dims->at[dims->n - 1];
    const int64_t n = t->sizes[last];
    t = transform_dim(f, t, last, n, one_sided ? n / 2 + 1 : n, is_inverse, false, norm_scale(norm, n),
                      dtype_complex(tensor_dtype(t)));
    return complex_to_complex(f, t, dims->at, dims->n - 1, norm, is_inverse);
}

static tensor *complex_to_real(formula *f, tensor *t, const fft_dims *dims, fft_norm norm, bool is_inverse, int64_t n)
{
    const int last = dims->at[dims->n - 1];
    t = complex_to_complex(f, t, dims->at, dims->n - 1, norm, is_inverse);
    return t ? transform_dim(f, t, last, n, n, is_inverse, true, norm_scale(norm, n), dtype_real(tensor_dtype(t))) : NULL;
}

/* ---- arguments --------------------------------------------------------------------------------- */

static bool read_norm(op_ctx *cx, jit_value v, bool is_inverse, fft_norm *ret)
{
    if (v.tag == VALUE_NONE || arg_str_is(v, "backward"))
        *ret = is_inverse ? NORM_BY_N : NORM_NONE;
    else if (arg_str_is(v, "forward"))
        *ret = is_inverse ? NORM_NONE : NORM_BY_N;
    else if (arg_str_is(v, "ortho"))
        *ret = NORM_BY_ROOT;
    else
        return OP_FAIL(cx, "Invalid normalization mode: \"%s\"", v.s->s);
    return true;
}

/* The operand in the type of the transform: integers as the default float type, complex on demand. */
static tensor *promoted(formula *f, tensor *t, bool wants_complex)
{
    dtype d = tensor_dtype(t);
    if (!dtype_is_float(d) && !dtype_is_complex(d))
        d = DTYPE_float32;
    if (dtype_real(d) != DTYPE_float32 && dtype_real(d) != DTYPE_float64) {
        OP_FAIL(f->cx, "Unsupported dtype %s", dtype_prefix(d));
        f->failed = true;
        return NULL;
    }
    return formula_own(f, tensor_to(f->cx, t, wants_complex ? dtype_complex(d) : d));
}

/* Cut or pad with zeros so that dimension `dim` has n elements. */
static tensor *resized(formula *f, tensor *t, int dim, int64_t n)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    if (!t || t->sizes[dim] == n)
        return t;
    if (t->sizes[dim] > n)
        return F_(f, aten_narrow, T_V(t), INT_V(dim), INT_V(0), INT_V(n));
    memcpy(sizes, t->sizes, t->n_dims * sizeof *sizes);
    sizes[dim] = n;
    tensor *wide = formula_own(f, make_tensor(f->cx, tensor_dtype(t), sizes, t->n_dims));
    if (!wide || !tensor_fill(f->cx, wide, INT_V(0)))
        return NULL;
    tensor *front = F_(f, aten_narrow, T_V(wide), INT_V(dim), INT_V(0), INT_V(t->sizes[dim]));
    return front && tensor_copy_into(f->cx, front, t) ? wide : NULL;
}


/* Which dimensions, and the length of each: s and dim may both be None. */
static bool read_shape(formula *f, const tensor *t, jit_value s, jit_value dim, fft_dims *dims, int64_t *lengths)
{
    op_ctx *cx = f->cx;
    int n_sizes, n_dims;
    const int64_t *sizes = arg_ints(s, &n_sizes), *given = arg_ints(dim, &n_dims);
    if (n_sizes > t->n_dims && dim.tag == VALUE_NONE)
        return OP_FAIL(cx, "Got shape with %d values but input tensor only has %d dimensions.", n_sizes, t->n_dims);
    if (dim.tag == VALUE_LIST && s.tag == VALUE_LIST && n_sizes != n_dims)
        return OP_FAIL(cx, "When given, dim and shape arguments must have the same length");
    dims->n = dim.tag == VALUE_LIST ? n_dims : s.tag == VALUE_LIST ? n_sizes : t->n_dims;
    if (dims->n > TENSOR_MAX_DIMS)
        return OP_FAIL(cx, "too many dimensions");
    uint64_t seen = 0;
    for (int i = 0; i < dims->n; i++) {
        if (!wrap_dim(cx, dim.tag == VALUE_LIST ? given[i] : t->n_dims - dims->n + i, t->n_dims, &dims->at[i]))
            return false;
        if (t->n_dims == 0)
            return OP_FAIL(cx, "Dimension specified as %d but tensor has no dimensions", dims->at[i]);
        if (seen >> dims->at[i] & 1)
            return OP_FAIL(cx, "FFT dims must be unique");
        seen |= UINT64_C(1) << dims->at[i];
        lengths[i] = sizes && sizes[i] != -1 ? sizes[i] : t->sizes[dims->at[i]];
    }
    return true;
}

static bool check_lengths(op_ctx *cx, const fft_dims *dims, const int64_t *lengths)
{
    for (int i = 0; i < dims->n; i++)
        if (lengths[i] < 1)
            return OP_FAIL(cx, "Invalid number of data points (%lld) specified", (long long)lengths[i]);
    return true;
}

/* ---- kinds of transforms ----------------------------------------------------------------------- */

typedef enum fft_kind { C2C, R2C, C2R } fft_kind;

/* What stands behind each name. */
typedef struct fft_call {
    const char *name;
    fft_kind kind;
    bool is_inverse;
} fft_call;

static tensor *run_call(formula *f, const fft_call *c, tensor *t, const fft_dims *dims, const int64_t *lengths, fft_norm norm)
{
    const bool is_c2r = c->kind == C2R;
    for (int i = 0; i < dims->n; i++)
        t = resized(f, t, dims->at[i], is_c2r && i == dims->n - 1 ? lengths[i] / 2 + 1 : lengths[i]);
    if (!t) {
        f->failed = true;
        return NULL;
    }
    if (c->kind == C2C)
        return complex_to_complex(f, t, dims->at, dims->n, norm, c->is_inverse);
    return is_c2r ? complex_to_real(f, t, dims, norm, c->is_inverse, lengths[dims->n - 1])
                  : real_to_complex(f, t, dims, norm, c->is_inverse, true);
}

/* The last length of a transform to real numbers is that of the result. */
static int64_t last_length(const tensor *t, const fft_dims *dims, jit_value given)
{
    int n = 0;
    const int64_t *sizes = given.tag == VALUE_LIST ? arg_ints(given, &n) : NULL;
    const int64_t asked = sizes && n ? sizes[n - 1] : given.tag == VALUE_INT ? given.i : -1;
    const bool is_given = given.tag == VALUE_INT || asked != -1;
    return is_given ? asked : 2 * (t->sizes[dims->at[dims->n - 1]] - 1);
}

static bool give_transform(op_ctx *cx, const fft_call *c, const jit_value *args, bool is_multi, jit_value *rets)
{
    formula f = { .cx = cx };
    fft_dims dims = { .n = 1 };
    int64_t lengths[TENSOR_MAX_DIMS];
    fft_norm norm;
    tensor *t = args[0].t;
    if (c->kind == R2C && dtype_is_complex(tensor_dtype(t)))
        return OP_FAIL(cx, "%s expects a real input tensor, but got %s", c->name, dtype_prefix(tensor_dtype(t)));
    if (is_multi) {
        if (!read_shape(&f, t, args[1], args[2], &dims, lengths))
            return false;
    } else {
        if (!wrap_dim(cx, args[2].i, t->n_dims, &dims.at[0]))
            return false;
        if (t->n_dims == 0)
            return OP_FAIL(cx, "Dimension specified as %lld but tensor has no dimensions", (long long)args[2].i);
        lengths[0] = arg_int(args[1], t->sizes[dims.at[0]]);
    }
    if (c->kind != C2C && dims.n == 0)
        return OP_FAIL(cx, "%s must transform at least one axis", c->name);
    if (c->kind == C2R)
        lengths[dims.n - 1] = last_length(t, &dims, args[1]);
    if (!check_lengths(cx, &dims, lengths) || !read_norm(cx, args[3], c->is_inverse, &norm))
        return false;
    t = promoted(&f, t, c->kind != R2C);
    return formula_give(&f, run_call(&f, c, t, &dims, lengths, norm), rets);
}

/* A transform to real numbers in the forward direction conjugates what a backward one would; with both directions
 * at hand each kind simply names its own. */
#define FFT_KERNELS(K)                                                                     \
    K(fft, C2C, false, false) K(ifft, C2C, true, false) K(rfft, R2C, false, false)          \
    K(irfft, C2R, true, false) K(hfft, C2R, false, false) K(ihfft, R2C, true, false)        \
    K(fftn, C2C, false, true) K(ifftn, C2C, true, true) K(rfftn, R2C, false, true)          \
    K(irfftn, C2R, true, true) K(hfftn, C2R, false, true) K(ihfftn, R2C, true, true)
#define K(name_, kind_, inverse_, multi_)                                                  \
    bool op_fft_##name_(op_ctx *cx, const jit_value *args, jit_value *rets)                 \
    {                                                                                       \
        static const fft_call call = { .name = #name_, .kind = kind_, .is_inverse = inverse_ }; \
        return give_transform(cx, &call, args, multi_, rets);                               \
    }
FFT_KERNELS(K)
#undef K

/* ---- the primitives that the transforms are made of in PyTorch --------------------------------- */

static bool read_primitive(op_ctx *cx, const jit_value *args, fft_dims *dims, fft_norm *norm)
{
    int n;
    const int64_t *given = arg_ints(args[1], &n);
    if (n > TENSOR_MAX_DIMS || args[0].t->n_dims == 0)
        return OP_FAIL(cx, "too many dimensions");
    dims->n = n;
    for (int i = 0; i < n; i++)
        if (!wrap_dim(cx, given[i], args[0].t->n_dims, &dims->at[i]))
            return false;
    *norm = args[2].i == 1 ? NORM_BY_ROOT : args[2].i == 2 ? NORM_BY_N : NORM_NONE;
    return true;
}

bool op_fft_c2c(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    fft_dims dims;
    fft_norm norm;
    if (!dtype_is_complex(tensor_dtype(args[0].t)))
        return OP_FAIL(cx, "_fft_c2c expects a complex operand");
    if (!read_primitive(cx, args, &dims, &norm))
        return false;
    tensor *t = dims.n ? complex_to_complex(&f, args[0].t, dims.at, dims.n, norm, !arg_bool(args[3]))
                       : formula_own(&f, tensor_clone(cx, args[0].t));
    return formula_give(&f, t, rets);
}

bool op_fft_r2c(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    fft_dims dims;
    fft_norm norm;
    if (!dtype_is_float(tensor_dtype(args[0].t)))
        return OP_FAIL(cx, "_fft_r2c expects a real operand");
    if (!read_primitive(cx, args, &dims, &norm))
        return false;
    if (dims.n == 0)
        return OP_FAIL(cx, "_fft_r2c: no dimension to transform");
    return formula_give(&f, real_to_complex(&f, args[0].t, &dims, norm, false, arg_bool(args[3])), rets);
}

bool op_fft_c2r(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    fft_dims dims;
    fft_norm norm;
    if (!dtype_is_complex(tensor_dtype(args[0].t)))
        return OP_FAIL(cx, "_fft_c2r expects a complex operand");
    if (!read_primitive(cx, args, &dims, &norm))
        return false;
    if (dims.n == 0 || args[3].i < 1)
        return OP_FAIL(cx, "Invalid number of data points (%lld) specified", (long long)args[3].i);
    tensor *t = resized(&f, args[0].t, dims.at[dims.n - 1], args[3].i / 2 + 1);
    return formula_give(&f, t ? complex_to_real(&f, t, &dims, norm, true, args[3].i) : NULL, rets);
}

/* ---- frequencies and shifts -------------------------------------------------------------------- */

static bool give_frequencies(op_ctx *cx, const jit_value *args, bool is_one_sided, jit_value *rets)
{
    const int64_t n = args[0].i, size = is_one_sided ? n / 2 + 1 : n;
    dtype d;
    if (!read_options(cx, args + 2, DTYPE_float32, &d))
        return false;
    if (!dtype_is_float(d) && !dtype_is_complex(d))
        return OP_FAIL(cx, "%s requires a floating point or complex dtype", is_one_sided ? "rfftfreq" : "fftfreq");
    tensor *t = make_tensor(cx, d, &size, 1);
    if (!t)
        return false;
    const double unit = 1.0 / ((double)n * args[1].f);
    for (int64_t i = 0; i < size; i++) {
        const double k = (double)(is_one_sided || i < (n + 1) / 2 ? i : i - n);
        const double x = dtype_real(d) == DTYPE_float32 ? (double)((float)k * (float)unit) : k * unit;
        element_store_double(d, (char *)tensor_data(t) + (size_t)i * dtype_size(d), x);
    }
    rets[0] = RET_TENSOR(t);
    return true;
}

bool op_fft_fftfreq(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_frequencies(cx, args, false, rets);
}

bool op_fft_rfftfreq(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_frequencies(cx, args, true, rets);
}

static bool give_shifted(op_ctx *cx, const jit_value *args, bool is_inverse, jit_value *rets)
{
    formula f = { .cx = cx };
    const tensor *t = args[0].t;
    int n;
    const int64_t *dims = arg_ints(args[1], &n);
    int64_t at[TENSOR_MAX_DIMS], by[TENSOR_MAX_DIMS];
    if (args[1].tag == VALUE_NONE)
        n = t->n_dims;
    if (n > TENSOR_MAX_DIMS)
        return OP_FAIL(cx, "too many dimensions");
    for (int i = 0; i < n; i++) {
        int dim;
        if (!wrap_dim(cx, dims ? dims[i] : i, t->n_dims, &dim))
            return false;
        at[i] = dim;
        by[i] = t->n_dims == 0 ? 0 : is_inverse ? (t->sizes[dim] + 1) / 2 : t->sizes[dim] / 2;
    }
    if (n == 0)
        return formula_give(&f, formula_own(&f, tensor_clone(cx, args[0].t)), rets);
    return formula_give(&f, F_(&f, aten_roll, args[0], formula_ints(&f, by, (size_t)n), formula_ints(&f, at, (size_t)n)), rets);
}

bool op_fft_fftshift(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_shifted(cx, args, false, rets);
}

bool op_fft_ifftshift(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_shifted(cx, args, true, rets);
}
