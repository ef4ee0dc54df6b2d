/* Loading oneDNN; see onednn.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/device/onednn.h"

#include "runtime/device/device.h"

#include <pthread.h>
#include <stdbool.h>

#define TEXT(x) #x
#define SONAME(major) "libdnnl.so." TEXT(major)

static onednn library;
static const onednn *found; /* &library once it is complete */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *handle = foreign_open((const char *const[]){ SONAME(DNNL_VERSION_MAJOR), NULL });
    if (!handle)
        return;
    bool is_complete = true;
#define ONEDNN(name)                                                                               \
    library.name = (__typeof__(library.name))foreign_symbol(handle, "dnnl_" #name);                \
    is_complete &= library.name != NULL;
#include "runtime/device/onednn.def"
    if (is_complete && library.engine_create(&library.engine, dnnl_cpu, 0) == dnnl_success)
        found = &library;
}

const onednn *onednn_get(void)
{
    pthread_once(&once, load);
    return found;
}
