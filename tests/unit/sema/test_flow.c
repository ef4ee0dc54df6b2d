/* Scopes, joins, refinement, exits, loops, declarations: source text in, typed tree or diagnostics
 * out. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/sema.h"
#include "sema/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LONG = 10000 };

typedef struct checked {
    diag d;
    ir_unit *unit;
    text shown; /* the diagnostics */
} checked;

static void check(checked *k, const char *s)
{
    source *src = source_new("t.tjs", s, strlen(s));
    assert_non_null(src);
    diag_init(&k->d);
    ast *tree = ast_parse(src, AST_USER, &k->d);
    assert_non_null(tree);
    k->unit = sema_check(tree, NULL, &k->d);
    assert_non_null(k->unit);
    text_init(&k->shown, NULL);
    diag_print(&k->d, &k->shown, false);
    source_unref(src);
}

static void release(checked *k)
{
    text_fini(&k->shown);
    diag_fini(&k->d);
    ir_unit_unref(k->unit);
}

static void accepts(const char *s)
{
    checked k;
    check(&k, s);
    if (k.d.n_errors)
        fail_msg("not accepted:\n%s\n%s", s, k.shown.s);
    release(&k);
}

/* The first error stands on `line` and its message contains `part`. */
static void rejects(const char *s, uint32_t line, const char *part)
{
    checked k;
    check(&k, s);
    uint32_t at = 0, column = 0;
    if (!k.d.first)
        fail_msg("accepted:\n%s", s);
    source_position(k.d.first->at.src, k.d.first->at.begin, &at, &column);
    if (at != line || !strstr(k.d.first->message, part))
        fail_msg("expected line %u, '%s', got\n%s", line, part, k.shown.s);
    release(&k);
}

/* The typed tree of function f. */
static void becomes(const char *s, const char *tree)
{
    checked k;
    check(&k, s);
    text out;
    text_init(&out, NULL);
    ir_function *f = ir_unit_find_function(k.unit, "f");
    assert_non_null(f);
    ttree_print(f->tree, &out);
    assert_int_equal(k.d.n_errors, 0);
    assert_string_equal(out.s, tree);
    text_fini(&out);
    release(&k);
}

/* ---- joins ---- */

static void branches_share_the_outer_storage(void **state)
{
    (void)state;
    becomes("def f(b: bool) -> int:\n"
            "    x = 1\n"
            "    if b:\n"
            "        x = 2\n"
            "    return x\n",
            "def f(b.0 : bool) -> int:\n"
            "  x.1 : int = 1\n"
            "  if b.0:\n"
            "    x.1 : int = 2\n"
            "  return x.1\n");
}

static void branches_that_define_a_name_are_joined(void **state)
{
    (void)state;
    becomes("def f(b: bool):\n"
            "    if b:\n"
            "        x = 2\n"
            "    else:\n"
            "        x = None\n"
            "    return x\n",
            "def f(b.0 : bool) -> Optional[int]:\n"
            "  if b.0:\n"
            "    x.1 : int = 2\n"
            "    x.3 : Optional[int] = x.1\n"
            "  else:\n"
            "    x.2 : NoneType = None\n"
            "    x.3 : Optional[int] = x.2\n"
            "  return x.3\n");
}

static void a_branch_that_exits_does_not_count(void **state)
{
    (void)state;
    becomes("def f(x: Optional[int]) -> int:\n"
            "    if x is None:\n"
            "        return 0\n"
            "    return x\n",
            "def f(x.0 : Optional[int]) -> int:\n"
            "  if aten::__is__(x.0, None):\n"
            "    return 0\n"
            "  else:\n"
            "    x.1 : int = cast[int](x.0)\n"
            "  return x.1\n");
}

static void names_defined_on_one_path_are_explained(void **state)
{
    (void)state;
    rejects("def f(b: bool) -> int:\n    if b:\n        y = 1\n    return y\n", 4,
            "not defined in the false branch");
    rejects(
        "def f(b: bool) -> int:\n    if b:\n        pass\n    else:\n        y = 1\n    return y\n",
        6, "not defined in the true branch");
    rejects("def f(n: int) -> int:\n    for i in range(n):\n        y = i\n    return y\n", 4,
            "only inside the loop");
    rejects("def f(n: int) -> int:\n    y = n\n    del y\n    return y\n", 4, "was deleted");
    rejects("def f(b: bool):\n    if b:\n        y = 1\n    else:\n        y = 'a'\n    return y\n",
            6, "int in the true");
    accepts("def f(b: bool) -> int:\n    if b:\n        y = 1\n    else:\n        y = 'a'\n    "
            "return 1\n");
}

/* ---- assignment ---- */

static void loops_write_outer_variables_at_once(void **state)
{
    (void)state;
    becomes("def f(x: Optional[int], n: int) -> Optional[int]:\n"
            "    for i in range(n):\n"
            "        x = i\n"
            "        if i > 3:\n"
            "            continue\n"
            "    return x\n",
            "def f(x.0 : Optional[int], n.1 : int) -> Optional[int]:\n"
            "  .2 : int = n.1\n"
            "  for .2:\n"
            "    i.3 : int = loop_index\n"
            "    x.4 : int = i.3\n"
            "    x.0 : Optional[int] = x.4\n"
            "    if aten::gt.int(i.3, 3):\n"
            "      continue\n"
            "  return x.0\n");
}

