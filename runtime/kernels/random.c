/* Random tensors, number for number PyTorch's CPU streams (ATen/core/DistributionsHelper.h,
 * at/native/cpu/DistributionTemplates.h). Elements are drawn in batches under the generator's lock, in memory order; nothing
 * here runs in parallel, because the order of draws is the contract. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/creation.h"
#include "runtime/kernels/iter.h"
#include "runtime/kernels/pointwise.h"
#include "runtime/kernels/random.h"

#include <math.h>
#include <string.h>

/* ---- single draws ---------------------------------------------------------------------------- */
double random_uniform(generator *g)
{
    return (double)(generator_next64(g) & ((1ull << 53) - 1)) * 0x1p-53;
}

enum { BATCH = 512 }; /* numbers drawn at a time */

/* n <= BATCH numbers as random_uniform() gives them. */
static void uniforms(generator *g, int64_t n, double *ret)
{
    uint32_t words[2 * BATCH];
    generator_fill32(g, 2 * n, words);
    for (int64_t i = 0; i < n; i++)
        ret[i] = (double)(int64_t)(((uint64_t)words[2 * i] << 32 | words[2 * i + 1]) & ((1ull << 53) - 1)) * 0x1p-53;
}

/* The same with as many random bits as d's mantissa holds. */
static void uniforms_of(generator *g, dtype d, int64_t n, double *ret)
{
    uint32_t words[BATCH];
    const int bits = d == DTYPE_float16 ? 11 : d == DTYPE_bfloat16 ? 8 : 24;
    if (d == DTYPE_float64) {
        uniforms(g, n, ret);
        return;
    }
    generator_fill32(g, n, words);
    for (int64_t i = 0; i < n; i++) ret[i] = (double)(int32_t)(words[i] & ((1u << bits) - 1)) / (1 << bits);
}

/* Box-Muller in double; the second value waits for the next call. */
static double normal_of(generator *g)
{
    if (g->has_next_normal) {
        g->has_next_normal = false;
        return g->next_normal;
    }
    const double u1 = random_uniform(g), u2 = random_uniform(g);
    const double radius = sqrt(-2 * log1p(-u2)), angle = 2 * M_PI * u1;
    g->next_normal = radius * sin(angle);
    g->has_next_normal = true;
    return radius * cos(angle);
}

/* A distribution: how to draw n <= BATCH numbers for elements of type d. */
typedef struct distribution {
    void (*draw)(const struct distribution *self, generator *g, dtype d, int64_t n, double *ret);
    double a, b;
} distribution;

static void draw_uniform(const distribution *s, generator *g, dtype d, int64_t n, double *ret)
{
    const double low = s->a, width = s->b - low;
    const float f_low = (float)low, f_width = (float)s->b - f_low;
    uniforms_of(g, d, n, ret);
    for (int64_t i = 0; i < n; i++) ret[i] = d == DTYPE_float64 ? ret[i] * width + low : (double)((float)ret[i] * f_width + f_low);
}

static void draw_normal(const distribution *s, generator *g, dtype d, int64_t n, double *ret)
{
    for (int64_t i = 0; i < n; i++) ret[i] = normal_of(g) * s->b + s->a;
}

static void draw_log_normal(const distribution *s, generator *g, dtype d, int64_t n, double *ret)
{
    for (int64_t i = 0; i < n; i++) ret[i] = exp(normal_of(g) * s->b + s->a);
}

static void draw_exponential(const distribution *s, generator *g, dtype d, int64_t n, double *ret)
{
    double negative[BATCH] = { 0 };
    uniforms(g, n, ret);
    for (int64_t i = 0; i < n; i++) negative[i] = -ret[i];
    pw_tile_find(PW_ROW_aten_log1p, PW_f64)(BATCH, (const void *[]){ negative }, negative);
    for (int64_t i = 0; i < n; i++) ret[i] = -1 / s->a * negative[i];
}

