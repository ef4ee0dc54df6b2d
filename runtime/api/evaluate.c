/* runtime/api/evaluate.c: the host side of `tjs run --call EXPR`: expressions evaluated as Python would.
 *
 * These are the arguments and calls a user types, not programs: no types are declared, an int is an int, functions
 * of the module are entered through the call boundary. So this walks the syntax tree over values. Everything with
 * control flow belongs into a function of the file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "frontend/script/ast.h"
#include "ir/type.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ARGS = 64 };

typedef struct evaluator {
    vm_run *run;
    ir_unit *unit;
    jit_value self; /* what an archive holds, whose methods and attributes are names here; None for sources */
    int depth; /* of the expression */
} evaluator;

typedef struct arg_list { jit_value at[MOST_ARGS]; const char *names[MOST_ARGS]; size_t n, n_names; } arg_list;

static bool evaluate(evaluator *e, const ast_node *n, jit_value *ret);

static bool fail_at(evaluator *e, const ast_node *n, const char *what)
{
    uint32_t line, column;
    source_position(n->at.src, n->at.begin, &line, &column);
    return api_run_fail(e->run, JIT_EUNSUPPORTED, "in the expression, column %u: %s", column + 1, what);
}

static bool no_memory(evaluator *e) { return api_run_fail(e->run, JIT_ENOMEM, "out of memory"); }

static bool give_heap(evaluator *e, value_tag tag, void *heap, jit_value *ret)
{
    if (!heap)
        return no_memory(e);
    *ret = VALUE_HEAP_V(tag, heap);
    return true;
}

/* "torch.linalg.inv" of an attribute chain over names; false if it is none. */
static bool dotted_name(const ast_node *n, char *to, size_t room)
{
    if (n->kind == AST_name) {
        const char *id = AST_AS(name, n)->id;
        return strlen(id) < room && memcpy(to, id, strlen(id) + 1);
    }
    if (n->kind != AST_attribute || !dotted_name(AST_AS(attribute, n)->value, to, room))
        return false;
    const char *id = AST_AS(attribute, n)->id;
    size_t length = strlen(to);
    if (length + strlen(id) + 2 > room)
        return false;
    to[length] = '.';
    memcpy(to + length + 1, id, strlen(id) + 1);
    return true;
}

static bool has_prefix(const char *s, const char *prefix) { return !strncmp(s, prefix, strlen(prefix)); }

/* ---- displays ------------------------------------------------------------------------------------- */

static void unref_all(jit_value *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        value_unref(at[i]);
}

/* Evaluate all of `nodes` into a mem_ block of references. */
static bool evaluate_all(evaluator *e, const ast_nodes *nodes, jit_value **ret)
{
    jit_value *at = mem_calloc(nodes->n + 1, sizeof *at);
    if (!at)
        return no_memory(e);
    for (size_t i = 0; i < nodes->n; i++) {
        if (!evaluate(e, nodes->at[i], &at[i])) {
            unref_all(at, i);
            mem_free(at);
            return false;
        }
    }
    *ret = at;
    return true;
}

static bool make_list(evaluator *e, jit_value *take, size_t n, jit_value *ret)
{
    const type *elem = NULL;
    for (size_t i = 0; i < n; i++)
        elem = api_common_type(elem, take[i]);
    list *l = list_new(elem, elem ? type_list_storage(elem) : LIST_VALUES, n);
    for (size_t i = 0; i < n; i++) {
        if (!l)
            value_unref(take[i]);
        else if (!list_push(l, take[i])) {
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
            l = NULL;
        }
    }
    return give_heap(e, VALUE_LIST, l, ret);
}

static bool evaluate_list(evaluator *e, const ast_nodes *items, jit_value *ret)
{
    jit_value *at;
    if (!evaluate_all(e, items, &at))
        return false;
    bool is_made = make_list(e, at, items->n, ret);
    mem_free(at);
    return is_made;
}

static bool evaluate_tuple(evaluator *e, const ast_nodes *items, jit_value *ret)
{
    jit_value *at;
    if (!evaluate_all(e, items, &at))
        return false;
    tuple *t = tuple_new(NULL, items->n);
    if (t && items->n)
        memcpy(t->at, at, items->n * sizeof *at);
    else
        unref_all(at, items->n);
    mem_free(at);
    return give_heap(e, VALUE_TUPLE, t, ret);
}

