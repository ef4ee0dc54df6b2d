/* runtime/kernels/strings_search.c: str methods that look for substrings: find, count, replace,
 * split and their relatives. A window [start:end] is Python's, but for end < 0, which counts
 * from one past the end: the default -1 means "to the end" (register_string_ops.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/kernels/result.h"
#include "runtime/kernels/table.h"

typedef struct window { int64_t start, end; } window;

static window clamp_window(const str *s, jit_value start, jit_value end)
{
    int64_t n = (int64_t)s->n;
    window w = { start.i, end.i };
    if (w.start < 0)
        w.start = w.start + n < 0 ? 0 : w.start + n;
    if (w.end < 0)
        w.end = w.end + n + 1 < 0 ? 0 : w.end + n + 1;
    return w;
}

/* First (last: is_reverse) place of `needle` in s[from:to], or -1. */
static int64_t search(const char *s, int64_t from, int64_t to, const str *needle, bool is_reverse)
{
    int64_t last = to - (int64_t)needle->n;
    if (last < from)
        return -1;
    if (!is_reverse) {
        const char *at = memmem(s + from, (size_t)(to - from), needle->s, needle->n);
        return at ? at - s : -1;
    }
    for (int64_t i = last; i >= from; i--)
        if (memcmp(s + i, needle->s, needle->n) == 0)
            return i;
    return -1;
}

static bool find(op_ctx *cx, const jit_value *args, bool is_reverse, int64_t *ret)
{
    const str *s = args[0].s, *needle = args[1].s;
    window w = clamp_window(s, args[2], args[3]);
    int64_t n = (int64_t)s->n;
    if (w.end <= w.start) { /* an empty window holds the empty string, wherever it lies */
        *ret = needle->n ? -1 : w.start;
        return true;
    }
    if (w.start > n)
        return OP_FAIL(cx, "string index out of range");
    *ret = search(s->s, w.start, w.end < n ? w.end : n, needle, is_reverse);
    return true;
}

bool string_find(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int64_t at;
    return find(cx, args, false, &at) && ret_int(rets, at);
}

bool string_rfind(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int64_t at;
    return find(cx, args, true, &at) && ret_int(rets, at);
}

static bool index_of(op_ctx *cx, const jit_value *args, bool is_reverse, jit_value *rets)
{
    int64_t at;
    if (!find(cx, args, is_reverse, &at))
        return false;
    return at >= 0 ? ret_int(rets, at) : OP_FAIL(cx, "ValueError: substring not found");
}

bool string_index(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return index_of(cx, args, false, rets);
}

bool string_rindex(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return index_of(cx, args, true, rets);
}

/* An occurrence counts when it starts inside the window. */
bool string_count(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    const str *s = args[0].s, *needle = args[1].s;
    window w = clamp_window(s, args[2], args[3]);
    int64_t count = 0, n = (int64_t)s->n, step = needle->n ? (int64_t)needle->n : 1;
    int64_t at = w.start;
    for (; (at = search(s->s, at, n, needle, false)) >= 0 && at < w.end; at += step)
        count++;
    return ret_int(rets, count);
}

/* The window of startswith() and endswith(): one that ends before it starts reaches to the end. */
static bool affix_window(op_ctx *cx, const jit_value *args, window *ret)
{
    int64_t n = (int64_t)args[0].s->n;
    window w = clamp_window(args[0].s, args[2], args[3]);
    if (w.start > n)
        return OP_FAIL(cx, "string index out of range");
    if (w.end < w.start || w.end > n)
        w.end = n;
    *ret = w;
    return true;
}

bool string_startswith(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    const str *affix = args[1].s;
    return affix_window(cx, args, &w) &&
           ret_bool(rets, (int64_t)affix->n <= w.end - w.start &&
                              memcmp(args[0].s->s + w.start, affix->s, affix->n) == 0);
}

bool string_endswith(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    window w;
    const str *affix = args[1].s;
    return affix_window(cx, args, &w) &&
           ret_bool(rets, (int64_t)affix->n <= w.end - w.start &&
                              memcmp(args[0].s->s + w.end - affix->n, affix->s, affix->n) == 0);
}

bool string_replace(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s, *from = args[1].s, *to = args[2].s;
    int64_t left = args[3].i, n = (int64_t)s->n, done = 0, at = 0;
    text out;
    text_init(&out, NULL);
    while (left-- != 0 && (at = search(s->s, at, n, from, false)) >= 0 && !out.failed) {
        text_add_bytes(&out, s->s + done, (size_t)(at - done));
        text_add_bytes(&out, to->s, to->n);
        done = at + (int64_t)from->n;
        if (from->n == 0 && done == n)
            break;
        at = from->n ? done : at + 1;
    }
    text_add_bytes(&out, s->s + done, (size_t)(n - done));
    return ret_text(cx, rets, &out);
}

/* ---- splitting ----------------------------------------------------------------------------- */
static bool push_part(list *l, const char *s, int64_t begin, int64_t end)
{
    str *part = str_new(s + begin, (size_t)(end - begin));
    return part && list_push(l, VALUE_HEAP_V(VALUE_STR, part));
}

