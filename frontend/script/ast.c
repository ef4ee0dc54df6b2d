/* ast.c: the readers of ast.def: depth, children and print.
 *
 * Each reader is one function per kind, made from the kind's row, and a table of them. Where a node
 * deserves a shorter form than its row gives, print_short() has it. Printing recurses over nesting
 * and loops along spines of binary operators. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "frontend/script/parser.h"

#include "base/text.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

const char *ast_kind_name(ast_kind k)
{
    static const char *const names[] = {
#define NODE(kind, ...) #kind,
#include "frontend/script/ast.def"
    };
    return k < AST__COUNT ? names[k] : "?";
}

const char *ast_binary_symbol(ast_binary_op op)
{
    static const char *const symbols[] = {
        [AST_ADD] = "+",      [AST_SUB] = "-",    [AST_MUL] = "*",    [AST_DIV] = "/",
        [AST_FLOORDIV] = "//", [AST_MOD] = "%",   [AST_MATMUL] = "@", [AST_POW] = "**",
        [AST_BITAND] = "&",   [AST_BITOR] = "|",  [AST_BITXOR] = "^", [AST_LSHIFT] = "<<",
        [AST_RSHIFT] = ">>",
    };
    return op < AST_BINARY__COUNT ? symbols[op] : "?";
}

const char *ast_compare_symbol(ast_compare_op op)
{
    static const char *const symbols[] = {
        [AST_LT] = "<",  [AST_LE] = "<=", [AST_GT] = ">",      [AST_GE] = ">=",
        [AST_EQ] = "==", [AST_NE] = "!=", [AST_IS] = "is",     [AST_IS_NOT] = "is not",
        [AST_IN] = "in", [AST_NOT_IN] = "not in",
    };
    return op < AST_COMPARE__COUNT ? symbols[op] : "?";
}

/* ---- depth ---- */

static void deepen(uint16_t *depth, const ast_node *n)
{
    if (n != NULL && n->depth > *depth)
        *depth = n->depth;
}

static void deepen_list(uint16_t *depth, ast_nodes list)
{
    for (size_t i = 0; i < list.n; i++)
        deepen(depth, list.at[i]);
}

#define NODE_F(name)       deepen(&d, n->name);
#define OPT_F(name)        deepen(&d, n->name);
#define LIST_F(name)       deepen_list(&d, n->name);
#define STR_F(name)
#define OPT_STR_F(name)
#define BYTES_F(name)
#define INT_F(name)
#define FLOAT_F(name)
#define BOOL_F(name)
#define ENUM_F(type, name)
#define NODE(kind, ...)                                     \
    static uint16_t depth_of_##kind(const ast_node *node)   \
    {                                                       \
        const ast_##kind *n = (const ast_##kind *)node;     \
        uint16_t d = 0;                                     \
        (void)n;                                            \
        __VA_ARGS__                                         \
        return (uint16_t)(d + 1);                           \
    }
#include "frontend/script/ast.def"
#undef NODE_F
#undef OPT_F
#undef LIST_F
#undef STR_F
#undef OPT_STR_F
#undef BYTES_F
#undef INT_F
#undef FLOAT_F
#undef BOOL_F
#undef ENUM_F

uint16_t ast_depth(const ast_node *n)
{
    static uint16_t (*const depth_of[])(const ast_node *) = {
#define NODE(kind, ...) depth_of_##kind,
#include "frontend/script/ast.def"
    };
    if (n->kind == AST_binary) {
        const ast_binary *b = (const ast_binary *)n;
        uint16_t d = (uint16_t)(b->left->depth + (b->left->kind != AST_binary));
        return b->right->depth >= d ? (uint16_t)(b->right->depth + 1) : d;
    }
    return depth_of[n->kind](n);
}

/* ---- children ---- */

typedef void child_visitor(void *ctx, const ast_node *child);

static void visit_nodes(ast_nodes list, child_visitor *visit, void *ctx)
{
    for (size_t i = 0; i < list.n; i++)
        if (list.at[i] != NULL)
            visit(ctx, list.at[i]);
}

