/* Loops over threads: how a range is cut. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/kernel_test.h"

#include <stdatomic.h>

enum { N_MOST = 1000 };

/* Who worked on what. */
typedef struct ranges {
    int64_t n, unit;
    _Atomic int n_ranges, n_wrong;
    _Atomic int times[N_MOST]; /* that each index was met */
} ranges;

static void note_range(void *ctx, int64_t begin, int64_t end)
{
    ranges *r = ctx;
    r->n_ranges++;
    r->n_wrong += begin % r->unit != 0 || (end % r->unit != 0 && end != r->n);
    for (int64_t i = begin; i < end; i++) r->times[i]++;
}

static int split(int n_threads, int64_t n, int64_t unit, int64_t least)
{
    ranges r = { .n = n, .unit = unit };
    runtime_set_num_threads(n_threads);
    par_split(n, unit, least, note_range, &r);
    runtime_set_num_threads(0);
    assert_int_equal(r.n_wrong, 0);
    for (int64_t i = 0; i < n; i++) assert_int_equal(r.times[i], 1);
    return r.n_ranges;
}

static void covers_everything_once(void **state)
{
    (void)state;
    for (int n_threads = 1; n_threads <= 4; n_threads++)
        for (int64_t n = 0; n <= N_MOST; n += 37)
            for (int64_t unit = 1; unit <= 256; unit *= 4)
                assert_true(split(n_threads, n, unit, 1) <= n_threads);
}

static void leaves_enough_for_each(void **state)
{
    (void)state;
    assert_int_equal(split(2, 199, 1, 100), 1);
    assert_int_equal(split(4, 100, 128, 1), 1);
    assert_int_equal(split(1, 1000, 1, 1), 1);
#ifdef _OPENMP
    assert_int_equal(split(2, 200, 1, 100), 2);
    assert_int_equal(split(4, 399, 1, 100), 3);
    assert_int_equal(split(4, 1000, 256, 1), 4);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covers_everything_once),
        cmocka_unit_test(leaves_enough_for_each),
    };
    return cmocka_run_group_tests_name("kernels/par", tests, NULL, NULL);
}
