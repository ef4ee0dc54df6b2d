/* base/error.h: filling the jit_error of a caller. Every layer that can meet a failure of the world (a file, a device,
 * a malformed archive) reports it through here. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "jit.h"

/** Fill err (may be NULL; what it held is released) with a status and one sentence, and return the status. The
 * message survives running out of memory: err->message may then be NULL, the status stays. */
jit_status error_fail(jit_error *err, jit_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Put "where: " before the message of an error that names no file, and return its status. */
jit_status error_add_place(jit_error *err, jit_status status, const char *where);
static inline jit_status error_no_memory(jit_error *err)
{
    return error_fail(err, JIT_ENOMEM, "out of memory");
}

#endif
