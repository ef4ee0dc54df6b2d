/* Running groups of operators as tile programs; see fused.h.
 *
 * fused_bind.c says what the steps are for the tensors at hand; here they become a program: each operand a slot of the
 * type and width its step works on, each value that is read later a tensor, the others buffers, used again as
 * soon as nobody reads them any more. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/fused_make.h"
#include "runtime/kernels/nn.h"
#include "runtime/kernels/reduce.h"

#include "base/alloc.h"

#include <stdatomic.h>
#include <string.h>

enum { MAX_BUFFERS_MASK = (1 << TILES_MAX_BUFFERS) - 1 };

static _Atomic int mode_now = FUSED_WHERE_IT_PAYS;

void fused_set_mode(fused_mode mode)
{
    atomic_store_explicit(&mode_now, (int)mode, memory_order_relaxed);
}

static fused_kind kind_of(op_id op)
{
    if (op == OP_aten_batch_norm) return FUSED_BATCH_NORM;
    if (op == OP_aten_to_dtype) return FUSED_CONVERT;
    if (op == OP_aten_sum || op == OP_aten_mean || loss_has_row(op)) return FUSED_TOTAL;
    return rows_take(op) ? FUSED_ROWS : FUSED_POINTWISE;
}

bool fused_pays_alone(op_id op)
{
    return loss_has_row(op);
}

/* What a run costs beyond its operators (measured, in elements): little for each of many, and the constants of batch norms. */
static uint32_t fewest_elements(const fused_group *g, int first)
{
    enum { MANY = 6, FOR_MANY = PW_VECTOR + 1, FOR_FEW = 112, FOR_BATCH_NORM = 16384 };
    for (int k = first; k < g->n_steps; k++)
        if (g->steps[k].kind == FUSED_BATCH_NORM) return FOR_BATCH_NORM;
    return g->n_steps - first >= MANY ? FOR_MANY : FOR_FEW;
}

/* The same with a program that is kept: two operators on one vector are as fast alone. */
static uint32_t fewest_elements_kept(const fused_group *g, int first)
{
    for (int k = first; k < g->n_steps; k++)
        if (g->steps[k].kind != FUSED_POINTWISE && g->steps[k].kind != FUSED_CONVERT) return g->steps[first].fewest;
    return g->n_steps - first > 2 ? 1 : PW_VECTOR + 1;
}

/* The input or step that made the tensor which `from` names. */
static int made_by(const fused_group *g, int from)
{
    while (from < 0 && g->steps[-1 - from].is_in_place) from = g->steps[-1 - from].args[0];
    return from;
}

/* Who wrote in place to what step k reads: one of the steps before it. */
static void find_writers(fused_group *g, int k)
{
    fused_step *step = &g->steps[k];
    for (int i = 0; i < step->n_args; i++) {
        const int from = made_by(g, step->args[i]);
        step->writers[i] = -1;
        for (int w = 0; g->has_in_place && w < k; w++)
            if (g->steps[w].is_in_place && made_by(g, -1 - w) == from) step->writers[i] = (int8_t)w;
    }
}

void fused_finish(fused_group *g)
{
    g->has_in_place = false;
    for (int i = 0; i < g->n_steps; i++) {
        fused_step *step = &g->steps[i];
        step->kind = (uint8_t)kind_of((op_id)step->op);
        step->is_in_place = fused_writes((op_id)step->op);
        g->has_in_place |= step->is_in_place;
        step->last_reader = step->last_use = -1;
        step->last_reads = 0;
        find_writers(g, i);
        for (int k = 0; k < step->n_args; k++) {
            if (step->args[k] < 0) g->steps[-1 - step->args[k]].last_use = (int8_t)i;
            if (step->writers[k] >= 0) g->steps[step->writers[k]].last_reader = (int8_t)i;
            else if (step->args[k] < 0) g->steps[-1 - step->args[k]].last_reader = (int8_t)i;
        }
    }
    for (int i = 0; i < g->n_steps; i++)
        if (g->steps[i].last_reader >= 0) g->steps[g->steps[i].last_reader].last_reads |= UINT32_C(1) << i;
    for (int i = 0; i < g->n_steps; i++) {
        g->steps[i].fewest = fewest_elements(g, i);
        g->steps[i].fewest_kept = fewest_elements_kept(g, i);
    }
}

