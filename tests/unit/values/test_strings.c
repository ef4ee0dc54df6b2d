/* Operators over strings; expected results are PyTorch 1.13.1's. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/values/call.h"

static void finds_inside_windows(void **state)
{
    (void)state;
    CALL(aten_find, "1", S("banana"), S("an"), I(0), I(-1));
    CALL(aten_find, "3", S("banana"), S("an"), I(2), I(6));
    CALL(aten_find, "-1", S("banana"), S("an"), I(2), I(4));
    CALL(aten_rfind, "6", S("banana"), S(""), I(0), I(-1));
    CALL(aten_rfind, "3", S("banana"), S("an"), I(-4), I(-1));
    CALL(aten_find, "string index out of range", S(""), S("an"), I(1), I(2));
    CALL(aten_index_str, "ValueError: substring not found", S("banana"), S("x"), I(0), I(-1));
    CALL(aten_rindex, "4", S("banana"), S(""), I(-2), I(3));
    CALL(aten_count, "2", S("aaaa"), S("aa"), I(0), I(-1));
    CALL(aten_count, "1", S("banana"), S("an"), I(0), I(2));
    CALL(aten_startswith, "True", S("banana"), S("na"), I(2), I(6));
    CALL(aten_startswith, "True", S("banana"), S("an"), I(1), I(0));
    CALL(aten_endswith, "True", S("banana"), S("na"), I(2), I(4));
    CALL(aten_endswith, "False", S("a"), S("banana"), I(0), I(-1));
}

static void replaces_and_cuts(void **state)
{
    (void)state;
    CALL(aten_replace, "boonoonoo", S("banana"), S("a"), S("oo"), I(-1));
    CALL(aten_replace, "b_n_na", S("banana"), S("a"), S("_"), I(2));
    CALL(aten_replace, "XaXbX", S("ab"), S(""), S("X"), I(-1));
    CALL(aten_replace, "Xab", S("ab"), S(""), S("X"), I(1));
    CALL(aten_partition, "a; =; b=c", S("a=b=c"), S("="));
    CALL(aten_rpartition, "a=b; =; c", S("a=b=c"), S("="));
    CALL(aten_partition, "abc; ; ", S("abc"), S("="));
    CALL(aten_rpartition, "; ; abc", S("abc"), S("="));
}

static void splits_and_joins(void **state)
{
    (void)state;
    CALL(aten_split_str, "[a, b, c]", S(" a\tb\n c "), NONE, I(1));
    CALL(aten_split_str, "[]", S(" \t"), NONE, I(-1));
    CALL(aten_split_str, "[, a, , b]", S(",a,,b"), S(","), I(-1));
    CALL(aten_split_str, "[, a,,b]", S(",a,,b"), S(","), I(1));
    CALL(aten_split_str, "[]", S(""), S(","), I(-1));
    CALL(aten_split_str, "ValueError: empty separator", S("a"), S(""), I(-1));
    CALL(aten_rsplit, "[,a,, b]", S(",a,,b"), S(","), I(1));
    CALL(aten_splitlines, "[a\tb, , c, , d]", S("a\tb\n\nc\r\nd\n"), B(false));
    CALL(aten_splitlines, "[a, \n, b]", S("a\nb"), B(true));
    CALL(aten_join, "a, , b", S(", "), STRS(S("a"), S(""), S("b")));
    CALL(aten_list, "[a, b]", S("ab"));
}

static void changes_case_and_asks_for_classes(void **state)
{
    (void)state;
    CALL(aten_title, "They'Re Bill'S 1A", S("they're BILL's 1a"));
    CALL(aten_capitalize, "Hello world", S("hELLO wORLD"));
    CALL(aten_capitalize, "", S(""));
    CALL(aten_swapcase, "hELLO", S("Hello"));
    CALL(aten_istitle, "True", S("Hello World"));
    CALL(aten_istitle, "False", S("a1B2"));
    CALL(aten_isidentifier, "False", S("_x1"));
    CALL(aten_isidentifier, "True", S("a1B2"));
    CALL(aten_isprintable, "True", S(""));
    CALL(aten_isprintable, "False", S("\xc3\xa9"));
    CALL(aten_isspace, "False", S(""));
    CALL(aten_islower, "True", S("_x1"));
    CALL(aten_isnumeric, "True", S("123"));
}

static void pads_and_strips(void **state)
{
    (void)state;
    CALL(aten_center, "**ab*", S("ab"), I(5), S("*"));
    CALL(aten_center, "*abc**", S("abc"), I(6), S("*"));
    CALL(aten_center, "abc", S("abc"), I(-9), S("*"));
    CALL(aten_rjust, "TypeError: The fill character must be exactly one character long", S("a"), I(5),
         S("xy"));
    CALL(aten_ljust, "out of memory", S("a"), I(INT64_MAX), S("x"));
    CALL(aten_zfill, "00-1", S("-1"), I(4));
    CALL(aten_expandtabs, "ab\n     c", S("ab\n\tc"), I(8));
    CALL(aten_expandtabs, "ab", S("a\tb"), I(-1));
    CALL(aten_strip, "a", S("xxaxx"), S("x"));
    CALL(aten_rstrip, "xxa", S("xxaxx"), S("x"));
}

static void is_a_sequence(void **state)
{
    (void)state;
    CALL(aten___getitem___str, "c", S("abc"), I(-1));
    CALL(aten___getitem___str, "string index out of range", S("abc"), I(3));
    CALL(aten_slice_str, "fdb", S("abcdef"), NONE, NONE, I(-2));
    CALL(aten_slice_str, "bc", S("abcdef"), I(1), I(-3), I(1));
    CALL(aten_slice_str, "f", S("abcdef"), NONE, NONE, I(INT64_MIN));
    CALL(aten_slice_str, "List slice should have non-zero step", S("abc"), NONE, NONE, I(0));
    CALL(aten_lt_str, "True", S("a"), S("ab"));
    CALL(aten_add_str, "ab", S("a"), S("b"));
}

static void formats(void **state)
{
    (void)state;
    CALL(aten_format, "{0} 1 {1}", S("{0} {} {{}}"), I(1), I(1));
    CALL(aten_format, "Too few arguments for format string: {} {}", S("{} {}"), I(1));
    CALL(aten_percentFormat, "a 1", S("%s %d"), pair_value(S("a"), I(1)));
    CALL(aten_percentFormat, "-2147483648", S("%d"), F(3e9));
    CALL(aten_percentFormat, "1.500000E+00", S("%E"), F(1.5));
    CALL(aten_percentFormat, "1.234568", S("%f"), F(1.23456789012));
    CALL(aten_percentFormat, "%d requires a number for formatting, but got Bool", S("%d"), B(true));
    CALL(aten_percentFormat, "The specifier %g is not supported in TorchScript format strings", S("%g"),
         F(1));
    CALL(aten_percentFormat, "Incomplete format specifier", S("%s %"), S("a"));
    CALL(aten_percentFormat, "Too many arguments for format string", S("x"), I(1));
    CALL(aten_percentFormat, "Too few arguments for format string", S("%s %s"), I(1));
    CALL(aten_str, "0.10000000000000001", F(0.1));
}

static void reads_numbers(void **state)
{
    (void)state;
    CALL(aten_Int_str, "-5", S(" -5"));
    CALL(aten_Int_str, "invalid literal for int() with base 10: '5 '", S("5 "));
    CALL(aten_Int_str, "invalid literal for int() with base 10: ''", S(""));
    CALL(aten_Int_str, "invalid literal for int() with base 10: '99999999999999999999'",
         S("99999999999999999999"));
    CALL(aten_Float_str, "2.5", S(" 2.5"));
    CALL(aten_Float_str, "-inf", S("-inf"));
    CALL(aten_Float_str, "could not convert string to float: '1e400'", S("1e400"));
    CALL(aten_ord, "String for ord() must be 1 character, found 2", S("ab"));
    CALL(aten_chr, ",", I(300));
    CALL(aten_chr, "chr() arg not in range(0x110000), found -1", I(-1));
    CALL(aten_hex, "-0x8000000000000000", I(INT64_MIN));
    CALL(aten_bin, "0b0", I(0));
    CALL(aten_oct, "-0o377", I(-255));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_inside_windows),
        cmocka_unit_test(replaces_and_cuts),
        cmocka_unit_test(splits_and_joins),
        cmocka_unit_test(changes_case_and_asks_for_classes),
        cmocka_unit_test(pads_and_strips),
        cmocka_unit_test(is_a_sequence),
        cmocka_unit_test(formats),
        cmocka_unit_test(reads_numbers),
    };
    return cmocka_run_group_tests_name("values/strings", tests, NULL, NULL);
}
