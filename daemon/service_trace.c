// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The raw samples of a trial as a table for other programs, written with the rights of the user who asked.
#include "daemon/service_inner.h"

#include "daemon/caller.h"
#include "daemon/traces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wanted_trace {
    struct caller caller;
    char to[KEYS_PATH_MAX];
    cJSON *row; // of the store
    struct power_trace trace;
};

static const char *text_of(const cJSON *o, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
    return text ? text : "";
}

/* The file that the row names. */
static int read_trace(struct query *q, struct wanted_trace *w)
{
    char folder[TRACES_PATH_MAX];
    traces_folder(q->s->config->state, folder);
    return traces_read(folder, text_of(w->row, "file"), text_of(w->row, "sha256"), &w->trace, &q->e);
}

static int put_row(void *user, int window, double time_us, double watts)
{
    return fprintf(user, "%d,%.10g,%.9g\n", window + 1, time_us, watts) > 0 ? 0 : -2;
}

static int put_table(FILE *f, const struct query *q, const struct wanted_trace *w)
{
    const struct power_trace *t = &w->trace;
    fprintf(f, "# trial %d of study %lld, attempt %g on board %s\n", q->trial, (long long)q->study,
            cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(w->row, "attempt")), text_of(w->row, "board"));
    fprintf(f, "# origin: %s\n", t->is_virtual ? "virtual: a model; the emulated meter of a virtual board" : "real");
    fprintf(f, "# meter: %s\n# a sample each %g us, as the instrument sent them\n", t->instrument, t->period_ns / 1000.0);
    if (t->repeated)
        fprintf(f, "# the virtual board streamed the waveform of one verified repeat again and again\n");
    for (int i = 0; i < t->n; i++) {
        const struct power_trace_window *k = &t->windows[i];
        fprintf(f, "# window %d: %lld of %lld samples, %lld lost, %lld nJ, end %s\n", i + 1, (long long)k->samples, (long long)k->of,
                (long long)k->lost, (long long)k->energy_nj, k->marked ? "marked" : "as expected");
    }
    fprintf(f, "window,time_us,watts\n");
    return power_trace_each(t, put_row, f);
}

static int write_table(struct query *q, const struct wanted_trace *w)
{
    int fd = caller_open(&w->caller, w->to, O_WRONLY | O_CREAT | O_EXCL, 0600, &q->e);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (fd < 0)
        return -1;
    int rc = f ? put_table(f, q, w) : -2;
    if (f)
        rc = fclose(f) == 0 ? rc : -2;
    else
        close(fd);
    if (rc != 0)
        caller_remove(&w->caller, w->to);
    return rc == 0    ? 0
           : rc == -1 ? error_set(&q->e, "%s: its samples make no sense", text_of(w->row, "file"))
                      : error_set(&q->e, "%s: %s", w->to, strerror(errno));
}

static int run_trace(struct query *q)
{
    struct wanted_trace *w = q->more;
    int rc = store_read_trace(q->reader, q->study, q->trial, &q->out, &q->e);
    if (rc != 0)
        return rc;
    w->row = cJSON_ParseWithLength(q->out.data, q->out.size);
    rc = read_trace(q, w);
    if (rc == 0)
        rc = write_table(q, w);
    power_trace_finish(&w->trace);
    cJSON_Delete(w->row);
    w->row = NULL;
    return rc;
}

static void finish_trace(struct query *q)
{
    const struct wanted_trace *w = q->more;
    cJSON *o = cJSON_ParseWithLength(q->out.data, q->out.size);
    cJSON_AddStringToObject(o, "path", w->to);
    server_answer(q->call, o);
}

void service_trial_trace(void *user, struct server_call *call, const cJSON *params)
{
    const char *path = service_path(call, params, "path");
    const struct server_peer *peer = server_call_peer(call);
    if (!path)
        return;
    struct wanted_trace *w = calloc(1, sizeof *w);
    struct query *q = w ? query_new(user, call, params) : NULL;
    if (!w)
        server_fail(call, KIND_BUSY, NULL, NULL, "out of memory");
    if (!q) {
        free(w);
        return;
    }
    w->caller = (struct caller){peer->uid, peer->gid};
    snprintf(w->to, sizeof w->to, "%s", path);
    q->trial = (int)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(params, "trial"));
    q->more = w;
    q->run = run_trace;
    q->finish = finish_trace;
    query_ask(q);
}
