/* Running pointwise rows; see pointwise.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/pointwise.h"

#include "runtime/device/device.h"
#include "runtime/kernels/tiles.h"

#include <stdatomic.h>

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

/* Rows of pointwise_simple.def, dense. */
enum {
#define SIMPLE(row, n_operands, set) SIMPLE_##row##_##set,
#include "runtime/kernels/pointwise_simple.def"
    SIMPLE__COUNT
};

#define DECLARE_SIMPLE(level) extern const pw_tile pw_simple_f32_##level[], pw_simple_f64_##level[];
DECLARE_SIMPLE(base)
#ifdef TJS_X86_LEVELS
DECLARE_SIMPLE(v3)
DECLARE_SIMPLE(v4)
#define SIMPLE_OF(type) { pw_simple_##type##_base, pw_simple_##type##_v3, pw_simple_##type##_v4 }
#else
#define SIMPLE_OF(type) { pw_simple_##type##_base, pw_simple_##type##_base, pw_simple_##type##_base }
#endif

static int find_simple(pw_row row, unsigned set)
{
    switch ((unsigned)row << PW_MAX_OPERANDS | set) {
#define SIMPLE(row, n_operands, set) case (unsigned)PW_ROW_##row << PW_MAX_OPERANDS | set: return SIMPLE_##row##_##set;
#include "runtime/kernels/pointwise_simple.def"
    default: return SIMPLE__COUNT;
    }
}

pw_tile pw_tile_find_simple(pw_row row, pw_compute c, unsigned set)
{
    static const pw_tile *const f32[CPU__LEVEL_COUNT] = SIMPLE_OF(f32), *const f64[CPU__LEVEL_COUNT] = SIMPLE_OF(f64);
    const int i = (c == PW_f32 || c == PW_f64) ? find_simple(row, set) : SIMPLE__COUNT;
    return i == SIMPLE__COUNT ? NULL : (c == PW_f32 ? f32 : f64)[cpu_get_level()][i];
}

pw_compute pw_compute_of(dtype d)
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

/* Most calls: tensors of one type and numbers that do not raise its category. DTYPE_NONE: not so. */
static dtype uniform_dtype(const jit_value *operands, int n)
{
    dtype d = DTYPE_NONE;
    dtype_category least = CATEGORY_B;
    for (int k = 0; k < n; k++) {
        const jit_value v = operands[k];
        if (v.tag == VALUE_TENSOR) {
            if ((d != DTYPE_NONE && tensor_dtype(v.t) != d) || v.t->is_wrapped_number) return DTYPE_NONE;
            d = tensor_dtype(v.t);
        } else {
            if (v.tag != VALUE_INT && v.tag != VALUE_FLOAT) return DTYPE_NONE;
            const dtype_category c = v.tag == VALUE_INT ? CATEGORY_I : CATEGORY_F;
            least = c > least ? c : least;
        }
    }
    return d != DTYPE_NONE && dtype_category_of(d) >= least ? d : DTYPE_NONE;
}

