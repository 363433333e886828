// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// An agent that begins with what others learned: results of the same network, and the policy of other networks.
#include "agent/agent.h"
#include "base/rng.h"
#include "tests/suite.h"
#include "tests/unit/plain_problem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Another network of the same kind: more slots, of other sizes, and no budget. Its agent's state after 40 results. */
static long learn_elsewhere(char *state)
{
    struct space *s = malloc(sizeof *s);
    uint8_t choices[SPACE_SLOTS_MAX];
    plain_space(s, 9);
    for (int i = 0; i < s->n_slots; i++)
        for (int o = 0; o < s->n_options; o++)
            s->slots[i].flash_bytes[o] *= 1 + i % 3;
    s->flash_budget_bytes *= 2;
    struct agent_config config = {.seed = 77};
    struct agent *a = agent_create(s, &config, NULL);
    for (int n = 0; n < 40 && agent_propose(a, choices, NULL) == 0; n++)
        ck_assert_int_eq(agent_result(a, choices, AGENT_MEASURED, plain_accuracy(s, choices), NULL), 0);
    long size = agent_save(a, state, AGENT_STATE_MAX);
    agent_destroy(a);
    free(s);
    return size;
}

/* As `search`, with `n_imported` random results of the same network before, and what was learned elsewhere. */
static int search_warm(const struct space *s, uint64_t seed, double goal, int n_imported, const double *prior)
{
    struct agent_config config = {.seed = seed, .prior = prior}, any = {.algorithm = AGENT_RANDOM, .seed = seed + 1000};
    struct agent *a = agent_create(s, &config, NULL), *other = agent_create(s, &any, NULL);
    uint8_t choices[SPACE_SLOTS_MAX];
    int n = 0;
    double best = -INFINITY;
    for (int i = 0; i < n_imported; i++) {
        ck_assert_int_eq(agent_propose(other, choices, NULL), 0);
        ck_assert_int_eq(agent_import(a, choices, plain_accuracy(s, choices), 0, NULL), 0);
    }
    for (; n < 120 && best < goal - 1e-9 && agent_propose(a, choices, NULL) == 0; n++) {
        best = fmax(best, plain_accuracy(s, choices));
        ck_assert_int_eq(agent_result(a, choices, AGENT_MEASURED, plain_accuracy(s, choices), NULL), 0);
    }
    agent_destroy(other);
    agent_destroy(a);
    return n;
}

START_TEST(a_warm_start_saves_measurements)
{
    struct space *s = malloc(sizeof *s);
    char *state = malloc(AGENT_STATE_MAX);
    double prior[AGENT_PRIOR];
    int cold = 0, policy = 0, results = 0;
    plain_space(s, 6);
    double best = plain_best(s);
    long size = learn_elsewhere(state);
    ck_assert_int_eq(agent_prior(state, (size_t)size, prior, NULL), 40);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        cold += search_warm(s, seed, best, 0, NULL);
        policy += search_warm(s, seed, best, 0, prior);
        results += search_warm(s, seed, best, 40, NULL);
    }
    printf("measurements to the optimum, cold: %.1f; with the policy of another network: %.1f; with 40 random results of the same: %.1f\n",
           cold / 20.0, policy / 20.0, results / 20.0);
    ck_assert_int_lt(results, cold);
    ck_assert_int_lt(policy, 2 * cold); // it cannot spoil much
    free(state);
    free(s);
}
END_TEST

/* A network whose depthwise layers suffer far more from narrow weights than the sensitivities say, `n` slots in an order drawn by `seed`. */
static void kinds_space(struct space *s, int n, uint64_t seed)
{
    struct rng r;
    rng_seed(&r, seed, 2);
    plain_space(s, n);
    for (int i = 0; i < n; i++) {
        bool depthwise = rng_below(&r, 2);
        s->slots[i].geometry = (struct space_geometry){.taps = depthwise ? 9 : 1, .stride = 1, .inputs = 32, .outputs = 32, .pixels = 64, .depthwise = depthwise};
    }
}

static double kinds_accuracy(const struct space *s, const uint8_t *choices)
{
    double lost = 0;
    for (int i = 0; i < s->n_slots; i++)
        lost += (s->slots[i].geometry.depthwise ? 6 : 0.3) * pow(2, 2 - s->options[choices[i]].w_bits);
    return 90 - lost;
}

/* The mean accuracy of what an agent that begins with `prior` first samples, before any result. */
static double first_samples(const struct space *s, const double *prior)
{
    double sum = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct agent_config config = {.algorithm = AGENT_FROZEN, .seed = seed, .prior = prior};
        struct agent *a = agent_create(s, &config, NULL);
        uint8_t choices[SPACE_SLOTS_MAX];
        ck_assert_int_eq(agent_propose(a, choices, NULL), 0);
        sum += kinds_accuracy(s, choices) / 100;
        agent_destroy(a);
    }
    return sum;
}

