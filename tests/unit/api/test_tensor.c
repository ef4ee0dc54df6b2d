/* tests/unit/api/test_tensor.c: tensors of the host: copies, borrowed memory, .npy files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "api_test.h"

#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- making and reading --------------------------------------------------------------------------- */

static void a_tensor_copies_its_data(void **state)
{
    (void)state;
    int32_t data[] = { 1, 2, 3, 4, 5, 6 }, back[6] = { 0 };
    jit_any *t = jit_tensor(JIT_INT32, (int64_t[]){ 2, 3 }, 2, data);
    data[0] = 99;
    assert_int_equal(jit_kind_of(t), JIT_TENSOR);
    assert_int_equal(jit_tensor_dtype(t), JIT_INT32);
    assert_int_equal(jit_tensor_n_dims(t), 2);
    assert_int_equal(jit_tensor_numel(t), 6);
    assert_int_equal(jit_tensor_sizes(t)[1], 3);
    assert_int_equal(jit_tensor_strides(t)[0], 3);
    assert_false(jit_tensor_requires_grad(t));
    assert_int_equal(((int32_t *)jit_tensor_data(t))[0], 1);
    assert_int_equal(jit_tensor_read(t, back, sizeof back, NULL), JIT_OK);
    assert_int_equal(back[0], 1);
    assert_int_equal(back[5], 6);
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(jit_tensor_read(t, back, sizeof back - 1, &err), JIT_EINVAL);
    expect_error(&err, JIT_EINVAL, "23 bytes of room, 24 needed");
    jit_any *number = jit_int(1);
    assert_int_equal(jit_tensor_read(number, back, sizeof back, &err), JIT_EINVAL);
    expect_error(&err, JIT_EINVAL, "not a tensor");
    jit_unref(number);
    jit_unref(t);
}

static void impossible_tensors_are_refused(void **state)
{
    (void)state;
    int64_t sizes[70] = { 0 };
    assert_null(jit_tensor((jit_dtype)8, sizes, 1, NULL));
    assert_null(jit_tensor((jit_dtype)-1, sizes, 1, NULL));
    assert_null(jit_tensor((jit_dtype)1000, sizes, 1, NULL));
    assert_null(jit_tensor(JIT_FLOAT32, sizes, 70, NULL));
    assert_null(jit_tensor(JIT_FLOAT32, (int64_t[]){ -1 }, 1, NULL));
    assert_null(jit_tensor(JIT_FLOAT32, (int64_t[]){ INT64_MAX, 8 }, 2, NULL));
    assert_null(jit_tensor(JIT_FLOAT32, (int64_t[]){ INT64_MAX }, 1, NULL));
    assert_null(jit_scalar((jit_dtype)8, 1));
}

static void scalars_of_every_dtype(void **state)
{
    (void)state;
    static const jit_dtype dtypes[] = { JIT_UINT8, JIT_INT8, JIT_INT16, JIT_INT32, JIT_INT64, JIT_FLOAT16, JIT_FLOAT32,
                                        JIT_FLOAT64, JIT_COMPLEX64, JIT_COMPLEX128, JIT_DTYPE_BOOL, JIT_BFLOAT16 };
    for (size_t i = 0; i < COUNT(dtypes); i++) {
        jit_any *t = jit_scalar(dtypes[i], 1);
        assert_non_null(t);
        assert_int_equal(jit_tensor_dtype(t), dtypes[i]);
        assert_int_equal(jit_tensor_n_dims(t), 0);
        assert_int_equal(jit_tensor_numel(t), 1);
        jit_unref(t);
    }
    jit_any *t = jit_scalar(JIT_FLOAT32, 2.5);
    assert_true(*(float *)jit_tensor_data(t) == 2.5f);
    jit_unref(t);
}

/* ---- borrowed memory ------------------------------------------------------------------------------ */

static void count_release(void *ctx) { ++*(int *)ctx; }

static void borrowed_memory_is_given_back_once(void **state)
{
    (void)state;
    int released = 0;
    float data[] = { 1, 2, 3, 4, 5, 6 }, back[6];
    jit_any *t = jit_tensor_borrow(JIT_FLOAT32, (int64_t[]){ 3, 2 }, (int64_t[]){ 1, 3 }, 2, data, count_release, &released);
    assert_ptr_equal(jit_tensor_data(t), data);
    assert_int_equal(jit_tensor_read(t, back, sizeof back, NULL), JIT_OK);
    const float transposed[] = { 1, 4, 2, 5, 3, 6 };
    assert_memory_equal(back, transposed, sizeof back);
    jit_any *second = jit_ref(t);
    jit_unref(t);
    assert_int_equal(released, 0);
    jit_unref(second);
    assert_int_equal(released, 1);
}

