// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Questions: a reading connection in the thread pool, then what is true now on the loop.
#include "daemon/service_inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_MS 5000 // a question may take this long: lists of large studies on a busy machine

static const char *text_of(const cJSON *params, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, name));
}

void service_fail(struct server_call *call, int rc, const char *text)
{
    enum kind kind = rc == STORE_NOT_FOUND  ? KIND_NOT_FOUND
                     : rc == STORE_CONFLICT ? KIND_CONFLICT
                     : rc == STORE_LATE     ? KIND_BUSY
                     : rc == STORE_FULL     ? KIND_BUSY
                                            : KIND_FAILED;
    server_fail(call, kind, NULL, NULL, "%s", text);
}

bool service_names_study(const cJSON *study, int64_t *number)
{
    const char *name = cJSON_GetStringValue(study);
    *number = cJSON_IsNumber(study) ? (int64_t)study->valuedouble : name ? strtoll(name, NULL, 10) : 0;
    return name && strspn(name, "0123456789") != strlen(name);
}

const char *service_path(struct server_call *call, const cJSON *params, const char *name)
{
    const char *path = text_of(params, name);
    if (path && path[0] == '/' && strlen(path) < KEYS_PATH_MAX)
        return path;
    server_fail(call, KIND_INVALID, name, NULL, "\"%s\" must be an absolute path", name);
    return NULL;
}

/* --- asking --- */

static double number_of(const cJSON *params, const char *name, double otherwise)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(params, name);
    return cJSON_IsNumber(v) ? v->valuedouble : otherwise;
}

struct query *query_new(struct service *s, struct server_call *call, const cJSON *params)
{
    const cJSON *study = cJSON_GetObjectItemCaseSensitive(params, "study");
    struct query *q = calloc(1, sizeof *q);
    if (!q) {
        server_fail(call, KIND_BUSY, NULL, NULL, "out of memory");
        return NULL;
    }
    q->s = s;
    q->call = call;
    q->study = s->newest_study;
    if (cJSON_IsString(study))
        snprintf(q->name, sizeof q->name, "%.63s", study->valuestring);
    else if (cJSON_IsNumber(study))
        snprintf(q->name, sizeof q->name, "%.0f", study->valuedouble);
    if (!q->name[0] && q->study == 0) {
        server_fail(call, KIND_NOT_FOUND, NULL, "pare study create FILE", "there is no study");
        free(q);
        return NULL;
    }
    return q;
}

static void in_pool(uv_work_t *work)
{
    struct query *q = work->data;
    if (!q->reader)
        q->reader = store_reader_open(q->s->config->database, &q->e);
    q->rc = q->reader ? 0 : -1;
    if (q->rc != 0)
        return;
    store_reader_limit(q->reader, READ_MS);
    if (q->name[0])
        q->rc = store_read_study_number(q->reader, q->name, &q->study, &q->e);
    if (q->rc == 0)
        q->rc = q->run(q);
}

static void give_back(struct service *s, struct store_reader *reader)
{
    if (reader && s->n_readers < SERVICE_READERS_MAX && !s->closing)
        s->readers[s->n_readers++] = reader;
    else
        store_reader_close(reader);
}

static void free_query(struct query *q)
{
    buffer_finish(&q->out);
    free(q->more);
    free(q);
}

static void answered(uv_work_t *work, int status)
{
    struct query *q = work->data;
    struct service *s = q->s;
    (void)status;
    give_back(s, q->reader);
    if (q->rc != 0 && q->call)
        service_fail(q->call, q->rc, q->e.text);
    else if (q->finish)
        q->finish(q);
    else
        server_answer_text(q->call, q->out.data ? q->out.data : "{}", q->out.size);
    free_query(q);
    service_in(s);
}

void query_ask(struct query *q)
{
    struct service *s = q->s;
    q->work.data = q;
    q->reader = s->n_readers > 0 ? s->readers[--s->n_readers] : NULL;
    buffer_init(&q->out, SERVER_LINE_MAX);
    s->out++;
    uv_queue_work(s->loop, &q->work, in_pool, answered);
}

static int put(struct buffer *out, const char *text)
{
    return buffer_append(out, text, strlen(text));
}

struct query *query_about_all(struct service *s, struct server_call *call)
{
    struct query *q = calloc(1, sizeof *q);
    if (!q) {
        server_fail(call, KIND_BUSY, NULL, NULL, "out of memory");
        return NULL;
    }
    q->s = s;
    q->call = call;
    return q;
}

/* --- what is true now --- */

