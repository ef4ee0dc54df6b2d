/* jit.h: the public C interface of tjs, a compiler and runtime for TorchScript.
 *
 * Handles are opaque and reference counted. Arguments are borrowed, results are yours; a function
 * that can fail returns a jit_status, leaves its outputs untouched on failure and fills the
 * jit_error the caller passed last (NULL if only the code matters). Nothing here prints, exits or
 * keeps state behind the caller's back. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JIT_H
#define JIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define JIT_API __declspec(dllexport)
#else
#define JIT_API __attribute__((visibility("default")))
#endif

#define JIT_VERSION_MAJOR 0
#define JIT_VERSION_MINOR 1
#define JIT_VERSION_PATCH 0

/** What became of a call. JIT_OK is zero, so `if (jit_x(...))` reads "if it failed". */
typedef enum jit_status {
    JIT_OK = 0,
    JIT_EINVAL,       /* the caller broke the contract of the function (a NULL, a bad index) */
    JIT_ENOMEM,       /* memory, or the budget the caller set, is used up */
    JIT_EIO,          /* a file cannot be opened, read or written */
    JIT_EFORMAT,      /* bytes that are not what they claim to be */
    JIT_EUNSUPPORTED, /* known, but this build does not implement it (the message names it) */
    JIT_ESYNTAX,      /* the program does not parse */
    JIT_ETYPE,        /* the program does not type check */
    JIT_ENOTFOUND,    /* no function, attribute or operator of that name */
    JIT_ERUNTIME,     /* the program raised, or an operator refused its operands */
    JIT_ELIMIT,       /* a limit the host set: instructions, time, depth, elements */
    JIT_EINTERRUPTED, /* jit_call_options.interrupt became true */
} jit_status;

/** One failure, told completely. Initialise with JIT_ERROR_INIT, release with jit_error_fini();
 * a filled error may be passed again, it is released first. Strings are UTF-8 and belong to it. */
typedef struct jit_error {
    size_t size;         /* sizeof(jit_error) of the caller: lets the struct grow */
    jit_status status;   /* the code the function returned as well */
    char *message;       /* one sentence without location, or NULL if even this did not fit */
    char *exception;     /* class of a raised exception ("ValueError"), or NULL */
    char *file;          /* where in the user's source, or NULL */
    int line, column;    /* 1-based; 0 if unknown */
    char *details;       /* compile errors: every diagnostic, rendered with source line and caret;
                            run-time errors: the TorchScript backtrace. NULL if there is none */
} jit_error;

/* In C++ use `jit_error err = JIT_ERROR_INIT;` just the same: members are given in order. */
#define JIT_ERROR_INIT { sizeof(jit_error), JIT_OK, NULL, NULL, NULL, 0, 0, NULL }

/** Release what a filled error holds and make it empty again. NULL is fine. */
JIT_API void jit_error_fini(jit_error *err);
/** "JIT_EIO"-like name of a code, for logs. Static. */
JIT_API const char *jit_status_name(jit_status s);
/** "0.1.0". Static. */
JIT_API const char *jit_version(void);

/* ---- handles ---------------------------------------------------------------------------------- */
typedef struct jit_module jit_module;     /* what a source or an archive defined */
typedef struct jit_function jit_function; /* a compiled function; keeps alive what it needs */
typedef struct jit_value_ jit_any;        /* any TorchScript value */

JIT_API jit_module *jit_module_ref(jit_module *m);
JIT_API void jit_module_unref(jit_module *m);      /* NULL is fine, as for every unref */
JIT_API jit_function *jit_function_ref(jit_function *f);
JIT_API void jit_function_unref(jit_function *f);
JIT_API jit_any *jit_ref(jit_any *v);
JIT_API void jit_unref(jit_any *v);

/* ---- compiling ---------------------------------------------------------------------------------- */
typedef struct jit_compile_options {
    size_t size;               /* sizeof(jit_compile_options); JIT_COMPILE_OPTIONS_INIT sets it */
    const char *name;          /* file name shown in errors, "<string>" if NULL; relative imports start in its folder */
    bool no_imports;           /* refuse `from .x import y` instead of reading files */
    size_t max_bytes;          /* memory one compile may use; 0: the default, 1 GiB */
    const char *warnings;      /* jit_check(): which to give, on top of the defaults (NULL): names between commas,
                                  read from left to right: "unused-variable", "no-unused-variable", "all", "none" */
    bool warnings_are_errors;  /* jit_check(): a warning makes the answer JIT_ETYPE */
} jit_compile_options;
#define JIT_COMPILE_OPTIONS_INIT { sizeof(jit_compile_options), NULL, false, 0, NULL, false }

