/* base/block.c: the cache of freed blocks; see block.h.
 *
 * Under AddressSanitizer nothing is kept and sizes are not rounded, so that it sees every use after free and every
 * step over an end. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/block.h"

#include "base/alloc.h"

#include <pthread.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define KEEPS_BLOCKS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS_BLOCKS 0
#endif
#endif
#ifndef KEEPS_BLOCKS
#define KEEPS_BLOCKS 1
#endif

enum {
    N_SMALL_CLASSES = BLOCK_SMALL_BYTES / BLOCK_ALIGN,
    MAX_SMALL_IDLE = 32,  /* per class and thread */
    MAX_LARGE_IDLE = 64,
    STEPS_PER_OCTAVE = 8, /* size classes of large blocks: at most an eighth is wasted */
    MAX_IDLE_AGE = 4096,  /* large requests that a block waits for one of its size */
    HUGE_PAGE_BYTES = 2 << 20,
};
#define MAX_IDLE_BYTES ((size_t)256 << 20)
#define MAX_SPARE_BYTES ((size_t)8 << 20) /* a ResNet-50's blocks of all sizes wait for its next call with 6 to 8 MB */

static size_t round_up(size_t n, size_t step) { return (n + step - 1) & ~(step - 1); }

/** The size of the class that n_bytes falls into; 0: too large. */
static size_t class_bytes(size_t n_bytes)
{
    if (!KEEPS_BLOCKS)
        return n_bytes ? n_bytes : 1;
    if (n_bytes <= BLOCK_SMALL_BYTES)
        return n_bytes ? round_up(n_bytes, BLOCK_ALIGN) : BLOCK_ALIGN;
    if (n_bytes > SIZE_MAX / 2)
        return 0;
    size_t octave = (size_t)1 << (63 - __builtin_clzll(n_bytes));
    return round_up(n_bytes, octave / STEPS_PER_OCTAVE);
}

static void *fresh(size_t size)
{
    void *p;
    bool is_huge = KEEPS_BLOCKS && size >= 2 * HUGE_PAGE_BYTES;
    if (posix_memalign(&p, is_huge ? HUGE_PAGE_BYTES : BLOCK_ALIGN, size))
        return NULL;
#ifdef MADV_HUGEPAGE
    if (is_huge)
        (void)madvise(p, size, MADV_HUGEPAGE); // a wish: fewer faults at the first touch
#endif
    return p;
}

/* ---- small blocks: lists of the thread ------------------------------------------------------- */
typedef struct idle_small { struct idle_small *next; } idle_small;

static _Thread_local struct {
    idle_small *first[N_SMALL_CLASSES];
    uint8_t n[N_SMALL_CLASSES];
    bool is_known; /* the thread's end will empty the lists */
} small;

static pthread_key_t thread_end;
static pthread_once_t thread_end_once = PTHREAD_ONCE_INIT;
static bool has_thread_end;

static void trim_small(void *unused)
{
    for (int k = 0; k < N_SMALL_CLASSES; k++) {
        for (idle_small *b = small.first[k], *next; b; b = next) {
            next = b->next;
            free(b);
        }
        small.first[k] = NULL;
        small.n[k] = 0;
    }
    small.is_known = false;
}

static void make_thread_end(void) { has_thread_end = pthread_key_create(&thread_end, trim_small) == 0; }

static bool know_thread(void)
{
    pthread_once(&thread_end_once, make_thread_end);
    small.is_known = has_thread_end && pthread_setspecific(thread_end, &small) == 0;
    return small.is_known;
}

static void *take_small(size_t size)
{
    size_t k = size / BLOCK_ALIGN - 1;
    idle_small *b = small.first[k];
    if (!b)
        return fresh(size);
    small.first[k] = b->next;
    small.n[k]--;
    return b;
}

static void give_small(void *p, size_t size)
{
    size_t k = size / BLOCK_ALIGN - 1;
    if (small.n[k] >= MAX_SMALL_IDLE || (!small.is_known && !know_thread())) {
        free(p);
        return;
    }
    idle_small *b = p;
    b->next = small.first[k];
    small.first[k] = b;
    small.n[k]++;
}

