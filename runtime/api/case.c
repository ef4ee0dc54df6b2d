/* runtime/api/case.c: conformance cases in the comments of a source: calls with their answers.
 *
 *     #> f(torch.ones(2))     a call
 *     #= torch.tensor([2.])   its value: type, dtype and shape exactly, floats closely
 *     #! out of range         or: it raises, the message contains the text
 *     # reject: 4 reason      first line of an ill-formed program: a diagnostic must stand on that line      */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double RELATIVE_TOLERANCE = 1e-4, ABSOLUTE_TOLERANCE = 1e-5;

static bool is_close(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * fabs(b);
}

static bool is_equal(jit_value got, jit_value want);

static bool is_equal_tensor(const tensor *got, const tensor *want)
{
    if (got->dtype != want->dtype || !tensor_same_sizes(got, want))
        return false;
    for (int64_t k = 0; k < got->numel; k++) {
        double a[2], b[2];
        if (!dtype_is_float(tensor_dtype(got)) && !dtype_is_complex(tensor_dtype(got))) {
            if (tensor_get_int(got, k) != tensor_get_int(want, k))
                return false;
            continue;
        }
        tensor_get_complex(got, k, &a[0], &a[1]);
        tensor_get_complex(want, k, &b[0], &b[1]);
        if (!is_close(a[0], b[0]) || !is_close(a[1], b[1]))
            return false;
    }
    return true;
}

static bool is_equal_list(const list *got, const list *want)
{
    bool same = got->n == want->n;
    for (size_t i = 0; same && i < got->n; i++) {
        jit_value a = list_get(got, i), b = list_get(want, i);
        same = is_equal(a, b);
        value_unref(a);
        value_unref(b);
    }
    return same;
}

static bool is_named(const tuple *t) { return t->type && t->type->name; }

static bool is_equal_tuple(const tuple *got, const tuple *want)
{
    bool same = got->n == want->n && is_named(got) == is_named(want);
    for (size_t i = 0; same && i < got->n; i++)
        same = is_equal(got->at[i], want->at[i]);
    return same;
}

static bool is_equal_dict(const dict *got, const dict *want)
{
    bool same = got->n == want->n;
    size_t k = 0;
    for (size_t i = 0; same && i < got->n_entries; i++) { /* same order too */
        if (!got->entries[i].is_live)
            continue;
        while (k < want->n_entries && !want->entries[k].is_live)
            k++;
        same = k < want->n_entries && is_equal(got->entries[i].key, want->entries[k].key)
               && is_equal(got->entries[i].value, want->entries[k].value);
        k++;
    }
    return same;
}

static bool is_equal(jit_value got, jit_value want)
{
    if (got.tag != want.tag)
        return false;
    switch (got.tag) {
    case VALUE_FLOAT: return is_close(got.f, want.f);
    case VALUE_COMPLEX: return is_close(got.c->re, want.c->re) && is_close(got.c->im, want.c->im);
    case VALUE_TENSOR: return is_equal_tensor(got.t, want.t);
    case VALUE_LIST: return is_equal_list(got.list, want.list);
    case VALUE_TUPLE: return is_equal_tuple(got.tuple, want.tuple);
    case VALUE_DICT: return is_equal_dict(got.dict, want.dict);
    default: return value_equal(got, want);
    }
}

/* ---- running cases -------------------------------------------------------------------------------- */

typedef struct case_runner {
    ir_unit *unit;
    void (*each)(void *ctx, const jit_case_result *r);
    void *ctx;
} case_runner;

static void ignore_print(void *ctx, const char *s, size_t n)
{
    (void)ctx, (void)s, (void)n;
}

/* What was got, in `out`. */
static void describe_difference(jit_value got, jit_value want, text *out)
{
    text_add(out, "got ");
    api_value_json(got, out);
    text_add(out, ", want ");
    api_value_json(want, out);
}

static bool check_value(case_runner *r, vm_run *run, bool is_done, jit_value got, const char *expected, text *what)
{
    if (!is_done) {
        text_addf(what, "raised: %s", run->op.message ? run->op.message : "");
        return false;
    }
    api_run second;
    jit_value want;
    api_run_init(&second, NULL);
    bool passed = api_evaluate(&second.vm, r->unit, VALUE_NONE_V, expected, &want);
    if (passed) {
        passed = is_equal(got, want);
        if (!passed)
            describe_difference(got, want, what);
        value_unref(want);
    } else {
        text_addf(what, "cannot read the expected value: %s", second.vm.op.message ? second.vm.op.message : "");
    }
    api_run_fini(&second);
    return passed;
}

