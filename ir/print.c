/* ir/print.c: graphs as text, in PyTorch's form (spec/ir.md §1–§2): for people, for golden tests, for rules.
 *
 * The walk keeps its place by parent links (blocks nest deep); each line is made from one node. Nodes that
 * carry a graph print as `prim::fork_0`, their graphs follow below, recursively: a graph in a graph. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph.h"

#include <inttypes.h>
#include <string.h>

typedef struct printer {
    const ir_print_options *options;
    VEC(const ir_node *) groups; /* nodes with subgraphs, in order of appearance */
    text *out;
} printer;

enum { TENSOR_MAX_SHOWN = 10 };

/* ---- values and attributes -------------------------------------------------------------------- */

static void print_ref(const ir_value *v, text *out)
{
    if (v->name)
        text_addf(out, "%%%s", v->name);
    else
        text_addf(out, "%%%" PRIu32, v->id);
}

void ir_print_value(const ir_value *v, text *out)
{
    print_ref(v, out);
    text_add(out, " : ");
    type_print(v->type, out);
}

static void print_values(const ir_node *n, const char *separator, text *out)
{
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        text_add(out, i ? separator : "");
        ir_print_value(n->outputs[i], out);
    }
}

static void print_refs(const ir_node *n, text *out)
{
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        text_add(out, i ? ", " : "");
        print_ref(n->inputs[i], out);
    }
}

static void print_one_element(const tensor *t, text *out)
{
    text_add_char(out, '{');
    if (dtype_is_complex(tensor_dtype(t))) {
        double re, im;
        tensor_get_complex(t, 0, &re, &im);
        text_addf(out, "(%.6g,%.6g)", re, im);
    } else if (dtype_is_float(tensor_dtype(t))) {
        text_addf(out, "%.6g", tensor_get_double(t, 0));
    } else {
        text_addf(out, "%" PRId64, tensor_get_int(t, 0));
    }
    text_add_char(out, '}');
}

/* `{3}`, the tensor's own text on one line, or `<Tensor>`: constants are for reading, not for data. */
static void print_tensor(const tensor *t, text *out)
{
    if (t->store->dev.kind != DEVICE_CPU || t->numel > TENSOR_MAX_SHOWN) {
        text_add(out, "<Tensor>");
        return;
    }
    if (t->numel == 1) {
        print_one_element(t, out);
        return;
    }
    size_t begin = out->n;
    tensor_print(t, out);
    for (size_t i = begin; i < out->n && !out->failed; i++)
        if (out->s[i] == '\n')
            out->s[i] = ' ';
}

/* A whole constant; inside containers, values print by themselves. */
void ir_print_constant(jit_value v, text *out)
{
    switch ((value_tag)v.tag) {
    case VALUE_BOOL:
        text_add(out, v.b ? "1" : "0");
        return;
    case VALUE_DEVICE:
        text_add_char(out, '"');
        device_print(v.dev, out);
        text_add_char(out, '"');
        return;
    case VALUE_TENSOR:
        print_tensor(v.t, out);
        return;
    case VALUE_OBJECT:
        text_addf(out, "object(%p)", v.p);
        return;
    case VALUE_LIST:
        if (v.list->elem && v.list->elem->kind == TYPE_TENSOR && v.list->n) {
            text_add(out, "[<Tensors>]");
            return;
        }
        break;
    default:
        break;
    }
    value_print_repr(v, out);
}

static void print_types(const type *const *at, size_t n, text *out)
{
    text_add_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        text_add(out, i ? ", " : "");
        type_print(at[i], out);
    }
    text_add_char(out, ']');
}

static void print_attr(const ir_attr *a, text *out)
{
    text_addf(out, "%s=", a->name);
    switch (a->kind) {
    case IR_ATTR_INT:   text_addf(out, "%" PRId64, a->i); break;
    case IR_ATTR_FLOAT: float_print_repr(a->f, out); break;
    case IR_ATTR_STR:   str_print_repr(a->s, strlen(a->s), out); break;
    case IR_ATTR_TYPE:  type_print(a->t, out); break;
    case IR_ATTR_TYPES: print_types(a->types.at, a->types.n, out); break;
    case IR_ATTR_VALUE: ir_print_constant(a->v, out); break;
    case IR_ATTR_GRAPH: text_add(out, "<Graph>"); break;
    }
}

/* A function constant shows its name; the subgraph stands below the graph. */
static bool is_shown(const ir_attr *a)
{
    return a->kind != IR_ATTR_GRAPH && !(a->kind == IR_ATTR_VALUE && a->v.tag == VALUE_FUNCTION);
}

