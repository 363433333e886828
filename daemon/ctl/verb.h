// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the verbs of `pare` have in common: how they call, print and fail. Each returns the exit code.
#ifndef PARE_DAEMON_CTL_VERB_H
#define PARE_DAEMON_CTL_VERB_H

#include "daemon/ctl/args.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/render.h"

struct verb {
    const struct args *args;
    struct style style; // of standard output
    bool terminal;      // standard output is one
};

/* Says a line on standard error: "pare: TEXT". */
void verb_say(const char *text);

/* Says the failure and returns its exit code. */
int verb_fail(const struct client_failure *f);
int verb_refuse(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3))); // likewise

/* Prints to standard output and frees. Returns 0, or 1 where it cannot be written. */
int verb_print(struct buffer *text);
int verb_print_json(const struct verb *v, const cJSON *value); // over lines on a terminal, else on one

/* Prints an answer as JSON where that is wanted, else by `show`. Returns the exit code. */
int verb_show(const struct verb *v, const cJSON *answer, render *show, const struct style *style);

/* Connects, calls once. Returns 0 with *result, or -1 after having said why, with the exit code in *exit_code. */
int verb_call(const struct verb *v, const char *method, const cJSON *params, cJSON **result, int *exit_code);

/* Calls the command's method with the parsed parameters, and prints as JSON or by `show`. */
int verb_plain(const struct verb *v, render *show);

/* The path as it is from the root, for the service, which is elsewhere. Returns 0, or -1: too long. */
int verb_absolute(const char *path, char *absolute, size_t size);

/* Asks for all that render_compare shows: the trials that `words` name (strings; NULL: float32, w8a8 and the best) of `study` (NULL: the newest).
 * Returns 0 with *answer (cJSON_Delete), or the exit code after having said why. */
int compare_fetch(const struct verb *v, const cJSON *study, const cJSON *words, cJSON **answer);

int verb_study_file(const struct verb *v); // study create, study check
int verb_board_show(const struct verb *v);
int verb_board_canary(const struct verb *v);
int verb_trial_trace(const struct verb *v);
int verb_pareto(const struct verb *v);
int verb_compare(const struct verb *v);
int verb_export(const struct verb *v);
int verb_config_check(const struct verb *v);
int verb_db_check(const struct verb *v);
int verb_db_backup(const struct verb *v);
int verb_doctor(const struct verb *v);
int verb_report(const struct verb *v);
int verb_rpc(const struct verb *v);
int verb_watch(const struct verb *v);
int verb_wait(const struct verb *v);
int verb_top(const struct verb *v);
int verb_help(const struct verb *v);
int verb_completion(const struct verb *v);

/* `pare` itself. Returns the exit code. */
int verb_run(int argc, char **argv);

#endif
