/* The tile kernels of one compute type and instruction set. Built once for each of them with
 *     PW_TYPE    f32 f64 i32 i64 c64 c128 b1
 *     PW_LEVEL   base v3 v4, in the name of the table only; the compiler's -march does the rest
 * A tile is n contiguous elements, n a multiple of PW_VECTOR, already broadcast and promoted; `out` may be one of
 * the inputs, hence the pragma: equal addresses are no dependence between elements. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/pointwise.h"

#define TYPE_f32 1
#define TYPE_f64 2
#define TYPE_i32 3
#define TYPE_i64 4
#define TYPE_c64 5
#define TYPE_c128 6
#define TYPE_b1 7
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define TEXT_(x) #x
#define TYPE PASTE(TYPE_, PW_TYPE)

#define CLASS_B (TYPE == TYPE_b1)
#define CLASS_I (TYPE == TYPE_i32 || TYPE == TYPE_i64)
#define CLASS_F (TYPE == TYPE_f32 || TYPE == TYPE_f64)
#define CLASS_C (TYPE == TYPE_c64 || TYPE == TYPE_c128)

#if TYPE == TYPE_f32
typedef float compute;
typedef float real;
#elif TYPE == TYPE_f64
typedef double compute;
typedef double real;
#elif TYPE == TYPE_i32
typedef int32_t compute;
typedef int32_t real;
#elif TYPE == TYPE_i64
typedef int64_t compute;
typedef int64_t real;
#elif TYPE == TYPE_c64
typedef float _Complex compute;
typedef float real;
#elif TYPE == TYPE_c128
typedef double _Complex compute;
typedef double real;
#else
typedef bool compute;
typedef bool real;
#endif
#define COMPUTE compute
#define REAL real

#if TYPE == TYPE_f32 || TYPE == TYPE_c64
#define M(name) name##f
#define MC(name) name##f
#define M_SYMBOL(name) TEXT_(name) "f"
#else
#define M(name) name
#define MC(name) name
#define M_SYMBOL(name) TEXT_(name)
#endif

#include "runtime/kernels/pointwise_math.h"

/* IF_CLASS(FOR, code): the code if the row exists for this class. */
#if CLASS_B
#define KEEP_B(...) __VA_ARGS__
#else
#define KEEP_B(...)
#endif
#if CLASS_I
#define KEEP_I(...) __VA_ARGS__
#else
#define KEEP_I(...)
#endif
#if CLASS_F
#define KEEP_F(...) __VA_ARGS__
#else
#define KEEP_F(...)
#endif
#if CLASS_C
#define KEEP_C(...) __VA_ARGS__
#else
#define KEEP_C(...)
#endif
#define KEEP_B_I(...) KEEP_B(__VA_ARGS__) KEEP_I(__VA_ARGS__)
#define KEEP_I_F(...) KEEP_I(__VA_ARGS__) KEEP_F(__VA_ARGS__)
#define KEEP_F_C(...) KEEP_F(__VA_ARGS__) KEEP_C(__VA_ARGS__)
#define KEEP_B_I_F(...) KEEP_B(__VA_ARGS__) KEEP_I_F(__VA_ARGS__)
#define KEEP_I_F_C(...) KEEP_I(__VA_ARGS__) KEEP_F_C(__VA_ARGS__)
#define KEEP_B_I_F_C(...) KEEP_B_I(__VA_ARGS__) KEEP_F_C(__VA_ARGS__)
#define IF_CLASS(FOR, ...) KEEP_##FOR(__VA_ARGS__)

#if defined(__clang__)
#define NO_DEPENDENCE _Pragma("clang loop vectorize(assume_safety)")
#else
#define NO_DEPENDENCE _Pragma("GCC ivdep")
#endif

#define LOOP(out_type, value)                                         \
    NO_DEPENDENCE                                                     \
    for (int64_t i = 0; i < n; i++) {                                 \
        OPERANDS                                                      \
        ((out_type *)out)[i] = (out_type)(value);                     \
    }
#define TILE(op, traits, value)                                       \
    static void tile_##op(int64_t n, const void *const *in, void *out) \
    {                                                                 \
        n &= -(int64_t)PW_VECTOR;                                     \
        if ((traits) & OP_TO_BOOL) {                                  \
            LOOP(bool, value)                                         \
        } else if ((traits) & OP_TO_REAL) {                           \
            LOOP(real, value)                                         \
        } else {                                                      \
            LOOP(compute, value)                                      \
        }                                                             \
    }
