/* tensor_print(): the C++ style text of a tensor, the one print() shows (spec: at::print). One format is chosen
 * per printed matrix; nothing is summarised. The signed test that finds the largest magnitude is a slip of the
 * original that programs can see, so it is kept. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum number_mode { MODE_DEFAULT, MODE_FIXED, MODE_SCIENTIFIC } number_mode;
typedef struct number_format {
    double scale;
    int width;
    number_mode mode;
} number_format;

enum { LINE_SIZE = 80 };

/* A matrix (or vector: n_rows elements in one column) inside a tensor: element (r, c) is number
 * first + r * row_step + c in row-major order. */
typedef struct matrix {
    const tensor *t;
    int64_t first, n_rows, n_columns;
} matrix;

static double matrix_at(const matrix *m, int64_t r, int64_t c)
{
    return tensor_get_double(m->t, m->first + r * m->n_columns + c);
}

static int digits_of(double magnitude)
{
    return magnitude == 0 ? 1 : (int)floor(log10(magnitude)) + 1;
}

static number_format choose_format(const matrix *m)
{
    const int64_t n = m->n_rows * m->n_columns;
    bool all_integral = true, seen = false;
    double least = 1, most = 1;
    for (int64_t i = 0; i < n; i++) {
        const double z = tensor_get_double(m->t, m->first + i);
        if (!isfinite(z)) continue;
        if (z != ceil(z)) all_integral = false;
        if (!seen) least = most = fabs(z);
        seen = true;
        if (fabs(z) < least) least = fabs(z);
        if (z > most) most = fabs(z); // signed on purpose, see above
    }
    const int low = seen ? digits_of(least) : 1, high = seen ? digits_of(most) : 1;
    if (all_integral)
        return high > 9 ? (number_format){ 1, 11, MODE_SCIENTIFIC }
                        : (number_format){ 1, high + 1, MODE_DEFAULT };
    if (high - low > 4)
        return (number_format){ 1, abs(high) > 99 || abs(low) > 99 ? 12 : 11, MODE_SCIENTIFIC };
    if (high > 5 || high < 0) return (number_format){ pow(10, high - 1), 7, MODE_FIXED };
    return (number_format){ 1, high == 0 ? 7 : high + 6, MODE_FIXED };
}

static void print_number(const number_format *f, double z, text *out)
{
    static const char *const formats[] = {
        [MODE_DEFAULT] = "%*.6g", [MODE_FIXED] = "%*.4f", [MODE_SCIENTIFIC] = "%*.4e"
    };
    char buffer[512];
    z /= f->scale;
    switch (f->mode) {
    case MODE_DEFAULT: snprintf(buffer, sizeof buffer, formats[MODE_DEFAULT], f->width, z); break;
    case MODE_FIXED: snprintf(buffer, sizeof buffer, formats[MODE_FIXED], f->width, z); break;
    case MODE_SCIENTIFIC: snprintf(buffer, sizeof buffer, formats[MODE_SCIENTIFIC], f->width, z); break;
    }
    text_add(out, buffer);
}

/* Returns how the numbers were written. */
static number_mode print_vector(const matrix *m, text *out)
{
    const number_format f = choose_format(m);
    if (f.scale != 1) text_addf(out, "%.4g *\n", f.scale);
    for (int64_t i = 0; i < m->n_rows; i++) {
        print_number(&f, matrix_at(m, i, 0), out);
        text_add_char(out, '\n');
    }
    return f.mode;
}

static void print_rows(const matrix *m, const number_format *f, int indent, int64_t from, int64_t to, text *out)
{
    const size_t row_indent = (size_t)indent + (f->scale != 1);
    if (f->scale != 1) {
        text_addf(out, "%.4g *\n", f->scale);
        text_add_spaces(out, (size_t)indent); /* PyTorch sets only the rows after the first in by one more */
    }
    for (int64_t r = 0; r < m->n_rows; r++) {
        for (int64_t c = from; c < to; c++) {
            print_number(f, matrix_at(m, r, c), out);
            text_add_char(out, c + 1 < to ? ' ' : '\n');
        }
        if (r + 1 < m->n_rows) text_add_spaces(out, row_indent);
    }
}

