// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include "agent/demonstration.h"
#include "agent/mind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_POLICY 64     // samples before a proposal turns to neighbours of known candidates
#define TRIES_NEIGHBOUR 512
#define TRIES_LIMITED 8192  // uniform samples before a limit of costs is taken to admit nothing new: it and flash together may leave little
#define SAMPLE_EVERY 6      // of the proposals, one in so many is a plain sample of the policy; the others the critic picks

_Static_assert(AGENT_PRIOR == POLICY_SHARED, "what is taken over is what the policy has");

const char *agent_algorithm_name(enum agent_algorithm algorithm)
{
    static const char *const names[] = {"policy", "frozen", "random", "uniform", "local", "sensitivity"};
    return algorithm < AGENT_ALGORITHM_COUNT ? names[algorithm] : "?";
}

static void take_defaults(struct agent_config *c)
{
    c->batch = c->batch ? c->batch : 5;
    c->learning_rate = c->learning_rate != 0 ? c->learning_rate : 0.06;
    c->entropy = c->entropy != 0 ? c->entropy : 0.02;
}

static int check_config(const struct agent_config *c, struct error *e)
{
    if (c->algorithm >= AGENT_ALGORITHM_COUNT || c->goal >= AGENT_GOAL_COUNT || c->cost >= AGENT_COST_COUNT)
        return error_set(e, "no such algorithm, goal or cost");
    if (c->batch < 0 || c->batch > 256 || !isfinite(c->learning_rate) || c->learning_rate < 0 || !isfinite(c->entropy) ||
        c->entropy < 0 || !isfinite(c->floor))
        return error_set(e, "batch must be 1..256, learning rate, entropy and floor finite, the first two not negative");
    return 0;
}

static int allocate(struct agent *a)
{
    if (policy_init(&a->policy, a->space) || critic_init(&a->critic, a->space) ||
        (mind_has_measured_cost(a) && critic_init(&a->cost_critic, a->space)) ||
        (a->config.known && critic_init(&a->whole_critic, a->space)))
        return -1;
    if (mind_fixed_bytes(a) > AGENT_STATE_MAX)
        return -1;
    size_t most = (AGENT_STATE_MAX - mind_fixed_bytes(a)) / trials_bytes_each(a->space->n_slots);
    a->policy.costs = a->config.costs;
    a->gradient = calloc((size_t)a->policy.n_gradient, sizeof *a->gradient);
    a->steps = calloc((size_t)learner_rollouts(a->space->n_slots) * (size_t)a->space->n_slots, sizeof *a->steps);
    if (trials_init(&a->trials, a->space->n_slots, most < AGENT_TRIALS_MAX ? (int)most : AGENT_TRIALS_MAX))
        return -1;
    return a->gradient && a->steps ? 0 : -1;
}

struct agent *agent_create(const struct space *space, const struct agent_config *config, struct error *e)
{
    if (check_config(config, e))
        return NULL;
    struct agent *a = calloc(1, sizeof *a);
    if (a) {
        a->space = space;
        a->config = *config;
    }
    if (!a || allocate(a)) {
        error_set(e, "no memory for an agent of %d slots", space->n_slots);
        agent_destroy(a);
        return NULL;
    }
    take_defaults(&a->config);
    if (config->prior)
        memcpy(a->policy.parameters + a->policy.cells, config->prior, AGENT_PRIOR * sizeof(double));
    policy_see(&a->policy);
    rng_seed(&a->rng, config->seed, 0x61676e74);
    return a;
}

void agent_destroy(struct agent *a)
{
    if (!a)
        return;
    policy_finish(&a->policy);
    critic_finish(&a->critic);
    critic_finish(&a->cost_critic);
    critic_finish(&a->whole_critic);
    trials_finish(&a->trials);
    free(a->gradient);
    free(a->steps);
    free(a);
}

/* --- proposals --- */

int mind_sample_uniform(struct agent *a, uint8_t *choices)
{
    int64_t used = a->space->flash_fixed_bytes;
    const struct costs *costs = a->config.costs;
    double cycles = costs_nothing_chosen(costs);
    for (int i = 0; i < a->space->n_slots; i++) {
        uint32_t mask = space_walk_mask(&a->policy.walk, choices, i, used);
        mask = costs_mask(costs, choices, i, cycles, mask, NULL);
        if (!mask)
            return 1;
        for (uint32_t skip = rng_below(&a->rng, (uint32_t)__builtin_popcount(mask)); skip > 0; skip--)
            mask &= mask - 1;
        choices[i] = (uint8_t)__builtin_ctz(mask);
        used += a->space->slots[i].flash_bytes[choices[i]];
        cycles = costs_choose(costs, choices, i, cycles);
    }
    return 0;
}

