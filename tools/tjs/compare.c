/* tools/tjs/compare.c: are two values the same, and where not?
 *
 * Differences are told as a path into the value ("result[1]["boxes"]") with what stands there. The tolerance of an
 * element is atol + rtol * |expected|; without one, torch.testing.assert_close's figures for the element type hold. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 400, DEEPEST = 200 };

typedef struct comparison {
    const tool_tolerance *tolerance;
    char path[PATH_BYTES];
    size_t n_path;
    int depth;
} comparison;

static const char *kind_name(jit_kind k)
{
    static const char *const names[] = { "None", "bool", "int", "float", "complex", "str", "Tensor", "list", "tuple",
                                         "dict", "object", "enum", "device", "value of another kind" };
    return names[k];
}

static bool differ(const comparison *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool differ(const comparison *c, const char *format, ...)
{
    va_list ap;
    fprintf(stderr, "%s: ", c->path);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    return false;
}

static void tolerance_of(const comparison *c, int dtype, double *rtol, double *atol)
{
    switch (dtype) {
    case JIT_FLOAT16: *rtol = 1e-3, *atol = 1e-5; break;
    case JIT_BFLOAT16: *rtol = 1.6e-2, *atol = 1e-5; break;
    case JIT_FLOAT32:
    case JIT_COMPLEX64: *rtol = 1.3e-6, *atol = 1e-5; break;
    case JIT_FLOAT64:
    case JIT_COMPLEX128: *rtol = 1e-7, *atol = 1e-7; break;
    default: *rtol = *atol = 0; return; // integers are exact whatever was asked for
    }
    if (c->tolerance->rtol >= 0)
        *rtol = c->tolerance->rtol;
    if (c->tolerance->atol >= 0)
        *atol = c->tolerance->atol;
}

static bool is_close(double a, double b, double rtol, double atol)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    return a == b || fabs(a - b) <= atol + rtol * fabs(b);
}

/* ---- tensors -------------------------------------------------------------------------------------- */

static float from_half(uint16_t h, bool is_bfloat)
{
    uint32_t bits = (uint32_t)h << 16;
    float f;
    if (is_bfloat) {
        memcpy(&f, &bits, sizeof f);
        return f;
    }
    int exponent = h >> 10 & 31;
    float fraction = (float)(h & 1023), sign = h & 0x8000 ? -1 : 1;
    if (exponent == 31)
        return fraction != 0 ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexpf(1024 + fraction, exponent - 25) : ldexpf(fraction, -24));
}

static size_t element_bytes(jit_dtype d)
{
    switch (d) {
    case JIT_UINT8: case JIT_INT8: case JIT_DTYPE_BOOL: return 1;
    case JIT_INT16: case JIT_FLOAT16: case JIT_BFLOAT16: return 2;
    case JIT_INT32: case JIT_FLOAT32: return 4;
    case JIT_INT64: case JIT_FLOAT64: case JIT_COMPLEX64: return 8;
    case JIT_COMPLEX128: return 16;
    }
    return 0;
}

#define READ(T, p) ({ T x_; memcpy(&x_, (p), sizeof x_); x_; })

/* The real and imaginary part of an element. */
static double read_element(jit_dtype d, const char *p, double *im)
{
    *im = 0;
    switch (d) {
    case JIT_UINT8: return READ(uint8_t, p);
    case JIT_DTYPE_BOOL: return READ(uint8_t, p) != 0;
    case JIT_INT8: return READ(int8_t, p);
    case JIT_INT16: return READ(int16_t, p);
    case JIT_INT32: return READ(int32_t, p);
    case JIT_INT64: return (double)READ(int64_t, p);
    case JIT_FLOAT16: return from_half(READ(uint16_t, p), false);
    case JIT_BFLOAT16: return from_half(READ(uint16_t, p), true);
    case JIT_FLOAT32: return READ(float, p);
    case JIT_FLOAT64: return READ(double, p);
    case JIT_COMPLEX64: *im = READ(float, p + 4); return READ(float, p);
    case JIT_COMPLEX128: *im = READ(double, p + 8); return READ(double, p);
    }
    return 0;
}

typedef struct worst {
    int64_t n, at;          /* elements that differ; the one that differs most */
    double got, want, distance;
} worst;

