/* Running tile programs; see tiles.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/tiles.h"
#include "runtime/kernels/reduce.h"

#include "base/alloc.h"

#include <stdatomic.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    STREAMED_BYTES = 1 << 25,         /* results from this size on are not expected to stay in any cache */
    ASKED_BYTES = 1 << 20,            /* memory of rows from this size on is asked for ahead */
    STACK_BYTES = 16 * PW_TILE_BYTES, /* buffers up to this size stand on the stack */
    CACHE_LINE = 64,
    WIDEST = 16,                      /* bytes of an element */
};

/* What an element costs, in picoseconds, measured where data stay in the second-level cache: each byte read from memory or
 * written there, and each step. And what a thread has to get so that telling it and waiting for it, 1 to 2 microseconds,
 * pays. */
enum { COST_BYTE = 12, COST_SIMPLE = 30, COST_FUNCTION = 300, COST_ROWS = 500, LEAST_COST = 3000000 };

static int64_t pad(int64_t n)
{
    return (n + PW_VECTOR - 1) & -(int64_t)PW_VECTOR;
}

/* ---- making a program -------------------------------------------------------------------------- */
/* Short rows: as many as make whole vectors and fill a tile. */
static int64_t rows_of_tile(int64_t cols, int64_t tile_n)
{
    int64_t unit = PW_VECTOR; // rows that make whole vectors
    for (int64_t c = cols; unit > 1 && c % 2 == 0; c /= 2) unit /= 2;
    const int64_t rows = tile_n / (unit * cols) * unit;
    return rows ? rows : cols < tile_n ? tile_n / cols : 1;
}

void tiles_init(tile_program *p, int64_t n_rows, int64_t cols, size_t widest)
{
    const int64_t tile_n = PW_TILE_BYTES / (int64_t)widest, rows = cols == 1 ? tile_n : rows_of_tile(cols, tile_n);
    p->n_rows = n_rows;
    p->cols = cols;
    p->tile_rows = rows < n_rows ? rows : n_rows;
    p->tile_bytes = (pad(p->tile_rows * cols) * (int64_t)widest + CACHE_LINE - 1) & -(int64_t)CACHE_LINE;
    p->n_steps = p->n_slots = p->n_memory = p->n_numbers = p->n_spreads = p->n_buffers = 0;
    p->has_totals = false;
    p->cost = 1;
}

static int add_slot(tile_program *p, dtype d, tile_slot slot)
{
    if (p->n_slots == TILES_MAX_SLOTS) return -1;
    slot.type = (uint8_t)d;
    slot.bytes = (uint8_t)dtype_size(d);
    p->slots[p->n_slots] = slot;
    return p->n_slots++;
}

int tiles_add_input(tile_program *p, dtype d)
{
    if (p->n_memory == TILES_MAX_MEMORY) return -1;
    p->n_memory++;
    return add_slot(p, d, (tile_slot){ .kind = TILE_INPUT });
}

int tiles_add_output(tile_program *p, dtype d, bool is_per_row)
{
    if (p->n_memory == TILES_MAX_MEMORY) return -1;
    p->n_memory++;
    return add_slot(p, d, (tile_slot){ .kind = TILE_OUTPUT, .is_per_row = is_per_row });
}

int tiles_add_temporary(tile_program *p, dtype d, int buffer, bool is_per_row)
{
    if (buffer >= TILES_MAX_BUFFERS) return -1;
    if (buffer >= p->n_buffers) p->n_buffers = buffer + 1;
    return add_slot(p, d, (tile_slot){ .kind = TILE_TEMPORARY, .index = (uint8_t)buffer, .is_per_row = is_per_row });
}

int tiles_add_number(tile_program *p, dtype d, const void *element)
{
    const size_t bytes = dtype_size(d);
    for (int k = 0; k < p->n_numbers; k++) {
        const int slot = p->number_slots[k];
        if (p->slots[slot].type == d && !memcmp(p->numbers[k], element, bytes)) return slot;
    }
    if (p->n_numbers == TILES_MAX_NUMBERS) return -1;
    memcpy(p->numbers[p->n_numbers], element, bytes);
    p->number_slots[p->n_numbers] = (uint8_t)p->n_slots;
    return add_slot(p, d, (tile_slot){ .kind = TILE_NUMBER, .index = (uint8_t)p->n_numbers++, .is_repeated = true });
}

