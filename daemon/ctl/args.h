// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The command line of `pare`, read by the table of commands.
#ifndef PARE_DAEMON_CTL_ARGS_H
#define PARE_DAEMON_CTL_ARGS_H

#include "base/error.h"
#include "daemon/ctl/commands.h"

#include <cjson/cJSON.h>

struct args {
    const struct command *command; // NULL: none was named (then `help` or `version` is set)
    const char *group;             // "study" of `pare study --help`; NULL: none
    cJSON *params;                 // what goes to the service, by the names of the protocol
    cJSON *own;                    // what the client keeps, by option: "--timeout", "CONDITION"
    const char *socket;            // of argv; NULL: the default
    bool json, no_color, help, version;
};

/* Reads argv[1..]. Returns 0, or -1 with one line that names what is wrong and, where something is near, what may be meant.
 * args_finish follows either way. */
int args_parse(int argc, char **argv, struct args *a, struct error *e);
void args_finish(struct args *a);

const char *args_text(const struct args *a, const char *option);                  // NULL when not given
bool args_number(const struct args *a, const char *option, double *value);        // false when not given

/* Is the parameter positional ("STUDY", "TOPIC..."), and may it be repeated? */
bool args_is_positional(const struct param *p);
bool args_is_repeated(const struct param *p);

#endif
