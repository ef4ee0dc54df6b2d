/* Rows that have no kernel of their own because they are another row in another form: in place, out=, under another
 * name, on a copy. The mode in the row says which; the arguments are brought into the order of the base row. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/variant.h"

#include "runtime/kernels/kernel.h"
#include "runtime/kernels/pointwise.h"

#include <string.h>

enum { MAX_RESULTS = 4, MAX_ARGS = 24 };

static op_ctx base_ctx(const op_ctx *cx, const schema *base)
{
    op_ctx sub = *cx;
    sub.op = (op_id)op_get_info(cx->op)->base;
    sub.dying = 0;
    sub.n_args = base->n_args;
    sub.n_rets = base->n_rets;
    return sub;
}

static void release_results(jit_value *results, int n)
{
    for (int k = 0; k < n; k++) value_unref(results[k]);
}

/* ---- in place and out= ------------------------------------------------------------------------- */

static bool check_exact(op_ctx *cx, dtype result, dtype target)
{
    return result == target || OP_FAIL(cx, "Expected out tensor to have dtype %s, but got %s instead", dtype_cpp_name(result),
                                       dtype_cpp_name(target));
}

static bool check_pointwise_exact(op_ctx *cx, const jit_value *args, dtype target)
{
    const dtype result = pointwise_result_dtype(cx, args);
    return result != DTYPE_NONE && (result == target || OP_FAIL(cx, "Found dtype %s but expected %s", dtype_prefix(target),
                                                                dtype_prefix(result)));
}

/* Move a base row's result into the operand that the variant writes, which becomes the result. */
static bool store_result(op_ctx *cx, op_variant variant, tensor *result, tensor *target)
{
    if (variant == OP_OUT_EXACT && !check_exact(cx, tensor_dtype(result), tensor_dtype(target))) return false;
    if (variant != OP_INPLACE ? !resize_out(cx, target, result->sizes, result->n_dims)
               : !tensor_same_sizes(target, result) &&
                     !OP_FAIL(cx, "output with shape %s doesn't match the broadcast shape %s",
                              sizes_print(target->sizes, target->n_dims).s,
                              sizes_print(result->sizes, result->n_dims).s))
        return false;
    if (!check_can_cast(cx, tensor_dtype(result), tensor_dtype(target)) || !check_no_self_overlap(cx, target) ||
        !tensor_copy_into(cx, target, result))
        return false;
    tensor_bump_version(target);
    return true;
}

/* Rows whose out= operand may not share memory with these operands: PyTorch writes it while it reads them. */
static const struct { op_id row; const char *first, *second; } apart[] = {
#define OUT_APART(row, first, second) { OP_##row, first, second },
#include "ir/ops/all.def"
};

static bool check_apart(op_ctx *cx, const schema *base, op_id row, const jit_value *args, const tensor *out)
{
    size_t i = 0;
    while (i < sizeof apart / sizeof *apart && apart[i].row != row) i++;
    if (i == sizeof apart / sizeof *apart) return true;
    const char *second = apart[i].second;
    return check_value_apart(cx, out, args[schema_find_arg(base, apart[i].first)])
           && (!second || check_value_apart(cx, out, args[schema_find_arg(base, second)]));
}

/* The base row's arguments, found by name where the out= form leaves some away: a factory's out= form has neither
 * dtype nor device, the tensor it writes has them. */
static bool arguments_by_name(op_ctx *cx, const schema *own, const schema *base, const jit_value *args,
                              const tensor *out, jit_value *ret)
{
    if (base->n_args > MAX_ARGS) return op_no_memory(cx);
    for (int k = 0; k < base->n_args; k++) {
        const char *name = base->args[k].name;
        const int at = schema_find_arg(own, name);
        if (at >= 0)
            ret[k] = args[at];
        else
            ret[k] = strcmp(name, "dtype") == 0 ? VALUE_INT_V(tensor_dtype(out)) : base->args[k].default_value;
    }
    return true;
}

static bool call_pointwise_inplace(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    op_ctx sub = { .run = cx->run, .op = (op_id)op_get_info(cx->op)->base, .n_args = cx->n_args, .n_rets = 1 };
    if (!pointwise_call_into(&sub, args, args[0].t, false)) return false;
    tensor_bump_version(args[0].t);
    rets[0] = args[0];
    if (cx->dying & 1)
        cx->dying &= ~UINT32_C(1);
    else
        tensor_ref(args[0].t);
    return true;
}

/* Rows that are told a type, or take that of their out= operand. A mean is cast to it instead: whole ones do not exist. */
static const struct { op_id row; bool takes_type; } typed_rows[] = {
#define OUT_DTYPE(row, takes_type) { OP_##row, takes_type },
#include "ir/ops/all.def"
};

