/* Type rules: one function per kind of operator tells element type, sizes and strides of its results.
 *
 * A rule says less rather than wrong: what depends on a size or number that is not known stays unknown, and what the
 * operator would refuse at run time may come out as anything, as it is never there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/types.h"

#include <string.h>

typedef bool (*type_rule)(type_call *c);

/* ---- parts ---------------------------------------------------------------------------------------- */

/* Device and gradient come from the operands: known where all of them agree. */
static void inherit(type_call *c, facts *out)
{
    bool any = false, has_device = true, has_no_grad = true;
    for (uint32_t i = 0; i < c->n->n_inputs; i++) {
        const ir_value *elements[FACTS_MAX_INTS], *v = c->n->inputs[i];
        bool is_list = v->type->kind == TYPE_LIST && type_elem(v->type)->kind == TYPE_TENSOR;
        int n = is_list ? call_elements(c, (int)i, elements, FACTS_MAX_INTS) : 1;
        for (int k = 0; k < n || (is_list && n < 0 && k == 0); k++) {
            facts f;
            const ir_value *one = is_list && n >= 0 ? elements[k] : v;
            if (one->type->kind != TYPE_TENSOR && !is_list)
                continue;
            bool is_known = facts_of_value(one, &f);
            has_device &= is_known && f.t.has_device;
            has_no_grad &= is_known && f.t.requires_grad == 0;
            if (is_known && f.t.has_device)
                out->t.dev = f.t.dev;
            any = true;
        }
    }
    out->t.has_device = any && has_device;
    out->t.requires_grad = any && has_no_grad ? 0 : -1;
}

/* An operand becomes the result; where it points. */
static void take(facts *to, const facts *from)
{
    to->t = from->t;
    to->t.sizes = to->sizes;
    to->t.strides = to->strides;
    memcpy(to->sizes, from->sizes, sizeof to->sizes);
    memcpy(to->strides, from->strides, sizeof to->strides);
}

/* New memory: rows one after another where the operand's were. */
static void settle(facts *f, bool was_contiguous)
{
    if (was_contiguous)
        facts_set_contiguous(f);
    else
        f->t.has_strides = false;
}

static int64_t wrap_dim(int64_t dim, int rank)
{
    if (dim == UNKNOWN_INT || rank < 0)
        return -1;
    dim += dim < 0 ? rank : 0;
    return dim < rank ? dim : -1;
}

static void drop_dim(facts *f, int64_t dim)
{
    for (int64_t i = dim; i + 1 < f->t.rank; i++) {
        f->sizes[i] = f->sizes[i + 1];
        f->strides[i] = f->strides[i + 1];
    }
    f->t.rank--;
}

static bool insert_dim(facts *f, int64_t dim, int64_t size)
{
    if (f->t.rank >= FACTS_MAX_RANK)
        return false;
    for (int64_t i = f->t.rank; i > dim; i--) {
        f->sizes[i] = f->sizes[i - 1];
        f->strides[i] = f->strides[i - 1];
    }
    f->sizes[dim] = size;
    f->t.rank++;
    return true;
}

static int64_t mul_sizes(int64_t x, int64_t y)
{
    int64_t r;
    return x < 0 || y < 0 || __builtin_mul_overflow(x, y, &r) ? -1 : r;
}

/* The dtype parameter: what it says, `none` where it is not given, -1 where it is not known. */
static int given_dtype(const type_call *c, int none)
{
    int i = call_arg(c, "dtype");
    int64_t code = i < 0 ? none : call_int(c, i);
    return code >= 0 && code < DTYPE__COUNT && dtype_is_valid(code) ? (int)code : -1;
}

static int sum_dtype(int d) { return d >= 0 && !dtype_is_float((dtype)d) && !dtype_is_complex((dtype)d) ? DTYPE_int64 : d; }

/* ---- pointwise ------------------------------------------------------------------------------------ */

/* Element type of a number operand. */
static int number_dtype(const type *t)
{
    switch ((type_kind)t->kind) {
    case TYPE_BOOL: return DTYPE_bool;
    case TYPE_INT: return DTYPE_int64;
    case TYPE_FLOAT: return DTYPE_float32;
    case TYPE_COMPLEX: return DTYPE_complex64;
    default: return -1;
    }
}

