/* Values as text: the print() form and the repr form. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/tensor/value.h"

static void expect(jit_value take, const char *printed, const char *repr)
{
    text out;
    text_init(&out, NULL);
    value_print(take, &out);
    assert_string_equal(out.s, printed);
    text_clear(&out);
    value_print_repr(take, &out);
    assert_string_equal(out.s, repr);
    text_fini(&out);
    value_unref(take);
}

static jit_value string(const char *s) { return VALUE_HEAP_V(VALUE_STR, str_new(s, strlen(s))); }

static void scalars(void **state)
{
    (void)state;
    expect(VALUE_NONE_V, "None", "None");
    expect(VALUE_BOOL_V(true), "True", "True");
    expect(VALUE_INT_V(INT64_MIN), "-9223372036854775808", "-9223372036854775808");
    expect(VALUE_DEVICE_V(DEVICE_CPU0), "cpu", "torch.device(\"cpu\")");
}

static void floats(void **state)
{
    (void)state;
    expect(VALUE_FLOAT_V(2), "2.", "2.");
    expect(VALUE_FLOAT_V(-0.0), "0.", "-0.");
    expect(VALUE_FLOAT_V(0.1), "0.10000000000000001", "0.10000000000000001");
    expect(VALUE_FLOAT_V(1e10), "10000000000.", "10000000000");
    expect(VALUE_FLOAT_V(1e16), "10000000000000000.", "10000000000000000");
    expect(VALUE_FLOAT_V(1e19), "1e+19", "1e+19");
    expect(VALUE_FLOAT_V(1.0000000000000001e-05), "1.0000000000000001e-05", "1.0000000000000001e-05");
    expect(VALUE_FLOAT_V(INFINITY), "inf", "inf");
    expect(VALUE_FLOAT_V(-INFINITY), "-inf", "-inf");
    expect(VALUE_FLOAT_V((double)NAN), "nan", "nan");
    expect(VALUE_HEAP_V(VALUE_COMPLEX, complex_new(1.5, -2)), "1.5-2.j", "1.5-2.j");
}

static void strings(void **state)
{
    (void)state;
    expect(string("a'b\"\\\n\x01\xc3\xa9"), "a'b\"\\\n\x01\xc3\xa9", "\"a\\'b\\\"\\\\\\n\\001\\303\\251\"");
}

static void containers(void **state)
{
    (void)state;
    list *l = list_new(NULL, LIST_FLOATS, 0);
    list_push(l, VALUE_FLOAT_V(1));
    list_push(l, VALUE_FLOAT_V(2.5));
    expect(VALUE_HEAP_V(VALUE_LIST, l), "[1., 2.5]", "annotate(List[Any], [1., 2.5])");
    expect(VALUE_HEAP_V(VALUE_LIST, list_new(NULL, LIST_INTS, 0)), "[]", "annotate(List[Any], [])");

    tuple *t = tuple_new(NULL, 1);
    t->at[0] = string("x");
    expect(VALUE_HEAP_V(VALUE_TUPLE, t), "(x,)", "(\"x\",)");
    expect(VALUE_HEAP_V(VALUE_TUPLE, tuple_new(NULL, 0)), "()", "()");

    dict *d = dict_new(NULL, NULL);
    dict_set(d, string("k"), VALUE_FLOAT_V(1));
    dict_set(d, string("j"), VALUE_NONE_V);
    expect(VALUE_HEAP_V(VALUE_DICT, d), "{k: 1., j: None}", "annotate(Dict[Any, Any],{\"k\": 1., \"j\": None})");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars),
        cmocka_unit_test(floats),
        cmocka_unit_test(strings),
        cmocka_unit_test(containers),
    };
    return cmocka_run_group_tests_name("values/value_print", tests, NULL, NULL);
}
