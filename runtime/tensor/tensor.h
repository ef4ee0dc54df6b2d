/* runtime/tensor/tensor.h: tensors as data: a storage, a window on it, an element type.
 *
 * Reference rule of the whole runtime: arguments are borrowed, results are yours; a function that
 * takes a reference over says `take`. Storages and tensors are counted atomically. Views share their
 * storage, and with it the version counter that in-place writes bump. Nothing here computes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_TENSOR_TENSOR_H
#define RUNTIME_TENSOR_TENSOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/refs.h"
#include "base/text.h"
#include "jit.h"

/* ---- element types ------------------------------------------------------------------------- */
typedef enum dtype {
#define DTYPE(id, code, ctype, bytes, cat, name, prefix) DTYPE_##id = code,
#define QUANTIZED(id, code, integers, name, prefix) DTYPE_##id = code,
#include "runtime/tensor/dtype.def"
    DTYPE_NONE = -1,  /* "not given" */
    DTYPE__COUNT = 16 /* codes are below this; some are unused */
} dtype;

typedef enum dtype_category { CATEGORY_B, CATEGORY_I, CATEGORY_F, CATEGORY_C, CATEGORY_Q /* quantized */ } dtype_category;

bool dtype_is_valid(int64_t code);           /* one we can compute with */
extern const struct dtype_fact { uint8_t n_bytes, category; } dtype_facts[DTYPE__COUNT];
static inline size_t dtype_size(dtype d) { return dtype_facts[d].n_bytes; } /* bytes per element */
static inline dtype_category dtype_category_of(dtype d) { return (dtype_category)dtype_facts[d].category; }
const char *dtype_name(dtype d);             /* "float32" */
const char *dtype_prefix(dtype d);           /* "Float", as in CPUFloatType */
dtype dtype_parse(const char *name);         /* "float32", "float", "half", …; DTYPE_NONE if unknown */
dtype dtype_promote(dtype a, dtype b);       /* spec/formats.md §2 */
dtype dtype_real(dtype d);                   /* complex64 → float32, others unchanged */
dtype dtype_complex(dtype d);                /* float32 → complex64, float64 → complex128, … */
bool dtype_can_cast(dtype from, dtype to);   /* category does not shrink (in-place and out= rule) */
static inline bool dtype_is_float(dtype d) { return dtype_category_of(d) == CATEGORY_F; }
static inline bool dtype_is_complex(dtype d) { return dtype_category_of(d) == CATEGORY_C; }
static inline bool dtype_is_integral(dtype d) { return dtype_category_of(d) == CATEGORY_I; } /* not bool */
static inline bool dtype_is_quantized(dtype d) { return dtype_category_of(d) == CATEGORY_Q; }
dtype dtype_integers(dtype d);               /* qint8 → int8, …; others unchanged */

float half_to_float(uint16_t h);
uint16_t float_to_half(float f);             /* round to nearest even */
float bfloat16_to_float(uint16_t h);
uint16_t float_to_bfloat16(float f);

/* ---- devices ------------------------------------------------------------------------------- */
typedef enum device_kind { DEVICE_CPU, DEVICE_CUDA, DEVICE_META, DEVICE__COUNT } device_kind;
typedef struct device {
    uint8_t kind;  /* device_kind */
    int8_t index;  /* -1: not given */
} device;
#define DEVICE_CPU0 ((device){ DEVICE_CPU, -1 })
bool device_parse(const char *s, device *ret);             /* "cpu", "cuda:1" */
void device_print(device d, text *out);
static inline bool device_equal(device a, device b) { return a.kind == b.kind && a.index == b.index; }

/* ---- storage ------------------------------------------------------------------------------- */
/* What a kernel derived from a storage's bytes and keeps with them (weights in another layout): `extras` is a list of
 * them, freed with the storage. Who adds to it guards it; who makes one notes `version` to know when it is stale. */
typedef struct storage_extra storage_extra;
struct storage_extra {
    storage_extra *next;
    void (*free)(storage_extra *e);
};

typedef struct storage {
    ref_count n_refs;
    device dev;
    bool is_borrowed;             /* bytes belong to someone else; `release` tells them */
    bool is_readonly;             /* mapped without write permission: copy before writing */
    void *data;                   /* device memory if dev is not the CPU */
    size_t n_bytes;
    _Atomic uint32_t version;     /* bumped by each in-place write */
    bool has_parts;               /* of a nested tensor: an extra tells them (runtime/kernels/nested.h) */
    bool is_movable;              /* borrowed bytes (of a mapped file) that a resize may leave behind */
    bool is_of_file;              /* bytes mapped from a file that does not change: pages not written to can be read again */
    _Atomic bool is_exposed;      /* the host has the address: bytes may change without a new version */
    void (*release)(void *ctx);   /* runs once, when the last reference goes */
    void *release_ctx;
    size_t block_bytes;           /* of the block that begins here */
    _Atomic(storage_extra *) extras;
} storage;

storage *storage_new(device dev, size_t n_bytes);           /* uninitialised, 64-byte aligned; NULL: no memory */
storage *storage_borrow(device dev, void *data, size_t n_bytes, void (*release)(void *), void *ctx);
storage *storage_ref(storage *s);
void storage_unref(storage *s);
/** Does each change of the bytes bump the version? Only then is there a point in keeping what they lead to. */
static inline bool storage_tells_changes(const storage *s)
{
    return s->is_readonly || ((!s->is_borrowed || s->is_movable) && !s->is_exposed);
}
/** Give memory back whose bytes can be read from a file again, and mostly need not be. Nothing that was written to. */
void storage_give_pages_back(const storage *s);
bool storage_resize(storage *s, size_t n_bytes);            /* keeps the content; false if borrowed and not movable, or no memory */

