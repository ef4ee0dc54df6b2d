/* base/diag.c: see diag.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_COLUMNS = 110 }; /* of a long source line, around the caret */

void diag_init(diag *d)
{
    *d = (diag){ 0 };
    arena_init(&d->arena);
}

void diag_fini(diag *d)
{
    for (size_t i = 0; i < d->sources.n; i++)
        source_unref(d->sources.at[i]);
    arena_fini(&d->arena);
    *d = (diag){ 0 };
}

/* Hold the source of a range; without memory for that the range is dropped. */
static range keep(diag *d, range at)
{
    for (size_t i = 0; i < d->sources.n; i++)
        if (d->sources.at[i] == at.src)
            return at;
    if (!at.src || !VEC_PUSH(&d->sources, &d->arena, at.src))
        return (range){ 0 };
    source_ref(at.src);
    return at;
}

static bool is_repeated(const diag *d, const char *code, range at, const char *message)
{
    for (const diag_item *it = d->first; it; it = it->next)
        if (it->at.src == at.src && it->at.begin == at.begin && !strcmp(it->code, code)
            && !strcmp(it->message, message))
            return true;
    return false;
}

static diag_item *add(diag *d, diag_severity severity, const char *code, range at,
                      const char *format, va_list ap)
{
    static const diag_item dropped = { .code = "", .message = "" };
    const char *message = arena_vprintf(&d->arena, format, ap);
    diag_item *it = ARENA_NEW(&d->arena, diag_item);
    *it = dropped;
    it->severity = severity;
    it->code = code;
    it->at = keep(d, at);
    it->message = d->arena.failed ? "out of memory" : message;
    if (severity == DIAG_ERROR)
        d->n_errors++;
    if (d->arena.failed || d->n_errors + d->n_warnings > DIAG_MAX
        || is_repeated(d, code, at, it->message)) {
        d->n_dropped++;
        return it;
    }
    d->n_warnings += severity == DIAG_WARNING;
    if (d->last)
        d->last->next = it;
    else
        d->first = it;
    d->last = it;
    return it;
}

diag_item *diag_error(diag *d, const char *code, range at, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    diag_item *it = add(d, DIAG_ERROR, code, at, format, ap);
    va_end(ap);
    return it;
}

diag_item *diag_warning(diag *d, const char *code, range at, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    diag_item *it = add(d, DIAG_WARNING, code, at, format, ap);
    va_end(ap);
    return it;
}

diag_item *diag_remark(diag *d, const char *code, range at, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    diag_item *it = add(d, DIAG_NOTE, code, at, format, ap);
    va_end(ap);
    return it;
}

void diag_copy(diag *d, const diag_item *it)
{
    diag_item *copy = it->severity == DIAG_ERROR     ? diag_error(d, it->code, it->at, "%s", it->message)
                      : it->severity == DIAG_WARNING ? diag_warning(d, it->code, it->at, "%s", it->message)
                                                     : diag_remark(d, it->code, it->at, "%s", it->message);
    for (const diag_item *note = it->notes; note; note = note->next)
        diag_note(d, copy, note->at, "%s", note->message);
}

void diag_filter(diag *d, bool (*is_wanted)(void *ctx, const diag_item *it), void *ctx)
{
    diag_item **link = &d->first, *last = NULL;
    for (diag_item *it = d->first; it; it = it->next) {
        if (it->severity == DIAG_ERROR && !is_wanted(ctx, it)) {
            d->n_errors--;
            continue;
        }
        *link = last = it;
        link = &it->next;
    }
    *link = NULL;
    d->last = last;
}

void diag_note(diag *d, diag_item *of, range at, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    diag_item *it = ARENA_NEW(&d->arena, diag_item);
    const char *message = arena_vprintf(&d->arena, format, ap);
    va_end(ap);
    if (d->arena.failed)
        return;
    *it = (diag_item){ .severity = DIAG_NOTE, .code = of->code, .at = keep(d, at), .message = message };
    diag_item **end = &of->notes;
    while (*end)
        end = &(*end)->next;
    *end = it;
}

typedef struct sort_key {
    diag_item *it;
    size_t index; /* order of report: makes the sort stable */
} sort_key;