/**
 * Compile TorchScript source: every function and class in it is checked; nothing runs.
 *
 * @param source  text, UTF-8, not necessarily NUL-terminated
 * @param n_bytes its length, or (size_t)-1 for strlen
 * @param opts    NULL for the defaults
 * @param ret     the module; yours, release it with jit_module_unref(). Untouched on failure
 * @return JIT_OK | JIT_EINVAL (source or ret is NULL) | JIT_ESYNTAX | JIT_ETYPE (err->details holds every
 *         diagnostic) | JIT_ENOMEM
 * @thread any; the module may then be used from several threads at once
 * @see    pytorch: torch.jit.CompilationUnit; R torch: jit_compile */
JIT_API jit_status jit_compile(const char *source, size_t n_bytes, const jit_compile_options *opts,
                               jit_module **ret, jit_error *err);
/** The same from a file. Adds JIT_EIO. */
JIT_API jit_status jit_compile_file(const char *path, const jit_compile_options *opts, jit_module **ret,
                                    jit_error *err);

/** How jit_check() renders its report. */
typedef enum jit_format { JIT_TEXT, JIT_TEXT_COLOUR, JIT_JSON } jit_format;

/**
 * Type check a source without keeping anything of it.
 *
 * @param ret_report  the diagnostics, rendered; empty text (or `[]`) if there are none. Release with jit_free()
 * @return JIT_OK if the program is well typed, whatever the warnings | JIT_ESYNTAX or JIT_ETYPE, and then
 *         *ret_report says why | JIT_EINVAL (opts->warnings has an unknown name) | JIT_ENOMEM
 * @see    docs/diagnostics.md for every code */
JIT_API jit_status jit_check(const char *source, size_t n_bytes, const jit_compile_options *opts,
                             jit_format format, char **ret_report, jit_error *err);
/** Name of warning i ("unused-variable"), NULL after the last. Static; ret_description and ret_is_default may be NULL. */
JIT_API const char *jit_warning_name(size_t i, const char **ret_description, bool *ret_is_default);
/** Release a string this library returned as `char *`. */
JIT_API void jit_free(char *s);

/* ---- saving --------------------------------------------------------------------------------------- */
/** A file stored beside the module (`_extra_files` in PyTorch); bytes may be anything. */
typedef struct jit_extra_file { const char *name; const void *bytes; size_t n_bytes; } jit_extra_file;
typedef struct jit_save_options {
    size_t size;                       /* sizeof(jit_save_options); JIT_SAVE_OPTIONS_INIT sets it */
    const char *function;              /* of a source: the function to save; NULL: its only one, else `forward`, `main` */
    const char *prefix;                /* folder of all records in the archive; NULL: the path's base name without its
                                          last extension, in memory "archive" */
    const jit_extra_file *extra_files;
    size_t n_extra_files;
    /** Told now and then how much is written; bytes_total is an estimate until the end. May be NULL. */
    void (*progress)(void *ctx, size_t bytes_done, size_t bytes_total);
    void *ctx;
} jit_save_options;
#define JIT_SAVE_OPTIONS_INIT { sizeof(jit_save_options), NULL, NULL, NULL, 0, NULL, NULL }

/**
 * Save a module as an archive that `torch.jit.load` reads: its code, parameters, buffers and attributes.
 *
 * Of a source one function is saved, as the `forward` of a module of its own, with all that it calls. The file is
 * written beside `path` under another name and replaces it only when it is complete: a failure leaves the old file
 * whole. Saving what was loaded gives the same bytes again.
 *
 * @param opts  NULL for the defaults
 * @return JIT_OK | JIT_EINVAL | JIT_ENOTFOUND (no such function, or none to choose) | JIT_EUNSUPPORTED (a value or a
 *         construct that archives cannot hold, named) | JIT_EIO | what `__getstate__` ends with | JIT_ENOMEM
 * @thread any; nobody may write to the module's tensors meanwhile
 * @see    pytorch: torch.jit.save; R torch: jit_save */
