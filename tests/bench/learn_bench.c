// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Does it learn? The agent, its policy frozen at the start, random search and solutions of host sensitivities on a network, measured by the
// integer evaluator; and, with AFTER, does it learn from other networks? The agent that begins with the policy of studies of those, one after
// the other, against one that begins with nothing.
// usage: learn-bench SOURCE_ROOT [SEEDS [TRIALS [SAMPLES [NETWORK [AFTER,...]]]]], NETWORK and AFTER "demo" or one of configs/zoo. Figures: docs/agent.md.
#include "agent/agent.h"
#include "agent/reward.h"
#include "base/rng.h"
#include "tests/bench/subject.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS_MAX 200
#define CACHE_MAX (1 << 16)
#define BOOTSTRAPS 10000

struct measured {
    uint64_t hash;
    struct subject_figures figures;
    bool there;
};

static struct subject subject;
static struct subject_figures int8;
static struct measured cache[CACHE_MAX];
static int evaluations;
static double taken_over[AGENT_PRIOR]; // what was learned of other networks

static void die(const struct error *e)
{
    fprintf(stderr, "learn-bench: %s\n", e->text);
    exit(1);
}

/* Each candidate is evaluated once, however many runs ask for it. */
static struct subject_figures measure(const struct candidate *c)
{
    struct error e = {""};
    uint64_t hash = candidate_hash(c);
    struct measured *m = &cache[hash % CACHE_MAX];
    while (m->there && m->hash != hash)
        m = m == cache + CACHE_MAX - 1 ? cache : m + 1;
    if (!m->there) {
        if (subject_measure(&subject, c, &m->figures, &e) != 0 || ++evaluations == CACHE_MAX)
            die(&e);
        m->hash = hash;
        m->there = true;
    }
    return m->figures;
}

/* As a study with "objective": {"flash": 1} would have it: points of accuracy, one for a halving of the flash. */
static double reward(const struct subject_figures *f)
{
    struct reward_figures one = {.correct = f->correct, .total = f->total, .flash_bytes = f->flash_bytes};
    struct reward_figures reference = {.correct = int8.correct, .total = int8.total, .flash_bytes = int8.flash_bytes};
    return reward_of(&one, &reference, &(struct reward_weights){.flash = 1});
}

/* What its size is worth, as a study knows it. */
static double known(void *user, const uint8_t *choices)
{
    struct subject_figures f = {.correct = int8.correct, .total = int8.total, .flash_bytes = space_flash_bytes(user, choices)};
    return reward(&f);
}

#define FIRST_SAMPLES 20
#define MARKS 6
static const int marks[MARKS] = {1, 5, 10, 20, 40, 60};

/* What one run showed: mean rewards of the first and last third's samples of the policy, of all its candidates, the best, and the best after marks[]. */
struct run {
    double first_samples, last_samples, first_all, last_all, best, best_after[MARKS];
};

static void keep_policy(const struct agent *a)
{
    static char state[AGENT_STATE_MAX];
    struct error e = {""};
    if (agent_prior(state, (size_t)agent_save(a, state, sizeof state), taken_over, &e) < 0)
        die(&e);
}

