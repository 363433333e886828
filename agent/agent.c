// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include "agent/critic.h"
#include "agent/demonstration.h"
#include "agent/policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STATE_MAGIC 0x544e4741u // "AGNT"
#define STATE_VERSION 3u
#define STEPS_PER_UPDATE 8  // of the optimizer, each on fresh roll-outs
#define ROLLOUTS 96         // per step: free, the critic answers them
#define RATIO_MAX 2.0       // truncation of importance weights (Ionides 2008) within an update
#define TRIES_POLICY 64     // samples before a proposal turns to neighbours of known candidates
#define TRIES_NEIGHBOUR 512
#define DEMONSTRATIONS 5    // of the first proposals
#define SAMPLE_EVERY 6      // of the proposals, one in so many is a plain sample of the policy; the others the critic picks
#define RESULTS_LEAST 4     // before the critic picks
#define CENTERS 5           // the best results whose neighbours are looked at
#define LOOKS_MOST 2000     // candidates that the critic judges for one proposal
#define LOOKS_LEAST 200
#define LOOK_WORK 20000000  // multiplications that they may take: 20 ms
#define LOOKS_POLICY 8      // one look in so many is a sample of the policy
#define LOOKS_UNIFORM 16    // and one in so many is anything that fits

struct agent {
    const struct space *space;
    struct agent_config config;
    struct policy policy;
    struct critic critic;
    struct rng rng;
    struct trials trials;
    int n_updates;
    double *gradient;   // [policy.n], working space
    int critic_results; // results that the critic was fitted to; it follows from the trials and is not saved
};

const char *agent_algorithm_name(enum agent_algorithm algorithm)
{
    static const char *const names[] = {"policy", "frozen", "random"};
    return algorithm < AGENT_ALGORITHM_COUNT ? names[algorithm] : "?";
}

static size_t policy_bytes(const struct agent *a)
{
    return (size_t)a->policy.n * 3 * sizeof(double);
}

static void take_defaults(struct agent_config *c)
{
    c->batch = c->batch ? c->batch : 5;
    c->learning_rate = c->learning_rate != 0 ? c->learning_rate : 0.06;
    c->entropy = c->entropy != 0 ? c->entropy : 0.02;
}

static int check_config(const struct agent_config *c, struct error *e)
{
    if (c->algorithm >= AGENT_ALGORITHM_COUNT)
        return error_set(e, "no such algorithm");
    if (c->batch < 0 || c->batch > 256 || !isfinite(c->learning_rate) || c->learning_rate < 0 || !isfinite(c->entropy) ||
        c->entropy < 0)
        return error_set(e, "batch must be 1..256, learning rate and entropy finite and not negative");
    return 0;
}

struct header {
    uint32_t magic, version;
    uint64_t space_hash; // of n_slots, n_options and the options
    struct rng rng;
    int32_t n_trials, n_results, n_updates, adam_steps;
};

static int allocate(struct agent *a)
{
    size_t free_bytes = AGENT_STATE_MAX - sizeof(struct header) - sizeof(struct critic_tuning);
    if (policy_init(&a->policy, a->space) || critic_init(&a->critic, a->space))
        return -1;
    if (policy_bytes(a) > free_bytes)
        return -1;
    size_t most = (free_bytes - policy_bytes(a)) / trials_bytes_each(a->space->n_slots);
    a->gradient = calloc((size_t)a->policy.n, sizeof *a->gradient);
    if (trials_init(&a->trials, a->space->n_slots, most < AGENT_TRIALS_MAX ? (int)most : AGENT_TRIALS_MAX))
        return -1;
    return a->gradient ? 0 : -1;
}

struct agent *agent_create(const struct space *space, const struct agent_config *config, struct error *e)
{
    if (check_config(config, e))
        return NULL;
    struct agent *a = calloc(1, sizeof *a);
    if (a)
        *a = (struct agent){.space = space, .config = *config};
    if (!a || allocate(a)) {
        error_set(e, "no memory for an agent of %d slots", space->n_slots);
        agent_destroy(a);
        return NULL;
    }
    take_defaults(&a->config);
    rng_seed(&a->rng, config->seed, 0x61676e74);
    return a;
}

void agent_destroy(struct agent *a)
{
    if (!a)
        return;
    policy_finish(&a->policy);
    critic_finish(&a->critic);
    trials_finish(&a->trials);
    free(a->gradient);
    free(a);
}

