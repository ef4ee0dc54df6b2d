/* tests/fuzz/driver.c: runs a fuzz target over files without a fuzzer: each whole, then changed by the target's mutator
 * with a fixed random sequence. `driver ROUNDS FILE…` */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/mutate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static uint64_t state = 88172645463325252u;

/* What libFuzzer offers to mutators: change a few bytes: overwrite, copy a piece elsewhere, or cut the end. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t cap)
{
    static const char interesting[] = "()[]{}:,.=+-*/%@\n\t \"'#0129xTe\\\0\xff";
    if (!n && cap)
        data[n++] = '0';
    for (uint64_t i = 1 + next_random(&state) % 8; i-- && n;) {
        size_t at = next_random(&state) % n, by = next_random(&state) % n, len = next_random(&state) % 16;
        if (next_random(&state) % 3 == 0 && at + len < n && by + len < n)
            memmove(data + at, data + by, len);
        else
            data[at] = (uint8_t)interesting[next_random(&state) % (sizeof interesting - 1)];
    }
    return next_random(&state) % 8 ? n : next_random(&state) % (n + 1);
}

/* The same file, changed once or a few times over. */
static size_t mutate(const uint8_t *from, size_t n, uint8_t *to, size_t cap)
{
    memcpy(to, from, n);
    for (uint64_t i = 1 + next_random(&state) % 4; i-- && n;)
        n = LLVMFuzzerCustomMutator(to, n, cap, (unsigned)next_random(&state));
    return n;
}

static int run_file(const char *path, long rounds)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    enum { MOST = 1 << 16 };
    uint8_t *bytes = malloc(MOST), *changed = malloc(MOST);
    size_t n = bytes && changed ? fread(bytes, 1, MOST, f) : 0;
    fclose(f);
    if (n)
        LLVMFuzzerTestOneInput(bytes, n);
    for (long i = 0; n && i < rounds; i++)
        LLVMFuzzerTestOneInput(changed, mutate(bytes, n, changed, MOST));
    free(bytes);
    free(changed);
    return n ? 0 : 1;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;
    for (int i = 2; i < argc; i++) {
        if (run_file(argv[i], strtol(argv[1], NULL, 10)))
            failed++;
        else
            passed++;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
