/* runtime/api/contents.c: what an archive holds, for people and tools: its modules with their parameters, the methods
 * with their signatures, the operators its code uses and which of them we lack, the records of the file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "ir/op.h"
#include "ir/type.h"
#include "runtime/archive/container.h"
#include "sema/archive.h"

#include <stdlib.h>
#include <string.h>

/* ---- compiling everything ------------------------------------------------------------------------- */

static bool is_code(const char *record)
{
    size_t n = strlen(record);
    return !strncmp(record, "code/", 5) && n > 8 && !strcmp(record + n - 3, ".py");
}

/* Declare what each code file defines, then compile it all; what is wrong is in d. */
static void compile_code(const jit_module *m, diag *d)
{
    api_making_begin();
    for (size_t i = 0; i < container_n_records(m->file); i++) {
        const char *name = container_at(m->file, i)->name;
        char *path = is_code(name) ? mem_strdup(name + 5) : NULL;
        if (!path)
            continue;
        path[strlen(path) - 3] = 0;
        sema_archive_declare_file(m->unit, path, d);
        mem_free(path);
    }
    sema_archive_compile_all(m->unit, d);
    api_making_end();
}

jit_status jit_module_check(jit_module *m, jit_format format, char **ret_report, jit_error *err)
{
    if (!m || !ret_report || !m->file)
        return error_fail(err, JIT_EINVAL, "jit_module_check: an argument is NULL, or the module is that of a source");
    diag d;
    text out;
    diag_init(&d);
    text_init(&out, NULL);
    compile_code(m, &d);
    diag_sort(&d);
    if (format == JIT_JSON)
        diag_print_json(&d, &out);
    else
        diag_print(&d, &out, format == JIT_TEXT_COLOUR);
    jit_status status = d.n_errors ? api_fail_diag(err, &d, false) : JIT_OK;
    char *report = text_take(&out);
    diag_fini(&d);
    if (!report)
        return error_no_memory(err);
    *ret_report = report;
    return status;
}

/* ---- operators ------------------------------------------------------------------------------------ */

typedef struct op_count { const char *name, *overload; int64_t n; bool is_missing; } op_count;
typedef VEC(op_count) op_counts;

static bool lacks(op_id id)
{
    uint8_t backend = op_get_info(id)->backend;
    return backend == OP_IS_DECLARED || (backend == OP_HAS_KERNEL && !op_kernel_find(id, DEVICE_CPU));
}

static bool is_operator(op_id id) { return strncmp(op_name(id), "prim::", 6) != 0; }

static void count_graph(const ir_graph *g, int64_t *counts)
{
    IR_EACH_NODE_DEEP(n, g)
        counts[n->op]++;
}

static int compare_counts(const void *a, const void *b)
{
    const op_count *x = a, *y = b;
    int by_name = strcmp(x->name, y->name);
    return x->n != y->n ? (x->n < y->n ? 1 : -1) : by_name ? by_name : strcmp(x->overload, y->overload);
}

/* "torchvision::nms is not implemented": operators that are not even known by name. */
static void add_unknown(const diag *d, op_counts *ret, arena *a)
{
    for (const diag_item *it = d->first; it; it = it->next) {
        if (strcmp(it->code, "missing-operator"))
            continue;
        const char *name = arena_strndup(a, it->message, strcspn(it->message, " "));
        size_t i = 0;
        while (i < ret->n && strcmp(ret->at[i].name, name))
            i++;
        if (i < ret->n)
            ret->at[i].n++;
        else
            VEC_PUSH(ret, a, ((op_count){ name, "", 1, true }));
    }
}

/* The operators of all compiled code, most frequent first. */
static void count_operators(const jit_module *m, const diag *d, op_counts *ret, arena *a)
{
    int64_t *counts = ARENA_ARRAY(a, int64_t, OP__COUNT);
    if (arena_failed(a))
        return;
    for (ir_function *fn = m->unit->all; fn; fn = fn->next)
        if (fn->graph)
            count_graph(fn->graph, counts);
    for (op_id id = 1; id < OP__COUNT; id++)
        if (counts[id] && (is_operator(id) || lacks(id)))
            VEC_PUSH(ret, a, ((op_count){ op_name(id), op_overload(id), counts[id], lacks(id) }));
    add_unknown(d, ret, a);
    if (!arena_failed(a) && ret->n)
        qsort(ret->at, ret->n, sizeof *ret->at, compare_counts);
}

