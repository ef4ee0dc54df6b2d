/* Recurrent layers: LSTM, GRU and the plain cells, as layers over padded or packed sequences and as
 * single cells (at/native/RNN.cpp).
 *
 * The input's products are made for all steps at once, the state's step by step. A packed sequence
 * is a padded one whose batch shrinks: its rows lie one after the other, so step t is a range of
 * rows either way. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nn.h"
#include "runtime/kernels/views.h"

#include "base/alloc.h"

#include <string.h>

typedef enum rnn_kind { RNN_LSTM, RNN_GRU, RNN_TANH, RNN_RELU } rnn_kind;

/* Weights of one direction of one layer; biases and projection may be NULL. */
typedef struct rnn_weights {
    tensor *w_ih, *w_hh, *b_ih, *b_hh, *w_hr;
} rnn_weights;

typedef struct rnn_state {
    tensor *h, *c;
} rnn_state; /* c: LSTM only */

typedef struct rnn_call {
    rnn_kind kind;
    tensor *input;   /* [steps, batch, features], or packed [rows, features] */
    tensor *h0, *c0; /* [layers * directions, batch, hidden] */
    const list *params;
    const int64_t
        *batch_sizes; /* rows of each step of a packed sequence, descending; NULL: padded */
    int64_t n_steps, batch, n_layers;
    bool has_biases, has_projection, is_bidirectional, is_training, batch_first;
    double dropout;
} rnn_call;

/* ---- cells ----------------------------------------------------------------------------------- */
static tensor *linear(chain *c, tensor *x, tensor *w, tensor *b)
{
    return STEP(c, aten_linear, TENSOR(x), TENSOR(w), OPTIONAL(b));
}

static tensor *sigmoid(chain *c, tensor *x) { return STEP(c, aten_sigmoid, TENSOR(x)); }
static tensor *hyperbolic(chain *c, tensor *x) { return STEP(c, aten_tanh, TENSOR(x)); }

/* The k-th of n equal parts of the last dimension. */
static tensor *part(chain *c, tensor *t, int k, int n)
{
    if (c->failed)
        return NULL;
    const int64_t width = t->sizes[t->n_dims - 1] / n;
    return chain_hold(c, tensor_narrow(c->cx, t, t->n_dims - 1, k * width, width));
}

static rnn_state lstm_step(chain *c, const rnn_weights *w, tensor *gates_x, rnn_state s)
{
    tensor *gates = chain_add(c, gates_x, linear(c, s.h, w->w_hh, w->b_hh));
    tensor *in = sigmoid(c, part(c, gates, 0, 4)), *forget = sigmoid(c, part(c, gates, 1, 4));
    tensor *cell = hyperbolic(c, part(c, gates, 2, 4)), *out = sigmoid(c, part(c, gates, 3, 4));
    rnn_state next;
    next.c = chain_add(c, chain_mul(c, forget, s.c), chain_mul(c, in, cell));
    next.h = chain_mul(c, out, hyperbolic(c, next.c));
    if (w->w_hr)
        next.h = linear(c, next.h, w->w_hr, NULL);
    return next;
}

static rnn_state gru_step(chain *c, const rnn_weights *w, tensor *gates_x, rnn_state s)
{
    tensor *gates_h = linear(c, s.h, w->w_hh, w->b_hh);
    tensor *reset = sigmoid(c, chain_add(c, part(c, gates_x, 0, 3), part(c, gates_h, 0, 3)));
    tensor *keep = sigmoid(c, chain_add(c, part(c, gates_x, 1, 3), part(c, gates_h, 1, 3)));
    tensor *fresh = hyperbolic(
        c, chain_add(c, part(c, gates_x, 2, 3), chain_mul(c, reset, part(c, gates_h, 2, 3))));
    return (rnn_state){ chain_add(c, chain_mul(c, chain_sub(c, s.h, fresh), keep), fresh), NULL };
}

static rnn_state cell_step(chain *c, rnn_kind kind, const rnn_weights *w, tensor *gates_x,
                           rnn_state s)
{
    if (kind == RNN_LSTM)
        return lstm_step(c, w, gates_x, s);
    if (kind == RNN_GRU)
        return gru_step(c, w, gates_x, s);
    tensor *sum = chain_add(c, gates_x, linear(c, s.h, w->w_hh, w->b_hh));
    return (rnn_state){ kind == RNN_TANH ? hyperbolic(c, sum) : STEP(c, aten_relu, TENSOR(sum)),
                        NULL };
}

