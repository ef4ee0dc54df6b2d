/* frontend/script/outline.c: see outline.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "frontend/script/outline.h"

#include "base/alloc.h"

#include <string.h>

/* ---- pieces of Python text ---- */

typedef enum piece_kind {
    PIECE_END,
    PIECE_WORD,
    PIECE_STRING,
    PIECE_COMMENT,
    PIECE_NEWLINE,  /* one that no backslash takes back */
    PIECE_BYTE,     /* any other byte but blanks */
} piece_kind;

typedef struct piece {
    piece_kind kind;
    uint32_t begin, end;
} piece;

typedef struct scanner {
    const char *text;
    uint32_t at, limit;
} scanner;

static bool is_word_byte(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (unsigned char)c >= 0x80;
}

/* Behind the string that begins with the quote at `at`. One in single quotes ends with its line. */
static uint32_t skip_string(const scanner *s, uint32_t at)
{
    char quote = s->text[at];
    bool is_triple = at + 2 < s->limit && s->text[at + 1] == quote && s->text[at + 2] == quote;
    at += is_triple ? 3 : 1;
    for (; at < s->limit; at++) {
        if (s->text[at] == '\\')
            at++;
        else if (s->text[at] == '\n' && !is_triple)
            return at;
        else if (s->text[at] == quote && !is_triple)
            return at + 1;
        else if (s->text[at] == quote && at + 2 < s->limit && s->text[at + 1] == quote
                 && s->text[at + 2] == quote)
            return at + 3;
    }
    return s->limit;
}

static uint32_t skip_line_comment(const scanner *s, uint32_t at)
{
    while (at < s->limit && s->text[at] != '\n')
        at++;
    return at;
}

/* Blanks and line ends that a backslash takes back. */
static void skip_blanks(scanner *s)
{
    while (s->at < s->limit) {
        char c = s->text[s->at], next = s->at + 1 < s->limit ? s->text[s->at + 1] : 0;
        if (c == ' ' || c == '\t' || c == '\f' || c == '\r')
            s->at++;
        else if (c == '\\' && next == '\n')
            s->at += 2;
        else if (c == '\\' && next == '\r')
            s->at += 3;
        else
            break;
    }
    if (s->at > s->limit)
        s->at = s->limit;
}

static piece next_piece(scanner *s)
{
    skip_blanks(s);
    piece p = { .kind = PIECE_END, .begin = s->at, .end = s->at };
    if (s->at >= s->limit)
        return p;
    char c = s->text[s->at];
    if (c == '\n') {
        p.kind = PIECE_NEWLINE;
        p.end++;
    } else if (c == '#') {
        p.kind = PIECE_COMMENT;
        p.end = skip_line_comment(s, s->at);
    } else if (c == '"' || c == '\'') {
        p.kind = PIECE_STRING;
        p.end = skip_string(s, s->at);
    } else if (is_word_byte(c)) {
        p.kind = PIECE_WORD;
        while (p.end < s->limit && is_word_byte(s->text[p.end]))
            p.end++;
    } else {
        p.kind = PIECE_BYTE;
        p.end++;
    }
    s->at = p.end;
    return p;
}

static bool is_text(const char *s, piece p, const char *word)
{
    size_t n = strlen(word);
    return p.end - p.begin == n && !memcmp(s + p.begin, word, n);
}

/* ---- cutting ---- */

static bool continues_statement(const char *s, piece p)
{
    return is_text(s, p, "else") || is_text(s, p, "elif") || is_text(s, p, "except")
           || is_text(s, p, "finally");
}

static bool is_keyword(const char *s, piece p)
{
    static const char *const words[] = { "assert", "async", "await", "break", "continue", "del",   "elif",
                                         "else",   "except", "finally", "for", "global",  "if",    "lambda",
                                         "nonlocal", "not",  "pass", "raise",  "return",  "try",   "while",
                                         "with",   "yield",  "None", "True",   "False" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is_text(s, p, words[i]))
            return true;
    return false;
}

