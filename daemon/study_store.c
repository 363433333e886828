// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/study_store.h"

#include "base/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
    struct writer_job job;
    int64_t study;
    study_stored *failed, *done;
    void *failed_user, *user;

    enum store_state state;
    char *text;                // reason, progress or space
    char network[SHA256_HEX], runner[SHA256_HEX];
    const struct trial_record *record;
    struct store_trace trace;  // of the record
    char trace_name[TRACES_NAME_MAX], traces[TRACES_PATH_MAX];
    bool trace_written, trace_given_up;
    int trial, attempt;
    enum store_outcome outcome;
    double reward;
    struct store_step step;
    struct store_reward step_reward;
    struct store_proposal *proposals;
    char *event;
    void *state_copy;
    char *summary;
};

static void *check(void *memory)
{
    if (!memory)
        abort(); // a few bytes for the store: without them nothing that is measured can be kept
    return memory;
}

static void free_job(struct job *j)
{
    for (int i = 0; i < j->step.n_proposals; i++)
        free((char *)(uintptr_t)j->proposals[i].candidate), free((char *)(uintptr_t)j->proposals[i].why);
    free(j->proposals);
    free(j->text);
    free(j->event);
    free(j->state_copy);
    free(j->summary);
    free(j);
}

static void job_done(struct writer_job *job, int rc)
{
    struct job *j = (struct job *)job;
    rc = rc == STORE_ALREADY ? 0 : rc;
    if (rc != 0) {
        log_error("study %lld: not stored: %s", (long long)j->study, job->error.text);
        if (j->failed)
            j->failed(j->failed_user, rc, job->error.text);
    }
    if (j->done)
        j->done(j->user, rc, job->error.text);
    free_job(j);
}

static struct job *new_job(const struct study_store *s, int (*run)(struct store *, struct writer_job *, struct error *),
                           study_stored *done, void *user)
{
    struct job *j = check(calloc(1, sizeof *j));
    j->job.run = run;
    j->job.done = job_done;
    j->study = s->study;
    snprintf(j->traces, sizeof j->traces, "%s", s->traces);
    j->failed = s->failed;
    j->failed_user = s->user;
    j->done = done;
    j->user = user;
    return j;
}

static char *copy_text(const char *text)
{
    return text ? check(strdup(text)) : NULL;
}

/* --- the study --- */

static char *state_event(enum store_state state, const char *reason)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "state", store_state_name(state));
    if (reason)
        cJSON_AddStringToObject(o, "reason", reason);
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return check(text);
}

static int run_state(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    struct store_event event = {.topic = "study.state", .data = j->event};
    struct store_events events = {&event, 1};
    return store_study_state(s, j->study, j->state, j->text, &events, e);
}

void study_store_state(const struct study_store *s, enum store_state state, const char *reason, study_stored *done, void *user)
{
    struct job *j = new_job(s, run_state, done, user);
    j->state = state;
    j->text = copy_text(reason && reason[0] ? reason : NULL);
    j->event = state_event(state, j->text);
    writer_put(s->writer, &j->job);
}

static int run_progress(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    struct store_event event = {.topic = "study.progress", .data = j->event};
    struct store_events events = {&event, 1};
    return store_study_progress(s, j->study, j->text, &events, e);
}

void study_store_progress(const struct study_store *s, const char *text)
{
    struct job *j = new_job(s, run_progress, NULL, NULL);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "text", text);
    j->event = check(cJSON_PrintUnformatted(o));
    j->text = copy_text(text[0] ? text : NULL);
    cJSON_Delete(o);
    writer_put(s->writer, &j->job);
}

static int run_runner(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    return store_study_runner(s, j->study, j->runner, e);
}

void study_store_runner(const struct study_store *s, const char *runner_sha256)
{
    struct job *j = new_job(s, run_runner, NULL, NULL);
    snprintf(j->runner, sizeof j->runner, "%s", runner_sha256);
    writer_put(s->writer, &j->job);
}

/* --- steps --- */

static void add_proposal(struct job *j, const struct study_agent *a, int trial, enum store_kind kind, const char *why)
{
    struct candidate c;
    char text[CANDIDATE_TEXT_MAX];
    study_agent_candidate(a, trial, &c);
    candidate_format(&c, text, sizeof text);
    j->proposals[j->step.n_proposals++] =
        (struct store_proposal){.trial = trial, .kind = kind, .candidate = copy_text(text), .hash = candidate_hash(&c), .why = copy_text(why)};
}

