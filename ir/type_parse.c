/* ir/type_parse.c: the grammar of types, by recursive descent (spec/ir.md §1, spec/schemas/README.md).
 *
 * It accepts what the printer writes and what the reference's parser reads: `T[]`, `T[2]`, `T?`, `(A, B)`,
 * `Dict(K, V)`, `List[T]`, `Float(2, 3, device=cpu)`, `NamedTuple(x : int)`, `Enum<__torch__.E>`, names. A
 * generated parser would need the lexer to know types from values; here context decides. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"
#include "ir/function.h"
#include "ir/type_internal.h"
#include "ir/type_reader.h"

#include <ctype.h>
#include <string.h>

enum { TYPE_MAX_DEPTH = 64, TYPE_MAX_PARTS = 1 << 16 };

typedef VEC(const type *) part_vec;
typedef VEC(const char *) name_vec;

/* ---- characters ------------------------------------------------------------------------------- */

const void *type_read_error(type_reader *r, const char *format, ...)
{
    if (!r->error) {
        va_list ap;
        va_start(ap, format);
        r->error = arena_vprintf(r->a, format, ap);
        va_end(ap);
    }
    return NULL;
}

void type_read_blanks(type_reader *r)
{
    while (r->at < r->end && isspace((unsigned char)*r->at))
        r->at++;
}

bool type_read_char(type_reader *r, char c)
{
    type_read_blanks(r);
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

bool type_read_expect(type_reader *r, char c)
{
    if (type_read_char(r, c))
        return true;
    if (r->at < r->end)
        type_read_error(r, "expected '%c' but found '%c'", c, *r->at);
    else
        type_read_error(r, "expected '%c' but found the end", c);
    return false;
}

bool type_read_int(type_reader *r, int64_t *ret)
{
    type_read_blanks(r);
    const char *p = r->at;
    bool is_negative = p < r->end && *p == '-';
    p += is_negative;
    int64_t value = 0;
    const char *digits = p;
    for (; p < r->end && isdigit((unsigned char)*p); p++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *p - '0', &value)) // negative: INT64_MIN fits
            break;
    if (p == digits || (p < r->end && isdigit((unsigned char)*p)) ||
        (!is_negative && value == INT64_MIN)) {
        type_read_error(r, p == digits ? "expected a number" : "number out of range");
        return false;
    }
    r->at = p;
    *ret = is_negative ? value : -value;
    return true;
}

size_t type_read_name(type_reader *r, bool dots, const char **ret)
{
    type_read_blanks(r);
    const char *p = r->at;
    *ret = p;
    if (p >= r->end || !(isalpha((unsigned char)*p) || *p == '_'))
        return 0;
    while (p < r->end && (isalnum((unsigned char)*p) || *p == '_' ||
                          (dots && *p == '.' && p + 1 < r->end && (isalnum((unsigned char)p[1]) || p[1] == '_'))))
        p++;
    r->at = p;
    return (size_t)(p - *ret);
}

static bool is_name(const char *s, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(s, name, n) == 0;
}

static bool read_word(type_reader *r, const char *word)
{
    const char *before = r->at, *s;
    size_t n = type_read_name(r, false, &s);
    if (n && is_name(s, n, word))
        return true;
    r->at = before;
    return false;
}

/* ---- refined tensors -------------------------------------------------------------------------- */

static bool read_dim(type_reader *r, int64_t *ret)
{
    if (type_read_char(r, '*')) {
        *ret = -1;
        return true;
    }
    if (read_word(r, "SS")) {
        if (!type_read_expect(r, '(') || !type_read_int(r, ret) || !type_read_expect(r, ')'))
            return false;
        *ret -= 1; // symbols are -2, -3, …: -1 is "unknown"
        return *ret < -1 || (type_read_error(r, "symbolic sizes are negative"), false);
    }
    return type_read_int(r, ret) && (*ret >= 0 || (type_read_error(r, "negative size"), false));
}

