/* base/source.c: see source.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/source.h"

#include "base/alloc.h"

#include <string.h>

static uint32_t count_lines(const char *text, size_t n_bytes)
{
    uint32_t n = 1;
    for (const char *p = text; (p = memchr(p, '\n', n_bytes - (size_t)(p - text))); p++)
        n++;
    return n;
}

source *source_new(const char *name, const char *text, size_t n_bytes)
{
    if (n_bytes > SOURCE_MAX_BYTES)
        return NULL;
    source *s = mem_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->n_refs = 1;
    s->n_bytes = (uint32_t)n_bytes;
    s->first_line = 1;
    s->n_lines = count_lines(text, n_bytes);
    s->name = mem_strdup(name);
    s->text = mem_alloc(n_bytes + 1);
    s->lines = mem_alloc(s->n_lines * sizeof *s->lines);
    if (!s->name || !s->text || !s->lines) {
        source_unref(s);
        return NULL;
    }
    memcpy(s->text, text, n_bytes);
    s->text[n_bytes] = 0;
    uint32_t line = 0;
    s->lines[line++] = 0;
    for (const char *p = text; (p = memchr(p, '\n', n_bytes - (size_t)(p - text))); p++)
        s->lines[line++] = (uint32_t)(p - text) + 1;
    return s;
}

source *source_ref(const source *s)
{
    source *mine = (source *)s; // the count is the one field that changes
    if (mine)
        mine->n_refs++;
    return mine;
}

void source_unref(const source *s)
{
    source *mine = (source *)s;
    if (!mine || --mine->n_refs)
        return;
    mem_free(mine->name);
    mem_free(mine->text);
    mem_free(mine->lines);
    mem_free(mine);
}

void source_position(const source *s, uint32_t offset, uint32_t *ret_line, uint32_t *ret_column)
{
    uint32_t low = 0, high = s->n_lines; /* last line that begins at or before offset */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (s->lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    *ret_line = low + s->first_line;
    *ret_column = offset - s->lines[low];
}

const char *source_line(const source *s, uint32_t line, size_t *ret_n)
{
    uint32_t i = line - s->first_line;
    if (line < s->first_line || i >= s->n_lines) {
        *ret_n = 0;
        return "";
    }
    uint32_t end = i + 1 < s->n_lines ? s->lines[i + 1] - 1 : s->n_bytes;
    *ret_n = end - s->lines[i];
    if (*ret_n && s->text[s->lines[i] + *ret_n - 1] == '\r')
        --*ret_n;
    return s->text + s->lines[i];
}

range range_join(range a, range b)
{
    if (!a.src)
        return b;
    if (b.src == a.src) {
        a.begin = a.begin < b.begin ? a.begin : b.begin;
        a.end = a.end > b.end ? a.end : b.end;
    }
    return a;
}
