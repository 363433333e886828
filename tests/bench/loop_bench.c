// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Whole studies of the demo's network on a complete table: the agent as pared runs it (baselines, proposals ahead, cycles of every layer) and
// every algorithm that a study file can name, at the same number of measurements. Accuracy and flash are the table's, exact; cycles are
// composed of measured layers (table-cycles). usage: loop-bench TABLE CYCLES [SEEDS [TRIALS]]
#include "daemon/study_agent.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS 4
#define SLOTS 7
#define ROWS (1 << 2 * SLOTS)
#define LAYERS_MAX 64
#define CLOCK 160000000
#define GUESSING 10.0 // percent: the reference of hypervolumes, with int8's cost

static const int widths[OPTIONS] = {8, 4, 3, 2}; // the study's options, w8a8 first
static double accuracy[ROWS];
static int64_t flash[ROWS];
static struct costs_layer layers[LAYERS_MAX];
static int64_t cycles_of[LAYERS_MAX][OPTIONS], rest;
static int n_layers;

static void stop(const char *why)
{
    fprintf(stderr, "loop-bench: %s\n", why);
    exit(1);
}

static int row_of(const uint8_t *choices)
{
    int row = 0;
    for (int i = 0; i < SLOTS; i++)
        row = row * OPTIONS + choices[i];
    return row;
}

static int option_of(int bits)
{
    for (int o = 0; o < OPTIONS; o++)
        if (widths[o] == bits)
            return o;
    stop("a width that is none of 2, 3, 4 and 8");
    return 0;
}

static void read_table(const char *path)
{
    char line[512];
    FILE *f = fopen(path, "r");
    int rows = 0;
    while (f && fgets(line, sizeof line, f)) {
        uint8_t choices[SLOTS];
        char *at = line;
        long bytes;
        if (*line == '#')
            continue;
        for (int i = 0; i < SLOTS; i++)
            choices[i] = (uint8_t)option_of((int)strtol(at, &at, 10));
        double percent = strtod(at, &at);
        if (sscanf(at, " # %ld", &bytes) != 1)
            stop("a row without flash");
        accuracy[row_of(choices)] = percent;
        flash[row_of(choices)] = bytes;
        rows++;
    }
    if (rows != ROWS)
        stop("the table has not 16,384 rows of seven slots");
    fclose(f);
}

static void read_cycles(const char *path)
{
    char line[256];
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        long w2, w3, w4, w8, outside;
        int slot;
        if (sscanf(line, "rest %ld", &outside) == 1)
            rest = outside;
        if (sscanf(line, "layer %d %ld %ld %ld %ld", &slot, &w2, &w3, &w4, &w8) != 5)
            continue;
        if (n_layers == LAYERS_MAX || slot < 0 || slot >= SLOTS)
            stop("too many layers or groups");
        layers[n_layers] = (struct costs_layer){slot, n_layers ? layers[n_layers - 1].slot : -1, 1, (uint64_t)n_layers};
        cycles_of[n_layers][0] = w8, cycles_of[n_layers][1] = w4, cycles_of[n_layers][2] = w3, cycles_of[n_layers++][3] = w2;
    }
    if (!f || n_layers == 0 || rest == 0)
        stop("the cycles cannot be read");
    fclose(f);
}

static int64_t compose(const uint8_t *choices, int64_t *each)
{
    int64_t sum = rest;
    for (int i = 0; i < n_layers; i++)
        sum += each[i] = cycles_of[i][choices[layers[i].slot]];
    return sum;
}

static void fill_space(struct space *s, double flash_share)
{
    uint8_t all[SLOTS];
    memset(all, OPTIONS - 1, SLOTS);
    *s = (struct space){.n_slots = SLOTS, .n_options = OPTIONS, .flash_fixed_bytes = flash[row_of(all)], .ram_budget_bytes = INT64_MAX};
    memset(all, 0, SLOTS);
    s->flash_budget_bytes = (int64_t)(flash_share * (double)flash[row_of(all)]);
    for (int o = 0; o < OPTIONS; o++)
        s->options[o] = (struct setting){(uint8_t)widths[o], 8, SCHEME_UNIFORM};
    for (int i = 0; i < SLOTS; i++) {
        uint8_t c[SLOTS] = {0};
        c[i] = OPTIONS - 1;
        int64_t narrow = flash[row_of(c)];
        s->slots[i].allowed = (1u << OPTIONS) - 1;
        for (int o = 0; o < OPTIONS; o++) {
            c[i] = (uint8_t)o;
            s->slots[i].flash_bytes[o] = flash[row_of(c)] - narrow;
            s->slots[i].sensitivity[o] = pow(4, -widths[o]); // nothing is measured beforehand
        }
        s->slots[i].parameters = s->slots[i].macs = (double)s->slots[i].flash_bytes[0] + 1;
    }
}

/* What a task is after: the most accurate within budgets of flash and latency, or a front. */
struct task {
    const char *name;
    double flash_share, latency_share;
    int goal, cost;
};

struct point {
    double cost, accuracy;
};

static int compare_points(const void *a, const void *b)
{
    const struct point *x = a, *y = b;
    return (x->cost > y->cost) - (x->cost < y->cost);
}

static double hypervolume(struct point *p, int n)
{
    double area = 0, reached = GUESSING;
    qsort(p, (size_t)n, sizeof *p, compare_points);
    for (int i = 0; i < n; i++)
        if (p[i].cost < 1 && p[i].accuracy > reached) {
            area += (1 - p[i].cost) * (p[i].accuracy - reached);
            reached = p[i].accuracy;
        }
    return area;
}

