/* codegen/emit_expr.c: one node as an expression of the archive dialect.
 *
 * Most nodes are calls of operators: `torch.add(a, b)`. Trailing arguments equal to their defaults are left out, as
 * long as the reader, which resolves overloads anew, still finds the same operator. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- pieces ----------------------------------------------------------------------------------------- */

static void put(script_text *to, const ir_node *n, const char *s) { script_put(to, n->at, s); }

static void put_type(script_writer *w, const ir_node *n, const type *t, script_text *to)
{
    script_mark(to, n->at);
    script_put_type(w->a, t, &to->code);
}

static void put_value(script_writer *w, const ir_node *n, uint32_t i, script_text *to)
{
    script_put_value(w, n->inputs[i], n->at, to);
}

/* Inputs from `first` on between brackets. */
static void put_values(script_writer *w, const ir_node *n, uint32_t first, const char *open, const char *close,
                       script_text *to)
{
    put(to, n, open);
    for (uint32_t i = first; i < n->n_inputs; i++) {
        put(to, n, i > first ? ", " : "");
        put_value(w, n, i, to);
    }
    put(to, n, close);
}

/* The arguments of a call of TorchScript code, inputs from `first` on: each has a comma. */
static void put_arguments(script_writer *w, const ir_node *n, uint32_t first, script_text *to)
{
    put(to, n, "(");
    for (uint32_t i = first; i < n->n_inputs; i++) {
        put_value(w, n, i, to);
        put(to, n, ", ");
    }
    put(to, n, ")");
}

/* `what(T, x)` */
static void put_typed_call(script_writer *w, const ir_node *n, const char *what, script_text *to)
{
    put(to, n, what);
    put(to, n, "(");
    put_type(w, n, n->outputs[0]->type, to);
    put(to, n, ", ");
    put_value(w, n, 0, to);
    put(to, n, ")");
}

/* `(x)` and what comes behind it */
static void put_receiver(script_writer *w, const ir_node *n, const char *after, script_text *to)
{
    put(to, n, "(");
    put_value(w, n, 0, to);
    put(to, n, ")");
    put(to, n, after);
}

/* ---- containers ------------------------------------------------------------------------------------- */

static bool is_all_of(const ir_node *n, uint32_t first, uint32_t step, const type *t)
{
    for (uint32_t i = first; i < n->n_inputs; i += step)
        if (type_unrefined(n->inputs[i]->type) != t)
            return false;
    return true;
}

static void put_list(script_writer *w, const ir_node *n, script_text *to)
{
    const type *t = n->outputs[0]->type, *elem = type_elem(t);
    bool is_plain = n->n_inputs && type_is_evident(elem) && is_all_of(n, 0, 1, type_unrefined(elem));
    if (!is_plain) {
        put(to, n, "annotate(");
        put_type(w, n, t, to);
        put(to, n, ", ");
    }
    put_values(w, n, 0, "[", is_plain ? "]" : "])", to);
}

static void put_dict(script_writer *w, const ir_node *n, script_text *to)
{
    const type *t = n->outputs[0]->type, *key = t->args[0], *value = t->args[1];
    bool is_plain = n->n_inputs && type_is_evident(key) && type_is_evident(value) && is_all_of(n, 0, 2, type_unrefined(key))
                    && is_all_of(n, 1, 2, type_unrefined(value));
    if (!is_plain) {
        put(to, n, "annotate(");
        put_type(w, n, t, to);
        put(to, n, ", ");
    }
    put(to, n, "{");
    for (uint32_t i = 0; i + 1 < n->n_inputs; i += 2) {
        put(to, n, i ? ", " : "");
        put_value(w, n, i, to);
        put(to, n, ": ");
        put_value(w, n, i + 1, to);
    }
    put(to, n, is_plain ? "}" : "})");
}

static void put_tuple(script_writer *w, const ir_node *n, script_text *to)
{
    const type *t = n->outputs[0]->type;
    if (t->kind == TYPE_NAMED_TUPLE && t->name)
        put_type(w, n, t, to);
    put_values(w, n, 0, "(", n->n_inputs == 1 ? ",)" : ")", to);
}