#define IN(name, k) const compute name = ((const compute *)in[k])[i]; (void)name;

#define ROW_TILE(op, FOR, traits, value) IF_CLASS(FOR, TILE(op, traits, value))
#define OPERANDS IN(a, 0)
#define UNARY(op, schema, FOR, traits, value, ...) ROW_TILE(op, FOR, traits, value)
#include "runtime/kernels/pointwise_rows.h"
#undef OPERANDS
#define OPERANDS IN(a, 0) IN(b, 1)
#define BINARY(op, schema, FOR, traits, value, ...) ROW_TILE(op, FOR, traits, value)
#include "runtime/kernels/pointwise_rows.h"
#undef OPERANDS
#define OPERANDS IN(a, 0) IN(b, 1) IN(c, 2)
#define TERNARY(op, schema, FOR, traits, value, ...) ROW_TILE(op, FOR, traits, value)
#include "runtime/kernels/pointwise_rows.h"
#undef OPERANDS
#define OPERANDS IN(a, 0) IN(b, 1) IN(c, 2) IN(d, 3)
#define QUATERNARY(op, schema, FOR, traits, value, ...) ROW_TILE(op, FOR, traits, value)
#include "runtime/kernels/pointwise_rows.h"

/* ---- simple rows ------------------------------------------------------------------------------------ */
#if CLASS_F
/* The expressions as functions; of rows that give another type nobody calls them. */
#define VALUE_OF(op, FOR, value) \
    IF_CLASS(FOR, static inline compute value_##op(compute a, compute b, compute c, compute d) { return (compute)(value); })
#define UNARY(op, schema, FOR, traits, value, ...) VALUE_OF(op, FOR, value)
#define BINARY(op, schema, FOR, traits, value, ...) VALUE_OF(op, FOR, value)
#define TERNARY(op, schema, FOR, traits, value, ...) VALUE_OF(op, FOR, value)
#define QUATERNARY(op, schema, FOR, traits, value, ...) VALUE_OF(op, FOR, value)
#include "runtime/kernels/pointwise_rows.h"

#if defined(__clang__)
#define UNROLLED
#else
#define UNROLLED _Pragma("GCC unroll 4")
#endif
#define OPERAND(n_operands, set, k) ((k) >= (n_operands) ? 0 : (set) >> (k) & 1 ? first[k] : ((const compute *)in[k])[i])
#define SIMPLE(op, n_operands, set)                                                                           \
    static void simple_##op##_##set(int64_t n, const void *const *in, void *out)                              \
    {                                                                                                          \
        compute first[n_operands];                                                                             \
        for (int k = 0; k < (n_operands); k++) first[k] = *(const compute *)in[k];                             \
        n &= -(int64_t)PW_VECTOR;                                                                              \
        NO_DEPENDENCE UNROLLED                                                                                 \
        for (int64_t i = 0; i < n; i++)                                                                        \
            ((compute *)out)[i] = value_##op(OPERAND(n_operands, set, 0), OPERAND(n_operands, set, 1),         \
                                             OPERAND(n_operands, set, 2), OPERAND(n_operands, set, 3));        \
    }
#include "runtime/kernels/pointwise_simple.def"

#define SIMPLE_TABLE PASTE(PASTE(pw_simple_, PW_TYPE), PASTE(_, PW_LEVEL))
extern const pw_tile SIMPLE_TABLE[];
const pw_tile SIMPLE_TABLE[] = {
#define SIMPLE(op, n_operands, set) simple_##op##_##set,
#include "runtime/kernels/pointwise_simple.def"
};
#endif

#define TABLE PASTE(PASTE(pw_tiles_, PW_TYPE), PASTE(_, PW_LEVEL))
extern const pw_tile TABLE[PW_ROW__COUNT];
const pw_tile TABLE[PW_ROW__COUNT] = {
#define ENTRY(op, FOR) IF_CLASS(FOR, [PW_ROW_##op] = tile_##op, )
#define UNARY(op, schema, FOR, ...) ENTRY(op, FOR)
#define BINARY(op, schema, FOR, ...) ENTRY(op, FOR)
#define TERNARY(op, schema, FOR, ...) ENTRY(op, FOR)
#define QUATERNARY(op, schema, FOR, ...) ENTRY(op, FOR)
#include "runtime/kernels/pointwise_rows.h"
};