static void draw_cauchy(const distribution *s, generator *g, dtype d, int64_t n, double *ret)
{
    uniforms(g, n, ret);
    for (int64_t i = 0; i < n; i++) ret[i] = s->a + s->b * tan(M_PI * (ret[i] - 0.5));
}

static void draw_geometric(const distribution *s, generator *g, dtype d, int64_t n, double *ret)
{
    uniforms(g, n, ret);
    for (int64_t i = 0; i < n; i++) ret[i] = ceil(log(ret[i]) / log1p(-s->a));
}

static void draw_bernoulli(const distribution *s, generator *g, dtype d, int64_t n, double *ret)
{
    uniforms(g, n, ret);
    for (int64_t i = 0; i < n; i++) ret[i] = ret[i] < s->a;
}

/* ---- filling --------------------------------------------------------------------------------- */
generator *random_generator(jit_value v)
{
    return v.tag == VALUE_GENERATOR ? v.generator : generator_default();
}

typedef struct fill_task {
    const distribution *distribution;
    generator *g;
    dtype d;
} fill_task;

static void fill_loop(void *ctx, int64_t n, char *const *data, const int64_t *strides)
{
    const fill_task *task = ctx;
    const cast_fn store = cast_find(DTYPE_float64, task->d);
    double drawn[BATCH];
    for (int64_t done = 0, m; done < n; done += m) {
        m = n - done < BATCH ? n - done : BATCH;
        task->distribution->draw(task->distribution, task->g, task->d, m, drawn);
        store(m, (const char *)drawn, sizeof *drawn, data[0] + done * strides[0], strides[0]);
    }
}

static bool fill(op_ctx *cx, tensor *t, const distribution *law, jit_value generator_value)
{
    fill_task task = { law, random_generator(generator_value), tensor_dtype(t) };
    iter it;
    iter_init(&it, cx);
    iter_add_output(&it, t, DTYPE_NONE);
    if (!iter_build(&it)) return false;
    generator_lock(task.g);
    iter_run_range(&it, 0, it.numel, fill_loop, &task);
    generator_unlock(task.g);
    return true;
}

/* Blocks of 16 uniform numbers become blocks of normal ones: pairs are 8 elements apart. float32 works in float, as do the types of
 * 16 bits. */
#define NORMAL_BLOCKS(name, REAL, type, compute)                                                                       \
    static void name(char *p, dtype d, int64_t n_blocks, double mean, double std)                                      \
    {                                                                                                                  \
        REAL uniform[BATCH], first[BATCH / 2], second[BATCH / 2], normal[2][BATCH / 2];                                \
        const int64_t n = n_blocks * 16, bytes = (int64_t)dtype_size(d);                                               \
        const void *const pairs[] = { first, second };                                                                 \
        cast_find(d, type)(n, p, bytes, (char *)uniform, sizeof *uniform);                                             \
        memset(first, 0, sizeof first), memset(second, 0, sizeof second);                                              \
        for (int64_t i = 0; i < n / 2; i++)                                                                            \
            first[i] = uniform[i / 8 * 16 + i % 8], second[i] = uniform[i / 8 * 16 + 8 + i % 8];                       \
        pw_tile_find(PW_ROW_x_normal_cos, compute)(BATCH / 2, pairs, normal[0]);                                       \
        pw_tile_find(PW_ROW_x_normal_sin, compute)(BATCH / 2, pairs, normal[1]);                                       \
        for (int64_t i = 0; i < n; i++)                                                                                \
            uniform[i] = normal[i / 8 % 2][i / 16 * 8 + i % 8] * (REAL)std + (REAL)mean;                               \
        cast_find(type, d)(n, (const char *)uniform, sizeof *uniform, p, bytes);                                       \
    }
NORMAL_BLOCKS(normal_blocks_f32, float, DTYPE_float32, PW_f32)
NORMAL_BLOCKS(normal_blocks_f64, double, DTYPE_float64, PW_f64)
#undef NORMAL_BLOCKS