/* 60 results of one such network, begun with `prior`, which becomes what was learned. */
static void learn_kinds(int n, uint64_t seed, double *prior, bool first)
{
    static char state[AGENT_STATE_MAX];
    struct space *s = malloc(sizeof *s);
    struct agent_config config = {.seed = seed, .prior = first ? NULL : prior};
    uint8_t choices[SPACE_SLOTS_MAX];
    kinds_space(s, n, seed);
    struct agent *a = agent_create(s, &config, NULL);
    for (int i = 0; i < 60 && agent_propose(a, choices, NULL) == 0; i++)
        ck_assert_int_eq(agent_result(a, choices, AGENT_MEASURED, kinds_accuracy(s, choices), NULL), 0);
    ck_assert_int_gt(agent_prior(state, (size_t)agent_save(a, state, sizeof state), prior, NULL), 50);
    agent_destroy(a);
    free(s);
}

START_TEST(what_a_kind_of_layer_needs_is_learned_for_other_networks)
{
    struct space *s = malloc(sizeof *s);
    double prior[AGENT_PRIOR], cold = 0, warm = 0;
    learn_kinds(8, 101, prior, true);
    learn_kinds(10, 102, prior, false);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        kinds_space(s, 12, seed);
        cold += first_samples(s, NULL) / 5;
        warm += first_samples(s, prior) / 5;
    }
    printf("mean accuracy of the first samples in five networks: %.2f, with the policy of two others %.2f\n", cold, warm);
    ck_assert_double_gt(warm, cold + 1);
    free(s);
}
END_TEST

START_TEST(what_is_imported_is_no_answer_and_goes_on_bit_for_bit)
{
    struct space *s = malloc(sizeof *s);
    char *first = malloc(AGENT_STATE_MAX), *second = malloc(AGENT_STATE_MAX);
    struct agent_config config = {.seed = 5};
    uint8_t best[SPACE_SLOTS_MAX] = {0}, choices[SPACE_SLOTS_MAX] = {0};
    plain_space(s, 4);
    struct agent *a = agent_create(s, &config, NULL), *b = agent_create(s, &config, NULL);
    do
        if (space_fits(s, choices) && plain_accuracy(s, choices) > plain_accuracy(s, best))
            memcpy(best, choices, 4);
    while (plain_count_up(choices, 4, 4));
    do
        if (space_fits(s, choices) && choices[0] == best[0] && choices[1] == best[1])
            ck_assert_int_eq(agent_import(a, choices, plain_accuracy(s, choices), 0, NULL), 0);
    while (plain_count_up(choices, 4, 4));
    bool proposed = false;
    for (int n = 0; n < 6 && !proposed; n++) {
        ck_assert_int_eq(agent_propose(a, choices, NULL), 0);
        proposed = memcmp(choices, best, 4) == 0;
        ck_assert_int_eq(agent_result(a, choices, AGENT_MEASURED, plain_accuracy(s, choices), NULL), 0);
    }
    ck_assert_msg(proposed, "the best that was imported is not measured again");
    long size = agent_save(a, first, AGENT_STATE_MAX);
    ck_assert_int_eq(agent_load(b, first, (size_t)size, NULL), 0);
    for (int n = 0; n < 12; n++) {
        ck_assert_int_eq(agent_propose(a, choices, NULL), 0);
        ck_assert_int_eq(agent_result(a, choices, AGENT_MEASURED, plain_accuracy(s, choices), NULL), 0);
        ck_assert_int_eq(agent_propose(b, choices, NULL), 0);
        ck_assert_int_eq(agent_result(b, choices, AGENT_MEASURED, plain_accuracy(s, choices), NULL), 0);
    }
    size = agent_save(a, first, AGENT_STATE_MAX);
    ck_assert_int_eq(agent_save(b, second, AGENT_STATE_MAX), size);
    ck_assert_mem_eq(first, second, (size_t)size);
    agent_destroy(a);
    agent_destroy(b);
    free(first);
    free(second);
    free(s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("agent_warm");
    TCase *t = suite_case(s, "agent_warm", NULL, NULL);
    tcase_add_test(t, a_warm_start_saves_measurements);
    tcase_add_test(t, what_a_kind_of_layer_needs_is_learned_for_other_networks);
    tcase_add_test(t, what_is_imported_is_no_answer_and_goes_on_bit_for_bit);
    return suite_run(s);
}
