/* runtime/vm/moves.c: parallel moves: at the end of a block several registers take new values at
 * once, and some of them may be sources of others.
 *
 * A move is emitted once nobody waits to read its target; what remains are cycles, each broken by
 * saving one register in a temporary. Counters and writers are kept per register, so this is
 * linear. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/compile.h"

typedef struct mover {
    vm_move *moves;
    size_t n;
    uint32_t *n_readers;  /* per register: pending moves that read it */
    uint32_t *writer;     /* per register: 1 + the pending move that writes it */
    VEC(uint32_t) ready;
    uint32_t last_single; /* index of a MOVE_S just emitted, to be paired; NO_STEP */
} mover;

static bool is_v(vm_slot slot) { return slot.home == HOME_V; }

/** Registers of both banks in one numbering. */
static uint32_t key_of(const vm_compile *c, vm_slot slot)
{
    return is_v(slot) ? slot.reg : c->plan->n_v + slot.reg;
}

static uint8_t tag_of_home(uint8_t home)
{
    return home == HOME_BOOL ? VALUE_BOOL : home == HOME_INT ? VALUE_INT : VALUE_FLOAT;
}

static void emit_move(vm_compile *c, mover *m, vm_slot from, vm_slot to, bool is_last)
{
    uint32_t single = m->last_single;
    m->last_single = NO_STEP;
    if (is_v(from) && is_v(to)) {
        emit(c, is_last ? VM_TAKE_V : VM_MOVE_V, to.reg, from.reg, 0, 0);
    } else if (is_v(from)) {
        emit(c, VM_UNBOX, to.reg, from.reg, 0, tag_of_home(to.home));
    } else if (is_v(to)) {
        emit(c, VM_BOX, to.reg, from.reg, 0, tag_of_home(from.home));
    } else if (from.home == HOME_INT && to.home == HOME_FLOAT) {
        emit(c, VM_INT_TO_FLOAT, to.reg, from.reg, 0, 0);
    } else if (single != NO_STEP && from.reg <= UINT16_MAX && single < c->code.n) {
        vm_instr *i = &c->code.at[single];
        *i = (vm_instr){
            .op = VM_MOVE2_S, .a = i->a, .b = i->b, .c = to.reg, .d = (uint16_t)from.reg
        };
    } else {
        m->last_single = emit(c, VM_MOVE_S, to.reg, from.reg, 0, 0);
    }
}

static void run_ready(vm_compile *c, mover *m)
{
    while (m->ready.n > 0) {
        uint32_t i = m->ready.at[--m->ready.n];
        vm_move *mv = &m->moves[i];
        uint32_t from = key_of(c, mv->from);
        m->writer[key_of(c, mv->to)] = 0;
        m->n_readers[from]--;
        emit_move(c, m, mv->from, mv->to, mv->from.is_last && m->n_readers[from] == 0);
        if (m->n_readers[from] == 0 && m->writer[from])
            (void)VEC_PUSH(&m->ready, &c->scratch, m->writer[from] - 1);
    }
}

/** Save the target of move i, so that it can be written; its readers read the temporary. */
static void break_cycle(vm_compile *c, mover *m, uint32_t i)
{
    vm_slot to = m->moves[i].to, temp = to;
    temp.reg = is_v(to) ? c->v_temp : c->s_temp + VM_N_S_TEMPS - 1;
    emit_move(c, m, to, temp, true);
    temp.is_last = true;
    uint32_t old = key_of(c, to), saved = key_of(c, temp);
    for (size_t k = 0; k < m->n; k++) {
        vm_slot *from = &m->moves[k].from;
        if (m->writer[key_of(c, m->moves[k].to)] != k + 1 || key_of(c, *from) != old)
            continue;
        temp.home = is_v(*from) ? HOME_V : from->home;
        *from = temp;
        m->n_readers[saved]++;
    }
    m->n_readers[old] = 0;
    (void)VEC_PUSH(&m->ready, &c->scratch, i);
}

void emit_moves(vm_compile *c, const vm_move *moves, size_t n)
{
    if (n == 0)
        return;
    size_t n_keys = (size_t)c->plan->n_v + c->plan->n_s;
    mover m = { .last_single = NO_STEP };
    m.moves = ARENA_ARRAY(&c->scratch, vm_move, n);
    if (!c->n_readers) {
        c->n_readers = ARENA_ARRAY(&c->scratch, uint32_t, n_keys);
        c->writer = ARENA_ARRAY(&c->scratch, uint32_t, n_keys);
    }
    m.n_readers = c->n_readers;
    m.writer = c->writer;
    if (arena_failed(&c->scratch) || !m.moves || !m.n_readers || !m.writer)
        return;
    for (size_t i = 0; i < n; i++) {
        if (moves[i].to.home == HOME_NONE)
            continue;
        if (key_of(c, moves[i].from) != key_of(c, moves[i].to))
            m.moves[m.n++] = moves[i];
        else /* stays where it is: a reader that never finishes, so nobody takes the value away */
            m.n_readers[key_of(c, moves[i].to)]++;
    }
    for (uint32_t i = 0; i < m.n; i++) {
        m.n_readers[key_of(c, m.moves[i].from)]++;
        m.writer[key_of(c, m.moves[i].to)] = i + 1;
    }
    for (uint32_t i = (uint32_t)m.n; i-- > 0;)
        if (m.n_readers[key_of(c, m.moves[i].to)] == 0)
            (void)VEC_PUSH(&m.ready, &c->scratch, i);
    run_ready(c, &m);
    for (uint32_t i = 0; i < m.n && !arena_failed(&c->scratch); i++) {
        if (m.writer[key_of(c, m.moves[i].to)] == i + 1) {
            break_cycle(c, &m, i);
            run_ready(c, &m);
        }
    }
    for (size_t i = 0; i < n; i++)
        if (moves[i].to.home != HOME_NONE)
            m.n_readers[key_of(c, moves[i].to)] = 0;
}

void emit_moves_to(vm_compile *c, const ir_node *user, uint32_t first, ir_value *const *to,
                   uint32_t n, uint32_t step)
{
    vm_move *moves = ARENA_ARRAY(&c->scratch, vm_move, n);
    size_t n_moves = 0;
    if (arena_failed(&c->scratch) || !moves)
        return;
    for (uint32_t i = 0; i < n; i++) {
        vm_slot target = result_slot(c, to[i]);
        if (target.home != HOME_NONE)
            moves[n_moves++] = (vm_move){ operand_slot(c, user->inputs[first + i], step), target };
    }
    emit_moves(c, moves, n_moves);
}
