/* ir/graph.h: PyTorch's SSA IR: a graph is a block of nodes, a node may hold blocks.
 *
 * The graph owns its values, nodes and blocks (one arena); links are pointers: nodes in their block,
 * uses in their value (an input slot is a use). Each value has a dense `id` below graph->n_values, so
 * passes keep facts in bitsets. Control flow is nested blocks (prim::If, prim::Loop), there are no
 * phis. Blocks may nest as deep as a program is long (elif chains, early returns): no pass recurses over
 * blocks; use IR_EACH_NODE_DEEP or ir_next_deep(), which walk by the parent links. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_GRAPH_H
#define IR_GRAPH_H

#include "ir/function.h"
#include "ir/op.h"

typedef struct ir_value ir_value;
typedef struct ir_node ir_node;
typedef struct ir_block ir_block;
typedef struct ir_use ir_use;

/** One input slot that reads a value: input `index` of `user` (block returns: user is the block's
 * return node). */
struct ir_use {
    ir_node *user;
    uint32_t index;
    ir_use *next, *prev; /* in the value's list */
};

struct ir_value {
    ir_node *node;       /* producer: a node, or the param node of a block */
    uint32_t index;      /* which output */
    uint32_t id;         /* dense, unique in the graph; printed when there is no name */
    const char *name;    /* debug name or NULL */
    const type *type;
    ir_use *uses;        /* in no particular order */
    uint32_t n_uses;
};

typedef enum ir_attr_kind {
    IR_ATTR_INT, IR_ATTR_FLOAT, IR_ATTR_STR, IR_ATTR_TYPE, IR_ATTR_TYPES, IR_ATTR_VALUE, IR_ATTR_GRAPH,
} ir_attr_kind;

typedef struct ir_attr {
    const char *name;
    ir_attr_kind kind;
    union {
        int64_t i;
        double f;
        const char *s;
        const type *t;
        struct { const type **at; size_t n; } types;
        jit_value v;         /* owned by the graph */
        ir_graph *g;         /* owned by the node */
    };
    struct ir_attr *next;
} ir_attr;

/** A call that was inlined: where it stood, in which function, and the call that one was inlined from. */
typedef struct ir_call_site {
    const ir_function *in;             /* NULL: the graph's own function */
    range at;
    const struct ir_call_site *outer;  /* NULL: `in` was not inlined */
} ir_call_site;

struct ir_node {
    uint16_t op;             /* op_id; OP_prim_Param and OP_prim_Return for the ends of blocks */
    bool is_removed;
    uint32_t n_inputs, cap_inputs;
    uint32_t n_outputs, cap_outputs;
    uint32_t n_blocks, cap_blocks;
    ir_graph *graph;
    ir_value **inputs;
    ir_use **uses;           /* one use record per input, same index */
    ir_value **outputs;
    ir_block **blocks;
    ir_attr *attrs;          /* in order of creation */
    ir_block *block;         /* the block it stands in */
    ir_node *next, *prev;    /* param ⇄ first ⇄ … ⇄ last ⇄ return */
    range at;
    const char *scope;       /* tracing only */
    const ir_function *callee_of; /* inlined from this function (backtraces), or NULL */
    const ir_call_site *called_from; /* the chain of calls from there up to the graph's function, or NULL */
    uint32_t order;          /* position in the block, valid after ir_block_number() */
};

struct ir_block {
    ir_graph *graph;
    ir_node *owner;          /* the node that holds it; NULL for the graph's body */
    ir_node *param;          /* its outputs are the block's inputs */
    ir_node *ret;            /* its inputs are the block's outputs */
};

struct ir_graph {
    arena arena;
    ir_block *body;
    const char *name;
    strmap names;            /* name → ir_value * */
    strmap suffixes;         /* base name → highest suffix used */
    uint32_t n_values;
    ir_unit *unit;           /* where its types live; not a reference (a unit owns the graphs of its
                                functions): who keeps a graph keeps the unit */
    VEC(jit_value) values;   /* constants to release */
    VEC(ir_graph *) subgraphs; /* to free */
    VEC(const source *) sources; /* references that keep ranges valid */
};