static void put_tuple_slice(script_writer *w, const ir_node *n, script_text *to)
{
    char bounds[64];
    const ir_attr *step = ir_attr_find(n, "step");
    if (step && step->i != 1)
        script_fail(w->a, JIT_EUNSUPPORTED, "a tuple slice with a step cannot be saved");
    snprintf(bounds, sizeof bounds, "[%" PRId64 ":%" PRId64 "]", ir_get_int(n, "beg"), ir_get_int(n, "end"));
    put_receiver(w, n, bounds, to);
}

static void put_subscript(script_writer *w, const ir_node *n, script_text *to)
{
    const script_expr *of = script_find_expr(w, n->inputs[0]);
    if (of && of->is_name)
        put_value(w, n, 0, to);
    else
        put_receiver(w, n, "", to);
    put_values(w, n, 1, "[", "]", to);
}

/* ---- classes ---------------------------------------------------------------------------------------- */

static void put_attribute(script_writer *w, const ir_node *n, script_text *to)
{
    const char *name = ir_get_str(n, "name");
    if (!script_is_identifier(name) || script_is_keyword(name)) {
        put_values(w, n, 0, "getattr(", ", ", to);
        script_put_quoted(name, strlen(name), &to->code);
        put(to, n, ")");
        return;
    }
    put_value(w, n, 0, to);
    put(to, n, ".");
    put(to, n, name);
}

static void put_new_object(script_writer *w, const ir_node *n, script_text *to)
{
    put_type(w, n, n->outputs[0]->type, to);
    put(to, n, ".__new__(");
    put_type(w, n, n->outputs[0]->type, to);
    put(to, n, ")");
}

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

/* Readers know hooks as functions in the class, not as methods of its objects. */
static bool is_hook(const type *t, const char *name)
{
    return t->kind == TYPE_CLASS
           && (is_one_of(name, t->cls->hooks, t->cls->n_hooks) || is_one_of(name, t->cls->pre_hooks, t->cls->n_pre_hooks));
}

static void put_hook_call(script_writer *w, const ir_node *n, script_text *to)
{
    put_type(w, n, n->inputs[0]->type, to);
    put(to, n, ".");
    put(to, n, ir_get_str(n, "name"));
    put_arguments(w, n, 0, to);
}

/* Must readers give this argument by name? Those of our functions that stand for operators take it either way. */
static bool is_keyword_only(script_writer *w, const ir_function *fn, const char *argument)
{
    const char *path = script_library_operator(fn), *dot = path ? strrchr(path, '.') : NULL;
    const int n_ops = (int)strlen("ops.");
    const char *name = dot ? arena_printf(&w->arena, "%.*s::%s", (int)(dot - path) - n_ops, path + n_ops, dot + 1) : NULL;
    size_t n = 0;
    const uint16_t *ids = name && !w->arena.failed ? op_find_all(name, &n) : NULL;
    for (size_t i = 0; i < n; i++) {
        const schema *s = op_schema((op_id)ids[i]);
        for (size_t k = 0; s && k < s->n_args; k++)
            if (s->args[k].keyword_only && !strcmp(s->args[k].name, argument))
                return true;
    }
    return false;
}

static void put_function_call(script_writer *w, const ir_node *n, script_text *to)
{
    jit_value f = VALUE_NONE_V;
    const schema *s = ir_value_constant(n->inputs[0], &f) && f.tag == VALUE_FUNCTION ? f.fn->schema : NULL;
    put_value(w, n, 0, to);
    put(to, n, "(");
    for (uint32_t i = 1; i < n->n_inputs; i++) {
        if (s && i <= s->n_args && is_keyword_only(w, f.fn, s->args[i - 1].name)) {
            put(to, n, s->args[i - 1].name);
            put(to, n, "=");
        }
        put_value(w, n, i, to);
        put(to, n, ", ");
    }
    put(to, n, ")");
}

static void put_method_call(script_writer *w, const ir_node *n, script_text *to)
{
    if (is_hook(n->inputs[0]->type, ir_get_str(n, "name"))) {
        put_hook_call(w, n, to);
        return;
    }
    put_receiver(w, n, ".", to);
    put(to, n, ir_get_str(n, "name"));
    put_arguments(w, n, 1, to);
}

