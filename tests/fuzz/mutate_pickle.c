/* tests/fuzz/mutate_pickle.c: changes of pickles that stay close to pickles: operations are inserted, overwritten and
 * repeated. Any bytes come from the fuzzer's own mutator. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/mutate.h"

#include <string.h>

#define PIECE(s) { s, sizeof(s) - 1 }
static const struct { const char *s; size_t n; } pieces[] = {
    PIECE("("), PIECE("t"), PIECE("l"), PIECE("d"), PIECE("]"), PIECE("}"), PIECE(")"), PIECE("a"), PIECE("e"), PIECE("s"),
    PIECE("u"), PIECE("R"), PIECE("b"), PIECE("Q"), PIECE("N"), PIECE("."), PIECE("\x81"), PIECE("\x85"), PIECE("\x86"),
    PIECE("\x87"), PIECE("\x88"), PIECE("h\0"), PIECE("h\1"), PIECE("q\0"), PIECE("q\1"), PIECE("K\2"), PIECE("M\0\1"),
    PIECE("J\xff\xff\xff\xff"), PIECE("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"), PIECE("\x8a\x08\0\0\0\0\0\0\0\x20"),
    PIECE("G\x7f\xf8\0\0\0\0\0\0"), PIECE("X\1\0\0\0w"), PIECE("X\xff\xff\xff\x7f"), PIECE("X\x09\0\0\0List[int]"),
    PIECE("c__torch__\nT\n"), PIECE("ctorch\nLongStorage\n"), PIECE("ctorch._utils\n_rebuild_tensor_v2\n"),
    PIECE("ctorch._utils\n_rebuild_parameter\n"), PIECE("ctorch.jit._pickle\nrestore_type_tag\n"),
    PIECE("ctorch.jit._pickle\nbuild_tensorlist\n"), PIECE("ccollections\nOrderedDict\n"), PIECE("ctorch\nSize\n"),
    PIECE("cbuiltins\ncomplex\n"), PIECE("ctorch\ndevice\n"), PIECE("cos\nsystem\n"),
};

static size_t insert(uint8_t *data, size_t n, size_t cap, size_t at, const void *piece, size_t n_piece)
{
    if (n_piece > cap - n)
        return n;
    memmove(data + at + n_piece, data + at, n - at);
    memcpy(data + at, piece, n_piece);
    return n + n_piece;
}

size_t mutate_pickle(uint8_t *data, size_t n, size_t cap, unsigned seed)
{
    uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
    const size_t at = n ? (size_t)(random >> 40) % n : 0;
    const size_t which = (size_t)(random >> 20) % (sizeof pieces / sizeof *pieces);
    switch ((random >> 60) % 4) {
    case 0:
        return LLVMFuzzerMutate(data, n, cap);
    case 1: // overwrite
        if (pieces[which].n <= n - at)
            memcpy(data + at, pieces[which].s, pieces[which].n);
        return n;
    case 2: { // repeat what stands there
        uint8_t copy[32];
        const size_t n_copy = n - at < sizeof copy ? n - at : sizeof copy;
        memcpy(copy, data + at, n_copy);
        return insert(data, n, cap, at, copy, n_copy);
    }
    default:
        return insert(data, n, cap, at, pieces[which].s, pieces[which].n);
    }
}