ir_graph *ir_graph_new(ir_unit *unit);                 /* NULL: no memory */
void ir_graph_free(ir_graph *g);
ir_graph *ir_graph_clone(const ir_graph *g);
static inline bool ir_graph_failed(const ir_graph *g) { return g->arena.failed; }

/* ---- building (nodes come detached, then are inserted) --------------------------------------- */
ir_node *ir_node_new(ir_graph *g, op_id op, range at); /* keeps the source of `at` alive */
void ir_node_insert_before(ir_node *n, ir_node *where);
void ir_node_insert_after(ir_node *n, ir_node *where);
void ir_node_append(ir_node *n, ir_block *b);          /* before the block's return */
void ir_node_prepend(ir_node *n, ir_block *b);
void ir_node_move_before(ir_node *n, ir_node *where);
/** Unlink and drop its uses, with its blocks. Its outputs must be unused. */
void ir_node_remove(ir_node *n);
void ir_reserve_inputs(ir_node *n, uint32_t count);    /* room for so many in all; speed only */
ir_value *ir_add_input(ir_node *n, ir_value *v);       /* returns v */
void ir_insert_input(ir_node *n, uint32_t index, ir_value *v);
void ir_set_input(ir_node *n, uint32_t index, ir_value *v);
void ir_remove_input(ir_node *n, uint32_t index);
void ir_remove_inputs(ir_node *n);
ir_value *ir_add_output(ir_node *n, const type *t);
ir_value *ir_insert_output(ir_node *n, uint32_t index, const type *t);
void ir_remove_output(ir_node *n, uint32_t index);     /* must be unused */
ir_block *ir_add_block(ir_node *n);
void ir_remove_block(ir_node *n, uint32_t index);
/** Append copies of the nodes of `from` to `to` (which may be in another graph), replacing its params by
 * `args`; returns the mapped outputs of the block in ret_outputs (n of its return node). */
void ir_block_copy(const ir_block *from, ir_block *to, ir_node *before, ir_value *const *args,
                   ir_value **ret_outputs);
ir_value *ir_block_add_input(ir_block *b, const type *t);
void ir_block_add_output(ir_block *b, ir_value *v);
static inline uint32_t ir_block_n_inputs(const ir_block *b) { return b->param->n_outputs; }
static inline ir_value *ir_block_input(const ir_block *b, uint32_t i) { return b->param->outputs[i]; }
static inline uint32_t ir_block_n_outputs(const ir_block *b) { return b->ret->n_inputs; }
static inline ir_value *ir_block_output(const ir_block *b, uint32_t i) { return b->ret->inputs[i]; }
/** Every use of `old` reads `by` instead. */
void ir_replace_uses(ir_value *old, ir_value *by);
/** … only those that come after node n in n's block (and nested in them). */
void ir_replace_uses_after(ir_value *old, ir_value *by, ir_node *n);
/** Debug name; renames the old owner as spec/ir.md §2 says. Names without meaning are ignored. */
void ir_value_set_name(ir_value *v, const char *name);
/** … names without meaning too (`_0`: the attribute "0" of a module). Digits only or "" take the name away. */
void ir_value_force_name(ir_value *v, const char *name);
void ir_value_copy_name(ir_value *v, const ir_value *from);

/* attributes; setters replace. `take`: the node owns the reference from now on */
void ir_set_int(ir_node *n, const char *name, int64_t i);
void ir_set_float(ir_node *n, const char *name, double f);
void ir_set_str(ir_node *n, const char *name, const char *s);
void ir_set_type(ir_node *n, const char *name, const type *t);
void ir_set_types(ir_node *n, const char *name, const type *const *at, size_t count);
void ir_set_value(ir_node *n, const char *name, jit_value take);
void ir_set_graph(ir_node *n, const char *name, ir_graph *take);
const ir_attr *ir_attr_find(const ir_node *n, const char *name);
int64_t ir_get_int(const ir_node *n, const char *name);      /* must exist */
const char *ir_get_str(const ir_node *n, const char *name);  /* must exist */

