/* tests/unit/tensor/test_block.c: blocks are aligned, counted, and come back when freed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/block.h"

#define TEST(name) static void name(void **state)

static const size_t sizes[] = { 0, 1, 63, 64, 65, 1024, 1025, 5000, 100000, (size_t)5 << 20 };
enum { N_SIZES = sizeof sizes / sizeof *sizes };

TEST(blocks_are_aligned_and_apart)
{
    char *p[N_SIZES];
    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < N_SIZES; i++) {
            p[i] = block_alloc(sizes[i]);
            assert_non_null(p[i]);
            assert_int_equal((uintptr_t)p[i] % BLOCK_ALIGN, 0);
            memset(p[i], (int)i, sizes[i]);
        }
        for (size_t i = 0; i < N_SIZES; i++) {
            for (size_t k = 0; k < sizes[i]; k += 61)
                assert_int_equal(p[i][k], (char)i);
            block_free(p[i], sizes[i]);
        }
    }
    block_free(NULL, 10);
}

/* Blocks of two sizes in turn, of which one fits into what was live at its most. */
TEST(sizes_in_turn_find_their_blocks)
{
    (void)state;
    const size_t one = (size_t)3 << 20, other = (size_t)1 << 20;
    block_trim();
    for (int i = 0; i < 3; i++) {
        block_free(block_alloc(one), one);
        block_free(block_alloc(other), other);
    }
    assert_true(block_idle_bytes() == 0 || block_idle_bytes() >= one + other); // 0: under AddressSanitizer
    block_trim();
}

TEST(what_waits_is_bounded_and_given_back)
{
    (void)state;
    size_t big = (size_t)3 << 20;
    void *a = block_alloc(big), *b = block_alloc(big);
    block_free(a, big);
    block_free(b, big);
    assert_true(block_idle_bytes() <= ((size_t)10 << 20) + 2 * big);
    block_trim();
    assert_int_equal(block_idle_bytes(), 0);
    assert_null(block_alloc(SIZE_MAX - 100));
    assert_null(block_alloc(SIZE_MAX / 4));
}

TEST(budgets_count_blocks)
{
    (void)state;
    mem_budget budget = { .limit_bytes = 1 << 20 };
    mem_budget *before = mem_budget_set(&budget);
    void *p = block_alloc(1000 << 10);
    assert_non_null(p);
    assert_true(budget.used_bytes >= 1000 << 10);
    assert_null(block_alloc(100 << 10));
    block_free(p, 1000 << 10);
    assert_int_equal(budget.used_bytes, 0);
    assert_null(block_alloc(2 << 20));
    mem_fail_after(0);
    assert_null(block_alloc(10));
    assert_true(mem_fail_seen());
    mem_fail_after(-1);
    mem_budget_set(before);
}

static void *free_elsewhere(void *p)
{
    block_free(p, 100);
    for (size_t i = 0; i < N_SIZES; i++)
        block_free(block_alloc(sizes[i]), sizes[i]);
    return NULL;
}

TEST(threads_free_for_each_other)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, free_elsewhere, block_alloc(100)), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_apart),
        cmocka_unit_test(sizes_in_turn_find_their_blocks),
        cmocka_unit_test(what_waits_is_bounded_and_given_back),
        cmocka_unit_test(budgets_count_blocks),
        cmocka_unit_test(threads_free_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
