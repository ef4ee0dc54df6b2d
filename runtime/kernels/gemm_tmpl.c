/* Matrix product, built once per element type and instruction set with GEMM_TYPE, GEMM_NAME, GEMM_BYTES (of a vector)
 * and GEMM_ROWS (of a register tile) set.
 *
 * The classic scheme (Goto, van de Geijn, "Anatomy of high-performance matrix multiplication"): blocks of b, then
 * of a, are packed so that the innermost loop walks both forwards; a tile of GEMM_ROWS by two vectors of c stays in
 * registers. Each element of c is summed along k in one go, whatever the number of threads, as oneDNN does, so that
 * it does not matter who multiplies. Products with a vector are bound by memory and take two simple loops instead. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/gemm.h"

#include "base/alloc.h"
#include "base/block.h"

#include <string.h>

typedef GEMM_TYPE T;
typedef T vec __attribute__((vector_size(GEMM_BYTES), aligned(sizeof(T)), may_alias));
typedef T four __attribute__((vector_size(4 * sizeof(T)), aligned(sizeof(T)), may_alias));
enum {
    LANES = GEMM_BYTES / (int)sizeof(T),
    MR = GEMM_ROWS,
    LOW = MR * 2 / 3, // rows of a lower tile
    NR = 2 * LANES,
    KC = 256,
    MC = MR * 12,
    NC = NR * 32,
};

static inline vec load(const T *p)
{
    return *(const vec *)(const void *)p;
}

static inline void store(T *p, vec v)
{
    *(vec *)(void *)p = v;
}

/* (A vector wider than the instruction set is not to be passed to a function.) */
#define FOUR(p) (*(four *)(void *)(p))

/* ---- the register tile -------------------------------------------------------------------------- */
/* out[rows, NR] = packed a times packed b, or += where it is not the first; rows is a constant where this is built */
static inline __attribute__((always_inline)) void tile_of(int rows, bool is_first, int64_t k, const T *a, const T *b, T *out)
{
    vec sum[MR][2];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        sum[i][0] = is_first ? (vec){ 0 } : load(out + i * NR);
        sum[i][1] = is_first ? (vec){ 0 } : load(out + i * NR + LANES);
    }
    for (int64_t p = 0; p < k; p++, a += rows, b += NR) {
        const vec b0 = load(b), b1 = load(b + LANES);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            sum[i][0] += a[i] * b0;
            sum[i][1] += a[i] * b1;
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        store(out + i * NR, sum[i][0]);
        store(out + i * NR + LANES, sum[i][1]);
    }
}

static void tile(int64_t rows, bool is_first, int64_t k, const T *a, const T *b, T *out)
{
    if (rows == MR) tile_of(MR, is_first, k, a, b, out);
    else tile_of(LOW, is_first, k, a, b, out);
}

/* How many rows a tile has, so that few of m rows are filled up with zeros. */
static int64_t tile_rows(int64_t m)
{
    return (m + LOW - 1) / LOW * LOW < (m + MR - 1) / MR * MR ? LOW : MR;
}

static void pack_a(int64_t rows, int64_t m, int64_t k, const T *a, int64_t row, int64_t column, T *to)
{
    for (int64_t i = 0; i < m; i += rows)
        for (int64_t p = 0; p < k; p++, to += rows)
            for (int64_t r = 0; r < rows; r++) to[r] = i + r < m ? a[(i + r) * row + p * column] : 0;
}

/* Four rows become four columns. */
static inline __attribute__((always_inline)) void turn_four(four rows[4])
{
    four mixed[4];
#pragma GCC unroll 4
    for (int i = 0; i < 2; i++) {
        mixed[2 * i] = __builtin_shufflevector(rows[2 * i], rows[2 * i + 1], 0, 4, 1, 5);
        mixed[2 * i + 1] = __builtin_shufflevector(rows[2 * i], rows[2 * i + 1], 2, 6, 3, 7);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 2; i++) {
        rows[2 * i] = __builtin_shufflevector(mixed[i], mixed[i + 2], 0, 1, 4, 5);
        rows[2 * i + 1] = __builtin_shufflevector(mixed[i], mixed[i + 2], 2, 3, 6, 7);
    }
}

/* Pack NR whole columns whose elements are contiguous; returns how many of the k rows. */
static int64_t pack_columns(int64_t k, const T *b, int64_t column, T *to)
{
    int64_t p = 0;
    for (; p + 4 <= k; p += 4)
        for (int64_t r = 0; r < NR; r += 4) {
            four turned[4];
#pragma GCC unroll 4
            for (int64_t i = 0; i < 4; i++) turned[i] = *(const four *)(const void *)(b + p + (r + i) * column);
            turn_four(turned);
#pragma GCC unroll 4
            for (int64_t i = 0; i < 4; i++) FOUR(to + (p + i) * NR + r) = turned[i];
        }
    return p;
}

