// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What is said to OpenOCD and how its answers are read: texts only.
#ifndef PARE_HWLINK_BOARD_WIRE_H
#define PARE_HWLINK_BOARD_WIRE_H

#include "hwlink/board_state.h"

#define BOARD_WIRE_BYTES_PER_S 8000u // the slowest probe that deadlines allow for: SWD at 480 kHz

/* Commands, written into todo->command with a deadline in todo->ms and todo->kind BOARD_DO_CALL. */
void board_wire_call(struct board_todo *t, double scale, uint64_t ms, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void board_wire_file(struct board_todo *t, double scale, const char *verb, const char *path, uint32_t address,
                     const void *data, uint32_t bytes); // "verb FILE ADDRESS bin" with the file's contents
void board_wire_read(struct board_todo *t, double scale, uint32_t address, uint32_t words);
void board_wire_post(struct board_todo *t, double scale, const struct mailbox_job *job); // the job, then `request`

/* Reads the answer of read_memory: `n` words. Returns 0, or -1 if they are not exactly so many. */
int board_wire_words(const char *text, uint32_t *words, uint32_t n);

/* Sets the record's checksum (IEEE 802.3 CRC-32 over the words before it). */
void board_wire_seal(struct mailbox_job *job);

/* Fills result->provenance. */
void board_wire_provenance(struct board_core *c);

#endif
