// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Cycles of every layer of a network at every width of make-table, from whole runs on a virtual board behind openocd, and a check that what is
// composed of them is what whole runs of other configurations take: with 8-bit activations a layer's cycles depend on its own width only.
// usage: table-cycles PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE SAMPLES GROUPS RUNS
// Lines: "layer GROUP CYCLES_W2 CYCLES_W3 CYCLES_W4 CYCLES_W8", then "rest CYCLES", then what the check found, after `#`.
#include "tests/system/trial.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTHS 4
#define GROUPS_MAX 8

static const uint8_t widths[WIDTHS] = {2, 3, 4, 8};
static struct trial_arguments arguments;
static int group_of_slot[CANDIDATE_LAYERS_MAX], n_groups, runs;
static double layer_cycles[WIDTHS][CANDIDATE_LAYERS_MAX], rest[WIDTHS];

static void parse_groups(const char *text)
{
    for (int slot = 0; slot < CANDIDATE_LAYERS_MAX && *text; slot++) {
        char *end;
        group_of_slot[slot] = (int)strtol(text, &end, 10);
        if (end == text || group_of_slot[slot] < 0 || group_of_slot[slot] >= GROUPS_MAX)
            exit(2);
        n_groups = group_of_slot[slot] >= n_groups ? group_of_slot[slot] + 1 : n_groups;
        text = *end ? end + 1 : end;
    }
}

static struct setting setting_of(int width)
{
    return (struct setting){widths[width], 8, SCHEME_UNIFORM};
}

/* Sums the last measurement by layer. Returns what lies outside of them. */
static double by_layer(const struct trial *t, double *cycles)
{
    double outside = t->result.sample_cycles[0];
    memset(cycles, 0, CANDIDATE_LAYERS_MAX * sizeof *cycles);
    for (uint32_t i = 0; i < t->result.n_ops; i++)
        if (t->result.op_layer[i] < t->session->net.n_layers) {
            cycles[t->result.op_layer[i]] += t->result.op_cycles[i];
            outside -= t->result.op_cycles[i];
        }
    return outside;
}

static void measure_uniform(struct trial *t)
{
    for (int w = 0; w < WIDTHS; w++) {
        struct candidate c;
        candidate_fill(&c, t->session->net.n_slots, setting_of(w));
        trial_measure(t, &c);
        rest[w] = by_layer(t, layer_cycles[w]);
    }
    for (int i = 0; i < t->session->net.n_layers; i++) {
        printf("layer %d", group_of_slot[t->session->net.layers[i].slot]);
        for (int w = 0; w < WIDTHS; w++)
            printf(" %.0f", layer_cycles[w][i]);
        printf("\n");
    }
    printf("rest %.0f\n", rest[WIDTHS - 1]);
    printf("# outside of layers: %.0f %.0f %.0f %.0f\n", rest[0], rest[1], rest[2], rest[3]);
    fflush(stdout);
}

static void check_composed(struct trial *t)
{
    struct rng r;
    double worst = 0;
    rng_seed(&r, 7, 7);
    for (int n = 1; n <= runs; n++) {
        struct candidate c = {.n = t->session->net.n_slots};
        int choice[GROUPS_MAX];
        double composed = rest[WIDTHS - 1];
        for (int g = 0; g < n_groups; g++)
            choice[g] = (int)rng_below(&r, WIDTHS);
        for (int slot = 0; slot < c.n; slot++)
            c.layers[slot] = setting_of(choice[group_of_slot[slot]]);
        for (int i = 0; i < t->session->net.n_layers; i++)
            composed += layer_cycles[choice[group_of_slot[t->session->net.layers[i].slot]]][i];
        trial_measure(t, &c);
        worst = fmax(worst, fabs(composed / t->result.sample_cycles[0] - 1));
        if (n % 10 == 0 || n == runs)
            printf("# %d whole runs of other configurations: composed cycles are off by %.4f %% at most\n", n, 100 * worst);
        fflush(stdout);
    }
    ck_assert_double_lt(worst, 0.01);
}

START_TEST(cycles_of_layers_compose)
{
    struct trial t;
    trial_start(&t, &arguments);
    measure_uniform(&t);
    check_composed(&t);
    trial_stop(&t);
}
END_TEST

int main(int argc, char **argv)
{
    int status = argc == 10 ? trial_arguments_read(&arguments, argc, argv) : 2;
    if (status == 77)
        return status;
    if (status) {
        fprintf(stderr, "usage: table-cycles PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE SAMPLES GROUPS RUNS\n");
        return 2;
    }
    parse_groups(argv[8]);
    runs = atoi(argv[9]);
    TCase *tests = tcase_create("cycles");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, cycles_of_layers_compose);
    Suite *suite = suite_create("cycles");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
