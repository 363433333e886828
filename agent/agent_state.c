// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// An agent's state as bytes: everything that a continued study needs, and nothing that follows from it.
#include "agent/mind.h"

#include <math.h>
#include <string.h>

#define STATE_MAGIC 0x544e4741u // "AGNT"
#define STATE_VERSION 7u
#define PARTS 9

struct header {
    uint32_t magic, version;
    uint64_t space_hash; // of n_slots, n_options and the options
    struct rng rng;
    int32_t n_trials, n_results, n_updates, adam_steps, climb_from, cells;
};

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

static int state_parts(const struct agent *a, const struct header *h, struct part parts[PARTS])
{
    size_t doubles = (size_t)a->policy.n * sizeof(double);
    parts[0] = (struct part){a->policy.parameters, doubles};
    parts[1] = (struct part){a->policy.m, doubles};
    parts[2] = (struct part){a->policy.v, doubles};
    parts[3] = (struct part){a->critic.tuning, sizeof *a->critic.tuning};
    parts[4] = (struct part){a->cost_critic.tuning, a->cost_critic.tuning ? sizeof *a->cost_critic.tuning : 0};
    parts[8] = (struct part){a->whole_critic.tuning, a->whole_critic.tuning ? sizeof *a->whole_critic.tuning : 0};
    parts[5] = (struct part){a->trials.trial, (size_t)h->n_trials * sizeof *a->trials.trial};
    parts[6] = (struct part){a->trials.choices, (size_t)h->n_trials * (size_t)a->space->n_slots};
    parts[7] = (struct part){a->trials.order, (size_t)h->n_results * sizeof *a->trials.order};
    return PARTS;
}

static size_t state_bytes(const struct part *parts, int n)
{
    size_t size = sizeof(struct header);
    for (int i = 0; i < n; i++)
        size += parts[i].size;
    return size;
}

size_t mind_fixed_bytes(const struct agent *a)
{
    struct part parts[PARTS];
    return state_bytes(parts, state_parts(a, &(struct header){0}, parts));
}

long agent_save(const struct agent *a, void *data, size_t capacity)
{
    struct header h = {.magic = STATE_MAGIC, .version = STATE_VERSION, .space_hash = space_hash(a->space), .rng = a->rng,
                       .n_trials = a->trials.n, .n_results = a->trials.n_results, .n_updates = a->n_updates,
                       .adam_steps = a->policy.steps, .climb_from = a->climb_from, .cells = a->space->n_slots * a->space->n_options};
    struct part parts[PARTS];
    int n = state_parts(a, &h, parts);
    if (state_bytes(parts, n) > capacity)
        return -1;
    char *to = data;
    memcpy(to, &h, sizeof h);
    to += sizeof h;
    for (int i = 0; i < n; to += parts[i++].size)
        if (parts[i].size)
            memcpy(to, parts[i].data, parts[i].size);
    return to - (char *)data;
}

static int check_header(const struct agent *a, const struct header *h, struct error *e)
{
    if (h->magic != STATE_MAGIC || h->version != STATE_VERSION)
        return error_set(e, "not an agent's state of format %u", STATE_VERSION);
    if (h->space_hash != space_hash(a->space))
        return error_set(e, "the agent's state belongs to another search space");
    if (h->climb_from < 0 || h->climb_from > AGENT_TRIALS_MAX || h->n_trials < 0 || h->n_trials > a->trials.max || h->n_results < 0 || h->n_results > h->n_trials)
        return error_set(e, "the agent's state is damaged: %d candidates, %d results", h->n_trials, h->n_results);
    return 0;
}

static int check_trials(const struct agent *a, const struct part *parts, const char *from, const struct header *h)
{
    const char *choices = from;
    for (int i = 0; i < 6; i++)
        choices += parts[i].size;
    const char *order = choices + parts[6].size;
    for (size_t i = 0; i < parts[6].size; i++)
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

int agent_prior(const void *state, size_t size, double prior[AGENT_PRIOR], struct error *e)
{
    struct header h;
    if (size < sizeof h)
        return error_set(e, "the agent's state is cut short");
    memcpy(&h, state, sizeof h);
    if (h.magic != STATE_MAGIC || h.version != STATE_VERSION || h.cells <= 0)
        return error_set(e, "not an agent's state of format %u", STATE_VERSION);
    size_t at = sizeof h + (size_t)h.cells * sizeof(double);
    if (size < at + AGENT_PRIOR * sizeof(double))
        return error_set(e, "the agent's state is cut short");
    memcpy(prior, (const char *)state + at, AGENT_PRIOR * sizeof(double));
    for (int i = 0; i < AGENT_PRIOR; i++)
        if (!isfinite(prior[i]))
            return error_set(e, "the agent's state is damaged: a weight that is no number");
    return h.n_updates > 0 ? h.n_results : 0;
}

int agent_load(struct agent *a, const void *data, size_t size, struct error *e)
{
    struct header h;
    struct part parts[PARTS];
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
        if (parts[i].size)
            memcpy(parts[i].data, from, parts[i].size);
    a->rng = h.rng;
    a->trials.n = h.n_trials;
    a->trials.n_results = h.n_results;
    a->n_updates = h.n_updates;
    a->policy.steps = h.adam_steps;
    a->climb_from = h.climb_from;
    policy_see(&a->policy);
    return 0;
}
