/* Attention as one operator: the scaled dot product, and multi-head attention with packed weights
 * as PyTorch's fast path calls it (at/native/transformers/attention.cpp, transformer.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nested.h"
#include "runtime/kernels/nn.h"
#include "runtime/kernels/views.h"

#include "ir/type.h"

#include <math.h>
#include <string.h>

static tensor *softmax_last(chain *c, tensor *t)
{
    return STEP(c, aten_softmax_int, TENSOR(t), VALUE_INT_V(-1), VALUE_NONE_V);
}

static tensor *transpose(chain *c, tensor *t, int64_t a, int64_t b)
{
    return STEP(c, aten_transpose_int, TENSOR(t), VALUE_INT_V(a), VALUE_INT_V(b));
}

/* scores where `allowed` holds, -inf elsewhere. */
static tensor *allow_only(chain *c, tensor *scores, tensor *allowed)
{
    tensor *barred = STEP(c, aten_logical_not, TENSOR(allowed));
    return STEP(c, aten_where_ScalarSelf, TENSOR(barred), VALUE_FLOAT_V(-INFINITY), TENSOR(scores));
}

static tensor *causal_mask(chain *c, int64_t rows, int64_t columns)
{
    tensor *ones = chain_hold(c, make_tensor(c->cx, DTYPE_bool, (int64_t[]){ rows, columns }, 2));
    if (ones && !tensor_fill(c->cx, ones, VALUE_BOOL_V(true)))
        c->failed = true;
    return STEP(c, aten_tril, TENSOR(ones), VALUE_INT_V(0));
}

bool op_scaled_dot_product_attention(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *query = args[0].t, *key = args[1].t, *value = args[2].t, *mask = arg_tensor(args[3]);
    const double dropout = arg_double(args[4]);
    const bool is_causal = arg_bool(args[6]);
    chain c = CHAIN_INIT(cx);
    if (query->n_dims < 2 || key->n_dims < 2 || value->n_dims < 2)
        return OP_FAIL(cx, "_scaled_dot_product_attention: Expected query, key and value of at "
                           "least two dimensions");
    if (is_causal && mask)
        return OP_FAIL(cx, "_scaled_dot_product_attention: Explicit attn_mask should not be set "
                           "when is_causal=True");
    if (is_causal)
        mask = causal_mask(&c, query->sizes[query->n_dims - 2], key->sizes[key->n_dims - 2]);
    const double scale = sqrt((double)query->sizes[query->n_dims - 1]);
    query = STEP(&c, aten_div_Scalar, TENSOR(query), VALUE_FLOAT_V(scale));
    tensor *scores = STEP(&c, aten_matmul, TENSOR(query), TENSOR(transpose(&c, key, -2, -1)));
    if (mask && !c.failed)
        scores = tensor_dtype(mask) == DTYPE_bool ? allow_only(&c, scores, mask)
                                                  : chain_add(&c, scores, mask);
    tensor *weights = softmax_last(&c, scores);
    if (dropout > 0)
        weights =
            STEP(&c, aten_dropout, TENSOR(weights), VALUE_FLOAT_V(dropout), VALUE_BOOL_V(true));
    tensor *y = STEP(&c, aten_matmul, TENSOR(weights), TENSOR(value));
    if (!c.failed) // whether they are asked for (args[5]) or not
        rets[1] = RET_TENSOR(tensor_ref(weights));
    return chain_give(&c, y, rets);
}

/* ---- multi-head attention with packed projection --------------------------------------------- */
typedef struct heads {
    int64_t batch, rows, columns, width,
        n; /* rows of the query, of the keys; embedding width, heads */
} heads;

/* [batch, rows, width] as [batch, heads, rows, width / heads]. */
static tensor *split_heads(chain *c, const heads *h, tensor *t, int64_t rows)
{
    if (c->failed)
        return NULL;
    t = chain_hold(
        c, tensor_reshape(c->cx, t, (int64_t[]){ h->batch, rows, h->n, h->width / h->n }, 4));
    return c->failed ? NULL : transpose(c, t, 1, 2);
}

/* The k-th of the three stacked projections applied to t. */
static tensor *project(chain *c, const heads *h, tensor *t, tensor *w, tensor *b, int k)
{
    if (c->failed)
        return NULL;
    tensor *w_part = chain_hold(c, tensor_narrow(c->cx, w, 0, k * h->width, h->width));
    tensor *b_part =
        c->failed ? NULL : chain_hold(c, tensor_narrow(c->cx, b, 0, k * h->width, h->width));
    return STEP(c, aten_linear, TENSOR(t), TENSOR(w_part), TENSOR(b_part));
}

