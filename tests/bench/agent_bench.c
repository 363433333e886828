// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// agent-bench: how many measurements the agent and its rivals need on tables whose optimum is known. Protocol: docs/agent.md.
#include "agent/agent.h"
#include "tests/bench/problem.h"

#include <cblas.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS_MAX 10000
#define BOOTSTRAPS 1000
#define LEARN_SLOTS 6    // of generated landscapes that the agent learned from before it comes to a table
#define LEARN_BUDGET 100 // measurements of each

const struct rival rivals[] = {
    {"agent", rival_agent, false}, {"random", rival_agent_random, false}, {"frozen", rival_agent_frozen, false},
    {"local", rival_local, false}, {"evolution", rival_evolution, false}, {"nsga2", rival_nsga2, false},
    {"tpe", rival_tpe, false},     {"sensitivity", rival_sensitivity, false}, {"haq", rival_haq, true},
    {"releq", rival_releq, true},  {NULL, NULL, false},
};

struct options {
    const char *table, *weights, *algorithm, *after;
    enum task task;
    enum prior prior;
    double size, within;
    int seeds, budget, generate, landscape;
};

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* "37", or "-" where that share of the runs never got there. */
static const char *quantile(const int *sorted, int n, double q, char text[16])
{
    int at = (int)ceil(q * n) - 1;
    int value = sorted[at < 0 ? 0 : at];
    snprintf(text, 16, value > 1 << 29 ? "-" : "%d", value);
    return text;
}

/* 95 % bootstrap interval of the median (percentile method). */
static void median_interval(const int *values, int n, char low[16], char high[16])
{
    static int medians[BOOTSTRAPS];
    int *sample = malloc((size_t)n * sizeof *sample);
    struct rng r;
    rng_seed(&r, 1, 1);
    for (int b = 0; b < BOOTSTRAPS; b++) {
        for (int i = 0; i < n; i++)
            sample[i] = values[rng_below(&r, (uint32_t)n)];
        qsort(sample, (size_t)n, sizeof *sample, compare_ints);
        medians[b] = sample[(n - 1) / 2];
    }
    qsort(medians, BOOTSTRAPS, sizeof *medians, compare_ints);
    quantile(medians, BOOTSTRAPS, 0.025, low);
    quantile(medians, BOOTSTRAPS, 0.975, high);
    free(sample);
}

static void run_all(const struct options *o, struct problem *p, const struct rival *rival)
{
    static int reached[SEEDS_MAX];
    static const int marks[] = {25, 50, PROBLEM_LAST_MARK};
    double regret[3] = {0}, share[3] = {0};
    int successes = 0;
    for (int seed = 0; seed < o->seeds; seed++) {
        problem_start(p, (uint64_t)seed + 1);
        rival->run(p);
        int n = problem_reached(p);
        reached[seed] = n < 0 ? 1 << 30 : n;
        successes += n >= 0;
        for (int m = 0; m < 3; m++) {
            regret[m] += problem_regret(p, marks[m]) / o->seeds;
            share[m] += p->trace[marks[m] < p->measured ? marks[m] : p->measured] / o->seeds;
        }
    }
    char median[16], p90[16], low[16], high[16];
    qsort(reached, (size_t)o->seeds, sizeof *reached, compare_ints);
    median_interval(reached, o->seeds, low, high);
    printf("%-12s median=%s p90=%s success=%.0f", rival->name, quantile(reached, o->seeds, 0.5, median),
           quantile(reached, o->seeds, 0.9, p90), 100.0 * successes / o->seeds);
    if (o->task == TASK_FRONT)
        printf(" share25=%.4f share50=%.4f share100=%.4f", share[0], share[1], share[2]);
    else
        printf(" regret25=%.4f regret50=%.4f regret100=%.4f", regret[0], regret[1], regret[2]);
    printf(" median95=%s..%s\n", low, high);
    fflush(stdout);
}

/* A table as `--after` names it: a file, or the number of a generated landscape. */
static int read_named(const char *name, int slots, struct table *t, struct error *e)
{
    char *end;
    long landscape = strtol(name, &end, 10);
    return *end ? table_read(name, t, e) : table_generate(t, slots, (uint64_t)landscape, e);
}

/* The agent searches the tables of `--after` one by one, each beginning with the policy of the one before. */
static int learn_before(const struct options *o, double *policy, struct error *e)
{
    char names[1024], *rest = names;
    bool any = false;
    snprintf(names, sizeof names, "%s", o->after);
    for (char *name; (name = strsep(&rest, ",")) != NULL; any = true) {
        struct table t = {0};
        struct problem p;
        if (read_named(name, o->generate ? o->generate : LEARN_SLOTS, &t, e) ||
            problem_init(&p, &t, o->task, o->size, o->within, LEARN_BUDGET, e))
            return -1;
        p.prior = o->prior;
        p.policy = any ? policy : NULL;
        p.learned = policy;
        problem_start(&p, 1);
        rival_agent(&p);
        problem_finish(&p);
        table_finish(&t);
    }
    return 0;
}

