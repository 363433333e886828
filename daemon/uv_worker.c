// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/uv_worker.h"

#include "base/log.h"
#include "daemon/intake.h"
#include "daemon/uv_child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct worker {
    uv_loop_t *loop;
    struct worker_actions actions;
    char *program, *name;
    const char *state;
    cJSON *open;
    cJSON *was;         // what every answer to it must be of; NULL: the first one will say
    double patience;
    struct child *child;
    uv_timer_t timer;   // rests before a start, or the child's silence
    bool opened, told_opened, failed, closing, timer_closed;
    int deaths;         // in a row
    double kept;        // steps of training in the last checkpoint of the question under way
    int64_t id;         // of the last request
    const char *method; // of the question under way; NULL: none
    cJSON *params;
    void (*done)(void *user, const cJSON *result, enum worker_kind kind, const char *text);
    void *done_user;
    void (*closed)(void *user);
    void *closed_user;
};

static const char other_weights[] =
    "quantizing gave other weights than those that were measured (this pare or this machine is another one, or the study's quantized.bin is "
    "lost): go on with the pare and machine of then or put that file back, or begin a new study with \"search.from\"";

static void start(struct worker *w);

static void free_if_closed(struct worker *w)
{
    if (!w->closing || w->child || !w->timer_closed)
        return;
    if (w->closed)
        w->closed(w->closed_user);
    cJSON_Delete(w->open);
    cJSON_Delete(w->was);
    cJSON_Delete(w->params);
    free(w->program);
    free(w->name);
    free(w);
}

static void fail(struct worker *w, enum worker_kind kind, const char *text)
{
    w->failed = true;
    uv_timer_stop(&w->timer);
    w->actions.failed(w->actions.user, kind, text);
}

/* --- talking --- */

static void on_silence(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    if (w->child)
        child_kill(w->child, "killed: no sign of life");
}

static void await(struct worker *w)
{
    uv_timer_start(&w->timer, on_silence, (uint64_t)(WORKER_SILENCE_MS * w->patience), 0);
}

static void send_request(struct worker *w, const char *method, cJSON *params)
{
    cJSON *request = cJSON_CreateObject();
    cJSON_AddNumberToObject(request, "id", (double)++w->id);
    cJSON_AddStringToObject(request, "method", method);
    cJSON_AddItemReferenceToObject(request, "params", params);
    char *text = cJSON_PrintUnformatted(request);
    cJSON_Delete(request);
    if (text)
        child_send(w->child, text, strlen(text));
    else
        child_kill(w->child, "out of memory");
    free(text);
    await(w);
}

static void send_question(struct worker *w)
{
    if (w->child && w->opened && w->method)
        send_request(w, w->method, w->params);
}

static enum worker_kind kind_of(const cJSON *error)
{
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "kind"));
    return kind && strcmp(kind, "invalid") == 0      ? WORKER_INVALID
           : kind && strcmp(kind, "infeasible") == 0 ? WORKER_INFEASIBLE
                                                     : WORKER_FAILED;
}

/* What tells of the quantized weights in an answer to `open`, as an object of its own; NULL when out of memory. */
static cJSON *weights_of(const cJSON *answer)
{
    const cJSON *sha256 = cJSON_GetObjectItemCaseSensitive(answer, "quantized_sha256");
    const char *name = cJSON_IsString(sha256) ? "quantized_sha256" : "slots"; // with the sensitivities of every option
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, name, cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(answer, name), 1));
    return o;
}

/* Figures of other weights must never be taken for those of the ones there were. */
static bool is_other(const struct worker *w, const cJSON *answer)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, w->was) {
        if (!cJSON_Compare(v, cJSON_GetObjectItemCaseSensitive(answer, v->string), 1))
            return true;
    }
    return false;
}

static void on_opened(struct worker *w, const cJSON *result)
{
    bool first = !w->told_opened;
    if (w->was && is_other(w, result)) {
        fail(w, WORKER_FAILED, other_weights);
        return;
    }
    if (!w->was)
        w->was = weights_of(result);
    w->opened = w->told_opened = true;
    uv_timer_stop(&w->timer);
    if (first)
        w->actions.opened(w->actions.user, result);
    else
        send_question(w);
}

static void on_answer(struct worker *w, const cJSON *result, enum worker_kind kind, const char *text)
{
    void (*done)(void *, const cJSON *, enum worker_kind, const char *) = w->done;
    w->method = NULL;
    uv_timer_stop(&w->timer);
    done(w->done_user, result, kind, text);
}

