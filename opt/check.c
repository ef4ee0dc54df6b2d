/* Distrust: what debug builds ask after each pass. The graph must be valid, it must be as before exactly where the pass
 * says it did nothing, and its text must say all of it: read back, it prints alike.
 *
 * Graphs are compared as texts, with the overloads that texts leave out beside them. Values without names are numbered
 * by the graph that has them, so the numbers of a text and of what was read from it need only mean the same values. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/diag.h"
#include "base/map.h"
#include "ir/function.h"
#include "opt/check.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- texts ---------------------------------------------------------------------------------------- */

/* The text from the quote on, to behind the one that ends it. */
static const char *skip_string(const char *s)
{
    char quote = *s++;
    while (*s && *s != quote)
        s += *s == '\\' && s[1] ? 2 : 1;
    return *s ? s + 1 : s;
}

/* Do `%3` here and `%5` there mean one value everywhere in their graph? */
static bool same_number(ptrmap *numbers, unsigned long a, unsigned long b)
{
    const void *key = (const void *)(uintptr_t)(a + 1), *known = ptrmap_find(numbers, key);
    if (!known)
        return ptrmap_set(numbers, key, (void *)(uintptr_t)(b + 1));
    return known == (const void *)(uintptr_t)(b + 1);
}

static bool is_number(const char *s) { return s[0] == '%' && isdigit((unsigned char)s[1]); }

/* Graphs of nodes stand below the graph, and begin their numbers anew. */
static bool is_next_graph(const char *s) { return !strncmp(s, "\nwith prim::", 12); }

static bool same_with(ptrmap *numbers, const char *a, const char *b)
{
    while (*a && *b) {
        if (is_next_graph(a)) {
            ptrmap_fini(numbers);
            ptrmap_init(numbers, NULL);
        }
        if (is_number(a) && is_number(b)) {
            char *end_a, *end_b;
            if (!same_number(numbers, strtoul(a + 1, &end_a, 10), strtoul(b + 1, &end_b, 10)))
                return false;
            a = end_a;
            b = end_b;
        } else if (*a == '"' || *a == '\'') {
            const char *end = skip_string(a);
            if (strncmp(a, b, (size_t)(end - a)))
                return false;
            b += end - a;
            a = end;
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return *a == *b;
}

static bool same_but_for_numbers(const char *a, const char *b)
{
    ptrmap numbers;
    ptrmap_init(&numbers, NULL);
    bool is_same = same_with(&numbers, a, b);
    ptrmap_fini(&numbers);
    return is_same;
}

/* ---- constants ------------------------------------------------------------------------------------ */

static bool has_text(const ir_graph *g, jit_value v)
{
    switch ((value_tag)v.tag) {
    case VALUE_TENSOR: case VALUE_OBJECT: case VALUE_FUTURE: case VALUE_GENERATOR: case VALUE_DICT: case VALUE_UNINIT:
        return false;
    case VALUE_LIST:
        for (size_t i = 0; i < v.list->n && v.list->storage == LIST_VALUES; i++)
            if (!has_text(g, v.list->values[i]))
                return false;
        return true;
    case VALUE_TUPLE:
        for (size_t i = 0; i < v.tuple->n; i++)
            if (!has_text(g, v.tuple->at[i]))
                return false;
        return true;
    case VALUE_FUNCTION:
        return ir_unit_find_function(g->unit, v.fn->name) == v.fn;
    case VALUE_NONE: case VALUE_BOOL: case VALUE_INT: case VALUE_FLOAT: case VALUE_DEVICE: case VALUE_COMPLEX: case VALUE_STR:
    case VALUE_ENUM: case VALUE__COUNT:
        return true;
    }
    return true;
}

/* Tensors and objects print as what they are, not what they hold, and interfaces without their module. */
static bool says_all(const ir_graph *g)
{
    IR_EACH_NODE_DEEP(n, g) {
        for (const ir_attr *a = n->attrs; a; a = a->next)
            if ((a->kind == IR_ATTR_VALUE && !has_text(g, a->v)) || (a->kind == IR_ATTR_GRAPH && !says_all(a->g)))
                return false;
        for (uint32_t i = 0; i < n->n_outputs; i++)
            if (n->outputs[i]->type->kind == TYPE_INTERFACE)
                return false;
    }
    return true;
}

/* ---- checks --------------------------------------------------------------------------------------- */

static bool reads_back(const ir_graph *g, const text *printed, arena *a, const char **ret_why)
{
    diag d;
    diag_init(&d);
    text again;
    text_init(&again, NULL);
    uint64_t refusals = mem_refusals();
    const source *src = source_new("<after a pass>", printed->s, printed->n);
    ir_graph *read = src ? ir_parse(src, g->unit, &d) : NULL;
    bool is_fine = read != NULL;
    if (read)
        ir_print(read, &(ir_print_options){ 0 }, &again);
    else if (d.first)
        *ret_why = arena_printf(a, "the text of the graph cannot be read: %s", d.first->message);
    if (read && !same_but_for_numbers(printed->s, again.s)) {
        *ret_why = "the graph that its text says prints differently";
        is_fine = false;
    }
    ir_graph_free(read);
    source_unref(src);
    text_fini(&again);
    diag_fini(&d);
    return is_fine || mem_refusals() != refusals;
}

static bool says_truth(bool progress, bool is_same, const char **ret_why)
{
    if (progress == !is_same)
        return true;
    *ret_why = progress ? "the pass said it changed the graph and did not" : "the pass changed the graph and did not say so";
    return false;
}

static uint64_t hash_operators(const ir_graph *g)
{
    uint64_t h = 0;
    IR_EACH_NODE_DEEP(n, g)
        h = hash_u64(h + n->op);
    return h;
}

void graph_state_init(graph_state *s, const ir_graph *g)
{
    text_init(&s->printed, NULL);
    ir_print(g, &(ir_print_options){ 0 }, &s->printed);
    s->operators = hash_operators(g);
}

void graph_state_fini(graph_state *s) { text_fini(&s->printed); }

static bool is_same_state(const graph_state *a, const graph_state *b)
{
    return a->operators == b->operators && a->printed.n == b->printed.n && !memcmp(a->printed.s, b->printed.s, a->printed.n);
}

bool opt_check(const ir_graph *g, arena *a, const graph_state *before, bool progress, const char **ret_why)
{
    if (!ir_validate(g, a, ret_why))
        return false;
    graph_state now;
    graph_state_init(&now, g);
    bool is_same = is_same_state(before, &now);
    bool is_fine = before->printed.failed || now.printed.failed
                   || (says_truth(progress, is_same, ret_why)
                       && (is_same || !says_all(g) || reads_back(g, &now.printed, a, ret_why)));
    graph_state_fini(&now);
    return is_fine;
}
