// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a study of the store has for others, as a tree of `pare.trials/1` (daemon/trials_file.h).
#ifndef PARE_DAEMON_TRIALS_EXPORT_H
#define PARE_DAEMON_TRIALS_EXPORT_H

#include "schema/store.h"

#include <cjson/cJSON.h>

/* In the writer's thread: of the study called `name`, or if that is empty of number `study`: its measured trials with the figures of the search, in
 * order, as far as the boards had the runner that the study has now, and its policy. "no_trials" says why there are none, "no_policy" why there is no policy. The caller deletes *trials (NULL unless 0 is
 * returned). Returns 0, STORE_NOT_FOUND, or -1 with the reason. */
int trials_export(struct store *store, const char *name, int64_t study, cJSON **trials, struct error *e);

#endif