/* ---- buffers --------------------------------------------------------------------------------------- */
/* A temporary slot; *ret_buffer: the bit of its buffer. */
static int add_temporary(fusion *f, dtype d, fused_width width, uint32_t *ret_buffer)
{
    const uint32_t unused = ~f->used_buffers & MAX_BUFFERS_MASK;
    if (!unused) return -1;
    const int buffer = __builtin_ctz(unused);
    *ret_buffer = UINT32_C(1) << buffer;
    f->used_buffers |= *ret_buffer;
    return tiles_add_temporary(&f->program, d, buffer, width != FUSED_WIDE);
}

/* One that only the step being added needs. */
static int add_scratch(fusion *f, dtype d, fused_width width)
{
    uint32_t buffer = 0;
    const int slot = add_temporary(f, d, width, &buffer);
    f->scratch |= buffer;
    return slot;
}

/* Gives back the buffers of values that step k is the last one to read. */
static void release_operands(fusion *f, int k)
{
    for (uint32_t rest = f->b.group->steps[k].last_reads >> f->b.first << f->b.first; rest; rest &= rest - 1) {
        const int i = __builtin_ctz(rest);
        const tile_slot *slot = &f->program.slots[f->slots[i]];
        if (slot->kind == TILE_TEMPORARY) f->used_buffers &= ~(UINT32_C(1) << slot->index);
    }
}

/* ---- operands -------------------------------------------------------------------------------------- */
static int add_cast(fusion *f, int from, dtype own, dtype to, fused_width width)
{
    const int out = add_scratch(f, to, width);
    tile_step *step = tiles_add_step(&f->program, TILE_CAST, out);
    if (!step) return -1;
    step->cast = cast_find(own, to);
    step->in[step->n_in++] = (uint8_t)from;
    return out;
}

static int add_expand(fusion *f, int from, dtype d)
{
    const int out = add_scratch(f, d, FUSED_WIDE);
    tile_step *step = tiles_add_step(&f->program, TILE_EXPAND, out);
    if (!step) return -1;
    step->in[step->n_in++] = (uint8_t)from;
    return out;
}

/* The value of an earlier step as type d of the given width. */
static int inner_operand(fusion *f, int step, dtype d, fused_width width)
{
    const fused_bound *s = &f->b.steps[step];
    int slot = f->slots[step];
    if (s->types.result != d) slot = add_cast(f, slot, s->types.result, d, s->width);
    if (slot >= 0 && width == FUSED_WIDE && s->width != FUSED_WIDE) slot = add_expand(f, slot, d);
    return slot;
}

/* t, which is broadcast, as a slot of its own. */
static int add_spread(fusion *f, const tensor *t, dtype d, fused_width width)
{
    const fused_space *space = &f->b.space;
    if (!space->is_permuted)
        return tiles_add_spread(&f->program, t, d, fused_sizes(space, width), fused_n_dims(space, width), width != FUSED_WIDE);
    tensor walked;
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
    const int lead = space->n_dims - t->n_dims;
    for (int k = 0; k < space->n_dims; k++) {
        const int i = space->order[k] - lead;
        sizes[k] = i < 0 ? 1 : t->sizes[i];
        strides[k] = i < 0 ? 0 : t->strides[i];
    }
    memcpy(&walked, t, offsetof(tensor, dims));
    walked.n_dims = (uint8_t)space->n_dims;
    walked.sizes = sizes;
    walked.strides = strides;
    return tiles_add_spread(&f->program, &walked, d, space->walked_sizes, space->n_dims, false);
}

