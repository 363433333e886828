// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a study will cost the boards' flash, told before it starts.
#ifndef PARE_DAEMON_STUDY_WEAR_H
#define PARE_DAEMON_STUDY_WEAR_H

#include "daemon/study_file.h"

#include <cjson/cJSON.h>

/* Boards of the study's type, as they are now. */
struct study_wear_boards {
    int n;
    int64_t spent;  // erases of the most worn page of the log, of the most worn board
    int64_t budget; // least of all boards
};

struct study_wear {
    int64_t at_most; // erases of any page by this study: once for each measurement
    int64_t about;   // the same, when the log takes turns with its pages and each measurement writes all that a network of this size has
    int64_t left;    // of the budget
};

/* `network_bytes` is the size of the float network's file. */
struct study_wear study_wear(const struct study_file *f, int64_t network_bytes, const struct study_wear_boards *b);

/* {"at_most", "about", "left", "budget", "text"} */
cJSON *study_wear_json(const struct study_wear *w, const struct study_wear_boards *b);

#endif
