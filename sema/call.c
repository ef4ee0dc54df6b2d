/* sema/call.c: calls: arguments, overload resolution, and everything that can stand before `(`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

/* ---- operator nodes ---- */

texpr *op_expr(fn_checker *f, op_id op, const type *t, size_t n, texpr *const *args, range at)
{
    texpr *e = new_texpr(f, TX_OP, t, at, n);
    e->op = op;
    for (size_t i = 0; i < e->n_args; i++)
        e->args[i] = args[i];
    return e;
}

static texpr *operator_expr(fn_checker *f, op_id op, const type *t, const full_args *args, range at)
{
    if (!args->at)
        return error_expr(f, at);
    texpr *e = new_texpr(f, TX_OP, t, at, args->n);
    e->op = op;
    take_args(e, args, 0);
    return e;
}

call_args make_args(fn_checker *f, size_t n, texpr *const *values)
{
    call_args args = { 0 };
    for (size_t i = 0; i < n; i++)
        VEC_PUSH(&args, arena_of(f), ((call_arg){ .value = values[i], .at = values[i]->at }));
    return args;
}

/* ---- overload resolution ---- */

enum { SLOTS_INLINE = 40, CANDIDATES_SHOWN = 8 };

/* `x.view(torch.int32)` means sizes: the reference never considers this overload. */
static bool is_blocked(op_id id) { return id == OP_aten_view_dtype; }

static slot *room_for(fn_checker *f, const uint16_t *ids, size_t n, slot *some)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        size_t n_args = op_get_shape((op_id)ids[i])->n_args;
        most = n_args > most ? n_args : most;
    }
    slot *room = most <= SLOTS_INLINE ? some : ARENA_ARRAY(arena_of(f), slot, most);
    return arena_failed(arena_of(f)) ? NULL : room;
}

/* Without conversions, a plain type takes nothing but itself. */
static bool kind_agrees(uint8_t formal, const type *actual)
{
    switch ((type_kind)actual->kind) {
    case TYPE_TENSOR: case TYPE_INT: case TYPE_FLOAT: case TYPE_BOOL: case TYPE_COMPLEX: case TYPE_STR:
        return formal == TYPE_ERROR || formal == actual->kind;
    default: return true;
    }
}

/* False for most candidates that will not match, known without their schemas. */
static bool may_match(op_id id, const actuals *a, bool implicit)
{
    const op_shape *s = op_get_shape(id);
    if (s->n_required > a->n_positional + a->n_keyword + (a->receiver != NULL))
        return false;
    if (implicit || s->is_vararg || (a->receiver && !s->begins_with_self))
        return true;
    size_t k = 0;
    if (a->receiver && !kind_agrees(s->kinds[k++], a->receiver->type))
        return false;
    for (size_t i = 0; i < a->n_positional && k < sizeof s->kinds; i++)
        if (!kind_agrees(s->kinds[k++], a->positional[i]->type))
            return false;
    return a->n_positional + (a->receiver != NULL) <= s->n_args;
}

/* The first candidate that takes the arguments, or OP_NONE. */
static op_id find_match(fn_checker *f, const uint16_t *ids, size_t n, actuals *a, bool implicit,
                        matched *m)
{
    mismatch why;
    for (size_t i = 0; i < n; i++) {
        op_id id = (op_id)ids[i];
        const schema *s = may_match(id, a, implicit) ? op_schema(id) : NULL;
        if (s && !is_blocked(id) && match_schema(f, s, a, implicit, m, &why))
            return id;
    }
    return OP_NONE;
}

/* Resolve a call of operator `name`; NULL: no candidate takes the arguments (nothing reported). */
static texpr *resolve(fn_checker *f, const char *name, const uint16_t *ids, size_t n, actuals *a,
                      range at)
{
    slot some[SLOTS_INLINE];
    matched m = { .slots = room_for(f, ids, n, some) };
    if (!m.slots)
        return error_expr(f, at);
    a->is_operator = true;
    op_id id = n > 1 ? find_match(f, ids, n, a, false, &m) : OP_NONE;
    if (id == OP_NONE && !a->n_keyword && !a->receiver) {
        texpr *e = script_variant(f, name, a->n_positional, a->positional, at);
        if (e)
            return e;
    }
    if (id == OP_NONE)
        id = find_match(f, ids, n, a, true, &m);
    if (id == OP_NONE)
        return NULL;
    full_args args = match_args(f, op_schema(id), a, &m, at);
    return operator_expr(f, id, m.result, &args, at);
}

