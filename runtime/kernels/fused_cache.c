/* Programs of groups that are kept between runs.
 *
 * On few elements making a program takes longer than running it. Where its steps are pointwise operators and conversions,
 * what becomes of them follows from the types, sizes and strides of the tensors and from the numbers: a recipe holds these
 * and the program, which the next run with such operands only hands its memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/fused_make.h"

#include "base/alloc.h"

#include <stdatomic.h>
#include <string.h>

enum {
    MAX_TRIES = 32,
    MAX_ELEMENTS = 1 << 17, /* with more of them making a program does not matter */
    NO_OBJECT = -1,
};

/* What an argument from outside has to be. */
typedef struct fused_key {
    int8_t from;             /* as in fused_step */
    uint8_t tag;
    int8_t dtype;            /* tensors, as the following */
    uint8_t n_dims;
    bool is_target;          /* is written in place */
    jit_value v;             /* what is none; strings are held */
    int64_t sizes[TENSOR_INLINE_DIMS], strides[TENSOR_INLINE_DIMS];
} fused_key;

/* A tensor that the run makes or writes to. */
typedef struct recipe_object {
    int8_t into;             /* the key of the tensor that it is, < 0: a new one */
    int8_t dtype;
    bool may_reuse;          /* memory of an operand that dies */
} recipe_object;

struct fused_recipe {
    uint8_t first, end, n_keys, n_objects, n_dims;
    int64_t numel, sizes[TENSOR_INLINE_DIMS], strides[TENSOR_INLINE_DIMS]; /* of the space */
    uint32_t dying;          /* keys of tensors that die and lie like a result */
    int8_t object_of[FUSED_MAX_STEPS];   /* of the value of a step; NO_OBJECT: it is none, or nobody reads it later */
    int8_t written[FUSED_MAX_STEPS];     /* the object that a step writes to in place, or NO_OBJECT */
    int8_t slot_from[TILES_MAX_SLOTS];   /* memory: >= 0, of that key; else of object -1 - slot_from */
    recipe_object objects[FUSED_MAX_STEPS];
    tile_program program;
    fused_key keys[];
};

/* ---- finding --------------------------------------------------------------------------------------- */
static bool same_dims(const int64_t *a, const int64_t *b, int n)
{
    for (int i = 0; i < n; i++)
        if (a[i] != b[i]) return false;
    return true;
}

static bool key_fits(const fused_key *key, jit_value v)
{
    if (v.tag != key->tag) return false;
    switch (v.tag) {
    case VALUE_INT: return v.i == key->v.i;
    case VALUE_FLOAT: return !memcmp(&v.f, &key->v.f, sizeof v.f); // -0 is another number
    case VALUE_BOOL: return v.b == key->v.b;
    case VALUE_STR: return v.s == key->v.s;
    case VALUE_TENSOR: break;
    default: return true; // None
    }
    const tensor *t = v.t;
    return t->dtype == key->dtype && t->n_dims == key->n_dims && !t->requires_grad && !t->is_wrapped_number &&
           t->store->dev.kind == DEVICE_CPU && same_dims(t->sizes, key->sizes, t->n_dims) &&
           same_dims(t->strides, key->strides, t->n_dims);
}

/* Nothing shares memory with what the run writes to. */
static bool targets_are_alone(const fused_recipe *r, tensor *const *tensors)
{
    for (int i = 0; i < r->n_keys; i++)
        for (int j = 0; r->keys[i].is_target && j < r->n_keys; j++)
            if (j != i && tensors[j] && tensors[j]->store == tensors[i]->store) return false;
    return true;
}

/* ret_tensors: by key, NULL for what is none. */
static bool recipe_fits(const fused_recipe *r, int first, bool has_in_place, const jit_value *inputs, const jit_value *values, tensor **ret_tensors)
{
    if (r->first != first) return false;
    for (int i = 0; i < r->n_keys; i++) {
        const fused_key *key = &r->keys[i];
        const jit_value v = key->from >= 0 ? inputs[key->from] : values[-1 - key->from];
        if (!key_fits(key, v)) return false;
        ret_tensors[i] = v.tag == VALUE_TENSOR ? v.t : NULL;
    }
    return !has_in_place || targets_are_alone(r, ret_tensors);
}

/* ---- running --------------------------------------------------------------------------------------- */
static tensor *take_object(const fused_recipe *r, const recipe_object *o, tensor *const *tensors)
{
    if (o->into >= 0) return tensor_ref(tensors[o->into]);
    for (uint32_t rest = o->may_reuse ? r->dying : 0; rest; rest &= rest - 1) {
        tensor *t = tensors[__builtin_ctz(rest)];
        if (t->dtype == o->dtype && pointwise_is_alone(t)) return tensor_ref(t);
    }
    return tensor_new_strided((dtype)o->dtype, r->sizes, r->strides, r->n_dims, DEVICE_CPU0);
}

