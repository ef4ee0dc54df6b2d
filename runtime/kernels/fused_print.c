/* Tile programs of groups as text, `tjs graph --stage kernels`; see fused_make.h.
 *
 *     aten::mul aten::add aten::softmax: 2 rows of 3 elements, 2 rows a tile
 *       %0 : float32 = input
 *       b0 : float32 = x_mul_add(%0, 2, 1)  # a * b + c
 *       %5 : float32 = aten::softmax(b0)  # along rows
 *
 * %n is a tensor in memory, bn a buffer in the nearest cache. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/fused_make.h"

#include "base/text.h"

static const struct { const char *name, *expression; } rows[PW_ROW__COUNT] = {
#define UNARY(id, schema, FOR, traits, value, ...) [PW_ROW_##id] = { #id, #value },
#define BINARY(id, schema, FOR, traits, value, ...) [PW_ROW_##id] = { #id, #value },
#define TERNARY(id, schema, FOR, traits, value, ...) [PW_ROW_##id] = { #id, #value },
#define QUATERNARY(id, schema, FOR, traits, value, ...) [PW_ROW_##id] = { #id, #value },
#include "runtime/kernels/pointwise_rows.h"
};

static void print_slot(const tile_program *p, int slot, text *out)
{
    const tile_slot *s = &p->slots[slot];
    if (s->kind == TILE_TEMPORARY)
        text_addf(out, "b%u", s->index);
    else if (s->kind == TILE_NUMBER)
        value_print(element_load_number((dtype)s->type, p->numbers[s->index]), out);
    else
        text_addf(out, "%%%d", slot);
}

static void print_operands(const tile_program *p, const tile_step *step, text *out)
{
    text_add(out, "(");
    for (int i = 0; i < step->n_in; i++) {
        text_add(out, i ? ", " : "");
        print_slot(p, step->in[i], out);
    }
    text_add(out, ")");
}

/* The operator whose kernel along rows a step runs. */
static const char *rows_name(const fusion *f, const row_kernel *kernel)
{
    int k = f->b.first;
    while (&f->b.steps[k].rows != kernel) k++;
    return op_name((op_id)f->b.group->steps[k].op);
}

static void print_step(const fusion *f, const tile_step *step, text *out)
{
    const tile_program *p = &f->program;
    const tile_slot *to = &p->slots[step->out];
    const char *name = "", *what = "";
    switch ((tile_step_kind)step->kind) {
    case TILE_POINTWISE: name = rows[step->row].name, what = rows[step->row].expression; break;
    case TILE_CAST: name = "convert"; break;
    case TILE_ROWS: name = rows_name(f, step->rows), what = to->is_per_row ? "a value for each row" : "along rows"; break;
    case TILE_EXPAND: name = "repeat", what = "along rows"; break;
    case TILE_CHANNELS: name = "scale_shift", what = "a pair for each channel"; break;
    case TILE_TOTAL: name = "total", what = "of all elements"; break;
    }
    text_add(out, "  ");
    if (step->kind == TILE_TOTAL)
        text_add(out, "number");
    else
        print_slot(p, step->out, out);
    text_addf(out, " : %s = %s", dtype_name((dtype)to->type), name);
    print_operands(p, step, out);
    text_addf(out, "%s%s\n", *what ? "  # " : "", what);
}

static void print_memory(const tile_program *p, text *out)
{
    for (int i = 0; i < p->n_slots; i++) {
        const tile_slot *s = &p->slots[i];
        if (s->kind == TILE_INPUT || s->kind == TILE_SPREAD)
            text_addf(out, "  %%%d : %s = %s\n", i, dtype_name((dtype)s->type), s->kind == TILE_INPUT ? "input" : "input, gathered");
    }
}

void fused_print(const fusion *f, text *out)
{
    const tile_program *p = &f->program;
    for (int k = f->b.first; k < f->b.end; k++)
        text_addf(out, "%s%s", k > f->b.first ? " " : "", op_name((op_id)f->b.group->steps[k].op));
    if (p->cols == 1)
        text_addf(out, ": %lld elements, %lld a tile\n", (long long)p->n_rows, (long long)p->tile_rows);
    else
        text_addf(out, ": %lld rows of %lld elements, %lld rows a tile\n", (long long)p->n_rows, (long long)p->cols,
                  (long long)p->tile_rows);
    print_memory(p, out);
    for (int i = 0; i < p->n_steps; i++) print_step(f, &p->steps[i], out);
}
