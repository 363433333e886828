// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// pared's configuration (docs/service.md): where things are, which boards there are, who may do what.
#ifndef PARE_DAEMON_CONFIG_H
#define PARE_DAEMON_CONFIG_H

#include "daemon/keys.h"
#include "hwlink/board_file.h"
#include "hwlink/pool.h"

#include <sys/types.h>

#define CONFIG_USERS_MAX 32
#define CONFIG_FILE_MAX 65536

struct config_board {
    char file[KEYS_PATH_MAX];
    char serial[BOARD_NAME_MAX]; // empty: the file's own
    int64_t port;                // 0: the file's own
    char meter[BOARD_PATH_MAX];  // empty: the file's own
    char usb_location[BOARD_NAME_MAX]; // empty: the file's own
};

struct config_boards {
    int n;
    struct config_board v[POOL_BOARDS_MAX];
};

struct config_users {
    bool all;
    int n;
    uid_t v[CONFIG_USERS_MAX];
};

struct config {
    char socket[KEYS_PATH_MAX];   // empty: the default of the protocol
    char state[KEYS_PATH_MAX];    // folder for files and studies
    char database[KEYS_PATH_MAX]; // empty: "pare.db" in it
    char worker[KEYS_PATH_MAX];   // pare-net; a name without a slash is looked for beside pared, then in PATH
    char scorers[KEYS_PATH_MAX];  // folder of programs that studies may be judged by; empty: none
    char runner[KEYS_PATH_MAX];   // runner.bin, for boards whose file names none
    struct config_boards boards;
    struct config_users readers, operators;
    double deadline_scale;        // stretches all deadlines of boards and worker
    double canary_minutes;        // between two measurements of a board's canary; 0: none
    int log;                      // 0 info, 1 debug, 2 warning
    int64_t keep_events;
    char file[KEYS_PATH_MAX];     // this configuration, absolute
    struct board_file files[POOL_BOARDS_MAX]; // the boards' files, read
};

/* Reads `path` and the board files that it names; relative paths start from its folder. Returns 0, or -1 with one line that names the
 * file and the key. */
int config_read(const char *path, struct config *c, struct error *e);

/* The answer to config.show: everything, with its defaults. The caller deletes it. */
cJSON *config_json(const struct config *c);

#endif