/* n uniform elements that lie one after the other. */
static void uniform_elements(generator *g, dtype d, int64_t n, char *p)
{
    const distribution law = { draw_uniform, 0, 1 };
    fill_loop(&(fill_task){ &law, g, d }, n, &p, &(int64_t){ (int64_t)dtype_size(d) });
}

/* 16 or more contiguous elements: blocks; a remainder redraws the last 16. */
static void fill_normal_blocks(tensor *t, double mean, double std, generator *g)
{
    const dtype d = tensor_dtype(t);
    const int64_t bytes = (int64_t)dtype_size(d), n_blocks = t->numel / 16, most = BATCH / 16;
    char *p = tensor_data(t), *last = p + (t->numel - 16) * bytes;
    void (*to_normal)(char *, dtype, int64_t, double, double) = d == DTYPE_float64 ? normal_blocks_f64 : normal_blocks_f32;
    uniform_elements(g, d, t->numel, p);
    for (int64_t k = 0; k < n_blocks; k += most)
        to_normal(p + k * 16 * bytes, d, n_blocks - k < most ? n_blocks - k : most, mean, std);
    if (t->numel % 16 == 0) return;
    uniform_elements(g, d, 16, last);
    to_normal(last, d, 1, mean, std);
}

static bool check_float(op_ctx *cx, const tensor *t, const char *kernel)
{
    return dtype_is_float(tensor_dtype(t)) ||
           OP_FAIL(cx, "\"%s\" not implemented for '%s'", kernel, dtype_prefix(tensor_dtype(t)));
}

static bool fill_normal(op_ctx *cx, tensor *t, double mean, double std, jit_value generator_value)
{
    if (!(std >= 0)) return OP_FAIL(cx, "normal expects std >= 0.0, but found std %g", std);
    if (dtype_is_complex(tensor_dtype(t))) { // half of the variance each
        tensor *parts = COMPOSE(cx, aten_view_as_real, VALUE_HEAP_V(VALUE_TENSOR, t));
        const bool ok = parts && fill_normal(cx, parts, mean, std / M_SQRT2, generator_value);
        tensor_unref(parts);
        return ok;
    }
    if (!check_float(cx, t, "normal_kernel_cpu")) return false;
    if (t->numel < 16 || !tensor_is_contiguous(t))
        return fill(cx, t, &(distribution){ draw_normal, mean, std }, generator_value);
    generator *g = random_generator(generator_value);
    generator_lock(g);
    fill_normal_blocks(t, mean, std, g);
    generator_unlock(g);
    return true;
}

static bool fill_uniform(op_ctx *cx, tensor *t, double from, double to, jit_value generator_value)
{
    if (dtype_is_complex(tensor_dtype(t))) {
        tensor *parts = COMPOSE(cx, aten_view_as_real, VALUE_HEAP_V(VALUE_TENSOR, t));
        const bool ok = parts && fill_uniform(cx, parts, from, to, generator_value);
        tensor_unref(parts);
        return ok;
    }
    if (!check_float(cx, t, "check_uniform_bounds")) return false;
    if (!(from <= to)) return OP_FAIL(cx, "uniform_ expects to return a [from, to) range, but found from=%g > to=%g", from, to);
    return fill(cx, t, &(distribution){ draw_uniform, from, to }, generator_value);
}

/* ---- whole numbers --------------------------------------------------------------------------- */
typedef struct whole_task {
    generator *g;
    dtype d;
    uint64_t range;    /* 0: all 2^64 */
    int64_t base;
    bool is_wide;      /* draw 64 bits */
} whole_task;