static void types_change_only_in_the_same_block(void **state)
{
    (void)state;
    accepts("def f(n: int) -> str:\n    x = n\n    x = str(x)\n    return x\n");
    accepts("def f(t: Tensor, n: int) -> float:\n    x = 1.0\n    for i in range(n):\n        x = "
            "t\n    return x\n");
    rejects(
        "def f(n: int) -> int:\n    x = 0\n    for i in range(n):\n        x = 's'\n    return x\n",
        4, "had type int outside");
    rejects("def f(b: bool) -> int:\n    x = 0\n    if b:\n        x: int = 1\n    return x\n", 4,
            "outer block");
    rejects("def f(x: Tensor) -> int:\n    a: int = x.item()\n    return a\n", 2,
            "is declared int");
    rejects("def f(n: int) -> int:\n    r = range(n)\n    if n > 1:\n        r = 3\n    return n\n",
            4, "no value");
}

static void tuples_unpack(void **state)
{
    (void)state;
    accepts("def f(t: Tuple[int, int, str]) -> Tuple[int, str]:\n    a, *b = t\n    return b\n");
    accepts("def f(x: List[int]) -> int:\n    a, b = x\n    return a + b\n");
    rejects("def f(t: Tuple[int, int]) -> int:\n    a, b, c = t\n    return a\n", 2,
            "not enough values");
    rejects("def f(t: Tuple[int, int]) -> int:\n    *a, *b = t\n    return 1\n", 2,
            "only one target");
    rejects("def f(x: List[int]) -> int:\n    a, *b = x\n    return a\n", 2,
            "no target can be starred");
}

/* ---- refinement and static conditions ---- */

static void facts_hold_where_they_should(void **state)
{
    (void)state;
    accepts("def f(x: Optional[int]) -> int:\n    assert x is not None\n    return x\n");
    accepts("def f(x: Optional[int], y: Optional[int]) -> int:\n"
            "    if x is None or y is None:\n        return 0\n    return x + y\n");
    accepts("def f(x: Optional[int]) -> int:\n    if x is None:\n        x = 5\n    return x\n");
    accepts("def f(x: Union[int, str]) -> int:\n    if isinstance(x, str):\n        return 1\n    "
            "return x\n");
    rejects("def f(x: Optional[int], b: bool) -> int:\n    if x is not None or b:\n        return "
            "x\n    return 0\n",
            3, "declared to return int");
    rejects("def f(x: Optional[int]) -> int:\n    while x is not None:\n        return x\n    "
            "return 0\n",
            3, "Optional");
    rejects(
        "def f(v: List[Optional[int]]) -> int:\n    t = 0\n    for x in v:\n        if x is None:\n"
        "            continue\n        t = t + x\n    return t\n",
        6, "");
}

static void only_the_taken_branch_is_checked(void **state)
{
    (void)state;
    accepts("def f(x: int) -> int:\n    if isinstance(x, str):\n        return x.nonsense()\n    "
            "return x\n");
    accepts("def f(x: int) -> int:\n    if True:\n        y = 1\n    return y\n");
}

/* ---- returns, loops, with ---- */

static void returns_are_checked(void **state)
{
    (void)state;
    rejects("def f(n: int) -> int:\n    if n > 0:\n        return 1\n", 1,
            "does not return on every path");
    rejects("def f(n: int):\n    if n > 0:\n        return 1\n    return 'a'\n", 4,
            "returned int before");
    rejects("def f(n: int) -> str:\n    return n\n", 2, "declared to return str");
    accepts("def f(n: int) -> int:\n    raise ValueError('no')\n");
    accepts("def f(n: int) -> int:\n    return n\n    nonsense\n");
}

static void jumps_need_a_dynamic_loop(void **state)
{
    (void)state;
    rejects("def f(n: int) -> int:\n    break\n    return n\n", 2, "outside a loop");
    rejects("def f(n: int) -> int:\n    for x in (1, 2):\n        if n > x:\n            break\n   "
            " return n\n",
            4, "unrolled");
    accepts("def f(n: int) -> int:\n    for x in (1, 2):\n        while True:\n            break\n "
            "   return n\n");
}

static void with_enters_objects(void **state)
{
    (void)state;
    becomes("def f(x):\n    with torch.no_grad():\n        return x + 1\n",
            "def f(x.0 : Tensor) -> Tensor:\n"
            "  .1 : no_grad = new[no_grad]()\n"
            "  with .1:\n"
            "    return aten::add.Scalar(x.0, 1, 1)\n");
    rejects("def f(n: int) -> int:\n    with n:\n        return 1\n    return n\n", 2, "__enter__");
}

/* ---- declarations ---- */

static void recursion_is_found(void **state)
{
    (void)state;
    rejects("def f(n: int) -> int:\n    return g(n)\ndef g(n: int) -> int:\n    return f(n)\n", 4,
            "called recursively");
    rejects("def f(n: int):\n    return f(n)\n", 2, "called recursively");
}

