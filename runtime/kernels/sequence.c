/* Sequences of different lengths: packed, padded, reduced segment by segment (at/native/PackedSequence.cpp,
 * SegmentReduce.cpp). A packed sequence holds the rows of all sequences time step by time step, longest first. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/formula.h"
#include "runtime/kernels/nn.h"
#include "runtime/kernels/views.h"

#include <math.h>
#include <string.h>

/* ---- packed sequences -------------------------------------------------------------------------- */

static bool check_lengths(op_ctx *cx, const tensor *lengths, const int64_t *n, int64_t batch)
{
    if (lengths->n_dims != 1 || lengths->sizes[0] != batch)
        return OP_FAIL(cx, "Expected `len(lengths)` to be equal to batch_size, but got %lld (batch_size=%lld)",
                       (long long)lengths->numel, (long long)batch);
    if (batch == 0 || n[batch - 1] <= 0)
        return OP_FAIL(cx, "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0");
    for (int64_t i = 1; i < batch; i++)
        if (n[i] > n[i - 1])
            return OP_FAIL(cx, "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
                               "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement "
                               "if you do not need ONNX exportability.");
    return true;
}

/* A tensor seen as rows: everything behind its first n_dims dimensions is one row. */
static int64_t row_bytes(const tensor *t, int n_dims)
{
    return nn_product(t->sizes + n_dims, t->n_dims - n_dims) * (int64_t)dtype_size(tensor_dtype(t));
}

/* How many sequences reach each step, and the rows of all steps. */
static int64_t count_steps(const int64_t *lengths, int64_t batch, int64_t *batch_sizes)
{
    int64_t n_rows = 0, alive = batch;
    for (int64_t step = 0; step < lengths[0]; step++) {
        while (lengths[alive - 1] <= step) alive--;
        batch_sizes[step] = alive;
        n_rows += alive;
    }
    return n_rows;
}

/* input lengths batch_first */
bool op_pack_padded_sequence(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *x = args[0].t, *lengths = args[1].t;
    if (x->numel == 0) return OP_FAIL(cx, "Cannot pack empty tensors.");
    if (x->n_dims < 2) return OP_FAIL(cx, "Expected an input of at least 2 dimensions, but got %d", x->n_dims);
    if (lengths->dtype != DTYPE_int64) return OP_FAIL(cx, "'lengths' argument should be a 1D CPU int64 tensor");
    if (arg_bool(args[2])) x = F_(&f, aten_transpose_int, T_V(x), INT_V(0), INT_V(1));
    x = x ? formula_own(&f, tensor_contiguous(cx, x)) : NULL;
    lengths = formula_own(&f, tensor_contiguous(cx, lengths));
    if (f.failed || !check_lengths(cx, lengths, tensor_data(lengths), x->sizes[1])) return formula_drop(&f);
    const int64_t *n = tensor_data(lengths), bytes = row_bytes(x, 2);
    if (n[0] > x->sizes[0]) {
        OP_FAIL(cx, "Expected sequences of at most %lld steps, but got a length of %lld", (long long)x->sizes[0], (long long)n[0]);
        return formula_drop(&f);
    }
    tensor *batch_sizes = formula_own(&f, make_tensor(cx, DTYPE_int64, n, 1));
    if (f.failed) return formula_drop(&f);
    int64_t sizes[TENSOR_MAX_DIMS] = { count_steps(n, x->sizes[1], tensor_data(batch_sizes)) };
    memcpy(sizes + 1, x->sizes + 2, (x->n_dims - 2) * sizeof *sizes);
    tensor *y = formula_own(&f, make_tensor(cx, tensor_dtype(x), sizes, x->n_dims - 1));
    char *to = y ? tensor_data(y) : NULL;
    for (int64_t step = 0; y && step < n[0]; step++) {
        const size_t part = (size_t)(((int64_t *)tensor_data(batch_sizes))[step] * bytes);
        memcpy(to, (char *)tensor_data(x) + step * x->sizes[1] * bytes, part);
        to += part;
    }
    return formula_give_n(&f, (tensor *[]){ y, batch_sizes }, 2, rets);
}

static bool check_batch_sizes(op_ctx *cx, const tensor *sizes, const tensor *data)
{
    const int64_t *n = tensor_data(sizes);
    int64_t total = 0;
    for (int64_t k = 0; k < sizes->numel; k++) {
        if (n[k] <= 0 || (k > 0 && n[k] > n[k - 1]))
            return OP_FAIL(cx, "batch sizes of a packed sequence must be positive and must not increase");
        total += n[k];
    }
    return total <= data->sizes[0] || OP_FAIL(cx, "a packed sequence of %lld rows cannot hold %lld", (long long)data->sizes[0],
                                              (long long)total);
}

