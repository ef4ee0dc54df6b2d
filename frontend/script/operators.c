/* operators.c: operators and operands into trees, by precedence tables.
 *
 * Operator precedence on two explicit stacks, fed as the parser reads: an operator first reduces
 * what binds at least as tightly on the stack, then waits for its right operand. Chains of any
 * length need no recursion and lean left. A grammar would need every expression rule twice, because
 * archive code has `and`/`or` on one level, unchained comparisons and a `~` looser than them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/vec.h"
#include "frontend/script/parser.h"

typedef enum operator_form { UNARY, BINARY, COMPARE, BOOLEAN } operator_form;

typedef struct operator_row {
    operator_form form;
    uint8_t meaning;       /* ast_unary_op, ast_binary_op, ast_compare_op or is_or */
    uint8_t precedence[2]; /* by dialect; larger binds tighter */
} operator_row;

/*                       form      meaning        user archive */
static const operator_row operator_rows[OPERATOR__COUNT] = {
    [OPERATOR_OR]       = {BOOLEAN, true,         {1, 2}},
    [OPERATOR_AND]      = {BOOLEAN, false,        {2, 2}},
    [OPERATOR_NOT]      = {UNARY,   AST_NOT,      {3, 3}},
    [OPERATOR_INVERT]   = {UNARY,   AST_INVERT,   {11, 3}},
    [OPERATOR_NEG]      = {UNARY,   AST_NEG,      {11, 10}},
    [OPERATOR_POS]      = {UNARY,   AST_POS,      {11, 10}},
    [OPERATOR_IN]       = {COMPARE, AST_IN,       {4, 4}},
    [OPERATOR_NOT_IN]   = {COMPARE, AST_NOT_IN,   {4, 4}},
    [OPERATOR_IS]       = {COMPARE, AST_IS,       {4, 4}},
    [OPERATOR_IS_NOT]   = {COMPARE, AST_IS_NOT,   {4, 4}},
    [OPERATOR_LT]       = {COMPARE, AST_LT,       {4, 4}},
    [OPERATOR_LE]       = {COMPARE, AST_LE,       {4, 4}},
    [OPERATOR_GT]       = {COMPARE, AST_GT,       {4, 4}},
    [OPERATOR_GE]       = {COMPARE, AST_GE,       {4, 4}},
    [OPERATOR_EQ]       = {COMPARE, AST_EQ,       {4, 4}},
    [OPERATOR_NE]       = {COMPARE, AST_NE,       {4, 4}},
    [OPERATOR_BITOR]    = {BINARY,  AST_BITOR,    {5, 5}},
    [OPERATOR_BITXOR]   = {BINARY,  AST_BITXOR,   {6, 6}},
    [OPERATOR_BITAND]   = {BINARY,  AST_BITAND,   {7, 7}},
    [OPERATOR_LSHIFT]   = {BINARY,  AST_LSHIFT,   {8, 8}},
    [OPERATOR_RSHIFT]   = {BINARY,  AST_RSHIFT,   {8, 8}},
    [OPERATOR_ADD]      = {BINARY,  AST_ADD,      {9, 9}},
    [OPERATOR_SUB]      = {BINARY,  AST_SUB,      {9, 9}},
    [OPERATOR_MUL]      = {BINARY,  AST_MUL,      {10, 10}},
    [OPERATOR_DIV]      = {BINARY,  AST_DIV,      {10, 10}},
    [OPERATOR_FLOORDIV] = {BINARY,  AST_FLOORDIV, {10, 10}},
    [OPERATOR_MOD]      = {BINARY,  AST_MOD,      {10, 10}},
    [OPERATOR_MATMUL]   = {BINARY,  AST_MATMUL,   {10, 10}},
    [OPERATOR_POW]      = {BINARY,  AST_POW,      {12, 12}},
};

