/* Operators over lists, dicts and numbers; expected results are PyTorch 1.13.1's. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tests/unit/values/call.h"

static void indexes_lists(void **state)
{
    (void)state;
    CALL(aten___getitem___t, "3", INTS(I(1), I(2), I(3)), I(-1));
    CALL(aten___getitem___t, "list index out of range", NO_INTS, I(0));
    EFFECT(aten__set_item_t, "[1, 9, 3]", INTS(I(1), I(2), I(3)), I(-2), I(9));
    EFFECT(aten_Delete_t, "[2, 3]", INTS(I(1), I(2), I(3)), I(-3));
    CALL(aten_slice_t, "[3, 1]", INTS(I(1), I(2), I(3)), NONE, NONE, I(-2));
    CALL(aten_slice_t, "[]", INTS(I(1), I(2), I(3)), I(5), I(-9), I(1));
    CALL(aten_slice_t, "[b]", STRS(S("a"), S("b")), I(1), I(INT64_MAX), I(1));
}

static void grows_lists(void **state)
{
    (void)state;
    EFFECT(aten_append_t, "[1, 2]", INTS(I(1)), I(2));
    EFFECT(aten_insert_t, "[9, 1, 2]", INTS(I(1), I(2)), I(-100), I(9));
    EFFECT(aten_insert_t, "[1, 9, 2]", INTS(I(1), I(2)), I(-1), I(9));
    EFFECT(aten_insert_t, "[1, 2, 9]", INTS(I(1), I(2)), I(100), I(9));
    CALL(aten_pop_t, "pop from empty list", NO_INTS, I(0));
    CALL(aten_pop_t, "list index out of range", INTS(I(1)), I(1));
    EFFECT(aten_pop_t, "[2]", INTS(I(1), I(2)), I(0));
    EFFECT(aten_extend_t, "[a, b]", STRS(S("a")), STRS(S("b")));
    EFFECT(aten_reverse_t, "[c, b, a]", STRS(S("a"), S("b"), S("c")));
    EFFECT(aten_clear_t, "[]", STRS(S("a")));
    CALL(aten_mul_left_t, "[a, a, a]", STRS(S("a")), I(3));
    CALL(aten_mul_right_, "[]", I(0), INTS(I(3)));
    EFFECT(aten_mul__t, "[1, 2, 1, 2]", INTS(I(1), I(2)), I(2));
    CALL(aten_mul_left_t, "out of memory", INTS(I(1)), I(INT64_MAX));
    CALL(aten_add_t, "[1, 2]", INTS(I(1)), INTS(I(2)));
}

static void searches_lists(void **state)
{
    (void)state;
    CALL(aten_index_list_str, "'q' is not in list", STRS(S("a")), S("q"));
    CALL(aten_index_list_bool, "'1' is not in list", BOOLS(B(false)), B(true));
    EFFECT(aten_remove_int, "[2, 1]", INTS(I(1), I(2), I(1)), I(1));
    CALL(aten_remove_int, "list.remove(x): x not in list", NO_INTS, I(1));
    CALL(aten_count_int, "2", INTS(I(1), I(2), I(1)), I(1));
    CALL(aten___contains___float_list, "False", FLOATS(F(NAN)), F(NAN));
    CALL(aten_eq_int_list, "True", INTS(I(1)), INTS(I(1)));
    CALL(aten_ne_str_list, "True", STRS(S("a")), STRS(S("a"), S("b")));
}

static void sorts_lists(void **state)
{
    (void)state;
    CALL(aten_sorted_int, "[-1, 2, 3]", INTS(I(3), I(-1), I(2)));
    EFFECT(aten_sort_str, "[c, b, a]", STRS(S("b"), S("c"), S("a")), B(true));
    EFFECT(aten_sort_any, "[(0, z), (1, a), (1, b)]",
           list_value(T_ANY, ITEMS(pair_value(I(1), S("b")), pair_value(I(0), S("z")),
                                   pair_value(I(1), S("a")))),
           B(false));
    CALL(aten_sorted_bool, "[False, True, True]", BOOLS(B(true), B(false), B(true)));
    jit_value objects = list_value(T_ANY, ITEMS(VALUE_HEAP_V(VALUE_OBJECT, object_new(NULL, 0)),
                                                VALUE_HEAP_V(VALUE_OBJECT, object_new(NULL, 0))));
    CALL(aten_sorted_any,
         "Only list of Tensors, ints, floats, bools, strs, a User Defined Class that defines the __lt__ "
         "compare method or Tuples of aforementioned types can be sorted",
         objects);
}

static void reduces_lists(void **state)
{
    (void)state;
    CALL(prim_max_self_float, "3.", FLOATS(F(1), F(NAN), F(3)));
    CALL(prim_min_self_int, "min() arg is an empty sequence", NO_INTS);
    CALL(prim_max_int_list, "[1, 2]", INTS(I(1), I(2)), INTS(I(1)));
    CALL(prim_min_bool_list, "[False, True]", BOOLS(B(true)), BOOLS(B(false), B(true)));
    CALL(aten_sum_bool, "2", BOOLS(B(true), B(true)));
    CALL(aten_any_str, "False", STRS(S("")));
    CALL(aten_all_int, "True", NO_INTS);
    CALL(prim_rangelist, "[0, 1, 2]", I(3));
}

static jit_value ab(void) { return dict_value(T_STR, T_INT, ITEMS(S("a"), I(1), S("b"), I(2))); }

static void uses_dicts(void **state)
{
    (void)state;
    CALL(aten___getitem___Dict_str, "KeyError: q", ab(), S("q"));
    CALL(aten_get_str, "None", ab(), S("q"));
    CALL(aten_get_default_str, "7", ab(), S("q"), I(7));
    CALL(aten_pop_Dict_str, "1", ab(), S("a"));
    EFFECT(aten_pop_Dict_default_str, "{b: 2}", ab(), S("a"), I(0));
    CALL(aten_popitem_str, "(a, 1)", ab());
    CALL(aten_popitem_float, "(nan, 1)", dict_value(T_FLOAT, T_INT, ITEMS(F(NAN), I(1))));
    CALL(aten_popitem_int, "popitem(): dictionary is empty", dict_value(T_INT, T_INT, NULL, 0));
    EFFECT(aten_setdefault_str, "{a: 1, b: 2, z: 4}", ab(), S("z"), I(4));
    EFFECT(aten_update_str, "{a: 9, b: 2, c: 3}", ab(),
           dict_value(T_STR, T_INT, ITEMS(S("c"), I(3), S("a"), I(9))));
    CALL(aten_items_str, "[(a, 1), (b, 2)]", ab());
    CALL(aten_keys_str, "[a, b]", ab());
    CALL(aten_values_str, "[1, 2]", ab());
    CALL(aten_dict_str, "{x: 2}",
         list_value(T_ANY, ITEMS(pair_value(S("x"), I(1)), pair_value(S("x"), I(2)))));
    CALL(aten_Delete_Dict_float, "KeyError: 2.6000000000000001",
         dict_value(T_FLOAT, T_INT, NULL, 0), F(2.6));
    EFFECT(aten__set_item_float, "{0.: 2}",
           dict_value(T_FLOAT, T_INT, ITEMS(F(0.0), I(1))), F(-0.0), I(2));
}

static void computes_with_numbers(void **state)
{
    (void)state;
    CALL(aten_add, "9", I(7), I(2));
    CALL(aten_add, "3.+2.j", C(1, 2), I(2));
    CALL(aten_sub_int_complex, "1.-2.j", I(1), C(0, 2));
    CALL(aten_mul_complex, "5.+5.j", C(1, 2), C(3, -1));
    CALL(aten_div_complex, "0.10000000000000001+0.69999999999999996j", C(1, 2), C(3, -1));
    CALL(aten_pow_complex_float, "-3.+4.0000000000000018j", C(1, 2), F(2));
    CALL(aten_pow_float_complex, "0.36691394948660344+1.9660554808224875j", F(2), C(1, 2));
    CALL(aten_floordiv, "division by 0", I(7), I(0));
    CALL(aten_floordiv, "-4", I(-7), I(2));
    CALL(aten_remainder, "1.5", F(7.5), I(2));
    CALL(aten_pow_Scalar_Scalar, "49.", I(7), I(2));
    CALL(aten_eq, "True", F(1), C(1, 0));
    CALL(prim_min, "2.", F(7.5), I(2));
    CALL(prim_abs_complex, "5.", C(3, 4));
    CALL(aten_Complex_float_bool, "1.5+1.j", F(1.5), B(true));
    CALL(aten_round_Scalar, "8.", F(7.5));
    CALL(aten_floor_Scalar, "7", F(7.5));
    CALL(aten_Int_Scalar, "-7", F(-7.5));
    CALL(aten_sqrt_complex, "0.+1.j", C(-1, 0));
}

static void answers_about_values(void **state)
{
    (void)state;
    CALL(aten___is__, "True", NONE, NONE);
    CALL(aten___isnot__, "True", I(1), NONE);
    CALL(aten__unwrap_optional, "Unwrapping null optional", NONE);
    CALL(aten_device, "cuda:1", S("cuda:1"));
    CALL(prim_type, "cuda", VALUE_DEVICE_V(((device){ DEVICE_CUDA, 1 })));
    CALL(prim_index, "None", VALUE_DEVICE_V(DEVICE_CPU0));
    CALL(aten_hash_generic, "5", I(5));
    CALL(aten_hash_generic, "unhashable type: 'List[int]'", INTS(I(1)));
}

static jit_value scalar_tensor(float f)
{
    tensor *t = tensor_new(DTYPE_float32, NULL, 0, DEVICE_CPU0);
    *(float *)tensor_data(t) = f;
    return VALUE_HEAP_V(VALUE_TENSOR, t);
}
#define T scalar_tensor
#define TENSORS(...) list_value(T_TENSOR, ITEMS(__VA_ARGS__))

static void compares_tensors_by_value_in_lists(void **state)
{
    (void)state;
    CALL(aten_eq_Tensor_list, "True", TENSORS(T(1)), TENSORS(T(1)));
    CALL(aten_index_list_Tensor, "1", TENSORS(T(2), T(1)), T(1));
    CALL(aten_sorted_Tensor, "[1\n[ CPUFloatType{} ], 2\n[ CPUFloatType{} ]]", TENSORS(T(2), T(1)));
}

/* Fails every allocation in turn; the sanitizer tells whether something leaked. */
static void fail_each_allocation(op_id op, const jit_value *args, size_t n)
{
    bool ok = false;
    for (int64_t n_allowed = 0; !ok && n_allowed < 1000; n_allowed++) {
        op_run run = { .print = drop_output };
        jit_value rets[4] = { NONE, NONE, NONE, NONE };
        mem_fail_after(n_allowed);
        ok = op_call(&run, op, args, n, rets);
        mem_fail_after(-1);
        mem_free(run.message);
        for (size_t i = 0; ok && i < op_schema(op)->n_rets; i++)
            value_unref(rets[i]);
    }
    assert_true(ok);
    for (size_t i = 0; i < n; i++)
        value_unref(args[i]);
}
#define WITHOUT_MEMORY(op, ...) fail_each_allocation(OP_##op, ITEMS(__VA_ARGS__))

