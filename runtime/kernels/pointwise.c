/* Running pointwise rows; see pointwise.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/pointwise.h"

#include "runtime/device/device.h"

#include <string.h>

typedef struct row_info {
    uint32_t traits;
    uint8_t n_operands, classes;
} row_info;

#define CLASSES_I PW_I
#define CLASSES_F PW_F
#define CLASSES_C PW_C
#define CLASSES_B_I (PW_B | PW_I)
#define CLASSES_I_F (PW_I | PW_F)
#define CLASSES_F_C (PW_F | PW_C)
#define CLASSES_B_I_F (PW_B | PW_I | PW_F)
#define CLASSES_I_F_C (PW_I | PW_F | PW_C)
#define CLASSES_B_I_F_C (PW_B | PW_I | PW_F | PW_C)

static const row_info rows[PW_ROW__COUNT] = {
#define UNARY(id, schema, FOR, traits, ...) [PW_ROW_##id] = { traits, 1, CLASSES_##FOR },
#define BINARY(id, schema, FOR, traits, ...) [PW_ROW_##id] = { traits, 2, CLASSES_##FOR },
#define TERNARY(id, schema, FOR, traits, ...) [PW_ROW_##id] = { traits, 3, CLASSES_##FOR },
#define QUATERNARY(id, schema, FOR, traits, ...) [PW_ROW_##id] = { traits, 4, CLASSES_##FOR },
#include "runtime/kernels/pointwise_rows.h"
};

static const uint16_t row_of_op[OP__COUNT] = {
#define UNARY(id, ...) [OP_##id] = PW_ROW_##id,
#define BINARY(id, ...) [OP_##id] = PW_ROW_##id,
#define TERNARY(id, ...) [OP_##id] = PW_ROW_##id,
#define QUATERNARY(id, ...) [OP_##id] = PW_ROW_##id,
#include "ir/ops/begin.def"
#include "ir/ops/pointwise.def"
#include "ir/ops/end.def"
};

/* The tables that pointwise_tmpl.c makes. Complex and bool rows gain nothing from wider vectors. */
#define DECLARE(type, level) extern const pw_tile pw_tiles_##type##_##level[];
#define DECLARE_LEVEL(level) DECLARE(f32, level) DECLARE(f64, level) DECLARE(i32, level) DECLARE(i64, level)
#define LEVEL(level)                                                                                 \
    { pw_tiles_f32_##level, pw_tiles_f64_##level, pw_tiles_i32_##level, pw_tiles_i64_##level,        \
      pw_tiles_c64_base, pw_tiles_c128_base, pw_tiles_b1_base }
DECLARE_LEVEL(base)
DECLARE(c64, base)
DECLARE(c128, base)
DECLARE(b1, base)
#ifdef TJS_X86_LEVELS
DECLARE_LEVEL(v3)
DECLARE_LEVEL(v4)
#endif
static const pw_tile *const tables[CPU__LEVEL_COUNT][PW__COMPUTE_COUNT] = {
    [CPU_BASE] = LEVEL(base),
#ifdef TJS_X86_LEVELS
    [CPU_V3] = LEVEL(v3),
    [CPU_V4] = LEVEL(v4),
#else
    [CPU_V3] = LEVEL(base),
    [CPU_V4] = LEVEL(base),
#endif
};

pw_tile pw_tile_find(pw_row row, pw_compute c)
{
    return tables[cpu_get_level()][c][row];
}

static pw_compute compute_of(dtype d)
{
    switch (d) {
    case DTYPE_bool: return PW_b1;
    case DTYPE_uint8:
    case DTYPE_int8:
    case DTYPE_int16:
    case DTYPE_int32: return PW_i32;
    case DTYPE_int64: return PW_i64;
    case DTYPE_float64: return PW_f64;
    case DTYPE_complex64: return PW_c64;
    case DTYPE_complex128: return PW_c128;
    default: return PW_f32;
    }
}

static const uint8_t dtype_of_compute[PW__COMPUTE_COUNT] = {
    [PW_f32] = DTYPE_float32,   [PW_f64] = DTYPE_float64,     [PW_i32] = DTYPE_int32, [PW_i64] = DTYPE_int64,
    [PW_c64] = DTYPE_complex64, [PW_c128] = DTYPE_complex128, [PW_b1] = DTYPE_bool,
};

dtype pointwise_common_dtype(const pw_call *call)
{
    const row_info *row = &rows[call->row];
    promotion p = PROMOTION_INIT;
    for (int k = (row->traits & OP_MASK_FIRST) != 0; k < row->n_operands; k++)
        if (call->operands[k].tag == VALUE_TENSOR || (row->traits & OP_PROMOTE_NUMBERS))
            promotion_add_value(&p, call->operands[k]);
    const dtype d = promotion_result(&p);
    if ((row->traits & OP_TO_FLOAT) && dtype_category_of(d) <= CATEGORY_I) return DTYPE_float32;
    return d;
}

