// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// In reading order: records, events, the worker, boards, the store, the agent's step, todos, and beginning and end.
#include "daemon/uv_study.h"

#include "base/file.h"
#include "base/log.h"
#include "daemon/space_json.h"
#include "daemon/study_agent.h"
#include "daemon/study_load.h"
#include "daemon/study_store.h"
#include "daemon/trial_record.h"
#include "daemon/uv_worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_MS 2000u // between lines of progress that are stored as events

/* One step of the agent, on its way through the thread pool. */
struct pool_step {
    uv_work_t work;
    struct study_run *run;
    struct agent_step step;
};

struct study_run {
    struct study_host host;
    struct study_file file;
    char folder[KEYS_PATH_MAX + 32];
    struct study core;
    struct study_agent agent;
    bool agent_there;
    int64_t step;              // number of the last stored one
    char *space;               // the worker's answer, as it is stored
    char network[SHA256_HEX];
    int n_layers;
    struct worker *worker;
    char worker_text[160];     // its progress
    struct trial_record *records;
    struct study_store store;
    int jobs, wishes;          // out with the writer, with the boards
    struct pool_step *stepping;
    struct study_event cancelled; // a wish that was withdrawn just now; trial 0: none
    struct out *asked;         // the question that is out with the worker
    uv_timer_t timer;
    char told[ERROR_TEXT_MAX]; // the last progress that was stored
    bool closing, timer_closed;
    void (*closed)(void *user);
    void *closed_user;
};

static void event(struct study_run *r, const struct study_event *ev);

/* The record that a question or wish is about, and whose it is. */
struct out {
    struct study_run *run;
    struct trial_record *record;
};

/* --- records --- */

static struct trial_record *record_of(struct study_run *r, bool final, int trial)
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

static void forget_record(struct study_run *r, struct trial_record *gone)
{
    for (struct trial_record **at = &r->records; *at; at = &(*at)->next)
        if (*at == gone) {
            *at = gone->next;
            unlink(gone->image);
            free(gone);
            return;
        }
}

static struct out *out_of(struct study_run *r, struct trial_record *t)
{
    struct out *o = malloc(sizeof *o);
    if (!o)
        abort();
    *o = (struct out){r, t};
    return o;
}

/* --- events --- */

static void tell(struct study_run *r, enum study_event_kind kind, const char *text)
{
    event(r, &(struct study_event){.kind = kind, .text = text});
}

static void tell_of(struct study_run *r, enum study_event_kind kind, const struct trial_record *t)
{
    struct study_event ev = {.kind = kind, .final = t->final, .trial = t->trial, .text = t->reason};
    ev.figures = (struct reward_figures){.correct = t->correct, .total = t->total, .flash_bytes = t->flash_bytes,
                                         .ram_bytes = t->ram_bytes, .latency_cycles = t->latency.value,
                                         .energy_nj = t->energy.value};
    event(r, &ev);
}

/* --- the worker --- */

static void on_worker_closed(void *user)
{
    struct study_run *r = user;
    r->worker = NULL;
    r->worker_text[0] = '\0';
    free(r->asked); // killed over it
    r->asked = NULL;
    if (!r->closing)
        tell(r, STUDY_EV_CLOSED, NULL);
    else if (study_run_over(r) && r->closed)
        r->closed(r->closed_user);
}

static void on_worker_failed(void *user, enum worker_kind kind, const char *text)
{
    tell(user, kind == WORKER_FAILED ? STUDY_EV_UNABLE : STUDY_EV_INVALID, text);
}

static void on_worker_progress(void *user, const char *text)
{
    struct study_run *r = user;
    snprintf(r->worker_text, sizeof r->worker_text, "%.150s", text);
}

/* The first answer to `open` is what the study is about for good; later ones only tell that the worker is there. */
static void on_worker_opened(void *user, const cJSON *answer)
{
    struct study_run *r = user;
    struct error e = {""};
    r->worker_text[0] = '\0';
    if (!r->agent_there) {
        char *text = cJSON_PrintUnformatted(answer);
        int rc = text ? study_load_space(&r->file, r->host.boards, text, &r->agent, &r->n_layers, r->network, &e)
                      : error_set(&e, "out of memory");
        if (rc != 0) {
            free(text);
            tell(r, STUDY_EV_INVALID, e.text);
            return;
        }
        r->space = text;
        r->agent_there = true;
    }
    tell(r, STUDY_EV_OPENED, NULL);
}