static void put_isinstance(script_writer *w, const ir_node *n, script_text *to)
{
    const ir_attr *types = ir_attr_find(n, "types");
    put_values(w, n, 0, "isinstance(", ", ", to);
    put(to, n, types->types.n == 1 ? "" : "(");
    for (size_t i = 0; i < types->types.n; i++) {
        put(to, n, i ? ", " : "");
        put_type(w, n, types->types.at[i], to);
    }
    put(to, n, types->types.n == 1 ? ")" : "))");
}

/* The type of `_unwrap_optional(None)` would be lost. */
static void put_unwrap(script_writer *w, const ir_node *n, script_text *to)
{
    bool is_none = n->inputs[0]->type->kind == TYPE_NONE || ir_value_is_none(n->inputs[0]);
    const type *optional = is_none ? type_optional(n->outputs[0]->type) : NULL;
    put(to, n, "torch._unwrap_optional(");
    if (optional) {
        put(to, n, "annotate(");
        put_type(w, n, optional, to);
        put(to, n, ", None)");
    } else {
        put_value(w, n, 0, to);
    }
    put(to, n, ")");
}

/* ---- operators -------------------------------------------------------------------------------------- */

static bool is_accepted(const schema_arg *arg, const type *actual, arena *a)
{
    strmap bindings;
    if (arg->sized && arg->type->kind == TYPE_LIST && type_is_subtype(actual, type_elem(arg->type)))
        return true;
    if (!arg->type->has_vars)
        return type_is_subtype(actual, arg->type);
    strmap_init(&bindings, a);
    return type_match(arg->type, actual, &bindings, a, NULL) != NULL;
}

/* Would the first n_given arguments of node n (s is its schema) be taken by another operator? */
static bool takes_call(const schema *other, const schema *s, const ir_node *n, size_t n_given, arena *a)
{
    uint64_t given = 0;
    if (other->is_vararg || other->n_args > 64)
        return false;
    for (size_t i = 0; i < n_given; i++) {
        int k = s->args[i].keyword_only ? schema_find_arg(other, s->args[i].name) : (int)i;
        if (k < 0 || k >= other->n_args || (!s->args[i].keyword_only && other->args[k].keyword_only)
            || (given >> k & 1) || !is_accepted(&other->args[k], n->inputs[i]->type, a))
            return false;
        given |= (uint64_t)1 << k;
    }
    for (size_t k = 0; k < other->n_args; k++)
        if (!(given >> k & 1) && !other->args[k].has_default)
            return false;
    return true;
}

/* Readers take the first operator of the name that fits. */
static bool is_found(const ir_node *n, const schema *s, size_t n_given, arena *a)
{
    size_t n_ops;
    const uint16_t *ops = op_find_all(s->name, &n_ops);
    for (size_t i = 0; i < n_ops && ops[i] != n->op; i++) {
        const schema *other = op_schema((op_id)ops[i]);
        if (other && takes_call(other, s, n, n_given, a))
            return false;
    }
    return true;
}

/* How many of the arguments must be written. */
static size_t count_needed(script_writer *w, const ir_node *n, const schema *s)
{
    size_t needed = n->n_inputs;
    if (s->is_vararg || needed > s->n_args || (needed && s->args[needed - 1].is_out))
        return needed;
    while (needed) {
        const schema_arg *arg = &s->args[needed - 1];
        jit_value v;
        if (!arg->has_default || !ir_value_constant(n->inputs[needed - 1], &v) || !value_equal(v, arg->default_value))
            break;
        needed--;
    }
    while (needed < n->n_inputs && !is_found(n, s, needed, &w->arena))
        needed++;
    return needed;
}

static void put_op_name(const ir_node *n, const char *name, script_text *to)
{
    if (!strcmp(name, "aten::backward") || !strcmp(name, "aten::grad"))
        put(to, n, "torch.autograd.");
    else if (!strncmp(name, "aten::", 6))
        put(to, n, "torch.");
    else {
        put(to, n, "ops.");
        script_put_bytes(to, n->at, name, (size_t)(strstr(name, "::") - name));
        put(to, n, ".");
    }
    put(to, n, strstr(name, "::") + 2);
}

