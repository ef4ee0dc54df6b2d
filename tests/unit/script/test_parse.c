/* test_parse.c: statements of both dialects, recovery, what isn't supported, size and depth. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/script/script_test.h"

static void statements(void **state)
{
    (void)state;
    expect("a = b = c\n", "(assign [a b] c _)\n");
    expect("a, *b = c\n", "(assign [(tuple [a (star b)])] c _)\n");
    expect("a: int = 1\nb: List[int]\n", "(ann_assign a int 1)\n(ann_assign b (subscript List [int]) _)\n");
    expect("x //= 2\n", "(aug_assign //= x 2)\n");
    expect("with a as b, c: pass\n", "(with [(with_item a b) (with_item c _)]\n  (pass))\n");
    expect("raise a from b\nassert a, b\ndel a[0], b\n",
           "(raise a b)\n(assert a b)\n(del [(subscript a [0]) b])\n");
    expect("import a.b as c, d\nfrom ..e import (f as g, h,)\nfrom i import *\n",
           "(import [(alias a.b c) (alias d _)])\n(import_from 2 e [(alias f g) (alias h _)])\n"
           "(import_from 0 i [(alias * _)])\n");
    expect("for i, x in y:\n  continue\n", "(for (tuple [i x]) y\n  (continue))\n");
}

static void definitions(void **state)
{
    (void)state;
    expect("@a.b\n@c(1)\ndef f(a, b: int = 1, *, c=2) -> int: return a\n",
           "(def f [(param a _ _) (param b int 1) (keyword_only c _ 2)] int\n  (return a)"
           " [(attribute a b) (call c [1])] _)\n");
    expect("class A(B):\n  '''doc'''\n  def m(self): pass\n",
           "(class A [B]\n  (expr_stmt \"doc\")\n  (def m [(param self _ _)] _\n    (pass) [] _) [])\n");
    expect("def f():\n  def g(): pass\n", "(def f [] _\n  (def g [] _\n    (pass) [] _) [] _)\n");
    expect("def f(a=1, b): pass\n", "1:12: parameter 'b' without a default follows one that has a default\n");
    expect("def f(a, a): pass\n", "1:10: duplicate parameter 'a'\n");
    expect("def f(*a, **b): pass\n", "(def f [(varargs a _ _) (kwargs b _ _)] _\n  (pass) [] _)\n");
    expect("@a\nx = 1\n", "1:1: expected 'def' or 'class' after a decorator\n");
}

static void archive_code(void **state)
{
    (void)state;
    expect_in(AST_ARCHIVE,
        "op_version_set = 1\nimport __torch__.x\n"
        "class Foo(Module):\n"
        "  __parameters__ = [\"weight\", ]\n"
        "  weight : Tensor\n"
        "  __annotations__ = []\n"
        "  __annotations__[\"0\"] = __torch__.Sub\n"
        "  K : Final[int] = 5\n"
        "  def forward(self: __torch__.Foo,\n"
        "    x: Tensor) -> Tensor:\n"
        "    a, b, = x\n"
        "    _1 = (_0).forward(x, )\n"
        "    return lambda\n",
        "(assign [op_version_set] 1 _)\n(import [(alias __torch__.x _)])\n"
        "(class Foo [Module]\n"
        "  (assign [__parameters__] (list [\"weight\"]) _)\n"
        "  (ann_assign weight Tensor _)\n"
        "  (assign [__annotations__] (list []) _)\n"
        "  (assign [(subscript __annotations__ [\"0\"])] (attribute __torch__ Sub) _)\n"
        "  (ann_assign K (subscript Final [int]) 5)\n"
        "  (def forward [(param self (attribute __torch__ Foo) _) (param x Tensor _)] Tensor\n"
        "    (assign [(tuple [a b])] x _)\n"
        "    (assign [_1] (call (attribute _0 forward) [x]) _)\n"
        "    (return lambda) [] _) [])\n");
    expect_in(AST_ARCHIVE, "a; b\n", "1:2: ';' does not separate statements in archive code\n");
}

static void each_mistake_is_one_message(void **state)
{
    (void)state;
    expect("def f(a b):\n  return 1\n"
           "def g():\n  x = 1 +\n  if x > > 3:\n    z = = 1\n  else:\n    w = 1\n"
           "class:\n  a = 3\n"
           "for x y in z:\n  q = 1 1\n",
           "1:9: expected ',' or ')' but found 'b'\n"
           "4:10: expected an expression but found newline\n"
           "5:10: expected an expression but found '>'\n"
           "6:9: expected an expression but found '='\n"
           "9:6: expected a name but found ':'\n"
           "11:7: expected 'in' but found 'y'\n"
           "12:9: expected newline but found '1'\n");
    expect("if a\n  b = = 1\nelse:\n  c\n",
           "1:5: expected ':' but found newline\n2:7: expected an expression but found '='\n");
    expect("x = 1\nelse:\n  y = 2\nz = 3\n", "2:1: 'else' without a matching 'if'\n");
}

static void targets(void **state)
{
    (void)state;
    expect("f(a) = 1\na + 1 = 2\n(a, 3) = 4\nNone = 1\na < b = 1\n",
           "1:1: cannot assign to a call\n2:1: cannot assign to an expression\n"
           "3:5: cannot assign to a literal\n4:1: cannot assign to a constant\n"
           "5:1: cannot assign to a comparison\n");
    expect("del f(a)\nfor f(x) in y: pass\nf(a): int = 1\n",
           "1:5: cannot delete a call\n2:5: cannot assign to a call\n3:1: cannot annotate a call\n");
}

static void unsupported_constructs_are_named(void **state)
{
    static const char *const cases[][2] = {
        {"try:\n  a\nexcept B as b:\n  c\nelse:\n  d\nfinally:\n  e\n",
         "1:1: 'try' statements aren't supported\n"},
        {"x = lambda a, *b, c=1: a\n", "1:5: 'lambda' expressions aren't supported\n"},
        {"yield x\n", "1:1: 'yield' expressions aren't supported\n"},
        {"x = yield\n", "1:5: 'yield' expressions aren't supported\n"},
        {"async def f():\n  pass\n", "1:1: 'async' functions aren't supported\n"},
        {"await x\n", "1:1: 'await' expressions aren't supported\n"},
        {"global a, b\n", "1:1: 'global' statements aren't supported\n"},
        {"nonlocal a\n", "1:1: 'nonlocal' statements aren't supported\n"},
        {"x = {1, 2}\n", "1:5: set literals aren't supported\n"},
        {"x = {y for y in z}\n", "1:5: set comprehensions aren't supported\n"},
        {"[x for x in y if z]\n", "1:15: 'if' in comprehensions isn't supported\n"},
        {"[x for x in y for y in z]\n",
         "1:15: comprehensions with more than one 'for' aren't supported\n"},
        {"x = {**a}\n", "1:6: '**' in dict literals isn't supported\n"},
        {"f(**a)\n", "1:3: '**' arguments aren't supported\n"},
        {"if (a := b) > 1: pass\n", "1:5: assignment expressions (':=') aren't supported\n"},
        {"for a in b:\n  c\nelse:\n  d\n", "1:1: 'else' on a 'for' loop isn't supported\n"},
        {"while b:\n  c\nelse:\n  d\n", "1:1: 'else' on a 'while' loop isn't supported\n"},
        {"def f():\n  if a:\n    class B: pass\n",
         "3:5: a class inside a function isn't supported\n"},
        {"def f():\n  import a\n", "2:3: 'import' inside a function isn't supported\n"},
        {"match x:\n  case [a, *b]:\n    c\n  case _:\n    d\n",
         "1:1: 'match' statements aren't supported\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i][0], cases[i][1]);
    expect("match = 1\nmatch(x)\n", "(assign [match] 1 _)\n(expr_stmt (call match [x]))\n");
}

static void expect_count(char *s, int n_errors, const char *message)
{
    assert_int_equal(count_errors(s, message), n_errors);
    mem_free(s);
}

static void long_chains_work(void **state)
{
    (void)state;
    expect_count(repeated("x = a", " + a", 10000, "\n"), 0, NULL);
    expect_count(repeated("x = a", " < a", 10000, "\n"), 0, NULL);
    expect_count(repeated("x = a", " and a", 10000, "\n"), 0, NULL);
    expect_count(repeated("x = a", " and b or c", 10000, "\n"), 0, NULL);
    expect_count(repeated("if a: b\n", "elif a: b\n", 10000, "else: c\n"), 0, NULL);
    expect_count(repeated("def f():\n", "  x = 1\n", 10000, ""), 0, NULL);
    expect_count(repeated("x = ", "'a' ", 10000, "\n"), 0, NULL);
    expect_count(repeated("x = '", "a", 1000000, "'\n"), 0, NULL);
    char *s = repeated("a", " + a", 10000, "\n");
    char *tree = parsed(s, strlen(s), AST_USER);
    assert_true(strlen(tree) > 40000);
    mem_free(tree);
    mem_free(s);
}

static char *nested_ifs(int n)
{
    text t;

    text_init(&t, NULL);
    for (int i = 0; i <= n; i++) {
        text_add_spaces(&t, (size_t)i);
        text_add(&t, i < n ? "if x:\n" : "pass\n");
    }
    return text_take(&t);
}

static char *nested_brackets(const char *open, const char *close, int n)
{
    char *left = repeated("x = ", open, n, "1");
    char *all = repeated(left, close, n, "\n");

    mem_free(left);
    return all;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    expect_count(nested_brackets("(", ")", 200), 0, NULL);
    expect_count(nested_brackets("[", "]", 200), 0, NULL);
    expect_count(nested_brackets("f(a=-", ")", 200), 0, NULL);
    expect_count(nested_ifs(200), 0, NULL);
    expect_count(nested_ifs(300), 1, "too deeply nested");
    expect_count(nested_brackets("(", ")", 100000), 1, "too deeply nested");
    expect_count(nested_brackets("(", "", 100000), 1, "too deeply nested");
    expect_count(repeated("x = ", "not ", 100000, "a\n"), 1, "too deeply nested");
    expect_count(repeated("x = a", " ** a", 10000, "\n"), 1, "too deeply nested");
    expect_count(repeated("x = a", ".b", 10000, "\n"), 1, "too deeply nested");
    expect_count(repeated("x = ", "a if b else ", 10000, "c\n"), 1, "too deeply nested");
    expect_count(repeated("x = ", "lambda: ", 100000, "c\n"), 1, "too deeply nested");
}

static void lack_of_memory_is_no_tree(void **state)
{
    static const char s[] = "def f(a, *, b=1):\n  x = f'{a}' + g(b)[1:2] < 3 and 4 or 1.5\n";

    (void)state;
    for (int n = 0;; n++) {
        source *src = source_new("test", s, sizeof s - 1);
        diag d;
        diag_init(&d);
        mem_fail_after(n);
        ast *t = ast_parse(src, AST_USER, &d);
        bool was_refused = mem_fail_seen();
        mem_fail_after(-1);
        ast_free(t);
        diag_fini(&d);
        source_unref(src);
        if (!was_refused)
            break;
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements),
        cmocka_unit_test(definitions),
        cmocka_unit_test(archive_code),
        cmocka_unit_test(each_mistake_is_one_message),
        cmocka_unit_test(targets),
        cmocka_unit_test(unsupported_constructs_are_named),
        cmocka_unit_test(long_chains_work),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(lack_of_memory_is_no_tree),
    };
    return cmocka_run_group_tests_name("script/parse", tests, NULL, NULL);
}