/* ---- single cells ---------------------------------------------------------------------------- */
static bool check_cell(op_ctx *cx, const tensor *x, tensor *const *hidden, int n_hidden,
                       const tensor *w_ih, const tensor *w_hh)
{
    const int64_t hidden_size = w_hh->sizes[w_hh->n_dims - 1];
    if (x->n_dims < 1 || w_ih->n_dims != 2 || w_hh->n_dims != 2)
        return OP_FAIL(cx, "expected matrices as weights of a cell");
    if (x->sizes[x->n_dims - 1] != w_ih->sizes[1])
        return OP_FAIL(cx, "input has inconsistent input_size: got %lld expected %lld",
                       (long long)x->sizes[x->n_dims - 1], (long long)w_ih->sizes[1]);
    for (int k = 0; k < n_hidden; k++) {
        const tensor *h = hidden[k];
        if (h->n_dims != x->n_dims || (x->n_dims > 1 && h->sizes[0] != x->sizes[0]))
            return OP_FAIL(cx, "Input batch size %lld doesn't match hidden%d batch size %lld",
                           (long long)x->sizes[0], k, h->n_dims ? (long long)h->sizes[0] : 0LL);
        if (h->sizes[h->n_dims - 1] != hidden_size)
            return OP_FAIL(cx, "hidden%d has inconsistent hidden_size: got %lld, expected %lld", k,
                           (long long)h->sizes[h->n_dims - 1], (long long)hidden_size);
    }
    return true;
}

static bool run_cell(op_ctx *cx, rnn_kind kind, const jit_value *args, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    tensor *hidden[2] = { args[1].tag == VALUE_TENSOR ? args[1].t : NULL, NULL };
    const rnn_weights w = { args[2].t, args[3].t, arg_tensor(args[4]), arg_tensor(args[5]), NULL };
    if (kind == RNN_LSTM) {
        if (args[1].list->n != 2)
            return OP_FAIL(cx, "lstm_cell expects two hidden states");
        for (int k = 0; k < 2; k++)
            hidden[k] = args[1].list->values[k].t;
    }
    if (w.w_hh->n_dims != 2)
        return OP_FAIL(cx, "expected matrices as weights of a cell");
    if (!check_cell(cx, args[0].t, hidden, kind == RNN_LSTM ? 2 : 1, w.w_ih, w.w_hh))
        return false;
    const int n_gates = kind == RNN_LSTM ? 4 : kind == RNN_GRU ? 3 : 1;
    if (w.w_ih->sizes[0] != n_gates * w.w_hh->sizes[1] || w.w_hh->sizes[0] != w.w_ih->sizes[0])
        return OP_FAIL(cx, "weights of a cell have inconsistent sizes %s and %s",
                       sizes_print(w.w_ih->sizes, 2).s, sizes_print(w.w_hh->sizes, 2).s);
    tensor *gates = linear(&c, args[0].t, w.w_ih, w.b_ih);
    const rnn_state next = cell_step(&c, kind, &w, gates, (rnn_state){ hidden[0], hidden[1] });
    if (kind == RNN_LSTM && !c.failed)
        rets[1] = RET_TENSOR(tensor_ref(next.c));
    return chain_give(&c, next.h, rets);
}

bool op_lstm_cell(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return run_cell(cx, RNN_LSTM, args, rets);
}
bool op_gru_cell(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return run_cell(cx, RNN_GRU, args, rets);
}
bool op_rnn_tanh_cell(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return run_cell(cx, RNN_TANH, args, rets);
}
bool op_rnn_relu_cell(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return run_cell(cx, RNN_RELU, args, rets);
}

/* ---- one direction of one layer -------------------------------------------------------------- */
static tensor *rows(chain *c, tensor *t, int64_t at, int64_t n)
{
    return c->failed || !t ? NULL : chain_hold(c, tensor_narrow(c->cx, t, 0, at, n));
}

/* The first rows are `changed`, the others stay as they were in `all`. */
static tensor *replace_rows(chain *c, tensor *all, tensor *changed)
{
    if (c->failed || !all || all->sizes[0] == changed->sizes[0])
        return changed;
    tensor *parts[2] = { changed,
                         rows(c, all, changed->sizes[0], all->sizes[0] - changed->sizes[0]) };
    return c->failed ? NULL : chain_hold(c, tensor_cat(c->cx, parts, 2, 0));
}

/* Copies t into the window of `to` that begins at this row and column. */
static void copy_block(chain *c, tensor *to, int64_t row, int64_t column, tensor *t)
{
    tensor *target = rows(c, to, row, c->failed ? 0 : t->sizes[0]);
    if (!c->failed)
        target = chain_hold(c, tensor_narrow(c->cx, target, 1, column, t->sizes[1]));
    if (!c->failed && !tensor_copy_into(c->cx, target, t))
        c->failed = true;
}

