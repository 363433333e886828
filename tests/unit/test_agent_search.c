// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The agent on made-up problems: always within budgets, known optima found, goals reached, wrong sensitivities survived, several boards.
#include "agent/agent.h"
#include "agent/health.h"
#include "agent/knapsack.h"
#include "base/rng.h"
#include "tests/suite.h"
#include "tests/unit/plain_problem.h"

#include <check.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NETWORKS_SHORT 1500

static int networks = NETWORKS_SHORT;

static int between(struct rng *r, int least, int most)
{
    return least + (int)rng_below(r, (uint32_t)(most - least + 1));
}

/* Any network: slots of any size, options allowed at random, residual blocks, budgets anywhere between the smallest and the largest. */
static void random_space(struct rng *r, struct space *s)
{
    static const int widths[] = {2, 3, 4, 6, 8};
    memset(s, 0, sizeof *s);
    s->n_slots = between(r, 1, rng_below(r, 10) ? 12 : 60);
    for (int w = 0; w < 5; w++)
        for (int a = 4; a <= 8; a += 4)
            s->options[s->n_options++] = (struct setting){(uint8_t)widths[w], (uint8_t)a, SCHEME_UNIFORM};
    s->flash_fixed_bytes = between(r, 0, 5000);
    for (int i = 0; i < s->n_slots; i++) {
        struct space_slot *slot = &s->slots[i];
        slot->allowed = 1u + rng_below(r, (1u << s->n_options) - 1);
        slot->parameters = slot->macs = exp(log(10) * (1 + 4 * rng_uniform(r)));
        for (int o = 0; o < s->n_options; o++) {
            slot->flash_bytes[o] = (int64_t)(slot->parameters * s->options[o].w_bits / 8) + between(r, 0, 40);
            slot->sensitivity[o] = pow(4, -s->options[o].w_bits) * exp(rng_normal(r));
        }
    }
    s->n_steps = between(r, 0, s->n_slots);
    for (int i = 0; i < s->n_steps; i++) {
        s->steps[i] = (struct space_step){.fixed_bytes = between(r, 0, 500), .n = between(r, 0, 3)};
        for (int k = 0; k < s->steps[i].n; k++) {
            s->steps[i].slot[k] = (uint16_t)rng_below(r, (uint32_t)s->n_slots);
            s->steps[i].slot_bytes[k] = between(r, 0, 8000);
        }
    }
    int64_t least, most;
    space_flash_rest(s, 0, &least, &most);
    s->flash_budget_bytes = s->flash_fixed_bytes + least + (int64_t)(rng_uniform(r) * (double)(most - least));
    s->ram_budget_bytes = rng_below(r, 4) ? between(r, 500, 20000) : INT64_MAX;
}

/* A few steps of any algorithm and goal; every third result is late by one, one in eight a refusal. Returns how many were proposed. */
static int follow(const struct space *s, struct rng *r, int steps)
{
    struct agent_config config = {.algorithm = (enum agent_algorithm)rng_below(r, AGENT_ALGORITHM_COUNT), .seed = rng_u32(r),
                                  .goal = (enum agent_goal)rng_below(r, AGENT_GOAL_COUNT)};
    if (rng_below(r, 2))
        config.algorithm = AGENT_POLICY;
    struct agent *a = agent_create(s, &config, NULL);
    uint8_t choices[SPACE_SLOTS_MAX], late[SPACE_SLOTS_MAX];
    int n = 0;
    bool is_late = false;
    for (; n < steps && agent_propose(a, choices, NULL) == 0; n++) {
        ck_assert_msg(space_fits(s, choices), "a proposal of %s does not fit", agent_algorithm_name(config.algorithm));
        if (n % 3 == 0 && !is_late) {
            memcpy(late, choices, sizeof late);
            is_late = true;
            continue;
        }
        ck_assert_int_eq(agent_result(a, choices, rng_below(r, 8) ? AGENT_MEASURED : AGENT_INFEASIBLE, rng_normal(r), NULL), 0);
        if (is_late && n % 3 == 2)
            ck_assert_int_eq(agent_result(a, late, AGENT_MEASURED, rng_normal(r), NULL), 0);
        is_late = is_late && n % 3 != 2;
    }
    agent_destroy(a);
    return n;
}

