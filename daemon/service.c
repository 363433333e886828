// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The service's own life: opening, going on with what was under way, and stopping in order.
#include "daemon/service_inner.h"

#include "base/file.h"
#include "base/log.h"
#include "daemon/ctl/socket_file.h"
#include "daemon/leftovers.h"
#include "daemon/notify.h"
#include "daemon/traces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SWEEP_MS 500u       // between looks for studies that are over
#define WATCHDOG_MS 10000u  // between words to systemd that the loop turns
#define PRUNE_MS 3600000u   // between prunings of events

/* --- who may do what --- */

static bool is_among(const struct config_users *users, uid_t uid)
{
    for (int i = 0; i < users->n; i++)
        if (users->v[i] == uid)
            return true;
    return users->all;
}

static enum access access_of(void *user, const struct server_peer *peer)
{
    const struct service *s = user;
    if (peer->uid == 0 || peer->uid == geteuid() || is_among(&s->config->operators, peer->uid))
        return ACCESS_OPERATOR;
    return is_among(&s->config->readers, peer->uid) ? ACCESS_READER : ACCESS_NONE;
}

/* --- small calls --- */

static void on_hello(void *user, struct server_call *call, const cJSON *params)
{
    cJSON *o = cJSON_CreateObject();
    (void)user, (void)params;
    cJSON_AddStringToObject(o, "version", PARE_VERSION);
    cJSON_AddNumberToObject(o, "api", SERVICE_API);
    cJSON_AddNumberToObject(o, "schema_version", STORE_VERSION);
    cJSON_AddNumberToObject(o, "pid", getpid());
    server_answer(call, o);
}

static void on_config(void *user, struct server_call *call, const cJSON *params)
{
    const struct service *s = user;
    (void)params;
    server_answer(call, config_json(s->config));
}

static void on_release(void *user, struct server_call *call, const cJSON *params)
{
    struct service *s = user;
    const char *board = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, "board"));
    int rc = s->closing ? -1 : boards_release(s->boards, board);
    if (rc < 0) {
        server_fail(call, KIND_NOT_FOUND, NULL, "pare board list", "there is no board \"%s\"", board);
    } else if (rc > 0) {
        server_fail(call, KIND_CONFLICT, NULL, NULL, "board %s is in no quarantine", board);
    } else {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "board", board);
        cJSON_AddStringToObject(o, "state", "idle");
        server_answer(call, o);
    }
}

static void on_reference(void *user, struct server_call *call, const cJSON *params)
{
    struct service *s = user;
    const char *board = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, "board"));
    int rc = s->closing ? -1 : boards_new_reference(s->boards, board);
    if (rc < 0) {
        server_fail(call, KIND_NOT_FOUND, NULL, "pare board list", "there is no board \"%s\"", board);
    } else if (rc > 0) {
        server_fail(call, KIND_CONFLICT, NULL, NULL, "board %s has no canary: it is the int8 baseline of the first study on its type, and \"canary_minutes\" must not be 0",
                    board);
    } else {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "board", board);
        server_answer(call, o);
    }
}

static void on_shutdown(void *user, struct server_call *call, const cJSON *params)
{
    struct service *s = user;
    (void)params;
    log_info("shutdown, asked for by user %u", (unsigned)server_call_peer(call)->uid);
    server_answer(call, cJSON_CreateObject());
    s->stop(s->stop_user);
}

/* --- the writer's word --- */

static void on_written(void *user, int64_t last_event)
{
    struct service *s = user;
    if (last_event <= s->last_event)
        return;
    s->last_event = last_event;
    if (s->server && !s->closing)
        server_wake(s->server, last_event);
}

static void on_stuck(void *user, const char *text)
{
    struct service *s = user;
    if (text)
        log_error("nothing can be stored now, studies wait: %s", text);
    else
        log_info("the database can be written again");
    snprintf(s->stuck, sizeof s->stuck, "%s", text ? text : "");
}

/* --- sweeping --- */

static void run_closed(void *user)
{
    study_run_destroy(user);
}

static void sweep(struct service *s)
{
    for (int i = 0; i < s->n_runs; i++)
        if (study_run_over(s->runs[i])) {
            struct study_run *r = s->runs[i];
            s->runs[i--] = s->runs[--s->n_runs];
            study_run_close(r, run_closed, r);
        }
}

struct pruning {
    struct writer_job job;
    int64_t keep;
};

static int run_prune(struct store *store, struct writer_job *job, struct error *e)
{
    return store_prune_events(store, ((struct pruning *)job)->keep, e);
}

static void pruned(struct writer_job *job, int rc)
{
    if (rc != 0)
        log_warning("old events were not pruned: %s", job->error.text);
    free(job);
}

