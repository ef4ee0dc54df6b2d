/* runtime/kernels/builtins.c: operators about values as such: identity, Optional, hash, enums,
 * devices, warnings. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "runtime/kernels/result.h"
#include "runtime/kernels/table.h"

/* `is`. An enum member is never the member another expression gives: the reference boxes each of them anew. */
static bool is_same(jit_value a, jit_value b)
{
    return a.tag != VALUE_ENUM && value_is_same(a, b);
}

bool builtin_is(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, is_same(args[0], args[1]));
}

bool builtin_isnot(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, !is_same(args[0], args[1]));
}

bool builtin_unwrap_optional(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[0].tag == VALUE_NONE)
        return OP_FAIL(cx, "Unwrapping null optional");
    rets[0] = value_ref(args[0]);
    return true;
}

/* unchecked_unwrap_optional: a test has proved that it is not None. */
bool builtin_same(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    rets[0] = value_ref(args[0]);
    return true;
}

bool builtin_id(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_int(rets, value_is_heap(args[0]) ? (int64_t)(intptr_t)args[0].p : 0);
}

/* ---- submodules ---- */

/* Slot of an object by name, or its slot count. */
static size_t find_slot(const object *o, const char *name)
{
    const type_class *cls = ((const type *)o->type)->cls;
    size_t i = 0;
    while (i < o->n && strcmp(cls->attributes[i].name, name) != 0)
        i++;
    return i;
}

/* self.modules()[ind]: containers name their modules "0", "1", … */
bool module_at_index(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const object *o = args[0].tag == VALUE_OBJECT ? args[0].object : NULL;
    int64_t i = args[1].i, n = 0;
    char name[24];
    for (; o && n < INT32_MAX; n++) {
        snprintf(name, sizeof name, "%lld", (long long)n);
        if (find_slot(o, name) == o->n)
            break;
    }
    i += i < 0 ? n : 0;
    if (i < 0 || i >= n)
        return OP_FAIL(cx, "list index out of range");
    snprintf(name, sizeof name, "%lld", (long long)i);
    rets[0] = value_ref(o->at[find_slot(o, name)]);
    return true;
}

bool module_at_name(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const object *o = args[0].tag == VALUE_OBJECT ? args[0].object : NULL;
    size_t i = o ? find_slot(o, args[1].s->s) : 0;
    if (!o || i == o->n)
        return OP_FAIL(cx, "KeyError: %s", args[1].s->s);
    rets[0] = value_ref(o->at[i]);
    return true;
}

/* ints and bools hash to themselves; what else is hashable has hashes of our own. */
bool builtin_hash(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    jit_value v = args[0];
    if (v.tag == VALUE_LIST || v.tag == VALUE_DICT || v.tag == VALUE_COMPLEX || v.tag == VALUE_OBJECT || v.tag == VALUE_ENUM) {
        text name;
        text_init(&name, NULL);
        type_print_annotation(type_of_value(v), false, &name);
        OP_FAIL(cx, "unhashable type: '%s'", name.s);
        text_fini(&name);
        return false;
    }
    return ret_int(rets, v.tag == VALUE_INT || v.tag == VALUE_BOOL ? v.i : (int64_t)value_hash(v));
}

bool builtin_warn(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)rets;
    if (cx->run->warn)
        cx->run->warn(cx->run->print_ctx, args[0].s->s, args[0].s->n);
    return true;
}

/* ---- enums --------------------------------------------------------------------------------- */
bool enum_name(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return ret_str(cx, rets, args[0].member->name, strlen(args[0].member->name));
}

bool enum_value(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    rets[0] = value_ref(args[0].member->value);
    return true;
}

/* A member is one object for the life of its class. */
bool enum_eq(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, args[0].p == args[1].p);
}

bool enum_ne(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, args[0].p != args[1].p);
}

/* ---- devices ------------------------------------------------------------------------------- */
bool device_from_str(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    device d;
    if (args[0].s->n == 0)
        return OP_FAIL(cx, "Device string must not be empty");
    if (!device_parse(args[0].s->s, &d))
        return OP_FAIL(cx, "Invalid device string: '%s'", args[0].s->s);
    rets[0] = VALUE_DEVICE_V(d);
    return true;
}

bool device_type(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    text name;
    text_init(&name, NULL);
    device_print((device){ .kind = args[0].dev.kind, .index = -1 }, &name);
    return ret_text(cx, rets, &name);
}

bool device_index(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    rets[0] = args[0].dev.index < 0 ? VALUE_NONE_V : VALUE_INT_V(args[0].dev.index);
    return true;
}

bool device_eq(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, device_equal(args[0].dev, args[1].dev));
}

bool device_ne(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, !device_equal(args[0].dev, args[1].dev));
}