static bool read_dims(type_reader *r, int64_t *dims, int *ret_n, char close)
{
    int n = 0;
    do {
        if (n == TENSOR_MAX_DIMS)
            return type_read_error(r, "more than %d dimensions", TENSOR_MAX_DIMS);
        if (!read_dim(r, &dims[n++]))
            return false;
    } while (type_read_char(r, ','));
    *ret_n = n;
    return type_read_expect(r, close);
}

/* `strides=[…]`, `requires_grad=0`, `device=cuda:0` */
static bool read_tensor_field(type_reader *r, type_tensor *t, const char *name, size_t n)
{
    int64_t number;
    int n_strides;
    if (is_name(name, n, "strides")) {
        t->has_strides = true;
        return type_read_expect(r, '[') && read_dims(r, t->strides, &n_strides, ']') &&
               (n_strides == t->rank || type_read_error(r, "strides and sizes differ in number"));
    }
    if (is_name(name, n, "requires_grad")) {
        if (!type_read_int(r, &number))
            return false;
        t->requires_grad = number != 0;
        return true;
    }
    if (!is_name(name, n, "device"))
        return type_read_error(r, "unknown tensor property '%.*s'", (int)n, name);
    type_read_blanks(r);
    char word[24];
    size_t length = strspn(r->at, "abcdefghijklmnopqrstuvwxyz0123456789:");
    if (length > (size_t)(r->end - r->at))
        length = (size_t)(r->end - r->at);
    if (length >= sizeof word)
        return type_read_error(r, "unknown device");
    memcpy(word, r->at, length);
    word[length] = '\0';
    r->at += length;
    t->has_device = device_parse(word, &t->dev);
    return t->has_device || type_read_error(r, "unknown device '%s'", word);
}

/* What stands in the parentheses: sizes, then fields. */
static bool read_tensor_parts(type_reader *r, type_tensor *t)
{
    const char *name;
    if (type_read_char(r, ')')) {
        t->rank = 0;
        return true;
    }
    bool has_sizes = false;
    do {
        const char *before = r->at;
        size_t n = type_read_name(r, false, &name);
        if (n && type_read_char(r, '=')) {
            if (!read_tensor_field(r, t, name, n))
                return false;
            continue;
        }
        r->at = before;
        if (t->rank == TENSOR_MAX_DIMS)
            return type_read_error(r, "more than %d dimensions", TENSOR_MAX_DIMS);
        t->rank = has_sizes ? t->rank : 0;
        has_sizes = true;
        if (!read_dim(r, &t->sizes[t->rank++]))
            return false;
    } while (type_read_char(r, ','));
    return type_read_expect(r, ')');
}

/* "Float" and "FloatTensor" name element types; rank says whether `(…)` without sizes means rank 0. */
static dtype find_prefix(const char *s, size_t n, bool *ret_has_rank)
{
    static const struct { const char *prefix; int code; } prefixes[] = {
#define DTYPE(id, code, ctype, bytes, cat, name, prefix) { prefix, code },
#include "runtime/tensor/dtype.def"
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t length = strlen(prefixes[i].prefix);
        if (n < length || memcmp(s, prefixes[i].prefix, length) != 0)
            continue;
        *ret_has_rank = n == length;
        if (n == length || is_name(s + length, n - length, "Tensor"))
            return (dtype)prefixes[i].code;
    }
    return DTYPE_NONE;
}

static const type *read_tensor(type_reader *r, dtype d, bool has_rank)
{
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
    type_tensor t = {
        .dtype = d, .rank = has_rank ? 0 : -1, .requires_grad = -1, .sizes = sizes, .strides = strides
    };
    if (type_read_char(r, '(') && !read_tensor_parts(r, &t))
        return NULL;
    const char *before = r->at;
    if (type_read_char(r, '[')) {
        t.is_undefined = read_word(r, "Undefined") && type_read_expect(r, ']');
        if (!t.is_undefined)
            r->at = before; // a list of them
    }
    return type_tensor_refined(&t);
}

/* ---- constructors ----------------------------------------------------------------------------- */

