/* ir/reads.c: which operators do no more with a list than read it. The schema says so: an operand that is not marked
 * as written does not change, and where no result is of a type that could be the list or hold it, and no letter says that it
 * goes into another operand, nothing but the caller has it afterwards. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph_internal.h"

/** May a value of type t be a list of the operand's type, or hold one? */
static bool may_hold(const type *t, const type *operand)
{
    while (t->kind == TYPE_OPTIONAL)
        t = type_elem(t);
    switch ((type_kind)t->kind) {
    case TYPE_TENSOR: case TYPE_INT: case TYPE_FLOAT: case TYPE_BOOL: case TYPE_COMPLEX: case TYPE_NUMBER:
    case TYPE_STR: case TYPE_DEVICE: case TYPE_NONE:
        return false;
    case TYPE_LIST:
        return type_list_storage(type_elem(t)) == type_list_storage(type_elem(operand)) || may_hold(type_elem(t), operand);
    default:
        return true;
    }
}

bool ir_only_reads_list(const ir_use *u)
{
    const ir_node *n = u->user;
    const schema *sc = op_schema((op_id)n->op);
    const type *operand = n->inputs[u->index]->type;
    const bool is_unpack = n->op == OP_prim_ListUnpack;
    if (operand->kind != TYPE_LIST || n->n_blocks || (!is_unpack && (!sc || sc->is_vararg || u->index >= sc->n_args)))
        return false;
    if (!is_unpack && (sc->args[u->index].alias.is_write || (sc->args[u->index].alias.after & SCHEMA_ALIAS_WILDCARD)))
        return false;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (may_hold(n->outputs[i]->type, operand))
            return false;
    return true;
}

bool ir_list_is_only_read(const ir_value *v)
{
    enum { MAX_USES_ASKED = 32 };
    if (v->n_uses > MAX_USES_ASKED)
        return false;
    for (const ir_use *u = v->uses; u; u = u->next)
        if (!ir_only_reads_list(u))
            return false;
    return true;
}
