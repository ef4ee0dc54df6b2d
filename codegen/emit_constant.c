/* codegen/emit_constant.c: constants as expressions of the archive dialect.
 *
 * PyTorch's own writer prints integral floats of 1e10 and more without a point, which read back as ints, and
 * carriage returns as `\r`, which its lexer refuses: here they are `10000000000.` and `\015`. Tensors, objects and
 * strings beyond ASCII go to the table of constants. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit_internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { CONSTANT_DEPTH_MAX = 60 }; /* containers in containers: readers bound brackets */

static bool put_nested(script_archive *a, jit_value v, text *out, int depth);

/* ---- leaves --------------------------------------------------------------------------------------- */

static void put_float(double f, text *out)
{
    if (isnan(f))
        text_add(out, "nan");
    else if (isinf(f))
        text_add(out, f < 0 ? "-inf" : "inf");
    else if (fabs(f) < 1e17 && f == floor(f))
        text_addf(out, "%.0f.", f);
    else
        float_print_repr(f, out);
}

static void put_imaginary(double f, text *out)
{
    put_float(f, out);
    text_add_char(out, 'j');
}

static void put_complex(const complex_box *c, text *out)
{
    put_float(c->re, out);
    text_add_char(out, signbit(c->im) && !isnan(c->im) ? '-' : '+');
    put_imaginary(isnan(c->im) ? c->im : fabs(c->im), out);
}

static bool is_ascii(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] > 0x7f)
            return false;
    return true;
}

void script_put_quoted(const char *s, size_t n, text *out)
{
    size_t begin = 0; // str_print_repr() knows every escape but one
    text whole;
    text_init(&whole, NULL);
    str_print_repr(s, n, &whole);
    for (size_t i = 0; i + 1 < whole.n; i++) {
        if (whole.s[i] != '\\')
            continue;
        if (whole.s[i + 1] == 'r') {
            text_add_bytes(out, whole.s + begin, i - begin);
            text_add(out, "\\015");
            begin = i + 2;
        }
        i++;
    }
    text_add_bytes(out, whole.s + begin, whole.n - begin);
    out->failed |= whole.failed;
    text_fini(&whole);
}

/* ---- the table of constants ------------------------------------------------------------------------ */

static bool is_plain(const tensor *t)
{
    return t->store->dev.kind == DEVICE_CPU && tensor_is_contiguous(t);
}

static bool is_same_tensor(const tensor *a, const tensor *b)
{
    if (a == b)
        return true;
    return a->dtype == b->dtype && a->requires_grad == b->requires_grad && tensor_same_sizes(a, b) && is_plain(a)
           && is_plain(b) && !memcmp(tensor_data(a), tensor_data(b), (size_t)a->numel * dtype_size(tensor_dtype(a)));
}

static bool is_same_constant(jit_value a, jit_value b)
{
    if (a.tag != b.tag)
        return false;
    if (a.tag == VALUE_TENSOR)
        return is_same_tensor(a.t, b.t);
    return a.tag == VALUE_STR ? str_equal(a.s, b.s) : a.p == b.p;
}

static bool put_table_entry(script_archive *a, jit_value v, text *out)
{
    size_t i = 0;
    while (i < a->constants.n && !is_same_constant(a->constants.at[i], v))
        i++;
    if (i == a->constants.n) {
        if (!VEC_PUSH(&a->constants, NULL, v))
            return script_fail(a, JIT_ENOMEM, "out of memory");
        value_ref(v);
    }
    text_addf(out, "CONSTANTS.c%zu", i);
    return true;
}

/* ---- containers ------------------------------------------------------------------------------------ */

