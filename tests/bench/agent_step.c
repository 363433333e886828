// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One proposal and one update of an agent that knows 1,000 results of 60 slots with 12 options, with a table of costs whose limit of latency
// masks: what agent_step.sh counts the instructions of.
// With a number, so many of them: `time agent_step 200`.
#include "agent/agent.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 60
#define RESULTS 1000
#define AROUND 5000 // cycles outside of layers
#define LIMIT 1.22 // of w8a8's cycles

static struct costs costs; // what every result teaches too

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

/* Made-up cycles of a layer: some widths are slower than w8a8. */
static int64_t layer_cycles(const struct setting *s, int layer)
{
    return llround(1000 * (100 + layer * 37 % 101) * (1 + 0.1 * (s->w_bits % 4) + (s->a_bits == 4 ? 0.15 : 0)));
}

static void make_costs(const struct space *s)
{
    struct costs_layer layers[SLOTS];
    double int8 = AROUND;
    for (int i = 0; i < SLOTS; i++) {
        layers[i] = (struct costs_layer){.slot = i, .input_slot = i - 1, .kind = (uint32_t)i % 6, .shape = (uint64_t)i};
        int8 += (double)layer_cycles(&(struct setting){8, 8, SCHEME_UNIFORM}, i);
    }
    if (costs_init(&costs, s, layers, SLOTS))
        abort();
    costs_limit(&costs, LIMIT * int8, 0);
}

static void tell_costs(const struct space *s, const uint8_t *choices)
{
    int64_t each[SLOTS], sum = AROUND;
    for (int i = 0; i < SLOTS; i++)
        sum += each[i] = layer_cycles(&s->options[choices[i]], i);
    costs_tell(&costs, choices, each, sum, 0);
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
    make_costs(s);
    struct agent *random = agent_create(s, &config, NULL);
    config.algorithm = AGENT_POLICY;
    config.costs = &costs;
    struct agent *a = agent_create(s, &config, NULL);
    static char state[AGENT_STATE_MAX];
    uint8_t choices[SPACE_SLOTS_MAX];
    memset(choices, s->n_options - 1, sizeof choices);
    tell_costs(s, choices); // the baseline, w8a8
    for (int i = 0; i < RESULTS; i++) {
        if (agent_propose(random, choices, NULL) || agent_result(random, choices, AGENT_MEASURED, reward_of(s, choices), NULL))
            abort();
        tell_costs(s, choices);
    }
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
    tell_costs(s, choices);
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
    size_t bytes = mallinfo2().uordblks + mallinfo2().hblkhd;
    printf("%d results, %d update, the limit of latency %s, %.1f MiB\n", agent_results(a), agent_updates(a), costs.bounds ? "binds" : "does not bind",
           (double)bytes / (1 << 20));
    agent_destroy(a);
    costs_finish(&costs);
    free(s);
    return rc ? 1 : 0;
}
