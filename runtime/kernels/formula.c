/* Intermediate results of formulas: a growing list of owned values. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/formula.h"

#include "base/alloc.h"
#include "ir/type.h"

#include <string.h>

/* Owns v from here on, also when there is no memory to remember it. */
static bool own_value(formula *f, jit_value take)
{
    if (f->n == f->cap) {
        const size_t cap = f->cap ? 2 * f->cap : 16;
        jit_value *grown = mem_realloc(f->made, cap * sizeof *grown);
        if (!grown) {
            value_unref(take);
            f->failed = true;
            return op_no_memory(f->cx);
        }
        f->made = grown;
        f->cap = cap;
    }
    f->made[f->n++] = take;
    return true;
}

tensor *formula_own(formula *f, tensor *take)
{
    if (!take) {
        f->failed = true;
        return NULL;
    }
    return own_value(f, T_V(take)) ? take : NULL;
}

bool formula_op_n(formula *f, op_id id, const jit_value *args, size_t n_args, tensor **ret, size_t n)
{
    enum { MAX_RESULTS = 4 };
    jit_value results[MAX_RESULTS] = { { 0 } };
    for (size_t k = 0; k < n; k++)
        ret[k] = NULL;
    for (size_t i = 0; i < n_args; i++)
        if (args[i].tag >= VALUE_COMPLEX && !args[i].p)
            f->failed = true;
    if (f->failed)
        return false;
    if (!kernel_call(f->cx, id, args, results)) {
        f->failed = true;
        return false;
    }
    for (size_t k = 0; k < n; k++)
        ret[k] = formula_own(f, results[k].t);
    return !f->failed;
}

tensor *formula_op(formula *f, op_id id, const jit_value *args, size_t n_args)
{
    tensor *result;
    return formula_op_n(f, id, args, n_args, &result, 1) ? result : NULL;
}

static jit_value own_list(formula *f, list *l, bool ok)
{
    if (l && ok) {
        const jit_value v = VALUE_HEAP_V(VALUE_LIST, l);
        if (own_value(f, v))
            return v;
    } else {
        if (l)
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
        op_no_memory(f->cx);
        f->failed = true;
    }
    return VALUE_HEAP_V(VALUE_LIST, NULL);
}

jit_value formula_ints(formula *f, const int64_t *ints, size_t n)
{
    list *l = list_new(T_INT, LIST_INTS, n);
    bool ok = l != NULL;
    for (size_t i = 0; i < n && ok; i++)
        ok = list_push(l, INT_V(ints[i]));
    return own_list(f, l, ok);
}

jit_value formula_tensors(formula *f, tensor *const *tensors, size_t n)
{
    list *l = f->failed ? NULL : list_new(T_TENSOR, LIST_VALUES, n);
    bool ok = l != NULL;
    for (size_t i = 0; i < n && ok; i++)
        ok = tensors[i] && list_push(l, T_V(tensor_ref(tensors[i])));
    return own_list(f, l, ok);
}

jit_value formula_str(formula *f, const char *s)
{
    str *made = str_new(s, strlen(s));
    if (!made) {
        f->failed = true;
        op_no_memory(f->cx);
        return VALUE_HEAP_V(VALUE_STR, NULL);
    }
    const jit_value v = VALUE_HEAP_V(VALUE_STR, made);
    return own_value(f, v) ? v : VALUE_HEAP_V(VALUE_STR, NULL);
}

static void release(formula *f)
{
    for (size_t i = f->n; i-- > 0;)
        value_unref(f->made[i]);
    mem_free(f->made);
    *f = (formula){ .cx = f->cx, .failed = f->failed };
}

bool formula_give_n(formula *f, tensor *const *results, size_t n, jit_value *rets)
{
    for (size_t k = 0; k < n; k++)
        f->failed |= !results[k];
    for (size_t k = 0; k < n && !f->failed; k++)
        rets[k] = T_V(tensor_ref(results[k]));
    release(f);
    return !f->failed;
}

bool formula_give(formula *f, tensor *result, jit_value *rets)
{
    return formula_give_n(f, &result, 1, rets);
}

bool formula_drop(formula *f)
{
    f->failed = true;
    release(f);
    return false;
}

double formula_item(formula *f, const tensor *t)
{
    return f->failed || !t || t->numel < 1 ? 0 : tensor_get_double(t, 0);
}