static int sample_uniform(struct agent *a, uint8_t *choices)
{
    for (int i = 0; i < a->space->n_slots; i++) {
        uint32_t mask = space_mask(a->space, choices, i);
        if (!mask)
            return 1;
        for (uint32_t skip = rng_below(&a->rng, (uint32_t)__builtin_popcount(mask)); skip > 0; skip--)
            mask &= mask - 1;
        choices[i] = (uint8_t)__builtin_ctz(mask);
    }
    return 0;
}

static bool fits(const struct space *s, const uint8_t *choices)
{
    for (int i = 0; i < s->n_slots; i++)
        if (!(space_mask(s, choices, i) >> choices[i] & 1))
            return false;
    return true;
}

/* A known candidate (or, when there is none, any) with one slot changed. */
static int sample_neighbour(struct agent *a, uint8_t *choices)
{
    if (a->trials.n == 0)
        return sample_uniform(a, choices);
    int from = (int)rng_below(&a->rng, (uint32_t)a->trials.n);
    memcpy(choices, trials_choices(&a->trials, from), (size_t)a->space->n_slots);
    choices[rng_below(&a->rng, (uint32_t)a->space->n_slots)] = (uint8_t)rng_below(&a->rng, (uint32_t)a->space->n_options);
    return fits(a->space, choices) ? 0 : 1;
}

/* Fits the critic to all results so far, if it is not. Returns the number of lessons in `l`. */
static int fit_critic(struct agent *a, struct lessons *l)
{
    trials_lessons(&a->trials, l);
    if (l->n >= 2 && a->critic_results != a->trials.n_results) {
        critic_fit(&a->critic, l->choices, l->targets, l->n);
        a->critic_results = a->trials.n_results;
    }
    return l->n;
}

static void change_one(struct agent *a, uint8_t *choices)
{
    choices[rng_below(&a->rng, (uint32_t)a->space->n_slots)] = (uint8_t)rng_below(&a->rng, (uint32_t)a->space->n_options);
}

/* One look of the pool: a neighbour one or two changes away from one of the best results, a sample of the policy, or anything. */
static bool look_at(struct agent *a, const struct lessons *l, const int *centers, int n_centers, int i, uint8_t *look)
{
    if (i % LOOKS_POLICY == 0)
        return policy_sample(&a->policy, &a->rng, look) == 0;
    if (i % LOOKS_UNIFORM == 1)
        return sample_uniform(a, look) == 0;
    memcpy(look, l->choices[centers[rng_below(&a->rng, (uint32_t)n_centers)]], (size_t)a->space->n_slots);
    change_one(a, look);
    if (i % 2)
        change_one(a, look);
    return fits(a->space, look);
}

/* Expected improvement over `best` (Jones et al. 1998, eq. 15). */
static double improvement(double mean, double variance, double best)
{
    double s = sqrt(variance), u = (mean - best) / s;
    return s * (u * 0.5 * erfc(-u / M_SQRT2) + exp(-u * u / 2) / sqrt(2 * M_PI));
}

static int looks_of(const struct agent *a, int n)
{
    int looks = LOOK_WORK / (n * (a->space->n_slots + n / 2));
    return looks < LOOKS_LEAST ? LOOKS_LEAST : looks > LOOKS_MOST ? LOOKS_MOST : looks;
}

/* The new candidate that promises most among neighbours of the best results, samples of the policy and a few others. Returns 0, or 1 when
 * there is none (too few results yet, or all are known). */
static int propose_best(struct agent *a, uint8_t *choices)
{
    struct lessons l;
    int centers[CENTERS], n = fit_critic(a, &l) >= RESULTS_LEAST ? lessons_best(&l, centers, CENTERS) : 0;
    uint8_t look[SPACE_SLOTS_MAX];
    double most = -INFINITY;
    for (int i = 0; n > 0 && i < looks_of(a, l.n); i++) {
        double variance, mean;
        if (!look_at(a, &l, centers, n, i, look) || trials_find(&a->trials, look) >= 0)
            continue;
        mean = critic_predict(&a->critic, look, &variance);
        double gain = improvement(mean, variance, l.targets[centers[0]]);
        if (gain > most) {
            most = gain;
            memcpy(choices, look, (size_t)a->space->n_slots);
        }
    }
    return most > -INFINITY ? 0 : 1;
}

/* The first demonstration that is new, while there are few proposals. */
static int propose_demonstration(struct agent *a, uint8_t *choices)
{
    if (a->trials.n >= DEMONSTRATIONS)
        return 1;
    for (int i = 0; i < DEMONSTRATIONS_MAX; i++)
        if (demonstration_of(a->space, i, choices) == 0 && trials_find(&a->trials, choices) < 0)
            return 0;
    return 1;
}

