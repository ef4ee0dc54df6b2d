/* literal.c: the values of number and string literals, and the parts of f-strings.
 *
 * User sources have Python's escapes and code points; archive strings are bytes with the archive's
 * escapes, of which octal ones have exactly three digits. A wrong escape is reported where it stands
 * and the literal goes on. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "frontend/script/parser.h"

#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static range token_range(const parser *p, const token *t)
{
    return (range){p->src, t->begin, t->end};
}

/* Skips the prefix; 0 where a leading zero is wrong. */
static unsigned int_base(const parser *p, const char **s, const char *end)
{
    const char *at = *s;

    if (end - at < 2 || at[0] != '0')
        return 10;
    char x = (char)(at[1] | 0x20);
    if (x == 'x' || x == 'o' || x == 'b') {
        *s += 2;
        return x == 'x' ? 16 : x == 'o' ? 8 : 2;
    }
    if (p->dialect == AST_ARCHIVE)
        return 8;
    for (; at < end; at++)
        if (*at != '0' && *at != '_')
            return 0;
    return 10;
}

ast_node *literal_int(parser *p, const token *t)
{
    const char *s = p->src->text + t->begin, *end = p->src->text + t->end;
    const uint64_t limit = (uint64_t)INT64_MAX + 1;
    unsigned base = int_base(p, &s, end);
    uint64_t value = 0;

    if (base == 0) {
        layout_error(&p->layout, t->begin, t->end,
                     "an integer must not begin with 0; for octal write 0o");
        return NEW(p, int, token_range(p, t), .value = 0);
    }
    for (; s < end; s++) {
        unsigned digit = (unsigned)digit_value(*s);
        if (*s == '_')
            continue;
        if (digit >= base) {
            layout_error(&p->layout, t->begin, t->end, "malformed number");
            break;
        }
        if (value > (limit - digit) / base) {
            layout_error(&p->layout, t->begin, t->end, "integer constant out of range");
            value = 0;
            break;
        }
        value = value * base + digit;
    }
    ast_node *n = NEW(p, int, token_range(p, t), .value = (int64_t)value);
    if (value == limit) {
        chain_single(p, n); /* one that is still waiting for its minus never got it */
        p->min_int = n;
    }
    return n;
}

ast_node *literal_float(parser *p, const token *t, bool is_imaginary)
{
    char small[64];
    size_t n_bytes = t->end - t->begin - is_imaginary, n = 0;
    const char *s = p->src->text + t->begin;
    char *digits = n_bytes < sizeof small ? small : arena_alloc(p->arena, n_bytes + 1);
    double value = 0;

    if (p->c_locale == (locale_t)0)
        p->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (digits != NULL && p->c_locale != (locale_t)0 && !arena_failed(p->arena)) {
        for (size_t i = 0; i < n_bytes; i++)
            if (s[i] != '_')
                digits[n++] = s[i];
        digits[n] = '\0';
        value = strtod_l(digits, NULL, p->c_locale);
    }
    if (is_imaginary)
        return NEW(p, imaginary, token_range(p, t), .value = value);
    return NEW(p, float, token_range(p, t), .value = value);
}

/* ---- strings ---- */

static void add_code_point(text *out, uint32_t c)
{
    if (c < 0x80) {
        text_add_char(out, (char)c);
    } else if (c < 0x800) {
        text_add_char(out, (char)(0xC0 | c >> 6));
        text_add_char(out, (char)(0x80 | (c & 0x3F)));
    } else {
        if (c >= 0x10000) {
            text_add_char(out, (char)(0xF0 | c >> 18));
            text_add_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
        } else {
            text_add_char(out, (char)(0xE0 | c >> 12));
        }
        text_add_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
        text_add_char(out, (char)(0x80 | (c & 0x3F)));
    }
}

static void bad_escape(parser *p, const char *begin, const char *end, const char *what)
{
    layout_error(&p->layout, (uint32_t)(begin - p->src->text), (uint32_t)(end - p->src->text), "%s",
                 what);
}

