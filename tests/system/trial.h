// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Candidates of a real network on a virtual board through the real openocd, without a service. Failures fail
// the Check test.
#ifndef PARE_TESTS_SYSTEM_TRIAL_H
#define PARE_TESTS_SYSTEM_TRIAL_H

#include "base/rng.h"
#include "hwlink/board.h"
#include "quant/tool/session.h"
#include "tests/system/vboard_lab.h"

/* What a test was told on its command line. */
struct trial_arguments {
    const char *vboard, *runner, *source_root;
    char network[512], calibration[512];
    double input_scale;
    int samples; // in each image
    int calibration_samples; // the first so many; unless set 100: most of these tests are about equality, not about accuracy
    const char *validation, *labels; // labelled samples that the session scores candidates on; NULL: none
};

struct trial {
    struct trial_arguments about;
    struct session *session;
    struct vboard_lab lab;
    uv_loop_t loop;
    struct board *board;
    char image_path[128];
    enum board_placement placement; // of measurements; flash unless set
    bool energy;                    // is measured too, with the virtual board's meter
    struct board_result result;     // of the last measurement
    uint8_t *expected;          // outputs of the samples as they stand in the image: heap
};

/* Reads PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE SAMPLES from argv[1..7]. The two
 * files are named from the source's root; what begins with "assets/" lies under $PARE_ASSETS, by default
 * SOURCE_ROOT/../shared/assets. 0, or an exit status: 2 on wrong usage, 77 with a printed reason where
 * openocd or a file is missing. */
int trial_arguments_read(struct trial_arguments *a, int argc, char **argv);

/* Options are 8, 4 and 2 bits of weights with 8 and 4 bits of activations. */
void trial_start(struct trial *t, const struct trial_arguments *a);
void trial_stop(struct trial *t);

/* A setting for every slot, drawn from the options. */
void trial_random(struct trial *t, struct rng *r, struct candidate *c);

/* Lowers, writes the image, measures it. */
void trial_measure(struct trial *t, const struct candidate *c);

#endif
