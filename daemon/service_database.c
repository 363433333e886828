// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Keeping the database while the service runs: check, backup, digest.
#include "daemon/intake.h"
#include "daemon/service_inner.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK_MS 60000 // a check reads the whole file

/* --- check --- */

static int run_check(struct query *q)
{
    store_reader_limit(q->reader, CHECK_MS);
    int rc = buffer_append(&q->out, "{\"problems\":", 12);
    if (rc == 0)
        rc = store_check(q->reader, q->full, &q->out, &q->e);
    return rc == 0 ? buffer_append(&q->out, "}", 1) : rc;
}

void service_db_check(void *user, struct server_call *call, const cJSON *params)
{
    struct query *q = query_about_all(user, call);
    if (!q)
        return;
    q->full = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(params, "full"));
    q->run = run_check;
    query_ask(q);
}

/* --- digest --- */

static int run_digest(struct query *q)
{
    char hex[SHA256_HEX], text[128];
    int rc = store_digest(q->reader, q->study, hex, &q->e);
    if (rc != 0)
        return rc;
    int n = snprintf(text, sizeof text, "{\"study\":%lld,\"digest\":\"%s\"}", (long long)q->study, hex);
    return buffer_append(&q->out, text, (size_t)n);
}

void service_db_digest(void *user, struct server_call *call, const cJSON *params)
{
    struct query *q = query_new(user, call, params);
    if (!q)
        return;
    q->run = run_digest;
    query_ask(q);
}

/* --- backup: written beside the database, checked, and copied as the caller --- */

struct backup {
    struct caller caller;
    char to[KEYS_PATH_MAX], from[KEYS_PATH_MAX + 64];
    int64_t bytes;
};

static int check_copy(const char *path, struct error *e)
{
    struct buffer problems;
    buffer_init(&problems, SERVER_LINE_MAX);
    struct store_reader *r = store_reader_open(path, e);
    int rc = r ? store_check(r, false, &problems, e) : -1;
    store_reader_close(r);
    if (rc == 0 && (problems.size != 2 || memcmp(problems.data, "[]", 2) != 0))
        rc = error_set(e, "the copy is not whole: %.*s", (int)(problems.size < 400 ? problems.size : 400), problems.data);
    buffer_finish(&problems);
    return rc;
}

static int copy_as_caller(struct backup *b, struct error *e)
{
    struct stat st;
    int in = open(b->from, O_RDONLY | O_CLOEXEC), rc = -1;
    int out = in >= 0 ? caller_open(&b->caller, b->to, O_WRONLY | O_CREAT | O_EXCL, 0600, e) : -1;
    if (in < 0)
        error_set(e, "%s cannot be read", b->from);
    else if (out >= 0)
        rc = intake_copy(in, out, e);
    if (rc == 0 && (fsync(out) != 0 || fstat(out, &st) != 0))
        rc = error_set(e, "%s: cannot be brought to the disk", b->to);
    b->bytes = rc == 0 ? st.st_size : 0;
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    if (out >= 0 && rc != 0)
        caller_remove(&b->caller, b->to);
    return rc;
}

static int run_backup(struct query *q)
{
    struct backup *b = q->more;
    int rc = store_backup(q->s->config->database, b->from, &q->e);
    if (rc == 0)
        rc = check_copy(b->from, &q->e);
    if (rc == 0)
        rc = copy_as_caller(b, &q->e);
    unlink(b->from);
    return rc;
}

static void finish_backup(struct query *q)
{
    const struct backup *b = q->more;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "path", b->to);
    cJSON_AddNumberToObject(o, "bytes", (double)b->bytes);
    server_answer(q->call, o);
}

void service_db_backup(void *user, struct server_call *call, const cJSON *params)
{
    struct service *s = user;
    const char *path = service_path(call, params, "path");
    const struct server_peer *peer = server_call_peer(call);
    struct error e = {""};
    char folder[KEYS_PATH_MAX + 32];
    if (!path)
        return;
    snprintf(folder, sizeof folder, "%s/exports", s->config->state);
    if (file_make_folder(folder, &e) != 0) {
        server_fail(call, KIND_FAILED, NULL, NULL, "%s", e.text);
        return;
    }
    struct backup *b = calloc(1, sizeof *b);
    struct query *q = b ? query_about_all(s, call) : NULL;
    if (!b)
        server_fail(call, KIND_BUSY, NULL, NULL, "out of memory");
    if (!q) {
        free(b);
        return;
    }
    b->caller = (struct caller){peer->uid, peer->gid};
    snprintf(b->to, sizeof b->to, "%s", path);
    snprintf(b->from, sizeof b->from, "%s/%d-%d.db", folder, (int)getpid(), ++s->exports);
    q->more = b;
    q->run = run_backup;
    q->finish = finish_backup;
    query_ask(q);
}
