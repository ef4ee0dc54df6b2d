/* tests/fuzz/mutate_source.c: a mutator that knows how TorchScript sources are built.
 *
 * Changed bytes mostly give syntax errors and never reach the checker. This one cuts a source into tokens, operands
 * (a name, literal or call with its balanced brackets and trailers) and blocks (a line with the deeper lines after
 * it), and replaces, wraps, repeats, drops and moves those; one change in eight is still blind to the language.
 * Crossing takes operands and blocks of one source into another. All choices follow from the seed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/mutate.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

typedef struct span { size_t begin, end; } span;

/* The source being changed: bytes, their number, the room they have, and the state of the choices. */
typedef struct subject {
    uint8_t *s;
    size_t n, cap;
    uint64_t random;
} subject;

static size_t below(subject *m, size_t n)
{
    const uint64_t random = next_random(&m->random);
    return n ? (size_t)(random % n) : 0;
}

#define PICK(m, list) (list)[below(m, sizeof(list) / sizeof *(list))]

/* ---- what sources are made of ---- */

static const char *const words[] = {
    "x", "y", "i", "n", "self", "None", "True", "False", "0", "1", "-1", "2.5", "1e400", "3j", "9223372036854775807",
    "\"a\"", "''", "f\"{x}\"", "[]", "{}", "()", "torch", "math", "int", "float", "bool", "str", "Tensor", "len",
    "range", "zip", "enumerate", "isinstance", "print", "list", "dict", "sorted", "torch.ones", "torch.relu",
    "torch.jit.annotate", "torch.jit.fork", "F.softmax", "math.pi", "Exception", "append", "...",
};
static const char *const operators[] = {
    "+", "-", "*", "/", "//", "%", "**", "@", "<<", ">>", "&", "|", "^", "==", "!=", "<", ">=", " is ", " is not ",
    " in ", " not in ", " and ", " or ", "=", "+=", "*=", ":", ",", ".",
};
static const char *const types[] = {
    "int", "float", "bool", "str", "complex", "Tensor", "None", "Any", "List[int]", "List[Tensor]", "Dict[str, int]",
    "Optional[int]", "Optional[Tensor]", "Tuple[int, str]", "Union[int, str, None]", "List[Optional[List[int]]]",
    "Dict[str, List[Tensor]]", "number", "Future[int]", "int | None", "Foo", "Callable[[int], int]",
};
/* % stands for the operand that is wrapped. */
static const char *const wrappers[] = {
    "(%)", "[%]", "[%, %]", "(%,)", "{\"k\": %}", "[v for v in %]", "[% for v in range(3) if v]", "{v: % for v in [1]}",
    "not %", "-%", "~%", "%[0]", "%[-1:]", "%[::2]", "%[None, ..., 0]", "%.append(%)", "%.items()", "len(%)", "str(%)",
    "int(%)", "float(%)", "(% if % is not None else %)", "(% and %)", "(% or %)", "(% < % < %)", "f\"{%}\"",
    "\"%\".format(%)", "torch.jit.annotate(List[int], %)", "isinstance(%, int)", "torch.add(%, alpha=%)", "max(%, %)",
    "*%", "sorted(%)", "range(%)", "enumerate(%)", "zip(%, %)", "torch.tensor(%)", "%.x", "%(%)", "f(%)",
};
/* Lines that open a block, with % for an operand. */
static const char *const headers[] = {
    "if %:", "if % is None:", "elif %:", "else:", "while %:", "while True:", "for i in range(%):", "for a, b in zip(%, %):",
    "for v in %:", "with torch.no_grad():", "def g():", "def h(a: int = %) -> int:", "class K:", "class E(Enum):",
    "class P(NamedTuple):", "@torch.jit.script", "try:",
};
static const char *const lines[] = {
    "return %", "return", "break", "continue", "pass", "raise ValueError(%)", "assert %, \"m\"", "x = %", "x: int = %",
    "x, *y = %", "x[0] = %", "x += %", "self.x = %", "del x", "print(%)", "x.append(%)", "import torch", "y = x = %",
};

/* ---- cutting ---- */

static bool is_in(uint8_t c, const char *set) { return c && strchr(set, c); }
static bool is_word(uint8_t c) { return isalnum(c) || c == '_' || c >= 0x80; }

