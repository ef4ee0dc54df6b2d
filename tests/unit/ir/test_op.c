/* The operator table: every row's schema can be read and printed back, names are found, overloads are in
 * PyTorch's order. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/op.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *const row_texts[] = {
    "none::none() -> ()",
#define ROW(id, schema, ...) schema,
#include "ir/ops/all.def"
};

/* Alias sets are sets: `(b|a)` is printed `(a|b)`. */
static bool differs_in_set_order_only(const char *row, const char *printed)
{
    const char *a = strstr(row, "(b|a)"), *b = strstr(printed, "(a|b)");
    return a && b && a - row == b - printed && strcmp(a + 5, b + 5) == 0;
}

static void every_row_reads_and_prints_back(void **state)
{
    (void)state;
    int n_normalised = 0;
    for (int id = 1; id < OP__COUNT; id++) {
        const schema *sc = op_schema((op_id)id);
        if (!sc)
            fail_msg("cannot be read: %s", row_texts[id]);
        text out;
        text_init(&out, NULL);
        schema_print(sc, &out);
        if (strcmp(out.s, row_texts[id]) != 0) {
            if (!differs_in_set_order_only(row_texts[id], out.s))
                fail_msg("%s\nprinted %s", row_texts[id], out.s);
            n_normalised++;
        }
        text_fini(&out);
    }
    assert_true(n_normalised < 10);
}

/* The tables of tools/genops.c read signatures by themselves: they must agree with the parsed schemas. */
static void shapes_agree_with_schemas(void **state)
{
    (void)state;
    for (int id = 1; id < OP__COUNT; id++) {
        const schema *sc = op_schema((op_id)id);
        const op_shape *shape = op_get_shape((op_id)id);
        size_t n_required = 0;
        assert_non_null(sc);
        for (size_t i = 0; i < sc->n_args; i++) {
            n_required += !sc->args[i].has_default;
            if (i < 2 && shape->kinds[i] != TYPE_ERROR && shape->kinds[i] != sc->args[i].type->kind)
                fail_msg("argument %zu of another kind: %s", i, row_texts[id]);
        }
        if (shape->n_args != sc->n_args || shape->n_required != n_required
            || shape->is_vararg != sc->is_vararg)
            fail_msg("%u arguments, %u required: %s", shape->n_args, shape->n_required, row_texts[id]);
        bool with_self = sc->n_args && strcmp(sc->args[0].name, "self") == 0;
        assert_int_equal(shape->begins_with_self, with_self);
    }
}

static void names_and_overloads_are_found(void **state)
{
    (void)state;
    assert_int_equal(op_find("aten::add", "Tensor"), OP_aten_add_Tensor);
    assert_int_equal(op_find("prim::If", ""), OP_prim_If);
    assert_int_equal(op_find("aten::add", "nonsense"), OP_NONE);
    assert_int_equal(op_find("aten::nonsense", ""), OP_NONE);
    assert_string_equal(op_name(OP_aten_add_Tensor), "aten::add");
    assert_string_equal(op_overload(OP_aten_add_Tensor), "Tensor");
    for (int id = 1; id < OP__COUNT; id++)
        assert_int_equal(op_find(op_name((op_id)id), op_overload((op_id)id)), id);
}

static void overloads_stand_in_registration_order(void **state)
{
    (void)state;
    size_t n;
    const uint16_t *ids = op_find_all("aten::Bool", &n);
    assert_int_equal(n, 3);
    assert_string_equal(op_overload(ids[0]), "Tensor");
    assert_string_equal(op_overload(ids[1]), "int");
    assert_string_equal(op_overload(ids[2]), "float");
}

static void schemas_show_the_checkers_types(void **state)
{
    (void)state;
    const schema *sc = op_schema(op_find("aten::zeros", ""));
    const schema_arg *element = &sc->args[schema_find_arg(sc, "dtype")];
    assert_ptr_equal(element->type, type_optional(T_INT));
    assert_string_equal(element->spelling, "ScalarType");
    assert_true(element->keyword_only);
    assert_int_equal(element->default_value.tag, VALUE_NONE);
    sc = op_schema(op_find("aten::max_pool2d", ""));
    const schema_arg *padding = &sc->args[schema_find_arg(sc, "padding")];
    assert_int_equal(padding->sized, 2);
    assert_int_equal(padding->default_value.tag, VALUE_LIST);
    assert_int_equal(padding->default_value.list->n, 2);
    assert_ptr_equal(padding->type, type_list(T_INT));
}

static void out_and_result_types(void **state)
{
    (void)state;
    const schema *sc = op_schema(op_find("aten::add", "out"));
    assert_true(sc->args[sc->n_args - 1].is_out);
    assert_true(schema_writes(sc));
    sc = op_schema(op_find("aten::max", "dim"));
    assert_false(schema_writes(sc));
    const type *t = schema_result_type(sc);
    assert_int_equal(t->kind, TYPE_NAMED_TUPLE);
    assert_string_equal(t->fields->names[1], "indices");
    assert_ptr_equal(t, schema_result_type(sc));
}

static void aliases_are_normalised(void **state)
{
    (void)state;
    assert_string_equal(op_normalised_name("aten::absolute"), "aten::abs");
    assert_string_equal(op_normalised_name("absolute"), "abs");
    assert_string_equal(op_normalised_name("clip_"), "clamp_");
    assert_string_equal(op_normalised_name("relu"), "relu");
}

static void suggestions_are_near(void **state)
{
    (void)state;
    const char *near[4];
    size_t n = op_suggest("aten::sigmiod", near, 4);
    assert_true(n > 0);
    assert_string_equal(near[0], "aten::sigmoid");
    assert_int_equal(op_suggest("aten::xyzzyplugh", near, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_reads_and_prints_back),
        cmocka_unit_test(shapes_agree_with_schemas),
        cmocka_unit_test(names_and_overloads_are_found),
        cmocka_unit_test(overloads_stand_in_registration_order),
        cmocka_unit_test(schemas_show_the_checkers_types),
        cmocka_unit_test(out_and_result_types),
        cmocka_unit_test(aliases_are_normalised),
        cmocka_unit_test(suggestions_are_near),
    };
    return cmocka_run_group_tests_name("ir/op", tests, NULL, NULL);
}
