/* The strided broadcasting iterator; see iter.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/iter.h"

#include <string.h>

static void add_operand(iter *it, tensor *t, dtype d, bool is_output)
{
    iter_operand *o = &it->operands[it->n_operands++];
    o->t = t;
    o->data = t ? tensor_data(t) : NULL;
    o->dtype = (int8_t)d;
    o->is_output = is_output;
    o->is_owned = false;
}

void iter_add_output(iter *it, tensor *t, dtype d)
{
    add_operand(it, t, t ? tensor_dtype(t) : d, true);
}

void iter_add_input(iter *it, tensor *t)
{
    add_operand(it, t, tensor_dtype(t), false);
}

void iter_add_number(iter *it, const void *p, dtype d)
{
    add_operand(it, NULL, d, false);
    it->operands[it->n_operands - 1].data = (char *)p;
}

/* All tensors contiguous with equal sizes: one dimension, nothing to reorder. */
static bool build_flat(iter *it)
{
    const tensor *first = NULL;
    for (int k = 0; k < it->n_operands; k++) {
        const tensor *t = it->operands[k].t;
        if (!t) continue;
        if (!first) first = t;
        if (!tensor_is_contiguous(t) || (t != first && !tensor_same_sizes(t, first))) return false;
    }
    if (!first) return false;
    it->n_dims = 1;
    it->sizes[0] = it->numel = first->numel;
    for (int k = 0; k < it->n_operands; k++) {
        iter_operand *o = &it->operands[k];
        const bool is_number = !o->t && !o->is_output;
        if (!o->t && o->is_output) {
            o->t = make_tensor(it->cx, (dtype)o->dtype, first->sizes, first->n_dims);
            if (!o->t) return false;
            o->is_owned = true;
            o->data = tensor_data(o->t);
        }
        o->strides[0] = is_number ? 0 : (int64_t)dtype_size((dtype)o->dtype);
    }
    return true;
}

/* The broadcast sizes, outermost first, into it->sizes. */
static bool find_sizes(iter *it)
{
    for (int k = 0; k < it->n_operands; k++) {
        const iter_operand *o = &it->operands[k];
        if (!o->t || (o->is_output && it->may_resize)) continue;
        if (!broadcast_sizes(it->cx, it->sizes, &it->n_dims, o->t->sizes, o->t->n_dims)) return false;
    }
    it->numel = 1;
    for (int i = 0; i < it->n_dims; i++) it->numel *= it->sizes[i];
    return true;
}

static bool fit_outputs(iter *it)
{
    for (int k = 0; k < it->n_operands; k++) {
        iter_operand *o = &it->operands[k];
        if (!o->is_output || !o->t) continue;
        const bool fits = o->t->n_dims == it->n_dims &&
                          memcmp(o->t->sizes, it->sizes, (size_t)it->n_dims * sizeof *it->sizes) == 0;
        if (!fits && it->may_resize) {
            if (!resize_out(it->cx, o->t, it->sizes, it->n_dims)) return false;
            for (int j = 0; j < it->n_operands; j++) // an input may be in the memory that has just moved
                if (it->operands[j].t && it->operands[j].t->store == o->t->store)
                    it->operands[j].data = tensor_data(it->operands[j].t);
        } else if (!fits) {
            return OP_FAIL(it->cx, "output with shape %s doesn't match the broadcast shape %s",
                           sizes_print(o->t->sizes, o->t->n_dims).s, sizes_print(it->sizes, it->n_dims).s);
        }
    }
    return true;
}

static bool check_overlaps(iter *it)
{
    for (int k = 0; k < it->n_operands; k++) {
        const iter_operand *o = &it->operands[k];
        if (!o->is_output || !o->t) continue;
        if (!check_no_self_overlap(it->cx, o->t)) return false;
        for (int j = 0; j < it->n_operands; j++)
            if (!it->operands[j].is_output && it->operands[j].t &&
                !check_no_partial_overlap(it->cx, o->t, it->operands[j].t))
                return false;
    }
    return true;
}

