// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Cycles of every operation of a network at one setting for all layers, from a run on a virtual board behind openocd: where its time goes.
// usage: layer-cycles PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE SAMPLES SETTING      (w8a8, w4a8, float32 ...)
// A line for each operation, then one for each kind.
#include "tests/one_test.h"
#include "tests/system/trial.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KINDS_MAX (NET_KIND_COUNT + 2) // convolutions are three: 1 x 1, depthwise and the others

/* Sums over the operations of one kind. */
struct sums {
    const char *kind;
    int64_t macs, outputs, cycles;
};

static struct trial_arguments arguments;
static struct setting setting;

static const char *kind_of(const struct net *n, const struct net_op *op)
{
    if (net_is_depthwise(n, op))
        return "depthwise";
    return op->kind == NET_CONV && op->kernel_h == 1 && op->kernel_w == 1 ? "1x1" : net_kind_name(op->kind);
}

static void print_line(const char *name, const struct sums *s, int64_t total)
{
    printf("%-28s %-10s %9" PRId64 " MACs %7" PRId64 " outputs %9" PRId64 " cycles, %4.1f %%", name, s->kind, s->macs, s->outputs, s->cycles,
           100.0 * (double)s->cycles / (double)total);
    if (s->macs)
        printf(", %.2f per MAC", (double)s->cycles / (double)s->macs);
    printf(", %.1f per output\n", (double)s->cycles / (double)s->outputs);
}

static void add(struct sums *kinds, const struct sums *one)
{
    while (kinds->kind && strcmp(kinds->kind, one->kind) != 0)
        kinds++;
    kinds->kind = one->kind;
    kinds->macs += one->macs, kinds->outputs += one->outputs, kinds->cycles += one->cycles;
}

START_TEST(a_run_says_where_its_time_goes)
{
    struct trial t;
    struct candidate c;
    struct sums kinds[KINDS_MAX + 1] = {0}, all = {.kind = ""};
    trial_start(&t, &arguments);
    const struct net *n = &t.session->net;
    candidate_fill(&c, n->n_slots, setting);
    trial_measure(&t, &c);
    ck_assert(t.result.outputs_ok);
    int64_t total = t.result.sample_cycles[0];
    for (int i = 0; i < n->n_ops; i++) {
        const struct net_op *op = &n->ops[i];
        struct sums one = {kind_of(n, op), net_macs(n, op), (int64_t)net_elements(&n->tensors[op->out]), t.result.op_cycles[i]};
        print_line(op->name, &one, total);
        add(kinds, &one);
        all.macs += one.macs, all.outputs += one.outputs;
    }
    for (int i = 0; kinds[i].kind; i++)
        print_line("all", &kinds[i], total);
    all.cycles = total;
    print_line("inference", &all, total);
    trial_stop(&t);
}
END_TEST

int main(int argc, char **argv)
{
    struct error e;
    int status = argc == 9 && setting_parse(argv[8], &setting, &e) == 0 ? trial_arguments_read(&arguments, argc, argv) : 2;
    if (status == 77)
        return status;
    if (status) {
        fprintf(stderr, "usage: layer-cycles PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE SAMPLES SETTING\n");
        return 2;
    }
    return one_test_run("cycles", a_run_says_where_its_time_goes, CK_NOFORK, CK_SILENT);
}
