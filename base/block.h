/* base/block.h: blocks for tensors: 64-byte aligned, and kept for a while when freed.
 *
 * A program makes tensors of the same few sizes over and over. malloc gives large blocks back to the system each
 * time, and the pages of the next one fault anew: that costs more than most operators. So freed blocks wait here
 * for the next request of their size class: small ones (up to BLOCK_SMALL_BYTES) on lists of their thread, large
 * ones in one table. What waits hardly raises the peak of the process: live and waiting blocks together are no
 * more than the live blocks were at their most, and half as much again or 8 MB, the lesser of the two: a program that
 * makes tensors of many sizes in turn needs that to find each again. Budgets and failure injection of base/alloc.h
 * hold. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H

#include <stddef.h>

enum { BLOCK_ALIGN = 64, BLOCK_SMALL_BYTES = 1024 };

/** Uninitialised; NULL: no memory, or over budget. */
void *block_alloc(size_t n_bytes);
/** n_bytes as given to block_alloc; p may be NULL. Any thread may free. */
void block_free(void *p, size_t n_bytes);

/** Give back what waits: all large blocks and the small ones of this thread. */
void block_trim(void);
/** Bytes of large blocks that wait. */
size_t block_idle_bytes(void);

#endif
