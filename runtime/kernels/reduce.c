/* The reduction engine; see reduce.h.
 *
 * The tensor's dimensions are split into kept and reduced ones. If memory runs along a kept dimension, a
 * tile of neighbouring results is accumulated row by row; otherwise each result folds its own elements, cut
 * into chunks so that one long reduction also runs on several threads. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/reduce.h"

#include "base/alloc.h"
#include "runtime/device/device.h"

#include <string.h>

const fold *fold_get(fold_id id)
{
#ifdef TJS_X86_LEVELS
    const cpu_level level = cpu_get_level();
    if (level >= CPU_V4) return &reduce_folds_v4[id];
    if (level >= CPU_V3) return &reduce_folds_v3[id];
#endif
    return &reduce_folds_base[id];
}

dtype reduce_compute(dtype d)
{
    return dtype_is_complex(d) ? DTYPE_complex128 : dtype_is_float(d) ? DTYPE_float64 : DTYPE_int64;
}

/* ---- dimensions ------------------------------------------------------------------------------ */
bool dim_set_of_list(op_ctx *cx, const tensor *t, jit_value dims, dim_set *ret)
{
    int n;
    const int64_t *at = arg_ints(dims, &n);
    dim_set set = 0;
    if (n == 0) {
        *ret = dim_set_all(t);
        return true;
    }
    for (int i = 0; i < n; i++) {
        int dim;
        if (!wrap_dim(cx, at[i], t->n_dims, &dim)) return false;
        if (set >> dim & 1) return OP_FAIL(cx, "dim %d appears multiple times in the list of dims", dim);
        set |= (dim_set)1 << dim;
    }
    *ret = set;
    return true;
}

bool dim_set_of_int(op_ctx *cx, const tensor *t, int64_t dim, dim_set *ret)
{
    int wrapped;
    if (!wrap_dim(cx, dim, t->n_dims, &wrapped)) return false;
    *ret = (dim_set)1 << wrapped;
    return true;
}

int reduced_sizes(const tensor *t, dim_set dims, bool keepdim, int64_t *ret)
{
    int n = 0;
    for (int i = 0; i < t->n_dims; i++) {
        if (!(dims >> i & 1)) ret[n++] = t->sizes[i];
        else if (keepdim) ret[n++] = 1;
    }
    return n;
}

tensor *make_reduced(op_ctx *cx, const tensor *t, dim_set dims, bool keepdim, dtype d)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    const int n = reduced_sizes(t, dims, keepdim, sizes);
    return make_tensor(cx, d, sizes, n);
}

int64_t reduced_count(const tensor *t, dim_set dims)
{
    int64_t n = 1;
    for (int i = 0; i < t->n_dims; i++)
        if (dims >> i & 1) n *= t->sizes[i];
    return n;
}

/* ---- spans: some dimensions of a tensor, merged where memory allows ---------------------------- */
typedef struct span {
    int n_dims;                     /* at least 1; outermost first */
    int64_t n, sizes[TENSOR_MAX_DIMS + 1], strides[TENSOR_MAX_DIMS + 1]; /* bytes */
} span;

static span span_of(const tensor *t, dim_set dims)
{
    const int64_t bytes = (int64_t)dtype_size(tensor_dtype(t));
    span s = { .n_dims = 1, .n = 1, .sizes = { 1 }, .strides = { 0 } };
    for (int i = 0; i < t->n_dims; i++) {
        if (!(dims >> i & 1)) continue;
        const int last = s.n_dims - 1;
        const int64_t size = t->sizes[i], stride = t->strides[i] * bytes;
        s.n *= size;
        if (size == 1) continue;
        if (s.sizes[last] == 1 || s.strides[last] == size * stride) {
            s.sizes[last] *= size;
            s.strides[last] = stride;
        } else {
            s.sizes[s.n_dims] = size;
            s.strides[s.n_dims++] = stride;
        }
    }
    return s;
}

