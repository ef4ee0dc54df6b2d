/* runtime/vm/builtins.c: kernels of the structural rows (prim.def's op_none), which no one but the
 * VM runs. They read attributes and types from their node. Those that build containers consume
 * their arguments, so that a value's last use moves it in. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/plan.h"

#include <string.h>

/* ---- helpers
 * ------------------------------------------------------------------------------------- */
static bool release_args(const jit_value *args, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        value_unref(args[i]);
    return false;
}

static const type *type_of_result(const op_ctx *cx)
{
    return cx->node->outputs[0]->type;
}

/** An index into n things, from the end if negative; false: out of range. */
static bool wrap_index(int64_t i, size_t n, size_t *ret)
{
    if (i < 0)
        i += (int64_t)n;
    *ret = (size_t)i;
    return i >= 0 && (uint64_t)i < n;
}

/* ---- tuples
 * -------------------------------------------------------------------------------------- */
static bool tuple_construct(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const type *t = type_of_result(cx);
    tuple *made = tuple_new(t->kind == TYPE_NAMED_TUPLE ? t : NULL, cx->n_args);
    if (!made)
        return release_args(args, cx->n_args) || op_no_memory(cx);
    for (uint32_t i = 0; i < cx->n_args; i++)
        made->at[i] = args[i];
    rets[0] = VALUE_HEAP_V(VALUE_TUPLE, made);
    return true;
}

static bool tuple_unpack(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[0].tag != VALUE_TUPLE || args[0].tuple->n != cx->n_rets)
        return OP_FAIL(cx, "Expected a tuple of %u elements", (unsigned)cx->n_rets);
    for (uint32_t i = 0; i < cx->n_rets; i++)
        rets[i] = value_ref(args[0].tuple->at[i]);
    return true;
}

static bool tuple_index(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    size_t i;
    if (args[0].tag != VALUE_TUPLE)
        return OP_FAIL(cx, "Expected a tuple");
    if (!wrap_index(arg_int(args[1], 0), args[0].tuple->n, &i))
        return OP_FAIL(cx, "Tuple index out of range");
    rets[0] = value_ref(args[0].tuple->at[i]);
    return true;
}

static bool tuple_slice(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const ir_attr *beg = ir_attr_find(cx->node, "beg"), *end = ir_attr_find(cx->node, "end");
    if (args[0].tag != VALUE_TUPLE || !beg || !end || ir_attr_find(cx->node, "step"))
        return OP_FAIL(cx, "prim::TupleSlice is not implemented in this form");
    int64_t n = (int64_t)args[0].tuple->n, from = beg->i, to = end->i;
    from = from < 0 ? from + n : from;
    to = to < 0 ? to + n : to > n ? n : to;
    from = from < 0 ? 0 : from;
    int64_t length = to > from ? to - from : 0;
    tuple *made = tuple_new(NULL, (size_t)length);
    if (!made)
        return op_no_memory(cx);
    for (int64_t i = 0; i < length; i++)
        made->at[i] = value_ref(args[0].tuple->at[from + i]);
    rets[0] = VALUE_HEAP_V(VALUE_TUPLE, made);
    return true;
}

/* ---- lists and dicts
 * ------------------------------------------------------------------------------- */
static bool list_construct(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const type *t = type_of_result(cx);
    const type *elem = t->kind == TYPE_LIST ? type_elem(t) : NULL;
    list *l = list_new(elem, elem ? type_list_storage(elem) : LIST_VALUES, cx->n_args);
    if (!l)
        return release_args(args, cx->n_args) || op_no_memory(cx);
    for (uint32_t i = 0; i < cx->n_args; i++) {
        if (list_push(l, args[i]))
            continue;
        value_unref(VALUE_HEAP_V(VALUE_LIST, l));
        return release_args(args + i + 1, cx->n_args - i - 1) || op_no_memory(cx);
    }
    rets[0] = VALUE_HEAP_V(VALUE_LIST, l);
    return true;
}

static bool list_unpack(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[0].tag != VALUE_LIST || args[0].list->n != cx->n_rets)
        return OP_FAIL(cx, "Expected %u elements in a list but found %zu", (unsigned)cx->n_rets,
                       args[0].tag == VALUE_LIST ? args[0].list->n : 0);
    for (uint32_t i = 0; i < cx->n_rets; i++)
        rets[i] = list_get(args[0].list, i);
    return true;
}

static bool dict_construct(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const type *t = type_of_result(cx);
    bool is_dict = t->kind == TYPE_DICT;
    dict *d = dict_new(is_dict ? t->args[0] : NULL, is_dict ? t->args[1] : NULL);
    if (!d)
        return release_args(args, cx->n_args) || op_no_memory(cx);
    for (uint32_t i = 0; i + 1 < cx->n_args; i += 2) {
        if (dict_set(d, args[i], args[i + 1]))
            continue;
        value_unref(VALUE_HEAP_V(VALUE_DICT, d));
        return release_args(args + i + 2, cx->n_args - i - 2) || op_no_memory(cx);
    }
    rets[0] = VALUE_HEAP_V(VALUE_DICT, d);
    return true;
}

/* ---- objects and types
 * -------------------------------------------------------------------------------- */
static void unref_object_type(const type *t)
{
    ir_unit_unref(t->unit);
}

static bool create_object(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)args;
    const type *t = type_of_result(cx);
    if (t->kind != TYPE_CLASS)
        return OP_FAIL(cx, "prim::CreateObject of a type that is no class");
    object *o = object_new(t, t->cls->n_attributes);
    if (!o)
        return op_no_memory(cx);
    (void)ir_unit_ref(t->unit);
    o->unref_type = unref_object_type;
    rets[0] = VALUE_HEAP_V(VALUE_OBJECT, o);
    return true;
}

