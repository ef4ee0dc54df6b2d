/* sema/warn.c: see warn.h; the table of warnings and the sets that users ask for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/warn.h"

#include <string.h>

static const struct {
    const char *name, *description;
    bool is_on;
} warnings[] = {
#define WARNING(id, name, on, description) { name, description, on },
#include "sema/warnings.def"
};
_Static_assert(WARN__COUNT <= 32, "a set of warnings is a word");

const char *sema_warning_name(size_t i, const char **ret_description, bool *ret_is_on)
{
    if (i >= WARN__COUNT)
        return NULL;
    if (ret_description)
        *ret_description = warnings[i].description;
    if (ret_is_on)
        *ret_is_on = warnings[i].is_on;
    return warnings[i].name;
}

/* ---- sets ---- */

static uint32_t default_set(void)
{
    uint32_t set = 0;
    for (size_t i = 0; i < WARN__COUNT; i++)
        set |= (uint32_t)warnings[i].is_on << i;
    return set;
}

static bool is_word(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && !memcmp(s, word, n);
}

/* The warnings that one word of n bytes means; 0: none of that name. */
static uint32_t named_set(const char *s, size_t n)
{
    for (size_t i = 0; i < WARN__COUNT; i++)
        if (is_word(s, n, warnings[i].name))
            return 1u << i;
    return is_word(s, n, "all") ? (1u << WARN__COUNT) - 1 : 0;
}

bool sema_parse_warnings(const char *text_, uint32_t *ret, const char **ret_unknown)
{
    uint32_t set = default_set();
    for (const char *s = text_ ? text_ : ""; *s;) {
        size_t n = strcspn(s, ",");
        bool takes_away = n > 3 && !memcmp(s, "no-", 3);
        uint32_t named = takes_away ? named_set(s + 3, n - 3) : named_set(s, n);
        if (is_word(s, n, "none")) {
            set = 0;
        } else if (named) {
            set = takes_away ? set & ~named : set | named;
        } else if (n) {
            if (ret_unknown)
                *ret_unknown = s;
            return false;
        }
        s += s[n] ? n + 1 : n;
    }
    *ret = set;
    return true;
}

/* ---- giving them ---- */

diag_item *warn(checker *c, warning_id id, range at, const char *format, ...)
{
    if (!warn_is_on(c, id))
        return NULL;
    va_list ap;
    va_start(ap, format);
    const char *message = arena_vprintf(c->arena, format, ap);
    va_end(ap);
    return c->arena->failed ? NULL : diag_warning(c->d, warnings[id].name, at, "%s", message);
}

void ast_stack_push(void *stack, const ast_node *n)
{
    ast_stack *s = stack;
    VEC_PUSH(&s->nodes, s->a, n);
}

const ast_node *ast_stack_pop(ast_stack *s)
{
    return s->nodes.n && !s->a->failed ? s->nodes.at[--s->nodes.n] : NULL;
}

void warn_function(checker *c, const ir_function *fn, const ttree *t)
{
    warn_function_names(c, fn);
    warn_function_syntax(c, fn);
    warn_function_types(c, fn, t);
}