START_TEST(nothing_is_ever_proposed_that_does_not_fit)
{
    struct rng r;
    struct space *s = malloc(sizeof *s);
    long proposals = 0, spaces = 0;
    rng_seed(&r, 2026, 1);
    for (int i = 0; i < networks; i++) {
        random_space(&r, s);
        if (space_check(s, NULL) != 0)
            continue; // the RAM budget is below what the narrowest candidate takes
        spaces++;
        proposals += follow(s, &r, 8);
    }
    printf("%ld proposals for %ld networks and budgets, none that does not fit\n", proposals, spaces);
    ck_assert_int_gt(spaces, networks / 2);
    ck_assert_int_gt(proposals, 3 * spaces);
    free(s);
}
END_TEST

/* Measurements until `goal` is reached, `most` if it is not. */
static int search(const struct space *s, enum agent_algorithm algorithm, uint64_t seed, double goal, int most)
{
    struct agent_config config = {.algorithm = algorithm, .seed = seed};
    struct agent *a = agent_create(s, &config, NULL);
    uint8_t choices[SPACE_SLOTS_MAX];
    int n = 0;
    double best = -INFINITY;
    while (n < most && best < goal - 1e-9 && agent_propose(a, choices, NULL) == 0) {
        double found = plain_accuracy(s, choices);
        ck_assert_int_eq(agent_result(a, choices, AGENT_MEASURED, found, NULL), 0);
        best = fmax(best, found);
        n++;
    }
    agent_destroy(a);
    return best < goal - 1e-9 ? most : n;
}

START_TEST(the_known_optimum_of_4096_is_found_from_20_seeds)
{
    struct space *s = malloc(sizeof *s);
    plain_space(s, 6);
    double best = plain_best(s);
    int sum = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        int n = search(s, AGENT_POLICY, seed, best, 120);
        ck_assert_msg(n < 120, "seed %d does not find the optimum", (int)seed);
        sum += n;
    }
    printf("the optimum of 4096 takes %.1f measurements\n", sum / 20.0);
    free(s);
}
END_TEST

/* What size is worth in points of accuracy. */
static double size_worth(void *user, const uint8_t *choices)
{
    const struct space *s = user;
    return -8 * log2((double)space_flash_bytes(s, choices));
}

/* Measurements until accuracy and size together are within 0.1 of the best, 100 if they never are. */
static int search_with_size(struct space *s, uint64_t seed, bool known)
{
    struct agent_config config = {.seed = seed, .known = known ? size_worth : NULL, .user = s};
    struct agent *a = agent_create(s, &config, NULL);
    uint8_t choices[SPACE_SLOTS_MAX] = {0};
    double best = -INFINITY, found = -INFINITY;
    int n = 0;
    do
        best = fmax(best, plain_accuracy(s, choices) + size_worth(s, choices));
    while (plain_count_up(choices, s->n_slots, s->n_options));
    for (; n < 100 && found < best - 0.1 && agent_propose(a, choices, NULL) == 0; n++) {
        double reward = plain_accuracy(s, choices) + size_worth(s, choices);
        ck_assert_int_eq(agent_result(a, choices, AGENT_MEASURED, reward, NULL), 0);
        found = fmax(found, reward);
    }
    agent_destroy(a);
    return n;
}

START_TEST(what_is_known_of_rewards_saves_measurements)
{
    struct space *s = malloc(sizeof *s);
    int learned = 0, known = 0;
    plain_space(s, 5);
    s->flash_budget_bytes = INT64_MAX;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        learned += search_with_size(s, seed, false);
        known += search_with_size(s, seed, true);
    }
    printf("measurements where the worth of size is learned, known: %.1f %.1f\n", learned / 10.0, known / 10.0);
    ck_assert_int_lt(3 * known, 2 * learned);
    free(s);
}
END_TEST

