/* codegen/emit_body.c: one function: its signature and its statements.
 *
 * The walk goes forward over the nodes of a block. A value that is read once, by a node of the same block, waits as an
 * expression (`pending`, in order of evaluation). A node takes those of its inputs that wait at the end of that order,
 * right to left; what waits before an input that it cannot take in order becomes a statement first. So the text
 * evaluates, strictly left to right, what the graph evaluates, in the same order. Long expressions become statements,
 * which also bounds how deep expressions nest.
 *
 * Blocks recurse, up to a limit; the else branch that is nothing but another `if` continues as `elif`, in a loop. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit_internal.h"

#include <string.h>

/* ---- names of locals --------------------------------------------------------------------------------- */

/* Names that mean something else where code is read, besides keywords. Parameters, which callers may pass by name,
 * give way only to those that the body says: all without an operator, the others where it stands in the graph. */
static const struct word { const char *name, *op; } words[] = {
    { "_", NULL }, { "CONSTANTS", NULL }, { "__torch__", NULL }, { "annotate", NULL }, { "aten", NULL },
    { "attribute", NULL }, { "bool", "aten::Bool" }, { "float", "aten::Float" }, { "fork", "prim::fork" },
    { "getattr", "prim::GetAttr" }, { "inf", NULL }, { "infj", NULL }, { "int", "aten::Int" },
    { "isinstance", "prim::isinstance" }, { "nan", NULL }, { "nanj", NULL }, { "ops", NULL },
    { "print", "prim::Print" }, { "range", "prim::Loop" }, { "sorted", "aten::sorted" }, { "str", "aten::str" },
    { "torch", NULL }, { "unchecked_cast", NULL }, { "uninitialized", NULL },
};

static bool says(const ir_graph *g, const struct word *word)
{
    IR_EACH_NODE_DEEP(n, g)
        if (!word->op || n->op == OP_prim_fork || !strcmp(op_name((op_id)n->op), word->op))
            return true;
    return !word->op;
}

/* g: of the function whose parameter it is to name; NULL: a local. */
static bool is_reserved(const char *s, const ir_graph *g)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i].name, s))
            return !g || says(g, &words[i]);
    return script_is_keyword(s);
}

static const char *new_name(script_writer *w, const char *base, const ir_graph *g)
{
    const char *name = base;
    while ((strmap_has(&w->used, name) || is_reserved(name, g)) && !arena_failed(&w->arena)) {
        uintptr_t k = (uintptr_t)strmap_find(&w->suffixes, base);
        name = arena_printf(&w->arena, "%s%zu", base, (size_t)k);
        strmap_set(&w->suffixes, base, (void *)(k + 1));
    }
    strmap_set(&w->used, name, (void *)name);
    return name;
}

/* "y.12" → "y"; a name that cannot be written becomes one that can. */
static const char *base_name(script_writer *w, const char *name)
{
    size_t n = strlen(name), digits = n;
    while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9')
        digits--;
    if (digits < n && digits > 1 && name[digits - 1] == '.')
        n = digits - 1;
    bool is_bare = n && !(name[0] >= '0' && name[0] <= '9');
    char *s = arena_printf(&w->arena, "%s%.*s", is_bare ? "" : "_", (int)n, name);
    for (char *p = s; *p; p++)
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9'))
            *p = '_';
    return s;
}

/* NULL: no memory, which the arena remembers. */
static script_expr *new_expr(script_writer *w, const ir_value *v)
{
    script_expr *e = ARENA_NEW(&w->arena, script_expr);
    if (arena_failed(&w->arena) || !ptrmap_set(&w->exprs, v, e))
        return NULL;
    script_text_init(&e->body, &w->arena);
    return e;
}

static void bind_name(script_writer *w, const ir_value *v, const char *name)
{
    script_expr *e = new_expr(w, v);
    if (!e)
        return;
    e->is_name = true;
    text_add(&e->body.code, name);
}

static void name_value(script_writer *w, const ir_value *v)
{
    bind_name(w, v, new_name(w, v->name ? base_name(w, v->name) : "_", NULL));
}

static void name_values(script_writer *w, ir_value *const *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        name_value(w, at[i]);
}

/* v is another name of `of`. */
static void alias_value(script_writer *w, const ir_value *v, const ir_value *of)
{
    script_expr *e = script_find_expr(w, of);
    if (e)
        ptrmap_set(&w->exprs, v, e);
}

