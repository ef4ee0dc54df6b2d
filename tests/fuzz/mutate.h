/* tests/fuzz/mutate.h: libFuzzer's hooks for a mutator of one's own, so that the plain driver can call them too. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/** Change data in place, n of cap bytes used; the same seed makes the same change. @return the new length */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t cap, unsigned seed);
/** A piece of b put into a copy of a. @return the length, 0: nothing made */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t cap,
                                 unsigned seed);

/** What libFuzzer (or the driver) offers: a change that is blind to the language. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t cap);

#endif