/* n <= BATCH numbers of the range, from base on. */
static void draw_whole(const whole_task *task, int64_t n, int64_t *ret)
{
    uint32_t words[BATCH];
    const uint64_t base = (uint64_t)task->base;
    if (!task->is_wide) generator_fill32(task->g, n, words);
    for (int64_t i = 0; i < n; i++) {
        const uint64_t r = task->is_wide ? generator_next64(task->g) : words[i];
        if (!task->is_wide && task->range && task->range <= UINT32_MAX)
            ret[i] = (int64_t)(words[i] % (uint32_t)task->range + base); // a quarter of the time of 64 bits
        else
            ret[i] = (int64_t)((task->range ? r % task->range : r) + base);
    }
}

static void whole_loop(void *ctx, int64_t n, char *const *data, const int64_t *strides)
{
    const whole_task *task = ctx;
    const bool is_float = dtype_category_of(task->d) == CATEGORY_F; // rounded to double first, as there
    const cast_fn to_double = cast_find(DTYPE_int64, DTYPE_float64), store = cast_find(is_float ? DTYPE_float64 : DTYPE_int64, task->d);
    int64_t drawn[BATCH];
    double rounded[BATCH];
    for (int64_t done = 0, m; done < n; done += m) {
        m = n - done < BATCH ? n - done : BATCH;
        draw_whole(task, m, drawn);
        if (is_float) to_double(m, (const char *)drawn, sizeof *drawn, (char *)rounded, sizeof *rounded);
        store(m, is_float ? (const char *)rounded : (const char *)drawn, sizeof *drawn, data[0] + done * strides[0], strides[0]);
    }
}

static bool fill_whole(op_ctx *cx, tensor *t, uint64_t n_values, int64_t base, bool is_wide, jit_value generator_value)
{
    whole_task task = { random_generator(generator_value), tensor_dtype(t), n_values, base, is_wide };
    iter it;
    iter_init(&it, cx);
    iter_add_output(&it, t, DTYPE_NONE);
    if (!iter_build(&it)) return false;
    generator_lock(task.g);
    iter_run_range(&it, 0, it.numel, whole_loop, &task);
    generator_unlock(task.g);
    return true;
}

/* What whole numbers an element type holds: all from `low` to `high`, of floating point types the numbers that have
 * them all below. `exact`: floating point numbers behind it are drawn, if rounded. */
typedef struct whole_limits {
    int64_t low, high, exact;
} whole_limits;

static whole_limits limits_of(dtype d)
{
    switch (d) {
    case DTYPE_bool: return (whole_limits){ 0, 1, 1 };
    case DTYPE_uint8: return (whole_limits){ 0, UINT8_MAX, UINT8_MAX };
    case DTYPE_int8: return (whole_limits){ INT8_MIN, INT8_MAX, INT8_MAX };
    case DTYPE_int16: return (whole_limits){ INT16_MIN, INT16_MAX, INT16_MAX };
    case DTYPE_int32: return (whole_limits){ INT32_MIN, INT32_MAX, INT32_MAX };
    case DTYPE_float16: return (whole_limits){ -65504, 65504, 1 << 11 };
    case DTYPE_bfloat16: return (whole_limits){ INT64_MIN, INT64_MAX, 1 << 8 };
    case DTYPE_float32: return (whole_limits){ INT64_MIN, INT64_MAX, 1 << 24 };
    case DTYPE_float64: return (whole_limits){ INT64_MIN, INT64_MAX, INT64_C(1) << 53 };
    default: return (whole_limits){ INT64_MIN, INT64_MAX, INT64_MAX };
    }
}

static bool check_limits(op_ctx *cx, dtype d, int64_t from, int64_t last)
{
    const whole_limits limits = limits_of(d);
    if (dtype_is_complex(d))
        return OP_FAIL(cx, "random_ handles only integral, floating-point and boolean types");
    if (from < limits.low || from > limits.high) return OP_FAIL(cx, "from is out of bounds for %s", dtype_cpp_name(d));
    if (last < limits.low || last > limits.high) return OP_FAIL(cx, "to - 1 is out of bounds for %s", dtype_cpp_name(d));
    return true;
}