static int propose_sample(struct agent *a, uint8_t *choices)
{
    for (int tries = 0; tries < TRIES_POLICY + TRIES_NEIGHBOUR; tries++) {
        int dead = tries >= TRIES_POLICY                 ? sample_neighbour(a, choices)
                   : a->config.algorithm == AGENT_RANDOM ? sample_uniform(a, choices)
                                                         : policy_sample(&a->policy, &a->rng, choices);
        if (!dead && trials_find(&a->trials, choices) < 0)
            return 0;
    }
    return 1;
}

int agent_propose(struct agent *a, uint8_t *choices, struct error *e)
{
    if (a->trials.n == a->trials.max)
        return error_set(e, "the agent has proposed %d candidates, which is all it can hold", a->trials.max);
    bool learns = a->config.algorithm == AGENT_POLICY;
    bool picks = learns && a->trials.n % SAMPLE_EVERY != SAMPLE_EVERY - 1;
    if ((learns && propose_demonstration(a, choices) == 0) || (picks && propose_best(a, choices) == 0)) {
        trials_add(&a->trials, choices, 0); // not a sample of the policy: teaches the critic only
        return 0;
    }
    if (propose_sample(a, choices))
        return 1;
    trials_add(&a->trials, choices, policy_log_probability(&a->policy, choices));
    return 0;
}

bool agent_sampled(const struct agent *a)
{
    return a->trials.n > 0 && a->trials.trial[a->trials.n - 1].log_probability < 0;
}

/* E over roll-outs of (q - mean q) grad log pi, and the entropy bonus. */
static void add_rollouts(struct agent *a)
{
    int n_slots = a->space->n_slots, n = 0;
    uint8_t rollouts[ROLLOUTS][SPACE_SLOTS_MAX];
    double q[ROLLOUTS], mean = 0;
    for (int i = 0; i < ROLLOUTS; i++)
        if (policy_sample(&a->policy, &a->rng, rollouts[n]) == 0) {
            q[n] = critic_predict(&a->critic, rollouts[n], NULL);
            mean += q[n++];
        }
    for (int i = 0; i < n; i++)
        policy_gradient(&a->policy, rollouts[i], (q[i] - mean / n) / n, a->config.entropy / n_slots / n, a->gradient);
}

/* The batch's (R - q without it) grad log pi, importance-weighted by how far the policy has moved within this update. */
static void add_results(struct agent *a, const struct lessons *l)
{
    int first = l->n > a->config.batch ? l->n - a->config.batch : 0;
    for (int i = first; i < l->n; i++) {
        double then = a->trials.trial[l->trial[i]].log_probability;
        double ratio = then < 0 ? exp(policy_log_probability(&a->policy, l->choices[i]) - then) : 0;
        double surprise = l->targets[i] - critic_predict_without(&a->critic, i);
        double weight = (ratio < RATIO_MAX ? ratio : RATIO_MAX) * surprise / (l->n - first);
        policy_gradient(&a->policy, l->choices[i], weight, 0, a->gradient);
    }
}

static void update(struct agent *a)
{
    struct lessons l;
    trials_lessons(&a->trials, &l);
    if (l.n < 2)
        return;
    critic_tune(&a->critic, l.choices, l.targets, l.n);
    a->critic_results = a->trials.n_results;
    for (int step = 0; step < STEPS_PER_UPDATE; step++) {
        memset(a->gradient, 0, (size_t)a->policy.n * sizeof *a->gradient);
        add_rollouts(a);
        add_results(a, &l);
        policy_ascend(&a->policy, a->gradient, a->config.learning_rate);
    }
    a->n_updates++;
}

int agent_result(struct agent *a, const uint8_t *choices, enum agent_outcome outcome, double reward, struct error *e)
{
    if (outcome == AGENT_MEASURED && !isfinite(reward))
        return error_set(e, "the reward is not a finite number");
    for (int i = 0; i < a->space->n_slots; i++)
        if (choices[i] >= a->space->n_options)
            return error_set(e, "slot %d has no option %d", i, choices[i]);
    int trial = trials_find(&a->trials, choices);
    if (trial >= 0 && a->trials.trial[trial].told)
        return error_set(e, "this candidate's result was told before");
    if (trial < 0 && a->trials.n == a->trials.max)
        return error_set(e, "the agent holds %d candidates, which is all it can", a->trials.max);
    if (trial < 0)
        trial = trials_add(&a->trials, choices, 0);
    trials_tell(&a->trials, trial, outcome, reward);
    if (a->config.algorithm == AGENT_POLICY && a->trials.n_results % a->config.batch == 0)
        update(a);
    return 0;
}