START_TEST(wrong_sensitivities_cost_little)
{
    struct space *s = malloc(sizeof *s);
    int right = 0, constant = 0, wrong = 0, none = 0;
    plain_space(s, 6);
    double goal = plain_best(s) - 0.1;
    for (uint64_t seed = 1; seed <= 10; seed++)
        right += search(s, AGENT_POLICY, seed, goal, 400);
    for (int i = 0; i < 6; i++)
        for (int o = 0; o < 4; o++)
            s->slots[i].sensitivity[o] = 1e-3;
    for (uint64_t seed = 1; seed <= 10; seed++)
        constant += search(s, AGENT_POLICY, seed, goal, 400);
    for (int i = 0; i < 6; i++)
        for (int o = 0; o < 4; o++)
            s->slots[i].sensitivity[o] = pow(4, -s->options[i % 2 ? 3 - o : (o + i) % 4].w_bits); // upside down or rotated
    for (uint64_t seed = 1; seed <= 10; seed++) {
        wrong += search(s, AGENT_POLICY, seed, goal, 400);
        none += search(s, AGENT_RANDOM, seed, goal, 400);
    }
    printf("measurements with right, constant, wrong sensitivities: %.1f %.1f %.1f; random search: %.1f\n", right / 10.0,
           constant / 10.0, wrong / 10.0, none / 10.0);
    ck_assert_int_lt(constant, 3 * right + 200);
    ck_assert_int_lt(wrong, 3 * right + 200);
    ck_assert_int_lt(3 * wrong, none);
    free(s);
}
END_TEST

START_TEST(the_lowest_cost_above_a_floor_is_found)
{
    struct space *s = malloc(sizeof *s);
    plain_space(s, 5);
    s->flash_budget_bytes = INT64_MAX;
    uint8_t choices[SPACE_SLOTS_MAX] = {0};
    double floor = 87, least = INFINITY;
    do
        if (plain_accuracy(s, choices) >= floor)
            least = fmin(least, (double)space_flash_bytes(s, choices));
    while (plain_count_up(choices, 5, 4));
    for (int measured = 0; measured < 2; measured++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct agent_config config = {.seed = seed, .goal = AGENT_LEAST_COST, .floor = floor,
                                          .cost = measured ? AGENT_COST_LATENCY : AGENT_COST_FLASH};
            struct agent *a = agent_create(s, &config, NULL);
            double found = INFINITY;
            for (int n = 0; n < 100 && agent_propose(a, choices, NULL) == 0; n++) {
                double reward = plain_accuracy(s, choices), cost = (double)space_flash_bytes(s, choices);
                ck_assert_int_eq(agent_result_cost(a, choices, AGENT_MEASURED, reward, measured ? cost : 0, NULL), 0);
                if (reward >= floor)
                    found = fmin(found, cost);
            }
            ck_assert_double_le(found, 1.02 * least);
            agent_destroy(a);
        }
    free(s);
}
END_TEST

/* Of the area between the results so far, the largest cost and no accuracy at all. */
static double area_of(double (*points)[2], int n, double most)
{
    double area = 0, reached = 50;
    for (int done = 0; done < n; done++) { // the cheapest that is left
        int at = -1;
        for (int i = 0; i < n; i++)
            if (points[i][1] > reached && (at < 0 || points[i][0] < points[at][0] ||
                                           (points[i][0] == points[at][0] && points[i][1] > points[at][1])))
                at = i;
        if (at < 0)
            break;
        area += (most - points[at][0]) * (points[at][1] - reached);
        reached = points[at][1];
    }
    return area;
}

