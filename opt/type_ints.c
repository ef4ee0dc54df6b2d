/* Ints that shapes are made of: what the walk of types (types.c) knows of ints, bools and lists of ints.
 *
 * An int is known, or it has a name (a symbol: type_symbols.c), or nothing is known of it. Rules that have no use for symbols
 * ask call_int() and call_ints(), which do not show them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/type_walk.h"

#include <string.h>

/* ---- inputs of a call ----------------------------------------------------------------------------- */

bool call_facts(const type_call *c, int i, facts *ret)
{
    return i >= 0 && (uint32_t)i < c->n->n_inputs && facts_of_value(c->n->inputs[i], ret);
}

int call_arg(const type_call *c, const char *name)
{
    int i = schema_find_arg(c->sc, name);
    return i >= 0 && (uint32_t)i < c->n->n_inputs && !ir_value_is_none(c->n->inputs[i]) ? i : -1;
}

static int64_t scalar_of(jit_value v)
{
    return v.tag == VALUE_INT ? v.i : v.tag == VALUE_BOOL ? v.b : UNKNOWN_INT;
}

int64_t walk_int(const type_walk *w, const ir_value *v)
{
    jit_value constant;
    if (ir_value_constant(v, &constant))
        return scalar_of(constant);
    return v->id < w->n_values && v->type->kind != TYPE_OPTIONAL ? w->ints[v->id] : UNKNOWN_INT;
}

/* Whether v is None. */
static int64_t known_none(const type_walk *w, const ir_value *v)
{
    if (v->type->kind != TYPE_OPTIONAL)
        return ir_value_is_none(v) ? 1 : v->type->kind == TYPE_TENSOR ? 0 : UNKNOWN_INT;
    return v->id < w->n_values ? w->ints[v->id] : UNKNOWN_INT;
}

/* What the walk follows of values of type t. */
int64_t walk_scalar(const type_walk *w, const ir_value *v, const type *t)
{
    return t->kind == TYPE_OPTIONAL ? known_none(w, v) : t->kind == TYPE_INT || t->kind == TYPE_BOOL ? walk_int(w, v) : UNKNOWN_INT;
}

int64_t call_symbolic_int(const type_call *c, int i)
{
    if (i < 0 || (uint32_t)i >= c->n->n_inputs || c->n->inputs[i]->type->kind != TYPE_INT)
        return call_int(c, i);
    int64_t x = walk_int(c->walk, c->n->inputs[i]);
    return x == UNKNOWN_INT ? symbol_of_value(c->walk, c->n->inputs[i]) : x;
}

int64_t call_int(const type_call *c, int i)
{
    int64_t x = i >= 0 && (uint32_t)i < c->n->n_inputs ? walk_int(c->walk, c->n->inputs[i]) : UNKNOWN_INT;
    return int_is_known(x) ? x : UNKNOWN_INT;
}

bool list_is_only_read(const ir_value *v)
{
    bool holds_ints = v->type->kind == TYPE_LIST && type_elem(v->type)->kind == TYPE_INT;
    for (const ir_use *u = v->uses; u; u = u->next) {
        const schema *sc = op_schema((op_id)u->user->op);
        if (u->user->op == OP_prim_ListUnpack)
            continue;
        if (!sc || sc->is_vararg || u->index >= sc->n_args || sc->args[u->index].alias.is_write)
            return false;
        for (uint32_t r = 0; r < u->user->n_outputs && !holds_ints; r++)
            if (u->user->outputs[r]->type->kind == TYPE_LIST)
                return false;
    }
    return true;
}

int call_elements(const type_call *c, int i, const ir_value **ret, int n_max)
{
    const ir_value *v = i >= 0 && (uint32_t)i < c->n->n_inputs ? c->n->inputs[i] : NULL;
    if (!v || v->node->op != OP_prim_ListConstruct || v->node->n_inputs > (uint32_t)n_max || !list_is_only_read(v))
        return -1;
    for (uint32_t k = 0; k < v->node->n_inputs; k++)
        ret[k] = v->node->inputs[k];
    return (int)v->node->n_inputs;
}

