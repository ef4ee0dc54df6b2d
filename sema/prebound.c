/* sema/prebound.c: names every file may use without importing them, and what importing them again
 * means.
 *
 * Static tables, searched when the file itself does not define a name: a compile pays for the names
 * it uses. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <stdlib.h>
#include <string.h>

typedef struct prebound {
    const char *name;
    sval value;
} prebound;

#define BASE(k)         (&type_base_types[k])
#define BUILTIN(n)      { #n, { .kind = SVAL_BUILTIN, .name = #n } },
#define EXCEPTION(n)    { #n, { .kind = SVAL_EXCEPTION, .name = #n } },
#define MODULE(n, path) { #n, { .kind = SVAL_MODULE, .name = path } },
#define CONSTRUCTOR(n)  { #n, { .kind = SVAL_TYPE, .name = #n } },
#define TYPE(n, t)      { #n, { .kind = SVAL_TYPE, .name = #n, .type = BASE(t) } },

/* Sorted by name (strcmp order): found by bisection. */
/* clang-format off */
static const prebound table[] = {
    TYPE(Any, TYPE_ANY) EXCEPTION(ArithmeticError) EXCEPTION(AssertionError)
    EXCEPTION(AttributeError) EXCEPTION(BaseException) EXCEPTION(BufferError) CONSTRUCTOR(Dict)
    EXCEPTION(EOFError) CONSTRUCTOR(Enum) EXCEPTION(EnvironmentError) EXCEPTION(Exception)
    MODULE(F, "torch.nn.functional") CONSTRUCTOR(Final) EXCEPTION(FloatingPointError)
    CONSTRUCTOR(Future) EXCEPTION(IOError) EXCEPTION(ImportError) EXCEPTION(IndexError)
    EXCEPTION(KeyError) EXCEPTION(KeyboardInterrupt) CONSTRUCTOR(List) EXCEPTION(LookupError)
    EXCEPTION(MemoryError) EXCEPTION(ModuleNotFoundError) EXCEPTION(NameError)
    CONSTRUCTOR(NamedTuple) EXCEPTION(NotImplementedError) EXCEPTION(OSError)
    CONSTRUCTOR(Optional) EXCEPTION(OverflowError) EXCEPTION(PermissionError)
    EXCEPTION(RecursionError) EXCEPTION(ReferenceError) EXCEPTION(RuntimeError)
    EXCEPTION(StopIteration) EXCEPTION(SyntaxError) EXCEPTION(SystemError)
    TYPE(Tensor, TYPE_TENSOR) EXCEPTION(TimeoutError) CONSTRUCTOR(Tuple) EXCEPTION(TypeError)
    EXCEPTION(UnicodeError) CONSTRUCTOR(Union) EXCEPTION(UserWarning) EXCEPTION(ValueError)
    EXCEPTION(Warning) EXCEPTION(ZeroDivisionError) BUILTIN(abs) BUILTIN(all) BUILTIN(any)
    BUILTIN(bin) BUILTIN(bool) BUILTIN(chr) MODULE(cmath, "cmath") BUILTIN(complex) BUILTIN(dict)
    BUILTIN(divmod) BUILTIN(enumerate) BUILTIN(float) BUILTIN(getattr) BUILTIN(hasattr)
    BUILTIN(hash) BUILTIN(hex) BUILTIN(id) BUILTIN(int) BUILTIN(isinstance) BUILTIN(len)
    BUILTIN(list) MODULE(math, "math") BUILTIN(max) BUILTIN(min) MODULE(nn, "torch.nn")
    BUILTIN(oct) BUILTIN(ord) BUILTIN(pow) BUILTIN(print) BUILTIN(range) BUILTIN(rangelist)
    BUILTIN(round) BUILTIN(slice) BUILTIN(sorted) BUILTIN(str) BUILTIN(sum) MODULE(torch, "torch") BUILTIN(tuple)
    MODULE(warnings, "warnings") BUILTIN(zip)
};
/* clang-format on */
enum { TABLE_SIZE = sizeof table / sizeof *table };

static int compare_prebound(const void *key, const void *row)
{
    return strcmp(key, ((const prebound *)row)->name);
}

const sval *find_prebound(const char *name)
{
    const prebound *p = bsearch(name, table, TABLE_SIZE, sizeof *table, compare_prebound);
    return p ? &p->value : NULL;
}

const char *prebound_name(size_t i) { return i < TABLE_SIZE ? table[i].name : NULL; }

const sval *find_global(const checker *c, const char *name)
{
    const sval *own = strmap_find(&c->globals, name);
    return own ? own : find_prebound(name);
}

/* ---- types by path ---- */

