/* runtime/api/files.c: the public verbs for values and tensors in files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "runtime/archive/tensors.h"

jit_status jit_value_load(const char *path, jit_any **ret, jit_error *err)
{
    jit_value v;
    if (!path || !ret)
        return error_fail(err, JIT_EINVAL, "jit_value_load: the path or the place of the value is NULL");
    jit_status status = tensors_load(path, &v, err);
    if (status)
        return status;
    jit_any *box = api_box(v);
    if (!box)
        return error_no_memory(err);
    *ret = box;
    return JIT_OK;
}

jit_status jit_value_save(const jit_any *v, const char *path, jit_error *err)
{
    if (!v || !path)
        return error_fail(err, JIT_EINVAL, "jit_value_save: the value or the path is NULL");
    return tensors_save(v->v, path, err);
}

jit_status jit_tensor_load(const char *path, jit_any **ret, jit_error *err)
{
    jit_any *box;
    if (!path || !ret)
        return error_fail(err, JIT_EINVAL, "jit_tensor_load: the path or the place of the tensor is NULL");
    jit_status status = jit_value_load(path, &box, err);
    if (status)
        return status;
    if (jit_kind_of(box) != JIT_TENSOR) {
        jit_unref(box);
        return error_fail(err, JIT_EFORMAT, "%s: it holds a value, not one tensor", path);
    }
    *ret = box;
    return JIT_OK;
}

jit_status jit_tensor_save(const jit_any *v, const char *path, jit_error *err)
{
    if (!path)
        return error_fail(err, JIT_EINVAL, "jit_tensor_save: the path is NULL");
    if (jit_kind_of(v) != JIT_TENSOR)
        return error_fail(err, JIT_EINVAL, "%s: only tensors can be written", path);
    return jit_value_save(v, path, err);
}
