/* Type rules of operators that are about shapes: windows, views, joining, picking, making. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/types.h"

#include <string.h>

/* ---- windows -------------------------------------------------------------------------------------- */

/* Element k of a parameter with one number for all dimensions or one for each; `none` if the list is empty. */
static int64_t each_dim(const known_ints *l, int k, int64_t none)
{
    return l->n == 0 ? none : l->n == 1 ? l->at[0] : k < l->n ? l->at[k] : UNKNOWN_INT;
}

/* Of a size with a symbol: (size + number) // stride + 1. */
static int64_t symbolic_windows(const type_call *c, int64_t size, int64_t number, int64_t stride)
{
    int64_t span = ints_combine(c->walk, OP_aten_add_int, int_of_size(size), number);
    span = stride > 1 ? ints_combine(c->walk, OP_aten_floordiv_int, span, stride) : span;
    return size_of_int(ints_combine(c->walk, OP_aten_add_int, span, 1));
}

static int64_t windows(const type_call *c, int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation, bool is_ceil)
{
    if (size == -1 || kernel < 0 || stride <= 0 || padding < 0 || dilation <= 0)
        return -1;
    if (size < 0)
        return is_ceil ? -1 : symbolic_windows(c, size, 2 * padding - dilation * (kernel - 1) - 1, stride);
    int64_t span = size + 2 * padding - dilation * (kernel - 1) - 1;
    if (span < 0)
        return -1;
    int64_t n = (span + (is_ceil ? stride - 1 : 0)) / stride + 1;
    return is_ceil && (n - 1) * stride >= size + padding ? n - 1 : n;
}

static bool named_ints(const type_call *c, const char *name, known_ints *ret)
{
    int i = call_arg(c, name);
    *ret = (known_ints){ .at = { 1 }, .n = 1 };
    return i < 0 || call_ints(c, i, ret);
}

bool type_rule_convolution(type_call *c)
{
    facts x, w, *out = &c->out[0];
    known_ints stride, padding, dilation;
    if (!call_facts(c, 0, &x) || !call_facts(c, 1, &w))
        return false;
    out->t.dtype = x.t.dtype;
    call_inherit(c, out);
    int n = w.t.rank - 2, batched = x.t.rank - n - 1, transposed = call_arg(c, "transposed");
    if (transposed >= 0 && call_int(c, transposed) != 0)
        return true;
    if (n < 1 || batched < 0 || batched > 1 || !named_ints(c, "stride", &stride) || !named_ints(c, "padding", &padding)
        || !named_ints(c, "dilation", &dilation))
        return true;
    out->t.rank = x.t.rank;
    if (batched)
        out->sizes[0] = x.sizes[0];
    out->sizes[batched] = w.sizes[0];
    for (int k = 0; k < n; k++)
        out->sizes[batched + 1 + k] = windows(c, x.sizes[batched + 1 + k], w.sizes[2 + k], each_dim(&stride, k, 1),
                                              each_dim(&padding, k, 0), each_dim(&dilation, k, 1), false);
    facts_settle(out, facts_is_contiguous(&x) && facts_is_contiguous(&w));
    return true;
}

bool type_rule_convolution_in_any_layout(type_call *c)
{
    if (!type_rule_convolution(c))
        return false;
    c->out[0].t.has_strides = false;
    return true;
}

/* Two numbers for each dimension, the last one first. */
bool type_rule_pad(type_call *c)
{
    facts *out = &c->out[0];
    known_ints by;
    if (!type_rule_same(c))
        return false;
    bool was_contiguous = facts_is_contiguous(out);
    if (!call_symbolic_ints(c, 1, &by) || by.n > 2 * out->t.rank)
        out->t.rank = -1;
    for (int i = 0; i < out->t.rank && 2 * i + 1 < by.n; i++) {
        int64_t *size = &out->sizes[out->t.rank - 1 - i];
        int64_t padded = ints_combine(c->walk, OP_aten_add_int, int_of_size(*size), by.at[2 * i]);
        *size = size_of_int(ints_combine(c->walk, OP_aten_add_int, padded, by.at[2 * i + 1]));
    }
    facts_settle(out, was_contiguous);
    return true;
}

