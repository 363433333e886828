// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Handing out all measured trials of a study as one file: read in the writer's thread, written in the pool with the rights of the user who asked.
#include "daemon/service_inner.h"

#include "daemon/caller.h"
#include "daemon/trials_export.h"
#include "daemon/trials_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct handing_out {
    struct writer_job job; // first
    uv_work_t work;
    struct service *s;
    struct server_call *call;
    struct caller caller;
    char name[STUDY_NAME_MAX]; // of the study as it was asked for; empty: `study` is known
    int64_t study;
    char to[KEYS_PATH_MAX];
    char *text;
    int trials;
    char sha256[SHA256_HEX];   // of the file
    struct error e;
    int rc;
};

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static void free_handing_out(struct handing_out *h)
{
    struct service *s = h->s;
    free(h->text);
    free(h);
    service_in(s);
}

static int run_export(struct store *store, struct writer_job *job, struct error *e)
{
    struct handing_out *h = (struct handing_out *)job;
    cJSON *o = NULL;
    int rc = trials_export(store, h->name, h->study, &o, e);
    const char *study = cJSON_GetStringValue(member(o, "study")), *none = cJSON_GetStringValue(member(o, "no_trials"));
    h->trials = cJSON_GetArraySize(member(o, "trials"));
    if (rc == 0)
        snprintf(h->name, sizeof h->name, "%s", study ? study : "");
    if (rc == 0 && h->trials == 0)
        rc = error_set(e, "study %s has no trials to hand out yet: %s", h->name, none ? none : "none was measured");
    free(h->text);
    h->text = rc == 0 ? trials_file_text(o) : NULL;
    if (rc == 0 && !h->text)
        rc = error_set(e, "the trials of study %s take more than %u bytes, or memory is short", h->name, TRIALS_FILE_MAX);
    cJSON_Delete(o);
    return rc;
}

static void write_file(uv_work_t *work)
{
    struct handing_out *h = work->data;
    uint8_t digest[SHA256_BYTES];
    size_t size = strlen(h->text);
    sha256_of(h->text, size, digest);
    sha256_hex(digest, h->sha256);
    h->rc = caller_write(&h->caller, h->to, h->text, size, &h->e);
}

static void file_written(uv_work_t *work, int status)
{
    struct handing_out *h = work->data;
    (void)status;
    if (h->rc != 0) {
        server_fail(h->call, KIND_FAILED, NULL, NULL, "%s", h->e.text);
    } else {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "format", "trials");
        cJSON_AddStringToObject(o, "path", h->to);
        cJSON_AddStringToObject(o, "study", h->name);
        cJSON_AddNumberToObject(o, "trials", h->trials);
        cJSON_AddNumberToObject(o, "bytes", (double)strlen(h->text));
        cJSON_AddStringToObject(o, "sha256", h->sha256);
        server_answer(h->call, o);
    }
    free_handing_out(h);
}

static void exported(struct writer_job *job, int rc)
{
    struct handing_out *h = (struct handing_out *)job;
    if (rc != 0) {
        service_fail(h->call, rc, job->error.text);
        free_handing_out(h);
        return;
    }
    h->work.data = h;
    uv_queue_work(h->s->loop, &h->work, write_file, file_written);
}

static void name_study(struct handing_out *h, const cJSON *study)
{
    if (service_names_study(study, &h->study))
        snprintf(h->name, sizeof h->name, "%.63s", study->valuestring);
    else if (!cJSON_IsString(study) && !cJSON_IsNumber(study))
        h->study = h->s->newest_study;
}

void service_export_trials(void *user, struct server_call *call, const cJSON *params)
{
    struct service *s = user;
    const struct server_peer *peer = server_call_peer(call);
    if (member(params, "trial") || member(params, "name")) {
        server_fail(call, KIND_INVALID, member(params, "trial") ? "trial" : "name", NULL, "\"trials\" hands out all measured trials of a study");
        return;
    }
    const char *path = service_path(call, params, "path");
    if (!path)
        return;
    struct handing_out *h = calloc(1, sizeof *h);
    if (!h) {
        server_fail(call, KIND_BUSY, NULL, NULL, "out of memory");
        return;
    }
    h->s = s;
    h->call = call;
    h->caller = (struct caller){peer->uid, peer->gid};
    snprintf(h->to, sizeof h->to, "%s", path);
    name_study(h, member(params, "study"));
    h->job.run = run_export;
    h->job.done = exported;
    s->out++;
    writer_put(s->writer, &h->job);
}
