/* Types: interning, both spellings, parsing, subtyping, unification, unions, type variables, values. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/function.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static arena memory;

/* The type a text denotes; lower-case names are variables. */
static const type *T(const char *s)
{
    const char *error = "";
    const type *t = type_parse(s, strlen(s), NULL, &memory, &error);
    if (!t)
        fail_msg("%s: %s", s, error);
    return t;
}

static void equal_types_are_one(void **state)
{
    (void)state;
    assert_ptr_equal(type_list(T_INT), type_list(T_INT));
    assert_ptr_equal(T("List[int]"), T("int[]"));
    assert_ptr_equal(T("Optional[Optional[int]]"), T("int?"));
    assert_ptr_equal(T("Tuple[()]"), T("()"));
    assert_ptr_not_equal(T("(int, str)"), T("(str, int)"));
    assert_ptr_equal(T("NamedTuple(x : int)"), T("NamedTuple(x : int)"));
    assert_ptr_not_equal(T("NamedTuple(x : int)"), T("NamedTuple(y : int)"));
}

static void printing_and_parsing_are_inverse(void **state)
{
    (void)state;
    static const char *const same[] = {
        "Tensor", "int", "Scalar", "int?[]", "Tensor?[]", "Dict(str, Tensor)", "(int, Tensor)", "()",
        "Union(int, str)", "Future[int]", "RRef[int]", "Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu)",
        "Float(*, 3)", "Long(requires_grad=0, device=cpu)", "FloatTensor", "FloatTensor(requires_grad=1)",
        "Tensor(2, 3)", "Float(SS(-1), 2)", "Half(2)[]", "NamedTuple(x : int, y : Tensor)", "t[]", "Function",
        "Union(Tensor, (int, str), int[], Dict(str, int), complex)", "Float(2)[Undefined]", "NoneType", "Device",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_string_equal(type_ir_str(&memory, T(same[i])), same[i]);
    assert_string_equal(type_str(&memory, T("Dict(str, int?[])")), "Dict[str, List[Optional[int]]]");
    assert_string_equal(type_str(&memory, T("Scalar?")), "Optional[number]");
    assert_string_equal(type_str(&memory, T("()")), "Tuple[()]");
}

static void malformed_types_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "int]", "Dict(int)", "List[", "(int", "Float(2, strides=[1, 2])",
                                       "Frob", "Union()", "int[-1]", "Float(device=frob)" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *error = NULL;
        assert_null(type_parse(bad[i], strlen(bad[i]), NULL, &memory, &error));
        assert_non_null(error);
    }
    char deep[400];
    memset(deep, '(', sizeof deep);
    const char *error = NULL;
    assert_null(type_parse(deep, sizeof deep, NULL, &memory, &error));
}

/* Order and merging as PyTorch 1.13.1 prints them. */
static void unions_are_canonical(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "Union[str, int, bool]", "Union(int, str, bool)" },
        { "Union[int, str, None, float]", "Union(float, int, NoneType, str)" },
        { "Optional[Union[int, str]]", "Union(int, NoneType, str)" },
        { "Union[int, float, complex]", "Scalar" },
        { "Union[int, float, complex, None]", "Scalar?" },
        { "Union[int, None]", "int?" },
        { "Union[int, int]", "int" },
        { "Union[Union[int, str], bool, str]", "Union(int, str, bool)" },
        { "Union[List[int], Tuple[int, str], Tensor, Dict[str, int], complex]",
          "Union(Tensor, (int, str), int[], Dict(str, int), complex)" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(type_ir_str(&memory, T(cases[i][0])), cases[i][1]);
}

