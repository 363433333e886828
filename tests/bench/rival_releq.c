// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ReLeQ's agent (Elthakeb et al., IEEE Micro 2020; he-actlab/releq): PPO as their code has it, which updates on one transition per
// slot with the old policy assigned just before, so that the ratio is 1 and nothing is bootstrapped. Their MLP policy; every slot's
// action is measured with the widths that stand at that moment.
#include "tests/bench/mlp.h"
#include "tests/bench/problem.h"

#include <math.h>
#include <string.h>

#define STATES 8
#define HIDDEN 128
#define HIDDEN_VALUE 64
#define TEMPERATURE 0.5f
#define RATE 1e-4f
#define ENTROPY 0.01f
#define EPISODES 2000

struct releq {
    struct problem *p;
    struct mlp policy, value;
    uint8_t choices[TABLE_SLOTS_MAX];
    double accuracy;
};

static void state_of(const struct releq *r, int slot, float *state)
{
    const struct table *t = r->p->table;
    float mean = 0;
    for (int i = 0; i < t->n_slots; i++)
        mean += (float)t->bits[r->choices[i]] / 8 / (float)t->n_slots;
    memset(state, 0, STATES * sizeof *state);
    state[0] = (float)slot / (float)t->n_slots;
    state[1] = (float)t->bits[r->choices[slot]] / 8;
    state[2] = mean;
    state[3] = (float)(r->accuracy / 100);
    state[4] = (float)(log(t->weights[slot] + 1) / 15);
    state[5] = 1;
}

static void probabilities_of(struct releq *r, const float *state, float *q)
{
    int k = r->p->table->n_options;
    const float *logits = mlp_forward(&r->policy, state, 1);
    float largest = logits[0], sum = 0;
    for (int o = 1; o < k; o++)
        largest = fmaxf(largest, logits[o]);
    for (int o = 0; o < k; o++)
        sum += q[o] = expf((logits[o] - largest) / TEMPERATURE);
    for (int o = 0; o < k; o++)
        q[o] /= sum;
}

static uint8_t draw(struct releq *r, const float *q)
{
    double u = rng_uniform(&r->p->rng);
    int o = 0;
    while (o < r->p->table->n_options - 1 && (u -= q[o]) >= 0)
        o++;
    return (uint8_t)o;
}

static void learn(struct releq *r, const float *state, const float *q, int action, float reward)
{
    int k = r->p->table->n_options;
    float value = mlp_forward(&r->value, state, 1)[0], advantage = reward - value, entropy = 0, d[TABLE_OPTIONS_MAX];
    for (int o = 0; o < k; o++)
        entropy -= q[o] > 0 ? q[o] * logf(q[o]) : 0;
    for (int o = 0; o < k; o++)
        d[o] = (-advantage * ((float)(o == action) - q[o]) + ENTROPY * q[o] * (logf(q[o] + 1e-20f) + entropy)) / TEMPERATURE;
    float d_value = 2 * (value - reward);
    mlp_backward(&r->policy, d);
    mlp_backward(&r->value, &d_value);
    mlp_descend(&r->policy, RATE);
    mlp_descend(&r->value, RATE);
}

/* Beyond the budget nothing is measured (size is analytic) and the reward is ReLeQ's own for a useless network. */
static float reward_of(struct releq *r)
{
    if (!problem_fits(r->p, r->choices))
        return -1;
    r->accuracy = problem_measure(r->p, r->choices);
    double score = problem_score(r->p, r->choices, r->accuracy);
    return (float)(r->p->task == TASK_RELEQ ? score : score / 100);
}

void rival_releq(struct problem *p)
{
    const int policy[] = {STATES, HIDDEN, HIDDEN, p->table->n_options}, value[] = {STATES, HIDDEN, HIDDEN_VALUE, 1};
    struct releq r = {.p = p, .accuracy = 100};
    mlp_init(&r.policy, policy, 3, 1, &p->rng);
    mlp_init(&r.value, value, 3, 1, &p->rng);
    for (int episode = 0; episode < EPISODES && !problem_is_over(p); episode++) {
        memset(r.choices, p->table->n_options - 1, sizeof r.choices);
        r.accuracy = 100;
        for (int slot = 0; slot < p->table->n_slots; slot++) {
            float state[STATES], q[TABLE_OPTIONS_MAX];
            state_of(&r, slot, state);
            probabilities_of(&r, state, q);
            r.choices[slot] = draw(&r, q);
            learn(&r, state, q, r.choices[slot], reward_of(&r));
        }
    }
    mlp_finish(&r.policy);
    mlp_finish(&r.value);
}