static void defaults_are_constants(void **state)
{
    (void)state;
    accepts("def g(x: float = 1, y: Optional[int] = None, z: Tuple[int, int] = (1, -2)) -> "
            "float:\n    return x\n"
            "def f() -> float:\n    return g() + g(2.0, z=(3, 4))\n");
    rejects("def f(x: List[int] = []) -> int:\n    return 1\n", 1, "mutable");
    rejects("def f(x: int = 'a') -> int:\n    return 1\n", 1, "is declared int but is str");
    rejects("def f(x, y=2):\n    return x\n", 1, "is declared Tensor but is int");
}

static void classes_have_the_attributes_of_init(void **state)
{
    (void)state;
    accepts("class C:\n    n: Final[int]\n    def __init__(self, o: Optional[int]):\n        "
            "self.o: Optional[int] = o\n"
            "        self.n = 3\n    @property\n    def m(self) -> int:\n        return self.n\n   "
            " @m.setter\n"
            "    def m(self, v: int) -> None:\n        self.n = v\n"
            "def f() -> int:\n    c = C(None)\n    c.m = 4\n    c.o = 3\n    return c.m\n");
    rejects("class C:\n    def __init__(self):\n        self.x = 1\n    def g(self):\n        "
            "self.y = 2\n",
            5, "no attribute 'y'");
    rejects("class C:\n    def __init__(self, b: bool):\n        if b:\n            self.x = 1\n",
            4, "first inside a block");
    accepts("class C:\n    z = 3\n    def __init__(self):\n        pass\n");
    rejects("class C:\n    z = 3\n    def __init__(self):\n        self.y = self.z\n", 4,
            "'z' is a variable of class C");
}

static void annotations_have_many_spellings(void **state)
{
    (void)state;
    accepts("import typing\nfrom typing import List as L\n"
            "def f(a: 'L[int]', b: int | None, c: typing.Dict[str, torch.Tensor], d: "
            "list[tuple[int, str]]) -> int:\n"
            "    return 1 if b is None else b\n");
    rejects("def f(x: Foo) -> int:\n    return 1\n", 1, "unknown type 'Foo'");
    rejects("def f(x: List) -> int:\n    return 1\n", 1, "needs its types");
    rejects("def f(x: Dict[List[int], int]) -> int:\n    return 1\n", 1, "cannot have keys");
}

static void one_mistake_is_one_error(void **state)
{
    (void)state;
    checked k;
    check(&k,
          "def f(n: int) -> int:\n    x = nn1 + n\n    y = x.foo(1)\n    for z in y:\n        x = "
          "z + 1\n    return x\n"
          "def g(n: int) -> int:\n    return coutn(n)\ndef count(n: int) -> int:\n    return n\n");
    assert_int_equal(k.d.n_errors, 2);
    assert_non_null(strstr(k.shown.s, "did you mean 'count'"));
    release(&k);
}

/* ---- length ---- */

static void long_programs_are_no_deep_ones(void **state)
{
    (void)state;
    text s;
    text_init(&s, NULL);
    text_add(&s, "def f(x: int) -> int:\n    if x == 0:\n        v0 = 1\n");
    for (int i = 1; i < LONG; i++)
        text_addf(&s, "    elif x == %d:\n        v%d = x\n", i, i);
    for (int i = 0; i < LONG; i++)
        text_addf(&s, "    if x == %d:\n        return %d\n", i, i);
    text_add(&s, "    return x\n");
    accepts(s.s);
    text_clear(&s);
    for (int i = 0; i < LONG; i++)
        text_addf(&s, "def f%d(x: int) -> int:\n    return f%d(x)\n", i, i + 1);
    text_addf(&s, "def f%d(x: int) -> int:\n    return x\n", LONG);
    accepts(s.s);
    text_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_share_the_outer_storage),
        cmocka_unit_test(branches_that_define_a_name_are_joined),
        cmocka_unit_test(a_branch_that_exits_does_not_count),
        cmocka_unit_test(names_defined_on_one_path_are_explained),
        cmocka_unit_test(loops_write_outer_variables_at_once),
        cmocka_unit_test(types_change_only_in_the_same_block),
        cmocka_unit_test(tuples_unpack),
        cmocka_unit_test(facts_hold_where_they_should),
        cmocka_unit_test(only_the_taken_branch_is_checked),
        cmocka_unit_test(returns_are_checked),
        cmocka_unit_test(jumps_need_a_dynamic_loop),
        cmocka_unit_test(with_enters_objects),
        cmocka_unit_test(recursion_is_found),
        cmocka_unit_test(defaults_are_constants),
        cmocka_unit_test(classes_have_the_attributes_of_init),
        cmocka_unit_test(annotations_have_many_spellings),
        cmocka_unit_test(one_mistake_is_one_error),
        cmocka_unit_test(long_programs_are_no_deep_ones),
    };
    return cmocka_run_group_tests_name("sema/flow", tests, NULL, NULL);
}
