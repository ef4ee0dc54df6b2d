/* ir/type_print.c: the two spellings of types.
 *
 * The IR spelling has two layers, as in PyTorch: the outer one (operator<<) shows tensor refinements and
 * the fields of named tuples; inside Dict, Union and Enum a plainer one (Type::str) is used. The
 * annotation spelling is what users write and read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/type_internal.h"

#include <inttypes.h>
#include <string.h>

static const struct {
    const char *ir, *annotation;
} base_names[TYPE__COUNT] = {
    [TYPE_ERROR] = { "error", "<error>" },
    [TYPE_ANY] = { "Any", "Any" },
    [TYPE_NONE] = { "NoneType", "NoneType" },
    [TYPE_BOOL] = { "bool", "bool" },
    [TYPE_INT] = { "int", "int" },
    [TYPE_FLOAT] = { "float", "float" },
    [TYPE_COMPLEX] = { "complex", "complex" },
    [TYPE_NUMBER] = { "Scalar", "number" },
    [TYPE_STR] = { "str", "str" },
    [TYPE_DEVICE] = { "Device", "Device" },
    [TYPE_GENERATOR] = { "Generator", "Generator" },
    [TYPE_STREAM] = { "Stream", "Stream" },
    [TYPE_STORAGE] = { "Storage", "Storage" },
    [TYPE_CAPSULE] = { "Capsule", "Capsule" },
    [TYPE_LAYOUT] = { "Layout", "Layout" },
    [TYPE_MEMORY_FORMAT] = { "MemoryFormat", "MemoryFormat" },
    [TYPE_QSCHEME] = { "QScheme", "QScheme" },
    [TYPE_ANY_LIST] = { "list", "list" },
    [TYPE_ANY_TUPLE] = { "tuple", "tuple" },
    [TYPE_ANY_CLASS] = { "AnyClassType", "AnyClassType" },
    [TYPE_ANY_ENUM] = { "AnyEnumType", "AnyEnumType" },
    [TYPE_FUNCTION] = { "Function", "Function" },
    [TYPE_TENSOR] = { "Tensor", "Tensor" },
};

const char *type_kind_ir_name(type_kind k) { return base_names[k].ir; }
const char *type_kind_annotation_name(type_kind k) { return base_names[k].annotation; }

const char *type_unqualified_name(const type *t)
{
    const char *dot = t->name ? strrchr(t->name, '.') : NULL;
    return dot ? dot + 1 : t->name;
}

/* ---- IR spelling ------------------------------------------------------------------------------ */

static void print_ir(const type *t, text *out, bool is_plain);

static void print_parts(const type *t, text *out, bool is_plain)
{
    for (size_t i = 0; i < t->n_args; i++) {
        text_add(out, i ? ", " : "");
        print_ir(t->args[i], out, is_plain);
    }
}

static void print_dims(const int64_t *dims, int n, text *out)
{
    for (int i = 0; i < n; i++) {
        text_add(out, i ? ", " : "");
        if (dims[i] == -1)
            text_add_char(out, '*');
        else if (dims[i] < -1)
            text_addf(out, "SS(%" PRId64 ")", dims[i] + 1);
        else
            text_addf(out, "%" PRId64, dims[i]);
    }
}

/* `Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu)`; parentheses only if something is inside */
static void print_tensor(const type_tensor *t, text *out)
{
    text_add(out, t->dtype >= 0 ? dtype_prefix((dtype)t->dtype) : "");
    text_add(out, t->dtype >= 0 && t->rank >= 0 ? "" : "Tensor");
    const char *separator = "(";
    if (t->rank >= 0) {
        text_add_char(out, '(');
        print_dims(t->sizes, t->rank, out);
        separator = t->rank ? ", " : "";
        if (t->has_strides) {
            text_add(out, ", strides=[");
            print_dims(t->strides, t->rank, out);
            text_add_char(out, ']');
        }
    }
    if (t->requires_grad >= 0) {
        text_addf(out, "%srequires_grad=%d", separator, t->requires_grad);
        separator = ", ";
    }
    if (t->has_device) {
        text_addf(out, "%sdevice=", separator);
        device_print(t->dev, out);
    }
    if (t->rank >= 0 || t->requires_grad >= 0 || t->has_device)
        text_add_char(out, ')');
    text_add(out, t->is_undefined ? "[Undefined]" : "");
}