JIT_API jit_status jit_save(jit_module *m, const char *path, const jit_save_options *opts, jit_error *err);
/** The same into memory. *ret: release with jit_free(). */
JIT_API jit_status jit_serialize(jit_module *m, const jit_save_options *opts, char **ret, size_t *ret_n_bytes,
                                 jit_error *err);
/** Save one function; a method of an archive's module saves the module. opts->function is not used. */
JIT_API jit_status jit_save_function(jit_function *f, const char *path, const jit_save_options *opts, jit_error *err);
JIT_API jit_status jit_serialize_function(jit_function *f, const jit_save_options *opts, char **ret,
                                          size_t *ret_n_bytes, jit_error *err);

/* ---- archives, modules as values ------------------------------------------------------------------ */
typedef struct jit_limits jit_limits;
typedef struct jit_load_options {
    size_t size;                /* sizeof(jit_load_options); JIT_LOAD_OPTIONS_INIT sets it */
    const char *map_location;   /* device that tensors go to wherever they were saved; NULL: "cpu" */
    bool copy;                  /* read tensors into memory instead of mapping the file */
    bool verify;                /* check the checksums of tensors too: this reads the whole file */
    const jit_limits *limits;   /* NULL: none. Time and memory (not what is mapped) of the whole load; instructions of all
                                   `__setstate__` methods, the only code that runs, together */
    /** Told now and then how many bytes of tensors are verified. May be NULL. */
    void (*progress)(void *ctx, size_t bytes_done, size_t bytes_total);
    void *ctx;
} jit_load_options;
#define JIT_LOAD_OPTIONS_INIT { sizeof(jit_load_options), NULL, false, false, NULL, NULL, NULL }

/**
 * Load a `.pt` archive, as `torch.jit.save` writes it.
 *
 * Methods are compiled when they are first called. Tensors are mapped from the file: their pages are read when they
 * are used and copied when the program writes to them. A file that is truncated in place while it is mapped ends the
 * process with SIGBUS, as any mapping does; `copy` avoids that.
 *
 * @param opts  NULL for the defaults
 * @param ret   the module; yours. Untouched on failure
 * @return JIT_OK | JIT_EINVAL | JIT_EIO | JIT_EFORMAT (not an archive, or a damaged one; the message names the record)
 *       | JIT_EUNSUPPORTED | JIT_ESYNTAX, JIT_ETYPE (of the archive's code) | what `__setstate__` ends with
 *       | JIT_ENOMEM
 * @thread any
 * @see    pytorch: torch.jit.load; R torch: jit_load */
JIT_API jit_status jit_load(const char *path, const jit_load_options *opts, jit_module **ret, jit_error *err);
/** The same from memory, which is copied. */
JIT_API jit_status jit_load_memory(const void *bytes, size_t n_bytes, const jit_load_options *opts, jit_module **ret,
                                   jit_error *err);
/** Another name of jit_load_memory(). */
JIT_API jit_status jit_unserialize(const void *bytes, size_t n_bytes, const jit_load_options *opts, jit_module **ret,
                                   jit_error *err);
/** A file stored beside the module (`_extra_files` in PyTorch). *ret: release with jit_free(); NUL-terminated.
 * @return JIT_OK | JIT_ENOTFOUND | JIT_EINVAL (the module of a source) | JIT_EFORMAT | JIT_ENOMEM */
JIT_API jit_status jit_module_extra_file(const jit_module *m, const char *name, char **ret, size_t *ret_n_bytes,
                                         jit_error *err);

/** Compile all code of an archive. *ret_report as jit_check() gives it.
 * @return JIT_OK | JIT_ESYNTAX, JIT_ETYPE or JIT_EUNSUPPORTED (an operator we lack), and then *ret_report says why
 *       | JIT_EINVAL (the module of a source) | JIT_ENOMEM */
JIT_API jit_status jit_module_check(jit_module *m, jit_format format, char **ret_report, jit_error *err);

/** What jit_module_parts() lists. */
typedef enum jit_part {
    JIT_PARAMETERS,  /* each once, under its first name */
    JIT_BUFFERS,     /* likewise */
    JIT_STATE,       /* both, under every name: PyTorch's state dict */
    JIT_MODULES,     /* the module itself ("") and its submodules */
} jit_part;
/** Parameters, buffers or submodules of an archive's module: a dict from dotted names to the very tensors or objects,
 * in PyTorch's order. *ret is yours. @return JIT_OK | JIT_EINVAL | JIT_ENOMEM */
