/* runtime/api/load.c: .pt archives to modules, and the files of torch.save to values.
 *
 * The container gives records, the unpickler builds values, the importer knows the classes the archive's own code
 * defines; here they are tied together. Loading reads the pickles and the code files of the classes met. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "ir/type.h"
#include "runtime/archive/container.h"
#include "runtime/archive/pickle.h"
#include "sema/archive.h"

#include <stdio.h>
#include <string.h>

/* ---- code ----------------------------------------------------------------------------------------- */

/* "__torch__/pkg/mod" is the record code/__torch__/pkg/mod.py. */
static bool find_code(void *ctx, const char *path, const source **ret, text *why)
{
    container *c = ctx;
    jit_error err = JIT_ERROR_INIT;
    text name;
    text_init(&name, NULL);
    text_add(&name, "code/");
    text_add(&name, path);
    text_add(&name, ".py");
    char *bytes = NULL;
    size_t n;
    jit_status status = name.failed ? JIT_ENOMEM : JIT_ENOTFOUND;
    if (!name.failed && container_find(c, name.s))
        status = container_read(c, name.s, &bytes, &n, &err);
    source *src = status ? NULL : source_new(name.s, bytes, n);
    if (!src && status != JIT_ENOTFOUND)
        text_add(why, err.message ? err.message : "out of memory");
    *ret = src;
    mem_free(bytes);
    text_fini(&name);
    jit_error_fini(&err);
    return src != NULL;
}

static void free_code(void *ctx) { container_unref(ctx); }

static ir_unit *open_unit(container *c)
{
    sema_archive_options o = { .version = container_version(c), .find_code = find_code, .ctx = container_ref(c),
                               .free_ctx = free_code };
    ir_unit *u = sema_archive_open(&o);
    if (!u)
        container_unref(c);
    return u;
}

/* ---- what a pickle refers to ---------------------------------------------------------------------- */

typedef struct loader {
    container *file;
    ir_unit *unit;          /* NULL: no classes */
    const char *folder;     /* of the storages: "data", "constants" */
    jit_limits limits;      /* what is left of them; all 0: none */
    int64_t deadline_ns;    /* 0: none */
} loader;

/* The time that loading may take; memory is bounded by the budget of the whole load. */
static jit_status check_time(loader *l, jit_error *err)
{
    if (!l->deadline_ns)
        return JIT_OK;
    l->limits.max_time_ns = l->deadline_ns - api_now_ns();
    return l->limits.max_time_ns > 0 ? JIT_OK : error_fail(err, JIT_ELIMIT, "loading takes longer than its time limit");
}

/* Ask the importer; what it reports goes to err. */
static jit_status finish_type(const type *t, const char *name, diag *d, const type **ret, jit_error *err)
{
    jit_status status = JIT_OK;
    if (t)
        *ret = t;
    else if (d->n_errors)
        status = api_fail_diag(err, d, false);
    else
        status = error_fail(err, JIT_EFORMAT, "Unknown type name '%s'", name);
    diag_fini(d);
    return status;
}

static jit_status find_class(void *ctx, const char *name, const type **ret, jit_error *err)
{
    loader *l = ctx;
    jit_status status = check_time(l, err);
    if (status)
        return status;
    diag d;
    diag_init(&d);
    return finish_type(sema_archive_type(l->unit, name, &d), name, &d, ret, err);
}

/* The error's place is one in the spelling, which no file holds: the spelling itself says more. */
static jit_status fail_spelling(jit_error *err, jit_status status, const char *spelling)
{
    if (!err || !err->file || strcmp(err->file, SEMA_ANNOTATION_FILE))
        return status;
    mem_free(err->file);
    err->file = NULL;
    err->line = err->column = 0;
    char where[128];
    snprintf(where, sizeof where, "type '%.100s'", spelling);
    return error_add_place(err, status, where);
}

static jit_status parse_type(void *ctx, const char *spelling, const type **ret, jit_error *err)
{
    loader *l = ctx;
    diag d;
    diag_init(&d);
    if (l->unit) {
        const type *t = sema_archive_annotation(l->unit, spelling, &d);
        return fail_spelling(err, finish_type(t, spelling, &d, ret, err), spelling);
    }
    const char *why = NULL;
    const type *t = type_parse(spelling, strlen(spelling), NULL, &d.arena, &why);
    return finish_type(t, spelling, &d, ret, err);
}

