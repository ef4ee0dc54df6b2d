/* tests/fuzz/fuzz_archive.c: bytes as the files of the archive layer: a ZIP archive with a torch.save value, a pickle
 * (as torch.save and as torch.jit.save write it, checksums out of the way), a .npy, a .safetensors. What is read is
 * walked through, printed and pickled again. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "runtime/archive/pickle.h"
#include "runtime/archive/tensors.h"
#include "tests/fuzz/call.h"
#include "tests/fuzz/mutate.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t cap, unsigned seed)
{
    return mutate_pickle(data, n, cap, seed);
}

enum { MAX_STORAGE_BYTES = 1 << 16 };

static jit_status find_storage(void *ctx, const char *key, size_t n_bytes, storage **ret, jit_error *err)
{
    (void)ctx, (void)key, (void)err;
    if (n_bytes > MAX_STORAGE_BYTES)
        return JIT_ELIMIT;
    storage *s = storage_new(DEVICE_CPU0, n_bytes);
    if (!s)
        return JIT_ENOMEM;
    memset(s->data, 1, n_bytes);
    *ret = s;
    return JIT_OK;
}

static jit_status find_class(void *ctx, const char *name, const type **ret, jit_error *err)
{
    (void)err;
    const type *t = ir_unit_find_type(ctx, name);
    if (t)
        *ret = t;
    return t ? JIT_OK : JIT_ENOTFOUND;
}

static jit_status parse_type(void *ctx, const char *s, const type **ret, jit_error *err)
{
    (void)err;
    arena a;
    arena_init(&a);
    const char *why;
    const type *t = type_parse(s, strlen(s), ctx, &a, &why);
    arena_fini(&a);
    if (t)
        *ret = t;
    return t ? JIT_OK : JIT_EFORMAT;
}

/* __torch__.T with attributes of several types. */
static ir_unit *make_unit(void)
{
    ir_unit *u = ir_unit_new();
    type *cls = u ? type_class_new(u, "__torch__.T", true) : NULL;
    if (cls) {
        type_class_add_attribute(cls, "w", T_TENSOR, (range){ 0 });
        type_class_add_attribute(cls, "names", type_list(T_STR), (range){ 0 });
        type_class_add_attribute(cls, "training", T_BOOL, (range){ 0 });
    }
    return u;
}

/* Walk through a value: all of it must be there. */
static void use(jit_value v, bool is_python)
{
    text out;
    text_init(&out, NULL);
    out.max_bytes = 1 << 16;
    value_print(v, &out);
    text_clear(&out);
    const pickle_hooks hooks = { .is_python = is_python };
    pickle_storages storages = { 0 };
    pickle(v, NULL, &hooks, &storages, &out, NULL);
    pickle_storages_fini(&storages);
    text_fini(&out);
    value_unref(v);
}

static void read_pickle(const uint8_t *data, size_t n_bytes)
{
    ir_unit *u = make_unit();
    for (int is_python = 0; u && is_python < 2; is_python++) {
        const unpickle_hooks hooks = { .ctx = u, .find_class = find_class, .find_storage = find_storage,
                                       .parse_type = parse_type, .is_python = is_python, .has_type_tags = true };
        jit_error err = JIT_ERROR_INIT;
        jit_value v;
        if (!unpickle(data, n_bytes, "data.pkl", &hooks, NULL, &v, &err))
            use(v, is_python);
        jit_error_fini(&err);
    }
    ir_unit_unref(u);
}

static void read_archive(const uint8_t *data, size_t n_bytes)
{
    container *c;
    jit_error err = JIT_ERROR_INIT;
    jit_value v;
    if (!container_open_memory(data, n_bytes, true, NULL, &c, &err)) {
        for (size_t i = 0; i < container_n_records(c); i++) {
            char *bytes;
            size_t n;
            if (!container_read(c, container_at(c, i)->name, &bytes, &n, &err))
                mem_free(bytes);
        }
        if (!torch_value_read(c, &v, &err))
            use(v, true);
        container_unref(c);
    }
    jit_error_fini(&err);
}

static void read_tensors(const uint8_t *data, size_t n_bytes)
{
    mapping *m;
    tensor *t;
    jit_value v;
    jit_error err = JIT_ERROR_INIT;
    if (mapping_open_memory(data, n_bytes, false, &m, NULL))
        return;
    if (!npy_read(m, 0, n_bytes, "a.npy", &t, &err))
        use(VALUE_HEAP_V(VALUE_TENSOR, t), true);
    if (!safetensors_read(m, "a.safetensors", &v, &err))
        use(v, true);
    mapping_unref(m);
    jit_error_fini(&err);
}

static void read_any(const uint8_t *data, size_t n_bytes)
{
    if (n_bytes >= 2 && !memcmp(data, "PK", 2))
        read_archive(data, n_bytes);
    else if (n_bytes >= 2 && !memcmp(data, "\x80\x02", 2))
        read_pickle(data, n_bytes);
    else
        read_tensors(data, n_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    fuzz_with_input(data, n_bytes, read_any);
    return 0;
}
