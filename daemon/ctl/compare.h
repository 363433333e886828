// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Trials beside each other: limits, and what several renderings look up in a trial.
#ifndef PARE_DAEMON_CTL_COMPARE_H
#define PARE_DAEMON_CTL_COMPARE_H

#include "daemon/ctl/field.h"
#include "daemon/ctl/text.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#define COMPARE_TRIALS_MAX 12 // columns of a table that still fits on a wide terminal
_Static_assert(COMPARE_TRIALS_MAX + 2 <= TABLE_COLUMNS_MAX, "with the titles and the origins");

/* A trial as a row of a table; the text and the HTML of lists have the same columns. */
#define TRIAL_COLUMNS 13
/* The columns of a table of these trials: by what they are judged stands in the title. */
void trial_columns(const cJSON *trials, struct table_column columns[TRIAL_COLUMNS]);
void trial_cells(struct table *t, const cJSON *trial);

/* The comparison as a table, for text and HTML. */
struct compare_table {
    struct table_column columns[COMPARE_TRIALS_MAX + 2];
    struct field numbers[COMPARE_TRIALS_MAX];
    struct table table;
};

/* Fills it from what render_compare takes; compare_table_finish follows. Returns false, with nothing to finish, when there is nothing to compare. */
bool compare_table_init(struct compare_table *c, const cJSON *answer);
void compare_table_finish(struct compare_table *c);

/* The newest measurement called `name` of trial.show's answer ("ram_used_bytes"); NULL when there is none. */
const cJSON *compare_figure(const cJSON *trial, const char *name);

/* Are all settings of the candidate the same? Then it stands in `word`. */
bool compare_is_uniform(const char *candidate, char *word, size_t size);

#endif
