// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Proposals that the critic picks: among many looks at neighbours of the best results, samples of the policy and a few others.
#include "agent/mind.h"

#include <math.h>
#include <string.h>

#define RESULTS_LEAST 4   // before the critic picks
#define CENTERS 5         // results whose neighbours are looked at
#define CENTERS_FRONT 16  // of a front
#define LOOKS_MOST 2000   // candidates that the critic judges for one proposal
#define LOOKS_LEAST 200
#define LOOK_WORK 20000000 // multiplications that they may take: 20 ms
#define LOOKS_POLICY 8    // one look in so many is a sample of the policy
#define LOOKS_UNIFORM 16  // and one in so many is anything that fits

static void change_one(struct agent *a, uint8_t *choices)
{
    choices[rng_below(&a->rng, (uint32_t)a->space->n_slots)] = (uint8_t)rng_below(&a->rng, (uint32_t)a->space->n_options);
}

static bool look_at(struct agent *a, const int *centers, int n_centers, int i, uint8_t *look)
{
    if (i % LOOKS_POLICY == 0) {
        a->policy.tilt = a->config.goal == AGENT_WHOLE_FRONT ? 2 * rng_uniform(&a->rng) - 1 : 0;
        return policy_sample(&a->policy, &a->rng, look, NULL) == 0;
    }
    if (i % LOOKS_UNIFORM == 1)
        return mind_sample_uniform(a, look) == 0;
    memcpy(look, a->lessons.choices[centers[rng_below(&a->rng, (uint32_t)n_centers)]], (size_t)a->space->n_slots);
    change_one(a, look);
    if (i % 2)
        change_one(a, look);
    return space_fits(a->space, look);
}

static int looks_of(const struct agent *a)
{
    int n = a->lessons.n, looks = LOOK_WORK / (n * (a->space->n_slots + n / 2)) / (a->config.known ? 2 : 1);
    return looks < LOOKS_LEAST ? LOOKS_LEAST : looks > LOOKS_MOST ? LOOKS_MOST : looks;
}

int pool_propose(struct agent *a, uint8_t *choices, float *expected, float *doubt)
{
    if (mind_study(a, false) < RESULTS_LEAST)
        return 1;
    mind_believe(a);
    int centers[CENTERS_FRONT];
    int n = goal_centers(&a->view, centers, a->config.goal == AGENT_WHOLE_FRONT ? CENTERS_FRONT : CENTERS), looks = looks_of(a);
    uint8_t look[SPACE_SLOTS_MAX];
    double most = -INFINITY;
    for (int i = 0; i < looks; i++) {
        struct mind_opinion o;
        if (!look_at(a, centers, n, i, look) || !mind_fits(a, look) || trials_find(&a->trials, look) >= 0)
            continue;
        mind_judge(a, look, &o);
        if (o.gain <= most)
            continue;
        most = o.gain;
        memcpy(choices, look, (size_t)a->space->n_slots);
        *expected = (float)o.expected;
        *doubt = (float)o.doubt;
    }
    return most > -INFINITY ? 0 : 1;
}