/* A mask of barred positions applied to [batch, heads, rows, columns]; a padding mask is [batch,
 * columns]. */
static tensor *bar(chain *c, tensor *scores, tensor *mask, bool is_padding)
{
    if (!c->failed && is_padding && mask->n_dims == 2)
        mask = chain_hold(
            c, tensor_reshape(c->cx, mask, (int64_t[]){ mask->sizes[0], 1, 1, mask->sizes[1] }, 4));
    if (!c->failed && tensor_dtype(mask) != DTYPE_bool)
        mask = STEP(c, aten_ne_Scalar, TENSOR(mask), VALUE_INT_V(0));
    return STEP(c, aten_where_ScalarSelf, TENSOR(mask), VALUE_FLOAT_V(-INFINITY), TENSOR(scores));
}

typedef struct attention_call {
    tensor *query, *key, *value, *qkv_weight, *qkv_bias, *out_weight, *out_bias, *mask;
    int64_t width, n_heads;
    jit_value mask_type;
} attention_call;

static bool check_attention(op_ctx *cx, const attention_call *a)
{
    const tensor *operands[] = { a->query, a->key, a->value };
    for (int k = 0; k < 3; k++)
        if (operands[k]->n_dims != 3 || operands[k]->sizes[2] != a->width)
            return OP_FAIL(
                cx, "expected 3-D `query`, `key` and `value` of embedding width %lld, got size %s",
                (long long)a->width, sizes_print(operands[k]->sizes, operands[k]->n_dims).s);
    if (a->n_heads < 1 || a->width % a->n_heads)
        return OP_FAIL(cx, "`embed_dim` must divide evenly by `num_heads`");
    if (a->qkv_weight->n_dims != 2 || a->qkv_weight->sizes[0] != 3 * a->width
        || a->qkv_bias->n_dims != 1 || a->qkv_bias->sizes[0] != 3 * a->width)
        return OP_FAIL(cx, "expected `qkv_weight` first dim and `qkv_bias` to be 3x embed_dim");
    return true;
}

/* A nested query brings its own mask: its padding. */
static bool mask_padding(chain *c, attention_call *a)
{
    if (c->failed || !nested_lengths(a->query)) return !c->failed;
    if (a->mask || a->key != a->query || a->value != a->query) {
        c->failed = !OP_FAIL(c->cx, "attention of a nested tensor takes no mask and one tensor as query, key and value");
        return false;
    }
    a->mask = chain_hold(c, nested_padding(c->cx, a->query));
    a->mask_type = VALUE_INT_V(1);
    return !c->failed;
}

/* y, nested as x is. */
static tensor *keep_nested(chain *c, tensor *y, const tensor *x)
{
    if (c->failed || !nested_lengths(x)) return y;
    return chain_hold(c, nested_as(c->cx, tensor_clone(c->cx, y), x));
}

/* The result, and in *ret_weights the attention of each head. */
static tensor *attend(chain *c, const attention_call *a, tensor **ret_weights)
{
    const heads h = { .batch = a->query->sizes[0],
                      .rows = a->query->sizes[1],
                      .columns = a->key->sizes[1],
                      .width = a->width,
                      .n = a->n_heads };
    tensor *q = split_heads(c, &h, project(c, &h, a->query, a->qkv_weight, a->qkv_bias, 0), h.rows);
    tensor *k =
        split_heads(c, &h, project(c, &h, a->key, a->qkv_weight, a->qkv_bias, 1), h.columns);
    tensor *v =
        split_heads(c, &h, project(c, &h, a->value, a->qkv_weight, a->qkv_bias, 2), h.columns);
    q = STEP(c, aten_div_Scalar, TENSOR(q), VALUE_FLOAT_V(sqrt((double)(h.width / h.n))));
    tensor *scores = STEP(c, aten_matmul, TENSOR(q), TENSOR(transpose(c, k, -2, -1)));
    if (a->mask)
        scores = bar(c, scores, a->mask, a->mask_type.tag == VALUE_INT && a->mask_type.i == 1);
    tensor *weights = softmax_last(c, scores);
    tensor *y = transpose(c, STEP(c, aten_matmul, TENSOR(weights), TENSOR(v)), 1, 2);
    if (c->failed)
        return NULL;
    *ret_weights = weights;
    y = chain_hold(c, tensor_reshape(c->cx, y, (int64_t[]){ h.batch, h.rows, h.width }, 3));
    return STEP(c, aten_linear, TENSOR(y), TENSOR(a->out_weight), TENSOR(a->out_bias));
}

