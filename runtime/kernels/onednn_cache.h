/* runtime/kernels/onednn_cache.h: primitives found again by shape, packed weights found again by storage. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_ONEDNN_CACHE_H
#define RUNTIME_KERNELS_ONEDNN_CACHE_H

#include "runtime/device/onednn.h"
#include "runtime/kernels/onednn.h"

/* How one operand reaches the primitive. */
typedef struct onednn_operand {
    dnnl_memory_desc_t given, used;
    dnnl_primitive_t reorder;       /* between them; NULL: used as it lies */
    size_t n_bytes;                 /* of `used`, if reordered */
} onednn_operand;

typedef enum onednn_role { ROLE_X, ROLE_W, ROLE_BIAS, ROLE_Y, ROLE_SCRATCH, ROLE__COUNT } onednn_role;

/* oneDNN's objects of one call under way: a plan keeps one for the next call. Memories are made for the roles of the
 * plan and then only told the addresses. */
typedef struct onednn_objects {
    dnnl_stream_t stream;
    dnnl_memory_t memories[ROLE__COUNT];    /* NULL: not made */
    const void *data[ROLE__COUNT];
} onednn_objects;
void onednn_objects_free(const onednn *api, onednn_objects *o);

/* The primitives of one shape; counted, for one may be dropped from the cache while another thread runs it. */
typedef struct onednn_plan {
    _Atomic int n_refs;
    onednn_shape shape;
    dnnl_primitive_t run;           /* NULL: oneDNN has nothing for this shape */
    onednn_operand x, w, y;
    dnnl_memory_desc_t bias, scratch;
    size_t scratch_bytes;           /* the most that one of the primitives needs */
    _Atomic(onednn_objects *) idle; /* of a call that is over; NULL: none */
} onednn_plan;

/** The plan of a shape: from the cache, or made by `make`, which fills a zeroed plan and leaves `run` NULL where that
 * is impossible. Yours; NULL: no memory. */
onednn_plan *onednn_plan_get(const onednn *api, const onednn_shape *shape,
                             void (*make)(const onednn *api, onednn_plan *plan));
void onednn_plan_unref(const onednn *api, onednn_plan *plan);

/* A weight as it lies, and as a primitive wants it. */
typedef struct onednn_weight {
    storage *store;
    const void *data;
    const dnnl_memory_desc_t *given, *used;
    uint32_t version;               /* of the storage, when it was read */
} onednn_weight;
/** The packed copy of a weight, if there is one and the weight is as it was: a new reference. */
storage *onednn_packed_find(const onednn *api, const onednn_weight *w);
/** Keep a packed copy until the storage goes; a stale one of the same weight goes now. Without memory: not kept. */
void onednn_packed_keep(const onednn *api, const onednn_weight *w, storage *packed);

#endif
