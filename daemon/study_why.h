// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Why the agent proposed a candidate, in words that are stored with the trial.
#ifndef PARE_DAEMON_STUDY_WHY_H
#define PARE_DAEMON_STUDY_WHY_H

#include "agent/agent.h"

#include <stddef.h>

#define STUDY_WHY_MAX 192 // with the end

/* What the critic expected is said to be expected: it is no figure of the trial. */
void study_why(const struct agent_explanation *x, char text[STUDY_WHY_MAX]);

#endif
