// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the parts of the service share. Only for service*.c.
#ifndef PARE_DAEMON_SERVICE_INNER_H
#define PARE_DAEMON_SERVICE_INNER_H

#include "base/buffer.h"
#include "daemon/ctl/server.h"
#include "daemon/service.h"
#include "daemon/stall.h"
#include "daemon/uv_study.h"

#define SERVICE_API 1

struct service {
    uv_loop_t *loop;
    const struct config *config;
    struct writer *writer;
    struct boards *boards;
    struct server *server;
    struct study_host host;
    struct study_run *runs[SERVICE_STUDIES_MAX];
    int n_runs;
    struct store_reader *readers[SERVICE_READERS_MAX]; // idle ones
    int n_readers;
    int64_t newest_study, last_event;
    char stuck[ERROR_TEXT_MAX]; // why nothing can be stored now; empty
    struct stall stall;
    uv_timer_t timer;           // sweeps and prunes
    uint64_t started_ms, pruned_ms, watched_ms;
    int out;                    // calls and pulls that something is being done for
    int exports;                // numbers for their folders
    struct package *packages;   // that are being written
    bool closing;
    int open_parts;             // that close before the writer; then those that close with it
    bool writer_closed;
    void (*stop)(void *user);
    void *stop_user;
    void (*closed)(void *user);
    void *closed_user;
};

/* --- service_query.c: a question that a reader answers in the thread pool --- */

struct query {
    uv_work_t work;
    struct service *s;
    struct server_call *call; // NULL: a pull
    struct server_pull *pull;
    int (*run)(struct query *q);     // in the pool: fills `out`
    void (*finish)(struct query *q); // on the loop, after success; NULL: `out` is the answer
    struct store_reader *reader;
    char name[STUDY_NAME_MAX];       // of the study as it was asked for; empty: `study` is known
    int64_t study;
    int trial;
    char state[16], order[32];
    struct store_list list;
    struct store_filter filter;
    unsigned objectives;
    bool full;                       // of a check
    int64_t since, last;
    int limit;
    struct buffer out;
    int rc;
    struct error e;
    void *more;                      // of the asker; freed with free()
};

/* A question for `call`, about the study that `params` name (the newest if they name none). NULL when it was answered already:
 * there is no study, no memory. */
struct query *query_new(struct service *s, struct server_call *call, const cJSON *params);

/* The same about no study in particular. */
struct query *query_about_all(struct service *s, struct server_call *call);

/* Asks; answers the call when it is done. */
void query_ask(struct query *q);

/* The answers to questions; params are checked. */
void service_status(void *user, struct server_call *call, const cJSON *params);
void service_study_list(void *user, struct server_call *call, const cJSON *params);
void service_study_show(void *user, struct server_call *call, const cJSON *params);
void service_trial_list(void *user, struct server_call *call, const cJSON *params);
void service_trial_show(void *user, struct server_call *call, const cJSON *params);
void service_board_list(void *user, struct server_call *call, const cJSON *params);
void service_board_canary(void *user, struct server_call *call, const cJSON *params);
void service_best(void *user, struct server_call *call, const cJSON *params);
void service_pareto(void *user, struct server_call *call, const cJSON *params);
void service_events(void *user, struct server_pull *pull, int64_t since, int limit);

/* Fails the call as the store's result says. */
void service_fail(struct server_call *call, int rc, const char *text);

/* Is `study`, as a parameter names one, a name? Else it is its number, 0 if there is none: a number as text is a number. */
bool service_names_study(const cJSON *study, int64_t *number);

/* The parameter `name`, an absolute path of less than KEYS_PATH_MAX bytes. NULL when the call was failed: it is none. */
const char *service_path(struct server_call *call, const cJSON *params, const char *name);

/* --- service_database.c --- */

void service_db_check(void *user, struct server_call *call, const cJSON *params);
void service_db_backup(void *user, struct server_call *call, const cJSON *params);
void service_db_digest(void *user, struct server_call *call, const cJSON *params);

/* --- service_trace.c --- */

void service_trial_trace(void *user, struct server_call *call, const cJSON *params);

/* --- service_study.c --- */

void service_create(void *user, struct server_call *call, const cJSON *params);
void service_check(void *user, struct server_call *call, const cJSON *params);
void service_start(void *user, struct server_call *call, const cJSON *params);
void service_pause(void *user, struct server_call *call, const cJSON *params);
void service_resume(void *user, struct server_call *call, const cJSON *params);
void service_stop(void *user, struct server_call *call, const cJSON *params);

/* --- service_export.c --- */

void service_export(void *user, struct server_call *call, const cJSON *params);

/* service_trials.c: the same of all trials of a study as `pare.trials/1`. */
void service_export_trials(void *user, struct server_call *call, const cJSON *params);

/* Ends the packages that are being written. */
void service_export_close(struct service *s);

/* The text of `pare.config/1` (docs/export.md) from study.show and trial.show; the caller frees it. NULL with the reason. */
char *service_export_text(const cJSON *study, const cJSON *trial, struct error *e);

/* --- service.c --- */

/* Something that was done for a caller has ended (s->out goes down); goes on closing if it was the last. */
void service_in(struct service *s);

#endif