/* The dimensions of t broadcast to the given sizes, those merged that memory runs through as through one. */
static bool spread_dims(tile_spread *s, const tensor *t, const int64_t *sizes, int n_dims)
{
    const int64_t bytes = (int64_t)dtype_size(tensor_dtype(t));
    s->n_dims = 0;
    for (int i = 0; i < n_dims; i++) {
        const int own = i - (n_dims - t->n_dims);
        const int64_t stride = own < 0 || t->sizes[own] == 1 ? 0 : t->strides[own] * bytes;
        if (sizes[i] == 1) continue;
        if (s->n_dims && s->strides[s->n_dims - 1] == stride * sizes[i]) {
            s->sizes[s->n_dims - 1] *= sizes[i];
            s->strides[s->n_dims - 1] = stride;
            continue;
        }
        if (s->n_dims == TILES_SPREAD_DIMS) return false;
        s->sizes[s->n_dims] = sizes[i];
        s->strides[s->n_dims++] = stride;
    }
    if (s->n_dims == 0) s->sizes[0] = 1, s->strides[0] = 0, s->n_dims = 1;
    return true;
}

int tiles_add_spread(tile_program *p, const tensor *t, dtype to, const int64_t *sizes, int n_dims, bool is_per_row)
{
    if (p->n_spreads == TILES_MAX_SPREADS) return -1;
    tile_spread *s = &p->spreads[p->n_spreads];
    if (!spread_dims(s, t, sizes, n_dims)) return -1;
    s->is_plain = tensor_dtype(t) == to;
    s->cast = cast_find(tensor_dtype(t), to);
    return add_slot(p, to, (tile_slot){ .kind = TILE_SPREAD, .index = (uint8_t)p->n_spreads++, .is_per_row = is_per_row });
}

tile_step *tiles_add_step(tile_program *p, tile_step_kind kind, int out)
{
    if (p->n_steps == TILES_MAX_STEPS || out < 0) return NULL;
    tile_step *step = &p->steps[p->n_steps++];
    p->has_totals |= kind == TILE_TOTAL;
    step->kind = (uint8_t)kind;
    step->n_in = 0;
    step->out = (uint8_t)out;
    return step;
}

/* ---- operands ------------------------------------------------------------------------------------ */
/* Whole vectors are worked on: what follows n elements is zero, not whatever stood there. */
static void clear_padding(char *p, int64_t n, int64_t bytes)
{
    memset(p + n * bytes, 0, (size_t)((pad(n) - n) * bytes));
}

void tiles_repeat(char *p, size_t bytes, int64_t n)
{
    enum { FIRST = 16 };
    const int64_t first = n < FIRST ? n : FIRST;
    if (bytes == 4) {
        uint32_t x;
        memcpy(&x, p, sizeof x);
        for (int64_t i = 0; i < first; i++) memcpy(p + i * 4, &x, sizeof x);
    } else if (bytes == 8) {
        uint64_t x;
        memcpy(&x, p, sizeof x);
        for (int64_t i = 0; i < first; i++) memcpy(p + i * 8, &x, sizeof x);
    } else {
        for (int64_t i = 1; i < first; i++) memcpy(p + i * (int64_t)bytes, p, bytes);
    }
    for (int64_t done = first, more; done < n; done += more) { // what there is, once more
        more = done < n - done ? done : n - done;
        memcpy(p + done * (int64_t)bytes, p, (size_t)more * bytes);
    }
}

/* m elements that are `stride` bytes apart. */
static void load_run(const tile_slot *slot, const tile_spread *s, int64_t m, const char *from, int64_t stride, char *to)
{
    if (stride == 0) {
        s->cast(1, from, 0, to, slot->bytes);
        tiles_repeat(to, slot->bytes, m);
    } else if (s->is_plain && stride == slot->bytes) {
        memcpy(to, from, (size_t)m * slot->bytes);
    } else {
        s->cast(m, from, stride, to, slot->bytes);
    }
}

