/* sema/prelude.c: classes that PyTorch itself writes in Python and programs use by name.
 *
 * They are TorchScript here as there: compiled from source into a unit of their own when a program
 * first mentions one, so that entering, leaving, unwinding and printing need no case of their own.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <string.h>

typedef struct prelude_class {
    const char *path;   /* how programs name it */
    const char *prefix; /* of its qualified name, as in PyTorch's graphs */
    const char *name;
    const char *text;
} prelude_class;

static const char no_grad_text[] =
    "class no_grad:\n"
    "    def __init__(self) -> None:\n"
    "        self.prev = False\n"
    "    def __enter__(self) -> None:\n"
    "        self.prev = torch.is_grad_enabled()\n"
    "        torch.set_grad_enabled(False)\n"
    "    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:\n"
    "        torch.set_grad_enabled(self.prev)\n";

/* Marks a region for the profiler: none is running. */
static const char record_function_text[] =
    "class record_function:\n"
    "    def __init__(self, name: str, args: Optional[str] = None) -> None:\n"
    "        self.name = name\n"
    "        self.args = args\n"
    "    def __enter__(self):\n"
    "        return self\n"
    "    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:\n"
    "        pass\n";

/* Chooses the dtype of some operators on a device. Devices other than the CPU have no operators here, so
 * there is nothing to choose; on the CPU it is refused when it is entered (VM_AUTOCAST). PyTorch reads all three
 * attributes of a saved one. */
#define AUTOCAST_BODY                                                                              \
    "        self._enabled = enabled\n"                                                            \
    "        self.device = device_type\n"                                                          \
    "        self.fast_dtype = dtype\n"                                                            \
    "    def __enter__(self):\n"                                                                   \
    "        return self\n"                                                                        \
    "    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:\n"             \
    "        pass\n"

static const char autocast_text[] =
    "class autocast:\n"
    "    def __init__(self, device_type: str, dtype: Optional[int] = None, enabled: bool = True,\n"
    "                 cache_enabled: Optional[bool] = None) -> None:\n" AUTOCAST_BODY;

static const char cuda_autocast_text[] =
    "class autocast:\n"
    "    def __init__(self, enabled: bool = True, dtype: int = 5,\n"
    "                 cache_enabled: bool = True) -> None:\n"
    "        device_type = 'cuda'\n" AUTOCAST_BODY;

static const char cpu_autocast_text[] =
    "class autocast:\n"
    "    def __init__(self, enabled: bool = True, dtype: int = 15,\n"
    "                 cache_enabled: bool = True) -> None:\n"
    "        device_type = 'cpu'\n" AUTOCAST_BODY;

static const prelude_class classes[] = {
    { "torch.autocast", "__torch__.torch.amp.autocast_mode", "autocast", autocast_text },
    { "torch.amp.autocast", "__torch__.torch.amp.autocast_mode", "autocast", autocast_text },
    { "torch.cuda.amp.autocast", "__torch__.torch.cuda.amp.autocast_mode", "autocast",
      cuda_autocast_text },
    { "torch.cpu.amp.autocast", "__torch__.torch.cpu.amp.autocast_mode", "autocast",
      cpu_autocast_text },
    { "torch.no_grad", "__torch__.torch.autograd.grad_mode", "no_grad", no_grad_text },
    { "torch.autograd.no_grad", "__torch__.torch.autograd.grad_mode", "no_grad", no_grad_text },
    { "torch.autograd.profiler.record_function", "__torch__.torch.autograd.profiler",
      "record_function", record_function_text },
    { "torch.profiler.record_function", "__torch__.torch.autograd.profiler", "record_function",
      record_function_text },
};

static const prelude_class *find_row(const char *path)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (!strcmp(classes[i].path, path))
            return &classes[i];
    return NULL;
}

/* Compile a row. Its own errors are ours, not the user's: they show as a class that does not exist.
 */
static checker *check_prelude(const prelude_class *row, sema_goal goal)
{
    diag d;
    diag_init(&d);
    source *src = source_new("<torch>", row->text, strlen(row->text));
    ast *tree = src ? ast_parse(src, AST_USER, &d) : NULL;
    sema_options plain = { .goal = goal };
    checker *k = tree ? check_source(tree, &plain, &d, NULL, row->prefix) : NULL;
    if (k && d.n_errors) {
        ir_unit_unref(k->unit);
        k = NULL;
    }
    source_unref(src);
    diag_fini(&d);
    return k;
}

const type *find_prelude_class(checker *c, const char *path)
{
    const prelude_class *row = find_row(path);
    if (!row)
        return find_library_class(c, path);
    const char *qualified = arena_printf(c->arena, "%s.%s", row->prefix, row->name);
    const type *known = ir_unit_find_type(c->unit, qualified);
    if (known)
        return known;
    checker *k = check_prelude(row, c->goal);
    if (!k)
        return NULL;
    ir_unit *unit = k->unit;
    bool added = ir_unit_add_import(c->unit, unit);
    ir_unit_unref(unit);
    return added ? ir_unit_find_type(c->unit, qualified) : NULL;
}
