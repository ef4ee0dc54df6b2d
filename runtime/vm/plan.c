/* runtime/vm/plan.c: making and freeing plans. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/compile.h"

static void fill_params(vm_compile *c)
{
    const ir_block *b = c->graph->body;
    vm_plan *p = c->plan;
    p->n_params = ir_block_n_inputs(b);
    p->params = ARENA_ARRAY(&p->arena, vm_slot, (size_t)p->n_params + 1);
    for (uint32_t i = 0; p->params && i < p->n_params; i++)
        p->params[i] = result_slot(c, ir_block_input(b, i));
}

/* How many jumps to jumps are followed. */
enum { MAX_HOPS = 8 };

/** Jumps that lead to a jump go where that goes; then all go by distance. */
static void settle_jumps(vm_compile *c)
{
    vm_instr *code = c->code.at;
    for (uint32_t i = 0; i < c->code.n; i++) {
        for (int hop = 0; vm_is_jump(code[i].op) && code[code[i].a].op == VM_JUMP && hop < MAX_HOPS; hop++)
            code[i].a = code[code[i].a].a;
    }
    for (uint32_t i = 0; i < c->code.n; i++)
        if (vm_is_jump(code[i].op))
            code[i].a = (code[i].a - i) * (uint32_t)sizeof *code;
}

static void compile_graph(vm_compile *c)
{
    compile_order(c);
    if (compile_failed(c))
        return;
    compile_coalesce(c);
    compile_registers(c);
    if (compile_failed(c))
        return;
    fill_params(c);
    compile_emit(c);
    if (compile_failed(c))
        return;
    settle_jumps(c);
    vm_plan *p = c->plan;
    p->code = c->code.at;
    p->ranges = c->ranges.at;
    p->nodes = c->nodes.at;
    p->n_code = (uint32_t)c->code.n;
    p->sites = c->sites.at;
    p->fused = c->fused.at;
    p->n_fused = (uint32_t)c->fused.n;
    p->n_sites = (uint32_t)c->sites.n;
}

vm_plan *vm_plan_new(const ir_graph *g, const char *name, arena *a, const char **ret_why,
                     range *ret_at)
{
    *ret_why = NULL;
    vm_plan *p = mem_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    arena_init(&p->arena);
    p->name = name;
    p->unit = g->unit;
    vm_compile c = { .graph = g, .plan = p, .message_arena = a };
    arena_init(&c.scratch);
    compile_graph(&c);
    p->lists = c.lists.at;
    p->n_lists = (uint32_t)c.lists.n;
    bool failed = compile_failed(&c);
    arena_fini(&c.scratch);
    if (!failed)
        return p;
    *ret_why = c.why;
    if (c.why)
        *ret_at = c.why_at;
    vm_plan_free(p);
    return NULL;
}

void vm_plan_free(vm_plan *p)
{
    if (!p)
        return;
    for (vm_plan *body = p->bodies, *next; body; body = next) {
        next = body->next_body;
        vm_plan_free(body);
    }
    for (uint32_t i = 0; i < p->n_fused; i++)
        fused_cache_free(p->fused[i].cache);
    for (uint32_t i = 0; i < p->n_lists; i++)
        value_unref(p->lists[i]);
    arena_fini(&p->arena);
    mem_free(p);
}
