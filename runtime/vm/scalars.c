/* runtime/vm/scalars.c: instructions for the scalar operators.
 *
 * Each has an instruction of its own, made from its row. Some have a shorter one where an operand is a constant, and a
 * product that is only added to something is one instruction with the sum. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/compile.h"

#include <string.h>

typedef struct scalar_row { uint16_t opcode; const char *sig; } scalar_row;

static const scalar_row scalar_rows[OP__COUNT] = {
#define SCALAR(id, schema, traits, sig, ...) [OP_##id] = { VM_SCALAR_##id, #sig },
#define SCALAR_CHECK(id, schema, traits, sig, ...) SCALAR(id, schema, traits, sig)
#include "ir/ops/begin.def"
#include "ir/ops/scalar.def"
#include "ir/ops/end.def"
};

static type_kind kind_of_letter(char letter)
{
    return letter == 'I' ? TYPE_INT : letter == 'F' ? TYPE_FLOAT : TYPE_BOOL;
}

static bool is_int_constant(const ir_value *v, int64_t *ret)
{
    jit_value constant;
    if (!ir_value_constant(v, &constant) || constant.tag != VALUE_INT)
        return false;
    *ret = constant.i;
    return true;
}

/* ---- products in sums ------------------------------------------------------------------------ */
ir_node *scalar_product(const ir_node *sum)
{
    if ((sum->op != OP_aten_add_int && sum->op != OP_aten_add_float) || sum->n_inputs != 2)
        return NULL;
    op_id product = sum->op == OP_aten_add_int ? OP_aten_mul_int : OP_aten_mul_float;
    type_kind kind = sum->op == OP_aten_add_int ? TYPE_INT : TYPE_FLOAT;
    for (uint32_t i = 0; i < 2; i++) {
        ir_node *n = sum->inputs[i]->node;
        if (n->op == product && n->block == sum->block && n->outputs[0]->n_uses == 1
            && n->inputs[0]->type->kind == kind && n->inputs[1]->type->kind == kind
            && sum->inputs[1 - i]->type->kind == kind)
            return n;
    }
    return NULL;
}

const ir_node *scalar_combined(const vm_compile *c, const ir_node *n)
{
    const ir_node *product = scalar_product(n);
    if (!product || c->live[product->outputs[0]->id].is_shared || c->live[product->inputs[1]->id].reg > UINT16_MAX)
        return NULL;
    return product;
}

/* ---- sums of sums ------------------------------------------------------------------------------- */
static bool adds_ints(const ir_node *n)
{
    return n->op == OP_aten_add_int && n->n_inputs == 2 && n->inputs[0]->type->kind == TYPE_INT
           && n->inputs[1]->type->kind == TYPE_INT;
}

/** Which operand of the sum `first`, if any, does `second` add to it? */
static int added_again(const ir_node *first, const ir_node *second)
{
    for (int i = 0; i < 2; i++)
        if (second->inputs[i] == first->outputs[0])
            for (int k = 0; k < 2; k++)
                if (second->inputs[1 - i] == first->inputs[k])
                    return k;
    return -1;
}

/** Does no shorter instruction compute the sum? */
static bool is_plain_sum(const vm_compile *c, const ir_node *n)
{
    int64_t k;
    return adds_ints(n) && !is_int_constant(n->inputs[0], &k) && !is_int_constant(n->inputs[1], &k) && !scalar_combined(c, n);
}

bool scalar_adds_twice(const vm_compile *c, const ir_node *n)
{
    const ir_node *first = n->prev;
    if (!is_plain_sum(c, n) || !is_plain_sum(c, first) || added_again(first, n) < 0)
        return false;
    const vm_step *before = &c->steps.at[step_of_node(c, first)];
    return before + 1 == &c->steps.at[step_of_node(c, n)] && !before->is_second
           && c->live[n->outputs[0]->id].reg <= UINT16_MAX;
}

/* ---- forms ------------------------------------------------------------------------------------- */
/** The instruction for n where it has a shorter one; false: none. */
static bool emit_short_form(vm_compile *c, const ir_node *n, uint32_t target)
{
    int64_t k;
    const ir_node *product = scalar_combined(c, n), *element = element_combined(c, n);
    if (element) {
        emit_multiply_add_inner(c, n, element, target);
        return true;
    }
    if (product) {
        const ir_value *added = n->inputs[n->inputs[0]->node == product];
        emit(c, n->op == OP_aten_add_int ? VM_MULTIPLY_ADD_INT : VM_MULTIPLY_ADD_FLOAT, target,
             live_of(c, added)->reg, live_of(c, product->inputs[0])->reg, live_of(c, product->inputs[1])->reg);
        return true;
    }
    if (c->steps.at[step_of_node(c, n)].is_second) {
        const ir_node *sum = n->prev;
        const int again = added_again(sum, n);
        emit(c, VM_ADD_INT_TWICE, live_of(c, sum->outputs[0])->reg, live_of(c, sum->inputs[1 - again])->reg,
             live_of(c, sum->inputs[again])->reg, target);
        return true;
    }
    if (n->n_inputs != 2 || n->inputs[0]->type->kind != TYPE_INT || !is_int_constant(n->inputs[1], &k))
        return false;
    uint32_t operand = live_of(c, n->inputs[0])->reg;
    bool is_power = k > 0 && (k & (k - 1)) == 0, is_small = k > INT32_MIN && k <= INT32_MAX;
    if (n->op == OP_aten_add_int && is_small)
        emit(c, VM_ADD_NUMBER, target, operand, (uint32_t)k, 0);
    else if (n->op == OP_aten_sub_int && is_small)
        emit(c, VM_ADD_NUMBER, target, operand, (uint32_t)-k, 0);
    else if (n->op == OP_aten_floordiv_int && is_power)
        emit(c, VM_SHIFT_DOWN, target, operand, (uint32_t)__builtin_ctzll((uint64_t)k), 0);
    else if (n->op == OP_aten_remainder_int && is_power)
        emit(c, VM_LOW_BITS, target, operand, (uint32_t)__builtin_ctzll((uint64_t)k), 0);
    else
        return false;
    return true;
}

static bool emit_full_form(vm_compile *c, const ir_node *n, const scalar_row *row, uint32_t target)
{
    const char *letters = row->sig + 2; // "I_II": after the result and the underscore
    uint32_t at[3] = { 0 }, n_operands = (uint32_t)strlen(letters);
    if (n->n_inputs != n_operands ||
        (n_operands == 3 && live_of(c, n->inputs[2])->reg > UINT16_MAX) ||
        (n_operands == 3 && c->s_temp + 2 > UINT16_MAX))
        return false;
    for (uint32_t i = 0; i < n_operands; i++)
        at[i] = scalar_operand(c, n->inputs[i], kind_of_letter(letters[i]), i);
    emit(c, (vm_opcode)row->opcode, target, at[0], at[1], at[2]);
    return true;
}

bool emit_scalar(vm_compile *c, const ir_node *n)
{
    const scalar_row *row = &scalar_rows[n->op];
    if (!row->sig || n->n_outputs != 1)
        return false;
    const vm_live *result = live_of(c, n->outputs[0]);
    uint32_t target = result->is_scalar ? result->reg : c->s_temp;
    if (!emit_short_form(c, n, target) && !emit_full_form(c, n, row, target))
        return false;
    if (!result->is_scalar)
        emit(c, VM_BOX, result->reg, target, 0,
             vm_type_tag(type_base(kind_of_letter(row->sig[0]))));
    return true;
}
