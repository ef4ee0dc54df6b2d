/* ir/parse.c: graphs from text: the printer's form and PyTorch's parseIR (spec/ir.md §1 "Parsing").
 *
 * Each line is one node, so the reader is a loop over lines with the current block in hand: blocks nest as
 * deep as they like. Operators are printed without their overload; it is found again from the types of
 * the inputs. One sentence of error with its place ends the parse. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph_internal.h"
#include "ir/parse_internal.h"

#include <ctype.h>
#include <string.h>

enum { SUBGRAPH_MAX_DEPTH = 256 };

typedef struct pending { const char *kind; ir_node *node; } pending; /* `prim::fork_0` waits for its graph */

typedef struct parser {
    type_reader r;          /* position, unit, errors */
    const source *src;
    ir_graph *g;
    strmap values;          /* name, also a number → ir_value * */
    VEC(pending) pending;
    int depth;
} parser;

static ir_graph *parse_graph(type_reader *r, const source *src, int depth);

/* ---- words ------------------------------------------------------------------------------------ */

static bool fail(parser *p, const char *what) { return type_read_error(&p->r, "%s", what); }

/* Blanks, newlines and `#` comments. */
static void skip_blanks(parser *p)
{
    type_reader *r = &p->r;
    for (type_read_blanks(r); r->at < r->end && *r->at == '#'; type_read_blanks(r))
        while (r->at < r->end && *r->at != '\n')
            r->at++;
}

static bool accept(parser *p, const char *s)
{
    skip_blanks(p);
    size_t n = strlen(s);
    if ((size_t)(p->r.end - p->r.at) < n || memcmp(p->r.at, s, n) != 0)
        return false;
    p->r.at += n;
    return true;
}

static bool expect(parser *p, const char *s)
{
    return accept(p, s) || type_read_error(&p->r, "expected '%s'", s);
}

/* `%name`, without the percent sign. */
static const char *read_value_name(parser *p)
{
    if (!expect(p, "%"))
        return NULL;
    const char *s = p->r.at;
    while (p->r.at < p->r.end && ir_is_name_char(*p->r.at))
        p->r.at++;
    if (p->r.at == s)
        return type_read_error(&p->r, "expected a value name");
    return arena_strndup(&p->g->arena, s, (size_t)(p->r.at - s));
}

/* ---- values ----------------------------------------------------------------------------------- */

typedef struct declared { const char *name; const type *type; } declared;
typedef VEC(declared) declared_vec;

static bool read_declaration(parser *p, declared *ret)
{
    ret->name = read_value_name(p);
    ret->type = NULL;
    if (ret->name && accept(p, ":"))
        ret->type = type_read(&p->r).type;
    return !p->r.error;
}

/* The value a declaration makes. A name of digits is a number: the graph gives its own. */
static bool define(parser *p, const declared *d, ir_value *v)
{
    if (strmap_has(&p->values, d->name))
        return type_read_error(&p->r, "%%%s is defined twice", d->name);
    if (!strmap_set(&p->values, d->name, v))
        return fail(p, "out of memory");
    ir_value_force_name(v, d->name);
    return true;
}

/* `(%a : T, %b : T)`: the parameters of a block; the parenthesis is read. */
static bool read_params(parser *p, ir_block *b)
{
    if (accept(p, ")"))
        return true;
    do {
        declared d;
        if (!read_declaration(p, &d) ||
            !define(p, &d, ir_block_add_input(b, d.type ? d.type : T_TENSOR)))
            return false;
    } while (accept(p, ","));
    return expect(p, ")");
}

/* `(%a, %b)` as the inputs of n. */
static bool read_refs(parser *p, ir_node *n)
{
    if (!expect(p, "("))
        return false;
    if (accept(p, ")"))
        return true;
    do {
        const char *name = read_value_name(p);
        ir_value *v = name ? strmap_find(&p->values, name) : NULL;
        if (name && !v)
            type_read_error(&p->r, "Cannot find a variable with name '%s'", name);
        if (!v)
            return false;
        ir_add_input(n, v);
    } while (accept(p, ","));
    return expect(p, ")");
}