static int outer_operand(fusion *f, const tensor *t, dtype d, fused_width width)
{
    if (t->n_dims == 0) {
        char element[16];
        cast_find(tensor_dtype(t), d)(1, tensor_data(t), 0, element, 0);
        return tiles_add_number(&f->program, d, element);
    }
    for (int i = 0; i < f->n_outside; i++)
        if (f->outsiders[i].t == t && f->outsiders[i].d == d && f->outsiders[i].width == width) return f->outsiders[i].slot;
    if (f->n_outside == FUSED_MAX_OUTSIDE) return -1;
    const bool is_direct = width == FUSED_WIDE && tensor_dtype(t) == d && fused_lies_flat(&f->b.space, t);
    const int slot = is_direct ? tiles_add_input(&f->program, d) : add_spread(f, t, d, width);
    if (slot >= 0) f->slot_tensors[slot] = t;
    f->outsiders[f->n_outside++] = (fused_outside){ t, d, width, slot };
    return slot;
}

/* The slot of operand i, of the step's compute type. -1: too many. */
static int operand_slot(fusion *f, const fused_bound *s, int i)
{
    const jit_value v = s->operands[i];
    if (v.tag != VALUE_TENSOR) {
        char element[16];
        pointwise_store_number(s->row, v, &s->types, element);
        return tiles_add_number(&f->program, s->types.compute, element);
    }
    const fused_width width = s->kind == FUSED_ROWS ? FUSED_WIDE : (fused_width)s->width;
    const int step = fused_header_step(&f->b, v.t);
    return step >= 0 ? inner_operand(f, step, s->types.compute, width) : outer_operand(f, v.t, s->types.compute, width);
}

/* ---- results ---------------------------------------------------------------------------------------- */
/* The tensor from outside of which argument i of step k is the last use; NULL: there is none. */
static tensor *dying_tensor(const fusion *f, int k, int i)
{
    const fused_step *step = &f->b.group->steps[k];
    if (!(step->dying >> i & 1) || -1 - step->args[i] >= f->b.first) return NULL; // inner values die by themselves
    const jit_value v = fused_outer(&f->b, k, i);
    return v.tag == VALUE_TENSOR ? v.t : NULL;
}

/* Does nobody look at t after the run? */
static bool dies_unseen(const fusion *f, const tensor *t)
{
    if (!pointwise_is_alone(t)) return false;
    for (int k = f->b.first; k < f->b.end; k++)
        for (int i = 0; f->b.group->steps[k].dying >> i; i++)
            if (dying_tensor(f, k, i) == t) return true;
    return false;
}

static bool is_written(const fusion *f, const tensor *t)
{
    for (int k = f->b.first; k < f->b.end; k++)
        if (f->made[k].t == t) return true;
    return false;
}

/* The memory of an input that nobody needs any more, for the value of the last step; NULL: there is none. A single
 * row has the sizes of a layer norm's weights, which are read in another way: left alone. */
static tensor *find_reusable(const fusion *f, dtype d)
{
    const fused_space *space = &f->b.space;
    if (space->n_inner && space->cols == space->numel) return NULL;
    for (int k = f->b.first; k < f->b.end; k++)
        for (int i = 0; f->b.group->steps[k].dying >> i; i++) {
            tensor *t = dying_tensor(f, k, i);
            if (t && tensor_dtype(t) == d && t->n_dims == space->n_dims && fused_lies_flat(space, t) && pointwise_is_alone(t) &&
                !is_written(f, t))
                return t;
        }
    return NULL;
}

/* Is the value of step k read after the run? */
static bool is_needed(const fusion *f, int k)
{
    const fused_step *step = &f->b.group->steps[k];
    return step->is_result || step->last_use >= f->b.end;
}