/* A function of the program writes into the caller's memory, and a view keeps it alive. */
static void views_keep_borrowed_memory(void **state)
{
    (void)state;
    int released = 0;
    float data[] = { 1, 2, 3, 4 };
    jit_function *f = compile_function("def f(x: Tensor) -> Tensor:\n    x.add_(10)\n    return x[1]\n", "f");
    jit_any *t = jit_tensor_borrow(JIT_FLOAT32, (int64_t[]){ 2, 2 }, NULL, 2, data, count_release, &released), *row = NULL;
    assert_int_equal(jit_call(f, &t, 1, NULL, &row, NULL), JIT_OK);
    jit_unref(t);
    jit_function_unref(f);
    assert_true(data[3] == 14);
    assert_int_equal(released, 0);
    assert_ptr_equal(jit_tensor_data(row), data + 2);
    jit_unref(row);
    assert_int_equal(released, 1);
}

static void failing_to_borrow_releases_too(void **state)
{
    (void)state;
    int released = 0, expected = 0;
    float data[4];
    const int64_t sizes[] = { 2, 2 }, negative[] = { -2, 2 }, huge[] = { INT64_MAX, 2 }, back[] = { -1, 1 };
    const int64_t empty_negative[] = { 0, -1 }, wide[] = { (int64_t)1 << 60, 1 };
    int64_t many[70] = { 0 };
    assert_null(jit_tensor_borrow((jit_dtype)8, sizes, NULL, 2, data, count_release, &released));
    assert_int_equal(released, ++expected);
    assert_null(jit_tensor_borrow(JIT_FLOAT32, negative, NULL, 2, data, count_release, &released));
    assert_int_equal(released, ++expected);
    assert_null(jit_tensor_borrow(JIT_FLOAT32, huge, NULL, 2, data, count_release, &released));
    assert_int_equal(released, ++expected);
    assert_null(jit_tensor_borrow(JIT_FLOAT32, sizes, back, 2, data, count_release, &released));
    assert_int_equal(released, ++expected);
    assert_null(jit_tensor_borrow(JIT_FLOAT32, many, NULL, 70, data, count_release, &released));
    assert_int_equal(released, ++expected);
    assert_null(jit_tensor_borrow(JIT_FLOAT32, empty_negative, NULL, 2, data, count_release, &released));
    assert_int_equal(released, ++expected);
    assert_null(jit_tensor_borrow(JIT_COMPLEX128, wide, NULL, 2, data, count_release, &released));
    assert_int_equal(released, ++expected);
    assert_null(jit_tensor_borrow((jit_dtype)8, sizes, NULL, 2, data, NULL, NULL));
    jit_any *nobody = jit_tensor_borrow(JIT_FLOAT32, sizes, NULL, 2, data, NULL, NULL);
    assert_non_null(nobody);
    jit_unref(nobody);
}

/* ---- .npy files ----------------------------------------------------------------------------------- */

static char path[64];