/* ---- attributes ------------------------------------------------------------------------------- */

static bool read_types_attr(parser *p, ir_node *n, const char *name)
{
    VEC(const type *) types = { 0 };
    bool ok = expect(p, "[");
    if (ok && !accept(p, "]")) {
        do {
            const type *t = type_read(&p->r).type;
            ok = t && VEC_PUSH(&types, NULL, t);
        } while (ok && accept(p, ","));
        ok = ok && expect(p, "]");
    }
    if (ok)
        ir_set_types(n, name, types.at, types.n);
    VEC_FINI(&types);
    return ok;
}

static bool read_attr(parser *p, ir_node *n, const type *constant_type)
{
    const char *s;
    size_t length = type_read_name(&p->r, false, &s);
    if (!length)
        return fail(p, "expected an attribute name");
    const char *name = arena_strndup(&p->g->arena, s, length);
    if (!expect(p, "="))
        return false;
    skip_blanks(p);
    char c = p->r.at < p->r.end ? *p->r.at : '\0';
    jit_value v;
    if (n->op == OP_prim_Constant && strcmp(name, "value") == 0) {
        if (!ir_read_constant(&p->r, constant_type ? constant_type : T_ANY, &v))
            return false;
        ir_set_value(n, name, v);
    } else if (c == '"') {
        char *string;
        if (!ir_read_string(&p->r, &string, &length))
            return false;
        ir_set_str(n, name, string);
    } else if (c == '[') {
        return read_types_attr(p, n, name);
    } else if (isdigit((unsigned char)c) || c == '-') {
        if (!ir_read_constant(&p->r, T_ANY, &v))
            return false;
        if (v.tag == VALUE_INT)
            ir_set_int(n, name, v.i);
        else if (v.tag == VALUE_FLOAT)
            ir_set_float(n, name, v.f);
        else
            ir_set_value(n, name, v);
    } else {
        const type *t = type_read(&p->r).type;
        if (!t)
            return false;
        ir_set_type(n, name, t);
    }
    return true;
}

static bool read_attrs(parser *p, ir_node *n, const type *constant_type)
{
    if (!accept(p, "["))
        return true;
    do {
        if (!read_attr(p, n, constant_type))
            return false;
    } while (accept(p, ","));
    return expect(p, "]");
}

/* A function constant knows the function if the unit has it. */
static void bind_function(parser *p, ir_node *n)
{
    const ir_attr *name = ir_attr_find(n, "name");
    if (!p->r.names || !name || name->kind != IR_ATTR_STR || ir_attr_find(n, "value"))
        return;
    ir_function *f = ir_unit_find_function(p->r.names, name->s);
    if (f)
        ir_set_value(n, "value", value_ref(VALUE_HEAP_V(VALUE_FUNCTION, f)));
}

/* ---- operators -------------------------------------------------------------------------------- */

/* `aten::add`, `prim::fork_0`: the operators of that name; *ret_kind is the text if it names a subgraph. */
static const uint16_t *read_kind(parser *p, size_t *ret_n, const char **ret_kind)
{
    const char *begin, *s;
    skip_blanks(p);
    *ret_kind = NULL;
    size_t n = type_read_name(&p->r, false, &begin);
    if (!n || p->r.end - p->r.at < 2 || memcmp(p->r.at, "::", 2) != 0)
        return type_read_error(&p->r, "expected an operator");
    p->r.at += 2;
    if (!type_read_name(&p->r, false, &s))
        return type_read_error(&p->r, "expected an operator");
    char *kind = arena_strndup(&p->g->arena, begin, (size_t)(p->r.at - begin));
    const uint16_t *ids = op_find_all(kind, ret_n);
    if (ids)
        return ids;
    *ret_kind = arena_strdup(&p->g->arena, kind);
    size_t length = strlen(kind);
    while (length && isdigit((unsigned char)kind[length - 1]))
        length--;
    if (length && kind[length] && kind[length - 1] == '_') {
        kind[length - 1] = '\0';
        ids = op_find_all(kind, ret_n);
    }
    return ids ? ids : type_read_error(&p->r, "unknown operator '%s'", *ret_kind);
}