/* From `from` to the largest number of the type. */
static bool fill_from(op_ctx *cx, tensor *t, int64_t from, jit_value generator_value)
{
    const int64_t last = limits_of(tensor_dtype(t)).exact;
    if (!check_limits(cx, tensor_dtype(t), from, last)) return false;
    if (from > last)
        return OP_FAIL(cx, "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got "
                           "from=%lld > to_inc=%lld", (long long)from, (long long)last);
    const uint64_t n_values = (uint64_t)last - (uint64_t)from + 1; // 0: all of them
    return fill_whole(cx, t, n_values, from, n_values - 1 >= (1ull << 32) - 1, generator_value);
}

static bool fill_range(op_ctx *cx, tensor *t, int64_t from, int64_t to, jit_value generator_value)
{
    if (from >= to)
        return OP_FAIL(cx, "random_ expects 'from' to be less than 'to', but got from=%lld >= to=%lld", (long long)from,
                       (long long)to);
    if (!check_limits(cx, tensor_dtype(t), from, to - 1)) return false;
    const uint64_t n_values = (uint64_t)to - (uint64_t)from;
    return fill_whole(cx, t, n_values, from, n_values >= 1ull << 32, generator_value);
}

/* ---- operators ------------------------------------------------------------------------------- */
static bool give_or_drop(tensor *t, bool ok, jit_value *rets)
{
    if (ok)
        rets[0] = RET_TENSOR(t);
    else
        tensor_unref(t);
    return ok;
}

static tensor *make_sized(op_ctx *cx, jit_value size, const jit_value *options, dtype otherwise)
{
    const int64_t *sizes;
    int n_dims;
    dtype d;
    if (!arg_sizes(cx, size, &sizes, &n_dims) || !read_options(cx, options, otherwise, &d)) return NULL;
    return make_tensor(cx, d, sizes, n_dims);
}

static bool give_rand(op_ctx *cx, tensor *t, jit_value g, jit_value *rets)
{
    return t && give_or_drop(t, fill_uniform(cx, t, 0, 1, g), rets);
}

static bool give_randn(op_ctx *cx, tensor *t, jit_value g, jit_value *rets)
{
    return t && give_or_drop(t, fill_normal(cx, t, 0, 1, g), rets);
}

static bool give_randint(op_ctx *cx, tensor *t, int64_t low, int64_t high, jit_value g, jit_value *rets)
{
    return t && give_or_drop(t, fill_range(cx, t, low, high, g), rets);
}

bool op_manual_seed(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    generator *g = generator_default();
    generator_lock(g);
    generator_seed(g, (uint64_t)args[0].i);
    generator_unlock(g);
    return true;
}

#define OPERATOR(name, expression)                                          \
    bool name(op_ctx *cx, const jit_value *args, jit_value *rets) { return expression; }
OPERATOR(op_rand, give_rand(cx, make_sized(cx, args[0], args + 1, DTYPE_float32), VALUE_NONE_V, rets))
OPERATOR(op_rand_generator, give_rand(cx, make_sized(cx, args[0], args + 2, DTYPE_float32), args[1], rets))
OPERATOR(op_rand_like, give_rand(cx, make_like(cx, args[0].t, args + 1), VALUE_NONE_V, rets))
OPERATOR(op_randn, give_randn(cx, make_sized(cx, args[0], args + 1, DTYPE_float32), VALUE_NONE_V, rets))
OPERATOR(op_randn_generator, give_randn(cx, make_sized(cx, args[0], args + 2, DTYPE_float32), args[1], rets))
OPERATOR(op_randn_like, give_randn(cx, make_like(cx, args[0].t, args + 1), VALUE_NONE_V, rets))
OPERATOR(op_randint, give_randint(cx, make_sized(cx, args[1], args + 2, DTYPE_int64), 0, args[0].i, VALUE_NONE_V, rets))
OPERATOR(op_randint_low,
         give_randint(cx, make_sized(cx, args[2], args + 3, DTYPE_int64), args[0].i, args[1].i, VALUE_NONE_V, rets))
