/* parse.c: runs the parser over a text: tokens in, tree and diagnostics out.
 *
 * script_lex() gives names and literals their values. A syntax error is reported here, unless its
 * line already has one or its real cause is a bracket that was never closed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "frontend/script/parser.h"
#include "script.tab.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_FSTRINGS = 8 }; /* f-strings within f-strings; Python's quotes end at four */

/* ---- what the grammar's actions call ---- */

ast_node *parser_keep(parser *p, const void *node, size_t n_bytes)
{
    ast_node *n = arena_alloc(p->arena, n_bytes);

    memcpy(n, node, n_bytes);
    n->depth = ast_depth(n);
    if (n->depth > AST_MAX_DEPTH) {
        /* what encloses the last one reported is the same mistake */
        range last = p->too_deep;
        if (last.src == NULL || n->at.begin > last.begin || n->at.end < last.end)
            parser_error(p, n->at, "too deeply nested");
        p->too_deep = n->at;
        n->kind = AST_error;
        n->depth = 1;
    }
    return n;
}

void nodes_add(parser *p, ast_nodes *list, ast_node *n)
{
    if ((list->n & (list->n - 1)) == 0) {
        size_t size = sizeof(ast_node *), cap = list->n == 0 ? 1 : 2 * list->n;
        ast_node **grown = arena_grow(p->arena, list->at, list->n * size, cap * size);
        if (grown == NULL || arena_failed(p->arena))
            return;
        list->at = grown;
    }
    list->at[list->n++] = n;
}

void nodes_join(parser *p, ast_nodes *list, ast_nodes tail)
{
    for (size_t i = 0; i < tail.n; i++)
        nodes_add(p, list, tail.at[i]);
}

ast_nodes nodes_of(parser *p, ast_node *n)
{
    ast_nodes list = {0};

    nodes_add(p, &list, n);
    return list;
}

const char *parser_intern(parser *p, const char *s, size_t n)
{
    const char *known = strmap_find_bytes(p->names, s, n);
    if (known != NULL)
        return known;
    char *copy = arena_strndup(p->arena, s, n);
    if (copy == NULL || arena_failed(p->arena))
        return "";
    if (!strmap_set(p->names, copy, copy))
        p->arena->failed = true;
    return copy;
}

void parser_error(parser *p, range at, const char *format, ...)
{
    char message[512];
    va_list ap;

    if (arena_failed(p->arena))
        return; /* the nodes that led here may be no nodes */
    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    p->diag->is_syntax = true;
    diag_error(p->diag, "syntax", at, "%s", message);
}