/* data batch_sizes batch_first padding_value total_length */
bool op_pad_packed_sequence(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    if (args[0].t->n_dims < 1 || args[1].t->n_dims != 1 || args[1].t->numel == 0)
        return OP_FAIL(cx, "Expected packed rows and a vector of batch sizes");
    tensor *data = formula_own(&f, tensor_contiguous(cx, args[0].t));
    tensor *batch_sizes = formula_own(&f, tensor_contiguous_as(cx, args[1].t, DTYPE_int64));
    if (f.failed || !check_batch_sizes(cx, batch_sizes, data)) return formula_drop(&f);
    const int64_t *n = tensor_data(batch_sizes), batch = n[0], n_steps = batch_sizes->numel, bytes = row_bytes(data, 1);
    int64_t length = n_steps;
    if (args[4].i > 0) {
        if (args[4].i < n_steps) {
            OP_FAIL(cx, "Expected total_length to be at least the length of the longest sequence in input, but got "
                        "total_length=%lld and max sequence length being %lld", (long long)args[4].i, (long long)n_steps);
            return formula_drop(&f);
        }
        length = args[4].i;
    }
    int64_t sizes[TENSOR_MAX_DIMS + 1] = { length, batch };
    memcpy(sizes + 2, data->sizes + 1, (data->n_dims - 1) * sizeof *sizes);
    tensor *y = data->n_dims < TENSOR_MAX_DIMS ? formula_own(&f, make_tensor(cx, tensor_dtype(data), sizes, data->n_dims + 1)) : NULL;
    tensor *lengths = formula_own(&f, make_tensor(cx, DTYPE_int64, &batch, 1));
    if (!y || f.failed || !tensor_fill(cx, y, args[3])) return formula_drop(&f);
    const char *from = tensor_data(data);
    for (int64_t step = 0; step < n_steps; step++) {
        memcpy((char *)tensor_data(y) + step * batch * bytes, from, (size_t)(n[step] * bytes));
        from += n[step] * bytes;
        for (int64_t k = 0; k < n[step]; k++) ((int64_t *)tensor_data(lengths))[k] = step + 1;
    }
    if (arg_bool(args[2])) y = F_(&f, aten_transpose_int, T_V(y), INT_V(0), INT_V(1));
    return formula_give_n(&f, (tensor *[]){ y, lengths }, 2, rets);
}

/* sequences batch_first padding_value */
bool op_pad_sequence(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    const list *parts = args[0].list;
    if (parts->n == 0) return OP_FAIL(cx, "received an empty list of sequences");
    const tensor *first = parts->values[0].t;
    int64_t longest = 0, sizes[TENSOR_MAX_DIMS + 1];
    for (size_t k = 0; k < parts->n; k++) {
        const tensor *t = parts->values[k].t;
        if (t->n_dims < 1 || t->n_dims != first->n_dims || t->n_dims >= TENSOR_MAX_DIMS)
            return OP_FAIL(cx, "pad_sequence: sequences must have the same number of dimensions, at least one");
        longest = t->sizes[0] > longest ? t->sizes[0] : longest;
    }
    const int time = arg_bool(args[1]) ? 1 : 0;
    sizes[time] = longest;
    sizes[1 - time] = (int64_t)parts->n;
    memcpy(sizes + 2, first->sizes + 1, (first->n_dims - 1) * sizeof *sizes);
    tensor *y = formula_own(&f, make_tensor(cx, tensor_dtype(first), sizes, first->n_dims + 1));
    if (!y || !tensor_fill(cx, y, args[2])) return formula_drop(&f);
    for (size_t k = 0; k < parts->n && !f.failed; k++) {
        tensor *t = parts->values[k].t;
        tensor *slot = F_(&f, aten_select_int, T_V(y), INT_V(1 - time), INT_V((int64_t)k));
        slot = slot ? F_(&f, aten_narrow, T_V(slot), INT_V(0), INT_V(0), INT_V(t->sizes[0])) : NULL;
        if (!slot || !tensor_copy_into(cx, slot, t)) return formula_drop(&f);
    }
    return formula_give(&f, y, rets);
}

/* ---- segments ---------------------------------------------------------------------------------- */

typedef enum segment_kind { SEGMENT_SUM, SEGMENT_MEAN, SEGMENT_MAX, SEGMENT_MIN, SEGMENT_PROD } segment_kind;

static const struct { const char *name; double start; } segment_kinds[] = {
    [SEGMENT_SUM] = { "sum", 0 }, [SEGMENT_MEAN] = { "mean", 0 }, [SEGMENT_MAX] = { "max", -INFINITY },
    [SEGMENT_MIN] = { "min", INFINITY }, [SEGMENT_PROD] = { "prod", 1 },
};

static double segment_step(segment_kind kind, double a, double x)
{
    switch (kind) {
    case SEGMENT_SUM:
    case SEGMENT_MEAN: return a + x;
    case SEGMENT_PROD: return a * x;
    case SEGMENT_MAX: return isnan(x) || isnan(a) ? a + x : a > x ? a : x;
    case SEGMENT_MIN: return isnan(x) || isnan(a) ? a + x : a < x ? a : x;
    }
    return a;
}

