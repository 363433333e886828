// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Cycles of every layer of a network at every width of make-table, and the energy of a cycle, from whole runs on a virtual board behind openocd,
// and a check that what is composed of them is what whole runs of other configurations take: with 8-bit activations a layer's cycles depend
// on its own width only; its energy is taken as its cycles times what a cycle of the network costs at this width.
// usage: table-cycles PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE SAMPLES GROUPS RUNS
// Lines: "layer GROUP CYCLES_W2 CYCLES_W3 CYCLES_W4 CYCLES_W8", "rest CYCLES", "energy PJ_W2 PJ_W3 PJ_W4 PJ_W8" (of a cycle), then what the
// check found, after `#`.
#include "tests/one_test.h"
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
static double layer_cycles[WIDTHS][CANDIDATE_LAYERS_MAX], rest[WIDTHS], cycle_nj[WIDTHS];

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
        cycle_nj[w] = (double)t->result.energy_nj / t->result.sample_cycles[0];
    }
    for (int i = 0; i < t->session->net.n_layers; i++) {
        printf("layer %d", group_of_slot[t->session->net.layers[i].slot]);
        for (int w = 0; w < WIDTHS; w++)
            printf(" %.0f", layer_cycles[w][i]);
        printf("\n");
    }
    printf("rest %.0f\n", rest[WIDTHS - 1]);
    printf("energy %.3f %.3f %.3f %.3f\n", 1000 * cycle_nj[0], 1000 * cycle_nj[1], 1000 * cycle_nj[2], 1000 * cycle_nj[3]);
    printf("# outside of layers: %.0f %.0f %.0f %.0f\n", rest[0], rest[1], rest[2], rest[3]);
    fflush(stdout);
}

/* Cycles and nanojoules of a configuration, from those of layers. */
static void compose(const struct net *net, const int *choice, double *cycles, double *energy_nj)
{
    *cycles = rest[WIDTHS - 1];
    *energy_nj = rest[WIDTHS - 1] * cycle_nj[WIDTHS - 1];
    for (int i = 0; i < net->n_layers; i++) {
        int w = choice[group_of_slot[net->layers[i].slot]];
        *cycles += layer_cycles[w][i];
        *energy_nj += layer_cycles[w][i] * cycle_nj[w];
    }
}

static void check_composed(struct trial *t)
{
    struct rng r;
    double off = 0, energy_off = 0;
    rng_seed(&r, 7, 7);
    for (int n = 1; n <= runs; n++) {
        struct candidate c = {.n = t->session->net.n_slots};
        int choice[GROUPS_MAX];
        double cycles, energy_nj;
        for (int g = 0; g < n_groups; g++)
            choice[g] = (int)rng_below(&r, WIDTHS);
        for (int slot = 0; slot < c.n; slot++)
            c.layers[slot] = setting_of(choice[group_of_slot[slot]]);
        compose(&t->session->net, choice, &cycles, &energy_nj);
        trial_measure(t, &c);
        off = fmax(off, fabs(cycles / t->result.sample_cycles[0] - 1));
        energy_off = fmax(energy_off, fabs(energy_nj / (double)t->result.energy_nj - 1));
        if (n % 10 == 0 || n == runs)
            printf("# %d whole runs of other configurations: composed cycles are off by %.4f %% at most, composed energy by %.2f %%\n", n, 100 * off,
                   100 * energy_off);
        fflush(stdout);
    }
    ck_assert_double_lt(off, 0.01);
    ck_assert_double_lt(energy_off, 0.02);
}

START_TEST(cycles_of_layers_compose)
{
    struct trial t;
    trial_start(&t, &arguments);
    t.energy = true;
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
    arguments.calibration_samples = 0; // all of them, as make-table
    parse_groups(argv[8]);
    runs = atoi(argv[9]);
    return one_test_run("cycles", cycles_of_layers_compose, CK_NOFORK, CK_SILENT);
}
