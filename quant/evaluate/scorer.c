// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A metric that is somebody else's program.
#include "quant/evaluate/metric.h"

#include "quant/net/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX 256 // bytes that a number and white space may take

struct run {
    char folder[PATH_MAX], outputs[PATH_MAX + 16], samples[PATH_MAX + 16];
    pid_t child;
    int out;
    char answer[ANSWER_MAX + 1];
    size_t size;
};

static int write_files(struct run *r, const struct metric_outputs *o, struct error *e)
{
    const struct net_tensor *t = &o->net->tensors[o->net->output];
    const size_t n = (size_t)o->n, shape[4] = {n, (size_t)t->h, (size_t)t->w, (size_t)t->c};
    const char *tmp = getenv("TMPDIR");
    snprintf(r->folder, sizeof r->folder, "%.4000s/pare-scorer-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(r->folder)) {
        error_set(e, "%s: %s", r->folder, strerror(errno));
        r->folder[0] = 0;
        return -1;
    }
    snprintf(r->outputs, sizeof r->outputs, "%s/outputs.npy", r->folder);
    snprintf(r->samples, sizeof r->samples, "%s/samples.npy", r->folder);
    return npy_write(r->outputs, NPY_F4, 4, shape, o->outputs, e) || npy_write(r->samples, NPY_I4, 1, &n, o->samples, e) ? -1 : 0;
}

static void remove_files(const struct run *r)
{
    if (!r->folder[0])
        return;
    unlink(r->outputs);
    unlink(r->samples);
    rmdir(r->folder);
}

/* The child: a group of its own, so that what it starts ends with it. */
static void become(const struct metric *m, const struct run *r, const char *labels, int out)
{
    char *const args[] = {(char *)(uintptr_t)m->scorer, (char *)(uintptr_t)r->outputs, (char *)(uintptr_t)r->samples,
                          (char *)(uintptr_t)(labels && *labels ? labels : NULL), NULL};
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
        _exit(126);
    execv(m->scorer, args);
    fprintf(stderr, "%s: %s\n", m->scorer, strerror(errno));
    _exit(127);
}

static int start(struct run *r, const struct metric *m, const char *labels, struct error *e)
{
    int ends[2];
    if (access(m->scorer, X_OK))
        return error_set(e, "scorer %s: %s", m->scorer, strerror(errno));
    if (pipe2(ends, O_CLOEXEC))
        return error_set(e, "scorer: %s", strerror(errno));
    r->child = fork();
    if (r->child == 0)
        become(m, r, labels, ends[1]);
    close(ends[1]);
    if (r->child < 0) {
        close(ends[0]);
        return error_set(e, "scorer: %s", strerror(errno));
    }
    setpgid(r->child, r->child);
    r->out = ends[0];
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads until the program closes its output. 1: out of time; 2: too much. */
static int read_answer(struct run *r, int64_t end_ms)
{
    for (;;) {
        struct pollfd p = {.fd = r->out, .events = POLLIN};
        int64_t left = end_ms - now_ms();
        if (left <= 0)
            return 1;
        if (poll(&p, 1, left > 1000 ? 1000 : (int)left) <= 0)
            continue;
        ssize_t n = read(r->out, r->answer + r->size, ANSWER_MAX - r->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        r->size += (size_t)n;
        if (r->size == ANSWER_MAX)
            return 2;
    }
}

/* What closed its output may still run. */
static bool ended(pid_t child, int64_t end_ms, int *status)
{
    const struct timespec tick = {0, 5000000};
    while (waitpid(child, status, WNOHANG) == 0) {
        if (now_ms() >= end_ms)
            return false;
        nanosleep(&tick, NULL);
    }
    return true;
}

static int take_answer(const struct metric *m, struct run *r, int status, double *share, struct error *e)
{
    char *end;
    r->answer[r->size] = 0;
    if (WIFSIGNALED(status))
        return error_set(e, "scorer %s: ended by signal %d", m->scorer, WTERMSIG(status));
    if (WEXITSTATUS(status))
        return error_set(e, "scorer %s: exit status %d", m->scorer, WEXITSTATUS(status));
    *share = strtod(r->answer, &end);
    if (end == r->answer || end[strspn(end, " \t\r\n")])
        return error_set(e, "scorer %s: printed '%.40s' instead of one number", m->scorer, r->answer);
    if (!(*share >= 0 && *share <= 1))
        return error_set(e, "scorer %s: printed %.40s, which is not between 0 and 1", m->scorer, r->answer);
    return 0;
}

static int run(struct run *r, const struct metric *m, const char *labels, double *share, struct error *e)
{
    int seconds = m->scorer_seconds > 0 ? m->scorer_seconds : METRIC_SECONDS, status = 0;
    int64_t end_ms = now_ms() + seconds * 1000ll;
    if (start(r, m, labels, e))
        return -1;
    int read = read_answer(r, end_ms);
    bool done = read == 0 && ended(r->child, end_ms, &status);
    close(r->out);
    kill(-r->child, SIGKILL);
    if (!done)
        waitpid(r->child, &status, 0);
    if (read == 2)
        return error_set(e, "scorer %s: printed more than a number", m->scorer);
    return done ? take_answer(m, r, status, share, e) : error_set(e, "scorer %s: not done after %d seconds", m->scorer, seconds);
}

int metric_run_scorer(const struct metric *m, const struct metric_outputs *o, double *share, struct error *e)
{
    struct run r = {.child = -1};
    int failed = write_files(&r, o, e) || run(&r, m, o->labels_path, share, e);
    remove_files(&r);
    return failed ? -1 : 0;
}
