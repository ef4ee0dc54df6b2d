/* runtime/device/device.h: what the machine can do, and the only code that opens libraries at run time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_DEVICE_DEVICE_H
#define RUNTIME_DEVICE_DEVICE_H

#include <stddef.h>

/* Instruction sets that kernels are compiled for: the x86-64 micro-architecture levels. */
typedef enum cpu_level { CPU_BASE, CPU_V3, CPU_V4, CPU__LEVEL_COUNT } cpu_level;

/** The highest level this processor runs; looked up once. Any thread. */
cpu_level cpu_get_level(void);

/** Load the first of `names` (file names, ended by NULL) that is installed. It stays loaded; a BLAS in it runs on
 * the calling thread alone unless the process had it before. NULL: none is. */
void *foreign_open(const char *const *names);
/** Address of a symbol of it, or NULL. */
void *foreign_symbol(void *library, const char *name);

#endif
