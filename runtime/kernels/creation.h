/* runtime/kernels/creation.h: arguments that factories share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_CREATION_H
#define RUNTIME_KERNELS_CREATION_H

#include "runtime/kernels/kernel.h"

/* PyTorch's codes of memory_format. */
enum { FORMAT_CONTIGUOUS, FORMAT_PRESERVE, FORMAT_CHANNELS_LAST, FORMAT_CHANNELS_LAST_3D };

/** Fails unless the device is the CPU or None. */
bool check_device(op_ctx *cx, jit_value device_value);
/** The arguments dtype, layout, device, pin_memory of a factory. */
bool read_options(op_ctx *cx, const jit_value *options, dtype otherwise, dtype *ret);
/** Uninitialised, in contiguous or channels-last order. */
tensor *make_tensor_format(op_ctx *cx, dtype d, const int64_t *sizes, int n_dims, int64_t format);
/** The *_like factories: options are dtype, layout, device, pin_memory, memory_format. */
tensor *make_like(op_ctx *cx, const tensor *t, const jit_value *options);

#endif
