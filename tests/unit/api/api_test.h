/* tests/unit/api/api_test.h: a source compiled, a function called, what it gave compared in its
 * printed form. Only jit.h: these tests see what a user sees. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_API_API_TEST_H
#define TESTS_UNIT_API_API_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jit.h"

#define WHOLE ((size_t)-1)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline jit_module *compile(const char *source)
{
    jit_module *m = NULL;
    jit_error err = JIT_ERROR_INIT;
    if (jit_compile(source, WHOLE, NULL, &m, &err))
        fail_msg("%s", err.details ? err.details : err.message);
    return m;
}

/* A function that outlives its module, as all do. */
static inline jit_function *compile_function(const char *source, const char *name)
{
    jit_module *m = compile(source);
    jit_function *f = NULL;
    assert_int_equal(jit_module_function(m, name, &f, NULL), JIT_OK);
    jit_module_unref(m);
    return f;
}

/* Compare and release. */
static inline void expect_text(char *take, const char *expected)
{
    assert_non_null(take);
    assert_string_equal(take, expected);
    jit_free(take);
}

static inline void expect_printed(jit_any *take, const char *expected)
{
    assert_non_null(take);
    expect_text(jit_to_string(take), expected);
    jit_unref(take);
}

/* The failure has this status and this text in its message; releases what it holds. */
static inline void expect_error(jit_error *err, jit_status status, const char *fragment)
{
    assert_string_equal(jit_status_name(err->status), jit_status_name(status));
    assert_non_null(err->message);
    if (!strstr(err->message, fragment))
        fail_msg("'%s' does not contain '%s'", err->message, fragment);
    jit_error_fini(err);
}

static inline void unref_all(jit_any **take, size_t n)
{
    for (size_t i = 0; i < n; i++)
        jit_unref(take[i]);
}

#define ARGS(...) (jit_any *[]){ __VA_ARGS__ }, COUNT(((jit_any *[]){ __VA_ARGS__ }))

/* Call and compare the printed result; the arguments are released. */
static inline void expect_call(jit_function *f, const char *expected, jit_any **take, size_t n)
{
    jit_any *ret = NULL;
    jit_error err = JIT_ERROR_INIT;
    if (jit_call(f, take, n, NULL, &ret, &err))
        fail_msg("%s", err.message);
    unref_all(take, n);
    expect_printed(ret, expected);
}

/* The call fails with this status; the result stays untouched; the arguments are released. */
static inline void expect_failing_call(jit_function *f, jit_status status, const char *fragment, jit_any **take,
                                       size_t n)
{
    jit_any *untouched = (jit_any *)&status, *ret = untouched;
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(jit_call(f, take, n, NULL, &ret, &err), status);
    assert_ptr_equal(ret, untouched);
    expect_error(&err, status, fragment);
    unref_all(take, n);
}

/* What a program printed. */
typedef struct printed { char s[2000]; size_t n; } printed;

static inline void collect(void *ctx, const char *s, size_t n)
{
    printed *p = ctx;
    if (n < sizeof p->s - p->n) {
        memcpy(p->s + p->n, s, n);
        p->n += n;
        p->s[p->n] = 0;
    }
}

#endif
