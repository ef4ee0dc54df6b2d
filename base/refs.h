/* base/refs.h: reference counts that several threads share.
 *
 * A locked instruction costs more than the rest of copying a value, and most programs run on one thread: where the C
 * library tells that the process has no second one, counting is plain. (It says so before the first thread is
 * created and may say so again after the last one is joined; counts are never touched while that changes.) */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_REFS_H
#define BASE_REFS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define REFS_ALONE __libc_single_threaded
#else
#define REFS_ALONE 0
#endif

typedef _Atomic int32_t ref_count;

static inline void refs_take(ref_count *n)
{
    if (REFS_ALONE)
        atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1, memory_order_relaxed);
    else
        atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

/** Give one up. true: it was the last, the thing is the caller's to release. */
static inline bool refs_drop(ref_count *n)
{
    int32_t now = atomic_load_explicit(n, memory_order_acquire);
    if (now == 1) // the only holder: nobody else can raise the count
        return true;
    if (REFS_ALONE) {
        atomic_store_explicit(n, now - 1, memory_order_relaxed);
        return false;
    }
    return atomic_fetch_sub_explicit(n, 1, memory_order_acq_rel) == 1;
}

#endif
