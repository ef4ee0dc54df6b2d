/* runtime/api/json.c: values as JSON, as documented in docs/guide.md: types stay distinguishable. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "ir/type.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Always with a dot or an exponent, shortest form that reads back equal; non-finite ones as an object. */
static void float_json(double f, text *out)
{
    if (!isfinite(f)) {
        text_addf(out, "{\"float\": \"%s\"}", isnan(f) ? "nan" : f > 0 ? "inf" : "-inf");
        return;
    }
    char s[40];
    int digits = 1;
    do
        snprintf(s, sizeof s, "%.*g", digits, f);
    while (digits++ < 17 && strtod(s, NULL) != f);
    text_add(out, s);
    if (!strpbrk(s, ".e"))
        text_add(out, ".0");
}

static void complex_json(double re, double im, text *out)
{
    text_add(out, "[");
    float_json(re, out);
    text_add(out, ", ");
    float_json(im, out);
    text_add(out, "]");
}

static void element_json(const tensor *t, int64_t k, text *out)
{
    double re, im;
    switch (dtype_category_of(tensor_dtype(t))) {
    case CATEGORY_B:
        text_add(out, tensor_get_int(t, k) ? "true" : "false");
        break;
    case CATEGORY_I:
        text_addf(out, "%lld", (long long)tensor_get_int(t, k));
        break;
    case CATEGORY_F:
    case CATEGORY_Q:
        float_json(tensor_get_double(t, k), out);
        break;
    case CATEGORY_C:
        tensor_get_complex(t, k, &re, &im);
        complex_json(re, im, out);
        break;
    }
}

static void tensor_json(const tensor *t, text *out)
{
    text_addf(out, "{\"tensor\": {\"dtype\": \"%s\", \"shape\": [", dtype_name(tensor_dtype(t)));
    for (int i = 0; i < t->n_dims; i++)
        text_addf(out, "%s%lld", i ? ", " : "", (long long)t->sizes[i]);
    text_add(out, "], \"data\": [");
    for (int64_t k = 0; k < t->numel && !out->failed; k++) {
        text_add(out, k ? ", " : "");
        element_json(t, k, out);
    }
    text_add(out, "]}}");
}

static void list_json(const list *l, text *out)
{
    text_add(out, "[");
    for (size_t i = 0; i < l->n; i++) {
        jit_value v = list_get(l, i);
        text_add(out, i ? ", " : "");
        api_value_json(v, out);
        value_unref(v);
    }
    text_add(out, "]");
}

static void tuple_json(const tuple *t, text *out)
{
    /* results of operators have field names but no type name: plain tuples outside */
    const type *named = t->type && t->type->kind == TYPE_NAMED_TUPLE && t->type->name ? t->type : NULL;
    if (named) {
        const char *name = type_unqualified_name(named);
        text_add(out, "{\"namedtuple\": ");
        text_add_json(out, name, strlen(name));
        text_add(out, ", \"fields\": {");
    } else {
        text_add(out, "{\"tuple\": [");
    }
    for (size_t i = 0; i < t->n; i++) {
        text_add(out, i ? ", " : "");
        if (named) {
            const char *field = named->fields->names[i];
            text_add_json(out, field, strlen(field));
            text_add(out, ": ");
        }
        api_value_json(t->at[i], out);
    }
    text_add(out, named ? "}}" : "]}");
}

static void dict_json(const dict *d, text *out)
{
    bool is_first = true;
    text_add(out, "{\"dict\": [");
    for (size_t i = 0; i < d->n_entries; i++) {
        if (!d->entries[i].is_live)
            continue;
        text_add(out, is_first ? "[" : ", [");
        is_first = false;
        api_value_json(d->entries[i].key, out);
        text_add(out, ", ");
        api_value_json(d->entries[i].value, out);
        text_add(out, "]");
    }
    text_add(out, "]}");
}

static void object_json(const object *o, text *out)
{
    const char *name = type_unqualified_name(o->type);
    text_add(out, "{\"object\": ");
    text_add_json(out, name, strlen(name));
    text_add(out, ", \"attributes\": {");
    for (size_t i = 0; i < o->n; i++) {
        const char *attribute = o->type->cls->attributes[i].name;
        text_add(out, i ? ", " : "");
        text_add_json(out, attribute, strlen(attribute));
        text_add(out, ": ");
        api_value_json(o->at[i], out);
    }
    text_add(out, "}}");
}

/* {"key": "printed form"} */
static void printed_json(const char *key, jit_value v, text *out)
{
    text s;
    text_init(&s, NULL);
    value_print(v, &s);
    text_addf(out, "{\"%s\": ", key);
    text_add_json(out, s.s, s.n);
    text_add(out, "}");
    text_fini(&s);
}

static void enum_json(const enum_member *m, text *out)
{
    text_addf(out, "{\"enum\": \"%s.%s\"}", type_unqualified_name(m->type), m->name);
}

void api_value_json(jit_value v, text *out)
{
    if (out->failed)
        return;
    switch ((value_tag)v.tag) {
    case VALUE_NONE: text_add(out, "null"); break;
    case VALUE_BOOL: text_add(out, v.b ? "true" : "false"); break;
    case VALUE_INT: text_addf(out, "%lld", (long long)v.i); break;
    case VALUE_FLOAT: float_json(v.f, out); break;
    case VALUE_COMPLEX:
        text_add(out, "{\"complex\": ");
        complex_json(v.c->re, v.c->im, out);
        text_add(out, "}");
        break;
    case VALUE_STR: text_add_json(out, v.s->s, v.s->n); break;
    case VALUE_TENSOR: tensor_json(v.t, out); break;
    case VALUE_LIST: list_json(v.list, out); break;
    case VALUE_TUPLE: tuple_json(v.tuple, out); break;
    case VALUE_DICT: dict_json(v.dict, out); break;
    case VALUE_OBJECT: object_json(v.object, out); break;
    case VALUE_ENUM: enum_json(v.member, out); break;
    case VALUE_DEVICE: printed_json("device", v, out); break;
    case VALUE_FUNCTION:
    case VALUE_FUTURE:
    case VALUE_GENERATOR:
    case VALUE_UNINIT:
    case VALUE__COUNT: printed_json("value", v, out); break;
    }
}
