/* base/pool.c: one queue, one lock.
 *
 * Jobs are calls of functions, microseconds at least, so one lock for all is not felt; per-worker queues with
 * stealing would save nothing that can be measured. Workers are made when a job finds none idle, never end, and are
 * not joined: they sleep when there is nothing to do. In a forked child they do not exist: jobs are refused there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum {
    MAX_QUEUED = 256,           /* who forks faster than workers work does the rest itself */
    MAX_WORKERS = 256,
    STACK_BYTES = 8 << 20,      /* what a main thread has; some C libraries give others very little */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    pool_job *first, *last;
    int n_idle, n_workers;
    _Atomic int n_queued, n_wanted; /* read without the lock, too */
    int n_waiting;              /* threads that sleep until a job is done */
    _Atomic int n_busy;
    _Atomic bool is_forked_child;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local bool is_worker;

static void after_fork_in_child(void) { pool.is_forked_child = true; }
static void install_fork_handler(void) { pthread_atfork(NULL, NULL, after_fork_in_child); }

/* ---- the queue; under the lock ---------------------------------------------------------------- */
static void enqueue(pool_job *job)
{
    job->prev = pool.last;
    job->next = NULL;
    *(pool.last ? &pool.last->next : &pool.first) = job;
    pool.last = job;
    job->is_queued = true;
    pool.n_queued++;
}

static void unqueue(pool_job *job)
{
    *(job->prev ? &job->prev->next : &pool.first) = job->next;
    *(job->next ? &job->next->prev : &pool.last) = job->prev;
    job->is_queued = false;
    pool.n_queued--;
}

/** Run a job that was just taken from the queue; the lock is held before and after. */
static void run_job(pool_job *job)
{
    pthread_mutex_unlock(&pool.lock);
    job->run(job);
    pthread_mutex_lock(&pool.lock);
    job->is_done = true;
    if (pool.n_waiting > 0)
        pthread_cond_broadcast(&pool.done);
    pthread_mutex_unlock(&pool.lock);
    job->release(job);
    pthread_mutex_lock(&pool.lock);
}

/* ---- workers ---------------------------------------------------------------------------------- */
static void *worker_main(void *unused)
{
    is_worker = true;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (!pool.first || pool.n_busy >= pool.n_wanted) {
            pool.n_idle++;
            pthread_cond_wait(&pool.work, &pool.lock);
            pool.n_idle--;
        }
        pool_job *job = pool.first;
        unqueue(job);
        pool.n_busy++;
        run_job(job);
        pool.n_busy--;
    }
    return unused;
}

/** One more worker, under the lock. */
static void make_worker(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    if (pthread_attr_init(&attr))
        return;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    if (pthread_create(&thread, &attr, worker_main, NULL) == 0)
        pool.n_workers++;
    pthread_attr_destroy(&attr);
}

/* ---- for everybody ---------------------------------------------------------------------------- */
bool pool_is_worker(void) { return is_worker; }

/* A queued job is as good as begun: a loop that takes all threads before its worker has woken would keep a processor
 * busy, waiting for the next such loop, while the job waits for one. */
int pool_n_busy(void)
{
    int n = pool.n_busy + pool.n_queued, most = pool.n_wanted;
    return n < most ? n : most;
}

bool pool_submit(pool_job *job, int n_workers)
{
    if (n_workers <= 0 || pool.is_forked_child)
        return false;
    pthread_once(&once, install_fork_handler);
    pthread_mutex_lock(&pool.lock);
    pool.n_wanted = n_workers < MAX_WORKERS ? n_workers : MAX_WORKERS;
    if (pool.n_idle <= pool.n_queued && pool.n_workers < pool.n_wanted)
        make_worker();
    bool is_taken = pool.n_workers > 0 && pool.n_queued < MAX_QUEUED;
    if (is_taken) {
        enqueue(job);
        if (pool.n_idle > 0)
            pthread_cond_signal(&pool.work);
    }
    pthread_mutex_unlock(&pool.lock);
    return is_taken;
}

void pool_wait(pool_job *job)
{
    pthread_mutex_lock(&pool.lock);
    if (job->is_queued) {
        unqueue(job);
        run_job(job);
    }
    while (!job->is_done) {
        pool.n_waiting++;
        pthread_cond_wait(&pool.done, &pool.lock);
        pool.n_waiting--;
    }
    pthread_mutex_unlock(&pool.lock);
}