#define NODE_F(name)       visit(ctx, n->name);
#define OPT_F(name)        if (n->name != NULL) visit(ctx, n->name);
#define LIST_F(name)       visit_nodes(n->name, visit, ctx);
#define STR_F(name)
#define OPT_STR_F(name)
#define BYTES_F(name)
#define INT_F(name)
#define FLOAT_F(name)
#define BOOL_F(name)
#define ENUM_F(type, name)
#define NODE(kind, ...)                                                                    \
    static void visit_##kind(const ast_node *node, child_visitor *visit, void *ctx)        \
    {                                                                                      \
        const ast_##kind *n = (const ast_##kind *)node;                                    \
        (void)n, (void)visit, (void)ctx;                                                   \
        __VA_ARGS__                                                                        \
    }
#include "frontend/script/ast.def"
#undef NODE_F
#undef OPT_F
#undef LIST_F
#undef STR_F
#undef OPT_STR_F
#undef BYTES_F
#undef INT_F
#undef FLOAT_F
#undef BOOL_F
#undef ENUM_F

void ast_each_child(const ast_node *n, child_visitor *visit, void *ctx)
{
    static void (*const visit_of[])(const ast_node *, child_visitor *, void *) = {
#define NODE(kind, ...) visit_##kind,
#include "frontend/script/ast.def"
    };
    visit_of[n->kind](n, visit, ctx);
}

/* ---- print ---- */

typedef struct printer {
    text *out;
    int indent;
} printer;

static void print_node(printer *p, const ast_node *n);

static void print_line(printer *p, const ast_node *n)
{
    text_add_char(p->out, '\n');
    text_add_spaces(p->out, (size_t)p->indent);
    print_node(p, n);
}

static void print_field(printer *p, const ast_node *n)
{
    text_add_char(p->out, ' ');
    if (n != NULL)
        print_node(p, n);
    else
        text_add_char(p->out, '_');
}

static bool is_block(const char *name)
{
    return strcmp(name, "body") == 0 || strcmp(name, "orelse") == 0 || strcmp(name, "arms") == 0;
}

/* Statements one a line, all else in brackets. An `else` without statements is not shown. */
static void print_list(printer *p, const char *name, ast_nodes list)
{
    if (is_block(name)) {
        bool is_else = strcmp(name, "orelse") == 0;
        if (is_else && list.n == 0)
            return;
        p->indent += 2;
        if (is_else) {
            text_add_char(p->out, '\n');
            text_add_spaces(p->out, (size_t)p->indent);
            text_add(p->out, "(else");
            p->indent += 2;
        }
        for (size_t i = 0; i < list.n; i++)
            print_line(p, list.at[i]);
        if (is_else) {
            text_add_char(p->out, ')');
            p->indent -= 2;
        }
        p->indent -= 2;
        return;
    }
    text_add(p->out, " [");
    for (size_t i = 0; i < list.n; i++) {
        if (i > 0)
            text_add_char(p->out, ' ');
        print_node(p, list.at[i]);
    }
    text_add_char(p->out, ']');
}

#define NODE_F(name)       print_field(p, n->name);
#define OPT_F(name)        print_field(p, n->name);
#define LIST_F(name)       print_list(p, #name, n->name);
#define STR_F(name)        text_addf(p->out, " %s", n->name != NULL ? n->name : "_");
#define OPT_STR_F(name)    text_addf(p->out, " %s", n->name != NULL ? n->name : "_");
#define BYTES_F(name)      text_add_char(p->out, ' '), text_add_json(p->out, n->name.s, n->name.n);
#define INT_F(name)        text_addf(p->out, " %lld", (long long)n->name);
#define FLOAT_F(name)      text_addf(p->out, " %.17g", n->name);
#define BOOL_F(name)       text_add(p->out, n->name ? " true" : " false");
#define ENUM_F(type, name) text_addf(p->out, " %d", (int)n->name);
#define NODE(kind, ...)                                              \
    static void print_fields_of_##kind(printer *p, const ast_node *node) \
    {                                                                \
        const ast_##kind *n = (const ast_##kind *)node;              \
        (void)p;                                                     \
        (void)n;                                                     \
        __VA_ARGS__                                                  \
    }
#include "frontend/script/ast.def"

/* As few digits as read back exactly; a float always shows as one. */
static void print_float(text *out, double value)
{
    char s[40];

    for (int digits = 1; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, value);
        if (strtod(s, NULL) == value)
            break;
    }
    text_add(out, s);
    if (strpbrk(s, ".eni,") == NULL)
        text_add(out, ".0");
}

