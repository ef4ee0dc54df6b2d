/* runtime/kernels/for_floats.h: the loops in LOOPS, a header without a guard, for float and for double: T is the type, FN(name) the name of
 * a function of it. No guard on purpose.
 *
 *     #define LOOPS "runtime/kernels/conv_loops.h"
 *     #include "runtime/kernels/for_floats.h" */
/* SPDX-License-Identifier: Apache-2.0 */
#define T        float
#define FN(name) name##_f32
#include LOOPS
#undef T
#undef FN
#define T        double
#define FN(name) name##_f64
#include LOOPS
#undef T
#undef FN
#undef LOOPS