/* ---- modules -------------------------------------------------------------------------------------- */

static int64_t bytes_of(const tensor *t) { return t->numel * (int64_t)dtype_size(tensor_dtype(t)); }

static void print_shape(const tensor *t, text *out)
{
    text_add_char(out, '[');
    for (int i = 0; i < t->n_dims; i++)
        text_addf(out, "%s%lld", i ? ", " : "", (long long)t->sizes[i]);
    text_add_char(out, ']');
}

typedef struct totals {
    int64_t n_modules, n_parameters, n_elements, n_bytes, n_buffers;
    ptrmap seen; /* a module or tensor → the name it was first met under: each is shown and counted once */
    arena *names;
} totals;

static void totals_init(totals *sum, arena *a)
{
    *sum = (totals){ .names = a };
    ptrmap_init(&sum->seen, a);
}

/* The name a module or a tensor (attribute: its name in the module of that path) was met under before; NULL: it is new. */
static const char *seen_as(totals *sum, const void *what, const char *path, const char *attribute)
{
    const char *before = ptrmap_find(&sum->seen, what);
    if (!before)
        ptrmap_set(&sum->seen, what, arena_printf(sum->names, "%s%s%s", path, *path && *attribute ? "." : "", attribute));
    return before;
}

static void count_tensor(totals *sum, const tensor *t, const type_attribute *a)
{
    sum->n_parameters += a->is_parameter;
    sum->n_elements += a->is_parameter ? t->numel : 0;
    sum->n_buffers += a->is_buffer;
    sum->n_bytes += bytes_of(t);
}

/* The tensors a module itself holds, one line each. */
static void print_tensors(const char *path, const object *o, int indent, totals *sum, text *out)
{
    const type_class *cls = o->type->cls;
    for (size_t i = 0; i < o->n; i++) {
        const type_attribute *a = &cls->attributes[i];
        if (o->at[i].tag != VALUE_TENSOR)
            continue;
        const tensor *t = o->at[i].t;
        text_add_spaces(out, (size_t)indent);
        text_addf(out, "%s: %s ", a->name, dtype_name(tensor_dtype(t)));
        print_shape(t, out);
        text_addf(out, ", %lld bytes%s", (long long)bytes_of(t), a->is_parameter ? "" : a->is_buffer ? ", buffer" : ", attribute");
        const char *before = seen_as(sum, t, path, a->name);
        text_addf(out, "%s%s\n", before ? ", the same as " : "", before ? before : "");
        if (!before)
            count_tensor(sum, t, a);
    }
}

/* Other attributes, in short. */
static void print_attributes(const object *o, int indent, text *out)
{
    enum { SHOWN_BYTES = 60 };
    const type_class *cls = o->type->cls;
    for (size_t i = 0; i < o->n; i++) {
        jit_value v = o->at[i];
        if (v.tag == VALUE_TENSOR || v.tag == VALUE_OBJECT || !strcmp(cls->attributes[i].name, "_is_full_backward_hook"))
            continue;
        text value;
        text_init(&value, NULL);
        value_print_repr(v, &value);
        bool is_short = !value.failed && value.n <= SHOWN_BYTES && !memchr(value.s, '\n', value.n);
        text_add_spaces(out, (size_t)indent);
        text_addf(out, "%s: ", cls->attributes[i].name);
        type_print_annotation(cls->attributes[i].type, false, out);
        if (is_short)
            text_addf(out, " = %s", value.s);
        text_add_char(out, '\n');
        text_fini(&value);
    }
}

static int depth_of(const char *path)
{
    int n = *path ? 1 : 0;
    for (; *path; path++)
        n += *path == '.';
    return n;
}

