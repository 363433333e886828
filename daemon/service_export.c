// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Handing out a trial: as pare.config/1, or as a C package that a worker of its own writes and that is copied as the caller.
#include "daemon/caller.h"
#include "daemon/intake.h"
#include "daemon/service_inner.h"
#include "daemon/uv_worker.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT_DEPTH_MAX 8 // folders in folders of a package

/* --- pare.config/1 --- */

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static void copy_member(cJSON *to, const char *name, const cJSON *from)
{
    cJSON_AddItemToObject(to, name, from ? cJSON_Duplicate(from, 1) : cJSON_CreateNull());
}

/* The store's names of figures, and those of the file. */
static const char *figure_name(const char *name)
{
    static const char *const names[][2] = {{STORE_LATENCY_CYCLES, "latency"},
                                           {STORE_ENERGY_NJ, "energy"},
                                           {STORE_CORRECT, "validation"},
                                           {STORE_TEST_CORRECT, "test"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i][0], name) == 0)
            return names[i][1];
    return name;
}

/* Whether the list has a fresher figure of the same name. */
static bool is_retired(const cJSON *list, const cJSON *figure)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, list) {
        if (cJSON_Compare(member(v, "name"), member(figure, "name"), 1) &&
            member(v, "series")->valuedouble > member(figure, "series")->valuedouble)
            return true;
    }
    return false;
}

/* Units of the file; what is counted is answers, or millionths of another metric. */
static const char *unit_of(const char *unit, const char *metric)
{
    bool counts = unit && strcmp(unit, "correct") == 0;
    return !unit ? "none" : strcmp(unit, "nJ") == 0 ? "nanojoules" : counts && metric && strcmp(metric, "accuracy") != 0 ? metric : unit;
}

static void add_figure(cJSON *to, const cJSON *from, const char *metric)
{
    static const char *const whole[] = {"repeats", "spread", "of"};
    const char *unit = cJSON_GetStringValue(member(from, "unit"));
    cJSON *f = cJSON_CreateObject();
    cJSON_AddStringToObject(f, "name", figure_name(cJSON_GetStringValue(member(from, "name"))));
    copy_member(f, "value", member(from, "value"));
    cJSON_AddStringToObject(f, "unit", unit_of(unit, metric));
    copy_member(f, "origin", member(from, "origin"));
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (cJSON_IsNumber(member(from, whole[i])) && member(from, whole[i])->valuedouble != 0)
            copy_member(f, whole[i], member(from, whole[i]));
    cJSON_AddItemToArray(to, f);
}

static cJSON *figures_of(const cJSON *trial)
{
    const cJSON *list = member(trial, "measurements"), *v;
    cJSON *figures = cJSON_CreateArray();
    cJSON_ArrayForEach(v, list) {
        if (cJSON_IsString(member(v, "name")) && cJSON_IsNumber(member(v, "series")) && !is_retired(list, v))
            add_figure(figures, v, cJSON_GetStringValue(member(trial, "metric")));
    }
    return figures;
}

static cJSON *layers_of(const cJSON *trial)
{
    static const char *const names[] = {"name", "kind", "w_bits", "a_bits", "scheme", "slot"};
    const cJSON *v;
    cJSON *layers = cJSON_CreateArray();
    cJSON_ArrayForEach(v, member(trial, "layers")) {
        cJSON *layer = cJSON_CreateObject();
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            copy_member(layer, names[i], member(v, names[i]));
        cJSON_AddItemToArray(layers, layer);
    }
    return layers;
}

static cJSON *provenance_of(const cJSON *study, const cJSON *trial)
{
    cJSON *p = cJSON_CreateObject();
    copy_member(p, "study", member(study, "name"));
    copy_member(p, "trial", member(trial, "trial"));
    copy_member(p, "seed", member(study, "seed"));
    copy_member(p, "metric", member(trial, "metric"));
    copy_member(p, "measured", member(trial, "provenance"));
    return p;
}

