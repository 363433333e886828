// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Creating studies and moving them between their states.
#include "daemon/caller.h"
#include "daemon/intake.h"
#include "daemon/service_inner.h"
#include "daemon/study_warm.h"
#include "daemon/trials_export.h"
#include "daemon/trials_file.h"
#include "daemon/trials_identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- creating: the file is read on the loop, its data in the pool, then the store decides --- */

struct creation {
    struct writer_job job; // first
    uv_work_t work;
    struct service *s;
    struct server_call *call;
    struct study_file file;
    struct caller caller;
    char *text, *folder, *config;
    char runner[SHA256_HEX];
    bool is_virtual;           // its boards are
    struct warm_taken *taken;  // what it begins with; NULL: nothing
    char network[256]; // its name in the study file
    bool only_check, start;
    char field[KEYS_FIELD_MAX];
    int64_t number;
    int rc;
    struct error e;
};

static void free_creation(struct creation *c)
{
    struct service *s = c->s;
    free(c->text);
    free(c->folder);
    free(c->config);
    free(c->taken);
    free(c);
    service_in(s);
}

static void refuse(struct creation *c, enum kind kind, const char *hint)
{
    server_fail(c->call, kind, c->field[0] ? c->field : NULL, hint, "%s", c->e.text);
    free_creation(c);
}

/* What the file wants of the lab. */
static int check_lab(struct creation *c)
{
    int64_t flash, ram;
    bool meters;
    int n = boards_about(c->s->boards, c->file.board_type, &flash, &ram, &meters);
    snprintf(c->field, sizeof c->field, "board_type");
    if (n == 0)
        return error_set(&c->e, "\"board_type\" is \"%s\", and there is no such board (see `pare board list`)", c->file.board_type);
    snprintf(c->field, sizeof c->field, "measure.energy");
    if (c->file.energy && !meters)
        return error_set(&c->e, "\"measure.energy\" is true, and not all boards of type \"%s\" have a meter", c->file.board_type);
    c->field[0] = '\0';
    if (c->file.ahead == 0)
        c->file.ahead = 2 * n;
    snprintf(c->runner, sizeof c->runner, "%s", boards_runner(c->s->boards, c->file.board_type));
    c->is_virtual = boards_virtual(c->s->boards, c->file.board_type);
    return 0;
}

/* What to begin with, a study by name or a file: what the call says comes before the file's keys. */
static int read_from(struct creation *c, const cJSON *params)
{
    const char *from = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, "from"));
    const char *from_file = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, "from_file"));
    struct study_file *f = &c->file;
    if (from || from_file) {
        snprintf(f->from, sizeof f->from, "%s", from ? from : "");
        snprintf(f->from_file, sizeof f->from_file, "%s", from_file ? from_file : "");
    }
    snprintf(c->field, sizeof c->field, f->from_file[0] ? "search.from_file" : "search.from");
    if (f->from[0] && f->from_file[0])
        return error_set(&c->e, "\"from\" and \"from_file\" exclude each other: a study begins with one of them");
    if ((f->from[0] || f->from_file[0]) && f->algorithm != AGENT_POLICY)
        return error_set(&c->e, "\"%s\" is for \"algorithm\": \"policy\"", c->field);
    if (strchr(f->from, '/') || strlen(f->from) >= STUDY_NAME_MAX)
        return error_set(&c->e, "\"search.from\" is not the name of a study");
    if (from_file && (from_file[0] != '/' || strlen(from_file) >= sizeof f->from_file))
        return error_set(&c->e, "\"from_file\" is not an absolute path");
    c->field[0] = '\0';
    return 0;
}

static int read_file(struct creation *c, const cJSON *params)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, "text"));
    const char *folder = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, "folder"));
    c->text = strdup(text);
    c->folder = strdup(folder);
    if (!c->text || !c->folder)
        return error_set(&c->e, "out of memory");
    if (folder[0] != '/') {
        snprintf(c->field, sizeof c->field, "folder");
        return error_set(&c->e, "\"folder\" is not an absolute path");
    }
    if (study_file_parse(text, folder, cJSON_GetObjectItemCaseSensitive(params, "set"), &c->file, c->field, &c->e) != 0)
        return -1;
    if (read_from(c, params) != 0)
        return -1;
    const char *slash = strrchr(c->file.network, '/');
    snprintf(c->network, sizeof c->network, "%.255s", slash ? slash + 1 : c->file.network);
    return check_lab(c);
}

