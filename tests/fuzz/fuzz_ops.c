/* tests/fuzz/fuzz_ops.c: operators with random arguments.
 *
 * The input is one to three names of operator rows, a line each, an empty line, and bytes that the arguments are made
 * from, by the types of the schema (fuzz_values.h). Results become arguments of the next call. A kernel may refuse
 * anything; what it answers must have its type and lie in its storage. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "ir/op.h"
#include "runtime/kernels/dispatch.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/random_value.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

enum { MAX_BYTES = 64 << 20, MAX_ELEMENTS = 1 << 16, MOST_CALLS = 3, MOST_VALUES = 64, MOST_NAME = 127 };

/* ---- the names ---------------------------------------------------------------------------------- */

/* Rows with kernels whose calls stay within the process. */
static bool is_callable(op_id id)
{
    const char *name = op_name(id);
    return op_kernel_find(id, DEVICE_CPU) && !strstr(name, "from_file") && !strstr(name, "save");
}

/* Names of callable rows, "aten::add.Tensor", made once. */
static const char *const *callable_names(size_t *ret_n)
{
    static char names[OP__COUNT][MOST_NAME + 1];
    static const char *rows[OP__COUNT];
    static size_t n;
    for (int id = n ? OP__COUNT : 1; id < OP__COUNT; id++) {
        if (!is_callable((op_id)id))
            continue;
        const char *overload = op_overload((op_id)id);
        size_t n_name = strlen(op_name((op_id)id)), n_overload = strlen(overload);
        if (n_name + n_overload + 1 > MOST_NAME)
            continue;
        memcpy(names[n], op_name((op_id)id), n_name);
        if (n_overload)
            names[n][n_name] = '.';
        memcpy(names[n] + n_name + (n_overload > 0), overload, n_overload);
        rows[n] = names[n];
        n++;
    }
    *ret_n = n;
    return rows;
}

/* The row of a line "aten::add.Tensor". */
static op_id find_row(const uint8_t *s, size_t n)
{
    char name[MOST_NAME + 1];
    if (n > MOST_NAME)
        return OP_NONE;
    memcpy(name, s, n);
    name[n] = 0;
    char *dot = strchr(name, '.');
    if (dot)
        *dot = 0;
    op_id id = op_find(name, dot ? dot + 1 : "");
    return id && is_callable(id) ? id : OP_NONE;
}

/* Take the names off the front of the input. @return how many */
static size_t read_rows(const uint8_t **at, const uint8_t *end, op_id *ret)
{
    size_t n = 0;
    while (*at < end && **at != '\n') {
        const uint8_t *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            return 0;
        op_id id = find_row(line, (size_t)(stop - line));
        if (!id || n == MOST_CALLS)
            return 0;
        ret[n++] = id;
        *at = stop + 1;
    }
    *at += *at < end;
    return n;
}

/* ---- changing ----------------------------------------------------------------------------------- */

/* Put another name in place of the first line, or before it; bytes are changed by libFuzzer. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t cap, unsigned seed)
{
    uint64_t random = (seed + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
    const uint8_t *at = data;
    op_id rows[MOST_CALLS];
    size_t n_names, n_rows = read_rows(&at, data + n, rows), head = n_rows ? (size_t)(at - data) : 0;
    if (n_rows && random >> 61) // seven of eight times
        return head + LLVMFuzzerMutate(data + head, n - head, cap - head);
    const char *const *names = callable_names(&n_names);
    const char *name = names[(random >> 20) % n_names];
    const uint8_t *line_end = n_rows ? memchr(data, '\n', n) : NULL;
    size_t n_old = line_end && random >> 60 & 1 ? (size_t)(line_end + 1 - data) : 0, n_new = strlen(name) + 1;
    if (n - n_old + n_new + !n_rows > cap)
        return n;
    memmove(data + n_new + !n_rows, data + n_old, n - n_old);
    memcpy(data, name, n_new - 1);
    memset(data + n_new - 1, '\n', 1 + !n_rows);
    return n - n_old + n_new + !n_rows;
}

/* ---- calling ------------------------------------------------------------------------------------ */

static void swallow(void *ctx, const char *s, size_t n)
{
    (void)ctx, (void)s, (void)n;
}

/* Every element of every tensor in v lies in its storage. @return whether all of v is small enough to be printed: an
 * expanded tensor may have 2^40 elements */
static bool lies_in_its_storage(jit_value v)
{
    bool is_small = true;
    if (v.tag == VALUE_TENSOR) {
        const tensor *t = v.t;
        const char *begin, *end, *bytes = t->store->data;
        if (tensor_span(t, &begin, &end) && (begin < bytes || end > bytes + t->store->n_bytes))
            abort();
        is_small = t->numel <= MAX_ELEMENTS;
    }
    for (size_t i = 0; v.tag == VALUE_LIST && v.list->storage == LIST_VALUES && i < v.list->n; i++)
        is_small &= lies_in_its_storage(v.list->values[i]);
    for (size_t i = 0; v.tag == VALUE_TUPLE && i < v.tuple->n; i++)
        is_small &= lies_in_its_storage(v.tuple->at[i]);
    return is_small;
}

/* Look at all of v. */
static void use(jit_value v)
{
    if (!lies_in_its_storage(v))
        return;
    text out;
    text_init(&out, NULL);
    out.max_bytes = 1 << 16;
    value_print(v, &out);
    text_fini(&out);
}

/* Scalars are bools, too. */
static bool is_of_type(const type *t, jit_value v)
{
    return t->has_vars || type_accepts_value(t, v) || (t->kind == TYPE_NUMBER && v.tag == VALUE_BOOL);
}

/* What was returned: of its type, usable. It is kept for the next call. */
static void take_results(random_values *r, const schema *s, jit_value *rets)
{
    for (size_t i = 0; i < s->n_rets; i++) {
        if (!is_of_type(s->rets[i].type, rets[i]))
            abort();
        use(rets[i]);
        random_values_keep(r, rets[i]);
        value_unref(rets[i]);
    }
}

static void call(random_values *r, op_id id)
{
    const schema *s = op_schema(id);
    if (!s || s->is_varret || s->n_args > MOST_VALUES || s->n_rets > MOST_VALUES)
        return;
    jit_value args[MOST_VALUES], rets[MOST_VALUES] = { 0 };
    size_t n = 0, n_wanted = s->n_args + (s->is_vararg ? random_below(r, 4) : 0);
    random_values_begin_call(r);
    while (n < n_wanted && n < MOST_VALUES
           && random_value(r, n < s->n_args ? s->args[n].type : T_ANY, n < s->n_args ? &s->args[n] : NULL, &args[n]))
        n++;
    op_run run = { .print = swallow, .warn = swallow, .max_tensor_elements = MAX_ELEMENTS };
    if (n == n_wanted && op_call(&run, id, args, n, rets))
        take_results(r, s, rets);
    else if (n == n_wanted && !run.status)
        abort(); // failed and did not say so
    mem_free(run.message);
    for (size_t i = 0; i < n; i++) {
        if (n == n_wanted)
            use(args[i]);
        value_unref(args[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    const uint8_t *at = data, *end = data + n_bytes;
    op_id rows[MOST_CALLS];
    size_t n_rows = read_rows(&at, end, rows);
    mem_budget budget = { .limit_bytes = MAX_BYTES };
    mem_budget *before = mem_budget_set(&budget);
    random_values r;
    random_values_init(&r, at, (size_t)(end - at));
    for (size_t i = 0; i < n_rows; i++)
        call(&r, rows[i]);
    random_values_fini(&r);
    mem_budget_set(before);
    return 0;
}