/* Do the inputs of n fit the schema, all arguments given? Any may follow those of `op(T a, ...)`. */
static bool inputs_fit(const ir_node *n, const schema *sc, arena *a)
{
    if (!sc || (sc->is_vararg ? sc->n_args > n->n_inputs : sc->n_args != n->n_inputs))
        return false;
    strmap bindings;
    strmap_init(&bindings, a);
    for (uint32_t i = 0; i < sc->n_args; i++) {
        const type *formal = type_match(sc->args[i].type, n->inputs[i]->type, &bindings, a, NULL);
        if (!formal || !type_is_subtype(n->inputs[i]->type, formal))
            return false;
    }
    return true;
}

static bool choose_overload(parser *p, ir_node *n, const uint16_t *ids, size_t n_ids)
{
    n->op = ids[0];
    if (n_ids == 1)
        return true;
    for (size_t i = 0; i < n_ids; i++)
        if (inputs_fit(n, op_schema((op_id)ids[i]), &p->g->arena)) {
            n->op = ids[i];
            return true;
        }
    return type_read_error(&p->r, "no overload of %s takes these %u inputs", op_name((op_id)n->op),
                           n->n_inputs);
}

static const type *default_output_type(const ir_node *n, uint32_t i)
{
    const schema *sc = op_schema((op_id)n->op);
    return sc && i < sc->n_rets && !sc->rets[i].type->has_vars ? sc->rets[i].type : T_TENSOR;
}

/* ---- lines ------------------------------------------------------------------------------------ */

static bool read_outputs(parser *p, declared_vec *outputs)
{
    while (!accept(p, "=")) {
        declared d;
        if ((outputs->n && !expect(p, ",")) || !read_declaration(p, &d))
            return false;
        if (!VEC_PUSH(outputs, NULL, d))
            return fail(p, "out of memory");
    }
    return true;
}

static void read_scope(parser *p, ir_node *n)
{
    if (!accept(p, ", scope:"))
        return;
    type_read_char(&p->r, ' ');
    const char *s = p->r.at;
    while (p->r.at < p->r.end && *p->r.at != '\n' && *p->r.at != '#')
        p->r.at++;
    const char *end = p->r.at;
    while (end > s && end[-1] == ' ')
        end--;
    n->scope = arena_strndup(&p->g->arena, s, (size_t)(end - s));
}

static bool read_operation(parser *p, ir_node *n, const declared_vec *outputs)
{
    size_t n_ids;
    const char *group;
    const uint16_t *ids = read_kind(p, &n_ids, &group);
    if (!ids)
        return false;
    n->op = ids[0];
    if (!read_attrs(p, n, outputs->n ? outputs->at[0].type : NULL) || !read_refs(p, n) ||
        !choose_overload(p, n, ids, n_ids))
        return false;
    if (group && !VEC_PUSH(&p->pending, NULL, ((pending){ group, n })))
        return fail(p, "out of memory");
    if (n->op == OP_prim_Constant)
        bind_function(p, n);
    read_scope(p, n);
    for (uint32_t i = 0; i < outputs->n; i++) {
        const type *t = outputs->at[i].type;
        if (!define(p, &outputs->at[i], ir_add_output(n, t ? t : default_output_type(n, i))))
            return false;
    }
    return true;
}

static bool read_node(parser *p, ir_block *in)
{
    skip_blanks(p);
    declared_vec outputs = { 0 };
    range at = { .src = p->src, .begin = (uint32_t)(p->r.at - p->src->text) };
    ir_node *n = ir_node_new(p->g, OP_NONE, at);
    bool ok = read_outputs(p, &outputs) && read_operation(p, n, &outputs);
    VEC_FINI(&outputs);
    n->at.end = (uint32_t)(p->r.at - p->src->text);
    ir_node_append(n, in);
    return ok && (!ir_graph_failed(p->g) || fail(p, "out of memory"));
}

