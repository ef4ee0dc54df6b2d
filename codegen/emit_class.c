/* codegen/emit_class.c: classes, named tuples, interfaces and enums of an archive. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit_internal.h"

#include <string.h>

static const range nowhere; /* definitions of types have no source range */

static void put_typed(script_archive *a, script_text *out, const char *before, const char *name, const char *between,
                      const type *t, const char *after)
{
    script_put(out, nowhere, before);
    script_put(out, nowhere, name);
    script_put(out, nowhere, between);
    script_put_type(a, t, &out->code);
    script_put(out, nowhere, after);
}

/* ---- named tuples, enums, interfaces ---------------------------------------------------------------- */

static void print_named_tuple(script_archive *a, const type *t, script_text *out)
{
    for (size_t i = 0; i < t->n_args; i++)
        put_typed(a, out, "  ", t->fields->names[i], " : ", t->args[i], "\n");
}

/* Strings stand here as they are, even beyond ASCII: readers of enums know no table of constants. */
static void put_enum_value(script_archive *a, jit_value v, text *out)
{
    if (v.tag == VALUE_STR)
        script_put_quoted(v.s->s, v.s->n, out);
    else
        script_put_constant(a, v, out);
}

static void print_enum(script_archive *a, const type *t, script_text *out)
{
    for (size_t i = 0; i < t->enums->n; i++) {
        const enum_member *m = t->enums->members[i];
        script_put(out, nowhere, "  ");
        script_put(out, nowhere, m->name);
        script_put(out, nowhere, " = ");
        put_enum_value(a, m->value, &out->code);
        script_put(out, nowhere, "\n");
    }
}

static void print_interface(script_archive *a, const type *t, script_text *out)
{
    for (size_t i = 0; i < t->iface->methods.n; i++) {
        const schema *s = t->iface->methods.entries[i].value;
        if (!t->iface->methods.entries[i].key)
            continue;
        script_put(out, nowhere, "  def ");
        script_put(out, nowhere, t->iface->methods.entries[i].key);
        script_put(out, nowhere, "(self");
        for (size_t k = 1; k < s->n_args; k++)
            put_typed(a, out, ", ", s->args[k].name, ": ", s->args[k].type, "");
        put_typed(a, out, ") -> ", "", "", schema_result_type(s), ":\n    pass\n");
    }
}

/* ---- classes ---------------------------------------------------------------------------------------- */

static void begin_names(const char *name, script_text *out)
{
    script_put(out, nowhere, "  ");
    script_put(out, nowhere, name);
    script_put(out, nowhere, " = [");
}

static void put_name(const char *name, script_text *out)
{
    script_put_quoted(name, strlen(name), &out->code);
    script_put(out, nowhere, ", ");
}

static void put_attribute_names(const type *t, const char *title, bool of_buffers, script_text *out)
{
    begin_names(title, out);
    for (size_t i = 0; i < t->cls->n_attributes; i++) {
        const type_attribute *at = &t->cls->attributes[i];
        if (of_buffers ? at->is_buffer : at->is_parameter)
            put_name(at->name, out);
    }
    script_put(out, nowhere, "]\n");
}

static void put_hook_names(const char *title, const char *const *names, size_t n, script_text *out)
{
    if (!n)
        return;
    begin_names(title, out);
    for (size_t i = 0; i < n; i++)
        put_name(names[i], out);
    script_put(out, nowhere, "]\n");
}

static bool is_plain_name(const char *s) { return script_is_identifier(s) && !script_is_keyword(s); }

static void print_attributes(script_archive *a, const type *t, script_text *out)
{
    for (size_t i = 0; i < t->cls->n_attributes; i++) {
        const type_attribute *at = &t->cls->attributes[i];
        if (is_plain_name(at->name)) {
            put_typed(a, out, "  ", at->name, " : ", at->type, "\n");
            continue;
        }
        script_put(out, nowhere, i ? "  __annotations__[" : "  __annotations__ = []\n  __annotations__[");
        script_put_quoted(at->name, strlen(at->name), &out->code);
        put_typed(a, out, "] = ", "", "", at->type, "\n");
    }
    for (size_t i = 0; i < t->cls->n_constants; i++) {
        const type_attribute *c = &t->cls->constants[i];
        put_typed(a, out, "  ", c->name, " : Final[", c->type, "] = ");
        script_put_constant(a, c->value, &out->code);
        script_put(out, nowhere, "\n");
    }
}

static void print_class(script_archive *a, const type *t, script_text *out)
{
    size_t begin = out->code.n;
    if (t->cls->is_module) {
        put_attribute_names(t, "__parameters__", false, out);
        put_attribute_names(t, "__buffers__", true, out);
        put_hook_names("__forward_pre_hooks__", t->cls->pre_hooks, t->cls->n_pre_hooks, out);
        put_hook_names("__forward_hooks__", t->cls->hooks, t->cls->n_hooks, out);
    }
    print_attributes(a, t, out);
    for (size_t i = 0; i < t->cls->methods.n && !a->status; i++) {
        ir_function *fn = t->cls->methods.entries[i].value;
        if (t->cls->methods.entries[i].key && !fn->is_static)
            script_print_def(a, fn, fn->name, 1, out);
    }
    if (out->code.n == begin)
        script_put(out, nowhere, "  pass\n");
}

void script_print_class(script_archive *a, const type *t, const char *name, script_text *out)
{
    script_put(out, nowhere, "class ");
    script_put(out, nowhere, name);
    switch ((type_kind)t->kind) {
    case TYPE_NAMED_TUPLE:
        script_put(out, nowhere, "(NamedTuple):\n");
        print_named_tuple(a, t, out);
        return;
    case TYPE_ENUM:
        script_put(out, nowhere, "(Enum):\n");
        print_enum(a, t, out);
        return;
    case TYPE_INTERFACE:
        script_put(out, nowhere, t->iface->is_module ? "(ModuleInterface):\n" : "(Interface):\n");
        print_interface(a, t, out);
        return;
    default:
        script_put(out, nowhere, t->cls->is_module ? "(Module):\n" : ":\n");
        print_class(a, t, out);
        return;
    }
}
