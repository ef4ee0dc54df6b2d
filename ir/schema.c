/* ir/schema.c: operator signatures: the text of spec/schemas/README.md, both ways.
 *
 * The grammar needs no tokens beyond names, numbers and punctuation, and its types are those of IR text, so
 * one recursive-descent reader (ir/type_reader.h) serves both. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/schema.h"

#include "base/vec.h"
#include "ir/parse_internal.h"
#include "ir/type_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA_MAX_ARGS = 1000 };

typedef VEC(schema_arg) arg_vec;

/* ---- default values --------------------------------------------------------------------------- */

typedef struct enum_like { const char *name; int64_t value; } enum_like;

/* Identifiers that stand for ints (spec/formats.md §1). */
static const enum_like identifiers[] = {
    { "contiguous_format", 0 }, { "preserve_format", 1 }, { "channels_last", 2 }, { "channels_last_3d", 3 },
    { "strided", 0 }, { "sparse_coo", 1 }, { "sparse_csr", 2 }, { "sparse_csc", 4 }, { "sparse_bsr", 5 },
    { "sparse_bsc", 6 }, { "None_", 0 }, { "Mean", 1 }, { "Sum", 2 },
    { "per_tensor_affine", 0 }, { "per_channel_affine", 1 },
#define DTYPE(id, code, ctype, bytes, cat, torch_name, prefix) { torch_name, code },
#include "runtime/tensor/dtype.def"
    { "long", 4 }, { "int", 3 }, { "short", 2 }, { "half", 5 }, { "float", 6 }, { "double", 7 },
};

static bool read_identifier(type_reader *r, jit_value *ret)
{
    const char *s;
    size_t n = type_read_name(r, false, &s);
    if (!n)
        return type_read_error(r, "expected a default value");
    if (n == 4 && memcmp(s, "None", n) == 0)
        *ret = VALUE_NONE_V;
    else if (n == 4 && memcmp(s, "True", n) == 0)
        *ret = VALUE_BOOL_V(true);
    else if (n == 5 && memcmp(s, "False", n) == 0)
        *ret = VALUE_BOOL_V(false);
    else {
        for (size_t i = 0; i < sizeof identifiers / sizeof *identifiers; i++)
            if (strlen(identifiers[i].name) == n && memcmp(s, identifiers[i].name, n) == 0) {
                *ret = VALUE_INT_V(identifiers[i].value);
                return true;
            }
        return type_read_error(r, "unknown default value '%.*s'", (int)n, s);
    }
    return true;
}

static int escape_value(char c)
{
    static const char letters[] = "abtnvfr";
    const char *found = c ? strchr(letters, c) : NULL;
    return found ? '\a' + (int)(found - letters) : c;
}

bool ir_read_string(type_reader *r, char **ret, size_t *ret_n)
{
    text t;
    text_init(&t, r->a);
    char quote = *r->at++;
    while (r->at < r->end && *r->at != quote) {
        char c = *r->at++;
        if (c != '\\' || r->at == r->end) {
            text_add_char(&t, c);
        } else if (*r->at >= '0' && *r->at <= '7') {
            int code = 0;
            for (int i = 0; i < 3 && r->at < r->end && *r->at >= '0' && *r->at <= '7'; i++)
                code = code * 8 + (*r->at++ - '0');
            text_add_char(&t, (char)code);
        } else {
            text_add_char(&t, (char)escape_value(*r->at++));
        }
    }
    if (r->at == r->end)
        return type_read_error(r, "unterminated string");
    r->at++;
    *ret = t.s;
    *ret_n = t.n;
    return true;
}

static bool read_string(type_reader *r, jit_value *ret)
{
    char *s;
    size_t n;
    if (!ir_read_string(r, &s, &n))
        return false;
    str *made = str_new(s, n);
    if (!made)
        return type_read_error(r, "out of memory");
    *ret = VALUE_HEAP_V(VALUE_STR, made);
    return true;
}