/* ---- large blocks: one table ------------------------------------------------------------------- */
static struct {
    pthread_mutex_t lock;
    struct { void *p; size_t size; uint64_t since; } idle[MAX_LARGE_IDLE];
    size_t n_idle;
    size_t idle_bytes, live_bytes, most_live_bytes;
    uint64_t now; /* counts requests */
} large = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *remove_idle(size_t i)
{
    void *p = large.idle[i].p;
    large.idle_bytes -= large.idle[i].size;
    large.idle[i] = large.idle[--large.n_idle];
    return p;
}

static size_t oldest_idle(void)
{
    size_t oldest = 0;
    for (size_t i = 1; i < large.n_idle; i++)
        if (large.idle[i].since < large.idle[oldest].since)
            oldest = i;
    return oldest;
}

/** Give back the oldest until no more than max_bytes wait. */
static void shrink_idle(size_t max_bytes)
{
    while (large.n_idle > 0 && large.idle_bytes > max_bytes)
        free(remove_idle(oldest_idle()));
}

static size_t idle_room(void)
{
    size_t half = large.most_live_bytes / 2;
    size_t room = large.most_live_bytes - large.live_bytes + (half < MAX_SPARE_BYTES ? half : MAX_SPARE_BYTES);
    return room < MAX_IDLE_BYTES ? room : MAX_IDLE_BYTES;
}

static void *take_large(size_t size)
{
    void *p = NULL;
    pthread_mutex_lock(&large.lock);
    large.now++;
    for (size_t i = large.n_idle; i-- > 0 && !p;)
        if (large.idle[i].size == size)
            p = remove_idle(i);
    large.live_bytes += size;
    if (large.live_bytes > large.most_live_bytes)
        large.most_live_bytes = large.live_bytes;
    shrink_idle(idle_room());
    pthread_mutex_unlock(&large.lock);
    if (p || (p = fresh(size)))
        return p;
    pthread_mutex_lock(&large.lock);
    shrink_idle(0);
    p = fresh(size);
    large.live_bytes -= p ? 0 : size;
    pthread_mutex_unlock(&large.lock);
    return p;
}

static void give_large(void *p, size_t size)
{
    pthread_mutex_lock(&large.lock);
    large.live_bytes -= size;
    bool is_kept = size <= idle_room();
    if (is_kept) {
        shrink_idle(idle_room() - size);
        if (large.n_idle == MAX_LARGE_IDLE)
            free(remove_idle(oldest_idle()));
        large.idle[large.n_idle].p = p;
        large.idle[large.n_idle].size = size;
        large.idle[large.n_idle++].since = large.now;
        large.idle_bytes += size;
        size_t oldest = oldest_idle();
        if (large.now - large.idle[oldest].since > MAX_IDLE_AGE)
            free(remove_idle(oldest));
    }
    pthread_mutex_unlock(&large.lock);
    if (!is_kept)
        free(p);
}

static void lock_large(void) { pthread_mutex_lock(&large.lock); }
static void unlock_large(void) { pthread_mutex_unlock(&large.lock); }

__attribute__((constructor)) static void keep_forks_usable(void)
{
    (void)pthread_atfork(lock_large, unlock_large, unlock_large);
}

/* ---- both -------------------------------------------------------------------------------------- */
void *block_alloc(size_t n_bytes)
{
    size_t size = class_bytes(n_bytes);
    if (!size || !mem_charge(size))
        return NULL;
    void *p = !KEEPS_BLOCKS ? fresh(size) : size <= BLOCK_SMALL_BYTES ? take_small(size) : take_large(size);
    if (!p)
        mem_discharge(size);
    return p;
}

void block_free(void *p, size_t n_bytes)
{
    if (!p)
        return;
    size_t size = class_bytes(n_bytes);
    mem_discharge(size);
    if (!KEEPS_BLOCKS)
        free(p);
    else if (size <= BLOCK_SMALL_BYTES)
        give_small(p, size);
    else
        give_large(p, size);
}

__attribute__((destructor)) void block_trim(void)
{
    trim_small(NULL);
    pthread_mutex_lock(&large.lock);
    shrink_idle(0);
    pthread_mutex_unlock(&large.lock);
}

size_t block_idle_bytes(void)
{
    pthread_mutex_lock(&large.lock);
    size_t n = large.idle_bytes;
    pthread_mutex_unlock(&large.lock);
    return n;
}
