/* Type rules of operators that compute: pointwise ones, reductions, products. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/types.h"

#include <string.h>

/* ---- pointwise ------------------------------------------------------------------------------------ */

static int sum_dtype(int d) { return d >= 0 && !dtype_is_float((dtype)d) && !dtype_is_complex((dtype)d) ? DTYPE_int64 : d; }

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
            int d = facts_number_dtype(t);
            if (t->kind == TYPE_NUMBER)
                return -1;
            if (d >= 0)
                numbers = promote_more(numbers, d);
        }
    }
    return combine(with_dims, combine(without, numbers));
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
        facts_broadcast(out, &f);
        is_contiguous &= facts_is_contiguous(&f);
    }
    facts_settle(out, is_contiguous);
    return true;
}

bool type_rule_pointwise(type_call *c)
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
    call_inherit(c, out);
    return true;
}

/* torch.complex, torch.polar: two parts make a complex number. */
bool type_rule_complex_of(type_call *c)
{
    (void)type_rule_pointwise(c);
    int d = c->out[0].t.dtype;
    c->out[0].t.dtype = d >= 0 && dtype_is_float((dtype)d) ? (int)dtype_complex((dtype)d) : -1;
    return true;
}

/* In double precision, whatever the operands are. */
bool type_rule_float_power(type_call *c)
{
    (void)type_rule_pointwise(c);
    int d = c->out[0].t.dtype;
    c->out[0].t.dtype = d < 0 ? -1 : dtype_is_complex((dtype)d) ? DTYPE_complex128 : DTYPE_float64;
    return true;
}

/* Rounded quotients of ints are ints; which it is stands in a string. */
bool type_rule_quotient(type_call *c)
{
    (void)type_rule_pointwise(c);
    int mode = call_arg(c, "rounding_mode"), d = promoted_dtype(c, OP_PROMOTE_NUMBERS);
    if (mode >= 0)
        c->out[0].t.dtype = c->n->inputs[mode]->type->kind == TYPE_STR || (d >= 0 && dtype_is_float((dtype)d)) ? d : -1;
    return true;
}

/* A power with a whole exponent: of bools it is an int. */
bool type_rule_square(type_call *c)
{
    (void)type_rule_pointwise(c);
    if (c->out[0].t.dtype == DTYPE_bool)
        c->out[0].t.dtype = DTYPE_int64;
    return true;
}

/* ---- as the first operand ------------------------------------------------------------------------- */

bool type_rule_same_memory(type_call *c)
{
    facts f;
    if (!call_facts(c, 0, &f))
        return false;
    facts_take(&c->out[0], &f);
    return true;
}

bool type_rule_same(type_call *c)
{
    if (!type_rule_same_memory(c))
        return false;
    facts_settle(&c->out[0], facts_is_contiguous(&c->out[0]));
    call_inherit(c, &c->out[0]);
    return true;
}

/* New memory, laid out as suits the operator. */
bool type_rule_in_any_layout(type_call *c)
{
    if (!type_rule_same(c))
        return false;
    c->out[0].t.has_strides = false;
    return true;
}

/* Of the type of operand 0, whose elements a mask chooses; both are broadcast. */
bool type_rule_masked(type_call *c)
{
    facts mask, *out = &c->out[0];
    if (!type_rule_same_memory(c))
        return false;
    bool is_contiguous = facts_is_contiguous(out), is_known = call_facts(c, 1, &mask) && mask.t.rank >= 0 && out->t.rank >= 0;
    if (is_known)
        facts_broadcast(out, &mask);
    else
        out->t.rank = -1;
    facts_settle(out, is_contiguous && is_known && facts_is_contiguous(&mask));
    call_inherit(c, out);
    return true;
}

bool type_rule_same_or_dtype(type_call *c)
{
    if (!type_rule_same(c))
        return false;
    c->out[0].t.dtype = call_given_dtype(c, c->out[0].t.dtype);
    return true;
}

bool type_rule_accumulated(type_call *c)
{
    if (!type_rule_same(c))
        return false;
    c->out[0].t.dtype = call_given_dtype(c, sum_dtype(c->out[0].t.dtype));
    return true;
}

bool type_rule_contiguous(type_call *c)
{
    if (!type_rule_same_memory(c))
        return false;
    facts_settle(&c->out[0], call_int(c, 1) == 0);
    return true;
}

bool type_rule_clone(type_call *c) { return type_rule_same(c); }

bool type_rule_to(type_call *c)
{
    facts f;
    if (!call_facts(c, 0, &f))
        return false;
    facts_take(&c->out[0], &f);
    c->out[0].t.dtype = call_given_dtype(c, f.t.dtype);
    if (c->out[0].t.dtype != f.t.dtype)
        facts_settle(&c->out[0], facts_is_contiguous(&f));
    if (call_arg(c, "device") >= 0)
        c->out[0].t.has_device = false;
    return true;
}

