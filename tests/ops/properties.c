/* Properties that hold between the rows of the operator table, checked on the inputs of the recorded cases.
 *
 * Runs the cases in the folders it is given and listens to every operator call of the VM: this program stands in front of
 * op_kernel_find() (the linker's --wrap). Each call's arguments are tried again, copied, with the other forms of the same
 * operator, which are found by their schemas:
 *   - `foo_` writes what `foo` returns, `foo.out` writes and returns it, `foo_copy` returns it; none of them writes past
 *     its operand, and each raises where `foo` does;
 *   - rows that no program reaches, since overload resolution or PyTorch's normalisation of names takes another one of the
 *     same meaning, return what that one returns;
 *   - what the schema calls a view shares memory with its operand: what is written into the one is read from the other;
 *     what it does not call a view shares no memory with any operand;
 *   - the layout of operands (gaps between elements, channels_last) does not change the result;
 *   - element types and shapes are those that opt/types.c tells from the operands'.
 * It fails when a row with tensors was reached by no recorded call and no check, but for those that `unreachable` names. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "ir/op.h"
#include "jit_debug.h"
#include "tests/ops/copies.h"
#include "tests/ops/told_types.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

op_kernel __real_op_kernel_find(op_id id, device_kind where);
op_kernel __wrap_op_kernel_find(op_id id, device_kind where);

enum { MOST_ARGS = 32, MOST_RETS = 8, MOST_CHECKS_OF_ROW = 8, MOST_NAME = 128 };

typedef struct call {
    op_id id;
    const schema *s;
    jit_value args[MOST_ARGS], rets[MOST_RETS];
    bool is_done;          /* did not raise: rets are there */
    char *message;
} call;

static _Thread_local bool is_busy;      /* in a call: the calls that it makes are its own */
static bool is_reached[OP__COUNT];
static int n_checked[OP__COUNT], n_twins_checked[OP__COUNT];
static const char *normalised_names[OP__COUNT]; /* of rows: "aten::ger" is "aten::outer" */
static size_t n_passed, n_failed;
static text failures;                   /* of the case that runs */

/* ---- calls --------------------------------------------------------------------------------------- */

static void print_nothing(void *ctx, const char *s, size_t n)
{
    (void)ctx, (void)s, (void)n;
}

/* Call row c->id with the arguments that c holds. */
static void make_call(call *c)
{
    op_run run = { .print = print_nothing, .warn = print_nothing };
    generator *g = generator_default();
    generator_lock(g);
    generator_seed(g, 0);
    generator_unlock(g);
    c->is_done = op_call(&run, c->id, c->args, c->s->n_args, c->rets);
    c->message = run.message;
    is_reached[c->id] |= c->is_done;
}

static void begin_call(call *c, op_id id)
{
    *c = (call){ .id = id, .s = op_schema(id) };
}

static void end_call(call *c)
{
    for (int k = 0; k < c->s->n_args; k++) value_unref(c->args[k]);
    for (int k = 0; c->is_done && k < c->s->n_rets; k++) value_unref(c->rets[k]);
    mem_free(c->message);
}

/* The row with copies of the arguments of another call of the same row. */
static void repeat_call(call *c, const call *of, copy_layout layout)
{
    begin_call(c, of->id);
    for (int k = 0; k < c->s->n_args; k++) c->args[k] = copy_in_layout(of->args[k], layout);
    make_call(c);
}

static void expect(bool holds, const call *c, const char *property)
{
    n_passed += holds;
    n_failed += !holds;
    if (holds) return;
    text_addf(&failures, "    %s: ", property);
    schema_print(c->s, &failures);
    if (c->message) text_addf(&failures, "\n        raises: %s", c->message);
    text_add(&failures, "\n");
}

static bool are_results_equal(const call *a, const call *b)
{
    bool same = a->s->n_rets == b->s->n_rets;
    for (int k = 0; same && k < a->s->n_rets; k++) same = are_equal(a->rets[k], b->rets[k]);
    return same;
}

