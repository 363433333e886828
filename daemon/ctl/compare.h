// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Trials beside each other: limits, and what several renderings look up in a trial.
#ifndef PARE_DAEMON_CTL_COMPARE_H
#define PARE_DAEMON_CTL_COMPARE_H

#include "daemon/ctl/text.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#define COMPARE_TRIALS_MAX 12 // columns of a table that still fits on a wide terminal
_Static_assert(COMPARE_TRIALS_MAX + 2 <= TABLE_COLUMNS_MAX, "with the titles and the origins");

/* The newest measurement called `name` of trial.show's answer ("ram_used_bytes"); NULL when there is none. */
const cJSON *compare_figure(const cJSON *trial, const char *name);

/* Are all settings of the candidate the same? Then it stands in `word`. */
bool compare_is_uniform(const char *candidate, char *word, size_t size);

#endif