static void open_worker(struct study_run *r)
{
    int64_t flash, ram;
    bool meters;
    char name[STUDY_NAME_MAX + 16];
    boards_about(r->host.boards, r->file.board_type, &flash, &ram, &meters);
    cJSON *params = study_file_open(&r->file, r->folder, flash, ram);
    char *text = cJSON_PrintUnformatted(params);
    snprintf(name, sizeof name, "worker of %s", r->file.name);
    struct worker_options options = {r->host.config->worker, name, text, r->host.config->deadline_scale};
    struct worker_actions actions = {r, on_worker_opened, on_worker_failed, on_worker_progress};
    r->worker = text ? worker_open(r->host.loop, &options, &actions) : NULL;
    if (!r->worker)
        abort();
    cJSON_Delete(params);
    free(text);
}

/* A proposal must fit the study's own limits too; a baseline only what the board has. */
static bool exceeds_budget(const struct study_run *r, struct trial_record *t)
{
    const struct space *s = &r->agent.space;
    if (t->trial <= STUDY_BASELINES)
        return false;
    if (t->flash_bytes > s->flash_budget_bytes)
        snprintf(t->reason, sizeof t->reason, "needs %lld bytes of flash, %lld more than the budget",
                 (long long)t->flash_bytes, (long long)(t->flash_bytes - s->flash_budget_bytes));
    else if (t->ram_bytes > s->ram_budget_bytes)
        snprintf(t->reason, sizeof t->reason, "needs %lld bytes of RAM, %lld more than the budget",
                 (long long)t->ram_bytes, (long long)(t->ram_bytes - s->ram_budget_bytes));
    else
        return false;
    return true;
}

/* Tells a failure of the worker. Returns true if it was one of the candidate's only. */
static bool is_infeasible(struct study_run *r, struct trial_record *t, enum worker_kind kind, const char *text)
{
    if (kind != WORKER_INFEASIBLE) {
        tell(r, kind == WORKER_INVALID ? STUDY_EV_INVALID : STUDY_EV_UNABLE, text);
        return false;
    }
    snprintf(t->reason, sizeof t->reason, "%s", text);
    return true;
}

static void on_lowered(void *user, const cJSON *answer, enum worker_kind kind, const char *text)
{
    struct out o = *(struct out *)user;
    struct error e = {""};
    o.run->asked = NULL;
    free(user);
    if (!answer) {
        if (is_infeasible(o.run, o.record, kind, text))
            tell_of(o.run, STUDY_EV_REFUSED, o.record);
    } else if (trial_record_plan(o.record, answer, &e) != 0) {
        tell(o.run, STUDY_EV_UNABLE, e.text);
    } else {
        tell_of(o.run, exceeds_budget(o.run, o.record) ? STUDY_EV_REFUSED : STUDY_EV_LOWERED, o.record);
    }
}

static void on_scored(void *user, const cJSON *answer, enum worker_kind kind, const char *text)
{
    struct out o = *(struct out *)user;
    struct error e = {""};
    o.run->asked = NULL;
    free(user);
    if (!answer) // what can be lowered can be scored
        tell(o.run, kind == WORKER_INVALID ? STUDY_EV_INVALID : STUDY_EV_UNABLE, text);
    else if (trial_record_score(o.record, answer, &e) != 0)
        tell(o.run, STUDY_EV_UNABLE, e.text);
    else
        tell_of(o.run, STUDY_EV_SCORED, o.record);
}

static cJSON *candidate_params(const struct study_run *r, int trial)
{
    struct candidate c;
    char text[CANDIDATE_TEXT_MAX];
    cJSON *params = cJSON_CreateObject();
    study_agent_candidate(&r->agent, trial, &c);
    candidate_format(&c, text, sizeof text);
    cJSON_AddStringToObject(params, "candidate", text);
    return params;
}

static void ask_worker(struct study_run *r, const struct study_todo *t)
{
    struct trial_record *record = record_of(r, t->final, t->trial);
    cJSON *params = candidate_params(r, t->trial);
    struct out *o = r->asked = out_of(r, record);
    if (t->kind == STUDY_DO_LOWER) {
        cJSON_AddStringToObject(params, "image", record->image);
        worker_ask(r->worker, "lower", params, on_lowered, o);
    } else {
        int64_t first = t->final ? r->file.test_first : r->file.validation_first;
        int64_t n = t->final ? r->file.test_samples : r->file.validation_samples;
        cJSON_AddStringToObject(params, "set", t->final ? "test" : "validation");
        if (first > 0)
            cJSON_AddNumberToObject(params, "first", (double)first);
        if (n > 0)
            cJSON_AddNumberToObject(params, "n", (double)n);
        worker_ask(r->worker, "score", params, on_scored, o);
    }
}

