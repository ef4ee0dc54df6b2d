/* tests/unit/vm/test_fuse.c: groups of pointwise operators give the bits that the operators give one by one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/vm/vm_test.h"

#include <stdio.h>

enum { MAX_STEPS = 8 };

/** A tensor of n elements between -2 and 2. */
static tensor *sample(dtype d, int64_t n, int seed)
{
    tensor *t = tensor_new(d, &n, 1, DEVICE_CPU0);
    assert_non_null(t);
    for (int64_t i = 0; i < n; i++) {
        double f = (double)((i * 7919 + seed * 104729) % 4001) / 1000 - 2;
        if (d == DTYPE_float32)
            ((float *)tensor_data(t))[i] = (float)f;
        else if (d == DTYPE_float64)
            ((double *)tensor_data(t))[i] = f;
        else
            ((int64_t *)tensor_data(t))[i] = (int64_t)(f * 10);
    }
    return t;
}

static jit_value new_ref(tensor *t) { return VALUE_HEAP_V(VALUE_TENSOR, tensor_ref(t)); }

static tensor *run_on_two(vm_fixture *x, const char *ir, tensor *a, tensor *b)
{
    jit_value args[] = { new_ref(a), new_ref(b) }, ret;
    bool done = run_graph(x, ir, args, 2, &ret);
    if (!done)
        fail_msg("%s: %s", ir, x->run.op.message);
    assert_int_equal(ret.tag, VALUE_TENSOR);
    return ret.t;
}

static void expect_same_bits(const tensor *got, const tensor *want)
{
    assert_int_equal(got->dtype, want->dtype);
    assert_true(tensor_same_sizes(got, want));
    assert_true(tensor_is_contiguous(got));
    assert_memory_equal(tensor_data(got), tensor_data(want),
                        (size_t)want->numel * dtype_size(tensor_dtype(want)));
}

/** Expressions over %p, the value before, and %b; each makes %q. */
static const char *const chain[MAX_STEPS] = {
    "aten::mul(%p, %two)", "aten::add(%p, %b, %one)", "aten::relu(%p)", "aten::sub(%p, %half, %one)",
    "aten::sigmoid(%p)", "aten::mul(%p, %p)", "aten::rsub(%p, %b, %one)", "aten::tanh(%p)",
};
static const char constants[] =
    "  %one : int = prim::Constant[value=1]()\n"
    "  %two : float = prim::Constant[value=2.]()\n"
    "  %half : float = prim::Constant[value=0.5]()\n";

/** A graph of the steps [from, to) of the chain. */
static void print_chain(text *out, int from, int to)
{
    text_addf(out, "graph(%%v%d : Tensor, %%b : Tensor):\n%s", from, constants);
    for (int k = from; k < to; k++) {
        text_addf(out, "  %%v%d : Tensor = ", k + 1);
        for (const char *s = chain[k]; *s; s++) {
            if (s[0] == '%' && s[1] == 'p')
                text_addf(out, "%%v%d", k), s++;
            else
                text_add_char(out, *s);
        }
        text_add_char(out, '\n');
    }
    text_addf(out, "  return (%%v%d)\n", to);
}

static tensor *run_chain(vm_fixture *x, int from, int to, tensor *a, tensor *b)
{
    text ir;
    text_init(&ir, NULL);
    print_chain(&ir, from, to);
    tensor *t = run_on_two(x, ir.s, a, b);
    text_fini(&ir);
    return t;
}

static void compare_chain(dtype d, dtype other, int64_t n, int64_t n_other)
{
    vm_fixture x;
    fixture_init(&x);
    tensor *a = sample(d, n, 1), *b = sample(other, n_other, 2);
    tensor *a_before = sample(d, n, 1);
    tensor *fused = run_chain(&x, 0, MAX_STEPS, a, b);
    tensor *step = tensor_ref(a);
    for (int k = 0; k < MAX_STEPS; k++) {
        tensor *next = run_chain(&x, k, k + 1, step, b);
        tensor_unref(step);
        step = next;
    }
    expect_same_bits(fused, step);
    expect_same_bits(a, a_before); // a belongs to the caller: its memory is not reused
    tensor_unref(fused);
    tensor_unref(step);
    tensor_unref(a_before);
    tensor_unref(a);
    tensor_unref(b);
    fixture_fini(&x);
}

TEST(gives_the_same_bits)
{
    static const int64_t counts[] = { 0, 1, 15, 16, 17, 1000, 1024, 5003, 70001 };
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        compare_chain(DTYPE_float32, DTYPE_float32, counts[i], counts[i]);
        compare_chain(DTYPE_float64, DTYPE_float64, counts[i], counts[i]);
    }
}

