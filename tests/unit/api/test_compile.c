/* tests/unit/api/test_compile.c: compiling and checking sources, modules, functions, errors. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "api_test.h"

#include <sys/stat.h>
#include <unistd.h>

static const char two_functions[] = "def twice(x: int) -> int:\n"
                                    "    return 2 * x\n"
                                    "def add(a: Tensor, b: Tensor, n: int = 1) -> Tensor:\n"
                                    "    return a + n * b\n";

static void error_is_released_and_reused(void **state)
{
    (void)state;
    jit_error err = JIT_ERROR_INIT;
    jit_module *m = NULL;
    jit_error_fini(NULL);
    jit_error_fini(&err);
    for (int i = 0; i < 2; i++) // the second call releases what the first one filled
        assert_int_equal(jit_compile("def f(:\n", WHOLE, NULL, &m, &err), JIT_ESYNTAX);
    assert_null(m);
    assert_int_equal(err.status, JIT_ESYNTAX);
    assert_string_equal(err.file, "<string>");
    assert_int_equal(err.line, 1);
    assert_true(err.column > 1);
    assert_non_null(strstr(err.details, "def f(:"));
    jit_error_fini(&err);
    assert_null(err.message);
    assert_null(err.details);
    assert_int_equal(err.status, JIT_OK);
    assert_int_equal(err.size, sizeof err);
}

static void names_of_codes(void **state)
{
    (void)state;
    assert_string_equal(jit_status_name(JIT_OK), "JIT_OK");
    assert_string_equal(jit_status_name(JIT_EIO), "JIT_EIO");
    assert_string_equal(jit_status_name(JIT_EINTERRUPTED), "JIT_EINTERRUPTED");
    assert_string_equal(jit_status_name((jit_status)99), "unknown");
    char version[40];
    snprintf(version, sizeof version, "%d.%d.%d", JIT_VERSION_MAJOR, JIT_VERSION_MINOR, JIT_VERSION_PATCH);
    assert_string_equal(jit_version(), version);
}

static void functions_of_a_module(void **state)
{
    (void)state;
    jit_module *m = compile(two_functions);
    assert_int_equal(jit_module_n_functions(m), 2);
    assert_string_equal(jit_module_function_name(m, 0), "twice");
    assert_string_equal(jit_module_function_name(m, 1), "add");
    assert_null(jit_module_function_name(m, 2));
    jit_function *f = NULL;
    assert_int_equal(jit_module_function(m, "add", &f, NULL), JIT_OK);
    assert_string_equal(jit_function_name(f), "add");
    assert_int_equal(jit_function_n_params(f), 3);
    expect_text(jit_function_schema(f), "add(Tensor a, Tensor b, int n=1) -> Tensor");
    assert_ptr_equal(jit_function_ref(f), f);
    jit_function_unref(f);
    jit_function_unref(f);
    assert_ptr_equal(jit_module_ref(m), m);
    jit_module_unref(m);
    jit_module_unref(m);
}

static void references_of_nothing(void **state)
{
    (void)state;
    assert_null(jit_module_ref(NULL));
    assert_null(jit_function_ref(NULL));
    assert_null(jit_ref(NULL));
    jit_module_unref(NULL);
    jit_function_unref(NULL);
    jit_unref(NULL);
    jit_free(NULL);
}

static void a_missing_function_suggests_its_neighbour(void **state)
{
    (void)state;
    jit_module *m = compile(two_functions);
    jit_error err = JIT_ERROR_INIT;
    jit_function *f = (jit_function *)&err;
    assert_int_equal(jit_module_function(m, "twise", &f, &err), JIT_ENOTFOUND);
    assert_ptr_equal(f, &err); // outputs stay untouched
    expect_error(&err, JIT_ENOTFOUND, "did you mean 'twice'?");
    assert_int_equal(jit_module_function(m, "nothing_like_it", &f, &err), JIT_ENOTFOUND);
    expect_error(&err, JIT_ENOTFOUND, "no function 'nothing_like_it'");
    assert_int_equal(jit_module_function(m, "twise", &f, NULL), JIT_ENOTFOUND);
    assert_int_equal(jit_module_function(m, NULL, &f, NULL), JIT_EINVAL);
    assert_int_equal(jit_module_function(NULL, "twice", &f, NULL), JIT_EINVAL);
    assert_int_equal(jit_module_function(m, "twice", NULL, NULL), JIT_EINVAL);
    jit_module_unref(m);
}

static void every_diagnostic_is_told(void **state)
{
    (void)state;
    jit_error err = JIT_ERROR_INIT;
    jit_module *m = (jit_module *)&err;
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.name = "model.tjs";
    const char *source = "def f(x: int) -> str:\n    return x\n"
                         "def g(x: int):\n    return y\n";
    assert_int_equal(jit_compile(source, WHOLE, &opts, &m, &err), JIT_ETYPE);
    assert_ptr_equal(m, &err);
    assert_string_equal(err.file, "model.tjs");
    assert_int_equal(err.line, 2);
    assert_non_null(strstr(err.details, "model.tjs:2:"));
    assert_non_null(strstr(err.details, "model.tjs:4:"));
    jit_error_fini(&err);
    assert_int_equal(jit_compile(source, WHOLE, &opts, &m, NULL), JIT_ETYPE);
}

static void length_bounds_the_source(void **state)
{
    (void)state;
    jit_module *m = NULL;
    assert_int_equal(jit_compile("def f(): return 1\n(((", 18, NULL, &m, NULL), JIT_OK);
    jit_module_unref(m);
    assert_int_equal(jit_compile("", 0, NULL, &m, NULL), JIT_OK);
    assert_int_equal(jit_module_n_functions(m), 0);
    jit_module_unref(m);
    assert_int_equal(jit_compile(NULL, 0, NULL, &m, NULL), JIT_EINVAL);
    assert_int_equal(jit_compile("", 0, NULL, NULL, NULL), JIT_EINVAL);
}

static void memory_of_a_compile_is_bounded(void **state)
{
    (void)state;
    jit_error err = JIT_ERROR_INIT;
    jit_module *m = NULL;
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    for (opts.max_bytes = 100; opts.max_bytes < 20000; opts.max_bytes += 100) {
        jit_status status = jit_compile(two_functions, WHOLE, &opts, &m, &err);
        if (!status)
            break;
        assert_int_equal(status, JIT_ENOMEM);
        jit_error_fini(&err);
    }
    jit_module_unref(m);
}

static void check_reports_text_and_json(void **state)
{
    (void)state;
    jit_error err = JIT_ERROR_INIT;
    char *report = NULL;
    assert_int_equal(jit_check(two_functions, WHOLE, NULL, JIT_TEXT, &report, &err), JIT_OK);
    expect_text(report, "");
    assert_int_equal(jit_check(two_functions, WHOLE, NULL, JIT_JSON, &report, &err), JIT_OK);
    assert_non_null(strchr(report, '['));
    assert_null(strstr(report, "message"));
    jit_free(report);
    const char *bad = "def f(x: int) -> str:\n    return x\n";
    assert_int_equal(jit_check(bad, WHOLE, NULL, JIT_TEXT, &report, &err), JIT_ETYPE);
    assert_non_null(strstr(report, "<string>:2:"));
    assert_non_null(strstr(report, "return x"));
    assert_null(strchr(report, '\033'));
    jit_free(report);
    jit_error_fini(&err);
    assert_int_equal(jit_check(bad, WHOLE, NULL, JIT_TEXT_COLOUR, &report, NULL), JIT_ETYPE);
    assert_non_null(strchr(report, '\033'));
    jit_free(report);
    assert_int_equal(jit_check(bad, WHOLE, NULL, JIT_JSON, &report, NULL), JIT_ETYPE);
    assert_non_null(strstr(report, "\"line\": 2"));
    jit_free(report);
    assert_int_equal(jit_check("def f(:\n", WHOLE, NULL, JIT_TEXT, &report, NULL), JIT_ESYNTAX);
    jit_free(report);
    assert_int_equal(jit_check(NULL, 0, NULL, JIT_TEXT, &report, NULL), JIT_EINVAL);
    assert_int_equal(jit_check("", 0, NULL, JIT_TEXT, NULL, NULL), JIT_EINVAL);
}

/* ---- files ---------------------------------------------------------------------------------------- */

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tjs-api-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static const char *path_of(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *name, const char *bytes)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    fputs(bytes, f);
    fclose(f);
    return path_of(name);
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path_of("a.tjs"));
    unlink(path_of("b.tjs"));
    return rmdir(folder);
}

