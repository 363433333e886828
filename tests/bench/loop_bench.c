// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Whole studies of a network whose complete table is known: the agent as pared runs it (baselines, proposals ahead, cycles of every layer),
// every algorithm that a study file can name, and the rivals of agent-bench, at the same number of measurements.
// usage: loop-bench TABLE CYCLES [SEEDS [TRIALS [ALGORITHM]]]
//   Measurements are the table's, cycles composed of measured layers (table-cycles).
// usage: loop-bench TABLE CYCLES SEEDS TRIALS ALGORITHM PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE SAMPLES GROUPS
//                   VALIDATION LABELS EVERY CACHE
//   Measurements are whole runs on a virtual board (loop_boards.h), kept in the file CACHE.
// ALGORITHM: a name, "all", or "again", which measures 20 of what CACHE has once more.
#include "daemon/study_agent.h"
#include "tests/bench/loop_boards.h"
#include "tests/bench/problem.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK 160000000
#define BOARD_ARGUMENTS 18
#define AGAIN 20

/* One study: what was measured, in order, as rows of the table. */
struct study_run {
    const struct loop_case *about;
    const struct loop_source *source;
    const struct loop_task *task;
    int rows[STUDY_ALL_MAX], n;
    double accuracy; // of int8, percent
    int64_t most_cycles;
    struct space space; // of the rivals' table of costs, as is the next
    struct costs costs;
};

struct algorithm {
    const char *name;
    enum agent_algorithm of_study;
    void (*rival)(struct problem *p); // NULL: of_study
    bool one_objective;               // a rival without a mode for the front
};

static const struct algorithm algorithms[] = {
    {"policy", AGENT_POLICY, NULL, false}, {"sensitivity", AGENT_SENSITIVITY, NULL, false}, {"local", AGENT_LOCAL, NULL, false},
    {"random", AGENT_RANDOM, NULL, false}, {"uniform", AGENT_UNIFORM, NULL, false},
    {"evolution", 0, rival_evolution, false}, {"nsga2", 0, rival_nsga2, false}, {"tpe", 0, rival_tpe, false},
    {"haq", 0, rival_haq, true}, {"releq", 0, rival_releq, true},
    {"local-chebyshev", 0, rival_local, false}, {"sensitivity-measured", 0, rival_sensitivity, false},
};

static struct loop_case about;
static const char *wanted = "all";
static int seeds = 5, trials = 100;

static void stop(const char *why)
{
    fprintf(stderr, "loop-bench: %s\n", why);
    exit(1);
}

static struct loop_figures measure(struct study_run *r, const uint8_t *choices)
{
    struct loop_figures f;
    struct error e = {""};
    if (r->source->measure(r->source->user, choices, &f, &e) != 0)
        stop(e.text);
    r->rows[r->n++] = table_row(&r->about->table, choices);
    return f;
}

/* --- studies --- */

/* The study's options are the table's, widest first, as in study files. */
static void turn(const struct table *t, const uint8_t *from, uint8_t *to)
{
    for (int i = 0; i < t->n_slots; i++)
        to[i] = (uint8_t)(t->n_options - 1 - from[i]);
}

static int64_t flash_of(const struct table *t, const uint8_t *options)
{
    uint8_t choices[TABLE_SLOTS_MAX];
    turn(t, options, choices);
    return (int64_t)t->flash[table_row(t, choices)];
}

static void fill_space(struct space *s, const struct table *t, double flash_share)
{
    uint8_t c[TABLE_SLOTS_MAX];
    int narrow = t->n_options - 1;
    memset(c, narrow, sizeof c);
    *s = (struct space){.n_slots = t->n_slots, .n_options = t->n_options, .flash_fixed_bytes = flash_of(t, c), .ram_budget_bytes = INT64_MAX};
    memset(c, 0, sizeof c);
    s->flash_budget_bytes = isinf(flash_share) ? INT64_MAX : (int64_t)(flash_share * (double)flash_of(t, c));
    for (int o = 0; o < s->n_options; o++)
        s->options[o] = (struct setting){(uint8_t)t->bits[narrow - o], 8, SCHEME_UNIFORM};
    for (int i = 0; i < s->n_slots; i++) {
        memset(c, 0, sizeof c);
        c[i] = (uint8_t)narrow;
        int64_t least = flash_of(t, c);
        s->slots[i].allowed = (1u << s->n_options) - 1;
        for (int o = 0; o < s->n_options; o++) {
            c[i] = (uint8_t)o;
            s->slots[i].flash_bytes[o] = flash_of(t, c) - least;
            s->slots[i].sensitivity[o] = pow(4, -s->options[o].w_bits); // nothing is measured beforehand
        }
        s->slots[i].parameters = s->slots[i].macs = (double)s->slots[i].flash_bytes[0] + 1;
    }
}