texpr *try_operator(fn_checker *f, const char *name, size_t n, texpr *const *args, range at)
{
    size_t n_ids;
    const uint16_t *ids = op_find_all(name, &n_ids);
    actuals a = { .positional = (texpr **)args, .n_positional = n };
    for (size_t i = 0; i < n; i++)
        if (is_error(args[i]))
            return error_expr(f, at);
    return n_ids ? resolve(f, name, ids, n_ids, &a, at) : NULL;
}

/* ---- reporting ---- */

static texpr *unknown_operator(fn_checker *f, const char *name, range at)
{
    const char *near[4];
    if (f->c->archive) { /* what PyTorch wrote exists: it is we who lack it */
        diag_error(f->c->d, "missing-operator", at, "%s is not implemented", name);
        return error_expr(f, at);
    }
    size_t n = op_suggest(name, near, 4);
    diag_item *it = diag_error(f->c->d, "unknown-operator", at, "Unknown builtin op: %s", name);
    for (size_t i = 0; i < n; i++)
        diag_note(f->c->d, it, at, "did you mean %s?", near[i]);
    return error_expr(f, at);
}

typedef struct candidate {
    const schema *s;
    mismatch why;
    size_t score;
} candidate;

/* A candidate that got further down its arguments is more likely meant. */
static size_t score_of(const schema *s, const actuals *a, const mismatch *why)
{
    size_t score = 4 * why->formal;
    if (why->kind == MISMATCH_TOO_MANY || why->kind == MISMATCH_NO_SELF)
        score = why->kind == MISMATCH_NO_SELF ? 0 : 2;
    if (why->kind == MISMATCH_UNKNOWN_KEYWORD)
        score = 4 * a->n_positional + 1;
    for (size_t i = 0; i < s->n_args; i++)
        if (s->args[i].is_out)
            return score / 4;
    return score;
}

/* How the arguments look: "(Tensor, dim: Optional[int])". */
static const char *arguments_text(fn_checker *f, const actuals *a)
{
    text t;
    text_init(&t, arena_of(f));
    text_add_char(&t, '(');
    size_t n = 0;
    if (a->receiver)
        text_addf(&t, "%s%s", n++ ? ", " : "", spell(f, a->receiver->type));
    for (size_t i = 0; i < a->n_positional; i++)
        text_addf(&t, "%s%s", n++ ? ", " : "", spell(f, a->positional[i]->type));
    for (size_t i = 0; i < a->n_keyword; i++)
        text_addf(&t, "%s%s: %s", n++ ? ", " : "", a->keyword[i]->keyword,
                  spell(f, a->keyword[i]->value->type));
    text_add_char(&t, ')');
    return t.failed ? "()" : t.s;
}

static void add_candidate(candidate *best, size_t *n, candidate c)
{
    size_t i = *n < CANDIDATES_SHOWN ? (*n)++ : CANDIDATES_SHOWN - 1;
    if (i == CANDIDATES_SHOWN - 1 && best[i].s && best[i].score >= c.score
        && *n == CANDIDATES_SHOWN)
        return;
    for (; i > 0 && best[i - 1].score < c.score; i--)
        best[i] = best[i - 1];
    best[i] = c;
}

static const char *schema_text(fn_checker *f, const schema *s)
{
    text t;
    text_init(&t, arena_of(f));
    schema_print(s, &t);
    return t.failed ? s->name : t.s;
}

static bool gives_out(const actuals *a)
{
    for (size_t i = 0; i < a->n_keyword; i++)
        if (strcmp(a->keyword[i]->keyword, "out") == 0)
            return true;
    return false;
}

/* Was this candidate possibly meant? Not if it wants an output, a named dimension, another receiver, or
 * something else right at the start. */
