/* test_layout.c: lines, blocks, brackets and bad bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/script/script_test.h"

#define X1 "(assign [x] 1 _)\n"

static void lines_end_join_and_vanish(void **state)
{
    (void)state;
    expect("x = 1", X1);
    expect("\n  # c\nx = 1 # d\n\n", X1);
    expect("x = \\\n  1\n", X1);
    expect("x = (\n\n 1 # one\n)\n", X1);
    expect("x = 1; x = 1;\n", X1 X1);
    expect("x = 1\r\nx = 1\r\n", X1 X1);
    expect("\xef\xbb\xbfx = 1\n", X1);
    expect("  x = 1\n  x = 1\n", X1 X1);
    expect("", "");
    expect("\n\n", "");
}

static void blocks(void **state)
{
    (void)state;
    expect("if a:\n  if b:\n    x = 1\nx = 1\n",
           "(if\n  (if_arm a\n    (if\n      (if_arm b\n        (assign [x] 1 _)))))\n" X1);
    expect("if a: x = 1\nelse: pass\n",
           "(if\n  (if_arm a\n    (assign [x] 1 _))\n  (else\n    (pass)))\n");
    expect("while a:\n\tx = 1\n", "(while a\n  (assign [x] 1 _))\n");
}

static void bad_indentation_is_one_message(void **state)
{
    (void)state;
    expect("x = 1\n  y = 2\n  z = 3\n", "2:3: unexpected indent\n");
    expect("if a:\n    b\n  c\n  d\ne\n", "3:2: unindent does not match any outer indentation level\n");
    expect("if a:\n\tb\n        c\n", "3:8: inconsistent use of tabs and spaces in indentation\n");
    expect("def f():\ndef g():\n  pass\n", "2:1: expected an indented block after ':'\n");
    expect("if a:", "1:6: expected an indented block after ':'\n");
}

static void brackets(void **state)
{
    (void)state;
    expect("x = (1 +\ndef f():\n  return = 2\n",
           "1:5: '(' was never closed\n3:10: expected an expression but found '='\n");
    expect("x = f(1,\n  2\ny = 3\n", "1:6: '(' was never closed\n");
    expect("x = [1, (2\n", "1:9: '(' was never closed\n");
    expect("x = [1\n 2]\n", "2:2: expected ',' or ']' but found '2'\n");
    expect("x = (1]\ny = 1)\n", "1:7: closing ']' does not match opening '('\n2:6: unmatched ')'\n");
    expect("f('abc\ny = = 1\n", "1:3: unterminated string\n2:5: expected an expression but found '='\n");
}

static void type_comments_stand_where_they_may(void **state)
{
    (void)state;
    expect("def f(a):\n  # type: (int) -> int\n  pass\n",
           "(def f [(param a _ _)] _\n  (pass) [] (type_comment [int] int))\n");
    expect("def f(a):  # type: (int) -> int\n  pass\n",
           "(def f [(param a _ _)] _\n  (pass) [] (type_comment [int] int))\n");
    expect("def f(\n  a,  # type: int\n  b=(1,\n     2),  # type: B[int, str]\n  c=1  # type: C\n):\n"
           "  # type: (...) -> int\n  pass\n",
           "(def f [(param a int _) (param b (subscript B [int str]) (tuple [1 2])) (param c C 1)] _\n"
           "  (pass) [] (type_comment [ellipsis] int))\n");
    expect("x = 1  # type: int\n", "(assign [x] 1 (type_comment [int] _))\n");
    expect("x = 1  # type: ignore\n# type: foo bar\nif x:  # type: q r\n  pass\n",
           X1 "(if\n  (if_arm x\n    (pass)))\n");
}

static void bytes_that_are_no_text(void **state)
{
    char *got;

    (void)state;
    got = parsed("x =\0 1\n", 7, AST_USER);
    assert_string_equal(got, "1:4: the source contains a NUL byte: it is not a text\n");
    mem_free(got);
    expect("x = '\xff'\n", "1:6: the source is not valid UTF-8\n");
    expect("x = '\xed\xa0\x80'\n", "1:6: the source is not valid UTF-8\n");
    expect("x = '\xc3\xa9' # \xe2\x82\xac\n", "(assign [x] \"\xc3\xa9\" _)\n");
    expect("\xc3\xa9 = 1\n", "1:1: names are made of ASCII letters, digits and '_'\n");
    expect_in(AST_ARCHIVE, "x = 1 # \xff\n", X1);
    expect("x = 1 $ 2\ny = 3 ? 4\n",
           "1:7: this character means nothing here\n2:7: this character means nothing here\n");
    expect("x = 1 \\ 2\n", "1:7: unexpected character after '\\'\n");
    expect("x = \"\"\"a\n\n", "1:5: unterminated triple-quoted string\n");
}

static void tokens_print(void **state)
{
    static const char s[] = "def f():\n  x = 1.5 is not \"\"\"a\nb\"\"\"\n";
    source *src = source_new("test", s, sizeof s - 1);
    text out;
    diag d;

    (void)state;
    diag_init(&d);
    text_init(&out, NULL);
    ast_print_tokens(src, AST_USER, &out, &d);
    assert_int_equal(d.n_errors, 0);
    assert_string_equal(out.s,
        "1:1 def\n1:5 name f\n1:6 (\n1:7 )\n1:8 :\n1:9 newline\n1:9 indent\n"
        "2:3 name x\n2:5 =\n2:7 float 1.5\n2:11 is not\n2:18 string \"\\\"\\\"\\\"a\\nb\\\"\\\"\\\"\"\n"
        "3:5 newline\n3:5 dedent\n");
    text_fini(&out);
    diag_fini(&d);
    source_unref(src);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_join_and_vanish),
        cmocka_unit_test(blocks),
        cmocka_unit_test(bad_indentation_is_one_message),
        cmocka_unit_test(brackets),
        cmocka_unit_test(type_comments_stand_where_they_may),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(tokens_print),
    };
    return cmocka_run_group_tests_name("script/layout", tests, NULL, NULL);
}