static bool evaluate_dict(evaluator *e, const ast_dict *n, jit_value *ret)
{
    jit_value *keys, *values;
    if (!evaluate_all(e, &n->keys, &keys))
        return false;
    if (!evaluate_all(e, &n->values, &values)) {
        unref_all(keys, n->keys.n);
        mem_free(keys);
        return false;
    }
    const type *key = NULL, *value = NULL;
    for (size_t i = 0; i < n->keys.n; i++) {
        key = api_common_type(key, keys[i]);
        value = api_common_type(value, values[i]);
    }
    dict *d = dict_new(key, value);
    bool is_made = d != NULL;
    for (size_t i = 0; is_made && i < n->keys.n; i++)
        is_made = dict_set(d, value_ref(keys[i]), value_ref(values[i]));
    unref_all(keys, n->keys.n);
    unref_all(values, n->values.n);
    mem_free(keys);
    mem_free(values);
    if (!is_made)
        value_unref(VALUE_HEAP_V(VALUE_DICT, d));
    return give_heap(e, VALUE_DICT, is_made ? d : NULL, ret);
}

/* ---- names ---------------------------------------------------------------------------------------- */

static const struct host_constant { const char *name; double value; } constants[] = {
    { "math.pi", M_PI }, { "math.e", M_E }, { "math.tau", 2 * M_PI }, { "math.inf", INFINITY }, { "math.nan", NAN },
    { "torch.pi", M_PI }, { "torch.e", M_E }, { "torch.inf", INFINITY }, { "torch.nan", NAN },
};

static const struct host_code { const char *name; int64_t code; } codes[] = {
    { "torch.strided", 0 },      { "torch.contiguous_format", 0 }, { "torch.preserve_format", 1 },
    { "torch.channels_last", 2 }, { "torch.channels_last_3d", 3 },
};

static bool dotted_constant(const char *name, jit_value *ret)
{
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (!strcmp(constants[i].name, name)) {
            *ret = VALUE_FLOAT_V(constants[i].value);
            return true;
        }
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (!strcmp(codes[i].name, name)) {
            *ret = VALUE_INT_V(codes[i].code);
            return true;
        }
    dtype d = has_prefix(name, "torch.") ? dtype_parse(name + 6) : DTYPE_NONE;
    if (d != DTYPE_NONE)
        *ret = VALUE_INT_V(d);
    return d != DTYPE_NONE;
}

static const type *find_class(const evaluator *e, const char *name)
{
    for (size_t i = 0; i < e->unit->types.n; i++) {
        const type *t = e->unit->types.entries[i].value;
        if (e->unit->types.entries[i].key && !strcmp(type_unqualified_name(t), name))
            return t;
    }
    return NULL;
}

/* x.name of a value: fields, enum properties, tensor properties. */
static bool value_attribute(evaluator *e, const ast_node *n, jit_value of, const char *name, jit_value *ret)
{
    char op[160];
    int i;
    if (of.tag == VALUE_TUPLE && of.tuple->type && (i = type_named_tuple_index(of.tuple->type, name)) >= 0) {
        *ret = value_ref(of.tuple->at[i]);
        return true;
    }
    if (of.tag == VALUE_OBJECT && (i = type_class_slot(of.object->type, name)) >= 0) {
        *ret = value_ref(of.object->at[i]);
        return true;
    }
    if (of.tag == VALUE_ENUM && !strcmp(name, "value")) {
        *ret = value_ref(of.member->value);
        return true;
    }
    if (of.tag == VALUE_ENUM && !strcmp(name, "name"))
        return give_heap(e, VALUE_STR, str_new(of.member->name, strlen(of.member->name)), ret);
    if (of.tag != VALUE_TENSOR || strlen(name) > 100)
        return fail_at(e, n, "no such attribute");
    size_t n_found;
    snprintf(op, sizeof op, "prim::%s", name);
    op_find_all(op, &n_found);
    if (!n_found)
        snprintf(op, sizeof op, "aten::%s", !strcmp(name, "shape") ? "size" : name);
    return api_call_op(e->run, op, &of, 1, NULL, 0, ret);
}