static bool is_plausible(const schema *s, const actuals *a, const mismatch *why)
{
    bool has_self = false;
    for (size_t i = 0; i < s->n_args; i++) {
        if (s->args[i].is_out && !gives_out(a))
            return false;
        if (s->args[i].spelling && strncmp(s->args[i].spelling, "Dimname", 7) == 0)
            return false;
        has_self |= strcmp(s->args[i].name, "self") == 0;
    }
    if ((a->receiver && !has_self) || (why->kind == MISMATCH_TYPE && why->formal == 0))
        return false;
    bool at_self = why->formal < s->n_args && strcmp(s->args[why->formal].name, "self") == 0;
    return why->kind != MISMATCH_NO_SELF && !(a->receiver && at_self);
}

/* Rank the candidates, only the plausible ones if `strict`; returns how many there are in best. */
static size_t rank_candidates(fn_checker *f, const uint16_t *ids, size_t n, actuals *a, matched *m,
                              bool strict, candidate *best)
{
    size_t n_best = 0;
    for (size_t i = 0; i < n; i++) {
        candidate c = { .s = op_schema((op_id)ids[i]) };
        if (!c.s || is_blocked((op_id)ids[i]) || match_schema(f, c.s, a, true, m, &c.why))
            continue;
        if (strict && !is_plausible(c.s, a, &c.why))
            continue;
        c.score = score_of(c.s, a, &c.why);
        add_candidate(best, &n_best, c);
    }
    return n_best;
}

static texpr *report_no_match(fn_checker *f, const char *name, const uint16_t *ids, size_t n,
                              actuals *a, range at)
{
    slot some[SLOTS_INLINE];
    matched m = { .slots = room_for(f, ids, n, some) };
    candidate best[CANDIDATES_SHOWN] = { 0 };
    if (!m.slots)
        return error_expr(f, at);
    size_t n_best = rank_candidates(f, ids, n, a, &m, true, best);
    if (!n_best)
        n_best = rank_candidates(f, ids, n, a, &m, false, best);
    if (n_best == 1) {
        report_mismatch(f, best[0].s, name, a, &best[0].why, at);
        return error_expr(f, at);
    }
    diag_item *it = diag_error(f->c->d, "no-overload", at, "no overload of %s takes %s", name,
                               arguments_text(f, a));
    if (a->receiver)
        note_optional(f, it, a->receiver);
    for (size_t i = 0; i < a->n_positional; i++)
        note_optional(f, it, a->positional[i]);
    for (size_t i = 0; i < n_best; i++)
        diag_note(f->c->d, it, (range){ 0 }, "%s: %s", schema_text(f, best[i].s),
                  explain_mismatch(f, best[i].s, name, a, &best[i].why));
    return error_expr(f, at);
}

texpr *call_operator_on(fn_checker *f, const char *name, texpr *receiver, const call_args *args,
                        range at)
{
    actuals a;
    if (!make_actuals(f, args, receiver, &a))
        return error_expr(f, at);
    size_t n;
    const uint16_t *ids = op_find_all(name, &n);
    texpr *upgraded = f->c->archive ? archive_upgraded(f, name, receiver, args, at) : NULL;
    if (upgraded)
        return upgraded;
    if (!n)
        return unknown_operator(f, name, at);
    texpr *e = resolve(f, name, ids, n, &a, at);
    return e ? e : report_no_match(f, name, ids, n, &a, at);
}

texpr *call_operator(fn_checker *f, const char *name, const call_args *args, range at)
{
    return call_operator_on(f, name, NULL, args, at);
}

texpr *call_op(fn_checker *f, const char *name, range at, size_t n, texpr *const *args)
{
    texpr *e = try_operator(f, name, n, args, at);
    if (e)
        return e;
    call_args positional = make_args(f, n, args);
    return call_operator(f, name, &positional, at);
}