/* ---- values ------------------------------------------------------------------------------------------ */

static script_expr *make_constant(script_writer *w, const ir_value *v)
{
    jit_value constant = VALUE_NONE_V;
    script_expr *e = new_expr(w, v);
    ir_value_constant(v, &constant);
    if (e)
        script_put_constant(w->a, constant, &e->body.code);
    return e;
}

script_expr *script_find_expr(script_writer *w, const ir_value *v)
{
    script_expr *e = ptrmap_find(&w->exprs, v);
    if (e || v->node->op != OP_prim_Constant)
        return e;
    return make_constant(w, v);
}

void script_put_value(script_writer *w, const ir_value *v, range at, script_text *to)
{
    const script_expr *e = script_find_expr(w, v);
    if (!e) {
        if (!arena_failed(&w->arena))
            script_fail(w->a, JIT_EUNSUPPORTED, "a value is used where it is not defined");
        return;
    }
    if (e->body.ranges.n)
        script_put_text(to, &e->body);
    else
        script_put_bytes(to, at, e->body.code.s, e->body.code.n);
}

/* ---- statements -------------------------------------------------------------------------------------- */

static void indent(script_writer *w, range at)
{
    for (unsigned i = 0; i < w->level; i++)
        script_put(w->out, at, "  ");
}

static void put(script_writer *w, range at, const char *s) { script_put(w->out, at, s); }

static void put_names(script_writer *w, ir_value *const *at, size_t n, range where)
{
    for (size_t i = 0; i < n; i++) {
        put(w, where, i ? ", " : "");
        script_put_value(w, at[i], where, w->out);
    }
}

/* Statements for the oldest pending expressions, up to place `end`. */
static void flush(script_writer *w, size_t end)
{
    while (w->first_pending < end) {
        const ir_value *v = w->pending.at[w->first_pending++];
        const script_expr *e = ptrmap_find(&w->exprs, v);
        range at = v->node->at;
        indent(w, at);
        name_value(w, v);
        script_put_value(w, v, at, w->out);
        put(w, at, " = ");
        script_put_text(w->out, &e->body);
        put(w, at, "\n");
    }
    if (w->first_pending == w->pending.n)
        w->first_pending = w->pending.n = 0;
}

/* Which of the pending expressions node n takes: those from the returned place on. Statements are made of what
 * stands in the way. */
static size_t take_inputs(script_writer *w, const ir_node *n, uint32_t n_inputs)
{
    size_t top = w->pending.n;
    for (uint32_t i = n_inputs; i-- > 0;) {
        const script_expr *e = ptrmap_find(&w->exprs, n->inputs[i]);
        if (!e || !e->place || e->place <= w->first_pending)
            continue;
        if (e->place == top)
            top--;
        else if (e->place < top)
            flush(w, e->place);
    }
    return top;
}

/* n becomes a statement: everything pending but its own inputs comes before it. */
static void begin_statement(script_writer *w, const ir_node *n, uint32_t n_inputs)
{
    size_t top = take_inputs(w, n, n_inputs);
    if (w->first_pending < top)
        flush(w, top);
    w->first_pending = w->pending.n = 0;
}

/* May the value be written where it is read? */
static bool can_wait(const ir_node *n)
{
    const ir_value *v = n->n_outputs == 1 ? n->outputs[0] : NULL;
    if (!v || v->n_uses != 1 || n->n_blocks || n->op == OP_prim_isinstance)
        return false;
    const ir_node *user = v->uses->user;
    if (user->block != n->block || user->op == OP_prim_fork || (user->op == OP_prim_Loop && v->uses->index >= 2))
        return false;
    return !v->name || user->op == OP_prim_Return;
}

static bool is_long(const script_writer *w, const script_expr *e)
{
    return e->body.code.n + 2 * w->level >= SCRIPT_LINE_WIDTH;
}

static void print_expression(script_writer *w, const ir_node *n)
{
    bool waits = can_wait(n);
    size_t top = take_inputs(w, n, n->n_inputs);
    script_text line;
    script_text_init(&line, &w->arena);
    if (!waits && w->first_pending < top)
        flush(w, top);
    script_put_rhs(w, n, &line);
    w->pending.n = waits ? top : w->first_pending; // what was taken is part of the line now
    if (w->pending.n == w->first_pending)
        w->pending.n = w->first_pending = 0;
    if (waits && line.code.n + 2 * w->level < SCRIPT_LINE_WIDTH) {
        script_expr *e = new_expr(w, n->outputs[0]);
        if (!e || !VEC_PUSH(&w->pending, &w->arena, n->outputs[0]))
            return;
        e->body = line;
        e->place = w->pending.n;
        return;
    }
    flush(w, w->pending.n);
    indent(w, n->at);
    name_values(w, n->outputs, n->n_outputs);
    put_names(w, n->outputs, n->n_outputs, n->at);
    put(w, n->at, n->n_outputs ? " = " : "");
    script_put_text(w->out, &line);
    put(w, n->at, "\n");
}

