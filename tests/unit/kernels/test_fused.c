/* Groups of operators as tile programs give the bits, types and sizes that the operators give one by one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_args.h"

#include "runtime/kernels/fused.h"

enum { MAX_ARGS = FUSED_MAX_ARGS, END = 127 };
/* Arguments of steps: inputs by number, V(k): the value of step k. */
#define V(k) (-1 - (k))
typedef struct step { op_id op; int args[MAX_ARGS + 1]; } step;
#define STEP(op, ...) { OP_aten_##op, { __VA_ARGS__, END } }

/* A tensor between -2 and 2 with some special values, rows `gap` elements apart more than they are long. */
static jit_value sample(dtype d, int n_dims, const int64_t *sizes, int seed, int64_t gap)
{
    int64_t strides[TENSOR_MAX_DIMS], n = 1;
    for (int i = n_dims; i-- > 0;) {
        strides[i] = n;
        n *= sizes[i] + (i == n_dims - 1 ? gap : 0);
    }
    tensor *t = tensor_new_strided(d, sizes, strides, n_dims, DEVICE_CPU0);
    assert_non_null(t);
    for (int64_t i = 0; i < n - gap && t->numel; i++) { // behind the last row there is no gap
        double x = (double)((i * 7919 + seed * 104729) % 4001) / 1000 - 2;
        if (i % 97 == 13 && dtype_is_float(d)) x = i % 2 ? NAN : -INFINITY;
        element_store_double(d, (char *)tensor_data(t) + i * (int64_t)dtype_size(d), x);
    }
    return T_(t);
}
#define SAMPLE(d, seed, ...) sample((d), (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), (int64_t[]){ __VA_ARGS__ }, (seed), 0)

static void make_group(fused_group *g, const step *steps, int n_steps, int n_inputs, bool all_results)
{
    memset(g, 0, sizeof *g);
    g->n_inputs = (uint8_t)n_inputs;
    for (int k = 0; k < n_steps; k++) {
        fused_step *to = &g->steps[g->n_steps++];
        to->op = (uint16_t)steps[k].op;
        assert_true(fused_takes(steps[k].op));
        for (const int *arg = steps[k].args; *arg != END; arg++) to->args[to->n_args++] = (int8_t)*arg;
        to->is_result = all_results || k == n_steps - 1;
    }
    fused_finish(g);
}

static jit_value run_alone(const fused_group *g, int k, const jit_value *inputs, const jit_value *values)
{
    op_run run = { 0 };
    jit_value args[MAX_ARGS], result = VALUE_NONE_V;
    const fused_step *s = &g->steps[k];
    for (int i = 0; i < s->n_args; i++) args[i] = s->args[i] >= 0 ? inputs[s->args[i]] : values[-1 - s->args[i]];
    if (!op_call(&run, (op_id)s->op, args, s->n_args, &result)) fail_msg("step %d: %s", k, run.message);
    return result;
}

static void release_all(jit_value *values, int n)
{
    for (int k = 0; k < n; k++) value_unref(values[k]);
}

static void expect_same(jit_value got, jit_value want, int k)
{
    assert_int_equal(got.tag, VALUE_TENSOR);
    assert_int_equal(got.t->dtype, want.t->dtype);
    assert_true(tensor_same_sizes(got.t, want.t));
    for (int i = 0; i < want.t->n_dims; i++)
        if (want.t->sizes[i] > 1) assert_int_equal(got.t->strides[i], want.t->strides[i]);
    if (!tensor_is_dense(want.t)) return; // a target, compared with the inputs
    const size_t bytes = dtype_size(tensor_dtype(want.t)); // elements as they lie
    const char *a = tensor_data(got.t), *b = tensor_data(want.t);
    if (!memcmp(a, b, (size_t)want.t->numel * bytes)) return;
    for (int64_t i = 0; i < want.t->numel; i++) {
        const double x = element_load_double(tensor_dtype(got.t), a + i * (int64_t)bytes);
        const double y = element_load_double(tensor_dtype(got.t), b + i * (int64_t)bytes);
        if (memcmp(a + i * (int64_t)bytes, b + i * (int64_t)bytes, bytes) && !(isnan(x) && isnan(y)))
            fail_msg("step %d, element %lld: %.9g, alone %.9g", k, (long long)i, x, y);
    }
}

/* Runs the steps; the first run must take `want_first` of them. */
static void compare_once(const fused_group *g, fused_cache *cache, const jit_value *inputs, int want_first)
{
    jit_value alone[FUSED_MAX_STEPS], values[FUSED_MAX_STEPS];
    for (int k = 0; k < g->n_steps; k++) {
        alone[k] = run_alone(g, k, inputs, alone);
        values[k] = VALUE_NONE_V;
    }
    op_run run = { 0 };
    for (int first = 0; first < g->n_steps;) {
        int n = fused_run(&run, g, cache, first, inputs, values, values);
        assert_int_equal(run.status, JIT_OK);
        assert_null(run.message);
        if (first == 0) assert_int_equal(n, want_first);
        if (n == 0) values[first] = run_alone(g, first, inputs, values), n = 1;
        first += n;
    }
    for (int k = 0; k < g->n_steps; k++) {
        if (g->steps[k].is_result) expect_same(values[k], alone[k], k);
        value_unref(values[k]);
        value_unref(alone[k]);
    }
}

/* The first run makes a program, the second keeps one, the third finds it. */
static void compare_group(const fused_group *g, const jit_value *inputs, int want_first)
{
    fused_cache cache = { { NULL } };
    for (int i = 0; i < 3; i++) compare_once(g, &cache, inputs, want_first);
    fused_cache_free(&cache);
}

