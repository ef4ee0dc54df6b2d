/* Layers with what follows them against the operators one by one. Within a primitive a sum may be rounded in another
 * order, and a clamp may turn NaN into its lower bound; nothing else may differ. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_args.h"

#ifdef TJS_ONEDNN
#include "runtime/device/onednn.h"
static bool has_onednn(void) { return onednn_get() != NULL; }
#else
static bool has_onednn(void) { return false; }
#endif

enum { CHANNELS = 16, SIDE = 28, ROWS = 32, COLUMNS = 256, FORMAT_LAST = 2 };

/* Numbers between -1 and 1, always the same. */
static tensor *numbers(size_t n_dims, const int64_t *sizes, uint32_t seed)
{
    tensor *t = tensor_new(DTYPE_float32, sizes, (int)n_dims, DEVICE_CPU0);
    float *at = tensor_data(t);
    for (int64_t i = 0; i < t->numel; i++) {
        seed = seed * 1664525u + 1013904223u;
        at[i] = (float)(seed >> 8) / (float)(1 << 23) - 1;
    }
    return t;
}

static tensor *last(tensor *take)
{
    return CALL("aten::contiguous", "", T_(take), I(FORMAT_LAST)).t;
}

static tensor *image(uint32_t seed) { return last(numbers(SIZES(1, CHANNELS, SIDE, SIDE), seed)); }

/* What follows a layer. */
typedef struct then {
    tensor *other;
    bool is_swapped, is_in_place, dies;
    jit_value low, high;
} then;

static jit_value ref(tensor *t) { return T_(tensor_ref(t)); }

/* layer + other, clamped, by their own kernels; takes the layer's result. */
static tensor *one_by_one(jit_value layer, const then *t)
{
    jit_value y = layer;
    if (t->other) {
        jit_value other = T_(CALL("aten::clone", "", ref(t->other), NONE).t);
        y = CALL(t->is_in_place ? "aten::add_" : "aten::add", "Tensor", t->is_swapped ? other : y, t->is_swapped ? y : other, I(1));
    }
    return t->low.tag == VALUE_NONE && t->high.tag == VALUE_NONE ? y.t : CALL("aten::clamp", "", y, t->low, t->high).t;
}

/* The layer's operator with its own arguments, which are taken, and what follows. */
static tensor *at_once(const char *name, size_t n, const jit_value *layer, const then *t)
{
    jit_value args[16], ret = VALUE_NONE_V;
    memcpy(args, layer, n * sizeof *args);
    const jit_value own[] = { t->other ? ref(t->other) : NONE, B(t->is_swapped), B(t->is_in_place), t->low, t->high };
    memcpy(args + n, own, sizeof own);
    op_run run = { 0 };
    op_ctx cx = { .run = &run, .op = op_find(name, ""), .n_args = (uint32_t)n + 5, .n_rets = 1 };
    if (t->dies) {
        tensor_unref(t->other); // the argument's is the only reference
        cx.dying = UINT32_C(1) << n;
    }
    if (!op_kernel_find(cx.op, DEVICE_CPU)(&cx, args, &ret)) fail_msg("%s: %s", name, run.message);
    if (t->dies) tensor_ref(t->other);
    for (size_t i = 0; i < cx.n_args; i++) value_unref(args[i]);
    return ret.t;
}

/* NaN where both have it, or the bound. */
static void compare(tensor *got, tensor *want, const then *t)
{
    const bool clamps = t->low.tag != VALUE_NONE;
    assert_int_equal(got->numel, want->numel);
    assert_string_equal(dtype_name(tensor_dtype(got)), dtype_name(tensor_dtype(want)));
    for (int64_t i = 0; i < got->numel; i++) {
        const double a = tensor_get_double(got, i), b = tensor_get_double(want, i);
        const bool is_lost = clamps && isnan(b) && a == (t->low.tag == VALUE_INT ? (double)t->low.i : t->low.f);
        if (!is_lost && isnan(a) != isnan(b)) fail_msg("element %d is %g, not %g", (int)i, a, b);
        if (!isnan(b) && fabs(a - b) > 1e-5 * (1 + fabs(b))) fail_msg("element %d is %.9g, not %.9g", (int)i, a, b);
    }
    tensor_unref(got);
    tensor_unref(want);
}

static void check_convolution(tensor *x, then t)
{
    tensor *w = numbers(SIZES(CHANNELS, CHANNELS, 3, 3), 2), *bias = numbers(SIZES(CHANNELS), 3);
    const jit_value for_one[] = { ref(x), ref(w), ref(bias), INTS(1, 1), INTS(1, 1), INTS(1, 1), I(1) };
    const jit_value for_both[] = { ref(x), ref(w), ref(bias), INTS(1, 1), INTS(1, 1), INTS(1, 1), I(1) };
    tensor *want = one_by_one(call_op("tjs::conv2d", "", 7, (jit_value *)for_one, NULL), &t);
    compare(at_once("tjs::conv2d_then", 7, for_both, &t), want, &t);
    tensor_unref(w);
    tensor_unref(bias);
    tensor_unref(x);
    tensor_unref(t.other);
}