static void files_and_their_imports(void **state)
{
    (void)state;
    jit_module *m = NULL;
    jit_error err = JIT_ERROR_INIT;
    write_file("b.tjs", "def inc(x: int) -> int:\n    return x + 1\n");
    const char *path = write_file("a.tjs", "from .b import inc\ndef f(x: int) -> int:\n    return inc(x)\n");
    if (jit_compile_file(path, NULL, &m, &err))
        fail_msg("%s", err.message);
    jit_any *ret = NULL;
    assert_int_equal(jit_evaluate(m, "f(41)", NULL, &ret, NULL), JIT_OK);
    expect_printed(ret, "42");
    jit_module_unref(m);
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.no_imports = true;
    assert_int_equal(jit_compile_file(path_of("a.tjs"), &opts, &m, &err), JIT_ETYPE);
    jit_error_fini(&err);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    jit_error err = JIT_ERROR_INIT;
    jit_module *m = (jit_module *)&err;
    assert_int_equal(jit_compile_file(path_of("missing.tjs"), NULL, &m, &err), JIT_EIO);
    expect_error(&err, JIT_EIO, "No such file");
    assert_int_equal(jit_compile_file(folder, NULL, &m, &err), JIT_EIO);
    expect_error(&err, JIT_EIO, "is a directory");
    assert_int_equal(jit_compile_file(NULL, NULL, &m, NULL), JIT_EINVAL);
    assert_ptr_equal(m, &err);
}