/* With all values as results, and with the last alone; inputs are released. */
static void compare(const step *steps, int n_steps, jit_value *inputs, int n_inputs, int want_first)
{
    fused_group g;
    for (int all = 0; all < 2; all++) {
        make_group(&g, steps, n_steps, n_inputs, all);
        compare_group(&g, inputs, want_first);
    }
    for (int i = 0; i < n_inputs; i++) value_unref(inputs[i]);
}
#define COMPARE(steps, want, ...) \
    compare(steps, (int)(sizeof steps / sizeof *steps), (jit_value[]){ __VA_ARGS__ }, \
            (int)(sizeof((jit_value[]){ __VA_ARGS__ }) / sizeof(jit_value)), want)

static const int64_t shapes[][2] = { { 1, 1 }, { 1, 2 }, { 3, 1 }, { 1, 17 }, { 5, 16 }, { 7, 5 }, { 40, 33 }, { 300, 64 },
                                     { 2, 1000 }, { 3, 5003 }, { 70, 1000 } };
#define EACH_SHAPE(r, c) \
    for (size_t s_ = 0; s_ < sizeof shapes / sizeof *shapes; s_++) \
        for (int64_t r = shapes[s_][0], c = shapes[s_][1], once_ = 1; once_; once_ = 0)
static const dtype floats[] = { DTYPE_float32, DTYPE_float64, DTYPE_float16, DTYPE_bfloat16 };
#define EACH_FLOAT(d) for (int f_ = 0; f_ < 4; f_++) for (dtype d = floats[f_], *p_ = &d; p_; p_ = NULL)

static void pointwise_chains(void **state)
{
    (void)state;
    static const step steps[] = { STEP(mul_Tensor, 0, 1), STEP(add_Tensor, V(0), 2, 3), STEP(tanh, V(1)), STEP(relu, V(1)),
                                  STEP(sub_Tensor, V(2), V(3), 3), STEP(mul_Scalar, V(4), 4) };
    EACH_SHAPE(r, c) EACH_FLOAT(d)
        COMPARE(steps, 6, SAMPLE(d, 1, r, c), SAMPLE(d, 2, r, c), SAMPLE(d, 3, r, c), I(1), F(0.3));
}

/* Two operators that become one, and such that look like it but whose first value is read again. */
static void pairs(void **state)
{
    (void)state;
    static const step steps[] = {
        STEP(mul_Tensor, 0, 1), STEP(add_Tensor, V(0), 2, 3), STEP(mul_Tensor, V(1), 1), STEP(sub_Tensor, V(2), 2, 3),
        STEP(mul_Scalar, V(3), 4), STEP(sub_Tensor, 0, V(4), 3), STEP(add_Tensor, V(5), V(3), 3), STEP(mul_Tensor, 1, V(6)),
        STEP(sub_Tensor, V(7), 0, 3), STEP(mul_Tensor, V(8), V(8)), STEP(add_Tensor, V(9), V(9), 3), STEP(relu, V(10)),
        STEP(mul_Tensor, V(11), 2), STEP(neg, V(12)), STEP(relu, V(13)), STEP(mul_Scalar, V(14), 4), STEP(add_Tensor, V(15), V(14), 3),
    };
    static const step numbers[] = { STEP(relu, 0), STEP(add_Tensor, 1, V(0), 3), STEP(clamp, V(1), 4, 3), STEP(rsub_Scalar, V(2), 4, 3),
                                    STEP(add_Tensor, V(3), 1, 4), STEP(div_Scalar, V(4), 4), STEP(addcmul, V(5), 0, 1, 4), STEP(neg, V(6)),
                                    STEP(mul_Scalar, V(7), 4), STEP(rsub_Scalar, V(8), 3, 3), STEP(mul_Scalar, V(9), 4), STEP(relu, V(10)) };
    EACH_SHAPE(r, c) EACH_FLOAT(d) {
        COMPARE(steps, 17, SAMPLE(d, 1, r, c), SAMPLE(d, 2, r, c), SAMPLE(d, 3, r, c), I(1), F(0.3));
        COMPARE(numbers, 12, SAMPLE(d, 1, r, c), SAMPLE(d, 2, r, c), NONE, I(1), F(0.3));
    }
}

static void broadcast_operands(void **state)
{
    (void)state;
    static const step steps[] = { STEP(mul_Tensor, 0, 1), STEP(add_Tensor, V(0), 2, 4), STEP(add_Tensor, 3, V(1), 4),
                                  STEP(exp, V(2)) };
    EACH_SHAPE(r, c) EACH_FLOAT(d) {
        COMPARE(steps, 4, SAMPLE(d, 1, r, c), SAMPLE(d, 2, c), SAMPLE(d, 3, r, 1), SAMPLE(d, 4, 1, 1), I(1));
        COMPARE(steps, 4, SAMPLE(d, 1, 2, 3, r, c), SAMPLE(d, 2, 3, 1, 1), SAMPLE(d, 3, 2, 1, r, 1), SAMPLE(d, 4, c), I(1));
    }
}

static void strides(void **state)
{
    (void)state;
    static const step steps[] = { STEP(mul_Tensor, 0, 1), STEP(add_Tensor, V(0), 0, 2), STEP(softmax_int, V(1), 3, 4) };
    EACH_SHAPE(r, c)
        if (c > 1 && r > 1)
            COMPARE(steps, 3, sample(DTYPE_float32, 2, (int64_t[]){ r, c }, 1, 3), sample(DTYPE_float32, 2, (int64_t[]){ r, c }, 2, 1), I(1),
                    I(-1), NONE);
}

/* A view of `base` (taken over): dimension i is its dimension order[i]. */
static jit_value permuted(jit_value base, const int *order)
{
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
    for (int i = 0; i < base.t->n_dims; i++) sizes[i] = base.t->sizes[order[i]], strides[i] = base.t->strides[order[i]];
    tensor *t = tensor_view(base.t, sizes, strides, base.t->n_dims, base.t->offset);
    assert_non_null(t);
    value_unref(base);
    return T_(t);
}
static const int channels_last[] = { 0, 3, 1, 2 }, reversed[] = { 3, 2, 1, 0 };
#define LAST(d, seed, n, c, h, w) permuted(SAMPLE(d, seed, n, h, w, c), channels_last)

