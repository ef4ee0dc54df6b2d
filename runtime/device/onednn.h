/* runtime/device/onednn.h: oneDNN's C API, loaded when a kernel first asks for it. The functions' types come from
 * the headers of the build, so the library must have their major version; its file name says so. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_DEVICE_ONEDNN_H
#define RUNTIME_DEVICE_ONEDNN_H

#include <dnnl.h>

typedef struct onednn {
#define ONEDNN(name) __typeof__(dnnl_##name) *name;
#include "runtime/device/onednn.def"
    dnnl_engine_t engine;  /* the CPU; lives as long as the process */
} onednn;

/** The library, or NULL where it is not installed. Looked up once; any thread. */
const onednn *onednn_get(void);

#endif