/* --- boards --- */

static void on_board_progress(void *user, const char *text)
{
    struct out *o = user;
    snprintf(o->record->board_text, sizeof o->record->board_text, "%.90s", text);
}

static void on_attempted(void *user, const struct board_attempt *a)
{
    struct out o = *(struct out *)user;
    const struct board_result *result = a->result;
    free(user);
    o.run->wishes--;
    o.record->wished = false;
    o.record->board_text[0] = '\0';
    if (result->failure == BOARD_OK) {
        trial_record_measured(o.record, a, o.run->n_layers);
        if (o.run->core.hold == STUDY_ENDS)
            study_store_forget(&o.run->store, o.record->trial, a->attempt, "the study was ended");
        tell_of(o.run, STUDY_EV_MEASURED, o.record);
        return;
    }
    snprintf(o.record->reason, sizeof o.record->reason, "%s: %.400s", board_failure_name(result->failure), result->text);
    event(o.run, &(struct study_event){.kind = STUDY_EV_FAILED, .final = o.record->final, .trial = o.record->trial,
                                       .failure = result->failure, .board = a->board, .text = o.record->reason});
}

static void wish_for_board(struct study_run *r, const struct study_todo *t)
{
    struct trial_record *record = record_of(r, t->final, t->trial);
    record->wish = (struct board_wish){
        .type = r->file.board_type,
        .study = r->store.study,
        .trial = t->trial,
        .avoid = t->avoid,
        .rest_ms = t->rest_ms,
        .job = {.image_path = record->image, .placement = (enum board_placement)r->file.placement, .energy = r->file.energy,
                .windows = (uint32_t)r->file.windows},
        .done = on_attempted,
        .progress = on_board_progress,
        .user = out_of(r, record),
    };
    record->wished = true;
    r->wishes++;
    boards_wish(r->host.boards, &record->wish);
}

static void cancel_wish(struct study_run *r, const struct study_todo *t)
{
    struct trial_record *record = record_of(r, t->final, t->trial);
    if (!record->wished || !boards_cancel(r->host.boards, &record->wish))
        return; // it is on a board: what is found out is kept
    free(record->wish.user);
    record->wished = false;
    r->wishes--;
    r->cancelled = (struct study_event){.kind = STUDY_EV_CANCELLED, .final = t->final, .trial = t->trial};
}

/* --- the store --- */

static void job_out(struct study_run *r)
{
    r->jobs++;
}

static bool job_in(struct study_run *r, int rc)
{
    r->jobs--;
    return rc == 0 && !r->closing;
}

/* Of any job: a store that cannot be written in another way than by a full disk needs a person. */
static void on_not_stored(void *user, int rc, const char *text)
{
    struct study_run *r = user;
    char why[ERROR_TEXT_MAX];
    if (rc == STORE_FULL || r->closing)
        return;
    snprintf(why, sizeof why, "the database: %.480s", text);
    tell(r, STUDY_EV_UNABLE, why);
}

static void on_state_stored(void *user, int rc, const char *text)
{
    struct study_run *r = user;
    (void)text;
    if (job_in(r, rc))
        event(r, NULL);
}

static void on_plan_stored(void *user, int rc, const char *text)
{
    struct out o = *(struct out *)user;
    (void)text;
    free(user);
    if (job_in(o.run, rc))
        tell_of(o.run, STUDY_EV_PLAN_STORED, o.record);
}

static void on_result_stored(void *user, int rc, const char *text)
{
    struct out o = *(struct out *)user;
    (void)text;
    free(user);
    if (!job_in(o.run, rc))
        return;
    struct study_event ev = {.kind = STUDY_EV_STORED, .final = o.record->final, .trial = o.record->trial};
    char reason[ERROR_TEXT_MAX];
    snprintf(reason, sizeof reason, "%s", o.record->reason);
    ev.text = reason;
    forget_record(o.run, o.record);
    event(o.run, &ev);
}

static void store_work(struct study_run *r, const struct study_todo *t)
{
    struct trial_record *record = record_of(r, t->final, t->trial);
    struct out *o = out_of(r, record);
    job_out(r);
    trial_record_figures(record, t->final ? &r->core.trials[t->trial].figures : NULL);
    if (t->kind == STUDY_DO_STORE_PLAN)
        study_store_plan(&r->store, record, on_plan_stored, o);
    else if (t->final)
        study_store_final(&r->store, record, t->outcome, t->reward, on_result_stored, o);
    else
        study_store_result(&r->store, record, t->outcome, on_result_stored, o);
}

