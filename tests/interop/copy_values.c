/* tests/interop/copy_values.c: reads each first file and writes what was in it to the next: `copy_values IN OUT …`.
 * Says on stdout, one line a pair, "ok" or why not. Sees jit.h only. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "jit.h"

#include <stdio.h>

static void copy(const char *from, const char *to)
{
    jit_error err = JIT_ERROR_INIT;
    jit_any *v = NULL;
    if (jit_value_load(from, &v, &err) || jit_value_save(v, to, &err))
        printf("%s: %s\n", jit_status_name(err.status), err.message ? err.message : "?");
    else
        puts("ok");
    jit_unref(v);
    jit_error_fini(&err);
}

int main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2)
        copy(argv[i], argv[i + 1]);
    return 0;
}
