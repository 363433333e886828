// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the compiler may call for without a C library.
#ifndef PARE_HWLINK_RUNNER_MEMORY_H
#define PARE_HWLINK_RUNNER_MEMORY_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int value, size_t n);

#endif
