/* tests/unit/archive/archive_test.h: what the tests of the archive layer share: pickles spelt out opcode by opcode,
 * archives made in memory, ZIP files put together by hand, lies included. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ARCHIVE_TEST_H
#define ARCHIVE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "runtime/archive/container.h"
#include "runtime/archive/directory.h"
#include "runtime/archive/pickle.h"
#include "runtime/archive/tensors.h"

/* A pickle as a string literal: P("K\1") is the int 1. NULs count. */
#define P(s) "\x80\x02" s ".", sizeof("\x80\x02" s ".") - 1

/* A storage of 16 bytes under each key but "none". */
static inline jit_status test_find_storage(void *ctx, const char *key, size_t n_bytes, storage **ret, jit_error *err)
{
    (void)ctx;
    (void)err;
    if (!strcmp(key, "none") || n_bytes > 16)
        return JIT_EFORMAT;
    *ret = storage_new(DEVICE_CPU0, n_bytes);
    if (!*ret)
        return JIT_ENOMEM;
    for (size_t i = 0; i < n_bytes; i++)
        ((char *)(*ret)->data)[i] = (char)i;
    return JIT_OK;
}

static inline jit_status test_parse_type(void *ctx, const char *s, const type **ret, jit_error *err)
{
    (void)err;
    arena a;
    arena_init(&a);
    const char *why;
    const type *t = type_parse(s, strlen(s), ctx, &a, &why);
    arena_fini(&a);
    if (!t)
        return JIT_EFORMAT;
    *ret = t;
    return JIT_OK;
}

static inline jit_status test_find_class(void *ctx, const char *name, const type **ret, jit_error *err)
{
    const type *t = ctx ? ir_unit_find_type(ctx, name) : NULL;
    if (!t)
        return error_fail(err, JIT_ENOTFOUND, "no class %s", name);
    *ret = t;
    return JIT_OK;
}

/* Hooks of a TorchScript archive whose classes are the unit's (may be NULL), or of torch.save. */
static inline unpickle_hooks test_hooks(ir_unit *unit, bool is_python)
{
    return (unpickle_hooks){ .ctx = unit, .find_class = test_find_class, .find_storage = test_find_storage,
                             .parse_type = test_parse_type, .is_python = is_python, .has_type_tags = true };
}

/* The message of a failure says this. */
static inline void expect_says(const jit_error *err, const char *why)
{
    const char *message = err->message ? err->message : "";
    if (!*message || !strstr(message, why))
        fail_msg("\"%s\" does not say \"%s\"", message, why);
}

/* The value prints as this. */
static inline void expect_printed(const char *bytes, size_t n, bool is_python, const char *printed)
{
    const unpickle_hooks hooks = test_hooks(NULL, is_python);
    jit_error err = JIT_ERROR_INIT;
    jit_value v;
    if (unpickle(bytes, n, "data.pkl", &hooks, NULL, &v, &err))
        fail_msg("%s", err.message ? err.message : "?");
    text out;
    text_init(&out, NULL);
    value_print(v, &out);
    assert_string_equal(out.s, printed);
    text_fini(&out);
    value_unref(v);
}

/* Refused, the message has `why` in it, and *ret stays as it was. */
static inline void expect_refused(const char *bytes, size_t n, bool is_python, const char *why)
{
    const unpickle_hooks hooks = test_hooks(NULL, is_python);
    jit_error err = JIT_ERROR_INIT;
    jit_value v = VALUE_INT_V(42);
    jit_status status = unpickle(bytes, n, "data.pkl", &hooks, NULL, &v, &err);
    assert_int_not_equal(status, JIT_OK);
    assert_int_equal(status, err.status);
    assert_int_equal(v.i, 42);
    expect_says(&err, why);
    jit_error_fini(&err);
}

/* ---- archives in memory ------------------------------------------------------------------------------ */

typedef struct test_file { char *bytes; size_t n; } test_file;

static inline container_writer *test_writer(const char *prefix)
{
    container_writer *w;
    assert_int_equal(container_writer_open_memory(prefix, &w, NULL), JIT_OK);
    return w;
}

static inline void test_add(container_writer *w, const char *name, const void *bytes, size_t n, bool is_deflated)
{
    assert_int_equal(container_write(w, name, bytes, n, is_deflated, NULL), JIT_OK);
}

static inline test_file test_finish(container_writer *w)
{
    test_file f;
    assert_int_equal(container_writer_finish(w, &f.bytes, &f.n, NULL), JIT_OK);
    return f;
}

/* A torch.save file of (tensor, "deflated") with one deflated record beside it. */
static inline test_file test_archive(void)
{
    static const char data[] =
        "\x80\x02" "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" "0"
        "X\3\0\0\0cpuK\2tQK\0K\2\x85K\1\x85\x89" "ccollections\nOrderedDict\n)RtR.";
    const float elements[] = { 1, 2 };
    char code[400];
    memset(code, 'x', sizeof code);
    container_writer *w = test_writer("tiny");
    test_add(w, "data.pkl", data, sizeof data - 1, false);
    test_add(w, "data/0", elements, sizeof elements, false);
    test_add(w, "code/__torch__.py", code, sizeof code, true);
    test_add(w, "version", "3\n", 2, false);
    return test_finish(w);
}

static inline jit_status test_open(const char *bytes, size_t n, container **ret, jit_error *err)
{
    return container_open_memory(bytes, n, false, NULL, ret, err);
}

#endif
