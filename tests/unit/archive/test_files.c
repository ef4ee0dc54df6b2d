/* Values and tensors in files: torch.save's, .npy, .npz, .safetensors: what was written is read, damage is told. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/archive/archive_test.h"

#include <stdlib.h>
#include <unistd.h>

static char path[64];

static const char *path_to(const char *ending)
{
    static char folder[] = "/tmp/tjs-files-XXXXXX";
    static bool is_made;
    if (!is_made)
        assert_non_null(mkdtemp(folder));
    is_made = true;
    snprintf(path, sizeof path, "%s/file%s", folder, ending);
    return path;
}

static int remove_folder(void **state)
{
    (void)state;
    *strrchr(path, '/') = 0;
    return rmdir(path);
}

/* Elements 0, 1, 2 … in row-major order, laid out backwards: [3, 2] with strides of a transposed one. */
static tensor *transposed(dtype d)
{
    static const int64_t sizes[] = { 3, 2 }, strides[] = { 1, 3 };
    tensor *t = tensor_new_strided(d, sizes, strides, 2, DEVICE_CPU0);
    memset(t->store->data, 0, t->store->n_bytes);
    for (int i = 0; i < 6; i++) {
        char *at = (char *)t->store->data + ((i % 2) * 3 + i / 2) * (int64_t)dtype_size(d);
        at[dtype_size(d) - 1] = (char)(d == DTYPE_bool ? i & 1 : i);
    }
    return t;
}

static bool set(dict *d, const char *key, jit_value take)
{
    return dict_set(d, VALUE_HEAP_V(VALUE_STR, str_new(key, strlen(key))), take);
}

static void expect_same_elements(const tensor *a, const tensor *b)
{
    text x, y;
    text_init(&x, NULL);
    text_init(&y, NULL);
    assert_int_equal(a->dtype, b->dtype);
    assert_true(tensor_same_sizes(a, b));
    assert_true(tensor_add_elements(a, &x) && tensor_add_elements(b, &y));
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.s, y.s, x.n);
    text_fini(&x);
    text_fini(&y);
}

/* A dict of one tensor of each dtype but `missing`, one empty, one 0-dim. */
static dict *all_dtypes(dtype missing, dtype missing_2)
{
    dict *d = dict_new(T_STR, T_TENSOR);
    for (int code = 0; code < DTYPE__COUNT; code++)
        if (dtype_is_valid(code) && code != (int)missing && code != (int)missing_2)
            assert_true(set(d, dtype_name((dtype)code), VALUE_HEAP_V(VALUE_TENSOR, transposed((dtype)code))));
    const int64_t none[] = { 0, 3 };
    assert_true(set(d, "empty", VALUE_HEAP_V(VALUE_TENSOR, tensor_new(DTYPE_float32, none, 2, DEVICE_CPU0))));
    tensor *one = tensor_new(DTYPE_int64, NULL, 0, DEVICE_CPU0);
    *(int64_t *)tensor_data(one) = 7;
    assert_true(set(d, "a \"quoted\" name\xc3\xa9", VALUE_HEAP_V(VALUE_TENSOR, one)));
    return d;
}

static void round_trip(dict *d, const char *ending)
{
    jit_value v, in = VALUE_HEAP_V(VALUE_DICT, d);
    jit_error err = JIT_ERROR_INIT;
    if (tensors_save(in, path_to(ending), &err) || tensors_load(path, &v, &err))
        fail_msg("%s", err.message ? err.message : "?");
    unlink(path);
    assert_int_equal(v.dict->n, d->n);
    dict_entry *e;
    for (size_t i = 0; (e = dict_next(d, &i));) {
        const jit_value *read = dict_find(v.dict, e->key);
        assert_non_null(read);
        expect_same_elements(e->value.t, read->t);
    }
    value_unref(v);
    value_unref(in);
}

static void keeps_every_dtype(void **state)
{
    (void)state;
    round_trip(all_dtypes(DTYPE_bfloat16, DTYPE_bfloat16), ".npz");
    round_trip(all_dtypes(DTYPE_complex128, DTYPE_complex128), ".safetensors");
    round_trip(all_dtypes(DTYPE_NONE, DTYPE_NONE), ".pt");
}

