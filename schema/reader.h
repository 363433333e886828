// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the files of the reading store share: the connection with its deadline.
#ifndef PARE_SCHEMA_READER_H
#define PARE_SCHEMA_READER_H

#include "schema/connection.h"
#include "schema/store.h"

struct store_reader {
    struct connection c;
    int64_t limit_ms;    // of each call; negative: none
    int64_t deadline_ms; // of the call under way, on the monotonic clock
};

/* Begins a call: its deadline, and one read transaction so that all it reads is of one moment. */
int reader_begin(struct store_reader *r, struct error *e);

/* Ends it and returns `result`. */
int reader_end(struct store_reader *r, int result);

#endif
