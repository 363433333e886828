// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// pare doctor: looks at all that a lab needs and says what is wrong, each with a line of advice. Works without the service too.
#ifndef PARE_DAEMON_CTL_DOCTOR_H
#define PARE_DAEMON_CTL_DOCTOR_H

#include "daemon/ctl/client.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define DOCTOR_GROUPS_MAX 64  // of one process; Linux allows more, a person has fewer
#define DOCTOR_PROBES_MAX 64  // ST-LINKs that are looked at: a pool has at most 16 boards
#define DOCTOR_NAMES_MAX 16   // names in one line

enum finding {
    FINDING_OK = 0,
    FINDING_WARNING, // it may do
    FINDING_FAILED,  // it will not do
};

struct doctor {
    const char *root; // where the system's files are: "", or $PARE_SYSROOT, for tests
    cJSON *checks;    // [{"check", "verdict", "text", "advice"}]

    /* What the service says; NULL where there is none, or it does not say. */
    struct client client;
    cJSON *hello, *config, *boards;

    /* Who uses the devices: the service, or the caller where none runs. */
    bool is_service;
    uid_t uid;
    int n_groups;
    gid_t groups[DOCTOR_GROUPS_MAX];

    int n_probes;
    char probes[DOCTOR_PROBES_MAX][64]; // their serial numbers
    bool has_v3pwr;                     // one of them is an STLINK-V3PWR
};

/* One more check. `advice` may be NULL. */
void doctor_add(struct doctor *d, enum finding finding, const char *check, const char *advice, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The path of a file of the system. Returns `path`. */
const char *doctor_path(const struct doctor *d, char path[PATH_MAX], const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The first line of a small file of the system, without its end. Returns false when it cannot be read. */
bool doctor_read_line(const char *path, char *line, size_t size);

/* Is a real board configured? Without a service, nobody knows: false. */
bool doctor_has_real_boards(const struct doctor *d);

/* The checks, in this order; the first asks the service for what the others need. */
void doctor_service(struct doctor *d, const char *socket);
void doctor_database(struct doctor *d);
void doctor_disk(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_who(struct doctor *d); // no check: finds out who uses the devices
void doctor_udev(struct doctor *d);
void doctor_groups(struct doctor *d);
void doctor_probes(struct doctor *d);
void doctor_openocd(struct doctor *d);
void doctor_meters(struct doctor *d);
void doctor_boards(struct doctor *d);

#endif