static void on_timer(uv_timer_t *timer)
{
    struct service *s = timer->data;
    sweep(s);
    if (uv_now(s->loop) - s->watched_ms >= WATCHDOG_MS) {
        s->watched_ms = uv_now(s->loop);
        notify("WATCHDOG=1");
    }
    if (uv_now(s->loop) - s->pruned_ms < PRUNE_MS)
        return;
    struct pruning *p = calloc(1, sizeof *p);
    s->pruned_ms = uv_now(s->loop);
    if (!p)
        return;
    *p = (struct pruning){.job = {.run = run_prune, .done = pruned}, .keep = s->config->keep_events};
    writer_put(s->writer, &p->job);
}

/* --- opening --- */

struct rows {
    struct service *s;
    struct store *store;
    int64_t studies[SERVICE_STUDIES_MAX];
    int n;
    int64_t wanted; // load this one
    struct error *e;
};

static bool is_over(enum store_state state)
{
    return state == STORE_FINISHED || state == STORE_STOPPED || state == STORE_FAILED;
}

static int note_study(void *user, const struct store_study *row)
{
    struct rows *rows = user;
    rows->s->newest_study = row->study;
    if (is_over(row->state)) {
        char folder[KEYS_PATH_MAX + 32];
        snprintf(folder, sizeof folder, "%s/studies/%lld", rows->s->config->state, (long long)row->study);
        leftovers_of_study(folder);
        return 0;
    }
    if (rows->n == SERVICE_STUDIES_MAX)
        return error_set(rows->e, "more than %d studies are under way", SERVICE_STUDIES_MAX);
    rows->studies[rows->n++] = row->study;
    return 0;
}

static int load_study(void *user, const struct store_study *row)
{
    struct rows *rows = user;
    struct service *s = rows->s;
    if (row->study != rows->wanted)
        return 0;
    struct study_run *r = study_run_load(&s->host, row, rows->store, rows->e);
    if (r)
        s->runs[s->n_runs++] = r;
    else
        log_error("%s", rows->e->text); // it costs this study
    return 0;
}

static int load_studies(struct service *s, struct error *e)
{
    struct rows rows = {.s = s, .store = writer_store(s->writer), .e = e};
    int rc = store_each_study(rows.store, note_study, &rows, e);
    for (int i = 0; rc == 0 && i < rows.n; i++) {
        rows.wanted = rows.studies[i];
        rc = store_each_study(rows.store, load_study, &rows, e);
    }
    return rc == 0 ? 0 : -1;
}

static int open_server(struct service *s, struct error *e)
{
    char path[SOCKET_PATH_MAX], folder[SOCKET_PATH_MAX];
    bool others = s->config->readers.all || s->config->readers.n || s->config->operators.all || s->config->operators.n;
    struct server_options options = {.path = path, .mode = others ? 0666 : 0660, .seq = s->last_event};
    struct server_actions actions = {
        .user = s,
        .access = access_of,
        .calls = {[METHOD_HELLO] = on_hello,
                  [METHOD_STATUS] = service_status,
                  [METHOD_STUDY_CREATE] = service_create,
                  [METHOD_STUDY_CHECK] = service_check,
                  [METHOD_STUDY_START] = service_start,
                  [METHOD_STUDY_PAUSE] = service_pause,
                  [METHOD_STUDY_RESUME] = service_resume,
                  [METHOD_STUDY_STOP] = service_stop,
                  [METHOD_STUDY_LIST] = service_study_list,
                  [METHOD_STUDY_SHOW] = service_study_show,
                  [METHOD_TRIAL_LIST] = service_trial_list,
                  [METHOD_TRIAL_SHOW] = service_trial_show,
                  [METHOD_TRIAL_TRACE] = service_trial_trace,
                  [METHOD_BOARD_LIST] = service_board_list,
                  [METHOD_BOARD_CANARY] = service_board_canary,
                  [METHOD_BOARD_REFERENCE] = on_reference,
                  [METHOD_BOARD_RELEASE] = on_release,
                  [METHOD_BEST] = service_best,
                  [METHOD_PARETO] = service_pareto,
                  [METHOD_EXPORT] = service_export,
                  [METHOD_CONFIG_SHOW] = on_config,
                  [METHOD_DB_CHECK] = service_db_check,
                  [METHOD_DB_BACKUP] = service_db_backup,
                  [METHOD_DB_DIGEST] = service_db_digest,
                  [METHOD_SHUTDOWN] = on_shutdown},
        .events = service_events,
    };
    if (s->config->socket[0])
        snprintf(path, sizeof path, "%.*s", (int)sizeof path - 1, s->config->socket);
    else if (socket_file_default(path, e) != 0)
        return -1;
    if (strlen(s->config->socket) >= sizeof path)
        return error_set(e, "\"socket\" is longer than %zu bytes", sizeof path - 1);
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder) {
        *slash = '\0';
        if (file_make_folder(folder, e) != 0)
            return -1;
    }
    return server_open(s->loop, &options, &actions, &s->server, e);
}