JIT_API jit_status jit_module_parts(const jit_module *m, jit_part part, jit_any **ret, jit_error *err);
/** Copy tensors, by name, into parameters and buffers: all of them must be given, and nothing else.
 * @return JIT_OK | JIT_EINVAL (a name or a shape does not fit) | JIT_ENOMEM */
JIT_API jit_status jit_module_load_state(jit_module *m, const jit_any *state, jit_error *err);
/** Any attribute by its dotted name, `encoder.0.weight`; "": the module's object itself. *ret is yours.
 * @return JIT_OK | JIT_ENOTFOUND | JIT_EINVAL | JIT_ENOMEM */
JIT_API jit_status jit_module_get(const jit_module *m, const char *path, jit_any **ret, jit_error *err);
/** Set one. The value is converted as the arguments of calls are. Adds JIT_ETYPE.
 * @thread none may call the module meanwhile */
JIT_API jit_status jit_module_set(jit_module *m, const char *path, const jit_any *v, jit_error *err);
/** A submodule as a module of its own; *ret is yours and shares everything with m. */
JIT_API jit_status jit_module_submodule(jit_module *m, const char *path, jit_module **ret, jit_error *err);
/** Set `training` of a module and all its submodules. */
JIT_API jit_status jit_module_train(jit_module *m, bool on, jit_error *err);
JIT_API jit_status jit_module_eval(jit_module *m, jit_error *err);
JIT_API bool jit_module_is_training(const jit_module *m);

typedef struct jit_freeze_options {
    size_t size;                  /* sizeof(jit_freeze_options); JIT_FREEZE_OPTIONS_INIT sets it */
    const char *const *preserved; /* attributes that stay attributes, and methods that stay besides forward */
    size_t n_preserved;
    bool keep_numerics;           /* constants only: no folding of batch norms, no removal of dropout */
    bool optimize_for_inference;  /* calls may take a ReLU or a sum into the layer before it: see jit_freeze */
} jit_freeze_options;
#define JIT_FREEZE_OPTIONS_INIT { sizeof(jit_freeze_options), NULL, 0, false, false }

/**
 * A module in evaluation mode with its parameters and attributes as constants of its code: calls of submodules are
 * inlined, attributes that its methods may change stay, all others are gone; batch norms are folded into the
 * convolutions and products before them, dropout is removed. It can be called and saved like any other; m is left as it
 * is. Tensors are shared with m: do not write to them afterwards.
 *
 * With optimize_for_inference, calls of the result let a convolution or linear layer do the addition and the relu, relu6
 * or hardtanh right behind it, as torch.jit.optimize_for_inference does: a NaN may become the lower bound there (0 for
 * relu), and the sum may be rounded in another order. That is a property of the module in memory, not of its code: saved,
 * it is an ordinary frozen archive, which PyTorch loads.
 *
 * @param opts  NULL for the defaults
 * @param ret   the frozen module, yours
 * @return JIT_OK
 *       | JIT_EINVAL        m is in training mode, or the module of a source
 *       | JIT_ENOTFOUND     a preserved name is none of the module's; it has no forward
 *       | JIT_EUNSUPPORTED  it has hooks, or hands itself to code that cannot be inlined
 *       | what compiling its methods ends with | JIT_ENOMEM
 * @thread any; nobody may change the module meanwhile
 * @see    pytorch: torch.jit.freeze, torch.jit.optimize_for_inference; R torch: jit_freeze */
JIT_API jit_status jit_freeze(jit_module *m, const jit_freeze_options *opts, jit_module **ret, jit_error *err);
/** Move parameters and buffers to a device (NULL: leave them) and the floating-point ones to an element type (a
 * jit_dtype, or -1: leave them). Tensors that were shared stay shared.
 * @return JIT_OK | JIT_EINVAL | JIT_EUNSUPPORTED (the device) | JIT_ENOMEM */
JIT_API jit_status jit_module_to(jit_module *m, const char *device, int dtype, jit_error *err);

/* ---- modules and functions ------------------------------------------------------------------------ */
/** Number of functions a module defines, in source order (of an archive: of the methods its object has), and the name
 * of one (owned by the module). */