static void replace_text(cJSON *object, const char *name, const char *text)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    cJSON_AddItemToObject(object, name, text[0] ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void overlay_study(const struct service *s, cJSON *study)
{
    char text[ERROR_TEXT_MAX] = "";
    int64_t number = (int64_t)number_of(study, "study", 0);
    for (int i = 0; i < s->n_runs; i++)
        if (study_run_study(s->runs[i]) == number) {
            study_run_progress(s->runs[i], text, sizeof text);
            if (s->stuck[0])
                snprintf(text, sizeof text, "nothing can be stored now, tried again: %.400s", s->stuck);
        }
    replace_text(study, "progress", text);
}

static cJSON *parsed(const struct query *q)
{
    return cJSON_ParseWithLength(q->out.data ? q->out.data : "{}", q->out.size);
}

static void answer_with_studies(struct query *q, cJSON *o)
{
    cJSON *study;
    cJSON_ArrayForEach(study, cJSON_GetObjectItemCaseSensitive(o, "studies"))
        overlay_study(q->s, study);
    if (q->s->boards)
        boards_overlay(q->s->boards, cJSON_GetObjectItemCaseSensitive(o, "boards"));
    server_answer(q->call, o);
}

/* --- status and lists --- */

static int run_studies(struct query *q)
{
    int rc = put(&q->out, "{\"studies\":");
    if (rc == 0)
        rc = store_read_studies(q->reader, &q->out, &q->e);
    return rc == 0 ? put(&q->out, "}") : rc;
}

static void finish_studies(struct query *q)
{
    answer_with_studies(q, parsed(q));
}

void service_study_list(void *user, struct server_call *call, const cJSON *params)
{
    struct query *q = query_about_all(user, call);
    (void)params;
    if (!q)
        return;
    q->run = run_studies;
    q->finish = finish_studies;
    query_ask(q);
}

static int run_status(struct query *q)
{
    int rc = put(&q->out, "{\"studies\":");
    if (rc == 0)
        rc = store_read_studies(q->reader, &q->out, &q->e);
    if (rc == 0)
        rc = put(&q->out, ",\"boards\":");
    if (rc == 0)
        rc = store_read_boards(q->reader, &q->out, &q->e);
    return rc == 0 ? put(&q->out, "}") : rc;
}

static long resident_kib(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void finish_status(struct query *q)
{
    struct service *s = q->s;
    cJSON *o = parsed(q);
    cJSON_AddStringToObject(o, "version", PARE_VERSION);
    cJSON_AddNumberToObject(o, "pid", getpid());
    cJSON_AddNumberToObject(o, "uptime_s", (double)((uv_now(s->loop) - s->started_ms) / 1000));
    cJSON_AddStringToObject(o, "database", s->config->database);
    cJSON_AddNumberToObject(o, "loop_stall_ms", round((double)s->stall.worst_ns / 1e4) / 100);
    cJSON_AddNumberToObject(o, "resident_kib", (double)resident_kib());
    answer_with_studies(q, o);
}

void service_status(void *user, struct server_call *call, const cJSON *params)
{
    struct query *q = query_about_all(user, call);
    (void)params;
    if (!q)
        return;
    q->run = run_status;
    q->finish = finish_status;
    query_ask(q);
}

static int run_boards(struct query *q)
{
    int rc = put(&q->out, "{\"boards\":");
    if (rc == 0)
        rc = store_read_boards(q->reader, &q->out, &q->e);
    return rc == 0 ? put(&q->out, "}") : rc;
}

void service_board_list(void *user, struct server_call *call, const cJSON *params)
{
    struct query *q = query_about_all(user, call);
    (void)params;
    if (!q)
        return;
    q->run = run_boards;
    q->finish = finish_studies;
    query_ask(q);
}

static int run_canary(struct query *q)
{
    return store_read_canaries(q->reader, q->more, q->limit, &q->out, &q->e);
}

void service_board_canary(void *user, struct server_call *call, const cJSON *params)
{
    struct query *q = query_about_all(user, call);
    if (!q)
        return;
    q->more = strdup(text_of(params, "board"));
    if (!q->more)
        abort();
    q->limit = (int)number_of(params, "limit", 0);
    q->run = run_canary;
    query_ask(q);
}

/* --- one study --- */

static int run_show(struct query *q)
{
    return store_read_study(q->reader, q->study, &q->out, &q->e);
}

static void finish_show(struct query *q)
{
    cJSON *o = parsed(q);
    overlay_study(q->s, o);
    server_answer(q->call, o);
}

void service_study_show(void *user, struct server_call *call, const cJSON *params)
{
    struct query *q = query_new(user, call, params);
    if (!q)
        return;
    q->run = run_show;
    q->finish = finish_show;
    query_ask(q);
}

static int run_trials(struct query *q)
{
    q->list.state = q->state[0] ? q->state : NULL;
    q->list.order = q->order[0] ? q->order : NULL;
    int rc = put(&q->out, "{\"trials\":");
    if (rc == 0)
        rc = store_read_trials(q->reader, q->study, &q->list, &q->out, &q->e);
    return rc == 0 ? put(&q->out, "}") : rc;
}

void service_trial_list(void *user, struct server_call *call, const cJSON *params)
{
    struct query *q = query_new(user, call, params);
    const char *state = text_of(params, "state"), *order = text_of(params, "order");
    if (!q)
        return;
    snprintf(q->state, sizeof q->state, "%s", state ? state : "");
    snprintf(q->order, sizeof q->order, "%s", order ? order : "");
    q->list.limit = (int)number_of(params, "limit", 0);
    q->list.after = (int)number_of(params, "after", 0);
    q->list.front = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(params, "front"));
    q->run = run_trials;
    query_ask(q);
}

static int run_trial(struct query *q)
{
    return store_read_trial(q->reader, q->study, q->trial, &q->out, &q->e);
}

void service_trial_show(void *user, struct server_call *call, const cJSON *params)
{
    struct query *q = query_new(user, call, params);
    if (!q)
        return;
    q->trial = (int)number_of(params, "trial", 0);
    q->run = run_trial;
    query_ask(q);
}

static int run_best(struct query *q)
{
    return store_read_best(q->reader, q->study, &q->filter, &q->out, &q->e);
}

void service_best(void *user, struct server_call *call, const cJSON *params)
{
    struct query *q = query_new(user, call, params);
    if (!q)
        return;
    q->filter.max_loss_points = number_of(params, "max_loss_points", NAN);
    q->filter.latency_us = number_of(params, "latency_us", NAN);
    q->filter.flash_bytes = (int64_t)number_of(params, "flash_bytes", -1);
    q->filter.ram_bytes = (int64_t)number_of(params, "ram_bytes", -1);
    q->run = run_best;
    query_ask(q);
}

static int run_pareto(struct query *q)
{
    return store_read_pareto(q->reader, q->study, q->objectives, &q->out, &q->e);
}

void service_pareto(void *user, struct server_call *call, const cJSON *params)
{
    static const struct {
        const char *name;
        unsigned bit;
    } objectives[] = {{"flash_bytes", STORE_BY_FLASH},
                      {"ram_bytes", STORE_BY_RAM},
                      {"latency_cycles", STORE_BY_LATENCY},
                      {"energy_nj", STORE_BY_ENERGY}};
    struct query *q = query_new(user, call, params);
    const cJSON *v;
    if (!q)
        return;
    cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(params, "objectives")) {
        for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++)
            if (strcmp(v->valuestring, objectives[i].name) == 0)
                q->objectives |= objectives[i].bit;
    }
    q->run = run_pareto;
    query_ask(q);
}

