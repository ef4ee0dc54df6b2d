/* Constant pooling: equal constants become one, and all of them stand at the top.
 *
 * Each constant that is not first already is moved before everything, so the last one found ends up first:
 * that order is what PyTorch prints. Sorting them would be nicer to read and no longer comparable.
 *
 * That reverses the order at each run, so passes that are repeated until nothing changes are accompanied by
 * merge_constants, which moves only what stands inside of a block. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "opt/opt.h"

#include <string.h>

/* A key that is equal for equal constants: values with an identity by address, others by their text. */
static const char *constant_key(const ir_node *n, arena *a)
{
    jit_value v;
    text key;
    text_init(&key, a);
    if (!ir_value_constant(n->outputs[0], &v))
        return NULL;
    text_addf(&key, "%p %d ", (const void *)n->outputs[0]->type, (int)v.tag);
    switch ((value_tag)v.tag) {
    case VALUE_FLOAT: {
        uint64_t bits;
        memcpy(&bits, &v.f, sizeof bits); // -0. is not 0., all nans of one kind are equal
        text_addf(&key, "%llx", (unsigned long long)bits);
        break;
    }
    case VALUE_TENSOR: case VALUE_LIST: case VALUE_DICT: case VALUE_OBJECT: case VALUE_ENUM:
    case VALUE_FUNCTION: case VALUE_FUTURE: case VALUE_GENERATOR: case VALUE_TUPLE: case VALUE_COMPLEX:
        text_addf(&key, "%p", v.p);
        break;
    default:
        value_print_repr(v, &key);
        break;
    }
    return key.failed ? NULL : key.s;
}

static bool pool(ir_graph *g, opt_ctx *cx, bool reorders)
{
    bool progress = false;
    strmap known;
    strmap_init(&known, &cx->scratch);
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        next = ir_next_deep(n);
        if (n->op != OP_prim_Constant)
            continue;
        const char *key = constant_key(n, &cx->scratch);
        if (!key)
            continue;
        ir_value *same = strmap_find(&known, key);
        if (same) {
            ir_replace_uses(n->outputs[0], same);
            ir_node_remove(n);
            progress = true;
            continue;
        }
        strmap_set(&known, key, n->outputs[0]);
        ir_node *first = g->body->param->next;
        if (n != first && (reorders || n->block != g->body)) {
            ir_node_move_before(n, first);
            progress = true;
        }
    }
    return progress;
}

bool opt_pool(ir_graph *g, opt_ctx *cx) { return pool(g, cx, true); }

bool opt_merge_constants(ir_graph *g, opt_ctx *cx) { return pool(g, cx, false); }