/* The proposals of a step are the last trials that the agent knows. */
static void fill_step(struct job *j, int64_t number, const struct study_agent *a, const struct agent_step *step)
{
    bool first = step->trial == 0;
    j->proposals = check(calloc((size_t)step->n_proposals + STUDY_BASELINES, sizeof *j->proposals));
    for (int t = 1; first && t <= STUDY_BASELINES; t++)
        add_proposal(j, a, t, STORE_BASELINE, t == 1 ? "the reference: every reward is relative to it" : "the network as it came, for comparison");
    for (int i = 0; i < step->n_proposals; i++)
        add_proposal(j, a, a->n_trials - step->n_proposals + 1 + i, step->kinds[i], step->whys[i]);
    j->state_copy = check(malloc((size_t)step->state_size + 1));
    memcpy(j->state_copy, step->state, (size_t)step->state_size);
    j->summary = copy_text(step->summary);
    j->step_reward = (struct store_reward){step->trial, step->reward};
    j->step.step = number;
    j->step.applied_seq = step->trial;
    j->step.state = j->state_copy;
    j->step.state_size = (size_t)step->state_size;
    j->step.summary = j->summary;
    j->step.rewards = &j->step_reward;
    j->step.n_rewards = !first && step->outcome == STORE_MEASURED;
    j->step.proposals = j->proposals;
    j->trial = step->trial;
}

static int put_step(struct store *s, struct job *j, struct error *e)
{
    struct store_event list[STUDY_AHEAD_MAX + STUDY_BASELINES + 1];
    char data[64] = "{}";
    int n = 0;
    if (j->step.n_rewards)
        snprintf(data, sizeof data, "{\"reward\":%.17g}", j->step_reward.reward);
    if (j->trial > 0)
        list[n++] = (struct store_event){.topic = "trial.stepped", .trial = j->trial, .data = data};
    for (int i = 0; i < j->step.n_proposals; i++)
        list[n++] = (struct store_event){.topic = "trial.proposed", .trial = j->proposals[i].trial};
    struct store_events events = {list, n};
    return store_stepped(s, j->study, &j->step, &events, e);
}

static int run_step(struct store *s, struct writer_job *job, struct error *e)
{
    return put_step(s, (struct job *)job, e);
}

void study_store_step(const struct study_store *s, int64_t number, const struct study_agent *a, const struct agent_step *step,
                      study_stored *done, void *user)
{
    struct job *j = new_job(s, run_step, done, user);
    fill_step(j, number, a, step);
    writer_put(s->writer, &j->job);
}

static int run_begin(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    int rc = store_study_space(s, j->study, j->text, j->network[0] ? j->network : NULL, e);
    if (rc == 0)
        rc = store_study_runner(s, j->study, j->runner, e);
    return rc == 0 ? put_step(s, j, e) : rc;
}

void study_store_begin(const struct study_store *s, const char *space, const char *network_sha256, const char *runner_sha256,
                       const struct study_agent *a, const struct agent_step *step, study_stored *done, void *user)
{
    struct job *j = new_job(s, run_begin, done, user);
    j->text = copy_text(space);
    snprintf(j->network, sizeof j->network, "%s", network_sha256);
    snprintf(j->runner, sizeof j->runner, "%s", runner_sha256);
    fill_step(j, 1, a, step);
    writer_put(s->writer, &j->job);
}

/* --- trials --- */

static int run_plan(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    return store_lowered(s, j->study, j->record->trial, j->record->figures, j->record->n_figures, e);
}

void study_store_plan(const struct study_store *s, const struct trial_record *r, study_stored *done, void *user)
{
    struct job *j = new_job(s, run_plan, done, user);
    j->record = r;
    writer_put(s->writer, &j->job);
}

static int write_trace(void *user, struct store_trace *t, int64_t kept_bytes)
{
    struct job *j = user;
    int rc = traces_write(j->traces, j->trace_name, &j->record->trace, kept_bytes, &t->bytes, t->sha256);
    j->trace_written = rc == 0;
    return rc;
}

/* The transaction that was to name the file has failed. The file may have taken the space that was left for the result itself: when this
 * is tried again, the result goes in without it. */
static void give_up_trace(struct job *j)
{
    if (!j->trace_written)
        return;
    traces_remove(j->traces, j->trace_name);
    log_warning("%s is not kept: its result could not be stored beside it", j->trace_name);
    j->trace_written = false;
    j->trace_given_up = true;
}

static void on_trace_gone(void *user, const char *file)
{
    const struct job *j = user;
    traces_remove(j->traces, file);
}