texpr *call_op_id(fn_checker *f, op_id op, range at, size_t n, texpr *const *args)
{
    slot some[SLOTS_INLINE];
    const schema *s = op_schema(op);
    uint16_t id = (uint16_t)op;
    matched m = { .slots = room_for(f, &id, 1, some) };
    actuals a = { .positional = (texpr **)args, .n_positional = n, .is_operator = true };
    mismatch why;
    for (size_t i = 0; i < n; i++)
        if (is_error(args[i]))
            return error_expr(f, at);
    if (!s || !m.slots)
        return error_expr(f, at);
    if (!match_schema(f, s, &a, true, &m, &why)) {
        report_mismatch(f, s, op_name(op), &a, &why, at);
        return error_expr(f, at);
    }
    full_args full = match_args(f, s, &a, &m, at);
    return operator_expr(f, op, m.result, &full, at);
}

/* ---- functions, methods, classes ---- */

/* Match one schema with conversions; nothing: reported. The receiver, if any, takes argument `self`.
 */
static full_args match_single(fn_checker *f, const schema *s, const char *callee, texpr *receiver,
                              const call_args *args, range at)
{
    const full_args nothing = { 0 };
    actuals a;
    mismatch why;
    slot *slots = ARENA_ARRAY(arena_of(f), slot, s->n_args + 1u);
    matched m = { .slots = slots };
    if (!slots || !make_actuals(f, args, receiver, &a))
        return nothing;
    if (receiver && s->n_args) {
        /* the first parameter of a method is the receiver whatever it is called */
        memmove(a.positional + 1, a.positional, a.n_positional * sizeof *a.positional);
        a.positional[0] = receiver;
        a.n_positional++;
        a.receiver = NULL;
    }
    if (!match_schema(f, s, &a, true, &m, &why)) {
        if (receiver && why.kind == MISMATCH_TOO_MANY) {
            why.n_most--;
            a.n_positional--;
            a.positional++;
        }
        report_mismatch(f, s, callee, &a, &why, at);
        return nothing;
    }
    return match_args(f, s, &a, &m, at);
}

static const type *return_type_of(const schema *s) { return s->n_rets ? s->rets[0].type : T_NONE; }

texpr *call_function(fn_checker *f, ir_function *fn, texpr *receiver, const call_args *args,
                     range at)
{
    if (!require_schema(f->c, fn, at) || has_open_params(f->c, fn))
        return error_expr(f, at);
    full_args full = match_single(f, fn->schema, fn->name, fn->is_static ? NULL : receiver, args, at);
    if (!full.at)
        return error_expr(f, at);
    bool is_method = fn->owner && !fn->is_static;
    texpr *e = new_texpr(f, is_method ? TX_METHOD : TX_CALL, return_type_of(fn->schema), at, full.n);
    e->fn = fn;
    e->name = fn->name;
    take_args(e, &full, 0);
    return e;
}

static texpr *call_interface_method(fn_checker *f, texpr *receiver, const char *name,
                                    const call_args *args, range at)
{
    const schema *s = strmap_find(&receiver->type->iface->methods, name);
    full_args full = s ? match_single(f, s, name, receiver, args, at) : (full_args){ 0 };
    if (!full.at)
        return error_expr(f, at);
    texpr *e = new_texpr(f, TX_METHOD, return_type_of(s), at, full.n);
    e->name = name;
    take_args(e, &full, 0);
    return e;
}

texpr *call_magic(fn_checker *f, texpr *obj, const char *name, size_t n, texpr *const *args,
                  range at)
{
    ir_function *fn = obj->type->kind == TYPE_CLASS ? type_find_method(obj->type, name) : NULL;
    if (!fn)
        return NULL;
    call_args positional = make_args(f, n, args);
    return call_function(f, fn, obj, &positional, at);
}

static texpr *construct_class(fn_checker *f, const type *cls, const call_args *args, range at)
{
    const char *name = type_unqualified_name(cls);
    if (!require_class(f->c, cls, at))
        return error_expr(f, at);
    ir_function *init = type_find_method(cls, "__init__");
    if (!init) {
        diag_item *it = diag_error(f->c->d, "no-init", at, "Class %s does not have an __init__ function defined", name);
        note_base(f, it, cls);
        return error_expr(f, at);
    }
    if (!require_schema(f->c, init, at))
        return error_expr(f, at);
    texpr *object_slot = new_texpr(f, TX_UNINIT, cls, at, 0);
    full_args full = match_single(f, init->schema, name, object_slot, args, at);
    if (!full.at || !full.n)
        return error_expr(f, at);
    texpr *e = new_texpr(f, TX_NEW, cls, at, full.n - 1);
    e->fn = init;
    take_args(e, &full, 1);
    return e;
}

