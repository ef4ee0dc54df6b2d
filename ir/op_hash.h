/* ir/op_hash.h: the hash of operator names, shared by tools/genops.c, which fills the table, and ir/op.c,
 * which looks names up in it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IR_OP_HASH_H
#define IR_OP_HASH_H

#include <stdint.h>

/** FNV-1a. */
static inline uint32_t op_hash(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h;
}

#endif
