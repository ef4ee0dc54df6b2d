/* runtime/api/npy.c: tensors from and to NumPy's .npy files.
 *
 * Format: numpy/lib/format.py. A magic string, a version, the length of a header, the header (a Python dict
 * literal with descr, fortran_order and shape), then the elements. Everything the header says is checked against
 * the length of the file before memory is taken. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include <stdlib.h>
#include <string.h>

enum { NPY_MAX_BYTES = INT32_MAX };

/* descr of each element type; the first character is the byte order ('|': does not apply). */
static const struct npy_type { const char *descr; dtype dtype; } npy_types[] = {
    { "|u1", DTYPE_uint8 },   { "|i1", DTYPE_int8 },    { "<i2", DTYPE_int16 },   { "<i4", DTYPE_int32 },
    { "<i8", DTYPE_int64 },   { "<f2", DTYPE_float16 }, { "<f4", DTYPE_float32 }, { "<f8", DTYPE_float64 },
    { "<c8", DTYPE_complex64 }, { "<c16", DTYPE_complex128 }, { "|b1", DTYPE_bool },
};

typedef struct npy_header {
    dtype dtype;
    bool is_fortran;
    int64_t sizes[TENSOR_MAX_DIMS];
    int n_dims;
} npy_header;

/* The text after `'key':` and blanks in a header, or NULL. */
static const char *find_key(const char *header, const char *key)
{
    size_t n = strlen(key);
    for (const char *p = header; (p = strstr(p, key)) != NULL; p += n) {
        if (p == header || (p[-1] != '\'' && p[-1] != '"') || p[n] != p[-1])
            continue; // the word stands inside another
        p += n + 1;
        return p + strspn(p, " :");
    }
    return NULL;
}

static bool parse_descr(const char *p, npy_header *h)
{
    char quote = *p++;
    if (quote != '\'' && quote != '"')
        return false;
    const char *end = strchr(p, quote);
    for (size_t i = 0; end && i < sizeof npy_types / sizeof *npy_types; i++) {
        const char *descr = npy_types[i].descr;
        if (strlen(descr) == (size_t)(end - p) && !strncmp(p + 1, descr + 1, strlen(descr) - 1)
            && (*p == *descr || (*p == '=' && *descr == '<') || *descr == '|')) {
            h->dtype = npy_types[i].dtype;
            return true;
        }
    }
    return false;
}

static bool parse_shape(const char *p, npy_header *h)
{
    if (*p++ != '(')
        return false;
    for (h->n_dims = 0; ; p++) { // after `(` or a comma
        p += strspn(p, " ");
        if (*p == ')')
            return true;
        if (*p < '0' || *p > '9' || h->n_dims == TENSOR_MAX_DIMS)
            return false;
        char *end;
        unsigned long long size = strtoull(p, &end, 10);
        p = end + strspn(end, " L"); // Python 2 wrote `3L`
        if (size > INT64_MAX || (*p != ',' && *p != ')'))
            return false;
        h->sizes[h->n_dims++] = (int64_t)size;
        if (*p == ')')
            return true;
    }
}

/* `text` is the header, NUL-terminated. */
static jit_status parse_header(const char *text_, const char *path, npy_header *h, jit_error *err)
{
    const char *descr = find_key(text_, "descr"), *order = find_key(text_, "fortran_order");
    const char *shape = find_key(text_, "shape");
    if (!descr || !order || !shape || !parse_shape(shape, h)
        || (strncmp(order, "True", 4) && strncmp(order, "False", 5)))
        return error_fail(err, JIT_EFORMAT, "%s: the .npy header is damaged", path);
    if (!parse_descr(descr, h))
        return error_fail(err, JIT_EUNSUPPORTED, "%s: element type %.12s has no tensor dtype (or another byte order)",
                        path, descr);
    h->is_fortran = !strncmp(order, "True", 4);
    return JIT_OK;
}

/* Where the elements begin; 0 if the file is no .npy file. The header is copied into `a`. */
static size_t find_payload(const unsigned char *bytes, size_t n, arena *a, const char **ret_header)
{
    if (n < 12 || memcmp(bytes, "\x93NUMPY", 6) || bytes[6] < 1 || bytes[6] > 3)
        return 0;
    size_t length = bytes[8] | (size_t)bytes[9] << 8, begin = 10;
    if (bytes[6] > 1) {
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
        begin = 12;
    }
    if (length > n - begin)
        return 0;
    *ret_header = arena_strndup(a, (const char *)bytes + begin, length);
    return begin + length;
}