OPERATOR(op_randint_generator,
         give_randint(cx, make_sized(cx, args[1], args + 3, DTYPE_int64), 0, args[0].i, args[2], rets))
OPERATOR(op_randint_low_generator,
         give_randint(cx, make_sized(cx, args[2], args + 4, DTYPE_int64), args[0].i, args[1].i, args[3], rets))
OPERATOR(op_randint_like, give_randint(cx, make_like(cx, args[0].t, args + 2), 0, args[1].i, VALUE_NONE_V, rets))
OPERATOR(op_randint_like_low,
         give_randint(cx, make_like(cx, args[0].t, args + 3), args[1].i, args[2].i, VALUE_NONE_V, rets))

/* A permutation of n numbers fits the type if the last one does; float16 has to hold all of them exactly. */
static bool holds_all_below(op_ctx *cx, dtype d, int64_t n)
{
    if (d == DTYPE_bool || dtype_is_complex(d))
        return OP_FAIL(cx, "\"randperm\" not implemented for '%s'", dtype_prefix(d));
    if (n > 0 && !check_number_fits(cx, d, VALUE_INT_V(n - 1))) return false;
    return d != DTYPE_float16 || n <= 2049 || OP_FAIL(cx, "n cannot be greater than 2049 for Half type.");
}

static bool give_randperm(op_ctx *cx, int64_t n, const jit_value *options, jit_value generator_value, jit_value *rets)
{
    dtype d;
    if (!read_options(cx, options, DTYPE_int64, &d)) return false;
    if (!holds_all_below(cx, d, n)) return false;
    tensor *t = make_tensor(cx, d, &n, 1), *p = t ? make_tensor(cx, DTYPE_int64, &n, 1) : NULL;
    if (!p) return give_or_drop(t, false, rets);
    int64_t *x = tensor_data(p);
    generator *g = random_generator(generator_value);
    for (int64_t i = 0; i < n; i++) x[i] = i;
    generator_lock(g);
    for (int64_t i = 0; i < n - 1; i++) {
        const int64_t j = i + (int64_t)(generator_next32(g) % (uint64_t)(n - i)), swapped = x[i];
        x[i] = x[j];
        x[j] = swapped;
    }
    generator_unlock(g);
    const bool ok = tensor_copy_into(cx, t, p);
    tensor_unref(p);
    return give_or_drop(t, ok, rets);
}

OPERATOR(op_randperm, give_randperm(cx, args[0].i, args + 1, VALUE_NONE_V, rets))
OPERATOR(op_randperm_generator, give_randperm(cx, args[0].i, args + 2, args[1], rets))

/* In-place distributions: the written tensor is the result. */
static bool finish_in_place(bool ok, const jit_value *args, jit_value *rets)
{
    if (!ok) return false;
    tensor_bump_version(args[0].t);
    rets[0] = RET_TENSOR(tensor_ref(args[0].t));
    return true;
}

OPERATOR(op_normal_, finish_in_place(fill_normal(cx, args[0].t, arg_double(args[1]), arg_double(args[2]), args[3]), args, rets))
OPERATOR(op_uniform_, finish_in_place(fill_uniform(cx, args[0].t, arg_double(args[1]), arg_double(args[2]), args[3]), args, rets))
static bool check_positive(op_ctx *cx, bool holds, const char *what, double got)
{
    return holds || OP_FAIL(cx, "%s%g", what, got);
}

#define SIMPLE_(name, kernel, check, draw, a, b, g)                                                              \
    OPERATOR(name, finish_in_place(check && check_float(cx, args[0].t, kernel) &&                                \
                                   fill(cx, args[0].t, &(distribution){ draw, a, b }, g), args, rets))
