/* codegen/emit_text.c: text that remembers where each piece of it comes from. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit_internal.h"

#include <string.h>

void script_text_init(script_text *t, arena *a)
{
    *t = (script_text){ 0 };
    text_init(&t->code, a);
}

void script_text_fini(script_text *t)
{
    if (!t->code.arena)
        VEC_FINI(&t->ranges);
    text_fini(&t->code);
}

void script_text_clear(script_text *t)
{
    text_clear(&t->code);
    t->ranges.n = 0;
}

void script_text_cut(script_text *t, size_t n_bytes)
{
    if (n_bytes >= t->code.n)
        return;
    t->code.n = n_bytes;
    t->code.s[n_bytes] = 0;
    while (t->ranges.n && VEC_LAST(&t->ranges).offset >= n_bytes)
        t->ranges.n--;
}

static void mark_at(script_text *t, size_t offset, range at)
{
    const range *last = t->ranges.n ? &VEC_LAST(&t->ranges).at : NULL;
    if (last && last->src == at.src && last->begin == at.begin && last->end == at.end)
        return;
    if (!VEC_PUSH(&t->ranges, t->code.arena, ((script_range){ offset, at })))
        t->code.failed = true;
}

void script_mark(script_text *t, range at) { mark_at(t, t->code.n, at); }

void script_put_bytes(script_text *t, range at, const char *s, size_t n)
{
    if (!n)
        return;
    script_mark(t, at);
    text_add_bytes(&t->code, s, n);
}

void script_put(script_text *t, range at, const char *s)
{
    script_put_bytes(t, at, s, strlen(s));
}

void script_put_text(script_text *t, const script_text *piece)
{
    for (size_t i = 0; i < piece->ranges.n; i++)
        mark_at(t, t->code.n + piece->ranges.at[i].offset, piece->ranges.at[i].at);
    text_add_bytes(&t->code, piece->code.s, piece->code.n);
    t->code.failed |= piece->code.failed;
}
