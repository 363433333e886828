// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The worker and the boards of a study: questions out, answers into the core.
#include "daemon/uv_study_inner.h"

#include "daemon/study_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char other_image[] =
    "a finalist's program or weights are others than in its trial (this pare or this machine is another one, or training came out otherwise): "
    "go on with the pare and machine of then, or begin a new study with \"search.from\"";

/* --- the worker --- */

static void on_worker_closed(void *user)
{
    struct study_run *r = user;
    r->worker = NULL;
    r->worker_text[0] = '\0';
    free(r->asked); // killed over it
    r->asked = NULL;
    if (!r->closing)
        study_run_tell(r, STUDY_EV_CLOSED, NULL);
    else
        study_run_part_closed(r);
}

void study_run_close_worker(struct study_run *r)
{
    worker_close(r->worker, on_worker_closed, r);
}

static void on_worker_failed(void *user, enum worker_kind kind, const char *text)
{
    study_run_tell(user, kind == WORKER_FAILED ? STUDY_EV_UNABLE : STUDY_EV_INVALID, text);
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
            study_run_tell(r, STUDY_EV_INVALID, e.text);
            return;
        }
        r->space = text;
        r->agent_there = true;
    }
    study_run_tell(r, STUDY_EV_OPENED, NULL);
}

void study_run_open_worker(struct study_run *r)
{
    int64_t flash, ram;
    bool meters;
    char name[STUDY_NAME_MAX + 16];
    boards_about(r->host.boards, r->file.board_type, &flash, &ram, &meters);
    cJSON *params = study_file_open(&r->file, r->folder, flash, ram);
    char *text = cJSON_PrintUnformatted(params);
    cJSON *was = r->space ? cJSON_Parse(r->space) : NULL;
    snprintf(name, sizeof name, "worker of %s", r->file.name);
    struct worker_options options = {r->host.config->worker, name, text, r->host.config->state, was, r->host.config->deadline_scale};
    struct worker_actions actions = {r, on_worker_opened, on_worker_failed, on_worker_progress};
    r->worker = text && !was == !r->space ? worker_open(r->host.loop, &options, &actions) : NULL;
    if (!r->worker)
        abort();
    cJSON_Delete(was);
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
        study_run_tell(r, kind == WORKER_INVALID ? STUDY_EV_INVALID : STUDY_EV_UNABLE, text);
        return false;
    }
    snprintf(t->reason, sizeof t->reason, "%s", text);
    return true;
}

static void worker_is_done(struct study_run *r)
{
    r->asked = NULL;
    r->worker_text[0] = '\0';
}

/* A finalist keeps the validation score of its trial, unless it is trained for longer and scored again: then it must be the same image. */
static bool is_other_image(const struct study_run *r, const struct trial_record *t, const cJSON *answer)
{
    const char *image = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "image_sha256"));
    const char *was = r->agent.known[t->trial].image;
    return t->final && r->file.finalist_tune_steps == 0 && *was && (!image || strcmp(image, was) != 0);
}

static void on_lowered(void *user, const cJSON *answer, enum worker_kind kind, const char *text)
{
    struct out o = *(struct out *)user;
    struct error e = {""};
    worker_is_done(o.run);
    free(user);
    if (!answer) {
        if (is_infeasible(o.run, o.record, kind, text))
            study_run_tell_of(o.run, STUDY_EV_REFUSED, o.record);
    } else if (is_other_image(o.run, o.record, answer)) {
        study_run_tell(o.run, STUDY_EV_UNABLE, other_image);
    } else if (trial_record_plan(o.record, answer, &e) != 0) {
        study_run_tell(o.run, STUDY_EV_UNABLE, e.text);
    } else {
        study_run_tell_of(o.run, exceeds_budget(o.run, o.record) ? STUDY_EV_REFUSED : STUDY_EV_LOWERED, o.record);
    }
}

/* Of a trial that is held: with what it can cost at the least. */
static void on_part_scored(struct study_run *r, struct trial_record *t, const cJSON *answer)
{
    struct error e = {""};
    struct study_event ev = {.kind = STUDY_EV_SCORED, .trial = t->trial};
    if (trial_record_part(t, answer, &e) != 0) {
        study_run_tell(r, STUDY_EV_UNABLE, e.text);
        return;
    }
    ev.figures.correct = t->correct;
    ev.figures.total = t->total;
    study_agent_hope(&r->agent, t->trial, study_known_before(&r->core, t->trial), &ev.figures);
    study_run_event(r, &ev);
}

