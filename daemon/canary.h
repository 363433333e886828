// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A board's canary: one image that is measured again every so often. What changes then is the board, its supply or its meter.
#ifndef PARE_DAEMON_CANARY_H
#define PARE_DAEMON_CANARY_H

#include "hwlink/board.h"

#include <cjson/cJSON.h>

#define CANARY_PATH_MAX 1200
#define CANARY_CYCLES_PERMILLE 5 // more than that off the first measurement is drift
#define CANARY_ENERGY_PERMILLE 30

struct canary_figures {
    int64_t cycles;    // of sample 0; 0: not measured yet
    int64_t energy_nj; // 0: without a meter
};

struct canary {
    char image[CANARY_PATH_MAX]; // shared by the boards of a type
    char file[CANARY_PATH_MAX];  // of `first`
    char runner[SHA256_HEX];     // figures of another runner are no reference
    struct canary_figures first, last;
    bool drifted;
};

/* `folder` is the boards' own. What an earlier life measured first with this runner is the reference again; a file that cannot be read
 * is none. */
void canary_open(struct canary *c, const char *folder, const char *type, const char *serial, const char *runner);

bool canary_has_image(const struct canary *c);

/* Takes this image for the type's canary, if there is none yet (a hard link: it outlives the study). */
void canary_adopt(const struct canary *c, const char *image_path);

/* The image is of no use any more (another version): the next one is adopted. */
void canary_drop(struct canary *c);

/* A measurement went well. The first one is the reference and is kept. Sets `last` and `drifted`. Returns 1 if it was the first, else
 * 0; -1 with the reason if the reference could not be kept (it is all the same used). */
int canary_take(struct canary *c, const struct board_result *result, struct error *e);

/* {"cycles", "energy_nj", "first_cycles", "first_energy_nj", "drifted"}, or null if nothing was measured; the caller's. */
cJSON *canary_json(const struct canary *c);

#endif