static void says_what_a_format_cannot_hold(void **state)
{
    (void)state;
    jit_error err = JIT_ERROR_INIT;
    dict *d = all_dtypes(DTYPE_NONE, DTYPE_NONE);
    const jit_value v = VALUE_HEAP_V(VALUE_DICT, d);
    assert_int_equal(tensors_save(v, path_to(".npz"), &err), JIT_EUNSUPPORTED);
    expect_says(&err, "bfloat16");
    assert_int_equal(tensors_save(v, path_to(".safetensors"), &err), JIT_EUNSUPPORTED);
    expect_says(&err, "complex128");
    assert_int_equal(tensors_save(v, path_to(".npy"), &err), JIT_EINVAL);
    assert_int_equal(tensors_save(VALUE_INT_V(1), path_to(".npz"), &err), JIT_EINVAL);
    assert_int_not_equal(access(path, F_OK), 0);
    jit_error_fini(&err);
    value_unref(v);
}

/* Sharing, views and strides of a torch.save file survive. */
static void keeps_views_of_one_storage(void **state)
{
    (void)state;
    tensor *t = transposed(DTYPE_float32);
    const int64_t size = 2, stride = 3;
    tuple *both = tuple_new(NULL, 3);
    both->at[0] = VALUE_HEAP_V(VALUE_TENSOR, t);
    both->at[1] = VALUE_HEAP_V(VALUE_TENSOR, tensor_view(t, &size, &stride, 1, 1));
    both->at[2] = value_ref(both->at[0]);
    t->requires_grad = true;
    jit_value v, in = VALUE_HEAP_V(VALUE_TUPLE, both);
    assert_int_equal(tensors_save(in, path_to(".pt"), NULL), JIT_OK);
    assert_int_equal(tensors_load(path, &v, NULL), JIT_OK);
    unlink(path);
    tensor *a = v.tuple->at[0].t, *b = v.tuple->at[1].t;
    expect_same_elements(a, t);
    expect_same_elements(b, both->at[1].t);
    assert_ptr_equal(a->store, b->store);
    assert_ptr_equal(a, v.tuple->at[2].t);
    assert_true(a->requires_grad && !b->requires_grad);
    assert_int_equal(a->strides[1], 3);
    value_unref(v);
    value_unref(in);
}