/* ---- what the schemas say ------------------------------------------------------------------------ */

static bool begins_with(const char *s, const char *prefix) { return strncmp(s, prefix, strlen(prefix)) == 0; }

/* Random numbers are drawn in the order of memory. */
static bool is_random(const call *c) { return op_get_info(c->id)->traits & OP_RANDOM; }

/* Memory that is not written may be a part of the result; set() hands on another tensor's. */
static bool is_uninitialised(const call *c)
{
    const char *name = op_name(c->id);
    return strcmp(name, "aten::set") == 0 || begins_with(name, "aten::empty") || begins_with(name, "aten::new_empty") || begins_with(name, "aten::resize");
}

static bool is_one_of(const call *c, const char *const *names)
{
    while (*names && strcmp(op_name(c->id), *names) != 0) names++;
    return *names;
}

/* Rows that tell or use the strides of their operand. */
static const char *const about_layout[] = {
    "aten::as_strided", "aten::data_ptr", "aten::format", "aten::is_contiguous", "aten::storage_offset", "aten::stride",
    "aten::view", "aten::view_as", "aten::view_as_complex", "aten::is_set_to",
    "aten::_linalg_det", "aten::_linalg_slogdet", "aten::_linalg_solve_ex", // they give the factors of the matrix or of its transpose
    "aten::linalg_inv_ex", // of a singular matrix
    NULL,
};

static const schema_alias *alias_of(const schema_arg *a)
{
    return a->alias.before ? &a->alias : &a->elem_alias;
}

static bool is_view(const schema *s)
{
    return s->n_rets == 1 && s->n_args > 0 && alias_of(&s->rets[0])->before && !alias_of(&s->rets[0])->is_write &&
           alias_of(&s->args[0])->before == alias_of(&s->rets[0])->before;
}

static bool is_same_parameter(const schema_arg *a, const schema_arg *b)
{
    return a->type == b->type && strcmp(a->name, b->name) == 0;
}

static int count_outs(const schema *s)
{
    int n = 0;
    for (int k = 0; k < s->n_args; k++) n += s->args[k].is_out;
    return n;
}

/* The row NAME of the same parameters as s; OP_NONE if there is none that runs. */
static op_id find_same(const char *name, const schema *s)
{
    size_t n;
    const uint16_t *ids = op_find_all(name, &n);
    for (size_t i = 0; i < n; i++) {
        const schema *other = op_schema((op_id)ids[i]);
        bool same = other->n_args == s->n_args && __real_op_kernel_find((op_id)ids[i], DEVICE_CPU);
        for (int k = 0; same && k < s->n_args; k++) same = is_same_parameter(&other->args[k], &s->args[k]);
        if (same) return (op_id)ids[i];
    }
    return OP_NONE;
}

static op_id find_suffixed(const call *c, const char *suffix)
{
    char name[MOST_NAME];
    snprintf(name, sizeof name, "%s%s", op_name(c->id), suffix);
    return find_same(name, c->s);
}

/* `out` is the out= form of `base`: its parameters, of a factory those without the result's type and place, then the
 * results. */
static bool is_out_of(const schema *out, const schema *base)
{
    const int n_outs = count_outs(out);
    if (!n_outs || n_outs != base->n_rets || count_outs(base)) return false;
    const bool is_factory = schema_find_arg(base, "layout") >= 0;
    int k = 0;
    for (int b = 0; b < base->n_args; b++) {
        static const char places[] = " dtype layout device pin_memory memory_format names ";
        char word[MOST_NAME];
        snprintf(word, sizeof word, " %s ", base->args[b].name);
        if (k < out->n_args - n_outs && is_same_parameter(&out->args[k], &base->args[b]))
            k++;
        else if (!is_factory || !strstr(places, word))
            return false;
    }
    return k == out->n_args - n_outs;
}

/* ---- the checks ---------------------------------------------------------------------------------- */

