// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The runner's own memory: set up before main, looked at afterwards.
#ifndef PARE_HWLINK_RUNNER_START_H
#define PARE_HWLINK_RUNNER_START_H

#include <stdint.h>

/* Bytes of stack that were ever used since reset. */
uint32_t stack_high_water(void);

#endif