/* Strides of a tensor against the broadcast sizes, outermost first, in bytes. */
static void set_strides(const iter *it, iter_operand *o)
{
    const int64_t bytes = (int64_t)dtype_size((dtype)o->dtype);
    const int lead = o->t ? it->n_dims - o->t->n_dims : it->n_dims;
    for (int i = 0; i < it->n_dims; i++) {
        const bool is_broadcast = i < lead || (o->t->sizes[i - lead] == 1 && it->sizes[i] != 1);
        o->strides[i] = is_broadcast ? 0 : o->t->strides[i - lead] * bytes;
    }
}

/* > 0: dimension a belongs outside of b; 0: undecided. */
static int compare_dims(const iter *it, int a, int b)
{
    for (int k = 0; k < it->n_operands; k++) {
        const iter_operand *o = &it->operands[k];
        if (!o->t) continue;
        const int64_t sa = o->strides[a], sb = o->strides[b];
        if (sa == 0 || sb == 0) continue;
        if (sa != sb) return sa < sb ? -1 : 1;
        if (it->sizes[a] > it->sizes[b]) return 1;
    }
    return 0;
}

/* order[k]: the dimension that is k-th from the inside. Insertion sort, because the relation is partial. */
static void find_order(const iter *it, int *order)
{
    for (int i = 0; i < it->n_dims; i++) order[i] = it->n_dims - 1 - i;
    for (int i = 1; i < it->n_dims; i++) {
        int at = i;
        for (int j = i - 1; j >= 0; j--) {
            const int c = compare_dims(it, order[j], order[at]);
            if (c < 0) break;
            if (c == 0) continue;
            const int d = order[j];
            order[j] = order[at];
            order[at] = d;
            at = j;
        }
    }
}

void iter_order_dims(tensor *const *inputs, int n, const int64_t *sizes, int n_dims, int *order)
{
    iter it;
    iter_init(&it, NULL);
    it.n_dims = n_dims;
    memcpy(it.sizes, sizes, (size_t)n_dims * sizeof *sizes);
    for (int k = 0; k < n; k++) {
        iter_add_input(&it, inputs[k]);
        set_strides(&it, &it.operands[k]);
    }
    find_order(&it, order);
}

void iter_ordered_strides(const int64_t *sizes, int n_dims, const int *order, int64_t *ret)
{
    int64_t next = 1;
    for (int k = 0; k < n_dims; k++) {
        ret[order[k]] = next;
        next *= sizes[order[k]] > 1 ? sizes[order[k]] : 1;
    }
}

static bool make_outputs(iter *it, const int *order)
{
    int64_t strides[TENSOR_MAX_DIMS];
    iter_ordered_strides(it->sizes, it->n_dims, order, strides);
    for (int k = 0; k < it->n_operands; k++) {
        iter_operand *o = &it->operands[k];
        if (!o->is_output || o->t) continue;
        o->t = make_tensor_strided(it->cx, (dtype)o->dtype, it->sizes, strides, it->n_dims);
        if (!o->t) return false;
        o->is_owned = true;
        o->data = tensor_data(o->t);
        set_strides(it, o);
    }
    return true;
}

static void apply_order(iter *it, const int *order)
{
    int64_t old[TENSOR_MAX_DIMS];
    const size_t n_bytes = (size_t)it->n_dims * sizeof *old;
    memcpy(old, it->sizes, n_bytes);
    for (int i = 0; i < it->n_dims; i++) it->sizes[i] = old[order[i]];
    for (int k = 0; k < it->n_operands; k++) {
        memcpy(old, it->operands[k].strides, n_bytes);
        for (int i = 0; i < it->n_dims; i++) it->operands[k].strides[i] = old[order[i]];
    }
}

static bool can_merge(const iter *it, int inner, int outer)
{
    if (it->sizes[inner] == 1 || it->sizes[outer] == 1) return true;
    for (int k = 0; k < it->n_operands; k++) {
        const int64_t *s = it->operands[k].strides;
        if (it->sizes[inner] * s[inner] != s[outer]) return false;
    }
    return true;
}

