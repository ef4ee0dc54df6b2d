/* runtime/api/inspect.c: what this build knows: operators and their back ends. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include <string.h>
#include <sys/resource.h>

static bool is_implemented(op_id id)
{
    uint8_t backend = op_get_info(id)->backend;
    return backend == OP_HAS_KERNEL ? op_kernel_find(id, DEVICE_CPU) != NULL : backend != OP_IS_DECLARED;
}

/* What runs a row, and its derivative: rows have none yet. */
static void add_row(op_id id, bool as_json, text *out)
{
    static const char *const backends[] = { "declared", "cpu", "composite", "structural" };
    const char *backend = is_implemented(id) ? backends[op_get_info(id)->backend] : "declared";
    const schema *s = op_schema(id);
    if (!s)
        return;
    text printed;
    text_init(&printed, NULL);
    schema_print(s, &printed);
    if (as_json) {
        text_add(out, "{\"schema\": ");
        text_add_json(out, printed.s, printed.n);
        text_addf(out, ", \"backend\": \"%s\", \"derivative\": null}\n", backend);
    } else {
        text_addf(out, "%s\t%s\t-\n", printed.s, backend);
    }
    text_fini(&printed);
}

char *jit_debug_ops(const char *name_prefix, bool only_implemented, bool as_json)
{
    text out;
    text_init(&out, NULL);
    for (size_t i = 0; i < op_name_count(); i++) {
        const uint16_t *ids;
        size_t n;
        const char *name = op_name_at(i, &ids, &n);
        if (name_prefix && strncmp(name, name_prefix, strlen(name_prefix)))
            continue;
        for (size_t k = 0; k < n; k++)
            if (!only_implemented || is_implemented(ids[k]))
                add_row(ids[k], as_json, &out);
    }
    return text_take(&out);
}

void jit_debug_op_counts(size_t *ret_implemented, size_t *ret_known)
{
    *ret_implemented = *ret_known = 0;
    for (op_id id = 1; id < OP__COUNT; id++) {
        ++*ret_known;
        *ret_implemented += is_implemented(id);
    }
}

bool jit_debug_op_is_implemented(const char *name, bool *ret_known)
{
    char plain[160];
    const char *dot = strchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) : strlen(name);
    *ret_known = false;
    if (length >= sizeof plain)
        return false;
    memcpy(plain, name, length);
    plain[length] = 0;
    op_id id = op_find(plain, dot ? dot + 1 : "");
    *ret_known = id != OP_NONE;
    return id != OP_NONE && is_implemented(id);
}

size_t jit_debug_peak_rss_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : (size_t)usage.ru_maxrss * 1024;
}
