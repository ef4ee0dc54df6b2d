/* runtime/kernels/tiles.h: tile programs: steps evaluated one after the other on tiles of elements.
 *
 * A program walks rows of `cols` elements, row-major; a tile is some whole rows, few enough that what passes from
 * one step to the next stays in the nearest caches. Where no step looks at rows, a row is one element and a tile
 * any run of them; an operator called alone is a program of one step. Steps are
 *
 *     pointwise   a kernel of pointwise.h on the elements of the tile, or on the one value each row has
 *     cast        the same elements as another type
 *     rows        softmax, layer norm (a row gives a row) and reductions (a row gives one value); rows.h
 *     expand      the one value of each row, repeated along it
 *     channels    x * scale + shift with a pair for each channel, along runs of elements of one channel
 *     total       all elements folded into one number, where rows are single elements
 *
 * so a normalisation between pointwise operators reads its row from memory once. All of them are the kernels
 * that operators run alone, so results do not depend on how operators are grouped. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_TILES_H
#define RUNTIME_KERNELS_TILES_H

#include "runtime/kernels/pointwise.h"
#include "runtime/kernels/rows.h"

enum {
    TILES_MAX_STEPS = 96,
    TILES_MAX_SLOTS = 96,
    TILES_MAX_MEMORY = 24,   /* slots that are inputs or outputs */
    TILES_MAX_NUMBERS = 16,
    TILES_MAX_SPREADS = 12,
    TILES_SPREAD_DIMS = 8,   /* after merging */
    TILES_MAX_BUFFERS = 16,
    TILES_ROW_BYTES = 1 << 17, /* of the widest element type: longer rows do not stay in the second-level cache */
};

/* An operand whose elements do not lie in memory as the program counts them: broadcast, strided or of another
 * type. Its part of a tile is brought into a buffer first. */
typedef struct tile_spread {
    int n_dims;              /* outermost first */
    bool is_plain;           /* no conversion */
    int64_t sizes[TILES_SPREAD_DIMS], strides[TILES_SPREAD_DIMS]; /* bytes */
    cast_fn cast;
} tile_spread;

typedef enum tile_slot_kind { TILE_INPUT, TILE_OUTPUT, TILE_SPREAD, TILE_NUMBER, TILE_TEMPORARY } tile_slot_kind;

/* What a step reads or writes. */
typedef struct tile_slot {
    uint8_t kind;       /* tile_slot_kind */
    uint8_t type;       /* dtype of its elements */
    uint8_t bytes;      /* per element */
    uint8_t index;      /* of the spread, number or temporary among its kind */
    bool is_per_row;    /* one value a row, not a row of them */
    bool is_repeated;   /* number: some step reads a tile of it */
} tile_slot;

typedef enum tile_step_kind { TILE_POINTWISE, TILE_CAST, TILE_ROWS, TILE_EXPAND, TILE_CHANNELS, TILE_TOTAL } tile_step_kind;

/* Eval batch norm: elements are [images, n, line]. */
typedef struct tile_channels {
    const line_kernels *kernels;
    dtype d;
    int64_t n, line;
    const void *scales, *shifts; /* of type d */
} tile_channels;

/* A fold of all elements: one accumulator for each chunk, to be merged in order, as reduce_run() does. */
typedef struct tile_total {
    const struct fold *fold;
    dtype d;                 /* float32 or float64 */
    double *chunks;          /* (n + REDUCE_CHUNK - 1) / REDUCE_CHUNK of them */
} tile_total;

typedef struct tile_step {
    uint8_t kind;       /* tile_step_kind */
    uint8_t n_in, in[PW_MAX_OPERANDS], out;  /* slots */
    uint8_t compute;    /* pointwise: pw_compute */
    pw_row row;         /* pointwise */
    union {
        pw_tile run;
        cast_fn cast;
        const row_kernel *rows;
        const tile_channels *channels;
        tile_total total;
    };
} tile_step;

/** Filled with the functions below after tiles_init. It names no memory of operands and results: that comes with each run. */
typedef struct tile_program {
    int64_t n_rows, cols;
    int64_t tile_rows;       /* rows of a tile */
    int64_t tile_bytes;      /* of a buffer */
    int n_steps, n_slots, n_memory, n_numbers, n_spreads, n_buffers;
    bool has_totals;
    int64_t cost;            /* of an element, in picoseconds */
    tile_step steps[TILES_MAX_STEPS];
    tile_slot slots[TILES_MAX_SLOTS];
    tile_spread spreads[TILES_MAX_SPREADS];
    char numbers[TILES_MAX_NUMBERS][16]; /* one element each */
    uint8_t number_slots[TILES_MAX_NUMBERS];
} tile_program;

/** A program over n_rows rows of `cols` elements of at most `widest` bytes; nothing else is initialised. */
void tiles_init(tile_program *p, int64_t n_rows, int64_t cols, size_t widest);
/** Each gives the new slot, or -1 where there are too many. An output may be the memory of an input if no later
 * step reads that input. */
int tiles_add_input(tile_program *p, dtype d);
int tiles_add_output(tile_program *p, dtype d, bool is_per_row);
int tiles_add_temporary(tile_program *p, dtype d, int buffer, bool is_per_row);
/** `element` has type d. */
int tiles_add_number(tile_program *p, dtype d, const void *element);
/** t, broadcast to the given sizes, as elements of type `to`; they are the program's, or one for each of its rows. */
int tiles_add_spread(tile_program *p, const tensor *t, dtype to, const int64_t *sizes, int n_dims, bool is_per_row);
/** The new step, or NULL where there are too many. */
tile_step *tiles_add_step(tile_program *p, tile_step_kind kind, int out);
/** Once nothing more is added: picks tiles and kernels that suit the operands. Works without, slower. */
void tiles_finish(tile_program *p);
/** data: for each slot that is an input, output or spread its first element; others are not looked at. false: no memory
 * for the buffers; outputs are undefined. */
bool tiles_run(const tile_program *p, char *const *data);

/** n copies of the element at p, which stands at the first place already. */
void tiles_repeat(char *p, size_t bytes, int64_t n);
/** Fewer than PW_VECTOR elements of few bytes. */
static inline void tiles_copy_few(char *to, const char *from, size_t n_bytes)
{
    if (n_bytes == 4)
        __builtin_memcpy(to, from, 4);
    else if (n_bytes == 8)
        __builtin_memcpy(to, from, 8);
    else
        __builtin_memcpy(to, from, n_bytes);
}

#endif
