/* runtime/archive/safetensors.c: .safetensors files, mapped.
 *
 * Eight bytes tell the length of a JSON object, {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [b, e]}, …},
 * then come the elements. The reader takes exactly that shape of JSON, nothing else. As the format demands, the
 * tensors must cover the bytes without gap or overlap. (huggingface/safetensors: README.md, "Format") */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/tensors.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/vec.h"
#include "ir/type.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, MAX_HEADER_BYTES = 100000000, HEADER_ALIGN = 8 };

static const struct { const char *name; dtype dtype; } safetensors_types[] = {
    { "BOOL", DTYPE_bool }, { "U8", DTYPE_uint8 },  { "I8", DTYPE_int8 },     { "I16", DTYPE_int16 },
    { "I32", DTYPE_int32 }, { "I64", DTYPE_int64 }, { "F16", DTYPE_float16 }, { "BF16", DTYPE_bfloat16 },
    { "F32", DTYPE_float32 }, { "F64", DTYPE_float64 }, { "C64", DTYPE_complex64 },
};

/* What one entry of the header says. */
typedef struct entry {
    text name;
    char dtype[8];
    int64_t sizes[TENSOR_MAX_DIMS];
    int n_dims;
    uint64_t begin, end;
    bool has_dtype, has_sizes, has_offsets;
} entry;

typedef struct reader {
    const char *at, *end;
    mapping *file;
    uint64_t payload;           /* where the elements begin */
    const char *name;
    jit_error *err;
    jit_status status;
    VEC(entry *) entries;       /* owned */
} reader;

/* ---- JSON, as much of it as there can be ------------------------------------------------------------------ */

static bool fail(reader *r, const char *why)
{
    if (!r->status)
        r->status = error_fail(r->err, JIT_EFORMAT, "%s: the .safetensors header is damaged: %s", r->name, why);
    return false;
}

static void skip_blanks(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

/* The next character that is no blank, if it is c. */
static bool take(reader *r, char c)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool expect(reader *r, char c) { return take(r, c) || fail(r, "a character is missing or out of place"); }

static bool read_hex(reader *r, uint32_t *ret)
{
    if (r->end - r->at < 4)
        return fail(r, "a string ends early");
    *ret = 0;
    for (int i = 0; i < 4; i++) {
        const char c = *r->at++;
        const int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0)
            return fail(r, "an escape is malformed");
        *ret = *ret << 4 | (uint32_t)digit;
    }
    return true;
}

static void add_utf8(text *out, uint32_t c)
{
    if (c < 0x80) {
        text_add_char(out, (char)c);
        return;
    }
    const int n = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3; // bytes that follow the first
    text_add_char(out, (char)(0xff00 >> (n + 1) | c >> 6 * n));
    for (int i = n - 1; i >= 0; i--)
        text_add_char(out, (char)(0x80 | (c >> 6 * i & 0x3f)));
}

/* After the backslash. */
static bool read_escape(reader *r, text *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char c = r->at < r->end ? *r->at++ : 0;
    const char *known = c ? strchr(from, c) : NULL;
    uint32_t high, low;
    if (known) {
        text_add_char(out, to[known - from]);
        return true;
    }
    if (c != 'u' || !read_hex(r, &high))
        return fail(r, "an escape is malformed");
    if (high >= 0xd800 && high < 0xdc00) {
        if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
            return fail(r, "an escape is malformed");
        r->at += 2;
        if (!read_hex(r, &low) || low < 0xdc00 || low > 0xdfff)
            return fail(r, "an escape is malformed");
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    } else if (high == 0 || (high >= 0xdc00 && high < 0xe000)) {
        return fail(r, "an escape is malformed");
    }
    add_utf8(out, high);
    return true;
}

static bool read_string(reader *r, text *out)
{
    if (!expect(r, '"'))
        return false;
    while (r->at < r->end && *r->at != '"') {
        const char c = *r->at++;
        if ((unsigned char)c < 0x20)
            return fail(r, "a string holds a control character");
        if (c != '\\')
            text_add_char(out, c);
        else if (!read_escape(r, out))
            return false;
    }
    return expect(r, '"');
}

