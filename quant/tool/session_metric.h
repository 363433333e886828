// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A session's samples judged by another metric than accuracy. Private to this folder.
#ifndef PARE_QUANT_TOOL_SESSION_METRIC_H
#define PARE_QUANT_TOOL_SESSION_METRIC_H

#include "quant/tool/session.h"

#define SESSION_OUTPUTS_MAX ((size_t)1 << 30) // floats of a set's outputs

/* The labels' file of a set. */
const char *session_metric_labels(const struct session *s, const struct session_set *set);

/* Of s->evaluator. */
enum session_fault session_metric_score(struct session *s, struct session_set *set, int first, int n, struct score *score,
                                        struct error *e);

/* Of the float network. */
enum session_fault session_metric_float(struct session *s, struct session_set *set, struct metric_value *v, struct error *e);

#endif
