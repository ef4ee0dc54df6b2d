/* base/alloc.c: malloc with a budget and a failure injector in front of it.
 *
 * The usable size of a block, which malloc knows, is what a budget counts: no header per block. A block
 * freed under another budget than it was allocated under moves its bytes between them; budgets are
 * bounds against runaway programs, not accounts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local struct {
    mem_budget *budget;
    int64_t fail_after; /* allocations still allowed while `injecting` */
    bool injecting, refused;
    uint64_t n_refused;
} local;

mem_budget *mem_budget_set(mem_budget *b)
{
    mem_budget *before = local.budget;
    local.budget = b;
    return before;
}

mem_budget *mem_budget_now(void) { return local.budget; }

void mem_fail_after(int64_t n)
{
    local.injecting = n >= 0;
    local.fail_after = n;
    local.refused = false;
}

bool mem_fail_seen(void) { return local.refused; }
uint64_t mem_refusals(void) { return local.n_refused; }

static bool is_allowed(size_t n_bytes)
{
    if (local.injecting && local.fail_after-- <= 0) {
        local.refused = true;
        local.n_refused++;
        return false;
    }
    mem_budget *b = local.budget;
    bool fits = !b || !b->limit_bytes
                || (n_bytes <= b->limit_bytes && b->used_bytes <= b->limit_bytes - n_bytes);
    local.n_refused += !fits;
    return fits;
}

static void count(mem_budget *b, size_t n_bytes)
{
    size_t used = atomic_fetch_add(&b->used_bytes, n_bytes) + n_bytes;
    size_t peak = b->peak_bytes;
    while (used > peak && !atomic_compare_exchange_weak(&b->peak_bytes, &peak, used)) {
    }
}

static void *counted(void *p)
{
    local.n_refused += !p;
    if (p && local.budget)
        count(local.budget, malloc_usable_size(p));
    return p;
}

bool mem_charge(size_t n_bytes)
{
    if (!is_allowed(n_bytes))
        return false;
    if (local.budget)
        count(local.budget, n_bytes);
    return true;
}

/* Never below nothing: what is freed may have been allocated before the budget was installed. */
static void give_back(mem_budget *b, size_t n_bytes)
{
    size_t used = b->used_bytes;
    while (!atomic_compare_exchange_weak(&b->used_bytes, &used, used > n_bytes ? used - n_bytes : 0)) {
    }
}

void mem_discharge(size_t n_bytes)
{
    if (local.budget)
        give_back(local.budget, n_bytes);
}

static void uncount(void *p)
{
    if (p && local.budget)
        mem_discharge(malloc_usable_size(p));
}

void *mem_alloc(size_t n_bytes)
{
    if (!is_allowed(n_bytes))
        return NULL;
    return counted(malloc(n_bytes ? n_bytes : 1));
}

void *mem_calloc(size_t n, size_t size)
{
    size_t n_bytes;
    if (__builtin_mul_overflow(n, size, &n_bytes) || !is_allowed(n_bytes))
        return NULL;
    return counted(calloc(n_bytes ? n_bytes : 1, 1));
}

void *mem_realloc(void *p, size_t n_bytes)
{
    if (!p)
        return mem_alloc(n_bytes);
    if (!is_allowed(n_bytes))
        return NULL;
    size_t before = local.budget ? malloc_usable_size(p) : 0;
    void *q = realloc(p, n_bytes ? n_bytes : 1);
    if (q && local.budget) {
        give_back(local.budget, before);
        counted(q);
    }
    return q;
}

size_t mem_usable_bytes(const void *p) { return malloc_usable_size((void *)(uintptr_t)p); }

void mem_free(void *p)
{
    uncount(p);
    free(p);
}

void *mem_alloc_aligned(size_t n_bytes, size_t align)
{
    void *p = NULL;
    if (!is_allowed(n_bytes) || posix_memalign(&p, align, n_bytes ? n_bytes : 1))
        return NULL;
    return counted(p);
}

void mem_free_aligned(void *p) { mem_free(p); }

char *mem_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = mem_alloc(n);
    return p ? memcpy(p, s, n) : NULL;
}
