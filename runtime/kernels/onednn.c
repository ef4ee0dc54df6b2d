/* Products and convolutions through oneDNN; see onednn.h.
 *
 * oneDNN's fast kernels want layouts of their own. Where a shape lets it choose, the operand is reordered on the way
 * in or out, as PyTorch does for each convolution, except that packed weights are kept. The library's scratch memory
 * comes from our allocator: so primitives can be shared by threads. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/onednn.h"

#include "base/alloc.h"
#include "base/block.h"
#include "runtime/kernels/dispatch.h"
#include "runtime/kernels/onednn_cache.h"

#include <string.h>

/* ---- plans ------------------------------------------------------------------------------------- */
/* oneDNN's arrays are longer than ours. */
typedef struct dims {
    dnnl_dims_t at;
} dims;

static dims dims_of(const int64_t *from, int64_t n, int64_t shift)
{
    dims r = { { 0 } };
    for (int64_t i = 0; i < n; i++) r.at[i] = from[i] + shift;
    return r;
}

static bool describe(const onednn *api, const onednn_layout *l, dnnl_memory_desc_t *ret)
{
    const dims sizes = dims_of(l->sizes, l->n_dims, 0), strides = dims_of(l->strides, l->n_dims, 0);
    return api->memory_desc_init_by_strides(ret, (int)l->n_dims, sizes.at, dnnl_f32, strides.at) == dnnl_success;
}

/* What the primitive is asked for: the given layout, or any. */
static bool describe_wanted(const onednn *api, const onednn_layout *l, bool is_free, const dnnl_memory_desc_t *given,
                            dnnl_memory_desc_t *ret)
{
    const dims sizes = dims_of(l->sizes, l->n_dims, 0);
    *ret = *given;
    return !is_free ||
           api->memory_desc_init_by_tag(ret, (int)l->n_dims, sizes.at, dnnl_f32, dnnl_format_tag_any) == dnnl_success;
}

static bool init_convolution(const onednn *api, onednn_plan *p, dnnl_convolution_desc_t *ret)
{
    const onednn_shape *s = &p->shape;
    const dims stride = dims_of(s->stride, s->n_spatial, 0), dilation = dims_of(s->dilation, s->n_spatial, -1);
    const dims begin = dims_of(s->padding, s->n_spatial, 0), end = dims_of(s->padding_end, s->n_spatial, 0);
    const dnnl_memory_desc_t *bias = s->n_bias ? &p->bias : NULL;
    const dnnl_status_t status =
        s->kind == ONEDNN_CONVOLUTION
            ? api->dilated_convolution_forward_desc_init(ret, dnnl_forward_inference, dnnl_convolution_direct, &p->x.used,
                  &p->w.used, bias, &p->y.used, stride.at, dilation.at, begin.at, end.at)
            : api->dilated_deconvolution_forward_desc_init(ret, dnnl_forward_inference, dnnl_deconvolution_direct,
                  &p->x.used, &p->w.used, bias, &p->y.used, stride.at, dilation.at, begin.at, end.at);
    return status == dnnl_success;
}

/* Scratch memory that a primitive needs; it stands for the largest of the plan's. */
static void count_scratch(const onednn *api, const_dnnl_primitive_desc_t pd, onednn_plan *p)
{
    const dnnl_memory_desc_t *md = api->primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    const size_t n_bytes = md ? api->memory_desc_get_size(md) : 0;
    if (n_bytes <= p->scratch_bytes)
        return;
    p->scratch_bytes = n_bytes;
    p->scratch = *md;
}

static bool plan_reorder(const onednn *api, onednn_plan *p, onednn_operand *o, const dnnl_memory_desc_t *used,
                         bool is_output, dnnl_primitive_attr_t attr)
{
    o->used = *used;
    if (api->memory_desc_equal(&o->given, used))
        return true;
    dnnl_primitive_desc_t pd;
    const dnnl_memory_desc_t *from = is_output ? used : &o->given, *to = is_output ? &o->given : used;
    if (api->reorder_primitive_desc_create(&pd, from, api->engine, to, api->engine, attr) != dnnl_success)
        return false;
    o->n_bytes = api->memory_desc_get_size(used);
    count_scratch(api, pd, p);
    const bool ok = api->primitive_create(&o->reorder, pd) == dnnl_success;
    api->primitive_desc_destroy(pd);
    return ok;
}

