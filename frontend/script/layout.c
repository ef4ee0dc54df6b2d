/* layout.c: line structure: NEWLINE, INDENT, DEDENT, and brackets.
 *
 * A stack of levels holds the widths of the open blocks, a stack of brackets decides whether a
 * newline counts. Both are watched for mistakes here, because only here it is known where a bracket
 * was opened: one that is never closed would otherwise swallow the file. A keyword that can only
 * begin a statement, first on its line inside a bracket, proves that the bracket was forgotten; we
 * then close all brackets and go on with that line. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "frontend/script/lexer.h"
#include "frontend/script/parser.h"
#include "script.tab.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TAB_COLUMNS = 8,
    MAX_AHEAD = 10000 /* tokens read to find out whether a bracket is closed */
};
static const uint32_t NO_ALIAS = UINT32_MAX;

void layout_init(layout *l, const source *src, uint32_t begin, uint32_t end, ast_dialect dialect,
                 bool is_expression, diag *d)
{
    memset(l, 0, sizeof *l);
    l->lexer = (lexer){.text = src->text, .at = begin, .limit = end, .dialect = dialect};
    if (begin == 0 && end >= 3 && memcmp(src->text, "\xef\xbb\xbf", 3) == 0)
        l->lexer.at = 3;
    l->src = src;
    l->diag = d;
    l->is_expression = is_expression;
    l->at_line_start = !is_expression;
    l->last_end = begin;
    l->n_levels = 1;
    l->levels[0].alias = NO_ALIAS;
}

diag_item *layout_error(layout *l, uint32_t begin, uint32_t end, const char *format, ...)
{
    va_list ap;
    char message[512];
    diag_item *it;

    if (l->diag == NULL || l->reported == l->line + 1)
        return NULL;
    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    l->reported = l->line + 1;
    l->diag->is_syntax = true;
    it = diag_error(l->diag, "syntax", (range){l->src, begin, end}, "%s", message);
    return it;
}

/* ---- indentation ---- */

static int layout_mark(layout *l, token *t, int kind)
{
    t->begin = t->end = l->last_end;
    return t->kind = kind;
}

/* Skip blank and comment lines; stop before the first token of a line, or at the end. */
static void layout_skip_blank(layout *l, uint32_t *ret_width, uint32_t *ret_tab1_width)
{
    const char *bytes = l->lexer.text;
    uint32_t at = l->lexer.at, limit = l->lexer.limit, width = 0, tab1 = 0;
    const bool is_user = l->lexer.dialect == AST_USER;

    for (; at < limit; at++) {
        char c = bytes[at];
        if (c == '\n') {
            width = tab1 = 0;
        } else if (c == '\t') {
            width = is_user ? (width / TAB_COLUMNS + 1) * TAB_COLUMNS : width + 1;
            tab1++;
        } else if (c == '\f' && is_user) {
            width = tab1 = 0;
        } else if (c == ' ' || c == '\f' || c == '\v') {
            width++, tab1++;
        } else if (c == '#' && !(l->was_def_line && limit - at > 7 &&
                                 memcmp(bytes + at, "# type:", 7) == 0)) {
            const char *end = memchr(bytes + at, '\n', limit - at);
            at = end != NULL ? (uint32_t)(end - bytes) - 1 : limit - 1;
        } else if (c != '\r') {
            break;
        }
    }
    l->lexer.at = at;
    *ret_width = width;
    *ret_tab1_width = tab1;
}

static int layout_indent(layout *l, token *t, uint32_t width, uint32_t tab1)
{
    if (l->n_levels == AST_MAX_NESTING) {
        layout_error(l, l->lexer.at, l->lexer.at + 1, "too deeply nested: more than %d blocks",
                     AST_MAX_NESTING);
        l->is_cut = true;
        l->lexer.limit = l->lexer.at;
        return 0;
    }
    l->levels[l->n_levels++] = (layout_level){width, tab1, NO_ALIAS};
    return layout_mark(l, t, T_INDENT);
}