JIT_API size_t jit_module_n_functions(const jit_module *m);
JIT_API const char *jit_module_function_name(const jit_module *m, size_t i);
/**
 * A function by name. Of an archive: a method bound to its object, `forward`, or to a submodule, `encoder.forward`;
 * `__call__` is forward with the module's hooks around it, what PyTorch's `module(…)` does.
 *
 * @return JIT_OK | JIT_ENOTFOUND (the message suggests near names). *ret is yours */
JIT_API jit_status jit_module_function(jit_module *m, const char *name, jit_function **ret, jit_error *err);
JIT_API const char *jit_function_name(const jit_function *f);
JIT_API size_t jit_function_n_params(const jit_function *f);
/** "f(Tensor x, int n=1) -> Tensor"; release with jit_free(). NULL without memory. */
JIT_API char *jit_function_schema(const jit_function *f);

/** What a run may use. 0 always means "no limit". */
struct jit_limits {
    size_t size;               /* sizeof(jit_limits); JIT_LIMITS_INIT sets it */
    int64_t max_instructions;
    int64_t max_depth;         /* of calls; 0: the default of 1000 */
    size_t max_bytes;          /* live memory of the run */
    int64_t max_tensor_elements;
    int64_t max_time_ns;       /* wall clock */
};
#define JIT_LIMITS_INIT { sizeof(jit_limits), 0, 0, 0, 0, 0 }

typedef struct jit_call_options {
    size_t size;                 /* sizeof(jit_call_options); JIT_CALL_OPTIONS_INIT sets it */
    const jit_limits *limits;    /* NULL: none */
    /** Where print() writes; NULL: stdout, the one place where the library writes by itself. */
    void (*print)(void *ctx, const char *s, size_t n);
    void *print_ctx;
    const volatile bool *interrupt; /* the run ends with JIT_EINTERRUPTED soon after this becomes true; or NULL */
} jit_call_options;
#define JIT_CALL_OPTIONS_INIT { sizeof(jit_call_options), NULL, NULL, NULL, NULL }

/**
 * Call a function. Arguments are converted as PyTorch converts them at the call boundary (an int where a
 * float is wanted, a list's elements, …); missing ones take their defaults.
 *
 * @param args  n_args positional arguments, borrowed
 * @param opts  NULL for the defaults
 * @param ret   the result, yours; None for functions that return nothing. Untouched on failure
 * @return JIT_OK
 *       | JIT_EINVAL        f, ret or an argument is NULL
 *       | JIT_ERUNTIME      the program raised (err->exception, err->details: the TorchScript backtrace)
 *       | JIT_ETYPE         an argument has the wrong type (the message names it)
 *       | JIT_EUNSUPPORTED  it needs an operator without kernel (the message names it)
 *       | JIT_ELIMIT | JIT_EINTERRUPTED | JIT_ENOMEM
 * @thread any, also the same function from several threads at once */
JIT_API jit_status jit_call(jit_function *f, jit_any *const *args, size_t n_args,
                            const jit_call_options *opts, jit_any **ret, jit_error *err);
/** jit_call with keyword arguments as well: names[i] goes with args[n_args + i]. */
JIT_API jit_status jit_call_keywords(jit_function *f, jit_any *const *args, size_t n_args,
                                     const char *const *names, size_t n_names,
                                     const jit_call_options *opts, jit_any **ret, jit_error *err);
/** Call an operator by name ("aten::add", or "aten::add.Tensor"): overloads are resolved by the values. */
JIT_API jit_status jit_op_call(const char *name, jit_any *const *args, size_t n_args,
                               const char *const *names, size_t n_names, jit_any **ret, jit_error *err);
/**
 * Evaluate a Python-like expression over a module's functions and classes and torch: what `tjs run --call`
 * does. Functions are called through the call boundary; operators work on values. */
JIT_API jit_status jit_evaluate(jit_module *m, const char *expression, const jit_call_options *opts,
                                jit_any **ret, jit_error *err);

/** A stage of a function as text; "emitted", "inlined", "optimized" are graphs in PyTorch's form, "typed" and
 * "bytecode" are ours; NULL: "optimized". *ret: release with jit_free().
 * @return JIT_OK | JIT_EINVAL (no such stage) | JIT_EUNSUPPORTED (a stage of sources, or no bytecode for it)
 *       | JIT_ENOMEM */
