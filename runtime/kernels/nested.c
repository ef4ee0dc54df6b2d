/* Nested tensors (at/native/nested/NestedTensorTransformerFunctions.cpp): made from a padded tensor and a mask, and
 * padded again. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nested.h"
#include "runtime/kernels/compose.h"

#include "base/alloc.h"

#include <string.h>

/* What the storage of a nested tensor carries. */
typedef struct nested_note {
    storage_extra extra;
    int64_t n_parts, longest;
    int64_t lengths[];
} nested_note;

static void free_note(storage_extra *e) { mem_free(e); }

const int64_t *nested_lengths(const tensor *t)
{
    if (!t->store->has_parts || t->n_dims != 3 || t->offset != 0 || !tensor_is_contiguous(t)) return NULL;
    for (storage_extra *e = t->store->extras; e; e = e->next) {
        const nested_note *note = (const nested_note *)(const void *)e;
        if (e->free == free_note && note->n_parts == t->sizes[0] && note->longest == t->sizes[1]) return note->lengths;
    }
    return NULL;
}

/* Zeroes what lies behind the end of each part and notes the lengths. */
static bool make_nested(op_ctx *cx, tensor *t, const int64_t *lengths)
{
    const int64_t n = t->sizes[0], longest = t->sizes[1], row = t->sizes[2] * (int64_t)dtype_size(tensor_dtype(t));
    nested_note *note = mem_alloc(sizeof *note + (size_t)n * sizeof *lengths);
    if (!note) return op_no_memory(cx);
    *note = (nested_note){ .extra = { t->store->extras, free_note }, .n_parts = n, .longest = longest };
    for (int64_t k = 0; k < n; k++) {
        note->lengths[k] = lengths[k];
        memset((char *)tensor_data(t) + (k * longest + lengths[k]) * row, 0, (size_t)((longest - lengths[k]) * row));
    }
    t->store->extras = &note->extra;
    t->store->has_parts = true;
    return true;
}

tensor *nested_as(op_ctx *cx, tensor *take, const tensor *like)
{
    if (take && make_nested(cx, take, nested_lengths(like))) return take;
    tensor_unref(take);
    return NULL;
}

tensor *nested_padding(op_ctx *cx, const tensor *t)
{
    const int64_t *lengths = nested_lengths(t), longest = t->sizes[1];
    tensor *padding = make_tensor(cx, DTYPE_bool, t->sizes, 2);
    for (int64_t i = 0; padding && i < padding->numel; i++)
        ((bool *)tensor_data(padding))[i] = i % longest >= lengths[i / longest];
    return padding;
}

/* ---- from a mask ----------------------------------------------------------------------------------------- */
static bool check_mask(op_ctx *cx, const tensor *t, const tensor *mask)
{
    if (mask->dtype != DTYPE_bool)
        return OP_FAIL(cx, "Expected mask to be of ScalarType Bool, but got %s instead.", dtype_prefix(tensor_dtype(mask)));
    if (mask->n_dims != 2) return OP_FAIL(cx, "Padding mask should be 2D");
    if (t->n_dims != 3) return OP_FAIL(cx, "Input should be a 3D tensor, N * L * D");
    return (t->sizes[0] == mask->sizes[0] && t->sizes[1] == mask->sizes[1]) ||
           OP_FAIL(cx, "Mask size should match input size");
}

/* How many each row of the mask holds, and whether they all stand at the row's beginning. mem_free. */
static int64_t *count_marks(op_ctx *cx, const tensor *mask, bool *ret_aligned)
{
    const int64_t n = mask->sizes[0], columns = mask->sizes[1];
    int64_t *counts = mem_alloc((size_t)n * sizeof *counts + 1);
    if (!counts) op_no_memory(cx);
    *ret_aligned = true;
    for (int64_t k = 0; counts && k < n; k++) {
        counts[k] = 0;
        for (int64_t i = 0; i < columns; i++) {
            if (!tensor_get_int(mask, k * columns + i)) continue;
            if (counts[k]++ != i) *ret_aligned = false;
        }
    }
    return counts;
}