/* An int, or a float if it is spelled like one or the type wants one. */
static bool read_number(type_reader *r, const type *want, jit_value *ret)
{
    size_t n = strspn(r->at, "0123456789+-.eEinfa"); // also inf and nan
    char digits[48];
    if (n > (size_t)(r->end - r->at))
        n = (size_t)(r->end - r->at);
    if (n == 0 || n >= sizeof digits)
        return type_read_error(r, "expected a number");
    memcpy(digits, r->at, n);
    digits[n] = '\0';
    if (want->kind == TYPE_FLOAT || strpbrk(digits, ".eEin")) {
        char *end;
        double f = strtod(digits, &end);
        if (*end)
            return type_read_error(r, "malformed number '%s'", digits);
        *ret = VALUE_FLOAT_V(f);
        r->at += n;
        return true;
    }
    int64_t i;
    if (!type_read_int(r, &i))
        return false;
    *ret = VALUE_INT_V(i);
    return true;
}

static bool read_value(type_reader *r, const type *want, jit_value *ret);

static bool read_list(type_reader *r, const type *want, jit_value *ret)
{
    const type *elem = want->kind == TYPE_LIST ? type_elem(want) : T_INT;
    list *l = list_new(elem, type_list_storage(elem), 4);
    if (!l)
        return type_read_error(r, "out of memory");
    jit_value v;
    if (!type_read_char(r, ']')) {
        do {
            if (!read_value(r, elem, &v))
                goto failed;
            if (!list_push(l, v)) {
                type_read_error(r, "out of memory");
                goto failed;
            }
        } while (type_read_char(r, ','));
        if (!type_read_expect(r, ']'))
            goto failed;
    }
    *ret = VALUE_HEAP_V(VALUE_LIST, l);
    return true;
failed:
    value_unref(VALUE_HEAP_V(VALUE_LIST, l));
    return false;
}

static bool read_value(type_reader *r, const type *want, jit_value *ret)
{
    want = type_without_none(want);
    type_read_blanks(r);
    char c = r->at < r->end ? *r->at : '\0';
    if (c == '"' || c == '\'')
        return read_string(r, ret);
    if (c == '[') {
        r->at++;
        return read_list(r, want, ret);
    }
    if (c == '-' || c == '+' || c == '.' || (c >= '0' && c <= '9'))
        return read_number(r, want->kind == TYPE_LIST ? type_elem(want) : want, ret);
    return read_identifier(r, ret);
}

/* `int[2] stride=1` means the list filled with it. */
static bool fill_sized_list(type_reader *r, schema_arg *arg)
{
    const type *t = type_without_none(arg->type);
    jit_value v = arg->default_value;
    if (t->kind != TYPE_LIST || arg->sized == 0 || v.tag == VALUE_NONE || v.tag == VALUE_LIST)
        return true;
    arg->default_value = VALUE_NONE_V;
    list *l = list_new(type_elem(t), type_list_storage(type_elem(t)), (size_t)arg->sized);
    for (int32_t i = 0; l && i < arg->sized; i++)
        if (!list_push(l, value_ref(v))) {
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
            l = NULL;
        }
    value_unref(v);
    if (!l)
        return type_read_error(r, "out of memory");
    arg->default_value = VALUE_HEAP_V(VALUE_LIST, l);
    return true;
}

/* ---- parsing ---------------------------------------------------------------------------------- */

static bool read_arg(type_reader *r, schema_arg *arg)
{
    read_type read = type_read(r);
    if (!read.type)
        return false;
    arg->type = read.type;
    arg->spelling = read.spelling;
    arg->sized = read.sized;
    arg->alias = read.alias;
    arg->elem_alias = read.elem_alias;
    const char *s;
    size_t n = type_read_name(r, false, &s);
    if (n)
        arg->name = arena_strndup(r->a, s, n);
    if (!type_read_char(r, '='))
        return true;
    arg->has_default = read_value(r, arg->type, &arg->default_value);
    return arg->has_default && fill_sized_list(r, arg);
}

static bool read_dots(type_reader *r)
{
    type_read_blanks(r);
    if (r->end - r->at < 3 || memcmp(r->at, "...", 3) != 0)
        return false;
    r->at += 3;
    return true;
}

