/* Values: references, containers, equality, and what happens without memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "runtime/tensor/value.h"

static jit_value text_value(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return VALUE_HEAP_V(VALUE_STR, str_new(s, n));
}

static void frees_a_deep_list_without_recursion(void **state)
{
    (void)state;
    jit_value inner = VALUE_NONE_V;
    for (int i = 0; i < 100000; i++) {
        list *l = list_new(NULL, LIST_VALUES, 1);
        assert_non_null(l);
        assert_true(list_push(l, inner));
        inner = VALUE_HEAP_V(VALUE_LIST, l);
    }
    value_unref(inner);
}

static jit_value wrap(jit_value inner, int i)
{
    switch (i % 4) {
    case 0: {
        tuple *t = tuple_new(NULL, 2);
        t->at[1] = inner;
        return VALUE_HEAP_V(VALUE_TUPLE, t);
    }
    case 1: {
        object *o = object_new(NULL, 1);
        o->at[0] = inner;
        return VALUE_HEAP_V(VALUE_OBJECT, o);
    }
    case 2: {
        dict *d = dict_new(NULL, NULL);
        dict_set(d, text_value("key"), inner);
        return VALUE_HEAP_V(VALUE_DICT, d);
    }
    default: {
        list *l = list_new(NULL, LIST_VALUES, 0);
        list_push(l, inner);
        return VALUE_HEAP_V(VALUE_LIST, l);
    }
    }
}

static int n_types_released;
static void count_release(const struct type *t)
{
    (void)t;
    n_types_released++;
}

static void frees_every_kind_of_container(void **state)
{
    (void)state;
    jit_value v = text_value("leaf");
    for (int i = 0; i < 40000; i++)
        v = wrap(v, i);
    value_unref(v);

    object *o = object_new(NULL, 0);
    o->unref_type = count_release;
    n_types_released = 0;
    value_unref(VALUE_HEAP_V(VALUE_OBJECT, o));
    assert_int_equal(n_types_released, 1);
}

static void unboxed_lists_keep_their_elements(void **state)
{
    (void)state;
    list *l = list_new(NULL, LIST_INTS, 0);
    for (int64_t i = 0; i < 100; i++)
        assert_true(list_push(l, VALUE_INT_V(i * i)));
    assert_true(list_insert(l, 0, VALUE_INT_V(-1)));
    assert_int_equal(l->n, 101);
    assert_int_equal(list_take(l, 1).i, 0);
    assert_int_equal(l->ints[99], 99 * 99);
    assert_true(list_extend(l, l));
    assert_int_equal(l->n, 200);
    list *s = list_slice(l, 99, 3, -2);
    assert_int_equal(s->ints[2], 95 * 95);
    value_unref(VALUE_HEAP_V(VALUE_LIST, s));
    assert_true(list_resize(l, 202));
    assert_int_equal(l->ints[201], 0);
    value_unref(VALUE_HEAP_V(VALUE_LIST, l));

    list *b = list_new(NULL, LIST_BOOLS, 2);
    list_push(b, VALUE_BOOL_V(true));
    assert_int_equal(list_get(b, 0).tag, VALUE_BOOL);
    value_unref(VALUE_HEAP_V(VALUE_LIST, b));
}

static void boxed_lists_count_references(void **state)
{
    (void)state;
    jit_value s = text_value("shared");
    list *l = list_new(NULL, LIST_VALUES, 0);
    list_push(l, value_ref(s));
    list_extend(l, l);
    list *copy = list_slice(l, 0, 2, 1);
    assert_int_equal(s.heap->n_refs, 5);
    list_set(l, 0, VALUE_NONE_V);
    assert_int_equal(s.heap->n_refs, 4);
    list_resize(l, 1);
    assert_int_equal(s.heap->n_refs, 3);
    value_unref(VALUE_HEAP_V(VALUE_LIST, l));
    value_unref(VALUE_HEAP_V(VALUE_LIST, copy));
    assert_int_equal(s.heap->n_refs, 1);
    value_unref(s);
}

static void dicts_keep_insertion_order(void **state)
{
    (void)state;
    dict *d = dict_new(NULL, NULL);
    for (int64_t i = 0; i < 1000; i++)
        assert_true(dict_set(d, VALUE_INT_V(i * 7919 % 1000), VALUE_INT_V(i)));
    for (int64_t i = 0; i < 1000; i += 2)
        assert_true(dict_remove(d, VALUE_INT_V(i), NULL));
    assert_false(dict_remove(d, VALUE_INT_V(4), NULL));
    assert_int_equal(d->n, 500);
    for (int64_t i = 0; i < 1000; i += 2) /* refill: dead entries are dropped on the way */
        assert_true(dict_set(d, VALUE_INT_V(i), VALUE_INT_V(-i)));
    assert_int_equal(d->n, 1000);
    assert_int_equal(dict_find(d, VALUE_INT_V(998))->i, -998);
    size_t at = 0;
    int64_t n = 0, last_odd = -1;
    for (dict_entry *e; (e = dict_next(d, &at)); n++)
        if (e->value.i > last_odd && e->key.i % 2)
            last_odd = e->value.i;
        else
            assert_int_equal(e->key.i % 2, 0);
    assert_int_equal(n, 1000);
    value_unref(VALUE_HEAP_V(VALUE_DICT, d));
}

