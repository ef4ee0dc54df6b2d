/* tests/unit/api/test_value.c: making and reading values, their printed and JSON forms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "api_test.h"

#include <math.h>
#include <stdint.h>

#define LIST(...) list_of(ARGS(__VA_ARGS__))
#define TUPLE(...) tuple_of(ARGS(__VA_ARGS__))

static jit_any *list_of(jit_any **take, size_t n)
{
    jit_any *l = jit_list(take, n);
    unref_all(take, n);
    return l;
}

static jit_any *tuple_of(jit_any **take, size_t n)
{
    jit_any *t = jit_tuple(take, n);
    unref_all(take, n);
    return t;
}

/* ---- making and reading --------------------------------------------------------------------------- */

static void scalars(void **state)
{
    (void)state;
    jit_any *v[] = { jit_none(), jit_bool(true), jit_int(INT64_MIN), jit_float(0.5), jit_complex(1, -2) };
    const jit_kind kinds[] = { JIT_NONE, JIT_BOOL, JIT_INT, JIT_FLOAT, JIT_COMPLEX };
    for (size_t i = 0; i < COUNT(v); i++) {
        assert_int_equal(jit_kind_of(v[i]), kinds[i]);
        assert_int_equal(jit_as_bool(v[i]), i == 1);
        assert_int_equal(jit_as_int(v[i]), i == 2 ? INT64_MIN : 0);
        assert_int_equal(jit_len(v[i]), 0);
        assert_null(jit_as_str(v[i], NULL));
        assert_null(jit_item(v[i], 0));
        assert_null(jit_key(v[i], 0));
        assert_null(jit_attribute(v[i], "x"));
        assert_null(jit_tensor_sizes(v[i]));
        assert_null(jit_tensor_data(v[i]));
    }
    assert_true(jit_as_float(v[3]) == 0.5);
    assert_true(jit_as_float(v[2]) == (double)INT64_MIN);
    assert_true(jit_as_float(v[0]) == 0);
    double re = 7, im = 7;
    assert_false(jit_as_complex(v[3], &re, &im));
    assert_true(re == 7 && im == 7);
    assert_true(jit_as_complex(v[4], &re, &im));
    assert_true(re == 1 && im == -2);
    unref_all(v, COUNT(v));
}

static void strings_hold_any_bytes(void **state)
{
    (void)state;
    size_t n = 0;
    jit_any *s = jit_str("a\0b", 3);
    assert_int_equal(jit_kind_of(s), JIT_STR);
    assert_int_equal(jit_len(s), 3);
    assert_memory_equal(jit_as_str(s, &n), "a\0b", 4);
    assert_int_equal(n, 3);
    expect_text(jit_to_json(s), "\"a\\u0000b\"");
    jit_unref(s);
    s = jit_str("h\xc3\xa9", WHOLE);
    expect_text(jit_to_json(s), "\"h\xc3\xa9\"");
    expect_text(jit_to_string(s), "h\xc3\xa9");
    jit_unref(s);
    s = jit_str(NULL, 0);
    assert_int_equal(jit_len(s), 0);
    jit_unref(s);
    assert_null(jit_str(NULL, 3));
}

static void containers_borrow_their_items(void **state)
{
    (void)state;
    jit_any *items[] = { jit_int(1), jit_int(2), jit_int(3) };
    jit_any *l = jit_list(items, 3), *t = jit_tuple(items, 3), *d = jit_dict(items, items, 3);
    unref_all(items, 3);
    assert_int_equal(jit_kind_of(l), JIT_LIST);
    assert_int_equal(jit_kind_of(t), JIT_TUPLE);
    assert_int_equal(jit_kind_of(d), JIT_DICT);
    jit_any *const containers[] = { l, t, d };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(jit_len(containers[i]), 3);
        jit_any *item = jit_item(containers[i], 2);
        assert_int_equal(jit_as_int(item), 3);
        jit_unref(item);
        assert_null(jit_item(containers[i], 3));
        assert_null(jit_item(containers[i], SIZE_MAX));
    }
    jit_any *key = jit_key(d, 1);
    assert_int_equal(jit_as_int(key), 2);
    jit_unref(key);
    assert_null(jit_key(d, 3));
    assert_null(jit_key(l, 0));
    jit_unref(l);
    jit_unref(t);
    jit_unref(d);
    l = jit_list(NULL, 0);
    assert_int_equal(jit_len(l), 0);
    jit_unref(l);
}