bool type_rule_pool(type_call *c)
{
    facts x, *out = &c->out[0];
    known_ints kernel, stride, padding, dilation;
    int64_t is_ceil = call_int(c, call_arg(c, "ceil_mode"));
    int n = strchr(op_name((op_id)c->n->op), 'd')[-1] - '0';
    if (!call_facts(c, 0, &x))
        return false;
    out->t.dtype = x.t.dtype;
    call_inherit(c, out);
    if (x.t.rank < n || !named_ints(c, "kernel_size", &kernel) || !named_ints(c, "stride", &stride)
        || !named_ints(c, "padding", &padding) || !named_ints(c, "dilation", &dilation) || is_ceil == UNKNOWN_INT)
        return true;
    memcpy(out->sizes, x.sizes, sizeof out->sizes);
    out->t.rank = x.t.rank;
    for (int k = 0; k < n; k++) {
        int64_t size = each_dim(&kernel, k, UNKNOWN_INT);
        out->sizes[x.t.rank - n + k] = windows(c, x.sizes[x.t.rank - n + k], size, each_dim(&stride, k, size),
                                               each_dim(&padding, k, 0), each_dim(&dilation, k, 1), is_ceil != 0);
    }
    facts_settle(out, facts_is_contiguous(&x));
    return true;
}

bool type_rule_adaptive_pool(type_call *c)
{
    known_ints size;
    if (!type_rule_same(c))
        return false;
    facts *out = &c->out[0];
    bool was_contiguous = facts_is_contiguous(out);
    if (!call_ints(c, 1, &size) || out->t.rank < 2) {
        out->t.rank = -1;
        return true;
    }
    for (int k = 0; k < 2; k++) {
        int64_t n = each_dim(&size, k, UNKNOWN_INT);
        out->sizes[out->t.rank - 2 + k] = n >= 0 ? n : -1;
    }
    facts_settle(out, was_contiguous);
    return true;
}

/* ---- views ---------------------------------------------------------------------------------------- */

/* The size that a view leaves open: all elements over those of its other sizes. */
static int64_t open_size(const type_call *c, const facts *f, const facts *out, int open)
{
    int64_t all = f->t.rank < 0 ? -1 : 1, rest = 1;
    for (int i = 0; i < f->t.rank; i++)
        all = call_size(c, OP_aten_mul_int, all, f->sizes[i]);
    for (int i = 0; i < out->t.rank; i++)
        rest = i == open ? rest : call_size(c, OP_aten_mul_int, rest, out->sizes[i]);
    return rest == 0 ? -1 : call_size(c, OP_aten_floordiv_int, all, rest);
}

bool type_rule_view(type_call *c)
{
    known_ints to;
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    facts_take(out, &f);
    out->t.has_strides = false;
    out->t.rank = -1;
    if (!call_symbolic_ints(c, 1, &to) || to.n > FACTS_MAX_RANK)
        return true;
    out->t.rank = to.n;
    for (int i = 0; i < to.n; i++)
        out->sizes[i] = call_natural_size(c, to.at[i]);
    for (int i = 0; i < to.n; i++)
        if (to.at[i] == -1)
            out->sizes[i] = open_size(c, &f, out, i);
    facts_settle(out, facts_is_contiguous(&f));
    return true;
}

bool type_rule_flatten(type_call *c)
{
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    facts_take(out, &f);
    out->t.has_strides = false;
    int64_t from = facts_wrap_dim(call_int(c, 1), f.t.rank), to = facts_wrap_dim(call_int(c, 2), f.t.rank);
    if (from < 0 || to < from) {
        out->t.rank = -1;
        return true;
    }
    for (int64_t i = from + 1; i <= to; i++)
        out->sizes[from] = call_size(c, OP_aten_mul_int, out->sizes[from], f.sizes[i]);
    for (int64_t i = from; i < to; i++)
        facts_drop_dim(out, from + 1);
    facts_settle(out, facts_is_contiguous(&f));
    return true;
}

bool type_rule_unsqueeze(type_call *c)
{
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    facts_take(out, &f);
    int64_t dim = facts_wrap_dim(call_int(c, 1), f.t.rank < 0 ? -1 : f.t.rank + 1);
    if (dim < 0 || !facts_insert_dim(out, dim, 1)) {
        out->t.rank = -1;
        return true;
    }
    bool is_last = dim == f.t.rank;
    out->strides[dim] = is_last ? 1 : facts_mul(f.sizes[dim], f.strides[dim]);
    out->t.has_strides = (f.t.has_strides || f.t.rank == 0) && out->strides[dim] >= 0;
    return true;
}