char *service_export_text(const cJSON *study, const cJSON *trial, struct error *e)
{
    cJSON *o = cJSON_CreateObject(), *network;
    const char *candidate = cJSON_GetStringValue(member(trial, "candidate"));
    cJSON_AddStringToObject(o, "schema", "pare.config/1");
    cJSON *tool = cJSON_AddObjectToObject(o, "tool");
    cJSON_AddStringToObject(tool, "name", "pare");
    cJSON_AddStringToObject(tool, "version", PARE_VERSION);
    network = cJSON_AddObjectToObject(o, "network");
    copy_member(network, "file", member(study, "network"));
    copy_member(network, "sha256", member(study, "network_sha256"));
    cJSON_AddStringToObject(o, "candidate", candidate ? candidate : "");
    cJSON_AddItemToObject(o, "layers", layers_of(trial));
    cJSON_AddItemToObject(o, "figures", figures_of(trial));
    cJSON_AddItemToObject(o, "provenance", provenance_of(study, trial));
    char *text = candidate ? cJSON_Print(o) : NULL;
    cJSON_Delete(o);
    if (!text)
        error_set(e, "the trial cannot be written as JSON");
    return text;
}

/* --- the question: study and trial as the store has them --- */

static int find_best(struct query *q)
{
    struct buffer best;
    buffer_init(&best, SERVER_LINE_MAX);
    int rc = store_read_best(q->reader, q->study, NULL, &best, &q->e);
    cJSON *o = rc == 0 ? cJSON_ParseWithLength(best.data, best.size) : NULL;
    const cJSON *number = member(o, "trial");
    q->trial = cJSON_IsNumber(number) ? (int)number->valuedouble : 0;
    cJSON_Delete(o);
    buffer_finish(&best);
    return rc == 0 && q->trial == 0 ? error_set(&q->e, "no trial was measured yet") : rc;
}

/* {"study": study.show, "trial": trial.show} */
static int run_both(struct query *q)
{
    int rc = q->trial ? 0 : find_best(q);
    if (rc == 0)
        rc = buffer_append(&q->out, "{\"study\":", 9);
    if (rc == 0)
        rc = store_read_study(q->reader, q->study, &q->out, &q->e);
    if (rc == 0)
        rc = buffer_append(&q->out, ",\"trial\":", 9);
    if (rc == 0)
        rc = store_read_trial(q->reader, q->study, q->trial, &q->out, &q->e);
    return rc == 0 ? buffer_append(&q->out, "}", 1) : rc;
}

static void finish_json(struct query *q)
{
    struct error e = {""};
    cJSON *both = cJSON_ParseWithLength(q->out.data, q->out.size), *o = cJSON_CreateObject();
    char *text = service_export_text(member(both, "study"), member(both, "trial"), &e);
    cJSON_Delete(both);
    if (!text) {
        cJSON_Delete(o);
        server_fail(q->call, KIND_FAILED, NULL, NULL, "%s", e.text);
        return;
    }
    cJSON_AddStringToObject(o, "format", "json");
    cJSON_AddStringToObject(o, "text", text);
    free(text);
    server_answer(q->call, o);
}

/* --- the C package: written by a worker under the state folder, then copied as the caller --- */

struct package {
    uv_work_t work;
    struct service *s;
    struct server_call *call;
    struct caller caller;
    struct worker *worker;
    char candidate[CANDIDATE_TEXT_MAX];
    bool finalist; // its weights are those that it was trained to as one
    int64_t finalist_tune_steps;
    char name[64], to[KEYS_PATH_MAX], from[KEYS_PATH_MAX + 64];
    char image[SHA256_HEX]; // of what was measured; empty: nothing was
    cJSON *figures;
    cJSON *files; // as the worker lists them
    bool failed, ending;
    struct error e;
    struct package *next;
};

static void free_package(struct package *p)
{
    struct service *s = p->s;
    for (struct package **at = &s->packages; *at; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            break;
        }
    cJSON_Delete(p->figures);
    cJSON_Delete(p->files);
    free(p);
    service_in(s);
}

static int copy_file(const struct package *p, const char *from, const char *to, struct error *e)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, rc = -1;
    if (in < 0)
        error_set(e, "%s: %s", from, strerror(errno));
    else if ((out = caller_open(&p->caller, to, O_WRONLY | O_CREAT | O_EXCL, 0666, e)) >= 0)
        rc = intake_copy(in, out, e);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return rc;
}