static int make_file(void **state)
{
    (void)state;
    strcpy(path, "/tmp/tjs-XXXXXX.npy");
    int fd = mkstemps(path, 4);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_bytes(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

/* A file of version 1 with this header and n bytes 0, 1, 2, … of elements. */
static void write_npy(const char *header, size_t n)
{
    unsigned char bytes[2000] = "\x93NUMPY\x01";
    size_t length = strlen(header);
    assert_true(length + n + 10 < sizeof bytes);
    bytes[7] = 0;
    bytes[8] = (unsigned char)(length & 0xff);
    bytes[9] = (unsigned char)(length >> 8);
    memcpy(bytes + 10, header, length);
    for (size_t i = 0; i < n; i++)
        bytes[10 + length + i] = (unsigned char)i;
    write_bytes(bytes, 10 + length + n);
}

static void expect_load_error(jit_status status, const char *fragment)
{
    jit_error err = JIT_ERROR_INIT;
    jit_any *t = (jit_any *)&err;
    assert_int_equal(jit_tensor_load(path, &t, &err), status);
    assert_ptr_equal(t, &err);
    expect_error(&err, status, fragment);
}

static void every_dtype_survives_a_file(void **state)
{
    (void)state;
    static const struct { jit_dtype dtype; size_t size; } rows[] = {
        { JIT_UINT8, 1 },   { JIT_INT8, 1 },    { JIT_INT16, 2 },     { JIT_INT32, 4 },       { JIT_INT64, 8 },     { JIT_FLOAT16, 2 },
        { JIT_FLOAT32, 4 }, { JIT_FLOAT64, 8 }, { JIT_COMPLEX64, 8 }, { JIT_COMPLEX128, 16 }, { JIT_DTYPE_BOOL, 1 },
    };
    unsigned char data[6 * 16], back[6 * 16];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i % 2);
    for (size_t i = 0; i < COUNT(rows); i++) {
        jit_any *t = jit_tensor(rows[i].dtype, (int64_t[]){ 2, 3 }, 2, data), *read = NULL;
        assert_int_equal(jit_tensor_save(t, path, NULL), JIT_OK);
        assert_int_equal(jit_tensor_load(path, &read, NULL), JIT_OK);
        assert_int_equal(jit_tensor_dtype(read), rows[i].dtype);
        assert_int_equal(jit_tensor_sizes(read)[1], 3);
        assert_int_equal(jit_tensor_read(read, back, sizeof back, NULL), JIT_OK);
        assert_memory_equal(back, data, 6 * rows[i].size);
        jit_unref(read);
        jit_unref(t);
    }
}

static void shapes_survive_a_file(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = { { 0 }, { 1, 1, 1 }, { 2, 0, 3 }, { 5 } };
    static const size_t n_dims[] = { 0, 3, 3, 1 };
    const double data[5] = { 1, 2, 3, 4, 5 };
    for (size_t i = 0; i < COUNT(n_dims); i++) {
        jit_any *t = jit_tensor(JIT_FLOAT64, shapes[i], n_dims[i], data), *read = NULL;
        assert_int_equal(jit_tensor_save(t, path, NULL), JIT_OK);
        assert_int_equal(jit_tensor_load(path, &read, NULL), JIT_OK);
        assert_int_equal(jit_tensor_n_dims(read), n_dims[i]);
        assert_int_equal(jit_tensor_numel(read), jit_tensor_numel(t));
        jit_unref(read);
        jit_unref(t);
    }
}

static void a_strided_tensor_is_written_row_by_row(void **state)
{
    (void)state;
    uint8_t data[] = { 1, 2, 3, 4 }, back[4];
    jit_any *t = jit_tensor_borrow(JIT_UINT8, (int64_t[]){ 2, 2 }, (int64_t[]){ 1, 2 }, 2, data, NULL, NULL), *read = NULL;
    assert_int_equal(jit_tensor_save(t, path, NULL), JIT_OK);
    assert_int_equal(jit_tensor_load(path, &read, NULL), JIT_OK);
    assert_int_equal(jit_tensor_read(read, back, 4, NULL), JIT_OK);
    assert_memory_equal(back, ((uint8_t[]){ 1, 3, 2, 4 }), 4);
    jit_unref(read);
    jit_unref(t);
}

static void columns_first(void **state)
{
    (void)state;
    uint8_t back[6];
    jit_any *t = NULL;
    write_npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", 6);
    assert_int_equal(jit_tensor_load(path, &t, NULL), JIT_OK);
    assert_int_equal(jit_tensor_strides(t)[0], 1);
    assert_int_equal(jit_tensor_read(t, back, 6, NULL), JIT_OK);
    assert_memory_equal(back, ((uint8_t[]){ 0, 2, 4, 1, 3, 5 }), 6);
    jit_unref(t);
}

static void what_others_write(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{'descr':'<i2','fortran_order':False,'shape':(3,)}",
        "{\"descr\": \"<i2\", \"fortran_order\": False, \"shape\": (3,)}",
        "{'shape': (3,), 'fortran_order': False, 'descr': '=i2'}          \n",
    };
    for (size_t i = 0; i < COUNT(headers); i++) {
        jit_any *t = NULL;
        jit_error err = JIT_ERROR_INIT;
        write_npy(headers[i], 6);
        if (jit_tensor_load(path, &t, &err))
            fail_msg("%s: %s", headers[i], err.message);
        assert_int_equal(((int16_t *)jit_tensor_data(t))[2], 0x0504);
        jit_unref(t);
    }
    unsigned char later[] = "\x93NUMPY\x02\x00\x36\x00\x00\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}\n\x07\x08";
    jit_any *t = NULL;
    later[8] = (unsigned char)(sizeof later - 1 - 12 - 2);
    write_bytes(later, sizeof later - 1);
    assert_int_equal(jit_tensor_load(path, &t, NULL), JIT_OK);
    assert_int_equal(((uint8_t *)jit_tensor_data(t))[1], 8);
    jit_unref(t);
}

