/* runtime/kernels/keys.h: elements as integers of the same order, so that sorting, searching and selecting are
 * written once: every element type maps to int64 keys. NaN is the greatest (or, for minima, the least) key,
 * all NaN are one key, and so are the two zeros. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_KEYS_H
#define RUNTIME_KERNELS_KEYS_H

#include "runtime/kernels/reduce.h"

#define KEY_NAN INT64_MAX
#define KEY_NAN_LEAST INT64_MIN

/** n elements at p as keys. nan_key: what NaN becomes. No complex types. */
void keys_load(dtype d, int64_t n, const char *p, int64_t stride, int64_t nan_key, int64_t *ret);

typedef struct key_index {
    int64_t key, index;
} key_index;
/** Stable sort by key; scratch has room for n. */
void keys_sort(key_index *at, int64_t n, bool descending, key_index *scratch);

/** Copy the element at `from` to `to`. */
static inline void element_copy(dtype d, void *to, const void *from)
{
    __builtin_memcpy(to, from, dtype_size(d));
}

/** A kernel over pairs of lines: keys of the input's line k, and where its value and index results go. */
typedef struct select_task {
    lines in, values, indices;
    int64_t nan_key;
    void *ctx;
    /** x: the line's n keys, work: room for 2 n key_index. */
    void (*line)(const struct select_task *s, int64_t k, const int64_t *x, key_index *work);
    _Atomic bool failed;
} select_task;
/** Runs s->line for every line, in parallel. */
bool select_run(op_ctx *cx, select_task *s);
/** Element i of the input's line k becomes element j of the result's line. */
static inline void select_store(const select_task *s, int64_t k, int64_t j, int64_t i)
{
    element_copy(s->in.d, lines_at(&s->values, k) + j * s->values.stride, lines_at(&s->in, k) + i * s->in.stride);
    *(int64_t *)(void *)(lines_at(&s->indices, k) + j * s->indices.stride) = i;
}

/** Elements sorted[0 … n) of the input's line k, by their indices, become the result's line. */
void select_store_sorted(const select_task *s, int64_t k, const key_index *sorted, int64_t n);

#endif