TEST(runs_one_by_one_what_does_not_fit)
{
    (void)state;
    compare_chain(DTYPE_float32, DTYPE_float64, 100, 100);
    compare_chain(DTYPE_float32, DTYPE_int64, 100, 100);
    compare_chain(DTYPE_int64, DTYPE_int64, 100, 100);
    compare_chain(DTYPE_float32, DTYPE_float32, 100, 1); // broadcast
    compare_chain(DTYPE_float32, DTYPE_float32, 1, 100);
}

static const char *const two_results =
    "graph(%a : Tensor, %b : Tensor):\n"
    "  %one : int = prim::Constant[value=1]()\n"
    "  %c : Tensor = aten::add(%a, %b, %one)\n"
    "  %d : Tensor = aten::mul(%c, %c)\n"
    "  %e : Tensor = aten::sub(%d, %a, %one)\n"
    "  %t : (Tensor, Tensor) = prim::TupleConstruct(%c, %e)\n"
    "  return (%t)\n";

TEST(keeps_values_read_outside)
{
    BEGIN;
    tensor *a = sample(DTYPE_float32, 37, 3), *b = sample(DTYPE_float32, 37, 4);
    jit_value args[] = { new_ref(a), new_ref(b) }, ret;
    assert_true(run_graph(&x, two_results, args, 2, &ret));
    const float *pa = tensor_data(a), *pb = tensor_data(b);
    const float *c = tensor_data(ret.tuple->at[0].t), *e = tensor_data(ret.tuple->at[1].t);
    for (int i = 0; i < 37; i++) {
        float sum = pa[i] + pb[i];
        assert_true(c[i] == sum);
        assert_true(e[i] == sum * sum - pa[i]);
    }
    value_unref(ret);
    tensor_unref(a);
    tensor_unref(b);
    END;
}

TEST(a_zero_dim_tensor_is_a_number)
{
    BEGIN;
    tensor *a = sample(DTYPE_float32, 20, 3), *b = tensor_new(DTYPE_float32, NULL, 0, DEVICE_CPU0);
    *(float *)tensor_data(b) = 0.25f;
    tensor *t = run_chain(&x, 0, 2, a, b);
    for (int i = 0; i < 20; i++)
        assert_true(((float *)tensor_data(t))[i] == ((float *)tensor_data(a))[i] * 2 + 0.25f);
    tensor_unref(t);
    tensor *zero_dim = run_chain(&x, 0, 2, b, b);
    assert_int_equal(zero_dim->n_dims, 0);
    assert_true(*(float *)tensor_data(zero_dim) == 0.75f);
    tensor_unref(zero_dim);
    tensor_unref(a);
    tensor_unref(b);
    END;
}

TEST(errors_stand_where_they_arise)
{
    BEGIN;
    tensor *a = sample(DTYPE_float32, 3, 1), *b = sample(DTYPE_float32, 4, 1);
    expect_error(&x,
        "graph(%a : Tensor, %b : Tensor):\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %c : Tensor = aten::neg(%a)\n"
        "  %d : Tensor = aten::add(%c, %b, %one)\n"
        "  return (%d)\n", ARGS(VALUE_HEAP_V(VALUE_TENSOR, a), VALUE_HEAP_V(VALUE_TENSOR, b)),
        "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0");
    vm_run_fini(&x.run);
    a = sample(DTYPE_float32, 3, 1);
    expect_error(&x,
        "graph(%a : Tensor):\n"
        "  %how : str = prim::Constant[value=\"round\"]()\n"
        "  %c : Tensor = aten::neg(%a)\n"
        "  %d : Tensor = aten::gelu(%c, %how)\n"
        "  return (%d)\n", ARGS(VALUE_HEAP_V(VALUE_TENSOR, a)),
        "approximate argument must be either none or tanh.");
    END;
}

/** The input dies in the group while a view of it lives on: its memory must stay. */
TEST(memory_of_views_is_not_reused)
{
    BEGIN;
    const char *ir =
        "graph(%a : Tensor, %b : Tensor):\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %c : Tensor = aten::neg(%a)\n"
        "  %v : Tensor = aten::unsqueeze(%c, %zero)\n"
        "  %d : Tensor = aten::neg(%c)\n"
        "  %e : Tensor = aten::add(%d, %b, %one)\n"
        "  %w : Tensor = aten::neg(%v)\n"
        "  %s : Tensor = aten::squeeze(%w)\n"
        "  %t : (Tensor, Tensor) = prim::TupleConstruct(%e, %s)\n"
        "  return (%t)\n";
    tensor *a = sample(DTYPE_float32, 50, 1), *b = sample(DTYPE_float32, 50, 5);
    jit_value args[] = { new_ref(a), new_ref(b) }, ret;
    assert_true(run_graph(&x, ir, args, 2, &ret));
    expect_same_bits(ret.tuple->at[1].t, a);
    value_unref(ret);
    tensor_unref(a);
    tensor_unref(b);
    END;
}