static int open_store(struct service *s, struct error *e)
{
    struct writer_actions actions = {s, on_written, on_stuck};
    char folder[KEYS_PATH_MAX];
    snprintf(folder, sizeof folder, "%s", s->config->database);
    *strrchr(folder, '/') = '\0';
    if (file_make_folder(s->config->state, e) != 0 || (folder[0] && file_make_folder(folder, e) != 0))
        return -1;
    s->writer = writer_open(s->loop, s->config->database, &actions, e);
    if (!s->writer)
        return -1;
    s->host.writer = s->writer;
    s->last_event = store_last_event(writer_store(s->writer));
    return 0;
}

static int open_all(struct service *s, struct error *e)
{
    if (open_store(s, e) != 0)
        return -1;
    leftovers_remove(s->config->state);
    if (traces_sweep(s->config->state, writer_store(s->writer), e) != 0)
        return -1;
    s->boards = s->host.boards = boards_open(s->loop, s->config, s->writer, e);
    if (!s->boards || load_studies(s, e) != 0 || writer_start(s->writer, e) != 0)
        return -1;
    return open_server(s, e);
}

static void nothing(uv_work_t *work)
{
    (void)work;
}

static void free_work(uv_work_t *work, int status)
{
    (void)status;
    free(work);
}

/* libuv begins its thread pool with the first work, and waits until every thread runs: not in the midst of a trial. */
static void begin_pool(uv_loop_t *loop)
{
    uv_work_t *work = malloc(sizeof *work);
    if (work)
        uv_queue_work(loop, work, nothing, free_work);
}

struct service *service_open(uv_loop_t *loop, const struct config *config, void (*stop)(void *user), void *user,
                             struct error *e)
{
    struct service *s = calloc(1, sizeof *s);
    if (!s) {
        error_set(e, "out of memory");
        return NULL;
    }
    s->loop = loop;
    s->config = config;
    s->host = (struct study_host){.loop = loop, .config = config};
    s->stop = stop;
    s->stop_user = user;
    s->started_ms = s->pruned_ms = uv_now(loop);
    begin_pool(loop);
    stall_init(&s->stall, loop);
    uv_timer_init(loop, &s->timer);
    s->timer.data = s;
    uv_timer_start(&s->timer, on_timer, SWEEP_MS, SWEEP_MS);
    if (open_all(s, e) == 0)
        return s;
    service_close(s, NULL, NULL);
    return NULL;
}

/* --- stopping --- */

static void part_closed(void *user);

static void finish_closing(struct service *s)
{
    for (int i = 0; i < s->n_runs; i++)
        study_run_destroy(s->runs[i]);
    if (s->boards)
        boards_destroy(s->boards);
    stall_finish(&s->stall);
    if (s->closed)
        s->closed(s->closed_user);
    free(s);
}

static void on_writer_closed(void *user)
{
    struct service *s = user;
    s->writer = NULL;
    s->writer_closed = true;
    part_closed(s);
}

static void close_writer(struct service *s)
{
    s->open_parts++;
    while (s->n_readers > 0)
        store_reader_close(s->readers[--s->n_readers]);
    if (s->writer)
        writer_close(s->writer, on_writer_closed, s);
    else
        on_writer_closed(s);
}

/* Boards and studies first, then the writer, then the socket, whose calls may have waited for it. */
static void go_on_closing(struct service *s)
{
    if (s->closing && s->open_parts == 0 && !s->writer_closed)
        close_writer(s);
    else if (s->closing && s->open_parts == 0 && s->out == 0 && !s->server)
        finish_closing(s);
}

static void part_closed(void *user)
{
    struct service *s = user;
    s->open_parts--;
    go_on_closing(s);
}

static void on_server_closed(void *user)
{
    struct service *s = user;
    s->server = NULL;
    go_on_closing(s);
}

void service_in(struct service *s)
{
    s->out--;
    go_on_closing(s);
}

static void on_handle_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

void service_close(struct service *s, void (*closed)(void *user), void *user)
{
    s->closing = true;
    s->closed = closed;
    s->closed_user = user;
    s->open_parts = 2 + s->n_runs + (s->boards != NULL);
    if (s->server)
        server_close(s->server, on_server_closed, s);
    for (int i = 0; i < s->n_runs; i++)
        study_run_close(s->runs[i], part_closed, s);
    if (s->boards)
        boards_close(s->boards, part_closed, s);
    service_export_close(s);
    s->stall.check.data = s;
    uv_close((uv_handle_t *)&s->stall.check, on_handle_closed);
    uv_close((uv_handle_t *)&s->timer, on_handle_closed);
}