static size_t token_end(const subject *m, size_t at)
{
    uint8_t c = m->s[at];
    size_t end = at + 1;
    if (is_word(c))
        while (end < m->n && (is_word(m->s[end]) || (isdigit(c) && m->s[end] == '.')))
            end++;
    else if (c == '"' || c == '\'')
        while (end < m->n && m->s[end] != '\n' && m->s[end++] != c)
            continue;
    else if (c == ' ')
        while (end < m->n && m->s[end] == ' ')
            end++;
    else if (ispunct(c) && end < m->n && m->s[end] == '=')
        end++;
    return end;
}

/* End of the bracket that opens at `at`, or the end of the source. */
static size_t bracket_end(const subject *m, size_t at)
{
    int depth = 0;
    for (size_t i = at; i < m->n; i = token_end(m, i)) {
        depth += is_in(m->s[i], "([{");
        if (is_in(m->s[i], ")]}") && --depth <= 0)
            return i + 1;
    }
    return m->n;
}

/* A random token that starts a name, number, string or bracket, with its trailers: x.y(1)[2]. Empty: none near. */
static span pick_operand(subject *m)
{
    size_t at = below(m, m->n);
    while (at > 0 && is_word(m->s[at - 1]) && is_word(m->s[at]))
        at--;
    while (at < m->n && !is_word(m->s[at]) && !is_in(m->s[at], "([{\"'"))
        at++;
    if (at >= m->n)
        return (span){ 0, 0 };
    size_t end = is_in(m->s[at], "([{") ? bracket_end(m, at) : token_end(m, at);
    for (size_t n = below(m, 4); n && end < m->n; n--) {
        if (m->s[end] == '(' || m->s[end] == '[')
            end = bracket_end(m, end);
        else if (m->s[end] == '.' && end + 1 < m->n && is_word(m->s[end + 1]))
            end = token_end(m, end + 1);
        else
            break;
    }
    return (span){ at, end };
}