START_TEST(the_whole_front_grows_faster_than_by_chance)
{
    struct space *s = malloc(sizeof *s);
    double points[60][2], area[2] = {0};
    plain_space(s, 6);
    s->flash_budget_bytes = INT64_MAX;
    for (int chance = 0; chance < 2; chance++)
        for (uint64_t seed = 1; seed <= 10; seed++) {
            struct agent_config config = {.seed = seed, .goal = AGENT_WHOLE_FRONT, .algorithm = chance ? AGENT_RANDOM : AGENT_POLICY};
            struct agent *a = agent_create(s, &config, NULL);
            uint8_t choices[SPACE_SLOTS_MAX];
            for (int n = 0; n < 60; n++) {
                ck_assert_int_eq(agent_propose(a, choices, NULL), 0);
                points[n][0] = (double)space_flash_bytes(s, choices);
                points[n][1] = plain_accuracy(s, choices);
                ck_assert_int_eq(agent_result(a, choices, AGENT_MEASURED, points[n][1], NULL), 0);
            }
            area[chance] += area_of(points, 60, 8000 * 2);
            agent_destroy(a);
        }
    printf("hypervolume after 60 measurements: %.0f, by chance %.0f\n", area[0] / 10, area[1] / 10);
    ck_assert_double_gt(area[0], 1.05 * area[1]);
    free(s);
}
END_TEST

/* Four boards: results come back in an order of their own. Returns the saved state. */
static long work_with_boards(const struct space *s, int until, char *state, const char *from, long from_size)
{
    struct agent_config config = {.seed = 3};
    struct agent *a = agent_create(s, &config, NULL);
    uint8_t flying[4][SPACE_SLOTS_MAX];
    int n = 0;
    if (from)
        ck_assert_int_eq(agent_load(a, from, (size_t)from_size, NULL), 0);
    else
        for (int b = 0; b < 4; b++)
            ck_assert_int_eq(agent_propose(a, flying[b], NULL), 0);
    for (; !from && n < until; n++) {
        int b = n * 7 % 5 % 4;
        enum agent_outcome outcome = n % 9 == 4 ? AGENT_GIVEN_UP : n % 11 == 5 ? AGENT_INFEASIBLE : AGENT_MEASURED;
        ck_assert_int_eq(agent_result(a, flying[b], outcome, plain_accuracy(s, flying[b]), NULL), 0);
        ck_assert_int_eq(agent_propose(a, flying[b], NULL), 0);
        for (int other = 0; other < 4; other++)
            ck_assert(other == b || memcmp(flying[other], flying[b], (size_t)s->n_slots) != 0);
    }
    long size = agent_save(a, state, AGENT_STATE_MAX);
    agent_destroy(a);
    return size;
}

START_TEST(several_boards_give_the_same_state_for_the_same_order_of_results)
{
    struct space *s = malloc(sizeof *s);
    static char one[AGENT_STATE_MAX], two[AGENT_STATE_MAX], again[AGENT_STATE_MAX];
    plain_space(s, 8);
    long size = work_with_boards(s, 40, one, NULL, 0);
    ck_assert_int_eq(work_with_boards(s, 40, two, NULL, 0), size);
    ck_assert_mem_eq(one, two, (size_t)size);
    ck_assert_int_eq(work_with_boards(s, 0, again, one, size), size);
    ck_assert_mem_eq(one, again, (size_t)size);
    free(s);
}
END_TEST

/* With what is in flight believed, four at once hardly lose against one after the other. */
START_TEST(proposals_in_flight_are_not_made_again_nearby)
{
    struct space *s = malloc(sizeof *s);
    plain_space(s, 6);
    double goal = plain_best(s) - 0.1;
    int alone = 0, together = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        alone += search(s, AGENT_POLICY, seed, goal, 200);
        struct agent_config config = {.seed = seed};
        struct agent *a = agent_create(s, &config, NULL);
        uint8_t flying[4][SPACE_SLOTS_MAX];
        int n = 0;
        for (double best = -INFINITY; n < 200 && best < goal; n += 4) {
            for (int b = 0; b < 4; b++)
                ck_assert_int_eq(agent_propose(a, flying[b], NULL), 0);
            for (int b = 0; b < 4; b++) {
                best = fmax(best, plain_accuracy(s, flying[b]));
                ck_assert_int_eq(agent_result(a, flying[b], AGENT_MEASURED, plain_accuracy(s, flying[b]), NULL), 0);
            }
        }
        together += n;
        agent_destroy(a);
    }
    printf("measurements one after the other %.1f, four at once %.1f\n", alone / 10.0, together / 10.0);
    ck_assert_int_lt(together, 2 * alone + 80);
    free(s);
}
END_TEST

