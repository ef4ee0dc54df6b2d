/* runtime/archive/pickle.h: values to pickles and back, protocol 2 as torch.jit.save and torch.save write it.
 *
 * The unpickler is a closed machine: it builds the value kinds of the archive format and instances of classes
 * the archive's own code defines; nothing is imported by name. Classes, storages and __setstate__ are reached
 * through hooks that the caller fills. Every count, index and offset is checked. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_ARCHIVE_PICKLE_H
#define RUNTIME_ARCHIVE_PICKLE_H

#include "base/text.h"
#include "ir/function.h"
#include "runtime/archive/container.h"

/** What a pickle refers to outside itself. Each returns JIT_OK or has filled err. */
typedef struct unpickle_hooks {
    void *ctx;
    /** A class, enum or named tuple by qualified name ("__torch__.pkg.Foo"). NULL: no classes (torch.save files). */
    jit_status (*find_class)(void *ctx, const char *qualified_name, const type **ret, jit_error *err);
    /** An object without __setstate__ gets its attributes from the machine; one with it gets its state here. */
    jit_status (*set_state)(void *ctx, object *o, jit_value state, jit_error *err);
    /** n_bytes of the storage record of key "0": a reference. Called once per key. */
    jit_status (*find_storage)(void *ctx, const char *key, size_t n_bytes, storage **ret, jit_error *err);
    /** A type tag ("List[Optional[int]]", may name classes of the archive). */
    jit_status (*parse_type)(void *ctx, const char *text, const type **ret, jit_error *err);
    bool is_python;     /* written by torch.save: OrderedDict, parameters, torch.Size, dtypes are accepted */
    bool has_type_tags; /* archive version >= 3 */
} unpickle_hooks;

/** Read one pickled value. record: its name, for errors ("m.pt: data.pkl at byte 17: …"). expected: its static type
 * where known (elements of untagged containers), or NULL. *ret is a new reference.
 * Errors: JIT_EFORMAT, JIT_EUNSUPPORTED, JIT_ENOMEM, what the hooks return. */
jit_status unpickle(const void *bytes, size_t n_bytes, const char *record, const unpickle_hooks *hooks,
                    const type *expected, jit_value *ret, jit_error *err);

/** Give the containers in v, which a pickle does not type, the types t says, in place, and plain tuples their names;
 * then v must be of type t. `what` begins the message ("m.pt: state of __torch__.Foo"). Errors: JIT_EFORMAT (v does
 * not fit), JIT_ENOMEM. */
jit_status unpickle_restore_types(jit_value *v, const type *t, const char *what, jit_error *err);

/** What a pickle left for the container to write: storage i is the record "<prefix>/i". */
typedef struct pickle_storages {
    VEC(storage *) all; /* references */
} pickle_storages;
void pickle_storages_fini(pickle_storages *s);
/** Write them as "<folder>/0", "<folder>/1", …: after the pickles that mention them. */
jit_status pickle_storages_write(const pickle_storages *s, container_writer *w, const char *folder, jit_error *err);

typedef struct pickle_hooks {
    void *ctx;
    /** State of an object whose class has __getstate__ (and __setstate__): a new reference. */
    jit_status (*get_state)(void *ctx, object *o, jit_value *ret, jit_error *err);
    /** The name a class has in the archive being written (mangled where needed). NULL: its qualified name. */
    const char *(*class_name)(void *ctx, const type *t);
    bool is_python;     /* as Python's torch.save writes plain values: no type tags */
} pickle_hooks;

/** Write v as the pickle of static type t (type_of_value(v) if NULL), appending to out. Storages met are added to
 * storages, each once. Errors: JIT_EUNSUPPORTED (a value that cannot be saved, named), JIT_ENOMEM. */
jit_status pickle(jit_value v, const type *t, const pickle_hooks *hooks, pickle_storages *storages, text *out,
                  jit_error *err);

#endif
