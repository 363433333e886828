// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// HAQ's search (Wang et al., CVPR 2019): DDPG with a continuous action per slot, and the "action wall" that lowers widths from the
// last slot on until the budget holds. Constants from the authors' code (mit-han-lab/haq); weights only, as the tables are.
#include "tests/bench/mlp.h"
#include "tests/bench/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STATES 4 // log parameters, place, number of slots left, last action: what a table tells; each in 0..1
#define HIDDEN 300
#define ACTOR_RATE 1e-4f
#define CRITIC_RATE 1e-3f
#define WARM_UP 20
#define BATCH 64
#define REPLAY_PER_SLOT 128
#define TARGET_SHARE 0.01f
#define NOISE 0.5
#define NOISE_DECAY 0.99
#define EPISODES 600
#define LAST_LAYER 3e-3f

struct transition {
    float state[STATES], next[STATES], action, reward;
    bool last;
};

struct haq {
    struct problem *p;
    struct mlp actor, critic, actor_target, critic_target;
    struct transition *replay;
    int n, at, capacity;
    double baseline;
};

static float squash(float x)
{
    return 1 / (1 + expf(-x));
}

static void state_of(const struct haq *h, int slot, float last_action, float *state)
{
    const struct table *t = h->p->table;
    double most = 0;
    for (int i = 0; i < t->n_slots; i++)
        most = fmax(most, log(t->weights[i] + 1));
    state[0] = slot < t->n_slots ? (float)(log(t->weights[slot] + 1) / most) : 0;
    state[1] = (float)slot / (float)t->n_slots;
    state[2] = 1 - state[1];
    state[3] = last_action;
}

static float critic_of(struct mlp *m, const float *state, float action)
{
    float input[STATES + 1];
    memcpy(input, state, STATES * sizeof *state);
    input[STATES] = action;
    return mlp_forward(m, input)[0];
}

static float act(struct haq *h, const float *state, int episode)
{
    if (episode < WARM_UP)
        return (float)rng_uniform(&h->p->rng);
    float mean = squash(mlp_forward(&h->actor, state)[0]);
    double sigma = NOISE * pow(NOISE_DECAY, episode - WARM_UP), a;
    do // truncated normal
        a = mean + sigma * rng_normal(&h->p->rng);
    while (a < 0 || a > 1);
    return (float)a;
}

/* round(least - 0.5 + a (most - least + 1)), to the nearest width that the table has. */
static uint8_t option_of(const struct table *t, float action)
{
    double least = t->bits[0], most = t->bits[t->n_options - 1];
    double bits = rint(least - 0.5 + action * (most - least + 1));
    int best = 0;
    for (int o = 1; o < t->n_options; o++)
        if (fabs(t->bits[o] - bits) < fabs(t->bits[best] - bits))
            best = o;
    return (uint8_t)best;
}

static void wall(const struct problem *p, uint8_t *choices)
{
    while (!problem_fits(p, choices))
        for (int i = p->table->n_slots - 1; i >= 0 && !problem_fits(p, choices); i--)
            choices[i] -= choices[i] > 0;
}

static void learn_critic(struct haq *h, const struct transition *b)
{
    float next_action = squash(mlp_forward(&h->actor_target, b->next)[0]);
    float target = b->reward - (float)h->baseline + (b->last ? 0 : critic_of(&h->critic_target, b->next, next_action));
    float d = 2 * (critic_of(&h->critic, b->state, b->action) - target) / BATCH;
    mlp_backward(&h->critic, &d);
}

static void learn_actor(struct haq *h, const struct transition *b)
{
    float action = squash(mlp_forward(&h->actor, b->state)[0]), up = -1.0f / BATCH;
    critic_of(&h->critic, b->state, action);
    float d = mlp_backward(&h->critic, &up)[STATES] * action * (1 - action);
    mlp_backward(&h->actor, &d);
}

static void learn(struct haq *h)
{
    struct transition *batch[BATCH];
    double mean = 0;
    for (int i = 0; i < BATCH; i++) {
        batch[i] = &h->replay[rng_below(&h->p->rng, (uint32_t)h->n)];
        mean += batch[i]->reward / BATCH;
    }
    h->baseline = h->baseline == 0 ? mean : 0.5 * h->baseline + 0.5 * mean;
    for (int i = 0; i < BATCH; i++)
        learn_critic(h, batch[i]);
    mlp_descend(&h->critic, CRITIC_RATE);
    for (int i = 0; i < BATCH; i++)
        learn_actor(h, batch[i]);
    memset(h->critic.gradient, 0, (size_t)h->critic.n * sizeof(float));
    mlp_descend(&h->actor, ACTOR_RATE);
    mlp_copy(&h->actor_target, &h->actor, TARGET_SHARE);
    mlp_copy(&h->critic_target, &h->critic, TARGET_SHARE);
}

static void remember(struct haq *h, const struct transition *t)
{
    h->replay[h->at] = *t;
    h->at = (h->at + 1) % h->capacity;
    h->n += h->n < h->capacity;
}

static void run_episode(struct haq *h, int episode)
{
    struct problem *p = h->p;
    struct transition steps[TABLE_SLOTS_MAX];
    uint8_t choices[TABLE_SLOTS_MAX];
    float last = 1;
    int n = p->table->n_slots;
    for (int i = 0; i < n; i++) {
        state_of(h, i, last, steps[i].state);
        last = steps[i].action = act(h, steps[i].state, episode);
        choices[i] = option_of(p->table, last);
        state_of(h, i + 1, last, steps[i].next);
        steps[i].last = i == n - 1;
    }
    wall(p, choices);
    double score = problem_score(p, choices, problem_measure(p, choices));
    for (int i = 0; i < n; i++) { // the action before the wall, and the final reward at every step: as theirs
        steps[i].reward = (float)((score - p->table->accuracy[p->table->n_rows - 1]) * 0.1);
        remember(h, &steps[i]);
        if (episode >= WARM_UP)
            learn(h);
    }
}

void rival_haq(struct problem *p)
{
    const int actor[] = {STATES, HIDDEN, HIDDEN, 1}, critic[] = {STATES + 1, HIDDEN, HIDDEN, 1};
    struct haq h = {.p = p, .capacity = REPLAY_PER_SLOT * p->table->n_slots};
    h.replay = calloc((size_t)h.capacity, sizeof *h.replay);
    mlp_init(&h.actor, actor, 3, LAST_LAYER, &p->rng);
    mlp_init(&h.critic, critic, 3, LAST_LAYER, &p->rng);
    mlp_init(&h.actor_target, actor, 3, LAST_LAYER, &p->rng);
    mlp_init(&h.critic_target, critic, 3, LAST_LAYER, &p->rng);
    mlp_copy(&h.actor_target, &h.actor, 1);
    mlp_copy(&h.critic_target, &h.critic, 1);
    for (int episode = 0; episode < EPISODES && !problem_is_over(p); episode++)
        run_episode(&h, episode);
    mlp_finish(&h.actor);
    mlp_finish(&h.critic);
    mlp_finish(&h.actor_target);
    mlp_finish(&h.critic_target);
    free(h.replay);
}
