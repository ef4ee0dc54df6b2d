/* sema/torch.c: what modules hold: torch and its namespaces, math, cmath, warnings.
 *
 * `torch.x` is operator `aten::x` unless names.def, a class of PyTorch's own or our library of
 * functions (library.c) says otherwise. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

#include <math.h>

/* ---- tables ---- */

/* Rows carry the length of their path: comparing it first settles almost every row. */
#define PATH(id) .path = id, .n_path = sizeof id - 1

static const struct {
    const char *path;
    size_t n_path;
} modules[] = {
#define MODULE(id) { PATH(id) },
#include "sema/names.def"
};

static const struct {
    const char *path;
    size_t n_path;
    int64_t code;
} int_constants[] = {
#define CONST(id, value) { PATH(id), .code = value },
#include "sema/names.def"
};

static const struct {
    const char *path;
    size_t n_path;
    double value;
} float_constants[] = {
#define NUMBER(id, number) { PATH(id), .value = number },
#include "sema/names.def"
};

static const struct {
    const char *path;
    size_t n_path;
    const char *op;
} functions[] = {
#define MATH(id, operator) { PATH(id), .op = operator},
#define SAME(id, operator) { PATH(id), .op = operator},
#include "sema/names.def"
};

#define TYPE(id, k)                                                                                \
    {                                                                                              \
        PATH(id), .kind = k                                                                        \
    }
static const struct {
    const char *path;
    size_t n_path;
    type_kind kind;
} types[] = {
    TYPE("torch.Tensor", TYPE_TENSOR),
    TYPE("torch.device", TYPE_DEVICE),
    TYPE("torch.dtype", TYPE_INT),
    TYPE("torch.layout", TYPE_LAYOUT),
    TYPE("torch.memory_format", TYPE_MEMORY_FORMAT),
    TYPE("torch.Generator", TYPE_GENERATOR),
    TYPE("torch.Stream", TYPE_STREAM),
    TYPE("torch.LongTensor", TYPE_TENSOR),
    TYPE("torch.FloatTensor", TYPE_TENSOR),
    TYPE("torch.DoubleTensor", TYPE_TENSOR),
    TYPE("torch.IntTensor", TYPE_TENSOR),
    TYPE("torch.ShortTensor", TYPE_TENSOR),
    TYPE("torch.HalfTensor", TYPE_TENSOR),
    TYPE("torch.CharTensor", TYPE_TENSOR),
    TYPE("torch.ByteTensor", TYPE_TENSOR),
    TYPE("torch.BoolTensor", TYPE_TENSOR),
};

/* Namespaces whose functions are operators with a prefix: torch.linalg.norm is aten::linalg_norm.
 */
static const struct {
    const char *module, *prefix;
} prefixes[] = {
    { "torch", "" },         { "torch.linalg", "linalg_" },  { "torch.special", "special_" },
    { "torch.fft", "fft_" }, { "torch.functional", "" },     { "torch.random", "" },
    { "torch.nn.init", "" }, { "torch.sparse", "_sparse_" }, { "torch.nested", "nested_" },
};

#define FIND(table, key, n, ret)                                                                   \
    do {                                                                                           \
        for (size_t i_ = 0; i_ < sizeof(table) / sizeof *(table); i_++)                            \
            if ((table)[i_].n_path == (n) && memcmp((table)[i_].path, (key), (n)) == 0) {          \
                *(ret) = i_;                                                                       \
                break;                                                                             \
            }                                                                                      \
    } while (0)

/* ---- contents of modules ---- */

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
    size_t i = SIZE_MAX;
    FIND(modules, path, n, &i);
    if (i != SIZE_MAX) {
        *ret = (sval){ .kind = SVAL_MODULE, .at = at, .name = modules[i].path };
        return true;
    }
    FIND(types, path, n, &i);
    if (i != SIZE_MAX) {
        *ret = (sval){
            .kind = SVAL_TYPE, .at = at, .type = type_base(types[i].kind), .name = types[i].path
        };
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
        return (sval){ .kind = SVAL_MODULE,
                       .at = at,
                       .name = arena_printf(arena_of(f), "%s.%s", module, name) };
    const char *op = arena_printf(arena_of(f), "%s::%s", module + sizeof base, name);
    size_t n;
    op_find_all(op, &n);
    if (n)
        return (sval){ .kind = SVAL_OPERATOR, .at = at, .name = op };
    diag_error(f->c->d, "unknown-operator", at, "Unknown builtin op: %s", op);
    return error_sval(at);
}

static sval unknown_member(fn_checker *f, const char *module, const char *name, const char *prefix,
                           range at)
{
    if (!prefix) {
        diag_item *it = diag_error(f->c->d, "unknown-attribute", at,
                                   "module '%s' has no attribute '%s', or it is not supported",
                                   module, name);
        const char *meant = suggest_member(module, name);
        if (meant)
            diag_note(f->c->d, it, at, "did you mean '%s.%s'?", module, meant);
        return error_sval(at);
    }
    const char *op = arena_printf(arena_of(f), "aten::%s%s", prefix, name), *near[3];
    diag_item *it = diag_error(f->c->d, "unknown-operator", at,
                               "module '%s' has no function '%s' (Unknown builtin "
                               "op: %s)",
                               module, name, op);
    size_t n = op_suggest(op, near, 3), skip = strlen("aten::") + strlen(prefix);
    for (size_t i = 0; i < n; i++)
        if (strncmp(near[i], op, skip) == 0)
            diag_note(f->c->d, it, at, "did you mean '%s.%s'?", module, near[i] + skip);
    return error_sval(at);
}

/* Programs name the same few operators again and again, and finding one takes many comparisons: remember it. */
static sval known_operator(fn_checker *f, const char *path, sval v)
{
    strmap_set(&f->c->operators, arena_strdup(f->c->arena, path), (void *)v.name);
    return v;
}

sval module_attribute(fn_checker *f, const char *module, const char *name, range at)
{
    char path[NAME_MAX_BYTES];
    if (f->c->archive)
        return archive_member(f, module, name, at);
    size_t n = join_name(path, module, ".", name);
    sval v;
    if (!n)
        return unknown_member(f, module, name, NULL, at);
    const char *known = strmap_find(&f->c->operators, path);
    if (known)
        return (sval){ .kind = SVAL_OPERATOR, .at = at, .name = known };
    if (strncmp(module, "torch.ops", 9) == 0 && (module[9] == 0 || module[9] == '.'))
        return ops_member(f, module, name, at);
    if (module_constant(f, path, n, at, &v) || named_member(f, path, n, at, &v)
        || library_member(f, module, name, at, &v))
        return v.kind == SVAL_OPERATOR ? known_operator(f, path, v) : v;
    const char *prefix = NULL;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strcmp(prefixes[i].module, module) == 0)
            prefix = prefixes[i].prefix;
    const char *op = prefix ? aten_name(prefix, name) : NULL;
    if (op)
        return known_operator(f, path, (sval){ .kind = SVAL_OPERATOR, .at = at, .name = op });
    return unknown_member(f, module, name, prefix, at);
}