static bool fits_in_place(const tensor *self, const tensor *result)
{
    return tensor_same_sizes(self, result) && dtype_can_cast(tensor_dtype(result), tensor_dtype(self));
}

/* The result as the operand's element type holds it. */
static jit_value cast_like(tensor *result, const tensor *self)
{
    op_run run = { 0 };
    op_ctx cx = { .run = &run };
    tensor *t = tensor_to(&cx, result, tensor_dtype(self));
    return t ? RET_TENSOR(t) : VALUE_NONE_V;
}

static void check_in_place(const call *base, const call *wanted, copy_layout layout)
{
    const op_id id = find_suffixed(base, "_");
    if (!id || base->args[0].tag != VALUE_TENSOR || wanted->s->n_rets != 1) return;
    call c;
    begin_call(&c, id);
    for (int k = 0; k < c.s->n_args; k++) c.args[k] = copy_in_layout(base->args[k], k ? LAYOUT_SAME : layout);
    make_call(&c);
    if (!wanted->is_done) {
        expect(!c.is_done, &c, "raises in place as it does otherwise");
    } else if (is_view(wanted->s)) {
        expect(layout != LAYOUT_SAME || (c.is_done && are_results_equal(&c, wanted)), &c, "the view in place is the view");
    } else if (!fits_in_place(base->args[0].t, wanted->rets[0].t)) {
        expect(!c.is_done, &c, "a result that does not fit its operand raises");
    } else {
        jit_value value = cast_like(wanted->rets[0].t, base->args[0].t);
        const bool may_want_own_type = base->args[0].t->dtype != wanted->rets[0].t->dtype;
        expect(c.is_done ? are_equal(c.args[0], value) : may_want_own_type, &c, "in place equals out of place");
        expect(!c.is_done || (c.rets[0].tag == VALUE_TENSOR && c.rets[0].t == c.args[0].t), &c, "returns its operand");
        expect(!c.is_done || gaps_are_untouched(c.args[0].t), &c, "writes its operand only");
        value_unref(value);
    }
    end_call(&c);
}

/* An operand for a result: empty, or of its sizes. */
static jit_value new_out(const tensor *result, copy_layout layout, bool is_empty)
{
    const int64_t none = 0;
    tensor *t = is_empty ? tensor_new(tensor_dtype(result), &none, 1, DEVICE_CPU0)
                         : new_in_layout(tensor_dtype(result), result->sizes, result->n_dims, layout);
    return t ? RET_TENSOR(t) : VALUE_NONE_V;
}

static void expect_out(call *c, const call *wanted, bool is_empty)
{
    const int first = c->s->n_args - wanted->s->n_rets;
    for (int k = 0; k < wanted->s->n_rets; k++) {
        const jit_value out = c->args[first + k];
        expect(c->is_done && are_equal(out, wanted->rets[k]), c, "what out= gets equals the result");
        expect(!c->is_done || k >= c->s->n_rets || c->rets[k].t == out.t, c, "returns the out= operand");
        if (c->is_done && !is_empty) expect(gaps_are_untouched(out.t), c, "writes its out= operand only");
    }
}

static void check_out(const call *base, const call *wanted, op_id id, bool is_empty)
{
    call c;
    begin_call(&c, id);
    const int n_outs = wanted->s->n_rets, first = c.s->n_args - n_outs;
    for (int k = 0; k < first; k++)
        c.args[k] = copy_in_layout(base->args[schema_find_arg(base->s, c.s->args[k].name)], LAYOUT_SAME);
    for (int k = 0; k < n_outs; k++) {
        if (wanted->is_done && wanted->rets[k].tag != VALUE_TENSOR) {
            end_call(&c);
            return;
        }
        c.args[first + k] = wanted->is_done ? new_out(wanted->rets[k].t, LAYOUT_SPACED, is_empty)
                                            : RET_TENSOR(new_in_layout(DTYPE_float32, (int64_t[]){ 0 }, 1, LAYOUT_SAME));
    }
    make_call(&c);
    if (wanted->is_done)
        expect_out(&c, wanted, is_empty);
    else if (c.s->n_args == base->s->n_args + n_outs) // else the argument it raised for may be missing
        expect(!c.is_done, &c, "raises with out= as it does without");
    end_call(&c);
}

