/* tests/unit/api/test_save.c: archives in memory and in files; which function is saved; what is refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "api_test.h"

#include <unistd.h>

static const char three[] = "def a(x: int) -> int:\n    return x + 1\n"
                            "def b(x: int) -> int:\n    return a(x)\n";

/* Does the archive mention a text? Small files are stored, so their code can be seen. */
static bool holds(const char *bytes, size_t n, const char *what)
{
    return memmem(bytes, n, what, strlen(what)) != NULL;
}

static void test_memory(void **state)
{
    jit_module *m = compile("def f(x: int, k: int = 3) -> int:\n    return x * k\n");
    char *bytes, *again;
    size_t n, n_again;
    assert_int_equal(jit_serialize(m, NULL, &bytes, &n, NULL), JIT_OK);
    assert_memory_equal(bytes, "PK\3\4", 4);
    assert_true(holds(bytes, n, "archive/data.pkl"));
    assert_true(holds(bytes, n, "PlaceholderModule"));
    assert_int_equal(jit_serialize(m, NULL, &again, &n_again, NULL), JIT_OK);
    assert_int_equal(n, n_again);
    assert_memory_equal(bytes, again, n); // the same module gives the same bytes
    jit_free(bytes);
    jit_free(again);
    jit_module_unref(m);
}

static void test_choice(void **state)
{
    jit_module *m = compile(three);
    char *bytes = NULL;
    size_t n;
    jit_error err = JIT_ERROR_INIT;
    jit_save_options opts = JIT_SAVE_OPTIONS_INIT;
    assert_int_equal(jit_serialize(m, &opts, &bytes, &n, &err), JIT_ENOTFOUND);
    assert_null(bytes);
    assert_non_null(strstr(err.message, "several functions"));
    opts.function = "c";
    assert_int_equal(jit_serialize(m, &opts, &bytes, &n, &err), JIT_ENOTFOUND);
    assert_string_equal(err.message, "no function 'c'");
    opts.function = "b";
    opts.prefix = "model";
    assert_int_equal(jit_serialize(m, &opts, &bytes, &n, &err), JIT_OK);
    assert_true(holds(bytes, n, "model/data.pkl"));
    jit_free(bytes);
    jit_error_fini(&err);
    jit_module_unref(m);
}

static void test_extra_files(void **state)
{
    jit_module *m = compile("def f(x: int) -> int:\n    return x\n");
    jit_extra_file extra[] = { { "notes.txt", "hello there", 11 }, { "empty", NULL, 0 } };
    jit_save_options opts = JIT_SAVE_OPTIONS_INIT;
    opts.extra_files = extra;
    opts.n_extra_files = COUNT(extra);
    char *bytes;
    size_t n;
    assert_int_equal(jit_serialize(m, &opts, &bytes, &n, NULL), JIT_OK);
    assert_true(holds(bytes, n, "archive/extra/notes.txt"));
    assert_true(holds(bytes, n, "hello there"));
    jit_free(bytes);
    extra[1].name = NULL;
    assert_int_equal(jit_serialize(m, &opts, &bytes, &n, NULL), JIT_EINVAL);
    jit_module_unref(m);
}

static void test_function(void **state)
{
    char path[] = "/tmp/tjs-save-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    jit_function *f = compile_function(three, "b"); // saves what outlives its module
    assert_int_equal(jit_save_function(f, path, NULL, NULL), JIT_OK);
    FILE *in = fopen(path, "rb");
    char head[4];
    assert_int_equal(fread(head, 1, 4, in), 4);
    assert_memory_equal(head, "PK\3\4", 4);
    fclose(in);
    unlink(path);
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(jit_save_function(f, "/nowhere/to/be/found.pt", NULL, &err), JIT_EIO);
    assert_int_equal(jit_save_function(NULL, path, NULL, &err), JIT_EINVAL);
    jit_error_fini(&err);
    jit_function_unref(f);
}

/* Deep nesting is refused by name; long chains are not nesting. */
static void test_depth(void **state)
{
    enum { DEPTH = 150 };
    static char source[1 << 20];
    char *p = source + sprintf(source, "def f(x: int) -> int:\n    y = 0\n");
    for (int i = 0; i < DEPTH; i++)
        p += sprintf(p, "%*sif x > %d:\n%*sy += x\n", 4 + i, "", i, 5 + i, "");
    sprintf(p, "    return y\n");
    jit_module *m = compile(source);
    char *bytes;
    size_t n;
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(jit_serialize(m, NULL, &bytes, &n, &err), JIT_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "nest deeper"));
    jit_module_unref(m);
    p = source + sprintf(source, "def f(x: int) -> int:\n    y = 0\n    if x == 0:\n        y = 1\n");
    for (int i = 1; i < 5000; i++)
        p += sprintf(p, "    elif x == %d:\n        y = %d\n", i, i);
    sprintf(p, "    return y\n");
    m = compile(source);
    assert_int_equal(jit_serialize(m, NULL, &bytes, &n, &err), JIT_OK);
    jit_free(bytes);
    jit_module_unref(m);
    jit_error_fini(&err);
}