/* Images whose channels come last, and other orders: walked as they lie, one element for each channel is broadcast. */
static void other_orders_of_memory(void **state)
{
    (void)state;
    static const step steps[] = { STEP(mul_Tensor, 0, 1), STEP(add_Tensor, V(0), 2, 4), STEP(relu, V(1)), STEP(add_Tensor, V(2), 3, 4) };
    static const step norm[] = { STEP(batch_norm, 0, 1, 2, 3, 4, 5, 6, 7, 8), STEP(add_Tensor, V(0), 0, 9), STEP(relu, V(1)) };
    static const step mixed[] = { STEP(mul_Tensor, 0, 0), STEP(neg, V(0)), STEP(add_Tensor, V(1), 1, 2), STEP(neg, V(2)) };
    static const int64_t channels[] = { 2, 3, 16, 24, 33, 64, 640 };
    for (int i = 0; i < 7; i++) EACH_FLOAT(d) {
        const int64_t c = channels[i];
        COMPARE(steps, 4, LAST(d, 1, 2, c, 5, 7), SAMPLE(d, 2, c, 1, 1), LAST(d, 3, 2, c, 5, 7), SAMPLE(d, 4, 1, c, 1, 1), I(1));
        COMPARE(steps, 4, SAMPLE(d, 1, c, 1, 1), LAST(d, 2, 3, c, 5, 7), SAMPLE(d, 3, 1), LAST(d, 4, 1, c, 5, 7), I(1));
        COMPARE(steps, 4, permuted(SAMPLE(d, 1, 3, 5, c, 2), reversed), permuted(SAMPLE(d, 2, 3, 5, c, 2), reversed), SAMPLE(d, 3, 3),
                SAMPLE(d, 4, 2, 1, 1, 1), I(1));
        COMPARE(norm, 3, LAST(d, 1, 2, c, 5, 7), SAMPLE(DTYPE_float32, 2, c), NONE, SAMPLE(DTYPE_float32, 3, c),
                SAMPLE(DTYPE_float32, 4, c), B(false), F(0.1), F(1e-5), B(true), I(1));
        COMPARE(mixed, 2, LAST(d, 1, 2, c, 5, 7), SAMPLE(d, 2, 2, c, 5, 7), I(1)); // lie in two orders
        COMPARE(mixed, 4, LAST(d, 1, 2, c, 5, 7), permuted(sample(d, 4, (int64_t[]){ 2, 5, 7, c }, 2, 3), channels_last), I(1)); // gaps
    }
}

static void types_of_several_kinds(void **state)
{
    (void)state;
    static const step steps[] = { STEP(add_Tensor, 0, 1, 3), STEP(lt_Tensor, V(0), 2), STEP(where_self, V(1), V(0), 2),
                                  STEP(mul_Scalar, V(2), 4), STEP(to_dtype, V(3), 5, 6, 6, 7), STEP(logical_not, V(4)) };
    static const dtype kinds[] = { DTYPE_float32, DTYPE_float64, DTYPE_bfloat16, DTYPE_int64, DTYPE_int32, DTYPE_uint8, DTYPE_int8 };
    EACH_SHAPE(r, c)
        for (size_t a = 0; a < 7; a++)
            for (size_t b = 0; b < 7; b++)
                COMPARE(steps, 6, SAMPLE(kinds[a], 1, r, c), SAMPLE(kinds[b], 2, c), SAMPLE(kinds[b], 3, r, c), I(1), F(1.5),
                        DTYPE(int16), B(false), NONE);
}

static void reductions_of_rows(void **state)
{
    (void)state;
    static const step norm[] = { STEP(mean_dim, 0, 1, 2, 3), STEP(var_dim, 0, 1, 4, 2), STEP(sub_Tensor, 0, V(0), 5),
                                 STEP(add_Scalar, V(1), 6, 5), STEP(sqrt, V(3)), STEP(div_Tensor, V(2), V(4)), STEP(mul_Tensor, V(5), 7) };
    static const step dropped[] = { STEP(mul_Scalar, 0, 6), STEP(sum_dim_IntList, V(0), 1, 4, 3), STEP(amax, V(0), 1, 4),
                                    STEP(sub_Tensor, V(2), V(1), 5), STEP(exp, V(3)) };
    static const step spread[] = { STEP(abs, 0), STEP(amin, V(0), 1, 2), STEP(std_correction, V(0), 1, 5, 2), STEP(norm_ScalarOpt_dim, V(0), 3, 1, 2),
                                   STEP(add_Tensor, V(1), V(2), 5), STEP(mul_Tensor, V(4), V(3)), STEP(sub_Tensor, V(0), V(5), 5) };
    EACH_SHAPE(r, c)
        for (int f = 0; f < 2; f++) {
            const dtype d = floats[f];
            const bool is_long = c >= 4;
            COMPARE(norm, is_long ? 7 : 0, SAMPLE(d, 1, r, c), INTS(-1), B(true), NONE, B(false), I(1), F(1e-5), SAMPLE(d, 2, c));
            COMPARE(dropped, is_long ? 5 : 0, SAMPLE(d, 1, r, c), INTS(1), B(true), NONE, B(false), I(1), F(0.25));
            COMPARE(spread, is_long ? 7 : 0, SAMPLE(d, 1, 2, r, c), INTS(-1), B(true), NONE, B(false), I(1), F(0.25));
        }
}

/* The values of rows without their dimension meet a matrix along its columns: that is another broadcast. */
static void a_square_is_no_trap(void **state)
{
    (void)state;
    static const step steps[] = { STEP(sum_dim_IntList, 0, 1, 2, 3), STEP(exp, V(0)), STEP(add_Tensor, 0, V(1), 4) };
    COMPARE(steps, 2, SAMPLE(DTYPE_float32, 1, 8, 8), INTS(-1), B(false), NONE, I(1));
    COMPARE(steps, 3, SAMPLE(DTYPE_float32, 1, 8), INTS(-1), B(false), NONE, I(1)); // 0-dim: a number
}

