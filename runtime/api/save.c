/* runtime/api/save.c: modules to archives.
 *
 * The object is pickled first: this tells which classes it holds, in which order they are named. Then their code is
 * printed, which finds more classes and the constants that code refers to; pickling those may find more again. The
 * records are written last, in PyTorch's order, from memory that stays until the file is complete. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/code.h"

#include "runtime/archive/container.h"
#include "runtime/archive/pickle.h"

#include <stdio.h>
#include <string.h>

enum { DEFLATE_FROM_BYTES = 200 }; /* smaller code files are stored */

typedef struct saver {
    script_archive code;
    script_hooks script;
    pickle_hooks hooks;
    pickle_storages data_storages, constant_storages;
    text data, constants;         /* the two pickles */
    VEC(text) ranges;             /* the .debug_pkl of each code file */
    api_origins origins;
    arena names;                  /* names of records */
    char version[16];
} saver;

/* ---- what pickles ask ----------------------------------------------------------------------------- */

static const char *class_name(void *ctx, const type *t)
{
    return script_archive_class_name(ctx, t);
}

static jit_status get_state(void *ctx, object *o, jit_value *ret, jit_error *err)
{
    (void)ctx;
    api_run run;
    api_run_init(&run, NULL);
    jit_value self = VALUE_HEAP_V(VALUE_OBJECT, o);
    jit_status status = api_call_method(&run.vm, self, "__getstate__", NULL, 0, NULL, 0, ret)
                            ? JIT_OK
                            : api_fail_run(err, &run.vm);
    api_run_fini(&run);
    return status;
}

/* ---- making the records --------------------------------------------------------------------------- */

static void saver_init(saver *s, container *file)
{
    *s = (saver){ .script = { .graph = api_script_graph }, .hooks = { .get_state = get_state, .class_name = class_name } };
    script_archive_init(&s->code, &s->script);
    s->hooks.ctx = &s->code;
    text_init(&s->data, NULL);
    text_init(&s->constants, NULL);
    api_origins_init(&s->origins, file);
    arena_init(&s->names);
}

static void saver_fini(saver *s)
{
    script_archive_fini(&s->code);
    pickle_storages_fini(&s->data_storages);
    pickle_storages_fini(&s->constant_storages);
    text_fini(&s->data);
    text_fini(&s->constants);
    for (size_t i = 0; i < s->ranges.n; i++)
        text_fini(&s->ranges.at[i]);
    VEC_FINI(&s->ranges);
    api_origins_fini(&s->origins);
    arena_fini(&s->names);
}

static jit_status pickle_constants(saver *s, jit_error *err)
{
    tuple *t = tuple_new(NULL, s->code.constants.n);
    if (!t)
        return error_no_memory(err);
    for (size_t i = 0; i < s->code.constants.n; i++)
        t->at[i] = value_ref(s->code.constants.at[i]);
    jit_value v = VALUE_HEAP_V(VALUE_TUPLE, t);
    pickle_storages_fini(&s->constant_storages);
    s->constant_storages = (pickle_storages){ 0 };
    text_clear(&s->constants);
    jit_status status = pickle(v, NULL, &s->hooks, &s->constant_storages, &s->constants, err);
    value_unref(v);
    return status;
}

/* Code, then constants, until the constants name no further class. */
static jit_status make_code(saver *s, jit_error *err)
{
    jit_status status;
    do {
        status = script_archive_print(&s->code, err);
        status = status ? status : pickle_constants(s, err);
    } while (!status && s->code.n_printed < s->code.items.n);
    for (size_t i = 0; !status && i < s->code.files.n; i++) {
        text made;
        text_init(&made, NULL);
        status = api_pickle_ranges(&s->code.files.at[i]->body, &s->origins, &made, err);
        if (!VEC_PUSH(&s->ranges, NULL, made)) {
            text_fini(&made);
            status = status ? status : error_no_memory(err);
        }
    }
    return status;
}

static jit_status make_records(saver *s, jit_value root, jit_error *err)
{
    const type *t = root.object->type;
    if (!script_archive_class_name(&s->code, t)) // the root's class is the first
        return script_archive_print(&s->code, err);
    jit_status status = pickle(root, t, &s->hooks, &s->data_storages, &s->data, err);
    return status ? status : make_code(s, err);
}