/* ---- constants at the head of a body ------------------------------------------------------------------ */

static void print_long_constant(script_writer *w, const ir_value *v)
{
    if (v->node->op != OP_prim_Constant || ptrmap_find(&w->exprs, v) || v->type->kind == TYPE_FUNCTION)
        return;
    script_expr *e = make_constant(w, v);
    if (!e || !is_long(w, e))
        return;
    indent(w, v->node->at);
    name_value(w, v);
    script_put_value(w, v, v->node->at, w->out);
    put(w, v->node->at, " = ");
    script_put_bytes(w->out, v->node->at, e->body.code.s, e->body.code.n);
    put(w, v->node->at, "\n");
}

/* Long constants get a line of their own, in the order in which they are used. */
static void print_constants(script_writer *w, const ir_graph *g)
{
    IR_EACH_NODE_DEEP(n, g)
        if (n->op != OP_prim_Constant)
            for (uint32_t i = 0; i < n->n_inputs; i++)
                print_long_constant(w, n->inputs[i]);
    for (uint32_t i = 0; i < ir_block_n_outputs(g->body); i++)
        print_long_constant(w, ir_block_output(g->body, i));
}

/* ---- blocks ------------------------------------------------------------------------------------------ */

static void print_block(script_writer *w, const ir_block *b);

static bool enter_block(script_writer *w)
{
    w->level++;
    if (++w->nesting <= SCRIPT_NESTING_MAX)
        return true;
    return script_fail(w->a, JIT_EUNSUPPORTED, "blocks nest deeper than %d, which no reader of archives takes",
                       SCRIPT_NESTING_MAX);
}

static void leave_block(script_writer *w)
{
    w->level--;
    w->nesting--;
}

/* A block without statements says `pass`. */
static void fill_block(script_writer *w, size_t begin)
{
    if (w->out->code.n != begin)
        return;
    indent(w, (range){ 0 });
    put(w, (range){ 0 }, "pass\n");
}

/* `a, b = x, y` at the end of a block: its outputs from `first` on become the named values. */
static void assign_outputs(script_writer *w, const ir_block *b, ir_value *const *names, uint32_t first)
{
    uint32_t n = ir_block_n_outputs(b) - first;
    begin_statement(w, b->ret, b->ret->n_inputs);
    if (!n)
        return;
    indent(w, b->ret->at);
    put_names(w, names, n, b->ret->at);
    put(w, b->ret->at, " = ");
    put_names(w, b->ret->inputs + first, n, b->ret->at);
    put(w, b->ret->at, "\n");
}

static void assign_typed(script_writer *w, const ir_value *name, const ir_value *v, bool is_annotated, range at)
{
    indent(w, at);
    script_put_value(w, name, at, w->out);
    if (is_annotated) {
        put(w, at, " : ");
        script_put_type(w->a, name->type, &w->out->code);
    }
    put(w, at, " = ");
    script_put_value(w, v, at, w->out);
    put(w, at, "\n");
}

/* ---- if ---------------------------------------------------------------------------------------------- */

/* Must the first assignment say the type that the branches' values have together? */
static bool needs_type(const ir_value *out, const ir_value *v)
{
    return type_unrefined(out->type) != type_unrefined(v->type) && out->type->kind != TYPE_TENSOR;
}

/* The end of the first branch: where a type is not evident all are assigned one by one. */
static void assign_then(script_writer *w, const ir_node *n, const ir_block *b)
{
    bool is_any = false;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        is_any |= needs_type(n->outputs[i], ir_block_output(b, i));
    if (!is_any) {
        assign_outputs(w, b, n->outputs, 0);
        return;
    }
    begin_statement(w, b->ret, b->ret->n_inputs);
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        const ir_value *v = ir_block_output(b, i);
        assign_typed(w, n->outputs[i], v, needs_type(n->outputs[i], v), b->ret->at);
    }
}