/* `prior` (may be NULL) is what it begins with; what it learns is in `taken_over` if `keeps`. */
static struct run run(enum agent_algorithm algorithm, uint64_t seed, int trials, const double *prior, bool keeps)
{
    struct agent_config config = {.algorithm = algorithm, .seed = seed, .known = known, .user = &subject.space, .prior = prior};
    struct run result = {0};
    struct error e = {""};
    struct agent *a = agent_create(&subject.space, &config, &e);
    double samples[3] = {0}, all[3] = {0}, best = -INFINITY;
    int n_samples[3] = {0}, n_all[3] = {0};
    for (int t = 0; a && t < trials; t++) {
        uint8_t choices[SPACE_SLOTS_MAX];
        struct candidate c;
        if (agent_propose(a, choices, &e) != 0)
            die(&e);
        space_candidate(&subject.space, choices, &c);
        struct subject_figures f = measure(&c);
        double r = reward(&f);
        int third = 3 * t / trials;
        if (agent_sampled(a)) {
            samples[third] += r;
            n_samples[third]++;
        }
        all[third] += r;
        n_all[third]++;
        best = fmax(best, r);
        for (int m = 0; m < MARKS; m++)
            if (t < marks[m])
                result.best_after[m] = best;
        if (agent_result(a, choices, AGENT_MEASURED, r, &e) != 0)
            die(&e);
    }
    if (!a)
        die(&e);
    if (keeps)
        keep_policy(a);
    agent_destroy(a);
    result.first_samples = samples[0] / fmax(1, n_samples[0]);
    result.last_samples = samples[2] / fmax(1, n_samples[2]);
    result.first_all = all[0] / fmax(1, n_all[0]);
    result.last_all = all[2] / fmax(1, n_all[2]);
    result.best = best;
    return result;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mean of n values with its 95 % bootstrap interval (percentile method). */
static void print_mean(const char *what, const double *x, int n)
{
    static double means[BOOTSTRAPS];
    struct rng r;
    double mean = 0;
    rng_seed(&r, 1, 1);
    for (int i = 0; i < n; i++)
        mean += x[i] / n;
    for (int b = 0; b < BOOTSTRAPS; b++) {
        means[b] = 0;
        for (int i = 0; i < n; i++)
            means[b] += x[rng_below(&r, (uint32_t)n)] / n;
    }
    qsort(means, BOOTSTRAPS, sizeof *means, compare_doubles);
    printf("%-58s %+.3f (%+.3f..%+.3f)\n", what, mean, means[BOOTSTRAPS / 40], means[BOOTSTRAPS - 1 - BOOTSTRAPS / 40]);
}

static void compare(int seeds, int trials)
{
    static double samples[SEEDS_MAX], all[SEEDS_MAX], frozen_samples[SEEDS_MAX], over_random[SEEDS_MAX], over_frozen[SEEDS_MAX],
        over_sensitivity[SEEDS_MAX], best[SEEDS_MAX];
    for (int i = 0; i < seeds; i++) {
        struct run policy = run(AGENT_POLICY, (uint64_t)i + 1, trials, NULL, false), frozen = run(AGENT_FROZEN, (uint64_t)i + 1, trials, NULL, false),
                   random = run(AGENT_RANDOM, (uint64_t)i + 1, trials, NULL, false),
                   sensitivity = run(AGENT_SENSITIVITY, (uint64_t)i + 1, trials, NULL, false);
        samples[i] = policy.last_samples - policy.first_samples;
        all[i] = policy.last_all - policy.first_all;
        frozen_samples[i] = frozen.last_samples - frozen.first_samples;
        over_random[i] = policy.best - random.best;
        over_frozen[i] = policy.best - frozen.best;
        over_sensitivity[i] = policy.best - sensitivity.best;
        best[i] = policy.best;
    }
    printf("%d seeds, %d trials each, %d evaluations of %d samples; rewards in points of accuracy\n", seeds, trials, evaluations,
           subject.n_samples);
    print_mean("samples of the policy, last third over first", samples, seeds);
    print_mean("all candidates, last third over first", all, seeds);
    print_mean("samples of the frozen policy, last third over first", frozen_samples, seeds);
    print_mean("best reward", best, seeds);
    print_mean("best reward over random search's", over_random, seeds);
    print_mean("best reward over the frozen policy's", over_frozen, seeds);
    print_mean("best reward over that of host sensitivities", over_sensitivity, seeds);
}

/* Mean reward of samples of a policy that has seen nothing of this network. */
static double first_samples(const double *prior)
{
    double sum = 0;
    for (int n = 0; n < FIRST_SAMPLES; n++) {
        struct agent_config config = {.algorithm = AGENT_FROZEN, .seed = (uint64_t)n + 1, .prior = prior};
        struct error e = {""};
        struct candidate c;
        uint8_t choices[SPACE_SLOTS_MAX];
        struct agent *a = agent_create(&subject.space, &config, &e);
        if (!a || agent_propose(a, choices, &e) != 0)
            die(&e);
        space_candidate(&subject.space, choices, &c);
        struct subject_figures f = measure(&c);
        sum += reward(&f);
        agent_destroy(a);
    }
    return sum / FIRST_SAMPLES;
}

static void compare_beginnings(int seeds, int trials)
{
    static double cold[MARKS][SEEDS_MAX], more[MARKS][SEEDS_MAX];
    char what[64];
    for (int i = 0; i < seeds; i++) {
        struct run without = run(AGENT_POLICY, (uint64_t)i + 1, trials, NULL, false), with = run(AGENT_POLICY, (uint64_t)i + 1, trials, taken_over, false);
        for (int m = 0; m < MARKS; m++) {
            cold[m][i] = without.best_after[m];
            more[m][i] = with.best_after[m] - without.best_after[m];
        }
    }
    double without = first_samples(NULL), with = first_samples(taken_over);
    printf("%d seeds, %d trials each, %d evaluations of %d samples; rewards in points of accuracy\n", seeds, trials, evaluations, subject.n_samples);
    printf("mean of %d samples before any result: %+.2f, with the policy of others %+.2f\n", FIRST_SAMPLES, without, with);
    for (int m = 0; m < MARKS && marks[m] <= trials; m++) {
        snprintf(what, sizeof what, "best of %d, beginning with nothing", marks[m]);
        print_mean(what, cold[m], seeds);
        snprintf(what, sizeof what, "best of %d, more with the policy of others", marks[m]);
        print_mean(what, more[m], seeds);
    }
}

static const char *path(const char *root, const char *folder, const char *name, const char *ending)
{
    static char paths[4][512];
    static int n;
    char *to = paths[n++ % 4];
    snprintf(to, sizeof paths[0], "%s/configs/%s/%s%s", root, folder, name, ending);
    return to;
}

/* Opens "demo" or a network of the zoo, which are of the same words. */
static void set_up(const char *root, const char *network, int samples)
{
    static const char *const texts[] = {"w8a8", "w4a8", "w2a8", "w8a4", "w4a4", "w2a4"};
    struct setting options[6];
    struct error e = {""};
    struct candidate c;
    bool demo = strcmp(network, "demo") == 0;
    for (int i = 0; i < 6; i++)
        setting_parse(texts[i], &options[i], NULL);
    struct subject_files files = {path(root, demo ? "demo" : "zoo", demo ? "dscnn" : network, ".onnx"), path(root, "demo", "calibration_x", ".npy"),
                                  path(root, "demo", "validation_x", ".npy"), path(root, "demo", "validation_y", ".npy"), {.scale = 0.25}};
    memset(cache, 0, sizeof cache);
    evaluations = 0;
    if (subject_open(&subject, &files, options, 6, samples, &e) != 0)
        die(&e);
    candidate_fill(&c, subject.space.n_slots, options[0]);
    int8 = measure(&c);
    subject.space.flash_budget_bytes = (int64_t)(0.6 * (double)int8.flash_bytes);
    if (space_check(&subject.space, &e) != 0)
        die(&e);
    printf("%s: int8: %d of %d right, %d bytes of flash; %d slots\n", network, (int)int8.correct, (int)int8.total, (int)int8.flash_bytes,
           subject.space.n_slots);
    fflush(stdout);
}

static void learn_others(const char *root, char *names, int trials, int samples)
{
    bool any = false;
    for (char *name; (name = strsep(&names, ",")) != NULL; any = true) {
        set_up(root, name, samples);
        run(AGENT_POLICY, 1, trials, any ? taken_over : NULL, true);
        subject_close(&subject);
    }
}

int main(int argc, char **argv)
{
    int seeds = argc > 2 ? atoi(argv[2]) : 20, trials = argc > 3 ? atoi(argv[3]) : 60, samples = argc > 4 ? atoi(argv[4]) : 500;
    if (argc < 2 || argc > 7 || seeds < 1 || seeds > SEEDS_MAX || trials < 6 || samples < 1) {
        fprintf(stderr, "usage: learn-bench SOURCE_ROOT [SEEDS [TRIALS [SAMPLES [NETWORK [AFTER,...]]]]]\n");
        return 2;
    }
    if (argc > 6)
        learn_others(argv[1], argv[6], trials, samples);
    set_up(argv[1], argc > 5 ? argv[5] : "demo", samples);
    if (argc > 6)
        compare_beginnings(seeds, trials);
    else
        compare(seeds, trials);
    subject_close(&subject);
    return 0;
}