static void check_linear(tensor *x, then t)
{
    tensor *w = numbers(SIZES(COLUMNS, COLUMNS), 5), *bias = numbers(SIZES(COLUMNS), 6);
    const jit_value for_one[] = { ref(x), ref(w), ref(bias) }, for_both[] = { ref(x), ref(w), ref(bias) };
    tensor *want = one_by_one(call_op("aten::linear", "", 3, (jit_value *)for_one, NULL), &t);
    compare(at_once("tjs::linear_then", 3, for_both, &t), want, &t);
    tensor_unref(w);
    tensor_unref(bias);
    tensor_unref(x);
    tensor_unref(t.other);
}

#define RELU .low = I(0), .high = NONE
#define RELU6 .low = I(0), .high = I(6)
#define UNCLAMPED .low = NONE, .high = NONE

static void convolutions(void **state)
{
    (void)state;
    check_convolution(image(1), (then){ RELU });
    check_convolution(image(1), (then){ RELU6 });
    check_convolution(image(1), (then){ .low = F(-0.5), .high = F(0.25) });
    check_convolution(image(1), (then){ image(4), UNCLAMPED });
    check_convolution(image(1), (then){ image(4), RELU });
    check_convolution(image(1), (then){ image(4), .is_swapped = true, .is_in_place = true, .dies = true, RELU6 });
    check_convolution(image(1), (then){ image(4), .is_in_place = true, .dies = true, RELU });
}

/* What a primitive cannot take: other orders, sizes and types. */
static void convolutions_that_do_not_fit(void **state)
{
    (void)state;
    check_convolution(image(1), (then){ numbers(SIZES(1, CHANNELS, SIDE, SIDE), 4), RELU });
    check_convolution(image(1), (then){ numbers(SIZES(CHANNELS, 1, 1), 4), .is_in_place = true, RELU });
    check_convolution(image(1), (then){ numbers(SIZES(2, CHANNELS, SIDE, SIDE), 4), .is_swapped = true, UNCLAMPED });
    check_convolution(image(1), (then){ CALL("aten::to", "dtype", T_(image(4)), DTYPE(float64), B(0), B(0), NONE).t, RELU });
    check_convolution(image(1), (then){ CALL("aten::to", "dtype", T_(image(4)), DTYPE(float64), B(0), B(0), NONE).t,
                                        .is_in_place = true, UNCLAMPED });
    check_convolution(numbers(SIZES(1, CHANNELS, 3, 3), 1), (then){ RELU }); // too small for oneDNN
    check_convolution(numbers(SIZES(CHANNELS, SIDE, SIDE), 1), (then){ RELU });
}

/* x + conv(x): the sum must not be written where x is still read. */
static void an_image_added_to_its_own_convolution(void **state)
{
    (void)state;
    tensor *x = image(1);
    check_convolution(tensor_ref(x), (then){ x, RELU });
}

static void numbers_that_are_not_finite(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        tensor *x = image(1);
        ((float *)tensor_data(x))[100] = k == 0 ? NAN : k == 1 ? INFINITY : -INFINITY;
        check_convolution(x, (then){ image(4), RELU });
    }
}

static void linear_layers(void **state)
{
    (void)state;
    check_linear(numbers(SIZES(ROWS, COLUMNS), 1), (then){ RELU });
    check_linear(numbers(SIZES(4, ROWS / 4, COLUMNS), 1), (then){ RELU6 });
    check_linear(numbers(SIZES(ROWS, COLUMNS), 1), (then){ numbers(SIZES(ROWS, COLUMNS), 4), UNCLAMPED });
    check_linear(numbers(SIZES(4, ROWS / 4, COLUMNS), 1),
                 (then){ numbers(SIZES(4, ROWS / 4, COLUMNS), 4), .is_swapped = true, .dies = true, RELU });
    check_linear(numbers(SIZES(ROWS, COLUMNS), 1), (then){ numbers(SIZES(COLUMNS), 4), RELU });
    check_linear(numbers(SIZES(COLUMNS), 1), (then){ numbers(SIZES(COLUMNS), 4), RELU });
    tensor *x = numbers(SIZES(ROWS, COLUMNS), 1);
    check_linear(tensor_ref(x), (then){ x, RELU });
}

/* The memory of what is added becomes the result's where nobody else sees it. */
static void what_dies_is_written_to(void **state)
{
    (void)state;
    tensor *other = image(4);
    const void *memory = tensor_data(other);
    const jit_value layer[] = { T_(image(1)), T_(numbers(SIZES(CHANNELS, CHANNELS, 3, 3), 2)), NONE,
                                INTS(1, 1), INTS(1, 1), INTS(1, 1), I(1) };
    const then t = { other, .dies = true, RELU };
    tensor *y = at_once("tjs::conv2d_then", 7, layer, &t);
    if (has_onednn()) assert_ptr_equal(tensor_data(y), memory);
    tensor_unref(y);
    tensor_unref(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions), cmocka_unit_test(convolutions_that_do_not_fit),
        cmocka_unit_test(an_image_added_to_its_own_convolution), cmocka_unit_test(numbers_that_are_not_finite),
        cmocka_unit_test(linear_layers), cmocka_unit_test(what_dies_is_written_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
