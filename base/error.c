/* base/error.c: filling the jit_error of a caller. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/alloc.h"
#include "base/text.h"

#include <stdarg.h>

void jit_error_fini(jit_error *err)
{
    if (!err)
        return;
    mem_free(err->message);
    mem_free(err->exception);
    mem_free(err->file);
    mem_free(err->details);
    *err = (jit_error)JIT_ERROR_INIT;
}

jit_status error_fail(jit_error *err, jit_status status, const char *format, ...)
{
    if (!err)
        return status;
    char *message = NULL;
    va_list ap;
    va_start(ap, format);
    text t;
    text_init(&t, NULL);
    text_vaddf(&t, format, ap);
    message = text_take(&t);
    va_end(ap);
    jit_error_fini(err); // after formatting: the arguments may be the old error's strings
    err->status = status;
    err->message = message;
    return status;
}

jit_status error_add_place(jit_error *err, jit_status status, const char *where)
{
    if (!err || err->file || !err->message)
        return status;
    text t;
    text_init(&t, NULL);
    text_addf(&t, "%s: %s", where, err->message);
    if (t.failed) {
        text_fini(&t);
        return status;
    }
    mem_free(err->message);
    err->message = text_take(&t);
    return status;
}