bool type_rule_squeeze(type_call *c)
{
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    facts_take(out, &f);
    bool has_dim = c->n->n_inputs > 1;
    int64_t dim = has_dim ? facts_wrap_dim(call_int(c, 1), f.t.rank) : 0;
    bool is_known = f.t.rank >= 0 && dim >= 0;
    for (int i = f.t.rank - 1; i >= 0 && is_known; i--) {
        if (has_dim && i != dim)
            continue;
        is_known = f.sizes[i] == 1 || !call_may_be_one(c, f.sizes[i]);
        if (f.sizes[i] == 1)
            facts_drop_dim(out, i);
    }
    if (!is_known)
        out->t.rank = -1;
    return true;
}

/* out dimension i is dimension of[i] of the operand. */
static void reorder(facts *out, const facts *f, const int *of)
{
    for (int i = 0; i < f->t.rank; i++) {
        out->sizes[i] = f->sizes[of[i]];
        out->strides[i] = f->strides[of[i]];
    }
}

static bool permuted(type_call *c, const facts *f, const int *of)
{
    facts_take(&c->out[0], f);
    if (f->t.rank >= 0)
        reorder(&c->out[0], f, of);
    return true;
}

bool type_rule_transpose(type_call *c)
{
    facts f;
    int of[FACTS_MAX_RANK];
    if (!call_facts(c, 0, &f))
        return false;
    bool is_t = c->n->n_inputs == 1;
    int64_t x = is_t ? 0 : facts_wrap_dim(call_int(c, 1), f.t.rank), y = is_t ? f.t.rank - 1 : facts_wrap_dim(call_int(c, 2), f.t.rank);
    if (x < 0 || y < 0) {
        f.t.rank = f.t.rank == 0 ? 0 : -1;
        return permuted(c, &f, of);
    }
    for (int i = 0; i < f.t.rank; i++)
        of[i] = i == x ? (int)y : i == y ? (int)x : i;
    return permuted(c, &f, of);
}

bool type_rule_reverse(type_call *c)
{
    facts f;
    int of[FACTS_MAX_RANK];
    if (!call_facts(c, 0, &f))
        return false;
    for (int i = 0; i < f.t.rank; i++)
        of[i] = f.t.rank - 1 - i;
    return permuted(c, &f, of);
}

bool type_rule_permute(type_call *c)
{
    facts f;
    known_ints dims;
    int of[FACTS_MAX_RANK];
    if (!call_facts(c, 0, &f))
        return false;
    bool is_known = f.t.rank >= 0 && call_ints(c, 1, &dims) && dims.n == f.t.rank;
    for (int i = 0; is_known && i < f.t.rank; i++) {
        int64_t d = facts_wrap_dim(dims.at[i], f.t.rank);
        is_known = d >= 0;
        of[i] = (int)d;
    }
    if (!is_known)
        f.t.rank = -1;
    return permuted(c, &f, of);
}

bool type_rule_expand(type_call *c)
{
    facts f, other, *out = &c->out[0];
    known_ints to;
    if (!call_facts(c, 0, &f))
        return false;
    facts_take(out, &f);
    out->t.has_strides = false;
    bool is_known = call_facts(c, 1, &other) ? other.t.rank >= 0 : call_symbolic_ints(c, 1, &to);
    bool is_as = is_known && c->n->inputs[1]->type->kind == TYPE_TENSOR;
    int rank = !is_known ? -1 : is_as ? other.t.rank : to.n;
    if (rank > FACTS_MAX_RANK || rank < f.t.rank || f.t.rank < 0)
        rank = -1;
    out->t.rank = rank;
    for (int i = 0; i < rank; i++) {
        int64_t have = i < rank - f.t.rank ? 1 : f.sizes[i - (rank - f.t.rank)];
        out->sizes[i] = is_as ? other.sizes[i] : to.at[i] == -1 ? have : call_natural_size(c, to.at[i]);
        int64_t stride = i < rank - f.t.rank ? 0 : f.strides[i - (rank - f.t.rank)];
        out->strides[i] = have == 1 && out->sizes[i] != 1 ? 0 : stride;
        if (i < rank - f.t.rank && out->sizes[i] == 1)
            f.t.has_strides = false;
    }
    out->t.has_strides = f.t.has_strides && rank > 0;
    return true;
}

bool type_rule_repeat(type_call *c)
{
    facts f, *out = &c->out[0];
    known_ints times;
    if (!call_facts(c, 0, &f))
        return false;
    out->t.dtype = f.t.dtype;
    call_inherit(c, out);
    if (f.t.rank < 0 || !call_symbolic_ints(c, 1, &times) || times.n > FACTS_MAX_RANK || times.n < f.t.rank)
        return true;
    out->t.rank = times.n;
    for (int i = 0; i < times.n; i++)
        out->sizes[i] = call_size(c, OP_aten_mul_int, i < times.n - f.t.rank ? 1 : f.sizes[i - (times.n - f.t.rank)],
                                  size_of_int(times.at[i]));
    facts_set_contiguous(out);
    return true;
}

