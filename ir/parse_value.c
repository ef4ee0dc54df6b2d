/* ir/parse_value.c: constants in IR text: what follows `value=`, read by the type of the constant. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/function.h"
#include "ir/parse_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { CONSTANT_MAX_DEPTH = 64 };

static bool read_value(type_reader *r, const type *t, int depth, jit_value *ret);

static bool out_of_memory(type_reader *r) { return type_read_error(r, "out of memory"); }

static bool read_word(type_reader *r, const char *word)
{
    size_t n = strlen(word);
    type_read_blanks(r);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    char after = r->at + n < r->end ? r->at[n] : '\0';
    if (isalnum((unsigned char)after) || after == '_')
        return false;
    r->at += n;
    return true;
}

/* ---- leaves ----------------------------------------------------------------------------------- */

static bool read_device(type_reader *r, jit_value *ret)
{
    char *s;
    size_t n;
    device dev;
    if (!ir_read_string(r, &s, &n))
        return false;
    if (!device_parse(s, &dev))
        return type_read_error(r, "unknown device '%s'", s);
    *ret = VALUE_DEVICE_V(dev);
    return true;
}

static bool read_string(type_reader *r, const type *t, jit_value *ret)
{
    char *s;
    size_t n;
    if (type_without_none(t)->kind == TYPE_DEVICE)
        return read_device(r, ret);
    if (!ir_read_string(r, &s, &n))
        return false;
    str *made = str_new(s, n);
    if (!made)
        return out_of_memory(r);
    *ret = VALUE_HEAP_V(VALUE_STR, made);
    return true;
}

/* One real number; *ret_is_int: it is spelled without point or exponent. */
static bool read_real(type_reader *r, double *ret, int64_t *ret_int, bool *ret_is_int)
{
    char digits[64];
    size_t n = 0;
    const char *p = r->at;
    if (p < r->end && (*p == '-' || *p == '+'))
        digits[n++] = *p++;
    while (p < r->end && n < sizeof digits - 1 &&
           (isdigit((unsigned char)*p) || strchr(".einfa", *p) ||
            ((*p == '-' || *p == '+') && n > 0 && digits[n - 1] == 'e')))
        digits[n++] = *p++;
    digits[n] = '\0';
    char *end;
    *ret = strtod(digits, &end);
    if (n == 0 || *end)
        return type_read_error(r, "malformed number '%s'", digits);
    *ret_is_int = !strpbrk(digits, ".einfa");
    if (*ret_is_int) {
        const char *before = r->at;
        r->at += *r->at == '+'; // of an imaginary part
        bool ok = type_read_int(r, ret_int);
        *ret_is_int = ok;
        if (!ok)
            r->at = before;
        return ok;
    }
    r->at = p;
    return true;
}

static bool read_number(type_reader *r, const type *t, jit_value *ret)
{
    double re, im;
    int64_t i = 0, ignored;
    bool is_int, is_im_int;
    if (!read_real(r, &re, &i, &is_int))
        return false;
    t = type_without_none(t);
    if (r->at < r->end && (*r->at == '+' || *r->at == '-')) {
        if (!read_real(r, &im, &ignored, &is_im_int) || !type_read_expect(r, 'j'))
            return false;
        complex_box *c = complex_new(re, im);
        if (!c)
            return out_of_memory(r);
        *ret = VALUE_HEAP_V(VALUE_COMPLEX, c);
    } else if (t->kind == TYPE_BOOL) {
        *ret = VALUE_BOOL_V(re != 0);
    } else if (t->kind == TYPE_FLOAT || !is_int) {
        *ret = VALUE_FLOAT_V(re);
    } else {
        *ret = VALUE_INT_V(i);
    }
    return true;
}

/* `__torch__.Color.RED` */
static bool read_enum(type_reader *r, jit_value *ret)
{
    const char *s;
    size_t n = type_read_name(r, true, &s);
    char *name = arena_strndup(r->a, s, n);
    char *dot = strrchr(name, '.');
    if (dot)
        *dot = '\0';
    const type *t = dot && r->names ? ir_unit_find_type(r->names, name) : NULL;
    enum_member *m = t && t->kind == TYPE_ENUM ? type_enum_find(t, dot + 1) : NULL;
    if (!m)
        return type_read_error(r, "expected a constant");
    *ret = value_ref(VALUE_HEAP_V(VALUE_ENUM, m));
    return true;
}

/* ---- containers ------------------------------------------------------------------------------- */

static bool read_list(type_reader *r, const type *t, int depth, jit_value *ret)
{
    t = type_without_none(t);
    const type *elem = t->kind == TYPE_LIST ? type_elem(t) : NULL;
    jit_value v = VALUE_NONE_V;
    bool is_empty = type_read_char(r, ']');
    bool ok = is_empty || read_value(r, elem ? elem : T_ANY, depth, &v);
    if (!elem && ok)
        elem = is_empty ? T_ANY : type_of_value(v);
    list *l = ok && elem ? list_new(elem, type_list_storage(elem), 4) : NULL;
    if (!l) {
        value_unref(v);
        return ok ? out_of_memory(r) : false;
    }
    ok = is_empty || list_push(l, v);
    while (ok && !is_empty && type_read_char(r, ','))
        ok = read_value(r, elem, depth, &v) && list_push(l, v);
    ok = ok && (is_empty || type_read_expect(r, ']'));
    if (!ok) {
        value_unref(VALUE_HEAP_V(VALUE_LIST, l));
        return out_of_memory(r);
    }
    *ret = VALUE_HEAP_V(VALUE_LIST, l);
    return true;
}

