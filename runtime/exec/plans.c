/* runtime/exec/plans.c: see plans.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/exec/plans.h"

#include "base/alloc.h"

#include <string.h>

struct plan_cache {
    _Atomic uint32_t n;
    uint32_t asked_none;
    struct plan_entry {
        plan_key key;
        vm_plan *plan;
        ir_graph *graph; /* what it was made of and points into */
    } at[PLANS_MOST];
};

enum { WORD_OF_NONE = 1 }; /* those of tensors are above 2^31 */

static uint32_t word_of(jit_value v, bool asks_none)
{
    if (v.tag != VALUE_TENSOR)
        return asks_none && v.tag == VALUE_NONE ? WORD_OF_NONE : 0;
    return 1u << 31 | (uint32_t)v.t->store->has_parts << 30 | (uint32_t)v.t->requires_grad << 24 | (uint32_t)v.t->store->dev.kind << 16
           | (uint32_t)v.t->n_dims << 8 | (uint32_t)tensor_dtype(v.t);
}

bool plan_key_of(const plan_cache *c, const jit_value *args, size_t n, plan_key *ret)
{
    if (n > PLANS_MOST_ARGS)
        return false;
    *ret = (plan_key){ { 0 } };
    for (size_t i = 0; i < n; i++)
        ret->args[i] = word_of(args[i], c->asked_none >> i & 1);
    return true;
}

plan_cache *plan_cache_new(uint32_t asked_none)
{
    plan_cache *c = mem_calloc(1, sizeof *c);
    if (c)
        c->asked_none = asked_none;
    return c;
}

uint32_t plan_cache_asked_none(const plan_cache *c) { return c->asked_none; }

void plan_cache_free(plan_cache *c)
{
    for (uint32_t i = 0; c && i < c->n; i++) {
        vm_plan_free(c->at[i].plan);
        if (c->at[i].graph)
            ir_graph_free(c->at[i].graph);
    }
    mem_free(c);
}

bool plan_cache_find(const plan_cache *c, const plan_key *k, const vm_plan **ret)
{
    uint32_t n = atomic_load_explicit(&c->n, memory_order_acquire);
    for (uint32_t i = 0; i < n; i++)
        if (!memcmp(&c->at[i].key, k, sizeof *k)) {
            *ret = c->at[i].plan;
            return true;
        }
    return false;
}

bool plan_cache_is_full(const plan_cache *c) { return c->n == PLANS_MOST; }

void plan_cache_add(plan_cache *c, const plan_key *k, vm_plan *take_plan, ir_graph *take_graph)
{
    uint32_t n = c->n;
    c->at[n] = (struct plan_entry){ *k, take_plan, take_graph };
    atomic_store_explicit(&c->n, n + 1, memory_order_release);
}
