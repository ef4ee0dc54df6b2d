/* Primitives by shape and packed weights by storage; see onednn_cache.h.
 *
 * A primitive holds code that oneDNN generated for one shape, some 0.3 ms of work, so primitives are kept: a
 * bounded table, the longest unused goes first. Shapes that oneDNN refuses are kept too. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/onednn_cache.h"

#include "base/alloc.h"

#include <pthread.h>
#include <string.h>

enum { MAX_PLANS = 256 };

/* ---- plans ------------------------------------------------------------------------------------- */
static struct {
    pthread_mutex_t lock;
    int n;
    uint64_t now; /* counts look-ups */
    uint64_t hashes[MAX_PLANS], used[MAX_PLANS];
    onednn_plan *plans[MAX_PLANS];
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t hash_shape(const onednn_shape *shape)
{
    uint64_t words[sizeof *shape / sizeof(uint64_t)], h = 0;
    _Static_assert(sizeof words == sizeof *shape, "a shape is made of 64-bit words");
    memcpy(words, shape, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        h = ((h << 23 | h >> 41) ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return h;
}

static void free_operand(const onednn *api, onednn_operand *o)
{
    if (o->reorder)
        api->primitive_destroy(o->reorder);
}

void onednn_plan_unref(const onednn *api, onednn_plan *plan)
{
    if (!plan || atomic_fetch_sub_explicit(&plan->n_refs, 1, memory_order_acq_rel) != 1)
        return;
    free_operand(api, &plan->x);
    free_operand(api, &plan->w);
    free_operand(api, &plan->y);
    if (plan->run)
        api->primitive_destroy(plan->run);
    mem_free(plan);
}

/* A new reference, or NULL. The lock is held. */
static onednn_plan *find(const onednn_shape *shape, uint64_t hash)
{
    for (int i = 0; i < cache.n; i++)
        if (cache.hashes[i] == hash && memcmp(&cache.plans[i]->shape, shape, sizeof *shape) == 0) {
            cache.used[i] = ++cache.now;
            atomic_fetch_add_explicit(&cache.plans[i]->n_refs, 1, memory_order_relaxed);
            return cache.plans[i];
        }
    return NULL;
}

/* Its place for a new plan: the longest unused leaves a full table. The lock is held. */
static int make_room(onednn_plan **ret_dropped)
{
    if (cache.n < MAX_PLANS)
        return cache.n++;
    int oldest = 0;
    for (int i = 1; i < MAX_PLANS; i++)
        oldest = cache.used[i] < cache.used[oldest] ? i : oldest;
    *ret_dropped = cache.plans[oldest];
    return oldest;
}

/* Two threads may have made the same plan: either is good, both may stay. */
static void insert(const onednn *api, onednn_plan *plan, uint64_t hash)
{
    onednn_plan *dropped = NULL;
    pthread_mutex_lock(&cache.lock);
    const int at = make_room(&dropped);
    cache.hashes[at] = hash;
    cache.used[at] = ++cache.now;
    cache.plans[at] = plan;
    pthread_mutex_unlock(&cache.lock);
    onednn_plan_unref(api, dropped);
}

onednn_plan *onednn_plan_get(const onednn *api, const onednn_shape *shape,
                             void (*make)(const onednn *api, onednn_plan *plan))
{
    const uint64_t hash = hash_shape(shape);
    pthread_mutex_lock(&cache.lock);
    onednn_plan *plan = find(shape, hash);
    pthread_mutex_unlock(&cache.lock);
    if (plan)
        return plan;
    mem_budget *callers = mem_budget_set(NULL); // it outlives the run
    plan = mem_calloc(1, sizeof *plan);
    mem_budget_set(callers);
    if (!plan)
        return NULL;
    plan->shape = *shape;
    atomic_init(&plan->n_refs, 2); // the cache's and the caller's
    make(api, plan);
    insert(api, plan, hash);
    return plan;
}

/* ---- packed weights ------------------------------------------------------------------------------ */
typedef struct packed_weight {
    storage_extra extra;
    const void *data;
    uint32_t version;
    dnnl_memory_desc_t given, used;
    storage *bytes;
} packed_weight;

static pthread_mutex_t packed_lock = PTHREAD_MUTEX_INITIALIZER; /* of all storages' lists */

static void free_packed(storage_extra *e)
{
    packed_weight *p = (packed_weight *)e;
    storage_unref(p->bytes);
    mem_free(p);
}

static bool is_of_weight(const onednn *api, const storage_extra *e, const onednn_weight *w)
{
    const packed_weight *p = (const packed_weight *)e;
    return e->free == free_packed && p->data == w->data && api->memory_desc_equal(&p->given, w->given) &&
           api->memory_desc_equal(&p->used, w->used);
}

storage *onednn_packed_find(const onednn *api, const onednn_weight *w)
{
    storage *found = NULL;
    pthread_mutex_lock(&packed_lock);
    for (storage_extra *e = w->store->extras; e && !found; e = e->next)
        if (is_of_weight(api, e, w) && ((packed_weight *)e)->version == w->version)
            found = storage_ref(((packed_weight *)e)->bytes);
    pthread_mutex_unlock(&packed_lock);
    return found;
}

void onednn_packed_keep(const onednn *api, const onednn_weight *w, storage *packed)
{
    packed_weight *fresh = mem_alloc(sizeof *fresh);
    storage_extra *stale = NULL;
    if (!fresh)
        return;
    *fresh = (packed_weight){ .extra = { .free = free_packed }, .data = w->data, .version = w->version,
                              .given = *w->given, .used = *w->used, .bytes = storage_ref(packed) };
    pthread_mutex_lock(&packed_lock);
    storage_extra *first = w->store->extras, **at = &first;
    while (*at) {
        storage_extra *e = *at;
        if (e->free != free_packed || (((packed_weight *)e)->version == w->version && !is_of_weight(api, e, w))) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        e->next = stale;
        stale = e;
    }
    fresh->extra.next = first;
    w->store->extras = &fresh->extra;
    pthread_mutex_unlock(&packed_lock);
    for (storage_extra *next; stale; stale = next) {
        next = stale->next;
        stale->free(stale);
    }
}
