/* einsum (at/native/Linear.cpp): operands are multiplied pair by pair, left to right, each pair as one batched matrix
 * product over [kept by both, kept from the left, summed] and [kept by both, summed, kept from the right]. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/gemm.h"
#include "runtime/kernels/reduce.h"

#include <string.h>

/* Labels 0–25 are A–Z, 26–51 a–z, the rest the dimensions an ellipsis stands for, the last of them first. */
enum { N_LETTERS = 52, MAX_LABELS = 64, MAX_OPERANDS = 32 };

/* A tensor whose dimensions are named, each label once. */
typedef struct labelled {
    tensor *t;
    int n;
    uint8_t labels[MAX_LABELS];
    uint64_t set;
} labelled;

typedef struct equation {
    int64_t sizes[MAX_LABELS];      /* of each label seen; 0: not seen */
    uint64_t seen;
    int n_ellipsis;                 /* most dimensions an ellipsis stands for */
    int n_out;
    uint8_t out[MAX_LABELS];
    int counts[MAX_LABELS];         /* in the inputs, to find the implicit output */
} equation;

static int letter_label(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1;
}

static char label_letter(int label) { return (char)(label < 26 ? 'A' + label : 'a' + label - 26); }

static void labelled_fini(labelled *x) { tensor_unref(x->t); }

/* The labels of one operand, ellipsis expanded. Returns the end of its text. */
static bool parse_operand(op_ctx *cx, const char *spec, size_t begin, size_t *end, int n_dims, int operand, equation *e,
                          uint8_t *labels, int *ret_n)
{
    int before = 0, n = 0;
    bool has_ellipsis = false;
    size_t i = begin;
    for (; spec[i] && spec[i] != ',' && !(spec[i] == '-' && spec[i + 1] == '>'); i++)
        before += letter_label(spec[i]) >= 0;
    for (*end = i, i = begin; i < *end; i++) {
        if (spec[i] == ' ') continue;
        if (spec[i] == '.') {
            if (has_ellipsis || i + 2 >= *end || spec[i + 1] != '.' || spec[i + 2] != '.')
                return OP_FAIL(cx, "einsum(): found \'.\' for operand %d %s", operand,
                               has_ellipsis ? "for which an ellipsis was already found" : "that is not part of any ellipsis");
            has_ellipsis = true;
            const int covered = n_dims - before;
            if (covered > MAX_LABELS - N_LETTERS) return OP_FAIL(cx, "einsum(): an ellipsis covers too many dimensions");
            if (covered > e->n_ellipsis) e->n_ellipsis = covered;
            for (int k = covered - 1; k >= 0; k--) labels[n++] = (uint8_t)(N_LETTERS + k);
            i += 2;
            continue;
        }
        if (letter_label(spec[i]) < 0)
            return OP_FAIL(cx, "einsum(): invalid subscript given at index %zu in the equation string, subscripts must be in "
                               "[a-zA-Z]", i);
        if (n == MAX_LABELS) return OP_FAIL(cx, "einsum(): too many subscripts");
        labels[n++] = (uint8_t)letter_label(spec[i]);
    }
    *ret_n = n;
    if (n == n_dims) return true;
    return has_ellipsis ? OP_FAIL(cx, "einsum(): the number of subscripts in the equation (%d) is more than the number of "
                                      "dimensions (%d) for operand %d", before, n_dims, operand)
                        : OP_FAIL(cx, "einsum(): the number of subscripts in the equation (%d) does not match the number of "
                                      "dimensions (%d) for operand %d and no ellipsis was given", n, n_dims, operand);
}

