/* runtime/archive/libzip.c: loading libzip. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/libzip.h"

#include "runtime/device/device.h"

#include <pthread.h>
#include <stdbool.h>

static struct {
    pthread_once_t once;
    bool is_ready;
    libzip_functions functions;
} library = { .once = PTHREAD_ONCE_INIT };

static void load(void)
{
    static const char *const names[] = { "libzip.so.5", "libzip.so.4", NULL };
    void *handle = foreign_open(names);
    bool is_ready = handle != NULL;
#define F(name)                                                                                         \
    if (is_ready) {                                                                                     \
        library.functions.name = (__typeof__(&zip_##name))foreign_symbol(handle, "zip_" #name);         \
        is_ready = library.functions.name != NULL;                                                      \
    }
    LIBZIP_FUNCTIONS(F)
#undef F
    library.is_ready = is_ready;
}

const libzip_functions *libzip(void)
{
    pthread_once(&library.once, load);
    return library.is_ready ? &library.functions : NULL;
}