static bool take_objects(const fused_recipe *r, tensor *const *tensors, tensor **ret)
{
    for (int i = 0; i < r->n_objects; i++)
        if (!(ret[i] = take_object(r, &r->objects[i], tensors))) {
            while (i) tensor_unref(ret[--i]);
            return false;
        }
    return true;
}

static int run_recipe(const fused_recipe *r, op_run *run, tensor *const *tensors, jit_value *results)
{
    tensor *objects[FUSED_MAX_STEPS];
    char *data[TILES_MAX_SLOTS];
    bool ok = take_objects(r, tensors, objects);
    if (ok) {
        for (int i = 0; i < r->program.n_slots; i++) {
            const int from = r->slot_from[i];
            if (r->program.slots[i].kind <= TILE_SPREAD) data[i] = tensor_data(from >= 0 ? tensors[from] : objects[-1 - from]);
        }
        ok = tiles_run(&r->program, data);
        for (int k = r->first; ok && k < r->end; k++) {
            if (r->written[k] != NO_OBJECT) tensor_bump_version(objects[r->written[k]]);
            results[k] = r->object_of[k] != NO_OBJECT ? RET_TENSOR(tensor_ref(objects[r->object_of[k]])) : VALUE_NONE_V;
        }
        for (int i = 0; i < r->n_objects; i++) tensor_unref(objects[i]);
    }
    if (ok) return r->end - r->first;
    op_ctx cx = { .run = run };
    op_no_memory(&cx);
    return -1;
}

int fused_cache_run(fused_cache *c, op_run *run, const fused_group *g, int first, const jit_value *inputs, const jit_value *values,
                    jit_value *results)
{
    tensor *tensors[FUSED_MAX_INPUTS];
    for (int i = 0; i < FUSED_CACHE_ENTRIES; i++) {
        const fused_recipe *r = atomic_load_explicit(&c->entries[i], memory_order_acquire);
        if (!r) break;
        if ((!run->max_tensor_elements || r->numel <= run->max_tensor_elements) &&
            recipe_fits(r, first, g->has_in_place, inputs, values, tensors))
            return run_recipe(r, run, tensors, results);
    }
    return 0;
}

/* ---- keeping ---------------------------------------------------------------------------------------- */
/* The arguments from outside, once each. */
typedef struct sources {
    int n;
    int8_t from[FUSED_MAX_INPUTS];
    jit_value v[FUSED_MAX_INPUTS];
} sources;

/* May it be a key? The same tensor twice is none: it would not tell which of the two is meant. */
static bool add_source(sources *s, int from, jit_value v)
{
    for (int i = 0; i < s->n; i++) {
        if (s->from[i] == from) return true;
        if (v.tag == VALUE_TENSOR && s->v[i].tag == VALUE_TENSOR && s->v[i].t == v.t) return false;
    }
    const bool is_plain = v.tag == VALUE_INT || v.tag == VALUE_FLOAT || v.tag == VALUE_BOOL || v.tag == VALUE_NONE || v.tag == VALUE_STR;
    const bool is_tensor = v.tag == VALUE_TENSOR && v.t->n_dims > 0 && v.t->n_dims <= TENSOR_INLINE_DIMS;
    if (s->n == FUSED_MAX_INPUTS || (!is_plain && !is_tensor)) return false;
    s->from[s->n] = (int8_t)from;
    s->v[s->n++] = v;
    return true;
}

static bool find_sources(const fusion *f, sources *s)
{
    const fused_group *g = f->b.group;
    s->n = 0;
    for (int k = f->b.first; k < f->b.end; k++) {
        const fused_bound *step = &f->b.steps[k];
        if ((step->kind != FUSED_POINTWISE && step->kind != FUSED_CONVERT) || (step->into && !f->made[k].is_kept)) return false;
        for (int i = 0; i < g->steps[k].n_args; i++)
            if (!fused_is_inner(g, f->b.first, k, i) && !add_source(s, g->steps[k].args[i], fused_outer(&f->b, k, i))) return false;
    }
    return true;
}

static int key_of(const sources *s, const tensor *t)
{
    for (int i = 0; i < s->n; i++)
        if (s->v[i].tag == VALUE_TENSOR && s->v[i].t == t) return i;
    return -1;
}

static void write_keys(fused_recipe *r, const fusion *f, const sources *s)
{
    r->n_keys = (uint8_t)s->n;
    for (int i = 0; i < s->n; i++) {
        fused_key *key = &r->keys[i];
        *key = (fused_key){ .from = s->from[i], .tag = s->v[i].tag };
        if (key->tag != VALUE_TENSOR) {
            key->v = value_ref(s->v[i]);
            continue;
        }
        const tensor *t = s->v[i].t;
        key->dtype = t->dtype;
        key->n_dims = t->n_dims;
        memcpy(key->sizes, t->sizes, t->n_dims * sizeof *t->sizes);
        memcpy(key->strides, t->strides, t->n_dims * sizeof *t->strides);
        for (int k = f->b.first; k < f->b.end; k++) key->is_target |= f->b.steps[k].into == t;
    }
}