bool op_native_multi_head_attention(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    attention_call a = { .query = args[0].t,
                               .key = args[1].t,
                               .value = args[2].t,
                               .width = args[3].i,
                               .n_heads = args[4].i,
                               .qkv_weight = args[5].t,
                               .qkv_bias = args[6].t,
                               .out_weight = args[7].t,
                               .out_bias = args[8].t,
                               .mask = arg_tensor(args[9]),
                               .mask_type = args[12] };
    chain c = CHAIN_INIT(cx);
    tensor *weights = NULL;
    if (!check_attention(cx, &a))
        return false;
    tensor *y = mask_padding(&c, &a) ? keep_nested(&c, attend(&c, &a, &weights), a.query) : NULL;
    if (!c.failed && !arg_bool(args[10]))
        weights = chain_hold(&c, make_tensor(cx, tensor_dtype(y), (int64_t[]){ 0 }, 1));
    else if (arg_bool(args[11]))
        weights = STEP(&c, aten_div_Scalar, TENSOR(chain_sum(&c, weights, 1, false)),
                       VALUE_FLOAT_V((double)a.n_heads));
    if (!c.failed)
        rets[1] = RET_TENSOR(tensor_ref(weights));
    return chain_give(&c, y, rets);
}

/* ---- an encoder layer ------------------------------------------------------------------------ */
static tensor *normalise(chain *c, tensor *x, const jit_value *weight_and_bias, jit_value eps)
{
    if (c->failed)
        return NULL;
    list *shape = list_new(T_INT, LIST_INTS, 1);
    if (!shape || !list_push(shape, VALUE_INT_V(x->sizes[x->n_dims - 1]))) {
        value_unref(VALUE_HEAP_V(VALUE_LIST, shape));
        c->failed = true;
        op_no_memory(c->cx);
        return NULL;
    }
    tensor *r = STEP(c, aten_layer_norm, TENSOR(x), VALUE_HEAP_V(VALUE_LIST, shape),
                     weight_and_bias[0], weight_and_bias[1], eps, VALUE_BOOL_V(false));
    value_unref(VALUE_HEAP_V(VALUE_LIST, shape));
    return r;
}

static tensor *feed_forward(chain *c, tensor *x, bool uses_gelu, const jit_value *weights)
{
    tensor *inner = STEP(c, aten_linear, TENSOR(x), weights[0], weights[1]);
    if (!uses_gelu)
        inner = STEP(c, aten_relu, TENSOR(inner));
    else if (!c->failed) {
        str *exact = str_new("none", 4);
        if (!exact)
            c->failed = !op_no_memory(c->cx);
        inner = STEP(c, aten_gelu, TENSOR(inner), VALUE_HEAP_V(VALUE_STR, exact));
        value_unref(VALUE_HEAP_V(VALUE_STR, exact));
    }
    return STEP(c, aten_linear, TENSOR(inner), weights[2], weights[3]);
}

/* (src, embed_dim, num_heads, qkv w b, proj w b, use_gelu, norm_first, eps, norm1 w b, norm2 w b,
 * ffn w1 b1 w2 b2, mask, mask_type) */
bool op_transformer_encoder_layer(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const bool uses_gelu = arg_bool(args[7]), norm_first = arg_bool(args[8]);
    tensor *x = args[0].t, *weights;
    attention_call a = { .width = args[1].i,
                         .n_heads = args[2].i,
                         .qkv_weight = args[3].t,
                         .qkv_bias = args[4].t,
                         .out_weight = args[5].t,
                         .out_bias = args[6].t,
                         .mask = arg_tensor(args[18]),
                         .mask_type = args[19] };
    chain c = CHAIN_INIT(cx);
    tensor *inner = norm_first ? normalise(&c, x, args + 10, args[9]) : x;
    if (norm_first) inner = keep_nested(&c, inner, args[0].t);
    a.query = a.key = a.value = inner;
    if (c.failed || !check_attention(cx, &a) || !mask_padding(&c, &a)) {
        chain_release(&c, 0, NULL, 0);
        return false;
    }
    x = chain_add(&c, attend(&c, &a, &weights), x);
    if (!norm_first)
        x = normalise(&c, x, args + 10, args[9]);
    inner = norm_first ? normalise(&c, x, args + 12, args[9]) : x;
    x = chain_add(&c, feed_forward(&c, inner, uses_gelu, args + 14), x);
    if (!norm_first)
        x = normalise(&c, x, args + 12, args[9]);
    return chain_give(&c, keep_nested(&c, x, args[0].t), rets);
}
