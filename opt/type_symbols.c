/* Symbols: names of unknown sizes and of the ints that are made of them (types.h says how they are written).
 *
 * A symbol is given (a size of something that comes from outside), or it is made here, for an expression of other symbols or
 * for a value of the graph; the same expression gives the same symbol. Sums are kept as `symbol + number`, products as a
 * chain of symbols in order with the number last, so that `b * t` and `t * b` are one, and `b * t // b` is t. Within a loop a
 * symbol is another number in each turn; as what a loop carries is joined with what it began with, none leaves its turn.
 *
 * Given symbols are never 1, as with PyTorch's: sizes of 1 stay 1, because they are broadcast. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/type_walk.h"

enum { MOST_FACTORS = 8 };

/* ---- the table ------------------------------------------------------------------------------------ */

static int64_t larger(int64_t k, const ir_value *v)
{
    const type_tensor *t = v->type->kind == TYPE_TENSOR ? v->type->info : NULL;
    for (int i = 0; t && i < t->rank; i++)
        if (t->sizes[i] < -1 && -1 - t->sizes[i] > k)
            k = -1 - t->sizes[i];
    return k;
}

int64_t symbols_given(const ir_graph *g)
{
    int64_t k = 0;
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++)
        k = larger(k, ir_block_input(g->body, i));
    IR_EACH_NODE_DEEP(n, g)
        for (uint32_t i = 0; i < n->n_outputs && (n->op == OP_prim_GetAttr || n->op == OP_prim_TypeCheck); i++)
            k = larger(k, n->outputs[i]);
    return k;
}

static bool is_given(const type_walk *w, int64_t x) { return !int_is_known(x) && x != UNKNOWN_INT && x - UNKNOWN_INT <= w->n_given; }

/* NULL: x is known, or a given symbol. */
static const symbol *find(const type_walk *w, int64_t x)
{
    return int_is_known(x) || x == UNKNOWN_INT || is_given(w, x) ? NULL : &w->symbols.at[x - UNKNOWN_INT - w->n_given - 1];
}

static bool is_natural(const type_walk *w, int64_t x)
{
    const symbol *s = find(w, x);
    return s ? s->is_natural : x >= 0 || !int_is_known(x);
}

static int64_t add_symbol(type_walk *w, symbol s)
{
    int64_t k = w->n_given + (int64_t)w->symbols.n + 1;
    return k <= SYMBOLS_MOST && VEC_PUSH(&w->symbols, w->scratch, s) ? UNKNOWN_INT + k : UNKNOWN_INT;
}

static int64_t expression(type_walk *w, op_id op, int64_t x, int64_t y, bool is_natural_number)
{
    for (size_t i = 0; i < w->symbols.n; i++)
        if (w->symbols.at[i].op == op && w->symbols.at[i].x == x && w->symbols.at[i].y == y)
            return UNKNOWN_INT + w->n_given + (int64_t)i + 1;
    return x == UNKNOWN_INT ? x : add_symbol(w, (symbol){ op, x, y, is_natural_number });
}

int64_t symbol_of_value(type_walk *w, const ir_value *v)
{
    if (v->id >= w->n_values)
        return UNKNOWN_INT;
    if (!w->symbol_of[v->id]) {
        int64_t x = add_symbol(w, (symbol){ .op = OP_NONE });
        w->symbol_of[v->id] = x == UNKNOWN_INT ? 0 : (uint32_t)(x - UNKNOWN_INT);
    }
    return UNKNOWN_INT + w->symbol_of[v->id];
}

/* ---- arithmetic ----------------------------------------------------------------------------------- */

/* symbol + number */
static int64_t add_known(type_walk *w, int64_t x, int64_t y)
{
    const symbol *s = find(w, x);
    if (s && s->op == OP_aten_add_int && int_is_known(s->y)) {
        x = s->x;
        if (__builtin_add_overflow(s->y, y, &y) || !int_is_known(y))
            return UNKNOWN_INT;
    }
    return y == 0 ? x : expression(w, OP_aten_add_int, x, y, is_natural(w, x) && y >= 0);
}

static int64_t add(type_walk *w, int64_t x, int64_t y)
{
    if (int_is_known(y))
        return add_known(w, x, y);
    if (int_is_known(x))
        return add_known(w, y, x);
    return expression(w, OP_aten_add_int, x < y ? x : y, x < y ? y : x, is_natural(w, x) && is_natural(w, y));
}

static int64_t subtract(type_walk *w, int64_t x, int64_t y)
{
    const symbol *s = find(w, x);
    if (x == y)
        return 0;
    if (int_is_known(y))
        return add_known(w, x, -y);
    return s && s->op == OP_aten_add_int && int_is_known(s->y) && s->x == y ? s->y : expression(w, OP_aten_sub_int, x, y, false);
}

/* A product, taken apart: a number and symbols in order. */
typedef struct factors {
    int64_t number, at[MOST_FACTORS];
    int n;
    bool is_known; /* false: too large */
} factors;

static void insert_factor(factors *f, int64_t x)
{
    if (int_is_known(x)) {
        f->is_known &= !__builtin_mul_overflow(f->number, x, &f->number) && int_is_known(f->number);
        return;
    }
    f->is_known &= f->n < MOST_FACTORS;
    int i = f->is_known ? f->n++ : 0;
    for (; i > 0 && f->at[i - 1] > x; i--)
        f->at[i] = f->at[i - 1];
    f->at[i] = x;
}