static bool put_list(script_archive *a, const list *l, text *out, int depth)
{
    bool is_annotated = !l->n || !l->elem || !type_is_evident(l->elem);
    if (is_annotated) {
        text_add(out, "annotate(List[");
        script_put_type(a, l->elem ? l->elem : T_ANY, out);
        text_add(out, "], ");
    }
    text_add_char(out, '[');
    for (size_t i = 0; i < l->n; i++) {
        text_add(out, i ? ", " : "");
        if (!put_nested(a, list_peek(l, i), out, depth))
            return false;
    }
    text_add(out, is_annotated ? "])" : "]");
    return true;
}

static bool put_tuple(script_archive *a, const tuple *t, text *out, int depth)
{
    if (t->type && ((const type *)t->type)->name)
        script_put_type(a, t->type, out);
    text_add_char(out, '(');
    for (size_t i = 0; i < t->n; i++) {
        text_add(out, i ? ", " : "");
        if (!put_nested(a, t->at[i], out, depth))
            return false;
    }
    text_add(out, t->n == 1 ? ",)" : ")");
    return true;
}

static bool put_dict(script_archive *a, const dict *d, text *out, int depth)
{
    const type *key = d->key ? d->key : T_ANY, *value = d->value ? d->value : T_ANY;
    bool is_annotated = !d->n || !type_is_evident(key) || !type_is_evident(value);
    if (is_annotated) {
        text_add(out, "annotate(Dict[");
        script_put_type(a, key, out);
        text_add(out, ", ");
        script_put_type(a, value, out);
        text_add(out, "], ");
    }
    text_add_char(out, '{');
    const char *separator = "";
    size_t i = 0;
    for (const dict_entry *e; (e = dict_next(d, &i));) {
        text_add(out, separator);
        separator = ", ";
        if (!put_nested(a, e->key, out, depth))
            return false;
        text_add(out, ": ");
        if (!put_nested(a, e->value, out, depth))
            return false;
    }
    text_add(out, is_annotated ? "})" : "}");
    return true;
}

static bool put_nested(script_archive *a, jit_value v, text *out, int depth)
{
    if (depth > CONSTANT_DEPTH_MAX)
        return script_fail(a, JIT_EUNSUPPORTED, "a constant nests too deep to be written as code");
    switch ((value_tag)v.tag) {
    case VALUE_NONE:   text_add(out, "None"); return true;
    case VALUE_BOOL:   text_add(out, v.i ? "True" : "False"); return true;
    case VALUE_INT:    text_addf(out, "%" PRId64, v.i); return true;
    case VALUE_FLOAT:  put_float(v.f, out); return true;
    case VALUE_COMPLEX: put_complex(v.c, out); return true;
    case VALUE_DEVICE:
        text_add(out, "torch.device(\"");
        device_print(v.dev, out);
        text_add(out, "\")");
        return true;
    case VALUE_STR:
        if (!is_ascii(v.s->s, v.s->n))
            return put_table_entry(a, v, out);
        script_put_quoted(v.s->s, v.s->n, out);
        return true;
    case VALUE_TENSOR: return put_table_entry(a, v, out);
    case VALUE_OBJECT:
        if (((const type *)v.object->type)->cls->is_module)
            return script_fail(a, JIT_EUNSUPPORTED, "a module cannot be a constant in saved code");
        script_archive_class_name(a, v.object->type);
        return put_table_entry(a, v, out);
    case VALUE_LIST:   return put_list(a, v.list, out, depth + 1);
    case VALUE_TUPLE:  return put_tuple(a, v.tuple, out, depth + 1);
    case VALUE_DICT:   return put_dict(a, v.dict, out, depth + 1);
    case VALUE_ENUM:
        script_put_type(a, v.member->type, out);
        text_addf(out, ".%s", v.member->name);
        return true;
    case VALUE_FUNCTION: {
        const char *name = script_function_name(a, v.fn);
        text_add(out, name ? name : "");
        return name != NULL;
    }
    default:
        return script_fail(a, JIT_EUNSUPPORTED, "a constant of this kind cannot be saved");
    }
}

bool script_put_constant(script_archive *a, jit_value v, text *out)
{
    return put_nested(a, v, out, 0);
}