static jit_status find_storage(void *ctx, const char *key, size_t n_bytes, storage **ret, jit_error *err)
{
    loader *l = ctx;
    text name;
    text_init(&name, NULL);
    text_add(&name, l->folder);
    text_add(&name, "/");
    text_add(&name, key);
    jit_status status = name.failed ? error_no_memory(err) : container_storage(l->file, name.s, n_bytes, ret, err);
    text_fini(&name);
    return status;
}

/* An attribute that __setstate__ must have set: not None, unless its type allows that. */
static jit_status check_attributes(const object *o, jit_error *err)
{
    const type_class *cls = o->type->cls;
    for (size_t i = 0; i < o->n && i < cls->n_attributes; i++) {
        const type *t = cls->attributes[i].type;
        if (o->at[i].tag != VALUE_NONE || t->kind == TYPE_NONE || t->kind == TYPE_ANY || type_is_optional_like(t))
            continue;
        arena a;
        arena_init(&a);
        jit_status status = error_fail(err, JIT_EFORMAT,
                                       "The field '%s' was left uninitialized after '__setstate__', but expected a value "
                                       "of type '%s'", cls->attributes[i].name, type_str(&a, t));
        arena_fini(&a);
        return status;
    }
    return JIT_OK;
}

static jit_status set_state(void *ctx, object *o, jit_value state, jit_error *err)
{
    loader *l = ctx;
    jit_status status = check_time(l, err);
    if (status)
        return status;
    api_run run;
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.limits = &l->limits;
    api_run_init(&run, &opts);
    jit_value nothing = VALUE_NONE_V;
    bool is_done = api_call_method(&run.vm, VALUE_HEAP_V(VALUE_OBJECT, o), "__setstate__", &state, 1, NULL, 0, &nothing);
    status = is_done ? JIT_OK : api_fail_run(err, &run.vm);
    if (l->limits.max_instructions)
        l->limits.max_instructions = run.vm.instructions_left > 0 ? run.vm.instructions_left : 1;
    api_run_fini(&run);
    value_unref(nothing);
    return status ? status : check_attributes(o, err);
}

static jit_status read_pickle(loader *l, const char *record, const char *folder, jit_value *ret, jit_error *err)
{
    char *bytes;
    size_t n;
    jit_status status = container_read(l->file, record, &bytes, &n, err);
    if (status)
        return status;
    unpickle_hooks hooks = {
        .ctx = l,
        .find_class = l->unit ? find_class : NULL,
        .set_state = set_state,
        .find_storage = find_storage,
        .parse_type = parse_type,
        .is_python = !l->unit,
        .has_type_tags = container_version(l->file) >= 3,
    };
    l->folder = folder;
    status = unpickle(bytes, n, record, &hooks, NULL, ret, err);
    mem_free(bytes);
    return status;
}

/* ---- modules -------------------------------------------------------------------------------------- */

/* Objects in the constant table belong to the unit that holds the table: they do not keep it alive in turn. */
static void loosen_constants(const tuple *t)
{
    for (size_t i = 0; i < t->n; i++) {
        object *o = t->at[i].tag == VALUE_OBJECT ? t->at[i].object : NULL;
        if (o && o->unref_type) {
            void (*unref_type)(const type *) = o->unref_type;
            o->unref_type = NULL;
            unref_type(o->type);
        }
    }
}

static jit_status load_constants(loader *l, jit_error *err)
{
    jit_value constants = VALUE_NONE_V;
    if (!container_find(l->file, "constants.pkl"))
        return error_fail(err, JIT_EFORMAT, "%s: no record constants.pkl: this is no archive of torch.jit.save",
                          container_name(l->file));
    jit_status status = read_pickle(l, "constants.pkl", "constants", &constants, err);
    if (status)
        return status;
    if (constants.tag != VALUE_TUPLE) {
        value_unref(constants);
        return error_fail(err, JIT_EFORMAT, "%s: constants.pkl holds no tuple", container_name(l->file));
    }
    loosen_constants(constants.tuple);
    return sema_archive_set_constants(l->unit, constants) ? JIT_OK : error_no_memory(err);
}