static bool evaluate_attribute(evaluator *e, const ast_attribute *n, jit_value *ret)
{
    char name[200];
    if (dotted_name(&n->node, name, sizeof name)) {
        if (dotted_constant(name, ret))
            return true;
        const type *cls = n->value->kind == AST_name ? find_class(e, AST_AS(name, n->value)->id) : NULL;
        enum_member *m = cls && cls->kind == TYPE_ENUM ? type_enum_find(cls, n->id) : NULL;
        if (m)
            return give_heap(e, VALUE_ENUM, value_ref(VALUE_HEAP_V(VALUE_ENUM, m)).member, ret);
    }
    jit_value of;
    if (!evaluate(e, n->value, &of))
        return false;
    bool is_done = value_attribute(e, &n->node, of, n->id, ret);
    value_unref(of);
    return is_done;
}

/* ---- calls ---------------------------------------------------------------------------------------- */

static bool evaluate_args(evaluator *e, const ast_call *n, arg_list *args)
{
    for (size_t i = 0; i < n->args.n; i++) {
        const ast_node *arg = n->args.at[i];
        size_t at = args->n + args->n_names;
        bool is_done;
        if (at == MOST_ARGS || arg->kind == AST_star) {
            is_done = fail_at(e, arg, arg->kind == AST_star ? "star arguments are not supported here"
                                                            : "too many arguments");
        } else if (arg->kind == AST_keyword) {
            is_done = evaluate(e, AST_AS(keyword, arg)->value, &args->at[at]);
            if (is_done)
                args->names[args->n_names++] = AST_AS(keyword, arg)->id;
        } else {
            is_done = evaluate(e, arg, &args->at[at]);
            args->n += is_done;
        }
        if (!is_done)
            return false;
    }
    return true;
}

/* Numbers in nested lists as one kind, as torch.tensor() reads them: [1, 2.5] is a list of floats. */
static value_tag number_kind(jit_value v, value_tag so_far)
{
    static const uint8_t rank[VALUE__COUNT] = { [VALUE_BOOL] = 1, [VALUE_INT] = 2, [VALUE_FLOAT] = 3, [VALUE_COMPLEX] = 4 };
    size_t n = v.tag == VALUE_LIST ? v.list->n : v.tag == VALUE_TUPLE ? v.tuple->n : 0;
    if (v.tag != VALUE_LIST && v.tag != VALUE_TUPLE)
        return rank[v.tag] > rank[so_far] ? (value_tag)v.tag : so_far;
    for (size_t i = 0; i < n; i++) {
        jit_value item = v.tag == VALUE_LIST ? list_get(v.list, i) : value_ref(v.tuple->at[i]);
        so_far = number_kind(item, so_far);
        value_unref(item);
    }
    return so_far;
}

static const type *nested_list_type(jit_value v, const type *leaf)
{
    if (v.tag != VALUE_LIST && v.tag != VALUE_TUPLE)
        return leaf;
    jit_value first = VALUE_NONE_V;
    size_t n = v.tag == VALUE_LIST ? v.list->n : v.tuple->n;
    if (n)
        first = v.tag == VALUE_LIST ? list_get(v.list, 0) : value_ref(v.tuple->at[0]);
    const type *elem = n ? nested_list_type(first, leaf) : leaf;
    value_unref(first);
    return type_list(elem);
}

static bool unify_numbers(evaluator *e, jit_value *v)
{
    static const type_kind kinds[VALUE__COUNT] = { [VALUE_BOOL] = TYPE_BOOL, [VALUE_INT] = TYPE_INT, [VALUE_FLOAT] = TYPE_FLOAT,
                                                   [VALUE_COMPLEX] = TYPE_COMPLEX };
    value_tag leaf = number_kind(*v, VALUE_NONE);
    if ((v->tag != VALUE_LIST && v->tag != VALUE_TUPLE))
        return true;
    const type *t = nested_list_type(*v, type_base(leaf == VALUE_NONE ? TYPE_FLOAT : kinds[leaf]));
    jit_value converted;
    if (!t || !api_convert(*v, t, &converted))
        return api_run_fail(e->run, JIT_ERUNTIME, "expected nested sequences of equal lengths and of numbers");
    value_unref(*v);
    *v = converted;
    return true;
}