static void check_outs(const call *base, const call *wanted)
{
    size_t n;
    const uint16_t *ids = op_find_all(op_name(base->id), &n);
    for (size_t i = 0; i < n; i++) {
        if (!__real_op_kernel_find((op_id)ids[i], DEVICE_CPU) || !is_out_of(op_schema((op_id)ids[i]), base->s)) continue;
        check_out(base, wanted, (op_id)ids[i], true);
        check_out(base, wanted, (op_id)ids[i], false);
    }
}

static void check_forms(const call *base, const call *wanted);

/* Row `id`, whose parameters are base's, gives the same results, and so do its forms. */
static void check_equal_row(const call *base, const call *wanted, op_id id, const char *property)
{
    call c;
    begin_call(&c, id);
    for (int k = 0; k < c.s->n_args; k++) c.args[k] = copy_in_layout(base->args[k], LAYOUT_SAME);
    make_call(&c);
    expect(c.is_done == wanted->is_done && (!c.is_done || are_results_equal(&c, wanted)), &c, property);
    end_call(&c);
    call same = *base;
    same.id = id;
    same.s = op_schema(id);
    check_forms(&same, wanted);
}

/* Rows that are this one under another name; programs do not reach them, the checker gives them the first name. */
static void check_aliases(const call *base, const call *wanted)
{
    for (int id = 1; id < OP__COUNT; id++) {
        const op_info *info = op_get_info((op_id)id);
        if (info->variant == OP_SAME && info->base == base->id)
            check_equal_row(base, wanted, (op_id)id, "the alias equals the operator");
    }
}

/* The arguments of `base` as those of row `twin`: parameters of the same names (of the same places, where the rows' names
 * differ), and what `twin` lacks is left at its default. Borrowed. */
static bool take_twin_args(const call *base, call *twin)
{
    const bool is_by_name = strcmp(op_name(base->id), op_name(twin->id)) == 0;
    bool is_taken[MOST_ARGS] = { false };
    if (twin->s->n_args > base->s->n_args || count_outs(twin->s) || twin->s->n_rets != base->s->n_rets) return false;
    for (int k = 0; k < twin->s->n_args; k++) {
        const int at = is_by_name ? schema_find_arg(base->s, twin->s->args[k].name) : k;
        if (at < 0 || base->s->args[at].type != twin->s->args[k].type) return false;
        is_taken[at] = true;
        twin->args[k] = base->args[at];
    }
    for (int k = 0; k < base->s->n_args; k++) {
        const schema_arg *a = &base->s->args[k];
        if (!is_taken[k] && !(a->has_default && value_equal(a->default_value, base->args[k]))) return false;
    }
    return true;
}

/* Other rows of the name, and of the names that are normalised to it, that take the same arguments. */
static void check_twins(const call *base, const call *wanted)
{
    static const char *const differ_by_default[] = { "aten::stft", NULL }; // the longer row centres by default, the shorter never
    if (is_random(base) || schema_writes(base->s) || is_one_of(base, differ_by_default)) return;
    for (int id = 1; id < OP__COUNT; id++) {
        if (id == (int)base->id || strcmp(normalised_names[id], op_name(base->id)) != 0 || n_twins_checked[id] >= MOST_CHECKS_OF_ROW)
            continue;
        call taken, c;
        begin_call(&taken, (op_id)id);
        if (!__real_op_kernel_find((op_id)id, DEVICE_CPU) || !take_twin_args(base, &taken)) continue;
        n_twins_checked[id]++;
        repeat_call(&c, &taken, LAYOUT_SAME);
        expect(c.is_done == wanted->is_done && (!c.is_done || are_results_equal(&c, wanted)), &c, "equals its twin");
        check_in_place(&taken, wanted, LAYOUT_SAME);
        check_outs(&taken, wanted);
        end_call(&c);
    }
}

