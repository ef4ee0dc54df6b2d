/* runtime/archive/tensors.c: which format a file has, and torch.save's own. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/tensors.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "runtime/archive/pickle.h"

#include <stdio.h>
#include <string.h>

/* ---- elements ------------------------------------------------------------------------------------------ */

bool tensor_add_elements(const tensor *t, text *out)
{
    const size_t size = dtype_size(tensor_dtype(t));
    int64_t index[TENSOR_MAX_DIMS] = { 0 }, at = 0;
    if (t->numel == 0)
        return !out->failed;
    if (tensor_is_contiguous(t)) {
        text_add_bytes(out, tensor_data(t), (size_t)t->numel * size);
        return !out->failed;
    }
    for (int64_t k = 0; k < t->numel && !out->failed; k++) {
        text_add_bytes(out, (const char *)tensor_data(t) + at * (int64_t)size, size);
        for (int i = t->n_dims - 1; i >= 0; i--) { // the next index, the last dimension first
            at += t->strides[i];
            if (++index[i] < t->sizes[i])
                break;
            at -= index[i] * t->strides[i];
            index[i] = 0;
        }
    }
    return !out->failed;
}

bool dict_has_tensors_by_name(const dict *d)
{
    dict_entry *e;
    for (size_t i = 0; (e = dict_next(d, &i));)
        if (e->key.tag != VALUE_STR || e->value.tag != VALUE_TENSOR || strlen(e->key.s->s) != e->key.s->n)
            return false;
    return true;
}

/* ---- torch.save ------------------------------------------------------------------------------------------ */

static jit_status find_storage(void *ctx, const char *key, size_t n_bytes, storage **ret, jit_error *err)
{
    char name[256];
    if (strlen(key) > 200)
        return error_fail(err, JIT_EFORMAT, "%s: a storage has an overlong key", container_name(ctx));
    snprintf(name, sizeof name, "data/%s", key);
    return container_storage(ctx, name, n_bytes, ret, err);
}

jit_status torch_value_read(container *c, jit_value *ret, jit_error *err)
{
    char *bytes;
    size_t n_bytes;
    const unpickle_hooks hooks = { .ctx = c, .find_storage = find_storage, .is_python = true };
    if (container_find(c, "constants.pkl"))
        return error_fail(err, JIT_EUNSUPPORTED, "%s: it holds a module, not a value", container_name(c));
    jit_status status = container_read(c, "data.pkl", &bytes, &n_bytes, err);
    if (status)
        return status == JIT_ENOTFOUND ? error_fail(err, JIT_EFORMAT, "%s: there is no record 'data.pkl'", container_name(c))
                                       : status;
    text record;
    text_init(&record, NULL);
    text_addf(&record, "%s: data.pkl", container_name(c));
    status = unpickle(bytes, n_bytes, record.s, &hooks, NULL, ret, err);
    text_fini(&record);
    mem_free(bytes);
    return status;
}

static jit_status write_value(container_writer *w, const text *data, const pickle_storages *storages, jit_error *err)
{
    jit_status status = container_write(w, "data.pkl", data->s, data->n, false, err);
    if (!status)
        status = pickle_storages_write(storages, w, "data", err);
    return status ? status : container_write(w, "version", "3\n", 2, false, err);
}

jit_status torch_value_save(jit_value v, const char *path, jit_error *err)
{
    const pickle_hooks hooks = { .is_python = true };
    pickle_storages storages = { 0 };
    text data;
    text_init(&data, NULL);
    container_writer *w = NULL;
    jit_status status = pickle(v, NULL, &hooks, &storages, &data, err);
    if (!status)
        status = container_writer_open(path, NULL, &w, err);
    if (!status && (status = write_value(w, &data, &storages, err)) != JIT_OK)
        container_writer_abort(w);
    else if (!status)
        status = container_writer_finish(w, NULL, NULL, err);
    pickle_storages_fini(&storages);
    text_fini(&data);
    return status;
}

/* ---- by name and content ------------------------------------------------------------------------------------ */

static bool begins(const mapping *m, const char *magic, size_t n)
{
    return m->n_bytes >= n && !memcmp(m->bytes, magic, n);
}

static bool ends(const char *path, const char *with)
{
    const size_t n = strlen(path), k = strlen(with);
    return n >= k && !strcmp(path + n - k, with);
}

/* A ZIP file is torch.save's if its records lie in a folder, NumPy's if they are called *.npy. */
static jit_status load_zip(const char *path, jit_value *ret, jit_error *err)
{
    container *c;
    const container_options flat = { .is_flat = true };
    jit_status status = container_open(path, &flat, &c, err);
    if (status)
        return status;
    const char *first = container_n_records(c) ? container_at(c, 0)->name : "";
    const bool is_numpy = ends(first, ".npy");
    container_unref(c);
    if (is_numpy)
        return npz_load(path, ret, err);
    status = container_open(path, NULL, &c, err);
    if (status)
        return status;
    status = torch_value_read(c, ret, err);
    container_unref(c);
    return status;
}

static jit_status load_mapped(mapping *m, const char *path, jit_value *ret, jit_error *err)
{
    tensor *t;
    if (begins(m, "\x93NUMPY", 6) || ends(path, ".npy")) {
        jit_status status = npy_read(m, 0, m->n_bytes, path, &t, err);
        if (!status)
            *ret = VALUE_HEAP_V(VALUE_TENSOR, t);
        return status;
    }
    if (m->n_bytes > 8 && m->bytes[8] == '{' && !m->bytes[6] && !m->bytes[7])
        return safetensors_read(m, path, ret, err);
    return load_zip(path, ret, err); // or it says what else the file is
}

jit_status tensors_load(const char *path, jit_value *ret, jit_error *err)
{
    mapping *m;
    jit_status status = mapping_open(path, false, &m, err);
    if (status)
        return status;
    status = load_mapped(m, path, ret, err);
    mapping_unref(m);
    return status;
}

static jit_status save_npy(jit_value v, const char *path, jit_error *err)
{
    if (v.tag != VALUE_TENSOR)
        return error_fail(err, JIT_EINVAL, "%s: only tensors can be written as .npy", path);
    text out;
    text_init(&out, NULL);
    out.max_bytes = SIZE_MAX / 2;
    jit_status status = npy_write(v.t, path, &out, err);
    if (!status)
        status = file_write(path, out.s, out.n, err);
    text_fini(&out);
    return status;
}

jit_status tensors_save(jit_value v, const char *path, jit_error *err)
{
    if (ends(path, ".npy"))
        return save_npy(v, path, err);
    const bool is_npz = ends(path, ".npz");
    if (!is_npz && !ends(path, ".safetensors"))
        return torch_value_save(v, path, err);
    if (v.tag != VALUE_DICT || !dict_has_tensors_by_name(v.dict))
        return error_fail(err, JIT_EINVAL, "%s: only a dict of tensors by name can be written to such a file", path);
    return is_npz ? npz_save(v.dict, path, err) : safetensors_save(v.dict, path, err);
}
