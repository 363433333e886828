// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Training on demand: what a candidate with slots of scheme `trained` is lowered from. Private to session.c and work_answer.c.
#ifndef PARE_QUANT_TOOL_SESSION_TUNED_H
#define PARE_QUANT_TOOL_SESSION_TUNED_H

#include "quant/tool/session.h"
#include "quant/tune/tune.h"

/* Is the candidate trained before it is lowered? */
bool session_is_tuned(const struct session *s, const struct candidate *c);

/* Sets *q to what `c` is lowered from: s->quantized, or its trained weights: those at hand, those in the folder
 * ("tuned-HASH-STEPS.bin"), or trained now, going on from "tuned-HASH-STEPS.part" where that was begun. */
enum session_fault session_tuned(struct session *s, const struct candidate *c, const struct quantized **q, struct error *e);

/* What such candidates are trained with, for people: nothing in it is left to a default. */
struct tune_params session_tune_params(const struct session *s);

#endif