/* Byte offset of element k, and how many elements follow it in its innermost run (itself included). */
static int64_t span_offset(const span *s, int64_t k, int64_t *ret_run)
{
    const int last = s->n_dims - 1;
    int64_t offset = 0;
    for (int i = last; i > 0; i--) {
        const int64_t at = k % s->sizes[i];
        if (i == last)
            *ret_run = s->sizes[i] - at;
        offset += at * s->strides[i];
        k /= s->sizes[i];
    }
    if (last == 0)
        *ret_run = s->sizes[0] - k;
    return offset + k * s->strides[0];
}

typedef struct reduction {
    const fold *f;
    const char *data;
    cast_fn cast;
    bool is_float, is_plain;        /* float32 read directly; compute type already */
    size_t acc_bytes;
    int64_t element_bytes, n_chunks, n_tiles;
    span kept, reduced;
    const double *params;
    char *acc;                      /* n_results * n_chunks */
} reduction;

/* A contiguous run of the compute type: in place if it is one, else widened into buffer. */
static const void *widen(const reduction *r, int64_t n, const char *p, int64_t stride, void *buffer)
{
    if (r->is_plain && stride == r->element_bytes) return p;
    r->cast(n, p, stride, buffer, (int64_t)r->acc_bytes);
    return buffer;
}

static void fold_run(const reduction *r, int64_t n, const char *p, int64_t stride, void *acc, double param)
{
    double _Complex buffer[REDUCE_ROW];
    while (n > 0) {
        const int64_t m = n < REDUCE_ROW ? n : REDUCE_ROW;
        if (r->is_float && stride == r->element_bytes)
            r->f->lines_f32(1, m, (const float *)(const void *)p, 0, acc, &param, 0);
        else
            r->f->line(m, widen(r, m, p, stride, buffer), acc, param);
        p += m * stride;
        n -= m;
    }
}

/* Results whose elements are short lines of floats in one piece. */
static bool has_short_lines(const reduction *r)
{
    return r->is_float && r->reduced.n_dims == 1 && r->reduced.n <= REDUCE_ROW && (r->reduced.strides[0] == r->element_bytes || r->reduced.n == 1);
}

static void fold_lines(void *ctx, int64_t begin, int64_t end)
{
    const reduction *r = ctx;
    static const double none;
    const int64_t stride = r->kept.strides[r->kept.n_dims - 1] / r->element_bytes;
    r->f->init(end - begin, r->acc + begin * (int64_t)r->acc_bytes);
    for (int64_t k = begin, run; k < end; k += run) {
        const char *p = r->data + span_offset(&r->kept, k, &run);
        if (run > end - k) run = end - k;
        r->f->lines_f32(run, r->reduced.n, (const float *)(const void *)p, stride, r->acc + k * (int64_t)r->acc_bytes,
                        r->params ? r->params + k : &none, r->params != NULL);
    }
}

/* Chunk `task % n_chunks` of result `task / n_chunks`. */
static void fold_chunks(void *ctx, int64_t begin, int64_t end)
{
    const reduction *r = ctx;
    for (int64_t task = begin; task < end; task++) {
        const int64_t result = task / r->n_chunks;
        int64_t run, k = task % r->n_chunks * REDUCE_CHUNK;
        const int64_t stop = k + REDUCE_CHUNK < r->reduced.n ? k + REDUCE_CHUNK : r->reduced.n;
        const char *base = r->data + span_offset(&r->kept, result, &run);
        void *acc = r->acc + task * (int64_t)r->acc_bytes;
        r->f->init(1, acc);
        while (k < stop) {
            const char *p = base + span_offset(&r->reduced, k, &run);
            if (run > stop - k) run = stop - k;
            fold_run(r, run, p, r->reduced.strides[r->reduced.n_dims - 1], acc, r->params ? r->params[result] : 0);
            k += run;
        }
    }
}