/* Hand the parts out, or drop them when one did not fit in memory. */
static bool ret_parts(op_ctx *cx, jit_value *rets, list *l, bool ok)
{
    if (ok)
        return ret_list(cx, rets, l);
    value_unref(VALUE_HEAP_V(VALUE_LIST, l));
    return op_no_memory(cx);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

/* split() without separator; the reference ignores its maximum. */
static bool split_blanks(op_ctx *cx, const str *s, jit_value *rets)
{
    list *l = list_new(T_STR, LIST_VALUES, 0);
    bool ok = l != NULL;
    int64_t n = (int64_t)s->n;
    for (int64_t at = 0; ok && at < n;) {
        while (at < n && is_blank(s->s[at]))
            at++;
        int64_t begin = at;
        while (at < n && !is_blank(s->s[at]))
            at++;
        ok = at == begin || push_part(l, s->s, begin, at);
    }
    return ret_parts(cx, rets, l, ok);
}

bool string_split(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s;
    if (args[1].tag == VALUE_NONE)
        return split_blanks(cx, s, rets);
    const str *separator = args[1].s;
    if (separator->n == 0)
        return OP_FAIL(cx, "ValueError: empty separator");
    list *l = list_new(T_STR, LIST_VALUES, 0);
    bool ok = l != NULL;
    int64_t left = args[2].i, begin = 0, at, n = (int64_t)s->n;
    while (ok && left-- != 0 && (at = search(s->s, begin, n, separator, false)) >= 0) {
        ok = push_part(l, s->s, begin, at);
        begin = at + (int64_t)separator->n;
    }
    return ret_parts(cx, rets, l, ok && push_part(l, s->s, begin, n));
}

static void reverse_parts(list *l)
{
    for (size_t i = 0; i < l->n / 2; i++) {
        jit_value first = l->values[i];
        l->values[i] = l->values[l->n - 1 - i];
        l->values[l->n - 1 - i] = first;
    }
}

bool string_rsplit(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s, *separator = args[1].s;
    if (separator->n == 0)
        return OP_FAIL(cx, "ValueError: empty separator");
    list *l = list_new(T_STR, LIST_VALUES, 0);
    bool ok = l != NULL;
    int64_t left = args[2].i, end = (int64_t)s->n, at;
    while (ok && left-- != 0 && (at = search(s->s, 0, end, separator, true)) >= 0) {
        ok = push_part(l, s->s, at + (int64_t)separator->n, end);
        end = at;
    }
    ok = ok && push_part(l, s->s, 0, end);
    if (ok)
        reverse_parts(l);
    return ret_parts(cx, rets, l, ok);
}

static bool is_line_end(char c) { return (c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e); }

/* Each line end is one byte ("\r\n" ends two lines), and a kept one is an element of its own: so
 * does the reference. */
bool string_splitlines(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s;
    list *l = list_new(T_STR, LIST_VALUES, 0);
    bool ok = l != NULL;
    int64_t begin = 0, n = (int64_t)s->n;
    for (int64_t at = 0; ok && at < n; at++) {
        if (!is_line_end(s->s[at]))
            continue;
        ok = push_part(l, s->s, begin, at) && (!args[1].i || push_part(l, s->s, at, at + 1));
        begin = at + 1;
    }
    return ret_parts(cx, rets, l, ok && (begin == n || push_part(l, s->s, begin, n)));
}

/* The result row (before, separator, after) at `at`; `cut` bytes are the separator. */
static bool ret_partition(op_ctx *cx, const str *s, int64_t at, size_t cut, jit_value *rets)
{
    str *parts[3] = {
        str_new(s->s, (size_t)at),
        str_new(s->s + at, cut),
        str_new(s->s + at + cut, s->n - (size_t)at - cut),
    };
    bool ok = parts[0] && parts[1] && parts[2];
    for (int i = 0; i < 3; i++) {
        rets[i] = VALUE_HEAP_V(VALUE_STR, parts[i]);
        if (!ok)
            value_unref(rets[i]);
    }
    return ok || op_no_memory(cx);
}

bool string_partition(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s, *separator = args[1].s;
    int64_t at = search(s->s, 0, (int64_t)s->n, separator, false);
    return ret_partition(cx, s, at < 0 ? (int64_t)s->n : at, at < 0 ? 0 : separator->n, rets);
}

bool string_rpartition(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s, *separator = args[1].s;
    int64_t at = search(s->s, 0, (int64_t)s->n, separator, true);
    return ret_partition(cx, s, at < 0 ? 0 : at, at < 0 ? 0 : separator->n, rets);
}

bool string_join(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *separator = args[0].s;
    const list *parts = args[1].list;
    text out;
    text_init(&out, NULL);
    for (size_t i = 0; i < parts->n && !out.failed; i++) {
        if (i)
            text_add_bytes(&out, separator->s, separator->n);
        text_add_bytes(&out, parts->values[i].s->s, parts->values[i].s->n);
    }
    return ret_text(cx, rets, &out);
}