/* The name behind `def` or `class`. */
static const char *defined_name(outline *o, scanner *s)
{
    piece p = next_piece(s);
    return p.kind == PIECE_WORD ? arena_strndup(&o->arena, s->text + p.begin, p.end - p.begin) : NULL;
}

/* `name = …` and `name: T …`, but not `name == …`. */
static void classify_assign(outline *o, outline_item *it, piece word, scanner *s)
{
    piece p = next_piece(s);
    char c = p.kind == PIECE_BYTE ? s->text[p.begin] : 0;
    if ((c != '=' && c != ':') || s->text[p.end] == '=' || is_keyword(s->text, word))
        return;
    it->kind = OUTLINE_ASSIGN;
    it->name = arena_strndup(&o->arena, s->text + word.begin, word.end - word.begin);
}

/* What the first words behind the decorators say. */
static void classify(outline *o, outline_item *it)
{
    scanner s = { o->src->text, it->head, it->end };
    piece p = next_piece(&s);
    if (is_text(s.text, p, "async"))
        p = next_piece(&s);
    if (is_text(s.text, p, "def")) {
        it->kind = OUTLINE_DEF;
        it->name = defined_name(o, &s);
    } else if (is_text(s.text, p, "class")) {
        it->kind = OUTLINE_CLASS;
        it->name = defined_name(o, &s);
    } else if (is_text(s.text, p, "import") || is_text(s.text, p, "from")) {
        it->kind = OUTLINE_IMPORT;
    } else if (p.kind == PIECE_WORD) {
        classify_assign(o, it, p, &s);
    }
}

static void end_item(outline *o, uint32_t end)
{
    if (o->items.n) {
        VEC_LAST(&o->items).end = end;
        classify(o, &VEC_LAST(&o->items));
    }
}

/* A logical line begins at `first` in column 0: a new statement, or more of the one before. */
static void begin_line(outline *o, piece first, bool *in_decorators)
{
    const char *bytes = o->src->text;
    bool is_decorator = first.kind == PIECE_BYTE && bytes[first.begin] == '@';
    if (*in_decorators) {
        if (!is_decorator)
            VEC_LAST(&o->items).head = first.begin;
    } else if (!continues_statement(bytes, first) || !o->items.n) {
        end_item(o, first.begin);
        VEC_PUSH(&o->items, &o->arena, ((outline_item){ .begin = first.begin, .head = first.begin }));
    }
    *in_decorators = is_decorator && o->items.n;
}

static void cut(outline *o)
{
    scanner s = { o->src->text, 0, o->src->n_bytes };
    bool at_line_start = true, in_decorators = false;
    int depth = 0;
    for (piece p; (p = next_piece(&s)).kind != PIECE_END && !o->arena.failed;) {
        if (p.kind == PIECE_NEWLINE) {
            at_line_start = depth <= 0;
            continue;
        }
        if (p.kind == PIECE_COMMENT)
            continue;
        bool in_column_0 = p.begin == 0 || s.text[p.begin - 1] == '\n';
        if (at_line_start && in_column_0)
            begin_line(o, p, &in_decorators);
        at_line_start = false;
        if (p.kind == PIECE_BYTE && strchr("([{", s.text[p.begin]))
            depth++;
        else if (p.kind == PIECE_BYTE && strchr(")]}", s.text[p.begin]))
            depth--;
    }
    end_item(o, o->src->n_bytes);
}

/* ---- marks ---- */

/* A dotted path in the text, without blanks, cut off at 63 bytes. */
typedef struct dotted {
    char s[64];
    size_t n;
} dotted;

