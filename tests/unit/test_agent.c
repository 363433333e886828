// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The agent: exact masks, a right gradient, repeatable states, and learning on a made-up landscape.
#include "agent/agent.h"
#include "agent/critic.h"
#include "agent/front.h"
#include "agent/policy.h"
#include "agent/reward.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `n` slots of different size with options w{2,4,8} x a{4,8}; flash may be `share` of what all-w8 takes. */
static struct space *make_space(int n, double share)
{
    struct space *s = calloc(1, sizeof *s);
    s->n_slots = n;
    for (int w = 2; w <= 8; w *= 2)
        for (int a = 4; a <= 8; a *= 2)
            s->options[s->n_options++] = (struct setting){(uint8_t)w, (uint8_t)a, SCHEME_UNIFORM};
    int64_t full = s->flash_fixed_bytes = 1000;
    for (int i = 0; i < n; i++) {
        int64_t parameters = 400 * (1 + i * 7 % 5);
        s->slots[i] = (struct space_slot){.allowed = 63, .macs = 1e5, .parameters = (double)parameters};
        for (int o = 0; o < s->n_options; o++) {
            s->slots[i].flash_bytes[o] = parameters * s->options[o].w_bits / 8;
            s->slots[i].sensitivity[o] = pow(2, -2.0 * s->options[o].w_bits) + pow(2, -2.0 * s->options[o].a_bits);
        }
        full += parameters;
    }
    s->flash_budget_bytes = (int64_t)(share * (double)full);
    s->ram_budget_bytes = INT64_MAX;
    return s;
}

static void add_step(struct space *s, int64_t fixed, int slot0, int64_t bytes0, int slot1, int64_t bytes1)
{
    s->steps[s->n_steps++] = (struct space_step){fixed, 2, {(uint16_t)slot0, (uint16_t)slot1}, {bytes0, bytes1}};
}

static bool next_choices(uint8_t *choices, int n, int n_options)
{
    for (int i = n - 1; i >= 0; i--) {
        if (++choices[i] < n_options)
            return true;
        choices[i] = 0;
    }
    return false;
}

static bool masks_allow(const struct space *s, const uint8_t *choices)
{
    for (int i = 0; i < s->n_slots; i++)
        if (!(space_mask(s, choices, i) >> choices[i] & 1))
            return false;
    return true;
}

START_TEST(masks_allow_exactly_what_fits_both_budgets)
{
    struct space *s = make_space(4, 0.55);
    add_step(s, 100, 0, 800, 1, 600);
    add_step(s, 100, 2, 900, 3, 900);
    s->ram_budget_bytes = 1500;
    ck_assert_int_eq(space_check(s, NULL), 0);
    uint8_t choices[4] = {0};
    int fitting = 0, all = 0;
    do {
        bool fits = space_flash_bytes(s, choices) <= s->flash_budget_bytes && space_ram_bytes(s, choices) <= s->ram_budget_bytes;
        ck_assert_int_eq(masks_allow(s, choices), fits);
        fitting += fits;
        all++;
    } while (next_choices(choices, 4, s->n_options));
    ck_assert_int_eq(all, 1296);
    ck_assert_int_gt(fitting, 50);
    ck_assert_int_lt(fitting, 1000);
    free(s);
}
END_TEST

START_TEST(a_space_that_fits_nothing_says_by_how_much)
{
    struct space *s = make_space(3, 0.1);
    struct error e;
    ck_assert_int_eq(space_check(s, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "bytes of flash, the budget is"));
    s->flash_budget_bytes = INT64_MAX;
    add_step(s, 100, 0, 800, 1, 600);
    s->ram_budget_bytes = 700;
    ck_assert_int_eq(space_check(s, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "800 bytes of RAM, the budget is 700"));
    free(s);
}
END_TEST

