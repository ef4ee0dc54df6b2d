/* Selection and sorting with the order of equal keys that GNU's C++ library gives. Heaps for few of many, otherwise
 * quicksort's partitions around the median of three, with heaps again where those degenerate, and insertion for the
 * short rest. Each step is the library's step: another choice of pivot would be as correct, yet give other indices. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/rank.h"

#define SHORT_RUN 16   /* runs that sorting leaves to insertion */

static inline bool is_less(key_index a, key_index b) { return a.key < b.key; }

static inline void swap(key_index *a, key_index *b)
{
    const key_index c = *a;
    *a = *b;
    *b = c;
}

/* ---- heaps: the greatest first ------------------------------------------------------------------------ */
/* The hole sinks to the bottom along the greater children, and e rises from there. */
static void heap_replace(key_index *heap, int64_t n, int64_t hole, key_index e)
{
    const int64_t top = hole;
    int64_t child = hole;
    while (child < (n - 1) / 2) {
        child = 2 * (child + 1);
        if (is_less(heap[child], heap[child - 1])) child--;
        heap[hole] = heap[child];
        hole = child;
    }
    if (n % 2 == 0 && child == (n - 2) / 2) {
        child = 2 * child + 1;
        heap[hole] = heap[child];
        hole = child;
    }
    for (int64_t parent = (hole - 1) / 2; hole > top && is_less(heap[parent], e); parent = (hole - 1) / 2) {
        heap[hole] = heap[parent];
        hole = parent;
    }
    heap[hole] = e;
}

static void heap_make(key_index *heap, int64_t n)
{
    for (int64_t parent = n / 2 - 1; parent >= 0; parent--) heap_replace(heap, n, parent, heap[parent]);
}

static void heap_sort(key_index *heap, int64_t n)
{
    for (int64_t last = n - 1; last > 0; last--) {
        const key_index e = heap[last];
        heap[last] = heap[0];
        heap_replace(heap, last, 0, e);
    }
}

/* The `middle` least come to the front, as a heap. */
static void heap_select(key_index *at, int64_t middle, int64_t n)
{
    heap_make(at, middle);
    for (int64_t i = middle; i < n; i++) {
        if (!is_less(at[i], at[0])) continue;
        const key_index e = at[i];
        at[i] = at[0];
        heap_replace(at, middle, 0, e);
    }
}

void rank_least(const int64_t *x, int64_t n, int64_t flip, key_index *at, int64_t n_wanted)
{
    if (n_wanted == 0) return;
    for (int64_t i = 0; i < n_wanted; i++) at[i] = (key_index){ x[i] ^ flip, i };
    heap_make(at, n_wanted);
    for (int64_t i = n_wanted; i < n; i++)
        if ((x[i] ^ flip) < at[0].key) heap_replace(at, n_wanted, 0, (key_index){ x[i] ^ flip, i });
    heap_sort(at, n_wanted);
}

/* ---- insertion ---------------------------------------------------------------------------------------- */
static void insertion_sort(key_index *at, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const key_index e = at[i];
        int64_t to = i;
        for (; to > 0 && is_less(e, at[to - 1]); to--) at[to] = at[to - 1];
        at[to] = e;
    }
}

/* ---- partitions --------------------------------------------------------------------------------------- */
static void median_to_front(key_index *at, int64_t n)
{
    key_index *a = at + 1, *b = at + n / 2, *c = at + n - 1;
    if (is_less(*a, *b)) swap(at, is_less(*b, *c) ? b : is_less(*a, *c) ? c : a);
    else swap(at, is_less(*a, *c) ? a : is_less(*b, *c) ? c : b);
}

/* A long part: which elements of a block are on the wrong side is noted without a branch, then they are exchanged (Edelkamp
 * and Weiss, BlockQuicksort, 2016): the pairs, and so the order of what is equal, are those of the loop in partition().
 * [*low, *high) is what remains for that loop. */
static void partition_blocks(key_index *at, int64_t *low, int64_t *high)
{
    enum { BLOCK = 64 };
    const int64_t pivot = at[0].key;
    uint8_t lefts[BLOCK], rights[BLOCK]; // distances from where their block began
    int n_lefts = 0, n_rights = 0, left = 0, right = 0;
    while (*high - *low >= 2 * BLOCK) {
        if (left == n_lefts) {
            left = n_lefts = 0;
            for (int i = 0; i < BLOCK; i++) {
                lefts[n_lefts] = (uint8_t)i;
                n_lefts += at[*low + i].key >= pivot;
            }
            *low += BLOCK;
        }
        if (right == n_rights) {
            right = n_rights = 0;
            for (int i = 0; i < BLOCK; i++) {
                rights[n_rights] = (uint8_t)i;
                n_rights += at[*high - 1 - i].key <= pivot;
            }
            *high -= BLOCK;
        }
        while (left < n_lefts && right < n_rights) swap(at + *low - BLOCK + lefts[left++], at + *high + BLOCK - 1 - rights[right++]);
    }
    if (left < n_lefts) *low += lefts[left] - BLOCK; // noted, but without a partner
    if (right < n_rights) *high += BLOCK - rights[right];
}

/* Where the elements begin that are not less than the pivot; it stops the scans from both sides, so none leaves at. */
static int64_t partition(key_index *at, int64_t n)
{
    median_to_front(at, n);
    int64_t low = 1, high = n;
    partition_blocks(at, &low, &high);
    for (;; low++) {
        while (is_less(at[low], at[0])) low++;
        do high--; while (is_less(at[0], at[high]));
        if (low >= high) return low;
        swap(at + low, at + high);
    }
}

/* So many partitions of n elements are taken for degenerate: twice the binary logarithm. */
static int partition_limit(int64_t n) { return n > 0 ? 2 * (63 - __builtin_clzll((unsigned long long)n)) : 0; }

void rank_nth(key_index *at, int64_t n, int64_t nth)
{
    if (nth >= n) return;
    for (int left = partition_limit(n); n > 3; left--) {
        if (left == 0) {
            heap_select(at, nth + 1, n);
            swap(at, at + nth);
            return;
        }
        const int64_t cut = partition(at, n);
        if (cut <= nth) {
            at += cut;
            nth -= cut;
            n -= cut;
        } else {
            n = cut;
        }
    }
    insertion_sort(at, n);
}

/* Leaves runs of at most SHORT_RUN in place; at most `left` deep. */
static void sort_runs(key_index *at, int64_t n, int left)
{
    for (; n > SHORT_RUN; left--) {
        if (left == 0) {
            heap_make(at, n);
            heap_sort(at, n);
            return;
        }
        const int64_t cut = partition(at, n);
        sort_runs(at + cut, n - cut, left - 1);
        n = cut;
    }
}

void rank_sort(key_index *at, int64_t n)
{
    sort_runs(at, n, partition_limit(n));
    insertion_sort(at, n);
}