/* n elements from index `begin` on, where a step can read whole vectors of them: in memory if they lie there like
 * that, else in `buffer`. */
static char *load_spread(const tile_slot *slot, const tile_spread *s, const char *from, int64_t begin, int64_t n, char *buffer)
{
    int64_t at[TILES_SPREAD_DIMS];
    const int last = s->n_dims - 1;
    for (int i = last; i >= 0; i--) {
        at[i] = begin % s->sizes[i];
        begin /= s->sizes[i];
        from += at[i] * s->strides[i];
    }
    if (s->is_plain && s->strides[last] == slot->bytes && s->sizes[last] - at[last] >= n && n % PW_VECTOR == 0)
        return (char *)from;
    for (int64_t done = 0; done < n;) {
        const int64_t rest = s->sizes[last] - at[last], m = rest < n - done ? rest : n - done;
        load_run(slot, s, m, from, s->strides[last], buffer + done * slot->bytes);
        done += m;
        at[last] += m;
        from += m * s->strides[last];
        for (int i = last; i > 0 && at[i] == s->sizes[i]; i--) { // the next run
            from += s->strides[i - 1] - at[i] * s->strides[i];
            at[i] = 0;
            at[i - 1]++;
        }
    }
    clear_padding(buffer, n, slot->bytes);
    return buffer;
}

/* Elements after which the operand repeats; 0: it does not. */
static int64_t period_of(const tile_spread *s)
{
    return s->n_dims == 2 && s->strides[0] == 0 ? s->sizes[1] : 0;
}

static int64_t cost_of(const tile_step *step, bool is_simple)
{
    if (step->kind == TILE_ROWS) return COST_ROWS;
    return step->kind == TILE_POINTWISE && !is_simple ? COST_FUNCTION : COST_SIMPLE;
}

/* Simple steps have kernels that take numbers as such; else a number is a tile of equal elements. */
static void choose_kernels(tile_program *p)
{
    for (int i = 0; i < p->n_numbers; i++) p->slots[p->number_slots[i]].is_repeated = false;
    for (int k = 0; k < p->n_steps; k++) {
        tile_step *step = &p->steps[k];
        unsigned numbers = 0;
        for (int i = 0; i < step->n_in; i++) numbers |= (unsigned)(p->slots[step->in[i]].kind == TILE_NUMBER) << i;
        const pw_tile tile = step->kind == TILE_POINTWISE ? pw_tile_find_simple(step->row, (pw_compute)step->compute, numbers) : NULL;
        if (tile) step->run = tile;
        p->cost += cost_of(step, tile != NULL);
        for (int i = 0; i < step->n_in && !tile; i++) p->slots[step->in[i]].is_repeated = true;
    }
}

/* Tiles of a length that suits one operand that repeats are all the same for it: it is loaded once for all of them. Totals
 * have tiles of their own length. */
static void choose_tiles(tile_program *p)
{
    for (int k = 0; p->cols == 1 && !p->has_totals && k < p->n_spreads; k++) {
        int64_t unit = period_of(&p->spreads[k]); // made a whole number of vectors
        if (unit == 0) continue;
        for (int64_t c = unit, rest = PW_VECTOR; rest > 1; rest /= 2)
            if (c % 2) unit *= 2;
            else c /= 2;
        if (unit > p->tile_rows) continue;
        p->tile_rows -= p->tile_rows % unit;
        return;
    }
}

/* What the memory costs that elements pass through; single values a row do not count. */
static void add_memory_cost(tile_program *p)
{
    for (int k = 0; k < p->n_slots; k++)
        if (p->slots[k].kind <= TILE_SPREAD && !p->slots[k].is_per_row) p->cost += COST_BYTE * p->slots[k].bytes;
}

void tiles_finish(tile_program *p)
{
    add_memory_cost(p);
    choose_tiles(p);
    choose_kernels(p);
}

/* ---- running --------------------------------------------------------------------------------------- */
/* A thread at work: its buffers, and where each slot's part of the tile stands. */
typedef struct worker {
    const tile_program *p;
    char *const *data;
    char *temporaries, *spreads, *numbers, *pads;
    int64_t pad_bytes;
    char *at[TILES_MAX_SLOTS];
    bool streams;                      /* some results go around the caches */
    bool asks;                         /* for memory ahead, */
    bool asks_between;                 /* steps, since no step does */
    bool is_loaded[TILES_MAX_SPREADS]; /* with what every whole tile of this thread needs */
} worker;