SIMPLE_(op_log_normal_, "log_normal_cpu", check_positive(cx, arg_double(args[2]) > 0,
        "log_normal_ expects std > 0.0, but found std=", arg_double(args[2])),
        draw_log_normal, arg_double(args[1]), arg_double(args[2]), args[3])
SIMPLE_(op_cauchy_, "cauchy_cpu", true, draw_cauchy, arg_double(args[1]), arg_double(args[2]), args[3])
SIMPLE_(op_exponential_, "exponential_cpu", check_positive(cx, arg_double(args[1]) >= 0,
        "exponential_ expects lambda >= 0.0, but found lambda=", arg_double(args[1])),
        draw_exponential, arg_double(args[1]), 0, args[2])

bool op_geometric_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const double p = arg_double(args[1]);
    const dtype d = tensor_dtype(args[0].t);
    if (!(p > 0 && p < 1)) return OP_FAIL(cx, "geometric_ expects p to be in (0, 1), but got p=%g", p);
    if (d == DTYPE_bool || dtype_is_complex(d))
        return OP_FAIL(cx, "\"geometric_cpu\" not implemented for '%s'", dtype_prefix(d));
    return finish_in_place(fill(cx, args[0].t, &(distribution){ draw_geometric, p, 0 }, args[2]), args, rets);
}

OPERATOR(op_random_to_, finish_in_place(fill_range(cx, args[0].t, 0, args[1].i, args[2]), args, rets))
OPERATOR(op_random_, finish_in_place(fill_from(cx, args[0].t, 0, args[1]), args, rets))
OPERATOR(op_random_from_, finish_in_place(args[2].tag == VALUE_NONE
    ? fill_from(cx, args[0].t, args[1].i, args[3]) : fill_range(cx, args[0].t, args[1].i, args[2].i, args[3]), args, rets))

bool op_normal_sized(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = make_sized(cx, args[2], args + 4, DTYPE_float32);
    return t && give_or_drop(t, fill_normal(cx, t, arg_double(args[0]), arg_double(args[1]), args[3]), rets);
}

/* ---- bernoulli, dropout ---------------------------------------------------------------------- */
static bool fill_bernoulli(op_ctx *cx, tensor *t, double p, jit_value g)
{
    if (dtype_is_complex(tensor_dtype(t)))
        return OP_FAIL(cx, "\"bernoulli_scalar_cpu_\" not implemented for '%s'", dtype_prefix(tensor_dtype(t)));
    if (!(p >= 0 && p <= 1)) return OP_FAIL(cx, "bernoulli_ expects p to be in [0, 1], but got p=%g", p);
    return fill(cx, t, &(distribution){ draw_bernoulli, p, 0 }, g);
}

typedef struct bernoulli_task {
    generator *g;
    dtype result, p;
    bool out_of_range;
} bernoulli_task;

static void bernoulli_loop(void *ctx, int64_t n, char *const *data, const int64_t *strides)
{
    bernoulli_task *task = ctx;
    double p[BATCH], drawn[BATCH];
    for (int64_t done = 0, m; done < n; done += m) {
        m = n - done < BATCH ? n - done : BATCH;
        cast_find(task->p, DTYPE_float64)(m, data[1] + done * strides[1], strides[1], (char *)p, sizeof *p);
        uniforms_of(task->g, task->p == DTYPE_float64 ? DTYPE_float64 : DTYPE_float32, m, drawn);
        for (int64_t i = 0; i < m; i++) {
            if (!(p[i] >= 0 && p[i] <= 1)) task->out_of_range = true;
            drawn[i] = drawn[i] < p[i];
        }
        cast_find(DTYPE_float64, task->result)(m, (const char *)drawn, sizeof *drawn, data[0] + done * strides[0], strides[0]);
    }
}

