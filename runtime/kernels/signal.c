/* Windows and the short-time Fourier transform (at/native/TensorFactories.cpp, SpectralOps.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "runtime/kernels/creation.h"
#include "runtime/kernels/formula.h"

#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- windows ----------------------------------------------------------------------------------- */

typedef struct window_law {
    const char *name;
    double (*at)(dtype d, double x, double last, const double *p); /* x of 0 … last */
    double p[2];
} window_law;

/* x as elements of the type hold it: PyTorch makes windows by operators on tensors of their type. */
static double held(dtype d, double x)
{
    char element[16];
    element_store_double(d, element, x);
    return element_load_double(d, element);
}

static double held_product(dtype d, double x, double factor) { return held(d, x * held(d, factor)); }

/* factor · cos(angle) */
static double held_cos(dtype d, double angle, double factor)
{
    return held_product(d, held(d, cos(angle)), factor);
}

static double cosine_at(dtype d, double x, double last, const double *p)
{
    return held(d, held_cos(d, held_product(d, held(d, x), 2 * M_PI / last), -p[1]) + held(d, p[0]));
}

static double blackman_at(dtype d, double x, double last, const double *p)
{
    const double half = held_product(d, held(d, x), M_PI / last);
    (void)p;
    return held(d, held(d, held_cos(d, held(d, half * 4), 0.08) - held_cos(d, held(d, half * 2), 0.5)) + held(d, 0.42));
}

static double bartlett_at(dtype d, double x, double last, const double *p)
{
    const double rising = held_product(d, held(d, x), 2 / last);
    (void)p;
    return x <= floor(last / 2) ? rising : held(d, 2 - rising);
}

static double bessel_i0(double x)
{
    double term = 1, sum = 1;
    for (int k = 1; term > sum * 1e-17 && k < 2000; k++)
        sum += term *= x * x / (4.0 * k * k);
    return sum;
}

static double kaiser_at(dtype d, double x, double last, const double *p)
{
    const double middle = held(d, last / 2), beta = held(d, p[0]);
    const double z = held(d, held(d, held(d, x) - middle) / middle);
    const double height = held(d, sqrt(held(d, fmax(0, 1 - held(d, z * z)))));
    return held(d, bessel_i0(held(d, beta * height))) / held(d, bessel_i0(beta));
}

/* A periodic window is one of a longer period without its last element. */
static bool give_window(op_ctx *cx, const window_law *law, int64_t n, bool is_periodic, const jit_value *options, jit_value *rets)
{
    dtype d;
    if (!read_options(cx, options, DTYPE_float32, &d))
        return false;
    if (!dtype_is_float(d))
        return OP_FAIL(cx, "%s expects floating point dtypes, got: %s", law->name, dtype_name(d));
    if (n < 0)
        return OP_FAIL(cx, "%s requires non-negative window_length, got window_length=%lld", law->name, (long long)n);
    tensor *t = make_tensor(cx, d, &n, 1);
    if (!t)
        return false;
    const double last = (double)(is_periodic ? n : n - 1);
    for (int64_t i = 0; i < n; i++)
        element_store_double(d, (char *)tensor_data(t) + (size_t)i * dtype_size(d), n == 1 ? 1 : law->at(d, (double)i, last, law->p));
    rets[0] = RET_TENSOR(t);
    return true;
}

/* length [periodic [a [b]]] dtype layout device pin_memory */
static bool window_call(op_ctx *cx, window_law law, const jit_value *args, jit_value *rets)
{
    const schema *s = op_schema(cx->op);
    if (!s)
        return op_no_memory(cx);
    const int n_own = (int)s->n_args - 4;
    for (int i = 2; i < n_own; i++)
        law.p[i - 2] = arg_double(args[i]);
    return give_window(cx, &law, args[0].i, n_own < 2 || arg_bool(args[1]), args + n_own, rets);
}