static bool read_dict(type_reader *r, const type *t, int depth, jit_value *ret)
{
    t = type_without_none(t);
    dict *d = dict_new(t->args[0], t->args[1]);
    bool ok = d != NULL;
    if (ok && !type_read_char(r, '}')) {
        do {
            jit_value key, value;
            ok = read_value(r, t->args[0], depth, &key);
            if (ok && !(type_read_expect(r, ':') && read_value(r, t->args[1], depth, &value))) {
                value_unref(key);
                ok = false;
            }
            ok = ok && dict_set(d, key, value);
        } while (ok && type_read_char(r, ','));
        ok = ok && type_read_expect(r, '}');
    }
    if (!ok) {
        if (d)
            value_unref(VALUE_HEAP_V(VALUE_DICT, d));
        return out_of_memory(r);
    }
    *ret = VALUE_HEAP_V(VALUE_DICT, d);
    return true;
}

static bool read_tuple(type_reader *r, const type *t, int depth, jit_value *ret)
{
    t = type_without_none(t);
    bool is_typed = t->kind == TYPE_TUPLE || t->kind == TYPE_NAMED_TUPLE;
    VEC(jit_value) parts = { 0 };
    bool ok = true;
    while (ok && !type_read_char(r, ')')) {
        jit_value v;
        ok = read_value(r, is_typed && parts.n < t->n_args ? t->args[parts.n] : T_ANY, depth, &v);
        if (ok && !VEC_PUSH(&parts, NULL, v)) {
            value_unref(v);
            ok = out_of_memory(r);
        }
        if (ok && !type_read_char(r, ',')) {
            ok = type_read_expect(r, ')');
            break;
        }
    }
    tuple *made = ok ? tuple_new(t->kind == TYPE_NAMED_TUPLE ? t : NULL, parts.n) : NULL;
    for (size_t i = 0; i < parts.n; i++) {
        if (made)
            made->at[i] = parts.at[i];
        else
            value_unref(parts.at[i]);
    }
    VEC_FINI(&parts);
    if (!made)
        return out_of_memory(r);
    *ret = VALUE_HEAP_V(VALUE_TUPLE, made);
    return true;
}

/* `annotate(List[int], [])`; the word is read. */
static bool read_annotated(type_reader *r, int depth, jit_value *ret)
{
    if (!type_read_expect(r, '('))
        return false;
    const type *t = type_read(r).type;
    if (!t || !type_read_expect(r, ',') || !read_value(r, t, depth, ret))
        return false;
    if (type_read_expect(r, ')'))
        return true;
    value_unref(*ret);
    return false;
}

/* A value by its syntax; t helps where that is not enough (floats without a point, devices). */
static bool read_by_syntax(type_reader *r, const type *t, int depth, jit_value *ret)
{
    type_read_blanks(r);
    char c = r->at < r->end ? *r->at : '\0';
    if (depth >= CONSTANT_MAX_DEPTH)
        return type_read_error(r, "constants nest too deep");
    if (c == '"')
        return read_string(r, t, ret);
    if (isdigit((unsigned char)c) || c == '-' || c == '.')
        return read_number(r, t, ret);
    if (c == '[' || c == '(') {
        r->at++;
        return (c == '[' ? read_list : read_tuple)(r, t, depth + 1, ret);
    }
    if (c == '{' && type_without_none(t)->kind == TYPE_DICT) {
        r->at++;
        return read_dict(r, t, depth + 1, ret);
    }
    if (c == '{' || c == '<' || type_without_none(t)->kind == TYPE_TENSOR)
        return type_read_error(r, "the text of a tensor constant carries no data");
    if (read_word(r, "None"))
        *ret = VALUE_NONE_V;
    else if (read_word(r, "True") || read_word(r, "False"))
        *ret = VALUE_BOOL_V(r->at[-2] == 'u');
    else if (read_word(r, "annotate"))
        return read_annotated(r, depth + 1, ret);
    else if (read_word(r, "torch.device"))
        return type_read_expect(r, '(') && read_device(r, ret) && type_read_expect(r, ')');
    else if ((r->end - r->at >= 3 && memcmp(r->at, "inf", 3) == 0) ||
             (r->end - r->at >= 3 && memcmp(r->at, "nan", 3) == 0))
        return read_number(r, t, ret);
    else
        return read_enum(r, ret);
    return true;
}

static bool read_value(type_reader *r, const type *t, int depth, jit_value *ret)
{
    jit_value v;
    if (!read_by_syntax(r, t, depth, &v))
        return false;
    if (type_accepts_value(t, v)) {
        *ret = v;
        return true;
    }
    value_unref(v);
    return type_read_error(r, "the constant is not of type %s", type_ir_str(r->a, t));
}

bool ir_read_constant(type_reader *r, const type *t, jit_value *ret)
{
    return read_value(r, t, 0, ret);
}
