/* sema/torch.c: what modules hold: torch and its namespaces, math, cmath, warnings.
 *
 * `torch.x` is operator `aten::x` unless names.def or a class of PyTorch's own says otherwise. Functions of
 * torch.nn.functional that PyTorch writes in Python come from our library (library_function()); until it has one,
 * calls whose arguments the operator of that name understands the same way go to the operator. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

#include <math.h>
#include <stdio.h>

enum { PATH_MAX_BYTES = 160 };

/* ---- tables ------------------------------------------------------------------------------------------- */

static const char *const modules[] = {
#define MODULE(path) path,
#include "sema/names.def"
};

static const struct { const char *path; int64_t code; } int_constants[] = {
#define CONST(id, value) { .path = id, .code = value },
#include "sema/names.def"
};

static const struct { const char *path; double value; } float_constants[] = {
#define NUMBER(id, number) { .path = id, .value = number },
#include "sema/names.def"
};

static const struct { const char *path, *op; } functions[] = {
#define MATH(id, operator) { .path = id, .op = operator },
#define SAME(id, operator) { .path = id, .op = operator },
#include "sema/names.def"
};

static const struct { const char *path, *op; size_t n_positional; const char *keywords; } partial[] = {
#define PREFIX(id, operator, n, names) { .path = id, .op = operator, .n_positional = n, .keywords = names },
#include "sema/names.def"
};

static const struct { const char *path; type_kind kind; } types[] = {
    { "torch.Tensor", TYPE_TENSOR }, { "torch.device", TYPE_DEVICE }, { "torch.dtype", TYPE_INT },
    { "torch.layout", TYPE_LAYOUT }, { "torch.memory_format", TYPE_MEMORY_FORMAT },
    { "torch.Generator", TYPE_GENERATOR }, { "torch.Stream", TYPE_STREAM },
    { "torch.LongTensor", TYPE_TENSOR }, { "torch.FloatTensor", TYPE_TENSOR },
    { "torch.DoubleTensor", TYPE_TENSOR }, { "torch.IntTensor", TYPE_TENSOR },
    { "torch.ShortTensor", TYPE_TENSOR }, { "torch.HalfTensor", TYPE_TENSOR },
    { "torch.CharTensor", TYPE_TENSOR }, { "torch.ByteTensor", TYPE_TENSOR }, { "torch.BoolTensor", TYPE_TENSOR },
};

/* Namespaces whose functions are operators with a prefix: torch.linalg.norm is aten::linalg_norm. */
static const struct { const char *module, *prefix; } prefixes[] = {
    { "torch", "" }, { "torch.linalg", "linalg_" }, { "torch.special", "special_" }, { "torch.fft", "fft_" },
    { "torch.functional", "" }, { "torch.random", "" }, { "torch.nn.init", "" }, { "torch.sparse", "_sparse_" },
    { "torch.nested", "nested_" },
};

/* Paths differ mostly in their last part: that is compared first. */
static bool is_path(const char *path, const char *whole, size_t n)
{
    return strlen(path) == n && path[n - 1] == whole[n - 1] && memcmp(path, whole, n) == 0;
}

#define FIND(table, key, n, ret)                                            \
    do {                                                                    \
        for (size_t i_ = 0; i_ < sizeof(table) / sizeof *(table); i_++)     \
            if (is_path((table)[i_].path, (key), (n))) {                    \
                *(ret) = i_;                                                \
                break;                                                      \
            }                                                               \
    } while (0)

/* ---- contents of modules ---------------------------------------------------------------------------------- */

static bool module_constant(fn_checker *f, const char *path, size_t n, range at, sval *ret)
{
    size_t i = SIZE_MAX;
    FIND(int_constants, path, n, &i);
    if (i != SIZE_MAX) {
        *ret = value_sval(int_const(f, int_constants[i].code, at));
        return true;
    }
    FIND(float_constants, path, n, &i);
    if (i != SIZE_MAX)
        *ret = value_sval(new_const(f, VALUE_FLOAT_V(float_constants[i].value), T_FLOAT, at));
    return i != SIZE_MAX;
}

static bool named_member(fn_checker *f, const char *path, size_t n, range at, sval *ret)
{
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        if (is_path(modules[i], path, n)) {
            *ret = (sval){ .kind = SVAL_MODULE, .at = at, .name = modules[i] };
            return true;
        }
    size_t i = SIZE_MAX;
    FIND(types, path, n, &i);
    if (i != SIZE_MAX) {
        *ret = (sval){ .kind = SVAL_TYPE, .at = at, .type = type_base(types[i].kind), .name = types[i].path };
        return true;
    }
    FIND(functions, path, n, &i);
    if (i != SIZE_MAX) {
        *ret = (sval){ .kind = SVAL_OPERATOR, .at = at, .name = functions[i].op };
        return true;
    }
    const char *form = builtin_name(path);
    if (form && strchr(form, '.')) {
        *ret = (sval){ .kind = SVAL_BUILTIN, .at = at, .name = form };
        return true;
    }
    const type *cls = find_prelude_class(f->c, path);
    if (cls)
        *ret = (sval){ .kind = SVAL_CLASS, .at = at, .type = cls };
    return cls != NULL;
}