/* ---- tensors ------------------------------------------------------------------------------- */
enum { TENSOR_INLINE_DIMS = 6, TENSOR_MAX_DIMS = 64 };

typedef struct autograd_meta autograd_meta; /* absent until gradients need it */

/** How the integers of a quantized tensor stand for reals: (integer - zero_point) * scale. Immutable, shared by views. */
typedef struct quantizer quantizer;

typedef struct tensor {
    ref_count n_refs;
    int8_t dtype;
    uint8_t n_dims;
    bool requires_grad;
    bool is_wrapped_number;       /* a 0-dim tensor made from a Python scalar: promotes as one */
    bool is_inference;            /* reserved */
    storage *store;
    int64_t offset;               /* in elements */
    int64_t numel;
    int64_t *sizes, *strides;     /* n_dims each, in elements; point at dims or at a heap block */
    quantizer *quant;             /* of quantized element types, else NULL */
    int64_t dims[2 * TENSOR_INLINE_DIMS];
    autograd_meta *grad_meta;
} tensor;

/** A contiguous tensor with a fresh, uninitialised storage. NULL: no memory, or numel overflows. */
tensor *tensor_new(dtype d, const int64_t *sizes, int n_dims, device dev);
tensor *tensor_new_strided(dtype d, const int64_t *sizes, const int64_t *strides, int n_dims, device dev);
/** A window on the same storage; offset in elements from the start of the storage. */
tensor *tensor_view(tensor *base, const int64_t *sizes, const int64_t *strides, int n_dims, int64_t offset);
/** A window on a storage with another element type (archives, view_as_real). Checks the bounds. */
tensor *tensor_on_storage(storage *s, dtype d, const int64_t *sizes, const int64_t *strides, int n_dims,
                          int64_t offset);
tensor *tensor_ref(tensor *t);
void tensor_unref(tensor *t);
/** The same window on the same memory, read as quantized (d, q) or, with q NULL, as plain elements. */
tensor *tensor_requantized(tensor *t, dtype d, quantizer *q);
/** Change sizes (contiguous) in place, growing the storage: what out= and resize_ need. */
bool tensor_resize(tensor *t, const int64_t *sizes, int n_dims);
/** Make t the same window as `from`, sharing its storage (set_, swap of out results). */
bool tensor_set(tensor *t, tensor *from);

static inline dtype tensor_dtype(const tensor *t) { return (dtype)t->dtype; }
static inline void *tensor_data(const tensor *t) /* address of the first element */
{
    return (char *)t->store->data + t->offset * (int64_t)dtype_size((dtype)t->dtype);
}
bool tensor_is_contiguous(const tensor *t);
bool tensor_is_channels_last(const tensor *t);          /* 4-d NHWC or 5-d NDHWC strides */
bool tensor_same_sizes(const tensor *a, const tensor *b);
bool tensor_overlaps_itself(const tensor *t);           /* may two indices share memory? (expand) */
void tensor_contiguous_strides(const int64_t *sizes, int n_dims, int64_t *ret_strides);
/** Dense: the elements fill their span without gap or overlap, in some order of dimensions. */
bool tensor_is_dense(const tensor *t);
/** Byte ranges touched; false for empty tensors. */
bool tensor_span(const tensor *t, const char **ret_begin, const char **ret_end);
static inline void tensor_bump_version(tensor *t)
{
    atomic_fetch_add_explicit(&t->store->version, 1, memory_order_relaxed);
}

/* ---- quantizers (quantizer.c) ---------------------------------------------------------------- */
struct quantizer {
    ref_count n_refs;
    int axis;                     /* of per-channel scales; -1: one scale for all */
    bool has_float_zeros;         /* per_channel_affine_float_qparams */
    double scale;
    int64_t zero_point;
    tensor *scales, *zero_points; /* float64 and int64, of one dimension, contiguous; NULL: one for all */
};
quantizer *quantizer_new(double scale, int64_t zero_point);       /* NULL: no memory */
/** Takes references of its own. */
quantizer *quantizer_new_per_channel(tensor *scales, tensor *zero_points, int axis);
quantizer *quantizer_ref(quantizer *q);
void quantizer_unref(quantizer *q);
/** Has the tensor a quantizer with a scale for each of its elements? A view made past the operators may not. */
bool quantizer_fits(const tensor *t);
/** Of element k of a quantized tensor, row-major. */
void quantizer_at(const tensor *t, int64_t k, double *ret_scale, double *ret_zero_point);
/** Was any quantizer made? Never reset: it spares programs without quantized tensors the search for them. */
extern _Atomic bool quantizers_were_made;
static inline bool quantizers_exist(void) { return atomic_load_explicit(&quantizers_were_made, memory_order_relaxed); }

/** C++ style text of a CPU tensor (what print() shows), spec/formats.md §4; no final newline. */
void tensor_print(const tensor *t, text *out);
/** Element k (row-major) read as a double / int64 / complex parts; CPU only. For printing and tests. */
double tensor_get_double(const tensor *t, int64_t k);
int64_t tensor_get_int(const tensor *t, int64_t k);
void tensor_get_complex(const tensor *t, int64_t k, double *re, double *im);

#endif