/* A known candidate (or, when there is none, any) with one slot changed. */
static int sample_neighbour(struct agent *a, uint8_t *choices)
{
    if (a->trials.n == 0)
        return mind_sample_uniform(a, choices);
    int from = (int)rng_below(&a->rng, (uint32_t)a->trials.n);
    memcpy(choices, trials_choices(&a->trials, from), (size_t)a->space->n_slots);
    choices[rng_below(&a->rng, (uint32_t)a->space->n_slots)] = (uint8_t)rng_below(&a->rng, (uint32_t)a->space->n_options);
    return mind_fits(a, choices) ? 0 : 1;
}

/* The first demonstration that is new, while there are few proposals. */
static int propose_demonstration(struct agent *a, uint8_t *choices)
{
    if (a->trials.n >= demonstration_count(a->space))
        return 1;
    for (int i = 0; i < DEMONSTRATIONS_MAX; i++)
        if (demonstration_of(a->space, i, choices) == 0 && mind_fits(a, choices) && trials_find(&a->trials, choices) < 0)
            return 0;
    return 1;
}

/* A sample of the policy (or of all that fits), and when it only finds what is known, a neighbour of that. Returns its origin, or
 * AGENT_ORIGIN_COUNT when nothing new was found. */
static enum agent_origin propose_sample(struct agent *a, uint8_t *choices)
{
    bool uniform = a->config.algorithm != AGENT_POLICY && a->config.algorithm != AGENT_FROZEN;
    for (int tries = 0; tries < TRIES_POLICY + TRIES_NEIGHBOUR; tries++) {
        bool late = tries >= TRIES_POLICY;
        int dead = late ? sample_neighbour(a, choices) : uniform ? mind_sample_uniform(a, choices) : policy_sample(&a->policy, &a->rng, choices, NULL);
        if (!dead && mind_fits(a, choices) && trials_find(&a->trials, choices) < 0)
            return late || uniform ? AGENT_ANY : AGENT_SAMPLE;
    }
    for (int tries = 0; a->config.costs && a->config.costs->bounds && tries < TRIES_LIMITED; tries++)
        if (!mind_sample_uniform(a, choices) && mind_fits(a, choices) && trials_find(&a->trials, choices) < 0)
            return AGENT_ANY;
    return AGENT_ORIGIN_COUNT;
}

/* Draws the preference that a sample of the policy is made under: 0..255. */
static uint8_t draw_preference(struct agent *a)
{
    uint8_t preference = a->config.goal == AGENT_WHOLE_FRONT ? (uint8_t)rng_below(&a->rng, 256) : 0;
    a->policy.tilt = a->config.goal == AGENT_WHOLE_FRONT ? 2 * (preference / 255.0) - 1 : 0;
    return preference;
}

static bool is_alternative(const struct agent *a)
{
    return a->config.algorithm == AGENT_UNIFORM || a->config.algorithm == AGENT_LOCAL || a->config.algorithm == AGENT_SENSITIVITY;
}

/* Finds a new candidate and says where it comes from; AGENT_ORIGIN_COUNT when there is none. */
static enum agent_origin find_candidate(struct agent *a, uint8_t *choices, struct trial *about)
{
    bool learns = a->config.algorithm == AGENT_POLICY, picks = learns && a->trials.n % SAMPLE_EVERY != SAMPLE_EVERY - 1;
    if (is_alternative(a))
        return alternative_propose(a, choices) == 0 ? AGENT_STEP : AGENT_ORIGIN_COUNT;
    if (learns && propose_demonstration(a, choices) == 0)
        return AGENT_DEMONSTRATION;
    if (picks && pool_propose(a, choices, &about->expected, &about->doubt) == 0)
        return AGENT_PICK;
    about->preference = draw_preference(a);
    return propose_sample(a, choices);
}

int agent_propose(struct agent *a, uint8_t *choices, struct error *e)
{
    if (a->trials.n == a->trials.max)
        return error_set(e, "the agent has proposed %d candidates, which is all it can hold", a->trials.max);
    struct trial about = {0};
    policy_see(&a->policy);
    enum agent_origin origin = find_candidate(a, choices, &about);
    double log_probability = origin == AGENT_SAMPLE ? policy_log_probability(&a->policy, choices) : 0;
    a->policy.tilt = 0;
    if (origin == AGENT_ORIGIN_COUNT)
        return 1;
    struct trial *t = &a->trials.trial[trials_add(&a->trials, choices, origin)];
    t->expected = about.expected;
    t->doubt = about.doubt;
    t->preference = about.preference;
    t->log_probability = log_probability;
    return 0;
}