static void note(worst *w, int64_t at, double got, double want)
{
    double distance = fabs(got - want);
    if (isnan(distance))
        distance = INFINITY;
    if (w->n++ && distance <= w->distance)
        return;
    w->at = at;
    w->got = got;
    w->want = want;
    w->distance = distance;
}

static bool compare_elements(const comparison *c, jit_dtype d, const char *got, const char *want, int64_t n)
{
    double rtol, atol;
    size_t bytes = element_bytes(d);
    bool is_int64 = d == JIT_INT64;
    worst w = { 0 };
    tolerance_of(c, d, &rtol, &atol);
    for (int64_t i = 0; i < n; i++) {
        const char *p = got + (size_t)i * bytes, *q = want + (size_t)i * bytes;
        double im_a, im_b, a = read_element(d, p, &im_a), b = read_element(d, q, &im_b);
        if (is_int64 ? memcmp(p, q, bytes) != 0 : !is_close(a, b, rtol, atol))
            note(&w, i, a, b);
        else if (!is_close(im_a, im_b, rtol, atol))
            note(&w, i, im_a, im_b);
    }
    if (!w.n)
        return true;
    return differ(c, "%lld of %lld elements differ, most the one at flat index %lld: got %.9g, expected %.9g, "
                  "difference %.3g (tolerance %.3g + %.3g * |expected|)", (long long)w.n, (long long)n, (long long)w.at,
                  w.got, w.want, w.distance, atol, rtol);
}

static void print_sizes(const jit_any *v, char *to, size_t room)
{
    size_t n = 0;
    n += (size_t)snprintf(to, room, "[");
    for (size_t i = 0; i < jit_tensor_n_dims(v) && n < room; i++)
        n += (size_t)snprintf(to + n, room - n, "%s%lld", i ? ", " : "", (long long)jit_tensor_sizes(v)[i]);
    if (n < room)
        snprintf(to + n, room - n, "]");
}

static bool compare_tensors(const comparison *c, const jit_any *got, const jit_any *want)
{
    char a[200], b[200];
    size_t n_dims = jit_tensor_n_dims(want);
    jit_dtype d = jit_tensor_dtype(want);
    if (jit_tensor_dtype(got) != d)
        return differ(c, "element type %d, expected %d (codes of PyTorch)", jit_tensor_dtype(got), d);
    if (jit_tensor_n_dims(got) != n_dims
        || (n_dims && memcmp(jit_tensor_sizes(got), jit_tensor_sizes(want), n_dims * sizeof(int64_t)) != 0)) {
        print_sizes(got, a, sizeof a);
        print_sizes(want, b, sizeof b);
        return differ(c, "shape %s, expected %s", a, b);
    }
    size_t n_bytes = (size_t)jit_tensor_numel(want) * element_bytes(d);
    char *x = malloc(n_bytes + 1), *y = malloc(n_bytes + 1);
    bool same = x && y && !jit_tensor_read(got, x, n_bytes, NULL) && !jit_tensor_read(want, y, n_bytes, NULL);
    same = same ? compare_elements(c, d, x, y, jit_tensor_numel(want)) : differ(c, "cannot be read");
    free(x);
    free(y);
    return same;
}

/* ---- everything else ------------------------------------------------------------------------------ */

static bool compare(comparison *c, const jit_any *got, const jit_any *want);

/* Compare parts of a value, with the path of the part; takes them over. */
static bool compare_part(comparison *c, jit_any *got, jit_any *want, const char *step)
{
    size_t before = c->n_path;
    int n = snprintf(c->path + before, PATH_BYTES - before, "%s", step);
    c->n_path = n > 0 && (size_t)n < PATH_BYTES - before ? before + (size_t)n : before;
    bool same = got && want ? compare(c, got, want) : differ(c, "out of memory");
    c->n_path = before;
    c->path[before] = 0;
    jit_unref(got);
    jit_unref(want);
    return same;
}

static bool compare_items(comparison *c, const jit_any *got, const jit_any *want)
{
    bool same = jit_len(got) == jit_len(want)
                || differ(c, "%zu items, expected %zu", jit_len(got), jit_len(want));
    for (size_t i = 0; i < jit_len(want) && i < jit_len(got); i++) {
        char step[32];
        snprintf(step, sizeof step, "[%zu]", i);
        same &= compare_part(c, jit_item(got, i), jit_item(want, i), step);
    }
    return same;
}