static void need_version(script_archive *a, const char *name)
{
    static const struct { const char *name; int version; } changed[] = {
        { "aten::div", 4 }, { "aten::div_", 4 }, { "aten::full", 5 }, { "aten::linspace", 8 }, { "aten::logspace", 9 },
        { "aten::gelu", 10 },
    };
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++)
        if (changed[i].version > a->version && !strcmp(changed[i].name, name))
            a->version = changed[i].version;
}

static void put_operator(script_writer *w, const ir_node *n, script_text *to)
{
    const char *name = op_name((op_id)n->op);
    const schema *s = op_schema((op_id)n->op);
    if (!s) {
        script_fail(w->a, JIT_ENOMEM, "out of memory");
        return;
    }
    if (s->is_varret) { // structure of graphs: what code can say was handled before
        script_fail(w->a, JIT_EUNSUPPORTED, "%s cannot be saved as code", name);
        return;
    }
    need_version(w->a, name);
    put_op_name(n, name, to);
    put(to, n, "(");
    size_t n_needed = count_needed(w, n, s);
    for (uint32_t i = 0; i < n_needed; i++) {
        put(to, n, i ? ", " : "");
        if (i < s->n_args && s->args[i].keyword_only) {
            put(to, n, s->args[i].name);
            put(to, n, "=");
        }
        put_value(w, n, i, to);
    }
    put(to, n, ")");
}

/* Operators with a spelling of their own. */
static bool put_special(script_writer *w, const ir_node *n, script_text *to)
{
    static const struct { const char *name, *open, *close; } functions[] = {
        { "aten::Int", "int(", ")" }, { "aten::Float", "float(", ")" }, { "aten::Bool", "bool(", ")" },
        { "aten::str", "str(", ")" }, { "aten::sorted", "sorted(", ")" }, { "prim::EnumValue", "(", ").value" },
        { "prim::EnumName", "(", ").name" },
    };
    const char *name = op_name((op_id)n->op);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (!strcmp(functions[i].name, name)) {
            put_values(w, n, 0, functions[i].open, functions[i].close, to);
            return true;
        }
    size_t length = strlen(name);
    if (length > 8 && !strcmp(name + length - 8, "Implicit") && !strncmp(name, "aten::", 6))
        put_typed_call(w, n, "annotate", to);
    else if (!strcmp(name, "aten::__getitem__"))
        put_subscript(w, n, to);
    else if (!strcmp(name, "aten::_unwrap_optional"))
        put_unwrap(w, n, to);
    else
        return false;
    return true;
}

void script_put_rhs(script_writer *w, const ir_node *n, script_text *to)
{
    switch (n->op) {
    case OP_prim_Uninitialized:
        put(to, n, "uninitialized(");
        put_type(w, n, n->outputs[0]->type, to);
        put(to, n, ")");
        return;
    case OP_prim_ListConstruct:  put_list(w, n, to); return;
    case OP_prim_DictConstruct:  put_dict(w, n, to); return;
    case OP_prim_TupleConstruct: put_tuple(w, n, to); return;
    case OP_prim_TupleIndex:
        put_receiver(w, n, "", to);
        put_values(w, n, 1, "[", "]", to);
        return;
    case OP_prim_TupleSlice:     put_tuple_slice(w, n, to); return;
    case OP_prim_GetAttr:        put_attribute(w, n, to); return;
    case OP_prim_CreateObject:   put_new_object(w, n, to); return;
    case OP_prim_CallFunction: put_function_call(w, n, to); return;
    case OP_prim_CallMethod:     put_method_call(w, n, to); return;
    case OP_prim_unchecked_cast: put_typed_call(w, n, "unchecked_cast", to); return;
    case OP_prim_isinstance:     put_isinstance(w, n, to); return;
    case OP_prim_Print:          put_values(w, n, 0, "print(", ")", to); return;
    case OP_prim_tolist:
        put(to, n, "annotate(");
        put_type(w, n, n->outputs[0]->type, to);
        put(to, n, ", ");
        put_receiver(w, n, ".tolist())", to);
        return;
    default:
        if (!put_special(w, n, to))
            put_operator(w, n, to);
    }
}
