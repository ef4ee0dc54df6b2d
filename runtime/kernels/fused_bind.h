/* runtime/kernels/fused_bind.h: what the steps of a group are for the tensors at hand.
 *
 * The widest tensors of a run, all of the same sizes, are its space. They are walked as they lie in memory, which may be another
 * order of dimensions than that of the sizes (channels last). A value has the sizes of the space (wide) or is what
 * a reduction of the last dimension leaves of it: one element a row, with that dimension (narrow) or without
 * (dropped). A total of all elements ends its line: it is there only behind the run. Values inside of the group stand as headers without storage, on which operators prepare their
 * operands as they do when called alone. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_FUSED_BIND_H
#define RUNTIME_KERNELS_FUSED_BIND_H

#include "runtime/kernels/fused.h"
#include "runtime/kernels/pointwise.h"
#include "runtime/kernels/rows.h"
#include "runtime/kernels/tiles.h"

typedef enum fused_width { FUSED_WIDE, FUSED_NARROW, FUSED_DROPPED } fused_width;
typedef enum fused_kind { FUSED_POINTWISE, FUSED_CONVERT, FUSED_ROWS, FUSED_BATCH_NORM, FUSED_TOTAL } fused_kind;
/* As losses number them. */
typedef enum fused_reduction { FUSED_REDUCE_NONE, FUSED_REDUCE_MEAN, FUSED_REDUCE_SUM } fused_reduction;

/* A step bound to its operands. */
typedef struct fused_bound {
    fused_kind kind;
    fused_width width;                   /* of its value */
    uint8_t n_operands;
    jit_value operands[PW_MAX_OPERANDS]; /* tensors, headers or numbers */
    pw_row row;                          /* pointwise; total of two operands, a loss: of their difference */
    fused_reduction reduction;           /* total */
    pw_types types;                      /* all kinds: compute, tile_result, result */
    row_kernel rows;
    int object;                          /* the step that made the tensor of its value: itself if it does not write in place */
    tensor *into;                        /* the tensor from outside that it is the first of the run to write to, or NULL */
    tensor *scale, *shift;               /* batch norm: owned, [C, 1, …] */
    tile_channels channels;              /* the same along lines of a channel */
} fused_bound;

typedef struct fused_space {
    int n_dims, n_inner;                 /* n_inner: the trailing dimensions that are a row; 0: nothing looks at rows */
    bool has_totals;                     /* then nothing looks at rows */
    int64_t numel, cols;
    int64_t sizes[TENSOR_MAX_DIMS], narrow_sizes[TENSOR_MAX_DIMS];
    int64_t strides[TENSOR_MAX_DIMS];    /* of wide results */
    bool is_permuted;                    /* then nothing looks at rows, and there are no totals */
    uint8_t order[TENSOR_MAX_DIMS];      /* the dimensions as memory runs through them, outermost first */
    int64_t walked_sizes[TENSOR_MAX_DIMS]; /* in that order */
    dtype widest;                        /* of the types elements pass through, the largest */
} fused_space;

typedef struct fused_binding {
    op_run *run;
    const fused_group *group;
    const jit_value *inputs, *values;
    int first, end;                      /* steps */
    fused_space space;
    fused_bound steps[FUSED_MAX_STEPS];
    tensor headers[FUSED_MAX_STEPS];     /* of the values of bound steps */
} fused_binding;

/** Is argument i of step k a value that the run has made by then? Else it comes from outside. */
static inline bool fused_is_inner(const fused_group *g, int first, int k, int i)
{
    return g->steps[k].writers[i] >= first || -1 - g->steps[k].args[i] >= first;
}
/** What argument i of step k is from outside. */
static inline jit_value fused_outer(const fused_binding *b, int k, int i)
{
    const int from = b->group->steps[k].args[i];
    return from >= 0 ? b->inputs[from] : b->values[-1 - from];
}
/** Does op write in place, as a step of a group? */
bool fused_writes(op_id op);
/** Bind as many steps from b->first on as fit together; b->end is set. */
void fused_bind(fused_binding *b);
/** Releases what the steps from k on own; they are bound no more. */
void fused_unbind_from(fused_binding *b, int k);
/** The step whose value t stands for; -1: a tensor from outside. */
static inline int fused_header_step(const fused_binding *b, const tensor *t)
{
    return t >= b->headers && t < b->headers + FUSED_MAX_STEPS ? (int)(t - b->headers) : -1;
}
/** Do elements of t follow each other in memory as the program walks? */
bool fused_lies_flat(const fused_space *s, const tensor *t);
/** The sizes of values of that width. */
static inline const int64_t *fused_sizes(const fused_space *s, fused_width width)
{
    return width == FUSED_NARROW ? s->narrow_sizes : s->sizes;
}
static inline int fused_n_dims(const fused_space *s, fused_width width)
{
    return width == FUSED_DROPPED ? s->n_dims - 1 : s->n_dims;
}

#endif