static int layout_dedent(layout *l, token *t, uint32_t width)
{
    while (l->n_levels > 1 && l->levels[l->n_levels - 1].width > width &&
           l->levels[l->n_levels - 1].alias != width) {
        l->n_levels--;
        l->n_dedents++;
    }
    layout_level *level = &l->levels[l->n_levels - 1];
    if (level->width != width && level->alias != width) {
        layout_error(l, l->lexer.at - (width > 0), l->lexer.at + 1,
                     "unindent does not match any outer indentation level");
        level->alias = width;
    }
    if (l->n_dedents == 0)
        return 0;
    l->n_dedents--;
    return layout_mark(l, t, T_DEDENT);
}

/* `match` is a keyword only at the head of a block: `match x:`, not `match = 1` or `match(x)`. */
static bool layout_is_match(const layout *l, const char *word)
{
    const char *s = l->lexer.text + l->lexer.at, *limit = l->lexer.text + l->lexer.limit;
    size_t n = strlen(word);
    char last = 0;

    if (l->lexer.dialect != AST_USER || (size_t)(limit - s) <= n || memcmp(s, word, n) != 0)
        return false;
    s += n;
    if (*s != ' ' && *s != '(' && *s != '[' && *s != '"' && *s != '\'')
        return false;
    while (*s == ' ')
        s++;
    if (strchr("=.:,+/%|&^<>!;)", *s) != NULL)
        return false;
    for (; s < limit && *s != '\n' && *s != '#'; s++)
        if (*s != ' ' && *s != '\r' && *s != '\t')
            last = *s;
    return last == ':';
}

/* `match` and its `case` lines are an error token each: the parser skips them with their blocks. */
static bool layout_skip_match(layout *l, uint32_t width)
{
    if (l->in_match && width <= l->match_width)
        l->in_match = false;
    if (l->in_match && layout_is_match(l, "case")) {
        l->reported = l->line + 1;
        return true;
    }
    if (!layout_is_match(l, "match"))
        return false;
    if (!l->in_match)
        l->match_width = width;
    l->in_match = true;
    if (l->diag != NULL) {
        range at = {l->src, l->lexer.at, l->lexer.at + 5};
        l->diag->is_syntax = true;
        diag_error(l->diag, "unsupported-syntax", at, "'match' statements aren't supported");
    }
    l->reported = l->line + 1;
    return true;
}

/* @return the token that the start of this line is, 0 if none */
static int layout_begin_line(layout *l, token *t)
{
    uint32_t width, tab1;
    int kind = 0;

    layout_skip_blank(l, &width, &tab1);
    l->at_line_start = false;
    l->has_tokens = false;
    l->has_assign = false;
    l->last_kind = 0;
    if (l->lexer.at >= l->lexer.limit)
        width = tab1 = l->levels[0].width;
    else if (!l->has_base)
        l->levels[0] = (layout_level){width, tab1, NO_ALIAS};
    l->has_base = true;
    const layout_level *level = &l->levels[l->n_levels - 1];
    if (l->lexer.dialect == AST_USER && l->lexer.at < l->lexer.limit &&
        ((width > level->width) != (tab1 > level->tab1_width) ||
         (width == level->width) != (tab1 == level->tab1_width)) && width >= level->width)
        layout_error(l, l->lexer.at - 1, l->lexer.at,
                     "inconsistent use of tabs and spaces in indentation");
    if (width > level->width && width != level->alias)
        kind = layout_indent(l, t, width, tab1);
    else if (width < level->width)
        kind = layout_dedent(l, t, width);
    if (l->lexer.at < l->lexer.limit)
        l->want_bad = layout_skip_match(l, width);
    return kind;
}

void layout_reject_indent(layout *l)
{
    if (l->n_levels < 2)
        return;
    l->n_levels--;
    l->levels[l->n_levels - 1].alias = l->levels[l->n_levels].width;
}

