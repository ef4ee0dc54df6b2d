/* runtime/exec/plans.h: the plans of a function for certain types of its arguments.
 *
 * A cache is filled by one thread at a time (its owner's lock) and read by all without a lock: entries are only added, the
 * count is published after the entry. There are few, so that looking through them costs nanoseconds; nothing is ever
 * evicted, as another thread may be running it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_EXEC_PLANS_H
#define RUNTIME_EXEC_PLANS_H

#include "runtime/vm/vm.h"

enum { PLANS_MOST = 8, PLANS_MOST_ARGS = 16 };

/** What plans depend on: of each tensor the element type, number of dimensions, device, requires_grad and whether it is
 * nested, never sizes; and which of the arguments that the function asks about are None. */
typedef struct plan_key { uint32_t args[PLANS_MOST_ARGS]; } plan_key;
typedef struct plan_cache plan_cache;

/** The key of a call. false: more arguments than a key holds. */
bool plan_key_of(const plan_cache *c, const jit_value *args, size_t n, plan_key *ret);
/** @param asked_none  bit i: whether argument i is None makes a difference. NULL: no memory */
plan_cache *plan_cache_new(uint32_t asked_none);
uint32_t plan_cache_asked_none(const plan_cache *c);
void plan_cache_free(plan_cache *c);
/** *ret: the plan for these types; NULL: the general one is as good. false: they were not seen yet. */
bool plan_cache_find(const plan_cache *c, const plan_key *k, const vm_plan **ret);
bool plan_cache_is_full(const plan_cache *c);
/** Add what is not in it; there must be room. plan NULL (and graph): the general one is as good. The cache frees both. */
void plan_cache_add(plan_cache *c, const plan_key *k, vm_plan *take_plan, ir_graph *take_graph);

#endif
