/* The line kernels of this machine; see line.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/line.h"

#include "runtime/device/device.h"

const line_kernels *line_kernels_find(dtype d)
{
    const bool is_double = d == DTYPE_float64;
#ifdef TJS_X86_LEVELS
    const cpu_level level = cpu_get_level();
    if (level >= CPU_V4) return is_double ? &line_kernels_f64_v4 : &line_kernels_f32_v4;
    if (level >= CPU_V3) return is_double ? &line_kernels_f64_v3 : &line_kernels_f32_v3;
#endif
    return is_double ? &line_kernels_f64_base : &line_kernels_f32_base;
}
