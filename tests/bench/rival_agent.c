// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The project's own agent, and the algorithms that a study file may name instead of it, on a table.
#include "agent/agent.h"
#include "tests/bench/problem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COLLAPSED 0.01 // of ReLeQ's reward, from 0 to 1: below its margin there is nothing to learn

static void shuffle(struct rng *r, double *x, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)rng_below(r, (uint32_t)i + 1);
        double was = x[i];
        x[i] = x[j];
        x[j] = was;
    }
}

static struct space *space_of(struct problem *p)
{
    const struct table *t = p->table;
    struct space *s = calloc(1, sizeof *s);
    s->n_slots = t->n_slots;
    s->n_options = t->n_options;
    s->ram_budget_bytes = INT64_MAX;
    s->flash_budget_bytes = isinf(p->size_limit) ? INT64_MAX : (int64_t)p->size_limit;
    for (int o = 0; o < t->n_options; o++)
        s->options[o] = (struct setting){(uint8_t)t->bits[o], 8, SCHEME_UNIFORM};
    for (int i = 0; i < t->n_slots; i++) {
        s->slots[i].allowed = (1u << t->n_options) - 1;
        s->slots[i].parameters = s->slots[i].macs = t->weights[i];
        for (int o = 0; o < t->n_options; o++) {
            s->slots[i].flash_bytes[o] = (int64_t)(t->weights[i] * t->bits[o]); // bits: only ratios count
            s->slots[i].sensitivity[o] = p->prior == PRIOR_FLAT ? 1e-3 : pow(4, -t->bits[o]);
        }
        if (p->prior == PRIOR_SHUFFLED)
            shuffle(&p->rng, s->slots[i].sensitivity, t->n_options);
    }
    return s;
}

/* ReLeQ's reward is a product of what is known of a candidate's size and of its accuracy: the agent is told its logarithm, which orders candidates
 * alike, and what the size is worth in it, as it is in a study. */
static double releq_known(void *user, const uint8_t *choices)
{
    const struct problem *p = user;
    return log(problem_size_worth(p, choices));
}

static double reward_of(const struct problem *p, const uint8_t *choices, double accuracy)
{
    double score = problem_score(p, choices, accuracy);
    return p->task == TASK_RELEQ ? log(fmax(score / 2 + 0.5, COLLAPSED)) : p->task == TASK_FRONT ? accuracy : score;
}

static void keep_policy(const struct agent *a, double *learned)
{
    static char state[AGENT_STATE_MAX];
    struct error e = {""};
    if (agent_prior(state, (size_t)agent_save(a, state, sizeof state), learned, &e) < 0) {
        fprintf(stderr, "%s\n", e.text);
        exit(1);
    }
}

static void run(struct problem *p, enum agent_algorithm algorithm)
{
    struct error e = {""};
    struct space *space = space_of(p);
    struct agent_config config = {.algorithm = algorithm, .seed = rng_u32(&p->rng), .prior = p->policy};
    if (p->task == TASK_FRONT)
        config.goal = AGENT_WHOLE_FRONT;
    if (p->task == TASK_RELEQ) {
        config.known = releq_known;
        config.user = p;
    }
    struct agent *a = space_check(space, &e) == 0 ? agent_create(space, &config, &e) : NULL;
    if (!a) {
        fprintf(stderr, "%s\n", e.text);
        exit(1);
    }
    while (!problem_is_over(p)) {
        uint8_t choices[TABLE_SLOTS_MAX];
        if (agent_propose(a, choices, &e) != 0)
            break;
        double accuracy = problem_measure(p, choices);
        if (agent_result(a, choices, AGENT_MEASURED, reward_of(p, choices, accuracy), &e) != 0)
            break;
    }
    if (p->learned)
        keep_policy(a, p->learned);
    agent_destroy(a);
    free(space);
}

void rival_agent(struct problem *p)
{
    run(p, AGENT_POLICY);
}

void rival_agent_frozen(struct problem *p)
{
    run(p, AGENT_FROZEN);
}

void rival_agent_random(struct problem *p)
{
    run(p, AGENT_RANDOM);
}
