/* codegen/emit_script.c: names, types and files of an archive's code.
 *
 * A thing is named when it is first mentioned and printed when its turn comes, so the walk is a queue and no printing
 * nests in another. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "codegen/emit_internal.h"

#include <stdlib.h>
#include <string.h>

static const char mangle_prefix[] = "___torch_mangle_";

/* ---- the archive ---------------------------------------------------------------------------------- */

void script_archive_init(script_archive *a, const script_hooks *hooks)
{
    *a = (script_archive){ .hooks = hooks, .version = 3 };
    arena_init(&a->arena);
    ptrmap_init(&a->names, &a->arena);
    strmap_init(&a->taken, &a->arena);
}

void script_archive_fini(script_archive *a)
{
    for (size_t i = 0; i < a->files.n; i++)
        script_text_fini(&a->files.at[i]->body);
    for (size_t i = 0; i < a->constants.n; i++)
        value_unref(a->constants.at[i]);
    VEC_FINI(&a->files);
    VEC_FINI(&a->constants);
    VEC_FINI(&a->items);
    arena_fini(&a->arena);
}

bool script_fail(script_archive *a, jit_status s, const char *format, ...)
{
    if (a->status)
        return false;
    va_list ap;
    va_start(ap, format);
    a->message = arena_vprintf(&a->arena, format, ap);
    va_end(ap);
    a->status = arena_failed(&a->arena) ? JIT_ENOMEM : s;
    return false;
}

/* ---- identifiers ----------------------------------------------------------------------------------- */

bool script_is_identifier(const char *s)
{
    if (!*s || (*s >= '0' && *s <= '9'))
        return false;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || *s == '_'))
            return false;
    return true;
}

bool script_is_keyword(const char *s)
{
    static const char *const words[] = {
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i], s))
            return true;
    return false;
}

/* ---- names ----------------------------------------------------------------------------------------- */

/* "__torch__.pkg.C" → "__torch__.pkg.___torch_mangle_3.C"; an atom of that kind that is there gets the number. */
static const char *mangle(script_archive *a, const char *name)
{
    const char *old = strstr(name, mangle_prefix), *dot = strrchr(name, '.');
    const char *begin = old ? old : dot ? dot + 1 : name;
    const char *rest = old ? strchr(old, '.') : NULL;
    rest = rest ? rest + 1 : begin;
    return arena_printf(&a->arena, "%.*s%s%u.%s", (int)(begin - name), name, mangle_prefix, a->n_mangled++,
                        old && rest == begin ? "" : rest);
}

static bool is_writable(script_archive *a, const char *name)
{
    char *copy = arena_strdup(&a->arena, name);
    for (char *atom = copy, *end; copy && atom; atom = end) {
        end = strchr(atom, '.');
        if (end)
            *end++ = 0;
        if (!script_is_identifier(atom) || script_is_keyword(atom))
            return script_fail(a, JIT_EUNSUPPORTED, "'%s' is no name that code can be saved under", name);
    }
    return copy || script_fail(a, JIT_ENOMEM, "out of memory");
}

static const char *name_item(script_archive *a, const void *key, const char *wanted, script_item item)
{
    const char *name = wanted;
    while (name && strmap_has(&a->taken, name) && !arena_failed(&a->arena))
        name = mangle(a, wanted);
    item.name = name ? arena_strdup(&a->arena, name) : NULL;
    if (!item.name || !strmap_set(&a->taken, item.name, (void *)item.name)
        || !ptrmap_set(&a->names, key, (void *)item.name) || !VEC_PUSH(&a->items, NULL, item) || arena_failed(&a->arena)) {
        script_fail(a, JIT_ENOMEM, "out of memory");
        return NULL;
    }
    return is_writable(a, item.name) ? item.name : NULL;
}

/* Classes that every reader has. */
static bool is_known_class(const char *name)
{
    static const char prefix[] = "__torch__.torch.classes.";
    return name && !strncmp(name, prefix, sizeof prefix - 1);
}

const char *script_archive_class_name(script_archive *a, const type *t)
{
    if (is_known_class(t->name))
        return t->name;
    const char *name = ptrmap_find(&a->names, t);
    return name ? name : name_item(a, t, t->name, (script_item){ .type = t });
}

/* A method called as a function, as hooks are, is a name in its class. */
static const char *method_name(script_archive *a, const ir_function *fn)
{
    const char *class_name = script_archive_class_name(a, fn->owner);
    return class_name ? arena_printf(&a->arena, "%s.%s", class_name, fn->name) : NULL;
}

const char *script_library_operator(const ir_function *fn)
{
    static const char prefix[] = "__torch__.torch.ops.";
    const char *name = fn->qualified_name;
    const bool is_known = fn->owner ? is_known_class(fn->owner->name) : name && !strncmp(name, prefix, sizeof prefix - 1);
    return is_known ? name + strlen("__torch__.torch.") : NULL;
}

