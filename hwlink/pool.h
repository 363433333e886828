// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Which board is lent to whom, and which one is not to be trusted: a pure table of a lab's boards.
#ifndef PARE_HWLINK_POOL_H
#define PARE_HWLINK_POOL_H

#include "hwlink/board.h"

#define POOL_BOARDS_MAX 64
#define POOL_STRIKES_MAX 3      // failures in a row that make a board suspect; as many while suspect quarantine it
#define POOL_REST_MS 2000u      // first rest after a failure; doubled with each further one
#define POOL_REST_MAX_MS 60000u

enum pool_state {
    POOL_IDLE = 0,
    POOL_LENT,
    POOL_RESTING,     // failed lately; idle again when its rest is over
    POOL_QUARANTINED, // needs a person; pool_release_quarantine
    POOL_STATE_COUNT,
};

struct pool_board {
    char name[BOARD_NAME_MAX];
    char type[BOARD_NAME_MAX];
    enum pool_state state;
    bool suspect;         // before its next job: board_distrust
    uint32_t strikes;     // failures in a row that speak against the board
    uint32_t epoch;       // of the lease; an answer of an older lease is ignored
    uint64_t until_ms;    // end of the rest
    uint64_t lent_ms;     // when it was last lent: the longest idle goes first
    uint32_t jobs, failures[BOARD_FAILURE_COUNT];
    char reason[ERROR_TEXT_MAX]; // why it is suspect, resting or quarantined
};

struct pool {
    int n;
    struct pool_board boards[POOL_BOARDS_MAX];
};

void pool_init(struct pool *p);

/* Returns the board's index, or -1 with the reason (full, or the name is taken). */
int pool_add(struct pool *p, const char *name, const char *type, struct error *e);

/* Lends the longest idle board of `type` (NULL: any) other than `not_board` (-1: none), for another attempt elsewhere. `suspect`
 * tells that it must be verified first. Returns its index with its lease's epoch, or -1 if none is free. */
int pool_lease(struct pool *p, const char *type, int not_board, uint64_t now_ms, uint32_t *epoch, bool *suspect);

/* Gives a board back with the outcome of its job. Build and host failures do not speak against the board. A mismatch makes it suspect
 * at once; a mismatch or POOL_STRIKES_MAX failures while suspect quarantine it; a success clears it.
 * Returns 0, or 1 if the lease is not the current one (nothing changes). */
int pool_return(struct pool *p, int board, uint32_t epoch, enum board_failure failure, const char *text,
                uint64_t now_ms);

/* When the next resting board becomes idle, or 0 if none rests. */
uint64_t pool_next_ms(const struct pool *p);

void pool_release_quarantine(struct pool *p, int board); // by a person; it stays suspect

const char *pool_state_name(enum pool_state s);

#endif