/* Rows [at, at + n) of one step: their outputs go to column `column` of y. The state is owned and
 * replaced. */
static bool take_step(op_ctx *cx, const rnn_call *r, const rnn_weights *w, tensor *gates,
                      int64_t at, int64_t n, tensor *y, int64_t column, rnn_state *s)
{
    chain c = CHAIN_INIT(cx);
    rnn_state now = { rows(&c, s->h, 0, n), rows(&c, s->c, 0, n) };
    now = cell_step(&c, r->kind, w, rows(&c, gates, at, n), now);
    copy_block(&c, y, at, column, now.h);
    now = (rnn_state){ replace_rows(&c, s->h, now.h), replace_rows(&c, s->c, now.c) };
    const bool ok = !c.failed;
    if (ok) {
        tensor_unref(s->h);
        tensor_unref(s->c);
        s->h = tensor_ref(now.h);
        s->c = now.c ? tensor_ref(now.c) : NULL;
    }
    chain_release(&c, 0, NULL, 0);
    return ok;
}

static bool run_direction(op_ctx *cx, const rnn_call *r, const rnn_weights *w, tensor *x,
                          bool is_reverse, tensor *y, int64_t column, rnn_state *s)
{
    chain c = CHAIN_INIT(cx);
    tensor *gates = linear(&c, x, w->w_ih, w->b_ih);
    int64_t at = is_reverse ? x->sizes[0] : 0;
    bool ok = !c.failed;
    for (int64_t step = 0; ok && step < r->n_steps; step++) {
        const int64_t t = is_reverse ? r->n_steps - 1 - step : step;
        const int64_t n = r->batch_sizes ? r->batch_sizes[t] : r->batch;
        if (is_reverse)
            at -= n;
        ok = take_step(cx, r, w, gates, at, n, y, column, s);
        if (!is_reverse)
            at += n;
        if (cx->run->interrupt && *cx->run->interrupt)
            ok = op_fail(cx, JIT_EINTERRUPTED, "interrupted");
    }
    chain_release(&c, 0, NULL, 0);
    return ok;
}

/* ---- all layers ------------------------------------------------------------------------------ */
static rnn_weights weights_at(const rnn_call *r, int64_t index)
{
    const int64_t each = 2 + 2 * r->has_biases + r->has_projection;
    const jit_value *at = r->params->values + index * each;
    return (rnn_weights){ at[0].t, at[1].t, r->has_biases ? at[2].t : NULL,
                          r->has_biases ? at[3].t : NULL,
                          r->has_projection ? at[each - 1].t : NULL };
}

/* Row `index` of a stack of states, as a tensor of its own. */
static tensor *state_at(op_ctx *cx, tensor *stack, int64_t index)
{
    if (!stack)
        return NULL;
    tensor *one = tensor_narrow(cx, stack, 0, index, 1);
    tensor *r = one ? tensor_reshape(cx, one, stack->sizes + 1, 2) : NULL;
    tensor_unref(one);
    return r;
}

static bool store_state(op_ctx *cx, tensor *stack, int64_t index, tensor *state)
{
    if (!stack)
        return true;
    tensor *to = state_at(cx, stack, index);
    const bool ok = to && tensor_copy_into(cx, to, state);
    tensor_unref(to);
    return ok;
}

/* One layer: rows in, rows out (a new reference, or NULL); final states go to hn and cn. */
static tensor *run_layer(op_ctx *cx, const rnn_call *r, int64_t layer, tensor *x, tensor *hn,
                         tensor *cn)
{
    const int64_t n_directions = r->is_bidirectional ? 2 : 1, width = r->h0->sizes[2];
    tensor *y =
        make_tensor(cx, tensor_dtype(x), (int64_t[]){ x->sizes[0], width * n_directions }, 2);
    bool ok = y != NULL;
    for (int64_t d = 0; ok && d < n_directions; d++) {
        const int64_t index = layer * n_directions + d;
        const rnn_weights w = weights_at(r, index);
        rnn_state s = { state_at(cx, r->h0, index), state_at(cx, r->c0, index) };
        ok = s.h && (s.c || !r->c0) && run_direction(cx, r, &w, x, d == 1, y, d * width, &s)
             && store_state(cx, hn, index, s.h) && store_state(cx, cn, index, s.c);
        tensor_unref(s.h);
        tensor_unref(s.c);
    }
    if (ok && r->is_training && r->dropout > 0 && layer + 1 < r->n_layers) {
        tensor *dropped =
            COMPOSE(cx, aten_dropout, TENSOR(y), VALUE_FLOAT_V(r->dropout), VALUE_BOOL_V(true));
        tensor_unref(y);
        return dropped;
    }
    if (ok)
        return y;
    tensor_unref(y);
    return NULL;
}