static size_t line_begin(const subject *m, size_t at)
{
    while (at > 0 && m->s[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_end(const subject *m, size_t at)
{
    while (at < m->n && m->s[at] != '\n')
        at++;
    return at < m->n ? at + 1 : at;
}

static size_t indent_of(const subject *m, size_t at)
{
    size_t n = 0;
    while (at + n < m->n && m->s[at + n] == ' ')
        n++;
    return n;
}

/* A random line and the deeper lines that follow it. */
static span pick_block(subject *m)
{
    size_t begin = line_begin(m, below(m, m->n)), end = line_end(m, begin);
    size_t indent = indent_of(m, begin);
    while (end < m->n && indent_of(m, end) > indent && below(m, 64))
        end = line_end(m, end);
    return (span){ begin, end };
}

/* ---- changing ---- */

/* Put n bytes in place of a span; false: no room. `bytes` lies outside the subject. */
static bool replace(subject *m, span at, const void *bytes, size_t n)
{
    size_t removed = at.end - at.begin;
    if (m->n - removed + n > m->cap)
        return false;
    memmove(m->s + at.begin + n, m->s + at.end, m->n - at.end);
    memcpy(m->s + at.begin, bytes, n);
    m->n = m->n - removed + n;
    return true;
}

enum { PIECE_MOST = 2048 };
typedef struct piece { char s[PIECE_MOST]; size_t n; } piece;

static void add(piece *p, const void *s, size_t n)
{
    if (n > PIECE_MOST - p->n)
        n = PIECE_MOST - p->n;
    memcpy(p->s + p->n, s, n);
    p->n += n;
}

/* A template with each % replaced by the operand at `at`. */
static void fill(piece *p, const subject *m, const char *with, span at)
{
    for (; *with; with++) {
        if (*with == '%')
            add(p, m->s + at.begin, at.end - at.begin);
        else
            add(p, with, 1);
    }
}

static bool replace_word(subject *m)
{
    span at = pick_operand(m);
    const char *w = below(m, 3) ? PICK(m, words) : PICK(m, types);
    return replace(m, at, w, strlen(w));
}

static bool replace_operator(subject *m)
{
    size_t at = below(m, m->n);
    while (at < m->n && (!ispunct(m->s[at]) || is_in(m->s[at], "\"'_()[]{}")))
        at++;
    const char *w = PICK(m, operators);
    return at < m->n && replace(m, (span){ at, token_end(m, at) }, w, strlen(w));
}

static bool replace_annotation(subject *m)
{
    for (size_t at = below(m, m->n); at + 2 < m->n; at++) {
        if (m->s[at] != ':' || m->s[at + 1] != ' ')
            continue;
        size_t end = token_end(m, at + 2);
        if (end < m->n && m->s[end] == '[')
            end = bracket_end(m, end);
        const char *w = PICK(m, types);
        return replace(m, (span){ at + 2, end }, w, strlen(w));
    }
    return false;
}

static bool copy_operand(subject *m)
{
    span from = pick_operand(m);
    piece p = { .n = 0 };
    add(&p, m->s + from.begin, from.end - from.begin);
    return replace(m, pick_operand(m), p.s, p.n);
}

static bool wrap_operand(subject *m)
{
    span at = pick_operand(m);
    piece p = { .n = 0 };
    fill(&p, m, PICK(m, wrappers), at);
    return replace(m, at, p.s, p.n);
}

static bool drop_block(subject *m) { return replace(m, pick_block(m), "", 0); }

/* A copy of a block at another place, with that place's indentation for its first line's. */
static bool copy_block(subject *m)
{
    span from = pick_block(m);
    size_t to = line_begin(m, below(m, m->n));
    size_t had = indent_of(m, from.begin), has = indent_of(m, to);
    piece p = { .n = 0 };
    for (size_t at = from.begin; at < from.end; at = line_end(m, at)) {
        size_t end = line_end(m, at), indent = indent_of(m, at);
        size_t skip = indent < had ? indent : had;
        for (size_t i = 0; i < has; i++)
            add(&p, " ", 1);
        add(&p, m->s + at + skip, end - at - skip);
    }
    return replace(m, (span){ to, to }, p.s, p.n);
}

static bool wrap_block(subject *m)
{
    span at = pick_block(m);
    size_t indent = indent_of(m, at.begin);
    piece p = { .n = 0 };
    add(&p, m->s + at.begin, indent);
    fill(&p, m, PICK(m, headers), pick_operand(m));
    add(&p, "\n", 1);
    for (size_t line = at.begin; line < at.end; line = line_end(m, line)) {
        add(&p, "    ", 4);
        add(&p, m->s + line, line_end(m, line) - line);
    }
    return replace(m, at, p.s, p.n);
}

static bool add_line(subject *m)
{
    size_t to = line_begin(m, below(m, m->n));
    piece p = { .n = 0 };
    add(&p, m->s + to, indent_of(m, to));
    fill(&p, m, PICK(m, lines), pick_operand(m));
    add(&p, "\n", 1);
    return replace(m, (span){ to, to }, p.s, p.n);
}

static bool change_bytes(subject *m)
{
    m->n = LLVMFuzzerMutate(m->s, m->n, m->cap);
    return true;
}

static bool (*const changes[])(subject *) = {
    replace_word, replace_operator, replace_annotation, copy_operand, wrap_operand, drop_block,
    copy_block,   wrap_block,       add_line,           wrap_operand, replace_word, change_bytes,
};

size_t mutate_source(uint8_t *data, size_t n, size_t cap, unsigned seed)
{
    subject m = { data, n, cap, seed * 0x9e3779b97f4a7c15u | 1 };
    if (!n)
        return LLVMFuzzerMutate(data, n, cap);
    for (size_t left = 1 + below(&m, 4), tries = 16; left && tries && m.n; tries--)
        left -= PICK(&m, changes)(&m);
    return m.n;
}

size_t cross_sources(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b, uint8_t *out, size_t cap,
                     unsigned seed)
{
    if (!n_a || !n_b || n_a > cap)
        return 0;
    memcpy(out, a, n_a);
    subject to = { out, n_a, cap, seed * 0x9e3779b97f4a7c15u | 1 };
    subject from = { (uint8_t *)(uintptr_t)b, n_b, n_b, to.random ^ 0x5bd1e995 }; // only read
    bool is_block = below(&to, 2);
    span taken = is_block ? pick_block(&from) : pick_operand(&from);
    size_t at = line_begin(&to, below(&to, to.n));
    replace(&to, is_block ? (span){ at, at } : pick_operand(&to), b + taken.begin, taken.end - taken.begin);
    return to.n;
}