/* A view with each label once: repeated ones are diagonals. */
static bool name_dims(op_ctx *cx, tensor *t, const uint8_t *labels, int n, int operand, equation *e, labelled *ret)
{
    int64_t sizes[MAX_LABELS], strides[MAX_LABELS];
    ret->n = 0;
    ret->set = 0;
    for (int i = 0; i < n; i++) {
        const int label = labels[i];
        int at = 0;
        while (at < ret->n && ret->labels[at] != label) at++;
        if (at < ret->n) {
            if (sizes[at] != t->sizes[i])
                return OP_FAIL(cx, "einsum(): subscript %c is repeated for operand %d but the sizes don't match, %lld != %lld",
                               label_letter(label), operand, (long long)t->sizes[i], (long long)sizes[at]);
            strides[at] += t->strides[i];
            continue;
        }
        ret->labels[ret->n] = (uint8_t)label;
        sizes[ret->n] = t->sizes[i];
        strides[ret->n++] = t->strides[i];
        ret->set |= (uint64_t)1 << label;
    }
    for (int i = 0; i < ret->n; i++) {
        const int label = ret->labels[i];
        e->counts[label]++;
        if (!(e->seen >> label & 1) || e->sizes[label] == 1) e->sizes[label] = sizes[i];
        else if (sizes[i] != 1 && sizes[i] != e->sizes[label])
            return OP_FAIL(cx, "einsum(): subscript %c has size %lld for operand %d which does not broadcast with previously "
                               "seen size %lld", label < N_LETTERS ? label_letter(label) : '.', (long long)sizes[i], operand,
                           (long long)e->sizes[label]);
        e->seen |= (uint64_t)1 << label;
    }
    for (int i = 0, seen_twice; i < n; i++) { // a label that stands twice in one operand is no implicit output
        seen_twice = 0;
        for (int k = 0; k < n; k++) seen_twice += labels[k] == labels[i];
        if (seen_twice > 1) e->counts[labels[i]] += 1;
    }
    ret->t = make_view(cx, t, sizes, strides, ret->n, t->offset);
    return ret->t != NULL;
}

/* Without "->": the ellipsis, then the labels that stand once, in order. */
static void implicit_output(equation *e)
{
    for (int k = e->n_ellipsis - 1; k >= 0; k--) e->out[e->n_out++] = (uint8_t)(N_LETTERS + k);
    for (int label = 0; label < N_LETTERS; label++)
        if (e->counts[label] == 1) e->out[e->n_out++] = (uint8_t)label;
}

static bool parse_output(op_ctx *cx, const char *spec, size_t begin, equation *e)
{
    uint64_t set = 0;
    bool has_ellipsis = false;
    for (size_t i = begin; spec[i]; i++) {
        const int label = letter_label(spec[i]);
        if (spec[i] == ' ') continue;
        if (spec[i] == '.') {
            if (has_ellipsis || spec[i + 1] != '.' || spec[i + 2] != '.')
                return OP_FAIL(cx, "einsum(): found \'.\' for output %s",
                               has_ellipsis ? "but an ellipsis (...) was already found" : "that is not part of any ellipsis (...)");
            has_ellipsis = true;
            for (int k = e->n_ellipsis - 1; k >= 0; k--) e->out[e->n_out++] = (uint8_t)(N_LETTERS + k);
            i += 2;
            continue;
        }
        if (label < 0)
            return OP_FAIL(cx, "einsum(): invalid subscript given at index %zu in the equation string, subscripts must be in "
                               "[a-zA-Z]", i);
        if (set >> label & 1)
            return OP_FAIL(cx, "einsum(): output subscript %c appears more than once in the output", spec[i]);
        if (!(e->seen >> label & 1))
            return OP_FAIL(cx, "einsum(): output subscript %c does not appear in the equation for any input operand", spec[i]);
        set |= (uint64_t)1 << label;
        e->out[e->n_out++] = (uint8_t)label;
    }
    return true;
}

/* Sum over the labels outside of `keep`. */
static bool sum_labels(op_ctx *cx, labelled *x, uint64_t keep)
{
    dim_set dims = 0;
    int n = 0;
    for (int i = 0; i < x->n; i++) {
        if (keep >> x->labels[i] & 1) x->labels[n++] = x->labels[i];
        else dims |= (dim_set)1 << i;
    }
    if (!dims) return true;
    const dtype d = tensor_dtype(x->t);
    const fold_id id = dtype_is_complex(d) ? FOLD_sum_c128 : dtype_is_float(d) ? FOLD_sum_f64 : FOLD_sum_i64;
    tensor *sum = reduce_to(cx, x->t, dims, false, id, d);
    tensor_unref(x->t);
    x->t = sum;
    x->n = n;
    x->set &= keep;
    return sum != NULL;
}

