/* runtime/kernels/quantized.h: tensors of integers that stand for reals, (integer - zero_point) * scale.
 *
 * Few operators know them. Every call of an operator goes through quantized_call where quantized tensors exist at all, and what
 * the operator's row says decides: its kernel takes them, it runs on their integers, it runs on their reals, or it is
 * refused. Source of the arithmetic: aten/src/ATen/native/quantized (AffineQuantizerBase.cpp, QuantUtils.h). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_QUANTIZED_H
#define RUNTIME_KERNELS_QUANTIZED_H

#include "runtime/kernels/kernel.h"

/** A quantized copy of x (float32), contiguous. NULL: reported. */
tensor *quantize(op_ctx *cx, tensor *x, dtype d, quantizer *q);
/** The integers of a quantized tensor: a view of its memory as int8, uint8 or int32. A new reference; NULL: reported. */
tensor *quantized_integers(op_ctx *cx, tensor *t);
/** The reals of a quantized tensor as float32, contiguous. A new reference; NULL: reported. */
tensor *dequantize(op_ctx *cx, tensor *t);
/** integer - zero_point as elements of type d, a float type, contiguous. NULL: reported. */
tensor *quantized_offsets(op_ctx *cx, tensor *t, dtype d);

/** Least and greatest integer of a quantized type. */
typedef struct quantized_range { int64_t low, high; } quantized_range;
quantized_range quantized_range_of(dtype d);

/** Scale and zero point that map [least, greatest] to the integers from low to high. */
typedef struct affine { double scale; int64_t zero_point; } affine;
affine choose_affine(float least, float greatest, int low, int high, bool reduce_range);

/** The quantizer of one scale; NULL: reported. Checks that the zero point is an integer of the type. */
quantizer *make_quantizer(op_ctx *cx, dtype d, double scale, int64_t zero_point);

#endif