static void print_named_tuple(const type *t, text *out)
{
    text_add(out, "NamedTuple(");
    for (size_t i = 0; i < t->n_args; i++) {
        text_addf(out, "%s%s : ", i ? ", " : "", t->fields->names[i]);
        print_ir(t->args[i], out, false);
        if (t->fields->has_default && t->fields->has_default[i]) {
            text_add(out, " = ");
            value_print(t->fields->defaults[i], out);
        }
    }
    text_add_char(out, ')');
}

static void print_plain_named_tuple(const type *t, text *out)
{
    if (t->name) {
        text_add(out, t->name);
        return;
    }
    text_add_char(out, '(');
    print_parts(t, out, true);
    text_add_char(out, ')');
}

/* The three numbers of a union are written together, as `Scalar`, at its end. */
static void print_union(const type *t, text *out, void (*print)(const type *, const void *, text *), const void *cx)
{
    bool has_number = type_is_subtype(T_NUMBER, t), is_first = true;
    for (size_t i = 0; i < t->n_args; i++) {
        if (has_number && type_is_subtype(t->args[i], T_NUMBER))
            continue;
        text_add(out, is_first ? "" : ", ");
        print(t->args[i], cx, out);
        is_first = false;
    }
    if (has_number) {
        text_add(out, is_first ? "" : ", ");
        print(T_NUMBER, cx, out);
    }
}

static void print_plain_part(const type *t, const void *cx, text *out) { print_ir(t, out, true); }

static void print_wrapper(const type *t, text *out, bool is_plain)
{
    text_addf(out, "%s%c", t->kind == TYPE_FUTURE ? "Future" : "RRef", is_plain ? '(' : '[');
    print_ir(type_elem(t), out, is_plain);
    text_add_char(out, is_plain ? ')' : ']');
}

static void print_ir(const type *t, text *out, bool is_plain)
{
    switch ((type_kind)t->kind) {
    case TYPE_LIST:
        print_ir(type_elem(t), out, is_plain);
        text_add(out, "[]");
        return;
    case TYPE_OPTIONAL:
        print_ir(type_elem(t), out, is_plain);
        text_add_char(out, '?');
        return;
    case TYPE_DICT:
        text_add(out, "Dict(");
        print_parts(t, out, true);
        text_add_char(out, ')');
        return;
    case TYPE_TUPLE:
        text_add_char(out, '(');
        print_parts(t, out, is_plain);
        text_add_char(out, ')');
        return;
    case TYPE_UNION:
        text_add(out, "Union(");
        print_union(t, out, print_plain_part, NULL);
        text_add_char(out, ')');
        return;
    case TYPE_FUTURE: case TYPE_RREF:
        print_wrapper(t, out, is_plain);
        return;
    case TYPE_NAMED_TUPLE:
        if (!is_plain)
            print_named_tuple(t, out);
        else
            print_plain_named_tuple(t, out);
        return;
    case TYPE_INTERFACE:
        text_addf(out, "InterfaceType<%s>", type_unqualified_name(t));
        return;
    case TYPE_ENUM:
        text_addf(out, "Enum<%s>", t->name);
        return;
    case TYPE_CLASS: case TYPE_VAR:
        text_add(out, t->name);
        return;
    case TYPE_TENSOR:
        if (t->info && !is_plain) {
            print_tensor(t->info, out);
            return;
        }
        break;
    default:
        break;
    }
    text_add(out, base_names[t->kind].ir);
}

