// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Going on after a start: a study's space, core and agent from what the store holds.
#ifndef PARE_DAEMON_STUDY_LOAD_H
#define PARE_DAEMON_STUDY_LOAD_H

#include "daemon/study_agent.h"
#include "daemon/uv_boards.h"
#include "schema/store.h"

/* The worker's answer to `open`, as text: makes the agent for its space, within the limits of the boards. `network` (SHA256_HEX bytes)
 * gets the network's hash. Returns 0, or -1 with the reason and nothing made. */
int study_load_space(const struct study_file *file, const struct boards *boards, const char *text, struct study_agent *a,
                     int *n_layers, char *network, struct error *e);

/* Trials, results and the agent's state. `s` is initialized; `a` is used only if the study has begun. Returns 0, or -1. */
int study_load_trials(struct store *store, const struct store_study *row, struct study *s, struct study_agent *a,
                      struct error *e);

#endif