START_TEST(choices_and_candidates_are_two_ways_to_say_the_same)
{
    struct space *s = make_space(3, 1);
    s->slots[1].allowed = 1 << 4;
    const uint8_t choices[] = {0, 4, 5};
    uint8_t back[3];
    struct candidate c;
    char text[64];
    struct error e;
    space_candidate(s, choices, &c);
    candidate_format(&c, text, sizeof text);
    ck_assert_str_eq(text, "w2a4 w8a4 w8a8");
    ck_assert_int_eq(space_choices(s, &c, back, &e), 0);
    ck_assert_mem_eq(back, choices, 3);
    c.layers[1].a_bits = 8;
    ck_assert_int_eq(space_choices(s, &c, back, &e), -1);
    ck_assert_str_eq(e.text, "slot 1 does not allow w8a8");
    free(s);
}
END_TEST

/* What policy_gradient differentiates, with the choices before each slot held fixed. */
static double objective(const struct policy *p, const uint8_t *choices, double weight, double entropy)
{
    double q[SPACE_OPTIONS_MAX], sum = weight * policy_log_probability(p, choices);
    for (int i = 0; i < p->space->n_slots; i++) {
        policy_distribution(p, choices, i, q);
        for (int o = 0; o < p->space->n_options; o++)
            if (q[o] > 0)
                sum -= entropy * q[o] * log(q[o]);
    }
    return sum;
}

START_TEST(the_gradient_is_that_of_finite_differences)
{
    struct space *s = make_space(5, 0.5);
    struct policy p;
    struct rng r;
    uint8_t choices[5];
    rng_seed(&r, 3, 1);
    ck_assert_int_eq(policy_init(&p, s), 0);
    for (int i = 0; i < p.n; i++)
        p.parameters[i] += 0.5 * rng_normal(&r);
    policy_see(&p);
    double *gradient = calloc((size_t)p.n_gradient, sizeof *gradient);
    struct policy_step steps[5];
    for (int round = 0; round < 10; round++) {
        ck_assert_int_eq(policy_sample(&p, &r, choices, steps), 0);
        memset(gradient, 0, (size_t)p.n_gradient * sizeof *gradient);
        policy_gradient(&p, choices, round % 2 ? steps : NULL, 1.7, 0.3, gradient);
        policy_settle(&p, gradient);
        for (int i = 0; i < p.n; i++) {
            double at = p.parameters[i], h = 1e-5;
            p.parameters[i] = at + h;
            policy_see(&p);
            double up = objective(&p, choices, 1.7, 0.3);
            p.parameters[i] = at - h;
            policy_see(&p);
            double down = objective(&p, choices, 1.7, 0.3);
            p.parameters[i] = at;
            policy_see(&p);
            ck_assert_double_eq_tol(gradient[i], (up - down) / (2 * h), 1e-6);
        }
    }
    free(gradient);
    policy_finish(&p);
    free(s);
}
END_TEST

