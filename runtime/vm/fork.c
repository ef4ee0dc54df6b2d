/* runtime/vm/fork.c: torch.jit.fork and wait: futures, and bodies that run on other threads.
 *
 * A program must not see that its branches overlap: a fork means what it would mean if its body ran to its end right
 * there. opt/overlap.c decides which bodies may run beside their caller (they write to nothing that was there before)
 * and puts prim::join where the caller must wait for them before it goes on (it is about to write to something they
 * may be reading). What is left is mechanics: a task is a run of its own with the limits, the sinks, the grad mode and
 * the memory budget of the run that forked it. It is done before the frame that forked it is left.
 *
 * A frame waits for its own tasks and runs those itself that no worker has begun. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/pool.h"
#include "runtime/vm/plan.h"

#include <string.h>

/* Bodies that would run deeper inside of each other than this run in the interpreter loop of their caller instead, which
 * takes no C stack. */
enum { MAX_NESTED_TASKS = 16 };

struct vm_task {
    pool_job job;
    ref_count n_refs;       /* the job, the future, the list of the run */
    vm_run run;
    const vm_plan *plan;
    future *result;         /* a reference as long as it is in the owner's list */
    mem_budget *budget;
    bool has_grad;
    const vm_run *owner;    /* who forked it; what follows is for that thread alone */
    const vm_frame *frame;
    vm_task *next, *prev;   /* in the owner's list */
    bool is_listed;
    uint32_t n_args;
    jit_value args[];
};

/* ---- futures ---------------------------------------------------------------------------------- */
static future *future_new(const type *elem, future_state state, jit_value take)
{
    future *made = mem_calloc(1, sizeof *made);
    if (!made) {
        value_unref(take);
        return NULL;
    }
    made->h.n_refs = 1;
    made->elem = elem;
    made->value = take;
    made->state = (int)state;
    return made;
}

future *vm_future_of_value(const type *elem, jit_value take)
{
    return future_new(elem, FUTURE_DONE, take);
}

/** Move the error of the run to the future. */
static void future_fail(future *f, vm_run *run)
{
    const char *message = run->op.message ? run->op.message : "";
    str *s = str_new(message, strlen(message));
    f->value = s ? VALUE_HEAP_V(VALUE_STR, s) : VALUE_NONE_V;
    f->status = s ? run->op.status : JIT_ENOMEM;
    f->exception = run->op.exception;
    vm_error_clear(run);
    atomic_store_explicit(&f->state, FUTURE_FAILED, memory_order_release);
}

future *vm_future_of_error(vm_run *run, const type *elem)
{
    future *made = future_new(elem, FUTURE_PENDING, VALUE_NONE_V);
    if (made)
        future_fail(made, run);
    return made;
}

/** The failure becomes the run's own. */
static bool fail_as(vm_run *run, const future *f)
{
    const char *message = f->value.tag == VALUE_STR ? f->value.s->s : "out of memory";
    if (run->op.status != JIT_OK)
        return false;
    vm_fail(run, (jit_status)f->status, "%s", message);
    run->op.exception = f->exception;
    return false;
}

/* ---- tasks ------------------------------------------------------------------------------------ */
static void task_unref(void *held)
{
    vm_task *t = held;
    if (refs_drop(&t->n_refs))
        mem_free(t);
}

static vm_task *task_of(pool_job *job) { return (vm_task *)((char *)job - offsetof(vm_task, job)); }

static void release_job(pool_job *job) { task_unref(task_of(job)); }

static void run_task(pool_job *job)
{
    vm_task *t = task_of(job);
    future *result = t->result;
    mem_budget *outer = mem_budget_set(t->budget);
    bool had_grad = grad_mode_enabled();
    grad_mode_set(t->has_grad);
    jit_value value;
    if (vm_execute(&t->run, t->plan, t->args, t->n_args, &value)) {
        result->value = value;
        atomic_store_explicit(&result->state, FUTURE_DONE, memory_order_release);
    } else {
        future_fail(result, &t->run);
    }
    grad_mode_set(had_grad);
    for (uint32_t i = 0; i < t->n_args; i++)
        value_unref(t->args[i]);
    vm_run_fini(&t->run);
    mem_budget_set(outer);
}