JIT_API jit_status jit_graph(jit_function *f, const char *stage, char **ret, jit_error *err);
/**
 * The graph of a function for the types of these arguments, as text: what `graph_for` shows in PyTorch. Nothing is run.
 * Element types, shapes and strides of tensors follow from those of the arguments (and of the module's attributes as they
 * are now) through the whole graph; what is known by that is folded. `prim::TypeCheck` and a fallback function stand for
 * the test that a call has these types.
 *
 * @param args  n_args positional arguments as for jit_call(), borrowed
 * @param ret   the text; release with jit_free(). Untouched on failure
 * @return JIT_OK
 *       | JIT_EINVAL        f, ret or an argument is NULL
 *       | JIT_ETYPE         an argument has the wrong type
 *       | JIT_ENOMEM
 * @thread any; nobody may change the module meanwhile */
JIT_API jit_status jit_graph_for(jit_function *f, jit_any *const *args, size_t n_args, char **ret, jit_error *err);

/**
 * As jit_graph_for(), for arguments of any sizes: each size but 1 gets a name, printed SS(-1), SS(-2), …, equal sizes the
 * same one (PyTorch's symbolic shapes), and the sizes of all else follow in these names. The test then asks that sizes of one
 * name are equal and that none is 1. */
JIT_API jit_status jit_graph_for_any_size(jit_function *f, jit_any *const *args, size_t n_args, char **ret, jit_error *err);

/* ---- values -------------------------------------------------------------------------------------- */
typedef enum jit_kind {
    JIT_NONE, JIT_BOOL, JIT_INT, JIT_FLOAT, JIT_COMPLEX, JIT_STR, JIT_TENSOR, JIT_LIST, JIT_TUPLE, JIT_DICT,
    JIT_OBJECT, JIT_ENUM, JIT_DEVICE, JIT_OTHER
} jit_kind;
/* PyTorch's codes: they are plain ints in programs. */
typedef enum jit_dtype {
    JIT_UINT8 = 0, JIT_INT8 = 1, JIT_INT16 = 2, JIT_INT32 = 3, JIT_INT64 = 4, JIT_FLOAT16 = 5, JIT_FLOAT32 = 6,
    JIT_FLOAT64 = 7, JIT_COMPLEX64 = 9, JIT_COMPLEX128 = 10, JIT_DTYPE_BOOL = 11, JIT_BFLOAT16 = 15
} jit_dtype;

/* constructors: NULL without memory, or where an item given is NULL, so that calls can be nested and the result
 * checked once; jit_call() and its like refuse a NULL argument. Results are yours, items are borrowed. */
JIT_API jit_any *jit_none(void);
JIT_API jit_any *jit_bool(bool b);
JIT_API jit_any *jit_int(int64_t i);
JIT_API jit_any *jit_float(double f);
JIT_API jit_any *jit_complex(double re, double im);
JIT_API jit_any *jit_str(const char *s, size_t n_bytes);         /* copies; (size_t)-1: strlen */
JIT_API jit_any *jit_tuple(jit_any *const *items, size_t n);
/** A list; the element type follows from the items (all of one kind), or is fixed at the first call. */
JIT_API jit_any *jit_list(jit_any *const *items, size_t n);
JIT_API jit_any *jit_dict(jit_any *const *keys, jit_any *const *values, size_t n);
/** A contiguous CPU tensor with a copy of `data` (row-major; NULL: uninitialised). sizes: n_dims entries. */
JIT_API jit_any *jit_tensor(jit_dtype d, const int64_t *sizes, size_t n_dims, const void *data);
/** A tensor on the caller's memory, not copied. `release(ctx)` (may be NULL) runs exactly once, when the last
 * use ends, also when this function fails. strides in elements, NULL: contiguous. */
JIT_API jit_any *jit_tensor_borrow(jit_dtype d, const int64_t *sizes, const int64_t *strides, size_t n_dims,
                                   void *data, void (*release)(void *ctx), void *ctx);
/** A 0-dim tensor. */
JIT_API jit_any *jit_scalar(jit_dtype d, double value);

