/* base/pool.h: threads that run jobs beside the one that hands them out.
 *
 * Workers take the oldest job; who needs a job's result waits for that very job and runs it itself if nobody has
 * begun it. So a wait never blocks on work that no thread does, and jobs that wait for other jobs cannot deadlock as
 * long as what they wait for does not go round in circles. Jobs live in their users' structs; the pool owns nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>

typedef struct pool_job pool_job;
struct pool_job {
    void (*run)(pool_job *job);
    void (*release)(pool_job *job); /* last, after the waiters were told: the thread that ran it lets go of it */
    pool_job *next, *prev;          /* the pool's own from here on; zero-initialise */
    bool is_queued, is_done;
};

/** Let at most `n_workers` workers run jobs, this one among them.
 * @return false: nothing was done (no workers wanted, no thread could be made, a forked child, too many jobs are
 * waiting): the caller does the work itself */
bool pool_submit(pool_job *job, int n_workers);
/** Until the job is done, running it here if nobody has begun it. Whoever waits keeps the job alive. */
void pool_wait(pool_job *job);
/** Is this thread one of the workers? */
bool pool_is_worker(void);
/** How many workers run a job now or are about to. */
int pool_n_busy(void);

#endif
