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
    JIT_EINTERRUPTED, /* jit_interrupt() was called */
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

#define JIT_ERROR_INIT { .size = sizeof(jit_error) }

#ifdef __cplusplus
}
#endif
#endif