/* Promotion over the ranks of operands: those with dimensions, those without, numbers (as ATen's result_type). */
static int combine(int higher, int lower)
{
    if (higher == DTYPE_NONE || lower == DTYPE_NONE)
        return higher == DTYPE_NONE ? lower : higher;
    dtype h = (dtype)higher, l = (dtype)lower;
    if (dtype_is_complex(h))
        return h;
    if (dtype_is_float(h))
        return dtype_is_complex(l) ? (int)dtype_complex(h) : (int)h;
    return h == DTYPE_bool || dtype_is_float(l) || dtype_is_complex(l) ? (int)dtype_promote(h, l) : (int)h;
}

static int promote_more(int so_far, int d) { return so_far == DTYPE_NONE ? d : (int)dtype_promote((dtype)so_far, (dtype)d); }

/* The type the operands of a pointwise operator are computed in; -1: unknown. */
static int promoted_dtype(const type_call *c, uint32_t traits)
{
    int with_dims = DTYPE_NONE, without = DTYPE_NONE, numbers = DTYPE_NONE;
    for (uint32_t i = traits & OP_MASK_FIRST ? 1 : 0; i < c->n->n_inputs; i++) {
        const type *t = c->n->inputs[i]->type;
        facts f;
        if (t->kind == TYPE_TENSOR) {
            if (!call_facts(c, (int)i, &f) || f.t.dtype < 0 || f.t.rank < 0)
                return -1;
            int *group = f.t.rank > 0 ? &with_dims : &without;
            *group = promote_more(*group, f.t.dtype);
        } else if (t->kind == TYPE_OPTIONAL || t->kind == TYPE_ANY) {
            return -1;
        } else if ((traits & OP_PROMOTE_NUMBERS) && strcmp(c->sc->args[i].name, "alpha") != 0) {
            int d = number_dtype(t);
            if (t->kind == TYPE_NUMBER)
                return -1;
            if (d >= 0)
                numbers = promote_more(numbers, d);
        }
    }
    return combine(with_dims, combine(without, numbers));
}

/* Sizes of operands that are broadcast together; -1: unknown. */
static bool broadcast_more(facts *out, const facts *f)
{
    int rank = f->t.rank > out->t.rank ? f->t.rank : out->t.rank;
    int64_t sizes[FACTS_MAX_RANK];
    for (int i = 0; i < rank; i++) {
        int a = i - (rank - out->t.rank), b = i - (rank - f->t.rank);
        int64_t x = a < 0 ? 1 : out->sizes[a], y = b < 0 ? 1 : f->sizes[b];
        sizes[i] = x == 1 ? y : y == 1 ? x : x < 0 ? (y > 1 ? y : -1) : x;
    }
    memcpy(out->sizes, sizes, sizeof sizes);
    out->t.rank = rank;
    return true;
}

/* Result memory of operands side by side: rows where all that have the full shape are rows. */
static bool broadcast(const type_call *c, facts *out)
{
    bool is_contiguous = true;
    out->t.rank = 0;
    for (uint32_t i = 0; i < c->n->n_inputs; i++) {
        facts f;
        type_kind kind = c->n->inputs[i]->type->kind;
        if (kind != TYPE_TENSOR && kind != TYPE_OPTIONAL)
            continue;
        if (!call_facts(c, (int)i, &f) || f.t.rank < 0) {
            out->t.rank = -1;
            return false;
        }
        broadcast_more(out, &f);
        is_contiguous &= facts_is_contiguous(&f);
    }
    settle(out, is_contiguous);
    return true;
}

static bool rule_pointwise(type_call *c)
{
    const op_info *info = op_get_info((op_id)c->n->op);
    uint32_t traits = op_get_info((op_id)info->base)->traits;
    facts *out = &c->out[0];
    int d = promoted_dtype(c, traits);
    if (d >= 0 && (traits & OP_TO_FLOAT) && !dtype_is_float((dtype)d) && !dtype_is_complex((dtype)d))
        d = DTYPE_float32;
    if (d >= 0 && (traits & OP_TO_REAL))
        d = dtype_real((dtype)d);
    out->t.dtype = traits & OP_TO_BOOL ? DTYPE_bool : d;
    (void)broadcast(c, out);
    inherit(c, out);
    return true;
}