static void init_run(vm_run *child, vm_run *run)
{
    *child = (vm_run){
        .op = run->op,
        .limits = run->limits,
        .payer = run->payer ? run->payer : run,
        .depth = run->depth,
        .n_nested = run->n_nested + 1,
        .get_plan = run->get_plan,
    };
    child->op.programs = NULL; // one thread at a time writes that text
}

static vm_task *task_new(vm_run *run, vm_frame *f, const vm_site *site)
{
    vm_task *t = mem_calloc(1, sizeof *t + site->n_args * sizeof(jit_value));
    future *result = t ? future_new(type_elem(site->node->outputs[0]->type), FUTURE_PENDING, VALUE_NONE_V) : NULL;
    if (!result) {
        mem_free(t);
        return NULL;
    }
    t->job = (pool_job){ .run = run_task, .release = release_job };
    t->n_refs = 3;
    t->plan = site->body;
    t->budget = mem_budget_now();
    t->has_grad = grad_mode_enabled();
    t->n_args = site->n_args;
    for (uint32_t i = 0; i < t->n_args; i++)
        t->args[i] = vm_take(f, site->args[i]);
    init_run(&t->run, run);
    t->result = result;
    result->task = t;
    result->unref_task = task_unref;
    return t;
}

static void list_task(vm_run *run, const vm_frame *f, vm_task *t)
{
    t->owner = run;
    t->frame = f;
    t->is_listed = true;
    t->next = run->tasks;
    if (t->next)
        t->next->prev = t;
    run->tasks = t;
}

/** Only when it is done. */
static void unlist_task(vm_run *run, vm_task *t)
{
    *(t->prev ? &t->prev->next : &run->tasks) = t->next;
    if (t->next)
        t->next->prev = t->prev;
    t->is_listed = false;
    value_unref(VALUE_HEAP_V(VALUE_FUTURE, t->result));
    task_unref(t);
}

future *vm_fork_start(vm_run *run, vm_frame *f, const vm_site *site)
{
    int n_workers = runtime_get_num_threads() - 1;
    if (n_workers < 1 || run->n_nested > MAX_NESTED_TASKS || op_hook_is_set())
        return NULL;
    vm_task *t = task_new(run, f, site);
    if (!t)
        return NULL;
    future *result = t->result;
    value_ref(VALUE_HEAP_V(VALUE_FUTURE, result)); // one for the caller, one for the task
    list_task(run, f, t);
    if (!pool_submit(&t->job, n_workers)) {
        run_task(&t->job);
        t->job.is_done = true; // nobody else knows it yet
        release_job(&t->job);
    }
    return result;
}

bool vm_fork_join(vm_run *run, const vm_frame *f)
{
    bool is_fine = true;
    for (vm_task *t = run->tasks; t; t = t->next)
        if (!f || t->frame == f)
            pool_wait(&t->job);
    for (vm_task *t = run->tasks, *next; t; t = next) {
        next = t->next;
        if (f && t->frame != f)
            continue;
        if (t->result->state == FUTURE_FAILED && t->result->status != JIT_ERUNTIME)
            is_fine = fail_as(run, t->result); // a limit was reached: nobody catches that
        unlist_task(run, t);
    }
    return is_fine;
}

bool vm_future_wait(vm_run *run, jit_value v, jit_value *ret)
{
    if (v.tag != VALUE_FUTURE)
        return vm_fail(run, JIT_ERUNTIME, "wait() needs a Future");
    future *f = v.future;
    vm_task *t = f->task;
    if (t && (t->owner == run ? t->is_listed : atomic_load(&f->state) == FUTURE_PENDING))
        pool_wait(&t->job);
    if (t && t->owner == run && t->is_listed)
        unlist_task(run, t);
    if (f->state == FUTURE_DONE) {
        *ret = value_ref(f->value);
        return true;
    }
    if (f->state != FUTURE_FAILED)
        return vm_fail(run, JIT_ERUNTIME, "the future has no value yet");
    return fail_as(run, f);
}
