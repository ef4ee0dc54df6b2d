/* The container: what is read, what is refused, how it is written. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/archive/archive_test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

/* ---- ZIP files with lies ---------------------------------------------------------------------------- */

typedef struct lie {
    const char *local_name;   /* else the entry's */
    uint32_t flags, method;
    int64_t n_bytes, n_stored, local_n_bytes, offset; /* -1: the truth */
    uint32_t crc_xor;
} lie;
#define TRUTH { NULL, 0, 0, -1, -1, -1, -1, 0 }

typedef struct zip_text { text bytes, directory; int n; } zip_text;

static void put(text *out, uint64_t x, int n)
{
    for (int i = 0; i < n; i++, x >>= 8)
        text_add_char(out, (char)x);
}

static void zip_begin(zip_text *z)
{
    text_init(&z->bytes, NULL);
    text_init(&z->directory, NULL);
    z->n = 0;
}

static void zip_add(zip_text *z, const char *name, const char *payload, size_t n, const lie *l)
{
    const char *local_name = l->local_name ? l->local_name : name;
    const uint32_t crc = (uint32_t)crc32(0, (const Bytef *)payload, (uInt)n) ^ l->crc_xor;
    const uint64_t at = l->offset >= 0 ? (uint64_t)l->offset : z->bytes.n;
    put(&z->bytes, ZIP_LOCAL, 4);
    put(&z->bytes, 20, 2);
    put(&z->bytes, l->flags, 2);
    put(&z->bytes, l->method, 2);
    put(&z->bytes, 0, 4);
    put(&z->bytes, crc, 4);
    put(&z->bytes, l->n_stored >= 0 ? (uint64_t)l->n_stored : n, 4);
    put(&z->bytes, l->local_n_bytes >= 0 ? (uint64_t)l->local_n_bytes : l->n_bytes >= 0 ? (uint64_t)l->n_bytes : n, 4);
    put(&z->bytes, strlen(local_name), 2);
    put(&z->bytes, 0, 2);
    text_add(&z->bytes, local_name);
    text_add_bytes(&z->bytes, payload, n);
    put(&z->directory, ZIP_ENTRY, 4);
    put(&z->directory, 20, 4);
    put(&z->directory, l->flags, 2);
    put(&z->directory, l->method, 2);
    put(&z->directory, 0, 4);
    put(&z->directory, crc, 4);
    put(&z->directory, l->n_stored >= 0 ? (uint64_t)l->n_stored : n, 4);
    put(&z->directory, l->n_bytes >= 0 ? (uint64_t)l->n_bytes : n, 4);
    put(&z->directory, strlen(name), 2);
    put(&z->directory, 0, 2 + 2 + 2 + 2 + 4);
    put(&z->directory, at, 4);
    text_add(&z->directory, name);
    z->n++;
}

/* Take the file apart for the caller; n_claimed records are promised. */
static test_file zip_end(zip_text *z, int n_claimed)
{
    const uint64_t directory = z->bytes.n;
    text_add_bytes(&z->bytes, z->directory.s, z->directory.n);
    put(&z->bytes, ZIP_END, 4);
    put(&z->bytes, 0, 4);
    put(&z->bytes, (uint64_t)n_claimed, 2);
    put(&z->bytes, (uint64_t)n_claimed, 2);
    put(&z->bytes, z->directory.n, 4);
    put(&z->bytes, directory, 4);
    put(&z->bytes, 0, 2);
    text_fini(&z->directory);
    const size_t n = z->bytes.n;
    return (test_file){ text_take(&z->bytes), n };
}

static void expect_file_refused(test_file f, const char *why)
{
    container *c = NULL;
    jit_error err = JIT_ERROR_INIT;
    assert_int_not_equal(test_open(f.bytes, f.n, &c, &err), JIT_OK);
    assert_null(c);
    expect_says(&err, why);
    jit_error_fini(&err);
    mem_free(f.bytes);
}

/* One record a/x beside a/version, told about like this. */
static test_file file_with(const char *name, const lie *l)
{
    const lie truth = TRUTH;
    zip_text z;
    zip_begin(&z);
    zip_add(&z, "a/version", "3\n", 2, &truth);
    zip_add(&z, name, "payload", 7, l);
    return zip_end(&z, z.n);
}