static void subtypes(void **state)
{
    (void)state;
    static const struct { const char *a, *b; bool holds; } cases[] = {
        { "int", "Scalar", true },          { "bool", "Scalar", false },       { "bool", "int", false },
        { "int", "float", false },          { "int", "int?", true },           { "NoneType", "int?", true },
        { "int?", "int", false },           { "int?", "Scalar?", true },       { "int", "Any", true },
        { "int[]", "int?[]", false },       { "int[]", "list", true },         { "(int, str)", "tuple", true },
        { "(int, str)", "(int?, Any)", true }, { "(int, str)", "(int, str, int)", false },
        { "NamedTuple(x : int)", "(int)", true }, { "(int)", "NamedTuple(x : int)", false },
        { "Future[int]", "Future[int?]", true }, { "Union(int, str)", "Union(int, str, bool)", true },
        { "Union(int, str)", "int", false }, { "Scalar", "Union(int, float, complex, str)", true },
        { "Union(int, float)", "Scalar", true }, { "int?", "Union(int, NoneType, str)", true },
        { "Float(2, 3)", "Tensor", true },  { "Tensor", "Float(2, 3)", false }, { "Float(2, 3)", "Float(*, 3)", true },
        { "Float(2)", "Long(2)", false },   { "Dict(str, int)", "Dict(str, int?)", false },
        { "error", "int", true },           { "int[]", "error[]", true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *a = cases[i].a, *b = cases[i].b;
        const type *ta = strcmp(a, "error") == 0 ? T_ERROR : T(a);
        const type *tb = strcmp(b, "error[]") == 0 ? type_list(T_ERROR) : T(b);
        if (type_is_subtype(ta, tb) != cases[i].holds)
            fail_msg("%s <: %s", a, b);
    }
}

static void unification(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        { "int", "int", "int" },         { "int", "NoneType", "int?" },  { "int?", "int", "int?" },
        { "int", "float", NULL },        { "int[]", "NoneType", "int[]?" }, { "int", "Scalar", "Scalar" },
        { "(int, NoneType)", "(int, str)", "(int, str?)" },              { "int[]", "float[]", NULL },
        { "Float(2)", "Long(2)", "Tensor(2)" }, { "Float(2)[]", "Tensor[]", "Tensor[]" },
        { "Future[int]", "Future[NoneType]", "Future[int?]" },           { "(int)", "(int, int)", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int swap = 0; swap < 2; swap++) {
            const type *t = type_unify(T(cases[i][swap]), T(cases[i][1 - swap]));
            if (cases[i][2] ? t != T(cases[i][2]) : t != NULL)
                fail_msg("%s with %s: %s", cases[i][0], cases[i][1], t ? type_ir_str(&memory, t) : "none");
        }
    assert_ptr_equal(type_unify_or_union(T_INT, T_STR), T("Union(int, str)"));
    assert_ptr_equal(type_unify(T_ERROR, T_INT), T_INT);
}

static void variables_bind_to_the_first_actual(void **state)
{
    (void)state;
    strmap bindings;
    strmap_init(&bindings, &memory);
    const char *why = NULL;
    assert_ptr_equal(type_match(T("t[]"), T("int[]"), &bindings, &memory, &why), T("int[]"));
    assert_ptr_equal(type_match(T("t"), T_INT, &bindings, &memory, &why), T_INT);
    assert_null(type_match(T("t"), T_STR, &bindings, &memory, &why));
    assert_string_equal(why, "Type variable 't' previously matched to type int is matched to type str");
    assert_ptr_equal(type_match(T("Dict(int, t)"), T("Dict(int, int)"), &bindings, &memory, &why),
                     T("Dict(int, int)"));
    assert_null(type_match(T("u?"), T_NONE, &bindings, &memory, &why));
    assert_ptr_equal(type_match(T("v[]"), T("(int, NoneType)"), &bindings, &memory, &why), T("int?[]"));
    assert_ptr_equal(type_substitute(T("(t, v)"), &bindings), T("(int, int?)"));
    assert_null(type_match(T("w[]"), T_INT, &bindings, &memory, &why));
    assert_string_equal(why, "Cannot match List[w] to int");
}

static void nominal_types_live_in_their_unit(void **state)
{
    (void)state;
    ir_unit *u = ir_unit_new(), *other = ir_unit_new();
    type *cls = type_class_new(u, "__torch__.Vec", false), *far = type_class_new(other, "__torch__.Far", false);
    assert_true(type_class_add_attribute(cls, "x", T_INT, (range){ 0 }));
    assert_int_equal(type_class_slot(cls, "x"), 0);
    assert_int_equal(type_class_slot(cls, "y"), -1);
    const type *of_both[] = { cls, far };
    const type *pair = type_tuple(of_both, 2);
    assert_ptr_equal(pair, type_tuple(of_both, 2));
    assert_ptr_equal(type_list(cls)->unit, u);
    assert_string_equal(type_ir_str(&memory, type_list(cls)), "__torch__.Vec[]");
    assert_string_equal(type_str(&memory, type_list(cls)), "List[Vec]");
    const char *error;
    assert_ptr_equal(type_parse("__torch__.Vec[]", 15, u, &memory, &error), type_list(cls));
    type *e = type_enum_new(u, "__torch__.Color", T_STR);
    str *red = str_new("red", 3);
    assert_true(type_enum_add(e, "RED", VALUE_HEAP_V(VALUE_STR, red)));
    assert_string_equal(type_ir_str(&memory, e), "Enum<__torch__.Color>");
    jit_value member = VALUE_HEAP_V(VALUE_ENUM, type_enum_find(e, "RED"));
    assert_true(type_accepts_value(e, member));
    assert_ptr_equal(type_of_value(member), e);
    object *o = ir_object_new(cls);
    ir_unit_unref(u); // the object keeps it
    assert_true(type_accepts_value(cls, VALUE_HEAP_V(VALUE_OBJECT, o)));
    value_unref(VALUE_HEAP_V(VALUE_OBJECT, o));
    ir_unit_unref(other);
}

static const schema *method_schema(ir_unit *u, const char *s)
{
    const char *error;
    return schema_parse(s, &u->arena, &error);
}

static void classes_fit_interfaces_by_their_methods(void **state)
{
    (void)state;
    ir_unit *u = ir_unit_new();
    type *iface = type_interface_new(u, "__torch__.Act", false);
    strmap_set(&iface->iface->methods, "run", (void *)method_schema(u, "run(Any self, int x) -> int?"));
    type *cls = type_class_new(u, "__torch__.Relu", false);
    assert_false(type_is_subtype(cls, iface));
    ir_function *run = ir_function_new(u, "run", cls, (range){ 0 });
    assert_string_equal(run->qualified_name, "__torch__.Relu.run");
    run->schema = method_schema(u, "run(Any self, Scalar x) -> int");
    assert_true(type_is_subtype(cls, iface));
    assert_false(type_is_subtype(iface, cls));
    run->schema = method_schema(u, "run(Any self, str x) -> int");
    assert_false(type_is_subtype(cls, iface));
    ir_unit_unref(u);
}

static void values_have_types(void **state)
{
    (void)state;
    list *known = list_new(T_INT, LIST_INTS, 1), *unknown = list_new(NULL, LIST_VALUES, 1);
    assert_true(list_push(known, VALUE_INT_V(1)) && list_push(unknown, VALUE_INT_V(1)));
    jit_value a = VALUE_HEAP_V(VALUE_LIST, known), b = VALUE_HEAP_V(VALUE_LIST, unknown);
    assert_ptr_equal(type_of_value(a), T("int[]"));
    assert_true(type_accepts_value(T("int[]"), a) && type_accepts_value(T("int[]"), b));
    assert_false(type_accepts_value(T("float[]"), a) || type_accepts_value(T("str[]"), b));
    assert_true(type_accepts_value(T("Union(str, int[])"), a) && type_accepts_value(T("Any"), a));
    assert_true(type_accepts_value(T("int?"), VALUE_NONE_V) && type_accepts_value(T_NUMBER, VALUE_FLOAT_V(1)));
    assert_false(type_accepts_value(T_INT, VALUE_BOOL_V(true)));
    assert_int_equal(type_list_storage(T_BOOL), LIST_BOOLS);
    value_unref(a);
    value_unref(b);
}

static int set_up(void **state) { arena_init(&memory); return 0; }
static int tear_down(void **state) { arena_fini(&memory); return 0; }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_types_are_one),
        cmocka_unit_test(printing_and_parsing_are_inverse),
        cmocka_unit_test(malformed_types_are_refused),
        cmocka_unit_test(unions_are_canonical),
        cmocka_unit_test(subtypes),
        cmocka_unit_test(unification),
        cmocka_unit_test(variables_bind_to_the_first_actual),
        cmocka_unit_test(nominal_types_live_in_their_unit),
        cmocka_unit_test(classes_fit_interfaces_by_their_methods),
        cmocka_unit_test(values_have_types),
    };
    return cmocka_run_group_tests_name("ir/type", tests, set_up, tear_down);
}
