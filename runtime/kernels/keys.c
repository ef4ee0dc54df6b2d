/* Elements as order-preserving integers, and sorting them; see keys.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/keys.h"

#include "base/block.h"

#include <string.h>

/* float32 has keys of 32 bits, which sort faster. */
static void load_singles(int64_t n, const char *p, int64_t stride, int64_t nan_key, int64_t *ret)
{
    for (int64_t i = 0; i < n; i++, p += stride) {
        float x;
        int32_t bits;
        memcpy(&x, p, sizeof x);
        x = x == 0 ? 0 : x;
        memcpy(&bits, &x, sizeof bits);
        bits ^= bits >> 31 & INT32_MAX;
        ret[i] = x != x ? nan_key : bits;
    }
}

void keys_load(dtype d, int64_t n, const char *p, int64_t stride, int64_t nan_key, int64_t *ret)
{
    if (!dtype_is_float(d)) {
        cast_find(d, DTYPE_int64)(n, p, stride, (char *)ret, sizeof *ret);
        return;
    }
    if (d == DTYPE_float32) {
        load_singles(n, p, stride, nan_key, ret);
        return;
    }
    cast_find(d, DTYPE_float64)(n, p, stride, (char *)ret, sizeof *ret);
    for (int64_t i = 0; i < n; i++) {
        double x;
        int64_t bits;
        memcpy(&x, &ret[i], sizeof x);
        x = x == 0 ? 0 : x;
        memcpy(&bits, &x, sizeof bits);
        bits ^= bits >> 63 & INT64_MAX;
        ret[i] = x != x ? nan_key : bits;
    }
}

static void insertion_sort(key_index *at, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const key_index x = at[i];
        int64_t k = i;
        for (; k > 0 && at[k - 1].key > x.key; k--) at[k] = at[k - 1];
        at[k] = x;
    }
}

static void merge_runs(const key_index *from, int64_t middle, int64_t n, key_index *to)
{
    int64_t a = 0, b = middle;
    for (int64_t k = 0; k < n; k++) {
        const bool takes_a = b >= n || (a < middle && from[a].key <= from[b].key);
        to[k] = from[takes_a ? a++ : b++];
    }
}

static void merge_sort(key_index *at, int64_t n, key_index *scratch)
{
    enum { RUN = 16 };
    for (int64_t i = 0; i < n; i += RUN) insertion_sort(at + i, n - i < RUN ? n - i : RUN);
    key_index *from = at, *to = scratch;
    for (int64_t width = RUN; width < n; width *= 2) {
        for (int64_t i = 0; i < n; i += 2 * width) {
            const int64_t m = n - i < 2 * width ? n - i : 2 * width;
            merge_runs(from + i, width < m ? width : m, m, to + i);
        }
        key_index *swap = from;
        from = to;
        to = swap;
    }
    if (from != at) memcpy(at, from, (size_t)n * sizeof *at);
}

/* ---- keys of a narrow range -------------------------------------------------------------------------- */
/* Where no two keys are 2^32 apart, a key's distance from the least one and its index share a word: half the memory to
 * move, and no digits without a meaning. KEY_NAN comes right behind the greatest. */
typedef struct narrow {
    int64_t least;
    uint64_t range;
    bool descending;
} narrow;

enum { MAX_DIGITS = 4, MAX_DIGIT_BITS = 11, INDEX_BITS = 32 };

static bool find_range(const key_index *at, int64_t n, narrow *ret)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (int64_t i = 0; i < n; i++) {
        const int64_t key = at[i].key;
        least = key < least ? key : least;
        most = key > most && key != KEY_NAN ? key : most;
    }
    if (most < least) most = least = 0; // NaN alone
    ret->least = least;
    ret->range = (uint64_t)most - (uint64_t)least;
    return ret->range < UINT32_MAX;
}

static void pack(const narrow *k, const key_index *at, int64_t n, uint64_t *ret)
{
    for (int64_t i = 0; i < n; i++) {
        const uint64_t code = at[i].key == KEY_NAN ? k->range + 1 : (uint64_t)at[i].key - (uint64_t)k->least;
        ret[i] = (k->descending ? k->range + 1 - code : code) << INDEX_BITS | (uint64_t)at[i].index;
    }
}

static void unpack(const narrow *k, const uint64_t *words, int64_t n, key_index *ret)
{
    for (int64_t i = 0; i < n; i++) {
        const uint64_t word = words[i] >> INDEX_BITS, code = k->descending ? k->range + 1 - word : word;
        ret[i].key = code > k->range ? KEY_NAN : (int64_t)((uint64_t)k->least + code);
        ret[i].index = (int64_t)(words[i] & UINT32_MAX);
    }
}

static void place_digit(const uint64_t *from, int64_t n, int shift, int bits, uint32_t *counts, uint64_t *to)
{
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    uint32_t sum = 0;
    for (uint64_t v = 0; v <= mask; v++) {
        const uint32_t count = counts[v];
        counts[v] = sum;
        sum += count;
    }
    for (int64_t i = 0; i < n; i++) to[counts[from[i] >> shift & mask]++] = from[i];
}