/* ---- writing -------------------------------------------------------------------------------------- */

static jit_status write_extra_files(saver *s, const jit_save_options *o, container_writer *w, jit_error *err)
{
    jit_status status = JIT_OK;
    for (size_t i = 0; !status && o && i < o->n_extra_files; i++) {
        const char *name = arena_printf(&s->names, "extra/%s", o->extra_files[i].name);
        status = name ? container_write(w, name, o->extra_files[i].bytes, o->extra_files[i].n_bytes, false, err)
                      : error_no_memory(err);
    }
    return status;
}

static jit_status write_code_record(saver *s, const char *path, const char *suffix, const text *code, container_writer *w,
                                    jit_error *err)
{
    const char *name = arena_printf(&s->names, "code/%s%s", path, suffix);
    return name ? container_write(w, name, code->s, code->n, code->n > DEFLATE_FROM_BYTES, err) : error_no_memory(err);
}

static jit_status write_code(saver *s, container_writer *w, jit_error *err)
{
    jit_status status = JIT_OK;
    for (size_t i = 0; !status && i < s->code.files.n; i++) {
        const script_file *f = s->code.files.at[i];
        status = write_code_record(s, f->path, "", &f->body.code, w, err);
        status = status ? status : write_code_record(s, f->path, ".debug_pkl", &s->ranges.at[i], w, err);
    }
    return status;
}

static jit_status write_records(saver *s, const jit_save_options *o, container_writer *w, jit_error *err)
{
    int n = snprintf(s->version, sizeof s->version, "%d\n", s->code.version);
    const char *version = s->code.version >= 6 ? ".data/version" : "version";
    jit_status status = write_extra_files(s, o, w, err);
    status = status ? status : pickle_storages_write(&s->data_storages, w, "data", err);
    status = status ? status : container_write(w, "data.pkl", s->data.s, s->data.n, false, err);
    status = status ? status : write_code(s, w, err);
    status = status ? status : pickle_storages_write(&s->constant_storages, w, "constants", err);
    status = status ? status : container_write(w, "constants.pkl", s->constants.s, s->constants.n, false, err);
    return status ? status : container_write(w, version, s->version, (size_t)n, false, err);
}

/* About how many bytes the records have. */
static size_t expected_bytes(const saver *s)
{
    size_t n = s->data.n + s->constants.n;
    for (size_t i = 0; i < s->data_storages.all.n; i++)
        n += s->data_storages.all.at[i]->n_bytes;
    for (size_t i = 0; i < s->constant_storages.all.n; i++)
        n += s->constant_storages.all.at[i]->n_bytes;
    return n;
}

/* Where the archive goes: a path, or memory. */
typedef struct target {
    const char *path;
    char **ret;
    size_t *ret_n_bytes;
} target;

static jit_status write_archive(saver *s, const jit_save_options *o, const target *to, jit_error *err)
{
    container_writer *w;
    const char *prefix = o ? o->prefix : NULL;
    jit_status status = to->path ? container_writer_open(to->path, prefix, &w, err)
                                 : container_writer_open_memory(prefix, &w, err);
    if (status)
        return status;
    if (o)
        container_writer_set_progress(w, &(container_progress){ o->progress, o->ctx }, expected_bytes(s));
    status = write_records(s, o, w, err);
    if (!status)
        return container_writer_finish(w, to->ret, to->ret_n_bytes, err);
    container_writer_abort(w);
    return status;
}

/* file: what the object was loaded from, or NULL */
static jit_status save_object(jit_value root, container *file, const jit_save_options *o, const target *to, jit_error *err)
{
    saver s;
    saver_init(&s, file);
    jit_status status = make_records(&s, root, err);
    status = status ? status : write_archive(&s, o, to, err);
    saver_fini(&s);
    return status;
}

/* ---- functions ------------------------------------------------------------------------------------ */

static jit_status save_function(ir_function *fn, const jit_save_options *o, const target *to, jit_error *err)
{
    ir_unit *u;
    const type *cls;
    jit_status status = api_placeholder(fn, &u, &cls, err);
    if (status)
        return status;
    object *root = ir_object_new(cls);
    if (root) {
        root->at[0] = VALUE_BOOL_V(true); // training, as PyTorch writes it
        jit_value v = VALUE_HEAP_V(VALUE_OBJECT, root);
        status = save_object(v, NULL, o, to, err);
        value_unref(v);
    } else {
        status = error_no_memory(err);
    }
    ir_unit_unref(u);
    return status;
}