/* The tensors that the run makes, and who reads and writes them. */
static void write_objects(fused_recipe *r, const fusion *f, const sources *s)
{
    const fused_group *g = f->b.group;
    int8_t objects[FUSED_MAX_STEPS];
    r->n_objects = 0;
    for (int k = f->b.first; k < f->b.end; k++) {
        const fused_bound *step = &f->b.steps[k];
        const fused_object *made = &f->made[step->object];
        if (step->object == k) {
            objects[k] = made->is_kept ? (int8_t)r->n_objects : NO_OBJECT;
            if (made->is_kept)
                r->objects[r->n_objects++] = (recipe_object){ (int8_t)(step->into ? key_of(s, step->into) : -1), (int8_t)step->types.result,
                                                              !step->into && made->last == f->b.end - 1 };
        }
        r->object_of[k] = f->results[k] ? objects[step->object] : NO_OBJECT;
        r->written[k] = g->steps[k].is_in_place ? objects[step->object] : NO_OBJECT;
    }
    for (int i = 0; i < f->program.n_slots; i++) {
        const tile_slot *slot = &f->program.slots[i];
        if (slot->kind == TILE_INPUT || slot->kind == TILE_SPREAD) r->slot_from[i] = (int8_t)key_of(s, f->slot_tensors[i]);
        for (int k = f->b.first; slot->kind == TILE_OUTPUT && k < f->b.end; k++)
            if (f->b.steps[k].object == k && f->made[k].is_kept && f->made[k].t == f->slot_tensors[i]) r->slot_from[i] = (int8_t)(-1 - objects[k]);
    }
}

static void write_dying(fused_recipe *r, const fusion *f, const sources *s)
{
    r->dying = 0;
    for (int k = f->b.first; k < f->b.end; k++)
        for (int i = 0; f->b.group->steps[k].dying >> i; i++) {
            if (!(f->b.group->steps[k].dying >> i & 1) || -1 - f->b.group->steps[k].args[i] >= f->b.first) continue;
            const jit_value v = fused_outer(&f->b, k, i);
            const int key = v.tag == VALUE_TENSOR && v.t->n_dims == f->b.space.n_dims && fused_lies_flat(&f->b.space, v.t) ? key_of(s, v.t) : -1;
            if (key >= 0 && !r->keys[key].is_target) r->dying |= UINT32_C(1) << key;
        }
}

static fused_recipe *write_recipe(const fusion *f, const sources *s)
{
    const fused_space *space = &f->b.space;
    fused_recipe *r = mem_alloc(sizeof *r + (size_t)s->n * sizeof *r->keys);
    if (!r) return NULL;
    r->first = (uint8_t)f->b.first;
    r->end = (uint8_t)f->b.end;
    r->n_dims = (uint8_t)space->n_dims;
    r->numel = space->numel;
    memcpy(r->sizes, space->sizes, (size_t)space->n_dims * sizeof *r->sizes);
    memcpy(r->strides, space->strides, (size_t)space->n_dims * sizeof *r->strides);
    r->program = f->program;
    write_keys(r, f, s);
    write_objects(r, f, s);
    write_dying(r, f, s);
    return r;
}

static void free_recipe(fused_recipe *r)
{
    for (int i = 0; i < r->n_keys; i++) value_unref(r->keys[i].v);
    mem_free(r);
}

bool fused_cache_is_closed(const fused_cache *c)
{
    return atomic_load_explicit(&c->n_tries, memory_order_relaxed) >= MAX_TRIES ||
           atomic_load_explicit(&c->entries[FUSED_CACHE_ENTRIES - 1], memory_order_relaxed);
}

void fused_cache_add(fused_cache *c, const fusion *f)
{
    sources s;
    if (fused_cache_is_closed(c)) return;
    const bool is_first = atomic_fetch_add_explicit(&c->n_tries, 1, memory_order_relaxed) == 0;
    if (is_first || f->b.space.numel > MAX_ELEMENTS || f->b.space.n_dims > TENSOR_INLINE_DIMS || !find_sources(f, &s)) return;
    mem_budget *callers = mem_budget_set(NULL); // it outlives the run
    fused_recipe *r = write_recipe(f, &s);
    for (int i = 0; r && i < FUSED_CACHE_ENTRIES; i++) {
        fused_recipe *none = NULL;
        if (atomic_compare_exchange_strong_explicit(&c->entries[i], &none, r, memory_order_release, memory_order_relaxed)) r = NULL;
    }
    if (r) free_recipe(r);
    mem_budget_set(callers);
}

void fused_cache_free(fused_cache *c)
{
    for (int i = 0; i < FUSED_CACHE_ENTRIES; i++)
        if (c->entries[i]) free_recipe(c->entries[i]);
}