/* \xhh \uhhhh \Uhhhhhhhh; s: behind the letter. */
static const char *hex_escape(parser *p, text *out, const char *s, const char *end, int n_digits)
{
    const char *begin = s - 2;
    uint32_t value = 0;

    for (int i = 0; i < n_digits; i++, s++) {
        int digit = s < end ? digit_value(*s) : -1;
        if (digit < 0) {
            bad_escape(p, begin, s, "this escape needs more hexadecimal digits");
            return s;
        }
        value = value << 4 | (uint32_t)digit;
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        bad_escape(p, begin, s, "this escape is no Unicode character");
    else
        add_code_point(out, value);
    return s;
}

/* s: at the first digit. */
static const char *octal_escape(parser *p, text *out, const char *s, const char *end)
{
    const char *begin = s - 1;
    uint32_t value = 0;
    int n = 0;

    for (; n < 3 && s < end && *s >= '0' && *s <= '7'; n++, s++)
        value = value << 3 | (uint32_t)(*s - '0');
    if (p->dialect == AST_USER)
        add_code_point(out, value);
    else if (n < 3 || value > 255)
        bad_escape(p, begin, s, "ill formed octal escape: it has three digits, up to \\377");
    else
        text_add_char(out, (char)value);
    return s;
}

/* One escape; s: behind the backslash, s < end. Returns what follows it. */
static const char *add_escape(parser *p, text *out, const char *s, const char *end)
{
    static const char plain[][2] = {
        {'\\', '\\'}, {'\'', '\''}, {'"', '"'},  {'a', '\a'}, {'b', '\b'},
        {'f', '\f'},  {'n', '\n'},  {'r', '\r'}, {'t', '\t'}, {'v', '\v'},
    };
    const bool is_user = p->dialect == AST_USER;

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (*s == plain[i][0]) {
            text_add_char(out, plain[i][1]);
            return s + 1;
        }
    }
    if (*s >= '0' && *s <= '7')
        return octal_escape(p, out, s, end);
    if (*s == '\r' && s + 1 < end && s[1] == '\n')
        s++;
    if (*s == '\n') {
        if (!is_user)
            text_add_char(out, '\n');
        return s + 1;
    }
    if (*s == 'x' && is_user)
        return hex_escape(p, out, s + 1, end, 2);
    if ((*s == 'u' || *s == 'U') && is_user)
        return hex_escape(p, out, s + 1, end, *s == 'u' ? 4 : 8);
    if (!is_user || *s == 'N')
        bad_escape(p, s - 1, s + 1, "this escape isn't supported");
    text_add_char(out, '\\'); /* as Python: an unknown escape stands for itself */
    text_add_char(out, *s);
    return s + 1;
}

static ast_bytes unescape(parser *p, const char *s, const char *end, bool is_raw)
{
    text out;

    if (is_raw || memchr(s, '\\', (size_t)(end - s)) == NULL) {
        if (memchr(s, '\r', (size_t)(end - s)) == NULL)
            return (ast_bytes){arena_strndup(p->arena, s, (size_t)(end - s)), (size_t)(end - s)};
    }
    text_init(&out, p->arena);
    while (s < end) {
        if (*s == '\\' && !is_raw && s + 1 < end)
            s = add_escape(p, &out, s + 1, end);
        else if (*s == '\r' && s + 1 < end && s[1] == '\n')
            s++; /* a line end is one character */
        else
            text_add_char(&out, *s++);
    }
    return (ast_bytes){out.s, out.n};
}

/* ---- f-strings ---- */

typedef struct fstring {
    parser *p;
    bool is_raw;
    const char *end;
    ast_nodes parts;
    text literal; /* literal text since the last expression */
} fstring;

static range text_range(const parser *p, const char *begin, const char *end)
{
    return (range){p->src, (uint32_t)(begin - p->src->text), (uint32_t)(end - p->src->text)};
}

/* The end of a string literal inside a replacement field, or `end`. */
static const char *skip_inner_string(const char *s, const char *end)
{
    bool is_triple = s + 2 < end && s[1] == s[0] && s[2] == s[0];
    const char quote = *s;

    for (s += is_triple ? 3 : 1; s < end; s++)
        if (*s == quote && (!is_triple || (s + 2 < end && s[1] == quote && s[2] == quote)))
            return s + (is_triple ? 3 : 1);
    return end;
}

/* s: behind the '{'. Finds what ends the expression: '}', conversion, format; NULL: reported. */
static const char *find_field_end(const fstring *f, const char *s)
{
    const char *begin = s;
    int depth = 0;

    while (s < f->end) {
        if (*s == '\'' || *s == '"') {
            s = skip_inner_string(s, f->end);
            continue;
        }
        if (*s == '\\' || *s == '#') {
            bad_escape(f->p, s, s + 1, *s == '#' ? "an f-string expression has no comments"
                                                 : "an f-string expression has no backslashes");
            return NULL;
        }
        if (depth == 0 && (*s == '}' || *s == ':' || (*s == '!' && s[1] != '=')))
            return s;
        if (*s == '(' || *s == '[' || *s == '{')
            depth++;
        else if (*s == ')' || *s == ']' || *s == '}')
            depth--;
        s += *s == '!' ? 2 : 1;
    }
    bad_escape(f->p, begin - 1, begin, "f-string: expected '}': this '{' was never closed");
    return NULL;
}

static void fstring_flush(fstring *f, const char *begin, const char *end)
{
    ast_bytes value = {f->literal.s, f->literal.n};

    if (value.n == 0)
        return;
    nodes_add(f->p, &f->parts, NEW(f->p, string, text_range(f->p, begin, end), .value = value));
    text_init(&f->literal, f->p->arena);
}