/* The arguments of such a row with the type in place: args, or a copy of them in ret. NULL: it was told another type. */
static const jit_value *with_type_of_out(op_ctx *cx, const schema *base, op_id row, const jit_value *args, const tensor *out,
                                         jit_value *ret)
{
    size_t i = 0;
    while (i < sizeof typed_rows / sizeof *typed_rows && typed_rows[i].row != row) i++;
    if (i == sizeof typed_rows / sizeof *typed_rows) return args;
    const int at = schema_find_arg(base, "dtype");
    if (args[at].tag != VALUE_NONE)
        return !dtype_is_valid(args[at].i) || check_exact(cx, (dtype)args[at].i, tensor_dtype(out)) ? args : NULL;
    if (!typed_rows[i].takes_type) return args;
    if (ret != args) memcpy(ret, args, base->n_args * sizeof *args);
    ret[at] = VALUE_INT_V(tensor_dtype(out));
    return ret;
}

/* Pointwise rows compute straight into the operand; other rows run first and are copied. */
static bool call_writing(op_ctx *cx, op_kernel kernel, const schema *own, const schema *base, const jit_value *args,
                         jit_value *rets)
{
    const op_variant variant = (op_variant)op_get_info(cx->op)->variant;
    const bool is_out = variant != OP_INPLACE;
    const jit_value *targets = is_out ? args + own->n_args - base->n_rets : args;
    jit_value by_name[MAX_ARGS], results[MAX_RESULTS];
    op_ctx sub = base_ctx(cx, base);
    if (is_out && own->n_args - base->n_rets != base->n_args) {
        if (!arguments_by_name(cx, own, base, args, targets[0].t, by_name)) return false;
        args = by_name;
    }
    if (kernel == pointwise_call) {
        if (variant == OP_OUT_EXACT && !check_pointwise_exact(&sub, args, tensor_dtype(targets[0].t))) return false;
        if (!pointwise_call_into(&sub, args, targets[0].t, true)) return false;
        tensor_bump_version(targets[0].t);
        rets[0] = value_ref(targets[0]);
        return true;
    }
    if (is_out && !check_apart(cx, base, sub.op, args, targets[0].t)) return false;
    if (is_out) args = with_type_of_out(cx, base, sub.op, args, targets[0].t, by_name);
    if (!args || !kernel(&sub, args, results)) return false;
    bool ok = true;
    for (int k = 0; k < base->n_rets && ok; k++) ok = store_result(cx, variant, results[k].t, targets[k].t);
    release_results(results, base->n_rets);
    for (int k = 0; k < base->n_rets && ok && k < own->n_rets; k++) rets[k] = value_ref(targets[k]);
    return ok;
}

/* ---- copies ------------------------------------------------------------------------------------ */

/* The in-place row on a copy of its first operand. */
static bool call_functional(op_ctx *cx, op_kernel kernel, const schema *base, const jit_value *args, jit_value *rets)
{
    jit_value own_args[MAX_ARGS];
    if (base->n_args > MAX_ARGS) return op_no_memory(cx);
    memcpy(own_args, args, base->n_args * sizeof *args);
    tensor *copy = tensor_clone(cx, args[0].t);
    if (!copy) return false;
    own_args[0] = VALUE_HEAP_V(VALUE_TENSOR, copy);
    op_ctx sub = base_ctx(cx, base);
    const bool ok = kernel(&sub, own_args, rets);
    tensor_unref(copy);
    return ok;
}

/* Replaces the views in a list, which is nobody else's yet, by copies. */
static bool copy_list(op_ctx *cx, list *views)
{
    for (size_t i = 0; i < views->n; i++) {
        tensor *t = tensor_clone(cx, list_peek(views, i).t);
        if (!t) return false;
        list_set(views, i, RET_TENSOR(t));
    }
    return true;
}

/* A view's row whose result has memory of its own. */
static bool call_copying(op_ctx *cx, op_kernel kernel, const schema *base, const jit_value *args, jit_value *rets)
{
    op_ctx sub = base_ctx(cx, base);
    if (!kernel(&sub, args, rets)) return false;
    if (rets[0].tag == VALUE_LIST) {
        if (copy_list(cx, rets[0].list)) return true;
    } else {
        tensor *copy = tensor_clone(cx, rets[0].t);
        if (copy) {
            tensor_unref(rets[0].t);
            rets[0] = RET_TENSOR(copy);
            return true;
        }
    }
    value_unref(rets[0]);
    return false;
}

bool variant_call(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const op_info *info = op_get_info(cx->op);
    const op_kernel kernel = op_kernel_find((op_id)info->base, DEVICE_CPU);
    if (kernel == pointwise_call && info->variant == OP_INPLACE) return call_pointwise_inplace(cx, args, rets);
    const schema *own = op_schema(cx->op), *base = op_schema((op_id)info->base);
    if (!own || !base) return op_no_memory(cx);
    if (!kernel || base->n_rets > MAX_RESULTS)
        return op_fail(cx, JIT_EUNSUPPORTED, "%s is not implemented", op_name(cx->op));
    switch ((op_variant)info->variant) {
    case OP_INPLACE:
    case OP_OUT:
    case OP_OUT_EXACT: return call_writing(cx, kernel, own, base, args, rets);
    case OP_FUNCTIONAL: return call_functional(cx, kernel, base, args, rets);
    case OP_COPY: return call_copying(cx, kernel, base, args, rets);
    case OP_SAME:
    case OP_NO_VARIANT: break;
    }
    op_ctx sub = base_ctx(cx, base);
    return kernel(&sub, args, rets);
}
