/* sema/tree.c: releasing and printing typed trees.
 *
 * Printing keeps its own stack of what is still to be written: chains of operators and elifs are as
 * deep in the tree as the program is long. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/tree.h"

static void release_values(ttree *t)
{
    for (size_t i = 0; i < t->values.n; i++)
        value_unref(t->values.at[i]);
}

void ttree_free(ttree *t)
{
    if (!t)
        return;
    release_values(t);
    arena_fini(&t->arena);
    mem_free(t);
}

void ttree_reset(ttree *t)
{
    release_values(t);
    arena_reset(&t->arena);
    *t = (ttree){ .arena = t->arena };
}

typedef struct item { /* one of these is to be written */
    const char *text;
    const texpr *expr;
    const tstmt *stmt;
    const tstmt_list *list;
    size_t next; /* of list */
    int indent;
} item;

typedef struct printer {
    text *out;
    arena scratch;
    VEC(item) todo;
} printer;

static void later(printer *p, item x) { VEC_PUSH(&p->todo, &p->scratch, x); }
static void later_text(printer *p, const char *s) { later(p, (item){ .text = s }); }

static void print_type(printer *p, const type *t)
{
    if (t)
        type_print_annotation(t, false, p->out);
    else
        text_add(p->out, "?");
}

static void print_var(printer *p, const tvar *v)
{
    text_addf(p->out, "%s.%u", v->name ? v->name : "", v->id);
}

static const char *expr_word(const texpr *e)
{
    static const char *const words[TX__COUNT] = {
        [TX_ERROR] = "error",
        [TX_SHARED] = "shared",
        [TX_NEW] = "new",
        [TX_ATTR] = "attr",
        [TX_TUPLE] = "tuple",
        [TX_TUPLE_INDEX] = "item",
        [TX_UNPACK] = "unpack",
        [TX_ELEMENT] = "element",
        [TX_TUPLE_SLICE] = "slice",
        [TX_LIST] = "list",
        [TX_DICT] = "dict",
        [TX_IF] = "if",
        [TX_CAST] = "cast",
        [TX_ISINSTANCE] = "isinstance",
        [TX_COMP] = "comprehension",
        [TX_FUNCTION] = "function",
        [TX_TOLIST] = "tolist",
        [TX_LOOP_INDEX] = "loop_index",
        [TX_ENTERED] = "entered",
        [TX_FORK] = "fork",
        [TX_UNINIT] = "uninitialized",
        [TX_CALL] = "call",
        [TX_METHOD] = "method",
        [TX_CONST] = "const",
        [TX_VAR] = "var",
        [TX_OP] = "op",
    };
    return words[e->kind];
}

static void print_expr_head(printer *p, const texpr *e)
{
    switch ((int)e->kind) {
    case TX_CONST: value_print_repr(e->value, p->out); return;
    case TX_VAR: print_var(p, e->var); return;
    case TX_OP:
        text_add(p->out, op_name(e->op));
        if (op_overload(e->op)[0])
            text_addf(p->out, ".%s", op_overload(e->op));
        return;
    case TX_CALL:
    case TX_FUNCTION: text_add(p->out, e->fn ? e->fn->name : "?"); return;
    case TX_METHOD:
    case TX_ATTR: text_addf(p->out, ".%s", e->name ? e->name : "?"); return;
    case TX_NEW:
    case TX_CAST:
    case TX_UNINIT:
        text_addf(p->out, "%s[", expr_word(e));
        print_type(p, e->type);
        text_add(p->out, "]");
        return;
    case TX_TUPLE_INDEX: text_addf(p->out, "item[%lld]", (long long)e->index); return;
    case TX_ELEMENT: text_addf(p->out, "element[%lld]", (long long)e->index); return;
    case TX_TUPLE_SLICE:
        text_addf(p->out, "slice[%lld:%lld]", (long long)e->index, (long long)e->index2);
        return;
    case TX_ISINSTANCE:
        text_add(p->out, "isinstance[");
        for (size_t i = 0; i < e->n_types; i++) {
            text_add(p->out, i ? ", " : "");
            print_type(p, e->types[i]);
        }
        text_add(p->out, "]");
        return;
    default: text_add(p->out, expr_word(e));
    }
}

static void print_expr(printer *p, const texpr *e, int indent)
{
    print_expr_head(p, e);
    if (e->kind == TX_CONST || e->kind == TX_VAR || e->kind == TX_LOOP_INDEX)
        return;
    if (e->body) {
        later_text(p, "}");
        later(p, (item){ .list = e->body, .indent = indent + 1 });
        later_text(p, "{\n");
    }
    later_text(p, ")");
    for (size_t i = e->n_args; i-- > 0;) {
        later(p, (item){ .expr = e->args[i], .indent = indent });
        const tstmt_list *prefix = e->kind != TX_IF ? NULL
                                   : i == 1         ? e->then_prefix
                                   : i == 2         ? e->else_prefix
                                                    : NULL;
        if (prefix && prefix->n) {
            later_text(p, "} ");
            later(p, (item){ .list = prefix, .indent = indent + 1 });
            later_text(p, "{\n");
        }
        if (i)
            later_text(p, ", ");
    }
    text_add(p->out, "(");
}

