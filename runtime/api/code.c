/* runtime/api/code.c: what is saved of a function: a module class with the function as its `forward`.
 *
 * PyTorch saves a scripted function as `class PlaceholderModule(Module)`; so do we, keeping default arguments. The class
 * lives in a unit of its own that imports the function's. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/code.h"

/* The schema of fn as a method: `self` first. Defaults are new references. */
static const schema *method_schema(ir_unit *u, const schema *of, const type *cls)
{
    schema *s = ARENA_NEW(&u->arena, schema);
    schema_arg *args = ARENA_ARRAY(&u->arena, schema_arg, (size_t)of->n_args + 1);
    if (!s || !args || arena_failed(&u->arena) || of->n_args == UINT16_MAX)
        return NULL;
    *s = *of;
    s->name = "forward";
    s->n_args = (uint16_t)(of->n_args + 1);
    s->args = args;
    args[0] = (schema_arg){ .name = "self", .type = cls };
    for (size_t i = 0; i < of->n_args; i++) {
        args[i + 1] = of->args[i];
        if (of->args[i].has_default)
            value_ref(of->args[i].default_value);
    }
    return s;
}

static bool add_forward(ir_unit *u, const type *cls, ir_function *fn, const ir_graph *body)
{
    ir_function *forward = ir_function_new(u, "forward", cls, fn->at);
    if (arena_failed(&u->arena) || !forward)
        return false;
    forward->schema = method_schema(u, fn->schema, cls);
    forward->state = FUNCTION_CHECKED;
    forward->graph = forward->schema ? ir_graph_clone(body) : NULL;
    if (!forward->graph)
        return false;
    ir_value *self = ir_insert_output(forward->graph->body->param, 0, cls);
    if (!ir_graph_failed(forward->graph))
        ir_value_set_name(self, "self");
    forward->is_emitted = !ir_graph_failed(forward->graph);
    return forward->is_emitted && ir_unit_add_source(u, fn->at.src);
}

jit_status api_placeholder(ir_function *fn, ir_unit **ret_unit, const type **ret_class, jit_error *err)
{
    const char *why = NULL;
    ir_graph *body = api_script_graph(NULL, fn, &why);
    if (!body)
        return error_fail(err, why ? JIT_EUNSUPPORTED : JIT_ENOMEM, "%s", why ? why : "out of memory");
    ir_unit *u = ir_unit_new();
    type *cls = u && ir_unit_add_import(u, fn->unit) ? type_class_new(u, "__torch__.PlaceholderModule", true) : NULL;
    if (!cls || !type_class_add_attribute(cls, "training", T_BOOL, (range){ 0 }) || !add_forward(u, cls, fn, body)) {
        ir_unit_unref(u);
        return error_no_memory(err);
    }
    *ret_unit = u;
    *ret_class = cls;
    return JIT_OK;
}

jit_status api_print_archive(ir_function *fn, text *out, jit_error *err)
{
    ir_unit *u;
    const type *cls;
    jit_status status = api_placeholder(fn, &u, &cls, err);
    if (status)
        return status;
    script_hooks hooks = { .graph = api_script_graph };
    script_archive a;
    script_archive_init(&a, &hooks);
    script_archive_class_name(&a, cls);
    status = script_archive_print(&a, err);
    for (size_t i = 0; !status && i < a.files.n; i++) {
        text_addf(out, "# code/%s\n", a.files.at[i]->path);
        text_add_bytes(out, a.files.at[i]->body.code.s, a.files.at[i]->body.code.n);
    }
    if (!status && a.constants.n)
        text_addf(out, "# %zu constants\n", a.constants.n);
    script_archive_fini(&a);
    ir_unit_unref(u);
    return status;
}
