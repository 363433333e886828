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
#define POOL_QUARANTINE_MS 60000u       // first quarantine until a health check; doubled with each further one, and with each check that fails
#define POOL_QUARANTINE_MAX_MS 900000u
#define POOL_LEASE_MS 3600000u          // longer than any measurement may take by its own deadlines
#define POOL_LEASE_GRACE_MS 60000u      // for an aborted measurement to end, before it is aborted again

enum pool_state {
    POOL_IDLE = 0,
    POOL_LENT,
    POOL_RESTING,     // failed lately; idle again when its rest is over
    POOL_QUARANTINED, // until a health check goes well (pool_check_due), or a person says so
    POOL_UNCHECKED,   // not looked at since the start
    POOL_CHECKING,    // lent for a health check
    POOL_STATE_COUNT,
};

struct pool_board {
    char name[BOARD_NAME_MAX];
    char type[BOARD_NAME_MAX];
    enum pool_state state;
    bool suspect;         // before its next job: board_distrust
    uint32_t strikes;     // failures in a row that speak against the board
    uint32_t epoch;       // of the lease; an answer of an older lease is ignored
    uint32_t quarantines; // in a row, without a success between them
    bool was_quarantined; // CHECKING: it came from there
    uint64_t until_ms;    // end of the rest, of the quarantine, or of the lease
    uint64_t lent_ms;     // when it was last lent: the longest idle goes first
    uint32_t jobs, failures[BOARD_FAILURE_COUNT];
    char reason[ERROR_TEXT_MAX]; // why it is suspect, resting or quarantined
};

struct pool {
    uint64_t lease_ms; // POOL_LEASE_MS; slow hosts take more
    int n;
    struct pool_board boards[POOL_BOARDS_MAX];
};

void pool_init(struct pool *p);

/* Returns the board's index, or -1 with the reason (full, or the name is taken). */
int pool_add(struct pool *p, const char *name, const char *type, struct error *e);

/* Lends the longest idle board of `type` (NULL: any) other than `not_board` (-1: none), for another attempt elsewhere. `suspect`
 * tells that it must be verified first. Returns its index with its lease's epoch, or -1 if none is free. */
int pool_lease(struct pool *p, const char *type, int not_board, uint64_t now_ms, uint32_t *epoch, bool *suspect);

/* Lends this very board. Returns its lease's epoch, or 0 if it is not free. */
uint32_t pool_lease_board(struct pool *p, int board, uint64_t now_ms, bool *suspect);

/* Gives a board back with the outcome of its job. Build and host failures do not speak against the board. A mismatch makes it suspect
 * at once; a mismatch or POOL_STRIKES_MAX failures while suspect quarantine it, and wear
 * does at once; a success clears it.
 * Returns 0, or 1 if the lease is not the current one (nothing changes). */
int pool_return(struct pool *p, int board, uint32_t epoch, enum board_failure failure, const char *text,
                uint64_t now_ms);

/* The board is quarantined, whatever it has done: it was given back with a failure that only its operator can end. */
void pool_quarantine(struct pool *p, int board, uint64_t now_ms);

/* A board is not to be lent before a health check. */
void pool_want_check(struct pool *p, int board);

/* Lends a board whose health check is due: one that was not looked at yet, or whose quarantine is over. `suspect` tells that it comes
 * from quarantine. Returns its index with its lease's epoch, or -1. */
int pool_check_due(struct pool *p, uint64_t now_ms, uint32_t *epoch, bool *suspect);

/* Gives it back. A check that went well ends the quarantine (the board stays suspect); one that failed begins it anew, twice as long.
 * Returns 0, or 1 if the lease is not the current one. */
int pool_checked(struct pool *p, int board, uint32_t epoch, enum board_failure failure, const char *text, uint64_t now_ms);

/* A board whose lease is over (its measurement must be ended by force), or -1. It is told again after POOL_LEASE_GRACE_MS. */
int pool_expired(struct pool *p, uint64_t now_ms);

/* When the next rest, quarantine or lease ends (1 if a check is due now), or 0 if none does. */
uint64_t pool_next_ms(const struct pool *p);

void pool_release_quarantine(struct pool *p, int board); // by a person; it stays suspect

const char *pool_state_name(enum pool_state s);

#endif