/* Which values become tensors, and which step gives them their last content. */
static void find_kept(fusion *f)
{
    for (int k = f->b.first; k < f->b.end; k++) {
        f->made[k] = (fused_object){ 0 };
        fused_object *o = &f->made[f->b.steps[k].object];
        o->last = k;
        o->is_kept |= is_needed(f, k);
    }
    for (int k = f->b.first; f->b.group->has_in_place && k < f->b.end; k++) {
        const tensor *into = f->b.steps[k].into;
        if (into && !f->made[k].is_kept) f->made[k].is_kept = !dies_unseen(f, into);
    }
}

/* The tensor for the value that step k, the last one to write to it, has made. */
static tensor *take_result(fusion *f, int k, tensor *into)
{
    const fused_bound *s = &f->b.steps[k];
    const fused_space *space = &f->b.space;
    const dtype d = s->types.result;
    if (!into && k == f->b.end - 1 && s->width == FUSED_WIDE) into = find_reusable(f, d);
    if (into) return tensor_ref(into);
    if (space->is_permuted) return tensor_new_strided(d, space->sizes, space->strides, space->n_dims, DEVICE_CPU0);
    return tensor_new(d, fused_sizes(space, s->width), fused_n_dims(space, s->width), DEVICE_CPU0);
}

/* Where step k leaves its value: in a tensor if somebody reads it later, or in a buffer. */
static int result_slot(fusion *f, int k)
{
    const fused_bound *s = &f->b.steps[k];
    const dtype d = s->types.result;
    fused_object *made = &f->made[s->object];
    uint32_t buffer;
    if (!made->is_kept || made->last != k) return add_temporary(f, d, s->width, &buffer);
    tensor *t = take_result(f, k, f->b.steps[s->object].into);
    if (!t) return -1;
    made->t = t;
    for (int i = s->object; i <= k; i++)
        if (f->b.steps[i].object == s->object && is_needed(f, i)) f->results[i] = tensor_ref(t);
    tensor_unref(t);
    const int slot = tiles_add_output(&f->program, d, s->width != FUSED_WIDE);
    if (slot >= 0) f->slot_tensors[slot] = t;
    return slot;
}

/* ---- pairs ------------------------------------------------------------------------------------------- */
/* Each pass over a tile reads and writes the first-level cache, which takes longer than simple arithmetic: two operators
 * that often follow each other are one. `at`: which operand of the second one the first makes. */
static bool find_pair(pw_row first, pw_row second, int at, pw_row *ret)
{
    const bool adds = second == PW_ROW_x_add, multiplies = second == PW_ROW_aten_mul_Tensor || second == PW_ROW_aten_mul_Scalar;
    switch ((int)first) {
    case PW_ROW_aten_mul_Tensor: case PW_ROW_aten_mul_Scalar:
        *ret = adds ? PW_ROW_x_mul_add : at == 0 ? PW_ROW_x_mul_sub : PW_ROW_x_mul_rsub;
        return adds || second == PW_ROW_x_sub;
    case PW_ROW_x_add:
        *ret = multiplies ? PW_ROW_x_add_mul : PW_ROW_x_add_relu;
        return multiplies || second == PW_ROW_aten_relu;
    case PW_ROW_x_sub: *ret = PW_ROW_x_sub_mul; return multiplies;
    case PW_ROW_aten_relu: *ret = multiplies ? PW_ROW_x_relu_mul : PW_ROW_x_relu_add; return multiplies || adds;
    default: return false;
    }
}

/* The step before, together with a row on the slots `in`, if that is the only reader of its value. */
static bool join_pair(fusion *f, pw_row row, pw_compute c, const int *in, int n_in, int out)
{
    tile_program *p = &f->program;
    tile_step *before = p->n_steps ? &p->steps[p->n_steps - 1] : NULL;
    pw_row both;
    int at = 0;
    if (!before || before->kind != TILE_POINTWISE || before->out == f->kept || (n_in == 2 && in[0] == in[1])) return false;
    while (at < n_in && in[at] != before->out) at++;
    if (at == n_in || !find_pair(before->row, row, at, &both)) return false;
    const pw_tile tile = pw_tile_find(both, c);
    if (!tile) return false;
    before->run = tile;
    before->row = both;
    before->compute = (uint8_t)c;
    if (n_in == 2) before->in[before->n_in++] = (uint8_t)in[1 - at];
    before->out = (uint8_t)out;
    return true;
}