static void survives_without_memory(void **state)
{
    (void)state;
    WITHOUT_MEMORY(aten_split_str, S("a,b,c,d,e,f"), S(","), I(-1));
    WITHOUT_MEMORY(aten_rsplit, S("a,b,c,d,e,f"), S(","), I(-1));
    WITHOUT_MEMORY(aten_partition, S("a,b"), S(","));
    WITHOUT_MEMORY(aten_items_str, ab());
    WITHOUT_MEMORY(aten_sorted_str, STRS(S("b"), S("a")));
    WITHOUT_MEMORY(aten_mul_left_t, STRS(S("b"), S("a")), I(9));
    WITHOUT_MEMORY(aten_add_t, STRS(S("b"), S("a")), STRS(S("c")));
    WITHOUT_MEMORY(aten_str, ab());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indexes_lists),
        cmocka_unit_test(grows_lists),
        cmocka_unit_test(searches_lists),
        cmocka_unit_test(sorts_lists),
        cmocka_unit_test(reduces_lists),
        cmocka_unit_test(uses_dicts),
        cmocka_unit_test(computes_with_numbers),
        cmocka_unit_test(answers_about_values),
        cmocka_unit_test(compares_tensors_by_value_in_lists),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests_name("values/containers", tests, NULL, NULL);
}