static void nothing_is_read_as_nothing(void **state)
{
    (void)state;
    double re, im;
    assert_int_equal(jit_kind_of(NULL), JIT_OTHER);
    assert_false(jit_as_bool(NULL));
    assert_int_equal(jit_as_int(NULL), 0);
    assert_true(jit_as_float(NULL) == 0);
    assert_false(jit_as_complex(NULL, &re, &im));
    assert_null(jit_as_str(NULL, NULL));
    assert_int_equal(jit_len(NULL), 0);
    assert_null(jit_item(NULL, 0));
    assert_null(jit_key(NULL, 0));
    assert_null(jit_attribute(NULL, "x"));
    assert_int_equal(jit_tensor_numel(NULL), 0);
    assert_int_equal(jit_tensor_n_dims(NULL), 0);
    assert_false(jit_tensor_requires_grad(NULL));
    assert_null(jit_tensor_strides(NULL));
    assert_int_equal(jit_tensor_read(NULL, &re, sizeof re, NULL), JIT_EINVAL);
    assert_null(jit_to_string(NULL));
    assert_null(jit_to_json(NULL));
    jit_any *one = jit_int(1), *holes[] = { one, NULL };
    assert_null(jit_list(holes, 2));
    assert_null(jit_tuple(holes, 2));
    assert_null(jit_dict((jit_any *[]){ one, one }, holes, 2));
    assert_null(jit_dict(holes, (jit_any *[]){ one, one }, 2));
    jit_unref(one);
}

static void later_keys_replace_earlier_ones(void **state)
{
    (void)state;
    jit_any *keys[] = { jit_str("a", 1), jit_str("b", 1), jit_str("a", 1) };
    jit_any *values[] = { jit_int(1), jit_int(2), jit_int(3) };
    jit_any *d = jit_dict(keys, values, 3);
    unref_all(keys, 3);
    unref_all(values, 3);
    assert_int_equal(jit_len(d), 2);
    expect_text(jit_to_json(d), "{\"dict\": [[\"a\", 3], [\"b\", 2]]}");
    jit_unref(d);
}

/* ---- forms ---------------------------------------------------------------------------------------- */

/* As print() shows it, and as JSON. */
static void expect_forms(jit_any *take, const char *text, const char *json)
{
    assert_non_null(take);
    expect_text(jit_to_string(take), text);
    expect_text(jit_to_json(take), json);
    jit_unref(take);
}

static void forms_of_scalars(void **state)
{
    (void)state;
    expect_forms(jit_none(), "None", "null");
    expect_forms(jit_bool(false), "False", "false");
    expect_forms(jit_int(-7), "-7", "-7");
    expect_forms(jit_float(2), "2.", "2.0");
    expect_forms(jit_float(0.1), "0.10000000000000001", "0.1");
    expect_forms(jit_float(1e300), "1.0000000000000001e+300", "1e+300");
    expect_forms(jit_float(-0.0), "0.", "-0.0");
    expect_forms(jit_float(NAN), "nan", "{\"float\": \"nan\"}");
    expect_forms(jit_float(-INFINITY), "-inf", "{\"float\": \"-inf\"}");
    expect_forms(jit_complex(1, -2.5), "1.-2.5j", "{\"complex\": [1.0, -2.5]}");
    expect_forms(jit_str("a\"b\n", WHOLE), "a\"b\n", "\"a\\\"b\\n\"");
}

static void forms_of_containers(void **state)
{
    (void)state;
    expect_forms(LIST(jit_int(1), jit_int(2)), "[1, 2]", "[1, 2]");
    expect_forms(LIST(jit_bool(true)), "[True]", "[true]");
    expect_forms(jit_list(NULL, 0), "[]", "[]");
    expect_forms(TUPLE(jit_int(1)), "(1,)", "{\"tuple\": [1]}");
    expect_forms(jit_tuple(NULL, 0), "()", "{\"tuple\": []}");
    expect_forms(TUPLE(jit_str("a", 1), LIST(jit_float(1), jit_float(2))), "(a, [1., 2.])",
                 "{\"tuple\": [\"a\", [1.0, 2.0]]}");
    expect_forms(jit_dict(NULL, NULL, 0), "{}", "{\"dict\": []}");
}

