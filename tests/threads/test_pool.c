/* The pool: jobs that wait for jobs, many threads that hand them out at once. Meant for ThreadSanitizer, too. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_WORKERS = 3, N_THREADS = 4 };

/* The sum of a tree of jobs: each hands out its left half and does the right one itself. */
typedef struct sum_job {
    pool_job job;
    int from, to, sum;
    _Atomic int n_releases;
} sum_job;

static int sum(int from, int to);

static void run_sum(pool_job *job)
{
    sum_job *s = (sum_job *)job;
    s->sum = sum(s->from, s->to);
}

static void release_sum(pool_job *job) { ((sum_job *)job)->n_releases++; }

static int sum(int from, int to)
{
    if (to - from == 1)
        return from;
    sum_job left = { .job = { .run = run_sum, .release = release_sum }, .from = from, .to = (from + to) / 2 };
    bool is_out = pool_submit(&left.job, N_WORKERS);
    int right = sum((from + to) / 2, to);
    if (!is_out)
        return sum(from, (from + to) / 2) + right;
    pool_wait(&left.job);
    while (left.n_releases == 0) { // it lies on our stack: whoever ran it must have let go
    }
    return left.sum + right;
}

static void jobs_may_wait_for_jobs(void **state)
{
    (void)state;
    assert_int_equal(sum(0, 1000), 499500);
    assert_int_equal(pool_is_worker(), false);
}

static void *sum_many(void *unused)
{
    (void)unused;
    size_t n_wrong = 0;
    for (int i = 0; i < 20; i++)
        n_wrong += sum(0, 300) != 44850;
    return (void *)n_wrong;
}

static void many_threads_may_hand_out_jobs(void **state)
{
    (void)state;
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, sum_many, NULL), 0);
    for (int i = 0; i < N_THREADS; i++) {
        void *n_wrong;
        pthread_join(threads[i], &n_wrong);
        assert_null(n_wrong);
    }
}

/* A job that ends when the one behind it in the queue has begun: only two workers can do that. */
static _Atomic bool second_began;

static void wait_for_second(pool_job *job)
{
    (void)job;
    while (!second_began) {
    }
}

static void begin_second(pool_job *job)
{
    (void)job;
    second_began = true;
}

static void release_nothing(pool_job *job) { (void)job; }

static void jobs_run_beside_each_other(void **state)
{
    (void)state;
    static pool_job first = { .run = wait_for_second, .release = release_nothing };
    static pool_job second = { .run = begin_second, .release = release_nothing };
    assert_true(pool_submit(&first, N_WORKERS));
    assert_true(pool_n_busy() >= 1); // though no worker may have woken yet
    assert_true(pool_submit(&second, N_WORKERS));
    pool_wait(&first);
    pool_wait(&second);
}

static void no_workers_no_jobs(void **state)
{
    (void)state;
    pool_job job = { .run = begin_second, .release = release_nothing };
    assert_false(pool_submit(&job, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_may_wait_for_jobs),
        cmocka_unit_test(many_threads_may_hand_out_jobs),
        cmocka_unit_test(jobs_run_beside_each_other),
        cmocka_unit_test(no_workers_no_jobs),
    };
    return cmocka_run_group_tests_name("threads/pool", tests, NULL, NULL);
}