/* The dimensions named by three label sets, each in label order, as [first, second, third], sizes multiplied out.
 * Labels that x lacks have size 1; wide: broadcast dimensions of size 1 to the equation's sizes for the first set. */
static tensor *grouped(op_ctx *cx, const labelled *x, const equation *e, const uint64_t groups[3])
{
    int64_t sizes[MAX_LABELS], strides[MAX_LABELS], merged[3] = { 1, 1, 1 };
    int n = 0;
    for (int g = 0; g < 3; g++)
        for (int label = 0; label < MAX_LABELS; label++) {
            if (!(groups[g] >> label & 1)) continue;
            int at = 0;
            while (at < x->n && x->labels[at] != label) at++;
            const bool repeats = at == x->n || x->t->sizes[at] == 1;
            sizes[n] = e->sizes[label];
            strides[n++] = repeats ? 0 : x->t->strides[at];
            merged[g] *= e->sizes[label];
        }
    tensor *view = make_view(cx, x->t, sizes, strides, n, x->t->offset);
    tensor *result = view ? reshaped(cx, view, merged, 3) : NULL;
    tensor_unref(view);
    return result;
}

/* a times b, keeping the labels in `keep`; replaces a. */
static bool multiply_pair(op_ctx *cx, labelled *a, labelled *b, const equation *e, uint64_t keep)
{
    const uint64_t both = a->set & b->set;
    if (!sum_labels(cx, a, keep | both) || !sum_labels(cx, b, keep | both)) return false;
    const uint64_t batch = both & keep, summed = both & ~keep, left = a->set & ~both, right = b->set & ~both;
    tensor *x = grouped(cx, a, e, (const uint64_t[]){ batch, left, summed });
    tensor *y = x ? grouped(cx, b, e, (const uint64_t[]){ batch, summed, right }) : NULL;
    tensor *product = y ? matrix_product(cx, x, y) : NULL;
    const uint64_t groups[] = { batch, left, right };
    int64_t sizes[MAX_LABELS];
    a->n = 0;
    for (int g = 0; g < 3; g++)
        for (int label = 0; label < MAX_LABELS; label++)
            if (groups[g] >> label & 1) {
                sizes[a->n] = e->sizes[label];
                a->labels[a->n++] = (uint8_t)label;
            }
    a->set = batch | left | right;
    tensor_unref(a->t);
    a->t = product ? reshaped(cx, product, sizes, a->n) : NULL;
    tensor_unref(x);
    tensor_unref(y);
    tensor_unref(product);
    return a->t != NULL;
}

/* Reorder to the output; labels it has of size 1 that the equation broadcasts are expanded. */
static tensor *arrange_output(op_ctx *cx, const labelled *x, const equation *e)
{
    int64_t sizes[MAX_LABELS], strides[MAX_LABELS];
    for (int i = 0; i < e->n_out; i++) {
        int at = 0;
        while (at < x->n && x->labels[at] != e->out[i]) at++;
        sizes[i] = e->sizes[e->out[i]];
        strides[i] = at == x->n || x->t->sizes[at] == 1 ? 0 : x->t->strides[at];
    }
    return make_view(cx, x->t, sizes, strides, e->n_out, x->t->offset);
}

static bool parse_inputs(op_ctx *cx, const char *spec, const list *l, equation *e, labelled *operands, size_t *ret_end)
{
    size_t at = 0;
    for (size_t i = 0; i < l->n; i++) {
        uint8_t labels[2 * MAX_LABELS];
        int n;
        if (l->values[i].t->dtype != l->values[0].t->dtype)
            return OP_FAIL(cx, "expected scalar type %s but found %s", dtype_prefix(tensor_dtype(l->values[0].t)),
                           dtype_prefix(tensor_dtype(l->values[i].t)));
        if (!parse_operand(cx, spec, at, &at, l->values[i].t->n_dims, (int)i, e, labels, &n) ||
            !name_dims(cx, l->values[i].t, labels, n, (int)i, e, &operands[i]))
            return false;
        if (i + 1 < l->n && spec[at] != ',')
            return OP_FAIL(cx, "einsum(): more operands were provided than specified in the equation");
        if (i + 1 == l->n && spec[at] == ',')
            return OP_FAIL(cx, "einsum(): fewer operands were provided than specified in the equation");
        at += spec[at] == ',';
    }
    *ret_end = at;
    return true;
}