/* The `if` that is all of block b, which yields just what it yields. */
static const ir_node *only_if(const ir_block *b, const ir_node *n)
{
    if (n->op != OP_prim_If || n->next != b->ret || n->n_outputs != ir_block_n_outputs(b))
        return NULL;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (ir_block_output(b, i) != n->outputs[i] || n->outputs[i]->n_uses != 1)
            return NULL;
    return n;
}

static void print_node(script_writer *w, const ir_node *n);

static void print_condition(script_writer *w, const ir_node *n, const char *word)
{
    indent(w, n->at);
    put(w, n->at, word);
    script_put_value(w, n->inputs[0], n->at, w->out);
    put(w, n->at, ":\n");
}

/* The else branch. If it is another `if` and nothing else, that one is returned, its condition still pending. */
static const ir_node *print_else(script_writer *w, const ir_node *n)
{
    size_t begin = w->out->code.n;
    const ir_block *b = n->blocks[1];
    indent(w, n->at);
    put(w, n->at, "else:\n");
    size_t inside = w->out->code.n;
    const ir_node *inner = NULL;
    enter_block(w);
    IR_EACH_NODE(m, b) {
        if (w->a->status)
            break;
        inner = w->out->code.n == inside ? only_if(b, m) : NULL;
        if (inner && take_inputs(w, inner, 1) == w->first_pending && w->out->code.n == inside) {
            script_text_cut(w->out, begin);
            leave_block(w);
            return inner;
        }
        print_node(w, m);
    }
    assign_outputs(w, b, n->outputs, 0);
    fill_block(w, inside);
    leave_block(w);
    return NULL;
}

static void print_if(script_writer *w, const ir_node *n)
{
    const char *word = "if ";
    begin_statement(w, n, 1);
    name_values(w, n->outputs, n->n_outputs);
    while (n && !w->a->status) {
        print_condition(w, n, word);
        w->first_pending = w->pending.n = 0;
        size_t begin = w->out->code.n;
        if (enter_block(w))
            print_block(w, n->blocks[0]);
        assign_then(w, n, n->blocks[0]);
        fill_block(w, begin);
        leave_block(w);
        const ir_node *inner = print_else(w, n);
        for (uint32_t i = 0; inner && i < inner->n_outputs; i++)
            alias_value(w, inner->outputs[i], n->outputs[i]);
        n = inner;
        word = "elif ";
    }
}

/* ---- loops ------------------------------------------------------------------------------------------- */

static bool is_true(const ir_value *v)
{
    jit_value c;
    return ir_value_constant(v, &c) && c.tag == VALUE_BOOL && c.i;
}

static bool is_endless(const ir_value *trip_count)
{
    jit_value c;
    return ir_value_constant(trip_count, &c) && c.tag == VALUE_INT && c.i == INT64_MAX;
}

static bool is_for_loop(const ir_node *n)
{
    const ir_block *b = n->blocks[0];
    return is_true(n->inputs[1]) && is_true(ir_block_output(b, 0))
           && (!is_endless(n->inputs[0]) || ir_block_input(b, 0)->n_uses);
}

/* What the body computes becomes what the next round, and who comes after the loop, reads. */
static void begin_loop(script_writer *w, const ir_node *n)
{
    const ir_block *b = n->blocks[0];
    begin_statement(w, n, 2);
    name_values(w, n->outputs, n->n_outputs);
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        assign_typed(w, n->outputs[i], n->inputs[i + 2], needs_type(n->outputs[i], n->inputs[i + 2]), n->at);
        alias_value(w, ir_block_input(b, i + 1), n->outputs[i]);
    }
}

static void print_for(script_writer *w, const ir_node *n)
{
    const ir_block *b = n->blocks[0];
    begin_loop(w, n);
    name_value(w, ir_block_input(b, 0));
    indent(w, n->at);
    put(w, n->at, "for ");
    script_put_value(w, ir_block_input(b, 0), n->at, w->out);
    put(w, n->at, " in range(");
    script_put_value(w, n->inputs[0], n->at, w->out);
    put(w, n->at, "):\n");
    size_t begin = w->out->code.n;
    if (enter_block(w))
        print_block(w, b);
    assign_outputs(w, b, n->outputs, 1);
    fill_block(w, begin);
    leave_block(w);
}