/* torch.complex, torch.polar: two parts make a complex number. */
static bool rule_complex_of(type_call *c)
{
    (void)rule_pointwise(c);
    int d = c->out[0].t.dtype;
    c->out[0].t.dtype = d >= 0 && dtype_is_float((dtype)d) ? (int)dtype_complex((dtype)d) : -1;
    return true;
}

/* In double precision, whatever the operands are. */
static bool rule_float_power(type_call *c)
{
    (void)rule_pointwise(c);
    int d = c->out[0].t.dtype;
    c->out[0].t.dtype = d < 0 ? -1 : dtype_is_complex((dtype)d) ? DTYPE_complex128 : DTYPE_float64;
    return true;
}

/* Rounded quotients of ints are ints; which it is stands in a string. */
static bool rule_quotient(type_call *c)
{
    (void)rule_pointwise(c);
    int mode = call_arg(c, "rounding_mode"), d = promoted_dtype(c, OP_PROMOTE_NUMBERS);
    if (mode >= 0)
        c->out[0].t.dtype = c->n->inputs[mode]->type->kind == TYPE_STR || (d >= 0 && dtype_is_float((dtype)d)) ? d : -1;
    return true;
}

/* ---- as the first operand ------------------------------------------------------------------------- */

static bool rule_same_memory(type_call *c)
{
    facts f;
    if (!call_facts(c, 0, &f))
        return false;
    take(&c->out[0], &f);
    return true;
}

static bool rule_same(type_call *c)
{
    if (!rule_same_memory(c))
        return false;
    settle(&c->out[0], facts_is_contiguous(&c->out[0]));
    inherit(c, &c->out[0]);
    return true;
}

static bool rule_same_or_dtype(type_call *c)
{
    if (!rule_same(c))
        return false;
    c->out[0].t.dtype = given_dtype(c, c->out[0].t.dtype);
    return true;
}

static bool rule_accumulated(type_call *c)
{
    if (!rule_same(c))
        return false;
    c->out[0].t.dtype = given_dtype(c, sum_dtype(c->out[0].t.dtype));
    return true;
}

static bool rule_contiguous(type_call *c)
{
    if (!rule_same_memory(c))
        return false;
    settle(&c->out[0], call_int(c, 1) == 0);
    return true;
}

static bool rule_clone(type_call *c) { return rule_same(c); }

static bool rule_to(type_call *c)
{
    facts f;
    if (!call_facts(c, 0, &f))
        return false;
    take(&c->out[0], &f);
    c->out[0].t.dtype = given_dtype(c, f.t.dtype);
    if (c->out[0].t.dtype != f.t.dtype)
        settle(&c->out[0], facts_is_contiguous(&f));
    if (call_arg(c, "device") >= 0)
        c->out[0].t.has_device = false;
    return true;
}

static bool rule_type_as(type_call *c)
{
    facts other;
    if (!rule_same(c))
        return false;
    c->out[0].t.dtype = call_facts(c, 1, &other) ? other.t.dtype : -1;
    return true;
}

/* ---- reductions ----------------------------------------------------------------------------------- */

/* The shape that is left when `dim` goes: all of it if there is none or it is an empty list. */
static bool reduce_shape(type_call *c, facts *out)
{
    known_ints dims = { .n = 0 };
    facts f;
    int dim = call_arg(c, "dim"), keep = call_arg(c, "keepdim");
    int64_t keeps = keep < 0 ? 0 : call_int(c, keep);
    if (!call_facts(c, 0, &f))
        return false;
    inherit(c, out);
    bool is_known = f.t.rank >= 0 && keeps != UNKNOWN_INT && (dim < 0 || call_ints(c, dim, &dims));
    bool gone[FACTS_MAX_RANK] = { false };
    for (int i = 0; i < dims.n && is_known; i++) {
        int64_t d = wrap_dim(dims.at[i], f.t.rank ? f.t.rank : 1);
        is_known = d >= 0;
        if (is_known && f.t.rank)
            gone[d] = true;
    }
    if (!is_known)
        return true;
    out->t.rank = 0;
    for (int i = 0; i < f.t.rank; i++) {
        bool goes = dims.n == 0 || gone[i];
        if (!goes || keeps)
            out->sizes[out->t.rank++] = goes ? 1 : f.sizes[i];
    }
    settle(out, facts_is_contiguous(&f));
    return true;
}