static void multiply(const type_walk *w, factors *f, int64_t x)
{
    const symbol *s;
    for (; (s = find(w, x)) && s->op == OP_aten_mul_int; x = s->x)
        insert_factor(f, s->y);
    insert_factor(f, x);
}

static int64_t product(type_walk *w, const factors *f)
{
    if (!f->is_known || f->n == 0 || f->number == 0)
        return f->is_known ? f->number : UNKNOWN_INT;
    int64_t x = f->at[0];
    for (int i = 1; i < f->n; i++)
        x = expression(w, OP_aten_mul_int, x, f->at[i], is_natural(w, x) && is_natural(w, f->at[i]));
    return f->number == 1 ? x : expression(w, OP_aten_mul_int, x, f->number, is_natural(w, x) && f->number > 0);
}

/* The factors of y leave those of x. false: not all of them are there. */
static bool cancel(factors *x, const factors *y)
{
    for (int i = 0; i < y->n; i++) {
        int k = 0;
        while (k < x->n && x->at[k] != y->at[i])
            k++;
        if (k == x->n)
            return false;
        for (x->n--; k < x->n; k++)
            x->at[k] = x->at[k + 1];
    }
    if (y->number <= 0 || x->number % y->number != 0)
        return false;
    x->number /= y->number;
    return true;
}

/* Division that leaves nothing, or UNKNOWN_INT. A divisor that is 0 raises, whatever is said here. */
static int64_t quotient(type_walk *w, int64_t x, int64_t y)
{
    factors over = { .number = 1, .is_known = true }, under = over;
    multiply(w, &over, x);
    multiply(w, &under, y);
    return over.is_known && under.is_known && cancel(&over, &under) ? product(w, &over) : UNKNOWN_INT;
}

static int64_t divide(type_walk *w, int64_t x, int64_t y)
{
    int64_t exact = quotient(w, x, y);
    return exact != UNKNOWN_INT ? exact : expression(w, OP_aten_floordiv_int, x, y, is_natural(w, x) && is_natural(w, y));
}

/* Bools: of a symbol and itself, and of a size and 1. */
static int64_t compare(const type_walk *w, op_id op, int64_t x, int64_t y)
{
    bool is_same = x == y, differs = (y == 1 && is_given(w, x)) || (x == 1 && is_given(w, y));
    switch (op) {
    case OP_aten_eq_int: return is_same ? 1 : differs ? 0 : UNKNOWN_INT;
    case OP_aten_ne_int: return is_same ? 0 : differs ? 1 : UNKNOWN_INT;
    case OP_aten_le_int: case OP_aten_ge_int: return is_same ? 1 : UNKNOWN_INT;
    case OP_aten_lt_int: case OP_aten_gt_int: return is_same ? 0 : UNKNOWN_INT;
    default: return UNKNOWN_INT;
    }
}

int64_t symbols_combine(type_walk *w, op_id op, int64_t x, int64_t y)
{
    factors f = { .number = 1, .is_known = true };
    switch (op) {
    case OP_aten_add_int: return add(w, x, y);
    case OP_aten_sub_int: return subtract(w, x, y);
    case OP_aten_mul_int:
        multiply(w, &f, x);
        multiply(w, &f, y);
        return product(w, &f);
    case OP_aten_floordiv_int: return divide(w, x, y);
    case OP_aten_remainder_int:
        return quotient(w, x, y) != UNKNOWN_INT ? 0 : expression(w, op, x, y, int_is_known(y) ? y > 0 : is_natural(w, y));
    case OP_prim_min_int: case OP_prim_max_int:
        return x == y ? x : expression(w, op, x < y ? x : y, x < y ? y : x, is_natural(w, x) && is_natural(w, y));
    default: return compare(w, op, x, y);
    }
}

/* ---- sizes ---------------------------------------------------------------------------------------- */

int64_t call_size(const type_call *c, op_id op, int64_t x, int64_t y)
{
    return size_of_int(ints_combine(c->walk, op, int_of_size(x), int_of_size(y)));
}

int64_t call_natural_size(const type_call *c, int64_t x)
{
    return x != UNKNOWN_INT && is_natural(c->walk, x) ? size_of_int(x) : -1;
}

bool call_may_be_one(const type_call *c, int64_t size)
{
    return size == 1 || (size < 0 && !is_given(c->walk, int_of_size(size)));
}

typedef VEC(int64_t) seen_sizes;

static int64_t name_of(seen_sizes *seen, arena *a, int64_t size)
{
    if (size == 1 || size < 0)
        return size;
    size_t k = 0;
    while (k < seen->n && seen->at[k] != size)
        k++;
    return k < seen->n || VEC_PUSH(seen, a, size) ? -2 - (int64_t)k : -1;
}

void opt_name_sizes(ir_graph *g)
{
    seen_sizes seen = { 0 };
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++) {
        ir_value *in = ir_block_input(g->body, i);
        int64_t sizes[TENSOR_MAX_DIMS];
        if (in->type->kind != TYPE_TENSOR || !in->type->info || in->type->info->rank < 0)
            continue;
        type_tensor t = *in->type->info;
        for (int k = 0; k < t.rank; k++)
            sizes[k] = name_of(&seen, &g->arena, t.sizes[k]);
        t.sizes = sizes;
        t.has_strides = false;
        in->type = type_tensor_refined(&t);
    }
}
