/* runtime/kernels/names.c: reductions over dimensions by name.
 *
 * No tensor has named dimensions. `[]` is a list of any type, so `mean(x, dim=[], out=o)` is resolved to the overload of names, which
 * is the one of numbers for it; any other list raises, as it does in PyTorch, whose names are not strings of a program. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/kernel.h"

#include <string.h>

enum { MOST_ARGS = 8 };

/* The overload with the same parameters, but numbers for names. */
static op_id find_by_numbers(const schema *own)
{
    size_t n;
    const uint16_t *ids = op_find_all(own->name, &n);
    for (size_t i = 0; i < n; i++) {
        const schema *s = op_schema((op_id)ids[i]);
        bool same = s && s != own && s->n_args == own->n_args && s->n_rets == own->n_rets;
        for (int k = 0; same && k < s->n_args; k++)
            same = strcmp(s->args[k].name, own->args[k].name) == 0 &&
                   (s->args[k].type == own->args[k].type || strcmp(s->args[k].name, "dim") == 0);
        if (same) return (op_id)ids[i];
    }
    return OP_NONE;
}

bool op_reduce_by_names(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const schema *own = op_schema(cx->op);
    const int at = own ? schema_find_arg(own, "dim") : -1;
    if (at < 0 || own->n_args > MOST_ARGS) return op_no_memory(cx);
    const list *names = args[at].list;
    if (names->n)
        return OP_FAIL(cx, "all symbols must have a namespace, <namespace>::<string>, but found: %s", list_peek(names, 0).s->s);
    const op_id row = find_by_numbers(own);
    list *none = row ? list_new(T_INT, LIST_INTS, 0) : NULL;
    if (!none) return op_no_memory(cx);
    jit_value by_numbers[MOST_ARGS];
    memcpy(by_numbers, args, own->n_args * sizeof *args);
    by_numbers[at] = VALUE_HEAP_V(VALUE_LIST, none);
    const bool ok = kernel_call(cx, row, by_numbers, rets);
    value_unref(by_numbers[at]);
    return ok;
}