static void merge_dims(iter *it)
{
    int last = 0;
    for (int i = 1; i < it->n_dims; i++) {
        if (can_merge(it, last, i)) {
            for (int k = 0; k < it->n_operands && it->sizes[last] == 1; k++)
                it->operands[k].strides[last] = it->operands[k].strides[i];
            it->sizes[last] *= it->sizes[i];
            continue;
        }
        last++;
        if (last == i) continue;
        it->sizes[last] = it->sizes[i];
        for (int k = 0; k < it->n_operands; k++)
            it->operands[k].strides[last] = it->operands[k].strides[i];
    }
    if (it->n_dims) it->n_dims = last + 1;
}

static void release_outputs(iter *it)
{
    for (int k = 0; k < it->n_operands; k++)
        if (it->operands[k].is_owned) tensor_unref(it->operands[k].t);
}

static bool build_strided(iter *it)
{
    int order[TENSOR_MAX_DIMS];
    for (int k = 0; k < it->n_operands; k++)
        if (it->operands[k].t || !it->operands[k].is_output) set_strides(it, &it->operands[k]);
    find_order(it, order);
    if (!make_outputs(it, order)) return false;
    apply_order(it, order);
    merge_dims(it);
    if (it->n_dims > 0) return true;
    it->n_dims = 1; // 0-dim: one element
    it->sizes[0] = 1;
    for (int k = 0; k < it->n_operands; k++) it->operands[k].strides[0] = 0;
    return true;
}

bool iter_build(iter *it)
{
    bool has_given_output = false;
    for (int k = 0; k < it->n_operands; k++)
        has_given_output |= it->operands[k].is_output && it->operands[k].t;
    if (has_given_output && !it->allow_overlap && !check_overlaps(it)) return false; // as they lie before they are resized
    if (build_flat(it)) return true;
    if (it->cx->run->status != JIT_OK) goto failed;
    it->n_dims = 0;
    if (!find_sizes(it) || !fit_outputs(it)) goto failed;
    if (build_strided(it)) return true;
failed:
    release_outputs(it);
    return false;
}

tensor *iter_take_output(iter *it, int k)
{
    iter_operand *o = &it->operands[k];
    if (!o->is_owned) return tensor_ref(o->t);
    o->is_owned = false;
    return o->t;
}

void iter_run_range(const iter *it, int64_t begin, int64_t end, iter_loop loop, void *ctx)
{
    int64_t index[TENSOR_MAX_DIMS], strides[ITER_MAX_OPERANDS], rest = begin;
    char *data[ITER_MAX_OPERANDS];
    if (begin >= end) return; // also: sizes may be 0
    for (int k = 0; k < it->n_operands; k++) {
        data[k] = it->operands[k].data;
        strides[k] = it->operands[k].strides[0];
    }
    for (int d = 0; d < it->n_dims; d++) {
        index[d] = rest % it->sizes[d];
        rest /= it->sizes[d];
        for (int k = 0; k < it->n_operands; k++) data[k] += index[d] * it->operands[k].strides[d];
    }
    while (begin < end) {
        int64_t n = it->sizes[0] - index[0];
        if (n > end - begin) n = end - begin;
        loop(ctx, n, data, strides);
        begin += n;
        if (begin >= end) break;
        for (int k = 0; k < it->n_operands; k++) data[k] -= index[0] * strides[k];
        index[0] = 0;
        for (int d = 1; d < it->n_dims; d++) {
            const bool wraps = ++index[d] == it->sizes[d];
            for (int k = 0; k < it->n_operands; k++)
                data[k] += it->operands[k].strides[d] * (wraps ? 1 - it->sizes[d] : 1);
            if (!wraps) break;
            index[d] = 0;
        }
    }
}

typedef struct iter_task {
    const iter *it;
    iter_loop loop;
    void *ctx;
} iter_task;

static void run_chunk(void *ctx, int64_t begin, int64_t end)
{
    const iter_task *task = ctx;
    iter_run_range(task->it, begin, end, task->loop, task->ctx);
}

void iter_run(const iter *it, int64_t grain, iter_loop loop, void *ctx)
{
    if (it->numel == 0) return;
    iter_task task = { it, loop, ctx };
    if (it->numel <= grain)
        iter_run_range(it, 0, it->numel, loop, ctx);
    else
        par_for(it->numel, grain, run_chunk, &task);
}
