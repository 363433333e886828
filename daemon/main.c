// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// pared. The map: config.h (what it is told), service.h (the whole), uv_study.h (one study: study.h decides, uv_worker.h, uv_boards.h
// and uv_writer.h do), ctl/server.h (the socket).
#include "base/log.h"
#include "daemon/config.h"
#include "daemon/notify.h"
#include "daemon/service.h"

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

enum { EXIT_USAGE = 2 };

#define LARGE_BLOCK (128 * 1024) // bytes, from which on a block goes back to the system when it is freed

struct program {
    struct service *service;
    uv_signal_t term, interrupt;
    bool stopping;
};

static const char *const usage = "usage: pared --config FILE\n"
                                 "       pared --check-config FILE\n"
                                 "       pared --version\n";

static void stop(void *user)
{
    struct program *p = user;
    if (p->stopping)
        return;
    p->stopping = true;
    notify("STOPPING=1");
    uv_close((uv_handle_t *)&p->term, NULL);
    uv_close((uv_handle_t *)&p->interrupt, NULL);
    if (p->service)
        service_close(p->service, NULL, NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
    log_info("signal %d: stopping; studies go on with the next start", number);
    stop(handle->data);
}

static void catch_signals(struct program *p, uv_loop_t *loop)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a file that may not grow is a full disk
    uv_signal_init(loop, &p->term);
    uv_signal_init(loop, &p->interrupt);
    p->term.data = p->interrupt.data = p;
    uv_signal_start(&p->term, on_signal, SIGTERM);
    uv_signal_start(&p->interrupt, on_signal, SIGINT);
}

static int run(const struct config *config)
{
    static const enum log_level levels[] = {LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_WARNING};
    struct program p = {.service = NULL};
    struct error e = {""};
    uv_loop_t loop;
    log_configure(levels[config->log], getenv("JOURNAL_STREAM") != NULL);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); // capabilities are for pared, not for its children
    signal(SIGCHLD, SIG_DFL);             // whatever was inherited: children are waited for
    mallopt(M_ARENA_MAX, 2);               // each of the pool's threads would keep memory of its own for good,
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK); // and the samples of meters would leave holes in it
    setenv("UV_THREADPOOL_SIZE", "16", 0); // long copies must not keep starts and writes of boards waiting
    uv_loop_init(&loop);
    catch_signals(&p, &loop);
    p.service = service_open(&loop, config, stop, &p, &e);
    int status = p.service ? EXIT_SUCCESS : EXIT_FAILURE;
    if (p.service) {
        log_info("pared " PARE_VERSION " serves %s", config->database);
        notify("READY=1");
    } else {
        log_error("%s", e.text);
        stop(&p);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return status;
}

/* What the command line asks for. */
static int parse(int argc, char **argv, const char **path, bool *only_check)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check-config", required_argument, NULL, 'k'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'v' || c == 'h') {
            printf("%s", c == 'v' ? "pared " PARE_VERSION "\n" : usage);
            return 1;
        }
        if (c != 'c' && c != 'k')
            return -1;
        *path = optarg;
        *only_check = c == 'k';
    }
    return *path && optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    bool only_check = false;
    struct error e = {""};
    int rc = parse(argc, argv, &path, &only_check);
    if (rc < 0)
        fputs(usage, stderr);
    if (rc != 0)
        return rc < 0 ? EXIT_USAGE : EXIT_SUCCESS;
    struct config *config = malloc(sizeof *config);
    if (!config || config_read(path, config, &e) != 0) {
        fprintf(stderr, "pared: %s\n", config ? e.text : "out of memory");
        free(config);
        return EXIT_FAILURE;
    }
    int status = only_check ? EXIT_SUCCESS : run(config);
    if (only_check)
        printf("%s: good, %d boards\n", path, config->boards.n);
    free(config);
    return status;
}
