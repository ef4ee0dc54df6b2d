/* tests/unit/values/call.h: call an operator on values written in the test and compare what it
 * prints. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_VALUES_CALL_H
#define TESTS_UNIT_VALUES_CALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "runtime/kernels/dispatch.h"

static inline jit_value S(const char *s) { return VALUE_HEAP_V(VALUE_STR, str_new(s, strlen(s))); }
static inline jit_value C(double re, double im)
{
    return VALUE_HEAP_V(VALUE_COMPLEX, complex_new(re, im));
}
#define I VALUE_INT_V
#define F VALUE_FLOAT_V
#define B VALUE_BOOL_V
#define NONE VALUE_NONE_V

static inline jit_value list_value(const type *elem, const jit_value *items, size_t n)
{
    list *l = list_new(elem, type_list_storage(elem), n);
    for (size_t i = 0; i < n; i++)
        list_push(l, items[i]);
    return VALUE_HEAP_V(VALUE_LIST, l);
}
#define ITEMS(...)                     \
    (const jit_value[]){ __VA_ARGS__ }, \
        sizeof((const jit_value[]){ __VA_ARGS__ }) / sizeof(jit_value)
#define INTS(...) list_value(T_INT, ITEMS(__VA_ARGS__))
#define FLOATS(...) list_value(T_FLOAT, ITEMS(__VA_ARGS__))
#define BOOLS(...) list_value(T_BOOL, ITEMS(__VA_ARGS__))
#define STRS(...) list_value(T_STR, ITEMS(__VA_ARGS__))
#define NO_INTS list_value(T_INT, NULL, 0)

static inline jit_value pair_value(jit_value a, jit_value b)
{
    tuple *t = tuple_new(NULL, 2);
    t->at[0] = a;
    t->at[1] = b;
    return VALUE_HEAP_V(VALUE_TUPLE, t);
}

static inline jit_value dict_value(const type *key, const type *value, const jit_value *items,
                                   size_t n)
{
    dict *d = dict_new(key, value);
    for (size_t i = 0; i + 1 < n; i += 2)
        dict_set(d, items[i], items[i + 1]);
    return VALUE_HEAP_V(VALUE_DICT, d);
}

static inline void drop_output(void *ctx, const char *s, size_t n) { (void)ctx, (void)s, (void)n; }

/* The printed results (several separated by `; `), or the message of the failure. Arguments are
 * released, but for the first, where `shown_first` asks for what it became instead of the
 * result. */
static inline void expect(op_id op, const char *expected, bool shown_first, const jit_value *args,
                          size_t n)
{
    op_run run = { .print = drop_output, .warn = drop_output };
    jit_value rets[4] = { NONE, NONE, NONE, NONE };
    text out;
    text_init(&out, NULL);
    if (!op_call(&run, op, args, n, rets)) {
        text_add(&out, run.message);
        mem_free(run.message);
    } else {
        const schema *s = op_schema(op);
        for (size_t i = 0; i < s->n_rets; i++) {
            text_add(&out, i && !shown_first ? "; " : "");
            if (!shown_first)
                value_print(rets[i], &out);
            value_unref(rets[i]);
        }
        if (shown_first)
            value_print(args[0], &out);
    }
    if (strcmp(out.s, expected) != 0)
        print_error("%s.%s\n", op_name(op), op_overload(op));
    assert_string_equal(out.s, expected);
    text_fini(&out);
    for (size_t i = 0; i < n; i++)
        value_unref(args[i]);
}
#define CALL(op, expected, ...) expect(OP_##op, expected, false, ITEMS(__VA_ARGS__))
#define EFFECT(op, expected, ...) expect(OP_##op, expected, true, ITEMS(__VA_ARGS__))

#endif