static void expand(const worker *w, const tile_step *step, int64_t n_rows)
{
    const int64_t cols = w->p->cols, bytes = w->p->slots[step->out].bytes;
    const char *from = w->at[step->in[0]];
    char *to = w->at[step->out];
    for (int64_t r = 0; r < n_rows; r++) {
        memcpy(to + r * cols * bytes, from + r * bytes, (size_t)bytes);
        tiles_repeat(to + r * cols * bytes, (size_t)bytes, cols);
    }
}

/* n elements from index `begin` on. */
static void map_channels(const tile_channels *t, int64_t begin, int64_t n, const char *x, char *y)
{
    const int64_t bytes = (int64_t)dtype_size(t->d);
    for (int64_t done = 0; done < n;) {
        const int64_t c = (begin + done) / t->line % t->n, rest = t->line - (begin + done) % t->line;
        const int64_t m = rest < n - done ? rest : n - done;
        const double scale = element_load_double(t->d, (const char *)t->scales + c * bytes);
        const double shift = element_load_double(t->d, (const char *)t->shifts + c * bytes);
        t->kernels->map(m, x + done * bytes, scale, shift, y + done * bytes);
        done += m;
    }
}

/* Tiles do not cross chunks, and lines of a fold do not cross tiles: sizes of all of them are powers of two. */
static void add_to_total(const tile_total *t, int64_t begin, int64_t n, const void *x)
{
    double *acc = &t->chunks[begin / REDUCE_CHUNK];
    if (begin % REDUCE_CHUNK == 0) t->fold->init(1, acc);
    fold_elements(t->fold, t->d, n, x, 0, acc);
}

/* What the next tile, from `row` on, reads and writes. */
static void find_ahead(const worker *w, int64_t row, row_ahead *ret)
{
    const tile_program *p = w->p;
    for (int i = 0; i < p->n_slots && ret->n < ROWS_MAX_AHEAD; i++) {
        const tile_slot *slot = &p->slots[i];
        if (slot->kind > TILE_OUTPUT || slot->is_per_row || (w->streams && slot->kind == TILE_OUTPUT)) continue;
        ret->areas[ret->n].at = w->data[i] + row * p->cols * slot->bytes;
        ret->areas[ret->n++].bytes = slot->bytes;
    }
}

/* All steps on a tile of n_rows rows from `row` on. */
static void run_steps(const worker *w, int64_t row, int64_t n_rows)
{
    const tile_program *p = w->p;
    const int64_t n = pad(n_rows * p->cols), n_values = pad(n_rows);
    row_ahead ahead;
    ahead.n = 0;
    if (w->asks) find_ahead(w, row + n_rows, &ahead);
    for (int k = 0; k < p->n_steps; k++) {
        const tile_step *step = &p->steps[k];
        const tile_slot *out = &p->slots[step->out];
        const int64_t m = out->is_per_row ? n_values : n;
        const void *in[PW_MAX_OPERANDS];
        for (int i = 0; i < step->n_in; i++) in[i] = w->at[step->in[i]];
        if (w->asks_between) rows_ask(&ahead, n_rows * p->cols * k / p->n_steps, n_rows * p->cols / p->n_steps + PW_VECTOR);
        switch ((tile_step_kind)step->kind) {
        case TILE_POINTWISE: step->run(m, in, w->at[step->out]); break;
        case TILE_CAST: step->cast(m, in[0], p->slots[step->in[0]].bytes, w->at[step->out], out->bytes); break;
        case TILE_ROWS:
            step->rows->run(step->rows, n_rows, p->cols, in[0], w->at[step->out], &ahead);
            clear_padding(w->at[step->out], out->is_per_row ? n_rows : n_rows * p->cols, out->bytes);
            break;
        case TILE_EXPAND:
            expand(w, step, n_rows);
            clear_padding(w->at[step->out], n_rows * p->cols, out->bytes);
            break;
        case TILE_CHANNELS:
            map_channels(step->channels, row * p->cols, n_rows * p->cols, in[0], w->at[step->out]);
            clear_padding(w->at[step->out], n_rows * p->cols, out->bytes);
            break;
        case TILE_TOTAL: add_to_total(&step->total, row, n_rows, in[0]); break;
        }
    }
}