static void forms_of_tensors(void **state)
{
    (void)state;
    const float floats[] = { 1, 2.5f, NAN, 4 };
    const int64_t ints[] = { 1, -2 };
    const double complexes[] = { 1, 2 };
    const uint8_t bools[] = { 1, 0 };
    expect_forms(jit_tensor(JIT_FLOAT32, (int64_t[]){ 2, 2 }, 2, floats),
                 " 1.0000  2.5000\n    nan  4.0000\n[ CPUFloatType{2,2} ]",
                 "{\"tensor\": {\"dtype\": \"float32\", \"shape\": [2, 2], \"data\": [1.0, 2.5, {\"float\": \"nan\"}, 4.0]}}");
    expect_forms(jit_tensor(JIT_INT64, (int64_t[]){ 2 }, 1, ints), " 1\n-2\n[ CPULongType{2} ]",
                 "{\"tensor\": {\"dtype\": \"int64\", \"shape\": [2], \"data\": [1, -2]}}");
    expect_forms(jit_tensor(JIT_DTYPE_BOOL, (int64_t[]){ 2 }, 1, bools), " 1\n 0\n[ CPUBoolType{2} ]",
                 "{\"tensor\": {\"dtype\": \"bool\", \"shape\": [2], \"data\": [true, false]}}");
    jit_any *c = jit_tensor(JIT_COMPLEX128, NULL, 0, complexes);
    expect_text(jit_to_json(c), "{\"tensor\": {\"dtype\": \"complex128\", \"shape\": [], \"data\": [[1.0, 2.0]]}}");
    jit_unref(c);
    expect_forms(jit_tensor(JIT_FLOAT32, (int64_t[]){ 0 }, 1, NULL), "[ CPUFloatType{0} ]",
                 "{\"tensor\": {\"dtype\": \"float32\", \"shape\": [0], \"data\": []}}");
}

static const char classes[] =
    "class Point(NamedTuple):\n    x: int\n    y: float = 0.5\n"
    "class Colour(Enum):\n    RED = 1\n    GREEN = 2\n"
    "class Counter:\n"
    "    def __init__(self, start: int):\n        self.n = start\n        self.name = 'c'\n"
    "    def step(self, by: int = 1) -> int:\n        self.n += by\n        return self.n\n"
    "def point() -> Point:\n    return Point(3)\n"
    "def colour() -> Colour:\n    return Colour.GREEN\n"
    "def counter(n: int) -> Counter:\n    return Counter(n)\n"
    "def bump(c: Counter) -> int:\n    return c.step(10)\n"
    "def where(x: Tensor) -> torch.device:\n    return x.device\n";

static jit_any *evaluate(jit_module *m, const char *expression)
{
    jit_any *v = NULL;
    jit_error err = JIT_ERROR_INIT;
    if (jit_evaluate(m, expression, NULL, &v, &err))
        fail_msg("%s: %s", expression, err.message);
    return v;
}

static void forms_of_objects(void **state)
{
    (void)state;
    jit_module *m = compile(classes);
    jit_any *point = evaluate(m, "point()"), *object = evaluate(m, "counter(4)");
    jit_any *colour = evaluate(m, "colour()"), *device = evaluate(m, "where(torch.ones(1))");
    jit_module_unref(m); // values keep their classes alive
    assert_int_equal(jit_kind_of(point), JIT_TUPLE);
    assert_int_equal(jit_kind_of(object), JIT_OBJECT);
    assert_int_equal(jit_kind_of(colour), JIT_ENUM);
    assert_int_equal(jit_kind_of(device), JIT_DEVICE);
    jit_any *y = jit_attribute(point, "y"), *n = jit_attribute(object, "n");
    assert_true(jit_as_float(y) == 0.5);
    assert_int_equal(jit_as_int(n), 4);
    jit_unref(y);
    jit_unref(n);
    assert_null(jit_attribute(point, "z"));
    assert_null(jit_attribute(object, "z"));
    expect_text(jit_to_json(object), "{\"object\": \"Counter\", \"attributes\": {\"n\": 4, \"name\": \"c\"}}");
    jit_unref(object);
    expect_forms(point, "(3, 0.5)", "{\"namedtuple\": \"Point\", \"fields\": {\"x\": 3, \"y\": 0.5}}");
    expect_text(jit_to_json(colour), "{\"enum\": \"Colour.GREEN\"}");
    jit_unref(colour);
    expect_forms(device, "cpu", "{\"device\": \"cpu\"}");
}

static void objects_travel_between_calls(void **state)
{
    (void)state;
    jit_module *m = compile(classes);
    jit_any *object = evaluate(m, "counter(1)"), *ret = NULL;
    jit_function *bump = NULL;
    assert_int_equal(jit_module_function(m, "bump", &bump, NULL), JIT_OK);
    jit_module_unref(m);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(jit_call(bump, &object, 1, NULL, &ret, NULL), JIT_OK);
        assert_int_equal(jit_as_int(ret), 1 + 10 * i);
        jit_unref(ret);
    }
    jit_function_unref(bump);
    jit_unref(object);
}