/* The counter is not used: its slot stands for the condition, which each round assigns anew. */
static void print_while(script_writer *w, const ir_node *n)
{
    const ir_block *b = n->blocks[0];
    begin_loop(w, n);
    bind_name(w, ir_block_input(b, 0), new_name(w, "_", NULL));
    assign_typed(w, ir_block_input(b, 0), n->inputs[1], false, n->at);
    indent(w, n->at);
    put(w, n->at, "while ");
    script_put_value(w, ir_block_input(b, 0), n->at, w->out);
    put(w, n->at, ":\n");
    if (enter_block(w))
        print_block(w, b);
    VEC(ir_value *) names = { 0 };
    VEC_PUSH(&names, &w->arena, ir_block_input(b, 0));
    for (uint32_t i = 0; i < n->n_outputs; i++)
        VEC_PUSH(&names, &w->arena, n->outputs[i]);
    if (!arena_failed(&w->arena))
        assign_outputs(w, b, names.at, 0);
    leave_block(w);
}

static void print_loop(script_writer *w, const ir_node *n)
{
    if (is_for_loop(n))
        print_for(w, n);
    else if (is_endless(n->inputs[0]) && !ir_block_input(n->blocks[0], 0)->n_uses)
        print_while(w, n);
    else
        script_fail(w->a, JIT_EUNSUPPORTED, "a loop with both a count and a condition cannot be saved as code");
}

/* ---- other statements -------------------------------------------------------------------------------- */

static void print_body(script_writer *w, const ir_graph *g);

static void print_fork(script_writer *w, const ir_node *n)
{
    const char *name = new_name(w, "__forked_function", NULL);
    const ir_graph *g = ir_attr_find(n, "Subgraph")->g;
    begin_statement(w, n, 0);
    indent(w, n->at);
    put(w, n->at, "def ");
    put(w, n->at, name);
    put(w, n->at, "():\n");
    for (uint32_t i = 0; i < n->n_inputs; i++)
        alias_value(w, ir_block_input(g->body, i), n->inputs[i]);
    if (enter_block(w))
        print_body(w, g);
    leave_block(w);
    name_values(w, n->outputs, 1);
    indent(w, n->at);
    put_names(w, n->outputs, 1, n->at);
    put(w, n->at, " = fork(");
    put(w, n->at, name);
    put(w, n->at, ")\n");
}

static void print_unpack(script_writer *w, const ir_node *n)
{
    begin_statement(w, n, 1);
    if (!n->n_outputs)
        return;
    name_values(w, n->outputs, n->n_outputs);
    indent(w, n->at);
    put_names(w, n->outputs, n->n_outputs, n->at);
    put(w, n->at, ", = ");
    script_put_value(w, n->inputs[0], n->at, w->out);
    put(w, n->at, "\n");
}

static void print_set_attribute(script_writer *w, const ir_node *n)
{
    const char *name = ir_get_str(n, "name");
    if (!script_is_identifier(name) || script_is_keyword(name))
        script_fail(w->a, JIT_EUNSUPPORTED, "assigning the attribute '%s' cannot be saved as code", name);
    begin_statement(w, n, 2);
    indent(w, n->at);
    script_put_value(w, n->inputs[0], n->at, w->out);
    put(w, n->at, ".");
    put(w, n->at, name);
    put(w, n->at, " = ");
    script_put_value(w, n->inputs[1], n->at, w->out);
    put(w, n->at, "\n");
}

/* The submodule of an index that is only known when the program runs: the type it is taken for is written before it,
 * which to readers means the cast that follows in the graph. */
static void print_container_index(script_writer *w, const ir_node *n)
{
    const ir_node *cast = n->outputs[0]->n_uses == 1 ? n->outputs[0]->uses->user : n;
    ir_value *const *result = cast->op == OP_prim_unchecked_cast && cast->block == n->block ? cast->outputs : n->outputs;
    begin_statement(w, n, 2);
    name_values(w, result, 1);
    indent(w, n->at);
    put_names(w, result, 1, n->at);
    put(w, n->at, " : ");
    script_put_type(w->a, result[0]->type, &w->out->code);
    put(w, n->at, " = ");
    script_put_value(w, n->inputs[0], n->at, w->out);
    put(w, n->at, "[");
    script_put_value(w, n->inputs[1], n->at, w->out);
    put(w, n->at, "]\n");
}