/* torch.NAME(…): the operator of that name. */
static bool call_torch(evaluator *e, const char *name, arg_list *args, jit_value *ret)
{
    char op[200];
    size_t length = 6;
    memcpy(op, "aten::", 6);
    for (const char *p = name + 6; *p && length < sizeof op - 1; p++)
        op[length++] = *p == '.' ? '_' : *p;
    op[length] = 0;
    if (!strcmp(name, "torch.tensor") && args->n == 1 && !unify_numbers(e, &args->at[0]))
        return false;
    if (!strcmp(name, "torch.Size") && args->n == 1) {
        *ret = value_ref(args->at[0]);
        return true;
    }
    if (!strcmp(name, "torch.device") && args->n == 1 && args->at[0].tag == VALUE_STR) {
        device d;
        if (!device_parse(args->at[0].s->s, &d))
            return api_run_fail(e->run, JIT_ERUNTIME, "Invalid device string: '%s'", args->at[0].s->s);
        *ret = VALUE_DEVICE_V(d);
        return true;
    }
    return api_call_op(e->run, op, args->at, args->n, args->names, args->n_names, ret);
}

/* float(x), int(x), …: conversions of numbers and strings. */
static bool call_conversion(evaluator *e, const ast_node *n, const char *name, arg_list *args, jit_value *ret)
{
    static const struct { const char *name, *op; } conversions[] = {
        { "float", "aten::Float" }, { "int", "aten::Int" }, { "bool", "aten::Bool" }, { "str", "aten::str" },
        { "complex", "aten::Complex" }, { "len", "aten::len" }, { "abs", "prim::abs" }, { "list", "aten::list" },
    };
    if (!strcmp(name, "complex") && args->n >= 1 && args->n <= 2) {
        jit_value parts[2] = { args->at[0], args->n == 2 ? args->at[1] : VALUE_FLOAT_V(0) }, re, im;
        if (api_convert(parts[0], T_FLOAT, &re) && api_convert(parts[1], T_FLOAT, &im))
            return give_heap(e, VALUE_COMPLEX, complex_new(re.f, im.f), ret);
    }
    for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++)
        if (!strcmp(conversions[i].name, name)) {
            return api_call_op(e->run, conversions[i].op, args->at, args->n, args->names, args->n_names, ret);
        }
    return fail_at(e, n, "no function or class of this name");
}

/* x.NAME(…) of an object: a method, or a submodule's forward with its hooks. */
static bool call_member(evaluator *e, jit_value self, const char *name, arg_list *args, jit_value *ret)
{
    int slot = type_class_slot(self.object->type, name);
    if (slot >= 0 && self.object->at[slot].tag == VALUE_OBJECT)
        return api_call_module(e->run, self.object->at[slot], args->at, args->n, args->names, args->n_names, ret);
    return api_call_method(e->run, self, name, args->at, args->n, args->names, args->n_names, ret);
}

/* x.NAME(…) of a value. */
static bool call_method(evaluator *e, jit_value self, const char *name, arg_list *args, jit_value *ret)
{
    static const struct { const char *name; dtype d; } casts[] = {
        { "float", DTYPE_float32 }, { "double", DTYPE_float64 }, { "half", DTYPE_float16 }, { "int", DTYPE_int32 },
        { "long", DTYPE_int64 },    { "short", DTYPE_int16 },    { "byte", DTYPE_uint8 },   { "char", DTYPE_int8 },
        { "bool", DTYPE_bool },     { "bfloat16", DTYPE_bfloat16 }, { "cfloat", DTYPE_complex64 },
        { "cdouble", DTYPE_complex128 },
    };
    if (self.tag == VALUE_OBJECT)
        return call_member(e, self, name, args, ret);
    jit_value all[MOST_ARGS + 1];
    all[0] = self;
    memcpy(all + 1, args->at, (args->n + args->n_names) * sizeof *all);
    for (size_t i = 0; self.tag == VALUE_TENSOR && i < sizeof casts / sizeof *casts; i++)
        if (!strcmp(casts[i].name, name) && args->n + args->n_names == 0) {
            all[1] = VALUE_INT_V(casts[i].d);
            return api_call_op(e->run, "aten::to", all, 2, NULL, 0, ret);
        }
    char op[128];
    if (strlen(name) > 100)
        return api_run_fail(e->run, JIT_ENOTFOUND, "no method of that name");
    memcpy(op, "aten::", 6);
    strcpy(op + 6, name);
    return api_call_op(e->run, op, all, args->n + 1, args->names, args->n_names, ret);
}