static void softmax_and_layer_norm(void **state)
{
    (void)state;
    static const step soft[] = { STEP(mul_Scalar, 0, 1), STEP(softmax_int, V(0), 2, 3), STEP(add_Scalar, V(1), 4, 4),
                                 STEP(log_softmax_int, V(2), 2, 3), STEP(neg, V(3)) };
    static const step layer[] = { STEP(add_Tensor, 0, 1, 2), STEP(layer_norm, V(0), 3, 4, 5, 6, 7), STEP(gelu, V(1), 8),
                                  STEP(layer_norm, V(2), 3, 9, 9, 6, 7) };
    EACH_SHAPE(r, c) EACH_FLOAT(d) {
        if (c < 2) continue;
        const dtype compute = d == DTYPE_float64 ? d : DTYPE_float32;
        COMPARE(soft, 5, SAMPLE(d, 1, r, c), F(0.5), I(-1), NONE, I(1));
        COMPARE(layer, 4, SAMPLE(d, 1, r, c), SAMPLE(d, 2, r, c), I(1), INTS(c), SAMPLE(compute, 3, c), SAMPLE(compute, 4, c), F(1e-5), B(true), STR("none"),
                NONE);
        const bool fits = r * c * (int64_t)dtype_size(compute) <= 1 << 17; // in a row of a tile
        COMPARE(layer, fits ? 4 : 0, SAMPLE(d, 1, 2, r, c), SAMPLE(d, 2, 2, r, c), I(1), INTS(r, c), SAMPLE(compute, 3, r, c), NONE, F(1e-5), B(true),
                STR("tanh"), NONE);
    }
}

static void batch_norm_of_fixed_statistics(void **state)
{
    (void)state;
    static const step steps[] = { STEP(batch_norm, 0, 1, 2, 3, 4, 5, 6, 7, 8), STEP(add_Tensor, V(0), 0, 9), STEP(relu, V(1)) };
    EACH_SHAPE(r, c) EACH_FLOAT(d) {
        const jit_value variance = T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.5, 1.5, 2.5)));
        COMPARE(steps, 3, SAMPLE(d, 1, 2, 3, r, c), SAMPLE(DTYPE_float32, 2, 3), NONE, SAMPLE(DTYPE_float32, 3, 3), variance, B(false),
                F(0.1), F(1e-5), B(true), I(1));
    }
}

static void totals_and_losses(void **state)
{
    (void)state;
    static const step steps[] = { STEP(mul_Tensor, 0, 1), STEP(sum, V(0), 2), STEP(mse_loss, V(0), 1, 3), STEP(exp, V(0)), STEP(mean, V(3), 2),
                                  STEP(l1_loss, V(3), 0, 4), STEP(mse_loss, V(3), 0, 5), STEP(mul_Tensor, V(6), V(6)) };
    static const step after[] = { STEP(mul_Tensor, 0, 1), STEP(mean, V(0), 2), STEP(mul_Scalar, V(1), 3), STEP(add_Tensor, V(0), V(2), 4) };
    EACH_SHAPE(r, c)
        for (int f = 0; f < 2; f++) {
            COMPARE(steps, 8, SAMPLE(floats[f], 1, r, c), SAMPLE(floats[f], 2, r, c), NONE, I(1), I(2), I(0));
            COMPARE(steps, 8, SAMPLE(floats[f], 1, 3, r, c), SAMPLE(floats[f], 2, r, c), NONE, I(1), I(2), I(0));
            COMPARE(after, 2, SAMPLE(floats[f], 1, r, c), SAMPLE(floats[f], 2, r, c), NONE, F(0.5), I(1));
        }
    COMPARE(after, 0, SAMPLE(DTYPE_float16, 1, 4, 5), SAMPLE(DTYPE_float16, 2, 4, 5), NONE, F(0.5), I(1));
    static const step loss[] = { STEP(mse_loss, 0, 1, 2) };
    COMPARE(loss, 1, SAMPLE(DTYPE_float32, 1, 4, 5), SAMPLE(DTYPE_float32, 2, 4, 5), I(1));
}

/* Each loss of one formula together with what makes its elements, reduced in each way. */
static void losses_join_their_neighbours(void **state)
{
    (void)state;
    static const step losses[][2] = { /* inputs: x, target, reduction, parameter, None, weights of positives */
        { STEP(sigmoid, 0), STEP(l1_loss, V(0), 1, 2) },
        { STEP(sigmoid, 0), STEP(smooth_l1_loss, V(0), 1, 2, 3) },
        { STEP(sigmoid, 0), STEP(huber_loss, V(0), 1, 2, 3) },
        { STEP(sigmoid, 0), STEP(soft_margin_loss, V(0), 1, 2) },
        { STEP(log_sigmoid, 0), STEP(kl_div, V(0), 1, 2, 6) },
        { STEP(log_sigmoid, 0), STEP(kl_div, V(0), 1, 2, 7) },
        { STEP(neg, 0), STEP(binary_cross_entropy_with_logits, V(0), 1, 4, 4, 2) },
        { STEP(neg, 0), STEP(binary_cross_entropy_with_logits, V(0), 1, 4, 5, 2) },
        { STEP(neg, 0), STEP(poisson_nll_loss, V(0), 1, 7, 6, 3, 2) },
        { STEP(sigmoid, 0), STEP(poisson_nll_loss, V(0), 1, 6, 6, 3, 2) },
    };
    for (size_t k = 0; k < sizeof losses / sizeof *losses; k++)
        for (int reduction = 0; reduction < 3; reduction++)
            EACH_SHAPE(r, c)
                COMPARE(losses[k], 2, SAMPLE(DTYPE_float32, 1, r, c), SAMPLE(DTYPE_float32, 2, r, c), I(reduction), F(0.3), NONE,
                        SAMPLE(DTYPE_float32, 3, c), B(false), B(true));
    static const step whole[] = { STEP(neg, 0), STEP(poisson_nll_loss, V(0), 1, 3, 3, 2, 4) }; // adds a term of the target
    COMPARE(whole, 0, SAMPLE(DTYPE_float32, 1, 4, 5), SAMPLE(DTYPE_float32, 2, 4, 5), F(0.3), B(true), I(1));
}