static int operand_dtype(const type_call *c)
{
    facts f;
    return call_facts(c, 0, &f) ? f.t.dtype : -1;
}

static bool rule_reduce_value(type_call *c)
{
    c->out[0].t.dtype = given_dtype(c, operand_dtype(c));
    return reduce_shape(c, &c->out[0]);
}

/* Norms and variances of complex numbers are real. */
static bool rule_reduce_real(type_call *c)
{
    int d = operand_dtype(c);
    c->out[0].t.dtype = d >= 0 ? (int)dtype_real((dtype)d) : -1;
    return reduce_shape(c, &c->out[0]);
}

static bool rule_reduce_sum(type_call *c)
{
    c->out[0].t.dtype = given_dtype(c, sum_dtype(operand_dtype(c)));
    return reduce_shape(c, &c->out[0]);
}

static bool rule_reduce_bool(type_call *c)
{
    int d = operand_dtype(c);
    c->out[0].t.dtype = d < 0 || d == DTYPE_uint8 ? d : DTYPE_bool;
    return reduce_shape(c, &c->out[0]);
}

static bool rule_reduce_index(type_call *c)
{
    c->out[0].t.dtype = DTYPE_int64;
    return reduce_shape(c, &c->out[0]);
}

static void add_indices(type_call *c)
{
    take(&c->out[1], &c->out[0]);
    c->out[1].t.dtype = DTYPE_int64;
    c->out[1].t.requires_grad = 0;
}

static bool rule_reduce_both(type_call *c)
{
    c->out[0].t.dtype = operand_dtype(c);
    if (!reduce_shape(c, &c->out[0]))
        return false;
    add_indices(c);
    return true;
}

static bool rule_sort(type_call *c)
{
    if (!rule_same(c))
        return false;
    add_indices(c);
    return true;
}

static bool rule_topk(type_call *c)
{
    if (!rule_same(c))
        return false;
    facts *out = &c->out[0];
    int64_t k = call_int(c, 1), dim = wrap_dim(call_int(c, 2), out->t.rank);
    if (dim >= 0)
        out->sizes[dim] = k >= 0 ? k : -1;
    else if (out->t.rank != 0)
        out->t.rank = -1;
    facts_set_contiguous(out);
    add_indices(c);
    return true;
}

static bool rule_loss(type_call *c)
{
    int64_t reduction = call_int(c, call_arg(c, "reduction"));
    facts *out = &c->out[0];
    out->t.dtype = promoted_dtype(c, 0);
    inherit(c, out);
    if (reduction == 0)
        return broadcast(c, out) || true;
    out->t.rank = reduction == UNKNOWN_INT ? -1 : 0;
    return true;
}

/* ---- products ------------------------------------------------------------------------------------- */

static bool product_shape(const facts *a, const facts *b, facts *out)
{
    int ra = a->t.rank, rb = b->t.rank;
    if (ra < 1 || rb < 1)
        return false;
    facts batch_a, batch_b;
    take(&batch_a, a);
    take(&batch_b, b);
    batch_a.t.rank = ra > 2 ? ra - 2 : 0;
    batch_b.t.rank = rb > 2 ? rb - 2 : 0;
    out->t.rank = 0;
    broadcast_more(out, &batch_a);
    broadcast_more(out, &batch_b);
    if (ra > 1)
        out->sizes[out->t.rank++] = a->sizes[ra - 2];
    if (rb > 1)
        out->sizes[out->t.rank++] = b->sizes[rb - 1];
    facts_set_contiguous(out);
    return true;
}

static bool product(type_call *c, int first)
{
    facts a, b, *out = &c->out[0];
    if (!call_facts(c, first, &a) || !call_facts(c, first + 1, &b))
        return false;
    out->t.dtype = a.t.dtype == b.t.dtype ? a.t.dtype : -1;
    inherit(c, out);
    if (a.t.rank >= 0 && b.t.rank >= 0)
        (void)product_shape(&a, &b, out);
    return true;
}

static bool rule_matmul(type_call *c) { return product(c, 0); }
static bool rule_add_product(type_call *c) { return product(c, 1); }