static void pack_b(int64_t k, int64_t n, const T *b, int64_t row, int64_t column, T *to)
{
    for (int64_t j = 0; j < n; j += NR) {
        int64_t p = row == 1 && n - j >= NR ? pack_columns(k, b + j * column, column, to) : 0;
        to += p * NR;
        for (; p < k; p++, to += NR) {
            if (column == 1 && n - j >= NR) {
                memcpy(to, b + p * row + j, NR * sizeof(T));
                continue;
            }
            for (int64_t r = 0; r < NR; r++) to[r] = j + r < n ? b[p * row + (j + r) * column] : 0;
        }
    }
}

typedef struct block {
    int64_t m, n, k, ldc;           /* of this block of b; all of m */
    const T *a;
    int64_t a_row, a_column;
    const T *packed_b;
    T *c;
    bool is_first;                  /* of the blocks along k: c holds nothing yet */
    _Atomic bool failed;
} block;

/* c's tile [i, j], of `rows` rows: what the blocks of b before gave. */
static void read_tile(const block *x, int64_t i, int64_t j, int64_t rows, T *sums)
{
    const int64_t columns = x->n - j < NR ? x->n - j : NR;
    memset(sums, 0, MR * NR * sizeof(T));
    for (int64_t r = 0; r < rows; r++)
        memcpy(sums + r * NR, x->c + (i + r) * x->ldc + j, (size_t)columns * sizeof(T));
}

static void write_tile(const block *x, const T *sums, int64_t i, int64_t j, int64_t rows)
{
    const int64_t columns = x->n - j < NR ? x->n - j : NR;
    for (int64_t r = 0; r < rows; r++)
        memcpy(x->c + (i + r) * x->ldc + j, sums + r * NR, (size_t)columns * sizeof(T));
}

/* Rows [begin, end) in units of MC. */
static void multiply_rows(void *ctx, int64_t begin, int64_t end)
{
    block *x = ctx;
    const int64_t rows = tile_rows(x->m), first_m = x->m < MC ? (x->m + rows - 1) / rows * rows : MC;
    const size_t n_bytes = sizeof(T) * (size_t)(first_m * x->k);
    T *packed = block_alloc(n_bytes);
    T sums[MR * NR];
    if (!packed) x->failed = true;
    for (int64_t u = begin; u < end && packed; u++) {
        const int64_t first = u * MC, m = x->m - first < MC ? x->m - first : MC;
        pack_a(rows, m, x->k, x->a + first * x->a_row, x->a_row, x->a_column, packed);
        for (int64_t j = 0; j < x->n; j += NR)
            for (int64_t i = 0; i < m; i += rows) {
                const int64_t used = m - i < rows ? m - i : rows;
                if (!x->is_first) read_tile(x, first + i, j, used, sums);
                tile(rows, x->is_first, x->k, packed + i * x->k, x->packed_b + j * x->k, sums);
                write_tile(x, sums, first + i, j, used);
            }
    }
    block_free(packed, n_bytes);
}

static bool multiply_blocks(int64_t m, int64_t n, int64_t k, matrix a, matrix b, T *c)
{
    const T *pa = a.data, *pb = b.data;
    const size_t n_bytes = sizeof(T) * (size_t)(k < KC ? k : KC) * (size_t)(n < NC ? (n + NR - 1) / NR * NR : NC);
    T *packed = block_alloc(n_bytes);
    if (!packed) return false;
    bool ok = true;
    for (int64_t j = 0; j < n && ok; j += NC)
        for (int64_t p = 0; p < k && ok; p += KC) {
            block x = { .m = m, .n = n - j < NC ? n - j : NC, .k = k - p < KC ? k - p : KC, .ldc = n,
                        .a = pa + p * a.column, .a_row = a.row, .a_column = a.column, .packed_b = packed, .c = c + j,
                        .is_first = p == 0 };
            pack_b(x.k, x.n, pb + p * b.row + j * b.column, b.row, b.column, packed);
            par_for((m + MC - 1) / MC, 1, multiply_rows, &x);
            ok = !x.failed;
        }
    block_free(packed, n_bytes);
    return ok;
}

/* ---- few rows ---------------------------------------------------------------------------------------- */
typedef struct row_task {
    int64_t m, n, k;
    const T *a, *b;
    int64_t a_row, b_row, b_column;
    T *c;
} row_task;