/* --- events --- */

static int run_events(struct query *q)
{
    return store_read_events(q->reader, q->since, 0, NULL, q->limit, &q->out, &q->last, &q->e);
}

/* The line that begins at `at`, NUL-terminated in place; NULL past the last. */
static char *line_at(struct query *q, size_t at, size_t *length)
{
    char *line = q->out.data + at, *end = at < q->out.size ? memchr(line, '\n', q->out.size - at) : NULL;
    if (!end)
        return NULL;
    *end = '\0';
    *length = (size_t)(end - line);
    return line;
}

static void send_events(struct query *q)
{
    struct server_event events[SERVER_PULL_MAX];
    cJSON *json[SERVER_PULL_MAX];
    int n = 0;
    size_t length;
    char *line;
    for (size_t at = 0; n < SERVER_PULL_MAX && (line = line_at(q, at, &length)); at += length + 1, n++) {
        json[n] = cJSON_Parse(line);
        events[n] = (struct server_event){.seq = (int64_t)number_of(json[n], "seq", 0), .topic = text_of(json[n], "topic"),
                                          .study = (int64_t)number_of(json[n], "study", 0), .json = line};
    }
    server_events(q->pull, events, n, q->since + 1);
    for (int i = 0; i < n; i++)
        cJSON_Delete(json[i]);
}

static void finish_events(struct query *q)
{
    if (q->rc == STORE_PRUNED)
        server_events(q->pull, NULL, 0, q->last + 1);
    else if (q->rc != 0)
        server_events(q->pull, NULL, -1, 0);
    else
        send_events(q);
}

void service_events(void *user, struct server_pull *pull, int64_t since, int limit)
{
    struct query *q = calloc(1, sizeof *q);
    if (!q) {
        server_events(pull, NULL, -1, 0);
        return;
    }
    q->s = user;
    q->pull = pull;
    q->since = since;
    q->limit = limit < SERVER_PULL_MAX ? limit : SERVER_PULL_MAX;
    q->run = run_events;
    q->finish = finish_events;
    query_ask(q);
}
