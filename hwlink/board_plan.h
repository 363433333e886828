// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What an image needs in a board's memory, what of it is there, and what is written where: the bookkeeping of board_state.
#ifndef PARE_HWLINK_BOARD_PLAN_H
#define PARE_HWLINK_BOARD_PLAN_H

#include "hwlink/board_state.h"

/* Lists what the image needs: its blobs, its inputs, its program (last). */
void board_plan_needs(struct board_core *c);

/* The next need that the log claims to have but that was not verified since the board was opened; -1 if there is none.
 * The program is known only when everything that it points to is. */
int board_plan_unchecked(struct board_core *c);

/* Need `i` as a thing at the address where the log has it. */
struct board_write board_plan_need(struct board_core *c, int i);

/* The outcome of verifying c->check. */
void board_plan_checked(struct board_core *c, bool right);

/* Plans all writes before the run and gives the program its addresses. Returns BOARD_OK, or the failure with its reason. */
enum board_failure board_plan_writes(struct board_core *c, struct error *e);

/* Plans the one write of the energy job's record; `erase` begins with erased job pages. */
void board_plan_record(struct board_core *c, bool erase);

/* Fills c->record: a fresh sequence number, and `repeats`. */
void board_plan_job(struct board_core *c, uint32_t repeats);

/* Notes that c->writes[c->write] was written and verified. */
void board_plan_written(struct board_core *c);

/* Nothing that is in flash is relied on before it is verified again. */
void board_plan_distrust(struct board_core *c);

#endif