/* The constructor of a named tuple as a signature: its fields are the arguments. */
static const schema *named_tuple_schema(fn_checker *f, const type *t)
{
    schema *s = ARENA_NEW(arena_of(f), schema);
    schema_arg *args = ARENA_ARRAY(arena_of(f), schema_arg, t->n_args + 1u);
    schema_arg *ret = ARENA_NEW(arena_of(f), schema_arg);
    if (!args || arena_failed(arena_of(f)))
        return NULL;
    for (size_t i = 0; i < t->n_args; i++) {
        args[i].name = t->fields->names[i];
        args[i].type = t->args[i];
        args[i].has_default = t->fields->has_default && t->fields->has_default[i];
        if (args[i].has_default)
            args[i].default_value = t->fields->defaults[i];
    }
    ret->type = t;
    *s = (schema){ .name = type_unqualified_name(t),
                   .overload = "",
                   .n_args = t->n_args,
                   .n_rets = 1,
                   .args = args,
                   .rets = ret };
    return s;
}

static texpr *construct_named_tuple(fn_checker *f, const type *t, const call_args *args, range at)
{
    const schema *s = named_tuple_schema(f, t);
    full_args full = s ? match_single(f, s, s->name, NULL, args, at) : (full_args){ 0 };
    if (!full.at)
        return error_expr(f, at);
    texpr *e = new_texpr(f, TX_TUPLE, t, at, full.n);
    take_args(e, &full, 0);
    return e;
}

static texpr *construct(fn_checker *f, const type *t, const call_args *args, range at)
{
    switch ((type_kind)t->kind) {
    case TYPE_CLASS: return construct_class(f, t, args, at);
    case TYPE_NAMED_TUPLE: return construct_named_tuple(f, t, args, at);
    case TYPE_ENUM:
        diag_error(f->c->d, "not-callable", at, "cannot call enum class %s; name a member: %s.%s",
                   type_unqualified_name(t), type_unqualified_name(t),
                   t->enums->n ? t->enums->members[0]->name : "MEMBER");
        break;
    default:
        diag_error(f->c->d, "not-callable", at, "%s cannot be instantiated",
                   type_unqualified_name(t));
        break;
    }
    return error_expr(f, at);
}

/* ---- torch.FloatTensor(…) ---- */

/* The dtype that torch.FloatTensor and its like stand for; -1: another name. */
static int legacy_dtype(const char *name)
{
    static const struct {
        const char *name;
        dtype type;
    } table[] = {
        { "torch.BoolTensor", DTYPE_bool },   { "torch.ByteTensor", DTYPE_uint8 },
        { "torch.CharTensor", DTYPE_int8 },   { "torch.DoubleTensor", DTYPE_float64 },
        { "torch.FloatTensor", DTYPE_float32 }, { "torch.HalfTensor", DTYPE_float16 },
        { "torch.IntTensor", DTYPE_int32 },   { "torch.LongTensor", DTYPE_int64 },
        { "torch.ShortTensor", DTYPE_int16 },
    };
    for (size_t i = 0; name && i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].name, name))
            return (int)table[i].type;
    return -1;
}

static texpr *report_legacy(fn_checker *f, const char *name, range at)
{
    diag_item *it = diag_error(f->c->d, "bad-argument", at, "%s takes sizes, or one list of elements", name);
    diag_note(f->c->d, it, at, "torch.tensor(…, dtype=…) says more");
    return error_expr(f, at);
}

