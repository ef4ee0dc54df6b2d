/* ir/op.h: the operator table. One operator, one row of ir/ops/ *.def; this header turns the rows into ids,
 * tools/genops.c into static tables (sorted names, schemas), runtime/kernels/dispatch.c into kernels.
 *
 * Rows (every .def defines the macros it is not given as empty and undefines all at its end):
 *     OP(id, "schema", traits, kernel)              a C kernel `kernel(op_ctx *, args, rets)`; op_none: no
 *                                                   kernel, the VM executes it itself (control flow, …)
 *     SCALAR(id, "schema", traits, sig, expr)       a pure expression over scalars: arguments by position are
 *                                                   a, b, c (int64_t, double or bool, as sig says: I_FB is
 *                                                   (float, bool) -> int); the VM makes an instruction of it,
 *                                                   the generic kernel scalar_<id> comes from it too
 *     SCALAR_CHECK(id, "schema", traits, sig, expr, fails, "format"…)   … that raises when `fails` holds
 *     UNARY/BINARY/TERNARY/QUATERNARY(id, "schema", FOR, traits, VALUE, GRAD…)    pointwise, see pointwise.def
 *     VARIANT(id, "schema", base_id, mode)          another form of another row, see op_variant
 *     COMPOSITE(id, "schema", traits)               written in TorchScript in library/ (same name)
 *     DECLARED(id, "schema")                        known, not implemented: exact errors
 * Rows of one name are tried in the order of ops/order.def (PyTorch's registration order). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_OP_H
#define IR_OP_H

#include "ir/schema.h"

/* Dense ids in row order; OP_NONE is 0. */
typedef enum op_id {
    OP_NONE,
#define ROW(id, ...) OP_##id,
#include "ir/ops/all.def"
    OP__COUNT
} op_id;

typedef enum op_trait {
    OP_PURE       = 1 << 0,  /* no effect beyond its results (schema has no `!`) */
    OP_COMMUTES   = 1 << 1,
    OP_TO_FLOAT   = 1 << 2,  /* integral operands are computed in the default float type */
    OP_RANDOM     = 1 << 3,  /* draws from a generator */
    OP_EFFECT     = 1 << 4,  /* prints, raises, changes global state: never removed or moved */
    OP_MAY_RAISE  = 1 << 5,  /* pure but may fail for some operands: may be removed, not hoisted */
    OP_TO_BOOL    = 1 << 6,  /* pointwise result is bool whatever the operands are */
    OP_WRITES_STATS = 1 << 7,/* batch_norm, instance_norm: writes running statistics in training */
    OP_TO_REAL    = 1 << 8,  /* complex operand gives its real type (abs, angle) */
    OP_VARIADIC   = 1 << 9,  /* takes any number of arguments; n_args is passed in op_ctx */
    OP_NO_FOLD    = 1 << 10, /* not to be folded though pure (fresh mutable result, huge result) */
    OP_PROMOTE_NUMBERS = 1 << 11, /* pointwise: number operands take part in type promotion */
    OP_MASK_FIRST = 1 << 12, /* pointwise: operand a is a bool mask, outside of type promotion */
    OP_PREPARED   = 1 << 13, /* pointwise: runtime/kernels/pointwise_prepare.c checks or adapts the operands */
    OP_POINTWISE  = 1 << 14, /* UNARY, BINARY, … rows have it without saying so */
    /* What an operator does with quantized tensors; without one of these it refuses them. */
    OP_QUANTIZED  = 1 << 15, /* its kernel knows them */
    OP_Q_INTEGERS = 1 << 16, /* it runs on their integers; results of that type have the same quantizer */
    OP_Q_FLOAT    = 1 << 17, /* it runs on the reals; its result is quantized like the first operand */
} op_trait;

typedef enum op_backend { OP_IS_DECLARED, OP_HAS_KERNEL, OP_IS_COMPOSITE, OP_IS_STRUCTURAL } op_backend;
typedef enum op_variant {
    OP_NO_VARIANT,
    OP_INPLACE,          /* writes its first operand */
    OP_OUT,              /* writes its last operands, as many as the base row has results */
    OP_OUT_EXACT,        /* the same; they must have the results' types, nothing is cast */
    OP_SAME,             /* the base row under another name, same parameters */
    OP_FUNCTIONAL,       /* of an in-place row: on a copy of the first operand */
    OP_COPY,             /* of a view: its result has memory of its own */
} op_variant;

typedef struct op_info {
    uint32_t traits;
    uint8_t backend;     /* op_backend */
    uint8_t variant;     /* op_variant */
    uint16_t base;       /* op_id of the row a variant varies, else its own id */
} op_info;

/** What tells most candidates of a call apart, at hand without the parsed schema. */
typedef struct op_shape {
    uint8_t n_args, n_required; /* required: without a default */
    bool is_vararg;
    bool begins_with_self;
    uint8_t kinds[2];    /* type_kind of the first arguments if Tensor, a number or str; else TYPE_ERROR */
} op_shape;

const op_info *op_get_info(op_id id);
const op_shape *op_get_shape(op_id id);
/** The parsed schema; made on first request, then shared. Never NULL for a valid id (memory apart). */
const schema *op_schema(op_id id);
const char *op_name(op_id id);                    /* "aten::add"; "prim::If" */
const char *op_overload(op_id id);                /* "Tensor", "" */
/** All operators of one name, in overload-resolution order; n = 0 if there are none. */
const uint16_t *op_find_all(const char *name, size_t *ret_n);
op_id op_find(const char *name, const char *overload);          /* OP_NONE if absent */
/** All names, sorted, for suggestions and `tjs ops`. */
size_t op_name_count(void);
const char *op_name_at(size_t i, const uint16_t **ret_ids, size_t *ret_n);
/** Names within small edit distance, nearest first, at most n_max; returns how many. */
size_t op_suggest(const char *name, const char **ret, size_t n_max);
/** "absolute" → "abs": normalised name of an operator alias, or the name itself. */
const char *op_normalised_name(const char *name);

#endif