/* Tiles of results that are neighbours in memory. */
static void fold_tiles(void *ctx, int64_t begin, int64_t end)
{
    const reduction *r = ctx;
    const int last = r->kept.n_dims - 1;
    const int64_t width = r->kept.sizes[last], tiles = (width + REDUCE_ROW - 1) / REDUCE_ROW;
    const int64_t row = r->reduced.strides[r->reduced.n_dims - 1];
    double _Complex buffer[REDUCE_ROW];
    for (int64_t tile = begin; tile < end; tile++) {
        const int64_t column = tile % tiles * REDUCE_ROW, first = tile / tiles * width + column;
        const int64_t n = width - column < REDUCE_ROW ? width - column : REDUCE_ROW;
        int64_t run;
        const char *base = r->data + span_offset(&r->kept, first, &run);
        void *acc = r->acc + first * (int64_t)r->acc_bytes;
        const double *params = r->params ? r->params + first : NULL;
        r->f->init(n, acc);
        for (int64_t k = 0; k < r->reduced.n; k += run) {
            const char *p = base + span_offset(&r->reduced, k, &run);
            if (r->is_float && r->kept.strides[last] == r->element_bytes) {
                r->f->rows_f32(n, run, (const float *)(const void *)p, row / r->element_bytes, acc, params, params != NULL);
                continue;
            }
            for (int64_t j = 0; j < run; j++, p += row)
                r->f->rows(n, widen(r, n, p, r->kept.strides[last], buffer), acc, params, params != NULL);
        }
    }
}

/* Do neighbouring results lie closer in memory than neighbouring elements of one result? */
static bool runs_along_kept(const reduction *r)
{
    const int k = r->kept.n_dims - 1, d = r->reduced.n_dims - 1;
    return r->kept.sizes[k] >= 4 && r->kept.strides[k] > 0 &&
           (r->kept.strides[k] < r->reduced.strides[d] || r->reduced.n < 4);
}

static void merge_chunks(const reduction *r)
{
    for (int64_t k = 0; k < r->kept.n && r->n_chunks > 1; k++) {
        char *from = r->acc + k * r->n_chunks * (int64_t)r->acc_bytes;
        for (int64_t c = 1; c < r->n_chunks; c++) r->f->merge(1, from + c * (int64_t)r->acc_bytes, from);
        memmove(r->acc + k * (int64_t)r->acc_bytes, from, r->acc_bytes);
    }
}

void *reduce_run(op_ctx *cx, tensor *t, dim_set dims, fold_id id, const double *params)
{
    const dtype d = tensor_dtype(t);
    reduction r = { .f = fold_get(id), .data = tensor_data(t), .params = params };
    r.cast = cast_find(d, r.f->compute);
    r.is_float = d == DTYPE_float32 && r.f->lines_f32;
    r.is_plain = d == r.f->compute;
    r.acc_bytes = dtype_size(r.f->compute);
    r.element_bytes = (int64_t)dtype_size(d);
    r.kept = span_of(t, ~dims);
    r.reduced = span_of(t, dims);
    const bool by_tiles = runs_along_kept(&r);
    r.n_chunks = by_tiles || r.reduced.n == 0 ? 1 : (r.reduced.n + REDUCE_CHUNK - 1) / REDUCE_CHUNK;
    r.acc = mem_alloc((size_t)(r.kept.n * r.n_chunks + 1) * r.acc_bytes);
    if (!r.acc) {
        op_no_memory(cx);
        return NULL;
    }
    if (r.kept.n == 0) return r.acc;
    if (by_tiles) {
        const int64_t width = r.kept.sizes[r.kept.n_dims - 1], tiles = (width + REDUCE_ROW - 1) / REDUCE_ROW;
        const int64_t cost = r.reduced.n * (width < REDUCE_ROW ? width : REDUCE_ROW);
        par_for(r.kept.n / width * tiles, REDUCE_CHUNK / (cost + 1) + 1, fold_tiles, &r);
        return r.acc;
    }
    const int64_t cost = r.reduced.n / r.n_chunks;
    par_for(r.kept.n * r.n_chunks, REDUCE_CHUNK / (cost + 1) + 1, has_short_lines(&r) ? fold_lines : fold_chunks, &r);
    merge_chunks(&r);
    return r.acc;
}