static void write_bytes(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void expect_file_refused(const void *bytes, size_t n, const char *why)
{
    jit_error err = JIT_ERROR_INIT;
    jit_value v = VALUE_INT_V(42);
    write_bytes(bytes, n);
    assert_int_not_equal(tensors_load(path, &v, &err), JIT_OK);
    expect_says(&err, why);
    assert_int_equal(v.i, 42);
    jit_error_fini(&err);
    unlink(path);
}

static void expect_header_refused(const char *header, size_t n_payload, const char *why)
{
    char bytes[1024] = { 0 };
    const size_t n = strlen(header);
    assert_true(n < 0xff00);
    bytes[0] = (char)n;
    bytes[1] = (char)(n >> 8);
    memcpy(bytes + 8, header, n);
    expect_file_refused(bytes, 8 + n + n_payload, why);
}

#define ENTRY(dtype, shape, offsets) "\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" offsets "]"

static void refuses_safetensors_that_lie(void **state)
{
    (void)state;
    path_to(".safetensors");
    const char *cover = "do not cover";
    expect_header_refused("{\"a\":{" ENTRY("F32", "2", "0,8") "}}", 7, cover);
    expect_header_refused("{\"a\":{" ENTRY("F32", "2", "0,8") "}}", 9, cover);
    expect_header_refused("{\"a\":{" ENTRY("F32", "2", "4,12") "}}", 12, cover);
    expect_header_refused("{\"a\":{" ENTRY("F32", "2", "8,0") "}}", 8, cover);
    expect_header_refused("{\"a\":{" ENTRY("U8", "4", "0,4") "},\"b\":{" ENTRY("U8", "4", "2,6") "}}", 6, cover);
    expect_header_refused("{\"a\":{" ENTRY("F32", "3", "0,8") "}}", 8, "does not fit");
    expect_header_refused("{\"a\":{" ENTRY("F32", "4611686018427387904,4", "0,8") "}}", 8, "does not fit");
    expect_header_refused("{\"a\":{" ENTRY("F32", "99999999999999999999", "0,8") "}}", 8, "too large");
    expect_header_refused("{\"a\":{" ENTRY("F32", "-1", "0,8") "}}", 8, "number is missing");
    expect_header_refused("{\"a\":{" ENTRY("F8_E4M3", "8", "0,8") "}}", 8, "F8_E4M3");
    expect_header_refused("{\"a\":{" ENTRY("F32", "2", "0,8") "},\"a\":{" ENTRY("U8", "0", "8,8") "}}", 8, "one name");
    expect_header_refused("{\"a\":{\"dtype\":\"F32\"}}", 0, "in part");
    expect_header_refused("{\"a\":{\"x\":1}}", 0, "unknown property");
    expect_header_refused("{\"\\ud800\":{}}", 0, "escape");
    expect_header_refused("{\"a", 0, "");
    expect_header_refused("{", 0, "");
    expect_header_refused("{}x", 0, "last brace");
    expect_header_refused("{\"a\":{" ENTRY("F32", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
                          "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "0,4") "}}", 4, "too many dimensions");
    expect_file_refused("\xff\xff\0\0\0\0\0\0{}", 10, "cut short");
}

/* Cut anywhere or with any byte changed: a value or an error. */
static void survives_damage(const char *ending)
{
    dict *d = dict_new(T_STR, T_TENSOR);
    assert_true(set(d, "x", VALUE_HEAP_V(VALUE_TENSOR, transposed(DTYPE_int16))));
    assert_true(set(d, "y", VALUE_HEAP_V(VALUE_TENSOR, transposed(DTYPE_float64))));
    const jit_value in = strcmp(ending, ".npy") ? VALUE_HEAP_V(VALUE_DICT, d)
                                                : VALUE_HEAP_V(VALUE_TENSOR, d->entries[0].value.t);
    assert_int_equal(tensors_save(in, path_to(ending), NULL), JIT_OK);
    char bytes[4096], copy[4096];
    FILE *f = fopen(path, "rb");
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_true(n < sizeof bytes);
    for (size_t i = 0; i < n; i++) {
        jit_value v = VALUE_NONE_V;
        write_bytes(bytes, i);
        assert_int_not_equal(tensors_load(path, &v, NULL), JIT_OK);
        memcpy(copy, bytes, n);
        copy[i] = (char)~copy[i];
        write_bytes(copy, n);
        tensors_load(path, &v, NULL);
        value_unref(v);
    }
    unlink(path);
    value_unref(VALUE_HEAP_V(VALUE_DICT, d));
}

static void survives_damage_of_each_format(void **state)
{
    (void)state;
    survives_damage(".npy");
    survives_damage(".npz");
    survives_damage(".safetensors");
    survives_damage(".pt");
}

static void says_what_other_files_are(void **state)
{
    (void)state;
    jit_error err = JIT_ERROR_INIT;
    jit_value v;
    path_to(".pt");
    expect_file_refused("hello", 5, "not an archive");
    expect_file_refused("\x80\x02\x8a\x0al\xfc", 6, "before PyTorch 1.6");
    expect_file_refused("", 0, "empty");
    assert_int_equal(tensors_load("/nonexistent", &v, &err), JIT_EIO);
    assert_int_equal(tensors_load("/tmp", &v, &err), JIT_EIO);
    jit_error_fini(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_every_dtype),
        cmocka_unit_test(says_what_a_format_cannot_hold),
        cmocka_unit_test(keeps_views_of_one_storage),
        cmocka_unit_test(refuses_safetensors_that_lie),
        cmocka_unit_test(survives_damage_of_each_format),
        cmocka_unit_test(says_what_other_files_are),
    };
    return cmocka_run_group_tests_name("archive/files", tests, NULL, remove_folder);
}
