/* Chains of convolutions with their channels last. Text holds no constant tensors: parameters named %w… become
 * weights of 4 channels, 3 by 3, before the pass runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opt/ir_test.h"

#include "runtime/tensor/tensor.h"

static jit_value make_weight(void)
{
    const int64_t sizes[] = { 4, 4, 3, 3 };
    tensor *t = tensor_new(DTYPE_float32, sizes, 4, DEVICE_CPU0);
    assert_non_null(t);
    memset(tensor_data(t), 0, (size_t)t->numel * sizeof(float));
    return VALUE_HEAP_V(VALUE_TENSOR, t);
}

static void expect_with_weights(const char *before, const char *after)
{
    ir_graph *g = parse_or_fail(before);
    for (uint32_t i = ir_block_n_inputs(g->body); i-- > 0;) {
        ir_value *v = ir_block_input(g->body, i);
        if (!v->name || v->name[0] != 'w')
            continue;
        ir_builder b = { .g = g, .at = g->body->param->next, .range = g->body->param->at };
        ir_value *weight = ir_build_constant(&b, make_weight(), T_TENSOR);
        ir_replace_uses(v, weight);
        ir_remove_output(g->body->param, i);
        ir_value_set_name(weight, "weight");
    }
    expect_graph("channels_last", g, after);
}

#define GEOMETRY                                          \
    "  %none : NoneType = prim::Constant()\n"             \
    "  %i : int = prim::Constant[value=1]()\n"            \
    "  %one : int[] = prim::ListConstruct(%i, %i)\n"
#define WEIGHT "  %weight : Tensor = prim::Constant[value=<Tensor>]()\n"
#define CONV(op, y, x, w) "  %" y " : Tensor = " op "::conv2d(%" x ", %" w ", %none, %one, %one, %one, %i)\n"

static void restores_the_order_at_the_end_of_a_chain(void **state)
{
    (void)state;
    expect_with_weights(
        "graph(%x : Tensor,\n      %w : Tensor):\n" GEOMETRY
        CONV("aten", "a", "x", "w")
        "  %b : Tensor = aten::relu_(%a)\n"
        CONV("aten", "c", "b", "w")
        "  %d : Tensor = aten::add_(%c, %b, %i)\n"
        "  %e : Tensor = aten::flatten(%d, %i, %i)\n"
        "  return (%e)\n",
        /* becomes */
        "graph(%x : Tensor):\n" WEIGHT GEOMETRY
        CONV("tjs", "a", "x", "weight")
        "  %b : Tensor = aten::relu_(%a)\n"
        CONV("tjs", "c", "b", "weight")
        "  %d : Tensor = aten::add_(%c, %b, %i)\n"
        "  %11 : Tensor = tjs::restore_format(%d, %x)\n"
        "  %e : Tensor = aten::flatten(%11, %i, %i)\n"
        "  return (%e)\n");
}

/* A batch norm of fixed statistics is pointwise, if an operator behind it takes it along. */
#define NORM(y, x) "  %" y " : Tensor = aten::batch_norm(%" x ", %none, %none, %none, %none, %no, %half, %half, %no)\n"
static void takes_batch_norms_along(void **state)
{
    (void)state;
    expect_with_weights(
        "graph(%x : Tensor,\n      %w : Tensor):\n" GEOMETRY
        "  %no : bool = prim::Constant[value=0]()\n"
        "  %half : float = prim::Constant[value=0.5]()\n"
        CONV("aten", "a", "x", "w")
        NORM("b", "a")
        "  %c : Tensor = aten::relu_(%b)\n"
        CONV("aten", "d", "c", "w")
        NORM("e", "d")
        "  return (%e)\n",
        /* becomes */
        "graph(%x : Tensor):\n" WEIGHT GEOMETRY
        "  %no : bool = prim::Constant[value=0]()\n"
        "  %half : float = prim::Constant[value=0.5]()\n"
        CONV("tjs", "a", "x", "weight")
        NORM("b", "a")
        "  %c : Tensor = aten::relu_(%b)\n"
        CONV("tjs", "d", "c", "weight")
        "  %13 : Tensor = tjs::restore_format(%d, %x)\n"
        NORM("e", "13")
        "  return (%e)\n");
}

