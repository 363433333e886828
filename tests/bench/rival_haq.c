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

struct transition {
    float state[STATES], next[STATES], action, reward;
    bool last;
};

struct haq {
    struct problem *p;
    struct mlp actor, critic, actor_target, critic_target;
    struct transition *replay;
    int n, at, capacity;
    double baseline, reference; // moving average of batches; the score of the widest network
    bool has_baseline;
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

static float act(struct haq *h, const float *state, int episode)
{
    if (episode < WARM_UP)
        return (float)rng_uniform(&h->p->rng);
    float mean = squash(mlp_forward(&h->actor, state, 1)[0]);
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

/* Where narrower is not cheaper (a limit of latency) it may find nothing: then one that fits is drawn. */
static void wall(struct problem *p, uint8_t *choices)
{
    for (int rounds = 0; rounds < p->table->n_options && !problem_fits(p, choices); rounds++)
        for (int i = p->table->n_slots - 1; i >= 0 && !problem_fits(p, choices); i--)
            choices[i] -= choices[i] > 0;
    if (!problem_fits(p, choices))
        problem_random(p, choices);
}

struct batch {
    float state[BATCH * STATES], next[BATCH * STATES], reward[BATCH], action[BATCH];
    bool last[BATCH];
};

static void take_batch(struct haq *h, struct batch *b)
{
    double mean = 0;
    for (int i = 0; i < BATCH; i++) {
        const struct transition *t = &h->replay[rng_below(&h->p->rng, (uint32_t)h->n)];
        memcpy(b->state + i * STATES, t->state, sizeof t->state);
        memcpy(b->next + i * STATES, t->next, sizeof t->next);
        b->action[i] = t->action;
        b->reward[i] = t->reward;
        b->last[i] = t->last;
        mean += t->reward / BATCH;
    }
    h->baseline = h->has_baseline ? 0.5 * h->baseline + 0.5 * mean : mean;
    h->has_baseline = true;
}

static const float *critic_of(struct mlp *critic, const float *states, const float *actions)
{
    float input[BATCH * (STATES + 1)];
    for (int i = 0; i < BATCH; i++) {
        memcpy(input + i * (STATES + 1), states + i * STATES, STATES * sizeof *states);
        input[i * (STATES + 1) + STATES] = actions[i];
    }
    return mlp_forward(critic, input, BATCH);
}

static void actions_of(struct mlp *actor, const float *states, float *actions)
{
    const float *raw = mlp_forward(actor, states, BATCH);
    for (int i = 0; i < BATCH; i++)
        actions[i] = squash(raw[i]);
}

static void learn_critic(struct haq *h, const struct batch *b)
{
    float actions[BATCH], target[BATCH], d[BATCH];
    actions_of(&h->actor_target, b->next, actions);
    const float *q = critic_of(&h->critic_target, b->next, actions);
    for (int i = 0; i < BATCH; i++)
        target[i] = b->reward[i] - (float)h->baseline + (b->last[i] ? 0 : q[i]);
    q = critic_of(&h->critic, b->state, b->action);
    for (int i = 0; i < BATCH; i++)
        d[i] = 2 * (q[i] - target[i]) / BATCH;
    mlp_backward(&h->critic, d);
    mlp_descend(&h->critic, CRITIC_RATE);
}

static void learn_actor(struct haq *h, const struct batch *b)
{
    float actions[BATCH], d[BATCH];
    actions_of(&h->actor, b->state, actions);
    critic_of(&h->critic, b->state, actions);
    for (int i = 0; i < BATCH; i++)
        d[i] = -1.0f / BATCH;
    const float *below = mlp_backward(&h->critic, d);
    for (int i = 0; i < BATCH; i++)
        d[i] = below[i * (STATES + 1) + STATES] * actions[i] * (1 - actions[i]);
    mlp_backward(&h->actor, d);
    memset(h->critic.gradient, 0, (size_t)h->critic.n * sizeof(float));
    mlp_descend(&h->actor, ACTOR_RATE);
}

static void learn(struct haq *h)
{
    struct batch b;
    take_batch(h, &b);
    learn_critic(h, &b);
    learn_actor(h, &b);
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
        steps[i].reward = (float)((score - h->reference) * 0.1);
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
    uint8_t widest[TABLE_SLOTS_MAX];
    memset(widest, p->table->n_options - 1, sizeof widest);
    h.reference = problem_score(p, widest, p->table->accuracy[p->table->n_rows - 1]);
    mlp_init(&h.actor, actor, 3, BATCH, &p->rng);
    mlp_init(&h.critic, critic, 3, BATCH, &p->rng);
    mlp_init(&h.actor_target, actor, 3, BATCH, &p->rng);
    mlp_init(&h.critic_target, critic, 3, BATCH, &p->rng);
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
