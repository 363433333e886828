// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Lines of the service: answers, failures and notifications, as heap memory of a known size.
#ifndef PARE_DAEMON_CTL_REPLY_H
#define PARE_DAEMON_CTL_REPLY_H

#include "daemon/ctl/refusal.h"

#include <stddef.h>
#include <stdint.h>

/* Each returns a whole line with its line feed, NUL-terminated past *size, for the caller to free; NULL without memory. `id` is JSON. */
char *reply_result(const char *id, const char *json, size_t json_size, size_t *size);
char *reply_refusal(const char *id, const struct refusal *why, size_t *size);
char *reply_event(const char *json, size_t *size);
char *reply_lag(int64_t resume, int64_t lost, size_t *size);

#endif
