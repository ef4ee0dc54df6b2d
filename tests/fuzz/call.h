/* tests/fuzz/call.h: how fuzz targets take their input, and run what they compiled or loaded. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_CALL_H
#define FUZZ_CALL_H

#include "jit.h"

#include <stdint.h>

/** Give a target its input in a block of its own, where reading beyond the end is seen, with 256 MiB to use. */
void fuzz_with_input(const uint8_t *data, size_t n_bytes, void (*target)(const uint8_t *data, size_t n_bytes));
/** What a hostile program may use: some 20,000 instructions, 64 MiB, a fifth of a second. */
jit_limits fuzz_limits(void);
/** Call each function of a module, the first twenty, a few times: with an int, a number in a tensor, a text, an empty
 * list, a matrix for every parameter. What they answer is printed to memory, how the last one failed goes to err. */
void fuzz_call_all(jit_module *m, const jit_limits *limits, jit_error *err);

#endif