/* --- what the study begins with is kept as its data are: in the pool for a file, in the writer's thread for a study --- */

/* `path` has the copy's name and gets where it is. */
static int keep_warm(struct creation *c, cJSON *trials, const struct warm_source *from, char path[KEYS_PATH_MAX], struct error *e)
{
    cJSON *ours = trials_identity(&c->file, c->runner, c->is_virtual);
    free(c->taken);
    c->taken = malloc(sizeof *c->taken);
    int rc = ours && c->taken ? warm_take(trials, from, ours, c->taken, e) : error_set(e, "out of memory");
    char *text = rc == 0 ? warm_text(trials, e) : NULL;
    rc = text ? intake_text(c->s->config->state, text, path, e) : -1;
    free(text);
    cJSON_Delete(ours);
    return rc;
}

static int take_study(struct store *store, struct creation *c, struct error *e)
{
    char path[KEYS_PATH_MAX];
    cJSON *trials = NULL;
    const struct warm_source from = {.name = c->file.from};
    snprintf(path, sizeof path, "%.63s.trials.json", c->file.from);
    int rc = trials_export(store, c->file.from, 0, &trials, e);
    if (rc == 0)
        rc = keep_warm(c, trials, &from, path, e);
    cJSON_Delete(trials);
    if (rc != 0)
        return rc;
    snprintf(c->file.from, sizeof c->file.from, "%s", path);
    free(c->config);
    c->config = study_file_text(&c->file);
    return c->config ? 0 : error_set(e, "out of memory");
}

static int keep_file(struct creation *c, cJSON *trials, const char *text, size_t size)
{
    char hex[SHA256_HEX], name[WARM_NAME_MAX], path[KEYS_PATH_MAX];
    uint8_t digest[SHA256_BYTES];
    const struct warm_source from = {name, hex};
    sha256_of(text, size, digest);
    sha256_hex(digest, hex);
    snprintf(name, sizeof name, "%s", strrchr(c->file.from_file, '/') + 1);
    snprintf(path, sizeof path, "%s", name);
    if (keep_warm(c, trials, &from, path, &c->e) != 0)
        return -1;
    snprintf(c->file.from_file, sizeof c->file.from_file, "%s", path);
    return 0;
}

static int take_file(struct creation *c)
{
    char *text = NULL;
    size_t size = 0;
    if (intake_read(&c->caller, c->file.from_file, TRIALS_FILE_MAX, &text, &size, &c->e) != 0)
        return -1;
    cJSON *trials = trials_file_parse(text, size, &c->e);
    int rc = trials ? 0 : error_wrap(&c->e, "%s", c->file.from_file);
    if (rc == 0 && !c->only_check)
        rc = keep_file(c, trials, text, size);
    cJSON_Delete(trials);
    free(text);
    return rc;
}

static int run_create(struct store *store, struct writer_job *job, struct error *e)
{
    struct creation *c = (struct creation *)job;
    char data[STUDY_NAME_MAX + 32];
    snprintf(data, sizeof data, "{\"name\":\"%s\"}", c->file.name);
    int rc = c->file.from[0] && !c->taken ? take_study(store, c, e) : 0; // once, also if this is the second try on a full disk
    if (rc != 0)
        return rc;
    struct store_event event = {.topic = "study.created", .data = data};
    struct store_events events = {&event, 1};
    struct store_study row = {.name = c->file.name, .text = c->text, .folder = c->folder, .config = c->config,
                              .network = c->network, .board_type = c->file.board_type, .seed = (uint64_t)c->file.seed,
                              .trials = (int)c->file.trials, .objectives = study_file_objectives(&c->file)};
    return store_create_study(store, &row, &events, &c->number, e);
}

/* What it will cost the boards' flash. */
static void add_wear(const struct creation *c, cJSON *o)
{
    struct stat network;
    struct study_wear_boards boards = boards_wear(c->s->boards, c->file.board_type);
    if (boards.n == 0 || stat(c->file.network, &network) != 0)
        return;
    struct study_wear w = study_wear(&c->file, network.st_size, &boards);
    cJSON_AddItemToObject(o, "wear", study_wear_json(&w, &boards));
}

