/* Losses and distances. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kernels/nn_test.h"

static void losses(void **state)
{
    (void)state;
    CHECK("aten::l1_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-1, 0, 0.5, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-0.5, -0.25, -2.5, 0))), INT(0)),
          RESULT(float32, 0.5, 0.25, 3, 0.5));
    CHECK("aten::mse_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(1, -0.5, 0.25, 1.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0.25, -1, -1, -1.5))), INT(0)),
          RESULT(float32, 0.5625, 0.25, 1.5625, 9));
    CHECK("aten::l1_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-0.75, 0, 0.25, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-2.25, 0.25, -1.25, 2))), INT(1)),
          RESULT(float32, 1.3125));
    CHECK("aten::mse_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(1.75, 0.75, -1.5, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(-1.5, -0.5, 0.5, -1.25))), INT(1)),
          RESULT(float32, 4.171875));
    CHECK("aten::l1_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0, -1.75, 2, 1))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0.5, 0.75, 1.25, 0))), INT(2)),
          RESULT(float32, 4.75));
    CHECK("aten::mse_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(2.25, -1.5, -1, -1.25))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 2), NUMBERS(0.75, 1, 1.5, 0.5))), INT(2)),
          RESULT(float32, 17.8125));
    CHECK("aten::smooth_l1_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(1.75, 1, 1.5, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0, -0.25, 0.25, 1.5))), INT(1),
               FLOAT(0.5)),
          RESULT(float32, 1.3125));
    CHECK("aten::smooth_l1_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0, 0.75, 0.75, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(-0.25, -1.75, -0.5, 2))), INT(0),
               FLOAT(0)),
          RESULT(float32, 0.25, 2.5, 1.25, 2.5));
    CHECK("aten::huber_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(0.75, 0, 1, 1.25))),
               T_(tensor_of(DTYPE_float32, SIZES(4), NUMBERS(1.25, 0.5, -1.25, -1.5))), INT(1),
               FLOAT(0.75)),
          RESULT(float32, 0.859375));
    CHECK(
        "aten::binary_cross_entropy", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                          NUMBERS(0.710738361, 0.70649308, 0.585127175, 0.75089246, 0.677555084,
                                  0.744137883))),
             T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                          NUMBERS(0.0662893057, 0.843585789, 0.196552277, 0.883636892, 0.663438618,
                                  0.40623039))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.062425375, 0.582755327, 0.220670879))),
             INT(1)),
        RESULT(float32, 0.189827964));
    CHECK("aten::binary_cross_entropy", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0, 1))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(1, 1))), NONE, INT(0)),
          RESULT(float32, 100, 0));
    CHECK(
        "aten::binary_cross_entropy_with_logits", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                          NUMBERS(-2.25, 0.75, -1.25, 0.5, -0.5, -0.75))),
             T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                          NUMBERS(0.394650638, 0.971180737, 0.438913643, 0.0790687203, 0.892329574,
                                  0.621658564))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.586779296, 0.585823715, 0.848848164))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.272328138, 0.864408076, 0.980798721))),
             INT(1)),
        RESULT(float32, 0.462858111));
    CHECK(
        "aten::binary_cross_entropy_with_logits", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.75, -0.25, 1))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.517153442, 0.982070804, 0.98506844))),
             NONE, NONE, INT(0)),
        RESULT(float32, 0.749005914, 0.821457148, 0.328193218));
    CHECK(
        "aten::kl_div", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.5, 0.5, 0))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.796891928, 0.450382233, 0.373541951))),
             INT(1), BOOL(false)),
        RESULT(float32, -0.510549247));
    CHECK("aten::kl_div", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(-0.5, -0.25, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 1.5, 0.25))), INT(2), BOOL(true)),
          RESULT(float32, 12.2413845));
    CHECK("aten::soft_margin_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.25, -0.25, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, -1, 1))), INT(1)),
          RESULT(float32, 0.615008652));
    CHECK("aten::margin_ranking_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.5, -1, -0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1.25, 1, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, -1, 1))), FLOAT(0.5), INT(1)),
          RESULT(float32, 0.75));
    CHECK("aten::hinge_embedding_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(-0.75, 1.25, -1))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, -1, 1))), FLOAT(1), INT(0)),
          RESULT(float32, -0.75, 0, -1));
    CHECK("aten::cosine_embedding_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-1.5, -0.5, 0, 1, -0.75, -1))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.5, -0.5, -1.5, -0.5, 1.5, 0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(1, -1))), FLOAT(0.1), INT(0)),
          RESULT(float32, 1.19069254, 0));
    CHECK("aten::triplet_margin_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                            NUMBERS(-2.25, -0.75, -1.5, -0.75, -1.25, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(1.25, -0.5, 0.75, 1, 0.25, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(1, -0.25, 2.25, -1.75, 0.25, -2))),
               FLOAT(1), FLOAT(2), FLOAT(1e-06), BOOL(true), INT(0)),
          RESULT(float32, 3.62722921, 0.0166473389));
    CHECK("aten::poisson_nll_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(-2, 1.5, 0.75))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0, 1, 3))), BOOL(true), BOOL(true),
               FLOAT(1e-08), INT(1)),
          RESULT(float32, 1.58270204));
    CHECK(
        "aten::poisson_nll_loss", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0.150928676, 0.288411021, 0.720752656))),
             T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(0, 1, 3))), BOOL(false), BOOL(false),
             FLOAT(1e-08), INT(0)),
        RESULT(float32, 0.150928676, 1.53177965, 1.70313048));
    CHECK("aten::nll_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 1.5, -0.5, 0.25, -1.75, 1.25))),
               T_(tensor_of(DTYPE_int64, SIZES(2), NUMBERS(2, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(1), INT(0)),
          RESULT(float32, 0.5));
    CHECK("aten::nll_loss_nd", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(2, 3, 2),
                   NUMBERS(-0.75, 0.5, 0.5, 1.5, -0.5, -0.75, -0.25, 0, -0.5, 0, -0.75, -0.25))),
               T_(tensor_of(DTYPE_int64, SIZES(2, 2), NUMBERS(0, 1, 2, 1))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(0), INT(-100)),
          RESULT(float32, 0.75, -3, 0.375, 0));
    CHECK("aten::nll_loss_nd", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1.25, 1, -0.75))),
               T_(tensor_of(DTYPE_int64, 0, NULL, NUMBERS(1))), NONE, INT(1), INT(-100)),
          RESULT(float32, -1));
    CHECK("aten::nll_loss2d", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 2, 1, 2), NUMBERS(0.5, -0.5, 0.75, 0.5))),
               T_(tensor_of(DTYPE_int64, SIZES(1, 1, 2), NUMBERS(0, 1))), NONE, INT(2), INT(-100)),
          RESULT(float32, -1));
    CHECK("aten::cross_entropy_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-1.5, 0, 0.25, 0, -1.5, 0.25))),
               T_(tensor_of(DTYPE_int64, SIZES(2), NUMBERS(2, 0))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(1), INT(-100),
               FLOAT(0.1)),
          RESULT(float32, 0.989657104));
    CHECK("aten::cross_entropy_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 0.5, -2, 0, -0.75, 0.5))),
               T_(tensor_of(DTYPE_int64, SIZES(2), NUMBERS(2, 0))), NONE, INT(0), INT(0),
               FLOAT(0.2)),
          RESULT(float32, 2.72390914, 0));
    CHECK("aten::cross_entropy_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 0.25, 0.25, 0.5, 0.25, 0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                            NUMBERS(0.614205658, 0.986401379, 0.520468354, 0.376822948, 0.971053302,
                                    0.869119287))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(1), INT(-100),
               FLOAT(0.1)),
          RESULT(float32, 2.99514627));
    CHECK("aten::cross_entropy_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(-0.25, -0.5, -0.5))),
               T_(tensor_of(DTYPE_int64, 0, NULL, NUMBERS(2))), NONE, INT(1), INT(-100), FLOAT(0)),
          RESULT(float32, 1.18906987));
    CHECK("aten::cross_entropy_loss", "",
          ARGS(T_(tensor_of(
                   DTYPE_float32, SIZES(2, 3, 2),
                   NUMBERS(0.5, 0.25, 1, 0, -1, -0.25, 1.75, -1.25, 0.75, 0.25, -1.25, -1.75))),
               T_(tensor_of(DTYPE_int64, SIZES(2, 2), NUMBERS(0, 1, 2, 1))),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(2), INT(-100),
               FLOAT(0.1)),
          RESULT(float32, 5.54039288));
    CHECK("aten::multi_margin_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                            NUMBERS(-2.25, -1.5, 1.5, -0.5, -0.75, 0.25))),
               T_(tensor_of(DTYPE_int64, SIZES(2), NUMBERS(2, 0))), INT(2), FLOAT(1),
               T_(tensor_of(DTYPE_float32, SIZES(3), NUMBERS(1, 2, 0.5))), INT(1)),
          RESULT(float32, 0.604166687));
    CHECK("aten::multilabel_margin_loss", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(1, 4), NUMBERS(1, 1.25, 0, 1.75))),
               T_(tensor_of(DTYPE_int64, SIZES(1, 4), NUMBERS(3, 0, -1, 1))), INT(1)),
          RESULT(float32, 0.4375));
    EXPECT_FAILURE(
        "Target 5 is out of bounds.", "aten::nll_loss_nd", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-1, -0.25, 0.5, 0.5, -0.25, 2.5))),
        T_(tensor_of(DTYPE_int64, SIZES(2), NUMBERS(0, 5))), NONE, INT(1), INT(-100));
    EXPECT_FAILURE(
        "Expected input batch_size (2) to match target batch_size (3).", "aten::nll_loss_nd", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.75, 1.25, -0.25, -0.75, -1.5, -0.25))),
        T_(tensor_of(DTYPE_int64, SIZES(3), NUMBERS(0, 1, 1))), NONE, INT(1), INT(-100));
    EXPECT_FAILURE("\"mse_cpu\" not implemented for 'Long'", "aten::mse_loss", "",
                   T_(tensor_of(DTYPE_int64, SIZES(1), NUMBERS(1))),
                   T_(tensor_of(DTYPE_int64, SIZES(1), NUMBERS(2))), INT(1));
    EXPECT_FAILURE("all elements of input should be between 0 and 1", "aten::binary_cross_entropy",
                   "", T_(tensor_of(DTYPE_float32, SIZES(1), NUMBERS(2))),
                   T_(tensor_of(DTYPE_float32, SIZES(1), NUMBERS(1))), NONE, INT(1));
    EXPECT_FAILURE(
        "expected scalar type Long but found Float", "aten::cross_entropy_loss", "",
        T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-0.25, -1, -0.75, -1.25, -1.25, 0.25))),
        T_(tensor_of(DTYPE_float32, SIZES(2), NUMBERS(0, 1))), NONE, INT(1), INT(-100), FLOAT(0));
}

static void distances(void **state)
{
    (void)state;
    CHECK("aten::pairwise_distance", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 1.5, 0.25, -0.25, -2, -1))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                            NUMBERS(0.25, 0.25, -0.75, -0.75, 1.25, 1.5))),
               FLOAT(1), FLOAT(1e-06), BOOL(true)),
          RESULT(float32, 2.50000095, 6.24999905));
    CHECK("aten::cosine_similarity", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.75, 1, 2, -0.25, -0.5, -1))),
               T_(tensor_of(DTYPE_float32, SIZES(1, 3), NUMBERS(-0.5, -0.75, 1))), INT(1),
               FLOAT(1e-08)),
          RESULT(float32, 0.275571316, -0.324176311));
    CHECK(
        "aten::cdist", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, -1.25, 0.5, 0.25, -0.25, -2.25))),
             T_(tensor_of(DTYPE_float32, SIZES(3, 3),
                          NUMBERS(-1.75, 0.25, -0.5, -0.5, 0, -0.75, -1.75, -0.25, -0.75))),
             FLOAT(0), NONE),
        RESULT(float32, 3, 3, 3, 3, 3, 2));
    CHECK("aten::cdist", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3),
                            NUMBERS(-0.5, -1.25, -0.25, 0.25, -0.5, -0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(3, 3),
                            NUMBERS(0.75, 0, 0, 1.25, -3.25, -0.5, 1, 0.25, -0.25))),
               FLOAT(1), NONE),
          RESULT(float32, 2.75, 4, 3, 1.25, 4, 1.5));
    CHECK(
        "aten::cdist", "",
        ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, -0.75, -0.75, -0.5, -0.5, 0.25))),
             T_(tensor_of(DTYPE_float32, SIZES(3, 3),
                          NUMBERS(-1.25, 0.75, -0.25, 0.5, 0.75, 0, 0.25, 0, 2.25))),
             FLOAT(2), NONE),
        RESULT(float32, 2.01556444, 1.75, 3.10241842, 1.54110348, 1.62018514, 2.19374108));
    CHECK("aten::cdist", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(-1, 0.75, -1.5, 0.25, 0.5, -1.75))),
               T_(tensor_of(DTYPE_float32, SIZES(3, 3),
                            NUMBERS(-0.25, 0.75, -1, 0.25, 1.5, 0.25, -1.25, 0.75, 2.25))),
               FLOAT(3), NONE),
          RESULT(float32, 0.817766607, 1.977615, 3.75037026, 0.825481832, 2.08008385, 4.06942606));
    CHECK("aten::cdist", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.25, -1, 0.75, -0.25, -1, 0.5))),
               T_(tensor_of(DTYPE_float32, SIZES(3, 3),
                            NUMBERS(0.5, -1.25, -0.25, 1.5, 0.75, -0.5, -1.25, -0.25, 0.75))),
               FLOAT(INFINITY), NONE),
          RESULT(float32, 1, 1.75, 1.5, 0.75, 1.75, 1));
    CHECK("aten::cdist", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(2, 1, 3), NUMBERS(-1.5, -1, 0, 0, -0.75, 0.25))),
               T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0.75, 1, 0, 0.75, -1, 0.75))),
               FLOAT(2), NONE),
          RESULT(float32, 3.01039863, 2.37170815, 1.92028642, 0.935414374));
    CHECK("aten::pdist", "",
          ARGS(T_(tensor_of(DTYPE_float32, SIZES(3, 2),
                            NUMBERS(0.75, -0.5, -0.25, -1, -0.25, -0.75))),
               FLOAT(2)),
          RESULT(float32, 1.11803401, 1.03077638, 0.25));
    EXPECT_FAILURE("X1 and X2 must have the same number of columns. X1: 3 X2: 4", "aten::cdist", "",
                   T_(tensor_of(DTYPE_float32, SIZES(2, 3), NUMBERS(0, 0, 1, -0.75, 0.25, 0))),
                   T_(tensor_of(DTYPE_float32, SIZES(2, 4),
                                NUMBERS(1.25, 0.25, 0, 1, -1, -1.25, 0.25, -0.25))),
                   FLOAT(2), NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses),
        cmocka_unit_test(distances),
    };
    return cmocka_run_group_tests_name("kernels/losses", tests, NULL, NULL);
}