START_TEST(features_mean_the_same_in_every_network)
{
    struct space *s = make_space(3, 1);
    struct features f;
    const struct costs_layer layers[] = {{0, -1, 1, 1}, {1, 0, 1, 2}, {2, 1, 1, 3}, {2, 2, 1, 4}};
    struct costs costs;
    uint8_t int8[3] = {5, 5, 5}, narrow[3] = {1, 5, 5};
    s->slots[2].allowed = 62; // not the first option
    s->slots[1].geometry = (struct space_geometry){.taps = 9, .stride = 2, .inputs = 16, .outputs = 256, .pixels = 64, .depthwise = true};
    ck_assert_int_eq(features_init(&f, s), 0);
    const double *x = features_of(&f, 1, 0); // w2a4
    ck_assert_double_eq_tol(x[FEATURE_INPUTS], 0.5, 1e-9);
    ck_assert_double_eq_tol(x[FEATURE_OUTPUTS], 1, 1e-9);
    ck_assert_double_eq_tol(x[FEATURE_PIXELS], 0.5, 1e-9);
    ck_assert_double_eq(x[FEATURE_STRIDE] + x[FEATURE_DEPTHWISE], 2);
    ck_assert_double_eq(x[FEATURE_POSITION] + x[FEATURE_FIRST] + x[FEATURE_LAST], 0);
    ck_assert_double_eq_tol(x[FEATURE_WEIGHT_BITS], 0.25, 1e-9);
    ck_assert_double_eq_tol(x[FEATURE_ACTIVATION_BITS], 0.5, 1e-9);
    ck_assert_double_eq_tol(x[FEATURE_FLASH], 0.25, 1e-9);
    ck_assert_double_gt(x[FEATURE_DAMAGE], features_of(&f, 1, 5)[FEATURE_DAMAGE]);
    ck_assert(features_of(&f, 0, 0)[FEATURE_FIRST] > 0 && features_of(&f, 2, 0)[FEATURE_LAST] > 0);
    ck_assert_double_eq(features_of(&f, 2, 0)[FEATURE_PARAMETERS], features_of(&f, 2, 5)[FEATURE_PARAMETERS]); // of a slot, whatever it allows
    ck_assert_double_ne(features_of(&f, 2, 0)[FEATURE_PARAMETERS], 0);
    ck_assert_double_eq(features_of(&f, 2, 0)[FEATURE_DAMAGE], 0);
    ck_assert_double_eq_tol(x[FEATURE_LATENCY], 0, 1e-9); // the same multiplications everywhere
    ck_assert_int_eq(costs_init(&costs, s, layers, 4), 0);
    costs_tell(&costs, int8, (const int64_t[]){100, 200, 300, 400}, 1000, 0);
    costs_tell(&costs, narrow, (const int64_t[]){50, 200, 300, 400}, 950, 0);
    features_see(&f, &costs);
    ck_assert_double_eq_tol(x[FEATURE_LATENCY], log10(0.2 * 3), 1e-3); // a fifth of int8's cycles
    ck_assert_double_eq_tol(features_of(&f, 2, 0)[FEATURE_LATENCY], log10(0.7 * 3), 1e-3);
    ck_assert_double_eq_tol(features_of(&f, 0, 1)[FEATURE_CYCLES], log(0.5), 1e-3);
    costs_finish(&costs);
    features_finish(&f);
    free(s);
}
END_TEST

START_TEST(the_policy_samples_what_its_probabilities_say)
{
    struct space *s = make_space(2, 0.6);
    struct policy p;
    struct rng r;
    rng_seed(&r, 5, 1);
    ck_assert_int_eq(policy_init(&p, s), 0);
    int count[36] = {0}, n = 20000;
    uint8_t choices[2];
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(policy_sample(&p, &r, choices, NULL), 0);
        count[choices[0] * 6 + choices[1]]++;
    }
    double sum = 0;
    for (int i = 0; i < 36; i++) {
        choices[0] = (uint8_t)(i / 6);
        choices[1] = (uint8_t)(i % 6);
        double q = exp(policy_log_probability(&p, choices));
        sum += q;
        ck_assert_double_eq_tol(count[i] / (double)n, q, 4 * sqrt(q * (1 - q) / n) + 1e-9);
    }
    ck_assert_double_eq_tol(sum, 1, 1e-9);
    policy_finish(&p);
    free(s);
}
END_TEST

/* Accuracy-like: every slot loses with fewer bits, a few of them a lot, and two of them together more than alone. */
static double landscape(const struct space *s, const uint8_t *choices)
{
    double loss = 0;
    for (int i = 0; i < s->n_slots; i++)
        loss += (i % 3 == 0 ? 30 : 3) * pow(2, -1.0 * s->options[choices[i]].w_bits) +
                (i % 4 == 1 ? 40 : 4) * pow(2, -1.0 * s->options[choices[i]].a_bits);
    return -loss - (choices[0] < 2 && choices[1] < 2 ? 5 : 0);
}

START_TEST(the_critic_predicts_an_additive_landscape_and_leaves_out_honestly)
{
    struct space *s = make_space(6, 1);
    struct critic c;
    struct rng r;
    static uint8_t choices[80][6];
    const uint8_t *rows[80];
    double targets[80];
    rng_seed(&r, 11, 1);
    ck_assert_int_eq(critic_init(&c, s), 0);
    for (int i = 0; i < 80; i++) {
        for (int k = 0; k < 6; k++)
            choices[i][k] = (uint8_t)rng_below(&r, 6);
        rows[i] = choices[i];
        targets[i] = landscape(s, choices[i]) / 15 + 1.5;
    }
    critic_fit(&c, rows, targets, 60);
    double error = 0, variance = 0;
    for (int i = 60; i < 80; i++) {
        error += pow(critic_predict(&c, rows[i], NULL) - targets[i], 2);
        variance += pow(targets[i], 2);
    }
    ck_assert_double_lt(error, 0.25 * variance);
    double without = critic_predict_without(&c, 59);
    critic_fit(&c, rows, targets, 59);
    ck_assert_double_eq_tol(critic_predict(&c, rows[59], NULL), without, 0.05); // z is standardized over one result less
    critic_finish(&c);
    free(s);
}
END_TEST

