/* Running tile programs; see tiles.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/tiles.h"

#include <string.h>

static int add_slot(tile_program *p, tile_slot slot)
{
    if (p->n_slots == TILES_MAX_SLOTS) return -1;
    p->slots[p->n_slots] = slot;
    return p->n_slots++;
}

int tiles_add_memory(tile_program *p, tile_slot_kind kind, void *data, size_t bytes)
{
    if (p->n_memory == TILES_MAX_MEMORY) return -1;
    p->n_memory++;
    return add_slot(p, (tile_slot){ .kind = (uint8_t)kind, .bytes = (uint8_t)bytes, .data = data });
}

int tiles_add_temporary(tile_program *p, size_t bytes, int buffer)
{
    return add_slot(p, (tile_slot){ .kind = TILE_TEMPORARY, .bytes = (uint8_t)bytes, .index = (uint8_t)buffer });
}

static int64_t pad(int64_t n)
{
    return (n + PW_VECTOR - 1) & -(int64_t)PW_VECTOR;
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

int tiles_add_number(tile_program *p, dtype d, jit_value number)
{
    if (p->n_numbers == TILES_MAX_NUMBERS) return -1;
    char *to = p->numbers[p->n_numbers];
    if (d == DTYPE_float32 && number.tag == VALUE_FLOAT)
        memcpy(to, &(float){ (float)number.f }, sizeof(float));
    else
        element_store_number(d, to, number);
    const size_t bytes = dtype_size(d);
    tiles_repeat(to, bytes, pad(p->n < p->tile_n ? p->n : p->tile_n));
    return add_slot(p, (tile_slot){ .kind = TILE_NUMBER, .bytes = (uint8_t)bytes, .index = (uint8_t)p->n_numbers++ });
}

static void run_steps(const tile_program *p, int64_t n, char *const *at)
{
    for (int k = 0; k < p->n_steps; k++) {
        const tile_step *step = &p->steps[k];
        const void *in[PW_MAX_OPERANDS];
        for (int i = 0; i < step->n_in; i++) in[i] = at[step->in[i]];
        step->run(n, in, at[step->out]);
    }
}

/* The last n < PW_VECTOR elements, from `begin`: a whole vector, of which n elements count. */
static void run_tail(const tile_program *p, int64_t begin, int64_t n, char **at)
{
    _Alignas(64) char pads[TILES_MAX_MEMORY][PW_VECTOR * 16];
    int n_pads = 0;
    for (int k = 0; k < p->n_slots; k++) {
        const tile_slot *slot = &p->slots[k];
        if (slot->kind > TILE_OUTPUT) continue;
        at[k] = pads[n_pads++];
        if (slot->kind == TILE_OUTPUT) continue;
        if (slot->bytes <= 4)
            memset(at[k], 0, PW_VECTOR * 4);
        else
            memset(at[k], 0, PW_VECTOR * 16);
        tiles_copy_few(at[k], slot->data + begin * slot->bytes, (size_t)n * slot->bytes);
    }
    run_steps(p, PW_VECTOR, at);
    for (int k = 0; k < p->n_slots; k++) {
        const tile_slot *slot = &p->slots[k];
        if (slot->kind == TILE_OUTPUT) tiles_copy_few(slot->data + begin * slot->bytes, at[k], (size_t)n * slot->bytes);
    }
}

static void run_range(void *ctx, int64_t begin, int64_t end)
{
    const tile_program *p = ctx;
    _Alignas(64) char buffers[TILES_MAX_BUFFERS][PW_TILE_BYTES];
    char *at[TILES_MAX_SLOTS];
    for (int k = 0; k < p->n_slots; k++) {
        const tile_slot *slot = &p->slots[k];
        if (slot->kind == TILE_NUMBER) at[k] = (char *)p->numbers[slot->index];
        if (slot->kind == TILE_TEMPORARY) at[k] = buffers[slot->index];
    }
    int64_t whole_end = begin + ((end - begin) & -(int64_t)PW_VECTOR);
    for (int64_t from = begin; from < whole_end; from += p->tile_n) {
        for (int k = 0; k < p->n_slots; k++)
            if (p->slots[k].kind <= TILE_OUTPUT) at[k] = p->slots[k].data + from * p->slots[k].bytes;
        run_steps(p, whole_end - from < p->tile_n ? whole_end - from : p->tile_n, at);
    }
    if (whole_end < end) run_tail(p, whole_end, end - whole_end, at);
}

void tiles_run(const tile_program *p)
{
    if (p->n <= ITER_GRAIN)
        run_range((void *)p, 0, p->n);
    else
        par_for(p->n, ITER_GRAIN, run_range, (void *)p);
}
