// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the files of board_state share: moves and endings, the part of a board's life until it can be spoken to, and the writing of its memory.
#ifndef PARE_HWLINK_BOARD_MOVES_H
#define PARE_HWLINK_BOARD_MOVES_H

#include "hwlink/board_state.h"

#define BOARD_HALT_MS 5000u

double board_scale(const struct board_core *c); // of all deadlines
void board_trace(const struct board_core *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

void board_go(struct board_core *c, enum board_state next);
void board_fail(struct board_core *c, struct board_todo *t, enum board_failure failure, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void board_fail_operator(struct board_core *c, struct board_todo *t, enum board_failure failure, const char *text);

/* --- board_connect.c --- */

void board_freshen(struct board_core *c, struct board_todo *t); // the beginning of a measurement on a suspect board
void board_start(struct board_core *c, struct board_todo *t);
void board_call_halt(struct board_core *c, struct board_todo *t);
void board_pick_up(struct board_core *c, struct board_todo *t); // starts OpenOCD without a reset, for what is in SRAM
void board_on_started(struct board_core *c, const struct board_event *ev, struct board_todo *t);
void board_on_halted(struct board_core *c, const struct board_event *ev, struct board_todo *t);
void board_on_inspected(struct board_core *c, const struct board_event *ev, struct board_todo *t);
void board_on_switched(struct board_core *c, const struct board_event *ev, struct board_todo *t);
void board_on_wrong_probe(struct board_core *c, const struct board_event *ev, struct board_todo *t);
void board_on_cycle_time(struct board_core *c, struct board_todo *t);

/* OpenOCD is gone before anything was measured: climbs the ladder. */
void board_no_connection(struct board_core *c, const char *text, struct board_todo *t);

/* --- board_write.c --- */

/* Verifies the next thing that the log claims; when nothing is left to verify, plans and writes. */
void board_check_next(struct board_core *c, struct board_todo *t);
void board_next_write(struct board_core *c, struct board_todo *t); // of the plan; after the last one board_all_written
void board_on_checked(struct board_core *c, const struct board_event *ev, struct board_todo *t);
void board_on_erase_answer(struct board_core *c, const struct board_event *ev, struct board_todo *t);
void board_on_erased(struct board_core *c, const struct board_event *ev, struct board_todo *t);
void board_on_written(struct board_core *c, const struct board_event *ev, struct board_todo *t);
void board_on_verified(struct board_core *c, const struct board_event *ev, struct board_todo *t);

/* --- board_state.c: what follows a connection, and what follows writing --- */

void board_connected(struct board_core *c, struct board_todo *t); // the core is halted, the part is the right one
void board_look_again(struct board_core *c, struct board_todo *t); // picking up
void board_all_written(struct board_core *c, struct board_todo *t);
void board_park(struct board_core *c, struct board_todo *t); // all is done

#endif
