/* Expressions, calls and conditions: what they become in the typed tree, and what is said when they are wrong. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sema/sema.h"
#include "sema/tree.h"

/* The typed trees of all functions of a source, or its diagnostics if it has errors. */
static void check_source_text(const char *program, text *out)
{
    source *s = source_new("t.tjs", program, strlen(program));
    diag d;
    diag_init(&d);
    sema_options o = { 0 };
    ir_unit *u = sema_check(ast_parse(s, AST_USER, &d), &o, &d);
    text_init(out, NULL);
    if (d.n_errors)
        diag_print(&d, out, false);
    for (size_t i = 0; u && !d.n_errors && i < u->functions.n; i++) {
        const ir_function *fn = u->functions.entries[i].value;
        ttree_print(fn->tree, out);
    }
    ir_unit_unref(u);
    diag_fini(&d);
    source_unref(s);
}

/* A function `def f(<params>): return <expression>` and a text its tree (or its errors) must hold. */
typedef struct row { const char *params, *expression, *holds; } row;

static void check_rows(const row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char program[512];
        snprintf(program, sizeof program, "def f(%s):\n    return %s\n", rows[i].params, rows[i].expression);
        text out;
        check_source_text(program, &out);
        if (!strstr(out.s, rows[i].holds))
            fail_msg("%s\nhas no `%s` in:\n%s", program, rows[i].holds, out.s);
        text_fini(&out);
    }
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof *rows)

static void chooses_operators_by_operand_types(void **state)
{
    static const row rows[] = {
        { "a: int, b: int", "a + b", "aten::add.int(" },
        { "a: int, b: float", "a + b", "aten::add.int_float(" },
        { "a: int, b: int", "a / b", "aten::div.int(" },
        { "s: str, b: str", "s + b", "aten::add.str(" },
        { "s: str, n: int", "s % n", "aten::percentFormat(" },
        { "xs: List[int], n: int", "xs * n", "aten::mul.left_t(" },
        { "x: Tensor, y: Tensor", "x + y", "aten::add.Tensor(x.0, y.1, 1)" },
        { "x: Tensor", "2 + x", "aten::add.Scalar(x.0, 2, 1)" },
        { "x: Tensor", "3 - x", "aten::add.Scalar(aten::neg(x.0), 3, 1)" },
        { "x: Tensor", "4 / x", "aten::mul.Scalar(aten::reciprocal(x.0), 4)" },
        { "x: Tensor", "5 > x", "aten::lt.Scalar(x.0, 5)" },
        { "x: Tensor", "2 ** x", "aten::pow.Scalar(2, x.0)" },
        { "x: Tensor", "x // 2", "aten::floor_divide.Scalar(x.0, 2)" },
        { "a: bool, b: bool", "a is b", "aten::eq.bool(" },
        { "a: int, b: int, c: int", "a < b < c", "if(aten::lt.int(a.0, b.1), aten::lt.int(b.1, c.2), False)" },
        { "s: str", "'a' in s", "aten::ne.int(aten::find(" },
    };
    (void)state;
    CHECK_ROWS(rows);
}

static void resolves_overloads(void **state)
{
    static const row rows[] = {
        { "x: Tensor", "torch.zeros(2, 3)", "aten::zeros(list(2, 3), None, None, None, None)" },
        { "x: Tensor", "x.view(-1, 2)", "aten::view(x.0, list(-1, 2))" },
        { "x: Tensor", "x.sum(0)", "aten::sum.dim_IntList(x.0, list(0), False, None)" },
        { "x: Tensor", "torch.sum(input=x)", "aten::sum(x.0, None)" },
        { "x: Tensor", "x.max(0).indices", "aten::max.dim(x.0, 0, False)" },
        { "x: Tensor", "x.float()", "aten::to.dtype(x.0, 6, False, False, None)" },
        { "x: Tensor", "x.to('cpu')", "aten::device" },
        { "x: Tensor", "x.item() + 1", "aten::add(aten::item(x.0), 1)" },
        { "n: int", "min(1, n, 3)", "prim::min.self_int(list(1, n.0, 3))" },
        { "x: Tensor, n: int", "math.sqrt(n)", "aten::sqrt.int(n.1)" },
        { "d: Dict[str, int]", "d.get('a', 1)", "aten::get.default_str(d.0, \"a\", 1)" },
    };
    (void)state;
    CHECK_ROWS(rows);
}

