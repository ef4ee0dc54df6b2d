/* sema/attribute.c: x.name: slots, methods and properties of objects, fields, members, module
 * contents. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"
#include "sema/value.h"

/* ---- tensors ---- */

/* Properties of tensors and the operators they stand for (spec/schemas/tensor_methods.txt). */
static const struct {
    const char *name, *op;
} tensor_properties[] = {
    { "dtype", "prim::dtype" },
    { "device", "prim::device" },
    { "grad", "prim::grad" },
    { "data", "prim::data" },
    { "shape", "aten::size" },
    { "ndim", "aten::dim" },
    { "T", "aten::numpy_T" },
    { "H", "aten::matrix_H" },
    { "mT", "aten::mT" },
    { "mH", "aten::mH" },
    { "real", "aten::real" },
    { "imag", "aten::imag" },
    { "layout", "prim::layout" },
    { "requires_grad", "prim::requires_grad" },
    { "is_leaf", "aten::is_leaf" },
    { "retains_grad", "aten::retains_grad" },
    { "is_cuda", "prim::is_cuda" },
    { "is_cpu", "prim::is_cpu" },
    { "is_sparse", "prim::is_sparse" },
    { "is_sparse_csr", "prim::is_sparse_csr" },
    { "is_mkldnn", "prim::is_mkldnn" },
    { "is_quantized", "prim::is_quantized" },
    { "is_meta", "prim::is_meta" },
    { "is_xpu", "prim::is_xpu" },
    { "is_mps", "prim::is_mps" },
    { "is_vulkan", "prim::is_vulkan" },
    { "is_ipu", "prim::is_ipu" },
    { "is_ort", "prim::is_ort" },
    { "is_nested", "prim::is_nested" },
    { "name", "prim::name" },
};

static texpr *tensor_property(fn_checker *f, texpr *e, const char *name, range at)
{
    for (size_t i = 0; i < sizeof tensor_properties / sizeof *tensor_properties; i++)
        if (strcmp(tensor_properties[i].name, name) == 0)
            return call_op(f, tensor_properties[i].op, at, 1, &e);
    return NULL;
}

/* ---- objects ---- */

static texpr *read_slot(fn_checker *f, texpr *e, const type_attribute *a, range at)
{
    texpr *r = new_texpr(f, TX_ATTR, a->type, at, 1);
    if (r->n_args)
        r->args[0] = e;
    r->name = a->name;
    return r;
}

static void note_nearest(fn_checker *f, diag_item *it, const type *t, const char *name, range at)
{
    const type_class *k = t->cls;
    for (size_t i = 0; i < k->n_attributes; i++)
        if (text_is_slip(name, k->attributes[i].name)) {
            diag_note(f->c->d, it, at, "did you mean '%s'?", k->attributes[i].name);
            return;
        }
    for (size_t i = 0; i < k->methods.n; i++)
        if (k->methods.entries[i].key && text_is_slip(name, k->methods.entries[i].key)) {
            diag_note(f->c->d, it, at, "did you mean '%s'?", k->methods.entries[i].key);
            return;
        }
}

static sval method_sval(texpr *e, const char *name, ir_function *fn, range at)
{
    return (sval){ .kind = SVAL_METHOD, .at = at, .expr = e, .name = name, .fn = fn };
}

static bool report_class_variable(fn_checker *f, const type *t, const char *name, range at)
{
    if (!is_class_variable(t, name))
        return false;
    diag_item *it = diag_error(f->c->d, "class-attribute", at,
                               "'%s' is a variable of class %s, which is not supported", name,
                               type_unqualified_name(t));
    diag_note(f->c->d, it, at, "assign it to self in __init__");
    return true;
}

static sval class_attribute(fn_checker *f, texpr *e, const char *name, range at)
{
    const type *t = e->type;
    /* in its own __init__ the class has what was assigned so far */
    bool in_own_init = f->in_init && f->self_type == t;
    if (!in_own_init && !require_class(f->c, t, at))
        return error_sval(at);
    int slot_index = type_class_slot(t, name);
    if (slot_index >= 0)
        return value_sval(read_slot(f, e, &t->cls->attributes[slot_index], at));
    const type_attribute *constant = type_class_constant(t, name);
    if (constant)
        return value_sval(new_const(f, value_ref(constant->value), constant->type, at));
    ir_function *fn = type_find_method(t, name);
    if (fn && !fn->is_static)
        return method_sval(e, fn->name, fn, at);
    if (fn) {
        diag_error(f->c->d, "static-method", at,
                   "static method '%s' must be called through its class: %s.%s", name,
                   type_unqualified_name(t), name);
        return error_sval(at);
    }
    const type_property *p = strmap_find(&t->cls->properties, name);
    if (p && p->getter) {
        call_args none = { 0 };
        return value_sval(call_function(f, p->getter, e, &none, at));
    }
    const ir_function *init = type_find_method(t, "__init__");
    if ((init && init->ast && is_unparsed(f->c, init)) || report_class_variable(f, t, name, at))
        return error_sval(at);
    diag_item *it = diag_error(f->c->d, "unknown-attribute", at,
                               in_own_init ? "'%s' has no attribute '%s' yet: assign it first"
                                           : "'%s' object has no attribute or method '%s'. Did you "
                                             "forget to initialize an attribute in __init__()?",
                               type_unqualified_name(t), name);
    note_nearest(f, it, t, name, at);
    note_base(f, it, t);
    return error_sval(at);
}