static void on_progress(struct worker *w, const cJSON *progress)
{
    char text[256];
    const cJSON *done = cJSON_GetObjectItemCaseSensitive(progress, "done");
    const cJSON *total = cJSON_GetObjectItemCaseSensitive(progress, "total");
    const cJSON *loss = cJSON_GetObjectItemCaseSensitive(progress, "loss");
    const char *what = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(progress, "text"));
    await(w);
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(progress, "kept")) && cJSON_IsNumber(done) && done->valuedouble > w->kept) {
        w->kept = done->valuedouble; // a worker that dies now goes on from there
        w->deaths = 0;
    }
    if (!w->actions.progress || !what)
        return;
    snprintf(text, sizeof text, "%.200s", what);
    if (cJSON_IsNumber(done) && cJSON_IsNumber(total))
        snprintf(text, sizeof text, "%.150s %.0f of %.0f", what, done->valuedouble, total->valuedouble);
    if (cJSON_IsNumber(loss))
        snprintf(text + strlen(text), sizeof text - strlen(text), ", loss %.4g", loss->valuedouble);
    intake_hide(w->state, text);
    w->actions.progress(w->actions.user, text);
}

static void take_answer(struct worker *w, const cJSON *message)
{
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(message, "result");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(message, "error");
    char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "message"));
    const char *why = text ? text : "the worker's answer has neither a result nor an error";
    if (text)
        intake_hide(w->state, text);
    if (!cJSON_IsObject(result))
        result = NULL;
    if (!w->opened && result) {
        on_opened(w, result);
        return; // a worker that opens well and then dies is not well
    }
    w->deaths = 0;
    if (w->opened)
        on_answer(w, result, kind_of(error), why);
    else
        fail(w, kind_of(error), why);
}

static void on_line(void *user, const char *line)
{
    struct worker *w = user;
    if (w->closing || w->failed)
        return;
    cJSON *message = cJSON_Parse(line);
    const cJSON *progress = cJSON_GetObjectItemCaseSensitive(message, "progress");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(message, "id");
    bool awaited = !w->opened || w->method;
    if (progress)
        on_progress(w, progress);
    else if (cJSON_IsNumber(id) && (int64_t)id->valuedouble == w->id && awaited)
        take_answer(w, message);
    else
        child_kill(w->child, "killed: it said what nobody asked for");
    cJSON_Delete(message);
}

/* --- the process --- */

static void on_rested(uv_timer_t *timer)
{
    start(timer->data);
}

static void start_later(struct worker *w, const char *why)
{
    char text[ERROR_TEXT_MAX];
    uint64_t ms = WORKER_REST_MS;
    if (++w->deaths >= WORKER_DEATHS_MAX) {
        snprintf(text, sizeof text, "the worker does not stay alive: %.400s", why);
        fail(w, WORKER_FAILED, text);
        return;
    }
    for (int i = 1; i < w->deaths && ms < WORKER_REST_MAX_MS; i++)
        ms *= 2;
    log_warning("%s: %s; it is started again", w->name, why);
    uv_timer_start(&w->timer, on_rested, ms < WORKER_REST_MAX_MS ? ms : WORKER_REST_MAX_MS, 0);
}

static void on_gone(void *user, const char *text)
{
    struct worker *w = user;
    char why[ERROR_TEXT_MAX];
    w->child = NULL;
    w->opened = false;
    snprintf(why, sizeof why, "%s", text);
    intake_hide(w->state, why);
    if (!w->closing && !w->failed)
        start_later(w, why);
    free_if_closed(w);
}

static void start(struct worker *w)
{
    const char *const arguments[] = {w->program, "work", NULL};
    struct child_actions actions = {w, on_line, on_gone};
    struct error e = {""};
    w->child = child_start(w->loop, arguments, WORKER_NICE, w->name, &actions, &e);
    if (w->child)
        send_request(w, "open", w->open);
    else
        start_later(w, e.text);
}

struct worker *worker_open(uv_loop_t *loop, const struct worker_options *o, const struct worker_actions *actions)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->program = strdup(o->program);
    w->name = strdup(o->name);
    w->open = cJSON_Parse(o->open);
    w->was = o->was ? weights_of(o->was) : NULL;
    if (!w->program || !w->name || !w->open || (o->was && !w->was)) {
        free(w->program);
        free(w->name);
        cJSON_Delete(w->open);
        cJSON_Delete(w->was);
        free(w);
        return NULL;
    }
    w->loop = loop;
    w->state = o->state;
    w->actions = *actions;
    w->patience = o->patience > 0 ? o->patience : 1;
    uv_timer_init(loop, &w->timer);
    w->timer.data = w;
    uv_timer_start(&w->timer, on_rested, 0, 0);
    return w;
}

void worker_ask(struct worker *w, const char *method, cJSON *params,
                void (*done)(void *user, const cJSON *result, enum worker_kind kind, const char *text), void *user)
{
    cJSON_Delete(w->params);
    w->method = method;
    w->params = params;
    w->kept = 0;
    w->done = done;
    w->done_user = user;
    send_question(w);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct worker *w = handle->data;
    w->timer_closed = true;
    free_if_closed(w);
}

void worker_close(struct worker *w, void (*closed)(void *user), void *user)
{
    w->closing = true;
    w->closed = closed;
    w->closed_user = user;
    if (w->child)
        child_kill(w->child, "killed");
    uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}