/* s: behind the '{'. Returns what follows the '}'; NULL after an error. */
static const char *fstring_field(fstring *f, const char *s)
{
    parser *p = f->p;
    const char *field_end = find_field_end(f, s), *expr_end = field_end;

    if (field_end == NULL)
        return NULL;
    while (expr_end > s && (expr_end[-1] == ' ' || expr_end[-1] == '\t'))
        expr_end--;
    if (expr_end == s) {
        bad_escape(p, s - 1, field_end + 1, "f-string: expected an expression inside '{}'");
        return NULL;
    }
    if (*field_end != '}') {
        parser_unsupported(p, text_range(p, field_end, field_end + 1),
                           *field_end == '!' ? "conversions ('!') in f-strings aren't supported"
                                             : "format specs in f-strings aren't supported");
        return NULL;
    }
    if (expr_end[-1] == '=' && expr_end - s > 1 && strchr("=!<>", expr_end[-2]) == NULL) {
        parser_unsupported(p, text_range(p, expr_end - 1, expr_end),
                           "'=' in f-strings isn't supported");
        return NULL;
    }
    ast_node *n = parser_subexpression(p, (uint32_t)(s - p->src->text),
                                       (uint32_t)(expr_end - p->src->text));
    nodes_add(p, &f->parts, n != NULL ? n : NEW(p, error, text_range(p, s, expr_end), ));
    return field_end + 1;
}

static ast_node *literal_fstring(parser *p, const char *s, const char *end, bool is_raw, range at)
{
    fstring f = {.p = p, .is_raw = is_raw, .end = end};
    const char *begin = s;

    text_init(&f.literal, p->arena);
    while (s != NULL && s < end) {
        if ((*s == '{' || *s == '}') && s + 1 < end && s[1] == *s) {
            text_add_char(&f.literal, *s);
            s += 2;
        } else if (*s == '{') {
            fstring_flush(&f, begin, s);
            s = begin = fstring_field(&f, s + 1);
        } else if (*s == '}') {
            bad_escape(p, s, s + 1, "f-string: a single '}' is not allowed; write '}}'");
            s++;
        } else if (*s == '\\' && !is_raw && s + 1 < end) {
            s = add_escape(p, &f.literal, s + 1, end);
        } else if (*s == '\r' && s + 1 < end && s[1] == '\n') {
            s++;
        } else {
            text_add_char(&f.literal, *s++);
        }
    }
    if (s != NULL)
        fstring_flush(&f, begin, s);
    return NEW(p, fstring, at, .parts = f.parts);
}

ast_node *literal_string(parser *p, const token *t)
{
    const char *s = p->src->text + t->begin, *end = p->src->text + t->end;
    bool is_raw = false, is_format = false, is_bytes = false, is_unicode = false;
    range at = token_range(p, t);
    const char *begin = s;

    for (; *s != '\'' && *s != '"'; s++) {
        char c = (char)(*s | 0x20);
        is_raw |= c == 'r';
        is_format |= c == 'f';
        is_bytes |= c == 'b';
        is_unicode |= c == 'u';
    }
    if (s - begin == 2 && (!is_raw || is_unicode || (begin[0] | 0x20) == (begin[1] | 0x20)))
        layout_error(&p->layout, t->begin, t->end, "'%.2s' is no string prefix", begin);
    else if (is_bytes)
        return parser_unsupported(p, at, "bytes literals aren't supported");
    size_t n_quotes = end - s >= 6 && s[1] == s[0] && s[2] == s[0] ? 3 : 1;
    s += n_quotes;
    end -= n_quotes;
    if (is_format)
        return literal_fstring(p, s, end, is_raw, at);
    return NEW(p, string, at, .value = unescape(p, s, end, is_raw));
}

/* ---- adjacent literals ---- */

static void join_part(parser *p, ast_nodes *parts, text *joined, range *joined_at, ast_node *part)
{
    if (part->kind == AST_string) {
        ast_string *s = AST_AS(string, part);
        *joined_at = joined->n == 0 ? part->at : range_join(*joined_at, part->at);
        text_add_bytes(joined, s->value.s, s->value.n);
        return;
    }
    if (joined->n > 0) {
        ast_bytes value = {joined->s, joined->n};
        nodes_add(p, parts, NEW(p, string, *joined_at, .value = value));
        text_init(joined, p->arena);
    }
    nodes_add(p, parts, part);
}

ast_node *literal_join(parser *p, ast_nodes strings, range at)
{
    bool has_format = false;
    ast_nodes parts = {0};
    range joined_at = at;
    text joined;

    if (strings.n == 1)
        return strings.at[0];
    text_init(&joined, p->arena);
    for (size_t i = 0; i < strings.n && !arena_failed(p->arena); i++) {
        ast_node *n = strings.at[i];
        if (n->kind == AST_error)
            return n;
        if (n->kind == AST_fstring) {
            ast_nodes inner = AST_AS(fstring, n)->parts;
            has_format = true;
            for (size_t k = 0; k < inner.n; k++)
                join_part(p, &parts, &joined, &joined_at, inner.at[k]);
        } else {
            join_part(p, &parts, &joined, &joined_at, n);
        }
    }
    ast_bytes value = {joined.s, joined.n};
    if (!has_format)
        return NEW(p, string, at, .value = value);
    if (joined.n > 0)
        nodes_add(p, &parts, NEW(p, string, joined_at, .value = value));
    return NEW(p, fstring, at, .parts = parts);
}
