/* runtime/kernels/strings.c: str methods that look at characters: case, classes, padding,
 * stripping, indexing. Strings are bytes and only ASCII letters have case, as in the reference
 * (register_string_ops.cpp); CPython's ctype rules hold for the rest, so nothing here asks the C
 * locale. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/kernels/result.h"
#include "runtime/kernels/table.h"

static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_alpha(char c) { return is_lower(c) || is_upper(c); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_print(char c) { return c >= ' ' && c <= '~'; }
static char to_lower(char c) { return is_upper(c) ? (char)(c + 32) : c; }
static char to_upper(char c) { return is_lower(c) ? (char)(c - 32) : c; }

/* ---- case ---------------------------------------------------------------------------------- */
typedef char (*char_map)(char c, char before);

static bool map_chars(op_ctx *cx, const str *s, char_map map, jit_value *rets)
{
    str *r = str_new(NULL, s->n);
    char before = 0;
    for (size_t i = 0; r && i < s->n; i++) {
        r->s[i] = map(s->s[i], before);
        before = s->s[i];
    }
    return ret_heap(cx, rets, VALUE_STR, r);
}

static char lower_char(char c, char before) { (void)before; return to_lower(c); }
static char upper_char(char c, char before) { (void)before; return to_upper(c); }
static char title_char(char c, char before) { return is_alpha(before) ? to_lower(c) : to_upper(c); }
static char swap_char(char c, char before)
{
    (void)before;
    return is_lower(c) ? to_upper(c) : to_lower(c);
}

bool string_lower(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return map_chars(cx, args[0].s, lower_char, rets);
}

bool string_upper(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return map_chars(cx, args[0].s, upper_char, rets);
}

bool string_title(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return map_chars(cx, args[0].s, title_char, rets);
}

bool string_swapcase(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return map_chars(cx, args[0].s, swap_char, rets);
}

bool string_capitalize(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!map_chars(cx, args[0].s, lower_char, rets))
        return false;
    rets[0].s->s[0] = to_upper(rets[0].s->s[0]); /* of an empty string: its NUL */
    return true;
}

/* ---- classes ------------------------------------------------------------------------------- */
static bool all_chars(const str *s, bool (*is)(char c))
{
    for (size_t i = 0; i < s->n; i++)
        if (!is(s->s[i]))
            return false;
    return s->n > 0;
}

#define CLASS_KERNEL(name, is)                                                  \
    bool string_##name(op_ctx *cx, const jit_value *args, jit_value *rets)      \
    {                                                                           \
        (void)cx;                                                               \
        return ret_bool(rets, all_chars(args[0].s, is));                        \
    }
CLASS_KERNEL(isalnum, is_alnum)
CLASS_KERNEL(isalpha, is_alpha)
CLASS_KERNEL(isdigit, is_digit) /* isdecimal and isnumeric too: ASCII has no other digits */
CLASS_KERNEL(isspace, is_space)

bool string_isprintable(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, args[0].s->n == 0 || all_chars(args[0].s, is_print));
}

/* The reference follows Python 2 loosely: letters and digits, no digit first, and no underscore. */
bool string_isidentifier(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    const str *s = args[0].s;
    return ret_bool(rets, all_chars(s, is_alnum) && !is_digit(s->s[0]));
}

/* Some letter, and none that `is_other`. */
static bool has_case_only(const str *s, bool (*is_wanted)(char c), bool (*is_other)(char c))
{
    bool found = false;
    for (size_t i = 0; i < s->n; i++) {
        if (is_other(s->s[i]))
            return false;
        found |= is_wanted(s->s[i]);
    }
    return found;
}

bool string_islower(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, has_case_only(args[0].s, is_lower, is_upper));
}

bool string_isupper(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, has_case_only(args[0].s, is_upper, is_lower));
}

bool string_istitle(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    const str *s = args[0].s;
    bool found = false, in_word = false, ok = true;
    for (size_t i = 0; i < s->n; i++) {
        ok &= !(in_word ? is_upper(s->s[i]) : is_lower(s->s[i]));
        in_word = is_alpha(s->s[i]);
        found |= in_word;
    }
    return ret_bool(rets, ok && found);
}

/* ---- padding and stripping ----------------------------------------------------------------- */
enum { PAD_MAX_BYTES = TEXT_MAX_BYTES };

/* s with `left` and `right` bytes of `fill` around it. */
static bool pad(op_ctx *cx, const str *s, int64_t left, int64_t right, char fill, jit_value *rets)
{
    if (left > PAD_MAX_BYTES || right > PAD_MAX_BYTES)
        return op_no_memory(cx);
    str *r = str_new(NULL, (size_t)left + s->n + (size_t)right);
    if (!r)
        return op_no_memory(cx);
    memset(r->s, fill, (size_t)left);
    memcpy(r->s + left, s->s, s->n);
    memset(r->s + left + s->n, fill, (size_t)right);
    return ret_heap(cx, rets, VALUE_STR, r);
}