static void fill_study(struct study_file *f, const struct study_run *r, int algorithm, int seed)
{
    memset(f, 0, sizeof *f);
    f->algorithm = algorithm;
    f->seed = seed;
    f->trials = trials - 1; // w8a8 is measured too
    f->ahead = 2;
    f->goal = r->task->front ? STUDY_WHOLE_FRONT : STUDY_BEST_ACCURACY;
    f->goal_cost = REWARD_FLASH;
    f->flash_weight = 1;
    if (r->most_cycles > 0)
        f->latency_us = (double)r->most_cycles / CLOCK * 1e6;
}

static void know(struct study_run *r, struct study_agent *a, int trial)
{
    struct reward_figures f = {.clock_hz = CLOCK, .ram_bytes = 1};
    struct loop_figures got = {0};
    if (trial != 2) { // float32 is none of the table
        uint8_t choices[TABLE_SLOTS_MAX];
        turn(&r->about->table, a->choices + (size_t)trial * (size_t)a->space.n_slots, choices);
        got = measure(r, choices);
    }
    f.correct = got.correct;
    f.total = got.total;
    f.flash_bytes = got.flash_bytes;
    f.latency_cycles = got.cycles;
    study_agent_know(a, trial, trial == 2 ? STORE_INFEASIBLE : STORE_MEASURED, &f, got.layer_cycles, trial == 2 ? 0 : r->about->n_layers);
}

static void run_study(struct study_run *r, enum agent_algorithm algorithm, int seed)
{
    static struct study_agent a;
    static struct study_file f;
    struct error e = {""};
    fill_study(&f, r, (int)algorithm, seed);
    if (space_check(&r->space, &e) != 0 || study_agent_init(&a, &r->space, r->about->layers, r->about->n_layers, &f, &e) != 0)
        stop(e.text);
    for (int trial = 0; trial <= a.n_trials; trial++) {
        struct agent_step step = {.trial = trial};
        if (trial > 0)
            know(r, &a, trial);
        study_agent_step(&a, &step);
        if (step.rc != 0)
            stop(step.error.text);
        agent_step_finish(&step);
    }
    study_agent_finish(&a);
}

/* --- rivals --- */

static void on_measured(void *user, const uint8_t *choices)
{
    struct study_run *r = user;
    uint8_t options[TABLE_SLOTS_MAX];
    struct loop_figures f = measure(r, choices);
    turn(&r->about->table, choices, options);
    costs_tell(&r->costs, options, f.layer_cycles, f.cycles, 0);
}

/* They are masked by the same table of costs as the algorithms of a study. */
static bool may_fit(void *user, const uint8_t *choices)
{
    struct study_run *r = user;
    uint8_t options[TABLE_SLOTS_MAX];
    turn(&r->about->table, choices, options);
    return costs_fit(&r->costs, options);
}

/* The accuracy that was measured (loop_boards_measure makes sure that it is the table's); of what is beyond the limit of latency none. */
static double worth(void *user, const uint8_t *choices)
{
    struct study_run *r = user;
    struct loop_figures f;
    loop_case_look_up((void *)r->about, choices, &f, NULL);
    return r->most_cycles > 0 && f.cycles > r->most_cycles ? 0 : 100.0 * (double)f.correct / (double)f.total;
}

static void run_rival(struct study_run *r, const struct algorithm *algorithm, int seed)
{
    static struct problem p;
    const struct problem_study study = {r, on_measured, may_fit, worth};
    const struct table *t = &r->about->table;
    struct error e = {""};
    uint8_t int8[TABLE_SLOTS_MAX];
    double never = r->task->front ? 2 : -1000; // it goes on to the last measurement
    if (costs_init(&r->costs, &r->space, r->about->layers, r->about->n_layers) != 0 ||
        problem_init(&p, t, r->task->front ? TASK_FRONT : TASK_BUDGET, r->task->flash_share, never, trials - 1, &e) != 0)
        stop(e.text);
    p.study = &study;
    problem_start(&p, (uint64_t)seed);
    loop_case_int8(r->about, int8);
    p.known[t->n_rows - 1] = true; // the baseline, which everyone's study begins with
    costs_limit(&r->costs, (double)r->most_cycles, 0);
    on_measured(r, int8);
    algorithm->rival(&p);
    problem_finish(&p);
    costs_finish(&r->costs);
}