dtype pointwise_common_dtype(const pw_call *call)
{
    const row_info *row = &rows[call->row];
    const dtype uniform = row->traits & (OP_MASK_FIRST | OP_TO_FLOAT) ? DTYPE_NONE
                                                                      : uniform_dtype(call->operands, row->n_operands);
    if (uniform != DTYPE_NONE) return uniform;
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

/* Spreading a number over its buffer costs time in every run: it is spread less far where the run may be short. */
enum { NUMBER_TILE_BYTES = PW_TILE_BYTES / 4 };

static void tile_loop(void *ctx, int64_t n, char *const *data, const int64_t *strides)
{
    const tile_task *task = ctx;
    tile_buffers buffers;
    const void *in[PW_MAX_OPERANDS];
    int64_t widest = 1;
    bool has_number = false; // an operand that is the same for the whole run
    for (int k = 0; k < task->n_operands; k++) {
        widest = task->bytes[k] > widest ? task->bytes[k] : widest;
        has_number |= strides[k] == 0;
    }
    const int64_t tile_n = (has_number ? NUMBER_TILE_BYTES : PW_TILE_BYTES) / widest;
    const int64_t first_n = pad(n < tile_n ? n : tile_n);
    for (int k = 1; k < task->n_operands; k++) {
        if (strides[k] != 0) continue;
        task->casts[k](1, data[k], 0, buffers.at[k], task->bytes[k]);
        tiles_repeat(buffers.at[k], (size_t)task->bytes[k], first_n);
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

static bool has_class(const row_info *row, dtype common)
{
    static const uint8_t classes[] = { [CATEGORY_B] = PW_B, [CATEGORY_I] = PW_I, [CATEGORY_F] = PW_F,
                                       [CATEGORY_C] = PW_C };
    return row->classes & classes[dtype_category_of(common)];
}

/* It takes the common type first where PyTorch computes in that type (integers wrap, comparisons round); half
 * arithmetic keeps numbers in float32. */
void pointwise_store_number(pw_row row, jit_value v, const pw_types *types, void *p)
{
    const bool is_comparison = rows[row].traits & OP_TO_BOOL;
    if (types->common != types->compute && (is_comparison || !dtype_is_float(types->common))) {
        char element[16];
        element_store_number(types->common, element, v);
        cast_find(types->common, types->compute)(1, element, 0, p, 0);
    } else if (types->compute == DTYPE_float32 && v.tag == VALUE_FLOAT) {
        memcpy(p, &(float){ (float)v.f }, sizeof(float));
    } else {
        element_store_number(types->compute, p, v);
    }
}

bool pointwise_types(const pw_call *call, pw_types *ret)
{
    const row_info *row = &rows[call->row];
    ret->common = call->common != DTYPE_NONE ? call->common : pointwise_common_dtype(call);
    const pw_compute c = pw_compute_of(ret->common);
    ret->compute = ret->tile_result = (dtype)dtype_of_compute[c];
    ret->result = ret->common;
    if (row->traits & OP_TO_BOOL) ret->tile_result = ret->result = DTYPE_bool;
    if (row->traits & OP_TO_REAL) ret->tile_result = dtype_real(ret->compute), ret->result = dtype_real(ret->common);
    ret->tile = pw_tile_find(call->row, c);
    return has_class(row, ret->common);
}

static bool report_class(op_ctx *cx, dtype common)
{
    const char *name = op_name(cx->op), *colons = strstr(name, "::");
    return OP_FAIL(cx, "\"%s_cpu\" not implemented for '%s'", colons ? colons + 2 : name, dtype_prefix(common));
}

bool pointwise_is_alone(const tensor *t)
{
    const storage *s = t->store;
    return atomic_load_explicit(&t->n_refs, memory_order_acquire) == 1 &&
           atomic_load_explicit(&s->n_refs, memory_order_acquire) == 1 && !s->is_borrowed && !s->is_readonly &&
           !s->release && !s->extras && s->n_bytes == (size_t)t->numel * dtype_size(tensor_dtype(t)) && !t->requires_grad &&
           !t->grad_meta && !t->is_wrapped_number && !t->is_inference;
}

/* The first tensor of the call if all are contiguous, of its sizes and of type d, and `into` fits; else NULL. */
static const tensor *find_common_window(const pw_call *call, int n_operands, dtype d, dtype result)
{
    const tensor *first = NULL;
    for (int k = 0; k < n_operands; k++) {
        if (call->operands[k].tag != VALUE_TENSOR) continue;
        const tensor *t = call->operands[k].t;
        if (t == first) continue;
        if (tensor_dtype(t) != d || t->store->dev.kind != DEVICE_CPU || !tensor_is_contiguous(t)) return NULL;
        if (first && !tensor_same_sizes(t, first)) return NULL;
        if (call->into && t != call->into && t->store == call->into->store) return NULL; // may overlap
        if (!first) first = t;
    }
    if (call->into && call->into != first &&
        (!first || call->into->store->dev.kind != DEVICE_CPU || !tensor_same_sizes(call->into, first) ||
         !tensor_is_contiguous(call->into)))
        return NULL;
    return !call->into || tensor_dtype(call->into) == result ? first : NULL;
}

static tensor *result_like(op_ctx *cx, const pw_call *call, const tensor *first, dtype result)
{
    if (call->into) return tensor_ref(call->into);
    tensor *t = call->reuse;
    if (t && tensor_dtype(t) == result && (t == first || tensor_same_sizes(t, first)) && pointwise_is_alone(t))
        return t; // with the caller's reference
    return make_tensor(cx, result, first->sizes, first->n_dims);
}

/* At most PW_VECTOR elements: one vector of each operand, no program. */
static void run_few(const pw_call *call, int n_operands, pw_tile tile, dtype compute, int64_t n, tensor *out)
{
    _Alignas(64) char vectors[PW_MAX_OPERANDS + 1][PW_VECTOR * 16];
    const void *in[PW_MAX_OPERANDS];
    const size_t bytes = dtype_size(compute), padded = PW_VECTOR * bytes;
    for (int k = 0; k < n_operands; k++) {
        const jit_value v = call->operands[k];
        in[k] = vectors[k];
        if (v.tag == VALUE_TENSOR) {
            if (padded <= 64) memset(vectors[k], 0, 64);
            else memset(vectors[k], 0, padded);
            tiles_copy_few(vectors[k], tensor_data(v.t), (size_t)n * bytes);
        } else {
            if (compute == DTYPE_float32 && v.tag == VALUE_FLOAT) memcpy(vectors[k], &(float){ (float)v.f }, sizeof(float));
            else element_store_number(compute, vectors[k], v);
            tiles_repeat(vectors[k], bytes, PW_VECTOR);
        }
    }
    tile(PW_VECTOR, in, vectors[PW_MAX_OPERANDS]);
    tiles_copy_few(tensor_data(out), vectors[PW_MAX_OPERANDS], (size_t)n * dtype_size(tensor_dtype(out)));
}

/* No conversion and no broadcasting but of numbers: a tile program of one step, without an iterator. False: not
 * such a call; *ret is NULL after true when memory ran out. */
static bool run_plain(op_ctx *cx, const pw_call *call, const pw_types *types, tensor **ret)
{
    const int n_operands = rows[call->row].n_operands;
    const tensor *first = find_common_window(call, n_operands, types->compute, types->result);
    if (!first) return false;
    tensor *out = *ret = result_like(cx, call, first, types->result);
    if (!out) return true;
    if (first->numel <= PW_VECTOR) {
        run_few(call, n_operands, types->tile, types->compute, first->numel, out);
        return true;
    }
    enum { FINISHED = 256 }; // elements for which that is worth its while
    tile_program p;
    char number[16], *data[PW_MAX_OPERANDS + 1];
    tiles_init(&p, first->numel, 1, dtype_size(types->compute));
    tile_step *step = tiles_add_step(&p, TILE_POINTWISE, tiles_add_output(&p, types->result, false));
    data[step->out] = tensor_data(out);
    step->run = types->tile;
    step->row = call->row;
    step->compute = (uint8_t)pw_compute_of(types->compute);
    step->n_in = (uint8_t)n_operands;
    for (int k = 0; k < n_operands; k++) {
        if (call->operands[k].tag == VALUE_TENSOR) {
            step->in[k] = (uint8_t)tiles_add_input(&p, types->compute);
            data[step->in[k]] = tensor_data(call->operands[k].t);
        } else {
            pointwise_store_number(call->row, call->operands[k], types, number);
            step->in[k] = (uint8_t)tiles_add_number(&p, types->compute, number);
        }
    }
    if (first->numel >= FINISHED) tiles_finish(&p);
    return tiles_run(&p, data); // few buffers: no memory is asked for
}

/* An out= operand that is read too keeps its sizes, as in place. */
static bool may_resize(const pw_call *call)
{
    bool is_read = false;
    for (int k = 0; k < rows[call->row].n_operands; k++)
        is_read |= call->operands[k].tag == VALUE_TENSOR && call->operands[k].t == call->into;
    return call->is_out && !is_read;
}

/* Does memory of the large t run along another dimension than that of `like`, so that each of its elements in the order of
 * `like` comes from another cache line? */
static bool lies_across(const tensor *t, const tensor *like)
{
    enum { LARGE = 1 << 16, CACHE_LINE = 64 };
    if (t->numel < LARGE || t == like || !tensor_same_sizes(t, like) || !tensor_is_dense(t) || !tensor_is_dense(like)) return false;
    for (int i = 0; i < t->n_dims; i++)
        if (like->strides[i] == 1 && t->sizes[i] > 1) return t->strides[i] * (int64_t)dtype_size(tensor_dtype(t)) >= CACHE_LINE;
    return false;
}

/* t, or what lies across turned into the order of `like` by the blocks of copy.c; a reference. What shares the storage
 * written to stays, for it is checked. */
static tensor *turn_operand(op_ctx *cx, const pw_call *call, tensor *t, const tensor *like)
{
    if (!lies_across(t, like) || (call->into && call->into->store == t->store)) return tensor_ref(t);
    tensor *turned = make_tensor_strided(cx, tensor_dtype(t), t->sizes, like->strides, t->n_dims);
    if (turned && tensor_copy_into(cx, turned, t)) return turned;
    tensor_unref(turned);
    return NULL;
}

bool pointwise_run(op_ctx *cx, const pw_call *call, tensor **ret)
{
    const row_info *row = &rows[call->row];
    pw_types types;
    if (!pointwise_types(call, &types)) return report_class(cx, types.common);
    if (call->into && !(row->traits & OP_TO_BOOL) && !check_can_cast(cx, types.result, tensor_dtype(call->into)))
        return false;
    if (types.common == types.compute && run_plain(cx, call, &types, ret)) return *ret != NULL;
    tensor *turned[PW_MAX_OPERANDS] = { NULL };
    const tensor *like = call->into;
    bool ok = true;
    char numbers[PW_MAX_OPERANDS][16];
    tile_task task;
    task.tile = types.tile;
    task.n_operands = row->n_operands + 1;
    iter it;
    iter_init(&it, cx);
    it.may_resize = may_resize(call);
    iter_add_output(&it, call->into, types.result);
    set_operand(&task, 0, call->into ? tensor_dtype(call->into) : types.result, types.tile_result);
    for (int k = 0; k < row->n_operands; k++) {
        const jit_value v = call->operands[k];
        if (v.tag == VALUE_TENSOR) {
            if (!like) like = v.t;
            turned[k] = turn_operand(cx, call, v.t, like);
            ok = ok && turned[k];
            iter_add_input(&it, turned[k]);
            set_operand(&task, k + 1, tensor_dtype(v.t), types.compute);
        } else {
            pointwise_store_number(call->row, v, &types, numbers[k]);
            iter_add_number(&it, numbers[k], types.compute);
            set_operand(&task, k + 1, types.compute, types.compute);
        }
    }
    ok = ok && iter_build(&it);
    if (ok) {
        iter_run(&it, ITER_GRAIN, tile_loop, &task);
        *ret = iter_take_output(&it, 0);
    }
    for (int k = 0; k < row->n_operands; k++) tensor_unref(turned[k]);
    return ok;
}

bool pointwise_may_store(pw_row row, dtype result, dtype into)
{
    return rows[row].traits & OP_TO_BOOL || dtype_can_cast(result, into);
}

bool pointwise_begin_into(op_ctx *cx, const jit_value *args, tensor *into, bool is_out, pw_call *call)
{
    const row_info *row = &rows[row_of_op[cx->op]];
    call->row = (pw_row)row_of_op[cx->op];
    call->common = DTYPE_NONE;
    call->into = into;
    call->is_out = is_out;
    call->owned = call->reuse = NULL;
    for (int k = 0; k < row->n_operands; k++) { // member by member: a wide load of fresh narrow stores stalls
        call->operands[k].tag = args[k].tag;
        call->operands[k].i = args[k].i;
    }
    return !(row->traits & OP_PREPARED) || pointwise_prepare(cx, args, call);
}

bool pointwise_begin(op_ctx *cx, const jit_value *args, pw_call *call)
{
    return pointwise_begin_into(cx, args, NULL, false, call);
}

dtype pointwise_result_dtype(op_ctx *cx, const jit_value *args)
{
    pw_call call;
    const bool ok = pointwise_begin(cx, args, &call);
    tensor_unref(call.owned);
    if (!ok) return DTYPE_NONE;
    pw_types types;
    (void)pointwise_types(&call, &types);
    return types.result;
}

bool pointwise_divides(op_id op)
{
    switch (op) {
    case OP_aten_div_Tensor_mode: case OP_aten_div_Scalar_mode: case OP_aten_floor_divide: case OP_aten_floor_divide_Scalar:
    case OP_aten_remainder_Tensor: case OP_aten_remainder_Scalar: case OP_aten_fmod_Tensor: case OP_aten_fmod_Scalar:
        return true;
    default: return false;
    }
}

bool pointwise_needs_no_data(op_id op)
{
    return op_kernel_find(op, DEVICE_CPU) == pointwise_call && op != OP_aten_prelu && op != OP_aten_polar &&
           op != OP_aten_complex && op != OP_aten_remainder_Scalar_Tensor;
}

int pointwise_n_operands(pw_row row)
{
    return rows[row].n_operands;
}

bool pointwise_call(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *result;
    pw_call call;
    bool ok = pointwise_begin(cx, args, &call);
    uint32_t reused = 0;
    for (uint32_t k = 0; cx->dying >> k && !reused; k++)
        if (cx->dying >> k & 1 && args[k].tag == VALUE_TENSOR) reused = UINT32_C(1) << k, call.reuse = args[k].t;
    ok = ok && pointwise_run(cx, &call, &result);
    tensor_unref(call.owned);
    if (!ok) return false;
    if (result == call.reuse) cx->dying &= ~reused;
    rets[0] = RET_TENSOR(result);
    return true;
}

bool pointwise_call_into(op_ctx *cx, const jit_value *args, tensor *into, bool is_out)
{
    tensor *result;
    pw_call call;
    bool ok = pointwise_begin_into(cx, args, into, is_out, &call) && pointwise_run(cx, &call, &result);
    tensor_unref(call.owned);
    if (ok) tensor_unref(result);
    return ok;
}