static bool read_number(reader *r, uint64_t *ret)
{
    skip_blanks(r);
    const char *begin = r->at;
    for (*ret = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        if (__builtin_mul_overflow(*ret, 10, ret) || __builtin_add_overflow(*ret, (uint64_t)(*r->at - '0'), ret))
            return fail(r, "a number is too large");
    return r->at > begin || fail(r, "a number is missing");
}

/* ---- the header ----------------------------------------------------------------------------------------------- */

static bool read_sizes(reader *r, entry *e)
{
    uint64_t size;
    if (e->has_sizes || !expect(r, '['))
        return fail(r, "a tensor has two shapes");
    for (e->has_sizes = true; !take(r, ']');) {
        if (e->n_dims == TENSOR_MAX_DIMS)
            return fail(r, "a tensor has too many dimensions");
        if ((e->n_dims && !expect(r, ',')) || !read_number(r, &size))
            return false;
        if (size > INT64_MAX)
            return fail(r, "a size is too large");
        e->sizes[e->n_dims++] = (int64_t)size;
    }
    return true;
}

static bool read_offsets(reader *r, entry *e)
{
    if (e->has_offsets)
        return fail(r, "a tensor lies in two places");
    e->has_offsets = true;
    return expect(r, '[') && read_number(r, &e->begin) && expect(r, ',') && read_number(r, &e->end) && expect(r, ']');
}

static bool read_dtype(reader *r, entry *e)
{
    text name;
    text_init(&name, NULL);
    bool is_fine = read_string(r, &name) && (name.n < sizeof e->dtype || fail(r, "an element type has a long name"));
    if (is_fine)
        memcpy(e->dtype, name.s, name.n + 1);
    e->has_dtype = true;
    text_fini(&name);
    return is_fine;
}

static bool read_field(reader *r, entry *e)
{
    text key;
    text_init(&key, NULL);
    bool is_fine = read_string(r, &key) && expect(r, ':');
    if (is_fine && !strcmp(key.s, "dtype"))
        is_fine = read_dtype(r, e);
    else if (is_fine && !strcmp(key.s, "shape"))
        is_fine = read_sizes(r, e);
    else if (is_fine && !strcmp(key.s, "data_offsets"))
        is_fine = read_offsets(r, e);
    else if (is_fine)
        is_fine = fail(r, "a tensor has an unknown property");
    text_fini(&key);
    return is_fine;
}

/* {"name": "text", …}, of no meaning to us */
static bool skip_metadata(reader *r)
{
    text word;
    text_init(&word, NULL);
    bool is_fine = expect(r, '{');
    for (bool is_first = true; is_fine && !take(r, '}'); is_first = false)
        is_fine = (is_first || expect(r, ',')) && read_string(r, &word) && expect(r, ':') && read_string(r, &word);
    text_fini(&word);
    return is_fine;
}

static bool read_entry(reader *r)
{
    entry *e = mem_calloc(1, sizeof *e);
    if (!e || !VEC_PUSH(&r->entries, NULL, e)) {
        mem_free(e);
        r->status = error_no_memory(r->err);
        return false;
    }
    text_init(&e->name, NULL);
    if (!read_string(r, &e->name) || !expect(r, ':'))
        return false;
    if (!strcmp(e->name.s, "__metadata__")) {
        text_fini(&e->name);
        mem_free(e);
        r->entries.n--;
        return skip_metadata(r);
    }
    bool is_fine = expect(r, '{');
    for (bool is_first = true; is_fine && !take(r, '}'); is_first = false)
        is_fine = (is_first || expect(r, ',')) && read_field(r, e);
    return is_fine && ((e->has_dtype && e->has_sizes && e->has_offsets) || fail(r, "a tensor is described in part"));
}

static bool read_header(reader *r)
{
    bool is_fine = expect(r, '{');
    for (bool is_first = true; is_fine && !take(r, '}'); is_first = false)
        is_fine = (is_first || expect(r, ',')) && read_entry(r);
    skip_blanks(r);
    return is_fine && (r->at == r->end || fail(r, "something follows the last brace"));
}

/* ---- tensors ------------------------------------------------------------------------------------------------------ */

static int by_place(const void *a, const void *b)
{
    const entry *x = *(entry *const *)a, *y = *(entry *const *)b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* Tensors follow each other, from the first byte to the last. */
static bool check_cover(reader *r)
{
    uint64_t at = 0;
    entry **sorted = mem_alloc((r->entries.n + 1) * sizeof *sorted);
    if (!sorted) {
        r->status = error_no_memory(r->err);
        return false;
    }
    if (r->entries.n)
        memcpy(sorted, r->entries.at, r->entries.n * sizeof *sorted);
    qsort(sorted, r->entries.n, sizeof *sorted, by_place);
    bool is_fine = true;
    for (size_t i = 0; is_fine && i < r->entries.n; at = sorted[i++]->end)
        is_fine = sorted[i]->begin == at && sorted[i]->end >= at;
    mem_free(sorted);
    return (is_fine && at == r->file->n_bytes - r->payload) || fail(r, "the tensors do not cover the file exactly");
}

static dtype find_dtype(const char *name)
{
    for (size_t i = 0; i < sizeof safetensors_types / sizeof *safetensors_types; i++)
        if (!strcmp(safetensors_types[i].name, name))
            return safetensors_types[i].dtype;
    return DTYPE_NONE;
}

static tensor *make_tensor(reader *r, const entry *e)
{
    const dtype d = find_dtype(e->dtype);
    int64_t strides[TENSOR_MAX_DIMS];
    uint64_t n_bytes = d == DTYPE_NONE ? 0 : dtype_size(d);
    if (d == DTYPE_NONE) {
        r->status = error_fail(r->err, JIT_EUNSUPPORTED, "%s: tensor '%.100s': elements of type %s have no dtype here",
                               r->name, e->name.s, e->dtype);
        return NULL;
    }
    for (int i = 0; i < e->n_dims; i++)
        if (__builtin_mul_overflow(n_bytes, (uint64_t)e->sizes[i], &n_bytes))
            n_bytes = UINT64_MAX;
    if (n_bytes != e->end - e->begin) {
        fail(r, "a tensor's shape does not fit its bytes");
        return NULL;
    }
    storage *s = mapping_storage(r->file, r->payload + e->begin, n_bytes, dtype_size(d));
    tensor_contiguous_strides(e->sizes, e->n_dims, strides);
    tensor *t = s ? tensor_on_storage(s, d, e->sizes, strides, e->n_dims, 0) : NULL;
    storage_unref(s);
    if (!t)
        r->status = error_no_memory(r->err);
    return t;
}

static bool fill_dict(reader *r, dict *d)
{
    for (size_t i = 0; i < r->entries.n; i++) {
        const entry *e = r->entries.at[i];
        tensor *t = make_tensor(r, e);
        if (!t)
            return false;
        str *key = e->name.failed ? NULL : str_new(e->name.s, e->name.n);
        const jit_value k = VALUE_HEAP_V(VALUE_STR, key), v = VALUE_HEAP_V(VALUE_TENSOR, t);
        if (key && dict_find(d, k)) {
            value_unref(k);
            value_unref(v);
            return fail(r, "two tensors have one name");
        }
        if (!key)
            value_unref(v);
        if (!key || !dict_set(d, k, v)) {
            r->status = error_no_memory(r->err);
            return false;
        }
    }
    return true;
}

jit_status safetensors_read(mapping *m, const char *file, jit_value *ret, jit_error *err)
{
    uint64_t length = 0;
    for (int i = 0; m->n_bytes >= LENGTH_BYTES && i < LENGTH_BYTES; i++)
        length |= (uint64_t)(unsigned char)m->bytes[i] << 8 * i;
    if (m->n_bytes < LENGTH_BYTES || length > m->n_bytes - LENGTH_BYTES || length > MAX_HEADER_BYTES)
        return error_fail(err, JIT_EFORMAT, "%s: not a .safetensors file, or cut short", file);
    reader r = { .at = m->bytes + LENGTH_BYTES, .end = m->bytes + LENGTH_BYTES + length, .file = m,
                 .payload = LENGTH_BYTES + length, .name = file, .err = err };
    dict *d = dict_new(T_STR, T_TENSOR);
    if (!d)
        r.status = error_no_memory(err);
    else if (read_header(&r) && check_cover(&r) && fill_dict(&r, d))
        *ret = value_ref(VALUE_HEAP_V(VALUE_DICT, d));
    value_unref(VALUE_HEAP_V(VALUE_DICT, d));
    for (size_t i = 0; i < r.entries.n; i++) {
        text_fini(&r.entries.at[i]->name);
        mem_free(r.entries.at[i]);
    }
    VEC_FINI(&r.entries);
    return r.status;
}

/* ---- writing --------------------------------------------------------------------------------------------------------- */

static const char *name_of_dtype(dtype d)
{
    for (size_t i = 0; i < sizeof safetensors_types / sizeof *safetensors_types; i++)
        if (safetensors_types[i].dtype == d)
            return safetensors_types[i].name;
    return NULL;
}

static uint64_t bytes_of(const tensor *t) { return (uint64_t)t->numel * dtype_size(tensor_dtype(t)); }

/* Where a tensor lies: those of larger elements first, so that all are aligned; else in the order of the dict. */
static uint64_t place_of(const dict *d, const dict_entry *wanted)
{
    const size_t size = dtype_size(tensor_dtype(wanted->value.t));
    uint64_t at = 0;
    dict_entry *e;
    for (size_t i = 0; (e = dict_next(d, &i));) {
        const size_t other = dtype_size(tensor_dtype(e->value.t));
        if (other > size || (other == size && e < wanted))
            at += bytes_of(e->value.t);
    }
    return at;
}

static jit_status put_header(const dict *d, const char *path, text *out, jit_error *err)
{
    dict_entry *e;
    text_add_char(out, '{');
    for (size_t i = 0; (e = dict_next(d, &i));) {
        const tensor *t = e->value.t;
        const char *dtype_text = name_of_dtype(tensor_dtype(t));
        if (!dtype_text || t->store->dev.kind != DEVICE_CPU)
            return error_fail(err, JIT_EUNSUPPORTED, "%s: .safetensors files hold no %s tensors%s", path,
                              dtype_name(tensor_dtype(t)), dtype_text ? " from elsewhere than the CPU" : "");
        const uint64_t at = place_of(d, e);
        text_add(out, out->n > 1 ? "," : "");
        text_add_json(out, e->key.s->s, e->key.s->n);
        text_addf(out, ":{\"dtype\":\"%s\",\"shape\":[", dtype_text);
        for (int k = 0; k < t->n_dims; k++)
            text_addf(out, "%s%lld", k ? "," : "", (long long)t->sizes[k]);
        text_addf(out, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)at, (unsigned long long)(at + bytes_of(t)));
    }
    text_add_char(out, '}');
    text_add_spaces(out, (HEADER_ALIGN - out->n % HEADER_ALIGN) % HEADER_ALIGN);
    return out->failed ? error_no_memory(err) : JIT_OK;
}

static jit_status write_tensor(file_writer *w, const tensor *t, jit_error *err)
{
    if (tensor_is_contiguous(t))
        return file_writer_add(w, tensor_data(t), bytes_of(t), err);
    text elements;
    text_init(&elements, NULL);
    elements.max_bytes = SIZE_MAX / 2;
    jit_status status = tensor_add_elements(t, &elements) ? file_writer_add(w, elements.s, elements.n, err)
                                                          : error_no_memory(err);
    text_fini(&elements);
    return status;
}

static jit_status write_all(file_writer *w, const dict *d, const text *header, jit_error *err)
{
    unsigned char length[LENGTH_BYTES];
    for (int i = 0; i < LENGTH_BYTES; i++)
        length[i] = (unsigned char)((uint64_t)header->n >> 8 * i);
    jit_status status = file_writer_add(w, length, sizeof length, err);
    if (!status)
        status = file_writer_add(w, header->s, header->n, err);
    dict_entry *e;
    for (size_t size = 16; !status && size; size /= 2)
        for (size_t i = 0; !status && (e = dict_next(d, &i));)
            if (dtype_size(tensor_dtype(e->value.t)) == size)
                status = write_tensor(w, e->value.t, err);
    return status;
}

jit_status safetensors_save(const dict *d, const char *path, jit_error *err)
{
    text header;
    text_init(&header, NULL);
    file_writer *w = NULL;
    jit_status status = put_header(d, path, &header, err);
    if (!status)
        status = file_writer_open(path, &w, err);
    if (!status && (status = write_all(w, d, &header, err)) != JIT_OK)
        file_writer_abort(w);
    else if (!status)
        status = file_writer_finish(w, err);
    text_fini(&header);
    return status;
}
