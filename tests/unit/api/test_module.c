/* tests/unit/api/test_module.c: PyTorch's archives as modules: loading, parts by name, attributes, modes, casting,
 * states, extra files, saving again. net.pt is what tests/archive/make.py writes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "api_test.h"

#include <unistd.h>

static jit_module *load_net(void)
{
    jit_module *m = NULL;
    jit_error err = JIT_ERROR_INIT;
    if (jit_load(NET, NULL, &m, &err))
        fail_msg("%s", err.message);
    return m;
}

static jit_any *part(const jit_module *m, const char *path)
{
    jit_any *v = NULL;
    assert_int_equal(jit_module_get(m, path, &v, NULL), JIT_OK);
    return v;
}

/* module(x) for a row of three ones, printed. */
static char *answer(jit_module *m)
{
    jit_function *f;
    jit_any *x = jit_tensor(JIT_FLOAT32, (int64_t[]){ 1, 3 }, 2, (float[]){ 1, 1, 1 }), *y = NULL;
    assert_int_equal(jit_module_function(m, "__call__", &f, NULL), JIT_OK);
    assert_int_equal(jit_call(f, &x, 1, NULL, &y, NULL), JIT_OK);
    char *text = jit_to_string(y);
    jit_unref(x);
    jit_unref(y);
    jit_function_unref(f);
    return text;
}

static void read_whole(const char *path, char **ret, size_t *ret_n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *ret_n = (size_t)ftell(f);
    rewind(f);
    *ret = malloc(*ret_n);
    assert_int_equal(fread(*ret, 1, *ret_n, f), *ret_n);
    fclose(f);
}

static const char expected[] = "-1.7500 -0.3750  1.0000  2.3750\n[ CPUFloatType{1,4} ]";

static void modules_are_called(void **state)
{
    jit_module *m = load_net();
    expect_text(answer(m), expected);
    assert_int_equal(jit_module_n_functions(m), 2);
    assert_string_equal(jit_module_function_name(m, 1), "describe");
    jit_function *f;
    jit_any *said;
    assert_int_equal(jit_module_function(m, "describe", &f, NULL), JIT_OK);
    jit_module_unref(m); // the method keeps its object
    assert_int_equal(jit_call(f, NULL, 0, NULL, &said, NULL), JIT_OK);
    expect_printed(said, "net2");
    jit_function_unref(f);
}

static void loading_from_memory_and_copied(void **state)
{
    char *bytes;
    size_t n;
    jit_module *m;
    jit_load_options opts = JIT_LOAD_OPTIONS_INIT;
    jit_error err = JIT_ERROR_INIT;
    read_whole(NET, &bytes, &n);
    assert_int_equal(jit_unserialize(bytes, n, NULL, &m, NULL), JIT_OK);
    memset(bytes, 0, n); // it was copied
    expect_text(answer(m), expected);
    jit_module_unref(m);
    assert_int_equal(jit_load_memory(bytes, n, NULL, &m, &err), JIT_EFORMAT);
    free(bytes);
    opts.copy = opts.verify = true;
    opts.map_location = "cpu";
    assert_int_equal(jit_load(NET, &opts, &m, NULL), JIT_OK);
    expect_text(answer(m), expected);
    jit_module_unref(m);
    opts.map_location = "cuda:0";
    assert_int_equal(jit_load(NET, &opts, &m, &err), JIT_EUNSUPPORTED);
    opts.map_location = "nowhere";
    assert_int_equal(jit_load(NET, &opts, &m, &err), JIT_EUNSUPPORTED);
    assert_int_equal(jit_load("/nowhere/net.pt", NULL, &m, &err), JIT_EIO);
    jit_error_fini(&err);
}