typedef struct chain_value {
    ast_node *node;
    range at;       /* with the parentheses around it, which node->at does not have */
    bool is_open;   /* a comparison or boolean made here, not parenthesised: may be extended */
} chain_value;

typedef struct chain_operator {
    operator_id id;
    range at;       /* of a unary one */
} chain_operator;

/* On the heap, not in the tree's arena: they are used again, and must hold when the arena fails. */
struct operator_chain {
    VEC(chain_value) values;
    VEC(chain_operator) waiting;
    operator_chain *next_spare, *next;
};

static int precedence(const parser *p, operator_id id)
{
    return operator_rows[id].precedence[p->dialect == AST_ARCHIVE];
}

operator_chain *chain_new(parser *p)
{
    operator_chain *c = p->spare;

    if (c != NULL) {
        p->spare = c->next_spare;
    } else if ((c = mem_calloc(1, sizeof *c)) != NULL) {
        c->next = p->chains;
        p->chains = c;
    } else {
        p->arena->failed = true;
        return NULL;
    }
    c->values.n = c->waiting.n = 0;
    return c;
}

void chains_fini(parser *p)
{
    while (p->chains != NULL) {
        operator_chain *c = p->chains;
        p->chains = c->next;
        VEC_FINI(&c->values);
        VEC_FINI(&c->waiting);
        mem_free(c);
    }
}

/* A minus before a literal belongs to the literal: only so can the smallest integer be written. */
static ast_node *fold_minus(parser *p, ast_node *n, range at)
{
    if (n->kind == AST_int) {
        ast_int *i = AST_AS(int, n);
        i->value = (int64_t)-(uint64_t)i->value;
        if (p->min_int == n)
            p->min_int = NULL;
    } else {
        ast_float *f = AST_AS(float, n);
        f->value = -f->value;
    }
    n->at = at;
    return n;
}

static void extend_depth(parser *p, chain_value *chain, const ast_node *added)
{
    unsigned depth = added->depth + 1u;

    if (depth > AST_MAX_DEPTH) {
        parser_error(p, chain->at, "too deeply nested");
        chain->node = NEW(p, error, chain->at, );
        chain->is_open = false;
    } else if (depth > chain->node->depth) {
        chain->node->depth = (uint16_t)depth;
    }
}

static void compare_add_op(parser *p, ast_compare *c, uint8_t op)
{
    if (c->ops.n == 0 || (c->ops.n & (c->ops.n - 1)) == 0) {
        size_t cap = c->ops.n == 0 ? 1 : 2 * c->ops.n;
        char *grown = arena_grow(p->arena, (char *)c->ops.s, c->ops.n == 0 ? 0 : c->ops.n + 1,
                                 cap + 1);
        if (grown == NULL || arena_failed(p->arena))
            return;
        c->ops.s = grown;
    }
    char *s = (char *)c->ops.s;
    s[c->ops.n++] = (char)op;
    s[c->ops.n] = '\0';
}

static void reduce_compare(parser *p, chain_value *left, chain_value right, uint8_t op)
{
    range at = range_join(left->at, right.at);

    if (!(left->is_open && left->node->kind == AST_compare && p->dialect == AST_USER)) {
        ast_nodes values = nodes_of(p, left->node);
        left->node = NEW(p, compare, at, .values = values);
        if (arena_failed(p->arena) || left->node->kind != AST_compare)
            return;
    }
    ast_compare *c = AST_AS(compare, left->node);
    nodes_add(p, &c->values, right.node);
    if (arena_failed(p->arena))
        return;
    compare_add_op(p, c, op);
    c->node.at = left->at = at;
    left->is_open = true;
    extend_depth(p, left, right.node);
}