/* A tile that is no whole number of vectors, or values per row: memory is not touched beyond its part. */
static void run_padded(worker *w, int64_t row, int64_t n_rows)
{
    const tile_program *p = w->p;
    int n_pads = 0;
    const int64_t whole = n_rows * p->cols;
    for (int k = 0; k < p->n_slots; k++) {
        const tile_slot *slot = &p->slots[k];
        if (slot->kind > TILE_OUTPUT || (whole % PW_VECTOR == 0 && !slot->is_per_row)) continue;
        w->at[k] = w->pads + w->pad_bytes * n_pads++;
        if (slot->kind == TILE_OUTPUT) continue;
        const int64_t bytes = slot->bytes;
        memcpy(w->at[k], w->data[k] + row * p->cols * bytes, (size_t)(whole * bytes));
        clear_padding(w->at[k], whole, bytes);
    }
    run_steps(w, row, n_rows);
    for (int k = 0; k < p->n_slots; k++) {
        const tile_slot *slot = &p->slots[k];
        if (slot->kind != TILE_OUTPUT || (whole % PW_VECTOR == 0 && !slot->is_per_row)) continue;
        const int64_t width = slot->is_per_row ? 1 : p->cols;
        tiles_copy_few(w->data[k] + row * width * slot->bytes, w->at[k], (size_t)(n_rows * width * slot->bytes));
    }
}

/* Brings n elements of spread slot k, from index `begin` on, where steps find them. */
static void load_operand(worker *w, int k, int64_t begin, int64_t n)
{
    const tile_slot *slot = &w->p->slots[k];
    const tile_spread *s = &w->p->spreads[slot->index];
    if (w->is_loaded[slot->index]) return;
    w->at[k] = load_spread(slot, s, w->data[k], begin, n, w->spreads + w->p->tile_bytes * slot->index);
    const int64_t period = period_of(s);
    w->is_loaded[slot->index] = period && n == w->p->tile_rows && w->p->cols == 1 && n % period == 0;
}

static bool is_streamed(const tile_program *p, const tile_slot *slot)
{
    return slot->kind == TILE_OUTPUT && !slot->is_per_row && p->n_rows * p->cols * slot->bytes >= STREAMED_BYTES;
}

/* Past the caches: writing through them reads the memory first. */
static void stream_bytes(char *to, const char *from, int64_t n_bytes)
{
#ifdef __SSE2__
    if ((uintptr_t)to % sizeof(__m128i) == 0 && n_bytes % (int64_t)sizeof(__m128i) == 0) {
        for (int64_t i = 0; i < n_bytes / (int64_t)sizeof(__m128i); i++)
            _mm_stream_si128((__m128i *)to + i, _mm_load_si128((const __m128i *)from + i));
        return;
    }
#endif
    memcpy(to, from, (size_t)n_bytes);
}

/* A whole tile whose large results are made in buffers. */
static void run_streamed(worker *w, int64_t row, int64_t n_rows)
{
    const tile_program *p = w->p;
    char *memory[TILES_MAX_MEMORY];
    int n = 0;
    for (int k = 0; k < p->n_slots; k++) {
        if (!is_streamed(p, &p->slots[k])) continue;
        memory[n] = w->at[k];
        w->at[k] = w->pads + w->pad_bytes * n++;
    }
    run_steps(w, row, n_rows);
    n = 0;
    for (int k = 0; k < p->n_slots; k++)
        if (is_streamed(p, &p->slots[k])) stream_bytes(memory[n++], w->at[k], n_rows * p->cols * p->slots[k].bytes);
}