static void parts_by_name(void **state)
{
    jit_module *m = load_net();
    static const struct { jit_part what; size_t n; } sizes[] = {
        { JIT_PARAMETERS, 8 }, { JIT_BUFFERS, 9 }, { JIT_STATE, 19 }, { JIT_MODULES, 9 },
    };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        jit_any *all;
        assert_int_equal(jit_module_parts(m, sizes[i].what, &all, NULL), JIT_OK);
        assert_int_equal(jit_len(all), sizes[i].n);
        jit_unref(all);
    }
    jit_any *weight = part(m, "second.linear.weight"), *tied = part(m, "tied.weight");
    assert_ptr_equal(jit_tensor_data(weight), jit_tensor_data(tied));
    assert_true(jit_tensor_requires_grad(weight));
    jit_unref(weight);
    jit_unref(tied);
    jit_error err = JIT_ERROR_INIT;
    jit_any *v;
    assert_int_equal(jit_module_get(m, "second.nothing", &v, &err), JIT_ENOTFOUND);
    jit_module *second;
    assert_int_equal(jit_module_submodule(m, "second", &second, NULL), JIT_OK);
    jit_unref(part(second, "linear.bias"));
    jit_module_unref(second);
    assert_int_equal(jit_module_submodule(m, "third", &second, &err), JIT_ENOTFOUND);
    assert_int_equal(jit_module_submodule(m, "scale", &second, &err), JIT_ENOTFOUND);
    jit_error_fini(&err);
    jit_module_unref(m);
}

static void attributes_are_set(void **state)
{
    jit_module *m = load_net();
    jit_any *four = jit_int(4), *text = jit_str("new", WHOLE);
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(jit_module_set(m, "scale", four, NULL), JIT_OK);
    expect_text(answer(m), "-4.5000 -2.7500 -1.0000  0.7500\n[ CPUFloatType{1,4} ]");
    assert_int_equal(jit_module_set(m, "scale", text, &err), JIT_ETYPE);
    assert_int_equal(jit_module_set(m, "size", four, &err), JIT_ENOTFOUND);
    assert_int_equal(jit_module_set(m, "label", text, NULL), JIT_OK);
    expect_printed(part(m, "label"), "new");
    expect_printed(part(m, "counts"), "{a: 1}");
    jit_unref(four);
    jit_unref(text);
    jit_error_fini(&err);
    jit_module_unref(m);
}

static void modes_and_element_types(void **state)
{
    jit_module *m = load_net();
    assert_false(jit_module_is_training(m));
    assert_int_equal(jit_module_train(m, true, NULL), JIT_OK);
    expect_printed(part(m, "second.norm.training"), "True");
    assert_true(jit_module_is_training(m));
    assert_int_equal(jit_module_eval(m, NULL), JIT_OK);
    expect_printed(part(m, "second.norm.training"), "False");

    assert_int_equal(jit_module_to(m, "cpu", JIT_FLOAT64, NULL), JIT_OK);
    jit_any *weight = part(m, "second.linear.weight"), *tied = part(m, "tied.weight"), *steps = part(m, "steps");
    assert_int_equal(jit_tensor_dtype(weight), JIT_FLOAT64);
    assert_int_equal(jit_tensor_dtype(steps), JIT_INT64);
    assert_true(jit_tensor_requires_grad(weight));
    assert_ptr_equal(jit_tensor_data(weight), jit_tensor_data(tied));
    jit_unref(weight);
    jit_unref(tied);
    jit_unref(steps);
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(jit_module_to(m, NULL, JIT_INT32, &err), JIT_EINVAL);
    assert_int_equal(jit_module_to(m, "cuda", -1, &err), JIT_EUNSUPPORTED);
    jit_error_fini(&err);
    jit_module_unref(m);
}

static void states_travel(void **state)
{
    jit_module *from = load_net(), *to = load_net();
    jit_any *all, *zeros = jit_tensor(JIT_FLOAT32, (int64_t[]){ 4 }, 1, (float[]){ 0, 0, 0, 0 });
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(jit_module_set(from, "offset", zeros, NULL), JIT_OK);
    assert_int_equal(jit_module_parts(from, JIT_STATE, &all, NULL), JIT_OK);
    assert_int_equal(jit_module_load_state(to, all, NULL), JIT_OK);
    expect_text(answer(to), "-2.7500 -2.3750 -2.0000 -1.6250\n[ CPUFloatType{1,4} ]");
    jit_unref(all);
    jit_module_unref(from);

    jit_any *name = jit_str("offset", WHOLE), *few = jit_dict(&name, &zeros, 1);
    assert_int_equal(jit_module_load_state(to, few, &err), JIT_EINVAL);
    jit_unref(few);
    jit_unref(name);
    jit_unref(zeros);
    jit_error_fini(&err);
    jit_module_unref(to);
}