/* `take` is released. Rows in, rows of the last layer out. */
static tensor *run_layers(op_ctx *cx, const rnn_call *r, tensor *take, tensor *hn, tensor *cn)
{
    for (int64_t layer = 0; take && layer < r->n_layers; layer++) {
        tensor *y = run_layer(cx, r, layer, take, hn, cn);
        tensor_unref(take);
        take = y;
    }
    return take;
}

static bool check_layers(op_ctx *cx, const rnn_call *r)
{
    const int64_t n = r->n_layers * (r->is_bidirectional ? 2 : 1),
                  each = 2 + 2 * r->has_biases + r->has_projection;
    const tensor *h = r->h0;
    if (r->n_layers < 1 || (int64_t)r->params->n != n * each)
        return OP_FAIL(cx, "Expected %lld parameters of a recurrent layer, but got %zu",
                       (long long)(n * each), r->params->n);
    if (h->n_dims != 3 || h->sizes[0] != n || h->sizes[1] != r->batch)
        return OP_FAIL(cx,
                       "Expected hidden state of %lld layers and batch size %lld, but got size %s",
                       (long long)n, (long long)r->batch, sizes_print(h->sizes, h->n_dims).s);
    if (r->c0 && (r->c0->n_dims != 3 || r->c0->sizes[0] != n || r->c0->sizes[1] != r->batch))
        return OP_FAIL(
            cx, "Expected cell state of %lld layers and batch size %lld, but got size %s",
            (long long)n, (long long)r->batch, sizes_print(r->c0->sizes, r->c0->n_dims).s);
    const int64_t n_gates = r->kind == RNN_LSTM ? 4 : r->kind == RNN_GRU ? 3 : 1;
    for (int64_t i = 0; i < n; i++) {
        const rnn_weights w = weights_at(r, i);
        const int64_t hidden = r->c0 ? r->c0->sizes[2] : h->sizes[2];
        if (w.w_ih->n_dims != 2 || w.w_hh->n_dims != 2 || w.w_ih->sizes[0] != n_gates * hidden
            || w.w_hh->sizes[0] != n_gates * hidden || w.w_hh->sizes[1] != h->sizes[2])
            return OP_FAIL(cx, "weights of a recurrent layer have inconsistent sizes %s and %s",
                           sizes_print(w.w_ih->sizes, w.w_ih->n_dims).s,
                           sizes_print(w.w_hh->sizes, w.w_hh->n_dims).s);
    }
    return true;
}

/* The states that a run leaves: rets[at…]. */
static bool give_states(tensor *hn, tensor *cn, jit_value *rets)
{
    rets[0] = RET_TENSOR(hn);
    if (cn)
        rets[1] = RET_TENSOR(cn);
    return true;
}

static bool give_output(op_ctx *cx, const rnn_call *r, tensor *take_y, tensor *hn, tensor *cn,
                        jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    tensor *y = chain_hold(&c, take_y);
    if (!r->batch_sizes && !c.failed) {
        y = chain_hold(&c,
                       tensor_reshape(cx, y, (int64_t[]){ r->n_steps, r->batch, y->sizes[1] }, 3));
        if (r->batch_first)
            y = STEP(&c, aten_transpose_int, TENSOR(y), VALUE_INT_V(0), VALUE_INT_V(1));
    }
    if (chain_give(&c, y, rets))
        return give_states(hn, cn, rets + 1);
    tensor_unref(hn);
    tensor_unref(cn);
    return false;
}

static bool run(op_ctx *cx, const rnn_call *r, tensor *input_rows, jit_value *rets)
{
    bool ok = check_layers(cx, r);
    tensor *hn = ok ? make_tensor(cx, tensor_dtype(r->h0), r->h0->sizes, 3) : NULL;
    tensor *cn = hn && r->c0 ? make_tensor(cx, tensor_dtype(r->c0), r->c0->sizes, 3) : NULL;
    ok = hn && (cn || !r->c0);
    tensor *y = ok ? run_layers(cx, r, tensor_ref(input_rows), hn, cn) : NULL;
    if (y)
        return give_output(cx, r, y, hn, cn, rets);
    tensor_unref(hn);
    tensor_unref(cn);
    return false;
}