/* Rows and totals want tiles of other sizes. */
static void totals_and_rows_part(void **state)
{
    (void)state;
    static const step rows_first[] = { STEP(neg, 0), STEP(softmax_int, V(0), 1, 2), STEP(sum, V(1), 2), STEP(neg, V(1)) };
    static const step total_first[] = { STEP(neg, 0), STEP(sum, V(0), 2), STEP(softmax_int, V(0), 1, 2), STEP(neg, V(2)) };
    COMPARE(rows_first, 2, SAMPLE(DTYPE_float32, 1, 7, 30), I(-1), NONE);
    COMPARE(total_first, 2, SAMPLE(DTYPE_float32, 1, 7, 30), I(-1), NONE);
}

/* Weights that the group itself makes are there only behind it. */
static void weights_from_inside_wait(void **state)
{
    (void)state;
    static const step steps[] = { STEP(mul_Scalar, 1, 2), STEP(exp, V(0)), STEP(layer_norm, 0, 3, V(1), 4, 5, 6), STEP(neg, V(2)) };
    COMPARE(steps, 2, SAMPLE(DTYPE_float32, 1, 24), SAMPLE(DTYPE_float32, 2, 24), F(0.5), INTS(24), NONE, F(1e-5), B(true));
}

static void what_does_not_fit_is_left(void **state)
{
    (void)state;
    static const step two[] = { STEP(neg, 0), STEP(neg, V(0)), STEP(add_Tensor, V(1), 1, 2), STEP(exp, V(2)), STEP(neg, V(3)) };
    COMPARE(two, 0, SAMPLE(DTYPE_float32, 1, 0, 3), SAMPLE(DTYPE_float32, 2, 1, 3), I(1));                /* nothing to do */
    COMPARE(two, 2, SAMPLE(DTYPE_float32, 1, 3), SAMPLE(DTYPE_float32, 2, 5, 3), I(1));                   /* becomes wider */
    COMPARE(two, 0, SAMPLE(DTYPE_complex64, 1, 5, 3), SAMPLE(DTYPE_float32, 2, 5, 3), I(1));
    static const step same_type[] = { STEP(neg, 0), STEP(exp, V(0)), STEP(to_dtype, V(1), 1, 2, 2, 3), STEP(neg, V(2)), STEP(exp, V(3)) };
    COMPARE(same_type, 2, SAMPLE(DTYPE_float32, 1, 5, 3), DTYPE(float32), B(false), NONE);
    static const step divided[] = { STEP(neg, 0), STEP(neg, V(0)), STEP(floor_divide, V(1), 1), STEP(neg, V(2)), STEP(neg, V(3)) };
    COMPARE(divided, 2, SAMPLE(DTYPE_int64, 1, 5, 3), I(3));
    COMPARE(divided, 5, SAMPLE(DTYPE_float32, 1, 5, 3), I(3));
    static const step other_rows[] = { STEP(neg, 0), STEP(softmax_int, V(0), 1, 2), STEP(softmax_int, V(1), 3, 2), STEP(neg, V(2)) };
    COMPARE(other_rows, 2, SAMPLE(DTYPE_float32, 1, 5, 6), I(-1), NONE, I(0));
}

/* They go around the caches, but for what is no whole tile or does not begin at a vector. */
static void results_larger_than_caches(void **state)
{
    (void)state;
    static const step steps[] = { STEP(mul_Scalar, 0, 1), STEP(gt_Scalar, V(0), 1), STEP(add_Tensor, V(0), 0, 2), STEP(relu, V(2)) };
    const int64_t n = (1 << 23) + 77;
    fused_group g;
    make_group(&g, steps, 4, 3, true);
    jit_value inputs[] = { SAMPLE(DTYPE_float32, 1, n), F(0.5), I(1) };
    compare_once(&g, NULL, inputs, 4);
    value_unref(inputs[0]);
    static const step writing[] = { STEP(mul__Scalar, 0, 1), STEP(relu_, V(0)) };
    jit_value all[] = { SAMPLE(DTYPE_float32, 1, n), SAMPLE(DTYPE_float32, 1, n) }, part[2], values[2], alone[2];
    op_run run = { 0 };
    for (int i = 0; i < 2; i++) part[i] = T_(tensor_view(all[i].t, (int64_t[]){ n - 1 }, (int64_t[]){ 1 }, 1, 1));
    make_group(&g, writing, 2, 2, true);
    assert_int_equal(fused_run(&run, &g, NULL, 0, (jit_value[]){ part[0], F(0.5) }, values, values), 2);
    for (int k = 0; k < 2; k++) alone[k] = run_alone(&g, k, (jit_value[]){ part[1], F(0.5) }, alone);
    expect_same(all[0], all[1], 0);
    release_all(all, 2), release_all(part, 2), release_all(values, 2), release_all(alone, 2);
}

