// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/system/worker.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void worker_start(struct worker *w, const char *pare_net)
{
    int to[2], from[2];
    assert(!pipe2(to, O_CLOEXEC) && !pipe2(from, O_CLOEXEC));
    *w = (struct worker){.pid = fork(), .to = to[1], .from = from[0]};
    assert(w->pid >= 0);
    if (!w->pid) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execl(pare_net, pare_net, "work", (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    buffer_init(&w->lines, 16u << 20);
}

static void send_all(struct worker *w, const char *text)
{
    size_t n = strlen(text);
    assert(write(w->to, text, n) == (ssize_t)n);
}

void worker_send(struct worker *w, const char *line)
{
    send_all(w, line);
    send_all(w, "\n");
}

/* The next line, parsed; NULL when the worker has ended. */
static cJSON *next_line(struct worker *w)
{
    for (;;) {
        size_t length;
        char *line = buffer_record(&w->lines, '\n', &length);
        if (line) {
            cJSON *o = cJSON_ParseWithLength(line, length);
            assert(o && "a line that is not JSON");
            buffer_consume(&w->lines, length + 1);
            return o;
        }
        char bytes[65536];
        ssize_t n = read(w->from, bytes, sizeof bytes);
        assert(n >= 0);
        if (n == 0)
            return NULL;
        assert(!buffer_append(&w->lines, bytes, (size_t)n));
    }
}

cJSON *worker_next(struct worker *w)
{
    w->progress = 0;
    for (;;) {
        cJSON *o = next_line(w);
        if (!o || !cJSON_HasObjectItem(o, "progress"))
            return o;
        const cJSON *loss = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "progress"), "loss");
        w->loss = cJSON_IsNumber(loss) ? loss->valuedouble : w->loss;
        w->progress++;
        cJSON_Delete(o);
    }
}

void worker_wait_progress(struct worker *w, const char *text, int percent)
{
    for (bool there = false; !there;) {
        cJSON *o = next_line(w), *p = cJSON_GetObjectItem(o, "progress");
        assert(p && "an answer, or the end, before the progress that was waited for");
        there = !strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(p, "text")), text) &&
                100 * cJSON_GetNumberValue(cJSON_GetObjectItem(p, "done")) >=
                    percent * cJSON_GetNumberValue(cJSON_GetObjectItem(p, "total"));
        cJSON_Delete(o);
    }
}

int worker_wait_kept(struct worker *w)
{
    for (int step = 0;;) {
        cJSON *o = next_line(w), *p = cJSON_GetObjectItem(o, "progress");
        assert(p && "an answer, or the end, before a checkpoint");
        if (cJSON_IsTrue(cJSON_GetObjectItem(p, "kept")))
            step = cJSON_GetObjectItem(p, "done")->valueint;
        cJSON_Delete(o);
        if (step)
            return step;
    }
}

cJSON *worker_ask(struct worker *w, const char *method, const char *params)
{
    char *line;
    assert(asprintf(&line, "{\"id\": %lld, \"method\": \"%s\", \"params\": %s}", (long long)++w->id, method,
                    params) > 0);
    worker_send(w, line);
    free(line);
    cJSON *answer = worker_next(w);
    if (answer)
        assert(cJSON_GetNumberValue(cJSON_GetObjectItem(answer, "id")) == (double)w->id);
    return answer;
}

static int reap(struct worker *w)
{
    int status;
    assert(waitpid(w->pid, &status, 0) == w->pid);
    close(w->from);
    buffer_finish(&w->lines);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int worker_end(struct worker *w)
{
    close(w->to);
    return reap(w);
}

void worker_kill(struct worker *w)
{
    kill(w->pid, SIGKILL);
    close(w->to);
    reap(w);
}
