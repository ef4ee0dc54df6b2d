/* torch.gradient: differences of second order inside, of order edge_order at both ends (at/native/ReduceOps.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/formula.h"

#include "ir/type.h"

/* Elements [from, from + n) of dimension dim; n counts from the whole length when it is not positive. */
static tensor *part(formula *f, tensor *t, int dim, int64_t from, int64_t n)
{
    return t ? F_(f, aten_narrow, T_V(t), INT_V(dim), INT_V(from), INT_V(n > 0 ? n : t->sizes[dim] + n)) : NULL;
}

static tensor *at(formula *f, tensor *t, int dim, int64_t k)
{
    return t ? part(f, t, dim, k < 0 ? t->sizes[dim] + k : k, 1) : NULL;
}

static tensor *plus(formula *f, tensor *a, tensor *b, double factor)
{
    return F_(f, aten_add_Tensor, T_V(a), T_V(b), FLOAT_V(factor));
}

static tensor *times(formula *f, tensor *a, double factor)
{
    return F_(f, aten_mul_Scalar, T_V(a), FLOAT_V(factor));
}

static tensor *join_ends(formula *f, tensor *first, tensor *middle, tensor *last, int dim)
{
    return F_(f, aten_cat, formula_tensors(f, (tensor *[]){ first, middle, last }, 3), INT_V(dim));
}

/* Points at distance `step`. */
static tensor *even_gradient(formula *f, tensor *t, int dim, jit_value step, int64_t edge_order)
{
    tensor *middle = F_(f, aten_sub_Tensor, T_V(part(f, t, dim, 2, -2)), T_V(part(f, t, dim, 0, -2)), INT_V(1));
    tensor *first = F_(f, aten_sub_Tensor, T_V(at(f, t, dim, 1)), T_V(at(f, t, dim, 0)), INT_V(1));
    tensor *last = F_(f, aten_sub_Tensor, T_V(at(f, t, dim, -1)), T_V(at(f, t, dim, -2)), INT_V(1));
    if (edge_order == 2) {
        first = plus(f, plus(f, times(f, at(f, t, dim, 0), -1.5), at(f, t, dim, 1), 2), at(f, t, dim, 2), -0.5);
        last = plus(f, plus(f, times(f, at(f, t, dim, -1), 1.5), at(f, t, dim, -2), -2), at(f, t, dim, -3), 0.5);
    }
    middle = F_(f, aten_div_Scalar, T_V(F_(f, aten_div_Scalar, T_V(middle), step)), FLOAT_V(2));
    return join_ends(f, F_(f, aten_div_Scalar, T_V(first), step), middle, F_(f, aten_div_Scalar, T_V(last), step), dim);
}

static tensor *product(formula *f, tensor *a, tensor *b) { return F_(f, aten_mul_Tensor, T_V(a), T_V(b)); }
static tensor *quotient(formula *f, tensor *a, tensor *b) { return F_(f, aten_div_Tensor, T_V(a), T_V(b)); }

/* a x + b y + c z */
static tensor *combine(formula *f, tensor *const *weights, tensor *x, tensor *y, tensor *z)
{
    return plus(f, plus(f, product(f, weights[0], x), product(f, weights[1], y), 1), product(f, weights[2], z), 1);
}

/* The parabola's slope at one end: dx1 the interval there, dx2 the next one; ret: the end, then inwards. */
static void edge_weights(formula *f, tensor *dx1, tensor *dx2, double sign, tensor **ret)
{
    tensor *both = plus(f, dx1, dx2, 1);
    ret[0] = times(f, quotient(f, plus(f, both, dx1, 1), product(f, dx1, both)), -sign);
    ret[1] = times(f, quotient(f, both, product(f, dx1, dx2)), sign);
    ret[2] = times(f, quotient(f, dx1, product(f, dx2, both)), -sign);
}

/* Points at the given coordinates. */
static tensor *uneven_gradient(formula *f, tensor *t, int dim, tensor *coordinates, int64_t edge_order)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    for (int i = 0; i < t->n_dims; i++) sizes[i] = i == dim ? -1 : 1;
    tensor *dx = F_(f, aten_diff, T_V(coordinates), INT_V(1), INT_V(-1), NONE_V, NONE_V);
    dx = F_(f, aten_reshape, T_V(dx), formula_ints(f, sizes, (size_t)t->n_dims));
    tensor *dx1 = part(f, dx, dim, 0, -1), *dx2 = part(f, dx, dim, 1, -1), *both = plus(f, dx1, dx2, 1);
    tensor *weights[3] = { times(f, quotient(f, dx2, product(f, dx1, both)), -1),
                           quotient(f, plus(f, dx2, dx1, -1), product(f, dx1, dx2)), quotient(f, dx1, product(f, dx2, both)) };
    tensor *middle = combine(f, weights, part(f, t, dim, 0, -2), part(f, t, dim, 1, -2), part(f, t, dim, 2, -2));
    tensor *first, *last;
    if (edge_order == 1) {
        first = quotient(f, plus(f, at(f, t, dim, 1), at(f, t, dim, 0), -1), at(f, dx, dim, 0));
        last = quotient(f, plus(f, at(f, t, dim, -1), at(f, t, dim, -2), -1), at(f, dx, dim, -1));
    } else {
        edge_weights(f, at(f, dx, dim, 0), at(f, dx, dim, 1), 1, weights);
        first = combine(f, weights, at(f, t, dim, 0), at(f, t, dim, 1), at(f, t, dim, 2));
        edge_weights(f, at(f, dx, dim, -1), at(f, dx, dim, -2), -1, weights);
        last = combine(f, weights, at(f, t, dim, -1), at(f, t, dim, -2), at(f, t, dim, -3));
    }
    return join_ends(f, first, middle, last, dim);
}

