// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A board's canary: one image that is measured again every so often. What changes then is the board, its supply or its meter.
#ifndef PARE_DAEMON_CANARY_H
#define PARE_DAEMON_CANARY_H

#include "hwlink/board.h"
#include "schema/store.h"

#include <cjson/cJSON.h>

#define CANARY_PATH_MAX 1200
#define CANARY_CYCLES_PERMILLE 5 // more than that off the reference is drift
#define CANARY_ENERGY_PERMILLE 30

struct canary_figures {
    int64_t cycles;    // of sample 0; 0: not measured yet
    int64_t energy_nj; // 0: without a meter
};

struct canary {
    char image[CANARY_PATH_MAX]; // shared by the boards of a type
    char image_sha256[SHA256_HEX], runner[SHA256_HEX]; // figures of others are no reference; "" without an image
    struct canary_figures first, last;
    bool drifted;
    bool forgotten;              // since canary_begin
};

/* `folder` is the boards' own. What the store has as the board's reference with this runner and image, and as its newest measurement, is so
 * again. Returns 0, or -1 with the reason: the store cannot be read. */
int canary_open(struct canary *c, struct store *s, const char *folder, const char *type, const char *board, const char *runner,
                struct error *e);

bool canary_has_image(const struct canary *c);

/* Takes this image for the type's canary, if there is none yet (a hard link: it outlives the study). */
void canary_adopt(const struct canary *c, const char *image_path);

/* The image is of no use any more (another version): the next one is adopted. */
void canary_drop_image(const struct canary *c);

/* The next measurement that begins is the reference. */
void canary_forget(struct canary *c);

/* A measurement begins. With another image than before it is the reference. Returns 0, or -1 with the reason: the image cannot be read. */
int canary_begin(struct canary *c, struct error *e);

/* It went well: sets `last` and `drifted`, and what the store is to be told, with the texts of `c`; it is the reference if there was none.
 * Returns 0, or 1 when what was known was forgotten meanwhile: it says nothing, and changes nothing. */
int canary_take(struct canary *c, const struct board_result *result, struct store_canary *found);

/* {"cycles", "energy_nj", "first_cycles", "first_energy_nj", "drifted"}, or null if nothing was measured; the caller's. */
cJSON *canary_json(const struct canary *c);

#endif