static int compare_keys(const void *pa, const void *pb)
{
    const sort_key *a = pa, *b = pb;
    const source *sa = a->it->at.src, *sb = b->it->at.src;
    if (!sa != !sb)
        return sa ? -1 : 1;
    int by_name = sa && sa != sb ? strcmp(sa->name, sb->name) : 0;
    if (by_name)
        return by_name;
    if (sa && a->it->at.begin != b->it->at.begin)
        return a->it->at.begin < b->it->at.begin ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

void diag_sort(diag *d)
{
    size_t n = 0;
    for (diag_item *it = d->first; it; it = it->next)
        n++;
    sort_key *keys = n > 1 ? ARENA_ARRAY(&d->arena, sort_key, n) : NULL;
    if (!keys || d->arena.failed)
        return;
    n = 0;
    for (diag_item *it = d->first; it; it = it->next, n++)
        keys[n] = (sort_key){ it, n };
    qsort(keys, n, sizeof *keys, compare_keys);
    for (size_t i = 0; i + 1 < n; i++)
        keys[i].it->next = keys[i + 1].it;
    keys[n - 1].it->next = NULL;
    d->first = keys[0].it;
    d->last = keys[n - 1].it;
}

static const char *const severity_names[] = { "error", "warning", "note" };
static const char *const severity_colours[] = { "\033[1;31m", "\033[1;35m", "\033[1;36m" };

static bool is_continuation(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* Characters (not bytes) in s[0, n). */
static uint32_t count_characters(const char *s, size_t n)
{
    uint32_t characters = 0;
    for (size_t i = 0; i < n; i++)
        characters += !is_continuation(s[i]);
    return characters;
}

/* The line of the caret and the caret line below it. A long line is cut around the caret. */
static void print_snippet(range at, uint32_t line, uint32_t column, text *out, bool colour)
{
    size_t n;
    const char *s = source_line(at.src, line, &n);
    if (column > n)
        column = (uint32_t)n;
    size_t begin = 0, end = n;
    if (n > SHOWN_COLUMNS) {
        begin = column > SHOWN_COLUMNS / 2 ? column - SHOWN_COLUMNS / 2 : 0;
        end = begin + SHOWN_COLUMNS < n ? begin + SHOWN_COLUMNS : n;
        while (begin > 0 && is_continuation(s[begin]))
            begin--;
        while (end < n && is_continuation(s[end]))
            end++;
    }
    text_addf(out, "%5u | %s", line, begin ? "…" : "");
    for (size_t i = begin; i < end; i++)
        text_add_char(out, s[i] == '\t' || (unsigned char)s[i] >= 0x20 ? s[i] : '?');
    text_addf(out, "%s\n      | ", end < n ? "…" : "");
    if (begin)
        text_add_char(out, ' ');
    for (size_t i = begin; i < column; i++)
        if (!is_continuation(s[i]))
            text_add_char(out, s[i] == '\t' ? '\t' : ' ');
    size_t width = at.end > at.begin ? at.end - at.begin : 1;
    if (width > end - column)
        width = end > column ? end - column : 1;
    text_add(out, colour ? "\033[1;32m" : "");
    for (uint32_t i = count_characters(s + column, width); i > 1; i--)
        text_add_char(out, '^');
    text_addf(out, "^%s\n", colour ? "\033[0m" : "");
}

static void print_one(const diag_item *it, text *out, bool colour)
{
    uint32_t line = 0, column = 0;
    if (it->at.src) {
        size_t n;
        source_position(it->at.src, it->at.begin, &line, &column);
        const char *s = source_line(it->at.src, line, &n);
        text_addf(out, "%s:%u:%u: ", it->at.src->name, line,
                  count_characters(s, column < n ? column : n) + 1);
    }
    text_addf(out, "%s%s:%s %s", colour ? severity_colours[it->severity] : "",
              severity_names[it->severity], colour ? "\033[0m" : "", it->message);
    if (it->severity == DIAG_WARNING)
        text_addf(out, " [%s]", it->code);
    text_add_char(out, '\n');
    if (it->at.src)
        print_snippet(it->at, line, column, out, colour);
}

void diag_print_item(const diag_item *it, text *out, bool colour)
{
    print_one(it, out, colour);
    for (const diag_item *note = it->notes; note; note = note->next)
        print_one(note, out, colour);
}

void diag_print(const diag *d, text *out, bool colour)
{
    for (const diag_item *it = d->first; it; it = it->next)
        diag_print_item(it, out, colour);
}

static void print_position_json(range at, text *out)
{
    if (!at.src)
        return;
    uint32_t line, column, end_line, end_column;
    source_position(at.src, at.begin, &line, &column);
    source_position(at.src, at.end, &end_line, &end_column);
    text_add(out, ", \"file\": ");
    text_add_json(out, at.src->name, strlen(at.src->name));
    text_addf(out, ", \"range\": {\"start\": {\"line\": %u, \"column\": %u}, \"end\": {\"line\": %u, "
              "\"column\": %u}}", line, column + 1, end_line, end_column + 1);
}

/* is_whole: not a note that hangs below another item. */
static void print_item_json(const diag_item *it, bool is_whole, text *out)
{
    text_addf(out, "{\"severity\": \"%s\", \"code\": \"%s\", \"message\": ",
              severity_names[it->severity], it->code);
    text_add_json(out, it->message, strlen(it->message));
    print_position_json(it->at, out);
    if (is_whole) {
        text_add(out, ", \"notes\": [");
        for (const diag_item *note = it->notes; note; note = note->next) {
            print_item_json(note, false, out);
            text_add(out, note->next ? ", " : "");
        }
        text_add(out, "]");
    }
    text_add(out, "}");
}

void diag_print_json(const diag *d, text *out)
{
    text_add(out, "[");
    for (const diag_item *it = d->first; it; it = it->next) {
        print_item_json(it, true, out);
        text_add(out, it->next ? ", " : "");
    }
    text_add(out, "]\n");
}
