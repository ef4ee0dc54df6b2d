/* runtime/vm/dis.c: plans as text: one instruction a line, operands as vm.def spells them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/plan.h"

#include <string.h>

typedef struct vm_row { const char *name, *operands; } vm_row;

static const vm_row rows[VM_OPCODE__COUNT] = {
#define VM(id, operands, ...) [VM_##id] = { #id, operands },
#define VM_BRANCH(id, ...) \
    [VM_UNLESS_##id] = { "UNLESS_" #id, "tss." }, [VM_BACK_##id] = { "BACK_" #id, "tss#" },
#include "runtime/vm/vm.def"
/* operand letters of a scalar row come from its signature: result and operands, all in bank S */
#define SCALAR(id, schema, traits, sig, ...) [VM_SCALAR_##id] = { #id, #sig },
#define SCALAR_CHECK(id, schema, traits, sig, ...) SCALAR(id, schema, traits, sig)
#include "ir/ops/begin.def"
#include "ir/ops/scalar.def"
#include "ir/ops/end.def"
};

bool vm_is_jump(uint16_t op) { return rows[op].operands[0] == 't'; }

static void print_slot(vm_slot slot, text *out)
{
    if (slot.home == HOME_NONE)
        text_add(out, " _");
    else
        text_addf(out, " %s%u%s", slot.home == HOME_V ? "v" : "s", slot.reg,
                  slot.is_last ? "!" : "");
}

static void print_lent(const vm_lent *lent, text *out)
{
    text_add(out, lent->is_sizes ? " sizes[" : " [");
    for (uint32_t i = 0; i < lent->n; i++)
        print_slot(lent->elements[i], out);
    text_add(out, " ]");
}

static void print_site(const vm_site *site, text *out)
{
    text_addf(out, " %s", site->callee ? site->callee->name : op_name((op_id)site->op));
    for (uint32_t i = 0, k = 0; i < site->n_args; i++) {
        if (k < site->n_lent && site->lent[k].arg == i)
            print_lent(&site->lent[k++], out);
        else
            print_slot(site->args[i], out);
    }
    text_add(out, " ->");
    for (uint32_t i = 0; i < site->n_rets; i++)
        print_slot(site->rets[i], out);
}

static const char *tag_name(uint32_t tag)
{
    static const char *const names[VALUE__COUNT] = {
        [VALUE_NONE] = "None",
        [VALUE_BOOL] = "bool",
        [VALUE_INT] = "int",
        [VALUE_FLOAT] = "float",
        [VALUE_DEVICE] = "device",
        [VALUE_UNINIT] = "uninit",
        [VALUE_COMPLEX] = "complex",
        [VALUE_STR] = "str",
        [VALUE_TENSOR] = "tensor",
        [VALUE_LIST] = "list",
        [VALUE_TUPLE] = "tuple",
        [VALUE_DICT] = "dict",
        [VALUE_OBJECT] = "object",
        [VALUE_ENUM] = "enum",
        [VALUE_FUNCTION] = "function",
        [VALUE_FUTURE] = "future",
        [VALUE_GENERATOR] = "generator",
    };
    return tag < VALUE__COUNT ? names[tag] : "any";
}

static void print_operand(const vm_plan *p, char letter, uint32_t x, text *out)
{
    switch (letter) {
    case 's': text_addf(out, " s%u", x); break;
    case 'v': text_addf(out, " v%u", x); break;
    case 't': text_addf(out, " @%u", x); break;
    case '#': text_addf(out, " #%u", x); break;
    case 'i': text_addf(out, " #%d", (int32_t)x); break;
    case 'g': text_addf(out, " %s", tag_name(x)); break;
    case 'x': print_site(&p->sites[x], out); break;
    default: break;
    }
}

static void print_instr(const vm_plan *p, uint32_t index, text *out)
{
    const vm_instr *i = &p->code[index];
    const vm_row *row = &rows[i->op];
    const uint32_t operands[4] = { vm_is_jump(i->op) ? vm_jump_target(p->code, index) : i->a, i->b, i->c, i->d };
    bool is_scalar = row->operands[1] == '_';
    text_add(out, row->name);
    size_t n = is_scalar ? strlen(row->operands) - 1 : 4;
    for (size_t k = 0; k < n; k++)
        print_operand(p, is_scalar ? 's' : row->operands[k], operands[k], out);
}

static void print_line(const vm_plan *p, uint32_t i, text *out)
{
    const range *at = &p->ranges[i];
    uint32_t line, column;
    text_addf(out, "%5u  ", i);
    print_instr(p, i, out);
    if (at->src &&
        (i == 0 || p->ranges[i - 1].src != at->src || p->ranges[i - 1].begin != at->begin)) {
        source_position(at->src, at->begin, &line, &column);
        text_addf(out, "  # %s:%u:%u", at->src->name, line, column);
    }
    text_add_char(out, '\n');
}

void vm_print(const vm_plan *p, text *out)
{
    text_addf(out, "plan %s: %u scalar registers, %u value registers\n", p->name ? p->name : "?",
              p->n_s, p->n_v);
    text_add(out, "  parameters:");
    for (uint32_t i = 0; i < p->n_params; i++)
        print_slot(p->params[i], out);
    text_add(out, "\n  constants:");
    for (uint32_t i = 0; i < p->n_s_constants; i++)
        text_addf(out, " s%u=%lld", i, (long long)p->s_constants[i].i);
    for (uint32_t i = 0; i < p->n_v_constants; i++) {
        const jit_value v = p->v_constants[i];
        text_addf(out, " v%u=", i);
        if (v.tag == VALUE_TENSOR || v.tag == VALUE_LIST)
            ir_print_constant(v, out);
        else
            value_print_repr(v, out);
    }
    text_add_char(out, '\n');
    for (uint32_t i = 0; i < p->n_code; i++)
        print_line(p, i, out);
    text_add(out, "  returns:");
    for (uint32_t i = 0; i < p->n_rets; i++)
        print_slot(p->rets[i], out);
    text_add_char(out, '\n');
    for (const vm_plan *body = p->bodies; body; body = body->next_body)
        vm_print(body, out);
}
