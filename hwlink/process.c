// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 128

extern char **environ;

/* What the thread pool needs and says. */
struct process_start {
    uv_work_t work;
    struct process *process;
    char *arguments[ARGUMENTS_MAX]; // ends with NULL
    int nice, stdio[3], descriptor, error; // an errno
    pid_t pid;
};

static void free_start(struct process_start *s)
{
    for (int i = 0; s->arguments[i]; i++)
        free(s->arguments[i]);
    for (int i = 0; i < 3; i++)
        if (s->stdio[i] >= 0)
            close(s->stdio[i]);
    free(s);
}

static struct process_start *new_start(const char *const *arguments, int nice)
{
    struct process_start *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->nice = nice;
    s->stdio[0] = s->stdio[1] = s->stdio[2] = -1;
    for (int i = 0; arguments[i]; i++)
        if (i == ARGUMENTS_MAX - 1 || !(s->arguments[i] = strdup(arguments[i]))) {
            free_start(s);
            return NULL;
        }
    return s;
}

/* posix_spawn copies no page tables and returns when the program runs or cannot. A session of its own: a terminal's Ctrl-C is for the
 * service, which then stops its children in order. */
static int spawn(struct process_start *s)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&how);
    for (int i = 0; i < 3; i++)
        posix_spawn_file_actions_adddup2(&files, s->stdio[i], i);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int rc = posix_spawnp(&s->pid, s->arguments[0], &files, &how, s->arguments, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    return rc;
}

/* A process that cannot be watched is of no use. */
static void start_in_pool(uv_work_t *work)
{
    struct process_start *s = work->data;
    if (s->error == 0)
        s->error = spawn(s);
    if (s->error != 0)
        return;
    if (s->nice)
        setpriority(PRIO_PROCESS, (id_t)s->pid, s->nice);
    s->descriptor = pidfd_open(s->pid, 0);
    if (s->descriptor < 0) {
        s->error = errno;
        kill(-s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
}

/* The descriptor of a process becomes readable when it has ended. */
static void on_end(uv_poll_t *poll, int status, int events)
{
    struct process *p = poll->data;
    siginfo_t how = {.si_pid = 0};
    char text[64] = "ended";
    (void)status, (void)events;
    if (waitid(P_PID, (id_t)p->pid, &how, WEXITED | WNOHANG | WNOWAIT) == 0 && how.si_pid == 0)
        return;
    kill(-p->pid, SIGKILL); // what it may have left behind; nobody else has its number yet
    waitpid(p->pid, NULL, WNOHANG);
    p->pid = 0;
    uv_poll_stop(poll);
    if (how.si_pid != 0 && how.si_code == CLD_EXITED)
        snprintf(text, sizeof text, "ended with status %d", how.si_status);
    else if (how.si_pid != 0)
        snprintf(text, sizeof text, "ended by signal %d", how.si_status);
    p->ended(p, true, text);
}

static int watch(struct process *p, uv_loop_t *loop, int descriptor)
{
    int rc = uv_poll_init(loop, &p->poll, descriptor);
    if (rc != 0) {
        close(descriptor);
        return -rc;
    }
    p->descriptor = descriptor;
    p->poll.data = p;
    p->open_handles++;
    return -uv_poll_start(&p->poll, UV_READABLE, on_end);
}

static void on_started(uv_work_t *work, int status)
{
    struct process_start *s = work->data;
    struct process *p = s->process;
    char text[ERROR_TEXT_MAX];
    int failure = status != 0 ? ECANCELED : s->error;
    p->start = NULL;
    if (!failure && (failure = watch(p, work->loop, s->descriptor)) != 0)
        kill(-s->pid, SIGKILL);
    p->pid = failure ? 0 : s->pid;
    snprintf(text, sizeof text, "starting %.300s: %s", s->arguments[0], strerror(failure));
    free_start(s);
    if (failure) {
        p->ended(p, false, text);
        return;
    }
    if (p->signal)
        kill(-p->pid, p->signal);
    if (p->started)
        p->started(p);
}

/* Ours is `ours` of the pipe's two ends (0 reads). Returns 0 or an errno. */
static int open_pipe(uv_pipe_t *pipe, int ours, int *theirs)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    *theirs = ends[!ours];
    int rc = uv_pipe_open(pipe, ends[ours]);
    if (rc != 0)
        close(ends[ours]);
    return -rc;
}

int process_start(struct process *p, uv_loop_t *loop, const char *const *arguments, int nice, struct error *e)
{
    struct process_start *s = new_start(arguments, nice);
    uv_pipe_t *pipes[] = {&p->to, &p->from, &p->log};
    if (!s)
        return error_set(e, "starting %s: out of memory, or too many arguments", arguments[0]);
    for (int i = 0; i < 3; i++) {
        uv_pipe_init(loop, pipes[i], 0);
        pipes[i]->data = p;
        if (s->error == 0)
            s->error = open_pipe(pipes[i], i == 0, &s->stdio[i]);
    }
    p->start = &s->work;
    p->pid = 0;
    p->descriptor = -1;
    p->signal = 0;
    p->open_handles = 3;
    s->process = p;
    s->work.data = s;
    uv_queue_work(loop, &s->work, start_in_pool, on_started);
    return 0;
}

void process_signal(struct process *p, int signal)
{
    if (p->pid)
        kill(-p->pid, signal);
    else if (p->start && uv_cancel((uv_req_t *)p->start) != 0)
        p->signal = signal;
}

static void on_closed(uv_handle_t *handle)
{
    struct process *p = handle->data;
    if (--p->open_handles > 0)
        return;
    if (p->descriptor >= 0)
        close(p->descriptor);
    p->closed(p);
}

void process_close_input(struct process *p)
{
    if (!uv_is_closing((uv_handle_t *)&p->to))
        uv_close((uv_handle_t *)&p->to, on_closed);
}

void process_close(struct process *p, void (*closed)(struct process *p))
{
    if (uv_is_closing((uv_handle_t *)&p->from))
        return;
    p->closed = closed;
    process_close_input(p);
    uv_close((uv_handle_t *)&p->from, on_closed);
    uv_close((uv_handle_t *)&p->log, on_closed);
    if (p->descriptor >= 0)
        uv_close((uv_handle_t *)&p->poll, on_closed);
}