/* --- the agent's step: in the thread pool, then in the store --- */

static void on_step_stored(void *user, int rc, const char *text)
{
    struct pool_step *p = user;
    struct study_run *r = p->run;
    struct study_event ev = {.kind = p->step.trial ? STUDY_EV_STEPPED : STUDY_EV_BEGUN, .trial = p->step.trial,
                             .n = p->step.n_proposals, .kinds = p->step.kinds};
    (void)text;
    if (job_in(r, rc)) {
        r->step++;
        event(r, &ev);
    }
    agent_step_finish(&p->step);
    free(p);
}

static void pool_work(uv_work_t *work)
{
    struct pool_step *p = work->data;
    study_agent_step(&p->run->agent, &p->step);
}

static void pool_done(uv_work_t *work, int status)
{
    struct pool_step *p = work->data;
    struct study_run *r = p->run;
    (void)status;
    r->stepping = NULL;
    if (r->closing || p->step.rc != 0) {
        if (!r->closing)
            tell(r, STUDY_EV_INVALID, p->step.error.text);
        agent_step_finish(&p->step);
        free(p);
        if (r->closing && study_run_over(r) && r->closed)
            r->closed(r->closed_user);
        return;
    }
    job_out(r);
    if (p->step.trial)
        study_store_step(&r->store, r->step + 1, &r->agent, &p->step, on_step_stored, p);
    else
        study_store_begin(&r->store, r->space, r->network, boards_runner(r->host.boards, r->file.board_type), &r->agent,
                          &p->step, on_step_stored, p);
}

static void step_agent(struct study_run *r, const struct study_todo *t)
{
    struct pool_step *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->work.data = p;
    p->run = r;
    p->step.trial = t->kind == STUDY_DO_BEGIN ? 0 : t->trial;
    p->step.outcome = t->outcome;
    p->step.reward = t->reward;
    r->stepping = p;
    uv_queue_work(r->host.loop, &p->work, pool_work, pool_done);
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
        job_out(r);
        study_store_state(&r->store, r->core.state, r->core.reason, on_state_stored, r);
        break;
    case STUDY_DO_OPEN:
        open_worker(r);
        break;
    case STUDY_DO_CLOSE:
        worker_close(r->worker, on_worker_closed, r);
        break;
    case STUDY_DO_BEGIN:
    case STUDY_DO_STEP:
        step_agent(r, t);
        break;
    case STUDY_DO_LOWER:
    case STUDY_DO_SCORE:
        ask_worker(r, t);
        break;
    case STUDY_DO_STORE_PLAN:
    case STUDY_DO_STORE:
        store_work(r, t);
        break;
    case STUDY_DO_MEASURE:
        wish_for_board(r, t);
        break;
    case STUDY_DO_CANCEL:
        cancel_wish(r, t);
        break;
    }
}

/* The only way into the core; NULL only asks what is to be done. */
static void event(struct study_run *r, const struct study_event *ev)
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
    tell(r, STUDY_EV_START, NULL);
}

void study_run_pause(struct study_run *r)
{
    tell(r, STUDY_EV_PAUSE, NULL);
}

void study_run_stop(struct study_run *r)
{
    tell(r, STUDY_EV_STOP, NULL);
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
    r->store = (struct study_store){host->writer, study, on_not_stored, r};
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
    event(r, NULL);
    return r;
}

bool study_run_over(const struct study_run *r)
{
    bool out = r->worker || r->stepping;
    if (r->closing)
        return !out && r->timer_closed;
    return r->core.hold == STUDY_ENDS && !out && r->jobs == 0 && r->wishes == 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct study_run *r = handle->data;
    r->timer_closed = true;
    if (study_run_over(r) && r->closed)
        r->closed(r->closed_user);
}

void study_run_close(struct study_run *r, void (*closed)(void *user), void *user)
{
    r->closing = true;
    r->closed = closed;
    r->closed_user = user;
    uv_close((uv_handle_t *)&r->timer, on_timer_closed);
    if (r->worker && r->core.worker != WORKER_LEAVING)
        worker_close(r->worker, on_worker_closed, r);
}

void study_run_destroy(struct study_run *r)
{
    while (r->records) {
        if (r->records->wished)
            free(r->records->wish.user);
        forget_record(r, r->records);
    }
    if (r->agent_there)
        study_agent_finish(&r->agent);
    free(r->space);
    free(r);
}