static T dot(int64_t n, const T *a, const T *b)
{
    vec s0 = { 0 }, s1 = { 0 }, s2 = { 0 }, s3 = { 0 };
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        s0 += load(a + i) * load(b + i);
        s1 += load(a + i + LANES) * load(b + i + LANES);
        s2 += load(a + i + 2 * LANES) * load(b + i + 2 * LANES);
        s3 += load(a + i + 3 * LANES) * load(b + i + 3 * LANES);
    }
    const vec s = (s0 + s1) + (s2 + s3);
    T sum = 0, tail = 0;
    for (int l = 0; l < LANES; l++) sum += s[l];
    for (; i < n; i++) tail += a[i] * b[i];
    return sum + tail;
}

/* Four of them, with columns that are `column` apart: the lanes of the four sums are added together at once. */
static void dot_four(int64_t n, const T *a, const T *b, int64_t column, T *to)
{
    vec s[4] = { 0 };
    four sums[4], tail = { 0 };
    T lanes[LANES];
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
#pragma GCC unroll 4
        for (int q = 0; q < 4; q++) s[q] += load(a + i) * load(b + q * column + i);
    for (; i < n; i++)
#pragma GCC unroll 4
        for (int q = 0; q < 4; q++) tail[q] += a[i] * b[q * column + i];
#pragma GCC unroll 4
    for (int q = 0; q < 4; q++) {
        store(lanes, s[q]);
        sums[q] = FOUR(lanes);
#pragma GCC unroll 4
        for (int l = 4; l < LANES; l += 4) sums[q] += FOUR(lanes + l);
    }
    turn_four(sums);
    FOUR(to) = (sums[0] + sums[1]) + (sums[2] + sums[3]) + tail;
}

/* Columns of b contiguous: inner products. */
static void dot_columns(void *ctx, int64_t begin, int64_t end)
{
    const row_task *x = ctx;
    int64_t j = begin;
    for (; LANES >= 4 && j + 4 <= end; j += 4)
        for (int64_t i = 0; i < x->m; i++)
            dot_four(x->k, x->a + i * x->a_row, x->b + j * x->b_column, x->b_column, x->c + i * x->n + j);
    for (; j < end; j++)
        for (int64_t i = 0; i < x->m; i++) x->c[i * x->n + j] = dot(x->k, x->a + i * x->a_row, x->b + j * x->b_column);
}

/* Rows of b contiguous: c's row is a sum of b's rows; a strip of columns at a time. */
static void add_rows(void *ctx, int64_t begin, int64_t end)
{
    const row_task *x = ctx;
    for (int64_t i = 0; i < x->m; i++) {
        T *restrict c = x->c + i * x->n;
        memset(c + begin, 0, (size_t)(end - begin) * sizeof(T));
        for (int64_t p = 0; p < x->k; p++) {
            const T f = x->a[i * x->a_row + p];
            const T *restrict b = x->b + p * x->b_row;
            for (int64_t j = begin; j < end; j++) c[j] += f * b[j];
        }
    }
}

bool GEMM_NAME(int64_t m, int64_t n, int64_t k, matrix a, matrix b, void *c)
{
    enum { FEW = 4 };
    if (n == 1 && m > 1) return GEMM_NAME(1, m, k, (matrix){ b.data, b.column, b.row }, (matrix){ a.data, a.column, a.row }, c);
    row_task x = { m, n, k, a.data, b.data, a.row, b.row, b.column, c };
    T *copy = NULL;
    const bool is_dot = b.row == 1, is_few = m <= FEW && (is_dot || b.column == 1) && (a.column == 1 || m == 1);
    if (!is_few && !(m <= FEW && n * k <= 4096)) return multiply_blocks(m, n, k, a, b, c);
    if (a.column != 1) { // the vector, or a small matrix, made contiguous
        copy = mem_alloc((size_t)(m * k) * sizeof(T) + 1);
        if (!copy) return false;
        for (int64_t i = 0; i < m * k; i++) copy[i] = ((const T *)a.data)[i / k * a.row + i % k * a.column];
        x.a = copy;
        x.a_row = k;
    }
    if (is_dot) {
        par_for(n, 65536 / (m * k + 1) + 1, dot_columns, &x);
    } else if (b.column == 1) {
        par_for(n, n * k < 65536 ? n : 512, add_rows, &x);
    } else {
        for (int64_t i = 0; i < m * n; i++) {
            T sum = 0;
            for (int64_t p = 0; p < k; p++) sum += x.a[i / n * x.a_row + p] * x.b[p * b.row + i % n * b.column];
            ((T *)c)[i] = sum;
        }
    }
    mem_free(copy);
    return true;
}