/* What stands for a source: its only function, else `forward`, else `main`. */
static ir_function *choose_function(const ir_unit *u)
{
    if (u->functions.n == 1)
        return u->functions.entries[0].value;
    ir_function *fn = ir_unit_find_function(u, "forward");
    return fn ? fn : ir_unit_find_function(u, "main");
}

static jit_status find_function(const jit_module *m, const char *name, ir_function **ret, jit_error *err)
{
    *ret = name ? ir_unit_find_function(m->unit, name) : choose_function(m->unit);
    if (*ret)
        return JIT_OK;
    if (name)
        return error_fail(err, JIT_ENOTFOUND, "no function '%s'", name);
    return error_fail(err, JIT_ENOTFOUND,
                      m->unit->functions.n ? "the source defines several functions and none is called 'forward' or 'main': "
                                             "say which one is to be saved"
                                           : "the source defines no function");
}

static jit_status save_module(jit_module *m, const jit_save_options *o, const target *to, jit_error *err)
{
    ir_function *fn;
    if (m->root.tag == VALUE_OBJECT)
        return save_object(m->root, m->file, o, to, err);
    jit_status status = find_function(m, o ? o->function : NULL, &fn, err);
    return status ? status : save_function(fn, o, to, err);
}

static jit_status check_options(const jit_save_options *o, jit_error *err)
{
    if (o && o->n_extra_files && !o->extra_files)
        return error_fail(err, JIT_EINVAL, "jit_save: the extra files are NULL");
    for (size_t i = 0; o && i < o->n_extra_files; i++)
        if (!o->extra_files[i].name || !*o->extra_files[i].name || (!o->extra_files[i].bytes && o->extra_files[i].n_bytes))
            return error_fail(err, JIT_EINVAL, "jit_save: extra file %zu has no name or no bytes", i);
    return JIT_OK;
}

/* ---- the public verbs ----------------------------------------------------------------------------- */

jit_status jit_save(jit_module *m, const char *path, const jit_save_options *opts, jit_error *err)
{
    if (!m || !path)
        return error_fail(err, JIT_EINVAL, "jit_save: the module or the path is NULL");
    jit_status status = check_options(opts, err);
    return status ? status : save_module(m, opts, &(target){ .path = path }, err);
}

jit_status jit_serialize(jit_module *m, const jit_save_options *opts, char **ret, size_t *ret_n_bytes, jit_error *err)
{
    if (!m || !ret || !ret_n_bytes)
        return error_fail(err, JIT_EINVAL, "jit_serialize: the module or the place of the bytes is NULL");
    jit_status status = check_options(opts, err);
    char *bytes = NULL;
    status = status ? status : save_module(m, opts, &(target){ .ret = &bytes, .ret_n_bytes = ret_n_bytes }, err);
    if (!status)
        *ret = bytes;
    return status;
}

static jit_status save_handle(jit_function *f, const jit_save_options *o, const target *to, jit_error *err)
{
    return f->self.tag == VALUE_OBJECT ? save_object(f->self, NULL, o, to, err) : save_function(f->fn, o, to, err);
}

jit_status jit_save_function(jit_function *f, const char *path, const jit_save_options *opts, jit_error *err)
{
    if (!f || !path)
        return error_fail(err, JIT_EINVAL, "jit_save_function: the function or the path is NULL");
    jit_status status = check_options(opts, err);
    return status ? status : save_handle(f, opts, &(target){ .path = path }, err);
}

jit_status jit_serialize_function(jit_function *f, const jit_save_options *opts, char **ret, size_t *ret_n_bytes,
                                  jit_error *err)
{
    if (!f || !ret || !ret_n_bytes)
        return error_fail(err, JIT_EINVAL, "jit_serialize_function: the function or the place of the bytes is NULL");
    jit_status status = check_options(opts, err);
    char *bytes = NULL;
    status = status ? status : save_handle(f, opts, &(target){ .ret = &bytes, .ret_n_bytes = ret_n_bytes }, err);
    if (!status)
        *ret = bytes;
    return status;
}