static void later_block(printer *p, const char *head, const tstmt_list *block, int indent)
{
    later(p, (item){ .list = block, .indent = indent + 1 });
    if (head) {
        later_text(p, head);
        later(p, (item){ .indent = indent });
    }
}

static void print_with_head(printer *p, const tstmt *s, int indent)
{
    text_add(p->out, "with ");
    later_text(p, ":\n");
    for (size_t i = s->n_items; i-- > 0;) {
        later(p, (item){ .expr = s->items[i].object, .indent = indent });
        if (i)
            later_text(p, ", ");
    }
}

static void print_targets(printer *p, const tstmt *s)
{
    for (size_t i = 0; i < s->n_vars; i++) {
        text_add(p->out, i ? ", " : "");
        print_var(p, s->vars[i]);
    }
    text_add(p->out, " = ");
}

/* What stands before the value of the statement on its line. */
static void print_stmt_head(printer *p, const tstmt *s)
{
    switch ((int)s->kind) {
    case TS_ASSIGN:
        print_var(p, s->var);
        text_add(p->out, " : ");
        print_type(p, s->var->type);
        text_add(p->out, " = ");
        break;
    case TS_UNPACK: print_targets(p, s); break;
    case TS_IF: text_add(p->out, "if "); break;
    case TS_WHILE: text_add(p->out, "while "); break;
    case TS_FOR: text_add(p->out, "for "); break;
    case TS_RETURN: text_add(p->out, "return "); break;
    case TS_BREAK: text_add(p->out, "break"); break;
    case TS_CONTINUE: text_add(p->out, "continue"); break;
    case TS_RAISE: text_addf(p->out, "raise %s ", s->name ? s->name : ""); break;
    default: break;
    }
}

static void print_stmt(printer *p, const tstmt *s, int indent)
{
    text_add_spaces(p->out, (size_t)indent * 2);
    if (s->kind == TS_IF && s->orelse.n)
        later_block(p, "else:\n", &s->orelse, indent);
    if (s->kind == TS_IF || s->kind == TS_WHILE || s->kind == TS_FOR || s->kind == TS_WITH)
        later_block(p, NULL, &s->body, indent);
    if (s->kind == TS_WHILE && s->cond_prefix.n)
        later_block(p, "before each test:\n", &s->cond_prefix, indent);
    if (s->kind == TS_WITH) {
        print_with_head(p, s, indent);
        return;
    }
    later_text(p, s->kind == TS_IF || s->kind == TS_WHILE || s->kind == TS_FOR ? ":\n" : "\n");
    if (s->value)
        later(p, (item){ .expr = s->value, .indent = indent });
    if (s->kind == TS_SET_ATTR && s->object) {
        later_text(p, " = ");
        later_text(p, s->name);
        later_text(p, ".");
        later(p, (item){ .expr = s->object, .indent = indent });
    }
    print_stmt_head(p, s);
}

static void print_item(printer *p, item x)
{
    if (x.text) {
        text_add(p->out, x.text);
    } else if (x.expr) {
        print_expr(p, x.expr, x.indent);
    } else if (x.stmt) {
        print_stmt(p, x.stmt, x.indent);
    } else if (x.list) {
        if (x.next == x.list->n)
            return;
        later(p, (item){ .list = x.list, .next = x.next + 1, .indent = x.indent });
        later(p, (item){ .stmt = x.list->at[x.next], .indent = x.indent });
    } else {
        text_add_spaces(p->out, (size_t)x.indent * 2);
    }
}

void ttree_print(const ttree *t, text *out)
{
    printer p = { .out = out };
    arena_init(&p.scratch);
    text_addf(out, "def %s(", t->fn->name);
    for (size_t i = 0; i < t->params.n; i++) {
        text_add(out, i ? ", " : "");
        print_var(&p, t->params.at[i]);
        text_add(out, " : ");
        print_type(&p, t->params.at[i]->type);
    }
    text_add(out, ") -> ");
    print_type(&p, t->fn->schema && t->fn->schema->n_rets ? t->fn->schema->rets[0].type : NULL);
    text_add(out, ":\n");
    later(&p, (item){ .list = &t->body, .indent = 1 });
    while (p.todo.n && !arena_failed(&p.scratch) && !out->failed)
        print_item(&p, p.todo.at[--p.todo.n]);
    arena_fini(&p.scratch);
}