/* Each element with its own probability, broadcast. */
static bool fill_bernoulli_each(op_ctx *cx, tensor *t, tensor *p, jit_value generator_value)
{
    if (!check_float(cx, p, "bernoulli_tensor_cpu_p_")) return false;
    bernoulli_task task = { random_generator(generator_value), tensor_dtype(t), tensor_dtype(p), false };
    iter it;
    iter_init(&it, cx);
    iter_add_output(&it, t, DTYPE_NONE);
    iter_add_input(&it, p);
    if (!iter_build(&it)) return false;
    generator_lock(task.g);
    iter_run_range(&it, 0, it.numel, bernoulli_loop, &task);
    generator_unlock(task.g);
    return !task.out_of_range || OP_FAIL(cx, "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this "
                                             "error message be improved?  If so, please report an enhancement request "
                                             "to PyTorch.)");
}

static bool give_bernoulli(op_ctx *cx, tensor *like, tensor *p, jit_value g, jit_value *rets)
{
    tensor *t = make_tensor_like(cx, like, tensor_dtype(like));
    return t && give_or_drop(t, fill_bernoulli_each(cx, t, p, g), rets);
}

OPERATOR(op_bernoulli, give_bernoulli(cx, args[0].t, args[0].t, args[1], rets))
OPERATOR(op_bernoulli_tensor, give_bernoulli(cx, args[0].t, args[1].t, args[2], rets))
OPERATOR(op_bernoulli_, finish_in_place(fill_bernoulli(cx, args[0].t, arg_double(args[1]), args[2]), args, rets))
OPERATOR(op_bernoulli_tensor_, finish_in_place(fill_bernoulli_each(cx, args[0].t, args[1].t, args[2]), args, rets))

bool op_bernoulli_p(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = make_tensor_like(cx, args[0].t, tensor_dtype(args[0].t));
    return t && give_or_drop(t, fill_bernoulli(cx, t, arg_double(args[1]), args[2]), rets);
}

/* noise / (1 - p), or NULL */
static tensor *dropout_noise(op_ctx *cx, tensor *x, double p)
{
    tensor *noise = make_tensor(cx, tensor_dtype(x), x->sizes, x->n_dims);
    if (!noise || !fill_bernoulli(cx, noise, 1 - p, VALUE_NONE_V)) {
        tensor_unref(noise);
        return NULL;
    }
    jit_value scaled, args[] = { RET_TENSOR(noise), VALUE_FLOAT_V(1 - p) };
    const bool ok = kernel_call(cx, OP_aten_div__Scalar, args, &scaled);
    tensor_unref(noise);
    return ok ? scaled.t : NULL;
}

static bool dropout(op_ctx *cx, const jit_value *args, op_id multiply, jit_value *rets)
{
    const double p = arg_double(args[1]);
    if (!(p >= 0 && p <= 1)) return OP_FAIL(cx, "dropout probability has to be between 0 and 1, but got %g", p);
    if (p == 0 || !arg_bool(args[2]) || args[0].t->numel == 0) {
        rets[0] = RET_TENSOR(tensor_ref(args[0].t));
        return true;
    }
    tensor *noise = p == 1 ? NULL : dropout_noise(cx, args[0].t, p);
    if (p < 1 && !noise) return false;
    const jit_value by_zero[] = { args[0], VALUE_FLOAT_V(0) }, by_noise[] = { args[0], RET_TENSOR(noise) };
    const op_id by_number = multiply == OP_aten_mul__Tensor ? OP_aten_mul__Scalar : OP_aten_mul_Scalar;
    const bool ok = noise ? kernel_call(cx, multiply, by_noise, rets) : kernel_call(cx, by_number, by_zero, rets);
    tensor_unref(noise);
    return ok;
}

OPERATOR(op_dropout, dropout(cx, args, OP_aten_mul_Tensor, rets))
OPERATOR(op_dropout_, dropout(cx, args, OP_aten_mul__Tensor, rets))
