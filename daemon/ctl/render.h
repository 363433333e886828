// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Answers of the service as text for people. Pure: JSON in, text out. Where a figure stands, its origin stands beside it.
#ifndef PARE_DAEMON_CTL_RENDER_H
#define PARE_DAEMON_CTL_RENDER_H

#include "daemon/ctl/text.h"

#include <cjson/cJSON.h>

/* Each takes the result of the method it is named after, and survives any JSON. */
typedef void render(const cJSON *answer, const struct style *style, struct buffer *out);

render render_status;      // status
render render_studies;     // study.list
render render_study;       // study.show
render render_study_state; // study.start, pause, resume, stop
render render_created;     // study.create
render render_checked;     // study.check
render render_boards;      // board.list
render render_board;       // one board
render render_board_state; // board.release
render render_canaries;    // board.canary; with style->plot plots below the table
render render_reference;   // board.reference
render render_trace;       // trial.trace
render render_trials;      // trial.list
render render_trial;       // trial.show, best
render render_front;       // pareto; with style->plot a plot below the table
render render_compare;     // {"study", "reference": trial.show of w8a8 or null, "trials": [trial.show], "runner_bytes"}
render render_exported;    // export with a folder
render render_doctor;      // {"checks": [{"check", "verdict", "text", "advice"}], "failed", "warnings"}
render render_config;      // config.show
render render_checks;      // db.check
render render_backup;      // db.backup
render render_digest;      // db.digest
render render_event;       // an event's params, one line

enum color render_state_color(const char *state);

#endif
