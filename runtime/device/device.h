/* runtime/device/device.h: what the machine can do. Later: opening drivers and libraries. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_DEVICE_DEVICE_H
#define RUNTIME_DEVICE_DEVICE_H

/* Instruction sets that kernels are compiled for: the x86-64 micro-architecture levels. */
typedef enum cpu_level { CPU_BASE, CPU_V3, CPU_V4, CPU__LEVEL_COUNT } cpu_level;

/** The highest level this processor runs; looked up once. Any thread. */
cpu_level cpu_get_level(void);

#endif