static int copy_folder(const struct package *p, const char *from, const char *to, int depth, struct error *e)
{
    if (depth > EXPORT_DEPTH_MAX)
        return error_set(e, "%s: folders are nested too deep", to);
    if (caller_make_folder(&p->caller, to, e) != 0)
        return -1;
    DIR *folder = opendir(from);
    struct dirent *entry;
    int rc = folder ? 0 : error_set(e, "%s: %s", from, strerror(errno));
    while (rc == 0 && (entry = readdir(folder))) {
        char a[KEYS_PATH_MAX + 512], b[KEYS_PATH_MAX + 512];
        struct stat st;
        int n = snprintf(a, sizeof a, "%s/%s", from, entry->d_name), m = snprintf(b, sizeof b, "%s/%s", to, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (n >= (int)sizeof a || m >= (int)sizeof b || lstat(a, &st) != 0)
            rc = error_set(e, "%s/%s cannot be copied", from, entry->d_name);
        else
            rc = S_ISDIR(st.st_mode) ? copy_folder(p, a, b, depth + 1, e) : copy_file(p, a, b, e);
    }
    if (folder)
        closedir(folder);
    return rc;
}

static void copy_package(uv_work_t *work)
{
    struct package *p = work->data;
    if (!p->failed)
        p->failed = copy_folder(p, p->from, p->to, 0, &p->e) != 0;
    file_remove(p->from);
}

static void package_copied(uv_work_t *work, int status)
{
    struct package *p = work->data;
    (void)status;
    if (p->failed) {
        server_fail(p->call, KIND_FAILED, NULL, NULL, "%s", p->e.text);
    } else {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "format", "c-package");
        cJSON_AddStringToObject(o, "folder", p->to);
        cJSON_AddItemToObject(o, "files", p->files ? p->files : cJSON_CreateArray());
        p->files = NULL;
        server_answer(p->call, o);
    }
    free_package(p);
}

static void worker_gone(void *user)
{
    struct package *p = user;
    p->work.data = p;
    uv_queue_work(p->s->loop, &p->work, copy_package, package_copied);
}

static void end_package(struct package *p, const char *why)
{
    if (p->ending)
        return;
    p->ending = true;
    if (why) {
        p->failed = true;
        error_set(&p->e, "%s", why);
    }
    worker_close(p->worker, worker_gone, p);
}

/* A package with figures is of the very image that they were measured with: the same program, weights and samples. */
static void on_packaged(void *user, const cJSON *result, enum worker_kind kind, const char *text)
{
    struct package *p = user;
    const char *image = cJSON_GetStringValue(member(result, "image_sha256"));
    (void)kind;
    if (result && p->image[0] && (!image || strcmp(image, p->image) != 0))
        end_package(p, "it would not be what was measured: its program or weights differ from those of the trial (this pare or this machine "
                       "is another one, or training came out otherwise): export it with the pare and machine of then, or measure it in a "
                       "new study with \"search.from\"");
    else if (result)
        p->files = cJSON_Duplicate(member(result, "files"), 1);
    end_package(p, result ? NULL : text);
}

static void on_opened(void *user, const cJSON *result)
{
    struct package *p = user;
    cJSON *params = cJSON_CreateObject();
    (void)result;
    cJSON_AddStringToObject(params, "candidate", p->candidate);
    if (p->finalist && p->finalist_tune_steps > 0)
        cJSON_AddNumberToObject(params, "tune_steps", (double)p->finalist_tune_steps);
    cJSON_AddStringToObject(params, "folder", p->from);
    cJSON_AddStringToObject(params, "name", p->name);
    cJSON_AddItemToObject(params, "figures", p->figures);
    p->figures = NULL;
    worker_ask(p->worker, "package", params, on_packaged, p);
}

static void on_failed(void *user, enum worker_kind kind, const char *text)
{
    (void)kind;
    end_package(user, text);
}

