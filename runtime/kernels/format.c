/* runtime/kernels/format.c: text from values and values from text: str(), "…" % x, "…".format(),
 * int("…"), chr, hex. Rules: spec of the stream formatter (value_print) and
 * torch/csrc/jit/runtime/vararg_functions.cpp. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/kernels/result.h"
#include "runtime/kernels/table.h"

bool format_str(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[0].tag == VALUE_STR) {
        rets[0] = value_ref(args[0]);
        return true;
    }
    text out;
    text_init(&out, NULL);
    value_print(args[0], &out);
    return ret_text(cx, rets, &out);
}

/* "{}" alone is a field; other braces are text. Spare arguments are ignored. */
bool format_braces(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s;
    uint32_t next = 1;
    text out;
    text_init(&out, NULL);
    for (size_t i = 0; i < s->n; i++) {
        if (s->s[i] != '{' || s->s[i + 1] != '}') { /* a NUL ends the bytes */
            text_add_char(&out, s->s[i]);
            continue;
        }
        if (next >= cx->n_args) {
            text_fini(&out);
            return OP_FAIL(cx, "Too few arguments for format string: %s", s->s);
        }
        value_print(args[next++], &out);
        i++;
    }
    return ret_text(cx, rets, &out);
}

/* ---- "…" % x ------------------------------------------------------------------------------- */
static const char *operand_name(jit_value v)
{
    static const char *const unboxed[] = {
        [LIST_INTS] = "IntList", [LIST_FLOATS] = "DoubleList", [LIST_BOOLS] = "BoolList",
    };
    static const char *const names[VALUE__COUNT] = {
        [VALUE_NONE] = "None", [VALUE_BOOL] = "Bool", [VALUE_INT] = "Int", [VALUE_FLOAT] = "Double",
        [VALUE_DEVICE] = "Device", [VALUE_UNINIT] = "Uninitialized",
        [VALUE_COMPLEX] = "ComplexDouble",
        [VALUE_STR] = "String", [VALUE_TENSOR] = "Tensor", [VALUE_LIST] = "GenericList",
        [VALUE_TUPLE] = "Tuple", [VALUE_DICT] = "GenericDict", [VALUE_OBJECT] = "Object",
        [VALUE_ENUM] = "Enum", [VALUE_FUNCTION] = "Function", [VALUE_FUTURE] = "Future",
        [VALUE_GENERATOR] = "Generator",
    };
    if (v.tag == VALUE_LIST && v.list->storage != LIST_VALUES)
        return unboxed[v.list->storage];
    return names[v.tag];
}

/* A float prints through a 32-bit int, which x86 makes INT32_MIN when it does not fit. */
static void print_decimal(jit_value v, text *out)
{
    if (v.tag == VALUE_INT)
        text_addf(out, "%" PRId64, v.i);
    else if (v.f > -2147483649.0 && v.f < 2147483648.0)
        text_addf(out, "%d", (int)v.f);
    else
        text_addf(out, "%d", INT32_MIN);
}

static void print_float32(char spec, jit_value v, text *out)
{
    double f = (double)(float)arg_double(v);
    switch (spec) {
    case 'e': text_addf(out, "%e", f); break;
    case 'E': text_addf(out, "%E", f); break;
    case 'F': text_addf(out, "%F", f); break;
    default: text_addf(out, "%f", f); break;
    }
}

/* One field. False: reported. */
static bool print_field(op_ctx *cx, char spec, jit_value v, text *out)
{
    bool is_number = v.tag == VALUE_INT || v.tag == VALUE_FLOAT;
    switch (spec) {
    case 's':
        value_print(v, out);
        return true;
    case 'd': case 'i': case 'e': case 'E': case 'f': case 'F':
        if (!is_number)
            return OP_FAIL(cx, "%%%c requires a number for formatting, but got %s", spec,
                           operand_name(v));
        if (spec == 'd' || spec == 'i')
            print_decimal(v, out);
        else
            print_float32(spec, v, out);
        return true;
    case 'c':
        if (v.tag != VALUE_INT && !(v.tag == VALUE_STR && v.s->n == 1))
            return OP_FAIL(cx, "%%c requires an int or char for formatting, but got %s",
                           operand_name(v));
        text_add_char(out, v.tag == VALUE_INT ? (char)v.i : v.s->s[0]);
        return true;
    default:
        return OP_FAIL(cx, "The specifier %%%c is not supported in TorchScript format strings",
                       spec);
    }
}

