// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What it does to latency when weights stand in SRAM instead of flash, for docs/board-link.md. usage: placement PARE_VBOARD RUNNER_BIN
// SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE SAMPLES
#include "tests/one_test.h"
#include "tests/system/trial.h"

#include <check.h>
#include <stdio.h>

static struct trial_arguments arguments;

static uint32_t cycles_in(struct trial *t, const struct candidate *c, enum board_placement placement)
{
    t->placement = placement;
    trial_measure(t, c);
    return t->result.sample_cycles[0];
}

START_TEST(latency_by_placement)
{
    static const char *const settings[] = {"w8a8", "w4a8", "w2a8", "w4a4"};
    struct trial t;
    trial_start(&t, &arguments);
    printf("setting     flash cycles   SRAM cycles   less\n");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct candidate c;
        struct error e;
        ck_assert_msg(candidate_parse(settings[i], t.session->net.n_slots, &c, &e) == 0, "%s", e.text);
        uint32_t flash = cycles_in(&t, &c, BOARD_IN_FLASH), sram = cycles_in(&t, &c, BOARD_IN_SRAM);
        printf("%s %18u %13u %5.1f %%\n", settings[i], flash, sram, 100.0 * (1 - (double)sram / flash));
    }
    trial_stop(&t);
}
END_TEST

int main(int argc, char **argv)
{
    int status = trial_arguments_read(&arguments, argc, argv);
    if (status != 0)
        return status;
    return one_test_run("placement", latency_by_placement, CK_FORK_GETENV, CK_NORMAL);
}