/* Arguments up to the closing parenthesis, which is read. */
static bool read_args(type_reader *r, arg_vec *args, bool *ret_is_vararg)
{
    bool keyword_only = false;
    if (type_read_char(r, ')'))
        return true;
    do {
        if (read_dots(r)) {
            *ret_is_vararg = true;
            continue;
        }
        if (type_read_char(r, '*')) {
            keyword_only = true;
            continue;
        }
        schema_arg arg = { .keyword_only = keyword_only };
        bool ok = read_arg(r, &arg);
        arg.is_out = keyword_only && (arg.alias.is_write || arg.elem_alias.is_write);
        if (!VEC_PUSH(args, r->a, arg))
            value_unref(arg.default_value);
        if (!ok)
            return false;
        if (args->n > SCHEMA_MAX_ARGS)
            return type_read_error(r, "too many arguments");
    } while (type_read_char(r, ','));
    return type_read_expect(r, ')');
}

static bool read_returns(type_reader *r, arg_vec *rets, bool *ret_is_varret)
{
    if (read_dots(r)) {
        *ret_is_varret = true;
        return true;
    }
    if (type_read_char(r, '('))
        return read_args(r, rets, ret_is_varret);
    schema_arg ret = { 0 };
    bool ok = read_arg(r, &ret);
    VEC_PUSH(rets, r->a, ret);
    return ok;
}

/* `ns::name.overload`; the namespace may be missing. */
static bool read_qualified_name(type_reader *r, schema *s)
{
    const char *first, *part;
    type_read_blanks(r);
    size_t n = type_read_name(r, false, &first);
    if (n && r->end - r->at > 2 && r->at[0] == ':' && r->at[1] == ':') {
        r->at += 2;
        n = type_read_name(r, false, &part) ? (size_t)(r->at - first) : 0;
    }
    if (!n)
        return type_read_error(r, "expected an operator name");
    s->name = arena_strndup(r->a, first, n);
    s->overload = "";
    if (!type_read_char(r, '.'))
        return true;
    n = type_read_name(r, false, &part);
    s->overload = arena_strndup(r->a, part, n);
    return n || type_read_error(r, "expected an overload name");
}

const schema *schema_parse(const char *s, arena *a, const char **ret_error)
{
    type_reader r = { .at = s, .end = s + strlen(s), .a = a, .is_schema = true };
    schema *sc = ARENA_NEW(a, schema);
    arg_vec args = { 0 }, rets = { 0 };
    bool ok = read_qualified_name(&r, sc) && type_read_expect(&r, '(') &&
              read_args(&r, &args, &sc->is_vararg) && type_read_expect(&r, '-') &&
              type_read_expect(&r, '>') && read_returns(&r, &rets, &sc->is_varret);
    type_read_blanks(&r);
    if (ok && r.at != r.end)
        ok = type_read_error(&r, "unexpected '%c' after the schema", *r.at);
    if (ok && arena_failed(a))
        ok = type_read_error(&r, "out of memory");
    sc->args = args.at;
    sc->rets = rets.at;
    sc->n_args = (uint16_t)args.n;
    sc->n_rets = (uint16_t)rets.n;
    if (ok)
        return sc;
    schema_release(sc);
    if (ret_error)
        *ret_error = r.error ? r.error : "malformed schema";
    return NULL;
}

void schema_release(const schema *s)
{
    for (size_t i = 0; s && i < s->n_args; i++)
        value_unref(s->args[i].default_value);
}

/* ---- printing --------------------------------------------------------------------------------- */

static void print_alias_set(uint32_t set, text *out)
{
    const char *separator = "";
    for (int i = 0; i < 32; i++)
        if (set >> i & 1) {
            text_addf(out, "%s%c", separator, i == 31 ? '*' : 'a' + i);
            separator = "|";
        }
}

static void print_alias(const schema_alias *alias, text *out)
{
    if (!alias->before && !alias->after && !alias->is_write)
        return;
    text_add_char(out, '(');
    print_alias_set(alias->before, out);
    text_add(out, alias->is_write ? "!" : "");
    if (alias->after != alias->before) {
        text_add(out, " -> ");
        print_alias_set(alias->after, out);
    }
    text_add_char(out, ')');
}

/* Suffixes come inside out: of `Tensor(a)[](b!)?` the optional is printed last. `alias` belongs to the
 * outermost part that is not an optional. */