static number_mode print_matrix(const matrix *m, int indent, text *out)
{
    const number_format f = choose_format(m);
    const int64_t per_line = (LINE_SIZE - indent) / (f.width + 1);
    text_add_spaces(out, (size_t)indent);
    for (int64_t from = 0; from < m->n_columns; from += per_line) {
        const int64_t to = from + per_line < m->n_columns ? from + per_line : m->n_columns;
        if (per_line < m->n_columns) {
            if (from) text_add_char(out, '\n');
            text_addf(out, "Columns %lld to %lld", (long long)from + 1, (long long)to);
            text_add_spaces(out, (size_t)indent);
        }
        print_rows(m, &f, indent, from, to, out);
    }
    return f.mode;
}

/* Slices over the leading dimensions, the first index varying fastest. */
static number_mode print_slices(const tensor *t, text *out)
{
    const int n_lead = t->n_dims - 2;
    int64_t index[TENSOR_MAX_DIMS] = { 0 };
    matrix m = { t, 0, t->sizes[n_lead], t->sizes[n_lead + 1] };
    const int64_t n_slices = t->numel / (m.n_rows * m.n_columns);
    number_mode last = MODE_DEFAULT;
    for (int64_t k = 0; k < n_slices; k++) {
        if (k) text_add_char(out, '\n');
        text_add_char(out, '(');
        m.first = 0;
        for (int d = 0; d < n_lead; d++) {
            text_addf(out, "%lld,", (long long)index[d] + 1);
            m.first = m.first * t->sizes[d] + index[d];
        }
        m.first *= m.n_rows * m.n_columns;
        text_add(out, ".,.) = \n");
        last = print_matrix(&m, 1, out);
        for (int d = 0; d < n_lead && ++index[d] == t->sizes[d]; d++) index[d] = 0;
    }
    return last;
}

/* The scale as the numbers before it. */
static void print_quantizer(const quantizer *q, number_mode mode, text *out)
{
    if (q->axis < 0) {
        text_add(out, ", qscheme: per_tensor_affine, scale: ");
        print_number(&(number_format){ 1, 0, mode }, q->scale, out);
        text_addf(out, ", zero_point: %lld", (long long)q->zero_point);
        return;
    }
    text_add(out, ", qscheme: per_channel_affine, scales: ");
    tensor_print(q->scales, out);
    text_add(out, ", zero_points: ");
    tensor_print(q->zero_points, out);
    text_addf(out, ", axis: %d", q->axis);
}

static void print_footer(const tensor *t, number_mode mode, text *out)
{
    static const char *const backends[] = { [DEVICE_CPU] = "CPU", [DEVICE_CUDA] = "CUDA", [DEVICE_META] = "Meta" };
    text_addf(out, "[ %s%s%sType{", t->quant ? "Quantized" : "", backends[t->store->dev.kind], dtype_prefix(tensor_dtype(t)));
    for (int i = 0; i < t->n_dims; i++) text_addf(out, i ? ",%lld" : "%lld", (long long)t->sizes[i]);
    text_add_char(out, '}');
    if (t->quant)
        print_quantizer(t->quant, mode, out);
    text_add(out, " ]");
}

void tensor_print(const tensor *t, text *out)
{
    const bool has_elements = t->numel > 0 && t->store->dev.kind == DEVICE_CPU;
    number_mode mode = MODE_DEFAULT;
    if (has_elements && t->n_dims == 0) {
        text_addf(out, "%.6g\n", tensor_get_double(t, 0));
    } else if (has_elements && t->n_dims == 1) {
        mode = print_vector(&(matrix){ t, 0, t->sizes[0], 1 }, out);
    } else if (has_elements && t->n_dims == 2) {
        mode = print_matrix(&(matrix){ t, 0, t->sizes[0], t->sizes[1] }, 0, out);
    } else if (has_elements) {
        mode = print_slices(t, out);
    }
    print_footer(t, mode, out);
}
