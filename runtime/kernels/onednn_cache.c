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

void onednn_objects_free(const onednn *api, onednn_objects *o)
{
    if (!o)
        return;
    for (int i = 0; i < ROLE__COUNT; i++)
        if (o->memories[i])
            api->memory_destroy(o->memories[i]);
    if (o->stream)
        api->stream_destroy(o->stream);
    mem_free(o);
}

void onednn_plan_unref(const onednn *api, onednn_plan *plan)
{
    if (!plan || atomic_fetch_sub_explicit(&plan->n_refs, 1, memory_order_acq_rel) != 1)
        return;
    free_operand(api, &plan->x);
    free_operand(api, &plan->w);
    free_operand(api, &plan->y);
    onednn_objects_free(api, plan->idle);
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
    size_t n_guessed;               /* bytes that count against MAX_GUESSED_BYTES, or 0 */
} packed_weight;

static pthread_mutex_t packed_lock = PTHREAD_MUTEX_INITIALIZER; /* of all storages' lists */
static _Atomic size_t n_guessed_bytes; /* of copies made because onednn_recurs() said so */
enum {
    MAX_GUESSED_BYTES = 64 << 20,
    WORK_THAT_PAYS = 32 << 20,      /* multiply-adds with one matrix: then its copy pays, and loading oneDNN (6 MB) */
};

static void free_packed(storage_extra *e)
{
    packed_weight *p = (packed_weight *)e;
    n_guessed_bytes -= p->n_guessed;
    storage_unref(p->bytes);
    mem_free(p);
}

/* The matrices of one storage that products read last. */
typedef struct seen_matrices {
    storage_extra extra;
    int next;                       /* the longest known */
    struct {
        const void *data;
        uint32_t version;
        double work;                /* multiply-adds so far */
    } at[8];
} seen_matrices;

static void free_seen(storage_extra *e)
{
    mem_free(e);
}

static seen_matrices *find_seen(const storage *s)
{
    for (storage_extra *e = s->extras; e; e = e->next)
        if (e->free == free_seen) return (seen_matrices *)e;
    return NULL;
}

/* -1: not among them. */
static int find_matrix(const seen_matrices *seen, const void *data, uint32_t version)
{
    for (size_t i = 0; i < sizeof seen->at / sizeof *seen->at; i++)
        if (seen->at[i].data == data && seen->at[i].version == version) return (int)i;
    return -1;
}

/* Notes a matrix; how much work with it was noted before? The lock is held. Without memory: 0. */
static double note_matrix(storage *s, const void *data, double work)
{
    const uint32_t version = s->version;
    seen_matrices *seen = find_seen(s);
    const int known = seen ? find_matrix(seen, data, version) : -1;
    if (known >= 0) {
        seen->at[known].work += work;
        return seen->at[known].work - work;
    }
    if (!seen) {
        seen = mem_calloc(1, sizeof *seen);
        if (!seen) return 0;
        seen->extra = (storage_extra){ s->extras, free_seen };
        s->extras = &seen->extra;
    }
    seen->at[seen->next].data = data;
    seen->at[seen->next].version = version;
    seen->at[seen->next].work = work;
    seen->next = (seen->next + 1) % (int)(sizeof seen->at / sizeof *seen->at);
    return 0;
}

bool onednn_recurs(const tensor *w, double work)
{
    if (!storage_tells_changes(w->store)) return false;
    pthread_mutex_lock(&packed_lock);
    const double before = note_matrix(w->store, tensor_data(w), work);
    pthread_mutex_unlock(&packed_lock);
    return before > 0 && before + work >= WORK_THAT_PAYS &&
           n_guessed_bytes + (size_t)w->numel * sizeof(float) <= MAX_GUESSED_BYTES;
}

static bool is_of_matrix(const packed_weight *p, const tensor *w)
{
    const dnnl_memory_desc_t *given = &p->given;
    bool is_same = p->data == tensor_data(w) && p->version == w->store->version && given->ndims == w->n_dims;
    for (int i = 0; i < w->n_dims && is_same; i++)
        is_same = given->dims[i] == w->sizes[i] && given->format_desc.blocking.strides[i] == w->strides[i];
    return is_same;
}

bool onednn_is_packed(const tensor *w)
{
    bool is_packed = false;
    if (!w->store->extras) return false;
    pthread_mutex_lock(&packed_lock);
    for (storage_extra *e = w->store->extras; e && !is_packed; e = e->next)
        is_packed = e->free == free_packed && is_of_matrix((packed_weight *)e, w);
    pthread_mutex_unlock(&packed_lock);
    return is_packed;
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
    const seen_matrices *seen = find_seen(w->store);
    if (seen && find_matrix(seen, w->data, w->version) >= 0) n_guessed_bytes += fresh->n_guessed = packed->n_bytes;
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