static bool ints_of_constant(jit_value v, known_ints *ret)
{
    if (v.tag == VALUE_INT) {
        *ret = (known_ints){ .at = { v.i }, .n = 1 };
        return true;
    }
    if (v.tag != VALUE_LIST || v.list->storage != LIST_INTS || v.list->n > FACTS_MAX_INTS)
        return false;
    ret->n = (int)v.list->n;
    for (int i = 0; i < ret->n; i++)
        ret->at[i] = list_get(v.list, (size_t)i).i;
    return true;
}

static bool ints_of_list(const type_call *of, const ir_value *v, int depth, known_ints *ret);

/* l[start:end]; only steps of one. */
static bool ints_of_slice(const type_call *c, int depth, known_ints *ret)
{
    known_ints l;
    int64_t end = ir_value_is_none(c->n->inputs[2]) ? INT64_MAX : call_int(c, 2);
    int64_t start = ir_value_is_none(c->n->inputs[1]) ? 0 : call_int(c, 1);
    if (start == UNKNOWN_INT || end == UNKNOWN_INT || call_int(c, 3) != 1 || !ints_of_list(c, c->n->inputs[0], depth, &l))
        return false;
    start += start < 0 ? l.n : 0;
    end += end < 0 ? l.n : 0;
    ret->n = 0;
    for (int64_t k = start > 0 ? start : 0; k < end && k < l.n; k++)
        ret->at[ret->n++] = l.at[k];
    return true;
}

static bool ints_of_sum(const type_call *c, int depth, known_ints *ret)
{
    known_ints more;
    if (!ints_of_list(c, c->n->inputs[0], depth, ret) || !ints_of_list(c, c->n->inputs[1], depth, &more)
        || ret->n + more.n > FACTS_MAX_INTS)
        return false;
    memcpy(ret->at + ret->n, more.at, (size_t)more.n * sizeof *more.at);
    ret->n += more.n;
    return true;
}

static bool ints_of_size(const ir_node *n, known_ints *ret)
{
    facts f;
    if (!facts_of_value(n->inputs[0], &f) || f.t.rank < 0)
        return false;
    ret->n = f.t.rank;
    for (int k = 0; k < f.t.rank; k++)
        ret->at[k] = int_of_size(f.sizes[k]);
    return true;
}

/* Lists of ints that are made where they are read, some steps back. */
static bool ints_of_list(const type_call *of, const ir_value *v, int depth, known_ints *ret)
{
    enum { MOST_STEPS = 4 };
    type_call c = { .walk = of->walk, .n = v->node };
    jit_value constant;
    if (ir_value_constant(v, &constant))
        return ints_of_constant(constant, ret);
    if (v->type->kind != TYPE_LIST || type_elem(v->type)->kind != TYPE_INT || depth > MOST_STEPS || !list_is_only_read(v))
        return false;
    switch ((op_id)v->node->op) {
    case OP_aten_size: return ints_of_size(v->node, ret);
    case OP_aten_slice_t: return ints_of_slice(&c, depth + 1, ret);
    case OP_aten_add_t: return ints_of_sum(&c, depth + 1, ret);
    case OP_prim_ListConstruct:
        ret->n = (int)v->node->n_inputs;
        for (int k = 0; k < ret->n && ret->n <= FACTS_MAX_INTS; k++)
            ret->at[k] = call_symbolic_int(&c, k);
        return ret->n <= FACTS_MAX_INTS;
    default: return false;
    }
}

bool call_symbolic_ints(const type_call *c, int i, known_ints *ret)
{
    const ir_value *v = i >= 0 && (uint32_t)i < c->n->n_inputs ? c->n->inputs[i] : NULL;
    if (!v)
        return false;
    if (v->type->kind != TYPE_INT)
        return ints_of_list(c, v, 0, ret);
    *ret = (known_ints){ .at = { call_symbolic_int(c, i) }, .n = 1 };
    return true;
}

bool call_ints(const type_call *c, int i, known_ints *ret)
{
    if (!call_symbolic_ints(c, i, ret))
        return false;
    for (int k = 0; k < ret->n; k++)
        ret->at[k] = int_is_known(ret->at[k]) ? ret->at[k] : UNKNOWN_INT;
    return true;
}

