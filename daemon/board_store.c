// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/board_store.h"

#include "base/log.h"
#include "hwlink/board_file.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
    struct writer_job job;
    int64_t study;
    int trial, attempt;
    char board[BOARD_NAME_MAX];
    char class[32], text[ERROR_TEXT_MAX]; // or the state and its reason
    struct store_canary canary;
    char runner[SHA256_HEX], image[SHA256_HEX]; // of the canary
    void (*attempted)(void *user, int rc, const char *text, int attempt);
    void (*done)(void *user, int rc, const char *text);
    void *user;
    struct flashlog log[]; // one, of flash jobs
};

static struct job *new_job(const char *board, size_t logs, int (*run)(struct store *, struct writer_job *, struct error *),
                           void (*done)(struct writer_job *, int))
{
    struct job *j = calloc(1, sizeof *j + logs * sizeof j->log[0]);
    if (!j)
        abort(); // a few bytes for the store: without them nothing that is measured can be kept
    j->job.run = run;
    j->job.done = done;
    snprintf(j->board, sizeof j->board, "%s", board);
    return j;
}

static void only_logged(struct writer_job *job, int rc)
{
    const struct job *j = (const struct job *)job;
    if (rc != 0)
        log_error("%s: not stored: %s", j->board, job->error.text);
    free(job);
}

/* --- attempts --- */

static int run_attempt(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    return store_attempt(s, j->study, j->trial, j->board, &j->attempt, e);
}

static void attempt_done(struct writer_job *job, int rc)
{
    struct job *j = (struct job *)job;
    j->attempted(j->user, rc, job->error.text, j->attempt);
    free(j);
}

void board_store_attempt(struct writer *w, int64_t study, int trial, const char *board,
                         void (*done)(void *user, int rc, const char *text, int attempt), void *user)
{
    struct job *j = new_job(board, 0, run_attempt, attempt_done);
    j->study = study;
    j->trial = trial;
    j->attempted = done;
    j->user = user;
    writer_put(w, &j->job);
}

static int run_failed(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    cJSON *data = cJSON_CreateObject();
    cJSON_AddNumberToObject(data, "attempt", j->attempt);
    cJSON_AddStringToObject(data, "board", j->board);
    cJSON_AddStringToObject(data, "class", j->class);
    cJSON_AddStringToObject(data, "text", j->text);
    char *text = cJSON_PrintUnformatted(data);
    struct store_event event = {.topic = "attempt.failed", .trial = j->trial, .data = text};
    struct store_events events = {&event, 1};
    int rc = store_attempt_failed(s, j->study, j->trial, j->attempt, j->class, j->text, &events, e);
    cJSON_Delete(data);
    free(text);
    return rc;
}

void board_store_failed(struct writer *w, int64_t study, int trial, int attempt, const char *board, const char *class,
                        const char *text)
{
    struct job *j = new_job(board, 0, run_failed, only_logged);
    j->study = study;
    j->trial = trial;
    j->attempt = attempt;
    snprintf(j->class, sizeof j->class, "%s", class);
    snprintf(j->text, sizeof j->text, "%s", text);
    writer_put(w, &j->job);
}

/* --- boards --- */

static int run_flash(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    return store_board_flash(s, j->board, j->log, sizeof j->log[0], j->log->erases, FLASHLOG_PAGES, e);
}

static void flash_done(struct writer_job *job, int rc)
{
    struct job *j = (struct job *)job;
    j->done(j->user, rc, job->error.text);
    free(j);
}

void board_store_flash(struct writer *w, const char *board, const struct flashlog *log,
                       void (*done)(void *user, int rc, const char *text), void *user)
{
    struct job *j = new_job(board, 1, run_flash, flash_done);
    j->log[0] = *log;
    j->done = done;
    j->user = user;
    writer_put(w, &j->job);
}

static int run_state(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    cJSON *data = cJSON_CreateObject();
    cJSON_AddStringToObject(data, "board", j->board);
    cJSON_AddStringToObject(data, "state", j->class);
    if (j->text[0])
        cJSON_AddStringToObject(data, "reason", j->text);
    char *text = cJSON_PrintUnformatted(data);
    struct store_event event = {.topic = "board.state", .data = text};
    struct store_events events = {&event, 1};
    int rc = store_board_state(s, j->board, j->class, j->text[0] ? j->text : NULL, &events, e);
    cJSON_Delete(data);
    free(text);
    return rc;
}

void board_store_state(struct writer *w, const char *board, const char *state, const char *reason)
{
    struct job *j = new_job(board, 0, run_state, only_logged);
    snprintf(j->class, sizeof j->class, "%s", state);
    snprintf(j->text, sizeof j->text, "%s", reason ? reason : "");
    writer_put(w, &j->job);
}

static int run_canary(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    struct store_event event = {.topic = "board.canary", .data = j->text};
    struct store_events events = {&event, 1};
    return store_canary(s, j->board, &j->canary, &events, e);
}

void board_store_canary(struct writer *w, const char *board, const struct store_canary *canary, const char *data)
{
    struct job *j = new_job(board, 0, run_canary, only_logged);
    snprintf(j->text, sizeof j->text, "%s", data);
    snprintf(j->runner, sizeof j->runner, "%s", canary->runner_sha256);
    snprintf(j->image, sizeof j->image, "%s", canary->image_sha256);
    j->canary = *canary;
    j->canary.runner_sha256 = j->runner;
    j->canary.image_sha256 = j->image;
    writer_put(w, &j->job);
}

static int run_forgotten(struct store *s, struct writer_job *job, struct error *e)
{
    const struct job *j = (const struct job *)job;
    return store_canary_forget(s, j->board, NULL, e);
}

void board_store_canary_forgotten(struct writer *w, const char *board)
{
    writer_put(w, &new_job(board, 0, run_forgotten, only_logged)->job);
}