/* ---- evaluate ------------------------------------------------------------------------------------- */

static void expressions(void **state)
{
    (void)state;
    static const struct { const char *expression, *printed; } rows[] = {
        { "1 + 2 * 3", "7" },
        { "2 ** 10", "1024" },
        { "-7 // 2", "-4" },
        { "7 / 2", "3.5" },
        { "not True", "False" },
        { "[1, 2][1]", "2" },
        { "(1, 'a')[-1]", "a" },
        { "{'a': 1}['a']", "1" },
        { "'x' + 'y'", "xy" },
        { "1 + 2j", "1.+2.j" },
        { "len([1, 2, 3])", "3" },
        { "float('1.5')", "1.5" },
        { "torch.ones(2).neg()", "-1\n-1\n[ CPUFloatType{2} ]" },
        { "torch.tensor([1, 2.5]).dtype", "6" },
        { "torch.tensor([[1], [2]]).size()", "[2, 1]" },
        { "torch.ones(2, dtype=torch.float64).dtype", "7" },
        { "Counter(5).step()", "6" },
        { "Counter(5).step(by=2)", "7" },
        { "Counter(start=5).n", "5" },
        { "Point(1, 2).y", "2." },
        { "Colour.RED.name", "RED" },
        { "Colour.RED.value", "1" },
        { "bump(Counter(1))", "11" },
    };
    jit_module *m = compile(classes);
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_printed(evaluate(m, rows[i].expression), rows[i].printed);
    jit_module_unref(m);
}

static void expressions_that_fail(void **state)
{
    (void)state;
    static const struct { const char *expression; jit_status status; const char *fragment; } rows[] = {
        { "1 +", JIT_ESYNTAX, "1 +" },
        { "", JIT_ESYNTAX, "" },
        { "nothing(1)", JIT_EUNSUPPORTED, "no function or class" },
        { "nothing", JIT_EUNSUPPORTED, "not a value" },
        { "[i for i in x]", JIT_EUNSUPPORTED, "function of the file" },
        { "torch.nothing(1)", JIT_ENOTFOUND, "aten::nothing" },
        { "torch.relu('a')", JIT_ETYPE, "aten::relu" },
        { "point(1)", JIT_ETYPE, "expected at most 0" },
        { "Counter()", JIT_ETYPE, "missing value for argument 'start'" },
        { "Counter(1).nothing()", JIT_ENOTFOUND, "nothing" },
        { "Counter(1).nothing", JIT_EUNSUPPORTED, "no such attribute" },
        { "counter(*[1])", JIT_EUNSUPPORTED, "star" },
        { "(1)(2)", JIT_EUNSUPPORTED, "cannot be called" },
        { "1 // 0", JIT_ERUNTIME, "" },
    };
    jit_module *m = compile(classes);
    for (size_t i = 0; i < COUNT(rows); i++) {
        jit_error err = JIT_ERROR_INIT;
        jit_any *ret = (jit_any *)&err;
        jit_status status = jit_evaluate(m, rows[i].expression, NULL, &ret, &err);
        if (status != rows[i].status)
            fail_msg("%s: %s %s", rows[i].expression, jit_status_name(status), err.message);
        assert_ptr_equal(ret, &err);
        expect_error(&err, rows[i].status, rows[i].fragment);
    }
    jit_any *ret = NULL;
    assert_int_equal(jit_evaluate(m, NULL, NULL, &ret, NULL), JIT_EINVAL);
    assert_int_equal(jit_evaluate(NULL, "1", NULL, &ret, NULL), JIT_EINVAL);
    assert_int_equal(jit_evaluate(m, "1", NULL, NULL, NULL), JIT_EINVAL);
    jit_module_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars),
        cmocka_unit_test(strings_hold_any_bytes),
        cmocka_unit_test(containers_borrow_their_items),
        cmocka_unit_test(nothing_is_read_as_nothing),
        cmocka_unit_test(later_keys_replace_earlier_ones),
        cmocka_unit_test(forms_of_scalars),
        cmocka_unit_test(forms_of_containers),
        cmocka_unit_test(forms_of_tensors),
        cmocka_unit_test(forms_of_objects),
        cmocka_unit_test(objects_travel_between_calls),
        cmocka_unit_test(expressions),
        cmocka_unit_test(expressions_that_fail),
    };
    return cmocka_run_group_tests_name("api/value", tests, NULL, NULL);
}