/* Sizes make an uninitialised tensor, anything else that is alone is its elements. */
static texpr *call_legacy(fn_checker *f, const char *name, const call_args *args, range at)
{
    actuals a;
    if (!make_actuals(f, args, NULL, &a))
        return error_expr(f, at);
    if (a.n_keyword > 1 || (a.n_keyword && strcmp(a.keyword[0]->keyword, "device") != 0))
        return report_legacy(f, name, at);
    bool are_sizes = a.n_positional > 0;
    for (size_t i = 0; i < a.n_positional; i++)
        are_sizes &= a.positional[i]->type->kind == TYPE_INT;
    if (!are_sizes && a.n_positional > 1)
        return report_legacy(f, name, at);
    texpr *data = !are_sizes && a.n_positional ? a.positional[0] : new_texpr(f, TX_LIST, type_list(T_INT), at, a.n_positional);
    for (size_t i = 0; are_sizes && i < data->n_args; i++)
        data->args[i] = a.positional[i];
    call_args full = make_args(f, 1, &data);
    call_arg dtype_arg = { .keyword = "dtype", .value = int_const(f, legacy_dtype(name), at), .at = at };
    VEC_PUSH(&full, arena_of(f), dtype_arg);
    if (a.n_keyword)
        VEC_PUSH(&full, arena_of(f), *a.keyword[0]);
    return call_operator(f, are_sizes ? "aten::empty" : "aten::tensor", &full, at);
}

/* ---- anything that is called ---- */

static sval call_method_sval(fn_checker *f, sval callee, const call_args *args, const type *hint,
                             range at)
{
    texpr *receiver = callee.expr;
    if (callee.fn)
        return value_sval(call_function(f, callee.fn, receiver, args, at));
    if (receiver->type->kind == TYPE_INTERFACE)
        return value_sval(call_interface_method(f, receiver, callee.name, args, at));
    return call_value_method(f, receiver, callee.name, args, hint, at);
}

static sval call_value(fn_checker *f, sval callee, const call_args *args, range at)
{
    texpr *e = callee.expr;
    ir_function *fn = e->type->kind == TYPE_CLASS ? type_find_method(e->type, "__call__") : NULL;
    if (!fn && e->type->kind == TYPE_CLASS && e->type->cls->is_module)
        fn = type_find_method(e->type, "forward");
    if (fn)
        return value_sval(call_function(f, fn, e, args, at));
    diag_item *it = diag_error(f->c->d, "not-callable", callee.at,
                               "cannot call a value of type '%s'", spell(f, e->type));
    note_optional(f, it, e);
    return error_sval(at);
}

static texpr *call_named_operator(fn_checker *f, const char *name, const call_args *args, range at)
{
    texpr *e = call_object_operator(f, name, args, at);
    return e ? e : call_operator(f, name, args, at);
}

/* What the callee denotes decides; ranges and the like stay iterables, so the result is no texpr
 * yet. */
static sval call_any(fn_checker *f, sval callee, const call_args *args, const type *hint, range at)
{
    switch (callee.kind) {
    case SVAL_ERROR: return error_sval(at);
    case SVAL_VALUE: return call_value(f, callee, args, at);
    case SVAL_BUILTIN: return call_builtin(f, callee.name, args, hint, at);
    case SVAL_OPERATOR:
        if (strncmp(callee.name, "torch.", 6) == 0)
            return call_library(f, callee.name, args, at);
        return value_sval(call_named_operator(f, callee.name, args, at));
    case SVAL_FUNCTION: return value_sval(call_function(f, callee.fn, NULL, args, at));
    case SVAL_CLASS: return value_sval(construct(f, callee.type, args, at));
    case SVAL_METHOD: return call_method_sval(f, callee, args, hint, at);
    case SVAL_TYPE:
        if (callee.type && callee.type->kind == TYPE_DEVICE)
            return value_sval(call_operator(f, "aten::device", args, at));
        if (legacy_dtype(callee.name) >= 0)
            return value_sval(call_legacy(f, callee.name, args, at));
        diag_error(f->c->d, "not-callable", callee.at, "type %s cannot be called",
                   callee.type ? spell(f, callee.type) : callee.name);
        return error_sval(at);
    case SVAL_EXCEPTION:
        diag_error(f->c->d, "not-callable", callee.at, "exception %s can only be raised",
                   callee.name);
        return error_sval(at);
    case SVAL_MODULE:
        diag_error(f->c->d, "not-callable", callee.at, "module '%s' cannot be called", callee.name);
        return error_sval(at);
    case SVAL_ITERABLE:
    case SVAL_NOTHING:
    case SVAL_SLICE:
    case SVAL_TUPLE:
        diag_error(f->c->d, "not-callable", callee.at, "this cannot be called");
        return error_sval(at);
    case SVAL_CLOSURE:
        diag_note(f->c->d,
                  diag_error(f->c->d, "not-callable", callee.at,
                             "cannot call a closure; pass it to torch.jit.fork()"),
                  callee.ast->at, "'%s' is defined here", callee.name);
        return error_sval(at);
    }
    return error_sval(at);
}