/* Where the key of a dict, printed, stands in another; SIZE_MAX: nowhere. */
static size_t find_key(const jit_any *d, const char *key)
{
    for (size_t i = 0; i < jit_len(d); i++) {
        jit_any *k = jit_key(d, i);
        char *s = k ? jit_to_json(k) : NULL;
        bool is_it = s && !strcmp(s, key);
        jit_free(s);
        jit_unref(k);
        if (is_it)
            return i;
    }
    return SIZE_MAX;
}

static bool compare_dicts(comparison *c, const jit_any *got, const jit_any *want)
{
    bool same = jit_len(got) == jit_len(want)
                || differ(c, "%zu entries, expected %zu", jit_len(got), jit_len(want));
    for (size_t i = 0; i < jit_len(want); i++) {
        char step[100];
        jit_any *k = jit_key(want, i);
        char *key = k ? jit_to_json(k) : NULL;
        size_t at = key ? find_key(got, key) : SIZE_MAX;
        snprintf(step, sizeof step, "[%s]", key ? key : "?");
        same &= at == SIZE_MAX ? differ(c, "no entry %s", key ? key : "?")
                               : compare_part(c, jit_item(got, at), jit_item(want, i), step);
        jit_free(key);
        jit_unref(k);
    }
    return same;
}

static bool compare_numbers(const comparison *c, const jit_any *got, const jit_any *want)
{
    double rtol, atol, re_a = jit_as_float(got), re_b = jit_as_float(want), im_a = 0, im_b = 0;
    tolerance_of(c, JIT_FLOAT64, &rtol, &atol);
    if (jit_kind_of(want) == JIT_COMPLEX) {
        jit_as_complex(got, &re_a, &im_a);
        jit_as_complex(want, &re_b, &im_b);
    }
    if (is_close(re_a, re_b, rtol, atol) && is_close(im_a, im_b, rtol, atol))
        return true;
    if (jit_kind_of(want) == JIT_COMPLEX)
        return differ(c, "got %.17g%+.17gj, expected %.17g%+.17gj", re_a, im_a, re_b, im_b);
    return differ(c, "got %.17g, expected %.17g, difference %.3g", re_a, re_b, fabs(re_a - re_b));
}

/* Values that are the same when they print alike. */
static bool compare_texts(const comparison *c, const jit_any *got, const jit_any *want)
{
    char *a = jit_to_json(got), *b = jit_to_json(want);
    bool same = a && b && !strcmp(a, b);
    if (!same)
        differ(c, "got %.200s, expected %.200s", a ? a : "?", b ? b : "?");
    jit_free(a);
    jit_free(b);
    return same;
}

static bool compare_kind(comparison *c, const jit_any *got, const jit_any *want)
{
    jit_kind k = jit_kind_of(want);
    if (jit_kind_of(got) != k)
        return differ(c, "got a %s, expected a %s", kind_name(jit_kind_of(got)), kind_name(k));
    switch (k) {
    case JIT_NONE: return true;
    case JIT_FLOAT:
    case JIT_COMPLEX: return compare_numbers(c, got, want);
    case JIT_TENSOR: return compare_tensors(c, got, want);
    case JIT_LIST:
    case JIT_TUPLE: return compare_items(c, got, want);
    case JIT_DICT: return compare_dicts(c, got, want);
    case JIT_BOOL:
    case JIT_INT:
    case JIT_STR:
    case JIT_OBJECT:
    case JIT_ENUM:
    case JIT_DEVICE:
    case JIT_OTHER: break;
    }
    return compare_texts(c, got, want);
}

static bool compare(comparison *c, const jit_any *got, const jit_any *want)
{
    if (c->depth >= DEEPEST)
        return differ(c, "nested too deeply to compare");
    c->depth++;
    bool same = compare_kind(c, got, want);
    c->depth--;
    return same;
}

bool tool_compare(const char *name, const jit_any *got, const jit_any *want, const tool_tolerance *tolerance)
{
    comparison c = { .tolerance = tolerance };
    c.n_path = (size_t)snprintf(c.path, PATH_BYTES, "%.60s", name);
    return compare(&c, got, want);
}
