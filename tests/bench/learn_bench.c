// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Does it learn? The agent, its policy frozen at the start, and random search on the demo's network, measured by the integer evaluator:
// usage: learn-bench SOURCE_ROOT [SEEDS [TRIALS [SAMPLES]]]. Figures: docs/agent.md.
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

/* What one run showed: mean rewards of the first and last third's samples of the policy, of all its candidates, and the best. */
struct run {
    double first_samples, last_samples, first_all, last_all, best;
};

static struct run run(enum agent_algorithm algorithm, uint64_t seed, int trials)
{
    struct agent_config config = {.algorithm = algorithm, .seed = seed, .known = known, .user = &subject.space};
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
        if (agent_result(a, choices, AGENT_MEASURED, r, &e) != 0)
            die(&e);
    }
    if (!a)
        die(&e);
    agent_destroy(a);
    return (struct run){samples[0] / fmax(1, n_samples[0]), samples[2] / fmax(1, n_samples[2]), all[0] / fmax(1, n_all[0]),
                        all[2] / fmax(1, n_all[2]), best};
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
        best[SEEDS_MAX];
    for (int i = 0; i < seeds; i++) {
        struct run policy = run(AGENT_POLICY, (uint64_t)i + 1, trials), frozen = run(AGENT_FROZEN, (uint64_t)i + 1, trials),
                   random = run(AGENT_RANDOM, (uint64_t)i + 1, trials);
        samples[i] = policy.last_samples - policy.first_samples;
        all[i] = policy.last_all - policy.first_all;
        frozen_samples[i] = frozen.last_samples - frozen.first_samples;
        over_random[i] = policy.best - random.best;
        over_frozen[i] = policy.best - frozen.best;
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
}

static const char *path(const char *root, const char *name)
{
    static char paths[4][512];
    static int n;
    snprintf(paths[n], sizeof paths[n], "%s/configs/demo/%s", root, name);
    return paths[n++];
}

static void set_up(const char *root, int samples)
{
    static const char *const texts[] = {"w8a8", "w4a8", "w2a8", "w8a4", "w4a4", "w2a4"};
    struct setting options[6];
    struct error e = {""};
    struct candidate c;
    for (int i = 0; i < 6; i++)
        setting_parse(texts[i], &options[i], NULL);
    struct subject_files files = {path(root, "dscnn.onnx"), path(root, "calibration_x.npy"), path(root, "validation_x.npy"),
                                  path(root, "validation_y.npy"), {.scale = 0.25}};
    if (subject_open(&subject, &files, options, 6, samples, &e) != 0)
        die(&e);
    candidate_fill(&c, subject.space.n_slots, options[0]);
    int8 = measure(&c);
    subject.space.flash_budget_bytes = (int64_t)(0.6 * (double)int8.flash_bytes);
    if (space_check(&subject.space, &e) != 0)
        die(&e);
    printf("int8: %d of %d right, %d bytes of flash; %d slots\n", (int)int8.correct, (int)int8.total, (int)int8.flash_bytes,
           subject.space.n_slots);
}

int main(int argc, char **argv)
{
    int seeds = argc > 2 ? atoi(argv[2]) : 20, trials = argc > 3 ? atoi(argv[3]) : 60, samples = argc > 4 ? atoi(argv[4]) : 500;
    if (argc < 2 || argc > 5 || seeds < 1 || seeds > SEEDS_MAX || trials < 6 || samples < 1) {
        fprintf(stderr, "usage: learn-bench SOURCE_ROOT [SEEDS [TRIALS [SAMPLES]]]\n");
        return 2;
    }
    set_up(argv[1], samples);
    compare(seeds, trials);
    subject_close(&subject);
    return 0;
}