static bool plan_primitives(const onednn *api, onednn_plan *p, dnnl_primitive_desc_t pd, dnnl_primitive_attr_t attr)
{
    count_scratch(api, pd, p);
    return plan_reorder(api, p, &p->x, api->primitive_desc_query_md(pd, dnnl_query_src_md, 0), false, attr) &&
           plan_reorder(api, p, &p->w, api->primitive_desc_query_md(pd, dnnl_query_weights_md, 0), false, attr) &&
           plan_reorder(api, p, &p->y, api->primitive_desc_query_md(pd, dnnl_query_dst_md, 0), true, attr) &&
           api->primitive_create(&p->run, pd) == dnnl_success;
}

static bool describe_operands(const onednn *api, onednn_plan *p)
{
    const onednn_shape *s = &p->shape;
    dnnl_dims_t bias = { 0 }, bias_strides = { 0 };
    const int n_bias_dims = s->kind == ONEDNN_PRODUCT ? (int)s->y.n_dims : 1;
    for (int i = 0; i < n_bias_dims; i++) bias[i] = 1, bias_strides[i] = s->n_bias;
    bias[n_bias_dims - 1] = s->n_bias;
    bias_strides[n_bias_dims - 1] = 1;
    return describe(api, &s->x, &p->x.given) && describe(api, &s->w, &p->w.given) && describe(api, &s->y, &p->y.given) &&
           describe_wanted(api, &s->x, s->packs_x, &p->x.given, &p->x.used) &&
           describe_wanted(api, &s->w, s->packs_w, &p->w.given, &p->w.used) &&
           describe_wanted(api, &s->y, s->packs_y, &p->y.given, &p->y.used) &&
           (!s->n_bias || api->memory_desc_init_by_strides(&p->bias, n_bias_dims, bias, dnnl_f32, bias_strides) == dnnl_success);
}

/* A convolution of one group has weights without the dimension of groups. */
static void drop_group(onednn_layout *w)
{
    if (w->sizes[0] != 1)
        return;
    w->n_dims--;
    memmove(w->sizes, w->sizes + 1, (size_t)w->n_dims * sizeof *w->sizes);
    memmove(w->strides, w->strides + 1, (size_t)w->n_dims * sizeof *w->strides);
    w->sizes[w->n_dims] = w->strides[w->n_dims] = 0;
}

/* Scratch memory is ours in all attributes. NULL: no memory. */
static dnnl_primitive_attr_t new_attributes(const onednn *api)
{
    dnnl_primitive_attr_t attr;
    if (api->primitive_attr_create(&attr) != dnnl_success)
        return NULL;
    if (api->primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) == dnnl_success)
        return attr;
    api->primitive_attr_destroy(attr);
    return NULL;
}

/* Not its ReLU, which without AVX-512 gives NaN for -inf: a clip gives the bound. */
static bool append_clamp(const onednn *api, const onednn_after *after, dnnl_post_ops_t ops)
{
    return api->post_ops_append_eltwise(ops, 1, dnnl_eltwise_clip, after->low, after->high) == dnnl_success;
}

static bool set_post_ops(const onednn *api, const onednn_after *after, dnnl_primitive_attr_t attr)
{
    dnnl_post_ops_t ops;
    if (!after->adds && !after->clamps)
        return true;
    if (api->post_ops_create(&ops) != dnnl_success)
        return false;
    const bool ok = (!after->adds || api->post_ops_append_sum(ops, 1) == dnnl_success) &&
                    (!after->clamps || append_clamp(api, after, ops)) &&
                    api->primitive_attr_set_post_ops(attr, ops) == dnnl_success;
    api->post_ops_destroy(ops);
    return ok;
}