bool type_rule_select(type_call *c)
{
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    facts_take(out, &f);
    int64_t dim = facts_wrap_dim(call_int(c, 1), f.t.rank);
    if (dim < 0)
        out->t.rank = -1;
    else
        facts_drop_dim(out, dim);
    return true;
}

static int64_t clip(int64_t at, int64_t size)
{
    at += at < 0 ? size : 0;
    return at < 0 ? 0 : at > size ? size : at;
}

static int64_t slice_size(const type_call *c, int64_t size)
{
    int end = call_arg(c, "end"), start = call_arg(c, "start"), length = call_arg(c, "length"), step = call_arg(c, "step");
    if (length >= 0)
        return size_of_int(call_symbolic_int(c, length));
    int64_t by = step < 0 ? 1 : call_int(c, step), from = start < 0 ? 0 : call_int(c, start);
    int64_t to = end < 0 ? INT64_MAX : call_symbolic_int(c, end);
    if (by == 1 && from == 0 && size != -1 && (to == INT64_MAX || to == int_of_size(size)))
        return size; // all of it
    if (!int_is_known(to) || size < 0 || by < 1 || from == UNKNOWN_INT)
        return -1;
    from = clip(from, size);
    to = to == INT64_MAX ? size : clip(to, size);
    return to <= from ? 0 : (to - from + by - 1) / by;
}

bool type_rule_slice(type_call *c)
{
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    facts_take(out, &f);
    int64_t dim = facts_wrap_dim(call_int(c, 1), f.t.rank);
    int step = call_arg(c, "step");
    int64_t by = step < 0 ? 1 : call_int(c, step);
    if (dim < 0) { // some dimension gets smaller
        for (int i = 0; i < f.t.rank; i++)
            out->sizes[i] = -1;
        out->t.has_strides = false;
        return true;
    }
    out->sizes[dim] = slice_size(c, f.sizes[dim]);
    out->strides[dim] = facts_mul(f.strides[dim], by);
    out->t.has_strides &= out->strides[dim] >= 0;
    return true;
}

/* ---- joining and picking -------------------------------------------------------------------------- */

bool type_rule_cat(type_call *c)
{
    const ir_value *parts[FACTS_MAX_INTS];
    int n = call_elements(c, 0, parts, FACTS_MAX_INTS);
    facts *out = &c->out[0], f;
    if (n < 1 || !facts_of_value(parts[0], out))
        return false;
    int64_t dim = facts_wrap_dim(call_int(c, 1), out->t.rank);
    bool is_contiguous = facts_is_contiguous(out);
    for (int k = 1; k < n; k++) {
        bool is_like = facts_of_value(parts[k], &f) && f.t.rank == out->t.rank; // [0] may stand among others: all or none
        out->t.dtype = is_like && f.t.dtype >= 0 && out->t.dtype >= 0 ? (int)dtype_promote((dtype)out->t.dtype, (dtype)f.t.dtype) : -1;
        if (!is_like)
            out->t.rank = -1;
        is_contiguous &= is_like && facts_is_contiguous(&f);
        for (int i = 0; i < out->t.rank; i++) {
            if (i == dim)
                out->sizes[i] = call_size(c, OP_aten_add_int, out->sizes[i], f.sizes[i]);
            else if (out->sizes[i] < 0 && f.sizes[i] != -1)
                out->sizes[i] = f.sizes[i];
        }
    }
    if (dim < 0)
        out->t.rank = -1;
    facts_settle(out, is_contiguous);
    call_inherit(c, out);
    return true;
}

bool type_rule_stack(type_call *c)
{
    const ir_value *parts[FACTS_MAX_INTS];
    int n = call_elements(c, 0, parts, FACTS_MAX_INTS);
    facts *out = &c->out[0], f;
    if (n < 1 || !facts_of_value(parts[0], out))
        return false;
    bool is_contiguous = facts_is_contiguous(out);
    for (int k = 1; k < n; k++) {
        bool is_known = facts_of_value(parts[k], &f);
        out->t.dtype = is_known && f.t.dtype == out->t.dtype ? out->t.dtype : -1;
        is_contiguous &= is_known && facts_is_contiguous(&f);
    }
    int64_t dim = facts_wrap_dim(call_int(c, 1), out->t.rank < 0 ? -1 : out->t.rank + 1);
    if (dim < 0 || !facts_insert_dim(out, dim, n))
        out->t.rank = -1;
    facts_settle(out, is_contiguous);
    call_inherit(c, out);
    return true;
}

