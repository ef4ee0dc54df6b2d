/* par_for: the one place that knows OpenMP.
 *
 * Concurrent host calls and the workers of torch.jit.fork share the thread budget: each region takes total / (regions
 * of host threads + busy workers) threads, so a server with many callers does not start callers × cores threads. Inside
 * a region, and in a forked child (where libgomp's team no longer exists), loops run serially. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/dispatch.h"

#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

static _Atomic int n_threads_wanted;   /* 0: as many as there are processors */
#ifdef _OPENMP
static _Atomic int n_regions;          /* parallel loops of threads that are no workers, running now */
static _Atomic bool is_forked_child;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void after_fork_in_child(void)
{
    is_forked_child = true;
}

static void install_fork_handler(void)
{
    pthread_atfork(NULL, NULL, after_fork_in_child);
}
#endif

void runtime_set_num_threads(int n)
{
    n_threads_wanted = n > 0 ? n : 0;
}

int runtime_get_num_threads(void)
{
    const int n = n_threads_wanted;
    if (n) return n;
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    const long n_processors = sysconf(_SC_NPROCESSORS_ONLN);
    return n_processors > 0 ? (int)n_processors : 1;
#endif
}

#ifdef _OPENMP
static bool may_begin_region(void)
{
    return !omp_in_parallel() && !is_forked_child;
}

/* Begin a region: how many threads it may have. A worker is counted as long as it is busy. */
static int begin_region(void)
{
    pthread_once(&once, install_fork_handler);
    const int others = pool_is_worker() ? n_regions - 1 : atomic_fetch_add(&n_regions, 1);
    return runtime_get_num_threads() / (others + pool_n_busy() + 1);
}

static void end_region(void)
{
    if (!pool_is_worker()) atomic_fetch_sub(&n_regions, 1);
}

static void run_parallel(int64_t n, int64_t chunk, int n_threads, void (*fn)(void *, int64_t, int64_t), void *ctx)
{
    const int64_t n_chunks = (n + chunk - 1) / chunk;
#pragma omp parallel for num_threads(n_threads) schedule(static)
    for (int64_t k = 0; k < n_chunks; k++) {
        const int64_t begin = k * chunk, end = begin + chunk < n ? begin + chunk : n;
        fn(ctx, begin, end);
    }
}
#endif

void par_for(int64_t n, int64_t grain, void (*fn)(void *ctx, int64_t begin, int64_t end), void *ctx)
{
    if (n <= 0) return;
    const int64_t chunk = grain > 0 ? grain : 1;
#ifdef _OPENMP
    if (n > chunk && may_begin_region()) {
        const int64_t n_chunks = (n + chunk - 1) / chunk;
        int64_t n_threads = begin_region();
        if (n_threads > n_chunks) n_threads = n_chunks;
        if (n_threads > 1) run_parallel(n, chunk, (int)n_threads, fn, ctx);
        end_region();
        if (n_threads > 1) return;
    }
#endif
    for (int64_t begin = 0; begin < n; begin += chunk) fn(ctx, begin, n - begin > chunk ? begin + chunk : n);
}

void par_split(int64_t n, int64_t unit, int64_t least, void (*fn)(void *ctx, int64_t begin, int64_t end), void *ctx)
{
    if (n <= 0) return;
#ifdef _OPENMP
    if (n / 2 >= least && n > unit && may_begin_region()) {
        const int64_t n_units = (n + unit - 1) / unit, most = least > unit ? n / least : n_units;
        int64_t n_threads = begin_region();
        if (n_threads > most) n_threads = most;
        if (n_threads > 1) run_parallel(n, (n_units + n_threads - 1) / n_threads * unit, (int)n_threads, fn, ctx);
        end_region();
        if (n_threads > 1) return;
    }
#endif
    fn(ctx, 0, n);
}

void par_lend(bool is_small, void (*fn)(void *ctx, int n_threads), void *ctx)
{
#ifdef _OPENMP
    const int before = omp_get_max_threads();
    int n_threads = begin_region();
    if (n_threads < 1 || is_small || !may_begin_region()) n_threads = 1;
    omp_set_num_threads(n_threads); // of this thread's regions only
    fn(ctx, n_threads);
    omp_set_num_threads(before);
    end_region();
#else
    fn(ctx, 1);
#endif
}