/* ---- operators ------------------------------------------------------------------------------- */
static bool read_states(op_ctx *cx, rnn_call *r, jit_value hx)
{
    if (r->kind != RNN_LSTM) {
        r->h0 = hx.t;
        return true;
    }
    if (hx.list->n != 2)
        return OP_FAIL(cx, "lstm expects two hidden states");
    r->h0 = hx.list->values[0].t;
    r->c0 = hx.list->values[1].t;
    r->has_projection =
        r->h0->n_dims == 3 && r->c0->n_dims == 3 && r->h0->sizes[2] != r->c0->sizes[2];
    return true;
}

/* (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first) */
static bool run_padded(op_ctx *cx, rnn_kind kind, const jit_value *args, jit_value *rets)
{
    rnn_call r = { .kind = kind,
                   .params = args[2].list,
                   .has_biases = arg_bool(args[3]),
                   .n_layers = args[4].i,
                   .dropout = arg_double(args[5]),
                   .is_training = arg_bool(args[6]),
                   .is_bidirectional = arg_bool(args[7]),
                   .batch_first = arg_bool(args[8]) };
    chain c = CHAIN_INIT(cx);
    tensor *x = args[0].t;
    if (!read_states(cx, &r, args[1]))
        return false;
    if (x->n_dims != 3)
        return OP_FAIL(cx,
                       "Expected a 3-dimensional input of a recurrent layer, but got %d dimensions",
                       x->n_dims);
    if (r.batch_first)
        x = STEP(&c, aten_transpose_int, TENSOR(x), VALUE_INT_V(0), VALUE_INT_V(1));
    if (x && x->sizes[0] == 0) {
        chain_release(&c, 0, NULL, 0);
        return OP_FAIL(cx, "Expected sequence length to be larger than 0 in RNN");
    }
    if (x) {
        r.n_steps = x->sizes[0];
        r.batch = x->sizes[1];
        x = chain_hold(&c,
                       tensor_reshape(cx, x, (int64_t[]){ r.n_steps * r.batch, x->sizes[2] }, 2));
    }
    const bool ok = x && run(cx, &r, x, rets);
    chain_release(&c, 0, NULL, 0);
    return ok;
}

/* (data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional) */
static bool run_packed(op_ctx *cx, rnn_kind kind, const jit_value *args, jit_value *rets)
{
    rnn_call r = { .kind = kind,
                   .params = args[3].list,
                   .has_biases = arg_bool(args[4]),
                   .n_layers = args[5].i,
                   .dropout = arg_double(args[6]),
                   .is_training = arg_bool(args[7]),
                   .is_bidirectional = arg_bool(args[8]) };
    const tensor *x = args[0].t;
    bool ok = true;
    if (!read_states(cx, &r, args[2]))
        return false;
    if (x->n_dims != 2 || args[1].t->n_dims != 1 || args[1].t->numel == 0)
        return OP_FAIL(cx, "Expected packed rows and a vector of batch sizes");
    tensor *sizes = nn_operand(cx, args[1].t, DTYPE_int64, &ok);
    if (!ok)
        return false;
    int64_t total = 0;
    r.batch_sizes = tensor_data(sizes);
    r.n_steps = sizes->numel;
    r.batch = r.batch_sizes[0];
    for (int64_t t = 0; ok && t < r.n_steps; t++) {
        ok = r.batch_sizes[t] > 0 && (t == 0 || r.batch_sizes[t] <= r.batch_sizes[t - 1]);
        total += ok ? r.batch_sizes[t] : 0;
    }
    ok = (ok && total == x->sizes[0])
         || OP_FAIL(cx, "batch sizes of a packed sequence must be positive, not increasing, and "
                        "add up to its rows");
    ok = ok && run(cx, &r, args[0].t, rets);
    tensor_unref(sizes);
    return ok;
}

#define LAYER(name, kind)                                                                          \
    bool op_##name(op_ctx *cx, const jit_value *args, jit_value *rets)                             \
    {                                                                                              \
        return run_padded(cx, kind, args, rets);                                                   \
    }                                                                                              \
    bool op_##name##_data(op_ctx *cx, const jit_value *args, jit_value *rets)                      \
    {                                                                                              \
        return run_packed(cx, kind, args, rets);                                                   \
    }
LAYER(lstm, RNN_LSTM)
LAYER(gru, RNN_GRU)
LAYER(rnn_tanh, RNN_TANH)
LAYER(rnn_relu, RNN_RELU)