/* ---- graphs --------------------------------------------------------------------------------------- */

static void stages_of_a_function(void **state)
{
    (void)state;
    jit_function *f = compile_function(two_functions, "twice");
    char *text = NULL;
    assert_int_equal(jit_graph(f, "emitted", &text, NULL), JIT_OK);
    assert_non_null(strstr(text, "graph(%x.1 : int):\n  %1 : int = prim::Constant[value=2]()\n"));
    assert_non_null(strstr(text, " : int = aten::mul(%1, %x.1)\n"));
    jit_free(text);
    const char *const stages[] = { "typed", "inlined", "optimized", "bytecode", NULL };
    for (size_t i = 0; i < COUNT(stages); i++) {
        assert_int_equal(jit_graph(f, stages[i], &text, NULL), JIT_OK);
        assert_true(strlen(text) > 10);
        jit_free(text);
    }
    jit_error err = JIT_ERROR_INIT;
    char *untouched = text = (char *)&err;
    assert_int_equal(jit_graph(f, "assembly", &text, &err), JIT_EINVAL);
    expect_error(&err, JIT_EINVAL, "no stage 'assembly'");
    assert_int_equal(jit_graph(f, "tokens", &text, &err), JIT_EUNSUPPORTED);
    expect_error(&err, JIT_EUNSUPPORTED, "tokens");
    assert_int_equal(jit_graph(f, "ast", &text, NULL), JIT_EUNSUPPORTED);
    assert_int_equal(jit_graph(NULL, NULL, &text, NULL), JIT_EINVAL);
    assert_ptr_equal(text, untouched);
    jit_function_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_is_released_and_reused),
        cmocka_unit_test(names_of_codes),
        cmocka_unit_test(functions_of_a_module),
        cmocka_unit_test(references_of_nothing),
        cmocka_unit_test(a_missing_function_suggests_its_neighbour),
        cmocka_unit_test(every_diagnostic_is_told),
        cmocka_unit_test(length_bounds_the_source),
        cmocka_unit_test(memory_of_a_compile_is_bounded),
        cmocka_unit_test(check_reports_text_and_json),
        cmocka_unit_test(files_and_their_imports),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(stages_of_a_function),
    };
    return cmocka_run_group_tests_name("api/compile", tests, make_folder, remove_folder);
}