/* `first` is a word: read on as long as dots and words follow. s stands behind the path then. */
static dotted read_path(scanner *s, piece first)
{
    dotted d = { .n = 0 };
    for (piece p = first;;) {
        size_t n = p.end - p.begin;
        if (d.n + n < sizeof d.s) {
            memcpy(d.s + d.n, s->text + p.begin, n);
            d.n += n;
        }
        scanner ahead = *s;
        p = next_piece(&ahead);
        bool goes_on = p.kind == PIECE_WORD ? s->text[first.begin] == '.'
                                            : p.kind == PIECE_BYTE && s->text[p.begin] == '.';
        if (!goes_on)
            break;
        *s = ahead;
        first = p;
    }
    d.s[d.n] = 0;
    return d;
}

static const char *last_part(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

/* `from torch.jit import script` makes the bare name mean it. */
static bool imports_from_jit(const outline *o, const char *name)
{
    for (size_t i = 0; i < o->items.n; i++) {
        const outline_item *it = &o->items.at[i];
        if (it->kind != OUTLINE_IMPORT)
            continue;
        scanner s = { o->src->text, it->begin, it->end };
        bool from = is_text(s.text, next_piece(&s), "from");
        piece p = next_piece(&s);
        if (!from || p.kind != PIECE_WORD || strcmp(read_path(&s, p).s, "torch.jit"))
            continue;
        while ((p = next_piece(&s)).kind != PIECE_END)
            if (is_text(s.text, p, name))
                return true;
    }
    return false;
}

static bool is_jit_name(const outline *o, const char *path, const char *name)
{
    if (strcmp(last_part(path), name))
        return false;
    return !strcmp(path, name) ? imports_from_jit(o, name)
                               : strstr(path, "jit.") != NULL || strstr(path, "_jit_internal.") != NULL;
}

static void read_decorators(outline *o, outline_item *it)
{
    scanner s = { o->src->text, it->begin, it->head };
    for (piece p; (p = next_piece(&s)).kind != PIECE_END;) {
        if (p.kind != PIECE_BYTE || s.text[p.begin] != '@')
            continue;
        p = next_piece(&s);
        if (p.kind != PIECE_WORD)
            continue;
        dotted d = read_path(&s, p);
        static const char *const marks[] = { "script", "script_if_tracing", "_script_if_tracing", "interface" };
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
            it->is_marked |= is_jit_name(o, d.s, marks[i]);
        it->is_excluded |= is_jit_name(o, d.s, "unused") || is_jit_name(o, d.s, "ignore");
        it->is_interface |= is_jit_name(o, d.s, "interface");
        it->is_overload |= is_jit_name(o, d.s, "_overload");
    }
}

/* The bases of a class: does one look like nn.Module, or is it such a class of this file? */
static void read_bases(outline *o, outline_item *it)
{
    scanner s = { o->src->text, it->head, it->end };
    for (piece p; (p = next_piece(&s)).kind != PIECE_END;) {
        if (p.kind == PIECE_NEWLINE || (p.kind == PIECE_BYTE && s.text[p.begin] == ':'))
            return;
        if (p.kind != PIECE_WORD)
            continue;
        char name[64];
        size_t n = p.end - p.begin;
        if (n >= sizeof name)
            continue;
        memcpy(name, s.text + p.begin, n);
        name[n] = 0;
        const outline_item *base = outline_find(o, name);
        bool is_this = it->name && !strcmp(name, it->name);
        it->is_module |= !is_this && ((n >= 6 && !strcmp(name + n - 6, "Module")) || (base && base->is_module));
    }
}

/* torch.jit.script(f) in a statement that runs when the file does. */
static void read_calls(outline *o, const outline_item *it)
{
    scanner s = { o->src->text, it->begin, it->end };
    for (piece p; (p = next_piece(&s)).kind != PIECE_END;) {
        if (p.kind != PIECE_WORD || !is_jit_name(o, read_path(&s, p).s, "script"))
            continue;
        piece open = next_piece(&s), name = next_piece(&s), close = next_piece(&s);
        bool is_call = open.kind == PIECE_BYTE && s.text[open.begin] == '(' && name.kind == PIECE_WORD
                       && close.kind == PIECE_BYTE && strchr("),", s.text[close.begin]);
        const char *id = is_call ? arena_strndup(&o->arena, s.text + name.begin, name.end - name.begin) : NULL;
        outline_item *marked = id ? outline_find(o, id) : NULL;
        if (marked && (marked->kind == OUTLINE_DEF || marked->kind == OUTLINE_CLASS))
            marked->is_marked = true;
    }
}

static void read_marks(outline *o)
{
    for (size_t i = 0; i < o->items.n; i++) {
        outline_item *it = &o->items.at[i];
        if (it->kind == OUTLINE_DEF || it->kind == OUTLINE_CLASS)
            read_decorators(o, it);
        if (it->kind == OUTLINE_CLASS && !it->is_interface)
            read_bases(o, it);
    }
    for (size_t i = 0; i < o->items.n; i++)
        if (o->items.at[i].kind == OUTLINE_OTHER || o->items.at[i].kind == OUTLINE_ASSIGN)
            read_calls(o, &o->items.at[i]);
    for (size_t i = 0; i < o->items.n; i++) /* modules are not compiled from their class */
        o->items.at[i].is_marked &= !o->items.at[i].is_module;
}

/* ---- choosing ---- */

static void learn_names(outline *o)
{
    for (size_t i = 0; i < o->items.n && !o->arena.failed; i++) {
        outline_item *it = &o->items.at[i];
        if (it->name)
            o->arena.failed |= !strmap_set(&o->by_name, it->name, it);
        scanner s = { o->src->text, it->begin, it->end };
        bool is_loose = it->kind == OUTLINE_OTHER;
        for (piece p; (is_loose || it->kind == OUTLINE_IMPORT)
                      && (p = next_piece(&s)).kind != PIECE_END && !o->arena.failed;) {
            if (p.kind == PIECE_BYTE && s.text[p.begin] == '*')
                o->imports_all |= it->kind == OUTLINE_IMPORT;
            if (p.kind != PIECE_WORD || !is_loose)
                continue;
            const char *word = arena_strndup(&o->arena, s.text + p.begin, p.end - p.begin);
            o->arena.failed |= !word || !strmap_set(&o->loose, word, it);
        }
    }
}

/* Keep what `it` mentions, strings and all: they may be annotations. What is kept joins the queue. */
static void keep_mentioned(outline *o, const outline_item *it, outline_item **queue, size_t *n_queue)
{
    for (uint32_t at = it->begin; at < it->end;) {
        uint32_t end = at;
        while (end < it->end && is_word_byte(o->src->text[end]))
            end++;
        char name[128];
        if (end > at && end - at < sizeof name) {
            memcpy(name, o->src->text + at, end - at);
            name[end - at] = 0;
            outline_item *other = outline_find(o, name);
            if (other && !other->is_kept && !other->is_module && !other->is_overload) {
                other->is_kept = true;
                queue[(*n_queue)++] = other;
            }
        }
        at = end > at ? end : end + 1;
    }
}

static void choose(outline *o)
{
    outline_item **queue = ARENA_ARRAY(&o->arena, outline_item *, o->items.n + 1);
    size_t n = 0;
    for (size_t i = 0; queue && i < o->items.n; i++) {
        outline_item *it = &o->items.at[i];
        bool is_last = it->name && outline_find(o, it->name) == it;
        it->is_kept = it->kind == OUTLINE_IMPORT || (it->is_marked && is_last);
        if (it->is_kept && it->is_marked)
            queue[n++] = it;
    }
    for (size_t i = 0; i < n; i++)
        keep_mentioned(o, queue[i], queue, &n);
}

outline_item *outline_find(const outline *o, const char *name) { return strmap_find(&o->by_name, name); }

outline *outline_new(const source *src)
{
    outline *o = mem_calloc(1, sizeof *o);
    if (!o)
        return NULL;
    arena_init(&o->arena);
    strmap_init(&o->by_name, &o->arena);
    strmap_init(&o->loose, &o->arena);
    o->src = source_ref(src);
    cut(o);
    learn_names(o);
    if (!o->arena.failed)
        read_marks(o);
    if (!o->arena.failed)
        choose(o);
    if (!o->arena.failed)
        return o;
    outline_free(o);
    return NULL;
}

void outline_free(outline *o)
{
    if (!o)
        return;
    source_unref(o->src);
    arena_fini(&o->arena);
    mem_free(o);
}

/* ---- parsing ---- */

/* Behind the colon that ends a `def f(…):`. */
static uint32_t header_end(const outline *o, const outline_item *it)
{
    scanner s = { o->src->text, it->head, it->end };
    int depth = 0;
    for (piece p; (p = next_piece(&s)).kind != PIECE_END;) {
        char c = p.kind == PIECE_BYTE ? s.text[p.begin] : 0;
        if (c == ':' && depth == 0)
            return p.end;
        depth += c && strchr("([{", c) ? 1 : c && strchr(")]}", c) ? -1 : 0;
    }
    return it->end;
}

static void copy_kept(const outline *o, const outline_item *it, char *to)
{
    bool is_whole = !(it->is_excluded && it->kind == OUTLINE_DEF);
    uint32_t end = is_whole ? it->end : header_end(o, it);
    memcpy(to + it->begin, o->src->text + it->begin, end - it->begin);
    while (end < it->end && strchr(" \t\r\n", o->src->text[end]))
        end++;
    if (end < it->end)
        to[end] = '0'; /* a body that does nothing, where the body begins */
}

static source *kept_text(const outline *o)
{
    char *s = mem_alloc((size_t)o->src->n_bytes + 1);
    if (!s)
        return NULL;
    for (uint32_t i = 0; i < o->src->n_bytes; i++)
        s[i] = o->src->text[i] == '\n' ? '\n' : ' ';
    for (size_t i = 0; i < o->items.n; i++)
        if (o->items.at[i].is_kept)
            copy_kept(o, &o->items.at[i], s);
    source *src = source_new(o->src->name, s, o->src->n_bytes);
    mem_free(s);
    return src;
}

static outline_item *item_at(outline *o, uint32_t offset)
{
    size_t low = 0, high = o->items.n;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (o->items.at[middle].begin <= offset)
            low = middle;
        else
            high = middle;
    }
    return high ? &o->items.at[low] : NULL;
}

/* Take out what did not parse; errors of marked statements are reported. */
static bool drop_broken(outline *o, const diag *found, diag *d)
{
    bool dropped = false;
    for (const diag_item *e = found->first; e; e = e->next) {
        outline_item *it = item_at(o, e->at.begin);
        while (it && it > o->items.at && !it->is_kept && !it->problem)
            it--; /* what is missing is missed behind it */
        if (e->severity != DIAG_ERROR || !it)
            continue;
        if (it->is_marked) {
            diag_copy(d, e);
            d->is_syntax = true;
        }
        if (!it->problem)
            it->problem = arena_strdup(&o->arena, e->message);
        dropped |= it->is_kept;
        it->is_kept = false;
    }
    return dropped;
}

ast *outline_parse(outline *o, diag *d)
{
    for (;;) {
        diag found;
        diag_init(&found);
        source *src = kept_text(o);
        ast *tree = src ? ast_parse(src, AST_USER, &found) : NULL;
        source_unref(src);
        bool again = tree && drop_broken(o, &found, d) && !o->arena.failed;
        bool failed = !tree || o->arena.failed || found.arena.failed;
        diag_fini(&found);
        if (!again && !failed)
            return tree;
        ast_free(tree);
        if (failed)
            return NULL;
    }
}
