/* The processor's instruction set, asked once. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/device/device.h"

#include <stdatomic.h>

static cpu_level find_level(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    const int has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                       __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const int has_v4 = has_v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512vl");
    return has_v4 ? CPU_V4 : has_v3 ? CPU_V3 : CPU_BASE;
#else
    return CPU_BASE;
#endif
}

cpu_level cpu_get_level(void)
{
    static _Atomic int known = -1;
    int level = atomic_load_explicit(&known, memory_order_relaxed);
    if (level < 0) {
        level = find_level();
        atomic_store_explicit(&known, level, memory_order_relaxed);
    }
    return (cpu_level)level;
}