static bool check_raise(vm_run *run, bool is_done, jit_value got, const char *fragment, text *what)
{
    if (is_done) {
        text_add(what, "did not raise, gave ");
        api_value_json(got, what);
        return false;
    }
    jit_error err = JIT_ERROR_INIT; /* the text may stand in the exception's class or the message */
    api_fail_run(&err, run);
    bool passed = (err.message && strstr(err.message, fragment)) || (err.details && strstr(err.details, fragment));
    if (!passed)
        text_addf(what, "raised: %s", err.message ? err.message : "");
    jit_error_fini(&err);
    return passed;
}

static void run_case(case_runner *r, int line, const char *expression, char kind, const char *answer)
{
    text what;
    text_init(&what, NULL);
    api_run run;
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    jit_value got = VALUE_NONE_V;
    opts.print = ignore_print;
    jit_manual_seed(0);
    api_run_init(&run, &opts);
    bool is_done = api_evaluate(&run.vm, r->unit, VALUE_NONE_V, expression, &got);
    bool passed = kind == '=' ? check_value(r, &run.vm, is_done, got, answer, &what)
                              : check_raise(&run.vm, is_done, got, answer, &what);
    if (is_done)
        value_unref(got);
    api_run_fini(&run);
    r->each(r->ctx, &(jit_case_result){ line, expression, passed, what.s });
    text_fini(&what);
}

/* The trimmed text of 0-based line i after a prefix of three characters; NULL if it begins otherwise. */
static const char *after_prefix(arena *a, const source *src, uint32_t i, const char *prefix)
{
    size_t n;
    const char *s = i < src->n_lines ? source_line(src, i + src->first_line, &n) : NULL;
    size_t length = strlen(prefix);
    if (!s || n < length || memcmp(s, prefix, length))
        return NULL;
    s += length;
    n -= length;
    while (n && isspace((unsigned char)*s))
        s++, n--;
    while (n && isspace((unsigned char)s[n - 1]))
        n--;
    return arena_strndup(a, s, n);
}

static void run_cases(case_runner *r, const source *src, arena *a)
{
    for (uint32_t i = 0; i < src->n_lines; i++) {
        const char *expression = after_prefix(a, src, i, "#> ");
        const char *value = expression ? after_prefix(a, src, i + 1, "#= ") : NULL;
        const char *raise = expression && !value ? after_prefix(a, src, i + 1, "#!") : NULL;
        if (value || raise)
            run_case(r, (int)i + 1, expression, value ? '=' : '!', value ? value : raise);
    }
}

/* ---- ill-formed programs -------------------------------------------------------------------------- */

static bool has_diagnostic_on(const diag *d, long line)
{
    for (const diag_item *it = d->first; it; it = it->next) {
        uint32_t at, column;
        if (it->severity != DIAG_ERROR || !it->at.src)
            continue;
        source_position(it->at.src, it->at.begin, &at, &column);
        if (at == line)
            return true;
    }
    return false;
}

static void check_reject(case_runner *r, const diag *d, const char *lines)
{
    bool passed = false;
    for (const char *p = lines; isdigit((unsigned char)*p);) {
        char *end;
        passed |= has_diagnostic_on(d, strtol(p, &end, 10));
        for (p = end; *p == ',' || *p == ' '; p++)
            ;
    }
    text what;
    text_init(&what, NULL);
    if (!passed && !d->n_errors)
        text_add(&what, "accepted");
    else if (!passed)
        diag_print(d, &what, false);
    r->each(r->ctx, &(jit_case_result){ 1, "reject", passed, what.s });
    text_fini(&what);
}

jit_status jit_debug_run_cases(const char *source_, size_t n_bytes, const char *name,
                               void (*each)(void *ctx, const jit_case_result *r), void *ctx, jit_error *err)
{
    source *src = source_new(name, source_, n_bytes == (size_t)-1 ? strlen(source_) : n_bytes);
    if (!src)
        return error_no_memory(err);
    diag d;
    arena a;
    diag_init(&d);
    arena_init(&a);
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.name = name;
    case_runner r = { .each = each, .ctx = ctx };
    r.unit = api_compile_unit(source_, n_bytes, &opts, SEMA_GRAPHS, &d);
    const char *reject = after_prefix(&a, src, 0, "# reject:");
    jit_status status = JIT_OK;
    if (reject)
        check_reject(&r, &d, reject);
    else if (r.unit)
        run_cases(&r, src, &a);
    else
        status = d.n_errors ? api_fail_diag(err, &d, false) : error_no_memory(err);
    ir_unit_unref(r.unit);
    arena_fini(&a);
    diag_fini(&d);
    source_unref(src);
    return status;
}