static bool is_instance(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const ir_attr *types = ir_attr_find(cx->node, "types");
    bool holds = false;
    for (size_t i = 0; types && types->kind == IR_ATTR_TYPES && i < types->types.n && !holds; i++)
        holds = type_accepts_value(types->types.at[i], args[0]);
    rets[0] = VALUE_BOOL_V(holds);
    return true;
}

/* ---- effects
 * --------------------------------------------------------------------------------------- */
static bool print_values(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)rets;
    text line;
    text_init(&line, NULL);
    for (uint32_t i = 0; i < cx->n_args; i++) {
        if (i > 0)
            text_add_char(&line, ' ');
        value_print(args[i], &line);
    }
    text_add_char(&line, '\n');
    bool printed = !line.failed;
    if (printed)
        cx->run->print(cx->run->print_ctx, line.s, line.n);
    text_fini(&line);
    return printed || op_no_memory(cx);
}

static bool raise_exception(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)rets;
    jit_value name = VALUE_NONE_V;
    const char *message = args[0].tag == VALUE_STR ? args[0].s->s : "";
    bool is_first = cx->run->status == JIT_OK;
    op_fail(cx, JIT_ERUNTIME, "%s", message);
    /* the name must outlive the run: only a constant of the graph does */
    if (is_first && cx->node->n_inputs > 1 && ir_value_constant(cx->node->inputs[1], &name) &&
        name.tag == VALUE_STR)
        cx->run->exception = name.s->s;
    return false;
}

/* ---- tolist
 * -------------------------------------------------------------------------------------------- */
static jit_value element_at(const tensor *t, int64_t k)
{
    double re, im;
    dtype d = tensor_dtype(t);
    switch (dtype_category_of(d)) {
    case CATEGORY_B: return VALUE_BOOL_V(tensor_get_int(t, k) != 0);
    case CATEGORY_I: return VALUE_INT_V(tensor_get_int(t, k));
    case CATEGORY_F:
    case CATEGORY_Q: return VALUE_FLOAT_V(tensor_get_double(t, k));
    case CATEGORY_C: break;
    }
    tensor_get_complex(t, k, &re, &im);
    complex_box *z = complex_new(re, im);
    return z ? VALUE_HEAP_V(VALUE_COMPLEX, z) : VALUE_NONE_V;
}

/** The sub-list of dimension `dim` whose elements begin at *k (row-major); NULL: no memory. */
static list *list_of_dim(const tensor *t, int dim, const type *of, int64_t *k)
{
    const type *elem = type_elem(of);
    list *l = list_new(elem, type_list_storage(elem), (size_t)t->sizes[dim]);
    for (int64_t i = 0; l && i < t->sizes[dim]; i++) {
        jit_value v;
        if (dim + 1 < t->n_dims) {
            list *inner = list_of_dim(t, dim + 1, elem, k);
            v = VALUE_HEAP_V(inner ? VALUE_LIST : VALUE_NONE, inner);
        } else {
            v = element_at(t, (*k)++);
        }
        if (v.tag == VALUE_NONE || !list_push(l, v)) {
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
            return NULL;
        }
    }
    return l;
}

static bool element_type_fits(const tensor *t, int64_t code)
{
    switch (code) {
    case 0: return tensor_dtype(t) == DTYPE_int64;
    case 1: return dtype_is_float(tensor_dtype(t));
    case 2: return tensor_dtype(t) == DTYPE_bool;
    default: return dtype_is_complex(tensor_dtype(t));
    }
}

static bool to_list(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *t = arg_tensor(args[0]);
    const type *of = type_of_result(cx);
    int depth = 0;
    for (const type *at = of; at->kind == TYPE_LIST; at = type_elem(at))
        depth++;
    if (!t || !element_type_fits(t, arg_int(args[2], 0)))
        return OP_FAIL(cx, "Output annotation element type and runtime tensor element type must "
                           "match for tolist()");
    if (arg_int(args[1], 0) != t->n_dims || depth != t->n_dims)
        return OP_FAIL(cx, "Output annotation list dimension and runtime tensor dimension must "
                           "match for tolist()");
    int64_t k = 0;
    if (t->n_dims == 0) {
        rets[0] = element_at(t, 0);
        return rets[0].tag != VALUE_NONE || op_no_memory(cx);
    }
    list *l = list_of_dim(t, 0, of, &k);
    if (!l)
        return op_no_memory(cx);
    rets[0] = VALUE_HEAP_V(VALUE_LIST, l);
    return true;
}

op_kernel vm_builtin_find(op_id op, bool *ret_takes)
{
    *ret_takes = false;
    switch (op) {
    case OP_prim_TupleConstruct: *ret_takes = true; return tuple_construct;
    case OP_prim_ListConstruct: *ret_takes = true; return list_construct;
    case OP_prim_DictConstruct: *ret_takes = true; return dict_construct;
    case OP_prim_TupleUnpack: return tuple_unpack;
    case OP_prim_TupleIndex: return tuple_index;
    case OP_prim_TupleSlice: return tuple_slice;
    case OP_prim_ListUnpack: return list_unpack;
    case OP_prim_CreateObject: return create_object;
    case OP_prim_isinstance: return is_instance;
    case OP_prim_Print: return print_values;
    case OP_prim_RaiseException: return raise_exception;
    case OP_prim_tolist: return to_list;
    default: return NULL;
    }
}