/* More values alive than there are buffers, more numbers than fit: the run ends where room does. */
/* Rows that ask for memory ahead, and work for several threads. */
static void many_rows_on_any_number_of_threads(void **state)
{
    (void)state;
    static const step soft[] = { STEP(mul_Scalar, 0, 1), STEP(softmax_int, V(0), 2, 3), STEP(add_Tensor, V(1), 0, 4) };
    static const step layer[] = { STEP(add_Tensor, 0, 0, 1), STEP(layer_norm, V(0), 2, 3, 3, 4, 5), STEP(relu, V(1)) };
    for (int n_threads = 1; n_threads <= 4; n_threads++) {
        runtime_set_num_threads(n_threads);
        COMPARE(soft, 3, SAMPLE(DTYPE_float32, 1, 401, 700), F(0.5), I(-1), NONE, I(1));
        COMPARE(soft, 3, SAMPLE(DTYPE_float64, 1, 12345, 24), F(0.5), I(-1), NONE, I(1));
        COMPARE(layer, 3, SAMPLE(DTYPE_float32, 1, 401, 701), I(1), INTS(701), NONE, F(1e-5), B(true));
    }
    runtime_set_num_threads(0);
}

static void a_program_has_room_for_so_much(void **state)
{
    enum { N = FUSED_MAX_STEPS };
    step steps[N];
    jit_value inputs[N + 2] = { SAMPLE(DTYPE_float32, 1, 3, 50), I(1) };
    (void)state;
    for (int k = 0; k < N / 2; k++) {
        steps[k] = (step){ OP_aten_add_Scalar, { 0, k + 2, 1, END } };
        inputs[k + 2] = F(k * 0.37);
    }
    steps[N / 2] = (step){ OP_aten_mul_Tensor, { V(0), V(1), END } };
    for (int k = N / 2 + 1; k < N; k++) steps[k] = (step){ OP_aten_mul_Tensor, { V(k - 1), V(k - N / 2 + 1 < N / 2 ? k - N / 2 + 1 : 0), END } };
    fused_group g;
    make_group(&g, steps, N, N / 2 + 2, false);
    jit_value alone[N], values[N];
    op_run run = { 0 };
    for (int k = 0; k < N; k++) alone[k] = run_alone(&g, k, inputs, alone), values[k] = VALUE_NONE_V;
    for (int first = 0; first < N;) {
        int n = fused_run(&run, &g, NULL, first, inputs, values, values);
        if (n == 0) values[first] = run_alone(&g, first, inputs, values), n = 1;
        first += n;
    }
    expect_same(values[N - 1], alone[N - 1], N - 1);
    for (int k = 0; k < N; k++) value_unref(alone[k]), value_unref(values[k]);
    value_unref(inputs[0]);
}

/* ---- operators that write in place ----------------------------------------------------------------- */
/* Fills inputs: called for each of two runs, so that they share no memory. */
typedef void (*maker)(dtype d, int64_t r, int64_t c, jit_value *inputs);
enum { MAX_INPUTS = 8 };

static bool same_bytes(const storage *a, const storage *b)
{
    return a->n_bytes == b->n_bytes && !memcmp(a->data, b->data, a->n_bytes);
}

/* One by one and in runs: the values, which tensors they are, and what stands in the inputs afterwards. The third time the
 * program of the second is used again. */
enum { ANY_NUMBER = -1 };
static void compare_writing(const step *steps, int n_steps, maker make, int n_inputs, dtype d, int64_t r, int64_t c, int want_first)
{
    fused_cache caches[2] = { { { NULL } } };
    for (int round = 0; round < 6; round++) {
        const bool all = round % 2;
        fused_group g;
        jit_value own[MAX_INPUTS], want[MAX_INPUTS], alone[FUSED_MAX_STEPS], values[FUSED_MAX_STEPS];
        op_run run = { 0 };
        make_group(&g, steps, n_steps, n_inputs, all);
        make(d, r, c, own);
        make(d, r, c, want);
        for (int k = 0; k < n_steps; k++) alone[k] = run_alone(&g, k, want, alone), values[k] = VALUE_NONE_V;
        for (int first = 0; first < n_steps;) {
            int n = fused_run(&run, &g, &caches[all], first, own, values, values);
            if (first == 0 && want_first != ANY_NUMBER) assert_int_equal(n, want_first);
            if (n == 0) values[first] = run_alone(&g, first, own, values), n = 1;
            first += n;
        }
        for (int k = 0; k < n_steps; k++) {
            if (!g.steps[k].is_result) continue;
            expect_same(values[k], alone[k], k);
            for (int i = 0; i < n_inputs; i++) assert_int_equal(values[k].t == own[i].t, alone[k].t == want[i].t);
            assert_int_equal(values[k].t->store->version, alone[k].t->store->version);
        }
        for (int i = 0; i < n_inputs; i++)
            for (int64_t e = 0; own[i].tag == VALUE_TENSOR && !same_bytes(own[i].t->store, want[i].t->store) && e < own[i].t->numel; e++) {
                const double x = tensor_get_double(own[i].t, e), y = tensor_get_double(want[i].t, e);
                if (x != y && !(isnan(x) && isnan(y))) fail_msg("input %d, element %lld: %.9g, alone %.9g", i, (long long)e, x, y);
            }
        release_all(own, n_inputs);
        release_all(want, n_inputs);
        release_all(values, n_steps);
        release_all(alone, n_steps);
    }
    fused_cache_free(&caches[0]);
    fused_cache_free(&caches[1]);
}

static void make_three(dtype d, int64_t r, int64_t c, jit_value *inputs)
{
    for (int i = 0; i < 3; i++) inputs[i] = SAMPLE(d, i + 1, r, c);
    inputs[3] = I(1);
    inputs[4] = F(-0.25);
}

/* A sum of a layer and what went around it; names of a value that was written to mean what it is now. */
static void writing_to_values_of_the_run(void **state)
{
    (void)state;
    static const step residual[] = { STEP(mul_Tensor, 0, 1), STEP(add__Tensor, V(0), 2, 3), STEP(relu_, V(1)) };
    static const step renamed[] = { STEP(mul_Tensor, 0, 1), STEP(exp, V(0)), STEP(add__Tensor, V(0), 2, 3), STEP(mul_Tensor, V(0), V(1)),
                                    STEP(relu_, V(2)), STEP(sub_Tensor, V(0), V(3), 3), STEP(mul__Tensor, V(5), V(5)) };
    EACH_SHAPE(r, c) EACH_FLOAT(d) {
        compare_writing(residual, 3, make_three, 5, d, r, c, 3);
        compare_writing(renamed, 7, make_three, 5, d, r, c, 7);
    }
}