static void test_freeze(void **state)
{
    jit_module *source = compile("def f(x: int, k: int = 3) -> int:\n    return x * k\n"), *m = NULL, *frozen = NULL;
    const char *names[] = { "training", "nothing" };
    jit_freeze_options opts = JIT_FREEZE_OPTIONS_INIT;
    jit_error err = JIT_ERROR_INIT;
    char *bytes, *again;
    size_t n;
    assert_int_equal(jit_freeze(source, NULL, &frozen, &err), JIT_EINVAL); // it has no attributes
    assert_int_equal(jit_serialize(source, NULL, &bytes, &n, NULL), JIT_OK);
    assert_int_equal(jit_load_memory(bytes, n, NULL, &m, &err), JIT_OK);
    assert_int_equal(jit_freeze(m, NULL, &frozen, &err), JIT_EINVAL);
    assert_non_null(strstr(err.message, "eval mode"));
    assert_int_equal(jit_module_eval(m, NULL), JIT_OK);
    opts.preserved = names;
    opts.n_preserved = 2;
    assert_int_equal(jit_freeze(m, &opts, &frozen, &err), JIT_ENOTFOUND);
    assert_string_equal(err.message, "Unknown name: nothing");
    opts.n_preserved = 1;
    assert_int_equal(jit_freeze(m, &opts, &frozen, &err), JIT_OK);
    jit_module_unref(m); // the frozen one needs nothing of it
    jit_module_unref(source);
    jit_any *kept = NULL;
    assert_int_equal(jit_module_get(frozen, "training", &kept, &err), JIT_OK);
    jit_unref(kept);
    assert_int_equal(jit_serialize(frozen, NULL, &again, &n, &err), JIT_OK);
    jit_free(again);
    jit_free(bytes);
    jit_module_unref(frozen);
    jit_error_fini(&err);
}

/* The code of frozen(opts), after a call. */
static char *code_after_call(jit_module *m, bool for_inference, size_t *ret_n)
{
    jit_freeze_options opts = JIT_FREEZE_OPTIONS_INIT;
    jit_error err = JIT_ERROR_INIT;
    jit_module *frozen = NULL;
    jit_any *value = NULL;
    char *bytes = NULL;
    opts.optimize_for_inference = for_inference;
    assert_int_equal(jit_freeze(m, &opts, &frozen, &err), JIT_OK);
    assert_int_equal(jit_evaluate(frozen, "forward(torch.full([8, 256], 0.5), torch.full([256, 256], -0.25))", NULL, &value, &err), JIT_OK);
    assert_int_equal(jit_serialize(frozen, NULL, &bytes, ret_n, &err), JIT_OK);
    jit_unref(value);
    jit_module_unref(frozen);
    jit_error_fini(&err);
    return bytes;
}

/* What calls may do is no part of the code: it is saved as if nothing had been asked. */
static void test_freeze_for_inference(void **state)
{
    jit_module *source = compile("import torch\ndef f(x, w):\n    return torch.relu(torch.nn.functional.linear(x, w))\n"), *m = NULL;
    char *bytes, *plain, *optimized;
    size_t n, n_plain, n_optimized;
    assert_int_equal(jit_serialize(source, NULL, &bytes, &n, NULL), JIT_OK);
    assert_int_equal(jit_load_memory(bytes, n, NULL, &m, NULL), JIT_OK);
    assert_int_equal(jit_module_eval(m, NULL), JIT_OK);
    plain = code_after_call(m, false, &n_plain);
    optimized = code_after_call(m, true, &n_optimized);
    assert_int_equal(n_plain, n_optimized);
    assert_memory_equal(plain, optimized, n_plain);
    jit_free(plain);
    jit_free(optimized);
    jit_free(bytes);
    jit_module_unref(m);
    jit_module_unref(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory), cmocka_unit_test(test_choice), cmocka_unit_test(test_extra_files),
        cmocka_unit_test(test_function), cmocka_unit_test(test_depth), cmocka_unit_test(test_freeze),
        cmocka_unit_test(test_freeze_for_inference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