#define WINDOW(name, at, ...)                                                                      \
    bool op_##name(op_ctx *cx, const jit_value *args, jit_value *rets)                             \
    {                                                                                              \
        return window_call(cx, (window_law){ #name, at, { __VA_ARGS__ } }, args, rets);            \
    }
WINDOW(hann_window, cosine_at, 0.5, 0.5)
WINDOW(hamming_window, cosine_at, 0.54, 0.46)
WINDOW(blackman_window, blackman_at, 0)
WINDOW(bartlett_window, bartlett_at, 0)
WINDOW(kaiser_window, kaiser_at, 12)

/* ---- stft -------------------------------------------------------------------------------------- */

/* The arguments that stft and istft share, and how messages begin. */
typedef struct stft_call {
    tensor *t, *window;
    int64_t n_fft, hop, win;
    bool is_centered, is_normalized;
    jit_value one_sided;
    char head[512];
} stft_call;

static const char *option_text(jit_value v)
{
    return v.tag == VALUE_NONE ? "None" : arg_bool(v) ? "1" : "0";
}

static void write_head(stft_call *c, jit_value return_complex)
{
    char window[320] = "None";
    if (c->window)
        snprintf(window, sizeof window, "torch.%sTensor{%s}", dtype_prefix(tensor_dtype(c->window)),
                 sizes_print(c->window->sizes, c->window->n_dims).s);
    snprintf(c->head, sizeof c->head, "stft(torch.%sTensor%.100s, n_fft=%lld, hop_length=%lld, win_length=%lld, window=%.100s, "
             "normalized=%d, onesided=%s, return_complex=%s) ", dtype_prefix(tensor_dtype(c->t)),
             sizes_print(c->t->sizes, c->t->n_dims).s, (long long)c->n_fft, (long long)c->hop, (long long)c->win, window,
             c->is_normalized, option_text(c->one_sided), option_text(return_complex));
}

static bool check_stft(op_ctx *cx, const stft_call *c)
{
    const tensor *t = c->t, *w = c->window;
    if (!dtype_is_float(tensor_dtype(t)) && !dtype_is_complex(tensor_dtype(t)))
        return OP_FAIL(cx, "%s: expected a tensor of floating point or complex values", c->head);
    if (t->n_dims < 1 || t->n_dims > 2)
        return OP_FAIL(cx, "%s: expected a 1D or 2D tensor", c->head);
    const int64_t n = t->sizes[t->n_dims - 1];
    if (c->n_fft <= 0 || c->n_fft > n)
        return OP_FAIL(cx, "%s: expected 0 < n_fft < %lld, but got n_fft=%lld", c->head, (long long)n, (long long)c->win);
    if (c->hop <= 0)
        return OP_FAIL(cx, "%s: expected hop_length > 0, but got hop_length=%lld", c->head, (long long)c->hop);
    if (c->win <= 0 || c->win > c->n_fft)
        return OP_FAIL(cx, "%s: expected 0 < win_length <= n_fft, but got win_length=%lld", c->head, (long long)c->win);
    if (w && (w->n_dims != 1 || w->sizes[0] != c->win))
        return OP_FAIL(cx, "%s: expected a 1D window tensor of size equal to win_length=%lld, but got window with size %s",
                       c->head, (long long)c->win, sizes_print(w->sizes, w->n_dims).s);
    return true;
}

/* The signal with n_fft / 2 elements more on both sides; paddings want three dimensions. */
static tensor *centered(formula *f, tensor *t, int64_t n_fft, jit_value mode)
{
    const int n_dims = t->n_dims;
    for (int i = n_dims; i < 3; i++)
        t = F_(f, aten_unsqueeze, T_V(t), INT_V(0));
    t = F_(f, aten_pad, T_V(t), F_INTS(f, n_fft / 2, n_fft / 2), mode, NONE_V);
    for (int i = n_dims; i < 3; i++)
        t = F_(f, aten_squeeze_dim, T_V(t), INT_V(0));
    return t;
}

/* The window, zeros around it, n_fft long. A missing one is of ones. */
static tensor *full_window(formula *f, const stft_call *c, dtype d)
{
    const int64_t left = (c->n_fft - c->win) / 2;
    tensor *w = c->window ? c->window : F_(f, aten_ones, F_INTS(f, c->win), INT_V(d), NONE_V, NONE_V, NONE_V);
    return F_(f, aten_constant_pad_nd, T_V(w), F_INTS(f, left, c->n_fft - c->win - left), INT_V(0));
}

/* The windowed frames of a signal [batch, time], transformed: [batch, frequency, frame]. */
static tensor *transform_frames(formula *f, const stft_call *c, tensor *t)
{
    const int64_t n_frames = 1 + (t->sizes[1] - c->n_fft) / c->hop, norm = c->is_normalized ? 1 : 0;
    tensor *x = F_(f, aten_as_strided, T_V(t), F_INTS(f, t->sizes[0], n_frames, c->n_fft),
                   F_INTS(f, t->strides[0], c->hop * t->strides[1], t->strides[1]), INT_V(t->offset));
    if (c->window || c->win < c->n_fft)
        x = F_(f, aten_mul_Tensor, T_V(x), T_V(full_window(f, c, dtype_real(tensor_dtype(t)))));
    if (!x)
        return NULL;
    const bool is_complex = dtype_is_complex(tensor_dtype(x));
    const bool one_sided = c->one_sided.tag == VALUE_NONE ? !is_complex : arg_bool(c->one_sided);
    if (is_complex && one_sided) {
        OP_FAIL(f->cx, "Cannot have onesided output if window or input is complex");
        return NULL;
    }
    x = is_complex ? F_(f, aten__fft_c2c, T_V(x), F_INTS(f, 2), INT_V(norm), BOOL_V(true))
                   : F_(f, aten__fft_r2c, T_V(x), F_INTS(f, 2), INT_V(norm), BOOL_V(one_sided));
    return F_(f, aten_transpose_int, T_V(x), INT_V(1), INT_V(2));
}

static bool give_stft(op_ctx *cx, stft_call *c, jit_value pad_mode, jit_value return_complex, jit_value *rets)
{
    formula f = { .cx = cx };
    if (c->is_centered && c->t->n_dims >= 1 && c->n_fft >= 0)
        c->t = centered(&f, c->t, c->n_fft, pad_mode);
    if (!c->t)
        return formula_drop(&f);
    write_head(c, return_complex);
    if (!check_stft(cx, c))
        return formula_drop(&f);
    const bool is_line = c->t->n_dims == 1;
    tensor *t = is_line ? F_(&f, aten_unsqueeze, T_V(c->t), INT_V(0)) : c->t, *x = t ? transform_frames(&f, c, t) : NULL;
    if (is_line)
        x = F_(&f, aten_squeeze_dim, T_V(x), INT_V(0));
    const bool is_complex = return_complex.tag != VALUE_NONE ? arg_bool(return_complex)
                          : dtype_is_complex(tensor_dtype(c->t)) || (c->window && dtype_is_complex(tensor_dtype(c->window)));
    return formula_give(&f, is_complex ? x : F_(&f, aten_view_as_real, T_V(x)), rets);
}

static stft_call read_call(const jit_value *args)
{
    stft_call c = { .t = args[0].t, .n_fft = args[1].i, .window = arg_tensor(args[4]) };
    c.hop = arg_int(args[2], c.n_fft >> 2);
    c.win = arg_int(args[3], c.n_fft);
    return c;
}

/* self n_fft hop_length win_length window normalized onesided return_complex */
bool op_stft(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    stft_call c = read_call(args);
    c.is_normalized = arg_bool(args[5]);
    c.one_sided = args[6];
    return give_stft(cx, &c, NONE_V, args[7], rets);
}

/* self n_fft hop_length win_length window center pad_mode normalized onesided return_complex */
bool op_stft_center(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    stft_call c = read_call(args);
    c.is_centered = arg_bool(args[5]);
    c.is_normalized = arg_bool(args[7]);
    c.one_sided = args[8];
    return give_stft(cx, &c, args[6], args[9], rets);
}

/* ---- istft ------------------------------------------------------------------------------------- */

static bool istft_fail(op_ctx *cx, const stft_call *c, jit_value length, bool return_complex, const char *what)
{
    char window[320] = "None", until[24] = "None";
    if (c->window)
        snprintf(window, sizeof window, "torch.%sTensor{%s}", dtype_prefix(tensor_dtype(c->window)),
                 sizes_print(c->window->sizes, c->window->n_dims).s);
    if (length.tag != VALUE_NONE)
        snprintf(until, sizeof until, "%lld", (long long)length.i);
    return OP_FAIL(cx, "istft(CPU%sType%s, n_fft=%lld, hop_length=%lld, win_length=%lld, window=%s, center=%d, normalized=%d, "
                   "onesided=%s, length=%s, return_complex=%d) %s", dtype_prefix(tensor_dtype(c->t)),
                   sizes_print(c->t->sizes, c->t->n_dims).s, (long long)c->n_fft, (long long)c->hop, (long long)c->win, window,
                   c->is_centered, c->is_normalized, option_text(c->one_sided), until, return_complex, what);
}

/* NULL: the spectrum [.., frequency, frame, 2] fits the other arguments. */
static const char *istft_fault(const stft_call *c, const tensor *x, bool one_sided)
{
    if (x->numel == 0)
        return ": input tensor cannot be empty.";
    if (x->n_dims != 3 && x->n_dims != 4)
        return ": expected a tensor with 3 or 4 dimensions";
    if (x->sizes[x->n_dims - 1] != 2)
        return ": expected the last dimension to be 2 (corresponding to real and imaginary parts)";
    if (one_sided ? x->sizes[x->n_dims - 3] != c->n_fft / 2 + 1 : x->sizes[x->n_dims - 3] != c->n_fft)
        return one_sided ? ": expected the frequency dimension (3rd to the last) of the input tensor to match n_fft / 2 + 1 when onsided=True"
                         : ": expected the frequency dimension (3rd to the last) of the input tensor to match n_fft when onsided=False";
    if (c->hop <= 0 || c->hop > c->win)
        return ": expected 0 < hop_length <= win_length";
    if (c->win <= 0 || c->win > c->n_fft)
        return ": expected 0 < win_length <= n_fft";
    if (c->window && (c->window->n_dims != 1 || c->window->sizes[0] != c->win))
        return ": Invalid window shape. window has to be 1D and length of `win_length`";
    return NULL;
}

/* Frames [batch, frame, n_fft] and squared windows, each added where it lies in time; their quotient from `start` on,
 * `n` elements per line. *ret_least: the least sum of squares. */
static tensor *overlap_add(formula *f, tensor *frames, tensor *window, int64_t hop, int64_t start, int64_t n, double *ret_least)
{
    tensor *x = formula_own(f, frames ? tensor_contiguous(f->cx, frames) : NULL);
    const int64_t n_frames = x ? x->sizes[1] : 0, n_fft = x ? x->sizes[2] : 0, length = n_fft + hop * (n_frames - 1);
    tensor *out = x && window ? formula_own(f, make_tensor(f->cx, tensor_dtype(x), (int64_t[]){ x->sizes[0], n }, 2)) : NULL;
    double complex *sum = out ? mem_alloc((size_t)length * 2 * sizeof *sum) : NULL;
    if (!sum) {
        f->failed = true;
        if (out)
            op_no_memory(f->cx);
        return NULL;
    }
    double complex *weights = sum + length;
    *ret_least = INFINITY;
    for (int64_t b = 0; b < x->sizes[0]; b++) {
        memset(sum, 0, (size_t)length * 2 * sizeof *sum);
        for (int64_t k = 0; k < n_frames; k++)
            for (int64_t i = 0; i < n_fft; i++) {
                double re, im, w_re, w_im;
                const size_t at = (size_t)((b * n_frames + k) * n_fft + i);
                element_load_complex(tensor_dtype(x), (char *)tensor_data(x) + at * dtype_size(tensor_dtype(x)), &re, &im);
                element_load_complex(tensor_dtype(window), (char *)tensor_data(window) + (size_t)i * dtype_size(tensor_dtype(window)),
                                     &w_re, &w_im);
                const double complex w = __builtin_complex(w_re, w_im);
                sum[k * hop + i] += __builtin_complex(re, im) * w;
                weights[k * hop + i] += w * w;
            }
        for (int64_t i = 0; i < n; i++) {
            const bool is_inside = start + i < length;
            const double complex y = is_inside ? sum[start + i] / weights[start + i] : 0;
            if (is_inside)
                *ret_least = fmin(*ret_least, cabs(weights[start + i]));
            element_store_complex(tensor_dtype(out), (char *)tensor_data(out) + (size_t)(b * n + i) * dtype_size(tensor_dtype(out)),
                                  creal(y), cimag(y));
        }
    }
    mem_free(sum);
    return out;
}

/* The frames in time: [batch, frame, n_fft]. */
static tensor *inverse_frames(formula *f, const stft_call *c, tensor *pairs, bool one_sided, bool is_complex)
{
    const int64_t norm = c->is_normalized ? 1 : 2;
    tensor *x = F_(f, aten_view_as_complex, T_V(formula_own(f, tensor_contiguous(f->cx, pairs))));
    if (pairs->n_dims == 3)
        x = F_(f, aten_unsqueeze, T_V(x), INT_V(0));
    x = F_(f, aten_transpose_int, T_V(x), INT_V(1), INT_V(2));
    if (is_complex)
        return F_(f, aten__fft_c2c, T_V(x), F_INTS(f, 2), INT_V(norm), BOOL_V(false));
    if (!one_sided)
        x = F_(f, aten_narrow, T_V(x), INT_V(2), INT_V(0), INT_V(c->n_fft / 2 + 1));
    return F_(f, aten__fft_c2r, T_V(x), F_INTS(f, 2), INT_V(norm), INT_V(c->n_fft));
}

/* self n_fft hop_length win_length window center normalized onesided length return_complex */
bool op_istft(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    stft_call c = read_call(args);
    const bool is_complex = arg_bool(args[9]);
    c.is_centered = arg_bool(args[5]);
    c.is_normalized = arg_bool(args[6]);
    c.one_sided = args[7];
    tensor *pairs = dtype_is_complex(tensor_dtype(c.t)) ? F_(&f, aten_view_as_real, args[0]) : c.t;
    if (!pairs)
        return formula_drop(&f);
    const bool is_deep = pairs->n_dims >= 3;
    const bool one_sided = c.one_sided.tag == VALUE_NONE && is_deep ? pairs->sizes[pairs->n_dims - 3] != c.n_fft : c.one_sided.tag != VALUE_NONE && arg_bool(c.one_sided);
    const char *fault = istft_fault(&c, pairs, one_sided);
    if (!fault && is_complex && one_sided)
        fault = ": Cannot have onesided output if window or input is complex";
    const int64_t start = c.is_centered ? c.n_fft / 2 : 0, length = is_deep ? c.n_fft + c.hop * (pairs->sizes[pairs->n_dims - 2] - 1) : 0;
    const int64_t n = arg_int(args[8], length - 2 * start);
    if (!fault && n <= 0)
        fault = ": the signal has no elements";
    if (fault) {
        istft_fail(cx, &c, args[8], is_complex, fault);
        return formula_drop(&f);
    }
    double least;
    tensor *window = formula_own(&f, tensor_contiguous(cx, full_window(&f, &c, tensor_dtype(pairs))));
    tensor *y = overlap_add(&f, inverse_frames(&f, &c, pairs, one_sided, is_complex), window, c.hop, start, n, &least);
    if (y && least < 1e-11) {
        istft_fail(cx, &c, args[8], is_complex, "window overlap add min: 1");
        return formula_drop(&f);
    }
    return formula_give(&f, pairs->n_dims == 3 ? F_(&f, aten_squeeze_dim, T_V(y), INT_V(0)) : y, rets);
}