/* p.add_(g, alpha), Adam: moments and parameter are arguments that others see. */
static void updates_of_arguments(void **state)
{
    (void)state;
    static const step steps[] = { STEP(mul__Scalar, 0, 4), STEP(add__Tensor, 0, 1, 4), STEP(sqrt, 0), STEP(addcdiv_, 2, V(1), V(2), 4),
                                  STEP(mul_Tensor, 0, 2) };
    static const step itself[] = { STEP(add__Tensor, 0, 0, 3), STEP(mul__Tensor, V(0), 0), STEP(neg, 1) };
    EACH_SHAPE(r, c) EACH_FLOAT(d) {
        compare_writing(steps, 5, make_three, 5, d, r, c, 5);
        compare_writing(itself, 3, make_three, 5, d, r, c, 3);
    }
}

static void make_types(dtype d, int64_t r, int64_t c, jit_value *inputs)
{
    make_three(d, r, c, inputs);
    value_unref(inputs[1]);
    inputs[1] = SAMPLE(DTYPE_float64, 9, c);
}

/* The target keeps its type; a type that does not fit is an error of the operator alone. */
static void targets_keep_their_type(void **state)
{
    (void)state;
    static const step steps[] = { STEP(neg, 0), STEP(add__Tensor, V(0), 1, 3), STEP(gt__Tensor, V(1), 2), STEP(mul__Tensor, 0, V(2)) };
    EACH_SHAPE(r, c) EACH_FLOAT(d) compare_writing(steps, 4, make_types, 5, d, r, c, 4);
    fused_group g;
    static const step refused[] = { STEP(neg, 0), STEP(neg, V(0)), STEP(add__Tensor, V(1), 1, 2) };
    jit_value inputs[] = { SAMPLE(DTYPE_int64, 1, 5, 3), SAMPLE(DTYPE_float32, 2, 5, 3), I(1) }, values[3] = { 0 };
    op_run run = { 0 };
    make_group(&g, refused, 3, 3, true);
    assert_int_equal(fused_run(&run, &g, NULL, 0, inputs, values, values), 2);
    release_all(values, 3);
    release_all(inputs, 2);
}

/* 0: a tensor; 1: the same one; 2: its rows one further; 3: a broadcast one; 4: number. */
static void make_views(dtype d, int64_t r, int64_t c, jit_value *inputs)
{
    const jit_value all = SAMPLE(d, 1, r + 1, c);
    const int64_t sizes[] = { r, c }, strides[] = { c, 1 }, none[] = { 0, 1 };
    inputs[0] = T_(tensor_view(all.t, sizes, strides, 2, 0));
    inputs[1] = T_(tensor_ref(inputs[0].t));
    inputs[2] = T_(tensor_view(all.t, sizes, strides, 2, c));
    const jit_value row = SAMPLE(d, 2, 1, c);
    inputs[3] = T_(tensor_view(row.t, sizes, none, 2, 0));
    inputs[4] = I(1);
    value_unref(all);
    value_unref(row);
}

static void views_of_the_target_end_the_run(void **state)
{
    (void)state;
    static const step read_after[] = { STEP(neg, 3), STEP(mul__Tensor, 0, V(0)), STEP(add_Tensor, V(1), 2, 4), STEP(exp, V(2)) };
    static const step read_before[] = { STEP(neg, 2), STEP(exp, V(0)), STEP(mul__Tensor, 0, V(1)), STEP(neg, V(2)) };
    static const step other_name[] = { STEP(mul_Tensor, 0, 1), STEP(add__Tensor, 0, V(0), 4), STEP(neg, 1), STEP(exp, V(2)) };
    static const step two_targets[] = { STEP(mul__Tensor, 0, 3), STEP(neg, V(0)), STEP(mul__Tensor, 2, 3), STEP(neg, V(2)) };
    EACH_SHAPE(r, c) {
        compare_writing(read_after, 4, make_views, 5, DTYPE_float32, r, c, 2);
        compare_writing(read_before, 4, make_views, 5, DTYPE_float32, r, c, 2);
        compare_writing(other_name, 4, make_views, 5, DTYPE_float32, r, c, 2);
        compare_writing(two_targets, 4, make_views, 5, DTYPE_float32, r, c, 2);
    }
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 16;
}

/* The input that `from` is when steps of `writing` operators name what they write to; < 0: none. */
static int input_behind(const step *steps, int from)
{
    while (from < 0 && op_get_info(steps[-1 - from].op)->variant == OP_INPLACE) from = steps[-1 - from].args[0];
    return from == 1 ? 0 : from; // the same tensor
}

/* Any operators on any values, views of each other among them. */
static void random_programs(void **state)
{
    static const step binary[] = { STEP(add_Tensor, 0, 0, 4), STEP(mul_Tensor, 0, 0), STEP(sub_Tensor, 0, 0, 4), STEP(maximum, 0, 0) };
    static const step writing[] = { STEP(add__Tensor, 0, 0, 4), STEP(mul__Tensor, 0, 0), STEP(sub__Tensor, 0, 0, 4), STEP(relu_, 0),
                                    STEP(lerp__Tensor, 0, 0, 0) };
    unsigned seed = 1;
    (void)state;
    for (int round = 0; round < 600; round++) {
        enum { N = 10, N_TENSORS = 4 };
        step steps[N];
        for (int k = 0; k < N; k++) {
            const bool writes = next_random(&seed) % 2;
            steps[k] = writes ? writing[next_random(&seed) % 5] : binary[next_random(&seed) % 4];
            for (int i = 0; steps[k].args[i] != END; i++) {
                const int from = (int)(next_random(&seed) % (unsigned)(N_TENSORS + k)) - k; // a value of a step before, or an input
                const bool is_target = writes && i == 0;
                if (steps[k].args[i] == 4) continue;
                steps[k].args[i] = is_target && from == 3 ? 0 : from;
                const int self = input_behind(steps, steps[k].args[0]), other = input_behind(steps, from);
                if (writes && self + other == 2 && self >= 0 && other >= 0 && self != other) steps[k].args[i] = steps[k].args[0];
            }
        }
        const int64_t *shape = shapes[next_random(&seed) % 9];
        compare_writing(steps, N, make_views, 5, round % 3 ? DTYPE_float32 : DTYPE_bfloat16, shape[0], shape[1], ANY_NUMBER);
    }
}