static bool rule_linear(type_call *c)
{
    facts x, w, *out = &c->out[0];
    if (!call_facts(c, 0, &x) || !call_facts(c, 1, &w))
        return false;
    out->t.dtype = x.t.dtype;
    inherit(c, out);
    if (x.t.rank < 1 || w.t.rank < 1)
        return true;
    memcpy(out->sizes, x.sizes, sizeof out->sizes);
    out->t.rank = w.t.rank == 2 ? x.t.rank : x.t.rank - 1;
    if (w.t.rank == 2)
        out->sizes[x.t.rank - 1] = w.sizes[0];
    facts_set_contiguous(out);
    return true;
}

/* ---- windows -------------------------------------------------------------------------------------- */

/* Element k of a parameter with one number for all dimensions or one for each; `none` if the list is empty. */
static int64_t each_dim(const known_ints *l, int k, int64_t none)
{
    return l->n == 0 ? none : l->n == 1 ? l->at[0] : k < l->n ? l->at[k] : UNKNOWN_INT;
}

static int64_t windows(int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation, bool is_ceil)
{
    if (size < 0 || kernel < 0 || stride <= 0 || padding < 0 || dilation <= 0)
        return -1;
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

static bool rule_convolution(type_call *c)
{
    facts x, w, *out = &c->out[0];
    known_ints stride, padding, dilation;
    if (!call_facts(c, 0, &x) || !call_facts(c, 1, &w))
        return false;
    out->t.dtype = x.t.dtype;
    inherit(c, out);
    int n = w.t.rank - 2, batched = x.t.rank - n - 1;
    if (n < 1 || batched < 0 || batched > 1 || !named_ints(c, "stride", &stride) || !named_ints(c, "padding", &padding)
        || !named_ints(c, "dilation", &dilation))
        return true;
    out->t.rank = x.t.rank;
    if (batched)
        out->sizes[0] = x.sizes[0];
    out->sizes[batched] = w.sizes[0];
    for (int k = 0; k < n; k++)
        out->sizes[batched + 1 + k] = windows(x.sizes[batched + 1 + k], w.sizes[2 + k], each_dim(&stride, k, 1),
                                              each_dim(&padding, k, 0), each_dim(&dilation, k, 1), false);
    settle(out, facts_is_contiguous(&x) && facts_is_contiguous(&w));
    return true;
}

static bool rule_pool(type_call *c)
{
    facts x, *out = &c->out[0];
    known_ints kernel, stride, padding, dilation;
    int64_t is_ceil = call_int(c, call_arg(c, "ceil_mode"));
    int n = strchr(op_name((op_id)c->n->op), 'd')[-1] - '0';
    if (!call_facts(c, 0, &x))
        return false;
    out->t.dtype = x.t.dtype;
    inherit(c, out);
    if (x.t.rank < n || !named_ints(c, "kernel_size", &kernel) || !named_ints(c, "stride", &stride)
        || !named_ints(c, "padding", &padding) || !named_ints(c, "dilation", &dilation) || is_ceil == UNKNOWN_INT)
        return true;
    memcpy(out->sizes, x.sizes, sizeof out->sizes);
    out->t.rank = x.t.rank;
    for (int k = 0; k < n; k++) {
        int64_t size = each_dim(&kernel, k, UNKNOWN_INT);
        out->sizes[x.t.rank - n + k] = windows(x.sizes[x.t.rank - n + k], size, each_dim(&stride, k, size),
                                               each_dim(&padding, k, 0), each_dim(&dilation, k, 1), is_ceil != 0);
    }
    settle(out, facts_is_contiguous(&x));
    return true;
}

static bool rule_adaptive_pool(type_call *c)
{
    known_ints size;
    if (!rule_same(c))
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
    settle(out, was_contiguous);
    return true;
}

/* ---- views ---------------------------------------------------------------------------------------- */

static bool rule_view(type_call *c)
{
    known_ints to;
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    take(out, &f);
    out->t.has_strides = false;
    out->t.rank = -1;
    if (!call_ints(c, 1, &to) || to.n > FACTS_MAX_RANK)
        return true;
    int64_t all = f.t.rank < 0 ? -1 : 1, rest = 1;
    int open = -1;
    for (int i = 0; i < f.t.rank; i++)
        all = mul_sizes(all, f.sizes[i]);
    out->t.rank = to.n;
    for (int i = 0; i < to.n; i++) {
        out->sizes[i] = to.at[i] >= 0 ? to.at[i] : -1;
        if (to.at[i] == -1)
            open = i;
        else
            rest = mul_sizes(rest, out->sizes[i]);
    }
    if (open >= 0 && all >= 0 && rest > 0)
        out->sizes[open] = all / rest;
    settle(out, facts_is_contiguous(&f));
    return true;
}

static bool rule_flatten(type_call *c)
{
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    take(out, &f);
    out->t.has_strides = false;
    int64_t from = wrap_dim(call_int(c, 1), f.t.rank), to = wrap_dim(call_int(c, 2), f.t.rank);
    if (from < 0 || to < from) {
        out->t.rank = -1;
        return true;
    }
    for (int64_t i = from + 1; i <= to; i++)
        out->sizes[from] = mul_sizes(out->sizes[from], f.sizes[i]);
    for (int64_t i = from; i < to; i++)
        drop_dim(out, from + 1);
    settle(out, facts_is_contiguous(&f));
    return true;
}

static bool rule_unsqueeze(type_call *c)
{
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    take(out, &f);
    int64_t dim = wrap_dim(call_int(c, 1), f.t.rank < 0 ? -1 : f.t.rank + 1);
    if (dim < 0 || !insert_dim(out, dim, 1)) {
        out->t.rank = -1;
        return true;
    }
    bool is_last = dim == f.t.rank;
    out->strides[dim] = is_last ? 1 : mul_sizes(f.sizes[dim], f.strides[dim]);
    out->t.has_strides = (f.t.has_strides || f.t.rank == 0) && out->strides[dim] >= 0;
    return true;
}

static bool rule_squeeze(type_call *c)
{
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    take(out, &f);
    bool has_dim = c->n->n_inputs > 1;
    int64_t dim = has_dim ? wrap_dim(call_int(c, 1), f.t.rank) : 0;
    bool is_known = f.t.rank >= 0 && dim >= 0;
    for (int i = f.t.rank - 1; i >= 0 && is_known; i--) {
        if (has_dim && i != dim)
            continue;
        is_known = f.sizes[i] >= 0;
        if (f.sizes[i] == 1)
            drop_dim(out, i);
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
    take(&c->out[0], f);
    if (f->t.rank >= 0)
        reorder(&c->out[0], f, of);
    return true;
}

static bool rule_transpose(type_call *c)
{
    facts f;
    int of[FACTS_MAX_RANK];
    if (!call_facts(c, 0, &f))
        return false;
    bool is_t = c->n->n_inputs == 1;
    int64_t x = is_t ? 0 : wrap_dim(call_int(c, 1), f.t.rank), y = is_t ? f.t.rank - 1 : wrap_dim(call_int(c, 2), f.t.rank);
    if (x < 0 || y < 0) {
        f.t.rank = f.t.rank == 0 ? 0 : -1;
        return permuted(c, &f, of);
    }
    for (int i = 0; i < f.t.rank; i++)
        of[i] = i == x ? (int)y : i == y ? (int)x : i;
    return permuted(c, &f, of);
}

static bool rule_reverse(type_call *c)
{
    facts f;
    int of[FACTS_MAX_RANK];
    if (!call_facts(c, 0, &f))
        return false;
    for (int i = 0; i < f.t.rank; i++)
        of[i] = f.t.rank - 1 - i;
    return permuted(c, &f, of);
}

static bool rule_permute(type_call *c)
{
    facts f;
    known_ints dims;
    int of[FACTS_MAX_RANK];
    if (!call_facts(c, 0, &f))
        return false;
    bool is_known = f.t.rank >= 0 && call_ints(c, 1, &dims) && dims.n == f.t.rank;
    for (int i = 0; is_known && i < f.t.rank; i++) {
        int64_t d = wrap_dim(dims.at[i], f.t.rank);
        is_known = d >= 0;
        of[i] = (int)d;
    }
    if (!is_known)
        f.t.rank = -1;
    return permuted(c, &f, of);
}

static bool rule_expand(type_call *c)
{
    facts f, other, *out = &c->out[0];
    known_ints to;
    if (!call_facts(c, 0, &f))
        return false;
    take(out, &f);
    out->t.has_strides = false;
    bool is_known = call_facts(c, 1, &other) ? other.t.rank >= 0 : call_ints(c, 1, &to);
    bool is_as = is_known && c->n->inputs[1]->type->kind == TYPE_TENSOR;
    int rank = !is_known ? -1 : is_as ? other.t.rank : to.n;
    if (rank > FACTS_MAX_RANK || rank < f.t.rank || f.t.rank < 0)
        rank = -1;
    out->t.rank = rank;
    for (int i = 0; i < rank; i++) {
        int64_t have = i < rank - f.t.rank ? 1 : f.sizes[i - (rank - f.t.rank)];
        int64_t want = is_as ? other.sizes[i] : to.at[i];
        out->sizes[i] = want == -1 && !is_as ? have : want >= 0 ? want : -1;
        int64_t stride = i < rank - f.t.rank ? 0 : f.strides[i - (rank - f.t.rank)];
        out->strides[i] = have == 1 && out->sizes[i] != 1 ? 0 : stride;
        if (i < rank - f.t.rank && out->sizes[i] == 1)
            f.t.has_strides = false;
    }
    out->t.has_strides = f.t.has_strides && rank > 0;
    return true;
}

static bool rule_select(type_call *c)
{
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    take(out, &f);
    int64_t dim = wrap_dim(call_int(c, 1), f.t.rank);
    if (dim < 0)
        out->t.rank = -1;
    else
        drop_dim(out, dim);
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
        return call_int(c, length) >= 0 ? call_int(c, length) : -1;
    int64_t by = step < 0 ? 1 : call_int(c, step), from = start < 0 ? 0 : call_int(c, start);
    int64_t to = end < 0 ? INT64_MAX : call_int(c, end);
    if (size < 0 || by < 1 || from == UNKNOWN_INT || to == UNKNOWN_INT)
        return -1;
    from = clip(from, size);
    to = to == INT64_MAX ? size : clip(to, size);
    return to <= from ? 0 : (to - from + by - 1) / by;
}

static bool rule_slice(type_call *c)
{
    facts f, *out = &c->out[0];
    if (!call_facts(c, 0, &f))
        return false;
    take(out, &f);
    int64_t dim = wrap_dim(call_int(c, 1), f.t.rank);
    int step = call_arg(c, "step");
    int64_t by = step < 0 ? 1 : call_int(c, step);
    if (dim < 0) { // some dimension gets smaller
        for (int i = 0; i < f.t.rank; i++)
            out->sizes[i] = -1;
        out->t.has_strides = false;
        return true;
    }
    out->sizes[dim] = slice_size(c, f.sizes[dim]);
    out->strides[dim] = mul_sizes(f.strides[dim], by);
    out->t.has_strides &= out->strides[dim] >= 0;
    return true;
}

/* ---- joining and picking -------------------------------------------------------------------------- */

static bool rule_cat(type_call *c)
{
    const ir_value *parts[FACTS_MAX_INTS];
    int n = call_elements(c, 0, parts, FACTS_MAX_INTS);
    facts *out = &c->out[0], f;
    if (n < 1 || !facts_of_value(parts[0], out))
        return false;
    int64_t dim = wrap_dim(call_int(c, 1), out->t.rank);
    bool is_contiguous = facts_is_contiguous(out);
    for (int k = 1; k < n; k++) {
        bool is_like = facts_of_value(parts[k], &f) && f.t.rank == out->t.rank; // [0] may stand among others: all or none
        out->t.dtype = is_like && f.t.dtype >= 0 && out->t.dtype >= 0 ? (int)dtype_promote((dtype)out->t.dtype, (dtype)f.t.dtype) : -1;
        if (!is_like)
            out->t.rank = -1;
        is_contiguous &= is_like && facts_is_contiguous(&f);
        for (int i = 0; i < out->t.rank; i++) {
            if (i == dim)
                out->sizes[i] = out->sizes[i] < 0 || f.sizes[i] < 0 ? -1 : out->sizes[i] + f.sizes[i];
            else if (out->sizes[i] < 0)
                out->sizes[i] = f.sizes[i];
        }
    }
    if (dim < 0)
        out->t.rank = -1;
    settle(out, is_contiguous);
    inherit(c, out);
    return true;
}

static bool rule_stack(type_call *c)
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
    int64_t dim = wrap_dim(call_int(c, 1), out->t.rank < 0 ? -1 : out->t.rank + 1);
    if (dim < 0 || !insert_dim(out, dim, n))
        out->t.rank = -1;
    settle(out, is_contiguous);
    inherit(c, out);
    return true;
}

static bool rule_embedding(type_call *c)
{
    facts w, i, *out = &c->out[0];
    if (!call_facts(c, 0, &w) || !call_facts(c, 1, &i))
        return false;
    out->t.dtype = w.t.dtype;
    inherit(c, out);
    if (i.t.rank < 0 || i.t.rank >= FACTS_MAX_RANK || w.t.rank != 2)
        return true;
    memcpy(out->sizes, i.sizes, sizeof out->sizes);
    out->t.rank = i.t.rank + 1;
    out->sizes[i.t.rank] = w.sizes[1];
    facts_set_contiguous(out);
    return true;
}

static bool rule_index_select(type_call *c)
{
    facts index;
    if (!rule_same(c))
        return false;
    facts *out = &c->out[0];
    int64_t dim = wrap_dim(call_int(c, 1), out->t.rank);
    bool was_contiguous = facts_is_contiguous(out);
    if (dim < 0)
        out->t.rank = -1;
    else
        out->sizes[dim] = call_facts(c, 2, &index) ? (index.t.rank == 1 ? index.sizes[0] : index.t.rank == 0 ? 1 : -1) : -1;
    settle(out, was_contiguous && dim >= 0);
    return true;
}

static bool rule_gather(type_call *c)
{
    facts index, *out = &c->out[0];
    if (!call_facts(c, 2, &index))
        return false;
    take(out, &index);
    out->t.dtype = operand_dtype(c);
    settle(out, facts_is_contiguous(&index));
    inherit(c, out);
    return true;
}

/* ---- made from nothing ---------------------------------------------------------------------------- */

static void made_on_cpu(const type_call *c, facts *out)
{
    out->t.requires_grad = 0;
    out->t.has_device = call_arg(c, "device") < 0;
    out->t.dev = DEVICE_CPU0;
}

static bool rule_create(type_call *c)
{
    known_ints size;
    facts like, *out = &c->out[0];
    bool is_new = call_arg(c, "self") >= 0;
    out->t.dtype = given_dtype(c, !is_new ? DTYPE_float32 : call_facts(c, 0, &like) ? like.t.dtype : -1);
    made_on_cpu(c, out);
    if (!call_ints(c, call_arg(c, "size"), &size) || size.n > FACTS_MAX_RANK)
        return true;
    out->t.rank = size.n;
    for (int i = 0; i < size.n; i++)
        out->sizes[i] = size.at[i] >= 0 ? size.at[i] : -1;
    facts_set_contiguous(out);
    return true;
}

static bool rule_scalar(type_call *c)
{
    facts *out = &c->out[0];
    out->t.dtype = given_dtype(c, number_dtype(c->n->inputs[0]->type));
    out->t.rank = 0;
    made_on_cpu(c, out);
    return true;
}

/* ---- the table ------------------------------------------------------------------------------------ */

enum {
    RULE_NONE,
    RULE_POINTWISE,
    FIRST_ROW,
};

/* Which rows are pointwise. */
static const uint8_t is_pointwise[OP__COUNT] = {
#define UNARY(id, ...) [OP_##id] = 1,
#define BINARY(id, ...) [OP_##id] = 1,
#define TERNARY(id, ...) [OP_##id] = 1,
#define QUATERNARY(id, ...) [OP_##id] = 1,
#include "ir/ops/all.def"
};

static type_rule find_rule(op_id op)
{
    static const struct { uint16_t op; type_rule rule; } rules[] = {
#define TYPE_RULE(id, rule) { OP_##id, rule_##rule },
#include "opt/type_rules.def"
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].op == op)
            return rules[i].rule;
    return is_pointwise[op] ? rule_pointwise : NULL;
}

bool type_rule_apply(type_call *c)
{
    const op_info *info = op_get_info((op_id)c->n->op);
    if (info->variant == OP_INPLACE)
        return rule_same_memory(c);
    if (info->variant == OP_OUT || info->variant == OP_OUT_EXACT)
        return false;
    type_rule rule = find_rule((op_id)(info->variant == OP_SAME ? info->base : c->n->op));
    return rule && rule(c);
}