/* --- all of them --- */

static int64_t cycles_limit(const struct loop_case *c, const struct loop_task *t)
{
    uint8_t int8[TABLE_SLOTS_MAX];
    struct loop_figures f;
    loop_case_int8(c, int8);
    loop_case_look_up((void *)c, int8, &f, NULL);
    return isinf(t->latency_share) ? 0 : (int64_t)(t->latency_share * (double)f.cycles);
}

static void run_algorithm(const struct loop_source *source, const struct loop_task *task, const struct algorithm *algorithm, double whole)
{
    static struct study_run r;
    double mean[3] = {0}, least = INFINITY;
    for (int seed = 1; seed <= seeds; seed++) {
        r = (struct study_run){.about = &about, .source = source, .task = task, .most_cycles = cycles_limit(&about, task)};
        fill_space(&r.space, &about.table, task->flash_share);
        if (algorithm->rival)
            run_rival(&r, algorithm, seed);
        else
            run_study(&r, algorithm->of_study, seed);
        double value = 0;
        for (int k = 0; k < 3; k++) {
            int until = trials * (k == 2 ? 4 : k + 1) / 4;
            value = loop_case_value(&about, task, r.rows, until < r.n ? until : r.n) / whole;
            mean[k] += value / seeds;
        }
        least = fmin(least, value);
    }
    printf("%-20s mean25=%.4f mean50=%.4f mean100=%.4f worst100=%.4f\n", algorithm->name, mean[0], mean[1], mean[2], least);
    fflush(stdout);
}

static void run_all(const struct loop_source *source)
{
    double narrowest = about.table.flash[0] / about.table.flash[about.table.n_rows - 1];
    const struct loop_task tasks[] = {{"most accurate within 0.5 of int8's flash and 1.1 of its latency", false, 0.5, 1.1},
                                      {"most accurate within a tenth of the flash that int8 takes more than the narrowest", false,
                                       narrowest + 0.1 * (1 - narrowest), INFINITY},
                                      {"front of accuracy and flash", true, INFINITY, INFINITY}};
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        int fitting;
        double whole = loop_case_value_of_all(&about, &tasks[i], &fitting);
        printf("# %s: %.4f, %d of %d fit; %d seeds, after %d, %d and %d measurements\n", tasks[i].name, whole, fitting, about.table.n_rows, seeds,
               trials / 4, trials / 2, trials);
        for (size_t k = 0; k < sizeof algorithms / sizeof *algorithms; k++)
            if ((!strcmp(wanted, "all") || !strcmp(wanted, algorithms[k].name)) && !(algorithms[k].one_objective && tasks[i].front))
                run_algorithm(source, &tasks[i], &algorithms[k], whole);
    }
}

static void on_a_board(struct loop_boards *b)
{
    const struct loop_source source = {b, loop_boards_measure};
    struct error e = {""};
    int again = 0;
    if (strcmp(wanted, "again") != 0)
        run_all(&source);
    else if ((again = loop_boards_again(b, AGAIN, &e)) < 0)
        stop(e.text);
    printf("# %d runs on the board, %d by the evaluator, %d of them again and the same\n", b->runs, b->evaluations, again);
}

int main(int argc, char **argv)
{
    const struct loop_source source = {&about, loop_case_look_up};
    struct error e = {""};
    int status = 0;
    openblas_set_num_threads(1);
    seeds = argc > 3 ? atoi(argv[3]) : seeds;
    trials = argc > 4 ? atoi(argv[4]) : trials;
    wanted = argc > 5 ? argv[5] : wanted;
    if (argc < 3 || (argc > 6 && argc != BOARD_ARGUMENTS) || seeds < 1 || trials < 8 || trials > STUDY_TRIALS_MAX) {
        fprintf(stderr, "usage: loop-bench TABLE CYCLES [SEEDS [TRIALS [ALGORITHM [PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE "
                        "SAMPLES GROUPS VALIDATION LABELS EVERY CACHE]]]]\n");
        return 2;
    }
    if (loop_case_read(&about, argv[1], argv[2], &e) != 0)
        stop(e.text);
    if (argc == BOARD_ARGUMENTS)
        status = loop_boards_run(&about, argv + 6, on_a_board);
    else
        run_all(&source);
    loop_case_finish(&about);
    return status;
}