bool type_rule_embedding(type_call *c)
{
    facts w, i, *out = &c->out[0];
    if (!call_facts(c, 0, &w) || !call_facts(c, 1, &i))
        return false;
    out->t.dtype = w.t.dtype;
    call_inherit(c, out);
    if (i.t.rank < 0 || i.t.rank >= FACTS_MAX_RANK || w.t.rank != 2)
        return true;
    memcpy(out->sizes, i.sizes, sizeof out->sizes);
    out->t.rank = i.t.rank + 1;
    out->sizes[i.t.rank] = w.sizes[1];
    facts_set_contiguous(out);
    return true;
}

bool type_rule_index_select(type_call *c)
{
    facts index;
    if (!type_rule_same(c))
        return false;
    facts *out = &c->out[0];
    int64_t dim = facts_wrap_dim(call_int(c, 1), out->t.rank);
    bool was_contiguous = facts_is_contiguous(out);
    if (dim < 0)
        out->t.rank = -1;
    else
        out->sizes[dim] = call_facts(c, 2, &index) ? (index.t.rank == 1 ? index.sizes[0] : index.t.rank == 0 ? 1 : -1) : -1;
    facts_settle(out, was_contiguous && dim >= 0);
    return true;
}

/* Tensors of indices, from the first dimension on: they are broadcast, and the rest follows. */
static bool index_shape(const type_call *c, const facts *x, facts *out)
{
    const ir_value *indices[FACTS_MAX_INTS];
    facts f;
    int n = call_elements(c, 1, indices, FACTS_MAX_INTS);
    out->t.rank = 0;
    for (int k = 0; k < n; k++) {
        if (!facts_of_value(indices[k], &f) || f.t.rank < 0 || f.t.dtype != DTYPE_int64)
            return false; // a mask stands for as many indices as it has elements that are true
        facts_broadcast(out, &f);
    }
    if (n < 1 || x->t.rank < n || out->t.rank + x->t.rank - n > FACTS_MAX_RANK)
        return false;
    for (int i = n; i < x->t.rank; i++)
        out->sizes[out->t.rank++] = x->sizes[i];
    return true;
}

bool type_rule_index(type_call *c)
{
    facts x, *out = &c->out[0];
    if (!call_facts(c, 0, &x))
        return false;
    out->t.dtype = x.t.dtype;
    call_inherit(c, out);
    if (!index_shape(c, &x, out))
        out->t.rank = -1;
    return true;
}

/* [L, N, input] and states [layers, N, hidden] to [L, N, directions * hidden] and states. */
bool type_rule_recurrent(type_call *c)
{
    const ir_value *states[FACTS_MAX_RESULTS];
    facts x, h, *out = &c->out[0];
    bool is_list = c->n->inputs[1]->type->kind == TYPE_LIST;
    int n = is_list ? call_elements(c, 1, states, FACTS_MAX_RESULTS) : 1;
    int64_t directions = call_int(c, call_arg(c, "bidirectional")) + 1;
    if (!call_facts(c, 0, &x) || n < 1 || !facts_of_value(is_list ? states[0] : c->n->inputs[1], &h))
        return false;
    facts_take(out, &x);
    out->t.has_strides = false;
    if (x.t.rank > 0 && h.t.rank > 0 && directions > 0)
        out->sizes[x.t.rank - 1] = call_size(c, OP_aten_mul_int, h.sizes[h.t.rank - 1], directions);
    else
        out->t.rank = -1;
    call_inherit(c, out);
    for (uint32_t i = 0; i + 1 < c->n->n_outputs && (!is_list || i < (uint32_t)n); i++) {
        facts_init(&c->out[i + 1]);
        if (facts_of_value(is_list ? states[i] : c->n->inputs[1], &h))
            facts_take(&c->out[i + 1], &h);
        c->out[i + 1].t.has_strides = false;
        call_inherit(c, &c->out[i + 1]);
    }
    return true;
}

bool type_rule_gather(type_call *c)
{
    facts index, *out = &c->out[0];
    if (!call_facts(c, 2, &index))
        return false;
    facts_take(out, &index);
    out->t.dtype = call_operand_dtype(c);
    facts_settle(out, facts_is_contiguous(&index));
    call_inherit(c, out);
    return true;
}