static void print_binary(printer *p, const ast_node *n)
{
    VEC(const ast_binary *) spine = {0};

    for (; n->kind == AST_binary; n = ((const ast_binary *)n)->left) {
        if (!VEC_PUSH(&spine, NULL, (const ast_binary *)n)) {
            p->out->failed = true;
            VEC_FINI(&spine);
            return;
        }
    }
    for (size_t i = 0; i < spine.n; i++)
        text_addf(p->out, "(%s ", ast_binary_symbol(spine.at[i]->op));
    print_node(p, n);
    for (size_t i = spine.n; i-- > 0;) {
        print_field(p, spine.at[i]->right);
        text_add_char(p->out, ')');
    }
    VEC_FINI(&spine);
}

static void print_compare(printer *p, const ast_compare *c)
{
    text_add(p->out, "(compare");
    for (size_t i = 0; i < c->values.n; i++) {
        if (i > 0 && i <= c->ops.n)
            text_addf(p->out, " %s", ast_compare_symbol((ast_compare_op)c->ops.s[i - 1]));
        print_field(p, c->values.at[i]);
    }
    text_add_char(p->out, ')');
}

static void print_values(printer *p, const char *head, ast_nodes values)
{
    text_addf(p->out, "(%s", head);
    for (size_t i = 0; i < values.n; i++)
        print_field(p, values.at[i]);
    text_add_char(p->out, ')');
}

/* The frequent kinds in a form that reads well; false: none, use the row. */
static bool print_short(printer *p, const ast_node *n)
{
    static const char *const unary[] = {"neg", "pos", "not", "invert"};
    static const char *const param[] = {"param", "keyword_only", "varargs", "kwargs"};

    switch (n->kind) {
    case AST_name:
        text_add(p->out, ((const ast_name *)n)->id);
        return true;
    case AST_int:
        text_addf(p->out, "%lld", (long long)((const ast_int *)n)->value);
        return true;
    case AST_float:
        print_float(p->out, ((const ast_float *)n)->value);
        return true;
    case AST_imaginary:
        print_float(p->out, ((const ast_imaginary *)n)->value);
        text_add_char(p->out, 'j');
        return true;
    case AST_string:
        text_add_json(p->out, ((const ast_string *)n)->value.s, ((const ast_string *)n)->value.n);
        return true;
    case AST_unary:
        text_addf(p->out, "(%s", unary[((const ast_unary *)n)->op]);
        print_field(p, ((const ast_unary *)n)->value);
        text_add_char(p->out, ')');
        return true;
    case AST_binary:
        print_binary(p, n);
        return true;
    case AST_compare:
        print_compare(p, (const ast_compare *)n);
        return true;
    case AST_bool_chain:
        print_values(p, ((const ast_bool_chain *)n)->is_or ? "or" : "and",
                     ((const ast_bool_chain *)n)->values);
        return true;
    case AST_aug_assign:
        text_addf(p->out, "(aug_assign %s=", ast_binary_symbol(((const ast_aug_assign *)n)->op));
        print_field(p, ((const ast_aug_assign *)n)->target);
        print_field(p, ((const ast_aug_assign *)n)->value);
        text_add_char(p->out, ')');
        return true;
    case AST_param: {
        const ast_param *q = (const ast_param *)n;
        text_addf(p->out, "(%s %s", param[q->kind], q->id != NULL ? q->id : "*");
        print_field(p, q->annotation);
        print_field(p, q->default_value);
        text_add_char(p->out, ')');
        return true;
    }
    case AST_true:
    case AST_false:
    case AST_none:
    case AST_ellipsis:
        text_add(p->out, ast_kind_name(n->kind));
        return true;
    default:
        return false;
    }
}

static void print_node(printer *p, const ast_node *n)
{
    static void (*const print_fields_of[])(printer *, const ast_node *) = {
#define NODE(kind, ...) print_fields_of_##kind,
#include "frontend/script/ast.def"
    };
    if (print_short(p, n))
        return;
    text_addf(p->out, "(%s", ast_kind_name(n->kind));
    print_fields_of[n->kind](p, n);
    text_add_char(p->out, ')');
}

void ast_print_node(const ast_node *n, text *out, int indent)
{
    printer p = {out, indent};

    text_add_spaces(out, (size_t)indent);
    print_node(&p, n);
}

void ast_print(const ast *t, text *out)
{
    for (size_t i = 0; i < t->body.n; i++) {
        ast_print_node(t->body.at[i], out, 0);
        text_add_char(out, '\n');
    }
}