static jit_status load_root(loader *l, jit_value *ret, jit_error *err)
{
    jit_value root = VALUE_NONE_V;
    jit_status status = read_pickle(l, "data.pkl", "data", &root, err);
    if (status)
        return status;
    if (root.tag != VALUE_OBJECT || !root.object->type->cls->is_module) {
        value_unref(root);
        return error_fail(err, JIT_EFORMAT, "%s: data.pkl holds no module", container_name(l->file));
    }
    *ret = root;
    return JIT_OK;
}

/* Takes the container over. */
static jit_status load(container *take, const jit_load_options *opts, jit_module **ret, jit_error *err)
{
    loader l = { .file = take, .unit = open_unit(take) };
    if (opts && opts->limits)
        l.limits = *opts->limits;
    l.limits.max_bytes = 0; // the whole load has a budget
    l.deadline_ns = l.limits.max_time_ns ? api_now_ns() + l.limits.max_time_ns : 0;
    jit_value root = VALUE_NONE_V;
    jit_status status = l.unit ? load_constants(&l, err) : error_no_memory(err);
    if (!status)
        status = load_root(&l, &root, err);
    if (status) {
        ir_unit_unref(l.unit);
        container_unref(take);
        return status;
    }
    jit_module *m = api_module_new(l.unit, root, take);
    if (!m)
        return error_no_memory(err);
    *ret = m;
    return JIT_OK;
}

static jit_status check_options(const jit_load_options *opts, jit_error *err)
{
    device where;
    const char *name = opts ? opts->map_location : NULL;
    if (name && (!device_parse(name, &where) || where.kind != DEVICE_CPU))
        return error_fail(err, JIT_EUNSUPPORTED, "device '%s' is not supported by this build; use cpu", name);
    return JIT_OK;
}

static container_options container_options_of(const jit_load_options *opts)
{
    return opts ? (container_options){ .copy = opts->copy, .verify = opts->verify, .progress = { opts->progress, opts->ctx } }
                : (container_options){ 0 };
}

/* Of the file at path, or of bytes where path is NULL. */
static jit_status open_and_load(const char *path, const void *bytes, size_t n_bytes, const jit_load_options *opts,
                                jit_module **ret, jit_error *err)
{
    container *c;
    container_options o = container_options_of(opts);
    jit_status status = check_options(opts, err);
    if (status)
        return status;
    mem_budget budget = { .limit_bytes = opts && opts->limits ? opts->limits->max_bytes : 0 };
    mem_budget *outer = budget.limit_bytes ? mem_budget_set(&budget) : NULL;
    status = path ? container_open(path, &o, &c, err) : container_open_memory(bytes, n_bytes, false, &o, &c, err);
    if (!status)
        status = load(c, opts, ret, err);
    if (budget.limit_bytes)
        mem_budget_set(outer);
    return status;
}

jit_status jit_load(const char *path, const jit_load_options *opts, jit_module **ret, jit_error *err)
{
    if (!path || !ret)
        return error_fail(err, JIT_EINVAL, "jit_load: the path or the place of the module is NULL");
    return open_and_load(path, NULL, 0, opts, ret, err);
}

jit_status jit_load_memory(const void *bytes, size_t n_bytes, const jit_load_options *opts, jit_module **ret,
                           jit_error *err)
{
    if (!bytes || !ret)
        return error_fail(err, JIT_EINVAL, "jit_load_memory: the bytes or the place of the module is NULL");
    return open_and_load(NULL, bytes, n_bytes, opts, ret, err);
}

jit_status jit_unserialize(const void *bytes, size_t n_bytes, const jit_load_options *opts, jit_module **ret,
                           jit_error *err)
{
    return jit_load_memory(bytes, n_bytes, opts, ret, err);
}

jit_status jit_module_extra_file(const jit_module *m, const char *name, char **ret, size_t *ret_n_bytes, jit_error *err)
{
    if (!m || !name || !ret || !m->file)
        return error_fail(err, JIT_EINVAL, "jit_module_extra_file: an argument is NULL, or the module is that of a source");
    char *bytes;
    size_t n;
    text record;
    text_init(&record, NULL);
    text_addf(&record, "extra/%s", name);
    jit_status status = record.failed ? error_no_memory(err) : container_read(m->file, record.s, &bytes, &n, err);
    text_fini(&record);
    if (status)
        return status;
    *ret = bytes;
    if (ret_n_bytes)
        *ret_n_bytes = n;
    return JIT_OK;
}
