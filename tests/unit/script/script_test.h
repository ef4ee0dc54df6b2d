/* script_test.h: parse a string, compare the printed tree or the messages. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SCRIPT_TEST_H
#define TESTS_UNIT_SCRIPT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/text.h"
#include "frontend/script/ast.h"

#include <stdlib.h>
#include <string.h>

/* The messages of a diag, one a line: `line:column: message`. */
static inline void add_messages(const diag *d, text *out)
{
    for (const diag_item *it = d->first; it != NULL; it = it->next) {
        uint32_t line, column;
        source_position(it->at.src, it->at.begin, &line, &column);
        text_addf(out, "%u:%u: %s\n", line, column + 1, it->message);
    }
}

/* The tree, then the messages, of a text of n bytes; free with mem_free. */
static inline char *parsed(const char *s, size_t n, ast_dialect dialect)
{
    source *src = source_new("test", s, n);
    text out;
    diag d;

    assert_non_null(src);
    diag_init(&d);
    text_init(&out, NULL);
    ast *t = ast_parse(src, dialect, &d);
    assert_non_null(t);
    if (d.n_errors == 0)
        ast_print(t, &out);
    diag_sort(&d);
    add_messages(&d, &out);
    ast_free(t);
    diag_fini(&d);
    source_unref(src);
    return text_take(&out);
}

static inline void expect_in(ast_dialect dialect, const char *s, const char *expected)
{
    char *got = parsed(s, strlen(s), dialect);
    assert_string_equal(got, expected);
    mem_free(got);
}

/* A user source and the whole printed tree, or all messages. */
static inline void expect(const char *s, const char *expected)
{
    expect_in(AST_USER, s, expected);
}

/* One expression and its tree. */
static inline void expect_expression(ast_dialect dialect, const char *s, const char *expected)
{
    source *src = source_new("test", s, strlen(s));
    ast_node *n;
    text out;
    diag d;

    diag_init(&d);
    text_init(&out, NULL);
    ast *t = ast_parse_expression(src, dialect, &d, &n);
    assert_non_null(t);
    if (d.n_errors == 0 && n != NULL)
        ast_print_node(n, &out, 0);
    add_messages(&d, &out);
    assert_string_equal(out.s, expected);
    text_fini(&out);
    ast_free(t);
    diag_fini(&d);
    source_unref(src);
}

/* `head`, then `part` n times, then `tail`; free with mem_free. */
static inline char *repeated(const char *head, const char *part, int n, const char *tail)
{
    text t;

    text_init(&t, NULL);
    text_add(&t, head);
    for (int i = 0; i < n; i++)
        text_add(&t, part);
    text_add(&t, tail);
    return text_take(&t);
}

/* The number of messages of a text; the first one must contain `message` if that is given. */
static inline int count_errors(const char *s, const char *message)
{
    source *src = source_new("test", s, strlen(s));
    diag d;

    diag_init(&d);
    ast *t = ast_parse(src, AST_USER, &d);
    assert_non_null(t);
    int n = d.n_errors;
    if (message != NULL && n > 0)
        assert_non_null(strstr(d.first->message, message));
    ast_free(t);
    diag_fini(&d);
    source_unref(src);
    return n;
}

#endif