/* From Enter to its Exit, in the same block, everything stands below the `with`. */
static void print_enter(script_writer *w, const ir_node *n)
{
    begin_statement(w, n, 1);
    indent(w, n->at);
    put(w, n->at, "with ");
    script_put_value(w, n->inputs[0], n->at, w->out);
    if (n->outputs[0]->n_uses) {
        name_value(w, n->outputs[0]);
        put(w, n->at, " as ");
        script_put_value(w, n->outputs[0], n->at, w->out);
    }
    put(w, n->at, ":\n");
    enter_block(w);
}

static void print_exit(script_writer *w, const ir_node *n)
{
    const text *code = &w->out->code;
    begin_statement(w, n, 0);
    if (code->n > 1 && code->s[code->n - 2] == ':') // no statement ends so
        fill_block(w, code->n);
    leave_block(w);
}

static void print_node(script_writer *w, const ir_node *n)
{
    switch (n->op) {
    case OP_prim_Constant: return;
    case OP_prim_If:       print_if(w, n); return;
    case OP_prim_Loop:     print_loop(w, n); return;
    case OP_prim_fork:     print_fork(w, n); return;
    case OP_prim_TupleUnpack: case OP_prim_ListUnpack: print_unpack(w, n); return;
    case OP_prim_SetAttr:  print_set_attribute(w, n); return;
    case OP_prim_Enter:    print_enter(w, n); return;
    case OP_prim_Exit:     print_exit(w, n); return;
    case OP_prim_ModuleContainerIndex_list: case OP_prim_ModuleContainerIndex_dict:
        print_container_index(w, n);
        return;
    case OP_prim_unchecked_cast:
        if (!ptrmap_find(&w->exprs, n->outputs[0])) // else it was written with what it casts
            print_expression(w, n);
        return;
    default:
        print_expression(w, n);
    }
}

static void print_block(script_writer *w, const ir_block *b)
{
    IR_EACH_NODE(n, b) {
        if (w->a->status || arena_failed(&w->arena))
            return;
        print_node(w, n);
    }
}

/* ---- functions --------------------------------------------------------------------------------------- */

static void print_body(script_writer *w, const ir_graph *g)
{
    const ir_node *ret = g->body->ret;
    print_constants(w, g);
    print_block(w, g->body);
    if (ret->n_inputs != 1)
        script_fail(w->a, JIT_EUNSUPPORTED, "a function that returns several values cannot be saved");
    begin_statement(w, ret, 1);
    indent(w, ret->at);
    put(w, ret->at, "return ");
    script_put_value(w, ret->inputs[0], ret->at, w->out);
    put(w, ret->at, "\n");
}

static void print_parameters(script_writer *w, const ir_graph *g, const schema *s, range at)
{
    for (uint32_t i = 0; i < s->n_args; i++) {
        const schema_arg *arg = &s->args[i];
        const char *name = new_name(w, base_name(w, arg->name), g);
        put(w, at, i ? ",\n    " : "");
        put(w, at, name);
        put(w, at, ": ");
        script_put_type(w->a, arg->type, &w->out->code);
        if (arg->has_default) {
            put(w, at, "=");
            script_put_constant(w->a, arg->default_value, &w->out->code);
        }
        bind_name(w, ir_block_input(g->body, i), name);
    }
}

static void print_function(script_writer *w, ir_function *fn, const ir_graph *g, const char *name)
{
    range at = fn->at;
    indent(w, at);
    put(w, at, "def ");
    put(w, at, name);
    put(w, at, "(");
    print_parameters(w, g, fn->schema, at);
    put(w, at, ") -> ");
    script_put_type(w->a, schema_result_type(fn->schema), &w->out->code);
    put(w, at, ":\n");
    w->level++;
    print_body(w, g);
    w->level--;
}

void script_print_def(script_archive *a, ir_function *fn, const char *name, unsigned level, script_text *out)
{
    const char *why = NULL;
    ir_graph *g = a->hooks->graph(a->hooks->ctx, fn, &why);
    if (!g || !fn->schema || ir_block_n_inputs(g->body) != fn->schema->n_args) {
        script_fail(a, why ? JIT_EUNSUPPORTED : JIT_ENOMEM, "%s", why ? why : "out of memory");
        return;
    }
    script_writer w = { .a = a, .out = out, .level = level };
    arena_init(&w.arena);
    ptrmap_init(&w.exprs, &w.arena);
    strmap_init(&w.used, &w.arena);
    strmap_init(&w.suffixes, &w.arena);
    print_function(&w, fn, g, name);
    if (arena_failed(&w.arena))
        script_fail(a, JIT_ENOMEM, "out of memory");
    arena_fini(&w.arena);
}