static void on_scored(void *user, const cJSON *answer, enum worker_kind kind, const char *text)
{
    struct out o = *(struct out *)user;
    struct error e = {""};
    worker_is_done(o.run);
    free(user);
    if (!answer) // what can be lowered can be scored
        study_run_tell(o.run, kind == WORKER_INVALID ? STUDY_EV_INVALID : STUDY_EV_UNABLE, text);
    else if (!o.record->final && study_work(&o.run->core, false, o.record->trial)->place == WORK_HELD)
        on_part_scored(o.run, o.record, answer);
    else if (trial_record_score(o.record, false, answer, &e) != 0)
        study_run_tell(o.run, STUDY_EV_UNABLE, e.text);
    else
        study_run_tell_of(o.run, STUDY_EV_SCORED, o.record);
}

/* A finalist that was trained anew, on the validation set. */
static void on_scored_again(void *user, const cJSON *answer, enum worker_kind kind, const char *text)
{
    struct out o = *(struct out *)user;
    struct error e = {""};
    worker_is_done(o.run);
    free(user);
    if (!answer) {
        study_run_tell(o.run, kind == WORKER_INVALID ? STUDY_EV_INVALID : STUDY_EV_UNABLE, text);
    } else if (trial_record_score(o.record, true, answer, &e) != 0) {
        study_run_tell(o.run, STUDY_EV_UNABLE, e.text);
    } else {
        struct study_event ev = {.kind = STUDY_EV_SCORED, .final = true, .again = true, .trial = o.record->trial};
        ev.figures.correct = o.record->again_correct;
        ev.figures.total = o.record->again_total;
        study_run_event(o.run, &ev);
    }
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

void study_run_ask_worker(struct study_run *r, const struct study_todo *t)
{
    struct trial_record *record = study_run_record(r, t->final, t->trial);
    cJSON *params = candidate_params(r, t->trial);
    bool test = t->final && !t->again;
    struct out *o = r->asked = study_run_out(r, record);
    if (t->final && r->file.finalist_tune_steps > 0)
        cJSON_AddNumberToObject(params, "tune_steps", (double)r->file.finalist_tune_steps);
    if (t->kind == STUDY_DO_LOWER) {
        cJSON_AddStringToObject(params, "image", record->image);
        worker_ask(r->worker, "lower", params, on_lowered, o);
    } else {
        int64_t first = test ? r->file.test_first : r->file.validation_first;
        int64_t n = test ? r->file.test_samples : r->file.validation_samples;
        cJSON_AddStringToObject(params, "set", test ? "test" : "validation");
        if (first > 0)
            cJSON_AddNumberToObject(params, "first", (double)first);
        if (n > 0)
            cJSON_AddNumberToObject(params, "n", (double)n);
        if (t->part >= 0) {
            cJSON_AddNumberToObject(params, "every", study_parts[t->part].every);
            cJSON_AddNumberToObject(params, "offset", study_parts[t->part].offset);
        }
        worker_ask(r->worker, "score", params, t->again ? on_scored_again : on_scored, o);
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
        study_run_tell_of(o.run, STUDY_EV_MEASURED, o.record);
        return;
    }
    snprintf(o.record->reason, sizeof o.record->reason, "%s: %.400s", board_failure_name(result->failure), result->text);
    study_run_event(o.run, &(struct study_event){.kind = STUDY_EV_FAILED, .final = o.record->final, .trial = o.record->trial,
                                       .failure = result->failure, .board = a->board, .text = o.record->reason});
}

void study_run_wish(struct study_run *r, const struct study_todo *t)
{
    struct trial_record *record = study_run_record(r, t->final, t->trial);
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
        .user = study_run_out(r, record),
    };
    record->wished = true;
    r->wishes++;
    boards_wish(r->host.boards, &record->wish);
}

void study_run_cancel_wish(struct study_run *r, const struct study_todo *t)
{
    struct trial_record *record = study_run_record(r, t->final, t->trial);
    if (!record->wished || !boards_cancel(r->host.boards, &record->wish))
        return; // it is on a board: what is found out is kept
    free(record->wish.user);
    record->wished = false;
    r->wishes--;
    r->cancelled = (struct study_event){.kind = STUDY_EV_CANCELLED, .final = t->final, .trial = t->trial};
}