/* ---- steps ------------------------------------------------------------------------------------------ */
static bool append_pointwise(fusion *f, pw_row row, dtype compute, const int *in, int n_in, int out)
{
    tile_step *step = tiles_add_step(&f->program, TILE_POINTWISE, out);
    if (!step) return false;
    step->compute = (uint8_t)pw_compute_of(compute);
    step->run = pw_tile_find(row, (pw_compute)step->compute);
    step->row = row;
    for (int i = 0; i < n_in; i++) step->in[step->n_in++] = (uint8_t)in[i];
    return true;
}

static bool add_pointwise(fusion *f, pw_row row, dtype compute, const int *in, int n_in, int out)
{
    return join_pair(f, row, pw_compute_of(compute), in, n_in, out) || append_pointwise(f, row, compute, in, n_in, out);
}

/* x * scale + shift, along runs of a channel where there are such, else by operands that are broadcast. */
static bool add_batch_norm(fusion *f, fused_bound *s, int x, int out)
{
    const dtype d = s->types.compute;
    const fused_space *space = &f->b.space;
    int64_t line = 1;
    for (int i = 2; i < space->n_dims; i++) line *= space->sizes[i];
    if (line >= PW_VECTOR && !space->is_permuted) {
        tile_step *step = tiles_add_step(&f->program, TILE_CHANNELS, out);
        if (!step) return false;
        step->in[step->n_in++] = (uint8_t)x;
        s->channels = (tile_channels){ line_kernels_find(d), d, space->sizes[1], line, tensor_data(s->scale), tensor_data(s->shift) };
        step->channels = &s->channels;
        return true;
    }
    const int scale = outer_operand(f, s->scale, d, FUSED_WIDE), shift = outer_operand(f, s->shift, d, FUSED_WIDE);
    const int product = add_scratch(f, d, FUSED_WIDE);
    if (scale < 0 || shift < 0 || product < 0) return false;
    return add_pointwise(f, PW_ROW_aten_mul_Tensor, d, (int[]){ x, scale }, 2, product) &&
           add_pointwise(f, PW_ROW_x_add, d, (int[]){ product, shift }, 2, out);
}

/* The step proper, from its operands to a tile of type tile_result. */
static bool add_work(fusion *f, fused_bound *s, const int *in, int out)
{
    tile_step *step;
    switch (s->kind) {
    case FUSED_POINTWISE: return add_pointwise(f, s->row, s->types.compute, in, s->n_operands, out);
    case FUSED_BATCH_NORM: return add_batch_norm(f, s, in[0], out);
    case FUSED_CONVERT:
        step = tiles_add_step(&f->program, TILE_CAST, out);
        if (step) step->cast = cast_find(s->types.compute, s->types.result);
        break;
    case FUSED_ROWS:
        step = tiles_add_step(&f->program, TILE_ROWS, out);
        if (step) step->rows = &s->rows;
        break;
    default: return false;
    }
    if (step) step->in[step->n_in++] = (uint8_t)in[0];
    return step != NULL;
}

/* ---- totals ----------------------------------------------------------------------------------------- */
static int64_t n_chunks(const fusion *f)
{
    return (f->b.space.numel + REDUCE_CHUNK - 1) / REDUCE_CHUNK;
}

