// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/uv_writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct queue {
    struct writer_job *first, **last;
};

struct writer {
    struct writer_actions actions;
    struct store *store;
    uv_thread_t thread;
    uv_mutex_t mutex; // guards what follows
    uv_cond_t cond;
    struct queue todo, done;
    bool stopping, stuck;
    char stuck_text[ERROR_TEXT_MAX];
    uv_async_t async; // the thread's word to the loop
    bool started, told_stuck, closing;
    void (*closed)(void *user);
    void *closed_user;
};

static void append(struct queue *q, struct writer_job *job)
{
    job->next = NULL;
    *q->last = job;
    q->last = &job->next;
}

static struct writer_job *take(struct queue *q)
{
    struct writer_job *job = q->first;
    if (job && !(q->first = job->next))
        q->last = &q->first;
    return job;
}

/* --- in the thread --- */

/* Rests after STORE_FULL. Returns false when the writer stops. Holds the mutex. */
static bool rest(struct writer *w, const struct error *e, unsigned ms)
{
    snprintf(w->stuck_text, sizeof w->stuck_text, "%s", e->text);
    w->stuck = true;
    uv_async_send(&w->async);
    uint64_t end = uv_hrtime() + ms * 1000000ull;
    while (!w->stopping && uv_hrtime() < end)
        uv_cond_timedwait(&w->cond, &w->mutex, end - uv_hrtime());
    return !w->stopping;
}

static void run(struct writer *w, struct writer_job *job)
{
    bool again = true;
    for (unsigned ms = WRITER_REST_MS; again; ms = ms * 2 < WRITER_REST_MAX_MS ? ms * 2 : WRITER_REST_MAX_MS) {
        job->error.text[0] = '\0';
        job->rc = job->run(w->store, job, &job->error);
        job->last_event = store_last_event(w->store);
        uv_mutex_lock(&w->mutex);
        again = job->rc == STORE_FULL && rest(w, &job->error, ms);
        w->stuck = w->stuck && job->rc == STORE_FULL;
        uv_mutex_unlock(&w->mutex);
    }
}

static void work(void *arg)
{
    struct writer *w = arg;
    uv_mutex_lock(&w->mutex);
    for (;;) {
        struct writer_job *job = take(&w->todo);
        if (!job && w->stopping)
            break;
        if (!job) {
            uv_cond_wait(&w->cond, &w->mutex);
            continue;
        }
        uv_mutex_unlock(&w->mutex);
        run(w, job);
        uv_mutex_lock(&w->mutex);
        append(&w->done, job);
        uv_async_send(&w->async);
    }
    uv_mutex_unlock(&w->mutex);
}

/* --- on the loop --- */

static struct writer_job *take_done(struct writer *w)
{
    uv_mutex_lock(&w->mutex);
    struct writer_job *job = take(&w->done);
    uv_mutex_unlock(&w->mutex);
    return job;
}

static void tell_stuck(struct writer *w)
{
    char text[ERROR_TEXT_MAX];
    uv_mutex_lock(&w->mutex);
    bool stuck = w->stuck;
    snprintf(text, sizeof text, "%s", w->stuck_text);
    uv_mutex_unlock(&w->mutex);
    if (stuck != w->told_stuck && w->actions.stuck)
        w->actions.stuck(w->actions.user, stuck ? text : NULL);
    w->told_stuck = stuck;
}

static void on_async(uv_async_t *async)
{
    struct writer *w = async->data;
    struct writer_job *job;
    tell_stuck(w);
    while ((job = take_done(w))) {
        int64_t last_event = job->last_event;
        job->done(job, job->rc);
        if (w->actions.written)
            w->actions.written(w->actions.user, last_event);
    }
}

struct writer *writer_open(uv_loop_t *loop, const char *path, const struct writer_actions *actions, struct error *e)
{
    struct writer *w = calloc(1, sizeof *w);
    if (!w) {
        error_set(e, "out of memory");
        return NULL;
    }
    w->store = store_open(path, NULL, e);
    if (!w->store) {
        free(w);
        return NULL;
    }
    w->actions = *actions;
    w->todo.last = &w->todo.first;
    w->done.last = &w->done.first;
    uv_mutex_init(&w->mutex);
    uv_cond_init(&w->cond);
    uv_async_init(loop, &w->async, on_async);
    w->async.data = w;
    return w;
}

struct store *writer_store(struct writer *w)
{
    return w->store;
}

int writer_start(struct writer *w, struct error *e)
{
    int rc = uv_thread_create(&w->thread, work, w);
    w->started = rc == 0;
    return rc == 0 ? 0 : error_set(e, "no thread for the writer: %s", uv_strerror(rc));
}

void writer_put(struct writer *w, struct writer_job *job)
{
    uv_mutex_lock(&w->mutex);
    append(&w->todo, job);
    uv_cond_signal(&w->cond);
    uv_mutex_unlock(&w->mutex);
}

static void on_closed(uv_handle_t *handle)
{
    struct writer *w = handle->data;
    uv_mutex_destroy(&w->mutex);
    uv_cond_destroy(&w->cond);
    if (w->closed)
        w->closed(w->closed_user);
    free(w);
}

/* Joining waits for what is queued: the loop has nothing else to do by then. */
void writer_close(struct writer *w, void (*closed)(void *user), void *user)
{
    w->closed = closed;
    w->closed_user = user;
    uv_mutex_lock(&w->mutex);
    w->stopping = true;
    uv_cond_signal(&w->cond);
    uv_mutex_unlock(&w->mutex);
    if (w->started)
        uv_thread_join(&w->thread);
    on_async(&w->async);
    store_close(w->store);
    uv_close((uv_handle_t *)&w->async, on_closed);
}