static double mean_reward(struct agent *a, const struct space *s, int n)
{
    uint8_t choices[SPACE_SLOTS_MAX];
    double sum = 0;
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(agent_propose(a, choices, NULL), 0);
        ck_assert_int_le(space_flash_bytes(s, choices), s->flash_budget_bytes);
        double reward = landscape(s, choices);
        sum += reward;
        ck_assert_int_eq(agent_result(a, choices, AGENT_MEASURED, reward, NULL), 0);
    }
    return sum / n;
}

START_TEST(the_agent_learns_where_a_frozen_one_does_not)
{
    struct space *s = make_space(10, 0.6);
    double gain[2] = {0}, last[2] = {0};
    for (int seed = 0; seed < 10; seed++)
        for (int frozen = 0; frozen < 2; frozen++) {
            struct agent_config config = {.algorithm = frozen ? AGENT_FROZEN : AGENT_POLICY, .seed = (uint64_t)seed};
            struct agent *a = agent_create(s, &config, NULL);
            double first = mean_reward(a, s, 20);
            mean_reward(a, s, 20);
            double end = mean_reward(a, s, 20);
            gain[frozen] += (end - first) / 10;
            last[frozen] += end / 10;
            agent_destroy(a);
        }
    ck_assert_double_gt(gain[0], 1); // it begins with good demonstrations
    ck_assert_double_gt(last[0] - last[1], 4);
    ck_assert_double_lt(fabs(gain[1]), 2);
    free(s);
}
END_TEST

START_TEST(a_saved_agent_goes_on_bit_for_bit)
{
    struct space *s = make_space(8, 0.6);
    struct agent_config config = {.seed = 7};
    struct agent *a = agent_create(s, &config, NULL), *b = agent_create(s, &config, NULL);
    static char state[AGENT_STATE_MAX], other[AGENT_STATE_MAX];
    mean_reward(a, s, 33);
    long size = agent_save(a, state, sizeof state);
    ck_assert_int_gt(size, 0);
    ck_assert_int_eq(agent_load(b, state, (size_t)size, NULL), 0);
    ck_assert_double_eq(mean_reward(a, s, 40), mean_reward(b, s, 40));
    size = agent_save(a, state, sizeof state);
    ck_assert_int_eq(agent_save(b, other, sizeof other), size);
    ck_assert_mem_eq(state, other, (size_t)size);
    agent_destroy(a);
    agent_destroy(b);
    free(s);
}
END_TEST

START_TEST(a_damaged_state_is_refused_and_changes_nothing)
{
    struct space *s = make_space(4, 0.6), *wider = make_space(5, 0.6);
    struct agent_config config = {.seed = 7};
    struct agent *a = agent_create(s, &config, NULL), *other = agent_create(wider, &config, NULL);
    static char state[AGENT_STATE_MAX], bad[AGENT_STATE_MAX], after[AGENT_STATE_MAX];
    mean_reward(a, s, 12);
    long size = agent_save(a, state, sizeof state);
    struct error e;
    ck_assert_int_eq(agent_load(other, state, (size_t)size, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "another search space"));
    for (long cut = 0; cut < size; cut += 7)
        ck_assert_int_eq(agent_load(a, state, (size_t)cut, NULL), -1);
    memcpy(bad, state, (size_t)size);
    memset(bad + size - 2, 0xff, 2); // the order of results names a trial that does not exist
    ck_assert_int_eq(agent_load(a, bad, (size_t)size, NULL), -1);
    ck_assert_int_eq(agent_save(a, after, sizeof after), size);
    ck_assert_mem_eq(after, state, (size_t)size);
    agent_destroy(a);
    agent_destroy(other);
    free(s);
    free(wider);
}
END_TEST