bool type_rule_type_as(type_call *c)
{
    facts other;
    if (!type_rule_same(c))
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
    call_inherit(c, out);
    bool is_known = f.t.rank >= 0 && keeps != UNKNOWN_INT && (dim < 0 || call_ints(c, dim, &dims));
    bool gone[FACTS_MAX_RANK] = { false };
    for (int i = 0; i < dims.n && is_known; i++) {
        int64_t d = facts_wrap_dim(dims.at[i], f.t.rank ? f.t.rank : 1);
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
    facts_settle(out, facts_is_contiguous(&f));
    return true;
}

bool type_rule_reduce_value(type_call *c)
{
    c->out[0].t.dtype = call_given_dtype(c, call_operand_dtype(c));
    return reduce_shape(c, &c->out[0]);
}

/* Norms and variances of complex numbers are real. */
bool type_rule_reduce_real(type_call *c)
{
    int d = call_operand_dtype(c);
    c->out[0].t.dtype = d >= 0 ? (int)dtype_real((dtype)d) : -1;
    return reduce_shape(c, &c->out[0]);
}

/* Of ints, and of bools, a float. */
bool type_rule_reduce_float(type_call *c)
{
    int d = call_operand_dtype(c);
    c->out[0].t.dtype = d < 0 || dtype_is_float((dtype)d) || dtype_is_complex((dtype)d) ? d : DTYPE_float32;
    return reduce_shape(c, &c->out[0]);
}

bool type_rule_reduce_sum(type_call *c)
{
    c->out[0].t.dtype = call_given_dtype(c, sum_dtype(call_operand_dtype(c)));
    return reduce_shape(c, &c->out[0]);
}

bool type_rule_reduce_bool(type_call *c)
{
    int d = call_operand_dtype(c);
    c->out[0].t.dtype = d < 0 || d == DTYPE_uint8 ? d : DTYPE_bool;
    return reduce_shape(c, &c->out[0]);
}

bool type_rule_reduce_index(type_call *c)
{
    c->out[0].t.dtype = DTYPE_int64;
    return reduce_shape(c, &c->out[0]);
}

static void add_indices(type_call *c)
{
    facts_take(&c->out[1], &c->out[0]);
    c->out[1].t.dtype = DTYPE_int64;
    c->out[1].t.requires_grad = 0;
}

bool type_rule_reduce_both(type_call *c)
{
    c->out[0].t.dtype = call_operand_dtype(c);
    if (!reduce_shape(c, &c->out[0]))
        return false;
    add_indices(c);
    return true;
}

bool type_rule_sort(type_call *c)
{
    if (!type_rule_same(c))
        return false;
    add_indices(c);
    return true;
}

bool type_rule_topk(type_call *c)
{
    if (!type_rule_same(c))
        return false;
    facts *out = &c->out[0];
    int64_t dim = facts_wrap_dim(call_int(c, 2), out->t.rank);
    if (dim >= 0)
        out->sizes[dim] = size_of_int(call_symbolic_int(c, 1));
    else if (out->t.rank != 0)
        out->t.rank = -1;
    facts_set_contiguous(out);
    add_indices(c);
    return true;
}

bool type_rule_loss(type_call *c)
{
    int64_t reduction = call_int(c, call_arg(c, "reduction"));
    facts *out = &c->out[0];
    out->t.dtype = promoted_dtype(c, 0);
    call_inherit(c, out);
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
    facts_take(&batch_a, a);
    facts_take(&batch_b, b);
    batch_a.t.rank = ra > 2 ? ra - 2 : 0;
    batch_b.t.rank = rb > 2 ? rb - 2 : 0;
    out->t.rank = 0;
    facts_broadcast(out, &batch_a);
    facts_broadcast(out, &batch_b);
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
    call_inherit(c, out);
    if (a.t.rank >= 0 && b.t.rank >= 0)
        (void)product_shape(&a, &b, out);
    return true;
}

bool type_rule_matmul(type_call *c) { return product(c, 0); }
bool type_rule_add_product(type_call *c) { return product(c, 1); }

bool type_rule_linear(type_call *c)
{
    facts x, w, *out = &c->out[0];
    if (!call_facts(c, 0, &x) || !call_facts(c, 1, &w))
        return false;
    out->t.dtype = x.t.dtype;
    call_inherit(c, out);
    if (x.t.rank < 1 || w.t.rank < 1)
        return true;
    memcpy(out->sizes, x.sizes, sizeof out->sizes);
    out->t.rank = w.t.rank == 2 ? x.t.rank : x.t.rank - 1;
    if (w.t.rank == 2)
        out->sizes[x.t.rank - 1] = w.sizes[0];
    facts_set_contiguous(out);
    return true;
}