static int64_t missing_width(jit_value width, const str *s)
{
    return width.i > (int64_t)s->n ? width.i - (int64_t)s->n : 0;
}

static bool fill_char(op_ctx *cx, jit_value fill, char *ret)
{
    if (fill.s->n != 1)
        return OP_FAIL(cx, "TypeError: The fill character must be exactly one character long");
    *ret = fill.s->s[0];
    return true;
}

/* The odd byte goes left where the width is odd, as in CPython. */
bool string_center(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    char fill;
    int64_t n = missing_width(args[1], args[0].s), left = n / 2 + (n & args[1].i & 1);
    return fill_char(cx, args[2], &fill) && pad(cx, args[0].s, left, n - left, fill, rets);
}

bool string_ljust(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    char fill;
    return fill_char(cx, args[2], &fill) &&
           pad(cx, args[0].s, 0, missing_width(args[1], args[0].s), fill, rets);
}

bool string_rjust(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    char fill;
    return fill_char(cx, args[2], &fill) &&
           pad(cx, args[0].s, missing_width(args[1], args[0].s), 0, fill, rets);
}

/* Zeros go before a sign, unlike Python's. */
bool string_zfill(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return pad(cx, args[0].s, missing_width(args[1], args[0].s), 0, '0', rets);
}

/* Columns count from the start of the string, not of the line, as in the reference. */
bool string_expandtabs(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s;
    int64_t size = args[1].i;
    text out;
    text_init(&out, NULL);
    for (size_t i = 0; i < s->n; i++) {
        if (s->s[i] != '\t')
            text_add_char(&out, s->s[i]);
        else if (size > 0)
            text_add_spaces(&out, (size_t)size - out.n % (size_t)size);
    }
    return ret_text(cx, rets, &out);
}

static bool strip(op_ctx *cx, const jit_value *args, bool from_left, bool from_right,
                  jit_value *rets)
{
    const str *s = args[0].s, *chars = args[1].s;
    size_t begin = 0, end = s->n;
    while (from_left && begin < end && memchr(chars->s, s->s[begin], chars->n))
        begin++;
    while (from_right && end > begin && memchr(chars->s, s->s[end - 1], chars->n))
        end--;
    return ret_str(cx, rets, s->s + begin, end - begin);
}

bool string_strip(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return strip(cx, args, true, true, rets);
}

bool string_lstrip(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return strip(cx, args, true, false, rets);
}

bool string_rstrip(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return strip(cx, args, false, true, rets);
}

/* ---- the string as a sequence -------------------------------------------------------------- */
bool string_getitem(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s;
    int64_t i = args[1].i < 0 ? args[1].i + (int64_t)s->n : args[1].i;
    if (i < 0 || i >= (int64_t)s->n)
        return OP_FAIL(cx, "string index out of range");
    return ret_str(cx, rets, s->s + i, 1);
}

bool string_slice(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s;
    size_t begin, n;
    if (!slice_range(cx, s->n, args[1], args[2], args[3].i, &begin, &n))
        return false;
    str *r = str_new(NULL, n);
    for (size_t i = 0; r && i < n; i++)
        r->s[i] = s->s[(int64_t)begin + (int64_t)i * args[3].i];
    return ret_heap(cx, rets, VALUE_STR, r);
}

bool string_add(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return ret_heap(cx, rets, VALUE_STR, str_concat(args[0].s, args[1].s));
}

bool string_len(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_int(rets, (int64_t)args[0].s->n);
}

bool string_list(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s;
    list *l = list_new(T_STR, LIST_VALUES, s->n);
    for (size_t i = 0; l && i < s->n; i++) {
        str *c = str_new(s->s + i, 1);
        if (!c || !list_push(l, VALUE_HEAP_V(VALUE_STR, c))) {
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
            return op_no_memory(cx);
        }
    }
    return ret_list(cx, rets, l);
}

#define COMPARE_KERNEL(name, op)                                                    \
    bool string_##name(op_ctx *cx, const jit_value *args, jit_value *rets)          \
    {                                                                               \
        (void)cx;                                                                   \
        return ret_bool(rets, str_compare(args[0].s, args[1].s) op 0);              \
    }
COMPARE_KERNEL(eq, ==)
COMPARE_KERNEL(ne, !=)
COMPARE_KERNEL(lt, <)
COMPARE_KERNEL(le, <=)
COMPARE_KERNEL(gt, >)
COMPARE_KERNEL(ge, >=)
