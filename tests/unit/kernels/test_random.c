/* Random tensors against PyTorch 1.13.1 (a CPU build without MKL), each after manual_seed(0). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_test.h"

#define NONE VALUE_NONE_V
#define OPTIONS NONE, NONE, NONE, NONE

static void seed(void)
{
    op_run run = { 0 };
    jit_value unused;
    assert_true(op_call(&run, op_find("aten::manual_seed", ""), (jit_value[]){ VALUE_INT_V(0) }, 1, &unused));
}

static jit_value ints(int64_t n)
{
    list *l = list_new(T_INT, LIST_INTS, 1);
    assert_true(list_push(l, VALUE_INT_V(n)));
    return VALUE_HEAP_V(VALUE_LIST, l);
}

static jit_value ones(int64_t n) { return CALL("aten::ones", "", ints(n), OPTIONS); }

static void uniform_numbers(void **state)
{
    (void)state;
    seed();
    EXPECT(CALL("aten::rand", "", ints(3), OPTIONS), float32, 0.49625658989, 0.76822179556, 0.08847743273);
    seed();
    EXPECT(CALL("aten::rand", "", ints(2), VALUE_INT_V(7), NONE, NONE, NONE), float64, 0.9700530018065531, 0.707819864399788);
    seed();
    EXPECT(CALL("aten::rand", "", ints(3), VALUE_INT_V(5), NONE, NONE, NONE), float16, 0.333984375, 0.27294921875, 0.80712890625);
    EXPECT(CALL("aten::rand", "", ints(3), VALUE_INT_V(15), NONE, NONE, NONE), bfloat16, 0.75, 0.26171875, 0.98046875);
    seed();
    EXPECT(CALL("aten::uniform_", "", ones(3), VALUE_FLOAT_V(-1), VALUE_FLOAT_V(2), NONE), float32, 0.48876976967,
           1.30466532707, -0.7345677018);
}

static void normal_numbers(void **state)
{
    (void)state;
    seed();
    EXPECT(CALL("aten::randn", "", ints(3), OPTIONS), float32, 1.5409960747, -0.2934288979, -2.1787893772);
    seed();
    EXPECT(CALL("aten::randn", "", ints(20), OPTIONS), float32, -1.1258398294, -1.1523602009, -0.2505785823, -0.4338788092,
           0.5988394618, -1.5550950766, -0.3413603902, 1.8530061245, 0.4680964053, -0.1577124447, 1.44366014, 0.2660494149,
           1.3893661499, 1.5863342285, 0.9462983608, -0.8436767459, 0.9318265915, 1.2590092421, 2.0049805642, 0.0537369028);
    seed();
    EXPECT(CALL("aten::normal_", "", ones(3), VALUE_FLOAT_V(1), VALUE_FLOAT_V(2), NONE), float32, 4.081992149, 0.413142174, -3.357578754);
    seed();
    EXPECT(CALL("aten::exponential_", "", ones(3), VALUE_FLOAT_V(1.5), NONE), float32, 2.338884115, 0.820256531, 0.410029382);
}

static void whole_numbers(void **state)
{
    (void)state;
    seed();
    EXPECT(CALL("aten::randint", "", VALUE_INT_V(10), ints(5), OPTIONS), int64, 4, 9, 3, 0, 3);
    EXPECT(CALL("aten::randint", "low", VALUE_INT_V(0), VALUE_INT_V(1ll << 40), ints(2), OPTIONS), int64, 1080377046723, 444201214985);
    seed();
    EXPECT(CALL("aten::randperm", "", VALUE_INT_V(6), OPTIONS), int64, 2, 5, 3, 0, 1, 4);
    seed();
    EXPECT(CALL("aten::random_", "", T_(VECTOR(int64, 0, 0, 0)), NONE), int64, (double)900450186894289455, (double)3969543146641149120, (double)1895649597198586619);
}

static void coins(void **state)
{
    (void)state;
    seed();
    EXPECT(CALL("aten::bernoulli", "", T_(VECTOR(float32, .5, .5, .5, .5, .5, .5)), NONE), float32, 1, 0, 1, 1, 1, 0);
    seed();
    EXPECT(CALL("aten::bernoulli_", "float", ones(6), VALUE_FLOAT_V(0.5), NONE), float32, 0, 0, 1, 0, 0, 0);
    seed();
    EXPECT(CALL("aten::dropout", "", ones(8), VALUE_FLOAT_V(0.5), VALUE_BOOL_V(true)), float32, 0, 0, 2, 0, 0, 0, 2, 2);
    EXPECT_FAILURE("dropout probability has to be between 0 and 1, but got 2", "aten::dropout", "", ones(2),
                   VALUE_FLOAT_V(2), VALUE_BOOL_V(true));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(uniform_numbers), cmocka_unit_test(normal_numbers),
                                        cmocka_unit_test(whole_numbers), cmocka_unit_test(coins) };
    return cmocka_run_group_tests_name("kernels/random", tests, NULL, NULL);
}