/* In place, out=, copied: what the row's siblings make of the same arguments. */
static void check_forms(const call *base, const call *wanted)
{
    check_in_place(base, wanted, LAYOUT_SAME);
    if (!is_random(base) && !is_one_of(base, about_layout)) check_in_place(base, wanted, LAYOUT_SPACED);
    check_outs(base, wanted);
    const op_id copy = find_suffixed(base, "_copy");
    if (copy) check_equal_row(base, wanted, copy, "the copy equals the view");
    check_aliases(base, wanted);
}

static const tensor *first_tensor(jit_value v)
{
    if (v.tag == VALUE_LIST && v.list->storage == LIST_VALUES && v.list->n) v = list_peek(v.list, 0);
    return v.tag == VALUE_TENSOR ? v.t : NULL;
}

/* Views that are copies where the strides allow no view, or another type, format or conjugate is asked for. */
static const char *const may_copy[] = {
    "aten::contiguous", "aten::cpu", "aten::flatten", "aten::ravel", "aten::reshape", "aten::reshape_as", "aten::to",
    "aten::_autocast_to_full_precision", "aten::mH", "aten::matrix_H", "aten::adjoint", "aten::_conj", "aten::conj", NULL,
};

/* No views by their schemas, they hand on an operand that is already what they are to make. */
static const char *const may_hand_on[] = {
    "aten::_unsafe_view", "aten::alpha_dropout", "aten::data", "aten::slice", "aten::as_tensor", "aten::atleast_1d", "aten::atleast_2d", "aten::atleast_3d",
    "aten::broadcast_tensors", "aten::cpu", "aten::dropout", "aten::einsum", "aten::feature_alpha_dropout",
    "aten::feature_dropout", "aten::lift", "aten::meshgrid", "aten::sorted", "aten::to", "aten::type_as", "aten::unsafe_chunk",
    "aten::unsafe_split", "aten::unsafe_split_with_sizes", NULL,
};

/* What is written into the view is read from its base: the view taken again shows it. */
static void check_write_through(const call *c, tensor *view)
{
    op_run run = { 0 };
    op_ctx cx = { .run = &run };
    call again;
    if (!view->numel || tensor_overlaps_itself(view) || !tensor_fill(&cx, view, VALUE_BOOL_V(true))) return;
    begin_call(&again, c->id);
    for (int k = 0; k < c->s->n_args; k++) again.args[k] = value_ref(c->args[k]);
    make_call(&again);
    const tensor *seen = again.is_done ? first_tensor(again.rets[0]) : NULL;
    bool same = seen && seen->numel == view->numel;
    for (int64_t k = 0; same && k < seen->numel; k++) same = tensor_get_double(seen, k) == 1;
    expect(same, c, "what is written into the view is read from its base");
    end_call(&again);
}

static void check_sharing(const call *wanted)
{
    for (int r = 0; r < wanted->s->n_rets; r++) {
        const tensor *result = first_tensor(wanted->rets[r]);
        bool shares = false;
        for (int k = 0; result && k < wanted->s->n_args; k++) {
            const tensor *t = first_tensor(wanted->args[k]);
            shares |= t && t->store == result->store;
        }
        if (!result) continue;
        if (!is_view(wanted->s) && !is_one_of(wanted, may_hand_on))
            expect(!shares, wanted, "a result that is no view has memory of its own");
        else if (!is_one_of(wanted, may_copy))
            expect(shares || !is_view(wanted->s), wanted, "the view shares memory with its base");
        if (shares && is_view(wanted->s)) check_write_through(wanted, (tensor *)result);
    }
}