static void reduce_boolean(parser *p, chain_value *left, chain_value right, bool is_or)
{
    range at = range_join(left->at, right.at);

    if (!(left->is_open && left->node->kind == AST_bool_chain &&
          AST_AS(bool_chain, left->node)->is_or == is_or)) {
        ast_nodes values = nodes_of(p, left->node);
        left->node = NEW(p, bool_chain, at, .is_or = is_or, .values = values);
        if (arena_failed(p->arena) || left->node->kind != AST_bool_chain)
            return;
    }
    ast_bool_chain *b = AST_AS(bool_chain, left->node);
    nodes_add(p, &b->values, right.node);
    if (arena_failed(p->arena))
        return;
    b->node.at = left->at = at;
    left->is_open = true;
    extend_depth(p, left, right.node);
}

/* Apply the operator on top to the one or two values on top. */
static void chain_reduce(parser *p, operator_chain *c)
{
    chain_operator op = c->waiting.at[--c->waiting.n];
    const operator_row *row = &operator_rows[op.id];
    size_t n_operands = row->form == UNARY ? 1 : 2;

    if (c->values.n < n_operands || arena_failed(p->arena))
        return; /* without memory nothing is complete */
    chain_value right = c->values.at[c->values.n - 1];
    if (row->form == UNARY) {
        chain_value *v = &VEC_LAST(&c->values);
        ast_kind kind = right.node->kind;
        v->at = range_join(op.at, right.at);
        v->is_open = false;
        if (row->meaning == AST_NEG && (kind == AST_int || kind == AST_float))
            v->node = fold_minus(p, right.node, v->at);
        else
            v->node = NEW(p, unary, v->at, .op = (ast_unary_op)row->meaning, .value = right.node);
        return;
    }
    c->values.n--;
    chain_value *left = &VEC_LAST(&c->values);
    if (row->form == COMPARE) {
        reduce_compare(p, left, right, row->meaning);
    } else if (row->form == BOOLEAN) {
        reduce_boolean(p, left, right, row->meaning);
    } else {
        left->at = range_join(left->at, right.at);
        left->is_open = false;
        left->node = NEW(p, binary, left->at, .op = (ast_binary_op)row->meaning,
                         .left = left->node, .right = right.node);
    }
}

void chain_unary(parser *p, operator_chain *c, operator_id op, range at)
{
    if (c == NULL)
        return;
    if (op == OPERATOR_NOT && p->dialect == AST_USER && c->waiting.n > 0 &&
        precedence(p, VEC_LAST(&c->waiting).id) > precedence(p, op))
        parser_error(p, at, "'not' binds looser than the operator before it; "
                            "put it in parentheses: (not ...)");
    if (!VEC_PUSH(&c->waiting, NULL, ((chain_operator){op, at})))
        p->arena->failed = true;
}

void chain_operand(parser *p, operator_chain *c, ast_node *n, range at)
{
    if (c != NULL && !VEC_PUSH(&c->values, NULL, ((chain_value){n, at, false})))
        p->arena->failed = true;
}

void chain_binary(parser *p, operator_chain *c, operator_id op)
{
    int own = precedence(p, op) + (op == OPERATOR_POW); /* `**` leans right */

    if (c == NULL)
        return;
    while (c->waiting.n > 0 && precedence(p, VEC_LAST(&c->waiting).id) >= own)
        chain_reduce(p, c);
    if (!VEC_PUSH(&c->waiting, NULL, ((chain_operator){.id = op})))
        p->arena->failed = true;
}

ast_node *chain_finish(parser *p, operator_chain *c)
{
    if (c == NULL)
        return NEW(p, error, (range){0}, );
    while (c->waiting.n > 0)
        chain_reduce(p, c);
    ast_node *n = c->values.n > 0 ? c->values.at[0].node : NEW(p, error, (range){0}, );
    c->next_spare = p->spare;
    p->spare = c;
    return chain_single(p, n);
}

ast_node *chain_single(parser *p, ast_node *n)
{
    if (p->min_int != NULL) {
        parser_error(p, p->min_int->at, "integer constant out of range");
        p->min_int = NULL;
    }
    return n;
}