void note_base(fn_checker *f, diag_item *it, const type *cls)
{
    const ast_class *c = cls->kind == TYPE_CLASS ? cls->cls->ast : NULL;
    if (!c || !c->bases.n)
        return;
    const ast_node *base = c->bases.at[0];
    if (base->kind != AST_name || strcmp(AST_AS(name, base)->id, "object") != 0)
        diag_note(f->c->d, it, base->at, "nothing is inherited from a base class: repeat what is needed");
}

/* ---- values ---- */

static texpr *value_property(fn_checker *f, texpr *e, const char *name, range at)
{
    const type *t = e->type;
    switch ((type_kind)t->kind) {
    case TYPE_TENSOR: return tensor_property(f, e, name, at);
    case TYPE_NAMED_TUPLE: {
        int i = type_named_tuple_index(t, name);
        return i >= 0 ? tuple_item(f, e, (size_t)i, at) : NULL;
    }
    case TYPE_DEVICE:
        if (strcmp(name, "type") == 0)
            return call_op(f, "prim::type", at, 1, &e);
        return strcmp(name, "index") == 0 ? call_op(f, "prim::index", at, 1, &e) : NULL;
    case TYPE_ENUM:
        if (strcmp(name, "name") == 0)
            return op_expr(f, OP_prim_EnumName, T_STR, 1, &e, at);
        if (strcmp(name, "value") == 0) {
            const type *v = t->enums->value_type;
            op_id op = v->kind == TYPE_INT     ? OP_prim_EnumValue_int
                       : v->kind == TYPE_FLOAT ? OP_prim_EnumValue_float
                                               : OP_prim_EnumValue_str;
            return op_expr(f, op, v, 1, &e, at);
        }
        return NULL;
    default: return NULL;
    }
}

static sval unknown_attribute(fn_checker *f, texpr *e, const char *name, range at)
{
    diag_item *it =
        diag_error(f->c->d, "unknown-attribute", at, "'%s' object has no attribute or method '%s'",
                   spell(f, e->type), name);
    note_optional(f, it, e);
    if (is_tensor(e->type) && strcmp(name, "bool") == 0)
        diag_note(f->c->d, it, at, "write bool(x), or x.to(torch.bool)");
    const char *near[1];
    char full[NAME_MAX_BYTES];
    if (join_name(full, "aten", "::", name) && op_suggest(full, near, 1)
        && strncmp(near[0], "aten::", 6) == 0 && has_method(f, e->type, near[0] + 6))
        diag_note(f->c->d, it, at, "did you mean '%s'?", near[0] + 6);
    return error_sval(at);
}

static sval value_attribute(fn_checker *f, texpr *e, const char *name, range at)
{
    if (e->type->kind == TYPE_CLASS)
        return class_attribute(f, e, name, at);
    if (e->type->kind == TYPE_INTERFACE && strmap_has(&e->type->iface->methods, name))
        return method_sval(e, name, NULL, at);
    texpr *property = value_property(f, e, name, at);
    if (property)
        return value_sval(property);
    if (has_method(f, e->type, name))
        return method_sval(e, name, NULL, at);
    return unknown_attribute(f, e, name, at);
}

/* Members of a class itself: enum members, static methods. */
static sval class_member(fn_checker *f, const type *t, const char *name, range at)
{
    if (f->c->archive && t->kind == TYPE_CLASS && strcmp(name, "__new__") == 0)
        return (sval){ .kind = SVAL_BUILTIN, .at = at, .name = builtin_name("__new__") };
    if (t->kind == TYPE_ENUM) {
        enum_member *m = type_enum_find(t, name);
        if (m)
            return value_sval(new_const(f, value_ref(VALUE_HEAP_V(VALUE_ENUM, m)), t, at));
    }
    ir_function *fn = t->kind == TYPE_CLASS ? type_find_method(t, name) : NULL;
    if (fn && (fn->is_static || f->c->archive)) /* hooks are printed as __torch__.C.hook(self, …) */
        return (sval){ .kind = SVAL_FUNCTION, .at = at, .fn = fn };
    if (fn) {
        diag_error(f->c->d, "method-of-class", at, "method '%s' must be called on an instance of %s", name,
                   type_unqualified_name(t));
        return error_sval(at);
    }
    if (report_class_variable(f, t, name, at))
        return error_sval(at);
    diag_item *it = diag_error(f->c->d, "unknown-attribute", at,
                               t->kind == TYPE_ENUM ? "enum class %s has no member '%s'"
                                                    : "class %s has no member '%s'",
                               type_unqualified_name(t), name);
    for (size_t i = 0; t->kind == TYPE_ENUM && i < t->enums->n; i++)
        if (text_is_slip(name, t->enums->members[i]->name)) {
            diag_note(f->c->d, it, at, "did you mean '%s'?", t->enums->members[i]->name);
            break;
        }
    return error_sval(at);
}

sval get_attribute(fn_checker *f, sval of, const char *name, range at)
{
    switch (of.kind) {
    case SVAL_ERROR: return error_sval(at);
    case SVAL_MODULE: return module_attribute(f, of.name, name, at);
    case SVAL_CLASS: return class_member(f, of.type, name, at);
    case SVAL_VALUE: return value_attribute(f, of.expr, name, at);
    default: {
        texpr *e = sval_to_value(f, of);
        return is_error(e) ? error_sval(at) : value_attribute(f, e, name, at);
    }
    }
}
