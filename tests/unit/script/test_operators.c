/* test_operators.c: precedence and literals, in both dialects. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/script/script_test.h"

#define USER(s, tree)    expect_expression(AST_USER, s, tree)
#define ARCHIVE(s, tree) expect_expression(AST_ARCHIVE, s, tree)

static void user_precedence_is_pythons(void **state)
{
    (void)state;
    USER("a + b * c - d", "(- (+ a (* b c)) d)");
    USER("a or b and not c or d", "(or a (and b (not c)) d)");
    USER("a < b <= c is not d not in e", "(compare a < b <= c is not d not in e)");
    USER("(a < b) < c", "(compare (compare a < b) < c)");
    USER("a | b ^ c & d << e", "(| a (^ b (& c (<< d e))))");
    USER("~a & b", "(& (invert a) b)");
    USER("not a == b", "(not (compare a == b))");
    USER("a @ b // c % d", "(% (// (@ a b) c) d)");
    USER("-a.b(c)[d]", "(neg (subscript (call (attribute a b) [c]) [d]))");
    USER("a if b else c if d else e", "(ternary b a (ternary d c e))");
    USER("a + not b", "1:5: 'not' binds looser than the operator before it; "
                      "put it in parentheses: (not ...)\n");
}

static void archive_precedence_is_the_archives(void **state)
{
    (void)state;
    ARCHIVE("a or b and c", "(and (or a b) c)");
    ARCHIVE("1 < 2 < 3", "(compare (compare 1 < 2) < 3)");
    ARCHIVE("~a & b", "(invert (& a b))");
    ARCHIVE("~a == b and c", "(and (invert (compare a == b)) c)");
    ARCHIVE("a * not b + c", "(* a (not (+ b c)))");
    ARCHIVE("-a * b", "(* (neg a) b)");
}

static void powers_lean_right_and_bind_tighter_than_minus(void **state)
{
    (void)state;
    USER("a ** b ** c", "(** a (** b c))");
    USER("-2 ** 2", "(neg (** 2 2))");
    USER("2 ** -1", "(** 2 -1)");
    USER("2 ** -1 ** 2 * 3", "(* (** 2 (neg (** 1 2))) 3)");
    ARCHIVE("-2 ** 2", "(neg (** 2 2))");
}

static void two_word_operators_take_any_blanks(void **state)
{
    (void)state;
    USER("x is  not None", "(compare x is not none)");
    USER("x not \t in y", "(compare x not in y)");
    USER("(x is\n not y)", "(compare x is not y)");
    USER("x is notes", "(compare x is notes)");
}

static void integers(void **state)
{
    (void)state;
    USER("[0, 00, 0x1F, 0b1011, 0o17, 1_000, 0xFF_ff]", "(list [0 0 31 11 15 1000 65535])");
    USER("-9223372036854775808", "-9223372036854775808");
    USER("9223372036854775807", "9223372036854775807");
    USER("9223372036854775808", "1:1: integer constant out of range\n");
    USER("-(9223372036854775808)", "1:3: integer constant out of range\n");
    USER("-9223372036854775808 ** 2", "1:2: integer constant out of range\n");
    USER("99999999999999999999", "1:1: integer constant out of range\n");
    USER("010", "1:1: an integer must not begin with 0; for octal write 0o\n");
    ARCHIVE("010", "8");
    USER("12abc", "1:1: malformed number\n");
    USER("1__0", "1:1: malformed number\n");
    USER("0b12", "1:1: malformed number\n");
    USER("1if x else 2", "(ternary x 1 2)");
}

static void floats(void **state)
{
    (void)state;
    USER("[1., .5, 1e3, 1E+2, 1_0.2_5, -1.5, 2j, 1.5J]",
         "(list [1.0 0.5 1e+03 1e+02 10.25 -1.5 2.0j 1.5j])");
    USER("1.5.real", "(attribute 1.5 real)");
    USER("x[1:2, ..., ::3]", "(subscript x [(slice 1 2 _) ellipsis (slice _ _ 3)])");
}

static void strings(void **state)
{
    (void)state;
    USER("'a' \"b\" '''c\n'd''' \"\"\"e\"\"\"", "\"abc\\n'de\"");
    USER("r'\\n' u'x' R\"\\\"\"", "\"\\\\nx\\\\\\\"\"");
    USER("'\\x41\\u00e9\\101\\t\\q\\\n!'", "\"A\xc3\xa9" "A\\u0009\\\\q!\"");
    USER("'\\0'", "\"\\u0000\"");
    USER("b'x'", "1:1: bytes literals aren't supported\n");
    USER("'\\x4'", "1:2: this escape needs more hexadecimal digits\n");
    USER("'\\ud800'", "1:2: this escape is no Unicode character\n");
    USER("'\\N{DASH}'", "1:2: this escape isn't supported\n");
    USER("ur'x'", "1:1: 'ur' is no string prefix\n");
    ARCHIVE("'a\\015\\r\\n\\\nb'", "\"a\\u000d\\u000d\\n\\nb\"");
    ARCHIVE("'\\q'", "1:2: this escape isn't supported\n");
    ARCHIVE("'\\1'", "1:2: ill formed octal escape: it has three digits, up to \\377\n");
}

static void format_strings(void **state)
{
    (void)state;
    USER("f'{a}-{b + 1}'", "(fstring [a \"-\" (+ b 1)])");
    USER("'x' f'{a}' 'y' 'z'", "(fstring [\"x\" a \"yz\"])");
    USER("f'{{}}\\n'", "(fstring [\"{}\\n\"])");
    USER("rf'\\d{x}'", "(fstring [\"\\\\d\" x])");
    USER("f'{d[\"k\"]:}'", "1:10: format specs in f-strings aren't supported\n");
    USER("f'{d[\"}\"]}{f\"{z}\"}'", "(fstring [(subscript d [\"}\"]) (fstring [z])])");
    USER("f'{a != b}'", "(fstring [(compare a != b)])");
    USER("f'''{\n a\n}'''", "(fstring [a])");
    USER("f'{a!r}'", "1:5: conversions ('!') in f-strings aren't supported\n");
    USER("f'{a=}'", "1:5: '=' in f-strings isn't supported\n");
    USER("f'{a'", "1:3: f-string: expected '}': this '{' was never closed\n");
    USER("f'}'", "1:3: f-string: a single '}' is not allowed; write '}}'\n");
    USER("f'{}'", "1:3: f-string: expected an expression inside '{}'\n");
    USER("f'{a b}'", "1:6: expected the end of the expression but found 'b'\n");
}

static void displays_and_calls(void **state)
{
    (void)state;
    USER("()", "(tuple [])");
    USER("(a,)", "(tuple [a])");
    USER("a, b", "(tuple [a b])");
    USER("{a: 1, b: 2,}", "(dict [a b] [1 2])");
    USER("[x for x in y]", "(list_comp x x y)");
    USER("{k: v for k, v in y}", "(dict_comp k v (tuple [k v]) y)");
    USER("sum(x for x in y)", "(call sum [(list_comp x x y)])");
    USER("f(a, *b, c=1,)", "(call f [a (star b) (keyword c 1)])");
    USER("f(a=1, 2)", "1:8: positional argument follows a keyword argument\n");
    USER("(a", "1:3: expected ',' or ')' but found the end of the expression\n");
    USER("", "1:1: expected an expression but found the end of the expression\n");
    ARCHIVE("__torch__.ns.fn(x, False, )",
            "(call (attribute (attribute __torch__ ns) fn) [x false])");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_precedence_is_pythons),
        cmocka_unit_test(archive_precedence_is_the_archives),
        cmocka_unit_test(powers_lean_right_and_bind_tighter_than_minus),
        cmocka_unit_test(two_word_operators_take_any_blanks),
        cmocka_unit_test(integers),
        cmocka_unit_test(floats),
        cmocka_unit_test(strings),
        cmocka_unit_test(format_strings),
        cmocka_unit_test(displays_and_calls),
    };
    return cmocka_run_group_tests_name("script/operators", tests, NULL, NULL);
}
