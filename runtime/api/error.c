/* runtime/api/error.c: filling jit_error from what went wrong below. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/code.h"

#include "sema/archive.h"

#include <stdio.h>
#include <string.h>

const char *jit_status_name(jit_status s)
{
    static const char *const names[] = {
        "JIT_OK", "JIT_EINVAL", "JIT_ENOMEM", "JIT_EIO", "JIT_EFORMAT", "JIT_EUNSUPPORTED", "JIT_ESYNTAX",
        "JIT_ETYPE", "JIT_ENOTFOUND", "JIT_ERUNTIME", "JIT_ELIMIT", "JIT_EINTERRUPTED",
    };
    return (size_t)s < sizeof names / sizeof *names ? names[s] : "unknown";
}

const char *jit_version(void) { return "0.1.0"; }

static void set_place(jit_error *err, range at)
{
    if (!at.src)
        return;
    uint32_t line, column;
    source_position(at.src, at.begin, &line, &column);
    err->file = mem_strdup(at.src->name);
    err->line = (int)line;
    err->column = (int)column + 1;
}

jit_status api_diag_status(const diag *d)
{
    const diag_item *first = d->first;
    while (first && first->severity != DIAG_ERROR)
        first = first->next;
    if (first && !strcmp(first->code, "missing-operator"))
        return JIT_EUNSUPPORTED;
    if (first && !strcmp(first->code, "no-memory"))
        return JIT_ENOMEM;
    if (first && !strcmp(first->code, "unreadable-code"))
        return JIT_EFORMAT;
    return d->is_syntax ? JIT_ESYNTAX : JIT_ETYPE;
}

jit_status api_fail_diag(jit_error *err, diag *d, bool colour)
{
    jit_status status = api_diag_status(d);
    if (d->arena.failed)
        return error_no_memory(err);
    if (!err)
        return status;
    diag_sort(d);
    const diag_item *first = d->first;
    while (first && first->severity != DIAG_ERROR)
        first = first->next;
    error_fail(err, status, "%s", first ? first->message : "the program is not valid");
    if (first)
        set_place(err, first->at);
    text out;
    text_init(&out, NULL);
    diag_print(d, &out, colour);
    err->details = text_take(&out);
    return status;
}

/* One frame as the reference prints it: the place, the line, a line of `~` under the range. */
static void print_frame(const vm_trace_frame *f, text *out)
{
    if (!f->at.src) {
        text_addf(out, "  in %s\n", f->function);
        return;
    }
    uint32_t line, column;
    size_t n;
    source_position(f->at.src, f->at.begin, &line, &column);
    text_addf(out, "  File \"%s\", line %u, in %s\n", f->at.src->name, line, f->function);
    const char *s = source_line(f->at.src, line, &n);
    if (n > 200)
        return; // a machine-made line helps nobody
    size_t indent = 0;
    while (indent < n && (s[indent] == ' ' || s[indent] == '\t'))
        indent++;
    text_add(out, "    ");
    text_add_bytes(out, s + indent, n - indent);
    text_add(out, "\n    ");
    text_add_spaces(out, column > indent ? column - indent : 0);
    size_t width = f->at.end - f->at.begin;
    if (width > n - column)
        width = n > column ? n - column : 1;
    for (size_t i = 0; i < width; i++)
        text_add_char(out, '~');
    text_add(out, " <--- HERE\n");
}

jit_status api_give_text(text *out, jit_status status, char **ret, jit_error *err)
{
    char *made = text_take(out);
    if (!status && !made)
        return error_no_memory(err);
    if (status)
        mem_free(made);
    else
        *ret = made;
    return status;
}

/* Does any frame stand in code that was printed from another source? */
static bool has_origins(const vm_run *run, api_origins *origins)
{
    for (size_t i = 0; i < run->trace.n; i++) {
        const source *src = api_origin(origins, run->trace.at[i].at).src;
        if (src && src != run->trace.at[i].at.src)
            return true;
    }
    return false;
}

/* As the reference prints it: the code of an archive, and after it what that was printed from, if known. */
static void print_trace(const vm_run *run, api_origins *origins, text *out)
{
    const bool is_printed = has_origins(run, origins);
    text_addf(out, "Traceback of TorchScript%s (most recent call last):\n", is_printed ? ", serialized code" : "");
    for (size_t i = run->trace.n; i-- > 0;)
        print_frame(&run->trace.at[i], out);
    if (!is_printed)
        return;
    text_add(out, "\nTraceback of TorchScript, original code (most recent call last):\n");
    for (size_t i = run->trace.n; i-- > 0;) {
        vm_trace_frame frame = run->trace.at[i];
        frame.at = api_origin(origins, frame.at);
        print_frame(&frame, out);
    }
}

jit_status api_fail_run(jit_error *err, const vm_run *run) { return api_fail_run_in(err, run, NULL); }

jit_status api_fail_run_in(jit_error *err, const vm_run *run, const ir_unit *u)
{
    jit_status status = run->op.status ? run->op.status : JIT_ENOMEM; // nobody had room to say why
    if (!err)
        return status;
    error_fail(err, status, "%s", run->op.message ? run->op.message : "out of memory");
    const char *exception = run->op.exception;
    if (exception && !strncmp(exception, "builtins.", 9))
        exception += 9;
    err->exception = exception ? mem_strdup(exception) : NULL;
    if (!run->trace.n)
        return status;
    set_place(err, run->trace.at[0].at);
    text out;
    text_init(&out, NULL);
    api_origins origins;
    api_origins_init(&origins, u ? sema_archive_context(u) : NULL);
    print_trace(run, &origins, &out);
    api_origins_fini(&origins);
    text_addf(&out, "%s: %s\n", run->op.exception ? run->op.exception : "RuntimeError",
              run->op.message ? run->op.message : "");
    err->details = text_take(&out);
    return status;
}