/* Types up to the closing bracket, which is read. */
static bool read_parts(type_reader *r, char close, part_vec *parts)
{
    if (type_read_char(r, close))
        return true;
    do {
        const type *t = type_read(r).type;
        if (!t)
            return false;
        if (parts->n == TYPE_MAX_PARTS || !VEC_PUSH(parts, NULL, t))
            return type_read_error(r, "too many types");
    } while (type_read_char(r, ','));
    return type_read_expect(r, close);
}

static const type *read_tuple(type_reader *r)
{
    part_vec parts = { 0 };
    const type *t = read_parts(r, ')', &parts) ? type_tuple(parts.at, parts.n) : NULL;
    VEC_FINI(&parts);
    return t;
}

typedef struct constructor {
    const char *name;
    uint8_t n_min, n_max; /* 0: any number */
    const type *(*make)(const type *const *parts, size_t n);
} constructor;

static const type *make_list(const type *const *p, size_t n) { return type_list(p[0]); }
static const type *make_optional(const type *const *p, size_t n) { return type_optional(p[0]); }
static const type *make_dict(const type *const *p, size_t n) { return type_dict(p[0], p[1]); }
static const type *make_future(const type *const *p, size_t n) { return type_future(p[0]); }
static const type *make_rref(const type *const *p, size_t n) { return type_rref(p[0]); }

static const type *make_tuple(const type *const *p, size_t n)
{
    // Tuple[()] is the empty tuple; a tuple of an empty tuple is not written this way
    return n == 1 && p[0]->kind == TYPE_TUPLE && p[0]->n_args == 0 ? p[0] : type_tuple(p, n);
}

static const constructor constructors[] = {
    { "List", 1, 1, make_list },     { "Optional", 1, 1, make_optional },
    { "Dict", 2, 2, make_dict },     { "Future", 1, 1, make_future },
    { "RRef", 1, 1, make_rref },     { "Tuple", 0, 0, make_tuple },
    { "Union", 1, 0, type_union },
};

static const type *read_constructed(type_reader *r, const constructor *c)
{
    char close = type_read_char(r, '[') ? ']' : ')';
    if (close == ')' && !type_read_expect(r, '('))
        return NULL;
    part_vec parts = { 0 };
    const type *t = NULL;
    if (read_parts(r, close, &parts)) {
        if (parts.n < c->n_min || (c->n_max && parts.n > c->n_max))
            type_read_error(r, "%s takes %d types, not %zu", c->name, c->n_min, parts.n);
        else
            t = c->make(parts.at, parts.n);
    }
    VEC_FINI(&parts);
    return t;
}

static const type *find_named_tuple(const type_reader *r, const part_vec *types,
                                    const char *const *names)
{
    for (size_t i = 0; r->names && i < r->names->nominal.n; i++) {
        const type *t = r->names->nominal.at[i];
        bool same = t->kind == TYPE_NAMED_TUPLE && t->n_args == types->n;
        for (size_t k = 0; k < types->n && same; k++)
            same = t->args[k] == types->at[k] && strcmp(t->fields->names[k], names[k]) == 0;
        if (same)
            return t;
    }
    return NULL;
}

/* ` = default` of a field: which value it is, only the declaration knows; the text is stepped over. */
static void skip_default(type_reader *r)
{
    int nesting = 0;
    char quote = 0;
    for (; r->at < r->end; r->at++) {
        char c = *r->at;
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (strchr("([{", c))
            nesting++;
        else if (nesting == 0 && (c == ',' || c == ')'))
            return;
        else if (strchr(")]}", c))
            nesting--;
    }
}

static bool read_fields(type_reader *r, part_vec *types, name_vec *names)
{
    if (type_read_char(r, ')'))
        return true;
    do {
        const char *s;
        size_t n = type_read_name(r, false, &s);
        if (!n)
            return type_read_error(r, "expected a field name");
        if (!type_read_expect(r, ':'))
            return false;
        const type *t = type_read(r).type;
        if (!t)
            return false;
        if (type_read_char(r, '='))
            skip_default(r);
        if (types->n == TYPE_MAX_PARTS || !VEC_PUSH(types, NULL, t) ||
            !VEC_PUSH(names, NULL, arena_strndup(r->a, s, n)))
            return type_read_error(r, "too many fields");
    } while (type_read_char(r, ','));
    return type_read_expect(r, ')');
}

