// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The agent: proposes candidates, is told their rewards, and learns where good ones are.
//
// A masked categorical policy (policy.h) decides slot after slot; REINFORCE (Williams 1992) with Adam moves it after every
// batch of results. The baseline is a critic (critic.h), a regression over the results so far, used as a control variate:
//     gradient = E_rollouts[(q - mean q) grad log pi] + mean_results[(R - q_without_this_result) grad log pi]
// so that a bad critic makes learning slower, never wrong. Every second proposal is a sample of the policy; the others are
// neighbours of the best results, picked by the critic, and teach only the critic. Pure: no I/O, no clock, no randomness outside its own saved state.
#ifndef PARE_AGENT_AGENT_H
#define PARE_AGENT_AGENT_H

#include "agent/space.h"
#include "agent/trials.h"

#include <stddef.h>

#define AGENT_STATE_MAX (256 * 1024) // bytes of a saved agent
#define AGENT_TRIALS_MAX 2000        // results that one agent takes; a week on one board

struct agent;

enum agent_algorithm {
    AGENT_POLICY = 0, // learns
    AGENT_FROZEN,     // the same policy, never updated
    AGENT_RANDOM,     // uniform over what the masks allow
    AGENT_ALGORITHM_COUNT,
};

/* Zero in a field takes the default in brackets. */
struct agent_config {
    enum agent_algorithm algorithm;
    uint64_t seed;
    int batch;             // results per update [5]
    double learning_rate;  // of Adam, per update
    double entropy;        // weight of the entropy bonus, in units of the rewards' spread
};

const char *agent_algorithm_name(enum agent_algorithm algorithm); // "policy", "frozen", "random"

/* A new agent for `space`, which must have passed space_check and outlive it. Returns NULL, with the reason, when out of
 * memory or when the configuration makes no sense. The caller destroys it. */
struct agent *agent_create(const struct space *space, const struct agent_config *config, struct error *e);
void agent_destroy(struct agent *a);

/* The next candidate, as an option index per slot, never one that was proposed or told before. Returns 0; 1 when nothing new
 * was found within the budgets; -1 with the reason when AGENT_TRIALS_MAX are used up. */
int agent_propose(struct agent *a, uint8_t *choices, struct error *e);

/* Whether the latest proposal was a sample of the policy; else it is a neighbour of a known candidate. */
bool agent_sampled(const struct agent *a);

/* Tells the result of a proposal (or of a candidate from elsewhere). After every `batch` results the policy moves. Same state
 * and same results in the same order give the same state, bit for bit, on one build and processor type. Returns 0, or -1 when
 * `reward` is not finite, the choices are not of this space, or AGENT_TRIALS_MAX are used up; the agent is then unchanged. */
int agent_result(struct agent *a, const uint8_t *choices, enum agent_outcome outcome, double reward, struct error *e);

/* Number of results told so far, and of updates of the policy. */
int agent_results(const struct agent *a);
int agent_updates(const struct agent *a);

/* Writes the whole state (policy, moments, generator, trials) into `data` of `capacity` bytes. Returns its size, or -1 when it
 * does not fit (never for capacity >= AGENT_STATE_MAX and a checked space within its limits). */
long agent_save(const struct agent *a, void *data, size_t capacity);

/* Replaces the state of an agent that was created with the same space and configuration. Returns 0, or -1 with the reason
 * (another format, another space, cut short); the agent is then unchanged. */
int agent_load(struct agent *a, const void *data, size_t size, struct error *e);

/* The policy's probabilities per slot and option ([n_slots][n_options], row-major) along the most probable choices, masked. */
void agent_probabilities(const struct agent *a, double *probabilities);

/* Mean entropy per slot of that, in bits: log2(n_options) at most, 0 when the policy has made up its mind. */
double agent_entropy_bits(const struct agent *a);

#endif
