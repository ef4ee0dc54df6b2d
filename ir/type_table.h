/* ir/type_table.h: where structural types are interned: a hash table that only grows.
 *
 * Readers take no lock: buckets are chains whose heads are published with release order and whose
 * entries never change. Writers race with compare-and-swap; the loser finds the winner's entry. One
 * table serves the process (types without class names), one each unit (types over its classes). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_TYPE_TABLE_H
#define IR_TYPE_TABLE_H

#include "ir/type.h"

typedef struct type_entry type_entry;

typedef struct type_table {
    _Atomic(type_entry *) *buckets;
    uint32_t n_buckets; /* a power of two */
} type_table;

enum { TYPE_TABLE_UNIT_BUCKETS = 128 };

/** The type like *key (kind, args, name, info), made if need be; key's parts are copied. The entry belongs to
 * `t`. NULL: no memory. @thread any */
const type *type_table_intern(type_table *t, const type *key);
/** Free the entries, not the buckets. */
void type_table_fini(type_table *t);

#endif