/* ---- conveniences for builders (front ends, passes, the tracer) ------------------------------- */
/** Where new nodes go: before `at`. */
typedef struct ir_builder { ir_graph *g; ir_node *at; range range; const ir_function *callee_of;
                            const ir_call_site *called_from; } ir_builder;
/** prim::Constant of a value of type t (takes v). None: no attribute. Functions: name attribute too. */
ir_value *ir_build_constant(ir_builder *b, jit_value take, const type *t);
/** An operator with all schema arguments given; output types by the caller. Returns the node. */
ir_node *ir_build_op(ir_builder *b, op_id op, ir_value *const *args, size_t n_args,
                     const type *const *rets, size_t n_rets);
/** … with exactly one result, whose value is returned. */
ir_value *ir_build_op1(ir_builder *b, op_id op, ir_value *const *args, size_t n_args, const type *ret);
/** The constant a value is known to be: NULL if its node is no prim::Constant. *ret is borrowed. */
bool ir_value_constant(const ir_value *v, jit_value *ret);
bool ir_value_is_none(const ir_value *v);
/** Does an operator only read this operand, a list: it does not change it, keep it or have it as a result? */
bool ir_only_reads_list(const ir_use *u);
/** Is that so for all uses of the list? (Of long ones it is not found out.) */
bool ir_list_is_only_read(const ir_value *v);
/** The value stands for a call of it: `%f : Function = prim::Constant[name="f"]()`. NULL: not such a constant. */
const ir_function *ir_value_function(const ir_value *v);

/* ---- walking -------------------------------------------------------------------------------- */
#define IR_EACH_NODE(n, b) for (ir_node *n = (b)->param->next; n != (b)->ret; n = n->next)
#define IR_EACH_NODE_SAFE(n, b) \
    for (ir_node *n = (b)->param->next, *n##_next = n->next; n != (b)->ret; n = n##_next, n##_next = n->next)
#define IR_EACH_NODE_REVERSE_SAFE(n, b) \
    for (ir_node *n = (b)->ret->prev, *n##_next = n->prev; n != (b)->param; n = n##_next, n##_next = n->prev)
/** Every node of the graph, a node before the nodes of its blocks; no recursion. The node may be removed
 * or replaced during the walk only by IR_EACH_NODE_DEEP_SAFE's rules: remove n itself, nothing after it. */
ir_node *ir_first_deep(const ir_graph *g);
ir_node *ir_next_deep(const ir_node *n);      /* descends into n's blocks first; NULL at the end */
ir_node *ir_next_skip(const ir_node *n);      /* does not descend */
#define IR_EACH_NODE_DEEP(n, g) for (ir_node *n = ir_first_deep(g); n; n = ir_next_deep(n))
/** Last node first, the nodes of its blocks before the node itself (what backward passes need). */
ir_node *ir_last_deep(const ir_graph *g);
ir_node *ir_prev_deep(const ir_node *n);
uint32_t ir_block_index(const ir_block *b);   /* which block of its owner b is */
void ir_block_number(ir_block *b);            /* fills node->order */
bool ir_is_before(const ir_node *a, const ir_node *b); /* same graph; anywhere in the nest */
bool ir_block_holds(const ir_block *outer, const ir_node *n); /* n stands in outer or deeper */

/* ---- text ------------------------------------------------------------------------------------- */
typedef struct ir_print_options {
    bool source_ranges;
    bool dot;                                 /* for Graphviz instead (ranges are not shown) */
} ir_print_options;
void ir_print(const ir_graph *g, const ir_print_options *o, text *out);
void ir_print_dot(const ir_graph *g, text *out);      /* what ir_print() does where the options say so */
void ir_print_node(const ir_node *n, text *out);       /* one line, for messages */
void ir_print_value(const ir_value *v, text *out);    /* %x : Tensor */
void ir_print_constant(jit_value v, text *out);        /* as a Constant's value; large tensors by what they are */
/** Parse the text form. classes: where `__torch__.X` is looked up, may be NULL; errors with line and column in d. */
ir_graph *ir_parse(const source *src, ir_unit *classes, diag *d);
/** Structure, dominance, use lists, block arity, schema types. false: *ret_why says what, in `a`. */
bool ir_validate(const ir_graph *g, arena *a, const char **ret_why);

#endif
