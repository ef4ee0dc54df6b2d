/* runtime/vm/registers.c: registers for values: linear scan over the intervals of order.c, one free
 * list per bank. A register is free again at the step of its last use, so a result may take the
 * register of an operand: every instruction reads before it writes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/compile.h"

/* How many Ifs up a value is followed to be released where they end. */
enum { MAX_CLIMB = 64 };

/** The NODE_END at which a value used last inside inner blocks is dead on every path; NO_STEP if
 * its last use is in the block that defines it (the use itself releases it). */
static uint32_t drop_step(const vm_compile *c, const vm_live *l)
{
    if (l->last > l->last_use)
        return l->last; // the end of a loop
    uint32_t home = c->steps.at[l->def].block_begin, at = c->steps.at[l->last_use].block_begin,
             end = NO_STEP;
    for (int climbed = 0; at != home && climbed < MAX_CLIMB; climbed++) {
        uint32_t owner = step_of_node(c, c->steps.at[at].node);
        end = c->steps.at[owner].end;
        at = c->steps.at[owner].block_begin;
    }
    return at == home ? end : NO_STEP;
}

static void place_drops(vm_compile *c)
{
    for (uint32_t id = 0; id < c->n_live; id++) {
        vm_live *l = &c->live[id];
        if (!l->value || l->is_scalar || l->is_constant || l->is_shared || l->value->n_uses == 0)
            continue;
        uint32_t step = drop_step(c, l);
        if (step == NO_STEP)
            continue;
        l->last = step;
        l->next_drop = c->steps.at[step].first_drop;
        c->steps.at[step].first_drop = id;
    }
}

typedef struct bank {
    VEC(uint32_t) free;
    uint32_t n;
} bank;

static uint32_t bank_take(bank *b)
{
    return b->free.n > 0 ? b->free.at[--b->free.n] : b->n++;
}

typedef struct scan {
    uint32_t *first_start, *first_end; /* per step, lists of roots */
    bank s, v;
} scan;

/** Give each class its interval and enter it in the lists. */
static void list_intervals(vm_compile *c, scan *sc)
{
    for (uint32_t id = 0; id < c->n_live; id++) {
        vm_live *l = &c->live[id];
        if (!l->value || l->root == id)
            continue;
        vm_live *root = &c->live[l->root];
        root->def = l->def < root->def ? l->def : root->def;
        root->last = l->last > root->last ? l->last : root->last;
    }
    for (uint32_t id = c->n_live; id-- > 0;) {
        vm_live *l = &c->live[id];
        if (!l->value || l->root != id || l->is_constant)
            continue;
        uint32_t end = l->last > l->def ? l->last : l->def + 1;
        if (end >= c->steps.n)
            end = (uint32_t)c->steps.n - 1;
        l->next_start = sc->first_start[l->def];
        sc->first_start[l->def] = id;
        l->next_end = sc->first_end[end];
        sc->first_end[end] = id;
    }
}

static void scan_steps(vm_compile *c, scan *sc)
{
    for (uint32_t i = 0; i < c->steps.n; i++) {
        for (uint32_t id = sc->first_end[i]; id != NO_VALUE; id = c->live[id].next_end) {
            bank *b = c->live[id].is_scalar ? &sc->s : &sc->v;
            if (c->live[id].def < i)
                (void)VEC_PUSH(&b->free, &c->scratch, c->live[id].reg);
        }
        for (uint32_t id = sc->first_start[i]; id != NO_VALUE; id = c->live[id].next_start)
            c->live[id].reg = bank_take(c->live[id].is_scalar ? &sc->s : &sc->v);
    }
}

/** Constants come first in their banks. */
static void collect_constants(vm_compile *c)
{
    for (uint32_t id = 0; id < c->n_live; id++) {
        vm_live *l = &c->live[id];
        jit_value v;
        if (!l->value || !l->is_constant)
            continue;
        if (l->value->node->op == OP_prim_ListConstruct)
            v = list_constant(c, l->value->node);
        else if (!ir_value_constant(l->value, &v))
            v = VALUE_NONE_V;
        if (l->is_scalar) {
            vm_scalar s = { .i = v.i };
            if (l->value->type->kind == TYPE_FLOAT)
                s.f = vm_float_of(v);
            l->reg = (uint32_t)c->s_constants.n;
            (void)VEC_PUSH(&c->s_constants, &c->plan->arena, s);
        } else {
            l->reg = (uint32_t)c->v_constants.n;
            (void)VEC_PUSH(&c->v_constants, &c->plan->arena, v);
        }
    }
}

void compile_registers(vm_compile *c)
{
    place_drops(c);
    collect_constants(c);
    scan sc = { 0 };
    sc.first_start = ARENA_ARRAY(&c->scratch, uint32_t, c->steps.n);
    sc.first_end = ARENA_ARRAY(&c->scratch, uint32_t, c->steps.n);
    if (arena_failed(&c->scratch) || !sc.first_start || !sc.first_end)
        return;
    for (uint32_t i = 0; i < c->steps.n; i++)
        sc.first_start[i] = sc.first_end[i] = NO_VALUE;
    sc.s.n = (uint32_t)c->s_constants.n;
    sc.v.n = (uint32_t)c->v_constants.n;
    list_intervals(c, &sc);
    scan_steps(c, &sc);
    for (uint32_t id = 0; id < c->n_live; id++)
        if (c->live[id].value && !c->live[id].is_constant)
            c->live[id].reg = c->live[c->live[id].root].reg;
    c->s_temp = sc.s.n;
    c->v_temp = sc.v.n;
    c->plan->n_s_constants = (uint32_t)c->s_constants.n;
    c->plan->n_v_constants = (uint32_t)c->v_constants.n;
    c->plan->s_constants = c->s_constants.at;
    c->plan->v_constants = c->v_constants.at;
    c->plan->n_s = sc.s.n + VM_N_S_TEMPS;
    c->plan->n_v = sc.v.n + 1;
}