/* ---- operators on ints ---------------------------------------------------------------------------- */

static int64_t size_of(const type_call *c)
{
    facts f;
    int64_t dim = call_int(c, 1);
    if (!call_facts(c, 0, &f) || f.t.rank < 0 || dim == UNKNOWN_INT)
        return UNKNOWN_INT;
    dim += dim < 0 ? f.t.rank : 0;
    return dim >= 0 && dim < f.t.rank ? int_of_size(f.sizes[dim]) : UNKNOWN_INT;
}

static int64_t item_of(const type_call *c)
{
    known_ints l;
    int64_t i = call_int(c, 1);
    if (i == UNKNOWN_INT || !call_symbolic_ints(c, 0, &l))
        return UNKNOWN_INT;
    i += i < 0 ? l.n : 0;
    return i >= 0 && i < l.n ? l.at[i] : UNKNOWN_INT;
}

int64_t ints_combine(type_walk *w, op_id op, int64_t x, int64_t y)
{
    int64_t r = UNKNOWN_INT;
    if (x == UNKNOWN_INT || y == UNKNOWN_INT)
        return UNKNOWN_INT;
    if (!int_is_known(x) || !int_is_known(y))
        return symbols_combine(w, op, x, y);
    switch (op) {
    case OP_aten_add_int: return __builtin_add_overflow(x, y, &r) ? UNKNOWN_INT : r;
    case OP_aten_sub_int: return __builtin_sub_overflow(x, y, &r) ? UNKNOWN_INT : r;
    case OP_aten_mul_int: return __builtin_mul_overflow(x, y, &r) ? UNKNOWN_INT : r;
    case OP_aten_floordiv_int: return y > 0 && x >= 0 ? x / y : UNKNOWN_INT;
    case OP_aten_remainder_int: return y > 0 ? (x % y + y) % y : UNKNOWN_INT;
    case OP_prim_min_int: return x < y ? x : y;
    case OP_prim_max_int: return x > y ? x : y;
    case OP_aten_eq_int: case OP_aten_eq_bool: return x == y;
    case OP_aten_ne_int: case OP_aten_ne_bool: return x != y;
    case OP_aten_lt_int: return x < y;
    case OP_aten_le_int: return x <= y;
    case OP_aten_gt_int: return x > y;
    case OP_aten_ge_int: return x >= y;
    case OP_aten___and___bool: return x && y;
    case OP_aten___or___bool: return x || y;
    default: return UNKNOWN_INT;
    }
}

/* `x is None`, whichever of the two it is. */
static int64_t is_none(const type_call *c)
{
    const ir_value *x = c->n->inputs[0], *y = c->n->inputs[1];
    if (!ir_value_is_none(x) && !ir_value_is_none(y))
        return UNKNOWN_INT;
    return known_none(c->walk, ir_value_is_none(y) ? x : y);
}

/* An int that shapes may be made of, or a bool that decides about them. */
int64_t walk_answer(const type_call *c)
{
    facts f;
    known_ints l;
    jit_value v;
    switch ((op_id)c->n->op) {
    case OP_aten_size_int: return size_of(c);
    case OP_aten_len_t: return call_ints(c, 0, &l) ? l.n : UNKNOWN_INT;
    case OP_aten___getitem___t: return item_of(c);
    case OP_aten___is__: return is_none(c);
    case OP_aten___isnot__: return ints_combine(c->walk, OP_aten_eq_int, is_none(c), 0);
    case OP_aten___not__: return ints_combine(c->walk, OP_aten_eq_int, call_int(c, 0), 0);
    case OP_aten_neg_int: return ints_combine(c->walk, OP_aten_sub_int, 0, walk_int(c->walk, c->n->inputs[0]));
    default:
        if (c->n->n_inputs == 2)
            return ints_combine(c->walk, (op_id)c->n->op, walk_int(c->walk, c->n->inputs[0]), walk_int(c->walk, c->n->inputs[1]));
        return c->n->n_inputs == 1 && call_facts(c, 0, &f) && facts_answer(&f, (op_id)c->n->op, &v) ? scalar_of(v) : UNKNOWN_INT;
    }
}