static jit_status read_npy(const char *path, const char *bytes, size_t n, arena *a, jit_any **ret, jit_error *err)
{
    const char *header;
    npy_header h;
    size_t begin = find_payload((const unsigned char *)bytes, n, a, &header);
    if (!begin)
        return error_fail(err, JIT_EFORMAT, "%s: not a .npy file", path);
    jit_status status = parse_header(header, path, &h, err);
    if (status)
        return status;
    int64_t numel = 1;
    for (int i = 0; i < h.n_dims; i++)
        if (__builtin_mul_overflow(numel, h.sizes[i], &numel))
            numel = INT64_MAX;
    size_t available = (n - begin) / dtype_size(h.dtype);
    if ((uint64_t)numel > available)
        return error_fail(err, JIT_EFORMAT, "%s: the header promises %lld elements, the file holds %zu", path,
                        (long long)numel, available);
    int64_t strides[TENSOR_MAX_DIMS];
    tensor_contiguous_strides(h.sizes, h.n_dims, strides);
    int64_t step = 1;
    for (int i = 0; h.is_fortran && i < h.n_dims; i++) {
        strides[i] = step;
        step *= h.sizes[i];
    }
    tensor *t = tensor_new_strided(h.dtype, h.sizes, strides, h.n_dims, DEVICE_CPU0);
    if (!t)
        return error_no_memory(err);
    memcpy(t->store->data, bytes + begin, (size_t)numel * dtype_size(h.dtype));
    jit_any *box = api_box(VALUE_HEAP_V(VALUE_TENSOR, t));
    if (!box)
        return error_no_memory(err);
    *ret = box;
    return JIT_OK;
}

jit_status jit_tensor_load(const char *path, jit_any **ret, jit_error *err)
{
    char *bytes;
    size_t n;
    if (!path || !ret)
        return error_fail(err, JIT_EINVAL, "jit_tensor_load: the path or the place of the tensor is NULL");
    jit_status status = file_read(path, NPY_MAX_BYTES, &bytes, &n, err);
    if (status)
        return status;
    arena a;
    arena_init(&a);
    status = read_npy(path, bytes, n, &a, ret, err);
    arena_fini(&a);
    mem_free(bytes);
    return status;
}

/* The header of version 1.0, padded so that the elements begin at a multiple of 64. */
static void write_header(const tensor *t, const char *descr, text *out)
{
    text fields;
    text_init(&fields, NULL);
    text_addf(&fields, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int i = 0; i < t->n_dims; i++)
        text_addf(&fields, "%lld,%s", (long long)t->sizes[i], i + 1 < t->n_dims ? " " : "");
    text_add(&fields, "), }");
    size_t total = (10 + fields.n + 1 + 63) / 64 * 64;
    text_add_spaces(&fields, total - 10 - fields.n - 1);
    text_add_char(&fields, '\n');
    text_add_bytes(out, "\x93NUMPY\x01\x00", 8);
    text_add_char(out, (char)(fields.n & 0xff));
    text_add_char(out, (char)(fields.n >> 8));
    text_add_bytes(out, fields.s, fields.n);
    text_fini(&fields);
}

jit_status jit_tensor_save(const jit_any *v, const char *path, jit_error *err)
{
    if (!path)
        return error_fail(err, JIT_EINVAL, "jit_tensor_save: the path is NULL");
    if (jit_kind_of(v) != JIT_TENSOR)
        return error_fail(err, JIT_EINVAL, "%s: only tensors can be written as .npy", path);
    const tensor *t = v->v.t;
    const char *descr = NULL;
    for (size_t i = 0; i < sizeof npy_types / sizeof *npy_types; i++)
        if (npy_types[i].dtype == tensor_dtype(t))
            descr = npy_types[i].descr;
    if (!descr)
        return error_fail(err, JIT_EUNSUPPORTED, "%s: .npy files have no %s", path, dtype_name(tensor_dtype(t)));
    size_t n_bytes = (size_t)t->numel * dtype_size(tensor_dtype(t));
    text out;
    text_init(&out, NULL);
    out.max_bytes = SIZE_MAX / 2;
    write_header(t, descr, &out);
    char *elements = mem_alloc(n_bytes);
    jit_status status = elements ? jit_tensor_read(v, elements, n_bytes, err) : error_no_memory(err);
    if (!status) {
        text_add_bytes(&out, elements, n_bytes);
        status = out.failed ? error_no_memory(err) : file_write(path, out.s, out.n, err);
    }
    mem_free(elements);
    text_fini(&out);
    return status;
}
