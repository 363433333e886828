// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A study on the loop: carries out what its core says with the worker, the boards, the writer and the thread pool.
#ifndef PARE_DAEMON_UV_STUDY_H
#define PARE_DAEMON_UV_STUDY_H

#include "daemon/config.h"
#include "daemon/study.h"
#include "daemon/uv_boards.h"
#include "daemon/uv_writer.h"

struct study_run;

/* What all studies of a service share. */
struct study_host {
    uv_loop_t *loop;
    const struct config *config;
    struct writer *writer;
    struct boards *boards;
};

/* A study that was just created, or that the store knows (`row`, not of a finished, stopped or failed one). For the latter `store` is
 * read before writer_start; it goes on at once unless it is created or paused. Returns NULL with the reason. */
struct study_run *study_run_create(const struct study_host *host, int64_t study, const struct study_file *file,
                                   struct error *e);
struct study_run *study_run_load(const struct study_host *host, const struct store_study *row, struct store *store,
                                 struct error *e);

/* Events from people; what is senseless in the present state is ignored. */
void study_run_start(struct study_run *r);
void study_run_pause(struct study_run *r);
void study_run_stop(struct study_run *r);

int64_t study_run_study(const struct study_run *r);
const struct study_file *study_run_file(const struct study_run *r);
enum store_state study_run_state(const struct study_run *r);

/* One line: what is going on now; empty if nothing. */
void study_run_progress(const struct study_run *r, char *text, size_t size);

/* Whether it is finished, stopped or failed and nothing of it is left to come: it may be destroyed. */
bool study_run_over(const struct study_run *r);

/* Ends worker and pool work; nothing is stored any more. `closed` comes from the loop. Wishes and writer jobs may still be out: close
 * boards and writer before study_run_destroy. */
void study_run_close(struct study_run *r, void (*closed)(void *user), void *user);

void study_run_destroy(struct study_run *r);

#endif