/* `NamedTuple(x : int, y : Tensor)`: the unit's type with these fields, or one without a name. */
static const type *read_named_tuple(type_reader *r)
{
    part_vec types = { 0 };
    name_vec names = { 0 };
    const type *t = NULL;
    if (type_read_expect(r, '(') && read_fields(r, &types, &names)) {
        t = find_named_tuple(r, &types, names.at);
        if (!t)
            t = type_tuple_named(names.at, types.at, types.n);
    }
    VEC_FINI(&types);
    VEC_FINI(&names);
    return t;
}

/* `Enum<__torch__.Color>`, `InterfaceType<Act>`: qualified names, or the last part of one. */
static const type *read_bracketed(type_reader *r, type_kind kind)
{
    const char *s;
    if (!type_read_expect(r, '<'))
        return NULL;
    size_t n = type_read_name(r, true, &s);
    if (!n || !type_read_expect(r, '>'))
        return type_read_error(r, "expected a name");
    for (size_t i = 0; r->names && i < r->names->nominal.n; i++) {
        const type *t = r->names->nominal.at[i];
        if (t->kind == kind && (is_name(s, n, t->name) || is_name(s, n, type_unqualified_name(t))))
            return t;
    }
    return type_read_error(r, "unknown type '%.*s'", (int)n, s);
}

/* ---- names ------------------------------------------------------------------------------------ */

typedef struct schema_name { const char *name; type_kind kind; } schema_name;

/* What schemas call by names of their own, and what the checker sees. */
static const schema_name schema_names[] = {
    { "ScalarType", TYPE_INT }, { "Layout", TYPE_INT },  { "MemoryFormat", TYPE_INT },
    { "QScheme", TYPE_INT },    { "SymInt", TYPE_INT },  { "Dimname", TYPE_STR },
};

static const type *find_base(const char *s, size_t n)
{
    static const schema_name others[] = {
        { "AnyListType", TYPE_ANY_LIST }, { "AnyList", TYPE_ANY_LIST },
        { "AnyTupleType", TYPE_ANY_TUPLE }, { "AnyTuple", TYPE_ANY_TUPLE },
        { "None", TYPE_NONE },
    };
    for (int k = TYPE_ANY; k <= TYPE_TENSOR; k++)
        if (is_name(s, n, type_kind_ir_name(k)) || is_name(s, n, type_kind_annotation_name(k)))
            return type_base(k);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_name(s, n, others[i].name))
            return type_base(others[i].kind);
    return NULL;
}

static const type *read_class_name(type_reader *r, const char *s, size_t n)
{
    const char *name = arena_strndup(r->a, s, n);
    const type *t = r->names ? ir_unit_find_type(r->names, name) : NULL;
    if (t)
        return t;
    if (memchr(s, '.', n) == NULL && (islower((unsigned char)*s) || *s == '_'))
        return type_var(name);
    return type_read_error(r, "unknown type '%s'", name);
}