static void add_taken(const struct warm_taken *t, cJSON *o)
{
    cJSON *with = t ? cJSON_AddObjectToObject(o, "begins_with") : NULL;
    if (!with)
        return;
    cJSON_AddNumberToObject(with, "trials", t->trials);
    cJSON_AddBoolToObject(with, "policy", t->policy);
    if (t->no_trials.text[0])
        cJSON_AddStringToObject(with, "no_trials", t->no_trials.text);
    if (t->no_policy.text[0])
        cJSON_AddStringToObject(with, "no_policy", t->no_policy.text);
}

static void answer_created(struct creation *c)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "study", (double)c->number);
    cJSON_AddStringToObject(o, "name", c->file.name);
    add_taken(c->taken, o);
    add_wear(c, o);
    server_answer(c->call, o);
}

static void run_closed(void *user)
{
    study_run_destroy(user);
}

static void created(struct writer_job *job, int rc)
{
    struct creation *c = (struct creation *)job;
    struct service *s = c->s;
    c->e = job->error;
    if (rc != 0) {
        service_fail(c->call, rc, c->e.text);
        free_creation(c);
        return;
    }
    s->newest_study = c->number;
    struct study_run *r = study_run_create(&s->host, c->number, &c->file, &c->e);
    if (!r || s->closing || s->n_runs == SERVICE_STUDIES_MAX) {
        server_fail(c->call, KIND_FAILED, NULL, NULL, "the study is stored, but: %s", r ? "the service ends" : c->e.text);
        if (r)
            study_run_close(r, run_closed, r);
    } else {
        s->runs[s->n_runs++] = r;
        if (c->start)
            study_run_start(r);
        answer_created(c);
    }
    free_creation(c);
}

static void answer_checked(struct creation *c)
{
    cJSON *o = cJSON_CreateObject();
    char *config = study_file_text(&c->file);
    cJSON_AddStringToObject(o, "name", c->file.name);
    cJSON_AddItemToObject(o, "config", cJSON_Parse(config ? config : "{}"));
    free(config);
    add_wear(c, o);
    server_answer(c->call, o);
}

static void take_files(uv_work_t *work)
{
    struct creation *c = work->data;
    c->rc = study_file_find_scorer(&c->file, c->s->config->scorers, c->field, &c->e);
    if (c->rc == 0)
        c->rc = intake_files(&c->caller, c->only_check ? NULL : c->s->config->state, &c->file, c->field, &c->e);
    if (c->rc == 0 && c->file.from_file[0] && (c->rc = take_file(c)) != 0) {
        snprintf(c->field, sizeof c->field, "search.from_file");
        error_wrap(&c->e, "\"%s\"", c->field);
    }
}

static void files_taken(uv_work_t *work, int status)
{
    struct creation *c = work->data;
    (void)status;
    if (c->rc != 0) {
        refuse(c, KIND_INVALID, NULL);
    } else if (c->only_check) {
        answer_checked(c);
        free_creation(c);
    } else if (c->s->closing || c->s->n_runs == SERVICE_STUDIES_MAX) {
        error_set(&c->e, "%d studies are under way, which is all that one service takes", SERVICE_STUDIES_MAX);
        refuse(c, KIND_BUSY, "end one with `pare study stop`");
    } else if (!(c->config = study_file_text(&c->file))) {
        error_set(&c->e, "out of memory");
        refuse(c, KIND_BUSY, NULL);
    } else {
        c->job.run = run_create;
        c->job.done = created;
        writer_put(c->s->writer, &c->job);
    }
}

static void begin_creation(struct service *s, struct server_call *call, const cJSON *params, bool only_check)
{
    struct creation *c = calloc(1, sizeof *c);
    const struct server_peer *peer = server_call_peer(call);
    if (!c) {
        server_fail(call, KIND_BUSY, NULL, NULL, "out of memory");
        return;
    }
    s->out++;
    c->s = s;
    c->call = call;
    c->caller = (struct caller){peer->uid, peer->gid};
    c->only_check = only_check;
    c->start = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(params, "start"));
    c->work.data = c;
    if (read_file(c, params) != 0)
        refuse(c, KIND_INVALID, NULL);
    else
        uv_queue_work(s->loop, &c->work, take_files, files_taken);
}

