// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One proposal and one update of an agent that knows 1,000 results of 60 slots with 12 options: what agent_step.sh counts the instructions of.
// With a number, so many of them: `time agent_step 200`.
#include "agent/agent.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS 60
#define RESULTS 1000

static void make_space(struct space *s)
{
    static const int widths[] = {2, 3, 4, 5, 6, 8};
    s->n_slots = SLOTS;
    for (int o = 0; o < 12; o++)
        s->options[s->n_options++] = (struct setting){(uint8_t)widths[o / 2], o % 2 ? 8 : 4, SCHEME_UNIFORM};
    for (int i = 0; i < SLOTS; i++) {
        s->slots[i] = (struct space_slot){.allowed = 0xfff, .parameters = 100 * (1 + i * 7 % 13), .macs = 1e5};
        for (int o = 0; o < 12; o++) {
            s->slots[i].flash_bytes[o] = (int64_t)(s->slots[i].parameters * s->options[o].w_bits / 8);
            s->slots[i].sensitivity[o] = pow(4, -s->options[o].w_bits) + pow(4, -s->options[o].a_bits);
        }
        s->flash_budget_bytes += (int64_t)(0.6 * s->slots[i].parameters);
        s->steps[i] = (struct space_step){.n = 2, .slot = {(uint16_t)i, (uint16_t)(i ? i - 1 : 0)}, .slot_bytes = {4000, 4000}};
    }
    s->n_steps = SLOTS;
    s->ram_budget_bytes = 7000;
}

static double reward_of(const struct space *s, const uint8_t *choices)
{
    double lost = 0;
    for (int i = 0; i < SLOTS; i++)
        lost += pow(2, -s->options[choices[i]].w_bits) * (1 + i % 5) + (i ? pow(2, -s->options[choices[i - 1]].a_bits) : 0);
    return -lost;
}

/* Random candidates teach a frozen agent cheaply; the learning one takes over its state. */
static struct agent *experienced(const struct space *s)
{
    struct agent_config config = {.algorithm = AGENT_RANDOM, .batch = 1};
    struct agent *random = agent_create(s, &config, NULL);
    config.algorithm = AGENT_POLICY;
    struct agent *a = agent_create(s, &config, NULL);
    static char state[AGENT_STATE_MAX];
    uint8_t choices[SPACE_SLOTS_MAX];
    for (int i = 0; i < RESULTS; i++)
        if (agent_propose(random, choices, NULL) || agent_result(random, choices, AGENT_MEASURED, reward_of(s, choices), NULL))
            abort();
    if (agent_load(a, state, (size_t)agent_save(random, state, sizeof state), NULL))
        abort();
    agent_destroy(random);
    return a;
}

__attribute__((noinline)) int step_that_is_counted(struct agent *a, const struct space *s);

int step_that_is_counted(struct agent *a, const struct space *s)
{
    uint8_t choices[SPACE_SLOTS_MAX];
    if (agent_propose(a, choices, NULL))
        return -1;
    return agent_result(a, choices, AGENT_MEASURED, reward_of(s, choices), NULL);
}

int main(int argc, char **argv)
{
    int rc = 0;
    struct space *s = calloc(1, sizeof *s);
    make_space(s);
    if (space_check(s, NULL))
        return 1;
    struct agent *a = experienced(s);
    for (int n = argc > 1 ? atoi(argv[1]) : 1; n > 0 && rc == 0; n--)
        rc = step_that_is_counted(a, s);
    printf("%d results, %d update\n", agent_results(a), agent_updates(a));
    agent_destroy(a);
    free(s);
    return rc ? 1 : 0;
}