static void string_keys_compare_by_content(void **state)
{
    (void)state;
    dict *d = dict_new(NULL, NULL);
    dict_set(d, text_value("a"), text_value("1"));
    dict_set(d, text_value("a"), text_value("2"));
    assert_int_equal(d->n, 1);
    jit_value key = text_value("a"), gone;
    dict *copy = dict_copy(d);
    assert_true(dict_remove(d, key, &gone));
    assert_string_equal(gone.s->s, "2");
    assert_null(dict_find(d, key));
    assert_non_null(dict_find(copy, key));
    value_unref(key);
    value_unref(gone);
    value_unref(VALUE_HEAP_V(VALUE_DICT, d));
    value_unref(VALUE_HEAP_V(VALUE_DICT, copy));
}

static void equality_needs_the_same_tag(void **state)
{
    (void)state;
    assert_false(value_equal(VALUE_INT_V(1), VALUE_FLOAT_V(1)));
    assert_false(value_equal(VALUE_INT_V(1), VALUE_BOOL_V(true)));
    assert_true(value_equal(VALUE_FLOAT_V(0.0), VALUE_FLOAT_V(-0.0)));
    assert_true(value_hash(VALUE_FLOAT_V(0.0)) == value_hash(VALUE_FLOAT_V(-0.0)));
    jit_value a = text_value("x"), b = text_value("x");
    assert_true(value_equal(a, b));
    assert_true(value_hash(a) == value_hash(b));
    assert_false(value_is_same(a, b));
    value_unref(a);
    value_unref(b);
}

static void a_list_that_holds_itself_compares_and_prints(void **state)
{
    (void)state;
    jit_value v[2];
    for (int i = 0; i < 2; i++) {
        v[i] = VALUE_HEAP_V(VALUE_LIST, list_new(NULL, LIST_VALUES, 1));
        list_push(v[i].list, value_ref(v[i]));
    }
    assert_false(value_equal(v[0], v[1]));
    text out;
    text_init(&out, NULL);
    value_print(v[0], &out);
    assert_int_equal(out.s[0], '[');
    text_fini(&out);
    for (int i = 0; i < 2; i++) {
        list_resize(v[i].list, 0); /* break the cycle */
        value_unref(v[i]);
    }
}

static bool build_some(void)
{
    dict *d = dict_new(NULL, NULL);
    if (!d)
        return false;
    bool ok = true;
    for (int64_t i = 0; ok && i < 20; i++) {
        list *l = list_new(NULL, LIST_VALUES, 0);
        str *s = l ? str_new("element", 7) : NULL;
        complex_box *c = s ? complex_new(1, 2) : NULL;
        ok = c && list_push(l, VALUE_HEAP_V(VALUE_STR, s));
        if (!ok) {
            if (!c)
                value_unref(VALUE_HEAP_V(VALUE_STR, s));
            value_unref(VALUE_HEAP_V(VALUE_COMPLEX, c));
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
            break;
        }
        ok = list_push(l, VALUE_HEAP_V(VALUE_COMPLEX, c));
        if (ok)
            ok = dict_set(d, VALUE_INT_V(i), VALUE_HEAP_V(VALUE_LIST, l));
        else
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
    }
    if (ok) {
        dict *copy = dict_copy(d);
        ok = copy != NULL;
        value_unref(VALUE_HEAP_V(VALUE_DICT, copy));
    }
    value_unref(VALUE_HEAP_V(VALUE_DICT, d));
    return ok;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bool ok = false;
    for (int64_t n = 0; !ok && n < 10000; n++) {
        mem_fail_after(n);
        ok = build_some();
        mem_fail_after(-1);
    }
    assert_true(ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frees_a_deep_list_without_recursion),
        cmocka_unit_test(frees_every_kind_of_container),
        cmocka_unit_test(unboxed_lists_keep_their_elements),
        cmocka_unit_test(boxed_lists_count_references),
        cmocka_unit_test(dicts_keep_insertion_order),
        cmocka_unit_test(string_keys_compare_by_content),
        cmocka_unit_test(equality_needs_the_same_tag),
        cmocka_unit_test(a_list_that_holds_itself_compares_and_prints),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("values/value", tests, NULL, NULL);
}