static uint64_t labels_after(const labelled *operands, size_t from, size_t n, uint64_t out)
{
    for (size_t i = from; i < n; i++) out |= operands[i].set;
    return out;
}

static tensor *einsum(op_ctx *cx, const char *spec, const list *l, labelled *operands)
{
    equation e = { .n_out = 0 };
    size_t end;
    uint64_t out = 0;
    if (!parse_inputs(cx, spec, l, &e, operands, &end)) return NULL;
    if (spec[end] == '-') {
        if (!parse_output(cx, spec, end + 2, &e)) return NULL;
    } else {
        implicit_output(&e);
    }
    for (int i = 0; i < e.n_out; i++) out |= (uint64_t)1 << e.out[i];
    for (size_t i = 1; i < l->n; i++)
        if (!multiply_pair(cx, &operands[0], &operands[i], &e, labels_after(operands, i + 1, l->n, out))) return NULL;
    return sum_labels(cx, &operands[0], out) ? arrange_output(cx, &operands[0], &e) : NULL;
}

static bool give_einsum(op_ctx *cx, const char *spec, const list *l, jit_value *rets)
{
    labelled operands[MAX_OPERANDS];
    if (l->n == 0) return OP_FAIL(cx, "einsum(): must provide at least one operand");
    if (l->n > MAX_OPERANDS) return OP_FAIL(cx, "einsum(): more than %d operands are not supported", MAX_OPERANDS);
    for (size_t i = 0; i < l->n; i++) operands[i].t = NULL;
    tensor *result = einsum(cx, spec, l, operands);
    for (size_t i = 0; i < l->n; i++) labelled_fini(&operands[i]);
    return give_tensor(result, rets);
}

/* equation, tensors, path (an order of evaluation; it changes rounding only) */
bool op_einsum(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_einsum(cx, args[0].s->s, args[1].list, rets);
}

/* Appends the letters of a list of subscripts, argument `at`. */
static bool spell_subscripts(op_ctx *cx, const jit_value *args, int at, text *spec)
{
    int n;
    if (args[at].tag != VALUE_LIST || args[at].list->storage != LIST_INTS)
        return OP_FAIL(cx, "einsum(): expected a list of subscripts as argument %d", at);
    const int64_t *subscripts = arg_ints(args[at], &n);
    for (int i = 0; i < n; i++) {
        if (subscripts[i] < 0 || subscripts[i] >= N_LETTERS)
            return OP_FAIL(cx, "einsum(): expected subscript %d in argument %d to be within the range [0, %d), but got %lld", i, at,
                           N_LETTERS, (long long)subscripts[i]);
        text_addf(spec, "%c", label_letter((int)subscripts[i]));
    }
    return true;
}

/* The tensors and the equation of operand, subscripts, operand, subscripts, … [subscripts of the output]. */
static bool read_sublists(op_ctx *cx, const jit_value *args, text *spec, list *tensors)
{
    for (int k = 0; k + 1 < (int)cx->n_args; k += 2) {
        if (args[k].tag != VALUE_TENSOR) return OP_FAIL(cx, "einsum(): expected a tensor as argument %d", k);
        if (k) text_add(spec, ",");
        if (!spell_subscripts(cx, args, k + 1, spec)) return false;
        if (!list_push(tensors, value_ref(args[k]))) return op_no_memory(cx);
    }
    if (cx->n_args % 2 == 0) return true;
    text_add(spec, "->");
    return spell_subscripts(cx, args, (int)cx->n_args - 1, spec);
}

bool op_einsum_sublist(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (cx->n_args < 2)
        return OP_FAIL(cx, "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
                           "subscripts list");
    text spec;
    text_init(&spec, NULL);
    list *tensors = list_new(T_TENSOR, LIST_VALUES, (size_t)cx->n_args / 2);
    bool ok = tensors ? read_sublists(cx, args, &spec, tensors) : op_no_memory(cx);
    if (ok && spec.failed) ok = op_no_memory(cx);
    ok = ok && give_einsum(cx, spec.s, tensors, rets);
    if (tensors) value_unref(VALUE_HEAP_V(VALUE_LIST, tensors));
    text_fini(&spec);
    return ok;
}
