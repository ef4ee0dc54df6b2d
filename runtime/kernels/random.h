/* runtime/kernels/random.h: what the kernels of distributions share (random.c). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_RANDOM_H
#define RUNTIME_KERNELS_RANDOM_H

#include "runtime/kernels/kernel.h"

/** The generator of an argument; None is the default one. Borrowed; lock it around draws. */
generator *random_generator(jit_value v);
/** Uniform in [0, 1) with 53 random bits. The generator is locked. */
double random_uniform(generator *g);

#endif