static void extra_files_travel(void **state)
{
    jit_module *m = load_net();
    char *text, *bytes;
    size_t n;
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(jit_module_extra_file(m, "notes.txt", &text, &n, NULL), JIT_OK);
    assert_int_equal(n, 11);
    assert_memory_equal(text, "hello\0there", 12);
    jit_free(text);
    assert_int_equal(jit_module_extra_file(m, "other", &text, &n, &err), JIT_ENOTFOUND);
    jit_extra_file extra = { "other", "more", 4 };
    jit_save_options opts = JIT_SAVE_OPTIONS_INIT;
    opts.extra_files = &extra;
    opts.n_extra_files = 1;
    assert_int_equal(jit_serialize(m, &opts, &bytes, &n, NULL), JIT_OK);
    jit_module_unref(m);
    assert_int_equal(jit_load_memory(bytes, n, NULL, &m, NULL), JIT_OK);
    jit_free(bytes);
    assert_int_equal(jit_module_extra_file(m, "other", &text, NULL, NULL), JIT_OK);
    assert_string_equal(text, "more");
    jit_free(text);
    expect_text(answer(m), expected);
    jit_error_fini(&err);
    jit_module_unref(m);
}

typedef struct heard { size_t n, done, total; } heard;

static void hear(void *ctx, size_t bytes_done, size_t bytes_total)
{
    heard *h = ctx;
    assert_true(bytes_done >= h->done && bytes_done <= bytes_total);
    *h = (heard){ h->n + 1, bytes_done, bytes_total };
}

static void progress_is_told(void **state)
{
    char folder[] = "/tmp/tjs-module-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/net.pt", folder);
    jit_module *m = load_net();
    jit_any *large = jit_tensor(JIT_FLOAT32, (int64_t[]){ 10 << 20 }, 1, NULL);
    memset(jit_tensor_data(large), 0, 40 << 20);
    assert_int_equal(jit_module_set(m, "offset", large, NULL), JIT_OK);
    heard saved = { 0 }, verified = { 0 };
    jit_save_options opts = JIT_SAVE_OPTIONS_INIT;
    opts.progress = hear;
    opts.ctx = &saved;
    assert_int_equal(jit_save(m, path, &opts, NULL), JIT_OK);
    assert_true(saved.n > 5 && saved.done == saved.total && saved.done > 40 << 20);
    jit_module_unref(m);
    jit_load_options load = JIT_LOAD_OPTIONS_INIT;
    load.verify = true;
    load.progress = hear;
    load.ctx = &verified;
    assert_int_equal(jit_load(path, &load, &m, NULL), JIT_OK);
    assert_true(verified.n > 1);
    jit_module_unref(m);
    jit_unref(large);
    unlink(path);
    rmdir(folder);
}

/* Writing to a mapped parameter changes no file, and saving over the file it is mapped from works. */
static void files_are_saved_over_themselves(void **state)
{
    char folder[] = "/tmp/tjs-module-XXXXXX", path[64], *bytes, *again;
    size_t n, n_again;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/net", folder); // no ending: the whole name is the prefix
    jit_module *m = load_net();
    assert_int_equal(jit_save(m, path, NULL, NULL), JIT_OK);
    jit_module_unref(m);
    read_whole(path, &bytes, &n);
    assert_memory_equal(bytes + 30, "net/data/0", 10);
    assert_int_equal(jit_load(path, NULL, &m, NULL), JIT_OK);
    assert_int_equal(jit_save(m, path, NULL, NULL), JIT_OK);
    read_whole(path, &again, &n_again);
    assert_int_equal(n, n_again);
    assert_memory_equal(bytes, again, n);
    free(again);
    jit_any *offset = part(m, "offset");
    ((float *)jit_tensor_data(offset))[0] = 50;
    jit_unref(offset);
    read_whole(path, &again, &n_again);
    assert_memory_equal(bytes, again, n);
    free(again);
    expect_text(answer(m), " 47.2500  -0.3750   1.0000   2.3750\n[ CPUFloatType{1,4} ]");
    free(bytes);
    jit_module_unref(m);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_are_called),
        cmocka_unit_test(loading_from_memory_and_copied),
        cmocka_unit_test(parts_by_name),
        cmocka_unit_test(attributes_are_set),
        cmocka_unit_test(modes_and_element_types),
        cmocka_unit_test(states_travel),
        cmocka_unit_test(extra_files_travel),
        cmocka_unit_test(progress_is_told),
        cmocka_unit_test(files_are_saved_over_themselves),
    };
    return cmocka_run_group_tests_name("api/module", tests, NULL, NULL);
}
