// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One line of a client, checked against the table of methods: pure, no sockets.
#ifndef PARE_DAEMON_CTL_REQUEST_H
#define PARE_DAEMON_CTL_REQUEST_H

#include "daemon/ctl/commands.h"
#include "daemon/ctl/refusal.h"

#include <cjson/cJSON.h>
#include <stddef.h>

#define REQUEST_ID_MAX 800 // 128 bytes, each of which may need six when it is escaped, and quotes

struct request {
    cJSON *root;           // NULL when the line was no JSON
    const cJSON *params;   // an object within root
    const struct command *command;
    bool wants_answer;     // has an id, or is so broken that nobody can tell
    char id[REQUEST_ID_MAX]; // as JSON; "null" when there is none
};

/* Reads one line. Returns 0, or -1 with the refusal; `r` has the id when it could be read. Either way request_finish follows. */
int request_parse(const char *line, size_t size, struct request *r, struct refusal *why);
void request_finish(struct request *r);

/* Checks parameters against the table: types, limits, choices, presence. Unknown ones are ignored.
 * Returns 0, or -1 with kind, field and text. */
int request_check(const struct command *command, const cJSON *params, struct refusal *why);
int request_check_value(const struct param *p, const cJSON *value, struct refusal *why); // one that is there

#endif