/* A name and what belongs to it. */
static const type *read_named(type_reader *r, read_type *read)
{
    const char *s;
    size_t n = type_read_name(r, true, &s);
    if (!n)
        return type_read_error(r, "expected a type");
    for (size_t i = 0; i < sizeof constructors / sizeof *constructors; i++)
        if (is_name(s, n, constructors[i].name))
            return read_constructed(r, &constructors[i]);
    if (r->is_schema) {
        for (size_t i = 0; i < sizeof schema_names / sizeof *schema_names; i++)
            if (is_name(s, n, schema_names[i].name)) {
                read->spelling = schema_names[i].name;
                return type_base(schema_names[i].kind);
            }
        if (memchr(s, '.', n)) { // a class of the reference's runtime
            read->spelling = arena_strndup(r->a, s, n);
            return T_ANY;
        }
    }
    if (is_name(s, n, "NamedTuple"))
        return read_named_tuple(r);
    if (is_name(s, n, "Enum"))
        return read_bracketed(r, TYPE_ENUM);
    if (is_name(s, n, "InterfaceType"))
        return read_bracketed(r, TYPE_INTERFACE);
    bool has_rank = false;
    if (is_name(s, n, "Tensor") && !r->is_schema)
        return read_tensor(r, DTYPE_NONE, false);
    dtype d = find_prefix(s, n, &has_rank);
    if (d != DTYPE_NONE && !r->is_schema)
        return read_tensor(r, d, has_rank);
    const type *base = find_base(s, n);
    return base ? base : read_class_name(r, s, n);
}

/* ---- alias annotations and suffixes ----------------------------------------------------------- */

static bool read_alias_set(type_reader *r, uint32_t *ret)
{
    do {
        const char *s;
        if (type_read_char(r, '*')) {
            *ret |= SCHEMA_ALIAS_WILDCARD;
            continue;
        }
        size_t n = type_read_name(r, false, &s);
        if (n != 1 || !islower((unsigned char)*s))
            return type_read_error(r, "expected an alias set");
        *ret |= 1u << (*s - 'a');
    } while (type_read_char(r, '|'));
    return true;
}

/* `(a)`, `(a!)`, `(a -> *)`, `(a|b)`; nothing is fine too. */
static bool read_alias(type_reader *r, schema_alias *ret)
{
    if (!r->is_schema || r->at >= r->end || *r->at != '(')
        return true;
    r->at++;
    schema_alias alias = { 0 };
    type_read_blanks(r);
    if (r->at < r->end && *r->at != '!' && !read_alias_set(r, &alias.before))
        return false;
    alias.is_write = type_read_char(r, '!');
    alias.after = alias.before;
    if (type_read_char(r, '-')) {
        alias.after = 0;
        if (!type_read_expect(r, '>') || !read_alias_set(r, &alias.after))
            return false;
    }
    *ret = alias;
    return type_read_expect(r, ')');
}

/* `[]`, `[2]`, `?` and aliases, as often as they come. */
static bool read_suffixes(type_reader *r, read_type *read)
{
    while (r->at < r->end && (*r->at == '[' || *r->at == '?')) {
        if (*r->at++ == '?') {
            read->type = type_optional(read->type);
            continue;
        }
        int64_t sized = 0;
        if (!type_read_char(r, ']') && (!type_read_int(r, &sized) || !type_read_expect(r, ']')))
            return false;
        if (sized < 0 || sized > INT32_MAX)
            return type_read_error(r, "list size out of range");
        read->sized = (int32_t)sized;
        read->elem_alias = read->alias;
        read->alias = (schema_alias){ 0 };
        read->type = type_list(read->type);
        if (!read_alias(r, &read->alias))
            return false;
    }
    return true;
}

read_type type_read(type_reader *r)
{
    read_type read = { 0 };
    if (r->depth++ >= TYPE_MAX_DEPTH)
        type_read_error(r, "types nest too deep");
    else if (!r->error) {
        read.type = type_read_char(r, '(') ? read_tuple(r) : read_named(r, &read);
        if (read.type && (!read_alias(r, &read.alias) || !read_suffixes(r, &read)))
            read.type = NULL;
    }
    r->depth--;
    if (!read.type)
        type_read_error(r, "out of memory");
    return read;
}

const type *type_parse(const char *s, size_t n, ir_unit *names, arena *a, const char **ret_error)
{
    type_reader r = { .at = s, .end = s + n, .names = names, .a = a };
    const type *t = type_read(&r).type;
    type_read_blanks(&r);
    if (t && r.at != r.end)
        type_read_error(&r, "unexpected '%c' after the type", *r.at);
    if (r.error && ret_error)
        *ret_error = r.error;
    return r.error ? NULL : t;
}