START_TEST(the_knapsack_is_exact)
{
    struct space *s = malloc(sizeof *s);
    struct rng r;
    rng_seed(&r, 9, 9);
    plain_space(s, 5);
    for (int round = 0; round < 20; round++) {
        uint8_t choices[SPACE_SLOTS_MAX] = {0}, found[SPACE_SLOTS_MAX];
        for (int i = 0; i < 5; i++)
            for (int o = 0; o < 4; o++)
                s->slots[i].sensitivity[o] = rng_uniform(&r) * pow(2, -o);
        double least = INFINITY, got = 0;
        do {
            double sum = 0;
            for (int i = 0; i < 5; i++)
                sum += s->slots[i].sensitivity[choices[i]];
            if (space_fits(s, choices))
                least = fmin(least, sum);
        } while (plain_count_up(choices, 5, 4));
        ck_assert_int_eq(knapsack_solve(s, s->flash_budget_bytes, found), 0);
        ck_assert(space_fits(s, found));
        for (int i = 0; i < 5; i++)
            got += s->slots[i].sensitivity[found[i]];
        ck_assert_double_eq_tol(got, least, 1e-12);
    }
    ck_assert_int_eq(knapsack_solve(s, 100, (uint8_t[SPACE_SLOTS_MAX]){0}), 1);
    free(s);
}
END_TEST

START_TEST(alternatives_climb_and_end)
{
    struct space *s = malloc(sizeof *s);
    plain_space(s, 6);
    double goal = plain_best(s) - 1;
    ck_assert_int_lt(search(s, AGENT_SENSITIVITY, 1, goal, 400), 400);
    ck_assert_int_lt(search(s, AGENT_LOCAL, 1, goal, 400), 400);
    struct agent_config config = {.algorithm = AGENT_UNIFORM};
    struct agent *a = agent_create(s, &config, NULL);
    uint8_t choices[SPACE_SLOTS_MAX];
    for (int i = 0; i < 2; i++) // w2 and w4 fit 55 %
        ck_assert_int_eq(agent_propose(a, choices, NULL), 0);
    ck_assert_int_eq(agent_propose(a, choices, NULL), 1);
    agent_destroy(a);
    free(s);
}
END_TEST

START_TEST(it_says_why_and_how_well)
{
    struct space *s = malloc(sizeof *s);
    plain_space(s, 6);
    struct agent_config config = {.seed = 4};
    struct agent *a = agent_create(s, &config, NULL), *b = agent_create(s, &config, NULL);
    struct agent_explanation x;
    struct agent_health h;
    uint8_t choices[SPACE_SLOTS_MAX], same[SPACE_SLOTS_MAX];
    int origins[AGENT_ORIGIN_COUNT] = {0};
    for (int i = 0; i < 60; i++) {
        ck_assert_int_eq(agent_propose(a, choices, NULL), 0);
        ck_assert_int_eq(agent_propose(b, same, NULL), 0);
        ck_assert_mem_eq(choices, same, 6); // asking changes nothing
        ck_assert_int_eq(agent_explain(a, choices, &x), 0);
        ck_assert(x.flash_share > 0 && x.flash_share <= 1);
        ck_assert((x.origin == AGENT_SAMPLE) == (x.probability > 0));
        ck_assert((x.origin == AGENT_PICK) == (x.doubt > 0));
        origins[x.origin]++;
        agent_result(a, choices, AGENT_MEASURED, plain_accuracy(s, choices), NULL);
        agent_result(b, choices, AGENT_MEASURED, plain_accuracy(s, choices), NULL);
        agent_health_of(a, &h);
    }
    ck_assert_int_gt(origins[AGENT_DEMONSTRATION], 1);
    ck_assert_int_gt(origins[AGENT_PICK], 20);
    ck_assert_int_gt(origins[AGENT_SAMPLE], 4);
    ck_assert_double_gt(h.critic_r2, 0.7);
    ck_assert_double_lt(h.entropy_bits, h.entropy_most_bits);
    ck_assert_double_gt(h.flash_tight, 0.3);
    for (int i = 0; i < 20; i++)
        if (agent_propose(a, choices, NULL) == 0)
            agent_result(a, choices, AGENT_GIVEN_UP, 0, NULL);
    agent_health_of(a, &h);
    ck_assert_ptr_nonnull(strstr(h.advice, "given up"));
    memset(choices, 3, 6);
    ck_assert_int_eq(agent_explain(a, choices, &x), 1);
    agent_destroy(a);
    agent_destroy(b);
    free(s);
}
END_TEST