/* ---- parts ---------------------------------------------------------------------------------------- */

/* Part k of a dimension that is cut into pieces of size `each`, the last of which may be smaller. */
static int64_t piece(int64_t size, int64_t each, int64_t k)
{
    int64_t begin = facts_mul(k, each);
    return size < 0 || each < 1 || begin < 0 ? -1 : begin >= size ? 0 : size - begin < each ? size - begin : each;
}

bool type_part(const type_call *c, int64_t k, facts *ret)
{
    facts f;
    known_ints sizes;
    int64_t n;
    if (!c->sc || c->n->n_inputs < 2 || !call_facts(c, 0, &f))
        return false;
    int64_t dim = facts_wrap_dim(call_int(c, call_arg(c, "dim")), f.t.rank);
    facts_take(ret, &f);
    if (dim < 0)
        ret->t.rank = -1;
    switch ((op_id)c->n->op) {
    case OP_aten_chunk:
        n = call_int(c, 1);
        if (dim >= 0)
            ret->sizes[dim] = n > 0 && f.sizes[dim] >= 0 ? piece(f.sizes[dim], (f.sizes[dim] + n - 1) / n, k) : -1;
        return true;
    case OP_aten_split_Tensor:
        if (dim >= 0)
            ret->sizes[dim] = piece(f.sizes[dim], call_int(c, 1), k);
        return true;
    case OP_aten_split: case OP_aten_split_sizes: case OP_aten_split_with_sizes:
        if (dim >= 0)
            ret->sizes[dim] = call_symbolic_ints(c, 1, &sizes) && k < sizes.n ? size_of_int(sizes.at[k]) : -1;
        return true;
    case OP_aten_unbind_int:
        if (dim >= 0)
            facts_drop_dim(ret, dim);
        return true;
    default:
        return false;
    }
}

/* ---- made from nothing ---------------------------------------------------------------------------- */

/* On the device that is given, else on the CPU. */
static void made_on_device(const type_call *c, facts *out)
{
    int i = call_arg(c, "device");
    jit_value given = VALUE_DEVICE_V(DEVICE_CPU0);
    out->t.requires_grad = 0;
    out->t.has_device = i < 0 || (ir_value_constant(c->n->inputs[i], &given) && given.tag == VALUE_DEVICE);
    out->t.dev = out->t.has_device ? given.dev : DEVICE_CPU0;
}

bool type_rule_create(type_call *c)
{
    known_ints size;
    facts like, *out = &c->out[0];
    bool is_new = call_arg(c, "self") >= 0;
    out->t.dtype = call_given_dtype(c, !is_new ? DTYPE_float32 : call_facts(c, 0, &like) ? like.t.dtype : -1);
    made_on_device(c, out);
    if (!call_symbolic_ints(c, call_arg(c, "size"), &size) || size.n > FACTS_MAX_RANK)
        return true;
    out->t.rank = size.n;
    for (int i = 0; i < size.n; i++)
        out->sizes[i] = size_of_int(size.at[i]);
    facts_set_contiguous(out);
    return true;
}

bool type_rule_scalar(type_call *c)
{
    facts *out = &c->out[0];
    out->t.dtype = call_given_dtype(c, facts_number_dtype(c->n->inputs[0]->type));
    out->t.rank = 0;
    made_on_device(c, out);
    return true;
}

bool type_rule_full(type_call *c)
{
    if (!type_rule_create(c))
        return false;
    c->out[0].t.dtype = call_given_dtype(c, facts_number_dtype(c->n->inputs[call_arg(c, "fill_value")]->type));
    return true;
}

/* From start, or 0, to end. */
bool type_rule_count(type_call *c)
{
    facts *out = &c->out[0];
    int start = call_arg(c, "start"), end = call_arg(c, "end");
    bool has_ints = c->n->inputs[end]->type->kind == TYPE_INT && (start < 0 || c->n->inputs[start]->type->kind == TYPE_INT);
    int64_t from = start < 0 ? 0 : call_symbolic_int(c, start), to = call_symbolic_int(c, end);
    out->t.dtype = call_given_dtype(c, has_ints ? DTYPE_int64 : -1);
    out->t.rank = 1;
    out->sizes[0] = has_ints ? size_of_int(ints_combine(c->walk, OP_aten_sub_int, to, from)) : -1;
    made_on_device(c, out);
    facts_set_contiguous(out);
    return true;
}
