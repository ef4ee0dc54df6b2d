/* runtime/kernels/tiles.h: tile programs: pointwise rows evaluated one after the other on tiles of elements.
 *
 * All memory a program touches is contiguous and has the same number of elements. A tile is small enough that
 * what passes from one step to the next stays in the first-level cache; an operator called alone is a program of
 * one step. The tile kernels are those of pointwise.h, so results do not depend on how operators are grouped. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_TILES_H
#define RUNTIME_KERNELS_TILES_H

#include "runtime/kernels/pointwise.h"

enum {
    TILES_MAX_STEPS = 32,
    TILES_MAX_SLOTS = 48,
    TILES_MAX_MEMORY = 12,   /* slots that are memory */
    TILES_MAX_NUMBERS = 12,
    TILES_MAX_BUFFERS = 8,
};

typedef enum tile_slot_kind { TILE_INPUT, TILE_OUTPUT, TILE_NUMBER, TILE_TEMPORARY } tile_slot_kind;

/* What a step reads or writes. */
typedef struct tile_slot {
    uint8_t kind;       /* tile_slot_kind */
    uint8_t bytes;      /* per element */
    uint8_t index;      /* of the buffer of a number or temporary */
    char *data;         /* first element of an input or output */
} tile_slot;

typedef struct tile_step {
    pw_tile run;
    uint8_t n_in, in[PW_MAX_OPERANDS], out;  /* slots */
} tile_step;

/** Filled with the functions below after tiles_init; then run once. */
typedef struct tile_program {
    int64_t n;          /* elements */
    int64_t tile_n;     /* elements of a tile */
    int n_steps, n_slots, n_memory, n_numbers;
    tile_step steps[TILES_MAX_STEPS];
    tile_slot slots[TILES_MAX_SLOTS];
    _Alignas(64) char numbers[TILES_MAX_NUMBERS][PW_TILE_BYTES]; /* one tile of each */
} tile_program;

/** A program over n elements of at most `widest` bytes; nothing else is initialised. */
static inline void tiles_init(tile_program *p, int64_t n, size_t widest)
{
    p->n = n;
    p->tile_n = PW_TILE_BYTES / (int64_t)widest;
    p->n_steps = p->n_slots = p->n_memory = p->n_numbers = 0;
}
/** Each gives the new slot, or -1 where there are too many. An output may be the memory of an input if no later
 * step reads that input. */
int tiles_add_memory(tile_program *p, tile_slot_kind kind, void *data, size_t bytes);
int tiles_add_number(tile_program *p, dtype d, jit_value number);
int tiles_add_temporary(tile_program *p, size_t bytes, int buffer);
void tiles_run(const tile_program *p);

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