static void leaves_a_convolution_alone(void **state)
{
    (void)state;
    static const char before[] =
        "graph(%x : Tensor,\n      %w : Tensor):\n" GEOMETRY
        CONV("aten", "a", "x", "w")
        "  %b : Tensor = aten::relu(%a)\n"
        "  return (%b)\n";
    expect_with_weights(before,
        "graph(%x : Tensor):\n" WEIGHT GEOMETRY
        CONV("aten", "a", "x", "weight")
        "  %b : Tensor = aten::relu(%a)\n"
        "  return (%b)\n");
}

/* %a is read again after it was overwritten, through a view: both must see the same memory. */
static void leaves_what_a_view_writes_to(void **state)
{
    (void)state;
    expect_with_weights(
        "graph(%x : Tensor,\n      %w : Tensor):\n" GEOMETRY
        CONV("aten", "a", "x", "w")
        "  %row : Tensor = aten::select(%a, %i, %i)\n"
        "  %zero : Tensor = aten::zero_(%row)\n"
        CONV("aten", "b", "a", "w")
        CONV("aten", "c", "b", "w")
        "  return (%c)\n",
        /* becomes */
        "graph(%x : Tensor):\n" WEIGHT GEOMETRY
        CONV("aten", "a", "x", "weight")
        "  %row : Tensor = aten::select(%a, %i, %i)\n"
        "  %zero : Tensor = aten::zero_(%row)\n"
        CONV("tjs", "b", "a", "weight")
        CONV("tjs", "c", "b", "weight")
        "  %11 : Tensor = tjs::restore_format(%c, %a)\n"
        "  return (%11)\n");
}

static void joins_along_the_channels(void **state)
{
    (void)state;
    expect_with_weights(
        "graph(%x : Tensor,\n      %y : Tensor,\n      %w : Tensor):\n" GEOMETRY
        CONV("aten", "a", "x", "w")
        "  %n : int[] = aten::size(%a)\n"
        "  %l : Tensor[] = prim::ListConstruct(%a, %y)\n"
        "  %b : Tensor = aten::cat(%l, %i)\n"
        CONV("aten", "c", "b", "w")
        "  %t : (Tensor, int[]) = prim::TupleConstruct(%c, %n)\n"
        "  return (%t)\n",
        /* becomes */
        "graph(%x : Tensor,\n      %y : Tensor):\n" WEIGHT GEOMETRY
        CONV("tjs", "a", "x", "weight")
        "  %n : int[] = aten::size(%a)\n"
        "  %l : Tensor[] = prim::ListConstruct(%a, %y)\n"
        "  %b : Tensor = aten::cat(%l, %i)\n"
        CONV("tjs", "c", "b", "weight")
        "  %13 : Tensor = tjs::restore_format(%c, %x, %y)\n"
        "  %t : (Tensor, int[]) = prim::TupleConstruct(%13, %n)\n"
        "  return (%t)\n");
}

/* What a branch reads is in the order of the program. */
static void restores_for_blocks(void **state)
{
    (void)state;
    expect_with_weights(
        "graph(%x : Tensor,\n      %is_wide : bool,\n      %w : Tensor):\n" GEOMETRY
        CONV("aten", "a", "x", "w")
        CONV("aten", "b", "a", "w")
        "  %r : Tensor = prim::If(%is_wide)\n"
        "    block0():\n"
        "      %c : Tensor = aten::relu(%b)\n"
        "      -> (%c)\n"
        "    block1():\n"
        "      -> (%b)\n"
        "  return (%r)\n",
        /* becomes */
        "graph(%x : Tensor,\n      %is_wide : bool):\n" WEIGHT GEOMETRY
        CONV("tjs", "a", "x", "weight")
        CONV("tjs", "b", "a", "weight")
        "  %11 : Tensor = tjs::restore_format(%b, %x)\n"
        "  %r : Tensor = prim::If(%is_wide)\n"
        "    block0():\n"
        "      %c : Tensor = aten::relu(%11)\n"
        "      -> (%c)\n"
        "    block1():\n"
        "      -> (%11)\n"
        "  return (%r)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restores_the_order_at_the_end_of_a_chain),
        cmocka_unit_test(takes_batch_norms_along),
        cmocka_unit_test(leaves_a_convolution_alone),
        cmocka_unit_test(leaves_what_a_view_writes_to),
        cmocka_unit_test(joins_along_the_channels),
        cmocka_unit_test(restores_for_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