void service_create(void *user, struct server_call *call, const cJSON *params)
{
    begin_creation(user, call, params, false);
}

void service_check(void *user, struct server_call *call, const cJSON *params)
{
    begin_creation(user, call, params, true);
}

/* --- states --- */

/* The answer waits in the writer's queue behind the change that it tells of. */
struct moved {
    struct writer_job job;
    struct service *s;
    struct server_call *call;
    int64_t study;
    enum store_state state;
};

static int run_moved(struct store *store, struct writer_job *job, struct error *e)
{
    (void)store, (void)job, (void)e;
    return 0;
}

static void moved(struct writer_job *job, int rc)
{
    struct moved *m = (struct moved *)job;
    struct service *s = m->s;
    cJSON *o = cJSON_CreateObject();
    (void)rc;
    cJSON_AddNumberToObject(o, "study", (double)m->study);
    cJSON_AddStringToObject(o, "state", store_state_name(m->state));
    server_answer(m->call, o);
    free(m);
    service_in(s);
}

static void answer_later(struct service *s, struct server_call *call, const struct study_run *r)
{
    struct moved *m = calloc(1, sizeof *m);
    if (!m) {
        server_fail(call, KIND_BUSY, NULL, NULL, "out of memory");
        return;
    }
    *m = (struct moved){.job = {.run = run_moved, .done = moved}, .s = s, .call = call, .study = study_run_study(r),
                        .state = study_run_state(r)};
    s->out++;
    writer_put(s->writer, &m->job);
}

static struct study_run *find(struct service *s, const cJSON *study)
{
    int64_t number;
    bool by_name = service_names_study(study, &number);
    for (int i = 0; i < s->n_runs; i++) {
        struct study_run *r = s->runs[i];
        if (by_name ? strcmp(study_run_file(r)->name, study->valuestring) == 0 : study_run_study(r) == number)
            return r;
    }
    return NULL;
}

/* A study that is over, or none at all: the store knows. */
static int run_over(struct query *q)
{
    return store_read_study(q->reader, q->study, &q->out, &q->e);
}

static void finish_over(struct query *q)
{
    cJSON *o = cJSON_ParseWithLength(q->out.data, q->out.size);
    const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "state"));
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "name"));
    server_fail(q->call, KIND_CONFLICT, NULL, NULL, "study %s is %s", name ? name : "?", state ? state : "over");
    cJSON_Delete(o);
}

/* The run that params name, in one of the states `allowed` (bits); else the call is answered. */
static struct study_run *find_in(struct service *s, struct server_call *call, const cJSON *params, unsigned allowed)
{
    struct study_run *r = find(s, cJSON_GetObjectItemCaseSensitive(params, "study"));
    if (r && (allowed >> study_run_state(r) & 1))
        return r;
    if (r) {
        server_fail(call, KIND_CONFLICT, NULL, NULL, "study %s is %s", study_run_file(r)->name,
                    store_state_name(study_run_state(r)));
        return NULL;
    }
    struct query *q = query_new(s, call, params);
    if (q) {
        q->run = run_over;
        q->finish = finish_over;
        query_ask(q);
    }
    return NULL;
}

#define ACTIVE (1u << STORE_PREPARING | 1u << STORE_SEARCHING | 1u << STORE_FINISHING)

static void move(struct service *s, struct server_call *call, const cJSON *params, unsigned allowed,
                 void (*action)(struct study_run *))
{
    struct study_run *r = find_in(s, call, params, allowed);
    if (!r)
        return;
    action(r);
    answer_later(s, call, r);
}

void service_start(void *user, struct server_call *call, const cJSON *params)
{
    move(user, call, params, 1u << STORE_CREATED, study_run_start);
}

void service_pause(void *user, struct server_call *call, const cJSON *params)
{
    move(user, call, params, ACTIVE, study_run_pause);
}

void service_resume(void *user, struct server_call *call, const cJSON *params)
{
    move(user, call, params, 1u << STORE_PAUSED, study_run_start);
}

void service_stop(void *user, struct server_call *call, const cJSON *params)
{
    move(user, call, params, ACTIVE | 1u << STORE_CREATED | 1u << STORE_PAUSED, study_run_stop);
}
