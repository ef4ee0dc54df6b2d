/* script.re: the raw tokens of both dialects (re2c).
 *
 * One rule per token; what needs more than a rule (the end of a string, what follows a number) is a
 * small function above. The text ends in a NUL, which is the sentinel: sources with NULs inside are
 * refused before. A slice of a text is read by its limit: no token starts at or beyond it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "frontend/script/lexer.h"
#include "frontend/script/parser.h"
#include "script.tab.h"

#include <string.h>

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Python lets a keyword stick to a number: `1if x else 2`. */
static bool is_number_follower(const char *s, size_t n)
{
    static const char *const words[] = {"and", "else", "for", "if", "in", "is", "not", "or"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == n && memcmp(words[i], s, n) == 0)
            return true;
    return false;
}

static int lex_number(lexer *l, token *t, int kind, const char *end)
{
    const char *word_end = end;
    while (is_word_byte(*word_end))
        word_end++;
    if (word_end > end && !is_number_follower(end, (size_t)(word_end - end))) {
        t->problem = "malformed number";
        t->end = (uint32_t)(word_end - l->text);
        return LEXER_BAD;
    }
    t->end = (uint32_t)(end - l->text);
    return kind;
}

/* s: behind the opening quote. Finds the closing one; newlines end all but triple quotes. */
static int lex_string(lexer *l, token *t, const char *s)
{
    const char *limit = l->text + l->limit;
    char quote = s[-1];
    bool is_triple = s[0] == quote && s[1] == quote;

    if (is_triple)
        s += 2;
    for (; s < limit && (is_triple || *s != '\n'); s++) {
        if (*s == '\\' && s + 1 < limit) {
            s += s[1] == '\r' && s[2] == '\n' ? 2 : 1;
        } else if (*s == quote && (!is_triple || (s[1] == quote && s[2] == quote))) {
            t->end = (uint32_t)(s + (is_triple ? 3 : 1) - l->text);
            return t->end <= l->limit ? T_STRING : LEXER_BAD;
        }
    }
    t->end = (uint32_t)((s < limit ? s : limit) - l->text);
    t->problem = is_triple ? "unterminated triple-quoted string" : "unterminated string";
    return LEXER_BAD;
}

static int lex_bad(lexer *l, token *t, const char *end, const char *problem)
{
    t->end = (uint32_t)(end - l->text);
    t->problem = problem;
    return LEXER_BAD;
}

/* A comment that is not to be skipped: `# type:` where it may stand, but not `# type: ignore`. */
static bool is_type_comment(const lexer *l, const char *s, const char *end)
{
    static const char prefix[] = "# type:";
    const size_t n = sizeof prefix - 1;

    if (!l->want_type_comment || (size_t)(end - s) < n || memcmp(s, prefix, n) != 0)
        return false;
    for (s += n; s < end && *s == ' '; s++) {
    }
    return (size_t)(end - s) < 6 || memcmp(s, "ignore", 6) != 0;
}