/* After a result, which may have driven others from the front. It is stored, whatever becomes of this. */
static void drop_traces(struct store *s, struct job *j)
{
    struct error e = {""};
    if (store_drop_traces(s, on_trace_gone, j, &e) != 0)
        log_warning("raw samples of trials that have left the front stay for now: %s", e.text);
}

/* The raw samples that go with a result; NULL if there are none. */
static struct store_trace *trace_of(struct job *j)
{
    const struct power_trace *t = &j->record->trace;
    if (j->outcome != STORE_MEASURED || t->n == 0 || j->trace_given_up)
        return NULL;
    traces_name(j->study, j->record->trial, j->record->attempt, j->trace_name);
    j->trace = (struct store_trace){.file = j->trace_name, .windows = t->n, .write = write_trace, .user = j};
    for (int i = 0; i < t->n; i++)
        j->trace.samples += t->windows[i].samples;
    return &j->trace;
}

static struct store_result result_of(struct job *j)
{
    const struct trial_record *r = j->record;
    bool measured = j->outcome == STORE_MEASURED;
    return (struct store_result){
        .trial = r->trial,
        .outcome = j->outcome,
        .reason = measured ? NULL : r->reason,
        .figures = r->figures,
        .n_figures = r->n_figures,
        .attempt = measured ? r->attempt : 0,
        .layer_cycles = measured ? r->layer_cycles : NULL,
        .n_layers = measured ? r->n_layers : 0,
        .clock_hz = measured ? r->clock_hz : 0,
        .provenance = measured ? r->provenance : NULL,
        .trace = trace_of(j),
    };
}

static int run_result(struct store *s, struct writer_job *job, struct error *e)
{
    static const char *const topics[STORE_OUTCOME_COUNT] = {"trial.measured", "trial.infeasible", "trial.given_up", "trial.dropped"};
    struct job *j = (struct job *)job;
    struct store_result result = result_of(j);
    struct store_event event = {.topic = topics[j->outcome], .trial = result.trial, .data = j->event};
    struct store_events events = {&event, 1};
    int64_t seq = 0;
    int rc = store_measured(s, j->study, &result, &events, &seq, e);
    if (rc != 0)
        give_up_trace(j);
    if ((rc == 0 || rc == STORE_ALREADY) && seq != result.trial)
        return error_set(e, "the result of trial %d has place %lld in the store", result.trial, (long long)seq);
    if (rc == 0)
        drop_traces(s, j);
    return rc;
}

void study_store_result(const struct study_store *s, const struct trial_record *r, enum store_outcome outcome,
                        study_stored *done, void *user)
{
    struct job *j = new_job(s, run_result, done, user);
    j->record = r;
    j->outcome = outcome;
    j->event = check(trial_record_event(r, outcome));
    writer_put(s->writer, &j->job);
}

static int run_final(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    struct store_result result = result_of(j);
    struct store_event event = {.topic = "trial.measured", .trial = result.trial, .data = j->event};
    struct store_events events = {&event, 1};
    if (j->outcome == STORE_MEASURED) {
        int rc = store_final(s, j->study, &result, j->reward, &events, e);
        if (rc == 0)
            drop_traces(s, j);
        else
            give_up_trace(j);
        return rc;
    }
    if (j->record->again)
        return 0; // what was scored are not the weights that the trial's figures are of
    for (int i = 0; i < result.n_figures; i++)
        if (strcmp(result.figures[i].name, STORE_TEST_CORRECT) == 0)
            return store_add_figures(s, j->study, result.trial, &result.figures[i], 1, e);
    return 0;
}

void study_store_final(const struct study_store *s, const struct trial_record *r, enum store_outcome outcome, double reward,
                       study_stored *done, void *user)
{
    struct job *j = new_job(s, run_final, done, user);
    j->record = r;
    j->outcome = outcome;
    j->reward = reward;
    j->event = check(trial_record_event(r, STORE_MEASURED));
    writer_put(s->writer, &j->job);
}

static int run_forget(struct store *s, struct writer_job *job, struct error *e)
{
    struct job *j = (struct job *)job;
    return store_attempt_interrupted(s, j->study, j->trial, j->attempt, j->text, e);
}

void study_store_forget(const struct study_store *s, int trial, int attempt, const char *why, study_stored *done, void *user)
{
    struct job *j = new_job(s, run_forget, done, user);
    j->trial = trial;
    j->attempt = attempt;
    j->text = copy_text(why);
    writer_put(s->writer, &j->job);
}
