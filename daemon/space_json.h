// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The worker's answer to `open` (docs/worker.md) as a search space with its budgets: checked, because it comes from outside.
#ifndef PARE_DAEMON_SPACE_JSON_H
#define PARE_DAEMON_SPACE_JSON_H

#include "agent/costs.h"
#include "agent/space.h"
#include "daemon/study_file.h"

#include <cjson/cJSON.h>

/* Fills `s` from `answer`. Budgets are the smallest of the board type's limits, the study's, and its share of what w8a8 takes.
 * Returns 0, or -1 with one line: a member is missing or senseless, or nothing fits. */
int space_json_read(const cJSON *answer, const struct study_file *f, int64_t board_flash_bytes, int64_t board_ram_bytes,
                    struct space *s, struct error *e);

/* The layers of the same answer, as the table of costs sees them, into layers[max]. What came before there was "input_slot" counts the layer
 * before. Returns how many, or -1 with one line. */
int space_json_layers(const cJSON *answer, const struct space *s, struct costs_layer *layers, int max, struct error *e);

/* Flash of w8a8 in every slot; -1 when the space has no such option. */
int64_t space_json_int8_flash(const struct space *s);

#endif