/* Stable, by the code of n_bits above the index. The result is one of the two. */
static uint64_t *sort_words(uint64_t *from, int64_t n, int n_bits, uint64_t *to)
{
    uint32_t counts[MAX_DIGITS][1 << MAX_DIGIT_BITS];
    const int most = n < 1 << 14 ? 8 : MAX_DIGIT_BITS, n_digits = (n_bits + most - 1) / most;
    const int bits = n_digits ? (n_bits + n_digits - 1) / n_digits : 0;
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    for (int d = 0; d < n_digits; d++) memset(counts[d], 0, sizeof **counts << bits);
    for (int64_t i = 0; i < n; i++)
        for (int d = 0; d < n_digits; d++) counts[d][from[i] >> (INDEX_BITS + d * bits) & mask]++;
    for (int d = 0; d < n_digits; d++) {
        place_digit(from, n, INDEX_BITS + d * bits, bits, counts[d], to);
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static bool sort_narrow(key_index *at, int64_t n, bool descending, key_index *scratch)
{
    narrow k = { .descending = descending };
    if (!find_range(at, n, &k)) return false;
    uint64_t *words = (uint64_t *)scratch; // two for each
    pack(&k, at, n, words);
    unpack(&k, sort_words(words, n, 64 - __builtin_clzll(k.range + 1), words + n), n, at);
    return true;
}

/* ---- any keys ------------------------------------------------------------------------------------------ */
/* Byte by byte from the lowest; bytes that all keys share cost nothing. */
static void radix_sort(key_index *at, int64_t n, key_index *scratch)
{
    enum { DIGITS = sizeof(int64_t), VALUES = 256 };
    uint32_t counts[DIGITS][VALUES] = { 0 };
    for (int64_t i = 0; i < n; i++) {
        const uint64_t key = (uint64_t)at[i].key ^ (uint64_t)1 << 63; // signed order
        for (int d = 0; d < DIGITS; d++) counts[d][key >> (8 * d) & (VALUES - 1)]++;
    }
    key_index *from = at, *to = scratch;
    for (int d = 0; d < DIGITS; d++) {
        const uint64_t flip = d == DIGITS - 1 ? 0x80 : 0;
        if (counts[d][((uint64_t)from[0].key >> (8 * d) & (VALUES - 1)) ^ flip] == n) continue;
        uint32_t begins[VALUES], sum = 0;
        for (int v = 0; v < VALUES; v++) {
            begins[v] = sum;
            sum += counts[d][v];
        }
        for (int64_t i = 0; i < n; i++) to[begins[((uint64_t)from[i].key >> (8 * d) & (VALUES - 1)) ^ flip]++] = from[i];
        key_index *swap = from;
        from = to;
        to = swap;
    }
    if (from != at) memcpy(at, from, (size_t)n * sizeof *at);
}

void keys_sort(key_index *at, int64_t n, bool descending, key_index *scratch)
{
    enum { RADIX_MIN = 400 };
    const bool is_radix = n >= RADIX_MIN && n <= UINT32_MAX;
    if (is_radix && sort_narrow(at, n, descending, scratch)) return;
    if (descending) // reversing the order of keys keeps the sort stable; ~ maps the extremes to each other
        for (int64_t i = 0; i < n; i++) at[i].key = ~at[i].key;
    if (is_radix) radix_sort(at, n, scratch);
    else merge_sort(at, n, scratch);
    if (descending)
        for (int64_t i = 0; i < n; i++) at[i].key = ~at[i].key;
}

#define GATHER(T)                                                                                             \
    for (int64_t j = 0; j < n; j++) *(T *)(void *)(to + j * to_stride) = *(const T *)(const void *)(from + sorted[j].index * stride);

void select_store_sorted(const select_task *s, int64_t k, const key_index *sorted, int64_t n)
{
    const int64_t to_stride = s->values.stride, stride = s->in.stride, index_stride = s->indices.stride;
    const char *from = lines_at(&s->in, k);
    char *to = lines_at(&s->values, k), *index_to = lines_at(&s->indices, k);
    switch (dtype_size(s->in.d)) {
    case 1: GATHER(uint8_t) break;
    case 2: GATHER(uint16_t) break;
    case 4: GATHER(uint32_t) break;
    default: GATHER(uint64_t) // complex numbers have no order
    }
    for (int64_t j = 0; j < n; j++) *(int64_t *)(void *)(index_to + j * index_stride) = sorted[j].index;
}

static void run_lines(void *ctx, int64_t begin, int64_t end)
{
    select_task *s = ctx;
    const int64_t n = s->in.length;
    int64_t *keys = block_alloc((size_t)n * sizeof *keys);
    key_index *work = block_alloc((size_t)n * 2 * sizeof *work);
    if (!keys || !work) s->failed = true;
    for (int64_t k = begin; k < end && keys && work; k++) {
        keys_load(s->in.d, n, lines_at(&s->in, k), s->in.stride, s->nan_key, keys);
        s->line(s, k, keys, work);
    }
    block_free(keys, (size_t)n * sizeof *keys);
    block_free(work, (size_t)n * 2 * sizeof *work);
}

bool select_run(op_ctx *cx, select_task *s)
{
    s->failed = false;
    par_for(s->in.n, lines_grain(&s->in), run_lines, s);
    return !s->failed || op_no_memory(cx);
}
