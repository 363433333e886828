// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A study on the loop: its records, what its core says, what people say, and its beginning and end. uv_study_work.c and uv_study_keep.c
// carry out what takes others.
#include "daemon/uv_study_inner.h"

#include "base/file.h"
#include "base/log.h"
#include "daemon/leftovers.h"
#include "daemon/study_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_MS 2000u // between lines of progress that are stored as events

/* --- records --- */

struct trial_record *study_run_record(struct study_run *r, bool final, int trial)
{
    for (struct trial_record *t = r->records; t; t = t->next)
        if (t->trial == trial && t->final == final)
            return t;
    struct trial_record *t = calloc(1, sizeof *t);
    if (!t)
        abort();
    t->trial = trial;
    t->final = final;
    snprintf(t->image, sizeof t->image, "%s/%s-%d.image", r->folder, final ? "final" : "trial", trial);
    t->next = r->records;
    r->records = t;
    return t;
}

void study_run_forget(struct study_run *r, struct trial_record *gone)
{
    for (struct trial_record **at = &r->records; *at; at = &(*at)->next)
        if (*at == gone) {
            *at = gone->next;
            unlink(gone->image);
            power_trace_finish(&gone->trace);
            free(gone);
            return;
        }
}

struct out *study_run_out(struct study_run *r, struct trial_record *t)
{
    struct out *o = malloc(sizeof *o);
    if (!o)
        abort();
    *o = (struct out){r, t};
    return o;
}

/* --- events --- */

void study_run_tell(struct study_run *r, enum study_event_kind kind, const char *text)
{
    study_run_event(r, &(struct study_event){.kind = kind, .text = text});
}

void study_run_tell_of(struct study_run *r, enum study_event_kind kind, const struct trial_record *t)
{
    struct study_event ev = {.kind = kind, .final = t->final, .trial = t->trial, .text = t->reason};
    ev.figures = (struct reward_figures){.correct = t->correct, .total = t->total, .flash_bytes = t->flash_bytes,
                                         .ram_bytes = t->ram_bytes, .latency_cycles = t->latency.value,
                                         .energy_nj = t->energy.value, .clock_hz = t->clock_hz};
    study_run_event(r, &ev);
}

/* --- todos --- */

static void carry_out(struct study_run *r, const struct study_todo *t)
{
    switch (t->kind) {
    case STUDY_DO_NOTHING:
        break;
    case STUDY_DO_STATE:
        log_info("study %s: %s%s%s", r->file.name, store_state_name(r->core.state), r->core.reason[0] ? ": " : "",
                 r->core.reason);
        study_run_store_state(r);
        break;
    case STUDY_DO_OPEN:
        study_run_open_worker(r);
        break;
    case STUDY_DO_CLOSE:
        study_run_close_worker(r);
        break;
    case STUDY_DO_BEGIN:
    case STUDY_DO_STEP:
        study_run_step_agent(r, t);
        break;
    case STUDY_DO_LOWER:
    case STUDY_DO_SCORE:
        study_run_ask_worker(r, t);
        break;
    case STUDY_DO_STORE_PLAN:
    case STUDY_DO_STORE:
        study_run_store_work(r, t);
        break;
    case STUDY_DO_FORGET:
        study_run_forget_attempt(r, t);
        break;
    case STUDY_DO_MEASURE:
        study_run_wish(r, t);
        break;
    case STUDY_DO_CANCEL:
        study_run_cancel_wish(r, t);
        break;
    }
}

/* The only way into the core; NULL only asks what is to be done. */
void study_run_event(struct study_run *r, const struct study_event *ev)
{
    struct study_todo t;
    if (r->closing)
        return;
    if (ev)
        study_step(&r->core, ev);
    for (study_next(&r->core, &t); t.kind != STUDY_DO_NOTHING; study_next(&r->core, &t)) {
        carry_out(r, &t);
        if (r->cancelled.trial) {
            study_step(&r->core, &r->cancelled);
            r->cancelled.trial = 0;
        }
    }
}

/* --- people --- */

void study_run_start(struct study_run *r)
{
    study_store_runner(&r->store, boards_runner(r->host.boards, r->file.board_type));
    study_run_tell(r, STUDY_EV_START, NULL);
}

void study_run_pause(struct study_run *r)
{
    study_run_tell(r, STUDY_EV_PAUSE, NULL);
}

void study_run_stop(struct study_run *r)
{
    study_run_tell(r, STUDY_EV_STOP, NULL);
}

int64_t study_run_study(const struct study_run *r)
{
    return r->store.study;
}

const struct study_file *study_run_file(const struct study_run *r)
{
    return &r->file;
}

enum store_state study_run_state(const struct study_run *r)
{
    return r->core.state;
}

/* The first trial that a board has; else the first that waits for one. */
static const struct trial_record *on_board(const struct study_run *r)
{
    const struct trial_record *first = NULL;
    for (const struct trial_record *t = r->records; t; t = t->next)
        if (t->wished && (!first || t->wish.lent > first->wish.lent ||
                          (t->wish.lent == first->wish.lent && t->trial < first->trial)))
            first = t;
    return first;
}

/* What the worker tells of the trial it is at, in the place of the trial's line or, beside a board's, after it. */
static void add_worker(const struct study_run *r, bool beside, char *text, size_t size)
{
    const struct trial_record *at = r->asked->record;
    size_t n = beside ? strlen(text) : 0;
    snprintf(text + n, size - n, "%s%s %d: %s", beside ? "; " : "", at->final ? "finalist" : "trial", at->trial, r->worker_text);
}

