// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One run of one algorithm on a table: counts distinct measurements, which are the currency, and notes how good the best so far is.
#ifndef PARE_TESTS_BENCH_PROBLEM_H
#define PARE_TESTS_BENCH_PROBLEM_H

#include "base/rng.h"
#include "tests/bench/table.h"

#define PROBLEM_LAST_MARK 100 // measurements after which regret is last looked at

enum task {
    TASK_BUDGET = 0, // highest accuracy within a size
    TASK_RELEQ,      // ReLeQ's reward (Elthakeb et al. 2020): short and accurate in one number
    TASK_FRONT,      // the hypervolume of size and accuracy
};

/* What the agent is told of sensitivities before it begins. */
enum prior {
    PRIOR_NOMINAL = 0, // 4^-bits, what a quantizer's step says by itself: nothing is measured
    PRIOR_FLAT,        // nothing
    PRIOR_SHUFFLED,    // something wrong: each slot's nominal ones in random order
};

/* A whole study around a run (loop-bench): it looks at every new measurement, knows what else keeps a candidate from fitting, and what
 * one that was measured is worth. */
struct problem_study {
    void *user;
    void (*measured)(void *user, const uint8_t *choices);
    bool (*fits)(void *user, const uint8_t *choices);
    double (*score)(void *user, const uint8_t *choices); // in TASK_BUDGET
};

struct problem {
    const struct table *table;
    const struct problem_study *study; // NULL: only the table counts
    enum task task;
    double size_limit; // bits
    int limit;         // distinct measurements that a run may take
    enum prior prior;
    const double *policy; // [AGENT_PRIOR] that the agent takes over from runs on other tables; NULL: none
    double *learned;      // [AGENT_PRIOR] that a run of the agent leaves for others; NULL: nobody asks
    double within;     // a run may end after PROBLEM_LAST_MARK when it has reached this: nothing later is reported
    struct rng rng;    // the run's own
    double preference; // in the front task: weight of accuracy against size in problem_score, 0..1; 1 at first

    double best_possible, median; // of what is measured and fits: known to the bench, never to an algorithm
    double hypervolume;           // of the whole table
    int n_fitting;

    bool *known;    // [n_rows]
    int measured;   // so far
    double *trace;  // [limit + 1] best score, or share of the hypervolume, after so many measurements
    double *stairs; // working space: accuracy by size
};

int problem_init(struct problem *p, const struct table *t, enum task task, double size, double within, int limit,
                 struct error *e);
void problem_finish(struct problem *p);

/* Begins a run. */
void problem_start(struct problem *p, uint64_t seed);

/* Size is analytic, so that this is free for everyone. */
bool problem_fits(const struct problem *p, const uint8_t *choices);

/* The accuracy of a configuration that fits; known ones are free. */
double problem_measure(struct problem *p, const uint8_t *choices);
/* Counts a measurement that is no answer to the task. */
void problem_spend(struct problem *p, const uint8_t *choices);
bool problem_is_known(const struct problem *p, const uint8_t *choices);
bool problem_is_over(const struct problem *p); // the budget is used, or everything that fits is known

/* What a single-objective algorithm maximizes, from an accuracy. In the front task: augmented Chebyshev (Knowles 2006) of the shares that
 * accuracy and size lose, under p->preference, which algorithms draw anew for every restart or comparison as in uNAS. */
double problem_score(const struct problem *p, const uint8_t *choices, double accuracy);

/* In the releq task: the factor of the reward, 0..1, that follows from size alone. */
double problem_size_worth(const struct problem *p, const uint8_t *choices);

void problem_random(struct problem *p, uint8_t *choices); // uniform over what fits

/* Measurements until the score is within p->within of the best (front: the share of the hypervolume is at least that), or -1. */
int problem_reached(const struct problem *p);

/* Simple regret after n measurements, in units of the distance between the best and the median; 1 before anything that fits. */
double problem_regret(const struct problem *p, int n);

/* A way to search. */
struct rival {
    const char *name;
    void (*run)(struct problem *p);
    bool one_objective; // has no mode for the front
};

extern const struct rival rivals[]; // ends with a NULL name

void rival_agent(struct problem *p);
void rival_agent_random(struct problem *p);
void rival_agent_frozen(struct problem *p);
void rival_local(struct problem *p);
void rival_evolution(struct problem *p);
void rival_nsga2(struct problem *p);
void rival_tpe(struct problem *p);
void rival_haq(struct problem *p);
void rival_releq(struct problem *p);
void rival_sensitivity(struct problem *p);

#endif
