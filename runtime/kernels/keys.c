/* Elements as order-preserving integers, and sorting them; see keys.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/keys.h"

#include "base/block.h"

#include <string.h>

void keys_load(dtype d, int64_t n, const char *p, int64_t stride, int64_t nan_key, int64_t *ret)
{
    if (!dtype_is_float(d)) {
        cast_find(d, DTYPE_int64)(n, p, stride, (char *)ret, sizeof *ret);
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

/* Byte by byte from the lowest; bytes that all keys share (float32 has half of them as a float64) cost nothing. */
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
    if (descending) // reversing the order of keys keeps the sort stable; ~ maps the extremes to each other
        for (int64_t i = 0; i < n; i++) at[i].key = ~at[i].key;
    if (n < RADIX_MIN || n > UINT32_MAX) merge_sort(at, n, scratch);
    else radix_sort(at, n, scratch);
    if (descending)
        for (int64_t i = 0; i < n; i++) at[i].key = ~at[i].key;
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
