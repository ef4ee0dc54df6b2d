/* tools/genops.c: host program: the rows of ir/ops/ *.def as static tables, written to the file argv[1].
 *
 * The compiler of the host reads the rows through the same macros as everyone else; this program sorts the
 * names, puts overloads in the order of order.def, hashes, and pools all strings. Tables refer by index and
 * offset: nothing in them needs relocation or runs at start. Schemas stay text here: parsed, they hold
 * types and values, which are made at run time on first request (ir/op.c). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/op.h"
#include "ir/op_hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    const char *id, *schema, *kernel;
    uint32_t traits;
    uint8_t backend, variant;
    uint16_t base;
    char *name, *overload, *signature; /* the parts of the schema */
    uint32_t name_index;
} row;

static row rows[] = {
#define ROW_AS(id_, schema_, kernel_, traits_, backend_, variant_, base_) \
    { .id = #id_, .schema = schema_, .kernel = kernel_, .traits = (traits_), .backend = (backend_), \
      .variant = (variant_), .base = (base_) },
    ROW_AS(NONE, "none::none() -> ()", "", 0, OP_IS_DECLARED, OP_NO_VARIANT, OP_NONE)
#define PLAIN(id_, schema_, traits_, backend_) \
    ROW_AS(id_, schema_, "", traits_, backend_, OP_NO_VARIANT, OP_##id_)
#define OP(id_, schema_, traits_, kernel_) \
    ROW_AS(id_, schema_, #kernel_, traits_, OP_HAS_KERNEL, OP_NO_VARIANT, OP_##id_)
#define SCALAR(id_, schema_, traits_, ...)       PLAIN(id_, schema_, traits_, OP_HAS_KERNEL)
#define SCALAR_CHECK(id_, schema_, traits_, ...) PLAIN(id_, schema_, traits_, OP_HAS_KERNEL)
#define UNARY(id_, schema_, for_, traits_, ...)   PLAIN(id_, schema_, (traits_) | OP_POINTWISE, OP_HAS_KERNEL)
#define BINARY(id_, schema_, for_, traits_, ...)  PLAIN(id_, schema_, (traits_) | OP_POINTWISE, OP_HAS_KERNEL)
#define TERNARY(id_, schema_, for_, traits_, ...) PLAIN(id_, schema_, (traits_) | OP_POINTWISE, OP_HAS_KERNEL)
#define QUATERNARY(id_, schema_, for_, traits_, ...) PLAIN(id_, schema_, (traits_) | OP_POINTWISE, OP_HAS_KERNEL)
#define COMPOSITE(id_, schema_, traits_)         PLAIN(id_, schema_, traits_, OP_IS_COMPOSITE)
#define DECLARED(id_, schema_)                   PLAIN(id_, schema_, 0, OP_IS_DECLARED)
#define VARIANT(id_, schema_, base_, mode_) \
    ROW_AS(id_, schema_, "", 0, OP_HAS_KERNEL, mode_, OP_##base_)
#include "ir/ops/all.def"
};
enum { N_ROWS = sizeof rows / sizeof *rows };
_Static_assert((int)N_ROWS == (int)OP__COUNT, "rows and ids differ in number");

static const struct order { const char *name, *overloads; } orders[] = {
#define ORDER(name, overloads) { name, overloads },
#include "ir/ops/order.def"
};

static const struct alias { const char *from, *to; } aliases[] = {
#define ALIAS(from, to) { from, to },
#include "ir/ops/aliases.def"
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static _Noreturn void die(const char *what, const char *which)
{
    fprintf(stderr, "genops: %s: %s\n", which, what);
    exit(1);
}

static char *copy(const char *s, size_t n)
{
    char *p = malloc(n + 1);
    if (!p)
        die("out of memory", s);
    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

/* ---- rows ------------------------------------------------------------------------------------- */

static void split_schema(row *r)
{
    const char *paren = strchr(r->schema, '(');
    if (!paren)
        die("schema without '('", r->id);
    const char *dot = memchr(r->schema, '.', (size_t)(paren - r->schema));
    const char *name_end = dot ? dot : paren;
    r->name = copy(r->schema, (size_t)(name_end - r->schema));
    r->overload = dot ? copy(dot + 1, (size_t)(paren - dot - 1)) : copy("", 0);
    r->signature = copy(paren, strlen(paren));
}

/* Declared rows have no traits of their own: an operator that writes nothing and returns something is
 * pure as far as anybody can tell. Variants have the traits of the row they come from, but may write. */
static void complete(row *r)
{
    if (strcmp(r->kernel, "op_none") == 0)
        r->backend = OP_IS_STRUCTURAL;
    if (r->backend == OP_IS_DECLARED && !strchr(r->signature, '!') && !strstr(r->signature, "-> ()"))
        r->traits = OP_PURE | OP_MAY_RAISE;
    if (r->variant != OP_NO_VARIANT) {
        const row *origin = &rows[r->base];
        while (origin->variant != OP_NO_VARIANT)
            origin = &rows[origin->base];
        r->traits = origin->traits;
    }
    if (strchr(r->signature, '!'))
        r->traits &= ~(uint32_t)(OP_PURE | OP_COMMUTES);
}

/* ---- shapes ----------------------------------------------------------------------------------- */

/* The end of the argument at s: the comma or parenthesis after it, outside of brackets and quotes. */
static const char *argument_end(const char *s)
{
    char quote = '\0';
    for (int depth = 0; *s; s++) {
        if (*s == '\\' && s[1]) {
            s++;
        } else if (quote) {
            quote = *s == quote ? '\0' : quote;
        } else if (*s == '"' || *s == '\'') {
            quote = *s;
        } else if (*s == '(' || *s == '[') {
            depth++;
        } else if (*s == ')' || *s == ']') {
            if (depth-- == 0)
                return s;
        } else if (*s == ',' && depth == 0) {
            return s;
        }
    }
    return s;
}

static uint8_t plain_kind(const char *s, size_t n)
{
    static const struct { const char *name; type_kind kind; } plain[] = {
        { "Tensor", TYPE_TENSOR }, { "int", TYPE_INT }, { "float", TYPE_FLOAT }, { "bool", TYPE_BOOL },
        { "complex", TYPE_COMPLEX }, { "str", TYPE_STR },
    };
    if (n > 7 && memcmp(s, "Tensor(", 7) == 0 && s[n - 1] == ')')
        n = 6; /* what it aliases */
    for (size_t i = 0; i < COUNT(plain); i++)
        if (strlen(plain[i].name) == n && memcmp(s, plain[i].name, n) == 0)
            return (uint8_t)plain[i].kind;
    return TYPE_ERROR;
}

static op_shape shape_of(const row *r)
{
    op_shape shape = { 0 };
    bool keyword_only = false;
    for (const char *s = r->signature + 1, *end; *s && *s != ')'; s = *end == ',' ? end + 1 : end) {
        s += strspn(s, " ");
        end = argument_end(s);
        size_t n = (size_t)(end - s);
        if (n == 1 && *s == '*') {
            keyword_only = true;
            continue;
        }
        if (n == 3 && memcmp(s, "...", 3) == 0) {
            shape.is_vararg = true;
            continue;
        }
        const char *name = end;
        while (name > s && name[-1] != ' ')
            name--; /* after the last blank: `self`, or `dim=None` */
        bool has_default = memchr(s, '=', n) != NULL;
        if (shape.n_args < COUNT(shape.kinds) && !keyword_only && !has_default && name > s)
            shape.kinds[shape.n_args] = plain_kind(s, (size_t)(name - 1 - s));
        shape.begins_with_self |= shape.n_args == 0 && end - name == 4 && memcmp(name, "self", 4) == 0;
        shape.n_required += !has_default;
        if (shape.n_args++ == UINT8_MAX)
            die("too many arguments", r->id);
    }
    return shape;
}

/* Place of an overload in order.def, or a large number. */
static size_t order_of(const row *r)
{
    for (size_t i = 0; i < COUNT(orders); i++) {
        if (strcmp(orders[i].name, r->name) != 0)
            continue;
        size_t place = 0;
        for (const char *s = orders[i].overloads; *s; place++) {
            size_t n = strcspn(s, " ");
            const char *want = *r->overload ? r->overload : "-";
            if (n == strlen(want) && memcmp(s, want, n) == 0)
                return place;
            s += n + (s[n] == ' ');
        }
    }
    return COUNT(rows);
}

typedef struct placed { uint16_t id; size_t order; } placed;
static placed sorted[N_ROWS - 1];

static int compare_placed(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    int by_name = strcmp(rows[x->id].name, rows[y->id].name);
    if (by_name)
        return by_name;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void sort_rows(void)
{
    for (uint16_t id = 1; id < N_ROWS; id++)
        sorted[id - 1] = (placed){ id, order_of(&rows[id]) };
    qsort(sorted, N_ROWS - 1, sizeof *sorted, compare_placed);
    for (size_t i = 1; i < N_ROWS - 1; i++) {
        const row *a = &rows[sorted[i - 1].id], *b = &rows[sorted[i].id];
        if (strcmp(a->name, b->name) != 0)
            continue;
        if (strcmp(a->overload, b->overload) == 0)
            die("the same name and overload as another row", b->id);
        if (sorted[i].order == COUNT(rows))
            fprintf(stderr, "genops: %s: not in order.def, tried last\n", b->schema);
    }
}

/* ---- strings ---------------------------------------------------------------------------------- */

typedef struct pool {
    const char *strings[2 * N_ROWS];
    uint32_t offsets[2 * N_ROWS];
    size_t n;
    uint32_t n_bytes;
    int32_t slots[32768]; /* 1 + index, for finding equal strings */
} pool;

static uint32_t pool_add(pool *p, const char *s)
{
    uint32_t slot = op_hash(s) % COUNT(p->slots);
    for (; p->slots[slot]; slot = (slot + 1) % COUNT(p->slots))
        if (strcmp(p->strings[p->slots[slot] - 1], s) == 0)
            return p->offsets[p->slots[slot] - 1];
    p->strings[p->n] = s;
    p->offsets[p->n] = p->n_bytes;
    p->slots[slot] = (int32_t)++p->n;
    p->n_bytes += (uint32_t)strlen(s) + 1;
    return p->offsets[p->n - 1];
}

static void write_string(FILE *out, const char *s)
{
    fputs("    \"", out);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fputc('\\', out);
        fputc(*s, out);
    }
    fputs("\\0\"\n", out);
}

static void write_pool(FILE *out, const char *name, const pool *p)
{
    fprintf(out, "static const char %s[%u] =\n", name, p->n_bytes + 1);
    for (size_t i = 0; i < p->n; i++)
        write_string(out, p->strings[i]);
    fputs("    ;\n", out);
}

/* ---- tables ----------------------------------------------------------------------------------- */

static pool names, texts;
static uint32_t name_offsets[N_ROWS], first_of_name[N_ROWS + 1];
static size_t n_names;

static void collect_names(void)
{
    for (size_t i = 0; i < N_ROWS - 1; i++) {
        row *r = &rows[sorted[i].id];
        if (i == 0 || strcmp(rows[sorted[i - 1].id].name, r->name) != 0) {
            first_of_name[n_names] = (uint32_t)i;
            name_offsets[n_names++] = pool_add(&names, r->name);
        }
        r->name_index = (uint32_t)n_names - 1;
    }
    first_of_name[n_names] = N_ROWS - 1;
}

static void write_numbers(FILE *out, const char *declaration, const uint32_t *numbers, size_t n)
{
    fprintf(out, "static const %s[%zu] = {", declaration, n);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%u,", i % 16 ? " " : "\n    ", numbers[i]);
    fputs("\n};\n", out);
}

static void write_hash(FILE *out)
{
    size_t n_slots = 1;
    while (n_slots < 3 * n_names)
        n_slots *= 2;
    uint32_t *slots = calloc(n_slots, sizeof *slots);
    if (!slots)
        die("out of memory", "hash");
    for (size_t i = 0; i < n_names; i++) {
        size_t slot = op_hash(rows[sorted[first_of_name[i]].id].name) & (n_slots - 1);
        while (slots[slot])
            slot = (slot + 1) & (n_slots - 1);
        slots[slot] = (uint32_t)i + 1;
    }
    write_numbers(out, "uint16_t hash_slots", slots, n_slots);
    free(slots);
}

static void write_rows(FILE *out)
{
    fprintf(out, "static const op_row row_table[%d] = {\n", N_ROWS);
    for (size_t i = 0; i < N_ROWS; i++)
        fprintf(out, "    { %u, %u, %u },\n", i ? rows[i].name_index : 0,
                pool_add(&texts, rows[i].overload), pool_add(&texts, rows[i].signature));
    fprintf(out, "};\nstatic const op_info info_table[%d] = {\n", N_ROWS);
    for (size_t i = 0; i < N_ROWS; i++)
        fprintf(out, "    { %u, %u, %u, %u },\n", rows[i].traits, rows[i].backend, rows[i].variant,
                rows[i].base);
    fprintf(out, "};\nstatic const op_shape shape_table[%d] = {\n", N_ROWS);
    for (size_t i = 0; i < N_ROWS; i++) {
        op_shape s = shape_of(&rows[i]);
        fprintf(out, "    { %u, %u, %d, %d, { %u, %u } },\n", s.n_args, s.n_required, s.is_vararg,
                s.begins_with_self, s.kinds[0], s.kinds[1]);
    }
    fputs("};\n", out);
}

static int compare_aliases(const void *a, const void *b)
{
    return strcmp(((const struct alias *)a)->from, ((const struct alias *)b)->from);
}

static void write_aliases(FILE *out)
{
    struct alias ordered[COUNT(aliases)];
    memcpy(ordered, aliases, sizeof aliases);
    qsort(ordered, COUNT(ordered), sizeof *ordered, compare_aliases);
    fprintf(out, "static const op_alias alias_table[%zu] = {\n", COUNT(ordered));
    for (size_t i = 0; i < COUNT(ordered); i++)
        fprintf(out, "    { %u, %u },\n", pool_add(&texts, ordered[i].from),
                pool_add(&texts, ordered[i].to));
    fputs("};\n", out);
}

int main(int argc, char **argv)
{
    FILE *out = argc == 2 ? fopen(argv[1], "w") : NULL;
    if (!out)
        die("cannot be written", argc == 2 ? argv[1] : "usage: genops FILE");
    for (size_t i = 0; i < N_ROWS; i++)
        split_schema(&rows[i]);
    for (size_t i = 0; i < N_ROWS; i++)
        complete(&rows[i]);
    sort_rows();
    collect_names();
    static uint32_t ids[N_ROWS];
    for (size_t i = 0; i < N_ROWS - 1; i++)
        ids[i] = sorted[i].id;
    fputs("/* Written by tools/genops.c from ir/ops/ *.def. */\n"
          "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n", out);
    fprintf(out, "enum { N_NAMES = %zu };\n", n_names);
    write_numbers(out, "uint32_t name_offsets", name_offsets, n_names);
    write_numbers(out, "uint16_t first_of_name", first_of_name, n_names + 1);
    write_numbers(out, "uint16_t ids_by_name", ids, N_ROWS - 1);
    write_hash(out);
    write_rows(out);
    write_aliases(out);
    write_pool(out, "name_pool", &names);
    write_pool(out, "text_pool", &texts);
    if (ferror(out) | fclose(out))
        die("cannot be written", argv[1]);
    return 0;
}
