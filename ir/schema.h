/* ir/schema.h: the signature of an operator or function. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_SCHEMA_H
#define IR_SCHEMA_H

#include "ir/type.h"

#define SCHEMA_ALIAS_WILDCARD (1u << 31)

/** Alias annotation: `(a)`, `(a!)`, `(a -> *)`, `(a|b)`. Sets are bit masks of letters, bit 31 is `*`. */
typedef struct schema_alias {
    uint32_t before, after; /* 0: no annotation; after == before unless `->` was written */
    bool is_write;
} schema_alias;

typedef struct schema_arg {
    const char *name;       /* "self"; NULL for an unnamed return */
    const type *type;       /* as the type checker sees it: ScalarType, Layout, SymInt… are int */
    const char *spelling;   /* declared base name where it differs from the type ("ScalarType"), or NULL */
    int32_t sized;          /* N of `int[N]`, 0: unsized. A single int/float may stand for N of them */
    bool keyword_only;
    bool is_inferred;       /* parameter without annotation: "Tensor (inferred)" in messages */
    bool is_out;            /* an out= argument: keyword-only with (x!) */
    bool has_default;
    jit_value default_value; /* enum-like identifiers are ints; a scalar for a sized list is already a list */
    schema_alias alias;
    schema_alias elem_alias; /* of the elements: Tensor(a)[] ; Tensor(a!)[] */
    range at;               /* declaration, for user functions */
} schema_arg;

typedef struct schema {
    const char *name;       /* "aten::add", or the name of a user function */
    const char *overload;   /* "Tensor", "" if unnamed */
    uint16_t n_args, n_rets;
    bool is_vararg, is_varret;
    const schema_arg *args;
    const schema_arg *rets;
} schema;

/** Parse one schema, e.g. "aten::relu(Tensor self) -> Tensor". Allocates in `a`.
 * @return NULL with *ret_error set on a malformed text */
const schema *schema_parse(const char *s, arena *a, const char **ret_error);
/** "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor" */
void schema_print(const schema *s, text *out);
int schema_find_arg(const schema *s, const char *name);   /* -1: none */
/** Type of a call's value: none → empty tuple, one → it, several → (named) tuple. */
const type *schema_result_type(const schema *s);
/** Release the default values of a schema; the rest is its arena's. NULL is fine. */
void schema_release(const schema *s);
bool schema_writes(const schema *s);                       /* some argument has `!` */

#endif