START_TEST(a_small_space_is_proposed_once_each_and_then_done)
{
    struct space *s = make_space(2, 1);
    struct agent_config config = {.seed = 1};
    struct agent *a = agent_create(s, &config, NULL);
    bool seen[36] = {false};
    uint8_t choices[2];
    int n = 0;
    while (agent_propose(a, choices, NULL) == 0) {
        ck_assert(!seen[choices[0] * 6 + choices[1]]);
        seen[choices[0] * 6 + choices[1]] = true;
        enum agent_outcome outcome = n % 5 == 3 ? AGENT_INFEASIBLE : n % 5 == 4 ? AGENT_GIVEN_UP : AGENT_MEASURED;
        ck_assert_int_eq(agent_result(a, choices, outcome, landscape(s, choices), NULL), 0);
        n++;
    }
    ck_assert_int_eq(n, 36);
    ck_assert_int_eq(agent_results(a), 36);
    ck_assert_int_gt(agent_updates(a), 3);
    ck_assert_int_eq(agent_result(a, choices, AGENT_MEASURED, 0, NULL), -1);
    agent_destroy(a);
    free(s);
}
END_TEST

START_TEST(probabilities_sharpen_as_the_agent_learns)
{
    struct space *s = make_space(6, 0.7);
    struct agent_config config = {.seed = 2};
    struct agent *a = agent_create(s, &config, NULL);
    double before = agent_entropy_bits(a), q[36];
    mean_reward(a, s, 80);
    ck_assert_double_lt(agent_entropy_bits(a), before);
    agent_probabilities(a, q);
    for (int i = 0; i < 6; i++) {
        double sum = 0;
        for (int o = 0; o < 6; o++)
            sum += q[i * 6 + o];
        ck_assert_double_eq_tol(sum, 1, 1e-9);
    }
    agent_destroy(a);
    free(s);
}
END_TEST

START_TEST(rewards_follow_from_integers)
{
    struct reward_figures int8 = {.correct = 950, .total = 1000, .flash_bytes = 4000, .latency_cycles = 1000};
    struct reward_figures f = {.correct = 940, .total = 1000, .flash_bytes = 1000, .latency_cycles = 2000};
    struct reward_weights w = {.flash = 0.5, .latency = 0.25};
    ck_assert_double_eq_tol(reward_of(&f, &int8, &w), -1 + 0.5 * 2 - 0.25, 1e-12);
    ck_assert_double_eq_tol(reward_of(&int8, &int8, &w), 0, 1e-12);
}
END_TEST

START_TEST(the_front_is_what_nothing_beats)
{
    const double points[] = {1, 5, 2, 2, 2, 3, 5, 1, 2, 2, 6, 6};
    bool on[6];
    front_mark(points, 6, 2, on);
    const bool expected[] = {true, true, false, true, false, false};
    ck_assert_mem_eq(on, expected, sizeof on);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent");
    TCase *t = suite_case(suite, "agent", NULL, NULL);
    tcase_add_test(t, masks_allow_exactly_what_fits_both_budgets);
    tcase_add_test(t, a_space_that_fits_nothing_says_by_how_much);
    tcase_add_test(t, choices_and_candidates_are_two_ways_to_say_the_same);
    tcase_add_test(t, the_gradient_is_that_of_finite_differences);
    tcase_add_test(t, features_mean_the_same_in_every_network);
    tcase_add_test(t, the_policy_samples_what_its_probabilities_say);
    tcase_add_test(t, the_critic_predicts_an_additive_landscape_and_leaves_out_honestly);
    tcase_add_test(t, the_agent_learns_where_a_frozen_one_does_not);
    tcase_add_test(t, a_saved_agent_goes_on_bit_for_bit);
    tcase_add_test(t, a_damaged_state_is_refused_and_changes_nothing);
    tcase_add_test(t, a_small_space_is_proposed_once_each_and_then_done);
    tcase_add_test(t, probabilities_sharpen_as_the_agent_learns);
    tcase_add_test(t, rewards_follow_from_integers);
    tcase_add_test(t, the_front_is_what_nothing_beats);
    return suite_run(suite);
}
