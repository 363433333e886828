// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// pared as one object on a loop: store, boards, studies and the socket. Several can live in one process.
#ifndef PARE_DAEMON_SERVICE_H
#define PARE_DAEMON_SERVICE_H

#include "daemon/config.h"

#include <uv.h>

#define SERVICE_STUDIES_MAX 32 // that are not over yet
#define SERVICE_READERS_MAX 4  // as many as the thread pool has threads

struct service;

/* Opens everything and goes on with what was under way. `config` must outlive the service. `stop` is called from the loop when somebody
 * asks for a shutdown over the socket. Returns NULL with one clear line. */
struct service *service_open(uv_loop_t *loop, const struct config *config, void (*stop)(void *user), void *user,
                             struct error *e);

/* Stops in order: socket, workers, boards, and the writer when all is stored; `closed` comes from the loop, the service is freed. */
void service_close(struct service *s, void (*closed)(void *user), void *user);

#endif
