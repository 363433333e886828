// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a study has found, as one HTML file without scripts and without anything from elsewhere. Pure: JSON in, the same bytes out.
#ifndef PARE_DAEMON_CTL_REPORT_H
#define PARE_DAEMON_CTL_REPORT_H

#include "base/buffer.h"

#include <cjson/cJSON.h>

#define REPORT_LAYERS_MAX 256 // rows of the map of bits and of the layers' cycles: as many as a candidate may have
#define REPORT_TRIALS_MAX 4096

/* `report` is {"study": study.show, "trials": [trial], "front": pareto, "compare": as render_compare takes it, or null}. Survives any JSON. */
void report_html(const cJSON *report, struct buffer *out);

/* Its parts. */
void report_front(const cJSON *report, struct buffer *out);    // accuracy against flash
void report_progress(const cJSON *report, struct buffer *out); // rewards, and the best so far
void report_bits(const cJSON *report, struct buffer *out);     // widths, trial by layer
void report_cycles(const cJSON *report, struct buffer *out);   // of each layer: the best beside w8a8

#endif
