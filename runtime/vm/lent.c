/* runtime/vm/lent.c: lists that are not built.
 *
 * Sizes, strides, dimensions, the tensors of a cat: most lists of a model are written down for one operator, which reads
 * them and is done with them. Where the schemas say that nobody does more than read (ir_only_reads_list), the list is
 *     constant   elements are constants: the plan makes it once;
 *     lent       header and elements stand in the scratch of the frame for the time of the call. The elements come right
 *                from their registers, which hold on to them, so nothing is counted and nothing is to be released;
 *     sizes      `x.size()`: lent likewise, the elements are the tensor's own. Who looks up a size or unpacks them reads
 *                the tensor.
 * The step of a lent list is the one in front of its last reader: up to there its elements live.
 *
 * A list that is read in several blocks, or by a call, an instruction of the VM or a step of a group, is built. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/compile.h"

/* Lists of more readers or elements than this are built: each reader makes a lent list anew. */
enum { MAX_READERS = 8, MAX_ELEMENTS = 256 };

/* ---- which lists ------------------------------------------------------------------------------- */
bool list_is_constant(const ir_node *n)
{
    if (n->op != OP_prim_ListConstruct || n->outputs[0]->type->kind != TYPE_LIST)
        return false;
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (n->inputs[i]->node->op != OP_prim_Constant)
            return false;
    return ir_list_is_only_read(n->outputs[0]);
}

/** Is the reader a kernel that gets its operands through a site? */
static bool can_be_lent_to(const ir_use *u)
{
    const ir_node *n = u->user;
    const schema *sc = op_schema(n->op);
    return op_get_info(n->op)->backend == OP_HAS_KERNEL && sc && !sc->is_vararg && n->n_inputs == sc->n_args
           && !sc->args[u->index].type->has_vars && !node_joins_group(n) && op_kernel_find(n->op, DEVICE_CPU)
           && ir_only_reads_list(u);
}

static bool literal_is_lent(const ir_node *n)
{
    const ir_value *v = n->outputs[0];
    if (n->n_inputs > MAX_ELEMENTS || v->type->kind != TYPE_LIST || list_is_constant(n))
        return false;
    for (const ir_use *u = v->uses; u; u = u->next)
        if (u->user->block != v->uses->user->block || !can_be_lent_to(u))
            return false;
    return true;
}

/** Does the reader have an instruction that reads sizes from the tensor? */
static bool reads_sizes(const ir_use *u)
{
    const ir_node *n = u->user;
    return n->op == OP_prim_ListUnpack || n->op == OP_aten_len_t
           || (n->op == OP_aten___getitem___t && n->inputs[1]->type->kind == TYPE_INT
               && n->outputs[0]->type->kind == TYPE_INT);
}

/** A node that may stand between sizes and their reader: it changes no tensor, and the tensor's memory would hardly be
 * wanted by then. */
static bool leaves_tensors_alone(const ir_node *n)
{
    if (n->op == OP_prim_Constant || n->op == OP_prim_ListConstruct || n->op == OP_aten_size)
        return true;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (!type_is_scalar(n->outputs[i]->type))
            return false;
    return n->n_blocks == 0 && (op_get_info(n->op)->traits & OP_PURE);
}

static bool sizes_are_lent(const ir_node *n)
{
    const ir_value *v = n->outputs[0];
    uint32_t n_left = v->n_uses;
    for (const ir_use *u = v->uses; u; u = u->next)
        if (!reads_sizes(u) && (!can_be_lent_to(u) || schema_writes(op_schema(u->user->op)))) // to the tensor, maybe
            return false;
    for (const ir_node *at = n->next; at != n->block->ret; at = at->next) {
        bool is_read = false;
        for (uint32_t i = 0; i < at->n_inputs; i++)
            if (at->inputs[i] == v) {
                is_read = reads_sizes(at->uses[i]);
                if (--n_left == 0)
                    return true;
            }
        if (!is_read && !leaves_tensors_alone(at))
            return false;
    }
    return false;
}

bool list_is_lent(const ir_node *n)
{
    if ((n->op != OP_prim_ListConstruct && n->op != OP_aten_size) || n->outputs[0]->n_uses == 0
        || n->outputs[0]->n_uses > MAX_READERS)
        return false;
    return n->op == OP_aten_size ? sizes_are_lent(n) : literal_is_lent(n);
}