static void make_plan(const onednn *api, onednn_plan *p)
{
    dnnl_matmul_desc_t product;
    dnnl_convolution_desc_t convolution;
    const bool is_product = p->shape.kind == ONEDNN_PRODUCT;
    dnnl_primitive_attr_t attr = new_attributes(api), of_reorders = new_attributes(api);
    dnnl_primitive_desc_t pd = NULL;
    bool ok = attr && of_reorders && describe_operands(api, p) && set_post_ops(api, &p->shape.after, attr);
    if (ok && is_product)
        ok = api->matmul_desc_init(&product, &p->x.used, &p->w.used, p->shape.n_bias ? &p->bias : NULL, &p->y.used) == dnnl_success;
    else if (ok)
        ok = init_convolution(api, p, &convolution);
    if (ok && api->primitive_desc_create(&pd, is_product ? (void *)&product : (void *)&convolution, attr, api->engine, NULL) == dnnl_success) {
        if (!plan_primitives(api, p, pd, of_reorders) && p->run) {
            api->primitive_destroy(p->run);
            p->run = NULL;
        }
        api->primitive_desc_destroy(pd);
    }
    if (attr)
        api->primitive_attr_destroy(attr);
    if (of_reorders)
        api->primitive_attr_destroy(of_reorders);
}

/* ---- running --------------------------------------------------------------------------------------- */
typedef struct argument {
    int id;
    const dnnl_memory_desc_t *layout;
    const void *data;
} argument;

/* Arguments without data do not count. */
static bool execute(const onednn *api, dnnl_primitive_t primitive, dnnl_stream_t stream, const argument *arguments, int n)
{
    enum { MAX_ARGUMENTS = 5 };
    dnnl_exec_arg_t given[MAX_ARGUMENTS];
    int n_given = 0;
    bool ok = true;
    for (int i = 0; i < n && ok; i++) {
        if (!arguments[i].data)
            continue;
        given[n_given].arg = arguments[i].id;
        ok = api->memory_create(&given[n_given].memory, arguments[i].layout, api->engine, (void *)arguments[i].data) == dnnl_success;
        n_given += ok;
    }
    ok = ok && api->primitive_execute(primitive, stream, n_given, given) == dnnl_success;
    for (int i = 0; i < n_given; i++) api->memory_destroy(given[i].memory);
    return ok;
}

/* One call under way. */
typedef struct run {
    const onednn *api;
    onednn_plan *plan;
    onednn_objects *objects;
    void *scratch, *x, *y;  /* blocks, or NULL */
} run;

static bool reorder(const run *r, const dnnl_memory_desc_t *from_layout, const void *from,
                    const dnnl_memory_desc_t *to_layout, void *to, dnnl_primitive_t primitive)
{
    const argument arguments[] = { { DNNL_ARG_FROM, from_layout, from }, { DNNL_ARG_TO, to_layout, to },
                                   { DNNL_ARG_SCRATCHPAD, &r->plan->scratch, r->scratch } };
    return execute(r->api, primitive, r->objects->stream, arguments, 3);
}

/* The packed weight: a new reference, or NULL. */
static storage *pack_weight(const run *r, const onednn_call *call)
{
    const onednn_operand *o = &r->plan->w;
    storage *store = call->w_store && storage_tells_changes(call->w_store) ? call->w_store : NULL;
    const onednn_weight w = { store, call->w, &o->given, &o->used, store ? store->version : 0 };
    storage *packed = store ? onednn_packed_find(r->api, &w) : NULL;
    if (packed)
        return packed;
    packed = storage_new(DEVICE_CPU0, o->n_bytes);
    if (!packed)
        return NULL;
    if (!reorder(r, &o->given, call->w, &o->used, packed->data, o->reorder)) {
        storage_unref(packed);
        return NULL;
    }
    if (store) {
        onednn_packed_keep(r->api, &w, packed);
        storage_give_pages_back(store);
    }
    return packed;
}

/* The memory of a role, at this address. */
static bool place(const run *r, onednn_role role, const dnnl_memory_desc_t *layout, const void *data)
{
    onednn_objects *o = r->objects;
    if (o->memories[role] && o->data[role] == data)
        return true;
    const dnnl_status_t status = o->memories[role]
        ? r->api->memory_set_data_handle(o->memories[role], (void *)data)
        : r->api->memory_create(&o->memories[role], layout, r->api->engine, (void *)data);
    o->data[role] = status == dnnl_success ? data : NULL;
    return o->data[role];
}