static void reads_plain_zip_files(void **state)
{
    (void)state;
    const lie truth = TRUTH;
    test_file f = file_with("a/x", &truth);
    container *c;
    char *bytes;
    size_t n;
    assert_int_equal(test_open(f.bytes, f.n, &c, NULL), JIT_OK);
    assert_string_equal(container_prefix(c), "a");
    assert_int_equal(container_version(c), 3);
    assert_int_equal(container_read(c, "x", &bytes, &n, NULL), JIT_OK);
    assert_string_equal(bytes, "payload");
    mem_free(bytes);
    assert_int_equal(container_read(c, "y", &bytes, &n, NULL), JIT_ENOTFOUND);
    container_unref(c);
    mem_free(f.bytes);
}

static void refuses_names(void **state)
{
    (void)state;
    const lie truth = TRUTH;
    const char *why = "may not have such a name";
    expect_file_refused(file_with("/a/x", &truth), why);
    expect_file_refused(file_with("a/../x", &truth), why);
    expect_file_refused(file_with("a/..", &truth), why);
    expect_file_refused(file_with("..", &truth), why);
    expect_file_refused(file_with("a\\x", &truth), why);
    expect_file_refused(file_with("", &truth), why);
    expect_file_refused(file_with("a/version", &truth), "two of this name");
}

