/* Mapped files: memory that can be read again is given back, what was written stays. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/archive/archive_test.h"

#include "runtime/archive/mapping.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { N_PAGES = 16 };

/* Is the page at p in this process's memory? (proc(5): bit 63 of its word in pagemap) */
static bool is_present(const void *p, size_t page)
{
    uint64_t word = 0;
    const int fd = open("/proc/self/pagemap", O_RDONLY);
    if (fd < 0)
        skip();
    assert_int_equal(pread(fd, &word, sizeof word, (off_t)((uintptr_t)p / page * sizeof word)), sizeof word);
    close(fd);
    return word >> 63;
}

static void gives_back_what_nobody_wrote(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), n_bytes = N_PAGES * page;
    char path[] = "/tmp/tjs-mapping-XXXXXX", *bytes = malloc(n_bytes);
    const int fd = mkstemp(path);
    assert_non_null(bytes);
    for (size_t i = 0; i < n_bytes; i++)
        bytes[i] = (char)(i / page + 1);
    assert_int_equal(write(fd, bytes, n_bytes), n_bytes);
    close(fd);
    mapping *m;
    assert_int_equal(mapping_open(path, false, &m, NULL), JIT_OK);
    storage *s = mapping_storage(m, 64, n_bytes - 64, 64);
    char *data = s->data, *in_page_3 = data - 64 + 3 * page;
    assert_memory_equal(data, bytes + 64, n_bytes - 64);
    assert_true(is_present(in_page_3, page));
    storage_give_pages_back(s);
    assert_false(is_present(in_page_3, page));
    assert_true(is_present(data, page)); // the first page is not all of it this storage's
    assert_memory_equal(data, bytes + 64, n_bytes - 64);

    *in_page_3 = 99;
    s->version++;
    storage_give_pages_back(s);
    assert_int_equal(*in_page_3, 99);
    storage_unref(s);
    mapping_unref(m);
    unlink(path);
    free(bytes);
}

static void keeps_copies(void **state)
{
    (void)state;
    char bytes[4096 * 4];
    memset(bytes, 5, sizeof bytes);
    mapping *m;
    assert_int_equal(mapping_open_memory(bytes, sizeof bytes, false, &m, NULL), JIT_OK);
    storage *s = mapping_storage(m, 0, sizeof bytes, 64);
    storage_give_pages_back(s);
    assert_memory_equal(s->data, bytes, sizeof bytes);
    storage_unref(s);
    mapping_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(gives_back_what_nobody_wrote), cmocka_unit_test(keeps_copies) };
    return cmocka_run_group_tests_name("archive/mapping", tests, NULL, NULL);
}