/* Borders of the segments of each outer index: n_segments + 1 offsets. NULL: wrong, reported. */
static tensor *segment_borders(formula *f, const jit_value *args, const tensor *data, int axis)
{
    const bool by_length = args[2].tag == VALUE_TENSOR;
    tensor *given = by_length ? args[2].t : arg_tensor(args[4]);
    if (!given) {
        OP_FAIL(f->cx, "segment_reduce(): Either lengths or offsets must be defined.");
        return NULL;
    }
    if (given->n_dims != axis + 1 || (!by_length && given->sizes[axis] < 1)) {
        OP_FAIL(f->cx, "segment_reduce(): Expected axis to be the last dimension of %s", by_length ? "lengths" : "offsets");
        return NULL;
    }
    for (int i = 0; i < axis; i++)
        if (given->sizes[i] != data->sizes[i]) {
            OP_FAIL(f->cx, "segment_reduce(): Expected all dimensions except the last of lengths to match data");
            return NULL;
        }
    tensor *whole = formula_own(f, tensor_contiguous_as(f->cx, given, DTYPE_int64));
    if (!by_length || !whole) return whole;
    int64_t sizes[TENSOR_MAX_DIMS];
    memcpy(sizes, given->sizes, given->n_dims * sizeof *sizes);
    const int64_t n = sizes[axis]++, n_outer = nn_product(sizes, axis);
    tensor *borders = formula_own(f, make_tensor(f->cx, DTYPE_int64, sizes, given->n_dims));
    for (int64_t o = 0; borders && o < n_outer; o++) {
        int64_t *to = (int64_t *)tensor_data(borders) + o * (n + 1), sum = 0;
        const int64_t *from = (const int64_t *)tensor_data(whole) + o * n;
        for (int64_t k = 0; k <= n; k++) {
            to[k] = sum;
            if (k < n && (from[k] < 0 || __builtin_add_overflow(sum, from[k], &sum))) {
                OP_FAIL(f->cx, "lengths contains negative value!");
                return NULL;
            }
        }
        if (sum != data->sizes[axis]) {
            OP_FAIL(f->cx, "segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when !unsafe.");
            return NULL;
        }
    }
    return borders;
}

/* One outer index: x [n, n_inner] into y [n_segments, n_inner]. */
static bool reduce_segments(op_ctx *cx, segment_kind kind, jit_value initial, const int64_t *borders, int64_t n_segments,
                            const double *x, int64_t n, int64_t n_inner, double *y)
{
    const double start = initial.tag == VALUE_NONE ? segment_kinds[kind].start : arg_double(initial);
    for (int64_t s = 0; s < n_segments; s++) {
        const int64_t begin = borders[s], end = borders[s + 1];
        if (begin < 0 || end < begin || end > n) return OP_FAIL(cx, "segment_reduce(): offsets out of order or out of range");
        for (int64_t j = 0; j < n_inner; j++) {
            double a = start;
            for (int64_t i = begin; i < end; i++) a = segment_step(kind, a, x[i * n_inner + j]);
            if (kind == SEGMENT_MEAN && end > begin) a /= (double)(end - begin);
            if (kind == SEGMENT_MEAN && end == begin && initial.tag == VALUE_NONE) a = NAN;
            y[s * n_inner + j] = a;
        }
    }
    return true;
}

/* data reduce lengths? indices? offsets? axis unsafe initial? */
bool op_segment_reduce(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *data = args[0].t;
    int axis, kind = 0;
    if (!nn_check_float(cx, data, "segment_reduce_cpu") || !wrap_dim(cx, args[5].i, data->n_dims, &axis)) return false;
    while (kind <= SEGMENT_PROD && !arg_str_is(args[1], segment_kinds[kind].name)) kind++;
    if (kind > SEGMENT_PROD) return OP_FAIL(cx, "unsupported reduction given! %s", args[1].s->s);
    if (data->numel == 0) return OP_FAIL(cx, "Expected data.numel() > 0");
    if (args[3].tag != VALUE_NONE) return OP_FAIL(cx, "segment_reduce(): indices based reduction is not supported yet.");
    tensor *borders = segment_borders(&f, args, data, axis);
    if (!borders) return formula_drop(&f);
    int64_t sizes[TENSOR_MAX_DIMS];
    memcpy(sizes, data->sizes, data->n_dims * sizeof *sizes);
    sizes[axis] = borders->sizes[axis] - 1;
    const int64_t n_outer = nn_product(sizes, axis), n_inner = nn_product(sizes + axis + 1, data->n_dims - axis - 1);
    tensor *x = formula_own(&f, tensor_contiguous_as(cx, data, DTYPE_float64));
    tensor *y = formula_own(&f, make_tensor(cx, DTYPE_float64, sizes, data->n_dims));
    bool ok = !f.failed;
    for (int64_t o = 0; o < n_outer && ok; o++)
        ok = reduce_segments(cx, (segment_kind)kind, args[7], (const int64_t *)tensor_data(borders) + o * (sizes[axis] + 1),
                             sizes[axis], (const double *)tensor_data(x) + o * data->sizes[axis] * n_inner, data->sizes[axis],
                             n_inner, (double *)tensor_data(y) + o * sizes[axis] * n_inner);
    if (!ok) return formula_drop(&f);
    return formula_give(&f, formula_own(&f, tensor_to(cx, y, tensor_dtype(data))), rets);
}