/* ---- brackets ---- */

static bool layout_push(layout *l, const token *t)
{
    if (l->n_brackets < AST_MAX_NESTING) {
        l->brackets[l->n_brackets++] = (layout_bracket){(char)t->kind, t->begin};
        return true;
    }
    l->n_too_deep++;
    layout_error(l, t->begin, t->end, "too deeply nested: more than %d open brackets",
                 AST_MAX_NESTING);
    return false;
}

static bool layout_pop(layout *l, const token *t)
{
    if (l->n_too_deep > 0) {
        l->n_too_deep--;
        return true;
    }
    if (l->n_brackets == 0) {
        layout_error(l, t->begin, t->end, "unmatched '%c'", t->kind);
        return false;
    }
    layout_bracket open = l->brackets[--l->n_brackets];
    char wanted = open.open == '(' ? ')' : open.open == '[' ? ']' : '}';
    if (t->kind == wanted)
        return true;
    diag_item *it = layout_error(l, t->begin, t->end, "closing '%c' does not match opening '%c'",
                                 t->kind, open.open);
    if (it != NULL)
        diag_note(l->diag, it, (range){l->src, open.offset, open.offset + 1}, "opened here");
    return false;
}

static void layout_report_unclosed(layout *l)
{
    const layout_bracket *b = &l->brackets[l->n_brackets - 1];
    layout_error(l, b->offset, b->offset + 1, "'%c' was never closed", b->open);
}

static bool layout_is_statement_keyword(int kind)
{
    switch (kind) {
    case T_DEF: case T_CLASS: case T_RETURN: case T_WHILE: case T_PASS: case T_BREAK:
    case T_CONTINUE: case T_IMPORT: case T_WITH: case T_RAISE: case T_ASSERT: case T_DEL:
    case T_GLOBAL: case T_NONLOCAL: case T_TRY: case T_EXCEPT: case T_FINALLY: case T_ELIF:
        return true;
    default:
        return false;
    }
}

const layout_bracket *layout_unclosed(const layout *l)
{
    token t;
    bool is_fresh = false;

    if (l->n_brackets == 0 || l->is_expression)
        return NULL;
    lexer ahead = l->lexer;
    ahead.want_type_comment = false;
    int depth = l->n_brackets;
    for (int i = 0; i < MAX_AHEAD; i++) {
        int kind = lexer_next(&ahead, &t);
        if (kind == 0 || (is_fresh && layout_is_statement_keyword(kind)))
            return &l->brackets[l->n_brackets - 1];
        is_fresh = kind == T_NEWLINE;
        if (kind == '(' || kind == '[' || kind == '{')
            depth++;
        else if ((kind == ')' || kind == ']' || kind == '}') && --depth < l->n_brackets)
            return NULL;
    }
    return NULL;
}

/* ---- tokens ---- */

static bool layout_wants_type_comment(const layout *l)
{
    if (l->is_expression)
        return false;
    if (l->n_brackets > 0) /* after a parameter, on a line of its own */
        return l->is_def_line && l->n_brackets == 1 && !l->in_param_comment;
    if (!l->has_tokens)
        return l->was_def_line;
    return l->has_assign || (l->is_def_line && l->last_kind == ':');
}

/* The next raw token that counts: newlines inside brackets do not. ret_fresh: first on its line */
static int layout_raw(layout *l, token *t, bool *ret_fresh)
{
    *ret_fresh = false;
    if (l->has_ahead) {
        l->has_ahead = false;
        *t = l->ahead;
        return t->kind;
    }
    l->lexer.want_type_comment = layout_wants_type_comment(l);
    while (lexer_next(&l->lexer, t) == T_NEWLINE && (l->n_brackets > 0 || l->is_expression)) {
        if (l->in_param_comment) {
            l->in_param_comment = false;
            return t->kind = T_TYPE_COMMENT_END;
        }
        *ret_fresh = true;
    }
    if (t->kind == T_TYPE_COMMENT && l->n_brackets > 0)
        l->in_param_comment = true;
    return t->kind;
}

