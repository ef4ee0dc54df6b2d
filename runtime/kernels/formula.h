/* runtime/kernels/formula.h: kernels written as formulas of other operators.
 *
 *     formula f = { .cx = cx };
 *     tensor *d = F_(&f, aten_diff, T_V(y), INT_V(1), INT_V(-1), NONE_V, NONE_V);
 *     return formula_give(&f, F_(&f, aten_sum, T_V(d), NONE_V), rets);
 *
 * The formula owns every intermediate result until it gives one out, and failure is sticky: after one, further
 * steps do nothing and give NULL, which later steps accept, so nothing has to be checked in between. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_FORMULA_H
#define RUNTIME_KERNELS_FORMULA_H

#include "runtime/kernels/kernel.h"

typedef struct formula {
    op_ctx *cx;
    bool failed;
    size_t n, cap;
    jit_value *made;
} formula;

#define T_V(t) VALUE_HEAP_V(VALUE_TENSOR, (t))
#define INT_V(x) VALUE_INT_V(x)
#define FLOAT_V(x) VALUE_FLOAT_V(x)
#define BOOL_V(x) VALUE_BOOL_V(x)
#define NONE_V VALUE_NONE_V

/** Runs operator `id` with all its arguments; its single tensor, borrowed from the formula. NULL: failed. */
tensor *formula_op(formula *f, op_id id, const jit_value *args, size_t n_args);
#define F_(f, id, ...)                                 \
    formula_op((f), OP_##id, (jit_value[]){ __VA_ARGS__ }, \
               sizeof((jit_value[]){ __VA_ARGS__ }) / sizeof(jit_value))
/** The same for an operator with n results, all tensors. False: failed, the results are NULL. */
bool formula_op_n(formula *f, op_id id, const jit_value *args, size_t n_args, tensor **ret, size_t n);
/** Take over a new reference; NULL (someone has reported) makes the formula fail. */
tensor *formula_own(formula *f, tensor *take);
/** Lists as arguments, owned by the formula. */
jit_value formula_ints(formula *f, const int64_t *ints, size_t n);
#define F_INTS(f, ...)                                         \
    formula_ints((f), (const int64_t[]){ __VA_ARGS__ },        \
                 sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))
jit_value formula_tensors(formula *f, tensor *const *tensors, size_t n);
jit_value formula_str(formula *f, const char *s);

/** End: hand the result out and release the rest. Returns whether all went well. */
bool formula_give(formula *f, tensor *result, jit_value *rets);
bool formula_give_n(formula *f, tensor *const *results, size_t n, jit_value *rets);
/** End without a result (after OP_FAIL). Always false. */
bool formula_drop(formula *f);

/** The element of a tensor of one element as a double; 0 after a failure. */
double formula_item(formula *f, const tensor *t);

#endif