static bool has_member(jit_value self, const char *name)
{
    return self.tag == VALUE_OBJECT
           && (type_class_slot(self.object->type, name) >= 0 || strmap_find(&self.object->type->cls->methods, name));
}

static bool call_named(evaluator *e, const ast_node *n, const char *name, arg_list *args, jit_value *ret)
{
    ir_function *fn = ir_unit_find_function(e->unit, name);
    if (fn)
        return api_call_function(e->run, fn, args->at, args->n, args->names, args->n_names, ret);
    const type *cls = find_class(e, name);
    if (cls)
        return api_construct(e->run, cls, args->at, args->n, args->names, args->n_names, ret);
    if (e->self.tag == VALUE_OBJECT && !strcmp(name, "forward"))
        return api_call_module(e->run, e->self, args->at, args->n, args->names, args->n_names, ret);
    if (has_member(e->self, name))
        return call_member(e, e->self, name, args, ret);
    return call_conversion(e, n, name, args, ret);
}

static bool evaluate_call(evaluator *e, const ast_call *n, jit_value *ret)
{
    char name[200];
    arg_list args = { 0 };
    bool is_done = evaluate_args(e, n, &args);
    if (is_done && n->callee->kind == AST_name) {
        is_done = call_named(e, &n->node, AST_AS(name, n->callee)->id, &args, ret);
    } else if (is_done && dotted_name(n->callee, name, sizeof name) && has_prefix(name, "torch.")) {
        is_done = call_torch(e, name, &args, ret);
    } else if (is_done && n->callee->kind == AST_attribute) {
        jit_value self;
        is_done = evaluate(e, AST_AS(attribute, n->callee)->value, &self);
        if (is_done) {
            is_done = call_method(e, self, AST_AS(attribute, n->callee)->id, &args, ret);
            value_unref(self);
        }
    } else if (is_done) {
        is_done = fail_at(e, &n->node, "this cannot be called");
    }
    unref_all(args.at, args.n + args.n_names);
    return is_done;
}

/* ---- operators ------------------------------------------------------------------------------------ */

static bool evaluate_unary(evaluator *e, const ast_unary *n, jit_value *ret)
{
    jit_value v;
    if (!evaluate(e, n->value, &v))
        return false;
    bool is_done = true;
    if (n->op == AST_NEG && (v.tag == VALUE_INT || v.tag == VALUE_BOOL))
        *ret = VALUE_INT_V((int64_t)(0 - (uint64_t)v.i));
    else if (n->op == AST_NEG && v.tag == VALUE_FLOAT)
        *ret = VALUE_FLOAT_V(-v.f);
    else if (n->op == AST_POS)
        *ret = value_ref(v);
    else
        is_done = api_call_op(e->run, n->op == AST_NEG ? "aten::neg" : n->op == AST_NOT ? "aten::__not__"
                                                                                       : "aten::bitwise_not",
                              &v, 1, NULL, 0, ret);
    value_unref(v);
    return is_done;
}

/* Python's int ** int, which TorchScript lacks. false: not two ints, or out of range. */
static bool int_power(jit_value base, jit_value exponent, jit_value *ret)
{
    int64_t power = 1;
    if (base.tag != VALUE_INT || exponent.tag != VALUE_INT || exponent.i < 0 || exponent.i > 63)
        return false;
    for (int64_t i = 0; i < exponent.i; i++)
        if (__builtin_mul_overflow(power, base.i, &power))
            return false;
    *ret = VALUE_INT_V(power);
    return true;
}