texpr *call_sval(fn_checker *f, sval callee, const call_args *args, const type *hint, range at)
{
    return sval_to_value(f, call_any(f, callee, args, hint, at));
}

/* ---- syntax ---- */

/* `f(*t)`: the elements of a tuple become arguments. */
static bool add_star(fn_checker *f, const ast_star *n, call_args *args)
{
    texpr *e = check_expr(f, n->value, NULL);
    if (is_error(e))
        return false;
    if (!is_tuple_like(e->type)) {
        diag_error(f->c->d, "bad-star", n->node.at,
                   "only a tuple can be passed as *arguments, not %s", spell(f, e->type));
        return false;
    }
    texpr **items = tuple_items(f, e, n->node.at);
    for (size_t i = 0; items && i < e->type->n_args; i++)
        if (!VEC_PUSH(args, arena_of(f),
                      ((call_arg){ .value = items[i], .at = n->node.at, .is_star = true })))
            return false;
    return items != NULL;
}

bool check_arguments(fn_checker *f, const ast_nodes *nodes, call_args *ret)
{
    bool ok = true;
    for (size_t i = 0; i < nodes->n; i++) {
        const ast_node *n = nodes->at[i];
        if (n->kind == AST_star) {
            ok &= add_star(f, (const ast_star *)n, ret);
            continue;
        }
        call_arg arg = { .ast = n, .at = n->at };
        if (n->kind == AST_keyword) {
            arg.keyword = ((const ast_keyword *)n)->id;
            arg.ast = ((const ast_keyword *)n)->value;
        }
        arg.sv = check_sval(f, arg.ast, NULL);
        if (arg.sv.kind == SVAL_VALUE)
            arg.value = arg.sv.expr;
        ok &= arg.sv.kind != SVAL_ERROR && VEC_PUSH(ret, arena_of(f), arg);
    }
    return ok;
}

bool expect_args(fn_checker *f, const char *what, const call_args *args, size_t min, size_t max,
                 range at)
{
    for (size_t i = 0; i < args->n; i++)
        if (args->at[i].keyword) {
            diag_error(f->c->d, "unknown-keyword", args->at[i].at, "%s has no argument named '%s'",
                       what, args->at[i].keyword);
            return false;
        }
    if (args->n >= min && args->n <= max)
        return true;
    const char *code = args->n < min ? "missing-argument" : "too-many-arguments";
    if (min == max)
        diag_error(f->c->d, code, at, "%s takes %zu argument%s, not %zu", what, min,
                   min == 1 ? "" : "s", args->n);
    else if (args->n < min)
        diag_error(f->c->d, code, at, "%s needs at least %zu argument%s, not %zu", what, min,
                   min == 1 ? "" : "s", args->n);
    else
        diag_error(f->c->d, code, at, "%s takes at most %zu argument%s, not %zu", what, max,
                   max == 1 ? "" : "s", args->n);
    return false;
}

sval check_call(fn_checker *f, const ast_call *n, const type *hint)
{
    sval callee = check_sval(f, n->callee, NULL);
    sval special;
    if (callee.kind == SVAL_BUILTIN && call_special_form(f, callee.name, n, hint, &special))
        return special;
    call_args args = { 0 };
    bool ok = check_arguments(f, &n->args, &args);
    if (!ok || callee.kind == SVAL_ERROR)
        return error_sval(n->node.at);
    return call_any(f, callee, &args, hint, n->node.at);
}
