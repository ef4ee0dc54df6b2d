/* runtime/archive/tensors.h: files of values that are no modules: torch.save's, NumPy's .npy and .npz, .safetensors.
 *
 * What a file is follows from its first bytes when it is read, and from the end of its name when it is written.
 * Elements are mapped from the file where they are stored as they are (mapping.h), else copied. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_ARCHIVE_TENSORS_H
#define RUNTIME_ARCHIVE_TENSORS_H

#include "base/text.h"
#include "runtime/archive/container.h"
#include "runtime/archive/mapping.h"
#include "runtime/tensor/value.h"

/** Read a file: a tensor (.npy), a dict of tensors by name (.npz, .safetensors), or any value torch.save wrote. *ret is
 * a new reference. Errors: JIT_EIO, JIT_EFORMAT, JIT_EUNSUPPORTED (a module, an element type we have not),
 * JIT_ENOMEM. */
jit_status tensors_load(const char *path, jit_value *ret, jit_error *err);
/** Write one: .npy a tensor; .npz and .safetensors a dict of tensors by name; any other name as torch.save does,
 * every value but objects and enums. The old file stays whole until the new one is. Errors: JIT_EINVAL (not a value of
 * such a file), JIT_EUNSUPPORTED, JIT_EIO, JIT_ENOMEM. */
jit_status tensors_save(jit_value v, const char *path, jit_error *err);

/* ---- the formats, for tensors_load() and tests -------------------------------------------------------- */
/** A .npy of n_bytes at `offset` of the file. `file` names it in errors. */
jit_status npy_read(mapping *m, uint64_t offset, size_t n_bytes, const char *file, tensor **ret, jit_error *err);
/** Append the header and then the elements, row-major. */
jit_status npy_write(const tensor *t, const char *file, text *out, jit_error *err);
jit_status npz_load(const char *path, jit_value *ret, jit_error *err);
jit_status npz_save(const dict *d, const char *path, jit_error *err);
jit_status safetensors_read(mapping *m, const char *file, jit_value *ret, jit_error *err);
jit_status safetensors_save(const dict *d, const char *path, jit_error *err);
/** The value of an open torch.save file. */
jit_status torch_value_read(container *c, jit_value *ret, jit_error *err);
jit_status torch_value_save(jit_value v, const char *path, jit_error *err);

/** The elements of a CPU tensor, row-major, appended to `out`. false: no memory. */
bool tensor_add_elements(const tensor *t, text *out);
/** A dict that has a string for each key and a tensor for each value. */
bool dict_has_tensors_by_name(const dict *d);

#endif
