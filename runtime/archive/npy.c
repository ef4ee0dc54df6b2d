/* runtime/archive/npy.c: tensors from and to NumPy's files: .npy holds one, .npz is a ZIP file of several.
 *
 * Format: numpy/lib/format.py. A magic string, a version, the length of a header, the header (a Python dict
 * literal with descr, fortran_order and shape), then the elements. Everything the header says is checked against
 * the length of the file before memory is taken. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/tensors.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/error.h"
#include "ir/type.h"

#include <stdlib.h>
#include <string.h>

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

/* Strides of the elements as they lie in the file. */
static void file_strides(const npy_header *h, int64_t *strides)
{
    tensor_contiguous_strides(h->sizes, h->n_dims, strides);
    int64_t step = 1;
    for (int i = 0; h->is_fortran && i < h->n_dims; i++) {
        strides[i] = step;
        step *= h->sizes[i];
    }
}

/* The elements begin at `offset` of the file; `available` of them are there. */
static jit_status read_elements(mapping *m, uint64_t offset, size_t available, const npy_header *h, const char *file,
                                tensor **ret, jit_error *err)
{
    int64_t numel = 1, strides[TENSOR_MAX_DIMS];
    for (int i = 0; i < h->n_dims; i++)
        if (__builtin_mul_overflow(numel, h->sizes[i], &numel))
            numel = INT64_MAX;
    if ((uint64_t)numel > available)
        return error_fail(err, JIT_EFORMAT, "%s: the header promises %lld elements, the file holds %zu", file,
                          (long long)numel, available);
    file_strides(h, strides);
    const size_t size = dtype_size(h->dtype);
    const uint64_t n_refused = mem_refusals();
    storage *s = mapping_storage(m, offset, (size_t)numel * size, size);
    tensor *t = s ? tensor_on_storage(s, h->dtype, h->sizes, strides, h->n_dims, 0) : NULL;
    storage_unref(s);
    if (!t)
        return mem_refusals() != n_refused ? error_no_memory(err)
                                           : error_fail(err, JIT_EFORMAT, "%s: the .npy header is damaged", file);
    *ret = t;
    return JIT_OK;
}

jit_status npy_read(mapping *m, uint64_t offset, size_t n_bytes, const char *file, tensor **ret, jit_error *err)
{
    const char *header;
    npy_header h;
    arena a;
    arena_init(&a);
    const size_t begin = find_payload((const unsigned char *)m->bytes + offset, n_bytes, &a, &header);
    jit_status status = !begin   ? error_fail(err, JIT_EFORMAT, "%s: not a .npy file", file)
                        : a.failed ? error_no_memory(err)
                                   : parse_header(header, file, &h, err);
    if (!status)
        status = read_elements(m, offset + begin, (n_bytes - begin) / dtype_size(h.dtype), &h, file, ret, err);
    arena_fini(&a);
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

jit_status npy_write(const tensor *t, const char *file, text *out, jit_error *err)
{
    const char *descr = NULL;
    for (size_t i = 0; i < sizeof npy_types / sizeof *npy_types; i++)
        if (npy_types[i].dtype == tensor_dtype(t))
            descr = npy_types[i].descr;
    if (!descr)
        return error_fail(err, JIT_EUNSUPPORTED, "%s: NumPy has no %s", file, dtype_name(tensor_dtype(t)));
    if (t->store->dev.kind != DEVICE_CPU)
        return error_fail(err, JIT_EUNSUPPORTED, "%s: a tensor that is not on the CPU", file);
    write_header(t, descr, out);
    return tensor_add_elements(t, out) ? JIT_OK : error_no_memory(err);
}

/* ---- .npz ------------------------------------------------------------------------------------------------ */

/* One record "name.npy" into d, under "name". */
static jit_status read_member(container *c, const container_record *r, dict *d, jit_error *err)
{
    const size_t n_name = strlen(r->name);
    if (n_name <= 4 || strcmp(r->name + n_name - 4, ".npy"))
        return error_fail(err, JIT_EFORMAT, "%s: record '%.200s' is not a .npy", container_name(c), r->name);
    char *bytes;
    size_t n_bytes;
    mapping *m;
    jit_status status = container_read(c, r->name, &bytes, &n_bytes, err); // its checksum is looked at
    if (status)
        return status;
    status = mapping_open_memory(bytes, n_bytes, true, &m, err);
    tensor *t = NULL;
    if (!status) {
        status = npy_read(m, 0, n_bytes, r->name, &t, err);
        mapping_unref(m);
    }
    mem_free(bytes);
    if (status)
        return status;
    str *key = str_new(r->name, n_name - 4);
    if (!key) {
        tensor_unref(t);
        return error_no_memory(err);
    }
    return dict_set(d, VALUE_HEAP_V(VALUE_STR, key), VALUE_HEAP_V(VALUE_TENSOR, t)) ? JIT_OK : error_no_memory(err);
}

jit_status npz_load(const char *path, jit_value *ret, jit_error *err)
{
    const container_options o = { .is_flat = true };
    container *c;
    jit_status status = container_open(path, &o, &c, err);
    if (status)
        return status;
    dict *d = dict_new(T_STR, T_TENSOR);
    if (!d)
        status = error_no_memory(err);
    for (size_t i = 0; !status && i < container_n_records(c); i++)
        status = read_member(c, container_at(c, i), d, err);
    container_unref(c);
    if (status)
        value_unref(VALUE_HEAP_V(VALUE_DICT, d));
    else
        *ret = VALUE_HEAP_V(VALUE_DICT, d);
    return status;
}

static jit_status write_member(container_writer *w, const char *key, const tensor *t, jit_error *err)
{
    text name, out;
    text_init(&name, NULL);
    text_init(&out, NULL);
    out.max_bytes = SIZE_MAX / 2;
    text_addf(&name, "%s.npy", key);
    jit_status status = name.failed ? error_no_memory(err) : npy_write(t, key, &out, err);
    if (!status)
        status = container_write(w, name.s, out.s, out.n, false, err);
    text_fini(&name);
    text_fini(&out);
    return status;
}

jit_status npz_save(const dict *d, const char *path, jit_error *err)
{
    container_writer *w;
    jit_status status = container_writer_open(path, "", &w, err);
    if (status)
        return status;
    dict_entry *e;
    for (size_t i = 0; !status && (e = dict_next(d, &i));)
        status = write_member(w, e->key.s->s, e->value.t, err);
    if (!status)
        return container_writer_finish(w, NULL, NULL, err);
    container_writer_abort(w);
    return status;
}