static bool print_fields(op_ctx *cx, const str *s, const jit_value *operands, size_t n, text *out)
{
    size_t next = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->s[i] != '%') {
            text_add_char(out, s->s[i]);
            continue;
        }
        if (++i == s->n)
            return OP_FAIL(cx, "Incomplete format specifier");
        if (s->s[i] == '%') {
            text_add_char(out, '%');
            continue;
        }
        if (next == n)
            return OP_FAIL(cx, "Too few arguments for format string");
        if (!print_field(cx, s->s[i], operands[next++], out))
            return false;
    }
    return next == n || OP_FAIL(cx, "Too many arguments for format string");
}

/* One operand that is a tuple is the row of operands. */
bool format_percent(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const jit_value *operands = args + 1;
    size_t n = cx->n_args - 1;
    if (n == 1 && operands->tag == VALUE_TUPLE) {
        n = operands->tuple->n;
        operands = operands->tuple->at;
    }
    text out;
    text_init(&out, NULL);
    if (!print_fields(cx, args[0].s, operands, n, &out)) {
        text_fini(&out);
        return false;
    }
    return ret_text(cx, rets, &out);
}

/* ---- numbers from text --------------------------------------------------------------------- */
bool format_parse_int(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s;
    char *end;
    errno = 0;
    long long value = strtoll(s->s, &end, 10);
    if (errno || s->n == 0 || end != s->s + s->n)
        return OP_FAIL(cx, "invalid literal for int() with base 10: '%s'", s->s);
    return ret_int(rets, value);
}

/* C's strtod, as the reference: hexadecimal floats read, values out of range do not. */
bool format_parse_float(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s;
    char *end;
    errno = 0;
    double value = strtod(s->s, &end);
    if (errno || s->n == 0 || end != s->s + s->n)
        return OP_FAIL(cx, "could not convert string to float: '%s'", s->s);
    return ret_float(rets, value);
}

/* ---- characters and bases ------------------------------------------------------------------ */
bool format_ord(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const str *s = args[0].s;
    if (s->n != 1)
        return OP_FAIL(cx, "String for ord() must be 1 character, found %zu", s->n);
    return ret_int(rets, (unsigned char)s->s[0]);
}

/* The low byte: strings are bytes. */
bool format_chr(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int64_t code = args[0].i;
    if (code < 0 || code >= 0x110000)
        return OP_FAIL(cx, "chr() arg not in range(0x110000), found %" PRId64, code);
    char c = (char)code;
    return ret_str(cx, rets, &c, 1);
}

/* `-0b101`: sign, prefix, digits of |i| in a base of 2^bits. */
static bool print_base(op_ctx *cx, int64_t i, int bits, char prefix, jit_value *rets)
{
    char digits[3 + 64];
    char *at = digits + sizeof digits, *const end = at;
    uint64_t rest = i < 0 ? -(uint64_t)i : (uint64_t)i;
    do {
        *--at = "0123456789abcdef"[rest & ((1u << bits) - 1)];
        rest >>= bits;
    } while (rest);
    *--at = prefix;
    *--at = '0';
    if (i < 0)
        *--at = '-';
    return ret_str(cx, rets, at, (size_t)(end - at));
}

bool format_hex(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return print_base(cx, args[0].i, 4, 'x', rets);
}

bool format_oct(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return print_base(cx, args[0].i, 3, 'o', rets);
}

bool format_bin(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return print_base(cx, args[0].i, 1, 'b', rets);
}