/* A static method stands beside its class: a name below a class would be looked up in the class. */
const char *script_function_name(script_archive *a, ir_function *fn)
{
    const char *name = ptrmap_find(&a->names, fn);
    if (name)
        return name;
    if (fn->owner && !fn->is_static)
        return method_name(a, fn);
    if (script_library_operator(fn))
        return script_library_operator(fn);
    const char *wanted = fn->qualified_name, *dot = fn->owner ? strrchr(fn->owner->name, '.') : NULL;
    if (dot)
        wanted = arena_printf(&a->arena, "%.*s.%s", (int)(dot - fn->owner->name), fn->owner->name, fn->name);
    return name_item(a, fn, wanted, (script_item){ .fn = fn });
}

/* ---- types ----------------------------------------------------------------------------------------- */

static void put_parts(script_archive *a, const char *constructor, const type *t, text *out)
{
    text_addf(out, "%s[", constructor);
    for (size_t i = 0; i < t->n_args; i++) {
        text_add(out, i ? ", " : "");
        script_put_type(a, t->args[i], out);
    }
    text_add(out, t->n_args ? "]" : "()]");
}

void script_put_type(script_archive *a, const type *t, text *out)
{
    switch ((type_kind)t->kind) {
    case TYPE_LIST:     put_parts(a, "List", t, out); return;
    case TYPE_OPTIONAL: put_parts(a, "Optional", t, out); return;
    case TYPE_DICT:     put_parts(a, "Dict", t, out); return;
    case TYPE_FUTURE:   put_parts(a, "Future", t, out); return;
    case TYPE_RREF:     put_parts(a, "RRef", t, out); return;
    case TYPE_TUPLE:    put_parts(a, "Tuple", t, out); return;
    case TYPE_UNION:    put_parts(a, "Union", t, out); return;
    case TYPE_NAMED_TUPLE: case TYPE_CLASS: case TYPE_INTERFACE: case TYPE_ENUM:
        if (t->name) {
            const char *name = script_archive_class_name(a, t);
            text_add(out, name ? name : "");
        } else {
            put_parts(a, "Tuple", t, out);
        }
        return;
    case TYPE_VAR: case TYPE_ERROR:
        script_fail(a, JIT_EUNSUPPORTED, "a value without a type cannot be saved");
        return;
    default:
        type_print_annotation(t, true, out);
        return;
    }
}

/* ---- files ----------------------------------------------------------------------------------------- */

/* "__torch__.pkg.C" stands in __torch__/pkg.py */
static script_file *find_file(script_archive *a, const char *name)
{
    const char *dot = strrchr(name, '.');
    char *path = arena_printf(&a->arena, "%.*s.py", dot ? (int)(dot - name) : 0, name);
    for (char *p = path; p && p < path + (dot ? dot - name : 0); p++)
        if (*p == '.')
            *p = '/';
    for (size_t i = 0; path && i < a->files.n; i++)
        if (!strcmp(a->files.at[i]->path, path))
            return a->files.at[i];
    script_file *f = path ? ARENA_NEW(&a->arena, script_file) : NULL;
    if (!f || arena_failed(&a->arena) || !VEC_PUSH(&a->files, NULL, f)) {
        script_fail(a, JIT_ENOMEM, "out of memory");
        return NULL;
    }
    f->path = path;
    script_text_init(&f->body, NULL);
    return f;
}

static void print_item(script_archive *a, script_item item)
{
    script_file *f = find_file(a, item.name);
    const char *dot = strrchr(item.name, '.'), *name = dot ? dot + 1 : item.name;
    if (!f)
        return;
    if (item.fn)
        script_print_def(a, item.fn, name, 0, &f->body);
    else
        script_print_class(a, item.type, name, &f->body);
    if (f->body.code.failed)
        script_fail(a, JIT_ENOMEM, "out of memory");
}

/* Tell the first failure. */
static jit_status finish(script_archive *a, jit_error *err)
{
    if (arena_failed(&a->arena))
        return error_no_memory(err);
    return a->status ? error_fail(err, a->status, "%s", a->message) : JIT_OK;
}

jit_status script_archive_print(script_archive *a, jit_error *err)
{
    while (!a->status && a->n_printed < a->items.n)
        print_item(a, a->items.at[a->n_printed++]);
    return finish(a, err);
}

jit_status script_print_function(ir_function *fn, const script_hooks *hooks, text *out, jit_error *err)
{
    script_archive a;
    script_text body;
    script_archive_init(&a, hooks);
    script_text_init(&body, NULL);
    script_print_def(&a, fn, fn->name, 0, &body);
    if (body.code.failed)
        script_fail(&a, JIT_ENOMEM, "out of memory");
    jit_status status = finish(&a, err);
    if (!status)
        text_add_bytes(out, body.code.s, body.code.n);
    script_text_fini(&body);
    script_archive_fini(&a);
    return status;
}
