/* runtime/device/foreign.c: libraries that are loaded when a program first needs them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/device/device.h"

#include <dlfcn.h>

/* A library that is in the process already belongs to someone else: its thread count is not ours to set. */
void *foreign_open(const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        void *handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
        if (handle)
            return handle;
    }
    for (size_t i = 0; names[i]; i++) {
        void *handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (!handle)
            continue;
        void (*set_threads)(int) = (void (*)(int))dlsym(handle, "openblas_set_num_threads");
        if (set_threads)
            set_threads(1);
        return handle;
    }
    return NULL;
}

void *foreign_symbol(void *library, const char *name) { return dlsym(library, name); }