static bool evaluate_binary(evaluator *e, const ast_binary *n, jit_value *ret)
{
    static const char *const ops[AST_BINARY__COUNT] = {
        "aten::add", "aten::sub", "aten::mul", "aten::div", "aten::floordiv", "aten::remainder", "aten::matmul",
        "aten::pow", "aten::__and__", "aten::__or__", "aten::__xor__", "aten::__lshift__", "aten::__rshift__",
    };
    jit_value operands[2];
    if (!evaluate(e, n->left, &operands[0]))
        return false;
    if (!evaluate(e, n->right, &operands[1])) {
        value_unref(operands[0]);
        return false;
    }
    bool is_done = n->op == AST_POW && int_power(operands[0], operands[1], ret);
    if (!is_done)
        is_done = api_call_op(e->run, ops[n->op], operands, 2, NULL, 0, ret);
    unref_all(operands, 2);
    return is_done;
}

static bool evaluate_subscript(evaluator *e, const ast_subscript *n, jit_value *ret)
{
    if (n->indices.n != 1 || n->indices.at[0]->kind == AST_slice)
        return fail_at(e, &n->node, "only one index is supported here; slice inside a function of the file");
    jit_value of, index;
    if (!evaluate(e, n->value, &of))
        return false;
    if (!evaluate(e, n->indices.at[0], &index)) {
        value_unref(of);
        return false;
    }
    bool is_done;
    int64_t i = index.tag == VALUE_INT ? index.i : -1;
    if (of.tag == VALUE_TUPLE && i < 0 && index.tag == VALUE_INT)
        i += (int64_t)of.tuple->n;
    if (of.tag == VALUE_TUPLE && i >= 0 && (size_t)i < of.tuple->n) {
        *ret = value_ref(of.tuple->at[i]);
        is_done = true;
    } else if (of.tag == VALUE_TENSOR) {
        jit_value args[3] = { of, VALUE_INT_V(0), index };
        is_done = api_call_op(e->run, "aten::select", args, 3, NULL, 0, ret);
    } else {
        jit_value args[2] = { of, index };
        is_done = api_call_op(e->run, "aten::__getitem__", args, 2, NULL, 0, ret);
    }
    value_unref(of);
    value_unref(index);
    return is_done;
}

static bool evaluate_name(evaluator *e, const ast_name *n, jit_value *ret)
{
    int slot = e->self.tag == VALUE_OBJECT ? type_class_slot(e->self.object->type, n->id) : -1;
    if (slot < 0)
        return fail_at(e, &n->node, "this name is not a value here");
    *ret = value_ref(e->self.object->at[slot]);
    return true;
}

static bool evaluate_node(evaluator *e, const ast_node *n, jit_value *ret)
{
    switch (n->kind) {
    case AST_int: *ret = VALUE_INT_V(AST_AS(int, n)->value); return true;
    case AST_float: *ret = VALUE_FLOAT_V(AST_AS(float, n)->value); return true;
    case AST_imaginary: return give_heap(e, VALUE_COMPLEX, complex_new(0, AST_AS(imaginary, n)->value), ret);
    case AST_string:
        return give_heap(e, VALUE_STR, str_new(AST_AS(string, n)->value.s, AST_AS(string, n)->value.n), ret);
    case AST_true: *ret = VALUE_BOOL_V(true); return true;
    case AST_false: *ret = VALUE_BOOL_V(false); return true;
    case AST_none: *ret = VALUE_NONE_V; return true;
    case AST_list: return evaluate_list(e, &AST_AS(list, n)->items, ret);
    case AST_tuple: return evaluate_tuple(e, &AST_AS(tuple, n)->items, ret);
    case AST_dict: return evaluate_dict(e, AST_AS(dict, n), ret);
    case AST_attribute: return evaluate_attribute(e, AST_AS(attribute, n), ret);
    case AST_call: return evaluate_call(e, AST_AS(call, n), ret);
    case AST_unary: return evaluate_unary(e, AST_AS(unary, n), ret);
    case AST_binary: return evaluate_binary(e, AST_AS(binary, n), ret);
    case AST_subscript: return evaluate_subscript(e, AST_AS(subscript, n), ret);
    case AST_name: return evaluate_name(e, AST_AS(name, n), ret);
    default: return fail_at(e, n, "this construct is not supported in an expression; put it into a function of the file");
    }
}

