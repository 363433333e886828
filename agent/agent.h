// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The agent: proposes candidates, is told their rewards, and learns where good ones are.
//
// A masked categorical policy (policy.h) decides slot after slot; REINFORCE (Williams 1992) with Adam moves it after every
// batch of results. The baseline is a critic (critic.h), a regression over the results so far, used as a control variate:
//     gradient = E_rollouts[(q - mean q) grad log pi] + mean_results[(R - q_without_this_result) grad log pi]
// so that a bad critic makes learning slower, never wrong. The first proposals are demonstrations (demonstration.h); then every sixth is a
// plain sample of the policy, and the others are picked by the critic, by expected improvement (goal.h), among neighbours of the best
// results, samples of the policy and uniform ones; those teach only the critic. Proposals without a result yet count as if they were as
// predicted, so that several boards are not sent to the same place.
// Pure: no I/O, no clock, no randomness outside its own saved state.
#ifndef PARE_AGENT_AGENT_H
#define PARE_AGENT_AGENT_H

#include "agent/costs.h"
#include "agent/goal.h"
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
    AGENT_UNIFORM,    // every setting for all slots alike, then nothing more
    AGENT_LOCAL,      // local search with random restarts
    AGENT_SENSITIVITY, // solutions of the additive sensitivity problem, then a climb from the best of them
    AGENT_ALGORITHM_COUNT,
};

/* What AGENT_LEAST_COST and AGENT_WHOLE_FRONT weigh against the reward. */
enum agent_cost {
    AGENT_COST_FLASH = 0, // known exactly beforehand, as is the next
    AGENT_COST_RAM,
    AGENT_COST_LATENCY, // told with each result (agent_result_cost), predicted by `costs` and a critic of its own; as is the next
    AGENT_COST_ENERGY,
    AGENT_COST_COUNT,
};

/* Zero in a field takes the default in brackets. */
struct agent_config {
    enum agent_algorithm algorithm;
    uint64_t seed;
    int batch;             // results per update [5]
    double learning_rate;  // of Adam, per update
    double entropy;        // weight of the entropy bonus, in units of the rewards' spread
    enum agent_goal goal;  // the frozen policy and the alternatives know AGENT_BEST_REWARD only
    enum agent_cost cost;
    double floor;          // AGENT_LEAST_COST: the lowest reward that is good enough
    double (*known)(void *user, const uint8_t *choices); // the part of any candidate's reward that needs no measurement (what its size is
    void *user;            // worth): the critic need only learn the rest. NULL: nothing; only with AGENT_BEST_REWARD
    const double *prior;   // [AGENT_PRIOR] that the policy begins with and is held near, less and less; NULL: none
    const struct costs *costs; // what layers cost, which its owner keeps up between calls and tells again after a load; its limit masks. May be NULL
};

const char *agent_algorithm_name(enum agent_algorithm algorithm); // "policy", "frozen", ...

/* A new agent for `space`, which must have passed space_check and outlive it. Returns NULL, with the reason, when out of
 * memory or when the configuration makes no sense. The caller destroys it. */
struct agent *agent_create(const struct space *space, const struct agent_config *config, struct error *e);
void agent_destroy(struct agent *a);

/* What an agent learned that holds for other networks too: what the policy's slots share (POLICY_SHARED). */
#define AGENT_PRIOR 221

#define AGENT_PRIOR_FORMAT 1 // what the numbers of AGENT_PRIOR mean; another number when that changes

/* Takes them from a saved state of any space. Returns the number of results that it had, 0 if the policy never moved, or -1 with the reason. */
int agent_prior(const void *state, size_t size, double prior[AGENT_PRIOR], struct error *e);

/* A result of the same network from elsewhere, before anything is proposed: it teaches and its neighbours are looked at, but it is no answer, and
 * the candidate itself may be proposed. Returns 0, or -1 as agent_result does. */
int agent_import(struct agent *a, const uint8_t *choices, double reward, double cost, struct error *e);

/* The next candidate, as an option index per slot, never one that was proposed or told before. Returns 0; 1 when nothing new
 * was found within the budgets; -1 with the reason when AGENT_TRIALS_MAX are used up. */
int agent_propose(struct agent *a, uint8_t *choices, struct error *e);

/* Whether the latest proposal was a sample of the policy; else it is a neighbour of a known candidate. */
bool agent_sampled(const struct agent *a);

/* Tells the result of a proposal (or of a candidate from elsewhere). After every `batch` results the policy moves. Same state
 * and same results in the same order give the same state, bit for bit, on one build and processor type. Returns 0, or -1 when
 * `reward` is not finite, the choices are not of this space, or AGENT_TRIALS_MAX are used up; the agent is then unchanged. */
int agent_result(struct agent *a, const uint8_t *choices, enum agent_outcome outcome, double reward, struct error *e);

/* The same with the cost that was measured, for AGENT_COST_LATENCY and _ENERGY; 0 else, and where it is not known. */
int agent_result_cost(struct agent *a, const uint8_t *choices, enum agent_outcome outcome, double reward, double cost, struct error *e);

/* How many candidates it can still hold. */
int agent_room(const struct agent *a);

/* Number of results told so far, and of updates of the policy. */
int agent_results(const struct agent *a);
int agent_updates(const struct agent *a);

/* Writes the whole state (policy, moments, generator, trials) into `data` of `capacity` bytes. Returns its size, or -1 when it
 * does not fit (never for capacity >= AGENT_STATE_MAX and a checked space within its limits). */
long agent_save(const struct agent *a, void *data, size_t capacity);

/* Replaces the state of an agent that was created with the same space and configuration. Returns 0, or -1 with the reason
 * (another format, another space, cut short); the agent is then unchanged. */
int agent_load(struct agent *a, const void *data, size_t size, struct error *e);

/* Takes over what the agent's costs have learned. Proposals and updates do by themselves; to be called before what follows is asked. */
void agent_see(struct agent *a);

/* The policy's probabilities per slot and option ([n_slots][n_options], row-major) along the most probable choices, masked. */
void agent_probabilities(const struct agent *a, double *probabilities);

/* Mean entropy per slot of that, in bits: log2(n_options) at most, 0 when the policy has made up its mind. */
double agent_entropy_bits(const struct agent *a);

/* Why a candidate was proposed. */
struct agent_explanation {
    enum agent_origin origin;
    double expected, doubt;   // reward that the critic expected and its standard deviation, when it picked; doubt 0: no opinion
    double probability;       // under the policy of that moment, when it was sampled; else 0
    double preference;        // of cost, 0..1, that it was sampled under (AGENT_WHOLE_FRONT)
    double flash_share, ram_share; // of the budgets; about 0 without one
};

/* Returns 0, or 1 when the candidate is none that the agent knows. */
int agent_explain(const struct agent *a, const uint8_t *choices, struct agent_explanation *x);

const char *agent_origin_name(enum agent_origin origin); // "demonstration", "sample", "pick", ...

#endif