static void run_tile(worker *w, int64_t row, int64_t n_rows)
{
    const tile_program *p = w->p;
    bool is_whole = n_rows * p->cols % PW_VECTOR == 0;
    for (int k = 0; k < p->n_slots; k++) {
        const tile_slot *slot = &p->slots[k];
        const int64_t width = slot->is_per_row ? 1 : p->cols;
        if (slot->kind <= TILE_OUTPUT) w->at[k] = w->data[k] + row * width * slot->bytes;
        if (slot->kind == TILE_SPREAD) load_operand(w, k, row * width, n_rows * width);
        is_whole &= slot->kind != TILE_OUTPUT || !slot->is_per_row;
    }
    if (is_whole && w->streams) run_streamed(w, row, n_rows);
    else if (is_whole) run_steps(w, row, n_rows);
    else run_padded(w, row, n_rows);
}

static void run_tiles(worker *w, int64_t begin, int64_t end)
{
    const tile_program *p = w->p;
    memset(w->is_loaded, 0, sizeof w->is_loaded);
    for (int k = 0; k < p->n_slots; k++) {
        const tile_slot *slot = &p->slots[k];
        if (slot->kind == TILE_TEMPORARY) w->at[k] = w->temporaries + p->tile_bytes * slot->index;
        if (slot->kind != TILE_NUMBER) continue;
        w->at[k] = w->numbers + p->tile_bytes * slot->index;
        memcpy(w->at[k], p->numbers[slot->index], slot->bytes);
        if (slot->is_repeated) tiles_repeat(w->at[k], slot->bytes, pad(p->tile_rows * p->cols));
    }
    int64_t whole_end = end; // of elements on their own: whole vectors first, so that few are copied
    if (p->cols == 1 && !p->has_totals) whole_end = begin + ((end - begin) & -(int64_t)PW_VECTOR);
    for (int64_t row = begin; row < whole_end; row += p->tile_rows)
        run_tile(w, row, whole_end - row < p->tile_rows ? whole_end - row : p->tile_rows);
    memset(w->is_loaded, 0, sizeof w->is_loaded); // the rest begins anywhere
    if (whole_end < end) run_tile(w, whole_end, end - whole_end);
}

/* One run of a program, on several threads. */
typedef struct tile_run {
    const tile_program *p;
    char *const *data;
    _Atomic bool failed;               /* a thread had no memory for its buffers */
} tile_run;

static void run_range(void *ctx, int64_t begin, int64_t end)
{
    tile_run *run = ctx;
    const tile_program *p = run->p;
    _Alignas(CACHE_LINE) char on_stack[STACK_BYTES];
    worker w;
    w.p = p;
    w.data = run->data;
    w.streams = false;
    w.asks_between = w.asks = p->cols > 1 && p->n_rows * p->cols * p->n_memory >= ASKED_BYTES / 4;
    for (int k = 0; w.asks && k < p->n_steps; k++) w.asks_between &= p->steps[k].kind != TILE_ROWS || !p->steps[k].rows->asks;
    for (int k = 0; p->n_rows * p->cols >= STREAMED_BYTES / WIDEST && k < p->n_slots; k++) w.streams |= is_streamed(p, &p->slots[k]);
    w.pad_bytes = p->cols == 1 && !p->has_totals && !w.streams ? PW_VECTOR * WIDEST : p->tile_bytes;
    const int64_t n_bytes = p->tile_bytes * (p->n_buffers + p->n_spreads + p->n_numbers) + w.pad_bytes * p->n_memory;
    char *block = n_bytes <= STACK_BYTES ? on_stack : mem_alloc((size_t)n_bytes + CACHE_LINE);
    if (!block) {
        run->failed = true;
        return;
    }
    w.temporaries = block + (-(uintptr_t)block & (CACHE_LINE - 1));
    w.spreads = w.temporaries + p->tile_bytes * p->n_buffers;
    w.numbers = w.spreads + p->tile_bytes * p->n_spreads;
    w.pads = w.numbers + p->tile_bytes * p->n_numbers;
    run_tiles(&w, begin, end);
#ifdef __SSE2__
    if (w.streams) _mm_sfence(); // before another thread is told
#endif
    if (block != on_stack) mem_free(block);
}

bool tiles_run(const tile_program *p, char *const *data)
{
    tile_run run = { p, data, false };
    par_split(p->n_rows, p->has_totals ? REDUCE_CHUNK : p->tile_rows, LEAST_COST / (p->cost * p->cols) + 1, run_range, &run);
    return !run.failed;
}
