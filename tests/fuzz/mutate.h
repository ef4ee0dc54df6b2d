/* tests/fuzz/mutate.h: changes of an input that keep to what the input is: source text, pickle, archive. The same seed
 * makes the same change. The hooks of libFuzzer that call them are in each target, so that the plain driver can call
 * them too. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/** The next number of a sequence that the state, not 0, begins. Marsaglia, "Xorshift RNGs" (2003), the triple 13, 7,
 * 17. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/** libFuzzer's hook: change data in place, n of cap bytes used. @return the new length */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t cap, unsigned seed);
/** libFuzzer's hook: a piece of b put into a copy of a. @return the length, 0: nothing made */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t cap,
                                 unsigned seed);
/** What libFuzzer (or the driver) offers: a change that is blind to the language. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t cap);

/** As the hooks, for one sort of input. */
size_t mutate_source(uint8_t *data, size_t n, size_t cap, unsigned seed);
size_t cross_sources(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t cap,
                     unsigned seed);
size_t mutate_pickle(uint8_t *data, size_t n, size_t cap, unsigned seed);
/** A ZIP file: one of its records is changed as what its name says it is, then all are written anew, with right
 * checksums. Now and then its bytes are changed as they stand. */
size_t mutate_archive(uint8_t *data, size_t n, size_t cap, unsigned seed);
size_t cross_archives(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t cap,
                      unsigned seed);

#endif