/* The total of slot `from`, as step k's value: a number is added up for each chunk while the program runs. */
static bool add_total(fusion *f, int k, int from)
{
    const dtype d = f->b.steps[k].types.result;
    if (f->n_totals == FUSED_MAX_TOTALS || !(f->results[k] = tensor_new(d, NULL, 0, DEVICE_CPU0))) return false;
    fused_total *total = &f->totals[f->n_totals];
    *total = (fused_total){ k, mem_alloc((size_t)n_chunks(f) * sizeof *total->chunks) };
    if (!total->chunks) return false;
    f->n_totals++;
    tile_step *step = tiles_add_step(&f->program, TILE_TOTAL, from);
    if (!step) return false;
    step->in[step->n_in++] = (uint8_t)from;
    step->total = (tile_total){ fold_get(FOLD_sum_f64), d, total->chunks };
    return true;
}

/* Merges what the chunks gave into the values. */
static void finish_totals(fusion *f)
{
    for (int i = 0; i < f->n_totals; i++) {
        const fused_bound *s = &f->b.steps[f->totals[i].step];
        double *sum = f->totals[i].chunks;
        for (int64_t c = 1; c < n_chunks(f); c++) fold_get(FOLD_sum_f64)->merge(1, sum + c, sum);
        if (s->reduction == FUSED_REDUCE_MEAN) *sum /= (double)f->b.space.numel;
        store_accumulators(f->results[f->totals[i].step], sum, DTYPE_float64);
    }
}

static void drop_totals(fusion *f)
{
    while (f->n_totals) mem_free(f->totals[--f->n_totals].chunks);
}

/* A sum or mean of all elements, or a loss: those of its elements, which may be wanted as they are. */
static bool add_reduced(fusion *f, int k)
{
    const fused_bound *s = &f->b.steps[k];
    const dtype d = s->types.compute;
    int in[PW_MAX_OPERANDS];
    f->scratch = 0;
    f->kept = -1;
    for (int i = 0; i < s->n_operands; i++)
        if ((in[i] = operand_slot(f, s, i)) < 0) return false;
    int from = in[0];
    if (s->n_operands > 1) {
        from = s->reduction ? add_scratch(f, d, FUSED_WIDE) : result_slot(f, k);
        if (from < 0 || !append_pointwise(f, s->row, d, in, s->n_operands, from)) return false;
    }
    if (s->reduction && !add_total(f, k, from)) return false;
    release_operands(f, k);
    f->used_buffers &= ~f->scratch;
    f->slots[k] = from;
    return true;
}

/* Is the value of the step before k needed by others than k, too? */
static bool is_kept(const fusion *f, int k)
{
    return f->program.slots[f->slots[k - 1]].kind == TILE_OUTPUT || f->b.group->steps[k - 1].last_reader != k;
}

static bool add_step(fusion *f, int k)
{
    if (f->b.steps[k].kind == FUSED_TOTAL) return add_reduced(f, k);

    fused_bound *s = &f->b.steps[k];
    const pw_types *types = &s->types;
    int in[PW_MAX_OPERANDS];
    f->scratch = 0;
    f->kept = k > f->b.first && is_kept(f, k) ? f->slots[k - 1] : -1;
    for (int i = 0; i < s->n_operands; i++)
        if ((in[i] = operand_slot(f, s, i)) < 0) return false;
    const bool is_stored_as_is = types->tile_result == types->result;
    // only elements of one size may be written where operands are read
    const bool may_overwrite = s->kind == FUSED_POINTWISE && is_stored_as_is && dtype_size(types->compute) == dtype_size(types->result);
    if (may_overwrite) release_operands(f, k);
    const int out = result_slot(f, k), worked = is_stored_as_is ? out : add_scratch(f, types->tile_result, s->width);
    if (out < 0 || worked < 0 || !add_work(f, s, in, worked)) return false;
    if (!is_stored_as_is) {
        tile_step *store = tiles_add_step(&f->program, TILE_CAST, out);
        if (!store) return false;
        store->cast = cast_find(types->tile_result, types->result);
        store->in[store->n_in++] = (uint8_t)worked;
    }
    if (!may_overwrite) release_operands(f, k);
    f->used_buffers &= ~f->scratch;
    f->slots[k] = out;
    return true;
}

