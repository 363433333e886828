// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What decides a trial's figures beside its candidate: trials of two studies can be compared where all of it is equal. The object "identity" of
// `pare.trials/1` (docs/export.md): keys of the study file with their values, files by their SHA-256, the boards' runner and what the boards are.
#ifndef PARE_DAEMON_TRIALS_IDENTITY_H
#define PARE_DAEMON_TRIALS_IDENTITY_H

#include "base/error.h"
#include "daemon/study_file.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Of a study whose files were taken in (daemon/intake.h), on boards with `runner`. Blocks: it hashes the scorer's program. The caller deletes it;
 * NULL when out of memory. */
cJSON *trials_identity(const struct study_file *f, const char *runner, bool is_virtual);

/* One from outside: returns 0 if what is there can be, else -1 with what cannot. A key that it has not differs from any value: pares before this one
 * did not know it. */
int trials_identity_check(const cJSON *identity, struct error *e);

/* Whether both are equal; if not, `why` says in one line which keys differ, and how. */
bool trials_identity_equal(const cJSON *theirs, const cJSON *ours, struct error *why);

#endif