static bool has_tensor_of(const call *c, int least_dims, int most_dims)
{
    for (int k = 0; k < c->s->n_args; k++) {
        const tensor *t = first_tensor(c->args[k]);
        if (t && t->n_dims >= least_dims && t->n_dims <= most_dims) return true;
    }
    return false;
}

static void check_layout(const call *base, const call *wanted, copy_layout layout, const char *property)
{
    call c;
    repeat_call(&c, base, layout);
    expect(c.is_done == wanted->is_done && (!c.is_done || are_results_equal(&c, wanted)), &c, property);
    end_call(&c);
}

static void check_types(const call *c)
{
    for (int from = 0; from < TOLD_FROM__COUNT; from++) {
        text told;
        text_init(&told, NULL);
        const bool holds = told_types_hold(c->id, c->args, c->rets, (told_from)from, &told);
        expect(holds, c, holds ? NULL : told.s);
        text_fini(&told);
    }
}

/* All forms of the row that `base` holds arguments for. */
static void check_family(const call *base)
{
    if (n_checked[base->id]++ >= MOST_CHECKS_OF_ROW) return;
    call wanted;
    repeat_call(&wanted, base, LAYOUT_SAME);
    if (wanted.is_done) check_types(&wanted);
    if (!is_uninitialised(base)) {
        check_forms(base, &wanted);
        check_twins(base, &wanted);
        const bool is_free = !is_one_of(base, about_layout) && !is_random(base);
        if (is_free && has_tensor_of(base, 1, TENSOR_MAX_DIMS))
            check_layout(base, &wanted, LAYOUT_SPACED, "gaps between the elements of operands change nothing");
        if (is_free && has_tensor_of(base, 4, 5))
            check_layout(base, &wanted, LAYOUT_CHANNELS_LAST, "channels_last equals contiguous");
    }
    if (wanted.is_done && strcmp(op_name(base->id), "aten::set") != 0) check_sharing(&wanted);
    end_call(&wanted);
}

/* ---- listening ----------------------------------------------------------------------------------- */

/* The row whose results the writing row `id` writes, and its arguments, borrowed. */
static bool find_base(const call *c, call *ret)
{
    const int n_outs = count_outs(c->s);
    char name[MOST_NAME];
    snprintf(name, sizeof name, "%s", op_name(c->id));
    if (!n_outs) {
        if (name[strlen(name) - 1] != '_') return false;
        name[strlen(name) - 1] = 0;
        *ret = *c;
        ret->id = find_same(name, c->s);
        ret->s = op_schema(ret->id);
        return ret->id;
    }
    size_t n;
    const uint16_t *ids = op_find_all(name, &n);
    for (size_t i = 0; i < n; i++) {
        *ret = *c;
        ret->id = (op_id)ids[i];
        ret->s = op_schema(ret->id);
        if (__real_op_kernel_find(ret->id, DEVICE_CPU) && is_out_of(c->s, ret->s) && ret->s->n_args == c->s->n_args - n_outs)
            return true;
    }
    return false;
}

static void check_call(op_id id, const jit_value *args)
{
    call c = { .id = id, .s = op_schema(id) }, base;
    if (!c.s || c.s->is_vararg || c.s->is_varret || c.s->n_args > MOST_ARGS || c.s->n_rets > MOST_RETS) return;
    memcpy(c.args, args, c.s->n_args * sizeof *args);
    if (!has_tensor_of(&c, 0, TENSOR_MAX_DIMS) && !(c.s->n_rets && c.s->rets[0].type == T_TENSOR)) return;
    if (!schema_writes(c.s))
        check_family(&c);
    else if (find_base(&c, &base))
        check_family(&base);
}

/* Stands for every kernel. */
static bool observe(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    is_busy = true;
    check_call(cx->op, args);
    const bool is_done = __real_op_kernel_find(cx->op, DEVICE_CPU)(cx, args, rets);
    is_reached[cx->op] |= is_done;
    is_busy = false;
    return is_done;
}

