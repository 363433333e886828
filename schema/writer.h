// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the files of the writing store share: its state, its transactions and the parts that several of them write.
#ifndef PARE_SCHEMA_WRITER_H
#define PARE_SCHEMA_WRITER_H

#include "schema/connection.h"
#include "schema/store.h"

struct store {
    struct connection c;
    int lock; // file descriptor of the lock file
    struct store_options options;
    int64_t last_event; // committed
    int64_t told;       // of the transaction under way
};

int64_t writer_now(const struct store *s);

/* Begins a transaction. With a `study` it is marked as changed, or STORE_NOT_FOUND comes back and nothing was begun. */
int writer_begin(struct store *s, int64_t study, struct error *e);

/* Ends it: commits when `result` is 0, else rolls back and returns `result`. A commit that fails is rolled back too. */
int writer_end(struct store *s, int result, struct error *e);

/* What is known of a trial's result. */
struct known {
    bool result, measured, finalist;
    int64_t result_seq;
};

/* Returns 0, or STORE_NOT_FOUND with a text when there is no such trial. */
int writer_known(struct store *s, int64_t study, int trial, struct known *known, struct error *e);

/* Inserts `events` (may be NULL); those without a study belong to `study`. */
int writer_tell(struct store *s, int64_t study, struct store_events *events, struct error *e);

/* Inserts or replaces figures of a trial in `series` (0 search, 1 finalist); `attempt` goes to those measured on a board. */
int writer_figures(struct store *s, int64_t study, int trial, int series, int attempt, const struct store_figure *figures,
                   int n, struct error *e);

/* Brings trial.front up to date after figures of the study changed. */
int writer_front(struct store *s, int64_t study, struct error *e);

#endif