static void indexes(void **state)
{
    static const row rows[] = {
        { "x: Tensor, i: int", "x[i, None, ..., 1:3]",
          "aten::slice.Tensor(aten::unsqueeze(aten::select.int(x.0, 0, i.1), 0), -1, 1, 3, 1)" },
        { "x: Tensor, m: Tensor", "x[1:, m]",
          "aten::index.Tensor(aten::slice.Tensor(x.0, 0, 1, None, 1), list(None, m.1))" },
        { "x: Tensor", "x[[0, 1]]", "aten::tensor(list(0, 1), 4, None, False)" },
        { "xs: List[int]", "xs[1:]", "aten::slice.t(xs.0, 1, None, 1)" },
        { "d: Dict[str, int]", "d['a']", "aten::__getitem__.Dict_str(d.0, \"a\")" },
        { "t: Tuple[int, str]", "t[-1]", "item[1](t.0)" },
    };
    (void)state;
    CHECK_ROWS(rows);
}

static void refines_and_decides_conditions(void **state)
{
    static const row rows[] = {
        { "x: Optional[int]", "x + 1 if x is not None else 0", "cast[int](x.0)" },
        { "x: Optional[int]", "x is not None and x > 2", "cast[int](x.0)" },
        { "x: int", "1 if x is None else 'a'", "return \"a\"" },
        { "x: int", "isinstance(x, int)", "return True" },
        { "x: Union[int, str]", "isinstance(x, int)", "isinstance" },
        { "xs: List[int]", "1 if xs else 2", "aten::gt.int(aten::len.t(xs.0), 0)" },
    };
    (void)state;
    CHECK_ROWS(rows);
}

static void says_what_is_wrong(void **state)
{
    static const row rows[] = {
        { "x: Tensor, a: Optional[int]", "torch.softmax(x, a)",
          "argument 'dim' of aten::softmax must be int, not Optional[int]" },
        { "x: Tensor, a: Optional[int]", "torch.softmax(x, a)", "test it first: `if a is not None:`" },
        { "x: Tensor", "torch.dropout(x, 0, False)", "argument 'p' of aten::dropout must be float, not int" },
        { "x: Tensor", "torch.rellu(x)", "did you mean 'torch.relu'?" },
        { "x: Tensor", "x.sume()", "did you mean 'sum'?" },
        { "x: Tensor, b: bool", "x + b", "unsupported operand types for +: Tensor and bool" },
        { "x: Tensor", "x.tolist()", "Expected type hint for result of tolist()" },
        { "x: Tensor", "x['a']", "indexing tensor with unsupported index type 'str'" },
        { "t: Tuple[int, str]", "t[2]", "Tuple index out of range. Tuple is length 2 and index is 2" },
        { "n: int", "n(3)", "cannot call a value of type 'int'" },
        { "n: int", "[i for i in n]", "'int' object is not iterable" },
        { "n: int", "range(n)", "range cannot be used as a value" },
        { "b: bool", "1 if b else 'a'", "the branches of this conditional expression have different types" },
    };
    (void)state;
    CHECK_ROWS(rows);
}

/* Chains as long as programs get: no recursion over them. */
static void survives_long_chains(void **state)
{
    static const struct { const char *type, *first, *next; } chains[] = {
        { "int", "x", " + x" }, { "bool", "x > 1", " and x > 1" }, { "bool", "x > 1", " or x > 1" },
        { "bool", "x", " < x" },
    };
    (void)state;
    for (size_t k = 0; k < sizeof chains / sizeof *chains; k++) {
        text program, out;
        text_init(&program, NULL);
        text_addf(&program, "def f(x: int) -> %s:\n    return %s", chains[k].type, chains[k].first);
        for (int i = 0; i < 10000; i++)
            text_add(&program, chains[k].next);
        text_add_char(&program, '\n');
        source *s = source_new("t.tjs", program.s, program.n);
        diag d;
        diag_init(&d);
        sema_options o = { 0 };
        ir_unit *u = sema_check(ast_parse(s, AST_USER, &d), &o, &d);
        text_init(&out, NULL);
        diag_print(&d, &out, false);
        assert_string_equal(out.s, "");
        text_fini(&out);
        text_fini(&program);
        ir_unit_unref(u);
        diag_fini(&d);
        source_unref(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_operators_by_operand_types), cmocka_unit_test(resolves_overloads),
        cmocka_unit_test(indexes), cmocka_unit_test(refines_and_decides_conditions),
        cmocka_unit_test(says_what_is_wrong), cmocka_unit_test(survives_long_chains),
    };
    return cmocka_run_group_tests_name("sema/value", tests, NULL, NULL);
}