static void refuses_entries_that_lie(void **state)
{
    (void)state;
    const struct { lie l; const char *why; } cases[] = {
        { { "a/y", 0, 0, -1, -1, -1, -1, 0 }, "contradicts" },
        { { NULL, 1, 0, -1, -1, -1, -1, 0 }, "encrypted" },
        { { NULL, 0, 12, -1, -1, -1, -1, 0 }, "compression method 12" },
        { { NULL, 0, 0, 8, -1, -1, -1, 0 }, "promises more" },
        { { NULL, 0, 0, 1 << 30, 1 << 30, -1, -1, 0 }, "beyond the end" },
        { { NULL, 0, 0, -1, -1, 9, -1, 0 }, "contradicts" },
        { { NULL, 0, 0, -1, -1, -1, 0, 0 }, "contradicts" },
        { { NULL, 0, 0, -1, -1, -1, 1, 0 }, "not where" },
        { { NULL, 0, 0, -1, -1, -1, 0x7fffffff, 0 }, "not where" },
        { { NULL, 0, 8, 0x7ffffff0, 7, -1, -1, 0 }, "promises more" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_file_refused(file_with("a/x", &cases[i].l), cases[i].why);
}

static void refuses_overlaps(void **state)
{
    (void)state;
    // a/x holds, as its payload, a local header of a/y with the true name and size
    const lie truth = TRUTH;
    zip_text inner, z;
    zip_begin(&inner);
    zip_add(&inner, "a/y", "payload", 7, &truth);
    zip_begin(&z);
    zip_add(&z, "a/version", "3\n", 2, &truth);
    const uint64_t at = z.bytes.n + 30 + 3;
    zip_add(&z, "a/x", inner.bytes.s, inner.bytes.n, &truth);
    const size_t keep = z.bytes.n;
    const lie inside = { NULL, 0, 0, -1, -1, -1, (int64_t)at, 0 };
    zip_add(&z, "a/y", "payload", 7, &inside);
    z.bytes.n = keep; // the entry stays, its own copy goes
    expect_file_refused(zip_end(&z, z.n), "lie on the same bytes");
    text_fini(&inner.bytes);
    text_fini(&inner.directory);
}

static void refuses_wrong_counts(void **state)
{
    (void)state;
    const int claims[] = { 0, 1, 3, 0xffff };
    const lie truth = TRUTH;
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        zip_text z;
        zip_begin(&z);
        zip_add(&z, "a/version", "3\n", 2, &truth);
        zip_add(&z, "a/x", "payload", 7, &truth);
        expect_file_refused(zip_end(&z, claims[i]), "");
    }
}

static void refuses_bad_checksums_when_read(void **state)
{
    (void)state;
    const lie wrong = { NULL, 0, 0, -1, -1, -1, -1, 1 };
    test_file f = file_with("a/x", &wrong);
    container *c;
    char *bytes;
    size_t n;
    jit_error err = JIT_ERROR_INIT;
    assert_int_equal(test_open(f.bytes, f.n, &c, NULL), JIT_OK);
    assert_int_equal(container_read(c, "x", &bytes, &n, &err), JIT_EFORMAT);
    assert_non_null(strstr(err.message, "'x'"));
    jit_error_fini(&err);
    container_unref(c);
    mem_free(f.bytes);
}

static test_file file_of_version(const char *version)
{
    container_writer *w = test_writer("a");
    test_add(w, "version", version, strlen(version), false);
    return test_finish(w);
}

static void checks_versions(void **state)
{
    (void)state;
    container *c;
    test_file f = file_of_version(" 10 and more\n");
    assert_int_equal(test_open(f.bytes, f.n, &c, NULL), JIT_OK);
    assert_int_equal(container_version(c), 10);
    container_unref(c);
    mem_free(f.bytes);
    expect_file_refused(file_of_version("0\n"), "minimum supported version for reading is 1");
    expect_file_refused(file_of_version("11\n"), "maximum supported version for reading is 10");
    expect_file_refused(file_of_version("99999999999999999999"), "maximum");
    expect_file_refused(file_of_version("x"), "not a number");
    expect_file_refused(file_of_version(""), "not a number");
}

static void refuses_other_kinds_of_files(void **state)
{
    (void)state;
    const struct { const char *bytes; size_t n; const char *why; } cases[] = {
        { "PYTORCH1abc", 11, "PYTORCH1" }, { "\x80\x02\x8a\x0a", 4, "before PyTorch 1.6" }, { "x", 1, "not an archive" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *copy = mem_alloc(cases[i].n);
        memcpy(copy, cases[i].bytes, cases[i].n);
        expect_file_refused((test_file){ copy, cases[i].n }, cases[i].why);
    }
    container_writer *w = test_writer("a");
    test_add(w, "model.json", "{}", 2, false);
    test_add(w, "version", "3", 1, false);
    expect_file_refused(test_finish(w), "model.json");
    w = test_writer("a");
    test_add(w, "version", "3", 1, false);
    test_add(w, "byteorder", "big", 3, false);
    expect_file_refused(test_finish(w), "little-endian");
    expect_file_refused(test_finish(test_writer("a")), "empty");
    w = test_writer("a");
    test_add(w, "x", "3", 1, false);
    expect_file_refused(test_finish(w), "'version'");
    const lie truth = TRUTH;
    zip_text z;
    zip_begin(&z);
    zip_add(&z, "version", "3", 1, &truth);
    expect_file_refused(zip_end(&z, 1), "lies outside");
}

/* ---- everything a file can lose or have changed ---------------------------------------------------------- */

/* Look at all of it: records, storages, the value. Each must be right or an error that says something. */
static bool look_through(const char *bytes, size_t n)
{
    container *c = NULL;
    jit_error err = JIT_ERROR_INIT;
    bool is_fine = test_open(bytes, n, &c, &err) == JIT_OK;
    for (size_t i = 0; is_fine && i < container_n_records(c); i++) {
        char *record;
        size_t n_record;
        const char *name = container_at(c, i)->name;
        if (container_read(c, name, &record, &n_record, &err))
            is_fine = false;
        else
            mem_free(record);
    }
    jit_value v;
    if (is_fine && torch_value_read(c, &v, &err) == JIT_OK) {
        text out;
        text_init(&out, NULL);
        value_print(v, &out);
        text_fini(&out);
        value_unref(v);
    }
    is_fine = err.status == JIT_OK;
    if (!is_fine)
        assert_non_null(err.message);
    jit_error_fini(&err);
    container_unref(c);
    return is_fine;
}

static void survives_being_cut_anywhere(void **state)
{
    (void)state;
    test_file f = test_archive();
    assert_true(look_through(f.bytes, f.n));
    for (size_t n = 1; n < f.n; n++) {
        char *copy = malloc(n); // its own block: reading beyond it is seen
        memcpy(copy, f.bytes, n);
        container *c = NULL;
        jit_error err = JIT_ERROR_INIT;
        assert_int_not_equal(test_open(copy, n, &c, &err), JIT_OK);
        assert_non_null(err.message);
        jit_error_fini(&err);
        free(copy);
    }
    mem_free(f.bytes);
}

static void survives_every_changed_byte(void **state)
{
    (void)state;
    test_file f = test_archive();
    int refused = 0;
    for (size_t i = 0; i < f.n; i++) {
        for (int how = 0; how < 3; how++) {
            const char old = f.bytes[i];
            f.bytes[i] = (char)(how == 0 ? ~old : how == 1 ? old ^ 1 : old + 1);
            refused += !look_through(f.bytes, f.n);
            f.bytes[i] = old;
        }
    }
    assert_true(refused > 0);
    mem_free(f.bytes);
}

/* A pickle in which any byte is wrong, with the right checksum. */
static void survives_every_changed_byte_of_a_pickle(void **state)
{
    (void)state;
    test_file f = test_archive();
    container *c;
    char *data;
    size_t n;
    assert_int_equal(test_open(f.bytes, f.n, &c, NULL), JIT_OK);
    assert_int_equal(container_read(c, "data.pkl", &data, &n, NULL), JIT_OK);
    container_unref(c);
    mem_free(f.bytes);
    for (size_t i = 0; i < n; i++) {
        for (int x = 1; x < 256; x += 2) {
            char *copy = malloc(n);
            memcpy(copy, data, n);
            copy[i] = (char)(copy[i] ^ x);
            const unpickle_hooks hooks = test_hooks(NULL, true);
            jit_value v = VALUE_NONE_V;
            unpickle(copy, n, "data.pkl", &hooks, NULL, &v, NULL);
            value_unref(v);
            free(copy);
        }
    }
    mem_free(data);
}

/* 1 MB of zeros takes 1 kB: the limit holds, whatever the directory says. */
static void bounds_what_is_inflated(void **state)
{
    (void)state;
    enum { MUCH = 1 << 20 };
    char *zeros = mem_calloc(1, MUCH);
    container_writer *w = test_writer("a");
    test_add(w, "version", "3", 1, false);
    test_add(w, "bomb", zeros, MUCH, true);
    test_file f = test_finish(w);
    const container_options o = { .max_record_bytes = MUCH - 1 };
    container *c;
    char *bytes;
    size_t n;
    assert_true(f.n < MUCH / 100);
    assert_int_equal(container_open_memory(f.bytes, f.n, true, &o, &c, NULL), JIT_OK);
    assert_int_equal(container_read(c, "bomb", &bytes, &n, NULL), JIT_ELIMIT);
    container_unref(c);
    assert_int_equal(container_open_memory(f.bytes, f.n, true, NULL, &c, NULL), JIT_OK);
    assert_int_equal(container_read(c, "bomb", &bytes, &n, NULL), JIT_OK);
    assert_memory_equal(bytes, zeros, MUCH);
    mem_free(bytes);
    container_unref(c);
    mem_free(f.bytes);
    mem_free(zeros);
}

/* ---- storages -------------------------------------------------------------------------------------------- */

static void writes_to_storages_stay_private(void **state)
{
    (void)state;
    char path[] = "/tmp/tjs-archive-XXXXXX";
    close(mkstemp(path));
    test_file f = test_archive();
    FILE *out = fopen(path, "wb");
    assert_int_equal(fwrite(f.bytes, 1, f.n, out), f.n);
    fclose(out);
    for (int copy = 0; copy < 2; copy++) {
        const container_options o = { .copy = copy, .verify = true };
        container *c;
        storage *s;
        assert_int_equal(container_open(path, &o, &c, NULL), JIT_OK);
        assert_int_equal(container_storage(c, "data/0", 9, &s, NULL), JIT_EFORMAT);
        assert_int_equal(container_storage(c, "data/1", 8, &s, NULL), JIT_ENOTFOUND);
        assert_int_equal(container_storage(c, "data/0", 8, &s, NULL), JIT_OK);
        assert_int_equal((uintptr_t)s->data % 64, 0);
        container_unref(c); // the storage keeps what it needs
        ((float *)s->data)[0] = 7;
        assert_true(storage_resize(s, 1 << 16));
        assert_true(((float *)s->data)[0] == 7 && ((float *)s->data)[1] == 2);
        storage_unref(s);
    }
    char *now;
    FILE *in = fopen(path, "rb");
    now = malloc(f.n);
    assert_int_equal(fread(now, 1, f.n, in), f.n);
    assert_memory_equal(now, f.bytes, f.n);
    fclose(in);
    free(now);
    unlink(path);
    mem_free(f.bytes);
}

/* ---- writing --------------------------------------------------------------------------------------------- */

static void writes_the_same_bytes_again(void **state)
{
    (void)state;
    test_file a = test_archive(), b = test_archive();
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.bytes, b.bytes, a.n);
    container *c;
    assert_int_equal(test_open(a.bytes, a.n, &c, NULL), JIT_OK);
    for (size_t i = 0; i < container_n_records(c); i++)
        assert_int_equal(container_at(c, i)->offset % 64, 0);
    assert_true(container_find(c, "code/__torch__.py")->is_deflated);
    container_unref(c);
    mem_free(a.bytes);
    mem_free(b.bytes);
}

static jit_status save(const char *path)
{
    static const char large[1 << 17] = "large";
    container_writer *w;
    jit_status status = container_writer_open(path, "m", &w, NULL);
    if (status)
        return status;
    if ((status = container_write(w, "data/0", large, sizeof large, false, NULL)) != JIT_OK
        || (status = container_write(w, "version", "3\n", 2, false, NULL)) != JIT_OK) {
        container_writer_abort(w);
        return status;
    }
    return container_writer_finish(w, NULL, NULL, NULL);
}

static size_t length_of(const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    const size_t n = (size_t)ftell(f);
    fclose(f);
    return n;
}

/* In a child, because the limit holds for the whole process: files end after n bytes, there the write fails, or the
 * process is killed. Returns what waitpid() says. */
static int save_in_child(const char *path, size_t n, bool is_killed)
{
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = { n, n };
        const struct rlimit no_core = { 0, 0 };
        setrlimit(RLIMIT_CORE, &no_core);
        setrlimit(RLIMIT_FSIZE, &limit);
        signal(SIGXFSZ, is_killed ? SIG_DFL : SIG_IGN);
        _exit(save(path) == JIT_OK ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void saving_is_all_or_nothing(void **state)
{
    (void)state;
    char folder[] = "/tmp/tjs-archive-XXXXXX", path[64], command[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/m.pt", folder);
    assert_int_equal(save(path), JIT_OK);
    const size_t whole = length_of(path);
    FILE *old = fopen(path, "wb");
    fputs("old", old);
    fclose(old);
    for (size_t n = 0; n < whole; n += n < 200 || n > whole - 600 ? 1 : 4093) {
        int status = save_in_child(path, n, false);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        assert_int_equal(length_of(path), 3);
        if (n % 16)
            continue;
        status = save_in_child(path, n, true);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(length_of(path), 3);
    }
    assert_int_equal(save_in_child(path, whole, true), 0);
    assert_int_equal(length_of(path), whole);
    snprintf(command, sizeof command, "rm -r %s", folder); // with what the killed ones left
    assert_int_equal(system(command), 0);
    assert_int_equal(save("/nonexistent/m.pt"), JIT_EIO);
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    test_file f = test_archive();
    for (int64_t n = 0; n < 1000; n++) {
        container *c = NULL;
        jit_value v = VALUE_NONE_V;
        mem_fail_after(n);
        jit_status status = container_open_memory(f.bytes, f.n, true, NULL, &c, NULL);
        if (!status)
            status = torch_value_read(c, &v, NULL);
        const bool was_refused = mem_fail_seen();
        mem_fail_after(-1);
        value_unref(v);
        container_unref(c);
        if (!was_refused) {
            assert_int_equal(status, JIT_OK);
            mem_free(f.bytes);
            return;
        }
        assert_int_equal(status, JIT_ENOMEM);
    }
    fail_msg("there is no end of allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_plain_zip_files),
        cmocka_unit_test(refuses_names),
        cmocka_unit_test(refuses_entries_that_lie),
        cmocka_unit_test(refuses_overlaps),
        cmocka_unit_test(refuses_wrong_counts),
        cmocka_unit_test(refuses_bad_checksums_when_read),
        cmocka_unit_test(checks_versions),
        cmocka_unit_test(refuses_other_kinds_of_files),
        cmocka_unit_test(survives_being_cut_anywhere),
        cmocka_unit_test(survives_every_changed_byte),
        cmocka_unit_test(survives_every_changed_byte_of_a_pickle),
        cmocka_unit_test(bounds_what_is_inflated),
        cmocka_unit_test(writes_to_storages_stay_private),
        cmocka_unit_test(writes_the_same_bytes_again),
        cmocka_unit_test(saving_is_all_or_nothing),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests_name("archive/container", tests, NULL, NULL);
}