static void print_attrs(const ir_node *n, text *out)
{
    const char *separator = "[";
    for (const ir_attr *a = n->attrs; a; a = a->next)
        if (is_shown(a)) {
            text_add(out, separator);
            print_attr(a, out);
            separator = ", ";
        }
    text_add(out, *separator == ',' ? "]" : "");
}

static bool has_subgraph(const ir_node *n)
{
    for (const ir_attr *a = n->attrs; a; a = a->next)
        if (a->kind == IR_ATTR_GRAPH)
            return true;
    return false;
}

/* ---- lines ------------------------------------------------------------------------------------ */

static void print_position(range at, text *out)
{
    uint32_t line, column;
    if (!at.src)
        return;
    source_position(at.src, at.begin, &line, &column);
    text_addf(out, " # %s:%" PRIu32 ":%" PRIu32, at.src->name, line, column);
}

/* A node without its newline; groups NULL: subgraph nodes keep their plain name. */
static void print_line(printer *p, const ir_node *n, bool in_graph)
{
    text *out = p->out;
    print_values(n, ", ", out);
    text_addf(out, " = %s", op_name((op_id)n->op));
    if (in_graph && has_subgraph(n)) {
        text_addf(out, "_%zu", p->groups.n);
        if (!VEC_PUSH(&p->groups, NULL, n))
            out->failed = true;
    }
    print_attrs(n, out);
    text_add_char(out, '(');
    print_refs(n, out);
    text_add_char(out, ')');
    if (n->scope && *n->scope)
        text_addf(out, ", scope: %s", n->scope);
    if (p->options && p->options->source_ranges)
        print_position(n->at, out);
}

/* Deeper blocks stay at one indentation, or a chain of 10,000 nested blocks would print gigabytes of blanks. */
enum { DEEPEST_INDENT = 128 };

static void indent(size_t level, text *out)
{
    text_add_spaces(out, 2 * (level < DEEPEST_INDENT ? level : DEEPEST_INDENT));
}

static void print_block_header(const ir_block *b, size_t index, size_t level, text *out)
{
    indent(level, out);
    text_addf(out, "block%zu(", index);
    print_values(b->param, ", ", out);
    text_add(out, "):\n");
}

static void print_block_end(const ir_block *b, size_t level, text *out)
{
    indent(level, out);
    text_add(out, "-> (");
    print_refs(b->ret, out);
    text_add(out, ")\n");
}

/* The body's nodes, two levels deeper in each block. */
static void print_nodes(printer *p, const ir_block *body)
{
    size_t level = 1;
    const ir_node *n = body->param->next;
    while (n != body->ret && !p->out->failed) {
        if (n != n->block->ret) {
            indent(level, p->out);
            print_line(p, n, true);
            text_add_char(p->out, '\n');
            if (n->n_blocks == 0) {
                n = n->next;
                continue;
            }
            print_block_header(n->blocks[0], 0, level + 1, p->out);
            n = n->blocks[0]->param->next;
            level += 2;
            continue;
        }
        const ir_block *ended = n->block;
        size_t k = ir_block_index(ended) + 1;
        print_block_end(ended, level, p->out);
        if (k < ended->owner->n_blocks) {
            print_block_header(ended->owner->blocks[k], k, level - 1, p->out);
            n = ended->owner->blocks[k]->param->next;
        } else {
            n = ended->owner->next;
            level -= 2;
        }
    }
}

static void print_graph(const ir_graph *g, const ir_print_options *o, text *out);

static void print_groups(printer *p)
{
    for (size_t i = 0; i < p->groups.n; i++) {
        const ir_node *n = p->groups.at[i];
        for (const ir_attr *a = n->attrs; a; a = a->next)
            if (a->kind == IR_ATTR_GRAPH) {
                text_addf(p->out, "with %s_%zu = ", op_name((op_id)n->op), i);
                print_graph(a->g, p->options, p->out);
                break;
            }
    }
}

static void print_graph(const ir_graph *g, const ir_print_options *o, text *out)
{
    printer p = { .options = o, .out = out };
    text_add(out, "graph(");
    print_values(g->body->param, ",\n      ", out);
    text_add(out, "):\n");
    print_nodes(&p, g->body);
    text_add(out, "  return (");
    print_refs(g->body->ret, out);
    text_add(out, ")\n");
    print_groups(&p);
    VEC_FINI(&p.groups);
}

void ir_print(const ir_graph *g, const ir_print_options *o, text *out)
{
    if (o && o->dot)
        ir_print_dot(g, out);
    else
        print_graph(g, o, out);
}

void ir_print_node(const ir_node *n, text *out)
{
    printer p = { .out = out };
    print_line(&p, n, false);
}