START_TEST(the_largest_agent_fits_its_limits)
{
    struct space *s = calloc(1, sizeof *s);
    s->n_slots = SPACE_SLOTS_MAX;
    s->n_options = SPACE_OPTIONS_MAX;
    s->flash_budget_bytes = s->ram_budget_bytes = INT64_MAX;
    for (int o = 0; o < SPACE_OPTIONS_MAX; o++)
        s->options[o] = (struct setting){(uint8_t)(1 + o % 16), (uint8_t)(o < 16 ? 4 : 8), SCHEME_UNIFORM};
    for (int i = 0; i < SPACE_SLOTS_MAX; i++)
        s->slots[i].allowed = UINT32_MAX;
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    struct agent_config config = {.goal = AGENT_WHOLE_FRONT, .cost = AGENT_COST_LATENCY};
    struct agent *a = agent_create(s, &config, NULL);
    size_t bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    ck_assert_ptr_nonnull(a);
    ck_assert_int_lt(bytes, 64 << 20);
    uint8_t choices[SPACE_SLOTS_MAX];
    static char state[AGENT_STATE_MAX];
    struct rng r;
    int n = 0;
    rng_seed(&r, 1, 1);
    do {
        for (int i = 0; i < SPACE_SLOTS_MAX; i++)
            choices[i] = (uint8_t)rng_below(&r, SPACE_OPTIONS_MAX);
        n++;
    } while (agent_result_cost(a, choices, AGENT_GIVEN_UP, 0, 1, NULL) == 0);
    ck_assert_int_gt(n, 100);
    ck_assert_int_gt(agent_save(a, state, sizeof state), 0);
    printf("the largest agent: %zu MiB, %d candidates\n", bytes >> 20, n - 1);
    agent_destroy(a);
    free(s);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1)
        networks = atoi(argv[1]);
    Suite *suite = suite_create("agent_search");
    TCase *t = suite_case(suite, "agent_search", NULL, NULL);
    tcase_add_test(t, nothing_is_ever_proposed_that_does_not_fit);
    tcase_add_test(t, the_known_optimum_of_4096_is_found_from_20_seeds);
    tcase_add_test(t, what_is_known_of_rewards_saves_measurements);
    tcase_add_test(t, wrong_sensitivities_cost_little);
    tcase_add_test(t, the_lowest_cost_above_a_floor_is_found);
    tcase_add_test(t, the_whole_front_grows_faster_than_by_chance);
    tcase_add_test(t, several_boards_give_the_same_state_for_the_same_order_of_results);
    tcase_add_test(t, proposals_in_flight_are_not_made_again_nearby);
    tcase_add_test(t, the_knapsack_is_exact);
    tcase_add_test(t, alternatives_climb_and_end);
    tcase_add_test(t, it_says_why_and_how_well);
    tcase_add_test(t, the_largest_agent_fits_its_limits);
    return suite_run(suite);
}