void type_print(const type *t, text *out) { print_ir(t, out, false); }
void type_print_plain(const type *t, text *out) { print_ir(t, out, true); }

/* ---- annotation spelling ---------------------------------------------------------------------- */

/* What nominal types are called. */
typedef struct naming {
    const char *(*name)(void *cx, const type *t);
    void *cx;
} naming;

static void print_annotation(const type *t, const void *names, text *out);

static void print_annotated_parts(const char *constructor, const type *t, const naming *names, text *out)
{
    text_addf(out, "%s[", constructor);
    for (size_t i = 0; i < t->n_args; i++) {
        text_add(out, i ? ", " : "");
        print_annotation(t->args[i], names, out);
    }
    text_add_char(out, ']');
}

static void print_nominal(const type *t, const naming *names, text *out)
{
    const char *name = t->name ? names->name(names->cx, t) : NULL;
    if (name)
        text_add(out, name);
    else
        print_annotated_parts("Tuple", t, names, out);
}

static void print_annotation(const type *t, const void *cx, text *out)
{
    const naming *names = cx;
    switch ((type_kind)t->kind) {
    case TYPE_LIST:     print_annotated_parts("List", t, names, out); return;
    case TYPE_OPTIONAL: print_annotated_parts("Optional", t, names, out); return;
    case TYPE_DICT:     print_annotated_parts("Dict", t, names, out); return;
    case TYPE_FUTURE:   print_annotated_parts("Future", t, names, out); return;
    case TYPE_RREF:     print_annotated_parts("RRef", t, names, out); return;
    case TYPE_TUPLE:
        if (t->n_args)
            print_annotated_parts("Tuple", t, names, out);
        else
            text_add(out, "Tuple[()]");
        return;
    case TYPE_UNION:
        text_add(out, "Union[");
        print_union(t, out, print_annotation, names);
        text_add_char(out, ']');
        return;
    case TYPE_NAMED_TUPLE: case TYPE_CLASS: case TYPE_INTERFACE: case TYPE_ENUM:
        print_nominal(t, names, out);
        return;
    case TYPE_VAR:
        text_add(out, t->name);
        return;
    default:
        text_add(out, base_names[t->kind].annotation);
        return;
    }
}

void type_print_annotation_named(const type *t, const char *(*name)(void *cx, const type *t), void *cx, text *out)
{
    const naming names = { name, cx };
    print_annotation(t, &names, out);
}

static const char *qualified_name(void *cx, const type *t) { return t->name; }
static const char *unqualified_name(void *cx, const type *t) { return type_unqualified_name(t); }

void type_print_annotation(const type *t, bool qualified, text *out)
{
    type_print_annotation_named(t, qualified ? qualified_name : unqualified_name, NULL, out);
}

static void print_unqualified(const type *t, text *out) { type_print_annotation(t, false, out); }

static const char *as_string(arena *a, const type *t, void (*print)(const type *, text *))
{
    text out;
    text_init(&out, a);
    print(t, &out);
    return out.s;
}

const char *type_str(arena *a, const type *t) { return as_string(a, t, print_unqualified); }
const char *type_ir_str(arena *a, const type *t) { return as_string(a, t, type_print); }

/* ---- inside printed values -------------------------------------------------------------------- */

bool type_is_evident(const type *t)
{
    switch ((type_kind)t->kind) {
    case TYPE_OPTIONAL: case TYPE_UNION: case TYPE_NUMBER: case TYPE_INTERFACE: case TYPE_ANY:
        return false;
    case TYPE_TUPLE: case TYPE_NAMED_TUPLE:
        for (size_t i = 0; i < t->n_args; i++)
            if (!type_is_evident(t->args[i]))
                return false;
        return true;
    default:
        return true;
    }
}

void type_text_install(void)
{
    static const value_type_text spelling = { type_print_annotation, type_is_evident };
    value_type_text_set(&spelling);
}
