/* runtime/kernels/rank.h: the least elements of a line and the element of a rank, in linear time.
 *
 * Equal keys come out in the order in which the algorithms of the C++ library PyTorch is built with (partial_sort,
 * nth_element, sort) leave them: not stable, but a fact that programs see in the indices, e.g. when many boxes of a
 * detector have one score. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_RANK_H
#define RUNTIME_KERNELS_RANK_H

#include "runtime/kernels/keys.h"

/** The n_wanted least of the n keys at x (each x[i] ^ flip: 0, or -1 for the greatest) go in order to the front of
 * `at`, which has room for n_wanted; n log(n_wanted) steps. */
void rank_least(const int64_t *x, int64_t n, int64_t flip, key_index *at, int64_t n_wanted);
/** Rearranges the n elements at `at` so that at[nth] is the one of that rank, none before it is greater and none
 * after it less. */
void rank_nth(key_index *at, int64_t n, int64_t nth);
/** Sorts, equal keys in the order described above. */
void rank_sort(key_index *at, int64_t n);

#endif