static void make_wider(dtype d, int64_t r, int64_t c, jit_value *inputs)
{
    inputs[0] = SAMPLE(d, 1, r, c);
    inputs[1] = sample(d, 2, (int64_t[]){ r, c }, 2, 3);
    inputs[2] = I(1);
}

/* A target with gaps is written by its own operator. */
static void make_images(dtype d, int64_t r, int64_t c, jit_value *inputs)
{
    for (int i = 0; i < 3; i++) inputs[i] = LAST(d, i + 1, 2, c, 3, r);
    inputs[3] = I(1);
    inputs[4] = SAMPLE(d, 5, 2, c, 3, r);
}

/* What follows the convolutions of a residual network: a target is written where all lie alike. */
static void targets_of_other_orders(void **state)
{
    (void)state;
    static const step steps[] = { STEP(add__Tensor, 0, 1, 3), STEP(relu_, V(0)), STEP(mul_Tensor, V(1), 2), STEP(relu_, V(2)) };
    static const step mixed[] = { STEP(neg, 0), STEP(exp, V(0)), STEP(add__Tensor, 4, V(1), 3), STEP(relu_, V(2)) };
    EACH_SHAPE(r, c) EACH_FLOAT(d) {
        if (c == 1 || r * c > 16000) continue; // is contiguous; takes long
        compare_writing(steps, 4, make_images, 5, d, r, c, 4);
        compare_writing(mixed, 4, make_images, 5, d, r, c, 2);
    }
}

static void targets_with_gaps(void **state)
{
    (void)state;
    static const step steps[] = { STEP(neg, 0), STEP(exp, V(0)), STEP(add__Tensor, 1, V(1), 2), STEP(neg, V(2)), STEP(exp, V(3)) };
    EACH_SHAPE(r, c)
        if (r > 1 && c > 1) compare_writing(steps, 5, make_wider, 3, DTYPE_float32, r, c, 2);
}

/* A target that dies unseen is not written at all, or becomes the result. */
static void a_dying_target(void **state)
{
    (void)state;
    static const step steps[] = { STEP(add__Tensor, 0, 1, 2), STEP(relu_, V(0)), STEP(mul_Tensor, V(1), 1) };
    EACH_SHAPE(r, c) {
        fused_group g;
        jit_value inputs[] = { SAMPLE(DTYPE_float32, 1, r, c), SAMPLE(DTYPE_float32, 2, r, c), I(1) }, alone[3], values[3];
        op_run run = { 0 };
        make_group(&g, steps, 3, 3, false);
        g.steps[0].dying = 1;
        assert_int_equal(fused_run(&run, &g, NULL, 0, inputs, values, values), 3);
        assert_ptr_equal(values[2].t, inputs[0].t);
        const jit_value fresh[] = { SAMPLE(DTYPE_float32, 1, r, c), inputs[1], I(1) };
        for (int k = 0; k < 3; k++) alone[k] = run_alone(&g, k, fresh, alone);
        expect_same(values[2], alone[2], 2);
        release_all(values, 3);
        release_all(alone, 3);
        release_all(inputs, 2);
        value_unref(fresh[0]);
    }
}

/* Its value is read while operands are prepared, so it has to be there. */
static void a_number_to_fill_with(void **state)
{
    (void)state;
    static const step steps[] = { STEP(neg, 0), STEP(amax, V(0), 1, 2), STEP(masked_fill_Tensor, V(0), 3, V(1)), STEP(neg, V(2)) };
    COMPARE(steps, 2, SAMPLE(DTYPE_float32, 1, 40), INTS(-1), B(false), SAMPLE(DTYPE_bool, 2, 40));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointwise_chains),
        cmocka_unit_test(pairs),
        cmocka_unit_test(broadcast_operands),
        cmocka_unit_test(strides),
        cmocka_unit_test(other_orders_of_memory),
        cmocka_unit_test(types_of_several_kinds),
        cmocka_unit_test(reductions_of_rows),
        cmocka_unit_test(a_square_is_no_trap),
        cmocka_unit_test(softmax_and_layer_norm),
        cmocka_unit_test(batch_norm_of_fixed_statistics),
        cmocka_unit_test(totals_and_losses),
        cmocka_unit_test(losses_join_their_neighbours),
        cmocka_unit_test(totals_and_rows_part),
        cmocka_unit_test(weights_from_inside_wait),
        cmocka_unit_test(what_does_not_fit_is_left),
        cmocka_unit_test(results_larger_than_caches),
        cmocka_unit_test(many_rows_on_any_number_of_threads),
        cmocka_unit_test(a_program_has_room_for_so_much),
        cmocka_unit_test(writing_to_values_of_the_run),
        cmocka_unit_test(updates_of_arguments),
        cmocka_unit_test(targets_keep_their_type),
        cmocka_unit_test(views_of_the_target_end_the_run),
        cmocka_unit_test(random_programs),
        cmocka_unit_test(targets_of_other_orders),
        cmocka_unit_test(targets_with_gaps),
        cmocka_unit_test(a_dying_target),
        cmocka_unit_test(a_number_to_fill_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
