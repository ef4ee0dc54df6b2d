/* Gather and scatter over lines; see indexed_lines.h. Indices are checked as they are used: looking at all of them first would
 * read them, the widest of the operands, twice. Lines across memory are walked together, a block of neighbours at a time, so
 * that the block's part of self stays in the cache. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/indexed_lines.h"

#include <string.h>

enum { BLOCK = 32 /* lines walked together */ };

lines lines_under(const tensor *t, const tensor *index, int dim)
{
    lines l = lines_of(t, dim);
    const lines walk = lines_of(index, dim);
    l.n = walk.n;
    for (int i = 0; i < l.n_dims; i++) l.sizes[i] = walk.sizes[i];
    return l;
}

/* n elements. Strides: `along` from one index to the next in self, the others from one element of the run to the next. */
typedef struct run {
    int64_t n, index_stride, along, self_stride, other_stride;
    const char *index;
    char *self, *other;
} run;
typedef void (*run_fn)(const run *r, combine_fn put);

typedef struct walk {
    const indexed_lines *l;
    run_fn move;
    combine_fn put;
    int64_t block_length; /* of lines across memory: elements for one task */
    _Atomic bool failed;
} walk;

/* ---- what happens to the elements of a run ----------------------------------------------------------- */
#define EACH(statement)                                                                                                \
    for (int64_t i = 0; i < r.n; i++) {                                                                                \
        char *self = r.self + *(const int64_t *)(const void *)(r.index + i * r.index_stride) * r.along + i * r.self_stride; \
        char *other = r.other + i * r.other_stride;                                                                    \
        statement;                                                                                                     \
    }
#define MOVES(bytes)                                                                                                   \
    static void gather_##bytes(const run *r_, combine_fn put)                                                          \
    {                                                                                                                  \
        const run r = *r_;                                                                                             \
        EACH(memcpy(other, self, bytes))                                                                               \
    }                                                                                                                  \
    static void set_##bytes(const run *r_, combine_fn put)                                                             \
    {                                                                                                                  \
        const run r = *r_;                                                                                             \
        EACH(memcpy(self, other, bytes))                                                                               \
    }
MOVES(1)
MOVES(2)
MOVES(4)
MOVES(8)
MOVES(16)

static void add_floats(const run *r_, combine_fn put)
{
    const run r = *r_;
    EACH(*(float *)(void *)self += *(const float *)(const void *)other)
}

static void combine_each(const run *r_, combine_fn put)
{
    const run r = *r_;
    EACH(put(1, self, 0, other, 0))
}

static run_fn find_move(size_t bytes, bool is_gather)
{
    switch (bytes) {
    case 1: return is_gather ? gather_1 : set_1;
    case 2: return is_gather ? gather_2 : set_2;
    case 4: return is_gather ? gather_4 : set_4;
    case 8: return is_gather ? gather_8 : set_8;
    default: return is_gather ? gather_16 : set_16;
    }
}

/* ---- the walk ------------------------------------------------------------------------------------------ */
static bool is_in_bounds(const run *r, int64_t size)
{
    bool is_bad = false;
    if (r->index_stride == sizeof(int64_t))
        for (int64_t i = 0; i < r->n; i++) is_bad |= ((const uint64_t *)(const void *)r->index)[i] >= (uint64_t)size;
    else
        for (int64_t i = 0; i < r->n; i++) is_bad |= *(const uint64_t *)(const void *)(r->index + i * r->index_stride) >= (uint64_t)size;
    return !is_bad;
}

static void move_run(walk *w, const run *r)
{
    if (is_in_bounds(r, w->l->self.length)) w->move(r, w->put);
    else w->failed = true;
}

static void walk_along(void *ctx, int64_t begin, int64_t end)
{
    walk *w = ctx;
    const indexed_lines *l = w->l;
    run r = { .n = l->index.length, .index_stride = l->index.stride, .along = l->self.stride, .other_stride = l->other.stride };
    for (int64_t k = begin; k < end; k++) {
        r.index = lines_at(&l->index, k);
        r.self = lines_at(&l->self, k);
        r.other = lines_at(&l->other, k);
        move_run(w, &r);
    }
}

static int64_t count_of(int64_t n, int64_t size) { return (n + size - 1) / size; }

/* A task is a block of neighbouring lines, or a part of their length. */
static void walk_across(void *ctx, int64_t begin, int64_t end)
{
    walk *w = ctx;
    const indexed_lines *l = w->l;
    const int last = l->index.n_dims - 1;
    const int64_t width = l->index.sizes[last], blocks = count_of(width, BLOCK), parts = count_of(l->index.length, w->block_length);
    run r = { .index_stride = l->index.strides[last], .along = l->self.stride, .self_stride = l->self.strides[last],
              .other_stride = l->other.strides[last] };
    for (int64_t task = begin; task < end; task++) {
        const int64_t first = task / parts % blocks * BLOCK, k = task / parts / blocks * width + first;
        const int64_t i = task % parts * w->block_length, rest = l->index.length - i;
        r.n = width - first < BLOCK ? width - first : BLOCK;
        r.index = lines_at(&l->index, k) + i * l->index.stride;
        r.self = lines_at(&l->self, k);
        r.other = lines_at(&l->other, k) + i * l->other.stride;
        for (int64_t j = 0; j < (rest < w->block_length ? rest : w->block_length); j++) {
            move_run(w, &r);
            r.index += l->index.stride;
            r.other += l->other.stride;
        }
    }
}

static bool is_across(const indexed_lines *l)
{
    const int last = l->index.n_dims - 1;
    return last >= 0 && l->index.sizes[last] >= 8 && l->index.strides[last] == sizeof(int64_t) && l->index.stride != sizeof(int64_t);
}

static bool fail_first_bad(op_ctx *cx, const indexed_lines *l)
{
    for (int64_t k = 0; k < l->index.n; k++) {
        const char *p = lines_at(&l->index, k);
        for (int64_t i = 0; i < l->index.length; i++) {
            const int64_t at = *(const int64_t *)(const void *)(p + i * l->index.stride);
            if (at < 0 || at >= l->self.length)
                return OP_FAIL(cx, "index %lld is out of bounds for dimension %d with size %lld", (long long)at, l->dim,
                               (long long)l->self.length);
        }
    }
    return true;
}

static bool run_walk(op_ctx *cx, walk *w)
{
    const lines *index = &w->l->index;
    if (is_across(w->l)) {
        const int64_t width = index->sizes[index->n_dims - 1], parts = count_of(index->length, w->block_length);
        par_for(index->n / width * count_of(width, BLOCK) * parts, 16384 / (w->block_length * BLOCK) + 1, walk_across, w);
    } else {
        par_for(index->n, lines_grain(index), walk_along, w);
    }
    return !w->failed || fail_first_bad(cx, w->l);
}

bool indexed_lines_gather(op_ctx *cx, const indexed_lines *l)
{
    enum { PART = 8192 };
    walk w = { .l = l, .move = find_move(dtype_size(l->self.d), true), .block_length = l->index.length < PART ? l->index.length : PART };
    return run_walk(cx, &w);
}

bool indexed_lines_scatter(op_ctx *cx, const indexed_lines *l, combine how)
{
    const run_fn move = how == COMBINE_SET ? find_move(dtype_size(l->self.d), false)
                      : how == COMBINE_ADD && l->self.d == DTYPE_float32 ? add_floats : combine_each;
    walk w = { .l = l, .move = move, .put = combine_find(how, l->self.d), .block_length = l->index.length };
    return run_walk(cx, &w);
}