static void print_modules(const dict *modules, totals *sum, text *out)
{
    const dict_entry *e;
    for (size_t i = 0; (e = dict_next(modules, &i));) {
        const object *o = e->value.object;
        const char *path = e->key.s->s, *dot = strrchr(path, '.');
        int indent = 2 * depth_of(path);
        text_add_spaces(out, (size_t)indent);
        const char *before = seen_as(sum, o, path, "");
        text_addf(out, "%s%s%s%s%s\n", dot ? dot + 1 : path, *path ? ": " : "", type_unqualified_name(o->type),
                  before ? ", the same as " : "", before ? before : "");
        if (before)
            continue;
        print_tensors(path, o, indent + 4, sum, out);
        print_attributes(o, indent + 4, out);
        sum->n_modules++;
    }
}

static void print_methods(const dict *modules, text *out)
{
    const dict_entry *e;
    for (size_t i = 0; (e = dict_next(modules, &i));) {
        const strmap *methods = &((const type *)e->value.object->type)->cls->methods;
        for (size_t k = 0; k < methods->n; k++) {
            const ir_function *fn = methods->entries[k].value;
            if (!fn->schema || (*e->key.s->s && !strcmp(fn->name, "forward") && fn->schema->n_args <= 2))
                continue; // a layer's forward(x) tells nothing
            schema s = *fn->schema;
            s.args++;
            s.n_args--;
            text_addf(out, "  %s%s", e->key.s->s, *e->key.s->s ? "." : "");
            schema_print(&s, out);
            text_add_char(out, '\n');
        }
    }
}

static void print_records(const container *c, text *out)
{
    for (size_t i = 0; i < container_n_records(c); i++) {
        const container_record *r = container_at(c, i);
        text_addf(out, "  %10llu %10llu%s %s\n", (unsigned long long)r->offset, (unsigned long long)r->n_bytes,
                  r->is_deflated ? " deflated" : "", r->name);
    }
}

static void print_operators(const op_counts *ops, text *out)
{
    for (size_t i = 0; i < ops->n; i++)
        text_addf(out, "  %6lld %s%s%s%s\n", (long long)ops->at[i].n, ops->at[i].name, *ops->at[i].overload ? "." : "",
                  ops->at[i].overload, ops->at[i].is_missing ? "  MISSING: not implemented" : "");
}

static void print_text(const jit_module *m, const dict *modules, const op_counts *ops, diag *d, text *out)
{
    totals sum;
    totals_init(&sum, &d->arena);
    text_addf(out, "%s: version %d, prefix %s\n\nmodules\n", container_name(m->file), container_version(m->file),
              container_prefix(m->file));
    print_modules(modules, &sum, out);
    text_addf(out, "\n  %lld modules, %lld parameters with %lld elements, %lld buffers, %lld bytes\n\nmethods\n",
              (long long)sum.n_modules, (long long)sum.n_parameters, (long long)sum.n_elements, (long long)sum.n_buffers,
              (long long)sum.n_bytes);
    print_methods(modules, out);
    text_add(out, "\noperators\n");
    print_operators(ops, out);
    if (d->n_errors) {
        text_add(out, "\ncode that does not compile here\n");
        diag_print(d, out, false);
    }
    text_add(out, "\nrecords (offset, bytes)\n");
    print_records(m->file, out);
}

/* ---- JSON ----------------------------------------------------------------------------------------- */

