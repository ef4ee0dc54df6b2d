/* sema/archive_names.c: what names denote in archive code, and operators as they were when it was written.
 *
 * `torch` is the operators of aten, `ops` all of them, `CONSTANTS` the table beside the code, `__torch__` its own
 * definitions. Nothing of Python's torch module is there: whoever printed the code resolved it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

#include "sema/flow.h"

#include <math.h>
#include <stdlib.h>

/* ---- plain names ---------------------------------------------------------------------------------------------- */

static const struct { const char *name; sval_kind kind; const char *path; } names[] = {
    { "torch", SVAL_MODULE, "torch.ops.aten" },
    { "ops", SVAL_MODULE, "torch.ops" },
    { "CONSTANTS", SVAL_MODULE, "CONSTANTS" },
    { "__torch__", SVAL_MODULE, "__torch__" },
    { "fork", SVAL_BUILTIN, "torch.jit.fork" },
    { "annotate", SVAL_BUILTIN, "annotate" },
    { "unchecked_cast", SVAL_BUILTIN, "unchecked_cast" },
    { "uninitialized", SVAL_BUILTIN, "uninitialized" },
};

static texpr *imaginary(fn_checker *f, double value, range at)
{
    complex_box *z = complex_new(0, value);
    if (!z) {
        arena_of(f)->failed = true;
        return error_expr(f, at);
    }
    return new_const(f, VALUE_HEAP_V(VALUE_COMPLEX, z), T_COMPLEX, at);
}

bool archive_name(fn_checker *f, const char *name, range at, sval *ret)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0) {
            *ret = (sval){ .kind = names[i].kind, .at = at, .name = names[i].path };
            return true;
        }
    bool is_inf = strncmp(name, "inf", 3) == 0, is_nan = strncmp(name, "nan", 3) == 0;
    if (!is_inf && !is_nan)
        return false;
    double number = is_inf ? (double)INFINITY : (double)NAN;
    if (name[3] == 0)
        *ret = value_sval(new_const(f, VALUE_FLOAT_V(number), T_FLOAT, at));
    else if (strcmp(name + 3, "j") == 0)
        *ret = value_sval(imaginary(f, number, at));
    else
        return false;
    return true;
}

/* ---- members -------------------------------------------------------------------------------------------------- */

static sval constant_member(fn_checker *f, const char *name, range at)
{
    char *end = NULL;
    long long n = name[0] == 'c' && name[1] ? strtoll(name + 1, &end, 10) : -1;
    size_t count;
    const jit_value *v = archive_constant(f->c, end && !*end ? n : -1, &count);
    if (v)
        return value_sval(new_const(f, value_ref(*v), type_of_value(*v), at));
    if (end && !*end)
        diag_error(f->c->d, "unknown-attribute", at,
                   "constant index %lld is out of bounds (constant table has %zu entries)", n, count);
    else
        diag_error(f->c->d, "unknown-attribute", at, "CONSTANTS has no member '%s'", name);
    return error_sval(at);
}

/* __torch__.a.b: a class, a function, or as far as we know the beginning of a longer name. */
static sval own_member(fn_checker *f, const char *module, const char *name, range at)
{
    const char *path = arena_printf(f->c->arena, "%s.%s", module, name);
    if (arena_failed(f->c->arena))
        return error_sval(at);
    const type *t = archive_find_type(f->c, path);
    if (t)
        return type_is_error(t) ? error_sval(at) : (sval){ .kind = SVAL_CLASS, .at = at, .name = path, .type = t };
    ir_function *fn = archive_find_function(f->c, path);
    if (fn)
        return (sval){ .kind = SVAL_FUNCTION, .at = at, .name = fn->name, .fn = fn };
    return (sval){ .kind = SVAL_MODULE, .at = at, .name = path };
}

sval archive_member(fn_checker *f, const char *module, const char *name, range at)
{
    static const char ops[] = "torch.ops";
    if (strcmp(module, "CONSTANTS") == 0)
        return constant_member(f, name, at);
    if (strncmp(module, "__torch__", 9) == 0)
        return own_member(f, module, name, at);
    if (module[sizeof ops - 1] == 0)
        return (sval){ .kind = SVAL_MODULE, .at = at, .name = arena_printf(arena_of(f), "%s.%s", module, name) };
    if (strcmp(name, "autograd") == 0) /* torch.autograd.grad is aten::grad */
        return (sval){ .kind = SVAL_MODULE, .at = at, .name = module };
    return (sval){ .kind = SVAL_OPERATOR, .at = at,
                   .name = arena_printf(arena_of(f), "%s::%s", module + sizeof ops, name) };
}

/* ---- operators whose meaning changed -------------------------------------------------------------------------- */

/* Archives before `version` mean the functions of library/upgraders.tjs. */
static const struct { const char *op; int version; const char *path; } upgraders[] = {
    { "aten::div", 4, "torch.upgraders.div" },
    { "aten::div_", 4, "torch.upgraders.div_" },
    { "aten::full", 5, "torch.upgraders.full" },
    { "aten::linspace", 8, "torch.upgraders.linspace" },
    { "aten::logspace", 9, "torch.upgraders.logspace" },
    { "aten::gelu", 10, "torch.upgraders.gelu" },
};

texpr *archive_upgraded(fn_checker *f, const char *op, texpr *receiver, const call_args *args, range at)
{
    if (archive_version(f->c) >= 10)
        return NULL;
    for (size_t i = 0; i < sizeof upgraders / sizeof *upgraders; i++) {
        if (strcmp(upgraders[i].op, op) != 0 || archive_version(f->c) >= upgraders[i].version)
            continue;
        call_args all = { 0 };
        if (receiver)
            VEC_PUSH(&all, arena_of(f), ((call_arg){ .value = receiver, .at = receiver->at }));
        for (size_t k = 0; k < args->n; k++)
            VEC_PUSH(&all, arena_of(f), args->at[k]);
        return try_library(f, upgraders[i].path, &all, at);
    }
    return NULL;
}
