/* tests/fuzz/random_value.h: values of a type made from the bytes a fuzzer chose. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_RANDOM_VALUE_H
#define FUZZ_RANDOM_VALUE_H

#include "ir/schema.h"

#include <stdint.h>

enum { RANDOM_MOST_KEPT = 16, RANDOM_SHAPE_DIMS = 8 };

/** Where values come from: bytes (zeros when they are used up), the shape that tensors of a call mostly have, what
 * was made before and may be met again. */
typedef struct random_values {
    const uint8_t *at, *end;
    int64_t shape[RANDOM_SHAPE_DIMS];
    int n_dims;
    const type *variables[26];     /* of a schema: 'a'… → its type in this call */
    jit_value kept[RANDOM_MOST_KEPT]; /* references */
    size_t n_kept;
} random_values;

void random_values_init(random_values *r, const uint8_t *bytes, size_t n_bytes);
void random_values_fini(random_values *r);
/** Choose a shape for the tensors of the next call and forget what type variables stood for. */
void random_values_begin_call(random_values *r);
/** A value, borrowed, that a later argument may be; only tensors are kept. */
void random_values_keep(random_values *r, jit_value v);
/** The next byte, modulo n. */
size_t random_below(random_values *r, size_t n);
/** A value of type t for a parameter (NULL: for none in particular). *ret is a reference.
 * @return false: no value of that type is made here, or no memory */
bool random_value(random_values *r, const type *t, const schema_arg *param, jit_value *ret);

#endif