void store_accumulators(tensor *t, const void *acc, dtype compute)
{
    const dtype d = tensor_dtype(t);
    cast_find(compute, d)(t->numel, acc, (int64_t)dtype_size(compute), tensor_data(t), (int64_t)dtype_size(d));
}

tensor *reduce_to(op_ctx *cx, tensor *t, dim_set dims, bool keepdim, fold_id id, dtype d)
{
    tensor *result = make_reduced(cx, t, dims, keepdim, d);
    void *acc = result ? reduce_run(cx, t, dims, id, NULL) : NULL;
    if (!acc) {
        tensor_unref(result);
        return NULL;
    }
    store_accumulators(result, acc, fold_get(id)->compute);
    mem_free(acc);
    return result;
}

/* ---- lines ----------------------------------------------------------------------------------- */
lines lines_of(const tensor *t, int dim)
{
    const int64_t bytes = (int64_t)dtype_size(tensor_dtype(t));
    lines l = { .data = tensor_data(t), .d = tensor_dtype(t), .n = 1, .length = 1, .stride = bytes };
    for (int i = 0; i < t->n_dims; i++) {
        if (i == dim) {
            l.length = t->sizes[i];
            l.stride = t->strides[i] * bytes;
            continue;
        }
        l.n *= t->sizes[i];
        l.sizes[l.n_dims] = t->sizes[i];
        l.strides[l.n_dims++] = t->strides[i] * bytes;
    }
    return l;
}

char *lines_at(const lines *l, int64_t k)
{
    char *p = l->data;
    for (int i = l->n_dims - 1; i >= 0 && k > 0; i--) {
        p += k % l->sizes[i] * l->strides[i];
        k /= l->sizes[i];
    }
    return p;
}

bool lines_are_neighbours(const lines *l, int64_t k, int64_t m)
{
    const int last = l->n_dims - 1;
    const int64_t bytes = (int64_t)dtype_size(l->d);
    return m > 1 && last >= 0 && l->stride != bytes && l->strides[last] == bytes && k % l->sizes[last] + m <= l->sizes[last];
}

void lines_load(const lines *l, int64_t k, int64_t m, dtype d, void *to)
{
    const cast_fn cast = cast_find(l->d, d);
    const int64_t from_bytes = (int64_t)dtype_size(l->d), bytes = (int64_t)dtype_size(d);
    if (lines_are_neighbours(l, k, m)) {
        const char *from = lines_at(l, k);
        for (int64_t i = 0; i < l->length; i++)
            cast(m, from + i * l->stride, from_bytes, (char *)to + i * bytes, l->length * bytes);
        return;
    }
    for (int64_t j = 0; j < m; j++)
        cast(l->length, lines_at(l, k + j), l->stride, (char *)to + j * l->length * bytes, bytes);
}

void lines_store(const lines *l, int64_t k, int64_t m, dtype d, const void *from)
{
    const cast_fn cast = cast_find(d, l->d);
    const int64_t to_bytes = (int64_t)dtype_size(l->d), bytes = (int64_t)dtype_size(d);
    if (lines_are_neighbours(l, k, m)) {
        char *to = lines_at(l, k);
        for (int64_t i = 0; i < l->length; i++)
            cast(m, (const char *)from + i * bytes, l->length * bytes, to + i * l->stride, to_bytes);
        return;
    }
    for (int64_t j = 0; j < m; j++)
        cast(l->length, (const char *)from + j * l->length * bytes, bytes, lines_at(l, k + j), l->stride);
}
