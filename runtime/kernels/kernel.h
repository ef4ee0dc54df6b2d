/* runtime/kernels/kernel.h: what every kernel family needs: promotion, scalars as elements, copies and casts,
 * results, checks with the reference's messages.
 *
 * Functions that take an op_ctx report their failure (op_fail) and return false or NULL, so a kernel just
 * returns false. Tensors returned are new references. Sources: at/native/TypeProperties.cpp (promotion),
 * c10/core/WrapDimMinimal.h, at/native/Resize.cpp. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_KERNEL_H
#define RUNTIME_KERNELS_KERNEL_H

#include "runtime/kernels/dispatch.h"
#include "runtime/kernels/table.h"

/* ---- type promotion (spec: result_type) ------------------------------------------------------ */
/* Three priority classes: tensors with dimensions, tensors without, numbers. DTYPE_NONE: class is absent. */
typedef struct promotion {
    dtype dims, zero_dims, numbers;
} promotion;
#define PROMOTION_INIT { DTYPE_NONE, DTYPE_NONE, DTYPE_NONE }
void promotion_add_tensor(promotion *p, const tensor *t);
void promotion_add_value(promotion *p, jit_value v); /* a tensor or number; None adds nothing */
dtype promotion_result(const promotion *p);
/** The common type of n operands, each a tensor, a number or None. */
dtype result_type(const jit_value *operands, size_t n);
/** "long int": element types as C++ spells them, which is how PyTorch words some errors. */
const char *dtype_cpp_name(dtype d);

/* ---- numbers and elements -------------------------------------------------------------------- */
static inline bool value_is_number(jit_value v)
{
    return v.tag == VALUE_INT || v.tag == VALUE_FLOAT || v.tag == VALUE_BOOL || v.tag == VALUE_COMPLEX;
}
dtype number_dtype(jit_value v);                 /* bool, int64, float32 or complex64 */
/** Number v as an element of type d at p, converted as a tensor of v's natural type would be. */
void element_store_number(dtype d, void *p, jit_value v);
void element_store_int(dtype d, void *p, int64_t i);
void element_store_double(dtype d, void *p, double f);
void element_store_complex(dtype d, void *p, double re, double im);
int64_t element_load_int(dtype d, const void *p);
double element_load_double(dtype d, const void *p);
void element_load_complex(dtype d, const void *p, double *re, double *im);
/** The element as a number: bool, int, float or complex. VALUE_NONE_V without memory for a complex one. */
jit_value element_load_number(dtype d, const void *p);

/** Converts n elements; strides in bytes. Memory may coincide element by element, not overlap otherwise. */
typedef void (*cast_fn)(int64_t n, const char *from, int64_t from_stride, char *to, int64_t to_stride);
/** Quantized elements are taken for the integers they are. */
cast_fn cast_find(dtype from, dtype to);

/* ---- making tensors -------------------------------------------------------------------------- */
/** Fails unless d is an element type that tensors can have here: of the codes of PyTorch some are not. What makes tensors asks it too. */
bool check_dtype(op_ctx *cx, dtype d);
/** A contiguous CPU tensor, content undefined. Fails on negative sizes, the run's element limit, memory. */
tensor *make_tensor(op_ctx *cx, dtype d, const int64_t *sizes, int n_dims);
/** As above with chosen strides (non-negative). */
tensor *make_tensor_strided(op_ctx *cx, dtype d, const int64_t *sizes, const int64_t *strides, int n_dims);
/** Same sizes, type d, on t's device; strides follow t where t is dense, as PyTorch's preserve_format does. */
tensor *make_tensor_like(op_ctx *cx, const tensor *t, dtype d);
/** Of other sizes, in the memory format that t suggests: channels_last where t has it and as many dimensions, else
 * contiguous. */
tensor *make_tensor_in_format(op_ctx *cx, dtype d, const int64_t *sizes, int n_dims, const tensor *t);
/** `take` in the memory format that t suggests: itself or a copy. NULL stays NULL. */
tensor *tensor_in_format(op_ctx *cx, tensor *take, const tensor *t);
/** A 0-dim tensor that holds number v. */
tensor *tensor_from_number(op_ctx *cx, jit_value v, dtype d);
tensor *make_view(op_ctx *cx, tensor *base, const int64_t *sizes, const int64_t *strides, int n_dims,
                  int64_t offset);