typedef struct gradient_call {
    jit_value spacing;       /* None, a number, a list of numbers or of coordinate vectors */
    const int64_t *dims;     /* NULL: all */
    int n_dims;
    int64_t edge_order;
} gradient_call;

static bool check_gradient(op_ctx *cx, const gradient_call *g, const tensor *t)
{
    const bool is_list = g->spacing.tag == VALUE_LIST;
    if (g->edge_order != 1 && g->edge_order != 2) return OP_FAIL(cx, "torch.gradient only supports edge_order=1 and edge_order=2.");
    if (is_list && g->spacing.list->n != (size_t)g->n_dims)
        return OP_FAIL(cx, "torch.gradient expected spacing to be unspecified, a scalar, or a list of length %d, but got a list of "
                           "length %zu", g->n_dims, g->spacing.list->n);
    dtype_category category = dtype_category_of(tensor_dtype(t));
    if (category == CATEGORY_B || t->dtype == DTYPE_uint8)
        return OP_FAIL(cx, "torch.gradient does not support %s input.", t->dtype == DTYPE_uint8 ? "uint8" : "bool");
    uint64_t seen = 0;
    for (int k = 0; k < g->n_dims; k++) {
        int dim = k;
        if (g->dims && !wrap_dim(cx, g->dims[k], t->n_dims, &dim)) return false;
        if (seen >> dim & 1) return OP_FAIL(cx, "dim %d appears multiple times in the list of dims", dim);
        seen |= UINT64_C(1) << dim;
        if (t->n_dims == 0 || t->sizes[dim] < g->edge_order + 1)
            return OP_FAIL(cx, "torch.gradient expected each dimension size to be at least edge_order+1");
    }
    return true;
}

static tensor *gradient_along(formula *f, const gradient_call *g, tensor *t, int k, int dim)
{
    jit_value step = g->spacing;
    if (step.tag == VALUE_NONE) step = INT_V(1);
    if (step.tag == VALUE_LIST) step = list_peek(step.list, (size_t)k);
    if (step.tag != VALUE_TENSOR) return even_gradient(f, t, dim, step, g->edge_order);
    if (step.t->n_dims != 1 || step.t->sizes[0] != t->sizes[dim]) {
        OP_FAIL(f->cx, "torch.gradient expected each element of spacing to have one dimension and as many coordinates as the input "
                       "has there");
        return NULL;
    }
    return uneven_gradient(f, t, dim, step.t, g->edge_order);
}

static bool run_gradient(op_ctx *cx, gradient_call *g, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    if (!g->dims) g->n_dims = t->n_dims;
    if (!check_gradient(cx, g, t)) return false;
    list *made = list_new(T_TENSOR, LIST_VALUES, (size_t)g->n_dims);
    bool ok = made || op_no_memory(cx);
    for (int k = 0; k < g->n_dims && ok; k++) {
        formula f = { .cx = cx };
        jit_value slope;
        const int64_t raw = g->dims ? g->dims[k] : k;
        ok = formula_give(&f, gradient_along(&f, g, t, k, (int)(raw < 0 ? raw + t->n_dims : raw)), &slope);
        ok = ok && (list_push(made, slope) || op_no_memory(cx));
    }
    if (ok) rets[0] = VALUE_HEAP_V(VALUE_LIST, made);
    else if (made) value_unref(VALUE_HEAP_V(VALUE_LIST, made));
    return ok;
}

/* self spacing dim? edge_order */
bool op_gradient_int(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    gradient_call g = { args[1], args[2].tag == VALUE_NONE ? NULL : &args[2].i, 1, args[3].i };
    return run_gradient(cx, &g, args, rets);
}

/* An empty list of dims asks for none; an empty list of ints may have no elements to point at. */
static bool give_no_gradients(op_ctx *cx, jit_value *rets)
{
    list *none = list_new(T_TENSOR, LIST_VALUES, 0);
    rets[0] = VALUE_HEAP_V(VALUE_LIST, none);
    return none || op_no_memory(cx);
}

/* self spacing dim edge_order */
bool op_gradient_ints(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    gradient_call g = { .spacing = args[1], .edge_order = args[3].i };
    g.dims = arg_ints(args[2], &g.n_dims);
    if (!g.n_dims) return give_no_gradients(cx, rets);
    return run_gradient(cx, &g, args, rets);
}

/* self dim edge_order */
bool op_gradient_dims(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    gradient_call g = { .spacing = VALUE_NONE_V, .edge_order = args[2].i };
    g.dims = arg_ints(args[1], &g.n_dims);
    if (!g.n_dims) return give_no_gradients(cx, rets);
    return run_gradient(cx, &g, args, rets);
}