static const struct {
    const char *path;
    const type *type;
} types[] = {
    { "Device", BASE(TYPE_DEVICE) },
    { "NoneType", BASE(TYPE_NONE) },
    { "Stream", BASE(TYPE_STREAM) },
    { "Tensor", BASE(TYPE_TENSOR) },
    { "bool", BASE(TYPE_BOOL) },
    { "complex", BASE(TYPE_COMPLEX) },
    { "float", BASE(TYPE_FLOAT) },
    { "int", BASE(TYPE_INT) },
    { "list", BASE(TYPE_ANY_LIST) }, // of any type; little but isinstance takes it
    { "number", BASE(TYPE_NUMBER) },
    { "str", BASE(TYPE_STR) },
    { "torch.BoolTensor", BASE(TYPE_TENSOR) },
    { "torch.ByteTensor", BASE(TYPE_TENSOR) },
    { "torch.CharTensor", BASE(TYPE_TENSOR) },
    { "torch.DoubleTensor", BASE(TYPE_TENSOR) },
    { "torch.FloatTensor", BASE(TYPE_TENSOR) },
    { "torch.HalfTensor", BASE(TYPE_TENSOR) },
    { "torch.IntTensor", BASE(TYPE_TENSOR) },
    { "torch.LongTensor", BASE(TYPE_TENSOR) },
    { "torch.ShortTensor", BASE(TYPE_TENSOR) },
    { "torch.Stream", BASE(TYPE_STREAM) },
    { "torch.Tensor", BASE(TYPE_TENSOR) },
    { "torch.device", BASE(TYPE_DEVICE) },
    { "torch.dtype", BASE(TYPE_INT) },
    { "torch.types._bool", BASE(TYPE_BOOL) },
    { "torch.types._device", BASE(TYPE_DEVICE) },
    { "torch.types._dtype", BASE(TYPE_INT) },
    { "torch.types._float", BASE(TYPE_FLOAT) },
    { "torch.types._int", BASE(TYPE_INT) },
    { "tuple", BASE(TYPE_ANY_TUPLE) },
    { "typing.Any", BASE(TYPE_ANY) },
};

const type *named_type(const char *path)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].path, path))
            return types[i].type;
    return NULL;
}

static const struct {
    const char *path, *name;
} constructors[] = {
    { "BroadcastingList1", NULL },
    { "BroadcastingList2", NULL },
    { "BroadcastingList3", NULL },
    { "BroadcastingList4", NULL },
    { "BroadcastingList5", NULL },
    { "BroadcastingList6", NULL },
    { "Dict", NULL },
    { "Final", NULL },
    { "Future", NULL },
    { "List", NULL },
    { "Optional", NULL },
    { "Tuple", NULL },
    { "Union", NULL },
    { "dict", "Dict" },
    { "list", "List" },
    { "tuple", "Tuple" },
    { "torch.jit.Final", "Final" },
    { "torch.jit.Future", "Future" },
    { "torch.futures.Future", "Future" },
};

const char *type_constructor(const char *path)
{
    if (!strncmp(path, "typing.", 7))
        path += 7;
    for (size_t i = 0; i < sizeof constructors / sizeof *constructors; i++)
        if (!strcmp(constructors[i].path, path))
            return constructors[i].name ? constructors[i].name : constructors[i].path;
    return NULL;
}

int broadcast_size(const char *path)
{
    static const char prefix[] = "torch.nn.common_types._size_";
    size_t n = sizeof prefix - 1;
    if (strncmp(path, prefix, n) != 0 || path[n] < '1' || path[n] > '6' || strcmp(path + n + 1, "_t") != 0)
        return 0;
    return path[n] - '0';
}

/* ---- imports of Python's modules ---- */

bool is_known_module(const char *path)
{
    static const char *const roots[] = {
        "torch", "math",     "cmath",       "typing",      "typing_extensions",
        "enum",  "warnings", "collections", "dataclasses", "__future__"
    };
    size_t n = strcspn(path, ".");
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
        if (strlen(roots[i]) == n && !strncmp(roots[i], path, n))
            return true;
    return false;
}

static bool is_submodule(const char *path)
{
    static const char *const modules[] = { "torch.nn",       "torch.nn.functional", "torch.jit",
                                           "torch.linalg",   "torch.special",       "torch.fft",
                                           "torch.autograd", "torch.futures",       "torch.ops",
                                           "torch.nn.init",  "torch.utils",         "torch.cuda",
                                           "torch.profiler", "torch.autograd.profiler" };
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        if (!strcmp(modules[i], path))
            return true;
    return false;
}

/* Names that only decorators and base classes use. They denote nothing a function could compute
 * with. */
static bool is_declarative(const char *path)
{
    static const char *const names[] = {
        "torch.jit.script",      "torch.jit.export",  "torch.jit.ignore", "torch.jit.unused",
        "torch.jit.interface",   "torch.nn.Module",   "torch.no_grad",    "collections.namedtuple",
        "dataclasses.dataclass", "dataclasses.field",  "dataclasses.InitVar", "dataclasses.KW_ONLY", "enum.auto",        "enum.Enum",
        "enum.IntEnum"
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], path))
            return true;
    return false;
}

sval prebound_member(checker *c, const char *module, const char *name, range at)
{
    if (!strcmp(module, "typing") || !strcmp(module, "typing_extensions")
        || !strcmp(module, "__future__")) {
        const sval *g = find_prebound(name);
        return g && g->kind == SVAL_TYPE ? *g : (sval){ .kind = SVAL_TYPE, .at = at, .name = name };
    }
    if (!strcmp(module, "enum") && !strcmp(name, "Enum"))
        return *find_prebound("Enum");
    const char *path = arena_printf(c->arena, "%s.%s", module, name);
    const type *t = named_type(path);
    if (t)
        return (sval){ .kind = SVAL_TYPE, .at = at, .name = path, .type = t };
    if (!strncmp(path, "torch._jit_internal.Broadcasting", 32) && type_constructor(name))
        return (sval){ .kind = SVAL_TYPE, .at = at, .name = type_constructor(name) };
    if (type_constructor(path) || is_declarative(path) || broadcast_size(path))
        return (sval){ .kind = SVAL_TYPE, .at = at, .name = path };
    if (is_submodule(path))
        return (sval){ .kind = SVAL_MODULE, .at = at, .name = path };
    constant_checker k;
    constant_checker_init(&k, c);
    sval v = get_attribute(&k.f, (sval){ .kind = SVAL_MODULE, .at = at, .name = module }, name, at);
    v.expr = NULL; /* math.pi: a variable of this module now */
    if (v.name)
        v.name = arena_strdup(c->arena, v.name);
    constant_checker_fini(&k);
    return v;
}
