/* Type rules: which rule tells the results of an operator, and what rules are made of.
 *
 * A rule says less rather than wrong: what depends on a size or number that is not known stays unknown, and what the
 * operator would refuse at run time may come out as anything, as it is never there. The rules themselves stand in
 * type_values.c and type_shapes.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/types.h"

#include <string.h>

/* ---- parts ---------------------------------------------------------------------------------------- */

/* Device and gradient come from the operands: known where all of them agree. */
void call_inherit(type_call *c, facts *out)
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
void facts_take(facts *to, const facts *from)
{
    to->t = from->t;
    to->t.sizes = to->sizes;
    to->t.strides = to->strides;
    memcpy(to->sizes, from->sizes, sizeof to->sizes);
    memcpy(to->strides, from->strides, sizeof to->strides);
}

/* New memory: rows one after another where the operand's were. */
void facts_settle(facts *f, bool was_contiguous)
{
    if (was_contiguous)
        facts_set_contiguous(f);
    else
        f->t.has_strides = false;
}

int64_t facts_wrap_dim(int64_t dim, int rank)
{
    if (dim == UNKNOWN_INT || rank < 0)
        return -1;
    dim += dim < 0 ? rank : 0;
    return dim >= 0 && dim < rank ? dim : -1;
}

void facts_drop_dim(facts *f, int64_t dim)
{
    for (int64_t i = dim; i + 1 < f->t.rank; i++) {
        f->sizes[i] = f->sizes[i + 1];
        f->strides[i] = f->strides[i + 1];
    }
    f->t.rank--;
}

bool facts_insert_dim(facts *f, int64_t dim, int64_t size)
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

int64_t facts_mul(int64_t x, int64_t y)
{
    int64_t r;
    return x < 0 || y < 0 || __builtin_mul_overflow(x, y, &r) ? -1 : r;
}

/* The dtype parameter: what it says, `none` where it is not given, -1 where it is not known. */
int call_given_dtype(const type_call *c, int none)
{
    int i = call_arg(c, "dtype");
    int64_t code = i < 0 ? none : call_int(c, i);
    return code >= 0 && code < DTYPE__COUNT && dtype_is_valid(code) ? (int)code : -1;
}

/* Element type of a number operand. */
int facts_number_dtype(const type *t)
{
    switch ((type_kind)t->kind) {
    case TYPE_BOOL: return DTYPE_bool;
    case TYPE_INT: return DTYPE_int64;
    case TYPE_FLOAT: return DTYPE_float32;
    case TYPE_COMPLEX: return DTYPE_complex64;
    default: return -1;
    }
}

/* Sizes of operands that are broadcast together; -1: unknown. */
void facts_broadcast(facts *out, const facts *f)
{
    int rank = f->t.rank > out->t.rank ? f->t.rank : out->t.rank;
    int64_t sizes[FACTS_MAX_RANK];
    for (int i = 0; i < rank; i++) {
        int a = i - (rank - out->t.rank), b = i - (rank - f->t.rank);
        int64_t x = a < 0 ? 1 : out->sizes[a], y = b < 0 ? 1 : f->sizes[b];
        sizes[i] = x == 1 || x == y ? y : y == 1 ? x : x < 0 ? (y > 1 ? y : -1) : x;
    }
    memcpy(out->sizes, sizes, sizeof sizes);
    out->t.rank = rank;
}

int call_operand_dtype(const type_call *c)
{
    facts f;
    return call_facts(c, 0, &f) ? f.t.dtype : -1;
}

/* ---- the table ------------------------------------------------------------------------------------ */

typedef bool (*type_rule)(type_call *c);

/* Which rows are pointwise. */
static const uint8_t is_pointwise[OP__COUNT] = {
#define UNARY(id, ...) [OP_##id] = 1,
#define BINARY(id, ...) [OP_##id] = 1,
#define TERNARY(id, ...) [OP_##id] = 1,
#define QUATERNARY(id, ...) [OP_##id] = 1,
#include "ir/ops/all.def"
};

enum {
    ROW_NONE,
#define TYPE_RULE(id, rule) ROW_##id,
#include "opt/type_rules.def"
};

static type_rule find_rule(op_id op)
{
    static const uint16_t rows[OP__COUNT] = {
#define TYPE_RULE(id, rule) [OP_##id] = ROW_##id,
#include "opt/type_rules.def"
    };
    static const type_rule rules[] = { NULL,
#define TYPE_RULE(id, rule) type_rule_##rule,
#include "opt/type_rules.def"
    };
    return rows[op] ? rules[rows[op]] : is_pointwise[op] ? type_rule_pointwise : NULL;
}

bool type_rule_apply(type_call *c)
{
    const op_info *info = op_get_info((op_id)c->n->op);
    if (info->variant == OP_INPLACE)
        return type_rule_same_memory(c);
    if (info->variant == OP_OUT || info->variant == OP_OUT_EXACT)
        return false;
    type_rule rule = find_rule((op_id)(info->variant == OP_SAME ? info->base : c->n->op));
    return rule && rule(c);
}