/* `is not` and `not in` are one token each, whatever stands between the words. */
static void layout_join_words(layout *l, token *t)
{
    bool is_fresh;
    int second = t->kind == T_IS ? T_NOT : T_IN;

    if (t->kind != T_IS && t->kind != T_NOT)
        return;
    layout_raw(l, &l->ahead, &is_fresh);
    if (l->ahead.kind != second) {
        l->has_ahead = true;
        return;
    }
    t->kind = t->kind == T_IS ? T_IS_NOT : T_NOT_IN;
    t->end = l->ahead.end;
}

/* End a statement whose brackets were forgotten: an error, then this line as a new one. */
static int layout_break_line(layout *l, token *t)
{
    const char *bytes = l->lexer.text;
    uint32_t at = t->begin;

    if (l->n_too_deep == 0)
        layout_report_unclosed(l);
    l->n_brackets = l->n_too_deep = 0;
    while (at > 0 && bytes[at - 1] != '\n')
        at--;
    l->lexer.at = at - 1; /* on the newline, which is to be seen */
    return t->kind = LEXER_BAD;
}

static int layout_end(layout *l, token *t)
{
    if (l->n_brackets > 0 && !l->is_expression) {
        if (l->n_too_deep == 0)
            layout_report_unclosed(l);
        l->n_brackets = l->n_too_deep = 0;
        return t->kind = LEXER_BAD;
    }
    if (l->has_tokens && !l->is_expression) {
        l->has_tokens = false;
        l->line++;
        l->newline_end = t->end;
        return t->kind = T_NEWLINE;
    }
    if (l->n_levels > 1) {
        l->n_levels--;
        return layout_mark(l, t, T_DEDENT);
    }
    return t->kind = 0;
}

static int layout_newline(layout *l, token *t)
{
    l->was_def_line = l->is_def_line;
    l->is_def_line = false;
    l->at_line_start = true;
    l->newline_end = t->end;
    l->line++;
    return t->kind;
}

static void layout_note_token(layout *l, const token *t)
{
    if (!l->has_tokens)
        l->is_def_line = t->kind == T_DEF;
    if (t->kind == '=' && l->n_brackets == 0)
        l->has_assign = true;
    l->has_tokens = true;
    l->last_kind = t->kind;
    l->last_end = t->end;
}

int layout_next(layout *l, token *t)
{
    bool is_fresh;

    for (;;) {
        if (l->n_dedents > 0) {
            l->n_dedents--;
            return layout_mark(l, t, T_DEDENT);
        }
        if (l->at_line_start && layout_begin_line(l, t) != 0)
            return t->kind;
        layout_raw(l, t, &is_fresh);
        if (t->kind != T_NEWLINE || l->has_tokens)
            break;
        l->at_line_start = true; /* a line of nothing but a joined newline */
    }
    if (t->kind == 0)
        return layout_end(l, t);
    if (t->kind == T_NEWLINE)
        return layout_newline(l, t);
    if (is_fresh && !l->is_expression && layout_is_statement_keyword(t->kind))
        return layout_break_line(l, t);
    layout_join_words(l, t);
    layout_note_token(l, t);
    if (l->want_bad) {
        l->want_bad = false;
        return t->kind = LEXER_BAD;
    }
    bool is_good = true;
    if (t->kind == '(' || t->kind == '[' || t->kind == '{')
        is_good = layout_push(l, t);
    else if (t->kind == ')' || t->kind == ']' || t->kind == '}')
        is_good = layout_pop(l, t);
    if (t->kind == LEXER_BAD) {
        layout_error(l, t->begin, t->end, "%s", t->problem);
        if (l->lexer.text[t->end] == '\n' && !l->is_expression)
            l->n_brackets = l->n_too_deep = 0; /* the string that did not end had them */
    }
    return is_good ? t->kind : (t->kind = LEXER_BAD);
}