static int parse_weights(struct table *t, const char *text, struct error *e)
{
    for (int i = 0; text && i < t->n_slots; i++) {
        char *end;
        t->weights[i] = strtod(text, &end);
        if (end == text || t->weights[i] <= 0 || (*end != ',' && *end) || (!*end && i < t->n_slots - 1))
            return error_set(e, "--weights takes %d positive numbers separated by commas", t->n_slots);
        text = *end ? end + 1 : end;
    }
    return 0;
}

static void usage(FILE *to)
{
    fprintf(to, "usage: agent-bench (--table FILE [--weights n1,n2,...] | --generate SLOTS [--landscape SEED]) [--task budget|releq|front] [--size 0.5]\n"
                "                   [--within 1] [--seeds 100] [--budget 400] [--prior nominal|flat|shuffled] [--algorithm NAME|all]\n"
                "                   [--after FILE|LANDSCAPE,...]\n"
                "algorithms:");
    for (const struct rival *r = rivals; r->name; r++)
        fprintf(to, " %s", r->name);
    fprintf(to, "\n");
}

static const char *const tasks[] = {"budget", "releq", "front", NULL}, *const priors[] = {"nominal", "flat", "shuffled", NULL};

static int parse_name(const char *text, const char *const *names, int *value)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(text, names[i]) == 0)
            return *value = i, 0;
    return -1;
}

static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        {"table", 1, 0, 't'}, {"weights", 1, 0, 'w'}, {"task", 1, 0, 'k'},      {"size", 1, 0, 's'},
        {"within", 1, 0, 'i'}, {"seeds", 1, 0, 'n'},  {"budget", 1, 0, 'b'},    {"algorithm", 1, 0, 'a'},
        {"generate", 1, 0, 'g'}, {"landscape", 1, 0, 'l'}, {"prior", 1, 0, 'p'}, {"after", 1, 0, 'f'}, {0, 0, 0, 0},
    };
    *o = (struct options){.algorithm = "agent", .size = 0.5, .within = NAN, .seeds = 100, .budget = 400, .landscape = 1};
    for (int c, name; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 't': o->table = optarg; break;
        case 'w': o->weights = optarg; break;
        case 'k': if (parse_name(optarg, tasks, &name)) return -1; o->task = (enum task)name; break;
        case 's': o->size = atof(optarg); break;
        case 'i': o->within = atof(optarg); break;
        case 'n': o->seeds = atoi(optarg); break;
        case 'b': o->budget = atoi(optarg); break;
        case 'a': o->algorithm = optarg; break;
        case 'g': o->generate = atoi(optarg); break;
        case 'p': if (parse_name(optarg, priors, &name)) return -1; o->prior = (enum prior)name; break;
        case 'f': o->after = optarg; break;
        case 'l': o->landscape = atoi(optarg); break;
        default: return -1;
        }
    }
    if (isnan(o->within))
        o->within = o->task == TASK_FRONT ? 0.97 : o->task == TASK_RELEQ ? 0.02 : 1;
    return !o->table == !o->generate || o->seeds < 1 || o->seeds > SEEDS_MAX || o->budget < 1 || optind != argc ? -1 : 0;
}

static int compare(const struct options *o, const struct table *t, struct error *e)
{
    struct problem p;
    double policy[AGENT_PRIOR];
    bool found = false;
    if (o->after && learn_before(o, policy, e))
        return -1;
    if (problem_init(&p, t, o->task, o->size, o->within, o->budget, e))
        return -1;
    p.prior = o->prior;
    p.policy = o->after ? policy : NULL;
    printf("# %d configurations of %d slots, %d imputed; %d fit; best %.3f, median %.3f\n", t->n_rows, t->n_slots, t->n_imputed,
           p.n_fitting, p.best_possible, p.median);
    for (const struct rival *r = rivals; r->name; r++)
        if (strcmp(o->algorithm, "all") == 0 || strcmp(o->algorithm, r->name) == 0) {
            if (r->one_objective && o->task == TASK_FRONT)
                printf("# %s has no mode for the front\n", r->name);
            else
                run_all(o, &p, r);
            found = true;
        }
    problem_finish(&p);
    return found ? 0 : error_set(e, "no algorithm is called \"%s\"", o->algorithm);
}

int main(int argc, char **argv)
{
    struct options o;
    struct table t = {0};
    struct error e = {""};
    openblas_set_num_threads(1);
    if (parse_options(argc, argv, &o)) {
        usage(stderr);
        return 2;
    }
    int rc = o.table ? table_read(o.table, &t, &e) : table_generate(&t, o.generate, (uint64_t)o.landscape, &e);
    if (rc == 0)
        rc = parse_weights(&t, o.weights, &e) || compare(&o, &t, &e);
    table_finish(&t);
    if (rc)
        fprintf(stderr, "agent-bench: %s\n", e.text);
    return rc ? 1 : 0;
}