/* torch.ops.aten.relu, torch.ops.prim.dtype: an operator by its whole name. */
static sval ops_member(fn_checker *f, const char *module, const char *name, range at)
{
    static const char base[] = "torch.ops";
    if (module[sizeof base - 1] == 0)
        return (sval){ .kind = SVAL_MODULE, .at = at, .name = arena_printf(arena_of(f), "%s.%s", module, name) };
    const char *op = arena_printf(arena_of(f), "%s::%s", module + sizeof base, name);
    size_t n;
    op_find_all(op, &n);
    if (n)
        return (sval){ .kind = SVAL_OPERATOR, .at = at, .name = op };
    diag_error(f->c->d, "unknown-operator", at, "Unknown builtin op: %s", op);
    return error_sval(at);
}

static sval unknown_member(fn_checker *f, const char *module, const char *name, const char *prefix, range at)
{
    if (!prefix) {
        diag_error(f->c->d, "unknown-attribute", at, "module '%s' has no attribute '%s', or it is not supported",
                   module, name);
        return error_sval(at);
    }
    const char *op = arena_printf(arena_of(f), "aten::%s%s", prefix, name), *near[3];
    diag_item *it = diag_error(f->c->d, "unknown-operator", at, "module '%s' has no function '%s' (Unknown builtin "
                               "op: %s)", module, name, op);
    size_t n = op_suggest(op, near, 3), skip = strlen("aten::") + strlen(prefix);
    for (size_t i = 0; i < n; i++)
        if (strncmp(near[i], op, skip) == 0)
            diag_note(f->c->d, it, at, "did you mean '%s.%s'?", module, near[i] + skip);
    return error_sval(at);
}

static sval functional_member(fn_checker *f, const char *path, size_t n, const char *name, range at)
{
    ir_function *fn = library_function(f->c, path);
    if (fn)
        return (sval){ .kind = SVAL_FUNCTION, .at = at, .fn = fn };
    size_t i = SIZE_MAX;
    FIND(partial, path, n, &i);
    if (i != SIZE_MAX)
        return (sval){ .kind = SVAL_OPERATOR, .at = at, .name = partial[i].path };
    diag_error(f->c->d, "not-implemented", at, "torch.nn.functional.%s is not implemented", name);
    return error_sval(at);
}

sval module_attribute(fn_checker *f, const char *module, const char *name, range at)
{
    char path[PATH_MAX_BYTES];
    int n = snprintf(path, sizeof path, "%s.%s", module, name);
    sval v;
    if (n < 0 || (size_t)n >= sizeof path)
        return unknown_member(f, module, name, NULL, at);
    if (strncmp(module, "torch.ops", 9) == 0 && (module[9] == 0 || module[9] == '.'))
        return ops_member(f, module, name, at);
    if (module_constant(f, path, (size_t)n, at, &v) || named_member(f, path, (size_t)n, at, &v))
        return v;
    if (strcmp(module, "torch.nn.functional") == 0)
        return functional_member(f, path, (size_t)n, name, at);
    const char *prefix = NULL;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strcmp(prefixes[i].module, module) == 0)
            prefix = prefixes[i].prefix;
    const char *op = prefix ? aten_name(prefix, name) : NULL;
    if (op)
        return (sval){ .kind = SVAL_OPERATOR, .at = at, .name = op };
    return unknown_member(f, module, name, prefix, at);
}

/* ---- torch.nn.functional -------------------------------------------------------------------------------------- */

static bool in_words(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *s = words; (s = strstr(s, word)); s += n)
        if ((s == words || s[-1] == ' ') && (s[n] == 0 || s[n] == ' '))
            return true;
    return false;
}

sval call_functional(fn_checker *f, const char *path, const call_args *args, range at)
{
    size_t k = SIZE_MAX, n_positional = 0;
    FIND(partial, path, strlen(path), &k);
    bool fits = k != SIZE_MAX;
    for (size_t i = 0; fits && i < args->n; i++) {
        const char *keyword = args->at[i].keyword;
        n_positional += !keyword;
        if (keyword && strcmp(keyword, "input") != 0)
            fits = in_words(partial[k].keywords, keyword);
    }
    if (fits && n_positional <= partial[k].n_positional)
        return value_sval(call_operator(f, partial[k].op, args, at));
    diag_error(f->c->d, "not-implemented", at, "%s with these arguments is not implemented", path);
    return error_sval(at);
}

ir_function *library_function(checker *c, const char *dotted_name)
{
    (void)c;
    (void)dotted_name;
    return NULL; /* the library of functions written in TorchScript is not there yet */
}
