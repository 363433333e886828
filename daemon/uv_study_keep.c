// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The store and the agent of a study: the two transactions, and the step between them in the thread pool.
#include "daemon/uv_study_inner.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

/* One step of the agent, on its way through the thread pool. */
struct pool_step {
    uv_work_t work;
    struct study_run *run;
    struct agent_step step;
};

/* --- the store --- */

static void job_out(struct study_run *r)
{
    r->jobs++;
}

/* Whether the run still wants to know about its job. */
static bool job_in(struct study_run *r)
{
    r->jobs--;
    return !r->closing;
}

static void not_stored(struct study_run *r, enum study_todo_kind todo, const struct trial_record *t, const char *text)
{
    char why[ERROR_TEXT_MAX];
    snprintf(why, sizeof why, "the database: %.480s", text);
    study_run_event(r, &(struct study_event){.kind = STUDY_EV_NOT_STORED, .todo = todo, .final = t && t->final,
                                             .trial = t ? t->trial : 0, .text = why});
}

/* Of any job: a store that cannot be written in another way than by a full disk needs a person. */
void study_run_not_stored(void *user, int rc, const char *text)
{
    struct study_run *r = user;
    if (rc != STORE_FULL && !r->closing)
        not_stored(r, STUDY_DO_NOTHING, NULL, text);
}

/* Of a state, or of an attempt that is forgotten: nothing follows from it. */
static void on_kept(void *user, int rc, const char *text)
{
    struct study_run *r = user;
    (void)rc, (void)text;
    if (job_in(r))
        study_run_event(r, NULL);
}

void study_run_store_state(struct study_run *r)
{
    job_out(r);
    study_store_state(&r->store, r->core.state, r->core.reason, on_kept, r);
}

static void on_plan_stored(void *user, int rc, const char *text)
{
    struct out o = *(struct out *)user;
    free(user);
    if (!job_in(o.run))
        return;
    if (rc == 0)
        study_run_tell_of(o.run, STUDY_EV_PLAN_STORED, o.record);
    else
        not_stored(o.run, STUDY_DO_STORE_PLAN, o.record, text);
}

/* What is stored is what the agent is told. */
static void know(struct study_run *r, const struct trial_record *t)
{
    const struct study_work *w = study_work(&r->core, false, t->trial);
    study_agent_know(&r->agent, t->trial, study_outcome(w), &w->figures, t->layer_cycles, t->measured ? t->n_layers : 0);
    study_agent_know_image(&r->agent, t->trial, t->measured ? t->provenance : NULL);
}

static void on_result_stored(void *user, int rc, const char *text)
{
    struct out o = *(struct out *)user;
    free(user);
    if (!job_in(o.run))
        return;
    if (rc != 0) {
        not_stored(o.run, STUDY_DO_STORE, o.record, text);
        return;
    }
    struct study_event ev = {.kind = STUDY_EV_STORED, .final = o.record->final, .trial = o.record->trial};
    char reason[ERROR_TEXT_MAX];
    snprintf(reason, sizeof reason, "%s", o.record->reason);
    ev.text = reason;
    if (!ev.final)
        know(o.run, o.record);
    study_run_forget(o.run, o.record);
    study_run_event(o.run, &ev);
}

void study_run_forget_attempt(struct study_run *r, const struct study_todo *t)
{
    const struct trial_record *record = study_run_record(r, t->final, t->trial);
    job_out(r);
    study_store_forget(&r->store, t->trial, record->attempt, "measured, but the study was ended", on_kept, r);
}

void study_run_store_work(struct study_run *r, const struct study_todo *t)
{
    struct trial_record *record = study_run_record(r, t->final, t->trial);
    struct out *o = study_run_out(r, record);
    job_out(r);
    if (t->outcome == STORE_GIVEN_UP && !record->reason[0])
        snprintf(record->reason, sizeof record->reason, "its attempts failed too often before pared was started again");
    record->dropped = t->outcome == STORE_DROPPED && t->kind == STUDY_DO_STORE;
    if (record->dropped)
        study_dropped_text(&r->core, study_work(&r->core, false, t->trial), record->reason, sizeof record->reason);
    trial_record_figures(record, t->final ? &r->core.trials[t->trial].figures : NULL);
    if (t->kind == STUDY_DO_STORE_PLAN)
        study_store_plan(&r->store, record, on_plan_stored, o);
    else if (t->final)
        study_store_final(&r->store, record, t->outcome, t->reward, on_result_stored, o);
    else
        study_store_result(&r->store, record, t->outcome, on_result_stored, o);
}

/* --- the agent's step: in the thread pool, then in the store --- */

static void free_step(struct pool_step *p)
{
    agent_step_finish(&p->step);
    free(p);
}

void study_run_drop_step(struct study_run *r)
{
    if (r->unstored)
        free_step(r->unstored);
    r->unstored = NULL;
}

/* The agent has made the step, and makes it once only: what cannot be stored is kept for the next time. */
static void on_step_stored(void *user, int rc, const char *text)
{
    struct pool_step *p = user;
    struct study_run *r = p->run;
    struct study_event ev = {.kind = p->step.trial ? STUDY_EV_STEPPED : STUDY_EV_BEGUN, .trial = p->step.trial,
                             .n = p->step.n_proposals, .kinds = p->step.kinds};
    bool wanted = job_in(r);
    if (wanted && rc != 0) {
        r->unstored = p;
        not_stored(r, p->step.trial ? STUDY_DO_STEP : STUDY_DO_BEGIN, NULL, text);
        return;
    }
    if (wanted) {
        r->step++;
        study_run_event(r, &ev);
    }
    free_step(p);
}

static void store_step(struct study_run *r, struct pool_step *p)
{
    job_out(r);
    if (p->step.trial)
        study_store_step(&r->store, r->step + 1, &r->agent, &p->step, on_step_stored, p);
    else
        study_store_begin(&r->store, r->space, r->network, boards_runner(r->host.boards, r->file.board_type), &r->agent,
                          &p->step, on_step_stored, p);
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
            study_run_tell(r, STUDY_EV_INVALID, p->step.error.text);
        free_step(p);
        if (r->closing)
            study_run_part_closed(r);
        return;
    }
    store_step(r, p);
}

void study_run_step_agent(struct study_run *r, const struct study_todo *t)
{
    struct pool_step *p = r->unstored;
    if (p) {
        r->unstored = NULL;
        store_step(r, p);
        return;
    }
    p = calloc(1, sizeof *p);
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
