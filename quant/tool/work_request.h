// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A line that the worker is sent, read strictly (docs/worker.md).
#ifndef PARE_QUANT_TOOL_WORK_REQUEST_H
#define PARE_QUANT_TOOL_WORK_REQUEST_H

#include "quant/tool/session.h"

#include <cjson/cJSON.h>

#define WORK_LINE_MAX (4u << 20) // bytes

enum work_method {
    WORK_NONE = 0,
    WORK_OPEN,
    WORK_LOWER,
    WORK_SCORE,
    WORK_PACKAGE,
    WORK_INSPECT,
    WORK_METHOD_COUNT,
};

/* Texts point into `json`. */
struct work_request {
    cJSON *json;
    int64_t id; // -1 while unknown
    enum work_method method;
    const char *candidate;     // lower, score, package
    int tune_steps;            // lower, score, package; -1: as open said
    const char *image;         // lower, or NULL
    bool test;                 // score
    struct score_range range;  // score; n -1: all the rest
    const char *folder, *name; // package
    const cJSON *figures;      // package, or NULL
};

/* Reads one line of `size` bytes, NUL-terminated. `open` is filled by the method open. Returns 0, or -1 with
 * the reason; `r` then has the id if the line had one. End it with work_request_finish in both cases. */
int work_request_read(const char *line, size_t size, struct work_request *r, struct session_params *open,
                      struct error *e);
void work_request_finish(struct work_request *r);

#endif
