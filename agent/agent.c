// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include "agent/critic.h"
#include "agent/policy.h"
#include "base/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STATE_MAGIC 0x544e4741u // "AGNT"
#define STATE_VERSION 1u
#define STEPS_PER_UPDATE 8  // of the optimizer, each on fresh roll-outs
#define ROLLOUTS 96         // per step: free, the critic answers them
#define RATIO_MAX 2.0       // truncation of importance weights (Ionides 2008) within an update
#define TRIES_POLICY 64     // samples before a proposal turns to neighbours of known candidates
#define TRIES_NEIGHBOUR 512

/* One candidate that the agent knows of: proposed, then told. */
struct trial {
    double reward;          // as told
    double log_probability; // under the policy that proposed it; 0 where it came from elsewhere
    uint8_t told, outcome;
    uint8_t reserved[6]; // zero: saved states are compared byte for byte
};

struct agent {
    const struct space *space;
    struct agent_config config;
    struct policy policy;
    struct critic critic;
    struct rng rng;
    int n_trials, trials_max, n_results, n_updates;
    struct trial *trials; // in order of proposal
    uint8_t *choices;     // [trials_max * n_slots]
    uint16_t *order;      // [trials_max] trials in order of their results
    double *gradient;     // [policy.n], working space
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

static size_t trial_bytes(const struct agent *a)
{
    return sizeof(struct trial) + (size_t)a->space->n_slots + sizeof(uint16_t);
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
    size_t free_bytes = AGENT_STATE_MAX - sizeof(struct header);
    if (policy_init(&a->policy, a->space) || critic_init(&a->critic, a->space))
        return -1;
    if (policy_bytes(a) + 8 * trial_bytes(a) > free_bytes)
        return -1;
    size_t most = (free_bytes - policy_bytes(a)) / trial_bytes(a);
    a->trials_max = most < AGENT_TRIALS_MAX ? (int)most : AGENT_TRIALS_MAX;
    a->trials = calloc((size_t)a->trials_max, sizeof *a->trials);
    a->choices = calloc((size_t)a->trials_max, (size_t)a->space->n_slots);
    a->order = calloc((size_t)a->trials_max, sizeof *a->order);
    a->gradient = calloc((size_t)a->policy.n, sizeof *a->gradient);
    return a->trials && a->choices && a->order && a->gradient ? 0 : -1;
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
    free(a->trials);
    free(a->choices);
    free(a->order);
    free(a->gradient);
    free(a);
}

static uint8_t *choices_of(const struct agent *a, int trial)
{
    return a->choices + (size_t)trial * (size_t)a->space->n_slots;
}

static int find(const struct agent *a, const uint8_t *choices)
{
    for (int i = 0; i < a->n_trials; i++)
        if (memcmp(choices_of(a, i), choices, (size_t)a->space->n_slots) == 0)
            return i;
    return -1;
}

static int remember(struct agent *a, const uint8_t *choices, double log_probability)
{
    int i = a->n_trials++;
    memcpy(choices_of(a, i), choices, (size_t)a->space->n_slots);
    a->trials[i] = (struct trial){.log_probability = log_probability};
    return i;
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
    if (a->n_trials == 0)
        return sample_uniform(a, choices);
    int from = (int)rng_below(&a->rng, (uint32_t)a->n_trials);
    memcpy(choices, choices_of(a, from), (size_t)a->space->n_slots);
    choices[rng_below(&a->rng, (uint32_t)a->space->n_slots)] = (uint8_t)rng_below(&a->rng, (uint32_t)a->space->n_options);
    return fits(a->space, choices) ? 0 : 1;
}

int agent_propose(struct agent *a, uint8_t *choices, struct error *e)
{
    if (a->n_trials == a->trials_max)
        return error_set(e, "the agent has proposed %d candidates, which is all it can hold", a->trials_max);
    for (int tries = 0; tries < TRIES_POLICY + TRIES_NEIGHBOUR; tries++) {
        bool neighbour = tries >= TRIES_POLICY;
        int dead = neighbour                                 ? sample_neighbour(a, choices)
                   : a->config.algorithm == AGENT_RANDOM     ? sample_uniform(a, choices)
                                                             : policy_sample(&a->policy, &a->rng, choices);
        if (dead || find(a, choices) >= 0)
            continue;
        remember(a, choices, policy_log_probability(&a->policy, choices));
        return 0;
    }
    return 1;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void standardize(double *x, int n)
{
    double mean = stats_mean(x, n), spread = stats_stddev(x, n);
    for (int i = 0; i < n; i++)
        x[i] = spread > 0 ? (x[i] - mean) / spread : 0;
}

/* Rewards as the learner sees them: asinh((R - median) / median absolute deviation), standardized. A collapsed candidate costs
 * tens of points and says little; the logarithmic tails keep it from drowning the rest. */
static void fill_targets(const double *rewards, double *targets, int n)
{
    double sorted[CRITIC_TRIALS_MAX];
    memcpy(sorted, rewards, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare_doubles);
    double median = sorted[n / 2];
    for (int i = 0; i < n; i++)
        sorted[i] = fabs(rewards[i] - median);
    qsort(sorted, (size_t)n, sizeof *sorted, compare_doubles);
    double spread = sorted[n / 2] > 1e-6 ? sorted[n / 2] : 1e-6;
    for (int i = 0; i < n; i++)
        targets[i] = asinh((rewards[i] - median) / spread);
    standardize(targets, n);
}

/* The results that teach, newest CRITIC_TRIALS_MAX of them, in order. */
struct lessons {
    int n;
    const uint8_t *choices[CRITIC_TRIALS_MAX];
    double rewards[CRITIC_TRIALS_MAX], targets[CRITIC_TRIALS_MAX];
    int trial[CRITIC_TRIALS_MAX];
};

static double worst_reward(const struct agent *a)
{
    double worst = 0;
    bool any = false;
    for (int i = 0; i < a->n_results; i++) {
        const struct trial *t = &a->trials[a->order[i]];
        if (t->outcome == AGENT_MEASURED && (!any || t->reward < worst)) {
            worst = t->reward;
            any = true;
        }
    }
    return worst;
}

static void collect_lessons(const struct agent *a, struct lessons *l)
{
    double worst = worst_reward(a);
    int first = a->n_results > CRITIC_TRIALS_MAX ? a->n_results - CRITIC_TRIALS_MAX : 0;
    l->n = 0;
    for (int i = first; i < a->n_results; i++) {
        int trial = a->order[i];
        const struct trial *t = &a->trials[trial];
        if (t->outcome == AGENT_GIVEN_UP)
            continue;
        l->choices[l->n] = choices_of(a, trial);
        l->rewards[l->n] = t->outcome == AGENT_INFEASIBLE ? worst : t->reward;
        l->trial[l->n++] = trial;
    }
}

/* E over roll-outs of (q - mean q) grad log pi, and the entropy bonus. */
static void add_rollouts(struct agent *a)
{
    int n_slots = a->space->n_slots, n = 0;
    uint8_t rollouts[ROLLOUTS][SPACE_SLOTS_MAX];
    double q[ROLLOUTS], mean = 0;
    for (int i = 0; i < ROLLOUTS; i++)
        if (policy_sample(&a->policy, &a->rng, rollouts[n]) == 0) {
            q[n] = critic_predict(&a->critic, rollouts[n]);
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
        double then = a->trials[l->trial[i]].log_probability;
        double ratio = then < 0 ? exp(policy_log_probability(&a->policy, l->choices[i]) - then) : 0;
        double surprise = l->targets[i] - critic_predict_without(&a->critic, i);
        double weight = (ratio < RATIO_MAX ? ratio : RATIO_MAX) * surprise / (l->n - first);
        policy_gradient(&a->policy, l->choices[i], weight, 0, a->gradient);
    }
}

static void update(struct agent *a)
{
    struct lessons l;
    collect_lessons(a, &l);
    if (l.n < 2)
        return;
    fill_targets(l.rewards, l.targets, l.n);
    critic_fit(&a->critic, l.choices, l.targets, l.n);
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
    int trial = find(a, choices);
    if (trial >= 0 && a->trials[trial].told)
        return error_set(e, "this candidate's result was told before");
    if (trial < 0 && a->n_trials == a->trials_max)
        return error_set(e, "the agent holds %d candidates, which is all it can", a->trials_max);
    if (trial < 0)
        trial = remember(a, choices, 0);
    a->trials[trial].told = 1;
    a->trials[trial].outcome = (uint8_t)outcome;
    a->trials[trial].reward = outcome == AGENT_MEASURED ? reward : 0;
    a->order[a->n_results++] = (uint16_t)trial;
    if (a->config.algorithm == AGENT_POLICY && a->n_results % a->config.batch == 0)
        update(a);
    return 0;
}

int agent_results(const struct agent *a)
{
    return a->n_results;
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

static int state_parts(const struct agent *a, const struct header *h, struct part parts[6])
{
    size_t doubles = (size_t)a->policy.n * sizeof(double);
    parts[0] = (struct part){a->policy.parameters, doubles};
    parts[1] = (struct part){a->policy.m, doubles};
    parts[2] = (struct part){a->policy.v, doubles};
    parts[3] = (struct part){a->trials, (size_t)h->n_trials * sizeof *a->trials};
    parts[4] = (struct part){a->choices, (size_t)h->n_trials * (size_t)a->space->n_slots};
    parts[5] = (struct part){a->order, (size_t)h->n_results * sizeof *a->order};
    return 6;
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
                       .n_trials = a->n_trials, .n_results = a->n_results, .n_updates = a->n_updates,
                       .adam_steps = a->policy.steps};
    struct part parts[6];
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
    if (h->n_trials < 0 || h->n_trials > a->trials_max || h->n_results < 0 || h->n_results > h->n_trials)
        return error_set(e, "the agent's state is damaged: %d candidates, %d results", h->n_trials, h->n_results);
    return 0;
}

static int check_trials(const struct agent *a, const struct part *parts, const char *from, const struct header *h)
{
    const char *choices = from + parts[0].size + parts[1].size + parts[2].size + parts[3].size;
    const char *order = choices + parts[4].size;
    for (size_t i = 0; i < parts[4].size; i++)
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
    struct part parts[6];
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
    a->n_trials = h.n_trials;
    a->n_results = h.n_results;
    a->n_updates = h.n_updates;
    a->policy.steps = h.adam_steps;
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