/* readers; wrong kinds, and NULL, give 0, NULL or false */
JIT_API jit_kind jit_kind_of(const jit_any *v);                   /* JIT_OTHER for NULL */
JIT_API bool jit_as_bool(const jit_any *v);
JIT_API int64_t jit_as_int(const jit_any *v);
JIT_API double jit_as_float(const jit_any *v);                    /* of an int too */
JIT_API bool jit_as_complex(const jit_any *v, double *ret_re, double *ret_im);
JIT_API const char *jit_as_str(const jit_any *v, size_t *ret_n_bytes); /* owned by v; ret may be NULL */
JIT_API size_t jit_len(const jit_any *v);                         /* list, tuple, dict, str */
JIT_API jit_any *jit_item(const jit_any *v, size_t i);            /* list, tuple; dict: the i-th value; yours */
JIT_API jit_any *jit_key(const jit_any *v, size_t i);             /* dict: the i-th key in insertion order; yours */
JIT_API jit_any *jit_attribute(const jit_any *v, const char *name); /* object, named tuple; yours */
JIT_API jit_dtype jit_tensor_dtype(const jit_any *v);
JIT_API size_t jit_tensor_n_dims(const jit_any *v);
JIT_API const int64_t *jit_tensor_sizes(const jit_any *v);        /* owned by v */
JIT_API const int64_t *jit_tensor_strides(const jit_any *v);      /* in elements; owned by v */
JIT_API int64_t jit_tensor_numel(const jit_any *v);
JIT_API bool jit_tensor_requires_grad(const jit_any *v);
/** Address of the first element: the tensor's own memory. NULL if it is not on the CPU. */
JIT_API void *jit_tensor_data(const jit_any *v);
/** Copy the elements, row-major, in the tensor's dtype. @return JIT_OK | JIT_EINVAL (no tensor, room too small) */
JIT_API jit_status jit_tensor_read(const jit_any *v, void *to, size_t n_bytes, jit_error *err);
/** What print() shows; release with jit_free(). NULL without memory. */
JIT_API char *jit_to_string(const jit_any *v);
/** As JSON (see docs/guide.md); release with jit_free(). NULL without memory. */
JIT_API char *jit_to_json(const jit_any *v);

/**
 * Read a value from a file. What the file is follows from its bytes: what `torch.save` wrote (numbers, strings, lists,
 * tuples, dicts, tensors, in any nesting; a state dict is a dict), a `.npy` (a tensor), a `.npz` or `.safetensors` (a
 * dict of tensors by name). Nothing in a file is run. Tensors are mapped where the file stores them as they are:
 * writing to one does not change the file. Whoever shortens the file while it is in use ends the process.
 *
 * @param ret  the value, yours; untouched on failure
 * @return JIT_OK
 *       | JIT_EINVAL        path or ret is NULL
 *       | JIT_EIO           the file cannot be read
 *       | JIT_EFORMAT       not such a file, or damaged (the message names the record and the byte)
 *       | JIT_EUNSUPPORTED  it holds a module, or values of a kind we do not have (the message names it)
 *       | JIT_ENOMEM
 * @thread any */
JIT_API jit_status jit_value_load(const char *path, jit_any **ret, jit_error *err);
/**
 * Write a value to a file, in the format its name ends in: `.npy` (a tensor), `.npz` and `.safetensors` (a dict of
 * tensors by name), anything else as `torch.save` does, for `torch.load`. It is written to a temporary file and renamed:
 * a failure at any point leaves the old file whole.
 *
 * @return JIT_OK | JIT_EINVAL (a NULL, or not a value of such a file) | JIT_EUNSUPPORTED (an object, an element type
 *         the format lacks) | JIT_EIO | JIT_ENOMEM */
JIT_API jit_status jit_value_save(const jit_any *v, const char *path, jit_error *err);
/** jit_value_load() of a file that holds one tensor. Adds JIT_EFORMAT (it holds something else). */
JIT_API jit_status jit_tensor_load(const char *path, jit_any **ret, jit_error *err);
/** jit_value_save() of a tensor. Adds JIT_EINVAL (v is none). */
JIT_API jit_status jit_tensor_save(const jit_any *v, const char *path, jit_error *err);

/* ---- process-wide settings --------------------------------------------------------------------------- */
JIT_API void jit_manual_seed(uint64_t seed);      /* torch.manual_seed */
JIT_API void jit_set_num_threads(int n);          /* of operators and torch.jit.fork; 0: one per core */
JIT_API int jit_get_num_threads(void);

#ifdef __cplusplus
}
#endif
#endif