void study_run_progress(const struct study_run *r, char *text, size_t size)
{
    const struct trial_record *t = on_board(r);
    char why[ERROR_TEXT_MAX];
    study_progress(&r->core, text, size);
    if (!text[0])
        return;
    if (t && !t->wish.lent && boards_waiting(r->host.boards, r->file.board_type, why, sizeof why))
        snprintf(text, size, "%s", why);
    else if (t && t->board_text[0])
        snprintf(text, size, "%s %d: %s", t->final ? "finalist" : "trial", t->trial, t->board_text);
    else if (!r->core.begun && r->worker_text[0])
        snprintf(text, size, "the worker: %s", r->worker_text);
    if (r->asked && r->worker_text[0])
        add_worker(r, t && t->wished, text, size);
}

/* Subscribers see progress too, at a bearable rate. */
static void on_timer(uv_timer_t *timer)
{
    struct study_run *r = timer->data;
    char text[ERROR_TEXT_MAX];
    study_run_progress(r, text, sizeof text);
    if (strcmp(text, r->told) == 0 || r->core.hold == STUDY_ENDS)
        return;
    snprintf(r->told, sizeof r->told, "%s", text);
    study_store_progress(&r->store, text);
}

/* --- beginning and end --- */

static struct study_run *new_run(const struct study_host *host, int64_t study, const struct study_file *file, struct error *e)
{
    struct study_run *r = calloc(1, sizeof *r);
    if (!r) {
        error_set(e, "out of memory");
        return NULL;
    }
    r->host = *host;
    r->file = *file;
    r->store = (struct study_store){.writer = host->writer, .study = study, .failed = study_run_not_stored, .user = r};
    traces_folder(host->config->state, r->store.traces);
    snprintf(r->folder, sizeof r->folder, "%s/studies/%lld", host->config->state, (long long)study);
    study_init(&r->core, file);
    if (file_make_folder(r->folder, e) != 0) {
        free(r);
        return NULL;
    }
    uv_timer_init(host->loop, &r->timer);
    r->timer.data = r;
    uv_timer_start(&r->timer, on_timer, PROGRESS_MS, PROGRESS_MS);
    return r;
}

struct study_run *study_run_create(const struct study_host *host, int64_t study, const struct study_file *file,
                                   struct error *e)
{
    return new_run(host, study, file, e);
}

/* A study goes on with the runner that its figures are from; a person decides about another one. */
static void check_runner(struct study_run *r, const char *runner)
{
    static const char why[] = "the runner has changed since: new figures cannot be compared with those there are; "
                              "resume to go on all the same";
    if (runner && r->core.hold == STUDY_GOES && strcmp(runner, boards_runner(r->host.boards, r->file.board_type)) != 0)
        study_step(&r->core, &(struct study_event){.kind = STUDY_EV_PAUSE, .text = why});
}

struct study_run *study_run_load(const struct study_host *host, const struct store_study *row, struct store *store,
                                 struct error *e)
{
    struct study_file file;
    if (study_file_parse(row->config, NULL, NULL, &file, NULL, e) != 0) {
        error_wrap(e, "study %s: its stored configuration", row->name);
        return NULL;
    }
    struct study_run *r = new_run(host, row->study, &file, e);
    if (!r)
        return NULL;
    int rc = 0;
    if (row->space) {
        r->space = strdup(row->space);
        rc = study_load_space(&file, host->boards, row->space, &r->agent, &r->n_layers, r->network, e);
        r->agent_there = rc == 0;
    }
    r->step = row->step;
    if (rc == 0)
        rc = study_load_trials(store, row, &r->core, &r->agent, e);
    if (rc != 0) { // it costs this study, not the service
        error_wrap(e, "study %s", row->name);
        log_error("%s", e->text);
        study_step(&r->core, &(struct study_event){.kind = STUDY_EV_INVALID, .text = e->text});
    }
    check_runner(r, row->runner_sha256);
    study_run_event(r, NULL);
    return r;
}

bool study_run_over(const struct study_run *r)
{
    bool out = r->worker || r->stepping;
    if (r->closing)
        return !out && r->timer_closed;
    return r->core.hold == STUDY_ENDS && !out && r->jobs == 0 && r->wishes == 0;
}

void study_run_part_closed(struct study_run *r)
{
    if (study_run_over(r) && r->closed)
        r->closed(r->closed_user);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct study_run *r = handle->data;
    r->timer_closed = true;
    study_run_part_closed(r);
}

void study_run_close(struct study_run *r, void (*closed)(void *user), void *user)
{
    r->closing = true;
    r->closed = closed;
    r->closed_user = user;
    uv_close((uv_handle_t *)&r->timer, on_timer_closed);
    if (r->worker && r->core.worker != WORKER_LEAVING)
        study_run_close_worker(r);
}

void study_run_destroy(struct study_run *r)
{
    while (r->records) {
        if (r->records->wished)
            free(r->records->wish.user);
        study_run_forget(r, r->records);
    }
    study_run_drop_step(r);
    if (r->core.hold == STUDY_ENDS)
        leftovers_of_study(r->folder);
    if (r->agent_there)
        study_agent_finish(&r->agent);
    free(r->space);
    free(r);
}