/* One call, ready to run over runs of elements. Operand 0 is the output. */
typedef struct tile_task {
    pw_tile tile;
    int n_operands;                        /* with the output */
    int64_t bytes[PW_MAX_OPERANDS + 1];    /* per element, as the tile kernel sees it */
    cast_fn casts[PW_MAX_OPERANDS + 1];    /* load, store */
    bool is_direct[PW_MAX_OPERANDS + 1];   /* memory has the type the tile kernel works on */
} tile_task;

typedef struct tile_buffers {
    _Alignas(64) char at[PW_MAX_OPERANDS + 1][PW_TILE_BYTES];
} tile_buffers;

static int64_t pad(int64_t n)
{
    return (n + PW_VECTOR - 1) & -(int64_t)PW_VECTOR;
}

/* n elements of operand k where the tile kernel can read whole vectors of them. */
static const void *load_tile(const tile_task *task, int k, int64_t n, const char *p, int64_t stride, char *buffer)
{
    const int64_t bytes = task->bytes[k];
    if (task->is_direct[k] && stride == bytes && n % PW_VECTOR == 0) return p;
    task->casts[k](n, p, stride, buffer, bytes);
    memset(buffer + n * bytes, 0, (size_t)((pad(n) - n) * bytes));
    return buffer;
}

static void tile_loop(void *ctx, int64_t n, char *const *data, const int64_t *strides)
{
    const tile_task *task = ctx;
    tile_buffers buffers;
    const void *in[PW_MAX_OPERANDS];
    int64_t widest = 1;
    for (int k = 0; k < task->n_operands; k++) widest = task->bytes[k] > widest ? task->bytes[k] : widest;
    const int64_t tile_n = PW_TILE_BYTES / widest;
    const int64_t first_n = pad(n < tile_n ? n : tile_n);
    for (int k = 1; k < task->n_operands; k++) {
        if (strides[k] != 0) continue;
        task->casts[k](first_n, data[k], 0, buffers.at[k], task->bytes[k]);
        in[k - 1] = buffers.at[k];
    }
    for (int64_t at = 0; at < n; at += tile_n) {
        const int64_t m = n - at < tile_n ? n - at : tile_n;
        for (int k = 1; k < task->n_operands; k++)
            if (strides[k] != 0)
                in[k - 1] = load_tile(task, k, m, data[k] + at * strides[k], strides[k], buffers.at[k]);
        char *out = data[0] + at * strides[0];
        const bool is_direct = task->is_direct[0] && strides[0] == task->bytes[0] && m % PW_VECTOR == 0;
        task->tile(pad(m), in, is_direct ? out : buffers.at[0]);
        if (!is_direct) task->casts[0](m, buffers.at[0], task->bytes[0], out, strides[0]);
    }
}

static void set_operand(tile_task *task, int k, dtype memory, dtype tile)
{
    task->bytes[k] = (int64_t)dtype_size(tile);
    task->is_direct[k] = memory == tile;
    task->casts[k] = k == 0 ? cast_find(tile, memory) : cast_find(memory, tile);
}

/* A number operand becomes one element. It takes the common type first where PyTorch computes in that type
 * (integers wrap, comparisons round); half arithmetic keeps numbers in float32. */
static void store_number(jit_value v, dtype common, dtype compute, bool is_comparison, char *p)
{
    if (common != compute && (is_comparison || !dtype_is_float(common))) {
        char element[16];
        element_store_number(common, element, v);
        cast_find(common, compute)(1, element, 0, p, 0);
    } else {
        element_store_number(compute, p, v);
    }
}

static bool check_class(op_ctx *cx, const row_info *row, dtype common)
{
    static const uint8_t classes[] = { [CATEGORY_B] = PW_B, [CATEGORY_I] = PW_I, [CATEGORY_F] = PW_F,
                                       [CATEGORY_C] = PW_C };
    if (row->classes & classes[dtype_category_of(common)]) return true;
    const char *name = op_name(cx->op), *colons = strstr(name, "::");
    return OP_FAIL(cx, "\"%s_cpu\" not implemented for '%s'", colons ? colons + 2 : name, dtype_prefix(common));
}

/* At most one vector of elements, no conversion, no broadcasting: most of the time of such a call would go into
 * setting up the general loop. False: not such a call; *ret is NULL after true when memory ran out. */