/* `block0(`: its parenthesis is read too. */
static bool accept_block(parser *p)
{
    skip_blanks(p);
    const char *s = p->r.at;
    if (p->r.end - s < 7 || memcmp(s, "block", 5) != 0 || !isdigit((unsigned char)s[5]))
        return false;
    for (s += 5; s < p->r.end && isdigit((unsigned char)*s);)
        s++;
    if (s == p->r.end || *s != '(')
        return false;
    p->r.at = s + 1;
    return true;
}

static bool read_block_header(parser *p, ir_node *owner, ir_block **ret)
{
    *ret = ir_add_block(owner);
    return read_params(p, *ret) && expect(p, ":");
}

/* Nodes and blocks up to the graph's `return`. */
static bool read_body(parser *p)
{
    ir_block *in = p->g->body;
    while (!p->r.error && !ir_graph_failed(p->g)) {
        if (accept_block(p)) {
            ir_node *owner = in->ret->prev;
            if (owner == in->param)
                return fail(p, "a block without a node");
            if (!read_block_header(p, owner, &in))
                return false;
        } else if (accept(p, "->")) {
            if (!in->owner)
                return fail(p, "'->' outside of a block");
            if (!read_refs(p, in->ret))
                return false;
            in = in->owner->block;
        } else if (accept(p, "return")) {
            if (in->owner)
                return fail(p, "'return' inside a block: expected '->'");
            return read_refs(p, in->ret);
        } else if (!read_node(p, in)) {
            return false;
        }
    }
    return false;
}

/* `with prim::fork_0 = graph(…)…`, one for each node that waits for it. */
static bool read_subgraphs(parser *p)
{
    for (size_t i = 0; i < p->pending.n; i++) {
        if (!expect(p, "with") || !expect(p, p->pending.at[i].kind) || !expect(p, "="))
            return false;
        ir_graph *sub = parse_graph(&p->r, p->src, p->depth + 1);
        if (!sub)
            return false;
        ir_set_graph(p->pending.at[i].node, "Subgraph", sub);
    }
    return true;
}

static bool read_graph(parser *p)
{
    const char *s;
    skip_blanks(p);
    size_t n = type_read_name(&p->r, false, &s);
    if (!n)
        return fail(p, "expected 'graph'");
    p->g->name = arena_strndup(&p->g->arena, s, n);
    return expect(p, "(") && read_params(p, p->g->body) && expect(p, ":") && read_body(p) &&
           read_subgraphs(p);
}

static ir_graph *parse_graph(type_reader *r, const source *src, int depth)
{
    parser p = { .r = *r, .src = src, .depth = depth, .g = ir_graph_new(r->names) };
    bool ok = false;
    if (depth >= SUBGRAPH_MAX_DEPTH)
        fail(&p, "graphs nest too deep");
    else if (!p.g)
        fail(&p, "out of memory");
    else {
        strmap_init(&p.values, NULL);
        ok = read_graph(&p) && !ir_graph_failed(p.g);
        strmap_fini(&p.values);
    }
    VEC_FINI(&p.pending);
    r->at = p.r.at;
    r->error = p.r.error;
    if (ok)
        return p.g;
    if (!r->error)
        type_read_error(r, "out of memory");
    ir_graph_free(p.g);
    return NULL;
}

ir_graph *ir_parse(const source *src, ir_unit *classes, diag *d)
{
    type_reader r = {
        .at = src->text, .end = src->text + src->n_bytes, .names = classes, .a = &d->arena
    };
    ir_graph *g = parse_graph(&r, src, 0);
    if (g) {
        parser rest = { .r = r };
        skip_blanks(&rest);
        r = rest.r;
        if (r.at < r.end)
            type_read_error(&r, "unexpected text after the graph");
    }
    const char *why = NULL;
    if (!r.error && g && !ir_validate(g, &d->arena, &why)) { // passes and plans trust what they get
        diag_error(d, "ir-malformed", (range){ src, 0, 5 }, "%s", why);
        ir_graph_free(g);
        return NULL;
    }
    if (!r.error)
        return g;
    uint32_t at = (uint32_t)(r.at - src->text);
    d->is_syntax = true;
    diag_error(d, "ir-syntax", (range){ src, at, at }, "%s", r.error);
    ir_graph_free(g);
    return NULL;
}