static void add_json_string(const char *s, text *out)
{
    text_add_char(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            text_addf(out, "\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            text_addf(out, "\\u%04x", *s);
        else
            text_add_char(out, *s);
    }
    text_add_char(out, '"');
}

static void json_same_as(const char *name, text *out)
{
    if (!name)
        return;
    text_add(out, ", \"same_as\": ");
    add_json_string(name, out);
}

static void json_tensors(const char *path, const object *o, totals *sum, text *out)
{
    const char *comma = "";
    for (size_t i = 0; i < o->n; i++) {
        const type_attribute *a = &((const type *)o->type)->cls->attributes[i];
        if (o->at[i].tag != VALUE_TENSOR)
            continue;
        const tensor *t = o->at[i].t;
        text_addf(out, "%s{\"name\": ", comma);
        add_json_string(a->name, out);
        text_addf(out, ", \"kind\": \"%s\", \"dtype\": \"%s\", \"shape\": ",
                  a->is_parameter ? "parameter" : a->is_buffer ? "buffer" : "attribute", dtype_name(tensor_dtype(t)));
        print_shape(t, out);
        text_addf(out, ", \"bytes\": %lld", (long long)bytes_of(t));
        json_same_as(seen_as(sum, t, path, a->name), out);
        text_add_char(out, '}');
        comma = ", ";
    }
}

static void json_methods(const object *o, text *out)
{
    const strmap *methods = &((const type *)o->type)->cls->methods;
    const char *comma = "";
    for (size_t k = 0; k < methods->n; k++) {
        const ir_function *fn = methods->entries[k].value;
        if (!fn->schema)
            continue;
        text signature;
        text_init(&signature, NULL);
        schema s = *fn->schema;
        s.args++;
        s.n_args--;
        schema_print(&s, &signature);
        text_add(out, comma);
        add_json_string(signature.failed ? fn->name : signature.s, out);
        text_fini(&signature);
        comma = ", ";
    }
}

static void json_modules(const dict *modules, totals *sum, text *out)
{
    const dict_entry *e;
    const char *comma = "";
    for (size_t i = 0; (e = dict_next(modules, &i));) {
        const object *o = e->value.object;
        text_addf(out, "%s{\"path\": ", comma);
        add_json_string(e->key.s->s, out);
        text_add(out, ", \"class\": ");
        add_json_string(((const type *)o->type)->name, out);
        const char *before = seen_as(sum, o, e->key.s->s, "");
        text_add(out, ", \"tensors\": [");
        if (!before)
            json_tensors(e->key.s->s, o, sum, out);
        text_add(out, "], \"methods\": [");
        json_methods(o, out);
        text_add_char(out, ']');
        json_same_as(before, out);
        text_add_char(out, '}');
        comma = ", ";
    }
}

static void json_rest(const jit_module *m, const op_counts *ops, text *out)
{
    text_add(out, "], \"operators\": [");
    for (size_t i = 0; i < ops->n; i++)
        text_addf(out, "%s{\"name\": \"%s%s%s\", \"count\": %lld, \"implemented\": %s}", i ? ", " : "", ops->at[i].name,
                  *ops->at[i].overload ? "." : "", ops->at[i].overload, (long long)ops->at[i].n,
                  ops->at[i].is_missing ? "false" : "true");
    text_add(out, "], \"records\": [");
    for (size_t i = 0; i < container_n_records(m->file); i++) {
        const container_record *r = container_at(m->file, i);
        text_addf(out, "%s{\"name\": ", i ? ", " : "");
        add_json_string(r->name, out);
        text_addf(out, ", \"offset\": %llu, \"bytes\": %llu, \"stored\": %llu, \"deflated\": %s}",
                  (unsigned long long)r->offset, (unsigned long long)r->n_bytes, (unsigned long long)r->n_stored,
                  r->is_deflated ? "true" : "false");
    }
    text_add(out, "]}\n");
}

static void print_json(const jit_module *m, const dict *modules, const op_counts *ops, diag *d, text *out)
{
    totals sum;
    totals_init(&sum, &d->arena);
    text_add(out, "{\"file\": ");
    add_json_string(container_name(m->file), out);
    text_addf(out, ", \"version\": %d, \"prefix\": ", container_version(m->file));
    add_json_string(container_prefix(m->file), out);
    text_addf(out, ", \"errors\": %d, \"modules\": [", d->n_errors);
    json_modules(modules, &sum, out);
    json_rest(m, ops, out);
}

jit_status jit_debug_contents(jit_module *m, bool json, char **ret, jit_error *err)
{
    jit_any *modules;
    if (!m->file)
        return error_fail(err, JIT_EINVAL, "only archives have contents");
    jit_status status = jit_module_parts(m, JIT_MODULES, &modules, err);
    if (status)
        return status;
    diag d;
    text out;
    op_counts ops = { 0 };
    diag_init(&d);
    text_init(&out, NULL);
    compile_code(m, &d);
    count_operators(m, &d, &ops, &d.arena);
    (json ? print_json : print_text)(m, modules->v.dict, &ops, &d, &out);
    diag_fini(&d);
    jit_unref(modules);
    return api_give_text(&out, JIT_OK, ret, err);
}
