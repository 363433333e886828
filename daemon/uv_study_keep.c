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

static bool job_in(struct study_run *r, int rc)
{
    r->jobs--;
    return rc == 0 && !r->closing;
}

/* Of any job: a store that cannot be written in another way than by a full disk needs a person. */
void study_run_not_stored(void *user, int rc, const char *text)
{
    struct study_run *r = user;
    char why[ERROR_TEXT_MAX];
    if (rc == STORE_FULL || r->closing)
        return;
    snprintf(why, sizeof why, "the database: %.480s", text);
    study_run_tell(r, STUDY_EV_UNABLE, why);
}

static void on_state_stored(void *user, int rc, const char *text)
{
    struct study_run *r = user;
    (void)text;
    if (job_in(r, rc))
        study_run_event(r, NULL);
}

void study_run_store_state(struct study_run *r)
{
    job_out(r);
    study_store_state(&r->store, r->core.state, r->core.reason, on_state_stored, r);
}

static void on_plan_stored(void *user, int rc, const char *text)
{
    struct out o = *(struct out *)user;
    (void)text;
    free(user);
    if (job_in(o.run, rc))
        study_run_tell_of(o.run, STUDY_EV_PLAN_STORED, o.record);
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
    study_run_forget(o.run, o.record);
    study_run_event(o.run, &ev);
}

void study_run_store_work(struct study_run *r, const struct study_todo *t)
{
    struct trial_record *record = study_run_record(r, t->final, t->trial);
    struct out *o = study_run_out(r, record);
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
        study_run_event(r, &ev);
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
            study_run_tell(r, STUDY_EV_INVALID, p->step.error.text);
        agent_step_finish(&p->step);
        free(p);
        if (r->closing)
            study_run_part_closed(r);
        return;
    }
    job_out(r);
    if (p->step.trial)
        study_store_step(&r->store, r->step + 1, &r->agent, &p->step, on_step_stored, p);
    else
        study_store_begin(&r->store, r->space, r->network, boards_runner(r->host.boards, r->file.board_type), &r->agent,
                          &p->step, on_step_stored, p);
}

void study_run_step_agent(struct study_run *r, const struct study_todo *t)
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