/* The value of what was measured: accuracy of the best within both budgets, or the hypervolume. */
static double value_of(const struct task *t, const uint8_t (*measured)[SLOTS], int n)
{
    static struct point points[ROWS];
    uint8_t int8[SLOTS] = {0};
    int64_t each[LAYERS_MAX];
    double base_flash = (double)flash[row_of(int8)], base_cycles = (double)compose(int8, each), best = 0;
    for (int i = 0; i < n; i++) {
        double size = (double)flash[row_of(measured[i])] / base_flash, time = (double)compose(measured[i], each) / base_cycles;
        points[i] = (struct point){t->cost == REWARD_LATENCY ? time : size, accuracy[row_of(measured[i])]};
        if (size <= t->flash_share && time <= t->latency_share)
            best = fmax(best, points[i].accuracy);
    }
    return t->goal == STUDY_WHOLE_FRONT ? hypervolume(points, n) : best;
}

static double value_of_all(const struct task *t)
{
    static uint8_t all[ROWS][SLOTS];
    for (int row = 0; row < ROWS; row++)
        for (int i = SLOTS - 1, rest_of = row; i >= 0; i--, rest_of /= OPTIONS)
            all[row][i] = (uint8_t)(rest_of % OPTIONS);
    return value_of(t, (const uint8_t(*)[SLOTS])all, ROWS);
}

static void know(struct study_agent *a, int trial, uint8_t *choices)
{
    struct reward_figures f = {.total = 1000, .clock_hz = CLOCK};
    int64_t each[LAYERS_MAX];
    memcpy(choices, a->choices + (size_t)trial * SLOTS, SLOTS);
    f.correct = llround(10 * accuracy[row_of(choices)]);
    f.flash_bytes = flash[row_of(choices)];
    f.ram_bytes = 1;
    f.latency_cycles = compose(choices, each);
    study_agent_know(a, trial, trial == 2 ? STORE_INFEASIBLE : STORE_MEASURED, &f, each, trial == 2 ? 0 : n_layers);
}

/* One study. Values after a quarter, half and all of the measurements. */
static void run(const struct task *t, int algorithm, int seed, int trials, double value[3])
{
    static struct study_agent a;
    static uint8_t measured[STUDY_ALL_MAX][SLOTS];
    static struct study_file f;
    struct space space;
    struct error e = {""};
    uint8_t int8[SLOTS] = {0};
    int64_t each[LAYERS_MAX];
    int n = 0;
    memset(&f, 0, sizeof f);
    f.algorithm = algorithm;
    f.seed = seed;
    f.trials = trials - 1; // w8a8 is measured too
    f.ahead = 2;
    f.goal = t->goal;
    f.goal_cost = t->cost;
    f.flash_weight = 1;
    if (isfinite(t->latency_share))
        f.latency_us = t->latency_share * (double)compose(int8, each) / CLOCK * 1e6;
    fill_space(&space, t->flash_share);
    if (space_check(&space, &e) != 0 || study_agent_init(&a, &space, layers, n_layers, &f, &e) != 0)
        stop(e.text);
    for (int trial = 0; trial <= a.n_trials; trial++) {
        struct agent_step step = {.trial = trial};
        if (trial > 0) {
            know(&a, trial, measured[n]);
            n += trial != 2;
        }
        study_agent_step(&a, &step);
        if (step.rc != 0)
            stop(step.error.text);
        agent_step_finish(&step);
    }
    for (int k = 0; k < 3; k++) {
        int until = trials * (k == 2 ? 4 : k + 1) / 4;
        value[k] = value_of(t, (const uint8_t(*)[SLOTS])measured, until < n ? until : n);
    }
    study_agent_finish(&a);
}

int main(int argc, char **argv)
{
    static const struct task tasks[] = {
        {"most accurate within 0.5 of int8's flash and 1.1 of its latency", 0.5, 1.1, STUDY_BEST_ACCURACY, REWARD_FLASH},
        {"front of accuracy and flash", 1e9, INFINITY, STUDY_WHOLE_FRONT, REWARD_FLASH}};
    static const enum agent_algorithm algorithms[] = {AGENT_POLICY, AGENT_SENSITIVITY, AGENT_LOCAL, AGENT_RANDOM, AGENT_UNIFORM};
    int seeds = argc > 3 ? atoi(argv[3]) : 5, trials = argc > 4 ? atoi(argv[4]) : 100;
    if (argc < 3 || seeds < 1 || trials < 8 || trials > STUDY_TRIALS_MAX) {
        fprintf(stderr, "usage: loop-bench TABLE CYCLES [SEEDS [TRIALS]]\n");
        return 2;
    }
    read_table(argv[1]);
    read_cycles(argv[2]);
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        double whole = value_of_all(&tasks[i]);
        printf("# %s: %.4f of all %d; %d seeds, after %d, %d and %d measurements\n", tasks[i].name, whole, ROWS, seeds, trials / 4, trials / 2, trials);
        for (size_t k = 0; k < sizeof algorithms / sizeof *algorithms; k++) {
            double mean[3] = {0}, least = INFINITY, value[3];
            for (int seed = 1; seed <= seeds; seed++) {
                run(&tasks[i], (int)algorithms[k], seed, trials, value);
                for (int m = 0; m < 3; m++)
                    mean[m] += value[m] / whole / seeds;
                least = fmin(least, value[2] / whole);
            }
            printf("%-12s mean25=%.4f mean50=%.4f mean100=%.4f worst100=%.4f\n", agent_algorithm_name(algorithms[k]), mean[0], mean[1], mean[2], least);
            fflush(stdout);
        }
    }
    return 0;
}