/* ---- copies ---------------------------------------------------------------------------------- */
/** dst = src: any types, any strides, src broadcast to dst's sizes; correct when they share memory. */
bool tensor_copy_into(op_ctx *cx, tensor *dst, tensor *src);
/** memcpy on all threads, where that pays. */
void copy_bytes(void *to, const void *from, int64_t n_bytes);
bool tensor_fill(op_ctx *cx, tensor *dst, jit_value number);
/** Whether the type holds the number, as PyTorch judges where a number becomes an element: infinities fit where there
 * are any, a negative one wraps into uint8, everything fits bool. Raises if it does not. */
bool check_number_fits(op_ctx *cx, dtype d, jit_value number);
/** t with element type d; t itself (a new reference) if it has it. */
tensor *tensor_to(op_ctx *cx, tensor *t, dtype d);
/** t if it is contiguous, else a contiguous copy. */
tensor *tensor_contiguous(op_ctx *cx, tensor *t);
/** tensor_to and tensor_contiguous in one copy. */
tensor *tensor_contiguous_as(op_ctx *cx, tensor *t, dtype d);
tensor *tensor_clone(op_ctx *cx, tensor *t);     /* a fresh copy, strides preserved */

/* ---- operators inside operators -------------------------------------------------------------- */
/** Run another operator's CPU kernel as a part of this one: the hook does not see it. Arguments in full. */
bool kernel_call(op_ctx *cx, op_id id, const jit_value *args, jit_value *rets);

/* ---- checks ---------------------------------------------------------------------------------- */
/** Python's negative dimensions; a 0-dim tensor counts as 1-dim. */
bool wrap_dim(op_ctx *cx, int64_t dim, int n_dims, int *ret);
/** "result type Float can't be cast to the desired output type Int" */
bool check_can_cast(op_ctx *cx, dtype from, dtype to);
/** Give out the sizes if it has others (as out= does: growing its storage). */
bool resize_out(op_ctx *cx, tensor *out, const int64_t *sizes, int n_dims);
/** Fails where one element of a written tensor stands at two indices (expand). */
bool check_no_self_overlap(op_ctx *cx, const tensor *t);
/** Fails where the written tensor shares memory with an input without being the same window. */
bool check_no_partial_overlap(op_ctx *cx, const tensor *written, const tensor *read);
/** Fails where they share memory at all. */
bool check_no_overlap(op_ctx *cx, const tensor *written, const tensor *read);
/** The same for an operand that is a tensor, a list of tensors or nothing. */
bool check_value_apart(op_ctx *cx, const tensor *written, jit_value read);
bool tensors_overlap(const tensor *a, const tensor *b);  /* their byte ranges meet */
/** Combine `sizes` (n_dims) with `other` by the broadcasting rule, in place. */
bool broadcast_sizes(op_ctx *cx, int64_t *sizes, int *n_dims, const int64_t *other, int n_other);
/** "[2, 3]" into a static-size buffer, for messages. */
typedef struct sizes_text { char s[256]; } sizes_text;
sizes_text sizes_print(const int64_t *sizes, int n_dims);

/* ---- arguments ------------------------------------------------------------------------------- */
static inline const int64_t *arg_ints(jit_value v, int *ret_n) /* an int[]; None: NULL and 0 */
{
    *ret_n = v.tag == VALUE_LIST ? (int)v.list->n : 0;
    return v.tag == VALUE_LIST ? v.list->ints : NULL;
}
/** Sizes of a new tensor: "too many dimensions" checked. */
bool arg_sizes(op_ctx *cx, jit_value v, const int64_t **ret, int *ret_n);
static inline bool arg_str_is(jit_value v, const char *s)
{
    return v.tag == VALUE_STR && __builtin_strcmp(v.s->s, s) == 0;
}

#endif
