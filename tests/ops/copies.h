/* tests/ops/copies.h: arguments copied in chosen layouts, values compared. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_OPS_COPIES_H
#define TESTS_OPS_COPIES_H

#include "runtime/kernels/kernel.h"

typedef enum copy_layout {
    LAYOUT_SAME,          /* the strides of a dense tensor, else contiguous */
    LAYOUT_SPACED,        /* every second element of its memory */
    LAYOUT_CHANNELS_LAST, /* tensors of four and five dimensions; others as LAYOUT_SAME */
} copy_layout;

/** A tensor of t's type and sizes in new memory, in the layout; gaps between elements hold a pattern. */
tensor *new_in_layout(dtype d, const int64_t *sizes, int n_dims, copy_layout layout);
/** v with all tensors in it, also those in lists, copied. None without memory. */
jit_value copy_in_layout(jit_value v, copy_layout layout);
/** Whether the bytes of t's storage that are no element of t still hold the pattern. Overwrites t. */
bool gaps_are_untouched(tensor *t);
/** Equal as results: types, sizes, elements up to the rounding of another order of summation. */
bool are_equal(jit_value a, jit_value b);

#endif
