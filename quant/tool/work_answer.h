// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Results of the worker's methods as JSON (docs/worker.md).
#ifndef PARE_QUANT_TOOL_WORK_ANSWER_H
#define PARE_QUANT_TOOL_WORK_ANSWER_H

#include "quant/tool/session.h"

#include <cjson/cJSON.h>

/* Each returns an object that the caller deletes, or NULL when memory runs out. */
cJSON *work_answer_open(const struct session *s);
cJSON *work_answer_lower(const struct session *s,
                         const struct image_written *image); // image NULL: none was written
cJSON *work_answer_score(const struct score *score);

#endif