/* What to write instead, by how the message begins. */
static const char *way_out(const char *message)
{
    static const struct {
        const char *begin, *instead;
    } table[] = {
        { "'lambda'", "define a function with `def` beside this one and call it" },
        { "'try'", "exceptions cannot be caught: test for the condition before" },
        { "'yield'", "append to a list and return it" },
        { "'global'", "pass the value as an argument and return the new one" },
        { "'if' in compre", "write a loop with an `if` that appends" },
        { "comprehensions with", "write nested loops that append" },
        { "format specs", "leave it out, or round the number itself before" },
        { "conversions ('!')", "call str(…) on it" },
        { "set ", "the keys of a Dict[T, bool] are a set" },
        { "assignment expr", "assign in a statement of its own before" },
        { "'else' on a", "remember in a variable whether the loop was left by `break`" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strncmp(message, table[i].begin, strlen(table[i].begin)))
            return table[i].instead;
    return NULL;
}

ast_node *parser_unsupported(parser *p, range at, const char *format, ...)
{
    char message[256];
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    p->diag->is_syntax = true;
    diag_item *it = diag_error(p->diag, "unsupported-syntax", at, "%s", message);
    if (way_out(message))
        diag_note(p->diag, it, at, "%s", way_out(message));
    return NEW(p, error, at);
}

static bool is_left_to_python(const ast_def *def)
{
    for (size_t i = 0; i < def->decorators.n; i++) {
        const ast_node *n = def->decorators.at[i];
        if (n->kind == AST_call)
            n = AST_AS(call, n)->callee;
        const char *id = n->kind == AST_name        ? AST_AS(name, n)->id
                         : n->kind == AST_attribute ? AST_AS(attribute, n)->id
                                                    : "";
        if (!strcmp(id, "unused") || !strcmp(id, "ignore"))
            return true;
    }
    return false;
}

/* Does an error count that lies in the function at *ctx or outside it? */
static bool is_not_forgiven(void *ctx, const diag_item *it)
{
    const range *within = ctx;
    return it->at.src != within->src || it->at.begin < within->begin || it->at.end > within->end
           || strcmp(it->code, "unsupported-syntax") != 0;
}

void parser_forgive(parser *p, const ast_def *def)
{
    diag *d = p->diag;

    if (arena_failed(p->arena) || d->n_errors == 0 || !is_left_to_python(def))
        return;
    range within = def->node.at;
    diag_filter(d, is_not_forgiven, &within);
    d->is_syntax = p->was_syntax;
    for (const diag_item *it = d->first; it != NULL; it = it->next)
        d->is_syntax |= it->severity == DIAG_ERROR && it->at.src == p->src;
}

ast_node *parser_comprehension(parser *p, range at, ast_node *key, ast_node *item, ast_node *comp)
{
    if (comp->kind != AST_list_comp)
        return comp;
    ast_list_comp *c = AST_AS(list_comp, comp);
    if (key != NULL)
        return NEW(p, dict_comp, at, .key = key, .value = item, .target = c->target,
                   .iter = c->iter);
    return NEW(p, list_comp, at, .item = item, .target = c->target, .iter = c->iter);
}

/* ---- syntax errors ---- */

static void found_text(const parser *p, char *s, size_t size)
{
    const token *t = &p->token;
    const char *bytes = p->src->text + t->begin;
    int n = (int)(t->end - t->begin);

    if (t->kind == T_NAME || t->kind == T_INT || t->kind == T_FLOAT || t->kind == T_IMAGINARY)
        snprintf(s, size, "'%.*s%s'", n > 40 ? 40 : n, bytes, n > 40 ? "..." : "");
    else if (t->kind == T_STRING)
        snprintf(s, size, "a string");
    else
        snprintf(s, size, "%s", t->kind == 0 && p->layout.is_expression
                                    ? "the end of the expression" : script_token_name(t->kind));
}

static bool is_else_like(int kind)
{
    return kind == T_ELSE || kind == T_ELIF || kind == T_EXCEPT || kind == T_FINALLY;
}

void parser_syntax_error(parser *p, range at, const char *expected)
{
    layout *l = &p->layout;
    char found[64];
    uint32_t line = l->line;

    if (p->token.kind == T_NEWLINE)
        l->line--; /* a newline belongs to the line it ends */
    const layout_bracket *open = layout_unclosed(l);
    found_text(p, found, sizeof found);
    if (open != NULL)
        layout_error(l, open->offset, open->offset + 1, "'%c' was never closed", open->open);
    else if (p->token.kind == T_INDENT)
        layout_error(l, l->lexer.at, l->lexer.at + 1, "unexpected indent");
    else if (is_else_like(p->token.kind))
        layout_error(l, at.begin, at.end, "%s without a matching %s", found,
                     p->token.kind == T_EXCEPT || p->token.kind == T_FINALLY ? "'try'" : "'if'");
    else if (expected != NULL)
        layout_error(l, at.begin, at.end, "expected %s but found %s", expected, found);
    else
        layout_error(l, at.begin, at.end, "invalid syntax: unexpected %s", found);
    l->line = line;
    if (p->token.kind == T_INDENT)
        layout_reject_indent(l);
}

void parser_missing_block(parser *p, range found)
{
    if (!p->layout.is_cut)
        parser_error(p, found, "expected an indented block after ':'");
}

/* ---- tokens ---- */

int script_lex(SCRIPT_STYPE *value, span *at, parser *p)
{
    token *t = &p->token;

    if (p->start != 0) {
        int start = p->start;
        p->start = 0;
        return start;
    }
    if (arena_failed(p->arena) || p->diag->n_errors >= p->max_errors)
        return 0;
    int kind = layout_next(&p->layout, t);
    *at = span_of(t->begin, t->end);
    switch (kind) {
    case LEXER_BAD:
        return T_SCRIPT_error; /* recover, without another message */
    case T_NAME:
        value->id = parser_intern(p, p->src->text + t->begin, t->end - t->begin);
        break;
    case T_INT:
        value->node = literal_int(p, t);
        break;
    case T_FLOAT:
    case T_IMAGINARY:
        value->node = literal_float(p, t, kind == T_IMAGINARY);
        break;
    case T_STRING:
        value->node = literal_string(p, t);
        break;
    default:
        break;
    }
    return kind;
}

/* ---- whole texts ---- */

/* The length of the UTF-8 sequence at s, 0 if it is none, as are overlong forms, surrogates. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    static const struct { unsigned char low, high, second_low, second_high; size_t n; } forms[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (*s < forms[i].low || *s > forms[i].high || n < forms[i].n)
            continue;
        if (s[1] < forms[i].second_low || s[1] > forms[i].second_high)
            return 0;
        for (size_t k = 2; k < forms[i].n; k++)
            if (s[k] < 0x80 || s[k] > 0xBF)
                return 0;
        return forms[i].n;
    }
    return 0;
}

/* The first byte from k on that is not ASCII, or end. */
static size_t skip_ascii(const unsigned char *s, size_t k, size_t end)
{
    uint64_t word;
    for (; end - k >= sizeof word; k += sizeof word) {
        memcpy(&word, s + k, sizeof word);
        if (word & 0x8080808080808080u)
            break;
    }
    while (k < end && s[k] < 0x80)
        k++;
    return k;
}

/* A text that is none at all gets one message, not one per byte. Archives may hold other bytes in
 * strings and comments. */
static bool check_encoding(const source *src, ast_dialect dialect, diag *d)
{
    const unsigned char *s = (const unsigned char *)src->text;
    const char *problem = NULL;
    size_t i = 0;

    if (memchr(s, 0, src->n_bytes) != NULL) {
        problem = "the source contains a NUL byte: it is not a text";
        i = (size_t)((const unsigned char *)memchr(s, 0, src->n_bytes) - s);
    }
    if (dialect == AST_USER) {
        size_t end = problem != NULL ? i : src->n_bytes, k = 0;
        while ((k = skip_ascii(s, k, end)) < end) {
            size_t n = utf8_length(s + k, end - k);
            if (n == 0) {
                problem = "the source is not valid UTF-8";
                i = k;
                break;
            }
            k += n;
        }
    }
    if (problem == NULL)
        return true;
    d->is_syntax = true;
    diag_error(d, "encoding", (range){src, (uint32_t)i, (uint32_t)i + 1}, "%s", problem);
    return false;
}

static void run(parser *p)
{
    if (p->is_quick)
        script_quick_parse(p);
    else
        script_parse(p);
}

/* Read the text into t, which is empty. */
static void read_text(ast *t, int start, bool is_quick, diag *d, ast_node **ret)
{
    strmap names;
    parser p = {.tree = t, .arena = &t->arena, .src = t->src, .dialect = t->dialect, .diag = d,
                .names = &names, .start = start, .was_syntax = d->is_syntax, .is_quick = is_quick,
                .max_errors = is_quick ? 1 : DIAG_MAX};

    strmap_init(&names, NULL);
    layout_init(&p.layout, t->src, 0, t->src->n_bytes, t->dialect, start == T_START_EXPRESSION, d);
    run(&p);
    chains_fini(&p);
    strmap_fini(&names);
    if (p.c_locale != (locale_t)0)
        freelocale(p.c_locale);
    if (ret != NULL)
        *ret = p.result;
}

/* The quick parser; false: there is an error, nothing was reported and t is empty. */
static bool read_quickly(ast *t, int start, ast_node **ret)
{
    diag unused;

    diag_init(&unused);
    read_text(t, start, true, &unused, ret);
    bool good = unused.n_errors == 0;
    diag_fini(&unused);
    if (!good && !arena_failed(&t->arena)) {
        arena_fini(&t->arena);
        t->body = (ast_nodes){0};
    }
    return good || arena_failed(&t->arena);
}

static ast *parse(const source *src, ast_dialect dialect, diag *d, int start, ast_node **ret)
{
    ast *t = mem_calloc(1, sizeof *t);

    if (t == NULL)
        return NULL;
    arena_init(&t->arena);
    t->src = source_ref(src);
    t->dialect = dialect;
    if (check_encoding(src, dialect, d) && !read_quickly(t, start, ret))
        read_text(t, start, false, d, ret);
    if (arena_failed(&t->arena)) {
        ast_free(t);
        return NULL;
    }
    return t;
}

ast *ast_parse(const source *src, ast_dialect dialect, diag *d)
{
    return parse(src, dialect, d, T_START_UNIT, NULL);
}

ast *ast_parse_expression(const source *src, ast_dialect dialect, diag *d, ast_node **ret)
{
    *ret = NULL;
    return parse(src, dialect, d, T_START_EXPRESSION, ret);
}

ast_node *parser_subexpression(parser *p, uint32_t begin, uint32_t end)
{
    if (p->n_fstrings == MAX_FSTRINGS) {
        parser_error(p, (range){p->src, begin, end}, "f-strings are nested too deeply");
        return NULL;
    }
    parser *inner = mem_alloc(sizeof *inner); /* not on the C stack: it holds the bracket stack */
    if (inner == NULL) {
        p->arena->failed = true;
        return NULL;
    }
    *inner = *p;
    inner->start = T_START_EXPRESSION;
    inner->min_int = NULL;
    inner->result = NULL;
    inner->n_fstrings++;
    layout_init(&inner->layout, p->src, begin, end, p->dialect, true, p->diag);
    run(inner);
    ast_node *n = inner->result;
    if (inner->layout.reported != 0)
        p->layout.reported = p->layout.line + 1;
    p->c_locale = inner->c_locale;
    p->chains = inner->chains;
    p->spare = inner->spare;
    mem_free(inner);
    return n;
}

void ast_free(ast *t)
{
    if (t == NULL)
        return;
    arena_fini(&t->arena);
    source_unref(t->src);
    mem_free(t);
}

void ast_print_tokens(const source *src, ast_dialect dialect, text *out, diag *d)
{
    layout *l;
    token t;

    if (!check_encoding(src, dialect, d))
        return;
    l = mem_alloc(sizeof *l);
    if (l == NULL) {
        out->failed = true;
        return;
    }
    layout_init(l, src, 0, src->n_bytes, dialect, false, d);
    while (layout_next(l, &t) != 0) {
        uint32_t line, column;
        source_position(src, t.begin, &line, &column);
        const char *name = t.kind == LEXER_BAD ? "error" : script_token_name(t.kind);
        size_t n = strlen(name);
        text_addf(out, "%u:%u ", line, column + 1);
        if (n > 2 && name[0] == '\'')
            text_add_bytes(out, name + 1, n - 2);
        else
            text_add(out, name);
        if (t.kind == T_NAME || t.kind == T_INT || t.kind == T_FLOAT || t.kind == T_IMAGINARY ||
            t.kind == T_STRING || t.kind == LEXER_BAD) {
            text_add_char(out, ' ');
            if (memchr(src->text + t.begin, '\n', t.end - t.begin) != NULL)
                text_add_json(out, src->text + t.begin, t.end - t.begin);
            else
                text_add_bytes(out, src->text + t.begin, t.end - t.begin);
        }
        text_add_char(out, '\n');
    }
    mem_free(l);
}