static void print_declared(const schema_arg *arg, const type *t, bool is_element, text *out)
{
    if (t->kind == TYPE_OPTIONAL) {
        print_declared(arg, type_elem(t), is_element, out);
        text_add_char(out, '?');
    } else if (t->kind == TYPE_LIST) {
        print_declared(arg, type_elem(t), true, out);
        if (arg->sized && !is_element)
            text_addf(out, "[%" PRId32 "]", arg->sized);
        else
            text_add(out, "[]");
        if (!is_element)
            print_alias(&arg->alias, out);
    } else {
        if (arg->spelling)
            text_add(out, arg->spelling);
        else
            type_print_plain(t, out);
        print_alias(is_element ? &arg->elem_alias : &arg->alias, out);
    }
}

/* N equal elements, N > 1, for `T[N]`: written as the element. */
static bool is_filled_list(const schema_arg *arg, const list *l)
{
    if (l->n < 2 || l->n != (size_t)arg->sized || l->storage == LIST_VALUES)
        return false;
    for (size_t i = 1; i < l->n; i++)
        if (!value_equal(list_get(l, i), list_get(l, 0)))
            return false;
    return true;
}

static void print_default(const schema_arg *arg, text *out)
{
    jit_value v = arg->default_value;
    text_add_char(out, '=');
    if (v.tag == VALUE_LIST && v.list->n == 0) // printed as values, empty lists show their type
        text_add(out, "[]");
    else if (v.tag == VALUE_LIST && is_filled_list(arg, v.list))
        value_print_repr(list_get(v.list, 0), out);
    else
        value_print_repr(v, out);
}

static void print_arg(const schema_arg *arg, text *out)
{
    print_declared(arg, arg->type, false, out);
    if (arg->name)
        text_addf(out, " %s", arg->name);
    if (arg->has_default)
        print_default(arg, out);
}

static void print_returns(const schema *s, text *out)
{
    if (s->is_varret) {
        text_add(out, "...");
        return;
    }
    const type *only = s->n_rets == 1 ? s->rets[0].type : NULL;
    while (only && (only->kind == TYPE_LIST || only->kind == TYPE_OPTIONAL))
        only = type_elem(only);
    bool parenthesised = !only || only->kind == TYPE_TUPLE; // `((str, t)[])`
    text_add(out, parenthesised ? "(" : "");
    for (size_t i = 0; i < s->n_rets; i++) {
        text_add(out, i ? ", " : "");
        print_arg(&s->rets[i], out);
    }
    text_add(out, parenthesised ? ")" : "");
}

void schema_print(const schema *s, text *out)
{
    text_addf(out, "%s%s%s(", s->name, *s->overload ? "." : "", s->overload);
    bool keyword_only = false;
    for (size_t i = 0; i < s->n_args; i++) {
        text_add(out, i ? ", " : "");
        if (s->args[i].keyword_only && !keyword_only) {
            keyword_only = true;
            text_add(out, "*, ");
        }
        print_arg(&s->args[i], out);
    }
    if (s->is_vararg)
        text_add(out, s->n_args ? ", ..." : "...");
    text_add(out, ") -> ");
    print_returns(s, out);
}

/* ---- questions -------------------------------------------------------------------------------- */

int schema_find_arg(const schema *s, const char *name)
{
    for (size_t i = 0; i < s->n_args; i++)
        if (s->args[i].name && strcmp(s->args[i].name, name) == 0)
            return (int)i;
    return -1;
}

const type *schema_result_type(const schema *s)
{
    enum { MAX_RETS = 64 };
    const type *types[MAX_RETS];
    const char *names[MAX_RETS];
    bool is_named = true;
    if (s->n_rets == 1)
        return s->rets[0].type;
    if (s->n_rets > MAX_RETS)
        return NULL;
    for (size_t i = 0; i < s->n_rets; i++) {
        types[i] = s->rets[i].type;
        names[i] = s->rets[i].name;
        is_named &= names[i] != NULL;
    }
    return is_named && s->n_rets ? type_tuple_named(names, types, s->n_rets) : type_tuple(types, s->n_rets);
}

bool schema_writes(const schema *s)
{
    for (size_t i = 0; i < s->n_args; i++)
        if (s->args[i].alias.is_write || s->args[i].elem_alias.is_write)
            return true;
    return false;
}