/* ---- constants --------------------------------------------------------------------------------- */
jit_value list_constant(vm_compile *c, const ir_node *n)
{
    const type *elem = type_elem(n->outputs[0]->type);
    list *made = list_new(elem, type_list_storage(elem), n->n_inputs);
    const jit_value v = VALUE_HEAP_V(VALUE_LIST, made);
    if (!made || !VEC_PUSH(&c->lists, &c->plan->arena, v)) {
        value_unref(v);
        c->plan->arena.failed = true;
        return VALUE_NONE_V;
    }
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        jit_value element = VALUE_NONE_V;
        (void)ir_value_constant(n->inputs[i], &element);
        if (made->storage == LIST_FLOATS)
            element = VALUE_FLOAT_V(vm_float_of(element));
        if (!list_push(made, value_ref(element)))
            c->plan->arena.failed = true;
    }
    return v;
}

/* ---- operands of sites -------------------------------------------------------------------------- */
/** The list that is lent to n as input i; NULL: something else. */
static const ir_node *lent_operand(const vm_compile *c, const ir_node *n, uint32_t i)
{
    const ir_node *made = n->inputs[i]->node;
    const bool may_be = made->op == OP_prim_ListConstruct || made->op == OP_aten_size;
    return may_be && node_is_fused(c, made) ? made : NULL;
}

/** Where the elements (of sizes: the tensor) stand for the reader at `step`; the last one gives them up. */
static const vm_slot *element_slots(vm_compile *c, const ir_node *made, uint32_t step)
{
    const uint32_t own = step_of_node(c, made);
    vm_slot *slots = arg_slots(c, made, 0, own);
    for (uint32_t i = 0; slots && step < own && i < made->n_inputs; i++)
        slots[i].is_last = false;
    return slots;
}

static bool lend(vm_compile *c, const ir_node *made, uint32_t step, vm_lent *ret)
{
    const type *elem = type_elem(made->outputs[0]->type);
    *ret = (vm_lent){ .elem = elem, .storage = (uint8_t)type_list_storage(elem), .n = made->n_inputs,
                      .is_sizes = made->op == OP_aten_size, .elements = element_slots(c, made, step) };
    for (uint32_t i = 0; ret->elements && i < made->n_inputs; i++)
        ret->has_last |= ret->elements[i].is_last;
    return ret->elements;
}

bool lend_operands(vm_compile *c, const ir_node *n, uint32_t first, uint32_t step, vm_slot *args, vm_site *site)
{
    uint32_t n_lent = 0;
    site->n_scratch = site->n_args + site->n_rets;
    for (uint32_t i = 0; i < site->n_args; i++)
        n_lent += lent_operand(c, n, first + i) != NULL;
    if (n_lent == 0)
        return true;
    vm_lent *lent = ARENA_ARRAY(&c->plan->arena, vm_lent, n_lent);
    for (uint32_t i = 0; lent && i < site->n_args; i++) {
        const ir_node *made = lent_operand(c, n, first + i);
        if (!made)
            continue;
        vm_lent *to = &lent[site->n_lent++];
        if (!lend(c, made, step, to))
            return false;
        to->arg = i;
        to->at = site->n_scratch;
        site->n_scratch += VM_LENT_HEADER + (to->is_sizes ? 0 : to->n);
        args[i] = (vm_slot){ .home = HOME_NONE };
    }
    site->lent = lent;
    return lent;
}

/* ---- instructions that read sizes ---------------------------------------------------------------- */
bool emit_sizes_read(vm_compile *c, const ir_node *n, uint32_t step)
{
    const ir_node *made = n->n_inputs ? lent_operand(c, n, 0) : NULL;
    if (!made || made->op != OP_aten_size || !reads_sizes(n->uses[0]))
        return false;
    const vm_slot *held = element_slots(c, made, step);
    if (!held)
        return true;
    if (n->op == OP_aten_len_t) {
        emit(c, VM_RANK, live_of(c, n->outputs[0])->reg, held->reg, 0, 0);
    } else if (n->op == OP_aten___getitem___t) {
        const bool is_read = result_slot(c, n->outputs[0]).home != HOME_NONE;
        emit(c, VM_SIZE_AT, is_read ? live_of(c, n->outputs[0])->reg : c->s_temp, held->reg,
             scalar_operand(c, n->inputs[1], TYPE_INT, 0), 0);
    } else {
        emit(c, VM_CHECK_RANK, held->reg, n->n_outputs, 0, 0);
        for (uint32_t i = 0; i < n->n_outputs; i++)
            if (result_slot(c, n->outputs[i]).home != HOME_NONE)
                emit(c, VM_SIZE, live_of(c, n->outputs[i])->reg, held->reg, i, 0);
    }
    if (held->is_last)
        emit(c, VM_DROP, held->reg, 0, 0, 0);
    return true;
}