static bool run_small(op_ctx *cx, const pw_call *call, int n_operands, pw_tile tile, dtype compute, dtype result,
                      tensor **ret)
{
    const tensor *first = NULL;
    for (int k = 0; k < n_operands; k++) {
        if (call->operands[k].tag != VALUE_TENSOR) continue;
        const tensor *t = call->operands[k].t;
        if (t->numel > PW_VECTOR || tensor_dtype(t) != compute || !tensor_is_contiguous(t)) return false;
        if (first && t != first && !tensor_same_sizes(t, first)) return false;
        if (call->into && t != call->into && t->store == call->into->store) return false; // may overlap
        if (!first) first = t;
    }
    if (!first || (call->into && (call->into != first || tensor_dtype(first) != result))) return false;

    _Alignas(64) char buffers[PW_MAX_OPERANDS + 1][PW_VECTOR * 16];
    const void *in[PW_MAX_OPERANDS];
    const size_t bytes = dtype_size(compute), n = (size_t)first->numel;
    for (int k = 0; k < n_operands; k++) {
        const jit_value v = call->operands[k];
        if (v.tag == VALUE_TENSOR) {
            memcpy(buffers[k], tensor_data(v.t), n * bytes);
        } else {
            element_store_number(compute, buffers[k], v);
            for (size_t i = 1; i < n; i++) memcpy(buffers[k] + i * bytes, buffers[k], bytes);
        }
        memset(buffers[k] + n * bytes, 0, (PW_VECTOR - n) * bytes);
        in[k] = buffers[k];
    }
    *ret = call->into ? tensor_ref(call->into) : make_tensor(cx, result, first->sizes, first->n_dims);
    if (!*ret) return true;
    tile(PW_VECTOR, in, buffers[PW_MAX_OPERANDS]);
    memcpy(tensor_data(*ret), buffers[PW_MAX_OPERANDS], n * dtype_size(result));
    return true;
}

bool pointwise_run(op_ctx *cx, const pw_call *call, tensor **ret)
{
    const row_info *row = &rows[call->row];
    const dtype common = call->common != DTYPE_NONE ? call->common : pointwise_common_dtype(call);
    if (!check_class(cx, row, common)) return false;
    const pw_compute c = compute_of(common);
    const dtype compute = (dtype)dtype_of_compute[c];
    dtype tile_result = compute, result = common;
    if (row->traits & OP_TO_BOOL) tile_result = result = DTYPE_bool;
    if (row->traits & OP_TO_REAL) tile_result = dtype_real(compute), result = dtype_real(common);
    if (call->into && !(row->traits & OP_TO_BOOL) && !check_can_cast(cx, result, tensor_dtype(call->into)))
        return false;

    const pw_tile tile = pw_tile_find(call->row, c);
    if (common == compute && run_small(cx, call, row->n_operands, tile, compute, tile_result, ret)) return *ret != NULL;
    char numbers[PW_MAX_OPERANDS][16];
    tile_task task;
    task.tile = tile;
    task.n_operands = row->n_operands + 1;
    iter it;
    iter_init(&it, cx);
    it.may_resize = call->is_out;
    iter_add_output(&it, call->into, result);
    set_operand(&task, 0, call->into ? tensor_dtype(call->into) : result, tile_result);
    for (int k = 0; k < row->n_operands; k++) {
        const jit_value v = call->operands[k];
        if (v.tag == VALUE_TENSOR) {
            iter_add_input(&it, v.t);
            set_operand(&task, k + 1, tensor_dtype(v.t), compute);
        } else {
            store_number(v, common, compute, row->traits & OP_TO_BOOL, numbers[k]);
            iter_add_number(&it, numbers[k], compute);
            set_operand(&task, k + 1, compute, compute);
        }
    }
    if (!iter_build(&it)) return false;
    iter_run(&it, ITER_GRAIN, tile_loop, &task);
    *ret = iter_take_output(&it, 0);
    return true;
}

static bool run_row(op_ctx *cx, const jit_value *args, tensor *into, bool is_out, tensor **ret)
{
    pw_call call = { .row = (pw_row)row_of_op[cx->op], .common = DTYPE_NONE, .into = into, .is_out = is_out };
    const row_info *row = &rows[call.row];
    for (int k = 0; k < row->n_operands; k++) call.operands[k] = args[k];
    const bool ok = (!(row->traits & OP_PREPARED) || pointwise_prepare(cx, args, &call)) &&
                    pointwise_run(cx, &call, ret);
    tensor_unref(call.owned);
    return ok;
}

bool pointwise_call(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *result;
    if (!run_row(cx, args, NULL, false, &result)) return false;
    rets[0] = RET_TENSOR(result);
    return true;
}

bool pointwise_call_into(op_ctx *cx, const jit_value *args, tensor *into, bool is_out)
{
    tensor *result;
    if (!run_row(cx, args, into, is_out, &result)) return false;
    tensor_unref(result);
    return true;
}
