/* Passes of frozen modules. Folded layers need constant tensors, which graphs as text do not carry: tests/interop. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opt/ir_test.h"

static void drops_dropout_outside_of_training(void **state)
{
    (void)state;
    expect_pass("rules",
        "graph(%x : Tensor):\n"
        "  %off : bool = prim::Constant[value=0]()\n"
        "  %p : float = prim::Constant[value=0.5]()\n"
        "  %y : Tensor = aten::dropout(%x, %p, %off)\n"
        "  %z : Tensor = aten::relu(%y)\n"
        "  return (%z)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  %off : bool = prim::Constant[value=0]()\n"
        "  %p : float = prim::Constant[value=0.5]()\n"
        "  %z : Tensor = aten::relu(%x)\n"
        "  return (%z)\n");
}

static void keeps_dropout_that_acts_or_raises(void **state)
{
    (void)state;
    expect_unchanged("rules",
        "graph(%x : Tensor,\n"
        "      %train : bool):\n"
        "  %p : float = prim::Constant[value=0.5]()\n"
        "  %y : Tensor = aten::dropout(%x, %p, %train)\n"
        "  return (%y)\n");
    expect_unchanged("rules",
        "graph(%x : Tensor):\n"
        "  %off : bool = prim::Constant[value=0]()\n"
        "  %p : float = prim::Constant[value=2.]()\n"
        "  %y : Tensor = aten::dropout(%x, %p, %off)\n"
        "  return (%y)\n");
}

static void asks_the_first_operand_for_the_rank(void **state)
{
    (void)state;
    expect_pass("rules,dce",
        "graph(%x : Tensor):\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  %z : Tensor = aten::silu(%y)\n"
        "  %d : int = aten::dim(%z)\n"
        "  return (%d)\n",
        /* becomes */
        "graph(%x : Tensor):\n"
        "  %d : int = aten::dim(%x)\n"
        "  return (%d)\n");
    expect_unchanged("rules",
        "graph(%x : Tensor):\n"
        "  %zero : int = prim::Constant[value=0]()\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  %s : Tensor = aten::unsqueeze_(%x, %zero)\n"
        "  %d : int = aten::dim(%y)\n"
        "  return (%d)\n");
}

static void keeps_norms_of_unknown_weights(void **state)
{
    (void)state;
    expect_unchanged("rules",
        "graph(%x : Tensor,\n"
        "      %w : Tensor,\n"
        "      %m : Tensor,\n"
        "      %v : Tensor):\n"
        "  %off : bool = prim::Constant[value=0]()\n"
        "  %e : float = prim::Constant[value=0.10000000000000001]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "  %y : Tensor = aten::linear(%x, %w, %none)\n"
        "  %z : Tensor = aten::batch_norm(%y, %m, %m, %m, %v, %off, %e, %e, %off)\n"
        "  return (%z)\n");
}

/* The inputs of the graph from `first` on are read as constants of these sizes. */
static void make_constant(ir_graph *g, uint32_t first, const int64_t *sizes, int n_dims)
{
    ir_builder b = { .g = g, .at = ir_first_deep(g) };
    for (uint32_t i = first; i < ir_block_n_inputs(g->body); i++) {
        tensor *t = tensor_new(DTYPE_float32, sizes, i == first ? n_dims : 1, DEVICE_CPU0);
        ir_replace_uses(ir_block_input(g->body, i), ir_build_constant(&b, VALUE_HEAP_V(VALUE_TENSOR, t), T_TENSOR));
    }
}

static void folds_norms_into_layers_without_bias(void **state)
{
    (void)state;
    ir_graph *g = parse_or_fail(
        "graph(%x : Tensor,\n"
        "      %w : Tensor,\n"
        "      %m : Tensor,\n"
        "      %v : Tensor):\n"
        "  %off : bool = prim::Constant[value=0]()\n"
        "  %e : float = prim::Constant[value=0.10000000000000001]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "  %i : int[] = prim::Constant[value=[1, 1]]()\n"
        "  %g : int = prim::Constant[value=1]()\n"
        "  %y : Tensor = aten::conv2d(%x, %w, %none, %i, %i, %i, %g)\n"
        "  %z : Tensor = aten::batch_norm(%y, %m, %m, %m, %v, %off, %e, %e, %off)\n"
        "  return (%z)\n");
    make_constant(g, 1, (int64_t[]){ 2, 2, 3, 3 }, 4);
    opt_ctx cx = { .validate = true, .eval = test_eval };
    const char *bad;
    assert_true(opt_run_passes("rules", g, &cx, &bad));
    assert_int_equal(ir_block_output(g->body, 0)->node->op, OP_aten_conv2d);
    ir_graph_free(g);
}

static void knows_a_condition_behind_its_check(void **state)
{
    (void)state;
    expect_pass("known_conditions,dead_branches,dce",
        "graph(%x : Tensor,\n"
        "      %bad : bool):\n"
        "  %m : str = prim::Constant[value=\"no\"]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "   = prim::If(%bad)\n"
        "    block0():\n"
        "       = prim::RaiseException(%m, %none)\n"
        "      -> ()\n"
        "    block1():\n"
        "      -> ()\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  %r : Tensor = prim::If(%bad)\n"
        "    block0():\n"
        "      -> (%x)\n"
        "    block1():\n"
        "      -> (%y)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%x : Tensor,\n"
        "      %bad : bool):\n"
        "  %m : str = prim::Constant[value=\"no\"]()\n"
        "  %none : NoneType = prim::Constant()\n"
        "   = prim::If(%bad)\n"
        "    block0():\n"
        "       = prim::RaiseException(%m, %none)\n"
        "      -> ()\n"
        "    block1():\n"
        "      -> ()\n"
        "  %y : Tensor = aten::relu(%x)\n"
        "  return (%y)\n");
}

static void knows_a_condition_inside_of_its_branches(void **state)
{
    (void)state;
    expect_pass("known_conditions,dead_branches,dce",
        "graph(%x : Tensor,\n"
        "      %c : bool):\n"
        "  %r : Tensor = prim::If(%c)\n"
        "    block0():\n"
        "      %s : Tensor = prim::If(%c)\n"
        "        block0():\n"
        "          -> (%x)\n"
        "        block1():\n"
        "          %y : Tensor = aten::relu(%x)\n"
        "          -> (%y)\n"
        "      -> (%s)\n"
        "    block1():\n"
        "      %n : Tensor = aten::neg(%x)\n"
        "      -> (%n)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%x : Tensor,\n"
        "      %c : bool):\n"
        "  %r : Tensor = prim::If(%c)\n"
        "    block0():\n"
        "      -> (%x)\n"
        "    block1():\n"
        "      %n : Tensor = aten::neg(%x)\n"
        "      -> (%n)\n"
        "  return (%r)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_dropout_outside_of_training),
        cmocka_unit_test(keeps_dropout_that_acts_or_raises),
        cmocka_unit_test(asks_the_first_operand_for_the_rank),
        cmocka_unit_test(keeps_norms_of_unknown_weights),
        cmocka_unit_test(folds_norms_into_layers_without_bias),
        cmocka_unit_test(knows_a_condition_behind_its_check),
        cmocka_unit_test(knows_a_condition_inside_of_its_branches),
    };
    return cmocka_run_group_tests_name("opt/frozen", tests, NULL, NULL);
}