bool agent_sampled(const struct agent *a)
{
    return a->trials.n > 0 && a->trials.trial[a->trials.n - 1].origin == AGENT_SAMPLE;
}

/* --- results --- */

static int check_result(const struct agent *a, const uint8_t *choices, enum agent_outcome outcome, double reward, double cost,
                        struct error *e)
{
    if ((outcome == AGENT_MEASURED || outcome == AGENT_ASIDE) && (!isfinite(reward) || !isfinite(cost) || cost < 0))
        return error_set(e, "reward and cost must be finite numbers");
    for (int i = 0; i < a->space->n_slots; i++)
        if (choices[i] >= a->space->n_options)
            return error_set(e, "slot %d has no option %d", i, choices[i]);
    int trial = trials_find(&a->trials, choices);
    if (trial >= 0 && a->trials.trial[trial].told)
        return error_set(e, "this candidate's result was told before");
    if (trial < 0 && a->trials.n == a->trials.max)
        return error_set(e, "the agent holds %d candidates, which is all it can", a->trials.max);
    return 0;
}

static void tell(struct agent *a, int trial, enum agent_outcome outcome, double reward, double cost)
{
    trials_tell(&a->trials, trial, outcome, reward, cost);
    if (a->config.algorithm == AGENT_POLICY && a->trials.n_results % a->config.batch == 0)
        learner_update(a);
}

int agent_result_cost(struct agent *a, const uint8_t *choices, enum agent_outcome outcome, double reward, double cost, struct error *e)
{
    if (check_result(a, choices, outcome, reward, cost, e))
        return -1;
    int trial = trials_find(&a->trials, choices);
    if (trial < 0)
        trial = trials_add(&a->trials, choices, AGENT_TOLD);
    tell(a, trial, outcome, reward, cost);
    return 0;
}

int agent_import(struct agent *a, const uint8_t *choices, double reward, double cost, struct error *e)
{
    if (check_result(a, choices, AGENT_MEASURED, reward, cost, e))
        return -1;
    tell(a, trials_add(&a->trials, choices, AGENT_TOLD), AGENT_IMPORTED, reward, cost);
    return 0;
}

int agent_result(struct agent *a, const uint8_t *choices, enum agent_outcome outcome, double reward, struct error *e)
{
    return agent_result_cost(a, choices, outcome, reward, 0, e);
}

/* --- what it knows --- */

int agent_room(const struct agent *a)
{
    return a->trials.max - a->trials.n;
}

int agent_results(const struct agent *a)
{
    return a->trials.n_results;
}

int agent_updates(const struct agent *a)
{
    return a->n_updates;
}

void agent_see(struct agent *a)
{
    policy_see(&a->policy);
}

void agent_probabilities(const struct agent *a, double *probabilities)
{
    int k = a->space->n_options;
    uint8_t mode[SPACE_SLOTS_MAX];
    policy_mode(&a->policy, mode);
    memset(probabilities, 0, (size_t)(a->space->n_slots * k) * sizeof *probabilities);
    for (int i = 0; i < a->space->n_slots; i++)
        policy_distribution(&a->policy, mode, i, probabilities + i * k);
}

double agent_entropy_bits(const struct agent *a)
{
    double probabilities[SPACE_OPTIONS_MAX], sum = 0;
    uint8_t mode[SPACE_SLOTS_MAX];
    policy_mode(&a->policy, mode);
    for (int i = 0; i < a->space->n_slots; i++)
        if (policy_distribution(&a->policy, mode, i, probabilities))
            for (int o = 0; o < a->space->n_options; o++)
                if (probabilities[o] > 0)
                    sum -= probabilities[o] * log2(probabilities[o]);
    return sum / a->space->n_slots;
}

const char *agent_origin_name(enum agent_origin origin)
{
    static const char *const names[] = {"told", "demonstration", "sample", "pick", "any", "step"};
    return origin < AGENT_ORIGIN_COUNT ? names[origin] : "?";
}

int agent_explain(const struct agent *a, const uint8_t *choices, struct agent_explanation *x)
{
    int trial = trials_find(&a->trials, choices);
    if (trial < 0)
        return 1;
    const struct trial *t = &a->trials.trial[trial];
    const struct space *s = a->space;
    *x = (struct agent_explanation){.origin = (enum agent_origin)t->origin, .expected = t->expected, .doubt = t->doubt,
                                    .probability = t->log_probability < 0 ? exp(t->log_probability) : 0,
                                    .preference = t->preference / 255.0};
    x->flash_share = (double)space_flash_bytes(s, choices) / (double)s->flash_budget_bytes;
    x->ram_share = (double)space_ram_bytes(s, choices) / (double)s->ram_budget_bytes;
    return 0;
}