static int open_worker(struct package *p, const cJSON *study, struct error *e)
{
    struct study_file f;
    char folder[KEYS_PATH_MAX + 32];
    int64_t flash, ram;
    bool meters;
    char *config = cJSON_PrintUnformatted(member(study, "config"));
    const cJSON *number = member(study, "study");
    int rc = config ? study_file_parse(config, NULL, NULL, &f, NULL, e) : error_set(e, "out of memory");
    free(config);
    if (rc != 0)
        return -1;
    snprintf(folder, sizeof folder, "%s/studies/%.0f", p->s->config->state, number ? number->valuedouble : 0);
    p->finalist_tune_steps = f.finalist_tune_steps;
    boards_about(p->s->boards, f.board_type, &flash, &ram, &meters);
    cJSON *params = study_file_open(&f, folder, flash, ram);
    char *open = cJSON_PrintUnformatted(params);
    struct worker_options options = {p->s->config->worker, "worker of an export", open, p->s->config->state, study, p->s->config->deadline_scale};
    struct worker_actions actions = {p, on_opened, on_failed, NULL};
    p->worker = open ? worker_open(p->s->loop, &options, &actions) : NULL;
    cJSON_Delete(params);
    free(open);
    return p->worker ? 0 : error_set(e, "out of memory");
}

static void finish_package(struct query *q)
{
    struct package *p = q->more;
    struct service *s = q->s;
    cJSON *both = cJSON_ParseWithLength(q->out.data, q->out.size);
    const char *candidate = cJSON_GetStringValue(member(member(both, "trial"), "candidate"));
    const char *image = cJSON_GetStringValue(member(member(member(both, "trial"), "provenance"), "image"));
    char folder[KEYS_PATH_MAX + 32];
    q->more = NULL;
    s->out++; // the package's own
    snprintf(folder, sizeof folder, "%s/exports", s->config->state);
    snprintf(p->from, sizeof p->from, "%s/%d-%d", folder, (int)getpid(), ++s->exports);
    snprintf(p->candidate, sizeof p->candidate, "%s", candidate ? candidate : "");
    snprintf(p->image, sizeof p->image, "%s", image ? image : "");
    p->finalist = cJSON_IsTrue(member(member(both, "trial"), "finalist"));
    p->figures = cJSON_CreateObject();
    cJSON_AddItemToObject(p->figures, "figures", figures_of(member(both, "trial")));
    cJSON_AddItemToObject(p->figures, "provenance", provenance_of(member(both, "study"), member(both, "trial")));
    if (s->closing || file_make_folder(folder, &p->e) != 0 || open_worker(p, member(both, "study"), &p->e) != 0) {
        server_fail(q->call, KIND_FAILED, NULL, NULL, "%s", p->e.text[0] ? p->e.text : "the service ends");
        free_package(p);
    } else {
        p->next = s->packages;
        s->packages = p;
    }
    cJSON_Delete(both);
}

void service_export_close(struct service *s)
{
    for (struct package *p = s->packages; p; p = p->next)
        end_package(p, "the service ends");
}

static struct package *new_package(struct service *s, struct server_call *call, const cJSON *params)
{
    const char *folder = service_path(call, params, "folder"), *name = cJSON_GetStringValue(member(params, "name"));
    const struct server_peer *peer = server_call_peer(call);
    if (!folder)
        return NULL;
    if (name && strlen(name) >= sizeof((struct package *)0)->name) {
        server_fail(call, KIND_INVALID, "name", NULL, "\"name\" is too long");
        return NULL;
    }
    struct package *p = calloc(1, sizeof *p);
    if (!p) {
        server_fail(call, KIND_BUSY, NULL, NULL, "out of memory");
        return NULL;
    }
    p->s = s;
    p->call = call;
    p->caller = (struct caller){peer->uid, peer->gid};
    snprintf(p->to, sizeof p->to, "%s", folder);
    snprintf(p->name, sizeof p->name, "%s", name ? name : "network");
    return p;
}

void service_export(void *user, struct server_call *call, const cJSON *params)
{
    const char *format = cJSON_GetStringValue(member(params, "format"));
    if (format && strcmp(format, "trials") == 0) {
        service_export_trials(user, call, params);
        return;
    }
    bool package = format && strcmp(format, "c-package") == 0;
    struct package *p = package ? new_package(user, call, params) : NULL;
    struct query *q = package && !p ? NULL : query_new(user, call, params);
    const cJSON *trial = member(params, "trial");
    if (!q) {
        free(p);
        return;
    }
    q->trial = cJSON_IsNumber(trial) ? (int)trial->valuedouble : 0;
    q->more = p;
    q->run = run_both;
    q->finish = package ? finish_package : finish_json;
    query_ask(q);
}