/** The operators of group `group` in the plan of a graph; 0: there is no such group. */
static int count_steps(vm_fixture *x, const char *ir, int group)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "FUSED #%d ", group);
    int n = count_in_plan(x, ir, wanted); // in front of each operator but the last
    return n ? n + 1 : 0;
}

TEST(groups_end_where_other_operators_stand)
{
    BEGIN;
    const char *ir =
        "graph(%a : Tensor, %w : Tensor):\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %half : float = prim::Constant[value=0.5]()\n"
        "  %yes : bool = prim::Constant[value=1]()\n"
        "  %none : str = prim::Constant[value=\"none\"]()\n"
        "  %b : Tensor = aten::add(%a, %a, %one)\n"
        "  %size : int = prim::Constant[value=8]()\n"
        "  %shape : int[] = prim::ListConstruct(%size)\n" // made in front of the group
        "  %c : Tensor = aten::layer_norm(%b, %shape, %w, %w, %half, %yes)\n"
        "  %d : Tensor = aten::gelu(%c, %none)\n"
        "  %e : Tensor = aten::matmul(%d, %w)\n"
        "  %f : Tensor = aten::neg(%e)\n"
        "  %h : Tensor = aten::neg(%a)\n" // of another size, maybe: that is seen when it runs
        "  %t : (Tensor, Tensor) = prim::TupleConstruct(%f, %h)\n"
        "  return (%t)\n";
    assert_int_equal(count_steps(&x, ir, 0), 3);
    assert_int_equal(count_steps(&x, ir, 1), 2);
    assert_int_equal(count_steps(&x, ir, 2), 0);
    tensor *a = sample(DTYPE_float32, 8, 1), *w = sample(DTYPE_float32, 8, 2);
    jit_value args[] = { new_ref(a), new_ref(w) }, ret;
    assert_true(run_graph(&x, ir, args, 2, &ret));
    assert_int_equal(ret.tuple->at[0].t->n_dims, 0);
    assert_int_equal(ret.tuple->at[1].t->numel, 8);
    value_unref(ret);
    tensor_unref(a);
    tensor_unref(w);
    END;
}

/** Two lines of work on tensors of two sizes, one after the other in turn: each step is run by what fits it. */
TEST(sizes_may_alternate)
{
    BEGIN;
    const char *ir =
        "graph(%a : Tensor, %b : Tensor):\n"
        "  %one : int = prim::Constant[value=1]()\n"
        "  %a1 : Tensor = aten::neg(%a)\n"
        "  %a2 : Tensor = aten::mul(%a1, %a)\n"
        "  %b1 : Tensor = aten::neg(%b)\n"
        "  %b2 : Tensor = aten::add(%b1, %b, %one)\n"
        "  %a3 : Tensor = aten::sub(%a2, %a1, %one)\n"
        "  %b3 : Tensor = aten::sub(%b1, %b2, %one)\n"
        "  %a4 : Tensor = aten::mul(%a3, %a2)\n"
        "  %t : (Tensor, Tensor) = prim::TupleConstruct(%a4, %b3)\n"
        "  return (%t)\n";
    tensor *a = sample(DTYPE_float32, 500, 1), *b = sample(DTYPE_float32, 70, 2);
    jit_value args[] = { new_ref(a), new_ref(b) }, ret;
    assert_int_equal(count_steps(&x, ir, 0), 7);
    assert_true(run_graph(&x, ir, args, 2, &ret));
    const float *pa = tensor_data(a), *pb = tensor_data(b);
    const float *ra = tensor_data(ret.tuple->at[0].t), *rb = tensor_data(ret.tuple->at[1].t);
    for (int i = 0; i < 500; i++) {
        const float a2 = -pa[i] * pa[i];
        assert_true(ra[i] == (a2 - -pa[i]) * a2);
    }
    for (int i = 0; i < 70; i++)
        assert_true(rb[i] == -pb[i] - (-pb[i] + pb[i]));
    value_unref(ret);
    tensor_unref(a);
    tensor_unref(b);
    END;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_same_bits),
        cmocka_unit_test(runs_one_by_one_what_does_not_fit),
        cmocka_unit_test(keeps_values_read_outside),
        cmocka_unit_test(a_zero_dim_tensor_is_a_number),
        cmocka_unit_test(errors_stand_where_they_arise),
        cmocka_unit_test(memory_of_views_is_not_reused),
        cmocka_unit_test(groups_end_where_other_operators_stand),
        cmocka_unit_test(sizes_may_alternate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