op_kernel __wrap_op_kernel_find(op_id id, device_kind where)
{
    const op_kernel kernel = __real_op_kernel_find(id, where);
    return kernel && !is_busy ? observe : kernel;
}

/* ---- the program --------------------------------------------------------------------------------- */

static void report(void *ctx, const jit_case_result *r)
{
    if (failures.n) printf("%s:%d: %s\n%.*s", (const char *)ctx, r->line, r->call, (int)failures.n, failures.s);
    failures.n = 0;
}

static bool run_file(char *path)
{
    static char text_of_file[1 << 20];
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    const size_t n = fread(text_of_file, 1, sizeof text_of_file, f);
    fclose(f);
    jit_error err = JIT_ERROR_INIT;
    const bool is_done = jit_debug_run_cases(text_of_file, n, path, report, path, &err) == JIT_OK;
    if (!is_done) printf("%s: %s\n", path, err.message);
    jit_error_fini(&err);
    return is_done;
}

static void run_folder(const char *folder)
{
    glob_t found;
    char pattern[PATH_MAX];
    snprintf(pattern, sizeof pattern, "%s/*.tjs", folder);
    if (glob(pattern, 0, NULL, &found)) {
        printf("%s: no cases\n", folder);
        n_failed++;
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) n_failed += !run_file(found.gl_pathv[i]);
    globfree(&found);
}

/* Rows that no recorded call can reach, each with its reason. */
static const struct { const char *name, *overload, *why; } unreachable[] = {
    { "aten::dict", "", "the front ends make prim::DictConstruct of it" },
    { "aten::dict", "Tensor", "the front ends make prim::DictConstruct of it" },
    { "aten::rsub", "Tensor", "the front ends make aten::sub of it" },
    { "aten::rsub", "Tensor_out", "the front ends make aten::sub of it" },
    { "aten::split", "", "split.sizes takes the same arguments and comes first" },
    { "aten::view", "dtype", "the front ends take a type's number as a size" },
    { "aten::is_coalesced", "", "raises for tensors that are not sparse" },
    { "aten::convolution_overrideable", "", "raises for every device that PyTorch knows" },
    { "aten::convolution_overrideable", "out", "raises for every device that PyTorch knows" },
    { "tjs::conv2d", "", "passes make it of aten::conv2d" },
    { "tjs::_convolution", "", "passes make it of aten::_convolution" },
    { "tjs::conv2d_then", "", "passes make it of a convolution and what follows it" },
    { "tjs::linear_then", "", "passes make it of aten::linear and what follows it" },
    { "tjs::restore_format", "", "passes make it" },
};

static bool is_reachable(op_id id)
{
    for (size_t i = 0; i < sizeof unreachable / sizeof *unreachable; i++)
        if (strcmp(op_name(id), unreachable[i].name) == 0 && strcmp(op_overload(id), unreachable[i].overload) == 0) return false;
    return true;
}

/* Rows with tensors that nothing has run. */
static void report_unreached(void)
{
    for (int id = 1; id < OP__COUNT; id++) {
        if (is_reached[id] || !__real_op_kernel_find((op_id)id, DEVICE_CPU) || !is_reachable((op_id)id)) continue;
        const schema *s = op_schema((op_id)id);
        text line;
        text_init(&line, NULL);
        schema_print(s, &line);
        if (strstr(line.s, "Tensor")) {
            printf("no sample: %s\n", line.s);
            n_failed++;
        }
        text_fini(&line);
    }
}

int main(int argc, char **argv)
{
    text_init(&failures, NULL);
    for (int id = 1; id < OP__COUNT; id++) normalised_names[id] = op_normalised_name(op_name((op_id)id));
    jit_debug_set_optimizer("none");
    for (int i = 1; i < argc; i++) run_folder(argv[i]);
    report_unreached();
    text_fini(&failures);
    printf("%zu passed, %zu failed\n", n_passed, n_failed);
    return n_failed > 0;
}
