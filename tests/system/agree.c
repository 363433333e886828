// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Host and board agree bit for bit: random candidates of a real network, run by the kernels here, by the fast
// evaluator, and by the runner on a virtual board behind openocd. usage: agree PARE_VBOARD RUNNER_BIN
// SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE SAMPLES CANDIDATES
#include "tests/one_test.h"
#include "tests/system/trial.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trial_arguments arguments;
static int candidates;

static void evaluator_agrees(struct trial *t)
{
    struct error e;
    const struct program *p = &t->session->lowered.program;
    size_t bytes = (size_t)t->about.samples * program_output(p)->bytes;
    uint8_t *outputs = malloc(bytes);
    struct evaluator *v = evaluator_create(p, lowered_blobs(&t->session->lowered), 2, &e);
    ck_assert_msg(v && outputs, "%s", e.text);
    ck_assert_int_eq(evaluator_outputs(v, &t->session->calibration, 0, t->about.samples, outputs, &e), 0);
    ck_assert_mem_eq(outputs, t->expected, bytes);
    evaluator_destroy(v);
    free(outputs);
}

START_TEST(host_and_board_agree_bit_for_bit)
{
    struct trial t;
    struct rng r;
    rng_seed(&r, 2026, 7);
    trial_start(&t, &arguments);
    for (int i = 0; i < candidates; i++) {
        struct candidate c;
        char text[CANDIDATE_TEXT_MAX];
        trial_random(&t, &r, &c);
        trial_measure(&t, &c);
        ck_assert(t.result.outputs_ok);
        ck_assert_uint_eq(t.result.n_samples, (uint32_t)arguments.samples);
        ck_assert_int_eq(t.result.arena_high_water, t.session->lowered.ram_bytes); // what the planner promised, no more and no less
        evaluator_agrees(&t);
        candidate_format(&c, text, sizeof text);
        printf("%d samples alike, %u cycles, arena %u of %lld bytes: %s\n", arguments.samples,
               t.result.sample_cycles[0], t.result.arena_high_water, (long long)t.session->lowered.ram_bytes,
               text);
        fflush(stdout);
    }
    trial_stop(&t);
}
END_TEST

int main(int argc, char **argv)
{
    int status = trial_arguments_read(&arguments, argc, argv);
    candidates = argc == 9 ? atoi(argv[8]) : 0;
    if (status == 77)
        return status;
    if (status || candidates < 1) {
        fprintf(stderr, "usage: agree PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE "
                        "SAMPLES CANDIDATES\n");
        return 2;
    }
    return one_test_run("agree", host_and_board_agree_bit_for_bit, CK_FORK_GETENV, CK_NORMAL);
}
