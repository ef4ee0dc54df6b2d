/* base/text.c: see text.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "base/vec.h"

#include <stdio.h>
#include <string.h>

static char empty[1]; /* what `s` points at before the first byte; never written */

void text_init(text *t, arena *a) { *t = (text){ .s = empty, .max_bytes = TEXT_MAX_BYTES, .arena = a }; }

void text_fini(text *t)
{
    if (!t->arena && t->cap)
        mem_free(t->s);
    text_init(t, t->arena);
}

void text_clear(text *t)
{
    t->n = 0;
    t->failed = false;
    if (t->cap)
        t->s[0] = 0;
}

static bool reserve(text *t, size_t more)
{
    if (t->failed || more > t->max_bytes || t->n > t->max_bytes - more) {
        t->failed = true;
        return false;
    }
    if (t->n + more + 1 <= t->cap)
        return true;
    void *p = t->cap ? t->s : NULL;
    size_t want = t->n + more + 1;
    if (want < 2 * t->cap)
        want = 2 * t->cap;
    if (!vec_reserve(&p, &t->cap, want < 64 ? 64 : want, 1, t->arena)) {
        t->failed = true;
        return false;
    }
    t->s = p;
    return true;
}

void text_add_bytes(text *t, const void *p, size_t n_bytes)
{
    if (!n_bytes || !reserve(t, n_bytes))
        return;
    memcpy(t->s + t->n, p, n_bytes);
    t->n += n_bytes;
    t->s[t->n] = 0;
}

void text_add(text *t, const char *s) { text_add_bytes(t, s, strlen(s)); }

void text_add_char(text *t, char c) { text_add_bytes(t, &c, 1); }

void text_add_spaces(text *t, size_t n)
{
    if (!n || !reserve(t, n))
        return;
    memset(t->s + t->n, ' ', n);
    t->n += n;
    t->s[t->n] = 0;
}

void text_vaddf(text *t, const char *format, va_list ap)
{
    char small[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, format, ap);
    if (n < 0) {
        t->failed = true;
    } else if ((size_t)n < sizeof small) {
        text_add_bytes(t, small, (size_t)n);
    } else if (reserve(t, (size_t)n)) {
        vsnprintf(t->s + t->n, (size_t)n + 1, format, again);
        t->n += (size_t)n;
    }
    va_end(again);
}

void text_add_int(text *t, int64_t i)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t left = i < 0 ? -(uint64_t)i : (uint64_t)i;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (i < 0)
        digits[--at] = '-';
    text_add_bytes(t, digits + at, sizeof digits - at);
}

void text_addf(text *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    text_vaddf(t, format, ap);
    va_end(ap);
}

/* Length of the well-formed UTF-8 sequence at s (of n bytes), 0 if it is none. RFC 3629. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80)
        return 1;
    size_t want = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3
                  : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
    if (!want || want > n)
        return 0;
    for (size_t i = 1; i < want; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)
        || (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return want;
}

void text_add_json(text *t, const char *s, size_t n)
{
    text_add_char(t, '"');
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t length = utf8_length((const unsigned char *)s + i, n - i);
        if (!length)
            text_add(t, "\xef\xbf\xbd");
        else if (c == '"' || c == '\\')
            text_addf(t, "\\%c", c);
        else if (c == '\n')
            text_add(t, "\\n");
        else if (c < 0x20 || c == 0x7f)
            text_addf(t, "\\u%04x", c);
        else
            text_add_bytes(t, s + i, length);
        i += length ? length : 1;
    }
    text_add_char(t, '"');
}

char *text_take(text *t)
{
    if (t->failed || t->arena) {
        text_fini(t);
        return NULL;
    }
    char *s = t->cap ? t->s : mem_strdup("");
    text_init(t, NULL);
    return s;
}

int text_distance(const char *a, const char *b, int limit)
{
    enum { LONGEST = 64 };
    size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST || (n > m ? n - m : m - n) > (size_t)limit)
        return limit + 1;
    int before[LONGEST + 1], row[LONGEST + 1], older[LONGEST + 1];
    for (size_t j = 0; j <= m; j++)
        before[j] = (int)j;
    memset(older, 0, sizeof older);
    for (size_t i = 1; i <= n; i++) { /* Damerau: a swap of neighbours counts once */
        int best = row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int d = before[j - 1] + (a[i - 1] != b[j - 1]);
            if (before[j] + 1 < d)
                d = before[j] + 1;
            if (row[j - 1] + 1 < d)
                d = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && older[j - 2] + 1 < d)
                d = older[j - 2] + 1;
            row[j] = d;
            if (d < best)
                best = d;
        }
        if (best > limit)
            return limit + 1;
        memcpy(older, before, sizeof before);
        memcpy(before, row, sizeof row);
    }
    return before[m] <= limit ? before[m] : limit + 1;
}

int text_slip_limit(const char *name)
{
    size_t n = strlen(name);
    return n < 2 ? 0 : n < 4 ? 1 : 2;
}

bool text_is_slip(const char *name, const char *meant)
{
    int limit = text_slip_limit(name);
    if (strlen(name) == 2 && strlen(meant) <= 2)
        return false;
    return limit && text_distance(name, meant, limit) <= limit;
}