/* The parser allows chains of any length; here each operator is a call deeper. */
static bool evaluate(evaluator *e, const ast_node *n, jit_value *ret)
{
    enum { DEEPEST = 1000 };
    if (e->depth >= DEEPEST)
        return fail_at(e, n, "the expression is too long; put it into a function of the file");
    e->depth++;
    bool is_done = evaluate_node(e, n, ret);
    e->depth--;
    return is_done;
}

/* Parse an expression; the caller releases *ret_tree and *ret_src. NULL: the run has the error. */
static const ast_node *parse(vm_run *run, const char *expression, ast **ret_tree, source **ret_src)
{
    diag d;
    diag_init(&d);
    ast_node *root = NULL;
    *ret_src = source_new("<expression>", expression, strlen(expression));
    *ret_tree = *ret_src ? ast_parse_expression(*ret_src, AST_USER, &d, &root) : NULL;
    if (d.n_errors) {
        text message;
        text_init(&message, NULL);
        diag_print(&d, &message, false);
        api_run_fail(run, JIT_ESYNTAX, "%s", message.s);
        text_fini(&message);
        root = NULL;
    } else if (!*ret_tree || !root) {
        api_run_fail(run, JIT_ENOMEM, "out of memory");
        root = NULL;
    }
    diag_fini(&d);
    return root;
}

bool api_evaluate(vm_run *run, ir_unit *u, jit_value self, const char *expression, jit_value *ret)
{
    ast *tree;
    source *src;
    const ast_node *root = parse(run, expression, &tree, &src);
    bool is_done = root && evaluate(&(evaluator){ .run = run, .unit = u, .self = self }, root, ret);
    ast_free(tree);
    source_unref(src);
    return is_done;
}

/* ---- for timing ----------------------------------------------------------------------------------- */

/* The name of the function a call node calls, if all its arguments are positional. */
static const char *called_name(const ast_node *root)
{
    if (root->kind != AST_call || AST_AS(call, root)->callee->kind != AST_name)
        return NULL;
    const ast_call *n = AST_AS(call, root);
    for (size_t i = 0; i < n->args.n; i++)
        if (n->args.at[i]->kind == AST_keyword || n->args.at[i]->kind == AST_star)
            return NULL;
    return AST_AS(name, n->callee)->id;
}

static bool split(evaluator *e, const ast_call *n, jit_any ***ret_args, size_t *ret_n_args)
{
    jit_value *values;
    if (!evaluate_all(e, &n->args, &values))
        return false;
    jit_any **args = mem_calloc(n->args.n + 1, sizeof *args);
    bool is_done = args != NULL;
    for (size_t i = 0; i < n->args.n; i++) {
        if (!args) {
            value_unref(values[i]);
            continue;
        }
        args[i] = api_box_keep(api_box(values[i]), e->unit);
        is_done &= args[i] != NULL;
    }
    mem_free(values);
    *ret_args = args;
    *ret_n_args = n->args.n;
    return is_done || no_memory(e);
}

jit_status jit_debug_split_call(jit_module *m, const char *expression, jit_function **ret_function, jit_any ***ret_args,
                                size_t *ret_n_args, jit_error *err)
{
    ast *tree;
    source *src;
    api_run run;
    api_run_init(&run, NULL);
    *ret_function = NULL;
    *ret_args = NULL;
    *ret_n_args = 0;
    const ast_node *root = parse(&run.vm, expression, &tree, &src);
    const char *name = root ? called_name(root) : NULL;
    const bool is_own = name && !jit_module_function(m, name, ret_function, NULL);
    evaluator e = { .run = &run.vm, .unit = m->unit, .self = m->root };
    jit_status status = JIT_OK;
    if (!root || (is_own && !split(&e, AST_AS(call, root), ret_args, ret_n_args)))
        status = api_fail_run(err, &run.vm);
    if (status) {
        jit_function_unref(*ret_function);
        *ret_function = NULL;
    }
    ast_free(tree);
    source_unref(src);
    api_run_fini(&run);
    return status;
}

void jit_debug_free_call(jit_function *f, jit_any **args, size_t n_args)
{
    for (size_t i = 0; i < n_args; i++)
        jit_unref(args[i]);
    mem_free(args);
    jit_function_unref(f);
}
