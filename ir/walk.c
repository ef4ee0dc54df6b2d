/* ir/walk.c: visiting every node of a graph. Blocks nest as deep as a program is long, so the position is
 * the node itself: parent links lead back up, no stack is needed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph_internal.h"

uint32_t ir_block_index(const ir_block *b)
{
    uint32_t i = 0;
    while (b->owner->blocks[i] != b)
        i++;
    return i;
}

ir_node *ir_enter_or_leave(const ir_node *n, uint32_t k)
{
    for (;;) {
        for (; k < n->n_blocks; k++)
            if (n->blocks[k]->param->next != n->blocks[k]->ret)
                return n->blocks[k]->param->next;
        if (n->next != n->block->ret)
            return n->next;
        if (!n->block->owner)
            return NULL;
        k = ir_block_index(n->block) + 1;
        n = n->block->owner;
    }
}

ir_node *ir_first_deep(const ir_graph *g)
{
    ir_node *first = g->body->param->next;
    return first == g->body->ret ? NULL : first;
}

ir_node *ir_next_deep(const ir_node *n) { return ir_enter_or_leave(n, 0); }
ir_node *ir_next_skip(const ir_node *n) { return ir_enter_or_leave(n, n->n_blocks); }

/* n itself, or the last node of the last of its blocks, and so on: the first to visit backwards. */
static ir_node *deepest_last(ir_node *n)
{
    for (;;) {
        uint32_t k = n->n_blocks;
        while (k > 0 && n->blocks[k - 1]->ret->prev == n->blocks[k - 1]->param)
            k--;
        if (k == 0)
            return n;
        n = n->blocks[k - 1]->ret->prev;
    }
}

ir_node *ir_last_deep(const ir_graph *g)
{
    ir_node *last = g->body->ret->prev;
    return last == g->body->param ? NULL : deepest_last(last);
}

ir_node *ir_prev_deep(const ir_node *n)
{
    if (n->prev != n->block->param)
        return deepest_last(n->prev);
    ir_node *owner = n->block->owner;
    if (!owner)
        return NULL;
    for (uint32_t k = ir_block_index(n->block); k > 0; k--)
        if (owner->blocks[k - 1]->ret->prev != owner->blocks[k - 1]->param)
            return deepest_last(owner->blocks[k - 1]->ret->prev);
    return owner;
}

void ir_block_number(ir_block *b)
{
    uint32_t order = 0;
    b->param->order = order++;
    IR_EACH_NODE(n, b)
        n->order = order++;
    b->ret->order = order;
}

static uint32_t depth_of(const ir_node *n)
{
    uint32_t depth = 0;
    for (; n->block->owner; n = n->block->owner)
        depth++;
    return depth;
}

/* In one block: look from both nodes forwards at once, which costs their distance, not the block. */
static bool is_before_in_block(const ir_node *a, const ir_node *b)
{
    for (const ir_node *from_a = a, *from_b = b; from_a || from_b;) {
        if (from_a && (from_a = from_a->next) == b)
            return true;
        if (from_b && (from_b = from_b->next) == a)
            return false;
    }
    return false;
}

bool ir_is_before(const ir_node *a, const ir_node *b)
{
    if (a == b)
        return false;
    uint32_t depth_a = depth_of(a), depth_b = depth_of(b);
    const ir_node *outer_a = a, *outer_b = b;
    for (; depth_a > depth_b; depth_a--)
        outer_a = outer_a->block->owner;
    for (; depth_b > depth_a; depth_b--)
        outer_b = outer_b->block->owner;
    if (outer_a == outer_b) // one holds the other; the holder comes first
        return outer_a == a;
    while (outer_a->block != outer_b->block) {
        const ir_node *up_a = outer_a->block->owner, *up_b = outer_b->block->owner;
        if (up_a == up_b)
            return ir_block_index(outer_a->block) < ir_block_index(outer_b->block);
        outer_a = up_a;
        outer_b = up_b;
    }
    return is_before_in_block(outer_a, outer_b);
}

bool ir_block_holds(const ir_block *outer, const ir_node *n)
{
    for (const ir_block *b = n->block; b; b = b->owner ? b->owner->block : NULL)
        if (b == outer)
            return true;
    return false;
}
