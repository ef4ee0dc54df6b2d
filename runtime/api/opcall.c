/* runtime/api/opcall.c: operators by name on host values: overload resolution at run time.
 *
 * The same order as in programs (spec: schemas in registration order, first without, then with conversions),
 * with the looser conversions of the call boundary. Programs resolve at compile time and never come here. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "ir/type.h"

#include <string.h>

typedef struct host_args {
    const jit_value *args;       /* positional, then named */
    size_t n_args;
    const char *const *names;
    size_t n_names;
    bool with_conversions;
} host_args;

static bool is_sequence(jit_value v) { return v.tag == VALUE_LIST || v.tag == VALUE_TUPLE; }

/* n values as a list of type t; step 0: the first of them n times. */
static bool list_of(const type *t, const jit_value *at, size_t n, size_t step, jit_value *ret)
{
    const type *elem = type_elem(t);
    list *l = list_new(elem, type_list_storage(elem), n);
    for (size_t i = 0; l && i < n; i++) {
        jit_value item;
        if (!api_convert(at[i * step], elem, &item) || !list_push(l, item)) {
            value_unref(VALUE_HEAP_V(VALUE_LIST, l));
            return false;
        }
    }
    if (l)
        *ret = VALUE_HEAP_V(VALUE_LIST, l);
    return l != NULL;
}

static bool convert_arg(const host_args *h, const schema_arg *param, jit_value v, jit_value *ret)
{
    const type *t = param->type;
    if (t->has_vars) {
        arena a;
        arena_init(&a);
        strmap bindings;
        strmap_init(&bindings, &a);
        bool fits = type_match(t, type_of_value(v), &bindings, &a, NULL) != NULL;
        arena_fini(&a);
        if (fits)
            *ret = value_ref(v);
        return fits;
    }
    const type *bare = type_without_none(t);
    if (param->sized && bare->kind == TYPE_LIST && (v.tag == VALUE_INT || v.tag == VALUE_FLOAT))
        return list_of(bare, &v, (size_t)param->sized, 0, ret);
    if (!h->with_conversions && !is_sequence(v)) {
        bool fits = type_accepts_value(t, v);
        if (fits)
            *ret = value_ref(v);
        return fits;
    }
    return api_convert(v, t, ret);
}

/* May the positionals from `first` on become the list that parameter i wants? */
static bool takes_varargs(const schema *s, size_t i, const host_args *h, size_t first)
{
    const schema_arg *param = &s->args[i];
    bool is_last = i + 1 == s->n_args || s->args[i + 1].keyword_only;
    return is_last && !param->keyword_only && param->type->kind == TYPE_LIST && !param->sized
           && !param->type->has_vars && first < h->n_args && !is_sequence(h->args[first]);
}

static int find_name(const host_args *h, const char *name)
{
    for (size_t k = 0; k < h->n_names; k++)
        if (!strcmp(h->names[k], name) || (!strcmp(name, "self") && !strcmp(h->names[k], "input")))
            return (int)k;
    return -1;
}

/* Bind all parameters of one schema. false: it does not match, nothing is held. */
static bool match_schema(const schema *s, const host_args *h, jit_value *ret)
{
    size_t next = 0, used_names = 0, done = 0;
    bool fits = true;
    for (; fits && done < s->n_args; done++) {
        const schema_arg *param = &s->args[done];
        int named;
        if (takes_varargs(s, done, h, next)) {
            fits = list_of(param->type, h->args + next, h->n_args - next, 1, &ret[done]);
            next = h->n_args;
        } else if (!param->keyword_only && next < h->n_args) {
            fits = convert_arg(h, param, h->args[next++], &ret[done]);
        } else if ((named = find_name(h, param->name)) >= 0) {
            used_names++;
            fits = convert_arg(h, param, h->args[h->n_args + (size_t)named], &ret[done]);
        } else if (param->has_default) {
            ret[done] = value_ref(param->default_value);
        } else {
            fits = false;
        }
    }
    if (!fits)
        done--; // the last one was not bound
    if (fits && next == h->n_args && used_names == h->n_names)
        return true;
    while (done-- > 0)
        value_unref(ret[done]);
    return false;
}

/* One value for all results of an operator. */
static bool pack_results(vm_run *run, jit_value *results, size_t n, jit_value *ret)
{
    if (n == 1) {
        *ret = results[0];
        return true;
    }
    tuple *t = tuple_new(NULL, n);
    for (size_t i = 0; i < n; i++) {
        if (t)
            t->at[i] = results[i];
        else
            value_unref(results[i]);
    }
    if (!t)
        return api_run_fail(run, JIT_ENOMEM, "out of memory");
    *ret = VALUE_HEAP_V(VALUE_TUPLE, t);
    return true;
}

static bool call_matched(vm_run *run, op_id id, const schema *s, jit_value *args, jit_value *ret)
{
    jit_value results[16] = { 0 };
    bool is_done = s->n_rets <= 16 && op_call(&run->op, id, args, s->n_args, results);
    for (size_t i = 0; i < s->n_args; i++)
        value_unref(args[i]);
    return is_done && pack_results(run, results, s->n_rets, ret);
}

bool api_call_op(vm_run *run, const char *name, const jit_value *args, size_t n_args, const char *const *names,
                 size_t n_names, jit_value *ret)
{
    enum { MOST_ARGS = 64 };
    jit_value bound[MOST_ARGS];
    host_args h = { args, n_args, names, n_names, false };
    const char *dot = strchr(name, '.');
    char plain[128];
    size_t n_candidates;
    if (strlen(name) >= sizeof plain)
        return api_run_fail(run, JIT_ENOTFOUND, "no operator of that name");
    memcpy(plain, name, strlen(name) + 1);
    if (dot)
        plain[dot - name] = 0;
    const uint16_t *ids = op_find_all(plain, &n_candidates);
    if (!n_candidates)
        return api_run_fail(run, JIT_ENOTFOUND, "no operator %s", name);
    uint64_t refusals = mem_refusals();
    for (int pass = 0; pass < 2; pass++) {
        h.with_conversions = pass == 1;
        for (size_t i = 0; i < n_candidates; i++) {
            const schema *s = op_schema(ids[i]);
            if (!s || s->n_args > MOST_ARGS || s->is_vararg || (dot && strcmp(s->overload, dot + 1)))
                continue;
            if (match_schema(s, &h, bound))
                return call_matched(run, ids[i], s, bound, ret);
        }
    }
    if (mem_refusals() != refusals)
        return api_run_fail(run, JIT_ENOMEM, "out of memory");
    return api_run_fail(run, JIT_ETYPE, "arguments for call of %s are not valid", name);
}