/* The first rows of each part of t, as many as the longest has. */
static tensor *copy_parts(op_ctx *cx, tensor *t, const int64_t *lengths)
{
    int64_t longest = 0;
    for (int64_t k = 0; k < t->sizes[0]; k++)
        if (lengths[k] > longest) longest = lengths[k];
    const int64_t sizes[] = { t->sizes[0], longest, t->sizes[2] };
    tensor *part = tensor_view(t, sizes, t->strides, 3, t->offset);
    tensor *copy = part ? make_tensor(cx, tensor_dtype(t), sizes, 3) : NULL;
    const bool ok = copy && tensor_copy_into(cx, copy, part) && make_nested(cx, copy, lengths);
    if (!part) op_no_memory(cx);
    tensor_unref(part);
    if (ok) return copy;
    tensor_unref(copy);
    return NULL;
}

/* t [parts, rows, width], mask [parts, rows] of what belongs to each part, mask_check */
bool op_nested_tensor_from_mask(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    bool is_aligned;
    if (!check_mask(cx, args[0].t, args[1].t)) return false;
    int64_t *lengths = count_marks(cx, args[1].t, &is_aligned);
    if (lengths && arg_bool(args[2]) && !is_aligned) {
        mem_free(lengths);
        return OP_FAIL(cx, "Mask must be left-aligned without gaps");
    }
    tensor *nested = lengths ? copy_parts(cx, args[0].t, lengths) : NULL;
    mem_free(lengths);
    return give_tensor(nested, rets);
}

bool op_nested_tensor_from_mask_left_aligned(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    bool is_aligned;
    if (!check_mask(cx, args[0].t, args[1].t)) return false;
    int64_t *lengths = count_marks(cx, args[1].t, &is_aligned);
    mem_free(lengths);
    rets[0] = VALUE_BOOL_V(is_aligned);
    return lengths != NULL;
}

/* ---- back ------------------------------------------------------------------------------------------------ */
bool op_is_nested(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    rets[0] = VALUE_BOOL_V(nested_lengths(args[0].t) != NULL);
    return true;
}

/* The size of the padded tensor: what `wanted` (a list or None) says, at least that of the parts. */
static bool padded_sizes(op_ctx *cx, const tensor *t, jit_value wanted, int64_t *ret)
{
    int n;
    const int64_t *sizes = arg_ints(wanted, &n);
    memcpy(ret, t->sizes, 3 * sizeof *ret);
    if (!sizes) return true;
    if (n != 3)
        return OP_FAIL(cx, "Length of output_size does not match NestedTensor dims. Broadcasting is not supported.");
    for (int i = 0; i < 3; i++) {
        ret[i] = sizes[i];
        if (ret[i] < t->sizes[i])
            return OP_FAIL(cx, "Value in output_size is less than NestedTensor padded size. Truncation is not supported.");
    }
    return true;
}

/* self, padding, output_size? */
bool op_to_padded_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *t = args[0].t;
    const int64_t *lengths = nested_lengths(t);
    int64_t sizes[3];
    if (!lengths) return OP_FAIL(cx, "to_padded_tensor is implemented for nested tensors alone");
    if (!padded_sizes(cx, t, args[2], sizes)) return false;
    tensor *padded = make_tensor(cx, tensor_dtype(t), sizes, 3);
    if (!padded || !tensor_fill(cx, padded, args[1])) {
        tensor_unref(padded);
        return false;
    }
    const int64_t bytes = (int64_t)dtype_size(tensor_dtype(t)), width = t->sizes[2];
    for (int64_t k = 0; k < t->sizes[0]; k++)
        for (int64_t i = 0; i < lengths[k]; i++)
            memcpy((char *)tensor_data(padded) + (k * sizes[1] + i) * sizes[2] * bytes,
                   (const char *)tensor_data(t) + (k * t->sizes[1] + i) * width * bytes, (size_t)(width * bytes));
    return give_tensor(padded, rets);
}

/* int64 [parts, 2]: the length and the width of each. */
bool op_nested_tensor_size(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *t = args[0].t;
    const int64_t *lengths = nested_lengths(t);
    if (!lengths) return OP_FAIL(cx, "_nested_tensor_size must be called on a nested tensor");
    tensor *sizes = make_tensor(cx, DTYPE_int64, (int64_t[]){ t->sizes[0], 2 }, 2);
    for (int64_t k = 0; sizes && k < t->sizes[0]; k++) {
        ((int64_t *)tensor_data(sizes))[2 * k] = lengths[k];
        ((int64_t *)tensor_data(sizes))[2 * k + 1] = t->sizes[2];
    }
    return give_tensor(sizes, rets);
}