static int lex_token(lexer *l, token *t)
{
    const unsigned char *cursor = (const unsigned char *)l->text + l->at, *marker = cursor;
    const unsigned char *start;
    const bool is_user = l->dialect == AST_USER;

#define HERE        ((const char *)cursor)
#define TOKEN(k)    do { t->end = (uint32_t)(HERE - l->text); return (k); } while (0)
#define KEYWORD(k)  TOKEN(is_user ? (k) : T_NAME)   /* a keyword of Python, a name in archives */

again:
    start = cursor;
    t->begin = t->end = (uint32_t)(HERE - l->text);
    if (t->begin >= l->limit)
        return 0;
    /*!re2c
    re2c:define:YYCTYPE = "unsigned char";
    re2c:define:YYCURSOR = cursor;
    re2c:define:YYMARKER = marker;
    re2c:yyfill:enable = 0;
    re2c:indent:string = "    ";
    re2c:indent:top = 1;

    word     = [A-Za-z_] [A-Za-z0-9_]*;
    digits   = [0-9] ("_"? [0-9])*;
    exponent = [eE] [+-]? digits;
    fraction = digits "." digits? | "." digits;
    float    = fraction exponent? | digits exponent;
    int      = digits | "0" [xX] ("_"? [0-9a-fA-F])+ | "0" [oO] ("_"? [0-7])+
             | "0" [bB] ("_"? [01])+;
    prefix   = [bBrRuUfF] [bBrRuUfF]?;

    [ \t\v\f\r]+          { goto again; }
    "\\" "\r"? "\n"       { goto again; }
    "\\"                  {
        return lex_bad(l, t, HERE, *HERE == '\0' ? "unexpected end of file after '\\'"
                                                : "unexpected character after '\\'");
    }
    "#" [^\n\x00]*        {
        if (!is_type_comment(l, (const char *)start, HERE))
            goto again;
        cursor = start + strlen("# type:");
        TOKEN(T_TYPE_COMMENT);
    }
    "\n"                  { TOKEN(T_NEWLINE); }
    "\x00"                { cursor--; return 0; }

    prefix? ['"]          { return lex_string(l, t, HERE); }
    int                   { return lex_number(l, t, T_INT, HERE); }
    float                 { return lex_number(l, t, T_FLOAT, HERE); }
    (float | digits) [jJ] { return lex_number(l, t, T_IMAGINARY, HERE); }

    "and"      { TOKEN(T_AND); }       "as"       { TOKEN(T_AS); }
    "assert"   { TOKEN(T_ASSERT); }    "break"    { TOKEN(T_BREAK); }
    "class"    { TOKEN(T_CLASS); }     "continue" { TOKEN(T_CONTINUE); }
    "def"      { TOKEN(T_DEF); }       "del"      { TOKEN(T_DEL); }
    "elif"     { TOKEN(T_ELIF); }      "else"     { TOKEN(T_ELSE); }
    "False"    { TOKEN(T_FALSE); }     "for"      { TOKEN(T_FOR); }
    "from"     { TOKEN(T_FROM); }      "global"   { TOKEN(T_GLOBAL); }
    "if"       { TOKEN(T_IF); }        "import"   { TOKEN(T_IMPORT); }
    "in"       { TOKEN(T_IN); }        "is"       { TOKEN(T_IS); }
    "None"     { TOKEN(T_NONE); }      "not"      { TOKEN(T_NOT); }
    "or"       { TOKEN(T_OR); }        "pass"     { TOKEN(T_PASS); }
    "raise"    { TOKEN(T_RAISE); }     "return"   { TOKEN(T_RETURN); }
    "True"     { TOKEN(T_TRUE); }      "while"    { TOKEN(T_WHILE); }
    "with"     { TOKEN(T_WITH); }
    "async"    { KEYWORD(T_ASYNC); }   "await"    { KEYWORD(T_AWAIT); }
    "except"   { KEYWORD(T_EXCEPT); }  "finally"  { KEYWORD(T_FINALLY); }
    "lambda"   { KEYWORD(T_LAMBDA); }  "nonlocal" { KEYWORD(T_NONLOCAL); }
    "try"      { KEYWORD(T_TRY); }     "yield"    { KEYWORD(T_YIELD); }
    "Ellipsis" { TOKEN(is_user ? T_NAME : T_ELLIPSIS); }
    word       { TOKEN(T_NAME); }

    "..."  { TOKEN(T_ELLIPSIS); }      "->"  { TOKEN(T_ARROW); }
    ":="   { TOKEN(T_WALRUS); }        "**"  { TOKEN(T_POWER); }
    "//"   { TOKEN(T_FLOORDIV); }      "<<"  { TOKEN(T_LSHIFT); }
    ">>"   { TOKEN(T_RSHIFT); }        "<="  { TOKEN(T_LE); }
    ">="   { TOKEN(T_GE); }            "=="  { TOKEN(T_EQ); }
    "!="   { TOKEN(T_NE); }            "+="  { TOKEN(T_ADD_ASSIGN); }
    "-="   { TOKEN(T_SUB_ASSIGN); }    "*="  { TOKEN(T_MUL_ASSIGN); }
    "/="   { TOKEN(T_DIV_ASSIGN); }    "//=" { TOKEN(T_FLOORDIV_ASSIGN); }
    "%="   { TOKEN(T_MOD_ASSIGN); }    "@="  { TOKEN(T_MATMUL_ASSIGN); }
    "**="  { TOKEN(T_POWER_ASSIGN); }  "&="  { TOKEN(T_AND_ASSIGN); }
    "|="   { TOKEN(T_OR_ASSIGN); }     "^="  { TOKEN(T_XOR_ASSIGN); }
    "<<="  { TOKEN(T_LSHIFT_ASSIGN); } ">>=" { TOKEN(T_RSHIFT_ASSIGN); }
    [-+*/%@&|^~<>=.,:()[\]{}]  { TOKEN(*start); }
    ";"    {
        if (!is_user)
            return lex_bad(l, t, HERE, "';' does not separate statements in archive code");
        TOKEN(';');
    }
    [\x80-\xff]+ { return lex_bad(l, t, HERE, "names are made of ASCII letters, digits and '_'"); }
    *      { return lex_bad(l, t, HERE, "this character means nothing here"); }
    */
#undef HERE
#undef TOKEN
#undef KEYWORD
}

int lexer_next(lexer *l, token *t)
{
    t->problem = NULL;
    t->kind = lex_token(l, t);
    if (t->end > l->limit)
        t->end = l->limit;
    l->at = t->end;
    return t->kind;
}