/* Arguments without data do not count; which these are is the same in all calls of a plan. */
static bool execute_plan(const run *r, const void *const data[ROLE__COUNT])
{
    static const int ids[ROLE__COUNT] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD };
    const onednn_plan *p = r->plan;
    const dnnl_memory_desc_t *const layouts[ROLE__COUNT] = { &p->x.used, &p->w.used, &p->bias, &p->y.used, &p->scratch };
    dnnl_exec_arg_t given[ROLE__COUNT];
    int n_given = 0;
    for (onednn_role i = 0; i < ROLE__COUNT; i++) {
        if (!data[i])
            continue;
        if (!place(r, i, layouts[i], data[i]))
            return false;
        given[n_given++] = (dnnl_exec_arg_t){ ids[i], r->objects->memories[i] };
    }
    return r->api->primitive_execute(p->run, r->objects->stream, n_given, given) == dnnl_success;
}

static bool run_primitives(const run *r, const onednn_call *call)
{
    const onednn_plan *p = r->plan;
    storage *packed = p->w.reorder ? pack_weight(r, call) : NULL;
    if (p->w.reorder && !packed)
        return false;
    const void *const data[] = { r->x ? r->x : call->x, packed ? packed->data : call->w, call->bias,
                                 r->y ? r->y : call->y, r->scratch };
    const bool ok = (!r->x || reorder(r, &p->x.given, call->x, &p->x.used, r->x, p->x.reorder)) &&
                    execute_plan(r, data) &&
                    (!r->y || reorder(r, &p->y.used, r->y, &p->y.given, call->y, p->y.reorder));
    storage_unref(packed);
    return ok;
}

/* n_bytes 0: *ret is NULL. */
static bool take_block(size_t n_bytes, void **ret)
{
    *ret = n_bytes ? block_alloc(n_bytes) : NULL;
    return !n_bytes || *ret;
}

/* Those that wait in the plan, or new ones. NULL: no memory. */
static onednn_objects *take_objects(const onednn *api, onednn_plan *p)
{
    onednn_objects *o = atomic_exchange(&p->idle, NULL);
    if (o)
        return o;
    mem_budget *callers = mem_budget_set(NULL); // they outlive the run
    o = mem_calloc(1, sizeof *o);
    mem_budget_set(callers);
    if (o && api->stream_create(&o->stream, api->engine, dnnl_stream_default_flags) == dnnl_success)
        return o;
    onednn_objects_free(api, o);
    return NULL;
}

typedef struct request {
    onednn_call *call;
    bool ok;
} request;

static void run_request(void *ctx, int n_threads)
{
    request *q = ctx;
    run r = { .api = onednn_get() };
    onednn_shape *shape = &q->call->shape;
    shape->n_threads = n_threads; // primitives are made for a number of threads
    r.plan = onednn_plan_get(r.api, shape, make_plan);
    if (!r.plan)
        return;
    onednn_plan *p = r.plan;
    r.objects = p->run ? take_objects(r.api, p) : NULL;
    if (r.objects) {
        q->ok = take_block(p->scratch_bytes, &r.scratch) && take_block(p->x.n_bytes, &r.x) &&
                take_block(p->y.n_bytes, &r.y) && run_primitives(&r, q->call);
        block_free(r.scratch, p->scratch_bytes);
        block_free(r.x, p->x.n_bytes);
        block_free(r.y, p->y.n_bytes);
        onednn_objects_free(r.api, atomic_exchange(&p->idle, r.objects));
    }
    onednn_plan_unref(r.api, r.plan);
}

bool onednn_run(onednn_call *call)
{
    request q = { call, false };
    if (!onednn_get())
        return false;
    if (call->shape.kind != ONEDNN_PRODUCT)
        drop_group(&call->shape.w);
    par_lend(call->is_small, run_request, &q);
    return q.ok;
}
