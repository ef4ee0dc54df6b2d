/* ir/type_union.c: making unions canonical.
 *
 * Nested unions, Optional and number dissolve into their members, members that unify are merged, the
 * rest is sorted, so that equal unions are one type. Merge and order follow PyTorch's
 * aten/src/ATen/core/union_type.cpp: the printed order is part of the IR text. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"
#include "ir/type_internal.h"

#include <string.h>

static bool is_number_part(type_kind k)
{
    return k == TYPE_INT || k == TYPE_FLOAT || k == TYPE_COMPLEX;
}

/* Members in the order of PyTorch's TypeKind; the same kind by text. */
static int union_rank(const type *t)
{
    static const uint8_t rank[TYPE__COUNT] = {
        [TYPE_ERROR] = 0, [TYPE_ANY] = 1, [TYPE_ENUM] = 2, [TYPE_ANY_ENUM] = 3, [TYPE_TENSOR] = 4,
        [TYPE_STORAGE] = 5, [TYPE_TUPLE] = 6, [TYPE_NAMED_TUPLE] = 6, [TYPE_LIST] = 7,
        [TYPE_DICT] = 8, [TYPE_NUMBER] = 9, [TYPE_FLOAT] = 10, [TYPE_COMPLEX] = 11,
        [TYPE_FUTURE] = 12, [TYPE_RREF] = 13, [TYPE_INT] = 14, [TYPE_NONE] = 15, [TYPE_STR] = 16,
        [TYPE_GENERATOR] = 17, [TYPE_BOOL] = 19, [TYPE_OPTIONAL] = 20, [TYPE_VAR] = 21,
        [TYPE_DEVICE] = 22, [TYPE_STREAM] = 23, [TYPE_FUNCTION] = 24, [TYPE_CLASS] = 25,
        [TYPE_CAPSULE] = 27, [TYPE_INTERFACE] = 28, [TYPE_QSCHEME] = 29, [TYPE_LAYOUT] = 31,
        [TYPE_MEMORY_FORMAT] = 32, [TYPE_ANY_LIST] = 33, [TYPE_ANY_TUPLE] = 34,
        [TYPE_ANY_CLASS] = 35, [TYPE_UNION] = 37,
    };
    return rank[t->kind];
}

static bool union_less(const type *a, const type *b)
{
    if (union_rank(a) != union_rank(b))
        return union_rank(a) < union_rank(b);
    arena scratch;
    arena_init(&scratch);
    bool less = strcmp(type_ir_str(&scratch, a), type_ir_str(&scratch, b)) < 0;
    arena_fini(&scratch);
    return less;
}

typedef VEC(const type *) type_vec;

/* Nested unions, optionals and number dissolve; recursion depth is that of their nesting. */
static bool flatten_into(type_vec *flat, const type *t)
{
    if (!t)
        return false;
    if (t->kind == TYPE_UNION) {
        for (size_t i = 0; i < t->n_args; i++)
            if (!flatten_into(flat, t->args[i]))
                return false;
        return true;
    }
    if (t->kind == TYPE_OPTIONAL)
        return flatten_into(flat, type_elem(t)) && VEC_PUSH(flat, NULL, T_NONE);
    if (t->kind == TYPE_NUMBER)
        return VEC_PUSH(flat, NULL, T_FLOAT) && VEC_PUSH(flat, NULL, T_COMPLEX) &&
               VEC_PUSH(flat, NULL, T_INT);
    return VEC_PUSH(flat, NULL, t);
}

/* What may stand for both in a union. None stays a member of its own: no nested optionals. */
static const type *common_member(const type *a, const type *b)
{
    if ((a->kind == TYPE_NONE) != (b->kind == TYPE_NONE))
        return NULL;
    return type_unify(a, b);
}

static void merge_members(type_vec *m)
{
    size_t last = m->n - 1;
    for (size_t i = m->n - 1; i > 0; i--) {
        for (size_t j = (i - 1 < last ? i - 1 : last) + 1; j-- > 0;) {
            const type *both = common_member(m->at[i], m->at[j]);
            if (both) {
                m->at[j] = both;
                m->at[i] = m->at[last--];
                break;
            }
        }
    }
    m->n = last + 1;
}

static void sort_members(type_vec *m)
{
    for (size_t i = 1; i < m->n; i++) {
        const type *t = m->at[i];
        size_t j = i;
        for (; j > 0 && union_less(t, m->at[j - 1]); j--)
            m->at[j] = m->at[j - 1];
        m->at[j] = t;
    }
}

static const type *union_of_sorted(const type_vec *m)
{
    size_t n_numbers = 0, n_none = 0;
    for (size_t i = 0; i < m->n; i++) {
        n_numbers += is_number_part((type_kind)m->at[i]->kind);
        n_none += m->at[i]->kind == TYPE_NONE;
        if (m->at[i]->kind == TYPE_ANY || m->at[i]->kind == TYPE_ERROR)
            return m->at[i];
    }
    if (m->n == 1)
        return m->at[0];
    if (n_numbers == 3 && m->n == 3 + n_none)
        return n_none ? type_optional(T_NUMBER) : T_NUMBER;
    if (n_none && m->n == 2)
        return type_optional(m->at[m->at[0]->kind == TYPE_NONE]);
    return type_union_intern(m->at, m->n);
}

const type *type_union(const type *const *members, size_t n)
{
    type_vec flat = { 0 };
    const type *result = NULL;
    bool ok = n > 0;
    for (size_t i = 0; i < n && ok; i++)
        ok = flatten_into(&flat, members[i]);
    if (ok) {
        merge_members(&flat);
        sort_members(&flat);
        result = union_of_sorted(&flat);
    }
    VEC_FINI(&flat);
    return result;
}

const type *type_without_none(const type *t)
{
    if (t->kind == TYPE_OPTIONAL)
        return type_elem(t);
    if (t->kind != TYPE_UNION || !type_is_optional_like(t))
        return t;
    type_vec rest = { 0 };
    bool ok = true;
    for (size_t i = 0; i < t->n_args && ok; i++)
        if (t->args[i]->kind != TYPE_NONE)
            ok = VEC_PUSH(&rest, NULL, t->args[i]);
    const type *result = ok ? union_of_sorted(&rest) : NULL;
    VEC_FINI(&rest);
    return result;
}
