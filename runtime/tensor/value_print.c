/* runtime/tensor/value_print.c: values as text: what print() and str() show, and the repr
 * variant of constants in graphs, archives and schemas (spec/formats.md §3). One walk serves
 * both; `is_repr` picks the leaf forms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "runtime/tensor/value.h"

static const value_type_text *_Atomic type_text;

void value_type_text_set(const value_type_text *types) { type_text = types; }

static void print_type(const struct type *t, bool qualified, text *out)
{
    const value_type_text *types = type_text;
    if (types && t)
        types->print(t, qualified, out);
    else
        text_add(out, t ? "object" : "Any");
}

static bool is_evident(const struct type *elem)
{
    const value_type_text *types = type_text;
    return elem && (!types || types->is_evident(elem));
}

/* ---- leaves -------------------------------------------------------------------------------- */
static void print_17_digits(double f, text *out)
{
    char digits[40];
    snprintf(digits, sizeof digits, "%.17g", f);
    text_add(out, digits);
}

void float_print(double f, text *out)
{
    if (f >= -0x1p63 && f < 0x1p63 && f == (double)(int64_t)f)
        text_addf(out, "%" PRId64 ".", (int64_t)f);
    else
        print_17_digits(f, out);
}

void float_print_repr(double f, text *out)
{
    if (fabs(f) < 1e10 && f == (double)(int64_t)f)
        text_addf(out, "%s%" PRId64 ".", f == 0 && signbit(f) ? "-" : "", (int64_t)f);
    else
        print_17_digits(f, out);
}

void str_print_repr(const char *s, size_t n, text *out)
{
    static const char letters[] = "abtnvfr"; /* \a is 7, … \r is 13 */
    text_add_char(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= '\a' && c <= '\r')
            text_addf(out, "\\%c", letters[c - '\a']);
        else if (c == '\\' || c == '\'' || c == '"')
            text_addf(out, "\\%c", c);
        else if (c < ' ' || c >= 0x7f)
            text_addf(out, "\\%03o", c);
        else
            text_add_char(out, (char)c);
    }
    text_add_char(out, '"');
}

static void print_float(double f, bool is_repr, text *out)
{
    if (is_repr)
        float_print_repr(f, out);
    else
        float_print(f, out);
}

static void print_complex(const complex_box *c, bool is_repr, text *out)
{
    print_float(c->re, is_repr, out);
    text_add_char(out, c->im >= 0 ? '+' : '-');
    print_float(fabs(c->im), is_repr, out);
    text_add_char(out, 'j');
}

static void print_device(device d, bool is_repr, text *out)
{
    text_add(out, is_repr ? "torch.device(\"" : "");
    device_print(d, out);
    text_add(out, is_repr ? "\")" : "");
}

static void print_enum(const enum_member *m, bool is_repr, text *out)
{
    text_add(out, is_repr ? "" : "Enum<");
    print_type(m->type, is_repr, out);
    text_add_char(out, '.');
    text_add(out, m->name);
    text_add(out, is_repr ? "" : ">");
}

static void print_object(const object *o, text *out)
{
    text_add_char(out, '<');
    print_type(o->type, true, out);
    text_addf(out, " object at %p>", (const void *)o);
}

/* ---- containers ---------------------------------------------------------------------------- */
static void print_to_depth(jit_value v, bool is_repr, int depth, text *out);

static void print_list(const list *l, bool is_repr, int depth, text *out)
{
    bool is_annotated = is_repr && (l->n == 0 || !is_evident(l->elem));
    if (is_annotated) {
        text_add(out, "annotate(List[");
        print_type(l->elem, true, out);
        text_add(out, "], ");
    }
    text_add_char(out, '[');
    for (size_t i = 0; i < l->n && !out->failed; i++) {
        text_add(out, i ? ", " : "");
        print_to_depth(list_peek(l, i), is_repr, depth, out);
    }
    text_add(out, is_annotated ? "])" : "]");
}

static void print_tuple(const tuple *t, bool is_repr, int depth, text *out)
{
    text_add_char(out, '(');
    for (size_t i = 0; i < t->n && !out->failed; i++) {
        text_add(out, i ? ", " : "");
        print_to_depth(t->at[i], is_repr, depth, out);
    }
    text_add(out, t->n == 1 ? ",)" : ")");
}

static void print_dict(const dict *d, bool is_repr, int depth, text *out)
{
    bool is_annotated = is_repr && (d->n == 0 || !is_evident(d->value));
    if (is_annotated) {
        text_add(out, "annotate(Dict[");
        print_type(d->key, true, out);
        text_add(out, ", ");
        print_type(d->value, true, out);
        text_add(out, "],");
    }
    text_add_char(out, '{');
    const char *separator = "";
    size_t i = 0;
    for (const dict_entry *e; (e = dict_next(d, &i)) && !out->failed;) {
        text_add(out, separator);
        separator = ", ";
        print_to_depth(e->key, is_repr, depth, out);
        text_add(out, ": ");
        print_to_depth(e->value, is_repr, depth, out);
    }
    text_add(out, is_annotated ? "})" : "}");
}

static void print_to_depth(jit_value v, bool is_repr, int depth, text *out)
{
    if (depth > VALUE_MAX_DEPTH) {
        text_add(out, "...");
        return;
    }
    switch ((value_tag)v.tag) {
    case VALUE_NONE: case VALUE__COUNT: text_add(out, "None"); break;
    case VALUE_UNINIT: text_add(out, "Uninitialized"); break;
    case VALUE_BOOL: text_add(out, v.i ? "True" : "False"); break;
    case VALUE_INT: text_add_int(out, v.i); break;
    case VALUE_FLOAT: print_float(v.f, is_repr, out); break;
    case VALUE_DEVICE: print_device(v.dev, is_repr, out); break;
    case VALUE_COMPLEX: print_complex(v.c, is_repr, out); break;
    case VALUE_STR:
        if (is_repr)
            str_print_repr(v.s->s, v.s->n, out);
        else
            text_add_bytes(out, v.s->s, v.s->n);
        break;
    case VALUE_TENSOR: tensor_print(v.t, out); break;
    case VALUE_LIST: print_list(v.list, is_repr, depth + 1, out); break;
    case VALUE_TUPLE: print_tuple(v.tuple, is_repr, depth + 1, out); break;
    case VALUE_DICT: print_dict(v.dict, is_repr, depth + 1, out); break;
    case VALUE_OBJECT: print_object(v.object, out); break;
    case VALUE_ENUM: print_enum(v.member, is_repr, out); break;
    case VALUE_FUNCTION: text_add(out, "Function"); break;
    case VALUE_FUTURE: text_add(out, "Future"); break;
    case VALUE_GENERATOR: text_add(out, "Generator"); break;
    }
}

void value_print(jit_value v, text *out) { print_to_depth(v, false, 0, out); }
void value_print_repr(jit_value v, text *out) { print_to_depth(v, true, 0, out); }