int agent_results(const struct agent *a)
{
    return a->trials.n_results;
}

int agent_updates(const struct agent *a)
{
    return a->n_updates;
}

static uint64_t space_hash(const struct space *s)
{
    struct candidate c = {.n = s->n_options};
    memcpy(c.layers, s->options, (size_t)s->n_options * sizeof s->options[0]);
    return candidate_hash(&c) * 1099511628211u ^ (uint64_t)s->n_slots;
}

/* The parts of a saved state in order; one table for saving and loading. */
struct part {
    void *data;
    size_t size;
};

static int state_parts(const struct agent *a, const struct header *h, struct part parts[7])
{
    size_t doubles = (size_t)a->policy.n * sizeof(double);
    parts[0] = (struct part){a->policy.parameters, doubles};
    parts[1] = (struct part){a->policy.m, doubles};
    parts[2] = (struct part){a->policy.v, doubles};
    parts[3] = (struct part){a->critic.tuning, sizeof *a->critic.tuning};
    parts[4] = (struct part){a->trials.trial, (size_t)h->n_trials * sizeof *a->trials.trial};
    parts[5] = (struct part){a->trials.choices, (size_t)h->n_trials * (size_t)a->space->n_slots};
    parts[6] = (struct part){a->trials.order, (size_t)h->n_results * sizeof *a->trials.order};
    return 7;
}

static size_t state_bytes(const struct part *parts, int n)
{
    size_t size = sizeof(struct header);
    for (int i = 0; i < n; i++)
        size += parts[i].size;
    return size;
}

long agent_save(const struct agent *a, void *data, size_t capacity)
{
    struct header h = {.magic = STATE_MAGIC, .version = STATE_VERSION, .space_hash = space_hash(a->space), .rng = a->rng,
                       .n_trials = a->trials.n, .n_results = a->trials.n_results, .n_updates = a->n_updates,
                       .adam_steps = a->policy.steps};
    struct part parts[7];
    int n = state_parts(a, &h, parts);
    if (state_bytes(parts, n) > capacity)
        return -1;
    char *to = data;
    memcpy(to, &h, sizeof h);
    to += sizeof h;
    for (int i = 0; i < n; to += parts[i++].size)
        memcpy(to, parts[i].data, parts[i].size);
    return to - (char *)data;
}

static int check_header(const struct agent *a, const struct header *h, struct error *e)
{
    if (h->magic != STATE_MAGIC || h->version != STATE_VERSION)
        return error_set(e, "not an agent's state of format %u", STATE_VERSION);
    if (h->space_hash != space_hash(a->space))
        return error_set(e, "the agent's state belongs to another search space");
    if (h->n_trials < 0 || h->n_trials > a->trials.max || h->n_results < 0 || h->n_results > h->n_trials)
        return error_set(e, "the agent's state is damaged: %d candidates, %d results", h->n_trials, h->n_results);
    return 0;
}

static int check_trials(const struct agent *a, const struct part *parts, const char *from, const struct header *h)
{
    const char *choices = from;
    for (int i = 0; i < 5; i++)
        choices += parts[i].size;
    const char *order = choices + parts[5].size;
    for (size_t i = 0; i < parts[5].size; i++)
        if ((uint8_t)choices[i] >= a->space->n_options)
            return -1;
    for (int i = 0; i < h->n_results; i++) {
        uint16_t trial;
        memcpy(&trial, order + (size_t)i * sizeof trial, sizeof trial);
        if (trial >= h->n_trials)
            return -1;
    }
    return 0;
}

int agent_load(struct agent *a, const void *data, size_t size, struct error *e)
{
    struct header h;
    struct part parts[7];
    if (size < sizeof h)
        return error_set(e, "the agent's state is cut short");
    memcpy(&h, data, sizeof h);
    if (check_header(a, &h, e))
        return -1;
    int n = state_parts(a, &h, parts);
    const char *from = (const char *)data + sizeof h;
    if (state_bytes(parts, n) != size)
        return error_set(e, "the agent's state has %zu bytes instead of %zu", size, state_bytes(parts, n));
    if (check_trials(a, parts, from, &h))
        return error_set(e, "the agent's state is damaged: a choice or a result that does not exist");
    for (int i = 0; i < n; from += parts[i++].size)
        memcpy(parts[i].data, from, parts[i].size);
    a->rng = h.rng;
    a->trials.n = h.n_trials;
    a->trials.n_results = h.n_results;
    a->n_updates = h.n_updates;
    a->policy.steps = h.adam_steps;
    a->critic_results = -1;
    return 0;
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