static void drop_results(fusion *f)
{
    for (int k = f->b.first; k < f->b.end; k++) {
        tensor_unref(f->results[k]);
        f->results[k] = NULL;
    }
}

/* As many of the bound steps as a program has room for, at least two where a single one does not pay; f->b.end is set. */
static bool make_program(fusion *f)
{
    const fused_space *space = &f->b.space;
    while (f->b.end - f->b.first >= (fused_pays_alone((op_id)f->b.group->steps[f->b.first].op) ? 1 : 2)) {
        tiles_init(&f->program, space->numel / space->cols, space->cols, dtype_size(space->widest));
        f->n_outside = 0;
        f->used_buffers = 0;
        find_kept(f);
        int k = f->b.first;
        while (k < f->b.end && add_step(f, k)) k++;
        if (k == f->b.end) {
            tiles_finish(&f->program);
            return true;
        }
        drop_results(f);
        drop_totals(f);
        fused_unbind_from(&f->b, k);
    }
    return false;
}

bool fused_pays(const fused_step *step, const jit_value *args)
{
    const fused_mode mode = (fused_mode)atomic_load_explicit(&mode_now, memory_order_relaxed);
    if (mode != FUSED_WHERE_IT_PAYS) return mode == FUSED_ALWAYS;
    for (int i = 0; i < step->n_args; i++)
        if (args[i].tag == VALUE_TENSOR && args[i].t->numel >= step->fewest_kept) return true;
    return false;
}

/* Does the first step of b pay if its program has to be made each time? */
static bool pays_unkept(const fused_binding *b)
{
    const fused_step *step = &b->group->steps[b->first];
    if (atomic_load_explicit(&mode_now, memory_order_relaxed) == FUSED_ALWAYS) return true;
    for (int i = 0; i < step->n_args; i++) {
        const jit_value v = fused_outer(b, b->first, i);
        if (v.tag == VALUE_TENSOR && v.t->numel >= step->fewest) return true;
    }
    return false;
}

static bool run_program(const fusion *f)
{
    char *data[TILES_MAX_SLOTS];
    for (int i = 0; i < f->program.n_slots; i++)
        if (f->program.slots[i].kind <= TILE_SPREAD) data[i] = tensor_data(f->slot_tensors[i]);
    return tiles_run(&f->program, data);
}

int fused_run(op_run *run, const fused_group *g, fused_cache *cache, int first, const jit_value *inputs, const jit_value *values,
              jit_value *results)
{
    fusion f;
    const int n_kept = cache ? fused_cache_run(cache, run, g, first, inputs, values, results) : 0;
    if (n_kept) return n_kept;
    f.b.run = run;
    f.b.group = g;
    f.b.inputs = inputs;
    f.b.values = values;
    f.b.first = first;
    if (cache && fused_cache_is_closed(cache) && !pays_unkept(&f.b)) return 0;
    fused_bind(&f.b);
    f.n_totals = 0;
    memset(f.results, 0, sizeof f.results);
    const bool is_made = make_program(&f);
    if (is_made && run->programs) fused_print(&f, run->programs);
    const bool ok = is_made && run_program(&f);
    if (ok && cache) fused_cache_add(cache, &f);
    if (is_made && !ok) {
        op_ctx cx = { .run = run };
        op_no_memory(&cx);
        drop_results(&f);
    }
    if (ok) finish_totals(&f);
    drop_totals(&f);
    for (int k = first; ok && k < f.b.end; k++) {
        tensor *written = g->steps[k].is_in_place ? f.made[f.b.steps[k].object].t : NULL;
        if (written) tensor_bump_version(written);
        results[k] = f.results[k] ? RET_TENSOR(f.results[k]) : VALUE_NONE_V;
    }
    const int n_run = f.b.end - first;
    fused_unbind_from(&f.b, first);
    return ok ? n_run : is_made ? -1 : 0;
}