static void damaged_headers(void **state)
{
    (void)state;
    static const struct { const char *header; jit_status status; } rows[] = {
        { "", JIT_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False}", JIT_EFORMAT },
        { "{'descr': '<f4', 'shape': (1,)}", JIT_EFORMAT },
        { "{'fortran_order': False, 'shape': (1,)}", JIT_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,", JIT_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': 1}", JIT_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", JIT_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}", JIT_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", JIT_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", JIT_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9)}", JIT_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1000,)}", JIT_EFORMAT },
        { "{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}", JIT_EFORMAT },
        { "{'descr': '<f4", JIT_EFORMAT },
        { "{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", JIT_EUNSUPPORTED },
        { "{'descr': '<U4', 'fortran_order': False, 'shape': (1,)}", JIT_EUNSUPPORTED },
        { "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", JIT_EUNSUPPORTED },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", JIT_EUNSUPPORTED },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        jit_error err = JIT_ERROR_INIT;
        jit_any *t = NULL;
        write_npy(rows[i].header, 16);
        jit_status status = jit_tensor_load(path, &t, &err);
        if (status != rows[i].status)
            fail_msg("%s: %s", rows[i].header, jit_status_name(status));
        assert_null(t);
        jit_error_fini(&err);
    }
}

/* Every prefix of a good file is an error, not a crash. */
static void truncated_files(void **state)
{
    (void)state;
    unsigned char bytes[200];
    write_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }\n", 16);
    FILE *f = fopen(path, "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t i = 0; i < n; i++) {
        write_bytes(bytes, i);
        expect_load_error(JIT_EFORMAT, path);
    }
    write_bytes("PK\x03\x04 this is no such file", 24);
    expect_load_error(JIT_EFORMAT, "not a .npy file");
    write_bytes("\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14);
    expect_load_error(JIT_EFORMAT, "not a .npy file");
    write_bytes("\x93NUMPY\x09\x00\x02\x00{}", 12);
    expect_load_error(JIT_EFORMAT, "not a .npy file");
}

static void what_cannot_be_read_or_written(void **state)
{
    (void)state;
    jit_error err = JIT_ERROR_INIT;
    jit_any *t = NULL, *half = jit_scalar(JIT_BFLOAT16, 1), *number = jit_int(1), *good = jit_scalar(JIT_FLOAT32, 1);
    assert_int_equal(jit_tensor_load("/nonexistent/x.npy", &t, &err), JIT_EIO);
    expect_error(&err, JIT_EIO, "No such file");
    assert_int_equal(jit_tensor_load("/tmp", &t, &err), JIT_EIO);
    expect_error(&err, JIT_EIO, "is a directory");
    assert_int_equal(jit_tensor_load(NULL, &t, NULL), JIT_EINVAL);
    assert_int_equal(jit_tensor_save(half, path, &err), JIT_EUNSUPPORTED);
    expect_error(&err, JIT_EUNSUPPORTED, "bfloat16");
    assert_int_equal(jit_tensor_save(number, path, &err), JIT_EINVAL);
    expect_error(&err, JIT_EINVAL, "only tensors");
    assert_int_equal(jit_tensor_save(NULL, path, NULL), JIT_EINVAL);
    assert_int_equal(jit_tensor_save(good, NULL, NULL), JIT_EINVAL);
    assert_int_equal(jit_tensor_save(good, "/nonexistent/x.npy", &err), JIT_EIO);
    expect_error(&err, JIT_EIO, "No such file");
    jit_unref(half);
    jit_unref(number);
    jit_unref(good);
}

/* A failed save leaves the old file as it was and nothing beside it. */
static void a_failed_save_keeps_the_old_file(void **state)
{
    (void)state;
    jit_any *good = jit_scalar(JIT_FLOAT32, 1);
    char folder[] = "/tmp/tjs-dir-XXXXXX", inside[64];
    assert_non_null(mkdtemp(folder));
    snprintf(inside, sizeof inside, "%s/x", folder);
    assert_int_equal(mkdir(inside, 0700), 0); // a folder stands where the file should be
    assert_int_equal(jit_tensor_save(good, inside, NULL), JIT_EIO);
    assert_int_equal(rmdir(inside), 0);
    assert_int_equal(rmdir(folder), 0); // no temporary file is left
    jit_unref(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tensor_copies_its_data),
        cmocka_unit_test(impossible_tensors_are_refused),
        cmocka_unit_test(scalars_of_every_dtype),
        cmocka_unit_test(borrowed_memory_is_given_back_once),
        cmocka_unit_test(views_keep_borrowed_memory),
        cmocka_unit_test(failing_to_borrow_releases_too),
        cmocka_unit_test(every_dtype_survives_a_file),
        cmocka_unit_test(shapes_survive_a_file),
        cmocka_unit_test(a_strided_tensor_is_written_row_by_row),
        cmocka_unit_test(columns_first),
        cmocka_unit_test(what_others_write),
        cmocka_unit_test(damaged_headers),
        cmocka_unit_test(truncated_files),
        cmocka_unit_test(what_cannot_be_read_or_written),
        cmocka_unit_test(a_failed_save_keeps_the_old_file),
    };
    return cmocka_run_group_tests_name("api/tensor", tests, make_file, remove_file);
}
