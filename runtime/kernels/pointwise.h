/* runtime/kernels/pointwise.h: elementwise operators: rows of pointwise.def run as tile programs of one.
 *
 * An operator's operands are promoted to a common type, which picks the compute type (float16, bfloat16 and
 * float32 compute as float32; integers below 64 bits as int32). Operands are read in tiles of contiguous
 * elements of the compute type, the row's tile kernel makes a tile of results, which is stored as the
 * result type. A tile's length is rounded up to whole vectors, so no result depends on where an element
 * stands. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_POINTWISE_H
#define RUNTIME_KERNELS_POINTWISE_H

#include "runtime/kernels/iter.h"

enum { PW_MAX_OPERANDS = 4, PW_TILE_BYTES = 4096, PW_VECTOR = 16 /* tiles are multiples of this many elements */ };

/* The types that VALUE expressions are compiled for. */
typedef enum pw_compute { PW_f32, PW_f64, PW_i32, PW_i64, PW_c64, PW_c128, PW_b1, PW__COMPUTE_COUNT } pw_compute;

/* Classes a row exists for (the FOR column). */
enum { PW_B = 1, PW_I = 2, PW_F = 4, PW_C = 8 };

/* Rows, dense. Operators first, then expressions that only kernels name (pointwise_extra.def). */
typedef enum pw_row {
#define UNARY(id, ...) PW_ROW_##id,
#define BINARY(id, ...) PW_ROW_##id,
#define TERNARY(id, ...) PW_ROW_##id,
#define QUATERNARY(id, ...) PW_ROW_##id,
#include "runtime/kernels/pointwise_rows.h"
    PW_ROW__COUNT
} pw_row;

/** n elements, a multiple of PW_VECTOR; `out` may be one of the inputs. */
typedef void (*pw_tile)(int64_t n, const void *const *in, void *out);

/** What elements of type d are computed as. */
pw_compute pw_compute_of(dtype d);
/** The tile kernel of a row for this machine; NULL if the row does not exist for the compute type. */
pw_tile pw_tile_find(pw_row row, pw_compute c);

/** The same for a simple row where each operand of the bit set is one element; NULL: there is none. */
pw_tile pw_tile_find_simple(pw_row row, pw_compute c, unsigned set);

/** What a row computes on, after an operator's own preparation. */
typedef struct pw_call {
    pw_row row;
    jit_value operands[PW_MAX_OPERANDS];  /* tensors or numbers, borrowed */
    dtype common;                         /* DTYPE_NONE: promote the operands by the row's traits */
    tensor *into;                         /* write here, or NULL */
    bool is_out;                          /* `into` is an out= argument: may be resized */
    tensor *owned;                        /* a view made by the preparation, released after the run */
    tensor *reuse;                        /* an operand that dies here: its memory may take the result; or NULL */
} pw_call;
/** The types of a call: what its operands promote to, what the tile kernel works on and gives, the result's. */
typedef struct pw_types {
    dtype common, compute, tile_result, result;
    pw_tile tile;
} pw_types;
/** false: the row does not exist for the common type (set even so). */
bool pointwise_types(const pw_call *call, pw_types *ret);
/** A number operand as an element of the compute type. */
void pointwise_store_number(pw_row row, jit_value v, const pw_types *types, void *p);
/** Set a call up from an operator's arguments: its row, operands and preparation. */
bool pointwise_begin(op_ctx *cx, const jit_value *args, pw_call *call);
/** The same with a target; is_out: an out= argument. */
bool pointwise_begin_into(op_ctx *cx, const jit_value *args, tensor *into, bool is_out, pw_call *call);
/** May results of the row, of type `result`, be stored as type `into` by an operator that writes in place? */
bool pointwise_may_store(pw_row row, dtype result, dtype into);
bool pointwise_run(op_ctx *cx, const pw_call *call, tensor **ret);

/** The kernel of every pointwise row of the operator table. */
bool pointwise_call(op_ctx *cx, const jit_value *args, jit_value *rets);
/** The same with a target; cx->op is the base row. */
bool pointwise_call_into(op_ctx *cx, const jit_value *args, tensor *into, bool is_out);
/** The element type of such a call's result without a target; cx->op is the base row. DTYPE_NONE: reported. */
dtype pointwise_result_dtype(op_ctx *cx, const jit_value *args);
/** Is op a row whose preparation, if any, looks at the types and sizes of tensors alone? */
bool pointwise_needs_no_data(op_id op);
/** ... unless they are integers: division looks for zeros there. */
bool pointwise_divides(op_id op);
int pointwise_n_operands(pw_row row);
/** Does nobody but one reference see t and all of its storage, so that it may become a result that lies like it? */
bool pointwise_is_alone(const tensor *t);
/** The type the operands of a call promote to by the row's traits. */
dtype pointwise_common_dtype(const pw_call *call);
/** Change what a row is about to compute: checks, other rows for a mode argument (pointwise_prepare.c). */
bool pointwise_prepare(op_ctx *cx, const jit_value *args, pw_call *call);

#endif
