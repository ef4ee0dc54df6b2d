/* tests/fuzz/each_op.c: the driver of fuzz_ops without a fuzzer: every row of the operator table, each with a number of
 * random inputs from a fixed sequence. `each_op ROUNDS` */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/op.h"
#include "tests/fuzz/mutate.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

enum { ARGUMENT_BYTES = 96, MOST_NAME = 256 };

static uint64_t state = 88172645463325252u;

/* Only fuzz_ops' mutator asks for it, and nobody asks that. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t cap)
{
    (void)data, (void)cap;
    return n;
}

/* Small bytes are frequent: they stand for plain values. */
static uint8_t random_byte(void)
{
    uint64_t random = next_random(&state);
    return random % 3 ? (uint8_t)(random >> 8 & 7) : (uint8_t)(random >> 8);
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
    uint8_t input[MOST_NAME + ARGUMENT_BYTES];
    for (int id = 1; id < OP__COUNT; id++) {
        const char *overload = op_overload((op_id)id);
        int n = snprintf((char *)input, MOST_NAME, "%s%s%s\n\n", op_name((op_id)id), *overload ? "." : "", overload);
        for (long k = 0; n < MOST_NAME && k < rounds; k++) {
            for (int i = 0; i < ARGUMENT_BYTES; i++)
                input[n + i] = random_byte();
            LLVMFuzzerTestOneInput(input, (size_t)n + ARGUMENT_BYTES);
        }
    }
    printf("%d passed, 0 failed\n", OP__COUNT - 1);
    return 0;
}
